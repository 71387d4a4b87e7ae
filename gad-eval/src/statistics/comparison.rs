//! Many methods over many datasets: ranks, and which differences are more than chance.

use serde::Serialize;

use super::distributions::{chi_squared_above, f_above, range_above, studentized_range};
use super::wilcoxon::{Wilcoxon, holm, wilcoxon};
use crate::{Error, Result};

/// Fewest datasets that a comparison of methods accepts. With four, all could rank the methods alike
/// and Friedman's test of three of them would still not be significant at 0.01.
pub const MIN_DATASETS: usize = 5;

/// A metric of each method on each dataset, higher meaning better.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Names of the methods, shape `[k]`.
    pub methods: Vec<String>,
    /// Names of the datasets, shape `[n]`.
    pub datasets: Vec<String>,
    /// The metric, shape `[n, k]`.
    pub values: Vec<Vec<f64>>,
}

/// Two methods, and whether they differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pair {
    /// Index of one method.
    pub a: usize,
    /// Index of the other.
    pub b: usize,
    /// Mean rank of `a` less that of `b`; negative if `a` is the better one.
    pub rank_difference: f64,
    /// Nemenyi's probability of ranks so far apart by chance.
    pub nemenyi_p: f64,
    /// Wilcoxon's signed-rank test of the values.
    pub wilcoxon: Wilcoxon,
    /// Its probability after Holm's correction for the number of pairs.
    pub holm_p: f64,
}

/// What can be said of methods over datasets.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparisonReport {
    /// Mean rank of each method, 1 being the best, shape `[k]`; ties share the mean of their ranks.
    pub mean_ranks: Vec<f64>,
    /// Number of datasets.
    pub n_datasets: usize,
    /// Friedman's χ², corrected for ties.
    pub friedman: f64,
    /// Its probability if no method were better than another.
    pub friedman_p: f64,
    /// Iman & Davenport's F of it, which is less conservative; absent where it is not finite.
    pub iman_davenport: Option<f64>,
    /// The probability of that.
    pub iman_davenport_p: f64,
    /// Significance level of the groups.
    pub alpha: f64,
    /// Mean ranks this far apart differ, by Nemenyi.
    pub critical_difference: f64,
    /// All pairs of methods, by index.
    pub pairs: Vec<Pair>,
    /// Runs of methods, in the order of their mean ranks, within which Nemenyi finds no difference;
    /// those of one method, and those inside of others, are left out.
    pub nemenyi_groups: Vec<Vec<usize>>,
    /// The same by Wilcoxon with Holm's correction.
    pub holm_groups: Vec<Vec<usize>>,
}

