//! Rules for the sources of this crate, which are read as text.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Every source file outside tests, by its path below `src`, without its test modules.
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

/// A source without its test code, and the test modules that have their own files.
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
        // The durations of Pods are part of the objects.
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

/// Whether a call has a literal number.
fn is_number(call: &str) -> bool {
    call.split_once('(').is_some_and(|(unit, argument)| {
        ["secs", "millis", "mins", "micros"].contains(&unit) && argument.starts_with(|first: char| first.is_ascii_digit())
    })
}

#[test]
fn every_rule_of_the_definition_stands_in_rules() {
    let strays = sources().into_iter().filter(|(name, text)| name != "api/rules.rs" && text.contains("Rule::new("));
    assert_eq!(strays.map(|(name, _)| name).collect::<Vec<_>>(), Vec::<String>::new(), "these have rules that belong into api/rules.rs");
}

/// Edges from a module to those that it needs.
type Graph = BTreeMap<String, BTreeSet<String>>;

/// Every module that has a file, by its path, such as `reconcile::build`, with its text; the crate's root is empty.
fn modules() -> BTreeMap<String, String> {
    let name = |file: &str| file.trim_end_matches(".rs").replace('/', "::");
    let files = sources().into_iter().filter(|(file, _)| file != "main.rs");
    files.map(|(file, text)| (if file == "lib.rs" { String::new() } else { name(&file) }, text)).collect()
}

fn child(module: &str, name: &str) -> String {
    if module.is_empty() { name.to_owned() } else { format!("{module}::{name}") }
}

fn parent(module: &str) -> &str {
    module.rsplit_once("::").map_or("", |(parent, _)| parent)
}

/// The paths of a tree such as `a::{b, c::d}`, and the text after the tree.
fn paths(tree: &str) -> (Vec<Vec<String>>, &str) {
    let mut rest = tree.trim_start();
    let mut path = Vec::new();
    loop {
        let end = rest.find(|next: char| !next.is_alphanumeric() && next != '_').unwrap_or(rest.len());
        if end > 0 {
            path.push(rest[..end].to_owned());
            rest = &rest[end..];
        }
        match rest.strip_prefix("::") {
            Some(further) if further.starts_with('{') => {
                let (mut all, mut rest) = (Vec::new(), &further[1..]);
                loop {
                    let (inner, after) = paths(rest);
                    all.extend(inner.into_iter().map(|inner| path.iter().cloned().chain(inner).collect()));
                    // An alias changes nothing.
                    let end = after.find([',', '}']).unwrap_or(after.len());
                    rest = after[end..].strip_prefix(',').unwrap_or(&after[end..]).trim_start();
                    if rest.is_empty() || rest.starts_with('}') {
                        return (all, rest.get(1..).unwrap_or_default());
                    }
                }
            }
            Some(further) if further.starts_with(|next: char| next.is_alphabetic() || next == '_') => rest = further,
            _ => return (vec![path], rest),
        }
    }
}

/// The module whose file has the item of a path.
fn resolve(modules: &BTreeMap<String, String>, from: &str, path: &[String]) -> String {
    let mut at = from.to_owned();
    for name in path {
        match name.as_str() {
            "crate" => at = String::new(),
            "super" => at = parent(&at).to_owned(),
            "self" => {}
            name if modules.contains_key(&child(&at, name)) => at = child(&at, name),
            name => {
                // An item; if it is published from a child, it is the child's.
                let published = modules[&at].split("pub use ").skip(1).flat_map(|tree| paths(tree).0);
                let of_child = published.filter(|path| path.len() > 1 && path.last().is_some_and(|last| last == name));
                let of_child = of_child.map(|path| child(&at, &path[0])).find(|child| modules.contains_key(child));
                return of_child.unwrap_or(at);
            }
        }
    }
    at
}

/// The imports of each module: paths from `crate` and `super`, in `use` and elsewhere, and its own children.
///
/// A child's file belongs to its parent, so its imports from the files above it (such as `super::Round`) are not edges. A parent that
/// publishes the items of its children is their namespace: the edge goes to the child.
fn imports() -> Graph {
    let modules = modules();
    let mut graph = Graph::new();
    for (module, text) in &modules {
        let text: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect();
        let needs = graph.entry(module.clone()).or_default();
        for (at, _) in text.match_indices("crate::").chain(text.match_indices("super::")) {
            if text[..at].ends_with(|before: char| before.is_alphanumeric() || before == ':' || before == '_') {
                continue;
            }
            needs.extend(paths(&text[at..]).0.iter().map(|path| resolve(&modules, module, path)));
        }
        needs.extend(modules.keys().filter(|other| !other.is_empty() && parent(other) == module).cloned());
        needs.retain(|other| !(other.is_empty() || other == module || module.starts_with(&format!("{other}::"))));
    }
    graph
}

/// The modules that a module reaches, directly or through others.
fn reach<'a>(graph: &'a Graph, from: &'a str) -> BTreeSet<&'a str> {
    let (mut reached, mut left) = (BTreeSet::new(), vec![from]);
    while let Some(module) = left.pop() {
        left.extend(graph.get(module).into_iter().flatten().map(String::as_str).filter(|other| reached.insert(*other)));
    }
    reached
}

/// The edges of a graph that are part of circles: they lead back to their start.
fn circles(graph: &Graph) -> Graph {
    let circular = graph.iter().map(|(module, needs)| {
        let back = needs.iter().filter(|other| reach(graph, other).contains(module.as_str()));
        (module.clone(), back.cloned().collect::<BTreeSet<_>>())
    });
    circular.filter(|(_, needs)| !needs.is_empty()).collect()
}

#[track_caller]
fn assert_no_circle(of: &str, graph: &Graph) {
    let told = circles(graph).into_iter().map(|(module, needs)| format!("{module} -> {}", Vec::from_iter(needs).join(", ")));
    let told: Vec<_> = told.collect();
    assert!(told.is_empty(), "{of} import each other in circles:\n{}", told.join("\n"));
}

#[test]
fn no_circle_of_imports() {
    let files = imports();
    assert!(files["reconcile::reconciler::turn"].contains("reconcile::step"), "the imports are found: {files:#?}");
    let mut rooms = Graph::new();
    let room = |module: &str| module.split("::").next().unwrap_or_default().to_owned();
    for (module, needs) in &files {
        let others = needs.iter().map(|other| room(other)).filter(|other| *other != room(module));
        rooms.entry(room(module)).or_default().extend(others);
    }
    assert_no_circle("files", &files);
    assert_no_circle("rooms, the modules of the crate's root,", &rooms);
}

#[test]
fn paths_are_read_as_the_compiler_does() {
    let read = |tree: &str| paths(tree).0.into_iter().map(|path| path.join("::")).collect::<Vec<_>>();
    assert_eq!(read("super::{a, b::{self, C as D}};"), ["super::a", "super::b::self", "super::b::C"]);
    assert_eq!(read("crate::reconcile::failure::chain(&error)"), ["crate::reconcile::failure::chain"]);
    let graph = |edges: &[(&str, &str)]| {
        let mut graph = Graph::new();
        for (from, to) in edges {
            graph.entry((*from).to_owned()).or_default().insert((*to).to_owned());
        }
        graph
    };
    assert!(circles(&graph(&[("a", "b"), ("b", "c"), ("a", "c")])).is_empty());
    assert_eq!(circles(&graph(&[("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")])), graph(&[("b", "c"), ("c", "b")]));
}
