//! Icons and badges: small pictures on nodes, beside them, and on edges.

use tiny_skia::{Path, PathBuilder, PathSegment};

use crate::encode::{BadgeBuffers, BadgePosition, Icons, Rgba8, to_oklab};
use crate::image::frame::Disc;
use crate::image::glyphs::{Glyph, Layer, PICTURE, Part, glyph};
use crate::image::text::{Text, tidy, width};

/// An icon where it is drawn; positions and lengths in pixels.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Icon {
    pub(crate) x: f32,
    pub(crate) y: f32,
    /// Half of the side of its square.
    pub(crate) half: f32,
    pub(crate) color: Rgba8,
    /// Radius and color of a disc below it.
    pub(crate) plate: Option<(f32, Rgba8)>,
    /// Color of a line around the disc, [`RIM`] of its radius wide, which keeps it apart from what it lies on.
    pub(crate) rim: Option<Rgba8>,
    face: Option<Face>,
}

/// Width of the line around a disc, as a share of its radius.
pub(crate) const RIM: f32 = 0.14;

/// What an icon shows.
#[derive(Debug, Clone, PartialEq)]
enum Face {
    Glyph(Glyph),
    Text(String),
}

/// Nodes are too small for an icon below this radius, in pixels.
const LEAST_RADIUS: f32 = 5.0;

/// Nodes are too small for badges below this radius.
const LEAST_BADGED: f32 = 5.0;

/// Radius of the smallest badges, which are a color alone, and of those from which on what is in them can be read.
const LEAST_BADGE: f32 = 3.2;
const LEAST_READ: f32 = 4.5;

/// With more edges than this, none has an icon.
const MOST_EDGES: usize = 3000;

/// Nodes with icons or badges, at most: the largest.
const MOST_NODES: usize = 3000;

/// Letters of an icon that is text.
const LETTERS: usize = 4;

/// Lightness from which on dark is easier to see than light.
const LIGHT: f32 = 0.68;

/// What stands for the icon `name`: a glyph, a text, or the initials of a name without a glyph.
/// `None` if there is nothing to see.
fn face(name: &str, as_text: bool) -> Option<Face> {
    let name = tidy(name);
    if name.is_empty() {
        return None;
    }
    if as_text {
        return Some(Face::Text(name.chars().take(LETTERS).collect()));
    }
    if name.contains("://") || name.starts_with("data:") {
        return Some(Face::Glyph(PICTURE));
    }
    let plain = name.to_lowercase();
    // `fa-solid fa-user`, `fas fa-user` and `fa-user` are all `user`.
    let word = plain.split_whitespace().next_back().unwrap_or_default();
    let word = word.strip_prefix("fa-").unwrap_or(word);
    let shorter = |word: &str| {
        ["-alt", "-o", "-square", "-circle", "-solid"]
            .iter()
            .find_map(|suffix| word.strip_suffix(suffix).and_then(glyph))
    };
    if let Some(glyph) = glyph(word).or_else(|| shorter(word)) {
        return Some(Face::Glyph(glyph));
    }
    // What is as short as initials is there whole, as in the page.
    if name.chars().count() <= 3 && name.contains(char::is_alphanumeric) {
        return Some(Face::Text(name.to_uppercase()));
    }
    let words = word.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let initials: String =
        words.filter_map(|word| word.chars().next()).flat_map(char::to_uppercase).take(2).collect();
    (!initials.is_empty()).then_some(Face::Text(initials))
}

impl Icon {
    /// The icon `name` in a square around `x`, `y`; `None` if there is nothing to see.
    pub(crate) fn new(
        name: &str,
        as_text: bool,
        (x, y): (f32, f32),
        half: f32,
        color: Rgba8,
    ) -> Option<Self> {
        let face = Some(face(name, as_text)?);
        Some(Self { x, y, half, color, plate: None, rim: None, face })
    }

    pub(crate) fn moved(self, right: f32, down: f32) -> Self {
        Self { x: self.x + right, y: self.y + down, ..self }
    }

