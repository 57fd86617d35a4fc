//! The dishes, as administrators add, change, price and delete them.

use chassis::http::identity::Role;
use restaurant_booking_tests::{Platform, Reply, Setup, token, topic};
use serde_json::{Value, json};

use crate::browser::{Browser, action, attributes, hidden, leads_to, links, says};
use crate::site;

/// The service alone, with its pages.
pub(crate) async fn menu() -> Platform {
    Platform::start(Setup { site: Some(site()), ..Setup::only("menu") }).await
}

/// A browser with the session of somebody.
fn signed_in(base: &str, role: Role) -> Browser {
    let session = token::session(1, role, 600);
    Browser::new(base).with("Cookie", &format!("other=1; session={session}")).with("Sec-Fetch-Site", "same-origin")
}

/// The browser of an administrator.
pub(crate) fn administrator(platform: &Platform) -> Browser {
    signed_in(platform.base("menu"), Role::Admin)
}

/// Adds a dish by the API; its id.
pub(crate) async fn dish(platform: &Platform, name: &str, price: &str, description: Option<&str>) -> i64 {
    let body = json!({"name": name, "price": price, "description": description});
    platform.admin("menu").post("/api/v1/menu", &body).await.expect(201).id()
}

/// All dishes, as everybody has them by the API: name, price and description.
pub(crate) async fn dishes(platform: &Platform) -> Vec<[String; 3]> {
    let list = platform.anyone("menu").get("/api/v1/menu").await.expect(200).body;
    let text = |dish: &Value, member: &str| dish[member].as_str().unwrap_or("none").to_owned();
    list.as_array().into_iter().flatten().map(|dish| ["name", "price", "description"].map(|member| text(dish, member))).collect()
}

pub(crate) fn is(dishes: &[[String; 3]], expected: &[[&str; 3]]) -> bool {
    dishes.iter().map(|dish| dish.each_ref().map(String::as_str)).eq(expected.iter().copied())
}

/// The value of a hidden field of the last form.
#[track_caller]
pub(crate) fn field(page: &Reply, name: &str) -> String {
    hidden(&page.text).into_iter().find(|(other, _)| other == name).expect(name).1
}

