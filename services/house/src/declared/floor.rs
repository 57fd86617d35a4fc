//! The floor, as it is declared.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Faults;

/// The areas, the tables and the tables that are joined for a larger party.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Floor {
    /// The areas, at most 50; tables of the first are given out first. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub areas: Vec<Area>,
    /// The tables, 1 to 500, each with a number of its own. One that is no longer declared is taken out of use, or removed where it was never
    /// booked.
    #[schemars(length(min = 1, max = 500), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["number"]))]
    pub tables: Vec<Table>,
    /// Tables that are joined for a larger party, at most 100. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub groups: Vec<Group>,
}

/// A part of the restaurant.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Area {
    /// Its name, which no other area has: 1 to 100 characters. Example: Terrace.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    /// Whether guests can book there; the staff always can. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub online: Option<bool>,
}

/// A table.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "!has(self.minParty) || self.minParty <= self.seats",
    "message": "minParty must not be greater than seats",
}]))]
pub struct Table {
    /// The number that stands on it, which no other table has: 1 or more. Bookings keep to it.
    #[schemars(range(min = 1))]
    pub number: i32,
    /// How many guests it seats, 1 to 12.
    #[schemars(range(min = 1, max = 12))]
    pub seats: i32,
    /// The area in which it stands. Default: none. Example: Terrace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100))]
    pub area: Option<String>,
    /// The smallest party that it is given to, in guests, 1 to 12. Default: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 12))]
    pub min_party: Option<i32>,
    /// Whether guests can book it; the staff always can. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub online: Option<bool>,
    /// A description for guests, to 2000 characters. Default: none. Example: By the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2000))]
    pub description: Option<String>,
}

/// Tables that are joined for a larger party.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "!has(self.minParty) || self.minParty <= self.seats",
    "message": "minParty must not be greater than seats",
}]))]
pub struct Group {
    /// Its name: 1 to 100 characters. Example: Window.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    /// The numbers of its tables, 2 to 12 of one area.
    #[schemars(length(min = 2, max = 12))]
    pub tables: Vec<i32>,
    /// How many guests they seat together, 2 to 20: more than the largest of them seats alone.
    #[schemars(range(min = 2, max = 20))]
    pub seats: i32,
    /// The smallest party that they are given to, in guests, 1 to 20. Default: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 20))]
    pub min_party: Option<i32>,
}

impl Floor {
    /// The table of a number.
    fn table(&self, number: i32) -> Option<&Table> {
        self.tables.iter().find(|table| table.number == number)
    }

    pub(super) fn judge(&self, faults: &mut Faults) {
        faults.count("floor.areas", self.areas.len(), 50);
        for (index, area) in self.areas.iter().enumerate() {
            let path = format!("floor.areas[{index}].name");
            if self.areas[..index].iter().any(|other| other.name.trim() == area.name.trim()) {
                faults.note(path, format!("is {:?}, as another area is", area.name));
            } else {
                faults.text(path, &area.name, 100);
            }
        }
        if self.tables.is_empty() {
            faults.note("floor.tables", "must have at least one table");
        }
        faults.count("floor.tables", self.tables.len(), 500);
        for (index, table) in self.tables.iter().enumerate() {
            let path = |name: &str| format!("floor.tables[{index}].{name}");
            faults.range(path("number"), table.number, (1, i32::MAX));
            if self.tables[..index].iter().any(|other| other.number == table.number) {
                faults.note(path("number"), format!("is {}, as another table has", table.number));
            }
            faults.range(path("seats"), table.seats, (1, 12));
            faults.range(path("minParty"), table.min_party, (1, 12));
            if let Some(min) = table.min_party.filter(|min| *min > table.seats) {
                faults.note(path("minParty"), format!("is {min}; it must be at most seats, {}", table.seats));
            }
            if let Some(area) = table.area.as_ref().filter(|area| !self.areas.iter().any(|known| known.name.trim() == area.trim())) {
                faults.note(path("area"), format!("is {area:?}; there is no such area in floor.areas"));
            }
            if let Some(description) = &table.description {
                faults.text(path("description"), description, 2000);
            }
        }
        faults.count("floor.groups", self.groups.len(), 100);
        for (index, group) in self.groups.iter().enumerate() {
            self.judge_group(&format!("floor.groups[{index}]"), group, faults);
        }
    }

    fn judge_group(&self, path: &str, group: &Group, faults: &mut Faults) {
        let at = |name: &str| format!("{path}.{name}");
        faults.text(at("name"), &group.name, 100);
        if !(2..=12).contains(&group.tables.len()) {
            faults.note(at("tables"), format!("has {} entries; it must have from 2 to 12", group.tables.len()));
        }
        if let Some((_, number)) = group.tables.iter().enumerate().find(|(at, number)| group.tables[..*at].contains(number)) {
            faults.note(at("tables"), format!("has {number} twice"));
        }
        if let Some(number) = group.tables.iter().find(|number| self.table(**number).is_none()) {
            faults.note(at("tables"), format!("has {number}; there is no such table in floor.tables"));
        }
        let tables: Vec<_> = group.tables.iter().filter_map(|number| self.table(*number)).collect();
        if tables.windows(2).any(|two| two[0].area.as_deref().map(str::trim) != two[1].area.as_deref().map(str::trim)) {
            faults.note(at("tables"), "must stand in one area");
        }
        faults.range(at("seats"), group.seats, (2, 20));
        if let Some(largest) =
            tables.iter().map(|table| table.seats).max().filter(|largest| group.tables.len() > 1 && group.seats <= *largest)
        {
            faults.note(at("seats"), format!("is {}; it must be greater than the seats of the largest table, {largest}", group.seats));
        }
        faults.range(at("minParty"), group.min_party, (1, 20));
        if let Some(min) = group.min_party.filter(|min| *min > group.seats) {
            faults.note(at("minParty"), format!("is {min}; it must be at most seats, {}", group.seats));
        }
    }
}
