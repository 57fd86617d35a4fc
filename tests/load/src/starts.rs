//! How long a start takes.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::Result;
use crate::platform::Platform;
use crate::report::{Goal, Report};
use crate::service::time_until_said;
use crate::stats::Latencies;

const TIMES: usize = 5;

/// Each service, from the start of its process to its first 200 from `/readyz`, on a database that has been migrated.
pub(crate) async fn of_services(platform: &Platform, report: &mut Report) -> Result<()> {
    for name in ["auth", "menu", "reservation"] {
        let mut latencies = Latencies::default();
        for _ in 0..TIMES {
            let started = Instant::now();
            let service = platform.start(name).await?;
            latencies.push(started.elapsed());
            service.stop().await.map_err(|error| format!("{name}: {error}"))?;
        }
        told(report, format!("{name}: start to ready, the slowest of {TIMES}"), 1.0, &latencies);
    }
    Ok(())
}

/// The whole platform by one command, on a data directory that it has made before.
pub(crate) async fn of_stack(platform: &Platform, report: &mut Report) -> Result<()> {
    let program = platform.programs.path("restaurant-booking");
    let (data, output) = (platform.home().join("stack"), platform.home().join("stack.log"));
    let start = || {
        let mut command = Command::new(&program);
        command.arg("--data").arg(&data).args(["--auth-port", "0", "--menu-port", "0", "--reservation-port", "0"]);
        time_until_said(command, "Ctrl-C stops it.", &output)
    };
    let first = start().await?;
    let mut latencies = Latencies::default();
    for _ in 0..TIMES {
        latencies.push(start().await?);
    }
    told(report, format!("`cargo run --release`'s program: start to its table, warm, the slowest of {TIMES}"), 2.0, &latencies);
    report.told("— the first time, which makes the database", seconds(first));
    Ok(())
}

fn told(report: &mut Report, what: String, goal: f64, latencies: &Latencies) {
    let slowest = latencies.quantile(1.0) / 1e3;
    report.goal(what, Goal::AtMost(goal), " s", slowest, format!("{slowest:.2} s (median {:.2} s)", latencies.quantile(0.5) / 1e3));
}

fn seconds(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}
