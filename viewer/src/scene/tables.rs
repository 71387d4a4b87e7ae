//! The tables of nodes and edges that go with a scene, for pages that have no server to ask.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float32Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, TimeUnit, TimestampMillisecondType};
use graph_core::Graph;
use serde::{Deserialize, Serialize};

use crate::encode::printed;
use crate::{Error, Result};

/// Largest number below which all whole numbers are told apart as floats.
const MOST_WHOLE: f64 = 9_007_199_254_740_992.0;

/// Latest time that programs of a page know, in milliseconds since 1970.
const MOST_MILLIS: f64 = 8.64e15;

/// What nodes and edges are, column by column.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SceneTables {
    /// Names of the columns with the ends of edges, which are not among `columns`: they are the ids of nodes, by the
    /// buffer `edges`.
    pub ends: [String; 2],
    /// Name of the column that nodes are known by, the first of theirs; absent if there was no room for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The columns, those of nodes first.
    pub columns: Vec<SceneColumn>,
    /// Names of the columns for which there was no room.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}

/// One column of a scene's tables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SceneColumn {
    /// The table.
    pub of: SceneTable,
    /// What it is called.
    pub name: String,
    /// What its values are.
    #[serde(rename = "type")]
    pub kind: SceneType,
    /// Different texts of a column of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub texts: Vec<String>,
    /// The rows, which are in a buffer of the file and not in its header.
    #[serde(skip)]
    pub values: SceneValues,
}

/// A table of a scene.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SceneTable {
    /// That of the nodes.
    Nodes,
    /// That of the edges.
    Edges,
}

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SceneType {
    /// Whole numbers.
    Integer,
    /// Numbers.
    Number,
    /// Moments in milliseconds since 1970.
    Time,
    /// 0 for false and 1 for true.
    Boolean,
    /// Texts.
    Text,
}

/// The rows of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum SceneValues {
    /// NaN where there is no value.
    Numbers(Vec<f64>),
    /// Place in the column's texts and one; 0 where there is none.
    Texts(Vec<u32>),
}

impl Default for SceneValues {
    fn default() -> Self {
        Self::Numbers(Vec::new())
    }
}

impl SceneTables {
    /// The tables of `graph`, as many of their columns as `most_bytes` have room for: those that come first.
    ///
    /// Whole numbers of more than 53 bits and whatever is neither number, time nor truth value become texts; numbers
    /// that are not finite, and times that no page can show, become missing. O(n + m) time and space for each column; texts
    /// that have no room are not gathered beyond it.
    ///
    /// # Errors
    ///
    /// [`Error::Arrow`] if a value cannot be written as text.
    pub fn of(graph: &Graph, most_bytes: usize) -> Result<Self> {
        let mut tables = Self { ends: graph.end_names().map(str::to_owned), ..Self::default() };
        let mut room = most_bytes;
        let mut add = |of, name: &str, column: &ArrayRef| -> Result<()> {
            match SceneColumn::of(of, name, column, room)?.filter(|c| c.bytes() <= room) {
                Some(column) => {
                    room -= column.bytes();
                    tables.columns.push(column);
                }
                None => tables.left_out.push(name.to_owned()),
            }
            Ok(())
        };
        let mut add_all = |of, table: &RecordBatch| {
            let schema = table.schema();
            let mut columns = schema.fields().iter().zip(table.columns());
            columns.try_for_each(|(field, column)| add(of, field.name(), column))
        };
        add_all(SceneTable::Nodes, graph.nodes())?;
        add_all(SceneTable::Edges, graph.edges())?;
        let has_own = graph.edges().column_by_name("weight").is_some();
        if let Some(weights) = graph.coo().weights().filter(|_| !has_own) {
            let weights: ArrayRef = Arc::new(Float32Array::from(weights.to_vec()));
            add(SceneTable::Edges, "weight", &weights)?;
        }
        let id = graph.nodes().schema_ref().field(0).name();
        let is_id = |column: &&SceneColumn| column.of == SceneTable::Nodes && column.name == *id;
        tables.id = tables.columns.iter().find(is_id).map(|column| column.name.clone());
        Ok(tables)
    }
}

