//! Color spaces and the palettes that every encoding draws from.

/// Straight (not premultiplied) sRGB color with opacity.
pub type Rgba8 = [u8; 4];

/// Colors of categories, the most frequent category first.
///
/// The first seven are those of Okabe and Ito, made to be told apart by readers with any of the
/// three kinds of color blindness; yellow stands last of them since it is faint on white. The
/// others were chosen to be as far as possible from all before them, in `OKLab`, as seen with full
/// color vision and with simulated protanopia, deuteranopia and tritanopia (Machado et al. 2009,
/// doi:10.1109/TVCG.2009.113).
///
/// Source: Okabe and Ito 2008, "Color universal design".
pub const PALETTE: [Rgba8; 14] = [
    [0x56, 0xb4, 0xe9, 255],
    [0xe6, 0x9f, 0x00, 255],
    [0x00, 0x9e, 0x73, 255],
    [0xcc, 0x79, 0xa7, 255],
    [0xd5, 0x5e, 0x00, 255],
    [0x00, 0x72, 0xb2, 255],
    [0xf0, 0xe4, 0x42, 255],
    [0x9c, 0x18, 0x50, 255],
    [0x2e, 0xe6, 0xc8, 255],
    [0x8c, 0x74, 0xf8, 255],
    [0x54, 0x40, 0xd4, 255],
    [0xa4, 0xbc, 0x98, 255],
    [0x80, 0x5c, 0x74, 255],
    [0xc8, 0x08, 0x2c, 255],
];

/// The colors that small integers name in Graphistry: the qualitative scheme `Paired` of twelve.
///
/// Source: Brewer, Hatchard and Harrower 2003, "`ColorBrewer` in print", doi:10.1559/152304003100010929.
pub const PAIRED: [Rgba8; 12] = [
    [0xa6, 0xce, 0xe3, 255],
    [0x1f, 0x78, 0xb4, 255],
    [0xb2, 0xdf, 0x8a, 255],
    [0x33, 0xa0, 0x2c, 255],
    [0xfb, 0x9a, 0x99, 255],
    [0xe3, 0x1a, 0x1c, 255],
    [0xfd, 0xbf, 0x6f, 255],
    [0xff, 0x7f, 0x00, 255],
    [0xca, 0xb2, 0xd6, 255],
    [0x6a, 0x3d, 0x9a, 255],
    [0xff, 0xff, 0x99, 255],
    [0xb1, 0x59, 0x28, 255],
];

/// Color of the categories beyond [`PALETTE`], taken together.
pub const OTHER: Rgba8 = [0x8c, 0x8c, 0x94, 255];

/// Color of what has no value.
pub const MISSING: Rgba8 = [0x6e, 0x6e, 0x76, 255];

/// Nine anchors of viridis, evenly spaced.
pub(crate) const VIRIDIS: [[u8; 3]; 9] = [
    [0x44, 0x01, 0x54],
    [0x47, 0x2c, 0x7a],
    [0x3b, 0x51, 0x8b],
    [0x2c, 0x71, 0x8e],
    [0x21, 0x90, 0x8d],
    [0x27, 0xad, 0x81],
    [0x5c, 0xc8, 0x63],
    [0xaa, 0xdc, 0x32],
    [0xfd, 0xe7, 0x25],
];

/// The color at `place`, 0 to 1, of the viridis scale; places outside are clamped.
///
/// Perceptually uniform and readable by the color-blind. Interpolates nine anchors in `OKLab`, which
/// stays within a few units of the full table.
///
/// Source: Smith and van der Walt 2015, the default map of Matplotlib.
///
/// ```
/// assert_eq!(graph_viewer::encode::viridis(0.0), [0x44, 0x01, 0x54, 255]);
/// assert_eq!(graph_viewer::encode::viridis(2.0), [0xfd, 0xe7, 0x25, 255]);
/// ```
pub fn viridis(place: f32) -> Rgba8 {
    let last = VIRIDIS.len() - 1;
    let place = place.clamp(0.0, 1.0) * last as f32;
    let low = (place as usize).min(last - 1);
    let part = place - low as f32;
    let [a, b] = [VIRIDIS[low], VIRIDIS[low + 1]].map(|[r, g, b]| to_oklab([r, g, b, 255]));
    from_oklab([0, 1, 2].map(|i| a[i] + part * (b[i] - a[i])))
}

