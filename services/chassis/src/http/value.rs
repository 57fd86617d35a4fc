//! Values of the input. A type reads itself from what the client sent and describes itself for the OpenAPI document, so that a range
//! or a length stands once.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use serde_json::Value as Json;
use utoipa::openapi::KnownFormat;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaFormat, Type};

/// A value as the client sent it: a member of a JSON body, or the text of a parameter, a header or a form field.
#[derive(Clone, Copy, Debug)]
pub enum Raw<'a> {
    /// From a JSON body, but for a number.
    Json(&'a Json),
    /// A number of a JSON body, as it was written: by way of a binary fraction 0.1 would not be 0.1.
    Number(&'a str),
    /// From the query, the path, a header or a form.
    Text(&'a str),
}

/// Why a value is refused.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// Stable and `snake_case`.
    pub code: &'static str,
    /// What was wrong and what would be right, as a sentence.
    pub detail: String,
}

impl Fault {
    /// A fault of this code.
    pub fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

/// The outcome of reading a value.
pub type Ruled<T> = Result<T, Fault>;

/// A type of values that clients send.
pub trait Value: Sized {
    /// Whether blank text counts as no value where the value is optional.
    const BLANK_IS_NONE: bool = false;

    /// Reads a value.
    ///
    /// # Errors
    /// What rule the value breaks.
    fn read(raw: Raw<'_>) -> Ruled<Self>;

    /// The OpenAPI schema of the values that [`Value::read`] accepts.
    fn schema() -> Schema;

    /// The schema where blank text counts as no value.
    fn schema_or_blank() -> Schema {
        Self::schema()
    }
}

/// A whole number within a range.
pub trait Whole: Value {
    /// The smallest and the largest.
    const RANGE: (i32, i32);
}

impl<'a> Raw<'a> {
    /// The text of a string.
    ///
    /// # Errors
    /// Where it is not a string.
    pub fn string(self) -> Ruled<&'a str> {
        match self {
            Raw::Text(text) => Ok(text),
            Raw::Json(Json::String(text)) => Ok(text),
            Raw::Json(_) | Raw::Number(_) => Err(Fault::new("wrong_type", "This must be a string.")),
        }
    }

    /// Whether it is text that shows nothing.
    pub fn is_blank(self) -> bool {
        self.string().is_ok_and(super::text::is_blank)
    }
}

/// Reads a whole number from `min` to `max`.
///
/// # Errors
/// `wrong_type` or `out_of_range`.
pub fn whole_number(raw: Raw<'_>, min: i32, max: i32) -> Ruled<i32> {
    let wrong_type = || Fault::new("wrong_type", "This must be a whole number.");
    let number = match raw {
        Raw::Number(text) | Raw::Text(text) => text,
        Raw::Json(_) => return Err(wrong_type()),
    };
    // The digits decide: a number beyond any machine integer is out of range, not of another type.
    let digits = number.strip_prefix('-').unwrap_or(number);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong_type());
    }
    match number.parse::<i32>() {
        Ok(value) if (min..=max).contains(&value) => Ok(value),
        _ => Err(Fault::new("out_of_range", format!("This must be from {min} to {max}."))),
    }
}

/// The schema of a whole number from `min` to `max`.
pub fn whole_number_schema(min: i32, max: i32) -> ObjectBuilder {
    let int32 = SchemaFormat::KnownFormat(KnownFormat::Int32);
    ObjectBuilder::new().schema_type(Type::Integer).format(Some(int32)).minimum(Some(min)).maximum(Some(max))
}

/// Reads one of a few words.
///
/// # Errors
/// `not_allowed`, with the words that are.
pub fn word<T: Copy>(raw: Raw<'_>, all: &[T], as_str: fn(T) -> &'static str) -> Ruled<T> {
    let text = raw.string()?;
    all.iter().copied().find(|value| as_str(*value) == text).ok_or_else(|| {
        let words: Vec<_> = all.iter().map(|value| as_str(*value)).collect();
        Fault::new("not_allowed", format!("This must be one of: {}.", words.join(", ")))
    })
}

impl Value for bool {
    fn read(raw: Raw<'_>) -> Ruled<Self> {
        match raw {
            Raw::Json(Json::Bool(value)) => Ok(*value),
            Raw::Text("true") => Ok(true),
            Raw::Text("false") => Ok(false),
            _ => Err(Fault::new("wrong_type", "This must be true or false.")),
        }
    }

