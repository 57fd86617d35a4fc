//! An object storage with TLS, a disk that can be full, and a connection to it that can be slow, stuck or lost.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;

use crate::programs::Programs;

/// The credentials that it knows.
pub(crate) const CREDENTIALS: (&str, &str) = ("restaurant", "secret-of-the-restaurant");
/// The bucket that it has.
pub(crate) const BUCKET: &str = "backups";
/// Mounts a small disk at a folder, where only this process and what it starts see it.
const DISK: &str = r#"mount -t tmpfs -o size=96m,mode=0700 tmpfs "$0" && "#;
/// Makes the folders below the first argument, and becomes the program that the others are.
const BEGIN: &str = r#"mkdir -p "$0/objects/backups" "$0/metadata" && exec "$@""#;
/// A rate that holds nothing up.
const UNLIMITED: u64 = u64::MAX;

/// The object storage.
pub(crate) struct Gateway {
    child: Child,
    _home: TempDir,
    /// Where its files are, as this process sees them.
    storage: PathBuf,
    /// The authority of its certificate.
    pub(crate) authority: String,
    connection: Arc<Connection>,
    port: u16,
}

/// What clients connect to: it passes everything on, while it is there.
struct Connection {
    lost: AtomicBool,
    /// Bytes that pass in a second, in each direction of each connection; none at 0.
    rate: AtomicU64,
    /// Bytes that have passed.
    passed: AtomicU64,
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

/// A shell with mounts of its own. Others than root become the root of a namespace, where the system lets them.
fn shell_on_a_disk() -> Command {
    let mut command = Command::new("unshare");
    command.arg("--mount");
    if !rustix::process::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(["sh", "-c", &format!("{DISK}{BEGIN}")]);
    command
}

/// Whether an object storage can have a disk of its own here.
///
/// # Errors
/// Why it cannot.
pub(crate) fn may_mount() -> Result<(), String> {
    let home = tempfile::tempdir().map_err(|error| error.to_string())?;
    let output = shell_on_a_disk().arg(home.path()).arg("true").output().map_err(|error| format!("unshare: {error}"))?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()) }
}

impl Gateway {
    /// Starts it, with one bucket.
    pub(crate) fn start(programs: &Programs) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", BEGIN]);
        Self::start_in(programs, shell)
    }

    /// Starts it with a disk of its own, which is small.
    pub(crate) fn start_on_a_disk(programs: &Programs) -> Self {
        let mut gateway = Self::start_in(programs, shell_on_a_disk());
        // The program has taken the place of the shell.
        gateway.storage = PathBuf::from(format!("/proc/{}/root{}", gateway.child.id(), gateway.storage.display()));
        gateway
    }

    fn start_in(programs: &Programs, mut shell: Command) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let (authority, certificate, key) = certificate();
        for (file, text) in [("certificate.pem", &certificate), ("key.pem", &key)] {
            fs::write(home.path().join(file), text).expect("a file");
        }
        let storage = home.path().join("storage");
        fs::create_dir(&storage).expect("a folder");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
        shell.arg(&storage).arg(programs.versitygw.as_ref().expect("an object storage"));
        shell.args(["--port", &format!("127.0.0.1:{port}"), "--access", CREDENTIALS.0, "--secret", CREDENTIALS.1, "--quiet"]);
        shell.arg("--cert").arg(home.path().join("certificate.pem")).arg("--key").arg(home.path().join("key.pem"));
        shell.args(["posix", "--sidecar"]).arg(storage.join("metadata")).arg(storage.join("objects"));
        let log = fs::File::create(home.path().join("log")).expect("a file");
        let child = shell.stdin(Stdio::null()).stdout(log.try_clone().expect("a file")).stderr(log).spawn().expect("versitygw");
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let said = || fs::read_to_string(home.path().join("log")).unwrap_or_default();
            assert!(started.elapsed() < Duration::from_secs(60), "{}", said());
            std::thread::sleep(Duration::from_millis(20));
        }
        let rate = AtomicU64::new(UNLIMITED);
        let connection = Arc::new(Connection { lost: AtomicBool::default(), rate, passed: AtomicU64::default(), open: Mutex::default() });
        let port = pass(port, &connection);
        Self { child, _home: home, storage, authority, connection, port }
    }

    /// Where clients find it. By its name: pgBackRest learnt after 2.45 to look for an address in a certificate.
    pub(crate) fn endpoint(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// Its files.
    pub(crate) fn objects(&self) -> PathBuf {
        self.storage.join("objects").join(BUCKET)
    }

    /// Fills its disk to the last byte, or makes room again.
    pub(crate) fn fill(&self, full: bool) {
        let file = self.storage.join("filler");
        if !full {
            return fs::remove_file(file).expect("room");
        }
        let mut filler = OpenOptions::new().create(true).append(true).open(file).expect("a file");
        let full = loop {
            if let Err(error) = filler.write_all(&[0; 4096]) {
                break error;
            }
        };
        assert_eq!(full.kind(), ErrorKind::StorageFull, "{full}");
    }

    /// Loses the connection, or has it back.
    pub(crate) fn lose(&self, lost: bool) {
        self.connection.lost.store(lost, Ordering::SeqCst);
        for stream in self.connection.open.lock().expect("connections").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Lets so many bytes pass in a second; at 0 it takes connections and answers nothing. `None`: as fast as can be.
    pub(crate) fn slow_down(&self, rate: Option<u64>) {
        self.connection.rate.store(rate.unwrap_or(UNLIMITED), Ordering::SeqCst);
    }

    /// How many bytes have passed, in both directions.
    pub(crate) fn passed(&self) -> u64 {
        self.connection.passed.load(Ordering::SeqCst)
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
                let connection = Arc::clone(&connection);
                std::thread::spawn(move || connection.copy(from, to));
            }
        }
    });
    port
}

impl Connection {
    fn copy(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut bytes = [0; 16 << 10];
        while let Ok(length @ 1..) = from.read(&mut bytes) {
            self.hold_up(length);
            if to.write_all(&bytes[..length]).is_err() {
                break;
            }
            self.passed.fetch_add(length as u64, Ordering::SeqCst);
        }
        let _ = to.shutdown(Shutdown::Write);
    }

    /// Waits for as long as so many bytes take.
    fn hold_up(&self, length: usize) {
        loop {
            match self.rate.load(Ordering::SeqCst) {
                UNLIMITED => return,
                0 => std::thread::sleep(Duration::from_millis(50)),
                rate => return std::thread::sleep(Duration::from_secs_f64(length as f64 / rate as f64)),
            }
        }
    }
}
