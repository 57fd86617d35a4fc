use reqwest::Method;
use restaurant_booking_tests::api::send;
use serde_json::json;

use crate::{MENU, dish, next, platform, serve};

#[tokio::test(flavor = "multi_thread")]
async fn a_list_and_a_dish_that_are_known_are_not_sent_again() {
    let platform = platform().await;
    let (admin, anyone) = (platform.admin("menu"), platform.anyone("menu"));
    let ids = serve(&admin, &[("Tea", "3"), ("Soup", "5")]).await;
    let item = format!("{MENU}/{}", ids[0]);
    let paths = [MENU.to_owned(), format!("{MENU}?limit=1"), format!("{MENU}?q=tea&sort=-price"), item.clone()];
    let read = async |path: &str, condition: &str| send(anyone.request(Method::GET, path).header("If-None-Match", condition)).await;
    let mut tags = Vec::new();
    for path in &paths {
        let reply = anyone.get(path).await.expect(200);
        let tag = reply.header("etag").to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 2, "{tag} is strong");
        for condition in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let known = read(path, &condition).await.expect(304);
            assert_eq!((known.text.as_str(), known.header("etag")), ("", tag.as_str()));
        }
        assert_eq!(read(path, "\"x\"").await.expect(200).body, reply.body);
        read(path, "x").await.invalid(&["If-None-Match:"]);
        tags.push(tag);
    }
    admin.patch(&item, &json!({"price": 4})).await.expect(200);
    for (path, tag) in paths.iter().zip(&tags) {
        let reply = read(path, tag).await.expect(200);
        assert_ne!(reply.header("etag"), tag, "{path}");
    }
}

/// The page itself is as it was, but is not the last one any more.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_gets_a_successor_is_another_page() {
    let platform = platform().await;
    let (admin, anyone) = (platform.admin("menu"), platform.anyone("menu"));
    serve(&admin, &[("Tea", "3")]).await;
    let path = format!("{MENU}?limit=1");
    let last = anyone.get(&path).await.expect(200);
    admin.post(MENU, &dish("Soup", "5")).await.expect(201);
    let again = send(anyone.request(Method::GET, &path).header("If-None-Match", last.header("etag"))).await.expect(200);
    assert_eq!(again.body, last.body);
    assert!(next(&last).is_none() && next(&again).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dish_that_is_not_there_is_not_found() {
    let platform = platform().await;
    let anyone = platform.anyone("menu");
    anyone.get(&format!("{MENU}/1")).await.problem(404, "not_found");
    anyone.get(&format!("{MENU}/2147483647")).await.problem(404, "not_found");
    for id in ["0", "-1", "abc", "2147483648", "1.5", "1e1", "+1", "%20", "99999999999999999999", "%D9%A3"] {
        anyone.get(&format!("{MENU}/{id}")).await.invalid(&["?id"]);
    }
}
