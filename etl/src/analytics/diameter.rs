//! Diameter: the longest of all shortest paths, or bounds of it.

use graph_core::NodeId;
use rayon::prelude::*;

use super::bfs::{Search, UNREACHED};
use super::paths::Paths;
use super::rows::Rows;
use crate::topology::Undirected;
use crate::{Control, Result};

/// Diameter of an undirected graph: the largest distance, in edges, of two nodes that a path joins.
///
/// In each component, searches from node to farthest node give the ends of two long paths; then
/// nodes are searched from by falling distance to a node in their middle, until all that are left
/// are too near to it to be far from one another. On real graphs that is some tens of searches, in
/// the worst case one a node: `max_searches` ends it with bounds. Components too small to hold a
/// longer path are passed over; the others take nine searches each in any case. networkx refuses
/// graphs of several components; igraph takes the largest diameter of them, as this does. O(m)
/// time a search.
///
/// Source: Crescenzi et al. 2013, doi:10.1016/j.tcs.2012.09.018, "iFUB".
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct Diameter {
    /// End with bounds after so many searches; none means no end.
    #[cfg_attr(feature = "clap", arg(long))]
    pub max_searches: Option<usize>,
}

/// What [`Diameter::run`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct DiameterReport {
    /// The diameter is not less.
    pub lower: u32,
    /// The diameter is not more; the same as `lower` if it is exact.
    pub upper: u32,
    /// Two nodes `lower` apart; `None` if there are no nodes.
    pub ends: Option<(NodeId, NodeId)>,
    /// Number of searches made.
    pub n_searches: usize,
}

/// Components of fewer nodes are searched by one thread, without looking at other nodes.
const SMALL: usize = 1 << 13;

impl Diameter {
    /// Measures `graph`.
    ///
    /// ```
    /// use graph_core::Coo;
    /// use graph_etl::Control;
    /// use graph_etl::analytics::Diameter;
    /// use graph_etl::topology::{Merge, Undirected};
    ///
    /// let path = Coo::new(4, vec![0, 1, 2], vec![1, 2, 3], None)?;
    /// let path = Undirected::from_coo(&path, Merge::Unit);
    /// let report = Diameter::default().run(&path, &Control::NONE).unwrap();
    /// assert_eq!((report.lower, report.upper), (3, 3));
    /// # Ok::<(), graph_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Stopped`](crate::Error::Stopped).
    pub fn run(&self, graph: &Undirected, control: &Control) -> Result<DiameterReport> {
        let rows = Rows::from(graph);
        let n = graph.n_nodes();
        let mut sweep = Sweep {
            rows,
            control,
            paths: Paths::new(n),
            most: self.max_searches.unwrap_or(usize::MAX),
            lower: 0,
            ends: (n > 0).then_some((0, 0)),
            n_searches: 0,
        };
        let mut upper = 0;
        for (component, hub) in components(graph, control)? {
            if component > sweep.lower as usize + 1 {
                upper = upper.max(sweep.component(component, hub)?);
            }
        }
        let (lower, ends, n_searches) = (sweep.lower, sweep.ends, sweep.n_searches);
        Ok(DiameterReport { lower, upper: upper.max(lower), ends, n_searches })
    }
}

/// Sizes of all components, largest first, each with its node of highest degree.
fn components(graph: &Undirected, control: &Control) -> Result<Vec<(usize, NodeId)>> {
    let n = graph.n_nodes();
    let sets = graph_core::DisjointSets::new(n);
    (0..n as u32).into_par_iter().with_min_len(256).for_each(|u| {
        for &v in graph.neighbors(u).iter().take_while(|&&v| v < u) {
            sets.unite(u, v);
        }
    });
    control.step("components", 0, None)?;
    let (component, count) = sets.into_numbers();
    let mut found = vec![(0_usize, 0 as NodeId); count];
    for u in 0..n as u32 {
        let (size, hub) = &mut found[component[u as usize] as usize];
        if *size == 0 || graph.degree(u) > graph.degree(*hub) {
            *hub = u;
        }
        *size += 1;
    }
    found.sort_by_key(|&(size, _)| std::cmp::Reverse(size));
    Ok(found)
}

/// What is known so far.
struct Sweep<'a> {
    rows: Rows<'a>,
    control: &'a Control<'a>,
    paths: Paths<u32>,
    most: usize,
    lower: u32,
    ends: Option<(NodeId, NodeId)>,
    n_searches: usize,
}

