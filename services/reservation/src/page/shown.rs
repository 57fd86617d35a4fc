//! The page to book at, as it was shown: most guests look at the same few days. It is shown again as long as the house, the date and what was
//! judged for it are the very same.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use jiff::civil::Date;
use site::language::Language;

use crate::availability::Judged;

/// How many are kept: some days for some parties, in each language. A page has some 10 KB.
const KEPT: usize = 256;

/// Which page it is: its address without the language, the language, and whether it was chosen.
pub(super) type Address = (String, Language, bool);

/// What a page was made of.
#[derive(PartialEq)]
pub(super) struct Made {
    /// The version of the house.
    version: i32,
    today: Date,
    last: Date,
    /// The numbers of its dates, as they were judged: a page keeps none of them in memory.
    dates: Box<[u64]>,
}

impl Made {
    pub(super) fn of(version: i32, (today, last): (Date, Date), dates: &[Arc<Judged>]) -> Self {
        Self { version, today, last, dates: dates.iter().map(|judged| judged.number).collect() }
    }
}

/// Pages, as they were shown.
#[derive(Default)]
pub(super) struct Shown(Mutex<HashMap<Address, (Made, Bytes)>>);

impl Shown {
    pub(super) fn get(&self, address: &Address, made: &Made) -> Option<Bytes> {
        let shown = self.0.lock().expect("nothing panics while it holds the lock");
        shown.get(address).filter(|(of, _)| of == made).map(|(_, html)| html.clone())
    }

    pub(super) fn keep(&self, address: Address, made: Made, html: Bytes) {
        let mut shown = self.0.lock().expect("nothing panics while it holds the lock");
        if shown.len() >= KEPT {
            shown.clear();
        }
        shown.insert(address, (made, html));
    }
}
