//! Edges as density: how many layers of edges, and of which mean color, lie on each pixel.
//!
//! An edge adds `width * length` of ink, spread over the pixels that it covers, so the result does
//! not depend on the order of edges. Time is bounded: an edge that is long, in a picture with so
//! many pixels of edges that no single one can be made out, is drawn into a grid of coarser cells,
//! each level half as fine as the one before, and the grids are then added up smoothly. Where even
//! the coarsest grid is too fine, a random part of the edges stands for all, with as much more ink.
//! Coarser grids would cost no less and show: their square cells give dense regions a square halo.

use std::ops::Range;

use graph_core::NodeId;
use rayon::prelude::*;

use crate::encode::{EdgeColors, Oklab, Rgba8, to_oklab};

/// Lightness, a, b (each times the layers), and the layers.
pub(crate) type Cell = [f32; 4];

/// An end of edges: pixel position and color.
///
/// Ends are read in random order, so each is small and in one line of the cache.
#[derive(Debug, Clone, Copy)]
#[repr(align(16))]
pub(crate) struct End {
    x: f32,
    y: f32,
    color: [i16; 3],
}

/// What edges look like, if not as wide as all others and in the colors of their nodes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Looks {
    /// Colors of the edges; `None` is from that of the source to that of the target.
    pub(crate) colors: Option<EdgeColors>,
    /// Factors on the width of the line.
    pub(crate) widths: Option<Vec<f32>>,
    /// Factors on the ink.
    pub(crate) opacities: Option<Vec<f32>>,
}

impl Looks {
    /// Colors of edge `edge` at both ends, if it has some of its own.
    pub(crate) fn colors(&self, edge: usize) -> Option<[Rgba8; 2]> {
        Some(match self.colors.as_ref()? {
            EdgeColors::Whole(colors) => [colors[edge]; 2],
            EdgeColors::Gradient(colors) => colors[edge],
        })
    }

    /// Factor on the width of edge `edge`.
    pub(crate) fn width(&self, edge: usize) -> f32 {
        self.widths.as_ref().map_or(1.0, |widths| widths[edge])
    }

    /// Factor on the ink of edge `edge`: its opacity, and that of its colors.
    pub(crate) fn opacity(&self, edge: usize) -> f32 {
        let own = self.opacities.as_ref().map_or(1.0, |opacities| opacities[edge]);
        let of_colors =
            self.colors(edge).map_or(1.0, |[a, b]| (f32::from(a[3]) + f32::from(b[3])) / 510.0);
        own * of_colors
    }

    fn widest(&self) -> f32 {
        self.widths.iter().flatten().copied().fold(0.0, f32::max)
    }
}

/// Colors are kept in units of one over this; the values of `OKLab` are all between -1 and 1.
const COLOR_STEPS: f32 = 32767.0;

impl End {
    pub(crate) fn new(x: f32, y: f32, color: Oklab) -> Self {
        Self { x, y, color: in_steps(color) }
    }
}

fn in_steps(color: Oklab) -> [i16; 3] {
    color.map(|value| (value * COLOR_STEPS) as i16)
}

/// An edge that is drawn: its ends, their colors, and how many edges it stands for.
#[derive(Debug, Clone, Copy, Default)]
struct Segment {
    a: [f32; 2],
    b: [f32; 2],
    colors: [[i16; 3]; 2],
    weight: f32,
    /// Factor on the width of the line.
    width: f32,
}

/// Rows that one task fills; edges are sorted by these bands, so that threads never share a cell.
const BAND: usize = 32;

/// Edges that one task sorts.
const CHUNK: usize = 1 << 15;

/// Edges that are sorted before any of them is drawn; bounds memory.
const GROUP: usize = 16 * CHUNK;

/// Edges by which the lengths of all are judged.
const SAMPLED_EDGES: usize = 1 << 18;

/// Coarsest level: cells of 8 pixels.
const COARSEST: usize = 3;

