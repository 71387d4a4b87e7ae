//! Which cells of the plane are taken, and in which order to try them.

/// Taken cells of a plane that grows on demand; cell (0, 0) is in the middle.
#[derive(Debug)]
pub(super) struct Grid {
    /// Cells `-half..half` on both axes are stored; all others are free. A multiple of 64.
    half: i32,
    /// One bit per cell, by row, 64 cells in a word.
    bits: Vec<u64>,
}

impl Grid {
    pub(super) fn new() -> Self {
        let half = 64;
        Self { half, bits: vec![0; Self::words(half)] }
    }

    fn words(half: i32) -> usize {
        let side = 2 * half as usize;
        side * side / 64
    }

    /// Whether all cells of a shape, put with its corner at `spot`, are free.
    pub(super) fn is_free(&self, shape: &[[i32; 2]], spot: [i32; 2]) -> bool {
        shape.iter().zip(spot[1]..).all(|(&[low, high], row)| {
            let (low, high) = (low + spot[0], high + spot[0]);
            if row < -self.half || row >= self.half || low >= self.half || high <= -self.half {
                return true;
            }
            let (low, high) = (low.max(-self.half), high.min(self.half));
            words_of(low + self.half, high + self.half)
                .all(|(word, mask)| self.bits[self.row_start(row) + word] & mask == 0)
        })
    }

    /// Takes all cells of a shape put with its corner at `spot`.
    pub(super) fn take(&mut self, shape: &[[i32; 2]], spot: [i32; 2]) {
        let reach = shape
            .iter()
            .zip(spot[1]..)
            .flat_map(|(&[low, high], row)| [low + spot[0], high + spot[0], row, row + 1])
            .map(i32::abs)
            .max()
            .unwrap_or(0);
        while self.half < reach {
            self.grow();
        }
        for (&[low, high], row) in shape.iter().zip(spot[1]..) {
            let start = self.row_start(row);
            let (low, high) = (low + spot[0] + self.half, high + spot[0] + self.half);
            for (word, mask) in words_of(low, high) {
                self.bits[start + word] |= mask;
            }
        }
    }

    fn row_start(&self, row: i32) -> usize {
        (row + self.half) as usize * (2 * self.half as usize / 64)
    }

    fn grow(&mut self) {
        let mut larger = Self { half: 2 * self.half, bits: vec![0; Self::words(2 * self.half)] };
        let words = 2 * self.half as usize / 64;
        for row in -self.half..self.half {
            let (from, to) = (self.row_start(row), larger.row_start(row) + words / 2);
            larger.bits[to..to + words].copy_from_slice(&self.bits[from..from + words]);
        }
        *self = larger;
    }
}

/// Words of a row that bits `low..high` touch, each with the mask of those bits.
fn words_of(low: i32, high: i32) -> impl Iterator<Item = (usize, u64)> {
    let (low, high) = (low as usize, high as usize);
    (low / 64..high.div_ceil(64)).map(move |word| {
        let from = low.saturating_sub(word * 64);
        let to = (high - word * 64).min(64);
        (word, (u64::MAX << from) & (u64::MAX >> (64 - to)))
    })
}

/// Cells by distance from the middle, nearest first; distance is measured so that the cells
/// within it form an ellipse of the given aspect. Computed ring by ring, on demand.
#[derive(Debug)]
pub(super) struct Spiral {
    aspect: f64,
    cells: Vec<[i32; 2]>,
    rings: u32,
}

impl Spiral {
    pub(super) fn new(aspect: f64) -> Self {
        Self { aspect, cells: vec![], rings: 0 }
    }

    /// The cell that comes at place `index`.
    pub(super) fn get(&mut self, index: usize) -> [i32; 2] {
        while self.cells.len() <= index {
            self.add_ring();
        }
        self.cells[index]
    }

    /// Adds the cells whose distance, rounded down, is `rings`.
    fn add_ring(&mut self) {
        let (inner, outer) = (f64::from(self.rings).powi(2), f64::from(self.rings + 1).powi(2));
        let squared = |column: i32, row: i32| {
            f64::from(column).powi(2) / self.aspect + f64::from(row).powi(2) * self.aspect
        };
        let mut ring = vec![];
        let last_row = (outer / self.aspect).sqrt() as i32;
        for row in -last_row..=last_row {
            let rest = |bound: f64| {
                let left = bound - f64::from(row).powi(2) * self.aspect;
                (left.max(0.0) * self.aspect).sqrt() as i32
            };
            // One cell of slack on each side; the distance itself decides.
            for column in (rest(inner) - 1).max(0)..=rest(outer) + 1 {
                let distance = squared(column, row);
                if inner <= distance && distance < outer {
                    ring.push((distance, [column, row]));
                    if column > 0 {
                        ring.push((distance, [-column, row]));
                    }
                }
            }
        }
        ring.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        self.cells.extend(ring.into_iter().map(|(_, cell)| cell));
        self.rings += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Oracle: a set of cells.
        #[test]
        fn the_grid_remembers_what_is_taken(
            pieces in prop::collection::vec(
                (prop::collection::vec((0..90i32, 1..200i32), 1..9), -150..150i32, -150..150i32),
                1..20,
            ),
        ) {
            let mut grid = Grid::new();
            let mut cells = HashSet::new();
            for (rows, column, row) in pieces {
                let shape: Vec<_> = rows.iter().map(|&(low, width)| [low, low + width]).collect();
                let mine: Vec<_> = shape
                    .iter()
                    .zip(row..)
                    .flat_map(|(&[low, high], row)| (low..high).map(move |c| (c + column, row)))
                    .collect();
                let free = mine.iter().all(|cell| !cells.contains(cell));
                prop_assert_eq!(grid.is_free(&shape, [column, row]), free);
                if free {
                    grid.take(&shape, [column, row]);
                    cells.extend(mine);
                }
            }
        }
    }

    #[test]
    fn the_spiral_visits_every_cell_once_and_from_the_middle_out() {
        for aspect in [0.3, 1.0, 2.5] {
            let mut spiral = Spiral::new(aspect);
            let cells: Vec<_> = (0..2000).map(|index| spiral.get(index)).collect();
            let distance = |[c, r]: [i32; 2]| f64::from(c * c) / aspect + f64::from(r * r) * aspect;
            assert!(cells.windows(2).all(|pair| distance(pair[0]) <= distance(pair[1])));
            let seen: HashSet<_> = cells.iter().copied().collect();
            assert_eq!(seen.len(), cells.len());
            let bound = distance(cells[1999]);
            for cell in (-99..99).flat_map(|c| (-99..99).map(move |r| [c, r])) {
                assert!(distance(cell) >= bound || seen.contains(&cell), "{cell:?} is left out");
            }
        }
    }
}
