//! Changes while guests book, of versions, volumes and Secrets, and the recovery if they fail.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kube::api::{Api, DeleteParams, DynamicObject, ListParams, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use operator::reconcile::kind::Kind;
use serde_json::{Value, json};

use crate::world::{Place, eventually};

const NAME: &str = "trattoria";

/// A resource on existing databases and an existing broker, so that few objects run.
pub(crate) async fn spec(place: &Place, more: Value) -> Value {
    for service in ["auth", "menu", "reservation"] {
        place.secret(service, &[("url", "postgres://u:p@postgres.example.com:5432/db")]).await;
    }
    place.secret("boss", &[("password", "correct horse"), ("note", "of no concern")]).await;
    let database = |name: &str| json!({"urlSecretRef": {"name": name, "key": "url"}});
    let mut spec = json!({
        "restaurant": {"name": "Trattoria", "timeZone": "Europe/Rome"},
        "image": {"tag": "1.0"},
        "admin": {"passwordSecretRef": {"name": "boss", "key": "password"}},
        "postgres": {"external": {"auth": database("auth"), "menu": database("menu"), "reservation": database("reservation")}},
        "kafka": {"external": {"bootstrapServers": ["kafka:9092"]}, "topics": {"prefix": format!("{}.", place.name)}},
    });
    for (name, value) in more.as_object().expect("an object") {
        spec[name] = value.clone();
    }
    spec
}

pub(crate) fn everywhere(place: &Place, group: &str, kind: &str, plural: &str) -> Api<DynamicObject> {
    let resource = ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, "v1", kind), plural);
    Api::namespaced_with(place.client.clone(), &place.name, &resource)
}

/// The image of each Deployment.
async fn images(place: &Place) -> BTreeMap<String, String> {
    let image = |object: &Value| object["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap_or_default().to_owned();
    let children = place.children().await;
    let deployments = children.iter().filter(|((kind, _), _)| *kind == Kind::Deployment);
    deployments.map(|((_, name), object)| (name.clone(), image(object).rsplit(':').next().unwrap_or_default().to_owned())).collect()
}

fn tags(auth: &str, menu: &str, reservation: &str) -> BTreeMap<String, String> {
    [("trattoria-auth", auth), ("trattoria-menu", menu), ("trattoria-reservation", reservation)]
        .map(|(name, tag)| (name.to_owned(), tag.to_owned()))
        .into()
}

/// The Jobs that migrate a database.
async fn migrations(place: &Place) -> BTreeSet<String> {
    jobs(place).await.into_iter().filter(|name| name.contains("-migrate-")).collect()
}

pub(crate) async fn jobs(place: &Place) -> BTreeSet<String> {
    place.children().await.into_keys().filter(|(kind, _)| *kind == Kind::Job).map(|(_, name)| name).collect()
}

async fn version(place: &Place) -> Option<String> {
    place.resources().get(NAME).await.expect("the resource").status.and_then(|status| status.version)
}

/// The events about the resource with a reason, each with its count.
async fn events(place: &Place, reason: &str) -> Vec<(String, i64)> {
    let events = everywhere(place, "events.k8s.io", "Event", "events").list(&ListParams::default()).await.expect("events");
    let ours = events.items.into_iter().filter(|event| event.data["reason"] == reason && event.data["regarding"]["name"] == NAME);
    ours.map(|event| (event.data["note"].as_str().unwrap_or_default().to_owned(), event.data["series"]["count"].as_i64().unwrap_or(1)))
        .collect()
}

/// Prevents new Pods, like a full node: Pods wait.
pub(crate) async fn close(place: &Place) {
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "closed"}, "spec": {"hard": {"pods": "0"}}});
    let quotas = everywhere(place, "", "ResourceQuota", "resourcequotas");
    quotas.create(&PostParams::default(), &serde_json::from_value(quota).expect("a quota")).await.expect("a quota");
    eventually("the quota is in force", async || {
        let quota = quotas.get("closed").await.ok()?;
        quota.data["status"]["hard"]["pods"].is_string().then_some(())
    })
    .await;
}

