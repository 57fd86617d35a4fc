//! The embedded PostgreSQL, on real servers: what a user's day does to it, and what a killed run
//! leaves behind.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use local::data::{self, Data, Place};
use local::directory;
use local::postgres::{self, Error, Options, Search, Server};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection, Row as _};

/// Where a test keeps its data: reachable for the user that root's server runs as.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(directory.path(), open).expect("permissions");
        Self(directory)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn open(&self) -> Data {
        Data::open(&Place::At(self.path())).expect("the directory is free")
    }
}

async fn start(data: &Data) -> Server {
    postgres::start(data.path(), &Options::kept()).await.unwrap_or_else(|error| panic!("{error}"))
}

async fn connect(server: &Server, database: &str) -> PgConnection {
    PgConnection::connect(&server.url(database)).await.expect("a connection")
}

async fn setting(connection: &mut PgConnection, name: &str) -> String {
    sqlx::query_scalar("SELECT current_setting($1)").bind(name).fetch_one(connection).await.expect("a setting")
}

fn is_alive(pid: u32) -> bool {
    // A process that ended and was not yet reaped by its parent is no longer alive.
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.rsplit(") ").next().is_some_and(|rest| !rest.starts_with('Z')))
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[tokio::test]
async fn an_ephemeral_server_serves_and_goes_with_its_files() {
    let server = postgres::ephemeral().await.unwrap_or_else(|error| panic!("{error}"));
    let pid = server.pid();
    let home = server.log().parent().expect("a directory").to_path_buf();

    // Callers who meet all succeed, and so does one who comes later.
    let (first, second) = tokio::join!(server.create_database("menu"), server.create_database("menu"));
    first.and(second).expect("made once");
    server.create_database("menu").await.expect("it is there");
    server.create_database("odd \"name\" é").await.expect("made");
    connect(&server, "odd \"name\" é").await;

    let mut menu = connect(&server, "menu").await;
    menu.execute("CREATE EXTENSION btree_gist; CREATE TABLE dish (name text); INSERT INTO dish VALUES ('Crêpe')")
        .await
        .expect("it is a usable database");
    let lower: String = sqlx::query_scalar("SELECT lower('CRÊPE ПЛОВ')").fetch_one(&mut menu).await.expect("an answer");
    assert_eq!(lower, "crêpe плов", "letters have their case beyond ASCII");
    assert_eq!(setting(&mut menu, "fsync").await, "off");
    assert_eq!(setting(&mut menu, "listen_addresses").await, "");
    menu.close().await.expect("closed");

    server.copy_database("menu", "copy").await.expect("copied");
    let mut copy = connect(&server, "copy").await;
    let dishes: i64 = sqlx::query_scalar("SELECT count(*) FROM dish").fetch_one(&mut copy).await.expect("an answer");
    assert_eq!(dishes, 1);

    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(server.socket_directory()), 0o700);
    assert_eq!(mode(server.log()), 0o600);

    server.stop().await.expect("it stops");
    assert!(!is_alive(pid));
    assert!(!home.exists(), "its directory is removed with it");
}

#[tokio::test]
async fn data_is_kept_from_run_to_run() {
    let home = Home::new();
    let data = home.open();
    let server = start(&data).await;
    server.create_database("auth").await.expect("made");
    let mut auth = connect(&server, "auth").await;
    auth.execute("CREATE TABLE kept AS SELECT 42 AS answer").await.expect("written");
    assert_eq!(setting(&mut auth, "fsync").await, "on");
    assert_eq!(setting(&mut auth, "synchronous_commit").await, "on");
    assert_eq!(setting(&mut auth, "full_page_writes").await, "on");
    // A connection that is still open does not hold the stop up.
    let started = Instant::now();
    server.stop().await.expect("it stops");
    assert!(started.elapsed() < Duration::from_secs(10));
    drop(data);

    let data = home.open();
    let server = start(&data).await;
    server.create_database("auth").await.expect("it is there");
    let row = connect(&server, "auth").await.fetch_one("SELECT answer FROM kept").await.expect("kept");
    assert_eq!(row.get::<i32, _>(0), 42);
}

