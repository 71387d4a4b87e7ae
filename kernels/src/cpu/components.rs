//! The smallest node that each node is connected to.

/// The root of a node; halves the path to it.
fn root(parents: &mut [u32], mut node: u32) -> u32 {
    while parents[node as usize] != node {
        let above = parents[parents[node as usize] as usize];
        parents[node as usize] = above;
        node = above;
    }
    node
}

pub(crate) fn smallest_connected(sources: &[u32], targets: &[u32], parents: &mut [u32]) {
    for (&source, &target) in sources.iter().zip(targets) {
        let (a, b) = (root(parents, source), root(parents, target));
        parents[a.max(b) as usize] = a.min(b);
    }
    for node in 0..parents.len() as u32 {
        parents[node as usize] = root(parents, node);
    }
}
