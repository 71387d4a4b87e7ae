//! What a step does: its verb, read and checked, as a function of tables.

use std::fmt;

use super::placed::OnDevice;
use super::section::{Result, Section};
use crate::Control;
use crate::table::{Spill, Table};

/// A verb with its options.
pub(super) struct Verb {
    /// Its name.
    pub(super) name: &'static str,
    /// What it does, in a few words, for plans.
    pub(super) text: String,
    /// How many tables it works on.
    pub(super) takes: Takes,
    /// How many rows come out.
    pub(super) rows: Rows,
    /// What it keeps in memory.
    pub(super) holds: Holds,
    /// Whether its columns depend on values, so that they are known only once it has run.
    pub(super) open_columns: bool,
    pub(super) apply: Apply,
    /// The same on a device, if devices have it.
    pub(super) on_device: Option<OnDevice>,
    /// The same through temporary files, if there is such a way.
    pub(super) spilling: Option<Spilling>,
}

/// A verb within a budget of memory, with the rest of the rows in temporary files.
pub(super) struct Spilling {
    fits: Fits,
    apply: ApplySpilling,
}

/// What tells of tables, by their columns, whether something can be done with them.
type Fits = Box<dyn Fn(&[Table]) -> bool + Send + Sync>;

/// What makes a table of tables, with rows in temporary files.
type ApplySpilling = Box<dyn Fn(&[Table], &Spill, &Control) -> crate::Result<Table> + Send + Sync>;

impl Spilling {
    pub(super) fn new(
        apply: impl Fn(&[Table], &Spill, &Control) -> crate::Result<Table> + Send + Sync + 'static,
    ) -> Self {
        Self { fits: Box::new(|_| true), apply: Box::new(apply) }
    }

    /// Only for tables of which `fits` is true, as their columns tell.
    pub(super) fn only_if(self, fits: impl Fn(&[Table]) -> bool + Send + Sync + 'static) -> Self {
        Self { fits: Box::new(fits), ..self }
    }

    pub(super) fn fits(&self, tables: &[Table]) -> bool {
        (self.fits)(tables)
    }

    /// Computes all rows now.
    pub(super) fn apply(
        &self,
        tables: &[Table],
        spill: &Spill,
        control: &Control,
    ) -> crate::Result<Table> {
        (self.apply)(tables, spill, control)
    }
}

/// What makes a table of tables, and says what is likely not meant so.
pub(super) type Apply =
    Box<dyn Fn(&[Table], &Control, &mut Vec<String>) -> crate::Result<Table> + Send + Sync>;

/// How many tables a verb works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    One,
    Two,
    OneOrTwo,
    Some,
}

impl Takes {
    pub(super) fn fits(self, n: usize) -> bool {
        match self {
            Self::One => n == 1,
            Self::Two => n == 2,
            Self::OneOrTwo => n == 1 || n == 2,
            Self::Some => 1 <= n,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::One => "one table",
            Self::Two => "two tables",
            Self::OneOrTwo => "one or two tables",
            Self::Some => "one table or more",
        }
    }
}

/// How many rows come out of a verb, estimated from those that go in: mostly a bound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Rows {
    /// As many as the first table has, or fewer.
    AtMostInput,
    /// That many at most.
    AtMost(u64),
    /// That part of the first table.
    Fraction(f64),
    /// That many times the first table.
    Times(u64),
    /// The sum of all tables.
    Sum,
    /// The product of all tables.
    Product,
    /// As many as the larger table has: what a join by a key comes to.
    Larger,
    /// Nothing can be said.
    Unknown,
}

impl Rows {
    pub(super) fn estimate(self, inputs: &[Option<u64>]) -> Option<u64> {
        let all = || inputs.iter().copied().collect::<Option<Vec<_>>>();
        match self {
            Self::AtMostInput => inputs.first().copied().flatten(),
            Self::AtMost(n) => {
                Some(inputs.first().copied().flatten().map_or(n, |rows| rows.min(n)))
            }
            Self::Fraction(part) => {
                inputs.first().copied().flatten().map(|rows| (rows as f64 * part).ceil() as u64)
            }
            Self::Times(n) => inputs.first().copied().flatten().map(|rows| rows.saturating_mul(n)),
            Self::Product => {
                all().map(|rows| rows.iter().fold(1, |a: u64, &b| a.saturating_mul(b)))
            }
            Self::Sum => all().map(|rows| rows.iter().sum()),
            Self::Larger => all().and_then(|rows| rows.into_iter().max()),
            Self::Unknown => None,
        }
    }
}

/// What a verb keeps in memory while it works, besides blocks of rows on their way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// Nothing.
    Nothing,
    /// What comes out.
    Output,
    /// All that comes in.
    Inputs,
    /// The second table.
    Second,
    /// All that comes in, a graph of it, and what comes out, which stays.
    Everything,
}

impl Holds {
    /// Whether the rows are computed at once, not when they are needed.
    pub(super) fn is_eager(self) -> bool {
        self == Self::Everything
    }
}

impl Verb {
    pub(super) fn new(
        name: &'static str,
        text: impl Into<String>,
        apply: impl Fn(&[Table], &Control) -> crate::Result<Table> + Send + Sync + 'static,
    ) -> Self {
        Self::warning(name, text, move |tables, control, _| apply(tables, control))
    }

    /// A verb that may find something that is likely not meant so, and puts words on it behind the others.
    pub(super) fn warning(
        name: &'static str,
        text: impl Into<String>,
        apply: impl Fn(&[Table], &Control, &mut Vec<String>) -> crate::Result<Table>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self {
            name,
            text: text.into(),
            takes: Takes::One,
            rows: Rows::AtMostInput,
            holds: Holds::Nothing,
            open_columns: false,
            apply: Box::new(apply),
            on_device: None,
            spilling: None,
        }
    }

    pub(super) fn takes(self, takes: Takes) -> Self {
        Self { takes, ..self }
    }

    pub(super) fn rows(self, rows: Rows) -> Self {
        Self { rows, ..self }
    }

    pub(super) fn holds(self, holds: Holds) -> Self {
        Self { holds, ..self }
    }

    pub(super) fn on_device(self, on_device: impl Into<Option<OnDevice>>) -> Self {
        Self { on_device: on_device.into(), ..self }
    }

    pub(super) fn spilling(self, spilling: impl Into<Option<Spilling>>) -> Self {
        Self { spilling: spilling.into(), ..self }
    }

    pub(super) fn with_open_columns(self) -> Self {
        Self { open_columns: true, ..self }
    }
}

impl fmt::Debug for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verb")
            .field("name", &self.name)
            .field("text", &self.text)
            .finish_non_exhaustive()
    }
}

/// A verb's name, and how it is read from the options of a step.
pub(super) type Reader = (&'static str, fn(&Section) -> Result<Verb>);
