//! What becomes of mail where the server has a bad day.

use std::collections::BTreeSet;

use reservation::config::Restaurant;
use reservation::mail::settings::MailSettings;
use restaurant_booking_tests::{Platform, Setup};
use serde_json::json;

use crate::server::Day;
use crate::{House, Letter, eventually, in_hours, path};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_for_an_hour_loses_and_doubles_nothing() {
    let mut house = House::with(true, 2).await;
    house.server.close();
    let mut booked = BTreeSet::new();
    for number in 0..12 {
        let email = format!("guest{number}@example.com");
        house.book(json!({"contact_email": email})).await;
        booked.insert(email);
    }
    let untried = "SELECT count(*) FROM message WHERE kind <> 'reminder' AND attempts = 0";
    eventually("a first attempt for each", async || house.count(untried).await == 0).await;
    let waiting =
        "SELECT count(*) FROM message WHERE state = 'waiting' AND last_error IS NOT NULL AND taken_until > now() + interval '50 seconds'";
    eventually("all that wait", async || house.count(waiting).await == 12).await;
    assert_eq!(house.server.taken().len(), 0);
    // What waits for another attempt has been due all the while, and whoever watches is told.
    house.run("UPDATE message SET due_at = due_at - interval '1 hour' WHERE kind <> 'reminder'").await;
    let told = async |name: &str| {
        let metrics = house.anyone().get("/metrics").await.expect(200).text;
        let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok());
        value.unwrap_or_else(|| panic!("no {name} in {metrics}"))
    };
    eventually("mail that is an hour late", async || told("mail_oldest_age_seconds ").await > 3600.0).await;
    assert_eq!(told("mail_pending ").await, 12.0);
    house.server.reopen().await;
    house.run("UPDATE message SET taken_until = NULL WHERE kind <> 'reminder'").await;
    let told: Vec<_> = house.mail(12).await.into_iter().map(|letter| letter.to).collect();
    eventually("all that are sent", async || house.count("SELECT count(*) FROM message WHERE state = 'sent'").await == 12).await;
    assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), booked);
    house.mail(12).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_newer_takes_the_place_of_what_waits() {
    let house = House::open().await;
    house.server.have(Day::Busy);
    let made = house.book(json!({})).await;
    eventually("an attempt", async || house.told(&made).await["last_error"].is_string()).await;
    house.staff().act(&format!("{}/confirm", path(&made))).await.expect(200);
    house.staff().patch(&path(&made), &json!({"reservation_time": in_hours(52)})).await.expect(200);
    // Nothing is on its way any more when the server takes mail again.
    let refused =
        "SELECT count(*) FROM message WHERE kind <> 'reminder' AND (state <> 'waiting' OR last_error IS NULL) AND state <> 'expired'";
    eventually("an attempt at what is newest", async || house.count(refused).await == 0).await;
    house.server.have(Day::Good);
    house.hurry().await;
    let letter = house.mail(1).await.remove(0);
    assert!(letter.subject.starts_with("Confirmed: "), "a change is none to somebody who was told nothing: {}", letter.subject);
    assert!(letter.entry.expect("an entry").1.contains("SEQUENCE:3\r\n"));
    house.state(&made, "sent").await;
    house.staff().patch(&path(&made), &json!({"reservation_time": in_hours(54)})).await.expect(200);
    assert!(house.mail(2).await[1].subject.starts_with("Changed: "));
}

