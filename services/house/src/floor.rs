//! The floor: areas, tables, and groups of tables that are joined for a larger party.

use std::collections::HashMap;

/// A part of the restaurant, such as a terrace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Area {
    /// The id.
    pub id: i32,
    /// Whether guests may book there; the staff always may.
    pub online: bool,
    /// Where it stands among the areas: tables of the first are given out first.
    pub position: i32,
}

/// A table in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The id.
    pub id: i32,
    /// The number that stands on it.
    pub number: i32,
    /// How many guests it seats.
    pub capacity: i32,
    /// The smallest party of guests that it is given to; the staff may seat fewer.
    pub min_party: i32,
    /// The area in which it stands.
    pub area: Option<i32>,
    /// Whether guests may book it; the staff always may.
    pub online: bool,
}

/// Tables that are joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The id.
    pub id: i32,
    /// The ids of its tables, all of them in use.
    pub tables: Vec<i32>,
    /// How many guests they seat together.
    pub capacity: i32,
    /// The smallest party of guests that it is given to.
    pub min_party: i32,
}

/// What is given out as one: a table, or a group of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Its tables, by their places in [`Floor::tables`].
    pub tables: Vec<usize>,
    /// The id of the group, where it is one.
    pub group: Option<i32>,
    /// How many guests it seats.
    pub capacity: i32,
    /// The smallest party of guests that it is given to.
    pub min_party: i32,
    /// The area in which it stands.
    pub area: Option<i32>,
    /// Whether guests may book it.
    pub online: bool,
}

/// The tables in use, and all that is given out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Floor {
    tables: Vec<Table>,
    places: HashMap<i32, usize>,
    units: Vec<Unit>,
}

impl Floor {
    /// The floor of these areas, tables and groups. A group of which a table is missing is left out.
    pub fn new(areas: &[Area], mut tables: Vec<Table>, groups: &[Group]) -> Self {
        tables.sort_by_key(|table| table.number);
        let places: HashMap<i32, usize> = tables.iter().enumerate().map(|(place, table)| (table.id, place)).collect();
        let area = |id: Option<i32>| id.and_then(|id| areas.iter().find(|area| area.id == id));
        let single = |(place, table): (usize, &Table)| Unit {
            tables: vec![place],
            group: None,
            capacity: table.capacity,
            min_party: table.min_party,
            area: table.area,
            online: table.online && area(table.area).is_none_or(|area| area.online),
        };
        let mut units: Vec<Unit> = tables.iter().enumerate().map(single).collect();
        for group in groups {
            let Some(mut members) = group.tables.iter().map(|id| places.get(id).copied()).collect::<Option<Vec<_>>>() else { continue };
            members.sort_unstable();
            units.push(Unit {
                group: Some(group.id),
                capacity: group.capacity,
                min_party: group.min_party,
                area: members.first().and_then(|place| tables[*place].area),
                online: members.iter().all(|place| units[*place].online),
                tables: members,
            });
        }
        let joined = |unit: &Unit| match unit.tables.as_slice() {
            [place] if unit.group.is_none() => groups.iter().filter(|group| group.tables.contains(&tables[*place].id)).count(),
            _ => 0,
        };
        units.sort_by_cached_key(|unit| {
            let position = area(unit.area).map(|area| area.position);
            let number = unit.tables.first().map(|place| tables[*place].number);
            (unit.tables.len(), unit.capacity, position.is_none(), position, joined(unit), number, unit.group)
        });
        Self { tables, places, units }
    }

    /// The tables in use, by their numbers.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// Where a table stands in [`Floor::tables`].
    pub fn place(&self, table_id: i32) -> Option<usize> {
        self.places.get(&table_id).copied()
    }

    /// All that is given out, in the order in which a party gets it: the fewest tables, the fewest spare seats, the first area (those in none
    /// are last), the fewest groups that it is part of, the lowest number.
    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    /// Tables that are named together, each once: a table, or the group that they are, or else all of them side by side, which seat as many
    /// as they do apart. `None` where one is not in use.
    pub fn joined(&self, ids: &[i32]) -> Option<Unit> {
        let mut tables = ids.iter().map(|id| self.place(*id)).collect::<Option<Vec<_>>>()?;
        tables.sort_unstable();
        let known = self.units.iter().filter(|unit| unit.tables == tables).max_by_key(|unit| unit.capacity);
        Some(known.cloned().unwrap_or_else(|| Unit {
            group: None,
            capacity: tables.iter().map(|place| self.tables[*place].capacity).sum(),
            min_party: 1,
            area: tables.first().and_then(|place| self.tables[*place].area),
            online: tables.iter().all(|place| self.tables[*place].online),
            tables,
        }))
    }

