//! Booking a table.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chassis::http::RequestId;
use chassis::http::identity::Caller;
use chassis::http::old::input::Input;
use chassis::http::old::rule::{Fault, Ruled};
use chassis::http::problem::{FieldError, Problem};
use chassis::run::database::is_retryable;
use http::{HeaderName, HeaderValue, StatusCode, header};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use sqlx::{Connection as _, PgConnection};

use super::{AppState, created, refusal};
use crate::booking::Wanted;
use crate::slot::{self, Timetable};
use crate::status::Status;
use crate::store::booking::{self, Booked, NewBooking, Reservation};
use crate::store::idempotency::{self, Answer, Claim};
use crate::store::{guest, table};

/// A request to book.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "it is only described; booking::Wanted is what is read")]
pub struct NewReservation {
    /// The table; left out, the house finds the smallest that is free.
    #[schema(example = 1, minimum = 1)]
    table_id: Option<i32>,
    /// How many come.
    #[schema(example = 4, minimum = 1, maximum = 20)]
    guests_count: i32,
    /// When they come: from now on.
    #[schema(example = "2030-05-17T19:00:00+02:00")]
    reservation_time: Timestamp,
    /// How long they stay.
    #[schema(default = 120, minimum = 15, maximum = 480)]
    duration_minutes: Option<i32>,
    /// Where the guest can be called; left out, the number of the account.
    #[schema(example = "+44 20 7946 0958", max_length = 50)]
    contact_phone: Option<String>,
    /// Where the guest can be written to; left out, the address of the account.
    #[schema(example = "guest@example.com", max_length = 255)]
    contact_email: Option<String>,
    /// What the guest asks for.
    #[schema(example = "A high chair, please", max_length = 2000)]
    special_requests: Option<String>,
}

/// Book a table
///
/// With an Idempotency-Key the request can be repeated safely: for 24 hours the same key gives the first answer again.
#[utoipa::path(post, path = "/reservations/", operation_id = "create_reservation", tag = "reservations", security(("bearer" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters, new for each booking", pattern = "^[!-~]{1,255}$", example = "5f0c7a52-4cf3-4d0b-9a34-5d2c8f7b6a01")),
    request_body(content = NewReservation, examples(
        ("any" = (summary = "The smallest table that is free, and the account's contact",
            value = json!({"guests_count": 4, "reservation_time": "2030-05-17T19:00:00+02:00"}))),
        ("whole" = (summary = "A table of one's own choice", value = json!({
            "table_id": 1, "guests_count": 4, "reservation_time": "2030-05-17T19:00:00+02:00", "duration_minutes": 90,
            "contact_phone": "+44 20 7946 0958", "contact_email": "guest@example.com", "special_requests": "A high chair, please"}))),
    )),
    responses((status = 201, description = "The booking", body = Reservation, headers(
        ("Location" = String, description = "Where the booking is"),
        ("ETag" = String, description = "The version"),
        ("Idempotency-Replayed" = Option<String>, description = "true, where the answer was given before")))))]
pub async fn create(State(state): State<AppState>, caller: Caller, mut input: Input) -> Result<Response, Problem> {
    input.json_body()?;
    let now = Timestamp::now();
    // A body is fingerprinted before its members are taken out of it.
    let key = input.header("Idempotency-Key", key_rule).map(|key| (key, Sha256::digest(input.canonical_body())));
    let wanted = Wanted::read(&mut input, state.house(), now);
    let judged = input.finish();
    let completed = match judged {
        Ok(()) => new_booking(&state, caller, wanted, now).await,
        Err(problem) => Err(problem),
    };
    let new = match (completed, &key) {
        // What was answered is answered again, even where the time that was booked has meanwhile gone by.
        (Err(problem), Some((key, fingerprint))) => {
            let kept = idempotency::find(state.pool(), caller.user_id.get(), key, fingerprint).await?;
            return kept.map(replay).ok_or(problem);
        }
        (completed, _) => completed?,
    };
    // Tried again are: a code that another booking has, which is as likely as guessing one (one in a million for a million bookings);
    // and a deadlock with bookings that move, of which the database ends one.
    let mut attempts = 0..3;
    loop {
        let new = NewBooking { code: crate::code::new().map_err(Problem::internal)?, ..new.clone() };
        let answered = match &key {
            None => answer_once(&state, &new, now).await,
            Some((key, fingerprint)) => answer_by_key(&state, &new, now, (key, fingerprint), &input.request_id).await,
        };
        match answered {
            Err(Failure::Database(error)) if (is_code_taken(&error) || is_retryable(&error)) && attempts.next().is_some() => {}
            Err(Failure::Database(error)) => return Err(error.into()),
            Err(Failure::Problem(problem)) => return Err(problem),
            Ok(response) => return Ok(response),
        }
    }
}

