//! Which nodes to measure, and what a mean over them is worth.

use graph_core::NodeId;

use super::QualityConfig;

/// Fewer nodes than this say too little about how far an estimate is off.
const FEWEST: usize = 64;

/// Pseudorandom numbers from a seed.
///
/// Source: Steele, Lea and Flood 2014, doi:10.1145/2660193.2660195 (`SplitMix`).
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    /// `stream` tells measures apart, so that they do not draw the same numbers.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut random = Self(seed);
        Self(random.next() ^ stream)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..n`; the bias is below n / 2⁶⁴.
    pub(super) fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }
}

/// Nodes drawn without replacement from a population.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) nodes: Vec<NodeId>,
    n_all: usize,
}

impl Sample {
    /// As many of `nodes` as can be measured if all of them take `steps` steps, in ascending order.
    pub(super) fn within_budget(
        mut nodes: Vec<NodeId>,
        steps: u64,
        config: &QualityConfig,
        stream: u64,
    ) -> Self {
        let n_all = nodes.len();
        let share = config.budget as f64 / steps.max(1) as f64;
        let size = ((n_all as f64 * share) as usize).max(FEWEST);
        if size < n_all {
            let mut random = Random::new(config.seed, stream);
            for place in 0..size {
                nodes.swap(place, place + random.below(n_all - place));
            }
            nodes.truncate(size);
            nodes.sort_unstable();
        }
        Self { nodes, n_all }
    }

    pub(super) fn is_all(&self) -> bool {
        self.nodes.len() == self.n_all
    }

    /// Standard error of the mean of `values`, one per sampled node.
    pub(super) fn standard_error(&self, values: impl Iterator<Item = f64> + Clone) -> f64 {
        if self.is_all() {
            return 0.0;
        }
        let size = self.nodes.len() as f64;
        let mean = values.clone().sum::<f64>() / size;
        let variance = values.map(|value| (value - mean).powi(2)).sum::<f64>() / (size - 1.0);
        (variance / size * (1.0 - size / self.n_all as f64)).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_no_node_twice_and_fits_the_budget() {
        let config = QualityConfig { budget: 1000, ..QualityConfig::default() };
        let sample = Sample::within_budget((0..500).collect(), 5000, &config, 1);
        assert_eq!(sample.nodes.len(), 100);
        assert!(sample.nodes.windows(2).all(|pair| pair[0] < pair[1]));
        let other = Sample::within_budget((0..500).collect(), 5000, &config, 2);
        assert_ne!(sample.nodes, other.nodes);
        let all = Sample::within_budget((0..500).collect(), 1000, &config, 1);
        assert!(all.is_all());
        assert!(all.standard_error(all.nodes.iter().map(|&u| f64::from(u))) <= 0.0);
    }

    #[test]
    fn the_standard_error_is_how_far_sample_means_scatter() {
        let value = |u: &u32| f64::from(u * u % 997);
        let samples: Vec<_> = (0..400)
            .map(|seed| {
                let config = QualityConfig { budget: 1, seed, ..QualityConfig::default() };
                Sample::within_budget((0..160).collect(), 1000, &config, 0)
            })
            .collect();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let means: Vec<_> = samples
            .iter()
            .map(|sample| mean(&sample.nodes.iter().map(value).collect::<Vec<_>>()))
            .collect();
        let center = mean(&means);
        let scatter = mean(&means.iter().map(|m| (m - center).powi(2)).collect::<Vec<_>>()).sqrt();
        let stated: Vec<_> = samples
            .iter()
            .map(|sample| sample.standard_error(sample.nodes.iter().map(value)))
            .collect();
        assert!((mean(&stated) / scatter - 1.0).abs() < 0.15, "{} {scatter}", mean(&stated));
    }
}
