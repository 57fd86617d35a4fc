//! The auth service as a program of its own.

use restaurant_booking_tests::program::{Program, run};
use restaurant_booking_tests::{broker::Broker, database};
use serde_json::json;

const AUTH: &str = env!("CARGO_BIN_EXE_auth");

#[test]
fn everything_that_is_missing_or_malformed_is_told_at_once() {
    let variables = [("BCRYPT_COST", "9"), ("CORS_ALLOWED_ORIGINS", "*"), ("ADMIN_EMAIL", "nobody"), ("ADMIN_PASSWORD", "short")];
    let ended = run(AUTH, &["serve", "--log-format", "yaml", "--kafka-bootstrap-servers", "broker"], &variables);
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    for name in [
        "DATABASE_URL",
        "JWT_PUBLIC_KEYS_FILE",
        "JWT_PRIVATE_KEY_FILE",
        "BCRYPT_COST",
        "CORS_ALLOWED_ORIGINS",
        "ADMIN_EMAIL",
        "ADMIN_PASSWORD",
        "LOG_FORMAT",
        "KAFKA_BOOTSTRAP_SERVERS",
    ] {
        assert!(said.contains(name), "{name} is not in {said}");
    }
    assert!(!said.contains("short\""), "a password is not repeated: {said}");
    assert_eq!(run(AUTH, &["serve", "--database-ulr", "x"], &[]).status.code(), Some(2));
}

/// Keys, migration and service apart, with secrets from files, as a cluster does it.
#[tokio::test(flavor = "multi_thread")]
async fn keys_migration_and_service() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = |name: &str| directory.path().join(name).to_str().expect("a path").to_owned();
    let keys = directory.path().to_str().expect("a path");
    assert!(run(AUTH, &["keygen", "--directory", keys], &[]).status.success());

    let options = database::empty().await;
    let server = database::server().await;
    std::fs::write(file("url"), format!("{}\n", server.url(options.get_database().expect("a name")))).expect("written");
    std::fs::write(file("password"), "Admin123!\n").expect("written");
    let url = file("url");
    let migrated = run(AUTH, &["migrate"], &[("DATABASE_URL_FILE", url.as_str())]);
    assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));

    let broker = Broker::start();
    let (private, public, password) = (file("private.pem"), file("jwks.json"), file("password"));
    let variables = [
        ("DATABASE_URL_FILE", url.as_str()),
        ("KAFKA_BOOTSTRAP_SERVERS", broker.bootstrap_servers.as_str()),
        ("JWT_PRIVATE_KEY_FILE", private.as_str()),
        ("JWT_PUBLIC_KEYS_FILE", public.as_str()),
        ("ADMIN_PASSWORD_FILE", password.as_str()),
        ("BCRYPT_COST", "10"),
    ];
    let auth = Program::serve(AUTH, &["--no-migrate"], &variables).await;
    let credentials = json!({"email": "admin@restaurant.com", "password": "Admin123!"});
    let token = auth.api.post("/auth/login", &credentials).await.expect(200).body["access_token"].as_str().expect("a token").to_owned();
    let known = json!({"email": "ada@example.com", "password": "correct horse", "full_name": "Ada Lovelace", "phone": "+44 20 7946 0958"});
    let registered = auth.api.post("/auth/register", &known).await.expect(201);
    auth.api.post("/auth/register", &known).await.problem(409, "email_taken");
    auth.api.post("/auth/login", &json!({"email": "ada@example.com", "password": "wrong"})).await.problem(401, "invalid_credentials");

    // A login under way when the cluster says stop is answered.
    let last = {
        let api = auth.api.clone();
        tokio::spawn(async move { api.post("/auth/login", &credentials).await })
    };
    tokio::time::sleep(std::time::Duration::from_millis(40)).await;
    let status = tokio::task::block_in_place(|| auth.terminate());
    last.await.expect("an answer").expect(200);
    assert_eq!(status.code(), Some(0));

    let log = auth.json_log();
    let id = registered.header("x-request-id");
    let line = log.iter().find(|line| line["request_id"] == id).expect("the request");
    assert_eq!((&line["route"], &line["status"], &line["method"]), (&json!("/auth/register"), &json!(201), &json!("POST")));
    let text = auth.log().join("\n");
    for secret in
        [token.as_str(), "Admin123!", "correct horse", "ada@example.com", "Ada Lovelace", "7946 0958", "admin@restaurant.com", "$2b$"]
    {
        assert!(!text.contains(secret), "{secret} is in the log");
    }
}