    /// The shapes of the icon, each to be filled by the even-odd rule.
    pub(crate) fn paths(&self) -> Vec<Path> {
        match &self.face {
            None => Vec::new(),
            Some(Face::Glyph(layers)) => {
                layers.iter().filter_map(|layer| self.layer(layer)).collect()
            }
            Some(Face::Text(_)) => {
                self.line().and_then(|line| line.outline()).into_iter().collect()
            }
        }
    }

    /// The text that the icon is, if it is one: as large as its square, or less if it is wide.
    pub(crate) fn line(&self) -> Option<Text> {
        let Some(Face::Text(text)) = &self.face else { return None };
        let size = 2.2 * self.half / width(text, 1.0).max(1.35);
        let x = self.x - width(text, size) / 2.0;
        Some(Text { line: text.clone(), x, y: self.y + 0.36 * size, size })
    }

    fn layer(&self, parts: Layer) -> Option<Path> {
        let scale = self.half / 12.0;
        let place = |(x, y): (f32, f32)| (self.x + (x - 12.0) * scale, self.y + (y - 12.0) * scale);
        let mut path = PathBuilder::new();
        let mut polygon = |corners: &[(f32, f32)]| {
            for (at, &corner) in corners.iter().enumerate() {
                let (x, y) = place(corner);
                match at {
                    0 => path.move_to(x, y),
                    _ => path.line_to(x, y),
                }
            }
            path.close();
        };
        for part in parts {
            match *part {
                Part::Block(left, top, right, bottom) => {
                    polygon(&[(left, top), (right, top), (right, bottom), (left, bottom)]);
                }
                Part::Shape(corners) => polygon(corners),
                Part::Oval(x, y, rx, ry) => {
                    let around: Vec<(f32, f32)> = (0..48)
                        .map(|step| (std::f32::consts::TAU * step as f32 / 48.0).sin_cos())
                        .map(|(sin, cos)| (x + rx * cos, y + ry * sin))
                        .collect();
                    polygon(&around);
                }
            }
        }
        path.finish()
    }
}

/// The outline of `path` in the language of SVG, with two digits.
pub(crate) fn svg_data(path: &Path) -> String {
    use std::fmt::Write;
    let mut data = String::new();
    let round = |value: f32| (f64::from(value) * 100.0).round() / 100.0;
    for segment in path.segments() {
        let written = match segment {
            PathSegment::MoveTo(p) => write!(data, "M{} {}", round(p.x), round(p.y)),
            PathSegment::LineTo(p) => write!(data, "L{} {}", round(p.x), round(p.y)),
            PathSegment::QuadTo(c, p) => {
                write!(data, "Q{} {} {} {}", round(c.x), round(c.y), round(p.x), round(p.y))
            }
            PathSegment::CubicTo(c, d, p) => {
                let [c, d, p] = [c, d, p].map(|p| format!("{} {}", round(p.x), round(p.y)));
                write!(data, "C{c} {d} {p}")
            }
            PathSegment::Close => write!(data, "Z"),
        };
        written.expect("writing to memory should not fail");
    }
    data
}

/// What icons and badges are drawn from.
pub(crate) struct Faces<'a> {
    pub(crate) node_icons: Option<&'a Icons>,
    pub(crate) edge_icons: Option<&'a Icons>,
    pub(crate) badges: &'a [BadgeBuffers],
    /// Colors for what has none of its own.
    pub(crate) ink: Rgba8,
    pub(crate) paper: Rgba8,
}

