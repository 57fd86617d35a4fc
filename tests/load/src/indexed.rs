//! The operator's indexes and caches, fed in this process with the metadata of the objects of ten thousand resources.

use std::time::{Duration, Instant};

use kube::ResourceExt as _;
use kube::api::{DynamicObject, ObjectMeta};
use operator::reconcile::children::Children;
use operator::reconcile::kept::Secrets;
use operator::reconcile::kind::Kind;
use operator::reconcile::mentions::Mentions;
use operator::reconcile::resource::Owner;
use operator::reconcile::told::Told;
use serde_json::Value;

use crate::report::{Goal, Report};
use crate::{Result, proc};

/// The objects, as many of each resource as the smallest one has.
const OBJECTS: usize = 460_000;
/// The resources in the index when the time of an event is measured.
const OWNERS: usize = 10_000;
/// The events whose mean time is told.
const EVENTS: u32 = 10_000;

/// An object of the resource `restaurant`, as the API server has it.
pub(crate) struct Sample {
    pub(crate) kind: Kind,
    pub(crate) object: DynamicObject,
}

impl Sample {
    /// The name that the object has for another resource.
    fn name(&self, owner: &Owner) -> String {
        self.object.name_any().replacen("restaurant", &owner.name, 1)
    }

    fn metadata(&self, owner: &Owner, version: usize) -> ObjectMeta {
        ObjectMeta { name: Some(self.name(owner)), resource_version: Some(version.to_string()), ..self.object.metadata.clone() }
    }

    fn told(&self, owner: &Owner, version: usize) -> Told {
        let whole = self.kind.is_observed().then(|| serde_json::to_value(&self.object).expect("an object is JSON"));
        Told::of(self.kind, &self.metadata(owner, version), whole.as_ref())
    }
}

fn owner(number: usize) -> Owner {
    // A namespace with all of them is the worst case of an index by namespace.
    Owner { namespace: "dining".to_owned(), name: format!("restaurant-{number}") }
}

pub(crate) fn measure(samples: &[Sample], report: &mut Report) -> Result<()> {
    let resident = || proc::memory(std::process::id()).map_or(f64::NAN, |(now, _)| now);
    let (before, children, mentions, secrets) = (resident(), Children::default(), Mentions::default(), Secrets::default());
    let (mut version, fed) = (0, OBJECTS.div_ceil(samples.len()).min(OWNERS));
    for number in 0..fed {
        let owner = owner(number);
        for sample in samples {
            version += 1;
            children.seen(&owner, sample.kind, &sample.name(&owner), sample.told(&owner, version));
            if sample.kind == Kind::Secret {
                let mut secret = serde_json::to_value(&sample.object)?;
                secret["metadata"]["resourceVersion"] = Value::String(version.to_string());
                secrets.written(&owner, &sample.name(&owner), &secret);
            }
        }
        mentions.refer(&owner, &samples.iter().filter(|sample| sample.kind == Kind::Secret).map(|sample| sample.name(&owner)).collect());
    }
    let (objects, first) = (version, resident() - before);
    version = 0;
    for number in 0..fed {
        let owner = owner(number);
        for sample in samples {
            version += 1;
            children.settle_told(&owner, sample.kind, &sample.name(&owner), "hash", sample.told(&owner, version));
        }
    }
    let settled = resident() - before;
    report.goal(
        format!("indexes and caches, fed with the metadata of {objects} objects of {fed} resources: before a reconcile has compared one"),
        Goal::AtMost(256.0),
        " MiB",
        first,
        format!("{first:.0} MiB ({:.0} bytes an object)", first * 1_048_576.0 / objects as f64),
    );
    report.told("— when all are compared (memory that is free again counts)", format!("{settled:.0} MiB"));
    let sample = samples.iter().find(|sample| sample.kind == Kind::Service).ok_or("there is no Service")?;
    for number in fed..OWNERS {
        let owner = owner(number);
        children.seen(&owner, sample.kind, &sample.name(&owner), sample.told(&owner, 1));
    }
    let (whose, stranger) = (owner(OWNERS / 2), owner(OWNERS + 1));
    let name = sample.name(&whose);
    let one = |version: usize| {
        let started = Instant::now();
        let told = sample.told(&whose, version);
        children.lost(Some(&whose), &whose.namespace, sample.kind, &name, told.version);
        children.seen(&whose, sample.kind, &name, told);
        mentions.of(&whose.namespace, &name);
        // What is nobody's is looked for at every resource.
        children.lost(Some(&stranger), &whose.namespace, sample.kind, "nobody's", sample.told(&stranger, version).version);
        started.elapsed()
    };
    let all: Duration = (0..EVENTS).map(|event| one(objects + 1 + event as usize)).sum();
    let micros = all.as_secs_f64() * 1e6 / f64::from(EVENTS);
    report.goal(format!("one event with {OWNERS} resources in the index"), Goal::AtMost(100.0), " µs", micros, format!("{micros:.1} µs"));
    Ok(())
}
