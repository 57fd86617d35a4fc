//! What others do between a request of the operator and its answer.

use http::Method;
use operator::reconcile::kind::Kind;
use serde_json::{Value, json};

use crate::wire::{Fate, Wire};
use crate::world::{Operator, Place, eventually};

const NAME: &str = "trattoria";

fn spec(host: &str) -> Value {
    let one = json!({"replicas": 1});
    json!({
        "restaurant": {"name": "Trattoria", "timeZone": "Europe/Rome"},
        "auth": one, "menu": one, "reservation": one, "ingress": {"host": host},
    })
}

async fn ready(place: &Place) -> Operator {
    let operator = place.operator_over(Wire::default());
    place.apply(NAME, spec("book.example.com")).await;
    place.ready(NAME).await;
    operator.quiet().await;
    operator
}

/// The answer to a change of an object is held. Meanwhile the watch tells of the change and of what somebody does next: the object is
/// deleted, or loses the operator's labels. It is as wanted again, soon after the answer.
pub(crate) async fn d08_what_goes_before_the_answer_to_a_write_comes_back(place: &Place) {
    let operator = ready(place).await;
    let hosts = ["one.example.com", "two.example.com"];
    for (host, is_deleted) in hosts.into_iter().zip([true, false]) {
        operator.wire.decide(|_, method, uri| if method == Method::PATCH && uri.contains("/ingresses/") { Fate::Hold } else { Fate::Pass });
        let before = place.get(Kind::Ingress, NAME).await.expect("an Ingress");
        place.apply(NAME, spec(host)).await;
        operator.wire.stuck().await;
        operator.wire.decide(|_, _, _| Fate::Pass);
        let changed = place.get(Kind::Ingress, NAME).await.expect("an Ingress");
        assert_ne!(changed["metadata"]["resourceVersion"], before["metadata"]["resourceVersion"], "the write has arrived");
        if is_deleted {
            place.delete(Kind::Ingress, NAME).await;
        } else {
            place.edit(Kind::Ingress, NAME, json!({"metadata": {"labels": null}})).await;
        }
        // The watch has told of it by then.
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        operator.wire.release();
        let now = eventually("the Ingress is as wanted", async || {
            let now = place.get(Kind::Ingress, NAME).await?;
            let labelled = now["metadata"]["labels"]["app.kubernetes.io/instance"] == NAME;
            (labelled && now["spec"]["rules"][0]["host"] == host).then_some(now)
        })
        .await;
        assert_eq!(now["metadata"]["uid"] == changed["metadata"]["uid"], !is_deleted);
        place.ready(NAME).await;
        operator.quiet().await;
    }
    operator.stop().await;
}
