//! JSON lines, and node-link JSON as NetworkX, D3 and graphology write it.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, Int64Type, Schema};
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Deserializer, Value};

use super::columns::{EdgeColumns, edge_columns, names_ends};
use super::rows::{Cell, Rows, finish_all};
use super::text::{Broken, lines, parse_chunks, without_mark};
use super::xml::with_one_id_type;
use super::{ReadOptions, Tables};
use crate::{Error, Result};

/// Reads one object a line into an edge table with the columns that the objects have.
///
/// A column has the narrowest type that holds all its values; lists and objects become JSON text.
/// Pieces of the input are read in parallel.
pub(crate) fn read_lines(input: &[u8]) -> Result<Tables> {
    let input = without_mark(input);
    let pieces = parse_chunks(input, 0, |range| {
        let mut rows = Rows::default();
        for (at, line) in lines(input, range) {
            if line.trim_ascii().is_empty() {
                continue;
            }
            let mut json = Deserializer::from_slice(line);
            RowSeed { rows: &mut rows }
                .deserialize(&mut json)
                .and_then(|()| json.end())
                .map_err(|error| Broken::new(at, problem(&error)))?;
        }
        Ok(rows)
    });
    let pieces = pieces.map_err(|broken| broken.in_input("JSON lines", input))?;
    Ok(Tables { edges: finish_all(pieces)?, nodes: None, directed: None })
}

/// What went wrong, without the place.
fn problem(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(place) => text[..place].to_owned(),
        None => text,
    }
}

/// Reads an object with `nodes` and `links` (or `edges`), or an array of edge objects.
///
/// | written by  | node id            | ends of an edge    | direction               |
/// |-------------|--------------------|--------------------|-------------------------|
/// | NetworkX    | `id`               | ids                | `directed`              |
/// | D3          | `id`, else `name`  | ids                | –                       |
/// | D3, old     | none: its place    | places in `nodes`  | –                       |
/// | graphology  | `key`              | ids                | `options.type`          |
///
/// Ends may be called `source` and `target` or `from` and `to`, or as `options` say; those of an array of edges are found
/// as in other tables, too. The members of an object
/// `attributes` count as members of its node or edge. If all ends are whole numbers and no id of
/// a node is one, the ends are places in `nodes`.
pub(crate) fn read_node_link(input: &[u8], options: &ReadOptions) -> Result<Tables> {
    let mut document = Document::default();
    parse(input, DocumentSeed(&mut document))?;
    let Some(edges) = document.edges else {
        let problem = "there is no array `links` or `edges`".to_owned();
        return Err(Error::Malformed { format: "node-link JSON", line: 1, problem });
    };
    let edges = with_end_columns(&edges.finish()?, options, document.is_array)?;
    let nodes = document.nodes.map(Rows::finish).transpose()?;
    let Some(nodes) = nodes else {
        return Ok(Tables { edges: vec![edges], nodes: None, directed: document.directed });
    };
    let ends_are_text = edges.columns()[..2].iter().any(|end| !end.data_type().is_integer());
    let nodes = with_id_column(&nodes, ends_are_text)?;
    let edges = if !ends_are_text && are_all_text(nodes.column(0)) {
        with_ends_at(&edges, nodes.column(0))?
    } else {
        edges
    };
    with_one_id_type(Tables { edges: vec![edges], nodes: Some(nodes), directed: document.directed })
}

/// Reads an array of objects as the rows of a table.
pub(crate) fn read_array(input: &[u8]) -> Result<RecordBatch> {
    let mut rows = Rows::default();
    parse(input, RowsSeed { rows: &mut rows, flatten: false })?;
    rows.finish()
}

fn parse<'de>(input: &'de [u8], seed: impl DeserializeSeed<'de, Value = ()>) -> Result<()> {
    let mut json = Deserializer::from_slice(without_mark(input));
    seed.deserialize(&mut json).and_then(|()| json.end()).map_err(|error| Error::Malformed {
        format: "node-link JSON",
        line: error.line().max(1),
        problem: problem(&error),
    })
}

