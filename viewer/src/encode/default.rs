//! The color of nodes when no column is asked for: where they lie.

use crate::encode::{Oklab, Rgba8, from_oklab};

/// Colors nodes by place: hue is the direction from the center of mass, chroma the distance from
/// it; shape `[n, 4]`.
///
/// Layouts put what belongs together in one place, so neighbors look alike and a long edge shows
/// where it comes from. Lightness is even, so no direction shouts. Distance counts by rank, so that
/// far-off nodes do not wash out the rest. Nodes whose position is not finite are gray.
/// O(n log n) time.
///
/// ```
/// use graph_viewer::encode::by_position;
///
/// let colors = by_position(&[1.0, 1.0, -1.0], &[0.0, 0.0, 0.0]);
/// assert!(colors[0] != colors[2]);
/// ```
pub fn by_position(x: &[f32], y: &[f32]) -> Vec<Rgba8> {
    let finite = |u: usize| x[u].is_finite() && y[u].is_finite();
    let mut order: Vec<usize> = (0..x.len().min(y.len())).filter(|&u| finite(u)).collect();
    let count = order.len().max(1) as f64;
    let mean = |c: &[f32]| order.iter().map(|&u| f64::from(c[u])).sum::<f64>() / count;
    let (cx, cy) = (mean(x), mean(y));
    let offset = |u: usize| (f64::from(x[u]) - cx, f64::from(y[u]) - cy);
    let square = |u: usize| {
        let (dx, dy) = offset(u);
        dx * dx + dy * dy
    };
    order.sort_by(|&u, &v| square(u).total_cmp(&square(v)));
    let mut colors = vec![from_oklab([LIGHTNESS, 0.0, 0.0]); x.len()];
    for (rank, &u) in order.iter().enumerate() {
        let (dx, dy) = offset(u);
        // A hue for the center too, but a paler one: pure gray would look like a missing value.
        let chroma = CHROMA * (0.45 + 0.55 * (rank as f32 / count as f32).sqrt());
        colors[u] = from_oklab(hue(dy.atan2(dx) as f32 + START, chroma));
    }
    colors
}

/// Lightness of every node.
const LIGHTNESS: f32 = 0.74;

/// Largest chroma; about as much as sRGB holds at this lightness in every hue.
const CHROMA: f32 = 0.165;

/// Angle of the hue that lies to the right, in radians.
const START: f32 = 0.9;

fn hue(angle: f32, chroma: f32) -> Oklab {
    [LIGHTNESS, chroma * angle.cos(), chroma * angle.sin()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::to_oklab;

    #[test]
    fn opposite_sides_differ_and_neighbors_do_not() {
        let colors = by_position(&[1.0, 1.0, -1.0, -1.0], &[0.0, 0.01, 0.0, 0.01]);
        let angle = |color| {
            let [_, a, b] = to_oklab(color);
            b.atan2(a)
        };
        let apart = |u: usize, v: usize| {
            let turn = (angle(colors[u]) - angle(colors[v])).abs();
            turn.min(std::f32::consts::TAU - turn)
        };
        assert!(apart(0, 1) < 0.1 && apart(2, 3) < 0.1, "{colors:?}");
        assert!(apart(0, 2) > 2.8 && apart(1, 3) > 2.8, "{colors:?}");
    }

    #[test]
    fn a_position_that_is_not_finite_is_gray() {
        let [r, g, b, _] = by_position(&[f32::NAN, 0.0], &[0.0, 0.0])[0];
        assert!(r.abs_diff(g) < 2 && g.abs_diff(b) < 2);
    }
}
