//! The file in which a house is declared: a resource of kind RestaurantBooking, of which only the house counts, or its sections alone.

use std::path::Path;

use house::declared::Declared;
use serde::Deserialize as _;

use super::Checked;

/// Why a file cannot be applied: a line for each fault.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct FileError(pub Vec<String>);

/// The sections of a declaration.
const SECTIONS: [&str; 3] = ["booking", "openingHours", "floor"];

/// Reads a file of YAML or JSON.
///
/// # Errors
/// Where it cannot be read, or everything that is wrong with what it declares.
pub fn read(path: &Path) -> Result<Checked, FileError> {
    let text = std::fs::read_to_string(path).map_err(|error| FileError(vec![format!("cannot be read: {error}")]))?;
    parse(&text)
}

/// Reads YAML or JSON.
///
/// # Errors
/// Everything that is wrong with what it declares.
pub fn parse(text: &str) -> Result<Checked, FileError> {
    let (house, prefix) = house_of(text).map_err(|fault| FileError(vec![fault]))?;
    let mut faults = Vec::new();
    let declared: Result<Declared, _> =
        serde_ignored::deserialize(house, |path| faults.push(format!("{prefix}{}: there is no such field", named(&path.to_string()))));
    let declared = declared.map_err(|error| FileError(vec![format!("{prefix}{error}")]))?;
    let checked = Checked::new(declared);
    faults.extend(checked.as_ref().err().into_iter().flatten().map(|fault| format!("{prefix}{fault}")));
    match checked {
        Ok(checked) if faults.is_empty() => Ok(checked),
        _ => Err(FileError(faults)),
    }
}

/// A path as faults have it: `floor.tables[3].colour`, where serde_ignored writes `floor.?.tables.3.colour`.
fn named(path: &str) -> String {
    let parts = path.split('.').filter(|part| *part != "?").map(|part| match part.parse::<usize>() {
        Ok(index) => format!("[{index}]"),
        Err(_) => format!(".{part}"),
    });
    parts.collect::<String>().trim_start_matches('.').to_owned()
}

/// The part of the file that declares the house, and how paths within it begin.
fn house_of(text: &str) -> Result<(serde_yaml::Value, &'static str), String> {
    let mut documents = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        let value = serde_yaml::Value::deserialize(document).map_err(|error| format!("not YAML: {error}"))?;
        if !value.is_null() {
            documents.push(value);
        }
    }
    let is_resource = |value: &&serde_yaml::Value| value.get("kind").and_then(serde_yaml::Value::as_str) == Some("RestaurantBooking");
    let resources: Vec<_> = documents.iter().filter(is_resource).collect();
    match (resources.as_slice(), documents.as_slice()) {
        ([resource], _) => {
            let of = |name: &&str| Some((serde_yaml::Value::from(*name), resource.get("spec")?.get(*name)?.clone()));
            let sections: serde_yaml::Mapping = SECTIONS.iter().filter_map(of).collect();
            Ok((sections.into(), "spec."))
        }
        ([], []) => Ok((serde_yaml::Mapping::new().into(), "")),
        ([], [only]) if only.get("kind").is_none() => Ok((only.clone(), "")),
        ([], _) => Err(format!("there is no resource of kind RestaurantBooking, nor a house with {}", SECTIONS.join(", "))),
        _ => Err("there are two resources of kind RestaurantBooking; one is needed".to_owned()),
    }
}
