//! The objects that a fresh resource would have.

use std::collections::{BTreeMap, HashMap};

use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt as _;
use kube::api::{Api, Patch, PatchParams};
use operator::api::RestaurantBooking;
use operator::reconcile::build::{Object, build};
use operator::reconcile::kind::Kind;
use operator::reconcile::names::database_name;
use operator::reconcile::references::{Credentials, References, SecretData};
use operator::reconcile::secrets::names;
use operator::reconcile::service::{PerService, Service};
use operator::reconcile::step::Step;
use operator::reconcile::validate::{Defaults, validate};
use operator::reconcile::volume::Volume;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::normal::{Objects, stored};
use crate::world::Place;

/// Asks the API server for the objects that it would store in an empty namespace.
pub(super) struct Fresh {
    place: Place,
    empty: Place,
    /// The answers to earlier questions.
    known: Mutex<HashMap<String, Value>>,
}

impl Fresh {
    pub(super) async fn beside(place: &Place) -> Self {
        Self { place: place.clone(), empty: place.world.place("nothing").await, known: Mutex::default() }
    }

    /// The objects of a resource without a history.
    pub(super) async fn objects(&self, resource: &RestaurantBooking) -> Objects {
        let references = self.references(resource).await;
        let defaults = Defaults { operator_namespace: self.place.name.clone(), ..Default::default() };
        let platform = validate(resource, &references, &defaults).unwrap_or_else(|invalid| panic!("{invalid:?}"));
        let mut objects = Objects::new();
        for Object { kind, name, body, step } in build(&platform) {
            // There is no data yet.
            if matches!(step, Step::BeforeMigration(_)) {
                continue;
            }
            objects.insert(format!("{}/{name}", kind.as_str()), self.stored(kind, &name, body).await);
        }
        objects
    }

    async fn references(&self, resource: &RestaurantBooking) -> References {
        let name = resource.name_any();
        let api: Api<Secret> = Api::namespaced(self.place.client.clone(), &self.place.name);
        let mut secrets: BTreeMap<String, SecretData> = BTreeMap::new();
        for secret in names(&name, &resource.spec) {
            if let Some(found) = api.get_opt(&secret).await.expect("the API server answers") {
                secrets.insert(secret, found.data.unwrap_or_default().into_iter().map(|(key, value)| (key, value.0)).collect());
            }
        }
        let credentials = Credentials::complete(&name, &secrets).expect("randomness");
        let mut volumes = PerService::default();
        for (volume, service) in [&mut volumes.auth, &mut volumes.menu, &mut volumes.reservation].into_iter().zip(Service::ALL) {
            let claim = self.place.api(Kind::PersistentVolumeClaim).get_opt(&database_name(&name, service)).await.expect("an answer");
            *volume = claim.and_then(|claim| Volume::of(claim.annotations()));
        }
        References {
            secrets,
            kinds: Kind::ALL.into_iter().filter(|kind| kind.is_optional()).collect(),
            credentials,
            volumes,
            ..Default::default()
        }
    }

    async fn stored(&self, kind: Kind, name: &str, mut body: Value) -> Value {
        body["metadata"]["namespace"] = self.empty.name.as_str().into();
        let question = body.to_string();
        let mut known = self.known.lock().await;
        if let Some(answer) = known.get(&question) {
            return answer.clone();
        }
        let params = PatchParams::apply("restaurant-booking-operator").force().dry_run();
        let answer = self.empty.api(kind).patch(name, &params, &Patch::Apply(&body)).await;
        let answer = answer.unwrap_or_else(|error| panic!("{} {name}: {error}", kind.as_str()));
        let answer = stored(kind, serde_json::to_value(answer).expect("JSON"));
        known.insert(question, answer.clone());
        answer
    }
}
