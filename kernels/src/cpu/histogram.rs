//! How often each number occurs.

pub(crate) fn histogram(numbers: &[u32], counts: &mut [u32]) {
    counts.fill(0);
    for &number in numbers {
        counts[number as usize] += 1;
    }
}