pub(crate) async fn open(place: &Place) {
    everywhere(place, "", "ResourceQuota", "resourcequotas").delete("closed", &DeleteParams::default()).await.expect("the quota");
}

/// Waits until the Job has failed. Between its attempts it would wait 10, 20 and 40 s, which the test skips.
async fn give_up(place: &Place, job: &str) {
    eventually("the Job fails", async || {
        let job_now = place.get(Kind::Job, job).await?;
        let conditions = job_now["status"]["conditions"].as_array().cloned().unwrap_or_default();
        if conditions.iter().any(|condition| condition["type"] == "Failed" && condition["status"] == "True") {
            return Some(());
        }
        if job_now["status"]["failed"].as_i64().unwrap_or(0) > 0 && job_now["spec"]["backoffLimit"] != 0 {
            place.edit(Kind::Job, job, json!({"spec": {"backoffLimit": 0}})).await;
        }
        None
    })
    .await;
}

/// The migrations of a new version run first. Until each has ended, the old version serves unchanged. Then the new version serves, and the
/// old migrations are gone.
pub(crate) async fn migrations_run_before_the_new_version(place: &Place) {
    let operator = place.operator();
    place.apply(NAME, spec(place, json!({})).await).await;
    place.ready(NAME).await;
    assert_eq!(version(place).await.as_deref(), Some("1.0"));
    let before = jobs(place).await;
    let generations = async || {
        let children = place.children().await.into_iter().filter(|((kind, _), _)| *kind == Kind::Deployment);
        children.map(|((_, name), object)| (name, object["metadata"]["generation"].as_i64())).collect::<BTreeMap<_, _>>()
    };
    let untouched = generations().await;

    close(place).await;
    place.apply(NAME, spec(place, json!({"image": {"tag": "2.0"}})).await).await;
    let said = place.condition(NAME, "MigrationsComplete", "False", Some("Waiting")).await;
    let new: BTreeSet<_> = jobs(place).await.difference(&before).cloned().collect();
    assert_eq!(new.len(), 3, "{new:?}");
    assert!(new.iter().all(|job| said.contains(job.as_str())), "{new:?}: {said}");
    let said = place.condition(NAME, "Ready", "False", Some("Waiting")).await;
    assert!(new.iter().any(|job| said.contains(job.as_str())), "{said}");
    // However long it takes.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(generations().await, untouched);
    assert_eq!(version(place).await.as_deref(), Some("1.0"), "what runs");
    let status = place.resources().get(NAME).await.expect("the resource").status.expect("a status");
    assert_eq!(status.replicas.as_deref(), Some("6/6"));

    open(place).await;
    place.ready(NAME).await;
    assert_eq!(images(place).await, tags("2.0", "2.0", "2.0"));
    assert_eq!(version(place).await.as_deref(), Some("2.0"));
    eventually("the old migrations are gone", async || (migrations(place).await == new).then_some(())).await;
    operator.stop().await;
}

