//! Dense submatrices: rows `R` and columns `C` whose counts, divided by `√(|R| |C|)`, are many.

use super::matrix::{LANES, Matrix};

/// What a search needs beside the matrix; it is kept so that nothing is allocated.
#[derive(Debug, Clone)]
pub(super) struct Expansion {
    /// For each row that is not taken, its sum over the columns that are; −∞ for all else.
    rows: Vec<f64>,
    /// For each column that is not taken, its sum over the rows that are; −∞ for all else.
    columns: Vec<f64>,
}

impl Expansion {
    pub(super) fn new(buckets: usize) -> Self {
        let nothing = vec![f64::NEG_INFINITY; buckets.next_multiple_of(LANES)];
        Self { rows: nothing.clone(), columns: nothing }
    }

    pub(super) fn n_bytes(&self) -> usize {
        size_of_val(&self.rows[..]) + size_of_val(&self.columns[..])
    }

    /// The largest density met while a submatrix grows from the entry `(r, c)` to the whole matrix,
    /// each step taking the row or column with the largest sum over what is taken already; of equal
    /// ones a row, and of these the last.
    ///
    /// At most `2 b` steps of O(b). It ends as soon as even all counts together, in a submatrix
    /// that is one row or column larger than now, would not be as dense as what was met: where
    /// counts are uneven, that is after a few steps.
    #[inline(always)]
    pub(super) fn densest(&mut self, matrix: &Matrix, r: usize, c: usize) -> f64 {
        let b = matrix.buckets;
        self.rows[..b].copy_from_slice(&matrix.column(c)[..b]);
        self.columns[..b].copy_from_slice(&matrix.row(r)[..b]);
        self.rows[r] = f64::NEG_INFINITY;
        self.columns[c] = f64::NEG_INFINITY;
        let (mut n_rows, mut n_columns) = (1_usize, 1_usize);
        let mut sum = matrix.at(r, c);
        let mut best = sum;
        let (mut row, mut column) = (most(&self.rows), most(&self.columns));
        // Rounding of the total must not end the search too soon.
        let all = matrix.total * matrix.total * (1.0 + 1e-9);
        for _ in 0..2 * b - 2 {
            let next_area = n_rows * n_columns + n_rows.min(n_columns);
            if all <= best * best * next_area as f64 {
                break;
            }
            if row >= column {
                let r = last_of(&self.rows, row);
                sum += row;
                n_rows += 1;
                self.rows[r] = f64::NEG_INFINITY;
                row = most(&self.rows);
                column = add(&mut self.columns, matrix.row(r));
            } else {
                let c = last_of(&self.columns, column);
                sum += column;
                n_columns += 1;
                self.columns[c] = f64::NEG_INFINITY;
                column = most(&self.columns);
                row = add(&mut self.rows, matrix.column(c));
            }
            best = larger(best, sum / ((n_rows * n_columns) as f64).sqrt());
        }
        best
    }
}

#[inline(always)]
fn larger(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

/// The largest of the lanes.
#[inline(always)]
fn reduce(lanes: [f64; LANES]) -> f64 {
    let [a, b, c, d, e, f, g, h] = lanes;
    larger(larger(larger(a, e), larger(b, f)), larger(larger(c, g), larger(d, h)))
}

/// The largest number.
#[inline(always)]
fn most(values: &[f64]) -> f64 {
    let mut lanes = [f64::NEG_INFINITY; LANES];
    for chunk in values.as_chunks::<LANES>().0 {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            *lane = larger(*lane, value);
        }
    }
    reduce(lanes)
}

/// Adds `more` to `sums`, and gives the largest of these then.
#[inline(always)]
fn add(sums: &mut [f64], more: &[f64]) -> f64 {
    let mut lanes = [f64::NEG_INFINITY; LANES];
    for (sums, more) in sums.as_chunks_mut::<LANES>().0.iter_mut().zip(more.as_chunks::<LANES>().0)
    {
        for ((lane, sum), &more) in lanes.iter_mut().zip(sums).zip(more) {
            *sum += more;
            *lane = larger(*lane, *sum);
        }
    }
    reduce(lanes)
}

/// Where `value` is, for the last time.
#[inline(always)]
fn last_of(values: &[f64], value: f64) -> usize {
    let mut place = 0;
    for (chunk, values) in values.as_chunks::<LANES>().0.iter().enumerate() {
        let mut mask = 0_u8;
        for (lane, &other) in values.iter().enumerate() {
            mask |= u8::from(other == value) << lane;
        }
        if mask != 0 {
            place = chunk * LANES + LANES - 1 - mask.leading_zeros() as usize;
        }
    }
    place
}

/// The largest density met while rows and columns are taken away from the whole matrix, each time
/// the one with the smallest sum over what is left; of equal ones a row, and of these the first.
///
/// O(b²). Counts must be whole numbers, whose sums do not depend on their order.
pub(super) fn peel(matrix: &Matrix) -> f64 {
    let b = matrix.buckets;
    let mut rows: Vec<f64> = (0..b).map(|r| matrix.row(r).iter().sum()).collect();
    let mut columns: Vec<f64> = (0..b).map(|c| matrix.column(c).iter().sum()).collect();
    let (mut n_rows, mut n_columns) = (b, b);
    let mut sum: f64 = rows.iter().sum();
    let mut best: f64 = 0.0;
    while n_rows > 0 && n_columns > 0 {
        best = best.max(sum / ((n_rows * n_columns) as f64).sqrt());
        let (r, row) = least(&rows);
        let (c, column) = least(&columns);
        // What is taken away is set to infinity: it is the smallest never again.
        if row <= column {
            rows[r] = f64::INFINITY;
            n_rows -= 1;
            sum -= row;
            columns.iter_mut().zip(matrix.row(r)).for_each(|(sum, less)| *sum -= less);
        } else {
            columns[c] = f64::INFINITY;
            n_columns -= 1;
            sum -= column;
            rows.iter_mut().zip(matrix.column(c)).for_each(|(sum, less)| *sum -= less);
        }
    }
    best
}

