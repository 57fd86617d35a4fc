//! Bookings that are made together, and what is answered from memory.

use std::time::{Duration, Instant};

use chassis::http::identity::{Role, UserId};
use futures_util::future::join_all;
use house::judge::{By as For, Wish};
use house::span::Span;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use reservation::availability::{self, Party};
use reservation::booking::make::{Counted, NewBooking};
use reservation::booking::together::Together;
use reservation::booking::{Author, By, Guests, Minutes, Source, code};
use reservation::config::{Limits, Restaurant};
use reservation::room::Room;
use reservation::status::Status;
use reservation::store::booking::Wished;
use reservation::store::database::Database;
use reservation::table::TableId;
use restaurant_booking_tests::platform::eventually;
use restaurant_booking_tests::token::token;
use restaurant_booking_tests::{Platform, Reply, Setup};
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};

use crate::{book, furnish, house, in_hours, listed, wanted, with};

/// How many sessions of the database wait for a lock.
async fn waiting(connection: &mut PgConnection) -> i64 {
    let count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    sqlx::query_scalar(count).fetch_one(connection).await.expect("a count")
}

/// Sends bookings while an edit of the house is under way, of which the first waits for the edit and all others for the first.
async fn at_once(platform: &Platform, bodies: Vec<(i32, Value)>) -> Vec<Reply> {
    let pool = platform.pool("reservation");
    let (mut edit, mut watch) = (pool.acquire().await.expect("a connection"), pool.acquire().await.expect("a connection"));
    let mut edit = edit.begin().await.expect("a transaction");
    reservation::store::house::lock(&mut edit).await.expect("a lock");
    let asked = bodies.into_iter().map(|(user, body)| {
        let guest = platform.user("reservation", user);
        tokio::spawn(async move { guest.post("/reservations/", &body).await })
    });
    let asked: Vec<_> = asked.collect();
    let watch = tokio::sync::Mutex::new(&mut *watch);
    eventually("the first waits for the edit", async || waiting(*watch.lock().await).await >= 1).await;
    // The others have nothing to wait for that could be seen; those that come too late go with a commit of their own.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(waiting(*watch.lock().await).await, 1, "one connection books for all");
    edit.rollback().await.expect("released");
    join_all(asked).await.into_iter().map(|reply| reply.expect("an answer")).collect()
}

