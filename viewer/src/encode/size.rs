//! Sizes: a number per node becomes its relative area.

/// How the area of a node follows from its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sizes {
    /// Area proportional to `value + 1`: a count such as the degree, where 0 is still a node.
    Count,
    /// Area proportional to `value - min(0, smallest value)`, never below a hundredth of the
    /// largest: any measure.
    Measure,
}

/// Relative areas of the nodes, shape `[n]`, the largest 1; a value that is not finite counts as
/// the smallest.
///
/// A radius is proportional to the square root of the area. O(n) time.
///
/// ```
/// use graph_viewer::encode::{Sizes, sizes};
///
/// assert_eq!(sizes(&[0.0, 3.0], Sizes::Count), [0.25, 1.0]);
/// ```
pub fn sizes(values: &[f64], law: Sizes) -> Vec<f32> {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let low = finite().fold(f64::INFINITY, f64::min);
    let high = finite().fold(f64::NEG_INFINITY, f64::max);
    if low > high {
        return vec![1.0; values.len()];
    }
    let (shift, floor) = match law {
        Sizes::Count => (1.0 - low.min(0.0), 0.0),
        Sizes::Measure => (-low.min(0.0), 0.01),
    };
    // Halved, since the span of two finite numbers may be infinite.
    let top = high / 2.0 + shift / 2.0;
    values
        .iter()
        .map(|&value| {
            let value = if value.is_finite() { value } else { low };
            let share = if top > 0.0 { (value / 2.0 + shift / 2.0) / top } else { 1.0 };
            share.max(floor) as f32
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negative_measures_are_shifted_up() {
        assert_eq!(sizes(&[-2.0, 0.0, 2.0], Sizes::Measure), [0.01, 0.5, 1.0]);
    }

    #[test]
    fn equal_values_are_all_largest() {
        assert_eq!(sizes(&[0.0, 0.0], Sizes::Measure), [1.0, 1.0]);
        assert_eq!(sizes(&[7.0, 7.0], Sizes::Count), [1.0, 1.0]);
    }

    #[test]
    fn values_that_are_not_finite_count_as_the_smallest() {
        assert_eq!(sizes(&[f64::NAN, 1.0, 4.0], Sizes::Measure), [0.25, 0.25, 1.0]);
        assert_eq!(sizes(&[f64::NAN], Sizes::Measure), [1.0]);
        assert_eq!(sizes(&[f64::MIN, f64::MAX], Sizes::Measure), [0.01, 1.0]);
    }
}
