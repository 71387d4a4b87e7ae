//! Disjoint sets of nodes that several threads may unite at once.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use rayon::prelude::*;

use crate::NodeId;

/// A partition of the nodes `0..n` into sets, at first each node alone.
///
/// | array    | shape | meaning                                                          |
/// |----------|-------|------------------------------------------------------------------|
/// | `parent` | `[n]` | a node of the same set that is not larger; itself for the smallest |
///
/// All methods take `&self`, so that threads can share the sets. Which sets there are in the end
/// depends on the pairs united, not on their order or on threads.
///
/// Source: Sutton, Ben-Nun, Barak 2018, doi:10.1109/IPDPS.2018.00012 (hooking of the larger root).
///
/// ```
/// use graph_core::DisjointSets;
///
/// let sets = DisjointSets::new(4);
/// assert!(sets.unite(3, 1));
/// assert!(!sets.unite(1, 3));
/// assert_eq!(sets.into_numbers(), (vec![0, 1, 2, 1], 3));
/// ```
#[derive(Debug)]
pub struct DisjointSets {
    // Relaxed ordering is enough: an entry is only ever replaced by a smaller node of its set, and
    // any of these is a step towards the root.
    parent: Vec<AtomicU32>,
}

impl DisjointSets {
    /// `n` sets of one node each.
    ///
    /// # Panics
    ///
    /// If `n` does not fit in `u32`.
    pub fn new(n: usize) -> Self {
        let n = u32::try_from(n).expect("nodes should be counted in 32 bits");
        Self { parent: (0..n).into_par_iter().map(AtomicU32::new).collect() }
    }

    /// Number of nodes `n`.
    pub fn n_nodes(&self) -> usize {
        self.parent.len()
    }

    fn parent(&self, u: NodeId) -> NodeId {
        self.parent[u as usize].load(Relaxed)
    }

    /// Smallest node of the set of `u`, if no other thread unites it meanwhile.
    ///
    /// # Panics
    ///
    /// If `u` is not in `0..n_nodes`.
    pub fn find(&self, mut u: NodeId) -> NodeId {
        loop {
            let parent = self.parent(u);
            let above = self.parent(parent);
            if parent == above {
                return parent;
            }
            self.parent[u as usize].store(above, Relaxed);
            u = above;
        }
    }

    /// Makes the sets of `u` and `v` one; whether they were two.
    ///
    /// # Panics
    ///
    /// If `u` or `v` is not in `0..n_nodes`.
    pub fn unite(&self, u: NodeId, v: NodeId) -> bool {
        let (mut a, mut b) = (self.parent(u), self.parent(v));
        while a != b {
            let (low, high) = (a.min(b), a.max(b));
            let above = self.parent(high);
            if above == low {
                return false;
            }
            let hooked = above == high
                && self.parent[high as usize].compare_exchange(high, low, Relaxed, Relaxed).is_ok();
            if hooked {
                return true;
            }
            a = self.parent(self.parent(high));
            b = self.parent(low);
        }
        false
    }

    /// Makes every node point at its root, so that [`find`](Self::find) is one step. In parallel.
    pub fn flatten(&self) {
        (0..self.parent.len() as u32).into_par_iter().with_min_len(1 << 12).for_each(|u| {
            let mut root = self.parent(u);
            while root != self.parent(root) {
                root = self.parent(root);
            }
            self.parent[u as usize].store(root, Relaxed);
        });
    }

    /// The number of the set of every node, shape `[n]`, and how many sets there are; sets are
    /// numbered by their smallest node. O(n) after [`flatten`](Self::flatten).
    pub fn into_numbers(self) -> (Vec<u32>, usize) {
        self.flatten();
        let mut numbers: Vec<u32> = self.parent.into_iter().map(AtomicU32::into_inner).collect();
        let mut count = 0;
        for u in 0..numbers.len() {
            let root = numbers[u] as usize;
            if root == u {
                numbers[u] = count;
                count += 1;
            } else {
                // A root is the smallest of its set, so its number is known.
                numbers[u] = numbers[root];
            }
        }
        (numbers, count as usize)
    }
}

/// Edges that a thread takes at once, at least; it looks at whether to stop before each block.
const BLOCK: usize = 1 << 18;

/// A block has a 16th as many edges as there are nodes, so that a copy of the bits costs little.
const NODES_PER_EDGE: usize = 16;

/// The first 64th of every this many edges is a sample.
const SAMPLED: usize = 1 << 14;

