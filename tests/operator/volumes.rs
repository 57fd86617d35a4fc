//! Volumes outlive resources, operators and their defaults: the settings that made them are kept.

use std::process::Command;

use local::postgres::Search;
use operator::controller::Settings;
use operator::reconcile::kind::Kind;
use operator::reconcile::validate::Defaults;
use serde_json::{Value, json};

use crate::wire::Wire;
use crate::world::{Operator, Place};

const DATABASE: &str = "trattoria-menu-postgres";

fn spec(version: Option<&str>) -> Value {
    let mut spec = json!({"restaurant": {"name": "Trattoria", "timeZone": "Europe/Rome"}});
    if let Some(version) = version {
        spec["postgres"] = json!({"managed": {"version": version}});
    }
    spec
}

async fn image(place: &Place) -> String {
    let stateful_set = place.get(Kind::StatefulSet, DATABASE).await.expect("a StatefulSet");
    stateful_set["spec"]["template"]["spec"]["containers"][0]["image"].as_str().expect("an image").to_owned()
}

async fn annotations(place: &Place) -> [Value; 3] {
    let claim = place.get(Kind::PersistentVolumeClaim, DATABASE).await.expect("a claim");
    ["postgres-version", "postgres-locale-provider", "postgres-image"]
        .map(|name| claim["metadata"]["annotations"][format!("restaurantbooking.dev/{name}")].clone())
}

async fn versions(place: &Place) -> (Option<String>, Option<String>) {
    let versions = place.resources().get("trattoria").await.expect("the resource").status.and_then(|status| status.versions);
    versions.map(|versions| (versions.postgres, versions.kafka)).unwrap_or_default()
}

/// Another major version is refused, whatever the field was before, and everything keeps running. The way back is possible.
pub(crate) async fn d03_another_major_version_is_refused_and_nothing_stops(place: &Place) {
    let operator = place.operator();
    place.apply("trattoria", spec(None)).await;
    place.ready("trattoria").await;
    assert_eq!(image(place).await, "postgres:17");
    assert_eq!(versions(place).await, (Some("17".to_owned()), Some("4.3.1".to_owned())));
    let before = place.children().await;
    for other in ["18", "16.4"] {
        place.apply("trattoria", spec(Some(other))).await;
        let said = place.condition("trattoria", "PostgresReady", "False", Some("PostgresUpgradeNeeded")).await;
        for part in ["spec.postgres.managed.version", other, "PostgreSQL 17", DATABASE, "write version \"17\""] {
            assert!(said.contains(part), "{part} in {said}");
        }
        operator.quiet().await;
        let version = |object: &Value| object["metadata"]["resourceVersion"].clone();
        let after = place.children().await;
        let written: Vec<_> = before.iter().filter(|(key, object)| version(&after[*key]) != version(object)).map(|(key, _)| key).collect();
        assert!(written.is_empty(), "{written:?}");
    }
    for back in [Some("17"), Some("17.6"), None] {
        place.apply("trattoria", spec(back)).await;
        place.ready("trattoria").await;
        assert_eq!(image(place).await, format!("postgres:{}", back.unwrap_or("17")));
    }
    operator.stop().await;
}

/// If the version is removed from the resource, the volume's version applies.
pub(crate) async fn d03_a_version_that_is_left_out_is_the_volumes(place: &Place) {
    let operator = place.operator();
    place.apply("trattoria", spec(Some("16"))).await;
    place.ready("trattoria").await;
    assert_eq!(annotations(place).await, [json!("16"), json!("libc"), json!("postgres:16")]);
    place.apply("trattoria", spec(None)).await;
    place.ready("trattoria").await;
    assert_eq!((image(place).await.as_str(), versions(place).await.0.as_deref()), ("postgres:16", Some("16")));
    operator.stop().await;
}

fn with_default(place: &Place, version: &str) -> Operator {
    let settings = place.settings("operator-0");
    let defaults = Defaults { postgres_version: version.to_owned(), ..settings.defaults.clone() };
    let wire = Wire::default();
    Operator::start(wire.client(place.world.plane.client_config()), Settings { defaults, ..settings }, wire)
}

