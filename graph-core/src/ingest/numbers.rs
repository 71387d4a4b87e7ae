//! Numbers out of the words of a line.

use super::text::{Broken, excerpt};

/// The words of one line and their places in the input.
pub(crate) struct Words<'a> {
    line: &'a [u8],
    start: usize,
    at: usize,
}

impl<'a> Words<'a> {
    /// The words of `line`, which begins at byte `start` of the input.
    pub(crate) fn new(start: usize, line: &'a [u8]) -> Self {
        Self { line, start, at: 0 }
    }

    /// Where the line begins.
    pub(crate) fn start(&self) -> usize {
        self.start
    }

    /// The next word as a whole number.
    pub(crate) fn natural(&mut self, what: &str) -> Result<u64, Broken> {
        match self.next() {
            Some(word) => natural(word).ok_or_else(|| {
                let problem = format!("{what} is {}, not a whole number", excerpt(word));
                Broken::new(self.start, problem)
            }),
            None => Err(Broken::new(self.start, format!("{what} is missing"))),
        }
    }

    /// The next word as a number of type `T`.
    pub(crate) fn number<T: std::str::FromStr>(&mut self, what: &str) -> Result<T, Broken> {
        match self.next() {
            Some(word) => {
                let number = std::str::from_utf8(word).ok().and_then(|word| word.parse().ok());
                number.ok_or_else(|| {
                    let problem = format!("{what} is {}, not a number", excerpt(word));
                    Broken::new(self.start, problem)
                })
            }
            None => Err(Broken::new(self.start, format!("{what} is missing"))),
        }
    }

    /// The next word as a whole number, if there is one.
    pub(crate) fn next_natural(&mut self, what: &str) -> Result<Option<u64>, Broken> {
        let at = self.at;
        if self.next().is_none() {
            return Ok(None);
        }
        self.at = at;
        self.natural(what).map(Some)
    }

    /// Refuses another word.
    pub(crate) fn end(mut self) -> Result<(), Broken> {
        match self.next() {
            Some(word) => {
                let problem = format!("{} is one value too many", excerpt(word));
                Err(Broken::new(self.start, problem))
            }
            None => Ok(()),
        }
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = &self.line[self.at..];
        let skip = rest.iter().position(|byte| !byte.is_ascii_whitespace())?;
        let rest = &rest[skip..];
        let len = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
        self.at += skip + len;
        Some(&rest[..len])
    }
}

/// A whole number without a sign.
fn natural(word: &[u8]) -> Option<u64> {
    if word.is_empty() {
        return None;
    }
    word.iter().try_fold(0_u64, |value, &byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit < 10).then_some(())?;
        value.checked_mul(10)?.checked_add(digit.into())
    })
}
