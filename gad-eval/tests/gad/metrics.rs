//! Metrics against scikit-learn, against a count of pairs, and against one another.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]
#![expect(clippy::print_stdout, reason = "which devices were tested belongs to the result")]

use gad_eval::metrics::{
    Ranking, RankingConfig, RankingReport, WeightedRanking, average_precision_score,
    brier_score_loss, calibration, roc_auc_score,
};
use gad_eval::{Error, Result};
use graph_kernels::Device;
use proptest::prelude::*;
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(include_str!("../golden/metrics.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn labels(value: &Value) -> Vec<bool> {
    numbers(value).iter().map(|&label| label == 1.0).collect()
}

#[track_caller]
fn near(found: f64, expected: &Value, what: &str) {
    let expected = expected.as_f64().unwrap();
    let close = (found - expected).abs() <= 1e-12 * expected.abs().max(1.0);
    assert!(close, "{what}: {found} instead of {expected}");
}

#[test]
fn metrics_are_those_of_scikit_learn() {
    let golden = golden();
    for case in golden["cases"].as_array().unwrap() {
        let (y_true, y_score) = (labels(&case["y_true"]), numbers(&case["y_score"]));
        let at_k = case["at_k"].as_array().unwrap();
        let config = RankingConfig {
            k: at_k.iter().map(|row| row[0].as_u64().unwrap() as usize).collect(),
            max_fpr: vec![0.01, 0.05, 0.1, 1.0],
            at_fpr: vec![0.0, 0.01, 0.05],
            at_tpr: vec![0.5, 0.95],
            ndcg: true,
        };
        let report = Ranking::new(&y_true, &y_score).unwrap().report(&config).unwrap();
        let named = |metric: &str| format!("{metric} of {}", case["name"]);
        assert_eq!(report.n_distinct as u64, case["n_distinct"].as_u64().unwrap());
        for (metric, found) in [
            ("roc_auc", report.roc_auc),
            ("average_precision", report.average_precision),
            ("pr_auc_trapezoid", report.pr_auc_trapezoid),
            ("best_f1", report.best_f1),
            ("best_f1_threshold", report.best_f1_threshold),
            ("ndcg", report.ndcg.unwrap()),
        ] {
            near(found, &case[metric], &named(metric));
        }
        for (metric, found) in [
            ("partial_roc_auc", &report.partial_roc_auc),
            ("tpr_at_fpr", &report.tpr_at_fpr),
            ("fpr_at_tpr", &report.fpr_at_tpr),
        ] {
            for ((rate, found), expected) in found.iter().zip(case[metric].as_array().unwrap()) {
                near(*rate, &expected[0], "rate");
                near(*found, &expected[1], &format!("{} at {rate}", named(metric)));
            }
        }
        assert_eq!(report.at_k.len(), at_k.len());
        for (found, expected) in report.at_k.iter().zip(at_k) {
            let found =
                [found.expected_hits, found.precision, found.recall, found.f1, found.ndcg.unwrap()];
            for (place, found) in found.into_iter().enumerate() {
                near(found, &expected[place + 1], &format!("{} {place}", named("at_k")));
            }
        }
        let weighted = &case["weighted"];
        let ranking = WeightedRanking::new(&y_true, &y_score).unwrap();
        let found = ranking.report(&numbers(&weighted["weights"]), &config).unwrap();
        near(found.roc_auc, &weighted["roc_auc"], &named("weighted roc_auc"));
        near(found.average_precision, &weighted["average_precision"], &named("weighted ap"));
    }
}

#[test]
fn calibration_is_that_of_scikit_learn() {
    let golden = golden();
    let case = &golden["calibration"];
    let report = calibration(&labels(&case["y_true"]), &numbers(&case["y_score"]), 10).unwrap();
    near(report.brier, &case["brier"], "brier");
    let error = &case["expected_calibration_error"];
    near(report.expected_calibration_error, error, "calibration error");
}

/// Scores of many samples, of which some are tied, in no order.
fn many(n: usize, decimals: i32) -> (Vec<bool>, Vec<f64>) {
    let mut state = 7_u64;
    let mut random = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let scale = 10_f64.powi(decimals);
    (0..n)
        .map(|_| {
            let label = random() < 0.1;
            let score = random() + random() - 0.5 + if label { 0.3 } else { 0.0 };
            (label, (score * scale).round() / scale)
        })
        .unzip()
}

/// All numbers of a report, in a fixed order.
fn all(report: &RankingReport) -> Vec<f64> {
    let mut all = vec![
        report.n_distinct as f64,
        report.roc_auc,
        report.average_precision,
        report.pr_auc_trapezoid,
        report.best_f1,
        report.best_f1_threshold,
    ];
    for pairs in [&report.partial_roc_auc, &report.tpr_at_fpr, &report.fpr_at_tpr] {
        all.extend(pairs.iter().map(|pair| pair.1));
    }
    all
}

#[test]
fn long_arrays_give_what_one_walk_in_order_gives() {
    for decimals in [1, 3, 15] {
        let (y_true, y_score) = many(300_000, decimals);
        let config = RankingConfig::default();
        let parts = Ranking::new(&y_true, &y_score).unwrap().report(&config).unwrap();
        let ones = vec![1.0; y_true.len()];
        let walk = WeightedRanking::new(&y_true, &y_score).unwrap().report(&ones, &config).unwrap();
        for (one, other) in all(&parts).into_iter().zip(all(&walk)) {
            assert!((one - other).abs() <= 1e-12 * other.abs(), "{one} and {other}");
        }
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let (y_true, y_score) = many(200_000, 4);
    let config = RankingConfig { k: vec![10, 1000], ..RankingConfig::default() };
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| Ranking::new(&y_true, &y_score).unwrap().report(&config).unwrap())
    };
    assert_eq!(with(1), with(5));
}

