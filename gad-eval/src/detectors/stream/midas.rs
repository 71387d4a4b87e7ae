//! MIDAS and its two extensions: sudden groups of similar edges, by a χ² test of how many edges of a
//! kind come in this tick against how many came before.
//!
//! Source: Bhatia, Hooi, Yoon, Shin, Faloutsos 2020, MIDAS: Microcluster-Based Detector of Anomalies
//! in Edge Streams, doi:10.1609/aaai.v34i04.5724; MIDAS-F: Bhatia, Liu, Hooi, Yoon, Shin, Faloutsos
//! 2022, Real-Time Anomaly Detection in Edge Streams, doi:10.1145/3494564.

use pulp::Arch;

use super::checkpoint::{Reader, Writer};
use super::clock::Clock;
use super::hash::{LibcRandom, MixedHash, ReferenceHash, RowHash};
use super::sketch::{Count, decay, min};
use super::{EdgeCore, EdgeMethod, EdgeScorer, Hash, above_zero, check_decay, check_size};

use crate::{Error, Result};

/// MIDAS: an edge is anomalous if there are many more of it in this tick than in others.
///
/// With `a` edges of its kind in the current tick, the `t`-th, and `s` in all ticks, the score is
/// `(a − s/t)² t² / (s (t − 1))`, the χ² statistic of the split of `s` into `1 : t − 1`; counts are
/// those of a count-min sketch, so they are too large by what collides. Scores of the first tick
/// are 0.
///
/// O(rows) time for an edge and O(rows · columns) for a tick; 16 bytes for each counter.
///
/// ```
/// use gad_eval::detectors::stream::Midas;
///
/// let mut midas = Midas::default().start()?;
/// let calm = midas.score(1, 2, 0)?.max(midas.score(1, 2, 1)?).max(midas.score(1, 2, 2)?);
/// let burst = (0..100).map(|_| midas.score(3, 4, 3)).last().unwrap()?;
/// assert!(calm < 1.0 && burst > 100.0);
/// # Ok::<(), gad_eval::Error>(())
/// ```
///
/// Source: Bhatia, Hooi, Yoon, Shin, Faloutsos 2020, doi:10.1609/aaai.v34i04.5724, algorithm 1.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct Midas {
    /// Rows of the sketch, at least 1: more of them make fewer collisions matter.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().rows))]
    pub rows: usize,
    /// Columns of each row, at least 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().columns))]
    pub columns: usize,
    /// Units of time in a tick, at least 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().tick))]
    pub tick: u64,
    /// When the first tick begins; with the first edge if absent.
    #[cfg_attr(feature = "clap", arg(long, allow_hyphen_values = true))]
    pub start: Option<i64>,
    /// How ids become columns.
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t = Self::default().hash))]
    pub hash: Hash,
    /// Which of the hash functions.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().seed))]
    pub seed: u64,
}

impl Default for Midas {
    fn default() -> Self {
        Self { rows: 2, columns: 1024, tick: 1, start: None, hash: Hash::Mixed, seed: 0 }
    }
}

/// MIDAS-R: as [`Midas`], but counts of the current tick fade instead of being forgotten, and the
/// edges of the source and of the target are counted beside those of the pair; the score is the
/// largest of the three.
///
/// O(rows) time for an edge and O(rows · columns) for a tick; 48 bytes for each counter.
///
/// Source: Bhatia, Hooi, Yoon, Shin, Faloutsos 2020, doi:10.1609/aaai.v34i04.5724, algorithm 2.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct MidasR {
    /// Rows of each sketch, at least 1: more of them make fewer collisions matter.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().rows))]
    pub rows: usize,
    /// Columns of each row, at least 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().columns))]
    pub columns: usize,
    /// What current counts are multiplied by when a tick begins, from 0 to 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().decay))]
    pub decay: f64,
    /// Units of time in a tick, at least 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().tick))]
    pub tick: u64,
    /// When the first tick begins; with the first edge if absent.
    #[cfg_attr(feature = "clap", arg(long, allow_hyphen_values = true))]
    pub start: Option<i64>,
    /// How ids become columns.
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t = Self::default().hash))]
    pub hash: Hash,
    /// Which of the hash functions.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().seed))]
    pub seed: u64,
}

