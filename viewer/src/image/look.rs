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
        let usual = Self::of(theme);
        let Some([r, g, b, alpha]) = background else { return usual };
        // What shines through is the ground that the theme is for.
        let share = f32::from(alpha) / 255.0;
        let mixed = |i: usize, value: u8| {
            share * f32::from(value) + (1.0 - share) * f32::from(usual.background[i])
        };
        let [r, g, b] = [mixed(0, r), mixed(1, g), mixed(2, b)];
        let is_light = 0.299 * r + 0.587 * g + 0.114 * b > 127.5;
        let background = [r as u8, g as u8, b as u8, 255];
        Self { background, ..Self::of(if is_light { Theme::Light } else { Theme::Dark }) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_seen_on_every_background() {
        let cases = [
            (None, Theme::Dark, Theme::Dark),
            (Some([255, 255, 255, 255]), Theme::Dark, Theme::Light),
            (Some([255, 255, 255, 240]), Theme::Dark, Theme::Light),
            (Some([255, 255, 255, 0]), Theme::Dark, Theme::Dark),
            (Some([0, 0, 0, 0]), Theme::Light, Theme::Light),
            (Some([20, 30, 60, 255]), Theme::Light, Theme::Dark),
        ];
        for (background, theme, expected) in cases {
            assert_eq!(Look::on(background, theme).text, Look::of(expected).text, "{background:?}");
        }
    }
}
