//! A restaurant: a RestaurantBooking resource and what has become of it.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::ResourceExt as _;
use kube::api::{Api, ApiResource, DynamicObject, ListParams, PostParams};
use kube::core::GroupVersionKind;
use serde_json::{Value, json};

use crate::Result;
use crate::command::{kubectl, kubectl_reading};
use crate::doors::Doors;
use crate::forward::Forward;
use crate::world::{World, eventually};

/// How long a restaurant may take to be Ready: databases and a broker start, and images may have to be pulled.
const READY: &str = "--timeout=10m";

/// What a restaurant asks for in these scenarios: as little as can be, so that several are within a small cluster.
pub(crate) fn spec(name: &str, replicas: u32) -> Value {
    let component = json!({"replicas": replicas, "resources": {"requests": {"cpu": "20m", "memory": "32Mi"}}});
    json!({
        "restaurant": {"name": name, "timeZone": "Europe/Rome"},
        "auth": component,
        "menu": component,
        "reservation": component,
        "postgres": {"managed": {"storage": {"size": "1Gi"}, "resources": {"requests": {"cpu": "20m", "memory": "64Mi"}}}},
        "kafka": {"managed": {"storage": {"size": "1Gi"}, "resources": {"requests": {"cpu": "50m", "memory": "512Mi"}}}},
    })
}

/// A condition of a resource.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) status: String,
    pub(crate) reason: String,
    pub(crate) message: String,
}

