//! From a file, a stream or Arrow tables to a [`Graph`].

mod assemble;
#[cfg(test)]
mod broken_files;
mod columns;
mod csv;
mod factorize;
mod gexf;
mod gml;
mod graphml;
mod input;
mod ipc;
mod json;
mod matrix_market;
mod meter;
mod metis;
mod moment;
mod numbers;
mod options;
mod parquet;
mod rows;
mod sniff;
mod tables;
mod text;
mod times;
mod xml;

use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;

pub use options::{Format, IdOrder, ReadOptions, ReadReport};
pub(crate) use sniff::{KNOWN_FORMATS, by_suffix};
pub(crate) use tables::Tables;

use crate::ingest::assemble::{Assembly, NodeTable};
pub use crate::ingest::columns::{names_ends, names_source};
use crate::ingest::factorize::{CodedEdges, EdgePlan};
use crate::ingest::input::Input;
use crate::{Error, Graph, Result, type_name};

/// Reads a graph from the file at `path`, or from standard input if that is `-`.
///
/// The format is the one in `options`, else that of the suffix, else that of the content; gzip
/// and zstd are undone on the way. External ids become dense nodes in the order that `options`
/// choose; the result is the same for any number of threads. Work is spread over as many threads
/// as the current rayon pool has, at most 16.
///
/// Ids of delimited text are integers if all ends of edges are written as integers without
/// leading zeros, also as `3.0`, which other programs make of integers beside a gap; else text. A
/// column `weight` of delimited text with a number in it must have numbers only. In other formats the types of both id columns must agree. Other
/// columns of delimited text are what all their values are: truth values, numbers, days
/// (`2024-02-29`), times (`2024-02-29T12:30:00.5`, or with a blank), moments of UTC where each has
/// an offset (`Z`, `+01:00`), else text. So are texts of JSON, GraphML, GEXF and GML that are days or times, since
/// these have no type for them.
///
/// ```
/// use graph_core::{ReadOptions, read};
///
/// let file = std::env::temp_dir().join(format!("graph-core-read-{}.csv", std::process::id()));
/// std::fs::write(&file, "from,to,weight\nann,bob,2\nbob,eve,0.5\n")?;
/// let (graph, report) = read(&file, &ReadOptions::default())?;
/// std::fs::remove_file(&file)?;
///
/// assert_eq!((graph.n_nodes(), graph.n_edges()), (3, 2));
/// assert_eq!(graph.coo().weights(), Some(&[2.0, 0.5][..]));
/// assert_eq!((report.source.as_str(), report.weight.as_deref()), ("from", Some("weight")));
/// # Ok::<(), graph_core::Error>(())
/// ```
///
/// # Errors
///
/// Each in an [`Error::InFile`] that names the file:
///
/// - [`Error::Io`], [`Error::EmptyFile`], [`Error::UnknownFormat`], [`Error::Compressed`],
///   [`Error::TooManyBytes`], [`Error::TruncatedArrow`], [`Error::Parquet`], [`Error::Arrow`];
/// - [`Error::RaggedRow`], [`Error::UnclosedQuote`], [`Error::TextAfterQuote`],
///   [`Error::NotUtf8`] in delimited text;
/// - [`Error::MissingColumn`], [`Error::NoEdgeColumns`], [`Error::ColumnTwice`],
///   [`Error::ColumnType`], [`Error::IdTypesDiffer`];
/// - [`Error::NullId`], [`Error::NullWeight`], [`Error::IdOverflow`], [`Error::BadWeight`],
///   [`Error::WeightNotNumeric`], [`Error::DuplicateNode`];
/// - [`Error::TooManyNodes`], [`Error::TooManyEdges`], [`Error::TooManyDirections`].
pub fn read(path: impl AsRef<Path>, options: &ReadOptions) -> Result<(Graph, ReadReport)> {
    let path = path.as_ref();
    let started = Instant::now();
    Input::open(path, options.max_bytes)
        .and_then(|input| read_input(&input, options, LIMIT, started))
        .map_err(|error| error.in_file(path))
}

