//! Watches that report changes: one for each kind, limited to objects that the operator manages. Objects whose state controllers report
//! come whole, so that they need not be read again; of the others only the metadata.

mod health;

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::{Arc, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt as _};
use kube::api::{Api, ApiResource, DynamicObject};
use kube::core::{DynamicResourceScope, PartialObjectMeta};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Client, Resource, ResourceExt as _};
use serde_json::Value;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tracing::{error, info, warn};

pub use health::Health;

use crate::reconcile::build::{INSTANCE, MANAGED_BY, MANAGER};
use crate::reconcile::children::{Listed, News};
use crate::reconcile::context::{Context, jittered};
use crate::reconcile::kind::Kind;
use crate::reconcile::resource::Owner;
use crate::reconcile::told::Told;
use crate::reconcile::version::Version;
use crate::reconcile::volume::Volume;
use crate::timing::{DISCOVERY, DISCOVERY_AGAIN, FIRST_LISTS, LIST, WATCH_RENEWAL, WATCH_SECONDS};

/// A watch that reports its health to `health`; `kind` is `None` for the resources themselves. It lists anew after `relist`, varied by up to a
/// fifth, so that not all watches list at once.
pub fn watch<K: 'static>(
    begin: impl Fn() -> BoxStream<'static, watcher::Result<watcher::Event<K>>> + Send + 'static,
    health: Arc<Health>,
    kind: Option<Kind>,
    namespace: Option<String>,
    relist: Duration,
) -> impl Stream<Item = watcher::Result<watcher::Event<K>>> + Send {
    let (listed, relist) = (Instant::now(), jittered(relist));
    stream::unfold((begin(), begin, health, namespace, listed), move |(mut events, begin, health, namespace, mut listed)| async move {
        loop {
            let left = relist.saturating_sub(listed.elapsed());
            if left.is_zero() {
                (events, listed) = (begin(), Instant::now());
            }
            match tokio::time::timeout(left.min(WATCH_RENEWAL), events.next()).await {
                Ok(Some(event)) => {
                    match &event {
                        // The watch is about to request a list, which does not show that it works.
                        Ok(watcher::Event::Init) => {}
                        Ok(event) => health.works(kind, namespace.as_deref(), matches!(event, watcher::Event::InitDone)),
                        Err(error) => health.fails(kind, namespace.as_deref(), error),
                    }
                    return Some((event, (events, begin, health, namespace, listed)));
                }
                Err(_) if !health.is_failing(kind, namespace.as_deref()) => {}
                Ok(None) | Err(_) => events = begin(),
            }
        }
    })
}

/// The number of objects that a list of whole objects has in a page.
const PAGE: u32 = 100;

/// The watches of all kinds of objects.
pub struct Watches {
    /// The context that all watches share.
    pub context: Arc<Context>,
    /// The health of the watches.
    pub health: Arc<Health>,
    /// Enqueues all resources.
    pub everything: mpsc::UnboundedSender<()>,
    /// The namespaces to watch; empty: all.
    pub namespaces: Vec<String>,
    /// The time after which each watch lists anew.
    pub relist: Duration,
}

impl Watches {
    /// Watches until one of the watches ends, which none does by itself. Notifies `begun` when the first lists are complete, or after
    /// [`FIRST_LISTS`].
    ///
    /// # Errors
    /// The API server does not answer which kinds it knows.
    pub async fn run(self, begun: Arc<Notify>) -> kube::Result<()> {
        let known = discover(&self.context.client).await?;
        info!(kinds = ?known, "optional kinds that the cluster knows");
        self.context.kinds.write().unwrap_or_else(PoisonError::into_inner).clone_from(&known);
        let mut tasks = BTreeMap::new();
        for kind in Kind::ALL.into_iter().filter(|kind| !kind.is_optional() || known.contains(kind)) {
            tasks.insert(kind, self.begin(kind));
        }
        self.known().await;
        self.read_secrets().await;
        begun.notify_one();
        let mut known = known;
        loop {
            tokio::select! {
                () = tokio::time::sleep(DISCOVERY) => {}
                kind = ended(&mut tasks) => {
                    error!(kind = kind.as_str(), "a watch ended");
                    return Ok(());
                }
            }
            let now = match discover(&self.context.client).await {
                Ok(now) => now,
                Err(error) => {
                    warn!("the API server does not say which kinds it knows: {}", crate::reconcile::failure::chain(&error));
                    continue;
                }
            };
            if now == known {
                continue;
            }
            // An API server that starts may not report all definitions: a kind is gone only if a second discovery does not find it either.
            if !now.is_superset(&known) {
                tokio::time::sleep(DISCOVERY_AGAIN).await;
                match discover(&self.context.client).await {
                    Ok(again) if again == now => {}
                    _ => continue,
                }
            }
            info!(kinds = ?now, "the optional kinds that the cluster knows have changed");
            for kind in known.difference(&now) {
                tasks.remove(kind);
                self.health.ends(*kind);
            }
            for kind in now.difference(&known) {
                tasks.insert(*kind, self.begin(*kind));
            }
            self.known().await;
            self.context.kinds.write().unwrap_or_else(PoisonError::into_inner).clone_from(&now);
            known = now;
            let _ = self.everything.send(());
        }
    }

