//! From a [`Graph`] or a table to a file or a stream.

mod cells;
mod columnar;
mod delimited;
mod file;
mod gexf;
mod gml;
mod graphml;
mod json;
mod matrix_market;
mod options;
mod tables;
mod xml;

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::error::ArrowError;

pub(crate) use columnar::DIRECTED_KEY;
pub use options::{Compression, WriteOptions, WriteReport};
pub(crate) use tables::free_name;

use crate::{Control, Error, Format, Graph, Result, type_name};
use options::Plan;

/// Writes `graph` to the file `path` (`-`: standard output) in the format that its suffix names.
///
/// The file appears whole or not at all: bytes go to a temporary file in the same folder, which
/// is synchronized and renamed; on error it is removed and an old file stays untouched. Text is
/// formatted in parallel; the bytes do not depend on the number of threads.
///
/// | format         | nodes             | ids          | attributes                    | direction |
/// |----------------|-------------------|--------------|-------------------------------|-----------|
/// | Parquet        | file of their own | all types    | all types                     | kept      |
/// | Arrow IPC      | file of their own | all types    | all types                     | kept      |
/// | CSV            | file of their own | as text      | as text, read back by value   | –         |
/// | JSON lines     | file of their own | yes          | JSON's types, nested as JSON  | –         |
/// | node-link JSON | yes               | yes          | JSON's types, nested as JSON  | kept      |
/// | GraphML        | yes               | as text      | typed; nested as JSON text    | kept      |
/// | GEXF           | yes               | yes          | typed; nested as JSON text    | kept      |
/// | GML            | yes               | integers     | numbers and text              | kept      |
/// | MatrixMarket   | yes               | 1 to n       | weights                       | kept      |
/// | METIS          | not written       |              |                               |           |
///
/// In detail:
///
/// - *File of their own*: [`WriteOptions::nodes`] names the file of the node table; without it
///   only nodes with edges are in the output.
/// - Multi-edges and self-loops are kept by all. Weights are an edge column, `weight` unless they
///   came from a column of another name; GEXF always calls them `weight`.
/// - Ids and other values written *as text* come back as integers, floats or flags if all of a
///   column look so; dates, decimals and binary are written as text wherever there is no such type.
/// - JSON has no numbers that are not finite: they become `null`. A column without any value is
///   lost in node-link JSON.
/// - XML cannot hold control characters other than tab and line breaks: they are refused.
/// - GEXF: node columns `x`, `y`, `z`, `size`, `color` (`#rrggbb`), `label` and edge columns
///   `thickness`, `color`, `label` are what Gephi draws; weights come back as 64-bit floats.
/// - GML: text ids become `label`, beside numbers from 0 as ids; flags become 0 and 1; characters
///   of column names that are no letters or digits become underscores.
/// - MatrixMarket: of undirected edges the larger end comes first.
///
/// ```
/// use graph_core::generate::path;
/// use graph_core::{WriteOptions, write};
///
/// let file = std::env::temp_dir().join(format!("graphlume-doc-{}.csv", std::process::id()));
/// write(&path(3)?, &file, &WriteOptions::default())?;
/// assert_eq!(std::fs::read_to_string(&file)?, "source,target\n0,1\n1,2\n");
/// # std::fs::remove_file(&file)?;
/// # Ok::<(), graph_core::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::UnknownOutput`] if neither the options nor the name say the format;
/// - [`Error::Unwritable`] if the format cannot hold something in the graph;
/// - [`Error::InFile`] around [`Error::Io`], with the name of the file.
pub fn write(graph: &Graph, path: impl AsRef<Path>, options: &WriteOptions) -> Result<WriteReport> {
    write_with(graph, path, options, &Control::NONE)
}

/// As [`write()`]; reports `"bytes written"`, and leaves each file that is not yet whole as it was if it should stop.
///
/// # Errors
///
/// As [`write()`]; [`Error::InFile`] around [`Error::Io`] around [`Stopped`](crate::Stopped) after a stop.
pub fn write_with(
    graph: &Graph,
    path: impl AsRef<Path>,
    options: &WriteOptions,
    control: &Control<'_>,
) -> Result<WriteReport> {
    let (path, start) = (path.as_ref(), Instant::now());
    let plan = Plan::new(path, options)?;
    if let Some(nodes) = &options.nodes {
        write_table_with(graph.nodes(), nodes, &WriteOptions::default(), control)?;
    }
    let bytes = file::create(path, plan.around(), control, |out| write_plan(graph, out, plan))?;
    let Plan { format, compression, .. } = plan;
    Ok(WriteReport { format, compression, bytes, duration: start.elapsed() })
}

/// Writes `graph` to `out` in the format and compression that `options` name.
///
/// ```
/// use graph_core::generate::path;
/// use graph_core::{Format, WriteOptions, write_to};
///
/// let mut text = Vec::new();
/// let options = WriteOptions { format: Some(Format::MatrixMarket), ..Default::default() };
/// write_to(&path(2)?, &mut text, &options)?;
/// let expected = "%%MatrixMarket matrix coordinate pattern symmetric\n2 2 1\n2 1\n";
/// assert_eq!(text, expected.as_bytes());
/// # Ok::<(), graph_core::Error>(())
/// ```
///
/// # Errors
///
/// As [`write()`]; [`Error::UnknownOutput`] if the options name no format.
pub fn write_to(graph: &Graph, out: impl Write + Send, options: &WriteOptions) -> Result<()> {
    let plan = Plan::new(Path::new("-"), options)?;
    file::compress(out, plan.around(), &Control::NONE, |out| write_plan(graph, out, plan))?;
    Ok(())
}