    fn schema() -> Schema {
        ObjectBuilder::new().schema_type(Type::Boolean).into()
    }
}

/// An instant: RFC 3339, with an offset. It is kept to the microsecond, as PostgreSQL does.
impl Value for Timestamp {
    fn read(raw: Raw<'_>) -> Ruled<Self> {
        let invalid = || {
            Fault::new(
                "invalid_time",
                "This must be a time with an offset (RFC 3339), such as 2030-05-17T19:30:00+02:00 or 2030-05-17T17:30:00Z.",
            )
        };
        let text = match raw {
            // In a query, a '+' that was not escaped arrives as a space.
            Raw::Text(text) => text.replacen(' ', "+", 1),
            Raw::Json(_) | Raw::Number(_) => raw.string()?.to_owned(),
        };
        let (date_time, fraction, offset) = parts_of_rfc3339(&text).ok_or_else(invalid)?;
        let date_time: DateTime = date_time.parse().map_err(|_| invalid())?;
        // The last hours of the year 9999 are beyond what can be counted with; they stand for a time that never comes.
        let text = format!("{date_time}.{fraction:0<6.6}{offset}");
        Ok(text.parse().unwrap_or(LAST))
    }

    fn schema() -> Schema {
        let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
        ObjectBuilder::new().schema_type(Type::String).format(Some(format)).into()
    }
}

/// The last instant, to the microsecond.
const LAST: Timestamp = Timestamp::constant(253_402_207_200, 999_999_000);

/// The parts of a date-time of the shape that RFC 3339, 5.6 gives it: date and time, digits of the fraction, offset. jiff's parser
/// accepts more, such as a 60th second at any minute. There was no year 0.
fn parts_of_rfc3339(text: &str) -> Option<(&str, &str, &str)> {
    let matches = |pattern: &[u8], text: &str| {
        pattern.len() == text.len()
            && pattern.iter().zip(text.bytes()).all(|(p, c)| match p {
                b'0' => c.is_ascii_digit(),
                b'T' => matches!(c, b'T' | b't'),
                b'+' => matches!(c, b'+' | b'-'),
                p => *p == c,
            })
    };
    let (date_time, rest) = text.split_at_checked(19)?;
    if !matches(b"0000-00-00T00:00:00", date_time) || date_time.starts_with("0000") || date_time.ends_with("60") {
        return None;
    }
    let (fraction, offset) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(rest.bytes().take_while(u8::is_ascii_digit).count()),
        None => ("0", rest),
    };
    // The hour of an offset is at most 23, its minute at most 59.
    let is_offset = matches!(offset, "Z" | "z") || (matches(b"+00:00", offset) && &offset[1..3] <= "23" && &offset[4..6] <= "59");
    (!fraction.is_empty() && is_offset).then_some((date_time, fraction, offset))
}

/// A calendar date, `YYYY-MM-DD`.
impl Value for Date {
    fn read(raw: Raw<'_>) -> Ruled<Self> {
        let invalid = || Fault::new("invalid_date", "This must be a date that exists, as YYYY-MM-DD.");
        let text = raw.string()?;
        // There was no year 0, and a time zone may begin its first day in the year before.
        if text.len() != 10 || text.starts_with("0000") {
            return Err(invalid());
        }
        text.parse().map_err(|_| invalid())
    }

    fn schema() -> Schema {
        let format = SchemaFormat::KnownFormat(KnownFormat::Date);
        ObjectBuilder::new().schema_type(Type::String).format(Some(format)).into()
    }
}