    /// Waits until every watch has finished a list, at most for [`FIRST_LISTS`].
    async fn known(&self) {
        if tokio::time::timeout(FIRST_LISTS, self.health.synced()).await.is_err() {
            warn!("starting before all watches have finished their first list: {}", self.health.missing());
        }
    }

    /// Reads the operator's own Secrets. Those that cannot be listed are read one by one.
    async fn read_secrets(&self) {
        for namespace in self.places() {
            let read = self.context.secrets.read_all(&self.context.client, namespace.as_deref());
            match tokio::time::timeout(LIST, read).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => warn!(namespace, "the Secrets cannot be listed: {}", crate::reconcile::failure::chain(&error)),
                Err(_) => warn!(namespace, "the list of Secrets takes too long"),
            }
        }
    }

    /// The watched namespaces; `None`: all.
    fn places(&self) -> Vec<Option<String>> {
        if self.namespaces.is_empty() { vec![None] } else { self.namespaces.iter().cloned().map(Some).collect() }
    }

    /// Starts the watches of a kind. They end when the returned set is dropped.
    fn begin(&self, kind: Kind) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        for namespace in self.places() {
            self.health.begins(Some(kind), namespace.as_deref());
            let one = One { kind, namespace, context: self.context.clone(), health: self.health.clone(), relist: self.relist };
            tasks.spawn(one.run());
        }
        tasks
    }
}

/// Waits for a watch that ends. A watch ends only by a panic, and its last health would then count forever.
async fn ended(tasks: &mut BTreeMap<Kind, JoinSet<()>>) -> Kind {
    std::future::poll_fn(|context| {
        let of = |(kind, set): (&Kind, &mut JoinSet<()>)| matches!(set.poll_join_next(context), Poll::Ready(Some(_))).then_some(*kind);
        tasks.iter_mut().find_map(of).map_or(Poll::Pending, Poll::Ready)
    })
    .await
}

/// The optional kinds that the cluster has.
async fn discover(client: &Client) -> kube::Result<BTreeSet<Kind>> {
    let groups = client.list_api_groups_aggregated().await?;
    let knows = |kind: &Kind| {
        let resource = kind.resource();
        let group = groups
            .items
            .iter()
            .find(|group| group.metadata.as_ref().and_then(|metadata| metadata.name.as_deref()) == Some(resource.group.as_str()));
        let versions = group.into_iter().flat_map(|group| &group.versions);
        versions
            .filter(|version| version.version.as_deref() == Some(resource.version.as_str()))
            .flat_map(|version| &version.resources)
            .any(|known| known.resource.as_deref() == Some(resource.plural.as_str()))
    };
    Ok(Kind::ALL.into_iter().filter(|kind| kind.is_optional() && knows(kind)).collect())
}

/// The watch of one kind, in one namespace or all.
struct One {
    kind: Kind,
    namespace: Option<String>,
    context: Arc<Context>,
    health: Arc<Health>,
    relist: Duration,
}

impl One {
    async fn run(self) {
        let mut config = watcher::Config::default().timeout(WATCH_SECONDS);
        // Secrets of users and of other operators matter too.
        if self.kind != Kind::Secret {
            config = config.labels(&format!("{MANAGED_BY}={MANAGER}"));
        }
        if self.kind.is_observed() {
            let api: Api<DynamicObject> = self.api();
            // A page of whole objects is held in memory.
            let config = config.page_size(PAGE);
            self.follow(move || watcher(api.clone(), config.clone()).default_backoff().boxed(), |object| object).await;
        } else {
            let api: Api<PartialObjectMeta<DynamicObject>> = self.api();
            let whole = |object: PartialObjectMeta<DynamicObject>| DynamicObject {
                types: object.types,
                metadata: object.metadata,
                data: Value::Null,
            };
            self.follow(move || watcher(api.clone(), config.clone()).default_backoff().boxed(), whole).await;
        }
    }

