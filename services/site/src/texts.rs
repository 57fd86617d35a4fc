//! The texts that guests read, by language: [Fluent](https://projectfluent.org) catalogs that are compiled in.

use std::collections::BTreeSet;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use jiff::civil::{Date, Time};

use crate::language::Language;

/// A value that stands in a text: a number, by which its words are inflected, or words.
pub type Value<'a> = FluentValue<'a>;

/// What all services say alike: dates, times and lengths of time.
const COMMON: [&str; 3] = [include_str!("../languages/en.ftl"), include_str!("../languages/ru.ftl"), include_str!("../languages/de.ftl")];

/// The texts of a service in every language.
pub struct Texts(Vec<Catalog>);

impl Texts {
    /// The texts of a service, in the order of [`Language::ALL`].
    ///
    /// # Panics
    /// Where a catalog is malformed, or has a message twice: they are compiled in.
    pub fn new(own: [&str; 3]) -> Self {
        Self(Language::ALL.iter().zip(COMMON).zip(own).map(|((language, common), own)| Catalog::new(*language, [common, own])).collect())
    }

    /// Those of a language.
    ///
    /// # Panics
    /// Never: there is a catalog for every language.
    pub fn of(&self, language: Language) -> &Catalog {
        self.0.iter().find(|catalog| catalog.language == language).expect("a catalog for every language")
    }
}

/// The texts of a service in one language.
pub struct Catalog {
    /// The language.
    pub language: Language,
    bundle: FluentBundle<FluentResource>,
    keys: BTreeSet<String>,
}

impl Catalog {
    fn new(language: Language, sources: [&str; 2]) -> Self {
        let tag = language.as_str().parse().expect("a language tag");
        let mut bundle = FluentBundle::new_concurrent(vec![tag]);
        // The marks around what is inserted would be in subjects, file names and titles, too. Pages isolate names by an element.
        bundle.set_use_isolating(false);
        let mut keys = BTreeSet::new();
        for source in sources {
            let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(_, errors)| panic!("{language}: {errors:?}"));
            keys.extend(resource.entries().filter_map(|entry| match entry {
                fluent_syntax::ast::Entry::Message(message) => Some(message.id.name.to_owned()),
                _ => None,
            }));
            bundle.add_resource(resource).unwrap_or_else(|errors| panic!("{language}: {errors:?}"));
        }
        Self { language, bundle, keys }
    }

    /// The keys of all its messages.
    pub fn keys(&self) -> &BTreeSet<String> {
        &self.keys
    }

    /// A text without values.
    pub fn say(&self, key: &str) -> String {
        self.tell(key, [])
    }

    /// A text with values. One that is missing is its key, and told in the log.
    pub fn tell<'a, const N: usize>(&self, key: &str, values: [(&'a str, Value<'a>); N]) -> String {
        let values: FluentArgs<'a> = values.into_iter().collect();
        let Some(pattern) = self.bundle.get_message(key).and_then(|message| message.value()) else {
            debug_assert!(false, "no text {key} in {}", self.language);
            tracing::error!(key, language = self.language.as_str(), "a text is missing");
            return key.to_owned();
        };
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, Some(&values), &mut errors);
        debug_assert!(errors.is_empty(), "{key} in {}: {errors:?}", self.language);
        text.into_owned()
    }

    /// A date, as `Friday, 14 May 2027`.
    pub fn date(&self, date: Date) -> String {
        let values = [
            ("weekday", self.weekday(date).into()),
            ("day", date.day().into()),
            ("month", self.say(&format!("month-{}", date.month())).into()),
            ("year", date.year().to_string().into()),
        ];
        self.tell("date", values)
    }

    /// A day and a month, as `14 May`.
    pub fn day(&self, date: Date) -> String {
        self.tell("day", [("day", date.day().into()), ("month", self.say(&format!("month-{}", date.month())).into())])
    }

    /// The name of a date's weekday.
    pub fn weekday(&self, date: Date) -> String {
        self.say(&format!("weekday-{}", date.weekday().to_monday_one_offset()))
    }

    /// The short name of a date's weekday, as `Fri`.
    pub fn short_weekday(&self, date: Date) -> String {
        self.say(&format!("weekday-short-{}", date.weekday().to_monday_one_offset()))
    }

    /// The short name of a date's month, as `May`.
    pub fn short_month(&self, date: Date) -> String {
        self.say(&format!("month-short-{}", date.month()))
    }

    /// A time of day, as `19:30`.
    pub fn time(&self, time: Time) -> String {
        format!("{:02}:{:02}", time.hour(), time.minute())
    }

    /// A date and a time of it, as `Friday, 14 May 2027 at 19:30`.
    pub fn moment(&self, date: Date, time: Time) -> String {
        self.tell("moment", [("date", self.date(date).into()), ("time", self.time(time).into())])
    }

    /// A length of time in minutes, as `1 hour 45 minutes`.
    pub fn minutes(&self, minutes: i64) -> String {
        match (minutes / 60, minutes % 60) {
            (0, minutes) => self.tell("minutes", [("minutes", minutes.into())]),
            (hours, 0) => self.tell("hours", [("hours", hours.into())]),
            (hours, minutes) => self.tell("hours-and-minutes", [("hours", hours.into()), ("minutes", minutes.into())]),
        }
    }
}

