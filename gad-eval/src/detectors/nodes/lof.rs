//! The local outlier factor: points in thinner places than their neighbors.

use graph_core::Control;
use pulp::Arch;
use rayon::prelude::*;

use super::{Features, NodeData, NodeDetector, View};

use crate::{Error, Result};

/// The local outlier factor of the features, own ones or those of the neighborhood.
///
/// With `r(p, o) = max(‖p − o‖, k-distance of o)`, the density of a point is the inverse of the mean
/// `r` to its `k` nearest others, and the score is the mean density of these over its own. Of equally
/// near points the first are taken; densities of points that coincide with others are bounded as
/// scikit-learn does, by 1e-10 beside the mean.
///
/// O(n² f) time, in parallel; 16 n k bytes beside the features. The result does not depend on the
/// number of threads.
///
/// Source: Breunig, Kriegel, Ng, Sander 2000, doi:10.1145/335191.335388.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct Lof {
    /// Neighbors that a point is compared with, at least 1; at most all others.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().k))]
    pub k: usize,
    /// What is seen of a node.
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t = Self::default().view))]
    pub view: View,
}

impl Default for Lof {
    fn default() -> Self {
        Self { k: 20, view: View::Neighborhood }
    }
}

impl NodeDetector for Lof {
    fn name(&self) -> &'static str {
        "lof"
    }

    fn needs_features(&self) -> bool {
        self.view == View::Own
    }

    fn score(&self, data: &NodeData, control: &Control<'_>) -> Result<Vec<f64>> {
        if self.k == 0 {
            let allowed = "at least 1";
            return Err(Error::BadOption { option: "k", value: "0".into(), allowed });
        }
        let points = self.view.of(data)?;
        let n = points.n_rows();
        if n < 2 {
            return Err(Error::TooFew { test: "LOF", of: "nodes", needed: 2, found: n });
        }
        let k = self.k.min(n - 1);
        let nearest = nearest(&points, k, control)?;
        let near = |p: usize| &nearest[p * k..(p + 1) * k];
        let density: Vec<f64> = (0..n)
            .into_par_iter()
            .map(|p| {
                let reach = near(p).iter().map(|&(o, far)| far.max(near(o as usize)[k - 1].1));
                1.0 / (reach.sum::<f64>() / k as f64 + 1e-10)
            })
            .collect();
        let factor = |p: usize| {
            let others = near(p).iter().map(|&(o, _)| density[o as usize] / density[p]);
            others.sum::<f64>() / k as f64
        };
        Ok((0..n).into_par_iter().map(factor).collect())
    }
}

/// The `k` nearest others of each point and how far they are, nearest first, shape `[n, k]`.
fn nearest(points: &Features, k: usize, control: &Control<'_>) -> Result<Vec<(u32, f64)>> {
    let n = points.n_rows();
    let mut nearest = vec![(0, 0.0); n * k];
    // A block of points meets all others while these are in the cache.
    let block = 32;
    nearest.par_chunks_mut(block * k).enumerate().try_for_each(|(part, nearest)| {
        control.step("blocks of points", part as u64, Some(n.div_ceil(block) as u64))?;
        let first = part * block;
        let mut distances = vec![0.0; n * (nearest.len() / k)];
        Arch::new().dispatch(
            #[inline(always)]
            || {
                for o in 0..n {
                    let other = points.row(o);
                    for (p, distances) in distances.chunks_exact_mut(n).enumerate() {
                        distances[o] = squared(points.row(first + p), other);
                    }
                }
            },
        );
        for ((p, distances), nearest) in
            distances.chunks_exact(n).enumerate().zip(nearest.chunks_exact_mut(k))
        {
            let others = (0..n as u32).filter(|&o| o as usize != first + p);
            let mut others: Vec<(u32, f64)> = others.map(|o| (o, distances[o as usize])).collect();
            let nearer = |a: &(u32, f64), b: &(u32, f64)| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0));
            others.select_nth_unstable_by(k - 1, nearer);
            others.truncate(k);
            others.sort_unstable_by(nearer);
            for (nearest, (o, squared)) in nearest.iter_mut().zip(others) {
                *nearest = (o, squared.sqrt());
            }
        }
        Ok::<(), Error>(())
    })?;
    Ok(nearest)
}

/// `Σ (a − b)²`, in eight sums that are added at the end.
#[inline(always)]
fn squared(a: &[f64], b: &[f64]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut lanes = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += (a - b) * (a - b);
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| (a - b) * (a - b)).sum();
    lanes.iter().sum::<f64>() + rest
}
