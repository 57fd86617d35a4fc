use serde_json::json;

use super::*;
use crate::reconcile::told::APPLIED;

fn owner() -> Owner {
    Owner { namespace: "default".into(), name: "trattoria".into() }
}

/// Settles what an answer tells; returns whether no other reconcile has to look at the object.
fn settle(children: &Children, kind: Kind, hash: &str, told: Told, is_ours: bool) -> bool {
    let (owner, again) = (owner(), AtomicBool::new(false));
    children.ask(&owner, kind, "a", &again).settle(hash, told, is_ours);
    !again.into_inner()
}

#[test]
fn what_is_settled_stays_so_until_a_watch_tells_of_a_newer_version() {
    let children = Children::default();
    let settled = |hash: &str| children.settled(&owner(), Kind::Secret, "a", hash).is_some();
    assert!(!settled("x"));
    // A write is answered before a watch reports it, and a watch may still report an older version.
    settle(&children, Kind::Secret, "x", told("7"), true);
    assert!(settled("x") && !settled("y"));
    children.seen(&owner(), Kind::Secret, "a", told("6"));
    assert!(settled("x"));
    children.seen(&owner(), Kind::Secret, "a", told("10"));
    assert!(!settled("x"));
    settle(&children, Kind::Secret, "x", told("10"), true);
    assert!(settled("x"));
    children.gone(&owner(), Kind::Secret, "a", Version::of("11"));
    assert!(!settled("x"));
}

#[test]
fn the_newest_version_is_that_of_a_write_or_of_a_watch() {
    let children = Children::default();
    let newest = || children.newest(&owner(), Kind::Secret, "a");
    assert_eq!(newest(), None);
    settle(&children, Kind::Secret, "x", told("7"), true);
    assert_eq!(newest(), Some(Version::of("7")), "a watch has not reported it yet");
    for (seen, known) in [("6", "7"), ("7", "7"), ("10", "10")] {
        children.seen(&owner(), Kind::Secret, "a", told(seen));
        assert_eq!(newest(), Some(Version::of(known)), "a watch has reported {seen}");
    }
    children.gone(&owner(), Kind::Secret, "a", Version::of("11"));
    assert_eq!(newest(), None);
}

/// What is told of an object with an owned field, or none, a note in its specification that others own, and an annotation of a controller.
fn told_of(version: &str, applied: &str, field: Option<&str>, note: &str, metadata: serde_json::Value, status: &serde_json::Value) -> Told {
    told_of_a(Kind::Job, version, applied, field, note, metadata, status)
}

