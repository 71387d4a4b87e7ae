#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod config;
pub mod encode;
mod error;
mod html;
mod image;
pub mod page;
mod scene;

pub use config::{
    Arrows, BinChoice, ColorScale, EdgeOpacity, HexColor, ImageConfig, Labels, Legend, Palette,
    Theme,
};
pub use error::{Error, Result};
pub use html::offline_html;
pub use image::{Picture, Pixels};
pub use scene::{
    MOST_BADGED, MOST_LABELS, MOST_TABLE_BYTES, Scene, SceneBadge, SceneColumn, SceneLabels,
    SceneTable, SceneTables, SceneType, SceneValues,
};