impl Sweep<'_> {
    /// Distances from `u` to all of its component, by the search that fits its size.
    fn search<T>(
        &mut self,
        size: usize,
        u: NodeId,
        few: impl FnOnce(&Paths<u32>) -> T,
        many: impl FnOnce(&Search) -> T,
    ) -> Result<T> {
        self.control.step("searches", self.n_searches as u64, None)?;
        self.n_searches += 1;
        if size < SMALL {
            self.paths.search(&[self.rows], u);
            return Ok(few(&self.paths));
        }
        let mut search = Search::new(self.rows.n_nodes());
        search.run(&[self.rows], &[self.rows], &[u], UNREACHED - 1, self.control)?;
        Ok(many(&search))
    }

    /// The distance from `u` to the farthest node, and that node.
    fn farthest(&mut self, size: usize, u: NodeId) -> Result<(u32, NodeId)> {
        let nodes = 0..self.rows.n_nodes() as u32;
        let (farthest, v) = self.search(
            size,
            u,
            |paths| paths.order.last().map_or((0, u), |&v| (paths.length[v as usize], v)),
            |search| {
                let is_last = |&v: &u32| search.distance(v) == search.depth();
                (search.depth(), nodes.into_par_iter().find_first(is_last).unwrap_or(u))
            },
        )?;
        if farthest > self.lower {
            self.lower = farthest;
            self.ends = Some((u, v));
        }
        Ok((farthest, v))
    }

    /// Nodes of the component of `u`, ascending, with their distances from `u`.
    fn distances(&mut self, size: usize, u: NodeId) -> Result<Vec<(u32, NodeId)>> {
        let nodes = 0..self.rows.n_nodes() as u32;
        self.search(
            size,
            u,
            |paths| {
                let of = |&v: &NodeId| (paths.length[v as usize], v);
                let mut found: Vec<_> = paths.order.iter().map(of).collect();
                found.sort_unstable_by_key(|&(_, v)| v);
                found
            },
            |search| {
                let all = nodes.into_par_iter().map(|v| (search.distance(v), v));
                all.filter(|&(distance, _)| distance != UNREACHED).collect()
            },
        )
    }

    /// A node near the middle: its distances to the ends of two long paths are least.
    fn middle(&mut self, size: usize, hub: NodeId) -> Result<NodeId> {
        let mut middle = hub;
        let mut worst: Vec<(u32, NodeId)> = Vec::new();
        for _ in 0..2 {
            let (_, first) = self.farthest(size, middle)?;
            let (_, last) = self.farthest(size, first)?;
            for end in [first, last] {
                let found = self.distances(size, end)?;
                if worst.is_empty() {
                    worst = found;
                    continue;
                }
                for (worst, found) in worst.iter_mut().zip(found) {
                    worst.0 = worst.0.max(found.0);
                }
            }
            middle = worst.iter().min().map_or(hub, |&(_, u)| u);
        }
        Ok(middle)
    }

    /// Raises the lower bound by what is in one component, and returns an upper bound for it.
    fn component(&mut self, size: usize, hub: NodeId) -> Result<u32> {
        let middle = self.middle(size, hub)?;
        let mut around = self.distances(size, middle)?;
        around.par_sort_unstable();
        for &(distance, u) in around.iter().rev() {
            // All that is left is no farther from the middle, so two of it are no farther apart.
            if self.lower >= 2 * distance {
                return Ok(self.lower);
            }
            if self.n_searches >= self.most {
                return Ok(2 * distance);
            }
            self.farthest(size, u)?;
        }
        Ok(self.lower)
    }
}

#[cfg(test)]
mod tests {
    use graph_core::Coo;
    use graph_core::generate::{Lattice, Rmat, lattice, rmat};
    use proptest::prelude::*;

    use super::*;
    use crate::topology::Merge;

    fn undirected(n: usize, edges: &[(u32, u32)]) -> Undirected {
        let (sources, targets) = edges.iter().copied().unzip();
        Undirected::from_coo(&Coo::new(n, sources, targets, None).unwrap(), Merge::Unit)
    }

    fn distance(graph: &Undirected, u: u32, v: u32) -> u32 {
        let mut paths = Paths::<u32>::new(graph.n_nodes());
        paths.search(&[Rows::from(graph)], u);
        paths.length[v as usize]
    }

    proptest! {
        #[test]
        fn the_diameter_is_the_largest_of_all_distances(
            edges in prop::collection::vec((0..16_u32, 0..16_u32), 0..24), max_searches in 0..9_usize
        ) {
            let graph = undirected(16, &edges);
            let all = (0..16).flat_map(|u| (0..16).map(move |v| (u, v)));
            let of = |(u, v)| distance(&graph, u, v);
            let expected = all.map(of).filter(|&d| d != u32::MAX).max().unwrap();
            let found = Diameter::default().run(&graph, &Control::NONE).unwrap();
            prop_assert_eq!((found.lower, found.upper), (expected, expected));
            let (u, v) = found.ends.unwrap();
            prop_assert_eq!(distance(&graph, u, v), expected);
            let bounds = Diameter { max_searches: Some(max_searches) };
            let bounds = bounds.run(&graph, &Control::NONE).unwrap();
            prop_assert!(bounds.lower <= expected && expected <= bounds.upper);
        }
    }

    #[test]
    fn few_searches_are_enough_for_large_graphs() {
        let grid = lattice(&Lattice { rows: 90, columns: 121, torus: false }).unwrap();
        let grid = Undirected::new(&grid, Merge::Unit);
        let found = Diameter::default().run(&grid, &Control::NONE).unwrap();
        assert_eq!((found.lower, found.upper), (209, 209));
        assert!(found.n_searches < 30, "{}", found.n_searches);
        let scattered = rmat(&Rmat { scale: 14, n_edges: 60_000, ..Rmat::default() }).unwrap();
        let scattered = Undirected::new(&scattered, Merge::Unit);
        let found = Diameter::default().run(&scattered, &Control::NONE).unwrap();
        assert!(found.n_searches < 1000, "{}", found.n_searches);
        let (u, v) = found.ends.unwrap();
        assert_eq!((distance(&scattered, u, v), found.upper), (found.lower, found.lower));
    }

    #[test]
    fn no_nodes_have_no_ends() {
        let found = Diameter::default().run(&undirected(0, &[]), &Control::NONE).unwrap();
        assert_eq!((found.lower, found.upper, found.ends), (0, 0, None));
    }
}
