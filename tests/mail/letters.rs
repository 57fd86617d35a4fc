//! What guests are told, and when.

use calcard::icalendar::{ICalendar, ICalendarProperty};
use calcard::{Entry, Parser};
use jiff::SignedDuration;
use restaurant_booking_tests::Api;
use serde_json::json;

use crate::{House, Letter, in_hours, path};

/// The properties of the event of an entry, as a parser reads them: name, parameters and value on a line each.
fn entry(letter: &Letter) -> (String, String) {
    let (method, text) = letter.entry.clone().expect("an entry");
    assert_eq!(letter.attached.as_ref(), Some(&text), "the same entry is attached");
    let Entry::ICalendar(calendar) = Parser::new(&text).entry() else { panic!("no calendar: {text}") };
    let calendar: ICalendar = calendar;
    let [_, event] = &calendar.components[..] else { panic!("one event: {text}") };
    for needed in [ICalendarProperty::Uid, ICalendarProperty::Dtstamp, ICalendarProperty::Dtstart, ICalendarProperty::Dtend] {
        assert!(event.entries.iter().any(|entry| entry.name == needed), "{needed:?} in {text}");
    }
    for line in text.split("\r\n") {
        assert!(line.len() <= 75, "RFC 5545, 3.1: {line}");
    }
    let unfolded = text.replace("\r\n ", "");
    assert!(unfolded.contains(&format!("METHOD:{method}\r\n")), "{unfolded}");
    (method, unfolded)
}