/// How many transactions made the bookings.
async fn commits(platform: &Platform) -> i64 {
    let count = "SELECT count(DISTINCT xmin::text) FROM reservation";
    sqlx::query_scalar(count).fetch_one(&platform.pool("reservation")).await.expect("a count")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_arrives_while_a_commit_is_under_way_goes_with_the_next_one_each_with_its_own_answer() {
    let restaurant = Restaurant { limits: Limits { per_hour: 1, upcoming: 0 }, ..Restaurant::default() };
    let platform = Platform::start(Setup { restaurant, ..Setup::only("reservation") }).await;
    let ids = furnish(&platform, &[4; 12]).await;
    let at = |table: usize, user: i32| {
        (user, with(wanted(in_hours(30), 2), json!({"table_id": ids[table], "special_requests": format!("of {user}")})))
    };
    // Ten tables for ten users; then a table that one of them has, and a user who has booked.
    let mut bodies: Vec<_> = (0..10).map(|number| at(number, 20 + i32::try_from(number).expect("a few"))).collect();
    bodies.extend([at(5, 90), at(10, 21)]);
    let replies = at_once(&platform, bodies).await;
    let booked: Vec<_> = replies.iter().filter(|reply| reply.status == 201).collect();
    assert_eq!(booked.len(), 10, "{:?}", replies.iter().map(|reply| &reply.text).collect::<Vec<_>>());
    for (user, reply) in (20..).zip(&replies).filter(|(_, reply)| reply.status == 201) {
        let own = if reply.body["table_id"] == ids[5] && user == 30 { 90 } else { user };
        let own = if own == 31 { 21 } else { own };
        assert_eq!(reply.body["special_requests"], format!("of {own}"), "everybody has their own answer");
        assert_eq!(
            platform.user("reservation", own).get(&format!("/reservations/{}", reply.id())).await.expect(200).body["id"],
            reply.id()
        );
    }
    let code = |replies: [&Reply; 2]| replies.map(|reply| reply.body["code"].as_str().unwrap_or("booked").to_owned());
    let mut taken = code([&replies[5], &replies[10]]);
    taken.sort();
    assert_eq!(taken, ["booked", "table_taken"]);
    let mut limited = code([&replies[1], &replies[11]]);
    limited.sort();
    assert_eq!(limited, ["booked", "too_many_requests"]);
    // The first, those that waited for it, and whoever was put off since they had booked with those.
    let commits = commits(&platform).await;
    assert!(commits <= 3, "{commits} commits for 10 bookings");
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_who_want_the_same_time_at_once_choose_different_tables() {
    let (platform, ids) = house(&[4; 10]).await;
    let mut of_all = Vec::new();
    // On a machine at other work some come too late to go with the others: it is tried again.
    for days in 2..7 {
        let before = commits(&platform).await;
        let bodies = (0..10).map(|number| (20 + number, wanted(listed(24 * days), 2)));
        let replies = at_once(&platform, bodies.collect()).await;
        let table = |reply: &Reply| reply.body["table_id"].as_i64().unwrap_or_else(|| panic!("{}", reply.text));
        let mut tables: Vec<_> = replies.iter().map(table).collect();
        tables.sort_unstable();
        assert_eq!(tables, ids);
        of_all.push(commits(&platform).await - before);
        if of_all.last().is_some_and(|commits| *commits <= 3) {
            break;
        }
    }
    // One after the other would be ten.
    assert!(of_all.last().is_some_and(|commits| *commits <= 3), "{of_all:?} commits for 10 bookings each");
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_that_fails_among_others_fails_alone() {
    let platform = Platform::start(Setup::only("reservation")).await;
    let ids = furnish(&platform, &[4; 6]).await;
    let fault = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not this one'; END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON reservation FOR EACH ROW WHEN (NEW.special_requests = 'fail') EXECUTE FUNCTION refuse()";
    sqlx::raw_sql(fault).execute(&platform.pool("reservation")).await.expect("a fault");
    let body = |table: usize, wishes: &str| with(wanted(in_hours(30), 2), json!({"table_id": ids[table], "special_requests": wishes}));
    let bodies = (0..6).map(|number| (20 + i32::try_from(number).expect("a few"), body(number, if number == 3 { "fail" } else { "well" })));
    let replies = at_once(&platform, bodies.collect()).await;
    let statuses: Vec<_> = replies.iter().map(|reply| reply.status.as_u16()).collect();
    assert_eq!(statuses, [201, 201, 201, 500, 201, 201]);
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_of_a_day_is_answered_without_the_database_and_never_without_what_was_written_here() {
    let (platform, _) = house(&[4]).await;
    let (guest, start) = (platform.user("reservation", 7), listed(48));
    let date = start.to_zoned(jiff::tz::TimeZone::UTC).date();
    let paths = [
        format!("/reservations/availability?date={date}&guests_count=2"),
        format!("/reservations/availability/days?from={date}&to={date}&guests_count=2"),
        format!("/reservations/tables/available?reservation_time={start}&guests_count=2"),
    ];
    let ask = async || {
        let mut answers = Vec::new();
        for path in &paths {
            answers.push(guest.get(path).await.expect(200).body);
        }
        answers
    };
    let slot = |answers: &[Value], time: Timestamp| {
        let slots = answers[0].as_array().into_iter().flatten();
        slots.filter(|slot| slot["time"] == time.to_string()).map(|slot| slot["state"].clone()).next()
    };
    let (mut connection, mut tries) = (platform.pool("reservation").acquire().await.expect("a connection"), 0);
    // Known is what was read within the last second: on a machine that stops for longer it is tried again.
    loop {
        let (read, known) = (Instant::now(), ask().await);
        let mut transaction = connection.begin().await.expect("a transaction");
        sqlx::query("LOCK TABLE reservation_table, house IN ACCESS EXCLUSIVE MODE").execute(&mut *transaction).await.expect("a lock");
        let again = tokio::time::timeout(Duration::from_secs(1), ask()).await;
        transaction.rollback().await.expect("released");
        match again {
            Ok(again) => {
                assert_eq!(again, known);
                break;
            }
            Err(_) => assert!(read.elapsed() > Duration::from_secs(1) && tries < 20, "it is read from the database"),
        }
        tries += 1;
    }
    assert_eq!(slot(&ask().await, start), Some("available".into()));
    for _ in 0..3 {
        let id = book(&guest, start).await;
        let answers = ask().await;
        assert_eq!((slot(&answers, start), &answers[2]), (Some("unavailable".into()), &json!([])), "a booking is seen at once");
        guest.post(&format!("/reservations/{id}/cancel"), &json!({})).await.expect(200);
        let answers = ask().await;
        assert_eq!(slot(&answers, start), Some("available".into()), "and so is that it is cancelled");
        assert_eq!(answers[2].as_array().map(Vec::len), Some(1));
    }
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_refused_by_what_another_replica_has_freed() {
    let platform = Platform::start(Setup { replicas: 2, ..Setup::only("reservation") }).await;
    furnish(&platform, &[4]).await;
    let replicas: Vec<_> = platform
        .bases("reservation")
        .into_iter()
        .map(|base| platform.anyone("reservation").at(base).with_token(token(7, Role::User)))
        .collect();
    for round in 0..8 {
        let start = in_hours(48 + 3 * round);
        let id = book(&replicas[0], start).await;
        // It is known to be taken here, and free a moment later.
        replicas[1].post("/reservations/", &wanted(start, 2)).await.problem(409, "no_table_free");
        replicas[0].post(&format!("/reservations/{id}/cancel"), &json!({})).await.expect(200);
        replicas[1].post("/reservations/", &wanted(start, 2)).await.expect(201);
    }
    platform.stop().await;
}

/// A booking of a table for two, as a user's request becomes it.
fn wished(user: i32, table: i64, version: i32) -> Wished {
    let (user_id, minutes) = (UserId::new(user), Minutes::new(120).expect("minutes"));
    let start = in_hours(30);
    let new = NewBooking {
        user_id,
        source: Source::Account,
        author: Author { by: By::Guest, user_id },
        code: code::new(),
        status: Status::Pending,
        table_named: true,
        party: Party { guests: Guests::new(2).expect("guests"), minutes },
        start,
        hold: Span::new(start, SignedDuration::from_hours(2)),
        name: None,
        phone: None,
        email: None,
        requests: None,
        note: None,
        overridden: false,
        counted: Counted::Not,
        language: None,
        remind: None,
    };
    let table = TableId::new(i32::try_from(table).expect("an id")).expect("an id");
    Wished { new, tables: vec![table], version, now: Timestamp::now() }
}

/// Each of them would take as long as the statement for all, and everybody else would wait for it.
#[tokio::test(flavor = "multi_thread")]
async fn bookings_whose_statement_takes_too_long_are_not_tried_one_by_one() {
    let platform = Platform::start(Setup::only("reservation")).await;
    let ids = furnish(&platform, &[4; 10]).await;
    let pool = platform.pool("reservation");
    let slow = "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$;
        CREATE TRIGGER wait BEFORE INSERT ON reservation FOR EACH ROW EXECUTE FUNCTION wait()";
    sqlx::raw_sql(slow).execute(&pool).await.expect("a slow table");
    let version = sqlx::query_scalar("SELECT version FROM house").fetch_one(&pool).await.expect("a version");
    let options = platform.database("reservation").options([("statement_timeout", "1s")]);
    let impatient = sqlx::postgres::PgPoolOptions::new().connect_with(options).await.expect("a pool");
    let together = Together::default();
    let all = ids.iter().zip(20..).map(|(id, user)| together.book(&impatient, wished(user, *id, version)));
    for attempted in join_all(all).await {
        attempted.expect_err("it takes too long");
    }
    // Each attempt draws an id.
    let drawn: i64 = sqlx::query_scalar("SELECT last_value FROM reservation_id_seq").fetch_one(&pool).await.expect("a number");
    assert!(drawn <= 10, "{drawn} attempts for 10 bookings");
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_date_is_judged_once_until_something_changes_by_which_it_was() {
    let (platform, _) = house(&[4; 2]).await;
    let (pool, room) = (platform.pool("reservation"), Room::new(Restaurant::default(), None));
    let now = Timestamp::now();
    let first = now.to_zoned(jiff::tz::TimeZone::UTC).date().saturating_add(2.days());
    let wish = Wish { guests: 2, minutes: None, area: None, by: For::Guest };
    let judge = async || {
        let mut database = Database::of(&pool);
        let known = room.memory.get(&mut database).await.expect("a house");
        let dates = (first, first.saturating_add(9.days()));
        availability::dates(&mut database, (&room, &known), dates, wish, now).await.expect("dates")
    };
    let before = judge().await;
    // What is known of the tables is not current any more, is read anew, and is as it was.
    tokio::time::sleep(Duration::from_millis(1200)).await;
    let again = judge().await;
    assert!(before.iter().zip(&again).all(|(one, other)| std::sync::Arc::ptr_eq(one, other)), "nothing has changed");
    // Somebody books elsewhere, in the middle of the sixth date.
    let noon = first.saturating_add(5.days()).at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).expect("a time").timestamp();
    book(&platform.user("reservation", 7), noon).await;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    let changed: Vec<_> = judge().await.iter().zip(&before).map(|(one, other)| !std::sync::Arc::ptr_eq(one, other)).collect();
    assert_eq!(changed, [false, false, false, false, false, true, false, false, false, false]);
    platform.stop().await;
}
