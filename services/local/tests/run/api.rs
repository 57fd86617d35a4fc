//! A client of the services.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::process::Running;

/// A client of a running platform, perhaps as somebody.
#[derive(Clone)]
pub(crate) struct Api {
    client: reqwest::Client,
    accounts: String,
    reservations: String,
    token: Option<String>,
}

impl Api {
    pub(crate) fn of(platform: &Running) -> Self {
        // The client is made for TLS, which nothing here uses, and wants to be told by whom.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { client, accounts: platform.base("Accounts"), reservations: platform.base("Reservations"), token: None }
    }

    /// A request to whichever service has the path.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let base = if path.starts_with("/auth/") { &self.accounts } else { &self.reservations };
        let request = self.client.request(method, format!("{base}{path}"));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        answer(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        answer(self.request(Method::POST, path).json(&body)).await
    }

    /// Whether these may log in.
    pub(crate) async fn login(&self, email: &str, password: &str) -> Option<Self> {
        let (status, body) = self.post("/auth/login", json!({"email": email, "password": password})).await;
        let token = body["access_token"].as_str()?.to_owned();
        assert_eq!(status, 200);
        Some(Self { token: Some(token), ..self.clone() })
    }

    /// The administrator, with what the table says.
    pub(crate) async fn admin(&self, platform: &Running) -> Self {
        let password = platform.row("Password").split(" (").next().expect("a password");
        self.login(platform.row("Administrator"), password).await.expect("the table is right")
    }

    /// The same platform after another start, as the same user.
    pub(crate) fn at(&self, platform: &Running) -> Self {
        Self { token: self.token.clone(), ..Self::of(platform) }
    }

    /// A new guest, logged in.
    pub(crate) async fn guest(&self, email: &str) -> Self {
        let account = json!({"email": email, "password": "correct horse", "full_name": "A Guest", "phone": "+44 20 7946 0958"});
        let (status, body) = self.post("/auth/register", account).await;
        assert_eq!(status, 201, "{body}");
        self.login(email, "correct horse").await.expect("an account")
    }
}

async fn answer(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    let text = response.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}