/// Fails unless a field of the form has this value.
#[track_caller]
pub(crate) fn has(page: &Reply, id: &str, value: &str) {
    let input = page.text.split(&format!("<input id=\"{id}\"")).nth(1).expect(id).split('>').next().unwrap_or_default();
    assert_eq!(attributes(input, "value"), [value], "{id} in {}", page.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_adds_changes_and_deletes_a_dish_which_guests_and_programs_see_at_once() {
    let platform = menu().await;
    let (own, guest) = (administrator(&platform), Browser::new(platform.base("menu")));
    let empty = own.open("/menu/edit").await.expect(200);
    says(&empty, "There is no dish on the menu yet.");
    assert_eq!((empty.header("cache-control"), empty.header("x-robots-tag")), ("no-store", "noindex"));
    let soup = [("name", "Borscht <hot>"), ("price", "8,5"), ("description", "Beetroot\r\nand sour cream")];
    let to = leads_to(&own.fill(&empty, &soup).await);
    let id: i32 = to.strip_prefix("/menu/edit#d").expect("the list at the dish").parse().expect("an id");
    let list = own.open("/menu/edit").await.expect(200);
    for text in [&format!("<li id=\"d{id}\">"), "<bdi>Borscht <hot></bdi>", "8.50", "Beetroot\nand sour cream"] {
        says(&list, text);
    }
    assert!(!list.text.contains("<hot>"), "{}", list.text);
    for field in ["name", "price"] {
        has(&list, field, "");
    }
    says(&guest.open("/menu").await.expect(200), "<bdi>Borscht <hot></bdi>");
    assert!(is(&dishes(&platform).await, &[["Borscht <hot>", "8.50", "Beetroot\nand sour cream"]]));

    let path = format!("/menu/edit/{id}");
    assert!(links(&list.text).contains(&path));
    let form = own.open(&path).await.expect(200);
    has(&form, "name", "Borscht <hot>");
    has(&form, "price", "8.50");
    says(&form, ">Beetroot\nand sour cream</textarea>");
    let changed = own.fill(&form, &[("name", "Borscht"), ("price", "9.00"), ("description", " ")]).await;
    assert_eq!(leads_to(&changed), format!("/menu/edit#d{id}"));
    says(&own.open("/menu/edit").await.expect(200), "9.00");
    says(&guest.open("/menu").await.expect(200), "9.00");
    assert!(is(&dishes(&platform).await, &[["Borscht", "9.00", "none"]]));

    let delete = format!("{path}/delete");
    assert!(links(&own.open(&path).await.text).contains(&delete));
    let asked = own.open(&delete).await.expect(200);
    for text in ["Delete this dish?", "Borscht", "9.00"] {
        says(&asked, text);
    }
    assert_eq!(dishes(&platform).await.len(), 1);
    assert_eq!(leads_to(&own.fill(&asked, &[]).await), "/menu/edit?deleted");
    says(&own.open("/menu/edit?deleted").await.expect(200), "The dish is deleted.");
    // Whoever taps twice has done it once.
    assert_eq!(leads_to(&own.fill(&asked, &[]).await), "/menu/edit?deleted");
    says(&guest.open("/menu").await.expect(200), "Our menu is on its way.");
    assert!(dishes(&platform).await.is_empty());

    let events = topic::read(&platform.kafka, "menu.events", 3).await;
    let told: Vec<_> = events.iter().map(|event| (event.kind(), event.data["name"].as_str())).collect();
    let name = [Some("Borscht <hot>"), Some("Borscht"), None];
    assert!(told.into_iter().eq(["menu.item.created", "menu.item.updated", "menu.item.deleted"].into_iter().zip(name)));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_administrators_change_the_menu_on_pages() {
    let platform = menu().await;
    let id = dish(&platform, "Tea", "3", None).await;
    let base = platform.base("menu");
    let paths = ["/menu/edit".to_owned(), format!("/menu/edit/{id}"), format!("/menu/edit/{id}/delete")];
    let fields = [("name", "Coffee"), ("price", "4"), ("version", "1"), ("key", "k")];
    for path in &paths {
        for role in [Role::Host, Role::User] {
            let browser = signed_in(base, role);
            says(&browser.open(path).await.expect(403), "That is not allowed here");
            browser.send(path, &fields).await.expect(403);
        }
        // Those who have not signed in do so first, and come back; a token of the API is no session.
        for browser in [Browser::new(base), Browser::new(base).with("Cookie", &format!("session={}", token::token(1, Role::Admin)))] {
            let to = leads_to(&browser.open(path).await);
            assert!(to.starts_with("http://localhost:8000/account/login?next=http%3A%2F%2F127"), "{to}");
            assert!(to.contains("%2Fmenu%2Fedit"), "{to}");
        }
    }
    // A session opens no API.
    let api = platform.anyone("menu").with_token(token::session(1, Role::Admin, 60));
    api.delete(&format!("/api/v1/menu/{id}")).await.problem(401, "unauthenticated");
    assert!(is(&dishes(&platform).await, &[["Tea", "3.00", "none"]]));
    // The way to the pages is shown to those for whom they are.
    assert!(links(&administrator(&platform).open("/menu/edit").await.text).contains(&"/menu/edit".to_owned()));
    assert!(!Browser::new(base).open("/menu").await.text.contains("/menu/edit"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_site_and_no_link_changes_the_menu() {
    let platform = menu().await;
    let id = dish(&platform, "Tea", "3", None).await;
    let (own, base) = (administrator(&platform), platform.base("menu").to_owned());
    let without = own.without("Sec-Fetch-Site");
    let foreign = [
        own.with("Sec-Fetch-Site", "cross-site"),
        own.with("Sec-Fetch-Site", "same-site"),
        own.with("Sec-Fetch-Site", "none").with("Origin", &base),
        without.clone(),
        without.with("Origin", "https://evil.example"),
        without.with("Origin", "http://localhost:8002"),
    ];
    let forms = [
        ("/menu/edit".to_owned(), vec![("name", "Coffee"), ("price", "4")]),
        (format!("/menu/edit/{id}"), vec![("name", "Coffee"), ("price", "4"), ("version", "1")]),
        (format!("/menu/edit/{id}/delete"), vec![("version", "1")]),
    ];
    for browser in foreign.iter().flat_map(|browser| [browser.clone(), browser.without("Cookie")]) {
        for (path, fields) in &forms {
            says(&browser.send(path, fields).await.expect(403), "That is not allowed here");
        }
    }
    // Nor does GET, whatever its query says.
    for (path, fields) in &forms {
        let query = reqwest::Url::parse_with_params("http://a/", fields).expect("a URL");
        let page = own.open(&format!("{path}?{}", query.query().unwrap_or_default())).await.expect(200);
        let policy = page.header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
        assert!(!page.text.contains("<script"), "{}", page.text);
    }
    assert!(is(&dishes(&platform).await, &[["Tea", "3.00", "none"]]));
    // An older browser tells the origin alone.
    leads_to(&without.with("Origin", &base).send(&forms[2].0, &forms[2].1).await);
    assert!(dishes(&platform).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dish_that_changed_meanwhile_is_shown_beside_what_was_typed() {
    let platform = menu().await;
    let id = dish(&platform, "Tea", "3", Some("Black")).await;
    let (own, path) = (administrator(&platform), format!("/menu/edit/{id}"));
    let (form, asked) = (own.open(&path).await.expect(200), own.open(&format!("{path}/delete")).await.expect(200));
    let other = json!({"name": "Green tea", "price": "4.20", "description": "From Uji"});
    platform.admin("menu").patch(&format!("/api/v1/menu/{id}"), &other).await.expect(200);

    let stale = own.fill(&form, &[("name", "Black tea"), ("price", "3,50"), ("description", "Assam")]).await.expect(412);
    for text in ["This dish was changed meanwhile", "On the menu now", "Green tea", "4.20", "From Uji", ">Assam</textarea>"] {
        says(&stale, text);
    }
    has(&stale, "name", "Black tea");
    has(&stale, "price", "3,50");
    assert_eq!((field(&form, "version"), field(&stale, "version")), ("1".to_owned(), "2".to_owned()));
    assert!(is(&dishes(&platform).await, &[["Green tea", "4.20", "From Uji"]]));
    // What is wrong is told with it, and does not hide it.
    let both = own.fill(&form, &[("name", "Black tea"), ("price", ""), ("description", "")]).await.expect(412);
    says(&both, "Enter the price");
    says(&both, "From Uji");
    // Saved again, it counts, and so it does where it is sent twice.
    for _ in 0..2 {
        let saved = own.fill(&stale, &[("name", "Black tea"), ("price", "3,50"), ("description", "Assam")]).await;
        assert_eq!(leads_to(&saved), format!("/menu/edit#d{id}"));
    }
    assert!(is(&dishes(&platform).await, &[["Black tea", "3.50", "Assam"]]));

    let stale = own.fill(&asked, &[]).await.expect(412);
    for text in ["it is not deleted yet", "Black tea", "3.50", "Assam"] {
        says(&stale, text);
    }
    assert_eq!(dishes(&platform).await.len(), 1);
    leads_to(&own.fill(&stale, &[]).await);
    assert!(dishes(&platform).await.is_empty());
    // A form without a version has seen none.
    let id = dish(&platform, "Coffee", "3", None).await;
    for path in [format!("/menu/edit/{id}"), format!("/menu/edit/{id}/delete")] {
        own.send(&path, &[("name", "Cocoa"), ("price", "3")]).await.expect(412);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dish_that_was_deleted_meanwhile_can_be_added_anew() {
    let platform = menu().await;
    let id = dish(&platform, "Tea", "3", None).await;
    let own = administrator(&platform);
    let path = format!("/menu/edit/{id}");
    let form = own.open(&path).await.expect(200);
    platform.admin("menu").delete(&format!("/api/v1/menu/{id}")).await.expect(204);
    for path in [path.clone(), format!("{path}/delete")] {
        says(&own.open(&path).await.expect(404), "This dish is no longer on the menu.");
    }
    let gone = own.fill(&form, &[("name", "Green tea"), ("price", "4.20"), ("description", "From Uji")]).await.expect(404);
    says(&gone, "This dish was deleted meanwhile.");
    has(&gone, "name", "Green tea");
    assert_eq!(action(&gone.text), "/menu/edit");
    let added = own.fill(&gone, &[("name", "Green tea"), ("price", "4.20"), ("description", "From Uji")]).await;
    assert!(leads_to(&added).starts_with("/menu/edit#d"));
    assert!(is(&dishes(&platform).await, &[["Green tea", "4.20", "From Uji"]]));
    for path in ["/menu/edit/x", "/menu/edit/0", "/menu/edit/99999999999", "/menu/edit/1/x"] {
        says(&own.open(path).await.expect(404), "There is nothing here");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_sent_twice_counts_once_and_another_dish_is_another_one() {
    let platform = menu().await;
    let own = administrator(&platform);
    let list = own.open("/menu/edit").await.expect(200);
    let tea = [("name", "Tea"), ("price", "3"), ("description", "")];
    let sent = tokio::join!(own.fill(&list, &tea), own.fill(&list, &tea), own.fill(&list, &tea), own.fill(&list, &tea));
    let first = leads_to(&sent.0);
    assert!(first.starts_with("/menu/edit#d"));
    for again in [sent.1, sent.2, sent.3] {
        assert_eq!(leads_to(&again), first);
    }
    // So does one that changes a dish.
    let page = own.open(&first.replace("#d", "/")).await.expect(200);
    let dearer = [("name", "Tea"), ("price", "3.50"), ("description", "")];
    let sent = tokio::join!(own.fill(&page, &dearer), own.fill(&page, &dearer), own.fill(&page, &dearer), own.fill(&page, &dearer));
    for again in [sent.0, sent.1, sent.2, sent.3] {
        assert_eq!(leads_to(&again), first);
    }
    // What else is typed into a form that came back is no second sending.
    leads_to(&own.fill(&list, &[("name", "Tea"), ("price", "4"), ("description", "")]).await);
    leads_to(&own.fill(&own.open("/menu/edit").await, &tea).await);
    let expected = [["Tea", "3.50", "none"], ["Tea", "4.00", "none"], ["Tea", "3.00", "none"]];
    assert!(is(&dishes(&platform).await, &expected), "{:?}", dishes(&platform).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dish_is_found_by_its_words_which_are_kept_on_the_way() {
    let platform = menu().await;
    for number in 0..300 {
        dish(&platform, &format!("Dish {number}"), "3", None).await;
    }
    let id = dish(&platform, "Chianti & more", "24", Some("Red wine")).await;
    let own = administrator(&platform);
    assert_eq!(own.open("/menu/edit").await.expect(200).text.matches("<li id=\"d").count(), 301);
    let found = own.open("/menu/edit?q=WINE").await.expect(200);
    says(&found, "1 dish found.");
    let path = format!("/menu/edit/{id}?q=WINE");
    assert!(links(&found.text).contains(&path) && !found.text.contains("Dish 1<"), "{}", found.text);
    let form = own.open(&path).await.expect(200);
    for link in ["/menu/edit?q=WINE".to_owned(), format!("/menu/edit/{id}/delete?q=WINE")] {
        assert!(links(&form.text).contains(&link), "{link}");
    }
    let saved = own.fill(&form, &[("name", "Chianti & more"), ("price", "25"), ("description", "Red wine")]).await;
    assert_eq!(leads_to(&saved), format!("/menu/edit?q=WINE#d{id}"));
    // A dish that the words find no longer is shown all the same.
    let form = own.open(&path).await;
    let saved = own.fill(&form, &[("name", "Chianti"), ("price", "25"), ("description", "")]).await;
    assert_eq!(leads_to(&saved), format!("/menu/edit#d{id}"));
    let none = own.open("/menu/edit?q=%26%3C").await.expect(200);
    says(&none, "0 dishes found.");
    has(&none, "q", "&<");
    let asked = own.open(&format!("/menu/edit/{id}/delete?q=%26%3C")).await.expect(200);
    assert_eq!(leads_to(&own.fill(&asked, &[]).await), "/menu/edit?q=%26%3C&deleted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_changes_nothing_that_was_not_typed() {
    let platform = menu().await;
    // Programs have line breaks of their own, which a browser does not send back.
    let id = dish(&platform, "Tea", "3", Some("Black\r\nor green")).await;
    let (own, path) = (administrator(&platform), format!("/menu/edit/{id}"));
    let same = [("name", "Tea"), ("price", "3.00"), ("description", "Black\r\nor green")];
    leads_to(&own.fill(&own.open(&path).await, &same).await);
    let version = platform.anyone("menu").get(&format!("/api/v1/menu/{id}")).await.expect(200);
    assert_eq!(version.header("etag"), "\"1\"");
    let dearer = [("name", "Tea"), ("price", "3.20"), ("description", "Black\r\nor green")];
    leads_to(&own.fill(&own.open(&path).await, &dearer).await);
    assert!(is(&dishes(&platform).await, &[["Tea", "3.20", "Black\r\nor green"]]));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_replica_shows_a_change_on_the_next_page() {
    let setup = Setup { services: vec!["menu"], replicas: 2, site: Some(site()), ..Setup::default() };
    let platform = Platform::start(setup).await;
    let [one, other]: [&str; 2] = platform.bases("menu").try_into().expect("two replicas");
    let (one, other) = (signed_in(one, Role::Admin), signed_in(other, Role::Admin));
    for number in 0..20 {
        let name = format!("Dish {number}");
        let added = leads_to(&one.fill(&one.open("/menu/edit").await, &[("name", &name), ("price", "3"), ("description", "")]).await);
        says(&other.open("/menu/edit").await.expect(200), &format!("<bdi>{name}</bdi>"));
        let path = format!("/menu/edit/{}", added.rsplit("#d").next().unwrap_or_default());
        leads_to(&other.fill(&other.open(&path).await, &[("name", &name), ("price", "4"), ("description", "")]).await);
        has(&one.open(&path).await.expect(200), "price", "4.00");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_dishes_speak_every_language() {
    let platform = menu().await;
    let id = dish(&platform, "Tea", "3.50", None).await;
    let own = administrator(&platform);
    for (language, heading, price, save, delete, wrong) in [
        ("en", "<h1>Dishes</h1>", "3.50", "Save", "Delete it", "such as 12.50"),
        ("de", "<h1>Gerichte</h1>", "3,50", "Speichern", "Löschen", "wie 12,50"),
        ("ru", "<h1>Блюда</h1>", "3,50", "Сохранить", "Удалить", "например 12,50"),
    ] {
        let open = async |path: &str| own.open(&format!("{path}?lang={language}")).await.expect(200);
        let list = open("/menu/edit").await;
        assert!(list.text.contains(&format!("<html lang=\"{language}\">")));
        says(&list, heading);
        says(&list, price);
        let form = open(&format!("/menu/edit/{id}")).await;
        says(&form, save);
        has(&form, "price", price);
        says(&open(&format!("/menu/edit/{id}/delete")).await, delete);
        says(&own.fill(&form, &[("name", "Tea"), ("price", "x"), ("description", "")]).await.expect(422), wrong);
        let saved = own.fill(&form, &[("name", "Tea"), ("price", price), ("description", "")]).await;
        assert_eq!(leads_to(&saved), format!("/menu/edit?lang={language}#d{id}"));
    }
}
