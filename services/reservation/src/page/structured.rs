//! The restaurant as search engines read it (schema.org, JSON-LD): what it is, and where a table is booked.

use house::House;
use house::schedule::Day;
use serde_json::{Value, json};
use site::settings::Site;

/// The restaurant, to stand in a script element. It is data, which no policy keeps from being read.
pub(crate) fn restaurant(site: &Site, house: &House) -> String {
    let url = &site.reservation_url;
    let hours: Vec<Value> = house
        .schedule
        .week()
        .iter()
        .map(|weekly| {
            let days =
                weekly.days.iter().filter_map(|day| Day::ALL.iter().find(|(known, _)| known == day).map(|(_, word)| capitalised(word)));
            json!({
                "@type": "OpeningHoursSpecification",
                "dayOfWeek": days.collect::<Vec<_>>(),
                "opens": weekly.service.opens.to_string(),
                "closes": weekly.service.closes.to_string(),
            })
        })
        .collect();
    let mut restaurant = json!({
        "@context": "https://schema.org",
        "@type": "Restaurant",
        "name": site.name,
        "url": site.website.as_deref().unwrap_or(url),
        "acceptsReservations": format!("{url}/book"),
        "hasMenu": format!("{}/menu", site.menu_url),
        "potentialAction": {
            "@type": "ReserveAction",
            "target": {"@type": "EntryPoint", "urlTemplate": format!("{url}/book")},
            "result": {"@type": "FoodEstablishmentReservation", "name": site.name},
        },
    });
    if let Value::Object(members) = &mut restaurant {
        for (name, value) in [("telephone", &site.phone), ("email", &site.email), ("address", &site.address)] {
            members.extend(value.as_ref().map(|value| (name.to_owned(), json!(value))));
        }
        if !hours.is_empty() {
            members.insert("openingHoursSpecification".to_owned(), json!(hours));
        }
    }
    // No name can end the element.
    restaurant.to_string().replace('<', "\\u003c")
}

fn capitalised(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Restaurant;

    #[test]
    fn no_name_ends_the_element() {
        let site = Site { name: "</script><script>alert(1)</script>".to_owned(), ..Site::default() };
        let text = restaurant(&site, &Restaurant::default().house());
        assert!(!text.contains('<'), "{text}");
        let read: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!((&read["name"], &read["@type"]), (&json!(site.name), &json!("Restaurant")));
        assert_eq!(read["potentialAction"]["target"]["urlTemplate"], "http://localhost:8002/book");
    }
}
