//! The settings of the broker: where it is, how it is reached, and who the service is to it.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use secrecy::SecretString;

use super::Problems;
use crate::events::kafka;

/// Where the broker is and how it is reached, as it was given.
#[derive(Args, Clone, Debug, Default)]
pub struct KafkaArgs {
    /// Kafka brokers, separated by commas
    #[arg(long, env = "KAFKA_BOOTSTRAP_SERVERS", value_name = "HOST:PORT,...")]
    pub kafka_bootstrap_servers: Option<String>,
    /// Put before the names of topics and consumer groups, so that several restaurants can share a cluster [default: nothing]
    #[arg(long, env = "KAFKA_TOPIC_PREFIX", value_name = "PREFIX")]
    pub kafka_topic_prefix: Option<String>,
    /// How the brokers are reached: plaintext, ssl, sasl_plaintext or sasl_ssl; ssl and sasl_ssl take a build with
    /// `--features kafka-tls` [default: plaintext]
    #[arg(long, env = "KAFKA_SECURITY_PROTOCOL", value_name = "PROTOCOL")]
    pub kafka_security_protocol: Option<String>,
    /// Certificates (PEM) that vouch for the brokers' own, for ssl and sasl_ssl [default: those of the system]
    #[arg(long, env = "KAFKA_SSL_CA_FILE", value_name = "FILE")]
    pub kafka_ssl_ca_file: Option<PathBuf>,
    /// The service's own certificate (PEM, with those between it and its CA), for brokers that ask for one [default: none]
    #[arg(long, env = "KAFKA_SSL_CERTIFICATE_FILE", value_name = "FILE")]
    pub kafka_ssl_certificate_file: Option<PathBuf>,
    /// Private key (PEM, without a passphrase) of KAFKA_SSL_CERTIFICATE_FILE
    #[arg(long, env = "KAFKA_SSL_KEY_FILE", value_name = "FILE")]
    pub kafka_ssl_key_file: Option<PathBuf>,
    /// How the password is proven, for sasl_plaintext and sasl_ssl: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; SCRAM takes a build with
    /// `--features kafka-tls` [default: SCRAM-SHA-512]
    #[arg(long, env = "KAFKA_SASL_MECHANISM", value_name = "MECHANISM")]
    pub kafka_sasl_mechanism: Option<String>,
    /// The service's name at the brokers, for sasl_plaintext and sasl_ssl
    #[arg(long, env = "KAFKA_SASL_USERNAME", value_name = "NAME")]
    pub kafka_sasl_username: Option<String>,
    /// File that holds KAFKA_SASL_USERNAME
    #[arg(long, env = "KAFKA_SASL_USERNAME_FILE", value_name = "FILE")]
    pub kafka_sasl_username_file: Option<PathBuf>,
    /// The service's password at the brokers, for sasl_plaintext and sasl_ssl
    #[arg(long, env = "KAFKA_SASL_PASSWORD", value_name = "PASSWORD", hide_env_values = true)]
    pub kafka_sasl_password: Option<String>,
    /// File that holds KAFKA_SASL_PASSWORD
    #[arg(long, env = "KAFKA_SASL_PASSWORD_FILE", value_name = "FILE")]
    pub kafka_sasl_password_file: Option<PathBuf>,
}

/// The broker.
#[derive(Clone, Debug)]
pub struct Kafka {
    /// `host:port`, separated by commas.
    pub bootstrap_servers: String,
    /// Put before the names of topics and groups.
    pub prefix: String,
    /// How it is reached, and who the service is to it.
    pub security: Security,
    /// Whether it is librdkafka's in-process broker, whose log lives in memory and begins with the process. It answers a fetch only
    /// when its time is over, even if something arrives meanwhile, and so is asked often; it keeps a new group waiting for
    /// 3 s, and so is read without one, each topic from its beginning: the inbox knows what was handled.
    pub in_process: bool,
}

