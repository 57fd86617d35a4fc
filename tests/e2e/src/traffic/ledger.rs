//! What happened: every acknowledged booking, every request that failed.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use e2e::{Failure, Report};

/// How many failures a report tells one by one.
const TOLD: usize = 20;

/// A booking that was acknowledged.
#[derive(Clone, Debug)]
pub(crate) struct Acknowledged {
    /// Its number among the bookings of this run; `special_requests` says it too.
    pub(crate) number: u64,
    pub(crate) id: i64,
    /// Changes of it that were acknowledged.
    pub(crate) changes: u64,
    /// Changes of which nobody knows whether they were made.
    pub(crate) in_doubt: u64,
}

#[derive(Default)]
struct Entries {
    report: Report,
    last_failure: Option<Instant>,
    bookings: Vec<Acknowledged>,
    /// Numbers of bookings of which nobody knows whether they were made.
    in_doubt: Vec<u64>,
}

/// The record of a run.
pub(crate) struct Ledger {
    started: Instant,
    entries: Mutex<Entries>,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), entries: Mutex::default() }
    }

    fn write<T>(&self, write: impl FnOnce(&mut Entries) -> T) -> T {
        write(&mut self.entries.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds to one of the report's counts.
    pub(crate) fn count(&self, count: impl FnOnce(&mut Report) -> &mut u64) {
        self.write(|entries| *count(&mut entries.report) += 1);
    }

    /// A rule of the house refused a booking, or a change of one.
    pub(crate) fn refused_by_rule(&self, code: &str) {
        self.write(|entries| *entries.report.refused_by_rules.entry(code.to_owned()).or_default() += 1);
    }

    pub(crate) fn failed(&self, what: String) {
        let at = self.started.elapsed().as_secs_f64();
        println!("{at:8.2} s  {what}");
        self.write(|entries| {
            entries.report.failed += 1;
            entries.last_failure = Some(Instant::now());
            if entries.report.failures.len() < TOLD {
                entries.report.failures.push(Failure { at: round(at), what });
            }
        });
    }

    pub(crate) fn acknowledged(&self, booking: Acknowledged) {
        self.write(|entries| {
            entries.report.bookings += 1;
            entries.report.changes += booking.changes;
            entries.bookings.push(booking);
        });
    }

    pub(crate) fn in_doubt(&self, number: u64) {
        self.write(|entries| entries.in_doubt.push(number));
    }

    /// In a line, for who watches.
    pub(crate) fn progress(&self) -> String {
        let at = self.started.elapsed().as_secs_f64();
        self.write(|entries| {
            let Report { answered, bookings, failed, .. } = entries.report;
            format!("{at:8.2} s  {answered} requests answered, {failed} failed, {bookings} bookings")
        })
    }

    /// The requests are over: what is known until now.
    pub(crate) fn close(&self) -> (Report, Vec<Acknowledged>, Vec<u64>) {
        self.write(|entries| {
            let mut report = entries.report.clone();
            report.seconds = round(self.started.elapsed().as_secs_f64());
            report.calm = entries.last_failure.map(|last| round(last.elapsed().as_secs_f64()));
            (report, entries.bookings.clone(), entries.in_doubt.clone())
        })
    }
}

fn round(seconds: f64) -> f64 {
    (seconds * 100.0).round() / 100.0
}
