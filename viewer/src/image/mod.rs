//! Still pictures: what is drawn where, decided once, then written as PNG, SVG or pixels.

pub(crate) mod choice;
mod density;
mod fonts;
mod frame;
mod glyphs;
mod icons;
mod labels;
mod legend;
pub(crate) mod look;
mod png;
mod raster;
mod scene;
mod signs;
mod svg;
pub(crate) mod text;
mod tone;
mod write;

use std::path::Path;

use graph_core::Graph;

use crate::image::scene::Scene;
use crate::{ImageConfig, Result};

/// A picture of a graph that has been laid out, ready to be written.
///
/// Positions are in layout units with y pointing up, as in mathematics; the picture keeps their
/// aspect and fits them between its margins. If an axis has extreme outliers (the whole extent is
/// more than 2.5 times that of the inner 98 % of the nodes), that axis shows twice the inner
/// extent and the nodes beyond are left out. Nodes whose position is not finite are left out with
/// their edges; [`n_hidden`](Self::n_hidden) counts both. Edges of a directed graph end in heads of
/// arrows, as [`Arrows`](crate::Arrows) says; self-loops are circles, where nodes are large enough for
/// these and loops not more than 20,000.
///
/// The same input gives the same bytes on any number of threads; work runs on the current rayon
/// pool.
///
/// ```
/// use graph_core::{Coo, Graph};
/// use graph_viewer::{ImageConfig, Picture};
///
/// let path = Graph::from_coo(Coo::new(3, vec![0, 1], vec![1, 2], None)?, false);
/// let (x, y) = ([0.0, 1.0, 2.0], [0.0, 1.0, f32::NAN]);
/// let picture = Picture::new(&path, &x, &y, &ImageConfig::default())?;
/// assert_eq!(picture.n_hidden(), 1);
/// assert!(picture.svg_text()?.contains("</svg>"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Picture<'a> {
    scene: Scene<'a>,
}

/// A picture as pixels.
///
/// ```
/// use graph_viewer::Pixels;
///
/// let pixels = Pixels { width: 1, height: 1, rgba: vec![255, 0, 0, 255] };
/// assert!(pixels.png_bytes()?.starts_with(b"\x89PNG"));
/// # Ok::<(), graph_viewer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pixels {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Straight (not premultiplied) sRGB with opacity, row by row from the upper left,
    /// shape `[height, width, 4]`.
    pub rgba: Vec<u8>,
}

impl Pixels {
    /// The pixels as a PNG file, without an opacity channel if all are opaque.
    ///
    /// # Errors
    ///
    /// [`Error::Png`](crate::Error::Png) if the encoder refuses.
    pub fn png_bytes(&self) -> Result<Vec<u8>> {
        png::encode(self)
    }
}

impl<'a> Picture<'a> {
    /// Decides on colors, sizes, framing and labels for `graph` with node `u` at `x[u]`, `y[u]`;
    /// both of shape `[n]`, in layout units.
    ///
    /// # Errors
    ///
    /// - [`Error::LengthMismatch`](crate::Error::LengthMismatch) if a position column does not have
    ///   `n` entries;
    /// - [`Error::OutOfRange`](crate::Error::OutOfRange) or
    ///   [`Error::NoRoom`](crate::Error::NoRoom) if an option is outside its range;
    /// - [`Error::Graph`](crate::Error::Graph) if a column of `config` does not exist;
    /// - [`Error::ColumnType`](crate::Error::ColumnType) if its type cannot be shown so.
    pub fn new(graph: &'a Graph, x: &[f32], y: &[f32], config: &ImageConfig) -> Result<Self> {
        Ok(Self { scene: Scene::new(graph, x, y, config)? })
    }

    /// Number of nodes that are not in the picture: too far from all others, or not placed.
    pub fn n_hidden(&self) -> usize {
        self.scene.n_hidden()
    }

    /// Letters of labels, legend and icons that are boxes in PNG, since no font has them: neither the
    /// bundled one (Latin, Greek, Cyrillic) nor those of this machine; each once, ascending.
    ///
    /// Fonts are looked for where the usual systems have them, or in the files and folders that the
    /// environment variable `GRAPHLUME_FONTS` lists. Letters are drawn one after the other: what depends on
    /// its neighbors, as in Arabic, the scripts of India, and emoji of several, is not joined. SVG has text
    /// as text, which readers draw with fonts of theirs.
    pub fn letters_without_font(&self) -> String {
        self.scene.letters_without_font()
    }

    /// The colors that were chosen.
    #[cfg(test)]
    pub(crate) fn node_colors(&self) -> Vec<crate::encode::Rgba8> {
        self.scene.discs.iter().map(|disc| disc.color).collect()
    }

    /// Draws the picture into a buffer.
    ///
    /// Edges take O(m) time and at most about 40 million steps altogether and one more for each:
    /// long edges are drawn more coarsely the more there are, and then only a random part of them.
    pub fn pixels(&self) -> Pixels {
        self.scene.pixels()
    }

    /// The picture as a PNG file.
    ///
    /// # Errors
    ///
    /// [`Error::Png`](crate::Error::Png) if the encoder refuses.
    pub fn png_bytes(&self) -> Result<Vec<u8>> {
        self.pixels().png_bytes()
    }

    /// The picture as an SVG document.
    ///
    /// Up to 10,000 edges and 20,000 nodes are lines and circles; above that they are one embedded
    /// PNG image each, as they look in [`png_bytes`](Self::png_bytes), since a viewer chokes on
    /// more. Labels and legend always stay text.
    ///
    /// # Errors
    ///
    /// [`Error::Png`](crate::Error::Png) if the encoder of an embedded image refuses.
    pub fn svg_text(&self) -> Result<String> {
        svg::document(&self.scene)
    }

    /// Writes [`png_bytes`](Self::png_bytes) to `path`: to a temporary file that is then renamed,
    /// so that `path` never holds half a picture. `-` is standard output.
    ///
    /// # Errors
    ///
    /// Those of [`png_bytes`](Self::png_bytes), or [`Error::Write`](crate::Error::Write).
    pub fn write_png(&self, path: impl AsRef<Path>) -> Result<()> {
        write::create(path.as_ref(), &self.png_bytes()?)
    }

    /// Writes [`svg_text`](Self::svg_text) to `path`, in the same manner.
    ///
    /// # Errors
    ///
    /// Those of [`svg_text`](Self::svg_text), or [`Error::Write`](crate::Error::Write).
    pub fn write_svg(&self, path: impl AsRef<Path>) -> Result<()> {
        write::create(path.as_ref(), self.svg_text()?.as_bytes())
    }
}
