//! Signing in and out, and choosing a password, as the staff do it.

use chassis::http::identity::{Claims, PAGES_AUDIENCE, Role};
use restaurant_booking_tests::platform::{ADMIN_EMAIL, ADMIN_PASSWORD, eventually};
use restaurant_booking_tests::{Platform, Reply, Setup, token};
use serde_json::json;
use site::settings::Site;

use crate::browser::{Browser, leads_to, links, says};
use crate::site;

/// Forms of one's own pages, as browsers send them.
pub(crate) fn at(platform: &Platform) -> Browser {
    Browser::new(platform.base("auth")).with("Sec-Fetch-Site", "same-origin")
}

/// The service alone, with its pages.
pub(crate) async fn auth() -> Platform {
    Platform::start(Setup { site: Some(site()), ..Setup::only("auth") }).await
}

/// The browser with the session that an answer gave it.
#[track_caller]
pub(crate) fn with_session(browser: &Browser, reply: &Reply) -> Browser {
    let cookie = reply.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
    assert!(cookie.starts_with("session=ey"), "{cookie:?}");
    browser.with("Cookie", &cookie)
}

/// Signs somebody in; the answer.
pub(crate) async fn sign_in(browser: &Browser, email: &str, password: &str) -> Reply {
    browser.send("/account/login", &[("email", email), ("password", password)]).await
}

/// The browser of the first administrator.
pub(crate) async fn administrator(platform: &Platform) -> Browser {
    let browser = at(platform);
    with_session(&browser, &sign_in(&browser, ADMIN_EMAIL, ADMIN_PASSWORD).await.expect(303))
}

/// Makes an account by the API; its id and its one-time password.
pub(crate) async fn account(platform: &Platform, email: &str, role: &str) -> (i64, String) {
    let body = json!({"email": email, "full_name": "Rosa Bianchi", "role": role});
    let made = platform.admin("auth").post("/auth/users", &body).await.expect(201);
    (made.id(), made.body["one_time_password"].as_str().expect("a password").to_owned())
}

