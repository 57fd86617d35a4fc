use std::collections::BTreeSet;

use chassis::http::identity::Role;
use reqwest::Method;
use restaurant_booking_tests::api::send;
use restaurant_booking_tests::platform::{ADMIN_EMAIL, ADMIN_PASSWORD};
use restaurant_booking_tests::{Api, Platform, Reply, database, token};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::{Operation, operations, platform};

/// The user to whom things belong.
const OWNER: i32 = 5;
/// A user to whom they do not.
const OTHER: i32 = 6;
/// A host.
const HOST: i32 = 7;

/// What a request is about; there is a new one for each.
#[derive(Clone, Copy)]
enum Of {
    Nothing,
    Account,
    Dish,
    Table,
    Exception,
    Area,
    Group,
    Block,
    /// A booking of the owner: its state, and in how many hours it begins.
    Booking(&'static str, i32),
}

/// Who may do what.
struct Row {
    operation: &'static str,
    of: Of,
    query: &'static str,
    body: Option<Value>,
    /// The answers to anyone, the owner, another user, a host and an administrator.
    answers: [u16; 5],
}

const EVERYONE: [u16; 5] = [200; 5];
const EVERY_USER: [u16; 5] = [401, 200, 200, 200, 200];
const OWNER_AND_STAFF: [u16; 5] = [401, 200, 404, 200, 200];
const STAFF: [u16; 5] = [401, 403, 403, 200, 200];
const ADMIN: [u16; 5] = [401, 403, 403, 403, 200];

fn row(operation: &'static str, of: Of, answers: [u16; 5]) -> Row {
    Row { operation, of, query: "", body: None, answers }
}

impl Row {
    fn query(self, query: &'static str) -> Self {
        Self { query, ..self }
    }

