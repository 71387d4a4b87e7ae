//! Breadth-first search.

use crate::NONE;

pub(crate) fn distances(
    offsets: &[u32],
    targets: &[u32],
    starts: &[u32],
    most: u32,
    distances: &mut [u32],
) {
    let mut frontier = starts.to_vec();
    for &start in starts {
        distances[start as usize] = 0;
    }
    for level in 1..=most {
        let mut next = Vec::new();
        for &u in &frontier {
            for e in offsets[u as usize]..offsets[u as usize + 1] {
                let v = targets[e as usize];
                if distances[v as usize] == NONE {
                    distances[v as usize] = level;
                    next.push(v);
                }
            }
        }
        if next.is_empty() {
            break;
        }
        frontier = next;
    }
}

pub(crate) fn parents(offsets: &[u32], sources: &[u32], distances: &[u32], parents: &mut [u32]) {
    for (u, parent) in parents.iter_mut().enumerate() {
        let nearer = match distances[u] {
            0 | NONE => None,
            distance => sources[offsets[u] as usize..offsets[u + 1] as usize]
                .iter()
                .find(|&&v| distances[v as usize] == distance - 1),
        };
        *parent = nearer.copied().unwrap_or(NONE);
    }
}
