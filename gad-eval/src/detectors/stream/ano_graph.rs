//! AnoGraph: windows of time whose edges make a dense matrix.
//!
//! Source: Bhatia, Wadhwa, Kawaguchi, Shah, Yu, Hooi 2023, Sketch-Based Anomaly Detection in
//! Streaming Graphs, doi:10.1145/3580305.3599504.

use pulp::Arch;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::checkpoint::{Reader, Writer, refuse};
use super::dense::{Expansion, peel};
use super::hash::{LibcRandom, MixedHash, ReferenceHash, RowHash};
use super::matrix::Matrix;
use super::{Hash, StreamDetector, StreamEdges, StreamScores, above_zero, check_size};
use super::{method_of, options};

use crate::results::Level;
use crate::{Error, Result};

/// AnoGraph: the largest density met while rows and columns are peeled from a window's matrix.
///
/// The edges of a window are counted in a matrix of buckets of sources and targets, from which the
/// row or column with fewest edges is taken again and again; the largest density on the way is the
/// score of the window, and the least over the rows of the sketch. It is at least half of the
/// largest density of all submatrices.
///
/// O(rows) time for an edge and O(rows · b²) for a window; 16 bytes for each counter.
///
/// Source: Bhatia et al. 2023, doi:10.1145/3580305.3599504, algorithm 4.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct AnoGraph {
    /// Matrices, at least 1: more of them make fewer collisions matter.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().rows))]
    pub rows: usize,
    /// Rows and columns of each matrix, at least 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().buckets))]
    pub buckets: usize,
    /// Units of time in a window, at least 1; windows begin at its multiples.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().window))]
    pub window: u64,
    /// How ids become buckets. That of reference is drawn anew for each window.
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t = Self::default().hash))]
    pub hash: Hash,
    /// Which of the hash functions.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().seed))]
    pub seed: u64,
}

impl Default for AnoGraph {
    fn default() -> Self {
        Self { rows: 2, buckets: 32, window: 30, hash: Hash::Mixed, seed: 0 }
    }
}

/// AnoGraph-K: the largest density of the submatrices that grow from the `k` largest entries of a
/// window's matrix.
///
/// Submatrices grow as those of [`AnoEdgeG`](super::AnoEdgeG). The score of the window is the least
/// over the rows of the sketch.
///
/// O(rows) time for an edge and O(rows · k · b²) for a window; 16 bytes for each counter.
///
/// Source: Bhatia et al. 2023, doi:10.1145/3580305.3599504, algorithm 5.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct AnoGraphK {
    /// Matrices, at least 1: more of them make fewer collisions matter.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().rows))]
    pub rows: usize,
    /// Rows and columns of each matrix, at least 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().buckets))]
    pub buckets: usize,
    /// Entries that submatrices grow from, at least 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().k))]
    pub k: usize,
    /// Units of time in a window, at least 1; windows begin at its multiples.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().window))]
    pub window: u64,
    /// How ids become buckets. That of reference is drawn anew for each window.
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t = Self::default().hash))]
    pub hash: Hash,
    /// Which of the hash functions.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().seed))]
    pub seed: u64,
}

impl Default for AnoGraphK {
    fn default() -> Self {
        Self { rows: 2, buckets: 32, k: 5, window: 30, hash: Hash::Mixed, seed: 0 }
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
            pub fn start(&self) -> Result<WindowScorer> {
                WindowScorer::new(self)
            }
        }
    )*};
}

start!(AnoGraph, AnoGraphK);

/// Options of a method that scores windows.
pub(super) trait WindowMethod: Serialize + DeserializeOwned {
    const NAME: &'static str;

    /// Units of time in a window, and counters that are all zero.
    ///
    /// # Errors
    ///
    /// [`Error::BadOption`].
    fn build(&self) -> Result<(u64, Box<dyn WindowCore>)>;
}

impl WindowMethod for AnoGraph {
    const NAME: &'static str = "anograph";

    fn build(&self) -> Result<(u64, Box<dyn WindowCore>)> {
        let &Self { rows, buckets, window, hash, seed } = self;
        build(rows, buckets, window, hash, seed, None)
    }
}

impl WindowMethod for AnoGraphK {
    const NAME: &'static str = "anograph-k";

    fn build(&self) -> Result<(u64, Box<dyn WindowCore>)> {
        let &Self { rows, buckets, k, window, hash, seed } = self;
        above_zero("k", k as u64)?;
        build(rows, buckets, window, hash, seed, Some(k))
    }
}

fn build(
    rows: usize,
    buckets: usize,
    window: u64,
    hash: Hash,
    seed: u64,
    k: Option<usize>,
) -> Result<(u64, Box<dyn WindowCore>)> {
    check_size(rows, "buckets", buckets, buckets.checked_mul(buckets))?;
    above_zero("window", window)?;
    let core: Box<dyn WindowCore> = match hash {
        Hash::Mixed => {
            let hash = MixedHash::new(seed, 0, rows, buckets);
            Box::new(Sketch { draw: Fixed(hash), state: State::new(rows, buckets, k) })
        }
        Hash::Reference => {
            let random = LibcRandom::new(seed as u32);
            let hash = ReferenceHash::of_anograph(&mut random.clone(), rows, buckets);
            let draw = Anew { before: random.clone(), random, hash, rows, buckets };
            Box::new(Sketch { draw, state: State::new(rows, buckets, k) })
        }
    };
    Ok((window, core))
}

