//! The operator at work: the watches, the queue of resources, and the lease without which the operator writes nothing.

use std::collections::BTreeSet;
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chassis::Shutdown;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use k8s_controller::LeaderElection;
use kube::api::Api;
use kube::runtime::controller::{Config, Controller, Error as ControllerError};
use kube::runtime::reflector::{self, ObjectRef};
use kube::runtime::{Predicate as _, WatchStreamExt as _, predicates, watcher};
use kube::{Client, ResourceExt as _};
use tokio::sync::{Notify, mpsc};
use tracing::{debug, error, info, warn};

use crate::changes::Known;
use crate::metrics::Metrics;
use crate::overlap::Territory;
use crate::reconcile::checksum::checksum;
use crate::reconcile::context::Context;
use crate::reconcile::reconciler::{reconcile, retry};
use crate::reconcile::resource::{Guarded, Owner, owner_of};
use crate::reconcile::status::is_rolling_out;
use crate::reconcile::validate::{Defaults, REQUEST};
use crate::reconcile::version::hash_of;
use crate::timing;
use crate::watches::{Health, Watches, watch};

/// The Lease of an operator that serves all namespaces, in its own namespace.
const LEASE: &str = "restaurant-booking-operator";

/// The settings of the operator.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The namespaces whose resources the operator reconciles; empty: all.
    pub namespaces: Vec<String>,
    /// The name of this replica, which is unique.
    pub identity: String,
    /// The number of resources that are reconciled at once.
    pub concurrency: u16,
    /// The time after which each watch lists anew.
    pub relist: Duration,
    /// The defaults for resources, and the operator's own namespace.
    pub defaults: Defaults,
    /// The address of every broker, for an operator that runs outside the cluster; `None`: the address in the resource.
    pub kafka_address: Option<String>,
}

/// The reason why the operator ended.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// Another replica may work now. A process that lost its lease ends, so that none of its work continues.
    #[error("the lease was lost; another replica takes over")]
    LeaseLost,
    /// The API server does not answer which kinds it knows.
    #[error("the API server cannot be asked which kinds it knows: {0}")]
    Discovery(#[source] kube::Error),
    /// The watches ended.
    #[error("the watches ended")]
    Watches,
    /// A release that comes first serves one of the namespaces.
    #[error("another release serves the same namespaces: Lease {0}")]
    Overlap(String),
}

/// The name of the Lease of operators that watch these namespaces. Releases in one namespace that watch different namespaces do not wait
/// for each other. The chart grants rights to the Lease of the same name.
pub fn lease_name(namespaces: &[String]) -> String {
    if namespaces.is_empty() {
        return LEASE.to_owned();
    }
    let served: BTreeSet<&str> = namespaces.iter().map(String::as_str).collect();
    let served: Vec<_> = served.into_iter().collect();
    format!("{LEASE}-{}", &checksum(served.join(",").as_bytes())[..10])
}

/// Works until `shutdown`, whenever this replica holds the lease, and then releases the lease at once.
///
/// # Errors
/// The lease was lost, or the API server cannot be watched at all.
pub async fn run(client: Client, settings: Settings, metrics: Arc<Metrics>, health: Arc<Health>, shutdown: Shutdown) -> Result<(), Ended> {
    let lease = lease_name(&settings.namespaces);
    let election = LeaderElection::new(client.clone(), &settings.defaults.operator_namespace, &lease, &settings.identity)
        .with_lease_duration(timing::LEASE)
        .with_renew_deadline(timing::LEASE_DEADLINE)
        .with_retry_period(timing::LEASE_RENEWAL);
    let leads = AtomicBool::new(false);
    let work = async {
        leads.store(true, Ordering::Relaxed);
        let Settings { namespaces, identity, defaults, .. } = &settings;
        let mut territory = Territory::new(client.clone(), &defaults.operator_namespace, &lease, identity, namespaces);
        tokio::select! {
            () = territory.free(&health) => {}
            () = shutdown.cancelled() => return Ok(()),
        }
        tokio::select! {
            ended = work(client.clone(), settings.clone(), metrics.clone(), health, shutdown.clone()) => ended,
            first = territory.lost() => Err(Ended::Overlap(first)),
        }
    };
    let stop = async {
        shutdown.cancelled().await;
        if leads.load(Ordering::Relaxed) {
            tokio::time::sleep(timing::GRACE).await;
        }
    };
    let held = tokio::select! {
        held = election.with_lease(work) => held,
        // Another replica holds the lease, or a reconcile does not end.
        () = stop => {
            election.release().await;
            return Ok(());
        }
    };
    metrics.leads(false);
    held.unwrap_or(Err(Ended::LeaseLost))
}

