//! A client of a service that says what it expects.

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;

/// A client of one service, perhaps with a token.
#[derive(Clone)]
pub struct Api {
    base: String,
    client: reqwest::Client,
    token: Option<String>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: reqwest::header::HeaderMap,
    /// The body, as it came.
    pub text: String,
    /// The body as JSON; null where it is not.
    pub body: Value,
}

impl Api {
    /// A client without a token.
    pub fn new(base: &str) -> Self {
        // The client is made for TLS, which the tests do not use, and wants to be told by whom.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // Without certificates, since reading the machine's takes longer than most tests.
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("a client");
        Self { base: base.to_owned(), client, token: None }
    }

    /// The same client at another service, without a token.
    #[must_use]
    pub fn at(&self, base: &str) -> Self {
        Self { base: base.to_owned(), client: self.client.clone(), token: None }
    }

    /// The same client with a token.
    #[must_use]
    pub fn with_token(&self, token: impl Into<String>) -> Self {
        Self { token: Some(token.into()), ..self.clone() }
    }

    /// A request that can be completed by hand.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// `GET`
    pub async fn get(&self, path: &str) -> Reply {
        send(self.request(Method::GET, path)).await
    }

    /// `POST` with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        send(self.request(Method::POST, path).json(body)).await
    }

    /// `POST` without a body.
    pub async fn act(&self, path: &str) -> Reply {
        send(self.request(Method::POST, path)).await
    }

    /// `PUT` with a JSON body.
    pub async fn put(&self, path: &str, body: &Value) -> Reply {
        send(self.request(Method::PUT, path).json(body)).await
    }

    /// `PATCH` with a JSON body.
    pub async fn patch(&self, path: &str, body: &Value) -> Reply {
        send(self.request(Method::PATCH, path).json(body)).await
    }

    /// `DELETE`
    pub async fn delete(&self, path: &str) -> Reply {
        send(self.request(Method::DELETE, path)).await
    }
}

/// Sends a request and reads the whole answer.
pub async fn send(request: RequestBuilder) -> Reply {
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.expect("a body");
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Reply { status, headers, text, body }
}

impl Reply {
    /// Fails unless the status is this one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// Fails unless it is a whole problem document of this status and code.
    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Self {
        let reply = self.expect(status);
        assert_eq!(reply.header("content-type"), "application/problem+json", "{}", reply.text);
        assert_eq!(reply.body["code"], code, "{}", reply.text);
        assert_eq!(reply.body["type"], format!("urn:restaurant-booking:problem:{code}"));
        assert_eq!(reply.body["status"], status);
        assert!(reply.body["title"].is_string() && reply.body["detail"].is_string(), "{}", reply.text);
        assert!(reply.body["instance"].is_string(), "{}", reply.text);
        reply
    }

    /// Fails unless it is a 422 whose errors are at these places, in any order: `#/member`, `?parameter` or `Header:`.
    #[track_caller]
    pub fn invalid(self, places: &[&str]) -> Self {
        let reply = self.problem(422, "validation_failed");
        let mut found: Vec<String> = reply.body["errors"].as_array().expect("errors").iter().map(place).collect();
        let mut expected: Vec<String> = places.iter().map(|place| (*place).to_owned()).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{}", reply.text);
        reply
    }

    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }

    /// The id of the thing.
    #[track_caller]
    pub fn id(&self) -> i64 {
        self.body["id"].as_i64().expect("an id")
    }
}

fn place(error: &Value) -> String {
    assert!(error["code"].is_string() && error["detail"].is_string(), "{error}");
    match (&error["pointer"], &error["parameter"], &error["header"]) {
        (Value::String(pointer), Value::Null, Value::Null) => pointer.clone(),
        (Value::Null, Value::String(parameter), Value::Null) => format!("?{parameter}"),
        (Value::Null, Value::Null, Value::String(header)) => format!("{header}:"),
        _ => panic!("an error is in one place: {error}"),
    }
}
