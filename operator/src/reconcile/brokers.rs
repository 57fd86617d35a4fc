//! Requests to brokers, which run beside the reconciles: a broker that does not answer delays no reconcile, and so no other resource.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::timing::{BROKER_AT_HAND, BROKER_AWAY};

use super::kafka::{Report, TopicsError};
use super::reason::OF_BROKER;
use super::resource::Owner;

/// The answer of a broker.
pub type Answer = Result<Report, TopicsError>;

/// The number of requests at once to brokers that answered, or were not asked before: each has clients of librdkafka, with threads and memory
/// of their own.
pub const AT_ONCE: usize = 3;
/// The number of requests at once to brokers that were away at the last request, so that they do not hold up those that answer.
const AGAIN_AT_ONCE: usize = 1;
/// The number of requests at once to one broker.
const OF_ONE: usize = 3;

/// The requests to brokers.
pub struct Brokers {
    /// The requests without an answer, at most one for each resource.
    questions: Mutex<HashMap<Owner, Question>>,
    /// The brokers, by address and login.
    doors: Mutex<HashMap<String, Arc<Door>>>,
    at_once: Arc<Semaphore>,
    again_at_once: Arc<Semaphore>,
}

impl Default for Brokers {
    fn default() -> Self {
        Self {
            questions: Mutex::default(),
            doors: Mutex::default(),
            at_once: Arc::new(Semaphore::new(AT_ONCE)),
            again_at_once: Arc::new(Semaphore::new(AGAIN_AT_ONCE)),
        }
    }
}

/// A broker, as reached with one login.
struct Door {
    turns: Semaphore,
    /// The time of the broker's last error, and the error.
    closed: Mutex<Option<(Instant, TopicsError)>>,
}

impl Door {
    fn closed(&self) -> MutexGuard<'_, Option<(Instant, TopicsError)>> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a request when it is its turn. A recent error of another resource's request is returned instead.
    async fn ask(&self, at_once: &Semaphore, question: impl Future<Output = Answer>) -> Answer {
        // Neither semaphore is ever closed.
        let _turn = self.turns.acquire().await;
        if let Some((since, error)) = &*self.closed()
            && since.elapsed() < BROKER_AWAY
        {
            return Err(error.clone());
        }
        let _one = at_once.acquire().await;
        let answer = question.await;
        *self.closed() =
            answer.as_ref().err().filter(|error| OF_BROKER.contains(&error.reason())).map(|error| (Instant::now(), error.clone()));
        answer
    }
}

struct Question {
    /// The checksum of the request.
    of: String,
    answer: JoinHandle<Answer>,
}

impl Brokers {
    fn questions(&self) -> MutexGuard<'_, HashMap<Owner, Question>> {
        self.questions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn door(&self, broker: &str) -> Arc<Door> {
        let mut doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        // Drops brokers without requests and without a recent error.
        doors.retain(|_, door| {
            Arc::strong_count(door) > 1 || door.closed().as_ref().is_some_and(|(since, _)| since.elapsed() < BROKER_AWAY)
        });
        doors.entry(broker.to_owned()).or_insert_with(|| Arc::new(Door { turns: Semaphore::new(OF_ONE), closed: Mutex::default() })).clone()
    }

    /// Sends a request, or waits for the answer to the same earlier request. Returns `None` if there is no answer within
    /// [`BROKER_AT_HAND`]; `tell` is called when it comes. `was_away`: the broker did not answer the last request.
    pub async fn ask(
        &self,
        owner: &Owner,
        (broker, was_away): (&str, bool),
        of: &str,
        question: impl Future<Output = Answer> + Send + 'static,
        tell: impl FnOnce() + Send + 'static,
    ) -> Option<Answer> {
        let asked = self.questions().remove(owner);
        let (mut answer, is_late) = match asked {
            Some(asked) if asked.of == of => (asked.answer, true),
            // Requests of one resource run one after the other, so that an older one never ends last.
            Some(asked) if !asked.answer.is_finished() => {
                self.questions().insert(owner.clone(), asked);
                return None;
            }
            _ => {
                let places = if was_away { &self.again_at_once } else { &self.at_once };
                let (door, at_once) = (self.door(broker), places.clone());
                (tokio::spawn(async move { door.ask(&at_once, question).await }), false)
            }
        };
        match tokio::time::timeout(BROKER_AT_HAND, &mut answer).await {
            Ok(Ok(answer)) => return Some(answer),
            // The task panicked, or was cancelled because the operator stops.
            Ok(Err(_)) => return None,
            Err(_) => {}
        }
        if !is_late {
            let early = answer;
            answer = tokio::spawn(async move {
                let answer = early.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
                tell();
                answer
            });
        }
        self.questions().insert(owner.clone(), Question { of: of.to_owned(), answer });
        None
    }