/// Puts the ends first: `source` and `target`, which `from` and `to` are called too, or the columns that `options` name,
/// or, in an array, those that any table of edges could have for them.
fn with_end_columns(
    edges: &RecordBatch,
    options: &ReadOptions,
    is_array: bool,
) -> Result<RecordBatch> {
    let schema = edges.schema();
    let position = |name: &str| schema.index_of(name).ok();
    let named = [options.source.as_deref(), options.target.as_deref()];
    let is_plain = |(named, plain): (Option<&str>, &str)| named.is_none_or(|name| name == plain);
    let are_plain = named.into_iter().zip(["source", "target"]).all(is_plain);
    for (source, target) in [("source", "target"), ("from", "to")] {
        if let (true, Some(source), Some(target)) = (are_plain, position(source), position(target))
        {
            return moved_first(edges, &[(source, "source"), (target, "target")]);
        }
    }
    if edges.num_rows() == 0 {
        let empty = Arc::new(Int64Array::from(Vec::<i64>::new())) as ArrayRef;
        let is_turned = named[0] == Some("target") || named[1] == Some("source");
        let plain = if is_turned { ["target", "source"] } else { ["source", "target"] };
        let ends = [0, 1].map(|end| (named[end].unwrap_or(plain[end]), Arc::clone(&empty)));
        return Ok(RecordBatch::try_from_iter(ends)?);
    }
    let names: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
    if named == [None, None] {
        let pairs = [("source", "target"), ("target", "source"), ("from", "to"), ("to", "from")];
        let half = pairs.iter().find(|(there, _)| position(there).is_some());
        let missing = half.map(|&(_, missing)| missing);
        // The first members of an edge of a graph may be anything.
        if let Some(column) = missing.or((!is_array && !names_ends(&names)).then_some("source")) {
            return Err(Error::MissingColumn { column: column.to_owned(), available: names });
        }
    }
    // Which column holds weights is for later.
    let ends = ReadOptions { weight: None, unweighted: true, ..options.clone() };
    let EdgeColumns { source, target, .. } = edge_columns(&names, |_| false, &ends)?;
    moved_first(edges, &[(source, &names[source]), (target, &names[target])])
}

/// Puts the ids first and calls them `id`; nodes without ids are known by their places.
fn with_id_column(nodes: &RecordBatch, ends_are_text: bool) -> Result<RecordBatch> {
    let schema = nodes.schema();
    let names: &[&str] = if ends_are_text { &["id", "key", "name"] } else { &["id", "key"] };
    if let Some(id) = names.iter().find_map(|name| schema.index_of(name).ok()) {
        return moved_first(nodes, &[(id, "id")]);
    }
    let ids = Int64Array::from_iter_values(0..nodes.num_rows() as i64);
    let mut fields = vec![Arc::new(Field::new("id", DataType::Int64, false))];
    let mut arrays: Vec<ArrayRef> = vec![Arc::new(ids)];
    fields.extend(schema.fields().iter().cloned());
    arrays.extend(nodes.columns().iter().cloned());
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}