/// Compares the methods of `table` at significance level `alpha`.
///
/// O(k² n log n) for `k` methods over `n` datasets.
///
/// Sources: Friedman 1937; Iman & Davenport 1980; Demšar 2006, Journal of Machine Learning
/// Research 7 (ranks, Nemenyi's critical difference, diagrams); Benavoli, Corani & Mangili 2016
/// (why Wilcoxon with Holm).
///
/// # Errors
///
/// [`Error::TooFew`] with fewer than two methods or [`MIN_DATASETS`] datasets;
/// [`Error::LengthMismatch`] and [`Error::NotFinite`] for a table with holes;
/// [`Error::BadOption`] for an `alpha` outside `(0, 1)`.
pub fn compare(table: &Table, alpha: f64) -> Result<ComparisonReport> {
    check(table, alpha)?;
    let (n, k) = (table.datasets.len(), table.methods.len());
    let (nf, kf) = (n as f64, k as f64);
    let mut sums = vec![0.0; k];
    let mut ties = 0.0;
    for row in &table.values {
        let (ranks, tied) = ranks(row);
        for (sum, rank) in sums.iter_mut().zip(ranks) {
            *sum += rank;
        }
        ties += tied;
    }
    let mean_ranks: Vec<f64> = sums.iter().map(|sum| sum / nf).collect();
    let squares: f64 = sums.iter().map(|sum| sum * sum).sum();
    let correction = 1.0 - ties / (nf * kf * (kf * kf - 1.0));
    let friedman = match correction == 0.0 {
        // All methods tie on all datasets.
        true => 0.0,
        false => (12.0 / (nf * kf * (kf + 1.0)) * squares - 3.0 * nf * (kf + 1.0)) / correction,
    };
    let rest = nf * (kf - 1.0) - friedman;
    let f = (nf - 1.0) * friedman / rest;
    let critical_difference =
        studentized_range(alpha, k) / 2_f64.sqrt() * (kf * (kf + 1.0) / (6.0 * nf)).sqrt();
    let column = |method: usize| table.values.iter().map(|row| row[method]).collect::<Vec<f64>>();
    let columns: Vec<Vec<f64>> = (0..k).map(column).collect();
    let mut pairs = Vec::with_capacity(k * (k - 1) / 2);
    for a in 0..k {
        for b in a + 1..k {
            let rank_difference = mean_ranks[a] - mean_ranks[b];
            let error = (kf * (kf + 1.0) / (6.0 * nf)).sqrt();
            let range = rank_difference.abs() / error * 2_f64.sqrt();
            let nemenyi_p = range_above(range, k);
            let wilcoxon = wilcoxon(&columns[a], &columns[b]);
            pairs.push(Pair { a, b, rank_difference, nemenyi_p, wilcoxon, holm_p: 1.0 });
        }
    }
    let corrected = holm(&pairs.iter().map(|pair| pair.wilcoxon.p_value).collect::<Vec<_>>());
    for (pair, p) in pairs.iter_mut().zip(corrected) {
        pair.holm_p = p;
    }
    let differ = |a: usize, b: usize, test: &dyn Fn(&Pair) -> bool| {
        pairs.iter().any(|pair| (pair.a, pair.b) == (a.min(b), a.max(b)) && test(pair))
    };
    let nemenyi = |pair: &Pair| critical_difference <= pair.rank_difference.abs();
    let nemenyi_groups = groups(&mean_ranks, |a, b| differ(a, b, &nemenyi));
    let holm_groups = groups(&mean_ranks, |a, b| differ(a, b, &|pair| pair.holm_p <= alpha));
    Ok(ComparisonReport {
        n_datasets: n,
        friedman,
        friedman_p: chi_squared_above(friedman, kf - 1.0),
        iman_davenport: f.is_finite().then_some(f),
        iman_davenport_p: match 0.0 < rest {
            true => f_above(f, kf - 1.0, (kf - 1.0) * (nf - 1.0)),
            // All datasets rank the methods alike.
            false => 0.0,
        },
        alpha,
        critical_difference,
        nemenyi_groups,
        holm_groups,
        mean_ranks,
        pairs,
    })
}

fn check(table: &Table, alpha: f64) -> Result<()> {
    let (n, k) = (table.datasets.len(), table.methods.len());
    for (of, needed, found) in [("methods", 2, k), ("datasets", MIN_DATASETS, n)] {
        if found < needed {
            return Err(Error::TooFew { test: "a comparison of methods", of, needed, found });
        }
    }
    let lengths = std::iter::once(("values", table.values.len(), "datasets", n))
        .chain(table.values.iter().map(|row| ("a row of values", row.len(), "methods", k)));
    for (name, found, of, expected) in lengths {
        if found != expected {
            return Err(Error::LengthMismatch { name, found, of, expected });
        }
    }
    let all = table.values.iter().flatten().enumerate();
    for (index, &value) in all {
        if !value.is_finite() {
            return Err(Error::NotFinite { name: "values", index, value });
        }
    }
    if !(0.0 < alpha && alpha < 1.0) {
        return Err(Error::BadOption {
            option: "alpha",
            value: alpha.to_string().into(),
            allowed: "between 0 and 1, both excluded",
        });
    }
    Ok(())
}

/// Ranks from the highest value down, ties sharing their mean, and Σ (t³ − t) over ties of size t.
fn ranks(values: &[f64]) -> (Vec<f64>, f64) {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
    let mut ranks = vec![0.0; values.len()];
    let (mut before, mut tied) = (0, 0.0);
    for tie in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let size = tie.len() as f64;
        for &at in tie {
            ranks[at] = before as f64 + 0.5 * (size + 1.0);
        }
        before += tie.len();
        tied += size * size * size - size;
    }
    (ranks, tied)
}

/// The longest runs of methods, by mean rank, of which no two differ.
fn groups(mean_ranks: &[f64], differ: impl Fn(usize, usize) -> bool) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..mean_ranks.len()).collect();
    order.sort_by(|&a, &b| mean_ranks[a].total_cmp(&mean_ranks[b]).then(a.cmp(&b)));
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut covered = 0;
    for start in 0..order.len() {
        let alike = |end: &usize| {
            (start..*end).all(|i| (i + 1..=*end).all(|j| !differ(order[i], order[j])))
        };
        let end = (start..order.len()).take_while(alike).last().unwrap_or(start);
        if start < end && covered < end {
            groups.push(order[start..=end].to_vec());
            covered = end;
        }
    }
    groups
}