impl Kafka {
    /// The name of a topic in this installation.
    pub fn topic(&self, topic: &str) -> String {
        format!("{}{topic}", self.prefix)
    }

    /// The name of a consumer group in this installation.
    pub fn group(&self, group: &str) -> String {
        format!("{}restaurant-booking-{group}", self.prefix)
    }
}

/// How the broker is reached, and who the service is to it. The default is neither TLS nor a login.
#[derive(Clone, Debug, Default)]
pub struct Security {
    /// TLS, where the broker is reached through it.
    pub tls: Option<Tls>,
    /// The login, where the broker asks for one.
    pub sasl: Option<Sasl>,
}

/// TLS to the broker. The files are read anew for each client that is made.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// File (PEM) of the certificates that vouch for the broker's; those of the system where there is none.
    pub ca: Option<String>,
    /// What the service shows of itself.
    pub client: Option<ClientCertificate>,
}

/// What the service shows of itself to a broker that asks for a certificate.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    /// File (PEM) of the certificate, with those between it and its CA.
    pub certificate: String,
    /// File (PEM) of its private key.
    pub key: String,
}

/// A login at the broker.
#[derive(Clone, Debug)]
pub struct Sasl {
    /// How the password is proven.
    pub mechanism: Mechanism,
    /// The name.
    pub username: String,
    /// The password.
    pub password: SecretString,
}

/// How a password is proven to the broker.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mechanism {
    /// It is told: safe only through TLS.
    Plain,
    /// It is proven with SHA-256, and never told.
    ScramSha256,
    /// It is proven with SHA-512, and never told.
    ScramSha512,
}

impl Mechanism {
    /// Its name, as RFC 4616 and RFC 7677 have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

impl FromStr for Mechanism {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let all = [Self::Plain, Self::ScramSha256, Self::ScramSha512];
        all.into_iter().find(|mechanism| mechanism.name().eq_ignore_ascii_case(text)).ok_or(())
    }
}

const PROTOCOL: &str = "KAFKA_SECURITY_PROTOCOL";
/// What to do about a setting that the librdkafka of this program has no code for.
const BUILD: &str = "which this program was built without; build it with `--features kafka-tls`";

