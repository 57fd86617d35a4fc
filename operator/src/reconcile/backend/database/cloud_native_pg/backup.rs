//! The backups of a database of CloudNativePG's, by its Barman Cloud plugin (<https://cloudnative-pg.io/plugin-barman-cloud/>): each instance
//! has a container of the plugin's, which archives the log and makes base backups.

use serde_json::{Value, json};

use crate::api::{self, ConditionType, DatabaseBackup};
use crate::reconcile::build::Object;
use crate::reconcile::kind::{BARMAN_CLOUD, Kind};
use crate::reconcile::names::{backup_claim_name, first_backup_name, requested_backup_name};
use crate::reconcile::observe::{Archive, Observed, State, condition, time};
use crate::reconcile::platform::{Backup, Place, Platform};
use crate::reconcile::reason::{BACKUP_FAILED, BACKUP_LATE, BACKUP_NOT_SUPPORTED};
use crate::reconcile::references::S3_CREDENTIALS;
use crate::reconcile::service::Service;
use crate::reconcile::step::Step;
use crate::reconcile::validate::amounts::Usual;
use crate::reconcile::validate::check::Check;

/// The plugin's name, as Clusters and backups have it.
const PLUGIN: &str = "barman-cloud.cloudnative-pg.io";
/// How long base backups are kept without another wish: those of a week, with the log that they need.
const RETENTION: &str = "7d";
/// The container has no limit by default: one that is too low would stop the archive.
pub(in crate::reconcile::backend::database) static RESOURCES: Usual =
    Usual { requests: &[("cpu", "50m"), ("memory", "128Mi")], limits: &[] };

/// Checks whether the plugin can do what a resource asks of its backups.
pub(in crate::reconcile::backend::database) fn check(check: &mut Check<'_>, given: &api::Backup) {
    check.needs(ConditionType::BackupReady, "spec.backup with postgres.cloudNativePG", BARMAN_CLOUD);
    let mut refuse = |path: &str, why: String| {
        check.refuse(ConditionType::BackupReady, BACKUP_NOT_SUPPORTED, format!("spec.backup.{path}: {why}"));
    };
    match &given.storage.s3 {
        None => refuse("storage.claim", "with postgres.cloudNativePG, backups go into an object storage: give storage.s3".to_owned()),
        Some(s3) if s3.path_style == Some(false) => {
            let why = "Barman Cloud names the bucket in the path of each URL where an endpoint is given: leave pathStyle out";
            refuse("storage.s3.pathStyle", why.to_owned());
        }
        Some(_) => {}
    }
    if given.encryption.is_some() {
        let why = "Barman Cloud sends backups as they are: leave encryption out, and have the storage encrypt the bucket";
        refuse("encryption", why.to_owned());
    }
    let retention = given.retention.as_ref();
    if retention.is_some_and(|retention| retention.count.is_some()) {
        refuse("retention.count", format!("Barman Cloud keeps backups by age alone: give retention.age, such as {RETENTION}"));
    }
    if let Some(age) = retention.and_then(|retention| retention.age.as_ref()).filter(|age| !age.ends_with('d')) {
        refuse("retention.age", format!("it is {age:?}, and Barman Cloud counts whole days: give it such as {RETENTION}"));
    }
}

/// The settings of a Cluster that archives its log: its plugins.
pub(super) fn plugins(platform: &Platform, service: Service) -> Option<Value> {
    platform.backup.as_ref()?;
    // The name of the service is the folder of its backups.
    let parameters = json!({"barmanObjectName": backup_claim_name(&platform.name, service), "serverName": service.as_str()});
    Some(json!([{"name": PLUGIN, "isWALArchiver": true, "parameters": parameters}]))
}

/// The time after which a segment of the log is switched: so early that it is also archived within the loss that is allowed. Without backups it
/// is CloudNativePG's own default. It is always given: the API server refuses a Cluster that had settings of ours and has none left.
pub(super) fn archive_timeout(platform: &Platform) -> String {
    platform.backup.as_ref().map_or_else(|| "5min".to_owned(), |backup| format!("{}s", (backup.max_loss * 3 / 4).max(1)))
}

/// The objects that back up a service's database. The place is there before the database that needs it.
pub(super) fn objects(platform: &Platform, service: Service) -> Vec<Object> {
    let Some(backup) = &platform.backup else { return Vec::new() };
    let part = platform.part(format!("{}-backup", service.as_str()));
    let how = json!({
        "cluster": {"name": platform.postgres_name(service)},
        "method": "plugin",
        "pluginConfiguration": {"name": PLUGIN},
    });
    let mut schedule = how.clone();
    // It begins with a backup. Another place has a schedule of another name, and so another first backup.
    schedule["immediate"] = true.into();
    // A field for seconds comes first. It knows no time zones, and takes that of CloudNativePG's operator.
    schedule["schedule"] = format!("0 {}", backup.schedule).into();
    // The list of backups stays as long as the database.
    schedule["backupOwnerReference"] = "cluster".into();
    let name = backup_claim_name(&platform.name, service);
    let mut objects = vec![
        part.object(Step::Settings(service), Kind::ObjectStore, &name, &json!({"spec": store(backup)})),
        part.object(Step::Backup(service), Kind::ScheduledBackup, &schedule_name(platform, backup, service), &json!({"spec": schedule})),
    ];
    if let Some(text) = &backup.requested {
        let name = requested_backup_name(&platform.name, service, text);
        objects.push(part.object(Step::Backup(service), Kind::Backup, &name, &json!({"spec": how})));
    }
    objects
}

fn schedule_name(platform: &Platform, backup: &Backup, service: Service) -> String {
    first_backup_name(&platform.name, service, &backup.repository.identity(service))
}

