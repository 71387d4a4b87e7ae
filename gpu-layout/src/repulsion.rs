//! Repulsion: every node pushes every other with k·mᵢ·mⱼ/d.
//!
//! Two ways to the same field, without the factor k·mᵢ: [`exact`] sums all pairs in `f64`;
//! [`Approximate`] sums near pairs and takes far groups as a whole.

use pulp::Arch;
use rayon::prelude::*;

use crate::complex::Complex;
use crate::expansion::{Batch, Series, evaluate, shift_local};
use crate::tree::{Cell, Tree};

/// Overlapping nodes push with this times the product of their masses, whatever their distance.
const OVERLAP: f64 = 100.0;

/// Below this many bodies a subtree is walked by one thread.
const SERIAL: u32 = 2048;

/// Sums over all pairs in `f64`: the field of unit scaling at every node, shape `[n]`.
///
/// Nodes that coincide do not push one another. O(n²) time; a node's sum runs over the others in
/// index order, so the result does not depend on the number of threads.
pub(crate) fn exact(
    x: &[f64],
    y: &[f64],
    mass: &[f64],
    size: Option<&[f64]>,
    field: &mut Vec<Complex>,
) {
    const LANES: usize = 16;
    let arch = Arch::new();
    let n = x.len();
    field.clear();
    field.resize(n, Complex::default());
    field.par_chunks_mut(LANES).enumerate().for_each(|(chunk, field)| {
        let first = chunk * LANES;
        let targets = first..first + field.len();
        let tile = [x, y].map(|column| lanes::<f64, LANES>(&column[targets.clone()]));
        let radii = size.map(|size| lanes::<f64, LANES>(&size[targets]));
        let sums = arch.dispatch(|| match (size, &radii) {
            (Some(size), Some(radii)) => pairs_with_sizes(&tile, radii, [x, y, mass, size]),
            _ => pairs(&tile, [x, y, mass]),
        });
        for (lane, to) in field.iter_mut().enumerate() {
            *to = Complex::new(sums[0][lane], sums[1][lane]);
        }
    });
}

/// Numbers that the pair loops are written for: `f64` in exact mode, `f32` near a leaf.
trait Float:
    Copy
    + Default
    + PartialOrd
    + std::ops::AddAssign
    + std::ops::Add<Output = Self>
    + std::ops::Sub<Output = Self>
    + std::ops::Mul<Output = Self>
    + std::ops::Div<Output = Self>
{
    const OVERLAP: Self;
    const ONE: Self;
    fn sqrt(self) -> Self;
}

impl Float for f64 {
    const OVERLAP: Self = OVERLAP;
    const ONE: Self = 1.0;

    #[inline(always)]
    fn sqrt(self) -> Self {
        self.sqrt()
    }
}

impl Float for f32 {
    const OVERLAP: Self = OVERLAP as f32;
    const ONE: Self = 1.0;

    #[inline(always)]
    fn sqrt(self) -> Self {
        self.sqrt()
    }
}

/// The values of a tile of targets, the last lanes zero if there are fewer.
fn lanes<T: Float, const LANES: usize>(values: &[T]) -> [T; LANES] {
    let mut lanes = [T::default(); LANES];
    lanes[..values.len()].copy_from_slice(values);
    lanes
}

/// Σⱼ mⱼ·Δ/d² over the sources, for each lane of targets; sums of x and of y.
#[inline(always)]
fn pairs<T: Float, const LANES: usize>(
    tile: &[[T; LANES]; 2],
    [x, y, mass]: [&[T]; 3],
) -> [[T; LANES]; 2] {
    let zero = T::default();
    let mut sums = [[zero; LANES]; 2];
    for ((&x, &y), &mass) in x.iter().zip(y).zip(mass) {
        for i in 0..LANES {
            let (dx, dy) = (tile[0][i] - x, tile[1][i] - y);
            let d2 = dx * dx + dy * dy;
            // One division, then a select: an `if` around the division would not vectorize.
            let quotient = mass / d2;
            let factor = if d2 > zero { quotient } else { zero };
            sums[0][i] += factor * dx;
            sums[1][i] += factor * dy;
        }
    }
    sums
}

