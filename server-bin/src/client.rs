//! How the server asks others over HTTP: a collector of traces, an authority of certificates.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use ureq::Agent;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

/// A client that gives up after `timeout`, and takes every status for an answer.
///
/// It trusts the certificates of the file `roots`, or those that the system trusts.
///
/// # Errors
///
/// If `roots` cannot be read, or holds no certificate.
pub(crate) fn agent(roots: Option<&Path>, timeout: Duration) -> anyhow::Result<Agent> {
    let roots: Vec<Certificate<'static>> = match roots {
        Some(path) => {
            let name = || path.display().to_string();
            let text = std::fs::read(path).with_context(name)?;
            let items = parse_pem(&text).collect::<Result<Vec<_>, _>>().with_context(name)?;
            let certificates = items.into_iter().filter_map(|item| match item {
                PemItem::Certificate(certificate) => Some(certificate),
                _ => None,
            });
            let certificates: Vec<_> = certificates.collect();
            ensure!(!certificates.is_empty(), "{}: there is no certificate in it", name());
            certificates
        }
        None => {
            let known = rustls_native_certs::load_native_certs().certs;
            known.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect()
        }
    };
    let tls = TlsConfig::builder().root_certs(RootCerts::Specific(Arc::new(roots))).build();
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(timeout))
        .user_agent(concat!("graphlume/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls)
        .build();
    Ok(config.into())
}
