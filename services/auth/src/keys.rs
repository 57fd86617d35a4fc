//! Making the keys of tokens: a private one for auth, and the set of public ones for every service.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, KeypairBytes};
use ed25519_dalek::{SigningKey, VerifyingKey};
use jsonwebtoken::jwk::{
    AlgorithmParameters, CommonParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, OctetKeyPairParameters, OctetKeyPairType, PublicKeyUse,
};
use sha2::{Digest as _, Sha256};

/// The name of the file with the private key.
pub const PRIVATE_KEY: &str = "private.pem";
/// The name of the file with the public keys.
pub const KEY_SET: &str = "jwks.json";

/// The outcome of [`generate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generated {
    /// The keys existed already, and nothing was changed.
    Kept,
    /// The private key existed, and its key set was made.
    Completed,
    /// A private key and a key set were made.
    Made,
    /// A new private key was made; the previous public key stays in the set.
    Rotated,
}

impl fmt::Display for Generated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept => write!(f, "{PRIVATE_KEY} and {KEY_SET} exist already and were not changed"),
            Self::Completed => write!(f, "{PRIVATE_KEY} exists already; {KEY_SET} was made for it"),
            Self::Made => write!(f, "{PRIVATE_KEY} and {KEY_SET} were made"),
            Self::Rotated => write!(f, "{PRIVATE_KEY} is a new key; {KEY_SET} has it and the previous one"),
        }
    }
}

/// Why keys could not be made.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file system refused.
    #[error("{0} cannot be read or written: {1}")]
    File(PathBuf, #[source] io::Error),
    /// A file is not what its name says.
    #[error("{0} is not {1}; move it away, and a new one is made")]
    Foreign(PathBuf, &'static str),
    /// The operating system has no randomness to give.
    #[error("a key cannot be made: {0}")]
    Make(String),
}

/// A new private key, and the key set with its public one.
#[derive(Clone)]
pub struct KeyPair {
    /// The private key: PKCS#8, PEM.
    pub private_key: String,
    /// The key set: JSON (RFC 7517).
    pub key_set: String,
}

/// Makes a key pair, for callers that keep keys elsewhere than in files.
///
/// # Errors
/// Where the operating system has no randomness to give.
pub fn pair() -> Result<KeyPair, KeysError> {
    let key = new_key()?;
    Ok(KeyPair { private_key: private_pem(&key), key_set: set_json(jwk(&key.verifying_key()), None) })
}

fn new_key() -> Result<SigningKey, KeysError> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(|error| KeysError::Make(error.to_string()))?;
    Ok(SigningKey::from_bytes(&secret))
}

/// Makes `private.pem`, readable by its owner alone, and `jwks.json` in a directory. Keys that exist are kept.
/// With `rotate` a new private key is made in any case, and the previous public key stays in the set beside the new one.
///
/// # Errors
/// Where the files cannot be read or written, or are something else.
pub fn generate(directory: &Path, rotate: bool) -> Result<Generated, KeysError> {
    fs::create_dir_all(directory).map_err(|error| KeysError::File(directory.to_owned(), error))?;
    // Two runs at once would mix their files. On a file system without locks nothing prevents that.
    let lock = File::open(directory).map_err(|error| KeysError::File(directory.to_owned(), error))?;
    let _ = lock.lock();

    let current = read_private(&directory.join(PRIVATE_KEY))?.map(|key| jwk(&key.verifying_key()));
    let known = read_set(&directory.join(KEY_SET))?;
    let has = |key: &Jwk| known.iter().flat_map(|set| &set.keys).any(|other| x(other) == x(key));
    let first = || known.as_ref().and_then(|set| set.keys.first().cloned());
    match current {
        Some(current) if !rotate => {
            if has(&current) {
                return Ok(Generated::Kept);
            }
            write_set(directory, current, first())?;
            Ok(Generated::Completed)
        }
        current => {
            let key = new_key()?;
            let previous = current.or_else(first);
            let generated = if previous.is_some() { Generated::Rotated } else { Generated::Made };
            // The set first: no token may be signed by a key that the services do not know yet.
            write_set(directory, jwk(&key.verifying_key()), previous)?;
            write_private(directory, &key)?;
            Ok(generated)
        }
    }
}

/// The key of a public key set that belongs to a private key.
pub(crate) fn find<'a>(set: &'a JwkSet, key: &VerifyingKey) -> Option<&'a Jwk> {
    let own = jwk(key);
    set.keys.iter().find(|other| x(other) == x(&own))
}

/// The coordinate of an Ed25519 key, which distinguishes it from others.
fn x(jwk: &Jwk) -> Option<&str> {
    match &jwk.algorithm {
        AlgorithmParameters::OctetKeyPair(parameters) if parameters.curve == EllipticCurve::Ed25519 => Some(&parameters.x),
        _ => None,
    }
}

fn jwk(key: &VerifyingKey) -> Jwk {
    let x = URL_SAFE_NO_PAD.encode(key.as_bytes());
    Jwk {
        common: CommonParameters {
            public_key_use: Some(PublicKeyUse::Signature),
            key_algorithm: Some(KeyAlgorithm::EdDSA),
            key_id: Some(thumbprint(&x)),
            ..Default::default()
        },
        algorithm: AlgorithmParameters::OctetKeyPair(OctetKeyPairParameters {
            key_type: OctetKeyPairType::OctetKeyPair,
            curve: EllipticCurve::Ed25519,
            x,
        }),
    }
}

