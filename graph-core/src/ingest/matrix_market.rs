//! MatrixMarket coordinate matrices: the adjacency matrix of a graph.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch};

use super::Tables;
use super::numbers::Words;
use super::text::{Broken, excerpt, lines, parse_chunks, without_mark};
use crate::Result;

const FORMAT: &str = "MatrixMarket";

#[derive(Debug, Clone, Copy, PartialEq)]
enum Field {
    Real,
    Integer,
    Pattern,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Symmetry {
    General,
    Symmetric,
    Skew,
}

/// What stands above the entries.
struct Header {
    field: Field,
    symmetry: Symmetry,
    /// Rows, which are as many as columns.
    n: u64,
    entries: u64,
    /// Where the size line begins and where the entries begin.
    size_at: usize,
    body_at: usize,
}

/// Reads a square coordinate matrix: entry (i, j) is an edge from node i to node j, and the nodes
/// are 1 to n, those without entries included.
///
/// | matrix           | graph                                                                   |
/// |------------------|-------------------------------------------------------------------------|
/// | `general`        | directed                                                                |
/// | `symmetric`      | undirected; each stored entry is one edge                               |
/// | `skew-symmetric` | directed; a positive entry is an edge from row to column, a negative one |
/// |                  | an edge of its absolute value from column to row                        |
/// | `real`, `integer`| edge column `weight`                                                    |
/// | `pattern`        | no weights                                                              |
///
/// Complex, array and rectangular matrices are refused: they are not a weighted adjacency.
pub(crate) fn read_tables(input: &[u8]) -> Result<Tables> {
    let input = without_mark(input);
    parse(input).map_err(|broken| broken.in_input(FORMAT, input))?.into_tables()
}

/// Entries of a piece of the input.
#[derive(Debug, Default)]
struct Entries {
    rows: Vec<i64>,
    columns: Vec<i64>,
    reals: Vec<f64>,
    integers: Vec<i64>,
}

struct Matrix {
    header: Header,
    pieces: Vec<Entries>,
}

fn parse(input: &[u8]) -> Result<Matrix, Broken> {
    let header = parse_header(input)?;
    let pieces = parse_chunks(input, header.body_at, |range| {
        let mut entries = Entries::default();
        for (at, line) in lines(input, range) {
            // Comments belong above the size line; some writers put them anywhere.
            if !line.trim_ascii().is_empty() && !line.starts_with(b"%") {
                entries.push(Words::new(at, line), &header)?;
            }
        }
        Ok(entries)
    })?;
    let found: usize = pieces.iter().map(|piece| piece.rows.len()).sum();
    if found as u64 != header.entries {
        let problem = format!("{} entries are announced, but there are {found}", header.entries);
        return Err(Broken::new(header.size_at, problem));
    }
    Ok(Matrix { header, pieces })
}

fn parse_header(input: &[u8]) -> Result<Header, Broken> {
    let mut lines = lines(input, 0..input.len());
    let (_, banner) = lines.next().unwrap_or((0, b""));
    let words: Vec<String> = banner
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .map(|word| String::from_utf8_lossy(word).to_ascii_lowercase())
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ["%%matrixmarket", "matrix", layout, field, symmetry] = words[..] else {
        let problem =
            format!("it begins with {}, not `%%MatrixMarket matrix coordinate …`", excerpt(banner));
        return Err(Broken::new(0, problem));
    };
    let refuse = |what: &str, found: &str, known: &str| {
        Err(Broken::new(0, format!("{what} `{found}` is not supported, only {known}")))
    };
    if layout != "coordinate" {
        return refuse("the layout", layout, "`coordinate`");
    }
    let field = match field {
        "real" | "double" => Field::Real,
        "integer" => Field::Integer,
        "pattern" => Field::Pattern,
        _ => return refuse("the field", field, "`real`, `integer` and `pattern`"),
    };
    let symmetry = match symmetry {
        "general" => Symmetry::General,
        "symmetric" => Symmetry::Symmetric,
        "skew-symmetric" => Symmetry::Skew,
        _ => {
            return refuse("the symmetry", symmetry, "`general`, `symmetric` and `skew-symmetric`");
        }
    };
    let size = lines.find(|(_, line)| !line.starts_with(b"%") && !line.trim_ascii().is_empty());
    let Some((size_at, line)) = size else {
        return Err(Broken::new(input.len(), "the line of sizes is missing"));
    };
    let mut words = Words::new(size_at, line);
    let rows = words.natural("the number of rows")?;
    let columns = words.natural("the number of columns")?;
    let entries = words.natural("the number of entries")?;
    words.end()?;
    if rows != columns {
        let problem = format!("a {rows} × {columns} matrix is not square, so not an adjacency");
        return Err(Broken::new(size_at, problem));
    }
    if rows > u64::from(u32::MAX) {
        return Err(Broken::new(
            size_at,
            format!("{rows} nodes are more than 32-bit ids can name"),
        ));
    }
    let body_at = (size_at + line.len()..input.len())
        .find(|&at| input[at] == b'\n')
        .map_or(input.len(), |at| at + 1);
    Ok(Header { field, symmetry, n: rows, entries, size_at, body_at })
}

impl Entries {
    fn push(&mut self, mut words: Words<'_>, header: &Header) -> Result<(), Broken> {
        let mut index = |what: &str| {
            let index = words.natural(what)?;
            if (1..=header.n).contains(&index) {
                return Ok(index as i64);
            }
            let problem = format!("{what} is {index}, outside 1 to {}", header.n);
            Err(Broken::new(words.start(), problem))
        };
        let (mut row, mut column) = (index("the row")?, index("the column")?);
        let skew = header.symmetry == Symmetry::Skew;
        match header.field {
            Field::Real => {
                let mut value: f64 = words.number("the value")?;
                if skew && value < 0.0 {
                    (row, column, value) = (column, row, -value);
                }
                self.reals.push(value);
            }
            Field::Integer => {
                let mut value: i64 = words.number("the value")?;
                if skew && value < 0 {
                    (row, column) = (column, row);
                    value = value.checked_neg().ok_or_else(|| {
                        Broken::new(words.start(), format!("{value} has no positive counterpart"))
                    })?;
                }
                self.integers.push(value);
            }
            Field::Pattern => {}
        }
        self.rows.push(row);
        self.columns.push(column);
        words.end()
    }
}

impl Matrix {
    fn into_tables(self) -> Result<Tables> {
        let field = self.header.field;
        let batch = |entries: Entries| {
            let int = |values: Vec<i64>| Arc::new(Int64Array::from(values)) as ArrayRef;
            let mut columns = vec![("source", int(entries.rows)), ("target", int(entries.columns))];
            match field {
                Field::Real => {
                    columns.push(("weight", Arc::new(Float64Array::from(entries.reals))));
                }
                Field::Integer => columns.push(("weight", int(entries.integers))),
                Field::Pattern => {}
            }
            Ok(RecordBatch::try_from_iter(columns)?)
        };
        let mut pieces = self.pieces;
        if pieces.is_empty() {
            pieces.push(Entries::default());
        }
        let edges = pieces.into_iter().map(batch).collect::<Result<_>>()?;
        let ids = Int64Array::from_iter_values(1..=self.header.n as i64);
        let nodes = RecordBatch::try_from_iter([("id", Arc::new(ids) as ArrayRef)])?;
        let directed = self.header.symmetry != Symmetry::Symmetric;
        Ok(Tables { edges, nodes: Some(nodes), directed: Some(directed) })
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;
    use arrow::datatypes::{Float64Type, Int64Type};

    use super::*;

    fn read(text: &str) -> Result<Tables> {
        read_tables(text.as_bytes())
    }

    fn edges(tables: &Tables) -> Vec<(i64, i64)> {
        let column = |at: usize| tables.edges[0].column(at).as_primitive::<Int64Type>().values();
        column(0).iter().copied().zip(column(1).iter().copied()).collect()
    }

    fn error(text: &str) -> String {
        read(text).unwrap_err().to_string()
    }

    #[test]
    fn a_general_matrix_is_directed_and_keeps_isolated_nodes() {
        let tables = read(
            "%%MatrixMarket matrix coordinate real general\n% by hand\n\n4 4 2\n1 2 0.5\n 3 1 -2e3 \n",
        )
        .unwrap();
        assert_eq!((edges(&tables), tables.directed), (vec![(1, 2), (3, 1)], Some(true)));
        let weights = tables.edges[0].column(2).as_primitive::<Float64Type>();
        assert_eq!(weights.values()[..], [0.5, -2000.0]);
        assert_eq!(tables.nodes.unwrap().num_rows(), 4);
    }

    #[test]
    fn a_symmetric_pattern_is_undirected_and_unweighted() {
        let tables =
            read("%%MatrixMarket matrix coordinate pattern symmetric\r\n3 3 2\r\n2 1\r\n3 3")
                .unwrap();
        assert_eq!((edges(&tables), tables.directed), (vec![(2, 1), (3, 3)], Some(false)));
        assert_eq!(tables.edges[0].num_columns(), 2);
    }

    #[test]
    fn negative_entries_of_a_skew_matrix_turn_round() {
        let text =
            "%%MatrixMarket matrix coordinate integer skew-symmetric\n3 3 2\n2 1 5\n3 1 -4\n";
        let tables = read(text).unwrap();
        assert_eq!((edges(&tables), tables.directed), (vec![(2, 1), (1, 3)], Some(true)));
        assert_eq!(tables.edges[0].column(2).as_primitive::<Int64Type>().values()[..], [5, 4]);
    }

    #[test]
    fn every_broken_rule_is_named_with_its_line() {
        let with =
            |body: &str| error(&format!("%%MatrixMarket matrix coordinate real general\n{body}"));
        assert_eq!(
            with("2 2 1\n1 3 1\n"),
            "line 3 is not MatrixMarket: the column is 3, outside 1 to 2"
        );
        assert_eq!(
            with("2 2 1\n\n0 1 1\n"),
            "line 4 is not MatrixMarket: the row is 0, outside 1 to 2"
        );
        assert_eq!(
            with("2 2 3\n1 1 1\n"),
            "line 2 is not MatrixMarket: 3 entries are announced, but there are 1"
        );
        assert_eq!(with("2 2 1\n1 1\n"), "line 3 is not MatrixMarket: the value is missing");
        assert_eq!(
            with("2 2 1\n1 1 x\n"),
            "line 3 is not MatrixMarket: the value is `x`, not a number"
        );
        assert_eq!(
            with("2 2 1\n1 1 1 7\n"),
            "line 3 is not MatrixMarket: `7` is one value too many"
        );
        assert!(with("2 3 1\n1 1 1\n").contains("a 2 × 3 matrix is not square"));
        assert!(with("% only\n").contains("the line of sizes is missing"));
        assert!(with("2 2 -1\n").contains("the number of entries is `-1`"));
        assert!(with("99999999999 99999999999 0\n").contains("32-bit"));
        for (header, word) in [
            ("array real general", "`array`"),
            ("coordinate complex general", "`complex`"),
            ("coordinate real hermitian", "`hermitian`"),
        ] {
            let message = error(&format!("%%MatrixMarket matrix {header}\n1 1 1\n1 1 1\n"));
            assert!(message.contains(word) && message.contains("not supported"), "{message}");
        }
        assert!(error("").contains("it begins with ``"));
    }

    /// A body of several chunks reads as one, and its errors know their lines.
    #[test]
    fn chunks_are_seamless() {
        let m = 500_000;
        let head = format!("%%MatrixMarket matrix coordinate pattern general\n{m} {m} {m}\n");
        let body: Vec<String> = (1..=m).map(|i| format!("{i} {}", i % m + 1)).collect();
        let text = head + &body.join("\n");
        let tables = read(&text).unwrap();
        assert!(tables.edges.len() > 1);
        let total: usize = tables.edges.iter().map(RecordBatch::num_rows).sum();
        assert_eq!(total, m);
        // The last line is `500000 1`.
        assert!(error(&format!("{text}000000")).starts_with(&format!("line {} is not", m + 2)));
    }
}