impl SceneColumn {
    /// The column, unless it is sure to take more than `room` bytes.
    fn of(of: SceneTable, name: &str, column: &ArrayRef, room: usize) -> Result<Option<Self>> {
        let kind = match column.data_type() {
            DataType::Dictionary(_, values) => values.as_ref(),
            kind => kind,
        };
        let is_plain = kind.is_numeric()
            || matches!(
                kind,
                DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 | DataType::Boolean
            );
        let bytes_a_row = if is_plain { size_of::<f64>() } else { size_of::<u32>() };
        if room < column.len().saturating_mul(bytes_a_row) {
            return Ok(None);
        }
        let made = |kind, values| {
            let values = SceneValues::Numbers(values);
            Ok(Some(Self { of, name: name.to_owned(), kind, texts: Vec::new(), values }))
        };
        match kind {
            kind if kind.is_numeric() => {
                let values = cast(column, &DataType::Float64)?;
                let values: Vec<f64> = values
                    .as_primitive::<Float64Type>()
                    .iter()
                    .map(|value| value.filter(|v| v.is_finite()).unwrap_or(f64::NAN))
                    .collect();
                match kind.is_integer() {
                    false => made(SceneType::Number, values),
                    true if values.iter().all(|v| v.is_nan() || v.abs() < MOST_WHOLE) => {
                        made(SceneType::Integer, values)
                    }
                    true => Self::texts(of, name, column, room),
                }
            }
            DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => {
                let values = cast(column, &DataType::Timestamp(TimeUnit::Millisecond, None))?;
                let values = values.as_primitive::<TimestampMillisecondType>().iter();
                let millis = |value: Option<i64>| match value.map(|value| value as f64) {
                    Some(value) if value.abs() <= MOST_MILLIS => value,
                    _ => f64::NAN,
                };
                made(SceneType::Time, values.map(millis).collect())
            }
            DataType::Boolean => {
                let values = cast(column, &DataType::Boolean)?;
                let number =
                    |value: Option<bool>| value.map_or(f64::NAN, |v| f64::from(u8::from(v)));
                made(SceneType::Boolean, values.as_boolean().iter().map(number).collect())
            }
            _ => Self::texts(of, name, column, room),
        }
    }

    /// The column as texts, each different one once; `None` if they take more than `room` bytes.
    fn texts(of: SceneTable, name: &str, column: &ArrayRef, room: usize) -> Result<Option<Self>> {
        let column = match column.data_type() {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Dictionary(..) => {
                cast(column, &DataType::Utf8View).unwrap_or_else(|_| Arc::clone(column))
            }
            _ => Arc::clone(column),
        };
        let plain = column.as_string_view_opt();
        let mut known: HashMap<Cow<'_, str>, u32> = HashMap::new();
        let mut rows = Vec::with_capacity(column.len());
        let mut bytes = column.len() * size_of::<u32>();
        for row in 0..column.len() {
            if column.is_null(row) {
                rows.push(0);
                continue;
            }
            let text = match plain {
                Some(plain) => Cow::Borrowed(plain.value(row)),
                None => Cow::Owned(printed(&column, row)?),
            };
            let next = known.len() as u32 + 1;
            let at = match known.get(&text) {
                Some(&at) => at,
                None => {
                    bytes += in_file(&text);
                    if room < bytes {
                        return Ok(None);
                    }
                    known.insert(text, next);
                    next
                }
            };
            rows.push(at);
        }
        let mut known: Vec<(Cow<'_, str>, u32)> = known.into_iter().collect();
        known.sort_unstable_by_key(|&(_, at)| at);
        let texts = known.into_iter().map(|(text, _)| text.into_owned()).collect();
        let values = SceneValues::Texts(rows);
        Ok(Some(Self { of, name: name.to_owned(), kind: SceneType::Text, texts, values }))
    }

    /// About how many bytes of a file it takes.
    fn bytes(&self) -> usize {
        let texts: usize = self.texts.iter().map(|text| in_file(text)).sum();
        texts
            + match &self.values {
                SceneValues::Numbers(values) => 8 * values.len(),
                SceneValues::Texts(rows) => 4 * rows.len(),
            }
    }

    /// What is wrong with its rows, if something is.
    pub(super) fn problem(&self) -> Option<Error> {
        let most = self.texts.len();
        let SceneValues::Texts(rows) = &self.values else { return None };
        let stranger = rows.iter().find(|&&row| most < row as usize)?;
        Some(Error::BadScene {
            place: "tables".to_owned(),
            reason: format!(
                "column {} names text {stranger}, but there are only {most}",
                self.name
            ),
        })
    }
}

/// About how many bytes a text takes in a header: between quotes, with a comma.
const fn in_file(text: &str) -> usize {
    text.len() + 3
}

#[cfg(test)]
mod tests {
    use arrow::array::{
        BooleanArray, DictionaryArray, Int64Array, ListArray, StringArray, TimestampSecondArray,
    };
    use arrow::datatypes::Int32Type;
    use graph_core::Coo;

