//! What brokers are asked, beside the rounds: one that does not answer holds up no round, and so no other resource.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::kafka::{Report, TopicsError};

use super::children::Owner;

/// What a broker answers.
pub type Answer = Result<Report, TopicsError>;

/// How long a round waits for an answer: most brokers need much less. Of one that comes later the resource is told.
const AT_HAND: Duration = Duration::from_millis(if cfg!(test) { 100 } else { 1000 });

/// The questions that are not answered yet, one for each resource.
#[derive(Default)]
pub struct Brokers(Mutex<HashMap<Owner, Question>>);

struct Question {
    /// What is wanted of the broker.
    of: String,
    answer: JoinHandle<Answer>,
}

impl Brokers {
    fn questions(&self) -> MutexGuard<'_, HashMap<Owner, Question>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks, or waits for the answer to what was asked already; `None` where there is none yet. Then `tell` is called when there is.
    pub async fn ask(
        &self,
        owner: &Owner,
        of: &str,
        question: impl Future<Output = Answer> + Send + 'static,
        tell: impl FnOnce() + Send + 'static,
    ) -> Option<Answer> {
        let asked = self.questions().remove(owner);
        let (mut answer, is_late) = match asked {
            Some(asked) if asked.of == of => (asked.answer, true),
            // One after the other: the older must not have the last word.
            Some(asked) if !asked.answer.is_finished() => {
                self.questions().insert(owner.clone(), asked);
                return None;
            }
            _ => (tokio::spawn(question), false),
        };
        match tokio::time::timeout(AT_HAND, &mut answer).await {
            Ok(Ok(answer)) => return Some(answer),
            // It panicked, or was cancelled since everything ends.
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

    /// A resource is gone; what was asked for it ends by itself.
    pub fn forget(&self, owner: &Owner) {
        self.questions().remove(owner);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

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
            brokers.ask(&owner, of, after(milliseconds), tell).await.is_some()
        };
        assert!(ask("a", 0).await);
        assert!(!ask("a", 1000).await && !ask("a", 0).await);
        // Something else is wanted meanwhile: first the one, then the other.
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
}
