//! What a caller, an option or a set of positions can do wrong.

use std::ops::RangeInclusive;

/// Result of this crate's fallible functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Farthest that a node may be from the origin on either axis: squares of distances still fit `f32`.
pub(crate) const FARTHEST: f32 = 1e18;

/// A situation that a caller can tell apart and act on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A column does not have one entry per node (or edge).
    #[error("column {column} has {found} entries, but {expected} were expected")]
    LengthMismatch {
        /// Name of the column.
        column: &'static str,
        /// Its length.
        found: usize,
        /// The length that the graph asks for.
        expected: usize,
    },
    /// A device failed, or has not enough memory.
    #[error(transparent)]
    Device(#[from] graph_kernels::Error),
    /// The processor is among several devices that should share a graph.
    #[error("a graph can be shared by devices, but not with the CPU: {devices}")]
    SharedWithCpu {
        /// All of them.
        devices: Box<str>,
    },
    /// A graph is too large for a device.
    #[error("the graph has {n_ends} edge ends, but at most {limit} fit on a device")]
    TooManyEnds {
        /// Twice the number of edges, without self-loops.
        n_ends: usize,
        /// The most that a device can count.
        limit: usize,
    },
    /// A position that cannot be drawn, measured or moved.
    #[error(
        "node {node} lies at ({x}, {y}), but positions must be finite and within ±{FARTHEST:e}"
    )]
    BadPosition {
        /// The node, from 0.
        node: usize,
        /// Its x.
        x: f32,
        /// Its y.
        y: f32,
    },
    /// A value of a node column is outside its range.
    #[error("node {node} has {column} {value}, but it must be {allowed}")]
    BadValue {
        /// Name of the column.
        column: &'static str,
        /// The node, from 0.
        node: usize,
        /// The value given.
        value: f64,
        /// The allowed range, as the end of a sentence: `finite and above 0`.
        allowed: &'static str,
    },
    /// An option is outside its range.
    #[error("{option} is {value}, but it must be {allowed}")]
    BadOption {
        /// Name of the option.
        option: &'static str,
        /// The value given.
        value: f64,
        /// The allowed range, as the end of a sentence: `above 0`.
        allowed: String,
    },
}

/// Checks that `x` and `y` hold one usable position for each of `n` nodes.
pub(crate) fn check_positions(n: usize, x: &[f32], y: &[f32]) -> Result<()> {
    for (column, found) in [("x", x.len()), ("y", y.len())] {
        if found != n {
            return Err(Error::LengthMismatch { column, found, expected: n });
        }
    }
    // A NaN is not within the bound either.
    let usable = |value: f32| value.abs() <= FARTHEST;
    match x.iter().zip(y).position(|(&x, &y)| !(usable(x) && usable(y))) {
        Some(node) => Err(Error::BadPosition { node, x: x[node], y: y[node] }),
        None => Ok(()),
    }
}

/// Checks that `value` is a number in `range`.
pub(crate) fn check_range(
    option: &'static str,
    value: f32,
    range: RangeInclusive<f32>,
) -> Result<()> {
    if range.contains(&value) {
        return Ok(());
    }
    let allowed = format!("between {} and {}", range.start(), range.end());
    Err(Error::BadOption { option, value: value.into(), allowed })
}
