#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod attraction;
mod builder;
mod complex;
mod config;
mod error;
mod expansion;
mod initial;
mod morton;
pub mod pack;
pub mod quality;
mod repulsion;
mod session;
mod speed;
mod tree;

pub use builder::LayoutBuilder;
pub use config::{Config, Repulsion};
pub use error::{Error, Result};
pub use session::{Layout, RunReport, State, StepReport, Stop};
