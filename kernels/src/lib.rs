#![doc = include_str!("../README.md")]

mod buffer;
mod cuda;
mod device;
mod error;
mod fill;
mod launch;
mod opencl;
mod pool;

pub use buffer::{Buffer, Element};
pub use device::{Backend, Cuda, Device, DeviceInfo, OpenCl};
pub use error::{Error, Result};
pub use fill::{fill_u32, iota};
pub use launch::{KernelTime, Profile};
pub use pool::MemoryReport;