/// A failed migration leaves the old version of its service serving, and is reported once. The other services continue. Another version
/// repairs it.
pub(crate) async fn a_failed_migration_leaves_the_old_version(place: &Place) {
    let operator = place.operator();
    place.apply(NAME, spec(place, json!({})).await).await;
    place.ready(NAME).await;
    let menu = place.get(Kind::Deployment, "trattoria-menu").await.expect("a Deployment");

    place.apply(NAME, spec(place, json!({"image": {"tag": "2.0", "menu": {"tag": "2.0-broken"}}})).await).await;
    let job = eventually("the Job", async || {
        let children = place.children().await.into_iter();
        children
            .filter(|((kind, name), _)| *kind == Kind::Job && name.starts_with("trattoria-menu-migrate-"))
            .find(|(_, job)| {
                job["spec"]["template"]["spec"]["containers"][0]["image"].as_str().is_some_and(|image| image.contains("broken"))
            })
            .map(|((_, name), _)| name)
    })
    .await;
    give_up(place, &job).await;
    for condition in ["MigrationsComplete", "Ready"] {
        let said = place.condition(NAME, condition, "False", Some("MigrationFailed")).await;
        assert!(said.contains(&format!("Job {job} failed")) && said.contains("The old version keeps serving"), "{condition}: {said}");
    }
    eventually("the others go on", async || (images(place).await == tags("2.0", "1.0", "2.0")).then_some(())).await;
    let auth = "the Pods of the others are replaced";
    eventually(auth, async || (version(place).await.as_deref() == Some("1.0,2.0")).then_some(())).await;
    operator.quiet().await;
    let now = place.get(Kind::Deployment, "trattoria-menu").await.expect("a Deployment");
    assert_eq!(now["metadata"]["generation"], menu["metadata"]["generation"]);
    assert_eq!(now["status"]["availableReplicas"], 2);
    let told = events(place, "MigrationFailed").await;
    assert!(told.len() == 1 && told[0].1 == 1 && told[0].0.contains(&job), "{told:?}");
    let progressing = place.condition(NAME, "Progressing", "False", Some("Stalled")).await;
    assert!(progressing.contains(&job), "{progressing}");

    place.apply(NAME, spec(place, json!({"image": {"tag": "2.0", "menu": {"tag": "2.1"}}})).await).await;
    place.ready(NAME).await;
    assert_eq!(images(place).await, tags("2.0", "2.1", "2.0"));
    assert_eq!(version(place).await.as_deref(), Some("2.0,2.1"));
    let left = migrations(place).await;
    assert!(left.len() == 3 && !left.contains(&job), "{left:?}");
    operator.stop().await;
}

/// A failed migration runs again when its Job is deleted, as the message says.
pub(crate) async fn a_failed_migration_is_tried_again_by_deleting_its_job(place: &Place) {
    let operator = place.operator();
    place.apply(NAME, spec(place, json!({"image": {"tag": "1.0", "auth": {"tag": "broken"}}})).await).await;
    let auth = async || jobs(place).await.into_iter().find(|name| name.starts_with("trattoria-auth-migrate-"));
    let job = eventually("the Job", async || auth().await).await;
    give_up(place, &job).await;
    let said = place.condition(NAME, "Ready", "False", Some("MigrationFailed")).await;
    assert!(said.contains("delete the Job to have it run again"), "{said}");
    let uid = async || place.get(Kind::Job, &job).await.map(|job| job["metadata"]["uid"].clone());
    let first = uid().await;
    place.delete(Kind::Job, &job).await;
    eventually("another try", async || uid().await.filter(|uid| Some(uid) != first.as_ref())).await;
    operator.stop().await;
}

/// If Pods of a new version never become available, the old ones serve, and the message names the Deployment that waits.
pub(crate) async fn pods_that_never_become_available(place: &Place) {
    let operator = place.operator();
    place.apply(NAME, spec(place, json!({})).await).await;
    place.ready(NAME).await;
    // The controller reports this after ten minutes by default. No one applies the field, so the edit stays.
    place.edit(Kind::Deployment, "trattoria-menu", json!({"spec": {"progressDeadlineSeconds": 2}})).await;
    let nowhere = json!([{"maxSkew": 1, "topologyKey": "example.com/nowhere", "whenUnsatisfiable": "DoNotSchedule"}]);
    let stuck = json!({"image": {"tag": "1.0", "menu": {"tag": "2.0"}}, "menu": {"topologySpreadConstraints": nowhere}});
    place.apply(NAME, spec(place, stuck).await).await;
    for condition in ["ServicesReady", "Ready"] {
        let said = place.condition(NAME, condition, "False", Some("DeploymentStalled")).await;
        assert!(said.contains("Deployment trattoria-menu: ") && said.contains("kubectl describe pods"), "{condition}: {said}");
    }
    operator.quiet().await;
    let menu = place.get(Kind::Deployment, "trattoria-menu").await.expect("a Deployment");
    assert!(menu["status"]["availableReplicas"].as_i64() >= Some(2), "the old version serves: {}", menu["status"]);
    assert_eq!(version(place).await.as_deref(), Some("1.0"), "the old version is what runs");
    let told = events(place, "DeploymentStalled").await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(menu["spec"]["progressDeadlineSeconds"], 2);

    place.apply(NAME, spec(place, json!({"image": {"tag": "1.0", "menu": {"tag": "2.0"}}})).await).await;
    place.ready(NAME).await;
    assert_eq!(version(place).await.as_deref(), Some("1.0,2.0"));
    operator.stop().await;
}

