//! Packing: whole components move side by side, and nothing inside one changes.
//!
//! A force layout says nothing about where unconnected pieces lie relative to one another. Here
//! each component becomes a *piece*: the cells of a grid that its nodes and edges cover, with half
//! the margin around them, closed to a shape without bays or holes. The largest piece stays where
//! it is; each of the others, in order of size, takes the free place nearest to the center.

use std::cmp::Reverse;
use std::collections::HashMap;

use graph_core::{Graph, NodeId};

use crate::Result;
use crate::error::{FARTHEST, check_positions, check_range};

mod grid;
mod piece;

use grid::{Grid, Spiral};
use piece::{Block, Frame, Piece, Raster};

/// How components are put side by side.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct PackConfig {
    /// Least distance between two components, in layout units. `None`: the typical distance
    /// between nodes.
    pub margin: Option<f32>,
    /// Width over height of the area to fill.
    pub aspect: f32,
}

impl Default for PackConfig {
    fn default() -> Self {
        Self { margin: None, aspect: 1.0 }
    }
}

/// What [`pack`] did.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct PackReport {
    /// Number of connected components.
    pub n_components: usize,
    /// Number of components that are a single node; these form one block.
    pub n_isolated: usize,
    /// Distance kept between components, in layout units.
    pub margin: f32,
    /// Share of the bounding rectangle that pieces cover, margins included; at most 1.
    pub fill: f32,
}

/// Moves each connected component of `graph` as a whole, so that all fill a compact area.
///
/// `x` and `y` are `[n]` in layout units. The largest component (of equals, the one with the
/// smallest node) does not move and is in the middle. Within the others all distances stay, up to
/// the rounding of `f32`. Afterwards nodes and edges of different components are at least the
/// margin apart. Isolated nodes form one block, in rows by node, the margin apart. A graph of at
/// most one component is left untouched (and [`PackReport::fill`] is 1).
///
/// O(n + m r + c) time for components r cells high and an area of c cells; c is at most a few
/// million. The result is a function of the arguments alone.
///
/// Source: Freivalds, Dogrusoz and Kikusts 2002, doi:10.1007/3-540-45848-4_30 (polyomino packing).
///
/// ```
/// use gpu_layout::pack::{PackConfig, pack};
/// use graph_core::{Coo, Graph};
///
/// // Two edges that lie across one another.
/// let graph = Graph::from_coo(Coo::new(4, vec![0, 2], vec![1, 3], None)?, false);
/// let (mut x, mut y) = ([-1.0, 1.0, 0.0, 0.0], [0.0, 0.0, -1.0, 1.0]);
/// let config = PackConfig { margin: Some(0.5), ..PackConfig::default() };
/// let report = pack(&graph, &mut x, &mut y, &config)?;
/// assert_eq!(report.n_components, 2);
/// assert_eq!(x[..2], [-1.0, 1.0]);
/// assert!(x[2].abs() >= 1.5 || y[2].min(y[3]) >= 0.5 || y[2].max(y[3]) <= -0.5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// - [`crate::Error::LengthMismatch`] if `x` or `y` is not `[n]`;
/// - [`crate::Error::BadPosition`] if a position is not finite or too far out;
/// - [`crate::Error::BadOption`] if the margin is not above 0 or the aspect not in 0.01 to 100.
pub fn pack(
    graph: &Graph,
    x: &mut [f32],
    y: &mut [f32],
    config: &PackConfig,
) -> Result<PackReport> {
    check_positions(graph.n_nodes(), x, y)?;
    check_range("aspect", config.aspect, 0.01..=100.0)?;
    if let Some(margin) = config.margin {
        check_range("margin", margin, f32::MIN_POSITIVE..=FARTHEST)?;
    }
    let aspect = f64::from(config.aspect);

    let (component, n_components) = graph.components();
    let members = members(&component, n_components);
    let isolated: Vec<NodeId> =
        members.iter().filter(|nodes| nodes.len() == 1).map(|nodes| nodes[0]).collect();
    let frames: Vec<Frame> = members.iter().map(|nodes| Frame::around(nodes, x, y)).collect();
    let margin = config.margin.map_or_else(|| typical_spacing(&members, &frames), f64::from);
    let n_isolated = isolated.len();
    if n_components < 2 {
        return Ok(PackReport { n_components, n_isolated, margin: margin as f32, fill: 1.0 });
    }

    let block = Block::new(n_isolated, margin, aspect);
    let raster = Raster::new(&members, &frames, &block, margin);
    let mut pieces = raster.components(graph, &component, &members, &frames, x, y);
    pieces.extend((n_isolated > 0).then(|| raster.block(&block)));
    // The component of most nodes comes first, then what takes most room; ties keep their order.
    let largest = (0..n_components).max_by_key(|&id| (members[id].len(), Reverse(id)));
    pieces.sort_by_key(|piece| (piece.component != largest, Reverse(piece.n_cells())));
    let spots = place(&pieces, aspect);

    // Where cell (0, 0) lies: the first piece keeps its place, or the block its middle.
    let first = match pieces[0].component {
        Some(id) => raster.corner(&frames[id]),
        None => block.corner(frames.iter().copied().fold(frames[0], Frame::union).middle()),
    };
    let origin = [0, 1].map(|axis| first[axis] - raster.cell * f64::from(spots[0][axis]));
    for (rank, (piece, spot)) in pieces.iter().zip(&spots).enumerate() {
        let corner = [0, 1].map(|axis| origin[axis] + raster.cell * f64::from(spot[axis]));
        if let Some(id) = piece.component {
            if rank == 0 {
                continue;
            }
            let from = raster.corner(&frames[id]);
            for &u in &members[id] {
                let u = u as usize;
                x[u] = (f64::from(x[u]) - from[0] + corner[0]) as f32;
                y[u] = (f64::from(y[u]) - from[1] + corner[1]) as f32;
            }
        } else {
            for (place, &u) in isolated.iter().enumerate() {
                let at = block.position(place);
                x[u as usize] = (corner[0] + at[0]) as f32;
                y[u as usize] = (corner[1] + at[1]) as f32;
            }
        }
    }
    let fill = fill(&pieces, &spots);
    Ok(PackReport { n_components, n_isolated, margin: margin as f32, fill })
}

