//! Setting up the house by forms: what they say, whom they strand, and that they do what the API does.

use chassis::http::identity::Role;
use restaurant_booking_tests::{Platform, Reply, noon};
use serde_json::{Value, json};

use crate::browser::{Browser, leads_to, links, plain, says};
use crate::{booked, house, minutes, rosa, signed_in};

/// The browser of an administrator.
fn leo(platform: &Platform) -> Browser {
    signed_in(platform, 1, Role::Admin)
}

/// An attribute of a tag.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    Some(plain(rest.split('"').next()?))
}

/// What the form of a page would send, as a browser reads it.
fn fields(page: &Reply) -> Vec<(String, String)> {
    let (_, form) = page.text.split_once("<form method=\"post\"").unwrap_or_else(|| panic!("no form in {}", page.text));
    let form = form.split("</form>").next().unwrap_or_default();
    let mut fields = Vec::new();
    for tag in form.split('<').skip(1) {
        let Some(name) = attribute(tag, "name") else { continue };
        let value = attribute(tag, "value");
        if tag.starts_with("input") && (attribute(tag, "type").as_deref() != Some("checkbox") || tag.contains(" checked")) {
            fields.push((name, value.unwrap_or_default()));
        } else if tag.starts_with("textarea") {
            fields.push((name, plain(tag.split_once('>').map(|(_, text)| text).unwrap_or_default())));
        } else if tag.starts_with("select") {
            let options = form.split_once(tag).map(|(_, rest)| rest.split("</select>").next().unwrap_or_default()).unwrap_or_default();
            let chosen = options.split("<option").find(|option| option.contains(" selected")).and_then(|option| attribute(option, "value"));
            fields.push((name, chosen.unwrap_or_default()));
        }
    }
    fields
}

/// Sends the form of a page with some fields filled in; a box that is emptied is one that is not ticked.
async fn send(browser: &Browser, page: &Reply, filled: &[(&str, &str)]) -> Reply {
    let mut all = fields(page);
    all.retain(|(name, _)| !filled.iter().any(|(other, _)| other == name));
    let typed = filled.iter().filter(|(_, value)| *value != "unticked").map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    all.extend(typed);
    let all: Vec<_> = all.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.send(&crate::browser::action(&page.text), &all).await
}

/// What the API says of a path.
async fn api(platform: &Platform, path: &str) -> Value {
    platform.admin("reservation").get(path).await.expect(200).body
}

