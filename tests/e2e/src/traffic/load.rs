//! The load: bookings with their changes, reads and logins, each at a steady rate.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use e2e::Booked;
use jiff::Timestamp;
use serde_json::json;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::Settings;
use crate::client::{Answer, Client, Request, unexpected};
use crate::ledger::{Acknowledged, Ledger};
use crate::place::{GROWN, Place};

/// How many requests of a kind are under way at most; beyond them the next one waits.
const UNDER_WAY: usize = 32;
/// How long a booking is tried for where faults are allowed.
const PATIENCE: Duration = Duration::from_secs(180);
/// How long is waited before a booking is tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// The codes by which the rules of a declared house refuse a booking, or a change of one.
const RULES: [&str; 2] = ["not_bookable", "table_inactive"];

/// Who sends the requests.
pub(crate) struct Load {
    pub(crate) client: Client,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) place: Place,
    /// Whether a booking is tried again, with its key, until it is acknowledged.
    pub(crate) faults_allowed: bool,
    /// Whether the rules of a declared house may refuse a booking.
    pub(crate) declared_house: bool,
    pub(crate) full: AtomicBool,
}

/// Sends requests until `stop` is true, and waits for those that are under way.
pub(crate) async fn run(load: &Arc<Load>, settings: &Settings, stop: &watch::Receiver<bool>) {
    tokio::join!(
        steadily(load, settings.bookings_per_second, stop.clone(), |load, number| async move { load.book(number).await }),
        steadily(load, settings.reads_per_second, stop.clone(), |load, number| async move { load.read(number).await }),
        steadily(load, settings.logins_per_second, stop.clone(), |load, number| async move { load.log_in(number).await }),
    );
}

async fn steadily<F>(load: &Arc<Load>, per_second: f64, mut stop: watch::Receiver<bool>, send: impl Fn(Arc<Load>, u64) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    if per_second <= 0.0 {
        return;
    }
    let (mut requests, places) = (JoinSet::new(), Arc::new(Semaphore::new(UNDER_WAY)));
    let mut ticks = tokio::time::interval(Duration::from_secs_f64(1.0 / per_second));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for number in 0.. {
        let next = async {
            ticks.tick().await;
            places.clone().acquire_owned().await
        };
        let place = tokio::select! {
            place = next => place,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let request = send(load.clone(), number);
        requests.spawn(async move {
            request.await;
            drop(place);
        });
        while requests.try_join_next().is_some() {}
    }
    while requests.join_next().await.is_some() {}
}

/// What became of a change.
enum Change {
    Made,
    /// A rule of the house is in its way.
    Refused,
    /// It was refused, or there was no answer: nobody knows.
    InDoubt,
}

impl Load {
    async fn book(&self, number: u64) {
        let Some(wanted) = self.place.booking(number) else {
            if !self.full.swap(true, Ordering::Relaxed) {
                self.ledger.failed("the tables are full: the run is longer than its tables last".to_owned());
            }
            return;
        };
        let guest = self.place.guest(number);
        let url = format!("{}/reservations/", self.place.reservation);
        let request = Request::post(url).token(&guest.token).key(self.place.tag(number)).body(wanted);
        let sent = Timestamp::now();
        let Some(answer) = self.ask(&request, &[201, 409]).await else {
            return self.ledger.in_doubt(number);
        };
        let acknowledged = Timestamp::now();
        match (answer.status, answer.code()) {
            (201, _) => {}
            (409, "table_taken") => return self.ledger.count(|report| &mut report.refused),
            (409, code) if self.is_rule(code) => return self.ledger.refused_by_rule(code),
            _ => return self.ledger.failed(unexpected(&request, &answer)),
        }
        let Some(id) = answer.body["id"].as_i64() else {
            return self.ledger.failed(format!("a booking without an id: {}", answer.body));
        };
        let code = answer.body["reservation_code"].as_str().unwrap_or_default().to_owned();
        println!("{}", Booked { id, code, sent, acknowledged }.line());
        if answer.replayed {
            self.ledger.count(|report| &mut report.replayed);
        }
        let mut booking = Acknowledged { number, id, changes: 0, in_doubt: 0 };
        for change in self.changes(number, id) {
            match self.change(&change).await {
                Change::Made => booking.changes += 1,
                Change::Refused => {}
                Change::InDoubt => booking.in_doubt += 1,
            }
        }
        self.ledger.acknowledged(booking);
    }

    /// What is done with a booking after it was made, so that its events have an order to keep.
    fn changes(&self, number: u64, id: i64) -> Vec<Request> {
        let booking = format!("{}/reservations/{id}", self.place.reservation);
        let mut changes = Vec::new();
        if number.is_multiple_of(3) {
            changes.push(Request::patch(&booking).token(&self.place.guest(number).token).body(json!({"guests_count": GROWN})));
        }
        if number.is_multiple_of(4) {
            changes.push(Request::post(format!("{booking}/confirm")).token(&self.place.admin));
        }
        if number.is_multiple_of(7) {
            changes.push(Request::post(format!("{booking}/cancel")).token(&self.place.guest(number).token));
        }
        changes
    }

    async fn change(&self, request: &Request) -> Change {
        let Some(answer) = self.ask(request, &[200, 409]).await else { return Change::InDoubt };
        // A confirmation that is tried again after its answer was lost is refused: it was made.
        if answer.status == 200 || (self.faults_allowed && answer.code() == "invalid_transition") {
            return Change::Made;
        }
        if self.is_rule(answer.code()) {
            self.ledger.refused_by_rule(answer.code());
            return Change::Refused;
        }
        self.ledger.failed(unexpected(request, &answer));
        Change::InDoubt
    }

    fn is_rule(&self, code: &str) -> bool {
        self.declared_house && RULES.contains(&code)
    }

    /// What a guest and the house look at, one after another.
    async fn read(&self, number: u64) {
        let (place, guest) = (&self.place, self.place.guest(number));
        let reservations = format!("{}/reservations", place.reservation);
        let request = match number % 4 {
            0 | 1 => Request::get(format!("{}/api/v1/menu?q={}", place.menu, place.run)),
            2 => Request::get(format!("{reservations}/my?limit=10")).token(&guest.token),
            _ => Request::get(format!("{reservations}/tables")),
        };
        if let Some(answer) = self.ask_once(&request, &[200]).await
            && number % 4 < 2
            && answer.body.as_array().is_none_or(Vec::is_empty)
        {
            self.ledger.failed("the menu: the dish is not there".to_owned());
        }
    }

    async fn log_in(&self, number: u64) {
        let request = self.place.login_of(usize::try_from(number).unwrap_or(0));
        if self.ask_once(&request, &[200]).await.is_some() {
            self.ledger.count(|report| &mut report.logins);
        }
    }

    /// Asks once, or, where faults are allowed, until there is an answer of these statuses.
    async fn ask(&self, request: &Request, statuses: &[u16]) -> Option<Answer> {
        let started = Instant::now();
        loop {
            let answer = self.ask_once(request, statuses).await;
            if answer.is_some() || !self.faults_allowed || started.elapsed() > PATIENCE {
                return answer;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn ask_once(&self, request: &Request, statuses: &[u16]) -> Option<Answer> {
        match self.client.send(request).await {
            Ok(answer) if statuses.contains(&answer.status) => {
                self.ledger.count(|report| &mut report.answered);
                return Some(answer);
            }
            Ok(answer) => self.ledger.failed(unexpected(request, &answer)),
            Err(failure) => self.ledger.failed(failure),
        }
        None
    }
}
