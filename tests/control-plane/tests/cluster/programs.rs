//! Helm, and what the others bring.

use std::process::Command;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, ListParams};

use crate::shared;

#[tokio::test]
async fn helm_runs() {
    let (control_plane, _) = shared().await;
    let helm = control_plane::helm().await.expect("Helm");
    let run = |arguments: &[&str]| {
        let output = Command::new(&helm).args(arguments).env("KUBECONFIG", control_plane.kubeconfig()).output().expect("it starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    let version = run(&["version", "--short"]);
    assert!(version.starts_with("v4."), "{version}");
    assert_eq!(run(&["list", "--all-namespaces", "--short"]), "", "there are no releases, and it could ask for them");
}

#[tokio::test]
async fn the_definitions_of_others_are_served() {
    let (_, client) = shared().await;
    control_plane::install_crds(&client).await.expect("they are installed");
    control_plane::install_crds(&client).await.expect("they are installed again");
    let list = Api::<CustomResourceDefinition>::all(client.clone()).list(&ListParams::default()).await.expect("a list");
    let names: Vec<_> = list.items.into_iter().filter_map(|crd| crd.metadata.name).collect();
    for name in ["clusters.postgresql.cnpg.io", "objectstores.barmancloud.cnpg.io", "kafkas.kafka.strimzi.io"] {
        assert!(names.iter().any(|served| served == name), "{name} in {names:?}");
    }
    let kafkas = client.list_api_group_resources("kafka.strimzi.io/v1").await.expect("they are served");
    assert!(kafkas.resources.iter().any(|resource| resource.name == "kafkas"));
}
