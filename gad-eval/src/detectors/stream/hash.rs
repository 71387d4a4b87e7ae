//! How ids become columns of a sketch.

use super::super::random::Random;

/// How ids become columns of a sketch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Hash {
    /// A mixed 64-bit hash: rows are independent, whatever the ids, and counters are `f64`.
    #[default]
    Mixed,
    /// The affine hash of the authors' programs, drawn from the C library's generator as theirs is,
    /// and the same numeric types: scores are theirs, element by element.
    ///
    /// Of an id only the low 32 bits are used. With a power of two of columns the rows of such a
    /// sketch are permutations of one another, so that more rows add nothing.
    Reference,
}

/// The generator behind `rand` of the GNU C library: additive feedback over 31 words.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LibcRandom {
    words: [u32; Self::WORDS],
    next: usize,
}

impl LibcRandom {
    pub(super) const WORDS: usize = 31;

    /// As after `srand(seed)`; a program that never calls it has seed 1.
    pub(super) fn new(seed: u32) -> Self {
        let mut words = [0; Self::WORDS];
        let mut word = seed.max(1) as i32;
        for slot in &mut words {
            *slot = word as u32;
            // Minimal standard generator, in the range 0..2³¹ - 1 whatever the sign of the seed.
            word = (16_807 * i64::from(word) % 2_147_483_647) as i32;
            word += if word < 0 { 2_147_483_647 } else { 0 };
        }
        let mut random = Self { words, next: 3 };
        for _ in 0..310 {
            random.draw();
        }
        random
    }

    /// The next number in 0..2³¹.
    pub(super) fn draw(&mut self) -> i32 {
        let lagged = self.words[(self.next + 28) % Self::WORDS];
        let word = self.words[self.next].wrapping_add(lagged);
        self.words[self.next] = word;
        self.next = (self.next + 1) % Self::WORDS;
        (word >> 1) as i32
    }

    /// Its state: the words in the order they will be used.
    pub(super) fn state(&self) -> Vec<u32> {
        (0..Self::WORDS).map(|i| self.words[(self.next + i) % Self::WORDS]).collect()
    }

    /// The generator that [`state`](Self::state) is of.
    pub(super) fn restore(state: &[u32]) -> Option<Self> {
        Some(Self { words: state.try_into().ok()?, next: 0 })
    }
}

/// Columns of edges and nodes, row by row.
pub(super) trait RowHash: Clone + Send {
    /// What is known of an edge or a node before a row is named.
    type Key: Copy;

    fn edge(&self, source: u64, target: u64) -> Self::Key;
    fn node(&self, node: u64) -> Self::Key;
    /// The column of a key, below the number of columns.
    fn column(&self, key: Self::Key, row: usize) -> usize;
}

/// The high and the low half of a 128-bit product, folded: one multiplication mixes all bits.
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product >> 64) as u64 ^ product as u64
}

/// Two folded multiplications: one for the key, one for each row.
#[derive(Debug, Clone)]
pub(super) struct MixedHash {
    keys: [u64; 3],
    rows: Vec<u64>,
    n_columns: u64,
}

impl MixedHash {
    /// `stream` tells sketches of one seed apart.
    pub(super) fn new(seed: u64, stream: u64, n_rows: usize, n_columns: usize) -> Self {
        let mut random = Random::of(seed, stream);
        let mut next = || random.word();
        let keys = [next(), next(), next()];
        Self { keys, rows: (0..n_rows).map(|_| next()).collect(), n_columns: n_columns as u64 }
    }
}

impl RowHash for MixedHash {
    type Key = u64;

    fn edge(&self, source: u64, target: u64) -> u64 {
        let [a, b, c] = self.keys;
        fold(fold(source ^ a, c) ^ target, b)
    }

    fn node(&self, node: u64) -> u64 {
        fold(node ^ self.keys[0], self.keys[1])
    }

    fn column(&self, key: u64, row: usize) -> usize {
        let word = fold(key ^ self.rows[row], 0x9e37_79b9_7f4a_7c15) >> 32;
        ((word * self.n_columns) >> 32) as usize
    }
}

/// `(key a + b) mod columns` in 32 bits that wrap, with `a` and `b` of each row drawn at random.
#[derive(Debug, Clone)]
pub(super) struct ReferenceHash {
    rows: Vec<(i32, i32)>,
    n_columns: i32,
    /// Bits of a column, if their number is a power of two.
    mask: Option<i32>,
}

impl ReferenceHash {
    /// By which MIDAS makes one number of two ids.
    const TARGET: i32 = 104_729;

    fn new(rows: Vec<(i32, i32)>, n_columns: usize) -> Self {
        let mask = n_columns.is_power_of_two().then_some(n_columns as i32 - 1);
        Self { rows, n_columns: n_columns as i32, mask }
    }

