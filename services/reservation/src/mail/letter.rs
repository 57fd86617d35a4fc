//! What a guest reads: a message as text, as HTML, and as an entry for their calendar.

use std::sync::{Arc, LazyLock};

use askama::Template;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use lettre::address::Address;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use site::settings::Site;
use site::texts::{Catalog, Texts};

use super::calendar::{self, For};
use super::message::{Kind, Message, Told};
use super::settings::MailSettings;
use crate::booking::By;
use crate::link::LinkKeys;
use crate::status::Status;

/// The texts of mail.
static TEXTS: LazyLock<Texts> = LazyLock::new(|| {
    Texts::new([
        include_str!("../../languages/mail.en.ftl"),
        include_str!("../../languages/mail.ru.ftl"),
        include_str!("../../languages/mail.de.ftl"),
    ])
});

/// The texts of mail, for what else tells of a booking by its calendar entry.
pub fn words(language: site::language::Language) -> &'static Catalog {
    TEXTS.of(language)
}

/// Writes letters for a restaurant.
pub struct Letters {
    /// How it presents itself.
    pub site: Arc<Site>,
    /// Where its days begin and end.
    pub time_zone: TimeZone,
    /// How mail is sent.
    pub settings: MailSettings,
    /// The keys of links; without, mail has none.
    pub links: Option<Arc<LinkKeys>>,
}

/// A letter that is ready to be sent.
pub struct Letter {
    /// The letter.
    pub message: lettre::Message,
    /// Its name, where it is kept as a file.
    pub file: String,
}

/// A line about the booking: what, and how it is.
struct Fact {
    what: String,
    is: String,
}

/// What a letter says, in one language.
#[derive(Template)]
#[template(path = "mail.html")]
struct Html<'a> {
    said: &'a Said<'a>,
}

/// The same as text.
#[derive(Template)]
#[template(path = "mail.txt", escape = "none", whitespace = "preserve")]
struct Text<'a> {
    said: &'a Said<'a>,
}

struct Said<'a> {
    language: &'static str,
    site: &'a Site,
    subject: String,
    greeting: String,
    lead: String,
    facts: Vec<Fact>,
    /// What the link is for, and where it leads.
    link: Option<(String, String)>,
    close: Option<String>,
}

