//! Whether a layout can do what it is asked to, found out before it is asked.
//!
//! `fuzz/fuzz_targets/steering.rs` reads this file too.

use graphlume::graph::words::of_serde;
use graphlume::layout::Config;
use serde_json::{Map, Value};

use super::inbox::Command;

/// Most steps that can be asked for at once.
const MOST_STEPS: u32 = 1_000_000;

/// Farthest that a node can be put from the origin, in layout units.
pub(crate) const FARTHEST: f32 = 1e18;

/// What is wrong with what somebody asks of a layout, in words for them.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Wrong(String);

/// Whether commands can be obeyed one after the other, by a layout that has these options.
pub(crate) fn check_all(
    commands: &[Command],
    n_nodes: usize,
    mut options: Config,
) -> Result<(), Wrong> {
    commands.iter().try_for_each(|command| check(command, n_nodes, &mut options))
}

fn check(command: &Command, n_nodes: usize, options: &mut Config) -> Result<(), Wrong> {
    let known = |nodes: &[u32]| match nodes.iter().find(|&&node| node as usize >= n_nodes) {
        Some(node) => Err(Wrong(format!("there is no node {node}: the graph has {n_nodes} nodes"))),
        None => Ok(()),
    };
    match command {
        Command::Pin(nodes) | Command::Unpin(nodes) => known(nodes),
        Command::Move { nodes, x, y } => {
            known(nodes)?;
            if x.len() != nodes.len() || y.len() != nodes.len() {
                let [n, x, y] = [nodes.len(), x.len(), y.len()];
                return Err(Wrong(format!("{n} nodes cannot be moved to {x} x and {y} y")));
            }
            let is_far = |v: &f32| v.is_nan() || v.abs() > FARTHEST;
            match x.iter().chain(y).find(|v| is_far(v)) {
                Some(v) => Err(Wrong(format!("no node can be put at {v}"))),
                None => Ok(()),
            }
        }
        Command::Step(0) => Err(Wrong("0 steps are none".to_owned())),
        Command::Step(n) if *n > MOST_STEPS => {
            Err(Wrong(format!("{n} steps are more than {MOST_STEPS}")))
        }
        Command::Options(changes) => {
            *options = changed(options, changes)?;
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Options with those of `changes` set.
pub(crate) fn changed(options: &Config, changes: &Map<String, Value>) -> Result<Config, Wrong> {
    let Ok(Value::Object(mut all)) = serde_json::to_value(options) else {
        return Err(Wrong("options should be an object".to_owned()));
    };
    for (name, value) in changes {
        match all.get_mut(name) {
            Some(old) => {
                *old = value.clone();
                // One by one, so that the error names the option.
                let one = Map::from_iter([(name.clone(), value.clone())]);
                serde_json::from_value::<Config>(Value::Object(one)).map_err(|error| {
                    let reason = of_serde(&error.to_string());
                    Wrong(format!("option {name}: {reason}"))
                })?;
            }
            None => {
                let names: Vec<&str> = all.keys().map(String::as_str).collect();
                return Err(Wrong(format!(
                    "there is no option `{name}`; there are {}",
                    names.join(", ")
                )));
            }
        }
    }
    let config: Config =
        serde_json::from_value(Value::Object(all)).map_err(|error| Wrong(error.to_string()))?;
    config.validate().map_err(|error| Wrong(error.to_string()))?;
    Ok(config)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn options(changes: &Value) -> Result<Config, Wrong> {
        changed(&Config { gravity: 3.0, ..Config::default() }, changes.as_object().unwrap())
    }

    #[test]
    fn options_that_are_not_named_stay() {
        let config = options(&json!({"scaling": 5, "lin_log": true})).unwrap();
        assert_eq!((config.gravity, config.scaling, config.lin_log), (3.0, 5.0, true));
    }

    #[test]
    fn bad_options_are_refused_by_name() {
        for (changes, word) in [
            (json!({"gravitas": 1}), "gravitas"),
            (json!({"gravity": -1}), "gravity"),
            (json!({"gravity": "much"}), "much"),
            (json!({"repulsion": "magic"}), "magic"),
            (json!({"lin_log": null}), "null"),
        ] {
            let error = options(&changes).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn commands_that_cannot_be_obeyed_are_refused() {
        let check = |command| check(&command, 3, &mut Config::default());
        let moved = |nodes: &[u32], x: &[f32], y: &[f32]| Command::Move {
            nodes: nodes.to_vec(),
            x: x.to_vec(),
            y: y.to_vec(),
        };
        check(Command::Pin(vec![0, 2])).unwrap();
        check(moved(&[2], &[1.0], &[-1e18])).unwrap();
        for command in [
            Command::Pin(vec![0, 3]),
            Command::Unpin(vec![u32::MAX]),
            moved(&[3], &[0.0], &[0.0]),
            moved(&[1], &[0.0, 1.0], &[0.0]),
            moved(&[1], &[0.0], &[f32::INFINITY]),
            moved(&[1], &[f32::NAN], &[0.0]),
            Command::Step(0),
            Command::Step(u32::MAX),
        ] {
            assert!(check(command).is_err());
        }
    }
}
