//! Recursive-matrix graphs: skewed degrees, communities within communities.

use rayon::prelude::*;

use super::check_edges;
use super::random::{Random, scramble};
use crate::{Coo, Error, Graph, Result};

/// Options of [`rmat`]; the default is Graph500's, with scale 16 and edge factor 16.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rmat {
    /// log2 of the number of nodes, 0 to 31.
    pub scale: u32,
    /// Number of edges.
    pub n_edges: usize,
    /// Probability of the quadrant in which source and target have a 0 bit.
    pub a: f64,
    /// Probability of source bit 0, target bit 1.
    pub b: f64,
    /// Probability of source bit 1, target bit 0; the rest, `1 - a - b - c`, is for both 1.
    pub c: f64,
    /// Permute the node ids, so that a small id says nothing about the degree.
    pub scramble: bool,
    /// Whether edges have a direction.
    pub directed: bool,
    /// Seed of the random numbers.
    pub seed: u64,
}

impl Default for Rmat {
    fn default() -> Self {
        Self::graph500(16, 16)
    }
}

impl Rmat {
    /// Graph500's probabilities, `2^scale` nodes and `edge_factor · 2^scale` edges.
    pub fn graph500(scale: u32, edge_factor: usize) -> Self {
        Self {
            scale,
            n_edges: edge_factor.saturating_mul(1_usize.checked_shl(scale).unwrap_or(usize::MAX)),
            a: 0.57,
            b: 0.19,
            c: 0.19,
            scramble: true,
            directed: true,
            seed: 0,
        }
    }
}

/// A graph of `2^scale` nodes whose edges fall into the quadrants of the adjacency matrix with
/// probabilities `a`, `b`, `c` and `1 - a - b - c`, again in each quadrant, down to one cell.
///
/// Multi-edges, self-loops and isolated nodes are part of the model and stay. O(m · scale) time.
///
/// Source: Chakrabarti, Zhan, Faloutsos 2004, doi:10.1137/1.9781611972740.43.
///
/// ```
/// use graph_core::generate::{Rmat, rmat};
///
/// let graph = rmat(&Rmat { seed: 7, ..Rmat::graph500(10, 8) })?;
/// assert_eq!((graph.n_nodes(), graph.n_edges()), (1024, 8192));
/// # Ok::<(), graph_core::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::OptionOutOfRange`] if `scale` is above 31 or the probabilities are not ones;
/// - [`Error::TooManyEdges`] if `n_edges` does not fit in `u32`.
pub fn rmat(options: &Rmat) -> Result<Graph> {
    let &Rmat { scale, n_edges, a, b, c, directed, seed, .. } = options;
    if scale > 31 {
        let found = scale.to_string();
        return Err(Error::OptionOutOfRange {
            option: "scale",
            found,
            allowed: "between 0 and 31",
        });
    }
    check_edges(n_edges as f64)?;
    let d = 1.0 - a - b - c;
    // A sum of 1 in decimal may be a little more in binary.
    if !(a >= 0.0 && b >= 0.0 && c >= 0.0 && d >= -1e-9) {
        return Err(Error::OptionOutOfRange {
            option: "a, b, c",
            found: format!("{a}, {b}, {c}"),
            allowed: "at least 0 each and at most 1 together",
        });
    }
    let quadrants = Quadrants::new(a, b, c);
    let permute = |u| if options.scramble { scramble(u, scale, seed) } else { u };
    let (sources, targets) = (0..n_edges)
        .into_par_iter()
        .map(|edge| {
            let (u, v) = quadrants.cell(scale, &mut Random::new(seed, edge as u64));
            (permute(u), permute(v))
        })
        .unzip();
    Ok(Graph::from_coo(Coo::from_checked(1 << scale, sources, targets, None), directed))
}

/// Cumulative quadrant probabilities as fractions of 2^32.
struct Quadrants {
    bounds: [u64; 3],
}

