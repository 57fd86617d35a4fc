//! Signing tokens (RFC 7519) with EdDSA.

use std::path::Path;

use chassis::http::identity::{Claims, Role, TOKEN_LIFETIME, TOKEN_TYPE};
use chassis::run::service::StartError;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, EncodingKey, Header};

use crate::keys;

/// Signs tokens with the private key.
pub(crate) struct Signer {
    key: EncodingKey,
    header: Header,
    issuer: String,
    audience: String,
}

impl Signer {
    /// Reads the private key, which must be one of those that the services verify with.
    ///
    /// # Errors
    /// Where it cannot be read, is of another kind, or belongs to no key of the set.
    pub(crate) fn read(file: &Path, set: &JwkSet, issuer: &str, audience: &str) -> Result<Self, StartError> {
        let refuse = |why: String| StartError::Other(format!("the private key {} {why}", file.display()));
        let text = std::fs::read_to_string(file).map_err(|error| refuse(format!("cannot be read: {error}")))?;
        let key = SigningKey::from_pkcs8_pem(&text).map_err(|_| {
            refuse("is not an Ed25519 private key (PKCS#8 PEM), such as `auth keygen` makes; JWT_PRIVATE_KEY_FILE names it".to_owned())
        })?;
        let public = keys::find(set, &key.verifying_key()).and_then(|jwk| jwk.common.key_id.clone()).ok_or_else(|| {
            refuse("does not belong to any key of JWT_PUBLIC_KEYS_FILE: no service would accept its tokens; give the two files of one `auth keygen`".to_owned())
        })?;
        let der = key.to_pkcs8_der().map_err(|error| refuse(format!("cannot be used: {error}")))?;
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TOKEN_TYPE.to_owned());
        header.kid = Some(public);
        Ok(Self { key: EncodingKey::from_ed_der(der.as_bytes()), header, issuer: issuer.to_owned(), audience: audience.to_owned() })
    }

    /// A token for a user, good from now on.
    ///
    /// # Errors
    /// Where it cannot be signed.
    pub(crate) fn sign(&self, user_id: i32, role: Role) -> Result<String, jsonwebtoken::errors::Error> {
        let now = jsonwebtoken::get_current_timestamp();
        let claims = Claims {
            sub: user_id.to_string(),
            role,
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            iat: now,
            exp: now + TOKEN_LIFETIME,
        };
        jsonwebtoken::encode(&self.header, &claims, &self.key)
    }
}

#[cfg(test)]
mod tests {
    use chassis::http::identity::Verifier;

    use super::*;

    #[test]
    fn a_token_is_verified_with_the_public_set_before_and_after_a_rotation() {
        let directory = tempfile::tempdir().expect("a directory");
        let (private, public) = (directory.path().join(keys::PRIVATE_KEY), directory.path().join(keys::KEY_SET));
        keys::generate(directory.path(), false).expect("keys");
        let verifier = Verifier::new(public, "iss", "aud").expect("a key set");
        let signer = || Signer::read(&private, &verifier.key_set(), "iss", "aud").expect("a signer");
        let token = signer().sign(7, Role::Admin).expect("a token");
        let header = jsonwebtoken::decode_header(&token).expect("a header");
        assert_eq!((header.alg, header.typ.as_deref(), header.kid.is_some()), (Algorithm::EdDSA, Some("JWT"), true));
        let caller = verifier.verify(&token).expect("valid");
        assert_eq!((caller.user_id.get(), caller.role), (7, Role::Admin));

        keys::generate(directory.path(), true).expect("keys");
        let newer = signer().sign(8, Role::User).expect("a token");
        assert!(verifier.verify(&newer).is_some());
        assert!(verifier.verify(&token).is_some());
    }

    #[test]
    fn a_private_key_of_another_set_is_refused() {
        let (ours, theirs) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
        keys::generate(ours.path(), false).expect("keys");
        keys::generate(theirs.path(), false).expect("keys");
        let verifier = Verifier::new(theirs.path().join(keys::KEY_SET), "iss", "aud").expect("a key set");
        let error = Signer::read(&ours.path().join(keys::PRIVATE_KEY), &verifier.key_set(), "iss", "aud").err().expect("refused");
        assert!(error.to_string().contains("does not belong to any key of JWT_PUBLIC_KEYS_FILE"), "{error}");
    }
}
