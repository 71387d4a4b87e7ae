//! Rows of a sparse matrix out of a list of entries, and turned around.

use rayon::prelude::*;

/// Sorted entries, and which of the old ones each is.
pub(crate) struct Sorted {
    pub(crate) offsets: Vec<u32>,
    pub(crate) columns: Vec<u32>,
    pub(crate) order: Vec<u32>,
}

pub(crate) fn from_coo(n_rows: usize, rows: &[u32], columns: &[u32]) -> Sorted {
    let mut order: Vec<u32> = (0..rows.len() as u32).collect();
    order.par_sort_by_key(|&entry| (rows[entry as usize], columns[entry as usize]));
    let mut offsets = vec![0; n_rows + 1];
    for &row in rows {
        offsets[row as usize + 1] += 1;
    }
    for row in 0..n_rows {
        offsets[row + 1] += offsets[row];
    }
    let columns = order.iter().map(|&entry| columns[entry as usize]).collect();
    Sorted { offsets, columns, order }
}

pub(crate) fn transpose(n_columns: usize, offsets: &[u32], columns: &[u32]) -> Sorted {
    let rows = (0..).zip(offsets.windows(2));
    let rows: Vec<u32> = rows
        .flat_map(|(row, ends)| std::iter::repeat_n(row, (ends[1] - ends[0]) as usize))
        .collect();
    from_coo(n_columns, columns, &rows)
}
