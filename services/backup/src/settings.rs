//! The settings: environment variables and flags alike, secrets from files, which are read when they are needed.

use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use crate::report::{Failure, Reason};

/// The databases that there are.
pub(crate) const DATABASES: [&str; 3] = ["auth", "menu", "reservation"];

/// The least length of a key of the encryption, in characters.
const SHORTEST_KEY: usize = 16;

/// All that is wrong with the settings, told at once.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<String>);

impl Problems {
    /// Notes what is wrong with a setting, by the name of its environment variable.
    pub(crate) fn add(&mut self, name: &str, what: impl Display) {
        self.0.push(format!("{name} (--{}): {what}", name.to_ascii_lowercase().replace('_', "-")));
    }

    /// A setting that must be there.
    pub(crate) fn required(&mut self, name: &str, value: Option<&str>, what: &str) -> String {
        given(value).map(str::to_owned).unwrap_or_else(|| {
            self.add(name, format!("is missing; {what}"));
            String::new()
        })
    }

    /// A duration with a default.
    pub(crate) fn duration(&mut self, name: &str, value: Option<&str>, default: Duration) -> Duration {
        let Some(text) = given(value) else { return default };
        duration(text).unwrap_or_else(|| {
            self.add(name, format!("is {text:?}; it must be a duration such as 90s, 36h or 1d12h"));
            default
        })
    }

    /// A secret in a file, whose trailing line break does not count.
    pub(crate) fn secret(&mut self, name: &str, file: &Path) -> String {
        match fs::read_to_string(file) {
            Ok(text) if !text.trim_end_matches(['\r', '\n']).is_empty() => text.trim_end_matches(['\r', '\n']).to_owned(),
            Ok(_) => {
                self.add(name, format!("{} is empty", file.display()));
                String::new()
            }
            Err(error) => {
                self.add(name, format!("{} cannot be read: {error}", file.display()));
                String::new()
            }
        }
    }

    /// Ends the check.
    ///
    /// # Errors
    /// Everything that was noted.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(Failure::new(Reason::Settings, format!("the settings cannot be used: {}", self.0.join("; "))))
    }
}

/// A setting that is not empty.
pub(crate) fn given(value: Option<&str>) -> Option<&str> {
    value.map(str::trim).filter(|value| !value.is_empty())
}

/// A duration of numbers and units: s, m, h, d. `None`: it is none, or it is nothing.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let mut seconds: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).filter(|digits| *digits > 0)?;
        let number: u64 = rest[..digits].parse().ok()?;
        let unit = match rest[digits..].chars().next()? {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 24 * 3600,
            _ => return None,
        };
        seconds = seconds.checked_add(number.checked_mul(unit)?)?;
        rest = &rest[digits + 1..];
    }
    (seconds > 0).then(|| Duration::from_secs(seconds))
}

/// Where backups are, and whose.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct RepositoryArgs {
    /// Whose database: auth, menu or reservation
    #[arg(long, env = "BACKUP_DATABASE", value_name = "NAME")]
    backup_database: Option<String>,
    /// Folder of the backups; either this or BACKUP_S3_ENDPOINT
    #[arg(long, env = "BACKUP_FOLDER", value_name = "DIR")]
    backup_folder: Option<PathBuf>,
    /// Where the object storage is: https://host or https://host:port
    #[arg(long, env = "BACKUP_S3_ENDPOINT", value_name = "URL")]
    backup_s3_endpoint: Option<String>,
    /// The bucket of the object storage
    #[arg(long, env = "BACKUP_S3_BUCKET", value_name = "NAME")]
    backup_s3_bucket: Option<String>,
    /// The path in the bucket; each database has a folder of its own below it [default: the bucket's root]
    #[arg(long, env = "BACKUP_S3_PATH", value_name = "PATH")]
    backup_s3_path: Option<String>,
    /// The region of the object storage [default: us-east-1]
    #[arg(long, env = "BACKUP_S3_REGION", value_name = "NAME")]
    backup_s3_region: Option<String>,
    /// Whether the bucket stands in the path of a request, rather than in front of the host: true or false [default: true]
    #[arg(long, env = "BACKUP_S3_PATH_STYLE", value_name = "BOOL")]
    backup_s3_path_style: Option<String>,
    /// Folder with the files accessKeyId and secretAccessKey [default: /etc/restaurant-booking/s3]
    #[arg(long, env = "BACKUP_S3_CREDENTIALS", value_name = "DIR")]
    backup_s3_credentials: Option<PathBuf>,
    /// PEM file with the authorities that the object storage's certificate may be of [default: the public ones]
    #[arg(long, env = "BACKUP_S3_CA_FILE", value_name = "FILE")]
    backup_s3_ca_file: Option<PathBuf>,
    /// File with the key of the encryption, 16 characters or more; without it backups are not encrypted
    #[arg(long, env = "BACKUP_ENCRYPTION_KEY_FILE", value_name = "FILE")]
    backup_encryption_key_file: Option<PathBuf>,
    /// The program pgbackrest [default: /opt/pgbackrest/bin/pgbackrest]
    #[arg(long, env = "BACKUP_PGBACKREST", value_name = "FILE")]
    backup_pgbackrest: Option<PathBuf>,
    /// How long the command may take, such as 90m or 6h [default: 6h]
    #[arg(long, env = "BACKUP_DEADLINE", value_name = "DURATION")]
    backup_deadline: Option<String>,
    /// The database's files [default: /data/pgdata]
    #[arg(long, env = "PGDATA", value_name = "DIR")]
    pgdata: Option<PathBuf>,
}

