//! Where somebody goes once they have signed in.

use chassis::http::input::{Input, Source};
use site::form::Typed;
use site::settings::Site;

/// No page of ours has a longer address.
const LONGEST: usize = 2048;

/// The page that `next` names, where it is one of the three services'. Anything else leads nowhere: a link to the page on which one signs in
/// must not end on a page that only looks like ours.
pub(super) fn next(site: &Site, input: &Input, source: Source) -> Option<String> {
    input.peek::<Typed>(source, "next").map(|typed| typed.0).filter(|next| is_ours(site, next))
}

fn is_ours(site: &Site, next: &str) -> bool {
    let below = |url: &String| next.strip_prefix(url.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']));
    next.len() <= LONGEST
        && next.bytes().all(|byte| byte.is_ascii_graphic())
        && [&site.auth_url, &site.menu_url, &site.reservation_url].into_iter().any(below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_to_a_page_of_others() {
        let site = Site::default();
        let ours = |next: &str| is_ours(&site, next);
        for next in [
            "http://localhost:8000",
            "http://localhost:8000/account/staff",
            "http://localhost:8001/menu/edit?a=b",
            "http://localhost:8002/host?date=2030-05-17#b1",
            "http://localhost:8002?lang=de",
        ] {
            assert!(ours(next), "{next}");
        }
        for next in [
            "",
            "/host",
            "//evil.example",
            "https://evil.example/",
            "https://localhost:8002/host",
            "http://localhost:8002.evil.example/",
            "http://localhost:80020/",
            "http://localhost:8002@evil.example/",
            "http://localhost:8002\\@evil.example/",
            "http://localhost:8002/host\r\nSet-Cookie: a=b",
            " http://localhost:8002/host",
            "HTTP://LOCALHOST:8002/host",
            "javascript:alert(1)",
            "data:text/html,x",
        ] {
            assert!(!ours(next), "{next}");
        }
        assert!(!ours(&format!("http://localhost:8002/{}", "x".repeat(LONGEST))));
    }
}