impl Default for MidasR {
    fn default() -> Self {
        let (rows, columns, decay) = (2, 1024, 0.5);
        Self { rows, columns, decay, tick: 1, start: None, hash: Hash::Mixed, seed: 0 }
    }
}

/// MIDAS-F: as [`MidasR`], but counts that were anomalous are kept out of the mean, so that a
/// lasting attack does not become normal.
///
/// With current count `a`, total `s` of the ticks before and tick `t`, the score is
/// `(a + s − a t)² / (s (t − 1))`. When a tick begins, a counter whose last score was below the
/// threshold adds its current count to its total; one that was not adds the mean of its total.
///
/// O(rows) time for an edge and O(rows · columns) for a tick; 72 bytes for each counter.
///
/// Source: Bhatia, Liu, Hooi, Yoon, Shin, Faloutsos 2022, doi:10.1145/3494564, algorithm 3.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct MidasF {
    /// Rows of each sketch, at least 1: more of them make fewer collisions matter.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().rows))]
    pub rows: usize,
    /// Columns of each row, at least 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().columns))]
    pub columns: usize,
    /// What current counts are multiplied by when a tick begins, from 0 to 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().decay))]
    pub decay: f64,
    /// Score from which on counts are kept out of the mean, at least 0.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().threshold))]
    pub threshold: f64,
    /// Units of time in a tick, at least 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().tick))]
    pub tick: u64,
    /// When the first tick begins; with the first edge if absent.
    #[cfg_attr(feature = "clap", arg(long, allow_hyphen_values = true))]
    pub start: Option<i64>,
    /// How ids become columns.
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t = Self::default().hash))]
    pub hash: Hash,
    /// Which of the hash functions.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().seed))]
    pub seed: u64,
}

impl Default for MidasF {
    fn default() -> Self {
        let (rows, columns, decay, threshold) = (2, 1024, 0.5, 1e3);
        Self { rows, columns, decay, threshold, tick: 1, start: None, hash: Hash::Mixed, seed: 0 }
    }
}

macro_rules! start {
    ($($method:ty),*) => {$(
        impl $method {
            /// A detector that has seen nothing yet.
            ///
            /// # Errors
            ///
            /// [`Error::BadOption`] if an option is not what it may be.
            pub fn start(&self) -> Result<EdgeScorer> {
                EdgeScorer::new(self)
            }
        }
    )*};
}

start!(Midas, MidasR, MidasF);

/// The hashes of the sketches of edges, sources and targets.
fn mixed(seed: u64, rows: usize, columns: usize) -> [MixedHash; 3] {
    [0, 1, 2].map(|stream| MixedHash::new(seed, stream, rows, columns))
}

/// As [`mixed`], in the order that the authors' program draws them.
fn reference(seed: u64, rows: usize, columns: usize) -> [ReferenceHash; 3] {
    let mut random = LibcRandom::new(seed as u32);
    [(); 3].map(|()| ReferenceHash::of_midas(&mut random, rows, columns))
}

impl EdgeMethod for Midas {
    const NAME: &'static str = "midas";

    fn build(&self) -> Result<(Clock, Box<dyn EdgeCore>)> {
        let &Self { rows, columns, tick, start, hash, seed } = self;
        check_size(rows, "columns", columns, Some(columns))?;
        above_zero("tick", tick)?;
        let core: Box<dyn EdgeCore> = match hash {
            Hash::Mixed => {
                let [hash, ..] = mixed(seed, rows, columns);
                Box::new(Simple::<f64, _>::new(hash, rows, columns))
            }
            Hash::Reference => {
                let [hash, ..] = reference(seed, rows, columns);
                Box::new(Simple::<f32, _>::new(hash, rows, columns))
            }
        };
        Ok((Clock::new(tick, start), core))
    }
}

