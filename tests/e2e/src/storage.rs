//! An object storage in the cluster, for backups: versitygw, with a certificate of an authority of its own. Its program is built here and
//! copied into its Pod, so that no image of it is needed.

use std::time::Duration;

use k8s_openapi::api::core::v1::Node;
use kube::api::{Api, ListParams};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use serde_json::{Value, json};

use crate::Result;
use crate::command::{kubectl, kubectl_reading, run};
use crate::world::{World, eventually};

/// Where it runs: what happens to a restaurant's namespace is no concern of its.
pub(crate) const NAMESPACE: &str = "e2e-storage";
/// Its Pod, its Service and its Secret.
const NAME: &str = "storage";
const PORT: u16 = 7070;
const BUCKET: &str = "backups";
/// Its image has a shell, and is in a cluster with databases anyway.
const IMAGE: &str = "postgres:17";
const CREDENTIALS: (&str, &str) = ("restaurant", "secret-of-the-restaurant");
/// The Secret with which a restaurant uses it.
const ACCESS: &str = "backup-storage";
/// How long its image may take to be pulled.
const PATIENCE: Duration = Duration::from_secs(300);
/// It waits for its program, which is moved there once it is whole.
const BEGIN: &str = "mkdir -p /storage/objects/backups /storage/metadata && until [ -e /storage/versitygw ]; do sleep 1; done && exec \
    /storage/versitygw --port :7070 --cert /tls/certificate --key /tls/key --quiet posix --sidecar /storage/metadata /storage/objects";

/// Keys of the Secret with which backups can be encrypted.
#[derive(Clone, Copy)]
pub(crate) enum Key {
    /// The one with which they are.
    Right,
    /// Another one.
    Wrong,
}

impl Key {
    /// The field of a resource that names it.
    pub(crate) fn encryption(self) -> Value {
        let key = match self {
            Self::Right => "encryptionKey",
            Self::Wrong => "anotherKey",
        };
        json!({"keySecretRef": {"name": ACCESS, "key": key}})
    }
}

/// The object storage.
pub(crate) struct Storage {
    /// The authority of its certificate.
    authority: String,
}

impl World {
    /// An object storage that is empty.
    pub(crate) async fn storage(&self) -> Result<Storage> {
        let program = program(self).await?;
        let (authority, certificate, key) = certificate()?;
        self.namespace(NAMESPACE).await?;
        for object in [secret(&certificate, &key), pod(), service()] {
            kubectl_reading(&["apply", "--namespace", NAMESPACE, "--filename", "-"], &object.to_string()).await?;
        }
        let storage = Storage { authority };
        eventually("the storage has a shell", PATIENCE, async || storage.shell("true").await.map(Some)).await?;
        kubectl(&["cp", &program, &format!("{NAMESPACE}/{NAME}:/storage/program")]).await?;
        storage.shell("chmod 755 /storage/program && mv /storage/program /storage/versitygw").await?;
        kubectl(&["wait", "pod", NAME, "--namespace", NAMESPACE, "--for=condition=Ready", "--timeout=2m"]).await?;
        self.tell("an object storage with TLS is there");
        Ok(storage)
    }
}

/// The program for the cluster's nodes.
async fn program(world: &World) -> Result<String> {
    let nodes = Api::<Node>::all(world.client.clone()).list(&ListParams::default()).await?;
    let info = nodes.items.into_iter().find_map(|node| node.status?.node_info).ok_or("a cluster without nodes")?;
    let build = World::path("services/backup/tests/versitygw/build");
    let build = build.to_str().ok_or("a path that is not UTF-8")?;
    Ok(run(build, &[], "", &[("GOOS", "linux"), ("GOARCH", &info.architecture)]).await?.trim().to_owned())
}

/// The name by which restaurants find it.
fn host() -> String {
    format!("{NAME}.{NAMESPACE}.svc")
}

/// An authority, and a certificate of it for the storage with its key.
fn certificate() -> Result<(String, String, String)> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // By their names a certificate and its authority are told apart.
    params.distinguished_name.push(DnType::CommonName, "authority");
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(vec![host()])?.signed_by(&key, &authority)?;
    Ok((authority.pem(), certificate.pem(), key.serialize_pem()))
}

