//! Creating bookings, against PostgreSQL alone with the very statements of the service.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chassis::http::identity::Role;
use house::calendar::Calendar;
use house::judge::{By, Case, Wish};
use jiff::Timestamp;
use reservation::config::Restaurant;
use reservation::store::booking::{Attempted, Wished, book};
use reservation::store::{hold, house as stored};
use reservation::table::TableId;
use sqlx::{ConnectOptions as _, PgConnection};

use crate::client::{self, Driven, Until, drive};
use crate::pgbench::{Pgbench, Run};
use crate::plan::{self, EACH, Kind, Plan};
use crate::platform::Platform;
use crate::report::{Goal, Report};
use crate::service::Service;
use crate::stats::{Latencies, Rate};
use crate::{Result, proc};

/// How often each side has its turn, and for how long.
const ROUNDS: u64 = 4;
const SECONDS: u64 = 3;
/// How long the relay may take to publish what is left.
const DRAIN: Duration = Duration::from_secs(30);

/// The database that only the baseline writes to.
const BASELINE: &str = "pgbench";

/// What the service is held against.
enum Baseline {
    Pgbench(Pgbench),
    /// Where there is no pgbench: the service's own function, called without the service around it.
    Sqlx,
}

impl Baseline {
    fn name(&self) -> &'static str {
        match self {
            Self::Pgbench(_) => "pgbench",
            Self::Sqlx => "sqlx (there is no pgbench)",
        }
    }

    async fn run(&self, platform: &Platform, plan: Plan, clients: usize) -> Result<Run> {
        match self {
            Self::Pgbench(pgbench) => tokio::task::block_in_place(|| pgbench.run(&plan.script(), &Plan::variables(), clients, SECONDS)),
            Self::Sqlx => by_hand(platform, plan, clients).await,
        }
    }
}

async fn by_hand(platform: &Platform, plan: Plan, clients: usize) -> Result<Run> {
    let mut booking = tokio::task::JoinSet::new();
    let started = Instant::now();
    for client in 0..clients {
        let options = platform.database(BASELINE);
        booking.spawn(async move {
            let (mut connection, mut latencies) = (options.connect().await?, Latencies::default());
            let known = stored::read(&mut connection, &Restaurant::default()).await?;
            let house = &known.house;
            for asked in 0.. {
                let asking = Instant::now();
                if asking.duration_since(started) > Duration::from_secs(SECONDS) {
                    break;
                }
                let (wish, now) = (plan.wish(client, asked), Timestamp::now());
                let new = wish.booking()?;
                let table = match wish.table()? {
                    Some(table) => Some(table),
                    None => {
                        let openings = hold::openings(&mut connection, house, new.hold, None, now).await?;
                        let judged = Wish { guests: new.party.guests.get(), minutes: None, area: None, by: By::Guest };
                        let case = Case::new(house, &Calendar::around(house, new.start), judged, new.start, now);
                        let unit = case.choose(&openings).ok().and_then(|mut units| units.next());
                        unit.and_then(|unit| TableId::new(house.floor.ids(unit)[0]))
                    }
                };
                let tables = vec![table.ok_or("no table is free")?];
                let booked = book(&mut connection, &Wished { new, tables, version: known.version, now }).await?;
                if matches!(booked, Attempted::Outdated) {
                    return Err("the house was changed".into());
                }
                latencies.push(asking.elapsed());
            }
            Result::Ok(latencies)
        });
    }
    let mut latencies = Latencies::default();
    while let Some(one) = booking.join_next().await {
        latencies.extend(one??);
    }
    Ok(Run { latencies, elapsed: started.elapsed() })
}

/// What both sides did in all rounds.
#[derive(Default)]
struct Outcome {
    service: Rate,
    baseline: Rate,
    service_calls: Rate,
    baseline_calls: Rate,
    service_latencies: Latencies,
    baseline_latencies: Latencies,
    statuses: BTreeMap<u16, u64>,
    /// Seconds on the cores.
    service_time: f64,
    postgres_time: f64,
    baseline_time: f64,
    load_time: f64,
    left: i64,
    drained: Duration,
}

impl Outcome {
    fn ratio(&self) -> f64 {
        self.service.per_second() / self.baseline.per_second()
    }

