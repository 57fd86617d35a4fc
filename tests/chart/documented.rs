//! The values, as the comments of `values.yaml` tell of them.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use serde_yaml::Value;

use crate::read;

/// What a comment tells of.
#[derive(Debug)]
pub(crate) struct Documented {
    /// `image.tag`.
    pub(crate) path: String,
    /// What it is.
    pub(crate) text: String,
    /// Its default, as JSON.
    pub(crate) default: String,
}

/// Every value with a comment that begins with `# --`, in order.
pub(crate) fn documented() -> Vec<Documented> {
    let text = read("values.yaml");
    let values: Value = serde_yaml::from_str(&text).expect("values.yaml");
    let (mut path, mut comment): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    let mut found = Vec::new();
    for line in text.lines() {
        let content = line.trim_start();
        if let Some(rest) = content.strip_prefix('#') {
            comment.push(rest.trim());
            continue;
        }
        let told = std::mem::take(&mut comment).join(" ");
        let Some((key, _)) = content.split_once(':').filter(|(key, _)| key.bytes().all(|byte| byte.is_ascii_alphanumeric())) else {
            continue;
        };
        path.truncate((line.len() - content.len()) / 2);
        path.push(key);
        if let Some(text) = told.strip_prefix("-- ") {
            let value = path.iter().fold(&values, |value, key| &value[*key]);
            let default = serde_json::to_string(value).expect("JSON");
            found.push(Documented { path: path.join("."), text: text.to_owned(), default });
        }
    }
    found
}

#[test]
fn every_value_has_a_comment() {
    fn check(path: &str, value: &Value, known: &[Documented]) {
        if known.iter().any(|one| one.path == path) {
            return;
        }
        let members = value.as_mapping().filter(|members| !members.is_empty()).unwrap_or_else(|| panic!("{path} has no comment"));
        for (key, value) in members {
            let key = key.as_str().expect("a name");
            check(&if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }, value, known);
        }
    }
    check("", &serde_yaml::from_str(&read("values.yaml")).expect("values.yaml"), &documented());
}

/// The schema knows the values that there are, and tells of them what `values.yaml` does.
#[test]
fn the_schema_tells_what_the_comments_do() {
    fn collect(path: &str, schema: &Json, known: &[Documented], found: &mut BTreeMap<String, String>) {
        for (name, schema) in schema["properties"].as_object().expect("properties") {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let description = schema["description"].as_str().unwrap_or_else(|| panic!("{path} has no description"));
            if schema["properties"].is_object() && known.iter().all(|one| one.path != path) {
                assert_eq!(schema["additionalProperties"], false, "{path}");
                collect(&path, schema, known, found);
            } else {
                found.insert(path, description.to_owned());
            }
        }
    }
    let schema: Json = serde_json::from_str(&read("values.schema.json")).expect("JSON");
    assert_eq!(schema["additionalProperties"], false);
    let known = documented();
    let mut found = BTreeMap::new();
    collect("", &schema, &known, &mut found);
    assert!(found.remove("global").is_some(), "Helm gives it to every part of another chart");
    let comments: BTreeMap<_, _> = known.into_iter().map(|one| (one.path, one.text)).collect();
    assert_eq!(found, comments);
}
