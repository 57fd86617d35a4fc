//! How long the operator waits, and how often it looks: every duration of it. How long Pods may take is part of the objects, see
//! `reconcile/build`.

use std::time::Duration;

/// A resource that failed once is tried again after so long; doubled with each further failure.
pub const FIRST_RETRY: Duration = Duration::from_secs(1);
/// The longest such wait: what a person mends is noticed within it, and a broken resource costs next to nothing.
pub const LAST_RETRY: Duration = Duration::from_secs(300);
/// How long a round may take; what is not done then is done in the next.
pub const ROUND: Duration = Duration::from_secs(120);
/// How long a settled resource is left alone, where nothing is noticed: topics have no watch.
pub const RESYNC: Duration = Duration::from_secs(600);
/// How long a database or a broker may take to become ready before the resource is told to be stalled: as long as a Deployment's Pods have by
/// default (`progressDeadlineSeconds`).
pub const STALLED: Duration = Duration::from_secs(600);
/// Changes that come together are acted on together.
pub const DEBOUNCE: Duration = Duration::from_millis(50);

/// How long one request to the API server may take, with the whole of its answer.
pub const REQUEST: Duration = Duration::from_secs(15);
/// How long the API server may take to begin an answer; that of a watch begins at once, and then lasts.
pub const ANSWER: Duration = Duration::from_secs(20);
/// How long a list of all resources may take, with the whole of its answer: there may be thousands.
pub const LIST: Duration = Duration::from_secs(60);

/// Other replicas take over when the lease was not renewed for so long.
pub const LEASE: Duration = Duration::from_secs(12);
/// A leader that could not renew the lease for so long stops: before anybody else may take over.
pub const LEASE_DEADLINE: Duration = Duration::from_secs(8);
/// How often the lease is renewed, or tried for.
pub const LEASE_RENEWAL: Duration = Duration::from_secs(2);
/// How long rounds under way may take to end when the operator stops. What they do not finish, the next leader does.
pub const GRACE: Duration = Duration::from_secs(10);

/// The server ends a watch after so many seconds, and it is begun anew: below the idle limits of load balancers, most of which are 5
/// minutes or more.
pub const WATCH_SECONDS: u32 = 240;
/// A watch that failed and told of nothing since is begun anew, from a list: a list tells that it works, even where nothing changes.
pub const WATCH_RENEWAL: Duration = Duration::from_secs(30);
/// A watch that has not worked for so long will not by itself.
pub const WATCH_DEAD: Duration = Duration::from_secs(300);
/// How long all watches may take to tell of everything, before work goes on without those that have not: a namespace without rights holds
/// up no other.
pub const FIRST_LISTS: Duration = Duration::from_secs(30);
/// How often the kinds of other products are looked for.
pub const DISCOVERY: Duration = Duration::from_secs(60);
/// How long after kinds are missing they are looked for again.
pub const DISCOVERY_AGAIN: Duration = Duration::from_secs(5);

/// How long a broker may take to answer for the topics of a resource.
pub const BROKER: Duration = Duration::from_secs(20);
/// How long a round waits for that answer: most brokers need much less. Of one that comes later the resource is told.
pub const BROKER_AT_HAND: Duration = Duration::from_millis(if cfg!(test) { 100 } else { 1000 });
/// How long the answer of a broker that is away, or lets nobody in, holds for the other resources that share it.
pub const BROKER_AWAY: Duration = Duration::from_secs(5);
/// How long a broker has for a first answer before it is looked whether it refused; doubled each time.
pub const FIRST_PATIENCE: Duration = Duration::from_millis(250);
/// How long librdkafka is given to tell what it has heard, and the shortest time in which a broker is asked anything.
pub const POLL: Duration = Duration::from_millis(1);
/// How long to wait before looking whether a change of a topic has arrived; doubled each time.
pub const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// The longest such wait: in 2.5 s a change has reached every broker, or was not made.
pub const LAST_PAUSE: Duration = Duration::from_millis(1280);
