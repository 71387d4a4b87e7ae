//! Tone: from the number of edges that lie on a pixel to their opacity.

use crate::EdgeOpacity;

/// Share of the covered pixels that are less dense than the one that gets full opacity.
const WHITE_POINT: f64 = 0.997;

/// How much single edges are lifted against bundles of them.
const GAIN: f32 = 4.0;

/// Classes of the histogram per factor of two.
const CLASSES_PER_OCTAVE: f32 = 8.0;

/// Octaves of the histogram: from 2^-6 to 2^34 layers.
const OCTAVES: usize = 40;

/// Smallest number of layers that counts as covered.
const LEAST: f32 = 1.0 / 64.0;

/// Opacity as a function of the layers of edges on a pixel; monotone, 0 at 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Tone {
    /// `top * ln(1 + GAIN w) / ln(1 + GAIN white)`: equal factors of density are equal steps of opacity once
    /// layers are many, and proportional to density while they are few.
    Logarithmic { top: f32, per_log: f32 },
    /// `1 - (1 - opacity)^w`: what `w` layers painted on one another give.
    Layered { log_rest: f32 },
}

impl Tone {
    /// The tone for a picture with these densities.
    pub(crate) fn new(
        opacity: EdgeOpacity,
        top: f32,
        densities: impl Iterator<Item = f32>,
    ) -> Self {
        match opacity {
            // Opacity 1 would make the logarithm infinite and 0 layers undefined.
            EdgeOpacity::Fixed(opacity) => {
                Self::Layered { log_rest: (1.0 - opacity).max(1e-6).ln() }
            }
            EdgeOpacity::Auto => {
                let white = white_point(densities).max(1.0);
                Self::Logarithmic { top, per_log: top / (GAIN * white).ln_1p() }
            }
        }
    }

    /// Opacity of `density` layers.
    pub(crate) fn opacity(self, density: f32) -> f32 {
        match self {
            Self::Logarithmic { top, per_log } => (per_log * (GAIN * density).ln_1p()).min(top),
            Self::Layered { log_rest } => 1.0 - (log_rest * density).exp(),
        }
    }
}

/// The density below which lies [`WHITE_POINT`] of the covered pixels; 0 if none is covered.
fn white_point(densities: impl Iterator<Item = f32>) -> f32 {
    let mut classes = [0_u64; OCTAVES * CLASSES_PER_OCTAVE as usize];
    let last = classes.len() - 1;
    let mut covered = 0;
    for density in densities.filter(|&density| density >= LEAST) {
        let class = ((density / LEAST).log2() * CLASSES_PER_OCTAVE) as usize;
        classes[class.min(last)] += 1;
        covered += 1;
    }
    if covered == 0 {
        return 0.0;
    }
    let target = (covered as f64 * WHITE_POINT) as u64;
    let mut below = 0;
    let class = classes.iter().position(|count| {
        below += count;
        below > target
    });
    LEAST * ((class.unwrap_or(last) + 1) as f32 / CLASSES_PER_OCTAVE).exp2()
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these values are exact")]
mod tests {
    use super::*;

    fn tones() -> [Tone; 4] {
        let auto = |scale: f32| {
            Tone::new(EdgeOpacity::Auto, 0.8, (1..1000).map(move |i| i as f32 * scale))
        };
        [
            auto(1e-3),
            auto(1e3),
            Tone::new(EdgeOpacity::Fixed(0.1), 0.8, std::iter::empty()),
            Tone::new(EdgeOpacity::Fixed(1.0), 0.8, std::iter::empty()),
        ]
    }

    #[test]
    fn opacity_grows_with_density_from_nothing_and_stays_below_one() {
        for tone in tones() {
            assert_eq!(tone.opacity(0.0), 0.0);
            let curve: Vec<_> = (0..2000).map(|i| tone.opacity(1.02_f32.powi(i) * 1e-3)).collect();
            assert!(curve.windows(2).all(|pair| pair[0] <= pair[1]), "{tone:?}");
            assert!(curve.iter().all(|value| (0.0..=1.0).contains(value)), "{tone:?}");
        }
    }

    #[test]
    fn the_denser_the_picture_the_fainter_one_edge() {
        let one = |layers: f32| {
            Tone::new(EdgeOpacity::Auto, 0.8, std::iter::repeat_n(layers, 100)).opacity(1.0)
        };
        let curve: Vec<_> = [1.0, 10.0, 100.0, 1e4, 1e6].map(one).to_vec();
        assert!(curve.windows(2).all(|pair| pair[0] > pair[1]), "{curve:?}");
        assert!(curve[0] > 0.6 && curve[4] > 0.05, "{curve:?}");
    }

    #[test]
    fn a_fixed_opacity_is_that_of_painted_layers() {
        let tone = Tone::new(EdgeOpacity::Fixed(0.5), 0.8, std::iter::empty());
        assert!((tone.opacity(1.0) - 0.5).abs() < 1e-6);
        assert!((tone.opacity(2.0) - 0.75).abs() < 1e-6);
    }

    #[test]
    fn the_white_point_is_a_quantile() {
        let white = white_point((1..=10_000).map(|i| i as f32));
        assert!((9_970.0..11_000.0).contains(&white), "{white}");
        assert_eq!(white_point(std::iter::empty()), 0.0);
    }
}
