//! The objects themselves.

use std::collections::BTreeSet;

use clap::{CommandFactory as _, Parser as _};
use operator::cli::Cli;
use serde_json::{Value, json};

use crate::{NAMESPACE, Objects, RELEASE, chart, helm, is_hook, render, said, template, value_sets, values};

fn pod(objects: &Objects) -> &Value {
    &objects.one("Deployment")["spec"]["template"]
}

/// The Pods that there will be, the test's too.
fn pods(objects: &Objects) -> Vec<&Value> {
    objects.of("Deployment").into_iter().map(|object| &object["spec"]["template"]).chain(objects.of("Pod")).collect()
}

fn has_all(labels: &Value, wanted: &Value) -> bool {
    wanted.as_object().expect("labels").iter().all(|(name, value)| labels[name] == *value)
}

/// The operator's NetworkPolicies for brokers let its Pods in by this label.
#[tokio::test]
async fn whatever_the_chart_is_called_the_operator_is_known_by_its_label() {
    for arguments in [&["--set=nameOverride=other"][..], &["--set=fullnameOverride=other"], &[]] {
        let objects = render(arguments).await;
        let own = json!({"app.kubernetes.io/name": operator::reconcile::build::MANAGER, "app.kubernetes.io/instance": RELEASE});
        assert!(has_all(&pod(&objects)["metadata"]["labels"], &own));
        for selector in [
            &objects.one("Deployment")["spec"]["selector"]["matchLabels"],
            &objects.one("Service")["spec"]["selector"],
            &objects.one("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
            &objects.one("NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
            &pod(&objects)["spec"]["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"],
        ] {
            assert_eq!(*selector, own);
        }
        // The Pod of `helm test` is not one of the operator's.
        assert!(!has_all(&objects.of("Pod")[0]["metadata"]["labels"], &own));
    }
}

#[tokio::test]
async fn names_are_those_of_release_and_chart_or_what_is_given() {
    for (release, arguments, expected) in [
        ("rb", &[][..], "rb-restaurant-booking-operator"),
        ("restaurant-booking-operator", &[], "restaurant-booking-operator"),
        ("rb", &["--set=nameOverride=other"], "rb-other"),
        ("rb", &["--set=fullnameOverride=other"], "other"),
        ("a-release-with-a-name-that-is-as-long-as-helm-permits", &[], "a-release-with-a-name-that-is-as-long-as-helm-permits-restauran"),
        ("1", &["--set=nameOverride=other"], "1-other"),
    ] {
        let chart = chart();
        let mut all = vec!["template", release, chart.to_str().expect("a path")];
        all.extend(arguments);
        let objects = Objects::parse(&said(&helm(&all).await));
        assert_eq!(objects.one("Deployment")["metadata"]["name"], expected);
        assert_eq!(objects.one("Deployment")["metadata"]["labels"]["app.kubernetes.io/instance"], release);
    }
}

#[tokio::test]
async fn every_object_has_the_recommended_labels_and_those_that_are_given() {
    for (set, arguments) in value_sets() {
        let objects = render(&arguments).await;
        for object in objects.0.iter().chain(pods(&objects)) {
            let labels = &object["metadata"]["labels"];
            let everything = set.starts_with("everything");
            let wanted = json!({
                "app.kubernetes.io/instance": RELEASE,
                "app.kubernetes.io/managed-by": "Helm",
                "app.kubernetes.io/part-of": if everything { "restaurants" } else { "restaurant-booking" },
                "app.kubernetes.io/version": env!("CARGO_PKG_VERSION"),
                "helm.sh/chart": concat!("restaurant-booking-operator-", env!("CARGO_PKG_VERSION")),
            });
            assert!(has_all(labels, &wanted), "{set}: {object:#}");
            assert!(labels["app.kubernetes.io/name"].is_string(), "{set}: {object:#}");
            assert_eq!(labels["owner"] == "platform", everything, "{set}: {object:#}");
        }
        let name =
            objects.0.iter().map(|object| format!("{} {} {}", object["kind"], object["metadata"]["namespace"], object["metadata"]["name"]));
        assert_eq!(name.collect::<BTreeSet<_>>().len(), objects.0.len(), "{set}: no object is there twice");
    }
}

/// <https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted>; a cluster judges it too, see `installed`.
#[tokio::test]
async fn pods_are_restricted_and_write_nowhere() {
    let objects = render::<&str>(&[]).await;
    let pods = pods(&objects);
    assert_eq!(pods.len(), 2);
    for pod in pods {
        let spec = &pod["spec"];
        assert_eq!(
            spec["securityContext"],
            json!({
                "runAsNonRoot": true, "runAsUser": 65532, "runAsGroup": 65532, "seccompProfile": {"type": "RuntimeDefault"},
            })
        );
        let containers = spec["containers"].as_array().expect("containers");
        assert_eq!(containers.len(), 1);
        assert_eq!(
            containers[0]["securityContext"],
            json!({
                "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]},
            })
        );
        assert_eq!(containers[0]["resources"], json!({"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "192Mi"}}));
    }
}

#[tokio::test]
async fn what_the_cluster_is_to_choose_can_be_left_out() {
    let objects = render(&[values("bare")]).await;
    for pod in pods(&objects) {
        let security = &pod["spec"]["securityContext"];
        assert_eq!((&security["runAsUser"], &security["runAsGroup"]), (&Value::Null, &Value::Null));
        assert_eq!(security["runAsNonRoot"], true);
        assert_eq!(pod["spec"]["containers"][0]["resources"], Value::Null);
    }
    assert_eq!(pod(&objects)["spec"]["serviceAccountName"], "default");
    for kind in ["PodDisruptionBudget", "NetworkPolicy", "ServiceMonitor", "PrometheusRule", "ConfigMap"] {
        assert!(objects.of(kind).is_empty(), "{kind}");
    }
}

/// Also the Pods of the hooks: OpenShift refuses every id outside of the range of the namespace.
#[tokio::test]
async fn d25_the_cluster_may_choose_the_ids_of_every_pod() {
    let objects = render(&["--set=pods.fixedIds=false"]).await;
    let jobs = objects.of("Job").into_iter().map(|job| &job["spec"]["template"]);
    let all: Vec<_> = pods(&objects).into_iter().chain(jobs).collect();
    assert_eq!(all.len(), 3);
    for pod in all {
        assert_eq!(pod["spec"]["securityContext"], json!({"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}}));
    }
    let container = &pod(&objects)["spec"]["containers"][0];
    let variables = container["env"].as_array().expect("variables");
    assert!(variables.contains(&json!({"name": "FIXED_IDS", "value": "false"})));
}

#[tokio::test]
async fn the_image_is_named_by_digest_tag_or_the_version() {
    let digest = format!("sha256:{}", "0".repeat(64));
    for (arguments, expected) in [
        (vec![], format!("ghcr.io/restaurant-booking/operator:{}", env!("CARGO_PKG_VERSION"))),
        (vec!["--set=image.tag=1.2.3,image.registry=r:5000".to_owned()], "r:5000/restaurant-booking/operator:1.2.3".to_owned()),
        (vec![format!("--set=image.tag=1.2.3,image.digest={digest}")], format!("ghcr.io/restaurant-booking/operator@{digest}")),
        (vec!["--set=image.registry=,image.repository=operator".to_owned()], format!("operator:{}", env!("CARGO_PKG_VERSION"))),
    ] {
        let objects = render(&arguments).await;
        for pod in pods(&objects) {
            assert_eq!(pod["spec"]["containers"][0]["image"], expected);
        }
    }
}

/// The variables are those of `operator run`, and each has a value that it takes.
#[tokio::test]
async fn the_operator_understands_what_the_chart_tells_it() {
    let of = |command: &str| {
        let cli = Cli::command();
        let arguments: Vec<_> = cli.find_subcommand(command).expect("a command").get_arguments().cloned().collect();
        arguments.iter().filter_map(|argument| argument.get_env()?.to_str().map(str::to_owned)).collect::<BTreeSet<_>>()
    };
    let objects = render::<&str>(&[]).await;
    let container = &pod(&objects)["spec"]["containers"][0];
    let variables = container["env"].as_array().expect("variables");
    let mut named: BTreeSet<_> = variables.iter().map(|variable| variable["name"].as_str().expect("a name").to_owned()).collect();
    // For an operator outside of the cluster.
    named.insert("KAFKA_ADDRESS".to_owned());
    // The default is every address, of IPv6 and of IPv4.
    named.insert("LISTEN_ADDRESS".to_owned());
    assert_eq!(named, of("run"));
    let flags = variables.iter().filter_map(|variable| {
        let name = variable["name"].as_str()?.to_ascii_lowercase().replace('_', "-");
        Some(format!("--{name}={}", variable["value"].as_str()?))
    });
    Cli::try_parse_from(["operator", "run"].into_iter().map(str::to_owned).chain(flags)).expect("settings that it takes");
    assert_eq!(container["args"], json!(["run"]));

    let test = &objects.of("Pod")[0]["spec"]["containers"][0];
    let arguments = test["args"].as_array().expect("arguments").iter().map(|argument| argument.as_str().expect("text"));
    Cli::try_parse_from(["operator"].into_iter().chain(arguments)).expect("arguments that it takes");
}

#[tokio::test]
async fn settings_reach_the_operator() {
    let objects = render(&value_sets()[3].1).await;
    let container = &pod(&objects)["spec"]["containers"][0];
    let variable = |name: &str| container["env"].as_array().expect("variables").iter().find(|variable| variable["name"] == name).cloned();
    for (name, value) in [
        ("WATCH_NAMESPACES", "chart,chart-other"),
        ("IMAGE_REGISTRY", "registry.example.com:5000/restaurant-booking"),
        ("IMAGE_TAG", "1.2.3"),
        ("CONCURRENCY", "4"),
        ("LOG_LEVEL", "info,kube=debug"),
        ("LOG_FORMAT", "human"),
        ("HTTPS_PROXY", "http://proxy.example.com:3128"),
    ] {
        assert_eq!(variable(name), Some(json!({"name": name, "value": value})));
    }
    let spec = &pod(&objects)["spec"];
    assert_eq!(spec["priorityClassName"], "system-cluster-critical");
    assert_eq!(spec["tolerations"][0]["key"], "dedicated");
    assert_eq!(spec["nodeSelector"]["kubernetes.io/arch"], "amd64");
    assert_eq!(spec["imagePullSecrets"], json!([{"name": "registry"}]));
    assert!(spec["affinity"]["podAntiAffinity"].is_object());
    assert_eq!(spec["topologySpreadConstraints"][0]["labelSelector"], json!({"matchLabels": {"team": "booking"}}));
    assert_eq!(spec["serviceAccountName"], "booking");
    assert_eq!(pod(&objects)["metadata"]["labels"]["team"], "booking");
    assert_eq!(pod(&objects)["metadata"]["annotations"]["example.com/note"], "true");
    assert_eq!(objects.one("PodDisruptionBudget")["spec"]["maxUnavailable"], "50%");
    assert_eq!(objects.one("ServiceMonitor")["metadata"]["labels"]["release"], "prometheus");
    assert_eq!(objects.one("ConfigMap")["metadata"]["labels"]["grafana_dashboard"], "1");
}

#[tokio::test]
async fn metrics_are_open_to_all_or_to_who_is_named_and_the_test() {
    let objects = render::<&str>(&[]).await;
    let spec = &objects.one("NetworkPolicy")["spec"];
    assert_eq!(spec["ingress"], json!([{"ports": [{"port": "http", "protocol": "TCP"}]}]));
    let ports: Vec<_> =
        spec["egress"].as_array().expect("rules").iter().flat_map(|rule| rule["ports"].as_array().expect("ports")).collect();
    let ports: BTreeSet<_> = ports.iter().map(|port| port["port"].as_u64().expect("a number")).collect();
    assert_eq!(ports, [53, 443, 6443, 9092, 9093, 9094].into());

    let objects = render(&value_sets()[2].1).await;
    let from = objects.one("NetworkPolicy")["spec"]["ingress"][0]["from"].clone();
    assert_eq!(from[1]["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"], "monitoring");
    let test = objects.of("Pod")[0];
    assert!(has_all(&test["metadata"]["labels"], &from[0]["podSelector"]["matchLabels"]));
    assert!(!has_all(&pod(&objects)["metadata"]["labels"], &from[0]["podSelector"]["matchLabels"]));
}

/// Hooks run in the order of their weights: who the Pod is and what it may do are there before it.
#[tokio::test]
async fn the_test_makes_what_it_needs_and_takes_it_away_again() {
    let objects = render::<&str>(&[]).await;
    let hooks = hooks(&objects, "test");
    assert_eq!(order(&hooks), [(0, "ServiceAccount"), (0, "Role"), (1, "RoleBinding"), (2, "Pod")]);
    assert!(hooks.iter().all(|hook| hook["metadata"]["namespace"] == NAMESPACE));
    assert_eq!(
        hooks[1]["rules"],
        json!([{"apiGroups": [operator::api::GROUP], "resources": ["restaurantbookings"], "verbs": ["create", "patch"]}])
    );
}

/// The hooks of one kind, all of which Helm takes away again.
fn hooks<'a>(objects: &'a Objects, kind: &str) -> Vec<&'a Value> {
    let hooks = objects.0.iter().filter(|object| is_hook(object) && object["metadata"]["annotations"]["helm.sh/hook"] == kind);
    let hooks: Vec<_> = hooks.collect();
    for hook in &hooks {
        assert_eq!(hook["metadata"]["annotations"]["helm.sh/hook-delete-policy"], "before-hook-creation,hook-succeeded");
    }
    hooks
}

fn order<'a>(hooks: &[&'a Value]) -> Vec<(i32, &'a str)> {
    let weight = |object: &Value| {
        object["metadata"]["annotations"]["helm.sh/hook-weight"].as_str().and_then(|text| text.parse::<i32>().ok()).expect("a weight")
    };
    hooks.iter().map(|hook| (weight(hook), hook["kind"].as_str().expect("a kind"))).collect()
}

/// Uninstalling takes the finalizers off the resources that are served, with the rights to do that and no other.
#[tokio::test]
async fn d01_an_operator_that_goes_takes_its_finalizers_along() {
    for (set, kind) in [(None, "ClusterRole"), (Some(values("namespaces")), "Role")] {
        let objects = render(set.as_slice()).await;
        let hooks = hooks(&objects, "post-delete");
        let binding = format!("{kind}Binding");
        let places = if set.is_some() { 2 } else { 1 };
        let mut expected = vec![(0, "ServiceAccount")];
        expected.extend([(0, kind)].repeat(places));
        expected.extend([(1, binding.as_str())].repeat(places));
        expected.push((2, "Job"));
        let mut found = order(&hooks);
        found.sort_by_key(|(weight, kind)| (*weight, *kind != "ServiceAccount"));
        assert_eq!(found, expected);
        for role in hooks.iter().filter(|hook| hook["kind"] == kind) {
            assert_eq!(
                role["rules"],
                json!([{"apiGroups": [operator::api::GROUP], "resources": ["restaurantbookings"], "verbs": ["get", "list", "patch"]}])
            );
        }
        let job = hooks.iter().find(|hook| hook["kind"] == "Job").expect("a Job");
        let container = &job["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(container["args"], json!(["release"]));
        assert_eq!(container["env"][0]["value"], if set.is_some() { "chart,chart-other" } else { "" });
    }
    let without = render(&["--set=rbac.create=false"]).await;
    assert!(self::hooks(&without, "post-delete").is_empty());
}

/// Helm gives `global` to charts that are parts of another one.
#[tokio::test]
async fn it_can_be_a_part_of_another_chart() {
    let parent = tempfile::tempdir().expect("a folder");
    let charts = parent.path().join("charts");
    std::fs::create_dir(&charts).expect("a folder");
    said(&helm(&["package", chart().to_str().expect("a path"), "--destination", charts.to_str().expect("a path")]).await);
    std::fs::write(parent.path().join("Chart.yaml"), "apiVersion: v2\nname: parent\nversion: 1.0.0\n").expect("a file");
    let values = "global: {registry: example.com}\nrestaurant-booking-operator: {replicas: 1}\n";
    std::fs::write(parent.path().join("values.yaml"), values).expect("a file");
    let objects = Objects::parse(&said(&helm(&["template", RELEASE, parent.path().to_str().expect("a path")]).await));
    assert_eq!(objects.one("Deployment")["spec"]["replicas"], 1);
    assert!(objects.one("CustomResourceDefinition")["spec"]["versions"].is_array(), "the file is a part of the package");
}

#[tokio::test]
async fn a_part_that_is_switched_off_leaves_no_trace() {
    for (switch, kind) in [
        ("serviceAccount.create", "ServiceAccount"),
        ("podDisruptionBudget.enabled", "PodDisruptionBudget"),
        ("networkPolicy.enabled", "NetworkPolicy"),
        ("crds.enabled", "CustomResourceDefinition"),
    ] {
        let objects = render(&[format!("--set={switch}=false")]).await;
        assert!(objects.of(kind).iter().all(|object| is_hook(object)), "{switch}");
    }
    assert!(!said(&template(&["--set=grafanaDashboard.enabled=false"]).await).contains("grafana"));
}
