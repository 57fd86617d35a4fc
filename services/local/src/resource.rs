//! The `RestaurantBooking` resource that runs on this machine: a file's, or the default one.

use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chassis::http::text::Email;
use chassis::http::value::{Raw, Value as _};
use http::HeaderValue;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use operator::api::{self, Component, Confirmation, FileError, LogLevel, RestaurantBooking, RestaurantBookingSpec};
use reservation::config::Restaurant;
use reservation::declared::Checked;
use reservation::mail::settings::MailArgs;
use serde::Deserialize as _;
use serde_yaml::Value;
use site::settings::SiteArgs;

use crate::administrator::Credentials;
use crate::broker::{self, Topics};
use crate::platform::{COUNT, SERVICES};
use crate::stack::Service;

/// Name of the default resource, whose data is in the default directory.
pub const NAME: &str = "restaurant";
/// The restaurant's name in the default resource.
pub(crate) const RESTAURANT: &str = "The restaurant";

/// Days ahead that guests may book, where the resource does not say.
const MAX_DAYS_AHEAD: i32 = 180;

/// What this machine has a use for, as paths in the spec.
const USED: [&str; 11] = [
    "restaurant",
    "booking",
    "openingHours",
    "floor",
    "admin.email",
    PARTITIONS,
    "kafka.topics.prefix",
    "pages",
    "mail.from",
    "mail.replyTo",
    "mail.remindBeforeHours",
];

/// What this machine has a use for of each service.
const USED_OF_EACH: [&str; 3] = ["corsAllowedOrigins", "databaseMaxConnections", "logLevel"];

const PARTITIONS: &str = "kafka.topics.partitions";
const PASSWORD: &str = "admin.passwordSecretRef";

/// What stands above a resource that is printed.
const HEADING: &str = "\
# The resource that runs on this machine, with the defaults that hold here. --file FILE runs it again; kubectl apply -f FILE runs it in a
# cluster with the operator.
";

/// What stands there where the resource names a Secret.
const HEADING_SECRETS: &str = "\
# The Secrets that it names are not printed: add them to the file. Without the Secret of admin.passwordSecretRef, the administrator's
# password on this machine is that of --admin-password.
";

/// A resource, and what its file says beside it.
pub struct Resource {
    /// The spec, with the defaults of this machine filled in.
    pub spec: RestaurantBookingSpec,
    name: String,
    /// The administrator's password, where the file holds the Secret that `admin.passwordSecretRef` names.
    admin_password: Option<String>,
    /// The spec as it was given.
    given: Value,
}

impl Default for Resource {
    fn default() -> Self {
        let mut spec = RestaurantBookingSpec::default();
        spec.restaurant.name = RESTAURANT.to_owned();
        spec.restaurant.time_zone = "UTC".to_owned();
        fill(&mut spec);
        Self { spec, name: NAME.to_owned(), admin_password: None, given: Value::Null }
    }
}

impl Resource {
    /// Reads the file at `path`, or standard input where that is `-`.
    ///
    /// # Errors
    /// All that is wrong with it, each with the file's name.
    pub fn read(path: &Path) -> Result<Self, Vec<String>> {
        let standard_input = path == Path::new("-");
        let file = if standard_input { "standard input".to_owned() } else { path.display().to_string() };
        let mut text = String::new();
        let read = if standard_input {
            std::io::stdin().read_to_string(&mut text).map(drop)
        } else {
            std::fs::read_to_string(path).map(|content| text = content)
        };
        read.map_err(|error| vec![format!("{file}: cannot be read: {error}")])?;
        Self::parse(&file, &text)
    }