/// Draws the edges `sources[e]`–`targets[e]` into `width * height` cells, row by row.
///
/// `looks` says what edges look like, `line` is the width of one in pixels, and `budget` bounds the steps along all edges, but for
/// a few steps that each edge has free. Self-loops, and edges with an end that is not finite, are left
/// out. The result is the same for any number of threads.
pub(crate) fn accumulate(
    ends: &[End],
    sources: &[NodeId],
    targets: &[NodeId],
    looks: &Looks,
    line: f32,
    [width, height]: [usize; 2],
    budget: f64,
) -> Vec<Cell> {
    let widest = if looks.widths.is_some() { line * looks.widest() } else { line };
    let picture = Plane { width, height, ends, looks, line: widest };
    let longest = longest_run(&picture, sources, targets, budget);
    let mut levels: Vec<Level> =
        (0..=COARSEST).map(|level| Level::new(level, width, height)).collect();
    // Band `b` of level `k` is task `first_task[k] + b`.
    let mut first_task = vec![0];
    for level in &levels {
        first_task.push(first_task[first_task.len() - 1] + level.n_bands());
    }
    for (group, (sources, targets)) in sources.chunks(GROUP).zip(targets.chunks(GROUP)).enumerate()
    {
        let lists: Vec<TaskLists> = sources
            .par_chunks(CHUNK)
            .zip(targets.par_chunks(CHUNK))
            .enumerate()
            .map(|(chunk, (sources, targets))| {
                let first_edge = group * GROUP + chunk * CHUNK;
                TaskLists::sort(&picture, first_edge, sources, targets, longest, &first_task)
            })
            .collect();
        let mut tasks = Vec::new();
        for (k, level) in levels.iter_mut().enumerate() {
            let of_level = first_task[k]..first_task[k + 1];
            if lists.iter().all(|list| list.of(of_level.clone()).is_empty()) {
                continue;
            }
            let width = level.width;
            level.cells.resize(width * level.height, [0.0; 4]);
            for (band, cells) in level.cells.chunks_mut(BAND * width).enumerate() {
                let task = first_task[k] + band;
                tasks.push((k, task, Band { width, first_row: band * BAND, cells }));
            }
        }
        tasks.into_par_iter().with_max_len(1).for_each(|(level, task, mut band)| {
            let per_cell = 1.0 / (1 << level) as f32;
            for list in &lists {
                for segment in list.of(task..task + 1) {
                    let scale = |[x, y]: [f32; 2]| [x * per_cell, y * per_cell];
                    let segment = Segment { a: scale(segment.a), b: scale(segment.b), ..*segment };
                    band.draw(segment, line * segment.width * per_cell);
                }
            }
        });
    }
    merge(levels)
}

/// What every step needs to know.
struct Plane<'a> {
    width: usize,
    height: usize,
    ends: &'a [End],
    looks: &'a Looks,
    /// Width of the widest edge, in pixels.
    line: f32,
}

impl Plane<'_> {
    /// The part of edge `u`–`v` that is in the picture: its length along the longer axis and its
    /// rows, in pixels; `None` if nothing is.
    fn visible(&self, u: NodeId, v: NodeId) -> Option<(f32, Range<f32>)> {
        let [a, b] = [self.ends[u as usize], self.ends[v as usize]];
        let (dx, dy) = (b.x - a.x, b.y - a.y);
        if u == v || !(dx.abs() + dy.abs()).is_finite() {
            return None;
        }
        let reach = 0.5 * self.line + 1.0;
        let (mut enter, mut leave) = (0.0_f32, 1.0_f32);
        for (start, delta, size) in [(a.x, dx, self.width), (a.y, dy, self.height)] {
            let (low, high) = (-reach, size as f32 + reach);
            if delta == 0.0 {
                if start < low || start > high {
                    return None;
                }
            } else {
                let (s, t) = ((low - start) / delta, (high - start) / delta);
                enter = enter.max(s.min(t));
                leave = leave.min(s.max(t));
            }
        }
        if enter >= leave {
            return None;
        }
        let rows = (a.y + enter * dy, a.y + leave * dy);
        let run = (leave - enter) * dx.abs().max(dy.abs());
        Some((run, rows.0.min(rows.1)..rows.0.max(rows.1)))
    }

    /// Rows of cells at `level` that an edge on pixel rows `rows` may touch.
    fn bands(&self, level: usize, rows: &Range<f32>) -> Range<usize> {
        let size = (1 << level) as f32;
        // A sloped line is thicker along a column than across, by at most the root of two.
        let reach = 1.5 * self.line / size + 2.0;
        let last = self.height.div_ceil(1 << level) - 1;
        let row = |value: f32| ((value.max(0.0)) as usize).min(last) / BAND;
        row(rows.start / size - reach)..row(rows.end / size + reach) + 1
    }
}