impl Letters {
    /// Writes a message.
    ///
    /// # Errors
    /// Where the recipient's address is none to which mail can be sent.
    pub fn write(&self, message: &Message) -> Result<Letter, String> {
        let site = &*self.site;
        let words = words(message.language.unwrap_or(site.languages.own()));
        let (told, former) = (&message.params.0, message.is_to_former());
        let links = self.links.as_ref().filter(|_| !former);
        let page = links.map(|links| {
            let token = links.sign(message.reservation_id, told.link_version);
            format!("{}/b/{}?k={token}", site.reservation_url, told.code)
        });
        let said = self.say(message, page.clone(), words);
        let address: Address = message.recipient.parse().map_err(|error| format!("mail cannot be sent to this address: {error}"))?;
        let builder = lettre::Message::builder()
            .from(self.settings.from.clone())
            .reply_to(self.settings.reply_to.clone())
            .to(Mailbox::new(told.name.clone().filter(|_| !former), address))
            .subject(said.subject.clone())
            .date_now()
            .message_id(Some(format!("<{}.{}@{}>", told.code, message.dedupe_key.replace(':', "."), site.host())))
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()));
        let render = |template: askama::Result<String>| template.map_err(|error| error.to_string());
        let mut ways = MultiPart::alternative()
            .singlepart(SinglePart::plain(render(Text { said: &said }.render())?))
            .singlepart(SinglePart::html(render(Html { said: &said }.render())?));
        let mut attached = None;
        if !former {
            let organizer = self.settings.reply_to.email.to_string();
            let guest = For::Guest { attendee: &message.recipient, organizer: &organizer };
            let entry = calendar::entry(told, guest, page.as_deref(), Timestamp::now(), (site, words));
            let media_type = format!("{}; method={}", calendar::MEDIA_TYPE, calendar::method(told));
            let media_type = ContentType::parse(&media_type).map_err(|error| error.to_string())?;
            ways = ways.singlepart(SinglePart::builder().header(media_type).body(entry.clone()));
            let file = ContentType::parse("application/ics").map_err(|error| error.to_string())?;
            attached = Some(Attachment::new("booking.ics".to_owned()).body(entry, file));
        }
        let body = match attached {
            Some(attached) => MultiPart::mixed().multipart(ways).singlepart(attached),
            None => ways,
        };
        let letter = builder.multipart(body).map_err(|error| error.to_string())?;
        let time = message.created_at.strftime("%Y%m%dT%H%M%SZ");
        Ok(Letter { message: letter, file: format!("{time}-{}-{}-{}.eml", message.id, message.kind, told.code) })
    }

    fn say<'a>(&'a self, message: &Message, page: Option<String>, words: &Catalog) -> Said<'a> {
        let (told, site) = (&message.params.0, &*self.site);
        let former = message.is_to_former();
        let is_off = message.kind == Kind::Cancelled;
        let occasion = match message.kind {
            _ if former => "former",
            Kind::Changed if told.status == Status::Pending => "changed-pending",
            Kind::Cancelled if told.by == By::Guest => "cancelled-by-guest",
            kind => kind.as_str(),
        };
        let greeting = match &told.name {
            Some(name) if !former => words.tell("mail-greeting", [("name", name.as_str().into())]),
            _ => words.say("mail-greeting-nobody"),
        };
        let values = || [("restaurant", site.name.as_str().into()), ("when", self.moment(told.time, words).into())];
        let link = match page {
            _ if is_off => Some((words.say("mail-book-again"), format!("{}/book", site.reservation_url))).filter(|_| site.pages),
            page => page.map(|page| (words.say("mail-manage"), page)),
        };
        Said {
            language: words.language.as_str(),
            site,
            subject: words.tell(&format!("mail-subject-{occasion}"), values()),
            greeting,
            lead: words.tell(&format!("mail-lead-{occasion}"), values()),
            facts: if former { Vec::new() } else { self.facts(told, words) },
            link,
            close: (!former).then(|| words.say(if is_off { "mail-close-cancelled" } else { "mail-close" })),
        }
    }

    /// Everything that there is to know about a booking, and what it was before.
    fn facts(&self, told: &Told, words: &Catalog) -> Vec<Fact> {
        let was = |is: String, was: Option<String>| match was {
            Some(was) => words.tell("mail-was", [("is", is.into()), ("was", was.into())]),
            None => is,
        };
        let party = |guests: i32| words.tell("mail-party", [("guests", guests.into())]);
        let before = &told.before;
        let mut facts = vec![
            ("mail-when", was(self.moment(told.time, words), before.time.map(|time| self.moment(time, words)))),
            ("mail-until", was(self.until(told.time, told.minutes, words), before.minutes.map(|minutes| words.minutes(minutes.into())))),
            ("mail-guests", was(party(told.guests), before.guests.map(party))),
        ];
        facts.extend(told.requests.clone().map(|requests| ("mail-requests", requests)));
        facts.push(("mail-code", told.code.clone()));
        facts.into_iter().map(|(what, is)| Fact { what: words.say(what), is }).collect()
    }

    fn moment(&self, time: Timestamp, words: &Catalog) -> String {
        let local = time.to_zoned(self.time_zone.clone());
        words.moment(local.date(), local.time())
    }

    /// When the party leaves, and how long it stays.
    fn until(&self, time: Timestamp, minutes: i32, words: &Catalog) -> String {
        let until = time.saturating_add(SignedDuration::from_mins(minutes.into())).unwrap_or(time).to_zoned(self.time_zone.clone());
        let values = [("time", words.time(until.time()).into()), ("duration", words.minutes(minutes.into()).into())];
        words.tell("mail-until-time", values)
    }
}
