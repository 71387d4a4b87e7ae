//! Pictures of evaluations: that each is a whole one, and that it shows what it says.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

use std::fs;

use gad_eval::evaluate::{EvaluateConfig, ReportConfig, Versus, evaluate};
use gad_eval::metrics::Ranking;
use gad_eval::plots::{
    CriticalDifferencePlot, DistributionPlot, HeatPlot, NamedCurve, Plot, RocPlot,
};
use gad_eval::results::{Level, ResultType, Results, Timing};
use gad_eval::statistics::{Bootstrap, Table, compare};
use graph_core::Control;
use serde_json::json;

/// The folder of an experiment with all that can be drawn.
fn experiment(name: &str, spread: f64) -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix(name).tempdir().unwrap();
    let value = |i: usize| ((i * 7919) % 1000) as f64 / 1000.0;
    let scores: Vec<Vec<f64>> =
        (0..20).map(|row| (0..10).map(|i| value(10 * row + i) * spread).collect()).collect();
    let truth: Vec<Vec<u8>> = scores
        .iter()
        .map(|row| row.iter().map(|&s| u8::from(0.8 * spread < s)).collect())
        .collect();
    let results = json!({
        "result_type": "TEMPORAL_NODE_ANOMALY_SCORES",
        "scores": scores,
        "ground_truth": truth,
        "metadata": {"note": "<script>alert(1)</script>"},
    });
    fs::write(folder.path().join("results.json"), results.to_string()).unwrap();
    fs::write(folder.path().join("loss.csv"), "timestamp,loss\n1,0.5\n2,0.25\n3,0.125\n").unwrap();
    folder
}

/// Width and height of a PNG, which is whole.
fn size(bytes: &[u8]) -> (u32, u32) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    // Something is drawn, and not everywhere.
    let dark = pixels.chunks_exact(3).filter(|pixel| pixel.iter().all(|&c| c < 128)).count();
    assert!(200 < dark && dark < pixels.len() / 3 / 2, "{dark} dark pixels");
    (info.width, info.height)
}

#[test]
fn a_report_has_all_plots_and_needs_nothing_else() {
    let folder = experiment("exp__a", 1.0);
    let evaluation = evaluate(folder.path(), &EvaluateConfig::default(), &Control::NONE).unwrap();
    let out = folder.path().join("eval");
    let written = evaluation.write(&out, ReportConfig::default()).unwrap();
    for name in [
        "roc_curve",
        "pr_curve",
        "score_distribution",
        "calibration",
        "temporal_heat_map",
        "loss_curves",
    ] {
        assert!(written.contains(&out.join(format!("{name}.png"))), "{name}");
        let (width, height) = size(&fs::read(out.join(format!("{name}.png"))).unwrap());
        let svg = fs::read_to_string(out.join(format!("{name}.svg"))).unwrap();
        // A PNG is twice as fine.
        assert!(svg.contains(&format!("viewBox=\"0 0 {} {}\"", width / 2, height / 2)), "{name}");
        assert!(svg.trim_end().ends_with("</svg>"));
    }
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    // On a dark page all plots change but the one whose colors are values.
    assert_eq!(page.matches("<figure>").count(), 5);
    assert_eq!(page.matches("<figure class=\"as-is\">").count(), 1);
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script"), "markup is escaped");
    for outside in ["http://", "https://", "src=", "url("] {
        let found = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!found.contains(outside), "the page loads nothing: {outside}");
    }
    let json: serde_json::Value =
        serde_json::from_slice(&fs::read(out.join("evaluation.json")).unwrap()).unwrap();
    assert_eq!(json["plots"]["roc_curve"], "roc_curve.png");
    assert_eq!(json["spot_files"], json!(["loss"]));
}

