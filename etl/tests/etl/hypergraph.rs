//! Hypergraphs are those of `PyGraphistry`, and hold together as graphs.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, DictionaryArray, Float32Array, Float64Array,
    Int64Array, ListArray, RecordBatch, StringArray, new_empty_array,
};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type, TimeUnit, UInt64Type};
use graph_etl::hypergraph::{Hypergraph, HypergraphConfig, HypergraphOpts, HypergraphWarning};
use graph_etl::{Control, Error};
use proptest::prelude::*;
use serde_json::{Value, json};

const GOLDEN: &str = include_str!("../golden/hypergraph.json");

#[test]
fn tables_are_those_of_the_client() {
    let cases: Vec<Value> = serde_json::from_str(GOLDEN).unwrap();
    assert!(cases.len() > 100, "{} cases", cases.len());
    for (i, case) in cases.iter().enumerate() {
        let place = format!("case {i}: {}", case["config"]);
        let config = config(&case["config"]);
        let result = config.run(&events(&case["columns"]), &Control::NONE).expect(&place);
        for (table, made) in [
            ("entities", result.entities().unwrap()),
            ("events", result.events().unwrap()),
            ("nodes", result.nodes().unwrap()),
        ] {
            assert_eq!(json!(names(&made)), case[table]["names"], "{table} of {place}");
            for (column, expected) in made.columns().iter().zip(columns(&case[table])) {
                assert_eq!(&cells(column), expected, "{table} of {place}");
            }
        }
        let edges = result.edges().unwrap();
        for (whole, batches) in [
            (&edges, result.edge_batches().expect(&place)),
            (&result.nodes().unwrap(), result.node_batches().expect(&place)),
        ] {
            let schema = batches[0].schema();
            assert!(batches.iter().all(|batch| batch.schema() == schema), "{place}");
            let joined = concat_batches(&schema, &batches).unwrap();
            assert_eq!(joined.schema(), whole.schema(), "{place}");
            for (a, b) in joined.columns().iter().zip(whole.columns()) {
                assert_eq!(cells(a), cells(b), "{place}");
            }
        }
        let mut sorted = names(&edges);
        sorted.sort_unstable();
        assert_eq!(json!(sorted), case["edges"]["names"], "edges of {place}");
        for (name, expected) in sorted.iter().zip(columns(&case["edges"])) {
            let column = edges.column_by_name(name).unwrap();
            assert_eq!(&cells(column), expected, "`{name}` of edges of {place}");
        }
        let [source, target] = result.end_names();
        assert_eq!(json!([source, target, config.opts.node_id]), case["ends"], "{place}");
        assert_eq!(names(&edges)[..2], [source, target], "{place}");
        assert_holds_together(&result, &place);
    }
}

/// The graph joins the ids that the table of edges names.
fn assert_holds_together(result: &Hypergraph, place: &str) {
    let graph = result.graph().expect(place);
    let edges = result.edges().unwrap();
    let ids = cells(graph.ids());
    assert_eq!(ids.iter().map(Value::to_string).collect::<BTreeSet<_>>().len(), ids.len());
    let expected: BTreeSet<String> =
        cells(result.nodes().unwrap().column_by_name(&names(graph.nodes())[0]).unwrap())
            .iter()
            .map(Value::to_string)
            .collect();
    assert_eq!(ids.iter().map(Value::to_string).collect::<BTreeSet<_>>(), expected, "{place}");
    assert_eq!(graph.n_edges(), edges.num_rows());
    assert_eq!(graph.end_names(), result.end_names());
    let coo = graph.coo();
    for (ends, column) in [coo.sources(), coo.targets()].into_iter().zip(edges.columns()) {
        let named: Vec<_> = ends.iter().map(|&u| ids[u as usize].clone()).collect();
        assert_eq!(named, cells(column), "{place}");
    }
    assert_eq!(names(graph.edges())[..], names(&edges)[2..], "{place}");
}

