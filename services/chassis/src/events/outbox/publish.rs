//! A term of office of the relay: what waits is sent, an event of each aggregate at a time, and deleted as it is acknowledged. An aggregate
//! whose event does not get through rests, and holds up no other.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use sqlx::postgres::PgListener;
use tokio::time::Instant;

use super::lane::{Key, Lane, Resting, Sending, Why};
use super::lead::{Lease, Relay};
use super::queue::{self, Row, answered};
use super::seen::Seen;
use crate::events::event::data_schema;
use crate::events::kafka::Publisher;
use crate::run::shutdown::Shutdown;

/// How many events are in memory at once, at most.
const WINDOW: usize = 2000;
/// How many aggregates rest at once, at most, before nothing new is taken.
const RESTING: usize = 10_000;
/// How many aggregates that rested are tried at once, at most: what does not get through must leave room for what does.
const TRIED: usize = 200;
/// How often the lease is renewed, and the table looked at without having been woken.
const BEAT: Duration = Duration::from_secs(2);
/// How often the table is looked at where nothing should be.
const NET: Duration = Duration::from_secs(60);
/// How often the table is looked at, at most.
const PACE: Duration = Duration::from_millis(10);
/// How long an aggregate rests after the broker did not take its event.
const UNAVAILABLE: Duration = Duration::from_millis(500);
/// How long an aggregate rests after the broker refused its event.
const REFUSED: Duration = Duration::from_secs(30);

/// What came of sending an event.
struct Sent {
    key: Key,
    id: i64,
    outcome: Result<(), KafkaError>,
}

/// What a relay knows while it leads.
pub(super) struct Term<'a> {
    relay: &'a Relay,
    holder: i64,
    lease: Lease,
    publisher: Option<Publisher>,
    seen: Seen,
    lanes: HashMap<Key, Lane>,
    /// How many events are in memory.
    held: usize,
    sent: FuturesUnordered<BoxFuture<'static, Sent>>,
    acknowledged: Vec<i64>,
    refused: Vec<(i64, String)>,
    /// Something may have come.
    woken: bool,
    /// The last look left something behind.
    cut: bool,
    next_beat: Instant,
    next_net: Instant,
    /// Some event did not get through, and none that was tried again has since.
    struck: bool,
    stopping: bool,
}

impl<'a> Term<'a> {
    pub(super) fn new(relay: &'a Relay, holder: i64, lease: Lease, oldest: i64) -> Self {
        let now = Instant::now();
        Self {
            relay,
            holder,
            lease,
            publisher: None,
            seen: Seen::from(oldest),
            lanes: HashMap::new(),
            held: 0,
            sent: FuturesUnordered::new(),
            acknowledged: Vec::new(),
            refused: Vec::new(),
            woken: true,
            cut: false,
            next_beat: now,
            next_net: now,
            struck: false,
            stopping: false,
        }
    }

    /// Publishes until the lease is over (false), or nothing is left after `stop` (true). What the client of the broker still has goes with
    /// the term.
    pub(super) async fn run(mut self, database: &mut PgListener, stop: &Shutdown) -> Result<bool, sqlx::Error> {
        // It connects now, and not when the first event waits for it. Where it cannot be made, that event says so.
        self.publisher = Publisher::new(&self.relay.kafka).ok();
        loop {
            if !self.lease.holds() {
                tracing::warn!("the relay was held up and leads no longer; another one publishes, or this one after the next election");
                return Ok(false);
            }
            let round = Instant::now();
            self.settle(database).await?;
            if !self.look(database).await? {
                return Ok(false);
            }
            self.try_again(database).await?;
            self.relay.metrics.blocked(self.resting(Why::Refused));
            if self.stopping && self.held == 0 && !self.woken && !self.cut && self.resting(Why::Refused) == self.lanes.len() {
                self.settle(database).await?;
                return Ok(true);
            }
            self.wait(database, stop).await?;
            // What comes in quick succession is looked at together.
            if round.elapsed() < PACE {
                tokio::time::sleep_until(round + PACE).await;
            }
            while let Some(Some(sent)) = self.sent.next().now_or_never() {
                self.note(sent);
            }
            while database.next_buffered().is_some() {
                self.woken = true;
            }
        }
    }

    async fn wait(&mut self, database: &mut PgListener, stop: &Shutdown) -> Result<(), sqlx::Error> {
        if !self.acknowledged.is_empty() || !self.refused.is_empty() || (self.cut && self.room() > 0) || (self.woken && self.stopping) {
            return Ok(());
        }
        let next = self.due().map_or(self.next_beat, |due| due.min(self.next_beat));
        tokio::select! {
            Some(sent) = self.sent.next(), if !self.sent.is_empty() => self.note(sent),
            () = self.relay.outbox.woken() => self.woken = true,
            waiting = database.try_recv() => {
                waiting?.ok_or(sqlx::Error::WorkerCrashed)?;
                self.woken = true;
            }
            () = tokio::time::sleep_until(next) => {}
            () = stop.cancelled(), if !self.stopping => {
                self.stopping = true;
                self.woken = true;
            }
        }
        Ok(())
    }

