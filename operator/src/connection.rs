//! The connections to the API server: those of kube's own client, but with smaller buffers.
//!
//! hyper reads an answer into a buffer that grows to 408 KiB, and a connection keeps it. A watch holds a connection all the time, and most
//! watches begin with a long list.

use http::{Request, Response};
use hyper::body::Incoming;
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use kube::Config;
use kube::client::retry::RetryPolicy;
use kube::client::{Body, ClientBuilder, ConfigExt as _};
use tower::retry::RetryLayer;
use tower::timeout::TimeoutLayer;
use tower::{BoxError, Service, ServiceBuilder};

use crate::reconcile::failure::chain;
use crate::timing;

/// The greatest buffer of a connection, in bytes.
const BUFFER: usize = 32 * 1024;

/// The layer that makes a client give up a request without an answer: a dead connection reports no error.
pub fn time_limit() -> TimeoutLayer {
    TimeoutLayer::new(timing::ANSWER)
}

/// Begins a client of the cluster that `config` tells.
///
/// # Errors
/// The credentials cannot be read, or a proxy is configured.
pub fn builder(
    config: Config,
) -> Result<ClientBuilder<impl Service<Request<Body>, Response = Response<Incoming>, Error = BoxError, Future: Send> + Send>, String> {
    if let Some(proxy) = config.proxy_url {
        // The URL may have a password.
        let host = proxy.host().unwrap_or_default();
        return Err(format!(
            "HTTPS_PROXY or proxy-url in the kubeconfig: names the proxy {host}; the operator connects to the API server without a proxy: unset it"
        ));
    }
    let failed = |error: kube::Error| chain(&error);
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    let mut connector = TimeoutConnector::new(config.rustls_https_connector_with_connector(http).map_err(failed)?);
    connector.set_connect_timeout(config.connect_timeout);
    connector.set_read_timeout(config.read_timeout);
    connector.set_write_timeout(config.write_timeout);
    let connections: Client<_, Body> = Client::builder(TokioExecutor::new()).http1_max_buf_size(BUFFER).build(connector);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.default_retry.then(|| RetryLayer::new(RetryPolicy::server_retry())))
        .option_layer(config.auth_layer().map_err(failed)?)
        .layer(config.extra_headers_layer().map_err(failed)?)
        .map_err(BoxError::from)
        .service(connections);
    Ok(ClientBuilder::new(service, config.default_namespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_told_of_without_its_password() {
        let mut config = Config::new("https://127.0.0.1:6443".parse().expect("a URL"));
        config.proxy_url = Some("http://me:secret@proxy.example.com:3128".parse().expect("a URL"));
        let message = builder(config).err().expect("an error");
        assert!(message.contains("HTTPS_PROXY") && message.contains("proxy.example.com") && !message.contains("secret"), "{message}");
    }
}
