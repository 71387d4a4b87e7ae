//! Which kind of anomaly each score is of.

use arrow::array::BooleanArray;

/// What an anomaly is called whose kind nobody knows.
const UNKNOWN: &str = "unknown";

/// Which kind of anomaly each score is of, if it is of any. 2 bytes for each score.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AnomalyKinds {
    names: Vec<String>,
    /// Places of names; [`NONE`] where there is no kind.
    of: Vec<u16>,
}

/// The place of what has no kind.
const NONE: u16 = u16::MAX;

impl AnomalyKinds {
    /// Names of the kinds, in the order of their first appearance.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Number of scores.
    pub fn len(&self) -> usize {
        self.of.len()
    }

    /// Whether there are no scores.
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// The kind of each score, as a place of its name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<usize>> {
        self.of.iter().map(|&kind| (kind != NONE).then_some(kind.into()))
    }

    /// The name of the kind of score `place`.
    pub fn name(&self, place: usize) -> Option<&str> {
        self.names.get(usize::from(self.of[place])).map(String::as_str)
    }

    /// Adds a score of the kind of this name.
    ///
    /// # Errors
    ///
    /// How many kinds there can be, if there would be more.
    pub fn push(&mut self, name: Option<&str>) -> Result<(), usize> {
        let place = match name {
            None => NONE,
            Some(name) => self.place(name)?,
        };
        self.of.push(place);
        Ok(())
    }

    /// The place of a name, which is noted if it is new.
    pub(super) fn place(&mut self, name: &str) -> Result<u16, usize> {
        // Neighbours are often of one kind.
        let last = self.of.last().map(|&last| usize::from(last));
        let known = last.filter(|&last| self.names.get(last).is_some_and(|known| known == name));
        let known = known.or_else(|| self.names.iter().position(|known| known == name));
        let known = known.unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        });
        u16::try_from(known).ok().filter(|&place| place != NONE).ok_or(NONE.into())
    }

    /// The kinds of the same scores in another order: the score now at `i` was at `place(i)`.
    pub(crate) fn permuted(self, place: impl Fn(usize) -> usize) -> Self {
        let of = (0..self.of.len()).map(|at| self.of[place(at)]).collect();
        Self { of, names: self.names }
    }

    /// The kinds of what is an anomaly by `labels`; one without a kind is of an unknown one.
    pub(crate) fn of_anomalies(&self, labels: &BooleanArray) -> Self {
        let mut kinds = self.clone();
        let lacks =
            |(place, label): (usize, Option<bool>)| label == Some(true) && self.of[place] == NONE;
        let unknown = match labels.iter().enumerate().any(lacks) {
            true => kinds.place(UNKNOWN).unwrap_or(NONE),
            false => NONE,
        };
        for (kind, label) in kinds.of.iter_mut().zip(labels.iter()) {
            *kind = match label {
                Some(true) if *kind == NONE => unknown,
                Some(true) => *kind,
                _ => NONE,
            };
        }
        kinds
    }
}
