//! Pixels: background, edges, signs, then nodes, composed band by band in parallel.

use rayon::prelude::*;

use crate::encode::{Rgba8, from_oklab};
use crate::image::density::Cell;
use crate::image::frame::Disc;
use crate::image::look::Look;
use crate::image::tone::Tone;

/// Premultiplied color with opacity, each 0 to 1.
type Paint = [f32; 4];

/// Rows composed by one task.
const BAND: usize = 32;

/// Below this radius, in pixels, a node is a splat: its area, spread over four pixels.
const SMALLEST_DISC: f32 = 0.75;

/// Opacity of nodes.
const NODE_OPACITY: f32 = 0.96;

/// What lies where, bottom first.
pub(crate) struct Layers<'a> {
    pub(crate) background: Rgba8,
    pub(crate) look: Look,
    pub(crate) edges: &'a [Cell],
    pub(crate) tone: Tone,
    /// Premultiplied RGBA8 pixels that lie over the edges.
    pub(crate) signs: Option<&'a [u8]>,
    pub(crate) discs: &'a [Disc],
    /// Nodes in drawing order, the last on top.
    pub(crate) order: &'a [u32],
}

/// Premultiplied RGBA8 pixels, row by row.
pub(crate) fn compose(layers: &Layers, width: usize, height: usize) -> Vec<u8> {
    let mut pixels = vec![0; 4 * width * height];
    let bands = sort_into_bands(layers, height);
    let background = paint(layers.background, 1.0);
    pixels.par_chunks_mut(4 * width * BAND).zip(bands).enumerate().for_each(
        |(band, (out, nodes))| {
            let first_row = band * BAND;
            let mut canvas = Canvas { width, first_row, pixels: vec![background; out.len() / 4] };
            if !layers.edges.is_empty() {
                let cells = &layers.edges[first_row * width..][..canvas.pixels.len()];
                for (pixel, cell) in canvas.pixels.iter_mut().zip(cells) {
                    if cell[3] > 0.0 {
                        over(pixel, edge_paint(cell, layers));
                    }
                }
            }
            if let Some(signs) = layers.signs {
                let signs = &signs[4 * first_row * width..][..out.len()];
                for (pixel, sign) in canvas.pixels.iter_mut().zip(signs.chunks_exact(4)) {
                    if sign[3] > 0 {
                        over(pixel, [0, 1, 2, 3].map(|i| f32::from(sign[i]) / 255.0));
                    }
                }
            }
            for u in nodes {
                canvas.disc(layers.discs[u as usize], layers.background);
            }
            for (bytes, pixel) in out.chunks_exact_mut(4).zip(&canvas.pixels) {
                for (byte, value) in bytes.iter_mut().zip(pixel) {
                    *byte = (value * 255.0 + 0.5) as u8;
                }
            }
        },
    );
    pixels
}

/// Mean color of the edges on a pixel, with the opacity that `tone` gives to their number.
fn edge_paint(cell: &Cell, layers: &Layers) -> Paint {
    let opacity = layers.tone.opacity(cell[3]);
    let mean = [0, 1, 2].map(|i| cell[i] / cell[3]);
    paint(edge_color(mean, opacity, &layers.look), opacity)
}

/// The color of edges whose nodes have the mean color `mean`, where they have this opacity.
pub(crate) fn edge_color([l, a, b]: crate::encode::Oklab, opacity: f32, look: &Look) -> Rgba8 {
    let part = opacity / look.edge_top;
    let glow = look.edge_glow * part * part;
    from_oklab([l * look.edge_lightness + glow, a, b])
}

/// The color of the ring that sets a node off from what lies under it.
pub(crate) fn ring_width(radius: f32) -> f32 {
    if radius < 2.0 { 0.0 } else { (0.13 * radius).clamp(0.5, 3.0) }
}

fn paint([red, green, blue, alpha]: Rgba8, opacity: f32) -> Paint {
    let alpha = f32::from(alpha) / 255.0 * opacity;
    let [red, green, blue] = [red, green, blue].map(|value| f32::from(value) / 255.0 * alpha);
    [red, green, blue, alpha]
}

fn over(under: &mut Paint, top: Paint) {
    let through = 1.0 - top[3];
    for (under, top) in under.iter_mut().zip(top) {
        *under = top + through * *under;
    }
}

/// Nodes of each band in drawing order; a node may be in several.
fn sort_into_bands(layers: &Layers, height: usize) -> Vec<Vec<u32>> {
    let mut bands = vec![vec![]; height.div_ceil(BAND)];
    for &u in layers.order {
        let disc = layers.discs[u as usize];
        let reach = disc.radius + ring_width(disc.radius) + 1.0;
        let (top, bottom) = (disc.y - reach, disc.y + reach);
        if disc.is_placed() && bottom >= 0.0 && top < height as f32 {
            let (first, last) = (top.max(0.0) as usize / BAND, bottom as usize / BAND);
            let last = last.min(bands.len() - 1);
            bands[first..=last].iter_mut().for_each(|band| band.push(u));
        }
    }
    bands
}

/// The rows of the picture that one task paints.
struct Canvas {
    width: usize,
    first_row: usize,
    pixels: Vec<Paint>,
}

impl Canvas {
    fn disc(&mut self, disc: Disc, background: Rgba8) {
        let Disc { x, y, radius, color } = disc;
        if radius < SMALLEST_DISC {
            return self.splat(disc);
        }
        let ring = ring_width(radius);
        // A transparent background has no color to set nodes off with.
        let ring_paint = paint(background, 0.85 * f32::from(color[3]) / 255.0);
        let fill = paint(color, NODE_OPACITY);
        let reach = radius + ring + 0.5;
        let row = |value: f32| (value - self.first_row as f32).max(0.0) as usize;
        let n_rows = self.pixels.len() / self.width;
        for row in row(y - reach)..(row(y + reach) + 1).min(n_rows) {
            let dy = (row + self.first_row) as f32 + 0.5 - y;
            let half = (reach * reach - dy * dy).max(0.0).sqrt() + 1.0;
            let columns =
                (x - half).max(0.0) as usize..((x + half).max(0.0) as usize).min(self.width);
            for column in columns {
                let distance = (column as f32 + 0.5 - x).hypot(dy);
                let pixel = &mut self.pixels[row * self.width + column];
                let inside = |radius: f32| (radius + 0.5 - distance).clamp(0.0, 1.0);
                if ring > 0.0 {
                    over(pixel, ring_paint.map(|value| value * inside(radius + ring)));
                }
                over(pixel, fill.map(|value| value * inside(radius)));
            }
        }
    }

    fn splat(&mut self, Disc { x, y, radius, color }: Disc) {
        let area = (std::f32::consts::PI * radius * radius).min(1.0);
        let (x, y) = (x - 0.5, y - 0.5);
        let (right, below) = (x - x.floor(), y - y.floor());
        for (dx, across) in [(0.0, 1.0 - right), (1.0, right)] {
            for (dy, down) in [(0.0, 1.0 - below), (1.0, below)] {
                let column = x.floor() + dx;
                let row = y.floor() + dy - self.first_row as f32;
                let n_rows = self.pixels.len() / self.width;
                if (0.0..self.width as f32).contains(&column) && (0.0..n_rows as f32).contains(&row)
                {
                    let fill = paint(color, NODE_OPACITY * area * across * down);
                    over(&mut self.pixels[row as usize * self.width + column as usize], fill);
                }
            }
        }
    }
}