#[test]
fn every_device_gives_what_the_processor_gives() {
    let (y_true, y_score) = many(100_000, 4);
    let config = RankingConfig { k: vec![10, 1000], ..RankingConfig::default() };
    let expected = Ranking::new(&y_true, &y_score).unwrap().report(&config).unwrap();
    for (backend, reason) in Device::absent() {
        println!("skipped: metrics on {backend:?}: {reason}");
    }
    for device in Device::all().unwrap() {
        let found = Ranking::on_device(device, &y_true, &y_score).unwrap();
        let found = found.report(&config).unwrap();
        println!("metrics on {device}");
        // Blocks differ, and with them the order of sums.
        for (one, other) in all(&found).into_iter().zip(all(&expected)) {
            assert!((one - other).abs() <= 1e-12 * other.abs(), "{device}: {one} and {other}");
        }
        for (one, other) in found.at_k.iter().zip(&expected.at_k) {
            assert_eq!((one.k, one.expected_hits), (other.k, other.expected_hits));
            let (one, other) = (one.ndcg.unwrap(), other.ndcg.unwrap());
            assert!((one - other).abs() <= 1e-12, "{device}: {one} and {other}");
        }
    }
}

proptest! {
    /// The area under the ROC is the share of pairs in order, ties counting half.
    #[test]
    fn roc_auc_counts_pairs(rows in prop::collection::vec((any::<bool>(), -3..3_i8), 2..60)) {
        let (y_true, y_score): (Vec<bool>, Vec<f64>) = rows.iter().map(|&(l, s)| (l, f64::from(s))).unzip();
        let (mut pairs, mut won) = (0.0, 0.0);
        for (&positive, &high) in y_true.iter().zip(&y_score) {
            for (&negative, &low) in y_true.iter().zip(&y_score) {
                if positive && !negative {
                    pairs += 1.0;
                    won += if low < high { 1.0 } else if low == high { 0.5 } else { 0.0 };
                }
            }
        }
        match roc_auc_score(&y_true, &y_score) {
            Ok(found) => prop_assert!((found - won / pairs).abs() < 1e-12),
            Err(error) => {
                prop_assert!(pairs == 0.0);
                let one_class = matches!(error, Error::OneClass { .. });
                prop_assert!(one_class);
            }
        }
    }

    /// An order-preserving map of the scores, and an order of the samples, change no metric.
    #[test]
    fn only_the_order_matters(rows in prop::collection::vec((any::<bool>(), -9..9_i8), 2..60), turn in 0..60_usize) {
        let (y_true, y_score): (Vec<bool>, Vec<f64>) = rows.iter().map(|&(l, s)| (l, f64::from(s))).unzip();
        let mut turned: Vec<(bool, f64)> = y_true.iter().zip(&y_score).map(|(&l, &s)| (l, (s / 3.0).exp())).collect();
        turned.rotate_left(turn % rows.len());
        let (labels, scores): (Vec<bool>, Vec<f64>) = turned.into_iter().unzip();
        let config = RankingConfig { k: vec![1, 3, 10], ..RankingConfig::default() };
        let report = |labels: &[bool], scores: &[f64]| Ranking::new(labels, scores)?.report(&config);
        if let (Ok(one), Ok(other)) = (report(&y_true, &y_score), report(&labels, &scores)) {
            prop_assert_eq!(&one.at_k, &other.at_k);
            prop_assert_eq!((one.roc_auc, one.average_precision, one.ndcg), (other.roc_auc, other.average_precision, other.ndcg));
        }
    }

    /// A weight of a whole number is that many samples.
    #[test]
    fn weights_repeat_samples(rows in prop::collection::vec((any::<bool>(), -3..3_i8, 0..4_u8), 2..40)) {
        let expand = |f: &dyn Fn(&(bool, i8, u8)) -> usize| -> (Vec<bool>, Vec<f64>) {
            rows.iter().flat_map(|row| std::iter::repeat_n((row.0, f64::from(row.1)), f(row))).unzip()
        };
        let (y_true, y_score) = expand(&|_| 1);
        let weights: Vec<f64> = rows.iter().map(|row| f64::from(row.2)).collect();
        let ranking = WeightedRanking::new(&y_true, &y_score).unwrap();
        let weighted = ranking.report(&weights, &RankingConfig::default());
        let curve = ranking.curve(&weights, usize::MAX).unwrap();
        let probabilities = |scores: &[f64]| scores.iter().map(|score| (score + 3.0) / 5.0).collect::<Vec<_>>();
        let brier = brier_score_loss(&y_true, &probabilities(&y_score), Some(&weights));
        let (y_true, y_score) = expand(&|row| usize::from(row.2));
        let repeated = Ranking::new(&y_true, &y_score).and_then(|r| r.report(&RankingConfig::default()));
        match (weighted, repeated) {
            (Ok(weighted), Ok(repeated)) => for (one, other) in all(&weighted).into_iter().zip(all(&repeated)) {
                prop_assert!((one - other).abs() < 1e-12, "{} and {}", one, other);
            },
            (weighted, repeated) => prop_assert_eq!(weighted.is_err(), repeated.is_err()),
        }
        if y_true.is_empty() {
            prop_assert_eq!(curve.thresholds.len(), 1);
            prop_assert!(brier.is_err());
        } else {
            prop_assert_eq!(curve, Ranking::new(&y_true, &y_score).unwrap().curve(usize::MAX));
            let repeated = brier_score_loss(&y_true, &probabilities(&y_score), None).unwrap();
            prop_assert_eq!(repeated, calibration(&y_true, &probabilities(&y_score), 5).unwrap().brier);
            prop_assert!((brier.unwrap() - repeated).abs() < 1e-12);
        }
    }
}

