//! Sparse matrix times vector: each node gathers from its neighbors, in the order of its row.

use graph_core::NodeId;

use super::rows::Rows;

/// A number that is gathered: `f32` halves the memory that random reads go to, `f64` is exact.
pub(crate) trait Gathered: Copy + Send + Sync + Default {
    fn of(value: f64) -> Self;
    fn wide(self) -> f64;
}

impl Gathered for f32 {
    fn of(value: f64) -> Self {
        value as Self
    }

    fn wide(self) -> f64 {
        self.into()
    }
}

impl Gathered for f64 {
    fn of(value: f64) -> Self {
        value
    }

    fn wide(self) -> f64 {
        self
    }
}

/// `Σ weight · values[v]` over the row of `u`, added up in `f64`.
///
/// Four sums run side by side, because additions that wait for one another are slower than reads.
pub(crate) fn gather<T: Gathered>(rows: Rows, u: NodeId, values: &[T]) -> f64 {
    let row = rows.row(u);
    let targets = &rows.targets[row.clone()];
    let mut sums = [0.0; 4];
    let value = |v: &NodeId| values[*v as usize].wide();
    if let Some(weights) = rows.weights {
        let weights = &weights[row];
        let (targets, last) = targets.as_chunks::<4>();
        let (weights, last_weights) = weights.as_chunks::<4>();
        for (targets, weights) in targets.iter().zip(weights) {
            for lane in 0..4 {
                sums[lane] += f64::from(weights[lane]) * value(&targets[lane]);
            }
        }
        for (lane, (v, &w)) in last.iter().zip(last_weights).enumerate() {
            sums[lane] += f64::from(w) * value(v);
        }
    } else {
        let (targets, last) = targets.as_chunks::<4>();
        for targets in targets {
            for lane in 0..4 {
                sums[lane] += value(&targets[lane]);
            }
        }
        for (lane, v) in last.iter().enumerate() {
            sums[lane] += value(v);
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_counts_once_whatever_the_length_of_the_row() {
        for length in 0..11_u32 {
            let targets: Vec<u32> = (0..length).rev().collect();
            let weights: Vec<f32> = (0..length).map(|i| (i * i) as f32).collect();
            let values: Vec<f32> = (0..length).map(|i| 1.0 + i as f32).collect();
            let offsets = [0, length];
            let plain = Rows { offsets: &offsets, targets: &targets, weights: None };
            let weighted = Rows { weights: Some(&weights), ..plain };
            let expected: u32 = (0..length).map(|i| 1 + i).sum();
            assert_eq!(gather(plain, 0, &values), f64::from(expected));
            let expected: u32 = (0..length).map(|i| i * i * (length - i)).sum();
            assert_eq!(gather(weighted, 0, &values), f64::from(expected));
        }
    }
}
