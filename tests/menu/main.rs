//! The menu service, from outside.

mod change;
mod list;
mod price;
mod read;

use restaurant_booking_tests::{Api, Platform, Reply, Setup};
use serde_json::{Value, json};

const MENU: &str = "/api/v1/menu";

async fn platform() -> Platform {
    Platform::start(Setup::only("menu")).await
}

fn dish(name: &str, price: &str) -> Value {
    json!({"name": name, "price": price})
}

/// Puts dishes onto the menu; their ids in the same order.
async fn serve(admin: &Api, dishes: &[(&str, &str)]) -> Vec<i64> {
    let mut ids = Vec::new();
    for (name, price) in dishes {
        ids.push(admin.post(MENU, &dish(name, price)).await.expect(201).id());
    }
    ids
}

fn names(reply: &Reply) -> Vec<&str> {
    reply.body.as_array().expect("an array").iter().map(|dish| dish["name"].as_str().expect("a name")).collect()
}

fn next(reply: &Reply) -> Option<String> {
    let link = reply.header("link");
    (!link.is_empty())
        .then(|| link.strip_prefix('<').and_then(|rest| rest.strip_suffix(">; rel=\"next\"")).expect("a next page").to_owned())
}
