//! The files that pages load: the stylesheet, the icons, and a script where a service has one. They are compiled in, take the accent colour when
//! the service starts, and have their hash in their names, so that browsers keep them for good.

use std::io::Write as _;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use sha2::{Digest as _, Sha256};

use crate::settings::Color;
use crate::{icon, palette};

const STYLE: &str = include_str!("../assets/style.css");

/// The files of a service's pages.
#[derive(Debug)]
pub struct Assets {
    stylesheet: File,
    icon: File,
    script: Option<File>,
    favicon: Bytes,
}

#[derive(Debug)]
struct File {
    /// Where it is.
    path: String,
    /// The name, without the hash.
    name: &'static str,
    kind: HeaderValue,
    plain: Bytes,
    gzip: Bytes,
}

impl File {
    fn new(service: &str, (stem, extension, name): (&str, &str, &'static str), kind: &'static str, content: String) -> Self {
        let digest = Sha256::digest(&content);
        let hash: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        let plain = Bytes::from(content);
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        let gzip = encoder.write_all(&plain).and_then(|()| encoder.finish()).expect("memory takes what is written");
        let path = format!("/assets/{service}/{stem}.{hash}.{extension}");
        Self { path, name, kind: HeaderValue::from_static(kind), plain, gzip: gzip.into() }
    }

    /// The file. Under another hash, which a replica of another version gave it, it is sent all the same, and not kept.
    fn respond(&self, exact: bool, headers: &HeaderMap) -> Response {
        let gzip = takes_gzip(headers);
        let mut response = Response::new(Body::from(if gzip { self.gzip.clone() } else { self.plain.clone() }));
        let own = response.headers_mut();
        own.insert(header::CONTENT_TYPE, self.kind.clone());
        own.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        let keep = if exact { "public, max-age=31536000, immutable" } else { "no-cache" };
        own.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
        if gzip {
            own.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|coding| {
        let (name, parameter) = coding.split_once(';').unwrap_or((coding, ""));
        let refused = parameter.trim().strip_prefix("q=").and_then(|quality| quality.trim().parse().ok()) == Some(0.0_f32);
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

impl Assets {
    /// The files of a service's pages, in this colour.
    pub fn new(service: &str, accent: Color) -> Self {
        let style = palette::variables(accent) + STYLE;
        Self {
            stylesheet: File::new(service, ("style", "css", "style.css"), "text/css; charset=utf-8", style),
            icon: File::new(service, ("icon", "svg", "icon.svg"), "image/svg+xml", icon::svg(accent)),
            script: None,
            favicon: icon::ico(accent).into(),
        }
    }

    /// Adds a script that pages may load.
    pub(crate) fn add_script(&mut self, service: &str, source: &str) {
        let kind = "text/javascript; charset=utf-8";
        self.script = Some(File::new(service, ("script", "js", "script.js"), kind, source.to_owned()));
    }

    /// Where the script is, if there is one.
    pub fn script(&self) -> Option<&str> {
        self.script.as_ref().map(|script| script.path.as_str())
    }

    /// Where the stylesheet is.
    pub fn stylesheet(&self) -> &str {
        &self.stylesheet.path
    }

    /// Where the icon is.
    pub fn icon(&self) -> &str {
        &self.icon.path
    }

    /// The file at a path below `/assets/<service>/`, if there is one.
    pub fn get(&self, path: &str, headers: &HeaderMap) -> Option<Response> {
        let (_, asked) = path.rsplit_once('/')?;
        let (stem, rest) = asked.split_once('.')?;
        let (_hash, extension) = rest.split_once('.')?;
        let file = [&self.stylesheet, &self.icon]
            .into_iter()
            .chain(&self.script)
            .find(|file| file.name.split_once('.') == Some((stem, extension)))?;
        Some(file.respond(file.path == path, headers))
    }

    /// The icon for browsers that ask for no other.
    pub fn favicon(&self) -> Response {
        let mut response = Response::new(Body::from(self.favicon.clone()));
        *response.status_mut() = StatusCode::OK;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("image/x-icon"));
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400"));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(accepted: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_str(accepted).expect("a value"));
        headers
    }

    #[test]
    fn a_file_is_kept_under_its_own_hash_alone() {
        let red = Assets::new("reservation", Color([0x7a, 0x1f, 0x2b]));
        let blue = Assets::new("reservation", Color([0, 0, 0x80]));
        assert_ne!(red.stylesheet(), blue.stylesheet());
        let keeps = |path: &str| red.get(path, &HeaderMap::new()).map(|response| response.headers()[header::CACHE_CONTROL].clone());
        assert_eq!(keeps(red.stylesheet()).expect("a file"), "public, max-age=31536000, immutable");
        assert_eq!(keeps(blue.stylesheet()).expect("the file of this replica"), "no-cache");
        assert!(keeps(red.icon()).is_some());
        for nothing in ["/assets/reservation/", "/assets/reservation/style.css", "/assets/reservation/other.0.css", "style.0.svg"] {
            assert!(keeps(nothing).is_none(), "{nothing}");
        }
    }

    #[test]
    fn a_file_is_compressed_for_those_who_take_it_so() {
        assert!(["gzip", "br, gzip;q=0.5", "GZIP"].iter().all(|accepted| takes_gzip(&headers(accepted))));
        assert!(["", "br", "gzip;q=0", "identity"].iter().all(|accepted| !takes_gzip(&headers(accepted))));
        let assets = Assets::new("menu", Color([0x7a, 0x1f, 0x2b]));
        let response = assets.get(assets.stylesheet(), &headers("gzip")).expect("a file");
        assert_eq!(response.headers()[header::CONTENT_ENCODING], "gzip");
        assert!(assets.stylesheet.gzip.len() < assets.stylesheet.plain.len());
    }
}
