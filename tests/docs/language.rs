//! The language of the API and of the documents: plain technical English, in which a sentence has its subject and people are "they".

use serde_json::Value;

use crate::openapi::documents;
use crate::{documents_of_the_project, root};

/// Constructions that read as translated, and how to say it instead.
const REFUSED: [(&str, &str); 14] = [
    (" he ", "they"),
    (" his ", "their"),
    (" him ", "them"),
    (" himself", "themselves"),
    (" for who ", "for those who, or name them"),
    (" of who ", "of those who, or name them"),
    (" so that who ", "so that the one who, or name them"),
    (" has who ", "name them"),
    (" gone by", "is in the past"),
    ("does not mend", "say what to do"),
    (" the news are ", "news is"),
    (" of no account", "does not matter"),
    (" is another one", "is wrong, or has changed"),
    (" There is no member ", "Unknown field"),
];

/// What is wrong with a text.
fn faults(text: &str) -> Vec<String> {
    let spaced = format!(" {} ", text.replace(['\n', '`', ',', '.', ';', ':', '(', ')'], " "));
    let refused = REFUSED.iter().filter(|(words, _)| spaced.contains(words.trim_end_matches(' ')) && spaced.contains(words));
    let mut faults: Vec<_> = refused.map(|(words, instead)| format!("{:?}: {instead}", words.trim())).collect();
    for sentence in text.split_inclusive(['.', '?', '!', '\n']).map(str::trim) {
        let first = sentence.split(' ').next().unwrap_or_default();
        if matches!(first, "Who" | "What" | "Whom" | "Whose" | "Whoever" | "Whatever" | "Whichever") && !sentence.ends_with('?') {
            faults.push(format!("{sentence:?} begins with {first} and asks nothing: name the subject"));
        }
    }
    faults
}

/// The texts of a document that people read.
fn texts<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if matches!(name.as_str(), "summary" | "description" | "title" | "detail") => found.push(text),
                    _ => texts(member, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        _ => {}
    }
}

#[test]
fn the_texts_of_the_api_are_plain_english() {
    let mut faulty = Vec::new();
    for (service, document) in documents() {
        let mut found = Vec::new();
        texts(&document, &mut found);
        assert!(found.len() > 50, "{service}: {} texts", found.len());
        for text in found {
            faulty.extend(faults(text).into_iter().map(|fault| format!("{service}: {text:?}: {fault}")));
        }
    }
    faulty.sort();
    faulty.dedup();
    assert!(faulty.is_empty(), "{}", faulty.join("\n"));
}

/// The text of a Markdown document outside of blocks of code; each cell of a table and each item of a list begins anew.
fn prose(document: &str) -> String {
    let outside = document.split("```").step_by(2).collect::<String>();
    let paragraphs = outside.lines().map(|line| {
        let text = line.trim_start_matches([' ', '-', '*', '#', '>', '|', '.', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
        let begins = text.len() < line.trim_start().len() || text.is_empty();
        format!("{}{}", if begins { "\n" } else { " " }, text.replace(['*', '`'], "").replace("| ", "\n"))
    });
    paragraphs.collect()
}

#[test]
fn the_documents_are_plain_english() {
    let mut faulty = Vec::new();
    for path in documents_of_the_project() {
        let text = std::fs::read_to_string(root().join(&path)).expect(&path);
        for paragraph in prose(&text).lines() {
            faulty.extend(faults(paragraph).into_iter().map(|fault| format!("{path}: {paragraph:?}: {fault}")));
        }
    }
    for (path, schema) in [("the resource", serde_json::to_value(operator::api::crd()).expect("JSON")), ("asyncapi.yaml", asyncapi())] {
        let mut found = Vec::new();
        texts(&schema, &mut found);
        // Kubernetes' own descriptions stand below these names.
        faulty.extend(found.into_iter().flat_map(faults).map(|fault| format!("{path}: {fault}")));
    }
    faulty.sort();
    faulty.dedup();
    assert!(faulty.is_empty(), "{}", faulty.join("\n"));
}

fn asyncapi() -> Value {
    let text = std::fs::read_to_string(root().join("docs/asyncapi.yaml")).expect("docs/asyncapi.yaml");
    serde_yaml::from_str(&text).expect("YAML")
}

#[test]
fn the_constructions_are_found() {
    let document = "# Who\n\nAll is\nwell.\n\n| a | What it is |\n\n```sh\nWho\n```\n- Who sleeps.\nWhat a day?";
    let found = prose(document).lines().flat_map(faults).count();
    assert_eq!(found, 3, "{}", prose(document));
    for text in ["The user and his table.", "This is for who asks.", "What the guest asks for.", "Who books.", "This has gone by."] {
        assert!(!faults(text).is_empty(), "{text}");
    }
    for text in ["The guests have their table.", "Who may do this?", "The history of the menu.", "Text that the guest wrote."] {
        assert!(faults(text).is_empty(), "{text}: {:?}", faults(text));
    }
}
