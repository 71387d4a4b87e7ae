//! Options of the command line whose order says what is done first.

use anyhow::bail;
use clap::{Arg, ArgAction, ArgMatches, Command};

/// An option of the command line, and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) option: &'static str,
    pub(crate) value: String,
}

/// Name, value and help of an option. A value in brackets can be left out, and stands behind `=`; an
/// empty one is not there at all.
pub(crate) type Known = (&'static str, &'static str, &'static str);

/// Options that say more about the verbs before them, which are named too.
pub(crate) type Belongs = (&'static str, &'static [&'static str]);

/// Adds the options to a command.
pub(crate) fn augment(command: Command, options: &[Known]) -> Command {
    options.iter().fold(command, |command, &(name, value, help)| {
        let arg = Arg::new(name)
            .long(name)
            .help(help)
            .help_heading("Verbs, done in the order they are given")
            .action(ArgAction::Append)
            .allow_hyphen_values(!value.is_empty());
        let optional = value.strip_prefix('[').and_then(|value| value.strip_suffix(']'));
        command.arg(match (optional, value) {
            (None, "") => arg.num_args(0).default_missing_value(""),
            // Without `=` it would take the next word for its value.
            (Some(value), _) => {
                arg.value_name(value).num_args(0..=1).require_equals(true).default_missing_value("")
            }
            (None, value) => arg.value_name(value),
        })
    })
}

/// The options in the order of the command line.
pub(crate) fn given(matches: &ArgMatches, options: &[Known]) -> Vec<Given> {
    let mut given = Vec::new();
    for &(option, ..) in options {
        let indices = matches.indices_of(option).into_iter().flatten();
        let values = matches.get_many::<String>(option).into_iter().flatten();
        given.extend(indices.zip(values.cloned()).map(|(at, value)| (at, option, value)));
    }
    given.sort();
    given.into_iter().map(|(_, option, value)| Given { option, value }).collect()
}

/// A verb with the options that belong to it.
pub(crate) struct Step<'a> {
    pub(crate) option: &'static str,
    pub(crate) value: &'a str,
    pub(crate) more: Vec<(&'static str, &'a str)>,
}

impl<'a> Step<'a> {
    pub(crate) fn find(&self, option: &str) -> Option<&'a str> {
        self.more.iter().rev().find(|(name, _)| *name == option).map(|(_, value)| *value)
    }

    pub(crate) fn all(&self, option: &str) -> Vec<String> {
        let values = self.more.iter().filter(|(name, _)| *name == option);
        values.map(|(_, value)| (*value).to_owned()).collect()
    }
}

/// The verbs, each with the options behind it that belong to it; a verb of `alone` may do without the one
/// that it belongs to.
pub(crate) fn grouped<'a>(
    given: &'a [Given],
    belongs: &[Belongs],
    alone: &[&str],
) -> anyhow::Result<Vec<Step<'a>>> {
    let mut steps: Vec<Step> = Vec::new();
    for Given { option, value } in given {
        let Some((_, verbs)) = belongs.iter().find(|(name, _)| name == option) else {
            steps.push(Step { option, value, more: Vec::new() });
            continue;
        };
        match steps.last_mut().filter(|last| verbs.contains(&last.option)) {
            Some(last) => last.more.push((option, value)),
            None if alone.contains(option) => {
                steps.push(Step { option, value: "", more: vec![(option, value)] });
            }
            None => bail!("--{option} should come behind --{}", verbs.join(" or --")),
        }
    }
    Ok(steps)
}
