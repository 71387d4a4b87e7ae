//! What each node does in an iteration of PageRank, besides gathering.

/// Ranks, what is given of them, how much they moved in all, and what is stuck.
pub(crate) fn step(
    (gathered, per_weight, start): (&[f32], &[f32], Option<&[f32]>),
    (damping, anew): (f32, f32),
    rank: &mut [f32],
    given: &mut [f32],
) -> (f64, f64) {
    let (mut moved, mut stuck) = (0.0, 0.0);
    for (u, (rank, given)) in rank.iter_mut().zip(given).enumerate() {
        let next = damping * gathered[u] + anew * start.map_or(1.0, |start| start[u]);
        moved += f64::from((next - *rank).abs());
        if per_weight[u] == 0.0 {
            stuck += f64::from(next);
        }
        (*rank, *given) = (next, next * per_weight[u]);
    }
    (moved, stuck)
}
