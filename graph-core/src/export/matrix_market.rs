//! MatrixMarket coordinate matrices.

use std::io::Write;

use arrow::array::Array;

use super::cells::{Cells, Spelling, push_int, write_rows};
use super::tables::edge_attributes;
use crate::{Graph, Result};

/// Numbers only.
struct Plain;

impl Spelling for Plain {
    fn text(&self, text: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(text.as_bytes());
    }
}

/// Writes the adjacency matrix: node `u` is row and column `u + 1`, a weight is a value, without
/// weights it is a pattern. An undirected graph is a symmetric matrix, of which the lower triangle
/// is written. Parallel edges are repeated entries.
pub(super) fn write_graph(graph: &Graph, out: &mut (dyn Write + Send)) -> Result<()> {
    let attributes = edge_attributes(graph)?;
    let weights = attributes.weight.map(|column| attributes.table.column(column));
    let field = match weights.map(Array::data_type) {
        None => "pattern",
        Some(data_type) if data_type.is_integer() => "integer",
        Some(_) => "real",
    };
    let weights = weights.map(Cells::new).transpose()?;
    let symmetry = if graph.is_directed() { "general" } else { "symmetric" };
    let (n, m) = (graph.n_nodes(), graph.n_edges());
    writeln!(out, "%%MatrixMarket matrix coordinate {field} {symmetry}")?;
    writeln!(out, "{n} {n} {m}")?;
    let (sources, targets) = (graph.coo().sources(), graph.coo().targets());
    write_rows(out, m, |rows, out| {
        for row in rows {
            let (mut u, mut v) = (sources[row], targets[row]);
            if !graph.is_directed() && u < v {
                (u, v) = (v, u);
            }
            push_int(u64::from(u) + 1, out);
            out.push(b' ');
            push_int(u64::from(v) + 1, out);
            if let Some(weights) = &weights {
                out.push(b' ');
                weights.push(row, &Plain, out);
            }
            out.push(b'\n');
        }
        Ok(())
    })
}
