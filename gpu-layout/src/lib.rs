#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod attraction;
mod builder;
mod cards;
mod complex;
mod config;
mod error;
mod expansion;
mod host;
mod initial;
mod morton;
pub mod pack;
pub mod quality;
mod repulsion;
mod session;
mod speed;
mod stream;
mod tree;

pub use builder::LayoutBuilder;
pub use cards::{DeviceNeeds, device_bytes};
pub use config::{Config, Repulsion};
pub use error::{Error, Result};
pub use graph_kernels::{Device, Grid};
pub use session::{Layout, RunReport, State, StepReport, Stop};
pub use stream::Frame;
