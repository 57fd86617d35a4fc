//! What a handler is given, for tests of how it is read.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::routing::any;
use chassis::http::old::input::Input;
use chassis::http::problem::Problem;
use http::StatusCode;
use tower::ServiceExt as _;

/// Reads a body as a handler does: what was read, and whether nothing was wrong with it.
pub(super) async fn body<T: Send + 'static>(
    content_type: &str,
    body: &'static str,
    read: impl Fn(&mut Input) -> T + Clone + Send + Sync + 'static,
) -> (T, Result<(), Problem>) {
    let outcome = Arc::new(Mutex::new(None));
    let handler = {
        let outcome = outcome.clone();
        move |mut input: Input| async move {
            input.json_or_form_body().expect("a body");
            let read = read(&mut input);
            *outcome.lock().expect("not poisoned") = Some((read, input.finish()));
            StatusCode::NO_CONTENT
        }
    };
    let request = Request::post("/").header("Content-Type", content_type).body(Body::from(body)).expect("a request");
    let response = Router::new().route("/", any(handler)).oneshot(request).await.expect("infallible");
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    outcome.lock().expect("not poisoned").take().expect("read")
}
