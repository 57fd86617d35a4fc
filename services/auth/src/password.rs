//! What a password must be.

use std::fmt;

use chassis::http::old::rule::{Fault, Raw, Ruled};
use serde_json::Value;

/// The fewest characters of a password.
pub(crate) const MIN_CHARACTERS: usize = 8;
/// The most bytes of a password: bcrypt takes no notice of more.
pub(crate) const MAX_BYTES: usize = 72;

/// A password that may be set: bcrypt uses every byte of it.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Password(String);

impl Password {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A password that was entered, and need not be one that could be set.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Attempt(String);

impl Attempt {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Attempt")
    }
}

/// Text as it came: a password is never trimmed. bcrypt ends a password at NUL.
fn verbatim(raw: Raw<'_>) -> Ruled<&str> {
    let text = match raw {
        Raw::Text(text) => text,
        Raw::Json(Value::String(text)) => text,
        Raw::Json(_) | Raw::Number(_) => return Err(Fault::new("wrong_type", "This must be a string.")),
    };
    if text.contains('\0') {
        return Err(Fault::new("nul", "This must not contain the NUL character."));
    }
    Ok(text)
}

/// A password that is to be set.
pub(crate) fn new_password(raw: Raw<'_>) -> Ruled<Password> {
    let text = verbatim(raw)?;
    let fault = |code| {
        Fault::new(code, format!("A password must have at least {MIN_CHARACTERS} characters, and at most {MAX_BYTES} bytes in UTF-8."))
    };
    if text.chars().count() < MIN_CHARACTERS {
        return Err(fault("too_short"));
    }
    if text.len() > MAX_BYTES {
        return Err(fault("too_long"));
    }
    Ok(Password(text.to_owned()))
}

/// A password that is to be compared: what could never have been set is wrong, and no fault of the input.
pub(crate) fn attempt(raw: Raw<'_>) -> Ruled<Attempt> {
    let text = verbatim(raw)?;
    if text.is_empty() {
        return Err(Fault::new("blank", "This must not be blank."));
    }
    Ok(Attempt(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_password_has_8_characters_at_least_and_72_bytes_at_most() {
        let of = |text: &str| new_password(Raw::Text(text)).map_err(|fault| fault.code);
        assert_eq!(of("1234567"), Err("too_short"));
        assert_eq!(of("ключ"), Err("too_short"));
        assert!(of("12345678").is_ok());
        assert!(of("пароль№1").is_ok());
        assert!(of(&"x".repeat(72)).is_ok());
        assert_eq!(of(&"x".repeat(73)), Err("too_long"));
        assert_eq!(of(&"я".repeat(37)), Err("too_long"));
        assert_eq!(of("12345678\0"), Err("nul"));
        let fault = new_password(Raw::Text("")).expect_err("too short");
        assert!(fault.detail.contains("8 characters") && fault.detail.contains("72 bytes"), "{}", fault.detail);
    }

    #[test]
    fn a_password_is_never_trimmed_nor_shown() {
        let password = new_password(Raw::Json(&Value::String("  padded  ".into()))).expect("a password");
        assert_eq!(password.as_str(), "  padded  ");
        assert!(!format!("{password:?}").contains("padded"));
    }

    #[test]
    fn an_attempt_may_be_shorter_or_longer_than_a_password() {
        let of = |text: &str| attempt(Raw::Text(text)).map(|_| ()).map_err(|fault| fault.code);
        assert_eq!(of(""), Err("blank"));
        assert_eq!(of("a\0"), Err("nul"));
        assert_eq!((of(" "), of(&"x".repeat(200))), (Ok(()), Ok(())));
        assert_eq!(attempt(Raw::Number("12345678")).map_err(|fault| fault.code), Err("wrong_type"));
    }
}
