//! Nearest neighbors by a hierarchy of small worlds: nearly all of them, without comparing all.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use graph_core::generate::Random;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::{Distance, Features, Neighbors};
use crate::pace::Pace;
use crate::tally::PerThread;
use crate::{Control, Error, Result};

/// A batch of rows is linked to the rows before it, and is at most this share of them: rows of a
/// batch do not see one another.
const BATCH_SHARE: usize = 32;

/// Rows that a thread searches for before it counts them.
const BLOCK: usize = 16;

/// No row is on a higher layer.
const MOST_LAYERS: usize = 16;

/// Approximate nearest neighbors among rows of features.
///
/// Rows are nodes of a graph in layers, each with a random part of the rows of the layer below;
/// a search goes down from the top, always to nearer rows. About O(n log n · d) time to build and
/// to search all rows. Rows are linked in batches that look for their neighbors in parallel in the
/// graph of the batches before, so the result is the same for any number of threads. Memory: about
/// 8 m bytes a row.
///
/// Recall depends on the data: see `benches/results/features.md` of the repository. Exact search
/// is [`NearestNeighbors`](super::NearestNeighbors).
///
/// Sources: Malkov, Yashunin 2020, doi:10.1109/TPAMI.2018.2889473; batches: Manohar et al. 2024,
/// doi:10.1145/3627535.3638475.
///
/// ```
/// use graph_etl::Control;
/// use graph_etl::features::{Features, Hnsw};
///
/// let features = Features::new(1, (0..100).map(|row| row as f32).collect())?;
/// let found = Hnsw { k: 2, ..Hnsw::default() }.run(&features, &Control::NONE)?;
/// assert_eq!(found.row(50).0, [49, 51]);
/// # Ok::<(), graph_etl::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct Hnsw {
    /// Number of neighbors, at least 1; if there are fewer other rows, all of them.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().k))]
    pub k: u32,
    /// How far apart rows are.
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t = Self::default().distance))]
    pub distance: Distance,
    /// Links of a row on each layer, at least 2; twice as many on the lowest.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().n_links))]
    pub n_links: u32,
    /// Rows that are kept in sight when a row is linked: the more, the better its links.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().build_width))]
    pub build_width: u32,
    /// Rows that are kept in sight by a search: the more, the higher the recall.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().search_width))]
    pub search_width: u32,
    /// Seed of layers and of the order of rows.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().seed))]
    pub seed: u64,
}

impl Default for Hnsw {
    fn default() -> Self {
        Self {
            k: 15,
            distance: Distance::default(),
            n_links: 16,
            build_width: 100,
            search_width: 64,
            seed: 0,
        }
    }
}

impl Hnsw {
    /// Rows near to each row, nearly always the nearest.
    ///
    /// # Errors
    ///
    /// - [`Error::BadOption`] if `k` is 0 or `n_links` is less than 2;
    /// - [`Error::Stopped`] if the caller wants to stop.
    pub fn run(&self, features: &Features, control: &Control) -> Result<Neighbors> {
        if self.n_links < 2 {
            let value = self.n_links.to_string().into();
            return Err(Error::BadOption { option: "n_links", value, allowed: "at least 2" });
        }
        let (k, features) = self.distance.prepare(self.k, features)?;
        let n = features.n_rows();
        if k == 0 {
            return Ok(Neighbors::new(n, k, self.distance, []));
        }
        let space = Space { features: &features, euclidean: self.distance == Distance::Euclidean };
        let worlds = PerThread::new();
        let index = Index::build(self, space, &worlds, control)?;
        let width = (self.search_width as usize).max(k + 1);
        let pace = Pace::new(control, "rows", n);
        let blocks: Vec<Option<Vec<Near>>> = (0..n.div_ceil(BLOCK))
            .into_par_iter()
            .map(|block| {
                let rows = block * BLOCK..n.min((block + 1) * BLOCK);
                pace.try_part(rows.len(), || {
                    let world = &mut worlds.mine();
                    let mut found = Vec::with_capacity(rows.len() * k);
                    for u in rows {
                        let nearest = || index.nearest(u as u32, k, width, world);
                        found.extend(pace.unless_stopped(nearest)?);
                    }
                    Some(found)
                })
            })
            .collect();
        pace.finish()?;
        let found = blocks.into_iter().flatten().flatten().map(|near| (near.key, near.row));
        Ok(Neighbors::new(n, k, self.distance, found))
    }
}

/// Rows, and how far apart they are.
#[derive(Clone, Copy)]
struct Space<'a> {
    features: &'a Features,
    euclidean: bool,
}

