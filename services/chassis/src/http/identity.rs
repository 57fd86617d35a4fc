//! Who is calling: bearer tokens, verified with public keys alone (RFC 7519, RFC 8725).

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderValue, header};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::code;
use super::problem::Problem;
use crate::run::shutdown::Shutdown;

crate::id! {
    /// The id of a user.
    pub struct UserId;
}

crate::words! {
    /// The role of a user: it decides what they may do.
    pub enum Role else User {
        /// May book tables and see their own bookings.
        User = "user",
        /// May also do everything of the day: bookings, walk-ins, blocks, exceptions from the hours, the pause.
        Host = "host",
        /// May do everything.
        Admin = "admin",
    }
}

/// The claims of a token (RFC 7519, 4.1), and the role.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    /// The user's id, as a string.
    pub sub: String,
    /// What the user may do.
    pub role: Role,
    /// Who made the token.
    pub iss: String,
    /// Whom it is for.
    pub aud: String,
    /// When it was made, in seconds since 1970.
    pub iat: u64,
    /// When it ends, in seconds since 1970.
    pub exp: u64,
    /// Whether the user signed in with a one-time password, and so may do nothing but choose their own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub password_change_required: bool,
}

/// The audience of sessions on pages, whatever that of tokens for the API is: neither is good for the other.
pub const PAGES_AUDIENCE: &str = "restaurant-booking-pages";

/// The `typ` of our tokens' headers.
pub const TOKEN_TYPE: &str = "JWT";

/// A key set that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeySetError {
    /// The file cannot be read.
    #[error("the public key set {0} cannot be read: {1}")]
    Read(PathBuf, std::io::Error),
    /// The file is not a key set.
    #[error("the public key set {0} is not a JWK set (RFC 7517): {1}")]
    Parse(PathBuf, String),
    /// A key is of another kind than Ed25519, or has no id.
    #[error("the public key set {0} must hold Ed25519 keys (kty OKP, crv Ed25519), each with a kid, at least one")]
    Key(PathBuf),
}

/// Verifies tokens with the public keys of a file, which is read again when a token names a key that is not known yet.
#[derive(Clone)]
pub struct Verifier(Arc<Shared>);

struct Shared {
    file: PathBuf,
    validation: Validation,
    keys: RwLock<Keys>,
}

struct Keys {
    by_id: HashMap<String, DecodingKey>,
    document: JwkSet,
    modified: Option<SystemTime>,
    /// Ends with the keys: what they verified is of no account once they are replaced.
    verified: Mutex<Verified>,
}

/// Tokens that were verified a short while ago: verifying one takes longer than everything else that the service does for a request.
/// They are known by their digests, so that no token lies in memory; tokens that are not valid are not remembered.
#[derive(Default)]
struct Verified {
    recent: HashMap<Digest, Session>,
    /// What was recent before `recent` was full: in the end all that is not asked for again is forgotten.
    before: HashMap<Digest, Session>,
}

type Digest = [u8; 32];

/// Who the bearer of a token is, and until when.
#[derive(Clone, Copy, Debug)]
pub struct Session {
    /// The bearer.
    pub caller: Caller,
    /// When the token ends, in seconds since 1970.
    pub ends_at: u64,
}

/// How often the file is looked at: one question to the operating system, which does not block for long.
const LOOK: Duration = Duration::from_secs(2);

/// How many tokens are remembered in each half.
const REMEMBERED: usize = 4096;

impl Verified {
    fn get(&mut self, digest: &Digest) -> Option<Session> {
        if let Some(known) = self.recent.get(digest) {
            return Some(*known);
        }
        let known = self.before.remove(digest)?;
        self.put(*digest, known);
        Some(known)
    }

    fn put(&mut self, digest: Digest, known: Session) {
        if self.recent.len() >= REMEMBERED {
            self.before = std::mem::take(&mut self.recent);
        }
        self.recent.insert(digest, known);
    }
}

