//! A mail server that speaks SMTP as the real ones do, and that can be told to have a bad day.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use mailin::{Action, AuthMechanism, Handler, Response, Session, SessionBuilder, response};
use rcgen::CertifiedKey;
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// How the server takes mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Day {
    /// It takes everything.
    Good,
    /// It refuses for now.
    Busy,
    /// It knows no such mailbox.
    Unknown,
    /// It says nothing once it has the message.
    Silent,
    /// It takes the message, and drops the connection before it says so.
    Drops,
    /// It has another password.
    Locked,
}

/// What it knows, and what it has.
#[derive(Debug)]
struct Office {
    day: Day,
    taken: Vec<Vec<u8>>,
    /// How many clients it keeps waiting.
    waiting: usize,
}

/// A running server.
pub(crate) struct Server {
    office: Arc<Mutex<Office>>,
    address: SocketAddr,
    authority: tempfile::NamedTempFile,
    acceptor: TlsAcceptor,
    running: Option<JoinHandle<()>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.close();
    }
}

impl Server {
    /// Starts it, on a port that is free.
    pub(crate) async fn start() -> Self {
        let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let authority = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(authority.path(), cert.pem()).expect("written");
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
        let tls = tls.with_no_client_auth().with_single_cert(vec![CertificateDer::from(cert.der().to_vec())], key).expect("a pair");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let office = Arc::new(Mutex::new(Office { day: Day::Good, taken: Vec::new(), waiting: 0 }));
        let mut server = Self { office, address, authority, acceptor: TlsAcceptor::from(Arc::new(tls)), running: None };
        server.serve(listener);
        server
    }

    fn serve(&mut self, listener: TcpListener) {
        let (office, acceptor) = (self.office.clone(), self.acceptor.clone());
        self.running = Some(tokio::spawn(async move {
            let mut sessions = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                sessions.spawn(converse(stream, office.clone(), acceptor.clone()));
            }
        }));
    }

    /// Stops listening, and cuts its connections off.
    pub(crate) fn close(&mut self) {
        if let Some(running) = self.running.take() {
            running.abort();
        }
    }

    /// Listens again, at the same address.
    pub(crate) async fn reopen(&mut self) {
        let listener = loop {
            match TcpListener::bind(self.address).await {
                Ok(listener) => break listener,
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            }
        };
        self.serve(listener);
    }

    /// From now on it takes mail so.
    pub(crate) fn have(&self, day: Day) {
        self.office.lock().expect("no panic").day = day;
    }

    /// How a client speaks to it: with TLS by STARTTLS, and a password.
    pub(crate) fn settings(&self) -> reservation::mail::settings::Server {
        reservation::mail::settings::Server {
            url: format!("smtp://localhost:{}?tls=required", self.address.port()).into(),
            login: Some(("host".to_owned(), "pa@ss".into())),
            authorities: Some(self.authority.path().to_owned()),
        }
    }

    /// How many clients it keeps waiting.
    pub(crate) fn waiting(&self) -> usize {
        self.office.lock().expect("no panic").waiting
    }

    /// The messages that it has taken.
    pub(crate) fn taken(&self) -> Vec<Vec<u8>> {
        self.office.lock().expect("no panic").taken.clone()
    }
}

/// One conversation with a client.
struct Clerk {
    office: Arc<Mutex<Office>>,
    message: Vec<u8>,
}

impl Clerk {
    fn day(&self) -> Day {
        self.office.lock().expect("no panic").day
    }
}

impl Handler for Clerk {
    fn auth_plain(&mut self, _: &str, name: &str, password: &str) -> Response {
        if self.day() != Day::Locked && (name, password) == ("host", "pa@ss") { response::AUTH_OK } else { response::INVALID_CREDENTIALS }
    }

    fn rcpt(&mut self, to: &str) -> Response {
        match self.day() {
            Day::Busy => Response::custom(451, "4.3.0 Try again later".to_owned()),
            Day::Unknown => Response::custom(550, format!("5.1.1 <{to}> Mailbox unknown")),
            _ => response::OK,
        }
    }

    fn data(&mut self, line: &[u8]) -> std::io::Result<()> {
        self.message.extend(line);
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        let message = std::mem::take(&mut self.message);
        let mut office = self.office.lock().expect("no panic");
        match office.day {
            Day::Silent => return Response::custom(250, "silent".to_owned()),
            Day::Drops => {
                office.taken.push(message);
                return Response::custom(421, "drops".to_owned());
            }
            _ => office.taken.push(message),
        }
        response::OK
    }
}

async fn converse(stream: TcpStream, office: Arc<Mutex<Office>>, acceptor: TlsAcceptor) {
    let client = stream.peer_addr().expect("a client").ip();
    let mut builder = SessionBuilder::new("mail.test");
    builder.enable_start_tls().enable_auth(AuthMechanism::Plain);
    let mut session = builder.build(client, Clerk { office: office.clone(), message: Vec::new() });
    let mut plain = BufReader::new(stream);
    let greeting = session.greeting().buffer().expect("a greeting");
    if plain.write_all(&greeting).await.is_err() || !talk(&mut session, &mut plain, &office).await {
        return;
    }
    let Ok(secured) = acceptor.accept(plain.into_inner()).await else { return };
    session.tls_active();
    talk(&mut session, &mut BufReader::new(secured), &office).await;
}

/// Answers until the end; `true` where the client wants TLS from here on.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(session: &mut Session<Clerk>, stream: &mut BufReader<S>, office: &Mutex<Office>) -> bool {
    let mut line = Vec::new();
    loop {
        line.clear();
        if stream.read_until(b'\n', &mut line).await.unwrap_or(0) == 0 {
            return false;
        }
        let answer = session.process(&line);
        let is_end = line == b".\r\n" && answer.action != Action::NoReply;
        let day = office.lock().expect("no panic").day;
        if is_end && day == Day::Silent {
            office.lock().expect("no panic").waiting += 1;
            return std::future::pending().await;
        }
        if is_end && day == Day::Drops {
            return false;
        }
        if answer.action != Action::NoReply && stream.write_all(&answer.buffer().expect("an answer")).await.is_err() {
            return false;
        }
        match answer.action {
            Action::UpgradeTls => return true,
            Action::Close => return false,
            Action::Reply | Action::NoReply => {}
        }
    }
}
