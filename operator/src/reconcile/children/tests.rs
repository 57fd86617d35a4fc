use serde_json::json;

use super::*;
use crate::reconcile::told::APPLIED;

fn owner() -> Owner {
    Owner { namespace: "default".into(), name: "trattoria".into() }
}

#[test]
fn what_is_settled_stays_so_until_a_watch_tells_of_a_newer_version() {
    let children = Children::default();
    let settled = |hash: &str| children.settled(&owner(), Kind::Secret, "a", hash).is_some();
    assert!(!settled("x"));
    // A write is answered before a watch reports it, and a watch may still report an older version.
    children.ask(&owner(), Kind::Secret, "a").settle("x", told("7"), true);
    assert!(settled("x") && !settled("y"));
    children.seen(&owner(), Kind::Secret, "a", told("6"));
    assert!(settled("x"));
    children.seen(&owner(), Kind::Secret, "a", told("10"));
    assert!(!settled("x"));
    children.ask(&owner(), Kind::Secret, "a").settle("x", told("10"), true);
    assert!(settled("x"));
    children.gone(&owner(), Kind::Secret, "a", Version::of("11"));
    assert!(!settled("x"));
}

#[test]
fn the_newest_version_is_that_of_a_write_or_of_a_watch() {
    let children = Children::default();
    let newest = || children.newest(&owner(), Kind::Secret, "a");
    assert_eq!(newest(), None);
    children.ask(&owner(), Kind::Secret, "a").settle("x", told("7"), true);
    assert_eq!(newest(), Some(Version::of("7")), "a watch has not reported it yet");
    for (seen, known) in [("6", "7"), ("7", "7"), ("10", "10")] {
        children.seen(&owner(), Kind::Secret, "a", told(seen));
        assert_eq!(newest(), Some(Version::of(known)), "a watch has reported {seen}");
    }
    children.gone(&owner(), Kind::Secret, "a", Version::of("11"));
    assert_eq!(newest(), None);
}

/// What is told of an object with an owned field, or none, and a note that others own.
fn told_of(version: &str, applied: &str, field: Option<&str>, note: &str, metadata: serde_json::Value, status: &serde_json::Value) -> Told {
    let owned = field.map_or_else(|| json!({}), |field| json!({"f:spec": {format!("f:{field}"): {}}}));
    let mut metadata = metadata;
    metadata["resourceVersion"] = version.into();
    metadata["annotations"] = json!({APPLIED: applied});
    metadata["managedFields"] = json!([
        {"manager": "restaurant-booking-operator", "operation": "Apply", "fieldsV1": owned},
        {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": {"f:metadata": {"f:annotations": {format!("f:{note}"): {}}}}},
    ]);
    Told::of_answer(Kind::Job, &json!({"metadata": metadata, "status": status}))
}

fn told(version: &str) -> Told {
    told_of(version, "x", Some("a"), "n", json!({}), &json!({}))
}

#[test]
fn d10_what_leaves_our_fields_as_they_were_is_settled_at_once() {
    let children = Children::default();
    let owner = owner();
    let settled = || children.settled(&owner, Kind::Job, "a", "x");
    let seen = |told: Told| children.seen(&owner, Kind::Job, "a", told);
    let complete = json!({"conditions": [{"type": "Complete", "status": "True"}]});
    let is_done = |observed: Option<Observed>| observed == Some(Observed::done());
    assert!(children.ask(&owner, Kind::Job, "a").settle("x", told("1"), true));
    assert!(settled().is_some() && !is_done(settled()));
    assert!(!seen(told("2")) && settled().is_some(), "no state has changed");
    assert!(seen(told_of("3", "x", Some("a"), "n", json!({}), &complete)), "its state is news");
    assert!(is_done(settled()), "and needs no request");
    for changed in [
        told_of("4", "y", Some("a"), "n", json!({}), &complete),
        told_of("4", "x", Some("b"), "n", json!({}), &complete),
        told_of("4", "x", Some("a"), "other", json!({}), &complete),
        told_of("4", "x", Some("a"), "n", json!({"generation": 2}), &complete),
        told_of("4", "x", Some("a"), "n", json!({"deletionTimestamp": "2030-01-01T00:00:00Z"}), &complete),
    ] {
        assert!(seen(changed.clone()) && settled().is_none(), "{changed:?}");
        children.settle_told(&owner, Kind::Job, "a", "x", told_of("4", "x", Some("a"), "n", json!({}), &complete));
        assert!(is_done(settled()));
        children.ask(&owner, Kind::Job, "a").settle("x", told_of("3", "x", Some("a"), "n", json!({}), &complete), true);
    }
    // What was compared, and is somebody else's in part, is compared again each time it changes.
    assert!(children.ask(&owner, Kind::Job, "a").settle("x", told("4"), false));
    assert!(seen(told("5")) && settled().is_none() && children.told(&owner, Kind::Job, "a").is_some());
    // Something newer was told meanwhile.
    children.settle_told(&owner, Kind::Job, "a", "x", told("4"));
    assert!(settled().is_none());
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
        let asked = children.ask(&owner, Kind::ConfigMap, "a");
        meanwhile(&children);
        let believed = asked.settle("x", told("12"), true);
        drop(asked);
        assert_eq!(children.settled(&owner, Kind::ConfigMap, "a", "x").is_some(), believed);
        // What was asked later knows nothing of it.
        assert!(children.ask(&owner, Kind::ConfigMap, "a").settle("x", told("14"), true));
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