/// Longest run, in cells, that an edge may have at its level so that all keep within `budget`.
fn longest_run(plane: &Plane, sources: &[NodeId], targets: &[NodeId], budget: f64) -> f32 {
    const CLASSES_PER_OCTAVE: f32 = 4.0;
    const CLASSES: usize = 64;
    // Enough edges for an estimate; every `stride`-th, so that it is the same every time.
    let stride = (sources.len() / SAMPLED_EDGES).max(1);
    let counts: [u64; CLASSES] = sources
        .par_chunks(CHUNK)
        .zip(targets.par_chunks(CHUNK))
        .map(|(sources, targets)| {
            let mut counts = [0; CLASSES];
            for (&u, &v) in sources.iter().zip(targets).step_by(stride) {
                if let Some((run, _)) = plane.visible(u, v) {
                    let class = (run.max(1.0).log2() * CLASSES_PER_OCTAVE) as usize;
                    counts[class.min(CLASSES - 1)] += stride as u64;
                }
            }
            counts
        })
        .reduce(|| [0; CLASSES], |a, b| std::array::from_fn(|i| a[i] + b[i]));
    let run_of = |class: usize| ((class as f32 + 0.5) / CLASSES_PER_OCTAVE).exp2();
    let steps = |longest: f32| -> f64 {
        let step = |class| f64::from(longest.min(cells_of(run_of(class), longest)));
        counts.iter().enumerate().map(|(class, &count)| count as f64 * step(class)).sum()
    };
    (0..CLASSES).rev().map(run_of).find(|&longest| steps(longest) <= budget).unwrap_or(1.0)
}

/// The finest level at which `run` pixels are at most `longest` cells.
fn level_of(run: f32, longest: f32) -> usize {
    (0..COARSEST).find(|&level| run <= longest * (1 << level) as f32).unwrap_or(COARSEST)
}

/// The cells that `run` pixels take at their level.
fn cells_of(run: f32, longest: f32) -> f32 {
    run / (1 << level_of(run, longest)) as f32
}

/// A number in `0..1` that looks random but is the same for an edge every time.
fn noise(edge: usize) -> f32 {
    // The finalizer of splitmix64.
    let mut bits = (edge as u64).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((bits ^ (bits >> 31)) >> 40) as f32 / (1 << 24) as f32
}

/// The edges of one chunk that are drawn, sorted by the tasks that draw them; an edge may be in
/// several.
struct TaskLists {
    offsets: Vec<u32>,
    segments: Vec<Segment>,
}

impl TaskLists {
    fn sort(
        plane: &Plane,
        first_edge: usize,
        sources: &[NodeId],
        targets: &[NodeId],
        longest: f32,
        first_task: &[usize],
    ) -> Self {
        let mut drawn: Vec<(Segment, Range<u32>)> = Vec::with_capacity(sources.len());
        let mut offsets = vec![0; first_task[first_task.len() - 1] + 1];
        for (edge, (&u, &v)) in sources.iter().zip(targets).enumerate() {
            let Some((run, rows)) = plane.visible(u, v) else { continue };
            let weight = (cells_of(run, longest) / longest).max(1.0);
            if weight > 1.0 && noise(first_edge + edge) * weight >= 1.0 {
                continue;
            }
            let level = level_of(run, longest);
            let bands = plane.bands(level, &rows);
            let tasks = first_task[level] + bands.start..first_task[level] + bands.end;
            for task in tasks.clone() {
                offsets[task + 1] += 1;
            }
            let [a, b] = [plane.ends[u as usize], plane.ends[v as usize]];
            let own = plane.looks.colors(first_edge + edge);
            let colors = own.map_or([a.color, b.color], |own| own.map(|c| in_steps(to_oklab(c))));
            let weight = weight * plane.looks.opacity(first_edge + edge);
            let width = plane.looks.width(first_edge + edge);
            let segment = Segment { a: [a.x, a.y], b: [b.x, b.y], colors, weight, width };
            drawn.push((segment, tasks.start as u32..tasks.end as u32));
        }
        for task in 1..offsets.len() {
            offsets[task] += offsets[task - 1];
        }
        let mut next = offsets.clone();
        let mut segments = vec![Segment::default(); offsets[offsets.len() - 1] as usize];
        for (segment, tasks) in drawn {
            for task in tasks {
                let next = &mut next[task as usize];
                segments[*next as usize] = segment;
                *next += 1;
            }
        }
        Self { offsets, segments }
    }

    fn of(&self, tasks: Range<usize>) -> &[Segment] {
        &self.segments[self.offsets[tasks.start] as usize..self.offsets[tasks.end] as usize]
    }
}

