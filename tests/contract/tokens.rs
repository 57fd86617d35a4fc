use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chassis::http::identity::Role;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use restaurant_booking_tests::api::send;
use restaurant_booking_tests::{Api, Platform, Reply, token};
use serde_json::{Value, json};

use crate::{SERVICES, platform};

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn claims() -> Value {
    serde_json::to_value(token::claims(1, Role::Admin)).expect("JSON")
}

/// The claims of a good token but for these.
fn but(members: Value) -> Value {
    let mut claims = claims();
    for (name, value) in members.as_object().expect("an object") {
        let claims = claims.as_object_mut().expect("an object");
        match value {
            Value::Null => drop(claims.remove(name)),
            value => drop(claims.insert(name.clone(), value.clone())),
        }
    }
    claims
}

/// A token of these claims that the right key has signed.
fn signed(claims: &Value) -> String {
    jsonwebtoken::encode(&token::header(), claims, &token::signing_key()).expect("a token")
}

fn good() -> String {
    signed(&claims())
}

/// The right `x` of the key set: the public key.
fn public_key() -> String {
    let set: Value = serde_json::from_str(&std::fs::read_to_string(token::public_keys_file()).expect("the key set")).expect("JSON");
    set["keys"][0]["x"].as_str().expect("a key").to_owned()
}

/// A token whose signature is an HMAC, with what everybody knows for its secret.
fn confused(algorithm: Algorithm, secret: &[u8]) -> String {
    let header = Header { kid: token::header().kid, ..Header::new(algorithm) };
    jsonwebtoken::encode(&header, &claims(), &EncodingKey::from_secret(secret)).expect("a token")
}

