//! Forms that are declared once: the same lines show a form and read what was sent, so that a field has one name, one label and one rule.

use std::collections::BTreeMap;

use chassis::http::input::{Input, Source};
use chassis::http::text::Text;
use chassis::http::value::{Raw, Value, Whole};
use house::clock::Clock;
use jiff::civil::Date;
use site::form::{Faults, typed};
use site::texts::Catalog;

use crate::http::hours::LocalTime;

/// What the fields of a form have before anybody has typed, by their ids. A box is ticked by `true`.
pub(super) type Kept = BTreeMap<String, String>;

/// What the fields of a form have.
pub(super) enum Filled<'a> {
    /// What is kept, which is sound.
    Kept(Kept),
    /// What was sent.
    Sent(&'a Input),
}

/// How a field is filled in.
pub(super) enum Control {
    /// One line, of so many characters at most.
    Line(usize),
    /// Several lines, of so many characters at most.
    Lines(usize),
    /// A whole number of this range.
    Number(i32, i32),
    /// A time of day.
    Time,
    /// A date.
    Date,
    /// A box that is ticked or not.
    Tick,
    /// One of some choices.
    Choice(Vec<Choice>),
    /// Several of some choices.
    Ticks(Vec<Choice>),
}

/// A choice: in a list its value, in a row of boxes the id of its box.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) text: String,
    pub(super) chosen: bool,
}

/// A field.
pub(super) struct Field {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) hint: Option<String>,
    pub(super) fault: Option<String>,
    pub(super) value: String,
    pub(super) required: bool,
    pub(super) control: Control,
}

impl Field {
    /// The ids of what says more of it.
    pub(super) fn described_by(&self) -> String {
        let [fault, hint] =
            [(&self.fault, "fault"), (&self.hint, "hint")].map(|(text, kind)| text.as_ref().map(|_| format!("{}-{kind}", self.id)));
        [fault, hint].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// Whether it takes a row of its own.
    pub(super) fn is_wide(&self) -> bool {
        matches!(self.control, Control::Lines(_) | Control::Tick | Control::Ticks(_))
    }
}

/// Fields that belong together.
pub(super) struct Section {
    /// What they are about; empty where there is nothing to say.
    pub(super) legend: String,
    /// Whether each two of them are one thing.
    pub(super) in_pairs: bool,
    /// What is to be said of all of them.
    pub(super) more: Option<String>,
    pub(super) fields: Vec<Field>,
}

/// A form that is shown and read.
pub(super) struct Form<'a> {
    pub(super) texts: &'a Catalog,
    pub(super) sections: Vec<Section>,
    pub(super) faults: Faults,
    /// What the form is sent with beside its fields.
    pub(super) hidden: Vec<(&'static str, String)>,
    filled: Filled<'a>,
}

impl<'a> Form<'a> {
    pub(super) fn new(texts: &'a Catalog, filled: Filled<'a>) -> Self {
        let first = Section { legend: String::new(), in_pairs: false, more: None, fields: Vec::new() };
        Self { texts, sections: vec![first], faults: Faults::default(), hidden: Vec::new(), filled }
    }

    /// Whether it was sent.
    pub(super) fn is_sent(&self) -> bool {
        matches!(self.filled, Filled::Sent(_))
    }

    /// Begins a section.
    pub(super) fn section(&mut self, legend: impl Into<String>) {
        self.sections.push(Section { legend: legend.into(), in_pairs: false, more: None, fields: Vec::new() });
    }

    /// Begins a section in which each two fields are one thing.
    pub(super) fn section_of_pairs(&mut self, legend: impl Into<String>, more: String) {
        self.sections.push(Section { legend: legend.into(), in_pairs: true, more: Some(more), fields: Vec::new() });
    }

    /// Says more of the last field.
    pub(super) fn hint(&mut self, key: &str) {
        let text = self.texts.say(key);
        if let Some(field) = self.sections.last_mut().and_then(|section| section.fields.last_mut()) {
            field.hint = Some(text);
        }
    }

