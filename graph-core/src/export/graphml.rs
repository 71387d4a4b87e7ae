//! GraphML.

use std::io::Write;

use arrow::datatypes::DataType;

use super::cells::{SpelledIds, write_rows};
use super::tables::edge_attributes;
use super::xml::{Attribute, Xml, attributes, checked_cells};
use crate::{Graph, Result};

const FORMAT: &str = "GraphML";

/// Writes a key for each column and an element for each node and edge; a missing value is a
/// missing `data`.
pub(super) fn write_graph(graph: &Graph, out: &mut (dyn Write + Send)) -> Result<()> {
    checked_cells(graph.ids(), graph.nodes().schema().field(0).name(), FORMAT)?;
    let ids = SpelledIds::new(graph.ids(), &Xml)?;
    let nodes = attributes(graph.nodes(), 1..graph.nodes().num_columns(), FORMAT)?;
    let table = edge_attributes(graph)?.table;
    let edges = attributes(&table, 0..table.num_columns(), FORMAT)?;
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">")?;
    for (domain, letter, columns) in [("node", 'n', &nodes), ("edge", 'e', &edges)] {
        for (at, Attribute { name, data_type, .. }) in columns.iter().enumerate() {
            writeln!(
                out,
                "  <key id=\"{letter}{at}\" for=\"{domain}\" attr.name=\"{name}\" \
                 attr.type=\"{}\"/>",
                type_name(data_type)
            )?;
        }
    }
    let direction = if graph.is_directed() { "directed" } else { "undirected" };
    writeln!(out, "  <graph edgedefault=\"{direction}\">")?;
    write_rows(out, graph.n_nodes(), |rows, out| {
        for row in rows {
            out.extend_from_slice(b"    <node id=\"");
            ids.push(row as u32, out);
            push_data(&nodes, 'n', row, b"</node>\n", out);
        }
        Ok(())
    })?;
    let (sources, targets) = (graph.coo().sources(), graph.coo().targets());
    write_rows(out, graph.n_edges(), |rows, out| {
        for row in rows {
            out.extend_from_slice(b"    <edge source=\"");
            ids.push(sources[row], out);
            out.extend_from_slice(b"\" target=\"");
            ids.push(targets[row], out);
            push_data(&edges, 'e', row, b"</edge>\n", out);
        }
        Ok(())
    })?;
    Ok(out.write_all(b"  </graph>\n</graphml>\n")?)
}

/// Ends a start tag, with the data of `row` and the end tag `close` if there are any.
fn push_data(columns: &[Attribute], letter: char, row: usize, close: &[u8], out: &mut Vec<u8>) {
    if columns.iter().all(|column| column.cells.is_null(row)) {
        return out.extend_from_slice(b"\"/>\n");
    }
    out.extend_from_slice(b"\">");
    for (at, column) in columns.iter().enumerate() {
        if !column.cells.is_null(row) {
            out.extend_from_slice(format!("<data key=\"{letter}{at}\">").as_bytes());
            column.cells.push(row, &Xml, out);
            out.extend_from_slice(b"</data>");
        }
    }
    out.extend_from_slice(close);
}

fn type_name(data_type: &DataType) -> &'static str {
    use DataType as T;
    match data_type {
        T::Boolean => "boolean",
        T::Int8 | T::Int16 | T::Int32 | T::UInt8 | T::UInt16 => "int",
        T::Int64 | T::UInt32 | T::UInt64 => "long",
        T::Float16 | T::Float32 => "float",
        T::Float64 => "double",
        T::Dictionary(_, values) => type_name(values),
        _ => "string",
    }
}
