//! Which bookings are made: the same by way of the service and of PostgreSQL alone.

use chassis::http::identity::UserId;
use house::span::Span;
use jiff::Timestamp;
use reservation::availability::Party;
use reservation::booking::make::{Counted, NewBooking};
use reservation::booking::{Author, By, Guests, Minutes, Source};
use reservation::config::Limits;
use reservation::status::Status;
use reservation::store::sql::{BOOK, HOLDS};
use reservation::table::TableId;
use sqlx::{Executor as _, PgConnection};

use crate::Result;
use crate::platform::DAYS_AHEAD;

/// The tables of the restaurant, beside those that are fought for.
const TABLES: u64 = 100;
/// The version of the house whose tables are added by two statements.
pub(crate) const VERSION: i32 = 3;
/// The tables that are fought for.
const CONTENDED: u64 = 3;
/// The users of the bookings in the past.
const USERS: u64 = 64;
/// How many bookings each user makes, of the 20 that the service allows within an hour.
pub(crate) const EACH: u64 = 10;
/// For how many users a client books in a round, before it begins with the first again: more than it comes to.
const OF_A_CLIENT: u64 = 400;
/// More clients and rounds than there are.
const CLIENTS: u64 = 32;
const ROUNDS: u64 = 8;
/// How long each booking is, in seconds and in minutes.
const LENGTH: u64 = 2 * 60 * 60;
const MINUTES: i32 = 120;
/// Where the spread bookings begin: this many slots of that length, in 3500 days.
const SLOTS: u64 = 12 * 3500;
/// What is fought for begins after the last of them; each round has days of its own.
const ROUND_DAYS: u64 = 12;
/// Bookings in the past, so that indices and statistics are those of a restaurant that has been open for a while.
const HISTORY: u64 = 20_000;

const PHONE: &str = "+44 20 7946 0958";
const EMAIL: &str = "guest@example.com";

/// How the tables are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Each booking names a table.
    Named,
    /// The house finds the smallest table that is free.
    Smallest,
    /// Everybody wants the same few tables at the same times.
    Contended,
}

/// The bookings of a round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) kind: Kind,
    pub(crate) round: u64,
    /// The first slot, in seconds since 1970.
    base: u64,
}

/// One booking.
pub(crate) struct Wish {
    user: u64,
    table: Option<u64>,
    guests: u64,
    start: Timestamp,
}

impl Plan {
    pub(crate) fn new(kind: Kind, round: u64) -> Self {
        // Every slot of the history has gone by, every other one is to come: this minute lies between them for a day.
        let base = (jsonwebtoken::get_current_timestamp() / LENGTH + 12) * LENGTH;
        Self { kind, round, base }
    }

    fn battle(&self) -> u64 {
        self.base + (SLOTS * LENGTH) + self.round * ROUND_DAYS * 86_400
    }

    /// The first user for whom a client books, followed by the others.
    fn first_user(&self, client: u64) -> u64 {
        USERS + 1 + ((self.kind as u64 * ROUNDS + self.round) * CLIENTS + client) * OF_A_CLIENT
    }

    /// The users for whom a client books, in the order in which it does.
    pub(crate) fn users(&self, client: usize) -> impl Iterator<Item = usize> + use<> {
        let first = self.first_user(client as u64) as usize;
        first..first + OF_A_CLIENT as usize
    }

    /// Which of its users a client books for, after so many bookings in this round.
    pub(crate) fn user(asked: u64) -> usize {
        (asked / EACH % OF_A_CLIENT) as usize
    }

    /// What this client books next, after so many bookings in this round.
    pub(crate) fn wish(&self, client: usize, asked: u64) -> Wish {
        let random = scramble(self.round << 48 | (client as u64) << 40 | asked);
        let (table, start) = match self.kind {
            // All go through the same times at about the same pace, and each tries every slot a few times.
            Kind::Contended => (Some(TABLES + 1 + random % CONTENDED), self.battle() + 1800 * (asked / 6)),
            Kind::Named => (Some(1 + random % TABLES), self.base + LENGTH * (random >> 32) % (SLOTS * LENGTH)),
            Kind::Smallest => (None, self.base + LENGTH * (random >> 32) % (SLOTS * LENGTH)),
        };
        let start = Timestamp::from_second(i64::try_from(start).unwrap_or(0)).unwrap_or_default();
        Wish { user: self.first_user(client as u64) + asked / EACH % OF_A_CLIENT, table, guests: 1 + (random >> 16) % 4, start }
    }

