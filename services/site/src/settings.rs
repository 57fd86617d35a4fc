//! How the restaurant presents itself to guests, as it is configured.

use chassis::run::config::Problems;

use crate::language::{Language, Offered};

/// The colour of buttons and links, where none is configured.
const ACCENT: &str = "#7a1f2b";
/// The name, where none is configured.
const NAME: &str = "Restaurant";

/// The settings as they were given.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct SiteArgs {
    /// Name of the restaurant, as guests read it [default: Restaurant]
    #[arg(long, env = "RESTAURANT_NAME", value_name = "NAME")]
    pub restaurant_name: Option<String>,
    /// Phone number that guests call
    #[arg(long, env = "RESTAURANT_PHONE", value_name = "NUMBER")]
    pub restaurant_phone: Option<String>,
    /// E-mail address that guests write to
    #[arg(long, env = "RESTAURANT_EMAIL", value_name = "ADDRESS")]
    pub restaurant_email: Option<String>,
    /// The restaurant's own website
    #[arg(long, env = "RESTAURANT_WEBSITE", value_name = "URL")]
    pub restaurant_website: Option<String>,
    /// Where the restaurant is, on one line: street, city, country
    #[arg(long, env = "RESTAURANT_ADDRESS", value_name = "ADDRESS")]
    pub restaurant_address: Option<String>,
    /// The page that says what becomes of guests' data
    #[arg(long, env = "PRIVACY_URL", value_name = "URL")]
    pub privacy_url: Option<String>,
    /// The page that says who runs the restaurant
    #[arg(long, env = "LEGAL_URL", value_name = "URL")]
    pub legal_url: Option<String>,
    /// Languages in which the restaurant speaks to guests, of en, ru and de, as a list with commas [default: en,ru,de]
    #[arg(long, env = "LANGUAGES", value_name = "LIST")]
    pub languages: Option<String>,
    /// The language for guests who ask for none of them [default: en, or the first of LANGUAGES where en is not among them]
    #[arg(long, env = "DEFAULT_LANGUAGE", value_name = "LANGUAGE")]
    pub default_language: Option<String>,
    /// Serve pages: true or false [default: true]
    #[arg(long, env = "PAGES", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub pages: Option<String>,
    /// Colour of buttons and links, as #rrggbb [default: #7a1f2b]
    #[arg(long, env = "ACCENT_COLOR", value_name = "COLOR")]
    pub accent_color: Option<String>,
    /// Where browsers reach the auth service, such as https://book.example.com [default: http://localhost:8000]
    #[arg(long, env = "AUTH_PUBLIC_URL", value_name = "URL")]
    pub auth_public_url: Option<String>,
    /// Where browsers reach the menu service [default: http://localhost:8001]
    #[arg(long, env = "MENU_PUBLIC_URL", value_name = "URL")]
    pub menu_public_url: Option<String>,
    /// Where browsers reach the reservation service [default: http://localhost:8002]
    #[arg(long, env = "RESERVATION_PUBLIC_URL", value_name = "URL")]
    pub reservation_public_url: Option<String>,
}

/// How the restaurant presents itself to guests.
#[derive(Clone, Debug)]
pub struct Site {
    /// Its name.
    pub name: String,
    /// The phone number that guests call.
    pub phone: Option<String>,
    /// The e-mail address that guests write to.
    pub email: Option<String>,
    /// Its own website.
    pub website: Option<String>,
    /// Where it is, on one line.
    pub address: Option<String>,
    /// The page about guests' data.
    pub privacy_url: Option<String>,
    /// The page about who runs it.
    pub legal_url: Option<String>,
    /// The languages that it speaks.
    pub languages: Offered,
    /// Whether there are pages.
    pub pages: bool,
    /// The colour of buttons and links.
    pub accent: Color,
    /// Where browsers reach the auth service: scheme, host and perhaps a port, as the others.
    pub auth_url: String,
    /// Where browsers reach the menu service.
    pub menu_url: String,
    /// Where browsers reach the reservation service.
    pub reservation_url: String,
}

impl Site {
    /// The phone number, as a link calls it: digits, and a plus before them.
    pub fn tel(&self) -> Option<String> {
        let number = self.phone.as_deref()?;
        Some(number.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect())
    }

