//! Options of the command line whose order says what is done first.

use std::marker::PhantomData;

use anyhow::bail;
use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches};

/// Verbs of a command, and options that say more about them.
pub(crate) trait Verbs {
    /// All of them, in the order of the help.
    const KNOWN: &'static [Known];
}

/// An option of a command.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) name: &'static str,
    /// What the help calls the value. One in brackets can be left out, and stands behind `=`; an empty one is not
    /// there at all.
    pub(crate) value: &'static str,
    pub(crate) help: &'static str,
    /// The verbs that it says more about; of a verb, none.
    pub(crate) behind: &'static [&'static str],
    /// Whether it is a verb, too, where none of these is before it.
    pub(crate) alone: bool,
}

/// A verb.
pub(crate) const fn verb(name: &'static str, value: &'static str, help: &'static str) -> Known {
    Known { name, value, help, behind: &[], alone: false }
}

/// An option that says more about the verb before it, which is one of `behind`.
pub(crate) const fn more(
    name: &'static str,
    value: &'static str,
    behind: &'static [&'static str],
    help: &'static str,
) -> Known {
    Known { name, value, help, behind, alone: false }
}

/// The options of verbs `V`, in the order of the command line.
#[derive(Debug, Clone)]
pub(crate) struct Ordered<V>(Vec<Given>, PhantomData<V>);

/// An option of the command line, and its value.
#[derive(Debug, Clone)]
struct Given {
    known: &'static Known,
    value: String,
}

impl<V: Verbs> clap::Args for Ordered<V> {
    fn augment_args(command: Command) -> Command {
        V::KNOWN.iter().fold(command, |command, known| command.arg(argument(known)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<V: Verbs> FromArgMatches for Ordered<V> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut given = Vec::new();
        for known in V::KNOWN {
            let indices = matches.indices_of(known.name).into_iter().flatten();
            let values = matches.get_many::<String>(known.name).into_iter().flatten().cloned();
            given.extend(indices.zip(values.map(|value| Given { known, value })));
        }
        given.sort_by_key(|&(at, _)| at);
        Ok(Self(given.into_iter().map(|(_, given)| given).collect(), PhantomData))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn argument(known: &Known) -> Arg {
    let arg = Arg::new(known.name)
        .long(known.name)
        .help(known.help)
        .help_heading("Verbs, done in the order they are given")
        .action(ArgAction::Append)
        .allow_hyphen_values(!known.value.is_empty());
    let optional = known.value.strip_prefix('[').and_then(|value| value.strip_suffix(']'));
    match (optional, known.value) {
        (None, "") => arg.num_args(0).default_missing_value(""),
        // Without `=` it would take the next word for its value.
        (Some(value), _) => {
            arg.value_name(value).num_args(0..=1).require_equals(true).default_missing_value("")
        }
        (None, value) => arg.value_name(value),
    }
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

impl<V> Ordered<V> {
    /// The verbs, each with the options behind it that belong to it.
    pub(crate) fn steps(&self) -> anyhow::Result<Vec<Step<'_>>> {
        let mut steps: Vec<Step> = Vec::new();
        for Given { known, value } in &self.0 {
            let option = known.name;
            if known.behind.is_empty() {
                steps.push(Step { option, value, more: Vec::new() });
                continue;
            }
            match steps.last_mut().filter(|last| known.behind.contains(&last.option)) {
                Some(last) => last.more.push((option, value)),
                None if known.alone => {
                    steps.push(Step { option, value: "", more: vec![(option, value)] });
                }
                None => bail!("--{option} should come behind --{}", known.behind.join(" or --")),
            }
        }
        Ok(steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{reshape, transform};

    #[test]
    fn what_options_say_more_about_are_verbs() {
        for known in [reshape::Verbs::KNOWN, transform::Verbs::KNOWN] {
            let find = |name: &str| known.iter().find(|known| known.name == name);
            for option in known {
                for &verb in option.behind {
                    let found = find(verb).is_some_and(|verb| verb.behind.is_empty() || verb.alone);
                    assert!(found, "--{} behind --{verb}", option.name);
                }
            }
        }
    }
}
