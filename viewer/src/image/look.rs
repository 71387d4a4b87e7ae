//! The two themes: colors that are not data.

use crate::Theme;
use crate::encode::Rgba8;

/// Colors and tones of a theme.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    pub(crate) background: Rgba8,
    /// Titles and labels.
    pub(crate) text: Rgba8,
    /// Second-rank text.
    pub(crate) quiet_text: Rgba8,
    /// Factor on the lightness of edges, so that they stay behind the nodes.
    pub(crate) edge_lightness: f32,
    /// Added to the lightness of edges where they lie most densely: glow or ink.
    pub(crate) edge_glow: f32,
    /// Highest opacity of edges.
    pub(crate) edge_top: f32,
}

impl Look {
    /// What is seen on a background, if it has a color of its own: text must not vanish in it.
    pub(crate) fn on(background: Option<Rgba8>, theme: Theme) -> Self {
        let Some(background @ [r, g, b, 255]) = background else { return Self::of(theme) };
        let luma = 0.299 * f32::from(r) + 0.587 * f32::from(g) + 0.114 * f32::from(b);
        let theme = if luma > 127.5 { Theme::Light } else { Theme::Dark };
        Self { background, ..Self::of(theme) }
    }

    pub(crate) fn of(theme: Theme) -> Self {
        match theme {
            Theme::Dark => Self {
                background: [0x0d, 0x10, 0x17, 255],
                text: [0xf2, 0xf4, 0xf8, 255],
                quiet_text: [0xa4, 0xab, 0xb8, 255],
                edge_lightness: 0.92,
                edge_glow: 0.14,
                edge_top: 0.85,
            },
            Theme::Light => Self {
                background: [0xff, 0xff, 0xff, 255],
                text: [0x16, 0x1a, 0x22, 255],
                quiet_text: [0x5b, 0x63, 0x70, 255],
                edge_lightness: 0.9,
                edge_glow: -0.12,
                edge_top: 0.8,
            },
        }
    }
}
