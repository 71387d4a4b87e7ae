//! Numbers: places between the smallest and the largest, and bounds of classes of them.

use crate::encode::Law;

/// Places of numbers on a scale.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Places {
    /// Place of each number, 0 to 1; `None` for what is not finite.
    pub(crate) of: Vec<Option<f32>>,
    /// Places, and a row with the value there, ascending: some for a key, not too near.
    pub(crate) ticks: Vec<(f32, usize)>,
    /// How many numbers are not finite.
    pub(crate) missing: usize,
}

/// Places of `values` by `law`.
///
/// [`Law::Linear`] places `v` at `(v - min) / (max - min)`; [`Law::Log`] the same of logarithms,
/// from the smallest positive value, with all others at 0; [`Law::Quantile`] at the mean rank of
/// the values equal to it, over `n - 1`. [`Law::Auto`] is linear unless that would put the median
/// into the lowest or highest tenth. If all values are equal they stand in the middle.
/// O(n log n) time.
pub(crate) fn places(values: &[f64], law: Law) -> Places {
    let order = ascending(values);
    let missing = values.len() - order.len();
    let mut places = vec![None; values.len()];
    let (Some(&first), Some(&last)) = (order.first(), order.last()) else {
        return Places { of: places, ticks: vec![], missing };
    };
    let (low, high) = (values[first], values[last]);
    // Halved, since the span of two finite numbers may be infinite.
    let span = high / 2.0 - low / 2.0;
    let linear = |value: f64| ((value / 2.0 - low / 2.0) / span) as f32;
    let law = settle(law, || linear(values[order[order.len() / 2]]));
    let least = order.iter().map(|&u| values[u]).find(|&value| value > 0.0);
    let log = |value: f64| match least {
        Some(least) if value > 0.0 && high > least => {
            ((value.ln() - least.ln()) / (high.ln() - least.ln())) as f32
        }
        Some(_) if value > 0.0 => 1.0,
        _ => 0.0,
    };
    let top = (order.len() - 1).max(1) as f32;
    let mut start = 0;
    for run in order.chunk_by(|&u, &v| values[u].total_cmp(&values[v]).is_eq()) {
        let rank = start as f32 + (run.len() - 1) as f32 / 2.0;
        let place = match law {
            _ if span == 0.0 => 0.5,
            Law::Quantile => rank / top,
            Law::Log => log(values[run[0]]),
            Law::Linear | Law::Auto => linear(values[run[0]]),
        };
        for &u in run {
            places[u] = Some(place);
        }
        start += run.len();
    }
    let ticks = ticks(&order, &places);
    Places { of: places, ticks, missing }
}

/// Upper bounds of all but the last of `count` classes of `values` by `law`, and which class each
/// bounds: ascending, without classes that would be empty for want of different values.
///
/// Classes are equal in width, in ratio from the smallest positive value, or in number of values.
pub(crate) fn bounds(values: &[f64], law: Law, count: usize) -> Vec<(usize, f64)> {
    let order = ascending(values);
    let (Some(&first), Some(&last)) = (order.first(), order.last()) else { return vec![] };
    let (low, high) = (values[first], values[last]);
    let span = high / 2.0 - low / 2.0;
    let middle = || ((values[order[order.len() / 2]] / 2.0 - low / 2.0) / span) as f32;
    let law = settle(law, middle);
    let least = order.iter().map(|&u| values[u]).find(|&value| value > 0.0);
    let mut found: Vec<(usize, f64)> = Vec::new();
    for class in 1..count {
        let part = class as f64 / count as f64;
        let bound = match (law, least) {
            (Law::Quantile, _) => values[order[class * order.len() / count]],
            (Law::Log, Some(least)) => least * (high / least).powf(part),
            _ => low + 2.0 * span * part,
        };
        let lowest = found.last().map_or(low, |&(_, before)| before);
        // Nothing is below a bound that is not above the one before it.
        if bound > lowest && bound <= high {
            found.push((class - 1, bound));
        }
    }
    found
}

/// Rows of finite values, ascending; equal ones in order of rows.
fn ascending(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).filter(|&u| values[u].is_finite()).collect();
    order.sort_by(|&u, &v| values[u].total_cmp(&values[v]));
    order
}

/// What [`Law::Auto`] is for values whose median is at `median` of a linear scale.
fn settle(law: Law, median: impl FnOnce() -> f32) -> Law {
    match law {
        Law::Auto if (0.1..=0.9).contains(&median()) => Law::Linear,
        Law::Auto => Law::Quantile,
        law => law,
    }
}

