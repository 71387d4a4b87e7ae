//! Fonts of the machine, for letters that the bundled font lacks.
//!
//! No font is looked for before such a letter is met. Then files are read in the order of their rank, each once, until one
//! has the letter; of those that have not, it is kept which letters they have.

use std::collections::HashMap;
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ab_glyph::{Font, FontVec, GlyphId, GlyphImageFormat, Outline};
use tiny_skia::{IntSize, Pixmap};

/// Files and folders in which fonts are looked for, in place of those of the system.
const VARIABLE: &str = "GRAPHLUME_FONTS";

/// Folders of the usual systems; `~` is the home of the user.
const FOLDERS: [&str; 8] = [
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.local/share/fonts",
    "~/.fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
    "~/Library/Fonts",
    "C:\\Windows\\Fonts",
];

/// Folders in folders that are looked into.
const DEPTH: usize = 6;

/// Files that are considered.
const MOST_FILES: usize = 20_000;

/// A larger file is no font that is worth its memory.
const LARGEST: u64 = 64 << 20;

/// Bytes read in search of letters, all together.
const MOST_READ: u64 = 1 << 30;

/// Beginnings of the names of plain fonts with many letters, the best to read first.
const PREFERRED: [&str; 22] = [
    "notosanscjk",
    "sourcehansans",
    "notosanssc",
    "notosansjp",
    "notosanskr",
    "pingfang",
    "hiragino",
    "msyh",
    "yugoth",
    "malgun",
    "droidsansfallback",
    "wqy",
    "notosans-",
    "dejavusans",
    "arial unicode",
    "segoeui",
    "seguisym",
    "notocoloremoji",
    "apple color emoji",
    "seguiemj",
    "notoemoji",
    "symbola",
];

/// What names of files say of fonts that are not plain.
const STYLED: [&str; 12] = [
    "bold",
    "italic",
    "oblique",
    "mono",
    "serif",
    "light",
    "thin",
    "black",
    "condensed",
    "medium",
    "math",
    "narrow",
];

/// The last letter of any script: ideographs of extension H.
const LAST: u32 = 0x3_23af;

/// The smallest picture that a letter is kept as, in pixels.
const SMALLEST: u32 = 12;

/// A letter that one of the fonts has.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub(crate) face: Face,
    /// How far the next letter is, per font size.
    pub(crate) advance: f32,
}

/// What a letter looks like.
#[derive(Debug, Clone)]
pub(crate) enum Face {
    /// An outline, and font sizes per unit of it.
    Outline(Arc<Outline>, f32),
    /// A picture, as those of emoji are.
    Stamp(Arc<Stamp>),
}

/// The picture of a letter.
#[derive(Debug)]
pub(crate) struct Stamp {
    /// The picture, and the same in half the size each, premultiplied.
    levels: Vec<Pixmap>,
    /// Left end and upper end over the baseline, per font size.
    pub(crate) corner: [f32; 2],
    /// Width per font size.
    pub(crate) width: f32,
}

impl Stamp {
    /// The picture that is shown `width` pixels wide best.
    pub(crate) fn level(&self, width: f32) -> &Pixmap {
        let fit = self.levels.iter().rev().find(|level| level.width() as f32 >= width);
        fit.unwrap_or(&self.levels[0])
    }
}

/// The letter `c` in a font of the machine; `None` if none has it.
pub(crate) fn letter(c: char) -> Option<Letter> {
    static FONTS: OnceLock<Mutex<Fonts>> = OnceLock::new();
    let fonts = FONTS.get_or_init(|| Mutex::new(Fonts::of(&places())));
    fonts.lock().unwrap_or_else(PoisonError::into_inner).letter(c)
}

/// Where fonts are.
fn places() -> Vec<PathBuf> {
    if let Some(given) = std::env::var_os(VARIABLE) {
        return std::env::split_paths(&given).filter(|path| !path.as_os_str().is_empty()).collect();
    }
    let home = std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE"));
    let place = |folder: &&str| match folder.strip_prefix("~/") {
        Some(rest) => home.as_ref().map(|home| Path::new(home).join(rest)),
        None => Some(PathBuf::from(folder)),
    };
    FOLDERS.iter().filter_map(place).collect()
}

