//! A booking as a file that the guest puts into their calendar.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header;
use jiff::Timestamp;

use super::Pages;
use super::booking::Linked;
use crate::mail::calendar::{self, For};
use crate::mail::letter;
use crate::mail::message::Told;

/// Sends the file.
pub(super) async fn download(State(pages): State<Pages>, linked: Linked) -> Response {
    let link = pages.app.link_of(&linked.booking).map(|link| link.manage_url);
    let words = letter::words(linked.reader.language);
    let told = Told::from(&linked.booking);
    let file = calendar::entry(&told, For::Anyone, link.as_deref(), Timestamp::now(), (pages.app.site(), words));
    let headers = [
        (header::CONTENT_TYPE, calendar::MEDIA_TYPE),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"booking.ics\""),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, file).into_response()
}
