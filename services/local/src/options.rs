//! The command line.

use std::path::PathBuf;
use std::str::FromStr as _;

use auth::config::Bcrypt;
use chassis::http::text::Email;
use chassis::http::value::{Raw, Value as _};
use chassis::run::config::{LogArgs, Problems};
use chassis::run::log::Log;
use clap::Parser;
use operator::api::Confirmation;
use sqlx::postgres::PgConnectOptions;

use crate::administrator::Credentials;
use crate::data::Place;
use crate::ports::PortArgs;
use crate::resource::{self, Resource};
use crate::stack::Setup;

/// What is logged unless told otherwise: little, so that the table stays in sight. Slow statements
/// are what sqlx warns of, and a laptop's disk has its moments.
const LOG_LEVEL: &str = "warn,sqlx::query=error";

/// Settings that cannot be used: every one, a line each.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unusable(String);

/// A restaurant's table-booking platform on this machine: its services, PostgreSQL and a Kafka broker.
///
/// Needs nothing installed: PostgreSQL is downloaded once where there is none. A flag wins over the environment variable of the same
/// setting, and both win over the file.
#[derive(Debug, Clone, Parser)]
// Of a flag that is given twice the last one counts, so that a script's can be overridden.
#[command(name = "restaurant-booking", version, args_override_self = true)]
pub struct Options {
    /// Run the restaurant of this file, a RestaurantBooking resource in YAML or JSON such as a cluster takes; - is standard input. What it gives that is of no use on this machine is told at the start [default: the resource that --print-resource prints]
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Print the resource that would run, with the defaults that hold on this machine and what the flags change, and exit
    #[arg(long)]
    print_resource: bool,
    /// Directory to keep data in [default: restaurant-booking in the user's data directory, root's in /var/lib; with --file restaurant-booking-NAME beside it, NAME being the resource's]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Delete what is kept in the data directory, and start over
    #[arg(long)]
    reset: bool,
    /// Keep no data: use a temporary directory that is removed at the end
    #[arg(long, conflicts_with_all = ["data", "reset"])]
    ephemeral: bool,
    /// Use a Kafka elsewhere instead of the broker in this process
    #[arg(long, value_name = "HOST:PORT,...")]
    kafka: Option<String>,
    /// Use a PostgreSQL (15 or newer) elsewhere, such as postgres://user:password@host:5432/postgres; the databases auth_db, menu_db and res_db are created where they are missing. The keys that sign logins are new at each start, unless --data keeps them
    #[arg(long, value_name = "URL", conflicts_with_all = ["ephemeral", "reset"])]
    postgres: Option<String>,
    #[command(flatten)]
    ports: PortArgs,
    /// E-mail address of the administrator who is made at the first start [default: admin@restaurant.com]
    #[arg(long, env = "ADMIN_EMAIL", value_name = "EMAIL")]
    admin_email: Option<String>,
    /// Password of that administrator, 8 characters at least and 72 bytes at most [default: Admin123!]
    #[arg(long, env = "ADMIN_PASSWORD", value_name = "PASSWORD", hide_env_values = true)]
    admin_password: Option<String>,
    /// Cost of a bcrypt hash, 10 to 20: each step doubles the work [default: 12]
    #[arg(long, env = "BCRYPT_COST", value_name = "COST")]
    bcrypt_cost: Option<String>,
    /// IANA time zone of the restaurant, such as Europe/Berlin [default: UTC]
    #[arg(long, visible_alias = "time-zone", env = "RESTAURANT_TIME_ZONE", value_name = "ZONE")]
    restaurant_time_zone: Option<String>,
    /// Confirm bookings at once, rather than have the restaurant confirm each: true or false [default: false]
    #[arg(long, env = "AUTO_CONFIRM", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    auto_confirm: Option<String>,
    /// How far ahead bookings are taken, in days, 1 to 3650 [default: 180]
    #[arg(long, env = "MAX_DAYS_AHEAD", value_name = "DAYS")]
    max_days_ahead: Option<String>,
    /// How the log is written: json or human [default: human]
    #[arg(long, env = "LOG_FORMAT", value_name = "FORMAT")]
    log_format: Option<String>,
    /// Level of the log: error, warn, info, debug or trace, also by module, such as info,sqlx=debug [default: warn]
    #[arg(long, env = "LOG_LEVEL", value_name = "LEVEL")]
    log_level: Option<String>,
}