fn names(table: &RecordBatch) -> Vec<String> {
    table.schema().fields().iter().map(|field| field.name().clone()).collect()
}

fn columns(table: &Value) -> Vec<&Vec<Value>> {
    table["columns"].as_array().unwrap().iter().map(|column| column.as_array().unwrap()).collect()
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// The options as the client takes them.
fn config(value: &Value) -> HypergraphConfig {
    let mut config = HypergraphConfig::default();
    for (key, value) in value.as_object().unwrap() {
        match key.as_str() {
            "entity_types" => config.entity_types = Some(strings(value)),
            "drop_na" => config.drop_na = value.as_bool().unwrap(),
            "drop_edge_attrs" => config.drop_edge_attrs = value.as_bool().unwrap(),
            "direct" => config.direct = value.as_bool().unwrap(),
            "opts" => config.opts = opts(value),
            other => panic!("unknown option {other}"),
        }
    }
    config
}

fn opts(value: &Value) -> HypergraphOpts {
    let lists = |value: &Value| -> BTreeMap<String, Vec<String>> {
        value.as_object().unwrap().iter().map(|(k, v)| (k.clone(), strings(v))).collect()
    };
    let mut opts = HypergraphOpts::default();
    for (key, value) in value.as_object().unwrap() {
        let text = match key.as_str() {
            "SKIP" => {
                opts.skip = strings(value);
                continue;
            }
            "CATEGORIES" => {
                opts.categories = lists(value);
                continue;
            }
            "EDGES" => {
                opts.edges = Some(lists(value));
                continue;
            }
            "TITLE" => &mut opts.title,
            "DELIM" => &mut opts.delim,
            "NODEID" => &mut opts.node_id,
            "ATTRIBID" => &mut opts.attrib_id,
            "EVENTID" => &mut opts.event_id,
            "EVENTTYPE" => &mut opts.event_type,
            "SOURCE" => &mut opts.source,
            "DESTINATION" => &mut opts.destination,
            "CATEGORY" => &mut opts.category,
            "NODETYPE" => &mut opts.node_type,
            "EDGETYPE" => &mut opts.edge_type,
            "NULLVAL" => &mut opts.null_val,
            other => panic!("unknown option {other}"),
        };
        value.as_str().unwrap().clone_into(text);
    }
    opts
}

fn events(columns: &Value) -> RecordBatch {
    let column = |column: &Value| {
        let values = column["values"].as_array().unwrap();
        let array = array(column["type"].as_str().unwrap(), values);
        (column["name"].as_str().unwrap().to_owned(), array)
    };
    RecordBatch::try_from_iter(columns.as_array().unwrap().iter().map(column)).unwrap()
}

fn array(kind: &str, values: &[Value]) -> ArrayRef {
    let texts = || values.iter().map(Value::as_str);
    let integers = || values.iter().map(Value::as_i64).collect::<Int64Array>();
    let to = |array: &dyn Array, kind: DataType| cast(array, &kind).unwrap();
    let (name, zone) = kind.split_once(' ').map_or((kind, None), |(name, zone)| (name, Some(zone)));
    match name {
        "string" => Arc::new(texts().collect::<StringArray>()),
        "dictionary" => Arc::new(texts().collect::<DictionaryArray<Int32Type>>()),
        "bool" => Arc::new(values.iter().map(Value::as_bool).collect::<BooleanArray>()),
        "int64" => Arc::new(integers()),
        "uint8" => to(&integers(), DataType::UInt8),
        "date" => to(&to(&integers(), DataType::Int32), DataType::Date32),
        "time" => to(&integers(), DataType::Time64(TimeUnit::Microsecond)),
        "timestamp" => {
            to(&integers(), DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into)))
        }
        "duration" => to(&integers(), DataType::Duration(TimeUnit::Microsecond)),
        "float64" | "float32" | "float16" => {
            let value = |value: &Value| {
                value.as_f64().or_else(|| value.as_str().map(|text| text.parse().unwrap()))
            };
            let wide: Float64Array = values.iter().map(value).collect();
            match name {
                "float64" => Arc::new(wide),
                "float32" => to(&wide, DataType::Float32),
                _ => to(&wide, DataType::Float16),
            }
        }
        other => panic!("unknown type {other}"),
    }
}