impl EdgeMethod for MidasR {
    const NAME: &'static str = "midas-r";

    fn build(&self) -> Result<(Clock, Box<dyn EdgeCore>)> {
        let &Self { rows, columns, decay, tick, start, hash, seed } = self;
        check_size(rows, "columns", columns, columns.checked_mul(3))?;
        check_decay(decay)?;
        above_zero("tick", tick)?;
        let core: Box<dyn EdgeCore> = match hash {
            Hash::Mixed => {
                let hashes = mixed(seed, rows, columns);
                Box::new(Relational::<f64, _>::new(hashes, rows, columns, decay))
            }
            Hash::Reference => {
                let hashes = reference(seed, rows, columns);
                Box::new(Relational::<f32, _>::new(hashes, rows, columns, decay))
            }
        };
        Ok((Clock::new(tick, start), core))
    }
}

impl EdgeMethod for MidasF {
    const NAME: &'static str = "midas-f";

    fn build(&self) -> Result<(Clock, Box<dyn EdgeCore>)> {
        let &Self { rows, columns, decay, threshold, tick, start, hash, seed } = self;
        check_size(rows, "columns", columns, columns.checked_mul(3))?;
        check_decay(decay)?;
        above_zero("tick", tick)?;
        if threshold.is_nan() || threshold < 0.0 {
            let value = threshold.to_string().into();
            return Err(Error::BadOption { option: "threshold", value, allowed: "at least 0" });
        }
        let core: Box<dyn EdgeCore> = match hash {
            Hash::Mixed => {
                let hashes = mixed(seed, rows, columns);
                Box::new(Filtering::<f64, _>::new(hashes, rows, columns, decay, threshold))
            }
            Hash::Reference => {
                let hashes = reference(seed, rows, columns);
                Box::new(Filtering::<f32, _>::new(hashes, rows, columns, decay, threshold))
            }
        };
        Ok((Clock::new(tick, start), core))
    }
}

/// The χ² statistic of `a` in this tick and `s` in all `t`, with the total counted at once.
#[inline(always)]
fn score<N: Count>(a: N, s: N, t: N) -> N {
    if s == N::ZERO || t == N::ONE {
        return N::ZERO;
    }
    let excess = ((a - s / t) * t).wide();
    N::new(excess * excess / (s * (t - N::ONE)).wide())
}

/// The χ² statistic of `a` in this tick and `s` in those before.
#[inline(always)]
fn filtered_score<N: Count>(a: N, s: N, t: N) -> N {
    // In the first tick there are no ticks before, so that `s` is 0.
    if s == N::ZERO {
        return N::ZERO;
    }
    let excess = (a + s - a * t).wide();
    N::new(excess * excess / (s * (t - N::ONE)).wide())
}

/// Counts of the current tick and of all, shape `[rows, columns]` each.
struct Pair<N> {
    current: Vec<N>,
    total: Vec<N>,
}

impl<N: Count> Pair<N> {
    fn new(n: usize) -> Self {
        Self { current: vec![N::ZERO; n], total: vec![N::ZERO; n] }
    }

    /// Counts a key in both, and gives the least count of each.
    #[inline(always)]
    fn count<H: RowHash>(&mut self, hash: &H, key: H::Key, columns: usize) -> (N, N) {
        let mut least = (N::INFINITY, N::INFINITY);
        let rows = self.current.chunks_exact_mut(columns).zip(self.total.chunks_exact_mut(columns));
        for (row, (current, total)) in rows.enumerate() {
            let column = hash.column(key, row);
            current[column] += N::ONE;
            total[column] += N::ONE;
            least = (min(least.0, current[column]), min(least.1, total[column]));
        }
        least
    }

