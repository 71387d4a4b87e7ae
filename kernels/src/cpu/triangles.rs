//! Triangles of rows of smaller numbers.

/// Looks for each pair of every row's entries.
pub(crate) fn counts(offsets: &[u32], targets: &[u32]) -> Vec<u64> {
    let row = |u: usize| &targets[offsets[u] as usize..offsets[u + 1] as usize];
    let mut counts = vec![0; offsets.len() - 1];
    for u in 0..counts.len() {
        for (at, &v) in row(u).iter().enumerate() {
            for &w in &row(u)[..at] {
                if row(v as usize).binary_search(&w).is_ok() {
                    counts[u] += 1;
                    counts[v as usize] += 1;
                    counts[w as usize] += 1;
                }
            }
        }
    }
    counts
}
