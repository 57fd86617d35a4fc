//! A guest's traffic from inside the cluster: books, changes, reads and logs in at a steady rate, and then holds the platform against
//! what it acknowledged. The last line is the report.

mod audit;
mod client;
mod judge;
mod ledger;
mod load;
mod place;
mod topic;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Parser};
use e2e::{Report, UNDER_WAY};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use client::Client;
use ledger::Ledger;
use load::Load;
use place::Place;

/// Guests' traffic, and an audit of what came of it
#[derive(Parser)]
enum Cli {
    /// Send requests until SIGTERM, audit, and print a report
    Run(Box<Settings>),
    /// Tell the first process of this container that it has been enough: an image without a shell has no `kill`
    Stop,
}

/// Where the platform is and what is asked of it.
#[derive(Args)]
struct Settings {
    /// Base URL of auth
    #[arg(long, env)]
    auth_url: String,
    /// Base URL of menu
    #[arg(long, env)]
    menu_url: String,
    /// Base URL of reservation
    #[arg(long, env)]
    reservation_url: String,
    /// Kafka brokers
    #[arg(long, env)]
    kafka: String,
    /// Put before the names of topics
    #[arg(long, env, default_value = "")]
    topic_prefix: String,
    /// The administrator
    #[arg(long, env)]
    admin_email: String,
    /// Password of the administrator
    #[arg(long, env, hide_env_values = true)]
    admin_password: String,
    /// Bookings that are made in a second
    #[arg(long, env, default_value_t = 8.0)]
    bookings_per_second: f64,
    /// Reads of the menu, of tables and of a guest's bookings in a second
    #[arg(long, env, default_value_t = 16.0)]
    reads_per_second: f64,
    /// Logins in a second: each costs half a second of a core
    #[arg(long, env, default_value_t = 0.3)]
    logins_per_second: f64,
    /// Whether requests may fail: then a booking is tried again, with its key, until it is acknowledged
    #[arg(long, env)]
    faults_allowed: bool,
    /// Whether the house is declared: then its tables are booked, and its rules may refuse a booking
    #[arg(long, env)]
    declared_house: bool,
    /// For how many seconds requests are sent; else until SIGTERM
    #[arg(long, env)]
    seconds: Option<u64>,
}

#[tokio::main]
async fn main() -> ExitCode {
    // The client of HTTP may have been built with TLS, which nothing here uses, and then wants to be told by whom.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match Cli::parse() {
        Cli::Run(settings) => match run(&settings).await {
            Ok(report) => {
                for problem in &report.problems {
                    println!("wrong: {problem}");
                }
                println!("{}", serde_json::to_string(&report).unwrap_or_default());
                if report.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
            }
            Err(error) => {
                println!("{}", serde_json::to_string(&Report { problems: vec![error], ..Report::default() }).unwrap_or_default());
                ExitCode::FAILURE
            }
        },
        Cli::Stop => match rustix::process::kill_process(rustix::process::Pid::INIT, rustix::process::Signal::TERM) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("traffic: {error}");
                ExitCode::FAILURE
            }
        },
    }
}

async fn run(settings: &Settings) -> Result<Report, String> {
    let (stop, stopped) = watch::channel(false);
    let mut terminated = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let seconds = settings.seconds;
    tokio::spawn(async move {
        let over = async {
            match seconds {
                Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = terminated.recv() => {}
            () = over => {}
        }
        let _ = stop.send(true);
    });

    // What it takes to open the place is no part of the traffic.
    let client = Client::new(Arc::new(Ledger::new())).map_err(|error| error.to_string())?;
    let place = Place::open(&client, settings).await?;
    let ledger = Arc::new(Ledger::new());
    let client = Client::new(ledger.clone()).map_err(|error| error.to_string())?;
    let Settings { faults_allowed, declared_house, .. } = *settings;
    let load = Arc::new(Load { client, ledger: ledger.clone(), place, faults_allowed, declared_house, full: false.into() });
    println!("{UNDER_WAY}: {}", load.place.run);
    let watched = ledger.clone();
    let progress = tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(5)).await;
            println!("{}", watched.progress());
        }
    });
    load::run(&load, settings, &stopped).await;
    progress.abort();

    let (mut report, acknowledged, in_doubt) = ledger.close();
    println!("{}; now the audit", ledger.progress());
    if report.failed > 0 && !settings.faults_allowed {
        report.problems.push(format!("{} requests failed", report.failed));
    }
    if acknowledged.is_empty() && settings.bookings_per_second > 0.0 {
        report.problems.push("not one booking was acknowledged".to_owned());
    }
    if let Err(error) = audit::audit(&load.client, settings, &load.place, &mut report, &acknowledged, &in_doubt).await {
        report.problems.push(format!("the audit did not end: {error}"));
    }
    Ok(report)
}
