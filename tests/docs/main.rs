//! The documentation against the code: what is generated is fresh, and what is written by hand leads somewhere.

mod alerts;
mod configuration;
mod definition;
mod language;
mod openapi;
mod problems;
mod reasons;
mod resource;

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Holds a generated file against what it must be, or writes it, where UPDATE is set.
#[track_caller]
fn assert_fresh(path: &str, fresh: &str) {
    let file = root().join(path);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(&file, fresh).expect(path);
    }
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(text == fresh, "{path} is stale: UPDATE=1 cargo test -p restaurant-booking-tests --test docs generated");
}

/// Every document that people read, by its path.
fn documents_of_the_project() -> Vec<String> {
    let documents = std::fs::read_dir(root().join("docs")).expect("docs").map(|entry| entry.expect("an entry").file_name());
    let documents = documents.filter_map(|name| name.into_string().ok()).filter(|name| name.ends_with(".md"));
    let elsewhere = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "charts/restaurant-booking-operator/README.md"];
    documents.map(|name| format!("docs/{name}")).chain(elsewhere.map(str::to_owned)).collect()
}

/// Every file and folder that the documentation points to is there.
#[test]
fn links_lead_somewhere() {
    for document in &documents_of_the_project() {
        let text = std::fs::read_to_string(root().join(document)).expect(document);
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if !target.starts_with("http") && !target.starts_with('#') {
                let path = root().join(document).parent().expect("a folder").join(target.split('#').next().unwrap_or(target));
                assert!(path.exists(), "{document} points to {target}");
            }
        }
    }
}
