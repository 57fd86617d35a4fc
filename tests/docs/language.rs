//! The language of what clients read: plain technical English, in which a sentence has its subject and people are "they".

use serde_json::Value;

use crate::openapi::documents;

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
        if matches!(first, "Who" | "What" | "Whom" | "Whose" | "Whoever") && !sentence.ends_with('?') {
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

#[test]
fn the_constructions_are_found() {
    for text in ["The user and his table.", "This is for who asks.", "What the guest asks for.", "Who books.", "This has gone by."] {
        assert!(!faults(text).is_empty(), "{text}");
    }
    for text in ["The guests have their table.", "Who may do this?", "The history of the menu.", "Text that the guest wrote."] {
        assert!(faults(text).is_empty(), "{text}: {:?}", faults(text));
    }
}
