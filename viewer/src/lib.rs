#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod config;
pub mod encode;
mod error;
mod image;

pub use config::{
    BinChoice, ColorScale, EdgeOpacity, HexColor, ImageConfig, Labels, Legend, Palette, Theme,
};
pub use error::{Error, Result};
pub use image::{Picture, Pixels};
