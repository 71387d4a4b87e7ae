#![doc = include_str!("../README.md")]

mod attraction;
mod buffer;
mod cpu;
mod cuda;
mod device;
mod error;
mod fill;
mod launch;
mod motion;
mod opencl;
mod order;
mod pool;
mod repulsion;
mod rows;
pub mod scan;
pub mod sort;

pub use attraction::Springs;
pub use buffer::{Buffer, Element};
pub use device::{Backend, Cuda, Device, DeviceInfo, OpenCl, Recording};
pub use error::{Error, Result};
pub use fill::{fill_u32, iota};
pub use launch::{KernelTime, Profile};
pub use motion::{Grid, Inertia, Motion, MotionState, Sums, quantize};
pub use order::{Order, bounds};
pub use pool::MemoryReport;
pub use repulsion::{Bodies, Field, Tree, repel_exact};
