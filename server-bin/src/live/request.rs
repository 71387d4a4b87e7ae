//! What viewers say to the server, in text.
//!
//! `fuzz/fuzz_targets/steering.rs` reads this file too.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::inbox::Command;

/// What a viewer says.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Request {
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
    pub(crate) fn command(self) -> Option<Command> {
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

#[cfg(test)]
mod tests {
    use super::super::check::check_all;
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
    #[test]
    fn the_seeds_of_fuzzing_are_obeyed() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/seeds/steering");
        let mut n = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            for line in std::fs::read_to_string(file.unwrap().path()).unwrap().lines() {
                let request: Request = serde_json::from_str(line).unwrap();
                let commands: Vec<Command> = request.command().into_iter().collect();
                check_all(&commands, 12, graphlume::layout::Config::default()).unwrap();
                n += 1;
            }
        }
        assert!(n >= 10, "{n}");
    }
}