/// Reads a graph from everything that `reader` gives; `name` tells the format by its suffix and
/// stands for the file in errors.
///
/// ```
/// use graph_core::{ReadOptions, read_from};
///
/// let edges = "ann bob\nbob eve\n".as_bytes();
/// let (graph, _) = read_from(edges, "friends.txt", &ReadOptions::default())?;
/// assert_eq!((graph.n_nodes(), graph.n_edges()), (3, 2));
/// # Ok::<(), graph_core::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`read`].
pub fn read_from(
    reader: impl Read,
    name: impl AsRef<Path>,
    options: &ReadOptions,
) -> Result<(Graph, ReadReport)> {
    let name = name.as_ref();
    let started = Instant::now();
    Input::from_reader(reader, name, options.max_bytes)
        .and_then(|input| read_input(&input, options, LIMIT, started))
        .map_err(|error| error.in_file(name))
}

/// Most nodes and most edges: what 32 bits can name.
const LIMIT: u32 = u32::MAX;

fn read_input(
    input: &Input,
    options: &ReadOptions,
    limit: u32,
    started: Instant,
) -> Result<(Graph, ReadReport)> {
    let format = match options.format {
        Some(_) if input.is_empty() => return Err(Error::EmptyFile),
        Some(format) => format,
        None => sniff::format_of(input)?,
    };
    let mut found = Found::default();
    let edges = read_edges(input, format, options, limit, &mut found)?;
    let joined = match &options.nodes {
        Some(path) => Some(read_nodes(path, options).map_err(|error| error.in_file(path))?),
        None => None,
    };
    let plan = &edges.plan;
    let metadata = plan.schema.metadata().get(crate::export::DIRECTED_KEY);
    found.directed = found.directed.or_else(|| metadata?.parse().ok());
    let mut report = ReadReport {
        format,
        compression: input.compression.map(input::Compression::name),
        source: plan.name(plan.source).to_owned(),
        target: plan.name(plan.target).to_owned(),
        weight: plan.weight.map(|at| plan.name(at).to_owned()),
        id_type: String::new(),
        delimiter: found.delimiter,
        header: found.header,
        dropped_rows: 0,
        isolated_nodes: 0,
        bytes: input.bytes,
        duration: started.elapsed(),
    };
    let assembly = Assembly {
        order: options.order,
        directed: options.directed.or(found.directed).unwrap_or(false),
        drop_null: options.drop_null,
        limit,
    };
    let assembled = assembly.assemble(edges, found.nodes, joined)?;
    report.id_type = type_name(assembled.graph.ids().data_type());
    report.dropped_rows = assembled.dropped_rows;
    report.isolated_nodes = assembled.isolated_nodes;
    report.duration = started.elapsed();
    Ok((assembled.graph, report))
}

/// What a reader finds besides edges.
#[derive(Debug, Default)]
struct Found {
    nodes: Option<NodeTable>,
    directed: Option<bool>,
    delimiter: Option<char>,
    header: Option<bool>,
}

fn read_edges(
    input: &Input,
    format: Format,
    options: &ReadOptions,
    limit: u32,
    found: &mut Found,
) -> Result<CodedEdges> {
    match format {
        Format::Csv => {
            let (edges, dialect) = csv::read_edges(input, options, limit)?;
            found.delimiter = Some(dialect.delimiter_char());
            found.header = Some(dialect.header);
            Ok(edges)
        }
        Format::Parquet => parquet::read_edges(input, options, limit),
        Format::Arrow => ipc::read_edges(input, options, limit),
        whole => {
            let Tables { edges, nodes, directed } =
                read_tables(&input.read_all()?, whole, options)?;
            found.directed = directed;
            let listed =
                |rows| NodeTable { rows, id: 0, lines: None, from_text: false, file: None };
            found.nodes = nodes.map(|rows| with_times(rows, whole, &[0])).transpose()?.map(listed);
            let schema = edges.first().map_or_else(tables::no_edges, RecordBatch::schema);
            let plan = EdgePlan::new(schema, options)?;
            let edges = times::with_times(edges, &[plan.source, plan.target])?;
            let schema = edges.first().map_or_else(tables::no_edges, RecordBatch::schema);
            tables::code_batches(schema, edges, options, limit)
        }
    }
}