/// As [`pairs`], for nodes with radii: Δ·mⱼ/d'² with d' = d − sᵢ − sⱼ, or [`OVERLAP`]·Δ·mⱼ when
/// they overlap.
#[inline(always)]
fn pairs_with_sizes<T: Float, const LANES: usize>(
    tile: &[[T; LANES]; 2],
    radii: &[T; LANES],
    [x, y, mass, size]: [&[T]; 4],
) -> [[T; LANES]; 2] {
    let zero = T::default();
    let mut sums = [[zero; LANES]; 2];
    for (((&x, &y), &mass), &size) in x.iter().zip(y).zip(mass).zip(size) {
        for i in 0..LANES {
            let (dx, dy) = (tile[0][i] - x, tile[1][i] - y);
            let gap = (dx * dx + dy * dy).sqrt() - radii[i] - size;
            let quotient = T::ONE / (gap * gap);
            let apart = if gap > zero { quotient } else { zero };
            let factor = mass * if gap < zero { T::OVERLAP } else { apart };
            sums[0][i] += factor * dx;
            sums[1][i] += factor * dy;
        }
    }
    sums
}

/// Repulsion through a tree, with the buffers it needs from step to step.
///
/// Two groups of nodes act on each other as wholes when the sum of their radii is below θ times
/// their distance: the moments of one become a local expansion around the other, which its nodes
/// then evaluate. What is left are pairs of near leaves, summed node by node. Radii hold the
/// sizes of the nodes when sizes count, so a group is only far when none of its nodes is near
/// an overlap.
///
/// Each group takes its sources in one fixed order, and no thread adds to another's sums: the
/// result does not depend on the number of threads.
#[derive(Debug, Default)]
pub(crate) struct Approximate {
    tree: Tree,
    /// In Z-order.
    sorted: Vec<Complex>,
    /// Rank in Z-order of every node.
    rank: Vec<u32>,
}

impl Approximate {
    /// The field of unit scaling at every node, shape `[n]`; see [`exact`]. O(n) time after the
    /// sort, for fixed θ > 0; θ = 0 sums all pairs.
    pub(crate) fn run(
        &mut self,
        x: &[f64],
        y: &[f64],
        mass: &[f64],
        size: Option<&[f64]>,
        theta: f64,
        field: &mut Vec<Complex>,
    ) {
        let n = x.len();
        self.tree.build(x, y, mass, size);
        self.sorted.clear();
        self.sorted.resize(n, Complex::default());
        if n > 0 {
            let walk = Walk { tree: &self.tree, theta, arch: Arch::new() };
            let mut near = vec![0];
            walk.visit(0, &Series::default(), &mut near, 0, &mut self.sorted);
        }
        self.rank.resize(n, 0);
        for i in 0..n {
            self.rank[self.tree.order.node(i)] = i as u32;
        }
        let sorted = &self.sorted;
        self.rank
            .par_iter()
            .with_min_len(4096)
            .map(|&rank| sorted[rank as usize])
            .collect_into_vec(field);
    }
}

/// One descent through the tree, on the side of the targets.
struct Walk<'a> {
    tree: &'a Tree,
    theta: f64,
    arch: Arch,
}

