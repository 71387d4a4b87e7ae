//! Queries that are wrong, and what only large or strange graphs show.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, RecordBatchOptions,
    StringArray,
};
use arrow::datatypes::{Float32Type, Int64Type, Schema};
use graph_core::generate::{cycle, path, star};
use graph_core::{Coo, Graph};

use super::*;
use crate::Error;

fn ask(graph: &Graph, query: &str) -> Result<GfqlReport> {
    Gfql::parse(query, &Limits::default())?.run(graph, Absent::Refuse, &Control::NONE)
}

fn complaint(query: &str) -> String {
    ask(&directed_path(4), query).unwrap_err().to_string()
}

fn directed_path(n: usize) -> Graph {
    let ends = |from: u32| (from..from + n as u32 - 1).collect();
    Graph::from_coo(Coo::new(n, ends(0), ends(1), None).unwrap(), true)
}

fn sizes(report: &GfqlReport) -> (usize, usize) {
    (report.nodes.num_rows(), report.edges.num_rows())
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn what_is_wrong_is_named_with_its_place() {
    let wrong = [
        ("[", "$: this is no JSON: EOF while parsing a list at line 1 column 1"),
        (
            r#"{"a": 1, "a": 2}"#,
            "$: this is no JSON: the field `a` is there twice at line 1 column 16",
        ),
        ("7", "$: 7 where an object is expected"),
        (r#"{"chain": [{"filter_dict": {}}]}"#, "$.chain[0]: the field `type` is missing"),
        (r#"[{"type": "Nod"}]"#, "$[0].type: there is no type of step `Nod`; did you mean `Node`?"),
        (
            r#"[{"type": "Node", "filter": {}}]"#,
            "$[0]: there is no field of a node step `filter`; did you mean `filter_dict`?",
        ),
        (
            r#"[{"type": "Node", "filter_dict": {"id": {"type": "Fullmach"}}}]"#,
            "$[0].filter_dict.id.type: there is no predicate `Fullmach`; did you mean `Fullmatch`?",
        ),
        (
            r#"[{"type": "Node", "filter_dict": {"idd": 1}}]"#,
            r#"$[0].filter_dict["idd"]: there is no column `idd`; did you mean `id`?"#,
        ),
        (
            r#"[{"type": "Node", "filter_dict": {"id": "x"}}]"#,
            r#"$[0].filter_dict["id"]: column `id` is of type int64, which equality with a text cannot be asked of"#,
        ),
        (
            r#"[{"type": "Node", "filter_dict": {"id": {"type": "Match", "pat": "(?=a)"}}}]"#,
            "$[0].filter_dict.id.pat: `(?=a)` (look-around, including look-ahead and look-behind, is not supported) is not a regular expression without look-around and back-references",
        ),
        (
            r#"[{"type": "Node", "filter_dict": {"id": {"type": "GT", "val": {"type": "datetime", "value": "soon"}}}}]"#,
            "$[0].filter_dict.id.val: \"soon\" is not an ISO 8601 time in a known zone",
        ),
        (r#"[{"type": "Edge", "direction": "up"}]"#, "$[0].direction: there is no direction `up`"),
        (
            r#"[{"type": "Edge", "direction": "forward", "min_hops": 3, "max_hops": 2}]"#,
            "$[0]: min_hops = 3 is not at most max_hops",
        ),
        (
            r#"[{"type": "Edge", "direction": "forward", "hops": 10001}]"#,
            "$[0].hops: 10001 hops, but at most 10000 are allowed",
        ),
        (
            r#"[{"type": "Edge", "direction": "forward", "hops": -1}]"#,
            "$[0].hops: -1 where a number from 0 to 4294967295 is expected",
        ),
        (
            r#"[{"type": "Node", "query": "id + 1 > 3"}]"#,
            "$[0].query: `id + 1 > 3` (an operator was expected, at character 4) is not a condition of comparisons between columns and values",
        ),
        (
            r#"[{"type": "Node", "query": "idd > 3"}]"#,
            "$[0].query: there is no column `idd`; did you mean `id`?",
        ),
        (
            r#"[{"type": "Call", "function": "get_degree"}]"#,
            "$[0].function: there is no call `get_degree`; did you mean `get_degrees`?",
        ),
        (
            r#"[{"type": "Call", "function": "dbscan"}]"#,
            "$[0].function: the call `dbscan` cannot be done here: it needs features",
        ),
        (
            r#"[{"type": "Call", "function": "umap", "params": {"n_components": 3}}]"#,
            "$[0].params.n_components: `n_components` other than 2 cannot be done here: nodes come to the plane by columns of numbers, with defaults",
        ),
        (
            r#"[{"type": "Call", "function": "umap", "params": {"metric": "cosin"}}]"#,
            "$[0].params.metric: there is no metric `cosin`; did you mean `cosine`?",
        ),
        (
            r#"[{"type": "Call", "function": "umap"}]"#,
            "$[0]: `umap` cannot be computed: nodes have no columns of numbers",
        ),
        (
            r#"[{"type": "Call", "function": "hop", "params": {"hop": 2}}]"#,
            "$[0].params: there is no parameter `hop`; did you mean `hops`?",
        ),
        (
            r#"[{"type": "Node"}, {"type": "Call", "function": "prune_self_edges"}, {"type": "Node"}]"#,
            "$[1]: a call between node and edge steps cannot be done here: calls stand before or behind all of them; use a `Let` for more",
        ),
        (
            r#"[{"type": "Node", "name": "id"}]"#,
            "$[0]: `id`, a column of ids, is not a name for a step or for labels",
        ),
        (
            r#"[{"type": "Node", "name": "a"}, {"type": "Node", "name": "a"}]"#,
            "$: `a`, the name of two steps, is not distinct",
        ),
        (
            r#"{"type": "RemoteGraph", "dataset_id": "x"}"#,
            "$: `RemoteGraph` cannot be done here: a query may not fetch graphs; load it and query that",
        ),
        (
            r#"{"type": "Let", "bindings": {"one": {"type": "Ref", "ref": "onee", "chain": []}}}"#,
            "$.bindings.one: there is no binding `onee`; did you mean `one`?",
        ),
        (
            r#"{"type": "Let", "bindings": {"a": {"type": "Ref", "ref": "b", "chain": []}, "b": {"type": "Ref", "ref": "a", "chain": []}}}"#,
            "$.bindings.a: names refer to one another in a circle: a → b → a",
        ),
        (
            r#"{"type": "Chain", "chain": [], "where": [{"eq": 1}]}"#,
            "$.where[0].eq: 1 where an object is expected",
        ),
        (
            r#"[{"type": "Call", "function": "get_degrees", "params": {"col": "id"}}]"#,
            "$[0]: `id`, a column of ids, is not a column that may be replaced",
        ),
    ];
    let found: Vec<String> = wrong.iter().map(|(query, _)| complaint(query)).collect();
    assert_eq!(found, wrong.map(|(_, expected)| expected));
}

#[test]
fn size_and_nesting_are_limited() {
    let deep = format!("{}{}", "[".repeat(70), "]".repeat(70));
    assert_eq!(complaint(&deep), "$: 70 levels of nesting, but at most 64 are allowed");
    let many = vec![r#"{"type": "Node"}"#; 1001].join(",");
    assert_eq!(
        complaint(&format!("[{many}]")),
        "$[1000]: 1001 steps, but at most 1000 are allowed"
    );
    let limits = Limits { bytes: 10, ..Limits::default() };
    let error = Gfql::parse(r#"[{"type": "Node"}]"#, &limits).unwrap_err();
    assert_eq!(error.to_string(), "$: 18 bytes, but at most 10 are allowed");
}

#[test]
fn a_column_that_is_not_there_is_null_with_a_warning() {
    let query = r#"[{"type": "Node", "filter_dict": {"idx": 1}}]"#;
    let query = Gfql::parse(query, &Limits::default()).unwrap();
    let report = query.run(&cycle(3).unwrap(), Absent::Null, &Control::NONE).unwrap();
    assert_eq!(sizes(&report), (0, 0));
    let warning = Warning {
        path: r#"$[0].filter_dict["idx"]"#.to_owned(),
        column: "idx".to_owned(),
        nearest: Some("id".to_owned()),
    };
    assert_eq!(report.warnings, [warning]);
}

/// As `e_forward()` does, whose default is one hop.
#[test]
fn hops_that_nobody_counts_are_one() {
    let graph = directed_path(4);
    let asked = |edge: &str| {
        let start = r#"{"type": "Node", "filter_dict": {"id": 0}}"#;
        let edge = format!(r#"{{"type": "Edge", "direction": "forward"{edge}}}"#);
        sizes(&ask(&graph, &format!(r#"[{start}, {edge}, {{"type": "Node"}}]"#)).unwrap())
    };
    for edge in ["", r#", "hops": null"#, r#", "hops": 1"#, r#", "min_hops": 1"#] {
        assert_eq!(asked(edge), (2, 1), "{edge}");
    }
    assert_eq!(asked(r#", "to_fixed_point": true"#), (4, 3));
    assert_eq!(asked(r#", "min_hops": 2"#), (4, 3));
}

#[test]
fn hops_without_an_end_cost_what_they_meet() {
    // One look at all edges for each hop would be 4 · 10^10 looks.
    let graph = directed_path(200_000);
    let query = r#"[{"type": "Node", "filter_dict": {"id": 3}},
        {"type": "Edge", "direction": "forward", "hops": null, "to_fixed_point": true},
        {"type": "Node"}]"#;
    let report = ask(&graph, query).unwrap();
    assert_eq!(sizes(&report), (200_000 - 3, 200_000 - 4));
}

#[test]
fn a_caller_can_stop_it() {
    let stop = std::sync::atomic::AtomicBool::new(true);
    let control = Control::default().stopped_by(&stop);
    let query = r#"[{"type": "Edge", "direction": "forward", "hops": 2}]"#;
    let query = Gfql::parse(query, &Limits::default()).unwrap();
    let error = query.run(&star(9).unwrap(), Absent::Null, &control).unwrap_err();
    assert!(matches!(error, Error::Stopped { .. }), "{error}");
}

#[test]
fn the_body_of_a_request_is_a_query() {
    let graph = path(5).unwrap();
    let body = r#"{"gfql_operations": [], "gfql_output": "one", "gfql_query": {"type": "Let",
        "bindings": {
            "one": {"type": "Node", "filter_dict": {"id": {"type": "GT", "val": 1}}},
            "two": {"type": "Ref", "ref": "one", "chain": [{"type": "Node", "filter_dict": {"id": 4}}]}
        }}, "format": "parquet", "engine": "auto"}"#;
    assert_eq!(sizes(&ask(&graph, body).unwrap()), (3, 0));
    let last = body.replace(r#""gfql_output": "one","#, "");
    assert_eq!(sizes(&ask(&graph, &last).unwrap()), (1, 0));
    let operations = r#"{"gfql_operations": [{"type": "Edge", "direction": "forward"}]}"#;
    assert_eq!(sizes(&ask(&graph, operations).unwrap()), (5, 4));
}

#[test]
fn names_of_an_outer_let_can_be_referred_to() {
    let query = r#"{"type": "Let", "bindings": {
        "small": {"type": "Node", "filter_dict": {"id": {"type": "LT", "val": 3}}},
        "inner": {"type": "Let", "bindings": {
            "first": {"type": "Ref", "ref": "small", "chain": [{"type": "Node", "filter_dict": {"id": 0}}]}
        }}
    }}"#;
    assert_eq!(sizes(&ask(&path(5).unwrap(), query).unwrap()), (1, 0));
}

#[test]
fn query_strings_of_pandas_are_conditions() {
    // A path of 9 nodes, whose column `id` is 0 to 8.
    for (query, expected) in [
        ("id > 3", vec![4, 5, 6, 7, 8]),
        ("id >= 2 and id < 4", vec![2, 3]),
        ("1 < id <= 3", vec![2, 3]),
        ("id == 1 or id == 8 & id > 3", vec![1, 8]),
        ("(id == 1 or id == 8) & id > 3", vec![8]),
        ("not id > 2", vec![0, 1, 2]),
        ("~(id > 2)", vec![0, 1, 2]),
        ("id in [1, 3, 99]", vec![1, 3]),
        ("id not in (0,1,2,3,4,5)", vec![6, 7, 8]),
        ("id != 3 and `id` < 5", vec![0, 1, 2, 4]),
        ("id < -1 or id < 1.5e0", vec![0, 1]),
        ("id.isna()", vec![]),
        ("id.notnull() and id == [7]", vec![7]),
    ] {
        let text = serde_json::json!([{"type": "Node", "query": query}]).to_string();
        let report = ask(&path(9).unwrap(), &text).unwrap();
        let ids = report.nodes.column(0).as_primitive::<Int64Type>().values().to_vec();
        assert_eq!(ids, expected, "{query}");
    }
}

#[test]
fn settings_of_the_picture_are_kept() {
    let query = r#"[
        {"type": "Call", "function": "name", "params": {"name": "all"}},
        {"type": "Call", "function": "encode_point_color", "params": {"column": "id"}}]"#;
    let report = ask(&path(3).unwrap(), query).unwrap();
    assert_eq!(report.name.as_deref(), Some("all"));
    assert_eq!(report.encodings[0].function, "encode_point_color");
    assert_eq!(report.encodings[0].params["column"], "id");
    assert_eq!(sizes(&report), (3, 2));
}

/// Reads a call with the parameters of an object of JSON.
fn read(function: &str, params: &str) -> Result<()> {
    let params: serde_json::Value = serde_json::from_str(params).unwrap();
    let call = serde_json::json!([{"type": "Call", "function": function, "params": params}]);
    Gfql::parse(&call.to_string(), &Limits::default()).map(drop)
}

/// Parameters besides the column, and values of each.
type Params = &'static [(&'static str, &'static [&'static str])];

const COLORS: Params = &[
    ("palette", &[r#"["red", "blue"]"#, "[]"]),
    ("as_categorical", &["true", "false"]),
    ("as_continuous", &["true", "false"]),
    ("categorical_mapping", &[r#"{"a": "red"}"#, "{}"]),
    ("default_mapping", &[r#""gray""#, "null"]),
];

const NUMBERS: Params = &[
    ("categorical_mapping", &[r#"{"a": 1, "b": -2.5}"#, "{}"]),
    ("default_mapping", &["0", "-2.5"]),
];

const ICONS: Params = &[
    ("categorical_mapping", &[r#"{"a": "plug"}"#, "{}"]),
    ("continuous_binning", &["[]", r#"[[0.2, "info"], ["m", 7], [true, 1.5], [null, null]]"#]),
    ("default_mapping", &[r#""question""#, "null"]),
    ("as_text", &["true", "false"]),
];

const AXES: Params = &[(
    "rows",
    &[
        "[]",
        r#"[{"r": 14, "external": true, "label": "out"}, {"x": 1, "bounds": {"min": 0, "max": 2}}]"#,
        r#"[{"kind": "other", "any": [1]}]"#,
    ],
)];

/// All calls `encode_…` of the safelist of `PyGraphistry` 0.61.2 (`SAFELIST_V1` in `compute/gfql/call/validation.py`), with
/// all their parameters and values that it lets through.
const SAFELIST: [(&str, Params); 14] = [
    ("encode_point_color", COLORS),
    ("encode_edge_color", COLORS),
    ("encode_point_size", NUMBERS),
    ("encode_edge_size", NUMBERS),
    ("encode_edge_weight", NUMBERS),
    ("encode_point_opacity", NUMBERS),
    ("encode_edge_opacity", NUMBERS),
    ("encode_point_label", &[]),
    ("encode_edge_label", &[]),
    ("encode_point_title", &[]),
    ("encode_edge_title", &[]),
    ("encode_point_icon", ICONS),
    ("encode_edge_icon", ICONS),
    ("encode_axis", AXES),
];

#[test]
fn encodings_that_the_client_lets_through_are_read() {
    for (function, params) in SAFELIST {
        let column = if function == "encode_axis" { "" } else { r#""column": "a""# };
        let comma = if column.is_empty() { "" } else { ", " };
        let values = params.iter().flat_map(|(name, values)| {
            values.iter().map(move |value| format!(r#"{{{column}{comma}"{name}": {value}}}"#))
        });
        for text in values.chain([format!("{{{column}}}")]) {
            read(function, &text).unwrap_or_else(|error| panic!("{function} {text}: {error}"));
        }
    }
}

#[test]
fn encodings_are_checked_when_a_query_is_read() {
    // As the client writes them, null where nothing is given.
    for (function, text) in [
        (
            "encode_point_color",
            r#"{"column": "a", "palette": ["red", "blue"], "as_categorical": null, "as_continuous": true}"#,
        ),
        (
            "encode_edge_color",
            r#"{"column": "a", "categorical_mapping": {"1": "red"}, "default_mapping": "gray", "for_current": true}"#,
        ),
        (
            "encode_point_size",
            r#"{"column": "a", "categorical_mapping": {"x": 1, "y": 2.5}, "default_mapping": 5}"#,
        ),
        (
            "encode_edge_icon",
            r#"{"column": "a", "continuous_binning": [[0.2, "info"], [null, "times"]], "as_text": false, "shape": "none"}"#,
        ),
        (
            "encode_point_badge",
            r#"{"column": "a", "position": "Cover", "categorical_mapping": {"x": "flag"}, "bg": {"color": "red"}, "color": "blue"}"#,
        ),
    ] {
        read(function, text).unwrap_or_else(|error| panic!("{function} {text}: {error}"));
    }
    for (function, text, expected) in [
        (
            "encode_point_color",
            r#"{"column": "a", "pallete": ["red"]}"#,
            "$[0].params.pallete: `encode_point_color` cannot be called so: it has no parameter `pallete`; did you mean \
             `palette`?",
        ),
        (
            "encode_point_color",
            r#"{"palette": ["red"]}"#,
            "$[0].params: `encode_point_color` cannot be called so: `column`, the name of a column, is missing",
        ),
        (
            "encode_edge_color",
            r#"{"column": "a", "palette": "viridis"}"#,
            "$[0].params.palette: `encode_edge_color` cannot be called so: `palette` should be a list of colors, but it is \
             `viridis`",
        ),
        (
            "encode_edge_color",
            r#"{"column": "a", "palette": ["red", 7]}"#,
            "$[0].params.palette[1]: `encode_edge_color` cannot be called so: `palette` should be a list of colors, but in \
             it is 7",
        ),
        (
            "encode_point_size",
            r#"{"column": "a", "categorical_mapping": {"x": "big"}}"#,
            "$[0].params.categorical_mapping.x: `encode_point_size` cannot be called so: `categorical_mapping` should be an \
             object of a number for each value, but in it is `big`",
        ),
        (
            "encode_point_icon",
            r#"{"column": "a", "continuous_binning": [[1, "a"], ["b"]]}"#,
            "$[0].params.continuous_binning[1]: `encode_point_icon` cannot be called so: `continuous_binning` should be a \
             list of pairs of a bound and an icon, but in it is a list of 1",
        ),
        (
            "encode_edge_icon",
            r#"{"column": "a", "continuous_binning": [[null, "a"], [{"x": 1}, "b"]]}"#,
            "$[0].params.continuous_binning[1][0]: `encode_edge_icon` cannot be called so: `continuous_binning` should be a \
             list of pairs of a bound and an icon, but in it is an object",
        ),
        (
            "encode_point_size",
            r#"{"column": "a", "continuous_binning": [[1, null], [2, 5], [null, "big"]]}"#,
            "$[0].params.continuous_binning[2][1]: `encode_point_size` cannot be called so: `continuous_binning` should be a \
             list of pairs of a bound and a number, but in it is `big`",
        ),
        (
            "encode_point_badge",
            r#"{"column": "a", "position": "middle"}"#,
            "$[0].params.position: `encode_point_badge` cannot be called so: `position` should be a corner, a side such as \
             `Top`, or `Cover`, but it is `middle`",
        ),
        (
            "encode_edge_title",
            r#"{"column": "a", "categorical_mapping": {"x": "y"}}"#,
            "$[0].params.categorical_mapping: `encode_edge_title` cannot be called so: it has no parameter \
             `categorical_mapping`",
        ),
        (
            "encode_axis",
            r#"{"rows": {"r": 14}}"#,
            "$[0].params.rows: `encode_axis` cannot be called so: `rows` should be a list of an object for each axis, but it \
             is an object",
        ),
    ] {
        assert_eq!(read(function, text).unwrap_err().to_string(), expected);
    }
}

#[test]
fn a_query_without_encodings_has_empty_ones() {
    let report = ask(&path(3).unwrap(), r#"[{"type": "Node"}]"#).unwrap();
    assert_eq!(
        report.encodings_object(),
        serde_json::json!({"node_encodings": {}, "edge_encodings": {}})
    );
}

/// Nodes in two groups by their `size`, whose edges join the groups.
fn two_groups() -> Graph {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..40));
    let sizes = (0..40).map(|u| if u < 20 { f64::from(u) } else { 1000.0 + f64::from(u) });
    let sizes: ArrayRef = Arc::new(Float64Array::from_iter_values(sizes));
    let names: ArrayRef = Arc::new(StringArray::from_iter_values((0..40).map(|u| format!("n{u}"))));
    let nodes = [("id", ids), ("size", sizes), ("name", names)];
    let nodes = RecordBatch::try_from_iter(nodes).unwrap();
    let coo = Coo::new(40, (0..20).collect(), (20..40).collect(), None).unwrap();
    let none = RecordBatchOptions::new().with_row_count(Some(20));
    let edges =
        RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &none).unwrap();
    Graph::from_parts(nodes, edges, coo, true).unwrap()
}

#[test]
fn umap_joins_nodes_that_are_alike() {
    let graph = two_groups();
    let found = ask(
        &graph,
        r#"[{"type": "Call", "function": "umap", "params": {"n_neighbors": 5, "X": "size"}}]"#,
    )
    .unwrap();
    assert_eq!(found.nodes.num_rows(), 40);
    let names: Vec<String> =
        found.nodes.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, ["id", "size", "name", "x", "y"]);
    let ends = ["_src_implicit", "_dst_implicit"].map(|end| {
        found.edges.column_by_name(end).unwrap().as_primitive::<Int64Type>().values().to_vec()
    });
    assert!(ends[0].len() > 40);
    assert!(ends[0].iter().zip(&ends[1]).all(|(&u, &v)| u != v && (u < 20) == (v < 20)));
    let weights = found.edges.column_by_name("_weight").unwrap();
    let weights = weights.as_primitive::<Float32Type>().values();
    assert!(weights.iter().all(|weight| (0.0..=1.0).contains(weight)));

    // A small scale keeps the heaviest alone, and one of 0 none; without edges those of the graph stay.
    let scaled = |scale: &str| {
        let params = format!(r#"{{"n_neighbors": 5, "scale": {scale}, "suffix": "_2"}}"#);
        let query = format!(r#"[{{"type": "Call", "function": "umap", "params": {params}}}]"#);
        ask(&graph, &query).unwrap()
    };
    let strict = scaled("0.1");
    let heavy = weights.iter().filter(|&&weight| 0.901 <= weight).count();
    assert!((1..ends[0].len()).contains(&heavy));
    assert_eq!(strict.edges.num_rows(), heavy);
    assert_eq!(scaled("0").edges.num_rows(), 0);
    assert!(strict.edges.column_by_name("_weight_2").is_some());
    assert!(strict.nodes.column_by_name("x_2").is_some());
    let chain = r#"[{"type": "Node", "filter_dict": {"id": {"type": "GE", "val": 10}}},
        {"type": "Call", "function": "umap", "params": {"n_neighbors": 3, "encode_weight": false}}]"#;
    let points = ask(&graph, chain).unwrap();
    assert_eq!(sizes(&points), (30, 0));
    let x = points.nodes.column_by_name("x").unwrap();
    assert_eq!(x.null_count(), 0);

    let wrong = |params: &str| {
        let query = format!(r#"[{{"type": "Call", "function": "umap", "params": {params}}}]"#);
        ask(&graph, &query).unwrap_err().to_string()
    };
    assert_eq!(
        wrong(r#"{"X": ["sise"]}"#),
        "$[0]: there is no column `sise`; did you mean `size`?"
    );
    assert!(wrong(r#"{"X": ["name"]}"#).contains("`name`"), "{}", wrong(r#"{"X": ["name"]}"#));
    assert!(wrong(r#"{"n_neighbors": 1}"#).contains("n_neighbors"));
    assert!(wrong(r#"{"kind": "edges"}"#).contains("`kind` other than \"nodes\""));
}