/// A week in which every day has a service around these times.
fn every_day(opens: &str, last: &str, closes: &str) -> Value {
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    json!({"name": "Dinner", "days": days, "opens": opens, "last_seating": last, "closes": closes, "online": true})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_restaurant_is_led_from_nothing_to_its_first_bookable_table_on_one_page() {
    let platform = house(&[]).await;
    let leo = leo(&platform);
    let page = leo.open("/host/setup").await.expect(200);
    says(&page, "The first table");
    assert_eq!(leads_to(&send(&leo, &page, &[("number", "7"), ("seats", "2")]).await), "/host/setup");
    let tables = api(&platform, "/reservations/tables").await;
    let table = &tables[0];
    assert_eq!((&table["table_number"], &table["capacity"], &table["online"]), (&json!(7), &json!(2), &json!(true)));
    let page = leo.open("/host/setup").await.expect(200);
    says(&page, "Guests can book a table now.");
    says(&page, "1 table, 2 seats; guests can book 1");
    says(&page, "Open around the clock");
    let booked = Browser::new(platform.base("reservation")).open("/book?guests=2").await.expect(200);
    assert!(!crate::browser::times(&booked.text).is_empty(), "{}", booked.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_set_other_hours_and_administrators_the_rest() {
    let platform = house(&[2]).await;
    let rosa = rosa(&platform);
    for path in ["", "/hours", "/rules", "/tables", "/tables/1", "/areas", "/groups"] {
        rosa.open(&format!("/host/setup{path}")).await.expect(403);
        if !path.is_empty() {
            rosa.send(&format!("/host/setup{path}"), &[("number", "2"), ("seats", "2")]).await.expect(403);
        }
    }
    says(&rosa.open("/host/setup/exceptions").await.expect(200), "Back to the day");
    assert_eq!(api(&platform, "/reservations/tables").await.as_array().map(Vec::len), Some(1));
    // Nor does a page of another site set anything.
    let foreign = leo(&platform).with("Sec-Fetch-Site", "cross-site");
    foreign.send("/host/setup/tables", &[("number", "2"), ("seats", "2"), ("min", "1")]).await.expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_show_whom_they_strand_before_they_are_saved() {
    let platform = house(&[2, 2, 2]).await;
    let start = minutes(300);
    let stranded = booked(&platform, start, json!({"override": true})).await;
    let (leo, local) = (leo(&platform), |time: jiff::Timestamp| time.to_zoned(noon::zone()).strftime("%H:%M").to_string());
    // An override is never stranded: it was made against the rules. One without it is.
    let booking = booked(&platform, start, json!({})).await;
    let page = leo.open("/host/setup/hours").await.expect(200);
    let opens = [local(start), local(start + jiff::SignedDuration::from_mins(60)), local(start + jiff::SignedDuration::from_mins(240))];
    let days = ["monday-0", "tuesday-0", "wednesday-0", "thursday-0", "friday-0", "saturday-0", "sunday-0"];
    let week = |times: &[String; 3]| {
        let mut week: Vec<(String, String)> = days.iter().map(|day| ((*day).to_owned(), "true".to_owned())).collect();
        let fields = [("service-0", "Dinner"), ("opens-0", &times[0]), ("last-0", &times[1]), ("closes-0", &times[2])];
        week.extend(fields.map(|(name, value)| (name.to_owned(), value.to_owned())));
        week
    };
    let fields = week(&opens);
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    // To look changes nothing.
    let checked = send(&leo, &page, &[&fields[..], &[("action", "check")]].concat()).await.expect(200);
    says(&checked, "No further booking would be outside our hours. Nothing is saved yet: press Save to go on.");
    assert_eq!(api(&platform, "/reservations/schedule").await["services"], json!([]));
    assert_eq!(leads_to(&send(&leo, &checked, &[]).await), "/host/setup?saved");
    assert_eq!(api(&platform, "/reservations/schedule").await["services"], json!([every_day(&opens[0], &opens[1], &opens[2])]));

    // Hours that strand a booking are saved once that was shown.
    let page = leo.open("/host/setup/hours").await.expect(200);
    let later = [local(start + jiff::SignedDuration::from_mins(30)), opens[1].clone(), opens[2].clone()];
    let told = send(&leo, &page, &[("opens-0", &later[0])]).await.expect(200);
    says(&told, "1 more booking would be outside our hours.");
    let (code, other) = (booking["reservation_code"].as_str().expect("a code"), stranded["reservation_code"].as_str().expect("a code"));
    says(&told, code);
    assert!(!told.text.contains(other) && links(&told.text).contains(&format!("/host/bookings/{}", booking["id"])), "{}", told.text);
    assert_eq!(api(&platform, "/reservations/schedule").await["services"][0]["opens"], json!(opens[0]));
    // Somebody books meanwhile: whom the form did not show is shown first.
    let third = booked(&platform, start + jiff::SignedDuration::from_mins(1), json!({"override": false, "duration_minutes": 20})).await;
    let again = send(&leo, &told, &[]).await.expect(200);
    says(&again, "2 more bookings would be outside our hours.");
    says(&again, third["reservation_code"].as_str().expect("a code"));
    assert_eq!(leads_to(&send(&leo, &again, &[]).await), "/host/setup?saved");
    assert_eq!(api(&platform, "/reservations/schedule").await["services"], json!([every_day(&later[0], &later[1], &later[2])]));
    let overview = leo.open("/host/setup").await.expect(200);
    says(&overview, "2 bookings ahead are outside our hours");
    let date = start.to_zoned(noon::zone()).date();
    let day = rosa(&platform).open(&format!("/host?date={date}")).await.expect(200);
    assert!(plain(&day.text).contains("outside our hours") && day.text.contains("closed then"), "{}", day.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_hours_is_said_beside_the_field_and_nothing_is_lost() {
    let platform = house(&[2]).await;
    let leo = leo(&platform);
    let page = leo.open("/host/setup/hours").await.expect(200);
    let cases: [(&[(&str, &str)], &str); 7] = [
        (&[("service-0", "Lunch")], "Lunch, Opens: Please fill this in."),
        (
            &[("service-0", "Lunch"), ("opens-0", "12:00"), ("last-0", "14:00"), ("closes-0", "16:00")],
            "Lunch, Days: Choose at least one day.",
        ),
        (&[("service-0", "Lunch"), ("opens-0", "noon")], "Lunch, Opens: Write a time such as 18:30."),
        (
            &[("service-0", "Lunch"), ("monday-0", "true"), ("opens-0", "12:00"), ("last-0", "17:00"), ("closes-0", "16:00")],
            "Lunch, Last seating: This must not be before 12:00, and must be before 16:00, when we close.",
        ),
        (&[("service-0", "Lunch"), ("min-0", "none")], "Lunch, Smallest party: Write a whole number from 1 to 20."),
        (
            &[
                ("service-0", "Lunch"),
                ("monday-0", "true"),
                ("opens-0", "12:00"),
                ("last-0", "14:00"),
                ("closes-0", "16:00"),
                ("min-0", "5"),
                ("max-0", "3"),
            ],
            "Lunch, Largest party: This must be at least 5.",
        ),
        (&[("service-0", &"x".repeat(101))], "This can have 100 characters at most."),
    ];
    for (typed, wrong) in cases {
        let told = send(&leo, &page, typed).await.expect(422);
        says(&told, wrong);
        for (name, value) in typed {
            assert!(fields(&told).contains(&((*name).to_owned(), (*value).to_owned())), "{name} is lost: {:?}", fields(&told));
        }
    }
    let lunch = [("service-0", "Lunch"), ("monday-0", "true"), ("opens-0", "12:00"), ("last-0", "14:00"), ("closes-0", "16:00")];
    leads_to(&send(&leo, &page, &lunch).await);
    let page = leo.open("/host/setup/hours").await.expect(200);
    let tea = [("service-1", "Tea"), ("monday-1", "true"), ("opens-1", "15:00"), ("last-1", "16:00"), ("closes-1", "17:00")];
    says(&send(&leo, &page, &tea).await.expect(422), "Tea, Closes: This overlaps Lunch.");
    // Somebody else was faster: both see it, and nothing is lost.
    leads_to(&send(&leo, &page, &[("closes-0", "15:30")]).await);
    let stale = send(&leo, &page, &[("opens-0", "11:00")]).await.expect(412);
    says(&stale, "Somebody else has changed this meanwhile. It is now: Lunch, Opens: 12:00; Lunch, Closes: 15:30.");
    assert!(fields(&stale).contains(&("opens-0".to_owned(), "11:00".to_owned())));
    leads_to(&send(&leo, &stale, &[]).await);
    let services = api(&platform, "/reservations/schedule").await["services"].clone();
    assert_eq!((&services[0]["opens"], &services[0]["closes"]), (&json!("11:00"), &json!("16:00")));
    // A service that is removed is gone; without any the house is open around the clock, which is said first.
    let page = leo.open("/host/setup/hours").await.expect(200);
    let told = send(&leo, &page, &[("remove-0", "true")]).await.expect(200);
    says(&told, "Without a service we are open around the clock");
    assert_eq!(api(&platform, "/reservations/schedule").await["services"].as_array().map(Vec::len), Some(1));
    leads_to(&send(&leo, &told, &[("remove-0", "true")]).await);
    assert_eq!(api(&platform, "/reservations/schedule").await["services"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_closes_dates_and_opens_them_again() {
    let platform = house(&[2]).await;
    let start = minutes(3 * 24 * 60);
    let booking = booked(&platform, start, json!({})).await;
    let date = start.to_zoned(noon::zone()).date().to_string();
    let rosa = rosa(&platform);
    let page = rosa.open("/host/setup/exceptions").await.expect(200);
    says(&send(&rosa, &page, &[("from", &date), ("until", &date)]).await.expect(422), "Tick this, or fill in a service below.");
    let closed = [("from", date.as_str()), ("until", date.as_str()), ("closed", "true"), ("note", "Painting")];
    let told = send(&rosa, &page, &closed).await.expect(200);
    says(&told, "1 more booking would be outside our hours.");
    says(&told, booking["reservation_code"].as_str().expect("a code"));
    assert_eq!(api(&platform, "/reservations/exceptions").await, json!([]));
    let to = leads_to(&send(&rosa, &told, &[]).await);
    let page = rosa.open(&to).await.expect(200);
    says(&page, "Painting");
    let exception = api(&platform, "/reservations/exceptions").await[0].clone();
    assert_eq!((&exception["from"], &exception["closed"], &exception["note"]), (&json!(date), &json!(true), &json!("Painting")));
    assert_eq!(leads_to(&send(&rosa, &page, &closed).await), to);
    let twice = send(&rosa, &page, &[&closed[..3], &[("note", "Stocktaking")]].concat()).await.expect(409);
    says(&twice, "One of these dates has other hours already.");
    let own = format!("/host/setup/exceptions/{}", exception["id"]);
    assert!(links(&twice.text).contains(&own), "{}", twice.text);

    // Open on that date after all, then as every week.
    let page = rosa.open(&own).await.expect(200);
    let brunch = [("closed", "unticked"), ("service-0", "Brunch"), ("opens-0", "00:00"), ("last-0", "23:00"), ("closes-0", "00:00")];
    leads_to(&send(&rosa, &page, &brunch).await);
    assert_eq!(api(&platform, "/reservations/exceptions").await[0]["services"][0]["name"], "Brunch");
    // A thumb that taps twice has saved it once.
    leads_to(&send(&rosa, &page, &brunch).await);
    let page = rosa.open(&own).await.expect(200);
    let fields = fields(&page);
    let fields: Vec<_> = fields.iter().filter(|(name, _)| name == "version").map(|(name, value)| (name.as_str(), value.as_str())).collect();
    leads_to(&rosa.send(&own, &[&fields[..], &[("action", "remove")]].concat()).await);
    assert_eq!(api(&platform, "/reservations/exceptions").await, json!([]));
    // What is gone already is no fault.
    leads_to(&rosa.send(&own, &[&fields[..], &[("action", "remove")]].concat()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_floor_is_set_up_by_forms_as_by_the_api() {
    let platform = house(&[]).await;
    let leo = leo(&platform);
    let page = leo.open("/host/setup/areas").await.expect(200);
    let added = leo.open(&leads_to(&send(&leo, &page, &[("name", "Terrace")]).await)).await.expect(200);
    says(&added, "Added: Terrace");
    says(&send(&leo, &added, &[("name", "Terrace")]).await.expect(409), "Name: Another area has this name.");
    let area = api(&platform, "/reservations/areas").await[0]["id"].to_string();

    let page = leo.open("/host/setup/tables").await.expect(200);
    let added = leo.open(&leads_to(&send(&leo, &page, &[("area", &area), ("description", "By the \"wall\" <b>")]).await)).await.expect(200);
    says(&added, "Added: Table 1 · 4 seats · Terrace");
    // The next has the next number, and is like the one before.
    assert_eq!(leads_to(&send(&leo, &added, &[]).await).split_once("?added=").map(|(path, _)| path), Some("/host/setup/tables"));
    let tables = api(&platform, "/reservations/tables").await;
    assert_eq!((&tables[1]["table_number"], &tables[1]["area_id"].to_string()), (&json!(2), &area));
    assert_eq!(tables[0]["description"], "By the \"wall\" <b>");
    says(&send(&leo, &added, &[("number", "1")]).await.expect(409), "Number: Another table has the number 1.");
    says(&send(&leo, &added, &[("seats", "13")]).await.expect(422), "Seats: Write a whole number from 1 to 12.");
    says(&send(&leo, &added, &[("number", "3"), ("seats", "2"), ("min", "3")]).await.expect(422), "Smallest party: This can be 2 at most");
    says(&send(&leo, &added, &[("number", "3"), ("area", "99")]).await.expect(422), "Area: This is not there any more.");

    let page = leo.open("/host/setup/groups").await.expect(200);
    let (one, two) = (format!("table-{}", tables[0]["id"]), format!("table-{}", tables[1]["id"]));
    let window = [("name", "Window"), (one.as_str(), "true"), ("seats", "8"), ("min", "5")];
    says(&send(&leo, &page, &window).await.expect(422), "Tables: Choose from 2 to 12 tables.");
    let window = [&window[..], &[(two.as_str(), "true")]].concat();
    let small = [&window[..3], &window[4..], &[("seats", "4"), ("min", "1")]].concat();
    let small: Vec<_> = small.into_iter().filter(|field| *field != ("seats", "8")).collect();
    says(&send(&leo, &page, &small).await.expect(422), "Seats together: One table alone has as many seats (4)");
    says(
        &leo.open(&leads_to(&send(&leo, &page, &window).await)).await.expect(200),
        "Added: Window · tables 1 + 2 · 8 seats · from 5 guests",
    );

    // A table that is part of a group, or is booked, stays; an area with tables, too.
    let own = format!("/host/setup/tables/{}", tables[0]["id"]);
    let page = leo.open(&own).await.expect(200);
    says(&send(&leo, &page, &[("active", "unticked")]).await.expect(409), "The table is part of: Window (1 + 2).");
    let group = format!("/host/setup/groups/{}", api(&platform, "/reservations/table-groups").await[0]["id"]);
    leads_to(&send(&leo, &leo.open(&group).await.expect(200), &[("action", "remove")]).await);
    let booking = booked(&platform, minutes(60), json!({"table_id": tables[0]["id"], "override": true})).await;
    let told = send(&leo, &page, &[("active", "unticked")]).await.expect(409);
    says(&told, "Bookings are in the way.");
    says(&told, booking["reservation_code"].as_str().expect("a code"));
    let area = format!("/host/setup/areas/{area}");
    says(&send(&leo, &leo.open(&area).await.expect(200), &[("action", "remove")]).await.expect(409), "Tables stand in this area.");

    // Two forms of one table: the second sees the first.
    leads_to(&send(&leo, &page, &[("seats", "6")]).await);
    let stale = send(&leo, &page, &[("description", "By the door")]).await.expect(412);
    says(&stale, "It is now: Seats: 6; Description for guests: By the \"wall\" <b>.");
    leads_to(&send(&leo, &stale, &[("seats", "6")]).await);
    let table = &api(&platform, "/reservations/tables").await[0];
    assert_eq!((&table["capacity"], &table["description"]), (&json!(6), &json!("By the door")));
    let own = format!("/host/setup/tables/{}", tables[1]["id"]);
    leads_to(&send(&leo, &leo.open(&own).await.expect(200), &[("action", "remove")]).await);
    assert_eq!(api(&platform, "/reservations/tables").await.as_array().map(Vec::len), Some(1));
    leo.open(&own).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rules_are_set_by_a_form_as_by_the_api() {
    let platform = house(&[4]).await;
    let leo = leo(&platform);
    let page = leo.open("/host/setup/rules").await.expect(200);
    let rules = [
        ("slot", "15"),
        ("notice", "60"),
        ("change-until", "120"),
        ("buffer", "10"),
        ("min", "2"),
        ("max", "8"),
        ("confirm", "6"),
        ("spare", "2"),
        ("up-to-0", "2"),
        ("minutes-0", "90"),
        ("up-to-1", "8"),
        ("minutes-1", "120"),
        ("covers", "24"),
        ("parties", "8"),
        ("phone", "unticked"),
        ("policy", "We keep your table\nfor a quarter of an hour."),
    ];
    assert_eq!(leads_to(&send(&leo, &page, &rules).await), "/host/setup?saved");
    let expected = json!({
        "slot_minutes": 15, "min_notice_minutes": 60, "min_party": 2, "max_party": 8, "confirm_above": 6, "max_spare_seats": 2,
        "buffer_minutes": 10, "turn_times": [{"up_to": 2, "minutes": 90}, {"up_to": 8, "minutes": 120}],
        "pacing": {"covers": 24, "parties": 8}, "change_until_minutes": 120, "guests_without_account": true, "phone_required": false,
        "policy": "We keep your table\nfor a quarter of an hour.",
    });
    assert_eq!(api(&platform, "/reservations/rules").await, expected);
    says(&leo.open("/host/setup").await.expect(200), "You confirm parties larger than: 6");
    // The form shows what it set, and saves it unchanged.
    let page = leo.open("/host/setup/rules").await.expect(200);
    leads_to(&send(&leo, &page, &[]).await);
    assert_eq!(api(&platform, "/reservations/rules").await, expected);
    for (typed, wrong) in [
        (&[("notice", "soon")][..], "When, Book at least so many minutes ahead: Write a whole number from 0 to 43200."),
        (&[("max", "1")], "Parties, Largest party: This must be at least 2."),
        (&[("up-to-1", "2")], "How long parties stay, Parties of up to so many guests: This must be more than the size before, 2."),
        (&[("minutes-1", "")], "How long parties stay, Minutes: Please fill this in."),
    ] {
        says(&send(&leo, &page, typed).await.expect(422), wrong);
    }
    leads_to(&send(&leo, &page, &[("covers", "30")]).await);
    let stale = send(&leo, &page, &[("parties", "")]).await.expect(412);
    says(&stale, "It is now: Arrivals within 15 minutes, at most, Guests: 30; Arrivals within 15 minutes, at most, Parties: 8.");
    assert_eq!(api(&platform, "/reservations/rules").await["pacing"], json!({"covers": 30, "parties": 8}));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_setting_up_speaks_the_languages_of_the_house() {
    let platform = house(&[2]).await;
    for (language, title) in [("de", "Das Haus einrichten"), ("ru", "Настройка ресторана")] {
        let leo = leo(&platform).with("Accept-Language", language);
        says(&leo.open("/host/setup").await.expect(200), title);
        for path in ["hours", "rules", "exceptions", "areas", "tables", "tables/1", "groups"] {
            leo.open(&format!("/host/setup/{path}")).await.expect(200);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_declared_is_shown_and_says_where_it_is_changed() {
    let platform = house(&[2]).await;
    let leo = leo(&platform);
    let (hours, table) = (leo.open("/host/setup/hours").await.expect(200), leo.open("/host/setup/tables/1").await.expect(200));
    let rules = leo.open("/host/setup/rules").await.expect(200);
    let declared =
        reservation::declared::file::parse("{booking: {maxParty: 8}, openingHours: [], floor: {tables: [{number: 1, seats: 2}]}}");
    let room = reservation::room::Room::new(reservation::config::Restaurant::default(), None);
    let pool = platform.pool("reservation");
    reservation::declared::apply(&mut pool.acquire().await.expect("a connection"), &room, &declared.expect("a house"))
        .await
        .expect("applied");
    let where_it_is = "This is declared in the resource of the restaurant, or in its file.";
    // A form that was open before is refused, with what was typed.
    for (page, typed, field) in [(&hours, ("service-0", "Tea"), "Tea"), (&table, ("seats", "4"), "4"), (&rules, ("max", "3"), "3")] {
        let told = send(&leo, page, &[typed, ("monday-0", "true"), ("opens-0", "12:00"), ("last-0", "12:00"), ("closes-0", "13:00")]).await;
        let told = told.expect(409);
        says(&told, where_it_is);
        assert!(told.text.contains(&format!("value=\"{field}\"")), "{}", told.text);
    }
    restaurant_booking_tests::platform::eventually("a house that is known", async || {
        leo.open("/host/setup").await.text.matches(where_it_is).count() == 5
    })
    .await;
    for path in ["hours", "rules", "tables", "tables/1", "areas", "groups"] {
        let page = leo.open(&format!("/host/setup/{path}")).await.expect(200);
        says(&page, where_it_is);
        assert!(!page.text.contains("<button"), "{path} can be sent: {}", page.text);
    }
    says(&leo.open("/host/setup/exceptions").await.expect(200), "Add dates");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_with_a_fault_does_not_take_what_somebody_else_changed_meanwhile() {
    let platform = house(&[4]).await;
    let leo = leo(&platform);
    let page = leo.open("/host/setup/tables/1").await.expect(200);
    let by_the_door = json!({"table_number": 1, "capacity": 8, "description": "By the door", "online": false});
    platform.admin("reservation").put("/reservations/tables/1", &by_the_door).await.expect(200);
    let faulty = send(&leo, &page, &[("seats", "99")]).await.expect(422);
    let told = send(&leo, &faulty, &[("seats", "4")]).await.expect(412);
    says(&told, "It is now: Seats: 8; Description for guests: By the door; Guests can book it: no.");
    assert_eq!(api(&platform, "/reservations/tables/1").await["description"], "By the door");
    // Removed meanwhile: what was typed is in the form of a new one.
    platform.admin("reservation").delete("/reservations/tables/1").await.expect(204);
    let told = send(&leo, &told, &[("description", "By the fire")]).await.expect(404);
    says(&told, "Somebody else has removed this meanwhile.");
    assert!(fields(&told).contains(&("description".to_owned(), "By the fire".to_owned())), "{:?}", fields(&told));
    leads_to(&send(&leo, &told, &[]).await);
    assert_eq!(api(&platform, "/reservations/tables").await[0]["description"], "By the fire");
    let removed = leo.open("/host/setup/tables/99").await.expect(404);
    says(&removed, "There is nothing here");
    says(&leo.open("/host/setup/tables/%FF").await.expect(404), "There is nothing here");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_were_chosen_for_a_group_and_are_gone_are_told() {
    let platform = house(&[4, 4, 4]).await;
    let (leo, admin) = (leo(&platform), platform.admin("reservation"));
    let page = leo.open("/host/setup/groups").await.expect(200);
    let trio = [("name", "Trio"), ("seats", "11"), ("table-1", "true"), ("table-2", "true"), ("table-3", "true")];
    admin.delete("/reservations/tables/3").await.expect(204);
    says(&send(&leo, &page, &trio).await.expect(422), "Tables: A table that you chose is not there any more.");
    admin.put("/reservations/tables/2", &json!({"table_number": 2, "capacity": 4, "is_active": false})).await.expect(200);
    says(&send(&leo, &page, &trio[..4]).await.expect(422), "Tables: One of the tables is out of use.");
    admin.put("/reservations/tables/2", &json!({"table_number": 2, "capacity": 4})).await.expect(200);
    // A thumb that taps twice has made one.
    let pair = [("name", "Pair"), ("seats", "7"), ("table-1", "true"), ("table-2", "true")];
    let first = leads_to(&send(&leo, &page, &pair).await);
    assert_eq!(leads_to(&send(&leo, &page, &pair).await), first);
    assert_eq!(api(&platform, "/reservations/table-groups").await.as_array().map(Vec::len), Some(1));
}
