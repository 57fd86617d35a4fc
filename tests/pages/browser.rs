//! A browser without script: it asks for HTML, follows no redirect by itself, and sends forms.

use reqwest::Url;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use restaurant_booking_tests::Reply;
use restaurant_booking_tests::api::send;

/// What browsers accept.
const HTML: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// A browser.
#[derive(Clone)]
pub(crate) struct Browser {
    base: String,
    client: reqwest::Client,
    /// What else each request has.
    headers: Vec<(&'static str, String)>,
}

impl Browser {
    /// A browser at the pages of a service, which prefers English.
    pub(crate) fn new(base: &str) -> Self {
        let redirects = reqwest::redirect::Policy::none();
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).redirect(redirects).build().expect("a client");
        Self { base: base.to_owned(), client, headers: vec![("Accept-Language", "en".to_owned())] }
    }

    /// The same browser, which also sends this header.
    pub(crate) fn with(&self, name: &'static str, value: &str) -> Self {
        let mut headers: Vec<_> = self.headers.iter().filter(|(other, _)| *other != name).cloned().collect();
        headers.push((name, value.to_owned()));
        Self { headers, ..self.clone() }
    }

    /// The same browser, which does not send this header.
    pub(crate) fn without(&self, name: &str) -> Self {
        Self { headers: self.headers.iter().filter(|(other, _)| *other != name).cloned().collect(), ..self.clone() }
    }

    fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base)).header(ACCEPT, HTML);
        self.headers.iter().fold(request, |request, (name, value)| request.header(*name, value))
    }

    /// Opens a page.
    pub(crate) async fn open(&self, path: &str) -> Reply {
        send(self.request(reqwest::Method::GET, path)).await
    }

    /// Sends a form.
    pub(crate) async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let encoded = Url::parse_with_params("http://localhost/", fields).expect("a URL").query().unwrap_or_default().to_owned();
        send(self.request(reqwest::Method::POST, path).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(encoded)).await
    }

    /// Sends the form of a page for a new booking, with what was typed; other fields are as the page has them.
    pub(crate) async fn fill(&self, page: &Reply, typed: &[(&str, &str)]) -> Reply {
        let hidden = hidden(&page.text);
        let kept = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let fields: Vec<_> = kept.filter(|(name, _)| !typed.iter().any(|(other, _)| other == name)).chain(typed.iter().copied()).collect();
        self.send(&action(&page.text), &fields).await
    }
}

/// The contact that most tests type.
pub(crate) const ADA: [(&str, &str); 3] = [("name", "Ada Lovelace"), ("email", "ada@example.com"), ("phone", "+44 20 7946 0958")];

/// Text without its escapes.
pub(crate) fn plain(text: &str) -> String {
    text.replace("&#38;", "&")
        .replace("&amp;", "&")
        .replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
}

/// The values of an attribute in a page.
pub(crate) fn attributes(html: &str, name: &str) -> Vec<String> {
    let begin = format!(" {name}=\"");
    html.split(&begin).skip(1).map(|rest| plain(rest.split('"').next().unwrap_or_default())).collect()
}

/// The links of a page.
pub(crate) fn links(html: &str) -> Vec<String> {
    attributes(html, "href")
}

/// The links of a page to times.
pub(crate) fn times(html: &str) -> Vec<String> {
    links(html).into_iter().filter(|link| link.contains("time=")).collect()
}

/// The hidden fields of the last form of a page.
pub(crate) fn hidden(html: &str) -> Vec<(String, String)> {
    let form = html.rsplit("<form").next().unwrap_or_default();
    let inputs = form.split("<input type=\"hidden\"").skip(1).map(|rest| rest.split('>').next().unwrap_or_default());
    inputs.map(|input| (attributes(input, "name").remove(0), attributes(input, "value").remove(0))).collect()
}

/// Where the last form of a page is sent.
pub(crate) fn action(html: &str) -> String {
    attributes(html.rsplit("<form").next().unwrap_or_default(), "action").remove(0)
}

/// The page to which an answer leads.
#[track_caller]
pub(crate) fn leads_to(reply: &Reply) -> String {
    assert_eq!(reply.status, 303, "{}", reply.text);
    reply.header("location").to_owned()
}

/// Fails unless the page says this.
#[track_caller]
pub(crate) fn says(reply: &Reply, text: &str) {
    assert!(plain(&reply.text).contains(text), "{text:?} in {}", reply.text);
}