/// Lightness 0 to 1, green to red, blue to yellow: equal distances look equally different.
///
/// Source: Ottosson 2020, "A perceptual color space for image processing".
pub(crate) type Oklab = [f32; 3];

/// `color` without its opacity, in `OKLab`.
pub(crate) fn to_oklab([red, green, blue, _]: Rgba8) -> Oklab {
    let [r, g, b] = [red, green, blue].map(|value| {
        let value = f32::from(value) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    });
    let l = (0.412_221_46 * r + 0.536_332_55 * g + 0.051_445_995 * b).cbrt();
    let m = (0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b).cbrt();
    let s = (0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b).cbrt();
    [
        0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
        1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
        0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s,
    ]
}

/// The nearest opaque sRGB color; colors outside of sRGB are clipped.
pub(crate) fn from_oklab([l, a, b]: Oklab) -> Rgba8 {
    let cube = |x: f32| x * x * x;
    let x = cube(l + 0.396_337_78 * a + 0.215_803_76 * b);
    let y = cube(l - 0.105_561_346 * a - 0.063_854_17 * b);
    let z = cube(l - 0.089_484_18 * a - 1.291_485_5 * b);
    let [red, green, blue] = [
        4.076_741_7 * x - 3.307_711_6 * y + 0.230_969_94 * z,
        -1.268_438 * x + 2.609_757_4 * y - 0.341_319_38 * z,
        -0.004_196_086 * x - 0.703_418_6 * y + 1.707_614_7 * z,
    ]
    .map(|value| {
        let value = value.clamp(0.0, 1.0);
        let value = if value <= 0.003_130_8 {
            12.92 * value
        } else {
            1.055 * value.powf(1.0 / 2.4) - 0.055
        };
        (value * 255.0).round() as u8
    });
    [red, green, blue, 255]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oklab_goes_there_and_back() {
        for color in PALETTE.into_iter().chain([[0, 0, 0, 255], [255; 4], [255, 0, 0, 255]]) {
            assert_eq!(from_oklab(to_oklab(color)), color);
        }
        let [l, a, b] = to_oklab([255; 4]);
        assert!((l - 1.0).abs() < 1e-4 && a.abs() < 1e-4 && b.abs() < 1e-4);
    }

    #[test]
    fn viridis_gets_lighter_all_the_way() {
        let lightness: Vec<_> = (0..=64).map(|i| to_oklab(viridis(i as f32 / 64.0))[0]).collect();
        assert!(lightness.windows(2).all(|pair| pair[0] < pair[1]));
    }

    /// Machado et al. 2009, table 1, severity 1: protanopia, deuteranopia.
    const BLIND: [[[f32; 3]; 3]; 2] = [
        [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
        [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    ];

    #[test]
    fn no_two_colors_of_the_palette_look_alike_even_to_the_color_blind() {
        let linear = |c: u8| (f32::from(c) / 255.0).powf(2.2);
        let back = |c: f32| (c.clamp(0.0, 1.0).powf(1.0 / 2.2) * 255.0).round() as u8;
        let seen = |[r, g, b, _]: Rgba8, eye: Option<[[f32; 3]; 3]>| {
            let Some(eye) = eye else { return to_oklab([r, g, b, 255]) };
            let light = [r, g, b].map(linear);
            let [r, g, b] = eye.map(|row| back((0..3).map(|i| row[i] * light[i]).sum()));
            to_oklab([r, g, b, 255])
        };
        for (eye, least) in [(None, 0.09), (Some(BLIND[0]), 0.05), (Some(BLIND[1]), 0.05)] {
            for (i, &a) in PALETTE.iter().enumerate() {
                for &b in &PALETTE[..i] {
                    let (p, q) = (seen(a, eye), seen(b, eye));
                    let d = (0..3).map(|k| (p[k] - q[k]).powi(2)).sum::<f32>().sqrt();
                    assert!(d > least, "{a:?} and {b:?} are only {d} apart");
                }
            }
        }
    }
}
