//! An evening of the trattoria on two tablets: from the first administrator to the sheet on paper.

use std::fs;
use std::time::Duration;

use base64::Engine as _;
use jiff::Timestamp;
use restaurant_booking_tests::noon::{self, date_of};
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};

use crate::Browsers;
use crate::gallery::pictures;
use crate::laptop::Trattoria;
use crate::session::{Look, Session};

/// The password that the host chooses.
const PASSWORD: &str = "candles on every table";

async fn sign_in(session: &Session, email: &str, password: &str) {
    session.fill("email", email).await;
    session.fill("password", password).await;
    session.script("document.querySelector('main form').submit()").await;
}

/// Sets the value of a field as people do who pick it from a calendar or a clock.
async fn pick(session: &Session, id: &str, value: &str) {
    session.script(&format!("document.getElementById('{id}').value = {}", json!(value))).await;
}

/// Waits until the row of a party stands under a heading that begins so.
async fn stands(session: &Session, name: &str, heading: &str) {
    let script = format!(
        "const row = [...document.querySelectorAll('.sheet li')].find(row => row.textContent.includes({}));
         return row ? row.closest('section, details').querySelector('h2').textContent : ''",
        json!(name)
    );
    for _ in 0..400 {
        if session.script(&script).await.as_str().is_some_and(|found| found.starts_with(heading)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{name} is not under {heading}: {}", session.text().await);
}

/// Presses a button in the row of a party.
async fn tap(session: &Session, name: &str, button: &str) {
    let script = format!(
        "const row = [...document.querySelectorAll('.sheet li')].find(row => row.textContent.includes({}));
         const details = row.closest('details'); if (details) details.open = true;
         [...row.querySelectorAll('button')].find(one => one.textContent.startsWith({})).click()",
        json!(name),
        json!(button)
    );
    session.script(&script).await;
}

pub(crate) async fn an_evening_of_the_trattoria_on_two_tablets(browsers: Browsers) {
    let trattoria = Trattoria::open(&["--restaurant-time-zone", &noon::NAME]).await;
    let [auth, home] = ["auth", "reservation"].map(|service| trattoria.base(service));
    let (one, other) = (browsers.open(&[&auth, &home]).await, browsers.open(&[&auth, &home]).await);
    for session in [&one, &other] {
        session.resize(1024, Look::Light).await;
    }

    // The administrator signs in, and makes a host.
    let administrator = trattoria.stack.administrator().credentials.clone();
    one.open(&format!("{home}/host")).await;
    one.says("Sign in").await;
    sign_in(&one, &administrator.email, &administrator.password).await;
    one.says("covers booked").await;
    one.click("Staff").await;
    one.fill("name", "Rosa Bianchi").await;
    one.fill("email", "rosa.bianchi@example.com").await;
    one.script("document.querySelector('#role-host').checked = true; document.querySelector('#role-host').form.submit()").await;
    one.says("Rosa Bianchi").await;
    let one_time = one.script("return document.querySelector('.code').textContent.trim()").await;

    // The host signs in on the other tablet, and chooses a password.
    other.open(&format!("{home}/host")).await;
    sign_in(&other, "rosa.bianchi@example.com", one_time.as_str().expect("a password")).await;
    other.says("Choose").await;
    other.fill("current_password", one_time.as_str().expect("a password")).await;
    other.fill("new_password", PASSWORD).await;
    other.script("document.querySelector('main form').submit()").await;
    other.says("covers booked").await;
    one.open(&format!("{home}/host")).await;

    // A party comes to the door: the other tablet sees it at once.
    other.click("Walk-in").await;
    pick(&other, "guests", "4").await;
    other.fill("name", "Nour Haddad").await;
    other.click("Seat").await;
    stands(&other, "Nour Haddad", "Here").await;
    stands(&one, "Nour Haddad", "Here").await;

    // Somebody calls, and comes for another table.
    let tomorrow = date_of(Timestamp::now() + jiff::SignedDuration::from_hours(24));
    one.click("Book by phone").await;
    pick(&one, "ask-date", &tomorrow).await;
    one.click("Show times").await;
    one.click("20:00").await;
    one.fill("name", "Camille Moreau").await;
    one.fill("phone", "+39 06 555 0199").await;
    one.fill("wishes", "Nut allergy").await;
    one.click("Book").await;
    stands(&one, "Camille Moreau", "Next").await;
    one.click("Camille Moreau").await;
    one.fill("tables", "4").await;
    pick(&one, "time", "20:30").await;
    one.click("Save").await;
    stands(&one, "Camille Moreau", "Next").await;
    one.says("table 4").await;

    // It rains.
    other.click("Block tables").await;
    other
        .script("const area = document.getElementById('area'); area.value = [...area.options].find(one => one.text === 'Patio').value")
        .await;
    other.fill("reason", "Rain").await;
    other.click("Block").await;
    other.says("· Rain").await;
    one.open(&format!("{home}/host")).await;
    one.says("· Rain").await;

    // Somebody is given up too soon, and comes after all.
    let mut database = PgConnection::connect_with(&trattoria.stack.database("res_db")).await.expect("the database");
    let late = "UPDATE reservation SET reservation_time = date_trunc('minute', now()) - interval '20 minutes'
        WHERE contact_name = 'Camille Moreau' RETURNING id";
    let id: i32 = sqlx::query_scalar(late).fetch_one(&mut database).await.expect("late");
    one.open(&format!("{home}/host")).await;
    stands(&one, "Camille Moreau", "Late").await;
    tap(&one, "Camille Moreau", "No-show").await;
    stands(&other, "Camille Moreau", "Done").await;
    tap(&other, "Camille Moreau", "Undo").await;
    stands(&one, "Camille Moreau", "Late").await;
    stands(&other, "Camille Moreau", "Late").await;

    // The sheet on paper has all of them, and what they asked for.
    let printed = one.print().await;
    assert!(printed.starts_with(b"%PDF"), "a document");
    fs::write(pictures().join("host-day.pdf"), printed).expect("written");
    one.devtools("Emulation.setEmulatedMedia", json!({"media": "print"})).await;
    for seen in ["Nour Haddad", "Camille Moreau", "Nut allergy"] {
        one.says(seen).await;
    }
    let hidden =
        "return getComputedStyle(document.querySelector('.tools')).display + getComputedStyle(document.querySelector('.do')).display";
    assert_eq!(one.script(hidden).await, "nonenone");
    fs::write(pictures().join("host-day-paper.png"), one.picture().await).expect("written");

    // The pages say what the database says.
    let states: Vec<(String, String)> =
        sqlx::query_as("SELECT contact_name, status FROM reservation WHERE source IN ('walk_in', 'phone') ORDER BY id")
            .fetch_all(&mut database)
            .await
            .expect("rows");
    let expected = [("Nour Haddad", "seated"), ("Camille Moreau", "confirmed")];
    assert!(states.iter().map(|(name, status)| (name.as_str(), status.as_str())).eq(expected), "{states:?}");
    let by: Option<String> =
        sqlx::query_scalar("SELECT full_name FROM guest JOIN reservation r ON changed_by_user = guest.user_id WHERE r.id = $1")
            .bind(id)
            .fetch_one(&mut database)
            .await
            .expect("who");
    assert_eq!(by.as_deref(), Some("Rosa Bianchi"));
    database.close().await.expect("closed");
    for session in [one, other] {
        session.is_content("the evening").await;
        session.close().await;
    }
    trattoria.close().await;
}

impl Session {
    /// The page on A4.
    async fn print(&self) -> Vec<u8> {
        let page = json!({"paperWidth": 8.27, "paperHeight": 11.69, "printBackground": false, "preferCSSPageSize": true});
        let printed: Value = self.devtools("Page.printToPDF", page).await;
        let data = printed["data"].as_str().expect("data");
        base64::engine::general_purpose::STANDARD.decode(data).expect("base64")
    }
}