/// 1 to 255 visible ASCII characters.
fn key_rule(text: &str) -> Ruled<String> {
    if (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(text.to_owned())
    } else {
        Err(Fault::new("invalid_idempotency_key", "This must be 1 to 255 visible ASCII characters."))
    }
}

/// Completes what is wanted with what the account says.
async fn new_booking(state: &AppState, caller: Caller, wanted: Wanted, now: Timestamp) -> Result<NewBooking, Problem> {
    let (mut phone, mut email) = (wanted.contact_phone, wanted.contact_email);
    if phone.is_none() || email.is_none() {
        let account = guest::get(state.pool(), caller.user_id.get()).await?;
        phone = phone.or_else(|| account.as_ref()?.phone.clone());
        email = email.or_else(|| account.map(|account| account.email));
    }
    let unknown = [("contact_email", email.is_none()), ("contact_phone", phone.is_none())];
    let new = NewBooking {
        user_id: caller.user_id.get(),
        code: String::new(),
        status: if state.house().auto_confirm { Status::Confirmed } else { Status::Pending },
        table_id: wanted.table_id,
        guests_count: wanted.guests_count,
        reservation_time: wanted.reservation_time,
        duration_minutes: wanted.duration_minutes,
        contact_phone: phone.unwrap_or_default(),
        contact_email: email.unwrap_or_default(),
        special_requests: wanted.special_requests,
    };
    let errors = unknown
        .into_iter()
        .filter(|(_, unknown)| *unknown)
        .flat_map(|(name, _)| Problem::member(name, "required", "This is required: the account does not say it.").errors().to_vec());
    let errors: Vec<_> = errors.collect();
    if errors.is_empty() { Ok(new) } else { Err(refuse_contact(state, &new, errors, now).await?) }
}

/// The 422 of a contact that nobody knows, or what comes before it: a conflict, and a table that cannot be had beside it.
async fn refuse_contact(state: &AppState, new: &NewBooking, mut errors: Vec<FieldError>, now: Timestamp) -> Result<Problem, Problem> {
    let mut transaction = state.pool().begin().await?;
    let decided = decide(state, &mut transaction, new, now).await?;
    transaction.rollback().await?;
    Ok(match decided {
        Err(problem) if problem.errors().is_empty() => problem,
        Err(problem) => {
            errors.extend_from_slice(problem.errors());
            Problem::validation(errors)
        }
        Ok(_) => Problem::validation(errors),
    })
}

/// Why there is no answer.
enum Failure {
    Database(sqlx::Error),
    Problem(Problem),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

fn is_code_taken(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(error) if error.constraint() == Some("reservation_code_key"))
}

async fn answer_once(state: &AppState, new: &NewBooking, now: Timestamp) -> Result<Response, Failure> {
    let mut connection = state.pool().acquire().await?;
    let decided = decide(state, &mut connection, new, now).await?;
    drop(connection);
    match decided {
        Ok(made) => {
            state.count("created");
            state.service().outbox.wake();
            Ok(response_of(&made))
        }
        Err(problem) => {
            state.count(problem.code().code);
            Err(Failure::Problem(problem))
        }
    }
}

async fn answer_by_key(
    state: &AppState,
    new: &NewBooking,
    now: Timestamp,
    (key, fingerprint): (&str, &[u8]),
    request_id: &RequestId,
) -> Result<Response, Failure> {
    let mut connection = state.pool().acquire().await?;
    let mut transaction = connection.begin().await?;
    match idempotency::claim(&mut transaction, new.user_id, key, fingerprint).await? {
        Claim::New => {}
        Claim::Answered(answer) => {
            state.count("replayed");
            return Ok(replay(answer));
        }
        Claim::Reused => {
            let detail = "The Idempotency-Key was used for a request with another body; use a new key for a new booking.";
            return Err(Failure::Problem(Problem::new(&refusal::IDEMPOTENCY_KEY_REUSED, detail)));
        }
    }
    let decided = decide(state, &mut transaction, new, now).await?;
    let outcome = match &decided {
        Ok(_) => "created",
        Err(problem) => problem.code().code,
    };
    let response = match &decided {
        Ok(made) => response_of(made),
        Err(problem) => problem.respond(request_id.as_str()),
    };
    let (answer, response) = recorded(response).await;
    idempotency::keep(&mut transaction, new.user_id, key, &answer).await?;
    transaction.commit().await?;
    state.count(outcome);
    if decided.is_ok() {
        state.service().outbox.wake();
    }
    Ok(response)
}

