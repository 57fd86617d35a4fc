//! Text of the input: names, descriptions, e-mail addresses and telephone numbers, as people type and copy them.

use std::borrow::Cow;

use email_address::{EmailAddress, Options};
use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizer;
use icu_properties::props::{BidiControl, DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup};
use icu_properties::{CodePointMapData, CodePointSetData};
use utoipa::openapi::KnownFormat;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaFormat, Type};

use super::value::{Fault, Raw, Ruled, Value};

/// The longest text of a column that has no limit of its own, in characters.
pub const SHORT_TEXT: usize = 255;
/// The longest telephone number, in characters.
pub const PHONE: usize = 50;
/// The longest description or request, in characters.
pub const LONG_TEXT: usize = 2000;

/// Whether a character leaves no mark on the screen and is no space: a joiner, a direction mark, a variation selector, a braille cell
/// without dots, which Unicode takes for a symbol.
fn is_invisible(c: char) -> bool {
    c == '\u{2800}' || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// A direction mark, a zero-width space, a word joiner or a byte order mark: copying leaves them around a text.
fn is_left_by_copying(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}') || CodePointSetData::new::<BidiControl>().contains(c)
}

/// Whether a text shows nothing.
pub(super) fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || is_invisible(c))
}

fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || is_left_by_copying(c))
}

/// Text that shows something, of at most `max` characters, trimmed and without NUL.
fn visible(raw: Raw<'_>, max: usize) -> Ruled<&str> {
    let text = raw.string()?;
    if text.contains('\0') {
        return Err(Fault::new("nul", "This must not contain the NUL character."));
    }
    if is_blank(text) {
        return Err(blank());
    }
    let text = trim(text);
    if text.chars().count() > max {
        return Err(Fault::new("too_long", format!("This must have at most {max} characters.")));
    }
    Ok(text)
}

/// The fault of text that shows nothing where something is needed.
pub(super) fn blank() -> Fault {
    Fault::new("blank", "This must not be blank.")
}

fn string(max: usize) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).max_length(Some(max))
}

macro_rules! text_type {
    ($name:ident $(<const $max:ident: usize>)?) => {
        impl $(<const $max: usize>)? $name $(<$max>)? {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The text, to keep.
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl $(<const $max: usize>)? utoipa::PartialSchema for $name $(<$max>)? {
            fn schema() -> utoipa::openapi::RefOr<Schema> {
                <Self as Value>::schema().into()
            }
        }

        impl $(<const $max: usize>)? utoipa::ToSchema for $name $(<$max>)? {}
    };
}

/// Text that is not blank, of at most `MAX` characters, perhaps of several lines. The spaces around it are removed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, sqlx::Type)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct Text<const MAX: usize>(String);

text_type!(Text<const MAX: usize>);

impl<const MAX: usize> Value for Text<MAX> {
    const BLANK_IS_NONE: bool = true;

    fn read(raw: Raw<'_>) -> Ruled<Self> {
        visible(raw, MAX).map(|text| Self(text.to_owned()))
    }

    fn schema() -> Schema {
        string(MAX).min_length(Some(1)).pattern(Some(r"^[^\u0000]*[^\s\u0000][^\u0000]*$")).into()
    }

    fn schema_or_blank() -> Schema {
        string(MAX).pattern(Some(r"^[^\u0000]*$")).into()
    }
}

/// A name: one line of 1 to 255 characters, without control characters. The spaces around it are removed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, sqlx::Type)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct Name(String);

text_type!(Name);

/// Control characters, line and paragraph separators, and what turns the direction of the text around a name.
fn breaks_a_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl Value for Name {
    const BLANK_IS_NONE: bool = true;

    fn read(raw: Raw<'_>) -> Ruled<Self> {
        let text = visible(raw, SHORT_TEXT)?;
        if text.chars().any(breaks_a_line) {
            return Err(Fault::new("control_character", "This must be one line, without control characters."));
        }
        Ok(Self(text.to_owned()))
    }

    fn schema() -> Schema {
        let pattern = r"^[^\u0000-\u001F\u007F-\u009F\u2028-\u202E\u2066-\u2069]*[^\s\u0000-\u001F\u007F-\u009F\u200B-\u202E\u2060-\u2069][^\u0000-\u001F\u007F-\u009F\u2028-\u202E\u2066-\u2069]*$";
        string(SHORT_TEXT).min_length(Some(1)).pattern(Some(pattern)).into()
    }

    fn schema_or_blank() -> Schema {
        string(SHORT_TEXT).pattern(Some(r"^[^\u0000-\u001F\u007F-\u009F\u2028-\u202E\u2066-\u2069]*$")).into()
    }
}

/// An e-mail address (RFC 5321 and 6531, with a domain), of at most 255 characters. Its case is kept; its characters are composed (NFC).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, sqlx::Type)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct Email(String);

text_type!(Email);

impl Email {
    /// The address as it is compared: of two addresses that differ in case only, the folded texts are equal.
    pub fn folded(&self) -> String {
        fold(&self.0)
    }
}

/// Text as it is compared without regard to case: full case folding of the composed text, composed again (Unicode, 3.13, D145).
pub fn fold(text: &str) -> String {
    let composing = ComposingNormalizer::new_nfc();
    let folded = CaseMapper::new().fold_string(&composing.normalize(text)).into_owned();
    composing.normalize(&folded).into_owned()
}

fn is_mark(c: char) -> bool {
    GeneralCategoryGroup::Mark.contains(CodePointMapData::<GeneralCategory>::new().get(c))
}

/// The address with a letter in the place of each mark that follows a letter. The parser knows no marks, and most scripts of India
/// cannot be written without them. The letter has as many bytes as the mark, since lengths count in bytes.
fn without_marks(address: &str) -> String {
    let mut in_word = false;
    let letter = |c: char| {
        let mark = in_word && is_mark(c);
        in_word = mark || c.is_alphanumeric();
        match c.len_utf8() {
            2 if mark => 'ä',
            3 if mark => 'अ',
            4 if mark => '𐐨',
            _ => c,
        }
    };
    address.chars().map(letter).collect()
}

impl Value for Email {
    const BLANK_IS_NONE: bool = true;

    fn read(raw: Raw<'_>) -> Ruled<Self> {
        let text = visible(raw, SHORT_TEXT)?;
        let text = ComposingNormalizer::new_nfc().normalize(text);
        let options = Options::default().with_required_tld().without_display_text().without_domain_literal();
        match EmailAddress::parse_with_options(&without_marks(&text), options) {
            Ok(_) if text.chars().count() <= SHORT_TEXT => Ok(Self(text.into_owned())),
            _ => Err(Fault::new("invalid_email", "This must be an e-mail address such as guest@example.com.")),
        }
    }

    fn schema() -> Schema {
        let format = SchemaFormat::KnownFormat(KnownFormat::Email);
        string(SHORT_TEXT).format(Some(format)).min_length(Some(6)).pattern(Some(r"^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$")).into()
    }

    fn schema_or_blank() -> Schema {
        string(SHORT_TEXT).pattern(Some(r"^([^\s@]+@[^\s@.]+(\.[^\s@.]+)+|\s*)$")).into()
    }
}

/// A telephone number: 5 to 15 digits (ITU-T E.164), perhaps grouped by spaces, dots, hyphens, slashes and parentheses, with a leading
/// `+`, and with an extension. At most 50 characters.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, sqlx::Type)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct Phone(String);

text_type!(Phone);

/// A number as it is typed: copied from a list of contacts it may have other spaces and hyphens, and marks that nobody sees.
fn typed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let plain = text.chars().filter(|c| !is_invisible(*c)).map(|c| match c {
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        c if c.is_whitespace() => ' ',
        c => c,
    });
    Cow::Owned(plain.collect())
}

