//! Signs: what a line alone does not show, where an edge points and that it ends where it began.

use std::collections::HashMap;
use std::f32::consts::{FRAC_PI_4, TAU};

use graph_core::{Graph, NodeId};
use tiny_skia::{Path, PathBuilder};

use crate::Arrows;
use crate::encode::Rgba8;
use crate::image::density::Looks;
use crate::image::frame::{Disc, Rect};
use crate::image::raster::ring_width;

/// With more edges than this, heads lie on one another rather than show where edges point.
const MOST_DIRECTED: usize = 1500;

/// With more loops than this, none is drawn.
const MOST_LOOPS: usize = 20_000;

/// Radius below which a node is too small for a loop, in pixels.
const LEAST_LOOPED: f32 = 2.5;

/// Length below which a head cannot be told from its line, in pixels.
const LEAST_HEAD: f32 = 4.0;

/// Layers of edges that a head is as opaque as: it lies on the line whose end it is.
const HEAD_LAYERS: f32 = 3.0;

/// The head of an arrow, or a loop; between edges and nodes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sign {
    pub(crate) path: Path,
    /// Width of the line along the path; `None` fills it.
    pub(crate) line: Option<f32>,
    /// Color of the edge there.
    pub(crate) color: Rgba8,
    /// Layers of edges that it is as opaque as.
    pub(crate) layers: f32,
}

impl Sign {
    /// The box that it fills.
    pub(crate) fn bounds(&self) -> Rect {
        let bounds = self.path.bounds();
        let [left, top] = [bounds.left(), bounds.top()];
        Rect { left, top, right: bounds.right(), bottom: bounds.bottom() }
            .grown(self.line.unwrap_or(0.0) / 2.0)
    }
}

/// What signs are made of.
pub(crate) struct Signs<'a> {
    pub(crate) discs: &'a [Disc],
    pub(crate) looks: &'a Looks,
    /// Width of an edge in pixels.
    pub(crate) line: f32,
    /// A length of the default picture, in pixels of this.
    pub(crate) unit: f32,
}

impl Signs<'_> {
    /// All signs of the edges that are in `picture`, in drawing order: loops, then heads.
    pub(crate) fn all(&self, graph: &Graph, which: Arrows, picture: Rect) -> Vec<Sign> {
        let (sources, targets) = (graph.coo().sources(), graph.coo().targets());
        let mut signs = self.loops(sources, targets);
        signs.extend(self.heads(sources, targets, graph.is_directed(), which));
        signs.retain(|sign| sign.bounds().overlaps(&picture));
        signs
    }

    /// Heads of the edges `sources[e]`–`targets[e]`, at their targets, where these are directed and lines long
    /// enough; `which` says at how many edges that is. O(m) time.
    fn heads(
        &self,
        sources: &[NodeId],
        targets: &[NodeId],
        is_directed: bool,
        which: Arrows,
    ) -> Vec<Sign> {
        let most = match which {
            Arrows::None => 0,
            Arrows::Auto => MOST_DIRECTED,
            Arrows::All => usize::MAX,
        };
        if !is_directed || self.line == 0.0 || sources.len() > most {
            return Vec::new();
        }
        let ends = sources.iter().zip(targets).enumerate();
        ends.filter_map(|(edge, (&u, &v))| self.head(edge, u, v)).collect()
    }

    fn head(&self, edge: usize, u: NodeId, v: NodeId) -> Option<Sign> {
        let [from, to] = [u, v].map(|u| self.discs[u as usize]);
        let (dx, dy) = (to.x - from.x, to.y - from.y);
        let distance = dx.hypot(dy);
        if !distance.is_finite() || distance == 0.0 {
            return None;
        }
        let rim = |disc: Disc| disc.radius + ring_width(disc.radius);
        // More than a third of what is seen of a line is not its end.
        let longest = (distance - rim(from) - rim(to)) / 2.0;
        let line = self.line * self.looks.width(edge);
        // No larger than its line needs, nor much larger than the node it is at.
        let wanted = (4.0 * (self.unit + line)).min(4.0 * self.unit + 1.2 * to.radius);
        let length = wanted.min(24.0 * self.unit).max(2.0 * line).min(longest);
        if length < LEAST_HEAD || line == 0.0 {
            return None;
        }
        let half = (0.4 * length).max(0.9 * line);
        let (right, down) = (dx / distance, dy / distance);
        let tip = [to.x - rim(to) * right, to.y - rim(to) * down];
        let back = [tip[0] - length * right, tip[1] - length * down];
        let mut path = PathBuilder::new();
        path.move_to(tip[0], tip[1]);
        path.line_to(back[0] - half * down, back[1] + half * right);
        path.line_to(back[0] + half * down, back[1] - half * right);
        path.close();
        let color = self.looks.colors(edge).map_or(to.color, |[_, color]| color);
        let layers = HEAD_LAYERS * self.looks.opacity(edge);
        Some(Sign { path: path.finish()?, line: None, color, layers })
    }

    /// Circles for edges from a node to itself, where nodes are large enough and loops not too many: in the
    /// widest gap between the other edges of the node. Loops of one node lie on one another. O(m) time.
    fn loops(&self, sources: &[NodeId], targets: &[NodeId]) -> Vec<Sign> {
        let ends = || sources.iter().zip(targets);
        let n_loops = ends().filter(|(u, v)| u == v).count();
        if n_loops == 0 || n_loops > MOST_LOOPS || self.line == 0.0 {
            return Vec::new();
        }
        let disc = |u: NodeId| self.discs[u as usize];
        let is_seen = |u: NodeId| disc(u).is_placed() && disc(u).radius >= LEAST_LOOPED;
        let mut angles: HashMap<NodeId, Vec<f32>> =
            ends().filter(|(u, v)| u == v && is_seen(**u)).map(|(&u, _)| (u, Vec::new())).collect();
        for (&u, &v) in ends().filter(|(u, v)| u != v) {
            for (at, other) in [(u, v), (v, u)] {
                if let Some(angles) = angles.get_mut(&at)
                    && disc(other).is_placed()
                {
                    let (dx, dy) = (disc(other).x - disc(at).x, disc(other).y - disc(at).y);
                    angles.push(dy.atan2(dx));
                }
            }
        }
        let free: HashMap<NodeId, f32> =
            angles.into_iter().map(|(u, angles)| (u, widest_gap(angles))).collect();
        let sign = |(edge, (&u, &v)): (usize, (&NodeId, &NodeId))| {
            let (angle, Disc { x, y, radius, color }) = (*free.get(&u)?, disc(u));
            let line = self.line * self.looks.width(edge);
            if u != v || line == 0.0 {
                return None;
            }
            let around = (0.75 * radius).max(2.0 * line).max(2.5 * self.unit);
            let (sin, cos) = angle.sin_cos();
            let away = radius + 0.5 * around;
            let path = PathBuilder::from_circle(x + away * cos, y + away * sin, around)?;
            let color = self.looks.colors(edge).map_or(color, |[color, _]| color);
            Some(Sign { path, line: Some(line), color, layers: self.looks.opacity(edge) })
        };
        ends().enumerate().filter_map(sign).collect()
    }
}

