//! One connection: HTTP/1 on a TCP stream, and how long it may keep the service waiting.
//!
//! hyper's own timer would be set anew for every request, and has one bound for a connection that is idle and for one that sends half a
//! head. Here a clock ticks for each connection, and a request costs no more than a few marks in memory.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http::Request;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tower::Service as _;

use crate::http::client::Peer;
use crate::http::path::Paths;
use crate::run::shutdown::Shutdown;

/// How often a connection is looked at. Each bound below is that of whole ticks, and one tick more at most.
const TICK: Duration = Duration::from_secs(5);
/// How many ticks a client may take for the head of a request: 10 to 15 s.
const HEAD: u32 = 2;
/// How many ticks a connection may be idle, or a client not read its answer: 75 to 80 s.
const IDLE: u32 = 15;
/// How many ticks it may be either while others wait for it to end.
const IDLE_IN_A_CROWD: u32 = 1;

/// What is served to every connection.
#[derive(Clone)]
pub(super) struct Served {
    http: http1::Builder,
    router: Router,
    paths: Paths,
}

impl Served {
    pub(super) fn new(router: Router, paths: Paths) -> Self {
        let mut http = http1::Builder::new();
        // A client that has closed its sending side still wants its answer.
        http.half_close(true).header_read_timeout(None);
        Self { http, router, paths }
    }

    /// Serves a connection to its end. Where `room` has none left, it ends sooner when it is idle.
    pub(super) fn connection(&self, stream: TcpStream, room: Arc<Semaphore>, stop: Shutdown) -> impl Future<Output = ()> + Send + 'static {
        // Responses are small and whole; Nagle's algorithm would only delay them. Where it cannot be turned off, they are slower.
        let _ = stream.set_nodelay(true);
        let Self { http, router, paths } = self.clone();
        let marks = Arc::new(Marks::default());
        let peer = stream.peer_addr().ok().map(|address| Peer(address.ip()));
        async move {
            let answer = service_fn(|mut request: Request<Incoming>| {
                let answering = marks.begin();
                peer.map(|peer| request.extensions_mut().insert(peer));
                let answer = router.clone().call(paths.normalize(request.map(Body::new)));
                async move { answer.await.map(|response| response.map(|body| Answer { body, _answering: answering })) }
            });
            let io = TokioIo::new(Marked { stream, marks: marks.clone() });
            let mut connection = pin!(http.serve_connection(io, answer));
            let mut stopping = pin!(stop.cancelled());
            let (mut ticks, mut patience) = (interval_at(Instant::now() + TICK, TICK), Patience::default());
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    biased;
                    // Why a connection was lost is of no interest: there is nobody left to tell.
                    _ = connection.as_mut() => return,
                    _ = ticks.tick() => {
                        if patience.is_over(&marks, room.available_permits() == 0) {
                            return;
                        }
                    }
                    () = stopping.as_mut() => break,
                }
            }
            connection.as_mut().graceful_shutdown();
            // Perhaps a whole request has come in and was not read yet.
            let ended = poll_fn(|context| Poll::Ready(connection.as_mut().poll(context).is_ready())).await;
            if !ended && marks.phase().is_answering() {
                let _ = connection.await;
            }
        }
    }
}

/// What is happening on a connection. Only its own task reads and writes the marks.
#[derive(Debug, Default)]
struct Marks {
    /// A request was read, and its answer is not handed over whole yet.
    answering: AtomicBool,
    /// Something came in since the last request was read.
    head: AtomicBool,
    /// The client does not take more of the answer for now.
    blocked: AtomicBool,
    /// How many requests were read, and how many times something was sent.
    progress: AtomicU64,
}

/// What a connection waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// For a request.
    #[default]
    Idle,
    /// For the rest of a request's head.
    Head,
    /// For the service.
    Answering,
    /// For the client to read its answer.
    Blocked,
}

impl Phase {
    fn is_answering(self) -> bool {
        matches!(self, Self::Answering | Self::Blocked)
    }
}

impl Marks {
    fn begin(self: &Arc<Self>) -> Answering {
        self.answering.store(true, Ordering::Relaxed);
        self.head.store(false, Ordering::Relaxed);
        self.advance();
        Answering(self.clone())
    }