/// Where backups are, and whose: checked.
#[derive(Clone, Debug)]
pub(crate) struct Repository {
    /// Whose database.
    pub(crate) database: String,
    /// The database's files.
    pub(crate) data: PathBuf,
    /// The program pgbackrest.
    pub(crate) pgbackrest: PathBuf,
    /// How long the command may take.
    pub(crate) deadline: Duration,
    /// The key of the encryption.
    pub(crate) key: Option<String>,
    /// Where backups are.
    pub(crate) storage: Storage,
}

/// Where backups are.
#[derive(Clone, Debug)]
pub(crate) enum Storage {
    /// In a folder.
    Folder(PathBuf),
    /// In an object storage.
    S3(S3),
}

/// An object storage.
#[derive(Clone, Debug)]
pub(crate) struct S3 {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) bucket: String,
    /// With a slash in front, and none behind.
    pub(crate) path: String,
    pub(crate) region: String,
    pub(crate) path_style: bool,
    pub(crate) key: String,
    pub(crate) secret: String,
    pub(crate) ca_file: Option<PathBuf>,
}

impl RepositoryArgs {
    /// Checks the settings, and reads the secrets.
    pub(crate) fn check(&self, problems: &mut Problems) -> Repository {
        let database = problems.required("BACKUP_DATABASE", self.backup_database.as_deref(), "it must be auth, menu or reservation");
        if !database.is_empty() && !DATABASES.contains(&database.as_str()) {
            problems.add("BACKUP_DATABASE", format!("is {database:?}; it must be auth, menu or reservation"));
        }
        let key = file(&self.backup_encryption_key_file).map(|file| {
            let key = problems.secret("BACKUP_ENCRYPTION_KEY_FILE", file);
            if !key.is_empty() && key.chars().count() < SHORTEST_KEY {
                problems.add("BACKUP_ENCRYPTION_KEY_FILE", format!("{} has fewer than {SHORTEST_KEY} characters", file.display()));
            }
            key
        });
        let storage = match (file(&self.backup_folder), given(self.backup_s3_endpoint.as_deref())) {
            (Some(folder), None) => {
                if !folder.is_absolute() {
                    problems.add("BACKUP_FOLDER", format!("is {}; it must be an absolute path", folder.display()));
                }
                Storage::Folder(folder.clone())
            }
            (None, Some(endpoint)) => Storage::S3(self.s3(endpoint, problems)),
            (Some(folder), Some(_)) => {
                problems.add("BACKUP_FOLDER", "is given, and BACKUP_S3_ENDPOINT too; give one of them");
                Storage::Folder(folder.clone())
            }
            (None, None) => {
                problems.add("BACKUP_FOLDER", "is missing, and BACKUP_S3_ENDPOINT too; give one of them");
                Storage::Folder(PathBuf::new())
            }
        };
        let default = |given: &Option<PathBuf>, default: &str| file(given).cloned().unwrap_or_else(|| default.into());
        if let Some(data) = file(&self.pgdata).filter(|data| !data.is_absolute()) {
            problems.add("PGDATA", format!("is {}; it must be an absolute path", data.display()));
        }
        Repository {
            database,
            data: default(&self.pgdata, "/data/pgdata"),
            pgbackrest: default(&self.backup_pgbackrest, "/opt/pgbackrest/bin/pgbackrest"),
            deadline: problems.duration("BACKUP_DEADLINE", self.backup_deadline.as_deref(), Duration::from_secs(6 * 3600)),
            key,
            storage,
        }
    }

