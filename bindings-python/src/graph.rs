//! Graphs: from files and tables, their measures, queries and pictures.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray, Float32Array, Float64Array, RecordBatch, UInt32Array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float32Type, UInt32Type};
use arrow::error::ArrowError;
use graphlume::etl::analytics::measures::{Measured, measure};
use graphlume::etl::device::DeviceGraph;
use graphlume::etl::features::{Similarity, similarity};
use graphlume::etl::gfql::{Absent, Gfql, Limits};
use graphlume::etl::topology::{Merge, Undirected};
use graphlume::graph::{Coo, Error, ReadOptions, type_name, write_with};
use graphlume::layout::Layout;
use graphlume::viewer::{MOST_TABLE_BYTES, Scene, offline_html, page};
use graphlume::{Device, ImageConfig, Picture, WriteOptions};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyDict};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::arrays::Array;
use crate::error::Failure;
use crate::layout::{Session, Start};
use crate::reshape::rows_in;
use crate::tables::{self, Table};
use crate::values;
use crate::work::{leave, quick, work_apart};

/// A graph: edges, nodes, and attributes of both. It never changes.
#[pyclass(frozen, module = "graphlume._native")]
pub(crate) struct Graph(pub(crate) Arc<graphlume::Graph>);

/// Columns by name, and what a measure says of the whole.
type Found<'py> = (Vec<(String, Array)>, Vec<(String, Array)>, Bound<'py, PyAny>);

/// Nodes, attributes of edges, and ends; and the names of the ends.
type Saved<'py> = (Vec<Bound<'py, PyBytes>>, (String, String));

/// Reads a graph from a file: the graph, and what was found out about the file.
#[pyfunction]
pub(crate) fn read<'py>(
    py: Python<'py>,
    path: PathBuf,
    options: &Bound<'py, PyDict>,
) -> PyResult<(Graph, Bound<'py, PyAny>)> {
    let options: ReadOptions = values::parsed(Some(options))?;
    let (graph, report) = leave(py, move || graphlume::read(&path, &options))?;
    Ok((Graph(Arc::new(graph)), values::report(py, &report)?))
}

#[pymethods]
impl Graph {
    /// A graph of tables of edges and nodes, which speak Arrow's C stream interface.
    #[new]
    fn new(
        edges: &Bound<'_, PyAny>,
        nodes: Option<&Bound<'_, PyAny>>,
        options: &Bound<'_, PyDict>,
    ) -> PyResult<Self> {
        let options: ReadOptions = values::parsed(Some(options))?;
        let (_, edges_of) = tables::batches(edges)?;
        let nodes = nodes.map(tables::batch).transpose()?;
        let graph =
            leave(edges.py(), move || graphlume::Graph::from_batches(edges_of, nodes, &options))?;
        Ok(Self(Arc::new(graph)))
    }

    #[getter]
    fn n_nodes(&self) -> usize {
        self.0.n_nodes()
    }

    #[getter]
    fn n_edges(&self) -> usize {
        self.0.n_edges()
    }

    #[getter]
    fn is_directed(&self) -> bool {
        self.0.is_directed()
    }

    /// Whether edges have weights.
    #[getter]
    fn has_weights(&self) -> bool {
        self.0.coo().weights().is_some()
    }

    /// Names and types of the attributes of edges.
    fn edge_attributes(&self) -> Vec<(String, String)> {
        let fields = self.0.edges().schema_ref().fields().iter();
        fields.map(|field| (field.name().clone(), type_name(field.data_type()))).collect()
    }