/// What is to be done, and with what.
pub struct Checked {
    /// What is to run.
    pub setup: Setup,
    /// How the log is written.
    pub log: Log,
    /// The resource that runs, with what flags and variables change.
    pub resource: Resource,
    /// Whether the resource is to be printed, and nothing run.
    pub print_resource: bool,
}

impl Options {
    /// Checks the settings.
    ///
    /// # Errors
    /// Everything that is wrong with them and with the resource's file, at once.
    pub fn check(&self) -> Result<Checked, Unusable> {
        let (mut problems, mut others) = (Problems::default(), Vec::new());
        let mut resource = match self.file.as_deref().map(Resource::read) {
            None => Resource::default(),
            Some(Ok(resource)) => resource,
            Some(Err(told)) => {
                others.extend(told);
                Resource::default()
            }
        };
        self.change(&mut resource, &mut problems);
        let log = LogArgs {
            log_format: given(&self.log_format).or(Some("human")).map(str::to_owned),
            log_level: Some(self.log_level(&resource)),
        };
        let log = log.check(&mut problems);
        let setup = Setup {
            site: resource.site().check(&mut problems),
            mail: resource.mail(),
            place: self.place(resource.name()),
            reset: self.reset,
            postgres: self.postgres.as_deref().and_then(|url| postgres(url, &mut others)),
            kafka: self.kafka.as_deref().and_then(|servers| kafka(servers, &mut others)),
            ports: self.ports.0,
            administrator: self.administrator(&resource, &mut problems),
            bookings: resource.restaurant(),
            house: resource.house(),
            bcrypt: Bcrypt { cost: problems.number("BCRYPT_COST", self.bcrypt_cost.as_deref(), 12, 10, 20), ..Bcrypt::default() },
            topics: resource.topics(),
            services: resource.services(),
        };
        others.extend(self.ports.0.twice());
        let mut message = match problems.finish() {
            Ok(()) if others.is_empty() => return Ok(Checked { setup, log, resource, print_resource: self.print_resource }),
            Ok(()) => "the configuration cannot be used:".to_owned(),
            Err(unusable) => unusable.to_string(),
        };
        for other in others {
            message.push_str("\n  ");
            message.push_str(&other);
        }
        Err(Unusable(message))
    }

    /// Flags and variables win over the file.
    fn change(&self, resource: &mut Resource, problems: &mut Problems) {
        let spec = &mut resource.spec;
        if let Some(name) = given(&self.restaurant_time_zone) {
            if let Err(what) = resource::time_zone(name.trim()) {
                problems.add("RESTAURANT_TIME_ZONE", what);
            }
            name.trim().clone_into(&mut spec.restaurant.time_zone);
        }
        if given(&self.auto_confirm).is_some() {
            let automatic = problems.parse("AUTO_CONFIRM", self.auto_confirm.as_deref(), false, "true or false");
            spec.restaurant.confirmation = Some(if automatic { Confirmation::Automatic } else { Confirmation::Manual });
        }
        if given(&self.max_days_ahead).is_some() {
            let days = problems.number("MAX_DAYS_AHEAD", self.max_days_ahead.as_deref(), 180, 1, 3650);
            spec.restaurant.max_days_ahead = i32::try_from(days).ok();
        }
        if let Some(email) = given(&self.admin_email) {
            if let Err(fault) = Email::read(Raw::Text(email.trim())) {
                problems.add("ADMIN_EMAIL", format!("cannot be used: {}", fault.detail));
            }
            spec.admin.get_or_insert_default().email = Some(email.trim().to_owned());
        }
    }

    fn log_level(&self, resource: &Resource) -> String {
        match (given(&self.log_level), resource.log_levels()) {
            (Some(level), _) => level.to_owned(),
            (None, Some(levels)) => format!("{LOG_LEVEL},{levels}"),
            (None, None) => LOG_LEVEL.to_owned(),
        }
    }

