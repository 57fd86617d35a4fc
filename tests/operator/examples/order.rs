//! The order in which objects were created, by the API server's audit log.

use std::collections::BTreeMap;

use control_plane::Request;
use operator::reconcile::kind::Kind;
use operator::reconcile::service::Service;
use serde_json::Value;

use crate::world::Place;

/// The objects that a Pod uses were created before the Pod's controller, migrations ended before Deployments were created, and topics (if
/// they are objects) were created before the services that use them.
pub(super) async fn everything_was_made_before_what_needs_it(place: &Place, requests: &[Request]) {
    let writes: Vec<&Request> =
        requests.iter().filter(|request| request.namespace == place.name && request.is_write() && request.code < 300).collect();
    let first = |kind: Kind, name: &str| {
        let is = |write: &&Request| write.resource == kind.plural() && write.name == name && write.subresource.is_empty();
        writes.iter().position(is).unwrap_or_else(|| panic!("{} {name} was not made", kind.as_str()))
    };
    let last_status = |kind: Kind, name: &str| {
        let is = |write: &&Request| write.resource == kind.plural() && write.name == name && write.subresource == "status";
        writes.iter().rposition(is).unwrap_or_else(|| panic!("{} {name} has no status", kind.as_str()))
    };
    let children = place.children().await;
    let mut waits = 0;
    for ((kind, name), object) in &children {
        if ![Kind::StatefulSet, Kind::Job, Kind::Deployment].contains(kind) {
            continue;
        }
        let made = first(*kind, name);
        for (needed, of) in needs(&object["spec"]["template"]["spec"]) {
            // Objects that existed before the resource do not count.
            let before = writes.iter().any(|write| write.resource == needed.plural() && write.name == of);
            assert!(!before || first(needed, &of) < made, "{} {of} was made after {} {name}", needed.as_str(), kind.as_str());
            waits += usize::from(before);
        }
        if *kind == Kind::Deployment {
            for (topic, _) in children.keys().filter(|(kind, _)| *kind == Kind::KafkaTopic).map(|(kind, name)| (name, kind)) {
                assert!(last_status(Kind::KafkaTopic, topic) < made, "KafkaTopic {topic} was ready after Deployment {name} was made");
            }
        }
    }
    assert!(waits >= 12, "who needs what was looked for in the wrong place: {waits}");
    let jobs: BTreeMap<Service, &String> = Service::ALL
        .into_iter()
        .filter_map(|service| {
            let part = format!("-{}-migrate-", service.as_str());
            let job = children.keys().find(|(kind, name)| *kind == Kind::Job && name.contains(&part))?;
            Some((service, &job.1))
        })
        .collect();
    assert_eq!(jobs.len(), 3, "{jobs:?}");
    for (service, job) in jobs {
        let (_, deployment) = children
            .keys()
            .find(|(kind, name)| *kind == Kind::Deployment && name.ends_with(&format!("-{}", service.as_str())))
            .expect("a Deployment");
        assert!(
            last_status(Kind::Job, job) < first(Kind::Deployment, deployment),
            "Deployment {deployment} was made before {job} had ended"
        );
    }
}

/// The objects without which a Pod cannot start.
fn needs(pod: &Value) -> Vec<(Kind, String)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let mut needed: Vec<(Kind, String)> = text(&pod["serviceAccountName"]).map(|name| (Kind::ServiceAccount, name)).into_iter().collect();
    for volume in pod["volumes"].as_array().into_iter().flatten() {
        needed.extend(text(&volume["secret"]["secretName"]).map(|name| (Kind::Secret, name)));
        needed.extend(text(&volume["configMap"]["name"]).map(|name| (Kind::ConfigMap, name)));
        // A StatefulSet and its claim belong together: its Pod waits for the claim.
    }
    for container in ["containers", "initContainers"].iter().flat_map(|list| pod[*list].as_array().into_iter().flatten()) {
        for source in container["envFrom"].as_array().into_iter().flatten() {
            needed.extend(text(&source["configMapRef"]["name"]).map(|name| (Kind::ConfigMap, name)));
            needed.extend(text(&source["secretRef"]["name"]).map(|name| (Kind::Secret, name)));
        }
    }
    needed
}
