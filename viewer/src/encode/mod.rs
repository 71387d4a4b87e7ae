//! Encodings: columns of a graph become dense color and size buffers that a renderer just reads.
//!
//! | buffer   | shape    | meaning                                             |
//! |----------|----------|-----------------------------------------------------|
//! | colors   | `[n, 4]` | straight (not premultiplied) sRGB with opacity, RGBA8 |
//! | sizes    | `[n]`    | relative area of each node, `f32`, largest is 1      |
//! | key      |          | what the colors mean, for a legend                   |

mod categorical;
mod color;
mod column;
mod continuous;
mod default;
mod size;

pub use categorical::{Category, categorical};
pub use color::{MISSING, OTHER, PALETTE, Rgba8, viridis};
pub(crate) use color::{Oklab, from_oklab, to_oklab};
pub use column::colors;
pub(crate) use column::{is_text, numbers};
pub use continuous::{Tick, continuous};
pub use default::by_position;
pub use size::{Sizes, sizes};

/// Colors of the nodes, shape `[n, 4]`, and what they mean.
#[derive(Debug, Clone, PartialEq)]
pub struct Colors {
    /// One color per node.
    pub colors: Vec<Rgba8>,
    /// What the colors mean; `None` if they carry no data.
    pub key: Option<Key>,
}

/// What colors mean.
#[derive(Debug, Clone, PartialEq)]
pub enum Key {
    /// Each category has its own color.
    Categories(Vec<Category>),
    /// Numbers run along [`viridis`].
    Scale {
        /// Values at places of the scale, ascending; empty if there are no values.
        ticks: Vec<Tick>,
        /// Number of nodes without a value.
        missing: usize,
    },
}
