//! Encodings mean what they say, in both of their forms.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float32Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    UInt32Array,
};
use graph_core::{Coo, Graph};
use graph_viewer::encode::{
    BadgePosition, EdgeColors, Encodings, Key, MISSING, OTHER, PAIRED, PALETTE, Rule, Swatch,
    viridis,
};
use graph_viewer::{ImageConfig, Picture};
use proptest::prelude::*;

const RED: [u8; 4] = [255, 0, 0, 255];
const BLUE: [u8; 4] = [0, 0, 255, 255];

/// Four nodes in a circle, with columns of every kind, and edges with an amount.
fn circle() -> Graph {
    let nodes: [(&str, ArrayRef); 6] = [
        ("id", Arc::new(StringArray::from(vec!["a", "b", "c", "d"]))),
        ("kind", Arc::new(StringArray::from(vec![Some("x"), Some("y"), Some("x"), None]))),
        ("score", Arc::new(Float64Array::from(vec![Some(0.0), Some(5.0), Some(10.0), None]))),
        ("number", Arc::new(Int64Array::from(vec![1, 2, 1, 3]))),
        ("rgba", Arc::new(Int64Array::from(vec![0xff00_0000, 0x0000_ff80, 0xff, 0]))),
        ("entry", Arc::new(Int32Array::from(vec![0, 1, 14, -1]))),
    ];
    let edges: [(&str, ArrayRef); 2] = [
        ("amount", Arc::new(Float32Array::from(vec![1.0, 2.0, 4.0, 1.0]))),
        ("how", Arc::new(StringArray::from(vec!["p", "q", "p", "p"]))),
    ];
    let coo = Coo::new(4, vec![0, 1, 2, 3], vec![1, 2, 3, 0], None).unwrap();
    let nodes = RecordBatch::try_from_iter(nodes).unwrap();
    let edges = RecordBatch::try_from_iter(edges).unwrap();
    Graph::from_parts(nodes, edges, coo, true).unwrap()
}

fn refusal(json: &str) -> String {
    match Encodings::from_json(json) {
        Err(error) => error.to_string(),
        Ok(encodings) => encodings.evaluate(&circle()).unwrap_err().to_string(),
    }
}

