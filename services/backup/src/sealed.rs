//! The keys that an encrypted backup holds: sealed by the key of the encryption, as a text.
//!
//! pgBackRest encrypts the whole repository. The keys are sealed nevertheless, since they come back by way of a report, which is the status of a
//! Pod, and many may read that who may read no Secret. Who reads it can try texts as the key of the encryption, so each try is made to cost as
//! much as a login. Nobody who lacks the key can make a sealed text: a restore takes no keys of a stranger's.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::pbkdf2;
use ring::rand::{SecureRandom as _, SystemRandom};

/// Texts by their names, in groups with names: such as Secrets with their values.
pub type Keys = BTreeMap<String, BTreeMap<String, String>>;

/// The greatest length of a sealed text, in bytes: it is a part of a report, which has 4096 in the status of a Pod.
pub const MOST: usize = 3500;

/// How a sealed text begins. What follows is base64 of the salt and of what was made of the keys.
const FORM: &str = "sealed-1.";
/// The length of the salt, in bytes.
const SALT: usize = 16;
/// How often the key is hashed, as OWASP advises for PBKDF2 with HMAC-SHA-256.
const ROUNDS: NonZeroU32 = NonZeroU32::new(600_000).expect("more than nothing");

/// Why keys were not sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// They are too long for a report.
    #[error(
        "the keys are too long: sealed they have {0} bytes, and a backup holds at most {MOST}; take those out that are not used any more"
    )]
    TooLong(usize),
    /// The operating system gives no randomness.
    #[error("the operating system gives no randomness")]
    NoRandomness,
}

/// Why a sealed text was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It is none, or one of a later form.
    #[error("they are not in a form that this version knows")]
    Form,
    /// It was sealed by another key, or is not as it was then.
    #[error("they were sealed by another key of encryption, or were changed since")]
    Key,
}

/// Seals keys. It takes as long as a login: about a quarter of a second.
///
/// # Errors
/// They are too long, or the operating system gives no randomness.
pub fn seal(key: &str, keys: &Keys) -> Result<String, SealError> {
    let mut bytes = vec![0; SALT];
    SystemRandom::new().fill(&mut bytes).map_err(|_| SealError::NoRandomness)?;
    let mut content = serde_json::to_vec(keys).expect("texts are JSON");
    let sealed = cipher(key, &bytes).seal_in_place_append_tag(nonce(), Aad::from(FORM), &mut content);
    sealed.expect("it is far shorter than what a key may seal");
    bytes.extend(content);
    let text = format!("{FORM}{}", STANDARD_NO_PAD.encode(bytes));
    if text.len() > MOST { Err(SealError::TooLong(text.len())) } else { Ok(text) }
}

/// Opens what [`seal`] made. It takes as long as that.
///
/// # Errors
/// It is no such text, or was sealed by another key, or is not as it was then.
pub fn open(key: &str, sealed: &str) -> Result<Keys, OpenError> {
    let bytes = sealed.strip_prefix(FORM).and_then(|text| STANDARD_NO_PAD.decode(text).ok()).ok_or(OpenError::Form)?;
    let (salt, content) = bytes.split_at_checked(SALT).ok_or(OpenError::Form)?;
    let mut content = content.to_vec();
    let opened = cipher(key, salt).open_in_place(nonce(), Aad::from(FORM), &mut content).map_err(|_| OpenError::Key)?;
    serde_json::from_slice(opened).map_err(|_| OpenError::Form)
}

fn cipher(key: &str, salt: &[u8]) -> LessSafeKey {
    let mut derived = [0; 32];
    // Whoever reads the key from a file may have read the end of its line.
    let key = key.trim_end_matches(['\r', '\n']);
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, salt, key.as_bytes(), &mut derived);
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &derived).expect("a key of 256 bits"))
}

/// One for all: each salt makes a key of its own, which seals once.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "correct horse battery staple";

    fn keys(links: usize) -> Keys {
        let group = |texts: &[(&str, String)]| texts.iter().map(|(name, text)| ((*name).to_owned(), text.clone())).collect();
        Keys::from([
            ("jwt".to_owned(), group(&[("private.pem", "-".repeat(119)), ("jwks.json", "{\n  \"keys\": []\n}\n".repeat(30))])),
            ("links".to_owned(), group(&[("keys", format!("{}\n", "0".repeat(64)).repeat(links))])),
            ("admin".to_owned(), group(&[("password", "Admin123!".to_owned())])),
        ])
    }

    #[test]
    fn only_the_key_opens_what_it_sealed() {
        // More than what a rotation leaves: two keys of tokens and two of links.
        let sealed = seal(KEY, &keys(8)).expect("sealed");
        assert!(sealed.len() <= MOST && sealed.bytes().all(|byte| byte.is_ascii_graphic()), "{sealed}");
        assert_eq!(open(&format!("{KEY}\r\n"), &sealed), Ok(keys(8)));
        assert_eq!(open("correct horse battery stapler", &sealed), Err(OpenError::Key));
        assert_ne!(seal(KEY, &keys(8)).expect("sealed"), sealed, "nobody sees whether the keys are the same");
    }

    #[test]
    fn what_was_changed_is_not_opened() {
        let sealed = seal(KEY, &keys(1)).expect("sealed");
        // The salt, the content, and what proves it.
        for at in [FORM.len() + 1, FORM.len() + 40, sealed.len() - 8] {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("text");
            assert_eq!(open(KEY, &changed), Err(OpenError::Key), "{at}");
        }
        for other in ["", FORM, "sealed-2.AAAA", "sealed-1.AAAA", "sealed-1.no base64"] {
            assert_eq!(open(KEY, other), Err(OpenError::Form), "{other}");
        }
    }

    #[test]
    fn what_a_report_has_no_room_for_is_refused() {
        assert!(matches!(seal(KEY, &keys(60)), Err(SealError::TooLong(length)) if length > MOST));
    }
}