impl Keys {
    fn read(file: &PathBuf) -> Result<Self, KeySetError> {
        let unreadable = |error| KeySetError::Read(file.clone(), error);
        let modified = std::fs::metadata(file).map_err(unreadable)?.modified().ok();
        let text = std::fs::read_to_string(file).map_err(unreadable)?;
        let document: JwkSet = serde_json::from_str(&text).map_err(|error| KeySetError::Parse(file.clone(), error.to_string()))?;
        let mut by_id = HashMap::new();
        for jwk in &document.keys {
            let (id, key) = verification_key(jwk).ok_or_else(|| KeySetError::Key(file.clone()))?;
            by_id.insert(id, key);
        }
        if by_id.is_empty() {
            return Err(KeySetError::Key(file.clone()));
        }
        Ok(Self { by_id, document, modified, verified: Mutex::default() })
    }
}

fn verification_key(jwk: &Jwk) -> Option<(String, DecodingKey)> {
    match &jwk.algorithm {
        AlgorithmParameters::OctetKeyPair(parameters) if parameters.curve == EllipticCurve::Ed25519 => {
            Some((jwk.common.key_id.clone()?, DecodingKey::from_ed_components(&parameters.x).ok()?))
        }
        _ => None,
    }
}

impl Verifier {
    /// Reads the key set.
    ///
    /// # Errors
    /// Where the file cannot be read, or holds anything but Ed25519 public keys with ids.
    pub fn new(file: PathBuf, issuer: &str, audience: &str) -> Result<Self, KeySetError> {
        // RFC 8725, 3.1: the algorithm is ours to say, not the token's. 3.8, 3.9: issuer and audience are checked.
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = 5;
        let keys = Keys::read(&file)?;
        Ok(Self(Arc::new(Shared { file, validation, keys: RwLock::new(keys) })))
    }

    /// The key set as it stands in the file now.
    pub fn key_set(&self) -> JwkSet {
        self.refresh();
        self.0.keys.read().map(|keys| keys.document.clone()).unwrap_or(JwkSet { keys: Vec::new() })
    }

    /// Follows the file until `stop`, so that a key that is taken out of it is not trusted for longer than a few seconds.
    pub(crate) async fn follow(self, stop: Shutdown) {
        let follow = async {
            loop {
                tokio::time::sleep(LOOK).await;
                self.refresh();
            }
        };
        stop.run_until_cancelled(follow).await;
    }

    /// Reads the file again where it has changed: a mounted secret is replaced in place. One that cannot be read leaves the keys as they are.
    fn refresh(&self) {
        let modified = std::fs::metadata(&self.0.file).and_then(|data| data.modified()).ok();
        let Ok(mut keys) = self.0.keys.write() else { return };
        if modified == keys.modified {
            return;
        }
        match Keys::read(&self.0.file) {
            Ok(read) => *keys = read,
            Err(error) => tracing::error!(%error, "the public key set has changed and cannot be used; the keys read before stay"),
        }
    }

    /// Who the bearer of a token is, if it is valid.
    pub fn verify(&self, token: &str) -> Option<Caller> {
        self.session(token).map(|session| session.caller)
    }

    /// Who the bearer of a token is, and until when, if it is valid.
    pub fn session(&self, token: &str) -> Option<Session> {
        let digest: Digest = Sha256::digest(token).into();
        match self.verify_with_known_keys(token, digest) {
            Ok(session) => session,
            Err(UnknownKey) => {
                self.refresh();
                self.verify_with_known_keys(token, digest).ok().flatten()
            }
        }
    }

    fn verify_with_known_keys(&self, token: &str, digest: Digest) -> Result<Option<Session>, UnknownKey> {
        let now = jsonwebtoken::get_current_timestamp();
        let keys = self.0.keys.read().unwrap_or_else(PoisonError::into_inner);
        let verified = || keys.verified.lock().unwrap_or_else(PoisonError::into_inner);
        let known = verified().get(&digest);
        if let Some(known) = known {
            // All else about it cannot change: its signature, its claims, and that its time has come.
            return Ok((known.ends_at.saturating_add(self.0.validation.leeway) >= now).then_some(known));
        }
        // We know no extension, so a token that needs one is not valid (RFC 7515, 4.1.11).
        let header = jsonwebtoken::decode_header(token).ok().filter(|header| header.crit.is_none());
        let Some(id) = header.and_then(|header| header.kid) else { return Ok(None) };
        let key = keys.by_id.get(&id).ok_or(UnknownKey)?;
        let known = self.read(token, key, now);
        if let Some(known) = known {
            verified().put(digest, known);
        }
        Ok(known)
    }

