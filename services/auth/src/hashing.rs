//! Hashing and comparing passwords: bcrypt is slow by design, so threads of its own do it, in a bounded number and with a bounded queue.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use base64::Engine as _;
use base64::alphabet::BCRYPT;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use bcrypt::{BcryptError, HashParts};
use chassis::http::code;
use chassis::http::problem::Problem;
use prometheus::IntGauge;
use tokio::sync::oneshot;

use crate::config::Bcrypt;
use crate::password::{Attempt, MAX_BYTES, Password};

/// How a bcrypt hash writes its salt and digest.
const ALPHABET: GeneralPurpose = GeneralPurpose::new(&BCRYPT, NO_PAD);

/// Where passwords are hashed and compared. The threads end with the last clone.
#[derive(Clone)]
pub(crate) struct Hasher(Arc<Owner>);

struct Owner(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// Signalled when a job is queued, and at the end.
    changed: Condvar,
    work: Work,
    parallelism: usize,
    queue_length: usize,
    depth: IntGauge,
    /// How long the last job took, in microseconds.
    pace: AtomicU64,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Job>,
    ended: bool,
}

enum Job {
    Hash(Password, oneshot::Sender<Result<String, BcryptError>>),
    Compare(Attempt, Option<String>, oneshot::Sender<Result<Verdict, BcryptError>>),
}

/// What a comparison found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is not the password.
    Wrong,
    /// It is the password. `rehashed` is its hash of the configured cost, where the stored one has another.
    Right { rehashed: Option<String> },
}

impl Job {
    /// Whether nobody waits for it any more.
    fn is_abandoned(&self) -> bool {
        match self {
            Self::Hash(_, answer) => answer.is_closed(),
            Self::Compare(_, _, answer) => answer.is_closed(),
        }
    }

    fn run(self, work: &Work) {
        // Whoever stopped waiting meanwhile gets no answer.
        match self {
            Self::Hash(password, answer) => drop(answer.send(work.hash(password.as_str()))),
            Self::Compare(attempt, stored, answer) => drop(answer.send(work.compare(attempt.as_str(), stored.as_deref()))),
        }
    }
}

impl Hasher {
    /// Starts the threads.
    pub(crate) fn start(config: &Bcrypt, depth: IntGauge) -> Result<Self, std::io::Error> {
        let shared = Arc::new(Shared::new(config, depth)?);
        let owner = Owner(shared.clone());
        for _ in 0..shared.parallelism {
            let shared = shared.clone();
            std::thread::Builder::new().name("bcrypt".to_owned()).spawn(move || shared.serve())?;
        }
        Ok(Self(Arc::new(owner)))
    }

    /// The hash of a password.
    ///
    /// # Errors
    /// 503 where the queue is full.
    pub(crate) async fn hash(&self, password: Password) -> Result<String, Problem> {
        let (answer, answered) = oneshot::channel();
        self.0.0.submit(Job::Hash(password, answer))?;
        answered.await.map_err(Problem::internal)?.map_err(Problem::internal)
    }

    /// Whether it is the password of the stored hash. Without a stored hash the same work finds that it is not.
    ///
    /// # Errors
    /// 503 where the queue is full.
    pub(crate) async fn compare(&self, attempt: Attempt, stored: Option<String>) -> Result<Verdict, Problem> {
        let (answer, answered) = oneshot::channel();
        self.0.0.submit(Job::Compare(attempt, stored, answer))?;
        answered.await.map_err(Problem::internal)?.map_err(Problem::internal)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.lock().ended = true;
        self.0.changed.notify_all();
    }
}