/// Tokens that must not be accepted, by what is wrong with them.
fn bad() -> Vec<(String, String)> {
    let now = jsonwebtoken::get_current_timestamp();
    let mut bad: Vec<(String, String)> = Vec::new();
    let mut add = |what: &str, token: String| bad.push((what.to_owned(), token));
    let kid = token::header().kid.expect("a kid");

    for none in ["none", "None", "NONE", "nOnE", ""] {
        let unsigned = format!("{}.{}", encode(&json!({"typ": "JWT", "alg": none, "kid": kid})), encode(&claims()));
        add(&format!("alg {none:?} without a signature"), format!("{unsigned}."));
        add(
            &format!("alg {none:?} with the signature of another"),
            format!("{unsigned}.{}", good().rsplit('.').next().expect("a signature")),
        );
    }
    for unknown in ["ES256", "RS256", "ROT13", "eddsa"] {
        let header = encode(&json!({"typ": "JWT", "alg": unknown, "kid": kid}));
        add(&format!("alg {unknown}"), format!("{header}.{}.{}", encode(&claims()), good().rsplit('.').next().expect("a signature")));
    }
    add("no alg", format!("{}.{}.", encode(&json!({"typ": "JWT", "kid": kid})), encode(&claims())));

    let x = public_key();
    let bytes = URL_SAFE_NO_PAD.decode(&x).expect("base64url");
    // SubjectPublicKeyInfo of an Ed25519 key (RFC 8410, 4).
    let der = [&[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00][..], &bytes].concat();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(&der));
    let set = std::fs::read(token::public_keys_file()).expect("the key set");
    let secrets: [(&str, &[u8]); 7] = [
        ("the public key's bytes", &bytes),
        ("the public key's x", x.as_bytes()),
        ("the public key in DER", &der),
        ("the public key in PEM", pem.as_bytes()),
        ("the public key in PEM, trimmed", pem.trim_end().as_bytes()),
        ("the key set's file", &set),
        ("nothing", b""),
    ];
    for (name, secret) in secrets {
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            add(&format!("{algorithm:?} with {name} for its secret"), confused(algorithm, secret));
        }
    }

    let other = tempfile::tempdir().expect("a directory");
    auth::keys::generate(other.path(), false).expect("keys");
    let other_key =
        EncodingKey::from_ed_pem(&std::fs::read(other.path().join(auth::keys::PRIVATE_KEY)).expect("a key")).expect("an Ed25519 key");
    let by = |header: Header, key: &EncodingKey| jsonwebtoken::encode(&header, &claims(), key).expect("a token");
    add("another key under the right kid", by(token::header(), &other_key));
    add("a kid that nobody knows", by(Header { kid: Some("nobody's".to_owned()), ..token::header() }, &token::signing_key()));
    add("another key under another kid", by(Header { kid: Some("nobody's".to_owned()), ..token::header() }, &other_key));
    add("no kid", by(Header { kid: None, ..token::header() }, &token::signing_key()));
    let jku = Some("https://attacker.example/jwks.json".to_owned());
    add("a key set of its own in the header", by(Header { kid: None, jku, ..token::header() }, &other_key));
    add(
        "an extension that must be understood",
        by(Header { crit: Some(vec!["b64".to_owned()]), ..token::header() }, &token::signing_key()),
    );
    add("an empty kid", by(Header { kid: Some(String::new()), ..token::header() }, &token::signing_key()));
    add("a kid that is a path", by(Header { kid: Some("../../../dev/null".to_owned()), ..token::header() }, &token::signing_key()));
    let embedded = json!({"typ": "JWT", "alg": "EdDSA", "jwk": {"kty": "OKP", "crv": "Ed25519", "x": x}});
    let signature = good().rsplit('.').next().expect("a signature").to_owned();
    add("a key of its own in the header", format!("{}.{}.{signature}", encode(&embedded), encode(&claims())));

    for (what, members) in [
        ("another issuer", json!({"iss": "somebody"})),
        ("no issuer", json!({"iss": null})),
        ("another audience", json!({"aud": "somebody"})),
        ("no audience", json!({"aud": null})),
        ("expired", json!({"exp": now - 60})),
        ("expired long ago", json!({"exp": 0, "iat": 0})),
        ("no end", json!({"exp": null})),
        ("an end that is no number", json!({"exp": "tomorrow"})),
        ("not yet valid", json!({"nbf": now + 60})),
        ("made in the future", json!({"iat": now + 60, "exp": now + 7260})),
        ("no time of its making", json!({"iat": null})),
        ("no role", json!({"role": null})),
        ("roles", json!({"role": ["admin"]})),
        ("no subject", json!({"sub": null})),
        ("a subject that is no string", json!({"sub": 1})),
        ("a subject that is no number", json!({"sub": "admin"})),
        ("an empty subject", json!({"sub": ""})),
        ("a subject of zero", json!({"sub": "0"})),
        ("a negative subject", json!({"sub": "-1"})),
        ("a subject with a fraction", json!({"sub": "1.0"})),
        ("a subject beyond the ids", json!({"sub": "2147483648"})),
        ("a subject with a space", json!({"sub": "1 "})),
    ] {
        add(what, signed(&but(members)));
    }

    let good = good();
    let parts: Vec<&str> = good.split('.').collect();
    let [header, _, signature] = parts[..] else { panic!("three parts") };
    let user = signed(&but(json!({"sub": "5", "role": "user"})));
    let user_signature = user.rsplit('.').next().expect("a signature");
    add("a role that was raised under the old signature", format!("{header}.{}.{user_signature}", encode(&claims())));
    add("a subject that was changed under the old signature", format!("{header}.{}.{signature}", encode(&but(json!({"sub": "2"})))));
    add("truncated by a character", good[..good.len() - 1].to_owned());
    add("truncated by ten", good[..good.len() - 10].to_owned());
    add("truncated to two parts", format!("{}.{}", parts[0], parts[1]));
    add("truncated to a part", parts[0].to_owned());
    add("without its signature", format!("{}.{}.", parts[0], parts[1]));
    add("with a part too many", format!("{good}.{signature}"));
    add("twice", format!("{good} {good}"));
    add("in quotes", format!("\"{good}\""));
    add("no token at all", "hello".to_owned());
    add("dots", "..".to_owned());
    add("empty", String::new());
    bad
}

