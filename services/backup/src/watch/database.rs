//! One database: a beat is written into it, and found again in what is archived.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, PgConnection};

use crate::report::Behind;

/// How many beats are remembered that are not archived yet: a day of them.
const REMEMBERED: usize = 10_000;

/// A database that is watched.
#[derive(Debug)]
pub(crate) struct Database {
    /// Its name.
    pub(crate) name: String,
    /// How far behind its archive is.
    pub(crate) behind: Behind,
    /// How often archiving has failed since the database's statistics began.
    pub(crate) failures: u64,
    options: PgConnectOptions,
    password_file: PathBuf,
    connection: Option<PgConnection>,
    beats: VecDeque<Beat>,
}

/// A moment up to which the database can be restored once the log up to a place is archived.
#[derive(Clone, Copy, Debug)]
struct Beat {
    place: u64,
    moment: Timestamp,
}

/// What a database says.
#[derive(Debug, sqlx::FromRow)]
struct Said {
    place: i64,
    moment: f64,
    segment_size: i64,
    last_archived: Option<String>,
    last_failed: Option<String>,
    failed: Option<f64>,
    failing: bool,
    failed_count: i64,
    waiting: i64,
}

/// The moment is taken before the transaction is committed, so that a restore to it finds a later commit to stop at. The transaction has
/// a number, and therefore a commit in the log, by the message.
const BEAT: &str = "SELECT (pg_logical_emit_message(true, 'restaurant-booking', 'beat') - '0/0'::pg_lsn)::bigint AS place,
        extract(epoch FROM clock_timestamp())::float8 AS moment,
        (SELECT setting::bigint FROM pg_settings WHERE name = 'wal_segment_size') AS segment_size,
        last_archived_wal AS last_archived, last_failed_wal AS last_failed, extract(epoch FROM last_failed_time)::float8 AS failed,
        coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) AS failing, failed_count,
        (SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready') AS waiting
    FROM pg_stat_archiver";

impl Database {
    pub(crate) fn new(name: &str, host: &str, port: u16, user: &str, password_file: PathBuf) -> Self {
        let options = PgConnectOptions::new_without_pgpass().host(host).port(port).username(user).database("postgres");
        let options = options.application_name("backup-watch").options([("statement_timeout", "10s"), ("TimeZone", "UTC")]);
        Self {
            name: name.to_owned(),
            behind: Behind::default(),
            failures: 0,
            options,
            password_file,
            connection: None,
            beats: VecDeque::new(),
        }
    }

    /// Writes a beat, and looks what is archived. What cannot be learnt stays as it was.
    ///
    /// A beat that is older than `due` and not even given to archive_command has the server begin a new file of the log: its own
    /// `archive_timeout` does nothing for up to five minutes after a start, until the first checkpoint.
    pub(crate) async fn look(&mut self, limit: Duration, due: Duration) {
        let asked = match tokio::time::timeout(limit.max(Duration::from_secs(1)), self.ask()).await {
            Ok(asked) => asked.map_err(|error| error.to_string()),
            Err(_) => Err("it does not answer in time".to_owned()),
        };
        match asked {
            Ok(said) => {
                self.learn(&said);
                let waits = self.beats.front().is_some_and(|beat| Timestamp::now().duration_since(beat.moment).unsigned_abs() > due);
                if let Some(connection) = self.connection.as_mut().filter(|_| waits && self.behind.waiting == 0)
                    && let Err(error) = sqlx::query("SELECT pg_switch_wal()").execute(connection).await
                {
                    eprintln!("the database {} begins no new file of the log: {error}", self.name);
                }
            }
            Err(error) => {
                // A connection in the middle of an answer is of no more use.
                self.connection = None;
                if self.behind.error.is_none() {
                    eprintln!("the database {} does not answer: {error}", self.name);
                }
                self.behind.error = Some(error);
            }
        }
    }

    async fn ask(&mut self) -> sqlx::Result<Said> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let password = std::fs::read_to_string(&self.password_file)?;
                self.options.clone().password(password.trim_end_matches(['\r', '\n'])).connect().await?
            }
        };
        let said = sqlx::query_as(BEAT).fetch_one(&mut connection).await?;
        self.connection = Some(connection);
        Ok(said)
    }

    fn learn(&mut self, said: &Said) {
        let moment = |seconds: f64| Timestamp::UNIX_EPOCH.saturating_add(SignedDuration::from_secs_f64(seconds)).unwrap_or_default();
        if self.beats.len() == REMEMBERED {
            self.beats.pop_front();
        }
        self.beats.push_back(Beat { place: said.place.unsigned_abs(), moment: moment(said.moment) });
        let size = said.segment_size.unsigned_abs();
        if let Some(end) = said.last_archived.as_deref().and_then(|name| end_of(name, size)) {
            while let Some(beat) = self.beats.front().filter(|beat| beat.place < end) {
                self.behind.newest = Some(beat.moment);
                self.beats.pop_front();
            }
        }
        self.behind.failed = said.failed.filter(|_| said.failing).map(moment);
        self.behind.failing = said.last_failed.clone().filter(|_| said.failing);
        self.behind.waiting = said.waiting.unsigned_abs();
        self.behind.bytes = self.behind.waiting * size;
        self.failures = said.failed_count.unsigned_abs();
        if self.behind.error.take().is_some() {
            eprintln!("the database {} answers", self.name);
        }
    }
}

/// Where in the log a file ends, by its name. `None`: it is no file of the log itself, such as the history of a timeline.
fn end_of(name: &str, size: u64) -> Option<u64> {
    if name.len() != 24 || size == 0 {
        return None;
    }
    let part = |from: usize| u64::from_str_radix(name.get(from..from + 8)?, 16).ok();
    // A number of the name stands for 4 GiB.
    Some((part(8)? << 32) + (part(16)? + 1) * size)
}

#[cfg(test)]
mod tests {
    use super::end_of;

    #[test]
    fn a_file_ends_where_the_next_one_begins() {
        assert_eq!(end_of("000000010000000000000002", 16 << 20), Some(3 * (16 << 20)));
        assert_eq!(end_of("0000000100000001000000FF", 16 << 20), Some(2 << 32));
        assert_eq!(end_of("00000002.history", 16 << 20), None);
        assert_eq!(end_of("000000010000000000000002.00000028.backup", 16 << 20), None);
    }
}
