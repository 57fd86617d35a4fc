//! What is kept of a live object though another value is wanted. Pure.

use serde_json::Value;

use crate::api::Quantity;

use super::names::COMPONENT;

/// Keeps the size of a volume that is larger than wanted, since it cannot shrink. It was expanded by hand, or kept from a resource that
/// asked for more.
pub(super) fn keep_size(live: &Value, wanted: &mut Value) {
    const SIZE: &str = "/spec/resources/requests/storage";
    let amount = |object: &Value| object.pointer(SIZE).and_then(Value::as_str).map(Quantity::from);
    if let (Some(live), Some(size)) = (amount(live), wanted.pointer_mut(SIZE))
        && size.as_str().is_some_and(|size| live > Quantity::from(size))
    {
        *size = live.to_string().into();
    }
}

/// Keeps the spec of a Job whose name stands for what it does once, such as a restore: the spec of a Job cannot change, and what was done by one
/// image is not done again by the next.
pub(super) fn keep_job(live: &Value, wanted: &mut Value) {
    const ONCE: [&str; 3] = ["-backup", "-restore", "-after"];
    let component = wanted["metadata"]["labels"][COMPONENT].as_str().unwrap_or_default();
    if ONCE.iter().any(|suffix| component.ends_with(suffix)) {
        wanted["spec"] = live["spec"].clone();
    }
}