/// Fonts in files, and letters that were asked for.
#[derive(Debug)]
struct Fonts {
    /// Files that have not been read, the best last.
    unread: Vec<PathBuf>,
    /// Bytes that may still be read.
    budget: u64,
    /// Fonts that had a letter.
    open: Vec<FontVec>,
    /// Fonts that had not, and the letters they have.
    closed: Vec<(PathBuf, Vec<RangeInclusive<u32>>)>,
    letters: HashMap<char, Option<Letter>>,
}

impl Fonts {
    fn of(places: &[PathBuf]) -> Self {
        let mut files = Vec::new();
        for place in places {
            list(place, DEPTH, &mut files);
        }
        files.sort_by_cached_key(|path| std::cmp::Reverse((rank(path), path.clone())));
        files.dedup();
        let (open, closed, letters) = (Vec::new(), Vec::new(), HashMap::new());
        Self { unread: files, budget: MOST_READ, open, closed, letters }
    }

    fn letter(&mut self, c: char) -> Option<Letter> {
        if let Some(known) = self.letters.get(&c) {
            return known.clone();
        }
        let found = self.find(c);
        self.letters.insert(c, found.clone());
        found
    }

    fn find(&mut self, c: char) -> Option<Letter> {
        if let Some(found) = self.open.iter().find_map(|font| of_font(font, c)) {
            return Some(found);
        }
        let code = u32::from(c);
        let has = |ranges: &[RangeInclusive<u32>]| {
            let after = ranges.partition_point(|range| *range.start() <= code);
            after > 0 && ranges[after - 1].contains(&code)
        };
        for at in 0..self.closed.len() {
            if has(&self.closed[at].1)
                && let Some(font) = read(&self.closed[at].0, &mut self.budget)
                && let Some(found) = of_font(&font, c)
            {
                self.closed.remove(at);
                self.open.push(font);
                return Some(found);
            }
        }
        while let Some(path) = self.unread.pop() {
            let Some(font) = read(&path, &mut self.budget) else { continue };
            if let Some(found) = of_font(&font, c) {
                self.open.push(font);
                return Some(found);
            }
            self.closed.push((path, ranges(&font)));
        }
        None
    }
}

/// Adds fonts at `place` to `files`.
fn list(place: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    let Ok(found) = fs::metadata(place) else { return };
    if found.is_file() {
        let suffix = place.extension().map(|suffix| suffix.to_string_lossy().to_lowercase());
        let is_font = suffix.is_some_and(|s| ["ttf", "otf", "ttc", "otc"].contains(&s.as_str()));
        if is_font && files.len() < MOST_FILES && found.len() <= LARGEST {
            files.push(place.to_owned());
        }
    } else if depth > 0
        && let Ok(entries) = fs::read_dir(place)
    {
        let mut inside: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        inside.sort();
        for place in &inside {
            list(place, depth - 1, files);
        }
    }
}

/// How late a file is read: plain fonts of many letters come first.
fn rank(path: &Path) -> usize {
    let name = path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let place = PREFERRED.iter().position(|preferred| name.starts_with(preferred));
    let is_styled = STYLED.iter().any(|word| name.contains(word));
    place.unwrap_or(PREFERRED.len()) + if is_styled { PREFERRED.len() + 1 } else { 0 }
}

/// The first font in a file; `None` if there is none, or `budget` bytes are less than it has.
fn read(path: &Path, budget: &mut u64) -> Option<FontVec> {
    let data = fs::metadata(path).ok().filter(|found| found.len() <= *budget)?;
    *budget -= data.len();
    FontVec::try_from_vec_and_index(fs::read(path).ok()?, 0).ok()
}

/// The letters of a font, ascending.
fn ranges(font: &FontVec) -> Vec<RangeInclusive<u32>> {
    // Each is asked for: of letters that share a glyph, lists of a font's letters have the first.
    let has = |&code: &u32| char::from_u32(code).is_some_and(|c| font.glyph_id(c) != GlyphId(0));
    let codes: Vec<u32> = (0..=LAST).filter(has).collect();
    let runs = codes.chunk_by(|&before, &code| before + 1 == code);
    runs.map(|run| run[0]..=run[run.len() - 1]).collect()
}

fn of_font(font: &FontVec, c: char) -> Option<Letter> {
    let glyph = font.glyph_id(c);
    let per_unit = font.units_per_em().filter(|_| glyph != GlyphId(0))?.recip();
    let advance = font.h_advance_unscaled(glyph) * per_unit;
    let face = match font.outline(glyph) {
        Some(outline) => Face::Outline(Arc::new(outline), per_unit),
        None => Face::Stamp(Arc::new(stamp(font, glyph)?)),
    };
    Some(Letter { face, advance })
}

