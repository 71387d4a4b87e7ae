#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod error;
pub mod metrics;
pub mod statistics;

pub use error::{Error, Result};
