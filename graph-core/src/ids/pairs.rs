//! Both ends of many edges to codes.

use crate::NodeId;
use crate::ids::keys::Keys;
use crate::ids::table::Table;

/// Keys that are kept waiting: some batches of a [`Table`].
const WAITING: usize = 128;

/// Ends of edges on their way to codes: keys wait until there are enough to be looked up together.
pub(crate) struct Pairs<'t, 'k, K: Keys> {
    table: &'t mut Table<K>,
    sources: &'t mut Vec<NodeId>,
    targets: &'t mut Vec<NodeId>,
    /// Keys without codes: each row's source, then its target.
    waiting: Vec<K::Key<'k>>,
    /// Codes of the keys before those that wait, since the last whole row that was passed on.
    codes: Vec<NodeId>,
}

impl<'t, 'k, K: Keys> Pairs<'t, 'k, K> {
    /// Ends whose codes go behind those in `sources` and `targets`.
    pub(crate) fn new(
        table: &'t mut Table<K>,
        sources: &'t mut Vec<NodeId>,
        targets: &'t mut Vec<NodeId>,
    ) -> Self {
        Self { table, sources, targets, waiting: Vec::with_capacity(WAITING), codes: Vec::new() }
    }

    /// The next end: the source of a row, or the target behind its source.
    #[inline]
    pub(crate) fn push(&mut self, key: K::Key<'k>) {
        self.waiting.push(key);
    }

    /// [`push`](Self::push) of a key whose bytes do not live on.
    pub(crate) fn push_passing(&mut self, key: K::Key<'_>) {
        self.table.intern_all(&self.waiting, &mut self.codes);
        self.waiting.clear();
        self.codes.push(self.table.intern(key));
    }

    /// Ends the row, whose source and target have been pushed.
    #[inline]
    pub(crate) fn end_row(&mut self) {
        if self.waiting.len() + 1 >= WAITING {
            self.pass_on();
        }
    }

    /// Passes on the codes of the rows that still wait.
    pub(crate) fn finish(mut self) {
        self.pass_on();
    }

    fn pass_on(&mut self) {
        self.table.intern_all(&self.waiting, &mut self.codes);
        self.waiting.clear();
        debug_assert!(self.codes.len().is_multiple_of(2), "every row should have two ends");
        self.sources.extend(self.codes.iter().step_by(2));
        self.targets.extend(self.codes.iter().skip(1).step_by(2));
        self.codes.clear();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ids::keys::{BytesKey, BytesKeys, Seed};

    proptest! {
        /// Oracle: one key after the other.
        #[test]
        fn ends_get_the_codes_that_single_keys_get(rows in prop::collection::vec((0..99u8, 0..99u8, any::<bool>(), any::<bool>()), 0..400)) {
            let empty = || Table::new(BytesKeys::default(), Seed::random(), u32::MAX);
            let (mut together, mut alone) = (empty(), empty());
            let (mut sources, mut targets) = (vec![], vec![]);
            let mut pairs = Pairs::new(&mut together, &mut sources, &mut targets);
            let mut expected = vec![];
            for (source, target, source_passes, target_passes) in &rows {
                for (end, passes) in [(source, source_passes), (target, target_passes)] {
                    let key = BytesKey::new(std::slice::from_ref(end));
                    if *passes {
                        pairs.push_passing(BytesKey::new(&[*end]));
                    } else {
                        pairs.push(key);
                    }
                    expected.push(alone.intern(key));
                }
                pairs.end_row();
            }
            pairs.finish();
            let found: Vec<u32> = sources.iter().zip(&targets).flat_map(|(&s, &t)| [s, t]).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
