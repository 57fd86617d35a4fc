//! Pods run, complete, fail and go, as their controllers and their images say.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod};
use kube::Client;
use kube::api::{Api, DeleteParams, ListParams};
use serde_json::{Value, json};

use crate::{create, eventually, namespace, shared, template};

fn deployment(image: &str) -> Value {
    json!({
        "metadata": { "name": "test" },
        "spec": { "replicas": 3, "selector": { "matchLabels": { "app": "test" } }, "template": template(image) },
    })
}

fn job(image: &str) -> Value {
    let mut template = template(image);
    template["spec"]["restartPolicy"] = json!("Never");
    json!({ "metadata": { "name": "test" }, "spec": { "backoffLimit": 0, "template": template } })
}

async fn has_condition(api: &Api<Job>, wanted: &str) -> bool {
    let conditions = api.get_status("test").await.expect("the Job").status.and_then(|status| status.conditions);
    conditions.unwrap_or_default().iter().any(|condition| condition.type_ == wanted && condition.status == "True")
}

async fn pods(client: &Client, namespace: &str) -> Vec<Pod> {
    Api::<Pod>::namespaced(client.clone(), namespace).list(&ListParams::default()).await.expect("Pods").items
}

#[tokio::test]
async fn a_deployment_becomes_available_and_its_pods_go_with_it() {
    let (_, client) = shared().await;
    namespace(&client, "deployment").await;
    let api: Api<Deployment> = Api::namespaced(client.clone(), "deployment");
    create(&api, deployment("example.invalid/app:1")).await;
    eventually("a Deployment of 3 is available", async || {
        let status = api.get_status("test").await.expect("the Deployment").status;
        status.and_then(|status| status.available_replicas) == Some(3)
    })
    .await;
    let addresses: std::collections::BTreeSet<_> =
        pods(&client, "deployment").await.into_iter().filter_map(|pod| pod.status?.pod_ip).collect();
    assert_eq!(addresses.len(), 3, "each Pod has an address of its own");
    api.delete("test", &DeleteParams::foreground()).await.expect("it is deleted");
    eventually("the Deployment and its Pods are gone", async || {
        api.get_opt("test").await.expect("an answer").is_none() && pods(&client, "deployment").await.is_empty()
    })
    .await;
}

#[tokio::test]
async fn a_broken_image_never_becomes_ready() {
    let (_, client) = shared().await;
    namespace(&client, "crash").await;
    let api: Api<Deployment> = Api::namespaced(client.clone(), "crash");
    create(&api, deployment("example.invalid/app:broken")).await;
    eventually("the Pods crash", async || {
        let pods = pods(&client, "crash").await;
        let crashing = pods.iter().filter(|pod| {
            let containers = pod.status.as_ref().and_then(|status| status.container_statuses.as_ref());
            let waiting = containers.and_then(|all| all.first()?.state.as_ref()?.waiting.as_ref()?.reason.as_deref());
            waiting == Some("CrashLoopBackOff")
        });
        crashing.count() == 3
    })
    .await;
    let status = api.get_status("test").await.expect("the Deployment").status.expect("a status");
    assert_eq!((status.available_replicas, status.ready_replicas), (None, None));
}

#[tokio::test]
async fn a_job_completes() {
    let (_, client) = shared().await;
    namespace(&client, "job").await;
    let api: Api<Job> = Api::namespaced(client.clone(), "job");
    create(&api, job("example.invalid/job:1")).await;
    eventually("a Job is complete", async || has_condition(&api, "Complete").await).await;
}

#[tokio::test]
async fn a_job_with_a_broken_image_fails() {
    let (_, client) = shared().await;
    namespace(&client, "failing-job").await;
    let api: Api<Job> = Api::namespaced(client.clone(), "failing-job");
    create(&api, job("example.invalid/broken/job:1")).await;
    eventually("a Job has failed", async || has_condition(&api, "Failed").await).await;
    assert!(!has_condition(&api, "Complete").await);
}

#[tokio::test]
async fn what_is_owned_is_collected() {
    let (_, client) = shared().await;
    namespace(&client, "collected").await;
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), "collected");
    let owner = create(&api, json!({ "metadata": { "name": "owner" } })).await;
    let reference = json!({ "apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner.metadata.uid });
    create(&api, json!({ "metadata": { "name": "owned", "ownerReferences": [reference] } })).await;
    api.delete("owner", &DeleteParams::default()).await.expect("it is deleted");
    eventually("what was owned is gone", async || api.get_opt("owned").await.expect("an answer").is_none()).await;
}

#[tokio::test]
async fn a_namespace_goes_with_all_that_is_in_it() {
    let (_, client) = shared().await;
    namespace(&client, "doomed").await;
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), "doomed");
    create(&deployments, deployment("example.invalid/app:1")).await;
    eventually("there are Pods", async || pods(&client, "doomed").await.len() == 3).await;
    let namespaces: Api<Namespace> = Api::all(client.clone());
    namespaces.delete("doomed", &DeleteParams::default()).await.expect("it is deleted");
    eventually("the namespace is gone", async || namespaces.get_opt("doomed").await.expect("an answer").is_none()).await;
}
