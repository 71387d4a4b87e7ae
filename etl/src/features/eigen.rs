//! Leading eigenvectors of symmetric operators, by iterating a subspace.

use graph_core::generate::Random;
use rayon::prelude::*;

use crate::{Control, Result};

/// Sums over columns are made in pieces of this length, then over pieces.
const PIECE: usize = 1 << 12;

/// Directions that are iterated beyond those asked for: the more, the faster the others settle.
const SPARE: usize = 6;

/// The `count` largest eigenvalues of a positive semidefinite operator on vectors of length `n`,
/// descending, and their eigenvectors: columns of length `n`, whose largest entry is positive.
///
/// Ends after `max_steps`, or when no eigenvalue changes by more than `tolerance` of the largest.
/// Source: Halko, Martinsson, Tropp 2011, doi:10.1137/090771806, subspace iteration.
pub(super) fn leading(
    n: usize,
    count: usize,
    max_steps: u32,
    tolerance: f64,
    control: &Control,
    apply: impl Fn(&[f64]) -> Vec<f64> + Sync,
) -> Result<(Vec<f64>, Vec<Vec<f64>>)> {
    let count = count.min(n);
    if count == 0 {
        return Ok((Vec::new(), Vec::new()));
    }
    let width = (count + SPARE).min(n);
    let mut basis: Vec<Vec<f64>> = (0..width)
        .map(|column| {
            let mut random = Random::new(0, column as u64);
            (0..n).map(|_| random.unit() - 0.5).collect()
        })
        .collect();
    orthonormalize(&mut basis);
    let mut values = vec![0.0; width];
    for step in 0..max_steps.max(1) {
        let images: Vec<Vec<f64>> = basis.par_iter().map(|column| apply(column)).collect();
        let small: Vec<Vec<f64>> =
            basis.iter().map(|a| images.iter().map(|b| dot(a, b)).collect()).collect();
        let (found, rotation) = jacobi(small);
        let change = found.iter().zip(&values).map(|(a, b)| (a - b).abs()).take(count);
        let settled = change.fold(0.0, f64::max) <= tolerance * found[0].abs();
        values = found;
        basis = rotation.iter().map(|weights| combine(&images, weights)).collect();
        orthonormalize(&mut basis);
        control.step("eigenvector steps", u64::from(step) + 1, Some(max_steps.into()))?;
        if settled {
            break;
        }
    }
    values.truncate(count);
    basis.truncate(count);
    for column in &mut basis {
        let largest =
            column.iter().copied().fold(0.0, |a: f64, b| if b.abs() > a.abs() { b } else { a });
        if largest < 0.0 {
            for value in column {
                *value = -*value;
            }
        }
    }
    Ok((values, basis))
}

/// Sum of products, the same for any number of threads.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let pieces = a.par_chunks(PIECE).zip(b.par_chunks(PIECE));
    let sums: Vec<f64> = pieces.map(|(a, b)| a.iter().zip(b).map(|(a, b)| a * b).sum()).collect();
    sums.into_iter().sum()
}

/// Sum of `columns` times `weights`.
fn combine(columns: &[Vec<f64>], weights: &[f64]) -> Vec<f64> {
    let n = columns[0].len();
    (0..n)
        .into_par_iter()
        .with_min_len(PIECE)
        .map(|row| columns.iter().zip(weights).map(|(column, weight)| column[row] * weight).sum())
        .collect()
}

/// Gram–Schmidt, each column twice; a column that is a sum of those before it becomes 0.
fn orthonormalize(columns: &mut [Vec<f64>]) {
    for at in 0..columns.len() {
        let (before, rest) = columns.split_at_mut(at);
        let column = &mut rest[0];
        let length = dot(column, column).sqrt();
        for _ in 0..2 {
            for other in &*before {
                let share = dot(other, column);
                for (value, other) in column.iter_mut().zip(other) {
                    *value -= share * other;
                }
            }
        }
        let left = dot(column, column).sqrt();
        let scale = if left > 1e-12 * length { left.recip() } else { 0.0 };
        for value in column {
            *value *= scale;
        }
    }
}

/// Eigenvalues of a small symmetric matrix, descending, and the eigenvector of each.
///
/// Cyclic Jacobi rotations: Golub, Van Loan, Matrix Computations, section 8.5.
fn jacobi(mut a: Vec<Vec<f64>>) -> (Vec<f64>, Vec<Vec<f64>>) {
    const MOST_SWEEPS: usize = 64;
    let n = a.len();
    // Rows are eigenvectors.
    let mut vectors: Vec<Vec<f64>> = (0..n)
        .map(|row| (0..n).map(|column| f64::from(u8::from(row == column))).collect())
        .collect();
    for _ in 0..MOST_SWEEPS {
        let square = |p: usize, q: usize| a[p][q] * a[p][q];
        let off: f64 =
            (0..n).flat_map(|p| (0..p).map(move |q| (p, q))).map(|(p, q)| square(p, q)).sum();
        let all: f64 = (0..n).map(|p| square(p, p)).sum();
        if off <= 1e-30 * all {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                if a[p][q] == 0.0 {
                    continue;
                }
                let slope = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
                let tangent = slope.signum() / (slope.abs() + slope.hypot(1.0));
                let cosine = tangent.hypot(1.0).recip();
                let sine = tangent * cosine;
                let rotate = |x: f64, y: f64| (cosine * x - sine * y, sine * x + cosine * y);
                for row in &mut a {
                    (row[p], row[q]) = rotate(row[p], row[q]);
                }
                for matrix in [&mut a, &mut vectors] {
                    let (above, below) = matrix.split_at_mut(q);
                    for (x, y) in above[p].iter_mut().zip(&mut below[0]) {
                        (*x, *y) = rotate(*x, *y);
                    }
                }
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&p, &q| a[q][q].total_cmp(&a[p][p]));
    (
        order.iter().map(|&at| a[at][at]).collect(),
        order.iter().map(|&at| vectors[at].clone()).collect(),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// `A v = λ v` for all pairs, and the values descend.
        #[test]
        fn pairs_are_eigenpairs(values in prop::collection::vec(-1.0..1.0_f64, 64)) {
            // B Bᵀ is positive semidefinite.
            let b = |row: usize, column: usize| values[row * 8 + column];
            let a: Vec<Vec<f64>> = (0..8)
                .map(|row| (0..8).map(|column| (0..8).map(|at| b(row, at) * b(column, at)).sum()).collect())
                .collect();
            let apply = |x: &[f64]| a.iter().map(|row| dot(row, x)).collect::<Vec<f64>>();
            let (found, vectors) = leading(8, 3, 1000, 1e-15, &Control::NONE, apply).unwrap();
            prop_assert!(found.is_sorted_by(|a, b| a >= b));
            let trace: f64 = (0..8).map(|at| a[at][at]).sum();
            for (value, vector) in found.iter().zip(&vectors) {
                prop_assert!((dot(vector, vector) - 1.0).abs() < 1e-9);
                for (image, x) in apply(vector).iter().zip(vector) {
                    prop_assert!((image - value * x).abs() < 1e-5 * trace, "{} {}", image, value * x);
                }
            }
            let all = leading(8, 8, 1000, 1e-15, &Control::NONE, apply).unwrap().0;
            prop_assert!((all.iter().sum::<f64>() - trace).abs() < 1e-9 * trace.max(1.0));
        }
    }
}
