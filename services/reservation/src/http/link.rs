//! Callers that are known by the link of a booking, in place of an account.

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use chassis::http::identity::{self, Caller, Restricted};
use chassis::http::problem::Problem;
use http::header;
use http::request::Parts;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::{AppState, actor, guest};
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

/// The booking for whose link the request has a token that is good, and the version of its links.
#[derive(Clone, Copy, Debug)]
struct Bearer(ReservationId, i32);

impl<S: Send + Sync> FromRequestParts<S> for Who {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        if let Some(Bearer(id, version)) = parts.extensions.get() {
            return Ok(Self { identity: Identity::Link(*id, *version), actor: Actor::Guest });
        }
        Caller::from_request_parts(parts, state).await.map(Self::from)
    }
}

/// Has handlers know a caller by the link of a booking. A token that is not good is none, as any other one.
pub async fn recognise(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let sent = request.headers().get(header::AUTHORIZATION).and_then(identity::bearer).filter(|token| token.starts_with(PREFIX));
    // Whoever books as a guest is one, whatever they send.
    let books = request.extensions().get::<MatchedPath>().is_some_and(|path| path.as_str() == guest::PATH);
    if let Some(token) = sent.filter(|_| !books).and_then(|token| token.parse::<Token>().ok()) {
        match state.good_version(&token).await {
            Ok(Some(version)) => {
                request.extensions_mut().insert(Bearer(token.id, version));
                request.extensions_mut().insert(Restricted);
            }
            Ok(None) => {}
            Err(problem) => return problem.into_response(),
        }
    }
    next.run(request).await
}

// As the answer to a guest's booking is described; `with_link` makes it.
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
    /// The version of the links of its booking for which a token is good, if it is, and the visit not 30 days over.
    pub(crate) async fn good_version(&self, token: &Token) -> Result<Option<i32>, Problem> {
        let Some(keys) = &self.0.links else { return Ok(None) };
        let mut connection = self.connection().await?;
        let version = store::booking::link_version(&mut connection, token.id).await?;
        Ok(version.filter(|version| keys.verify(token, *version)))
    }

    /// The link of a booking. `None`: the service has no keys to make one.
    fn link(&self, id: ReservationId, code: &str, version: i32) -> Option<Link> {
        let manage_token = self.0.links.as_ref()?.sign(id, version);
        let manage_url = format!("{}/b/{code}?k={manage_token}", self.0.site.reservation_url);
        Some(Link { manage_token, manage_url })
    }

    /// The link of a booking, as it is now.
    pub(crate) fn link_of(&self, reservation: &Reservation) -> Option<Link> {
        self.link(reservation.id, &reservation.reservation_code, reservation.link_version)
    }

    /// The kept answer with a booking that was made for this e-mail address, with its link. Where the booking has another address by now, its
    /// link is not for whoever asks again.
    pub(super) async fn relinked(&self, connection: &mut PgConnection, answer: Answer, email: &str) -> Result<Answer, sqlx::Error> {
        #[derive(Deserialize)]
        struct Made {
            id: ReservationId,
            reservation_code: String,
        }
        let Ok(Made { id, reservation_code }) = serde_json::from_slice(&answer.body) else { return Ok(answer) };
        let version = store::booking::link_version_for(connection, id, email).await?;
        Ok(with_link(answer, version.and_then(|version| self.link(id, &reservation_code, version))))
    }
}

/// The answer with a booking, with its link, which is not part of what is kept: whoever reads the answers that are kept opens no booking.
pub(super) fn with_link(mut answer: Answer, link: Option<Link>) -> Answer {
    if let Some(link) = link.and_then(|link| serde_json::to_vec(&link).ok())
        && answer.body.pop() == Some(b'}')
    {
        answer.body.push(b',');
        answer.body.extend(&link[1..]);
    }
    answer
}