/// The way back in, where no administrator can log in: with the database alone, while the service runs.
#[tokio::test(flavor = "multi_thread")]
async fn f06_an_administrator_is_appointed_by_a_command() {
    let options = database::migrated("auth").await;
    let url = database::server().await.url(options.get_database().expect("a name"));
    let appoint = |email: &str| run(AUTH, &["appoint", email], &[("DATABASE_URL", url.as_str())]);
    let pool = database::pool(options);
    let add = "INSERT INTO \"user\" (email, email_folded, password_hash) VALUES ('Jörg@example.com', 'jörg@example.com', '')";
    sqlx::query(add).execute(&pool).await.expect("an account");

    let unknown = appoint("nobody@example.com");
    assert_eq!(unknown.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("no account has the e-mail address"), "{unknown:?}");
    let malformed = appoint("nobody");
    assert_eq!(malformed.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&malformed.stderr).contains("EMAIL"), "{malformed:?}");
    let roles = async || -> Vec<(String, i32)> {
        sqlx::query_as("SELECT role::text, version FROM \"user\"").fetch_all(&pool).await.expect("roles")
    };
    assert_eq!(roles().await, [("user".to_owned(), 1)]);

    for said in ["is an administrator from now on", "is an administrator already"] {
        let appointed = appoint("JÖRG@example.com");
        assert!(appointed.status.success(), "{appointed:?}");
        assert!(String::from_utf8_lossy(&appointed.stdout).contains(said), "{appointed:?}");
        assert_eq!(roles().await, [("admin".to_owned(), 2)]);
    }
    let told: Vec<(String, String)> =
        sqlx::query_as("SELECT type::text, data ->> 'role' FROM outbox").fetch_all(&pool).await.expect("events");
    assert_eq!(told, [("user.updated".to_owned(), "admin".to_owned())]);
}

/// A database that was restored gives no number that the lost time may have given. Doing it twice only leaves more of them out.
#[tokio::test(flavor = "multi_thread")]
async fn a_restored_directory_gives_no_number_twice_and_tells_of_its_users_again() {
    let options = database::empty().await;
    let url = database::server().await.url(options.get_database().expect("a name"));
    let pool = database::pool(options);
    let run = |command: &[&str]| run(AUTH, command, &[("DATABASE_URL", &url)]);
    assert_eq!(run(&["migrate"]).status.code(), Some(0));
    let user = "INSERT INTO \"user\" (email, email_folded, password_hash, updated_at) VALUES ($1, $1, 'none', now() - $2 * interval '1 day') RETURNING id";
    let mut ids = Vec::new();
    for (email, age) in [("ada@example.com", 100), ("new@example.com", 90), ("old@example.com", 120)] {
        let id: i32 = sqlx::query_scalar(user).bind(email).bind(age).fetch_one(&pool).await.expect("a user");
        ids.push(id);
    }
    for round in 1..=2 {
        let ended = run(&["after-restore"]);
        let said = String::from_utf8_lossy(&ended.stdout);
        assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
        assert!(said.contains("sequences moved ahead: ") && said.contains("; users told again: "), "{said}");
        let next: i32 = sqlx::query_scalar(user).bind(format!("{round}@example.com")).bind(90).fetch_one(&pool).await.expect("a user");
        assert!(next > ids[2] + round * 10_000, "{next} after {ids:?}");
    }
    // Those that were changed in the week before the newest change: one at first, then the one that was added between, too.
    let told = "SELECT key, type, data ->> 'email' FROM outbox ORDER BY id";
    let told: Vec<(String, String, String)> = sqlx::query_as(told).fetch_all(&pool).await.expect("events");
    let emails: Vec<&str> = told.iter().map(|(_, _, email)| email.as_str()).collect();
    assert_eq!(emails, ["new@example.com", "new@example.com", "1@example.com"]);
    assert!(told.iter().all(|(_, kind, _)| kind == "user.updated") && told[0].0 == ids[1].to_string(), "{told:?}");
}