    /// The host name at which browsers reach the reservation service.
    pub fn host(&self) -> &str {
        host_of(&self.reservation_url)
    }

    /// Why the staff cannot sign in at one service and go on at the others, if they cannot: a browser shows a cookie to the host alone that
    /// set it, and our cookie has another name where pages come by TLS.
    pub fn without_sessions(&self) -> Option<String> {
        let urls = [&self.auth_url, &self.menu_url, &self.reservation_url];
        let origin = |url: &str| (url.starts_with("https://"), host_of(url).to_ascii_lowercase());
        if urls.iter().all(|url| origin(url) == origin(urls[0])) {
            return None;
        }
        let named: Vec<_> = ["AUTH_PUBLIC_URL", "MENU_PUBLIC_URL", "RESERVATION_PUBLIC_URL"]
            .iter()
            .zip(urls)
            .map(|(name, url)| format!("{name} is {url}"))
            .collect();
        Some(format!("{}; they must have one host name, and all or none of them https; ports may differ", named.join(", ")))
    }
}

/// The host name of a public URL.
fn host_of(url: &str) -> &str {
    let host = url.split_once("://").map_or(url, |(_, host)| host);
    // The colon before the port, and not one of an IPv6 address.
    host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|digit| digit.is_ascii_digit())).map_or(host, |(host, _)| host)
}

impl Default for Site {
    fn default() -> Self {
        SiteArgs::default().check(&mut Problems::default())
    }
}

/// A colour: red, green and blue, of 255.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color(pub [u8; 3]);

impl std::fmt::Display for Color {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl Color {
    /// The colour of `#rrggbb`.
    fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        let number = u32::from_str_radix(digits, 16).ok()?;
        let [_, red, green, blue] = number.to_be_bytes();
        Some(Self([red, green, blue]))
    }

    /// Its relative luminance (WCAG 2.2), from 0 to 1.
    pub fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// Whether white is read on it more easily than black.
    pub fn is_dark(self) -> bool {
        1.05 / (self.luminance() + 0.05) >= (self.luminance() + 0.05) / 0.05
    }
}

impl SiteArgs {
    /// Checks the settings.
    pub fn check(&self, problems: &mut Problems) -> Site {
        let all: Vec<_> = Language::ALL.iter().map(|language| language.as_str()).collect();
        let given = text(self.languages.as_deref()).unwrap_or_else(|| all.join(","));
        let mut languages = Vec::new();
        for word in given.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            match Language::of(word) {
                Some(language) => languages.push(language),
                None => problems.add("LANGUAGES", format!("has {word:?}; the languages are {}", all.join(", "))),
            }
        }
        let first = languages.first().copied().unwrap_or(Language::En);
        let own = match text(self.default_language.as_deref()) {
            None if languages.contains(&Language::En) => Language::En,
            None => first,
            Some(word) => Language::of(&word).filter(|language| languages.contains(language)).unwrap_or_else(|| {
                problems.add("DEFAULT_LANGUAGE", format!("is {word:?}; it must be one of LANGUAGES: {given}"));
                first
            }),
        };
        let accent = text(self.accent_color.as_deref()).unwrap_or_else(|| ACCENT.to_owned());
        let accent = Color::parse(&accent).unwrap_or_else(|| {
            problems.add("ACCENT_COLOR", format!("is {accent:?}; it must be six hexadecimal digits after #, such as {ACCENT}"));
            Color([0; 3])
        });
        let mut url = |name, value: &Option<String>| {
            let url = text(value.as_deref())?;
            if !(url.starts_with("https://") || url.starts_with("http://")) || url.contains(|c: char| c.is_whitespace() || c == '"') {
                problems.add(name, format!("is {url:?}; it must be the address of a page, such as https://example.com/privacy"));
            }
            Some(url)
        };
        Site {
            website: url("RESTAURANT_WEBSITE", &self.restaurant_website),
            privacy_url: url("PRIVACY_URL", &self.privacy_url),
            legal_url: url("LEGAL_URL", &self.legal_url),
            name: text(self.restaurant_name.as_deref()).unwrap_or_else(|| NAME.to_owned()),
            phone: text(self.restaurant_phone.as_deref()),
            email: text(self.restaurant_email.as_deref()),
            address: text(self.restaurant_address.as_deref()),
            languages: Offered::new(own, &languages),
            pages: problems.parse("PAGES", self.pages.as_deref(), true, "true or false"),
            accent,
            auth_url: problems.public_url("AUTH_PUBLIC_URL", self.auth_public_url.as_deref(), 8000),
            menu_url: problems.public_url("MENU_PUBLIC_URL", self.menu_public_url.as_deref(), 8001),
            reservation_url: problems.public_url("RESERVATION_PUBLIC_URL", self.reservation_public_url.as_deref(), 8002),
        }
    }
}