    /// What a token says, where it is valid.
    fn read(&self, token: &str, key: &DecodingKey, now: u64) -> Option<Session> {
        let claims = jsonwebtoken::decode::<Claims>(token, key, &self.0.validation).ok()?.claims;
        if claims.iat > now + self.0.validation.leeway {
            return None;
        }
        let user_id = claims.sub.parse().ok().and_then(UserId::new)?;
        let Claims { role, password_change_required, exp, .. } = claims;
        Some(Session { caller: Caller { user_id, role, password_change_required }, ends_at: exp })
    }
}

/// A token names a key that is not known.
struct UnknownKey;

/// Who is calling, by a valid token.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// The id of the user.
    pub user_id: UserId,
    /// What the token allows.
    pub role: Role,
    /// Whether they signed in with a one-time password: then they may choose their own, and nothing else.
    pub password_change_required: bool,
}

/// A caller who may have signed in with a one-time password.
#[derive(Clone, Copy, Debug)]
pub struct AnyCaller(pub Caller);

impl Caller {
    /// Whether the caller may do everything.
    pub fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }

    /// Whether the caller works for the restaurant: as a host or an administrator.
    pub fn is_staff(&self) -> bool {
        matches!(self.role, Role::Host | Role::Admin)
    }
}

/// A caller who works for the restaurant: as a host or an administrator.
#[derive(Clone, Copy, Debug)]
pub struct Staff(pub Caller);

/// A caller who is an administrator.
#[derive(Clone, Copy, Debug)]
pub struct Admin(pub Caller);

/// Put into a request whose bearer token is none of an account, but good for the one thing that it names: nothing else is done for it.
#[derive(Clone, Copy, Debug)]
pub struct Restricted;

/// The caller of an endpoint that is open to all, and shows more to some: the token counts only where it is asked for.
#[derive(Debug)]
pub struct Visitor(Result<Caller, Problem>);

impl Visitor {
    /// The caller, where only an administrator may go on.
    ///
    /// # Errors
    /// 401 without a valid token, 403 where it is not an administrator's.
    pub fn admin(self) -> Result<Caller, Problem> {
        let caller = self.0?;
        if caller.is_admin() { Ok(caller) } else { Err(forbidden()) }
    }

    /// Whether a host or an administrator asks. Somebody whose token is not valid is anybody.
    pub fn is_staff(&self) -> bool {
        self.0.as_ref().is_ok_and(Caller::is_staff)
    }
}

fn unauthenticated(detail: &str) -> Problem {
    Problem::new(&code::UNAUTHENTICATED, detail)
}

/// The token of an `Authorization: Bearer` header (RFC 6750, 2.1).
pub fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn caller(parts: &Parts) -> Result<Option<Caller>, Problem> {
    if parts.extensions.get::<Restricted>().is_some() {
        return Err(Problem::new(&code::FORBIDDEN, "This token is for one booking. For anything else, log in to an account."));
    }
    let Some(value) = parts.headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let verifier = parts.extensions.get::<Verifier>().ok_or_else(|| Problem::internal("no verifier in the request"))?;
    let verified = bearer(value).and_then(|token| verifier.verify(token));
    verified.map(Some).ok_or_else(|| unauthenticated("The bearer token is not valid, or not valid any more; log in again."))
}

impl<S: Send + Sync> FromRequestParts<S> for AnyCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = caller(parts)?;
        let missing = || unauthenticated("This needs a token: log in, and send it as Authorization: Bearer <access_token>.");
        caller.map(Self).ok_or_else(missing)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let AnyCaller(caller) = AnyCaller::from_request_parts(parts, state).await?;
        if caller.password_change_required {
            let detail = "You logged in with a one-time password. Choose your own with POST /auth/password, and log in with it.";
            return Err(Problem::new(&code::PASSWORD_CHANGE_REQUIRED, detail));
        }
        Ok(caller)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Visitor::from_request_parts(parts, state).await?.admin().map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Staff {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        if caller.is_staff() { Ok(Self(caller)) } else { Err(Problem::new(&code::FORBIDDEN, "This is for the restaurant's staff.")) }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Ok(Self(Caller::from_request_parts(parts, state).await))
    }
}

