//! The operator's Helm chart: what it renders, what it refuses, and what a cluster makes of it.

mod documented;
mod generated;
mod installed;
mod metrics;
mod rbac;
mod refused;
mod rendered;

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use serde::Deserialize as _;
use serde_json::Value;
use tokio::process::Command;

/// The namespace of the release, where a test says nothing else.
const NAMESPACE: &str = "chart";
/// The release, where a test says nothing else.
const RELEASE: &str = "rb";

fn chart() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../charts/restaurant-booking-operator")
}

fn read(file: &str) -> String {
    std::fs::read_to_string(chart().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// A file of values, in `values`.
fn values(name: &str) -> String {
    format!("--values={}/chart/values/{name}.yaml", env!("CARGO_MANIFEST_DIR"))
}

/// The kinds that a chart asks for by `.Capabilities`, and that no cluster knows by itself.
const MONITORING: &str = "--api-versions=monitoring.coreos.com/v1/ServiceMonitor,monitoring.coreos.com/v1/PrometheusRule";

/// The arguments of each set of values that is tried.
fn value_sets() -> Vec<(&'static str, Vec<String>)> {
    vec![
        ("default", vec![]),
        ("namespaces", vec![values("namespaces")]),
        ("everything", vec![values("everything"), MONITORING.to_owned()]),
        ("everything in namespaces", vec![values("everything"), MONITORING.to_owned(), values("namespaces")]),
        ("bare", vec![values("bare")]),
    ]
}

/// Runs helm, of which the settings of this machine change nothing.
async fn helm<S: AsRef<str>>(arguments: &[S]) -> Output {
    let program = control_plane::helm().await.unwrap_or_else(|error| panic!("{error}"));
    let mut command = Command::new(program);
    command.args(arguments.iter().map(AsRef::as_ref)).stdin(Stdio::null());
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("HELM_")) {
        command.env_remove(name);
    }
    command.env_remove("KUBECONFIG").output().await.expect("helm runs")
}

/// What helm says, where it succeeds.
#[track_caller]
fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What helm says, where it fails.
#[track_caller]
fn complaint(output: &Output) -> String {
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

async fn template<S: AsRef<str>>(arguments: &[S]) -> Output {
    let chart = chart();
    let mut all = vec!["template", RELEASE, chart.to_str().expect("a path"), "--namespace", NAMESPACE];
    all.extend(arguments.iter().map(AsRef::as_ref));
    helm(&all).await
}

/// The objects that a set of values gives.
async fn render<S: AsRef<str>>(arguments: &[S]) -> Objects {
    Objects::parse(&said(&template(arguments).await))
}

/// What was rendered.
#[derive(Debug)]
struct Objects(Vec<Value>);

impl Objects {
    fn parse(text: &str) -> Self {
        let documents = serde_yaml::Deserializer::from_str(text).map(|document| Value::deserialize(document).expect("YAML"));
        Self(documents.filter(|object| !object.is_null()).collect())
    }

    fn of(&self, kind: &str) -> Vec<&Value> {
        self.0.iter().filter(|object| object["kind"] == kind).collect()
    }

    /// The only one of its kind that is no hook.
    #[track_caller]
    fn one(&self, kind: &str) -> &Value {
        let found: Vec<_> = self.of(kind).into_iter().filter(|object| !is_hook(object)).collect();
        assert_eq!(found.len(), 1, "{kind}: {found:#?}");
        found[0]
    }
}

fn is_hook(object: &Value) -> bool {
    object["metadata"]["annotations"]["helm.sh/hook"].is_string()
}

#[tokio::test]
async fn helm_finds_nothing_to_complain_of() {
    for (name, arguments) in value_sets() {
        let chart = chart();
        let mut all = vec!["lint", "--strict", chart.to_str().expect("a path")];
        // helm lint knows of no kinds but Kubernetes' own.
        let switches = ["--set=serviceMonitor.enabled=false,prometheusRule.enabled=false"];
        all.extend(arguments.iter().map(String::as_str).filter(|argument| *argument != MONITORING).chain(switches));
        let output = helm(&all).await;
        let said = said(&output);
        assert!(said.contains("0 chart(s) failed") && !said.contains("[WARNING]"), "{name}: {said}");
    }
}
