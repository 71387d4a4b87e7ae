//! What the server says to viewers in text.

use graphlume::layout::Config;
use serde::Serialize;

use super::session::Reason;
use super::wire::LayoutState;

/// What the server says.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Message<'a> {
    Hello {
        version: u32,
        session: &'a str,
        n_nodes: usize,
        state: LayoutState,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<Reason>,
        iteration: u32,
        options: &'a Config,
        pinned: &'a [u32],
        device: &'a str,
        may_steer: bool,
    },
    State {
        state: LayoutState,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<Reason>,
        iteration: u32,
    },
    Options {
        options: &'a Config,
    },
    Pinned {
        nodes: &'a [u32],
    },
    Error {
        message: &'a str,
    },
}

impl Message<'_> {
    /// As JSON. Numbers, words and text always have one.
    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
