//! Every rule (CEL) of the definition.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use super::{judged, path, sent};
use crate::world::Place;

/// A spec with the required fields.
fn spec(more: Value) -> Value {
    let mut spec = json!({"restaurant": {"name": "Trattoria", "timeZone": "Europe/Rome"}});
    spec.as_object_mut().expect("a spec").extend(more.as_object().expect("members").clone());
    spec
}

/// Both together.
fn with_more(mut one: Value, other: Value) -> Value {
    one.as_object_mut().expect("an object").extend(other.as_object().expect("members").clone());
    one
}

fn external_postgres() -> Value {
    let database = json!({"urlSecretRef": {"name": "a", "key": "url"}});
    json!({"external": {"auth": database, "menu": database, "reservation": database}})
}

fn external_kafka(more: Value) -> Value {
    let mut external = json!({"bootstrapServers": ["kafka:9092"]});
    external.as_object_mut().expect("members").extend(more.as_object().expect("members").clone());
    json!({"external": external})
}

/// A folder in an object storage.
fn s3(path: Option<&str>) -> Value {
    let mut s3 = json!({"endpoint": "https://s3.example.com", "bucket": "backups", "credentialsSecretRef": {"name": "s3"}});
    if let Some(path) = path {
        s3["path"] = path.into();
    }
    s3
}

/// The claims of another resource.
fn claims() -> Value {
    json!({"auth": {"name": "a"}, "menu": {"name": "b"}, "reservation": {"name": "c"}})
}

/// Every message that a rule of the definition has.
fn messages(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            let rules = members.get("x-kubernetes-validations").and_then(Value::as_array).into_iter().flatten();
            found.extend(rules.filter_map(|rule| rule["message"].as_str()).map(str::to_owned));
            members.values().for_each(|member| messages(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| messages(item, found)),
        _ => {}
    }
}

const NAME: &str = "metadata.name must have at most 25 characters";
const ONE_SCALE: &str = "give replicas or autoscaling, not both";
const MIN_MAX: &str = "minReplicas (default 2) must not be greater than maxReplicas";
const COPIES: &str = "kafka.topics.replicationFactor must not be greater than the number of brokers";
const ONE_POSTGRES: &str = "give exactly one of managed, cloudNativePG and external";
const ONE_KAFKA: &str = "give exactly one of managed, strimzi and external (none means managed)";
const OWN_LABELS: &str = "labels that begin with app.kubernetes.io/ are the operator's own";
const OWN_ANNOTATIONS: &str = "annotations that begin with restaurantbooking.dev/ are the operator's own";
const CERTIFICATE: &str = "give both certificateSecretRef and keySecretRef, or neither";
const NOT_OURS: &str = "with clusterRef the cluster is not the operator's: leave brokers, version, storage and resources out";
const NO_BACKUP: &str = "external databases are backed up and restored by the tools of whoever runs them";
const BEFORE_MIGRATION: &str = "backup.beforeMigration is for managed databases";
const NO_VERIFICATION: &str = "backups of CloudNativePG's databases are not verified here, only those of managed databases";
const ONE_STORAGE: &str = "give exactly one of claim and s3 as the storage of backups";
const ONE_SOURCE: &str = "give exactly one of s3 and claims as the source of the restore";
const RESTORE_PATH: &str = "restore.s3.path must be given";
const PARTIES: &str = "minParty (default 1) must not be greater than maxParty (default 20)";
const PARTY_OF_SEATS: &str = "minParty must not be greater than seats";
const TIME_ZONE: &str = "must be the name of a time zone in the IANA database";

