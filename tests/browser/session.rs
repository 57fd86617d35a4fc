//! A browser, driven by its own driver: what it shows, what it complains of, and what it asks for.

use std::time::Duration;

use fantoccini::error::CmdError;
use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder, Locator};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::time::sleep;
use url::{ParseError, Url};

use crate::programs::{Driver, Programs};

/// How long to wait before a page is looked at again, and how often.
const MOMENT: Duration = Duration::from_millis(100);
const PATIENCE: usize = 100;

/// A browser window.
pub(crate) struct Session {
    pub(crate) client: Client,
    axe: String,
    /// The begin of the addresses that it may ask for.
    homes: Vec<String>,
}

/// A command of the driver's own, beside those of the standard.
#[derive(Debug)]
struct Own {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Own {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}

/// Whether a page looks light or dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    Light,
    Dark,
}

impl Session {
    /// Opens a window that asks these services for pages, and nobody else.
    pub(crate) async fn new(programs: &Programs, driver: &Driver, homes: &[&str]) -> Self {
        let options = json!({
            "binary": programs.browser,
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--lang=en", "--hide-scrollbars",
                "--disable-background-networking", "--disable-component-update", "--no-first-run"],
            "prefs": {"intl.accept_languages": "en"},
        });
        let logging = json!({"browser": "ALL", "performance": "ALL"});
        let capabilities: Capabilities =
            [("goog:chromeOptions".to_owned(), options), ("goog:loggingPrefs".to_owned(), logging)].into_iter().collect();
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client = builder.capabilities(capabilities).connect(&driver.url).await.expect("a browser");
        let session = Self { client, axe: programs.axe.clone(), homes: homes.iter().map(|home| (*home).to_owned()).collect() };
        session.resize(390, Look::Light).await;
        session
    }

    /// Closes the window.
    pub(crate) async fn close(self) {
        self.client.close().await.expect("closed");
    }

    async fn own(&self, path: &'static str, body: Value) -> Result<Value, CmdError> {
        self.client.issue_cmd(Own { path, body }).await
    }

    /// A command of the browser's own.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({"cmd": command, "params": parameters});
        self.own("goog/cdp/execute", body).await.unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// Makes the window as wide as this, in this look.
    pub(crate) async fn resize(&self, width: u32, look: Look) {
        let metrics = json!({"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        let scheme = if look == Look::Dark { "dark" } else { "light" };
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    /// Has pages run no script.
    pub(crate) async fn without_script(&self) {
        self.devtools("Emulation.setScriptExecutionDisabled", json!({"value": true})).await;
    }

    pub(crate) async fn open(&self, url: &str) {
        self.client.goto(url).await.unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    pub(crate) async fn script(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Clicks what has this text: a link or a button.
    pub(crate) async fn click(&self, text: &str) {
        let path = format!("//*[self::a or self::button][contains(normalize-space(.), \"{text}\")]");
        for _ in 0..PATIENCE {
            if let Ok(element) = self.client.find(Locator::XPath(&path)).await {
                match element.click().await {
                    Ok(()) => return,
                    // The page has been replaced since: by the next one, or by what a screen is told.
                    Err(error) if error.to_string().contains("stale element") => {}
                    Err(error) => panic!("{text:?}: {error}"),
                }
            }
            sleep(MOMENT).await;
        }
        panic!("nothing to click says {text:?} in {}", self.text().await);
    }

    /// Types into the field of this id, in place of what it has.
    pub(crate) async fn fill(&self, id: &str, text: &str) {
        let field = self.client.find(Locator::Id(id)).await.unwrap_or_else(|error| panic!("#{id}: {error}"));
        field.clear().await.expect("cleared");
        field.send_keys(text).await.expect("typed");
    }

    /// What the page says.
    pub(crate) async fn text(&self) -> String {
        match self.client.find(Locator::Css("body")).await {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(error) => error.to_string(),
        }
    }

    /// Fails unless the page says this.
    pub(crate) async fn says(&self, text: &str) {
        for _ in 0..PATIENCE {
            if self.text().await.contains(text) {
                return;
            }
            sleep(MOMENT).await;
        }
        panic!("{text:?} is not in {}", self.text().await);
    }

    /// What people with disabilities could not use of the page.
    pub(crate) async fn violations(&self) -> Vec<String> {
        self.client.execute(&self.axe, Vec::new()).await.expect("axe");
        let run = "const done = arguments[arguments.length - 1];
            axe.run(document, {preload: false, resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})
                .then(found => done(found.violations.flatMap(one => one.nodes.map(node => `${one.id}: ${node.html} ${node.failureSummary}`))))
                .catch(error => done([String(error)]));";
        let found = self.client.execute_async(run, Vec::new()).await.expect("a result");
        serde_json::from_value(found).expect("texts")
    }

    /// How many pixels of the page are beside the window.
    pub(crate) async fn overflow(&self) -> i64 {
        self.script("return document.documentElement.scrollWidth - window.innerWidth").await.as_i64().expect("a number")
    }

    /// What is beside the window, within nothing that scrolls by itself.
    pub(crate) async fn beside(&self) -> String {
        let script = "return [...document.querySelectorAll('main *')].filter(one => one.getBoundingClientRect().right > window.innerWidth
            && !one.closest('.strip')).map(one => one.outerHTML.slice(0, 200)).join('\\n')";
        self.script(script).await.as_str().unwrap_or_default().to_owned()
    }

    /// Makes every text of the page longer by two fifths, as other languages are.
    pub(crate) async fn lengthen(&self) {
        let script = "const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            const nodes = []; while (walker.nextNode()) nodes.push(walker.currentNode);
            for (const node of nodes) { const text = node.data.trim(); if (text) node.data += text.slice(0, Math.ceil(text.length * 0.4)); }";
        self.script(script).await;
    }

    /// The page, from top to bottom.
    pub(crate) async fn picture(&self) -> Vec<u8> {
        use base64::Engine as _;
        let parameters = json!({"captureBeyondViewport": true, "format": "png"});
        let taken = self.devtools("Page.captureScreenshot", parameters).await;
        let data = taken["data"].as_str().expect("data");
        base64::engine::general_purpose::STANDARD.decode(data).expect("base64")
    }

    /// Fails where the browser complained of anything, or asked anybody but the services.
    pub(crate) async fn is_content(&self, place: &str) {
        let log = |kind: &'static str| async move { self.own("se/log", json!({"type": kind})).await.expect("a log") };
        for entry in log("browser").await.as_array().into_iter().flatten() {
            // A page that tells of a failure has its status, which the browser notes.
            assert_eq!(entry["source"], "network", "{place}: {entry}");
            let message = entry["message"].as_str().unwrap_or_default();
            assert!(!message.contains("/assets/") && !message.contains("Content Security Policy"), "{place}: {message}");
        }
        for entry in log("performance").await.as_array().into_iter().flatten() {
            let event: Value = serde_json::from_str(entry["message"].as_str().unwrap_or_default()).expect("an event");
            if event["message"]["method"] == "Network.requestWillBeSent" {
                let asked = event["message"]["params"]["request"]["url"].as_str().unwrap_or_default();
                let home = self.homes.iter().any(|home| asked.starts_with(home.as_str()));
                assert!(home || asked.starts_with("data:") || asked.starts_with("chrome"), "{place}: {asked}");
            }
        }
    }
}