    fn advance(&self) {
        // One task alone counts, so this needs no locked instruction.
        self.progress.store(self.progress.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    fn phase(&self) -> Phase {
        let is = |mark: &AtomicBool| mark.load(Ordering::Relaxed);
        match () {
            () if is(&self.blocked) => Phase::Blocked,
            () if is(&self.answering) => Phase::Answering,
            () if is(&self.head) => Phase::Head,
            () => Phase::Idle,
        }
    }
}

/// How long nothing has happened.
#[derive(Debug, Default)]
struct Patience {
    last: (Phase, u64),
    ticks: u32,
}

impl Patience {
    /// Whether a connection has kept the service waiting for too long. To be asked at every tick.
    fn is_over(&mut self, marks: &Marks, crowded: bool) -> bool {
        let phase = marks.phase();
        let now = (phase, marks.progress.load(Ordering::Relaxed));
        if std::mem::replace(&mut self.last, now) == now {
            self.ticks += 1;
        } else {
            self.ticks = 0;
        }
        let most = match phase {
            // The service has its own bound.
            Phase::Answering => return false,
            Phase::Head => HEAD,
            Phase::Idle | Phase::Blocked if crowded => IDLE_IN_A_CROWD,
            Phase::Idle | Phase::Blocked => IDLE,
        };
        self.ticks >= most
    }
}

/// Ends with the answer.
struct Answering(Arc<Marks>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.answering.store(false, Ordering::Relaxed);
        // What has come in meanwhile was the request's body.
        self.0.head.store(false, Ordering::Relaxed);
    }
}

/// The body of an answer, which hyper lets go of once it has all of it.
struct Answer {
    body: Body,
    _answering: Answering,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A stream that leaves marks.
struct Marked {
    stream: TcpStream,
    marks: Arc<Marks>,
}

impl Marked {
    fn wrote(&self, written: &Poll<io::Result<usize>>) {
        self.marks.blocked.store(written.is_pending(), Ordering::Relaxed);
        if written.is_ready() {
            self.marks.advance();
        }
    }
}

impl AsyncRead for Marked {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.marks.head.store(true, Ordering::Relaxed);
        }
        read
    }
}

impl AsyncWrite for Marked {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wrote(&written);
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffers: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, buffers);
        self.wrote(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After how many ticks a connection in this state is closed; `each` is done before each tick.
    fn closed_after(marks: &Arc<Marks>, crowded: bool, each: impl Fn(u32)) -> Option<u32> {
        let mut patience = Patience::default();
        (1..=100).find(|tick| {
            each(*tick);
            patience.is_over(marks, crowded)
        })
    }

    #[test]
    fn f12_a_connection_ends_that_says_nothing_for_too_long() {
        let marks = Arc::new(Marks::default());
        let nothing = |_| {};
        assert_eq!(closed_after(&marks, false, nothing), Some(IDLE));
        assert_eq!(closed_after(&marks, true, nothing), Some(IDLE_IN_A_CROWD));
        // A client that is served now and then is not idle.
        let now_and_then = |tick| {
            if tick % 10 == 0 {
                drop(marks.begin());
            }
        };
        assert_eq!(closed_after(&marks, false, now_and_then), None);
        // However often a byte of a head comes in.
        marks.head.store(true, Ordering::Relaxed);
        assert_eq!(closed_after(&marks, false, |_| marks.head.store(true, Ordering::Relaxed)), Some(HEAD + 1));
        let answering = marks.begin();
        assert_eq!(closed_after(&marks, true, nothing), None, "the service has its own bound");
        marks.blocked.store(true, Ordering::Relaxed);
        assert_eq!(closed_after(&marks, false, nothing), Some(IDLE + 1), "a client that does not read");
        assert_eq!(closed_after(&marks, true, nothing), Some(IDLE_IN_A_CROWD + 1), "a client that does not read while others wait");
        assert_eq!(closed_after(&marks, false, |_| marks.advance()), None, "a client that reads slowly");
        marks.blocked.store(false, Ordering::Relaxed);
        drop(answering);
        assert_eq!(marks.phase(), Phase::Idle);
    }
}
