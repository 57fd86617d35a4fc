//! The reference of the RestaurantBooking resource, from its definition.

use std::fmt::Write as _;

use serde_json::Value;

use crate::assert_fresh;

/// Parts of a Pod, which have Kubernetes' own fields.
const EMBEDDED: [&str; 3] = ["affinity", "tolerations", "topologySpreadConstraints"];
/// Kubernetes' own, too.
const CONDITIONS: &str = "conditions";
/// Fields that stand beside each other and have the same fields.
const ALIKE: [&str; 3] = ["auth", "menu", "reservation"];

/// The text of a description in one line.
fn line(schema: &Value) -> String {
    schema["description"].as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Takes the sentence that begins with `word` out of a text: the text without it, and the sentence without word and full stop.
fn take(text: &str, word: &str) -> (String, Option<String>) {
    let Some((before, rest)) = text.split_once(word) else { return (text.to_owned(), None) };
    let (sentence, after) = rest.split_once(". ").unwrap_or((rest.trim_end_matches('.'), ""));
    (format!("{before}{after}").trim().to_owned(), Some(sentence.trim().to_owned()))
}

/// The type of a field, for people.
fn kind(name: &str, schema: &Value) -> String {
    let words =
        |list: &Value| list.as_array().into_iter().flatten().filter_map(Value::as_str).map(|word| format!("`{word}`")).collect::<Vec<_>>();
    let alternatives = words(&schema["enum"]);
    if !alternatives.is_empty() {
        return alternatives.join(", ");
    }
    if schema["x-kubernetes-int-or-string"] == true {
        return "quantity".to_owned();
    }
    match schema["type"].as_str() {
        Some("array") if EMBEDDED.contains(&name) => "list, as in a Pod".to_owned(),
        Some("array") if name == CONDITIONS => "list of conditions".to_owned(),
        Some("array") => format!("list of {}", plural(&kind("", &schema["items"]))),
        Some("object") if EMBEDDED.contains(&name) => "object, as in a Pod".to_owned(),
        Some("object") if schema["additionalProperties"].is_object() => {
            format!("map of {}", plural(&kind("", &schema["additionalProperties"])))
        }
        Some("string") if schema["format"] == "date-time" => "time".to_owned(),
        Some(other) => other.to_owned(),
        // A size is given as text or as a number of bytes.
        None => "quantity".to_owned(),
    }
}

fn plural(kind: &str) -> String {
    match kind.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{kind}s"),
    }
}

/// In a cell of a table.
fn cell(text: &str) -> String {
    // In a span of code a '<' is itself.
    let parts = text.split('`').enumerate().map(|(at, part)| if at % 2 == 0 { part.replace('<', "&lt;") } else { part.to_owned() });
    parts.collect::<Vec<_>>().join("`").replace('|', "\\|")
}

/// What the rules of a schema say to who breaks them.
fn rules(schema: &Value) -> Vec<&str> {
    let rules = schema["x-kubernetes-validations"].as_array().into_iter().flatten();
    rules.map(|rule| rule["message"].as_str().expect("every rule has a message")).collect()
}

/// What counts where the field is not given.
fn default(name: &str, property: &Value, of: &Value) -> String {
    let is_required = of["required"].as_array().into_iter().flatten().any(|required| required == name);
    let otherwise = if is_required { "(required)" } else { "" };
    take(&line(property), "Default: ").1.unwrap_or_else(|| otherwise.to_owned())
}

/// Whether a field is one of three with the same fields, which then are told once.
fn is_alike(name: &str, of: &Value) -> bool {
    let fields = ALIKE.map(|name| (&of["properties"][name]["properties"], &of["properties"][name]["x-kubernetes-validations"]));
    ALIKE.contains(&name) && fields[0].0.is_object() && fields.iter().all(|field| *field == fields[0])
}

