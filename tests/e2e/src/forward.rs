//! A way from this machine to a Service or a Pod, by `kubectl port-forward`: it works with every cluster.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::Result;

/// How long kubectl may take to find a Pod.
const PATIENCE: Duration = Duration::from_secs(20);

/// A way that is open while this is there. It leads to one Pod, and ends with it.
pub(crate) struct Forward {
    /// Where it begins.
    pub(crate) url: String,
    _kubectl: Child,
}

impl Forward {
    /// Opens a way to `target`, such as `service/trattoria-auth`.
    pub(crate) async fn open(namespace: &str, target: &str, port: u16) -> Result<Self> {
        let mut kubectl = Command::new("kubectl")
            .args(["port-forward", "--namespace", namespace, target, &format!(":{port}")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = kubectl.stdout.take().ok_or("kubectl has no output")?;
        let mut lines = BufReader::new(stdout).lines();
        let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.map_err(|_| format!("no way to {target}"))??;
        // Forwarding from 127.0.0.1:41233 -> 8000
        let address = line.as_deref().and_then(|line| line.strip_prefix("Forwarding from ")?.split_whitespace().next());
        let address = address.ok_or_else(|| format!("kubectl port-forward to {target} says {line:?}"))?.to_owned();
        // It says a line for each connection, and waits until somebody reads it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { url: format!("http://{address}"), _kubectl: kubectl })
    }
}
