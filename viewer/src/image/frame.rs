//! Framing: where layout units fall in the picture.

use crate::encode::Rgba8;

/// A node as it is drawn; positions and radius in pixels from the upper left corner.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Disc {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) radius: f32,
    pub(crate) color: Rgba8,
}

impl Disc {
    /// Whether the node has a finite position; others are not drawn.
    pub(crate) fn is_placed(&self) -> bool {
        self.x.is_finite() && self.y.is_finite()
    }
}

/// A rectangle in pixels: left, top, right, bottom.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rect {
    pub(crate) left: f32,
    pub(crate) top: f32,
    pub(crate) right: f32,
    pub(crate) bottom: f32,
}

impl Rect {
    pub(crate) fn width(&self) -> f32 {
        self.right - self.left
    }

    pub(crate) fn height(&self) -> f32 {
        self.bottom - self.top
    }

    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    pub(crate) fn contains(&self, x: f32, y: f32) -> bool {
        (self.left..=self.right).contains(&x) && (self.top..=self.bottom).contains(&y)
    }

    pub(crate) fn grown(&self, by: f32) -> Self {
        Self {
            left: self.left - by,
            top: self.top - by,
            right: self.right + by,
            bottom: self.bottom + by,
        }
    }

    /// Area shared with `other`.
    pub(crate) fn shared(&self, other: &Self) -> f32 {
        let width = self.right.min(other.right) - self.left.max(other.left);
        let height = self.bottom.min(other.bottom) - self.top.max(other.top);
        width.max(0.0) * height.max(0.0)
    }
}

/// An axis whose whole extent is more than this many times that of its inner 98 % has outliers.
const OUTLIER_RATIO: f64 = 1.5;

/// Share of the inner extent by which the picture reaches beyond it where there are outliers.
const REACH: f64 = 0.15;

/// With fewer nodes than this every one is shown, however far away.
const FEWEST_FOR_OUTLIERS: usize = 50;

/// The map from layout units (y up) to pixels (y down): one scale for both axes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Frame {
    scale: f64,
    center: [f64; 2],
    middle: [f64; 2],
}

impl Frame {
    /// Fits the finite positions, centered, into `room`.
    ///
    /// All are shown, unless an axis has extreme outliers: then that axis shows its inner 98 % and
    /// the nodes at most [`REACH`] times that beyond; the others are out of the picture. O(n) time.
    pub(crate) fn fit(x: &[f32], y: &[f32], room: Rect) -> Self {
        let finite = || x.iter().zip(y).filter(|(x, y)| x.is_finite() && y.is_finite());
        let [across, up] = [
            extent(finite().map(|(&x, _)| x).collect()),
            extent(finite().map(|(_, &y)| y).collect()),
        ];
        let fit = |room: f32, (low, high): (f64, f64)| f64::from(room) / (high - low);
        let scale = fit(room.width(), across).min(fit(room.height(), up));
        Self {
            // Nodes on one point have no extent: any scale puts them in the middle.
            scale: if scale.is_finite() { scale } else { 1.0 },
            center: [f64::midpoint(across.0, across.1), f64::midpoint(up.0, up.1)],
            middle: [
                f64::from(room.left + room.right) / 2.0,
                f64::from(room.top + room.bottom) / 2.0,
            ],
        }
    }

    /// Pixel position; NaN stays NaN.
    pub(crate) fn place(&self, x: f32, y: f32) -> (f32, f32) {
        let across = self.middle[0] + (f64::from(x) - self.center[0]) * self.scale;
        let down = self.middle[1] - (f64::from(y) - self.center[1]) * self.scale;
        (across as f32, down as f32)
    }
}

/// Lowest and highest value to show.
fn extent(mut values: Vec<f32>) -> (f64, f64) {
    if values.is_empty() {
        return (0.0, 0.0);
    }
    let low = f64::from(values.iter().copied().fold(f32::INFINITY, f32::min));
    let high = f64::from(values.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let n = values.len();
    if n < FEWEST_FOR_OUTLIERS {
        return (low, high);
    }
    let mut quantile =
        |index: usize| f64::from(*values.select_nth_unstable_by(index, f32::total_cmp).1);
    let (inner_low, inner_high) = (quantile(n / 100), quantile(n - 1 - n / 100));
    let inner = inner_high - inner_low;
    if inner == 0.0 || high - low <= OUTLIER_RATIO * inner {
        return (low, high);
    }
    // Up to the outermost node within reach, so that no part of the picture is kept for outliers.
    let (reach_low, reach_high) = (inner_low - REACH * inner, inner_high + REACH * inner);
    let within =
        values.iter().map(|&v| f64::from(v)).filter(|v| (reach_low..=reach_high).contains(v));
    within.fold((inner_low, inner_high), |(low, high), v| (low.min(v), high.max(v)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Rect = Rect { left: 10.0, top: 20.0, right: 110.0, bottom: 70.0 };

    #[test]
    fn the_aspect_is_kept_and_y_points_up() {
        let frame = Frame::fit(&[0.0, 2.0], &[0.0, 2.0], ROOM);
        assert_eq!(frame.place(0.0, 0.0), (35.0, 70.0));
        assert_eq!(frame.place(2.0, 2.0), (85.0, 20.0));
    }

    #[test]
    fn coincident_and_missing_nodes_are_in_the_middle() {
        for (x, y) in [(&[3.0, 3.0][..], &[4.0, 4.0][..]), (&[3.0, f32::NAN], &[4.0, 0.0])] {
            assert_eq!(Frame::fit(x, y, ROOM).place(3.0, 4.0), (60.0, 45.0));
        }
        assert_eq!(Frame::fit(&[], &[], ROOM).place(0.0, 0.0), (60.0, 45.0));
    }

    #[test]
    fn the_widest_finite_positions_fit() {
        let frame = Frame::fit(&[f32::MIN, f32::MAX], &[0.0, 0.0], ROOM);
        assert_eq!(frame.place(f32::MAX, 0.0), (110.0, 45.0));
    }

    #[test]
    fn one_far_node_does_not_shrink_the_rest() {
        let mut x: Vec<f32> = (0..1000).map(|i| i as f32).collect();
        let y = x.clone();
        x[0] = 1e9;
        let frame = Frame::fit(&x, &y, ROOM);
        let shown = frame.place(990.0, 500.0).0 - frame.place(10.0, 500.0).0;
        assert!(shown > 20.0, "{shown}");
        // A wide but plain layout is shown whole.
        let even: Vec<f32> = (0..1000).map(|i| i as f32).collect();
        assert_eq!(Frame::fit(&even, &[0.0; 1000], ROOM).place(999.0, 0.0), (110.0, 45.0));
    }
}
