//! Two operators with one lease, and watches that are cut.

use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::Api;
use operator::controller::{Ended, Settings, lease_name};
use operator::reconcile::kind::Kind;
use serde_json::json;

use crate::wire::{Fate, Sent, Wire};
use crate::world::{Operator, Place, eventually, within};

const NAME: &str = "trattoria";
/// The object that each test deletes, and that the operator creates again.
const DRIFT: (Kind, &str) = (Kind::ServiceAccount, "trattoria-auth");

/// The watches of a namespace: of the resources, and of each kind.
const WATCHES: usize = 1 + Kind::ALL.len();

fn start(place: &Place, identity: &str) -> Operator {
    place.operator_as(identity, place.world.plane.client_config(), Wire::default())
}

async fn apply(place: &Place) {
    let one = json!({"replicas": 1});
    let spec = json!({"restaurant": {"name": "Trattoria", "timeZone": "Europe/Rome"}, "auth": one, "menu": one, "reservation": one});
    place.apply(NAME, spec).await;
}

async fn holder(place: &Place) -> Option<String> {
    let lease = Api::<Lease>::namespaced(place.client.clone(), &place.name)
        .get_opt(&lease_name(std::slice::from_ref(&place.name)))
        .await
        .ok()??;
    lease.spec?.holder_identity.filter(|holder| !holder.is_empty())
}

/// Two operators, of which the first leads.
async fn pair(place: &Place) -> (Operator, Operator) {
    let first = start(place, "first");
    eventually("the first leads", async || (holder(place).await? == "first").then_some(())).await;
    let second = start(place, "second");
    apply(place).await;
    place.ready(NAME).await;
    (first, second)
}

fn writes(wire: &Wire) -> Vec<Sent> {
    wire.requests().into_iter().filter(Sent::is_write).collect()
}

/// Waits until the operator creates a deleted object again.
async fn puts_back(place: &Place) {
    let (kind, name) = DRIFT;
    place.delete(kind, name).await;
    within(Duration::from_secs(40), "it is put back", &mut async || place.get(kind, name).await).await;
}

/// A release that watches a namespace which another release in its own namespace watches does nothing, is unready and names the first, until
/// the first is gone. When the first comes back, the second ends.
pub(crate) async fn d16_of_two_releases_that_overlap_the_second_gives_way(place: &Place) {
    let other = place.world.place("served").await;
    let first = start(place, "first");
    apply(place).await;
    place.ready(NAME).await;
    let wire = Wire::default();
    let settings = Settings { namespaces: vec![place.name.clone(), other.name.clone()], ..place.settings("second") };
    let second = Operator::start(wire.client(place.world.plane.client_config()), settings, wire);
    let name = lease_name(std::slice::from_ref(&place.name));
    eventually("the first is named", async || second.health.missing().contains(&format!("Lease {name};")).then_some(())).await;
    assert!(!second.health.is_ready() && first.health.is_ready());
    apply(&other).await;
    let (kind, object) = DRIFT;
    place.delete(kind, object).await;
    eventually("the first works", async || place.get(kind, object).await).await;
    assert!(other.children().await.is_empty(), "the second works too");
    assert!(writes(&second.wire).iter().all(|sent| sent.uri.contains("/leases")), "{:#?}", writes(&second.wire));
    first.stop().await;
    // As long as replicas of the first have to take over.
    within(Duration::from_secs(120), "the second works", &mut async || other.get(kind, object).await).await;
    assert!(second.health.missing().is_empty(), "{}", second.health.missing());
    // The first comes back: its Lease is the older one, whatever has happened since.
    let first = start(place, "first");
    eventually("the second ends", async || second.has_ended().then_some(())).await;
    assert!(matches!(second.ended().await, Err(Ended::Overlap(lease)) if lease == name), "it names the first");
    place.delete(kind, object).await;
    eventually("the first works again", async || place.get(kind, object).await).await;
    assert!(first.health.is_ready());
    first.stop().await;
}

