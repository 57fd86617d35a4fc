//! Interleavings of a reconcile with what others do meanwhile. The wire delays requests, answers and events, loses answers and breaks watches,
//! by one seed; every interleaving ends in the same objects, nothing of somebody else's is written, and nothing is written afterwards.
//!
//! `INTERLEAVINGS=1000 SEED=7` explores more of them, or others; a failure names the seed and the number.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use http::{Method, StatusCode};
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use operator::reconcile::kind::Kind;
use serde_json::{Value, json};

use crate::normal::{self, Objects};
use crate::wire::{Fate, Piece, Wire};
use crate::world::{Operator, PATIENCE, Place, eventually};

const NAME: &str = "trattoria";
/// The platforms that are worked on at once.
const PLATFORMS: u64 = 8;

/// Splitmix64 (<https://prng.di.unimi.it/splitmix64.c>).
#[derive(Clone, Debug)]
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ (number >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn pause(&mut self, most: u64) -> Duration {
        Duration::from_millis(self.below(most))
    }
}

fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Two declarations that differ in objects that cost no Pod: some come and go, others change.
fn spec(is_large: bool) -> Value {
    let one = json!({"replicas": 1});
    let mut spec = json!({
        "restaurant": {"name": "Trattoria", "timeZone": "Europe/Rome"}, "auth": one, "menu": one, "reservation": one,
        "ingress": {"host": "book.example.com", "annotations": {"example.com/size": "small", "example.com/small": "yes"}},
        "networkPolicy": {"clientNamespaceLabels": {"guests": "yes"}},
        "monitoring": {"enabled": false}, "podDisruptionBudget": {"enabled": false},
    });
    if is_large {
        spec["ingress"]["annotations"] = json!({"example.com/size": "large"});
        spec["networkPolicy"] = json!({"clientNamespaceLabels": {"guests": "no"}});
        spec["monitoring"] = json!({"labels": {"release": "prometheus"}});
        spec["podDisruptionBudget"] = json!({"enabled": true});
    }
    spec
}

/// The fates of requests and events from now on.
fn disturb(wire: &Wire, chance: &mut Chance) {
    let shared = |chance: &mut Chance| Arc::new(Mutex::new(Chance(chance.next())));
    let (requests, events) = (shared(chance), shared(chance));
    wire.decide(move |number, method, _| {
        let mut chance = requests.lock().unwrap_or_else(PoisonError::into_inner);
        match chance.below(40) {
            _ if number == 0 => Fate::Pass,
            0 => Fate::LoseAnswer,
            1 if *method != Method::GET => Fate::Refuse(StatusCode::CONFLICT),
            2..20 => Fate::Late(chance.pause(120), chance.pause(250)),
            _ => Fate::Pass,
        }
    });
    wire.judge(move |_| {
        let mut chance = events.lock().unwrap_or_else(PoisonError::into_inner);
        match chance.below(30) {
            0 => Piece::Cut,
            1..16 => Piece::Late(chance.pause(300)),
            _ => Piece::Pass,
        }
    });
}

/// What somebody does meanwhile.
#[derive(Clone, Copy, Debug)]
enum Act {
    Delete,
    StripLabels,
    ChangeAnnotation,
    Edit,
    /// An object of their own, under a name that the operator wants or may come to want.
    Create,
}

/// The objects that are touched: what Pods mount or are made from would replace them.
const TOUCHED: [(Kind, &str); 9] = [
    (Kind::Service, "trattoria-menu"),
    (Kind::ServiceAccount, "trattoria-menu"),
    (Kind::NetworkPolicy, "trattoria-menu"),
    (Kind::NetworkPolicy, "trattoria-auth-postgres"),
    (Kind::Ingress, NAME),
    (Kind::PodDisruptionBudget, "trattoria-menu"),
    (Kind::PodDisruptionBudget, "trattoria-auth"),
    (Kind::ServiceMonitor, NAME),
    (Kind::PrometheusRule, NAME),
];

/// An edit of a field of the operator's.
fn edit(kind: Kind) -> Value {
    match kind {
        Kind::Service => json!({"spec": {"ports": [{"name": "http", "port": 9001}]}}),
        Kind::ServiceAccount => json!({"automountServiceAccountToken": true}),
        Kind::NetworkPolicy => json!({"spec": {"podSelector": {"matchLabels": {"more": "narrow"}}}}),
        Kind::Ingress => json!({"spec": {"rules": [{"host": "other.example.com"}]}}),
        Kind::PodDisruptionBudget => json!({"spec": {"maxUnavailable": 2}}),
        _ => json!({"metadata": {"labels": {"app.kubernetes.io/name": "other"}}}),
    }
}

/// Somebody's own object, as small as its kind allows.
fn own(kind: Kind, name: &str) -> Value {
    let mut object =
        json!({"apiVersion": kind.api_version(), "kind": kind.as_str(), "metadata": {"name": name, "labels": {"whose": "own"}}});
    match kind {
        Kind::Service => object["spec"] = json!({"ports": [{"port": 80}]}),
        Kind::NetworkPolicy => object["spec"] = json!({"podSelector": {"matchLabels": {"whose": "own"}}}),
        Kind::Ingress => object["spec"] = json!({"defaultBackend": {"service": {"name": "own", "port": {"number": 80}}}}),
        Kind::PodDisruptionBudget => object["spec"] = json!({"maxUnavailable": 1, "selector": {"matchLabels": {"whose": "own"}}}),
        Kind::ServiceMonitor => object["spec"] = json!({"endpoints": [], "selector": {}}),
        Kind::PrometheusRule => object["spec"] = json!({"groups": []}),
        _ => {}
    }
    object
}

