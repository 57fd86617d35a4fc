use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::reconcile::build::build;
use crate::reconcile::fixture::platform;
use crate::reconcile::platform::Restore;

use super::super::{keep_connections, keep_tool};
use super::*;

const CLAIM: &str = "backup: {storage: {claim: {size: 20Gi}}}";
const VERIFIED: &str = "backup: {storage: {claim: {}}, verify: {}}";
const S3: &str = "backup: {maxLoss: 5m, retention: {age: 30d}, encryption: {keySecretRef: {name: key, key: key}}, storage: {s3: {endpoint: \
    'https://s3.example.com:9000', bucket: backups, credentialsSecretRef: {name: s3}, caSecretRef: {name: ca, key: ca.crt}}}}";
const SECRETS: [(&str, &str, &str); 4] = [
    ("s3", "accessKeyId", "AKIA"),
    ("s3", "secretAccessKey", "a secret key"),
    ("ca", "ca.crt", "-----BEGIN CERTIFICATE-----"),
    ("key", "key", "0123456789abcdef"),
];

/// A restore, looking or to a moment.
fn restoring(target: Option<&str>) -> Platform {
    let restore =
        "restore: {s3: {endpoint: 'https://s3.example.com', bucket: backups, path: dining/trattoria, credentialsSecretRef: {name: s3}}}";
    let mut platform = platform(restore, &SECRETS);
    if let (Some(target), Some(Restore::Look(source))) = (target, platform.restore.clone()) {
        platform.restore = Some(Restore::To(source, target.parse().expect("a time")));
    }
    platform
}

fn named(platform: &Platform) -> Vec<(String, Object)> {
    build(platform).into_iter().map(|object| (format!("{}/{}", object.kind.as_str(), object.name), object)).collect()
}

fn find(platform: &Platform, name: &str) -> Object {
    let found = named(platform).into_iter().find(|(of, _)| of.starts_with(name));
    found.unwrap_or_else(|| panic!("no {name}")).1
}

#[test]
fn a_database_archives_its_log_early_enough() {
    let stateful_set = find(&platform(CLAIM, &[]), "StatefulSet/trattoria-menu-postgres").body;
    let pod = &stateful_set["spec"]["template"]["spec"];
    assert_eq!(
        pod["containers"][0]["args"],
        json!(["-c", "archive_mode=on", "-c", "archive_command=/opt/pgbackrest/bin/backup wal push %p", "-c", "archive_timeout=45"])
    );
    let init: Vec<_> = pod["initContainers"].as_array().expect("containers").iter().map(|one| one["name"].clone()).collect();
    assert_eq!(init, ["tool", "prepare"]);
    let later = find(&platform(S3, &SECRETS), "StatefulSet/trattoria-menu-postgres").body.to_string();
    assert!(later.contains("archive_timeout=225") && later.contains("\"secretName\":\"s3\""), "{later}");
}

#[test]
fn a_base_backup_is_told_where_and_for_how_long() {
    let job = find(&platform(S3, &SECRETS), "CronJob/trattoria-menu-backup");
    let told = job::environment(&job);
    for (name, value) in [
        ("BACKUP_DATABASE", "menu"),
        ("BACKUP_S3_ENDPOINT", "https://s3.example.com:9000"),
        ("BACKUP_S3_PATH", "dining/trattoria"),
        ("BACKUP_S3_CA_FILE", "/etc/restaurant-booking/ca/ca.crt"),
        ("BACKUP_ENCRYPTION_KEY_FILE", "/etc/restaurant-booking/encryption/key"),
        ("BACKUP_RETENTION_AGE", "30d"),
        ("BACKUP_HOST", "trattoria-menu-postgres.dining.svc"),
    ] {
        assert_eq!(told.get(name).map(String::as_str), Some(value), "{name} of {told:?}");
    }
    assert!(!told.contains_key("BACKUP_RETENTION_COUNT") && !told.contains_key("BACKUP_FOLDER"), "{told:?}");
    let claim = job::environment(&find(&platform(CLAIM, &[]), "CronJob/trattoria-menu-backup"));
    assert_eq!((claim["BACKUP_FOLDER"].as_str(), claim["BACKUP_RETENTION_COUNT"].as_str()), ("/backup", "7"));
    assert_eq!(job.body["spec"]["timeZone"], "Europe/Rome");
}

