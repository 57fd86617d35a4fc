//! The accounts of the staff, as administrators make and change them.

use restaurant_booking_tests::Platform;
use restaurant_booking_tests::platform::ADMIN_EMAIL;
use serde_json::{Value, json};

use crate::account::{account, administrator, at, auth, sign_in, with_session};
use crate::browser::{Browser, action, hidden, leads_to, links, says};

async fn user(platform: &Platform, id: i64) -> Value {
    platform.admin("auth").get(&format!("/auth/users/{id}")).await.expect(200).body
}

/// The one-time password in a page.
fn password(page: &str) -> String {
    let marked = page.split("class=\"code\"><bdi dir=\"ltr\">").nth(1).expect("a password");
    marked.split('<').next().unwrap_or_default().to_owned()
}

/// A host who has chosen a password: the id, and the browser.
async fn host(platform: &Platform) -> (i64, Browser) {
    let (id, one_time) = account(platform, "rosa@restaurant.com", "host").await;
    let browser = at(platform);
    let rosa = with_session(&browser, &sign_in(&browser, "rosa@restaurant.com", &one_time).await);
    let fields = [("current_password", one_time.as_str()), ("new_password", "A long walk home")];
    (id, with_session(&browser, &rosa.send("/account/password", &fields).await))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_adds_a_host_who_signs_in_with_the_password_that_is_shown_once() {
    let platform = auth().await;
    let own = administrator(&platform).await;
    let page = own.open("/account/staff").await.expect(200);
    for text in [ADMIN_EMAIL, "Administrator", "(you)", "Add somebody"] {
        says(&page, text);
    }
    let added = own.fill(&page, &[("name", "Rosa <Bianchi>"), ("email", "rosa@restaurant.com"), ("role", "host")]).await.expect(201);
    says(&added, "it is shown this once");
    says(&added, &format!("{}/account/login", platform.base("auth")));
    assert!(added.text.contains("Rosa &#60;Bianchi&#62;"), "{}", added.text);
    assert_eq!(added.header("cache-control"), "no-store");
    let one_time = password(&added.text);
    let list = own.open("/account/staff").await.expect(200);
    says(&list, "Rosa <Bianchi>");
    assert!(!list.text.contains(&one_time));
    let signed_in = sign_in(&at(&platform), "rosa@restaurant.com", &one_time).await;
    assert_eq!(leads_to(&signed_in), "/account/password");
    // The same form sent once more makes no second account.
    let again = own.fill(&page, &[("name", "Rosa"), ("email", "ROSA@restaurant.com"), ("role", "admin")]).await.expect(409);
    says(&again, "This e-mail address belongs to an account already.");
    says(&again, "value=\"ROSA@restaurant.com\"");
    assert!(again.text.contains("value=\"admin\" required checked"), "{}", again.text);
    let wrong = own.fill(&page, &[("name", " "), ("email", "rosa")]).await.expect(422);
    for text in ["Enter the name.", "Enter an e-mail address such as", "Choose a role."] {
        says(&wrong, text);
    }
    assert!(links(&wrong.text).contains(&"#role-host".to_owned()));
    own.fill(&page, &[("name", "Eve"), ("email", "eve@example.com"), ("role", "user")]).await.expect(422);
    assert_eq!(platform.admin("auth").get("/auth/users").await.body.as_array().map(Vec::len), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_opens_no_page_of_accounts_and_loses_nothing_else() {
    let platform = auth().await;
    let (id, rosa) = host(&platform).await;
    for path in ["/account/staff".to_owned(), format!("/account/staff/{id}"), format!("/account/staff/{id}/password")] {
        says(&rosa.open(&path).await.expect(403), "That is not allowed here");
        let fields = [("role", "admin"), ("version", "1"), ("name", "Eve"), ("email", "eve@example.com")];
        rosa.send(&path, &fields).await.expect(403);
    }
    assert_eq!(user(&platform, id).await["role"], "host");
    let own = rosa.open("/account/logout").await.expect(200);
    assert!(!links(&own.text).iter().any(|link| link == "/account/staff"), "{}", own.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_given_at_once_and_taken_away_after_a_question() {
    let platform = auth().await;
    let own = administrator(&platform).await;
    let (id, rosa) = host(&platform).await;
    let path = format!("/account/staff/{id}");
    let page = own.open(&path).await.expect(200);
    let given = own.fill(&page, &[("role", "admin")]).await;
    assert_eq!(leads_to(&given), format!("{path}?saved"));
    says(&own.open(&leads_to(&given)).await.expect(200), "The role is saved.");
    // It counts in the session that she has, and so does its end.
    rosa.open("/account/staff").await.expect(200);
    let page = own.open(&path).await.expect(200);
    let asked = own.fill(&page, &[("role", "user")]).await.expect(200);
    for text in ["Take this role away?", "Rosa Bianchi", "May not open the staff’s pages."] {
        says(&asked, text);
    }
    assert_eq!(user(&platform, id).await["role"], "admin");
    assert_eq!(action(&asked.text), path);
    leads_to(&own.fill(&asked, &[]).await);
    assert_eq!(user(&platform, id).await["role"], "user");
    rosa.open("/account/staff").await.expect(403);
    assert!(!own.open("/account/staff").await.text.contains("rosa@restaurant.com"));
    sign_in(&at(&platform), "rosa@restaurant.com", "A long walk home").await.expect(403);
    // Nothing is lost: her page gives the role again, and says what to mind.
    let page = own.open(&path).await.expect(200);
    says(&page, "anybody may have made it");
    leads_to(&own.fill(&page, &[("role", "host")]).await);
    assert_eq!(user(&platform, id).await["role"], "host");
    own.open("/account/staff/99999").await.expect(404);
    own.open("/account/staff/x").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_changed_meanwhile_is_shown_anew() {
    let platform = auth().await;
    let own = administrator(&platform).await;
    let (id, _) = account(&platform, "rosa@restaurant.com", "host").await;
    let path = format!("/account/staff/{id}");
    let page = own.open(&path).await.expect(200);
    let asked = own.fill(&page, &[("role", "user")]).await.expect(200);
    platform.admin("auth").patch(&format!("/auth/users/{id}"), &json!({"role": "admin"})).await.expect(200);
    for form in [&page, &asked] {
        let stale = own.fill(form, &[("role", "user"), ("sure", "yes")]).await.expect(412);
        says(&stale, "This account has changed meanwhile.");
        says(&stale, "Administrator");
        let version = hidden(&stale.text).into_iter().find(|(name, _)| name == "version").expect("the version");
        assert_eq!(version.1, "2");
    }
    assert_eq!(user(&platform, id).await["role"], "admin");
    for fields in [&[("role", "user")][..], &[("version", "2")], &[("role", "queen"), ("version", "2")]] {
        says(&own.send(&path, fields).await.expect(422), "Choose a role.");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_keeps_the_role_and_another_may_give_it_away() {
    let platform = auth().await;
    let own = administrator(&platform).await;
    let id = platform.admin("auth").get("/auth/users?role=admin").await.body[0]["id"].as_i64().expect("an id");
    let path = format!("/account/staff/{id}");
    let page = own.open(&path).await.expect(200);
    says(&page, "The only administrator keeps the role.");
    assert!(!page.text.contains("name=\"role\""), "{}", page.text);
    let version = user(&platform, id).await["version"].to_string();
    let refused = own.send(&path, &[("role", "host"), ("version", &version), ("sure", "yes")]).await.expect(409);
    says(&refused, "The only administrator keeps the role.");
    assert_eq!(user(&platform, id).await["role"], "admin");

    account(&platform, "rosa@restaurant.com", "admin").await;
    let page = own.open(&path).await.expect(200);
    let asked = own.fill(&page, &[("role", "host")]).await.expect(200);
    says(&asked, "This is your own account.");
    let given = own.fill(&asked, &[]).await;
    assert_eq!(leads_to(&given), "/account/logout");
    let host = with_session(&own, &given);
    says(&host.open("/account/logout").await.expect(200), "Host");
    host.open("/account/staff").await.expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_forgot_their_password_gets_one_for_one_time() {
    let platform = auth().await;
    let own = administrator(&platform).await;
    let (id, _) = host(&platform).await;
    let browser = at(&platform);
    for _ in 0..10 {
        sign_in(&browser, "rosa@restaurant.com", "forgotten").await.expect(422);
    }
    sign_in(&browser, "rosa@restaurant.com", "A long walk home").await.expect(429);
    let path = format!("/account/staff/{id}/password");
    let asked = own.open(&path).await.expect(200);
    says(&asked, "Their present password will no longer work.");
    let made = own.fill(&asked, &[]).await.expect(200);
    says(&made, "it is shown this once");
    let one_time = password(&made.text);
    assert!(!own.open(&path).await.text.contains(&one_time));
    sign_in(&browser, "rosa@restaurant.com", "A long walk home").await.expect(422);
    assert_eq!(leads_to(&sign_in(&browser, "rosa@restaurant.com", &one_time).await), "/account/password");
    // One's own is changed where it is known.
    let id = platform.admin("auth").get("/auth/users?role=admin").await.body[0]["id"].as_i64().expect("an id");
    let page = own.open(&format!("/account/staff/{id}")).await.expect(200);
    assert!(links(&page.text).contains(&"/account/password".to_owned()));
}
