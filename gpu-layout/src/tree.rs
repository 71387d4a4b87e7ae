//! Linear quadtree over nodes in Z-order, with the moments of every cell.

use rayon::prelude::*;

use crate::complex::Complex;
use crate::expansion::{Series, add_mass, add_moments};
use crate::morton::Order;

/// Most bodies in a leaf, unless they share a cell of the finest grid.
const LEAF: usize = 32;

/// A square of the plane with bodies `begin..end` of the order.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cell {
    pub(crate) begin: u32,
    pub(crate) end: u32,
    /// Children are neighbors in the cell array; a leaf has none.
    pub(crate) first_child: u32,
    pub(crate) n_children: u32,
    /// Middle of the box around the bodies.
    pub(crate) center: Complex,
    /// No body is farther from `center`, its own size included.
    pub(crate) radius: f64,
}

impl Cell {
    pub(crate) fn is_leaf(&self) -> bool {
        self.n_children == 0
    }

    pub(crate) fn children(&self) -> std::ops::Range<usize> {
        self.first_child as usize..(self.first_child + self.n_children) as usize
    }

    pub(crate) fn bodies(&self) -> std::ops::Range<usize> {
        self.begin as usize..self.end as usize
    }
}

/// What a cell covers: corners of the tight box, and the largest body.
#[derive(Debug, Clone, Copy)]
struct Extent {
    low: Complex,
    high: Complex,
    size: f64,
}

impl Extent {
    const NOTHING: Self = Self {
        low: Complex { re: f64::MAX, im: f64::MAX },
        high: Complex { re: f64::MIN, im: f64::MIN },
        size: 0.0,
    };

    fn join(self, other: Self) -> Self {
        Self {
            low: Complex::new(self.low.re.min(other.low.re), self.low.im.min(other.low.im)),
            high: Complex::new(self.high.re.max(other.high.re), self.high.im.max(other.high.im)),
            size: self.size.max(other.size),
        }
    }
}

/// The tree; its buffers are kept from step to step.
///
/// | array     | shape     | meaning                                                        |
/// |-----------|-----------|----------------------------------------------------------------|
/// | `cells`   | `[cells]` | breadth first: children behind their parent, siblings together |
/// | `moments` | `[cells]` | expansion of the masses below, about the cell's center         |
/// | `x`, `y`  | `[n]`     | positions in Z-order, relative to the center of their leaf     |
/// | `mass`    | `[n]`     | masses in Z-order                                              |
/// | `size`    | `[n]`     | radii in Z-order; empty when sizes do not count                |
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) order: Order,
    pub(crate) cells: Vec<Cell>,
    pub(crate) moments: Vec<Series>,
    pub(crate) x: Vec<f32>,
    pub(crate) y: Vec<f32>,
    pub(crate) mass: Vec<f32>,
    pub(crate) size: Vec<f32>,
    extents: Vec<Extent>,
    leaf_of: Vec<u32>,
}

impl Tree {
    /// Rebuilds the tree over bodies at `(x, y)` with `mass`, and `size` if sizes count.
    ///
    /// O(n log n) time for the sort, O(n) for the rest.
    pub(crate) fn build(&mut self, x: &[f64], y: &[f64], mass: &[f64], size: Option<&[f64]>) {
        self.order.sort(x, y);
        self.split();
        let n = self.order.len();
        self.leaf_of.resize(n, 0);
        for (index, cell) in self.cells.iter().enumerate() {
            if cell.is_leaf() {
                self.leaf_of[cell.bodies()].fill(index as u32);
            }
        }
        self.measure(x, y, mass, size);

        let (cells, leaf_of) = (&self.cells, &self.leaf_of);
        let relative = |values: &[f64], center: fn(&Cell) -> f64, to: &mut Vec<f32>| {
            self.order
                .nodes()
                .zip(leaf_of)
                .with_min_len(4096)
                .map(|(u, &leaf)| (values[u] - center(&cells[leaf as usize])) as f32)
                .collect_into_vec(to);
        };
        relative(x, |cell| cell.center.re, &mut self.x);
        relative(y, |cell| cell.center.im, &mut self.y);
        relative(mass, |_| 0.0, &mut self.mass);
        match size {
            Some(size) => relative(size, |_| 0.0, &mut self.size),
            None => self.size.clear(),
        }
    }

