//! What is shown when a scenario fails: conditions, events, Pods and their last words.

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use kube::api::{Api, ListParams};

use crate::command::kubectl;
use crate::restaurant::is_ready;
use crate::world::{OPERATOR, World};

/// Lines of each log that are shown.
const LINES: &str = "--tail=25";

/// Shows what is known of every namespace of the test.
pub(crate) async fn show(world: &World, namespaces: &[String]) {
    let conditions = "--output=jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name}{\"\\n\"}{range .status.conditions[*]}\
        {\"  \"}{.type}{\"\\t\"}{.status}{\"\\t\"}{.reason}{\"\\t\"}{.message}{\"\\n\"}{end}{end}";
    print("conditions", &["get", "restaurantbookings", "--all-namespaces", conditions]).await;
    for namespace in namespaces {
        print(&format!("Pods of {namespace}"), &["get", "pods", "--namespace", namespace, "--output=wide"]).await;
        let events = ["get", "events", "--namespace", namespace, "--sort-by=.lastTimestamp", "--field-selector=type!=Normal"];
        print(&format!("warnings of {namespace}"), &events).await;
        let pods: Api<Pod> = Api::namespaced(world.client.clone(), namespace);
        for pod in pods.list(&ListParams::default()).await.map(|pods| pods.items).unwrap_or_default() {
            let name = pod.name_any();
            // A migration that succeeded is not ready either, and says nothing of use.
            let succeeded = pod.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Succeeded");
            if (!is_ready(&pod) && !succeeded) || namespace == OPERATOR {
                print(&format!("log of {name}"), &["logs", &name, "--namespace", namespace, "--all-containers", LINES]).await;
            }
        }
    }
}

async fn print(what: &str, arguments: &[&str]) {
    let text = kubectl(arguments).await.unwrap_or_else(|error| error.to_string());
    println!("  -- {what}");
    for line in text.lines().rev().take(60).collect::<Vec<_>>().into_iter().rev() {
        println!("     {line}");
    }
}