/// A setting's text on one line, if there is one.
fn text(value: Option<&str>) -> Option<String> {
    let words: Vec<_> = value?.split_whitespace().collect();
    Some(words.join(" ")).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_used_is_told_by_its_setting() {
        let args = SiteArgs {
            languages: Some("en, fr".to_owned()),
            default_language: Some("de".to_owned()),
            accent_color: Some("red".to_owned()),
            privacy_url: Some("javascript:alert(1)".to_owned()),
            menu_public_url: Some("https://example.com/menu".to_owned()),
            ..SiteArgs::default()
        };
        let mut problems = Problems::default();
        args.check(&mut problems);
        let told = problems.finish().expect_err("five problems").to_string();
        for name in ["LANGUAGES", "DEFAULT_LANGUAGE", "ACCENT_COLOR", "PRIVACY_URL", "MENU_PUBLIC_URL"] {
            assert!(told.contains(name), "{name} in {told}");
        }
    }

    #[test]
    fn the_restaurants_language_is_the_first() {
        let own = |languages: &str, default: Option<&str>| {
            let args =
                SiteArgs { languages: Some(languages.to_owned()), default_language: default.map(ToOwned::to_owned), ..SiteArgs::default() };
            args.check(&mut Problems::default()).languages.own()
        };
        assert_eq!([own("ru,de", None), own("de,en", None), own("en,ru", Some("ru"))], [Language::Ru, Language::En, Language::Ru]);
    }

    #[test]
    fn a_host_is_told_without_its_port() {
        let host = |url: &str| Site { reservation_url: url.to_owned(), ..Site::default() }.host().to_owned();
        let urls = ["https://book.example.com", "http://localhost:8002", "http://[::1]:8002", "http://[::1]"];
        assert_eq!(urls.map(host), ["book.example.com", "localhost", "[::1]", "[::1]"]);
    }

    #[test]
    fn the_staff_need_one_host_name_for_the_three_services() {
        let told = |urls: [&str; 3]| {
            let [auth_url, menu_url, reservation_url] = urls.map(ToOwned::to_owned);
            Site { auth_url, menu_url, reservation_url, ..Site::default() }.without_sessions()
        };
        assert_eq!(Site::default().without_sessions(), None);
        assert_eq!(told(["https://book.example.com"; 3]), None);
        assert_eq!(told(["http://[::1]:1", "http://[::1]:2", "http://[::1]"]), None);
        for urls in [
            ["https://auth.example.com", "https://book.example.com", "https://book.example.com"],
            ["http://localhost:8000", "http://localhost:8001", "http://127.0.0.1:8002"],
            ["https://book.example.com", "https://book.example.com", "http://book.example.com"],
        ] {
            let told = told(urls).expect("no sessions");
            for part in ["AUTH_PUBLIC_URL", "MENU_PUBLIC_URL", "RESERVATION_PUBLIC_URL", urls[0], urls[2], "one host name"] {
                assert!(told.contains(part), "{part} in {told}");
            }
        }
    }

    #[test]
    fn words_on_the_accent_are_read() {
        let color = |text| Color::parse(text).expect("a colour");
        assert!(color("#7a1f2b").is_dark() && color("#000000").is_dark() && !color("#ffd700").is_dark() && !color("#ffffff").is_dark());
        assert_eq!(color("#7A1F2B").to_string(), "#7a1f2b");
        assert_eq!(["7a1f2b", "#7a1f2", "#7a1f2bb", "#+a1f2b"].map(Color::parse), [None; 4]);
    }
}