/// A request that only an administrator, or at least a user, may make at each of the services, and that is right otherwise.
async fn ask(api: &Api, service: &str, authorization: Option<&str>) -> Reply {
    let (method, path) = match service {
        "auth" => (Method::GET, "/auth/me"),
        "menu" => (Method::POST, "/api/v1/menu"),
        _ => (Method::GET, "/reservations/my"),
    };
    let mut request = api.request(method, path);
    if service == "menu" {
        request = request.json(&json!({"name": "Tea", "price": 3}));
    }
    if let Some(authorization) = authorization {
        request = request.header("Authorization", authorization);
    }
    send(request).await
}

#[track_caller]
fn refused(reply: Reply, what: &str) {
    assert_eq!(reply.status.as_u16(), 401, "{what}: {}", reply.text);
    let reply = reply.problem(401, "unauthenticated");
    assert_eq!(reply.header("www-authenticate"), "Bearer", "{what}");
}

async fn accepted(platform: &Platform, authorization: &str) {
    for service in SERVICES {
        let reply = ask(&platform.anyone(service), service, Some(authorization)).await;
        assert!(reply.status.is_success(), "{service}: {}", reply.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_service_accepts_a_token_that_is_forged_or_over() {
    let platform = platform().await;
    accepted(&platform, &format!("Bearer {}", good())).await;
    for (what, token) in bad() {
        for service in SERVICES {
            refused(ask(&platform.anyone(service), service, Some(&format!("Bearer {token}"))).await, &format!("{what}, at {service}"));
        }
    }
    // None of them has made the services forget who is right.
    accepted(&platform, &format!("bearer  {}", signed(&but(json!({"nbf": jsonwebtoken::get_current_timestamp() - 60}))))).await;
}

/// A later version may give roles that this one does not know: they allow what `user` does, and no more.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_is_not_known_is_user() {
    let platform = platform().await;
    for role in ["host", "Admin", "root"] {
        let token = format!("Bearer {}", signed(&but(json!({"role": role}))));
        for service in ["auth", "reservation"] {
            ask(&platform.anyone(service), service, Some(&token)).await.expect(200);
        }
        ask(&platform.anyone("menu"), "menu", Some(&token)).await.problem(403, "forbidden");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_a_bearer_token_is_accepted() {
    let platform = platform().await;
    let good = good();
    let basic = STANDARD.encode("admin@restaurant.com:Admin123!");
    for authorization in [
        "",
        "Bearer",
        "Bearer ",
        good.as_str(),
        &format!("Basic {basic}"),
        &format!("Basic {good}"),
        &format!("Token {good}"),
        &format!("Bearer={good}"),
        &format!("Bearer:{good}"),
        &format!("Bearer Bearer {good}"),
        &format!("Basic {basic}, Bearer {good}"),
    ] {
        for service in SERVICES {
            refused(ask(&platform.anyone(service), service, Some(authorization)).await, &format!("{authorization:?} at {service}"));
        }
    }
    for service in SERVICES {
        let anyone = platform.anyone(service);
        refused(ask(&anyone, service, None).await, service);
        // Nor where a URL would carry it into logs (RFC 6750, 2.3).
        let path = if service == "auth" { "/auth/me" } else { "/reservations/my" };
        if service != "menu" {
            anyone.get(&format!("{path}?access_token={good}")).await.problem(401, "unauthenticated");
        }
    }
}

/// Whose token it is, is asked of the token alone: role and subject are those that the key has signed.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_cannot_say_he_is_another() {
    let platform = platform().await;
    let user = platform.user("menu", 5);
    let body = json!({"name": "Tea", "price": 3});
    for (name, value) in [("X-User-Id", "1"), ("X-Role", "admin"), ("X-Forwarded-User", "1"), ("X-HTTP-Method-Override", "GET")] {
        send(user.request(Method::POST, "/api/v1/menu").header(name, value).json(&body)).await.problem(403, "forbidden");
    }
    assert_eq!(platform.user("auth", 1).get("/auth/me").await.expect(200).body["id"], 1);
}