    /// Makes the cells, breadth first.
    fn split(&mut self) {
        self.cells.clear();
        let n = self.order.len();
        if n == 0 {
            return;
        }
        self.cells.push(Cell { end: n as u32, ..Cell::default() });
        let mut next = 0;
        while next < self.cells.len() {
            let (begin, end) = (self.cells[next].begin as usize, self.cells[next].end as usize);
            let level = (end - begin > LEAF).then(|| self.order.split_level(begin, end)).flatten();
            if let Some(level) = level {
                let first_child = self.cells.len();
                let mut from = begin;
                for quadrant in 1..=4 {
                    let to = match quadrant {
                        4 => end,
                        _ => self.order.quadrant(from, end, level, quadrant),
                    };
                    if from < to {
                        let cell = Cell { begin: from as u32, end: to as u32, ..Cell::default() };
                        self.cells.push(cell);
                    }
                    from = to;
                }
                self.cells[next].first_child = first_child as u32;
                self.cells[next].n_children = (self.cells.len() - first_child) as u32;
            }
            next += 1;
        }
    }

    /// Centers, radii and moments: leaves in parallel from their bodies, the rest from children.
    fn measure(&mut self, x: &[f64], y: &[f64], mass: &[f64], size: Option<&[f64]>) {
        let order = &self.order;
        let measured = self.cells.par_iter_mut().with_min_len(64).map(|cell| {
            if !cell.is_leaf() {
                return (Extent::NOTHING, Series::default());
            }
            let mut extent = Extent::NOTHING;
            for u in cell.bodies().map(|i| order.node(i)) {
                let at = Complex::new(x[u], y[u]);
                let size = size.map_or(0.0, |size| size[u]);
                extent = extent.join(Extent { low: at, high: at, size });
            }
            cell.center = (extent.low + extent.high).scale(0.5);
            let mut moments = Series::default();
            let mut radius_squared: f64 = 0.0;
            for u in cell.bodies().map(|i| order.node(i)) {
                let offset = Complex::new(x[u], y[u]) - cell.center;
                radius_squared = radius_squared.max(offset.norm_squared());
                add_mass(&mut moments, mass[u], offset);
            }
            cell.radius = radius_squared.sqrt() + extent.size;
            (extent, moments)
        });
        measured.unzip_into_vecs(&mut self.extents, &mut self.moments);

        for parent in (0..self.cells.len()).rev() {
            let children = self.cells[parent].children();
            if children.is_empty() {
                continue;
            }
            let extent = self.extents[children.clone()]
                .iter()
                .fold(Extent::NOTHING, |extent, &child| extent.join(child));
            let center = (extent.low + extent.high).scale(0.5);
            let mut moments = Series::default();
            let mut radius: f64 = 0.0;
            for child in children {
                let cell = &self.cells[child];
                let offset = cell.center - center;
                radius = radius.max(offset.norm() + cell.radius);
                add_moments(&mut moments, &self.moments[child], offset);
            }
            let half_diagonal = (extent.high - center).norm() + extent.size;
            self.cells[parent].center = center;
            self.cells[parent].radius = radius.min(half_diagonal);
            self.extents[parent] = extent;
            self.moments[parent] = moments;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tree(points: &[(f64, f64)]) -> Tree {
        let (x, y): (Vec<_>, Vec<_>) = points.iter().copied().unzip();
        let mut tree = Tree::default();
        tree.build(&x, &y, &vec![1.0; x.len()], None);
        tree
    }

    proptest! {
        #[test]
        fn children_partition_their_parent_and_stay_in_its_circle(points in prop::collection::vec((-9.0..9.0f64, -9.0..9.0f64), 1..500)) {
            let tree = tree(&points);
            for cell in &tree.cells {
                for i in cell.bodies() {
                    let (x, y) = points[tree.order.node(i)];
                    let distance = (Complex::new(x, y) - cell.center).norm();
                    prop_assert!(distance <= cell.radius * (1.0 + 1e-12));
                }
                if cell.is_leaf() {
                    prop_assert!(cell.bodies().len() <= LEAF);
                    continue;
                }
                let mut at = cell.begin;
                for child in &tree.cells[cell.children()] {
                    prop_assert_eq!(child.begin, at);
                    at = child.end;
                }
                prop_assert_eq!(at, cell.end);
            }
        }

        /// No mass is lost on the way up, wherever bodies coincide.
        #[test]
        fn the_root_holds_all_mass(points in prop::collection::vec((0..3u8, 0..3u8), 1..300)) {
            let points: Vec<_> = points.iter().map(|&(x, y)| (x.into(), y.into())).collect();
            let tree = tree(&points);
            prop_assert!((tree.moments[0][0].re - points.len() as f64).abs() < 1e-9);
        }
    }

    #[test]
    fn coincident_bodies_end_in_one_leaf() {
        let tree = tree(&[(1.0, 1.0); 100]);
        assert_eq!(tree.cells.len(), 1);
        assert_eq!(tree.cells[0].radius, 0.0);
    }
}