/// The tables of a format that is held in memory as a whole.
fn read_tables(bytes: &[u8], format: Format, options: &ReadOptions) -> Result<Tables> {
    match format {
        Format::JsonLines => json::read_lines(bytes),
        Format::NodeLink => json::read_node_link(bytes, options),
        Format::MatrixMarket => matrix_market::read_tables(bytes),
        Format::Metis => metis::read_tables(bytes),
        Format::GraphMl => graphml::read_tables(bytes),
        Format::Gexf => gexf::read_tables(bytes),
        Format::Gml => gml::read_tables(bytes),
        // These are not held in memory as a whole and have readers of their own.
        Format::Csv | Format::Parquet | Format::Arrow => Err(Error::UnknownFormat),
    }
}

/// Rows of a file in `format`, with times where its texts are such; columns `ids` name nodes.
fn with_times(rows: RecordBatch, format: Format, ids: &[usize]) -> Result<RecordBatch> {
    if matches!(format, Format::Parquet | Format::Arrow) {
        return Ok(rows);
    }
    let schema = rows.schema();
    let mut rows = times::with_times(vec![rows], ids)?;
    Ok(rows.pop().unwrap_or_else(|| RecordBatch::new_empty(schema)))
}

/// The rows of a node file.
fn read_nodes(path: &Path, options: &ReadOptions) -> Result<NodeTable> {
    let input = Input::open(path, options.max_bytes)?;
    let nodes = match sniff::format_of(&input)? {
        Format::Csv => csv::read_nodes(&input, options)?,
        format => {
            let nodes = tables::node_table(read_rows(&input, format)?, options.id.as_deref())?;
            NodeTable { rows: with_times(nodes.rows, format, &[nodes.id])?, ..nodes }
        }
    };
    Ok(NodeTable { file: Some(path.to_owned()), ..nodes })
}

/// Reads one table, such as a node table with positions, from the file at `path`, or from standard
/// input if that is `-`.
///
/// CSV, JSON lines, an array of JSON objects, Parquet and Arrow IPC hold a table, and of GraphML,
/// GEXF and GML the nodes are read; the format is that of the suffix, else that of the content. What [`write_table`](crate::write_table) writes
/// comes back with the same rows; delimited text gives its columns the types that the values have. Texts of the other
/// formats stay texts, times too, since nobody says here which of them are names of nodes.
///
/// ```
/// use graph_core::{read_table, write_table, WriteOptions};
/// use graph_core::generate::star;
///
/// let file = std::env::temp_dir().join(format!("graph-core-table-{}.csv", std::process::id()));
/// let nodes = star(3)?.nodes().clone();
/// write_table(&nodes, &file, &WriteOptions::default())?;
/// assert_eq!(read_table(&file)?.column(0), nodes.column(0));
/// # std::fs::remove_file(&file)?;
/// # Ok::<(), graph_core::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`read`] that concern files and formats; [`Error::NoNodeTable`] for a format that
/// holds edges only.
pub fn read_table(path: impl AsRef<Path>) -> Result<RecordBatch> {
    read_table_with(path, &ReadOptions::default())
}

/// As [`read_table`], with what `options` say of the format, of delimited text, and of the most bytes that the file may
/// become when it is decompressed and decoded: [`max_bytes`](ReadOptions::max_bytes), or twice its own size. What they say
/// of edges does not matter.
///
/// # Errors
///
/// Those of [`read_table`]; [`Error::TooManyBytes`] if it becomes more.
pub fn read_table_with(path: impl AsRef<Path>, options: &ReadOptions) -> Result<RecordBatch> {
    let path = path.as_ref();
    let read = || {
        let input = Input::open(path, options.max_bytes)?;
        match options.format.map_or_else(|| sniff::format_of(&input), Ok)? {
            Format::Csv => csv::read_rows(&input, options),
            format => read_rows(&input, format),
        }
    };
    read().map_err(|error| error.in_file(path))
}