/// A new resource: its name, its spec, and the text of the refusal; `None` if it is accepted.
fn created() -> Vec<(&'static str, Value, Option<&'static str>)> {
    let kafka = |kafka: Value| spec(json!({"kafka": kafka}));
    let copies = |mut backend: Value, copies: i64| {
        backend["topics"] = json!({"replicationFactor": copies});
        kafka(backend)
    };
    let image = |image: Value| spec(json!({"image": {"auth": image}}));
    let digest = format!("sha256:{}", "0".repeat(64));
    let zone = |zone: &str| json!({"restaurant": {"name": "Trattoria", "timeZone": zone}});
    let key = json!({"name": "a", "key": "b"});
    vec![
        ("a", spec(json!({})), None),
        ("a23456789012345678901234-", spec(json!({})), Some("metadata.name")),
        ("a234567890123456789012345", spec(json!({})), None),
        ("a2345678901234567890123456", spec(json!({})), Some(NAME)),
        ("1a", spec(json!({})), Some(NAME)),
        ("a.b", spec(json!({})), Some(NAME)),
        ("a", spec(json!({"auth": {"replicas": 2, "autoscaling": {"maxReplicas": 3}}})), Some(ONE_SCALE)),
        ("a", spec(json!({"menu": {"replicas": 2, "autoscaling": {"maxReplicas": 3}}})), Some(ONE_SCALE)),
        ("a", spec(json!({"reservation": {"replicas": 2, "autoscaling": {"maxReplicas": 3}}})), Some(ONE_SCALE)),
        ("a", spec(json!({"auth": {"autoscaling": {"minReplicas": 4, "maxReplicas": 3}}})), Some(MIN_MAX)),
        ("a", spec(json!({"menu": {"autoscaling": {"maxReplicas": 1}}})), Some(MIN_MAX)),
        ("a", spec(json!({"reservation": {"autoscaling": {"minReplicas": 3, "maxReplicas": 3}}})), None),
        ("a", spec(json!({"auth": {"labels": {"app.kubernetes.io/name": "x"}}})), Some(OWN_LABELS)),
        ("a", spec(json!({"auth": {"annotations": {"restaurantbooking.dev/checksum": "x"}}})), Some(OWN_ANNOTATIONS)),
        ("a", image(json!({"tag": "1", "digest": digest})), Some("give tag or digest, not both")),
        ("a", spec(json!({"postgres": {}})), Some(ONE_POSTGRES)),
        ("a", spec(json!({"postgres": {"managed": {}, "cloudNativePG": {}}})), Some(ONE_POSTGRES)),
        ("a", spec(json!({"postgres": {"managed": {}}})), None),
        ("a", kafka(json!({"managed": {}, "strimzi": {}})), Some(ONE_KAFKA)),
        ("a", kafka(json!({"topics": {"partitions": 6}})), None),
        ("a", copies(json!({}), 2), Some(COPIES)),
        ("a", copies(json!({"managed": {}}), 2), Some(COPIES)),
        ("a", copies(json!({"strimzi": {}}), 3), None),
        ("a", copies(json!({"strimzi": {}}), 4), Some(COPIES)),
        ("a", copies(json!({"strimzi": {"brokers": 1}}), 2), Some(COPIES)),
        ("a", copies(json!({"strimzi": {"clusterRef": {"name": "shared"}}}), 9), None),
        ("a", copies(external_kafka(json!({})), 9), None),
        ("a", kafka(json!({"strimzi": {"clusterRef": {"name": "shared"}, "brokers": 3}})), Some(NOT_OURS)),
        ("a", kafka(json!({"strimzi": {"clusterRef": {"name": "shared"}, "storage": {}}})), Some(NOT_OURS)),
        ("a", kafka(external_kafka(json!({"tls": {"certificateSecretRef": key}}))), Some(CERTIFICATE)),
        ("a", kafka(external_kafka(json!({"tls": {"keySecretRef": key}}))), Some(CERTIFICATE)),
        ("a", kafka(external_kafka(json!({"tls": {}}))), None),
        (
            "a",
            spec(json!({"ingress": {"host": "a.example"}, "gateway": {"host": "a.example", "parentRef": {"name": "public"}}})),
            Some("give ingress or gateway, not both"),
        ),
        ("a", spec(json!({"booking": {"minParty": 9, "maxParty": 8}})), Some(PARTIES)),
        ("a", spec(json!({"booking": {"minParty": 20}})), None),
        ("a", spec(json!({"floor": {"tables": [{"number": 1, "seats": 2, "minParty": 3}]}})), Some(PARTY_OF_SEATS)),
        ("a", spec(json!({"floor": {"tables": [{"number": 1, "seats": 2}, {"number": 1, "seats": 2}]}})), Some("Duplicate value")),
        ("a", spec(json!({"backup": {"storage": {"claim": {}}}})), None),
        ("a", spec(json!({"backup": {"storage": {"s3": s3(None)}}})), None),
        ("a", spec(json!({"backup": {"storage": {}}})), Some(ONE_STORAGE)),
        ("a", spec(json!({"backup": {"storage": {"claim": {}, "s3": s3(None)}}})), Some(ONE_STORAGE)),
        ("a", spec(json!({"postgres": external_postgres(), "backup": {"storage": {"claim": {}}}})), Some(NO_BACKUP)),
        ("a", spec(json!({"postgres": external_postgres(), "restore": {"claims": claims()}})), Some(NO_BACKUP)),
        ("a", spec(json!({"backup": {"storage": {"claim": {}}, "beforeMigration": true}})), None),
        ("a", spec(json!({"postgres": {"managed": {}}, "backup": {"storage": {"claim": {}}, "beforeMigration": true}})), None),
        ("a", spec(json!({"postgres": {"cloudNativePG": {}}, "backup": {"storage": {"claim": {}}, "beforeMigration": false}})), None),
        (
            "a",
            spec(json!({"postgres": {"cloudNativePG": {}}, "backup": {"storage": {"claim": {}}, "beforeMigration": true}})),
            Some(BEFORE_MIGRATION),
        ),
        ("a", spec(json!({"backup": {"storage": {"claim": {}}, "verify": {}}})), None),
        ("a", spec(json!({"postgres": {"cloudNativePG": {}}, "backup": {"storage": {"claim": {}}, "verify": {}}})), Some(NO_VERIFICATION)),
        ("a", spec(json!({"restore": {"claims": claims()}})), None),
        ("a", spec(json!({"restore": {"s3": s3(Some("dining/trattoria")), "targetTime": "2026-11-30T03:14:00.5+01:00"}})), None),
        ("a", spec(json!({"restore": {"s3": s3(None)}})), Some(RESTORE_PATH)),
        ("a", spec(json!({"restore": {}})), Some(ONE_SOURCE)),
        ("a", spec(json!({"restore": {"claims": claims(), "s3": s3(Some("a"))}})), Some(ONE_SOURCE)),
        ("a", zone("Europe Rome"), Some(TIME_ZONE)),
        ("a", zone("../etc/passwd"), Some(TIME_ZONE)),
        ("a", zone("+02:00"), Some(TIME_ZONE)),
        ("a", zone("America/Argentina/Buenos_Aires"), None),
        ("a", zone("Etc/GMT+3"), None),
    ]
}

