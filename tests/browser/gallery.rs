//! Every page in every state: whether everybody can use it, at every width and in both looks. The pictures are an output.

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use crate::Browsers;
use crate::house::{House, in_days};
use crate::session::{Look, Session};

/// What is done with a page before it is looked at.
enum Then {
    Nothing,
    /// Values of fields, which are sent without the browser's own checks.
    Send(&'static [(&'static str, &'static str)]),
    /// The same, for a time that somebody else books first, in so many days.
    Lose(i64, &'static str, &'static [(&'static str, &'static str)]),
    /// A time that is chosen, which somebody else books first, in so many days.
    Miss(i64, &'static str),
}

/// A page in a state: its name, and how a browser comes there.
struct Scene {
    name: &'static str,
    url: String,
    then: Then,
}

fn scene(name: &'static str, url: String) -> Scene {
    Scene { name, url, then: Then::Nothing }
}

/// The folder of the pictures.
pub(crate) fn pictures() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pages");
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// Looks at a page at each width and in both looks.
async fn look(session: &Session, house: &House, scene: &Scene) {
    session.resize(390, Look::Light).await;
    session.open(&scene.url).await;
    if let Then::Lose(days, time, _) | Then::Miss(days, time) = scene.then {
        house.book(days, time, 2, "Somebody").await;
    }
    match scene.then {
        Then::Nothing => {}
        Then::Send(fields) | Then::Lose(_, _, fields) => {
            for (id, value) in fields {
                session.script(&format!("document.getElementById('{id}').value = {}", json!(value))).await;
            }
            session.script("const form = document.querySelector('form[method=post]'); form.noValidate = true; form.querySelector('button.first').click()").await;
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        }
        Then::Miss(_, time) => session.click(time).await,
    }
    let name = scene.name;
    let mut faults = Vec::new();
    for (width, style) in [(320, Look::Light), (390, Look::Light), (390, Look::Dark), (1280, Look::Light), (1280, Look::Dark)] {
        session.resize(width, style).await;
        let overflow = session.overflow().await;
        if overflow > 0 {
            faults.push(format!("{name} at {width}: {overflow} pixels are beside the window"));
        }
        if matches!((width, style), (320, Look::Light) | (1280, Look::Dark)) {
            faults.extend(session.violations().await.into_iter().map(|found| format!("{name} at {width}, {style:?}: {found}")));
        }
        if width > 320 {
            let file = pictures().join(format!("{name}-{width}-{}.png", if style == Look::Dark { "dark" } else { "light" }));
            fs::write(file, session.picture().await).expect("written");
        }
    }
    session.lengthen().await;
    for width in [320, 1280] {
        session.resize(width, Look::Light).await;
        let overflow = session.overflow().await;
        if overflow > 0 {
            let beside = session.beside().await;
            faults.push(format!("{name} at {width}, in longer words: {overflow} pixels are beside the window: {beside}"));
        }
    }
    fs::write(pictures().join(format!("{name}-long.png")), session.picture().await).expect("written");
    session.is_content(name).await;
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

/// The pages of booking a table.
async fn booking(house: &House) -> Vec<Scene> {
    let admin = house.platform.admin("reservation");
    admin
        .post("/reservations/exceptions", &json!({"from": in_days(4), "until": in_days(5), "closed": true, "note": null}))
        .await
        .expect(201);
    for time in ["12:00", "14:00", "18:00", "19:45", "21:30"] {
        house.book(6, time, 2, "Somebody").await;
    }
    let day = |days: i64, more: &str| format!("{}/book?date={}{more}", house.home, in_days(days));
    house.book(2, "20:00", 2, "Somebody").await;
    const ADA: &[(&str, &str)] = &[("name", "Ada Lovelace"), ("email", "ada@example.com"), ("phone", "+44 20 7946 0958")];
    let nothing = &[("name", ""), ("email", "ada"), ("phone", "")];
    vec![
        scene("home", format!("{}/", house.home)),
        scene("home-german", format!("{}/?lang=de", house.home)),
        scene("book", day(3, "&guests=2")),
        scene("book-german", day(3, "&guests=2&lang=de")),
        scene("book-russian", day(3, "&guests=2&lang=ru")),
        scene("book-closed", day(4, "&guests=2")),
        scene("book-full", day(6, "&guests=2")),
        scene("book-too-large", day(3, "&guests=12")),
        scene("book-too-far", day(400, "&guests=2")),
        scene("book-taken", house.time(2, "20:00")),
        scene("book-details", house.time(3, "19:30")),
        scene("book-details-german", format!("{}&lang=de", house.time(3, "19:30"))),
        Scene { name: "book-errors", url: house.time(3, "19:30"), then: Then::Send(nothing) },
        Scene { name: "booked", url: house.time(3, "12:00"), then: Then::Send(ADA) },
        Scene { name: "book-lost", url: house.time(3, "21:00"), then: Then::Lose(3, "21:00", ADA) },
        scene("failed-missing", format!("{}/nothing", house.home)),
        scene("find-by-phone", format!("{}/b", house.home)),
        scene("link-ended", format!("{}/b/7QK2M9XA?k=rbk_1_x", house.home)),
    ]
}

/// The pages of a booking in each of its states.
async fn states(house: &House) -> Vec<Scene> {
    let mut scenes = Vec::new();
    for (place, (name, change)) in [
        ("booking", "status = status"),
        ("booking-pending", "status = 'pending'"),
        ("booking-seated", "status = 'seated'"),
        ("booking-completed", "status = 'completed'"),
        ("booking-cancelled", "status = 'cancelled'"),
        ("booking-missed", "status = 'no_show'"),
    ]
    .into_iter()
    .enumerate()
    {
        let name_of_guest = if place == 1 { "إليزابيث الثانية" } else { "Ada Lovelace" };
        let booking = house.book(8 + place as i64, "19:30", 2, name_of_guest).await;
        house.set(&booking, change).await;
        if place == 0 {
            scenes.push(scene("booking-change", House::below(&booking, "change")));
            scenes.push(scene("booking-details", House::below(&booking, "details")));
            scenes.push(Scene {
                name: "booking-details-errors",
                url: House::below(&booking, "details"),
                then: Then::Send(&[("name", "")]),
            });
            scenes.push(scene("booking-cancel", House::below(&booking, "cancel")));
            let moved = format!("{}&date={}", House::below(&booking, "change"), in_days(16));
            scenes.push(Scene { name: "booking-change-missed", url: moved, then: Then::Miss(16, "20:00") });
            scenes.push(scene("booking-russian", format!("{booking}&lang=ru")));
        }
        if place == 4 {
            scenes.push(scene("booking-cancel-late", House::below(&booking, "cancel")));
            scenes.push(scene("booking-change-late", House::below(&booking, "change")));
        }
        scenes.push(scene(name, booking));
    }
    scenes
}

pub(crate) async fn every_page_in_every_state_is_for_everybody(browsers: Browsers) {
    let house = House::new(&[2]).await;
    let session = browsers.open(&[&house.home, &house.menu]).await;
    session.open(&format!("{}/menu", house.menu)).await;
    session.script("document.documentElement.removeAttribute('lang')").await;
    assert_eq!(session.violations().await.len(), 1, "what is wrong is found");
    look(&session, &house, &scene("menu-empty", format!("{}/menu", house.menu))).await;
    let admin = house.platform.admin("menu");
    for (name, price, description) in [
        ("Bruschetta", "7.50", "Tomatoes, basil, garlic, toasted bread"),
        ("Tagliatelle al ragù", "15.50", "The ragù cooks for six hours"),
        ("שקשוקה", "9.90", "ביצים ועגבניות"),
    ] {
        admin.post("/api/v1/menu", &json!({"name": name, "price": price, "description": description})).await.expect(201);
    }
    let mut scenes = vec![
        scene("menu", format!("{}/menu", house.menu)),
        scene("menu-nothing", format!("{}/menu?q=durian&min_price=x", house.menu)),
        scene("menu-german", format!("{}/menu?lang=de", house.menu)),
    ];
    scenes.extend(booking(&house).await);
    scenes.extend(states(&house).await);
    for scene in &scenes {
        look(&session, &house, scene).await;
    }
    house.rules(json!({"guests_without_account": false})).await;
    look(&session, &house, &scene("book-by-phone", format!("{}/book", house.home))).await;
    session.close().await;

    let empty = House::with_mail(&[]).await;
    let session = browsers.open(&[&empty.home]).await;
    let find = || format!("{}/b", empty.home);
    for scene in [
        scene("book-no-tables", format!("{}/book", empty.home)),
        scene("find", find()),
        Scene { name: "find-sent", url: find(), then: Then::Send(&[("code", "7QK2M9XA"), ("email", "ada@example.com")]) },
    ] {
        look(&session, &empty, &scene).await;
    }
    session.close().await;
    println!("The pictures are in {}.", pictures().display());
}