/// The change is written while the confirmation is on its way, which is refused afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_overtakes_a_confirmation_is_a_confirmation() {
    let house = House::open().await;
    house.server.have(Day::Busy);
    let made = house.book(json!({})).await;
    eventually("an attempt", async || house.told(&made).await["last_error"].is_string()).await;
    house.staff().act(&format!("{}/confirm", path(&made))).await.expect(200);
    eventually("another attempt", async || house.told(&made).await["last_error"].is_string()).await;
    // As it is while the relay talks to the server, and dies.
    house.run("UPDATE message SET state = 'sending', taken_until = now() + interval '3 seconds' WHERE kind = 'confirmed'").await;
    house.staff().patch(&path(&made), &json!({"reservation_time": in_hours(52)})).await.expect(200);
    assert_eq!(house.count("SELECT count(*) FROM message WHERE kind = 'changed' AND state = 'waiting'").await, 1);
    eventually("the change to be a confirmation", async || {
        house.count("SELECT count(*) FROM message WHERE kind = 'confirmed' AND state = 'waiting'").await == 1
    })
    .await;
    house.server.have(Day::Good);
    house.hurry().await;
    let letter = house.mail(1).await.remove(0);
    assert!(letter.subject.starts_with("Confirmed: "), "{}", letter.subject);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_for_good_is_told_to_the_staff_and_can_be_sent_again() {
    let house = House::with(true, 1).await;
    house.server.have(Day::Unknown);
    let made = house.book(json!({})).await;
    let told = house.state(&made, "failed").await;
    assert!(told["last_error"].as_str().is_some_and(|error| error.contains("Mailbox unknown")), "{told}");
    let listed = house.staff().get("/reservations/?q=lovelace").await.expect(200).body;
    assert_eq!(listed[0]["mail"]["state"], "failed", "{listed}");
    house.server.have(Day::Good);
    house.staff().act(&format!("{}/mail", path(&made))).await.expect(202);
    assert_eq!(house.mail(1).await[0].to, "ada@example.com");
    house.state(&made, "sent").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_no_fault_of_the_message() {
    let house = House::with(true, 1).await;
    house.server.have(Day::Locked);
    let made = house.book(json!({})).await;
    eventually("an attempt", async || house.told(&made).await["last_error"].is_string()).await;
    assert_eq!(house.told(&made).await["state"], "waiting");
    house.server.have(Day::Good);
    house.staff().act(&format!("{}/mail", path(&made))).await.expect(202);
    house.mail(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_drops_in_the_middle_doubles_what_smtp_cannot_tell() {
    let house = House::with(true, 1).await;
    house.server.have(Day::Drops);
    let made = house.book(json!({})).await;
    eventually("an attempt", async || house.told(&made).await["last_error"].is_string()).await;
    house.server.have(Day::Good);
    house.hurry().await;
    let mail = house.mail(2).await;
    assert_eq!(mail[0].id, mail[1].id, "by its Message-ID a reader drops the double");
    house.state(&made, "sent").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_falls_silent_holds_up_no_booking() {
    let house = House::with(true, 1).await;
    house.server.have(Day::Silent);
    let made = house.book(json!({})).await;
    eventually("a client that waits", async || house.server.waiting() == 1).await;
    house.by_link(&made).patch(&path(&made), &json!({"guests_count": 3})).await.expect(200);
    house.book(json!({"contact_email": "other@example.com"})).await;
    house.server.have(Day::Good);
    eventually("the one that waits", async || house.server.taken().len() >= 2).await;
    house.hurry().await;
    let mail: Vec<Letter> = house.mail(2).await;
    let told: BTreeSet<_> = mail.iter().map(|letter| letter.to.as_str()).collect();
    assert_eq!(
        told,
        BTreeSet::from(["ada@example.com", "other@example.com"]),
        "the older of two about a booking is not sent after the newer"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_cannot_fill_a_mailbox() {
    let house = House::with(true, 1).await;
    let made = house.book(json!({})).await;
    let guest = house.by_link(&made);
    for turn in 1..=12 {
        guest.patch(&path(&made), &json!({"guests_count": 2 + turn % 2})).await.expect(200);
        let sent = "SELECT count(*) FROM message WHERE kind <> 'reminder' AND state = 'sent'";
        eventually("a message", async || house.count(sent).await == i64::from((turn + 1).min(10))).await;
    }
    house.mail(10).await;
    let later = "SELECT count(*) FROM message WHERE state = 'waiting' AND kind = 'changed' AND due_at > now() + interval '50 minutes'";
    assert_eq!(house.count(later).await, 1, "the last one is told once the hour is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_mail_server_mail_is_files() {
    let directory = tempfile::tempdir().expect("a directory");
    let mail = MailSettings::to_directory(directory.path().to_owned(), &site::settings::Site::default());
    let restaurant = Restaurant { auto_confirm: true, ..Restaurant::default() };
    let platform = Platform::start(Setup { mail: Some(mail), restaurant, ..Setup::only("reservation") }).await;
    platform.admin("reservation").post("/reservations/tables", &json!({"table_number": 1, "capacity": 4})).await.expect(201);
    let wish = json!({"guests_count": 2, "reservation_time": in_hours(24), "contact_name": "Ada", "contact_email": "ada@example.com", "contact_phone": "+44 20 7946 0958"});
    let made = platform.anyone("reservation").post("/reservations/guest", &wish).await.expect(201);
    let files =
        || std::fs::read_dir(directory.path()).expect("a directory").map(|entry| entry.expect("an entry").path()).collect::<Vec<_>>();
    let is_whole = |path: &std::path::PathBuf| {
        path.extension().is_some_and(|extension| extension == "eml")
            && !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
    };
    eventually("a file", async || files().iter().any(is_whole)).await;
    let file = files().into_iter().find(is_whole).expect("a file");
    let letter = Letter::parse(std::fs::read(&file).expect("read"));
    assert_eq!((letter.to.as_str(), letter.from.as_str()), ("ada@example.com", "booking@localhost"));
    assert!(file.to_string_lossy().contains(made.body["reservation_code"].as_str().expect("a code")), "{}", file.display());
    assert!(letter.text.contains(made.body["manage_url"].as_str().expect("a URL")));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_mail_is_sent_none_is_written() {
    let platform = Platform::start(Setup::only("reservation")).await;
    platform.admin("reservation").post("/reservations/tables", &json!({"table_number": 1, "capacity": 4})).await.expect(201);
    let wish = json!({"guests_count": 2, "reservation_time": in_hours(24), "contact_name": "Ada", "contact_email": "ada@example.com", "contact_phone": "+44 20 7946 0958"});
    let made = platform.anyone("reservation").post("/reservations/guest", &wish).await.expect(201);
    platform.admin("reservation").act(&format!("{}/confirm", path(&made))).await.expect(200);
    let written: i64 = sqlx::query_scalar("SELECT count(*) FROM message").fetch_one(&platform.pool("reservation")).await.expect("a count");
    assert_eq!(written, 0);
    platform.admin("reservation").act(&format!("{}/mail", path(&made))).await.problem(409, "no_message");
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_sent_to_their_guest_alone_and_not_too_often() {
    let house = House::with(true, 1).await;
    let made = house.book(json!({})).await;
    house.mail(1).await;
    let code = made.body["reservation_code"].as_str().expect("a code").to_lowercase();
    let ask = async |code: &str, email: &str| {
        let form = format!("code={code}&email={}", email.replace(' ', "+").replace('@', "%40"));
        let request =
            house.anyone().request(reqwest::Method::POST, "/b").header("Content-Type", "application/x-www-form-urlencoded").body(form);
        restaurant_booking_tests::api::send(request).await.expect(200).text
    };
    let nobody = ask("AAAAAAAA", "ada@example.com").await;
    assert_eq!(ask(&code, "eve@example.com").await, nobody);
    let told = futures_util::future::join_all((0..12).map(|_| ask(&code, " Ada@example.com"))).await;
    assert!(told.iter().all(|page| *page == nobody), "the page tells nobody whether there is a booking");
    let mail = house.mail(6).await;
    let busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()";
    eventually("an idle database", async || house.count(busy).await == 0).await;
    assert_eq!(house.count("SELECT count(*) FROM message WHERE kind = 'link'").await, 5, "of twelve that were asked for at once");
    assert!(mail[1..].iter().all(|letter| letter.to == "ada@example.com" && letter.subject.starts_with("Your booking: ")));
    let token = mail[5].token().expect("a link");
    house.anyone().with_token(token).get(&path(&made)).await.expect(200);
    let entry =
        house.anyone().get(&format!("/b/{}/calendar.ics?k={}", code.to_uppercase(), mail[5].token().expect("a link"))).await.expect(200);
    assert!(entry.text.contains("METHOD:PUBLISH\r\n") && !entry.text.contains("ATTENDEE"), "{}", entry.text);
    assert_eq!((entry.header("content-type"), entry.header("cache-control")), ("text/calendar; charset=utf-8", "no-store"));
}
