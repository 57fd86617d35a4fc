//! What is typed about a dish is kept, whatever is wrong: with a field, with the session, with the database.

use chassis::http::identity::Role;
use restaurant_booking_tests::platform::eventually;
use restaurant_booking_tests::token;

use crate::browser::{action, leads_to, links, says};
use crate::dishes::{administrator, dish, dishes, field, has, is, menu};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_field_is_told_and_what_was_typed_is_kept() {
    let platform = menu().await;
    let id = dish(&platform, "Tea", "3", None).await;
    let own = administrator(&platform);
    let (long, longer) = ("ж".repeat(256), "é".repeat(2001));
    let faults: [(&str, &str, &str); 13] = [
        ("name", "", "Enter the name of the dish."),
        ("name", "\u{200b} ", "Enter the name of the dish."),
        ("name", &long, "The name may have 255 characters, and this one has 256."),
        ("name", "Two\u{2028}lines", "The name must be one line"),
        ("price", "", "Enter the price, such as 12.50."),
        ("price", "free", "The price must be digits alone, such as 12.50"),
        ("price", "€ 5", "The price must be digits alone, such as 12.50"),
        ("price", "1e2", "The price must be digits alone, such as 12.50"),
        ("price", "1.250", "The price may have two digits after the point"),
        ("price", "-1", "The price must be from 0 to 99999999.99."),
        ("price", "100000000", "The price must be from 0 to 99999999.99."),
        ("price", "<b>", "The price must be digits alone, such as 12.50"),
        ("description", &longer, "The description may have 2000 characters, and this one has 2001."),
    ];
    for path in ["/menu/edit".to_owned(), format!("/menu/edit/{id}")] {
        let page = own.open(&path).await.expect(200);
        for (at, value, text) in faults {
            let good = [("name", "Soup <hot>"), ("price", "8.50"), ("description", "With \"bread\"")];
            let fields = good.map(|(name, right)| (name, if name == at { value } else { right }));
            let told = own.fill(&page, &fields).await.expect(422);
            says(&told, "<title>Please correct: ");
            says(&told, text);
            assert!(links(&told.text).contains(&format!("#{at}")), "{at}: {}", told.text);
            assert_eq!(told.text.matches("aria-invalid=\"true\"").count(), 1, "{}", told.text);
            assert!(told.text.contains(&format!("aria-describedby=\"{at}-fault\"")), "{}", told.text);
            for (name, value) in [fields[0], fields[1]] {
                has(&told, name, value.trim());
            }
            says(&told, &format!(">{}</textarea>", fields[2].1));
            assert!(!told.text.contains("<hot>"), "{}", told.text);
        }
        // All of them at once.
        let told = own.fill(&page, &[("name", ""), ("price", "much"), ("description", &longer)]).await.expect(422);
        assert_eq!(told.text.matches("aria-invalid=\"true\"").count(), 3);
        // A form that has none of them loses nothing either.
        own.send(&path, &[]).await.expect(if path.ends_with("edit") { 422 } else { 412 });
    }
    assert!(is(&dishes(&platform).await, &[["Tea", "3.00", "none"]]));
    // The longest that can be, in characters of several bytes.
    let page = own.open("/menu/edit").await;
    leads_to(&own.fill(&page, &[("name", &long[2..]), ("price", "99999999,99"), ("description", &longer[2..])]).await);
    assert!(is(&dishes(&platform).await[1..], &[[&long[2..], "99999999.99", &longer[2..]]]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_typed_is_kept_when_the_session_has_ended() {
    let platform = menu().await;
    let id = dish(&platform, "Tea", "3", None).await;
    let own = administrator(&platform);
    let late = own.with("Cookie", &format!("session={}", token::session(1, Role::Admin, 0).replace("ey", "xx")));
    for (path, price) in [("/menu/edit".to_owned(), "8,50"), (format!("/menu/edit/{id}?q=te&lang=de"), "9,00")] {
        let page = own.open(&path).await.expect(200);
        let ended = late.fill(&page, &[("name", "Soup & bread"), ("price", price), ("description", "Hot\r\nor cold")]).await.expect(401);
        assert_eq!((action(&ended.text), field(&ended, "price").as_str()), (path, price));
        leads_to(&own.fill(&ended, &[]).await);
    }
    let expected = [["Soup & bread", "9.00", "Hot\nor cold"], ["Soup & bread", "8.50", "Hot\nor cold"]];
    assert!(is(&dishes(&platform).await, &expected), "{:?}", dishes(&platform).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_typed_is_kept_while_the_database_is_away() {
    let platform = menu().await;
    let id = dish(&platform, "Tea", "3", None).await;
    let own = administrator(&platform);
    let path = format!("/menu/edit/{id}");
    let (list, form, asked) = (own.open("/menu/edit").await, own.open(&path).await, own.open(&format!("{path}/delete")).await);
    let mut connection = platform.pool("menu").acquire().await.expect("a connection");
    let database: String = sqlx::query_scalar("SELECT current_database()").fetch_one(&mut *connection).await.expect("a name");
    // Those who connect from then on cannot write, and the service has to.
    let mut writable = async |word: &str| {
        let statement = format!("ALTER DATABASE \"{database}\" SET default_transaction_read_only = {word}");
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut *connection).await.expect("set");
        let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()";
        sqlx::query(cut).execute(&mut *connection).await.expect("cut");
    };
    // As a standby, which takes no write.
    writable("on").await;
    let soup = [("name", "Soup"), ("price", "8,50"), ("description", "Hot")];
    for (page, fields) in [(&list, &soup[..]), (&form, &soup), (&asked, &[])] {
        let kept = own.fill(page, fields).await.expect(503);
        says(&kept, "The menu cannot be changed right now.");
        assert_ne!(kept.header("retry-after"), "");
        assert_eq!(action(&kept.text), action(&page.text));
        if !fields.is_empty() {
            has(&kept, "name", "Soup");
            has(&kept, "price", "8,50");
            says(&kept, ">Hot</textarea>");
        }
    }
    own.open("/menu/edit").await.expect(200);
    writable("off").await;
    // Sent again until it counts, each counts once.
    for page in [&list, &form] {
        eventually("a database that takes writes", async || own.fill(page, &soup).await.status == 303).await;
        leads_to(&own.fill(page, &soup).await);
    }
    assert!(is(&dishes(&platform).await, &[["Soup", "8.50", "Hot"], ["Soup", "8.50", "Hot"]]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_is_shown_while_the_database_does_not_answer() {
    let platform = menu().await;
    let id = dish(&platform, "Tea", "3", None).await;
    let own = administrator(&platform);
    let path = format!("/menu/edit/{id}");
    let form = own.open(&path).await.expect(200);
    let pool = platform.pool("menu");
    let mut transaction = pool.begin().await.expect("begun");
    sqlx::query("LOCK TABLE menuitem IN ACCESS EXCLUSIVE MODE").execute(&mut *transaction).await.expect("locked");
    let dearer = [("name", "Tea"), ("price", "3.50"), ("description", "")];
    let (list, shown, kept) = tokio::join!(own.open("/menu/edit"), own.open(&path), own.fill(&form, &dearer));
    says(&list.expect(200), "<bdi>Tea</bdi>");
    has(&shown.expect(200), "price", "3.00");
    has(&kept.expect(503), "price", "3.50");
    transaction.rollback().await.expect("unlocked");
    leads_to(&own.fill(&form, &dearer).await);
    assert!(is(&dishes(&platform).await, &[["Tea", "3.50", "none"]]));
}