const SAME_POSTGRES: &str = "the kind of postgres cannot change once the resource exists";
const SAME_KAFKA: &str = "the kind of kafka cannot change once the resource exists";
const POSTGRES_GROWS: &str = "storage of postgres may grow and not shrink, and its storageClassName cannot change";
const KAFKA_GROWS: &str = "storage of kafka may grow and not shrink, and its storageClassName cannot change";
const PARTITIONS: &str = "kafka.topics.partitions may grow and not shrink";
const COPIES_STAY: &str = "kafka.topics.replicationFactor cannot change once the resource exists";
const PREFIX: &str = "kafka.topics.prefix cannot change once the resource exists";
const REFERENCE: &str = "clusterRef cannot be given or taken away once the resource exists";
const BACKUP_GROWS: &str = "storage of backups may grow and not shrink, and its storageClassName cannot change";
const ENCRYPTION: &str = "encryption can be added or taken away only together with another path of storage.s3";
const RESTORE_STAYS: &str = "restore can be removed once the condition Restored is True";
const RESTORE: &str = "restore can be given only when the resource is made";
const BROKERS: &str = "the number of brokers cannot change once the resource exists";

/// A changed resource: before, after, and the text of the refusal; `None` if it is accepted.
fn changed() -> Vec<(Value, Value, Option<&'static str>)> {
    let postgres = |postgres: Value| json!({"postgres": postgres});
    let kafka = |kafka: Value| json!({"kafka": kafka});
    let topics = |topics: Value| json!({"kafka": {"topics": topics}});
    let backup = |storage: Value, encrypted: bool| {
        let mut backup = json!({"storage": storage});
        if encrypted {
            backup["encryption"] = json!({"keySecretRef": {"name": "key", "key": "key"}});
        }
        json!({"backup": backup})
    };
    let restore = |restore: Value| json!({"restore": restore});
    let size = |backend: &str, kind: &str, size: &str| json!({backend: {kind: {"storage": {"size": size}}}});
    let class = |backend: &str, kind: &str, class: &str| json!({backend: {kind: {"storage": {"storageClassName": class}}}});
    let mut rows = vec![
        (json!({}), postgres(json!({"managed": {}})), None),
        (json!({}), postgres(json!({"cloudNativePG": {}})), Some(SAME_POSTGRES)),
        (json!({}), postgres(external_postgres()), Some(SAME_POSTGRES)),
        (postgres(json!({"cloudNativePG": {}})), json!({}), Some(SAME_POSTGRES)),
        (postgres(json!({"cloudNativePG": {}})), postgres(external_postgres()), Some(SAME_POSTGRES)),
        (postgres(external_postgres()), postgres(json!({"managed": {}})), Some(SAME_POSTGRES)),
        (json!({}), kafka(json!({"managed": {}})), None),
        (json!({}), kafka(json!({"strimzi": {}})), Some(SAME_KAFKA)),
        (json!({}), kafka(external_kafka(json!({}))), Some(SAME_KAFKA)),
        (kafka(json!({"strimzi": {}})), json!({}), Some(SAME_KAFKA)),
        (kafka(external_kafka(json!({}))), kafka(json!({"strimzi": {}})), Some(SAME_KAFKA)),
        (kafka(json!({"strimzi": {}})), kafka(json!({"strimzi": {"clusterRef": {"name": "a"}}})), Some(REFERENCE)),
        (kafka(json!({"strimzi": {"clusterRef": {"name": "a"}}})), kafka(json!({"strimzi": {}})), Some(REFERENCE)),
        (
            kafka(json!({"strimzi": {"clusterRef": {"name": "a"}}})),
            kafka(json!({"strimzi": {"clusterRef": {"name": "b"}}})),
            Some("the name cannot change"),
        ),
        (kafka(json!({"strimzi": {}})), kafka(json!({"strimzi": {"brokers": 3}})), None),
        (kafka(json!({"strimzi": {}})), kafka(json!({"strimzi": {"brokers": 5}})), Some(BROKERS)),
        (postgres(json!({"managed": {"version": "17.5"}})), postgres(json!({"managed": {"version": "17.6"}})), None),
        // d03: the definition does not know the version that made the volumes. The operator does, refuses another major version, and allows
        // the way back.
        (json!({}), postgres(json!({"managed": {"version": "18"}})), None),
        (postgres(json!({"managed": {"version": "18"}})), postgres(json!({"managed": {"version": "17"}})), None),
        (postgres(json!({"managed": {"version": "16"}})), json!({}), None),
        (kafka(json!({"strimzi": {"brokers": 5}})), kafka(json!({"strimzi": {}})), Some(BROKERS)),
        // d03: the parent of an immutable field appears, or is removed.
        (json!({}), size("postgres", "managed", "1Gi"), Some(POSTGRES_GROWS)),
        (size("postgres", "managed", "10Gi"), json!({}), Some(POSTGRES_GROWS)),
        (json!({}), class("postgres", "managed", "a"), Some(POSTGRES_GROWS)),
        (class("postgres", "managed", "a"), json!({}), Some(POSTGRES_GROWS)),
        (json!({}), size("kafka", "managed", "1Gi"), Some(KAFKA_GROWS)),
        (size("kafka", "managed", "10Gi"), json!({}), Some(KAFKA_GROWS)),
        (json!({}), class("kafka", "managed", "a"), Some(KAFKA_GROWS)),
        (class("kafka", "managed", "a"), json!({}), Some(KAFKA_GROWS)),
        (kafka(json!({"managed": {}})), kafka(json!({"managed": {}, "topics": {"partitions": 2}})), Some(PARTITIONS)),
        (kafka(json!({"topics": {"replicationFactor": 1}})), json!({}), Some(COPIES_STAY)),
        (json!({}), kafka(json!({"topics": {"replicationFactor": 1}})), Some(COPIES_STAY)),
        (topics(json!({})), topics(json!({"partitions": 3})), None),
        (topics(json!({"partitions": 4})), topics(json!({"partitions": 8})), None),
        (topics(json!({"partitions": 4})), topics(json!({"partitions": 3})), Some(PARTITIONS)),
        (topics(json!({"partitions": 4})), json!({}), Some(PARTITIONS)),
        (json!({}), topics(json!({"partitions": 2})), Some(PARTITIONS)),
        (topics(json!({"retention": "7d"})), topics(json!({"retention": "1h"})), None),
        (topics(json!({"prefix": "a."})), topics(json!({"prefix": "b."})), Some(PREFIX)),
        (topics(json!({"prefix": "a."})), json!({}), Some(PREFIX)),
        (json!({}), topics(json!({"prefix": "a."})), Some(PREFIX)),
        (
            kafka(json!({"strimzi": {}, "topics": {"replicationFactor": 2}})),
            kafka(json!({"strimzi": {}, "topics": {"replicationFactor": 3}})),
            Some(COPIES_STAY),
        ),
        (json!({}), backup(json!({"claim": {}}), false), None),
        (backup(json!({"claim": {}}), false), json!({}), None),
        (backup(json!({"claim": {"size": "1Gi"}}), false), backup(json!({"claim": {"size": "2Gi"}}), false), None),
        (backup(json!({"claim": {"size": "2Gi"}}), false), backup(json!({"claim": {"size": "1Gi"}}), false), Some(BACKUP_GROWS)),
        (backup(json!({"claim": {"size": "9Gi"}}), false), backup(json!({"claim": {}}), false), Some(BACKUP_GROWS)),
        (backup(json!({"claim": {}}), false), backup(json!({"claim": {"storageClassName": "a"}}), false), Some(BACKUP_GROWS)),
        (backup(json!({"claim": {"size": "9Gi"}}), false), backup(json!({"s3": s3(None)}), false), None),
        (backup(json!({"claim": {}}), false), backup(json!({"claim": {}}), true), Some(ENCRYPTION)),
        (backup(json!({"s3": s3(None)}), true), backup(json!({"s3": s3(None)}), false), Some(ENCRYPTION)),
        (backup(json!({"s3": s3(None)}), false), backup(json!({"s3": s3(Some("b"))}), true), None),
        (json!({}), restore(json!({"claims": claims()})), Some(RESTORE)),
        // Before its status says that each database has data.
        (restore(json!({"claims": claims()})), json!({}), Some(RESTORE_STAYS)),
        (restore(json!({"claims": claims()})), restore(json!({"s3": s3(Some("a"))})), Some(RESTORE)),
        (restore(json!({"s3": s3(Some("a"))})), restore(json!({"s3": s3(Some("a")), "targetTime": "2026-11-30T03:14:00Z"})), Some(RESTORE)),
        (restore(json!({"s3": s3(Some("a"))})), with_more(restore(json!({"s3": s3(Some("a"))})), json!({"menu": {"replicas": 3}})), None),
        (json!({"ingress": {"host": "a.example"}}), json!({"gateway": {"host": "b.example", "parentRef": {"name": "public"}}}), None),
        (json!({"auth": {"replicas": 2}}), json!({"auth": {"autoscaling": {"maxReplicas": 3}}}), None),
        (json!({"deletionPolicy": "Delete"}), json!({"deletionPolicy": "Retain", "paused": true}), None),
    ];
    for (backend, kind, shrinks) in [
        ("postgres", "managed", POSTGRES_GROWS),
        ("postgres", "cloudNativePG", POSTGRES_GROWS),
        ("kafka", "managed", KAFKA_GROWS),
        ("kafka", "strimzi", KAFKA_GROWS),
    ] {
        rows.extend([
            (size(backend, kind, "1Gi"), size(backend, kind, "1.5Gi"), None),
            (size(backend, kind, "1Gi"), size(backend, kind, "1024Mi"), None),
            (size(backend, kind, "1Gi"), size(backend, kind, "1000Mi"), Some(shrinks)),
            (size(backend, kind, "1Gi"), size(backend, kind, "1G"), Some(shrinks)),
            // The default is 8Gi.
            (size(backend, kind, "10Gi"), json!({backend: {kind: {}}}), Some(shrinks)),
            (size(backend, kind, "1Gi"), json!({backend: {kind: {}}}), None),
            (class(backend, kind, "a"), class(backend, kind, "b"), Some(shrinks)),
            (class(backend, kind, "a"), json!({backend: {kind: {}}}), Some(shrinks)),
        ]);
    }
    rows
}

