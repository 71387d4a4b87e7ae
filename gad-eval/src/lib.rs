#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod dataset;
pub mod detectors;
mod error;
pub mod evaluate;
pub mod experiment;
mod file;
pub mod leaderboard;
pub mod method;
pub mod metrics;
pub mod plots;
mod process;
pub mod results;
pub mod run;
pub mod statistics;
pub mod sweep;

pub use error::{Error, Result};
