//! RBAC is enforced, admission works, and what is asked is counted.

use control_plane::Request;
use k8s_openapi::api::authentication::v1::TokenRequest;
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret, ServiceAccount};
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Client, Config};
use serde_json::json;

use crate::{create, namespace, shared, template};

/// A ServiceAccount that may do anything with ConfigMaps of its namespace, and nothing else; its token.
async fn account(client: &Client, name: &str) -> String {
    namespace(client, name).await;
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), name);
    create(&accounts, json!({ "metadata": { "name": "tester" } })).await;
    let rule = json!({ "apiGroups": [""], "resources": ["configmaps"], "verbs": ["*"] });
    create(&Api::<Role>::namespaced(client.clone(), name), json!({ "metadata": { "name": "tester" }, "rules": [rule] })).await;
    let binding = json!({
        "metadata": { "name": "tester" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "tester" },
        "subjects": [{ "kind": "ServiceAccount", "name": "tester", "namespace": name }],
    });
    create(&Api::<RoleBinding>::namespaced(client.clone(), name), binding).await;
    let request: TokenRequest = serde_json::from_value(json!({ "spec": { "audiences": [] } })).expect("a request");
    let answer = accounts.create_token_request("tester", &PostParams::default(), &request).await.expect("a token");
    answer.status.expect("a token").token
}

#[tokio::test]
async fn a_token_opens_what_its_role_names_and_nothing_else() {
    let (control_plane, client) = shared().await;
    let token = account(&client, "restricted").await;
    let from_file = {
        let path = control_plane.kubeconfig_as(&token).expect("a kubeconfig");
        let kubeconfig = kube::config::Kubeconfig::read_from(path).expect("it can be read");
        Config::from_custom_kubeconfig(kubeconfig, &kube::config::KubeConfigOptions::default()).await.expect("a configuration")
    };
    for config in [control_plane.client_config_as(&token), from_file] {
        let tester = Client::try_from(config).expect("a client");
        let list = ListParams::default();
        Api::<ConfigMap>::namespaced(tester.clone(), "restricted").list(&list).await.expect("it is allowed");
        let refusals = [
            Api::<Secret>::namespaced(tester.clone(), "restricted").list(&list).await.map(drop),
            Api::<ConfigMap>::namespaced(tester.clone(), "default").list(&list).await.map(drop),
            Api::<ConfigMap>::all(tester.clone()).list(&list).await.map(drop),
        ];
        for refusal in refusals {
            assert!(matches!(&refusal, Err(kube::Error::Api(status)) if status.code == 403), "{refusal:?}");
        }
    }
    let stranger = Client::try_from(control_plane.client_config_as("no token")).expect("a client");
    let refusal = Api::<ConfigMap>::namespaced(stranger, "restricted").list(&ListParams::default()).await;
    assert!(matches!(&refusal, Err(kube::Error::Api(status)) if status.code == 401), "{refusal:?}");
}

#[tokio::test]
async fn the_audit_log_counts_requests() {
    let (control_plane, client) = shared().await;
    let token = account(&client, "audited").await;
    let tester = Client::try_from(control_plane.client_config_as(&token)).expect("a client");
    let maps: Api<ConfigMap> = Api::namespaced(tester.clone(), "audited");
    let audit = control_plane.audit();
    let count = |requests: &[Request], verb: &str| requests.iter().filter(|request| request.verb == verb).count();
    let mine = |mark| -> Vec<Request> {
        let mut requests = audit.since(mark);
        requests.retain(|request| request.user == "system:serviceaccount:audited:tester");
        requests
    };

    let before = audit.mark();
    for number in 0..5 {
        create(&maps, json!({ "metadata": { "name": format!("map-{number}") } })).await;
    }
    let patch = Patch::Merge(json!({ "data": { "key": "value" } }));
    maps.patch("map-0", &PatchParams::default(), &patch).await.expect("it is patched");
    maps.patch("map-0", &PatchParams { dry_run: true, ..PatchParams::default() }, &patch).await.expect("it would be patched");
    maps.get("map-0").await.expect("it is there");
    Api::<Secret>::namespaced(tester, "audited").get("none").await.expect_err("it is refused");

    let requests = mine(&before);
    assert_eq!(requests.len(), 9, "{requests:#?}");
    assert_eq!(["create", "patch", "get"].map(|verb| count(&requests, verb)), [5, 2, 2]);
    assert_eq!(requests.iter().filter(|request| request.is_write()).count(), 6);
    assert_eq!(requests.iter().filter(|request| request.dry_run).count(), 1);
    let refused: Vec<_> = requests.iter().filter(|request| request.code == 403).collect();
    assert!(matches!(refused[..], [request] if request.resource == "secrets" && request.name == "none"), "{refused:?}");
    let created = &requests[0];
    assert_eq!((&*created.group, &*created.resource, &*created.subresource), ("", "configmaps", ""));
    assert_eq!((&*created.namespace, &*created.name, created.code), ("audited", "map-0", 201));

    let after = audit.mark();
    assert_eq!(mine(&after), []);
    maps.delete("map-0", &DeleteParams::default()).await.expect("it is deleted");
    assert_eq!(count(&mine(&after), "delete"), 1);
}

#[tokio::test]
async fn pod_security_is_enforced_where_a_namespace_asks_for_it() {
    let (_, client) = shared().await;
    let labels = json!({ "pod-security.kubernetes.io/enforce": "restricted" });
    let strict = json!({ "metadata": { "name": "strict", "labels": labels } });
    create::<k8s_openapi::api::core::v1::Namespace>(&Api::all(client.clone()), strict).await;
    let mut pod = template("example.invalid/app:1");
    pod["metadata"]["name"] = json!("test");
    let pod: Pod = serde_json::from_value(pod).expect("a Pod");
    let pods: Api<Pod> = Api::namespaced(client, "strict");
    let refusal = pods.create(&PostParams::default(), &pod).await.expect_err("it is refused").to_string();
    assert!(refusal.contains("violates PodSecurity"), "{refusal}");
}
