//! Strongly connected components: nodes that paths join in both directions.

use graph_core::{Graph, NodeId};
use rayon::prelude::*;

use super::bfs::{Search, UNREACHED};
use super::components::{Components, weak_components};
use super::rows::Rows;
use crate::{Control, Result};

/// Not yet in any component.
const NONE: u32 = u32::MAX;

/// Steps of the depth-first search between two looks at whether to stop.
const LOOK: usize = 1 << 16;

/// The strongly connected components of `graph`; of an undirected graph, the weak ones.
///
/// Most real graphs have one large component. It is what can both be reached from, and reach, the
/// node with most in- times out-edges, by two parallel searches; the rest, which is small then,
/// goes through one depth-first search. O(n + m) time, 25 n bytes besides both adjacencies, which
/// the graph keeps.
///
/// Source: Fleischer, Hendrickson, Pınar 2000, doi:10.1007/3-540-45591-4_68; Tarjan 1972,
/// doi:10.1137/0201010.
///
/// ```
/// use graph_core::{Coo, Graph};
/// use graph_etl::{Control, analytics::strong_components};
///
/// let graph = Graph::from_coo(Coo::new(3, vec![0, 1, 2], vec![2, 0, 0], None)?, true);
/// assert_eq!(strong_components(&graph, &Control::NONE).unwrap().component, [0, 1, 0]);
/// # Ok::<(), graph_core::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Stopped`](crate::Error::Stopped).
pub fn strong_components(graph: &Graph, control: &Control) -> Result<Components> {
    if !graph.is_directed() {
        return weak_components(graph, control);
    }
    let n = graph.n_nodes();
    let rows = Rows::of(graph.out_edges(), false);
    let mut root = around_the_hub(graph, control)?;
    depth_first(rows, &mut root, control)?;
    // Roots are any one node of each component so far: number components by their smallest node.
    let mut number_of_root = vec![NONE; n];
    let mut count = 0;
    for root in &mut root {
        let number = &mut number_of_root[*root as usize];
        if *number == NONE {
            *number = count;
            count += 1;
        }
        *root = *number;
    }
    Ok(Components::new(root, count as usize))
}

/// The component of the node with most edges, as the root of its nodes; the others have none.
fn around_the_hub(graph: &Graph, control: &Control) -> Result<Vec<NodeId>> {
    let n = graph.n_nodes();
    let (out, r#in) = (Rows::of(graph.out_edges(), false), Rows::of(graph.in_edges(), false));
    let product = |&u: &u32| (out.degree(u) as u64 * r#in.degree(u) as u64, std::cmp::Reverse(u));
    let Some(hub) = (0..n as u32).into_par_iter().max_by_key(product) else { return Ok(vec![]) };
    let mut away = Search::new(n);
    away.run(&[out], &[r#in], &[hub], UNREACHED - 1, control)?;
    let mut back = Search::new(n);
    back.run(&[r#in], &[out], &[hub], UNREACHED - 1, control)?;
    let is_around = |u: u32| away.distance(u) != UNREACHED && back.distance(u) != UNREACHED;
    Ok((0..n as u32).into_par_iter().map(|u| if is_around(u) { hub } else { NONE }).collect())
}

/// Puts every node without a root under the first node of its component that the search met.
fn depth_first(rows: Rows, root: &mut [NodeId], control: &Control) -> Result<()> {
    let n = rows.n_nodes();
    // Order in which the search met a node, from 1 on, lowered to that of the first node that it
    // can go back to.
    let mut low = vec![0_u32; n];
    let mut met = 0;
    let mut open: Vec<NodeId> = Vec::new();
    // Nodes on the path of the search, with the order they were met in and the next entry.
    let mut path: Vec<(NodeId, u32, usize)> = Vec::new();
    let mut steps = 0;
    for start in 0..n as u32 {
        if root[start as usize] != NONE {
            continue;
        }
        met += 1;
        low[start as usize] = met;
        path.push((start, met, rows.row(start).start));
        open.push(start);
        while let Some((u, order, entry)) = path.last_mut() {
            steps += 1;
            if steps % LOOK == 0 {
                control.step("nodes", u64::from(met), Some(n as u64))?;
            }
            let u = *u;
            if *entry < rows.row(u).end {
                let v = rows.targets[*entry];
                *entry += 1;
                if root[v as usize] != NONE {
                    continue;
                }
                if low[v as usize] == 0 {
                    met += 1;
                    low[v as usize] = met;
                    path.push((v, met, rows.row(v).start));
                    open.push(v);
                } else {
                    low[u as usize] = low[u as usize].min(low[v as usize]);
                }
                continue;
            }
            if low[u as usize] == *order {
                while let Some(v) = open.pop() {
                    root[v as usize] = u;
                    if v == u {
                        break;
                    }
                }
            }
            path.pop();
            if let Some(&(above, ..)) = path.last() {
                low[above as usize] = low[above as usize].min(low[u as usize]);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::needless_range_loop, reason = "nodes index several tables")]
mod tests {
    use graph_core::Coo;
    use proptest::prelude::*;

    use super::*;

    /// Which nodes can be reached from which, by squaring.
    fn reachable(n: usize, edges: &[(u32, u32)]) -> Vec<Vec<bool>> {
        let mut reach = vec![vec![false; n]; n];
        (0..n).for_each(|u| reach[u][u] = true);
        for &(u, v) in edges {
            reach[u as usize][v as usize] = true;
        }
        for via in 0..n {
            for u in 0..n {
                for v in 0..n {
                    reach[u][v] |= reach[u][via] && reach[via][v];
                }
            }
        }
        reach
    }

    proptest! {
        #[test]
        fn nodes_are_together_if_each_reaches_the_other(
            edges in prop::collection::vec((0..15_u32, 0..15_u32), 0..45)
        ) {
            let reach = reachable(15, &edges);
            let (sources, targets) = edges.into_iter().unzip();
            let graph = Graph::from_coo(Coo::new(15, sources, targets, None).unwrap(), true);
            let found = strong_components(&graph, &Control::NONE).unwrap();
            let mut seen = 0;
            for u in 0..15 {
                for v in 0..15 {
                    prop_assert_eq!(found.component[u] == found.component[v], reach[u][v] && reach[v][u]);
                }
                prop_assert!(found.component[u] <= seen, "numbered by the smallest node");
                seen = seen.max(found.component[u] + 1);
            }
            prop_assert_eq!(found.n_components(), seen as usize);
            prop_assert_eq!(found.sizes.iter().sum::<u32>(), 15);
        }
    }

    /// A path is as deep as a search gets: no stack overflows.
    #[test]
    fn a_long_path_is_all_single_nodes() {
        let n = 300_000;
        let coo = Coo::new(n, (0..n as u32 - 1).collect(), (1..n as u32).collect(), None).unwrap();
        let found = strong_components(&Graph::from_coo(coo, true), &Control::NONE).unwrap();
        assert_eq!(found.n_components(), n);
    }
}
