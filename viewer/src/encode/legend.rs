//! The legend: what colors, sizes, opacities and icons stand for, as data that any renderer reads.

use serde::{Serialize, Serializer};

use crate::encode::Rgba8;

/// One part for each encoding that was asked for.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(transparent)]
pub struct Legend {
    /// The parts, nodes first.
    pub parts: Vec<LegendPart>,
}

/// What one encoding shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LegendPart {
    /// What is encoded, such as `"node_color"`, or `"badge_top_color"`.
    pub channel: String,
    /// The column.
    pub column: String,
    /// What its values became.
    #[serde(flatten)]
    pub key: Key,
}

/// What values became.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Key {
    /// Each value, or group of values, has its own.
    Categories {
        /// Values in the order of the mapping, or the most frequent first.
        entries: Vec<Category>,
    },
    /// Numbers lie on a scale.
    Scale {
        /// What places become, from 0 to 1 at equal distances.
        stops: Vec<Swatch>,
        /// Values at places of the scale, ascending; empty if there are no values.
        ticks: Vec<Tick>,
        /// What missing values became, and how many there are.
        #[serde(skip_serializing_if = "Option::is_none")]
        missing: Option<Category>,
    },
    /// Numbers are in bins, the lowest first.
    Bins {
        /// The bins, then missing values if there are some.
        entries: Vec<Category>,
    },
    /// The values are used as they are.
    Raw,
}

/// One entry of a key.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Category {
    /// What the entry stands for: a value, a range, `other (k)` for `k` values, or `no value`.
    pub name: String,
    /// What it became.
    #[serde(flatten)]
    pub swatch: Swatch,
    /// Number of nodes or edges.
    pub count: usize,
}

/// A value at a place of a scale.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tick {
    /// Place on the scale, 0 to 1.
    pub place: f32,
    /// The value as text.
    pub label: String,
}

/// What a value became.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Swatch {
    /// A color, in JSON `#rrggbb` or `#rrggbbaa`.
    #[serde(serialize_with = "as_hex")]
    Color(Rgba8),
    /// A size, opacity or weight.
    Number(f32),
    /// The name of an icon.
    Icon(String),
}

impl Swatch {
    /// The color, if it is one.
    pub fn color(&self) -> Option<Rgba8> {
        match self {
            Self::Color(color) => Some(*color),
            Self::Number(_) | Self::Icon(_) => None,
        }
    }

    /// The name of the icon, if it is one.
    pub fn icon(&self) -> Option<&str> {
        match self {
            Self::Icon(name) => Some(name),
            Self::Color(_) | Self::Number(_) => None,
        }
    }

    /// The number, if it is one.
    pub fn number(&self) -> Option<f32> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Color(_) | Self::Icon(_) => None,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn as_hex<S: Serializer>(color: &Rgba8, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&crate::HexColor(*color))
}