impl Walk<'_> {
    /// Fills `field` for the bodies of cell `target`.
    ///
    /// `local` is what far cells brought to the parent, about the target's center; the sources
    /// still to be decided are `sources[first..]`. What is pushed there is popped again.
    fn visit(
        &self,
        target: usize,
        local: &Series,
        sources: &mut Vec<u32>,
        first: usize,
        field: &mut [Complex],
    ) {
        let cell = &self.tree.cells[target];
        let mut local = *local;
        let undecided = sources.len();
        self.decide(cell, &mut local, sources, first);

        if cell.is_leaf() {
            let near = &sources[undecided..];
            self.arch.dispatch(
                #[inline(always)]
                || self.leaf(cell, &local, near, field),
            );
        } else {
            let mut rest = field;
            let mut parts: [(usize, &mut [Complex]); 4] = Default::default();
            let mut n_parts = 0;
            for child in cell.children() {
                let (part, tail) = rest.split_at_mut(self.tree.cells[child].bodies().len());
                parts[n_parts] = (child, part);
                n_parts += 1;
                rest = tail;
            }
            let descend = |child: usize, part: &mut [Complex], sources: &mut Vec<u32>, first| {
                let offset = self.tree.cells[child].center - cell.center;
                self.visit(child, &shift_local(&local, offset), sources, first, part);
            };
            let parts = &mut parts[..n_parts];
            if cell.end - cell.begin < SERIAL {
                for (child, part) in parts {
                    descend(*child, part, sources, undecided);
                }
            } else {
                let near = &sources[undecided..];
                parts.par_iter_mut().for_each(|(child, part)| {
                    descend(*child, part, &mut near.to_vec(), 0);
                });
            }
        }
        sources.truncate(undecided);
    }

    /// Adds far sources to `local` and appends near ones behind `sources`: leaves for a leaf,
    /// else cells that the target's children must decide about.
    fn decide(&self, target: &Cell, local: &mut Series, sources: &mut Vec<u32>, first: usize) {
        let mut batch = Batch::default();
        let undecided = sources.len();
        // Children of split sources are stacked on top of a second list.
        let mut stack: Vec<u32> = Vec::new();
        for at in first..undecided {
            stack.push(sources[at]);
            while let Some(source) = stack.pop() {
                let cell = &self.tree.cells[source as usize];
                let offset = target.center - cell.center;
                let reach = target.radius + cell.radius;
                if reach * reach < self.theta * self.theta * offset.norm_squared() {
                    let moments = &self.tree.moments[source as usize];
                    if batch.push(moments, offset) {
                        self.arch.dispatch(
                            #[inline(always)]
                            || batch.flush(local),
                        );
                    }
                } else if !cell.is_leaf() && (target.is_leaf() || cell.radius >= target.radius) {
                    stack.extend(cell.children().rev().map(|child| child as u32));
                } else {
                    sources.push(source);
                }
            }
        }
        batch.flush(local);
    }

    /// Near pairs and the local expansion, for the bodies of one leaf.
    #[inline(always)]
    fn leaf(&self, target: &Cell, local: &Series, near: &[u32], field: &mut [Complex]) {
        const LANES: usize = 16;
        let tree = self.tree;
        let bodies = target.bodies();
        for (tile, field) in field.chunks_mut(LANES).enumerate() {
            let begin = bodies.start + tile * LANES;
            let targets = begin..begin + field.len();
            let at = [&tree.x, &tree.y].map(|c| lanes::<f32, LANES>(&c[targets.clone()]));
            let radii =
                (!tree.size.is_empty()).then(|| lanes::<f32, LANES>(&tree.size[targets.clone()]));
            let mut sums = [[0.0_f64; LANES]; 2];
            for &source in near {
                let source = &tree.cells[source as usize];
                let offset = target.center - source.center;
                // Positions are relative to their leaf, so that near pairs keep all digits.
                let moved =
                    [at[0].map(|x| x + offset.re as f32), at[1].map(|y| y + offset.im as f32)];
                let range = source.bodies();
                let columns = [&tree.x, &tree.y, &tree.mass].map(|column| &column[range.clone()]);
                let part = match &radii {
                    None => pairs(&moved, columns),
                    Some(radii) => {
                        let [x, y, mass] = columns;
                        pairs_with_sizes(&moved, radii, [x, y, mass, &tree.size[range]])
                    }
                };
                for i in 0..LANES {
                    sums[0][i] += f64::from(part[0][i]);
                    sums[1][i] += f64::from(part[1][i]);
                }
            }
            for (lane, to) in field.iter_mut().enumerate() {
                let far = evaluate(local, Complex::new(at[0][lane].into(), at[1][lane].into()));
                *to = Complex::new(sums[0][lane] + far.re, sums[1][lane] - far.im);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition, written down once more without lanes.
    fn oracle(x: &[f64], y: &[f64], mass: &[f64], size: Option<&[f64]>) -> Vec<Complex> {
        let n = x.len();
        let mut field = vec![Complex::default(); n];
        for i in 0..n {
            for j in (0..n).filter(|&j| j != i) {
                let (dx, dy) = (x[i] - x[j], y[i] - y[j]);
                let d = dx.hypot(dy);
                let factor = match size {
                    None if d == 0.0 => 0.0,
                    None => mass[j] / (d * d),
                    Some(size) => {
                        let gap = d - size[i] - size[j];
                        if gap > 0.0 {
                            mass[j] / (gap * gap)
                        } else if gap < 0.0 {
                            100.0 * mass[j]
                        } else {
                            0.0
                        }
                    }
                };
                field[i] += Complex::new(dx, dy).scale(factor);
            }
        }
        field
    }

    /// Root mean square of the difference over that of the oracle.
    fn rms_error(found: &[Complex], exact: &[Complex]) -> f64 {
        let difference: f64 = found.iter().zip(exact).map(|(&a, &b)| (a - b).norm_squared()).sum();
        (difference / exact.iter().map(|z| z.norm_squared()).sum::<f64>()).sqrt()
    }

    /// Deterministic clustered points, masses and sizes.
    fn clusters(n: usize) -> [Vec<f64>; 4] {
        let mut state = 1_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as f64 / (1_u64 << 31) as f64
        };
        let mut columns: [Vec<f64>; 4] = Default::default();
        for i in 0..n {
            let (cx, cy) = ((i % 7) as f64 * 150.0, (i % 5) as f64 * 90.0);
            columns[0].push(cx + random() * random() * 40.0);
            columns[1].push(cy + random() * random() * 40.0);
            columns[2].push(1.0 + (random() * 6.0).powi(3).floor());
            columns[3].push(0.05 * random());
        }
        columns
    }

    proptest! {
        #[test]
        fn exact_is_the_definition(points in prop::collection::vec((0..20u8, 0..20u8, 1..9u8, 0..3u8), 1..60), sized in any::<bool>()) {
            let column = |get: fn(&(u8, u8, u8, u8)) -> u8| points.iter().map(|p| get(p).into()).collect::<Vec<f64>>();
            let (x, y, mass, size) = (column(|p| p.0), column(|p| p.1), column(|p| p.2), column(|p| p.3));
            let size = sized.then_some(&size[..]);
            let mut field = Vec::new();
            exact(&x, &y, &mass, size, &mut field);
            for (a, b) in field.iter().zip(oracle(&x, &y, &mass, size)) {
                prop_assert!((*a - b).norm() <= 1e-12 * (1.0 + b.norm()) * 100.0, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn theta_0_is_exact() {
        let [x, y, mass, size] = clusters(3000);
        for size in [None, Some(&size[..])] {
            let (mut all, mut found) = (Vec::new(), Vec::new());
            exact(&x, &y, &mass, size, &mut all);
            let mut approximate = Approximate::default();
            for theta in [0.0, 1e-3] {
                approximate.run(&x, &y, &mass, size, theta, &mut found);
                let error = rms_error(&found, &all);
                assert!(error < 1e-5, "theta {theta}, sizes {}: {error}", size.is_some());
            }
        }
    }

    #[test]
    fn the_error_falls_with_theta_and_is_small_by_default() {
        let [x, y, mass, size] = clusters(4000);
        for size in [None, Some(&size[..])] {
            let (mut all, mut found) = (Vec::new(), Vec::new());
            exact(&x, &y, &mass, size, &mut all);
            let mut errors = Vec::new();
            for theta in [0.9, 0.6, 0.3] {
                Approximate::default().run(&x, &y, &mass, size, theta, &mut found);
                errors.push(rms_error(&found, &all));
            }
            assert!(errors.is_sorted_by(|a, b| a > b) && errors[1] < 1e-3, "{errors:?}");
        }
    }

    #[test]
    fn threads_do_not_change_a_bit() {
        let [x, y, mass, _] = clusters(20_000);
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut field = Vec::new();
                Approximate::default().run(&x, &y, &mass, None, 0.6, &mut field);
                field
            })
        };
        let one = run(1);
        assert!(run(2) == one && run(5) == one);
    }

    #[test]
    fn repulsion_sums_to_nothing() {
        let [x, y, mass, _] = clusters(2000);
        let mut field = Vec::new();
        exact(&x, &y, &mass, None, &mut field);
        let total =
            field.iter().zip(&mass).fold(Complex::default(), |sum, (f, &m)| sum + f.scale(m));
        assert!(total.norm() < 1e-6, "{total:?}");
    }
}
