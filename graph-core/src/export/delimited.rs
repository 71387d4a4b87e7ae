//! Comma- and tab-separated text.

use std::io::Write;

use arrow::array::RecordBatch;
use memchr::memchr3;

use super::cells::{Cells, SpelledIds, Spelling, write_rows};
use super::options::Plan;
use super::tables::edge_attributes;
use crate::{Graph, Result};

/// Quotes as RFC 4180: only where needed, a quote in a quoted cell is doubled.
struct Quoting {
    delimiter: u8,
}

impl Quoting {
    fn needs_quotes(&self, text: &[u8]) -> bool {
        // An empty cell is a missing value, so empty text is quoted; so is what a reader could
        // take for a comment or trim.
        let edge = |byte: &u8| byte.is_ascii_whitespace() || b"#%".contains(byte);
        match (text.first(), text.last()) {
            (Some(first), Some(last)) if !edge(first) && !last.is_ascii_whitespace() => {
                memchr3(self.delimiter, b'"', b'\n', text).is_some() || text.contains(&b'\r')
            }
            _ => true,
        }
    }
}

impl Spelling for Quoting {
    fn text(&self, text: &str, out: &mut Vec<u8>) {
        if !self.needs_quotes(text.as_bytes()) {
            return out.extend_from_slice(text.as_bytes());
        }
        out.push(b'"');
        for &byte in text.as_bytes() {
            if byte == b'"' {
                out.push(b'"');
            }
            out.push(byte);
        }
        out.push(b'"');
    }
}

/// Writes the edge table of `graph`.
pub(super) fn write_graph(graph: &Graph, out: &mut (dyn Write + Send), plan: Plan) -> Result<()> {
    let quoting = Quoting { delimiter: plan.delimiter };
    let attributes = edge_attributes(graph)?.table;
    if plan.header {
        let schema = attributes.schema();
        let names = schema.fields().iter().map(|field| field.name().as_str());
        write_header(graph.end_names().into_iter().chain(names), &quoting, out)?;
    }
    let columns: Vec<Cells> = attributes.columns().iter().map(Cells::new).collect::<Result<_>>()?;
    let ids = SpelledIds::new(graph.ids(), &quoting)?;
    let (sources, targets) = (graph.coo().sources(), graph.coo().targets());
    write_rows(out, graph.n_edges(), |rows, out| {
        for row in rows {
            ids.push(sources[row], out);
            out.push(plan.delimiter);
            ids.push(targets[row], out);
            for column in &columns {
                out.push(plan.delimiter);
                column.push(row, &quoting, out);
            }
            out.push(b'\n');
        }
        Ok(())
    })
}

/// Writes any table, in batches of one schema.
pub(super) fn write_table(
    batches: &[RecordBatch],
    out: &mut (dyn Write + Send),
    plan: Plan,
) -> Result<()> {
    let quoting = Quoting { delimiter: plan.delimiter };
    if plan.header {
        let schema = super::schema_of(batches);
        write_header(schema.fields().iter().map(|field| field.name().as_str()), &quoting, out)?;
    }
    for table in batches {
        let columns: Vec<Cells> = table.columns().iter().map(Cells::new).collect::<Result<_>>()?;
        write_rows(out, table.num_rows(), |rows, out| {
            for row in rows {
                for (at, column) in columns.iter().enumerate() {
                    if at > 0 {
                        out.push(plan.delimiter);
                    }
                    column.push(row, &quoting, out);
                }
                out.push(b'\n');
            }
            Ok(())
        })?;
    }
    Ok(())
}

fn write_header<'a>(
    names: impl Iterator<Item = &'a str>,
    quoting: &Quoting,
    out: &mut (dyn Write + Send),
) -> Result<()> {
    let mut line = Vec::new();
    for (at, name) in names.enumerate() {
        if at > 0 {
            line.push(quoting.delimiter);
        }
        quoting.text(name, &mut line);
    }
    line.push(b'\n');
    Ok(out.write_all(&line)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(text: &str) -> String {
        let mut out = Vec::new();
        Quoting { delimiter: b',' }.text(text, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn quotes_stand_only_where_they_are_needed() {
        for plain in ["a", "größer", "a b", "a;b", "a'b", "a#b"] {
            assert_eq!(quoted(plain), plain);
        }
        for needy in ["", "a,b", "a\nb", "a\r", " a", "a ", "#a", "%a", "\t"] {
            assert_eq!(quoted(needy), format!("\"{needy}\""));
        }
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
    }
}
