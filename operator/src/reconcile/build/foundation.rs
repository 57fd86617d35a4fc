//! The objects that the other steps refer to: credentials, accounts, settings, Services.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::reconcile::backend::{broker, database};
use crate::reconcile::checksum::checksum;
use crate::reconcile::kind::Kind;
use crate::reconcile::names::{admin_name, links_name, seal_name};
use crate::reconcile::platform::Platform;
use crate::reconcile::references::{ADMIN_EMAIL, ADMIN_PASSWORD, KEY_SET, LINK_KEYS, PRIVATE_KEY, SEAL};
use crate::reconcile::service::Service;
use crate::reconcile::step::Step;

use super::object::Object;
use super::pod::HTTP;

pub(super) fn objects(platform: &Platform) -> Vec<Object> {
    let mut objects = credentials(platform);
    objects.extend(accounts(platform));
    for service in Service::ALL {
        objects.push(config_map(platform, service));
        objects.push(network_service(platform, service));
    }
    objects
}

/// The Secrets with generated values. Values that exist already are repeated, so that none is ever overwritten.
fn credentials(platform: &Platform) -> Vec<Object> {
    let credentials = &platform.credentials;
    let keys = [(PRIVATE_KEY, credentials.private_key.clone()), (KEY_SET, credentials.key_set.clone())];
    let auth = platform.part(Service::Auth.as_str());
    let links = [(LINK_KEYS, credentials.link_keys.clone())];
    let seal = [(SEAL, credentials.seal.clone())];
    let mut objects = vec![
        auth.secret(Step::Keys, &platform.keys_name(), keys),
        platform.part(Service::Reservation.as_str()).secret(Step::Keys, &links_name(&platform.name), links),
        auth.secret(Step::Foundation, &seal_name(&platform.name), seal),
    ];
    if platform.admin.generated {
        let login = [(ADMIN_EMAIL, platform.admin.email.clone()), (ADMIN_PASSWORD, credentials.admin_password.clone())];
        objects.push(auth.secret(Step::Keys, &admin_name(&platform.name), login));
    }
    objects.extend(Service::ALL.iter().filter_map(|service| database::of(platform).credentials(platform, *service)));
    objects
}

/// The service accounts. No Pod uses the API server, so that no account has a token.
fn accounts(platform: &Platform) -> Vec<Object> {
    let mut accounts: Vec<_> = Service::ALL.map(|service| (service.as_str().to_owned(), platform.component_name(service))).into();
    if database::of(platform).is_stateful_set() {
        accounts.extend(Service::ALL.map(|service| (database::component(service), platform.postgres_name(service))));
    }
    if broker::of(platform).is_stateful_set() {
        accounts.push((broker::COMPONENT.to_owned(), platform.kafka_name()));
    }
    let body = core::ServiceAccount {
        automount_service_account_token: Some(false),
        image_pull_secrets: platform.pull_secrets(),
        ..Default::default()
    };
    let account = |(part, name): (String, String)| {
        let step = Step::for_component(&part);
        platform.part(part).object(step, Kind::ServiceAccount, &name, &body)
    };
    accounts.into_iter().map(account).collect()
}

fn config_map(platform: &Platform, service: Service) -> Object {
    let settings = settings(platform, service);
    let name = settings_name(platform, service, &settings);
    let body = core::ConfigMap { data: Some(settings), ..Default::default() };
    platform.part(service.as_str()).object(Step::Settings(service), Kind::ConfigMap, &name, &body)
}

/// The name of a service's ConfigMap, which depends on its content. A Pod of an old template that restarts reads its old settings, and new
/// settings make new Pods.
pub(super) fn settings_name(platform: &Platform, service: Service, settings: &BTreeMap<String, String>) -> String {
    let hash = checksum(&serde_json::to_vec(settings).expect("texts are JSON"));
    format!("{}-{}", platform.component_name(service), &hash[..10])
}