/// Checks the texts of a service, for a test: each language says the same, with the same values; each text is named in a source, by its name
/// in quotes or by how it begins; and each text that a source says is there. The sources are files, and folders of files.
///
/// # Panics
/// Where one of these does not hold.
pub fn check(own: [&str; 3], sources: &[&str]) {
    check_all(&Texts::new(own), own, sources);
}

fn check_all(texts: &Texts, own: [&str; 3], sources: &[&str]) {
    let messages = |source: &str| -> Vec<(String, BTreeSet<String>)> {
        let resource = fluent_syntax::parser::parse(source.to_owned()).expect("a catalog");
        let named = resource.body.iter().filter_map(|entry| match entry {
            fluent_syntax::ast::Entry::Message(message) => Some((message.id.name.clone(), values(message))),
            _ => None,
        });
        named.collect()
    };
    let [first, others @ ..] = own.map(messages);
    for other in others {
        assert_eq!(first, other, "the languages differ");
    }
    let sources: Vec<String> = sources.iter().flat_map(|path| contents(path.as_ref())).collect();
    let quoted: Vec<&str> = sources.iter().flat_map(|source| source.split('"')).collect();
    for (key, _) in &first {
        let begun = |text: &&str| {
            let begin = text.split('{').next().unwrap_or_default();
            text.contains('{') && begin.ends_with('-') && key.starts_with(begin)
        };
        assert!(quoted.iter().any(|text| text == key || begun(text)), "nothing says {key}");
    }
    for source in &sources {
        for said in [".say(\"", ".tell(\""] {
            for rest in source.split(said).skip(1) {
                let key = rest.split('"').next().unwrap_or_default();
                assert!(texts.of(Language::En).keys().contains(key), "there is no text {key}");
            }
        }
    }
}

/// The contents of a file, or of the files of a folder and those within it.
fn contents(path: &std::path::Path) -> Vec<String> {
    match std::fs::read_dir(path) {
        Ok(files) => files.flatten().flat_map(|file| contents(&file.path())).collect(),
        Err(_) => vec![std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))],
    }
}

/// The names of the values that stand in a text: every `$name` of its source.
fn values(message: &fluent_syntax::ast::Message<String>) -> BTreeSet<String> {
    let text = format!("{:?}", message.value);
    let variables = text.split("VariableReference { id: Identifier { name: \"").skip(1);
    variables.map(|rest| rest.split('"').next().unwrap_or_default().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts() -> Texts {
        Texts::new(["", "", ""])
    }

    #[test]
    fn every_language_says_the_same_things() {
        check_all(&texts(), COMMON, &["src", "templates"]);
    }

    #[test]
    fn dates_and_lengths_are_said_as_people_say_them() {
        let texts = texts();
        let said = |language| {
            let catalog = texts.of(language);
            let (date, time) = (Date::constant(2027, 5, 14), Time::constant(9, 5, 0, 0));
            let lengths = [1, 60, 105, 122, 300].map(|minutes| catalog.minutes(minutes));
            (catalog.moment(date, time), catalog.day(date), catalog.short_weekday(date), lengths)
        };
        let (moment, day, weekday, lengths) = said(Language::En);
        assert_eq!((moment.as_str(), day.as_str(), weekday.as_str()), ("Friday, 14 May 2027 at 09:05", "14 May", "Fri"));
        assert_eq!(lengths, ["1 minute", "1 hour", "1 hour 45 minutes", "2 hours 2 minutes", "5 hours"]);
        let (moment, day, weekday, lengths) = said(Language::De);
        assert_eq!((moment.as_str(), day.as_str(), weekday.as_str()), ("Freitag, 14. Mai 2027 um 09:05 Uhr", "14. Mai", "Fr"));
        assert_eq!(lengths, ["1 Minute", "1 Stunde", "1 Stunde 45 Minuten", "2 Stunden 2 Minuten", "5 Stunden"]);
        let (moment, day, weekday, lengths) = said(Language::Ru);
        assert_eq!((moment.as_str(), day.as_str(), weekday.as_str()), ("пятница, 14 мая 2027 г., 09:05", "14 мая", "пт"));
        assert_eq!(lengths, ["1 минута", "1 час", "1 час 45 минут", "2 часа 2 минуты", "5 часов"]);
    }
}
