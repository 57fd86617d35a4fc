//! A control plane of its own, beside the shared one, whose API server goes and comes back.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Client;
use kube::api::Api;
use serde_json::json;

use crate::{create, eventually, start, template};

#[tokio::test]
async fn the_api_server_goes_and_comes_back_with_its_data() {
    let mut control_plane = start().await;
    let client = Client::try_from(control_plane.client_config()).expect("a client");
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), "default");
    create(&maps, json!({ "metadata": { "name": "kept" } })).await;

    control_plane.stop_api_server().await;
    control_plane.stop_api_server().await;
    maps.get("kept").await.expect_err("nobody answers");
    control_plane.start_api_server().await.expect("it starts again");
    control_plane.start_api_server().await.expect("it runs already");
    maps.get("kept").await.expect("it was kept");

    let deployments: Api<Deployment> = Api::namespaced(client, "default");
    let deployment = json!({
        "metadata": { "name": "test" },
        "spec": { "selector": { "matchLabels": { "app": "test" } }, "template": template("example.invalid/app:1") },
    });
    create(&deployments, deployment).await;
    eventually("after an outage, a Deployment is available", async || {
        let status = deployments.get_status("test").await.expect("the Deployment").status;
        status.and_then(|status| status.available_replicas) == Some(1)
    })
    .await;

    let folder = control_plane.kubeconfig().parent().expect("a folder").to_owned();
    drop(control_plane);
    assert!(!folder.exists(), "its folder is gone with it");
}