/// The place of the backups, with what the plugin's containers get.
fn store(backup: &Backup) -> Value {
    let Place::S3(s3) = &backup.repository.place else { return Value::Null };
    let [id, key] = S3_CREDENTIALS.map(|key| json!({"name": s3.credentials, "key": key}));
    json!({
        "configuration": {
            "destinationPath": format!("s3://{}/{}", s3.bucket, s3.path),
            "endpointURL": s3.endpoint,
            "endpointCA": s3.ca.as_ref().map(|ca| json!({"name": ca.name, "key": ca.key})),
            "s3Credentials": {"accessKeyId": id, "secretAccessKey": key},
            // A segment of the log has 16 MiB, however little was written.
            "wal": {"compression": "gzip"},
            "data": {"compression": "gzip"},
        },
        "retentionPolicy": backup.age.as_deref().unwrap_or(RETENTION),
        "instanceSidecarConfiguration": {
            "env": [{"name": "AWS_DEFAULT_REGION", "value": s3.region}],
            "resources": backup.resources.requirements(),
        },
    })
}

/// Observes a schedule of backups, a backup on demand, or the place of the backups.
pub(crate) fn observe(kind: Kind, object: &Value) -> Observed {
    let status = &object["status"];
    let archive = match kind {
        Kind::ScheduledBackup => Archive { begun: time(&object["metadata"]["creationTimestamp"]), ..Default::default() },
        Kind::Backup if status["phase"] == "failed" => Archive {
            failed: time(&status["reconciliationTerminatedAt"]),
            failure: status["error"].as_str().map(str::to_owned),
            ..Default::default()
        },
        Kind::Backup => Archive::default(),
        _ => {
            // One Cluster has the place, by the name of one server.
            let window = status["serverRecoveryWindow"].as_object().and_then(|windows| windows.values().next()).unwrap_or(&Value::Null);
            Archive {
                newest: time(&window["lastSuccessfulBackupTime"]),
                oldest: time(&window["firstRecoverabilityPoint"]),
                failed: time(&window["lastFailedBackupTime"]),
                ..Default::default()
            }
        }
    };
    Observed { archive: Some(Box::new(archive)), ..Observed::done() }
}

/// What a Cluster tells of its backups; `None`: no trouble.
pub(super) fn of_cluster(cluster: &Value) -> Option<Box<Archive>> {
    let trouble = |kind: &str, reason: &str| {
        let found = condition(cluster, kind).filter(|condition| condition["status"] == "False" && condition["reason"] == reason)?;
        Some(found["message"].as_str().unwrap_or("it does not say why").to_owned())
    };
    let log = trouble("ContinuousArchiving", "ContinuousArchivingFailing");
    let failure = trouble("LastBackupSucceeded", "LastBackupFailed");
    (log.is_some() || failure.is_some()).then(|| Box::new(Archive { log, failure, ..Default::default() }))
}

/// The state of the backups of a service's database; `seen` is what was last observed of an object. What is `known` stays where nothing newer
/// is told.
pub(super) fn state(
    platform: &Platform,
    backup: &Backup,
    service: Service,
    known: &DatabaseBackup,
    seen: &dyn Fn(Kind, &str) -> Option<Observed>,
) -> (State, DatabaseBackup) {
    let told = |kind: Kind, name: &str| seen(kind, name).and_then(|observed| observed.archive).map(|told| *told).unwrap_or_default();
    let cluster = told(Kind::Cluster, &platform.postgres_name(service));
    let store = told(Kind::ObjectStore, &backup_claim_name(&platform.name, service));
    let asked = backup.requested.as_ref().map(|text| told(Kind::Backup, &requested_backup_name(&platform.name, service, text)));
    let begun = told(Kind::ScheduledBackup, &schedule_name(platform, backup, service)).begun;
    // What is older was made into another place, or before the backups were turned on again.
    let since = |at: &jiff::Timestamp| begun.is_some_and(|begun| *at >= begun);
    let newest = store.newest.filter(since);
    let asked_failed = asked.as_ref().and_then(|asked| asked.failed);
    let failed = store.failed.max(asked_failed).filter(since);
    let is_failed = cluster.failure.is_some() || failed.is_some_and(|failed| newest.is_none_or(|newest| failed > newest));
    let mut now = known.clone();
    if let Some(newest) = newest {
        now.last_backup = Some(api_time(newest));
        now.oldest_restorable = store.oldest.map(api_time);
    }
    now.last_attempt = newest.max(failed).map(api_time).or(now.last_attempt);
    now.failure = is_failed.then(|| {
        let of_asked = asked.and_then(|asked| asked.failure).filter(|_| asked_failed.is_some() && asked_failed == failed);
        let unknown = || "kubectl describe backups.postgresql.cnpg.io says more".to_owned();
        of_asked.or(cluster.failure).or_else(|| known.failure.clone()).unwrap_or_else(unknown)
    });
    let service = service.as_str();
    let state = match (cluster.log, &now.failure, newest) {
        (Some(why), ..) => State::Failed {
            reason: BACKUP_LATE,
            message: format!("the log of {service} is not archived, and waits on the volumes of the database: {why}"),
        },
        (None, Some(why), _) => State::Failed { reason: BACKUP_FAILED, message: format!("the last backup of {service} failed: {why}") },
        (None, None, Some(_)) => State::Done,
        (None, None, None) => State::Waiting(format!("the first backup of {service} into {} runs", backup.repository.location())),
    };
    (state, now)
}

fn api_time(at: jiff::Timestamp) -> k8s_openapi::apimachinery::pkg::apis::meta::v1::Time {
    k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(at)
}

#[cfg(test)]
mod tests;
