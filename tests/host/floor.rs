//! What takes two taps: walk-ins, the phone, moving, blocks and the pause.

use jiff::SignedDuration;
use restaurant_booking_tests::Reply;
use restaurant_booking_tests::noon::{self, date_of};
use serde_json::{Value, json};

use crate::browser::{Browser, leads_to, plain, says};
use crate::{booked, house, minutes, place, rosa, seen};

fn id_of(to: &str) -> Value {
    json!(to.rsplit("#b").next().and_then(|id| id.parse::<i64>().ok()).unwrap_or_else(|| panic!("no booking in {to}")))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_in_is_seated_once_however_often_the_form_is_sent() {
    let platform = house(&[2, 4]).await;
    let rosa = rosa(&platform);
    let form = rosa.open("/host/walk-in").await.expect(200);
    let typed = [("guests", "3"), ("table", ""), ("name", "Nour"), ("wishes", "")];
    let first = leads_to(&rosa.fill(&form, &typed).await);
    assert_eq!(leads_to(&rosa.fill(&form, &typed).await), first);
    let page = rosa.open("/host").await.expect(200);
    let id = id_of(&first);
    assert_eq!(place(&page, &id), "Here · 1");
    let made = seen(&platform, &id).await;
    assert_eq!(
        (made["source"].as_str(), made["status"].as_str(), made["contact_name"].as_str()),
        (Some("walk_in"), Some("seated"), Some("Nour"))
    );
    let told =
        rosa.fill(&rosa.open("/host/walk-in").await, &[("guests", "4"), ("table", ""), ("name", "Ada"), ("wishes", "")]).await.expect(409);
    says(&told, "No table is free long enough");
    assert!(told.text.contains("value=\"Ada\""), "what was typed is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_on_the_phone_is_booked_also_against_the_rules_where_the_host_says_so() {
    let platform = house(&[2]).await;
    let rosa = rosa(&platform);
    platform.admin("reservation").put("/reservations/rules", &json!({"slot_minutes": 60})).await.expect(200);
    let date = date_of(minutes(26 * 60));
    let form = rosa.open(&format!("/host/book?date={date}&guests=2&time=19:00")).await.expect(200);
    says(&form, "18:00");
    let typed = |time: &'static str| {
        [("time", time), ("table", ""), ("name", "Ada"), ("phone", "+44 20 7946 0958"), ("email", ""), ("wishes", "Candles"), ("note", "")]
    };
    let told = rosa.fill(&form, &[("time", "19:00"), ("name", "Ada")]).await.expect(422);
    says(&told, "Ask for a phone number, or an e-mail address.");
    let told = rosa.fill(&told, &typed("19:10")).await.expect(409);
    says(&told, "Bookings begin at other times.");
    assert!(told.text.contains("name=\"override\""));
    let mut all: Vec<(&str, &str)> = typed("19:10").to_vec();
    all.push(("override", "true"));
    let to = leads_to(&rosa.fill(&told, &all).await);
    let made = seen(&platform, &id_of(&to)).await;
    assert_eq!(
        (made["status"].as_str(), made["source"].as_str(), made["overridden"].as_bool()),
        (Some("confirmed"), Some("phone"), Some(true))
    );
    assert!(to.starts_with(&format!("/host?date={date}")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_party_is_moved_extended_and_called_off_at_its_booking() {
    let platform = house(&[2, 4]).await;
    let rosa = rosa(&platform);
    let made = booked(&platform, minutes(26 * 60), json!({})).await;
    let id = made["id"].clone();
    let path = format!("/host/bookings/{id}");
    let page = rosa.open(&path).await.expect(200);
    says(&page, "Ada Lovelace");
    let start = minutes(26 * 60).to_zoned(noon::zone());
    let (date, time) = (start.date().to_string(), start.strftime("%H:%M").to_string());
    let fields = |version: &'static str, tables: &'static str, note: &'static str| {
        vec![
            ("version", version.to_owned()),
            ("date", date.clone()),
            ("time", time.clone()),
            ("guests", "2".to_owned()),
            ("minutes", "120".to_owned()),
            ("tables", tables.to_owned()),
            ("name", "Ada Lovelace".to_owned()),
            ("phone", "+44 20 7946 0958".to_owned()),
            ("wishes", String::new()),
            ("note", note.to_owned()),
        ]
    };
    let send = async |fields: Vec<(&str, String)>| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        rosa.send(&path, &fields).await
    };
    says(&send(fields("1", "9", "")).await.expect(422), "There is no such table.");
    leads_to(&send(fields("1", "1 + 2", "By the window")).await);
    let moved = seen(&platform, &id).await;
    assert_eq!((moved["table_ids"].as_array().map(Vec::len), moved["staff_note"].as_str()), (Some(2), Some("By the window")));
    says(&send(fields("1", "1", "")).await.expect(412), "was changed meanwhile");
    leads_to(&rosa.send(&path, &[("version", "2"), ("extend", "30")]).await);
    assert_eq!(seen(&platform, &id).await["duration_minutes"], 150);
    let page = rosa.open(&path).await.expect(200);
    says(&page, "Cancel the booking");
    leads_to(&rosa.send(&format!("{path}/act"), &[("version", "3"), ("action", "cancel"), ("date", &date_of(minutes(0)))]).await);
    assert_eq!(seen(&platform, &id).await["status"], "cancelled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_blocked_and_free_again_and_online_bookings_pause() {
    let platform = house(&[2]).await;
    let rosa = rosa(&platform);
    let date = date_of(minutes(26 * 60));
    let table = platform.admin("reservation").get("/reservations/tables").await.expect(200).body[0]["id"].to_string();
    let block = [("table", table.as_str()), ("area", ""), ("date", &date), ("from", "18:00"), ("until", "23:00"), ("reason", "Rain")];
    says(
        &rosa.send("/host/block", &[("date", &date), ("from", "18:00"), ("until", "23:00")]).await.expect(422),
        "Choose an area or a table",
    );
    let to = leads_to(&rosa.send("/host/block", &block).await);
    let page = rosa.open(&to).await.expect(200);
    says(&page, "Table 1 blocked from 18:00 until 23:00 · Rain");
    says(&rosa.send("/host/block", &block).await.expect(409), "A table is blocked then already.");
    let end = crate::browser::attributes(&page.text, "action").into_iter().find(|action| action.ends_with("/end")).expect("a button");
    leads_to(&rosa.send(&end, &[("date", &date)]).await);
    assert!(!rosa.open(&to).await.expect(200).text.contains("blocked from"));
    leads_to(&rosa.send(&end, &[("date", &date)]).await);

    leads_to(&rosa.send("/host/pause", &[("minutes", "60")]).await);
    says(&rosa.open("/host").await.expect(200), "No online bookings until ");
    assert!(platform.anyone("reservation").get("/reservations/pause").await.expect(200).body["until"].is_string());
    leads_to(&rosa.send("/host/pause", &[("end", "end")]).await);
    assert!(platform.anyone("reservation").get("/reservations/pause").await.expect(200).body["until"].is_null());
}

/// The fields of the form of a booking, as its page has them, but for those that are typed.
fn form(page: &Reply, typed: &[(&str, &str)]) -> Vec<(String, String)> {
    let form = page.text.rsplit("<h2>").next().unwrap_or_default();
    let mut fields: Vec<(String, String)> = Vec::new();
    for name in ["version", "date", "time", "minutes", "tables", "name", "phone"] {
        let input = form.split(&format!("name=\"{name}\" value=\"")).nth(1).and_then(|rest| rest.split('"').next());
        fields.push((name.to_owned(), plain(input.unwrap_or_else(|| panic!("no {name} in {form}")))));
    }
    for name in ["wishes", "note"] {
        let area = form.split(&format!("name=\"{name}\"")).nth(1).and_then(|rest| rest.split('>').nth(1)?.split('<').next());
        fields.push((name.to_owned(), plain(area.unwrap_or_else(|| panic!("no {name} in {form}")))));
    }
    fields.push(("guests".to_owned(), "2".to_owned()));
    for (name, value) in &mut fields {
        if let Some((_, other)) = typed.iter().find(|(typed, _)| typed == name) {
            (*other).clone_into(value);
        }
    }
    fields
}

async fn send(rosa: &Browser, path: &str, fields: &[(String, String)]) -> Reply {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    rosa.send(path, &fields).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_kept_of_a_change_erases_nothing_and_what_was_typed_stays() {
    let platform = house(&[2, 4]).await;
    let rosa = rosa(&platform);
    platform.admin("reservation").put("/reservations/rules", &json!({"slot_minutes": 60})).await.expect(200);
    let start = minutes(26 * 60);
    let more = json!({"staff_note": "VIP: nut allergy", "special_requests": "Severe nut allergy", "override": true, "table_id": null});
    let id = booked(&platform, start, more).await["id"].clone();
    let path = format!("/host/bookings/{id}");
    let page = rosa.open(&path).await.expect(200);
    let long = "a".repeat(2001);
    for (field, value) in [
        ("note", long.as_str()),
        ("wishes", &long),
        ("phone", "abc"),
        ("time", "25:99"),
        ("tables", "Patio"),
        ("tables", "99"),
        ("name", ""),
    ] {
        let told = send(&rosa, &path, &form(&page, &[(field, value), ("note", "Typed"), ("name", "Typed Name")])).await.expect(422);
        let kept = form(&told, &[]);
        assert!(kept.contains(&(field.to_owned(), value.to_owned())), "{field} in {kept:?}");
    }
    // Line breaks count once, as the browser counts them.
    let lines = vec!["a".repeat(99); 20].join("\r\n");
    leads_to(&send(&rosa, &path, &form(&page, &[("note", &lines)])).await);
    let now = seen(&platform, &id).await;
    assert_eq!((now["staff_note"].as_str().map(str::len), now["special_requests"].as_str()), (Some(1999), Some("Severe nut allergy")));
    // Against the rules: the page keeps the time that was asked for, and offers to book it all the same.
    let page = rosa.open(&path).await.expect(200);
    let time = (start + SignedDuration::from_mins(60)).to_zoned(noon::zone()).strftime("%H:10").to_string();
    let told = send(&rosa, &path, &form(&page, &[("time", &time), ("tables", "2+2")])).await.expect(409);
    let mut fields = form(&told, &[]);
    assert!(fields.contains(&("time".to_owned(), time.clone())) && told.text.contains("name=\"override\""), "{fields:?}");
    fields.push(("override".to_owned(), "true".to_owned()));
    leads_to(&send(&rosa, &path, &fields).await);
    let now = seen(&platform, &id).await;
    assert_eq!((now["overridden"].as_bool(), now["table_ids"].as_array().map(Vec::len)), (Some(true), Some(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_cannot_be_read_is_no_wish_for_any() {
    let platform = house(&[2]).await;
    let rosa = rosa(&platform);
    for table in ["0", "-1", "2147483648", "text"] {
        let form = rosa.open("/host/walk-in").await.expect(200);
        let told = rosa.fill(&form, &[("guests", "2"), ("table", table), ("name", ""), ("wishes", "")]).await.expect(422);
        says(&told, "There is no such table.");
    }
    let form = rosa.open("/host/walk-in").await.expect(200);
    let told = rosa.fill(&form, &[("guests", "2"), ("table", ""), ("name", &"a".repeat(256)), ("wishes", "")]).await.expect(422);
    says(&told, "We cannot take this name.");
    rosa.open("/host?q=a%00b").await.expect(200);
    rosa.send("/host/bookings/1/act", &[("action", "seat"), ("version", "text")]).await.expect(422);
}
