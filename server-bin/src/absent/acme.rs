//! In place of certificates by ACME, in a server that was built without them.

use std::sync::Arc;

use anyhow::bail;
use rustls::ServerConfig;

use crate::config::Acme;

/// There is none.
#[derive(Debug)]
pub(crate) enum Issuer {}

impl Issuer {
    pub(crate) fn open(_: &Acme) -> anyhow::Result<Self> {
        bail!("acme_domains: this server was built without the feature `acme`")
    }

    pub(crate) fn tls(&self) -> anyhow::Result<Arc<ServerConfig>> {
        match *self {}
    }

    pub(crate) fn run(self) -> std::future::Ready<()> {
        match self {}
    }
}