    fn place(&self, name: &str) -> Place {
        match &self.data {
            Some(path) => Place::At(path.clone()),
            // What the default directory keeps belongs to the database in it, and to no other.
            None if self.ephemeral || self.postgres.is_some() => Place::Ephemeral,
            None if name == resource::NAME => Place::Default,
            None => Place::Of(name.to_owned()),
        }
    }

    fn administrator(&self, resource: &Resource, problems: &mut Problems) -> Credentials {
        let mut credentials = resource.administrator();
        if let Some(password) = self.admin_password.clone().filter(|password| !password.is_empty()) {
            if let Err(fault) = resource::password(&password) {
                problems.add("ADMIN_PASSWORD", fault);
            }
            credentials.password = password;
        }
        credentials
    }
}

/// A variable that is set to nothing is as good as none.
fn given(value: &Option<String>) -> Option<&str> {
    value.as_deref().filter(|value| !value.trim().is_empty())
}

fn postgres(url: &str, flags: &mut Vec<String>) -> Option<PgConnectOptions> {
    match PgConnectOptions::from_str(url.trim()) {
        // Without a database in it, the URL stands for the one that every server has.
        Ok(options) if options.get_database().is_none_or(str::is_empty) => Some(options.database("postgres")),
        Ok(options) => Some(options),
        // The URL is not repeated: it may hold a password.
        Err(error) => {
            flags.push(format!("--postgres: is not a URL such as postgres://user:password@host:5432/postgres: {error}"));
            None
        }
    }
}

fn kafka(servers: &str, flags: &mut Vec<String>) -> Option<String> {
    let all: Vec<_> = servers.split(',').map(str::trim).collect();
    if all.iter().all(|server| is_host_and_port(server)) {
        return Some(all.join(","));
    }
    flags.push(format!("--kafka: is {servers:?}; it must be HOST:PORT, several separated by commas, such as localhost:9092"));
    None
}

fn is_host_and_port(server: &str) -> bool {
    let Some((host, port)) = server.rsplit_once(':') else { return false };
    let plain = !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || c == '/');
    plain && port.parse::<u16>().is_ok_and(|port| port > 0)
}

#[cfg(test)]
mod tests {
    use super::{Options, Setup};
    use crate::data::Place;
    use clap::error::ErrorKind;
    use clap::{CommandFactory as _, Parser as _};

    fn options(arguments: &[&str]) -> Options {
        Options::try_parse_from([&["restaurant-booking"], arguments].concat()).unwrap_or_else(|error| panic!("{error}"))
    }

    fn setup(arguments: &[&str]) -> Setup {
        options(arguments).check().unwrap_or_else(|error| panic!("{error}")).setup
    }

    #[test]
    fn the_command_line_is_sound() {
        Options::command().debug_assert();
    }

    #[test]
    fn without_arguments_everything_is_here_and_kept() {
        let setup = setup(&[]);
        assert_eq!(setup.place, Place::Default);
        assert!(setup.postgres.is_none() && setup.kafka.is_none() && !setup.reset);
        assert_eq!(setup.ports.0, [8000, 8001, 8002]);
        assert_eq!(setup.bcrypt.cost, 12);
        assert_eq!((setup.administrator.email.as_str(), setup.administrator.password.as_str()), ("admin@restaurant.com", "Admin123!"));
        let default = Setup::default();
        assert_eq!((&setup.site.name, &setup.topics), (&default.site.name, &default.topics));
        assert_eq!(setup.services, default.services);
        assert_eq!((setup.bookings.auto_confirm, setup.bookings.max_ahead), (default.bookings.auto_confirm, default.bookings.max_ahead));
    }

