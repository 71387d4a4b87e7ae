//! The tables of nodes and edges that go with a scene, for pages that have no server to ask.

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

/// What nodes and edges are, column by column.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SceneTables {
    /// Names of the columns with the ends of edges, which are not among `columns`: they are the first column of
    /// nodes, by the buffer `edges`.
    pub ends: [String; 2],
    /// The columns. The first of nodes is what they are known by.
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
    /// Whole numbers of more than 53 bits and whatever is neither number, time nor truth value become texts. O(n + m)
    /// time and space for each column.
    ///
    /// # Errors
    ///
    /// [`Error::Arrow`] if a value cannot be written as text.
    pub fn of(graph: &Graph, most_bytes: usize) -> Result<Self> {
        let mut tables = Self { ends: graph.end_names().map(str::to_owned), ..Self::default() };
        let mut room = most_bytes;
        let mut add = |of, name: &str, column: &ArrayRef| -> Result<()> {
            // What is known to be too large is not made.
            let made = match column.len().saturating_mul(4) <= room {
                true => Some(SceneColumn::of(of, name, column)?).filter(|c| c.bytes() <= room),
                false => None,
            };
            match made {
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
        Ok(tables)
    }
}

impl SceneTables {
    /// The same without rows, which a header does not have.
    pub(super) fn header(&self) -> Self {
        let bare = |column: &SceneColumn| SceneColumn {
            name: column.name.clone(),
            texts: column.texts.clone(),
            values: SceneValues::default(),
            ..*column
        };
        Self {
            ends: self.ends.clone(),
            columns: self.columns.iter().map(bare).collect(),
            left_out: self.left_out.clone(),
        }
    }
}

impl SceneColumn {
    fn of(of: SceneTable, name: &str, column: &ArrayRef) -> Result<Self> {
        let made = |kind, values| Self {
            of,
            name: name.to_owned(),
            kind,
            texts: Vec::new(),
            values: SceneValues::Numbers(values),
        };
        let kind = match column.data_type() {
            DataType::Dictionary(_, values) => values.as_ref(),
            kind => kind,
        };
        match kind {
            kind if kind.is_numeric() => {
                let values = cast(column, &DataType::Float64)?;
                let finite =
                    |value: Option<f64>| value.filter(|v| v.is_finite()).unwrap_or(f64::NAN);
                let values: Vec<f64> =
                    values.as_primitive::<Float64Type>().iter().map(finite).collect();
                match kind.is_integer() {
                    false => Ok(made(SceneType::Number, values)),
                    true if values.iter().all(|v| v.is_nan() || v.abs() < MOST_WHOLE) => {
                        Ok(made(SceneType::Integer, values))
                    }
                    true => Self::texts(of, name, column),
                }
            }
            DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => {
                let values = cast(column, &DataType::Timestamp(TimeUnit::Millisecond, None))?;
                let values = values.as_primitive::<TimestampMillisecondType>().iter();
                let millis = |value: Option<i64>| value.map_or(f64::NAN, |value| value as f64);
                Ok(made(SceneType::Time, values.map(millis).collect()))
            }
            DataType::Boolean => {
                let values = cast(column, &DataType::Boolean)?;
                let number =
                    |value: Option<bool>| value.map_or(f64::NAN, |v| f64::from(u8::from(v)));
                Ok(made(SceneType::Boolean, values.as_boolean().iter().map(number).collect()))
            }
            _ => Self::texts(of, name, column),
        }
    }

    /// The column as texts, each different one once.
    fn texts(of: SceneTable, name: &str, column: &ArrayRef) -> Result<Self> {
        let column = match column.data_type().is_nested() {
            true => column.clone(),
            // A dictionary's too.
            false => cast(column, &DataType::Utf8View).unwrap_or_else(|_| column.clone()),
        };
        let plain = column.as_string_view_opt();
        let mut known: HashMap<String, u32> = HashMap::new();
        let mut texts: Vec<String> = Vec::new();
        let mut rows = Vec::with_capacity(column.len());
        for row in 0..column.len() {
            if column.is_null(row) {
                rows.push(0);
                continue;
            }
            let written;
            let text = match plain {
                Some(plain) => plain.value(row),
                None => {
                    written = printed(&column, row)?;
                    &written
                }
            };
            let at = match known.get(text) {
                Some(&at) => at,
                None => {
                    texts.push(text.to_owned());
                    let at = texts.len() as u32;
                    known.insert(text.to_owned(), at);
                    at
                }
            };
            rows.push(at);
        }
        let values = SceneValues::Texts(rows);
        Ok(Self { of, name: name.to_owned(), kind: SceneType::Text, texts, values })
    }

    /// About how many bytes of a file it takes.
    fn bytes(&self) -> usize {
        let texts: usize = self.texts.iter().map(|text| text.len() + 3).sum();
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

#[cfg(test)]
mod tests {
    use arrow::array::{BooleanArray, Int64Array, ListArray, StringArray, TimestampSecondArray};
    use arrow::datatypes::Int32Type;
    use graph_core::Coo;

    use super::*;

    fn graph() -> Graph {
        let coo = Coo::new(3, vec![0, 1], vec![1, 2], Some(vec![0.5, 2.0])).unwrap();
        let list =
            ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1)]), None, None]);
        let columns: [(&str, ArrayRef); 6] = [
            ("key", Arc::new(Int64Array::from(vec![7, 8, i64::MAX]))),
            ("kind", Arc::new(StringArray::from(vec![Some("ip"), None, Some("ip")]))),
            ("seen", Arc::new(TimestampSecondArray::from(vec![Some(2), None, Some(-1)]))),
            ("bad", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)]))),
            ("score", Arc::new(Float32Array::from(vec![1.5, f32::INFINITY, 0.0]))),
            ("list", Arc::new(list)),
        ];
        let columns = columns.map(|(name, column)| (name.to_owned(), column));
        Graph::from_coo(coo, true).with_node_columns(columns).unwrap()
    }

    #[test]
    fn columns_are_what_a_page_can_hold() {
        let tables = SceneTables::of(&graph(), usize::MAX).unwrap();
        assert_eq!(tables.ends, ["source", "target"]);
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
        assert_eq!(texts("list"), ("[1]".to_owned(), vec![1, 0, 0]));
        assert_eq!(
            (of("seen").kind, numbers("seen").join(" ")),
            (SceneType::Time, "2000 NaN -1000".to_owned())
        );
        assert_eq!(
            (of("bad").kind, numbers("bad").join(" ")),
            (SceneType::Boolean, "1 NaN 0".to_owned())
        );
        assert_eq!(
            (of("score").kind, numbers("score").join(" ")),
            (SceneType::Number, "1.5 NaN 0".to_owned())
        );
        assert_eq!(
            (of("weight").of, numbers("weight").join(" ")),
            (SceneTable::Edges, "0.5 2".to_owned())
        );
    }

    #[test]
    fn what_has_no_room_is_named() {
        // Three ids take 24 bytes, the keys 42, the kinds 17, and the times 24.
        let tables = SceneTables::of(&graph(), 65).unwrap();
        let names: Vec<&str> = tables.columns.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["id", "kind", "seen"]);
        assert_eq!(tables.left_out, ["key", "bad", "score", "list", "weight"]);
        assert!(SceneTables::of(&graph(), 0).unwrap().columns.is_empty());
    }
}