    fn api<K: Resource<DynamicType = ApiResource, Scope = DynamicResourceScope>>(&self) -> Api<K> {
        let (client, resource) = (self.context.client.clone(), self.kind.resource());
        match &self.namespace {
            Some(namespace) => Api::namespaced_with(client, namespace, &resource),
            None => Api::all_with(client, &resource),
        }
    }

    /// Handles the events of a watch; `whole` makes an object of what the watch reports.
    async fn follow<K: 'static>(
        &self,
        begin: impl Fn() -> BoxStream<'static, watcher::Result<watcher::Event<K>>> + Send + 'static,
        whole: impl Fn(K) -> DynamicObject,
    ) {
        let mut events = pin!(watch(begin, self.health.clone(), Some(self.kind), self.namespace.clone(), self.relist));
        let mut listed: Option<Lists> = None;
        while let Some(event) = events.next().await {
            match event {
                Ok(watcher::Event::Init) => self.event(watcher::Event::Init, &mut listed),
                Ok(watcher::Event::InitApply(object)) => self.event(watcher::Event::InitApply(whole(object)), &mut listed),
                Ok(watcher::Event::InitDone) => self.event(watcher::Event::InitDone, &mut listed),
                Ok(watcher::Event::Apply(object)) => self.event(watcher::Event::Apply(whole(object)), &mut listed),
                Ok(watcher::Event::Delete(object)) => self.event(watcher::Event::Delete(whole(object)), &mut listed),
                Err(_) => {}
            }
        }
    }

    fn event(&self, event: watcher::Event<DynamicObject>, listed: &mut Option<Lists>) {
        match event {
            watcher::Event::Init => *listed = Some(Lists::default()),
            watcher::Event::InitApply(object) => {
                if let Some(listed) = listed {
                    self.referring(&object).iter().for_each(|owner| listed.referred.add(owner, &object.name_any()));
                }
                if let Some(owner) = owner(&object) {
                    if let Some(listed) = listed {
                        listed.own.add(&owner, &object.name_any());
                    }
                    self.seen(&owner, object);
                } else {
                    self.referred(&object);
                }
            }
            watcher::Event::InitDone => {
                if let Some(listed) = listed.take() {
                    let mut gone = self.context.children.relisted(self.kind, self.namespace.as_deref(), &listed.own);
                    if self.kind == Kind::Secret {
                        gone.extend(self.context.secrets.relisted(self.namespace.as_deref(), &listed.referred));
                    }
                    gone.iter().for_each(|owner| self.reconcile(owner));
                }
            }
            watcher::Event::Apply(object) => match owner(&object) {
                Some(owner) => self.seen(&owner, object),
                None => {
                    self.lost(None, &object);
                    self.referred(&object);
                }
            },
            watcher::Event::Delete(object) => match owner(&object) {
                Some(owner) => {
                    self.context.children.gone(&owner, self.kind, &object.name_any(), version(&object));
                    self.reconcile(&owner);
                }
                None => self.referred(&object),
            },
        }
    }

    fn seen(&self, owner: &Owner, object: DynamicObject) {
        self.lost(Some(owner), &object);
        // The volume is recorded before the claim: otherwise the claim would seem to have been made with unknown settings.
        if self.kind == Kind::PersistentVolumeClaim {
            self.context.children.made_with(owner, &object.name_any(), Volume::of(object.annotations()));
        }
        if self.kind == Kind::Secret {
            self.referred(&object);
        }
        let name = object.name_any();
        let DynamicObject { mut metadata, data: mut whole, .. } = object;
        let whole = (!whole.is_null()).then(|| {
            // What is observed depends on no managed field, and they are longer than the rest.
            let fields = metadata.managed_fields.take();
            whole["metadata"] = serde_json::to_value(&metadata).expect("metadata is JSON");
            metadata.managed_fields = fields;
            whole
        });
        match self.context.children.seen(owner, self.kind, &name, Told::of(self.kind, &metadata, whole.as_ref())) {
            News::None => {}
            News::Progress => self.context.enqueue_soon(owner),
            News::Change => self.reconcile(owner),
        }
    }

    /// The operator's labels may have been edited: the resource that owned the object puts them back.
    fn lost(&self, owner: Option<&Owner>, object: &DynamicObject) {
        let namespace = object.namespace().unwrap_or_default();
        let losers = self.context.children.lost(owner, &namespace, self.kind, &object.name_any(), version(object));
        losers.iter().for_each(|owner| self.reconcile(owner));
    }

    /// Enqueues the resources that refer to a Secret, except its owner.
    fn referred(&self, object: &DynamicObject) {
        for owner in self.referring(object) {
            self.context.secrets.seen(&owner, &object.name_any(), version(object));
            self.reconcile(&owner);
        }
    }

    /// The resources that refer to a Secret, except its owner.
    fn referring(&self, object: &DynamicObject) -> Vec<Owner> {
        if self.kind != Kind::Secret {
            return Vec::new();
        }
        let mut owners = self.context.mentions.of(&object.namespace().unwrap_or_default(), &object.name_any());
        let own = owner(object);
        owners.retain(|owner| Some(owner) != own.as_ref());
        owners
    }

    fn reconcile(&self, owner: &Owner) {
        self.context.enqueue(owner);
    }
}

