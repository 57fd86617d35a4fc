//! Failing requests, dying operators, an API server that is away: the result is the same as without faults.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use http::{Method, StatusCode};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, ListParams};
use kube::runtime::wait::await_condition;
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Client, ResourceExt as _};
use operator::api::RestaurantBooking;
use operator::controller::Settings;
use operator::reconcile::kind::Kind;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::normal::{self, Objects};
use crate::wire::{Fate, Wire};
use crate::world::{Operator, PATIENCE, Place, World, eventually};

const NAME: &str = "trattoria";
/// The number of platforms that are created at once: each spends most of its time waiting for the control plane.
const AT_ONCE: usize = 8;

/// One Pod of each service, to keep the many platforms light.
fn spec() -> Value {
    let one = json!({"replicas": 1});
    json!({
        "restaurant": {"name": "Trattoria", "timeZone": "Europe/Rome"},
        "auth": one, "menu": one, "reservation": one,
        "ingress": {"host": "book.example.com"},
    })
}

/// The objects of a platform without faults, and the number of requests that it takes.
struct Undisturbed {
    objects: Objects,
    /// The requests that [`Wire::sent`] counts.
    requests: usize,
    /// The requests for watches, lists, discovery and the lease, until the platform was Ready.
    others: usize,
}

async fn undisturbed(place: &Place) -> Undisturbed {
    let operator = place.operator();
    place.apply(NAME, spec()).await;
    place.ready(NAME).await;
    let others = operator.wire.requests().iter().filter(|sent| sent.number == 0).count();
    operator.quiet().await;
    let requests = operator.wire.sent();
    operator.stop().await;
    Undisturbed { objects: normal::objects_anywhere(place).await, requests, others }
}

impl Undisturbed {
    /// Asserts that a platform has the same objects, and that no Pod was replaced meanwhile.
    async fn is_same(&self, place: &Place) {
        let started = Instant::now();
        loop {
            let found = normal::differences(&self.objects, &normal::objects_anywhere(place).await);
            if found.is_empty() {
                break;
            }
            assert!(started.elapsed() < PATIENCE, "{}: undisturbed, and here: {found:#?}", place.name);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        for deployment in place.api(Kind::Deployment).list(&ListParams::default()).await.expect("a list") {
            let revision = deployment.annotations().get("deployment.kubernetes.io/revision").map(String::as_str);
            assert_eq!(revision, Some("1"), "{}: {} was rolled out again", place.name, deployment.name_any());
        }
    }
}

/// Every value that the generated Secrets had, in namespaces whose names start with a word.
struct Credentials {
    values: Arc<Mutex<BTreeMap<String, BTreeSet<String>>>>,
    task: JoinHandle<()>,
}

impl Credentials {
    fn watch(client: Client, prefix: &'static str) -> Self {
        let values: Arc<Mutex<BTreeMap<String, BTreeSet<String>>>> = Arc::default();
        let seen = values.clone();
        let task = tokio::spawn(async move {
            let config = watcher::Config::default().labels("app.kubernetes.io/managed-by=restaurant-booking-operator");
            let mut secrets = watcher(Api::<Secret>::all(client), config).default_backoff().applied_objects().boxed();
            while let Some(secret) = secrets.next().await {
                let Ok(secret) = secret else { continue };
                let namespace = secret.namespace().unwrap_or_default();
                if namespace.starts_with(prefix) {
                    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                    seen.entry(format!("{namespace}/{}", secret.name_any())).or_default().insert(format!("{:?}", secret.data));
                }
            }
        });
        Self { values, task }
    }

