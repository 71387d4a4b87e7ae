//! Comparisons of integers as ranges of them.

use super::super::query::Comparison;

/// The integers from `low` to `high`, or all but these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub low: i128,
    pub high: i128,
    /// Whether those in between are meant.
    pub inside: bool,
}

impl Range {
    /// The integers `v` of which `v * scale` compares with `to` as asked; `scale` is positive.
    pub(super) fn of(comparison: Comparison, to: i128, scale: i128) -> Self {
        // v * scale <= to where v <= floor, and v * scale >= to where v >= ceil.
        let floor = to.div_euclid(scale);
        let ceil = floor + i128::from(to.rem_euclid(scale) != 0);
        let (low, high) = match comparison {
            Comparison::Gt => (floor + 1, i128::MAX),
            Comparison::Ge => (ceil, i128::MAX),
            Comparison::Lt => (i128::MIN, ceil - 1),
            Comparison::Le => (i128::MIN, floor),
            // Where `to` is between two multiples, ceil is above floor, and nothing between.
            Comparison::Eq | Comparison::Ne => (ceil, floor),
        };
        Self { low, high, inside: comparison != Comparison::Ne }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ranges_are_comparisons(v in -50_i128..50, to in -300_i128..300, scale in 1_i128..9) {
            for comparison in [
                Comparison::Gt,
                Comparison::Lt,
                Comparison::Ge,
                Comparison::Le,
                Comparison::Eq,
                Comparison::Ne,
            ] {
                let Range { low, high, inside } = Range::of(comparison, to, scale);
                let expected = comparison.accepts((v * scale).cmp(&to));
                prop_assert_eq!((low <= v && v <= high) == inside, expected, "{:?}", comparison);
            }
        }
    }
}