fn verdict(what: &str, said: Result<(), String>, expected: Option<&str>) -> Option<String> {
    match (said, expected) {
        (Ok(()), None) => None,
        (Ok(()), Some(_)) => Some(format!("{what} is accepted")),
        (Err(said), Some(expected)) if said.contains(expected) => None,
        (Err(said), _) => Some(format!("{what}: {said}")),
    }
}

/// Every rule refuses its violations, with a text that names a valid value, and nothing else. The test fails for a rule without a row.
pub(crate) async fn every_rule_of_the_definition(place: &Place) {
    let mut all = BTreeSet::new();
    messages(&serde_json::to_value(operator::api::crd()).expect("JSON"), &mut all);
    let created = created();
    let changed = changed();
    let said = created.iter().filter_map(|(_, _, said)| *said).chain(changed.iter().filter_map(|(_, _, said)| *said));
    let said: BTreeSet<&str> = said.collect();
    let silent: Vec<_> = all.iter().filter(|message| !said.iter().any(|said| message.starts_with(said))).collect();
    assert!(silent.is_empty(), "no row is about these rules: {silent:#?}");
    let mut wrong = Vec::new();
    for (name, spec, expected) in created {
        let said = judged(&place.client, &place.name, name, &spec).await;
        wrong.extend(verdict(&format!("{name} {spec}"), said, expected));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The fields that may change once a resource exists, and those that may not.
pub(crate) async fn what_may_change_and_what_may_not(place: &Place) {
    let mut wrong = Vec::new();
    for (number, (before, after, expected)) in changed().into_iter().enumerate() {
        let name = format!("a{number}");
        let body = json!({
            "apiVersion": "restaurantbooking.dev/v1alpha1", "kind": "RestaurantBooking", "metadata": {"name": name}, "spec": spec(before.clone()),
        });
        let mut stored =
            sent(&place.client, Method::POST, &path(&place.name), &body).await.unwrap_or_else(|said| panic!("{before}: {said}"));
        stored["spec"] = spec(after.clone());
        let said =
            sent(&place.client, Method::PUT, &format!("{}/{name}?dryRun=All&fieldValidation=Strict", path(&place.name)), &stored).await;
        wrong.extend(verdict(&format!("from {before} to {after}"), said.map(drop), expected));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