impl Value for Phone {
    const BLANK_IS_NONE: bool = true;

    fn read(raw: Raw<'_>) -> Ruled<Self> {
        let text = visible(raw, PHONE)?;
        let text = typed(text);
        let text = text.trim();
        let (number, extension) = match text.find(|c: char| c.is_ascii_alphabetic() || c == '#' || c == ';') {
            Some(mark) => (text[..mark].trim_end(), Some(text[mark..].to_ascii_lowercase())),
            None => (text, None),
        };
        // As people write extensions, and as RFC 3966 does.
        let is_extension = |text: String| {
            let digits = [";ext=", "ext.", "ext", "x", "#"].iter().find_map(|mark| text.strip_prefix(mark)).map(str::trim);
            digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let rest = number.strip_prefix('+').unwrap_or(number);
        let digits = rest.bytes().filter(u8::is_ascii_digit).count();
        let grouped = rest.bytes().all(|byte| byte.is_ascii_digit() || b" .-/()".contains(&byte));
        if grouped && (5..=15).contains(&digits) && extension.is_none_or(is_extension) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Fault::new("invalid_phone", "This must be a telephone number of 5 to 15 digits such as +44 20 7946 0958."))
        }
    }

    fn schema() -> Schema {
        string(PHONE)
            .min_length(Some(5))
            .pattern(Some(concat!("^", r"\+?([ .\/()\-]*[0-9]){5,15}[ .\/()\-]*", r"( ?(;ext=|[eE][xX][tT]\.?|[xX]|#) ?[0-9]+)?", "$")))
            .into()
    }

    fn schema_or_blank() -> Schema {
        string(PHONE)
            .pattern(Some(concat!(
                "^(",
                r"\+?([ .\/()\-]*[0-9]){5,15}[ .\/()\-]*",
                r"( ?(;ext=|[eE][xX][tT]\.?|[xX]|#) ?[0-9]+)?",
                r"|\s*)$"
            )))
            .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn email(text: &str) -> Ruled<Email> {
        Email::read(Raw::Text(text))
    }

    fn code<T: std::fmt::Debug>(read: Ruled<T>) -> &'static str {
        read.expect_err("refused").code
    }

    #[test]
    fn phones_are_read_as_people_write_them() {
        for good in [
            "+44 20 7946 0958",
            "(020) 7946-0958",
            "+7 (495) 123-45-67",
            "12345",
            "+1 555 0100 x12",
            "+1 555 0100 ext. 12",
            "+1-555-0100;ext=12",
        ] {
            assert_eq!(Phone::read(Raw::Text(good)).expect(good).as_str(), good);
        }
        for bad in ["abc", "1234", "++491234567", "1234567890123456", "+49 123 45 DROP", "+1 555 0100 x"] {
            assert_eq!(code(Phone::read(Raw::Text(bad))), "invalid_phone", "{bad}");
        }
        assert_eq!(code(Phone::read(Raw::Text("  "))), "blank");
    }

    #[test]
    fn f20_an_extension_may_be_in_any_case_and_a_number_may_be_copied_from_contacts() {
        for (copied, kept) in [
            ("+1 555 0100 Ext. 12", "+1 555 0100 Ext. 12"),
            ("+1 555 0100 X12", "+1 555 0100 X12"),
            ("+1-555-0100;EXT=12", "+1-555-0100;EXT=12"),
            ("\u{202a}+44\u{a0}20\u{202f}7946\u{2011}0958\u{202c}", "+44 20 7946-0958"),
            ("020\u{2013}7946\u{ad}0958", "020-79460958"),
        ] {
            assert_eq!(Phone::read(Raw::Text(copied)).expect(copied).as_str(), kept);
        }
    }

    #[test]
    fn emails_have_a_domain_and_no_name() {
        for good in ["a@b.co", "First.Last+tag@Example.COM"] {
            assert_eq!(email(good).expect(good).as_str(), good);
        }
        for bad in ["a", "a@b", "@b.co", "a b@c.de", "A <a@b.co>", "a@b.co, c@d.ef", "a@[127.0.0.1]", "a@b\u{200b}.co"] {
            assert_eq!(code(email(bad)), "invalid_email", "{bad}");
        }
        assert_eq!(code(email(" ")), "blank");
    }

    #[test]
    fn f18_an_address_may_be_of_any_script() {
        for good in ["संपर्क@example.com", "नमस्ते@उदाहरण.भारत", "தமிழ்@example.com", "বাংলা@example.com", "联系@example.com", "اتصال@example.com"]
        {
            assert_eq!(email(good).expect(good).as_str(), ComposingNormalizer::new_nfc().normalize(good));
        }
        assert_eq!(email("jo\u{308}rg@example.com").expect("decomposed").as_str(), "jörg@example.com");
        // A mark needs a letter to stand on, and the limits of RFC 5321 count in bytes.
        for bad in ["\u{308}@example.com", "a@\u{94d}b.co", &format!("{}@example.com", "र्".repeat(11))] {
            assert_eq!(code(email(bad)), "invalid_email", "{bad}");
        }
    }

    #[test]
    fn f05_addresses_are_compared_by_full_case_folding() {
        for (one, other) in [
            ("jörg@example.com", "JÖRG@EXAMPLE.com"),
            ("straße@example.com", "STRASSE@example.com"),
            ("Елена@example.com", "елена@example.com"),
            ("jo\u{308}rg@example.com", "JÖRG@example.com"),
            ("οδος@example.com", "ΟΔΟΣ@example.com"),
        ] {
            assert_eq!(email(one).expect(one).folded(), email(other).expect(other).folded(), "{one}");
        }
        // Dotless i is another letter in every language.
        assert_ne!(fold("admın"), fold("admin"));
    }

    #[test]
    fn f19_a_name_that_shows_nothing_is_blank_and_a_name_is_one_line() {
        for blank in
            ["", " ", "\u{a0}", "\u{3000}", "\u{200b}", "\u{feff}", "\u{2060}\u{200d}", "\u{202e}", "\u{2800}", "\u{3164}", "\u{ffa0}"]
        {
            assert_eq!(code(Name::read(Raw::Text(blank))), "blank", "{blank:?}");
            assert!(Raw::Text(blank).is_blank());
        }
        for bad in ["a\nb", "a\u{7}b", "a\u{202e}b", "a\u{2028}b", "a\u{85}b"] {
            assert_eq!(code(Name::read(Raw::Text(bad))), "control_character", "{bad:?}");
        }
        assert_eq!(code(Name::read(Raw::Text("a\0"))), "nul");
        for (given, kept) in
            [(" Tea ", "Tea"), ("\u{feff}Tea\u{200b}", "Tea"), ("Tea ❤\u{fe0f}", "Tea ❤\u{fe0f}"), ("O\u{2019}Neill", "O\u{2019}Neill")]
        {
            assert_eq!(Name::read(Raw::Text(given)).expect(given).as_str(), kept);
        }
        assert_eq!(Text::<5>::read(Raw::Text(" a\nb ")).expect("text").as_str(), "a\nb");
        assert_eq!(code(Text::<5>::read(Raw::Text("abcdef"))), "too_long");
        assert_eq!(code(Text::<5>::read(Raw::Text("\u{200b}"))), "blank");
    }
}