#[test]
fn experiments_are_drawn_over_one_another() {
    let folders = [experiment("exp__a", 1.0), experiment("exp__b", 2.0)];
    let evaluated: Vec<_> = folders
        .iter()
        .map(|folder| evaluate(folder.path(), &EvaluateConfig::default(), &Control::NONE).unwrap())
        .collect();
    let bootstrap = Bootstrap { n_resamples: 50, ..Bootstrap::default() };
    let versus = Versus::of(&evaluated, &bootstrap, &Control::NONE).unwrap();
    assert_eq!(versus.bootstrap.differences[0].roc_auc.value, 0.0, "a factor changes no order");
    assert_eq!(versus.delong_p, [Some(1.0)]);
    let page = versus.page();
    assert_eq!(page.matches("<figure>").count(), 2);
    assert!(evaluated.iter().all(|one| page.contains(&one.experiment_name)));
    let one = Versus::of(&evaluated[..1], &bootstrap, &Control::NONE).unwrap_err();
    assert!(one.to_string().contains("at least 2 experiments, but there are 1"), "{one}");
}

#[test]
fn a_diagram_names_all_methods() {
    let methods: Vec<String> = (0..5).map(|i| format!("method-{i}")).collect();
    let value =
        |row: usize, i: usize| 0.5 + 0.1 * i as f64 + ((row * 31 + i * 17) % 10) as f64 / 40.0;
    let table = Table {
        methods: methods.clone(),
        datasets: (0..12).map(|i| format!("d{i}")).collect(),
        values: (0..12).map(|row| (0..5).map(|i| value(row, i)).collect()).collect(),
    };
    let report = compare(&table, 0.05).unwrap();
    let plot = CriticalDifferencePlot::of("Ranks", &methods, &report);
    let svg = plot.svg();
    for (method, rank) in methods.iter().zip(&report.mean_ranks) {
        assert!(svg.contains(&format!("{method}  {rank:.2}")), "{method}");
    }
    assert!(svg.contains("critical difference"));
    size(&plot.png().unwrap());
}

#[test]
fn numbers_are_as_short_as_they_are_exact() {
    let cases = [(0.1, "0.1"), (-2.0, "-2"), (0.0, "0"), (1e300, "1e300"), (-1.5e-9, "-1.5e-9")];
    for (value, expected) in cases {
        assert_eq!(gad_eval::evaluate::shown_number(value), expected);
    }
    assert_eq!(gad_eval::evaluate::shown_p(Some(1e-9)), "<0.0001");
    assert_eq!(gad_eval::evaluate::shown_p(Some(0.034)), "0.0340");
    assert_eq!(gad_eval::evaluate::shown_p(None), "–");
}

#[test]
fn names_of_curves_stand_above_them_however_many_there_are() {
    let curve = |n: usize| NamedCurve {
        name: format!("method-{n}"),
        value: "0.5".to_owned(),
        curve: Ranking::new(&[true, false], &[0.0, 1.0]).unwrap().curve(10),
    };
    let plot = RocPlot::of("x", &(0..12).map(curve).collect::<Vec<_>>());
    assert_eq!(plot.size().1, 600 + 12 * 20);
    let svg = plot.svg();
    // The frame of the chart begins below the last name.
    let heights = svg.split("<text ").skip(1).filter(|text| text.contains("method-"));
    let heights: Vec<f64> = heights
        .map(|text| text.split("y=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(heights.len(), 12);
    let top =
        svg.split("<polyline ").nth(1).and_then(|line| line.split("points=\"").nth(1)).unwrap();
    let top =
        top.split(['"', ' ']).filter_map(|point| point.split_once(',')?.1.parse::<f64>().ok());
    let top = top.fold(f64::INFINITY, f64::min);
    assert!(heights.iter().all(|&height| height < top), "{heights:?} above {top}");
}

#[test]
fn awkward_scores_are_drawn_too() {
    for scores in [vec![0.0; 4], vec![1e-300, 0.0, 1e300, 5.0], vec![-1e308, 1e308, 0.0, 1.0]] {
        let plot = DistributionPlot::of("x", &[true, false, true, false], &scores);
        assert!(!plot.svg().contains("NaN"), "{scores:?}");
    }
    let kind = ResultType { level: Level::Node, timing: Timing::Temporal };
    assert_eq!(HeatPlot::of("x", &Results::new(kind, vec![1.0])), None, "there are no rows");
}
