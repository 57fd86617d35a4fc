use std::path::Path;

use auth::keys;
use chassis::run::config::Settings;
use restaurant_booking_tests::platform::{auth_config, settings};
use restaurant_booking_tests::{Platform, Setup, database, token};
use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;

use crate::{Served, administrator, part, platform, serve};

#[tokio::test(flavor = "multi_thread")]
async fn the_key_set_is_public_and_holds_public_keys_alone() {
    let platform = platform().await;
    let reply = platform.anyone("auth").get("/.well-known/jwks.json").await.expect(200);
    assert_eq!((reply.header("cache-control"), reply.header("content-type")), ("public, max-age=300", "application/json"));
    let keys = reply.body["keys"].as_array().expect("keys");
    assert_eq!(keys.len(), 1);
    let members: Vec<_> = keys[0].as_object().expect("a key").keys().cloned().collect();
    assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x"]);
    for (member, value) in [("kty", "OKP"), ("crv", "Ed25519"), ("use", "sig"), ("alg", "EdDSA")] {
        assert_eq!(keys[0][member], value, "{member}");
    }
    assert_eq!(keys[0]["kid"], json!(token::header().kid));
    platform.anyone("auth").get("/.well-known/jwks.json/?all=1").await.invalid(&["?all"]);
}

async fn start(platform: &Platform, database: &PgConnectOptions, directory: &Path) -> Served {
    let settings = Settings { public_keys: directory.join(keys::KEY_SET), ..settings(database.clone(), platform.kafka.clone()) };
    serve(auth::Config { private_key: directory.join(keys::PRIVATE_KEY), ..auth_config(settings) }).await
}

fn kid(token: &str) -> Value {
    part(token, 0)["kid"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_replaced_without_logging_anyone_out() {
    let platform = Platform::start(Setup { services: vec![], ..Setup::default() }).await;
    let (database, directory) = (database::migrated("auth").await, tempfile::tempdir().expect("a directory"));
    keys::generate(directory.path(), false).expect("keys");
    let running = start(&platform, &database, directory.path()).await;
    let kids = async |api: &restaurant_booking_tests::Api| {
        let set = api.get("/.well-known/jwks.json").await.expect(200);
        set.body["keys"].as_array().expect("keys").iter().map(|key| key["kid"].clone()).collect::<Vec<_>>()
    };
    let old = administrator(&running.api).await;
    assert_eq!(kids(&running.api).await, [kid(&old)]);

    keys::generate(directory.path(), true).expect("keys");
    let restarted = start(&platform, &database, directory.path()).await;
    let new = administrator(&restarted.api).await;
    assert_ne!(kid(&new), kid(&old));
    // The replica that still runs with the old key goes on with it.
    let later = administrator(&running.api).await;
    assert_eq!(kid(&later), kid(&old));
    for replica in [&running, &restarted] {
        for token in [&old, &new, &later] {
            replica.api.with_token(token).get("/auth/me").await.expect(200);
        }
        assert_eq!(kids(&replica.api).await, [kid(&new), kid(&old)]);
    }
    running.stop().await;
    restarted.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_set_that_cannot_be_read_leaves_the_keys_as_they_are() {
    let platform = Platform::start(Setup { services: vec![], ..Setup::default() }).await;
    let (database, directory) = (database::migrated("auth").await, tempfile::tempdir().expect("a directory"));
    keys::generate(directory.path(), false).expect("keys");
    let running = start(&platform, &database, directory.path()).await;
    let token = administrator(&running.api).await;
    std::fs::write(directory.path().join(keys::KEY_SET), "{").expect("written");
    assert_eq!(running.api.get("/.well-known/jwks.json").await.expect(200).body["keys"][0]["kid"], kid(&token));
    running.api.with_token(&token).get("/auth/me").await.expect(200);
    running.stop().await;
}
