//! AnoEdge: edges that fall where the matrix of recent edges is dense.
//!
//! Source: Bhatia, Wadhwa, Kawaguchi, Shah, Yu, Hooi 2023, Sketch-Based Anomaly Detection in
//! Streaming Graphs, doi:10.1145/3580305.3599504.

use pulp::Arch;

use super::checkpoint::{Reader, Writer, refuse};
use super::clock::Clock;
use super::dense::Expansion;
use super::hash::{LibcRandom, MixedHash, ReferenceHash, RowHash};
use super::matrix::Matrix;
use super::sketch::decay;
use super::{EdgeCore, EdgeMethod, EdgeScorer, Hash, above_zero, check_decay, check_size};

use crate::Result;

/// AnoEdge-G: the density of the densest submatrix that grows from the edge's own entry.
///
/// Edges are counted in a matrix of buckets of sources and targets, where counts fade with time.
/// From the entry of the edge a submatrix grows by the row or column with most edges, until it is
/// all; the largest density on the way is the score, and the least over the rows of the sketch. In
/// the authors' program this is O(b²) for each edge; here the growth ends as soon as no larger
/// submatrix can be denser, which changes no score.
///
/// At most O(rows · b²) time for an edge, O(rows · b²) for a tick; 16 bytes for each counter.
///
/// Source: Bhatia et al. 2023, doi:10.1145/3580305.3599504, algorithm 2.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct AnoEdgeG {
    /// Matrices, at least 1: more of them make fewer collisions matter.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().rows))]
    pub rows: usize,
    /// Rows and columns of each matrix, at least 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().buckets))]
    pub buckets: usize,
    /// What counts are multiplied by when a tick begins, from 0 to 1. With the hash of reference it
    /// is rounded to `f32`, as the authors' program reads it.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().decay))]
    pub decay: f64,
    /// Units of time in a tick, at least 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().tick))]
    pub tick: u64,
    /// When the first tick begins; with the first edge if absent.
    #[cfg_attr(feature = "clap", arg(long, allow_hyphen_values = true))]
    pub start: Option<i64>,
    /// How ids become buckets.
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t = Self::default().hash))]
    pub hash: Hash,
    /// Which of the hash functions.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().seed))]
    pub seed: u64,
}

/// AnoEdge-L: how many edges there are between the edge's ends and a dense submatrix that is kept
/// along.
///
/// A submatrix of the matrix of recent edges is held dense: an edge adds its row and column if that
/// makes it denser, and then rows and columns leave as long as that does. The score is the mean of
/// the entries that the submatrix's rows have in the edge's column and its columns in the edge's
/// row, and the least over the rows of the sketch.
///
/// O(rows · b) time for most edges, O(rows · b²) for a tick; 16 bytes for each counter.
///
/// Source: Bhatia et al. 2023, doi:10.1145/3580305.3599504, algorithm 3.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct AnoEdgeL {
    /// Matrices, at least 1: more of them make fewer collisions matter.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().rows))]
    pub rows: usize,
    /// Rows and columns of each matrix, at least 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().buckets))]
    pub buckets: usize,
    /// What counts are multiplied by when a tick begins, from 0 to 1. With the hash of reference it
    /// is rounded to `f32`, as the authors' program reads it.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().decay))]
    pub decay: f64,
    /// Units of time in a tick, at least 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().tick))]
    pub tick: u64,
    /// When the first tick begins; with the first edge if absent.
    #[cfg_attr(feature = "clap", arg(long, allow_hyphen_values = true))]
    pub start: Option<i64>,
    /// How ids become buckets.
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t = Self::default().hash))]
    pub hash: Hash,
    /// Which of the hash functions.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().seed))]
    pub seed: u64,
}

macro_rules! method {
    ($method:ident, $name:literal, $search:ty) => {
        impl Default for $method {
            fn default() -> Self {
                let (rows, buckets, decay) = (2, 32, 0.9);
                Self { rows, buckets, decay, tick: 1, start: None, hash: Hash::Mixed, seed: 0 }
            }
        }

        impl $method {
            /// A detector that has seen nothing yet.
            ///
            /// # Errors
            ///
            /// [`Error::BadOption`](crate::Error::BadOption) if an option is not what it may be.
            pub fn start(&self) -> Result<EdgeScorer> {
                EdgeScorer::new(self)
            }
        }

        impl EdgeMethod for $method {
            const NAME: &'static str = $name;

            fn build(&self) -> Result<(Clock, Box<dyn EdgeCore>)> {
                let &Self { rows, buckets, decay, tick, start, hash, seed } = self;
                check_size(rows, "buckets", buckets, buckets.checked_mul(buckets))?;
                check_decay(decay)?;
                above_zero("tick", tick)?;
                let core: Box<dyn EdgeCore> = match hash {
                    Hash::Mixed => {
                        let hash = MixedHash::new(seed, 0, rows, buckets);
                        Box::new(Sketch::<_, $search>::new(hash, rows, buckets, decay))
                    }
                    Hash::Reference => {
                        let mut random = LibcRandom::new(seed as u32);
                        let hash = ReferenceHash::of_anograph(&mut random, rows, buckets);
                        let decay = f64::from(decay as f32);
                        Box::new(Sketch::<_, $search>::new(hash, rows, buckets, decay))
                    }
                };
                Ok((Clock::new(tick, start), core))
            }
        }
    };
}

