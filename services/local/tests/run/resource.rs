//! A restaurant from a file: the examples, what of them has an effect, and what is told of a wrong one.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use reqwest::Method;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::api::Api;
use crate::process::{Ended, Running, command, refused};
use crate::{Home, booking, events};

/// With what the line about what is not used begins.
const UNUSED: &str = "Of no use on this machine, only in a cluster: ";

fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name);
    format!("--file={}", path.display())
}

/// A file with a resource of this spec.
fn file(home: &Home, name: &str, spec: &str) -> (PathBuf, String) {
    let path = home.0.path().join(name);
    let head = "apiVersion: restaurantbooking.dev/v1alpha1\nkind: RestaurantBooking\nmetadata: {name: bistro}\nspec:\n";
    fs::write(&path, format!("{head}{spec}")).expect("written");
    let flag = format!("--file={}", path.display());
    (path, flag)
}

/// The names of the topics and how many partitions each has, as any client of Kafka sees them.
fn topics(platform: &Running) -> Vec<(String, usize)> {
    let client: BaseConsumer = ClientConfig::new().set("bootstrap.servers", platform.row("Kafka")).create().expect("a client");
    let metadata = client.fetch_metadata(None, Duration::from_secs(20)).expect("metadata");
    let mut topics: Vec<_> = metadata.topics().iter().map(|topic| (topic.name().to_owned(), topic.partitions().len())).collect();
    topics.sort();
    topics
}

fn three_topics(prefix: &str, partitions: usize) -> Vec<(String, usize)> {
    ["menu.events", "reservation.events", "user.events"].map(|topic| (format!("{prefix}{topic}"), partitions)).to_vec()
}

fn stopped(platform: Running) -> Ended {
    platform.signal(Signal::INT);
    let ended = platform.end();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.errors);
    ended
}

/// What the platform says of no use; it says so once.
fn unused(platform: Running) -> String {
    let errors = stopped(platform).errors;
    let lines: Vec<_> = errors.lines().filter_map(|line| line.strip_prefix(UNUSED)).collect();
    assert_eq!(lines.len(), 1, "{errors}");
    lines[0].to_owned()
}

fn printed(arguments: &[&str]) -> String {
    let output = command(arguments).arg("--print-resource").output().expect("it starts");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.stderr, b"");
    String::from_utf8(output.stdout).expect("text")
}

#[tokio::test]
async fn the_trattoria_is_run_as_its_file_says() {
    let platform = Running::start(&["--ephemeral", &example("trattoria.yaml")]);
    assert_eq!(platform.title(), "Trattoria da Rosa is open.");
    assert_eq!(platform.row("Administrator"), "rosa@trattoria.example");
    let anyone = Api::of(&platform);
    let admin = anyone.admin(&platform).await;

    // Its floor is the file's, and changed there.
    let (status, refused) = admin.post("/reservations/tables", json!({"table_number": 11, "capacity": 4})).await;
    assert_eq!((status, &refused["section"]), (409, &Value::from("floor")), "{refused}");
    let (_, tables) = anyone.get("/reservations/tables").await;
    assert_eq!((tables.as_array().map(Vec::len), &tables[3]["description"]), (Some(10), &Value::from("By the window")), "{tables}");
    let rome = TimeZone::get("Europe/Rome").expect("a time zone");
    let today = Timestamp::now().to_zoned(rome.clone()).date();
    let at_seven = today.checked_add(2.days()).expect("a date").at(19, 0, 0, 0).to_zoned(rome.clone()).expect("a time").timestamp();
    let mut request = booking(&tables[3]);
    request["reservation_time"] = at_seven.to_string().into();
    request["contact_email"] = "guest@example.com".into();
    request["contact_phone"] = "+39 06 1234567".into();
    let (status, booked) = admin.post("/reservations/", request).await;
    assert_eq!((status, &booked["status"]), (201, &Value::from("confirmed")), "{booked}");

    let slots = async |days: i64| {
        let date = today.checked_add(days.days()).expect("a date");
        (date, anyone.get(&format!("/reservations/availability?date={date}&guests_count=2")).await)
    };
    let (date, (status, day)) = slots(7).await;
    // Lunch at the weekend, else dinner.
    let opens = if date.weekday().to_monday_zero_offset() > 4 { 12 } else { 17 };
    let opens = date.at(opens, 0, 0, 0).to_zoned(rome).expect("a time").timestamp();
    let first: Timestamp = day[0]["time"].as_str().and_then(|time| time.parse().ok()).expect("a time");
    assert_eq!((status, first), (200, opens), "{day}");
    assert_eq!(slots(80).await.1.0, 200);
    assert_eq!(slots(100).await.1.0, 422, "beyond maxDaysAhead");

    for (origin, admitted) in [("https://trattoria.example", true), ("http://localhost:3000", true), ("https://elsewhere.example", false)] {
        let answer = anyone.request(Method::GET, "/reservations/tables").header("origin", origin).send().await.expect("an answer");
        let allowed = answer.headers().get("access-control-allow-origin").map(|value| value.to_str().expect("text"));
        assert_eq!(allowed, admitted.then_some(origin));
    }
    assert_eq!(topics(&platform), three_topics("", 2));
    assert_eq!(
        unused(platform),
        "auth.replicas, menu.replicas, reservation.replicas, reservation.resources, postgres, kafka.managed, kafka.topics.retention, ingress."
    );
}