/// The picture of a glyph that is one.
fn stamp(font: &FontVec, glyph: GlyphId) -> Option<Stamp> {
    let image = font.glyph_raster_image2(glyph, 128)?;
    if !matches!(image.format, GlyphImageFormat::Png) || image.pixels_per_em == 0 {
        return None;
    }
    let mut levels = vec![decoded(image.data)?];
    while let Some(half) = levels.last().and_then(halved) {
        levels.push(half);
    }
    let per_em = f32::from(image.pixels_per_em).recip();
    let [width, height] = [levels[0].width(), levels[0].height()].map(|side| side as f32 * per_em);
    Some(Stamp {
        levels,
        corner: [image.origin.x * per_em, image.origin.y * per_em + height],
        width,
    })
}

/// The picture in a PNG file, premultiplied.
fn decoded(bytes: &[u8]) -> Option<Pixmap> {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    decoder.set_transformations(
        png::Transformations::normalize_to_color8() | png::Transformations::ALPHA,
    );
    let mut reader = decoder.read_info().ok()?;
    let mut data = vec![0; reader.output_buffer_size()?];
    let info = reader.next_frame(&mut data).ok()?;
    data.truncate(info.buffer_size());
    let premultiplied = |[red, green, blue, alpha]: [u8; 4]| {
        let times = |value: u8| ((u16::from(value) * u16::from(alpha) + 127) / 255) as u8;
        [times(red), times(green), times(blue), alpha]
    };
    let rgba: Vec<u8> = match info.color_type {
        png::ColorType::Rgba => {
            data.chunks_exact(4).flat_map(|p| premultiplied([p[0], p[1], p[2], p[3]])).collect()
        }
        png::ColorType::GrayscaleAlpha => {
            data.chunks_exact(2).flat_map(|p| premultiplied([p[0], p[0], p[0], p[1]])).collect()
        }
        _ => return None,
    };
    Pixmap::from_vec(rgba, IntSize::from_wh(info.width, info.height)?)
}