/// A replica without the lease sends no other requests. It takes over from a killed leader when the lease has expired, and from a stopped
/// one at once.
pub(crate) async fn another_takes_over(place: &Place) {
    let (first, second) = pair(place).await;
    let idle: Vec<_> = second.wire.requests().into_iter().filter(|sent| !sent.uri.contains("/leases")).collect();
    assert!(idle.is_empty(), "asked without the lease: {idle:#?}");
    assert!(!writes(&first.wire).is_empty());

    first.kill().await;
    let killed = Instant::now();
    eventually("the second leads", async || (holder(place).await? == "second").then_some(())).await;
    let led = killed.elapsed();
    puts_back(place).await;
    println!(
        "killed: the other leads after {:.1} s, and has put something back after {:.1} s",
        led.as_secs_f64(),
        killed.elapsed().as_secs_f64()
    );

    let third = start(place, "third");
    eventually("the third asks for the lease", async || (!third.wire.requests().is_empty()).then_some(())).await;
    let stopped = Instant::now();
    second.stop().await;
    let gone = stopped.elapsed();
    assert_ne!(holder(place).await.as_deref(), Some("second"), "the lease is given back, and need not run out");
    eventually("the third leads", async || (holder(place).await? == "third").then_some(())).await;
    let led = stopped.elapsed();
    puts_back(place).await;
    println!(
        "stopped in {:.1} s: the other leads after {:.1} s, and has put something back after {:.1} s",
        gone.as_secs_f64(),
        led.as_secs_f64(),
        stopped.elapsed().as_secs_f64()
    );

    let waiting = start(place, "fourth");
    eventually("the fourth asks for the lease", async || (!waiting.wire.requests().is_empty()).then_some(())).await;
    waiting.stop().await;
    assert_eq!(holder(place).await.as_deref(), Some("third"));
    third.stop().await;
}