/// Values as the golden file has them: times as integers, infinity as text.
fn cells(column: &ArrayRef) -> Vec<Value> {
    use DataType as T;
    let integers = |column: &ArrayRef| {
        let wide = cast(column, &T::Int64).unwrap();
        wide.as_primitive::<Int64Type>().iter().map(|v| json!(v)).collect()
    };
    match column.data_type() {
        T::Dictionary(_, values) => cells(&cast(column, values).unwrap()),
        T::Utf8 | T::LargeUtf8 | T::Utf8View => {
            let texts = cast(column, &T::Utf8View).unwrap();
            texts.as_string_view().iter().map(|v| json!(v)).collect()
        }
        T::Boolean => column.as_boolean().iter().map(|v| json!(v)).collect(),
        T::UInt64 => column.as_primitive::<UInt64Type>().iter().map(|v| json!(v)).collect(),
        T::Float16 | T::Float32 | T::Float64 => {
            let wide = cast(column, &T::Float64).unwrap();
            let cell = |v: f64| if v.is_infinite() { json!(v.to_string()) } else { json!(v) };
            wide.as_primitive::<Float64Type>().iter().map(|v| v.map_or(Value::Null, cell)).collect()
        }
        T::Date32 => integers(&cast(column, &T::Int32).unwrap()),
        _ => integers(column),
    }
}

fn batch(columns: &[(&str, ArrayRef)]) -> RecordBatch {
    RecordBatch::try_from_iter(columns.iter().map(|(name, array)| (*name, Arc::clone(array))))
        .unwrap()
}

