//! What the service answers to requests.

pub mod action;
pub mod availability;
pub mod create;
pub mod refusal;
pub mod reservation;
pub mod table;

use std::sync::Arc;

use axum::Json;
use axum::response::{IntoResponse, Response};
use chassis::http::old::etag;
use chassis::run::service::Service;
use http::{HeaderValue, StatusCode, header};
use prometheus::IntCounterVec;
use serde::Serialize;

use crate::config::House;

/// What every handler has at hand.
#[derive(Clone)]
pub struct AppState(Arc<Inner>);

struct Inner {
    service: Service,
    house: House,
    outcomes: IntCounterVec,
}

impl AppState {
    /// The state of a service whose house has these rules.
    pub fn new(service: Service, house: House) -> Self {
        let outcomes = service.metrics.register(IntCounterVec::new(
            prometheus::Opts::new("reservations_total", "What became of bookings and of requests to book, by outcome."),
            &["outcome"],
        ));
        Self(Arc::new(Inner { service, house, outcomes }))
    }

    fn service(&self) -> &Service {
        &self.0.service
    }

    fn pool(&self) -> &sqlx::PgPool {
        &self.0.service.pool
    }

    fn house(&self) -> &House {
        &self.0.house
    }

    fn count(&self, outcome: &str) {
        self.0.outcomes.with_label_values(&[outcome]).inc();
    }
}

/// A thing with its ETag.
fn with_etag(status: StatusCode, version: i32, thing: &impl Serialize) -> Response {
    let mut response = (status, Json(thing)).into_response();
    response.headers_mut().insert(header::ETAG, etag::of_version(version));
    response
}

/// A new thing, with its `Location`.
fn created(path: String, version: i32, thing: &impl Serialize) -> Response {
    let mut response = with_etag(StatusCode::CREATED, version, thing);
    response.headers_mut().extend(HeaderValue::try_from(path).ok().map(|path| (header::LOCATION, path)));
    response
}

/// Says that an answer is a guest's own, which no cache may keep.
pub async fn private(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