/// A grid whose cells are `2^k` pixels wide; without cells if nothing is drawn there.
struct Level {
    width: usize,
    height: usize,
    cells: Vec<Cell>,
}

impl Level {
    fn new(level: usize, width: usize, height: usize) -> Self {
        let size = 1 << level;
        Self { width: width.div_ceil(size), height: height.div_ceil(size), cells: vec![] }
    }

    fn n_bands(&self) -> usize {
        self.height.div_ceil(BAND)
    }
}

/// The rows of a level that one task owns.
struct Band<'a> {
    width: usize,
    first_row: usize,
    cells: &'a mut [Cell],
}

impl Band<'_> {
    /// Adds a line, `line` cells wide; everything in cells of this level.
    fn draw(&mut self, segment: Segment, line: f32) {
        let Segment { a, b, .. } = segment;
        if (b[0] - a[0]).abs() >= (b[1] - a[1]).abs() {
            self.draw_along::<true>(segment, line);
        } else {
            let flip = |[x, y]: [f32; 2]| [y, x];
            self.draw_along::<false>(Segment { a: flip(a), b: flip(b), ..segment }, line);
        }
    }

    /// Walks along x; `ACROSS` tells whether x is the picture's x or, flipped, its y.
    fn draw_along<const ACROSS: bool>(&mut self, segment: Segment, line: f32) {
        let Segment { a, b, colors, weight, .. } = segment;
        let end = |[x, y]: [f32; 2], color| End { x, y, color };
        let (mut a, mut b) = (end(a, colors[0]), end(b, colors[1]));
        if a.x > b.x {
            (a, b) = (b, a);
        }
        let dx = b.x - a.x;
        if dx <= 0.0 {
            return;
        }
        let per_run = 1.0 / dx;
        let slope = (b.y - a.y) * per_run;
        // Ink per cell of x: the line is longer than its run, and thicker when cut along y.
        let height = line * (1.0 + slope * slope).sqrt();
        let first_row = self.first_row as f32;
        let n_rows = self.cells.len() / self.width;
        let (mut from, mut to) = (a.x.max(0.0), b.x);
        if ACROSS {
            to = to.min(self.width as f32);
            let reach = 0.5 * height + 2.0;
            let (low, high) = (first_row - reach, first_row + n_rows as f32 + reach);
            if slope != 0.0 {
                let (s, t) = (a.x + (low - a.y) / slope, a.x + (high - a.y) / slope);
                from = from.max(s.min(t));
                to = to.min(s.max(t));
            }
        } else {
            from = from.max(first_row);
            to = to.min(first_row + n_rows as f32);
        }
        if from >= to {
            return;
        }
        // The fourth entry is the layer itself.
        let unit = weight / COLOR_STEPS;
        let cell = |[l, a, b]: [i16; 3]| {
            [f32::from(l) * unit, f32::from(a) * unit, f32::from(b) * unit, weight]
        };
        let (start, end) = (cell(a.color), cell(b.color));
        let change: Cell = std::array::from_fn(|i| end[i] - start[i]);
        // Cells are counted in i32, which converts to and from f32 in one instruction.
        let width = self.width as i32;
        let (origin, minor_start) =
            if ACROSS { (0, first_row) } else { (self.first_row as i32, 0.0) };
        let n_minor = if ACROSS { n_rows as i32 } else { width };
        let (along, aside) = if ACROSS { (1, width) } else { (width, 1) };
        let cells = &mut *self.cells;
        for major in from as i32..to.ceil() as i32 {
            // The first and last cell are covered in part; cells cut off by the band are not, since
            // `from` and `to` then lie beyond its reach or on its border.
            let left = major as f32;
            let run = (left + 1.0).min(b.x) - left.max(a.x);
            let middle = (left + 0.5).max(a.x).min(b.x) - a.x;
            let part = middle * per_run;
            let color: Cell = std::array::from_fn(|i| start[i] + part * change[i]);
            let y = a.y + slope * middle - 0.5 - minor_start;
            let at = (major - origin) * along;
            let mut add = |minor: i32, ink: f32| {
                if (0..n_minor).contains(&minor) {
                    let cell = &mut cells[(at + minor * aside) as usize];
                    *cell = std::array::from_fn(|i| cell[i] + ink * color[i]);
                }
            };
            if height <= 1.0 {
                let below = floor(y);
                let part = y - below as f32;
                let ink = height * run;
                add(below, ink - ink * part);
                add(below + 1, ink * part);
            } else {
                let half = 0.5 * (height - 1.0);
                // A box of the line's height, smoothed over one cell: exact coverage of a level line.
                let (start, end) = (floor(y - half), floor(y + half) + 1);
                for minor in start.max(0)..=end.min(n_minor - 1) {
                    let outside = (minor as f32 - y).abs() - half;
                    add(minor, run * (1.0 - outside).clamp(0.0, 1.0));
                }
            }
        }
    }
}

