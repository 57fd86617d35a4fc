//! What a user types: kubectl and helm.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::Result;

/// Longer than any of them waits by itself.
const PATIENCE: Duration = Duration::from_secs(20 * 60);

/// Runs kubectl and gives what it printed.
pub(crate) async fn kubectl(arguments: &[&str]) -> Result<String> {
    run("kubectl", arguments, "", &[]).await
}

/// Runs kubectl with something to read, such as for `apply --filename -`.
pub(crate) async fn kubectl_reading(arguments: &[&str], input: &str) -> Result<String> {
    run("kubectl", arguments, input, &[]).await
}

/// Runs helm and gives what it printed.
pub(crate) async fn helm(arguments: &[&str]) -> Result<String> {
    run("helm", arguments, "", &[]).await
}

/// Runs a program and gives what it printed.
///
/// # Errors
/// Where it fails, with what it complained of.
pub(crate) async fn run(program: &str, arguments: &[&str], input: &str, variables: &[(&str, &str)]) -> Result<String> {
    let told = || format!("{program} {}", arguments.join(" "));
    let mut child = Command::new(program)
        .args(arguments)
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("{}: {error}", told()))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).await?;
    }
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await.map_err(|_| format!("{}: no end", told()))??;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(stdout);
    }
    let complaint = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(format!("{}: {}: {complaint} {}", told(), output.status, stdout.trim()).into())
}
