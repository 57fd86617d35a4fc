use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::reconcile::build::build;
use crate::reconcile::fixture::platform;
use crate::reconcile::observe::observe as observed;

use super::*;

const SECRETS: [(&str, &str, &str); 3] =
    [("s3", "accessKeyId", "AKIA"), ("s3", "secretAccessKey", "secret"), ("ca", "ca.crt", "-----BEGIN CERTIFICATE-----")];

fn spec(more: &str) -> String {
    format!(
        "{{postgres: {{cloudNativePG: {{}}}}, backup: {{storage: {{s3: {{endpoint: 'https://s3.example.com:9000', bucket: backups, \
         credentialsSecretRef: {{name: s3}}, caSecretRef: {{name: ca, key: ca.crt}}}}}}{more}}}}}"
    )
}

/// All objects, by kind and name.
fn objects(platform: &Platform) -> BTreeMap<String, Value> {
    build(platform).into_iter().map(|object| (format!("{}/{}", object.kind.as_str(), object.name), object.body)).collect()
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

#[test]
fn a_cluster_archives_into_the_place_that_the_resource_names() {
    let objects = objects(&platform(&spec(", maxLoss: 5m, retention: {age: 30d}, schedule: '30 3 * * 1-6'"), &SECRETS));
    let cluster = &objects["Cluster/trattoria-menu-postgres"]["spec"];
    assert_eq!(cluster["postgresql"]["parameters"], json!({"archive_timeout": "225s"}));
    let parameters = json!({"barmanObjectName": "trattoria-menu-backup", "serverName": "menu"});
    assert_eq!(cluster["plugins"], json!([{"name": PLUGIN, "isWALArchiver": true, "parameters": parameters}]));
    let store = &objects["ObjectStore/trattoria-menu-backup"];
    assert_eq!(store["metadata"]["ownerReferences"], Value::Null, "a database that is kept needs it");
    assert_eq!(
        store["spec"]["configuration"],
        json!({
            "destinationPath": "s3://backups/dining/trattoria", "endpointURL": "https://s3.example.com:9000",
            "endpointCA": {"name": "ca", "key": "ca.crt"},
            "s3Credentials": {
                "accessKeyId": {"name": "s3", "key": "accessKeyId"}, "secretAccessKey": {"name": "s3", "key": "secretAccessKey"},
            },
            "wal": {"compression": "gzip"}, "data": {"compression": "gzip"},
        })
    );
    assert_eq!(store["spec"]["retentionPolicy"], "30d");
    assert_eq!(
        store["spec"]["instanceSidecarConfiguration"],
        json!({
            "env": [{"name": "AWS_DEFAULT_REGION", "value": "us-east-1"}], "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}},
        })
    );
    let schedules: Vec<_> = objects.iter().filter(|(name, _)| name.starts_with("ScheduledBackup/trattoria-menu-backup-")).collect();
    let [(_, schedule)] = schedules[..] else { panic!("{schedules:?}") };
    assert_eq!(
        schedule["spec"],
        json!({
            "schedule": "0 30 3 * * 1-6", "immediate": true, "backupOwnerReference": "cluster", "method": "plugin",
            "cluster": {"name": "trattoria-menu-postgres"}, "pluginConfiguration": {"name": PLUGIN},
        })
    );
}

#[test]
fn nothing_of_the_tool_of_managed_databases_is_made() {
    let with = objects(&platform(&spec(""), &SECRETS));
    let without = objects(&platform("postgres: {cloudNativePG: {}}", &[]));
    let more: Vec<_> = with.keys().filter(|name| !without.contains_key(*name)).map(|name| &name[..name.rfind('/').unwrap_or(0)]).collect();
    assert_eq!(more, [["ObjectStore"; 3], ["ScheduledBackup"; 3]].concat());
    for same in ["NetworkPolicy/trattoria-menu-postgres", "ServiceMonitor/trattoria"] {
        assert_eq!(with[same], without[same], "{same}: instances may connect to any address, and nobody watches the archives");
    }
}

#[test]
fn another_place_begins_with_another_backup_and_an_annotation_asks_for_one() {
    let schedules = |spec: &str| {
        let objects = objects(&platform(spec, &SECRETS)).into_keys();
        objects.filter(|name| name.starts_with("ScheduledBackup/")).collect::<Vec<_>>()
    };
    let (here, there) = (schedules(&spec("")), schedules(&spec("").replace("bucket: backups", "bucket: others")));
    assert!(here != there && here.len() == 3, "{here:?} {there:?}");
    assert_eq!(here, schedules(&spec(", maxLoss: 1h, schedule: '0 5 * * *'")), "the place alone counts");
    let mut asked = platform(&spec(""), &SECRETS);
    asked.backup.as_mut().expect("backups").requested = Some("before the party".to_owned());
    let backups: Vec<_> = objects(&asked).into_iter().filter(|(name, _)| name.starts_with("Backup/")).collect();
    assert_eq!(backups.len(), 3);
    assert_eq!(
        backups[0].1["spec"],
        json!({"cluster": {"name": "trattoria-auth-postgres"}, "method": "plugin", "pluginConfiguration": {"name": PLUGIN}})
    );
}

/// What CloudNativePG and the plugin report of the database of menu.
fn told(store: Value, conditions: Value, asked: Value) -> (State, DatabaseBackup) {
    let mut platform = platform(&spec(""), &SECRETS);
    let backup = platform.backup.as_mut().expect("backups");
    backup.requested = (!asked.is_null()).then(|| "now".to_owned());
    let backup = backup.clone();
    let seen = |kind: Kind, name: &str| {
        let (made, status) = match kind {
            Kind::Cluster => ("2026-11-01T00:00:00Z", json!({"conditions": conditions})),
            Kind::ObjectStore => ("2026-11-01T00:00:00Z", json!({"serverRecoveryWindow": {"menu": store}})),
            Kind::ScheduledBackup => ("2026-11-30T03:00:00Z", json!({})),
            _ => ("2026-11-30T05:00:00Z", asked.clone()),
        };
        Some(observed(kind, &json!({"metadata": {"name": name, "creationTimestamp": made}, "status": status})))
    };
    let known = DatabaseBackup { name: "menu".to_owned(), ..Default::default() };
    state(&platform, &backup, Service::Menu, &known, &seen)
}

fn reason(state: &State) -> &str {
    match state {
        State::Done => "done",
        State::Waiting(_) => "waiting",
        State::Failed { reason, .. } => reason,
    }
}

#[test]
fn the_objects_tell_what_became_of_the_backups() {
    let (none, fine) = (json!([]), json!([{"type": "ContinuousArchiving", "status": "True", "reason": "ContinuousArchivingSuccess"}]));
    let (state, now) = told(json!({}), none.clone(), Value::Null);
    assert_eq!((reason(&state), now.last_backup), ("waiting", None));

    // That of a place before does not count.
    let before = json!({"lastSuccessfulBackupTime": "2026-11-29T03:01:00Z", "firstRecoverabilityPoint": "2026-11-22T03:01:00Z"});
    let (state, now) = told(before, fine.clone(), Value::Null);
    assert_eq!((reason(&state), now.last_backup, now.oldest_restorable), ("waiting", None, None));

    let made = json!({"lastSuccessfulBackupTime": "2026-11-30T03:01:00Z", "firstRecoverabilityPoint": "2026-11-30T03:00:30Z"});
    let (state, now) = told(made.clone(), fine.clone(), Value::Null);
    assert_eq!((reason(&state), &now.failure), ("done", &None));
    assert_eq!(now.last_backup, Some(api_time(at("2026-11-30T03:01:00Z"))));
    assert_eq!(now.oldest_restorable, Some(api_time(at("2026-11-30T03:00:30Z"))));
    assert_eq!(now.last_attempt, now.last_backup);

    // A failure takes nothing from what is there, and another success takes it back.
    let mut failing = made.clone();
    failing["lastFailedBackupTime"] = "2026-12-01T03:00:10Z".into();
    let said = json!([{"type": "LastBackupSucceeded", "status": "False", "reason": "LastBackupFailed", "message": "no such bucket"}]);
    let (state, now) = told(failing.clone(), said, Value::Null);
    assert_eq!((reason(&state), now.failure.as_deref()), (BACKUP_FAILED, Some("no such bucket")));
    assert_eq!(now.last_attempt, Some(api_time(at("2026-12-01T03:00:10Z"))));
    assert_eq!(now.last_backup, Some(api_time(at("2026-11-30T03:01:00Z"))));
    failing["lastSuccessfulBackupTime"] = "2026-12-02T03:01:00Z".into();
    assert_eq!(reason(&told(failing, fine.clone(), Value::Null).0), "done");

    // One that begins is none that failed.
    let begins =
        json!([{"type": "LastBackupSucceeded", "status": "False", "reason": "BackupStarted", "message": "New Backup starting up"}]);
    assert_eq!(reason(&told(made.clone(), begins, Value::Null).0), "done");

    let log =
        json!([{"type": "ContinuousArchiving", "status": "False", "reason": "ContinuousArchivingFailing", "message": "exit status 4"}]);
    let (state, now) = told(made.clone(), log, Value::Null);
    let State::Failed { reason: BACKUP_LATE, message } = state else { panic!("{state:?}") };
    assert!(message.contains("the log of menu") && message.contains("exit status 4"), "{message}");
    assert_eq!(now.failure, None);

    // What was asked for and failed before it reached the plugin.
    let asked = json!({"phase": "failed", "error": "target pod is not healthy", "reconciliationTerminatedAt": "2026-11-30T05:00:01Z"});
    let (state, now) = told(made.clone(), fine.clone(), asked);
    assert_eq!((reason(&state), now.failure.as_deref()), (BACKUP_FAILED, Some("target pod is not healthy")));
    assert_eq!(reason(&told(made, fine, json!({"phase": "running"})).0), "done");
}
