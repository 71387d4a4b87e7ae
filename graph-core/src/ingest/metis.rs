//! METIS graphs: one line of neighbors a node.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use rayon::prelude::*;

use super::Tables;
use super::numbers::Words;
use super::text::{Broken, line_chunks, lines, without_mark};
use crate::Result;

const FORMAT: &str = "METIS";

/// The first line: counts, and which numbers stand in front of or between the neighbors.
#[derive(Debug)]
struct Header {
    n: u64,
    m: u64,
    /// Node columns: the size, then the weights.
    node_columns: Vec<String>,
    edge_weights: bool,
    at: usize,
    body_at: usize,
}

/// One end of an edge as its line gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct End {
    u: u32,
    v: u32,
    weight: i64,
}

#[derive(Debug, Default)]
struct Piece {
    /// Ends at the smaller node of their edge, loops included, in file order.
    edges: Vec<End>,
    /// Ends at the larger node, turned round.
    turned: Vec<End>,
    node_values: Vec<i64>,
}

/// Reads an undirected graph whose nodes are 1 to n.
///
/// Each edge stands in the lines of both of its nodes with the same weight and becomes one edge,
/// in the order of the smaller node's line; a self-loop stands in its line once. Node weights
/// become the node columns `weight` (or `weight_1`, `weight_2`, …), node sizes the column `size`,
/// edge weights the edge column `weight`. All are whole numbers.
pub(crate) fn read_tables(input: &[u8]) -> Result<Tables> {
    let input = without_mark(input);
    let (header, pieces) = parse(input).map_err(|broken| broken.in_input(FORMAT, input))?;
    into_tables(&header, pieces)
}

fn parse(input: &[u8]) -> Result<(Header, Vec<Piece>), Broken> {
    let header = parse_header(input)?;
    let chunks = line_chunks(input, header.body_at, 1 << 22);
    let is_node = |line: &[u8]| !line.starts_with(b"%");
    let counts: Vec<u64> = chunks
        .par_iter()
        .map(|range| lines(input, range.clone()).filter(|(_, line)| is_node(line)).count() as u64)
        .collect();
    let firsts: Vec<u64> = counts
        .iter()
        .scan(1, |first, count| {
            let this = *first;
            *first += count;
            Some(this)
        })
        .collect();
    let pieces: Vec<Result<Piece, Broken>> = (chunks.par_iter(), &firsts)
        .into_par_iter()
        .map(|(range, &first)| {
            let mut piece = Piece::default();
            let nodes = lines(input, range.clone()).filter(|(_, line)| is_node(line));
            for (u, (at, line)) in (first..).zip(nodes) {
                if u <= header.n {
                    piece.push(u as u32, Words::new(at, line), &header)?;
                } else {
                    // Empty lines may trail, anything else is a node too many.
                    Words::new(at, line).end()?;
                }
            }
            Ok(piece)
        })
        .collect();
    let pieces = pieces.into_iter().collect::<Result<Vec<_>, _>>()?;
    let lines_found: u64 = counts.iter().sum();
    if lines_found < header.n {
        let problem = format!("{} nodes are announced, but {lines_found} have a line", header.n);
        return Err(Broken::new(header.at, problem));
    }
    check_symmetry(input, &header, &pieces)?;
    let found: usize = pieces.iter().map(|piece| piece.edges.len()).sum();
    if found as u64 != header.m {
        let problem = format!("{} edges are announced, but there are {found}", header.m);
        return Err(Broken::new(header.at, problem));
    }
    Ok((header, pieces))
}