/// Writes one table, such as the node table with positions, to the file `path` (`-`: standard
/// output).
///
/// CSV, Parquet, Arrow IPC and JSON lines hold a table; a `.json` file becomes an array of
/// objects. The file appears whole or not at all, as with [`write()`].
///
/// # Errors
///
/// As [`write()`]; [`Error::Unwritable`] for formats that hold graphs only.
pub fn write_table(
    table: &RecordBatch,
    path: impl AsRef<Path>,
    options: &WriteOptions,
) -> Result<WriteReport> {
    write_table_with(table, path, options, &Control::NONE)
}

/// As [`write_table`]; reports `"bytes written"`, and leaves things as they were if it should stop.
///
/// # Errors
///
/// As [`write_table`]; [`Error::InFile`] around [`Error::Io`] around [`Stopped`](crate::Stopped) after a stop.
pub fn write_table_with(
    table: &RecordBatch,
    path: impl AsRef<Path>,
    options: &WriteOptions,
    control: &Control<'_>,
) -> Result<WriteReport> {
    write_batches(std::slice::from_ref(table), path, options, control)
}

/// As [`write_table_with`], of a table in `batches` of one schema, one below the other.
///
/// ```
/// use graph_core::generate::path;
/// use graph_core::{Control, WriteOptions, read_table, write_batches};
///
/// let file = std::env::temp_dir().join(format!("graph-core-batches-{}.parquet", std::process::id()));
/// let batches = [path(2)?.nodes().clone(), path(3)?.nodes().clone()];
/// write_batches(&batches, &file, &WriteOptions::default(), &Control::NONE)?;
/// assert_eq!(read_table(&file)?.num_rows(), 5);
/// # std::fs::remove_file(&file)?;
/// # Ok::<(), graph_core::Error>(())
/// ```
///
/// # Errors
///
/// As [`write_table_with`]; [`Error::Arrow`] if schemas differ, and in Arrow IPC if columns have different dictionaries,
/// of which such a file holds one.
pub fn write_batches(
    batches: &[RecordBatch],
    path: impl AsRef<Path>,
    options: &WriteOptions,
    control: &Control<'_>,
) -> Result<WriteReport> {
    let schema = schema_of(batches);
    if let Some(other) = batches.iter().find(|batch| batch.schema() != schema) {
        let columns = |schema: &Schema| {
            let column = |field: &Arc<Field>| {
                let gaps = if field.is_nullable() { "" } else { " without gaps" };
                format!("`{}` ({}{gaps})", field.name(), type_name(field.data_type()))
            };
            schema.fields().iter().map(column).collect::<Vec<_>>().join(", ")
        };
        let (first, other) = (columns(&schema), columns(&other.schema()));
        let problem = match first == other {
            true => format!("a table has batches of {first} with different metadata"),
            false => format!("a table has batches of {first}, and of {other}"),
        };
        return Err(ArrowError::SchemaError(problem).into());
    }
    let (path, start) = (path.as_ref(), Instant::now());
    let plan = Plan::new(path, options)?;
    let bytes = file::create(path, plan.around(), control, |out| match plan.format {
        Format::Csv => delimited::write_table(batches, out, plan),
        Format::JsonLines => json::write_lines(batches, out),
        Format::NodeLink => json::write_array(batches, out),
        Format::Parquet => columnar::write_parquet(batches, None, out, plan.compression),
        Format::Arrow => columnar::write_arrow(batches, None, out, plan.compression),
        Format::MatrixMarket | Format::Metis | Format::GraphMl | Format::Gexf | Format::Gml => {
            let format = plan.format.name();
            Err(Error::Unwritable { format, what: "a table that is not a graph".to_owned() })
        }
    })?;
    let Plan { format, compression, .. } = plan;
    Ok(WriteReport { format, compression, bytes, duration: start.elapsed() })
}

/// The schema of batches that have one; without any, that of no columns.
fn schema_of(batches: &[RecordBatch]) -> SchemaRef {
    batches.first().map_or_else(|| Arc::new(Schema::empty()), RecordBatch::schema)
}

fn write_plan(graph: &Graph, out: &mut (dyn Write + Send), plan: Plan) -> Result<()> {
    match plan.format {
        Format::Csv => delimited::write_graph(graph, out, plan),
        Format::JsonLines => json::write_edge_lines(graph, out),
        Format::NodeLink => json::write_node_link(graph, out),
        Format::Parquet => {
            let table = tables::edge_table(graph)?;
            columnar::write_parquet(&[table], Some(graph), out, plan.compression)
        }
        Format::Arrow => {
            let table = tables::edge_table(graph)?;
            columnar::write_arrow(&[table], Some(graph), out, plan.compression)
        }
        Format::MatrixMarket => matrix_market::write_graph(graph, out),
        Format::GraphMl => graphml::write_graph(graph, out),
        Format::Gexf => gexf::write_graph(graph, out),
        Format::Gml => gml::write_graph(graph, out),
        Format::Metis => {
            let what = "graphs as this program has them; it is read only".to_owned();
            Err(Error::Unwritable { format: "METIS", what })
        }
    }
}
