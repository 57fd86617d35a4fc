//! Mail about a booking: sent again.

use std::net::IpAddr;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chassis::http::code::FORBIDDEN;
use chassis::http::identity::{Caller, Staff};
use chassis::http::input::Input;
use chassis::http::openapi::Problems;
use chassis::http::problem::Problem;
use http::StatusCode;

use super::{AppState, actor};
use crate::booking::ReservationId;
use crate::room::{self, Identity};
use crate::{codes, store};

impl AppState {
    /// Sends the link of the booking that has this code and e-mail address, if there is one. It is answered before that is known: how long it
    /// takes tells nobody whether there is one.
    ///
    /// # Errors
    /// Where the database cannot be reached.
    pub(crate) async fn send_link(&self, code: String, email: String, network: IpAddr) -> Result<(), Problem> {
        let (state, mut connection) = (self.clone(), self.connection().await?);
        tokio::spawn(async move {
            match store::message::link(&mut connection, &code, &email, network).await {
                Ok(()) => state.tell(),
                Err(error) => tracing::warn!(%error, "the link of a booking was asked for and could not be sent"),
            }
        });
        Ok(())
    }

    /// Sends the last mail about a booking again.
    ///
    /// # Errors
    /// 404, 409 where there is none, or where the database cannot be reached.
    pub(crate) async fn send_again(&self, caller: Caller, id: ReservationId) -> Result<(), Problem> {
        let mut connection = self.connection().await?;
        let found = room::find(&mut connection, Identity::Account(caller.user_id), actor(caller), id).await;
        found.map_err(|refusal| self.problem(refusal))?;
        if !self.sends_mail() || !store::message::again(&mut connection, id).await? {
            return Err(Problem::new(&codes::NO_MESSAGE, "No mail was written to the guest of this booking at this address."));
        }
        self.tell();
        Ok(())
    }
}

/// The problems of the operation here.
pub const PROBLEMS: &[Problems] = &[("send_mail_again", &[&FORBIDDEN, &codes::NO_MESSAGE])];

/// Send the last mail again
///
/// To the guest of the booking, at the address that it has now. Mail that waits for another attempt is sent at once.
#[utoipa::path(
    post,
    path = "/reservations/{id}/mail",
    operation_id = "send_mail_again",
    tag = "reservations",
    security(("bearer" = [])),
    params(ReservationId),
    responses((status = 202, description = "The mail is on its way"))
)]
pub async fn again(State(state): State<AppState>, Staff(caller): Staff, mut input: Input) -> Result<Response, Problem> {
    let id = input.id::<ReservationId>();
    let id = input.finish(id)?;
    state.send_again(caller, id).await?;
    Ok(StatusCode::ACCEPTED.into_response())
}
