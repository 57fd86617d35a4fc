use std::time::{Duration, Instant};

use reqwest::Method;
use restaurant_booking_tests::api::send;
use restaurant_booking_tests::platform::{ADMIN_EMAIL, ADMIN_PASSWORD};
use restaurant_booking_tests::{Api, Reply, token};
use serde_json::{Value, json};

use crate::{accounts, login, part, platform};

async fn form(api: &Api, content_type: &str, body: &str) -> Reply {
    send(api.request(Method::POST, "/auth/login").header("Content-Type", content_type).body(body.to_owned())).await
}

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test(flavor = "multi_thread")]
async fn a_login_gives_a_token_of_two_hours() {
    let platform = platform().await;
    let id = accounts(&platform, &["Guest@Example.com"]).await[0];
    let anyone = platform.anyone("auth");
    let before = jsonwebtoken::get_current_timestamp();
    let reply = login(&anyone, " guest@example.com ", ADMIN_PASSWORD).await.expect(200);
    let after = jsonwebtoken::get_current_timestamp();
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!((&reply.body["token_type"], &reply.body["expires_in"]), (&json!("bearer"), &json!(7200)));

    let token = reply.body["access_token"].as_str().expect("a token");
    assert_eq!(part(token, 0), json!({"typ": "JWT", "alg": "EdDSA", "kid": token::header().kid}));
    let claims = part(token, 1);
    let issued = claims["iat"].as_u64().expect("a time");
    assert!((before..=after).contains(&issued), "{claims}");
    let expected = json!({
        "sub": id.to_string(), "role": "user", "iss": "restaurant-booking", "aud": "restaurant-booking", "iat": issued, "exp": issued + 7200
    });
    assert_eq!(claims, expected);
    assert_eq!(anyone.with_token(token).get("/auth/me").await.expect(200).body["id"], id);

    let administrators = crate::administrator(&anyone).await;
    assert_eq!(part(&administrators, 1)["role"], "admin");
    anyone.with_token(administrators).get("/auth/users").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oauth2_form_logs_in_too() {
    let platform = platform().await;
    let anyone = platform.anyone("auth");
    let valid = "username=ADMIN%40restaurant.com&password=Admin123%21";
    for (content_type, body) in [
        (FORM, valid.to_owned()),
        (
            "Application/X-WWW-Form-Urlencoded; charset=UTF-8",
            format!("grant_type=password&{valid}&scope=&client_id=swagger&client_secret="),
        ),
    ] {
        let reply = form(&anyone, content_type, &body).await.expect(200);
        assert_eq!(reply.body["token_type"], "bearer");
        anyone.with_token(reply.body["access_token"].as_str().expect("a token")).get("/auth/me").await.expect(200);
    }
    form(&anyone, FORM, "username=admin%40restaurant.com&password=another").await.problem(401, "invalid_credentials");
    form(&anyone, FORM, &format!("grant_type=client_credentials&{valid}")).await.invalid(&["#/grant_type"]);
    form(&anyone, FORM, "email=admin%40restaurant.com&scope=all").await.invalid(&["#/username", "#/password"]);
    form(&anyone, FORM, "username=+&password=").await.invalid(&["#/username", "#/password"]);
    form(&anyone, FORM, "username=%FF&password=x").await.problem(400, "malformed_body");
    // A form that has no body is told what it lacks, as a form.
    form(&anyone, FORM, "").await.invalid(&["#/username", "#/password"]);
    anyone.act("/auth/login").await.problem(400, "malformed_body");
    form(&anyone, "multipart/form-data; boundary=x", "--x--").await.problem(415, "unsupported_media_type");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_is_wrong_is_refused_with_every_reason() {
    let platform = platform().await;
    let anyone = platform.anyone("auth");
    let refused = async |body: Value, places: &[&str]| {
        anyone.post("/auth/login", &body).await.invalid(places);
    };
    refused(json!({}), &["#/email", "#/password"]).await;
    refused(json!({"email": " ", "password": ""}), &["#/email", "#/password"]).await;
    refused(json!({"email": 5, "password": null, "scope": ""}), &["#/email", "#/password", "#/scope"]).await;
    refused(json!({"username": ADMIN_EMAIL, "password": ADMIN_PASSWORD}), &["#/email", "#/username"]).await;
    refused(json!({"email": "a\u{0}", "password": "b\u{0}"}), &["#/email", "#/password"]).await;
    refused(json!({"email": "x".repeat(256), "password": "x"}), &["#/email"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_email_and_a_wrong_password_are_answered_alike_in_the_same_time() {
    let platform = platform().await;
    let known: Vec<String> = (0..8).map(|number| format!("guest{number}@example.com")).collect();
    accounts(&platform, &known.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let anyone = platform.anyone("auth");
    let strip = |mut reply: Reply| {
        let members = reply.body.as_object_mut().expect("an object");
        assert_eq!(members.remove("instance").expect("an id"), reply.headers["x-request-id"].to_str().expect("ASCII"));
        let mut names: Vec<String> = reply.headers.keys().map(ToString::to_string).collect();
        names.sort();
        (reply.body, names, reply.headers["content-length"].clone(), reply.headers["www-authenticate"].clone())
    };
    let timed = async |email: &str| {
        let started = Instant::now();
        let reply = login(&anyone, email, "another password").await.problem(401, "invalid_credentials");
        (started.elapsed(), reply)
    };
    // What else runs here makes a login slower at times, never faster: the fastest of several tells the work. A difference in the
    // work would show in every round.
    let mut ratios = Vec::new();
    for (round, known) in known.iter().enumerate() {
        let mut fastest = [Duration::MAX; 2];
        for attempt in 0..4 {
            let ((unknown, reply), (wrong, other)) = (timed(&format!("nobody{round}-{attempt}@example.com")).await, timed(known).await);
            assert_eq!(strip(reply), strip(other));
            fastest = [fastest[0].min(unknown), fastest[1].min(wrong)];
        }
        let ratio = fastest[0].as_secs_f64() / fastest[1].as_secs_f64();
        if (0.7..1.3).contains(&ratio) {
            return;
        }
        ratios.push(ratio);
    }
    panic!("an unknown e-mail takes {ratios:?} times as long as a wrong password");
}

#[tokio::test(flavor = "multi_thread")]
async fn f13_a_form_parameter_is_given_once_and_an_empty_one_is_none() {
    let platform = platform().await;
    let anyone = platform.anyone("auth");
    let valid = "username=admin%40restaurant.com&password=Admin123%21";
    for (given, place) in [
        (format!("username=x%40y.zz&{valid}"), "#/username"),
        (format!("{valid}&username=admin%40restaurant.com"), "#/username"),
        (format!("{valid}&password=Admin123%21"), "#/password"),
        (format!("grant_type=password&{valid}&grant_type=password"), "#/grant_type"),
    ] {
        let refused = form(&anyone, FORM, &given).await.invalid(&[place]);
        assert_eq!(refused.body["errors"][0]["code"], "repeated", "{given}");
    }
    for given in [format!("grant_type=&{valid}"), format!("{valid}&grant_type=%20&scope=")] {
        form(&anyone, FORM, &given).await.expect(200);
    }
    form(&anyone, FORM, "username=&password=x").await.invalid(&["#/username"]);
}