fn parse_header(input: &[u8]) -> Result<Header, Broken> {
    let first = lines(input, 0..input.len())
        .find(|(_, line)| !line.starts_with(b"%") && !line.trim_ascii().is_empty());
    let Some((at, line)) = first else {
        return Err(Broken::new(input.len(), "the line of counts is missing"));
    };
    let mut words = Words::new(at, line);
    let n = words.natural("the number of nodes")?;
    let m = words.natural("the number of edges")?;
    if n > u64::from(u32::MAX) || m > u64::from(u32::MAX) {
        let problem = format!("{n} nodes and {m} edges are more than 32 bits can number");
        return Err(Broken::new(at, problem));
    }
    let flags = words.next().unwrap_or(b"0");
    let (sizes, weights, edge_weights) = match flags {
        b"0" | b"00" | b"000" => (false, false, false),
        b"1" | b"01" | b"001" => (false, false, true),
        b"10" | b"010" => (false, true, false),
        b"11" | b"011" => (false, true, true),
        b"100" => (true, false, false),
        b"101" => (true, false, true),
        b"110" => (true, true, false),
        b"111" => (true, true, true),
        _ => {
            let flags = super::text::excerpt(flags);
            let problem = format!("the format is {flags}, not up to three digits 0 or 1");
            return Err(Broken::new(at, problem));
        }
    };
    let mut n_weights = u64::from(weights);
    if let Some(count) = words.next_natural("the number of node weights")? {
        n_weights = count;
        if weights != (n_weights > 0) || n_weights > 64 {
            let problem = format!("{n_weights} node weights do not suit the format");
            return Err(Broken::new(at, problem));
        }
    }
    words.end()?;
    let mut node_columns = Vec::new();
    if sizes {
        node_columns.push("size".to_owned());
    }
    match n_weights {
        1 => node_columns.push("weight".to_owned()),
        _ => node_columns.extend((1..=n_weights).map(|i| format!("weight_{i}"))),
    }
    let body_at = (at + line.len()..input.len())
        .find(|&at| input[at] == b'\n')
        .map_or(input.len(), |at| at + 1);
    Ok(Header { n, m, node_columns, edge_weights, at, body_at })
}

impl Piece {
    fn push(&mut self, u: u32, mut words: Words<'_>, header: &Header) -> Result<(), Broken> {
        let at = words.start();
        for column in &header.node_columns {
            self.node_values.push(words.number(column)?);
        }
        while let Some(v) = words.next_natural("the neighbor")? {
            if !(1..=header.n).contains(&v) {
                let problem = format!("neighbor {v} of node {u} is outside 1 to {}", header.n);
                return Err(Broken::new(at, problem));
            }
            let v = v as u32;
            let weight = if header.edge_weights { words.number("the edge weight")? } else { 1 };
            if u <= v {
                self.edges.push(End { u, v, weight });
            } else {
                self.turned.push(End { u: v, v: u, weight });
            }
        }
        Ok(())
    }
}

/// Refuses an edge that does not stand in the lines of both of its nodes alike.
fn check_symmetry(input: &[u8], header: &Header, pieces: &[Piece]) -> Result<(), Broken> {
    let sorted = |ends: fn(&Piece) -> &Vec<End>| {
        let mut all: Vec<End> = pieces
            .iter()
            .flat_map(|piece| ends(piece).iter().copied())
            .filter(|end| end.u != end.v)
            .collect();
        all.par_sort_unstable();
        all
    };
    let (edges, turned) = (sorted(|piece| &piece.edges), sorted(|piece| &piece.turned));
    if edges == turned {
        return Ok(());
    }
    let both = edges.len().min(turned.len());
    let at = (0..both).find(|&at| edges[at] != turned[at]).unwrap_or(both);
    // The smaller of the two ends has no partner: the other list is past it already.
    let (node, other, end) = match (edges.get(at), turned.get(at)) {
        (Some(&edge), turned) if turned.is_none_or(|&turned| edge < turned) => {
            (edge.u, edge.v, edge)
        }
        (_, Some(&turned)) => (turned.v, turned.u, turned),
        (Some(&edge), None) => (edge.u, edge.v, edge),
        (None, None) => return Ok(()),
    };
    let weight =
        if header.edge_weights { format!(" of weight {}", end.weight) } else { String::new() };
    let problem = format!(
        "node {node} has node {other} as a neighbor{weight}, but the line of {other} does not say so"
    );
    let mut nodes =
        lines(input, header.body_at..input.len()).filter(|(_, line)| !line.starts_with(b"%"));
    let at = nodes.nth(node as usize - 1).map_or(header.at, |(at, _)| at);
    Err(Broken::new(at, problem))
}

