//! Golden files: the definition, the plan of each example, and resources that earlier versions accepted.

use std::path::{Path, PathBuf};

use kube::api::{Api, DynamicObject, Patch, PatchParams, ValidationDirective};
use operator::api::RestaurantBooking;
use operator::plan::plan;
use operator::reconcile::validate::Defaults;
use serde_json::{Value, json};

use crate::world::Place;

/// The largest definition. Apply sends it as a whole, and the limit is 262,144 bytes with the additions of `kubectl apply`.
const LARGEST: usize = 153_600;
const CRD: &str = "crds/restaurantbookings.restaurantbooking.dev.yaml";
const EXAMPLES: [&str; 8] = ["minimal", "trattoria", "external", "production", "backup", "backup-claim", "backup-cloudnativepg", "restore"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Compares a generated file with its fresh text, or writes it if UPDATE is set.
#[track_caller]
fn assert_fresh(path: &str, fresh: &str) {
    let file = root().join(path);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(&file, fresh).expect(path);
    }
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    let differs = text.lines().zip(fresh.lines()).enumerate().find(|(_, (old, new))| old != new);
    assert!(
        text == fresh,
        "{path} is stale, first at {differs:?}; after a look: UPDATE=1 cargo test -p restaurant-booking-tests --test operator golden"
    );
}

/// The API server's answer to an object, which is not stored.
async fn dry_run(place: &Place, resource: &kube::core::ApiResource, object: &Value) -> kube::Result<DynamicObject> {
    let api: Api<DynamicObject> = Api::namespaced_with(place.client.clone(), &place.name, resource);
    let params = PatchParams { field_validation: Some(ValidationDirective::Strict), ..PatchParams::apply("golden").dry_run() };
    api.patch(object["metadata"]["name"].as_str().expect("a name"), &params, &Patch::Apply(object)).await
}

/// The definition in `crds` equals the output of `operator crd`, and is small enough.
pub(crate) async fn the_definition(_: &Place) {
    let fresh = serde_yaml::to_string(&operator::api::crd()).expect("YAML");
    assert_fresh(CRD, &fresh);
    assert!(fresh.len() <= LARGEST, "{} bytes, of which {LARGEST} are allowed", fresh.len());
}

/// The plan of each example is unchanged, as `operator plan -f` prints it for an operator with a fixed version.
pub(crate) async fn the_plans(_: &Place) {
    for example in EXAMPLES {
        let objects = objects(example);
        let texts = objects.iter().map(|object| format!("---\n{}", serde_yaml::to_string(object).expect("YAML")));
        assert_fresh(&format!("tests/operator/plans/{example}.yaml"), &texts.collect::<String>());
    }
}

fn objects(example: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(root().join(format!("examples/{example}.yaml"))).expect("an example");
    let resource = operator::api::read(&text).unwrap_or_else(|error| panic!("{example}: {error}"));
    // A new version must not change the files.
    let defaults = Defaults { image_tag: "1.0.0".to_owned(), ..Default::default() };
    plan(&resource, &defaults).unwrap_or_else(|invalid| panic!("{example}: {invalid:?}")).into_iter().map(|object| object.body).collect()
}

/// The API server would accept every object of every plan, and knows all their fields.
pub(crate) async fn the_plans_are_accepted(place: &Place) {
    for example in EXAMPLES {
        let objects = objects(example);
        assert!(objects.len() > 20, "{example}: {} objects", objects.len());
        for mut object in objects {
            object["metadata"]["namespace"] = place.name.as_str().into();
            for owner in object["metadata"]["ownerReferences"].as_array_mut().into_iter().flatten() {
                owner["uid"] = "00000000-0000-0000-0000-000000000000".into();
            }
            let kind = operator::reconcile::kind::Kind::ALL.into_iter().find(|kind| object["kind"] == kind.as_str()).expect("a kind");
            if let Err(error) = dry_run(place, &kind.resource(), &object).await {
                panic!("{example}: {} {}: {error}", object["kind"], object["metadata"]["name"]);
            }
        }
    }
}

/// Resources that an earlier version of the definition accepted, with every field that it had, are accepted by this one: each file in
/// `accepted` stays as it is. A new version adds files with its own fields.
pub(crate) async fn what_was_accepted_still_is(place: &Place) {
    let folder = root().join("tests/operator/accepted");
    let mut files: Vec<_> = std::fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    assert!(!files.is_empty());
    let kind = kube::core::ApiResource::erase::<RestaurantBooking>(&());
    for file in &files {
        let text = std::fs::read_to_string(file).expect("a file");
        let object: Value = serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let accepted = dry_run(place, &kind, &object).await.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        // The API server neither drops nor changes a field.
        assert_eq!(accepted.data["spec"], object["spec"], "{}", file.display());
        // The operator, and other users of its types, can read it.
        operator::api::read(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
    // A file that is refused shows that the check works.
    let wrong = json!({"apiVersion": "restaurantbooking.dev/v1alpha1", "kind": "RestaurantBooking", "metadata": {"name": "wrong"},
        "spec": {"restaurant": {"name": "Wrong", "timeZone": "UTC", "cuisine": "Italian"}}});
    assert!(dry_run(place, &kind, &wrong).await.is_err());
}