    fn failed(&self) -> u64 {
        self.statuses.range(500..).map(|(_, count)| count).sum()
    }
}

/// The two databases and what is measured on them.
pub(crate) struct Bookings<'a> {
    platform: &'a Platform,
    service: &'a Service,
    baseline: Baseline,
    watch: [PgConnection; 2],
}

/// Gives both databases their schema and the same content.
pub(crate) async fn furnish(platform: &Platform) -> Result<()> {
    for name in ["reservation", BASELINE] {
        let mut database = platform.connect(name).await?;
        reservation::MIGRATOR.run_direct(None, &mut database, false).await?;
        plan::furnish(&mut database).await?;
    }
    Ok(())
}

impl<'a> Bookings<'a> {
    pub(crate) async fn new(platform: &'a Platform, service: &'a Service) -> Result<Self> {
        let pgbench = Pgbench::find(&platform.binaries, platform.postgres.socket_directory(), platform.home());
        let baseline = pgbench.map_or(Baseline::Sqlx, Baseline::Pgbench);
        let watch = [platform.connect("reservation").await?, platform.connect(BASELINE).await?];
        Ok(Self { platform, service, baseline, watch })
    }

    async fn drive(&self, plan: Plan, clients: usize) -> Result<Driven> {
        // Signed before the round begins.
        let tokens = |client| plan.users(client).map(|user| self.platform.token(user, Role::User)).collect();
        let tokens: Vec<Vec<String>> = (0..clients).map(tokens).collect::<Result<_>>()?;
        let ask = move |client: usize, asked: u64| {
            let token = &tokens[client][Plan::user(asked)];
            Arc::new(client::request("POST", "/reservations/", Some(token), Some(&plan.wish(client, asked).json())))
        };
        drive(self.service.address, clients, Until::Elapsed(Duration::from_secs(SECONDS)), Arc::new(ask)).await
    }

