//! Values that a source is read with, and that nobody should see.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Texts by their names, such as headers of requests. Of what is shown, in messages, plans and for debugging, the names
/// are a part; the texts are in what `serde` writes alone.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secrets(BTreeMap<String, String>);

impl Secrets {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The names and their texts.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }
}

impl FromIterator<(String, String)> for Secrets {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_not_shown() {
        let pairs = [("a".to_owned(), "hunter".to_owned()), ("b".to_owned(), "hunter".to_owned())];
        assert_eq!(format!("{:?}", Secrets::from_iter(pairs)), r#"{"a", "b"}"#);
    }
}
