//! A client of the services that tells apart what a client may forgive from what it may not.

use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqwest::header::{ETAG, LINK};
use reqwest::{Client as Http, Method};
use serde_json::Value;

use crate::ledger::Ledger;

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(10);
/// How long is waited before something is tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// A request, which can be sent more than once.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    method: Method,
    url: String,
    token: Option<String>,
    key: Option<String>,
    body: Option<Value>,
}

impl Request {
    pub(crate) fn get(url: impl Into<String>) -> Self {
        Self { method: Method::GET, url: url.into(), token: None, key: None, body: None }
    }

    pub(crate) fn post(url: impl Into<String>) -> Self {
        Self { method: Method::POST, ..Self::get(url) }
    }

    pub(crate) fn patch(url: impl Into<String>) -> Self {
        Self { method: Method::PATCH, ..Self::get(url) }
    }

    pub(crate) fn token(self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self }
    }

    /// With an Idempotency-Key.
    pub(crate) fn key(self, key: String) -> Self {
        Self { key: Some(key), ..self }
    }

    pub(crate) fn body(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }

    /// Whether it may be sent again without asking (RFC 9110, 9.2.2): it changes nothing, or names what it makes.
    fn may_be_repeated(&self) -> bool {
        self.method == Method::GET || self.key.is_some()
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    /// The version that the ETag names.
    pub(crate) version: Option<u64>,
    /// Where the next page of a list is, without the host.
    pub(crate) next: Option<String>,
    /// Whether it was given before.
    pub(crate) replayed: bool,
}

impl Answer {
    /// The `code` of a problem.
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

/// A client of all services.
pub(crate) struct Client {
    /// Keeps connections, as browsers and gateways do.
    kept: Http,
    /// Opens one for each request, and so meets every change of the Service's Pods.
    fresh: Http,
    turn: AtomicU64,
    ledger: Arc<Ledger>,
}

impl Client {
    pub(crate) fn new(ledger: Arc<Ledger>) -> Result<Self, reqwest::Error> {
        let builder = || Http::builder().no_proxy().timeout(ANSWER);
        Ok(Self { kept: builder().build()?, fresh: builder().pool_max_idle_per_host(0).build()?, turn: AtomicU64::new(0), ledger })
    }

    /// Sends a request, every other one over a connection that is kept.
    ///
    /// # Errors
    /// Why there was no answer.
    pub(crate) async fn send(&self, request: &Request) -> Result<Answer, String> {
        if self.turn.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
            return exchange(&self.fresh, request).await.map_err(|error| told(request, &error));
        }
        match exchange(&self.kept, request).await {
            // A server closes an idle connection when it stops, and cannot know that a request is on its way. Clients know of this and
            // send again what may be repeated (RFC 9112, 9.3.1); this one does so once, and counts it.
            Err(error) if request.may_be_repeated() && !error.is_timeout() && !error.is_connect() => {
                self.ledger.count(|report| &mut report.resent);
                exchange(&self.fresh, request).await.map_err(|error| told(request, &error))
            }
            sent => sent.map_err(|error| told(request, &error)),
        }
    }

    /// Sends a request until it is answered with one of these statuses, for so long at most. This is no part of the traffic: what fails
    /// on the way does not count.
    ///
    /// # Errors
    /// What came of the last try.
    pub(crate) async fn insist(&self, request: &Request, statuses: &[u16], patience: Duration) -> Result<Answer, String> {
        let started = Instant::now();
        loop {
            let failure = match self.send(request).await {
                Ok(answer) if statuses.contains(&answer.status) => return Ok(answer),
                Ok(answer) => unexpected(request, &answer),
                Err(failure) => failure,
            };
            if started.elapsed() > patience {
                return Err(format!("{failure}; for {} s", patience.as_secs()));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn exchange(client: &Http, request: &Request) -> Result<Answer, reqwest::Error> {
    let mut builder = client.request(request.method.clone(), &request.url);
    if let Some(token) = &request.token {
        builder = builder.bearer_auth(token);
    }
    if let Some(key) = &request.key {
        builder = builder.header("Idempotency-Key", key);
    }
    if let Some(body) = &request.body {
        builder = builder.json(body);
    }
    let response = builder.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    Ok(Answer {
        status,
        version: header(ETAG.as_str()).and_then(|tag| tag.trim_matches('"').parse().ok()),
        next: header(LINK.as_str()).and_then(|link| Some(link.strip_prefix('<')?.split_once('>')?.0.to_owned())),
        replayed: header("Idempotency-Replayed").is_some(),
        body: serde_json::from_slice(&response.bytes().await?).unwrap_or(Value::Null),
    })
}

/// A request that was not answered.
fn told(request: &Request, error: &reqwest::Error) -> String {
    let (mut text, mut source) = (String::new(), error.source());
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    let kind = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "no answer"
    };
    format!("{} {}: {kind}{text}", request.method, request.url)
}

/// A request that was answered as nobody expects.
pub(crate) fn unexpected(request: &Request, answer: &Answer) -> String {
    format!("{} {}: {} {}", request.method, request.url, answer.status, answer.code())
}
