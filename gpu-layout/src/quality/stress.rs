//! Normalized stress: are distances in the drawing proportional to distances in the graph?

use graph_core::NodeId;
use rayon::prelude::*;

use super::adjacency::Adjacency;
use super::sample::Sample;
use super::{Measure, QualityConfig};

/// Sums over the pairs that begin at one node, which is h edges and a distance d from the other.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    /// Σ d / h
    ratio: f64,
    /// Σ d² / h²
    squared: f64,
    n_pairs: f64,
}

/// See [`stress`](super::QualityReport::stress).
pub(super) fn measure(
    adjacency: &Adjacency,
    x: &[f32],
    y: &[f32],
    config: &QualityConfig,
) -> Option<Measure> {
    let n = adjacency.n_nodes();
    if adjacency.n_ends() == 0 {
        return None;
    }
    // Isolated nodes begin no pair.
    let linked: Vec<NodeId> = (0..n as NodeId).filter(|&u| adjacency.degree(u) > 0).collect();
    let steps = linked.len() as u64 * (linked.len() + adjacency.n_ends()) as u64;
    let sample = Sample::within_budget(linked, steps, config, 3);
    let sums: Vec<Sums> = sample
        .nodes
        .par_iter()
        .map_init(
            || (vec![u32::MAX; n], vec![]),
            |(hops, queue), &source| search(adjacency, x, y, source, hops, queue),
        )
        .collect();

    let size = sums.len() as f64;
    let mean = |part: fn(&Sums) -> f64| sums.iter().map(part).sum::<f64>() / size;
    let (ratio, squared, n_pairs) = (mean(|s| s.ratio), mean(|s| s.squared), mean(|s| s.n_pairs));
    let sample_size = sums.len() as u64;
    if squared == 0.0 {
        // All in one point: no scale helps.
        let exact = sample.is_all();
        return Some(Measure { value: 1.0, standard_error: 0.0, exact, sample_size });
    }
    // Least over s of Σ (s d / h − 1)², per pair; the best s is Σ d/h over Σ d²/h².
    // At most 1 but for rounding (Cauchy and Schwarz).
    let explained = (ratio * ratio / (squared * n_pairs)).min(1.0);
    // The estimate is a function of three means; to first order it errs by this sum per node.
    let deviations = sums
        .iter()
        .map(|s| explained * (s.squared / squared + s.n_pairs / n_pairs - 2.0 * s.ratio / ratio));
    Some(Measure {
        value: 1.0 - explained,
        standard_error: sample.standard_error(deviations),
        exact: sample.is_all(),
        sample_size,
    })
}

/// Breadth-first search from `source`. `hops` is all `MAX` before and after.
fn search(
    adjacency: &Adjacency,
    x: &[f32],
    y: &[f32],
    source: NodeId,
    hops: &mut [u32],
    queue: &mut Vec<NodeId>,
) -> Sums {
    let at = |u: NodeId| [f64::from(x[u as usize]), f64::from(y[u as usize])];
    let from = at(source);
    let mut sums = Sums::default();
    hops[source as usize] = 0;
    queue.push(source);
    let mut next = 0;
    while let Some(&u) = queue.get(next) {
        next += 1;
        let h = hops[u as usize];
        if h > 0 {
            let [ux, uy] = at(u);
            let squared = (ux - from[0]).powi(2) + (uy - from[1]).powi(2);
            let h = f64::from(h);
            sums.ratio += squared.sqrt() / h;
            sums.squared += squared / (h * h);
            sums.n_pairs += 1.0;
        }
        for &v in adjacency.neighbors(u) {
            if hops[v as usize] == u32::MAX {
                hops[v as usize] = h + 1;
                queue.push(v);
            }
        }
    }
    for u in queue.drain(..) {
        hops[u as usize] = u32::MAX;
    }
    sums
}
