//! The links by which guests come back to a booking without an account. A link's token is signed, not stored: it names a booking, and its
//! signature is of the booking and the version of its links.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use data_encoding::{BASE32_NOPAD, HEXLOWER, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::booking::ReservationId;

/// What every token begins with.
pub const PREFIX: &str = "rbk_";
/// How often the file of the keys is looked at.
pub const LOOK: Duration = Duration::from_secs(2);
/// How much of the signature a token carries, in bytes.
const MAC: usize = 20;
/// The fewest bytes of a key: as many as the hash has (RFC 2104, 3).
const KEY: usize = 32;

type Signature = Hmac<Sha256>;

/// Keys that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LinkKeyError {
    /// The file cannot be read.
    #[error("the link keys in {} cannot be read: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line, counted from 1, is no key.
    #[error(
        "line {line} of the link keys in {} is no key: a key is {} hexadecimal digits or more, such as `reservation keygen` makes",
        file.display(),
        2 * KEY
    )]
    Line {
        /// The file.
        file: PathBuf,
        /// The line.
        line: usize,
    },
    /// There is none.
    #[error("there is no key in {}: `reservation keygen` makes one", .0.display())]
    None(PathBuf),
    /// The file cannot be written.
    #[error("{} cannot be written: {source}", file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The operating system has no randomness to give.
    #[error("a key cannot be made: {0}")]
    Make(getrandom::Error),
}

/// The outcome of [`generate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generated {
    /// There was a key already, and nothing was changed.
    Kept,
    /// A key was made.
    Made,
    /// A new key was made, and those before are kept.
    Rotated,
}

impl fmt::Display for Generated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kept => "the file has a key already and was not changed",
            Self::Made => "a key was made",
            Self::Rotated => "the first line is a new key; links of the keys before stay good",
        })
    }
}

/// A new key, as a line of the file.
///
/// # Errors
/// Where the operating system has no randomness to give.
fn new_key() -> Result<String, LinkKeyError> {
    let mut key = [0; KEY];
    getrandom::fill(&mut key).map_err(LinkKeyError::Make)?;
    Ok(HEXLOWER.encode(&key) + "\n")
}

/// Makes the file of the keys, readable by its owner alone, unless there is one. With `rotate` a new key becomes the first one in any case.
///
/// # Errors
/// Where the file cannot be read or written, or holds anything but keys.
pub fn generate(file: &Path, rotate: bool) -> Result<Generated, LinkKeyError> {
    let before = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(source) => return Err(LinkKeyError::Read { file: file.to_owned(), source }),
    };
    if !before.is_empty() {
        Known::read(&file.to_owned())?;
        if !rotate {
            return Ok(Generated::Kept);
        }
    }
    let unfinished = file.with_extension("new");
    let text = new_key()? + &before;
    let write = || {
        let mut new = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        new.write_all(text.as_bytes())?;
        new.sync_all()?;
        std::fs::rename(&unfinished, file)
    };
    write().map_err(|source| LinkKeyError::Write { file: file.to_owned(), source })?;
    Ok(if before.is_empty() { Generated::Made } else { Generated::Rotated })
}

/// The keys that sign tokens, from a file, a key a line: the first one signs, all of them verify. The file is read again when it changes.
#[derive(Debug)]
pub struct LinkKeys {
    file: PathBuf,
    known: RwLock<Known>,
}

struct Known {
    modified: Option<SystemTime>,
    keys: Vec<Signature>,
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Known").field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}

impl Known {
    fn read(file: &PathBuf) -> Result<Self, LinkKeyError> {
        let unreadable = |source| LinkKeyError::Read { file: file.clone(), source };
        let modified = std::fs::metadata(file).map_err(unreadable)?.modified().ok();
        let text = std::fs::read_to_string(file).map_err(unreadable)?;
        let lines = text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty());
        let keys = lines.map(|(number, line)| key(line).ok_or_else(|| LinkKeyError::Line { file: file.clone(), line: number + 1 }));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() { Err(LinkKeyError::None(file.clone())) } else { Ok(Self { modified, keys }) }
    }
}

fn key(line: &str) -> Option<Signature> {
    let bytes = HEXLOWER_PERMISSIVE.decode(line.as_bytes()).ok().filter(|bytes| bytes.len() >= KEY)?;
    Signature::new_from_slice(&bytes).ok()
}

/// What is signed: a booking, and the version of its links.
fn signed(key: &Signature, id: ReservationId, version: i32) -> Signature {
    key.clone().chain_update(format!("{id}.{version}"))
}

impl LinkKeys {
    /// Reads the keys.
    ///
    /// # Errors
    /// Where the file cannot be read, or holds anything but keys.
    pub fn new(file: PathBuf) -> Result<Self, LinkKeyError> {
        let known = Known::read(&file)?;
        Ok(Self { file, known: RwLock::new(known) })
    }

    /// Reads the file again where it has changed. One that cannot be used leaves the keys as they are.
    pub fn refresh(&self) {
        let modified = std::fs::metadata(&self.file).and_then(|data| data.modified()).ok();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if modified == known.modified {
            return;
        }
        match Known::read(&self.file) {
            Ok(read) => *known = read,
            Err(error) => tracing::error!(%error, "the link keys have changed and cannot be used; the keys read before stay"),
        }
    }