    /// All that the graph is, in Arrow's IPC form: nodes, attributes of edges, rows of their ends and weights; and the
    /// names of the ends.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Saved<'py>> {
        let (source, target, weights) = self.ends();
        let columns =
            [Some(("source", source)), Some(("target", target)), weights.map(|w| ("weight", w))];
        let columns = columns.into_iter().flatten().map(|(name, column)| (name, column.0));
        let bytes = py.detach(|| {
            let ends = RecordBatch::try_from_iter(columns)?;
            let parts = [self.0.nodes(), self.0.edges(), &ends].map(tables::ipc);
            parts.into_iter().collect::<Result<Vec<_>, ArrowError>>()
        });
        let bytes = bytes.map_err(|error| Failure::from(Error::from(error)).raise(py))?;
        let [source, target] = self.0.end_names().map(str::to_owned);
        Ok((bytes.iter().map(|bytes| PyBytes::new(py, bytes)).collect(), (source, target)))
    }

    /// The graph that was written so.
    #[staticmethod]
    fn from_bytes(
        py: Python<'_>,
        parts: [PyBackedBytes; 3],
        names: (String, String),
        directed: bool,
    ) -> PyResult<Self> {
        let graph = quick(py, || {
            let [nodes, edges, ends] = parts.map(|bytes| tables::of_ipc(&bytes));
            let (nodes, edges, ends) = (nodes?, edges?, ends?);
            let [source, target] =
                [0, 1].map(|at| ends.column(at).as_primitive::<UInt32Type>().values().to_vec());
            let weights = ends.column_by_name("weight");
            let weights = weights.map(|w| w.as_primitive::<Float32Type>().values().to_vec());
            let coo = Coo::new(nodes.num_rows(), source, target, weights)?;
            let graph = graphlume::Graph::from_parts(nodes, edges, coo, directed)?;
            Ok::<_, Error>(graph.with_end_names(&names.0, &names.1))
        })?;
        Ok(Self(Arc::new(graph)))
    }

    /// The ids of nodes, in the order of all that has a value for each.
    #[getter]
    fn ids(&self) -> Array {
        Array(Arc::clone(self.0.ids()))
    }

    /// Nodes: ids and attributes.
    fn nodes(&self) -> Table {
        Table(self.0.nodes().clone())
    }

    /// Edges: the ids at their ends and attributes.
    fn edges(&self, py: Python<'_>) -> PyResult<Table> {
        quick(py, || self.0.edge_table()).map(Table)
    }

    /// Rows of the ends of edges in `ids`, and their weights if they have some.
    fn ends(&self) -> (Array, Array, Option<Array>) {
        let coo = self.0.coo();
        let ids = |ends: &[u32]| Array(Arc::new(UInt32Array::from(ends.to_vec())));
        let weights = coo.weights().map(|weights| Array(floats(weights.to_vec())));
        (ids(coo.sources()), ids(coo.targets()), weights)
    }

    /// The same graph with more columns of nodes; those of the same name are replaced.
    fn with_node_columns(&self, py: Python<'_>, columns: &Table) -> PyResult<Self> {
        let schema = columns.0.schema();
        let columns = schema.fields().iter().zip(columns.0.columns());
        let columns: Vec<(String, ArrayRef)> =
            columns.map(|(field, column)| (field.name().clone(), Arc::clone(column))).collect();
        let graph = graphlume::Graph::clone(&self.0);
        quick(py, || graph.with_node_columns(columns)).map(|graph| Self(Arc::new(graph)))
    }

    /// Measures: columns of nodes, columns of edges, and what is said of the whole.
    fn measure<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        options: &Bound<'py, PyDict>,
        device: &str,
    ) -> PyResult<Found<'py>> {
        let raise = |error| Failure::from(error).raise(py);
        let options = Value::Object(values::object(Some(options))?);
        let device = Device::parse(device).map_err(|error| Failure::from(error).raise(py))?;
        let found = measure(name).map_err(raise)?;
        let graph = Arc::clone(&self.0);
        let measured = work_apart(py, found.name, move |control| {
            // Some measures look at their options behind what takes time.
            found.check(&options)?;
            match device {
                Device::Cpu => found.plan(&graph, &options)?.run(control),
                device => {
                    let graph = DeviceGraph::new(&graph, device);
                    let outcome = found.plan_on(&graph, &options)?.run(control)?;
                    Ok::<Measured, graphlume::etl::Error>(outcome.result)
                }
            }
        })?;
        let arrays = |columns: Vec<(String, ArrayRef)>| {
            columns.into_iter().map(|(name, column)| (name, Array(column))).collect()
        };
        let summary = values::to_python(py, &Value::Object(measured.summary))?;
        Ok((arrays(measured.nodes), arrays(measured.edges), summary))
    }

    /// How alike the nodes in the rows `sources` and `targets` are, pair by pair.
    fn similarity(
        &self,
        py: Python<'_>,
        options: &Bound<'_, PyDict>,
        sources: &Array,
        targets: &Array,
    ) -> PyResult<Array> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Options {
            measure: Similarity,
            weighted: bool,
        }
        let Options { measure, weighted } = values::parsed(Some(options))?;
        let (sources, targets) = (rows_in(py, sources)?, rows_in(py, targets)?);
        let graph = Arc::clone(&self.0);
        let scores = work_apart(py, "similarity", move |control| {
            let merge = if weighted { Merge::Sum } else { Merge::Unit };
            let graph = Undirected::from_coo(graph.coo(), merge);
            similarity(&graph, measure, &sources, &targets, control)
        })?;
        Ok(Array(Arc::new(Float64Array::from(scores))))
    }

    /// The graph of the nodes and edges that a query in GFQL's JSON finds, its warnings, and what it says of itself.
    fn query<'py>(
        &self,
        py: Python<'py>,
        query: &str,
        strict: bool,
    ) -> PyResult<(Self, Vec<String>, Bound<'py, PyAny>)> {
        let query = Gfql::parse(query, &Limits::default())
            .map_err(|error| Failure::Input(error.to_string()).raise(py))?;
        let absent = if strict { Absent::Refuse } else { Absent::Null };
        let graph = Arc::clone(&self.0);
        let (found, warnings, said) = work_apart(py, "query", move |control| {
            let answer = query.run(&graph, absent, control)?;
            let said = json!({
                "name": answer.name,
                "description": answer.description,
                "encodings": answer.encodings_object(),
            });
            let warnings = answer.warnings.iter().map(ToString::to_string).collect();
            let found = answer.graph(graph.is_directed())?;
            Ok::<_, graphlume::etl::Error>((Self(Arc::new(found)), warnings, said))
        })?;
        Ok((found, warnings, values::to_python(py, &said)?))
    }

    /// A layout that has not begun.
    fn layout(
        &self,
        py: Python<'_>,
        options: &Bound<'_, PyDict>,
        devices: Vec<String>,
        start: Start<'_>,
    ) -> PyResult<Session> {
        let config = values::parsed(Some(options))?;
        let devices: Vec<Device> = devices
            .iter()
            .map(|name| Device::parse(name).map_err(|error| Failure::from(error).raise(py)))
            .collect::<PyResult<_>>()?;
        let columns = start.columns(py)?;
        let graph = Arc::clone(&self.0);
        let layout = leave(py, move || {
            columns.apply(Layout::builder(&graph).config(config).devices(&devices)).build()
        })?;
        Ok(Session::new(Arc::clone(&self.0), layout))
    }

    /// A picture of the graph with nodes at `x`, `y`: PNG, with the letters that no font has, or SVG if `svg`.
    fn picture<'py>(
        &self,
        py: Python<'py>,
        x: &Array,
        y: &Array,
        options: &Bound<'py, PyDict>,
        svg: bool,
    ) -> PyResult<(Bound<'py, PyBytes>, String)> {
        let config: ImageConfig = values::parsed(Some(options))?;
        let (x, y) = (single(py, "x", &x.0)?, single(py, "y", &y.0)?);
        let graph = Arc::clone(&self.0);
        let (bytes, letters) = leave(py, move || {
            let picture = Picture::new(&graph, &x, &y, &config)?;
            match svg {
                true => picture.svg_text().map(|text| (text.into_bytes(), String::new())),
                false => picture.png_bytes().map(|bytes| (bytes, picture.letters_without_font())),
            }
        })?;
        Ok((PyBytes::new(py, &bytes), letters))
    }

    /// What the page of the viewer shows: the graph with nodes at `x`, `y`, or nowhere yet, and its tables as far as
    /// `table_bytes` have room for them.
    #[pyo3(signature = (positions, options, table_bytes = None))]
    fn scene<'py>(
        &self,
        py: Python<'py>,
        positions: Option<(Bound<'py, Array>, Bound<'py, Array>)>,
        options: &Bound<'py, PyDict>,
        table_bytes: Option<usize>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let most_bytes = table_bytes.unwrap_or(MOST_TABLE_BYTES);
        let config: ImageConfig = values::parsed(Some(options))?;
        let positions = positions
            .map(|(x, y)| {
                Ok::<_, PyErr>([single(py, "x", &x.get().0)?, single(py, "y", &y.get().0)?])
            })
            .transpose()?;
        let graph = Arc::clone(&self.0);
        let bytes = leave(py, move || {
            let positions = positions.as_ref().map(|[x, y]| [&x[..], &y[..]]);
            let scene = Scene::new(&graph, positions, &config)?.with_tables(&graph, most_bytes)?;
            let mut bytes = Vec::new();
            scene.write(&mut bytes).map_err(|error| Failure::Input(error.to_string()))?;
            Ok::<_, Failure>(bytes)
        })?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// Writes the graph to a file, whole or not at all, and its table of nodes to another one if that is named.
    #[pyo3(signature = (path, nodes = None))]
    fn write(&self, py: Python<'_>, path: PathBuf, nodes: Option<PathBuf>) -> PyResult<()> {
        let options = WriteOptions { nodes, ..WriteOptions::default() };
        let graph = Arc::clone(&self.0);
        work_apart(py, "write", move |control| write_with(&graph, &path, &options, control))
            .map(drop)
    }
}