    /// What stands in a field.
    pub(super) fn value(&self, id: &str) -> String {
        match &self.filled {
            Filled::Kept(kept) => kept.get(id).cloned().unwrap_or_default(),
            Filled::Sent(input) => typed(input, Source::Body, id),
        }
    }

    /// What the fields of `now` have where others were sent, each with what it is called; nothing where they are the same.
    pub(super) fn differences(&self, now: &Form<'_>) -> Vec<String> {
        let word = |is: bool| self.texts.say(if is { "setup-yes" } else { "setup-no" });
        let mut differences = Vec::new();
        for (section, field) in now.sections.iter().flat_map(|section| section.fields.iter().map(move |field| (section, field))) {
            let sent = |id: &str| self.value(id);
            let current = field.value.replace("\r\n", "\n");
            let shown = match &field.control {
                Control::Ticks(choices) => {
                    let chosen = choices.iter().filter(|choice| choice.chosen).map(|choice| choice.text.clone());
                    let differ = choices.iter().any(|choice| choice.chosen != (sent(&choice.value) == "true"));
                    differ.then(|| chosen.collect::<Vec<_>>().join(", "))
                }
                Control::Tick => {
                    let is = current == "true";
                    (is != (sent(&field.id) == "true")).then(|| word(is))
                }
                _ if sent(&field.id) == current.trim() => None,
                Control::Choice(choices) => choices.iter().find(|choice| choice.chosen).map(|choice| choice.text.clone()),
                _ if current.is_empty() => Some("–".to_owned()),
                _ => Some(current),
            };
            if let Some(shown) = shown {
                let of = if section.legend.is_empty() { String::new() } else { format!("{}, ", section.legend) };
                differences.push(format!("{of}{}: {shown}", field.label));
            }
        }
        let is_there = |id: &str| now.sections.iter().any(|section| section.fields.iter().any(|field| field.id == id));
        for section in &self.sections {
            if let Some(field) = section.fields.first().filter(|field| !field.value.is_empty() && !is_there(&field.id)) {
                differences.push(format!("{}: –", if section.legend.is_empty() { &field.label } else { &section.legend }));
            }
        }
        differences
    }