/// Where the hash of each window comes from.
trait Draw: Send {
    type Hash: RowHash;

    fn hash(&self) -> &Self::Hash;
    /// A window begins.
    fn begin(&mut self) {}
    fn save(&self, _writer: &mut Writer) {}
    fn load(&mut self, _reader: &mut Reader) -> Result<()> {
        Ok(())
    }
}

/// One hash for all windows.
struct Fixed(MixedHash);

impl Draw for Fixed {
    type Hash = MixedHash;

    fn hash(&self) -> &MixedHash {
        &self.0
    }
}

/// Another hash for each window.
struct Anew {
    /// The generator as it was before the current hash was drawn from it.
    before: LibcRandom,
    random: LibcRandom,
    hash: ReferenceHash,
    rows: usize,
    buckets: usize,
}

impl Draw for Anew {
    type Hash = ReferenceHash;

    fn hash(&self) -> &ReferenceHash {
        &self.hash
    }

    fn begin(&mut self) {
        self.before = self.random.clone();
        self.hash = ReferenceHash::of_anograph(&mut self.random, self.rows, self.buckets);
    }

    fn save(&self, writer: &mut Writer) {
        // Whether a window is open is known to the one who asks; both states are kept.
        writer.array(&self.before.state());
        writer.array(&self.random.state());
    }

    fn load(&mut self, reader: &mut Reader) -> Result<()> {
        let mut generator = || -> Result<LibcRandom> {
            let state = reader.array("generator", LibcRandom::WORDS, |_: u32| true)?;
            LibcRandom::restore(&state).ok_or_else(|| refuse("a generator has no state"))
        };
        (self.before, self.random) = (generator()?, generator()?);
        self.hash = ReferenceHash::of_anograph(&mut self.before.clone(), self.rows, self.buckets);
        Ok(())
    }
}

/// The counters of a method that scores windows.
pub(super) trait WindowCore: Send {
    fn begin(&mut self);
    fn count(&mut self, source: u64, target: u64);
    /// Scores the window and forgets it.
    fn end(&mut self) -> f64;
    fn save(&self, writer: &mut Writer);
    fn load(&mut self, reader: &mut Reader) -> Result<()>;
    fn n_bytes(&self) -> usize;
}

/// The matrices of a window.
struct State {
    matrices: Vec<Matrix>,
    expansion: Expansion,
    k: Option<usize>,
}

struct Sketch<D> {
    draw: D,
    state: State,
}

impl State {
    fn new(rows: usize, buckets: usize, k: Option<usize>) -> Self {
        let matrices = vec![Matrix::new(buckets); rows];
        Self { matrices, expansion: Expansion::new(buckets), k }
    }

    /// The least density over all matrices.
    fn score(&mut self) -> f64 {
        let Self { matrices, expansion, k } = self;
        let densities = matrices.iter().map(|matrix| match *k {
            None => peel(matrix),
            Some(k) => densest_of(matrix, expansion, k),
        });
        densities.fold(f64::INFINITY, f64::min)
    }
}

/// The largest density of submatrices that grow from the `k` largest entries; of equal entries the
/// last.
fn densest_of(matrix: &Matrix, expansion: &mut Expansion, k: usize) -> f64 {
    let b = matrix.buckets;
    let mut entries: Vec<(f64, usize)> =
        (0..b * b).map(|place| (matrix.at(place / b, place % b), place)).collect();
    let falling = |a: &(f64, usize), b: &(f64, usize)| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1));
    let k = k.min(entries.len());
    if k < entries.len() {
        entries.select_nth_unstable_by(k - 1, falling);
    }
    Arch::new().dispatch(
        #[inline(always)]
        || {
            let densities =
                entries[..k].iter().map(|&(_, at)| expansion.densest(matrix, at / b, at % b));
            densities.fold(0.0, f64::max)
        },
    )
}

impl<D: Draw> WindowCore for Sketch<D> {
    fn begin(&mut self) {
        self.draw.begin();
    }

    fn count(&mut self, source: u64, target: u64) {
        let hash = self.draw.hash();
        let (source, target) = (hash.node(source), hash.node(target));
        for (row, matrix) in self.state.matrices.iter_mut().enumerate() {
            matrix.add(hash.column(source, row), hash.column(target, row));
        }
    }

    fn end(&mut self) -> f64 {
        let score = self.state.score();
        self.state.matrices.iter_mut().for_each(Matrix::clear);
        score
    }

    fn save(&self, writer: &mut Writer) {
        self.draw.save(writer);
        self.state.matrices.iter().for_each(|matrix| matrix.save(writer));
    }