    #[test]
    fn a_file_decides_and_a_flag_wins_over_it() {
        let example = |name: &str| format!("--file={}/../../examples/{name}", env!("CARGO_MANIFEST_DIR"));
        let alone = setup(&[&example("trattoria.yaml")]);
        assert_eq!((alone.site.name.as_str(), &alone.place), ("Trattoria da Rosa", &Place::Of("trattoria".to_owned())));
        assert_eq!((alone.bookings.auto_confirm, alone.bookings.time_zone.iana_name()), (true, Some("Europe/Rome")));
        assert_eq!((alone.administrator.email.as_str(), alone.topics.partitions), ("rosa@trattoria.example", 2));
        assert_eq!((alone.services[0].origins.len(), alone.services[2].origins.len()), (0, 1));

        let external = example("external.yaml");
        let flags =
            ["--admin-email=chef@example.com", "--admin-password=another one", "--time-zone=Asia/Tokyo", "--auto-confirm", "--data=x"];
        let changed = setup(&[&[external.as_str()], flags.as_slice()].concat());
        assert_eq!((changed.administrator.email.as_str(), changed.administrator.password.as_str()), ("chef@example.com", "another one"));
        assert_eq!((changed.bookings.auto_confirm, changed.bookings.time_zone.iana_name()), (true, Some("Asia/Tokyo")));
        assert_eq!((&changed.place, changed.topics.prefix.as_str()), (&Place::At("x".into()), "bistro."));
        assert_eq!([changed.services[0].max_connections, changed.services[2].max_connections], [10, 20]);
        let at_kafka = options(&[&external, "--kafka=broker:9092"]).check().unwrap_or_else(|error| panic!("{error}"));
        assert!(at_kafka.resource.unused(true).contains(&"kafka.topics.partitions".to_owned()));
    }

    #[test]
    fn what_excludes_each_other_is_refused() {
        for arguments in [
            ["--ephemeral", "--data=x"].as_slice(),
            &["--ephemeral", "--reset"],
            &["--postgres=postgres://localhost", "--ephemeral"],
            &["--postgres=postgres://localhost", "--reset"],
        ] {
            let error = Options::try_parse_from([&["restaurant-booking"], arguments].concat()).expect_err("refused");
            assert_eq!(error.kind(), ErrorKind::ArgumentConflict, "{arguments:?}");
        }
    }

    #[test]
    fn a_typo_is_answered_with_what_was_meant() {
        let error = Options::try_parse_from(["restaurant-booking", "--ephemeal"]).expect_err("refused");
        assert!(error.to_string().contains("'--ephemeral'"), "{error}");
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once_and_no_password_is_repeated() {
        let arguments = [
            "--kafka=broker",
            "--postgres=postgres://me:hunter2@host:port/db",
            "--admin-email=nobody",
            "--admin-password=letmein",
            "--bcrypt-cost=9",
            "--time-zone=Mars/Olympus",
            "--auto-confirm=perhaps",
            "--max-days-ahead=0",
            "--log-format=xml",
            "--log-level=very=loud=indeed",
        ];
        let message = options(&arguments).check().err().expect("unusable").to_string();
        for part in [
            "--kafka: is \"broker\"",
            "--postgres: is not a URL",
            "ADMIN_EMAIL",
            "ADMIN_PASSWORD",
            "BCRYPT_COST (--bcrypt-cost): is 9",
            "RESTAURANT_TIME_ZONE (--restaurant-time-zone): is \"Mars/Olympus\"",
            "AUTO_CONFIRM",
            "MAX_DAYS_AHEAD",
            "LOG_FORMAT",
            "LOG_LEVEL",
        ] {
            assert!(message.contains(part), "{part} in {message}");
        }
        assert!(!message.contains("hunter2") && !message.contains("letmein"), "{message}");
    }

    #[test]
    fn servers_elsewhere_are_taken_as_they_are() {
        let setup = setup(&["--kafka", "a:9092, [::1]:9093", "--postgres", "postgres://me@db.example:5433"]);
        assert_eq!(setup.kafka.as_deref(), Some("a:9092,[::1]:9093"));
        let postgres = setup.postgres.expect("a server");
        assert_eq!((postgres.get_host(), postgres.get_port(), postgres.get_database()), ("db.example", 5433, Some("postgres")));
        assert_eq!(setup.place, Place::Ephemeral);
        for kafka in ["a", "a:", ":1", "a:0", "a:1,", "kafka://a:1", "a b:1"] {
            assert!(options(&["--kafka", kafka]).check().is_err(), "{kafka}");
        }
    }
}
