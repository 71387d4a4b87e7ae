//! Random and regular graphs: the same options and seed give the same graph on any number of
//! threads.

mod barabasi_albert;
mod erdos_renyi;
mod partition;
mod random;
mod regular;
mod rmat;

pub use barabasi_albert::{BarabasiAlbert, barabasi_albert};
pub use erdos_renyi::{Gnm, Gnp, gnm, gnp};
pub use partition::{PlantedPartition, planted_partition};
pub use random::Random;
pub use regular::{Lattice, complete, cycle, lattice, path, star};
pub use rmat::{Rmat, rmat};

use crate::{Coo, Error, Graph, NodeId, Result};

/// A graph over nodes `0..n_nodes`, whose edges are in range by construction.
fn graph_of(n_nodes: usize, edges: Vec<(NodeId, NodeId)>, directed: bool) -> Result<Graph> {
    let n_edges = edges.len();
    if u32::try_from(n_edges).is_err() {
        return Err(Error::TooManyEdges { n_edges });
    }
    let (sources, targets) = edges.into_iter().unzip();
    Ok(Graph::from_coo(Coo::from_checked(n_nodes, sources, targets, None), directed))
}

fn check_nodes(n_nodes: usize) -> Result<()> {
    match u32::try_from(n_nodes) {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::TooManyNodes { n_nodes }),
    }
}

/// Refuses more edges than a graph can hold before memory is asked for.
fn check_edges(n_edges: f64) -> Result<()> {
    if n_edges <= f64::from(u32::MAX) {
        return Ok(());
    }
    Err(Error::TooManyEdges { n_edges: n_edges as usize })
}

fn check_probability(option: &'static str, p: f64) -> Result<()> {
    if (0.0..=1.0).contains(&p) {
        return Ok(());
    }
    Err(Error::OptionOutOfRange { option, found: p.to_string(), allowed: "between 0 and 1" })
}

/// Number of unordered pairs of `n` different nodes.
fn pairs(n: u64) -> u64 {
    // One of the two factors is even; halving it first keeps the product in range.
    if n.is_multiple_of(2) { n / 2 * n.saturating_sub(1) } else { (n - 1) / 2 * n }
}

/// Pair number `index` in the order (1,0), (2,0), (2,1), (3,0), …: the larger node first.
fn pair(index: u64) -> (u64, u64) {
    // The floating root may be off by one for large indices; the loops put it right.
    let mut row = ((8.0 * index as f64 + 1.0).sqrt() / 2.0 + 0.5) as u64;
    while pairs(row) > index {
        row -= 1;
    }
    while pairs(row + 1) <= index {
        row += 1;
    }
    (row, index - pairs(row))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every generator gives the same edges on one and on four threads.
    #[test]
    fn the_number_of_threads_does_not_matter() {
        type Make = fn() -> Result<Graph>;
        let makers: [Make; 5] = [
            || rmat(&Rmat { scale: 12, n_edges: 100_000, ..Rmat::default() }),
            || barabasi_albert(&BarabasiAlbert { n_nodes: 30_000, n_neighbors: 3, seed: 5 }),
            || gnp(&Gnp { n_nodes: 3000, p: 0.05, directed: true, seed: 5 }),
            || gnm(&Gnm { n_nodes: 30_000, n_edges: 150_000, directed: false, seed: 5 }),
            || planted_partition(&PlantedPartition { n_nodes: 3000, ..Default::default() }),
        ];
        for make in makers {
            let with = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(make).unwrap()
            };
            let (one, four) = (with(1), with(4));
            assert_eq!(one.coo(), four.coo());
            assert_eq!(one.nodes(), four.nodes());
            assert!(one.n_edges() > 50_000, "{} edges are too few to tell", one.n_edges());
        }
    }

    #[test]
    fn pairs_are_numbered_without_gaps() {
        let mut index = 0;
        for u in 1..200 {
            for v in 0..u {
                assert_eq!(pair(index), (u, v));
                index += 1;
            }
        }
        for n in [2_u64, 3, 1 << 20, (1 << 32) - 1, 1 << 32] {
            assert_eq!(pair(pairs(n) - 1), (n - 1, n - 2));
        }
        assert_eq!((pairs(0), pairs(1)), (0, 0));
    }
}