/// The bytes of the file at `path`, of which gzip and zstd are undone.
///
/// ```
/// use std::io::Read;
///
/// let file = std::env::temp_dir().join(format!("graph-core-bytes-{}", std::process::id()));
/// std::fs::write(&file, "as it is")?;
/// let mut text = String::new();
/// graph_core::decompressed(&file)?.read_to_string(&mut text)?;
/// assert_eq!(text, "as it is");
/// # std::fs::remove_file(&file)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`Error::InFile`] for a file that cannot be opened; errors while reading are those of the reader.
pub fn decompressed(path: impl AsRef<Path>) -> Result<Box<dyn Read + Send>> {
    let path = path.as_ref();
    let open = || Input::open(path, ReadOptions::default().max_bytes)?.stream();
    open().map_err(|error| error.in_file(path))
}

/// The rows of a table that is no delimited text.
fn read_rows(input: &Input, format: Format) -> Result<RecordBatch> {
    match format {
        Format::Parquet => parquet::read_table(input),
        Format::Arrow => ipc::read_table(input),
        Format::JsonLines => {
            let rows = json::read_lines(&input.read_all()?)?.edges;
            let schema =
                rows.first().map_or_else(|| Arc::new(Schema::empty()), RecordBatch::schema);
            tables::concat_rows(&schema, &rows)
        }
        Format::NodeLink => json::read_array(&input.read_all()?),
        Format::GraphMl | Format::Gexf | Format::Gml => {
            let tables = read_tables(&input.read_all()?, format, &ReadOptions::default())?;
            tables.nodes.ok_or(Error::NoNodeTable { format: format.name() })
        }
        Format::Csv | Format::MatrixMarket | Format::Metis => {
            Err(Error::NoNodeTable { format: format.name() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_within(limit: u32, name: &str, text: &str, options: &ReadOptions) -> Result<Graph> {
        let input = Input::from_reader(text.as_bytes(), Path::new(name), options.max_bytes)?;
        read_input(&input, options, limit, Instant::now()).map(|(graph, _)| graph)
    }

    /// Three nodes and four edges, one of them a self-loop, in a format of each way to read.
    const FILES: [(&str, &str); 3] = [
        ("a.csv", "source,target\na,b\nb,c\nc,a\na,a\n"),
        ("a.mtx", "%%MatrixMarket matrix coordinate pattern general\n3 3 4\n1 2\n2 3\n3 1\n1 1\n"),
        (
            "a.jsonl",
            "{\"source\":1,\"target\":2}\n{\"source\":2,\"target\":3}\n{\"source\":3,\"target\":1}\n{\"source\":1,\"target\":1}\n",
        ),
    ];

    #[test]
    fn counts_beyond_the_limit_are_refused() {
        for (name, text) in FILES {
            for directed in [true, false] {
                let options = ReadOptions { directed: Some(directed), ..ReadOptions::default() };
                let read = |limit| read_within(limit, name, text, &options);
                let error = read(2).unwrap_err();
                assert!(matches!(error, Error::TooManyNodes { n_nodes: 3 }), "{name}: {error}");
                let error = read(3).unwrap_err();
                assert!(matches!(error, Error::TooManyEdges { n_edges: 4 }), "{name}: {error}");
                if directed {
                    assert_eq!(read(4).unwrap().out_edges().n_edges(), 4);
                    continue;
                }
                let error = read(6).unwrap_err();
                let expected = Error::TooManyDirections { n_edges: 4, n_directions: 7 };
                assert_eq!(error.to_string(), expected.to_string(), "{name}");
                assert_eq!(read(7).unwrap().out_edges().n_edges(), 7);
            }
        }
    }
}