    /// Lets both have their turns.
    async fn compare(&mut self, kind: Kind, clients: usize) -> Result<Outcome> {
        let (mut outcome, postgres, own) = (Outcome::default(), self.platform.postgres.pid(), std::process::id());
        // The first round is not counted: connections are opened and plans are made in it.
        for round in 0..=ROUNDS {
            let plan = Plan::new(kind, round);
            let counted = round > 0;
            let before = count(&mut self.watch[1], "reservation").await?;
            let time = proc::time_of_family(postgres);
            let run = self.baseline.run(self.platform, plan, clients).await?;
            let made = count(&mut self.watch[1], "reservation").await? - before;
            if counted {
                outcome.baseline_time += proc::time_of_family(postgres) - time;
                outcome.baseline.add(u64::try_from(made)?, run.elapsed);
                outcome.baseline_calls.add(run.latencies.len() as u64, run.elapsed);
                outcome.baseline_latencies.extend(run.latencies);
            }

            let before = (self.service.time(), proc::time_of_family(postgres), proc::time(own));
            let driven = self.drive(plan, clients).await?;
            let left = count(&mut self.watch[0], "outbox").await?;
            if counted {
                outcome.service_time += self.service.time() - before.0;
                outcome.postgres_time += proc::time_of_family(postgres) - before.1;
                outcome.load_time += proc::time(own) - before.2;
                outcome.service.add(driven.of(201), driven.elapsed);
                outcome.service_calls.add(driven.requests(), driven.elapsed);
                outcome.service_latencies.extend(driven.latencies);
                outcome.left = outcome.left.max(left);
            }
            for (status, count) in driven.statuses {
                *outcome.statuses.entry(status).or_default() += count;
            }
            let drain = Instant::now();
            while count(&mut self.watch[0], "outbox").await? > 0 {
                if drain.elapsed() > DRAIN {
                    return Err("the relay does not empty the outbox".into());
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            outcome.drained = outcome.drained.max(drain.elapsed());
        }
        Ok(outcome)
    }

    /// Bookings that do not stand in each other's way.
    pub(crate) async fn spread(&mut self, kind: Kind, clients: usize, report: &mut Report) -> Result<()> {
        let outcome = self.compare(kind, clients).await?;
        let what = if kind == Kind::Named { "a table named" } else { "the smallest free of 100 tables" };
        let (service, baseline) = (outcome.service.per_second(), outcome.baseline.per_second());
        let name = self.baseline.name();
        report.goal(
            format!("Bookings, {what}, {clients} connections: service / {name}"),
            Goal::AtLeast(1.0),
            "",
            outcome.ratio(),
            format!("{:.2} ({service:.0}/s, {name} {baseline:.0}/s)", outcome.ratio()),
        );
        let latency = |latencies: &Latencies| format!("{:.1} / {:.1} ms", latencies.quantile(0.5), latencies.quantile(0.99));
        report
            .told("— their p50 / p99", format!("{}, {name} {}", latency(&outcome.service_latencies), latency(&outcome.baseline_latencies)));
        let each = |seconds: f64, rate: Rate| format!("{:.0} µs", seconds / rate.count() * 1e6);
        report.told(
            "— the cores' time for each",
            format!(
                "service {}, PostgreSQL {} (for {name} {}), load and broker {}",
                each(outcome.service_time, outcome.service),
                each(outcome.postgres_time, outcome.service),
                each(outcome.baseline_time, outcome.baseline),
                each(outcome.load_time, outcome.service),
            ),
        );
        report.told(
            "— events that wait when the load ends",
            format!("{} at most, published {:.0} ms later", outcome.left, outcome.drained.as_secs_f64() * 1e3),
        );
        report.told("— answers", format!("{}, {EACH} bookings of each user", statuses(&outcome.statuses)));
        Ok(())
    }

    /// Everybody wants the same tables.
    pub(crate) async fn contended(&mut self, clients: usize, report: &mut Report) -> Result<()> {
        let outcome = self.compare(Kind::Contended, clients).await?;
        let name = self.baseline.name();
        let (service, baseline) = (outcome.service_latencies.quantile(0.99), outcome.baseline_latencies.quantile(0.99));
        report.goal(
            format!("{clients} clients fighting for 3 tables: p99 service / {name}"),
            Goal::AtMost(1.5),
            "",
            service / baseline,
            format!("{:.2} ({service:.1} ms, {name} {baseline:.1} ms)", service / baseline),
        );
        report.told(
            "— their calls, and those that booked",
            format!(
                "{:.0}/s and {:.0}/s, {name} {:.0}/s and {:.0}/s",
                outcome.service_calls.per_second(),
                outcome.service.per_second(),
                outcome.baseline_calls.per_second(),
                outcome.baseline.per_second()
            ),
        );
        report.told("— answers", statuses(&outcome.statuses));
        report.goal("— answers 5xx", Goal::Exactly(0.0), "", outcome.failed() as f64, outcome.failed().to_string());
        Ok(())
    }

    /// What must hold after all of it.
    pub(crate) async fn verify(&mut self, report: &mut Report) -> Result<()> {
        // The statistics of a backend are a second late.
        tokio::time::sleep(Duration::from_millis(1200)).await;
        let deadlocks: i64 =
            sqlx::query_scalar("SELECT sum(deadlocks)::bigint FROM pg_stat_database").fetch_one(&mut self.watch[0]).await?;
        report.goal("Deadlocks, all over", Goal::Exactly(0.0), "", deadlocks as f64, deadlocks.to_string());
        // In the order of their beginnings, nobody's overlap but a neighbour's is the first.
        let overlaps: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM (SELECT start_at < lag(end_at) OVER (PARTITION BY table_id ORDER BY start_at) AS overlapping
               FROM reservation_table) held WHERE overlapping",
        )
        .fetch_one(&mut self.watch[0])
        .await?;
        let holds = count(&mut self.watch[0], "reservation_table").await?;
        report.goal("Overlapping bookings", Goal::Exactly(0.0), "", overlaps as f64, format!("{overlaps} among {holds}"));
        Ok(())
    }
}

async fn count(database: &mut PgConnection, table: &'static str) -> Result<i64> {
    let sql = if table == "outbox" {
        "SELECT count(*) FROM outbox"
    } else if table == "reservation" {
        "SELECT count(*) FROM reservation"
    } else {
        "SELECT count(*) FROM reservation_table"
    };
    Ok(sqlx::query_scalar(sql).fetch_one(database).await?)
}

fn statuses(statuses: &BTreeMap<u16, u64>) -> String {
    statuses.iter().map(|(status, count)| format!("{count} × {status}")).collect::<Vec<_>>().join(", ")
}
