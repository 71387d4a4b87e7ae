//! A sparse matrix times a vector.

use rayon::prelude::*;

pub(crate) fn spmv(
    offsets: &[u32],
    columns: &[u32],
    weights: Option<&[f32]>,
    x: &[f32],
    y: &mut [f32],
) {
    y.par_iter_mut().zip(offsets.par_windows(2)).for_each(|(y, ends)| {
        let entries = ends[0] as usize..ends[1] as usize;
        *y = entries.map(|e| weights.map_or(1.0, |w| w[e]) * x[columns[e] as usize]).sum();
    });
}