#[tokio::test]
async fn a_directory_with_a_long_or_odd_path_works() {
    let home = Home::new();
    let path = home.path().join(format!("it's, \"odd\" {}", "long".repeat(30)));
    let data = Data::open(&Place::At(path)).expect("the directory is free");
    let server = start(&data).await;
    server.create_database("menu").await.expect("made");
    connect(&server, "menu").await;
    assert!(!server.socket_directory().starts_with(data.path()));
    let sockets = server.socket_directory().to_path_buf();
    drop(server);
    assert!(!sockets.exists(), "the socket's directory elsewhere is removed");
}

#[tokio::test]
async fn a_second_instance_is_told_so() {
    let home = Home::new();
    let data = home.open();
    let _server = start(&data).await;
    let error = Data::open(&Place::At(home.path())).expect_err("it is taken");
    let message = error.to_string();
    assert!(message.contains(&format!("process {}", std::process::id())), "{message}");
    assert!(message.contains("--data DIR or --ephemeral"), "{message}");
}

#[tokio::test]
async fn what_is_not_quite_a_database_is_refused_and_reset_makes_it_new() {
    let home = Home::new();
    drop(home.open());
    let cluster = home.path().join("postgresql");
    fs::create_dir_all(cluster.join("base")).expect("a directory");
    for missing in ["PG_VERSION", "global/pg_control"] {
        let data = home.open();
        let error = postgres::start(data.path(), &Options::kept()).await.expect_err("it is incomplete");
        let message = error.to_string();
        assert!(matches!(error, Error::HalfInitialised { .. }), "{message}");
        assert!(message.contains(missing) && message.contains("--reset"), "{message}");
        fs::write(cluster.join("PG_VERSION"), "15\n").expect("written");
    }
    let data = Data::open_anew(&Place::At(home.path())).expect("it is ours");
    start(&data).await.stop().await.expect("it stops");
}

#[tokio::test]
async fn data_of_another_major_version_is_left_alone() {
    let home = Home::new();
    let data = home.open();
    start(&data).await.stop().await.expect("it stops");
    let version = data.path().join("postgresql/PG_VERSION");
    fs::write(&version, "99\n").expect("written");

    let mut search = Search::from_environment();
    search.cache = None;
    let error = search.find(Some(99)).await.expect_err("there is no such version");
    let message = error.to_string();
    assert!(message.contains("made by PostgreSQL 99"), "{message}");
    assert!(message.contains("RESTAURANT_POSTGRES_BIN") && message.contains("--reset"), "{message}");

    // Nor do programs of another version touch it when they are handed to the server.
    let binaries = search.find(None).await.expect("some version is installed");
    let error = Server::start(&binaries, data.path(), &Options::kept()).await.expect_err("not of this version");
    assert!(matches!(error, Error::OtherMajor { major: 99, .. }), "{error}");
}

#[tokio::test]
async fn an_interrupted_initdb_leaves_no_trace() {
    let home = Home::new();
    let data = home.open();
    let partial = data.path().join("postgresql.partial-abc");
    fs::create_dir(&partial).expect("a directory");
    fs::write(partial.join("PG_VERSION"), "15\n").expect("written");
    start(&data).await.stop().await.expect("it stops");
    assert!(!partial.exists());
}

#[tokio::test]
async fn a_stale_record_of_a_process_that_is_another_by_now_does_not_matter() {
    let home = Home::new();
    let data = home.open();
    start(&data).await.stop().await.expect("it stops");
    let record = data.path().join("postgresql/postmaster.pid");
    fs::write(&record, format!("{}\n", std::process::id())).expect("written");
    start(&data).await.stop().await.expect("it stops");
}