fn secret(certificate: &str, key: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": NAME},
        "stringData": {"certificate": certificate, "key": key},
    })
}

fn service() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": NAME},
        "spec": {"selector": {"app": NAME}, "ports": [{"port": PORT, "protocol": "TCP"}]},
    })
}

fn pod() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": NAME, "labels": {"app": NAME}},
        "spec": {
            "automountServiceAccountToken": false,
            "enableServiceLinks": false,
            "terminationGracePeriodSeconds": 1,
            "securityContext": {
                "runAsNonRoot": true, "runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [{
                "name": NAME,
                "image": IMAGE,
                "imagePullPolicy": "IfNotPresent",
                "command": ["sh", "-c", BEGIN],
                "env": [
                    {"name": "ROOT_ACCESS_KEY", "value": CREDENTIALS.0},
                    {"name": "ROOT_SECRET_KEY", "value": CREDENTIALS.1},
                ],
                "ports": [{"containerPort": PORT, "protocol": "TCP"}],
                "readinessProbe": {"tcpSocket": {"port": PORT}, "periodSeconds": 1},
                "volumeMounts": [{"name": "storage", "mountPath": "/storage"}, {"name": "tls", "mountPath": "/tls", "readOnly": true}],
                "resources": {"requests": {"cpu": "20m", "memory": "64Mi"}},
                "securityContext": {
                    "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]},
                },
            }],
            "volumes": [{"name": "storage", "emptyDir": {}}, {"name": "tls", "secret": {"secretName": NAME}}],
        },
    })
}

impl Storage {
    /// Gives a namespace the Secret with which restaurants use the storage: credentials, authority, and keys of the encryption.
    pub(crate) async fn admit(&self, namespace: &str) -> Result<()> {
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": ACCESS, "labels": {"restaurantbooking.dev/usable": "true"}},
            "stringData": {
                "accessKeyId": CREDENTIALS.0, "secretAccessKey": CREDENTIALS.1, "authority": self.authority,
                "encryptionKey": "the key that was kept in a safe", "anotherKey": "the key of somebody else",
            },
        });
        kubectl_reading(&["apply", "--namespace", namespace, "--filename", "-"], &secret.to_string()).await.map(drop)
    }

    /// The field of a resource that names a folder in the bucket.
    pub(crate) fn folder(&self, path: &str) -> Value {
        json!({
            "endpoint": format!("https://{}:{PORT}", host()),
            "bucket": BUCKET,
            "path": path,
            "credentialsSecretRef": {"name": ACCESS},
            "caSecretRef": {"name": ACCESS, "key": "authority"},
        })
    }

    /// How many base backups of a service's database a folder has.
    pub(crate) async fn backups(&self, path: &str, service: &str) -> Result<usize> {
        let listed = self.shell(&format!("find /storage/objects/{BUCKET}/{path}/backup/{service} -name backup.manifest")).await?;
        Ok(listed.lines().filter(|line| line.ends_with("F/backup.manifest")).count())
    }

    /// All files of a folder, and those of them that are not encrypted.
    pub(crate) async fn files(&self, path: &str) -> Result<(Vec<String>, Vec<String>)> {
        let folder = format!("/storage/objects/{BUCKET}/{path}");
        let lines = |text: String| text.lines().map(str::to_owned).collect();
        // OpenSSL begins with this what it encrypts by a passphrase.
        let plain = r#"while read -r file; do [ "$(head -c 8 "$file")" = Salted__ ] || echo "$file"; done"#;
        Ok((
            lines(self.shell(&format!("find {folder} -type f")).await?),
            lines(self.shell(&format!("find {folder} -type f | {plain}")).await?),
        ))
    }

    /// The size of everything in the bucket, in KiB.
    pub(crate) async fn size(&self) -> Result<u64> {
        let told = self.shell(&format!("du -sk /storage/objects/{BUCKET}")).await?;
        Ok(told.split_whitespace().next().ok_or("du says nothing")?.parse()?)
    }

    async fn shell(&self, script: &str) -> Result<String> {
        kubectl(&["exec", "--namespace", NAMESPACE, NAME, "--", "sh", "-c", script]).await
    }
}
