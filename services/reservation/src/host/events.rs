//! What is new, for pages that are open: one consumer a replica hears of bookings, however many pages there are.

use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use chassis::Shutdown;
use chassis::events::event::{TopicEvent as _, label};
use chassis::events::kafka::{Tail, Tailed};
use chassis::http::code;
use chassis::http::identity::Caller;
use chassis::http::problem::Problem;
use chassis::run::metrics::Metrics;
use contract::{Happened, ReservationEvent};
use futures_util::stream;
use house::calendar::Calendar;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use serde_json::json;
use tokio::sync::broadcast::{self, Receiver, Sender};

use super::{Desk, current};
use crate::http::AppState;
use crate::store;

/// How often a page that hears nothing is told that the way is open, and how often it is looked whether its host still is one.
const ALIVE: Duration = Duration::from_secs(15);
/// How often it is looked whether the house has changed, while pages are open: edits of it are no events.
const LOOK: Duration = Duration::from_secs(2);
/// How many messages wait for a page that is slow; one that misses some is told to look.
const WAITING: usize = 64;

/// What a page is told.
#[derive(Clone, Debug)]
enum Message {
    /// A booking of a date has changed; `None`: any date, since it may have moved.
    Day(Option<jiff::civil::Date>),
    /// The rules, the hours, the floor, a block or the pause have changed.
    House,
}

/// The way to the pages that are open.
#[derive(Clone)]
pub struct News {
    sender: Sender<Message>,
    stop: Shutdown,
}

impl News {
    /// A way that ends at `stop`.
    pub fn new(stop: Shutdown) -> Self {
        Self { sender: broadcast::channel(WAITING).0, stop }
    }
}

/// What hears of bookings.
pub struct Follower {
    /// The events of bookings.
    pub tail: Tail,
    /// The way to the pages.
    pub news: News,
    /// The house, whose calendar says to which date a time belongs.
    pub app: AppState,
    /// Where it counts.
    pub metrics: Metrics,
}

impl Follower {
    /// Follows until `stop`.
    pub async fn run(self, stop: Shutdown) {
        let Self { mut tail, news, app, metrics } = self;
        let ears = Ears { news, app, metrics };
        let hear = async {
            loop {
                ears.take(tail.next().await);
            }
        };
        // Side by side: a look would cut the tail off that is attaching itself to a slow broker.
        tokio::select! {
            () = stop.cancelled() => {}
            () = hear => {}
            () = ears.look() => {}
        }
    }
}

/// What is heard, on its way to the pages.
struct Ears {
    news: News,
    app: AppState,
    metrics: Metrics,
}

impl Ears {
    /// Looks at the version of the house again and again, while pages are open.
    async fn look(&self) {
        let (mut look, mut version) = (tokio::time::interval(LOOK), None);
        loop {
            look.tick().await;
            let open = self.news.sender.receiver_count() > 0;
            let found = if open { self.version().await } else { None };
            // The first page that is open may have been made by an earlier version.
            if found.is_some() && found != version {
                self.tell(Message::House);
            }
            version = if open { found.or(version) } else { None };
        }
    }

    async fn version(&self) -> Option<i32> {
        let mut connection = self.app.pool().acquire().await.ok()?;
        store::house::version(&mut connection).await.ok()
    }

    fn tell(&self, message: Message) {
        // Where no page is open, nobody listens.
        let _ = self.news.sender.send(message);
    }

    fn take(&self, tailed: Tailed) {
        match tailed {
            // What happened before is not known.
            Tailed::Attached => self.tell(Message::Day(None)),
            Tailed::Foreign => self.metrics.consumed("unknown", "ignored"),
            Tailed::Unreadable(error) => {
                tracing::error!(error, "an event of a booking cannot be read; open pages look themselves");
                self.metrics.consumed("unknown", "failed");
                self.tell(Message::Day(None));
            }
            Tailed::Event(received) => {
                let kind = label(Some(&received.kind), ReservationEvent::TYPES);
                let read = received.read::<ReservationEvent>();
                self.metrics.consumed(kind, if read.is_ok() { "handled" } else { "failed" });
                match read {
                    Ok(Some(event)) => self.tell(Message::Day(self.date(&event))),
                    Ok(None) => {}
                    Err(_) => self.tell(Message::Day(None)),
                }
            }
        }
    }

    /// The date to which a booking belongs. One that was changed may have been of another one.
    fn date(&self, event: &ReservationEvent) -> Option<jiff::civil::Date> {
        let known = self.app.room().memory.last().filter(|_| event.happened != Happened::Changed)?;
        let time = event.reservation.reservation_time;
        Some(Calendar::around(&known.house, time).date_of(time))
    }
}

/// A stream of what is new, until the session ends or the service stops.
pub(super) async fn stream(State(desk): State<Desk>, headers: HeaderMap) -> Result<Response, Problem> {
    let session = desk.door.session(&headers);
    let Some(session) = session.filter(|session| !session.caller.password_change_required) else {
        return Err(Problem::new(&code::UNAUTHENTICATED, "The session has ended. Sign in again."));
    };
    current(&desk.app, session.caller).await?;
    let left = i64::try_from(session.ends_at).unwrap_or(i64::MAX).saturating_sub(Timestamp::now().as_second());
    let ends = tokio::time::Instant::now() + Duration::from_secs(u64::try_from(left).unwrap_or_default());
    let judged = tokio::time::interval_at(tokio::time::Instant::now() + ALIVE, ALIVE);
    let open = Open { receiver: desk.news.sender.subscribe(), ends, judged, caller: session.caller, desk };
    let events = stream::unfold(open, |mut open| async move {
        let message = open.next().await?;
        Some((Ok::<_, std::convert::Infallible>(event(&message)), open))
    });
    let mut response = Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A proxy that gathers what it passes on would hold it back.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// A page that is open.
struct Open {
    receiver: Receiver<Message>,
    /// When its session ends.
    ends: tokio::time::Instant,
    /// When it is looked whether its host still is one.
    judged: tokio::time::Interval,
    caller: Caller,
    desk: Desk,
}

impl Open {
    /// What it is told next; `None` where it is told no more.
    async fn next(&mut self) -> Option<Message> {
        loop {
            let stop = &self.desk.news.stop;
            tokio::select! {
                () = stop.cancelled() => return None,
                () = tokio::time::sleep_until(self.ends) => return None,
                _ = self.judged.tick() => {
                    // A database that is away says nothing about a role.
                    if current(&self.desk.app, self.caller).await.is_err_and(|problem| problem.status() == StatusCode::FORBIDDEN) {
                        return None;
                    }
                }
                message = self.receiver.recv() => return match message {
                    Ok(message) => Some(message),
                    Err(broadcast::error::RecvError::Lagged(_)) => Some(Message::Day(None)),
                    Err(broadcast::error::RecvError::Closed) => None,
                },
            }
        }
    }
}

fn event(message: &Message) -> Event {
    match message {
        Message::Day(date) => Event::default().event("day").data(json!({"date": date}).to_string()),
        Message::House => Event::default().event("house").data("{}"),
    }
}
