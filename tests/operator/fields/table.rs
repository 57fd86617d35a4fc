//! A row for each field: the change, and its expected result.

mod backends;

use serde_json::{Value, json};

use backends::{
    backends_of_operators, backups_of_operators, external_backends, managed, managed_backends, operators, shared_kafka, with_login,
};

/// Rows that are applied one after the other to one resource.
pub(super) struct Lane {
    pub(super) name: &'static str,
    pub(super) base: Value,
    pub(super) broker: Broker,
    pub(super) rows: Vec<Row>,
}

/// The broker's listener to which the operator connects.
#[derive(Clone, Copy)]
pub(super) enum Broker {
    Plain,
    Login,
}

/// A change of one field, or of several if one alone is refused or if they share no object.
pub(super) struct Row {
    /// Paths and values; null removes a field.
    pub(super) set: Vec<(String, Value)>,
    pub(super) expected: Expected,
    /// Data that stays although a fresh resource does not have it.
    pub(super) leaves: &'static [&'static str],
    /// Whether any object changes.
    pub(super) has_effect: bool,
}

/// The expected result of a change.
#[derive(Clone, Copy)]
pub(super) enum Expected {
    /// Ready, after the change and after the way back.
    Settles,
    /// Ready; the way back is refused with this message.
    Grows(&'static str),
    /// Refused by the API server with this message.
    Immutable(&'static str),
    /// Not Ready, for one of these reasons; Ready again after the way back.
    Fails(&'static [&'static str]),
    /// Ready; the change stays for the following rows.
    Kept,
    /// No object changes.
    Paused,
}

impl Row {
    pub(super) fn name(&self) -> String {
        self.set.iter().map(|(path, value)| format!("{path}: {value}")).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn apply(&self, base: &Value) -> Value {
        let mut spec = base.clone();
        for (path, value) in &self.set {
            set(&mut spec, path, value);
        }
        spec
    }

    fn expected(self, expected: Expected) -> Self {
        Self { expected, ..self }
    }

    fn grows(self, message: &'static str) -> Self {
        self.expected(Expected::Grows(message))
    }

    fn kept(self) -> Self {
        self.expected(Expected::Kept)
    }

    fn immutable(self, message: &'static str) -> Self {
        self.expected(Expected::Immutable(message))
    }

    fn fails(self, reasons: &'static [&'static str]) -> Self {
        self.expected(Expected::Fails(reasons))
    }

    /// Data stays unless its deletion is requested.
    fn leaves(self, leaves: &'static [&'static str]) -> Self {
        Self { leaves, ..self }
    }

    /// No object changes.
    fn without_effect(self) -> Self {
        Self { has_effect: false, ..self }
    }
}

fn set(spec: &mut Value, path: &str, value: &Value) {
    let (parents, field) = path.rsplit_once('.').map_or((None, path), |(parents, field)| (Some(parents), field));
    let mut at = spec;
    for parent in parents.into_iter().flat_map(|parents| parents.split('.')) {
        if !at[parent].is_object() {
            at[parent] = json!({});
        }
        at = &mut at[parent];
    }
    let members = at.as_object_mut().expect("an object");
    if value.is_null() {
        members.remove(field);
    } else {
        members.insert(field.to_owned(), value.clone());
    }
}

fn row(path: &str, value: impl Into<Value>) -> Row {
    together(&[(path, value.into())])
}

fn together(set: &[(&str, Value)]) -> Row {
    let set = set.iter().map(|(path, value)| ((*path).to_owned(), value.clone())).collect();
    Row { set, expected: Expected::Settles, leaves: &[], has_effect: true }
}

/// The same field of all three services.
fn each(path: &str, values: [Value; 3]) -> Row {
    let paths = ["auth", "menu", "reservation"].map(|service| path.replace('*', service));
    let set = paths.into_iter().zip(values).collect();
    Row { set, expected: Expected::Settles, leaves: &[], has_effect: true }
}

/// A service of the week.
fn dinner(opens: &str, closes: &str) -> Value {
    json!({"name": "Dinner", "days": ["Friday"], "opens": opens, "lastSeating": opens, "closes": closes})
}

/// Merges something into the base.
fn with(mut base: Value, more: Value) -> Value {
    merge(&mut base, more);
    base
}