/// The middle of the widest gap between angles, in radians; to the upper right if there are none.
fn widest_gap(mut angles: Vec<f32>) -> f32 {
    angles.sort_by(f32::total_cmp);
    let Some(&first) = angles.first() else { return -FRAC_PI_4 };
    let next = angles[1..].iter().copied().chain([first + TAU]);
    let gaps = angles.iter().zip(next).map(|(&from, to)| (to - from, f32::midpoint(from, to)));
    // The first of equals: `max_by` would take the last.
    gaps.fold((0.0, 0.0), |best, gap| if gap.0 > best.0 { gap } else { best }).1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn discs() -> Vec<Disc> {
        let at = |x, y, radius| Disc { x, y, radius, color: [1, 2, 3, 255] };
        vec![at(0.0, 0.0, 10.0), at(100.0, 0.0, 20.0), at(0.0, 25.0, 10.0), at(f32::NAN, 0.0, 9.0)]
    }

    fn heads(ends: &[(u32, u32)], is_directed: bool, which: Arrows) -> Vec<Sign> {
        let (sources, targets): (Vec<_>, Vec<_>) = ends.iter().copied().unzip();
        let (discs, looks) = (discs(), Looks::default());
        let signs = Signs { discs: &discs, looks: &looks, line: 2.0, unit: 1.0 };
        signs.heads(&sources, &targets, is_directed, which)
    }

    #[test]
    fn heads_touch_the_rim_of_their_target_and_point_at_it() {
        let found = heads(&[(0, 1)], true, Arrows::Auto);
        let bounds = found[0].bounds();
        let rim = 100.0 - 20.0 - ring_width(20.0);
        assert!((bounds.right - rim).abs() < 1e-3, "{bounds:?}");
        assert!((bounds.width() - 12.0).abs() < 1e-3, "{bounds:?}");
        assert!((bounds.top + bounds.bottom).abs() < 1e-3, "{bounds:?}");
    }

    #[test]
    fn lines_too_short_loops_and_edges_without_direction_have_no_heads() {
        // Nodes 0 and 2 all but touch, node 3 is nowhere.
        let ends = [(0, 1), (0, 2), (1, 1), (0, 3)];
        assert_eq!(heads(&ends, true, Arrows::Auto).len(), 1);
        assert!(heads(&ends, false, Arrows::All).is_empty());
        assert!(heads(&ends, true, Arrows::None).is_empty());
        let many = [(0, 1); MOST_DIRECTED + 1];
        assert!(heads(&many, true, Arrows::Auto).is_empty());
        assert_eq!(heads(&many, true, Arrows::All).len(), many.len());
    }

    #[test]
    fn loops_are_where_no_edge_is() {
        let (discs, looks) = (discs(), Looks::default());
        let signs = Signs { discs: &discs, looks: &looks, line: 2.0, unit: 1.0 };
        // Node 0 has edges to the right and down: its loop is to the upper left.
        let found = signs.loops(&[0, 0, 0, 3], &[0, 1, 2, 3]);
        assert_eq!(found.len(), 1);
        let bounds = found[0].bounds();
        let middle =
            [f32::midpoint(bounds.left, bounds.right), f32::midpoint(bounds.top, bounds.bottom)];
        assert!(middle[0] < -9.0 && (middle[0] - middle[1]).abs() < 1e-3, "{bounds:?}");
        assert!(bounds.right > -10.0, "it touches its node: {bounds:?}");
    }

    #[test]
    fn the_widest_gap_goes_around_the_circle() {
        assert!((widest_gap(vec![3.0, -3.0, 0.5]) - -1.25).abs() < 1e-6);
        assert!((widest_gap(vec![-1.0, 1.0]) - std::f32::consts::PI).abs() < 1e-6);
        assert!((widest_gap(vec![]) - -FRAC_PI_4).abs() < 1e-6);
    }
}
