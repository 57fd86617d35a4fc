use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

/// Why there is no control plane. Every message says what to do about it, where something can be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A program is neither installed nor built, and cannot be built.
    #[error(
        "There is no {program}, and no Go to build it with ({reason}): install Go 1.26 or newer, or name a folder that holds \
         {program} in KUBEBUILDER_ASSETS."
    )]
    NoGo {
        /// The program.
        program: &'static str,
        /// The answer to the attempt to run Go.
        reason: String,
    },
    /// A program could not be built.
    #[error("Go could not build {program} {version}: {output}")]
    Build {
        /// The program.
        program: &'static str,
        /// The version of it.
        version: String,
        /// The end of what Go said.
        output: String,
    },
    /// The module that a program is built from does not tell its version.
    #[error("{} requires no version of {module}.", path.display())]
    NoVersion {
        /// The module's file.
        path: PathBuf,
        /// What it should require.
        module: &'static str,
    },
    /// `KUBERNETES_MINOR` names a version that nothing is prepared for.
    #[error("KUBERNETES_MINOR is {wanted}: of {known} let it be one, or unset it.")]
    Minor {
        /// What the variable holds.
        wanted: String,
        /// What it may hold.
        known: String,
    },
    /// There is no folder for what is built.
    #[error("Neither XDG_CACHE_HOME nor HOME is set: one of them is to say where programs that were built are kept.")]
    NoCache,
    /// The operating system refused a file, a folder or a port.
    #[error("Cannot {action}: {source}.")]
    System {
        /// What was attempted, as the words that follow "cannot".
        action: String,
        /// The operating system's answer.
        source: io::Error,
    },
    /// There is no temporary folder to run in.
    #[error(transparent)]
    Directory(#[from] local::directory::Error),
    /// A key or a certificate could not be made.
    #[error("No certificate could be made: {0}.")]
    Certificate(#[from] rcgen::Error),
    /// A server ended on its own.
    #[error("{program} ended on its own ({status}): {tail}")]
    Ended {
        /// The server.
        program: &'static str,
        /// How it ended.
        status: ExitStatus,
        /// The end of its log.
        tail: String,
    },
    /// Something was not ready in time.
    #[error("After {seconds} seconds {what}: {reason}. The end of the log of {program}: {tail}")]
    NotReady {
        /// What is missing.
        what: &'static str,
        /// How long was waited.
        seconds: u64,
        /// The last answer.
        reason: String,
        /// The server that it depends on.
        program: &'static str,
        /// The end of that server's log.
        tail: String,
    },
    /// The API server refused a request, or could not be reached.
    #[error("Cannot {action}: {source}.")]
    Api {
        /// What was attempted, as the words that follow "cannot".
        action: String,
        /// The API server's or the client's answer.
        source: Box<kube::Error>,
    },
    /// A CustomResourceDefinition is not served.
    #[error("The CustomResourceDefinition {name} is not established: {reason}.")]
    Crd {
        /// Its name or file.
        name: String,
        /// Why not.
        reason: String,
    },
}

impl Error {
    /// Turns the operating system's answer into an error that says what was attempted, for `map_err`.
    pub(crate) fn system(action: &str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let action = format!("{action} {}", path.display());
        move |source| Self::System { action, source }
    }

    /// Turns the client's answer into an error that says what was attempted, for `map_err`.
    pub(crate) fn api(action: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        let action = action.into();
        move |source| Self::Api { action, source: Box::new(source) }
    }
}