impl Faces<'_> {
    /// Icons of edges at their middles, then those of nodes with their badges, in drawing order.
    ///
    /// What another node lies over is left out, and so is what would be too small.
    pub(crate) fn place(
        &self,
        discs: &[Disc],
        order: &[u32],
        (sources, targets): (&[u32], &[u32]),
    ) -> Vec<Icon> {
        let mut placed = Vec::new();
        if self.node_icons.is_none() && self.edge_icons.is_none() && self.badges.is_empty() {
            return placed;
        }
        let large: Vec<&Disc> = order
            .iter()
            .map(|&u| &discs[u as usize])
            .filter(|disc| disc.is_placed() && disc.radius >= LEAST_RADIUS)
            .collect();
        if let Some(icons) = self.edge_icons.filter(|_| sources.len() <= MOST_EDGES) {
            let median = large.get(large.len() / 2).map_or(LEAST_RADIUS, |disc| disc.radius);
            let half = (0.55 * median).clamp(4.5, 16.0);
            for (e, (&u, &v)) in sources.iter().zip(targets).enumerate() {
                let (a, b) = (discs[u as usize], discs[v as usize]);
                let gap = (a.x - b.x).hypot(a.y - b.y) - a.radius - b.radius;
                if u == v || !a.is_placed() || !b.is_placed() || gap < 3.0 * half {
                    continue;
                }
                // In the middle of what is seen of the edge.
                let part = 0.5 + (a.radius - b.radius) / (2.0 * (gap + a.radius + b.radius));
                let at = (a.x + part * (b.x - a.x), a.y + part * (b.y - a.y));
                let is_under = |disc: &&Disc| (disc.x - at.0).hypot(disc.y - at.1) < disc.radius;
                if large.iter().any(is_under) {
                    continue;
                }
                let name = &icons.table[usize::from(icons.index[e])];
                if let Some(mut icon) = Icon::new(name, icons.as_text, at, half, self.ink) {
                    icon.plate = Some((1.45 * half, self.paper));
                    placed.push(icon);
                }
            }
        }
        let skipped = large.len().saturating_sub(MOST_NODES);
        let nodes = order.iter().filter(|&&u| {
            let disc = &discs[u as usize];
            disc.is_placed() && disc.radius >= LEAST_RADIUS
        });
        for (at, &u) in nodes.enumerate().skip(skipped) {
            let disc = discs[u as usize];
            let covers = |other: &&Disc| {
                (other.x - disc.x).hypot(other.y - disc.y) < other.radius + 0.3 * disc.radius
            };
            if large[at + 1..].iter().any(covers) {
                continue;
            }
            self.on_node(u as usize, disc, &mut placed);
        }
        placed
    }

    fn on_node(&self, u: usize, disc: Disc, placed: &mut Vec<Icon>) {
        let at = (disc.x, disc.y);
        if let Some(icons) = self.node_icons {
            let name = &icons.table[usize::from(icons.index[u])];
            let color = self.seen_on(disc.color);
            placed.extend(Icon::new(name, icons.as_text, at, 0.62 * disc.radius, color));
        }
        if disc.radius < LEAST_BADGED {
            return;
        }
        for badge in self.badges {
            let own = |colors: &Option<Vec<Rgba8>>| colors.as_ref().map(|colors| colors[u]);
            let background = own(&badge.backgrounds);
            let icon = badge
                .icons
                .as_ref()
                .map(|icons| (icons.table[usize::from(icons.index[u])].as_str(), icons.as_text));
            let (name, as_text) = icon.unwrap_or_default();
            // What has neither an icon nor, without icons at all, a color, has no badge.
            if icon.is_some() && name.is_empty() || icon.is_none() && background.is_none() {
                continue;
            }
            let is_cover = badge.position == BadgePosition::Cover;
            let (dx, dy) = direction(badge.position);
            let radius = if is_cover { disc.radius } else { (0.42 * disc.radius).max(LEAST_BADGE) };
            let paper = background.unwrap_or(self.paper);
            let color = own(&badge.colors).unwrap_or_else(|| self.seen_on(paper));
            let at = (disc.x + 0.85 * disc.radius * dx, disc.y + 0.85 * disc.radius * dy);
            let face = if radius < LEAST_READ { None } else { face(name, as_text) };
            let plate = (!is_cover || background.is_some()).then_some((radius, paper));
            let (x, y) = at;
            let rim = (!is_cover).then_some(self.paper);
            placed.push(Icon { x, y, half: 0.66 * radius, color, plate, rim, face });
        }
    }

    /// Ink or paper, whichever is easier to see on `color`.
    fn seen_on(&self, color: Rgba8) -> Rgba8 {
        let is_dark = |color: Rgba8| to_oklab(color)[0] < LIGHT;
        let (dark, light) = match is_dark(self.ink) {
            true => (self.ink, self.paper),
            false => (self.paper, self.ink),
        };
        let [red, green, blue, _] = if is_dark(color) { light } else { dark };
        [red, green, blue, 255]
    }
}

