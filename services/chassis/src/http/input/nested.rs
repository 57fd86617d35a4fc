//! Lists and objects within a body. A fault is told with the pointer to where it is.

use super::super::body::Body;
use super::super::json::Member;
use super::super::value::{Fault, Raw, Value};
use super::{Input, Members, Source, escaped};

impl Input {
    /// A list of values in the body; left out or `null`, it is empty.
    pub fn values<T: Value>(&mut self, source: Source, name: &str) -> Option<Vec<T>> {
        self.list(source, name, |input, index, member| {
            let ruled = match &member {
                Member::Number(number) => T::read(Raw::Number(number)),
                Member::Other(value) => T::read(Raw::Json(value)),
            };
            let place = input.pointer(index);
            input.note(place, ruled)
        })
    }

    /// A list of objects in the body; left out or `null`, it is empty.
    pub fn objects<B: Body>(&mut self, source: Source, name: &str) -> Option<Vec<B>> {
        self.list(source, name, Self::read_object)
    }

    /// An object in the body; left out or `null`, there is none.
    pub fn object<B: Body>(&mut self, source: Source, name: &str) -> Option<Option<B>> {
        match self.member(source, name) {
            None | Some(Member::Other(serde_json::Value::Null)) => Some(None),
            Some(member) => self.read_object(name, member).map(Some),
        }
    }

    /// Whether the body has a list of this name with nothing in it.
    pub fn has_empty_list(&self, name: &str) -> bool {
        let Members::Json(members) = &self.body else { return false };
        matches!(members.get(name), Some(Member::Other(serde_json::Value::Array(items))) if items.is_empty())
    }

    fn member(&mut self, source: Source, name: &str) -> Option<Member> {
        match (source, &mut self.body) {
            (Source::Body, Members::Json(members)) => members.remove(name),
            _ => None,
        }
    }

    fn list<T>(&mut self, source: Source, name: &str, mut read: impl FnMut(&mut Self, &str, Member) -> Option<T>) -> Option<Vec<T>> {
        let items = match self.member(source, name) {
            None | Some(Member::Other(serde_json::Value::Null)) => return Some(Vec::new()),
            Some(Member::Other(serde_json::Value::Array(items))) => items,
            Some(_) => return self.refused(source, name, Fault::new("wrong_type", "This must be a list.")),
        };
        let outside = self.within.len();
        self.within.push_str(&escaped(name));
        self.within.push('/');
        // Every item is read, so that the faults of all are told.
        let read: Vec<_> = items.into_iter().enumerate().map(|(index, item)| read(self, &index.to_string(), item.into())).collect();
        self.within.truncate(outside);
        read.into_iter().collect()
    }

    /// Reads an object that stands in the one that is read. Members that it does not take are unknown.
    fn read_object<B: Body>(&mut self, name: &str, member: Member) -> Option<B> {
        let Member::Other(serde_json::Value::Object(members)) = member else {
            return self.refused(Source::Body, name, Fault::new("wrong_type", "This must be an object."));
        };
        let members = members.into_iter().map(|(name, value)| (name, value.into())).collect();
        let outside = (std::mem::replace(&mut self.body, Members::Json(members)), self.within.len());
        self.within.push_str(&escaped(name));
        self.within.push('/');
        let read = B::read(self);
        let unknown = match std::mem::replace(&mut self.body, outside.0) {
            Members::Json(members) => members.into_keys().collect(),
            Members::None | Members::Form(_) => Vec::new(),
        };
        let complete = unknown.is_empty();
        for name in unknown {
            self.refuse_member(&name, "unknown", format!("Unknown field {name:?}."));
        }
        self.within.truncate(outside.1);
        read.filter(|_| complete)
    }
}
