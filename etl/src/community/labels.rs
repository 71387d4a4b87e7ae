//! Numbers of communities.

use graph_core::NodeId;

use super::level::Level;

/// Gives labels in `0..n` the numbers `0..k` of their first appearance; returns `k`.
///
/// Labels that only nodes without neighbors have come last, apart from those that rows name.
pub(super) fn number_by_appearance(level: &Level, labels: &mut [u32]) -> usize {
    const NONE: u32 = u32::MAX;
    let mut numbers = vec![NONE; labels.len()];
    let mut next = 0;
    for alone in [false, true] {
        for (u, label) in labels.iter_mut().enumerate() {
            if (level.degree(u as NodeId) == 0) != alone {
                continue;
            }
            let number = &mut numbers[*label as usize];
            if *number == NONE {
                *number = next;
                next += 1;
            }
            *label = *number;
        }
    }
    next as usize
}

/// Numbers communities `0..k` by size, the largest first, those of one size by their smallest
/// node; returns their sizes, shape `[k]`. O(n + k log k) time.
pub(super) fn number_by_size(labels: &mut [u32], k: usize) -> Vec<u32> {
    let mut communities = vec![(0_u32, 0_u32); k];
    for (u, &label) in labels.iter().enumerate().rev() {
        let (size, first) = &mut communities[label as usize];
        *size += 1;
        *first = u as u32;
    }
    let mut order: Vec<u32> = (0..k as u32).collect();
    order.sort_unstable_by_key(|&label| {
        let (size, first) = communities[label as usize];
        (std::cmp::Reverse(size), first)
    });
    let mut numbers = vec![0; k];
    for (number, &label) in order.iter().enumerate() {
        numbers[label as usize] = number as u32;
    }
    for label in labels.iter_mut() {
        *label = numbers[*label as usize];
    }
    order.iter().map(|&label| communities[label as usize].0).collect()
}

/// `labels` as numbers `0..k` in the order of the labels, and `k`. O(n + max) time for labels up to
/// a few times n, O(n log n) otherwise.
pub(super) fn dense(labels: &[u32]) -> (Vec<u32>, usize) {
    let largest = labels.iter().max().map_or(0, |&label| label as usize);
    if largest / 4 <= labels.len() {
        let mut numbers = vec![0_u32; largest + 2];
        for &label in labels {
            numbers[label as usize + 1] = 1;
        }
        for label in 0..=largest {
            numbers[label + 1] += numbers[label];
        }
        let k = numbers[largest + 1] as usize;
        return (labels.iter().map(|&label| numbers[label as usize]).collect(), k);
    }
    let mut known = labels.to_vec();
    known.sort_unstable();
    known.dedup();
    let number = |label| known.partition_point(|&other| other < label) as u32;
    (labels.iter().map(|&label| number(label)).collect(), known.len())
}
