//! Hashing and comparing passwords: bcrypt is slow by design, so threads of its own do it, in a bounded number and with a bounded queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use base64::Engine as _;
use base64::alphabet::BCRYPT;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use bcrypt::{BcryptError, HashParts};
use prometheus::IntGauge;
use tokio::sync::{Semaphore, oneshot};

use crate::config::Bcrypt;
use crate::password::{Attempt, MAX_BYTES, Password};

/// How a bcrypt hash writes its salt and digest.
const ALPHABET: GeneralPurpose = GeneralPurpose::new(&BCRYPT, NO_PAD);

/// Hashes and compares passwords.
#[derive(Clone)]
pub(crate) struct Hasher(Arc<Shared>);

struct Shared {
    work: Work,
    /// One for each password that is worked on or waits.
    places: Arc<Semaphore>,
    /// One for each password that is worked on.
    turns: Arc<Semaphore>,
    /// How many turns after each other empty a full queue.
    rounds: u64,
    waiting: IntGauge,
    /// How long the last turn took, in microseconds.
    pace: AtomicU64,
}

/// Why a password was not hashed or compared.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HashError {
    /// The queue is full; at the present pace it is empty in so many seconds.
    #[error("too many passwords wait to be hashed; there is room in {seconds} s")]
    Overloaded {
        /// From 1 to 60.
        seconds: u64,
    },
    /// The stored hash is malformed, or there is no randomness.
    #[error("a password cannot be hashed or compared: {0}")]
    Bcrypt(#[from] BcryptError),
    /// The system gives no thread.
    #[error("there is no thread to hash a password: {0}")]
    Thread(#[from] std::io::Error),
}

/// What a comparison found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is not the password.
    Wrong,
    /// It is the password. `rehashed` is its hash of the configured cost, where the stored one has another.
    Right { rehashed: Option<String> },
}

impl Hasher {
    /// A hasher that works on `config.parallelism` passwords at once, and tells `waiting` how many others wait.
    ///
    /// # Errors
    /// Where the system gives no randomness.
    pub(crate) fn new(config: &Bcrypt, waiting: IntGauge) -> Result<Self, std::io::Error> {
        let parallelism = config.parallelism.max(1);
        Ok(Self(Arc::new(Shared {
            work: Work::new(config.cost)?,
            places: Arc::new(Semaphore::new(parallelism + config.queue_length)),
            turns: Arc::new(Semaphore::new(parallelism)),
            rounds: u64::try_from(config.queue_length.div_ceil(parallelism)).expect("a length of a queue is no more than 64 bits"),
            waiting,
            pace: AtomicU64::new(0),
        })))
    }

    /// The hash of a password.
    ///
    /// # Errors
    /// Where the queue is full, or there is no thread or randomness.
    pub(crate) async fn hash(&self, password: Password) -> Result<String, HashError> {
        self.in_turn(move |work| work.hash(password.expose())).await
    }

    /// Whether it is the password of the stored hash. Without a stored hash the same work finds that it is not.
    ///
    /// # Errors
    /// Where the queue is full, there is no thread or randomness, or the stored hash is malformed.
    pub(crate) async fn compare(&self, attempt: Attempt, stored: Option<String>) -> Result<Verdict, HashError> {
        self.in_turn(move |work| work.compare(attempt.expose(), stored.as_deref())).await
    }

    /// Whether a stored hash is of a password.
    ///
    /// # Errors
    /// Where the queue is full, there is no thread, or the stored hash is malformed.
    pub(crate) async fn is_of(&self, password: Password, stored: String) -> Result<bool, HashError> {
        self.in_turn(move |_| bcrypt::verify(password.expose(), &stored)).await
    }

