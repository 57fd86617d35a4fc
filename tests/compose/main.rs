//! compose/backup, as far as it goes without Docker: its dumps and restores by PostgreSQL's own programs, on real databases. Where there is no
//! pg_dump, this is said, and the test counts as ignored.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Trial};
use local::postgres::{Search, Server};
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;

const DATABASES: [&str; 3] = ["auth_db", "menu_db", "res_db"];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let programs = runtime.block_on(Search::from_environment().find(None)).map(|binaries| binaries.directory().to_owned());
    let programs = programs.ok().filter(|folder| folder.join("pg_dump").is_file());
    if programs.is_none() && !arguments.list {
        eprintln!("The test of compose/backup is skipped: there is no pg_dump beside the server.");
        if std::env::var_os("BACKUP_REQUIRED").is_some() {
            return ExitCode::FAILURE;
        }
    }
    let ignored = programs.is_none();
    let test = move || {
        runtime.block_on(everything_is_restored_or_nothing_is(&programs.ok_or("there is no pg_dump")?));
        Ok(())
    };
    libtest_mimic::run(&arguments, vec![Trial::test("everything_is_restored_or_nothing_is", test).with_ignored_flag(ignored)]).exit_code()
}

/// A machine with the three databases.
struct Machine {
    server: Server,
    /// The folder by which its Docker is told what to say, and tells what it was told.
    told: TempDir,
    programs: PathBuf,
}

impl Machine {
    async fn start(programs: &Path) -> Self {
        let server = local::postgres::ephemeral().await.expect("a PostgreSQL");
        let machine = Self { server, told: tempfile::tempdir().expect("a folder"), programs: programs.to_owned() };
        for database in DATABASES {
            machine.server.create_database(database).await.expect("a database");
            machine.run("postgres", &format!("CREATE ROLE {database} LOGIN SUPERUSER")).await;
        }
        machine.services("");
        machine
    }

    /// The services that run, a line each.
    fn services(&self, names: &str) {
        fs::write(self.told.path().join("running"), names).expect("a file");
    }

    /// Whether commands of the services fail.
    fn broken(&self, broken: bool) {
        let file = self.told.path().join("broken");
        let done = if broken { fs::write(file, "") } else { fs::remove_file(file) };
        done.expect("a file");
    }

    /// Everything that its Docker was told since the last time.
    fn told(&self) -> String {
        let log = self.told.path().join("log");
        let told = fs::read_to_string(&log).unwrap_or_default();
        let _ = fs::remove_file(log);
        told
    }

    async fn connect(&self, database: &str) -> PgConnection {
        PgConnection::connect_with(&self.server.connect_options(database)).await.expect("a connection")
    }

    async fn run(&self, database: &str, statement: &str) {
        self.connect(database).await.execute(AssertSqlSafe(statement.to_owned())).await.expect("a statement");
    }

    /// How many tables there are.
    async fn tables(&self) -> i64 {
        let mut tables = 0;
        for database in DATABASES {
            let count = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
            tables += sqlx::query_scalar::<_, i64>(count).fetch_one(&mut self.connect(database).await).await.expect("a number");
        }
        tables
    }

    /// Whether the script succeeds, and what it says.
    fn script(&self, arguments: &[&str]) -> (bool, String) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository");
        let mut path = format!("{}:{}", root.join("tests/compose").display(), self.programs.display());
        path.push_str(":/usr/local/bin:/usr/bin:/bin");
        let mut command = Command::new(root.join("compose/backup"));
        command.args(arguments).env_clear().env("PATH", path).env("TOLD", self.told.path());
        let options = self.server.connect_options("postgres");
        command.env("PGHOST", self.server.socket_directory()).env("PGPORT", options.get_port().to_string());
        let output = command.output().expect("the script");
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    }
}

async fn everything_is_restored_or_nothing_is(programs: &Path) {
    let machine = Machine::start(programs).await;
    let migrators: [&Migrator; 3] = [&auth::MIGRATOR, &menu::MIGRATOR, &reservation::MIGRATOR];
    for (database, migrator) in DATABASES.into_iter().zip(migrators) {
        migrator.run(&mut machine.connect(database).await).await.expect("migrations");
    }
    machine.run("menu_db", "INSERT INTO menuitem (name, price) SELECT 'dish ' || n, n FROM generate_series(1, 500) n").await;
    let home = tempfile::tempdir().expect("a folder");
    let path = |name: &str| home.path().join(name).display().to_string();

    // Services that run pause, and others are left alone.
    machine.services("auth\nauth-postgres\nreservation\n");
    let (succeeded, said) = machine.script(&["dump", &path("dump")]);
    assert!(succeeded && said.contains("auth reservation") && said.contains("are dumped into"), "{said}");
    assert_eq!(machine.told(), "pause auth reservation\nunpause auth reservation\n");
    let (succeeded, said) = machine.script(&["dump", &path("dump")]);
    assert!(!succeeded && said.contains("exists, and is left as it is") && machine.told().is_empty(), "{said}");
    // One that fails leaves nothing, and nobody who pauses.
    machine.run("postgres", "ALTER DATABASE res_db ALLOW_CONNECTIONS false").await;
    let (succeeded, said) = machine.script(&["dump", &path("other")]);
    assert!(!succeeded && said.contains("res_db") && machine.told().ends_with("unpause auth reservation\n"), "{said}");
    assert_eq!(fs::read_dir(home.path()).expect("the folder").count(), 1, "the first dump alone");
    machine.run("postgres", "ALTER DATABASE res_db ALLOW_CONNECTIONS true").await;

    // Nothing is restored over data.
    let (succeeded, said) = machine.script(&["restore", &path("dump")]);
    assert!(!succeeded && said.contains("these run") && said.contains("Nothing was changed"), "{said}");
    machine.services("");
    let (succeeded, said) = machine.script(&["restore", &path("dump")]);
    assert!(!succeeded && said.contains("auth_db has data already") && said.contains("Nothing was changed"), "{said}");
    machine.told();

    let other = Machine::start(programs).await;
    let whole = fs::read(home.path().join("dump/res_db.dump")).expect("a dump");
    fs::write(home.path().join("dump/res_db.dump"), &whole[..whole.len() - 1000]).expect("a file");
    let (succeeded, said) = other.script(&["restore", &path("dump")]);
    assert!(!succeeded && said.contains("res_db.dump is no whole dump"), "{said}");
    fs::write(home.path().join("dump/res_db.dump"), &whole).expect("a file");
    other.broken(true);
    let (succeeded, said) = other.script(&["restore", &path("dump")]);
    assert!(!succeeded && said.contains("res_db is empty again"), "{said}");
    assert_eq!(other.tables().await, 0);
    other.broken(false);
    other.told();
    let (succeeded, said) = other.script(&["restore", &path("dump")]);
    assert!(succeeded && said.contains("are restored from"), "{said}");
    let told = other.told();
    for service in ["auth", "menu", "reservation"] {
        let of = |command: &str| told.find(&format!("run --rm --no-deps -T {service} {command}\n")).expect("a command");
        assert!(of("migrate") < of("after-restore"), "{told}");
    }
    assert_eq!(other.tables().await, machine.tables().await);
    let dishes = "SELECT count(*), sum(price)::text FROM menuitem";
    let of = async |machine: &Machine| sqlx::query_as::<_, (i64, String)>(dishes).fetch_one(&mut machine.connect("menu_db").await).await;
    assert_eq!(of(&other).await.expect("dishes"), of(&machine).await.expect("dishes"));
    let (succeeded, said) = other.script(&["restore", &path("dump")]);
    assert!(!succeeded && said.contains("has data already"), "{said}");
}