fn merge(into: &mut Value, more: Value) {
    match (into, more) {
        (Value::Object(into), Value::Object(more)) => {
            for (name, value) in more {
                if value.is_null() {
                    into.remove(&name);
                } else {
                    merge(into.entry(name).or_insert(Value::Null), value);
                }
            }
        }
        (into, more) => *into = more,
    }
}

/// A restaurant with few Pods: one for each service.
fn small() -> Value {
    let replicas = json!({"replicas": 1});
    json!({"restaurant": {"name": "Trattoria", "timeZone": "Europe/Rome"}, "auth": replicas, "menu": replicas, "reservation": replicas})
}

/// A restaurant on existing databases and an existing broker.
fn external(prefix: &str) -> Value {
    let database = |key: &str| json!({"urlSecretRef": {"name": "databases", "key": key}});
    let postgres = json!({"external": {"auth": database("auth"), "menu": database("menu"), "reservation": database("reservation")}});
    with(small(), json!({"postgres": postgres, "kafka": {"external": {"bootstrapServers": ["kafka:9092"]}, "topics": {"prefix": prefix}}}))
}

const STAYS: &str = "cannot change";
const SHRINKS: &str = "may grow and not shrink";

/// All rows. `prefix` separates the topics of resources that share a broker.
pub(super) fn lanes(prefix: &str) -> Vec<Lane> {
    let lane = |name: &'static str, base: fn(&str) -> Value, rows: Vec<Row>| Lane {
        name,
        base: base(&format!("{prefix}.{name}.")),
        broker: Broker::Plain,
        rows,
    };
    vec![
        lane("images", external, images()),
        lane("services", |prefix| with(external(prefix), json!({"auth": {"replicas": 3}, "reservation": {"replicas": 2}})), services()),
        lane("autoscaling", autoscaled, autoscaling()),
        lane("restaurant", external, restaurant()),
        lane("exposure", external, exposure()),
        lane("operations", |prefix| with(external(prefix), json!({"auth": {"replicas": 2}})), operations()),
        lane("managed", managed, managed_backends()),
        lane("operators", operators, [backends_of_operators(), backups_of_operators()].into_iter().flatten().collect()),
        lane(
            "shared-kafka",
            |prefix| with(external(prefix), json!({"kafka": {"external": null, "strimzi": {"clusterRef": {"name": "shared"}}}})),
            shared_kafka(),
        ),
        Lane { broker: Broker::Login, ..lane("external", with_login, external_backends()) },
    ]
}

fn images() -> Vec<Row> {
    let digest = |digit: &str| Value::from(format!("sha256:{}", digit.repeat(64)));
    vec![
        row("image.registry", "registry.example.com/booking"),
        row("image.tag", "2.0.0"),
        row("image.pullPolicy", "Always"),
        row("image.pullSecrets", json!([{"name": "registry"}, {"name": "mirror"}])),
        each("image.*.repository", [json!("example.com/a"), json!("example.com/m"), json!("example.com/r")]),
        each("image.*.tag", [json!("2.1"), json!("2.2"), json!("2.3")]),
        each("image.*.digest", [digest("1"), digest("2"), digest("3")]),
    ]
}

fn services() -> Vec<Row> {
    let three = |value: Value| [value.clone(), value.clone(), value];
    let spread = |skew: i32| json!([{"maxSkew": skew, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}]);
    let prefers = json!({"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
        {"weight": 1, "preference": {"matchExpressions": [{"key": "kubernetes.io/os", "operator": "Exists"}]}},
    ]}});
    vec![
        each("*.replicas", [json!(1), json!(2), json!(3)]),
        services_scaled(),
        each("*.resources.requests", [json!({"cpu": "1000m"}), json!({"memory": "100Mi"}), json!({"cpu": "0.1", "memory": "300Mi"})]),
        each("*.resources.limits", [json!({"memory": "1Gi"}), json!({"cpu": "2"}), json!({"memory": "48Mi"})]),
        each("*.labels", three(json!({"team": "booking"}))),
        each("*.annotations", three(json!({"example.com/owner": "rosa"}))),
        each(
            "*.nodeSelector",
            [json!({"kubernetes.io/os": "linux"}), json!({"kubernetes.io/arch": "amd64"}), json!({"kubernetes.io/hostname": "node"})],
        ),
        each(
            "*.tolerations",
            three(json!([{"key": "dedicated", "operator": "Exists"}, {"key": "spot", "value": "yes", "effect": "NoSchedule"}])),
        ),
        each("*.affinity", three(prefers)),
        each("*.topologySpreadConstraints", [spread(2), json!([]), spread(3)]),
        each("*.logLevel", [json!("debug"), json!("warn"), json!("trace")]),
        each("*.corsAllowedOrigins", three(json!(["https://a.example.com", "https://b.example.com"]))),
        each("*.databaseMaxConnections", [json!(5), json!(6), json!(700)]),
    ]
}

