#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod detectors;
mod error;
pub mod evaluate;
mod file;
pub mod metrics;
pub mod plots;
pub mod results;
pub mod statistics;

pub use error::{Error, Result};