impl KafkaArgs {
    /// Checks the settings.
    pub fn check(&self, problems: &mut Problems) -> Kafka {
        let before = problems.0.len();
        let bootstrap_servers = problems.required(
            "KAFKA_BOOTSTRAP_SERVERS",
            self.kafka_bootstrap_servers.as_deref(),
            "it must be host:port, several separated by commas",
        );
        if !bootstrap_servers.is_empty() && !bootstrap_servers.split(',').all(is_host_and_port) {
            problems.add("KAFKA_BOOTSTRAP_SERVERS", format!("is {bootstrap_servers:?}; it must be host:port, several separated by commas"));
        }
        let prefix = self.kafka_topic_prefix.clone().unwrap_or_default();
        // Kafka's rule for a topic's name, which has 249 characters at most.
        if prefix.len() > 200 || !prefix.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) {
            problems.add("KAFKA_TOPIC_PREFIX", format!("is {prefix:?}; it must be letters, digits, '.', '_' and '-', at most 200"));
        }
        let security = self.security(&kafka::features(), problems);
        let kafka = Kafka { bootstrap_servers, prefix, security, in_process: false };
        // Only librdkafka knows whether a key belongs to its certificate, say. It is asked now rather than when there is an event.
        if problems.0.len() == before
            && let Err(error) = kafka::accept(&kafka)
        {
            problems.add(PROTOCOL, format!("cannot be used with the other settings of Kafka: {error}"));
        }
        kafka
    }

    /// How the broker is reached, by a librdkafka of these features.
    fn security(&self, features: &[String], problems: &mut Problems) -> Security {
        let tls_settings = [
            ("KAFKA_SSL_CA_FILE", self.kafka_ssl_ca_file.is_some()),
            ("KAFKA_SSL_CERTIFICATE_FILE", self.kafka_ssl_certificate_file.is_some()),
            ("KAFKA_SSL_KEY_FILE", self.kafka_ssl_key_file.is_some()),
        ];
        let sasl_settings = [
            ("KAFKA_SASL_MECHANISM", is_given(self.kafka_sasl_mechanism.as_deref())),
            ("KAFKA_SASL_USERNAME", is_given(self.kafka_sasl_username.as_deref())),
            ("KAFKA_SASL_USERNAME_FILE", self.kafka_sasl_username_file.is_some()),
            ("KAFKA_SASL_PASSWORD", is_given(self.kafka_sasl_password.as_deref())),
            ("KAFKA_SASL_PASSWORD_FILE", self.kafka_sasl_password_file.is_some()),
        ];
        let protocol = self.kafka_security_protocol.as_deref().map(str::trim).filter(|text| !text.is_empty()).unwrap_or("plaintext");
        let protocol = protocol.to_ascii_lowercase();
        let (tls, sasl) = match protocol.as_str() {
            "plaintext" => (false, false),
            "ssl" => (true, false),
            "sasl_plaintext" => (false, true),
            "sasl_ssl" => (true, true),
            _ => {
                problems.add(PROTOCOL, format!("is {protocol:?}; it must be plaintext, ssl, sasl_plaintext or sasl_ssl"));
                // What is meant shows in what else is given, which is checked all the same.
                (tls_settings.iter().any(|(_, given)| *given), sasl_settings.iter().any(|(_, given)| *given))
            }
        };
        if tls && !features.iter().any(|feature| feature == "ssl") {
            problems.add(PROTOCOL, format!("is {protocol}, {BUILD}"));
        }
        let mut refuse = |settings: &[(&str, bool)], right: &str| {
            for (name, _) in settings.iter().filter(|(_, given)| *given) {
                problems.add(name, format!("is given, but {PROTOCOL} is {protocol}; it must be {right}, or this must be left out"));
            }
        };
        if !tls {
            refuse(&tls_settings, if sasl { "sasl_ssl" } else { "ssl" });
        }
        if !sasl {
            refuse(&sasl_settings, if tls { "sasl_ssl" } else { "sasl_ssl or sasl_plaintext" });
        }
        Security { tls: tls.then(|| self.tls(problems)), sasl: sasl.then(|| self.sasl(&protocol, features, problems)) }
    }

    fn tls(&self, problems: &mut Problems) -> Tls {
        let ca = pem(problems, "KAFKA_SSL_CA_FILE", self.kafka_ssl_ca_file.as_ref(), "CERTIFICATE");
        let certificate = pem(problems, "KAFKA_SSL_CERTIFICATE_FILE", self.kafka_ssl_certificate_file.as_ref(), "CERTIFICATE");
        let key = pem(problems, "KAFKA_SSL_KEY_FILE", self.kafka_ssl_key_file.as_ref(), "PRIVATE KEY");
        match (&self.kafka_ssl_certificate_file, &self.kafka_ssl_key_file) {
            (Some(_), None) => problems.add("KAFKA_SSL_KEY_FILE", "is missing; KAFKA_SSL_CERTIFICATE_FILE is of no use without its key"),
            (None, Some(_)) => problems.add("KAFKA_SSL_CERTIFICATE_FILE", "is missing; KAFKA_SSL_KEY_FILE is of no use without it"),
            _ => {}
        }
        Tls { ca, client: certificate.zip(key).map(|(certificate, key)| ClientCertificate { certificate, key }) }
    }

    fn sasl(&self, protocol: &str, features: &[String], problems: &mut Problems) -> Sasl {
        let mechanism = problems.parse(
            "KAFKA_SASL_MECHANISM",
            self.kafka_sasl_mechanism.as_deref(),
            Mechanism::ScramSha512,
            "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512",
        );
        if mechanism != Mechanism::Plain && !features.iter().any(|feature| feature == "sasl_scram") {
            problems.add("KAFKA_SASL_MECHANISM", format!("is {}, {BUILD}, or choose PLAIN", mechanism.name()));
        }
        let mut needed = |name: &str, value: Option<&str>, file: Option<&PathBuf>| {
            let text = problems.secret(name, value, file);
            match text {
                // What is wrong with a file, or with two of them, has been told.
                None if is_given(value) || file.is_some() => {}
                None => problems.add(name, format!("is missing; {PROTOCOL} is {protocol}, which takes a name and a password")),
                Some(ref text) if text.is_empty() => problems.add(&format!("{name}_FILE"), "is empty"),
                Some(ref text) if text.contains('\0') => problems.add(name, "has a NUL in it, which librdkafka does not take"),
                Some(_) => {}
            }
            text.unwrap_or_default()
        };
        let username = needed("KAFKA_SASL_USERNAME", self.kafka_sasl_username.as_deref(), self.kafka_sasl_username_file.as_ref());
        let password = needed("KAFKA_SASL_PASSWORD", self.kafka_sasl_password.as_deref(), self.kafka_sasl_password_file.as_ref());
        Sasl { mechanism, username, password: password.into() }
    }
}

