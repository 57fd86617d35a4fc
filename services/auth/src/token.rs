//! Signing tokens (RFC 7519) with EdDSA.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use chassis::Shutdown;
use chassis::http::identity::{Caller, Claims, PAGES_AUDIENCE, TOKEN_TYPE, Verifier};
use chassis::run::service::StartError;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use site::session::LIFETIME;

use crate::keys;

/// How long a token for the API is good for, in seconds: 2 hours.
pub const TOKEN_LIFETIME: u64 = 2 * 60 * 60;

/// How often the file of the private key is looked at.
const LOOK: Duration = Duration::from_secs(2);

/// Signs tokens with the private key of a file, which may be replaced by another one.
pub(crate) struct Signer {
    file: PathBuf,
    verifier: Verifier,
    issuer: String,
    audience: String,
    key: RwLock<Key>,
}

/// A private key, and what tokens say of it.
struct Key {
    key: EncodingKey,
    header: Header,
    modified: Option<SystemTime>,
}

impl Key {
    fn read(file: &Path, set: &JwkSet) -> Result<Self, StartError> {
        let refuse = |why: String| StartError::Other(format!("the private key {} {why}", file.display()));
        let modified = modified(file);
        let text = std::fs::read_to_string(file).map_err(|error| refuse(format!("cannot be read: {error}")))?;
        let key = SigningKey::from_pkcs8_pem(&text).map_err(|_| {
            refuse("is not an Ed25519 private key (PKCS#8 PEM), such as `auth keygen` makes; JWT_PRIVATE_KEY_FILE names it".to_owned())
        })?;
        let public = keys::find(set, &key.verifying_key()).and_then(|jwk| jwk.common.key_id.clone()).ok_or_else(|| {
            refuse("does not belong to any key of JWT_PUBLIC_KEYS_FILE: no service would accept its tokens; give the two files of one `auth keygen`".to_owned())
        })?;
        let der = key.to_pkcs8_der().expect("an Ed25519 key can be written as PKCS#8");
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TOKEN_TYPE.to_owned());
        header.kid = Some(public);
        Ok(Self { key: EncodingKey::from_ed_der(der.as_bytes()), header, modified })
    }
}

fn modified(file: &Path) -> Option<SystemTime> {
    std::fs::metadata(file).and_then(|data| data.modified()).ok()
}

impl Signer {
    /// Reads the private key. Its public key must be one of those that the services verify with.
    ///
    /// # Errors
    /// Where it cannot be read, is of another kind, or belongs to no key of the set.
    pub(crate) fn read(file: &Path, verifier: &Verifier, issuer: &str, audience: &str) -> Result<Self, StartError> {
        let key = Key::read(file, &verifier.key_set())?;
        let (file, verifier) = (file.to_owned(), verifier.clone());
        Ok(Self { file, verifier, issuer: issuer.to_owned(), audience: audience.to_owned(), key: RwLock::new(key) })
    }

    /// Follows the file until `stop`: a key that takes the place of another one signs within a few seconds.
    pub(crate) async fn follow(self: Arc<Self>, stop: Shutdown) {
        let follow = async {
            let mut told = None;
            loop {
                tokio::time::sleep(LOOK).await;
                if let Err(error) = self.refresh() {
                    // Said once for each file: it may well be that the set with its public key is still on its way.
                    let modified = modified(&self.file);
                    if told.replace(modified) != Some(modified) {
                        tracing::warn!(%error, "the private key has changed and cannot be used yet; the one before it signs");
                    }
                }
            }
        };
        stop.run_until_cancelled(follow).await;
    }

    /// Reads the file again where it has changed.
    fn refresh(&self) -> Result<(), StartError> {
        let known = self.key.read().unwrap_or_else(PoisonError::into_inner).modified;
        if modified(&self.file) != known {
            let key = Key::read(&self.file, &self.verifier.key_set())?;
            *self.key.write().unwrap_or_else(PoisonError::into_inner) = key;
            tracing::info!("tokens are signed with a new key from now on");
        }
        Ok(())
    }