impl Space<'_> {
    /// The squared distance of two rows, or the negative of their inner product: in 16 sums, so
    /// that the order of additions is the same for registers of any width.
    fn key(self, u: u32, v: u32) -> f32 {
        let (a, b) = (self.features.row(u as usize), self.features.row(v as usize));
        match self.euclidean {
            true => Arch::new().dispatch(SquaredDistance(a, b)),
            false => -Arch::new().dispatch(InnerProduct(a, b)),
        }
    }

    fn near(self, u: u32, v: u32) -> Near {
        Near { key: self.key(u, v), row: v }
    }
}

/// Of two rows.
struct SquaredDistance<'a>(&'a [f32], &'a [f32]);

/// Of two rows.
struct InnerProduct<'a>(&'a [f32], &'a [f32]);

impl WithSimd for SquaredDistance<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> f32 {
        sum_of(self.0, self.1, |a, b| (a - b) * (a - b))
    }
}

impl WithSimd for InnerProduct<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> f32 {
        sum_of(self.0, self.1, |a, b| a * b)
    }
}

#[inline(always)]
fn sum_of(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f32) -> f32 {
    const LANES: usize = 16;
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += term(a[lane], b[lane]);
        }
    }
    for ((sum, &a), &b) in sums.iter_mut().zip(a_rest).zip(b_rest) {
        *sum += term(a, b);
    }
    sums.iter().sum()
}

/// A row and the key of its distance; ordered by key, then row.
#[derive(Debug, Clone, Copy)]
struct Near {
    key: f32,
    row: u32,
}

impl PartialEq for Near {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Near {}

impl PartialOrd for Near {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Near {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.total_cmp(&other.key).then(self.row.cmp(&other.row))
    }
}

/// What a search has seen.
#[derive(Default)]
struct Sight {
    /// Number of the search that last saw each row, shape `[n]`.
    seen: Vec<u32>,
    search: u32,
    to_visit: BinaryHeap<Reverse<Near>>,
    found: BinaryHeap<Near>,
}

impl Sight {
    fn start(&mut self, n: usize) {
        self.to_visit.clear();
        self.found.clear();
        if self.seen.len() != n || self.search == u32::MAX {
            self.seen = vec![0; n];
            self.search = 0;
        }
        self.search += 1;
    }

    /// Takes a row into sight if it is among the `width` nearest, once.
    fn offer(&mut self, near: impl FnOnce() -> Near, row: u32, width: usize) {
        let seen = &mut self.seen[row as usize];
        if std::mem::replace(seen, self.search) == self.search {
            return;
        }
        let near = near();
        if self.found.len() < width || self.found.peek().is_some_and(|far| near < *far) {
            self.to_visit.push(Reverse(near));
            self.found.push(near);
            if self.found.len() > width {
                self.found.pop();
            }
        }
    }
}

/// The graph: links of each row on each of its layers.
struct Index<'a> {
    space: Space<'a>,
    n_links: usize,
    /// Row that is on all layers.
    entry: u32,
    /// Links of each row, shape `[n_layers][n]`; none where the row is not on the layer.
    layers: Vec<Vec<Vec<u32>>>,
}

impl<'a> Index<'a> {
    fn build(
        options: &Hnsw,
        space: Space<'a>,
        sights: &PerThread<Sight>,
        control: &Control,
    ) -> Result<Self> {
        let n = space.features.n_rows();
        let n_links = options.n_links as usize;
        let scale = f64::from(options.n_links).ln().recip();
        let top: Vec<usize> = (0..n as u64)
            .map(|u| (-Random::new(options.seed, u).unit().ln() * scale) as usize)
            .map(|layer| layer.min(MOST_LAYERS - 1))
            .collect();
        let mut order: Vec<u32> = (0..n as u32).collect();
        let mut random = Random::new(!options.seed, 0);
        for last in (1..n).rev() {
            order.swap(last, random.below(last as u64 + 1) as usize);
        }
        let highest = top.iter().copied().max().unwrap_or(0);
        let first = order.iter().position(|&u| top[u as usize] == highest).unwrap_or(0);
        order.swap(0, first);
        let layers = vec![vec![Vec::new(); n]; highest + 1];
        let mut index = Self { space, n_links, entry: order[0], layers };
        let mut done = 1;
        while done < n {
            let end = n.min(done + (done / BATCH_SHARE).max(1));
            let links: Vec<Vec<Vec<u32>>> = order[done..end]
                .par_iter()
                .map(|&u| match control.is_stopped() {
                    true => Vec::new(),
                    false => index.links_of(u, top[u as usize], options, &mut sights.mine()),
                })
                .collect();
            index.connect(&order[done..end], &links);
            done = end;
            control.step("rows linked", done as u64, Some(n as u64))?;
        }
        Ok(index)
    }