/// The picture in half its size, each pixel the mean of four.
fn halved(image: &Pixmap) -> Option<Pixmap> {
    let (width, height) = (image.width() / 2, image.height() / 2);
    if width.min(height) < SMALLEST {
        return None;
    }
    let mut half = Pixmap::new(width, height)?;
    let stride = 4 * image.width() as usize;
    let rows = image.data().chunks_exact(2 * stride);
    for (row, below) in half.data_mut().chunks_exact_mut(4 * width as usize).zip(rows) {
        for (at, byte) in row.iter_mut().enumerate() {
            let (column, value) = (at / 4, at % 4);
            let of = |dx: usize, dy: usize| {
                u16::from(below[dy * stride + 4 * (2 * column + dx) + value])
            };
            *byte = ((of(0, 0) + of(1, 0) + of(0, 1) + of(1, 1) + 2) / 4) as u8;
        }
    }
    Some(half)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A font in which each of `letters` is a square of half its size, in the bytes of TrueType.
    fn squares(letters: &[char]) -> Vec<u8> {
        let words =
            |values: &[i16]| values.iter().flat_map(|v| v.to_be_bytes()).collect::<Vec<u8>>();
        let longs =
            |values: &[u32]| values.iter().flat_map(|v| v.to_be_bytes()).collect::<Vec<u8>>();
        let n_groups = letters.len() as u32;
        let mut cmap = [words(&[0, 1, 3, 10]), longs(&[12]), words(&[12, 0])].concat();
        cmap.extend(longs(&[16 + 12 * n_groups, 0, n_groups]));
        for &c in letters {
            cmap.extend(longs(&[c.into(), c.into(), 1]));
        }
        let glyf = [
            words(&[1, 0, 0, 500, 500, 3, 0]),
            vec![1; 4],
            words(&[0, 500, 0, -500, 0, 0, 500, 0]),
        ]
        .concat();
        let head = [
            longs(&[0x1_0000, 0, 0, 0x5f0f_3cf5]),
            words(&[0, 1000]),
            vec![0; 16],
            words(&[0, 0, 500, 500, 0, 8, 2, 0, 0]),
        ]
        .concat();
        let hhea = [longs(&[0x1_0000]), words(&[800, -200]), vec![0; 26], words(&[2])].concat();
        let loca = words(&[0, 0, glyf.len() as i16 / 2]);
        let maxp = [longs(&[0x5000]), words(&[2])].concat();
        let tables: [(&[u8], Vec<u8>); 7] = [
            (b"cmap", cmap),
            (b"glyf", glyf),
            (b"head", head),
            (b"hhea", hhea),
            (b"hmtx", words(&[1000, 0, 600, 0])),
            (b"loca", loca),
            (b"maxp", maxp),
        ];
        let mut file = [longs(&[0x1_0000]), words(&[tables.len() as i16, 0, 0, 0])].concat();
        let mut at = 12 + 16 * tables.len() as u32;
        for (name, table) in &tables {
            file.extend_from_slice(name);
            file.extend(longs(&[0, at, table.len() as u32]));
            at += table.len() as u32;
        }
        for (_, table) in &tables {
            file.extend(table);
        }
        file
    }

    #[test]
    fn letters_come_from_the_first_font_that_has_them() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, bytes: Vec<u8>| fs::write(folder.path().join(name), bytes).unwrap();
        fs::create_dir(folder.path().join("deep")).unwrap();
        write("a.ttf", squares(&['\u{4e2d}']));
        write("deep/b.ttf", squares(&['\u{4e2d}', '\u{6587}']));
        write("broken.ttf", b"no font".to_vec());
        write("c.txt", squares(&['\u{2603}']));
        let mut fonts = Fonts::of(&[folder.path().to_owned(), folder.path().join("nowhere")]);
        let letter = fonts.letter('\u{4e2d}').unwrap();
        assert!((letter.advance - 0.6).abs() < 1e-6);
        let Face::Outline(outline, per_unit) = letter.face else { panic!("no outline") };
        assert!((outline.bounds.max.x * per_unit - 0.5).abs() < 1e-6);
        assert_eq!((fonts.open.len(), fonts.unread.len()), (1, 2), "the others are not read");
        assert!(fonts.letter('\u{6587}').is_some());
        assert!(fonts.letter('\u{2603}').is_none(), "a text is no font");
        assert_eq!((fonts.open.len(), fonts.closed.len(), fonts.unread.len()), (2, 0, 0));
    }

    #[test]
    fn a_font_that_was_passed_over_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.ttf"), squares(&['\u{4e00}', '\u{4e01}'])).unwrap();
        let mut fonts = Fonts::of(&[folder.path().to_owned()]);
        assert!(fonts.letter('\u{2603}').is_none());
        assert_eq!(fonts.closed[0].1, [0x4e00..=0x4e01]);
        assert!(fonts.letter('\u{4e01}').is_some() && fonts.closed.is_empty());
        fonts = Fonts { budget: 9, ..Fonts::of(&[folder.path().to_owned()]) };
        assert!(fonts.letter('\u{4e01}').is_none(), "no more is read than may be");
    }

    #[test]
    fn plain_fonts_of_many_letters_come_first() {
        let mut names =
            ["Zapf.otf", "NotoSansCJK-Bold.ttc", "DejaVuSans.ttf", "NotoSansCJK-Regular.ttc"];
        names.sort_by_key(|name| rank(Path::new(name)));
        assert_eq!(
            names,
            ["NotoSansCJK-Regular.ttc", "DejaVuSans.ttf", "Zapf.otf", "NotoSansCJK-Bold.ttc"]
        );
    }

    #[test]
    fn pictures_of_letters_are_premultiplied_and_halved() {
        let (white, clear) = ([255, 255, 255, 255], [255, 0, 0, 0]);
        let rgba: Vec<u8> =
            (0..48 * 26).flat_map(|at| if at % 48 % 2 == 0 { white } else { clear }).collect();
        let pixels = crate::Pixels { width: 48, height: 26, rgba };
        let image = decoded(&pixels.png_bytes().unwrap()).unwrap();
        assert_eq!(&image.data()[..8], [255, 255, 255, 255, 0, 0, 0, 0]);
        let half = halved(&image).unwrap();
        assert_eq!((half.width(), half.height()), (24, 13));
        assert!(half.data().iter().all(|&value| value == 128), "{:?}", &half.data()[..8]);
        assert!(halved(&half).is_none(), "too small to be halved");
        let stamp = Stamp { levels: vec![image, half], corner: [0.0; 2], width: 1.0 };
        assert_eq!([60.0, 40.0, 24.0, 9.0].map(|wide| stamp.level(wide).width()), [48, 48, 24, 24]);
    }
}
