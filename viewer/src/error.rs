//! What can stand between a graph and its picture.

use std::path::PathBuf;

use graph_core::words::hint;

/// Result of this crate's fallible functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A situation that a caller can tell apart and act on.
///
/// ```
/// use graph_viewer::{Error, ImageConfig};
///
/// let error = ImageConfig { width: 5, ..ImageConfig::default() }.check().unwrap_err();
/// assert!(matches!(error, Error::OutOfRange { option: "width", .. }));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A position column does not have one entry per node.
    #[error("position column {column} has {found} entries, but the graph has {expected} nodes")]
    LengthMismatch {
        /// Name of the column, `x` or `y`.
        column: &'static str,
        /// Its length.
        found: usize,
        /// Number of nodes.
        expected: usize,
    },
    /// A numeric option is outside its range.
    #[error("option {option} is {value}, but must be {range}")]
    OutOfRange {
        /// Name of the option.
        option: &'static str,
        /// The value given.
        value: f64,
        /// The values allowed, as the end of a sentence.
        range: &'static str,
    },
    /// The margins leave no room to draw in.
    #[error("margins of {margin} pixels leave nothing of a picture of {width} x {height} pixels")]
    NoRoom {
        /// Margin on each side, in pixels.
        margin: f32,
        /// Width of the picture, in pixels.
        width: u32,
        /// Height of the picture, in pixels.
        height: u32,
    },
    /// A text option cannot be read.
    #[error("`{value}` is not a {option}; expected {expected}")]
    BadText {
        /// Name of the option.
        option: &'static str,
        /// The text given.
        value: String,
        /// What is allowed.
        expected: &'static str,
    },
    /// A column has a type that cannot be shown as asked.
    #[error("column `{column}` has type {found}, but {expected}")]
    ColumnType {
        /// Name of the column.
        column: String,
        /// Its Arrow type.
        found: String,
        /// What is needed, as the end of a sentence.
        expected: &'static str,
    },
    /// A text is no color of CSS.
    #[error("`{text}` is not a color{}", hint(nearest.as_deref()))]
    BadColor {
        /// The text.
        text: String,
        /// The name most like it, if one is.
        nearest: Option<Box<str>>,
    },
    /// A column is named that the graph does not have.
    #[error(
        "there is no column `{column}`; the columns of {of} are `{}`{}", available.join("`, `"),
        hint(nearest.as_deref())
    )]
    UnknownColumn {
        /// `"nodes"` or `"edges"`.
        of: &'static str,
        /// The name given.
        column: String,
        /// The name that is there and most like it, if one is.
        nearest: Option<Box<str>>,
        /// All that are there.
        available: Vec<String>,
    },
    /// A value of a column cannot be shown as asked.
    #[error("column `{column}`: {reason}")]
    BadValue {
        /// Name of the column.
        column: String,
        /// What is wrong, and where.
        reason: String,
    },
    /// A column has more names of icons than an index of 16 bits can tell apart.
    #[error("column `{column}` has more than {} icons", u16::MAX)]
    TooManyIcons {
        /// Name of the column.
        column: String,
    },
    /// Encodings in JSON cannot be read.
    #[error("{place}: {reason}")]
    BadEncoding {
        /// Where in the document, such as `node_color.bins`.
        place: String,
        /// What is wrong there.
        reason: String,
    },
    /// A file is no scene, or says what cannot be.
    #[error("scene, {place}: {reason}")]
    BadScene {
        /// Where in the file: a buffer, or a part of the header.
        place: String,
        /// What is wrong there.
        reason: String,
    },
    /// A file with encodings cannot be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The graph refused, for example because a column is missing.
    #[error(transparent)]
    Graph(#[from] graph_core::Error),
    /// Arrow refused.
    #[error(transparent)]
    Arrow(#[from] arrow::error::ArrowError),
    /// The PNG encoder refused.
    #[error(transparent)]
    Png(#[from] png::EncodingError),
    /// A picture could not be written.
    #[error("cannot write `{}`: {source}", path.display())]
    Write {
        /// The file asked for; `-` is standard output.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
}