    /// Notes what is wrong with a field. Among the faults of the form it is named.
    pub(super) fn refuse<const N: usize>(&mut self, id: &str, key: &str, values: [(&str, site::texts::Value<'_>); N]) {
        let text = self.texts.tell(key, values);
        for section in &mut self.sections {
            if let Some(field) = section.fields.iter_mut().find(|field| field.id == id) {
                let of = if section.legend.is_empty() { String::new() } else { format!("{}, ", section.legend) };
                self.faults.note(id.to_owned(), format!("{of}{}: {text}", field.label));
                field.fault = Some(text);
                return;
            }
        }
    }

    /// Forgets the faults of the section that was asked for last, before which there were so many.
    pub(super) fn forgive(&mut self, before: usize) {
        self.faults.0.truncate(before);
        for field in self.sections.last_mut().into_iter().flat_map(|section| &mut section.fields) {
            field.fault = None;
        }
    }

    fn add(&mut self, id: &str, label: &str, required: bool, control: Control) -> String {
        let (label, value) = (self.texts.say(label), self.value(id));
        let field = Field { id: id.to_owned(), label, hint: None, fault: None, value: value.clone(), required, control };
        self.sections.last_mut().expect("a form begins with a section").fields.push(field);
        value
    }

    /// The value of a field; what is wrong with it is noted where it was sent.
    fn judge<T, const N: usize>(
        &mut self,
        id: &str,
        read: impl FnOnce(Raw<'_>) -> Option<T>,
        wrong: (&str, [(&str, site::texts::Value<'_>); N]),
    ) -> Option<T> {
        let value = self.value(id);
        let raw = Raw::Text(&value);
        let judged = if raw.is_blank() { None } else { read(raw) };
        if judged.is_none() && self.is_sent() {
            if raw.is_blank() {
                self.refuse(id, "setup-missing", []);
            } else {
                self.refuse(id, wrong.0, wrong.1);
            }
        }
        judged
    }

    /// A field that may be left empty.
    fn judge_optional<T>(&mut self, id: &str, judge: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        if Raw::Text(&self.value(id)).is_blank() { Some(None) } else { judge(self).map(Some) }
    }

    fn judge_whole<T: Whole>(&mut self, id: &str) -> Option<T> {
        let (from, to) = T::RANGE;
        self.judge(id, |raw| T::read(raw).ok(), ("setup-whole", [("from", from.into()), ("to", to.into())]))
    }

    /// A whole number.
    pub(super) fn whole<T: Whole>(&mut self, id: &str, label: &str) -> Option<T> {
        let (from, to) = T::RANGE;
        self.add(id, label, true, Control::Number(from, to));
        self.judge_whole(id)
    }

    /// A whole number, or none.
    pub(super) fn whole_or_none<T: Whole>(&mut self, id: &str, label: &str) -> Option<Option<T>> {
        let (from, to) = T::RANGE;
        self.add(id, label, false, Control::Number(from, to));
        self.judge_optional(id, |form| form.judge_whole(id))
    }

    fn judge_text<const MAX: usize>(&mut self, id: &str) -> Option<Text<MAX>> {
        self.judge(id, |raw| Text::read(raw).ok(), ("setup-text", [("count", MAX.into())]))
    }

    /// A line of text.
    pub(super) fn line<const MAX: usize>(&mut self, id: &str, label: &str, required: bool) -> Option<Text<MAX>> {
        self.add(id, label, required, Control::Line(MAX));
        self.judge_text(id)
    }

    /// Text of several lines, or none.
    pub(super) fn lines_or_none<const MAX: usize>(&mut self, id: &str, label: &str) -> Option<Option<Text<MAX>>> {
        self.add(id, label, false, Control::Lines(MAX));
        self.judge_optional(id, |form| form.judge_text(id))
    }

    /// A time of day.
    pub(super) fn clock(&mut self, id: &str, label: &str) -> Option<Clock> {
        self.add(id, label, false, Control::Time);
        self.judge(id, |raw| LocalTime::read(raw).ok().map(LocalTime::clock), ("setup-clock", []))
    }

    /// A date.
    pub(super) fn date(&mut self, id: &str, label: &str) -> Option<Date> {
        self.add(id, label, true, Control::Date);
        self.judge(id, |raw| Date::read(raw).ok(), ("setup-date", []))
    }

    /// A box.
    pub(super) fn tick(&mut self, id: &str, label: &str) -> bool {
        self.add(id, label, false, Control::Tick) == "true"
    }

    /// One of some values, each with its text. `None` is an error: it is none of them.
    pub(super) fn choose<T>(&mut self, id: &str, label: &str, choices: Vec<(T, String, String)>) -> Option<T> {
        let chosen = self.value(id);
        let shown = choices.iter().map(|(_, value, text)| Choice { value: value.clone(), text: text.clone(), chosen: *value == chosen });
        let shown = shown.collect();
        self.add(id, label, false, Control::Choice(shown));
        let found = choices.into_iter().find(|(_, value, _)| *value == chosen).map(|(choice, ..)| choice);
        if found.is_none() && self.is_sent() {
            self.refuse(id, "setup-choice", []);
        }
        found
    }

    /// Several of some values, each with the id of its box and its text.
    pub(super) fn several<T>(&mut self, id: &str, label: &str, choices: Vec<(T, String, String)>) -> Vec<T> {
        let ticked: Vec<bool> = choices.iter().map(|(_, id, _)| self.value(id) == "true").collect();
        let shown = choices.iter().zip(&ticked);
        let shown = shown.map(|((_, id, text), chosen)| Choice { value: id.clone(), text: text.clone(), chosen: *chosen }).collect();
        self.add(id, label, false, Control::Ticks(shown));
        choices.into_iter().zip(ticked).filter(|(_, ticked)| *ticked).map(|((choice, ..), _)| choice).collect()
    }
}
