//! JSON lines and node-link JSON.

use std::io::Write;

use arrow::array::RecordBatch;

use super::cells::{Cells, SpelledIds, Spelling, write_rows};
use super::tables::{edge_attributes, has_parallel_edges};
use crate::{Graph, Result};

/// JSON's spelling; numbers that are not finite have none and become `null`.
struct Json;

impl Spelling for Json {
    fn text(&self, text: &str, out: &mut Vec<u8>) {
        push_string(text, out);
    }

    fn json(&self, json: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(json.as_bytes());
    }

    fn null(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"null");
    }

    fn not_finite(&self, _value: f64, out: &mut Vec<u8>) {
        self.null(out);
    }
}

/// Appends `text` as a JSON string; every byte that needs no escape is copied in runs.
fn push_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut done = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        let escape: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0..0x20 => b"",
            _ => continue,
        };
        out.extend_from_slice(&bytes[done..at]);
        out.extend_from_slice(escape);
        if escape.is_empty() {
            out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
        }
        done = at + 1;
    }
    out.extend_from_slice(&bytes[done..]);
    out.push(b'"');
}

/// Columns with their keys spelled: `,"name":` each.
struct Members {
    keys: Vec<Vec<u8>>,
    columns: Vec<Cells>,
}

impl Members {
    fn new(table: &RecordBatch, skip: usize) -> Result<Self> {
        let columns = table.columns().iter().skip(skip).map(Cells::new).collect::<Result<_>>()?;
        let schema = table.schema();
        let keys = schema.fields().iter().skip(skip).map(|field| key(field.name())).collect();
        Ok(Self { keys, columns })
    }

    /// Appends the members of `row`, each with a comma in front; a missing value is a missing key,
    /// but for row 0 of `naming` rows, which says all keys in their order.
    fn push(&self, row: usize, naming: bool, out: &mut Vec<u8>) {
        for (key, column) in self.keys.iter().zip(&self.columns) {
            if (naming && row == 0) || !column.is_null(row) {
                out.extend_from_slice(key);
                column.push(row, &Json, out);
            }
        }
    }
}

/// `,"name":`
fn key(name: &str) -> Vec<u8> {
    let mut key = vec![b','];
    push_string(name, &mut key);
    key.push(b':');
    key
}

/// Writes one object a row of batches of one schema.
pub(super) fn write_lines(batches: &[RecordBatch], out: &mut (dyn Write + Send)) -> Result<()> {
    write_objects(batches, out, b"", b"\n", b"")
}

/// Writes an array of one object a row of batches of one schema.
pub(super) fn write_array(batches: &[RecordBatch], out: &mut (dyn Write + Send)) -> Result<()> {
    out.write_all(b"[\n")?;
    write_objects(batches, out, b",\n", b"", b"\n")?;
    Ok(out.write_all(b"]\n")?)
}

fn write_objects(
    batches: &[RecordBatch],
    out: &mut (dyn Write + Send),
    before: &[u8],
    after: &[u8],
    end: &[u8],
) -> Result<()> {
    let mut is_first = true;
    for batch in batches.iter().filter(|batch| batch.num_rows() > 0) {
        let members = Members::new(batch, 0)?;
        write_rows(out, batch.num_rows(), |rows, out| {
            for row in rows {
                if row > 0 || !is_first {
                    out.extend_from_slice(before);
                }
                let start = out.len();
                members.push(row, is_first, out);
                open_object(start, out);
                out.push(b'}');
                out.extend_from_slice(after);
            }
            Ok(())
        })?;
        is_first = false;
    }
    Ok(out.write_all(end)?)
}

/// Turns the comma in front of the first member into a brace.
fn open_object(start: usize, out: &mut Vec<u8>) {
    match out.get_mut(start) {
        Some(comma) => *comma = b'{',
        None => out.push(b'{'),
    }
}

/// Writes one edge object a line: source, target, attributes.
pub(super) fn write_edge_lines(graph: &Graph, out: &mut (dyn Write + Send)) -> Result<()> {
    let edges = Edges::new(graph)?;
    write_rows(out, graph.n_edges(), |rows, out| {
        for row in rows {
            edges.push(row, true, out);
            out.push(b'\n');
        }
        Ok(())
    })
}

/// Edge objects.
struct Edges<'a> {
    graph: &'a Graph,
    ids: SpelledIds,
    ends: [Vec<u8>; 2],
    attributes: Members,
}

impl<'a> Edges<'a> {
    fn new(graph: &'a Graph) -> Result<Self> {
        Ok(Self {
            graph,
            ids: SpelledIds::new(graph.ids(), &Json)?,
            ends: graph.end_names().map(key),
            attributes: Members::new(&edge_attributes(graph)?.table, 0)?,
        })
    }

    fn push(&self, row: usize, naming: bool, out: &mut Vec<u8>) {
        let start = out.len();
        let coo = self.graph.coo();
        for (key, ends) in self.ends.iter().zip([coo.sources(), coo.targets()]) {
            out.extend_from_slice(key);
            self.ids.push(ends[row], out);
        }
        out[start] = b'{';
        self.attributes.push(row, naming, out);
        out.push(b'}');
    }
}

/// Writes an object with `directed`, `multigraph`, `graph`, `nodes` and `links`, as NetworkX and
/// D3 read it: the id of a node has the key `id`, the ends of an edge `source` and `target`.
pub(super) fn write_node_link(graph: &Graph, out: &mut (dyn Write + Send)) -> Result<()> {
    let directed = graph.is_directed();
    // NetworkX would drop all but the last of parallel edges if this were false.
    writeln!(
        out,
        "{{\"directed\": {directed}, \"multigraph\": {}, \"graph\": {{}}, \"nodes\": [",
        has_parallel_edges(graph)
    )?;
    let ids = SpelledIds::new(graph.ids(), &Json)?;
    let attributes = Members::new(graph.nodes(), 1)?;
    write_rows(out, graph.n_nodes(), |rows, out| {
        for row in rows {
            out.extend_from_slice(if row > 0 { b",\n{\"id\":" } else { b"{\"id\":" });
            ids.push(row as u32, out);
            attributes.push(row, false, out);
            out.push(b'}');
        }
        Ok(())
    })?;
    out.write_all(b"\n], \"links\": [\n")?;
    let mut edges = Edges::new(graph)?;
    edges.ends = ["source", "target"].map(key);
    write_rows(out, graph.n_edges(), |rows, out| {
        for row in rows {
            if row > 0 {
                out.extend_from_slice(b",\n");
            }
            edges.push(row, false, out);
        }
        Ok(())
    })?;
    Ok(out.write_all(b"\n]}\n")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_spelled_as_serde_json_spells_them() {
        for text in ["", "a", "\"\\/", "\n\r\t\u{8}\u{c}\u{1f}", "ü😀\u{2028}", "a\"b\\c\nd"] {
            let mut out = Vec::new();
            push_string(text, &mut out);
            let back: String = serde_json::from_slice(&out).unwrap();
            assert_eq!(back, text);
        }
    }
}
