//! What a single value of the input must be. Each rule takes a raw value and gives the typed one, or says what would be right.

use email_address::{EmailAddress, Options};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;

/// The longest text of a column that has no limit of its own.
pub const SHORT_TEXT: usize = 255;
/// The longest telephone number.
pub const PHONE: usize = 50;
/// The longest description or request.
pub const LONG_TEXT: usize = 2000;

/// A value as it came: a member of a JSON body, or the text of a parameter or form field.
#[derive(Clone, Copy, Debug)]
pub enum Raw<'a> {
    /// From a JSON body, but for a number.
    Json(&'a Value),
    /// A number of a JSON body, as it was written.
    Number(&'a str),
    /// From the query, the path or a form.
    Text(&'a str),
}

/// Why a value was refused.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// Stable and `snake_case`.
    pub code: &'static str,
    /// What would be right.
    pub detail: String,
}

impl Fault {
    /// A fault of this code.
    pub fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

/// What a rule answers.
pub type Ruled<T> = Result<T, Fault>;

impl<'a> Raw<'a> {
    fn string(self) -> Ruled<&'a str> {
        match self {
            Raw::Text(text) => Ok(text),
            Raw::Json(Value::String(text)) => Ok(text),
            Raw::Json(_) | Raw::Number(_) => Err(Fault::new("wrong_type", "This must be a string.")),
        }
    }
}

/// A whole number from `min` to `max`.
pub fn integer(min: i32, max: i32) -> impl Fn(Raw<'_>) -> Ruled<i32> {
    move |raw| {
        let number = match raw {
            // Through the digits: the literal may be beyond any machine integer and is then out of range, not of another type.
            Raw::Number(text) | Raw::Text(text) => text,
            Raw::Json(_) => return Err(Fault::new("wrong_type", "This must be a whole number.")),
        };
        let digits = number.strip_prefix('-').unwrap_or(number);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Fault::new("wrong_type", "This must be a whole number."));
        }
        match number.parse::<i32>() {
            Ok(value) if (min..=max).contains(&value) => Ok(value),
            _ => Err(Fault::new("out_of_range", format!("This must be from {min} to {max}."))),
        }
    }
}

/// The id of a thing: a positive 32-bit integer.
pub fn id(raw: Raw<'_>) -> Ruled<i32> {
    integer(1, i32::MAX)(raw)
}

/// `true` or `false`.
pub fn boolean(raw: Raw<'_>) -> Ruled<bool> {
    match raw {
        Raw::Json(Value::Bool(value)) => Ok(*value),
        Raw::Text("true") => Ok(true),
        Raw::Text("false") => Ok(false),
        _ => Err(Fault::new("wrong_type", "This must be true or false.")),
    }
}

/// Text that may be blank: trimmed, without NUL, of at most `max` characters. Blank is `None`.
pub fn optional_text(max: usize) -> impl Fn(Raw<'_>) -> Ruled<Option<String>> {
    move |raw| {
        let text = raw.string()?.trim();
        if text.contains('\0') {
            return Err(Fault::new("nul", "This must not contain the NUL character."));
        }
        if text.chars().count() > max {
            return Err(Fault::new("too_long", format!("This must have at most {max} characters.")));
        }
        Ok((!text.is_empty()).then(|| text.to_owned()))
    }
}

/// Text that must not be blank: trimmed, without NUL, of at most `max` characters.
pub fn text(max: usize) -> impl Fn(Raw<'_>) -> Ruled<String> {
    move |raw| optional_text(max)(raw)?.ok_or_else(|| Fault::new("blank", "This must not be blank."))
}

/// An e-mail address (RFC 5321, with a domain), of at most 255 characters. Its case is kept.
pub fn email(raw: Raw<'_>) -> Ruled<String> {
    let text = text(SHORT_TEXT)(raw)?;
    let options = Options::default().with_required_tld().without_display_text().without_domain_literal();
    match EmailAddress::parse_with_options(&text, options) {
        Ok(_) => Ok(text),
        Err(_) => Err(Fault::new("invalid_email", "This must be an e-mail address such as guest@example.com.")),
    }
}