/// The same table with the columns `first` in front, under new names; another column that has
/// such a name gives it up.
fn moved_first(table: &RecordBatch, first: &[(usize, &str)]) -> Result<RecordBatch> {
    let schema = table.schema();
    let mut fields = Vec::new();
    let mut arrays = Vec::new();
    for &(column, name) in first {
        fields.push(Arc::new(schema.field(column).clone().with_name(name)));
        arrays.push(table.column(column).clone());
    }
    let others = (0..table.num_columns()).filter(|at| first.iter().all(|(column, _)| column != at));
    for column in others {
        let field = schema.field(column);
        let name = crate::export::free_name(field.name(), |name| {
            fields.iter().any(|field| field.name() == name)
        });
        fields.push(Arc::new(field.clone().with_name(name)));
        arrays.push(table.column(column).clone());
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}

/// Whether no id is an integer, or was one before it had to share a column with text.
fn are_all_text(ids: &ArrayRef) -> bool {
    let is_text = |id: &str| matches!(Cell::int_or_text(id), Cell::Text(_));
    ids.as_string_opt::<i32>().is_some_and(|ids| ids.iter().flatten().all(is_text))
}

/// Replaces ends that are places in the node list by the ids of those nodes.
fn with_ends_at(edges: &RecordBatch, ids: &ArrayRef) -> Result<RecordBatch> {
    let mut arrays = edges.columns().to_vec();
    for end in &mut arrays[..2] {
        let places = end.as_primitive_opt::<Int64Type>();
        let mut at = Vec::with_capacity(end.len());
        for edge in 0..end.len() {
            // Ends above the range of `i64` are out of range, too.
            let place = match places {
                Some(places) if places.is_null(edge) => None,
                Some(places) => Some(u64::try_from(places.value(edge)).unwrap_or(u64::MAX)),
                None => Some(u64::MAX),
            };
            if let Some(place) = place.filter(|&place| place >= ids.len() as u64) {
                let node = u32::try_from(place).unwrap_or(u32::MAX);
                return Err(Error::NodeOutOfRange { edge, node, n_nodes: ids.len() });
            }
            at.push(place.map(|place| place as u32));
        }
        *end = take(ids, &UInt32Array::from(at), None)?;
    }
    let schema = edges.schema();
    let field = |end| Arc::new(Field::new(schema.field(end).name(), ids.data_type().clone(), true));
    let mut fields = vec![field(0), field(1)];
    fields.extend(schema.fields().iter().skip(2).cloned());
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}

/// What a node-link document holds.
#[derive(Default)]
struct Document {
    nodes: Option<Rows>,
    edges: Option<Rows>,
    directed: Option<bool>,
    /// Whether the edges are all there is.
    is_array: bool,
}

struct DocumentSeed<'a>(&'a mut Document);

/// graphology's options; other members are of no use here.
#[derive(Deserialize)]
struct GraphOptions {
    r#type: Option<String>,
}

impl<'de> DeserializeSeed<'de> for DocumentSeed<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for DocumentSeed<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object with `nodes` and `links`, or an array of edges")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, array: A) -> Result<(), A::Error> {
        let mut rows = Rows::default();
        visit_rows(array, &mut rows, true)?;
        self.0.edges = Some(rows);
        self.0.is_array = true;
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "directed" => self.0.directed = map.next_value()?,
                "options" => {
                    let options: GraphOptions = map.next_value()?;
                    self.0.directed = match options.r#type.as_deref() {
                        Some("directed") => Some(true),
                        Some("undirected") => Some(false),
                        _ => self.0.directed,
                    };
                }
                "nodes" => fill(&mut map, &key, &mut self.0.nodes)?,
                "links" | "edges" => fill(&mut map, &key, &mut self.0.edges)?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Reads an array of objects into `rows`, which are filled once.
fn fill<'de, A: MapAccess<'de>>(
    map: &mut A,
    key: &str,
    rows: &mut Option<Rows>,
) -> Result<(), A::Error> {
    if rows.is_some() {
        return Err(A::Error::custom(format_args!("`{key}` is a second array of its kind")));
    }
    map.next_value_seed(RowsSeed { rows: rows.insert(Rows::default()), flatten: true })
}

struct RowsSeed<'a> {
    rows: &'a mut Rows,
    /// Whether the members of an object called `attributes` count as members, too.
    flatten: bool,
}

impl<'de> DeserializeSeed<'de> for RowsSeed<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for RowsSeed<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, array: A) -> Result<(), A::Error> {
        visit_rows(array, self.rows, self.flatten)
    }
}

fn visit_rows<'de, A: SeqAccess<'de>>(
    mut array: A,
    rows: &mut Rows,
    flatten: bool,
) -> Result<(), A::Error> {
    while array.next_element_seed(MembersSeed { rows: &mut *rows, flatten })?.is_some() {
        rows.end_row();
    }
    Ok(())
}

/// One whole row of JSON lines.
struct RowSeed<'a> {
    rows: &'a mut Rows,
}

