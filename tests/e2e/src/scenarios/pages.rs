//! Guests from the outside, by the Ingress.

use jiff::{Timestamp, ToSpan as _};
use reqwest::redirect::Policy;
use reqwest::{Client, Method};
use serde_json::json;

use crate::Result;
use crate::ingress::Proxy;
use crate::world::{World, ensure};

/// The host of the Ingress.
const HOST: &str = "book.trattoria.example";

/// The value between two texts.
fn between<'a>(text: &'a str, begin: &str, end: &str) -> Result<&'a str> {
    let (_, rest) = text.split_once(begin).ok_or_else(|| format!("no {begin} in {text}"))?;
    Ok(rest.split(end).next().unwrap_or_default())
}

/// A guest without an account books at the page that the Ingress leads to, and reads the page of the booking; each service is behind its
/// own paths, and what is not for the outside is behind none.
pub(crate) async fn a_guest_books_through_the_ingress(world: &World) -> Result<()> {
    let restaurant = world.trattoria().await?;
    let (doors, token) = restaurant.visit().await?;
    let table = json!({"table_number": 40_000 + std::process::id() % 10_000, "capacity": 4});
    doors.ask(Method::POST, &format!("{}/reservations/tables", doors.reservation.url), &token, &table, 201).await?;
    restaurant.change(&json!({"ingress": {"host": HOST}})).await?;
    restaurant.ready().await?;
    let proxy = Proxy::open(&restaurant).await?;
    let origin = format!("http://{HOST}");
    let client = Client::builder().no_proxy().redirect(Policy::none()).resolve(HOST, proxy.address).build()?;
    let get = async |path: &str, expected: u16| {
        let answer = client.get(format!("{origin}{path}")).header("Accept", "text/html, */*").send().await?;
        let (status, text) = (answer.status().as_u16(), answer.text().await?);
        ensure(status == expected, || format!("{path}: {status}, not {expected}: {text}"))?;
        Result::Ok(text)
    };
    for path in ["/menu", "/account/login", "/api/v1/menu", "/.well-known/jwks.json", "/reservations/tables", "/favicon.ico"] {
        get(path, 200).await?;
    }
    for path in ["/metrics", "/livez", "/readyz", "/docs/", "/nothing", "/bookings"] {
        let told = get(path, 404).await?;
        ensure(told.starts_with("default backend"), || format!("{path} reaches a service: {told}"))?;
    }

    let home = get("/", 200).await?;
    get(&format!("/assets/reservation/{}", between(&home, "/assets/reservation/", "\"")?), 200).await?;
    ensure(home.contains(&format!("href=\"{origin}/menu")) || home.contains("href=\"/menu"), || format!("no way to the menu: {home}"))?;
    let date = Timestamp::now().to_zoned(jiff::tz::TimeZone::get("Europe/Rome")?).date().saturating_add(3.days());
    let times = get(&format!("/book?guests=2&date={date}"), 200).await?;
    let chosen = times.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).find(|link| link.contains("time="));
    let form = get(&chosen.ok_or_else(|| format!("no time in {times}"))?.replace("&#38;", "&"), 200).await?;
    let mut fields: Vec<(&str, &str)> = vec![("name", "Ada Lovelace"), ("email", "ada@example.com"), ("phone", "+39 06 555 0142")];
    for hidden in form.split("<input type=\"hidden\" ").skip(1) {
        fields.push((between(hidden, "name=\"", "\"")?, between(hidden, "value=\"", "\"")?));
    }
    let booked = client.post(format!("{origin}/book")).header("Accept", "text/html").form(&fields).send().await?;
    let to = booked.headers().get("location").and_then(|to| to.to_str().ok()).map(str::to_owned);
    let status = booked.status().as_u16();
    let Some(to) = to.filter(|_| status == 303) else { return Err(format!("booking: {status}: {}", booked.text().await?).into()) };
    ensure(to.starts_with("/b/") && to.contains("?k=rbk_"), || format!("after booking the guest is led to {to}"))?;
    let page = get(&to, 200).await?;
    ensure(page.contains("Ada Lovelace"), || format!("the booking's page is of somebody else: {page}"))?;
    world.tell("a guest without an account booked through the Ingress's rules, and reads the page of the booking");
    restaurant.change(&json!({"ingress": null})).await?;
    restaurant.ready().await
}