    /// As the sketches of MIDAS draw their parameters.
    pub(super) fn of_midas(random: &mut LibcRandom, n_rows: usize, n_columns: usize) -> Self {
        let rows = (0..n_rows).map(|_| (random.draw().wrapping_add(1), random.draw())).collect();
        Self::new(rows, n_columns)
    }

    /// As the sketches of AnoEdge and AnoGraph draw theirs.
    pub(super) fn of_anograph(random: &mut LibcRandom, n_rows: usize, n_columns: usize) -> Self {
        let columns = n_columns as i32;
        let mut row = || (random.draw() % (columns - 1).max(1) + 1, random.draw() % columns);
        Self::new((0..n_rows).map(|_| row()).collect(), n_columns)
    }
}

impl RowHash for ReferenceHash {
    type Key = i32;

    fn edge(&self, source: u64, target: u64) -> i32 {
        (source as i32).wrapping_add(Self::TARGET.wrapping_mul(target as i32))
    }

    fn node(&self, node: u64) -> i32 {
        node as i32
    }

    fn column(&self, key: i32, row: usize) -> usize {
        let (a, b) = self.rows[row];
        let word = key.wrapping_mul(a).wrapping_add(b);
        match self.mask {
            Some(mask) => (word & mask) as usize,
            None => word.rem_euclid(self.n_columns) as usize,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a C program prints that calls `rand` five times: as it is, and after `srand`.
    #[test]
    fn draws_are_those_of_the_c_library() {
        let draw = |seed| {
            let mut random = LibcRandom::new(seed);
            std::array::from_fn::<i32, 5, _>(|_| random.draw())
        };
        assert_eq!(
            draw(1),
            [1_804_289_383, 846_930_886, 1_681_692_777, 1_714_636_915, 1_957_747_793]
        );
        assert_eq!(draw(42), [71_876_166, 708_592_740, 1_483_128_881, 907_283_241, 442_951_012]);
        let negative = [2_058_147_116, 854_483_408, 922_419_988, 286_396_165, 2_068_523_933];
        assert_eq!(draw(3_000_000_000), negative);
        assert_eq!(draw(0), draw(1));
    }

    #[test]
    fn a_generator_goes_on_from_its_state() {
        let mut random = LibcRandom::new(7);
        for _ in 0..40 {
            random.draw();
        }
        let mut other = LibcRandom::restore(&random.state()).unwrap();
        for _ in 0..100 {
            assert_eq!(random.draw(), other.draw());
        }
        assert_eq!(LibcRandom::restore(&[1; 30]), None);
    }

    /// A negative word has a column too, and it is the one that `%` and one addition give.
    #[test]
    fn reference_columns_are_remainders_that_are_not_negative() {
        for n_columns in [1, 2, 7, 32, 1000, 1024] {
            let mut random = LibcRandom::new(3);
            let hash = ReferenceHash::of_midas(&mut random, 2, n_columns);
            for row in 0..2 {
                let (a, b) = hash.rows[row];
                for id in (0..5000_u64).map(|i| i.wrapping_mul(2_654_435_761)) {
                    let word = (id as i32).wrapping_mul(a).wrapping_add(b);
                    let rest = word % n_columns as i32;
                    let column = if rest < 0 { rest + n_columns as i32 } else { rest };
                    assert_eq!(hash.column(hash.node(id), row), column as usize);
                }
            }
        }
    }

    /// Rows of a mixed sketch are independent: two ids that meet in one row rarely meet in another,
    /// and a row is filled evenly, by χ² with 1023 degrees of freedom (6 σ is 1294).
    #[test]
    fn mixed_rows_are_even_and_independent() {
        let hash = MixedHash::new(1, 0, 2, 1024);
        let (mut counts, mut both) = ([[0_u32; 1024]; 2], vec![0_u32; 1024 * 1024]);
        let n = 1 << 20;
        for id in 0..n {
            let columns = [0, 1].map(|row| hash.column(hash.edge(id % 1024, id / 1024), row));
            counts[0][columns[0]] += 1;
            counts[1][columns[1]] += 1;
            both[columns[0] * 1024 + columns[1]] += 1;
        }
        for row in counts {
            let chi: f64 = row.iter().map(|&c| (f64::from(c) - 1024.0).powi(2) / 1024.0).sum();
            assert!((600.0..1294.0).contains(&chi), "{chi}");
        }
        // Pairs of columns are as rare as they are for two independent draws: Poisson with mean 1.
        let empty = both.iter().filter(|&&count| count == 0).count() as f64 / n as f64;
        assert!((empty - (-1.0_f64).exp()).abs() < 0.003, "{empty}");
    }
}