#[test]
fn keys_come_with_the_encrypted_backups_of_auth_and_with_no_other() {
    let mounted = |spec: &str, service: &str| {
        let job = find(&platform(spec, &SECRETS), &format!("CronJob/trattoria-{service}-backup"));
        let volumes = job.body["spec"]["jobTemplate"]["spec"]["template"]["spec"]["volumes"].clone();
        let keys = volumes.as_array().and_then(|volumes| volumes.iter().find(|volume| volume["name"] == "keys").cloned());
        assert_eq!(keys.is_some(), job::environment(&job).contains_key("BACKUP_KEYS"));
        let sources = keys.map(|keys| keys["projected"]["sources"].as_array().cloned().expect("Secrets")).unwrap_or_default().into_iter();
        let paths = sources.flat_map(|source| {
            let name = source["secret"]["name"].as_str().unwrap_or_default().to_owned();
            let items = source["secret"]["items"].as_array().cloned().unwrap_or_default().into_iter();
            items.map(move |item| format!("{name}: {}", item["path"].as_str().unwrap_or_default()))
        });
        paths.collect::<Vec<_>>()
    };
    let tokens = ["trattoria-jwt: jwt/private.pem", "trattoria-jwt: jwt/jwks.json", "trattoria-links: links/keys"];
    assert_eq!(mounted(S3, "auth"), [&tokens[..], &["trattoria-admin: admin/password"]].concat());
    let own = S3.replacen("backup:", "admin: {passwordSecretRef: {name: s3, key: secretAccessKey}}\nbackup:", 1);
    assert_eq!(mounted(&own, "auth"), tokens);
    for (spec, service) in [(S3, "menu"), (S3, "reservation"), (CLAIM, "auth")] {
        assert_eq!(mounted(spec, service), [] as [&str; 0], "{spec} {service}");
    }
}

/// The watch and the pruning take what has the operator's label for the operator's.
#[test]
fn the_jobs_of_a_schedule_are_not_the_operators() {
    let template = &find(&platform(CLAIM, &[]), "CronJob/trattoria-menu-backup").body["spec"]["jobTemplate"];
    for labels in [&template["metadata"]["labels"], &template["spec"]["template"]["metadata"]["labels"]] {
        assert_eq!(labels["app.kubernetes.io/component"], "menu-backup");
        assert!(labels.get("app.kubernetes.io/managed-by").is_none(), "{labels}");
    }
}

#[test]
fn the_first_backup_is_another_in_another_place_and_one_on_demand_with_another_text() {
    let jobs = |spec: &str| {
        let names = named(&platform(spec, &SECRETS)).into_iter().map(|(name, _)| name);
        names.filter(|name| name.starts_with("Job/trattoria-auth-backup-")).collect::<BTreeSet<_>>()
    };
    assert_eq!(jobs(CLAIM), jobs("{backup: {schedule: '0 5 * * *', storage: {claim: {size: 30Gi}}}, image: {tag: '2'}}"));
    assert_ne!(jobs(CLAIM), jobs(S3));
    assert_ne!(jobs(S3), jobs(&S3.replace("bucket: backups", "bucket: others")));
    let mut asked = platform(CLAIM, &[]);
    let mut seen = BTreeSet::new();
    for text in ["before the party", "after the party"] {
        asked.backup.as_mut().expect("backups").requested = Some(text.to_owned());
        seen.extend(named(&asked).into_iter().map(|(name, _)| name).filter(|name| name.starts_with("Job/trattoria-auth-backup-")));
    }
    assert_eq!(seen.len(), 3, "{seen:?}");
}

#[test]
fn there_is_one_backup_before_each_migration() {
    let jobs = |more: &str| {
        let jobs =
            named(&platform(&format!("{{{}, {more}}}", CLAIM.replace("{storage", "{beforeMigration: true, storage")), &[])).into_iter();
        jobs.filter(|(_, object)| object.step == Step::BeforeMigration(Service::Menu)).map(|(name, _)| name).collect::<Vec<_>>()
    };
    let first = jobs("image: {tag: '1'}");
    assert!(first.len() == 1 && first[0].starts_with("Job/trattoria-menu-backup-"), "{first:?}");
    assert_eq!(jobs("image: {tag: '1'}, menu: {logLevel: debug}"), first);
    assert_eq!(jobs("image: {tag: '1', auth: {tag: '2'}}"), first, "another service's migration");
    assert_ne!(jobs("image: {tag: '2'}"), first);
    let without = named(&platform(CLAIM, &[]));
    assert!(without.iter().all(|(_, object)| !matches!(object.step, Step::BeforeMigration(_))));
}

#[test]
fn the_longest_names_are_labels() {
    for mut platform in [platform(VERIFIED, &[]), restoring(None), restoring(Some("2026-11-30T03:00:00Z"))] {
        platform.name = "a".repeat(crate::api::NAME_MAX);
        if let Some(backup) = &mut platform.backup {
            backup.requested = Some("now".to_owned());
            backup.before_migration = true;
        }
        for (name, object) in named(&platform) {
            let most = if object.kind == Kind::CronJob { 52 } else { 63 };
            assert!(object.name.len() <= most, "{name}");
        }
    }
}