    /// The ids of a unit's tables, the lowest number first.
    pub fn ids(&self, unit: &Unit) -> Vec<i32> {
        unit.tables.iter().map(|place| self.tables[*place].id).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A table whose id is its number.
    pub(crate) fn table(number: i32, capacity: i32) -> Table {
        Table { id: number, number, capacity, min_party: 1, area: None, online: true }
    }

    fn order(floor: &Floor) -> Vec<Vec<i32>> {
        floor.units().iter().map(|unit| floor.ids(unit)).collect()
    }

    #[test]
    fn the_smallest_first_and_of_two_as_small_the_lower_number() {
        let floor = Floor::new(&[], vec![table(1, 6), table(3, 2), table(2, 2), table(4, 4)], &[]);
        assert_eq!(order(&floor), [[2], [3], [4], [1]]);
        assert_eq!(floor.joined(&[3]).map(|unit| floor.ids(&unit)), Some(vec![3]));
        assert_eq!(floor.joined(&[5]), None);
    }

    #[test]
    fn tables_named_together_are_their_group_or_seat_as_many_as_they_do_apart() {
        let pair = |id, capacity| Group { id, tables: vec![3, 1], capacity, min_party: 5 };
        let floor = Floor::new(&[], vec![table(1, 4), table(2, 2), table(3, 4)], &[pair(1, 7), pair(2, 9)]);
        let joined = |ids: &[i32]| floor.joined(ids).map(|unit| (floor.ids(&unit), unit.group, unit.capacity, unit.min_party));
        assert_eq!(joined(&[1, 3]), Some((vec![1, 3], Some(2), 9, 5)));
        assert_eq!(joined(&[3, 2]), Some((vec![2, 3], None, 6, 1)));
        assert_eq!(joined(&[3, 2, 1]), Some((vec![1, 2, 3], None, 10, 1)));
        assert_eq!(joined(&[1, 9]), None);
    }

    #[test]
    fn one_table_before_a_group_and_the_smaller_group_first() {
        let group = |id, tables: &[i32], capacity| Group { id, tables: tables.to_vec(), capacity, min_party: 1 };
        let tables = vec![table(1, 4), table(2, 4), table(3, 2), table(4, 12)];
        let floor = Floor::new(&[], tables, &[group(7, &[2, 1], 8), group(8, &[1, 3], 5), group(9, &[1, 2, 3], 10)]);
        assert_eq!(order(&floor), [vec![3], vec![2], vec![1], vec![4], vec![1, 3], vec![1, 2], vec![1, 2, 3]]);
    }

    #[test]
    fn of_equals_the_first_area_then_what_is_joined_least() {
        let areas = [Area { id: 1, online: true, position: 5 }, Area { id: 2, online: true, position: 3 }];
        let at = |area, table| Table { area, ..table };
        let tables = vec![at(None, table(1, 2)), at(Some(1), table(2, 2)), at(Some(2), table(3, 2)), at(Some(2), table(4, 2))];
        let pair = Group { id: 1, tables: vec![3, 2], capacity: 3, min_party: 1 };
        let floor = Floor::new(&areas, tables, &[pair]);
        assert_eq!(order(&floor), [vec![4], vec![3], vec![2], vec![1], vec![2, 3]]);
    }

    #[test]
    fn a_group_is_online_where_all_its_tables_and_the_area_are() {
        let areas = [Area { id: 1, online: true, position: 0 }, Area { id: 2, online: false, position: 0 }];
        let at = |area, online, table| Table { area: Some(area), online, ..table };
        let tables = vec![at(1, true, table(1, 2)), at(1, false, table(2, 2)), at(1, true, table(3, 2)), at(2, true, table(4, 2))];
        let pair = |id, tables: [i32; 2]| Group { id, tables: tables.to_vec(), capacity: 4, min_party: 3 };
        let floor = Floor::new(&areas, tables, &[pair(1, [1, 2]), pair(2, [1, 3]), pair(3, [1, 99])]);
        let online: Vec<_> = floor.units().iter().map(|unit| (floor.ids(unit), unit.online)).collect();
        let expected = [(vec![1], true), (vec![3], true), (vec![2], false), (vec![4], false), (vec![1, 2], false), (vec![1, 3], true)];
        for unit in &expected {
            assert!(online.contains(unit), "{unit:?} in {online:?}");
        }
        assert_eq!(online.len(), expected.len(), "a group of a table that is not in use is none");
    }
}
