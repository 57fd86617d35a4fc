//! What a password must be.

use chassis::http::value::{Fault, Raw, Ruled, Value};
use secrecy::{ExposeSecret as _, SecretString};
use utoipa::openapi::KnownFormat;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaFormat, Type};

/// The fewest characters of a password.
pub(crate) const MIN_CHARACTERS: usize = 8;
/// The most bytes of a password: bcrypt takes no notice of more.
pub(crate) const MAX_BYTES: usize = 72;

/// A password that may be set: bcrypt uses every byte of it.
#[derive(Clone, Debug)]
pub(crate) struct Password(SecretString);

impl Password {
    /// One that the service made, and that keeps the rules.
    pub(crate) fn made(text: &str) -> Self {
        Self(text.into())
    }

    /// The password itself.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// A password that was entered, and need not be one that could be set.
#[derive(Clone, Debug)]
pub(crate) struct Attempt(SecretString);

impl Attempt {
    /// The password itself.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// Text as it came: a password is never trimmed. bcrypt ends a password at NUL.
fn verbatim(raw: Raw<'_>) -> Ruled<&str> {
    let text = raw.string()?;
    if text.contains('\0') {
        return Err(Fault::new("nul", "This must not contain the NUL character."));
    }
    Ok(text)
}

/// The schema of passwords, which clients send and never get. Its lengths are counted in characters, as those of every schema.
fn schema(min: usize) -> ObjectBuilder {
    let format = SchemaFormat::KnownFormat(KnownFormat::Password);
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(format))
        .min_length(Some(min))
        .pattern(Some(r"^[^\u0000]*$"))
        .write_only(true)
}

impl Value for Password {
    fn read(raw: Raw<'_>) -> Ruled<Self> {
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
        Ok(Self(text.into()))
    }

    fn schema() -> Schema {
        schema(MIN_CHARACTERS).max_length(Some(MAX_BYTES)).into()
    }
}

/// What could never have been set is wrong, and no fault of the input.
impl Value for Attempt {
    fn read(raw: Raw<'_>) -> Ruled<Self> {
        let text = verbatim(raw)?;
        if text.is_empty() {
            return Err(Fault::new("blank", "This must not be blank."));
        }
        Ok(Self(text.into()))
    }

    fn schema() -> Schema {
        schema(1).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_password_has_8_characters_at_least_and_72_bytes_at_most() {
        let of = |text: &str| Password::read(Raw::Text(text)).map(|_| ()).map_err(|fault| fault.code);
        assert_eq!(of("1234567"), Err("too_short"));
        assert_eq!(of("ключ"), Err("too_short"));
        assert!(of("12345678").is_ok());
        assert!(of("пароль№1").is_ok());
        assert!(of(&"x".repeat(72)).is_ok());
        assert_eq!(of(&"x".repeat(73)), Err("too_long"));
        assert_eq!(of(&"я".repeat(37)), Err("too_long"));
        assert_eq!(of("12345678\0"), Err("nul"));
        let fault = Password::read(Raw::Text("")).expect_err("too short");
        assert!(fault.detail.contains("8 characters") && fault.detail.contains("72 bytes"), "{}", fault.detail);
    }

    #[test]
    fn a_password_is_never_trimmed_nor_shown() {
        let text = serde_json::Value::String("  padded  ".into());
        let (password, attempt) =
            (Password::read(Raw::Json(&text)).expect("a password"), Attempt::read(Raw::Json(&text)).expect("an attempt"));
        assert_eq!((password.expose(), attempt.expose()), ("  padded  ", "  padded  "));
        assert!(!format!("{password:?} {attempt:?}").contains("padded"));
    }

    #[test]
    fn an_attempt_may_be_shorter_or_longer_than_a_password() {
        let of = |raw| Attempt::read(raw).map(|_| ()).map_err(|fault| fault.code);
        assert_eq!(of(Raw::Text("")), Err("blank"));
        assert_eq!(of(Raw::Text("a\0")), Err("nul"));
        let long = "x".repeat(200);
        assert_eq!((of(Raw::Text(" ")), of(Raw::Text(&long))), (Ok(()), Ok(())));
        assert_eq!(of(Raw::Number("12345678")), Err("wrong_type"));
    }
}