#[test]
fn no_job_restores_before_the_moment_is_chosen() {
    let steps = |platform: &Platform| {
        let jobs = named(platform).into_iter().filter(|(_, object)| object.kind == Kind::Job);
        jobs.map(|(_, object)| object.step).filter(|step| step.condition() == crate::api::ConditionType::Restored).collect::<BTreeSet<_>>()
    };
    assert_eq!(steps(&restoring(None)), Service::ALL.map(Step::Look).into());
    let chosen = restoring(Some("2026-11-30T03:00:00.123456Z"));
    let expected: BTreeSet<_> =
        Service::ALL.into_iter().flat_map(|service| [Step::Restore(service), Step::AfterRestore(service)]).collect();
    assert_eq!(steps(&chosen), expected);
    let told = job::environment(&find(&chosen, "Job/trattoria-menu-restore-"));
    assert_eq!(told["BACKUP_TARGET"], "2026-11-30T03:00:00.123456Z");
    assert!(told["BACKUP_SOURCE"].ends_with("@2026-11-30T03:00:00.123456Z"), "{told:?}");
    // The image of PostgreSQL names another folder, which would be restored beside the volume.
    assert_eq!(told["PGDATA"], "/data/pgdata");
    let claim = find(&chosen, "PersistentVolumeClaim/trattoria-menu-postgres");
    assert_eq!(claim.step, Step::Restore(Service::Menu));
    let other = restoring(Some("2026-11-30T03:00:01Z"));
    assert_ne!(find(&chosen, "Job/trattoria-menu-restore-").name, find(&other, "Job/trattoria-menu-restore-").name);
}

#[test]
fn keys_are_awaited_where_encrypted_backups_may_hold_them() {
    let restore = |encryption: &str| {
        format!(
            "restore: {{s3: {{endpoint: 'https://s3.example.com', bucket: backups, path: a, credentialsSecretRef: {{name: s3}}}}{encryption}}}"
        )
    };
    let encrypted = restore(", encryption: {keySecretRef: {name: key, key: key}}");
    let awaits = |spec: &str, existing: &[(&'static str, &'static str, &'static str)]| {
        platform(spec, &[&SECRETS[..], existing].concat()).awaits_keys()
    };
    let all = [("trattoria-jwt", "private.pem", "x"), ("trattoria-links", "keys", "x"), ("trattoria-admin", "password", "Admin123!")];
    assert!(awaits(&encrypted, &[]) && awaits(&encrypted, &all[..2]));
    assert!(!awaits(&encrypted, &all) && !awaits(&restore(""), &[]));
    let own = format!("{encrypted}\nadmin: {{passwordSecretRef: {{name: key, key: key}}}}");
    assert!(!awaits(&own, &all[..2]));
}

#[test]
fn a_restore_only_reads_what_it_restores_from() {
    let mut platform = restoring(None);
    if let Some(Restore::Look(source)) = &mut platform.restore {
        source.repository.place = Place::Claims(crate::reconcile::service::PerService::new(|service| format!("old-{}", service.as_str())));
    }
    let job = find(&platform, "Job/trattoria-menu-look-").body;
    let mounts = job["spec"]["template"]["spec"]["containers"][0]["volumeMounts"].as_array().cloned().expect("mounts");
    let repository = mounts.iter().find(|mount| mount["mountPath"] == "/backup").expect("the repository");
    assert_eq!(repository["readOnly"], true);
}

#[test]
fn a_backup_is_verified_on_a_volume_that_is_thrown_away() {
    let verifying = |spec: &str| {
        platform(
            &format!(
                "{{{}, postgres: {{managed: {{storage: {{size: 9Gi, storageClassName: fast}}}}}}}}",
                spec.replacen('{', "{verify: {}, ", 1)
            ),
            &SECRETS,
        )
    };
    let (claim, s3) = (verifying(CLAIM), verifying(S3));
    let schedule = find(&claim, "CronJob/trattoria-menu-verify");
    assert_eq!((&schedule.body["spec"]["schedule"], &schedule.body["spec"]["timeZone"]), (&json!("0 5 * * 1"), &json!("Europe/Rome")));
    let pod = |platform: &Platform| {
        find(platform, "CronJob/trattoria-menu-verify").body["spec"]["jobTemplate"]["spec"]["template"]["spec"].clone()
    };
    let volumes = pod(&claim)["volumes"].as_array().cloned().expect("volumes");
    let claims: Vec<_> = volumes.iter().filter_map(|volume| volume["persistentVolumeClaim"]["claimName"].as_str()).collect();
    assert_eq!(claims, ["trattoria-menu-backup"], "the database's own volume is not there");
    let data = volumes.iter().find(|volume| volume["name"] == "data").expect("a volume");
    assert_eq!(
        data["ephemeral"]["volumeClaimTemplate"]["spec"],
        json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "9Gi"}}, "storageClassName": "fast"})
    );
    let container = pod(&claim)["containers"][0].clone();
    let mounts = container["volumeMounts"].as_array().cloned().expect("mounts");
    assert_eq!(mounts.iter().find(|mount| mount["mountPath"] == "/backup").expect("the repository")["readOnly"], true);
    assert_eq!(container["command"], json!([PROGRAM, "verify", "--report", "/dev/termination-log"]));
    assert_eq!(job::environment(&schedule)["PGDATA"], "/data/pgdata");
    // The claim is on the node of the database.
    assert!(pod(&claim)["affinity"]["podAffinity"].is_object() && pod(&s3)["affinity"].is_null());
    let egress =
        |platform: &Platform| find(platform, "NetworkPolicy/trattoria-menu-verify").body["spec"]["egress"].as_array().map(Vec::len);
    assert_eq!((egress(&claim), egress(&s3)), (Some(0), Some(2)));
    assert!(named(&platform(CLAIM, &[])).iter().all(|(name, _)| !name.ends_with("-verify")));
}

