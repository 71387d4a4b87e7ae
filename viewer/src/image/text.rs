//! Text: the bundled font, its measures, and outlines for the rasterizer.

use std::sync::OnceLock;

use ab_glyph::{Font, FontRef, GlyphId, OutlineCurve, Point};
use tiny_skia::{Path, PathBuilder};

use crate::image::frame::Rect;

/// Inter Medium: Latin, Greek and Cyrillic; what it lacks shows as a box.
const FONT: &[u8] = include_bytes!("../../fonts/inter-medium-subset.otf");

/// What an SVG reader should look for; the pictures' own font first.
pub(crate) const FONT_STACK: &str =
    "Inter, 'Helvetica Neue', Helvetica, Arial, 'Noto Sans', 'Liberation Sans', sans-serif";

/// Height of capitals and depth of descenders, per font size.
const ASCENT: f32 = 0.76;
const DESCENT: f32 = 0.22;

/// Longest text shown, in characters.
const LONGEST: usize = 48;

/// A line of text; `x`, `y` is the left end of its baseline in pixels.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Text {
    pub(crate) line: String,
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) size: f32,
}

impl Text {
    /// The box that the text fills, from capitals to descenders.
    pub(crate) fn bounds(&self) -> Rect {
        Rect {
            left: self.x,
            top: self.y - ASCENT * self.size,
            right: self.x + width(&self.line, self.size),
            bottom: self.y + DESCENT * self.size,
        }
    }

    /// Moves the text so that the upper left corner of its box is there.
    pub(crate) fn at(mut self, left: f32, top: f32) -> Self {
        self.x = left;
        self.y = top + ASCENT * self.size;
        self
    }

    /// The outlines of all glyphs; `None` if there is nothing to see.
    pub(crate) fn outline(&self) -> Option<Path> {
        let font = font();
        let scale = scale(self.size);
        let mut path = PathBuilder::new();
        let mut pen = self.x;
        for (glyph, advance) in glyphs(&self.line) {
            if let Some(outline) = font.outline(glyph) {
                let place = |p: Point| (pen + p.x * scale, self.y - p.y * scale);
                let mut last = None;
                for curve in outline.curves {
                    let (start, end) = match curve {
                        OutlineCurve::Line(a, b)
                        | OutlineCurve::Quad(a, _, b)
                        | OutlineCurve::Cubic(a, _, _, b) => (a, b),
                    };
                    if last != Some(start) {
                        if last.is_some() {
                            path.close();
                        }
                        let (x, y) = place(start);
                        path.move_to(x, y);
                    }
                    let (x, y) = place(end);
                    match curve {
                        OutlineCurve::Line(..) => path.line_to(x, y),
                        OutlineCurve::Quad(_, c, _) => {
                            let (cx, cy) = place(c);
                            path.quad_to(cx, cy, x, y);
                        }
                        OutlineCurve::Cubic(_, c, d, _) => {
                            let ((cx, cy), (dx, dy)) = (place(c), place(d));
                            path.cubic_to(cx, cy, dx, dy, x, y);
                        }
                    }
                    last = Some(end);
                }
                if last.is_some() {
                    path.close();
                }
            }
            pen += advance * scale;
        }
        path.finish()
    }
}

/// Height of the box of a line of text of this size.
pub(crate) fn line_height(size: f32) -> f32 {
    (ASCENT + DESCENT) * size
}

/// Width in pixels.
pub(crate) fn width(text: &str, size: f32) -> f32 {
    glyphs(text).map(|(_, advance)| advance).sum::<f32>() * scale(size)
}

/// `text` on one line, without what cannot be seen, and with its end cut off if it is very long.
pub(crate) fn tidy(text: &str) -> String {
    let visible = |c: &char| {
        // Byte order marks and joiners, and what XML cannot hold.
        !c.is_control()
            && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    };
    let line: String =
        text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(visible).collect();
    let line = line.trim();
    if line.chars().count() <= LONGEST {
        return line.to_owned();
    }
    let mut short: String = line.chars().take(LONGEST - 1).collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}

fn font() -> &'static FontRef<'static> {
    static PARSED: OnceLock<FontRef<'static>> = OnceLock::new();
    PARSED.get_or_init(|| FontRef::try_from_slice(FONT).expect("the bundled font should be sound"))
}

/// Pixels per font unit.
fn scale(size: f32) -> f32 {
    size / font().units_per_em().expect("the bundled font should state its units")
}

/// Glyphs and their advances in font units.
fn glyphs(text: &str) -> impl Iterator<Item = (GlyphId, f32)> {
    let font = font();
    text.chars().map(move |c| {
        let glyph = font.glyph_id(c);
        (glyph, font.h_advance_unscaled(glyph))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outlines_stay_in_their_bounds() {
        for text in ["Hagefjpq", "Éa", "Жук", "λόγος", "\u{4e2d}"] {
            let text = Text { line: text.to_owned(), x: 10.0, y: 50.0, size: 20.0 };
            let (outline, bounds) = (text.outline().unwrap().bounds(), text.bounds().grown(5.0));
            assert!(outline.left() > bounds.left && outline.right() < bounds.right, "{text:?}");
            assert!(outline.top() > bounds.top && outline.bottom() < bounds.bottom, "{text:?}");
        }
    }

    #[test]
    fn text_is_one_short_visible_line() {
        assert_eq!(tidy(" a\n b\u{0}\u{feff} "), "a  b");
        assert_eq!(tidy(&"x".repeat(99)).chars().count(), LONGEST);
        assert_eq!(Text { line: String::new(), x: 0.0, y: 0.0, size: 9.0 }.outline(), None);
    }
}