#[test]
fn bad_input_is_named() {
    let error = |result: Result<f64>| result.unwrap_err().to_string();
    assert_eq!(
        error(roc_auc_score(&[true], &[0.5, 0.5])),
        "y_true has 1 entries, but y_score has 2"
    );
    assert_eq!(error(roc_auc_score(&[], &[])), "y_score is empty");
    assert_eq!(
        error(average_precision_score(&[true, false], &[0.5, f64::NAN])),
        "y_score has NaN at 1, which is no finite number"
    );
    assert_eq!(error(roc_auc_score(&[false; 3], &[0.1, 0.2, 0.3])), "all 3 labels are negative");
    assert_eq!(error(roc_auc_score(&[true; 2], &[0.1, 0.2])), "all 2 labels are positive");
    let ranking = Ranking::new(&[true, false], &[0.1, 0.2]).unwrap();
    let config = RankingConfig { max_fpr: vec![0.0], ..RankingConfig::default() };
    assert_eq!(
        ranking.report(&config).unwrap_err().to_string(),
        "max_fpr is 0, but it must be above 0 and at most 1"
    );
    assert_eq!(
        calibration(&[true], &[1.5], 10).unwrap_err().to_string(),
        "score 0 is 1.5, which is no probability"
    );
    let weighted = WeightedRanking::new(&[true, false], &[0.1, 0.2]).unwrap();
    assert!(weighted.report(&[1.0, -1.0], &RankingConfig::default()).is_err());
    assert!(weighted.report(&[1.0], &RankingConfig::default()).is_err());
    assert_eq!(
        weighted.curve(&[1.0, f64::NAN], 2).unwrap_err().to_string(),
        "sample_weight is NaN at 1, but it must be finite and not negative"
    );
    let error = brier_score_loss(&[true, false], &[0.1, 0.2], Some(&[1e308; 2])).unwrap_err();
    assert!(error.to_string().contains("small enough to be added up"), "{error}");
    let light = WeightedRanking::new(&[true, false, true, false], &[0.4, 0.3, 0.2, 0.1]).unwrap();
    assert_eq!(light.curve(&[1e6, 1.0, 1.0, 1.0], 4).unwrap().thresholds.len(), 5);
    assert_eq!(light.curve(&[1e6, 1.0, 1.0, 1.0], 2).unwrap().thresholds.len(), 3);
    assert_eq!(weighted.curve(&[1.0; 2], 2).unwrap().thresholds, [f64::INFINITY, 0.2, 0.1]);
}
