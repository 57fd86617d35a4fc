//! Logins, against bcrypt alone on the same cores.

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use crate::Result;
use crate::client::{Until, drive, request};
use crate::platform::{BCRYPT_COST, Platform};
use crate::report::{Goal, Report};
use crate::service::Service;
use crate::stats::{Latencies, Rate};

const PASSWORD: &str = "correct horse battery";
/// Each has a connection of its own: more than there are cores, so that none is idle.
const USERS: usize = 4;
const ROUNDS: usize = 3;
const LOGINS: u64 = 4;

fn email(user: usize) -> String {
    format!("guest{user}@example.com")
}

/// Registers who will log in.
pub(crate) async fn furnish(platform: &Platform, auth: &Service) -> Result<()> {
    let mut client = auth.client().await?;
    for user in 0..USERS {
        let body = format!(r#"{{"email": "{}", "password": "{PASSWORD}"}}"#, email(user));
        platform.post(&mut client, "/auth/register", None, &body).await?;
    }
    Ok(())
}

/// As many comparisons as there are logins, on as many threads as there are cores.
fn compare_raw(hash: &str) -> Result<()> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let total = USERS * usize::try_from(LOGINS)?;
    thread::scope(|scope| {
        let work: Vec<_> = (0..threads)
            .map(|thread| {
                let share = total / threads + usize::from(thread < total % threads);
                scope.spawn(move || (0..share).all(|_| bcrypt::verify(PASSWORD, hash).unwrap_or(false)))
            })
            .collect();
        let right = work.into_iter().all(|thread| thread.join().unwrap_or(false));
        if right { Ok(()) } else { Err("bcrypt does not know its own hash".into()) }
    })
}

pub(crate) async fn compare(auth: &Service, report: &mut Report) -> Result<()> {
    let hash = bcrypt::hash(PASSWORD, BCRYPT_COST)?;
    let (mut service, mut raw, mut latencies) = (Rate::default(), Rate::default(), Latencies::default());
    let requests: Vec<_> = (0..USERS)
        .map(|user| format!(r#"{{"email": "{}", "password": "{PASSWORD}"}}"#, email(user)))
        .map(|body| Arc::new(request("POST", "/auth/login", None, Some(&body))))
        .collect();
    let requests = Arc::new(requests);
    for _ in 0..ROUNDS {
        let started = Instant::now();
        tokio::task::block_in_place(|| compare_raw(&hash))?;
        raw.add(USERS as u64 * LOGINS, started.elapsed());

        let requests = requests.clone();
        let driven = drive(auth.address, USERS, Until::Requests(LOGINS), Arc::new(move |user, _| requests[user].clone())).await?;
        if driven.of(200) != driven.requests() {
            return Err(format!("logins were answered {:?}", driven.statuses).into());
        }
        service.add(driven.requests(), driven.elapsed);
        latencies.extend(driven.latencies);
    }
    let ratio = service.per_second() / raw.per_second();
    report.goal(
        format!("Logins at cost {BCRYPT_COST}, {USERS} connections: service / raw bcrypt"),
        Goal::AtLeast(0.98),
        "",
        ratio,
        format!("{ratio:.3} ({:.2}/s, raw {:.2}/s)", service.per_second(), raw.per_second()),
    );
    Ok(())
}
