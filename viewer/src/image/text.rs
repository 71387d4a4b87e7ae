//! Text: measures of lines, and outlines for the rasterizer.

use std::sync::{Arc, OnceLock};

use ab_glyph::{Font, FontRef, GlyphId, Outline, OutlineCurve, Point};
use tiny_skia::{Path, PathBuilder};

use crate::image::fonts::{self, Stamp};
use crate::image::frame::Rect;

/// Inter Medium: Latin, Greek and Cyrillic. What it lacks comes from fonts of the machine; what these lack
/// too shows as a box.
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

    /// The outlines of all letters that have one; `None` if there is nothing to see.
    pub(crate) fn outline(&self) -> Option<Path> {
        let mut path = PathBuilder::new();
        let mut pen = self.x;
        for letter in letters(&self.line) {
            let (outline, scale) = match &letter.face {
                Face::Own(glyph) => (font().outline(*glyph).map(Arc::new), scale(self.size)),
                Face::Other(fonts::Face::Outline(outline, per_unit)) => {
                    (Some(Arc::clone(outline)), per_unit * self.size)
                }
                Face::Other(fonts::Face::Stamp(_)) => (None, 0.0),
            };
            if let Some(outline) = outline {
                trace(&mut path, &outline, |p| (pen + p.x * scale, self.y - p.y * scale));
            }
            pen += letter.advance * self.size;
        }
        path.finish()
    }

    /// Letters that are pictures, each with its left end, upper end and width in pixels.
    pub(crate) fn stamps(&self) -> Vec<(Arc<Stamp>, [f32; 3])> {
        let mut pen = self.x;
        let mut stamps = Vec::new();
        for letter in letters(&self.line) {
            if let Face::Other(fonts::Face::Stamp(stamp)) = &letter.face {
                let [left, top] = stamp.corner.map(|way| way * self.size);
                let place = [pen + left, self.y - top, stamp.width * self.size];
                stamps.push((Arc::clone(stamp), place));
            }
            pen += letter.advance * self.size;
        }
        stamps
    }

    /// Whether the bundled font has all letters.
    pub(crate) fn is_plain(&self) -> bool {
        let font = font();
        self.line.chars().all(|c| font.glyph_id(c) != GlyphId(0))
    }

    /// Letters that neither the bundled font nor one of the machine has.
    pub(crate) fn unknown(&self) -> impl Iterator<Item = char> + '_ {
        let is_unknown = |c: &char| {
            !is_silent(*c) && font().glyph_id(*c) == GlyphId(0) && fonts::letter(*c).is_none()
        };
        self.line.chars().filter(is_unknown)
    }
}

/// Adds `outline` to `path`, its points at their `place`.
fn trace(path: &mut PathBuilder, outline: &Outline, place: impl Fn(Point) -> (f32, f32)) {
    let mut last = None;
    for curve in &outline.curves {
        let (start, end) = match *curve {
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
        match *curve {
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

/// Height of the box of a line of text of this size.
pub(crate) fn line_height(size: f32) -> f32 {
    (ASCENT + DESCENT) * size
}

/// Width in pixels.
pub(crate) fn width(text: &str, size: f32) -> f32 {
    letters(text).map(|letter| letter.advance).sum::<f32>() * size
}

/// `text` on one line, without what cannot be seen, and with its end cut off if it is very long.
pub(crate) fn tidy(text: &str) -> String {
    let visible = |c: &char| {
        // Byte order marks and marks of direction, and what XML cannot hold. Joiners are part of emoji.
        !c.is_control()
            && !matches!(
                c,
                '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
            )
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

/// What a letter is drawn with, and how far the next one is, per font size.
struct Letter {
    face: Face,
    advance: f32,
}

enum Face {
    /// Of the bundled font.
    Own(GlyphId),
    /// Of a font of the machine.
    Other(fonts::Face),
}

/// Letters that can be seen.
fn letters(text: &str) -> impl Iterator<Item = Letter> {
    let font = font();
    in_sight_order(text).into_iter().filter(|&c| !is_silent(c)).map(move |c| {
        let glyph = font.glyph_id(c);
        let own = font.h_advance_unscaled(glyph) * scale(1.0);
        if glyph == GlyphId(0) {
            if let Some(fonts::Letter { face, advance }) = fonts::letter(c) {
                return Letter { face: Face::Other(face), advance };
            }
            // A box, as far from the next as the letter would be where a reader of SVG has a font for it.
            let advance = if is_wide(c) { 1.0 } else { own };
            return Letter { face: Face::Own(glyph), advance };
        }
        Letter { face: Face::Own(glyph), advance: own }
    })
}

/// Letters from left to right: runs of those that are written from right to left are turned around.
fn in_sight_order(text: &str) -> Vec<char> {
    let mut line: Vec<char> = text.chars().collect();
    let mut from = 0;
    while let Some(start) = line[from..].iter().position(|&c| is_leftward(c)).map(|at| from + at) {
        let ends_run = |c: char| !is_leftward(c) && c.is_alphanumeric();
        let reach =
            line[start..].iter().position(|&c| ends_run(c)).map_or(line.len(), |at| start + at);
        // Spaces and marks between two such letters are part of the run, those after the last are not.
        let last = line[start..reach].iter().rposition(|&c| is_leftward(c)).unwrap_or(0);
        from = start + last + 1;
        line[start..from].reverse();
    }
    line
}

/// Whether `c` is of a script that goes from right to left: Hebrew, Arabic, Syriac, Thaana, N'Ko.
fn is_leftward(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}')
}

/// Whether `c` tells how others are drawn, and is nothing by itself.
fn is_silent(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0000}'..='\u{e01ef}')
}

/// Whether `c` is as wide as it is high: ideographs, kana, hangul, full-width letters and emoji.
fn is_wide(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{1f000}'..='\u{1faff}' | '\u{20000}'..='\u{3fffd}')
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
    fn scripts_that_go_to_the_left_do() {
        let seen = |text: &str| in_sight_order(text).into_iter().collect::<String>();
        assert_eq!(seen("abc 12"), "abc 12");
        assert_eq!(seen("\u{5d0}\u{5d1} \u{5d2}"), "\u{5d2} \u{5d1}\u{5d0}");
        assert_eq!(
            seen("a \u{5d0}\u{5d1} b \u{5d2}\u{5d3}!"),
            "a \u{5d1}\u{5d0} b \u{5d3}\u{5d2}!"
        );
    }

    #[test]
    fn letters_without_a_font_keep_their_place() {
        // No font has what is for private use.
        let text = |line: &str| Text { line: line.to_owned(), x: 0.0, y: 0.0, size: 10.0 };
        assert_eq!(text("a\u{f8fe}b").unknown().collect::<String>(), "\u{f8fe}");
        assert!(text("a\u{f8fe}").outline().unwrap().bounds().right() > width("a", 10.0) + 1.0);
        assert!(text("Жα").is_plain() && !text("\u{4e2d}").is_plain());
        // What joins letters, or chooses how they look, is as wide as nothing.
        assert_eq!(width("a\u{fe0f}\u{200d}", 10.0), width("a", 10.0));
        assert!(width("\u{3fffd}", 10.0) >= 5.0);
    }

    #[test]
    fn text_is_one_short_visible_line() {
        assert_eq!(tidy(" a\n b\u{0}\u{feff} "), "a  b");
        assert_eq!(tidy(&"x".repeat(99)).chars().count(), LONGEST);
        assert_eq!(Text { line: String::new(), x: 0.0, y: 0.0, size: 9.0 }.outline(), None);
    }
}
