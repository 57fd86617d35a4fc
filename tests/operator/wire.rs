//! The wire between an operator and the API server: it records every request, makes some of them fail, and cuts watches.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use chassis::Shutdown;
use http::{Method, Request, Response, StatusCode, header};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use kube::client::Body;
use kube::client::retry::RetryPolicy;
use tokio::sync::Notify;
use tower::buffer::BufferLayer;
use tower::retry::RetryLayer;
use tower::{Layer, Service};

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type BoxBody = UnsyncBoxBody<Bytes, BoxError>;
type Answer = Pin<Box<dyn Future<Output = Result<Response<BoxBody>, BoxError>> + Send>>;

/// The fate of a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fate {
    /// It reaches the API server.
    Pass,
    /// It does not arrive, and gets this status; 429 comes with `Retry-After: 1`, as from the API server.
    Refuse(StatusCode),
    /// It arrives, but its answer is lost.
    LoseAnswer,
    /// It arrives after the first time, and gets its answer after the second.
    Late(Duration, Duration),
    /// It does not arrive, and gets no answer.
    Hang,
    /// It arrives, but gets no answer.
    Swallow,
    /// It arrives only after [`Wire::release`].
    Wait,
    /// It arrives, and gets its answer only after [`Wire::release`].
    Hold,
}

/// A request that was sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    /// From 1; 0 for requests that do not count.
    pub(crate) number: usize,
    pub(crate) at: Instant,
    pub(crate) method: Method,
    pub(crate) uri: String,
    pub(crate) accept: String,
}

impl Sent {
    /// Whether it changes anything but the lease.
    pub(crate) fn is_write(&self) -> bool {
        self.method != Method::GET && !self.uri.contains("/leases")
    }
}

/// The fate of a piece of a watch's answer, which mostly is one event.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Piece {
    /// It comes.
    Pass,
    /// It comes after this time, and what follows after it.
    Late(Duration),
    /// It never comes, and what follows does.
    Lost,
    /// The connection breaks before it.
    Cut,
}

type Judge = dyn Fn(&str) -> Piece + Send + Sync;

type Decide = dyn Fn(usize, &Method, &str) -> Fate + Send + Sync;

/// The wire of one operator.
#[derive(Clone)]
pub(crate) struct Wire(Arc<Shared>);

struct Shared {
    decide: Mutex<Arc<Decide>>,
    judge: Mutex<Arc<Judge>>,
    /// The number of requests, without watches, lists and requests for the lease.
    count: AtomicUsize,
    requests: Mutex<Vec<Sent>>,
    /// Ends the open watches.
    cut: Mutex<Shutdown>,
    /// Notified if a request hangs.
    stuck: Notify,
    /// Gives the answers that are held.
    held: Mutex<Shutdown>,
}

