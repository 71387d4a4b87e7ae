//! Layouts that move while others watch.

use crate::config::Config;

/// The layouts of a server.
#[derive(Debug)]
pub(crate) struct Layouts {}

impl Layouts {
    pub(crate) fn new(_config: &Config) -> Self {
        Self {}
    }
}
