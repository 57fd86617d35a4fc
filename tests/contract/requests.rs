use reqwest::Method;
use restaurant_booking_tests::api::send;
use restaurant_booking_tests::{Api, Platform, Reply};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::{Operation, SERVICES, operations, platform, raw};

const JSON: Option<&str> = Some("application/json");
const LIMIT: usize = 64 * 1024;

/// An administrator's client for each operation.
fn asked(platform: &Platform) -> Vec<(Operation, Api)> {
    operations()
        .into_iter()
        .map(|operation| (platform.admin(operation.service), operation))
        .map(|(api, operation)| (operation, api))
        .collect()
}

fn has(reply: &Reply, member: &str, name: &str) -> bool {
    reply.body["errors"].as_array().expect("errors").iter().any(|error| error[member] == name)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_is_not_there_is_not_found() {
    let platform = platform().await;
    for service in SERVICES {
        for path in [
            "/nothing",
            "/auth",
            "/api/v1",
            "/reservations/1/2/3",
            "/reservations/tables/1/x",
            "/.well-known",
            "/AUTH/ME",
            "/auth/me/x",
            "/%00",
        ] {
            for method in [Method::GET, Method::POST, Method::DELETE] {
                let reply = send(platform.admin(service).request(method, path)).await.problem(404, "not_found");
                assert_eq!(reply.header("cache-control"), "no-store");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_a_path_does_not_have_is_refused_with_those_it_has() {
    let platform = platform().await;
    let operations = operations();
    for operation in &operations {
        let methods: Vec<&Method> = operations
            .iter()
            .filter(|other| (other.service, &other.path) == (operation.service, &operation.path))
            .map(|other| &other.method)
            .collect();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
            let method: Method = method.parse().expect("a method");
            if methods.contains(&&method) {
                continue;
            }
            let reply = send(platform.anyone(operation.service).request(method.clone(), &operation.path(1)))
                .await
                .problem(405, "method_not_allowed");
            let mut allowed: Vec<&str> = reply.header("allow").split(',').map(str::trim).collect();
            allowed.sort_unstable();
            allowed.dedup();
            let mut expected: Vec<&str> = methods.iter().map(|method| method.as_str()).collect();
            expected.extend(methods.contains(&&Method::GET).then_some("HEAD"));
            expected.sort_unstable();
            assert_eq!(allowed, expected, "{method} {}", operation.path);
        }
    }
    for path in ["/healthz", "/readyz", "/metrics", "/openapi.json", "/docs/"] {
        let reply = platform.anyone("menu").act(path).await.problem(405, "method_not_allowed");
        assert!(reply.header("allow").contains("GET"), "{path}");
    }
}

/// Sends bytes as they are, and reads the status and the whole answer; for requests that a client would not make.
async fn wire(base: &str, request: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(base.strip_prefix("http://").expect("an address")).await.expect("a connection");
    stream.write_all(request).await.expect("sent");
    let (mut answer, mut buffer) = (String::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut buffer).await.expect("an answer");
        assert!(read > 0, "the answer is cut short: {answer:?}");
        answer.push_str(std::str::from_utf8(&buffer[..read]).expect("UTF-8"));
        let Some((head, body)) = answer.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if body.len() == length.unwrap_or(0) {
            return (answer[9..12].parse().expect("a status"), answer);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_64_kib_is_refused() {
    let platform = platform().await;
    let token = restaurant_booking_tests::token::token(1, chassis::http::identity::Role::Admin);
    for (operation, api) in asked(&platform) {
        if operation.method == Method::GET || operation.method == Method::DELETE {
            continue;
        }
        let path = operation.path(1);
        let over = vec![b' '; LIMIT + 1];
        raw(&api, operation.method.clone(), &path, JSON, over.clone()).await.problem(413, "body_too_large");
        raw(&api, operation.method.clone(), &path, Some("text/plain"), over).await.problem(413, "body_too_large");

        let head = format!(
            "{} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nConnection: close\r\n",
            operation.method
        );
        // It is refused by what it says of itself, before it is sent.
        let (status, answer) = wire(platform.base(operation.service), format!("{head}Content-Length: 1000000000\r\n\r\n").as_bytes()).await;
        assert!(status == 413 && answer.contains("body_too_large"), "{}: {answer}", operation.id());
        // It says nothing of itself.
        let mut chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
        for _ in 0..17 {
            chunked.extend_from_slice(format!("1000\r\n{}\r\n", " ".repeat(0x1000)).as_bytes());
        }
        chunked.extend_from_slice(b"0\r\n\r\n");
        let (status, answer) = wire(platform.base(operation.service), &chunked).await;
        assert!(status == 413 && answer.contains("body_too_large"), "{}: {answer}", operation.id());

        if operation.has_body() {
            let mut fits = vec![b' '; LIMIT];
            fits[..14].copy_from_slice(b"{\"colour\":\"x\"}");
            let reply = raw(&api, operation.method.clone(), &path, JSON, fits).await.problem(422, "validation_failed");
            assert!(has(&reply, "pointer", "#/colour"), "{}: {}", operation.id(), reply.text);
        }
    }
}

/// A connection that were closed while the client sends would be reset, and the client never learn why.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_reaches_who_is_still_sending() {
    let platform = platform().await;
    for (service, path) in [("auth", "/auth/password"), ("menu", "/api/v1/menu"), ("reservation", "/reservations/")] {
        for length in [LIMIT - 1, 10 * LIMIT, 100 * LIMIT] {
            let body = vec![b' '; length];
            raw(&platform.anyone(service), Method::POST, path, JSON, body.clone()).await.problem(401, "unauthenticated");
            raw(&platform.anyone(service), Method::POST, "/nothing", JSON, body.clone()).await.problem(404, "not_found");
            raw(&platform.anyone(service), Method::PUT, path, JSON, body.clone()).await.problem(405, "method_not_allowed");
            let (status, code) = if length > LIMIT { (413, "body_too_large") } else { (400, "malformed_body") };
            raw(&platform.admin(service), Method::POST, path, JSON, body).await.problem(status, code);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_another_kind_is_refused() {
    let platform = platform().await;
    for (operation, api) in asked(&platform).into_iter().filter(|(operation, _)| operation.has_body()) {
        let ask =
            async |content_type, body: &'static str| raw(&api, operation.method.clone(), &operation.path(1), content_type, body).await;
        for kind in [
            "text/plain",
            "application/xml",
            "application/jsonp",
            "application/problem+json",
            "json",
            "*/*",
            "",
            "multipart/form-data; boundary=x",
        ] {
            ask(Some(kind), "{}").await.problem(415, "unsupported_media_type");
        }
        ask(None, "{}").await.problem(415, "unsupported_media_type");
        if operation.id() != "login" {
            ask(Some("application/x-www-form-urlencoded"), "name=Tea&price=3").await.problem(415, "unsupported_media_type");
        }
        for kind in ["application/json; charset=utf-8", "Application/JSON", "application/json;charset=UTF-8", " application/json "] {
            let reply = ask(Some(kind), r#"{"colour": "red"}"#).await.problem(422, "validation_failed");
            assert!(has(&reply, "pointer", "#/colour"), "{}", reply.text);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_no_json_is_refused() {
    let platform = platform().await;
    let nested = |open: &str, count: usize| open.repeat(count).into_bytes();
    let bodies: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b" ".to_vec(),
        b"{".to_vec(),
        b"hello".to_vec(),
        b"{'name': 1}".to_vec(),
        b"{\"name\": \"Tea\",}".to_vec(),
        b"{} {}".to_vec(),
        b"{\"name\": \"\xff\xfe\"}".to_vec(),
        b"\xef\xbb\xbf{}".to_vec(),
        b"{\"name\": \"\\ud800\"}".to_vec(),
        b"{\"name\": \"a\nb\"}".to_vec(),
        b"\0".to_vec(),
        nested("[", 60_000),
        nested("{\"a\":", 12_000),
        [nested("[", 30_000), nested("]", 30_000)].concat(),
    ];
    for (operation, api) in asked(&platform).into_iter().filter(|(operation, _)| operation.has_body()) {
        for body in &bodies {
            raw(&api, operation.method.clone(), &operation.path(1), JSON, body.clone()).await.problem(400, "malformed_body");
        }
        send(api.request(operation.method.clone(), &operation.path(1))).await.problem(400, "malformed_body");
        for body in ["[]", "[{}]", "null", "true", "12", "\"{}\""] {
            let reply = raw(&api, operation.method.clone(), &operation.path(1), JSON, body).await.invalid(&["#"]);
            assert_eq!(reply.body["errors"][0]["code"], "wrong_type");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_members_and_parameters_are_refused_by_name() {
    let platform = platform().await;
    for (operation, api) in asked(&platform) {
        let request = api.request(operation.method.clone(), &format!("{}?colour=red&size", operation.path(1)));
        let request = if operation.has_body() { request.json(&json!({"taste": "sweet", "a b/c": {}})) } else { request };
        let reply = send(request).await.problem(422, "validation_failed");
        assert!(has(&reply, "parameter", "colour") && has(&reply, "parameter", "size"), "{}: {}", operation.id(), reply.text);
        if operation.has_body() {
            assert!(has(&reply, "pointer", "#/taste") && has(&reply, "pointer", "#/a%20b~1c"), "{}: {}", operation.id(), reply.text);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_or_query_that_is_not_utf_8_is_refused() {
    let platform = platform().await;
    for (operation, api) in asked(&platform) {
        let ask = async |path: &str| {
            let request = api.request(operation.method.clone(), path);
            send(if operation.has_body() { request.json(&json!({})) } else { request }).await.problem(422, "validation_failed")
        };
        let reply = ask(&format!("{}?colour=%FF&%C3%28=1", operation.path(1))).await;
        assert!(has(&reply, "parameter", "colour") && has(&reply, "parameter", "query"), "{}: {}", operation.id(), reply.text);
        if operation.path.contains("{id}") {
            ask(&operation.path("%FF")).await;
            ask(&operation.path("1%C3")).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_a_positive_32_bit_integer() {
    let platform = platform().await;
    for (operation, api) in asked(&platform).into_iter().filter(|(operation, _)| operation.path.contains("{id}")) {
        for id in [
            "0",
            "-1",
            "abc",
            "2147483648",
            "99999999999999999999",
            "1.5",
            "1e1",
            "+1",
            "0x1",
            "%20",
            "1%20",
            "%00",
            "%zz",
            "%D9%A1",
            "1,2",
            "null",
        ] {
            let request = api.request(operation.method.clone(), &operation.path(id));
            let request = if operation.has_body() { request.json(&json!({})) } else { request };
            let reply = send(request).await.problem(422, "validation_failed");
            assert!(has(&reply, "parameter", "id"), "{} {id}: {}", operation.id(), reply.text);
        }
        if operation.method != Method::PUT {
            let request = api.request(operation.method.clone(), &operation.path(i32::MAX));
            send(if operation.has_body() { request.json(&json!({})) } else { request }).await.problem(404, "not_found");
        }
    }
}

/// What is behind a path, without what is new in each answer.
fn settled(mut reply: Reply) -> (u16, Value) {
    if let Some(members) = reply.body.as_object_mut() {
        members.remove("instance");
    }
    (reply.status.as_u16(), reply.body)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_path_works_with_and_without_its_trailing_slash() {
    let platform = platform().await;
    for (operation, api) in asked(&platform) {
        let (bare, query) = (operation.path(i32::MAX), "?colour=red");
        let bare = bare.trim_end_matches('/');
        for suffix in ["", query] {
            let ask = async |path: String| {
                let request = api.request(operation.method.clone(), &path);
                settled(send(if operation.has_body() { request.json(&json!({"taste": "sweet"})) } else { request }).await)
            };
            let (without, with) = (ask(format!("{bare}{suffix}")).await, ask(format!("{bare}/{suffix}")).await);
            assert_eq!(without, with, "{} {bare}", operation.method);
            assert!(!without.1["detail"].as_str().unwrap_or_default().contains("no such path"), "{} {bare}", operation.method);
        }
    }
    for service in SERVICES {
        for path in ["/healthz/", "/readyz/", "/metrics/", "/docs", "/docs/"] {
            platform.anyone(service).get(path).await.expect(200);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn head_answers_as_get_does_without_the_body() {
    let platform = platform().await;
    let mut paths: Vec<(&str, String)> = operations()
        .into_iter()
        .filter(|operation| operation.method == Method::GET)
        .map(|operation| (operation.service, operation.path(1)))
        .collect();
    for service in SERVICES {
        paths.extend(["/healthz", "/readyz", "/openapi.json", "/nothing"].map(|path| (service, path.to_owned())));
    }
    for (service, path) in paths {
        let api = platform.admin(service);
        let (get, head) = (api.get(&path).await, send(api.request(Method::HEAD, &path)).await);
        assert_eq!((head.status, head.text.as_str()), (get.status, ""), "{path}");
        for name in ["content-type", "etag", "cache-control", "content-length"] {
            assert_eq!(head.header(name), get.header(name), "{path}: {name}");
        }
    }
}

/// A client may send any number of wrong members: what they are told is bounded.
#[tokio::test(flavor = "multi_thread")]
async fn no_more_than_twenty_faults_are_listed() {
    let platform = platform().await;
    let body: serde_json::Map<String, Value> = (0..3000).map(|number| (format!("x{number}"), json!(1))).collect();
    let reply = platform.anyone("auth").post("/auth/login", &Value::Object(body)).await.problem(422, "validation_failed");
    assert_eq!(reply.body["errors"].as_array().map(Vec::len), Some(20));
    assert_eq!(reply.body["detail"], "3002 values of the input are wrong; `errors` lists the first 20.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_stands_twice_is_no_body() {
    let platform = platform().await;
    for (service, path, body) in [
        ("auth", "/auth/register", r#"{"email": "a@b.co", "email": "c@d.co", "password": "correct horse"}"#),
        ("menu", "/api/v1/menu", r#"{"name": "A", "n\u0061me": "B", "price": 1}"#),
        ("reservation", "/reservations/tables", r#"{"table_number": 1, "capacity": 2, "description": {"a": 1, "a": 2}}"#),
    ] {
        let request = platform.admin(service).request(Method::POST, path).header("Content-Type", "application/json").body(body);
        send(request).await.problem(400, "malformed_body");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_body_is_refused_by_name() {
    let platform = platform().await;
    let post = |coding: &str| {
        let request = platform.admin("menu").request(Method::POST, "/api/v1/menu");
        send(request.header("Content-Encoding", coding).json(&json!({"name": "Tea", "price": 3})))
    };
    let refused = post("gzip").await.problem(415, "unsupported_media_type");
    assert_eq!(refused.header("accept-encoding"), "identity");
    post("identity").await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_may_be_a_json_merge_patch() {
    let platform = platform().await;
    let admin = platform.admin("menu");
    let path = format!("/api/v1/menu/{}", admin.post("/api/v1/menu", &json!({"name": "Tea", "price": 3})).await.expect(201).id());
    let with = |method: Method, content_type: &'static str| {
        send(admin.request(method, &path).header("Content-Type", content_type).body(r#"{"name": "Chai", "price": 4}"#))
    };
    with(Method::PATCH, "application/merge-patch+json").await.expect(200);
    with(Method::PUT, "application/merge-patch+json").await.problem(415, "unsupported_media_type");
    let refused = with(Method::PATCH, "application/json-patch+json").await.problem(415, "unsupported_media_type");
    assert_eq!(refused.header("accept-patch"), "application/merge-patch+json, application/json");
}
