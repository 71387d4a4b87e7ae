//! Badges of the largest nodes, in a form that a page can draw.

use serde::{Deserialize, Serialize};

use crate::HexColor;
use crate::encode::{BadgeBuffers, BadgePosition, Rgba8};

/// Most nodes that have badges in a scene.
pub const MOST_BADGED: usize = 2000;

/// One badge, with the nodes that have it.
///
/// | array        | shape | meaning                                                     |
/// |--------------|-------|-------------------------------------------------------------|
/// | `index`      | `[k]` | the nodes, the largest first                                |
/// | `icon`       | `[k]` | name of the picture or the text; empty for a mere disc      |
/// | `color`      | `[k]` | of the icon; empty where it is whatever is easier to see    |
/// | `background` | `[k]` | of the disc behind it; empty where it is that of the page   |
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SceneBadge {
    /// Where it sits, such as `TopRight` or `Cover`.
    pub position: String,
    /// Whether icons are texts to be drawn, and not names of pictures.
    #[serde(default)]
    pub as_text: bool,
    /// The nodes.
    pub index: Vec<u32>,
    /// What is in it.
    pub icon: Vec<String>,
    /// Colors of what is in it.
    pub color: Vec<String>,
    /// Colors behind it.
    pub background: Vec<String>,
}

impl SceneBadge {
    /// The badges of the nodes `largest`.
    pub(super) fn of(badge: &BadgeBuffers, largest: &[u32]) -> Self {
        let position = BadgePosition::ALL.iter().find(|(known, _)| *known == badge.position);
        let mut made = Self {
            position: position.map_or_else(String::new, |(_, name)| (*name).to_owned()),
            as_text: badge.icons.as_ref().is_some_and(|icons| icons.as_text),
            ..Self::default()
        };
        let hex = |colors: &Option<Vec<Rgba8>>, u: usize| {
            colors.as_ref().map_or_else(String::new, |colors| HexColor(colors[u]).to_string())
        };
        for &u in largest {
            let at = u as usize;
            let icon = badge.icons.as_ref().map(|icons| &icons.table[usize::from(icons.index[at])]);
            // What has neither an icon nor, without icons at all, a color, has no badge.
            let has_none = match icon {
                Some(icon) => icon.is_empty(),
                None => badge.backgrounds.is_none(),
            };
            if has_none {
                continue;
            }
            made.index.push(u);
            made.icon.push(icon.cloned().unwrap_or_default());
            made.color.push(hex(&badge.colors, at));
            made.background.push(hex(&badge.backgrounds, at));
        }
        made
    }

    /// What is wrong with it among `n` nodes, if something is.
    pub(super) fn problem(&self, n: usize) -> Option<String> {
        let lengths = [self.icon.len(), self.color.len(), self.background.len()];
        if let Some(length) = lengths.into_iter().find(|&length| length != self.index.len()) {
            return Some(format!("there are {} nodes and {length} badges", self.index.len()));
        }
        let stranger = self.index.iter().find(|&&u| n <= u as usize)?;
        Some(format!("node {stranger} is named, but there are only {n} nodes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::Icons;

    #[test]
    fn nodes_without_one_are_left_out() {
        let table = vec![String::new(), "flag".to_owned()];
        let badge = BadgeBuffers {
            position: BadgePosition::TopRight,
            icons: Some(Icons { table, index: vec![1, 0, 1], as_text: true }),
            colors: None,
            backgrounds: Some(vec![[1, 2, 3, 255]; 3]),
        };
        let made = SceneBadge::of(&badge, &[2, 1, 0]);
        assert_eq!((made.position.as_str(), made.as_text), ("TopRight", true));
        assert_eq!(
            (&made.index[..], &made.icon[..]),
            (&[2, 0][..], &["flag".to_owned(), "flag".to_owned()][..])
        );
        assert_eq!((made.color[0].as_str(), made.background[0].as_str()), ("", "#010203"));
        assert_eq!(made.problem(3), None);
        assert_eq!(made.problem(2).unwrap(), "node 2 is named, but there are only 2 nodes");
        let short = SceneBadge { icon: Vec::new(), ..made };
        assert_eq!(short.problem(3).unwrap(), "there are 2 nodes and 0 badges");
        let nothing = BadgeBuffers { icons: None, backgrounds: None, ..badge };
        assert!(SceneBadge::of(&nothing, &[0, 1]).index.is_empty());
    }
}
