//! GML.

use std::io::Write;

use arrow::array::RecordBatch;

use super::cells::{Cells, SpelledIds, Spelling, push_int, write_rows};
use super::tables::{edge_attributes, free_name, has_parallel_edges};
use crate::{Graph, Result};

/// Strings in quotes with entities for what is not ASCII; numbers as NetworkX reads them.
struct Gml;

impl Spelling for Gml {
    fn text(&self, text: &str, out: &mut Vec<u8>) {
        out.push(b'"');
        for char in text.chars() {
            match char {
                '"' => out.extend_from_slice(b"&quot;"),
                '&' => out.extend_from_slice(b"&amp;"),
                ' '..='~' => out.push(char as u8),
                _ => out.extend_from_slice(format!("&#{};", char as u32).as_bytes()),
            }
        }
        out.push(b'"');
    }

    fn not_finite(&self, value: f64, out: &mut Vec<u8>) {
        out.extend_from_slice(match value {
            f64::INFINITY => b"+INF",
            f64::NEG_INFINITY => b"-INF",
            _ => b"NAN",
        });
    }
}

/// Keys of lists and their columns.
struct Members {
    keys: Vec<String>,
    columns: Vec<Cells>,
}

impl Members {
    /// Columns of `table` behind `skip`, under keys that differ from the `reserved` ones.
    fn new(table: &RecordBatch, skip: usize, reserved: &[&str]) -> Result<Self> {
        let mut keys: Vec<String> = Vec::new();
        for field in table.schema().fields().iter().skip(skip) {
            let key = free_name(&key_of(field.name()), |key| {
                reserved.contains(&key) || keys.iter().any(|held| held == key)
            });
            keys.push(key);
        }
        let columns = table.columns().iter().skip(skip).map(Cells::new).collect::<Result<_>>()?;
        Ok(Self { keys, columns })
    }

    fn push(&self, row: usize, out: &mut Vec<u8>) {
        for (key, column) in self.keys.iter().zip(&self.columns) {
            if column.is_null(row) {
                continue;
            }
            out.push(b' ');
            out.extend_from_slice(key.as_bytes());
            out.push(b' ');
            if let Cells::Bool(flags) = column {
                out.push(if flags.value(row) { b'1' } else { b'0' });
                continue;
            }
            let start = out.len();
            column.push(row, &Gml, out);
            if matches!(column, Cells::Single(_) | Cells::Double(_)) {
                add_point(start, out);
            }
        }
    }
}

/// A real number must have a decimal point: `1e30` becomes `1.0e30`.
fn add_point(start: usize, out: &mut Vec<u8>) {
    if !out[start..].contains(&b'.')
        && let Some(at) = out[start..].iter().position(|&byte| byte == b'e')
    {
        out.splice(start + at..start + at, *b".0");
    }
}

/// `name` as a key: letters, digits and underscores, a letter first.
fn key_of(name: &str) -> String {
    let keep = |char: char| if char.is_ascii_alphanumeric() { char } else { '_' };
    let key: String = name.chars().map(keep).collect();
    if key.starts_with(|char: char| char.is_ascii_alphabetic()) { key } else { format!("k{key}") }
}

/// Writes integer ids as `id`; other ids as `label`, beside their dense numbers as `id`.
pub(super) fn write_graph(graph: &Graph, out: &mut (dyn Write + Send)) -> Result<()> {
    let integer_ids = graph.ids().data_type().is_integer();
    let ids = SpelledIds::new(graph.ids(), &Gml)?;
    let push_id = |u: u32, out: &mut Vec<u8>| {
        if integer_ids {
            ids.push(u, out);
        } else {
            push_int(u, out);
        }
    };
    let reserved: &[&str] = if integer_ids { &["id"] } else { &["id", "label"] };
    let nodes = Members::new(graph.nodes(), 1, reserved)?;
    let edges = Members::new(&edge_attributes(graph)?.table, 0, &["source", "target"])?;
    writeln!(out, "graph [\n  directed {}", u8::from(graph.is_directed()))?;
    if has_parallel_edges(graph) {
        // NetworkX refuses parallel edges otherwise.
        writeln!(out, "  multigraph 1")?;
    }
    write_rows(out, graph.n_nodes(), |rows, out| {
        for row in rows {
            out.extend_from_slice(b"  node [ id ");
            push_id(row as u32, out);
            if !integer_ids {
                out.extend_from_slice(b" label ");
                ids.push(row as u32, out);
            }
            nodes.push(row, out);
            out.extend_from_slice(b" ]\n");
        }
        Ok(())
    })?;
    let (sources, targets) = (graph.coo().sources(), graph.coo().targets());
    write_rows(out, graph.n_edges(), |rows, out| {
        for row in rows {
            out.extend_from_slice(b"  edge [ source ");
            push_id(sources[row], out);
            out.extend_from_slice(b" target ");
            push_id(targets[row], out);
            edges.push(row, out);
            out.extend_from_slice(b" ]\n");
        }
        Ok(())
    })?;
    Ok(out.write_all(b"]\n")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_letters_digits_and_underscores() {
        assert_eq!(key_of("node size"), "node_size");
        assert_eq!(key_of("größe"), "gr__e");
        assert_eq!(key_of("2nd"), "k2nd");
        assert_eq!(key_of(""), "k");
    }

    #[test]
    fn real_numbers_have_a_point() {
        for (text, expected) in [("1e30", "1.0e30"), ("1.5e3", "1.5e3"), ("2.0", "2.0")] {
            let mut out = text.as_bytes().to_vec();
            add_point(0, &mut out);
            assert_eq!(out, expected.as_bytes());
        }
    }
}