/// RFC 7638, with the required members of RFC 8037, 2, in their order and without white space.
fn thumbprint(x: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#)))
}

fn read(path: &Path) -> Result<Option<String>, KeysError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(KeysError::File(path.to_owned(), error)),
    }
}

fn read_private(path: &Path) -> Result<Option<SigningKey>, KeysError> {
    let Some(text) = read(path)? else { return Ok(None) };
    let key = SigningKey::from_pkcs8_pem(&text).map_err(|_| KeysError::Foreign(path.to_owned(), "an Ed25519 private key (PKCS#8 PEM)"))?;
    Ok(Some(key))
}

fn read_set(path: &Path) -> Result<Option<JwkSet>, KeysError> {
    let Some(text) = read(path)? else { return Ok(None) };
    let set = serde_json::from_str(&text).map_err(|_| KeysError::Foreign(path.to_owned(), "a JWK set (RFC 7517)"))?;
    Ok(Some(set))
}

fn set_json(current: Jwk, previous: Option<Jwk>) -> String {
    let set = JwkSet { keys: [Some(current), previous].into_iter().flatten().collect() };
    serde_json::to_string_pretty(&set).expect("a key set is JSON") + "\n"
}

fn write_set(directory: &Path, current: Jwk, previous: Option<Jwk>) -> Result<(), KeysError> {
    write(directory, KEY_SET, 0o644, set_json(current, previous).as_bytes())
}

fn private_pem(key: &SigningKey) -> String {
    // Without the public key, which makes it version 1 of PKCS#8: OpenSSL reads no other.
    let bytes = KeypairBytes { secret_key: key.to_bytes(), public_key: None };
    bytes.to_pkcs8_pem(LineEnding::LF).expect("an Ed25519 key can be written as PKCS#8").to_string()
}

fn write_private(directory: &Path, key: &SigningKey) -> Result<(), KeysError> {
    write(directory, PRIVATE_KEY, 0o600, private_pem(key).as_bytes())
}

/// Writes a file so that it is there whole or not at all.
fn write(directory: &Path, name: &str, mode: u32, content: &[u8]) -> Result<(), KeysError> {
    let (path, unfinished) = (directory.join(name), directory.join(format!(".{name}.new")));
    let attempt = || {
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&unfinished)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&unfinished, &path)?;
        File::open(directory)?.sync_all()
    };
    attempt().map_err(|error| KeysError::File(path.clone(), error))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn set(directory: &Path) -> Vec<Jwk> {
        read_set(&directory.join(KEY_SET)).expect("readable").expect("there").keys
    }

    fn public(directory: &Path) -> Jwk {
        jwk(&read_private(&directory.join(PRIVATE_KEY)).expect("readable").expect("there").verifying_key())
    }

    #[test]
    fn the_thumbprint_is_that_of_rfc_8037() {
        assert_eq!(thumbprint("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn keys_are_made_once_and_the_private_one_is_for_its_owner() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("keys");
        assert_eq!(generate(&path, false).expect("keys"), Generated::Made);
        let first = set(&path);
        assert_eq!((first.len(), x(&first[0])), (1, x(&public(&path))));
        let mode = fs::metadata(path.join(PRIVATE_KEY)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let json: serde_json::Value = serde_json::from_str(&fs::read_to_string(path.join(KEY_SET)).expect("readable")).expect("JSON");
        for (member, value) in [("kty", "OKP"), ("crv", "Ed25519"), ("use", "sig"), ("alg", "EdDSA")] {
            assert_eq!(json["keys"][0][member], value);
        }
        assert_eq!(generate(&path, false).expect("keys"), Generated::Kept);
        assert_eq!(set(&path), first);
    }

    #[test]
    fn rotation_keeps_the_previous_key_and_no_older_one() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path();
        generate(path, false).expect("keys");
        let first = public(path);
        assert_eq!(generate(path, true).expect("keys"), Generated::Rotated);
        let second = public(path);
        assert_eq!(set(path), [second.clone(), first]);
        generate(path, true).expect("keys");
        assert_eq!(set(path), [public(path), second]);
        assert_eq!(fs::read_dir(path).expect("a directory").count(), 2);
    }

    #[test]
    fn a_missing_file_is_made_to_fit_the_other() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path();
        generate(path, false).expect("keys");
        fs::remove_file(path.join(KEY_SET)).expect("removed");
        assert_eq!(generate(path, false).expect("keys"), Generated::Completed);
        let first = public(path);
        assert_eq!(set(path), std::slice::from_ref(&first));
        fs::remove_file(path.join(PRIVATE_KEY)).expect("removed");
        assert_eq!(generate(path, false).expect("keys"), Generated::Rotated);
        assert_eq!(set(path), [public(path), first]);
    }

    #[test]
    fn a_file_of_another_kind_is_left_alone() {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join(PRIVATE_KEY), "a shopping list").expect("written");
        assert!(matches!(generate(directory.path(), true), Err(KeysError::Foreign(..))));
        assert_eq!(fs::read_to_string(directory.path().join(PRIVATE_KEY)).expect("readable"), "a shopping list");
    }
}
