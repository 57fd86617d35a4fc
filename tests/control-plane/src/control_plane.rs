//! The servers together: started in order, ready, and gone with the value.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{Node, ServiceAccount};
use kube::Client;
use kube::api::{Api, PostParams};
use local::directory::Directory;
use serde_json::json;

use crate::binaries::{self, Program};
use crate::kubeconfig::{Credentials, client_config, kubeconfig};
use crate::pki::{Identity, Pki, write_private};
use crate::ports::Port;
use crate::server::Server;
use crate::volumes::Volumes;
use crate::{Audit, Error, components};

/// How long the API server may take to start, and then everything else.
const LIMIT: Duration = Duration::from_secs(120);

/// How long between two looks whether something is ready.
const POLL: Duration = Duration::from_millis(50);

/// The user that [`ControlPlane::kubeconfig`] and [`ControlPlane::client_config`] are of.
const ADMINISTRATOR: &str = "kubernetes-admin";

/// A running control plane, on ports and in a temporary folder of its own.
///
/// Dropping it kills its servers and removes the folder. Where our process is killed, the kernel kills them (on Linux), and the
/// next start on this machine removes the folder: so one may be kept in a static, which is never dropped.
#[derive(Debug)]
pub struct ControlPlane {
    url: String,
    uri: http::Uri,
    authority_pem: String,
    authority_der: Vec<u8>,
    administrator: Identity,
    kubeconfig: PathBuf,
    tokens: AtomicU32,
    own: kube::Config,
    api_server_arguments: Vec<String>,
    // In the order in which they end. The volumes' thread talks to the API server.
    volumes: Option<Volumes>,
    clients: Vec<Server>,
    api_server: Option<Server>,
    etcd: Server,
    home: PathBuf,
    _ports: [Port; 3],
    _directory: Directory,
}

impl ControlPlane {
    /// Starts everything. When it returns, RBAC is set up, the node is ready and the namespace `default` has its
    /// ServiceAccount, so that a Deployment runs.
    ///
    /// Programs that are nowhere to be found are built first, once, which takes minutes. The process-wide provider of rustls
    /// becomes ring, unless there is one already.
    ///
    /// # Errors
    /// When a program cannot be had, when a server ends, or when it is not ready in time.
    pub async fn start() -> Result<Self, Error> {
        // Another one may be installed already, which will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // Before anything is begun, since building one takes minutes.
        for program in [Program::Etcd, Program::ApiServer, Program::ControllerManager, Program::Scheduler, Program::Kwok] {
            binaries::find(program).await?;
        }
        let directory = Directory::temporary()?;
        let home = directory.path().join("control-plane");
        DirBuilder::new().mode(0o700).create(&home).map_err(Error::system("make the folder", &home))?;

        let ports = [Port::claim()?, Port::claim()?, Port::claim()?];
        let [port, etcd_port, etcd_peer_port] = ports.each_ref().map(Port::number);
        let url = format!("https://127.0.0.1:{port}");
        let uri = http::Uri::try_from(&url)
            .map_err(|error| Error::System { action: format!("use the address {url}"), source: std::io::Error::other(error) })?;
        let pki = Pki::create(&home.join("pki"))?;
        let administrator = pki.client(ADMINISTRATOR, Some(components::MASTERS))?;
        let write = |name: &str, identity: &Identity| {
            let path = home.join(format!("{name}.kubeconfig"));
            write_private(&path, &kubeconfig(&url, pki.authority_pem(), Credentials::Certificate(identity))).map(|()| path)
        };
        let administrators = write("administrator", &administrator)?;
        let own = pki.client(components::OWN, Some(components::MASTERS))?;

        let etcd = Server::start(Program::Etcd, &components::etcd(&home, etcd_port, etcd_peer_port), &home).await?;
        let api_server_arguments = components::api_server(&home, &pki, port, etcd_port)?;
        let mut control_plane = Self {
            own: client_config(&uri, pki.authority_der(), Credentials::Certificate(&own)),
            authority_pem: pki.authority_pem().to_owned(),
            authority_der: pki.authority_der().to_vec(),
            url: url.clone(),
            uri,
            administrator,
            kubeconfig: administrators,
            tokens: AtomicU32::new(0),
            api_server_arguments,
            volumes: None,
            clients: Vec::new(),
            api_server: None,
            etcd,
            home: home.clone(),
            _ports: ports,
            _directory: directory,
        };
        control_plane.start_api_server().await?;

        let client = control_plane.own_client()?;
        make_node(&client).await?;
        crate::volumes::make_classes(&client).await?;
        control_plane.volumes = Some(Volumes::start(control_plane.own.clone())?);
        let manager = write("kube-controller-manager", &pki.client(components::CONTROLLER_MANAGER, None)?)?;
        let scheduler = write("kube-scheduler", &pki.client(components::SCHEDULER, None)?)?;
        let kwok = write("kwok", &pki.client(components::KWOK, Some(components::MASTERS))?)?;
        for (program, arguments) in [
            (Program::ControllerManager, components::controller_manager(&home, &pki, &manager)),
            (Program::Scheduler, components::scheduler(&scheduler)),
            (Program::Kwok, components::kwok(&kwok)),
        ] {
            control_plane.clients.push(Server::start(program, &arguments, &home).await?);
        }
        control_plane.await_node(&client).await?;
        Ok(control_plane)
    }

