//! PNG encoding.

use png::{BitDepth, ColorType, Compression, Encoder};

use crate::Result;
use crate::image::Pixels;

/// Above this many pixels speed counts more than the last tenth of the file's size.
const MANY_PIXELS: usize = 1 << 22;

/// Encodes sRGB pixels, without an opacity channel if all are opaque.
pub(crate) fn encode(pixels: &Pixels) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, pixels.width, pixels.height);
    let opaque = pixels.rgba.chunks_exact(4).all(|pixel| pixel[3] == 255);
    encoder.set_color(if opaque { ColorType::Rgb } else { ColorType::Rgba });
    encoder.set_depth(BitDepth::Eight);
    encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
    let many = pixels.rgba.len() / 4 > MANY_PIXELS;
    encoder.set_compression(if many { Compression::Fast } else { Compression::Balanced });
    let mut writer = encoder.write_header()?;
    if opaque {
        let rgb: Vec<u8> =
            pixels.rgba.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
        writer.write_image_data(&rgb)?;
    } else {
        writer.write_image_data(&pixels.rgba)?;
    }
    writer.finish()?;
    Ok(bytes)
}