#[tokio::test]
async fn the_smallest_example_has_the_defaults_and_uses_all_that_it_gives() {
    let platform = Running::start(&["--ephemeral", &example("minimal.yaml")]);
    assert_eq!((platform.title(), platform.row("Administrator")), ("Minimal is open.", "admin@restaurant.com"));
    assert_eq!(topics(&platform), three_topics("", 3));
    Api::of(&platform).admin(&platform).await;
    let errors = stopped(platform).errors;
    assert!(!errors.contains(UNUSED), "{errors}");
}

#[tokio::test]
async fn the_external_example_runs_on_what_is_here_with_its_prefix_and_password() {
    let platform = Running::start(&["--ephemeral", &example("external.yaml")]);
    assert_eq!((platform.row("Administrator"), platform.row("Password")), ("host@bistro.example", "change-this-password"));
    Api::of(&platform).admin(&platform).await;
    assert_eq!(events(platform.row("Kafka"), "bistro.", 1).await, ["user.registered"]);
    assert_eq!(topics(&platform), three_topics("bistro.", 6));
    assert_eq!(unused(platform), "postgres, kafka.external, kafka.topics.replicationFactor.");
}

#[tokio::test]
async fn the_production_example_runs_on_what_is_here() {
    let platform = Running::start(&["--ephemeral", &example("production.yaml")]);
    assert_eq!(platform.title(), "Restaurant im Grand Hotel is open.");
    assert_eq!(topics(&platform), three_topics("", 9));
    Api::of(&platform).admin(&platform).await;
    let unused = unused(platform);
    for field in ["auth.autoscaling", "reservation.affinity", "postgres", "kafka.strimzi", "gateway", "networkPolicy", "deletionPolicy"] {
        assert!(unused.trim_end_matches('.').split(", ").any(|told| told == field), "{field} in {unused}");
    }
    assert!(!unused.contains("corsAllowedOrigins") && !unused.contains("restaurant"), "{unused}");
}

#[test]
fn what_is_printed_can_be_run_and_printed_again() {
    let home = Home::new();
    let path = home.0.path().join("printed.yaml");
    let again = format!("--file={}", path.display());
    let mut all = vec![printed(&[])];
    for name in ["minimal.yaml", "trattoria.yaml", "external.yaml", "production.yaml"] {
        all.push(printed(&[&example(name)]));
    }
    for text in &all {
        fs::write(&path, text).expect("written");
        assert_eq!(&printed(&[&again]), text);
    }
    for part in
        ["name: The restaurant", "timeZone: UTC", "confirmation: Manual", "maxDaysAhead: 180", "admin@restaurant.com", "partitions: 3"]
    {
        assert!(all[0].contains(part), "{part} in {}", all[0]);
    }
    assert!(!all[3].contains("change-this-password"), "{}", all[3]);
    // What flags say is in it.
    let flags = ["--time-zone=Asia/Tokyo", "--auto-confirm", "--max-days-ahead=30", "--admin-email=chef@example.com"];
    let text = printed(&[&[example("trattoria.yaml").as_str()], flags.as_slice()].concat());
    for part in ["timeZone: Asia/Tokyo", "confirmation: Automatic", "maxDaysAhead: 30", "email: chef@example.com", "ingress:"] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn a_resource_comes_from_standard_input() {
    let mut child = command(&["--file=-", "--print-resource"]).stdin(Stdio::piped()).spawn().expect("it starts");
    let text = printed(&[&example("trattoria.yaml")]);
    child.stdin.take().expect("piped").write_all(text.as_bytes()).expect("written");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&output.stdout), text);
}