/// Numbers of 32 bits as an array.
pub(crate) fn floats(values: Vec<f32>) -> ArrayRef {
    Arc::new(Float32Array::from(values))
}

/// A column as numbers of 32 bits, of which none is missing.
pub(crate) fn single(py: Python<'_>, name: &str, column: &ArrayRef) -> PyResult<Vec<f32>> {
    let kind = column.data_type();
    let bad = |text: String| Failure::Input(text).raise(py);
    if !(kind.is_numeric() || *kind == DataType::Boolean) {
        return Err(bad(format!(
            "`{name}` is of type {}, but numbers are needed",
            type_name(kind)
        )));
    }
    let numbers = cast(column, &DataType::Float32).map_err(|error| bad(error.to_string()))?;
    match (0..numbers.len()).find(|&at| numbers.is_null(at)) {
        Some(at) => Err(bad(format!("`{name}` has no value at {at}"))),
        None => Ok(numbers.as_primitive::<Float32Type>().values().to_vec()),
    }
}

/// A page that shows a scene and needs nothing else.
#[pyfunction]
pub(crate) fn html(scene: &[u8], title: &str) -> String {
    offline_html(scene, page::SCRIPT, page::STYLES, title)
}

/// The script and the styles of the viewer, for widgets.
#[pyfunction]
pub(crate) fn bundle() -> (&'static str, &'static str) {
    (page::SCRIPT, page::STYLES)
}