method!(AnoEdgeG, "anoedge-g", Global);
method!(AnoEdgeL, "anoedge-l", Local);

/// How an edge is scored by one matrix that has counted it.
trait Search: Send {
    fn new(buckets: usize) -> Self;
    fn score(&mut self, matrix: &Matrix, r: usize, c: usize) -> f64;
    fn decay(&mut self, _factor: f64) {}
    fn save(&self, _writer: &mut Writer) {}
    fn load(&mut self, _reader: &mut Reader) -> Result<()> {
        Ok(())
    }
    fn n_bytes(&self) -> usize;
}

/// Matrices, and what searches each of them.
struct Sketch<H, S> {
    hash: H,
    decay: f64,
    parts: Vec<(Matrix, S)>,
}

impl<H, S: Search> Sketch<H, S> {
    fn new(hash: H, rows: usize, buckets: usize, decay: f64) -> Self {
        let parts = (0..rows).map(|_| (Matrix::new(buckets), S::new(buckets))).collect();
        Self { hash, decay, parts }
    }
}

impl<H: RowHash, S: Search> EdgeCore for Sketch<H, S> {
    fn tick(&mut self, _tick: u64) {
        let factor = self.decay;
        Arch::new().dispatch(
            #[inline(always)]
            || {
                for (matrix, search) in &mut self.parts {
                    matrix.decay(factor);
                    search.decay(factor);
                }
            },
        );
    }

    #[inline(always)]
    fn edge(&mut self, source: u64, target: u64) -> f64 {
        let (source, target) = (self.hash.node(source), self.hash.node(target));
        let mut least = f64::INFINITY;
        for (row, (matrix, search)) in self.parts.iter_mut().enumerate() {
            let (r, c) = (self.hash.column(source, row), self.hash.column(target, row));
            matrix.add(r, c);
            least = least.min(search.score(matrix, r, c));
        }
        least
    }

    fn save(&self, writer: &mut Writer) {
        for (matrix, search) in &self.parts {
            matrix.save(writer);
            search.save(writer);
        }
    }

    fn load(&mut self, reader: &mut Reader, _clock: &Clock) -> Result<()> {
        self.parts.iter_mut().try_for_each(|(matrix, search)| {
            matrix.load(reader)?;
            search.load(reader)
        })
    }

    fn n_bytes(&self) -> usize {
        self.parts.iter().map(|(matrix, search)| matrix.n_bytes() + search.n_bytes()).sum()
    }
}

/// AnoEdge-G's.
struct Global(Expansion);

impl Search for Global {
    fn new(buckets: usize) -> Self {
        Self(Expansion::new(buckets))
    }

    #[inline(always)]
    fn score(&mut self, matrix: &Matrix, r: usize, c: usize) -> f64 {
        Arch::new().dispatch(
            #[inline(always)]
            || self.0.densest(matrix, r, c),
        )
    }

    fn n_bytes(&self) -> usize {
        self.0.n_bytes()
    }
}

/// Some of the rows or columns, and for each its sum over the submatrix.
#[derive(Debug, Clone)]
struct Side {
    /// Ascending.
    members: Vec<usize>,
    /// Sums of the members; 0 for all else. Shape `[b]`.
    sums: Vec<f64>,
    is_member: Vec<bool>,
}

impl Side {
    fn new(buckets: usize) -> Self {
        let mut side = Self {
            members: Vec::with_capacity(buckets),
            sums: vec![0.0; buckets],
            is_member: vec![false; buckets],
        };
        side.insert(0, 0.0);
        side
    }

    fn insert(&mut self, at: usize, sum: f64) {
        let place = self.members.partition_point(|&member| member < at);
        self.members.insert(place, at);
        self.is_member[at] = true;
        self.sums[at] = sum;
    }

    fn remove(&mut self, at: usize) {
        self.members.retain(|&member| member != at);
        self.is_member[at] = false;
        self.sums[at] = 0.0;
    }

    /// The entries that the members have in `line`, summed.
    fn of(&self, line: &[f64]) -> f64 {
        self.members.iter().map(|&member| line[member]).sum()
    }

    /// Adds to each member's sum its entry in `line`, times `sign`.
    fn shift(&mut self, line: &[f64], sign: f64) {
        for &member in &self.members {
            self.sums[member] += sign * line[member];
        }
    }

    /// The member with the least sum, if it is not the only one.
    fn least(&self) -> Option<(usize, f64)> {
        let sums = self.members.iter().map(|&member| (member, self.sums[member]));
        let least = sums.reduce(|least, other| if other.1 < least.1 { other } else { least });
        least.filter(|_| self.members.len() > 1)
    }
}

