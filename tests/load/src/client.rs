//! A client of HTTP/1.1 that costs next to nothing: the load shares the cores with what is measured.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::Result;
use crate::stats::Latencies;

/// No answer of the services is larger.
const LARGEST: usize = 1 << 20;

/// A connection that is kept alive.
pub(crate) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer; its body is in the client's buffer until the next request.
pub(crate) struct Reply<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(64 * 1024) })
    }

    /// Sends a whole request and reads the whole answer.
    pub(crate) async fn send(&mut self, request: &[u8]) -> io::Result<Reply<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let (status, body) = loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the service closed the connection"));
            }
            if let Some(answer) = whole(&self.buffer)? {
                break answer;
            }
            if self.buffer.len() > LARGEST {
                return Err(io::Error::other("an answer without end"));
            }
        };
        Ok(Reply { status, body: &self.buffer[body] })
    }

    /// As [`Client::send`], where nothing but a success will do.
    pub(crate) async fn expect(&mut self, request: &[u8]) -> Result<Vec<u8>> {
        let reply = self.send(request).await?;
        if (200..300).contains(&reply.status) {
            return Ok(reply.body.to_vec());
        }
        let request = String::from_utf8_lossy(request).lines().next().unwrap_or_default().to_owned();
        Err(format!("{request}: {} {}", reply.status, String::from_utf8_lossy(reply.body)).into())
    }
}

/// Status and place of the body, once everything has arrived. The services always say how long their answers are.
fn whole(answer: &[u8]) -> io::Result<Option<(u16, Range<usize>)>> {
    let malformed = |what| io::Error::new(io::ErrorKind::InvalidData, format!("an answer {what}"));
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&answer[..end]).map_err(|_| malformed("with a head that is not UTF-8"))?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.get(9..12)?.parse().ok()).ok_or_else(|| malformed("without a status"))?;
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let body = end + 4;
    match length {
        None if status == 204 || status == 304 => Ok(Some((status, body..body))),
        None => Err(malformed("without a length")),
        Some(length) => Ok((answer.len() >= body + length).then_some((status, body..body + length))),
    }
}

/// A request, as it goes over the wire.
pub(crate) fn request(method: &str, path: &str, token: Option<&str>, body: Option<&str>) -> Vec<u8> {
    request_with(method, path, token, &[], body)
}

/// The same, with further headers.
pub(crate) fn request_with(method: &str, path: &str, token: Option<&str>, headers: &[(&str, &str)], body: Option<&str>) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if let Some(token) = token {
        text.push_str(&format!("authorization: Bearer {token}\r\n"));
    }
    match body {
        None => text.push_str("\r\n"),
        Some(body) => text.push_str(&format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())),
    }
    text.into_bytes()
}

/// What became of a load.
#[derive(Default)]
pub(crate) struct Driven {
    pub(crate) latencies: Latencies,
    pub(crate) statuses: BTreeMap<u16, u64>,
    pub(crate) elapsed: Duration,
}

impl Driven {
    pub(crate) fn of(&self, status: u16) -> u64 {
        self.statuses.get(&status).copied().unwrap_or(0)
    }

    pub(crate) fn requests(&self) -> u64 {
        self.statuses.values().sum()
    }
}

/// Until when requests are sent.
#[derive(Clone, Copy)]
pub(crate) enum Until {
    Elapsed(Duration),
    /// So many on each connection.
    Requests(u64),
    /// One every so often on all connections together, for so long, whether or not the one before was answered.
    Paced(Duration, Duration),
}

/// What a connection asks: its number, and how often it has asked.
pub(crate) type Ask = dyn Fn(usize, u64) -> Arc<Vec<u8>> + Send + Sync;

/// Has so many connections ask on one thread of their own, each as soon as it was answered, or at a pace.
pub(crate) async fn drive(address: SocketAddr, connections: usize, until: Until, ask: Arc<Ask>) -> Result<Driven> {
    let work = move || -> Result<Driven> {
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async move {
            let mut clients = Vec::new();
            for _ in 0..connections {
                clients.push(Client::connect(address).await?);
            }
            let (mut asking, started) = (JoinSet::new(), Instant::now());
            for (number, client) in clients.into_iter().enumerate() {
                asking.spawn(converse(client, (number, connections), until, ask.clone(), started));
            }
            let mut driven = Driven::default();
            while let Some(one) = asking.join_next().await {
                let one = one??;
                driven.latencies.extend(one.latencies);
                for (status, count) in one.statuses {
                    *driven.statuses.entry(status).or_default() += count;
                }
            }
            driven.elapsed = started.elapsed();
            Ok(driven)
        })
    };
    let (done, wait) = tokio::sync::oneshot::channel();
    std::thread::Builder::new().name("load".to_owned()).spawn(move || done.send(work()))?;
    wait.await?
}

async fn converse(
    mut client: Client,
    (number, connections): (usize, usize),
    until: Until,
    ask: Arc<Ask>,
    started: Instant,
) -> Result<Driven> {
    let mut driven = Driven::default();
    for asked in 0.. {
        let mut asking = Instant::now();
        let over = match until {
            Until::Elapsed(duration) => asking.duration_since(started) >= duration,
            Until::Requests(requests) => asked >= requests,
            Until::Paced(apart, duration) => {
                // What waits for its turn waits for the service.
                let due = apart.mul_f64(asked as f64 * connections as f64 + number as f64);
                asking = started + due;
                tokio::time::sleep_until(asking.into()).await;
                due >= duration
            }
        };
        if over {
            break;
        }
        let request = ask(number, asked);
        let status = client.send(&request).await?.status;
        driven.latencies.push(asking.elapsed());
        *driven.statuses.entry(status).or_default() += 1;
    }
    Ok(driven)
}