/// A volume grows if its class allows it. If not, the condition has the API server's message, no other object changes, and a resource that
/// is deleted and applied again with the present size adopts its data.
pub(crate) async fn storage_grows_where_its_class_can(place: &Place) {
    let managed =
        |size: &str, class: &str| json!({"postgres": {"managed": {"storage": {"size": size, "storageClassName": class}}}, "admin": {}});
    let size = async |claim: &str| {
        let claim = place.get(Kind::PersistentVolumeClaim, claim).await.expect("a claim");
        json!([claim["spec"]["resources"]["requests"]["storage"], claim["status"]["capacity"]["storage"]])
    };
    let operator = place.operator();
    place.apply(NAME, spec(place, managed("1Gi", "standard")).await).await;
    place.apply("osteria", spec(place, managed("1Gi", "fixed")).await).await;
    place.ready(NAME).await;
    place.ready("osteria").await;
    let password = async || place.get(Kind::Secret, "osteria-menu-postgres").await.expect("a Secret")["data"].clone();
    let (volume, login) = (place.get(Kind::PersistentVolumeClaim, "osteria-menu-postgres").await.expect("a claim"), password().await);

    place.apply(NAME, spec(place, managed("2Gi", "standard")).await).await;
    place.ready(NAME).await;
    for service in ["auth", "menu", "reservation"] {
        eventually("the volume grows", async || {
            (size(&format!("trattoria-{service}-postgres")).await == json!(["2Gi", "2Gi"])).then_some(())
        })
        .await;
    }

    place.apply("osteria", spec(place, managed("2Gi", "fixed")).await).await;
    for condition in ["PostgresReady", "Ready"] {
        let said = place.condition("osteria", condition, "False", Some("Forbidden")).await;
        assert!(
            said.contains("PersistentVolumeClaim osteria-menu-postgres") && said.contains("must support resize"),
            "{condition}: {said}"
        );
    }
    assert_eq!(size("osteria-menu-postgres").await, json!(["1Gi", "1Gi"]));
    let error = place.try_apply("osteria", spec(place, managed("1Gi", "fixed")).await).await.map(|_| ()).expect_err("it shrinks");
    assert!(error.to_string().contains("may grow and not shrink"), "{error}");

    // The way back: the data that was kept is adopted.
    place.resources().delete("osteria", &DeleteParams::foreground()).await.expect("the resource");
    eventually("the resource is gone", async || place.resources().get_opt("osteria").await.expect("an answer").is_none().then_some(()))
        .await;
    place.apply("osteria", spec(place, managed("1Gi", "fixed")).await).await;
    place.ready("osteria").await;
    let found = place.get(Kind::PersistentVolumeClaim, "osteria-menu-postgres").await.expect("a claim");
    assert_eq!((&found["metadata"]["uid"], password().await), (&volume["metadata"]["uid"], login));
    operator.stop().await;
}

/// The workloads whose Pods are replaced, by their generation.
async fn generations(place: &Place) -> BTreeMap<String, i64> {
    let children = place.children().await.into_iter();
    let workloads = children.filter(|((kind, _), _)| [Kind::Deployment, Kind::StatefulSet, Kind::Job].contains(kind));
    workloads
        .map(|((kind, name), object)| {
            let kind = if kind == Kind::Deployment { String::new() } else { format!("{}/", kind.as_str()) };
            (format!("{kind}{}", name.trim_start_matches("trattoria-")), object["metadata"]["generation"].as_i64().unwrap_or(0))
        })
        .collect()
}