/// The settings of a service that are not secret, as environment variables.
pub(super) fn settings(platform: &Platform, service: Service) -> BTreeMap<String, String> {
    let component = platform.components.of(service);
    let mut settings = vec![
        ("DATABASE_MAX_CONNECTIONS", component.database_max_connections.to_string()),
        ("LOG_LEVEL", component.log_level.as_str().to_owned()),
        // The Job migrates once, before any Pod of the new version starts.
        ("NO_MIGRATE", "true".to_owned()),
    ];
    settings.extend(broker::variables(platform));
    if !component.cors_allowed_origins.is_empty() {
        settings.push(("CORS_ALLOWED_ORIGINS", component.cors_allowed_origins.join(",")));
    }
    match service {
        Service::Auth => settings.push(("ADMIN_EMAIL", platform.admin.email.clone())),
        Service::Menu => {}
        Service::Reservation => settings.extend([
            ("AUTO_CONFIRM", platform.restaurant.auto_confirm.to_string()),
            ("MAX_DAYS_AHEAD", platform.restaurant.max_days_ahead.to_string()),
            ("RESTAURANT_TIME_ZONE", platform.restaurant.time_zone.clone()),
        ]),
    }
    settings.extend(platform.restaurant.site.clone());
    if let Some(exposure) = &platform.exposure {
        settings.extend(["AUTH_PUBLIC_URL", "MENU_PUBLIC_URL", "RESERVATION_PUBLIC_URL"].map(|name| (name, exposure.url())));
    }
    if service == Service::Reservation {
        settings.extend(platform.mail.iter().flat_map(|mail| mail.settings.clone()));
        // What leads to the service says from where a request comes.
        settings.extend(platform.exposure.as_ref().map(|_| ("FORWARDED_FOR_HOPS", "1".to_owned())));
    }
    settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn network_service(platform: &Platform, service: Service) -> Object {
    let part = platform.part(service.as_str());
    let port = core::ServicePort {
        name: Some(HTTP.to_owned()),
        port: service.port().into(),
        target_port: Some(IntOrString::String(HTTP.to_owned())),
        protocol: Some("TCP".to_owned()),
        ..Default::default()
    };
    let spec = core::ServiceSpec {
        type_: Some("ClusterIP".to_owned()),
        selector: Some(part.selector_labels()),
        ports: Some(vec![port]),
        ..Default::default()
    };
    let body = core::Service { spec: Some(spec), ..Default::default() };
    part.object(Step::Settings(service), Kind::Service, &platform.component_name(service), &body)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::reconcile::fixture::platform;

    use super::*;

    #[test]
    fn what_is_generated_is_kept_and_what_is_not_needed_is_not_made() {
        let secrets = |spec: &str, given: &[(&str, &str, &str)]| {
            let made = credentials(&platform(spec, given)).into_iter();
            made.map(|object| (object.name.clone(), !object.body["metadata"]["ownerReferences"].is_null())).collect::<Vec<_>>()
        };
        let names = [
            "trattoria-jwt",
            "trattoria-links",
            "trattoria-seal",
            "trattoria-admin",
            "trattoria-auth-postgres",
            "trattoria-menu-postgres",
            "trattoria-reservation-postgres",
        ];
        assert_eq!(secrets("", &[]), names.map(|name| (name.to_owned(), false)));
        assert_eq!(secrets("deletionPolicy: Delete", &[]), names.map(|name| (name.to_owned(), false)));
        let given = "{admin: {passwordSecretRef: {name: boss, key: password}}, postgres: {cloudNativePG: {}}}";
        assert_eq!(
            secrets(given, &[("boss", "password", "correct horse")]),
            ["trattoria-jwt", "trattoria-links", "trattoria-seal"].map(|name| (name.to_owned(), false))
        );
    }

    #[test]
    fn the_settings_of_a_broker_say_how_it_is_reached() {
        let (plain, tls) = ("bootstrapServers: ['a:9093']", "tls: {}");
        let sasl = "sasl: {mechanism: PLAIN, usernameSecretRef: {name: k, key: u}, passwordSecretRef: {name: k, key: p}}";
        let kafka = |parts: &[&str]| {
            let spec = format!("kafka: {{external: {{{}}}}}", parts.join(", "));
            let settings = settings(&platform(&spec, &[("k", "u", "me"), ("k", "p", "secret")]), Service::Menu);
            json!([settings.get("KAFKA_SECURITY_PROTOCOL"), settings.get("KAFKA_SASL_MECHANISM"), settings.get("KAFKA_TOPIC_PREFIX")])
        };
        let prefix = "dining.trattoria.";
        assert_eq!(kafka(&[plain]), json!([null, null, prefix]));
        assert_eq!(kafka(&[plain, tls]), json!(["ssl", null, prefix]));
        assert_eq!(kafka(&[plain, sasl]), json!(["sasl_plaintext", "PLAIN", prefix]));
        assert_eq!(kafka(&[plain, tls, sasl]), json!(["sasl_ssl", "PLAIN", prefix]));
    }

    #[test]
    fn a_service_is_told_what_it_knows_and_nothing_else() {
        let fixture = |spec| platform(spec, &[]);
        let platform = platform("", &[]);
        let names = |service| settings(&platform, service).into_keys().collect::<Vec<_>>();
        let all = ["DATABASE_MAX_CONNECTIONS", "KAFKA_BOOTSTRAP_SERVERS", "LOG_LEVEL", "NO_MIGRATE", "RESTAURANT_NAME"];
        assert_eq!(names(Service::Menu), all);
        assert_eq!(names(Service::Auth), [&["ADMIN_EMAIL"][..], &all].concat());
        assert_eq!(names(Service::Reservation).len(), all.len() + 3);
        let exposed = |spec| settings(&fixture(spec), Service::Reservation);
        let url = |spec| exposed(spec)["RESERVATION_PUBLIC_URL"].clone();
        assert_eq!(url("ingress: {host: book.example.com}"), "http://book.example.com");
        assert_eq!(url("ingress: {host: book.example.com, tlsSecretName: tls}"), "https://book.example.com");
        assert_eq!(url("gateway: {host: book.example.com, parentRef: {name: public}}"), "https://book.example.com");
        assert_eq!(exposed("ingress: {host: book.example.com}")["FORWARDED_FOR_HOPS"], "1");
        let mail = "mail: {from: booking@example.com, remindBeforeHours: 0, smtp: {host: smtp.example.com}}";
        let told = |service| {
            let settings = settings(&fixture(mail), service);
            ["MAIL_FROM", "REMIND_BEFORE_HOURS", "SMTP_URL"].map(|name| settings.get(name).cloned().unwrap_or_default())
        };
        assert_eq!(told(Service::Reservation), ["booking@example.com", "0", "smtp://smtp.example.com:587?tls=required"]);
        assert_eq!(told(Service::Menu), ["", "", ""]);
    }
}