/// Does something, whether it succeeds or not; returns the object that was made.
async fn act(place: &Place, act: Act, kind: Kind, name: &str) -> Option<Value> {
    let api = place.api(kind);
    let params = PatchParams { field_manager: Some("kubectl-edit".to_owned()), ..Default::default() };
    let patch = match act {
        Act::Delete => {
            let _ = api.delete(name, &DeleteParams::background()).await;
            return None;
        }
        Act::Create => {
            // Sometimes in the place of the operator's.
            let _ = api.delete(name, &DeleteParams::background()).await;
            let object = serde_json::from_value(own(kind, name)).expect("an object");
            let made = api.create(&PostParams { field_manager: Some("user".to_owned()), ..Default::default() }, &object).await;
            return made.ok().map(|made| serde_json::to_value(made).expect("JSON"));
        }
        Act::StripLabels => json!({"metadata": {"labels": null}}),
        Act::ChangeAnnotation => json!({"metadata": {"annotations": {"restaurantbooking.dev/applied": "x"}}}),
        Act::Edit => edit(kind),
    };
    let _ = api.patch(name, &params, &Patch::Merge(&patch)).await;
    None
}

/// One platform and its operator, through its share of the interleavings.
struct Explored<'a> {
    place: &'a Place,
    operator: &'a Operator,
    /// The objects of the small declaration, and of the large one.
    references: [Objects; 2],
}

impl Explored<'_> {
    /// Waits until the objects are those of a declaration.
    async fn ends_as(&self, is_large: bool, told: &str) {
        let started = Instant::now();
        loop {
            let found = normal::differences(&self.references[usize::from(is_large)], &normal::objects_anywhere(self.place).await);
            if found.is_empty() {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "{told}: it does not end as without: {found:#?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn one(&self, mut chance: Chance, is_large: bool, told: &str) {
        let (place, wire) = (self.place, &self.operator.wire);
        disturb(wire, &mut chance);
        place.apply(NAME, spec(is_large)).await;
        let mut made = Vec::new();
        for _ in 0..=chance.below(3) {
            tokio::time::sleep(chance.pause(400)).await;
            let acts = [Act::Delete, Act::StripLabels, Act::ChangeAnnotation, Act::Edit, Act::Create];
            let of = acts[usize::try_from(chance.below(5)).expect("small")];
            let (kind, name) = TOUCHED[usize::try_from(chance.below(9)).expect("small")];
            made.extend(act(place, of, kind, name).await.map(|object| (kind, name, object)));
        }
        tokio::time::sleep(chance.pause(400)).await;
        // Somebody's own object is as it was made, whatever the operator made of the name before and after.
        for (kind, name, object) in made {
            let now = place.get(kind, name).await;
            let same = now.filter(|now| now["metadata"]["uid"] == object["metadata"]["uid"]);
            if let Some(now) = same {
                let entries = now["metadata"]["managedFields"].to_string();
                assert!(!entries.contains("restaurant-booking-operator"), "{told}: {} {name} was taken over: {now}", kind.as_str());
                let uid = now["metadata"]["uid"].as_str().map(str::to_owned);
                let preconditions = kube::api::Preconditions { uid, resource_version: None };
                let params = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::background() };
                let _ = place.api(kind).delete(name, &params).await;
            }
        }
        wire.decide(|_, _, _| Fate::Pass);
        wire.judge(|_| Piece::Pass);
        self.ends_as(is_large, told).await;
    }
}

/// Every interleaving of a change with what others do ends in the objects of an undisturbed change.
pub(crate) async fn every_interleaving_ends_the_same(place: &Place) {
    let (count, seed) = (from_environment("INTERLEAVINGS", 240), from_environment("SEED", 1));
    let started = Instant::now();
    let each = stream::iter(0..PLATFORMS).map(|platform| {
        let world = place.world.clone();
        async move {
            let place = world.place(&format!("interleaved-{platform}")).await;
            let operator = place.operator_over(Wire::default());
            let mut references = Vec::new();
            for is_large in [false, true] {
                place.apply(NAME, spec(is_large)).await;
                place.ready(NAME).await;
                operator.quiet().await;
                references.push(normal::objects_anywhere(&place).await);
            }
            let references = references.try_into().expect("two");
            let explored = Explored { place: &place, operator: &operator, references };
            for number in (platform..count).step_by(usize::try_from(PLATFORMS).expect("small")) {
                let told = format!("SEED={seed}, number {number}");
                let is_large = (number / PLATFORMS) % 2 == 1;
                explored.one(Chance(seed.wrapping_mul(1_000_003).wrapping_add(number)), is_large, &told).await;
            }
            place.ready(NAME).await;
            operator.quiet().await;
            let (mark, sent) = (world.plane.audit().mark(), operator.wire.sent());
            tokio::time::sleep(Duration::from_secs(2)).await;
            assert_eq!(operator.wire.log()[sent..], [] as [String; 0], "requests of a settled platform");
            assert!(place.writes(&mark).is_empty(), "{:#?}", place.writes(&mark));
            let revisions = async |name: &str| {
                let now = place.get(Kind::Deployment, name).await?;
                now["metadata"]["annotations"]["deployment.kubernetes.io/revision"].as_str().map(str::to_owned)
            };
            for name in ["trattoria-auth", "trattoria-menu", "trattoria-reservation"] {
                let revision = eventually(name, async || revisions(name).await).await;
                assert_eq!(revision, "1", "{}: {name} was rolled out again", place.name);
            }
            operator.stop().await;
        }
    });
    each.buffer_unordered(usize::try_from(PLATFORMS).expect("small")).collect::<Vec<()>>().await;
    println!("{count} interleavings of seed {seed} ended the same, {:.0} s", started.elapsed().as_secs_f64());
}
