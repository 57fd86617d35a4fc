//! Bookings that are made together: whatever arrives while a commit is under way goes with the next one, in one statement, each with its own
//! answer. A booking that finds nothing under way is made at once.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use chassis::http::identity::UserId;
use house::span::Span;
use sqlx::{PgConnection, PgPool};
use tokio::sync::oneshot;

use super::make::Counted;
use crate::store::booking::{Attempted, Wished, book, book_all};
use crate::table::TableId;

/// How many bookings go together at most: more wait for each other longer than they gain.
const MOST: usize = 64;

/// Bookings that wait for a commit.
#[derive(Clone, Debug, Default)]
pub struct Together(Arc<Mutex<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    waiting: Vec<Waiting>,
    /// The numbers of those that wait or are being committed, with the tables that they take and for how long.
    under_way: Vec<(u64, Vec<TableId>, Span)>,
    /// The number of the last that came.
    last: u64,
    /// Whether somebody commits: they take along what waits when they are done.
    is_committing: bool,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    wished: Wished,
    answer: oneshot::Sender<Result<Attempted, sqlx::Error>>,
}

/// Against whose limit a booking counts: of each there is one at a time, since a statement does not count what it makes itself.
#[derive(PartialEq, Eq, Hash)]
enum Limited {
    User(UserId),
    Network(IpAddr),
}

fn limited(wished: &Wished) -> Option<Limited> {
    match wished.new.counted {
        Counted::Not => None,
        Counted::User(user, _) => Some(Limited::User(user)),
        Counted::Network(network, _) => Some(Limited::Network(network)),
    }
}

impl Together {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().expect("nothing panics while it holds the lock")
    }

    /// Tries to book a hold of one row, with whatever else is wished for meanwhile. Once it is being committed, it goes on when nobody waits
    /// for it any more. Whoever calls has no connection of the pool: those who commit need one.
    ///
    /// # Errors
    /// As [`book`], and `PoolTimedOut` where it has not gone with a commit for as long as a connection is waited for.
    pub async fn book(&self, pool: &PgPool, wished: Wished) -> Result<Attempted, sqlx::Error> {
        let (answer, mut answered) = oneshot::channel();
        let (number, begins) = {
            let mut queue = self.queue();
            queue.last += 1;
            let number = queue.last;
            queue.under_way.push((number, wished.tables.clone(), wished.new.hold));
            queue.waiting.push(Waiting { number, wished, answer });
            (number, !std::mem::replace(&mut queue.is_committing, true))
        };
        let _under_way = UnderWay(self, number);
        if begins {
            tokio::spawn(commit_all(self.clone(), pool.clone()));
        }
        let outcome = match tokio::time::timeout(pool.options().get_acquire_timeout(), &mut answered).await {
            Ok(outcome) => outcome,
            Err(_) if self.withdraw(number) => return Err(sqlx::Error::PoolTimedOut),
            Err(_) => answered.await,
        };
        outcome.unwrap_or(Err(sqlx::Error::WorkerCrashed))
    }

    /// The place of the first of these choices that nobody is booking just now, so that those who want the same time do not go through the
    /// tables one after the other, together; of the first, where all are wanted. Whether they get it is seen when it is tried.
    pub fn unwanted(&self, choices: &[Vec<TableId>], hold: Span) -> usize {
        let queue = self.queue();
        let is_wanted = |choice: &Vec<TableId>| {
            queue.under_way.iter().any(|(_, tables, span)| span.overlaps(hold) && tables.iter().any(|table| choice.contains(table)))
        };
        choices.iter().position(|choice| !is_wanted(choice)).unwrap_or(0)
    }

    /// Takes back a booking that waits; `false` where it is being committed.
    fn withdraw(&self, number: u64) -> bool {
        let mut queue = self.queue();
        let before = queue.waiting.len();
        queue.waiting.retain(|waiting| waiting.number != number);
        queue.waiting.len() < before
    }

    /// What goes with the next commit; nothing, once nothing waits.
    fn next(&self) -> Vec<Waiting> {
        let mut queue = self.queue();
        let (mut next, mut left, mut counted) = (Vec::new(), Vec::new(), HashSet::new());
        for waiting in queue.waiting.drain(..) {
            let goes = next.len() < MOST && limited(&waiting.wished).is_none_or(|limited| counted.insert(limited));
            if goes { next.push(waiting) } else { left.push(waiting) }
        }
        queue.waiting = left;
        queue.is_committing = !next.is_empty();
        next
    }
}

/// A booking that has no answer yet.
struct UnderWay<'a>(&'a Together, u64);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.queue().under_way.retain(|(number, ..)| *number != self.1);
    }
}

/// Whoever commits, until nothing waits. Should they not come to that, those who wait are told so, and the next booking begins anew.
struct Committing(Option<Together>);

impl Drop for Committing {
    fn drop(&mut self) {
        if let Some(together) = &self.0 {
            let mut queue = together.queue();
            queue.is_committing = false;
            for waiting in queue.waiting.drain(..) {
                let _ = waiting.answer.send(Err(sqlx::Error::PoolTimedOut));
            }
        }
    }
}

async fn commit_all(together: Together, pool: PgPool) {
    let mut committing = Committing(Some(together.clone()));
    let Ok(mut connection) = pool.acquire().await else { return };
    loop {
        let next = together.next();
        if next.is_empty() {
            committing.0 = None;
            return;
        }
        let (wished, answers): (Vec<_>, Vec<_>) = next.into_iter().map(|waiting| (waiting.wished, waiting.answer)).unzip();
        for (outcome, answer) in commit(&mut connection, &wished).await.into_iter().zip(answers) {
            let _ = answer.send(outcome);
        }
    }
}

/// Makes bookings in one statement. Where one of them is at fault, each is tried by itself, and only that one fails. Where the database does
/// not come to it, they are not tried one after the other: everybody else would wait for as many times as long.
async fn commit(connection: &mut PgConnection, wished: &[Wished]) -> Vec<Result<Attempted, sqlx::Error>> {
    match book_all(connection, wished).await {
        Ok(attempted) => attempted.into_iter().map(Ok).collect(),
        Err(error) if wished.len() == 1 => vec![Err(error)],
        Err(error) if !is_of_one(&error) => wished.iter().map(|_| Err(sqlx::Error::PoolTimedOut)).collect(),
        Err(_) => {
            let mut outcomes = Vec::with_capacity(wished.len());
            for one in wished {
                outcomes.push(book(connection, one).await);
            }
            outcomes
        }
    }
}

/// Whether a statement may have failed by one of its bookings: it was neither cancelled for its time (57014) nor for that of a lock (55P03), and
/// its connection is not lost.
fn is_of_one(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(error) if !matches!(error.code().as_deref(), Some("57014" | "55P03")))
}
