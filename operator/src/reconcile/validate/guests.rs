//! What guests see and receive, as the services are told of it.

use std::collections::BTreeMap;

use crate::api::{ConditionType, RestaurantBookingSpec, SecretKeyReference};
use crate::reconcile::platform::Mail;
use crate::reconcile::reason::INVALID_SPEC;

use super::Check;

/// The keys of a Secret with credentials (kubernetes.io/basic-auth): the user's name and the password.
pub const CREDENTIALS: [&str; 2] = ["username", "password"];

impl Check<'_> {
    /// How the restaurant presents itself: the settings of every service, by their names.
    pub(super) fn site(&mut self, spec: &RestaurantBookingSpec) -> BTreeMap<&'static str, String> {
        let restaurant = &spec.restaurant;
        let languages: Vec<_> = restaurant.languages.iter().map(|language| language.as_str()).collect();
        let own = restaurant.default_language.map(|language| language.as_str());
        if let Some(own) = own.filter(|own| !languages.is_empty() && !languages.contains(own)) {
            let message = format!("spec.restaurant.defaultLanguage is {own}; it must be one of spec.restaurant.languages");
            self.refuse(ConditionType::Ready, INVALID_SPEC, message);
        }
        let pages = spec.pages.clone().unwrap_or_default();
        let settings = [
            ("RESTAURANT_NAME", Some(restaurant.name.clone())),
            ("RESTAURANT_PHONE", restaurant.phone.clone()),
            ("RESTAURANT_EMAIL", restaurant.email.clone()),
            ("RESTAURANT_WEBSITE", restaurant.website.clone()),
            ("RESTAURANT_ADDRESS", restaurant.address.as_ref().map(|address| address.line())),
            ("PRIVACY_URL", restaurant.privacy_url.clone()),
            ("LEGAL_URL", restaurant.legal_url.clone()),
            ("LANGUAGES", Some(languages.join(","))),
            // The first language is the restaurant's, where none is named.
            ("DEFAULT_LANGUAGE", own.or(languages.first().copied()).map(ToOwned::to_owned)),
            ("PAGES", pages.enabled.filter(|enabled| !enabled).map(|enabled| enabled.to_string())),
            ("ACCENT_COLOR", pages.accent_color),
        ];
        settings.into_iter().filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?))).collect()
    }

    /// How mail is sent.
    pub(super) fn mail(&mut self, spec: &RestaurantBookingSpec) -> Option<Mail> {
        let mail = spec.mail.as_ref()?;
        let settings = [
            ("MAIL_FROM", Some(mail.from.clone())),
            ("MAIL_REPLY_TO", mail.reply_to.clone()),
            ("REMIND_BEFORE_HOURS", mail.remind_before_hours.map(|hours| hours.to_string())),
            ("SMTP_URL", Some(mail.smtp.url())),
        ];
        let credentials = mail.smtp.credentials_secret_ref.as_ref().map(|reference| {
            CREDENTIALS.map(|key| {
                let reference = SecretKeyReference { name: reference.name.clone(), key: key.to_owned() };
                self.secret(ConditionType::Ready, "spec.mail.smtp.credentialsSecretRef", &reference).0
            })
        });
        let settings = settings.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        Some(Mail { settings, port: mail.smtp.port(), credentials })
    }
}