#[test]
fn all_that_is_wrong_with_a_file_and_with_the_flags_is_told_at_once() {
    let home = Home::new();
    let wrong = "  restaurant: {name: '', timeZone: Mars/Olympus, opening: noon}\n  admin: {email: nobody}\n  \
                 auth: {replicas: 2, autoscaling: {maxReplicas: 3}}\n  kafka: {topics: {partitions: 0}}\n  ingres: {}\n  \
                 menu: {replicas: two, logLevel: loud}\n  ingress: {}\n  gateway:\n";
    let (path, flag) = file(&home, "wrong.yaml", wrong);
    let message = refused(&["--ephemeral", &flag, "--kafka=broker", "--bcrypt-cost=9"]);
    for part in [
        "spec.restaurant.name: ",
        "spec.restaurant.timeZone: is \"Mars/Olympus\"",
        "spec.restaurant.opening: there is no such field",
        "spec.admin.email: cannot be used: ",
        "spec.auth: give replicas or autoscaling, not both",
        "spec.kafka.topics.partitions: is 0; it must be at least 1",
        "spec.menu.replicas: is \"two\"; it must be of type integer",
        "spec.menu.logLevel: is \"loud\"; it must be one of error, ",
        "spec.ingress.host: is missing",
        "spec.ingres: there is no such field",
        "--kafka: is \"broker\"",
        "BCRYPT_COST (--bcrypt-cost): is 9",
    ] {
        assert!(message.contains(part), "{part} in {message}");
    }
    assert_eq!(message.lines().filter(|line| line.contains("spec.")).filter(|line| !line.contains(&*path.to_string_lossy())).count(), 0);

    let missing = home.0.path().join("missing.yaml");
    let message = refused(&["--ephemeral", &format!("--file={}", missing.display())]);
    assert!(message.contains("missing.yaml: cannot be read: No such file"), "{message}");
    fs::write(&missing, "kind: Secret\n").expect("written");
    let message = refused(&["--ephemeral", &format!("--file={}", missing.display())]);
    assert!(message.contains("there is no resource of kind RestaurantBooking"), "{message}");
}

#[tokio::test]
async fn another_resource_on_the_same_data_changes_settings_and_keeps_accounts() {
    let home = Home::new();
    let restaurant = "  restaurant: {name: Bistro, timeZone: Europe/Paris}\n";
    let (_, first) = file(&home, "first.yaml", &format!("{restaurant}  admin: {{email: first@example.com}}\n"));
    let (_, second) = file(
        &home,
        "second.yaml",
        "  restaurant: {name: Brasserie, timeZone: Europe/Paris, confirmation: Automatic}\n  admin: {email: second@example.com}\n",
    );
    let platform = Running::start(&[&home.flag(), &first]);
    let admin = Api::of(&platform).admin(&platform).await;
    let (_, table) = admin.post("/reservations/tables", json!({"table_number": 1, "capacity": 4})).await;
    let mut request = booking(&table);
    request["contact_email"] = "guest@example.com".into();
    request["contact_phone"] = "+33 1 23456789".into();
    let (_, booked) = admin.post("/reservations/", request.clone()).await;
    assert_eq!(booked["status"], "pending", "{booked}");
    platform.stop();

    let platform = Running::start(&[&home.flag(), &second]);
    assert_eq!((platform.title(), platform.row("Administrator")), ("Brasserie is open.", "first@example.com"));
    let admin = Api::of(&platform).admin(&platform).await;
    let time: Timestamp = request["reservation_time"].as_str().and_then(|time| time.parse().ok()).expect("a time");
    request["reservation_time"] = (time + SignedDuration::from_hours(24)).to_string().into();
    let (_, booked) = admin.post("/reservations/", request).await;
    assert_eq!(booked["status"], "confirmed", "{booked}");
    let (_, all) = admin.get("/reservations/").await;
    assert_eq!(all.as_array().map(Vec::len), Some(2), "{all}");
    let errors = stopped(platform).errors;
    assert!(errors.contains("The administrator was made at an earlier start"), "{errors}");
}

#[tokio::test]
async fn log_levels_are_the_files_unless_a_flag_says_otherwise() {
    let home = Home::new();
    let (_, flag) = file(&home, "loud.yaml", "  restaurant: {name: Bistro, timeZone: UTC}\n  reservation: {logLevel: debug}\n");
    for (flags, logged) in [(["--ephemeral"].as_slice(), true), (&["--ephemeral", "--log-level=warn"], false)] {
        let platform = Running::start(&[&[flag.as_str()], flags].concat());
        assert_eq!(Api::of(&platform).get("/reservations/tables").await.0, 200);
        let log = stopped(platform).log.join("\n");
        assert_eq!(log.contains("/reservations/tables"), logged, "{log}");
    }
}