impl<'de> DeserializeSeed<'de> for RowSeed<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        MembersSeed { rows: self.rows, flatten: false }.deserialize(json)?;
        self.rows.end_row();
        Ok(())
    }
}

/// The members of an object as cells of the row under construction.
struct MembersSeed<'a> {
    rows: &'a mut Rows,
    /// Whether the members of an object called `attributes` count as members, too.
    flatten: bool,
}

impl<'de> DeserializeSeed<'de> for MembersSeed<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for MembersSeed<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { rows, flatten } = self;
        while let Some(column) = map.next_key_seed(ColumnSeed { rows: &mut *rows, flatten })? {
            match column {
                Some(column) => map.next_value_seed(CellSeed { rows: &mut *rows, column })?,
                None => map.next_value_seed(MembersSeed { rows: &mut *rows, flatten: false })?,
            }
        }
        Ok(())
    }
}

/// A key as the column that it names; none for an object to flatten.
struct ColumnSeed<'a> {
    rows: &'a mut Rows,
    flatten: bool,
}

impl<'de> DeserializeSeed<'de> for ColumnSeed<'_> {
    type Value = Option<usize>;

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for ColumnSeed<'_> {
    type Value = Option<usize>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok((!self.flatten || key != "attributes").then(|| self.rows.column(key)))
    }
}

/// A value as a cell.
struct CellSeed<'a> {
    rows: &'a mut Rows,
    column: usize,
}

impl CellSeed<'_> {
    fn set<E: serde::de::Error>(self, cell: Cell<'_>) -> Result<(), E> {
        if self.rows.set(self.column, cell) {
            return Ok(());
        }
        Err(E::custom(format_args!("key `{}` appears twice", self.rows.name(self.column))))
    }
}