impl Quadrants {
    fn new(a: f64, b: f64, c: f64) -> Self {
        Self { bounds: [a, a + b, a + b + c].map(|bound| (bound * 32_f64.exp2()) as u64) }
    }

    /// Source and target of one edge: half a random word decides a level.
    fn cell(&self, scale: u32, random: &mut Random) -> (u32, u32) {
        let [a, ab, abc] = self.bounds;
        let (mut u, mut v, mut bits) = (0, 0, 0);
        for level in 0..scale {
            bits = if level % 2 == 0 { random.bits() } else { bits >> 32 };
            let draw = bits & u64::from(u32::MAX);
            // Quadrants in order: (0,0), (0,1), (1,0), (1,1).
            u = u << 1 | u32::from(draw >= ab);
            v = v << 1 | u32::from((draw >= a) ^ (draw >= ab) ^ (draw >= abc));
        }
        (u, v)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shares of the four quadrants, at the top level and one level down in each, are a–d.
    #[test]
    fn edges_fall_into_the_quadrants_with_their_probabilities() {
        let (scale, n_edges) = (10, 400_000);
        let options =
            Rmat { scale, n_edges, a: 0.5, b: 0.25, c: 0.15, scramble: false, ..Rmat::default() };
        let graph = rmat(&options).unwrap();
        let expected = [0.5, 0.25, 0.15, 0.1];
        for bit in [scale - 1, scale - 2, 0] {
            let mut counts = [0_u32; 4];
            for (&u, &v) in graph.coo().sources().iter().zip(graph.coo().targets()) {
                counts[((u >> bit & 1) << 1 | (v >> bit & 1)) as usize] += 1;
            }
            for (count, p) in counts.into_iter().zip(expected) {
                let deviation = (n_edges as f64 * p * (1.0 - p)).sqrt();
                let off = f64::from(count) - n_edges as f64 * p;
                assert!(off.abs() < 5.0 * deviation, "bit {bit}: {counts:?}");
            }
        }
    }

    #[test]
    fn scrambling_permutes_the_degrees() {
        let degrees = |scramble| {
            let mut degrees = rmat(&Rmat { scramble, ..Rmat::graph500(10, 16) }).unwrap().degrees();
            let first = degrees[0];
            degrees.sort_unstable();
            (first, degrees)
        };
        let (plain, scrambled) = (degrees(false), degrees(true));
        assert_eq!(plain.1, scrambled.1);
        assert_eq!(plain.0, plain.1[1023], "node 0 is the hub");
        assert!(scrambled.0 < plain.0);
    }

    #[test]
    fn seeds_differ_and_repeat() {
        let edges = |seed| rmat(&Rmat { seed, ..Rmat::graph500(8, 4) }).unwrap().coo().clone();
        assert_eq!(edges(1), edges(1));
        assert_ne!(edges(1), edges(2));
    }

    #[test]
    fn bad_options_are_refused_with_the_range() {
        for bad in [
            Rmat { scale: 32, ..Rmat::default() },
            Rmat { a: 0.9, b: 0.2, ..Rmat::default() },
            Rmat { c: -0.1, ..Rmat::default() },
            Rmat { a: f64::NAN, ..Rmat::default() },
        ] {
            assert!(matches!(rmat(&bad), Err(Error::OptionOutOfRange { .. })), "{bad:?}");
        }
        let bad = Rmat { n_edges: 1 << 32, ..Rmat::default() };
        assert!(matches!(rmat(&bad), Err(Error::TooManyEdges { .. })));
        assert!(matches!(rmat(&Rmat::graph500(99, 16)), Err(Error::OptionOutOfRange { .. })));
    }

    #[test]
    fn scale_zero_is_one_node_with_loops() {
        let graph = rmat(&Rmat::graph500(0, 3)).unwrap();
        assert_eq!((graph.n_nodes(), graph.n_edges()), (1, 3));
    }
}
