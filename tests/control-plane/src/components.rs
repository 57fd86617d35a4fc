//! What each server is started with.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::Error;
use crate::pki::Pki;

/// Users whose reads the audit log leaves out, beside the controllers' ServiceAccounts. Ours are among them.
const SYSTEM_USERS: [&str; 5] = ["system:apiserver", CONTROLLER_MANAGER, SCHEDULER, KWOK, OWN];

/// The users that the certificates of the servers and of our own client name.
pub(crate) const CONTROLLER_MANAGER: &str = "system:kube-controller-manager";
pub(crate) const SCHEDULER: &str = "system:kube-scheduler";
pub(crate) const KWOK: &str = "system:kwok";
pub(crate) const OWN: &str = "system:control-plane";

/// The group that may do anything.
pub(crate) const MASTERS: &str = "system:masters";

/// How the one node is called.
pub(crate) const NODE: &str = "node";

/// Where the API server writes its audit log, in the folder of the control plane.
pub(crate) const AUDIT_LOG: &str = "audit.log";

/// One `--flag=value` for each.
fn flags<const N: usize>(flags: [(&str, String); N]) -> Vec<String> {
    flags.into_iter().map(|(name, value)| format!("--{name}={value}")).collect()
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// etcd, without TLS: whoever can reach the loopback interface may read what a test writes.
pub(crate) fn etcd(home: &Path, client: u16, peer: u16) -> Vec<String> {
    let (client, peer) = (format!("http://127.0.0.1:{client}"), format!("http://127.0.0.1:{peer}"));
    flags([
        ("name", "etcd".to_owned()),
        ("data-dir", text(&home.join("etcd"))),
        ("log-level", "warn".to_owned()),
        ("listen-client-urls", client.clone()),
        ("advertise-client-urls", client),
        ("listen-peer-urls", peer.clone()),
        ("initial-advertise-peer-urls", peer.clone()),
        ("initial-cluster", format!("etcd={peer}")),
        // The data is thrown away.
        ("unsafe-no-fsync", "true".to_owned()),
    ])
}

/// kube-apiserver. Writes the audit policy that it is to follow.
pub(crate) fn api_server(home: &Path, pki: &Pki, port: u16, etcd: u16) -> Result<Vec<String>, Error> {
    let policy = home.join("audit-policy.json");
    fs::write(&policy, audit_policy()).map_err(Error::system("write", &policy))?;
    let file = |name| text(&pki.path(name));
    Ok(flags([
        ("bind-address", "127.0.0.1".to_owned()),
        ("secure-port", port.to_string()),
        ("advertise-address", "127.0.0.1".to_owned()),
        // The Service `kubernetes` has no endpoints: one on the loopback interface is not allowed, and no Pod asks it.
        ("endpoint-reconciler-type", "none".to_owned()),
        ("allow-privileged", "true".to_owned()),
        ("authorization-mode", "RBAC".to_owned()),
        ("client-ca-file", file("ca.crt")),
        ("tls-cert-file", file("apiserver.crt")),
        ("tls-private-key-file", file("apiserver.key")),
        ("etcd-servers", format!("http://127.0.0.1:{etcd}")),
        ("service-account-issuer", "https://kubernetes.default.svc.cluster.local".to_owned()),
        ("service-account-key-file", file("service-accounts.pub")),
        ("service-account-signing-key-file", file("service-accounts.key")),
        ("service-cluster-ip-range", "10.96.0.0/16".to_owned()),
        ("profiling", "false".to_owned()),
        ("audit-policy-file", text(&policy)),
        ("audit-log-path", text(&home.join(AUDIT_LOG))),
        // One file, however long the test: a mark in it is a position.
        ("audit-log-maxsize", "100000".to_owned()),
    ]))
}

/// Who did what to which object; neither the objects nor what the control plane itself reads.
fn audit_policy() -> String {
    let policy = json!({
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [
            { "level": "None", "users": SYSTEM_USERS, "verbs": ["get", "list", "watch"] },
            { "level": "None", "userGroups": ["system:serviceaccounts:kube-system"], "verbs": ["get", "list", "watch"] },
            { "level": "Metadata" },
        ],
    });
    policy.to_string()
}

/// kube-controller-manager, with all controllers, each as a ServiceAccount of its own.
pub(crate) fn controller_manager(home: &Path, pki: &Pki, kubeconfig: &Path) -> Vec<String> {
    let file = |name| text(&pki.path(name));
    flags([
        ("kubeconfig", text(kubeconfig)),
        ("controllers", "*".to_owned()),
        ("use-service-account-credentials", "true".to_owned()),
        ("service-account-private-key-file", file("service-accounts.key")),
        ("root-ca-file", file("ca.crt")),
        ("cluster-signing-cert-file", file("ca.crt")),
        ("cluster-signing-key-file", file("ca.key")),
        ("flex-volume-plugin-dir", text(&home.join("volume-plugins"))),
        ("pvclaimbinder-sync-period", "2s".to_owned()),
        // Tests make many objects at once.
        ("kube-api-qps", "200".to_owned()),
        ("kube-api-burst", "400".to_owned()),
        ("leader-elect", "false".to_owned()),
        // Nobody asks it.
        ("secure-port", "0".to_owned()),
    ])
}

/// kube-scheduler.
pub(crate) fn scheduler(kubeconfig: &Path) -> Vec<String> {
    flags([
        ("kubeconfig", text(kubeconfig)),
        ("kube-api-qps", "200".to_owned()),
        ("kube-api-burst", "400".to_owned()),
        ("leader-elect", "false".to_owned()),
        ("secure-port", "0".to_owned()),
    ])
}

/// kwok, which plays the node's part as the files in `stages` say. It listens nowhere.
pub(crate) fn kwok(kubeconfig: &Path) -> Vec<String> {
    let stages = Path::new(env!("CARGO_MANIFEST_DIR")).join("stages");
    let mut arguments = flags([
        ("kubeconfig", text(kubeconfig)),
        ("manage-single-node", NODE.to_owned()),
        ("node-lease-duration-seconds", "40".to_owned()),
        ("node-ip", "10.0.0.1".to_owned()),
        ("cidr", "10.244.0.1/16".to_owned()),
    ]);
    arguments.extend(["node.yaml", "pod.yaml"].map(|name| format!("--config={}", stages.join(name).display())));
    arguments
}
