//! ForceAtlas2 layout of large graphs, packing of their components, and measures of quality.
#![forbid(unsafe_code)]

mod error;
pub mod pack;

pub use error::{Error, Result};
