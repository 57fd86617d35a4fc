//! Callers that are known by the link of a booking, in place of an account.

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use chassis::http::identity::{self, Caller, Restricted};
use chassis::http::problem::Problem;
use http::header;
use http::request::Parts;
use serde::{Deserialize, Serialize};

use super::{AppState, actor};
use crate::booking::{Reservation, ReservationId};
use crate::link::{PREFIX, Token};
use crate::room::Identity;
use crate::status::Actor;
use crate::store;
use crate::store::idempotency::Answer;

/// Somebody with an account, or with the link of a booking, which is all that they may see and change.
#[derive(Clone, Copy, Debug)]
pub struct Who {
    /// By what they are known.
    pub identity: Identity,
    /// As whom they act.
    pub actor: Actor,
}

impl From<Caller> for Who {
    fn from(caller: Caller) -> Self {
        Self { identity: Identity::Account(caller.user_id), actor: actor(caller) }
    }
}

/// The booking for whose link the request has a token that is good.
#[derive(Clone, Copy, Debug)]
struct Bearer(ReservationId);

impl<S: Send + Sync> FromRequestParts<S> for Who {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        if let Some(Bearer(id)) = parts.extensions.get() {
            return Ok(Self { identity: Identity::Link(*id), actor: Actor::Guest });
        }
        Caller::from_request_parts(parts, state).await.map(Self::from)
    }
}

/// Has handlers know a caller by the link of a booking. A token that is not good is none, as any other one.
pub async fn recognise(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let sent = request.headers().get(header::AUTHORIZATION).and_then(identity::bearer).filter(|token| token.starts_with(PREFIX));
    if let Some(token) = sent.and_then(|token| token.parse::<Token>().ok()) {
        match state.is_good(&token).await {
            Ok(true) => {
                request.extensions_mut().insert(Bearer(token.id));
                request.extensions_mut().insert(Restricted);
            }
            Ok(false) => {}
            Err(problem) => return problem.into_response(),
        }
    }
    next.run(request).await
}

/// A booking with its link.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct LinkedReservation {
    /// The booking.
    #[serde(flatten)]
    pub reservation: Reservation,
    #[serde(flatten)]
    #[allow(missing_docs)]
    pub link: Link,
}

/// The link of a booking.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Link {
    /// The token of the link, to be sent as a bearer token: with it the guest sees, changes and cancels this booking until 30 days after the
    /// visit. It is shown here alone.
    #[schema(example = "rbk_1_4r2mq6a5vdhvnxq2x5x7yjzk3u6wlbcf")]
    pub manage_token: String,
    /// The page on which the guest sees, changes and cancels the booking.
    #[schema(example = "https://book.example.com/b/7QK2M9XA?k=rbk_1_4r2mq6a5vdhvnxq2x5x7yjzk3u6wlbcf")]
    pub manage_url: String,
}

impl AppState {
    /// Whether a token is good for its booking, and not 30 days over.
    async fn is_good(&self, token: &Token) -> Result<bool, Problem> {
        let Some(keys) = &self.0.links else { return Ok(false) };
        let mut connection = self.connection().await?;
        let version = store::booking::link_version(&mut connection, token.id).await?;
        Ok(version.is_some_and(|version| keys.verify(token, version)))
    }

    /// The link of a booking. `None`: the service has no keys to make one.
    fn link(&self, id: ReservationId, code: &str, version: i32) -> Option<Link> {
        let manage_token = self.0.links.as_ref()?.sign(id, version);
        let manage_url = format!("{}/b/{code}?k={manage_token}", self.0.public_url);
        Some(Link { manage_token, manage_url })
    }

    /// The booking with its link.
    pub(super) fn linked(&self, reservation: &Reservation) -> Option<LinkedReservation> {
        let link = self.link(reservation.id, &reservation.reservation_code, reservation.link_version)?;
        Some(LinkedReservation { reservation: reservation.clone(), link })
    }

    /// The answer with a booking that was made, with its link, which is not kept: whoever reads the answers that are kept opens no booking.
    pub(super) fn linked_answer(&self, mut answer: Answer) -> Answer {
        #[derive(Deserialize)]
        struct Made<'a> {
            id: ReservationId,
            reservation_code: &'a str,
        }
        let link = serde_json::from_slice(&answer.body).ok().and_then(|Made { id, reservation_code }| self.link(id, reservation_code, 1));
        if let Some(link) = link.and_then(|link| serde_json::to_vec(&link).ok())
            && answer.body.pop() == Some(b'}')
        {
            answer.body.push(b',');
            answer.body.extend(&link[1..]);
        }
        answer
    }
}
