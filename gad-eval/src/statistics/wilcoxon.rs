//! Wilcoxon's signed-rank test, and Holm's correction of many tests.

use serde::Serialize;

use super::distributions::two_sided_normal;

/// Most differences for which the distribution is counted out.
const EXACT: usize = 50;

/// Result of the signed-rank test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Wilcoxon {
    /// The smaller of the two sums of ranks.
    pub statistic: f64,
    /// Two-sided probability of it if neither column were the larger.
    pub p_value: f64,
    /// Differences that are not 0, which are the only ones looked at.
    pub n_differences: usize,
    /// Whether the probability was counted out rather than approximated by a normal.
    pub exact: bool,
}

/// Tests whether `a − b` is symmetric around 0. Columns are of one length.
///
/// Differences of 0 are left out (Wilcoxon's own rule) and ties share the mean of their ranks. Up to
/// 50 differences all signs are counted, also with ties, in O(n³); beyond, a normal with the
/// correction for ties stands in.
///
/// Source: Wilcoxon 1945, doi:10.2307/3001968.
pub(super) fn wilcoxon(a: &[f64], b: &[f64]) -> Wilcoxon {
    let mut differences: Vec<f64> =
        a.iter().zip(b).map(|(a, b)| a - b).filter(|&difference| difference != 0.0).collect();
    let n_differences = differences.len();
    if n_differences == 0 {
        return Wilcoxon { statistic: 0.0, p_value: 1.0, n_differences, exact: true };
    }
    differences.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    // Twice the ranks, which are whole numbers also where a tie shares the mean.
    let (mut doubled, mut positive, mut tied) = (Vec::new(), 0_usize, 0.0);
    for tie in differences.chunk_by(|a, b| a.abs() == b.abs()) {
        let rank = 2 * doubled.len() + tie.len() + 1;
        positive += rank * tie.iter().filter(|&&difference| 0.0 < difference).count();
        doubled.extend(std::iter::repeat_n(rank, tie.len()));
        let size = tie.len() as f64;
        tied += size * size * size - size;
    }
    let total: usize = doubled.iter().sum();
    let smaller = positive.min(total - positive);
    let statistic = smaller as f64 / 2.0;
    let exact = n_differences <= EXACT;
    let p_value = match exact {
        true => counted(&doubled, total, smaller),
        false => {
            let n = n_differences as f64;
            let variance = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - tied / 48.0;
            two_sided_normal((statistic - total as f64 / 4.0) / variance.sqrt())
        }
    };
    Wilcoxon { statistic, p_value, n_differences, exact }
}

/// The share of all choices of signs whose smaller sum is at most `smaller`.
fn counted(doubled: &[usize], total: usize, smaller: usize) -> f64 {
    let mut shares = vec![0.0; total + 1];
    shares[0] = 1.0;
    let mut reach = 0;
    for &rank in doubled {
        for sum in (0..=reach).rev() {
            shares[sum] *= 0.5;
            shares[sum + rank] += shares[sum];
        }
        reach += rank;
    }
    let below: f64 = shares[..=smaller].iter().sum();
    (2.0 * below).min(1.0)
}

/// Probabilities of many tests made ones that hold together.
///
/// Source: Holm 1979, Scandinavian Journal of Statistics 6.
pub(super) fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut corrected = vec![0.0; p_values.len()];
    let mut least: f64 = 0.0;
    for (done, &at) in order.iter().enumerate() {
        least = least.max(((p_values.len() - done) as f64 * p_values[at]).min(1.0));
        corrected[at] = least;
    }
    corrected
}
