#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub use gad_eval as gad;
pub use gpu_layout as layout;
pub use graph_core as graph;
pub use graph_etl as etl;
pub use graph_kernels as device;
pub use graph_viewer as viewer;

pub use gpu_layout::Layout;
pub use graph_core::{Graph, ReadOptions, WriteOptions, read, write, write_table};
pub use graph_kernels::Device;
pub use graph_viewer::{ImageConfig, Picture};
