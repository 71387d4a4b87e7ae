//! Categories: one palette color each, the most frequent first.

use std::collections::HashMap;

use crate::encode::{Colors, Key, MISSING, OTHER, PALETTE, Rgba8};

/// One entry of a key of categories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// What the entry stands for: a value, `other (k)` for the `k` least frequent values, or
    /// `no value`.
    pub name: String,
    /// Its color.
    pub color: Rgba8,
    /// Number of nodes.
    pub count: usize,
}

/// Colors values by equality; `None` is a missing value.
///
/// The most frequent categories get the colors of [`PALETTE`] in turn, equally frequent ones in
/// order of first appearance. If there are more categories than colors, all beyond share
/// [`OTHER`]. O(n) time and space.
///
/// ```
/// use graph_viewer::encode::{PALETTE, categorical};
///
/// let encoded = categorical(&[Some("b"), Some("a"), Some("a")]);
/// assert_eq!(encoded.colors, [PALETTE[1], PALETTE[0], PALETTE[0]]);
/// ```
pub fn categorical(values: &[Option<&str>]) -> Colors {
    let mut index: HashMap<&str, usize> = HashMap::new();
    let mut seen: Vec<(&str, usize)> = Vec::new();
    let codes: Vec<Option<usize>> = values
        .iter()
        .map(|value| {
            value.map(|name| {
                let code = *index.entry(name).or_insert_with(|| {
                    seen.push((name, 0));
                    seen.len() - 1
                });
                seen[code].1 += 1;
                code
            })
        })
        .collect();

    let mut order: Vec<usize> = (0..seen.len()).collect();
    // Stable, so ties stay in order of first appearance.
    order.sort_by_key(|&code| std::cmp::Reverse(seen[code].1));
    let mut colors = vec![OTHER; seen.len()];
    let mut key = Vec::new();
    for (&code, &color) in order.iter().zip(&PALETTE) {
        colors[code] = color;
        key.push(Category { name: seen[code].0.to_owned(), color, count: seen[code].1 });
    }
    let rest = order.get(PALETTE.len()..).unwrap_or_default();
    if !rest.is_empty() {
        let count = rest.iter().map(|&code| seen[code].1).sum();
        key.push(Category { name: format!("other ({})", rest.len()), color: OTHER, count });
    }
    let missing = codes.iter().filter(|code| code.is_none()).count();
    if missing > 0 {
        key.push(Category { name: "no value".to_owned(), color: MISSING, count: missing });
    }
    let colors = codes.iter().map(|code| code.map_or(MISSING, |code| colors[code])).collect();
    Colors { colors, key: Some(Key::Categories(key)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(colors: &Colors) -> Vec<(&str, usize)> {
        let Some(Key::Categories(key)) = &colors.key else { panic!("not categories") };
        key.iter().map(|entry| (entry.name.as_str(), entry.count)).collect()
    }

    #[test]
    fn frequent_categories_come_first_and_missing_ones_last() {
        let encoded = categorical(&[Some("x"), Some("y"), None, Some("y"), Some("z")]);
        assert_eq!(entries(&encoded), [("y", 2), ("x", 1), ("z", 1), ("no value", 1)]);
        assert_eq!(encoded.colors, [PALETTE[1], PALETTE[0], MISSING, PALETTE[0], PALETTE[2]]);
    }

    #[test]
    fn categories_beyond_the_palette_are_other() {
        let names: Vec<String> = (0..PALETTE.len() + 3).map(|i| i.to_string()).collect();
        let mut values: Vec<_> = names.iter().map(|name| Some(name.as_str())).collect();
        values.push(Some("0"));
        let encoded = categorical(&values);
        assert_eq!(entries(&encoded)[0], ("0", 2));
        assert_eq!(*entries(&encoded).last().unwrap(), ("other (3)", 3));
        assert_eq!(encoded.colors[PALETTE.len()], OTHER);
    }

    #[test]
    fn no_values_make_an_empty_key() {
        assert_eq!(entries(&categorical(&[])), []);
    }
}
