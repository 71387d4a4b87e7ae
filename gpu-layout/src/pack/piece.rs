//! What is moved as one, as cells of a grid.

use graph_core::{Graph, NodeId};

/// Cells that all pieces together may take: this many each, but within the range below.
const CELLS_PER_PIECE: usize = 16;
/// Enough cells for a close fit, few enough to be quick.
const CELLS: std::ops::RangeInclusive<usize> = 1 << 16..=1 << 20;
/// Cells along the longest piece; bounds the grid when a piece is long and thin.
const MAX_SIDE: f64 = 4096.0;

/// Bounding rectangle, in layout units.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    min: [f64; 2],
    max: [f64; 2],
}

impl Frame {
    pub(super) fn around(nodes: &[NodeId], x: &[f32], y: &[f32]) -> Self {
        let point = |&u: &NodeId| [x[u as usize].into(), y[u as usize].into()];
        let first = point(&nodes[0]);
        nodes
            .iter()
            .map(|u| Self { min: point(u), max: point(u) })
            .fold(Self { min: first, max: first }, Self::union)
    }

    pub(super) fn union(self, other: Self) -> Self {
        Self {
            min: [0, 1].map(|axis| self.min[axis].min(other.min[axis])),
            max: [0, 1].map(|axis| self.max[axis].max(other.max[axis])),
        }
    }

    fn side(&self, axis: usize) -> f64 {
        self.max[axis] - self.min[axis]
    }

    pub(super) fn longest_side(&self) -> f64 {
        self.side(0).max(self.side(1))
    }

    pub(super) fn middle(&self) -> [f64; 2] {
        [0, 1].map(|axis| f64::midpoint(self.min[axis], self.max[axis]))
    }
}

/// The isolated nodes, in rows.
#[derive(Debug)]
pub(super) struct Block {
    columns: usize,
    rows: usize,
    spacing: f64,
}

impl Block {
    pub(super) fn new(n: usize, spacing: f64, aspect: f64) -> Self {
        let columns = ((n as f64 * aspect).sqrt().ceil() as usize).clamp(1, n.max(1));
        Self { columns, rows: n.div_ceil(columns), spacing }
    }

    /// Of the whole block, half the spacing around the nodes included.
    fn side(&self, axis: usize) -> f64 {
        [self.columns, self.rows][axis] as f64 * self.spacing
    }

    /// Of node `place`, from the corner of the block.
    pub(super) fn position(&self, place: usize) -> [f64; 2] {
        [place % self.columns, place / self.columns].map(|step| (step as f64 + 0.5) * self.spacing)
    }

    pub(super) fn corner(&self, middle: [f64; 2]) -> [f64; 2] {
        [0, 1].map(|axis| middle[axis] - self.side(axis) / 2.0)
    }
}

/// What is moved as one: the cells it covers, row by row, each a range of columns.
///
/// Every row is one range because the shape has no bays; bays would let small components sit
/// between the arms of large ones, where they look like a part of them.
#[derive(Debug)]
pub(super) struct Piece {
    /// The component, or the block of isolated nodes.
    pub(super) component: Option<usize>,
    pub(super) rows: Vec<[i32; 2]>,
}

impl Piece {
    pub(super) fn n_cells(&self) -> i64 {
        self.rows.iter().map(|[low, high]| i64::from(high - low)).sum()
    }

    pub(super) fn width(&self) -> i32 {
        self.rows.iter().map(|row| row[1]).max().unwrap_or(0)
    }

    pub(super) fn height(&self) -> i32 {
        self.rows.len() as i32
    }
}

/// Turns shapes into cells.
#[derive(Debug)]
pub(super) struct Raster {
    /// Side of a cell, in layout units.
    pub(super) cell: f64,
    /// Free room around nodes and edges, in layout units.
    radius: f64,
}

impl Raster {
    pub(super) fn new(
        members: &[Vec<NodeId>],
        frames: &[Frame],
        block: &Block,
        margin: f64,
    ) -> Self {
        let (mut area, mut longest) = (block.side(0) * block.side(1), 0.0_f64);
        let mut n_pieces = 1;
        for (_, frame) in members.iter().zip(frames).filter(|(nodes, _)| nodes.len() > 1) {
            area += (frame.side(0) + margin) * (frame.side(1) + margin);
            longest = longest.max(frame.longest_side());
            n_pieces += 1;
        }
        longest = longest.max(block.side(0)).max(block.side(1)) + margin;
        let n_cells = (CELLS_PER_PIECE * n_pieces).clamp(*CELLS.start(), *CELLS.end());
        let cell = (area / n_cells as f64).sqrt().max(longest / MAX_SIDE).max(margin / 4.0);
        Self { cell, radius: margin / 2.0 }
    }