/// `value` rounded down; compiles to a few instructions where the library's may be a call.
fn floor(value: f32) -> i32 {
    let truncated = value as i32;
    truncated - i32::from(truncated as f32 > value)
}

/// Adds every level, coarsest first, to the next finer one, by linear interpolation.
fn merge(levels: Vec<Level>) -> Vec<Cell> {
    let mut levels = levels.into_iter().rev();
    let Some(mut coarse) = levels.next() else { return vec![] };
    for mut fine in levels {
        if fine.cells.is_empty() {
            fine.cells = vec![[0.0; 4]; fine.width * fine.height];
        }
        if !coarse.cells.is_empty() {
            fine.cells.par_chunks_mut(fine.width).enumerate().for_each(|(y, row)| {
                let (top, bottom, down) = neighbors(y, coarse.height);
                let top = &coarse.cells[top * coarse.width..][..coarse.width];
                let bottom = &coarse.cells[bottom * coarse.width..][..coarse.width];
                for (x, cell) in row.iter_mut().enumerate() {
                    let (left, right, across) = neighbors(x, coarse.width);
                    for (i, value) in cell.iter_mut().enumerate() {
                        let above = top[left][i] + across * (top[right][i] - top[left][i]);
                        let below = bottom[left][i] + across * (bottom[right][i] - bottom[left][i]);
                        *value += above + down * (below - above);
                    }
                }
            });
        }
        coarse = fine;
    }
    coarse.cells
}