/// The fields below `path`, a line of the table each, and the rules of all.
fn rows<'a>(path: &str, schema: &'a Value, table: &mut String, broken: &mut Vec<(String, &'a str)>) {
    broken.extend(rules(schema).into_iter().map(|message| (path.to_owned(), message)));
    // The fields of a list's items.
    let (path, schema) =
        if schema["items"]["properties"].is_object() { (format!("{path}[]"), &schema["items"]) } else { (path.to_owned(), schema) };
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let (text, default) = (take(&line(property), "Default: ").0, default(name, property, schema));
        writeln!(table, "| `{path}.{name}` | {} | {} | {} |", kind(name, property), cell(&default), cell(&text)).expect("text");
        let path = if is_alike(name, schema) { format!("{path}.<service>") } else { format!("{path}.{name}") };
        let is_told = EMBEDDED.contains(&name.as_str()) || name == CONDITIONS || (is_alike(name, schema) && name != ALIKE[2]);
        if !is_told {
            rows(&path, property, table, broken);
        }
    }
}

/// A part of the resource: its heading, what it is, its fields, its rules.
fn section(path: &str, schema: &Value, document: &mut String) {
    writeln!(document, "\n## {path}\n\n{}", line(schema)).expect("text");
    fields(path, schema, document);
}

fn fields(path: &str, schema: &Value, document: &mut String) {
    let mut table = String::new();
    let mut broken = Vec::new();
    rows(path, schema, &mut table, &mut broken);
    if !table.is_empty() {
        writeln!(document, "\n| field | type | default | description |\n|---|---|---|---|\n{}", table.trim_end()).expect("text");
    }
    if !broken.is_empty() {
        document.push_str("\nRefused:\n\n");
    }
    for (path, message) in &broken {
        writeln!(document, "- `{path}`: {message}").expect("text");
    }
}

#[test]
fn generated_reference_of_the_resource() {
    let crd = serde_json::to_value(operator::api::crd()).expect("JSON");
    let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    let spec = &schema["properties"]["spec"];
    let mut document = String::from(
        "# Configuration\n\n\
         The fields of a `RestaurantBooking` (`rb` for short), as `kubectl explain restaurantbooking.spec` tells them too. A default is what\n\
         counts without the field. [examples](../examples) shows the fields at work, `operator plan -f FILE` what they come to.\n\n\
         The settings of the services themselves are environment variables, see the [README](../README.md#each-service-by-itself); those of\n\
         the operator are the [values of its chart](../charts/restaurant-booking-operator/README.md#values).\n\n\
         Generated by `UPDATE=1 cargo test -p restaurant-booking-tests --test docs generated`.\n",
    );
    writeln!(document, "\n## spec\n\n{}\n\n| part | type | default |\n|---|---|---|", line(spec)).expect("text");
    let parts = spec["properties"].as_object().expect("parts");
    for (name, property) in parts {
        let section = if is_alike(name, spec) { "service".to_owned() } else { name.to_lowercase() };
        let default = default(name, property, spec);
        writeln!(document, "| [`spec.{name}`](#spec{section}) | {} | {} |", kind(name, property), cell(&default)).expect("text");
    }
    document.push_str("\nRefused:\n\n");
    for message in rules(schema).into_iter().chain(rules(spec)) {
        writeln!(document, "- {message}").expect("text");
    }
    for (name, property) in parts {
        if !is_alike(name, spec) {
            section(&format!("spec.{name}"), property, &mut document);
        } else if name == ALIKE[0] {
            document.push_str("\n## spec.&lt;service>\n\n");
            for name in ALIKE {
                writeln!(document, "- `spec.{name}`: {}", line(&parts[name])).expect("text");
            }
            fields("spec.<service>", property, &mut document);
        }
    }
    section("status", &schema["properties"]["status"], &mut document);
    document.push_str("\nThe reasons of conditions stand in the [README](../README.md#when-it-is-not-ready).\n");
    assert_fresh("docs/configuration.md", &document);
}

#[test]
fn a_default_is_taken_out_of_its_description() {
    for (text, rest, default) in [
        ("The host. Default: none. Example: nginx.", "The host. Example: nginx.", Some("none")),
        ("Version. Default: 4.3.1.", "Version.", Some("4.3.1")),
        ("Whether. Default: managed. It cannot change.", "Whether. It cannot change.", Some("managed")),
        ("Its name.", "Its name.", None),
    ] {
        assert_eq!(take(text, "Default: "), (rest.to_owned(), default.map(str::to_owned)), "{text}");
    }
}
