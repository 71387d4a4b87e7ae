//! Numbers: viridis from the smallest to the largest, linear or by quantile.

use crate::ColorScale;
use crate::encode::{Colors, Key, MISSING, viridis};

/// A value at a place of the color scale.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// Place on the scale, 0 to 1.
    pub place: f32,
    /// A node that has this value, so that the caller can print it as its column does.
    pub node: usize,
}

/// Colors numbers along [`viridis`]; a value that is not finite is missing.
///
/// [`ColorScale::Linear`] places `v` at `(v - min) / (max - min)`; [`ColorScale::Quantile`] at the
/// mean rank of the values equal to it, over `n - 1`. [`ColorScale::Auto`] takes the linear scale
/// unless that would put the median into the lowest or highest tenth. If all values are equal they
/// stand in the middle. O(n log n) time.
///
/// ```
/// use graph_viewer::ColorScale;
/// use graph_viewer::encode::{continuous, viridis};
///
/// let encoded = continuous(&[1.0, 3.0, 2.0], ColorScale::Linear);
/// assert_eq!(encoded.colors, [viridis(0.0), viridis(1.0), viridis(0.5)]);
/// ```
pub fn continuous(values: &[f64], scale: ColorScale) -> Colors {
    let mut order: Vec<usize> = (0..values.len()).filter(|&u| values[u].is_finite()).collect();
    order.sort_by(|&u, &v| values[u].total_cmp(&values[v]));
    let missing = values.len() - order.len();
    let (Some(&first), Some(&last)) = (order.first(), order.last()) else {
        let key = Some(Key::Scale { ticks: vec![], missing });
        return Colors { colors: vec![MISSING; values.len()], key };
    };
    let (low, high) = (values[first], values[last]);
    // Halved, since the span of two finite numbers may be infinite.
    let span = high / 2.0 - low / 2.0;
    let linear = |value: f64| {
        if span > 0.0 { ((value / 2.0 - low / 2.0) / span) as f32 } else { 0.5 }
    };
    let median = linear(values[order[order.len() / 2]]);
    let by_rank = match scale {
        ColorScale::Linear => false,
        ColorScale::Quantile => true,
        ColorScale::Auto => !(0.1..=0.9).contains(&median),
    };

    let mut places = vec![None; values.len()];
    let top = (order.len() - 1).max(1) as f32;
    let mut start = 0;
    for run in order.chunk_by(|&u, &v| values[u].total_cmp(&values[v]).is_eq()) {
        let rank = start as f32 + (run.len() - 1) as f32 / 2.0;
        let place = if span == 0.0 {
            0.5
        } else if by_rank {
            rank / top
        } else {
            linear(values[run[0]])
        };
        for &u in run {
            places[u] = Some(place);
        }
        start += run.len();
    }

    let ticks = if span == 0.0 {
        vec![Tick { place: 0.5, node: first }]
    } else {
        let nearest = |target: f32| {
            let place = |u: usize| places[u].unwrap_or(0.0);
            let after = order.partition_point(|&u| place(u) < target).min(order.len() - 1);
            let before = after.saturating_sub(1);
            let closer =
                (place(order[before]) - target).abs() < (place(order[after]) - target).abs();
            order[if closer { before } else { after }]
        };
        let mut ticks: Vec<Tick> = Vec::new();
        for target in [0.0, 0.25, 0.5, 0.75, 1.0] {
            let node = if target == 0.0 { first } else { nearest(target) };
            let place = places[node].unwrap_or(0.0);
            // Repeated values leave gaps; a tick too near to another would be printed over it.
            if ticks.last().is_none_or(|tick| place - tick.place > 0.12) {
                ticks.push(Tick { place, node });
            }
        }
        ticks
    };
    let colors = places.iter().map(|place| place.map_or(MISSING, viridis)).collect();
    Colors { colors, key: Some(Key::Scale { ticks, missing }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(colors: &Colors) -> Vec<f32> {
        let Some(Key::Scale { ticks, .. }) = &colors.key else { panic!("not a scale") };
        ticks.iter().map(|tick| tick.place).collect()
    }

    #[test]
    fn ties_share_the_middle_of_their_ranks() {
        let encoded = continuous(&[5.0, 1.0, 5.0, 9.0, 1.0], ColorScale::Quantile);
        let expected = [0.625, 0.125, 0.625, 1.0, 0.125].map(viridis);
        assert_eq!(encoded.colors, expected);
    }

    #[test]
    fn auto_leaves_the_linear_scale_only_if_values_crowd() {
        let even: Vec<f64> = (0..100).map(f64::from).collect();
        let crowded: Vec<f64> = even.iter().map(|v| v.powi(8)).collect();
        assert_eq!(
            continuous(&even, ColorScale::Auto).colors,
            continuous(&even, ColorScale::Linear).colors
        );
        assert_eq!(
            continuous(&crowded, ColorScale::Auto).colors,
            continuous(&even, ColorScale::Quantile).colors
        );
    }

    #[test]
    fn values_that_are_not_finite_are_missing() {
        let encoded = continuous(&[f64::NAN, 1.0, f64::INFINITY], ColorScale::Auto);
        assert_eq!(encoded.colors, [MISSING, viridis(0.5), MISSING]);
        assert!(matches!(encoded.key, Some(Key::Scale { missing: 2, .. })));
    }

    #[test]
    fn the_widest_span_does_not_overflow() {
        let encoded = continuous(&[f64::MIN, 0.0, f64::MAX], ColorScale::Linear);
        assert_eq!(encoded.colors, [0.0, 0.5, 1.0].map(viridis));
        assert_eq!(places(&encoded), [0.0, 0.5, 1.0]);
    }

    #[test]
    fn ticks_keep_their_distance() {
        let encoded = continuous(&[0.0, 0.0, 0.0, 0.0, 1.0], ColorScale::Quantile);
        assert_eq!(places(&encoded), [0.375, 1.0]);
        assert!(places(&continuous(&[], ColorScale::Auto)).is_empty());
    }
}