/// What a new list of a watch contains.
#[derive(Default)]
struct Lists {
    /// The objects of resources.
    own: Listed,
    /// The Secrets that resources refer to.
    referred: Listed,
}

fn version(object: &DynamicObject) -> Version {
    Version::of(object.metadata.resource_version.as_deref().unwrap_or_default())
}

/// The resource that owns an object, by the object's labels.
fn owner(object: &DynamicObject) -> Option<Owner> {
    let labels = object.labels();
    if labels.get(MANAGED_BY).map(String::as_str) != Some(MANAGER) {
        return None;
    }
    Some(Owner { namespace: object.namespace()?, name: labels.get(INSTANCE)?.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_watch_fails_until_it_has_told_of_something() {
        let health = Arc::new(Health::default());
        health.begins(None, None);
        let begin = || {
            let error = || Err(watcher::Error::NoResourceVersion);
            let events = [
                Ok(watcher::Event::Init),
                error(),
                Ok(watcher::Event::Init),
                error(),
                Ok(watcher::Event::Init),
                Ok(watcher::Event::InitDone),
            ];
            stream::iter(events).chain(stream::pending::<watcher::Result<watcher::Event<()>>>()).boxed()
        };
        let mut events = pin!(watch(begin, health.clone(), None, None, Duration::from_secs(60)));
        let mut fails = Vec::new();
        for _ in 0..6 {
            events.next().await;
            fails.push(health.failing_for(Duration::ZERO).is_some());
        }
        // The start of a list does not show that the watch works.
        assert_eq!(fails, [false, true, true, true, true, false]);
        assert!(health.is_synced());
    }

    #[tokio::test]
    async fn d34_a_watch_lists_anew_after_its_time() {
        let health = Arc::new(Health::default());
        health.begins(None, None);
        let begin = || {
            let list = stream::iter([Ok(watcher::Event::Init), Ok(watcher::Event::InitDone)]);
            list.chain(stream::pending::<watcher::Result<watcher::Event<()>>>()).boxed()
        };
        let mut events = pin!(watch(begin, health.clone(), None, None, Duration::from_millis(50)));
        let mut lists = 0;
        while lists < 3 {
            let event = tokio::time::timeout(Duration::from_secs(10), events.next()).await.expect("a list").expect("no end");
            lists += usize::from(matches!(event, Ok(watcher::Event::InitDone)));
        }
    }

    #[tokio::test]
    async fn d36_a_watch_that_panics_is_noticed() {
        let mut tasks = BTreeMap::from([(Kind::Job, JoinSet::new()), (Kind::Secret, JoinSet::new())]);
        for set in tasks.values_mut() {
            set.spawn(std::future::pending());
        }
        assert!(tokio::time::timeout(Duration::from_millis(50), ended(&mut tasks)).await.is_err());
        tasks.get_mut(&Kind::Job).expect("a set").spawn(async { panic!("a watch that panics") });
        assert_eq!(ended(&mut tasks).await, Kind::Job);
    }
}