fn texts(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn three() -> RecordBatch {
    batch(&[
        ("user", texts(&[Some("ann"), Some("bob"), Some("ann")])),
        ("ip", texts(&[Some("1"), None, Some("2")])),
        ("amount", Arc::new(Int64Array::from(vec![1, 2, 3]))),
    ])
}

fn refusal(config: &HypergraphConfig, events: &RecordBatch) -> String {
    config.run(events, &Control::NONE).unwrap_err().to_string()
}

#[test]
fn wrong_names_are_refused_with_the_nearest() {
    let config = HypergraphConfig::default;
    let entity = |names: &[&str]| Some(names.iter().map(ToString::to_string).collect());
    let lists = |pairs: &[(&str, &[&str])]| -> BTreeMap<String, Vec<String>> {
        let list = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        pairs.iter().map(|(key, of)| ((*key).to_owned(), list(of))).collect()
    };
    let with = |opts: HypergraphOpts| HypergraphConfig { opts, ..config() };
    let cases = [
        (
            HypergraphConfig { entity_types: entity(&["usr"]), ..config() },
            "there is no column `usr`; did you mean `user`?",
        ),
        (
            HypergraphConfig { entity_types: entity(&["ip", "ip"]), ..config() },
            "entity_types has `ip` twice",
        ),
        (
            HypergraphConfig { entity_types: entity(&[]), ..config() },
            "none of the 3 columns of the events becomes an entity",
        ),
        (
            with(HypergraphOpts {
                categories: lists(&[("a", &["ip"]), ("b", &["user", "ip"])]),
                ..HypergraphOpts::default()
            }),
            "column `ip` is in two categories, `a` and `b`",
        ),
        (
            HypergraphConfig {
                direct: true,
                opts: HypergraphOpts {
                    edges: Some(lists(&[("user", &["amount"])])),
                    skip: vec!["amount".into()],
                    ..HypergraphOpts::default()
                },
                ..config()
            },
            "EDGES names `amount`, which is no entity column",
        ),
        (
            with(HypergraphOpts { title: "type".into(), ..HypergraphOpts::default() }),
            "the generated columns of nodes has `type` twice",
        ),
    ];
    for (config, message) in cases {
        assert_eq!(refusal(&config, &three()), message);
    }
}

#[test]
fn a_column_of_lists_is_refused_only_as_an_entity() {
    let tags =
        ListArray::from_iter_primitive::<Int64Type, _, _>([Some([Some(1)]), Some([Some(2)])]);
    let events = batch(&[("k", texts(&[Some("a"), Some("b")])), ("tags", Arc::new(tags))]);
    let error = HypergraphConfig::default().run(&events, &Control::NONE).unwrap_err();
    assert!(
        matches!(&error, Error::WrongType { what, .. } if &**what == "column `tags`"),
        "{error}"
    );
    let skipping = HypergraphConfig {
        opts: HypergraphOpts { skip: vec!["tags".into()], ..HypergraphOpts::default() },
        ..HypergraphConfig::default()
    };
    let edges = skipping.run(&events, &Control::NONE).unwrap().edges().unwrap();
    assert_eq!(edges.column_by_name("tags").unwrap().as_list::<i32>().value_offsets(), [0, 1, 2]);
}

#[test]
fn what_is_likely_not_meant_is_warned_of() {
    let warnings = |config: &HypergraphConfig, events: &RecordBatch| -> Vec<String> {
        let result = config.run(events, &Control::NONE).unwrap();
        result.warnings().iter().map(ToString::to_string).collect()
    };
    let one = HypergraphConfig {
        direct: true,
        entity_types: Some(vec!["user".into()]),
        opts: HypergraphOpts { skip: vec!["amuont".into()], ..HypergraphOpts::default() },
        ..HypergraphConfig::default()
    };
    assert_eq!(
        warnings(&one, &three()),
        [
            "SKIP names the column `amuont`, which the events do not have; did you mean `amount`?",
            "direct edges of the entity columns `user` join no pair of columns, so there are none",
        ]
    );
    let none = one.run(&three(), &Control::NONE).unwrap();
    let batches = none.edge_batches().unwrap();
    assert_eq!((none.n_edges(), batches.len(), batches[0].num_rows()), (0, 1, 0));
    assert_eq!(batches[0].schema(), none.edges().unwrap().schema());
    let shadowed = batch(&[("type", texts(&[Some("a")])), ("v", texts(&[Some("b")]))]);
    let result = HypergraphConfig::default().run(&shadowed, &Control::NONE).unwrap();
    let replaced = |table| HypergraphWarning::Replaced { column: "type".into(), table };
    assert_eq!(result.warnings(), [replaced("nodes"), replaced("edges")]);
    assert_eq!(warnings(&HypergraphConfig::default(), &three()), [] as [String; 0]);
}

#[test]
fn columns_of_events_are_shared_with_batches_of_edges() {
    let config = HypergraphConfig { drop_na: false, ..HypergraphConfig::default() };
    let whole = config.run(&three(), &Control::NONE).unwrap();
    let events = whole.events().unwrap();
    let address = |batch: &RecordBatch, name: &str| {
        batch.column_by_name(name).unwrap().to_data().buffers()[0].as_ptr()
    };
    let batches = whole.edge_batches().unwrap();
    assert!(batches.len() > 1);
    for batch in &batches {
        assert_eq!(batch.num_rows(), 3);
        assert_eq!(address(batch, "amount"), address(&events, "amount"));
        // The numbers of the events, too.
        assert_eq!(address(batch, "EventID"), address(&batches[0], "EventID"));
    }
    let nodes = whole.node_batches().unwrap();
    assert_eq!(nodes[1].num_rows(), 3);
    assert_eq!(address(&nodes[1], "amount"), address(&events, "amount"));
    let direct = HypergraphConfig { direct: true, ..config }.run(&three(), &Control::NONE).unwrap();
    let pairs = direct.edge_batches().unwrap();
    assert_eq!(pairs.len(), 3);
    // Of three pairs of three columns two begin with the same one, and two end so.
    let is_shared = |name: &str| {
        let at = |pair: usize| address(&pairs[pair], name);
        at(0) == at(1) || at(1) == at(2) || at(0) == at(2)
    };
    assert!(is_shared("src") && is_shared("dst"));
}

/// A file of batches has each dictionary once: those of entities, which have no value of most columns, and of events are
/// to be the same.
#[test]
fn batches_go_into_a_file_whatever_keys_dictionaries_have() {
    let kinds = [Some("a"), None, Some("b"), Some("a")];
    for key in [DataType::Int8, DataType::UInt32, DataType::Int32] {
        let coded = DataType::Dictionary(Box::new(key), Box::new(DataType::Utf8));
        let numbers = DataType::Dictionary(Box::new(DataType::Int16), Box::new(DataType::Int64));
        let counts: ArrayRef = Arc::new(Int64Array::from(vec![7, 7, 9, 7]));
        let kind = cast(&texts(&kinds), &coded).unwrap();
        let listed = ListArray::new(
            Arc::new(arrow::datatypes::Field::new_list_field(coded, true)),
            arrow::buffer::OffsetBuffer::from_lengths([1, 1, 1, 1]),
            Arc::clone(&kind),
            None,
        );
        let events = batch(&[
            ("user", texts(&[Some("x"), Some("y"), Some("x"), None])),
            ("kind", kind),
            ("count", cast(&counts, &numbers).unwrap()),
            ("lists", Arc::new(listed)),
        ]);
        let config = HypergraphConfig {
            entity_types: Some(vec!["user".into(), "count".into()]),
            ..HypergraphConfig::default()
        };
        let result = config.run(&events, &Control::NONE).unwrap();
        for batches in [result.node_batches().unwrap(), result.edge_batches().unwrap()] {
            let schema = batches[0].schema();
            let mut file = arrow::ipc::writer::FileWriter::try_new(Vec::new(), &schema).unwrap();
            for batch in &batches {
                file.write(batch).unwrap();
            }
            file.finish().unwrap();
        }
        assert_holds_together(&result, "dictionaries");
    }
}

#[test]
fn gfql_has_its_own_defaults() {
    let result = HypergraphConfig::for_gfql().run(&three(), &Control::NONE).unwrap();
    assert_eq!(names(&result.edges().unwrap()), ["src", "dst", "edgeType", "EventID"]);
    assert_eq!((result.n_entities(), result.n_events(), result.n_edges()), (7, 0, 7));
}

#[test]
fn zeros_of_both_signs_are_entities_so_that_no_edge_dangles() {
    let zeros: ArrayRef = Arc::new(Float32Array::from(vec![0.0, -0.0, f32::NAN]));
    let result = HypergraphConfig::default().run(&batch(&[("v", zeros)]), &Control::NONE).unwrap();
    let entities = result.entities().unwrap();
    assert_eq!(cells(entities.column_by_name("nodeID").unwrap()), ["v::0.0", "v::-0.0"]);
    assert_holds_together(&result, "zeros");
}

#[test]
fn an_event_with_the_id_of_an_entity_is_that_entity() {
    let events = batch(&[
        ("EventID", texts(&[Some("a"), Some("b")])),
        ("k", texts(&[Some("a"), Some("c")])),
    ]);
    let config = HypergraphConfig {
        opts: HypergraphOpts {
            categories: BTreeMap::from([("EventID".to_owned(), vec!["k".to_owned()])]),
            ..HypergraphOpts::default()
        },
        ..HypergraphConfig::default()
    };
    let result = config.run(&events, &Control::NONE).unwrap();
    let graph = result.graph().unwrap();
    assert_eq!(cells(graph.ids()), ["EventID::a", "EventID::c", "EventID::b"]);
    assert_eq!((graph.coo().sources(), graph.coo().targets()), (&[0, 1][..], &[0, 2][..]));
}

#[test]
fn columns_without_a_value_or_a_row_make_no_entities() {
    let nothing = new_empty_array(&DataType::Null);
    let result =
        HypergraphConfig::default().run(&batch(&[("v", nothing)]), &Control::NONE).unwrap();
    assert_eq!((result.n_entities(), result.n_events(), result.n_edges()), (0, 0, 0));
    assert_eq!(result.graph().unwrap().n_nodes(), 0);
    let nulls = arrow::array::new_null_array(&DataType::Null, 3);
    let events = batch(&[("v", nulls)]);
    let result = HypergraphConfig::default().run(&events, &Control::NONE).unwrap();
    assert_eq!((result.n_entities(), result.n_events(), result.n_edges()), (0, 3, 0));
    let keeping = HypergraphConfig { drop_na: false, ..HypergraphConfig::default() };
    let result = keeping.run(&events, &Control::NONE).unwrap();
    assert_eq!((result.n_entities(), result.n_edges()), (1, 3));
    assert_holds_together(&result, "nulls");
}

#[test]
fn a_caller_can_stop_it() {
    let stop = AtomicBool::new(true);
    let control = Control::default().stopped_by(&stop);
    let error = HypergraphConfig::default().run(&three(), &control).unwrap_err();
    assert!(matches!(error, Error::Stopped { stage: "columns", .. }), "{error}");
}

proptest! {
    /// Oracle: ids by formatting each cell, entities by a set, edges by a loop.
    #[test]
    fn edges_are_the_cells(
        rows in prop::collection::vec((prop::option::of("[ab]{0,14}"), prop::option::of(0..5_i64)), 0..40),
        direct: bool,
        drop_na: bool,
        as_dictionary: bool,
    ) {
        let text: StringArray = rows.iter().map(|(text, _)| text.as_deref()).collect();
        let text: ArrayRef = if as_dictionary {
            Arc::new(text.iter().collect::<DictionaryArray<Int32Type>>())
        } else {
            Arc::new(text)
        };
        let numbers: Int64Array = rows.iter().map(|&(_, number)| number).collect();
        let events = batch(&[("t", text), ("n", Arc::new(numbers))]);
        let config = HypergraphConfig { direct, drop_na, ..HypergraphConfig::default() };
        let result = config.run(&events, &Control::NONE).unwrap();
        let id = |column: &str, value: Option<String>| match value {
            None if drop_na => None,
            value => Some(format!("{column}::{}", value.unwrap_or("null".into()))),
        };
        let ids: Vec<_> = rows.iter()
            .map(|(t, n)| (id("t", t.clone()), id("n", n.map(|n| n.to_string()))))
            .collect();
        let mut expected = Vec::new();
        if direct {
            expected.extend(ids.iter().cloned().filter_map(|(t, n)| Some((t?, n?))));
        } else {
            let event = |row: usize| format!("EventID::{row}");
            for (row, (_, n)) in ids.iter().enumerate() {
                expected.extend(n.clone().map(|n| (n, event(row))));
            }
            for (row, (t, _)) in ids.iter().enumerate() {
                expected.extend(t.clone().map(|t| (t, event(row))));
            }
        }
        let edges = result.edges().unwrap();
        let ends: Vec<_> = cells(edges.column(0)).into_iter().zip(cells(edges.column(1))).collect();
        let expected: Vec<_> = expected.into_iter().map(|(a, b)| (json!(a), json!(b))).collect();
        prop_assert_eq!(ends, expected);
        let entities: BTreeSet<_> = ids.into_iter().flat_map(|(t, n)| [t, n]).flatten().collect();
        prop_assert_eq!(result.n_entities(), entities.len());
        assert_holds_together(&result, "random");
    }
}