/// A rotated Secret replaces at once the Pods that use it, and no others.
pub(crate) async fn a_rotated_secret_replaces_the_pods_that_use_it(place: &Place) {
    let base = json!({"postgres": {"managed": {}}, "auth": {"replicas": 1}, "menu": {"replicas": 1}, "reservation": {"replicas": 1}});
    let operator = place.operator();
    place.apply(NAME, spec(place, base.clone()).await).await;
    place.ready(NAME).await;
    let base64 = |text: &str| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
    let pair = auth::keys::pair().expect("a key pair");
    let rotations: [(&str, Value, &[&str]); 5] = [
        ("boss", json!({"note": "of no concern to anybody"}), &[]),
        ("boss", json!({"password": "battery staple"}), &["auth"]),
        ("trattoria-menu-postgres", json!({"password": "another"}), &["StatefulSet/menu-postgres", "menu"]),
        // The set may have old and new keys together: only the private key changes.
        ("trattoria-jwt", json!({"private.pem": pair.private_key}), &["auth"]),
        ("trattoria-jwt", json!({"jwks.json": pair.key_set}), &["auth", "menu", "reservation"]),
    ];
    for (secret, change, expected) in rotations {
        let (before, mark) = (generations(place).await, place.world.plane.audit().mark());
        let data: serde_json::Map<_, _> = change
            .as_object()
            .expect("keys")
            .iter()
            .map(|(key, value)| (key.clone(), base64(value.as_str().expect("text")).into()))
            .collect();
        let rounds = operator.rounds();
        place.edit(Kind::Secret, secret, json!({"data": data})).await;
        let what = format!("{secret}: {:?}", data.keys().collect::<Vec<_>>());
        eventually(&what, async || (operator.rounds() > rounds).then_some(())).await;
        let replaced = |now: &BTreeMap<String, i64>| {
            now.iter().filter(|(name, at)| before.get(*name) != Some(*at)).map(|(name, _)| name.clone()).collect::<Vec<_>>()
        };
        eventually(&what, async || {
            let now = replaced(&generations(place).await);
            (now.len() >= expected.len()).then_some(())
        })
        .await;
        place.ready(NAME).await;
        operator.quiet().await;
        assert_eq!(replaced(&generations(place).await), expected, "{what}");
        if expected.is_empty() {
            assert_eq!(place.writes(&mark).len(), 0, "{what}");
        }
    }
    // The URL that the service reads follows its password.
    let secret = place.get(Kind::Secret, "trattoria-menu-postgres").await.expect("a Secret");
    let url =
        base64::Engine::decode(&base64::engine::general_purpose::STANDARD, secret["data"]["url"].as_str().expect("text")).expect("base64");
    assert!(String::from_utf8_lossy(&url).contains(":another@"), "the URL follows the password");

    // Each service has its own database.
    operator.stop().await;
}

/// Secrets of external servers: each service uses only its own database's.
pub(crate) async fn a_rotated_database_url_replaces_the_pods_of_its_service(place: &Place) {
    let operator = place.operator();
    place.apply(NAME, spec(place, json!({"auth": {"replicas": 1}, "menu": {"replicas": 1}, "reservation": {"replicas": 1}})).await).await;
    place.ready(NAME).await;
    let before = generations(place).await;
    place.secret("reservation", &[("url", "postgres://u:rotated@postgres.example.com:5432/db")]).await;
    eventually("the Deployment of reservation", async || (generations(place).await["reservation"] > before["reservation"]).then_some(()))
        .await;
    place.ready(NAME).await;
    operator.quiet().await;
    let mut expected = before.clone();
    *expected.get_mut("reservation").expect("reservation") += 1;
    assert_eq!(generations(place).await, expected, "no other, and no migration either");
    operator.stop().await;
}

