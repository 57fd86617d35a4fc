//! Background tasks: each has a name and is watched. A task that ends before it is told to ends the service, so that none dies unnoticed.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, timeout, timeout_at};

use crate::run::error::StartError;
use crate::run::panic::message;
use crate::run::shutdown::Shutdown;

/// How long an aborted task may take to let go of what it holds.
const ABORT: Duration = Duration::from_secs(1);

/// A task that is yet to begin: its name, and what it does until it is told to stop.
pub struct Task {
    name: String,
    run: Box<dyn FnOnce(Shutdown) -> BoxFuture<'static, ()> + Send>,
}

impl Task {
    /// A task of this name. `run` returns soon after its [`Shutdown`] is cancelled, and not before.
    pub fn new<F>(name: impl Into<String>, run: impl FnOnce(Shutdown) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self { name: name.into(), run: Box::new(move |stop| Box::pin(run(stop))) }
    }

    /// A task that does something every `pause`, and stops between two turns.
    pub fn every<F>(name: impl Into<String>, pause: Duration, work: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::new(name, async move |stop: Shutdown| {
            let turns = async {
                loop {
                    work().await;
                    tokio::time::sleep(pause).await;
                }
            };
            stop.run_until_cancelled(turns).await;
        })
    }
}

/// Tasks that run, and stop together. They are aborted when the value is dropped.
#[derive(Default)]
pub struct Tasks {
    running: JoinSet<()>,
    names: HashMap<Id, String>,
    stop: Shutdown,
}

impl Tasks {
    /// Begins a task.
    pub fn spawn(&mut self, task: Task) {
        let running = self.running.spawn((task.run)(self.stop.clone()));
        self.names.insert(running.id(), task.name);
    }

    /// Whether none has begun.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Waits until a task ends, which none may do before [`Tasks::stop`]. Without tasks it waits for ever.
    pub async fn failure(&mut self) -> StartError {
        match self.running.join_next_with_id().await {
            Some(ended) => self.judge(ended).unwrap_or_else(|panicked| panicked),
            None => std::future::pending().await,
        }
    }

    /// Stops all tasks. Those that take longer than `patience` are aborted, and named in the log.
    ///
    /// # Errors
    /// The first task that panicked.
    pub async fn stop(mut self, patience: Duration) -> Result<(), StartError> {
        self.stop.cancel();
        let (deadline, mut outcome) = (Instant::now() + patience, Ok(()));
        while let Ok(Some(ended)) = timeout_at(deadline, self.running.join_next_with_id()).await {
            if let Err(error) = self.judge(ended).map(drop) {
                outcome = outcome.and(Err(error));
            }
        }
        if !self.running.is_empty() {
            let names: Vec<&str> = self.names.values().map(String::as_str).collect();
            tracing::warn!(tasks = names.join(", "), "tasks did not stop within {} s and are cut off", patience.as_secs());
            // A task that blocks its thread cannot be aborted; the end of the process is.
            let _ = timeout(ABORT, self.running.shutdown()).await;
        }
        outcome
    }

    /// Tells a task that ended by itself from one that panicked. The former is a mistake only while the tasks are to run.
    fn judge(&mut self, ended: Result<(Id, ()), JoinError>) -> Result<StartError, StartError> {
        let (id, panic) = match ended {
            Ok((id, ())) => (id, None),
            Err(error) => (error.id(), error.try_into_panic().ok()),
        };
        let name = self.names.remove(&id).expect("a task is named when it begins");
        match panic {
            None => Ok(StartError::Task(name, "ended by itself".to_owned())),
            Some(panic) => Err(StartError::Task(name, format!("panicked: {}", message(&*panic)))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patient(name: &str) -> Task {
        Task::new(name, |stop: Shutdown| async move { stop.cancelled().await })
    }

    #[tokio::test]
    async fn s07_a_task_that_ends_or_panics_is_noticed_and_named() {
        let mut tasks = Tasks::default();
        tasks.spawn(patient("patient"));
        tasks.spawn(Task::new("panicking", |_| async { panic!("out of {}", "eggs") }));
        assert_eq!(tasks.failure().await.to_string(), "the task \"panicking\" panicked: out of eggs");
        tasks.spawn(Task::new("ending", |_| async {}));
        assert_eq!(tasks.failure().await.to_string(), "the task \"ending\" ended by itself");
        tasks.spawn(Task::every("every", Duration::from_secs(60), || async { panic!("at once") }));
        assert_eq!(tasks.failure().await.to_string(), "the task \"every\" panicked: at once");
        tasks.stop(Duration::from_secs(5)).await.expect("the patient one stops in order");
    }

    #[tokio::test]
    async fn s07_a_stop_waits_for_no_task_for_ever() {
        let mut tasks = Tasks::default();
        tasks.spawn(Task::new("hanging", |_| std::future::pending()));
        tasks.spawn(Task::every("every", Duration::from_secs(600), || async {}));
        let stopped = timeout(Duration::from_secs(5), tasks.stop(Duration::from_millis(100))).await;
        stopped.expect("a bounded stop").expect("no panic");

        let mut tasks = Tasks::default();
        tasks.spawn(Task::new("panicking", |stop: Shutdown| async move {
            stop.cancelled().await;
            panic!("at the end");
        }));
        let error = tasks.stop(Duration::from_secs(5)).await.expect_err("the panic is told");
        assert_eq!(error.to_string(), "the task \"panicking\" panicked: at the end");
    }
}
