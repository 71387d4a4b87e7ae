//! Iterations until little changes: what measures by powers of a matrix share.

use crate::{Control, Result};

/// How an iteration ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ended {
    pub(crate) iterations: usize,
    /// How much the last iteration changed; infinite if there was none.
    pub(crate) change: f64,
    /// Whether that is below the tolerance.
    pub(crate) converged: bool,
}

/// Calls `step` with the number of each iteration, from 1, until the change that it returns is
/// below `tolerance`, or `max_iterations` times.
pub(crate) fn iterate(
    tolerance: f64,
    max_iterations: usize,
    control: &Control,
    mut step: impl FnMut(usize) -> Result<f64>,
) -> Result<Ended> {
    let (mut iterations, mut change) = (0, f64::INFINITY);
    while iterations < max_iterations && change >= tolerance {
        iterations += 1;
        change = step(iterations)?;
        control.step("iterations", iterations as u64, Some(max_iterations as u64))?;
    }
    Ok(Ended { iterations, change, converged: change < tolerance })
}

/// Divides by `divisor`; what is all 0, and so has none, stays so.
pub(crate) fn scale(values: &mut [f64], divisor: f64) {
    if divisor > 0.0 {
        for value in values.iter_mut() {
            *value /= divisor;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_below_the_tolerance_or_at_the_limit() {
        let halves = |max| iterate(0.2, max, &Control::NONE, |i| Ok(0.5_f64.powi(i as i32)));
        let ended = |iterations, change, converged| Ended { iterations, change, converged };
        assert_eq!(halves(9).unwrap(), ended(3, 0.125, true));
        assert_eq!(halves(2).unwrap(), ended(2, 0.25, false));
        assert_eq!(halves(0).unwrap(), ended(0, f64::INFINITY, false));
    }
}