/// AnoEdge-L's: a submatrix that is held dense.
struct Local {
    rows: Side,
    columns: Side,
    sum: f64,
}

impl Local {
    fn density(&self, sum: f64, more_rows: isize, more_columns: isize) -> f64 {
        let rows = self.rows.members.len().wrapping_add_signed(more_rows);
        let columns = self.columns.members.len().wrapping_add_signed(more_columns);
        sum / ((rows * columns) as f64).sqrt()
    }

    /// Adds the row and the column of an edge that was counted if it gets denser by that; whether
    /// it was.
    fn grow(&mut self, matrix: &Matrix, r: usize, c: usize) -> bool {
        let (has_row, has_column) = (self.rows.is_member[r], self.columns.is_member[c]);
        if has_row && has_column {
            self.sum += 1.0;
            self.rows.sums[r] += 1.0;
            self.columns.sums[c] += 1.0;
            return false;
        }
        let row = if has_row { 0.0 } else { self.columns.of(matrix.row(r)) };
        let column = if has_column { 0.0 } else { self.rows.of(matrix.column(c)) };
        let corner = if has_row || has_column { 0.0 } else { matrix.at(r, c) };
        let sum = self.sum + row + column + corner;
        let dense = self.density(sum, isize::from(!has_row), isize::from(!has_column));
        if dense <= self.density(self.sum, 0, 0) {
            return false;
        }
        if !has_row {
            self.columns.shift(matrix.row(r), 1.0);
            self.rows.insert(r, row);
        }
        if !has_column {
            self.rows.shift(matrix.column(c), 1.0);
            self.columns.insert(c, column + corner);
        }
        self.sum = sum;
        true
    }

    /// Takes the weakest row or column away if it gets denser by that; whether it did.
    fn shrink(&mut self, matrix: &Matrix) -> bool {
        let (row, column) = (self.rows.least(), self.columns.least());
        let without_row = row.map_or(0.0, |(_, sum)| self.density(self.sum - sum, -1, 0));
        let without_column = column.map_or(0.0, |(_, sum)| self.density(self.sum - sum, 0, -1));
        let now = self.density(self.sum, 0, 0);
        match (row, column) {
            (Some((r, sum)), _) if without_row > now && without_row > without_column => {
                self.rows.remove(r);
                self.columns.shift(matrix.row(r), -1.0);
                self.sum -= sum;
                true
            }
            (_, Some((c, sum))) if without_column > now && without_column > without_row => {
                self.columns.remove(c);
                self.rows.shift(matrix.column(c), -1.0);
                self.sum -= sum;
                true
            }
            _ => false,
        }
    }

    /// The mean entry between the edge's ends and the submatrix.
    fn likelihood(&self, matrix: &Matrix, r: usize, c: usize) -> f64 {
        let sum = self.rows.of(matrix.column(c)) + self.columns.of(matrix.row(r));
        let count = self.rows.members.len() + self.columns.members.len();
        match self.rows.is_member[r] && self.columns.is_member[c] {
            // The entry of the edge itself was counted twice.
            true => (sum - matrix.at(r, c)) / (count - 1) as f64,
            false => sum / count as f64,
        }
    }
}

impl Search for Local {
    fn new(buckets: usize) -> Self {
        Self { rows: Side::new(buckets), columns: Side::new(buckets), sum: 0.0 }
    }

    fn score(&mut self, matrix: &Matrix, r: usize, c: usize) -> f64 {
        if self.grow(matrix, r, c) {
            while self.shrink(matrix) {}
        }
        self.likelihood(matrix, r, c)
    }

    fn decay(&mut self, factor: f64) {
        self.sum *= factor;
        for side in [&mut self.rows, &mut self.columns] {
            decay(&mut side.sums, factor);
        }
    }

    fn save(&self, writer: &mut Writer) {
        for side in [&self.rows, &self.columns] {
            let members: Vec<u8> = side.is_member.iter().map(|&is| is.into()).collect();
            writer.array(&members);
            writer.array(&side.sums);
        }
        writer.array(&[self.sum]);
    }

    fn load(&mut self, reader: &mut Reader) -> Result<()> {
        for side in [&mut self.rows, &mut self.columns] {
            let b = side.sums.len();
            let members = reader.array("members", b, |member: u8| member < 2)?;
            side.is_member = members.iter().map(|&member| member == 1).collect();
            side.members = (0..b).filter(|&at| side.is_member[at]).collect();
            if side.members.is_empty() {
                return Err(refuse("a submatrix has no members"));
            }
            side.sums = reader.array("sums", b, f64::is_finite)?;
        }
        self.sum = reader.array("sum", 1, f64::is_finite)?[0];
        Ok(())
    }

    fn n_bytes(&self) -> usize {
        let of = size_of::<f64>() + size_of::<bool>() + size_of::<usize>();
        let side = |side: &Side| side.sums.len() * of;
        side(&self.rows) + side(&self.columns)
    }
}