    /// The token of a booking whose links have this version.
    pub fn sign(&self, id: ReservationId, version: i32) -> String {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mac = signed(&known.keys[0], id, version).finalize().into_bytes();
        format!("{PREFIX}{id}_{}", BASE32_NOPAD.encode(&mac[..MAC]).to_ascii_lowercase())
    }

    /// Whether a token is one of its booking, whose links have this version.
    pub fn verify(&self, token: &Token, version: i32) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.keys.iter().any(|key| signed(key, token.id, version).verify_truncated_left(&token.mac).is_ok())
    }
}

/// A token, as it was sent: nothing is known of its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The booking that it names.
    pub id: ReservationId,
    mac: [u8; MAC],
}

impl FromStr for Token {
    type Err = NoToken;

    fn from_str(text: &str) -> Result<Self, NoToken> {
        let (id, mac) = text.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_')).ok_or(NoToken)?;
        let id = id.parse::<i32>().ok().filter(|number| number.to_string() == id).ok_or(NoToken)?;
        if mac.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(NoToken);
        }
        let mac = BASE32_NOPAD.decode(mac.to_ascii_uppercase().as_bytes()).map_err(|_| NoToken)?;
        Ok(Self { id: ReservationId::new(id).ok_or(NoToken)?, mac: mac.try_into().map_err(|_| NoToken)? })
    }
}

/// A text that is no token of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoToken;

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const SECOND: &str = "F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFFE0E1E2E3E4E5E6E7E8E9EAEBECEDEEEF";

    fn id(id: i32) -> ReservationId {
        ReservationId::new(id).expect("an id")
    }

    fn keys(text: &str) -> (tempfile::TempDir, Result<LinkKeys, LinkKeyError>) {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("keys");
        std::fs::write(&file, text).expect("written");
        let keys = LinkKeys::new(file);
        (directory, keys)
    }

    fn token(text: &str) -> Token {
        text.parse().expect("a token")
    }

    #[test]
    fn a_token_is_good_for_its_booking_and_version_alone() {
        let (_directory, keys) = keys(FIRST);
        let keys = keys.expect("keys");
        let text = keys.sign(id(7), 1);
        assert_eq!((&text[..6], text.len()), ("rbk_7_", 6 + 32));
        assert!(keys.verify(&token(&text), 1) && !keys.verify(&token(&text), 2));
        let (_, mac) = text.rsplit_once('_').expect("a signature");
        assert!(!keys.verify(&token(&format!("rbk_8_{mac}")), 1));
        for wrong in [
            "",
            &format!("rbk_07_{mac}"),
            &format!("rbk_+7_{mac}"),
            "rbk_",
            "rbk_7",
            "rbk_7_",
            "rbk_0_",
            "rbk_x_a",
            &text[..text.len() - 1],
            &text[1..],
            &text.to_uppercase(),
        ] {
            assert_eq!(wrong.parse::<Token>(), Err(NoToken), "{wrong}");
        }
        assert_eq!(format!("{text}a").parse::<Token>(), Err(NoToken));
    }

    #[test]
    fn keys_are_rotated_without_breaking_links() {
        let (directory, keys) = keys(FIRST);
        let keys = keys.expect("keys");
        let old = token(&keys.sign(id(7), 1));
        let file = directory.path().join("keys");
        let rewrite = |text: &str| {
            std::fs::write(&file, text).expect("written");
            // Files that are written within one tick of the clock have one time.
            let time = SystemTime::now() + Duration::from_secs(text.len() as u64);
            std::fs::File::options().write(true).open(&file).and_then(|file| file.set_modified(time)).expect("a time");
            keys.refresh();
        };
        rewrite(&format!("{SECOND}\n{FIRST}\n"));
        let new = token(&keys.sign(id(7), 1));
        assert!(old != new && keys.verify(&old, 1) && keys.verify(&new, 1));
        rewrite("nonsense\n");
        assert!(keys.verify(&old, 1), "what cannot be used changes nothing");
        rewrite(SECOND);
        assert!(keys.verify(&new, 1) && !keys.verify(&old, 1));
    }

    #[test]
    fn a_key_that_is_made_can_be_used_and_rotated() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("keys");
        let made = |rotate| generate(&file, rotate).expect("a key");
        assert_eq!([made(false), made(false)], [Generated::Made, Generated::Kept]);
        let old = token(&LinkKeys::new(file.clone()).expect("keys").sign(id(7), 1));
        assert_eq!(made(true), Generated::Rotated);
        let keys = LinkKeys::new(file.clone()).expect("keys");
        assert!(keys.verify(&old, 1) && token(&keys.sign(id(7), 1)) != old);
        std::fs::write(&file, "a diary").expect("written");
        assert!(matches!(generate(&file, true), Err(LinkKeyError::Line { line: 1, .. })), "what is no file of keys is not written into");
    }

    #[test]
    fn what_is_no_key_is_told_by_its_line() {
        let message = |text: &str| keys(text).1.expect_err("unusable").to_string();
        assert!(message(&format!("{FIRST}\n\nsecret\n")).contains("line 3"), "{}", message("secret"));
        assert!(message(&FIRST[..62]).contains("64 hexadecimal digits"));
        assert!(message("\n").contains("there is no key"));
        assert!(!message(&format!("{FIRST}\nhunter2\n")).contains("hunter2"));
    }
}