    fn body(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }
}

/// The table. `NEW` in a body stands for a number that no other request has, `SOON` for a time and
/// `DATE` for a date of its own, `SHORTLY` for a time that is near.
fn table() -> Vec<Row> {
    let passwords = json!({"current_password": ADMIN_PASSWORD, "new_password": ADMIN_PASSWORD});
    let booking = json!({"guests_count": 2, "reservation_time": "SOON", "contact_email": "a@b.co", "contact_phone": "12345"});
    let guest =
        json!({"guests_count": 2, "reservation_time": "SOON", "contact_email": "a@b.co", "contact_name": "Ada", "contact_phone": "12345"});
    let dish = json!({"name": "Borscht", "price": "12.50"});
    let staff = json!({"email": "staffNEW@example.com", "full_name": "Rosa", "role": "host"});
    let seats = json!({"table_number": "NEW", "capacity": 4});
    vec![
        row("register", Of::Nothing, [201; 5]).body(json!({"email": "guestNEW@example.com", "password": "correct horse"})),
        row("login", Of::Nothing, EVERYONE).body(json!({"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD})),
        row("get_key_set", Of::Nothing, EVERYONE),
        row("get_me", Of::Nothing, EVERY_USER),
        row("update_me", Of::Nothing, EVERY_USER).body(json!({"full_name": "Ada NEW"})),
        row("change_password", Of::Nothing, [401, 204, 204, 204, 204]).body(passwords),
        row("list_users", Of::Nothing, ADMIN),
        row("create_user", Of::Nothing, [401, 403, 403, 403, 201]).body(staff),
        row("reset_password", Of::Account, ADMIN),
        row("get_user", Of::Account, ADMIN),
        row("update_user", Of::Account, ADMIN).body(json!({"role": "user"})),
        row("list_menu", Of::Nothing, EVERYONE),
        row("get_menu_item", Of::Dish, EVERYONE),
        row("create_menu_item", Of::Nothing, [401, 403, 403, 403, 201]).body(dish.clone()),
        row("replace_menu_item", Of::Dish, ADMIN).body(dish),
        row("change_menu_item", Of::Dish, ADMIN).body(json!({"price": "9.00"})),
        row("delete_menu_item", Of::Dish, [401, 403, 403, 403, 204]),
        row("list_tables", Of::Nothing, EVERYONE),
        row("list_tables", Of::Nothing, ADMIN).query("?include_inactive=true"),
        row("list_tables", Of::Nothing, EVERYONE).query("?include_inactive=false"),
        row("get_table", Of::Table, EVERYONE),
        row("create_table", Of::Nothing, [401, 403, 403, 403, 201]).body(seats.clone()),
        row("replace_table", Of::Table, ADMIN).body(seats),
        row("delete_table", Of::Table, [401, 403, 403, 403, 204]),
        row("list_areas", Of::Nothing, EVERYONE),
        row("get_area", Of::Area, EVERYONE),
        row("create_area", Of::Nothing, [401, 403, 403, 403, 201]).body(json!({"name": "Area NEW"})),
        row("replace_area", Of::Area, ADMIN).body(json!({"name": "Area NEW"})),
        row("delete_area", Of::Area, [401, 403, 403, 403, 204]),
        row("list_table_groups", Of::Nothing, EVERYONE),
        row("get_table_group", Of::Group, EVERYONE),
        row("create_table_group", Of::Nothing, [401, 403, 403, 403, 201])
            .body(json!({"name": "Window", "table_ids": [1, 2], "capacity": 5})),
        row("replace_table_group", Of::Group, ADMIN).body(json!({"name": "Window", "table_ids": [1, 2], "capacity": 5})),
        row("delete_table_group", Of::Group, [401, 403, 403, 403, 204]),
        row("list_blocks", Of::Nothing, STAFF),
        row("get_block", Of::Block, STAFF),
        row("create_block", Of::Nothing, [401, 403, 403, 201, 201]).body(json!({"table_ids": [1], "from": "FROM", "until": "UNTIL"})),
        row("delete_block", Of::Block, [401, 403, 403, 204, 204]),
        row("create_walk_in", Of::Table, [401, 403, 403, 201, 201]).body(json!({"guests_count": 1})),
        row("get_restaurant", Of::Nothing, EVERYONE),
        row("get_rules", Of::Nothing, EVERYONE),
        row("replace_rules", Of::Nothing, ADMIN).body(json!({})),
        row("get_schedule", Of::Nothing, EVERYONE),
        row("replace_schedule", Of::Nothing, ADMIN).body(json!({"services": []})),
        row("get_pause", Of::Nothing, EVERYONE),
        row("start_pause", Of::Nothing, STAFF).body(json!({"until": "SHORTLY"})),
        row("end_pause", Of::Nothing, [401, 403, 403, 204, 204]),
        row("list_exceptions", Of::Nothing, EVERYONE),
        row("get_exception", Of::Exception, EVERYONE),
        row("create_exception", Of::Nothing, [401, 403, 403, 201, 201]).body(json!({"from": "DATE", "until": "DATE", "closed": true})),
        row("replace_exception", Of::Exception, STAFF).body(json!({"from": "DATE", "until": "DATE", "closed": true})),
        row("delete_exception", Of::Exception, STAFF),
        row("list_available_tables", Of::Nothing, EVERYONE).query("?reservation_time=SOON&guests_count=2"),
        row("list_slots", Of::Nothing, EVERYONE).query("?date=TODAY&guests_count=2"),
        row("list_days", Of::Nothing, EVERYONE).query("?from=TODAY&to=TODAY&guests_count=2"),
        row("create_reservation", Of::Table, [401, 201, 201, 201, 201]).body(booking),
        row("create_guest_reservation", Of::Table, [201; 5]).body(guest),
        row("list_reservations", Of::Nothing, STAFF),
        row("list_my_reservations", Of::Nothing, EVERY_USER),
        row("get_reservation", Of::Booking("pending", 24), OWNER_AND_STAFF),
        row("change_reservation", Of::Booking("pending", 24), OWNER_AND_STAFF).body(json!({"special_requests": "A high chair"})),
        row("cancel_reservation", Of::Booking("confirmed", 24), OWNER_AND_STAFF),
        row("confirm_reservation", Of::Booking("pending", 24), STAFF),
        row("seat_reservation", Of::Booking("confirmed", 2), STAFF),
        row("complete_reservation", Of::Booking("seated", -1), STAFF),
        row("mark_no_show", Of::Booking("pending", -1), STAFF),
        row("reopen_reservation", Of::Booking("completed", -1), STAFF),
        row("send_mail_again", Of::Booking("pending", 24), [401, 403, 403, 202, 202]),
    ]
}

/// The services with what requests are about.
struct House {
    platform: Platform,
    auth: PgPool,
    reservation: PgPool,
    made: i64,
}

impl House {
    async fn start() -> Self {
        let platform = platform().await;
        let pools = ["auth", "reservation"].map(|service| database::pool(platform.database(service)));
        let [auth, reservation] = pools;
        // Accounts with the administrator's password: no hashing.
        let copy = "INSERT INTO \"user\" (id, email, email_folded, password_hash)
            SELECT given.id, given.id || '@example.com', given.id || '@example.com', u.password_hash
            FROM unnest($1::int[]) AS given (id), \"user\" u WHERE u.id = 1";
        sqlx::query(copy).bind([OWNER, OTHER, HOST]).execute(&auth).await.expect("accounts");
        sqlx::query("ALTER SEQUENCE user_id_seq RESTART WITH 100").execute(&auth).await.expect("restarted");
        // The tables 1 and 2, which nothing changes.
        let tables = "INSERT INTO \"table\" (table_number, capacity) VALUES (1, 2), (2, 2)";
        sqlx::query(tables).execute(&reservation).await.expect("tables");
        Self { platform, auth, reservation, made: 0 }
    }

    fn new_number(&mut self) -> i64 {
        self.made += 1;
        self.made
    }

    async fn make(&mut self, of: Of) -> i64 {
        let number = self.new_number();
        match of {
            Of::Nothing => 0,
            Of::Account => {
                let insert = "INSERT INTO \"user\" (email, email_folded, password_hash)
                    VALUES ($1 || '@example.org', $1 || '@example.org', '') RETURNING id::bigint";
                sqlx::query_scalar(insert).bind(number.to_string()).fetch_one(&self.auth).await.expect("an account")
            }
            Of::Dish => self.platform.admin("menu").post("/api/v1/menu", &json!({"name": "Tea", "price": 3})).await.expect(201).id(),
            Of::Table => {
                let insert = "INSERT INTO \"table\" (table_number, capacity) VALUES ($1, 2) RETURNING id::bigint";
                sqlx::query_scalar(insert).bind(1_000_000 + number).fetch_one(&self.reservation).await.expect("a table")
            }
            Of::Area => {
                let insert = "INSERT INTO area (name, online, position) VALUES ('Room ' || $1, true, 0) RETURNING id::bigint";
                sqlx::query_scalar(insert).bind(number.to_string()).fetch_one(&self.reservation).await.expect("an area")
            }
            Of::Exception => {
                let insert = "INSERT INTO exception (from_date, until_date, services)
                    VALUES (date '2050-01-01' + $1, date '2050-01-01' + $1, '[]') RETURNING id::bigint";
                let day = i32::try_from(number).expect("a few");
                sqlx::query_scalar(insert).bind(day).fetch_one(&self.reservation).await.expect("an exception")
            }
            Of::Group => {
                let insert = "INSERT INTO table_group (name, table_ids, capacity, min_party) VALUES ('Pair', ARRAY[1, 2], 5, 1) RETURNING id::bigint";
                sqlx::query_scalar(insert).fetch_one(&self.reservation).await.expect("a group")
            }
            Of::Block => {
                let insert = "INSERT INTO block (table_ids, from_at, until_at)
                    VALUES (ARRAY[1], now() + make_interval(days => 400 + $1), now() + make_interval(days => 401 + $1)) RETURNING id::bigint";
                let days = i32::try_from(number).expect("a few");
                sqlx::query_scalar(insert).bind(days).fetch_one(&self.reservation).await.expect("a block")
            }
            Of::Booking(status, hours) => {
                let table = Box::pin(self.make(Of::Table)).await;
                let insert = "INSERT INTO reservation (reservation_code, user_id, table_id, table_ids, guests_count, reservation_time, status, contact_phone, contact_email, undo_status, undo_at)
                    VALUES ($1, $2, $3, ARRAY[$3::int], 2, now() + make_interval(hours => $4), $5, '12345', 'a@b.co',
                        CASE $5 WHEN 'completed' THEN 'seated' END, now()) RETURNING id::bigint";
                let query = sqlx::query_scalar(insert).bind(number.to_string()).bind(OWNER).bind(table).bind(hours).bind(status);
                let id: i64 = query.fetch_one(&self.reservation).await.expect("a booking");
                let mail = "SELECT write_messages(r, 'received', NULL, 24) FROM reservation r WHERE id = $1";
                sqlx::query(mail).bind(id).execute(&self.reservation).await.expect("a message");
                id
            }
        }
    }

    /// The request of a row, about something new.
    async fn ask(&mut self, api: &Api, operation: &Operation, row: &Row) -> Reply {
        let (id, number) = (self.make(row.of).await, self.new_number());
        let soon = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second() + number * 3600).expect("a time").to_string();
        let fill = |text: String| {
            let text = text.replace("\"NEW\"", &number.to_string()).replace("NEW", &number.to_string());
            let date = jiff::civil::date(2060, 1, 1).saturating_add(jiff::Span::new().days(number)).to_string();
            let shortly = (jiff::Timestamp::now() + jiff::SignedDuration::from_mins(30)).to_string();
            let (from, until) = (2000 + number, 2001 + number);
            let ahead = |hours: i64| (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * 30 + hours)).to_string();
            let text = text.replace("FROM", &ahead(from)).replace("UNTIL", &ahead(until));
            text.replace("SOON", &soon).replace("TODAY", &soon[..10]).replace("DATE", &date).replace("SHORTLY", &shortly)
        };
        let request = api.request(operation.method.clone(), &fill(format!("{}{}", operation.path(id), row.query)));
        send(match &row.body {
            Some(body) => request.header("Content-Type", "application/json").body(fill(body.to_string())),
            None => request,
        })
        .await
    }
}

fn tokens() -> [Option<String>; 5] {
    let user = |id| Some(token::token(id, Role::User));
    [None, user(OWNER), user(OTHER), Some(token::token(HOST, Role::Host)), Some(token::token(1, Role::Admin))]
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_do_what() {
    const CALLERS: [&str; 5] = ["anyone", "the owner", "another user", "a host", "an administrator"];
    let (mut house, table) = (House::start().await, table());
    let mut wrong = Vec::new();
    for operation in operations() {
        let rows: Vec<_> = table.iter().filter(|row| row.operation == operation.id()).collect();
        assert!(!rows.is_empty(), "{} {} ({}) has no row in the table", operation.method, operation.path, operation.id());
        let described = operation.described["responses"].as_object().expect("responses");
        let secured = operation.described["security"].as_array();
        let needs_token = rows.iter().any(|row| row.answers[0] == 401);
        let takes_token = secured.is_some_and(|schemes| schemes.iter().any(|scheme| scheme.get("bearer").is_some()));
        let optional =
            secured.is_some_and(|schemes| schemes.iter().any(|scheme| scheme.as_object().is_some_and(serde_json::Map::is_empty)));
        // Where a token is optional, it may have the staff see more.
        assert!(if optional { takes_token } else { takes_token == needs_token }, "{}", operation.id());
        assert_eq!(optional, takes_token && rows.iter().any(|row| row.answers[0] != 401), "{}", operation.id());
        for row in rows {
            for ((caller, token), answer) in CALLERS.into_iter().zip(tokens()).zip(row.answers) {
                let anyone = house.platform.anyone(operation.service);
                let api = token.map_or(anyone.clone(), |token| anyone.with_token(token));
                let reply = house.ask(&api, &operation, row).await;
                let status = reply.status.as_u16();
                if status != answer {
                    wrong.push(format!("{} for {caller}: {status} instead of {answer}: {}", operation.id(), reply.text));
                }
                if !described.contains_key(&status.to_string()) {
                    wrong.push(format!("{} answers {status} and does not say so", operation.id()));
                }
                match status {
                    401 => assert_eq!(reply.problem(401, "unauthenticated").header("www-authenticate"), "Bearer"),
                    403 => drop(reply.problem(403, "forbidden")),
                    404 => drop(reply.problem(404, "not_found")),
                    201 => assert!(reply.header("location").starts_with('/') && !reply.header("etag").is_empty(), "{}", operation.id()),
                    _ => {}
                }
                if status == 200 && (matches!(operation.method, Method::PUT | Method::PATCH)) {
                    assert!(described["200"]["headers"]["ETag"].is_object(), "{}", operation.id());
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let known: BTreeSet<String> = operations().iter().map(|operation| operation.id().to_owned()).collect();
    for row in table {
        assert!(known.contains(row.operation), "there is no operation {}", row.operation);
    }
}

/// That another user's booking exists is not told: the answer is that to an id which no booking has.
#[tokio::test(flavor = "multi_thread")]
async fn another_users_booking_is_as_if_it_were_not_there() {
    let mut house = House::start().await;
    let id = house.make(Of::Booking("pending", 24)).await;
    let other = house.platform.user("reservation", OTHER);
    for (method, suffix, body) in
        [(Method::GET, "", None), (Method::PATCH, "", Some(json!({"guests_count": 3}))), (Method::POST, "/cancel", None)]
    {
        let ask = async |id: i64| {
            let request = other.request(method.clone(), &format!("/reservations/{id}{suffix}")).header("If-Match", "\"9\"");
            let mut reply = send(body.iter().fold(request, reqwest::RequestBuilder::json)).await.problem(404, "not_found");
            reply.body.as_object_mut().expect("an object").remove("instance");
            reply.body
        };
        assert_eq!(ask(id).await, ask(999_999).await);
    }
}