fn services_scaled() -> Row {
    let services = ["auth", "menu", "reservation"];
    let set = services
        .into_iter()
        .flat_map(|service| [(format!("{service}.replicas"), Value::Null), (format!("{service}.autoscaling.maxReplicas"), json!(5))]);
    Row { set: set.collect(), expected: Expected::Settles, leaves: &[], has_effect: true }
}

/// A restaurant whose databases must allow the connections of the autoscalers' maximum of Pods.
fn autoscaled(prefix: &str) -> Value {
    let scaled = json!({"autoscaling": {"minReplicas": 1, "maxReplicas": 3, "targetCPUUtilizationPercentage": 70}});
    let topics = json!({"prefix": prefix});
    json!({
        "restaurant": {"name": "Trattoria", "timeZone": "Europe/Rome"},
        "auth": scaled, "menu": scaled, "reservation": scaled,
        "postgres": {"cloudNativePG": {}}, "kafka": {"external": {"bootstrapServers": ["kafka:9092"]}, "topics": topics},
    })
}

fn autoscaling() -> Vec<Row> {
    vec![
        each("*.autoscaling.minReplicas", [json!(2), json!(3), Value::Null]),
        each("*.autoscaling.maxReplicas", [json!(4), json!(10), json!(20)]),
        each("*.autoscaling.targetCPUUtilizationPercentage", [json!(50), json!(95), Value::Null]),
    ]
}