fn is_given(value: Option<&str>) -> bool {
    value.is_some_and(|value| !value.is_empty())
}

/// The name of a file, where one is given, that holds what is between such lines of PEM.
fn pem(problems: &mut Problems, name: &str, file: Option<&PathBuf>, kind: &str) -> Option<String> {
    let file = file?;
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) => {
            problems.add(name, format!("{} cannot be read: {error}", file.display()));
            return None;
        }
    };
    let text = String::from_utf8_lossy(&bytes);
    let mut begins = text.lines().map(str::trim_end).filter(|line| line.starts_with("-----BEGIN "));
    match begins.find(|line| line.strip_suffix("-----").is_some_and(|line| line.ends_with(kind))) {
        None => problems.add(name, format!("{} holds no -----BEGIN {kind}-----; it must be PEM", file.display())),
        Some(line) if line.contains("ENCRYPTED") => {
            problems.add(name, format!("{} is encrypted; it must have no passphrase", file.display()));
        }
        Some(_) => {}
    }
    let path = file.to_str().map(str::to_owned);
    if path.is_none() {
        problems.add(name, format!("{} is not UTF-8, which the name of the file must be", file.display()));
    }
    path
}

fn is_host_and_port(server: &str) -> bool {
    let Some((host, port)) = server.trim().rsplit_once(':') else { return false };
    !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    const PLAIN: &[&str] = &["sasl_plain"];
    const WITH_TLS: &[&str] = &["sasl_plain", "ssl", "sasl_scram"];

    /// What comes of settings in a program with these features, and what is said of them.
    fn checked(args: &KafkaArgs, features: &[&str]) -> (Security, String) {
        let mut problems = Problems::default();
        let features: Vec<String> = features.iter().map(ToString::to_string).collect();
        let security = args.security(&features, &mut problems);
        (security, problems.finish().err().map(|unusable| unusable.to_string()).unwrap_or_default())
    }

    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    /// A folder with a file of each kind.
    fn files() -> (tempfile::TempDir, impl Fn(&str) -> Option<PathBuf>) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().to_owned();
        for (name, content) in [
            ("certificate", "Subject: CN=kafka\n-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"),
            ("key", "-----BEGIN EC PARAMETERS-----\nBg==\n-----END EC PARAMETERS-----\n-----BEGIN EC PRIVATE KEY-----\nMHcC\n"),
            ("locked", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIHs\n"),
            ("username", "restaurant\n"),
            ("password", "hunter2\r\n"),
            ("empty", "\n"),
        ] {
            std::fs::write(path.join(name), content).expect("a file");
        }
        (folder, move |name: &str| Some(path.join(name)))
    }

    #[test]
    fn nothing_given_is_plaintext() {
        let (security, said) = checked(&KafkaArgs { kafka_security_protocol: text(" "), ..Default::default() }, PLAIN);
        assert!(said.is_empty() && security.tls.is_none() && security.sasl.is_none(), "{said}{security:?}");
    }

    #[test]
    fn everything_from_files() {
        let (_folder, file) = files();
        let args = KafkaArgs {
            kafka_security_protocol: text("SASL_SSL"),
            kafka_ssl_ca_file: file("certificate"),
            kafka_ssl_certificate_file: file("certificate"),
            kafka_ssl_key_file: file("key"),
            kafka_sasl_username_file: file("username"),
            kafka_sasl_password_file: file("password"),
            ..Default::default()
        };
        let (security, said) = checked(&args, WITH_TLS);
        assert_eq!(said, "");
        assert!(!format!("{security:?}").contains("hunter2"), "{security:?}");
        let (tls, sasl) = (security.tls.expect("TLS"), security.sasl.expect("a login"));
        assert!(tls.ca.is_some_and(|ca| ca.ends_with("certificate")) && tls.client.is_some_and(|client| client.key.ends_with("key")));
        assert_eq!(
            (sasl.mechanism, sasl.username.as_str(), sasl.password.expose_secret()),
            (Mechanism::ScramSha512, "restaurant", "hunter2")
        );
    }

    #[test]
    fn what_a_program_without_tls_can_do() {
        let login = KafkaArgs {
            kafka_security_protocol: text("sasl_plaintext"),
            kafka_sasl_mechanism: text("plain"),
            kafka_sasl_username: text("restaurant"),
            kafka_sasl_password: text("hunter2"),
            ..Default::default()
        };
        let (security, said) = checked(&login, PLAIN);
        assert_eq!((said.as_str(), security.sasl.map(|sasl| sasl.mechanism)), ("", Some(Mechanism::Plain)));

        let (_, said) = checked(&KafkaArgs { kafka_sasl_mechanism: None, ..login.clone() }, PLAIN);
        let advice = "which this program was built without; build it with `--features kafka-tls`";
        assert!(
            said.contains(&format!("KAFKA_SASL_MECHANISM (--kafka-sasl-mechanism): is SCRAM-SHA-512, {advice}, or choose PLAIN")),
            "{said}"
        );
        for protocol in ["ssl", "sasl_ssl"] {
            let args = KafkaArgs { kafka_security_protocol: text(protocol), ..login.clone() };
            let (_, said) = checked(&args, PLAIN);
            assert!(said.contains(&format!("(--kafka-security-protocol): is {protocol}, {advice}")), "{said}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once_and_no_secret_repeated() {
        let (folder, file) = files();
        let args = KafkaArgs {
            kafka_security_protocol: text("sasl_ssl"),
            kafka_ssl_ca_file: file("nowhere"),
            kafka_ssl_certificate_file: file("password"),
            kafka_ssl_key_file: file("locked"),
            kafka_sasl_mechanism: text("GSSAPI"),
            kafka_sasl_username_file: file("empty"),
            kafka_sasl_password: text("swordfish"),
            kafka_sasl_password_file: file("password"),
            ..Default::default()
        };
        let (_, said) = checked(&args, WITH_TLS);
        let folder = folder.path().display();
        for part in [
            &format!("KAFKA_SSL_CA_FILE (--kafka-ssl-ca-file): {folder}/nowhere cannot be read"),
            &format!("KAFKA_SSL_CERTIFICATE_FILE (--kafka-ssl-certificate-file): {folder}/password holds no -----BEGIN CERTIFICATE-----"),
            &format!("KAFKA_SSL_KEY_FILE (--kafka-ssl-key-file): {folder}/locked is encrypted"),
            "KAFKA_SASL_MECHANISM (--kafka-sasl-mechanism): is \"GSSAPI\"; it must be PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512",
            "KAFKA_SASL_USERNAME_FILE (--kafka-sasl-username-file): is empty",
            "KAFKA_SASL_PASSWORD (--kafka-sasl-password): is given, and KAFKA_SASL_PASSWORD_FILE too",
        ] {
            assert!(said.contains(part), "{part} in {said}");
        }
        assert_eq!(said.lines().count(), 7, "{said}");
        assert!(!said.contains("hunter2") && !said.contains("swordfish"), "{said}");

        let args = KafkaArgs { kafka_sasl_password: text("sword\0fish"), ..Default::default() };
        let args = KafkaArgs { kafka_security_protocol: text("kerberos"), kafka_ssl_key_file: file("key"), ..args };
        let (_, said) = checked(&args, WITH_TLS);
        for part in [
            "is \"kerberos\"; it must be plaintext, ssl, sasl_plaintext or sasl_ssl",
            "KAFKA_SSL_CERTIFICATE_FILE (--kafka-ssl-certificate-file): is missing",
            "KAFKA_SASL_USERNAME (--kafka-sasl-username): is missing",
            "KAFKA_SASL_PASSWORD (--kafka-sasl-password): has a NUL",
        ] {
            assert!(said.contains(part), "{part} in {said}");
        }
        assert!(said.lines().count() == 5 && !said.contains("fish"), "{said}");
    }

    #[test]
    fn settings_that_the_protocol_does_not_use() {
        let (_folder, file) = files();
        let given = KafkaArgs {
            kafka_ssl_ca_file: file("certificate"),
            kafka_sasl_mechanism: text("PLAIN"),
            kafka_sasl_username: text("restaurant"),
            kafka_sasl_password: text("hunter2"),
            ..Default::default()
        };
        let (ca, name) = ("KAFKA_SSL_CA_FILE (--kafka-ssl-ca-file)", "KAFKA_SASL_USERNAME (--kafka-sasl-username)");
        for (protocol, wrong) in [
            ("plaintext", vec![(ca, "ssl"), (name, "sasl_ssl or sasl_plaintext")]),
            ("ssl", vec![(name, "sasl_ssl")]),
            ("sasl_plaintext", vec![(ca, "sasl_ssl")]),
            ("sasl_ssl", vec![]),
        ] {
            let (_, said) = checked(&KafkaArgs { kafka_security_protocol: text(protocol), ..given.clone() }, WITH_TLS);
            for (setting, right) in &wrong {
                let part = format!("{setting}: is given, but KAFKA_SECURITY_PROTOCOL is {protocol}; it must be {right}, or");
                assert!(said.contains(&part), "{part} in {said}");
            }
            assert_eq!(said.is_empty(), wrong.is_empty(), "{protocol}: {said}");
            assert!(!said.contains("hunter2"), "{said}");
        }
    }

    #[test]
    fn librdkafka_is_asked_for_what_it_can_do() {
        let features = kafka::features();
        assert!(features.iter().any(|feature| feature == "sasl_plain"), "{features:?}");
        for feature in ["ssl", "sasl_scram"] {
            assert_eq!(features.iter().any(|known| known == feature), cfg!(feature = "kafka-tls"), "{feature} in {features:?}");
        }
    }

    #[cfg(feature = "kafka-tls")]
    #[test]
    fn files_that_only_librdkafka_can_judge_are_refused_at_start() {
        let (_folder, file) = files();
        let args = KafkaArgs {
            kafka_bootstrap_servers: text("127.0.0.1:1"),
            kafka_security_protocol: text("ssl"),
            kafka_ssl_ca_file: file("certificate"),
            ..Default::default()
        };
        let mut problems = Problems::default();
        args.check(&mut problems);
        let said = problems.finish().expect_err("unusable").to_string();
        assert!(said.contains("cannot be used with the other settings of Kafka") && said.contains("ssl.ca.location"), "{said}");
    }
}
