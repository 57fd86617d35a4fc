//! The whole platform in the cluster that KUBECONFIG names, as its users have it: installed by helm, applied by kubectl, used by guests
//! while it is upgraded and broken, and removed. Part of a scenario's name picks scenarios; KEEP=1 leaves everything as it is.

mod cluster;
mod command;
mod doors;
mod forward;
mod ingress;
mod metrics;
mod policy;
mod restaurant;
mod scenarios;
mod storage;
mod trouble;
mod visitors;
mod world;

use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt as _;
use kube::api::{Api, ListParams};
use tokio::signal::unix::{Signal, SignalKind, signal};

use world::{Settings, World};

/// What a scenario ends with.
type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Why a scenario was not tried.
#[derive(Debug)]
struct Skipped(String);

impl std::fmt::Display for Skipped {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Error for Skipped {}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // Both of rustls' providers may have been built in; its client of the API server then wants to be told which one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match run(&std::env::args().skip(1).collect::<Vec<_>>()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("e2e: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every scenario passed whose name has one of the parts.
async fn run(parts: &[String]) -> Result<bool> {
    let scenarios = scenarios::all();
    let picked: Vec<_> =
        scenarios.iter().filter(|(name, _)| parts.is_empty() || parts.iter().any(|part| name.contains(part.as_str()))).collect();
    if picked.is_empty() {
        let names: Vec<_> = scenarios.iter().map(|(name, _)| *name).collect();
        return Err(format!("no scenario has {parts:?} in its name; there are: {}", names.join(", ")).into());
    }
    let world = World::open(Settings::read()).await?;
    let (mut interrupted, mut terminated) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let (mut passed, mut failed, mut skipped, began) = (0, Vec::new(), 0, Instant::now());
    for (name, scenario) in picked {
        println!("{name}");
        world.begin();
        let started = Instant::now();
        let outcome = tokio::select! {
            outcome = scenario(&world) => outcome,
            () = interruption(&mut interrupted, &mut terminated) => {
                failed.push("interrupted");
                break;
            }
        };
        let seconds = started.elapsed().as_secs_f64();
        match outcome {
            Ok(()) => {
                passed += 1;
                println!("  passed in {seconds:.0} s\n");
            }
            Err(error) if error.is::<Skipped>() => {
                skipped += 1;
                println!("  skipped: {error}\n");
            }
            Err(error) => {
                failed.push(*name);
                println!("  FAILED after {seconds:.0} s: {error}");
                trouble::show(&world, &namespaces(&world).await).await;
                println!();
                world.disturbed.set(true);
                end_traffic(&world).await;
            }
        }
    }
    if world.settings.keep {
        println!("KEEP is set: namespaces, release and definition are left; another run goes on with them");
    } else if let Err(error) = world.remove_everything().await {
        println!("not everything could be removed: {error}");
        failed.push("the end");
    }
    let skipped = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
    println!("{passed} passed, {} failed{skipped} in {:.1} min", failed.len(), began.elapsed().as_secs_f64() / 60.0);
    if !failed.is_empty() {
        println!("failed: {}", failed.join(", "));
    }
    Ok(failed.is_empty() && passed > 0)
}

/// Ctrl-C, or SIGTERM: what was made is still removed.
async fn interruption(interrupted: &mut Signal, terminated: &mut Signal) {
    tokio::select! {
        _ = interrupted.recv() => {}
        _ = terminated.recv() => {}
    }
}

/// Every namespace of the test.
async fn namespaces(world: &World) -> Vec<String> {
    let namespaces: Api<Namespace> = Api::all(world.client.clone());
    let found = namespaces.list(&ListParams::default().labels(world::OURS)).await;
    found.map(|found| found.items.iter().map(|namespace| namespace.name_any()).collect()).unwrap_or_default()
}

/// Ends the traffic that a scenario left behind when it failed: it would disturb the next ones.
async fn end_traffic(world: &World) {
    for namespace in namespaces(world).await {
        let arguments = ["delete", "pods", "--namespace", &namespace, "--selector", visitors::LABEL, "--now"];
        if let Err(error) = command::kubectl(&arguments).await {
            println!("  traffic goes on: {error}");
        }
    }
}