/// The first of the smallest numbers, and where it is.
fn least(values: &[f64]) -> (usize, f64) {
    let mut least = (0, f64::INFINITY);
    for (place, &value) in values.iter().enumerate() {
        if value < least.1 {
            least = (place, value);
        }
    }
    least
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Counts from a list of edges, each a while after the one before.
    fn matrix(buckets: usize, edges: &[(usize, usize)], decay: f64) -> Matrix {
        let mut matrix = Matrix::new(buckets);
        for &(r, c) in edges {
            matrix.add(r % buckets, c % buckets);
            matrix.decay(decay);
        }
        matrix
    }

    /// The sum of the counts of `rows` and `columns`, one by one.
    fn sum(matrix: &Matrix, rows: &[usize], columns: &[usize]) -> f64 {
        rows.iter().flat_map(|&r| columns.iter().map(move |&c| matrix.at(r, c))).sum()
    }

    fn density(matrix: &Matrix, rows: &[usize], columns: &[usize]) -> f64 {
        match rows.len() * columns.len() {
            0 => 0.0,
            area => sum(matrix, rows, columns) / (area as f64).sqrt(),
        }
    }

    /// [`Expansion::densest`] as it is defined: all steps, every sum anew.
    fn naive_densest(matrix: &Matrix, r: usize, c: usize) -> f64 {
        let (mut rows, mut columns) = (vec![r], vec![c]);
        let mut best = density(matrix, &rows, &columns);
        let b = matrix.buckets;
        let last = |choices: Vec<(f64, usize)>| {
            choices.into_iter().max_by(|a, b| a.partial_cmp(b).unwrap())
        };
        while rows.len() < b || columns.len() < b {
            let free = |taken: &[usize]| (0..b).filter(|i| !taken.contains(i)).collect::<Vec<_>>();
            let row =
                last(free(&rows).into_iter().map(|r| (sum(matrix, &[r], &columns), r)).collect());
            let column =
                last(free(&columns).into_iter().map(|c| (sum(matrix, &rows, &[c]), c)).collect());
            match (row, column) {
                (Some((row, r)), column) if column.is_none_or(|(column, _)| row >= column) => {
                    rows.push(r);
                }
                (_, Some((_, c))) => columns.push(c),
                (_, None) => unreachable!("one of them is not all"),
            }
            best = best.max(density(matrix, &rows, &columns));
        }
        best
    }

    /// [`peel`] as it is defined: every sum anew.
    fn naive_peel(matrix: &Matrix) -> f64 {
        let all: Vec<usize> = (0..matrix.buckets).collect();
        let (mut rows, mut columns) = (all.clone(), all);
        let mut best = density(matrix, &rows, &columns);
        while !rows.is_empty() && !columns.is_empty() {
            let least = |sums: Vec<f64>| {
                (0..sums.len())
                    .reduce(|a, b| if sums[b] < sums[a] { b } else { a })
                    .map(|at| (at, sums[at]))
                    .unwrap()
            };
            let (r, row) = least(rows.iter().map(|&r| sum(matrix, &[r], &columns)).collect());
            let (c, column) = least(columns.iter().map(|&c| sum(matrix, &rows, &[c])).collect());
            if row <= column {
                rows.remove(r);
            } else {
                columns.remove(c);
            }
            best = best.max(density(matrix, &rows, &columns));
        }
        best
    }

    proptest! {
        #[test]
        fn expansion_is_that_of_the_definition(
            buckets in 1..13_usize,
            edges in prop::collection::vec((0..13_usize, 0..13_usize), 1..120),
            // Halves are exact, so that sums do not depend on their order and equal ones are equal.
            decay in prop::sample::select(vec![1.0, 0.5]),
        ) {
            let matrix = matrix(buckets, &edges, decay);
            let mut expansion = Expansion::new(buckets);
            for r in 0..buckets {
                for c in 0..buckets {
                    let (found, expected) = (expansion.densest(&matrix, r, c), naive_densest(&matrix, r, c));
                    prop_assert!((found - expected).abs() <= 1e-12 * expected, "{found} {expected}");
                }
            }
        }

        #[test]
        fn peeling_is_that_of_the_definition(
            buckets in 1..13_usize,
            edges in prop::collection::vec((0..13_usize, 0..13_usize), 0..120),
        ) {
            let matrix = matrix(buckets, &edges, 1.0);
            prop_assert_eq!(peel(&matrix), naive_peel(&matrix));
        }
    }

    #[test]
    fn a_block_is_found_from_a_corner_of_it() {
        let mut edges: Vec<_> = (0..4).flat_map(|r| (0..4).map(move |c| (r, c))).collect();
        edges.push((9, 9));
        let matrix = matrix(16, &edges, 1.0);
        assert_eq!(Expansion::new(16).densest(&matrix, 0, 3), 4.0);
        assert_eq!(peel(&matrix), 4.0);
    }
}