#[test]
fn every_rule_gives_its_colors() {
    let colors = |json: &str| {
        let encodings = Encodings::from_json(&format!("{{\"node_color\": {json}}}")).unwrap();
        encodings.evaluate(&circle()).unwrap().0.node_colors.unwrap()
    };
    assert_eq!(colors(r#""kind""#), [PALETTE[0], PALETTE[1], PALETTE[0], MISSING]);
    assert_eq!(colors(r#""score""#), [viridis(0.0), viridis(0.5), viridis(1.0), MISSING]);
    let map = r#"{"column": "number", "map": {"1": "red", "3": "blue"}, "other": "black"}"#;
    assert_eq!(colors(map), [RED, [0, 0, 0, 255], RED, BLUE]);
    let round = r#"{"column": "number", "palette": ["red", "blue"], "scale": "categorical"}"#;
    assert_eq!(colors(round), [RED, BLUE, RED, RED]);
    let ramp = r#"{"column": "score", "palette": ["red", "blue"]}"#;
    assert_eq!([colors(ramp)[0], colors(ramp)[2], colors(ramp)[3]], [RED, BLUE, MISSING]);
    let bins = r#"{"column": "score", "bins": [[5, "red"], [10, "blue"]], "other": "white"}"#;
    assert_eq!(colors(bins), [RED, BLUE, [255; 4], [255; 4]]);
    let inclusive = bins.replace("\"bins\"", "\"inclusive\": true, \"bins\"");
    assert_eq!(colors(&inclusive), [RED, RED, BLUE, [255; 4]]);
    let two = r#"{"column": "score", "bins": 2, "scale": "linear", "palette": ["red", "blue"]}"#;
    assert_eq!(colors(two), [RED, BLUE, BLUE, MISSING]);
    assert_eq!(colors(r#"{"column": "rgba", "scale": "raw"}"#)[..2], [RED, [0, 0, 255, 128]]);
    let entries = colors(r#"{"column": "entry", "scale": "raw"}"#);
    assert_eq!(entries, [PAIRED[0], PAIRED[1], PAIRED[2], PAIRED[11]]);
}

/// Opacities of four nodes with these ranks, and their key.
fn opacities(ranks: [f64; 4], rule: &str) -> (Vec<f32>, Key) {
    let column: ArrayRef = Arc::new(Float64Array::from(ranks.to_vec()));
    let graph = circle().with_node_columns([("rank".to_owned(), column)]).unwrap();
    let encodings = Encodings::from_json(&format!("{{\"node_opacity\": {rule}}}")).unwrap();
    let (buffers, legend) = encodings.evaluate(&graph).unwrap();
    (buffers.node_opacities.unwrap(), legend.parts[0].key.clone())
}

#[test]
fn small_shares_are_not_taken_for_opacities() {
    let ranks = [0.0003, 0.0001, 0.0002, f64::NAN];
    let (scaled, key) = opacities(ranks, "\"rank\"");
    for (found, expected) in scaled.iter().zip([1.0, 0.15, 0.575, 1.0]) {
        assert!((found - expected).abs() < 1e-6, "{scaled:?}");
    }
    let Key::Scale { stops, ticks, missing } = key else { panic!("no scale") };
    assert_eq!(stops, [Swatch::Number(0.15), Swatch::Number(1.0)]);
    let ends = [&ticks[0], &ticks[ticks.len() - 1]].map(|tick| (tick.place, tick.label.as_str()));
    assert_eq!(ends, [(0.0, "0.0001"), (1.0, "0.0003")]);
    assert_eq!(missing.unwrap().count, 1);
    // The same numbers, in another unit, look the same.
    assert_eq!(opacities(ranks.map(|rank| rank * 4096.0), "\"rank\"").0, scaled);
}

#[test]
fn numbers_are_opacities_where_that_is_asked_for_and_they_can_be() {
    let raw = r#"{"column": "rank", "scale": "raw"}"#;
    assert_eq!(opacities([0.0, 0.25, 1.0, 0.5], raw), (vec![0.0, 0.25, 1.0, 0.5], Key::Raw));
    let (scaled, key) = opacities([0.0, 1.0, 2.0, 4.0], raw);
    assert_eq!([scaled[0], scaled[3]], [0.15, 1.0]);
    assert!(matches!(key, Key::Scale { .. }));
    // A binding of PyGraphistry's is the numbers themselves.
    let json = r#"{"node_encodings": {"bindings": {"node_opacity": "score"}}}"#;
    let rule = Encodings::from_json(json).unwrap().node_opacity.unwrap().rule;
    assert_eq!(rule, Rule::Raw);
}

#[test]
fn numbers_of_groups_are_names_however_many_there_are() {
    let values: Vec<u32> = (0..20).flat_map(|group| [group, group]).collect();
    let colors = |name: &str| {
        let coo = Coo::new(40, vec![0], vec![1], None).unwrap();
        let column: ArrayRef = Arc::new(UInt32Array::from(values.clone()));
        let graph = Graph::from_coo(coo, false).with_node_columns([(name.to_owned(), column)]);
        let encodings = Encodings::from_json(&format!("{{\"node_color\": \"{name}\"}}")).unwrap();
        let (buffers, legend) = encodings.evaluate(&graph.unwrap()).unwrap();
        let is_named = matches!(legend.parts[0].key, Key::Categories { .. });
        (buffers.node_colors.unwrap(), is_named)
    };
    let (of_groups, is_named) = colors("louvain");
    assert!(is_named);
    assert_eq!([of_groups[0], of_groups[1], of_groups[2]], [PALETTE[0], PALETTE[0], PALETTE[1]]);
    assert_eq!(of_groups[39], OTHER, "those beyond the palette are one");
    assert_eq!(colors("Community"), (of_groups, true));
    let (of_numbers, is_named) = colors("number");
    assert!(!is_named);
    assert_eq!([of_numbers[0], of_numbers[39]], [viridis(0.0), viridis(1.0)]);
}

#[test]
fn the_form_of_pygraphistry_is_read() {
    let json = r#"{
      "node_encodings": {
        "bindings": {"node": "id", "node_title": "kind", "node_size": "score", "node_color": "rgba"},
        "complex": {
          "default": {
            "pointColorEncoding": {"graphType": "point", "encodingType": "color", "attribute": "score",
              "variation": "continuous", "colors": ["red", "blue"]},
            "pointSizeEncoding": {"attribute": "number", "variation": "categorical",
              "mapping": {"categorical": {"fixed": {"1": 10, "2": 40}, "other": 20}}},
            "pointIconEncoding": {"attribute": "kind", "variation": "categorical", "asText": true,
              "mapping": {"categorical": {"fixed": {"x": "US"}, "other": ""}}},
            "pointBadgeTopRightEncoding": {"attribute": "score", "variation": "continuous",
              "mapping": {"continuous": {"bins": [[5, "star"], [null, "bell"]], "comparator": "<="}},
              "color": "red", "bg": {"color": {"mapping": {"continuous": {"bins": [[null, "blue"]]}}}}},
            "pointAxisEncoding": {"rows": []}
          },
          "current": {"pointColorEncoding": {"attribute": "kind", "variation": "categorical",
            "colors": ["red", "blue"]}}
        }
      },
      "edge_encodings": {
        "bindings": {"source": "s", "destination": "d", "edge_weight": "amount"},
        "complex": {"default": {"edgeOpacityEncoding": {"attribute": "how", "variation": "categorical",
          "mapping": {"categorical": {"fixed": {"p": 0.5}}}}}}
      }
    }"#;
    let encodings = Encodings::from_json(json).unwrap();
    assert_eq!(encodings.ignored, ["pointAxisEncoding"]);
    assert!(matches!(&encodings.node_color.as_ref().unwrap().rule, Rule::Cycle(_)));
    let (buffers, legend) = encodings.evaluate(&circle()).unwrap();
    assert_eq!(buffers.node_colors.unwrap(), [RED, BLUE, RED, MISSING]);
    assert_eq!(buffers.node_sizes.unwrap(), [0.25, 1.0, 0.25, 0.5]);
    let icons = buffers.node_icons.unwrap();
    assert_eq!(
        (icons.table, icons.index, icons.as_text),
        (vec![String::new(), "US".into()], vec![1, 0, 1, 0], true)
    );
    let badge = &buffers.badges[0];
    assert_eq!(badge.position, BadgePosition::TopRight);
    assert_eq!(badge.icons.as_ref().unwrap().index, [1, 1, 2, 0]);
    assert_eq!(badge.colors.as_deref().unwrap(), [RED; 4]);
    assert_eq!(badge.backgrounds.as_deref().unwrap(), [BLUE, BLUE, BLUE, MISSING]);
    assert_eq!(buffers.edge_weights.unwrap(), [1.0, 2.0, 4.0, 1.0]);
    assert_eq!(buffers.edge_opacities.unwrap(), [0.5, 1.0, 0.5, 0.5]);
    let channels: Vec<&str> = legend.parts.iter().map(|part| part.channel.as_str()).collect();
    assert!(channels.contains(&"badge_top_right_icon"), "{channels:?}");
    let color = legend.parts.iter().find(|part| part.channel == "node_color").unwrap();
    let Key::Categories { entries } = &color.key else { panic!("not categories") };
    let entry = &entries[0];
    assert_eq!((entry.name.as_str(), &entry.swatch, entry.count), ("x", &Swatch::Color(RED), 2));
}

#[test]
fn bins_of_icons_may_be_empty_or_numbers() {
    let json =
        r#"{"node_icon": {"column": "score", "bins": [[5, null], [null, 7]], "inclusive": true}}"#;
    let (buffers, _) = Encodings::from_json(json).unwrap().evaluate(&circle()).unwrap();
    let icons = buffers.node_icons.unwrap();
    assert_eq!((icons.table, icons.index), (vec![String::new(), "7".into()], vec![0, 0, 1, 0]));
}

#[test]
fn edges_have_one_color_or_two() {
    let gradient = r#"{"edge_source_color": {"column": "how", "map": {"p": "red"}, "other": "blue"},
                       "edge_target_color": {"column": "how", "map": {}, "other": "blue"}}"#;
    let of = |json: &str| {
        Encodings::from_json(json).unwrap().evaluate(&circle()).unwrap().0.edge_colors.unwrap()
    };
    let expected = EdgeColors::Gradient(vec![[RED, BLUE], [BLUE, BLUE], [RED, BLUE], [RED, BLUE]]);
    assert_eq!(of(gradient), expected);
    let both = gradient.replacen('{', r#"{"edge_color": "how","#, 1);
    let [p, q] = [PALETTE[0], PALETTE[1]];
    assert_eq!(of(&both), EdgeColors::Whole(vec![p, q, p, p]));
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    for (json, message) in [
        (
            r#"{"node_colour": "kind"}"#,
            "encodings: there is no `node_colour`; did you mean `node_color`?",
        ),
        (
            r#"{"node_color": {"column": "kind", "map": {"x": "gren"}}}"#,
            "node_color.map.x: `gren` is not a color; did you mean `green`?",
        ),
        (
            r#"{"node_size": {"column": "score", "range": [1, -2]}}"#,
            "node_size.range.1: -2 is no number from 0 on",
        ),
        (
            r#"{"node_color": {"column": "score", "bins": [[5, "red"], [5, "blue"]]}}"#,
            "node_color.bins: the bound of bin 1 is not above that of bin 0",
        ),
        (
            r#"{"node_color": "knid"}"#,
            "there is no column `knid`; the columns of nodes are `id`, `kind`, `score`, `number`, `rgba`, `entry`, `degree`; did you mean `kind`?",
        ),
        (
            r#"{"edge_size": "amuont"}"#,
            "there is no column `amuont`; the columns of edges are `source`, `target`, `amount`, `how`; did you mean `amount`?",
        ),
        (
            r#"{"node_size": "kind"}"#,
            "column `kind` has type text, but a number, a date or a time was needed",
        ),
        (
            r#"{"node_color": {"column": "kind", "scale": "raw"}}"#,
            "column `kind`: `x` is not a color",
        ),
    ] {
        assert_eq!(refusal(json), message);
    }
}

#[test]
fn a_picture_shows_colors_widths_and_a_legend_of_each() {
    let graph = circle();
    let (x, y) = ([0.0, 1.0, 1.0, 0.0], [0.0, 0.0, 1.0, 1.0]);
    let config = ImageConfig {
        color_by: Some("score".into()),
        bins: Some("2".parse().unwrap()),
        palette: Some("red,blue".parse().unwrap()),
        size_by: Some("number".into()),
        opacity_by: Some("number".into()),
        edge_color_by: Some("how".into()),
        edge_size_by: Some("amount".into()),
        ..ImageConfig::default()
    };
    let svg = Picture::new(&graph, &x, &y, &config).unwrap().svg_text().unwrap();
    for text in
        ["score", "≥ 5", "number (size)", "number (opacity)", "how (edges)", "amount (width)"]
    {
        assert!(svg.contains(&format!(">{text}</text>")), "{text} in {svg}");
    }
    assert!(svg.contains("stroke-width=\"") && svg.contains("fill-opacity=\""), "{svg}");
}

proptest! {
    /// Nodes in another order have the same colors and sizes, in that order.
    #[test]
    fn buffers_follow_the_nodes(
        values in prop::collection::vec(prop::option::of(-3.0..3.0_f64), 1..40),
        law in prop::sample::select(vec!["auto", "linear", "log", "quantile"]),
        turn in 0..40_usize,
    ) {
        let evaluate = |values: &[Option<f64>]| {
            let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..values.len() as i64));
            let column: ArrayRef = Arc::new(Float64Array::from(values.to_vec()));
            let nodes = RecordBatch::try_from_iter([("id", ids), ("v", column)]).unwrap();
            let coo = Coo::new(values.len(), vec![], vec![], None).unwrap();
            let edges = Graph::from_coo(coo.clone(), true).edges().clone();
            let graph = Graph::from_parts(nodes, edges, coo, true).unwrap();
            let json = format!(
                r#"{{"node_color": {{"column": "v", "scale": "{law}"}}, "node_size": "v",
                     "node_opacity": {{"column": "v", "scale": "{law}", "bins": 4}}}}"#
            );
            let (buffers, legend) = Encodings::from_json(&json).unwrap().evaluate(&graph).unwrap();
            let colors = buffers.node_colors.unwrap();
            (colors, buffers.node_sizes.unwrap(), buffers.node_opacities.unwrap(), legend)
        };
        let (mut colors, mut sizes, mut opacities, legend) = evaluate(&values);
        let mut turned = values.clone();
        let turn = turn % values.len();
        turned.rotate_left(turn);
        colors.rotate_left(turn);
        sizes.rotate_left(turn);
        opacities.rotate_left(turn);
        let (other_colors, other_sizes, other_opacities, other_legend) = evaluate(&turned);
        prop_assert_eq!(colors, other_colors);
        prop_assert_eq!(sizes, other_sizes);
        prop_assert_eq!(&opacities, &other_opacities);
        // Every value is in one bin.
        let bins = |legend: &graph_viewer::encode::Legend| {
            let part = legend.parts.iter().find(|part| part.channel == "node_opacity").unwrap();
            let Key::Bins { entries } = &part.key else { panic!("not bins") };
            entries.iter().map(|entry| (entry.name.clone(), entry.count)).collect::<Vec<_>>()
        };
        prop_assert_eq!(bins(&legend).iter().map(|(_, count)| count).sum::<usize>(), values.len());
        prop_assert!(bins(&legend).iter().all(|(name, _)| name != "in no bin"));
        prop_assert_eq!(bins(&legend), bins(&other_legend));
    }
}