    fn parse(file: &str, text: &str) -> Result<Self, Vec<String>> {
        // Also of a file that is refused, so that all that is wrong with it is told at once.
        let documents = serde_yaml::Deserializer::from_str(text).map_while(|document| Value::deserialize(document).ok());
        let documents: Vec<Value> = documents.collect();
        let given = documents.iter().find(|document| text_at(document, "kind") == Some("RestaurantBooking"));
        let given = given.and_then(|document| document.get("spec")).cloned().unwrap_or_default();
        let mut problems = problems(&given);
        let admin_password = secret(&documents, &given).and_then(|password| {
            let usable = password.and_then(|text| self::password(&text).map(|()| text));
            usable.map_err(|what| problems.push(format!("spec.{PASSWORD}: {what}"))).ok()
        });
        let told = |problems: &[String]| problems.iter().map(|problem| format!("{file}: {problem}")).collect();
        let read = api::read(text);
        let faults = read.as_ref().ok().and_then(|resource| Checked::new(resource.spec.house()).err()).unwrap_or_default();
        problems.extend(faults.iter().map(|fault| format!("spec.{fault}")));
        match read {
            Ok(RestaurantBooking { metadata, mut spec, .. }) if problems.is_empty() => {
                fill(&mut spec);
                Ok(Self { spec, name: metadata.name.unwrap_or_default(), admin_password, given })
            }
            Ok(_) => Err(told(&problems)),
            Err(FileError(mut all)) => {
                // A value that is refused by the definition and by a service is told once, in the words of the service.
                all.retain(|problem| !problems.iter().any(|own| field(own) == field(problem)));
                all.append(&mut problems);
                Err(told(&all))
            }
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the file gives that is of no use on this machine: paths in the spec, each the shortest that holds nothing of use. Topics of a
    /// broker elsewhere have the partitions that they have.
    #[must_use]
    pub fn unused(&self, broker_elsewhere: bool) -> Vec<String> {
        let of_each = SERVICES.iter().flat_map(|service| USED_OF_EACH.map(|path| format!("{}.{path}", service.name)));
        let mut used: Vec<String> = USED.map(str::to_owned).into_iter().chain(of_each).collect();
        if broker_elsewhere {
            used.retain(|path| path != PARTITIONS);
        }
        if self.admin_password.is_some() {
            used.push(PASSWORD.to_owned());
        }
        let mut unused = Vec::new();
        walk("", &self.given, &used, &mut unused);
        unused
    }

    /// As a file that can be run again.
    ///
    /// # Errors
    /// Where it cannot be written as YAML.
    pub fn to_yaml(&self) -> Result<String, serde_yaml::Error> {
        let resource = RestaurantBooking::new(&self.name, self.spec.clone());
        let names_a_password = self.spec.admin.as_ref().is_some_and(|admin| admin.password_secret_ref.is_some());
        let of_secrets = if names_a_password { HEADING_SECRETS } else { "" };
        Ok(format!("{HEADING}{of_secrets}{}", serde_yaml::to_string(&resource)?))
    }

    /// The rules of the restaurant.
    pub(crate) fn restaurant(&self) -> Restaurant {
        let restaurant = &self.spec.restaurant;
        Restaurant {
            // What is no time zone was told.
            time_zone: time_zone(&restaurant.time_zone).unwrap_or(TimeZone::UTC),
            auto_confirm: restaurant.confirmation == Some(Confirmation::Automatic),
            max_ahead: SignedDuration::from_hours(24 * i64::from(restaurant.max_days_ahead.unwrap_or(MAX_DAYS_AHEAD))),
            ..Restaurant::default()
        }
    }

    /// The house that is declared. What is wrong with it was told.
    pub(crate) fn house(&self) -> Checked {
        Checked::new(self.spec.house()).unwrap_or_default()
    }

    /// How the restaurant presents itself to guests.
    pub(crate) fn site(&self) -> SiteArgs {
        let (restaurant, pages) = (self.spec.restaurant.clone(), self.spec.pages.clone().unwrap_or_default());
        let languages: Vec<_> = restaurant.languages.iter().map(|language| language.as_str()).collect();
        let own = restaurant.default_language.map(|language| language.as_str()).or(languages.first().copied());
        SiteArgs {
            restaurant_name: Some(restaurant.name),
            restaurant_phone: restaurant.phone,
            restaurant_email: restaurant.email,
            restaurant_website: restaurant.website,
            restaurant_address: restaurant.address.map(|address| address.line()),
            privacy_url: restaurant.privacy_url,
            legal_url: restaurant.legal_url,
            languages: Some(languages.join(",")).filter(|languages| !languages.is_empty()),
            default_language: own.map(str::to_owned),
            pages: pages.enabled.map(|enabled| enabled.to_string()),
            accent_color: pages.accent_color,
            ..SiteArgs::default()
        }
    }

    /// How mail to guests is written.
    pub(crate) fn mail(&self) -> MailArgs {
        let mail = self.spec.mail.clone();
        MailArgs {
            mail_from: mail.as_ref().map(|mail| mail.from.clone()),
            mail_reply_to: mail.as_ref().and_then(|mail| mail.reply_to.clone()),
            remind_before_hours: mail.and_then(|mail| mail.remind_before_hours).map(|hours| hours.to_string()),
            ..MailArgs::default()
        }
    }

    /// Who is made administrator at the first start.
    pub(crate) fn administrator(&self) -> Credentials {
        let default = Credentials::default();
        let email = self.spec.admin.as_ref().and_then(|admin| admin.email.as_deref());
        Credentials {
            email: email.map_or(default.email, |email| email.trim().to_owned()),
            password: self.admin_password.clone().unwrap_or(default.password),
        }
    }

    /// What the topics are like.
    pub(crate) fn topics(&self) -> Topics {
        let topics = self.spec.kafka.as_ref().and_then(|kafka| kafka.topics.clone()).unwrap_or_default();
        Topics { prefix: topics.prefix.unwrap_or_default(), partitions: topics.partitions.unwrap_or(broker::PARTITIONS) }
    }

    /// What the resource says of each service.
    fn components(&self) -> [Component; COUNT] {
        let mut spec = self.spec.clone();
        SERVICES.each_ref().map(|service| (service.component)(&mut spec).as_deref().cloned().unwrap_or_default())
    }

    /// What is told to each service alone.
    pub(crate) fn services(&self) -> [Service; COUNT] {
        self.components().map(|Component { cors_allowed_origins, database_max_connections, .. }| Service {
            max_connections: database_max_connections
                .and_then(|most| u32::try_from(most).ok())
                .unwrap_or(Service::default().max_connections),
            origins: cors_allowed_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect(),
        })
    }

    /// What is logged of which part, where the resource says so: `auth=debug,...`, to be put behind what is logged otherwise.
    pub(crate) fn log_levels(&self) -> Option<String> {
        let components = self.components().map(|component| component.log_level);
        let levels: Vec<_> = SERVICES.iter().map(|service| service.name).zip(components).collect();
        if levels.iter().all(|(_, level)| level.is_none()) {
            return None;
        }
        // What they share logs for all of them.
        let finest = levels.iter().map(|(_, level)| level.unwrap_or(LogLevel::Warn)).max_by_key(|level| *level as u8)?;
        let mut filter = format!("chassis={}", finest.as_str());
        for (service, level) in levels {
            if let Some(level) = level {
                filter.push_str(&format!(",{service}={}", level.as_str()));
            }
        }
        Some(filter)
    }
}

fn topics(spec: &mut RestaurantBookingSpec) -> &mut api::Topics {
    spec.kafka.get_or_insert_default().topics.get_or_insert_default()
}

/// Fills in the defaults that hold on this machine. A prefix of topics is left out where none is given: in a cluster its default depends on
/// whose the broker is.
fn fill(spec: &mut RestaurantBookingSpec) {
    spec.restaurant.confirmation.get_or_insert_default();
    spec.restaurant.max_days_ahead.get_or_insert(MAX_DAYS_AHEAD);
    spec.admin.get_or_insert_default().email.get_or_insert_with(|| Credentials::default().email);
    topics(spec).partitions.get_or_insert(broker::PARTITIONS);
    for service in &SERVICES {
        (service.component)(spec).get_or_insert_default().database_max_connections.get_or_insert(10);
    }
}

/// What the definition's schema and rules admit, and the services would refuse.
fn problems(spec: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(Err(what)) = text_at(spec, "restaurant.timeZone").map(time_zone) {
        problems.push(format!("spec.restaurant.timeZone: {what}"));
    }
    if let Some(Err(fault)) = text_at(spec, "admin.email").map(|email| Email::read(Raw::Text(email.trim()))) {
        problems.push(format!("spec.admin.email: cannot be used: {}", fault.detail));
    }
    for path in SERVICES.each_ref().map(|service| format!("{}.corsAllowedOrigins", service.name)) {
        let origins = at(spec, &path).and_then(Value::as_sequence).into_iter().flatten().filter_map(Value::as_str);
        let unusable = origins.filter(|origin| HeaderValue::from_str(origin).is_err());
        problems.extend(unusable.map(|origin| format!("spec.{path}: has {origin:?}; a host is written in ASCII (xn--...)")));
    }
    problems
}

/// The path of the field that a problem is about.
fn field(problem: &str) -> Option<&str> {
    problem.split_once(": ").map(|(field, _)| field)
}

/// What stands at a path of keys.
fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, key| value.get(key))
}