impl Default for Wire {
    fn default() -> Self {
        Self(Arc::new(Shared {
            decide: Mutex::new(Arc::new(|_, _, _| Fate::Pass)),
            judge: Mutex::new(Arc::new(|_| Piece::Pass)),
            count: AtomicUsize::new(0),
            requests: Mutex::default(),
            cut: Mutex::new(Shutdown::new()),
            stuck: Notify::new(),
            held: Mutex::new(Shutdown::new()),
        }))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Wire {
    /// A client over this wire. A retry of kube's client passes the wire again.
    pub(crate) fn client(&self, mut config: kube::Config) -> kube::Client {
        config.default_retry = false;
        // The wire sends some requests later, by a copy of the inner service.
        let connections = operator::connection::builder(config).expect("a client");
        let builder = connections.with_layer(&BufferLayer::new(1024)).with_layer(&Over(self.clone()));
        // The client can retry only requests that can be cloned.
        let builder = builder.with_layer(&BufferLayer::new(1024)).with_layer(&RetryLayer::new(RetryPolicy::server_retry()));
        builder.with_layer(&operator::connection::time_limit()).build()
    }

    /// Sets the decision about each later request, by its number (from 1; 0 for requests that do not count), method and path.
    pub(crate) fn decide(&self, decide: impl Fn(usize, &Method, &str) -> Fate + Send + Sync + 'static) {
        *lock(&self.0.decide) = Arc::new(decide);
    }

    /// Sets the decision about each later piece of the answers to watches, by their path.
    pub(crate) fn judge(&self, judge: impl Fn(&str) -> Piece + Send + Sync + 'static) {
        *lock(&self.0.judge) = Arc::new(judge);
    }

    /// The number of requests, without watches, lists and requests for the lease.
    pub(crate) fn sent(&self) -> usize {
        self.0.count.load(Ordering::SeqCst)
    }

    /// Every request that was sent, in order.
    pub(crate) fn requests(&self) -> Vec<Sent> {
        lock(&self.0.requests).clone()
    }

    /// Method and path of every request that counts.
    pub(crate) fn log(&self) -> Vec<String> {
        let counts = |sent: &&Sent| sent.number > 0;
        lock(&self.0.requests).iter().filter(counts).map(|sent| format!("{} {}", sent.method, sent.uri)).collect()
    }

    /// Breaks the connections of the open watches.
    pub(crate) fn cut_watches(&self) {
        std::mem::replace(&mut *lock(&self.0.cut), Shutdown::new()).cancel();
    }

    /// Gives the answers that are held.
    pub(crate) fn release(&self) {
        std::mem::replace(&mut *lock(&self.0.held), Shutdown::new()).cancel();
    }

    /// Returns when a request hangs, or was swallowed or held after it arrived.
    pub(crate) async fn stuck(&self) {
        self.0.stuck.notified().await;
    }
}

#[derive(Clone)]
struct Over(Wire);

impl<S> Layer<S> for Over {
    type Service = Intercepted<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Intercepted { inner, wire: self.0.clone() }
    }
}

/// A service whose requests pass the wire.
#[derive(Clone)]
pub(crate) struct Intercepted<S> {
    inner: S,
    wire: Wire,
}

impl<S, B> Service<Request<Body>> for Intercepted<S>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<BoxBody>;
    type Error = BoxError;
    type Future = Answer;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> Answer {
        let shared = self.wire.0.clone();
        let (method, uri) = (request.method().clone(), request.uri().to_string());
        let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default().to_owned();
        let is_watch = uri.contains("watch=");
        let counts = !is_watch && !uri.contains("/leases") && !uri.contains("limit=") && uri != "/apis";
        let number = if counts { shared.count.fetch_add(1, Ordering::SeqCst) + 1 } else { 0 };
        lock(&shared.requests).push(Sent { number, at: Instant::now(), method: method.clone(), uri: uri.clone(), accept });
        let decide = lock(&shared.decide).clone();
        match decide(number, &method, &uri) {
            Fate::Pass => {
                let answer = self.inner.call(request);
                let cut = lock(&shared.cut).clone();
                Box::pin(async move {
                    let answer = answer.await.map_err(Into::into)?.map(|body| body.map_err(Into::into).boxed_unsync());
                    Ok(if is_watch {
                        let wire = Wire(shared.clone());
                        answer.map(|body| Watched { body, cut: Box::pin(cut.cancelled_owned()), wire, uri, late: None }.boxed_unsync())
                    } else {
                        answer
                    })
                })
            }
            Fate::Refuse(status) => Box::pin(async move { refusal(status) }),
            Fate::LoseAnswer => {
                let answer = self.inner.call(request);
                Box::pin(async move {
                    let _ = answer.await;
                    Err("the answer was lost".into())
                })
            }
            Fate::Hang => {
                shared.stuck.notify_one();
                Box::pin(std::future::pending())
            }
            Fate::Late(before, after) => {
                let mut inner = self.inner.clone();
                Box::pin(async move {
                    tokio::time::sleep(before).await;
                    std::future::poll_fn(|context| inner.poll_ready(context)).await.map_err(Into::into)?;
                    let answer = inner.call(request).await.map_err(Into::into)?;
                    tokio::time::sleep(after).await;
                    Ok(answer.map(|body| body.map_err(Into::into).boxed_unsync()))
                })
            }
            Fate::Wait => {
                let (mut inner, held) = (self.inner.clone(), lock(&shared.held).clone());
                Box::pin(async move {
                    shared.stuck.notify_one();
                    held.cancelled_owned().await;
                    std::future::poll_fn(|context| inner.poll_ready(context)).await.map_err(Into::into)?;
                    Ok(inner.call(request).await.map_err(Into::into)?.map(|body| body.map_err(Into::into).boxed_unsync()))
                })
            }
            Fate::Hold => {
                let (answer, held) = (self.inner.call(request), lock(&shared.held).clone());
                Box::pin(async move {
                    let answer = answer.await.map_err(Into::into)?.map(|body| body.map_err(Into::into).boxed_unsync());
                    shared.stuck.notify_one();
                    held.cancelled_owned().await;
                    Ok(answer)
                })
            }
            Fate::Swallow => {
                let answer = self.inner.call(request);
                Box::pin(async move {
                    let _ = answer.await;
                    shared.stuck.notify_one();
                    std::future::pending().await
                })
            }
        }
    }
}

fn refusal(status: StatusCode) -> Result<Response<BoxBody>, BoxError> {
    let body = serde_json::json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Injected", "code": status.as_u16(),
        "message": "a fault that the test put there",
    });
    let mut response = Response::builder().status(status).header(header::CONTENT_TYPE, "application/json");
    if status == StatusCode::TOO_MANY_REQUESTS {
        response = response.header(header::RETRY_AFTER, "1");
    }
    Ok(response.body(Full::from(serde_json::to_vec(&body)?).map_err(|never| match never {}).boxed_unsync())?)
}

/// The answer to a watch, which ends with an error when the wire is cut.
struct Watched {
    body: BoxBody,
    cut: Pin<Box<dyn Future<Output = ()> + Send>>,
    wire: Wire,
    uri: String,
    /// A piece that comes late.
    late: Option<(Pin<Box<tokio::time::Sleep>>, Frame<Bytes>)>,
}

impl Watched {
    fn broken(&mut self) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.cut = Box::pin(std::future::pending());
        self.body = http_body_util::Empty::new().map_err(|never| match never {}).boxed_unsync();
        Poll::Ready(Some(Err("the watch was cut".into())))
    }
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.cut.as_mut().poll(context).is_ready() {
            return self.broken();
        }
        loop {
            if let Some((sleep, _)) = &mut self.late {
                if sleep.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                return Poll::Ready(self.late.take().map(|(_, frame)| Ok(frame)));
            }
            let frame = match Pin::new(&mut self.body).poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) => frame,
                other => return other,
            };
            let judge = lock(&self.wire.0.judge).clone();
            match judge(&self.uri) {
                Piece::Pass => return Poll::Ready(Some(Ok(frame))),
                Piece::Late(time) => self.late = Some((Box::pin(tokio::time::sleep(time)), frame)),
                Piece::Lost => {}
                Piece::Cut => return self.broken(),
            }
        }
    }
}
