//! Statistics against scipy, against their definitions, and against one another.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

use gad_eval::Error;
use gad_eval::statistics::{Bootstrap, Table, compare, delong};
use graph_core::Control;
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(include_str!("../golden/statistics.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

#[track_caller]
fn near(found: f64, expected: &Value, tolerance: f64) {
    let expected = expected.as_f64().unwrap();
    let close = (found - expected).abs() <= tolerance * expected.abs().max(1.0);
    assert!(close, "{found} instead of {expected}");
}

fn table(values: Vec<Vec<f64>>) -> Table {
    let name = |prefix: &str, n: usize| (0..n).map(|i| format!("{prefix}{i}")).collect();
    Table { methods: name("m", values[0].len()), datasets: name("d", values.len()), values }
}

#[test]
fn ranks_over_datasets_are_compared_as_scipy_does() {
    for case in golden()["friedman"].as_array().unwrap() {
        let values = case["values"].as_array().unwrap().iter().map(numbers).collect();
        let report = compare(&table(values), 0.05).unwrap();
        for (found, expected) in report.mean_ranks.iter().zip(numbers(&case["mean_ranks"])) {
            assert!((found - expected).abs() < 1e-12);
        }
        near(report.friedman, &case["friedman"], 1e-12);
        near(report.friedman_p, &case["friedman_p"], 1e-9);
        near(report.iman_davenport.unwrap(), &case["iman_davenport"], 1e-12);
        near(report.iman_davenport_p, &case["iman_davenport_p"], 1e-9);
        near(report.critical_difference, &case["critical_difference"], 1e-6);
        for (pair, expected) in report.pairs.iter().zip(case["nemenyi_p"].as_array().unwrap()) {
            near(pair.nemenyi_p, expected, 1e-6);
        }
    }
}

/// Two methods over datasets, whose values differ by `differences`.
fn paired(differences: &[f64]) -> Table {
    table(differences.iter().map(|&difference| vec![difference, 0.0]).collect())
}

#[test]
fn signed_ranks_are_counted_out_also_with_ties() {
    let golden = golden();
    let cases = golden["signed_ranks"].as_array().unwrap();
    for (case, exact) in
        cases.iter().map(|case| (case, true)).chain([(&golden["signed_ranks_approximated"], false)])
    {
        let report = compare(&paired(&numbers(&case["differences"])), 0.05).unwrap();
        let found = report.pairs[0].wilcoxon;
        near(found.statistic, &case["statistic"], 1e-12);
        near(found.p_value, &case["p"], 1e-9);
        assert_eq!(found.exact, exact);
        assert_eq!(report.pairs[0].holm_p, found.p_value, "one test needs no correction");
    }
}

#[test]
fn delong_is_its_definition() {
    let golden = golden();
    let case = &golden["delong"];
    let y_true: Vec<bool> = numbers(&case["y_true"]).iter().map(|&label| label == 1.0).collect();
    let scores: Vec<Vec<f64>> = case["y_scores"].as_array().unwrap().iter().map(numbers).collect();
    let scores: Vec<&[f64]> = scores.iter().map(Vec::as_slice).collect();
    let report = delong(&y_true, &scores).unwrap();
    for (a, row) in case["covariance"].as_array().unwrap().iter().enumerate() {
        near(report.roc_auc[a], &case["roc_auc"][a], 1e-12);
        for (b, expected) in row.as_array().unwrap().iter().enumerate() {
            near(report.covariance[a][b], expected, 1e-12);
        }
    }
    near(report.p_value(0, 1).unwrap(), &case["p"], 1e-9);
    assert_eq!(report.p_value(0, 0), Some(1.0));
    // Where each separates the labels, nothing varies.
    let truth = [false, false, true, true];
    let separate = delong(&truth, &[&[1.0, 2.0, 3.0, 4.0], &[4.0, 3.0, 2.0, 1.0]]).unwrap();
    assert_eq!((separate.roc_auc.clone(), separate.p_value(0, 1)), (vec![1.0, 0.0], None));

    // Resampling estimates the same standard errors, and the same difference.
    let bootstrap = Bootstrap { n_resamples: 2000, ..Bootstrap::default() };
    let resampled = bootstrap.run(&y_true, &scores, &Control::NONE).unwrap();
    for (method, intervals) in resampled.methods.iter().enumerate() {
        let wide = (intervals.roc_auc.high - intervals.roc_auc.low) / (2.0 * 1.96);
        let ratio = wide / report.standard_error(method);
        assert!((0.85..1.15).contains(&ratio), "{ratio}");
        assert!((intervals.roc_auc.value - report.roc_auc[method]).abs() < 1e-12);
    }
    let difference = &resampled.differences[0];
    let expected = report.roc_auc[1] - report.roc_auc[0];
    assert!((difference.roc_auc.value - expected).abs() < 1e-12);
    assert!((difference.roc_auc_p - report.p_value(0, 1).unwrap()).abs() < 0.05);
}

#[test]
fn resampling_depends_on_the_seed_alone() {
    let y_true: Vec<bool> = (0..200).map(|i| i % 7 == 0).collect();
    let scores: Vec<f64> = (0..200).map(|i| f64::from((i * 37) % 101)).collect();
    let run = |threads, seed| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let bootstrap = Bootstrap { seed, n_resamples: 150, ..Bootstrap::default() };
        pool.install(|| bootstrap.run(&y_true, &[&scores], &Control::NONE).unwrap())
    };
    assert_eq!(run(1, 5), run(4, 5));
    assert_ne!(run(1, 5), run(1, 6));
}

#[test]
fn groups_hold_methods_that_do_not_differ() {
    // Method 0 wins always, 1 and 2 take turns, 3 loses always.
    let values =
        (0..20).map(|i| vec![0.9, 0.5 + f64::from(i % 2) * 0.1, 0.55, 0.1]).collect::<Vec<_>>();
    let report = compare(&table(values), 0.05).unwrap();
    assert_eq!(report.mean_ranks, [1.0, 2.5, 2.5, 4.0]);
    assert!(report.friedman_p < 1e-6);
    assert_eq!(report.nemenyi_groups, [[1, 2]]);
    assert_eq!(report.holm_groups, [[1, 2]]);
    // Methods that are all alike are one group.
    let report = compare(&table(vec![vec![0.5; 3]; 6]), 0.05).unwrap();
    assert_eq!((report.friedman, report.friedman_p), (0.0, 1.0));
    assert_eq!(report.nemenyi_groups, [[0, 1, 2]]);
}

#[test]
fn too_little_is_refused_with_the_reason() {
    let few = compare(&table(vec![vec![0.1, 0.2]; 3]), 0.05).unwrap_err();
    assert_eq!(
        few.to_string(),
        "a comparison of methods needs at least 5 datasets, but there are 3"
    );
    let one = compare(&table(vec![vec![0.1]; 9]), 0.05).unwrap_err();
    assert_eq!(
        one.to_string(),
        "a comparison of methods needs at least 2 methods, but there are 1"
    );
    let hole = compare(&table(vec![vec![0.1, f64::NAN]; 9]), 0.05).unwrap_err();
    assert!(matches!(hole, Error::NotFinite { index: 1, .. }));
    let lone = delong(&[true, false, false], &[&[0.1, 0.2, 0.3]]).unwrap_err();
    assert!(matches!(lone, Error::TooFew { found: 1, .. }), "{lone}");
    let bootstrap = Bootstrap { confidence: 1.0, ..Bootstrap::default() };
    assert!(bootstrap.run(&[true, false], &[&[0.1, 0.2]], &Control::NONE).is_err());
}