/// A raised default applies to new volumes only: existing resources and kept volumes keep their version.
pub(crate) async fn d04_a_raised_default_is_that_of_new_volumes(place: &Place) {
    let operator = place.operator();
    place.apply("trattoria", spec(None)).await;
    place.ready("trattoria").await;
    operator.quiet().await;
    operator.stop().await;
    assert_eq!(annotations(place).await, [json!("17"), json!("builtin"), json!("postgres:17")]);

    let mark = place.world.plane.audit().mark();
    let operator = with_default(place, "18");
    operator.quiet().await;
    place.ready("trattoria").await;
    assert!(place.writes(&mark).is_empty(), "{:#?}", place.writes(&mark));
    place.apply("osteria", spec(None)).await;
    place.ready("osteria").await;
    let claim = place.get(Kind::PersistentVolumeClaim, "osteria-menu-postgres").await.expect("a claim");
    assert_eq!(claim["metadata"]["annotations"]["restaurantbooking.dev/postgres-version"], "18");

    // Created again on the volumes that were kept.
    place.resources().delete("trattoria", &kube::api::DeleteParams::background()).await.expect("it is deleted");
    crate::world::eventually("the databases are gone", async || place.get(Kind::StatefulSet, DATABASE).await.is_none().then_some(())).await;
    place.apply("trattoria", spec(Some("18"))).await;
    place.condition("trattoria", "PostgresReady", "False", Some("PostgresUpgradeNeeded")).await;
    assert!(place.get(Kind::StatefulSet, DATABASE).await.is_none(), "no server of another version was started on the files");
    place.apply("trattoria", spec(None)).await;
    place.ready("trattoria").await;
    assert_eq!(image(place).await, "postgres:17");
    operator.stop().await;
}

/// The files decide which PostgreSQL can read them, where an annotation was lost: an image of another major version changes nothing, and says
/// in one line what is there and what to do. With a PostgreSQL of this machine, by the script of the object itself.
pub(crate) async fn a7_files_of_another_major_version_are_left_alone(place: &Place) {
    let operator = place.operator();
    place.apply("trattoria", spec(None)).await;
    place.ready("trattoria").await;
    let database = place.get(Kind::StatefulSet, DATABASE).await.expect("a StatefulSet");
    let container = &database["spec"]["template"]["spec"]["initContainers"][0];
    operator.stop().await;

    let programs = Search::from_environment().find(None).await.expect("a PostgreSQL");
    let path = format!("{}:{}", programs.directory().display(), std::env::var("PATH").expect("a path"));
    let run = |major: u32| {
        let volume = tempfile::tempdir().expect("a directory");
        let data = volume.path().join("pgdata");
        std::fs::create_dir(&data).expect("a directory");
        std::fs::write(data.join("PG_VERSION"), format!("{major}\n")).expect("written");
        let mut command = Command::new("sh");
        command.args(["-c", container["command"][2].as_str().expect("a script")]);
        for variable in container["env"].as_array().expect("variables") {
            command.env(variable["name"].as_str().expect("a name"), variable["value"].as_str().unwrap_or_default());
        }
        let output = command.env("PATH", &path).env("PGDATA", &data).output().expect("sh runs");
        let left: Vec<_> = std::fs::read_dir(&data).expect("files").map(|file| file.expect("a file").file_name()).collect();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned(), left)
    };
    let (here, other) = (programs.major(), programs.major() + 1);
    let (code, told, left) = run(other);
    assert_eq!((code, told.lines().count(), left.len()), (Some(1), 1, 1), "{told}");
    let annotation =
        format!("kubectl annotate --overwrite persistentvolumeclaim {DATABASE} restaurantbooking.dev/postgres-version={other}");
    for part in [&format!("{DATABASE} holds the files of PostgreSQL {other}"), &format!("PostgreSQL {here}"), &annotation] {
        assert!(told.contains(part.as_str()), "{part} in {told}");
    }
    // What it does with files that it can read, tests/e2e shows.
    let (_, told, _) = run(here);
    assert!(!told.contains("holds the files"), "{told}");
}
