//! `cargo run --release -p load`: measures the platform against what it is made of, and prints a table in Markdown.
//!
//! Figures of one machine say little on another one; ratios of two figures from the same minutes say more. So the service and
//! what it is held against take turns, and noise hits both. Arguments name the parts to measure, where it is not to be all.
//!
//! `cargo run --release -p load operator [COUNT]` measures the operator, with 1,000 resources where nothing else is said, and
//! `cargo run --release -p load broker-away` what a broker costs it that 400 resources share and that does not answer.

#[path = "../../kafka/apache.rs"]
#[allow(dead_code, reason = "the logins are of the test binary kafka")]
mod apache;
mod bare;
mod bookings;
mod broker_away;
mod client;
mod effects;
mod endpoints;
mod full_house;
mod hosts;
mod indexed;
mod kafka;
mod logins;
mod menu_reads;
mod operator;
mod pgbench;
mod plan;
mod platform;
mod proc;
mod readiness;
mod reads;
mod refusals;
mod report;
mod service;
mod starts;
mod stats;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::bookings::Bookings;
use crate::plan::Kind;
use crate::platform::Platform;
use crate::report::{Goal, Report};
use crate::service::{Programs, Service};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// What makes this program the static server instead.
const SERVE_BYTES: &str = "serve-bytes";
/// What can be measured.
const PARTS: [&str; 15] = [
    "starts",
    "named",
    "smallest",
    "contended",
    "menu",
    "logins",
    "effects",
    "refusals",
    "reads",
    "house",
    "hosts",
    "endpoints",
    "readiness",
    "idle",
    "replicas",
];
/// Resources of the operator.
const RESOURCES: usize = 1000;
/// The connections that make bookings, and those that fight.
const CONNECTIONS: usize = 16;
const FIGHTERS: usize = 32;
/// The share of the cores that other work may have while we measure.
const QUIET: f64 = 0.1;
/// How long the services are left alone before their memory is read.
const IDLE: Duration = Duration::from_secs(3);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    let outcome = runtime.block_on(async {
        match arguments.as_slice() {
            [SERVE_BYTES, address, file, path] => menu_reads::serve_bytes(address, file, path).await,
            ["broker-away"] => broker_away::measure().await,
            ["operator"] => operator::measure(RESOURCES).await,
            ["operator", count] => match count.parse() {
                Ok(count) if count > 200 => operator::measure(count).await,
                _ => Err(format!("{count:?} is no number of resources above 200").into()),
            },
            parts => match parts.iter().find(|part| !PARTS.contains(part)) {
                Some(unknown) => Err(format!("there is no part {unknown:?}; there are {}", PARTS.join(", ")).into()),
                None => measure(parts).await,
            },
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&*error),
    }
}

fn failed(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::FAILURE
}