fn utc(time: jiff::Timestamp) -> String {
    time.strftime("%Y%m%dT%H%M%SZ").to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_is_told_from_the_wish_to_its_end() {
    let house = House::open().await;
    let made = house.book(json!({"special_requests": "A high chair, please; \"quiet\""})).await;
    let code = made.body["reservation_code"].as_str().expect("a code");
    let received = house.mail(1).await.remove(0);
    assert_eq!(
        (received.from.as_str(), received.to.as_str(), received.reply_to.as_str()),
        ("booking@example.com", "ada@example.com", "host@example.com")
    );
    assert!(received.subject.starts_with("Your request: "), "{}", received.subject);
    assert_eq!(received.id, format!("{code}.{}.received.1@localhost", made.id()));
    for text in [&received.text, &received.html] {
        for part in [
            "Dear Ada Lovelace,",
            "not confirmed yet",
            "2 guests",
            "(2 hours)",
            code,
            "A high chair, please",
            made.body["manage_url"].as_str().expect("a URL"),
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains("<img") && !text.contains("http://localhost:8002/assets"), "{text}");
    }
    let (method, event) = entry(&received);
    assert_eq!(method, "REQUEST");
    for part in [
        format!("UID:{code}@localhost\r\n"),
        "SEQUENCE:1\r\n".to_owned(),
        "STATUS:TENTATIVE\r\n".to_owned(),
        format!("DTSTART:{}\r\n", utc(in_hours(48))),
        format!("DTEND:{}\r\n", utc(in_hours(50))),
        "ORGANIZER;CN=\"Restaurant\":mailto:host@example.com\r\n".to_owned(),
        "RSVP=FALSE:mailto:ada@example.com\r\n".to_owned(),
    ] {
        assert!(event.contains(&part), "{part} in {event}");
    }
    let guest = house.anyone().with_token(received.token().expect("a link"));
    assert_eq!(guest.get(&path(&made)).await.expect(200).body["reservation_code"], code);
    assert_eq!(house.state(&made, "sent").await, json!({"kind": "received", "state": "sent", "last_error": null}));
    assert!(guest.get(&path(&made)).await.expect(200).body.get("mail").is_none(), "mail is the staff's business");

    house.staff().act(&format!("{}/confirm", path(&made))).await.expect(200);
    let confirmed = house.mail(2).await.remove(1);
    assert!(confirmed.subject.starts_with("Confirmed: ") && confirmed.text.contains("is confirmed"), "{}", confirmed.subject);
    let (_, event) = entry(&confirmed);
    assert!(
        event.contains("SEQUENCE:2\r\n") && event.contains("STATUS:CONFIRMED\r\n") && event.contains(&format!("UID:{code}@")),
        "{event}"
    );

    guest.patch(&path(&made), &json!({"guests_count": 3, "reservation_time": in_hours(50)})).await.expect(200);
    let changed = house.mail(3).await.remove(2);
    assert!(changed.subject.starts_with("Your new request: "), "{}", changed.subject);
    assert!(changed.text.contains("Guests: 3 guests (before: 2 guests)") && changed.text.contains("(before: "), "{}", changed.text);
    let (_, event) = entry(&changed);
    assert!(event.contains("SEQUENCE:3\r\n") && event.contains(&format!("DTSTART:{}\r\n", utc(in_hours(50)))), "{event}");

    guest.patch(&path(&made), &json!({"special_requests": null, "contact_name": "Ada King"})).await.expect(200);
    guest.act(&format!("{}/cancel", path(&made))).await.expect(200);
    let cancelled = house.mail(4).await.remove(3);
    assert!(cancelled.text.contains("as you wished") && cancelled.text.contains("Dear Ada King"), "{}", cancelled.text);
    assert_eq!(cancelled.token(), None);
    let (method, event) = entry(&cancelled);
    assert_eq!(method, "CANCEL");
    assert!(event.contains("SEQUENCE:5\r\n") && event.contains("STATUS:CANCELLED\r\n"), "{event}");

    house.staff().act(&format!("{}/reopen", path(&made))).await.expect(200);
    let again = house.mail(5).await.remove(4);
    assert!(again.subject.starts_with("Your request: "), "{}", again.subject);
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_who_cancel_are_sorry_and_what_the_staff_do_at_the_door_is_told_nobody() {
    let house = House::with(true, 1).await;
    let made = house.book(json!({})).await;
    house.mail(1).await;
    house.staff().act(&format!("{}/cancel", path(&made))).await.expect(200);
    assert!(house.mail(2).await[1].text.contains("we had to cancel"));
    let seated = house.book(json!({"reservation_time": in_hours(2)})).await;
    house.mail(3).await;
    for action in ["seat", "complete", "reopen", "complete"] {
        house.staff().act(&format!("{}/{action}", path(&seated))).await.expect(200);
    }
    let phone = json!({"guests_count": 2, "reservation_time": in_hours(30), "source": "phone", "contact_name": "Grace", "contact_phone": "+44 20 7946 0000"});
    let phone = house.staff().post("/reservations/", &phone).await.expect(201);
    house.staff().post("/reservations/walk-ins", &json!({"guests_count": 2})).await.expect(201);
    let last = house.book(json!({"contact_email": "last@example.com"})).await;
    assert_eq!(house.mail(4).await[3].to, "last@example.com");
    assert_eq!(house.told(&phone).await, json!(null));
    house.staff().act(&format!("{}/mail", path(&phone))).await.problem(409, "no_message");
    house.state(&last, "sent").await;
    house.staff().act(&format!("{}/mail", path(&last))).await.expect(202);
    let both = house.mail(5).await;
    assert!(both[3].subject == both[4].subject && both[3].id != both[4].id);
    house.by_link(&last).act(&format!("{}/mail", path(&last))).await.problem(403, "forbidden");
    house.staff().act("/reservations/999999/mail").await.problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_are_written_to_in_their_language() {
    let house = House::with(true, 1).await;
    house.book(json!({"language": "de", "contact_name": "Jürgen Müller"})).await;
    house.book(json!({"language": "ru", "contact_name": "Ада", "guests_count": 3})).await;
    house.book(json!({"contact_name": "عائشة"})).await;
    let mail = house.mail(3).await;
    let about = |name: &str| mail.iter().find(|letter| letter.text.contains(name)).expect("a letter");
    assert!(about("Guten Tag Jürgen Müller,").subject.starts_with("Bestätigt: "));
    assert!(about("Здравствуйте, Ада!").text.contains("3 гостя"));
    let arabic = about("Dear عائشة,");
    assert!(arabic.html.contains("<bdi>Dear عائشة,</bdi>") && entry(arabic).1.contains("CN=\"عائشة\""), "{}", arabic.html);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_address_ends_the_links_and_both_are_told() {
    let house = House::open().await;
    let made = house.book(json!({})).await;
    let old = house.mail(1).await[0].token().expect("a link");
    let guest = house.by_link(&made);
    guest.patch(&path(&made), &json!({"contact_email": "ada@example.org"})).await.expect(200);
    let mail = house.mail(3).await;
    let to = |address: &str| mail[1..].iter().find(|letter| letter.to == address).expect("a letter");
    let (new, former) = (to("ada@example.org"), to("ada@example.com"));
    assert!(former.subject.starts_with("Another e-mail address"), "{}", former.subject);
    for secret in ["?k=", "ada@example.org", made.body["reservation_code"].as_str().expect("a code")] {
        assert!(!former.text.contains(secret) && !former.html.contains(secret), "{secret} in {}", former.text);
    }
    assert!(former.entry.is_none());
    assert_eq!(house.told(&made).await["kind"], "received", "what is sent to the former address is no mail to the guest");
    assert!(new.subject.starts_with("Your request"), "nobody was told at the new address: {}", new.subject);
    let api = |token: String| -> Api { house.anyone().with_token(token) };
    api(old).get(&path(&made)).await.problem(401, "unauthenticated");
    api(new.token().expect("a link")).get(&path(&made)).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_is_reminded_once_of_a_visit() {
    let house = House::with(true, 1).await;
    let due = "SELECT count(*) FROM message WHERE kind = 'reminder' AND due_at = (SELECT reservation_time FROM reservation WHERE id = reservation_id) - interval '24 hours'";
    let made = house.book(json!({"reservation_time": in_hours(30)})).await;
    house.book(json!({"reservation_time": in_hours(5)})).await;
    house.mail(2).await;
    assert_eq!(house.count(due).await, 1, "what was booked later than that has none");
    let guest = house.by_link(&made);
    guest.patch(&path(&made), &json!({"reservation_time": in_hours(40)})).await.expect(200);
    assert_eq!((house.count(due).await, house.count("SELECT count(*) FROM message WHERE kind = 'reminder'").await), (1, 1));
    house.mail(3).await;
    let remind = "UPDATE message SET due_at = now() WHERE state = 'waiting'";
    house.run(remind).await;
    let reminder = house.mail(4).await.remove(3);
    assert!(reminder.subject.starts_with("See you soon: ") && reminder.token().is_some(), "{}", reminder.subject);
    guest.patch(&path(&made), &json!({"contact_name": "Ada King"})).await.expect(200);
    house.run(remind).await;
    guest.act(&format!("{}/cancel", path(&made))).await.expect(200);
    assert!(house.mail(5).await[4].subject.starts_with("Cancelled"), "no second reminder came before");
    assert_eq!(house.count("SELECT count(*) FROM message WHERE state = 'waiting'").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hour_is_that_of_the_restaurant() {
    let server = crate::server::Server::start().await;
    let time_zone = jiff::tz::TimeZone::get("Pacific/Auckland").expect("a zone");
    let restaurant = reservation::config::Restaurant { time_zone: time_zone.clone(), auto_confirm: true, ..Default::default() };
    let setup = restaurant_booking_tests::Setup {
        restaurant,
        mail: Some(crate::smtp(&server)),
        ..restaurant_booking_tests::Setup::only("reservation")
    };
    let house = House { platform: restaurant_booking_tests::Platform::start(setup).await, server };
    house.staff().post("/reservations/tables", &json!({"table_number": 1, "capacity": 4})).await.expect(201);
    house.book(json!({})).await;
    let start = in_hours(48).to_zoned(time_zone);
    let letter = house.mail(1).await.remove(0);
    let (from, until) = (start.strftime("%H:%M").to_string(), (&start + SignedDuration::from_hours(2)).strftime("%H:%M").to_string());
    assert!(letter.text.contains(&format!(" at {from}")) && letter.text.contains(&format!("Until: {until} ")), "{}", letter.text);
}
