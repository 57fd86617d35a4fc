use restaurant_booking_tests::Api;

use crate::{SERVICES, platform};

/// The values of an attribute in HTML.
fn attributes<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    html.split(&format!(" {name}=\"")).skip(1).map(|rest| rest.split('"').next().expect("a value")).collect()
}

/// What a style sheet loads.
fn urls(css: &str) -> Vec<&str> {
    css.split("url(").skip(1).map(|rest| rest.split(')').next().expect("a URL").trim_matches(['"', '\''])).collect()
}

async fn asset(anyone: &Api, name: &str) -> String {
    assert!(!name.contains("//") && !name.starts_with('/'), "{name} is not one of our own");
    let reply = anyone.get(&format!("/docs/{}", name.trim_start_matches("./"))).await.expect(200);
    assert!(!reply.text.is_empty(), "{name}");
    let kind = match name.rsplit('.').next() {
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        Some("png") => "image/png",
        _ => panic!("{name}: what is it?"),
    };
    assert!(reply.header("content-type").starts_with(kind), "{name} is {}", reply.header("content-type"));
    reply.text
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documentation_loads_nothing_from_elsewhere() {
    let platform = platform().await;
    for service in SERVICES {
        let anyone = platform.anyone(service);
        let page = anyone.get("/docs").await.expect(200);
        assert!(page.header("content-type").starts_with("text/html"), "{}", page.header("content-type"));
        assert!(page.text.contains("swagger-ui"));
        let (scripts, links) = (attributes(&page.text, "src"), attributes(&page.text, "href"));
        assert!(scripts.len() >= 2 && !links.is_empty(), "{}", page.text);
        assert!(!page.text.contains("http://") && !page.text.contains("https://"), "{}", page.text);
        for link in links {
            let text = asset(&anyone, link).await;
            if link.ends_with(".css") {
                assert!(urls(&text).iter().all(|url| url.starts_with("data:")) && !text.contains("@import"), "{link} loads something");
            }
        }
        for script in scripts {
            let text = asset(&anyone, script).await;
            if script.contains("initializer") {
                assert!(text.contains("/openapi.json") && !text.contains("http://") && !text.contains("https://"), "{text}");
                assert!(text.contains("\"validatorUrl\": \"none\""), "the document is sent to nobody: {text}");
            }
        }
        let missing = anyone.get("/docs/nothing.js").await.expect(404);
        assert_eq!(missing.body["code"], "not_found");
    }
}