/// Like [`email`], but blank is `None`.
pub fn optional_email(raw: Raw<'_>) -> Ruled<Option<String>> {
    optional_text(SHORT_TEXT)(raw)?.map(|text| email(Raw::Text(&text))).transpose()
}

/// A telephone number: 5 to 15 digits (ITU-T E.164), which may be grouped by spaces, dots, hyphens, slashes and parentheses,
/// perhaps with a leading `+` and an extension. Blank is `None`.
pub fn optional_phone(raw: Raw<'_>) -> Ruled<Option<String>> {
    let Some(text) = optional_text(PHONE)(raw)? else { return Ok(None) };
    let (number, extension) = match text.find(|c: char| c.is_ascii_alphabetic() || c == '#' || c == ';') {
        Some(mark) => (text[..mark].trim_end(), Some(&text[mark..])),
        None => (text.as_str(), None),
    };
    // As people write them, and as RFC 3966 does.
    let is_extension = |text: &str| {
        let digits = [";ext=", "ext.", "ext", "x", "#"].iter().find_map(|mark| text.strip_prefix(mark)).map(str::trim);
        digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let rest = number.strip_prefix('+').unwrap_or(number);
    let digits = rest.bytes().filter(u8::is_ascii_digit).count();
    let grouped = rest.bytes().all(|byte| byte.is_ascii_digit() || b" .-/()".contains(&byte));
    if grouped && (5..=15).contains(&digits) && extension.is_none_or(is_extension) {
        Ok(Some(text))
    } else {
        Err(Fault::new("invalid_phone", "This must be a telephone number of 5 to 15 digits such as +44 20 7946 0958."))
    }
}

/// An instant: RFC 3339, with an offset. Kept to the microsecond, which is what the database keeps.
pub fn instant(raw: Raw<'_>) -> Ruled<Timestamp> {
    let invalid = || {
        Fault::new(
            "invalid_time",
            "This must be a time with an offset (RFC 3339), such as 2030-05-17T19:30:00+02:00 or 2030-05-17T17:30:00Z.",
        )
    };
    let text = match raw {
        // In a query a '+' that was not escaped arrives as a space.
        Raw::Text(text) => text.replacen(' ', "+", 1),
        Raw::Json(_) | Raw::Number(_) => raw.string()?.to_owned(),
    };
    if !is_rfc3339(text.as_bytes()) {
        return Err(invalid());
    }
    let instant: Timestamp = text.parse().map_err(|_| invalid())?;
    Timestamp::from_microsecond(instant.as_microsecond()).map_err(|_| invalid())
}

/// The shape that RFC 3339, 5.6 gives a date-time; the parser behind it takes more than that.
fn is_rfc3339(text: &[u8]) -> bool {
    let matches = |pattern: &[u8], text: &[u8]| {
        pattern.len() == text.len()
            && pattern.iter().zip(text).all(|(p, c)| match p {
                b'0' => c.is_ascii_digit(),
                b'T' => matches!(c, b'T' | b't'),
                b'+' => matches!(c, b'+' | b'-'),
                _ => p == c,
            })
    };
    let Some((date_time, rest)) = text.split_at_checked(19) else { return false };
    if !matches(b"0000-00-00T00:00:00", date_time) {
        return false;
    }
    let offset = match rest.strip_prefix(b".") {
        Some(fraction) => {
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if !(1..=9).contains(&digits) {
                return false;
            }
            &fraction[digits..]
        }
        None => rest,
    };
    // A time-hour of an offset is at most 23 too, a time-minute 59.
    matches!(offset, b"Z" | b"z") || (matches(b"+00:00", offset) && offset[1..3] <= b"23"[..] && offset[4..6] <= b"59"[..])
}

/// A calendar date, `YYYY-MM-DD`.
pub fn date(raw: Raw<'_>) -> Ruled<Date> {
    let invalid = || Fault::new("invalid_date", "This must be a date that exists, as YYYY-MM-DD.");
    let text = raw.string()?;
    if text.len() != 10 {
        return Err(invalid());
    }
    text.parse().map_err(|_| invalid())
}

/// One of the given words; the answer is what stands beside it.
pub fn one_of<T: Copy>(words: &'static [(&'static str, T)]) -> impl Fn(Raw<'_>) -> Ruled<T> {
    move |raw| {
        let text = raw.string()?;
        words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(|| {
            let allowed: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            Fault::new("not_allowed", format!("This must be one of: {}.", allowed.join(", ")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_needs_an_offset_and_the_shape_of_rfc_3339() {
        for good in ["2030-05-17T19:30:00+02:00", "2030-05-17T17:30:00Z", "2030-05-17t17:30:00.123456z", "2030-05-17T17:30:00 02:00"] {
            assert!(instant(Raw::Text(good)).is_ok(), "{good}");
        }
        for bad in [
            "",
            "2030-05-17",
            "2030-05-17T19:30:00",
            "2030-02-30T19:30:00Z",
            "2030-05-17 19:30:00Z",
            "2030-05-17T25:30:00Z",
            "+002030-05-17T19:30:00Z",
            "2030-05-17T19:30Z",
            "2030-05-17T19:30:00+2",
            "2030-05-17T19:30:00.Z",
            "now",
            "2030-05-17T19:30:00+24:00",
            "2030-05-17T19:30:00-23:60",
            "2030-05-17T19:30:00+02:00[Europe/Paris]",
        ] {
            assert!(instant(Raw::Json(&Value::String(bad.to_owned()))).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_instant_is_kept_to_the_microsecond() {
        let read = instant(Raw::Text("2030-05-17T17:30:00.123456789Z")).expect("an instant");
        assert_eq!(read.to_string(), "2030-05-17T17:30:00.123456Z");
    }

    #[test]
    fn an_integer_is_judged_by_its_digits() {
        let rule = integer(1, 20);
        assert_eq!(rule(Raw::Text("20")), Ok(20));
        for (text, code) in [
            ("21", "out_of_range"),
            ("-1", "out_of_range"),
            ("99999999999999999999", "out_of_range"),
            ("2.0", "wrong_type"),
            ("", "wrong_type"),
            ("+2", "wrong_type"),
            ("1e1", "wrong_type"),
            ("٣", "wrong_type"),
        ] {
            assert_eq!(rule(Raw::Text(text)).expect_err(text).code, code, "{text}");
        }
    }

    #[test]
    fn phones_and_emails() {
        for good in [
            "+44 20 7946 0958",
            "(020) 7946-0958",
            "+7 (495) 123-45-67",
            "12345",
            "+1 555 0100 x12",
            "+1 555 0100 ext. 12",
            "+1-555-0100;ext=12",
        ] {
            assert_eq!(optional_phone(Raw::Text(good)), Ok(Some(good.to_owned())), "{good}");
        }
        for bad in ["abc", "1234", "++491234567", "1234567890123456", "+49 123 45 DROP", "+1 555 0100 x"] {
            assert!(optional_phone(Raw::Text(bad)).is_err(), "{bad}");
        }
        assert_eq!(optional_phone(Raw::Text("  ")), Ok(None));
        for good in ["a@b.co", "First.Last+tag@Example.COM"] {
            assert!(email(Raw::Text(good)).is_ok(), "{good}");
        }
        for bad in ["", "a", "a@b", "@b.co", "a b@c.de", "A <a@b.co>", "a@b.co, c@d.ef", "a@[127.0.0.1]"] {
            assert!(email(Raw::Text(bad)).is_err(), "{bad}");
        }
    }
}