/// Where a badge sits, as a point of the unit circle with y down.
fn direction(position: BadgePosition) -> (f32, f32) {
    const SLANT: f32 = std::f32::consts::FRAC_1_SQRT_2;
    match position {
        BadgePosition::Top => (0.0, -1.0),
        BadgePosition::TopRight => (SLANT, -SLANT),
        BadgePosition::Right => (1.0, 0.0),
        BadgePosition::BottomRight => (SLANT, SLANT),
        BadgePosition::Bottom => (0.0, 1.0),
        BadgePosition::BottomLeft => (-SLANT, SLANT),
        BadgePosition::Left => (-1.0, 0.0),
        BadgePosition::TopLeft => (-SLANT, -SLANT),
        BadgePosition::Cover => (0.0, 0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_glyphs_texts_or_initials() {
        let known = |name: &str| glyph(name).map(Face::Glyph);
        for name in
            ["user", "fa-user", "fas fa-user", "fa-solid fa-user", "User", "user-alt", "user-o"]
        {
            assert_eq!(face(name, false), known("user"), "{name}");
        }
        let text = |text: &str| Some(Face::Text(text.to_owned()));
        assert_eq!(face("https://example.org/a.png", false), Some(Face::Glyph(PICTURE)));
        assert_eq!(face("jedi-order", false), text("JO"));
        assert_eq!(face("émile", false), text("É"));
        assert_eq!(face("ip", false), text("IP"));
        assert_eq!(face("user", true), text("user"));
        assert_eq!(face("Switzerland", true), text("Swit"));
        assert_eq!(face(" \n", false), None);
        assert_eq!(face("--", false), None);
    }

    #[test]
    fn icons_fill_their_square_and_badges_sit_at_their_side() {
        let white = [255; 4];
        for name in ["star", "fa-envelope", "xy"] {
            let icon = Icon::new(name, false, (100.0, 50.0), 10.0, white).unwrap();
            let bounds = icon.paths().iter().map(Path::bounds).reduce(|a, b| a.join(&b).unwrap());
            let bounds = bounds.unwrap();
            assert!(bounds.left() >= 89.0 && bounds.right() <= 111.0, "{name} {bounds:?}");
            assert!(bounds.top() >= 39.0 && bounds.bottom() <= 61.0, "{name} {bounds:?}");
            assert!(bounds.width().max(bounds.height()) > 10.0, "{name} {bounds:?}");
        }
        let icons =
            Icons { table: vec![String::new(), "key".into()], index: vec![1, 0], as_text: false };
        let badge = BadgeBuffers {
            position: BadgePosition::BottomLeft,
            icons: Some(icons),
            colors: None,
            backgrounds: Some(vec![[9, 9, 9, 255]; 2]),
        };
        let faces = Faces {
            node_icons: None,
            edge_icons: None,
            badges: &[badge],
            ink: white,
            paper: [0, 0, 0, 255],
        };
        let disc = |x| Disc { x, y: 100.0, radius: 20.0, color: [200, 0, 0, 255] };
        let placed = faces.place(&[disc(100.0), disc(200.0)], &[0, 1], (&[], &[]));
        let [badge] = &placed[..] else { panic!("{placed:?}") };
        assert!(badge.x < 90.0 && badge.y > 110.0, "{badge:?}");
        assert_eq!((badge.color, badge.plate), (white, Some((8.4, [9, 9, 9, 255]))));
        assert_eq!(badge.rim, Some([0, 0, 0, 255]));
        // A node that another one lies over shows nothing.
        let placed = faces.place(&[disc(100.0), disc(105.0)], &[0, 1], (&[], &[]));
        assert_eq!(placed, []);
    }
}