    fn load(&mut self, reader: &mut Reader) -> Result<()> {
        self.draw.load(reader)?;
        self.state.matrices.iter_mut().try_for_each(|matrix| matrix.load(reader))
    }

    fn n_bytes(&self) -> usize {
        let matrices: usize = self.state.matrices.iter().map(Matrix::n_bytes).sum();
        matrices + self.state.expansion.n_bytes()
    }
}

/// A detector that scores each window of time when it has ended. Windows without edges have no
/// score.
pub struct WindowScorer {
    name: &'static str,
    options: String,
    length: u64,
    /// The time of the last edge.
    now: Option<i64>,
    /// The number of the window that has begun.
    window: Option<i64>,
    n_edges: u64,
    core: Box<dyn WindowCore>,
}

impl WindowScorer {
    fn new<M: WindowMethod>(method: &M) -> Result<Self> {
        let (length, core) = method.build()?;
        let options = options(method);
        Ok(Self { name: M::NAME, options, length, now: None, window: None, n_edges: 0, core })
    }

    pub(super) fn restore<M: WindowMethod>(mut reader: Reader<'_>) -> Result<Self> {
        let mut scorer = Self::new(&method_of::<M>(&reader)?)?;
        let state = reader.array("clock", 5, |_: u64| true)?;
        let (begun, now, open) = (state[0] == 1, state[1] as i64, state[2] == 1);
        let window = state[3] as i64;
        scorer.n_edges = state[4];
        scorer.now = begun.then_some(now);
        scorer.window = open.then_some(window);
        let fits = state[0] < 2
            && state[2] < 2
            && begun == (scorer.n_edges > 0)
            && (!open || begun && scorer.index(now) == window);
        if !fits {
            return Err(refuse("its clock contradicts itself"));
        }
        scorer.core.load(&mut reader)?;
        reader.finish()?;
        Ok(scorer)
    }

    /// Which window a time is in.
    fn index(&self, time: i64) -> i64 {
        i128::from(time).div_euclid(i128::from(self.length)) as i64
    }

    /// Counts an edge, and gives when the window that it ends began and its score, if it ends one.
    ///
    /// # Errors
    ///
    /// [`Error::TimeGoesBack`] if it is older than one before it; it is not counted then.
    pub fn score(&mut self, source: u64, target: u64, time: i64) -> Result<Option<(i64, f64)>> {
        let mut ended = None;
        if self.now != Some(time) {
            if let Some(before) = self.now.filter(|&before| time < before) {
                return Err(Error::TimeGoesBack { edge: self.n_edges, time, before });
            }
            self.now = Some(time);
            let window = self.index(time);
            if self.window != Some(window) {
                ended = self.end();
                self.core.begin();
                self.window = Some(window);
            }
        } else if self.window.is_none() {
            self.core.begin();
            self.window = Some(self.index(time));
        }
        self.n_edges += 1;
        self.core.count(source, target);
        Ok(ended)
    }

    /// Ends the window that has begun, and gives when it began and its score.
    pub fn end(&mut self) -> Option<(i64, f64)> {
        let window = self.window.take()?;
        // A window may begin before the first time that there is.
        let begin = i128::from(window) * i128::from(self.length);
        Some((begin.max(i64::MIN.into()) as i64, self.core.end()))
    }
}

impl StreamDetector for WindowScorer {
    fn name(&self) -> &'static str {
        self.name
    }

    fn level(&self) -> Level {
        Level::Graph
    }

    fn push(&mut self, edges: &StreamEdges<'_>, scores: &mut StreamScores) -> Result<()> {
        edges.check()?;
        for (source, target, time) in edges.iter() {
            if let Some((begin, score)) = self.score(source, target, time)? {
                scores.windows.push(begin);
                scores.scores.push(score);
            }
        }
        Ok(())
    }

    fn finish(&mut self, scores: &mut StreamScores) {
        if let Some((begin, score)) = self.end() {
            scores.windows.push(begin);
            scores.scores.push(score);
        }
    }

    fn checkpoint(&self) -> Vec<u8> {
        let bits = |time: Option<i64>| [u64::from(time.is_some()), time.unwrap_or(0) as u64];
        let ([begun, now], [open, window]) = (bits(self.now), bits(self.window));
        let mut writer = Writer::new(self.name, &self.options);
        writer.array(&[begun, now, open, window, self.n_edges]);
        self.core.save(&mut writer);
        writer.finish()
    }

    fn n_edges(&self) -> u64 {
        self.n_edges
    }

    fn n_bytes(&self) -> usize {
        self.core.n_bytes()
    }
}

impl std::fmt::Debug for WindowScorer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, options, now, window, n_edges, .. } = self;
        f.debug_struct("WindowScorer")
            .field("name", name)
            .field("options", options)
            .field("now", now)
            .field("window", window)
            .field("n_edges", n_edges)
            .finish_non_exhaustive()
    }
}
