//! Ends of sets of edges, remembered: passes of a chain ask for those of the same edges again.

use std::sync::Mutex;

use graph_core::Coo;

use super::set::Set;

/// One end of an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Source,
    Target,
}

impl End {
    /// That end of every edge, shape `[m]`.
    pub(super) fn of(self, coo: &Coo) -> &[u32] {
        match self {
            Self::Source => coo.sources(),
            Self::Target => coo.targets(),
        }
    }
}

/// The last answers; to compare two sets of edges costs a bit an edge, to look up their ends much
/// more.
#[derive(Debug, Default)]
pub(super) struct EndsMemo {
    known: Mutex<Vec<(End, Set, Set)>>,
}

/// How many answers are remembered.
const MOST: usize = 8;

impl EndsMemo {
    /// The nodes that are this end of some edge of `edges`.
    pub(super) fn nodes(&self, coo: &Coo, edges: &Set, end: End) -> Set {
        if edges.is_empty() {
            return Set::empty(coo.n_nodes());
        }
        let mut known = self.known.lock().expect("nobody should panic while looking up ends");
        let is_asked = |entry: &(End, Set, Set)| entry.0 == end && entry.1 == *edges;
        if let Some((_, _, nodes)) = known.iter().find(|entry| is_asked(entry)) {
            return nodes.clone();
        }
        let nodes = edges.ends(end.of(coo), coo.n_nodes());
        if known.len() == MOST {
            known.remove(0);
        }
        known.push((end, edges.clone(), nodes.clone()));
        nodes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_remembered_by_what_was_asked() {
        let coo = Coo::new(4, vec![0, 1, 2], vec![1, 2, 3], None).unwrap();
        let memo = EndsMemo::default();
        let sets = [vec![0], vec![1], vec![0, 2], vec![], vec![0, 1, 2]];
        // More questions than are remembered, and all of them twice.
        for _ in 0..2 {
            for edges in &sets {
                let asked = Set::of_members(3, edges.iter().copied());
                assert_eq!(memo.nodes(&coo, &asked, End::Source).members(), *edges);
                let targets: Vec<u32> = edges.iter().map(|e| e + 1).collect();
                assert_eq!(memo.nodes(&coo, &asked, End::Target).members(), targets);
            }
        }
        assert_eq!(memo.known.lock().unwrap().len(), MOST);
    }
}
