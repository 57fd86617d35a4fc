use serde_json::{Value, json};

use crate::{MENU, platform, serve};

/// A price as it stands in the request, and as it is answered, or the code of the refusal.
const PRICES: &[(&str, Result<&str, &str>)] = &[
    (r#""12.50""#, Ok("12.50")),
    (r#""12.5""#, Ok("12.50")),
    (r#""12""#, Ok("12.00")),
    (r#"" 12.50 ""#, Ok("12.50")),
    (r#""007.10""#, Ok("7.10")),
    ("12.50", Ok("12.50")),
    ("3", Ok("3.00")),
    ("0", Ok("0.00")),
    ("-0", Ok("0.00")),
    ("0.1", Ok("0.10")),
    // Binary fractions would make other amounts of these.
    ("1.15", Ok("1.15")),
    ("8.2", Ok("8.20")),
    ("99999999.99", Ok("99999999.99")),
    (r#""99999999.99""#, Ok("99999999.99")),
    ("1e1", Ok("10.00")),
    ("1.25E1", Ok("12.50")),
    ("125e-1", Ok("12.50")),
    ("1.5e+7", Ok("15000000.00")),
    ("0e999999999999", Ok("0.00")),
    ("1.005", Err("too_many_decimals")),
    (r#""1.500""#, Err("too_many_decimals")),
    ("1e-3", Err("too_many_decimals")),
    ("1e-999999999999999999999", Err("too_many_decimals")),
    ("-0.01", Err("out_of_range")),
    (r#""-1""#, Err("out_of_range")),
    ("100000000", Err("out_of_range")),
    ("100000000.00", Err("out_of_range")),
    (r#""100000000""#, Err("out_of_range")),
    ("1e8", Err("out_of_range")),
    ("1e400", Err("out_of_range")),
    ("1e999999999999999999999", Err("out_of_range")),
    ("99999999999999999999999999999999", Err("out_of_range")),
    (r#""""#, Err("blank")),
    (r#"" ""#, Err("blank")),
    (r#""NaN""#, Err("invalid_price")),
    (r#""Infinity""#, Err("invalid_price")),
    (r#""twelve""#, Err("invalid_price")),
    (r#""12,50""#, Err("invalid_price")),
    (r#""1 000""#, Err("invalid_price")),
    (r#""12.""#, Err("invalid_price")),
    (r#"".5""#, Err("invalid_price")),
    (r#""+5""#, Err("invalid_price")),
    (r#""0x10""#, Err("invalid_price")),
    (r#""$5""#, Err("invalid_price")),
    (r#""٣""#, Err("invalid_price")),
    (r#""5\u0000""#, Err("invalid_price")),
    ("null", Err("null")),
    ("true", Err("wrong_type")),
    ("[5]", Err("wrong_type")),
    (r#"{"amount": 5}"#, Err("wrong_type")),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_price_is_exact() {
    use reqwest::Method;
    use restaurant_booking_tests::api::send;
    let platform = platform().await;
    let admin = platform.admin("menu");
    let id = serve(&admin, &[("Soup", "5")]).await[0];
    for (price, expected) in PRICES {
        let body = |text: String| text.replace("PRICE", price);
        let write = async |method: Method, path: String, text: &str| {
            send(admin.request(method, &path).header("Content-Type", "application/json").body(body(text.to_owned()))).await
        };
        let replies = [
            (201, write(Method::POST, MENU.to_owned(), r#"{"name": "Soup", "price": PRICE}"#).await),
            (200, write(Method::PUT, format!("{MENU}/{id}"), r#"{"name": "Soup", "price": PRICE}"#).await),
            (200, write(Method::PATCH, format!("{MENU}/{id}"), r#"{"price": PRICE}"#).await),
        ];
        for (status, reply) in replies {
            match expected {
                Ok(exact) => {
                    assert_eq!(reply.status.as_u16(), status, "{price}: {}", reply.text);
                    assert_eq!(reply.body["price"], *exact, "{price}");
                }
                Err(code) => {
                    assert_eq!(reply.status.as_u16(), 422, "{price}: {}", reply.text);
                    assert_eq!(reply.invalid(&["#/price"]).body["errors"][0]["code"], *code, "{price}");
                }
            }
        }
    }
    let kept: String =
        sqlx::query_scalar("SELECT max(price)::text FROM menuitem").fetch_one(&platform.pool("menu")).await.expect("a price");
    assert_eq!(kept, "99999999.99");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_json_number_is_no_body() {
    use reqwest::Method;
    use restaurant_booking_tests::api::send;
    let platform = platform().await;
    let admin = platform.admin("menu");
    for price in ["NaN", "Infinity", "-Infinity", "+5", ".5", "5.", "05", "0x10", "1_000", "12,50"] {
        let body = format!(r#"{{"name": "Soup", "price": {price}}}"#);
        send(admin.request(Method::POST, MENU).header("Content-Type", "application/json").body(body)).await.problem(400, "malformed_body");
    }
    assert_eq!(admin.get(MENU).await.expect(200).body, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_may_be_left_out_of_a_change_alone() {
    let platform = platform().await;
    let admin = platform.admin("menu");
    let id = serve(&admin, &[("Soup", "5")]).await[0];
    admin.post(MENU, &json!({"name": "Tea"})).await.invalid(&["#/price"]);
    admin.put(&format!("{MENU}/{id}"), &json!({"name": "Tea"})).await.invalid(&["#/price"]);
    let changed = admin.patch(&format!("{MENU}/{id}"), &json!({"name": "Tea"})).await.expect(200);
    assert_eq!(changed.body["price"], Value::from("5.00"));
}