    /// The kubeconfig of the administrator, who is of the group `system:masters`.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// The API server's address, `https://127.0.0.1:PORT`. It stays the same while the API server is stopped.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How a client of the administrator connects.
    #[must_use]
    pub fn client_config(&self) -> kube::Config {
        client_config(&self.uri, &self.authority_der, Credentials::Certificate(&self.administrator))
    }

    /// How a client with a bearer token connects, such as a ServiceAccount's of a TokenRequest.
    #[must_use]
    pub fn client_config_as(&self, token: &str) -> kube::Config {
        client_config(&self.uri, &self.authority_der, Credentials::Token(token))
    }

    /// Writes a kubeconfig with a bearer token, a new file for each call. It is removed with the control plane.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn kubeconfig_as(&self, token: &str) -> Result<PathBuf, Error> {
        let number = self.tokens.fetch_add(1, Ordering::Relaxed);
        let path = self.home.join(format!("token-{number}.kubeconfig"));
        write_private(&path, &kubeconfig(&self.url, &self.authority_pem, Credentials::Token(token)))?;
        Ok(path)
    }

    /// The requests that the API server got.
    #[must_use]
    pub fn audit(&self) -> Audit {
        Audit::new(self.home.join(components::AUDIT_LOG))
    }

    /// Kills the API server, as a crash would: connections break, and new ones are refused until
    /// [`ControlPlane::start_api_server`]. The others keep running. Nothing is done where it is stopped already.
    pub async fn stop_api_server(&mut self) {
        if let Some(server) = self.api_server.take() {
            // It waits for the end of the process, and ends nowhere but there.
            let _ = tokio::task::spawn_blocking(move || drop(server)).await;
        }
    }

    /// Starts the API server again, on the same port and data, and waits until it is ready. Nothing is done where it runs.
    ///
    /// # Errors
    /// When it or etcd ends, or when it is not ready in time.
    pub async fn start_api_server(&mut self) -> Result<(), Error> {
        if self.api_server.is_some() {
            return Ok(());
        }
        let server = Server::start(Program::ApiServer, &self.api_server_arguments, &self.home).await?;
        let started = Instant::now();
        loop {
            // A client of its own for each attempt: no state of earlier ones, such as a broken connection, is of interest.
            let reason = match ready(self.own.clone()).await {
                Ok(()) => {
                    self.api_server = Some(server);
                    return Ok(());
                }
                Err(error) => error.to_string(),
            };
            self.etcd.alive()?;
            server.alive()?;
            if started.elapsed() > LIMIT {
                return Err(not_ready("the API server is not ready", reason, &server));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    fn own_client(&self) -> Result<Client, Error> {
        Client::try_from(self.own.clone()).map_err(Error::api("make a client"))
    }

    /// Waits until Pods can be scheduled and run.
    async fn await_node(&self, client: &Client) -> Result<(), Error> {
        let started = Instant::now();
        loop {
            let node = Api::<Node>::all(client.clone()).get(components::NODE).await.map_err(Error::api("read the node"))?;
            let accounts = Api::<ServiceAccount>::namespaced(client.clone(), "default");
            let account = accounts.get_opt("default").await.map_err(Error::api("read the default ServiceAccount"))?;
            let tainted = node.spec.and_then(|spec| spec.taints).is_some_and(|taints| !taints.is_empty());
            let conditions = node.status.and_then(|status| status.conditions).unwrap_or_default();
            let is_ready = conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True");
            if is_ready && !tainted && account.is_some() {
                return Ok(());
            }
            for server in &self.clients {
                server.alive()?;
            }
            if started.elapsed() > LIMIT {
                // kwok makes the node ready; the controllers take its taint away and make the ServiceAccount.
                let [manager, _, kwok] = &self.clients[..] else { continue };
                let reason = format!("ready: {is_ready}, tainted: {tainted}, ServiceAccount: {}", account.is_some());
                return Err(not_ready("no Pod can run", reason, if is_ready { manager } else { kwok }));
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

fn not_ready(what: &'static str, reason: String, server: &Server) -> Error {
    Error::NotReady { what, seconds: LIMIT.as_secs(), reason, program: server.name(), tail: server.tail() }
}

/// Whether the API server says so: that includes that RBAC's own roles are made.
async fn ready(config: kube::Config) -> Result<(), kube::Error> {
    let client = Client::try_from(config)?;
    let request = http::Request::get("/readyz").body(Vec::new()).map_err(kube::Error::HttpError)?;
    client.request_text(request).await.map(drop)
}

/// Makes the node object, which kwok then takes care of.
async fn make_node(client: &Client) -> Result<(), Error> {
    let node: Node = serde_json::from_value(json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": { "name": components::NODE, "labels": {
            "kubernetes.io/hostname": components::NODE,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
            "topology.kubernetes.io/zone": "zone",
        } },
    }))
    .map_err(|error| Error::api("describe the node")(kube::Error::SerdeError(error)))?;
    Api::all(client.clone()).create(&PostParams::default(), &node).await.map(drop).map_err(Error::api("make the node"))
}