/// The doc comment of a declaration, as a description: lines joined, outer spaces removed.
pub fn description(lines: &[&str]) -> String {
    lines.iter().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// Declares the id of a kind of thing: a positive 32-bit integer that cannot be confused with the id of another kind. As
/// `utoipa::IntoParams` it is the path parameter `id`.
#[macro_export]
macro_rules! id {
    ($(#[doc = $doc:literal])* $vis:vis struct $name:ident;) => {
        $crate::whole! { $(#[doc = $doc])* $vis struct $name: 1..=2147483647; }

        impl ::utoipa::IntoParams for $name {
            fn into_params(
                _: impl Fn() -> Option<::utoipa::openapi::path::ParameterIn>,
            ) -> Vec<::utoipa::openapi::path::Parameter> {
                let parameter = ::utoipa::openapi::path::ParameterBuilder::new()
                    .name("id")
                    .parameter_in(::utoipa::openapi::path::ParameterIn::Path)
                    .required(::utoipa::openapi::Required::True)
                    .description(Some($crate::http::value::description(&[$($doc),*])))
                    .schema(Some(<$name as $crate::http::value::Value>::schema()))
                    .example(Some(1.into()));
                vec![parameter.build()]
            }
        }
    };
}

/// Declares a whole number with a range, such as `pub struct Guests: 1..=20;`.
#[macro_export]
macro_rules! whole {
    ($(#[doc = $doc:literal])* $vis:vis struct $name:ident: $min:literal ..= $max:literal;) => {
        $(#[doc = $doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize, ::sqlx::Type,
        )]
        #[serde(transparent)]
        #[sqlx(transparent)]
        $vis struct $name(i32);

        #[allow(dead_code, reason = "not every number uses each of them")]
        impl $name {
            /// The smallest.
            $vis const MIN: Self = Self($min);
            /// The largest.
            $vis const MAX: Self = Self($max);

            /// The number, where it is in the range.
            $vis const fn new(number: i32) -> Option<Self> {
                #[allow(clippy::absurd_extreme_comparisons, unused_comparisons, reason = "a range may end where i32 does")]
                if number >= $min && number <= $max { Some(Self(number)) } else { None }
            }

            /// The number.
            $vis const fn get(self) -> i32 {
                self.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&self.0, f)
            }
        }

        impl $crate::http::value::Whole for $name {
            const RANGE: (i32, i32) = ($min, $max);
        }

        impl $crate::http::value::Value for $name {
            fn read(raw: $crate::http::value::Raw<'_>) -> $crate::http::value::Ruled<Self> {
                $crate::http::value::whole_number(raw, $min, $max).map(Self)
            }

            fn schema() -> ::utoipa::openapi::Schema {
                $crate::http::value::whole_number_schema($min, $max).into()
            }
        }

        impl ::utoipa::PartialSchema for $name {
            fn schema() -> ::utoipa::openapi::RefOr<::utoipa::openapi::Schema> {
                let description = $crate::http::value::description(&[$($doc),*]);
                ::utoipa::openapi::Schema::from($crate::http::value::whole_number_schema($min, $max).description(Some(description))).into()
            }
        }

        impl ::utoipa::ToSchema for $name {}
    };
}

/// Declares an enum whose words stand once, for JSON, SQL, parameters and the OpenAPI document. With `enum Name else Variant`, a word of
/// JSON or SQL that is not known is read as that variant: a later version may have written it.
#[macro_export]
macro_rules! words {
    (
        $(#[doc = $doc:literal])*
        $vis:vis enum $name:ident $(else $unknown:ident)? { $($(#[doc = $vdoc:literal])* $variant:ident = $word:literal),* $(,)? }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        $vis enum $name { $($(#[doc = $vdoc])* $variant),* }

        #[allow(dead_code, reason = "not every enum uses each of them")]
        impl $name {
            /// Every value, in the order of their declaration.
            $vis const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word.
            $vis const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// The value of a word.
            $vis fn of(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = <::std::borrow::Cow<'de, str> as ::serde::Deserialize<'de>>::deserialize(deserializer)?;
                let known = Self::of(&word) $(.or(Some(Self::$unknown)))?;
                known.ok_or_else(|| ::serde::de::Error::custom(format_args!("{word:?} is no {}", stringify!($name))))
            }
        }

        impl ::sqlx::Type<::sqlx::Postgres> for $name {
            fn type_info() -> ::sqlx::postgres::PgTypeInfo {
                <str as ::sqlx::Type<::sqlx::Postgres>>::type_info()
            }

            fn compatible(other: &::sqlx::postgres::PgTypeInfo) -> bool {
                <str as ::sqlx::Type<::sqlx::Postgres>>::compatible(other)
            }
        }

        impl ::sqlx::postgres::PgHasArrayType for $name {
            fn array_type_info() -> ::sqlx::postgres::PgTypeInfo {
                <&str as ::sqlx::postgres::PgHasArrayType>::array_type_info()
            }
        }

        impl ::sqlx::Encode<'_, ::sqlx::Postgres> for $name {
            fn encode_by_ref(
                &self,
                buffer: &mut ::sqlx::postgres::PgArgumentBuffer,
            ) -> Result<::sqlx::encode::IsNull, ::sqlx::error::BoxDynError> {
                <&str as ::sqlx::Encode<'_, ::sqlx::Postgres>>::encode_by_ref(&self.as_str(), buffer)
            }
        }

        impl<'r> ::sqlx::Decode<'r, ::sqlx::Postgres> for $name {
            fn decode(value: ::sqlx::postgres::PgValueRef<'r>) -> Result<Self, ::sqlx::error::BoxDynError> {
                let word = <&str as ::sqlx::Decode<'r, ::sqlx::Postgres>>::decode(value)?;
                let known = Self::of(word) $(.or(Some(Self::$unknown)))?;
                known.ok_or_else(|| format!("{word:?} is no {}", stringify!($name)).into())
            }
        }

        impl $crate::http::value::Value for $name {
            fn read(raw: $crate::http::value::Raw<'_>) -> $crate::http::value::Ruled<Self> {
                $crate::http::value::word(raw, Self::ALL, Self::as_str)
            }

            fn schema() -> ::utoipa::openapi::Schema {
                use ::utoipa::openapi::schema::{ObjectBuilder, Type};
                ObjectBuilder::new().schema_type(Type::String).enum_values(Some([$($word),*])).into()
            }
        }

        impl ::utoipa::PartialSchema for $name {
            fn schema() -> ::utoipa::openapi::RefOr<::utoipa::openapi::Schema> {
                use ::utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
                let mut description = $crate::http::value::description(&[$($doc),*]);
                $(
                    let meaning = $crate::http::value::description(&[$($vdoc),*]);
                    description.push_str(&format!("\n- `{}`: {meaning}", $word));
                )*
                let words = ObjectBuilder::new().schema_type(Type::String).enum_values(Some([$($word),*]));
                Schema::from(words.description(Some(description))).into()
            }
        }

        impl ::utoipa::ToSchema for $name {}
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_needs_an_offset_and_the_shape_of_rfc_3339() {
        for good in [
            "2030-05-17T19:30:00+02:00",
            "2030-05-17T17:30:00Z",
            "2030-05-17t17:30:00.123456z",
            "2030-05-17T17:30:00 02:00",
            "2030-05-17T17:30:00.0000000001Z",
        ] {
            assert!(Timestamp::read(Raw::Text(good)).is_ok(), "{good}");
        }
        for bad in [
            "",
            "2030-05-17",
            "2030-05-17T19:30:00",
            "2030-02-30T19:30:00Z",
            "2030-05-17 19:30:00Z",
            "2030-05-17T25:30:00Z",
            "2030-05-17T19:00:60Z",
            "2016-12-31T23:59:60Z",
            "0000-01-01T00:00:00Z",
            "9999-12-32T00:00:00Z",
            "+002030-05-17T19:30:00Z",
            "2030-05-17T19:30Z",
            "2030-05-17T19:30:00+2",
            "2030-05-17T19:30:00.Z",
            "now",
            "2030-05-17T19:30:00+24:00",
            "2030-05-17T19:30:00-23:60",
            "2030-05-17T19:30:00+02:00[Europe/Paris]",
        ] {
            assert!(Timestamp::read(Raw::Json(&Json::String(bad.to_owned()))).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_instant_after_the_last_is_the_last() {
        for never in ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999999999-23:59"] {
            assert_eq!(Timestamp::read(Raw::Text(never)), Ok(LAST), "{never}");
        }
        assert!(LAST <= Timestamp::MAX && Date::read(Raw::Text("0000-01-01")).is_err());
        assert_eq!(
            Timestamp::read(Raw::Text("0001-01-01T00:00:00+23:59")).map(|first| first.to_string()),
            Ok("0000-12-31T00:01:00Z".into())
        );
    }

    #[test]
    fn an_instant_is_kept_to_the_microsecond() {
        let read = Timestamp::read(Raw::Text("2030-05-17T17:30:00.123456789Z")).expect("an instant");
        assert_eq!(read.to_string(), "2030-05-17T17:30:00.123456Z");
    }

    #[test]
    fn a_whole_number_is_judged_by_its_digits() {
        assert_eq!(whole_number(Raw::Text("20"), 1, 20), Ok(20));
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
            assert_eq!(whole_number(Raw::Text(text), 1, 20).expect_err(text).code, code, "{text}");
        }
    }
}
