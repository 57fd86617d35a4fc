//! Keys of the test process, and tokens that they sign, good and bad.

use std::path::PathBuf;
use std::sync::LazyLock;

use chassis::http::identity::{Claims, PAGES_AUDIENCE, Role};
use jsonwebtoken::{Algorithm, EncodingKey, Header};

static KEYS: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let directory = tempfile::tempdir().expect("a directory");
    auth::keys::generate(directory.path(), false).expect("keys");
    reservation::link::generate(&directory.path().join("link-keys"), false).expect("a key");
    directory
});

/// The private key, as auth has it.
pub fn private_key_file() -> PathBuf {
    KEYS.path().join("private.pem")
}

/// The public key set, as every service has it.
pub fn public_keys_file() -> PathBuf {
    KEYS.path().join("jwks.json")
}

/// The keys that sign the links of bookings.
pub fn link_key_file() -> PathBuf {
    KEYS.path().join("link-keys")
}

/// The private key, to sign with.
pub fn signing_key() -> EncodingKey {
    EncodingKey::from_ed_pem(&std::fs::read(private_key_file()).expect("the key")).expect("an Ed25519 key")
}

/// The header of a good token.
pub fn header() -> Header {
    let text = std::fs::read_to_string(public_keys_file()).expect("the key set");
    let keys: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let mut header = Header::new(Algorithm::EdDSA);
    header.kid = Some(keys["keys"][0]["kid"].as_str().expect("a kid").to_owned());
    header
}

/// The claims of a good token.
pub fn claims(user_id: i32, role: Role) -> Claims {
    let now = jsonwebtoken::get_current_timestamp();
    let name = chassis::run::config::ISSUER.to_owned();
    Claims {
        sub: user_id.to_string(),
        role,
        iss: name.clone(),
        aud: name,
        iat: now,
        exp: now + auth::TOKEN_LIFETIME,
        password_change_required: false,
    }
}

/// A session on pages, which ends in so many seconds.
pub fn session(user_id: i32, role: Role, seconds: u64) -> String {
    let now = jsonwebtoken::get_current_timestamp();
    let claims = Claims { aud: PAGES_AUDIENCE.to_owned(), exp: now + seconds, ..claims(user_id, role) };
    jsonwebtoken::encode(&header(), &claims, &signing_key()).expect("a session")
}

/// A good token.
pub fn token(user_id: i32, role: Role) -> String {
    jsonwebtoken::encode(&header(), &claims(user_id, role), &signing_key()).expect("a token")
}
