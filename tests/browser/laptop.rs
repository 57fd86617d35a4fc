//! What the README shows: a restaurant from its file on this machine, filled by `tests/seed`, and a guest with a telephone.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chassis::Shutdown;
use clap::Parser as _;
use local::options::Options;
use local::stack::Stack;
use mail_parser::{MessageParser, MimeHeaders as _};
use tokio::process::Command;

use crate::Browsers;
use crate::house::in_days;

/// A message to a guest: its subject, the first link of its HTML to the booking, and whether a calendar entry is attached.
struct Letter {
    subject: String,
    link: String,
    has_entry: bool,
}

fn read(file: &Path) -> Option<Letter> {
    let raw = fs::read(file).ok()?;
    let message = MessageParser::default().parse(&raw)?;
    if message.to()?.first()?.address()? != "ada.king@example.com" {
        return None;
    }
    let html = message.body_html(0)?;
    let link =
        html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).find(|link| link.contains("/b/")).unwrap_or_default();
    let is_entry = |part: &mail_parser::MessagePart<'_>| {
        part.content_type().is_some_and(|media| media.ctype() == "application" && media.subtype() == Some("ics"))
    };
    Some(Letter { subject: message.subject()?.to_owned(), link: link.replace("&amp;", "&"), has_entry: message.parts.iter().any(is_entry) })
}

/// Waits for a message to the guest whose subject begins so, among the files of a directory.
async fn letter(folder: &Path, begin: &str) -> Letter {
    for _ in 0..1000 {
        let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        if let Some(found) = files.filter_map(|file| read(&file)).find(|letter| letter.subject.starts_with(begin)) {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no mail begins with {begin:?} in {}", folder.display());
}

/// The trattoria of the examples on this machine, filled by `tests/seed`.
pub(crate) struct Trattoria {
    pub(crate) stack: Stack,
}

impl Trattoria {
    /// Opens it, with further flags of the command.
    pub(crate) async fn open(flags: &[&str]) -> Self {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
        let file = root.join("examples/trattoria.yaml");
        let file = file.to_str().expect("a path in UTF-8");
        let ports = ["--auth-port=0", "--menu-port=0", "--reservation-port=0"];
        let command =
            ["restaurant-booking", "-f", file, "--ephemeral", "--bcrypt-cost=10"].into_iter().chain(ports).chain(flags.iter().copied());
        let options = Options::try_parse_from(command).expect("a command");
        let setup = options.check().map_err(|error| error.to_string()).expect("a restaurant").setup;
        let stack = Stack::start(setup, &Shutdown::new()).await.map_err(|error| error.to_string()).expect("it runs");
        let trattoria = Self { stack };
        trattoria.seed(&root).await;
        trattoria
    }

    /// The base URL of a service.
    pub(crate) fn base(&self, service: &str) -> String {
        format!("http://localhost:{}", self.stack.ports().of(service))
    }

    async fn seed(&self, root: &Path) {
        let administrator = &self.stack.administrator().credentials;
        let mut command = Command::new(root.join("tests/seed"));
        for (service, variable) in [("auth", "AUTH_URL"), ("menu", "MENU_URL"), ("reservation", "RESERVATION_URL")] {
            command.env(variable, self.base(service));
        }
        command.env("ADMIN_EMAIL", &administrator.email).env("ADMIN_PASSWORD", &administrator.password);
        let seeded = command.output().await.expect("tests/seed runs");
        assert!(seeded.status.success(), "{}{}", String::from_utf8_lossy(&seeded.stdout), String::from_utf8_lossy(&seeded.stderr));
    }

    pub(crate) async fn close(self) {
        self.stack.stop().await.map_err(|error| error.to_string()).expect("it stops");
    }
}

pub(crate) async fn a_guest_of_the_trattoria_books_by_telephone_and_changes_and_cancels_by_mail(browsers: Browsers) {
    let trattoria = Trattoria::open(&[]).await;
    let [home, menu] = ["reservation", "menu"].map(|service| trattoria.base(service));
    let mail = trattoria.stack.mail();
    let session = browsers.open(&[&home, &menu]).await;
    let begun = Instant::now();
    session.open(&format!("{home}/book")).await;
    session.says("Trattoria da Rosa").await;
    session.script(&format!("document.querySelector('#date').value = '{}'", in_days(5))).await;
    session.click("Show times").await;
    session.click("19:30").await;
    session.fill("name", "Ada King").await;
    session.fill("email", "ada.king@example.com").await;
    session.fill("phone", "+39 06 555 0142").await;
    session.fill("wishes", "Candles").await;
    session.click("Book this table").await;
    session.says("Your table is booked").await;

    let confirmed = letter(&mail, "Confirmed: ").await;
    assert!(confirmed.has_entry, "the visit is for the calendar of the guest");
    session.open(&confirmed.link).await;
    session.says("Ada King").await;
    session.says("at 19:30").await;
    session.click("Change day, time or guests").await;
    session.click("20:30").await;
    session.says("We have changed your booking.").await;

    let changed = letter(&mail, "Changed: ").await;
    assert!(changed.has_entry);
    session.open(&changed.link).await;
    session.says("at 20:30").await;
    session.click("Cancel this booking").await;
    session.click("Yes, cancel").await;
    session.says("This booking is cancelled").await;
    letter(&mail, "Cancelled: ").await;
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    session.is_content("the trattoria").await;
    session.close().await;
    trattoria.close().await;
}
