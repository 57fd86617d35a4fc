use chassis::events::event::TopicEvent as _;
use contract::{Happened, ReservationEvent};
use serde_json::{Value, json};

use crate::{house, in_hours, wanted};

/// What the statements write is the typed event, with nothing missing, nothing more, and times in its format.
#[tokio::test(flavor = "multi_thread")]
async fn the_events_are_those_of_the_contract() {
    let (platform, _) = house(&[4]).await;
    let (admin, guest, pool) = (platform.admin("reservation"), platform.user("reservation", 5), platform.pool("reservation"));
    // Nothing leaves the outbox: what is written can be read here.
    platform.broker.as_ref().expect("a broker").down();
    let first = guest.post("/reservations/", &wanted(in_hours(2), 2)).await.expect(201).id();
    let path = format!("/reservations/{first}");
    guest.patch(&path, &json!({"guests_count": 3})).await.expect(200);
    for action in ["confirm", "seat", "complete"] {
        admin.act(&format!("{path}/{action}")).await.expect(200);
    }
    let second = guest.post("/reservations/", &wanted(in_hours(24), 2)).await.expect(201).id();
    guest.act(&format!("/reservations/{second}/cancel")).await.expect(200);
    let third = guest.post("/reservations/", &wanted(in_hours(24), 2)).await.expect(201).id();
    crate::move_in_time(&platform, third, -25).await;
    admin.act(&format!("/reservations/{third}/no-show")).await.expect(200);

    let written: Vec<(String, String, String, Value)> =
        sqlx::query_as("SELECT topic, key, type, data FROM outbox ORDER BY id").fetch_all(&pool).await.expect("events");
    let mut happened = Vec::new();
    for (topic, key, kind, data) in written {
        let event = ReservationEvent::read(&kind, &data).expect("the event of the contract").expect("a type of the contract");
        assert_eq!((topic.as_str(), key), (ReservationEvent::TOPIC, event.key()));
        assert_eq!(event.data(), data, "{kind}");
        happened.push(event.happened);
    }
    use Happened::{Cancelled, Changed, Completed, Confirmed, Created, NoShow, Seated};
    assert_eq!(happened, [Created, Changed, Confirmed, Seated, Completed, Created, Cancelled, Created, NoShow]);
}