    fn s3(&self, endpoint: &str, problems: &mut Problems) -> S3 {
        let (host, port) = origin(endpoint).unwrap_or_else(|| {
            problems.add("BACKUP_S3_ENDPOINT", format!("is {endpoint:?}; it must be https://host or https://host:port"));
            (String::new(), 443)
        });
        let bucket = problems.required("BACKUP_S3_BUCKET", self.backup_s3_bucket.as_deref(), "it must be the name of a bucket");
        let path_style = match given(self.backup_s3_path_style.as_deref()) {
            None | Some("true") => true,
            Some("false") => false,
            Some(other) => {
                problems.add("BACKUP_S3_PATH_STYLE", format!("is {other:?}; it must be true or false"));
                true
            }
        };
        let credentials = file(&self.backup_s3_credentials).cloned().unwrap_or_else(|| "/etc/restaurant-booking/s3".into());
        let ca_file = file(&self.backup_s3_ca_file).cloned();
        if let Some(file) = &ca_file {
            problems.secret("BACKUP_S3_CA_FILE", file);
        }
        S3 {
            host,
            port,
            bucket,
            path: format!("/{}", given(self.backup_s3_path.as_deref()).unwrap_or_default().trim_matches('/')),
            region: given(self.backup_s3_region.as_deref()).unwrap_or("us-east-1").to_owned(),
            path_style,
            key: problems.secret("BACKUP_S3_CREDENTIALS", &credentials.join("accessKeyId")),
            secret: problems.secret("BACKUP_S3_CREDENTIALS", &credentials.join("secretAccessKey")),
            ca_file,
        }
    }
}

impl Storage {
    /// Where that is, for messages.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Folder(folder) => folder.display().to_string(),
            Self::S3(s3) => format!("s3://{}{} at {}:{}", s3.bucket, s3.path, s3.host, s3.port),
        }
    }
}

/// A path that is not empty: a variable of a Pod may be there without a value.
pub(crate) fn file(path: &Option<PathBuf>) -> Option<&PathBuf> {
    path.as_ref().filter(|path| !path.as_os_str().is_empty())
}

/// Host and port of an https URL without a path.
fn origin(url: &str) -> Option<(String, u16)> {
    let authority = url.strip_prefix("https://")?.trim_end_matches('/');
    if authority.is_empty() || authority.contains(['/', '@', ' ', '?', '#']) {
        return None;
    }
    // The colons of an IPv6 address stand in brackets.
    match authority.rsplit_once(':').filter(|(host, _)| !host.contains(':') || host.ends_with(']')) {
        Some((host, port)) => Some((host.trim_matches(['[', ']']).to_owned(), port.parse().ok()?)),
        None => Some((authority.trim_matches(['[', ']']).to_owned(), 443)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let args = RepositoryArgs {
            backup_database: Some("orders".into()),
            backup_s3_endpoint: Some("http://plain.example".into()),
            backup_s3_path_style: Some("maybe".into()),
            backup_s3_credentials: Some("/nowhere".into()),
            backup_deadline: Some("soon".into()),
            ..Default::default()
        };
        let mut problems = Problems::default();
        args.check(&mut problems);
        let message = problems.finish().expect_err("unusable").message;
        for part in
            ["BACKUP_DATABASE (--backup-database): is \"orders\"", "https://host", "BACKUP_S3_BUCKET", "maybe", "accessKeyId", "90s"]
        {
            assert!(message.contains(part), "{part} in {message}");
        }
    }

    #[test]
    fn an_endpoint_is_a_host_and_a_port() {
        assert_eq!(origin("https://s3.example"), Some(("s3.example".into(), 443)));
        assert_eq!(origin("https://10.0.0.1:7070/"), Some(("10.0.0.1".into(), 7070)));
        assert_eq!(origin("https://[fd00::1]:7070"), Some(("fd00::1".into(), 7070)));
        assert_eq!(origin("https://[fd00::1]"), Some(("fd00::1".into(), 443)));
        for wrong in ["http://s3.example", "https://", "https://s3.example/path", "https://user@s3.example", "https://s3.example:port"] {
            assert_eq!(origin(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_duration_is_numbers_with_units() {
        assert_eq!(duration("1d12h"), Some(Duration::from_secs(36 * 3600)));
        assert_eq!(duration("90s"), Some(Duration::from_secs(90)));
        for wrong in ["", "0s", "5", "h", "1w", "-1h", "99999999999999999999d"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }
}
