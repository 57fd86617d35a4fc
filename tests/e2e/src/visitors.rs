//! Guests' traffic: a Pod beside the restaurant's own, which reports what it saw.

use std::process::Stdio;
use std::time::Duration;

use e2e::{Report, UNDER_WAY};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, LogParams};
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::task::JoinHandle;

use crate::Result;
use crate::command::kubectl_reading;
use crate::doors::SERVICES;
use crate::restaurant::Restaurant;
use crate::world::eventually;

/// The label of the Pods.
pub(crate) const LABEL: &str = "restaurantbooking.dev/e2e=traffic";
/// How long guests and tables may take to be there.
const OPENING: Duration = Duration::from_secs(180);
/// How long what is under way and the audit may take.
const AUDIT: Duration = Duration::from_secs(600);

/// Whether requests may fail.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Faults {
    /// Not one.
    None,
    /// A booking is tried again until it is acknowledged.
    Allowed,
}

/// Traffic that is under way.
pub(crate) struct Traffic<'r> {
    restaurant: &'r Restaurant<'r>,
    pod: String,
}

impl Restaurant<'_> {
    /// Sends guests, and waits until they are at it.
    pub(crate) async fn traffic(&self, faults: Faults, flags: &[&str]) -> Result<Traffic<'_>> {
        let traffic = Traffic { restaurant: self, pod: format!("{}-traffic-{}", self.name, self.world.number()) };
        for object in [self.admission(), self.guests(&traffic.pod, faults, flags).await?] {
            kubectl_reading(&["apply", "--namespace", &self.namespace, "--filename", "-"], &object.to_string()).await?;
        }
        let under_way = async || {
            let (phase, log) = (traffic.phase().await?, traffic.log().await?);
            if ["Failed", "Succeeded"].contains(&phase.as_str()) {
                return Ok(Some(Err(format!("traffic ended before it began: {log}"))));
            }
            Ok(log.contains(UNDER_WAY).then_some(Ok(())))
        };
        eventually("traffic is under way", OPENING, under_way).await??;
        Ok(traffic)
    }

    /// Lets the Pods of this test, and no others, read the events.
    fn admission(&self) -> Value {
        json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": self.part("traffic")},
            "spec": {
                "podSelector": {"matchLabels": {
                    "app.kubernetes.io/name": "restaurant-booking",
                    "app.kubernetes.io/instance": self.name,
                    "app.kubernetes.io/component": "kafka",
                }},
                "policyTypes": ["Ingress"],
                "ingress": [{
                    "from": [{"podSelector": {"matchLabels": {"restaurantbooking.dev/e2e": "traffic"}}}],
                    "ports": [{"port": 9092, "protocol": "TCP"}],
                }],
            },
        })
    }

    async fn guests(&self, pod: &str, faults: Faults, flags: &[&str]) -> Result<Value> {
        let status = self.status().await?;
        let secret = status["adminSecretName"].as_str().ok_or("the status names no Secret of the administrator")?;
        let urls = SERVICES.map(|(service, port)| format!("--{service}-url=http://{}:{port}", self.part(service)));
        let kafka = format!("--kafka={}.{}.svc:9092", self.part("kafka"), self.namespace);
        let mut arguments = vec!["run", &kafka];
        arguments.extend(urls.iter().map(String::as_str));
        arguments.extend(flags);
        if faults == Faults::Allowed {
            arguments.push("--faults-allowed");
        }
        let variable = |name: &str, key: &str| json!({"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}});
        let settings = &self.world.settings;
        Ok(json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": pod, "labels": {"restaurantbooking.dev/e2e": "traffic"}},
            "spec": {
                "restartPolicy": "Never",
                "automountServiceAccountToken": false,
                "enableServiceLinks": false,
                "securityContext": {
                    "runAsNonRoot": true, "runAsUser": 65532, "runAsGroup": 65532, "seccompProfile": {"type": "RuntimeDefault"},
                },
                "containers": [{
                    "name": "traffic",
                    "image": format!("{}/e2e:{}", settings.registry, settings.tag),
                    "imagePullPolicy": "IfNotPresent",
                    "args": arguments,
                    "env": [variable("ADMIN_EMAIL", "email"), variable("ADMIN_PASSWORD", "password")],
                    "resources": {"requests": {"cpu": "20m", "memory": "32Mi"}, "limits": {"memory": "256Mi"}},
                    "securityContext": {
                        "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]},
                    },
                }],
            },
        }))
    }
}

impl Traffic<'_> {
    fn api(&self) -> Api<Pod> {
        Api::namespaced(self.restaurant.world.client.clone(), &self.restaurant.namespace)
    }

    async fn phase(&self) -> Result<String> {
        let status = self.api().get(&self.pod).await?.status;
        Ok(status.and_then(|status| status.phase).unwrap_or_default())
    }

    /// Everything it has said; nothing before its container runs.
    pub(crate) async fn log(&self) -> Result<String> {
        Ok(self.api().logs(&self.pod, &LogParams::default()).await.unwrap_or_default())
    }

    /// Reads along what it says, until it ends with whatever it is in: everything that it has said.
    pub(crate) fn follow(&self) -> Result<JoinHandle<std::io::Result<String>>> {
        let kubectl = Command::new("kubectl")
            .args(["logs", "--follow", "--namespace", &self.restaurant.namespace, &self.pod])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        Ok(tokio::spawn(async move { Ok(String::from_utf8_lossy(&kubectl.wait_with_output().await?.stdout).into_owned()) }))
    }

    /// How many of its requests failed in this way, as its log has it.
    pub(crate) async fn failures(&self, how: &str) -> Result<usize> {
        Ok(self.log().await?.lines().filter(|line| line.contains(how)).count())
    }

    /// Ends the traffic, has it audit, and gives its report, in which nothing is wrong.
    pub(crate) async fn end(self) -> Result<Report> {
        self.restaurant.kubectl(&["exec", &self.pod, "--", "/usr/local/bin/traffic", "stop"]).await?;
        let ended = async || Ok(["Failed", "Succeeded"].contains(&self.phase().await?.as_str()).then_some(()));
        eventually("the audit ends", AUDIT, ended).await?;
        let log = self.log().await?;
        let last = log.lines().rfind(|line| line.starts_with('{')).unwrap_or_default();
        let report: Report = serde_json::from_str(last).map_err(|error| format!("the report: {error}: {last}"))?;
        self.restaurant.world.tell(told(&report));
        if !report.problems.is_empty() {
            let failures = report.failures.iter().map(|failure| format!("\n  {:7.2} s  {}", failure.at, failure.what));
            return Err(format!("{}{}", report.problems.join("; "), failures.collect::<String>()).into());
        }
        self.restaurant.kubectl(&["delete", "pod", &self.pod]).await?;
        Ok(report)
    }
}

fn told(report: &Report) -> String {
    let Report {
        seconds,
        answered,
        failed,
        bookings,
        refused,
        refused_by_rules,
        replayed,
        changes,
        logins,
        resent,
        events,
        redelivered,
        ..
    } = report;
    let rules: String = refused_by_rules.iter().map(|(code, count)| format!(", {count} {code}")).collect();
    format!(
        "traffic: {seconds:.0} s, {answered} requests answered, {failed} failed, {resent} sent again over another connection\n\
         traffic: {bookings} bookings acknowledged ({replayed} by a second answer), {changes} changes, {refused} refused{rules}, {logins} logins\n\
         traffic: {events} events on the topic, {redelivered} of them delivered again"
    )
}
