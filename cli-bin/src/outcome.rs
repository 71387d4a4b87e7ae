//! How a command ended, as an exit code.

use std::io::{self, ErrorKind};

use graphlume::graph::Error;

/// How a command ended without an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All was done.
    Done,
    /// All was done, and the answer is no.
    No,
    /// Interrupted; what was computed is saved if that was asked for.
    Interrupted,
}

impl Outcome {
    /// The exit code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::No | Self::Interrupted => 1,
        }
    }
}

/// Whether `error` is that nobody reads standard output any more.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = match cause.downcast_ref::<Error>() {
            Some(error) => io_error(error),
            None => cause.downcast_ref::<io::Error>(),
        };
        io.is_some_and(|io| io.kind() == ErrorKind::BrokenPipe)
    })
}

/// What the operating system said, which a transparent variant hides from the chain of causes.
fn io_error(error: &Error) -> Option<&io::Error> {
    match error {
        Error::Io(io) => Some(io),
        Error::InFile { source, .. } => io_error(source),
        _ => None,
    }
}

/// The causes of `error` from the outermost in, each once: some errors print their cause already.
pub(crate) fn message(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |text, cause| match cause.to_string() {
        cause if text.contains(&cause) => text,
        cause if text.is_empty() => cause,
        cause => format!("{text}: {cause}"),
    })
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn a_broken_pipe_is_found_behind_a_file_name() {
        let pipe = || Error::from(io::Error::from(ErrorKind::BrokenPipe));
        assert!(is_broken_pipe(&pipe().into()));
        assert!(is_broken_pipe(&pipe().in_file("-").into()));
        assert!(is_broken_pipe(&io::Error::from(ErrorKind::BrokenPipe).into()));
        assert!(!is_broken_pipe(&Error::from(io::Error::from(ErrorKind::NotFound)).into()));
    }

    #[test]
    fn each_cause_is_told_once() {
        let error = Error::from(io::Error::from(ErrorKind::NotFound)).in_file("a.csv");
        assert_eq!(message(&error.into()), "a.csv: entity not found");
        let error = Err::<(), _>(io::Error::other("inner")).context("outer").unwrap_err();
        assert_eq!(message(&error), "outer: inner");
    }
}