    /// The same as a script for pgbench. Where the house chooses, it reads the openings as the service does; the choice itself is a table at
    /// random, which is hardly ever taken.
    pub(crate) fn script(&self) -> String {
        let limits = Limits::default();
        let (start, end) = ("to_timestamp(:start)", "to_timestamp(:start + 60 * :duration)");
        let named = if self.kind == Kind::Smallest { "false" } else { "true" };
        let (per_hour, upcoming, version) = (limits.per_hour.to_string(), limits.upcoming.to_string(), VERSION.to_string());
        // One wish, and the one row of its hold; no mail, as the services that are measured.
        let one = [
            ":user",
            "'{' || :table || '}'",
            ":guests",
            start,
            ":duration",
            ":code",
            ":status",
            ":phone",
            ":email",
            "NULL",
            named,
            &per_hour,
            &upcoming,
            &version,
            end,
            "'account'",
            "NULL",
            "NULL",
            "false",
            "'guest'",
            ":user",
            "NULL",
            "0",
            "NULL",
            "1",
            ":table",
            start,
            end,
            "false",
        ];
        let arrays = one.map(|value| format!("ARRAY[{value}]"));
        let book = filled(BOOK, &arrays.iter().map(String::as_str).chain(["now()", "NULL"]).collect::<Vec<_>>());
        let read = match self.kind {
            Kind::Smallest => {
                let tables: Vec<_> = (1..=TABLES + CONTENDED).map(|table| table.to_string()).collect();
                filled(HOLDS, &[start, end, "NULL::integer", &format!("'{{{}}}'", tables.join(","))]) + ";\n"
            }
            _ => String::new(),
        };
        let choice = match self.kind {
            Kind::Contended => {
                let first = TABLES + 1;
                let last = TABLES + CONTENDED;
                format!("\\set table random({first}, {last})\n\\set start {} + 1800 * (:n / 6)", self.battle())
            }
            _ => format!("\\set table random(1, {TABLES})\n\\set start {} + {LENGTH} * random(0, {})", self.base, SLOTS - 1),
        };
        let user = format!("{} + {OF_A_CLIENT} * :client_id + :n / {EACH} % {OF_A_CLIENT}", self.first_user(0));
        format!(
            "\\set guests random(1, 4)\n\\set user {user}\n\\set code random(1, 1000000000000000)\n{choice}\n\\set n :n + 1\n{read}{book};\n"
        )
    }

    /// What else the script refers to.
    pub(crate) fn variables() -> [(&'static str, String); 5] {
        [
            ("n", "0".into()),
            ("duration", MINUTES.to_string()),
            ("status", "pending".into()),
            ("phone", PHONE.into()),
            ("email", EMAIL.into()),
        ]
    }
}

impl Wish {
    /// As a request to the service. With the contact, which the service would otherwise look up in one more statement.
    pub(crate) fn json(&self) -> String {
        let table = self.table.map(|table| format!("\"table_id\":{table},")).unwrap_or_default();
        let Self { guests, start, .. } = self;
        format!(
            "{{{table}\"guests_count\":{guests},\"reservation_time\":\"{start}\",\"duration_minutes\":{MINUTES},\
             \"contact_phone\":\"{PHONE}\",\"contact_email\":\"{EMAIL}\"}}"
        )
    }

    /// The table, where one is named.
    pub(crate) fn table(&self) -> Result<Option<TableId>> {
        let table = self.table.map(i32::try_from).transpose()?;
        Ok(table.map(|table| TableId::new(table).ok_or("a table has a positive id")).transpose()?)
    }

    /// As the service hands it to the database.
    pub(crate) fn booking(&self) -> Result<NewBooking> {
        let guests = Guests::new(i32::try_from(self.guests)?).ok_or("a party has 1 to 20 guests")?;
        let minutes = Minutes::new(MINUTES).ok_or("a booking has 15 to 480 minutes")?;
        let user_id = UserId::new(i32::try_from(self.user)?).ok_or("a user has a positive id")?;
        Ok(NewBooking {
            user_id: Some(user_id),
            source: Source::Account,
            author: Author { by: By::Guest, user_id: Some(user_id) },
            code: reservation::booking::code::new(),
            status: Status::Pending,
            table_named: self.table.is_some(),
            party: Party { guests, minutes },
            start: self.start,
            hold: Span::new(self.start, minutes.duration()),
            name: None,
            phone: Some(PHONE.to_owned()),
            email: Some(EMAIL.to_owned()),
            requests: None,
            note: None,
            overridden: false,
            counted: Counted::User(user_id, Limits::default()),
            language: None,
            remind: None,
        })
    }
}

/// A statement with values in place of its parameters, in one line.
fn filled(sql: &str, values: &[&str]) -> String {
    let code = sql.lines().filter(|line| !line.trim_start().starts_with("--"));
    let mut sql = code.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ");
    // $11 before $1.
    for (number, value) in values.iter().enumerate().rev() {
        sql = sql.replace(&format!("${}", number + 1), value);
    }
    sql
}

/// Numbers that look random, the same in every run (splitmix64).
fn scramble(number: u64) -> u64 {
    let mut z = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Gives a migrated database its tables and its history.
pub(crate) async fn furnish(database: &mut PgConnection) -> Result<()> {
    assert!(SLOTS / 12 + 4 * ROUND_DAYS < DAYS_AHEAD as u64, "the last day that is fought for can be booked");
    let history = Plan::new(Kind::Named, 0).base - 13 * LENGTH;
    let statements = format!(
        r#"INSERT INTO "table" (table_number, capacity) SELECT n, 4 + n % 9 FROM generate_series(1, {TABLES}) n;
           INSERT INTO "table" (table_number, capacity) SELECT {TABLES} + n, 12 FROM generate_series(1, {CONTENDED}) n;
           INSERT INTO reservation (reservation_code, user_id, table_id, table_ids, guests_count, reservation_time, contact_phone, contact_email)
             SELECT 'S' || n, 1 + n % {USERS}, 1 + n % {TABLES}, ARRAY[1 + n % {TABLES}], 2, to_timestamp({history} - {LENGTH} * (n / {TABLES})), '{PHONE}', '{EMAIL}'
             FROM generate_series(0, {HISTORY} - 1) n;
           INSERT INTO reservation_table SELECT id, table_id, reservation_time, reservation_time + interval '{MINUTES} minutes' FROM reservation;"#
    );
    database.execute(sqlx::AssertSqlSafe(statements)).await?;
    for table in ["\"table\"", "reservation", "reservation_table"] {
        database.execute(sqlx::AssertSqlSafe(format!("VACUUM ANALYZE {table}"))).await?;
    }
    let version = reservation::store::house::version(database).await?;
    assert_eq!(version, VERSION, "pgbench books by this version of the house");
    Ok(())
}