impl<'de> DeserializeSeed<'de> for CellSeed<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for CellSeed<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.set(Cell::Null)
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        self.set(Cell::Bool(value))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        self.set(Cell::Int(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        self.set(Cell::natural(value))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        self.set(Cell::Float(value))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<(), E> {
        self.set(Cell::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, array: A) -> Result<(), A::Error> {
        let value = Value::deserialize(SeqAccessDeserializer::new(array))?;
        self.set(Cell::Text(&value.to_string()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let value = Value::deserialize(MapAccessDeserializer::new(map))?;
        self.set(Cell::Text(&value.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{Float64Type, UInt64Type};

    use super::*;

    fn lines_of(text: &str) -> Result<Tables> {
        read_lines(text.as_bytes())
    }

    fn node_link(text: &str) -> Result<Tables> {
        read_node_link(text.as_bytes(), &ReadOptions::default())
    }

    fn read_named(text: &str, source: Option<&str>, target: Option<&str>) -> Result<Tables> {
        let [source, target] = [source, target].map(|name| name.map(str::to_owned));
        read_node_link(text.as_bytes(), &ReadOptions { source, target, ..ReadOptions::default() })
    }

    /// Ends that are called otherwise than edges of JSON use to call them.
    #[test]
    fn ends_are_the_columns_that_are_named_or_found() {
        let ends = |tables: Tables| {
            let edges = &tables.edges[0];
            [0, 1].map(|at| (edges.schema().field(at).name().clone(), edges.column(at).clone()))
        };
        let edges = r#"[{"w": 7, "a": 1, "b": 2, "source": 3}]"#;
        for (source, target, expected) in [
            (Some("b"), Some("a"), [("b", 2), ("a", 1)]),
            (Some("source"), Some("w"), [("source", 3), ("w", 7)]),
            (Some("a"), None, [("a", 1), ("w", 7)]),
        ] {
            let found = ends(read_named(edges, source, target).unwrap());
            let found = found.each_ref().map(|(name, ids)| (name.as_str(), ints(ids)[0]));
            assert_eq!(found, expected);
        }
        let known = ends(node_link(r#"[{"w": 7, "dst": 2, "src": 1}]"#).unwrap());
        assert_eq!(known.map(|(name, _)| name), ["src", "dst"]);
        let plain = read_named(r#"[{"to": 2, "from": 1}]"#, Some("source"), Some("target"));
        assert_eq!(ends(plain.unwrap()).map(|(name, _)| name), ["source", "target"]);
        for (source, target) in [(Some("target"), None), (None, Some("source"))] {
            let none = ends(read_named("[]", source, target).unwrap());
            assert_eq!(none.map(|(name, _)| name), ["target", "source"]);
        }
        for (text, missing) in [
            (r#"{"links": [{"value": 3, "a": 1, "b": 2}]}"#, "source"),
            (r#"[{"x": 2, "from": 1}]"#, "to"),
            (r#"{"nodes": [], "edges": [{"target": 2, "a": 1}]}"#, "source"),
        ] {
            let error = node_link(text).unwrap_err();
            let is_missing =
                matches!(&error, Error::MissingColumn { column, .. } if column == missing);
            assert!(is_missing, "{error}");
        }
        let places = r#"{"nodes": [{"id": "x"}, {"id": "y"}], "links": [{"a": 0, "b": 1}]}"#;
        let [(a, x), (b, y)] = ends(read_named(places, Some("a"), Some("b")).unwrap());
        assert_eq!(
            (a.as_str(), texts(&x), b.as_str(), texts(&y)),
            ("a", vec![Some("x")], "b", vec![Some("y")])
        );
    }

    fn ints(array: &ArrayRef) -> Vec<i64> {
        array.as_primitive::<Int64Type>().values().to_vec()
    }

    fn texts(array: &ArrayRef) -> Vec<Option<&str>> {
        array.as_string::<i32>().iter().collect()
    }

    #[test]
    fn lines_become_typed_columns() {
        let tables = lines_of(
            "{\"source\":\"a\",\"target\":\"b\",\"w\":1}\n\n\
             {\"target\":\"ü\\n\",\"source\":\"b\",\"w\":2.5,\"late\":{\"k\":[1,null]}}\r\n",
        )
        .unwrap();
        let table = &tables.edges[0];
        assert_eq!(texts(table.column(1)), [Some("b"), Some("ü\n")]);
        let weights = table.column_by_name("w").unwrap().as_primitive::<Float64Type>();
        assert_eq!(weights.values()[..], [1.0, 2.5]);
        let late = table.column_by_name("late").unwrap();
        assert_eq!(texts(late), [None, Some("{\"k\":[1,null]}")]);
    }

    #[test]
    fn large_integers_are_exact() {
        let tables = lines_of("{\"a\":18446744073709551615}\n{\"a\":9007199254740993}").unwrap();
        let column = tables.edges[0].column(0).as_primitive::<UInt64Type>();
        assert_eq!(column.values()[..], [u64::MAX, 9_007_199_254_740_993]);
    }

    #[test]
    fn a_broken_line_is_named() {
        for (text, message) in [
            ("{}\n{\"a\":}\n", "line 2 is not JSON lines: expected value"),
            ("{}\n\n[1]\n", "line 3 is not JSON lines: invalid type: sequence, expected an object"),
            ("{\"a\":1,\"a\":2}", "line 1 is not JSON lines: key `a` appears twice"),
            ("{\"a\":1} x", "line 1 is not JSON lines: trailing characters"),
            ("{\"a\":1", "line 1 is not JSON lines: EOF while parsing an object"),
        ] {
            assert_eq!(lines_of(text).unwrap_err().to_string(), message);
        }
        let error = read_lines(b"{\"a\":\"\xff\"}").unwrap_err();
        assert_eq!(error.to_string(), "line 1 is not JSON lines: invalid unicode code point");
        let deep = format!("{{\"a\":{}", "[".repeat(100_000));
        assert!(lines_of(&deep).unwrap_err().to_string().contains("recursion limit"));
    }

    /// Chunks read in parallel agree on one schema, and errors know their lines.
    #[test]
    fn chunks_are_seamless() {
        let line = |i: u32| format!("{{\"source\":{i},\"target\":{}}}\n", i + 1);
        let mut text: String = (0..300_000).map(line).collect();
        text.push_str("{\"source\":-1,\"target\":0.5}\n");
        let tables = lines_of(&text).unwrap();
        assert!(tables.edges.len() > 1);
        assert!(tables.edges.iter().all(|batch| batch.column(1).data_type() == &DataType::Float64));
        text.push_str("{\"source\":1,\n");
        assert!(lines_of(&text).unwrap_err().to_string().starts_with("line 300002 is not"));
    }

    #[test]
    fn networkx_d3_and_graphology_are_understood() {
        let networkx = node_link(
            r#"{"directed": true, "multigraph": false, "graph": {"name": [1]},
                "nodes": [{"color": "red", "id": "a"}, {"id": 7}],
                "links": [{"weight": 2, "source": "a", "target": 7}]}"#,
        )
        .unwrap();
        assert_eq!(networkx.directed, Some(true));
        assert_eq!(texts(networkx.nodes.unwrap().column(0)), [Some("a"), Some("7")]);
        assert_eq!(texts(networkx.edges[0].column(1)), [Some("7")]);

        let d3 = node_link(
            r#"{"nodes": [{"name": "a", "group": 1}, {"name": "b", "group": 2}],
                "links": [{"source": 1, "target": 0, "value": 5}]}"#,
        )
        .unwrap();
        assert_eq!(ints(d3.nodes.unwrap().column(0)), [0, 1]);
        assert_eq!((ints(d3.edges[0].column(0)), d3.directed), (vec![1], None));

        let by_place = node_link(
            r#"{"nodes": [{"id": "a"}, {"id": "b"}], "links": [{"source": 1, "target": 0}]}"#,
        )
        .unwrap();
        assert_eq!(texts(by_place.edges[0].column(0)), [Some("b")]);

        let graphology = node_link(
            r#"{"options": {"type": "undirected", "multi": true}, "attributes": {},
                "nodes": [{"key": "a", "attributes": {"x": 1.5, "label": "A"}}],
                "edges": [{"key": "e", "source": "a", "target": "a", "attributes": {"weight": 3}}]}"#,
        )
        .unwrap();
        let nodes = graphology.nodes.unwrap();
        assert_eq!(texts(nodes.column_by_name("label").unwrap()), [Some("A")]);
        assert_eq!(ints(graphology.edges[0].column_by_name("weight").unwrap()), [3]);
        assert_eq!(graphology.directed, Some(false));

        let array = node_link(r#"[{"from": 1, "to": 2}]"#).unwrap();
        assert_eq!(ints(array.edges[0].column(1)), [2]);
    }

    #[test]
    fn broken_documents_are_refused_with_the_line() {
        for (text, message) in [
            (
                "{\"nodes\": []}",
                "line 1 is not node-link JSON: there is no array `links` or `edges`",
            ),
            (
                "{\"links\": [],\n\"edges\": []}",
                "line 2 is not node-link JSON: `edges` is a second array of its kind",
            ),
            (
                "{\"links\":\n 7}",
                "line 2 is not node-link JSON: invalid type: integer `7`, expected an array of objects",
            ),
            ("{\"links\": [\n{}", "line 2 is not node-link JSON: EOF while parsing a list"),
            (
                "7",
                "line 1 is not node-link JSON: invalid type: integer `7`, expected an object with `nodes` and `links`, or an array of edges",
            ),
            ("", "line 1 is not node-link JSON: EOF while parsing a value"),
        ] {
            assert_eq!(node_link(text).unwrap_err().to_string(), message);
        }
        let error = node_link(r#"{"links": [{"source": 1}]}"#).unwrap_err();
        assert!(matches!(error, Error::MissingColumn { column, .. } if column == "target"));
        let error = read_named(r#"[{"source": 1, "to": 2}]"#, Some("from"), None).unwrap_err();
        assert!(matches!(error, Error::MissingColumn { column, .. } if column == "from"));
        let error = node_link(r#"{"nodes": [{"id": "a"}], "links": [{"source": 0, "target": 1}]}"#);
        assert!(matches!(error, Err(Error::NodeOutOfRange { edge: 0, node: 1, n_nodes: 1 })));
    }
}