/// The two coarse cells between whose centers that of fine cell `index` lies, and how far along.
fn neighbors(index: usize, count: usize) -> (usize, usize, f32) {
    let own = index / 2;
    if index.is_multiple_of(2) {
        (own.saturating_sub(1), own, 0.75)
    } else {
        (own, (own + 1).min(count - 1), 0.25)
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these values are exact")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SIZE: [usize; 2] = [300, 200];

    /// A picture of random edges: its cells, and `line` times the length of all edges.
    fn draw(points: &[(f32, f32)], line: f32, budget: f64) -> (Vec<Cell>, f64) {
        let ends: Vec<End> =
            points.iter().map(|&(x, y)| End::new(x, y, [0.5, 0.1, -0.1])).collect();
        let sources: Vec<u32> = (0..points.len() as u32 / 2).map(|e| 2 * e).collect();
        let targets: Vec<u32> = sources.iter().map(|u| u + 1).collect();
        let length = |e: &u32| {
            let (a, b) = (points[*e as usize], points[*e as usize + 1]);
            f64::from((a.0 - b.0).hypot(a.1 - b.1) * line)
        };
        let ink = sources.iter().map(length).sum();
        (accumulate(&ends, &sources, &targets, &Looks::default(), line, SIZE, budget), ink)
    }

    #[test]
    fn an_edge_has_its_own_color_width_and_opacity() {
        let ends = [End::new(10.0, 50.0, [0.5, 0.0, 0.0]), End::new(30.0, 50.0, [0.5, 0.0, 0.0])];
        let red = [255, 0, 0, 255];
        let looks = Looks {
            colors: Some(EdgeColors::Whole(vec![red])),
            widths: Some(vec![2.0]),
            opacities: Some(vec![0.25]),
        };
        let cells = accumulate(&ends, &[0], &[1], &looks, 2.0, SIZE, f64::MAX);
        assert!((ink(&cells) - 20.0 * 4.0 * 0.25).abs() < 1e-3, "{}", ink(&cells));
        let cell = cells[50 * SIZE[0] + 20];
        let mean = [0, 1, 2].map(|i| cell[i] / cell[3]);
        assert_eq!(crate::encode::from_oklab(mean), red);
    }

    fn ink(cells: &[Cell]) -> f64 {
        cells.iter().map(|cell| f64::from(cell[3])).sum()
    }

    fn points(count: usize) -> impl Strategy<Value = Vec<(f32, f32)>> {
        prop::collection::vec((20.0..280.0_f32, 20.0..180.0_f32), 2 * count)
    }

    proptest! {
        /// Oracle: ink is width times length.
        #[test]
        fn every_edge_keeps_its_ink(points in points(1), line in 0.2..0.7_f32) {
            let (cells, expected) = draw(&points, line, f64::MAX);
            prop_assert!((ink(&cells) - expected).abs() <= 1e-3 * expected + 1e-3);
        }

        #[test]
        fn thick_edges_keep_their_ink(points in points(1), line in 1.0..6.0_f32) {
            let (cells, expected) = draw(&points, line, f64::MAX);
            prop_assert!((ink(&cells) - expected).abs() <= 1e-2 * expected + 0.1);
        }

        #[test]
        fn a_budget_softens_but_takes_no_ink(points in points(100)) {
            let (exact, expected) = draw(&points, 1.0, f64::MAX);
            let (soft, _) = draw(&points, 1.0, 4000.0);
            prop_assert_ne!(&exact, &soft);
            prop_assert!((ink(&exact) - expected).abs() <= 0.01 * expected);
            // What coarse cells spread over the border is lost.
            prop_assert!((ink(&soft) - expected).abs() <= 0.03 * expected);
        }

        /// Edges that cross many bands and leave the picture: the bands together hold the same
        /// as one band that is the whole picture.
        #[test]
        fn bands_have_no_seams(
            points in prop::collection::vec((-400.0..700.0_f32, -300.0..500.0_f32), 2..20),
            line in 0.3..4.0_f32,
        ) {
            let points = &points[..points.len() / 2 * 2];
            let (cells, _) = draw(points, line, f64::MAX);
            let mut whole = vec![[0.0; 4]; SIZE[0] * SIZE[1]];
            let mut band = Band { width: SIZE[0], first_row: 0, cells: &mut whole };
            for pair in points.chunks(2) {
                let [a, b] = [pair[0], pair[1]].map(|(x, y)| [x, y]);
                band.draw(Segment { a, b, weight: 1.0, ..Segment::default() }, line);
            }
            for (a, b) in cells.iter().zip(&whole) {
                prop_assert!((a[3] - b[3]).abs() < 1e-2, "{} {}", a[3], b[3]);
            }
        }
    }

    /// Four standard deviations of what is left to chance are less than the bounds.
    #[test]
    fn a_part_of_the_edges_stands_for_all() {
        let points: Vec<_> = (0..40_000)
            .map(|i| (20.0 + 260.0 * noise(2 * i), 20.0 + 160.0 * noise(2 * i + 1)))
            .collect();
        let (cells, expected) = draw(&points, 1.0, 60_000.0);
        let found = ink(&cells);
        assert!((found - expected).abs() <= 0.06 * expected, "{found} {expected}");
        // Quantities are spread over the picture as they are when all edges are drawn.
        let (all, _) = draw(&points, 1.0, f64::MAX);
        for half in [0..SIZE[1] / 2, SIZE[1] / 2..SIZE[1]] {
            let cells_of_half = half.start * SIZE[0]..half.end * SIZE[0];
            let (a, b) = (ink(&cells[cells_of_half.clone()]), ink(&all[cells_of_half]));
            assert!((a - b).abs() <= 0.1 * b, "{a} {b}");
        }
        // Nothing far beyond the ends of all edges, where coarse cells could put it.
        assert!(cells[5 * SIZE[0]..6 * SIZE[0]].iter().all(|cell| cell[3] == 0.0));
    }

    #[test]
    fn a_level_line_covers_exactly_its_pixels() {
        let (cells, _) = draw(&[(10.0, 50.0), (20.0, 50.0)], 2.0, f64::MAX);
        let covered: Vec<usize> = (0..cells.len()).filter(|&i| cells[i][3] > 0.0).collect();
        let expected: Vec<usize> =
            (49..=50).flat_map(|row| (10..20).map(move |x| row * SIZE[0] + x)).collect();
        assert_eq!(covered, expected);
        assert!(expected.iter().all(|&i| (cells[i][3] - 1.0).abs() < 1e-6));
    }

    #[test]
    fn loops_and_ends_that_are_not_finite_draw_nothing() {
        let bad = [
            (10.0, 10.0),
            (f32::NAN, 50.0),
            (5.0, 5.0),
            (f32::INFINITY, 0.0),
            (9.0, 9.0),
            (9.0, 9.0),
        ];
        assert_eq!(ink(&draw(&bad, 1.0, f64::MAX).0), 0.0);
    }
}
