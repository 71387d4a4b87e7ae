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

/// The text with `***` in the place of each of `secrets`, which come the longest first: nothing is left of one that begins as
/// a shorter one does.
pub(super) fn masked(text: &str, secrets: &[String]) -> String {
    secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "***"))
}

/// Each of `secrets` once, the longest first, without those that are empty.
pub(super) fn longest_first(mut secrets: Vec<String>) -> Vec<String> {
    secrets.retain(|secret| !secret.is_empty());
    secrets.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    secrets.dedup();
    secrets
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
    fn no_end_of_a_longer_secret_is_left() {
        let secrets = longest_first(["hunt", "", "hunter2", "hunt"].map(str::to_owned).to_vec());
        assert_eq!(secrets, ["hunter2", "hunt"]);
        assert_eq!(masked("hunter2 hunts", &secrets), "*** ***s");
    }

    #[test]
    fn texts_are_not_shown() {
        let pairs = [("a".to_owned(), "hunter".to_owned()), ("b".to_owned(), "hunter".to_owned())];
        assert_eq!(format!("{:?}", Secrets::from_iter(pairs)), r#"{"a", "b"}"#);
    }
}
