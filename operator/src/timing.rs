//! Every duration of the operator: timeouts, intervals and waits. The durations of Pods are part of the objects, see `reconcile/build`.

use std::time::Duration;

/// The wait before the retry of a resource that failed once; doubled for each further failure.
pub const FIRST_RETRY: Duration = Duration::from_secs(1);
/// The longest such wait: a correction is observed within it, and a broken resource causes little load.
pub const LAST_RETRY: Duration = Duration::from_secs(300);
/// The pause before a takeover of others' fields that did not help is tried again: a policy of the cluster may have refused it that is gone by
/// then.
pub const RETRY_TAKEOVER: Duration = Duration::from_mins(10);
/// The timeout of a reconcile. The next reconcile continues the work.
pub const ROUND: Duration = Duration::from_secs(120);
/// The interval at which a ready resource is reconciled without an event: no watch reports changes of topics.
pub const RESYNC: Duration = Duration::from_secs(600);
/// How long a database or a broker may take to become ready before the resource is told to be stalled: as long as a Deployment's Pods have by
/// default (`progressDeadlineSeconds`).
pub const STALLED: Duration = Duration::from_secs(600);
/// The least time between two writes of a status that only tells how far a platform has come, which grows with the time that this takes; and
/// the time within which a reconcile tells of a change by which no step begins or stops.
pub const PROGRESS: Duration = Duration::from_secs(1);
/// The longest such time.
pub const LAST_PROGRESS: Duration = Duration::from_secs(10);
/// Changes within this time cause one reconcile.
pub const DEBOUNCE: Duration = Duration::from_millis(50);

/// The timeout of one request to the API server, including the whole answer.
pub const REQUEST: Duration = Duration::from_secs(15);
/// The time in which the API server must begin an answer. The answer to a watch begins at once, and then lasts.
pub const ANSWER: Duration = Duration::from_secs(20);
/// The timeout of a list of all resources, including the whole answer: there may be thousands.
pub const LIST: Duration = Duration::from_secs(60);

/// How much may be lost with a volume where the resource does not say it.
pub const USUAL_LOSS: Duration = Duration::from_secs(60);
/// The least that a resource may ask for: the log is switched that often.
pub const LEAST_LOSS: Duration = Duration::from_secs(10);
/// The most that a resource may ask for.
pub const GREATEST_LOSS: Duration = Duration::from_secs(3600);
/// The time beyond two rounds of its schedule after which a verification of backups is late: one may be missed, and each takes its time.
pub const VERIFICATION_GRACE: Duration = Duration::from_secs(24 * 60 * 60);
/// The newest moment to which a resource can be restored is written anew when it is so much newer: with every look it would be a write each.
pub const NEWEST_AGAIN: Duration = Duration::from_secs(300);
/// How long the Pod of a watcher may count as ready after its node died: longer than the node controller waits for a node by default, 50 s
/// (<https://kubernetes.io/docs/reference/command-line-tools-reference/kube-controller-manager/>).
pub const NODE_LOST: Duration = Duration::from_secs(60);
/// The wait before claims that a restore names are looked for again: no watch reports the claims of others.
pub const CLAIMS_AGAIN: Duration = Duration::from_secs(30);

/// Another replica takes over when the lease was not renewed for this long.
pub const LEASE: Duration = Duration::from_secs(12);
/// A leader that could not renew the lease for this long stops, before another replica may take over.
pub const LEASE_DEADLINE: Duration = Duration::from_secs(8);
/// The interval at which the lease is renewed, or tried for.
pub const LEASE_RENEWAL: Duration = Duration::from_secs(2);
/// The time that running reconciles have to end when the operator stops. The next leader does the rest.
pub const GRACE: Duration = Duration::from_secs(10);

/// The API server ends a watch after this many seconds, and the operator starts it again. The period is below the idle limits of load
/// balancers, most of which are 5 minutes or more.
pub const WATCH_SECONDS: u32 = 240;
/// A watch that failed and has reported nothing since restarts after this time, from a list: the list shows that the watch works, even
/// where nothing changes.
pub const WATCH_RENEWAL: Duration = Duration::from_secs(30);
/// Each watch is listed anew after about this time, so that an error in what is known of the cluster ends.
pub const RELIST: Duration = Duration::from_secs(3600);
/// A watch that has failed for this long does not recover by itself.
pub const WATCH_DEAD: Duration = Duration::from_secs(300);
/// The longest time that the operator waits for all watches to finish their first list. After it, work starts without the watches that
/// have not: a namespace without rights delays no other.
pub const FIRST_LISTS: Duration = Duration::from_secs(30);
/// The interval at which the operator discovers the kinds of other products.
pub const DISCOVERY: Duration = Duration::from_secs(60);
/// The delay before a second discovery confirms that kinds are missing.
pub const DISCOVERY_AGAIN: Duration = Duration::from_secs(5);

/// The time that a broker has to answer about the topics of a resource.
pub const BROKER: Duration = Duration::from_secs(20);
/// The time for which a reconcile waits for that answer, which is more than most brokers need. A later answer enqueues the resource.
pub const BROKER_AT_HAND: Duration = Duration::from_millis(if cfg!(test) { 100 } else { 1000 });
/// The time for which an error of a broker (away, or login refused) also answers the requests of other resources that share it.
pub const BROKER_AWAY: Duration = Duration::from_secs(5);
/// The time that a broker has for a first answer, before the connection checks whether the broker refused it; doubled each time.
pub const FIRST_PATIENCE: Duration = Duration::from_millis(250);
/// The time that librdkafka has to report its errors, and the minimum time left for a request to a broker.
pub const POLL: Duration = Duration::from_millis(1);
/// The wait before the next look at whether a change of a topic has arrived; doubled each time.
pub const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// The longest such wait. Within 2.5 s in total, a change reaches every broker, or it was not made.
pub const LAST_PAUSE: Duration = Duration::from_millis(1280);