    fn save(&self, writer: &mut Writer) {
        writer.array(&self.current);
        writer.array(&self.total);
    }

    fn load(&mut self, reader: &mut Reader) -> Result<()> {
        read_counts(reader, "current counts", &mut self.current)?;
        read_counts(reader, "total counts", &mut self.total)
    }

    fn n_bytes(&self) -> usize {
        2 * size_of_val(&self.current[..])
    }
}

/// Reads numbers that are at least 0.
pub(super) fn read_counts<N: Count>(
    reader: &mut Reader,
    name: &str,
    to: &mut Vec<N>,
) -> Result<()> {
    *to = reader.array(name, to.len(), |count: N| count >= N::ZERO && count < N::INFINITY)?;
    Ok(())
}

/// MIDAS.
struct Simple<N, H> {
    hash: H,
    columns: usize,
    tick: N,
    counts: Pair<N>,
}

impl<N: Count, H: RowHash> Simple<N, H> {
    fn new(hash: H, rows: usize, columns: usize) -> Self {
        Self { hash, columns, tick: N::ONE, counts: Pair::new(rows * columns) }
    }
}

impl<N: Count, H: RowHash> EdgeCore for Simple<N, H> {
    fn tick(&mut self, tick: u64) {
        self.counts.current.fill(N::ZERO);
        self.tick = N::new(tick as f64);
    }

    #[inline(always)]
    fn edge(&mut self, source: u64, target: u64) -> f64 {
        let key = self.hash.edge(source, target);
        let (a, s) = self.counts.count(&self.hash, key, self.columns);
        score(a, s, self.tick).wide()
    }

    fn save(&self, writer: &mut Writer) {
        self.counts.save(writer);
    }

    fn load(&mut self, reader: &mut Reader, clock: &Clock) -> Result<()> {
        self.tick = N::new(clock.tick() as f64);
        self.counts.load(reader)
    }

    fn n_bytes(&self) -> usize {
        self.counts.n_bytes()
    }
}

/// MIDAS-R.
struct Relational<N, H> {
    hashes: [H; 3],
    columns: usize,
    decay: N,
    tick: N,
    counts: [Pair<N>; 3],
}

impl<N: Count, H: RowHash> Relational<N, H> {
    fn new(hashes: [H; 3], rows: usize, columns: usize, decay: f64) -> Self {
        let counts = [(); 3].map(|()| Pair::new(rows * columns));
        Self { hashes, columns, decay: N::new(decay), tick: N::ONE, counts }
    }
}

impl<N: Count, H: RowHash> EdgeCore for Relational<N, H> {
    fn tick(&mut self, tick: u64) {
        Arch::new().dispatch(
            #[inline(always)]
            || {
                for counts in &mut self.counts {
                    decay(&mut counts.current, self.decay);
                }
            },
        );
        self.tick = N::new(tick as f64);
    }

    #[inline(always)]
    fn edge(&mut self, source: u64, target: u64) -> f64 {
        let [of_edges, of_sources, of_targets] = &self.hashes;
        let keys = [
            (of_edges, of_edges.edge(source, target)),
            (of_sources, of_sources.node(source)),
            (of_targets, of_targets.node(target)),
        ];
        let mut most = N::ZERO;
        for (counts, (hash, key)) in self.counts.iter_mut().zip(keys) {
            let (a, s) = counts.count(hash, key, self.columns);
            let score = score(a, s, self.tick);
            most = if score > most { score } else { most };
        }
        most.wide()
    }

    fn save(&self, writer: &mut Writer) {
        self.counts.iter().for_each(|counts| counts.save(writer));
    }

    fn load(&mut self, reader: &mut Reader, clock: &Clock) -> Result<()> {
        self.tick = N::new(clock.tick() as f64);
        self.counts.iter_mut().try_for_each(|counts| counts.load(reader))
    }

