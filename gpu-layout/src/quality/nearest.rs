//! Nearest points, by a k-d tree.

use std::collections::BinaryHeap;

use graph_core::NodeId;

/// Points in a subtree that is searched one by one.
const LEAF: usize = 12;

/// Points, ordered so that each half of a range is one side of a cut.
///
/// | array   | shape        | meaning                                                         |
/// |---------|--------------|-----------------------------------------------------------------|
/// | `at`    | `[n]`        | position of each point                                          |
/// | `nodes` | `[n]`        | its node                                                        |
/// | `boxes` | `[2^depth]`  | bounding rectangle of each range; 2 i + 1 and 2 i + 2 halve i's |
#[derive(Debug)]
pub(super) struct Nearest<'a> {
    x: &'a [f32],
    y: &'a [f32],
    at: Vec<[f64; 2]>,
    nodes: Vec<NodeId>,
    boxes: Vec<[[f64; 2]; 2]>,
}

/// Squared distance as ordered bits, then the node: of equally distant nodes the first is nearer.
type Candidate = (u64, NodeId);

impl<'a> Nearest<'a> {
    pub(super) fn new(x: &'a [f32], y: &'a [f32]) -> Self {
        let mut nodes: Vec<NodeId> = (0..x.len() as NodeId).collect();
        let mut boxes = vec![];
        build(x, y, &mut nodes, 0, &mut boxes);
        let at = nodes.iter().map(|&u| point(x, y, u)).collect();
        Self { x, y, at, nodes, boxes }
    }

    /// All nodes, those close to one another near each other in the list.
    pub(super) fn order(&self) -> &[NodeId] {
        &self.nodes
    }

    /// Fills `found` with the `k` nodes nearest to `u`, without itself, in no particular order.
    pub(super) fn find(&self, u: NodeId, k: usize, found: &mut BinaryHeap<(u64, NodeId)>) {
        found.clear();
        if k > 0 {
            let query = Query { u, at: point(self.x, self.y, u), k };
            self.search(&query, 0, 0, self.nodes.len(), found);
        }
    }

    fn search(
        &self,
        query: &Query,
        index: usize,
        first: usize,
        last: usize,
        found: &mut BinaryHeap<Candidate>,
    ) {
        if last - first <= LEAF {
            for (at, &v) in self.at[first..last].iter().zip(&self.nodes[first..last]) {
                let squared = (at[0] - query.at[0]).powi(2) + (at[1] - query.at[1]).powi(2);
                let candidate = (squared.to_bits(), v);
                if v == query.u {
                } else if found.len() < query.k {
                    found.push(candidate);
                } else if let Some(mut farthest) = found.peek_mut()
                    && candidate < *farthest
                {
                    *farthest = candidate;
                }
            }
            return;
        }
        let middle = first + (last - first) / 2;
        let mut halves = [(2 * index + 1, first, middle), (2 * index + 2, middle, last)]
            .map(|half| (self.box_distance(half.0, query.at).to_bits(), half));
        if halves[1].0 < halves[0].0 {
            halves.swap(0, 1);
        }
        for (distance, (index, first, last)) in halves {
            let farthest = found.peek().map_or(u64::MAX, |farthest| farthest.0);
            // An equal distance may still belong to a smaller node.
            if found.len() < query.k || distance <= farthest {
                self.search(query, index, first, last, found);
            }
        }
    }

    fn box_distance(&self, index: usize, at: [f64; 2]) -> f64 {
        let [min, max] = self.boxes[index];
        let outside = |axis: usize| (min[axis] - at[axis]).max(at[axis] - max[axis]).max(0.0);
        outside(0).powi(2) + outside(1).powi(2)
    }
}

#[derive(Debug)]
struct Query {
    u: NodeId,
    at: [f64; 2],
    k: usize,
}

fn point(x: &[f32], y: &[f32], u: NodeId) -> [f64; 2] {
    [x[u as usize].into(), y[u as usize].into()]
}

fn build(x: &[f32], y: &[f32], nodes: &mut [NodeId], index: usize, boxes: &mut Vec<[[f64; 2]; 2]>) {
    let (mut min, mut max) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    for &u in &*nodes {
        let at = point(x, y, u);
        min = [min[0].min(at[0]), min[1].min(at[1])];
        max = [max[0].max(at[0]), max[1].max(at[1])];
    }
    if boxes.len() <= index {
        boxes.resize(index + 1, [[0.0; 2]; 2]);
    }
    boxes[index] = [min, max];
    if nodes.len() > LEAF {
        let along = if max[0] - min[0] >= max[1] - min[1] { x } else { y };
        let middle = nodes.len() / 2;
        nodes.select_nth_unstable_by(middle, |&u, &v| {
            along[u as usize].total_cmp(&along[v as usize]).then(u.cmp(&v))
        });
        let (low, high) = nodes.split_at_mut(middle);
        build(x, y, low, 2 * index + 1, boxes);
        build(x, y, high, 2 * index + 2, boxes);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Oracle: all other points, sorted. Few coordinates make many ties and coincident points.
        #[test]
        fn finds_what_sorting_finds(
            at in prop::collection::vec((0..20u8, 0..20u8), 1..150),
            k in 0..160usize,
        ) {
            let (x, y): (Vec<_>, Vec<_>) =
                at.iter().map(|&(x, y)| (f32::from(x), f32::from(y))).unzip();
            let nearest = Nearest::new(&x, &y);
            let mut found = BinaryHeap::new();
            for u in 0..x.len() as u32 {
                nearest.find(u, k, &mut found);
                let mut all: Vec<_> = (0..x.len() as u32).filter(|&v| v != u).collect();
                let squared = |v: u32| {
                    let (u, v) = (u as usize, v as usize);
                    (x[u] - x[v]).powi(2) + (y[u] - y[v]).powi(2)
                };
                all.sort_by(|&v, &w| squared(v).total_cmp(&squared(w)).then(v.cmp(&w)));
                all.truncate(k);
                all.sort_unstable();
                let mut mine: Vec<_> = found.iter().map(|&(_, v)| v).collect();
                mine.sort_unstable();
                prop_assert_eq!(mine, all);
            }
        }
    }
}