/// A session of a user that was given in this way, and not by a page.
fn session(change: impl FnOnce(&mut Claims)) -> String {
    let mut claims = Claims { aud: PAGES_AUDIENCE.to_owned(), ..token::claims(1, Role::Admin) };
    change(&mut claims);
    let token = jsonwebtoken::encode(&token::header(), &claims, &token::signing_key()).expect("a token");
    format!("session={token}")
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_of_the_staff_signs_in_goes_on_and_signs_out() {
    let platform = auth().await;
    let browser = at(&platform);
    let page = browser.open("/account/login").await.expect(200);
    for part in ["autocomplete=\"username\"", "autocomplete=\"current-password\"", "Sign in"] {
        says(&page, part);
    }
    let signed_in = sign_in(&browser, " Admin@Restaurant.COM ", ADMIN_PASSWORD).await;
    assert_eq!(leads_to(&signed_in), "http://localhost:8002/host");
    assert_eq!(signed_in.header("cache-control"), "no-store");
    let own = with_session(&browser, &signed_in);
    // Somebody else may sign in at the same browser, and is told whose session it has.
    let again = own.open("/account/login?next=http%3A%2F%2Flocalhost%3A8001%2Fmenu%2Fedit").await.expect(200);
    says(&again, "You are signed in as");
    says(&again, ADMIN_EMAIL);
    assert!(links(&again.text).contains(&"http://localhost:8001/menu/edit".to_owned()));
    let account = own.open("/account/logout").await.expect(200);
    says(&account, ADMIN_EMAIL);
    says(&account, "Administrator");
    for way in ["http://localhost:8002/host", "/account/staff", "/account/password"] {
        assert!(links(&account.text).contains(&way.to_owned()), "{way}");
    }
    says(&own.open("/account/signed-in").await.expect(200), "Close this tab, and go on in the other one.");

    let out = own.send("/account/logout", &[]).await;
    assert_eq!(leads_to(&out), "/account/login");
    assert_eq!(out.header("set-cookie"), "session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
    for page in ["/account/logout", "/account/signed-in", "/account/password", "/account/staff"] {
        let to = leads_to(&browser.open(page).await);
        assert!(to.starts_with("/account/login?next=http%3A%2F%2F127"), "{to}");
    }
    // A page that was asked for by name is the one on which one goes on.
    let to = leads_to(&browser.open("/account/staff?lang=de").await);
    let form = browser.open(&to).await.expect(200);
    says(&form, "Anmelden");
    let signed_in = browser.fill(&form, &[("email", ADMIN_EMAIL), ("password", ADMIN_PASSWORD)]).await;
    assert_eq!(leads_to(&signed_in), format!("{}/account/staff?lang=de", platform.base("auth")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_and_the_email_address_is_kept() {
    let platform = auth().await;
    let browser = at(&platform);
    let missing = sign_in(&browser, "", "").await.expect(422);
    for text in ["Please check what you typed", "Enter the e-mail address.", "Enter the password.", "<title>Please correct: Sign in"] {
        says(&missing, text);
    }
    assert!(links(&missing.text).contains(&"#email".to_owned()));
    for (email, password) in [(ADMIN_EMAIL, "wrong"), ("nobody@restaurant.com", ADMIN_PASSWORD), ("<bold>", "x1")] {
        let wrong = sign_in(&browser, email, password).await.expect(422);
        says(&wrong, "No account has this e-mail address and password.");
        says(&wrong, &format!("value=\"{email}\""));
        assert!(!wrong.text.contains(&format!("value=\"{password}\"")) && !wrong.text.contains("<bold>"), "{}", wrong.text);
        assert_eq!((wrong.header("set-cookie"), wrong.header("cache-control")), ("", "no-store"));
    }
    // A guest finds nothing here, and no session.
    let guest = json!({"email": "guest@example.com", "password": "Guest123!"});
    platform.anyone("auth").post("/auth/register", &guest).await.expect(201);
    let refused = sign_in(&browser, "guest@example.com", "Guest123!").await.expect(403);
    says(&refused, "there is nothing for it on the staff’s pages");
    assert_eq!(refused.header("set-cookie"), "");
    says(&sign_in(&browser, &"x".repeat(300), "x").await.expect(422), "Enter the e-mail address.");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_counts_wrong_passwords_as_the_api_does() {
    let platform = auth().await;
    let browser = at(&platform);
    for attempt in 0..10 {
        if attempt % 2 == 0 {
            sign_in(&browser, ADMIN_EMAIL, "wrong").await.expect(422);
        } else {
            let body = json!({"email": ADMIN_EMAIL, "password": "wrong"});
            platform.anyone("auth").post("/auth/login", &body).await.problem(401, "invalid_credentials");
        }
    }
    let closed = sign_in(&browser, ADMIN_EMAIL, ADMIN_PASSWORD).await.expect(429);
    says(&closed, "There were too many attempts with a wrong password. Please wait 15 minutes");
    let seconds: u64 = closed.header("retry-after").parse().expect("seconds");
    assert!((1..=900).contains(&seconds), "{seconds}");
    assert_eq!(closed.header("set-cookie"), "");
    let german = browser.send("/account/login?lang=de", &[("email", ADMIN_EMAIL), ("password", ADMIN_PASSWORD)]).await.expect(429);
    says(&german, "Bitte warten Sie 15 Minuten");
    platform.anyone("auth").post("/auth/login", &json!({"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD})).await.expect(429);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_led_from_the_sign_in_to_a_page_of_others() {
    let platform = auth().await;
    let browser = at(&platform);
    let sign_in = async |next: &str| {
        let fields = [("email", ADMIN_EMAIL), ("password", ADMIN_PASSWORD), ("next", next)];
        leads_to(&browser.send("/account/login", &fields).await)
    };
    for next in [
        "https://evil.example/",
        "//evil.example/host",
        "http://localhost:8002.evil.example/host",
        "http://localhost:8002@evil.example/",
        "http://localhost:8002\\@evil.example/",
        "https://localhost:8002/host",
        "javascript:alert(1)",
        "http://localhost:8002/host\r\nSet-Cookie: session=x",
        "/\\evil.example",
    ] {
        assert_eq!(sign_in(next).await, "http://localhost:8002/host", "{next:?}");
        let page = browser
            .open(&format!(
                "/account/login?{}",
                reqwest::Url::parse_with_params("http://a/", [("next", next)]).expect("a URL").query().unwrap_or_default()
            ))
            .await;
        assert!(!page.expect(200).text.contains("name=\"next\""), "{next:?}");
    }
    let own = platform.base("auth").to_owned();
    for next in ["http://localhost:8002/host?date=2030-05-17", "http://localhost:8001/menu/edit", &format!("{own}/account/staff")] {
        assert_eq!(sign_in(next).await, next);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_tls_the_session_is_a_cookie_of_this_host_alone() {
    let secure = "https://book.example.com".to_owned();
    let site = Site { auth_url: secure.clone(), menu_url: secure.clone(), reservation_url: secure.clone(), ..site() };
    let mut platform = Platform::start(Setup { services: vec![], ..Setup::default() }).await;
    let database = restaurant_booking_tests::database::migrated("auth").await;
    let base = platform.add_with("auth", site, database).await;
    let browser = Browser::new(&base).with("Origin", &secure);
    let signed_in = sign_in(&browser, ADMIN_EMAIL, ADMIN_PASSWORD).await;
    assert_eq!(leads_to(&signed_in), "https://book.example.com/host");
    let cookie = signed_in.header("set-cookie").to_owned();
    let (token, attributes) = cookie.split_once("; ").expect("attributes");
    assert!(token.starts_with("__Host-session=ey"), "{cookie}");
    assert_eq!(attributes, "Path=/; Max-Age=43200; HttpOnly; SameSite=Lax; Secure");
    let out = browser.send("/account/logout", &[]).await.expect(303);
    assert_eq!(out.header("set-cookie"), "__Host-session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure");
    // The name without the prefix, which another host of the domain could set, is none.
    let plain = browser.with("Cookie", &token.replace("__Host-", ""));
    leads_to(&plain.open("/account/staff").await);
    browser.with("Cookie", token).open("/account/staff").await.expect(200);
    // Behind plain HTTP, as on a laptop, the rest is the same.
    let laptop = auth().await;
    let signed_in = sign_in(&at(&laptop), ADMIN_EMAIL, ADMIN_PASSWORD).await.expect(303);
    let cookie = signed_in.header("set-cookie");
    assert_eq!(cookie.split_once("; ").expect("attributes").1, "Path=/; Max-Age=43200; HttpOnly; SameSite=Lax");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_another_site_is_refused_with_a_session_or_without() {
    let platform = auth().await;
    let base = platform.base("auth").to_owned();
    let own = administrator(&platform).await;
    let (id, _) = account(&platform, "rosa@restaurant.com", "host").await;
    let forms: [(String, &[(&str, &str)]); 5] = [
        ("/account/login".to_owned(), &[("email", ADMIN_EMAIL), ("password", ADMIN_PASSWORD)]),
        ("/account/logout".to_owned(), &[]),
        ("/account/password".to_owned(), &[("current_password", ADMIN_PASSWORD), ("new_password", "Stolen123!")]),
        ("/account/staff".to_owned(), &[("name", "Eve"), ("email", "eve@example.com"), ("role", "admin")]),
        (format!("/account/staff/{id}"), &[("role", "admin"), ("version", "1")]),
    ];
    let without = own.without("Sec-Fetch-Site");
    let foreign = [
        own.with("Sec-Fetch-Site", "cross-site"),
        own.with("Sec-Fetch-Site", "same-site"),
        own.with("Sec-Fetch-Site", "none"),
        own.with("Sec-Fetch-Site", "cross-site").with("Origin", &base),
        without.clone(),
        without.with("Origin", "https://evil.example"),
        without.with("Origin", "null"),
        without.with("Origin", &format!("{base}.evil.example")),
        without.with("Origin", "http://localhost:8002"),
    ];
    for browser in &foreign {
        for browser in [browser.clone(), browser.without("Cookie")] {
            for (path, fields) in &forms {
                let refused = browser.send(path, fields).await.expect(403);
                says(&refused, "That is not allowed here");
                assert_eq!(refused.header("set-cookie"), "", "{path}");
            }
        }
    }
    let users = platform.admin("auth").get("/auth/users").await.expect(200);
    assert_eq!(users.body.as_array().map(Vec::len), Some(2), "{}", users.text);
    // An older browser tells the origin alone.
    let added = without.with("Origin", &base).send("/account/staff", forms[3].1).await.expect(201);
    says(&added, "The account is made");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_one_time_password_opens_the_choice_of_another_one_and_nothing_else() {
    let platform = auth().await;
    let (_, one_time) = account(&platform, "rosa@restaurant.com", "host").await;
    let browser = at(&platform);
    let next = "http://localhost:8002/host?date=2030-05-17";
    let signed_in = browser.send("/account/login", &[("email", "rosa@restaurant.com"), ("password", &one_time), ("next", next)]).await;
    let to = leads_to(&signed_in);
    assert!(to.starts_with("/account/password?next=http%3A%2F%2Flocalhost%3A8002%2Fhost"), "{to}");
    let rosa = with_session(&browser, &signed_in);
    for page in ["/account/staff", "/account/staff/1", "/account/staff/1/password"] {
        assert!(leads_to(&rosa.open(page).await).starts_with("/account/password?next="), "{page}");
        assert_eq!(leads_to(&rosa.send(page, &[]).await), "/account/password", "{page}");
    }
    let form = rosa.open(&to).await.expect(200);
    for part in ["Choose your password", "autocomplete=\"new-password\"", "value=\"rosa@restaurant.com\"", "Sign out"] {
        says(&form, part);
    }
    assert!(!links(&form.text).iter().any(|link| link.ends_with("/account/staff")));
    let new = "A long walk home";
    for (current, chosen, told, field) in [
        ("wrong", new, "This is not your current password.", "#current_password"),
        (one_time.as_str(), "short", "it needs at least 8 characters", "#new_password"),
        (one_time.as_str(), &"x".repeat(73), "The new password is too long", "#new_password"),
        (one_time.as_str(), one_time.as_str(), "A one-time password is used once.", "#new_password"),
        // It is never changed on the way: what cannot be kept of it is refused.
        (one_time.as_str(), "twelve\0letters", "The new password has a character that cannot be used.", "#new_password"),
        ("", new, "Enter the password.", "#current_password"),
    ] {
        let refused = rosa.fill(&form, &[("current_password", current), ("new_password", chosen)]).await.expect(422);
        says(&refused, told);
        assert!(links(&refused.text).contains(&field.to_owned()), "{told}");
        assert!(!refused.text.contains(&one_time) && !refused.text.contains(new), "{}", refused.text);
        says(&refused, &format!("name=\"next\" value=\"{next}\""));
    }
    let chosen = rosa.fill(&form, &[("current_password", &one_time), ("new_password", new)]).await;
    assert_eq!(leads_to(&chosen), next);
    let rosa = with_session(&browser, &chosen);
    says(&rosa.open("/account/logout").await.expect(200), "Host");
    says(&rosa.open("/account/password").await.expect(200), "Change the password");
    sign_in(&browser, "rosa@restaurant.com", &one_time).await.expect(422);
    assert_eq!(leads_to(&sign_in(&browser, "rosa@restaurant.com", new).await), "http://localhost:8002/host");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_whose_role_was_taken_away_chooses_a_password_and_gets_no_session() {
    let platform = auth().await;
    let (id, one_time) = account(&platform, "rosa@restaurant.com", "host").await;
    let browser = at(&platform);
    let rosa = with_session(&browser, &sign_in(&browser, "rosa@restaurant.com", &one_time).await);
    platform.admin("auth").patch(&format!("/auth/users/{id}"), &json!({"role": "user"})).await.expect(200);
    let fields = [("current_password", one_time.as_str()), ("new_password", "A long walk home")];
    let chosen = rosa.send("/account/password", &fields).await;
    assert_eq!(leads_to(&chosen), "/account/login");
    assert!(chosen.header("set-cookie").starts_with("session=; "), "{}", chosen.header("set-cookie"));
    sign_in(&browser, "rosa@restaurant.com", "A long walk home").await.expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_filled_in_is_kept_when_a_session_has_ended_but_for_passwords() {
    let platform = auth().await;
    let now = jsonwebtoken::get_current_timestamp();
    let expired = session(|claims| (claims.iat, claims.exp) = (now - 50_000, now - 10));
    for browser in [at(&platform), at(&platform).with("Cookie", &expired), at(&platform).with("Cookie", "session=x.y.z")] {
        let fields = [("name", "Rosa <Bianchi> & Söhne"), ("email", "rosa@restaurant.com"), ("role", "host")];
        let ended = browser.send("/account/staff?lang=en", &fields).await.expect(401);
        says(&ended, "Your session has ended");
        assert_eq!(ended.header("set-cookie"), "");
        let sign_in = links(&ended.text).into_iter().find(|link| link.starts_with("/account/login?next=")).expect("the way to sign in");
        assert!(sign_in.contains("signed%2Din"), "{sign_in}");
        // Once signed in, the same form goes on.
        let made = administrator(&platform).await.fill(&ended, &[]).await;
        assert!(made.status == 201 || made.status == 409, "{}", made.text);
        let secret =
            browser.send("/account/password", &[("current_password", ADMIN_PASSWORD), ("new_password", "Hidden123!")]).await.expect(401);
        assert!(!secret.text.contains(ADMIN_PASSWORD) && !secret.text.contains("Hidden123!"), "{}", secret.text);
    }
    let users = platform.admin("auth").get("/auth/users?role=host").await.expect(200);
    assert_eq!(users.body[0]["full_name"], "Rosa <Bianchi> & Söhne");
    assert_eq!(users.body.as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_opens_no_api_and_a_token_no_page() {
    let platform = auth().await;
    let browser = at(&platform);
    let signed_in = sign_in(&browser, ADMIN_EMAIL, ADMIN_PASSWORD).await.expect(303);
    let cookie = signed_in.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
    let session = cookie.trim_start_matches("session=").to_owned();
    platform.anyone("auth").with_token(&session).get("/auth/me").await.problem(401, "unauthenticated");
    let by_cookie = platform.anyone("auth").request(reqwest::Method::GET, "/auth/me").header("Cookie", &cookie);
    restaurant_booking_tests::api::send(by_cookie).await.problem(401, "unauthenticated");
    let token = token::token(1, Role::Admin);
    for browser in [browser.with("Cookie", &format!("session={token}")), browser.with("Authorization", &format!("Bearer {token}"))] {
        assert!(leads_to(&browser.open("/account/staff").await).starts_with("/account/login?next="));
    }
    browser.with("Cookie", &format!("other=1; session={session}; session=x")).open("/account/staff").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_of_an_account_is_framed_kept_found_or_runs_a_script() {
    let platform = auth().await;
    let own = administrator(&platform).await;
    let (id, _) = account(&platform, "rosa@restaurant.com", "host").await;
    let person = format!("/account/staff/{id}");
    let renew = format!("{person}/password");
    let pages = [
        "/account/login",
        "/account/logout",
        "/account/password",
        "/account/signed-in",
        "/account/staff",
        &person,
        &renew,
        "/account/nothing",
    ];
    for path in pages {
        let page = own.open(path).await;
        let policy = page.header("content-security-policy");
        for part in ["default-src 'none'", "script-src 'self'", "base-uri 'none'", "frame-ancestors 'none'"] {
            assert!(policy.split("; ").any(|found| found == part), "{path}: {part} in {policy}");
        }
        assert!(policy.contains("form-action 'self' http://localhost:8001 http://localhost:8002;"), "{path}: {policy}");
        assert_eq!((page.header("cache-control"), page.header("x-robots-tag")), ("no-store", "noindex"), "{path}");
        assert_eq!((page.header("x-content-type-options"), page.header("referrer-policy")), ("nosniff", "no-referrer"), "{path}");
        assert!(!page.text.contains("<script") && !page.text.contains(" style=") && !page.text.contains(" onclick"), "{path}");
    }
    // The files of the pages may be kept for good, though nothing else of the service may.
    let page = own.open("/account/login").await.expect(200);
    let files: Vec<_> = links(&page.text).into_iter().filter(|link| link.starts_with("/assets/auth/")).collect();
    assert_eq!(files.len(), 2, "{files:?}");
    for file in files {
        assert_eq!(own.open(&file).await.expect(200).header("cache-control"), "public, max-age=31536000, immutable", "{file}");
    }
    assert_eq!(own.open("/favicon.ico").await.expect(200).header("content-type"), "image/x-icon");
    assert_eq!(platform.anyone("auth").get("/.well-known/jwks.json").await.expect(200).status, 200);
    says(&own.open("/nothing").await.expect(404), "There is nothing here");
    own.open("/auth/nothing").await.problem(404, "not_found");
    // No page changes anything by GET, nor by a method that it does not have.
    let before = platform.admin("auth").get("/auth/users").await.text;
    for path in pages {
        own.open(&format!("{path}?role=admin&version=1&sure=yes&name=Eve&email=eve@example.com")).await;
    }
    assert_eq!(platform.admin("auth").get("/auth/users").await.text, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restaurant_without_pages_has_none_of_accounts() {
    let mut platform = Platform::start(Setup { services: vec![], ..Setup::default() }).await;
    let database = restaurant_booking_tests::database::migrated("auth").await;
    let base = platform.add_with("auth", Site { pages: false, ..site() }, database).await;
    let browser = Browser::new(&base).with("Sec-Fetch-Site", "same-origin");
    eventually("a service", async || browser.open("/readyz").await.status == 200).await;
    for path in ["/", "/account/login", "/account/logout", "/account/password", "/account/staff", "/assets/auth/style.css", "/favicon.ico"]
    {
        browser.open(path).await.problem(404, "not_found");
    }
    sign_in(&browser, ADMIN_EMAIL, ADMIN_PASSWORD).await.problem(404, "not_found");
}
