//! Access from outside the cluster.

use std::collections::BTreeMap;

use k8s_openapi::api::networking::v1::{
    HTTPIngressPath, HTTPIngressRuleValue, Ingress, IngressBackend, IngressRule, IngressServiceBackend, IngressSpec, IngressTLS,
    ServiceBackendPort,
};
use serde_json::json;

use crate::reconcile::kind::Kind;
use crate::reconcile::platform::{Exposure, Platform};
use crate::reconcile::service::Service;
use crate::reconcile::step::Step;

use super::Object;
use super::pod::HTTP;

/// The service of each path of the API. Paths for the cluster only (probes, metrics) are not routed.
const API: [(&str, Service); 4] =
    [("/auth", Service::Auth), ("/.well-known", Service::Auth), ("/api/v1/menu", Service::Menu), ("/reservations", Service::Reservation)];

/// The service of each page, and of what pages load.
const PAGES: [(&str, Service); 10] = [
    ("/account", Service::Auth),
    ("/assets/auth", Service::Auth),
    ("/menu", Service::Menu),
    ("/assets/menu", Service::Menu),
    ("/host", Service::Reservation),
    ("/assets/reservation", Service::Reservation),
    ("/book", Service::Reservation),
    ("/b", Service::Reservation),
    ("/favicon.ico", Service::Reservation),
    (HOME, Service::Reservation),
];

/// The page of the restaurant. It is itself, and no prefix: what is not named here leads nowhere.
const HOME: &str = "/";

/// What is routed: the API, and the pages where there are any.
fn paths(platform: &Platform) -> impl Iterator<Item = (&'static str, Service)> {
    let has_pages = !platform.restaurant.site.contains_key("PAGES");
    API.into_iter().chain(PAGES.into_iter().filter(move |_| has_pages))
}

pub(super) fn routes(platform: &Platform) -> Option<Object> {
    Some(match platform.exposure.as_ref()? {
        Exposure::Ingress { host, class, tls_secret, annotations } => {
            let tls =
                tls_secret.as_ref().map(|secret| vec![IngressTLS { hosts: Some(vec![host.clone()]), secret_name: Some(secret.clone()) }]);
            let http =
                HTTPIngressRuleValue { paths: paths(platform).map(|(path, service)| ingress_path(platform, path, service)).collect() };
            let spec = IngressSpec {
                ingress_class_name: class.clone(),
                tls,
                rules: Some(vec![IngressRule { host: Some(host.clone()), http: Some(http) }]),
                ..Default::default()
            };
            object(platform, Kind::Ingress, annotations.clone(), &Ingress { spec: Some(spec), ..Default::default() })
        }
        Exposure::Gateway { host, parent, section } => {
            let spec = json!({
                "parentRefs": [{"name": parent, "sectionName": section}],
                "hostnames": [host],
                "rules": paths(platform).map(|(path, service)| json!({
                    "matches": [{"path": {"type": if path == HOME { "Exact" } else { "PathPrefix" }, "value": path}}],
                    "backendRefs": [{"name": platform.component_name(service), "port": service.port()}],
                })).collect::<Vec<_>>(),
            });
            object(platform, Kind::HttpRoute, BTreeMap::new(), &json!({"spec": spec}))
        }
    })
}

fn object(platform: &Platform, kind: Kind, annotations: BTreeMap<String, String>, body: &impl serde::Serialize) -> Object {
    platform.part("exposure").annotated(Step::Exposure, kind, &platform.name, annotations, body)
}

fn ingress_path(platform: &Platform, path: &str, service: Service) -> HTTPIngressPath {
    let port = ServiceBackendPort { name: Some(HTTP.to_owned()), ..Default::default() };
    let backend = IngressServiceBackend { name: platform.component_name(service), port: Some(port) };
    HTTPIngressPath {
        path: Some(path.to_owned()),
        path_type: if path == HOME { "Exact" } else { "Prefix" }.to_owned(),
        backend: IngressBackend { service: Some(backend), ..Default::default() },
    }
}