fn text_at<'a>(value: &'a Value, path: &str) -> Option<&'a str> {
    at(value, path)?.as_str()
}

/// The time zone of that name, or what is wrong with it.
pub(crate) fn time_zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| format!("is {name:?}; it must be an IANA time zone such as Europe/Berlin"))
}

/// What is wrong with an administrator's password.
pub(crate) fn password(password: &str) -> Result<(), String> {
    // With an address that is certainly good: what is wrong is the password.
    let administrator = auth::config::Administrator::new(auth::config::ADMIN_EMAIL, password);
    administrator.map(drop).map_err(|fault| format!("cannot be used: {}", fault.detail))
}

fn walk(path: &str, value: &Value, used: &[String], unused: &mut Vec<String>) {
    for (key, value) in value.as_mapping().into_iter().flatten() {
        let Some(key) = key.as_str() else { continue };
        let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        if value.is_null() || used.contains(&path) {
            continue;
        }
        if used.iter().any(|used| used.strip_prefix(&path).is_some_and(|rest| rest.starts_with('.'))) {
            walk(&path, value, used, unused);
        } else {
            unused.push(path);
        }
    }
}

/// The password, where the Secret that the spec names is among the documents of the file.
fn secret(documents: &[Value], spec: &Value) -> Option<Result<String, String>> {
    let reference = at(spec, PASSWORD)?;
    let (name, key) = (text_at(reference, "name")?, text_at(reference, "key")?);
    let is_it = |document: &&Value| text_at(document, "kind") == Some("Secret") && text_at(document, "metadata.name") == Some(name);
    let secret = documents.iter().find(is_it)?;
    // A key may have a '.' in it.
    let entry = |member| secret.get(member)?.get(key)?.as_str();
    let value = match (entry("stringData"), entry("data")) {
        (Some(text), _) => Ok(text.to_owned()),
        (None, Some(encoded)) => BASE64_STANDARD
            .decode(encoded.trim())
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or_else(|| format!("key {key:?} of Secret {name:?} in this file must be text in base 64")),
        (None, None) => Err(format!("Secret {name:?} in this file has no key {key:?}")),
    };
    // A line break at the end is of no account, as in the file that a Pod mounts.
    Some(value.map(|text| text.trim_end_matches(['\r', '\n']).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "apiVersion: restaurantbooking.dev/v1alpha1\nkind: RestaurantBooking\nmetadata: {name: bistro}\nspec:\n  restaurant: {name: Bistro, timeZone: Europe/Paris}\n";

    fn parse(rest: &str) -> Result<Resource, Vec<String>> {
        Resource::parse("bistro.yaml", &format!("{HEAD}{rest}"))
    }

    #[test]
    fn every_example_is_accepted_and_says_what_is_unused() {
        let read = |file: &str| Resource::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(file));
        let unused = |file: &str| read(file).unwrap_or_else(|told| panic!("{told:?}")).unused(false).join(" ");
        assert_eq!(unused("minimal.yaml"), "");
        assert_eq!(
            unused("trattoria.yaml"),
            "auth.replicas menu.replicas reservation.replicas reservation.resources postgres kafka.managed kafka.topics.retention ingress"
        );
        assert_eq!(unused("external.yaml"), "postgres kafka.external kafka.topics.replicationFactor");
        assert_eq!(
            unused("production.yaml"),
            "mail.smtp image auth.autoscaling auth.resources menu.autoscaling reservation.autoscaling reservation.resources reservation.labels \
             reservation.annotations reservation.nodeSelector reservation.tolerations reservation.affinity \
             reservation.topologySpreadConstraints postgres kafka.strimzi kafka.topics.replicationFactor kafka.topics.retention gateway \
             networkPolicy podDisruptionBudget monitoring deletionPolicy paused"
        );
    }

    #[test]
    fn what_is_printed_is_read_as_the_same_resource() {
        let file = parse("  kafka: {topics: {prefix: bistro., partitions: 7}}\n  ingress: {host: book.example.com}\n").expect("usable");
        for resource in [Resource::default(), file] {
            let text = resource.to_yaml().expect("YAML");
            let again = Resource::parse("printed", &text).unwrap_or_else(|told| panic!("{told:?}"));
            assert_eq!((again.name(), &again.spec), (resource.name(), &resource.spec));
            assert_eq!(again.to_yaml().expect("YAML"), text);
        }
    }

    #[test]
    fn what_is_left_out_has_the_defaults_of_a_cluster() {
        let spec = parse("").expect("usable").spec;
        assert_eq!((spec.restaurant.confirmation, spec.restaurant.max_days_ahead), (Some(Confirmation::Manual), Some(180)));
        let topics = spec.kafka.and_then(|kafka| kafka.topics).expect("filled in");
        assert_eq!((topics.partitions, topics.prefix), (Some(3), None));
    }

    #[test]
    fn the_password_is_in_a_secret_of_the_same_file() {
        let reference = "  admin: {passwordSecretRef: {name: chef, key: password}}\n";
        let with = |secret: &str| parse(&format!("{reference}---\nkind: Secret\nmetadata: {{name: chef}}\n{secret}\n"));
        for (secret, password) in [
            ("stringData: {password: correct horse}", "correct horse"),
            ("data: {password: Y29ycmVjdCBob3JzZQo=}", "correct horse"),
            ("data: {password: YQ==}\nstringData: {password: battery staple}", "battery staple"),
        ] {
            let resource = with(secret).expect("usable");
            assert_eq!(resource.admin_password.as_deref(), Some(password), "{secret}");
            assert_eq!(resource.unused(false), [""; 0]);
            assert!(!resource.to_yaml().expect("YAML").contains(password), "a printed resource has no secrets");
        }
        for (secret, what) in [("stringData: {word: x}", "has no key \"password\""), ("data: {password: '!'}", "must be text in base 64")] {
            let told = with(secret).err().expect("unusable").join("\n");
            assert!(told.starts_with("bistro.yaml: spec.admin.passwordSecretRef: ") && told.contains(what), "{told}");
        }
        let elsewhere = parse(reference).expect("usable");
        assert_eq!((elsewhere.admin_password.as_deref(), elsewhere.unused(false)), (None, vec![PASSWORD.to_owned()]));
    }

    #[test]
    fn log_levels_are_the_services_own_and_the_finest_holds_for_what_they_share() {
        let levels = |rest: &str| parse(rest).expect("usable").log_levels();
        assert_eq!(levels(""), None);
        assert_eq!(levels("  auth: {logLevel: error}\n").as_deref(), Some("chassis=warn,auth=error"));
        assert_eq!(levels("  auth: {logLevel: info}\n  menu: {logLevel: debug}\n").as_deref(), Some("chassis=debug,auth=info,menu=debug"));
    }
}
