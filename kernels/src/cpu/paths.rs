//! Lengths of shortest paths.

/// Goes over all edges until nothing changes.
pub(crate) fn lengths<E>(
    offsets: &[u32],
    sources: &[u32],
    weights: Option<&[f32]>,
    starts: &[u32],
    mut stop: impl FnMut(u64) -> Result<(), E>,
) -> Result<Vec<f64>, E> {
    let mut lengths = vec![f64::INFINITY; offsets.len() - 1];
    for &u in starts {
        lengths[u as usize] = 0.0;
    }
    let (mut has_changed, mut rounds) = (!starts.is_empty(), 0);
    while has_changed {
        stop(rounds)?;
        has_changed = false;
        rounds += 1;
        for v in 0..lengths.len() {
            for e in offsets[v] as usize..offsets[v + 1] as usize {
                let weight = weights.map_or(1.0, |weights| f64::from(weights[e]));
                let length = lengths[sources[e] as usize] + weight;
                if length < lengths[v] {
                    lengths[v] = length;
                    has_changed = true;
                }
            }
        }
    }
    Ok(lengths)
}