fn into_tables(header: &Header, pieces: Vec<Piece>) -> Result<Tables> {
    let int = |values: Vec<i64>| Arc::new(Int64Array::from(values)) as ArrayRef;
    let ids = int((1..=header.n as i64).collect());
    let width = header.node_columns.len();
    let mut columns = vec![("id", ids)];
    for (at, name) in header.node_columns.iter().enumerate() {
        let values =
            pieces.iter().flat_map(|piece| piece.node_values.iter().skip(at).step_by(width));
        columns.push((name, int(values.copied().collect())));
    }
    let nodes = RecordBatch::try_from_iter(columns)?;
    let batch = |piece: Piece| {
        let column = |value: fn(&End) -> i64| int(piece.edges.iter().map(value).collect());
        let mut columns =
            vec![("source", column(|end| end.u.into())), ("target", column(|end| end.v.into()))];
        if header.edge_weights {
            columns.push(("weight", column(|end| end.weight)));
        }
        Ok(RecordBatch::try_from_iter(columns)?)
    };
    let mut pieces = pieces;
    if pieces.is_empty() {
        pieces.push(Piece::default());
    }
    let edges = pieces.into_iter().map(batch).collect::<Result<_>>()?;
    Ok(Tables { edges, nodes: Some(nodes), directed: Some(false) })
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;
    use arrow::datatypes::Int64Type;

    use super::*;

    fn read(text: &str) -> Result<Tables> {
        read_tables(text.as_bytes())
    }

    fn column(batch: &RecordBatch, name: &str) -> Vec<i64> {
        batch.column_by_name(name).unwrap().as_primitive::<Int64Type>().values().to_vec()
    }

    #[test]
    fn each_edge_comes_once_and_an_empty_line_is_an_isolated_node() {
        let tables = read("% a triangle and a hermit\n4 3\n2 3\n1 3\n% between\n1 2\n\n").unwrap();
        assert_eq!(column(&tables.edges[0], "source"), [1, 1, 2]);
        assert_eq!(column(&tables.edges[0], "target"), [2, 3, 3]);
        assert_eq!(column(&tables.nodes.unwrap(), "id"), [1, 2, 3, 4]);
        assert_eq!(tables.directed, Some(false));
    }

    #[test]
    fn weights_and_sizes_become_columns() {
        let tables = read("3 2 111 2\n9 1 2  2 5\n8 3 4  1 5 3 6\n7 5 6  2 6\n").unwrap();
        let nodes = tables.nodes.unwrap();
        assert_eq!(column(&nodes, "size"), [9, 8, 7]);
        assert_eq!(column(&nodes, "weight_1"), [1, 3, 5]);
        assert_eq!(column(&nodes, "weight_2"), [2, 4, 6]);
        assert_eq!(column(&tables.edges[0], "weight"), [5, 6]);
        let tables = read("2 1 10\n4 2\n3 1\n").unwrap();
        assert_eq!(column(&tables.nodes.unwrap(), "weight"), [4, 3]);
    }

    #[test]
    fn loops_and_parallel_edges_stay() {
        let tables = read("2 3\n1 2 2\n1 1\n").unwrap();
        assert_eq!(column(&tables.edges[0], "target"), [1, 2, 2]);
    }

    #[test]
    fn every_broken_rule_is_named_with_its_line() {
        for (text, message) in [
            ("", "line 1 is not METIS: the line of counts is missing"),
            ("3\n", "line 1 is not METIS: the number of edges is missing"),
            ("2 1 12\n", "line 1 is not METIS: the format is `12`, not up to three digits 0 or 1"),
            ("2 1 1 1\n2 1\n1 1\n", "line 1 is not METIS: 1 node weights do not suit the format"),
            ("2 1\n2\n", "line 1 is not METIS: 2 nodes are announced, but 1 have a line"),
            ("2 1\n2\n1\n1\n", "line 4 is not METIS: `1` is one value too many"),
            ("2 2\n2\n1\n", "line 1 is not METIS: 2 edges are announced, but there are 1"),
            ("2 1\n3\n1\n", "line 2 is not METIS: neighbor 3 of node 1 is outside 1 to 2"),
            ("2 1\n% x\n0\n1\n", "line 3 is not METIS: neighbor 0 of node 1 is outside 1 to 2"),
            ("2 1\nb\n1\n", "line 2 is not METIS: the neighbor is `b`, not a whole number"),
            ("2 1 1\n2\n1 1\n", "line 2 is not METIS: the edge weight is missing"),
            ("3 2\n2\n1\n\n2\n", "line 5 is not METIS: `2` is one value too many"),
            (
                "3 2\n2\n1 3\n\n",
                "line 3 is not METIS: node 2 has node 3 as a neighbor, but the line of 3 does not say so",
            ),
            (
                "% c\n2 1\n\n1\n",
                "line 4 is not METIS: node 2 has node 1 as a neighbor, but the line of 1 does not say so",
            ),
            (
                "2 1 1\n2 5\n1 6\n",
                "line 2 is not METIS: node 1 has node 2 as a neighbor of weight 5, but the line of 2 does not say so",
            ),
        ] {
            assert_eq!(read(text).unwrap_err().to_string(), message);
        }
    }
}
