//! What the chart refuses, with a message that says where and what would be right.

use crate::{complaint, template};

/// A value that is wrong, and what the message says of it.
const REFUSED: &[(&str, &[&str])] = &[
    ("replicas=two", &["/replicas", "want integer"]),
    ("replicaCount=2", &["'replicaCount' not allowed"]),
    ("image.tagg=1", &["/image", "'tagg' not allowed"]),
    ("image.pullPolicy=always", &["/image/pullPolicy", "'Always', 'IfNotPresent', 'Never'"]),
    ("image.digest=sha256:abc", &["/image/digest", "does not match pattern"]),
    ("watchNamespaces=trattoria", &["/watchNamespaces", "want array"]),
    ("watchNamespaces={Trattoria}", &["/watchNamespaces/0", "does not match pattern"]),
    ("watchNamespaces={a,a}", &["/watchNamespaces", "are equal"]),
    ("concurrency=0", &["/concurrency", "minimum"]),
    ("logFormat=text", &["/logFormat", "'json', 'human'"]),
    ("resources.limits.memory=192MB", &["/resources/limits/memory", "does not match pattern"]),
    ("resources.limit.memory=192Mi", &["/resources", "'limit' not allowed"]),
    ("podLabels.team=7", &["/podLabels/team", "want string"]),
    ("imagePullSecrets={registry}", &["/imagePullSecrets/0", "want object"]),
    ("extraEnv[0].value=x", &["/extraEnv/0", "missing property 'name'"]),
    ("podDisruptionBudget.maxUnavailable=half", &["/podDisruptionBudget/maxUnavailable", "does not match pattern"]),
    ("networkPolicy.kafkaPorts={70000}", &["/networkPolicy/kafkaPorts/0", "maximum"]),
    ("topologySpreadConstraints[0].maxSkew=1", &["/topologySpreadConstraints/0", "missing properties 'topologyKey', 'whenUnsatisfiable'"]),
    ("serviceMonitor.interval=30", &["/serviceMonitor/interval", "want string"]),
    ("extraEnv[0].name=LOG_LEVEL", &["extraEnv: LOG_LEVEL is set by the chart; leave it out"]),
    ("commonLabels.app\\.kubernetes\\.io/name=x", &["app.kubernetes.io/name is the chart's own label; leave it out"]),
    ("podLabels.app\\.kubernetes\\.io/instance=x", &["app.kubernetes.io/instance is the chart's own label; leave it out"]),
    (
        "serviceMonitor.enabled=true",
        &["serviceMonitor.enabled is true, but the cluster does not know the kind ServiceMonitor", "--api-versions"],
    ),
    ("prometheusRule.enabled=true", &["prometheusRule.enabled is true, but the cluster does not know the kind PrometheusRule"]),
];

#[tokio::test]
async fn what_is_wrong_is_refused_with_a_message() {
    for (value, expected) in REFUSED {
        let message = complaint(&template(&["--set", value]).await);
        for text in *expected {
            assert!(message.contains(text), "{value}: no {text:?} in {message}");
        }
    }
}

#[tokio::test]
async fn a_cluster_that_is_too_old_is_refused() {
    let message = complaint(&template(&["--kube-version=1.32.9"]).await);
    assert!(message.contains("requires kubeVersion: >=1.33.0-0"), "{message}");
    // As distributions write it.
    assert!(template(&["--kube-version=1.33.0-gke.100"]).await.status.success());
}