/// Secrets of others are read once, and again only when they change or are made anew.
pub(crate) async fn d32_secrets_of_others_are_read_again_only_when_they_change(place: &Place) {
    let operator = place.operator();
    place.apply(NAME, spec(place, json!({})).await).await;
    place.ready(NAME).await;
    operator.quiet().await;
    let asked = |since: usize| {
        let secrets = |request: &&String| request.starts_with("GET ") && request.contains("/secrets/");
        operator.wire.log()[since..].iter().filter(secrets).cloned().collect::<Vec<_>>()
    };
    let (sent, rounds) = (operator.wire.sent(), operator.rounds());
    place.apply(NAME, spec(place, json!({"menu": {"logLevel": "debug"}})).await).await;
    eventually("a round", async || (operator.rounds() > rounds).then_some(())).await;
    place.ready(NAME).await;
    operator.quiet().await;
    assert_eq!(asked(sent), [] as [String; 0], "nothing of them has changed");

    let (sent, before) = (operator.wire.sent(), generations(place).await["reservation"]);
    place.secret("reservation", &[("url", "postgres://u:rotated@postgres.example.com:5432/db")]).await;
    eventually("the Deployment of reservation", async || (generations(place).await["reservation"] > before).then_some(())).await;
    place.ready(NAME).await;
    operator.quiet().await;
    let again = asked(sent);
    assert!(again.len() == 1 && again[0].ends_with("/secrets/reservation"), "{again:?}");

    place.delete(Kind::Secret, "reservation").await;
    let said = place.condition(NAME, "PostgresReady", "False", Some("SecretNotFound")).await;
    assert!(said.contains("reservation"), "{said}");
    place.secret("reservation", &[("url", "postgres://u:anew@postgres.example.com:5432/db")]).await;
    place.ready(NAME).await;
    operator.stop().await;
}

/// While a resource is paused, only its status is written, whatever changes. After the pause, all changes are applied.
pub(crate) async fn nothing_is_done_while_it_is_paused(place: &Place) {
    let operator = place.operator();
    place.apply(NAME, spec(place, json!({})).await).await;
    place.ready(NAME).await;
    operator.quiet().await;
    let mark = place.world.plane.audit().mark();
    // The menu keeps its settings, and so the name of its ConfigMap.
    let scaled = json!({"autoscaling": {"minReplicas": 2, "maxReplicas": 6}});
    let changed = |paused: bool| json!({"image": {"tag": "2.0"}, "auth": scaled, "paused": paused});
    place.apply(NAME, spec(place, changed(true)).await).await;
    let said = place.condition(NAME, "Progressing", "False", Some("Paused")).await;
    assert!(said.contains("spec.paused is true"), "{said}");
    place.edit(Kind::Service, "trattoria-menu", json!({"spec": {"ports": [{"port": 1234, "name": "other"}]}})).await;
    let settings = place.settings_of("trattoria-menu").await;
    let gone = place.get(Kind::ConfigMap, &settings).await.expect("a ConfigMap");
    place.delete(Kind::ConfigMap, &settings).await;
    operator.quiet().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let writes: Vec<_> = place
        .writes(&mark)
        .into_iter()
        .filter(|write| write.verb != "delete")
        .map(|write| format!("{} {}", write.resource, write.subresource))
        .collect();
    assert_eq!(writes, ["restaurantbookings status"]);
    assert_eq!(version(place).await.as_deref(), Some("1.0"));

    place.apply(NAME, spec(place, changed(false)).await).await;
    place.ready(NAME).await;
    assert_eq!(images(place).await, tags("2.0", "2.0", "2.0"));
    assert!(place.get(Kind::HorizontalPodAutoscaler, "trattoria-auth").await.is_some());
    assert_eq!(place.get(Kind::ConfigMap, &settings).await.expect("a ConfigMap")["data"], gone["data"]);
    let ports = &place.get(Kind::Service, "trattoria-menu").await.expect("a Service")["spec"]["ports"];
    assert!(ports.as_array().is_some_and(|ports| ports.iter().any(|port| port["port"] == 8001)), "{ports}");
    operator.stop().await;
}
