//! Core numbers, by peeling.

/// Removes the nodes with least neighbors first, in buckets by their number.
pub(crate) fn core_numbers(offsets: &[u32], targets: &[u32], cores: &mut [u32]) {
    let n = cores.len();
    let mut left: Vec<u32> = offsets.windows(2).map(|ends| ends[1] - ends[0]).collect();
    let most = left.iter().copied().max().map_or(0, |most| most as usize + 1);
    let mut buckets = vec![Vec::new(); most];
    for u in 0..n {
        buckets[left[u] as usize].push(u as u32);
    }
    let mut is_left = vec![true; n];
    for k in 0..most {
        while let Some(u) = buckets[k].pop() {
            // A node is in a bucket for each number that it had on the way.
            if !std::mem::take(&mut is_left[u as usize]) {
                continue;
            }
            cores[u as usize] = k as u32;
            for &v in &targets[offsets[u as usize] as usize..offsets[u as usize + 1] as usize] {
                let v = v as usize;
                if is_left[v] && left[v] as usize > k {
                    left[v] -= 1;
                    buckets[left[v] as usize].push(v as u32);
                }
            }
        }
    }
}
