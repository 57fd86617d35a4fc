//! Resources and storage, with defaults for missing fields.

use std::collections::BTreeMap;

use crate::api::{self, Quantity};
use crate::reconcile::platform::{Resources, Storage};

type Amounts = &'static [(&'static str, &'static str)];

/// Default requests and limits.
pub(crate) struct Usual {
    pub(crate) requests: Amounts,
    pub(crate) limits: Amounts,
}

pub(crate) fn resources(given: Option<&api::Resources>, usual: &Usual) -> Resources {
    let or_usual = |given: Option<&BTreeMap<String, Quantity>>, usual: Amounts| match given.filter(|given| !given.is_empty()) {
        Some(given) => given.clone(),
        None => usual.iter().map(|(name, amount)| ((*name).to_owned(), Quantity::from(*amount))).collect(),
    };
    let mut requests = or_usual(given.map(|given| &given.requests), usual.requests);
    let mut limits = or_usual(given.map(|given| &given.limits), usual.limits);
    // If a given value conflicts with a default, the default is dropped: requests must not exceed limits.
    if given.is_some_and(|given| given.limits.is_empty()) {
        limits.retain(|name, limit| requests.get(name).is_none_or(|request| request <= limit));
    }
    if given.is_some_and(|given| given.requests.is_empty()) {
        for (name, request) in &mut requests {
            if let Some(limit) = limits.get(name).filter(|limit| *limit < request) {
                *request = limit.clone();
            }
        }
    }
    Resources { requests, limits }
}

pub(crate) fn storage(given: Option<&api::Storage>) -> Storage {
    Storage {
        size: given.and_then(|storage| storage.size.clone()).unwrap_or_else(|| Quantity::from("8Gi")),
        class: given.and_then(|storage| storage.storage_class_name.clone()),
    }
}