    /// Links that `u` should have on the layers `0..=top`.
    fn links_of(&self, u: u32, top: usize, options: &Hnsw, sight: &mut Sight) -> Vec<Vec<u32>> {
        let mut at = self.space.near(u, self.entry);
        for layer in (top + 1..self.layers.len()).rev() {
            at = self.descend(u, at, layer);
        }
        let mut entries = vec![at];
        let mut links = vec![Vec::new(); top + 1];
        for layer in (0..=top).rev() {
            let width = (options.build_width as usize).max(self.n_links);
            entries = self.search(u, &entries, layer, width, sight);
            links[layer] = self.choose(&entries, self.n_links);
        }
        links
    }

    /// Links new rows, and the rows that they are linked to back to them.
    fn connect(&mut self, rows: &[u32], links: &[Vec<Vec<u32>>]) {
        for layer in 0..self.layers.len() {
            let most = if layer == 0 { 2 * self.n_links } else { self.n_links };
            let mut back: Vec<(u32, u32)> = Vec::new();
            for (&u, links) in rows.iter().zip(links) {
                let Some(links) = links.get(layer) else { continue };
                back.extend(links.iter().map(|&v| (v, u)));
                self.layers[layer][u as usize].clone_from(links);
            }
            back.sort_unstable();
            let groups: Vec<&[(u32, u32)]> = back.chunk_by(|a, b| a.0 == b.0).collect();
            let index = &*self;
            let changed: Vec<(u32, Vec<u32>)> = groups
                .into_par_iter()
                .map(|group| {
                    let v = group[0].0;
                    let mut links = index.layers[layer][v as usize].clone();
                    links.extend(group.iter().map(|&(_, u)| u));
                    if links.len() > most {
                        let mut near: Vec<Near> =
                            links.iter().map(|&w| index.space.near(v, w)).collect();
                        near.sort_unstable();
                        links = index.choose(&near, most);
                    }
                    (v, links)
                })
                .collect();
            for (v, links) in changed {
                self.layers[layer][v as usize] = links;
            }
        }
    }

    /// At most `most` of `candidates`, which ascend: first those that are nearer to the row than
    /// to one another, so that links go in all directions, then the nearest others.
    fn choose(&self, candidates: &[Near], most: usize) -> Vec<u32> {
        let (mut chosen, mut others) = (Vec::with_capacity(most), Vec::new());
        for near in candidates {
            if chosen.len() == most {
                break;
            }
            let is_apart = chosen.iter().all(|&other| near.key < self.space.key(near.row, other));
            if is_apart { chosen.push(near.row) } else { others.push(near.row) }
        }
        let missing = most - chosen.len();
        chosen.extend(others.into_iter().take(missing));
        chosen
    }

    /// The row that is nearer to `u` than all its links, found by going from `at` to nearer rows.
    fn descend(&self, u: u32, mut at: Near, layer: usize) -> Near {
        loop {
            let links = self.layers[layer][at.row as usize].iter();
            match links.map(|&v| self.space.near(u, v)).min().filter(|near| *near < at) {
                Some(nearer) => at = nearer,
                None => return at,
            }
        }
    }

    /// The rows nearest to `u` that a search from `entries` finds, ascending, at most `width`.
    fn search(
        &self,
        u: u32,
        entries: &[Near],
        layer: usize,
        width: usize,
        sight: &mut Sight,
    ) -> Vec<Near> {
        sight.start(self.space.features.n_rows());
        for &entry in entries {
            sight.offer(|| entry, entry.row, width);
        }
        while let Some(Reverse(near)) = sight.to_visit.pop() {
            if sight.found.len() == width && sight.found.peek().is_some_and(|far| near > *far) {
                break;
            }
            for &v in &self.layers[layer][near.row as usize] {
                sight.offer(|| self.space.near(u, v), v, width);
            }
        }
        let mut found: Vec<Near> = sight.found.drain().collect();
        found.sort_unstable();
        found
    }

    /// `k` other rows near to `u`.
    fn nearest(&self, u: u32, k: usize, width: usize, sight: &mut Sight) -> Vec<Near> {
        let mut at = self.space.near(u, self.entry);
        for layer in (1..self.layers.len()).rev() {
            at = self.descend(u, at, layer);
        }
        let mut found = self.search(u, &[at], 0, width, sight);
        found.retain(|near| near.row != u);
        if found.len() < k {
            // Part of the graph that too few rows can be reached in.
            let others = (0..self.space.features.n_rows() as u32).filter(|&v| v != u);
            found = others.map(|v| self.space.near(u, v)).collect();
            found.sort_unstable();
        }
        found.truncate(k);
        found
    }
}
