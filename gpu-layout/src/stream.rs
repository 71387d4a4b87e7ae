//! Positions for somebody who watches: small, and soon made.

use graph_kernels::{Buffer, Device, Grid, quantize};

use crate::Result;
use crate::session::Engine;

/// Where all nodes are, rounded to a grid of 65536 × 65536 places, as changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// The grid.
    pub grid: Grid,
    /// Whether the changes are from place (0, 0) instead of from the last frame.
    pub is_key: bool,
    /// Change of each node's place, shape `[n]`: x in the low 16 bits, y in the high ones, each
    /// modulo 65536. Nodes that move little have values near 0 or 65535, which compress well.
    pub changes: Vec<u32>,
}

impl Frame {
    /// Takes the places of the last frame, shape `[n]`, to those of this one; a key frame brings
    /// its own.
    ///
    /// # Panics
    ///
    /// If this is no key frame and `places` has another length.
    pub fn apply(&self, places: &mut Vec<u32>) {
        if self.is_key {
            places.clear();
            places.resize(self.changes.len(), 0);
        }
        assert_eq!(places.len(), self.changes.len(), "frames of one layout have one length");
        for (place, change) in places.iter_mut().zip(&self.changes) {
            let x = (*place & 0xffff).wrapping_add(change & 0xffff) & 0xffff;
            *place = x | (*place >> 16).wrapping_add(change >> 16) << 16;
        }
    }

    /// The position of a place, in layout units.
    pub fn position(&self, place: u32) -> [f32; 2] {
        let [x, y] = self.grid.low;
        [x + (place & 0xffff) as f32 / self.grid.scale, y + (place >> 16) as f32 / self.grid.scale]
    }
}

/// What is known at the other end.
#[derive(Debug)]
pub(crate) struct Stream {
    grid: Grid,
    width: f32,
    last: Buffer<u32>,
    change: Buffer<u32>,
}

impl Stream {
    /// Grids are wider than the layout by this share on each side, so that it can grow.
    const MARGIN: f32 = 0.125;

    /// Below this share of its grid, a layout deserves a finer one.
    const SMALL: f32 = 0.25;

    pub(crate) fn frame(stream: &mut Option<Self>, engine: &Engine) -> Result<Frame> {
        let copied;
        let at = match engine {
            Engine::Cards(cards) => cards.at(),
            Engine::Host(host) => {
                let [x, y] = host.view();
                let pairs: Vec<f32> = x.iter().zip(y).flat_map(|(&x, &y)| [x, y]).collect();
                copied = Buffer::upload(Device::Cpu, &pairs)?;
                &copied
            }
        };
        let [low_x, low_y, high_x, high_y] = graph_kernels::bounds(at)?;
        let width = (high_x - low_x).max(high_y - low_y);
        let fits = |stream: &Self| {
            let inside =
                |low: f32, high: f32, from: f32| low >= from && high <= from + stream.width;
            let [x, y] = stream.grid.low;
            inside(low_x, high_x, x)
                && inside(low_y, high_y, y)
                && width >= Self::SMALL * stream.width
        };
        let is_key = !stream.as_ref().is_some_and(fits);
        let now = match stream.take() {
            Some(old) if !is_key => old,
            old => Self::around(at, [low_x, low_y, high_x, high_y], old)?,
        };
        let now = stream.insert(now);
        quantize(at, now.grid, &mut now.last, &mut now.change)?;
        Ok(Frame { grid: now.grid, is_key, changes: now.change.download()? })
    }

    /// A grid around a box, with everything at place (0, 0) so far.
    fn around(at: &Buffer<f32>, [x0, y0, x1, y1]: [f32; 4], old: Option<Self>) -> Result<Self> {
        let n = at.len() / 2;
        let tight = (x1 - x0).max(y1 - y0);
        // All nodes at one place still want a grid.
        let width = if tight > 0.0 { tight * (1.0 + 2.0 * Self::MARGIN) } else { 1.0 };
        let low = [0.5 * (x0 + x1) - 0.5 * width, 0.5 * (y0 + y1) - 0.5 * width];
        let grid = Grid { low, scale: 65535.0 / width };
        let (last, change) = match old {
            Some(Self { mut last, change, .. }) => {
                graph_kernels::fill(&mut last, 0)?;
                (last, change)
            }
            None => (Buffer::zeros(at.device(), n)?, Buffer::zeros(at.device(), n)?),
        };
        Ok(Self { grid, width, last, change })
    }
}
