#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]

pub mod analytics;
pub mod community;
pub mod device;
mod error;
#[cfg(feature = "expressions")]
pub mod expr;
pub mod features;
#[cfg(feature = "tables")]
#[expect(unsafe_code, reason = "Arrow's C data interface passes ownership by raw structs")]
mod frame;
pub mod gfql;
pub mod hypergraph;
mod pace;
#[cfg(feature = "tables")]
pub mod pipeline;
#[cfg(feature = "tables")]
pub mod source;
#[cfg(feature = "tables")]
pub mod table;
mod tally;
pub mod topology;

pub use error::{Error, Result};
pub use graph_core::{Control, Progress, Stopped};
#[cfg(feature = "tables")]
pub use pipeline::case;