/// Nodes of each component, ascending.
fn members(component: &[u32], n_components: usize) -> Vec<Vec<NodeId>> {
    let mut members = vec![vec![]; n_components];
    for (u, &id) in component.iter().enumerate() {
        members[id as usize].push(u as NodeId);
    }
    members
}

/// Side of the square that a node has to itself, on average over components of several nodes.
fn typical_spacing(members: &[Vec<NodeId>], frames: &[Frame]) -> f64 {
    let (mut area, mut n) = (0.0, 0);
    for (nodes, frame) in members.iter().zip(frames).filter(|(nodes, _)| nodes.len() > 1) {
        area += frame.longest_side().powi(2);
        n += nodes.len();
    }
    // Without any extent there is no scale to keep to.
    if area > 0.0 { (area / n as f64).sqrt() } else { 1.0 }
}

/// Corner cell of each piece, such that no cell is taken twice.
fn place(pieces: &[Piece], aspect: f64) -> Vec<[i32; 2]> {
    let mut grid = Grid::new();
    let mut spiral = Spiral::new(aspect);
    // Where to go on for pieces of the same size. What did not fit before will hardly fit now, and
    // never does if the shapes are equal; starting over would make the cost quadratic.
    let mut tried: HashMap<[i32; 2], usize> = HashMap::new();
    pieces
        .iter()
        .map(|piece| {
            let size = [piece.width(), piece.height()];
            let next = tried.entry(size).or_insert(0);
            loop {
                let middle = spiral.get(*next);
                *next += 1;
                let spot = [0, 1].map(|axis| middle[axis] - size[axis] / 2);
                if grid.is_free(&piece.rows, spot) {
                    grid.take(&piece.rows, spot);
                    return spot;
                }
            }
        })
        .collect()
}

/// Share of the bounding rectangle that pieces cover.
fn fill(pieces: &[Piece], spots: &[[i32; 2]]) -> f32 {
    let (mut low, mut high) = ([i32::MAX; 2], [i32::MIN; 2]);
    for (piece, spot) in pieces.iter().zip(spots) {
        let size = [piece.width(), piece.height()];
        low = [0, 1].map(|axis| low[axis].min(spot[axis]));
        high = [0, 1].map(|axis| high[axis].max(spot[axis] + size[axis]));
    }
    let area = f64::from(high[0] - low[0]) * f64::from(high[1] - low[1]);
    (pieces.iter().map(Piece::n_cells).sum::<i64>() as f64 / area) as f32
}

#[cfg(test)]
mod tests {
    use graph_core::Coo;
    use proptest::prelude::*;

    use super::*;
    use crate::Error;

    fn graph(n: usize, edges: &[(u32, u32)]) -> Graph {
        let (sources, targets) = edges.iter().copied().unzip();
        Graph::from_coo(Coo::new(n, sources, targets, None).unwrap(), false)
    }

    fn packed(
        graph: &Graph,
        x: &[f32],
        y: &[f32],
        config: &PackConfig,
    ) -> (Vec<f32>, Vec<f32>, PackReport) {
        let (mut x, mut y) = (x.to_vec(), y.to_vec());
        let report = pack(graph, &mut x, &mut y, config).unwrap();
        (x, y, report)
    }

