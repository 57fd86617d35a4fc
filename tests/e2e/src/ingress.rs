//! An ingress controller for one Ingress: a proxy on this machine that leads each request where the object's rules say, as the
//! documentation of Kubernetes has it: an exact path first, else the longest prefix, whole elements of a path at a time.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use k8s_openapi::api::networking::v1::{HTTPIngressPath, Ingress};
use kube::api::Api;
use reqwest::Client;
use reqwest::redirect::Policy;
use tokio::task::JoinHandle;

use crate::Result;
use crate::doors::SERVICES;
use crate::forward::Forward;
use crate::restaurant::Restaurant;

/// No answer of the services, and no request to them, is larger.
const LARGEST: usize = 1 << 20;

/// A proxy that runs while this is there.
pub(crate) struct Proxy {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
    _ways: Vec<Forward>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Rules {
    host: String,
    paths: Vec<HTTPIngressPath>,
    /// Where each Service is reached.
    services: BTreeMap<String, String>,
    client: Client,
}

impl Proxy {
    /// Follows the rules of a restaurant's Ingress.
    pub(crate) async fn open(restaurant: &Restaurant<'_>) -> Result<Self> {
        let ingresses: Api<Ingress> = Api::namespaced(restaurant.world.client.clone(), &restaurant.namespace);
        let ingress = ingresses.get(&restaurant.name).await?;
        let rule = ingress.spec.and_then(|spec| spec.rules?.pop()).ok_or("an Ingress without a rule")?;
        let (mut services, mut ways) = (BTreeMap::new(), Vec::new());
        for service in SERVICES {
            let way = restaurant.forward(service).await?;
            services.insert(restaurant.part(service.0), way.url.clone());
            ways.push(way);
        }
        let rules = Rules {
            host: rule.host.ok_or("a rule without a host")?,
            paths: rule.http.ok_or("a rule without paths")?.paths,
            services,
            client: Client::builder().no_proxy().redirect(Policy::none()).build()?,
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let router = Router::new().fallback(lead).with_state(Arc::new(rules));
        let task = tokio::spawn(async move { drop(axum::serve(listener, router).await) });
        Ok(Self { address, task, _ways: ways })
    }
}

impl Rules {
    /// The way to what serves a path.
    fn service(&self, path: &str) -> Option<&str> {
        let exact = self.paths.iter().find(|rule| rule.path_type == "Exact" && rule.path.as_deref() == Some(path));
        let of_prefix = |rule: &&HTTPIngressPath| {
            let prefix = rule.path.as_deref().unwrap_or_default().trim_end_matches('/');
            rule.path_type == "Prefix" && path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let longest = || self.paths.iter().filter(of_prefix).max_by_key(|rule| rule.path.as_deref().map(str::len));
        let backend = exact.or_else(longest)?.backend.service.as_ref()?;
        self.services.get(&backend.name).map(String::as_str)
    }
}

async fn lead(State(rules): State<Arc<Rules>>, request: Request) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let Some(way) = rules.service(request.uri().path()).filter(|_| host == Some(rules.host.as_str())) else {
        return (StatusCode::NOT_FOUND, "default backend - 404").into_response();
    };
    match pass(&rules.client, way, request).await {
        Ok(response) => response,
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

async fn pass(client: &Client, way: &str, request: Request) -> Result<Response> {
    let (head, body) = request.into_parts();
    let url = format!("{way}{}", head.uri.path_and_query().map_or("/", |path| path.as_str()));
    let sent = client.request(head.method, url).headers(head.headers).header("X-Forwarded-For", "192.0.2.7");
    let answer = sent.body(to_bytes(body, LARGEST).await?).send().await?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut response = Response::new(Body::from(answer.bytes().await?));
    (*response.status_mut(), *response.headers_mut()) = (status, headers);
    Ok(response)
}
