//! The programs: found in a folder of the user's, in the cache, or built there once.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use local::process::{Process, Signal};

use crate::Error;
use crate::modules::Module;

/// The environment variable that names a folder of programs, as `setup-envtest` prints it.
const ASSETS_VARIABLE: &str = "KUBEBUILDER_ASSETS";

/// How long one look at a build that is under way lasts; there is no limit to the build.
const LOOK: Duration = Duration::from_secs(60);

/// What is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    Etcd,
    ApiServer,
    ControllerManager,
    Scheduler,
    Kwok,
    Helm,
}

impl Program {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::ApiServer => "kube-apiserver",
            Self::ControllerManager => "kube-controller-manager",
            Self::Scheduler => "kube-scheduler",
            Self::Kwok => "kwok",
            Self::Helm => "helm",
        }
    }

    /// The folder in `modules`, and the Go module whose version is the program's.
    fn module(self) -> (&'static str, &'static str) {
        match self {
            Self::Etcd => ("etcd", "go.etcd.io/etcd/server/v3"),
            Self::ApiServer | Self::ControllerManager | Self::Scheduler => ("kubernetes", "k8s.io/kubernetes"),
            Self::Kwok => ("kwok", "sigs.k8s.io/kwok"),
            Self::Helm => ("helm", "helm.sh/helm/v4"),
        }
    }

    fn package(self) -> String {
        let (_, module) = self.module();
        match self {
            Self::Etcd => module.to_owned(),
            _ => format!("{module}/cmd/{}", self.name()),
        }
    }

    /// The variables that the linker sets, so that the program knows its version.
    fn linked(self, version: &str) -> Vec<String> {
        match self {
            Self::ApiServer | Self::ControllerManager | Self::Scheduler => {
                let mut numbers = version.trim_start_matches('v').split('.');
                let (major, minor) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
                [("gitVersion", version), ("gitMajor", major), ("gitMinor", minor), ("gitTreeState", "clean")]
                    .map(|(name, value)| format!("k8s.io/component-base/version.{name}={value}"))
                    .to_vec()
            }
            Self::Helm => vec![format!("helm.sh/helm/v4/internal/version.version={version}")],
            Self::Etcd | Self::Kwok => Vec::new(),
        }
    }
}

/// Helm: from the folder that `KUBEBUILDER_ASSETS` names, from the cache, or built there once, which takes minutes.
///
/// # Errors
/// When it is not there and cannot be built.
pub async fn helm() -> Result<PathBuf, Error> {
    find(Program::Helm).await
}

/// Where a program is. It is built where it is nowhere.
pub(crate) async fn find(program: Program) -> Result<PathBuf, Error> {
    let work = move || locate(program);
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

fn locate(program: Program) -> Result<PathBuf, Error> {
    let assets = std::env::var_os(ASSETS_VARIABLE).filter(|value| !value.is_empty());
    if let Some(installed) = assets.map(|folder| Path::new(&folder).join(program.name())).filter(|path| path.is_file()) {
        return Ok(installed);
    }
    let (folder, path) = program.module();
    let module = Module::find(folder, path)?;
    let cache = cache()?;
    let built = cache.join(format!("{folder}-{}", module.version)).join(program.name());
    if built.is_file() {
        return Ok(built);
    }
    fs::create_dir_all(&cache).map_err(Error::system("make the folder", &cache))?;
    // Of several processes that need a program at once, one builds it and the others wait. Two builds at once would only
    // slow each other down.
    let lock = cache.join(".lock");
    let lock_file = OpenOptions::new().write(true).create(true).truncate(false).open(&lock).map_err(Error::system("open", &lock))?;
    lock_file.lock().map_err(Error::system("lock", &lock))?;
    if !built.is_file() {
        build(program, &module, &built)?;
    }
    Ok(built)
}

fn build(program: Program, module: &Module, target: &Path) -> Result<(), Error> {
    let name = program.name();
    match Command::new("go").arg("version").stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => {}
        Ok(output) => return Err(Error::NoGo { program: name, reason: String::from_utf8_lossy(&output.stderr).trim().to_owned() }),
        Err(error) => return Err(Error::NoGo { program: name, reason: error.to_string() }),
    }
    let folder = target.parent().unwrap_or(target);
    eprintln!("Building {name} {} with Go into {} (once; it takes minutes) ...", module.version, folder.display());
    fs::create_dir_all(folder).map_err(Error::system("make the folder", folder))?;
    // On the same file system as the place it is moved to, so that the move is one step.
    let partial = tempfile::Builder::new().prefix(".partial-").tempdir_in(folder).map_err(Error::system("make a folder in", folder))?;
    let said = partial.path().join("output");
    let said_file = fs::File::create(&said).map_err(Error::system("make", &said))?;
    let mut linker = "-s -w".to_owned();
    for variable in program.linked(&module.version) {
        linker.push_str(" -X ");
        linker.push_str(&variable);
    }
    let mut go = Command::new("go");
    go.current_dir(&module.folder)
        .env("CGO_ENABLED", "0")
        // What is built is what the module pins, whatever surrounds it.
        .env("GOFLAGS", "-mod=readonly")
        .env("GOWORK", "off")
        .args(["build", "-trimpath", "-buildvcs=false", "-ldflags", &linker, "-o"])
        .arg(partial.path().join(name))
        .arg(program.package())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(said_file);
    let go = Process::launch(go, Signal::TERM).map_err(Error::system("start go in", &module.folder))?;
    let status = loop {
        if let Some(status) = go.wait(LOOK) {
            break status;
        }
    };
    if !status.success() {
        let output = crate::server::tail(&said);
        return Err(Error::Build { program: name, version: module.version.clone(), output });
    }
    fs::rename(partial.path().join(name), target).map_err(Error::system("make", target))
}

fn cache() -> Result<PathBuf, Error> {
    let set = |name| std::env::var_os(name).filter(|value: &OsString| !value.is_empty());
    let base = set("XDG_CACHE_HOME").map(PathBuf::from).or_else(|| Some(PathBuf::from(set("HOME")?).join(".cache")));
    Ok(base.ok_or(Error::NoCache)?.join("restaurant-booking/control-plane"))
}