fn response_of(made: &Reservation) -> Response {
    created(format!("/reservations/{}", made.id), made.version, made)
}

/// The answer as it is kept, and as it is given now.
async fn recorded(response: Response) -> (Answer, Response) {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let kept = [header::CONTENT_TYPE, header::LOCATION, header::ETAG];
    let headers = kept.iter().filter_map(|name| Some((name.to_string(), parts.headers.get(name)?.to_str().ok()?.to_owned())));
    let status = i16::try_from(parts.status.as_u16()).unwrap_or(500);
    (Answer { status, headers: headers.collect(), body: body.to_vec() }, Response::from_parts(parts, body.into()))
}

fn replay(answer: Answer) -> Response {
    let status = u16::try_from(answer.status).ok().and_then(|status| StatusCode::from_u16(status).ok());
    let mut response = (status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), answer.body).into_response();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    headers.insert(HeaderName::from_static("idempotency-replayed"), HeaderValue::from_static("true"));
    response
}

/// Books, or says why not. What is refused here leaves no trace in the database.
async fn decide(
    state: &AppState,
    connection: &mut PgConnection,
    new: &NewBooking,
    now: Timestamp,
) -> Result<Result<Box<Reservation>, Problem>, sqlx::Error> {
    let (start, end) = (new.reservation_time, crate::booking::end(new.reservation_time, new.duration_minutes));
    loop {
        match (booking::book(connection, new).await?, new.table_id) {
            (Booked::Made(made), _) => return Ok(Ok(made)),
            (Booked::Taken, Some(_)) => return Ok(Err(refusal::table_taken())),
            // Somebody else took the table that the database chose: it chooses again, among what is left.
            (Booked::Taken, None) => {}
            (Booked::NoTable, Some(table_id)) => {
                if let Some(problem) = judge_table(connection, table_id, new.guests_count).await? {
                    return Ok(Err(problem));
                }
            }
            (Booked::NoTable, None) => {
                if let Some(problem) = judge_house(state, connection, new, (start, end), now).await? {
                    return Ok(Err(problem));
                }
            }
        }
    }
}

/// Why a table that was named cannot be booked, by what it is.
pub(super) async fn judge_table(connection: &mut PgConnection, table_id: i32, guests: i32) -> Result<Option<Problem>, sqlx::Error> {
    let table: Option<(i32, bool)> =
        sqlx::query_as(r#"SELECT capacity, is_active FROM "table" WHERE id = $1"#).bind(table_id).fetch_optional(connection).await?;
    Ok(match table {
        None => Some(Problem::member("table_id", "unknown_table", "There is no such table.")),
        Some((_, false)) => Some(Problem::new(&refusal::TABLE_INACTIVE, "The table cannot be booked; name another, or none.")),
        Some((capacity, true)) if capacity < guests => {
            Some(Problem::member("table_id", "table_too_small", format!("This table seats {capacity}; the party is {guests}.")))
        }
        Some(_) => None,
    })
}

/// Why the house has no table for a party; `None` where it has one after all.
async fn judge_house(
    state: &AppState,
    connection: &mut PgConnection,
    new: &NewBooking,
    (start, end): (Timestamp, Timestamp),
    now: Timestamp,
) -> Result<Option<Problem>, sqlx::Error> {
    let tables = table::fitting(connection, new.guests_count).await?;
    if tables.is_empty() {
        return Ok(Some(refusal::no_table_fits(new.guests_count)));
    }
    let alternatives = near(state, connection, &tables, (start, end), now).await?;
    Ok(alternatives.map(|alternatives| refusal::no_table_free(&alternatives)))
}

/// The free times nearest to one that is not; `None` where it is free after all.
pub(super) async fn near(
    state: &AppState,
    connection: &mut PgConnection,
    tables: &[i32],
    (start, end): (Timestamp, Timestamp),
    now: Timestamp,
) -> Result<Option<Vec<Timestamp>>, sqlx::Error> {
    let window = state.house().window(now);
    let mut found = Vec::new();
    for reach in slot::reaches(start, window) {
        let from = start.saturating_sub(reach).unwrap_or(start);
        let to = end.saturating_add(reach).unwrap_or(end);
        let holds = table::holds(connection, tables, from, to).await?;
        let timetable = Timetable::new(tables, &holds);
        if timetable.is_free(start, end) {
            return Ok(None);
        }
        found = slot::alternatives(start, end.duration_since(start), window, reach, &timetable);
        if slot::are_enough(&found) {
            break;
        }
    }
    Ok(Some(found))
}
