//! The three services as a guest or an administrator outside of the cluster reaches them.

use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::Result;
use crate::command::run;
use crate::forward::Forward;
use crate::restaurant::Restaurant;
use crate::world::World;

/// The services and their ports.
pub(crate) const SERVICES: [(&str, u16); 3] = [("auth", 8000), ("menu", 8001), ("reservation", 8002)];

/// Ways to the Services of a restaurant.
pub(crate) struct Doors {
    pub(crate) auth: Forward,
    pub(crate) menu: Forward,
    pub(crate) reservation: Forward,
    client: Client,
}

impl Doors {
    pub(crate) async fn open(restaurant: &Restaurant<'_>) -> Result<Self> {
        let [auth, menu, reservation] = SERVICES;
        Ok(Self {
            auth: restaurant.forward(auth).await?,
            menu: restaurant.forward(menu).await?,
            reservation: restaurant.forward(reservation).await?,
            client: Client::builder().no_proxy().build()?,
        })
    }

    /// Sends a request, and fails unless it is answered with this status.
    pub(crate) async fn ask(&self, method: Method, url: &str, token: &str, body: &Value, expected: u16) -> Result<String> {
        let mut request = self.client.request(method.clone(), url);
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if !body.is_null() {
            request = request.json(body);
        }
        let response = request.send().await?;
        let (status, text) = (response.status().as_u16(), response.text().await?);
        if status == expected { Ok(text) } else { Err(format!("{method} {url}: {status}, not {expected}: {text}").into()) }
    }

    /// `GET` without a token, answered with 200.
    pub(crate) async fn get(&self, url: &str) -> Result<String> {
        self.ask(Method::GET, url, "", &Value::Null, 200).await
    }

    /// A token.
    pub(crate) async fn log_in(&self, email: &str, password: &str) -> Result<String> {
        let url = format!("{}/auth/login", self.auth.url);
        let answer = self.ask(Method::POST, &url, "", &json!({"email": email, "password": password}), 200).await?;
        let answer: Value = serde_json::from_str(&answer)?;
        Ok(answer["access_token"].as_str().ok_or("a login without a token")?.to_owned())
    }

    /// The codes of all bookings of the next days, for an administrator.
    pub(crate) async fn bookings(&self, token: &str) -> Result<Vec<String>> {
        let (mut codes, mut page) = (Vec::new(), Some("/reservations/?limit=100".to_owned()));
        while let Some(path) = page {
            let response = self.client.get(format!("{}{path}", self.reservation.url)).bearer_auth(token).send().await?;
            let response = response.error_for_status()?;
            let link = response.headers().get("link").and_then(|link| link.to_str().ok());
            page = link.and_then(|link| Some(link.strip_prefix('<')?.split_once('>')?.0.to_owned()));
            let rows: Vec<Value> = response.json().await?;
            codes.extend(rows.iter().filter_map(|row| row["reservation_code"].as_str().map(str::to_owned)));
        }
        codes.sort();
        Ok(codes)
    }

    /// A guest and the administrator walk through the restaurant, the latter with the password that was generated.
    pub(crate) async fn walk(&self, restaurant: &Restaurant<'_>) -> Result<()> {
        let (email, password) = restaurant.administrator().await?;
        let walk = World::path("tests/walk");
        let variables = [
            ("AUTH_URL", self.auth.url.as_str()),
            ("MENU_URL", &self.menu.url),
            ("RESERVATION_URL", &self.reservation.url),
            ("ADMIN_EMAIL", &email),
            ("ADMIN_PASSWORD", &password),
        ];
        let told = run("sh", &[walk.to_str().ok_or("a path that is not UTF-8")?], "", &variables).await?;
        restaurant.world.tell(told);
        Ok(())
    }
}