    /// Asserts that no Secret was ever rewritten, and returns their number.
    fn were_never_rewritten(self) -> usize {
        self.task.abort();
        let values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        let rewritten: Vec<_> = values.iter().filter(|(_, values)| values.len() > 1).collect();
        assert!(rewritten.is_empty(), "generated more than once: {rewritten:#?}");
        values.len()
    }
}

/// A different fault for each request.
fn fault(number: usize) -> Fate {
    match number {
        // A hang takes as long as the operator's timeout.
        number if number % 29 == 7 => Fate::Hang,
        number => {
            let faults = [
                Fate::Refuse(StatusCode::INTERNAL_SERVER_ERROR),
                Fate::LoseAnswer,
                Fate::Refuse(StatusCode::TOO_MANY_REQUESTS),
                Fate::Refuse(StatusCode::CONFLICT),
                Fate::Refuse(StatusCode::SERVICE_UNAVAILABLE),
            ];
            faults[number % faults.len()]
        }
    }
}

/// Like [`Place::ready`], but with a watch: many polls every 50 ms would be a load of their own.
async fn ready(place: &Place) {
    let is_ready = |resource: Option<&RestaurantBooking>| {
        let status = resource.and_then(|resource| resource.status.as_ref());
        status.is_some_and(|status| status.conditions.iter().any(|one| one.type_ == "Ready" && one.status == "True"))
    };
    let waited = tokio::time::timeout(PATIENCE * 2, await_condition(place.resources(), NAME, is_ready)).await;
    if !matches!(waited, Ok(Ok(_))) {
        // It reports the cause.
        place.ready(NAME).await;
    }
}

/// Runs an operator until the resource is Ready. An operator that ends by itself is replaced, as a kubelet does.
async fn until_ready(place: &Place, wire: &Wire) -> Operator {
    let mut operator = place.operator_over(wire.clone());
    let mut ready = Box::pin(ready(place));
    loop {
        tokio::select! {
            () = &mut ready => return operator,
            () = async { while !operator.has_ended() { tokio::time::sleep(Duration::from_millis(50)).await } } => {
                operator = place.operator_over(wire.clone());
            }
        }
    }
}

/// Runs a function for each number, several at once, and returns how many were true.
async fn each(numbers: impl IntoIterator<Item = usize>, run: impl AsyncFn(usize) -> bool) -> usize {
    stream::iter(numbers).map(|number| run(number)).buffer_unordered(AT_ONCE).filter(|hit| std::future::ready(*hit)).count().await
}

/// The Nth request fails, for every N of a reconcile from nothing to Ready: 500, 503, 429, 409, an answer that is lost, or none.
pub(crate) async fn every_request_fails_once(place: &Place) {
    let undisturbed = undisturbed(place).await;
    let (started, credentials) = (Instant::now(), Credentials::watch(place.client.clone(), "fault-"));
    let hit = each(1..=undisturbed.requests, async |number| {
        let fault = fault(number);
        let place = place.world.place(&format!("fault-{number}")).await;
        let (wire, hit) = (Wire::default(), Arc::new(AtomicBool::new(false)));
        let noted = hit.clone();
        wire.decide(move |request, _, _| {
            if request != number {
                return Fate::Pass;
            }
            noted.store(true, Ordering::SeqCst);
            fault
        });
        place.apply(NAME, spec()).await;
        let operator = until_ready(&place, &wire).await;
        undisturbed.is_same(&place).await;
        operator.stop().await;
        hit.load(Ordering::SeqCst)
    })
    .await;
    let secrets = credentials.were_never_rewritten();
    println!(
        "{hit} of {} requests failed once each, {:.0} s; {secrets} Secrets were generated once",
        undisturbed.requests,
        started.elapsed().as_secs_f64()
    );
    // The number of requests varies a little: changes at the same time are handled together.
    assert!(hit * 10 >= undisturbed.requests * 9, "{hit} of {}", undisturbed.requests);
}

/// Each request of a start fails once: for the lease, the discovery of kinds, lists and watches.
pub(crate) async fn every_request_of_a_start_fails_once(place: &Place) {
    let undisturbed = undisturbed(place).await;
    let started = Instant::now();
    let hit = each(1..=undisturbed.others, async |number| {
        let place = place.world.place(&format!("start-{number}")).await;
        let (wire, count) = (Wire::default(), Arc::new(AtomicUsize::new(0)));
        let counted = count.clone();
        wire.decide(move |request, _, _| {
            let is_it = request == 0 && counted.fetch_add(1, Ordering::SeqCst) + 1 == number;
            // A hanging request is given up after 20 s, as in the other scenario.
            if is_it { fault(if number % 29 == 7 { 1 } else { number }) } else { Fate::Pass }
        });
        place.apply(NAME, spec()).await;
        let operator = until_ready(&place, &wire).await;
        undisturbed.is_same(&place).await;
        operator.stop().await;
        count.load(Ordering::SeqCst) >= number
    })
    .await;
    println!("{hit} of {} requests of a start failed once each, {:.0} s", undisturbed.others, started.elapsed().as_secs_f64());
    assert!(hit * 10 >= undisturbed.others * 9, "{hit} of {}", undisturbed.others);
}

/// The operator is killed at the Nth request, which arrives or does not, and another is started.
pub(crate) async fn killed_at_every_third_request(place: &Place) {
    let undisturbed = undisturbed(place).await;
    let (started, credentials) = (Instant::now(), Credentials::watch(place.client.clone(), "killed-"));
    let numbers: Vec<usize> = (1..=undisturbed.requests).step_by(3).collect();
    let count = numbers.len();
    let hit = each(numbers, async |number| {
        let place = place.world.place(&format!("killed-{number}")).await;
        let wire = Wire::default();
        let fate = if number % 2 == 0 { Fate::Swallow } else { Fate::Hang };
        wire.decide(move |request, _, _| if request == number { fate } else { Fate::Pass });
        place.apply(NAME, spec()).await;
        let operator = place.operator_over(wire.clone());
        let hit = tokio::select! {
            () = wire.stuck() => true,
            () = ready(&place) => false,
        };
        operator.kill().await;
        let operator = until_ready(&place, &Wire::default()).await;
        undisturbed.is_same(&place).await;
        operator.stop().await;
        hit
    })
    .await;
    let secrets = credentials.were_never_rewritten();
    println!("{hit} of {count} operators were killed, {:.0} s; {secrets} Secrets were generated once", started.elapsed().as_secs_f64());
    assert!(hit * 10 >= count * 9, "{hit} of {count}");
}

/// The API server is away for ten seconds in the middle of a reconcile.
pub(crate) async fn the_api_server_goes_and_comes_back(place: &Place) {
    let undisturbed = undisturbed(place).await;
    let mut world = Arc::new(World::start(place.world.kafka.clone()).await);
    let place = world.place("away").await;
    let (name, wire) = (place.name.clone(), Wire::default());
    place.apply(NAME, spec()).await;
    let mut operator = place.operator_over(wire.clone());
    eventually("half of the requests", async || (wire.sent() > undisturbed.requests / 2).then_some(())).await;
    drop(place);
    let plane = &mut Arc::get_mut(&mut world).expect("no place holds it").plane;
    plane.stop_api_server().await;
    // Longer than a leader may work without renewing its lease.
    tokio::time::sleep(Duration::from_secs(10)).await;
    let sent = wire.sent();
    plane.start_api_server().await.expect("it comes back");
    let back = Instant::now();
    let place = Place { client: world.client(), world: world.clone(), name };
    // An operator that lost the lease ends, and the kubelet starts it again.
    let ended = operator.has_ended();
    if ended {
        operator = place.operator_over(wire.clone());
    }
    place.ready(NAME).await;
    println!(
        "Ready {:.1} s after the API server was back; {} requests while it was away; the operator had ended: {ended}",
        back.elapsed().as_secs_f64(),
        sent - undisturbed.requests / 2
    );
    undisturbed.is_same(&place).await;
    operator.stop().await;
}

/// Refuses every request for a Secret of the user from now on.
fn refuse_secrets(wire: &Wire, status: StatusCode) {
    wire.decide(move |number, _, uri| if number > 0 && uri.contains("/secrets/chef") { Fate::Refuse(status) } else { Fate::Pass });
}

/// The times of the requests for a Secret.
fn asked_for(wire: &Wire, secret: &str) -> Vec<Instant> {
    let requests = wire.requests();
    requests.iter().filter(|sent| sent.number > 0 && sent.method == Method::GET && sent.uri.contains(secret)).map(|sent| sent.at).collect()
}

fn gaps(times: &[Instant]) -> Vec<f64> {
    times.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect()
}

/// Requests to an API server that refuses come less and less often, and never in step: the operator waits after a failure (500), the client
/// waits during overload (503), and neither retries earlier than `Retry-After` (429) says. When the API server works again, the resource
/// becomes Ready.
pub(crate) async fn storms_are_met_with_patience(place: &Place) {
    // The first request of a reconcile: it is read in each, since its content is not known.
    let secret = "/secrets/chef";
    let storm = async |status: StatusCode, time: u64| {
        let place = place.world.place(&format!("storm-{}", status.as_u16())).await;
        let wire = Wire::default();
        refuse_secrets(&wire, status);
        place.secret("chef", &[("password", "a password of the chef")]).await;
        let mut spec = spec();
        spec["admin"] = json!({"passwordSecretRef": {"name": "chef", "key": "password"}});
        place.apply(NAME, spec).await;
        let operator = place.operator_over(wire.clone());
        eventually("the first request", async || (!asked_for(&wire, secret).is_empty()).then_some(())).await;
        tokio::time::sleep(Duration::from_secs(time)).await;
        let gaps = gaps(&asked_for(&wire, secret));
        wire.decide(|_, _, _| Fate::Pass);
        let healed = Instant::now();
        place.ready(NAME).await;
        operator.stop().await;
        (gaps, healed.elapsed().as_secs_f64())
    };
    let ((failing, failing_ready), (overloaded, overloaded_ready), (limited, limited_ready)) = tokio::join!(
        storm(StatusCode::INTERNAL_SERVER_ERROR, 16),
        storm(StatusCode::SERVICE_UNAVAILABLE, 12),
        storm(StatusCode::TOO_MANY_REQUESTS, 8)
    );
    println!(
        "500: {failing:.2?}, Ready after {failing_ready:.1} s\n503: {overloaded:.2?}, Ready after {overloaded_ready:.1} s\n429: {limited:.2?}, Ready after {limited_ready:.1} s"
    );

    // 1, 2, 4 and 8 s, each varied by up to a fifth, plus the time of a reconcile, which a busy machine makes longer.
    assert!((2..=5).contains(&failing.len()), "{failing:?}");
    for (gap, wanted) in failing.iter().zip([1.0, 2.0, 4.0, 8.0]) {
        assert!((wanted * 0.79..wanted * 1.21 + 10.0).contains(gap), "{failing:?}");
    }
    // From 5 ms on, doubled each time with jitter: a dozen in 12 s, and the second half takes longer.
    assert!((6..=20).contains(&overloaded.len()), "{overloaded:?}");
    let half = overloaded.len() / 2;
    let (early, late): (f64, f64) = (overloaded[..half].iter().sum(), overloaded[half..].iter().sum());
    assert!(late > early * 4.0, "{overloaded:?}");
    assert!((4..=9).contains(&limited.len()) && limited.iter().all(|gap| *gap > 0.99), "{limited:?}");
}

/// Resources that cannot become Ready do not delay one that can: neither those with a request that the API server refuses, nor those with a
/// broker that is away.
pub(crate) async fn broken_resources_hold_up_no_other(place: &Place) {
    let address = place.world.kafka.as_ref().expect("a broker").address();
    let wire = Wire::default();
    // Each resource names its own broker.
    let settings = Settings { kafka_address: None, ..place.settings("operator-0") };
    let operator = Operator::start(wire.client(place.world.plane.client_config()), settings, wire);
    let mut broken = Vec::new();
    for number in 0..20 {
        let name = format!("broken-{number}");
        let mut spec = spec();
        if number % 2 == 0 {
            let foreign = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": format!("{name}-auth")}});
            let foreign = serde_json::from_value(foreign).expect("an object");
            place.api(Kind::ServiceAccount).create(&Default::default(), &foreign).await.expect("somebody's ServiceAccount");
            spec["kafka"] = json!({"external": {"bootstrapServers": [address]}});
        } else {
            // No server listens there.
            spec["kafka"] = json!({"external": {"bootstrapServers": ["127.0.0.1:9"]}});
        }
        place.apply(&name, spec).await;
        broken.push(name);
    }
    for name in &broken {
        eventually("a round for each that is broken has begun", async || {
            let status = place.resources().get(name).await.ok()?.status?;
            status.observed_generation.filter(|_| !status.conditions.is_empty())
        })
        .await;
    }
    let started = Instant::now();
    let mut good = spec();
    good["kafka"] = json!({"external": {"bootstrapServers": [address]}});
    place.apply("good", good).await;
    place.ready("good").await;
    let elapsed = started.elapsed();
    println!("Ready in {:.1} s beside 20 that are broken", elapsed.as_secs_f64());
    for name in &broken {
        let reason = if name.ends_with(['0', '2', '4', '6', '8']) { "NameConflict" } else { "BrokerUnreachable" };
        place.condition(name, "Ready", "False", Some(reason)).await;
    }
    operator.stop().await;
}
