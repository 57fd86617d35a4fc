//! The table of results.

use std::fmt;

/// What was measured of one goal.
struct Row {
    what: String,
    goal: String,
    measured: String,
    verdict: String,
}

/// The results, as a table in Markdown, with notes below it.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
    notes: Vec<String>,
}

/// Whether a figure is to be large or small.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
    Exactly(f64),
}

impl Goal {
    /// The verdict, and by how much a goal was missed.
    fn judge(self, value: f64) -> String {
        let missed = match self {
            Self::AtLeast(goal) if value >= goal => return "met".to_owned(),
            Self::AtMost(goal) if value <= goal => return "met".to_owned(),
            Self::Exactly(goal) if value == goal => return "met".to_owned(),
            Self::AtLeast(goal) | Self::AtMost(goal) if goal != 0.0 => (value / goal - 1.0).abs() * 100.0,
            _ => return "**missed**".to_owned(),
        };
        format!("**missed** by {missed:.1} %")
    }
}

impl Report {
    /// A result that has a goal.
    pub(crate) fn goal(&mut self, what: impl Into<String>, goal: Goal, unit: &str, value: f64, measured: impl Into<String>) {
        let goal_text = match goal {
            Goal::AtLeast(goal) => format!(">= {goal}{unit}"),
            Goal::AtMost(goal) => format!("<= {goal}{unit}"),
            Goal::Exactly(goal) => format!("{goal}{unit}"),
        };
        let verdict = if value.is_nan() { "not measured".to_owned() } else { goal.judge(value) };
        self.add(what.into(), goal_text, measured.into(), verdict);
    }

    /// A result that is only told.
    pub(crate) fn told(&mut self, what: impl Into<String>, measured: impl Into<String>) {
        self.add(what.into(), String::new(), measured.into(), String::new());
    }

    /// A remark on the results.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    fn add(&mut self, what: String, goal: String, measured: String, verdict: String) {
        eprintln!("  {what}: {measured} {verdict}");
        self.rows.push(Row { what, goal, measured, verdict });
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| what | goal | measured | verdict |\n|---|---|---|---|")?;
        for Row { what, goal, measured, verdict } in &self.rows {
            writeln!(f, "| {what} | {goal} | {measured} | {verdict} |")?;
        }
        for note in &self.notes {
            write!(f, "\n- {note}")?;
        }
        Ok(())
    }
}