fn told_of_a(
    kind: Kind,
    version: &str,
    applied: &str,
    field: Option<&str>,
    note: &str,
    metadata: serde_json::Value,
    status: &serde_json::Value,
) -> Told {
    let owned = field.map_or_else(|| json!({}), |field| json!({"f:spec": {format!("f:{field}"): {}}}));
    let mut metadata = metadata;
    metadata["resourceVersion"] = version.into();
    metadata["annotations"] = json!({APPLIED: applied});
    metadata["managedFields"] = json!([
        {"manager": "restaurant-booking-operator", "operation": "Apply", "fieldsV1": owned},
        {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": {"f:spec": {format!("f:{note}"): {}}}},
        {"manager": "controller", "operation": "Update", "fieldsV1": {"f:metadata": {"f:annotations": {format!("f:{version}"): {}}}}},
    ]);
    Told::of_answer(kind, &json!({"metadata": metadata, "status": status}))
}

fn told(version: &str) -> Told {
    told_of(version, "x", Some("a"), "n", json!({}), &json!({}))
}

#[test]
fn d10_what_leaves_our_fields_as_they_were_is_settled_at_once() {
    let children = Children::default();
    let owner = owner();
    let settled = || children.settled(&owner, Kind::Job, "a", "x");
    let seen = |told: Told| children.seen(&owner, Kind::Job, "a", told) == News::Change;
    let complete = json!({"conditions": [{"type": "Complete", "status": "True"}]});
    let is_done = |observed: Option<Observed>| observed == Some(Observed::done());
    assert!(settle(&children, Kind::Job, "x", told("1"), true));
    assert!(settled().is_some() && !is_done(settled()));
    assert!(!seen(told("2")) && settled().is_some(), "no state has changed");
    assert!(seen(told_of("3", "x", Some("a"), "n", json!({}), &complete)), "its state is news");
    assert!(is_done(settled()), "and needs no request");
    for changed in [
        told_of("4", "y", Some("a"), "n", json!({}), &complete),
        told_of("4", "x", Some("b"), "n", json!({}), &complete),
        told_of("4", "x", Some("a"), "other", json!({}), &complete),
        told_of("4", "x", Some("a"), "n", json!({"deletionTimestamp": "2030-01-01T00:00:00Z"}), &complete),
    ] {
        assert!(seen(changed.clone()) && settled().is_none(), "{changed:?}");
        children.settle_told(&owner, Kind::Job, "a", "x", told_of("4", "x", Some("a"), "n", json!({}), &complete));
        assert!(is_done(settled()));
        settle(&children, Kind::Job, "x", told_of("3", "x", Some("a"), "n", json!({}), &complete), true);
    }
    // What was compared, and is somebody else's in part, is compared again each time it changes.
    assert!(settle(&children, Kind::Job, "x", told("4"), false));
    assert!(seen(told("5")) && settled().is_none() && children.told(&owner, Kind::Job, "a").is_some());
    // Something newer was told meanwhile.
    children.settle_told(&owner, Kind::Job, "a", "x", told("4"));
    assert!(settled().is_none());
}

#[test]
fn only_what_steps_wait_for_has_a_resource_reconciled_at_once() {
    let (children, owner) = (Children::default(), owner());
    let told = |kind: Kind, version: u8, generation: u8, status: &serde_json::Value| {
        told_of_a(kind, &version.to_string(), "x", Some("a"), "n", json!({"generation": generation}), status)
    };
    for kind in [Kind::Job, Kind::Deployment] {
        assert!(settle(&children, kind, "x", told(kind, 1, 1, &json!({})), true));
    }
    let seen = |kind, version, generation, status| children.seen(&owner, kind, "a", told(kind, version, generation, &status));
    // No controller tells which generation of a Job it has observed.
    assert_eq!(seen(Kind::Job, 2, 1, json!({"active": 1})), News::None);
    assert_eq!(seen(Kind::Job, 3, 1, json!({"conditions": [{"type": "Complete", "status": "True"}]})), News::Change);
    // That of a Deployment does, and has nothing to tell before.
    assert_eq!(seen(Kind::Deployment, 2, 1, json!({})), News::None);
    assert_eq!(seen(Kind::Deployment, 3, 1, json!({"observedGeneration": 1, "replicas": 1})), News::Progress);
    assert_eq!(seen(Kind::Deployment, 4, 1, json!({"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1})), News::Progress);
    let ready = json!({"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1});
    assert_eq!(seen(Kind::Deployment, 5, 1, ready.clone()), News::Change);
    assert_eq!(seen(Kind::Deployment, 6, 1, ready.clone()), News::None);
    assert_eq!(seen(Kind::Deployment, 7, 2, ready), News::None);
    assert!(children.settled(&owner, Kind::Deployment, "a", "x").is_none(), "its state is another generation's");
    assert_eq!(seen(Kind::Deployment, 8, 2, json!({"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1})), News::Change);
}

#[test]
fn what_is_reported_during_a_request_is_looked_at_after_it_unless_the_answer_tells_it() {
    let of = |version: &str, generation: u8, observed: u8| {
        let status = json!({"observedGeneration": observed, "updatedReplicas": 1, "availableReplicas": 1});
        told_of_a(Kind::Deployment, version, "x", Some("a"), "n", json!({"generation": generation}), &status)
    };
    let looks = |before: bool, reported: &[Told], answer: Option<Told>| {
        let (children, owner, again) = (Children::default(), owner(), AtomicBool::new(false));
        if before {
            assert!(settle(&children, Kind::Deployment, "x", of("1", 1, 1), true));
        }
        let asked = children.ask(&owner, Kind::Deployment, "a", &again);
        for told in reported {
            assert_eq!(children.seen(&owner, Kind::Deployment, "a", told.clone()), News::None);
        }
        if let Some(answer) = answer {
            asked.settle("x", answer, true);
        }
        drop(asked);
        again.into_inner()
    };
    assert!(!looks(false, &[of("2", 1, 0)], Some(of("2", 1, 0))), "the operator's own creation");
    assert!(looks(false, &[of("2", 1, 0)], None), "a request that failed");
    assert!(looks(false, &[of("2", 1, 0), of("3", 1, 1)], Some(of("2", 1, 0))), "what came after it");
    // The state is again what it was before the write, and the answer tells an older one.
    assert!(looks(true, &[of("3", 2, 1), of("4", 2, 2)], Some(of("3", 2, 1))));
    assert!(!looks(true, &[], Some(of("3", 2, 1))), "watches will tell");
}

#[test]
fn what_a_new_list_does_not_have_is_gone() {
    let children = Children::default();
    for name in ["a", "b"] {
        children.seen(&owner(), Kind::Secret, name, told("1"));
    }
    children.seen(&owner(), Kind::Service, "c", told("1"));
    let mut listed = Listed::default();
    listed.add(&owner(), "b");
    children.relisted(Kind::Secret, None, &listed);
    assert_eq!(children.of(&owner()), [(Kind::Secret, "b".to_owned()), (Kind::Service, "c".to_owned())]);
    children.relisted(Kind::Secret, Some("elsewhere"), &Listed::default());
    assert_eq!(children.of(&owner()).len(), 2);
}

#[test]
fn an_object_with_anothers_label_is_lost() {
    let children = Children::default();
    let other = Owner { name: "osteria".into(), ..owner() };
    children.seen(&owner(), Kind::Secret, "a", told("1"));
    assert_eq!(children.lost(Some(&owner()), "default", Kind::Secret, "a", Version::of("2")), []);
    assert_eq!(children.lost(Some(&other), "elsewhere", Kind::Secret, "a", Version::of("2")), []);
    assert_eq!(children.lost(Some(&other), "default", Kind::Secret, "a", Version::of("2")), [owner()]);
    assert_eq!(children.lost(None, "default", Kind::Secret, "a", Version::of("2")), []);
}

#[test]
fn d08_no_belief_survives_a_deletion_that_a_watch_reports_before_the_answer() {
    let settled = |meanwhile: &dyn Fn(&Children)| {
        let (children, owner) = (Children::default(), owner());
        children.seen(&owner, Kind::ConfigMap, "a", told("10"));
        let again = AtomicBool::new(false);
        let asked = children.ask(&owner, Kind::ConfigMap, "a", &again);
        meanwhile(&children);
        asked.settle("x", told("12"), true);
        drop(asked);
        let believed = !again.into_inner();
        assert_eq!(children.settled(&owner, Kind::ConfigMap, "a", "x").is_some(), believed);
        // What was asked later knows nothing of it.
        assert!(settle(&children, Kind::ConfigMap, "x", told("14"), true));
        believed
    };
    let (owner, of) = (owner(), |version: &str| Version::of(version));
    let seen = |children: &Children, version: &str| {
        children.seen(&owner, Kind::ConfigMap, "a", told(version));
    };
    assert!(settled(&|_| {}));
    assert!(settled(&|children| seen(children, "12")));
    assert!(settled(&|children| children.gone(&owner, Kind::ConfigMap, "a", of("11"))), "what was made since the deletion is there");
    assert!(settled(&|children| children.gone(&owner, Kind::ConfigMap, "b", of("13"))));
    assert!(settled(&|children| drop(children.relisted(Kind::Secret, None, &Listed::default()))));
    assert!(!settled(&|children| {
        seen(children, "12");
        children.gone(&owner, Kind::ConfigMap, "a", of("13"));
    }));
    assert!(!settled(&|children| children.gone(&owner, Kind::ConfigMap, "a", of("unknown"))));
    assert!(!settled(&|children| drop(children.relisted(Kind::ConfigMap, None, &Listed::default()))), "a list tells of no deletion");
    for other in [None, Some(Owner { name: "osteria".into(), ..owner.clone() })] {
        assert!(!settled(&|children| {
            let losers = children.lost(other.as_ref(), "default", Kind::ConfigMap, "a", of("13"));
            assert!(losers.len() == 1 && losers[0] == owner);
        }));
    }
}

#[test]
fn only_the_same_takeover_of_the_same_object_is_in_vain() {
    let children = Children::default();
    children.took_over_in_vain(&owner(), Kind::Service, "a", 7);
    let is_in_vain = |name: &str, takeover: u64| children.is_in_vain(&owner(), Kind::Service, name, takeover);
    assert_eq!([is_in_vain("a", 7), is_in_vain("a", 8), is_in_vain("b", 7)], [true, false, false]);
    children.gone(&owner(), Kind::Service, "a", Version::of("11"));
    assert!(!is_in_vain("a", 7), "a new object of the name");
}
