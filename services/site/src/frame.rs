//! What stands around the content of every page: the name and the ways to go above it, the restaurant and the languages below.

use chassis::http::identity::Caller;

use crate::language::Language;
use crate::reader::{Reader, with_language};
use crate::settings::Site;
use crate::shell::Shell;
use crate::texts::Catalog;

/// Which of the ways in the head leads to the page itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Here {
    /// The menu.
    Menu,
    /// The guest's booking.
    Booking,
    /// Booking a table.
    Book,
    /// The day, for the staff.
    Day,
    /// The house: its hours, rules and floor.
    Setup,
    /// The dishes, for administrators.
    Dishes,
    /// The accounts of the staff.
    Staff,
    /// The session and the password.
    Account,
    /// None.
    Elsewhere,
}

/// The frame of a page.
pub struct Frame<'a> {
    /// The restaurant.
    pub site: &'a Site,
    /// What the page is called, as the browser shows it.
    pub title: String,
    /// The texts.
    pub texts: &'a Catalog,
    shell: &'a Shell,
    reader: Reader,
    here: Here,
    /// Who reads it, where it is for the staff.
    staff: Option<Caller>,
}

/// A link in the frame.
pub struct Link {
    /// Where it leads.
    pub to: String,
    /// What it says.
    pub text: String,
    /// Whether it leads to the page itself.
    pub here: bool,
    /// The language of its text, where it is another one than the page's.
    pub language: Option<Language>,
}

impl<'a> Frame<'a> {
    pub(crate) fn new(shell: &'a Shell, reader: &Reader, title: &str, here: Here, staff: Option<Caller>) -> Self {
        let name = &shell.site.name;
        let title = if title == name { title.to_owned() } else { format!("{title} · {name}") };
        Self { site: &shell.site, title, texts: shell.texts(reader.language), shell, reader: reader.clone(), here, staff }
    }

    /// The language of the page.
    pub fn language(&self) -> Language {
        self.reader.language
    }

    /// The language, where the reader chose it.
    pub fn chosen(&self) -> Option<Language> {
        self.reader.chosen()
    }

    /// A text without values.
    pub fn say(&self, key: &str) -> String {
        self.texts.say(key)
    }

    /// A link within the service that keeps the language.
    pub fn link(&self, to: &str) -> String {
        self.reader.link(to)
    }

    /// The page of the restaurant.
    pub fn home(&self) -> String {
        self.shell.link(&self.reader, &self.site.reservation_url, "/")
    }

    /// The page of the guest's booking.
    pub fn find(&self) -> String {
        self.shell.link(&self.reader, &self.site.reservation_url, "/b")
    }

    /// The page on which a table is booked.
    pub fn book(&self) -> String {
        self.shell.link(&self.reader, &self.site.reservation_url, "/book")
    }

    /// The menu.
    pub fn menu(&self) -> String {
        self.shell.link(&self.reader, &self.site.menu_url, "/menu")
    }

    /// Whether it is for the staff.
    pub fn is_for_staff(&self) -> bool {
        self.staff.is_some()
    }

    /// The day, for the staff.
    pub fn day(&self) -> String {
        self.shell.link(&self.reader, &self.site.reservation_url, "/host")
    }

    /// The ways to go.
    pub fn ways(&self) -> Vec<Link> {
        let way = |here, to, key| Link { to, text: self.say(key), here: self.here == here, language: None };
        if let Some(caller) = self.staff {
            let of = |path| self.shell.link(&self.reader, &self.site.auth_url, path);
            let mut ways = vec![way(Here::Day, self.day(), "nav-day")];
            if caller.is_admin() {
                ways.push(way(Here::Setup, self.shell.link(&self.reader, &self.site.reservation_url, "/host/setup"), "nav-setup"));
                ways.push(way(Here::Dishes, self.shell.link(&self.reader, &self.site.menu_url, "/menu/edit"), "nav-dishes"));
                ways.push(way(Here::Staff, of("/account/staff"), "nav-staff"));
            }
            ways.push(way(Here::Account, of("/account/logout"), "nav-account"));
            return ways;
        }
        vec![
            way(Here::Menu, self.menu(), "nav-menu"),
            way(Here::Booking, self.find(), "nav-booking"),
            way(Here::Book, self.book(), "nav-book"),
        ]
    }

    /// The same page in the languages that the restaurant speaks; none where it speaks one alone, or the page cannot be asked for again.
    pub fn languages(&self) -> Vec<Link> {
        let (Some(address), all @ [_, _, ..]) = (&self.reader.address, self.site.languages.all()) else { return Vec::new() };
        let link = |language: &Language| Link {
            to: with_language(address, *language),
            text: language.own_name().to_owned(),
            here: *language == self.reader.language,
            language: Some(*language),
        };
        all.iter().map(link).collect()
    }

    /// Where the stylesheet is.
    pub fn stylesheet(&self) -> &str {
        self.shell.assets().stylesheet()
    }

    /// Where the icon is.
    pub fn icon(&self) -> &str {
        self.shell.assets().icon()
    }
}