    /// A token for the API, valid from now on.
    pub(crate) fn sign(&self, caller: Caller) -> String {
        self.issue(caller, &self.audience, TOKEN_LIFETIME)
    }

    /// A session on pages, valid from now on.
    pub(crate) fn session(&self, caller: Caller) -> String {
        self.issue(caller, PAGES_AUDIENCE, LIFETIME)
    }

    fn issue(&self, Caller { user_id, role, password_change_required }: Caller, audience: &str, lifetime: u64) -> String {
        let now = jsonwebtoken::get_current_timestamp();
        let claims = Claims {
            sub: user_id.to_string(),
            role,
            iss: self.issuer.clone(),
            aud: audience.to_owned(),
            iat: now,
            exp: now + lifetime,
            password_change_required,
        };
        let key = self.key.read().unwrap_or_else(PoisonError::into_inner);
        jsonwebtoken::encode(&key.header, &claims, &key.key).expect("an Ed25519 key signs any claims")
    }
}

#[cfg(test)]
mod tests {
    use chassis::http::identity::{Role, UserId};

    use super::*;

    fn caller(user_id: UserId, role: Role) -> Caller {
        Caller { user_id, role, password_change_required: false }
    }

    fn kid(token: &str) -> Option<String> {
        jsonwebtoken::decode_header(token).expect("a header").kid
    }

    #[tokio::test]
    async fn s17_a_rotated_private_key_signs_and_the_previous_tokens_stay_valid() {
        let directory = tempfile::tempdir().expect("a directory");
        let (private, public) = (directory.path().join(keys::PRIVATE_KEY), directory.path().join(keys::KEY_SET));
        keys::generate(directory.path(), false).expect("keys");
        let verifier = Verifier::new(public.clone(), "iss", "aud").expect("a key set");
        let signer = Arc::new(Signer::read(&private, &verifier, "iss", "aud").expect("a signer"));
        let token = signer.sign(caller(UserId::MIN, Role::Admin));
        let header = jsonwebtoken::decode_header(&token).expect("a header");
        assert_eq!((header.alg, header.typ.as_deref(), header.kid.is_some()), (Algorithm::EdDSA, Some("JWT"), true));
        let known = verifier.verify(&token).expect("valid");
        assert_eq!((known.user_id, known.role), (UserId::MIN, Role::Admin));
        // A session opens no API, and a token no page.
        let sessions = Verifier::new(public.clone(), "iss", PAGES_AUDIENCE).expect("a key set");
        let session = signer.session(caller(UserId::MIN, Role::Admin));
        assert!(sessions.verify(&session).is_some() && verifier.verify(&session).is_none() && sessions.verify(&token).is_none());

        let stop = Shutdown::new();
        let following = tokio::spawn(signer.clone().follow(stop.clone()));
        // What is no key is not used, and what comes after it is.
        std::fs::write(&private, "a shopping list").expect("written");
        assert!(signer.refresh().is_err());
        assert_eq!(kid(&signer.sign(caller(UserId::MIN, Role::Admin))), kid(&token));
        std::fs::remove_file(&private).expect("removed");
        keys::generate(directory.path(), true).expect("keys");
        let rotated = async {
            loop {
                let newer = signer.sign(caller(UserId::MAX, Role::User));
                if kid(&newer) != kid(&token) {
                    return newer;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let newer = tokio::time::timeout(Duration::from_secs(20), rotated).await.expect("a token of the new key");
        assert!(verifier.verify(&newer).is_some());
        assert!(verifier.verify(&token).is_some());
        stop.cancel();
        following.await.expect("it stops");
    }

    #[test]
    fn a_private_key_of_another_set_is_refused() {
        let (ours, theirs) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
        keys::generate(ours.path(), false).expect("keys");
        keys::generate(theirs.path(), false).expect("keys");
        let verifier = Verifier::new(theirs.path().join(keys::KEY_SET), "iss", "aud").expect("a key set");
        let error = Signer::read(&ours.path().join(keys::PRIVATE_KEY), &verifier, "iss", "aud").err().expect("refused");
        assert!(error.to_string().contains("does not belong to any key of JWT_PUBLIC_KEYS_FILE"), "{error}");
    }
}
