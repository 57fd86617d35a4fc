//! An object storage with TLS, and a connection to it that can be lost.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;

use crate::programs::Programs;

/// The credentials that it knows.
pub(crate) const CREDENTIALS: (&str, &str) = ("restaurant", "secret-of-the-restaurant");
/// The bucket that it has.
pub(crate) const BUCKET: &str = "backups";

/// The object storage.
pub(crate) struct Gateway {
    child: Child,
    home: TempDir,
    /// The authority of its certificate.
    pub(crate) authority: String,
    connection: Arc<Connection>,
    port: u16,
}

/// What clients connect to: it passes everything on, while it is there.
#[derive(Default)]
struct Connection {
    lost: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

/// An authority, and a certificate of it for this machine with its key.
pub(crate) fn certificate() -> (String, String, String) {
    let mut params = CertificateParams::new(Vec::new()).expect("an authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // By their names a certificate and its authority are told apart.
    params.distinguished_name.push(DnType::CommonName, "authority");
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a certificate");
    let certificate = params.signed_by(&key, &authority).expect("a certificate");
    (authority.pem(), certificate.pem(), key.serialize_pem())
}

impl Gateway {
    /// Starts it, with one bucket.
    pub(crate) fn start(programs: &Programs) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(home.path().join("objects").join(BUCKET)).expect("a bucket");
        let (authority, certificate, key) = certificate();
        for (file, text) in [("certificate.pem", &certificate), ("key.pem", &key)] {
            fs::write(home.path().join(file), text).expect("a file");
        }
        fs::create_dir(home.path().join("metadata")).expect("a folder");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
        let mut command = std::process::Command::new(programs.versitygw.as_ref().expect("an object storage"));
        command.args(["--port", &format!("127.0.0.1:{port}"), "--access", CREDENTIALS.0, "--secret", CREDENTIALS.1, "--quiet"]);
        command.arg("--cert").arg(home.path().join("certificate.pem")).arg("--key").arg(home.path().join("key.pem"));
        command.args(["posix", "--sidecar"]).arg(home.path().join("metadata")).arg(home.path().join("objects"));
        let log = fs::File::create(home.path().join("log")).expect("a file");
        let child = command.stdin(Stdio::null()).stdout(log.try_clone().expect("a file")).stderr(log).spawn().expect("versitygw");
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let said = || fs::read_to_string(home.path().join("log")).unwrap_or_default();
            assert!(started.elapsed() < Duration::from_secs(60), "{}", said());
            std::thread::sleep(Duration::from_millis(20));
        }
        let connection = Arc::new(Connection::default());
        let port = pass(port, &connection);
        Self { child, home, authority, connection, port }
    }

    /// Where clients find it. By its name: pgBackRest learnt after 2.45 to look for an address in a certificate.
    pub(crate) fn endpoint(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// Its files.
    pub(crate) fn objects(&self) -> std::path::PathBuf {
        self.home.path().join("objects").join(BUCKET)
    }

    /// Loses the connection, or has it back.
    pub(crate) fn lose(&self, lost: bool) {
        self.connection.lost.store(lost, Ordering::SeqCst);
        for stream in self.connection.open.lock().expect("connections").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Listens, and passes on to a port: its own port.
fn pass(to: u16, connection: &Arc<Connection>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let connection = Arc::clone(connection);
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            if connection.lost.load(Ordering::SeqCst) {
                continue;
            }
            let Ok(server) = TcpStream::connect(("127.0.0.1", to)) else { continue };
            let clone = |stream: &TcpStream| stream.try_clone().expect("a connection");
            connection.open.lock().expect("connections").extend([clone(&client), clone(&server)]);
            for (from, to) in [(clone(&client), clone(&server)), (server, client)] {
                std::thread::spawn(move || copy(from, to));
            }
        }
    });
    port
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    let mut bytes = [0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut bytes) {
        if to.write_all(&bytes[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