    /// When the first aggregate that rests is due, where there is room for it.
    fn due(&self) -> Option<Instant> {
        if self.room() == 0 || !self.lease.may_send() {
            return None;
        }
        let resting = self.lanes.values().filter_map(|lane| match lane {
            Lane::Resting(resting) => Some(resting.until),
            Lane::Sending(_) => None,
        });
        resting.min()
    }

    fn resting(&self, why: Why) -> usize {
        self.lanes.values().filter(|lane| lane.rests_for(why)).count()
    }

    /// How many more events there is room for.
    fn room(&self) -> usize {
        WINDOW.saturating_sub(self.held)
    }

    /// Writes down what came of sending.
    async fn settle(&mut self, database: &mut PgListener) -> Result<(), sqlx::Error> {
        if !self.acknowledged.is_empty() {
            answered(queue::delete(&mut *database, &self.acknowledged)).await?;
            self.seen.forget(&self.acknowledged);
            self.acknowledged.clear();
        }
        for (id, error) in std::mem::take(&mut self.refused) {
            answered(queue::refused(&mut *database, id, &error)).await?;
        }
        Ok(())
    }

    /// Renews the lease where that is due, and takes what waits; false where another relay leads.
    async fn look(&mut self, database: &mut PgListener) -> Result<bool, sqlx::Error> {
        let now = Instant::now();
        let room = if self.lanes.len() < RESTING + WINDOW { self.room() } else { 0 };
        let limit = i64::try_from(room).expect("the window is small");
        let rows = if self.next_beat <= now {
            let seen = self.seen.ids();
            let net = self.next_net <= now;
            let oldest = self.lanes.values().map(Lane::first).min().unwrap_or(i64::MAX).min(self.seen.floor());
            let lease = Lease::ask();
            let look = self.seen.look(&seen, limit, net);
            let Some(mut beat) = answered(queue::beat(&mut *database, self.holder, oldest, look)).await? else { return Ok(false) };
            self.lease = lease;
            self.next_beat = now + BEAT;
            let rows = std::mem::take(&mut beat.rows);
            let complete = rows.len() < room;
            if net && complete {
                self.next_net = now + NET;
            }
            for row in &rows {
                self.seen.note(row.id);
            }
            let held = self.lanes.values().filter_map(|lane| match lane {
                Lane::Sending(sending) => Some(sending.held()),
                Lane::Resting(_) => None,
            });
            let held: Vec<i64> = held.flatten().chain(self.acknowledged.iter().copied()).chain(rows.iter().map(|row| row.id)).collect();
            self.seen.raise(&beat, complete, held.into_iter());
            rows
        } else if room > 0 && (self.woken || self.cut) {
            let seen = self.seen.ids();
            let rows = answered(queue::look(&mut *database, self.seen.look(&seen, limit, false))).await?;
            for row in &rows {
                self.seen.note(row.id);
            }
            rows
        } else {
            return Ok(true);
        };
        self.woken = false;
        self.cut = rows.len() == room;
        for row in rows {
            self.take(row);
        }
        Ok(true)
    }

    /// Takes an event that was not seen before.
    fn take(&mut self, row: Row) {
        match self.lanes.get_mut(&(row.topic.clone(), row.key.clone())) {
            None => self.send(row, VecDeque::new(), false, false),
            Some(Lane::Sending(sending)) if !sending.more => {
                sending.queue.push_back(row);
                self.held += 1;
            }
            // It is read again in its turn.
            Some(_) => {}
        }
    }

    /// Reads again what waits of aggregates that have rested.
    async fn try_again(&mut self, database: &mut PgListener) -> Result<(), sqlx::Error> {
        let now = Instant::now();
        let tried = self.lanes.values().filter(|lane| matches!(lane, Lane::Sending(sending) if sending.retried)).count();
        let room = self.room();
        if room == 0 || !self.lease.may_send() || tried >= TRIED {
            return Ok(());
        }
        let mut due: Vec<(&Key, &Resting)> = Vec::new();
        for (key, lane) in &self.lanes {
            if let Lane::Resting(resting) = lane
                && resting.until <= now
            {
                due.push((key, resting));
            }
        }
        due.sort_by_key(|(_, resting)| resting.first);
        due.truncate(TRIED - tried);
        let Some(from) = due.first().map(|(_, resting)| resting.first) else { return Ok(()) };
        let keys = due.iter().map(|((topic, key), _)| (topic, key)).unzip();
        let rows = answered(queue::again(&mut *database, from, keys, i64::try_from(room).expect("the window is small"))).await?;
        let due: Vec<(Key, bool)> = due.into_iter().map(|(key, resting)| (key.clone(), resting.why != Why::More)).collect();
        let cut = rows.len() == room;
        let mut found: HashMap<Key, VecDeque<Row>> = HashMap::new();
        for row in rows {
            self.seen.note(row.id);
            found.entry((row.topic.clone(), row.key.clone())).or_default().push_back(row);
        }
        for (key, retried) in due {
            let mut rows = found.remove(&key).unwrap_or_default();
            match rows.pop_front() {
                Some(first) => {
                    self.held += rows.len();
                    self.send(first, rows, true, retried);
                }
                None if cut => {}
                // All of it is published, or a person took out what the broker refused.
                None => drop(self.lanes.remove(&key)),
            }
        }
        Ok(())
    }