    /// Drops the request of a resource that is gone; its task ends by itself.
    pub fn forget(&self, owner: &Owner) {
        self.questions().remove(owner);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    async fn after(milliseconds: u64) -> Answer {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        Ok(Report::default())
    }

    #[tokio::test]
    async fn a_late_answer_is_told_of_once_and_asked_for_once() {
        let (brokers, told) = (Brokers::default(), Arc::new(AtomicUsize::new(0)));
        let owner = Owner { namespace: "dining".to_owned(), name: "trattoria".to_owned() };
        let ask = async |of: &str, milliseconds: u64| {
            let told = told.clone();
            let tell = move || {
                told.fetch_add(1, Ordering::SeqCst);
            };
            brokers.ask(&owner, ("broker", false), of, after(milliseconds), tell).await.is_some()
        };
        assert!(ask("a", 0).await);
        assert!(!ask("a", 1000).await && !ask("a", 0).await);
        // Another request comes meanwhile: the first runs to its end, then the other.
        assert!(!ask("b", 0).await);
        assert_eq!(told.load(Ordering::SeqCst), 0);
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert_eq!(told.load(Ordering::SeqCst), 1);
        assert!(ask("b", 0).await);
        assert!(!ask("b", 500).await);
        tokio::time::sleep(Duration::from_millis(1000)).await;
        assert!(ask("b", 60_000).await);
        assert_eq!(told.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn d06_brokers_that_are_away_do_not_hold_up_one_that_answers() {
        let brokers = Brokers::default();
        let ask = async |number: usize, was_away: bool, milliseconds: u64| {
            let owner = Owner { namespace: "dining".to_owned(), name: format!("trattoria-{number}") };
            brokers.ask(&owner, (&format!("broker-{number}"), was_away), "topics", after(milliseconds), || {}).await
        };
        let away = futures_util::future::join_all((0..100).map(|number| ask(number, true, 60_000))).await;
        assert!(away.iter().all(Option::is_none));
        assert!(matches!(ask(100, false, 0).await, Some(Ok(_))));
    }

    #[tokio::test]
    async fn d06_one_broker_that_is_away_answers_for_all_that_share_it() {
        let (brokers, asked, told) = (Brokers::default(), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let ask = async |number: usize| {
            let owner = Owner { namespace: "dining".to_owned(), name: format!("trattoria-{number}") };
            let (asked, told) = (asked.clone(), told.clone());
            let question = async move {
                asked.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(300)).await;
                Err(TopicsError::Unreachable { servers: "broker".to_owned(), reason: "away".to_owned() })
            };
            brokers
                .ask(&owner, ("broker", false), "topics", question, move || {
                    told.fetch_add(1, Ordering::SeqCst);
                })
                .await
        };
        let answers = futures_util::future::join_all((0..400).map(&ask)).await;
        assert!(answers.iter().all(Option::is_none), "the broker takes its time");
        while told.load(Ordering::SeqCst) < 400 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // Only the requests that ran before the first answer reached the broker; all others have that answer.
        assert_eq!(asked.load(Ordering::SeqCst), OF_ONE);
        let again = futures_util::future::join_all((0..400).map(&ask)).await;
        assert!(again.iter().all(|answer| matches!(answer, Some(Err(TopicsError::Unreachable { .. })))));
        assert_eq!(asked.load(Ordering::SeqCst), OF_ONE);
    }
}
