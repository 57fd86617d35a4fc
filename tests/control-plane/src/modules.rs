//! The Go modules that the programs are built from: one folder each, whose `go.mod` pins the version.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Error;

/// The environment variable that chooses another minor version of Kubernetes, such as `1.33`.
const MINOR_VARIABLE: &str = "KUBERNETES_MINOR";

/// A module in the folder `modules`.
#[derive(Debug, Clone)]
pub(crate) struct Module {
    pub(crate) folder: PathBuf,
    /// What it pins, with its `v`.
    pub(crate) version: String,
}

impl Module {
    /// The module in `modules/name`, at the version that it requires of `path`.
    pub(crate) fn find(name: &str, path: &'static str) -> Result<Self, Error> {
        let folder = match std::env::var(MINOR_VARIABLE) {
            Ok(minor) if name == "kubernetes" && !minor.is_empty() => kubernetes(&minor)?,
            _ => all().join(name),
        };
        let file = folder.join("go.mod");
        let text = fs::read_to_string(&file).map_err(Error::system("read", &file))?;
        let version = required(&text, path).ok_or(Error::NoVersion { path: file, module: path })?.to_owned();
        Ok(Self { folder, version })
    }
}

fn all() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("modules")
}

/// The folder of a minor version: one of its own, or the one without a number where that is the version.
fn kubernetes(minor: &str) -> Result<PathBuf, Error> {
    let default = all().join("kubernetes");
    let text = fs::read_to_string(default.join("go.mod")).unwrap_or_default();
    let version = required(&text, "k8s.io/kubernetes").unwrap_or_default().trim_start_matches('v');
    let default_minor = version.rsplit_once('.').map_or(version, |(minor, _)| minor);
    if minor == default_minor {
        return Ok(default);
    }
    let entries = fs::read_dir(all()).map_err(Error::system("read the folder", &all()))?;
    let mut known: Vec<String> = entries
        .flatten()
        .filter_map(|entry| Some(entry.file_name().to_str()?.strip_prefix("kubernetes-")?.to_owned()))
        .chain([default_minor.to_owned()])
        .collect();
    if known.iter().any(|known| known == minor) {
        return Ok(all().join(format!("kubernetes-{minor}")));
    }
    known.sort();
    Err(Error::Minor { wanted: minor.to_owned(), known: known.join(", ") })
}

/// The version that a `go.mod` requires of a module.
fn required<'a>(text: &'a str, path: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let line = line.trim();
        let mut words = line.strip_prefix("require ").unwrap_or(line).split_whitespace();
        let version = (words.next()? == path).then(|| words.next()).flatten()?;
        version.starts_with('v').then_some(version)
    })
}

#[cfg(test)]
mod tests {
    use super::required;

    #[test]
    fn the_version_is_the_required_one_not_the_replacement() {
        let text = "module example\n\nrequire k8s.io/kubernetes v1.37.2\n\nrequire (\n\tetcd/v3 v3.7.3 // indirect\n)\n\n\
                    replace k8s.io/api => k8s.io/api v0.37.2\n";
        assert_eq!(required(text, "k8s.io/kubernetes"), Some("v1.37.2"));
        assert_eq!(required(text, "etcd/v3"), Some("v3.7.3"));
        assert_eq!(required(text, "k8s.io/api"), None);
    }
}
