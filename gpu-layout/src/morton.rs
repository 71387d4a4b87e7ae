//! Z-order of points: neighbors in the plane become neighbors in memory.

use rayon::prelude::*;

/// Finest grid, as bits per axis; a node's index shares the 64 bits with its key.
const MAX_BITS: u32 = 22;

/// Points in Z-order.
#[derive(Debug, Default)]
pub(crate) struct Order {
    /// Key above, node below; ascending, so equal keys are in node order. Shape `[n]`.
    entries: Vec<u64>,
    /// Bits of an entry that name the node.
    index_bits: u32,
    /// Grid resolution: bits of the key per axis.
    bits: u32,
}

impl Order {
    /// Sorts the points `(x, y)`, each of shape `[n]` and finite. O(n log n) time.
    pub(crate) fn sort(&mut self, x: &[f64], y: &[f64]) {
        let n = x.len();
        self.index_bits = usize::BITS - n.saturating_sub(1).leading_zeros();
        self.bits = MAX_BITS.min((u64::BITS - self.index_bits) / 2);
        let bounds = |values: &[f64]| {
            values
                .par_iter()
                .copied()
                .fold(|| (f64::MAX, f64::MIN), min_max)
                .reduce(|| (f64::MAX, f64::MIN), |a, b| (a.0.min(b.0), a.1.max(b.1)))
        };
        let ((x0, x1), (y0, y1)) = (bounds(x), bounds(y));
        let width = (x1 - x0).max(y1 - y0);
        let cells = f64::from(1_u32 << self.bits);
        // Just below the grid's size over the width, so that the far edge stays inside.
        let scale = if width > 0.0 { cells * (1.0 - f64::EPSILON) / width } else { 0.0 };
        let (index_bits, last) = (self.index_bits, (1_u64 << self.bits) - 1);
        let cell = move |value: f64, low: f64| (((value - low) * scale) as u64).min(last);
        x.par_iter()
            .zip(y)
            .enumerate()
            .with_min_len(4096)
            .map(|(u, (&x, &y))| {
                let key = spread(cell(x, x0)) | spread(cell(y, y0)) << 1;
                // A graph of 2^32 nodes leaves 16 bits an axis; the shift never reaches 64.
                key << index_bits | u as u64
            })
            .collect_into_vec(&mut self.entries);
        self.entries.par_sort_unstable();
    }

    /// Number of points.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Node at rank `i` of the order.
    pub(crate) fn node(&self, i: usize) -> usize {
        (self.entries[i] & ((1 << self.index_bits) - 1)) as usize
    }

    /// Nodes by rank.
    pub(crate) fn nodes(&self) -> impl IndexedParallelIterator<Item = usize> + '_ {
        let mask = (1 << self.index_bits) - 1;
        self.entries.par_iter().map(move |&entry| (entry & mask) as usize)
    }

    /// First rank in `begin..end` whose key at `level` (0 is the root's children) names a
    /// quadrant of at least `quadrant`, given that the ranks share all coarser levels.
    pub(crate) fn quadrant(&self, begin: usize, end: usize, level: u32, quadrant: u64) -> usize {
        let shift = self.index_bits + 2 * (self.bits - 1 - level);
        let below = |entry: &u64| entry >> shift & 3 < quadrant;
        begin + self.entries[begin..end].partition_point(below)
    }

    /// The coarsest level at which the ranks `begin..end` fall into different quadrants, or
    /// `None` if they share one cell of the finest grid.
    pub(crate) fn split_level(&self, begin: usize, end: usize) -> Option<u32> {
        let differ = (self.entries[begin] ^ self.entries[end - 1]) >> self.index_bits;
        (differ != 0).then(|| {
            let top = u64::BITS - 1 - differ.leading_zeros();
            self.bits - 1 - top / 2
        })
    }
}

fn min_max((low, high): (f64, f64), value: f64) -> (f64, f64) {
    (low.min(value), high.max(value))
}

/// Moves bit `i` of a 32-bit number to bit `2 i`.
fn spread(value: u64) -> u64 {
    let mut v = value & 0xffff_ffff;
    v = (v | v << 16) & 0x0000_ffff_0000_ffff;
    v = (v | v << 8) & 0x00ff_00ff_00ff_00ff;
    v = (v | v << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    v = (v | v << 2) & 0x3333_3333_3333_3333;
    (v | v << 1) & 0x5555_5555_5555_5555
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Oracle: bit by bit.
        #[test]
        fn spread_moves_every_bit(value in any::<u32>()) {
            let slow = (0..32).fold(0_u64, |key, i| key | u64::from(value >> i & 1) << (2 * i));
            prop_assert_eq!(spread(value.into()), slow);
        }

        #[test]
        fn the_order_names_every_node_once(points in prop::collection::vec((-9.0..9.0f64, -9.0..9.0f64), 1..200)) {
            let (x, y): (Vec<_>, Vec<_>) = points.iter().copied().unzip();
            let mut order = Order::default();
            order.sort(&x, &y);
            let mut nodes: Vec<_> = (0..order.len()).map(|i| order.node(i)).collect();
            nodes.sort_unstable();
            prop_assert_eq!(nodes, (0..x.len()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn coincident_points_share_a_cell_and_keep_node_order() {
        let mut order = Order::default();
        order.sort(&[1.0; 5], &[2.0; 5]);
        assert_eq!((0..5).map(|i| order.node(i)).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        assert_eq!(order.split_level(0, 5), None);
    }

    #[test]
    fn four_corners_split_at_the_root() {
        let mut order = Order::default();
        order.sort(&[1.0, 0.0, 1.0, 0.0], &[1.0, 1.0, 0.0, 0.0]);
        assert_eq!((0..4).map(|i| order.node(i)).collect::<Vec<_>>(), [3, 2, 1, 0]);
        assert_eq!(order.split_level(0, 4), Some(0));
        let starts: Vec<_> = (0..4).map(|q| order.quadrant(0, 4, 0, q)).collect();
        assert_eq!(starts, [0, 1, 2, 3]);
    }
}
