//! The objects of one resource, by kind and name.

use super::Kind;

/// By how many objects the array grows: a resource has some fifty, and keeps them.
const ROOM: usize = 8;

#[derive(Debug)]
struct Object<V> {
    kind: Kind,
    /// Whether the resource's name comes before the rest. Most names are that of the resource, and more: only what follows is kept.
    follows: bool,
    rest: Box<str>,
    value: V,
}

/// Whether an object's name begins with the resource's, and the rest.
fn split<'a>(owner: &str, name: &'a str) -> (bool, &'a str) {
    let rest = name.strip_prefix(owner);
    (rest.is_some(), rest.unwrap_or(name))
}

impl<V> Object<V> {
    fn name(&self, owner: &str) -> String {
        format!("{}{}", if self.follows { owner } else { "" }, self.rest)
    }
}

/// What is kept of each object of one resource. It is an array in order of kind and name, the smallest structure that finds an object fast.
/// Each method is given the resource's own name.
#[derive(Debug)]
pub(super) struct Objects<V>(Vec<Object<V>>);

impl<V> Default for Objects<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<V> Objects<V> {
    fn place(&self, owner: &str, kind: Kind, name: &str) -> Result<usize, usize> {
        let (follows, rest) = split(owner, name);
        self.0.binary_search_by(|object| (object.kind, object.follows, &*object.rest).cmp(&(kind, follows, rest)))
    }

    pub(super) fn get(&self, owner: &str, kind: Kind, name: &str) -> Option<&V> {
        self.place(owner, kind, name).ok().map(|place| &self.0[place].value)
    }

    pub(super) fn remove(&mut self, owner: &str, kind: Kind, name: &str) -> Option<V> {
        let removed = self.place(owner, kind, name).ok().map(|place| self.0.remove(place).value);
        if self.0.capacity() > self.0.len() + 2 * ROOM {
            self.0.shrink_to(self.0.len() + ROOM);
        }
        removed
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All objects, with their whole names.
    pub(super) fn iter(&self, owner: &str) -> impl Iterator<Item = (Kind, String, &V)> {
        self.0.iter().map(move |object| (object.kind, object.name(owner), &object.value))
    }

    pub(super) fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &V> {
        self.0.iter().filter(move |object| object.kind == kind).map(|object| &object.value)
    }

    /// The whole names of the objects of a kind.
    pub(super) fn names(&self, owner: &str, kind: Kind) -> impl Iterator<Item = String> {
        self.0.iter().filter(move |object| object.kind == kind).map(move |object| object.name(owner))
    }
}

impl<V: Default> Objects<V> {
    pub(super) fn entry(&mut self, owner: &str, kind: Kind, name: &str) -> &mut V {
        let place = self.place(owner, kind, name).unwrap_or_else(|place| {
            if self.0.len() == self.0.capacity() {
                self.0.reserve_exact(ROOM);
            }
            let (follows, rest) = split(owner, name);
            self.0.insert(place, Object { kind, follows, rest: rest.into(), value: V::default() });
            place
        });
        &mut self.0[place].value
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn objects_are_found_by_kind_and_name_whether_or_not_the_name_begins_as_the_resources() {
        let owner = "trattoria";
        let names = ["trattoria", "trattoria-auth", "trattoria-auth-db", "trattoriabis", "auth", "-auth", "", "osteria-auth"];
        let all: Vec<_> = [Kind::Service, Kind::Secret].into_iter().flat_map(|kind| names.map(|name| (kind, name.to_owned()))).collect();
        let (mut objects, mut expected) = (Objects::<usize>::default(), BTreeMap::new());
        for (value, (kind, name)) in all.iter().enumerate() {
            assert_eq!(objects.get(owner, *kind, name), None, "{name}");
            *objects.entry(owner, *kind, name) = value;
            expected.insert((*kind, name.clone()), value);
            let here: BTreeMap<_, _> = objects.iter(owner).map(|(kind, name, value)| ((kind, name), *value)).collect();
            assert_eq!(here, expected);
        }
        assert_eq!(objects.names(owner, Kind::Secret).count(), names.len());
        for (value, (kind, name)) in all.iter().enumerate() {
            assert_eq!(objects.get(owner, *kind, name), Some(&value), "{name}");
            assert_eq!(objects.remove(owner, *kind, name), Some(value), "{name}");
            assert_eq!(objects.remove(owner, *kind, name), None, "{name}");
        }
        assert!(objects.is_empty());
    }
}