    /// Does the work on a thread when it is its turn. A caller who leaves before gives up the place in the queue.
    async fn in_turn<T: Send + 'static>(&self, job: impl FnOnce(&Work) -> Result<T, BcryptError> + Send + 'static) -> Result<T, HashError> {
        let shared = self.0.clone();
        let Ok(place) = shared.places.clone().try_acquire_owned() else { return Err(shared.overloaded()) };
        let turn = {
            let _waits = Waits::begin(&shared.waiting);
            shared.turns.clone().acquire_owned().await.expect("the semaphore is never closed")
        };
        let (answer, answered) = oneshot::channel();
        let work = move || {
            // On Linux niceness is a thread's own: where cores are short, requests that hash nothing come first.
            #[cfg(target_os = "linux")]
            let _ = rustix::process::nice(10);
            let started = Instant::now();
            let result = job(&shared.work);
            shared.pace.store(u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
            drop((turn, place));
            // A caller who left meanwhile gets no answer.
            let _ = answer.send(result);
        };
        // A thread takes microseconds to start and a hash a tenth of a second or more: a pool would save nothing.
        std::thread::Builder::new().name("bcrypt".to_owned()).spawn(work)?;
        Ok(answered.await.expect("bcrypt does not panic")?)
    }
}

/// A password that waits for its turn.
struct Waits<'a>(&'a IntGauge);

impl<'a> Waits<'a> {
    fn begin(waiting: &'a IntGauge) -> Self {
        waiting.inc();
        Self(waiting)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Shared {
    fn overloaded(&self) -> HashError {
        let seconds = self.pace.load(Ordering::Relaxed).saturating_mul(self.rounds).div_ceil(1_000_000);
        HashError::Overloaded { seconds: seconds.clamp(1, 60) }
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
    use std::pin::Pin;
    use std::task::{Context, Waker};

    use chassis::http::value::{Raw, Value as _};

    use super::*;

    fn hasher(cost: u32, parallelism: usize, queue_length: usize) -> Hasher {
        let depth = IntGauge::new("depth", "depth").expect("a gauge");
        Hasher::new(&Bcrypt { cost, parallelism, queue_length }, depth).expect("randomness")
    }

    /// Whether a future is not done yet.
    fn is_pending(future: &mut (impl Future + Unpin)) -> bool {
        Pin::new(future).poll(&mut Context::from_waker(Waker::noop())).is_pending()
    }

    fn set(text: &str) -> Password {
        Password::read(Raw::Text(text)).expect("a password")
    }

    fn entered(text: &str) -> Attempt {
        Attempt::read(Raw::Text(text)).expect("an attempt")
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

    #[tokio::test]
    async fn a_full_queue_is_told_and_a_caller_who_leaves_makes_room() {
        let waiting = IntGauge::new("waiting", "waiting").expect("a gauge");
        let hasher = Hasher::new(&Bcrypt { cost: 4, parallelism: 2, queue_length: 1 }, waiting.clone()).expect("randomness");
        hasher.0.pace.store(2_500_000, Ordering::Relaxed);
        // Nothing has its turn while the test has all turns.
        let turns = hasher.0.turns.clone().acquire_many_owned(2).await.expect("turns");
        let mut callers: Vec<_> = (0..3).map(|_| Box::pin(hasher.hash(set("12345678")))).collect();
        for caller in &mut callers {
            assert!(is_pending(caller));
        }
        assert_eq!(waiting.get(), 3);
        let refused = hasher.hash(set("12345678")).await.expect_err("a full queue");
        assert!(matches!(refused, HashError::Overloaded { seconds: 3 }), "{refused}");

        drop(callers.pop());
        assert_eq!(waiting.get(), 2);
        let mut next = Box::pin(hasher.hash(set("12345678")));
        assert!(is_pending(&mut next));
        drop(turns);
        // In the order in which they came: those before hold their turns until they are polled.
        for caller in callers {
            caller.await.expect("a hash");
        }
        next.await.expect("a hash");
        assert_eq!(waiting.get(), 0);
    }

    #[tokio::test]
    async fn a_turn_is_over_when_its_work_is_done_also_where_its_caller_has_left() {
        let hasher = hasher(10, 1, 1);
        let mut left = Box::pin(hasher.hash(set("12345678")));
        assert!(is_pending(&mut left));
        drop(left);
        assert_eq!(hasher.0.turns.available_permits(), 0, "the thread goes on");
        hasher.hash(set("12345678")).await.expect("a hash");
        assert_eq!((hasher.0.turns.available_permits(), hasher.0.places.available_permits()), (1, 2));
    }

    #[tokio::test]
    async fn a_malformed_hash_is_a_fault_of_ours() {
        let error = hasher(4, 1, 4).compare(entered("12345678"), Some("plain".to_owned())).await.expect_err("a fault");
        assert!(matches!(error, HashError::Bcrypt(_)), "{error}");
    }
}
