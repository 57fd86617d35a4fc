//! A broker that many resources share and that takes connections without ever answering: what it costs the operator.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, ListParams, ObjectMeta, Patch, PatchParams, PostParams};
use operator::api::RestaurantBooking;
use serde_json::json;

use crate::operator::Plane;
use crate::report::{Goal, Report};
use crate::service::Programs;
use crate::{Result, proc};

/// Resources that share the broker.
const RESOURCES: usize = 400;
/// How long they may take until each tells of the broker.
const PATIENCE: Duration = Duration::from_secs(1200);
/// For how long the operator is watched when all have told.
const WATCHED: Duration = Duration::from_secs(60);

/// Measures threads and memory of the operator, from its start until all resources have told of the broker and a minute longer.
pub(crate) async fn measure() -> Result<()> {
    let programs = Programs::build(&["-p", "operator"])?;
    let mut report = Report::default();
    // The kernel takes the connections; nobody reads from them.
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let plane = Plane::start(&programs, None).await?;
    let pid = plane.operator.pid();
    tokio::time::sleep(Duration::from_secs(5)).await;
    let (idle, idle_threads) = (proc::memory(pid).map_or(f64::NAN, |(now, _)| now), proc::threads(pid).unwrap_or(f64::NAN));
    eprintln!("{RESOURCES} resources ...");
    let started = Instant::now();
    let servers = silent.local_addr()?.to_string();
    for number in 0..RESOURCES {
        let namespace = format!("away-{}", number / 10);
        if number % 10 == 0 {
            plane.namespace(&namespace).await?;
            secret(&plane, &namespace).await?;
        }
        let api: Api<RestaurantBooking> = Api::namespaced(plane.client.clone(), &namespace);
        let name = format!("restaurant-{}", number % 10);
        api.patch(&name, &PatchParams::apply("load"), &Patch::Apply(&resource(&name, &servers))).await?;
    }
    let (mut threads, mut told, mut told_at) = (0.0_f64, 0, None::<Instant>);
    while told_at.is_none_or(|at| at.elapsed() < WATCHED) {
        if started.elapsed() > PATIENCE {
            return Err(format!("of {RESOURCES} resources {told} tell of the broker").into());
        }
        for _ in 0..20 {
            threads = threads.max(proc::threads(pid).unwrap_or(f64::NAN));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let all = Api::<RestaurantBooking>::all(plane.client.clone()).list(&ListParams::default()).await?;
        told = all.items.iter().filter(|resource| tells_of_broker(resource)).count();
        if told == RESOURCES && told_at.is_none() {
            report
                .told(format!("{RESOURCES} resources: all tell of the broker"), format!("after {:.0} s", started.elapsed().as_secs_f64()));
            told_at = Some(Instant::now());
        }
    }
    let most = proc::memory(pid).map_or(f64::NAN, |(_, most)| most);
    report.goal(
        format!("{RESOURCES} resources on a broker that does not answer: threads of the operator, at most"),
        Goal::AtMost(64.0),
        "",
        threads,
        format!("{threads:.0} (without resources {idle_threads:.0})"),
    );
    report.goal("— resident memory, at most", Goal::AtMost(64.0), " MiB", most, format!("{most:.1} MiB (without resources {idle:.1})"));
    report.note(proc::machine());
    println!("{report}");
    drop(silent);
    Ok(())
}

fn tells_of_broker(resource: &RestaurantBooking) -> bool {
    let mut conditions = resource.status.iter().flat_map(|status| &status.conditions);
    conditions.any(|condition| condition.type_ == "KafkaReady" && condition.reason == "BrokerUnreachable")
}

/// The Secret with the URL of the databases.
async fn secret(plane: &Plane, namespace: &str) -> Result<()> {
    let labels = [("restaurantbooking.dev/usable".to_owned(), "true".to_owned())].into();
    let secret = Secret {
        metadata: ObjectMeta { name: Some("databases".to_owned()), labels: Some(labels), ..Default::default() },
        string_data: Some([("url".to_owned(), "postgres://user:password@postgres.example.com:5432/database".to_owned())].into()),
        ..Default::default()
    };
    Api::<Secret>::namespaced(plane.client.clone(), namespace).create(&PostParams::default(), &secret).await?;
    Ok(())
}

/// A resource on databases that exist, so that the broker is what it waits for.
fn resource(name: &str, servers: &str) -> RestaurantBooking {
    let database = json!({"urlSecretRef": {"name": "databases", "key": "url"}});
    let spec = json!({
        "restaurant": {"name": "Restaurant", "timeZone": "Europe/Rome"},
        "postgres": {"external": {"auth": database, "menu": database, "reservation": database}},
        "kafka": {"external": {"bootstrapServers": [servers]}},
    });
    RestaurantBooking::new(name, serde_json::from_value(spec).expect("a spec"))
}