    fn n_bytes(&self) -> usize {
        self.counts.iter().map(Pair::n_bytes).sum()
    }
}

/// MIDAS-F.
struct Filtering<N, H> {
    hashes: [H; 3],
    columns: usize,
    decay: N,
    threshold: N,
    tick: N,
    /// Current counts, and totals of the ticks before.
    counts: [Pair<N>; 3],
    /// The last score of each counter.
    scores: [Vec<N>; 3],
    /// Where the counters of an edge are, shape `[rows]`.
    places: Vec<usize>,
}

impl<N: Count, H: RowHash> Filtering<N, H> {
    fn new(hashes: [H; 3], rows: usize, columns: usize, decay: f64, threshold: f64) -> Self {
        Self {
            hashes,
            columns,
            decay: N::new(decay),
            threshold: N::new(threshold),
            tick: N::ONE,
            counts: [(); 3].map(|()| Pair::new(rows * columns)),
            scores: [(); 3].map(|()| vec![N::ZERO; rows * columns]),
            places: vec![0; rows],
        }
    }
}

impl<N: Count, H: RowHash> EdgeCore for Filtering<N, H> {
    fn tick(&mut self, tick: u64) {
        // The mean is over the ticks before the one that ends; before the second there are none.
        let before = self.tick - N::ONE;
        let share = if before == N::ZERO { N::ZERO } else { N::ONE / before };
        let (factor, threshold) = (self.decay, self.threshold);
        Arch::new().dispatch(
            #[inline(always)]
            || {
                for (counts, scores) in self.counts.iter_mut().zip(&self.scores) {
                    let cells = counts.current.iter_mut().zip(&mut counts.total).zip(scores);
                    for ((current, total), &score) in cells {
                        let mean = *total * share;
                        *total += if score < threshold { *current } else { mean };
                        let less = *current * factor;
                        *current = if less < N::TINY { N::ZERO } else { less };
                    }
                }
            },
        );
        self.tick = N::new(tick as f64);
    }

    #[inline(always)]
    fn edge(&mut self, source: u64, target: u64) -> f64 {
        let [of_edges, of_sources, of_targets] = &self.hashes;
        let keys = [
            (of_edges, of_edges.edge(source, target)),
            (of_sources, of_sources.node(source)),
            (of_targets, of_targets.node(target)),
        ];
        let mut most = N::ZERO;
        for ((counts, scores), (hash, key)) in
            self.counts.iter_mut().zip(&mut self.scores).zip(keys)
        {
            let mut least = (N::INFINITY, N::INFINITY);
            for (row, place) in self.places.iter_mut().enumerate() {
                *place = row * self.columns + hash.column(key, row);
                counts.current[*place] += N::ONE;
                let (current, total) = (counts.current[*place], counts.total[*place]);
                least = (min(least.0, current), min(least.1, total));
            }
            let score = filtered_score(least.0, least.1, self.tick);
            self.places.iter().for_each(|&place| scores[place] = score);
            most = if score > most { score } else { most };
        }
        most.wide()
    }

    fn save(&self, writer: &mut Writer) {
        for (counts, scores) in self.counts.iter().zip(&self.scores) {
            counts.save(writer);
            writer.array(scores);
        }
    }

    fn load(&mut self, reader: &mut Reader, clock: &Clock) -> Result<()> {
        self.tick = N::new(clock.tick() as f64);
        for (counts, scores) in self.counts.iter_mut().zip(&mut self.scores) {
            counts.load(reader)?;
            *scores = reader.array("scores", scores.len(), |score: N| score >= N::ZERO)?;
        }
        Ok(())
    }

    fn n_bytes(&self) -> usize {
        let counts: usize = self.counts.iter().map(Pair::n_bytes).sum();
        counts + self.scores.iter().map(|scores| size_of_val(&scores[..])).sum::<usize>()
    }
}
