//! Shortest paths from one node at a time: what measures over many sources are made of.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use graph_core::NodeId;

use super::rows::Rows;

/// A length of paths: hops, or a sum of weights.
pub(crate) trait Length: Copy + PartialOrd + Send + Sync + 'static {
    /// Longer than all paths.
    const FAR: Self;
    fn plus(self, weight: f32) -> Self;
    /// Visits all nodes that paths lead to, nearest first.
    fn search(paths: &mut Paths<Self>, away: &[Rows], source: NodeId);
}

impl Length for u32 {
    const FAR: Self = Self::MAX;

    fn plus(self, _: f32) -> Self {
        self + 1
    }

    fn search(paths: &mut Paths<Self>, away: &[Rows], source: NodeId) {
        paths.reach(source, 0);
        let mut at = 0;
        while let Some(&u) = paths.order.get(at) {
            at += 1;
            let next = paths.length[u as usize] + 1;
            for &v in away.iter().flat_map(|rows| rows.neighbors(u)) {
                if paths.length[v as usize] == Self::FAR {
                    paths.reach(v, next);
                }
            }
        }
    }
}

impl Length for f64 {
    const FAR: Self = Self::INFINITY;

    fn plus(self, weight: f32) -> Self {
        self + Self::from(weight)
    }

    fn search(paths: &mut Paths<Self>, away: &[Rows], source: NodeId) {
        // Lengths are not negative, so their bits sort as they do.
        let mut heap = BinaryHeap::from([Reverse((0_u64, source))]);
        paths.length[source as usize] = 0.0;
        while let Some(Reverse((bits, u))) = heap.pop() {
            let length = Self::from_bits(bits);
            if length > paths.length[u as usize] {
                continue;
            }
            paths.order.push(u);
            for (v, weight) in away.iter().flat_map(|rows| rows.edges(u)) {
                let longer = length.plus(weight);
                if longer < paths.length[v as usize] {
                    paths.length[v as usize] = longer;
                    heap.push(Reverse((longer.to_bits(), v)));
                }
            }
        }
    }
}

/// Lengths of the shortest paths from one node; memory is kept from one search to the next.
#[derive(Debug)]
pub(crate) struct Paths<L> {
    /// Length of the shortest paths to each node, shape `[n]`.
    pub(crate) length: Vec<L>,
    /// Nodes that paths lead to, nearest first.
    pub(crate) order: Vec<NodeId>,
}

impl<L: Length> Paths<L> {
    pub(crate) fn new(n: usize) -> Self {
        Self { length: vec![L::FAR; n], order: Vec::new() }
    }

    /// Forgets the last search and makes the next one; O(n + m) at most, less if little is reached.
    pub(crate) fn search(&mut self, away: &[Rows], source: NodeId) {
        for u in self.order.drain(..) {
            self.length[u as usize] = L::FAR;
        }
        L::search(self, away, source);
    }

    fn reach(&mut self, u: NodeId, length: L) {
        self.length[u as usize] = length;
        self.order.push(u);
    }
}

/// `count` different nodes of `0..n`, drawn without regard to order, ascending; all of them if
/// `count` is `None` or `n` or more.
///
/// Source: Floyd in Bentley 1987, doi:10.1145/30401.315746.
pub(crate) fn sample(n: usize, count: Option<usize>, seed: u64) -> Vec<NodeId> {
    let Some(count) = count.filter(|&count| count < n) else { return (0..n as u32).collect() };
    let mut random = graph_core::generate::Random::new(seed, 0);
    let mut drawn = std::collections::BTreeSet::new();
    for last in n - count..n {
        let u = random.below(last as u64 + 1) as u32;
        if !drawn.insert(u) {
            drawn.insert(last as u32);
        }
    }
    drawn.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_of_the_size_asked_for_and_even() {
        let mut drawn = [0; 10];
        for seed in 0..4000 {
            let nodes = sample(10, Some(3), seed);
            assert!(nodes.len() == 3 && nodes.is_sorted_by(|a, b| a < b), "{nodes:?}");
            for &u in &nodes {
                drawn[u as usize] += 1;
            }
        }
        // 1200 each; the standard deviation is 29.
        assert!(drawn.iter().all(|count| (1050..1350).contains(count)), "{drawn:?}");
        assert_eq!(sample(3, Some(5), 0), [0, 1, 2]);
        assert_eq!(sample(3, None, 0), [0, 1, 2]);
    }
}
