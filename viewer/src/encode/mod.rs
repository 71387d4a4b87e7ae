//! Encodings: columns of a graph become dense buffers that a renderer just reads, and a legend that
//! says what they mean.
//!
//! [`Encodings`] says which column steers what, by which [`Rule`]; [`Encodings::evaluate`] makes
//! [`Buffers`] and a [`Legend`] of it. Still pictures are drawn from these, and any other renderer
//! can be.

mod apply;
mod categorical;
mod color;
mod column;
mod continuous;
mod css;
mod default;
mod evaluate;
mod json;
mod legend;
mod output;
mod size;
mod spec;
mod wire;

pub(crate) use apply::between;
pub use color::{MISSING, OTHER, PAIRED, PALETTE, Rgba8, viridis};
pub(crate) use color::{Oklab, from_oklab, to_oklab};
pub(crate) use column::{is_text, numbers, printed};
pub use css::parse_color;
pub use default::by_position;
pub use evaluate::{BadgeBuffers, Buffers, EdgeColors, Icons};
pub(crate) use json::{named_palette, spread};
pub use legend::{Category, Key, Legend, LegendPart, Swatch, Tick};
pub use size::{Sizes, sizes};
pub use spec::{Badge, BadgePosition, Bins, Encoding, Encodings, Law, Rule};
