//! The gate in front of the handlers: it lets in what can be answered now, and bounds how long that may take.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::{MatchedPath, Request};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Version, header};
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep};
use tower::{Layer, Service};

use super::code;
use super::linger::{self, Waiting};
use super::openapi::is_document;
use super::problem::Problem;
use crate::run::readiness::{Readiness, is_probe};

/// How long a client may take for the body of its request.
const BODY: Duration = Duration::from_secs(10);
/// How long a request may take. It is answered before a service that stops cuts it off.
const PATIENCE: Duration = Duration::from_secs(18);

/// What the gate goes by.
#[derive(Clone)]
pub(crate) struct Gate {
    readiness: Readiness,
    in_flight: Arc<AtomicUsize>,
    max_requests: usize,
}

impl Gate {
    /// Lets in at most `max_requests` at once. Probes and documents are let in at any time, and are not counted.
    pub(crate) fn new(readiness: Readiness, max_requests: usize) -> Self {
        Self { readiness, in_flight: Arc::default(), max_requests }
    }

    /// A place among the requests in flight, where one is needed.
    fn enter(&self, request: &Request) -> Result<Option<Place>, Problem> {
        if request.version() == Version::HTTP_11 && !has_host(request.headers()) {
            return Err(Problem::new(&code::INVALID_HOST, "The request must have one `Host` header, such as `Host: example.com`."));
        }
        let Some(route) = request.extensions().get::<MatchedPath>() else { return Ok(None) };
        if is_probe(route.as_str()) || is_document(request.uri().path()) {
            return Ok(None);
        }
        if self.readiness.is_starting() {
            return Err(Problem::new(&code::UNAVAILABLE, "The service is starting; try again shortly."));
        }
        let place = Place(self.in_flight.clone());
        if place.0.fetch_add(1, Ordering::Relaxed) >= self.max_requests {
            return Err(Problem::new(&code::OVERLOADED, "The service answers as many requests as it can; try again shortly."));
        }
        Ok(Some(place))
    }
}

/// A place among the requests in flight; it is free again when this is dropped.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether there is one host, and it can be one (RFC 9112, 3.2).
fn has_host(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    matches!((hosts.next(), hosts.next()), (Some(host), None) if is_host(host))
}

/// RFC 3986, 3.2.2: a name or an address, perhaps empty, and perhaps a port.
fn is_host(value: &HeaderValue) -> bool {
    let value = value.as_bytes();
    let (host, port) = match value.iter().rposition(|byte| *byte == b':') {
        // A colon may also be part of an address in brackets.
        Some(colon) if !value.ends_with(b"]") => (&value[..colon], &value[colon + 1..]),
        _ => (value, &[][..]),
    };
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=".contains(byte);
    let is_fine = match host.strip_prefix(b"[") {
        Some(address) => address.strip_suffix(b"]").is_some_and(|address| address.iter().all(|byte| *byte == b':' || is_name(byte))),
        None => host.iter().all(is_name),
    };
    is_fine && port.iter().all(u8::is_ascii_digit)
}

impl<S> Layer<S> for Gate {
    type Service = Gated<S>;

    fn layer(&self, inner: S) -> Gated<S> {
        Gated { gate: self.clone(), inner }
    }
}

/// What is behind the gate.
#[derive(Clone)]
pub(crate) struct Gated<S> {
    gate: Gate,
    inner: S,
}

impl<S> Service<Request> for Gated<S>
where
    S: Service<Request>,
    S::Response: IntoResponse,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Answering<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        match self.gate.enter(&request) {
            Err(problem) => Answering { state: State::Refused { problem: Some(problem) } },
            Ok(place) => {
                let (request, waiting) = linger::over(request);
                let answer = self.inner.call(request);
                Answering { state: State::Admitted { answer, waiting, timer: None, _place: place } }
            }
        }
    }
}

pin_project! {
    /// The answer to a request, or why there is none.
    pub(crate) struct Answering<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F> {
        Refused { problem: Option<Problem> },
        Admitted {
            #[pin]
            answer: F,
            waiting: Option<Waiting>,
            #[pin]
            timer: Option<Sleep>,
            _place: Option<Place>,
        },
    }
}

impl<F, R, E> Future for Answering<F>
where
    F: Future<Output = Result<R, E>>,
    R: IntoResponse,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let (answer, waiting, mut timer) = match self.project().state.project() {
            StateProjection::Refused { problem } => {
                let problem = problem.take().expect("a future is not polled after its end");
                return Poll::Ready(Ok(problem.into_response()));
            }
            StateProjection::Admitted { answer, waiting, timer, .. } => (answer, waiting, timer),
        };
        if let Poll::Ready(answer) = answer.poll(context) {
            return Poll::Ready(answer.map(IntoResponse::into_response));
        }
        // What is answered from memory is answered by now, and needs no timer.
        if timer.is_none() {
            timer.set(Some(sleep(if waiting.is_some() { BODY } else { PATIENCE })));
        }
        let mut timer = timer.as_pin_mut().expect("it was set just now");
        loop {
            ready!(timer.as_mut().poll(context));
            let problem = match waiting.take() {
                Some(waiting) if waiting.is_for_the_client() => {
                    let detail = format!("The body of the request did not come within {} s.", BODY.as_secs());
                    let mut response = Problem::new(&code::REQUEST_TIMEOUT, detail).into_response();
                    // RFC 9110, 15.5.9: nobody waits for the rest.
                    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                    return Poll::Ready(Ok(response));
                }
                Some(_) => {
                    let rest = timer.deadline() + (PATIENCE - BODY);
                    timer.as_mut().reset(rest);
                    continue;
                }
                None => Problem::new(&code::UNAVAILABLE, "The request took too long and was given up; it may be tried again."),
            };
            return Poll::Ready(Ok(problem.into_response()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f15_a_host_is_a_name_or_an_address() {
        for host in [
            "",
            "a",
            "example.com",
            "example.com:80",
            "example.com:",
            "10.0.0.1:8000",
            "[::1]",
            "[::1]:8000",
            "x_y~z",
            "%C3%A9.example",
            ":1",
        ] {
            assert!(is_host(&HeaderValue::from_str(host).expect("a value")), "{host:?}");
        }
        for host in ["a b", "a/c", "a b/c", "a:b", "[::1", "::1", "[a]b", "a@b", "a,b:c", "a?b", "\"a\"", "é"] {
            assert!(!is_host(&HeaderValue::from_str(host).expect("a value")), "{host:?}");
        }
    }

    #[test]
    fn s18_a_request_is_given_up_before_a_stop_cuts_it_off() {
        assert!(BODY < PATIENCE && PATIENCE < crate::run::server::DRAIN);
    }
}