impl Shared {
    fn new(config: &Bcrypt, depth: IntGauge) -> Result<Self, std::io::Error> {
        Ok(Self {
            state: Mutex::default(),
            changed: Condvar::new(),
            work: Work::new(config.cost)?,
            parallelism: config.parallelism.max(1),
            queue_length: config.queue_length,
            depth,
            pace: AtomicU64::new(0),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_depth(&self, state: &State) {
        self.depth.set(i64::try_from(state.queue.len()).unwrap_or(i64::MAX));
    }

    fn submit(&self, job: Job) -> Result<(), Problem> {
        let mut state = self.lock();
        if state.queue.len() >= self.queue_length {
            state.queue.retain(|job| !job.is_abandoned());
        }
        if state.queue.len() >= self.queue_length {
            self.note_depth(&state);
            return Err(self.overloaded());
        }
        state.queue.push_back(job);
        self.note_depth(&state);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// Tells to come back when, at the present pace, the queue will be empty.
    fn overloaded(&self) -> Problem {
        let rounds = u64::try_from(self.queue_length.div_ceil(self.parallelism)).unwrap_or(u64::MAX);
        let seconds = self.pace.load(Ordering::Relaxed).saturating_mul(rounds).div_ceil(1_000_000);
        Problem::new(&code::OVERLOADED, "Too many passwords wait to be checked; try again shortly.").retry_after(seconds.clamp(1, 60))
    }

    fn serve(&self) {
        // On Linux niceness is a thread's own: where cores are short, requests that hash nothing come first.
        #[cfg(target_os = "linux")]
        let _ = rustix::process::nice(10);
        while let Some(job) = self.next() {
            let started = Instant::now();
            job.run(&self.work);
            self.pace.store(u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
    }

    /// Waits for a job that somebody waits for; `None` at the end.
    fn next(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if state.ended {
                return None;
            }
            match state.queue.pop_front() {
                Some(job) => {
                    self.note_depth(&state);
                    if !job.is_abandoned() {
                        return Some(job);
                    }
                }
                None => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

/// The work itself.
struct Work {
    cost: u32,
    /// Salt and digest of a hash that belongs to no password.
    nobodys: String,
}

impl Work {
    fn new(cost: u32) -> Result<Self, std::io::Error> {
        let (mut salt, mut digest) = ([0; 16], [0; 23]);
        getrandom::fill(&mut salt)?;
        getrandom::fill(&mut digest)?;
        Ok(Self { cost, nobodys: ALPHABET.encode(salt) + &ALPHABET.encode(digest) })
    }

    /// The hash of a password. It has 72 bytes at most, so nothing of it is cut off; the variant of the library that refuses to cut
    /// also refuses 72 bytes, since it counts the final NUL.
    fn hash(&self, password: &str) -> Result<String, BcryptError> {
        if password.len() > MAX_BYTES {
            return Err(BcryptError::Truncation(password.len()));
        }
        bcrypt::hash(password, self.cost)
    }

    fn compare(&self, attempt: &str, stored: Option<&str>) -> Result<Verdict, BcryptError> {
        let nobodys = |cost: u32| format!("$2b${cost:02}${}", self.nobodys);
        let hash = stored.map_or_else(|| nobodys(self.cost), str::to_owned);
        let matches = bcrypt::verify(attempt, &hash)?;
        let cost = hash.parse::<HashParts>()?.get_cost();
        // Bytes beyond the 72nd were not compared.
        if matches && stored.is_some() && attempt.len() <= MAX_BYTES {
            let rehashed = if cost == self.cost { None } else { Some(self.hash(attempt)?) };
            return Ok(Verdict::Right { rehashed });
        }
        // A hash made at a lower cost was compared faster; what is missing is spent here, so that no account is told by its time.
        for cost in cost..self.cost {
            bcrypt::verify(attempt, &nobodys(cost))?;
        }
        Ok(Verdict::Wrong)
    }
}

#[cfg(test)]
mod tests {
    use chassis::http::old::rule::Raw;

    use super::*;
    use crate::password::{attempt, new_password};

    fn hasher(cost: u32, parallelism: usize, queue_length: usize) -> Hasher {
        let depth = IntGauge::new("depth", "depth").expect("a gauge");
        Hasher::start(&Bcrypt { cost, parallelism, queue_length }, depth).expect("threads")
    }

    fn set(text: &str) -> Password {
        new_password(Raw::Text(text)).expect("a password")
    }

    fn entered(text: &str) -> Attempt {
        attempt(Raw::Text(text)).expect("an attempt")
    }

    #[tokio::test]
    async fn every_byte_up_to_the_72nd_counts_and_none_after_it_is_ignored() {
        let hasher = hasher(4, 1, 4);
        let longest = "x".repeat(72);
        let stored = hasher.hash(set(&longest)).await.expect("a hash");
        let compare = async |text: &str| hasher.compare(entered(text), Some(stored.clone())).await.expect("a verdict");
        assert_eq!(compare(&longest).await, Verdict::Right { rehashed: None });
        assert_eq!(compare(&"x".repeat(71)).await, Verdict::Wrong);
        assert_eq!(compare(&"x".repeat(73)).await, Verdict::Wrong);
    }

    #[tokio::test]
    async fn nobody_has_a_password() {
        assert_eq!(hasher(4, 1, 4).compare(entered("12345678"), None).await.expect("a verdict"), Verdict::Wrong);
    }

    #[tokio::test]
    async fn a_hash_of_another_cost_is_replaced_once_its_password_is_known() {
        let old = hasher(4, 1, 4).hash(set("12345678")).await.expect("a hash");
        let hasher = hasher(5, 1, 4);
        assert_eq!(hasher.compare(entered("87654321"), Some(old.clone())).await.expect("a verdict"), Verdict::Wrong);
        let Verdict::Right { rehashed: Some(new) } = hasher.compare(entered("12345678"), Some(old)).await.expect("a verdict") else {
            panic!("not rehashed")
        };
        assert!(new.starts_with("$2b$05$"), "{new}");
        assert_eq!(hasher.compare(entered("12345678"), Some(new)).await.expect("a verdict"), Verdict::Right { rehashed: None });
    }

    #[test]
    fn a_full_queue_is_told_and_what_nobody_waits_for_makes_room() {
        let depth = IntGauge::new("depth", "depth").expect("a gauge");
        let unserved = Shared::new(&Bcrypt { cost: 4, parallelism: 2, queue_length: 1 }, depth.clone()).expect("randomness");
        let submit = || {
            let (answer, waiting) = oneshot::channel();
            unserved.submit(Job::Hash(set("12345678"), answer)).map(|()| waiting)
        };
        let waiting = submit().expect("room");
        unserved.pace.store(2_500_000, Ordering::Relaxed);
        let problem = submit().expect_err("a full queue");
        assert_eq!(problem.respond("id").headers()["Retry-After"], "3");
        assert_eq!(problem.code().code, "overloaded");
        drop(waiting);
        let _waiting = submit().expect("room once more");
        assert_eq!(depth.get(), 1);
    }

    #[tokio::test]
    async fn a_malformed_hash_is_a_fault_of_ours() {
        let problem = hasher(4, 1, 4).compare(entered("12345678"), Some("plain".to_owned())).await.expect_err("a fault");
        assert_eq!(problem.code().code, "internal_error");
    }
}
