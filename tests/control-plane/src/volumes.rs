//! Simulated volumes: two classes, and who gives every claim of them a volume, which is an object alone.

use std::collections::BTreeMap;
use std::pin::pin;
use std::thread::JoinHandle;
use std::time::Duration;

use futures_util::{StreamExt as _, future};
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use k8s_openapi::api::storage::v1::StorageClass;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Client, ResourceExt as _};
use serde_json::json;
use tokio::sync::oneshot;

use crate::Error;

/// The default StorageClass. Its volumes can grow.
pub const STANDARD: &str = "standard";

/// A StorageClass whose volumes keep their size.
pub const FIXED: &str = "fixed";

/// What the classes name as their provisioner. Controllers leave its volumes to it.
const PROVISIONER: &str = "volumes.simulated";

/// How long to wait after an API server could not be reached.
const RETRY: Duration = Duration::from_millis(200);

/// Makes the two classes.
pub(crate) async fn make_classes(client: &Client) -> Result<(), Error> {
    let api: Api<StorageClass> = Api::all(client.clone());
    for (name, default, expands) in [(STANDARD, "true", true), (FIXED, "false", false)] {
        let class = json!({
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": { "name": name, "annotations": { "storageclass.kubernetes.io/is-default-class": default } },
            "provisioner": PROVISIONER,
            "reclaimPolicy": "Delete",
            "volumeBindingMode": "Immediate",
            "allowVolumeExpansion": expands,
        });
        let made = match serde_json::from_value(class) {
            Ok(class) => api.create(&PostParams::default(), &class).await.map(drop),
            Err(error) => Err(kube::Error::SerdeError(error)),
        };
        made.map_err(Error::api(format!("make the StorageClass {name}")))?;
    }
    Ok(())
}

/// The provisioner, on a thread with a runtime of its own: each test has one that ends with it, and the volumes are for all.
#[derive(Debug)]
pub(crate) struct Volumes {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Volumes {
    pub(crate) fn start(config: kube::Config) -> Result<Self, Error> {
        let failed = |source| Error::System { action: "start the thread of the volumes".to_owned(), source };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let (stop, stopped) = oneshot::channel();
        let work = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = provision(config) => {}
                    _ = stopped => {}
                }
            });
        };
        let thread = std::thread::Builder::new().name("volumes".to_owned()).spawn(work).map_err(failed)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Volumes {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed, and is no reason for another one here.
            let _ = thread.join();
        }
    }
}

async fn provision(config: kube::Config) {
    let client = match Client::try_from(config) {
        Ok(client) => client,
        Err(error) => {
            eprintln!("There will be no volumes: {error}");
            return;
        }
    };
    let claims = each(&client, async |client: &Client, claim| serve(client, &claim).await);
    let volumes = each(&client, async |client: &Client, volume| reclaim(client, &volume).await);
    future::join(claims, volumes).await;
}

/// Does something for each object and each change of it, for ever.
async fn each<K, F>(client: &Client, act: F)
where
    K: kube::Resource<DynamicType = ()> + Clone + std::fmt::Debug + Send + serde::de::DeserializeOwned + 'static,
    F: AsyncFn(&Client, K) -> kube::Result<()>,
{
    let mut objects = pin!(watcher(Api::<K>::all(client.clone()), watcher::Config::default()).applied_objects());
    while let Some(object) = objects.next().await {
        let Ok(object) = object else {
            // The API server is away. The watch goes on when it is back.
            tokio::time::sleep(RETRY).await;
            continue;
        };
        loop {
            match act(client, object.clone()).await {
                Ok(()) => break,
                // The object is another one by now, or gone: that is an event of its own.
                Err(kube::Error::Api(status)) if (400..500).contains(&status.code) => break,
                Err(_) => tokio::time::sleep(RETRY).await,
            }
        }
    }
}

/// Gives a claim its volume, or more room.
async fn serve(client: &Client, claim: &PersistentVolumeClaim) -> kube::Result<()> {
    let (Some(spec), Some(status)) = (&claim.spec, &claim.status) else { return Ok(()) };
    let class = spec.storage_class_name.as_deref().unwrap_or_default();
    let wanted = spec.resources.as_ref().and_then(|resources| resources.requests.as_ref()).and_then(storage);
    let (true, Some(wanted), None) = ([STANDARD, FIXED].contains(&class), wanted, &claim.metadata.deletion_timestamp) else {
        return Ok(());
    };
    match (status.phase.as_deref(), &spec.volume_name) {
        (Some("Pending"), None) => make_volume(client, claim, class, wanted).await,
        (Some("Bound"), Some(volume)) if status.capacity.as_ref().and_then(storage) != Some(wanted) => {
            let params = PatchParams::default();
            let capacity = json!({ "storage": wanted });
            let volumes: Api<PersistentVolume> = Api::all(client.clone());
            volumes.patch(volume, &params, &Patch::Merge(json!({ "spec": { "capacity": capacity } }))).await?;
            let namespace = claim.namespace().unwrap_or_default();
            let claims: Api<PersistentVolumeClaim> = Api::namespaced(client.clone(), &namespace);
            let status = json!({ "status": { "capacity": capacity } });
            claims.patch_status(&claim.name_any(), &params, &Patch::Merge(status)).await.map(drop)
        }
        _ => Ok(()),
    }
}

fn storage(quantities: &BTreeMap<String, Quantity>) -> Option<&Quantity> {
    quantities.get("storage")
}

/// Makes a volume that only this claim can be bound to.
async fn make_volume(client: &Client, claim: &PersistentVolumeClaim, class: &str, size: &Quantity) -> kube::Result<()> {
    let name = format!("pvc-{}", claim.uid().unwrap_or_default());
    let spec = claim.spec.as_ref();
    let volume = serde_json::from_value(json!({
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": { "name": name, "annotations": { "pv.kubernetes.io/provisioned-by": PROVISIONER } },
        "spec": {
            "capacity": { "storage": size },
            "accessModes": spec.and_then(|spec| spec.access_modes.as_ref()),
            "volumeMode": spec.and_then(|spec| spec.volume_mode.as_ref()),
            "storageClassName": class,
            "persistentVolumeReclaimPolicy": "Delete",
            // Nothing looks there.
            "hostPath": { "path": format!("/volumes/{name}") },
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": claim.namespace(),
                "name": claim.name_any(),
                "uid": claim.uid(),
            },
        },
    }));
    let volume: PersistentVolume = volume.map_err(kube::Error::SerdeError)?;
    Api::all(client.clone()).create(&PostParams::default(), &volume).await.map(drop)
}

/// Removes a volume of ours whose claim is gone.
async fn reclaim(client: &Client, volume: &PersistentVolume) -> kube::Result<()> {
    let ours = volume.annotations().get("pv.kubernetes.io/provisioned-by").is_some_and(|provisioner| provisioner == PROVISIONER);
    let released = volume.status.as_ref().is_some_and(|status| status.phase.as_deref() == Some("Released"));
    let kept = volume.spec.as_ref().is_some_and(|spec| spec.persistent_volume_reclaim_policy.as_deref() != Some("Delete"));
    if !ours || !released || kept || volume.metadata.deletion_timestamp.is_some() {
        return Ok(());
    }
    let volumes: Api<PersistentVolume> = Api::all(client.clone());
    volumes.delete(&volume.name_any(), &DeleteParams::default()).await.map(drop)
}