/// A restaurant.
#[derive(Clone)]
pub(crate) struct Restaurant<'w> {
    pub(crate) world: &'w World,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Restaurant<'_> {
    /// `trattoria-menu`: the name of what belongs to a component.
    pub(crate) fn part(&self, component: &str) -> String {
        format!("{}-{component}", self.name)
    }

    /// kubectl in the restaurant's namespace.
    pub(crate) async fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        kubectl(&[&["--namespace", self.namespace.as_str()], arguments].concat()).await
    }

    fn api(&self) -> Api<DynamicObject> {
        let kind = GroupVersionKind::gvk("restaurantbooking.dev", "v1alpha1", "RestaurantBooking");
        let resource = ApiResource::from_gvk_with_plural(&kind, "restaurantbookings");
        Api::namespaced_with(self.world.client.clone(), &self.namespace, &resource)
    }

    /// The resource as it is, if it is. A cluster without the definition has none.
    pub(crate) async fn find(&self) -> Result<Option<Value>> {
        let found = self.api().get_opt(&self.name).await?;
        Ok(found.map(serde_json::to_value).transpose()?)
    }

    /// The status.
    pub(crate) async fn status(&self) -> Result<Value> {
        Ok(self.find().await?.ok_or("the resource is gone")?["status"].clone())
    }

    /// `kubectl apply`.
    pub(crate) async fn apply(&self, spec: &Value) -> Result<()> {
        let resource = json!({
            "apiVersion": "restaurantbooking.dev/v1alpha1", "kind": "RestaurantBooking",
            "metadata": {"name": self.name, "namespace": self.namespace}, "spec": spec,
        });
        kubectl_reading(&["apply", "--filename", "-"], &resource.to_string()).await.map(drop)
    }

    /// Changes the spec; a null takes a field away.
    pub(crate) async fn change(&self, spec: &Value) -> Result<()> {
        let patch = json!({"spec": spec}).to_string();
        self.kubectl(&["patch", "restaurantbooking", &self.name, "--type=merge", "--patch", &patch]).await.map(drop)
    }

    /// Makes the spec this one, whatever it was.
    pub(crate) async fn replace(&self, spec: &Value) -> Result<()> {
        let mut resource = self.api().get(&self.name).await?;
        resource.data["spec"] = spec.clone();
        self.api().replace(&self.name, &PostParams::default(), &resource).await?;
        Ok(())
    }

    /// `kubectl wait` until the newest generation is Ready.
    pub(crate) async fn ready(&self) -> Result<()> {
        self.kubectl(&["wait", "restaurantbooking", &self.name, "--for=condition=Ready", READY]).await.map(drop)
    }

    /// The tag that all Pods of a service run.
    pub(crate) async fn tag(&self, service: &str) -> Result<String> {
        let version = self.status().await?["services"][service]["version"].as_str().map(str::to_owned);
        Ok(version.unwrap_or_default())
    }

    /// The one of the two tags that a service does not run.
    pub(crate) async fn other_tag(&self, service: &str) -> Result<&str> {
        let settings = &self.world.settings;
        Ok(if self.tag(service).await? == settings.next_tag { &settings.tag } else { &settings.next_tag })
    }

    /// The condition of this type, if it is of the newest generation.
    pub(crate) async fn condition(&self, kind: &str) -> Result<Option<Condition>> {
        let resource = self.find().await?.ok_or("the resource is gone")?;
        let conditions = resource["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let found = conditions.iter().find(|condition| condition["type"] == kind);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok(found.filter(|found| found["observedGeneration"] == resource["metadata"]["generation"]).map(|found| Condition {
            status: text(&found["status"]),
            reason: text(&found["reason"]),
            message: text(&found["message"]),
        }))
    }

    /// Waits until a condition has this status and reason.
    pub(crate) async fn becomes(&self, kind: &str, status: &str, reason: &str, patience: Duration) -> Result<Condition> {
        let look = async || {
            let found = self.condition(kind).await?;
            Ok(found.filter(|found| found.status == status && found.reason == reason))
        };
        eventually(&format!("{kind} is {status} ({reason})"), patience, look).await
    }

    /// The Pods of a component, such as `menu-postgres`, that are not about to go.
    pub(crate) async fn pods(&self, component: &str) -> Result<Vec<Pod>> {
        let pods: Api<Pod> = Api::namespaced(self.world.client.clone(), &self.namespace);
        let labels = format!("app.kubernetes.io/instance={},app.kubernetes.io/component={component}", self.name);
        let mut pods = pods.list(&ListParams::default().labels(&labels)).await?.items;
        pods.retain(|pod| pod.metadata.deletion_timestamp.is_none());
        Ok(pods)
    }

    /// The uids of the Pods of a component that are ready.
    pub(crate) async fn ready_pods(&self, component: &str) -> Result<Vec<String>> {
        let pods = self.pods(component).await?;
        Ok(pods.iter().filter(|pod| is_ready(pod)).filter_map(|pod| pod.uid()).collect())
    }

    /// The name of the ConfigMap that the Pods of a service read.
    pub(crate) async fn settings(&self, service: &str) -> Result<String> {
        let path = "--output=jsonpath={.spec.template.spec.containers[0].envFrom[0].configMapRef.name}";
        self.kubectl(&["get", "deployment", &self.part(service), path]).await
    }

    /// What a Secret holds.
    pub(crate) async fn secret(&self, name: &str) -> Result<BTreeMap<String, String>> {
        let secret = Api::<Secret>::namespaced(self.world.client.clone(), &self.namespace).get(name).await?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(secret.data.unwrap_or_default().into_iter().map(|(key, value)| (key, text(value.0))).collect())
    }

    /// The administrator's e-mail address and password, as the README has a user read them.
    pub(crate) async fn administrator(&self) -> Result<(String, String)> {
        let name = self.kubectl(&["get", "restaurantbooking", &self.name, "--output=jsonpath={.status.adminSecretName}"]).await?;
        let key = async |key: &str| {
            let encoded = self.kubectl(&["get", "secret", &name, &format!("--output=jsonpath={{.data.{key}}}")]).await?;
            Result::Ok(String::from_utf8(STANDARD.decode(encoded.trim())?)?)
        };
        Ok((key("email").await?, key("password").await?))
    }

    /// A way to one of the Services.
    pub(crate) async fn forward(&self, (service, port): (&str, u16)) -> Result<Forward> {
        Forward::open(&self.namespace, &format!("service/{}", self.part(service)), port).await
    }

    /// Ways to all of them, and a token of the administrator.
    pub(crate) async fn visit(&self) -> Result<(Doors, String)> {
        let doors = Doors::open(self).await?;
        let (email, password) = self.administrator().await?;
        let token = doors.log_in(&email, &password).await?;
        Ok((doors, token))
    }
}

/// Whether a Pod is ready.
pub(crate) fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.is_some_and(|conditions| conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True"))
}
