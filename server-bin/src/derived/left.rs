//! What conditions of both tables leave of one of them: an edge goes with each of its ends, a node without an edge may
//! go too, and nodes can be left out by their numbers.

use std::ops::RangeInclusive;
use std::sync::Arc;

use arrow::array::BooleanBufferBuilder;
use arrow::buffer::BooleanBuffer;
use graphlume::graph::NodeId;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::derived::{Of, Which};
use crate::error::{ApiError, ApiResult};
use crate::graphs::Loaded;
use crate::server::Server;
use crate::store::Dataset;

/// What else hides rows of a table.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Across {
    /// Only nodes that this expression over columns of nodes is true of, and only edges both of whose ends it is true of
    nodes: Option<String>,
    /// With `prune`: which edges count, an expression over columns of edges
    edges: Option<String>,
    /// Nodes that are left out, and their edges: numbers and ranges of rows, such as `3,7-9`
    hidden: Option<String>,
    /// Of nodes: whether those without an edge that is left are left out
    prune: bool,
}

impl Across {
    /// Names of the options.
    pub(crate) const NAMES: [&str; 4] = ["nodes", "edges", "hidden", "prune"];
}

impl Server {
    /// The rows of a table that are meant, and left by what is said of the other; `None` are all.
    pub(crate) async fn left(
        &self,
        dataset: &Dataset,
        loaded: &Loaded,
        of: Of,
        which: &Which,
        across: &Across,
    ) -> ApiResult<Option<BooleanBuffer>> {
        let own = self.rows(dataset, loaded, of, which).await?;
        let prune = across.prune && of == Of::Nodes;
        let graph = Arc::clone(&loaded.graph);
        let hidden = ranges(across.hidden.as_deref().unwrap_or_default(), graph.n_nodes())?;
        let condition = Which::new(across.nodes.clone(), None);
        if condition.is_all() && hidden.is_empty() && !prune {
            return Ok(own);
        }
        let nodes = self.rows(dataset, loaded, Of::Nodes, &condition).await?;
        let edges = match prune {
            true => {
                let condition = Which::new(across.edges.clone(), None);
                self.rows(dataset, loaded, Of::Edges, &condition).await?
            }
            false => None,
        };
        self.workers
            .run(move |_| {
                let mut left = without(graph.n_nodes(), nodes.as_ref(), &hidden);
                let ends = (graph.coo().sources(), graph.coo().targets());
                if of == Of::Edges {
                    left = with_both(ends, &left);
                } else if prune {
                    let whole = with_both(ends, &left);
                    let counted = edges.map_or_else(|| whole.clone(), |edges| &edges & &whole);
                    left = &left & &touched(graph.n_nodes(), ends, &counted);
                }
                Ok(Some(own.map_or_else(|| left.clone(), |own| &own & &left)))
            })
            .await
    }
}

/// Numbers and ranges of nodes, of which there are `n`.
fn ranges(text: &str, n: usize) -> ApiResult<Vec<RangeInclusive<usize>>> {
    let range = |part: &str| {
        let shown: String = part.chars().take(40).collect();
        let wrong = || {
            ApiError::Invalid(format!(
                "`{shown}` is no number of a row and no range of them, such as `3-9`"
            ))
        };
        let number = |text: &str| text.trim().parse::<u32>().map_err(|_| wrong());
        let (low, high) = part.split_once('-').unwrap_or((part, part));
        let (low, high) = (number(low)? as usize, number(high)? as usize);
        if low > high {
            return Err(wrong());
        }
        if n <= high {
            return Err(ApiError::Invalid(format!("there is no row {high}: there are {n} nodes")));
        }
        Ok(low..=high)
    };
    text.split(',').filter(|part| !part.trim().is_empty()).map(range).collect()
}

/// `rows` of `n`, all if there are none, without those in `hidden`.
fn without(
    n: usize,
    rows: Option<&BooleanBuffer>,
    hidden: &[RangeInclusive<usize>],
) -> BooleanBuffer {
    let mut left = BooleanBufferBuilder::new(n);
    match rows {
        Some(rows) => left.append_buffer(rows),
        None => left.append_n(n, true),
    }
    for row in hidden.iter().cloned().flatten() {
        left.set_bit(row, false);
    }
    left.finish()
}

/// Edges both of whose ends are in `nodes`.
fn with_both((sources, targets): (&[NodeId], &[NodeId]), nodes: &BooleanBuffer) -> BooleanBuffer {
    let is_in = |u: NodeId| nodes.value(u as usize);
    BooleanBuffer::collect_bool(sources.len(), |edge| is_in(sources[edge]) && is_in(targets[edge]))
}

/// Nodes, of `n`, that are an end of one of `edges`.
fn touched(
    n: usize,
    (sources, targets): (&[NodeId], &[NodeId]),
    edges: &BooleanBuffer,
) -> BooleanBuffer {
    let mut nodes = BooleanBufferBuilder::new(n);
    nodes.append_n(n, false);
    for edge in edges.set_indices() {
        nodes.set_bit(sources[edge] as usize, true);
        nodes.set_bit(targets[edge] as usize, true);
    }
    nodes.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_ranges_of_nodes_are_read() {
        assert_eq!(ranges("3, 7-9,", 10).unwrap(), [3..=3, 7..=9]);
        assert!(ranges("", 0).unwrap().is_empty());
        for (text, part) in
            [("x", "`x`"), ("3-", "`3-`"), ("9-7", "`9-7`"), ("-1", "`-1`"), ("8-10", "no row 10")]
        {
            let error = ranges(text, 10).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn edges_go_with_their_ends_and_nodes_with_their_last_edge() {
        // A triangle, a node that hangs on it, and one by itself.
        let ends = (&[0, 1, 2, 2][..], &[1, 2, 0, 3][..]);
        let bits = |rows: &BooleanBuffer| rows.iter().map(u8::from).collect::<Vec<_>>();
        let all = without(5, None, &[]);
        assert_eq!(bits(&with_both(ends, &all)), [1, 1, 1, 1]);
        let some = without(5, Some(&all), &[1..=1, 3..=4]);
        assert_eq!(bits(&some), [1, 0, 1, 0, 0]);
        assert_eq!(bits(&with_both(ends, &some)), [0, 0, 1, 0]);
        assert_eq!(bits(&touched(5, ends, &with_both(ends, &all))), [1, 1, 1, 1, 0]);
        assert_eq!(bits(&touched(5, ends, &with_both(ends, &some))), [1, 0, 1, 0, 0]);
    }
}