/// A leader that cannot renew its lease, because the request is refused or unanswered, stops before the other replica starts.
pub(crate) async fn nothing_is_written_without_the_lease(place: &Place) {
    let lose = async |name: &str, fate: Fate| {
        let place = place.world.place(name).await;
        let (first, second) = pair(&place).await;
        first.wire.decide(move |_, _, uri| if uri.contains("/leases") { fate } else { Fate::Pass });
        let lost = Instant::now();
        // There is always a difference to write.
        let (kind, object) = DRIFT;
        let mut puts = 0;
        while !first.has_ended() || writes(&second.wire).is_empty() {
            let _ = place.api(kind).delete(object, &Default::default()).await;
            puts += 1;
            assert!(lost.elapsed() < Duration::from_secs(60), "the second does not take over");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let wire = first.wire.clone();
        assert!(matches!(first.ended().await, Err(Ended::LeaseLost)));
        let last = writes(&wire).last().expect("writes").at;
        let begun = writes(&second.wire).first().expect("writes").at;
        second.stop().await;
        (last.duration_since(lost), begun.duration_since(last), begun > last, puts)
    };
    let (refused, silent) =
        tokio::join!(lose("lease-refused", Fate::Refuse(StatusCode::INTERNAL_SERVER_ERROR)), lose("lease-silent", Fate::Hang));
    for (how, (wrote_for, pause, in_order, puts)) in [("refused", refused), ("unanswered", silent)] {
        println!(
            "{how}: wrote for {:.1} s without renewal, then nobody for {:.1} s; {puts} deletions",
            wrote_for.as_secs_f64(),
            pause.as_secs_f64()
        );
        assert!(in_order, "{how}: the old leader wrote after the new one began");
        assert!(wrote_for > Duration::from_secs(2), "{how}: there was nothing to write, which shows nothing");
    }
}

/// The watches of a leader are cut, and new ones fail. The operator reports this as long as it lasts. When the watches work again, it acts
/// on the changes made meanwhile, in each of the namespaces. Then it reports nothing, although no watch has an event.
pub(crate) async fn a_watch_that_is_cut(place: &Place) {
    let other = place.world.place("a-watch-of-another").await;
    let (wire, namespaces) = (Wire::default(), vec![place.name.clone(), other.name.clone()]);
    let settings = Settings { namespaces, ..place.settings("operator-0") };
    let operator = Operator::start(wire.client(place.world.plane.client_config()), settings, wire);
    for place in [place, &other] {
        apply(place).await;
        place.ready(NAME).await;
    }
    let wire = &operator.wire;
    assert_eq!(operator.health.failing_for(Duration::ZERO), None);
    let is_watch = |uri: &str| uri.contains("watch=") || uri.contains("limit=");

    wire.decide(move |_, _, uri| if is_watch(uri) { Fate::Refuse(StatusCode::INTERNAL_SERVER_ERROR) } else { Fate::Pass });
    wire.cut_watches();
    let cut = Instant::now();
    eventually("every watch fails", async || {
        let told = operator.health.failing_for(Duration::ZERO)?;
        (told.lines().count() == 2 * WATCHES).then_some(())
    })
    .await;
    let (kind, name) = DRIFT;
    for place in [place, &other] {
        place.delete(kind, name).await;
    }
    // The limit is longer than the restart of a watch, which must not count as success.
    let limit = Duration::from_secs(40);
    let told = within(limit + Duration::from_secs(10), "a watch that has failed for long is told of", &mut async || {
        operator.health.failing_for(limit).filter(|told| told.lines().count() == 2 * WATCHES)
    })
    .await;
    assert!(told.contains("the watch of RestaurantBooking in") && told.contains("the watch of ConfigMap in"), "{told}");
    assert!(place.get(kind, name).await.is_none(), "nobody could know of it");
    assert!(!operator.has_ended());

    wire.decide(|_, _, _| Fate::Pass);
    let healed = Instant::now();
    for place in [place, &other] {
        within(Duration::from_secs(60), "what was deleted meanwhile is put back", &mut async || place.get(kind, name).await).await;
    }
    let put_back = healed.elapsed();
    within(Duration::from_secs(75), "no watch fails any more", &mut async || {
        operator.health.failing_for(Duration::ZERO).is_none().then_some(())
    })
    .await;
    for place in [place, &other] {
        puts_back(place).await;
    }
    println!(
        "cut for {:.0} s: put back {:.1} s after, all watches work {:.1} s after",
        (healed - cut).as_secs_f64(),
        put_back.as_secs_f64(),
        healed.elapsed().as_secs_f64()
    );
    operator.stop().await;
}

/// A namespace that cannot be watched any more does not delay another.
pub(crate) async fn a_namespace_that_is_cut_off(place: &Place) {
    let other = place.world.place("a-namespace-cut-off").await;
    let (wire, namespaces) = (Wire::default(), vec![place.name.clone(), other.name.clone()]);
    let settings = Settings { namespaces, ..place.settings("operator-0") };
    let operator = Operator::start(wire.client(place.world.plane.client_config()), settings, wire);
    apply(place).await;
    place.ready(NAME).await;
    let path = format!("/namespaces/{}/", other.name);
    operator
        .wire
        .decide(move |number, _, uri| if number == 0 && uri.contains(&path) { Fate::Refuse(StatusCode::FORBIDDEN) } else { Fate::Pass });
    operator.wire.cut_watches();
    let limit = Duration::from_secs(15);
    eventually("it is cut off", async || operator.health.failing_for(limit)).await;
    // A watch that fails is retried after longer pauses each time: half a minute includes such a pause.
    let (started, mut longest, mut times) = (Instant::now(), Duration::ZERO, 0);
    while started.elapsed() < Duration::from_secs(30) {
        let deleted = Instant::now();
        puts_back(place).await;
        (longest, times) = (longest.max(deleted.elapsed()), times + 1);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    println!("put back {times} times, after {:.1} s at most", longest.as_secs_f64());
    assert!(longest < Duration::from_secs(25), "held up by a pause of half a minute: {longest:?}");
    // The limit is longer than the time until a watch is known to work again.
    let told = eventually("it is still cut off", async || operator.health.failing_for(Duration::from_secs(40))).await;
    assert!(told.lines().all(|line| line.contains(&other.name)), "{told}");
    operator.stop().await;
}

/// A connection that delivers nothing any more is given up.
pub(crate) async fn a_watch_that_is_silent(place: &Place) {
    let operator = place.operator();
    apply(place).await;
    place.ready(NAME).await;
    let is_watch = |uri: &str| uri.contains("watch=") || uri.contains("limit=");
    operator.wire.decide(move |_, _, uri| if is_watch(uri) { Fate::Hang } else { Fate::Pass });
    operator.wire.cut_watches();
    let limit = Duration::from_secs(30);
    within(Duration::from_secs(75), "a watch that nobody answers is told of", &mut async || {
        operator.health.failing_for(limit).filter(|told| told.lines().count() == WATCHES)
    })
    .await;
    operator.wire.decide(|_, _, _| Fate::Pass);
    within(Duration::from_secs(75), "no watch fails any more", &mut async || {
        operator.health.failing_for(Duration::ZERO).is_none().then_some(())
    })
    .await;
    operator.stop().await;
}

/// Watches select only the operator's objects, request metadata only, and last shorter than the idle limits of load balancers. Watches of
/// Secrets include the Secrets to which resources refer.
pub(crate) async fn watches_are_narrow(place: &Place) {
    let operator = place.operator();
    apply(place).await;
    place.ready(NAME).await;
    let requests = operator.wire.requests();
    let is_watch = |sent: &&Sent| sent.method == Method::GET && (sent.uri.contains("watch=") || sent.uri.contains("limit="));
    let watches: Vec<_> = requests.iter().filter(is_watch).collect();
    for kind in Kind::ALL {
        let path = format!("/namespaces/{}/{}?", place.name, kind.plural());
        let group = if kind.group().is_empty() { "/api/".to_owned() } else { format!("/apis/{}/", kind.group()) };
        let own: Vec<_> = watches.iter().filter(|sent| sent.uri.starts_with(&group) && sent.uri.contains(&path)).collect();
        assert!(own.len() >= 2, "{kind:?} is listed and watched: {own:#?}");
        for sent in own {
            // Objects whose state controllers report come whole, so that none is read again; of the others, Secrets first of all, only the metadata.
            // A new process reads the data of the operator's own Secrets in one list, in place of a request for each.
            let is_own_data = kind == Kind::Secret && !sent.uri.contains("watch=") && sent.uri.contains("labelSelector=");
            assert_eq!(sent.accept.contains("as=PartialObjectMetadata"), !kind.is_observed() && !is_own_data, "{sent:?}");
            let labelled = sent.uri.contains("labelSelector=app.kubernetes.io%2Fmanaged-by%3Drestaurant-booking-operator");
            assert!(labelled || kind == Kind::Secret, "{sent:?}");
        }
    }
    for sent in watches.iter().filter(|sent| sent.uri.contains("watch=")) {
        let seconds = sent.uri.split(['?', '&']).find_map(|parameter| parameter.strip_prefix("timeoutSeconds=")?.parse::<u32>().ok());
        assert!(seconds.is_some_and(|seconds| seconds < 290), "{sent:?}");
    }
    let whole: Vec<_> = watches.iter().filter(|sent| !sent.accept.contains("PartialObjectMetadata")).collect();
    let observed = |sent: &Sent| Kind::ALL.iter().any(|kind| kind.is_observed() && sent.uri.contains(&format!("/{}?", kind.plural())));
    let own_secrets = |sent: &Sent| sent.uri.contains("/secrets?") && sent.uri.contains("labelSelector=");
    let expected = |sent: &Sent| sent.uri.contains("/restaurantbookings?") || observed(sent) || own_secrets(sent);
    assert!(whole.len() >= 2 && whole.iter().all(|sent| expected(sent)), "{whole:#?}");
    assert!(!Kind::Secret.is_observed(), "no Secret is read but those that a resource names");
    operator.stop().await;
}
