//! From a resource to a running platform.

use operator::reconcile::kind::Kind;
use serde_json::json;

use crate::world::Place;

/// A resource with only a name and a time zone becomes Ready.
pub(crate) async fn the_smallest_resource(place: &Place) {
    let operator = place.operator();
    place.apply("trattoria", json!({"restaurant": {"name": "Trattoria", "timeZone": "Europe/Rome"}})).await;
    place.ready("trattoria").await;
    let status = place.resources().get("trattoria").await.expect("the resource").status.expect("a status");
    assert_eq!(status.replicas.as_deref(), Some("6/6"));
    assert_eq!(status.admin_secret_name.as_deref(), Some("trattoria-admin"));
    assert!(place.get(Kind::Secret, "trattoria-admin").await.is_some());
    operator.stop().await;
}
