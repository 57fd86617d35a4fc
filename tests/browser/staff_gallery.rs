//! The staff's pages of accounts and of dishes in every state, at the widths of a tablet and of a desk: whether everybody can use them. The pictures are an
//! output.

use std::fs;

use restaurant_booking_tests::platform::{ADMIN_EMAIL, ADMIN_PASSWORD};
use restaurant_booking_tests::{Platform, Setup};
use serde_json::json;
use site::settings::Site;

use crate::Browsers;
use crate::gallery::pictures;
use crate::session::{Look, Session};

/// Looks at the page that the window has, at each width and in both looks.
pub(crate) async fn look(session: &Session, name: &str) {
    let mut faults = Vec::new();
    for (width, style) in [(320, Look::Light), (768, Look::Light), (768, Look::Dark), (1280, Look::Light), (1280, Look::Dark)] {
        session.resize(width, style).await;
        let overflow = session.overflow().await;
        if overflow > 0 {
            faults.push(format!("{name} at {width}: {overflow} pixels are beside the window"));
        }
        faults.extend(session.violations().await.into_iter().map(|found| format!("{name} at {width}, {style:?}: {found}")));
        let look = if style == Look::Dark { "dark" } else { "light" };
        fs::write(pictures().join(format!("{name}-{width}-{look}.png")), session.picture().await).expect("written");
    }
    session.is_content(name).await;
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

/// Whether the page stays in the window where its words are longer, as they are in other languages. It cannot be used any further.
async fn lengthened(session: &Session, name: &str) {
    session.lengthen().await;
    for width in [320, 768] {
        session.resize(width, Look::Light).await;
        assert_eq!(session.overflow().await, 0, "{name} at {width}, in longer words");
    }
}

async fn sign_in(session: &Session, email: &str, password: &str) {
    session.fill("email", email).await;
    session.fill("password", password).await;
    session.press("Sign in").await;
}

impl Session {
    /// Presses the button of a form in the page, whatever links say the same.
    async fn press(&self, text: &str) {
        let script = format!(
            "const button = [...document.querySelectorAll('main button')].find(one => one.textContent.includes({})); \
             button.form.noValidate = true; button.click()",
            json!(text)
        );
        self.script(&script).await;
    }
}

fn site() -> Site {
    Site {
        name: "Trattoria da Rosa".to_owned(),
        phone: Some("+39 06 555 0100".to_owned()),
        address: Some("Via dei Fiori 12, Roma".to_owned()),
        ..Site::default()
    }
}

pub(crate) async fn the_staff_use_every_page_of_accounts(browsers: Browsers) {
    let platform = Platform::start(Setup { site: Some(site()), ..Setup::only("auth") }).await;
    let home = platform.base("auth").to_owned();
    let session = browsers.open(&[&home]).await;
    let page = |path: &str| format!("{home}/account/{path}");
    let staff = page("staff");
    session.open(&staff).await;
    look(&session, "account-login").await;
    sign_in(&session, ADMIN_EMAIL, "wrong").await;
    session.says("No account has this e-mail address").await;
    look(&session, "account-login-wrong").await;
    session.press("Sign in").await;
    session.says("Enter the password.").await;
    look(&session, "account-login-missing").await;
    sign_in(&session, ADMIN_EMAIL, ADMIN_PASSWORD).await;
    session.says("Add somebody").await;
    look(&session, "account-staff-alone").await;

    for (name, email, role) in [
        ("Rosa Bianchi", "rosa@trattoria.example", "host"),
        ("إليزابيث الثانية", "elisabeth.maria.van.den.berg@trattoria.example", "host"),
        ("Leo", "leo@trattoria.example", "admin"),
    ] {
        let body = json!({"full_name": name, "email": email, "role": role});
        platform.admin("auth").post("/auth/users", &body).await.expect(201);
    }
    session.open(&staff).await;
    look(&session, "account-staff").await;
    session.press("Add").await;
    session.says("Enter the name.").await;
    look(&session, "account-staff-errors").await;
    session.fill("name", "Ada Lovelace").await;
    session.fill("email", "ada@trattoria.example").await;
    session.press("Add").await;
    session.says("it is shown this once").await;
    look(&session, "account-staff-added").await;
    let one_time = session.script("return document.querySelector('.code').textContent").await.as_str().unwrap_or_default().to_owned();

    session.open(&staff).await;
    session.click("Rosa Bianchi").await;
    session.says("Save the role").await;
    look(&session, "account-person").await;
    session.script("document.getElementById('role-user').click()").await;
    session.press("Save the role").await;
    session.says("Take this role away?").await;
    look(&session, "account-confirm").await;
    session.press("Take it away").await;
    session.says("The role is saved.").await;
    look(&session, "account-person-without-role").await;
    session.click("New one-time password").await;
    session.says("Their present password will no longer work.").await;
    look(&session, "account-one-time-ask").await;
    for (name, path) in [
        ("account", "logout"),
        ("password", "password"),
        ("signed-in", "signed-in"),
        ("login-signed-in", "login"),
        ("staff-german", "staff?lang=de"),
        ("staff-russian", "staff?lang=ru"),
        ("person-german", "staff/2?lang=de"),
    ] {
        session.open(&page(path)).await;
        look(&session, &format!("account-{name}")).await;
        lengthened(&session, name).await;
    }

    // A form that was open for longer than the session.
    session.open(&staff).await;
    session.fill("name", "Ada King").await;
    session.fill("email", "king@trattoria.example").await;
    session.client.delete_all_cookies().await.expect("deleted");
    session.press("Add").await;
    session.says("Your session has ended").await;
    look(&session, "account-session-ended").await;

    session.open(&staff).await;
    sign_in(&session, "ada@trattoria.example", &one_time).await;
    session.says("Choose your password").await;
    look(&session, "account-password-first").await;
    session.fill("current_password", &one_time).await;
    session.fill("new_password", "short").await;
    session.press("Save the password").await;
    session.says("needs at least 8 characters").await;
    look(&session, "account-password-errors").await;
    session.fill("current_password", &one_time).await;
    session.fill("new_password", "A long walk home").await;
    session.press("Save the password").await;
    session.says("That is not allowed here").await;
    look(&session, "account-forbidden").await;
    session.close().await;
    println!("The pictures are in {}.", pictures().display());
}

/// Dishes as they come: without a description, with a long one, with words that do not break, and in letters from right to left.
const DISHES: [(&str, &str, &str); 6] = [
    ("Olives", "4.50", ""),
    ("Burrata", "11.00", "With peaches, basil and a little chilli"),
    ("Bistecca alla fiorentina for the whole table, grilled over oak and rested for as long as it takes", "99999999.99", "T-bone, 1.2 kg"),
    (
        "Donaudampfschifffahrtsgesellschaftskapitänspfannkuchenmitapfelmus",
        "12.00",
        "Rindfleischetikettierungsüberwachungsaufgabenübertragung",
    ),
    ("شكشوكة", "9.90", "بيض وطماطم"),
    (
        "Ribollita",
        "8.00",
        "Bread, beans and black cabbage.\n\nCooked yesterday, warmed today, and better for it: that is what the name says, and what everybody \
        at the table who has had it before will tell you again.\nAsk for oil.",
    ),
];

pub(crate) async fn administrators_use_every_page_of_dishes(browsers: Browsers) {
    let platform = Platform::start(Setup { services: vec!["auth", "menu"], site: Some(site()), ..Setup::default() }).await;
    let home = platform.base("menu").to_owned();
    let session = browsers.open(&[platform.base("auth"), &home]).await;
    let page = |path: &str| format!("{home}/menu/edit{path}");
    // The sign-in at one service counts at the other, and leads back.
    session.open(&page("")).await;
    sign_in(&session, ADMIN_EMAIL, ADMIN_PASSWORD).await;
    session.says("There is no dish on the menu yet.").await;
    look(&session, "dishes-none").await;
    session.press("Add to the menu").await;
    session.says("Enter the name of the dish.").await;
    look(&session, "dishes-none-errors").await;

    let admin = platform.admin("menu");
    for (name, price, description) in DISHES {
        admin.post("/api/v1/menu", &json!({"name": name, "price": price, "description": description})).await.expect(201);
    }
    session.open(&page("")).await;
    look(&session, "dishes").await;
    session.fill("name", "Tiramisù").await;
    session.fill("price", "7.50 €").await;
    session.press("Add to the menu").await;
    session.says("The price must be digits alone").await;
    look(&session, "dishes-errors").await;
    session.fill("price", "7,50").await;
    session.press("Add to the menu").await;
    session.says("Tiramisù").await;
    look(&session, "dishes-added").await;
    session.open(&page("?q=peach")).await;
    session.says("1 dish found.").await;
    look(&session, "dishes-found").await;
    session.open(&page("?q=oysters")).await;
    session.says("0 dishes found.").await;
    look(&session, "dishes-not-found").await;

    session.open(&page("/3")).await;
    look(&session, "dish").await;
    session.fill("name", "").await;
    session.fill("price", "much").await;
    session.press("Save").await;
    session.says("Enter the name of the dish.").await;
    look(&session, "dish-errors").await;
    session.fill("name", "Bistecca").await;
    session.fill("price", "65").await;
    admin.patch("/api/v1/menu/3", &json!({"price": "70.00"})).await.expect(200);
    session.press("Save").await;
    session.says("This dish was changed meanwhile").await;
    look(&session, "dish-changed").await;
    session.press("Save").await;
    session.says("65.00").await;

    session.open(&page("/6/delete")).await;
    look(&session, "dish-delete").await;
    admin.patch("/api/v1/menu/6", &json!({"price": "8.20"})).await.expect(200);
    session.press("Delete it").await;
    session.says("it is not deleted yet").await;
    look(&session, "dish-delete-changed").await;
    session.press("Delete it").await;
    session.says("The dish is deleted.").await;
    look(&session, "dishes-deleted").await;
    session.open(&page("/1")).await;
    admin.delete("/api/v1/menu/1").await.expect(204);
    session.press("Save").await;
    session.says("This dish was deleted meanwhile").await;
    look(&session, "dishes-gone").await;

    for (name, path) in [
        ("dishes-german", "?lang=de"),
        ("dishes-russian", "?lang=ru"),
        ("dish-german", "/2?lang=de"),
        ("dish-russian", "/2?lang=ru"),
        ("dish-delete-german", "/2/delete?lang=de"),
    ] {
        session.open(&page(path)).await;
        look(&session, name).await;
        lengthened(&session, name).await;
    }
    session.close().await;
    println!("The pictures are in {}.", pictures().display());
}