/// Weakly connected components of the graph with these edges; `None` if `stopped` became true.
///
/// Most edges of a real graph lie within one large component, whose heart a sample of the edges
/// finds. One bit for each node then tells whether it is known to be in it: an edge between two
/// such nodes cannot join anything, and one between such a node and another makes that known too.
/// Threads set bits in copies of their own, which they bring together after each block of edges:
/// cores that write to the same words would wait for one another.
pub(crate) fn components(
    n: usize,
    sources: &[NodeId],
    targets: &[NodeId],
    stopped: &(dyn Fn() -> bool + Sync),
) -> Option<(Vec<u32>, usize)> {
    let sets = DisjointSets::new(n);
    sources.par_chunks(SAMPLED).zip(targets.par_chunks(SAMPLED)).for_each(|(sources, targets)| {
        let sample = sources.len().div_ceil(64);
        for (&u, &v) in sources[..sample].iter().zip(targets) {
            sets.unite(u, v);
        }
    });
    sets.flatten();
    let largest = frequent_root(&sets);
    let known: Vec<AtomicU64> = (0..n.div_ceil(64))
        .into_par_iter()
        .with_min_len(1 << 6)
        .map(|word| {
            let nodes = 64 * word as u32..n.min(64 * (word + 1)) as u32;
            nodes.fold(0, |bits, u| bits | u64::from(sets.parent(u) == largest) << (u % 64)).into()
        })
        .collect();
    let block = BLOCK.max(n / NODES_PER_EDGE);
    sources.par_chunks(block).zip(targets.par_chunks(block)).try_for_each(
        |(sources, targets)| {
            if stopped() {
                return None;
            }
            let mut bits: Vec<u64> = known.iter().map(|word| word.load(Relaxed)).collect();
            let mut unite = |u: NodeId, v: NodeId| {
                let bit = |u: NodeId| bits[u as usize / 64] >> (u % 64) & 1;
                let (first, second) = (bit(u), bit(v));
                if first & second == 1 {
                    return;
                }
                if first | second == 0 {
                    sets.unite(u, v);
                    return;
                }
                let joins = if first == 1 { v } else { u };
                sets.unite(largest, joins);
                bits[joins as usize / 64] |= 1 << (joins % 64);
            };
            sources.iter().zip(targets).for_each(|(&u, &v)| unite(u, v));
            for (word, bits) in known.iter().zip(bits) {
                if word.load(Relaxed) != bits {
                    word.fetch_or(bits, Relaxed);
                }
            }
            Some(())
        },
    )?;
    Some(sets.into_numbers())
}

/// The root that most of 1024 evenly spread nodes have.
fn frequent_root(sets: &DisjointSets) -> NodeId {
    let n = sets.n_nodes();
    let mut roots: Vec<NodeId> =
        (0..n).step_by(n.div_ceil(1024).max(1)).map(|u| sets.find(u as u32)).collect();
    roots.sort_unstable();
    roots.chunk_by(|a, b| a == b).max_by_key(|run| run.len()).map_or(0, |run| run[0])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Labels spread along edges until nothing changes.
    fn spread(n: usize, edges: &[(u32, u32)]) -> Vec<u32> {
        let mut labels: Vec<u32> = (0..n as u32).collect();
        loop {
            let before = labels.clone();
            for &(u, v) in edges {
                let low = labels[u as usize].min(labels[v as usize]);
                labels[u as usize] = low;
                labels[v as usize] = low;
            }
            if labels == before {
                return labels;
            }
        }
    }

    fn check(n: usize, edges: &[(u32, u32)]) {
        let (sources, targets): (Vec<_>, Vec<_>) = edges.iter().copied().unzip();
        let (numbers, count) = components(n, &sources, &targets, &|| false).unwrap();
        let labels = spread(n, edges);
        let roots: Vec<u32> = (0..n as u32).filter(|&u| labels[u as usize] == u).collect();
        assert_eq!(count, roots.len());
        for u in 0..n {
            assert_eq!(roots[numbers[u] as usize], labels[u]);
        }
    }

    proptest! {
        #[test]
        fn components_are_those_of_spreading_labels(
            edges in prop::collection::vec((0..40_u32, 0..40_u32), 0..60)
        ) {
            check(40, &edges);
        }
    }

    #[test]
    fn threads_that_unite_at_once_agree() {
        let n = 3000_u32;
        // A long path in scattered order, some stars, and pairs.
        let scatter = |i: u32| i.wrapping_mul(2_654_435_761) % 1500;
        let mut edges: Vec<_> = (0..1499).map(|i| (scatter(i), scatter(i + 1))).collect();
        edges.extend((1600..2000).map(|v| (1500 + v % 7, v)));
        edges.extend((2100..n - 1).step_by(3).map(|u| (u + 1, u)));
        for threads in [1, 2, 7] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| check(n as usize, &edges));
        }
    }

    /// More edges than a block: what one block makes known, later ones build on.
    #[test]
    fn blocks_of_edges_agree() {
        let scatter = |i: u32| i.wrapping_mul(2_654_435_761) >> 8;
        let edges: Vec<_> = (0..3 * BLOCK as u32)
            .map(|i| {
                let u = scatter(i) % 4000;
                (u, (u + 3 * (scatter(!i) % 1000)) % 4002)
            })
            .collect();
        for threads in [1, 2, 7] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| check(4100, &edges));
        }
    }

    #[test]
    fn a_stopped_search_gives_nothing() {
        assert!(components(2, &[0], &[1], &|| true).is_none());
    }

    #[test]
    fn no_nodes_have_no_components() {
        assert_eq!(components(0, &[], &[], &|| false), Some((vec![], 0)));
    }
}