    /// Where the first cell of a component begins.
    pub(super) fn corner(&self, frame: &Frame) -> [f64; 2] {
        frame.min.map(|value| value - self.radius)
    }

    fn n_cells(&self, length: f64) -> usize {
        ((length / self.cell).ceil() as usize).max(1)
    }

    pub(super) fn block(&self, block: &Block) -> Piece {
        let columns = self.n_cells(block.side(0)) as i32;
        Piece { component: None, rows: vec![[0, columns]; self.n_cells(block.side(1))] }
    }

    /// Pieces of the components that have an edge.
    pub(super) fn components(
        &self,
        graph: &Graph,
        component: &[u32],
        members: &[Vec<NodeId>],
        frames: &[Frame],
        x: &[f32],
        y: &[f32],
    ) -> Vec<Piece> {
        let empty = [i32::MAX, i32::MIN];
        let mut pieces: Vec<Piece> = members
            .iter()
            .zip(frames)
            .enumerate()
            .map(|(id, (nodes, frame))| {
                let height = frame.side(1) + 2.0 * self.radius;
                let n_rows = if nodes.len() > 1 { self.n_cells(height) } else { 0 };
                Piece { component: Some(id), rows: vec![empty; n_rows] }
            })
            .collect();
        // Every node of these components is the end of an edge, so edges cover all there is.
        for (&u, &v) in graph.coo().sources().iter().zip(graph.coo().targets()) {
            let id = component[u as usize] as usize;
            if members[id].len() > 1 {
                let corner = self.corner(&frames[id]);
                let ends = [u, v].map(|node| {
                    let node = node as usize;
                    [f64::from(x[node]) - corner[0], f64::from(y[node]) - corner[1]]
                });
                self.cover(&mut pieces[id].rows, ends);
            }
        }
        pieces.retain(|piece| !piece.rows.is_empty());
        for piece in &mut pieces {
            close(&mut piece.rows);
        }
        pieces
    }

    /// Widens `rows` so that they hold a segment and the free room around it.
    fn cover(&self, rows: &mut [[i32; 2]], mut ends: [[f64; 2]; 2]) {
        if ends[0][1] > ends[1][1] {
            ends.swap(0, 1);
        }
        let [[x0, y0], [x1, y1]] = ends;
        let slope = if y1 > y0 { (x1 - x0) / (y1 - y0) } else { 0.0 };
        let last = rows.len() - 1;
        let row_at = |y: f64| ((y / self.cell).max(0.0) as usize).min(last);
        let touched = row_at(y0 - self.radius)..=row_at(y1 + self.radius);
        for (row, reach) in touched.clone().zip(&mut rows[touched]) {
            // The part of the segment that reaches into this row.
            let (mut from, mut to) = (x0, x1);
            if y1 > y0 {
                let bottom = (row as f64 * self.cell - self.radius).clamp(y0, y1);
                let top = ((row + 1) as f64 * self.cell + self.radius).clamp(y0, y1);
                from = x0 + slope * (bottom - y0);
                to = x0 + slope * (top - y0);
            }
            let low = ((from.min(to) - self.radius) / self.cell).max(0.0) as i32;
            let high = ((from.max(to) + self.radius) / self.cell).ceil() as i32;
            *reach = [reach[0].min(low), reach[1].max(high)];
        }
    }
}

/// Fills bays and holes: a cell belongs to the shape if it has cells of the shape in all four
/// quadrants around it.
fn close(rows: &mut [[i32; 2]]) {
    // Farthest reach of the rows up to and including each one, from above and from below.
    let reach = |rows: &mut dyn Iterator<Item = &[i32; 2]>| -> Vec<[i32; 2]> {
        rows.scan([i32::MAX, i32::MIN], |reach, row| {
            *reach = [reach[0].min(row[0]), reach[1].max(row[1])];
            Some(*reach)
        })
        .collect()
    };
    let above = reach(&mut rows.iter());
    let below = reach(&mut rows.iter().rev());
    for (row, (above, below)) in rows.iter_mut().zip(above.iter().zip(below.iter().rev())) {
        *row = [above[0].max(below[0]), above[1].min(below[1])];
    }
}
