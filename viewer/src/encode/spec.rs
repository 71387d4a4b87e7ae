//! What may be asked of encodings, before there is a graph.

use std::collections::BTreeMap;

use crate::encode::Rgba8;

/// Which column steers what is seen of nodes and edges, and how.
///
/// [`Default`] leaves everything to the renderer. Read it with [`Encodings::from_json`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Encodings {
    /// Color of the nodes.
    pub node_color: Option<Encoding<Rgba8>>,
    /// Color of the edges.
    pub edge_color: Option<Encoding<Rgba8>>,
    /// Color of edges at their source, if edges have no color of their own.
    pub edge_source_color: Option<Encoding<Rgba8>>,
    /// Color of edges at their target, if edges have no color of their own.
    pub edge_target_color: Option<Encoding<Rgba8>>,
    /// Relative area of the nodes.
    pub node_size: Option<Encoding<f32>>,
    /// Relative width of the edges.
    pub edge_size: Option<Encoding<f32>>,
    /// Opacity of the nodes, 0 to 1.
    pub node_opacity: Option<Encoding<f32>>,
    /// Opacity of the edges, 0 to 1, as a factor.
    pub edge_opacity: Option<Encoding<f32>>,
    /// Weight of the edges in a layout.
    pub edge_weight: Option<Encoding<f32>>,
    /// Icon of the nodes.
    pub node_icon: Option<Encoding<String>>,
    /// Icon of the edges.
    pub edge_icon: Option<Encoding<String>>,
    /// Whether icons of nodes are text to be drawn, such as a flag, and not the name of a picture.
    pub node_icon_as_text: bool,
    /// Whether icons of edges are text.
    pub edge_icon_as_text: bool,
    /// Small marks at the sides and corners of nodes.
    pub badges: BTreeMap<BadgePosition, Badge>,
    /// Column with short texts of nodes.
    pub node_title: Option<String>,
    /// Column with longer texts of nodes.
    pub node_label: Option<String>,
    /// Column with short texts of edges.
    pub edge_title: Option<String>,
    /// Column with longer texts of edges.
    pub edge_label: Option<String>,
    /// Names of what was asked for in the form of `PyGraphistry` and has no counterpart, such as
    /// axes.
    pub ignored: Vec<String>,
}

impl<T> Encoding<T> {
    /// What suits the type of `column`.
    pub fn auto(column: impl Into<String>) -> Self {
        let rule = Rule::Auto { outputs: vec![], law: Law::Auto };
        Self { column: column.into(), rule }
    }
}

/// A column and what its values become.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoding<T> {
    /// The column; for nodes also `degree`, where no column has that name.
    pub column: String,
    /// What its values become.
    pub rule: Rule<T>,
}

/// What values become.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule<T> {
    /// What suits the type of the column. Names, integers of at most 12 different values, and the
    /// numbers of communities and components, which their column's name tells (`community`,
    /// `louvain`, `component`, …), become colors as by [`Rule::Cycle`], other numbers as by
    /// [`Rule::Ramp`]; sizes and weights are numbers, icons are names. Opacities go from 0.15 for the
    /// smallest number to 1 for the largest, also where all numbers are from 0 to 1.
    Auto {
        /// Colors or numbers to choose from; if empty, those of the channel.
        outputs: Vec<T>,
        /// How a number becomes a place.
        law: Law,
    },
    /// The values are it: numbers, opacities where all are from 0 to 1 and else as by
    /// [`Rule::Auto`]; names of icons; colors as CSS texts, as integers of 64 bits
    /// `0xRRGGBBAA` (`AA` of 0 is opaque, as few who write them fill it), or as smaller integers
    /// that name an entry of [`PAIRED`](crate::encode::PAIRED), as in Graphistry, counted on from its
    /// start again beyond its end. Its other palettes, whose entries are numbered from 1000 on, are
    /// not known here.
    Raw,
    /// Each value listed has its own.
    Map {
        /// Text of a value, and what it becomes.
        values: Vec<(String, T)>,
        /// What other and missing values become; `None` is what the channel has by default.
        other: Option<T>,
    },
    /// Distinct values take these in turn, the most frequent first, and again from the first.
    Cycle(Vec<T>),
    /// Numbers between the smallest and the largest lie between the first and the last of these.
    Ramp {
        /// At equal distances; one or more.
        stops: Vec<T>,
        /// How a number becomes a place.
        law: Law,
    },
    /// Numbers below a bound, and not below an earlier one, share one.
    Bins(Bins<T>),
    /// As many bins as there are outputs, with bounds found from the numbers.
    Classes {
        /// What each bin becomes, the lowest first.
        outputs: Vec<T>,
        /// How bounds are found.
        law: Law,
    },
}

/// Bins with bounds given.
#[derive(Debug, Clone, PartialEq)]
pub struct Bins<T> {
    /// Upper bound and what numbers below it become, in the order in which they are tried; a bound
    /// of `None` takes all numbers.
    pub bins: Vec<(Option<f64>, T)>,
    /// Whether a number equal to the bound is in the bin.
    pub inclusive: bool,
    /// What numbers in no bin and missing values become; `None` is what the channel has by default.
    pub other: Option<T>,
}

/// How a number becomes a place between the smallest, 0, and the largest, 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Law {
    /// Linear, or by quantile if most values crowd at one end.
    #[default]
    Auto,
    /// Equal differences are equal steps.
    Linear,
    /// Equal ratios are equal steps, from the smallest positive number; others are at 0.
    Log,
    /// Equal numbers of values are equal steps.
    Quantile,
}

/// A small mark on nodes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Badge {
    /// What is in it.
    pub icon: Option<Encoding<String>>,
    /// Whether that is text and not the name of a picture.
    pub as_text: bool,
    /// Color of the icon.
    pub color: Option<Encoding<Rgba8>>,
    /// Color behind it.
    pub background: Option<Encoding<Rgba8>>,
}

/// Where a badge sits on its node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub enum BadgePosition {
    /// Above.
    Top,
    /// Above to the right.
    TopRight,
    /// To the right.
    Right,
    /// Below to the right.
    BottomRight,
    /// Below.
    Bottom,
    /// Below to the left.
    BottomLeft,
    /// To the left.
    Left,
    /// Above to the left.
    TopLeft,
    /// Over the whole node.
    Cover,
}

impl BadgePosition {
    /// Every position, clockwise from the top, with its name in JSON.
    pub const ALL: [(Self, &'static str); 9] = [
        (Self::Top, "Top"),
        (Self::TopRight, "TopRight"),
        (Self::Right, "Right"),
        (Self::BottomRight, "BottomRight"),
        (Self::Bottom, "Bottom"),
        (Self::BottomLeft, "BottomLeft"),
        (Self::Left, "Left"),
        (Self::TopLeft, "TopLeft"),
        (Self::Cover, "Cover"),
    ];
}