#[test]
fn another_release_of_the_tool_restarts_no_database() {
    let body = |spec: &str| find(&platform(&format!("{{{CLAIM}, {spec}}}"), &[]), "StatefulSet/trattoria-menu-postgres").body;
    let live = body("image: {tag: '1'}");
    let mut wanted = body("image: {tag: '2'}");
    assert_ne!(wanted["spec"], live["spec"]);
    keep_tool(&live, &mut wanted);
    assert_eq!(wanted["spec"], live["spec"]);
    // With a change that restarts it anyway, the new tool comes along.
    let mut changed = body("image: {tag: '2'}, postgres: {managed: {version: '17.6'}}");
    keep_tool(&live, &mut changed);
    assert!(changed.to_string().contains("/backup:2"), "{changed}");
}

#[test]
fn connections_are_kept_beside_other_arguments() {
    let body = |spec: &str| find(&platform(spec, &[]), "StatefulSet/trattoria-menu-postgres").body;
    let args = |body: &Value| body["spec"]["template"]["spec"]["containers"][0]["args"].clone();
    let live = body(&format!("{{{CLAIM}, menu: {{replicas: 20}}}}"));
    let mut wanted = body(CLAIM);
    keep_connections(&live, &mut wanted);
    assert_eq!(args(&wanted), args(&live));
    let mut without = body("");
    keep_connections(&live, &mut without);
    assert_eq!(args(&without), json!(["-c", "max_connections=400"]));
    let mut more = body(&format!("{{{CLAIM}, menu: {{replicas: 40}}}}"));
    keep_connections(&live, &mut more);
    assert_eq!(args(&more)[1], "max_connections=800");
}

#[test]
fn backups_reach_their_storage_and_their_database_alone() {
    let egress =
        |platform: &Platform, name: &str| find(platform, &format!("NetworkPolicy/trattoria-{name}")).body["spec"]["egress"].clone();
    let (claim, s3) = (platform(CLAIM, &[]), platform(S3, &SECRETS));
    assert_eq!(egress(&claim, "menu-postgres"), json!([]));
    assert_eq!(egress(&s3, "menu-postgres")[1]["ports"], json!([{"port": 9000, "protocol": "TCP"}]));
    assert_eq!(egress(&claim, "menu-backup").as_array().map(Vec::len), Some(2));
    assert_eq!(egress(&s3, "menu-backup").as_array().map(Vec::len), Some(3));
    assert_eq!(egress(&s3, "backup-watcher").as_array().map(Vec::len), Some(4));
    assert_eq!(egress(&restoring(None), "menu-restore").as_array().map(Vec::len), Some(2));
}

#[test]
fn every_pod_of_backups_and_restores_is_restricted() {
    for platform in [platform(VERIFIED, &[]), restoring(None), restoring(Some("2026-11-30T03:00:00Z"))] {
        for (name, object) in named(&platform) {
            let template = match object.kind {
                Kind::CronJob => &object.body["spec"]["jobTemplate"]["spec"]["template"],
                _ => &object.body["spec"]["template"],
            };
            let Some(containers) = template["spec"]["containers"].as_array() else { continue };
            assert_eq!(template["spec"]["securityContext"]["runAsNonRoot"], true, "{name}");
            assert_eq!(template["spec"]["automountServiceAccountToken"], false, "{name}");
            for container in containers.iter().chain(template["spec"]["initContainers"].as_array().into_iter().flatten()) {
                assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true, "{name}");
                assert!(container["resources"]["limits"]["memory"].is_string(), "{name}");
            }
        }
    }
}