/// The 403 of a caller who is no administrator.
pub fn forbidden() -> Problem {
    Problem::new(&code::FORBIDDEN, "This is for administrators.")
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use jsonwebtoken::{EncodingKey, Header, get_current_timestamp};

    use super::*;

    /// The key of RFC 8037, appendix A, as PKCS#8.
    fn signing_key() -> EncodingKey {
        let mut der = vec![0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
        der.extend(URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").expect("base64"));
        EncodingKey::from_ed_der(&der)
    }

    fn key_set(kid: &str) -> String {
        format!(r#"{{"keys": [{{"kty": "OKP", "crv": "Ed25519", "kid": "{kid}", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}}]}}"#)
    }

    fn token(kid: &str, user_id: i32, exp: u64) -> String {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(kid.to_owned());
        let (iss, aud) = ("us".to_owned(), "us".to_owned());
        let (sub, iat) = (user_id.to_string(), get_current_timestamp() - 10);
        let claims = Claims { sub, role: Role::User, iss, aud, iat, exp, password_change_required: false };
        jsonwebtoken::encode(&header, &claims, &signing_key()).expect("a token")
    }

    fn remembered(verifier: &Verifier) -> usize {
        let keys = verifier.0.keys.read().expect("keys");
        let verified = keys.verified.lock().expect("tokens");
        verified.recent.len() + verified.before.len()
    }

    #[test]
    fn a_token_is_remembered_until_it_ends_or_the_keys_are_others() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("jwks.json");
        std::fs::write(&file, key_set("a")).expect("written");
        let verifier = Verifier::new(file.clone(), "us", "us").expect("keys");
        let leeway = verifier.0.validation.leeway;
        let who = |token: &str| verifier.verify(token).map(|caller| caller.user_id.get());

        let good = token("a", 7, get_current_timestamp() + 60);
        let (first, second) = (who(&good), who(&good));
        assert_eq!((first, second, remembered(&verifier)), (Some(7), Some(7), 1));
        // One that differs in its last character only, and so in its signature, is another one; nothing that is refused is remembered.
        assert_eq!(who(good.strip_suffix(|_| true).expect("a character")), None);
        assert_eq!(who(&token("b", 7, get_current_timestamp() + 60)), None);
        assert_eq!(remembered(&verifier), 1);

        // The last second of its life: remembered, and refused when that is over.
        let ending = token("a", 8, get_current_timestamp() - leeway + 1);
        assert_eq!(who(&ending), Some(8));
        std::thread::sleep(std::time::Duration::from_millis(2100));
        assert_eq!(who(&ending), None);
        assert_eq!(remembered(&verifier), 2);

        std::fs::write(&file, key_set("b")).expect("written");
        assert_eq!(who(&token("b", 9, get_current_timestamp() + 60)), Some(9));
        assert_eq!((remembered(&verifier), who(&good)), (1, None));
    }

    #[tokio::test]
    async fn s17_a_key_that_is_taken_out_of_the_file_is_not_trusted_any_more() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("jwks.json");
        std::fs::write(&file, key_set("a")).expect("written");
        let verifier = Verifier::new(file.clone(), "us", "us").expect("keys");
        let (stop, token) = (Shutdown::new(), token("a", 7, get_current_timestamp() + 600));
        let following = tokio::spawn(verifier.clone().follow(stop.clone()));
        assert!(verifier.verify(&token).is_some());
        std::fs::write(&file, key_set("b")).expect("written");
        // Nobody shows a token of a key that is not known.
        let distrusted = async {
            while verifier.verify(&token).is_some() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), distrusted).await.expect("it is not trusted");
        stop.cancel();
        following.await.expect("it stops");
    }

    #[test]
    fn no_more_is_remembered_than_there_is_room_for_and_what_is_asked_for_stays() {
        let caller = Caller { user_id: UserId::MIN, role: Role::User, password_change_required: false };
        let known = Session { caller, ends_at: 0 };
        let digest = |number: usize| -> Digest { Sha256::digest(number.to_be_bytes()).into() };
        let mut verified = Verified::default();
        for number in 0..10 * REMEMBERED {
            verified.put(digest(number), known);
            assert!(verified.get(&digest(0)).is_some());
            assert!(verified.recent.len() + verified.before.len() <= 2 * REMEMBERED);
        }
        assert!(verified.get(&digest(1)).is_none());
    }
}