async fn work(client: Client, settings: Settings, metrics: Arc<Metrics>, health: Arc<Health>, shutdown: Shutdown) -> Result<(), Ended> {
    info!(identity = settings.identity, namespaces = ?settings.namespaces, "leading");
    metrics.leads(true);
    let Settings { namespaces, identity, concurrency, relist, defaults, kafka_address } = settings;
    let (trigger, triggers) = mpsc::unbounded_channel();
    let context = Arc::new(Context::new(client.clone(), &identity, defaults, kafka_address, metrics, trigger));
    let (everything, all) = mpsc::unbounded_channel();
    let begun = Arc::new(Notify::new());
    let watches =
        Watches { context: context.clone(), health: health.clone(), everything, namespaces: namespaces.clone(), relist }.run(begun.clone());
    let progress = context.clone();
    let resources = async {
        // The controller starts after the first lists: otherwise it would read each object once more.
        tokio::select! {
            () = begun.notified() => {}
            () = shutdown.cancelled() => return,
        }
        controller(client, namespaces, concurrency, relist, context, health, triggers, all, shutdown.clone()).await;
    };
    tokio::select! {
        ended = watches => Err(ended.map_or_else(Ended::Discovery, |()| Ended::Watches)),
        never = progress.enqueue_those_soon() => match never {},
        () = resources => Ok(()),
    }
}

#[allow(clippy::too_many_arguments, reason = "what the controller is made of, each once")]
async fn controller(
    client: Client,
    namespaces: Vec<String>,
    concurrency: u16,
    relist: Duration,
    context: Arc<Context>,
    health: Arc<Health>,
    triggers: mpsc::UnboundedReceiver<ObjectRef<Guarded>>,
    all: mpsc::UnboundedReceiver<()>,
    shutdown: Shutdown,
) {
    let (reader, writer) = reflector::store::<Guarded>();
    let config = watcher::Config::default().timeout(timing::WATCH_SECONDS);
    let places = if namespaces.is_empty() { vec![None] } else { namespaces.into_iter().map(Some).collect() };
    let streams = places.into_iter().map(|namespace| {
        let api: Api<Guarded> = match &namespace {
            Some(namespace) => Api::namespaced(client.clone(), namespace),
            None => Api::all(client.clone()),
        };
        health.begins(None, namespace.as_deref());
        let config = config.clone();
        let begin = move || watcher(api.clone(), config.clone()).default_backoff().boxed();
        let (context, mut known) = (context.clone(), Known::default());
        let flat = watch(begin, health.clone(), None, namespace, relist).flat_map(move |event| {
            // `watch` has logged the error. The controller would pause all other work on an error, longer each time.
            let told = event.map(|event| known.told(event)).unwrap_or_default();
            stream::iter(told.into_iter().map(Ok))
        });
        flat.map_ok(move |event| told(&context, event)).boxed()
    });
    // The store starts empty, and the watches fill it.
    let empty = stream::iter([Ok(watcher::Event::Init), Ok(watcher::Event::InitDone)]);
    let changes = empty
        .chain(stream::select_all(streams))
        .reflect(writer)
        .applied_objects()
        .predicate_filter(predicates::generation.combine(request), Default::default());
    let triggers = stream::unfold(triggers, |mut triggers| async { Some((triggers.recv().await?, triggers)) });
    let all = stream::unfold(all, |mut all| async { Some((all.recv().await?, all)) });
    let results = Controller::for_stream(changes, reader)
        .with_config(Config::default().concurrency(concurrency).debounce(timing::DEBOUNCE))
        .reconcile_on(triggers)
        .reconcile_all_on(all)
        .graceful_shutdown_on(shutdown.cancelled_owned())
        .run(reconcile, retry, context.clone());
    results
        .for_each(|result| {
            match result {
                Ok(_) => {}
                // The reconcile has reported the failure already.
                Err(ControllerError::ReconcilerFailed(error, resource)) => debug!(%resource, "a round failed: {error}"),
                // The watch has reported the deletion already.
                Err(ControllerError::ObjectNotFound(resource)) => {
                    let owner = Owner { namespace: resource.namespace.unwrap_or_default(), name: resource.name };
                    // A reconcile that was under way at the deletion may have taken a place afterwards.
                    context.end_rollout(&owner);
                    context.begun(&owner);
                }
                Err(ControllerError::QueueError(error)) => warn!("the watch of resources fails: {error}"),
                Err(error) => error!("the controller fails: {error}"),
            }
            ready(())
        })
        .await;
}

/// Stands for the annotation that asks for a backup: it changes no generation.
#[allow(clippy::unnecessary_wraps, reason = "the signature is that of a predicate")]
fn request(resource: &Guarded) -> Option<u64> {
    Some(hash_of(&resource.annotations().get(REQUEST)))
}

/// Records what the watch of resources reported, and returns what the store is to keep of it.
fn told(context: &Context, mut event: watcher::Event<Guarded>) -> watcher::Event<Guarded> {
    match &mut event {
        watcher::Event::Apply(resource) | watcher::Event::InitApply(resource) => {
            let owner = owner_of(resource);
            // An earlier leader may have been rolling it out. Where that is not so, its first round gives the place up.
            if context.exists(&owner) && resource.0.as_ref().is_ok_and(is_rolling_out) {
                context.rollouts.resume(&owner);
            }
            // The managed fields are as long as the resource itself, and the controller does not use them.
            resource.managed_fields_mut().clear();
            if let Ok(resource) = &mut resource.0 {
                let status = resource.status.take().unwrap_or_default();
                context.keep_status(&owner, &resource.resource_version().unwrap_or_default(), &status);
            }
        }
        watcher::Event::Delete(resource) => {
            info!(resource = resource.name_any(), namespace = resource.namespace(), "deleted");
            context.forget(&owner_of(resource));
        }
        watcher::Event::Init | watcher::Event::InitDone => {}
    }
    event
}
