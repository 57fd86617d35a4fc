//! What is kept of a live object though another value is wanted. Pure.

use serde_json::{Value, json};

use super::kind::Kind;
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

/// Keeps the connections that a database allows if they are more than wanted: a lower number would restart the database to no purpose.
pub(super) fn keep_connections(kind: Kind, live: &Value, wanted: &mut Value) {
    const ARGS: &str = "/spec/template/spec/containers/0/args";
    const PARAMETERS: &str = "/spec/postgresql/parameters";
    let number = |text: &Value| text.as_str().and_then(|text| text.trim_start_matches("max_connections=").parse::<i32>().ok());
    match kind {
        Kind::StatefulSet => {
            let of = |object: &Value| object.pointer(ARGS).and_then(|args| number(&args[1])).unwrap_or(0);
            // Only the number is kept. Other arguments were edited by hand.
            if of(live) > of(wanted) {
                wanted["spec"]["template"]["spec"]["containers"][0]["args"] = json!(["-c", format!("max_connections={}", of(live))]);
            }
        }
        Kind::Cluster => {
            let of = |object: &Value| object.pointer(PARAMETERS).and_then(|all| number(&all["max_connections"])).unwrap_or(0);
            if of(live) > of(wanted) {
                wanted["spec"]["postgresql"]["parameters"]["max_connections"] =
                    live["spec"]["postgresql"]["parameters"]["max_connections"].clone();
            }
        }
        _ => {}
    }
}
