//! What viewers and server say to one another in text.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use graphlume::layout::Config;

use super::inbox::Command;
use super::session::Reason;
use super::wire::LayoutState;

/// What a viewer says.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Request {
    /// A frame was applied.
    Ack {
        sequence: u32,
    },
    /// The viewer needs a key frame.
    Key,
    Play,
    Pause,
    Step {
        #[serde(default = "one")]
        n: u32,
    },
    Restart {
        #[serde(default)]
        seed: Option<u64>,
    },
    Options {
        options: Map<String, Value>,
    },
    Pin {
        nodes: Vec<u32>,
    },
    Unpin {
        nodes: Vec<u32>,
    },
    Move {
        nodes: Vec<u32>,
        x: Vec<f32>,
        y: Vec<f32>,
    },
}

fn one() -> u32 {
    1
}

impl Request {
    /// What it asks of the layout; `None` if it is about frames.
    pub(super) fn command(self) -> Option<Command> {
        Some(match self {
            Self::Ack { .. } | Self::Key => return None,
            Self::Play => Command::Play,
            Self::Pause => Command::Pause,
            Self::Step { n } => Command::Step(n),
            Self::Restart { seed } => Command::Restart { seed },
            Self::Options { options } => Command::Options(options),
            Self::Pin { nodes } => Command::Pin(nodes),
            Self::Unpin { nodes } => Command::Unpin(nodes),
            Self::Move { nodes, x, y } => Command::Move { nodes, x, y },
        })
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_viewers_say_is_understood_or_refused_by_name() {
        let parse = |text: &str| serde_json::from_str::<Request>(text);
        assert!(matches!(
            parse(r#"{"type":"ack","sequence":7}"#),
            Ok(Request::Ack { sequence: 7 })
        ));
        assert!(matches!(parse(r#"{"type":"step","more":[]}"#), Ok(Request::Step { n: 1 })));
        assert!(matches!(parse(r#"{"type":"restart"}"#), Ok(Request::Restart { seed: None })));
        for (text, word) in [
            (r#"{"type":"dance"}"#, "dance"),
            (r#"{"type":"ack"}"#, "sequence"),
            (r#"{"type":"ack","sequence":-1}"#, "-1"),
            (r#"{"type":"pin","nodes":[4294967296]}"#, "4294967296"),
            (r#"{"sequence":1}"#, "type"),
            ("[]", "type"),
            ("", "EOF"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