#[tokio::test]
async fn a_server_that_cannot_start_shows_its_log() {
    let home = Home::new();
    let data = home.open();
    start(&data).await.stop().await.expect("it stops");
    let options = Options { max_connections: 0, ..Options::kept() };
    let error = postgres::start(data.path(), &options).await.expect_err("no server has none");
    let message = error.to_string();
    assert!(matches!(error, Error::Exited { .. }), "{message}");
    assert!(message.contains("max_connections"), "{message}");
}

/// Not a test of its own: the process that another test kills. It owns a server and says which.
#[tokio::test]
#[ignore = "run by the tests that kill it"]
async fn owner_to_be_killed() {
    let Some(path) = std::env::var_os("LOCAL_TEST_HOME") else {
        return;
    };
    let place = match path.to_str() {
        Some("ephemeral") => Place::Ephemeral,
        _ => Place::At(path.into()),
    };
    let data = Data::open(&place).expect("the directory is free");
    let options = if data.is_ephemeral() { Options::throw_away() } else { Options::kept() };
    let server = postgres::start(data.path(), &options).await.expect("it starts");
    server.create_database("auth").await.expect("made");
    let mut auth = server.connect_options("auth").connect().await.expect("a connection");
    auth.execute("CREATE TABLE IF NOT EXISTS kept (answer int); INSERT INTO kept VALUES (42)").await.expect("committed");
    println!("\nowner: {} {}", server.pid(), data.path().display());
    std::future::pending::<()>().await;
}

/// Starts such a process; gives it, its server's process id and its directory.
fn start_owner(home: &Path) -> (Child, u32, PathBuf) {
    let mut owner = Command::new(std::env::current_exe().expect("this test"))
        .args(["owner_to_be_killed", "--exact", "--ignored", "--nocapture"])
        .env("LOCAL_TEST_HOME", home)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let lines = BufReader::new(owner.stdout.take().expect("piped")).lines();
    let said = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("owner: ").map(str::to_owned)).expect("it starts its server");
    let (pid, path) = said.split_once(' ').expect("both");
    (owner, pid.parse().expect("a number"), path.into())
}

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "only Linux ends a killed process's children")]
async fn a_killed_owner_takes_its_server_along_and_the_next_start_has_the_data() {
    let home = Home::new();
    let (mut owner, server, _) = start_owner(&home.path());
    assert!(is_alive(server));
    let error = Data::open(&Place::At(home.path())).expect_err("it is taken");
    assert!(matches!(error, data::Error::Directory(directory::Error::InUse { .. })), "{error}");

    owner.kill().expect("killed");
    owner.wait().expect("reaped");
    // At once, while the old server still stops.
    let data = home.open();
    let successor = start(&data).await;
    assert!(!is_alive(server), "two servers never share the data");
    let row = connect(&successor, "auth").await.fetch_one("SELECT count(*) FROM kept").await.expect("kept");
    assert_eq!(row.get::<i64, _>(0), 1);
}

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "only Linux ends a killed process's children")]
async fn what_a_killed_ephemeral_run_left_is_swept_by_the_next() {
    let (mut owner, server, left) = start_owner(Path::new("ephemeral"));
    let kept = Data::open(&Place::Ephemeral).expect("a directory");
    assert!(left.exists(), "one that is in use is not swept");
    owner.kill().expect("killed");
    owner.wait().expect("reaped");
    wait_until("its server ends", || !is_alive(server));
    let next = Data::open(&Place::Ephemeral).expect("a directory");
    assert!(!left.exists());
    assert!(kept.path().exists() && next.path().exists());
}

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "only Linux ends a killed process's children")]
async fn a_server_outlives_the_thread_that_asked_for_it() {
    let home = Home::new();
    let data = home.open();
    let path = data.path().to_path_buf();
    let server = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(postgres::start(&path, &Options::throw_away())).expect("it starts")
    })
    .join()
    .expect("it does not panic");
    tokio::time::sleep(Duration::from_millis(300)).await;
    connect(&server, "postgres").await;
}