/// Rows near the quarters of the scale.
fn ticks(order: &[usize], places: &[Option<f32>]) -> Vec<(f32, usize)> {
    let place = |u: usize| places[u].unwrap_or(0.0);
    let (first, last) = (order[0], order[order.len() - 1]);
    if place(first) >= place(last) {
        return vec![(place(first), first)];
    }
    let nearest = |target: f32| {
        let after = order.partition_point(|&u| place(u) < target).min(order.len() - 1);
        let before = after.saturating_sub(1);
        let closer = (place(order[before]) - target).abs() < (place(order[after]) - target).abs();
        order[if closer { before } else { after }]
    };
    let mut ticks: Vec<(f32, usize)> = Vec::new();
    for target in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let row = if target == 0.0 { first } else { nearest(target) };
        // Repeated values leave gaps; a tick too near to another would be printed over it.
        if ticks.last().is_none_or(|&(before, _)| place(row) - before > 0.12) {
            ticks.push((place(row), row));
        }
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(values: &[f64], law: Law) -> Vec<f32> {
        places(values, law).of.into_iter().map(|place| place.unwrap_or(-1.0)).collect()
    }

    #[test]
    fn ties_share_the_middle_of_their_ranks() {
        let found = at(&[5.0, 1.0, 5.0, 9.0, 1.0], Law::Quantile);
        assert_eq!(found, [0.625, 0.125, 0.625, 1.0, 0.125]);
    }

    #[test]
    fn auto_leaves_the_linear_scale_only_if_values_crowd() {
        let even: Vec<f64> = (0..100).map(f64::from).collect();
        let crowded: Vec<f64> = even.iter().map(|v| v.powi(8)).collect();
        assert_eq!(at(&even, Law::Auto), at(&even, Law::Linear));
        assert_eq!(at(&crowded, Law::Auto), at(&even, Law::Quantile));
    }

    #[test]
    fn logarithms_begin_at_the_smallest_positive_value() {
        assert_eq!(at(&[-5.0, 0.0, 1.0, 10.0, 100.0], Law::Log), [0.0, 0.0, 0.0, 0.5, 1.0]);
        assert_eq!(at(&[0.0, 7.0], Law::Log), [0.0, 1.0]);
        assert_eq!(at(&[-2.0, -1.0], Law::Log), [0.0, 0.0]);
    }

    #[test]
    fn values_that_are_not_finite_are_missing() {
        let found = places(&[f64::NAN, 1.0, f64::INFINITY], Law::Auto);
        assert_eq!((found.of, found.missing), (vec![None, Some(0.5), None], 2));
    }

    #[test]
    fn the_widest_span_does_not_overflow() {
        let found = places(&[f64::MIN, 0.0, f64::MAX], Law::Linear);
        assert_eq!(found.of, [Some(0.0), Some(0.5), Some(1.0)]);
        assert_eq!(found.ticks, [(0.0, 0), (0.5, 1), (1.0, 2)]);
    }

    #[test]
    fn ticks_keep_their_distance() {
        let ticks = places(&[0.0, 0.0, 0.0, 0.0, 1.0], Law::Quantile).ticks;
        assert_eq!(ticks.iter().map(|&(place, _)| place).collect::<Vec<_>>(), [0.375, 1.0]);
        assert!(places(&[], Law::Auto).ticks.is_empty());
    }

    #[test]
    fn bounds_part_values_by_width_ratio_or_number() {
        let values = [0.0, 1.0, 2.0, 4.0, 100.0];
        assert_eq!(bounds(&values, Law::Linear, 4), [(0, 25.0), (1, 50.0), (2, 75.0)]);
        assert_eq!(bounds(&[1.0, 10.0, 100.0], Law::Log, 2), [(0, 10.0)]);
        assert_eq!(bounds(&values, Law::Quantile, 5), [(0, 1.0), (1, 2.0), (2, 4.0), (3, 100.0)]);
        assert_eq!(bounds(&[3.0; 9], Law::Quantile, 4), []);
        assert_eq!(bounds(&[], Law::Linear, 4), []);
        // Ties leave a class out, and the others keep their colors.
        assert_eq!(bounds(&[1.0, 1.0, 1.0, 2.0], Law::Quantile, 4), [(2, 2.0)]);
    }
}
