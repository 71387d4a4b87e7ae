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
use std::time::Instant;

use arrow::array::RecordBatch;

pub(crate) use columnar::DIRECTED_KEY;
pub use options::{Compression, WriteOptions, WriteReport};
pub(crate) use tables::free_name;

use crate::{Error, Format, Graph, Result};
use options::Plan;

/// Writes `graph` to the file `path` (`-`: standard output) in the format that its suffix names.
///
/// The file appears whole or not at all: bytes go to a temporary file in the same folder, which
/// is synchronized and renamed; on error it is removed and an old file stays untouched. Text is
/// formatted in parallel; the bytes do not depend on the number of threads.
///
/// Formats that hold edges only write the edge table; with [`WriteOptions::nodes`] the node
/// table goes to a file of its own.
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
    let (path, start) = (path.as_ref(), Instant::now());
    let plan = Plan::new(path, options)?;
    if let Some(nodes) = &options.nodes {
        write_table(graph.nodes(), nodes, &WriteOptions::default())?;
    }
    let bytes = file::create(path, plan.compression, |out| write_plan(graph, out, plan))?;
    let Plan { format, compression, .. } = plan;
    Ok(WriteReport { format, compression, bytes, duration: start.elapsed() })
}

/// Writes `graph` to `out` in the format that `options` name; text is not compressed.
///
/// # Errors
///
/// As [`write`]; [`Error::UnknownOutput`] if the options name no format.
pub fn write_to(graph: &Graph, mut out: impl Write + Send, options: &WriteOptions) -> Result<()> {
    let plan = Plan::new(Path::new("-"), options)?;
    write_plan(graph, &mut out, plan)
}

/// Writes one table, such as the node table with positions, to the file `path` (`-`: standard
/// output).
///
/// CSV, Parquet, Arrow IPC and JSON lines hold a table; a `.json` file becomes an array of
/// objects. The file appears whole or not at all, as with [`write`].
///
/// # Errors
///
/// As [`write`]; [`Error::Unwritable`] for formats that hold graphs only.
pub fn write_table(
    table: &RecordBatch,
    path: impl AsRef<Path>,
    options: &WriteOptions,
) -> Result<WriteReport> {
    let (path, start) = (path.as_ref(), Instant::now());
    let plan = Plan::new(path, options)?;
    let bytes = file::create(path, plan.compression, |out| match plan.format {
        Format::Csv => delimited::write_table(table, out, plan),
        Format::JsonLines => json::write_lines(table, out),
        Format::NodeLink => json::write_array(table, out),
        Format::Parquet => columnar::write_parquet(table, None, out, plan.compression),
        Format::Arrow => columnar::write_arrow(table, None, out, plan.compression),
        Format::MatrixMarket | Format::Metis | Format::GraphMl | Format::Gexf | Format::Gml => {
            let format = options::name(plan.format);
            Err(Error::Unwritable { format, what: "a table that is not a graph".to_owned() })
        }
    })?;
    let Plan { format, compression, .. } = plan;
    Ok(WriteReport { format, compression, bytes, duration: start.elapsed() })
}

fn write_plan(graph: &Graph, out: &mut (dyn Write + Send), plan: Plan) -> Result<()> {
    match plan.format {
        Format::Csv => delimited::write_graph(graph, out, plan),
        Format::JsonLines => json::write_edge_lines(graph, out),
        Format::NodeLink => json::write_node_link(graph, out),
        Format::Parquet => {
            let table = tables::edge_table(graph)?;
            columnar::write_parquet(&table, Some(graph), out, plan.compression)
        }
        Format::Arrow => {
            let table = tables::edge_table(graph)?;
            columnar::write_arrow(&table, Some(graph), out, plan.compression)
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