    use super::*;

    fn graph() -> Graph {
        let coo = Coo::new(3, vec![0, 1], vec![1, 2], Some(vec![0.5, 2.0])).unwrap();
        let list =
            ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1)]), None, None]);
        let columns: [(&str, ArrayRef); 8] = [
            ("key", Arc::new(Int64Array::from(vec![7, 8, i64::MAX]))),
            ("kind", Arc::new(StringArray::from(vec![Some("ip"), None, Some("ip")]))),
            ("seen", Arc::new(TimestampSecondArray::from(vec![Some(2), None, Some(-1)]))),
            ("bad", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)]))),
            ("score", Arc::new(Float32Array::from(vec![1.5, f32::INFINITY, 0.0]))),
            ("list", Arc::new(list)),
            (
                "group",
                Arc::new(DictionaryArray::<Int32Type>::from_iter([Some("a"), None, Some("b")])),
            ),
            (
                "late",
                Arc::new(
                    TimestampSecondArray::from(vec![i64::MAX / 1000, 0, 8_640_000_000_001])
                        .with_timezone("Europe/Berlin"),
                ),
            ),
        ];
        let columns = columns.map(|(name, column)| (name.to_owned(), column));
        Graph::from_coo(coo, true).with_node_columns(columns).unwrap()
    }

    #[test]
    fn columns_are_what_a_page_can_hold() {
        let tables = SceneTables::of(&graph(), usize::MAX).unwrap();
        assert_eq!(
            (tables.ends.join(" "), tables.id.as_deref()),
            ("source target".to_owned(), Some("id"))
        );
        assert_eq!(
            (tables.columns[0].name.as_str(), tables.columns[0].kind),
            ("id", SceneType::Integer)
        );
        let of = |name: &str| tables.columns.iter().find(|c| c.name == name).unwrap();
        let numbers = |name: &str| match &of(name).values {
            SceneValues::Numbers(values) => {
                values.iter().map(|v| v.to_string()).collect::<Vec<_>>()
            }
            SceneValues::Texts(_) => panic!("{name} is of texts"),
        };
        let texts = |name: &str| match &of(name).values {
            SceneValues::Texts(rows) => (of(name).texts.join(" "), rows.clone()),
            SceneValues::Numbers(_) => panic!("{name} is of numbers"),
        };
        // No digit of an id is lost.
        assert_eq!(texts("key"), ("7 8 9223372036854775807".to_owned(), vec![1, 2, 3]));
        assert_eq!(texts("kind"), ("ip".to_owned(), vec![1, 0, 1]));
        assert_eq!(texts("group"), ("a b".to_owned(), vec![1, 0, 2]));
        assert_eq!(texts("list"), ("[1]".to_owned(), vec![1, 0, 0]));
        for (name, table, kind, values) in [
            ("late", SceneTable::Nodes, SceneType::Time, "NaN 0 NaN"),
            ("seen", SceneTable::Nodes, SceneType::Time, "2000 NaN -1000"),
            ("bad", SceneTable::Nodes, SceneType::Boolean, "1 NaN 0"),
            ("score", SceneTable::Nodes, SceneType::Number, "1.5 NaN 0"),
            ("weight", SceneTable::Edges, SceneType::Number, "0.5 2"),
        ] {
            let found = (of(name).of, of(name).kind, numbers(name).join(" "));
            assert_eq!(found, (table, kind, values.to_owned()), "{name}");
        }
    }

    #[test]
    fn what_has_no_room_is_named() {
        // Three ids take 24 bytes, the keys 42, the kinds 17, and the times 24.
        let tables = SceneTables::of(&graph(), 65).unwrap();
        let names: Vec<&str> = tables.columns.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["id", "kind", "seen"]);
        assert_eq!(tables.left_out, ["key", "bad", "score", "list", "group", "late", "weight"]);
        assert_eq!(tables.id.as_deref(), Some("id"));
        // A column behind the ids is not taken for them.
        let tables = SceneTables::of(&graph(), 23).unwrap();
        assert_eq!((tables.columns[0].name.as_str(), tables.id), ("kind", None));
        assert!(SceneTables::of(&graph(), 0).unwrap().columns.is_empty());
    }
}
