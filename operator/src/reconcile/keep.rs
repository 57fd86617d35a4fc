//! What is kept of a live object though another value is wanted. Pure.

use serde_json::Value;

use crate::api::Quantity;

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