fn restaurant() -> Vec<Row> {
    vec![
        together(&[
            ("booking.slotMinutes", 15.into()),
            ("booking.minNoticeMinutes", 60.into()),
            ("booking.minParty", 2.into()),
            ("booking.maxParty", 8.into()),
            ("booking.confirmAbove", 6.into()),
            ("booking.maxSpareSeats", 2.into()),
            ("booking.bufferMinutes", 10.into()),
            ("booking.turnTimes", json!([{"upTo": 2, "minutes": 90}])),
            ("booking.pacing.covers", 24.into()),
            ("booking.pacing.parties", 8.into()),
            ("booking.changeUntilMinutes", 120.into()),
            ("booking.guestsWithoutAccount", false.into()),
            ("booking.phoneRequired", false.into()),
            ("booking.policy", "We keep your table for a quarter of an hour.".into()),
        ]),
        row("openingHours", json!([dinner("18:00", "23:00")])),
        row("openingHours", json!([dinner("18:00", "23:00"), dinner("22:00", "23:30")])).fails(&["InvalidSpec"]),
        together(&[
            ("floor.areas", json!([{"name": "Terrace", "online": false}])),
            ("floor.tables", json!([{"number": 1, "seats": 2, "area": "Terrace"}, {"number": 2, "seats": 4, "area": "Terrace"}])),
            ("floor.groups", json!([{"name": "Window", "tables": [1, 2], "seats": 6}])),
        ]),
        row("floor.tables", json!([{"number": 1, "seats": 2, "area": "Roof"}])).fails(&["InvalidSpec"]),
        row("restaurant.name", "Osteria"),
        row("restaurant.phone", "+39 06 555 0100"),
        row("restaurant.email", "ciao@example.com"),
        row("restaurant.website", "https://example.com"),
        together(&[
            ("restaurant.address.street", json!("Via dei Fiori 12")),
            ("restaurant.address.postalCode", json!("00172")),
            ("restaurant.address.city", json!("Rome")),
            ("restaurant.address.country", json!("Italy")),
        ]),
        row("restaurant.privacyUrl", "https://example.com/privacy"),
        row("restaurant.legalUrl", "https://example.com/legal"),
        row("restaurant.languages", json!(["de", "en"])),
        row("restaurant.defaultLanguage", "ru"),
        // Not by a rule of the definition, which would hold up the end of a resource whose restaurant cannot be read.
        together(&[("restaurant.languages", json!(["de", "en"])), ("restaurant.defaultLanguage", json!("ru"))]).fails(&["InvalidSpec"]),
        row("pages.enabled", false),
        row("pages.accentColor", "#1f4e79"),
        row("mail", json!({"from": "booking@example.com", "smtp": {"host": "smtp.example.com"}})),
        together(&[
            ("mail.from", json!("booking@example.com")),
            ("mail.replyTo", json!("ciao@example.com")),
            ("mail.remindBeforeHours", json!(0)),
            ("mail.smtp.host", json!("smtp.example.com")),
            ("mail.smtp.port", json!(2525)),
            ("mail.smtp.security", json!("None")),
            ("mail.smtp.credentialsSecretRef.name", json!("postman")),
        ]),
        together(&[
            ("mail.from", json!("booking@example.com")),
            ("mail.smtp.host", json!("smtp.example.com")),
            ("mail.smtp.credentialsSecretRef.name", json!("nobody")),
        ])
        .fails(&["SecretNotFound"]),
        row("restaurant.timeZone", "America/Argentina/Buenos_Aires"),
        row("restaurant.timeZone", "Europe/Nowhere").fails(&["InvalidSpec"]),
        row("restaurant.confirmation", "Automatic"),
        row("restaurant.maxDaysAhead", 30),
        row("admin.email", "rosa@example.com"),
        together(&[("admin.passwordSecretRef.name", json!("boss")), ("admin.passwordSecretRef.key", json!("password"))])
            .leaves(&["Secret/trattoria-admin"]),
        row("kafka.topics.retention", "30d").without_effect(),
        row("kafka.topics.partitions", 4).without_effect().grows(SHRINKS),
        row("kafka.topics.replicationFactor", 1).immutable(STAYS),
        row("kafka.topics.prefix", "another.").immutable(STAYS),
    ]
}

fn exposure() -> Vec<Row> {
    let ingress =
        json!({"host": "book.example.com", "className": "nginx", "tlsSecretName": "book-tls", "annotations": {"a.example.com/b": "c"}});
    let gateway = json!({"host": "book.example.com", "parentRef": {"name": "public", "sectionName": "https"}});
    let switched = |path: &str, value: &Value, from: &str| together(&[(path, value.clone()), (from, Value::Null)]);
    let mut rows = vec![
        row("ingress.host", "book.example.com"),
        row("ingress", ingress.clone()),
        together(&[("gateway.host", json!("book.example.com")), ("gateway.parentRef.name", json!("public"))]),
        row("gateway", gateway.clone()),
    ];
    // From here on the resource has an Ingress, which does not go back.
    rows.push(row("ingress", ingress).kept());
    rows.extend([
        row("ingress.host", "other.example.com"),
        row("ingress.className", "traefik"),
        row("ingress.className", Value::Null),
        row("ingress.tlsSecretName", "other-tls"),
        row("ingress.tlsSecretName", Value::Null),
        row("ingress.annotations", json!({"a.example.com/d": "e"})),
        row("ingress.annotations", Value::Null),
    ]);
    rows.push(switched("gateway", &gateway, "ingress").kept());
    rows.extend([
        row("gateway.host", "other.example.com"),
        row("gateway.parentRef.name", "private"),
        row("gateway.parentRef.sectionName", "other"),
        row("gateway.parentRef.sectionName", Value::Null),
    ]);
    rows
}

fn operations() -> Vec<Row> {
    vec![
        row("networkPolicy.enabled", false),
        row("networkPolicy.clientNamespaceLabels", json!({"guests": "yes"})),
        row("podDisruptionBudget.enabled", false),
        row("podDisruptionBudget.maxUnavailable", 2),
        row("monitoring.enabled", false),
        row("monitoring.labels", json!({"release": "prometheus"})),
        row("monitoring.intervalSeconds", 15),
        row("deletionPolicy", "Delete").without_effect(),
        row("paused", true).expected(Expected::Paused),
    ]
}