    /// Distance between two segments, by the distance of each end to the other segment.
    fn segment_distance(a: [[f64; 2]; 2], b: [[f64; 2]; 2]) -> f64 {
        let side = |p: [f64; 2], [q, r]: [[f64; 2]; 2]| {
            (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])
        };
        if side(a[0], b) * side(a[1], b) < 0.0 && side(b[0], a) * side(b[1], a) < 0.0 {
            return 0.0;
        }
        let to_point = |[q, r]: [[f64; 2]; 2], p: [f64; 2]| {
            let d = [r[0] - q[0], r[1] - q[1]];
            let length = (d[0] * d[0] + d[1] * d[1]).max(f64::MIN_POSITIVE);
            let t = ((p[0] - q[0]) * d[0] + (p[1] - q[1]) * d[1]) / length;
            let t = t.clamp(0.0, 1.0);
            (q[0] + t * d[0] - p[0]).hypot(q[1] + t * d[1] - p[1])
        };
        [to_point(a, b[0]), to_point(a, b[1]), to_point(b, a[0]), to_point(b, a[1])]
            .into_iter()
            .fold(f64::INFINITY, f64::min)
    }

    proptest! {
        #[test]
        fn components_move_as_a_whole_and_keep_the_margin(
            edges in prop::collection::vec((0..40u32, 0..40u32), 0..45),
            at in prop::collection::vec((-100.0..100.0f32, -100.0..100.0f32), 40),
            margin in prop::option::of(0.5..40.0f32),
            aspect in 0.2..5.0f32,
        ) {
            let graph = graph(40, &edges);
            let (x, y): (Vec<_>, Vec<_>) = at.into_iter().unzip();
            let (new_x, new_y, report) = packed(&graph, &x, &y, &PackConfig { margin, aspect });
            let (component, n_components) = graph.components();
            prop_assert_eq!(report.n_components, n_components);
            prop_assert!(new_x.iter().chain(&new_y).all(|value| value.is_finite()));
            let rounding = 1e-6 * new_x.iter().chain(&new_y).fold(100.0_f32, |a, b| a.max(b.abs()));

            let sizes = members(&component, n_components);
            let largest = sizes.iter().map(Vec::len).max().unwrap();
            let first = sizes.iter().find(|nodes| nodes.len() == largest).unwrap();
            for nodes in &sizes {
                let u = nodes[0] as usize;
                for &v in nodes {
                    let v = v as usize;
                    if largest > 1 && nodes == first {
                        prop_assert_eq!((x[v], y[v]), (new_x[v], new_y[v]));
                    }
                    prop_assert!(((new_x[v] - new_x[u]) - (x[v] - x[u])).abs() <= 4.0 * rounding);
                    prop_assert!(((new_y[v] - new_y[u]) - (y[v] - y[u])).abs() <= 4.0 * rounding);
                }
            }

            // Segments: every edge, and every node as an edge to itself.
            let point = |u: u32| [f64::from(new_x[u as usize]), f64::from(new_y[u as usize])];
            let segments: Vec<_> = edges.iter().copied().chain((0..40).map(|u| (u, u))).collect();
            for &(a, b) in &segments {
                for &(c, d) in &segments {
                    if component[a as usize] != component[c as usize] {
                        let distance = segment_distance([point(a), point(b)], [point(c), point(d)]);
                        prop_assert!(
                            distance >= f64::from(report.margin - 8.0 * rounding),
                            "{a}-{b} and {c}-{d} are {distance} apart, margin {}", report.margin
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn one_component_is_left_untouched() {
        let (x, y) = ([0.1, 0.7, -3.0], [9.0, 1e9, -2.0]);
        let (new_x, new_y, report) =
            packed(&graph(3, &[(0, 1), (1, 2)]), &x, &y, &PackConfig::default());
        assert_eq!((new_x, new_y), (x.to_vec(), y.to_vec()));
        assert_eq!((report.n_components, report.fill), (1, 1.0));
    }

    #[test]
    fn an_empty_graph_is_packed_already() {
        let (.., report) = packed(&graph(0, &[]), &[], &[], &PackConfig::default());
        assert_eq!((report.n_components, report.n_isolated), (0, 0));
    }

    #[test]
    fn isolated_nodes_form_a_block_in_rows() {
        let config = PackConfig { margin: Some(2.0), aspect: 1.0 };
        let (x, y, report) = packed(&graph(5, &[]), &[0.0; 5], &[0.0; 5], &config);
        assert_eq!((report.n_components, report.n_isolated), (5, 5));
        let relative = |v: &[f32]| v.iter().map(|value| value - v[0]).collect::<Vec<_>>();
        assert_eq!(relative(&x), [0.0, 2.0, 4.0, 0.0, 2.0]);
        assert_eq!(relative(&y), [0.0, 0.0, 0.0, 2.0, 2.0]);
    }

    #[test]
    fn coincident_nodes_and_hair_thin_components_are_packed() {
        // All in one point; then a component as long and thin as they come.
        let pairs = graph(6, &[(0, 1), (2, 3), (4, 5)]);
        let (x, y, _) = packed(&pairs, &[7.0; 6], &[7.0; 6], &PackConfig::default());
        assert!(x.iter().chain(&y).all(|value| value.is_finite()));
        assert!((x[2] - x[4]).hypot(y[2] - y[4]) >= 1.0);
        let at = [-1e15, 1e15, 0.0, 1e-6, 3.0, 3.0];
        let config = PackConfig { margin: Some(1e-6), aspect: 1.0 };
        let (x, y, _) = packed(&pairs, &at, &[0.0; 6], &config);
        assert!(x.iter().chain(&y).all(|value| value.is_finite()));
    }

    #[test]
    fn equal_squares_fill_the_area_asked_for() {
        let n = 900;
        let corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)];
        let edges: Vec<_> =
            (0..n).flat_map(|k| (0..4).map(move |i| (4 * k + i, 4 * k + (i + 1) % 4))).collect();
        let (x, y): (Vec<f32>, Vec<f32>) = (0..n).flat_map(|_| corners).unzip();
        let graph = graph(x.len(), &edges);
        for aspect in [0.5, 1.0, 2.0] {
            let config = PackConfig { margin: Some(0.2), aspect };
            let (x, y, report) = packed(&graph, &x, &y, &config);
            let side = |v: &[f32]| {
                v.iter().fold(f32::MIN, |a, &b| a.max(b))
                    - v.iter().fold(f32::MAX, |a, &b| a.min(b))
            };
            let found = side(&x) / side(&y);
            assert!((found / aspect - 1.0).abs() < 0.1, "{found} instead of {aspect}");
            // An ellipse covers π/4 of its bounding rectangle.
            assert!(report.fill > 0.7, "{}", report.fill);
            // Each square needs 1.44 square units; the ellipse around all may take a quarter more.
            let ellipse = std::f32::consts::FRAC_PI_4 * side(&x) * side(&y);
            assert!(ellipse < 1.25 * 1.44 * n as f32, "{ellipse}");
        }
    }

    #[test]
    fn refuses_what_cannot_be_packed() {
        let graph = graph(2, &[]);
        let run = |x: &[f32], margin, aspect| {
            let (mut x, mut y) = (x.to_vec(), vec![0.0; 2]);
            pack(&graph, &mut x, &mut y, &PackConfig { margin, aspect }).unwrap_err()
        };
        let error = run(&[0.0], None, 1.0);
        assert_eq!(error.to_string(), "column x has 1 entries, but 2 were expected");
        let error = run(&[0.0, f32::NAN], None, 1.0);
        assert_eq!(
            error.to_string(),
            "node 1 lies at (NaN, 0), but positions must be finite and within ±1e18"
        );
        for aspect in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            assert!(matches!(
                run(&[0.0; 2], None, aspect),
                Error::BadOption { option: "aspect", .. }
            ));
        }
        for margin in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            let error = run(&[0.0; 2], Some(margin), 1.0);
            assert!(matches!(error, Error::BadOption { option: "margin", .. }), "{error}");
        }
    }

    #[test]
    fn ten_thousand_components_of_all_sizes_are_packed_in_little_time() {
        // Paths of 1 to 20 nodes that wander about; a whole second is far more than needed.
        let (mut x, mut y, mut edges) = (vec![], vec![], vec![]);
        let mut state = 1_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 40) as f32 / (1 << 24) as f32 - 0.5
        };
        for component in 0..10_000 {
            for place in 0..=component % 20 {
                if place > 0 {
                    edges.push((x.len() as u32 - 1, x.len() as u32));
                }
                x.push(
                    x.last().map_or(0.0, |&last: &f32| if place > 0 { last } else { 0.0 })
                        + random(),
                );
                y.push(
                    y.last().map_or(0.0, |&last: &f32| if place > 0 { last } else { 0.0 })
                        + random(),
                );
            }
        }
        let graph = graph(x.len(), &edges);
        let start = std::time::Instant::now();
        let (.., report) = packed(&graph, &x, &y, &PackConfig::default());
        let seconds = start.elapsed().as_secs_f32();
        assert_eq!((report.n_components, report.n_isolated), (10_000, 500));
        assert!(report.fill > 0.6, "{}", report.fill);
        assert!(seconds < 10.0, "took {seconds} s");
    }
}
