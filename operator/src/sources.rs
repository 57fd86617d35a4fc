//! What the sources of this crate must be, read as text.

use std::collections::BTreeMap;
use std::path::Path;

/// Every source file that is no test, by its path below `src`, without its test modules.
fn sources() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = BTreeMap::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).expect("below").to_str().expect("UTF-8").to_owned();
                sources.insert(name, std::fs::read_to_string(path).expect("a source"));
            }
        }
    }
    let mut tests = Vec::new();
    for (name, text) in &mut sources {
        let (rest, modules) = without_tests(text);
        let folder = name.trim_end_matches("lib.rs").trim_end_matches(".rs").to_owned();
        tests.extend(modules.into_iter().map(|module| format!("{folder}/{module}.rs").trim_start_matches('/').to_owned()));
        *text = rest;
    }
    sources.retain(|name, _| !tests.contains(name));
    sources
}

/// A source without what is compiled for tests alone, and the test modules that have files of their own.
fn without_tests(text: &str) -> (String, Vec<String>) {
    let (mut rest, mut modules) = (String::new(), Vec::new());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim_start() != "#[cfg(test)]" {
            rest.push_str(line);
            rest.push('\n');
            continue;
        }
        let indent = &line[..line.len() - line.trim_start().len()];
        let first = lines.next().unwrap_or_default();
        let file = first.trim().strip_prefix("pub ").unwrap_or(first.trim()).strip_prefix("mod ").and_then(|name| name.strip_suffix(';'));
        modules.extend(file.map(str::to_owned));
        if !first.ends_with(';') {
            lines.by_ref().find(|line| *line == format!("{indent}}}"));
        }
    }
    (rest, modules)
}

#[test]
fn every_duration_stands_in_timing() {
    let mut strays = Vec::new();
    for (name, text) in sources() {
        // How long Pods may take is part of the objects.
        if name == "timing.rs" || name == "reconcile/build.rs" || name.starts_with("reconcile/build/") {
            continue;
        }
        for line in text.lines() {
            let is_constant = (line.contains("const ") || line.contains("static ")) && line.contains("Duration =");
            let is_inline = line.split("Duration::from_").skip(1).any(is_number);
            if is_constant || is_inline {
                strays.push(format!("{name}: {}", line.trim()));
            }
        }
    }
    assert!(strays.is_empty(), "these durations belong into timing.rs:\n{}", strays.join("\n"));
}

/// Whether a call has a number written in it.
fn is_number(call: &str) -> bool {
    call.split_once('(').is_some_and(|(unit, argument)| {
        ["secs", "millis", "mins", "micros"].contains(&unit) && argument.starts_with(|first: char| first.is_ascii_digit())
    })
}
