use restaurant_booking_tests::{Api, Reply};
use serde_json::json;

use crate::{MENU, dish, names, next, platform, serve};

const DISHES: &[(&str, &str)] =
    &[("tea", "2.50"), ("Soup", "5"), ("Tea", "2.50"), ("Bread", "1"), ("soufflé 100%", "9.99"), ("Под_шубой", "7"), ("Straße", "0")];

#[tokio::test(flavor = "multi_thread")]
async fn dishes_are_found_by_text_and_price() {
    let platform = platform().await;
    let (admin, anyone) = (platform.admin("menu"), platform.anyone("menu"));
    serve(&admin, DISHES).await;
    admin.post(MENU, &json!({"name": "Plain", "price": 50, "description": "With a cup of TEA"})).await.expect(201);
    let found = async |query: &str| {
        names(&anyone.get(&format!("{MENU}?{query}")).await.expect(200)).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(found("q=tEa").await, ["tea", "Tea", "Plain"]);
    assert_eq!(found("q=%20sou%20").await, ["Soup", "soufflé 100%"]);
    assert_eq!(found("q=FL%C3%89").await, ["soufflé 100%"]);
    assert_eq!(found("q=%D0%BF%D0%BE%D0%94").await, ["Под_шубой"]);
    assert_eq!(found("q=STRASSE").await, ["Straße"]);
    assert_eq!(found("q=%25").await, ["soufflé 100%"]);
    assert_eq!(found("q=_").await, ["Под_шубой"]);
    assert_eq!(found("q=").await.len(), 8);
    assert_eq!(found("q=nothing").await, [""; 0]);
    assert_eq!(found("min_price=5&max_price=7.00").await, ["Soup", "Под_шубой"]);
    assert_eq!(found("min_price=9.99&max_price=9.99").await, ["soufflé 100%"]);
    assert_eq!(found("max_price=0").await, ["Straße"]);
    assert_eq!(found("min_price=1e1").await, ["Plain"]);
    assert_eq!(found("q=tea&max_price=3&sort=-name").await, ["Tea", "tea"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn dishes_are_sorted_and_those_alike_stay_in_the_order_of_their_ids() {
    let platform = platform().await;
    serve(&platform.admin("menu"), &DISHES[..5]).await;
    let sorted = async |sort: &str| {
        let mut all = Vec::new();
        let mut path = Some(format!("{MENU}?{sort}limit=2"));
        while let Some(page) = path {
            let reply = platform.anyone("menu").get(&page).await.expect(200);
            let found: Vec<String> = names(&reply).into_iter().map(str::to_owned).collect();
            assert_eq!(found.len(), if next(&reply).is_some() { 2 } else { 1 });
            all.extend(found);
            path = next(&reply);
        }
        all
    };
    assert_eq!(sorted("").await, ["tea", "Soup", "Tea", "Bread", "soufflé 100%"]);
    assert_eq!(sorted("sort=name&").await, ["Bread", "soufflé 100%", "Soup", "tea", "Tea"]);
    assert_eq!(sorted("sort=-name&").await, ["Tea", "tea", "Soup", "soufflé 100%", "Bread"]);
    assert_eq!(sorted("sort=price&").await, ["Bread", "tea", "Tea", "Soup", "soufflé 100%"]);
    assert_eq!(sorted("sort=-price&").await, ["soufflé 100%", "Soup", "Tea", "tea", "Bread"]);
}

async fn pages(api: &Api, first: &str) -> (Vec<usize>, Vec<i64>) {
    let (mut sizes, mut all, mut path) = (Vec::new(), Vec::new(), Some(first.to_owned()));
    while let Some(page) = path {
        let reply: Reply = api.get(&page).await.expect(200);
        let ids: Vec<i64> = reply.body.as_array().expect("an array").iter().map(|dish| dish["id"].as_i64().expect("an id")).collect();
        sizes.push(ids.len());
        all.extend(ids);
        path = next(&reply);
    }
    (sizes, all)
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_each_other_without_loss_or_repetition() {
    let platform = platform().await;
    let (admin, anyone) = (platform.admin("menu"), platform.anyone("menu"));
    let mut ids = Vec::new();
    for number in 0..103 {
        ids.push(admin.post(MENU, &dish(&format!("Dish {}", number % 7), &(number % 5).to_string())).await.expect(201).id());
    }
    assert_eq!(pages(&anyone, MENU).await, (vec![50, 50, 3], ids.clone()));
    assert_eq!(pages(&anyone, &format!("{MENU}/?limit=100")).await, (vec![100, 3], ids.clone()));
    for sort in ["name", "-name", "price", "-price"] {
        let (sizes, mut all) = pages(&anyone, &format!("{MENU}?sort={sort}&limit=25")).await;
        all.sort_unstable();
        assert_eq!((sizes, all), (vec![25, 25, 25, 25, 3], ids.clone()), "{sort}");
    }
    assert_eq!(pages(&anyone, &format!("{MENU}?q=dish%203&limit=10")).await.0, [10, 5]);

    // A dish that comes or goes between two pages moves no other.
    let first = anyone.get(&format!("{MENU}?limit=40")).await.expect(200);
    admin.delete(&format!("{MENU}/{}", ids[10])).await.expect(204);
    admin.delete(&format!("{MENU}/{}", ids[39])).await.expect(204);
    let newest = admin.post(MENU, &dish("Newest", "1")).await.expect(201).id();
    let rest = pages(&anyone, &next(&first).expect("a next page")).await.1;
    assert_eq!(rest, ids[40..].iter().copied().chain([newest]).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_that_are_wrong_are_refused_with_every_reason() {
    let platform = platform().await;
    let (admin, anyone) = (platform.admin("menu"), platform.anyone("menu"));
    serve(&admin, &DISHES[..3]).await;
    let refused = async |query: &str, places: &[&str]| {
        anyone.get(&format!("{MENU}?{query}")).await.invalid(places);
    };
    refused(
        "limit=0&cursor=invented&sort=colour&min_price=x&max_price=1.234&q=a%00&page=2",
        &["?limit", "?cursor", "?sort", "?min_price", "?max_price", "?q", "?page"],
    )
    .await;
    refused("min_price=5&max_price=4.99", &["?min_price"]).await;
    refused("min_price=-1", &["?min_price"]).await;
    refused("max_price=100000000", &["?max_price"]).await;
    refused("min_price=&max_price=NaN", &["?min_price", "?max_price"]).await;
    refused("limit=101", &["?limit"]).await;
    refused("limit=1.5", &["?limit"]).await;
    refused("limit=", &["?limit"]).await;
    refused("limit=5&limit=5&sort=name&sort=price", &["?limit", "?sort"]).await;
    refused(&format!("q={}", "x".repeat(256)), &["?q"]).await;
    refused("q=%FF", &["?q"]).await;
    // A cursor is good for the order that it was made for.
    let by_name = next(&anyone.get(&format!("{MENU}?sort=name&limit=1")).await.expect(200)).expect("a next page");
    let cursor = by_name.split_once("cursor=").expect("a cursor").1;
    for order in ["", "sort=-name&", "sort=price&"] {
        refused(&format!("{order}cursor={cursor}"), &["?cursor"]).await;
    }
    refused(&format!("sort=name&cursor={cursor}x"), &["?cursor"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_found_however_its_accents_were_typed() {
    let platform = platform().await;
    let (admin, anyone) = (platform.admin("menu"), platform.anyone("menu"));
    serve(&admin, &[("Cr\u{e8}me br\u{fb}l\u{e9}e", "8"), ("Cre\u{300}me caramel", "7"), ("Tea", "3")]).await;
    for query in ["cr%C3%A8me", "CRE%CC%80ME"] {
        assert_eq!(names(&anyone.get(&format!("{MENU}?q={query}")).await.expect(200)).len(), 2, "{query}");
    }
}
