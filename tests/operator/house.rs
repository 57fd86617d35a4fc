//! The declared house: applied after the migration by a Job, whose end the reservation service waits for, and whose words the status has.

use operator::reconcile::kind::Kind;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use reservation::config::Restaurant;
use reservation::declared;
use reservation::room::Room;
use restaurant_booking_tests::{Platform, Setup};
use serde_json::{Value, json};

use crate::random::{houses as random_houses, through_api, told};

use crate::upgrade::{jobs, spec};
use crate::world::{Place, eventually};

const NAME: &str = "trattoria";

/// A house with one table for so many guests.
fn floor(seats: i32) -> Value {
    json!({"floor": {"tables": [{"number": 1, "seats": seats}]}})
}

/// The Jobs that apply a house.
async fn houses(place: &Place) -> Vec<String> {
    jobs(place).await.into_iter().filter(|name| name.starts_with("trattoria-reservation-house-")).collect()
}

/// The file that a Job applies.
async fn file(place: &Place, job: &str) -> Option<Value> {
    let job = place.get(Kind::Job, job).await?;
    let volumes = job["spec"]["template"]["spec"]["volumes"].as_array()?;
    let name = volumes.iter().find_map(|volume| volume["configMap"]["name"].as_str())?;
    serde_json::from_str(place.get(Kind::ConfigMap, name).await?["data"]["house.json"].as_str()?).ok()
}

/// What is declared is applied, and told; an edit of it is another Job, and no Pod of the service is replaced.
pub(crate) async fn what_is_declared_is_applied_and_told(place: &Place) {
    let operator = place.operator();
    place.apply(NAME, spec(place, json!({})).await).await;
    place.ready(NAME).await;
    let said = place.condition(NAME, "HouseApplied", "True", Some("NotDeclared")).await;
    let [first] = houses(place).await.try_into().expect("one Job");
    assert_eq!(said, format!("{first}: it did what it was told"));
    assert_eq!(file(place, &first).await, Some(json!({})));
    let before = place.get(Kind::Deployment, "trattoria-reservation").await.expect("a Deployment");

    place.apply(NAME, spec(place, floor(4)).await).await;
    place.condition(NAME, "HouseApplied", "True", Some("Applied")).await;
    place.ready(NAME).await;
    eventually("the former Job is gone", async || (houses(place).await.len() == 1).then_some(())).await;
    let second = houses(place).await.remove(0);
    assert_ne!(first, second);
    assert_eq!(file(place, &second).await, Some(floor(4)));
    let now = place.get(Kind::Deployment, "trattoria-reservation").await.expect("a Deployment");
    assert_eq!(now["metadata"]["generation"], before["metadata"]["generation"]);
    operator.quiet().await;
    operator.stop().await;
}

/// Two edits in quick succession end in the second: its Job is made when that of the first and its Pods are gone.
pub(crate) async fn edits_in_quick_succession_end_in_the_last(place: &Place) {
    let operator = place.operator();
    place.apply(NAME, spec(place, floor(2)).await).await;
    place.ready(NAME).await;
    for seats in 3..=6 {
        place.apply(NAME, spec(place, floor(seats)).await).await;
    }
    eventually("the house of the last edit", async || {
        let [only] = <[String; 1]>::try_from(houses(place).await).ok()?;
        (file(place, &only).await? == floor(6)).then_some(())
    })
    .await;
    place.ready(NAME).await;
    operator.quiet().await;
    assert_eq!(houses(place).await.len(), 1);
    operator.stop().await;
}

/// A house that cannot be applied is told, and stops no rollout; an image that does not know how leaves Ready as it is.
pub(crate) async fn a_house_that_fails_stops_no_rollout(place: &Place) {
    let operator = place.operator();
    let restaurant = |zone: &str| json!({"name": "Trattoria", "timeZone": zone});
    place.apply(NAME, spec(place, json!({})).await).await;
    place.ready(NAME).await;
    // The Pod of the house alone knows the zone, and fails in this one.
    let mut more = floor(4);
    (more["restaurant"], more["image"]) = (restaurant("Antarctica/Troll"), json!({"tag": "2.0"}));
    place.apply(NAME, spec(place, more.clone()).await).await;
    let said = place.condition(NAME, "HouseApplied", "False", Some("Failed")).await;
    assert!(said.contains("it ended with an error"), "{said}");
    place.condition(NAME, "Ready", "False", Some("Failed")).await;
    eventually("the rollout goes on", async || {
        let image =
            place.get(Kind::Deployment, "trattoria-reservation").await?["spec"]["template"]["spec"]["containers"][0]["image"].clone();
        image.as_str()?.ends_with(":2.0").then_some(())
    })
    .await;
    place.condition(NAME, "ServicesReady", "True", None).await;
    operator.quiet().await;

    more["restaurant"] = restaurant("Antarctica/Vostok");
    place.apply(NAME, spec(place, more.clone()).await).await;
    place.condition(NAME, "HouseApplied", "False", Some("HouseNotSupported")).await;
    place.ready(NAME).await;
    more["restaurant"] = restaurant("Europe/Rome");
    place.apply(NAME, spec(place, more).await).await;
    place.condition(NAME, "HouseApplied", "True", Some("Applied")).await;
    place.ready(NAME).await;
    operator.stop().await;
}

/// How many random houses are tried.
const HOUSES: usize = 8;

/// A house without the members that are null, which a resource leaves out.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            members.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.clone(), without_nulls(value))).collect()
        }
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

/// Whatever house a resource declares: the API server admits it, the operator writes the file of its Job, and the file makes the same house
/// of a database as the API does.
pub(crate) async fn a_random_house_in_the_resource_is_the_one_that_the_api_makes(place: &Place) {
    let by_file = Platform::start(Setup::only("reservation")).await;
    let by_api = Platform::start(Setup::only("reservation")).await;
    let (operator, room, mut runner) = (place.operator(), Room::new(Restaurant::default(), None), TestRunner::default());
    for _ in 0..HOUSES {
        let house = without_nulls(&random_houses().new_tree(&mut runner).expect("a house").current());
        place.apply(NAME, spec(place, house.clone()).await).await;
        place.condition(NAME, "HouseApplied", "True", Some("Applied")).await;
        let [job] = houses(place).await.try_into().expect("one Job");
        let written = file(place, &job).await.expect("a file").to_string();
        let checked = declared::file::parse(&written).unwrap_or_else(|faults| panic!("{faults}: {written}"));
        let mut connection = by_file.pool("reservation").acquire().await.expect("a connection");
        declared::apply(&mut connection, &room, &checked).await.expect("applied");
        // What the service knows of the house is at most a second old.
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        through_api(&by_api, &house).await;
        assert_eq!(told(&by_file).await, told(&by_api).await, "of {house}");
    }
    operator.stop().await;
}