async fn measure(parts: &[&str]) -> Result<()> {
    let wanted = |part: &str| parts.is_empty() || parts.contains(&part);
    let (programs, started) = (Programs::build(&["-p", "auth", "-p", "menu", "-p", "reservation", "-p", "local"])?, Instant::now());
    let mut report = Report::default();
    if let Some(busy) = proc::busy(Duration::from_secs(2)).await {
        report.note(format!("before the start, other work took {:.0} % of the cores", busy * 100.0));
        if busy > QUIET {
            eprintln!(
                "The machine is at other work ({:.0} %): ratios suffer a little, and what is measured in milliseconds much.",
                busy * 100.0
            );
        }
    }
    let platform = Platform::prepare(programs).await?;
    eprintln!("Preparing ...");
    bookings::furnish(&platform).await?;
    // The first starts migrate the databases.
    let (auth, menu) = (platform.start("auth").await?, platform.start("menu").await?);
    logins::furnish(&platform, &auth).await?;
    menu_reads::furnish(&platform, &menu).await?;
    auth.stop().await?;
    menu.stop().await?;

    if wanted("starts") {
        eprintln!("Starts ...");
        starts::of_services(&platform, &mut report).await?;
        starts::of_stack(&platform, &mut report).await?;
    }
    if wanted("effects") {
        eprintln!("Effects ...");
        effects::measure(&platform, &mut report).await?;
    }

    let (menu, reservation) = (platform.start("menu").await?, platform.start("reservation").await?);
    let mut auth = platform.start("auth").await?;
    tokio::time::sleep(IDLE).await;
    let before = [auth.time(), menu.time(), reservation.time()];
    tokio::time::sleep(IDLE).await;
    let idle = [memory(&auth), memory(&menu), memory(&reservation)];
    let busy: f64 = [auth.time(), menu.time(), reservation.time()].iter().zip(before).map(|(after, before)| after - before).sum();
    report.told("The three services idle, on all cores together", format!("{:.1} % of a core", busy / IDLE.as_secs_f64() * 100.0));
    if wanted("menu") {
        eprintln!("Menu ...");
        menu_reads::compare(&platform, &menu, &mut report).await?;
    }
    if wanted("logins") {
        eprintln!("Logins ...");
        logins::compare(&auth, &mut report).await?;
    }
    let auth_memory = memory(&auth);
    // Auth hears of each booking, with a commit of its own, which is not part of what is compared here.
    auth.stop().await?;
    if wanted("named") || wanted("smallest") || wanted("contended") {
        let mut bookings = Bookings::new(&platform, &reservation).await?;
        eprintln!("Bookings ...");
        if wanted("named") {
            bookings.spread(Kind::Named, CONNECTIONS, &mut report).await?;
        }
        if wanted("smallest") {
            bookings.spread(Kind::Smallest, CONNECTIONS, &mut report).await?;
        }
        if wanted("contended") {
            eprintln!("Contended ...");
            bookings.contended(FIGHTERS, &mut report).await?;
        }
        bookings.verify(&mut report).await?;
    }
    let loaded = [auth_memory, memory(&menu), memory(&reservation)];
    for (name, ((resident, _), (after, most))) in ["auth", "menu", "reservation"].into_iter().zip(idle.into_iter().zip(loaded)) {
        report.goal(format!("{name}: resident memory, idle"), Goal::AtMost(30.0), " MiB", resident, format!("{resident:.1} MiB"));
        report.told("— after the load, and at most", format!("{after:.1} and {most:.1} MiB"));
    }
    auth = platform.start("auth").await?;
    // The other parts have services of their own.
    for service in [auth, menu, reservation] {
        service.stop().await?;
    }

    if wanted("readiness") {
        eprintln!("Readiness ...");
        readiness::measure(&platform, &mut report).await?;
    }
    if wanted("refusals") {
        eprintln!("Refusals ...");
        refusals::measure(&platform, &mut report).await?;
    }
    if wanted("reads") {
        eprintln!("Reads ...");
        reads::measure(&platform, &mut report).await?;
    }
    if wanted("house") {
        eprintln!("A full house ...");
        full_house::measure(&platform, &mut report).await?;
    }
    if wanted("hosts") {
        eprintln!("The day of the hosts ...");
        hosts::measure(&platform, &mut report).await?;
    }
    if wanted("endpoints") {
        eprintln!("Endpoints ...");
        endpoints::measure(&platform, &mut report).await?;
    }
    if wanted("idle") || wanted("replicas") {
        eprintln!("Apache Kafka ...");
        kafka::measure(&platform, [wanted("idle"), wanted("replicas")], &mut report).await?;
    }

    report.note(proc::machine());
    report.note(format!(
        "PostgreSQL {}, its commits durable; a write of 8 KiB takes {:.0} µs to be on the disk",
        platform.binaries.version(),
        proc::sync_time(platform.home())?.as_secs_f64() * 1e6
    ));
    report.note(format!("measured in {:.0} s on {}", started.elapsed().as_secs_f64(), jiff::Zoned::now().date()));
    println!("{report}");
    platform.postgres.stop().await?;
    Ok(())
}

fn memory(service: &Service) -> (f64, f64) {
    proc::memory(service.pid()).unwrap_or((f64::NAN, f64::NAN))
}