    /// Sends an event, and then what follows it.
    fn send(&mut self, row: Row, queue: VecDeque<Row>, more: bool, retried: bool) {
        let key = (row.topic.clone(), row.key.clone());
        self.held += 1;
        self.lanes.insert(key.clone(), Lane::Sending(Sending { current: row.id, queue, more, retried }));
        if !self.lease.may_send() {
            return self.rest(key, Why::More, Duration::ZERO);
        }
        match self.give(&row) {
            Ok(delivery) => self.sent.push(delivery.map(move |outcome| Sent { key, id: row.id, outcome }).boxed()),
            Err(error) => self.failed(key, row.id, &error),
        }
    }

    /// Gives an event to the client of the broker.
    fn give(&mut self, row: &Row) -> Result<BoxFuture<'static, Result<(), KafkaError>>, KafkaError> {
        let publisher = match &self.publisher {
            Some(publisher) => publisher,
            None => self.publisher.insert(Publisher::new(&self.relay.kafka)?),
        };
        let topic = self.relay.kafka.topic(&row.topic);
        let headers = [
            ("ce_specversion", "1.0"),
            ("ce_id", row.event_id.as_str()),
            ("ce_source", &format!("urn:restaurant-booking:{}", self.relay.service)),
            ("ce_type", row.r#type.as_str()),
            ("ce_subject", row.key.as_str()),
            ("ce_time", row.time.as_str()),
            ("ce_dataschema", &data_schema(&row.r#type)),
            ("content-type", "application/json"),
        ]
        .into_iter()
        .fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value: Some(value) }));
        Ok(publisher.send(&topic, &row.key, &row.data, headers)?.boxed())
    }

    /// Notes what came of sending an event, and sends what follows it.
    fn note(&mut self, Sent { key, id, outcome }: Sent) {
        if let Err(error) = outcome {
            return self.failed(key, id, &error);
        }
        self.relay.metrics.published(&key.0, "published");
        self.acknowledged.push(id);
        self.held -= 1;
        let Some(Lane::Sending(Sending { mut queue, more, retried, .. })) = self.lanes.remove(&key) else {
            unreachable!("an event that is on its way has a lane")
        };
        if let Some(next) = queue.pop_front() {
            self.held -= 1;
            self.send(next, queue, more, false);
        } else if more {
            self.lanes.insert(key, Lane::Resting(Resting { first: id + 1, until: Instant::now(), why: Why::More }));
        }
        if retried {
            self.recovered();
        }
    }

    /// What did not get through before does now: nothing rests for that any longer.
    fn recovered(&mut self) {
        let now = Instant::now();
        for lane in self.lanes.values_mut() {
            if let Lane::Resting(resting) = lane
                && resting.why == Why::Unavailable
            {
                resting.until = now;
            }
        }
        if self.struck && self.resting(Why::Unavailable) == 0 {
            self.struck = false;
            tracing::info!("the broker takes events again");
        }
    }

    fn failed(&mut self, key: Key, id: i64, error: &KafkaError) {
        let code = error.rdkafka_error_code();
        if code == Some(RDKafkaErrorCode::Fatal) {
            self.publisher = None;
        }
        if is_refusal(error) {
            self.relay.metrics.published(&key.0, "refused");
            tracing::error!(%error, topic = key.0, key = key.1, id, "the broker refuses an event; what follows of its aggregate waits behind it");
            self.refused.push((id, error.to_string()));
            return self.rest(key, Why::Refused, REFUSED);
        }
        self.relay.metrics.published(&key.0, "unavailable");
        if !std::mem::replace(&mut self.struck, true) {
            tracing::warn!(%error, topic = key.0, "the broker does not take an event; it waits, and what follows of its aggregate with it");
        }
        self.rest(key, Why::Unavailable, UNAVAILABLE);
    }

    /// Lets an aggregate rest whose event was given up.
    fn rest(&mut self, key: Key, why: Why, rest: Duration) {
        let Some(Lane::Sending(sending)) = self.lanes.get(&key) else { unreachable!("an event that was given up has a lane") };
        self.held -= 1 + sending.queue.len();
        let resting = Resting { first: sending.current, until: Instant::now() + rest, why };
        self.lanes.insert(key, Lane::Resting(resting));
    }
}

/// Whether the broker refuses this very event: trying again would not help, and what follows it must not overtake it.
fn is_refusal(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{
        InvalidMessage, InvalidMessageSize, InvalidRecord, InvalidTopic, MessageSizeTooLarge, PolicyViolation, TopicAuthorizationFailed,
    };
    matches!(
        error.rdkafka_error_code(),
        Some(
            MessageSizeTooLarge
                | InvalidMessage
                | InvalidMessageSize
                | InvalidRecord
                | InvalidTopic
                | PolicyViolation
                | TopicAuthorizationFailed
        )
    )
}
