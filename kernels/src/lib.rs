#![doc = include_str!("../README.md")]

mod buffer;
mod cpu;
mod cuda;
mod device;
mod error;
mod fill;
mod launch;
mod opencl;
mod pool;
pub mod scan;
pub mod sort;

pub use buffer::{Buffer, Element};
pub use device::{Backend, Cuda, Device, DeviceInfo, OpenCl};
pub use error::{Error, Result};
pub use fill::{fill_u32, iota};
pub use launch::{KernelTime, Profile};
pub use pool::MemoryReport;
