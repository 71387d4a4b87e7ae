//! The scene: every decision about a picture that does not depend on its format.

use std::collections::BTreeSet;

use arrow::array::Array;
use arrow::util::display::array_value_to_string;
use graph_core::Graph;
use rayon::prelude::*;
use tiny_skia::{
    Color, FillRule, FilterQuality, LineJoin, Paint, PathBuilder, PixmapMut, PixmapPaint, Stroke,
    Transform,
};

use crate::encode::{Encodings, Rgba8, to_oklab};
use crate::image::Pixels;
use crate::image::choice::DEFAULT_AREA;
use crate::image::density::{Cell, End, Looks, accumulate};
use crate::image::frame::{Disc, Frame, Rect};
use crate::image::icons::{Faces, Icon, RIM};
use crate::image::legend::{LegendBox, Mark, Style};
use crate::image::look::Look;
use crate::image::raster::{Layers, compose, edge_color};
use crate::image::signs::{Sign, Signs};
use crate::image::text::{Text, tidy};
use crate::image::tone::Tone;
use crate::image::{choice, labels, text};
use crate::{EdgeOpacity, Error, ImageConfig, Labels, Legend, Result};

/// Most steps along edges, all together.
const STEP_BUDGET: f64 = 1.6e8;

/// Up to this many nodes are all labeled, by number if need be.
const FEW_NODES: usize = 120;

/// Labels of a larger graph, for a picture of the default size.
const AUTO_LABELS: f32 = 50.0;

/// Labels that are numbers, in a graph of more than [`FEW_NODES`].
const NUMBER_LABELS: usize = 12;

/// A node stands out if its area is at least this many times the median.
const STANDS_OUT: f32 = 8.0;

#[derive(Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) look: Look,
    pub(crate) background: Rgba8,
    pub(crate) discs: Vec<Disc>,
    /// Nodes in drawing order: the largest last, on top.
    pub(crate) order: Vec<u32>,
    /// Width of an edge in pixels.
    pub(crate) line: f32,
    pub(crate) looks: Looks,
    /// Loops, and over them heads of arrows.
    pub(crate) signs: Vec<Sign>,
    pub(crate) icons: Vec<Icon>,
    pub(crate) labels: Vec<Text>,
    pub(crate) marks: Vec<Mark>,
    /// Width of the rim that sets text off, per font size.
    pub(crate) halo: f32,
    edge_opacity: EdgeOpacity,
}

impl<'a> Scene<'a> {
    pub(crate) fn new(
        graph: &'a Graph,
        x: &[f32],
        y: &[f32],
        config: &ImageConfig,
    ) -> Result<Self> {
        config.check()?;
        let expected = graph.n_nodes();
        for (column, positions) in [("x", x), ("y", y)] {
            if positions.len() != expected {
                return Err(Error::LengthMismatch { column, found: positions.len(), expected });
            }
        }
        let (width, height) = (config.width as f32, config.height as f32);
        let picture = Rect { left: 0.0, top: 0.0, right: width, bottom: height };
        let unit = (width * height / DEFAULT_AREA).sqrt();
        let room = picture.grown(-config.margin * width.min(height));
        let look = Look::on(config.background.map(|color| color.0), config.theme);
        let degrees = graph.degrees();

        let frame = Frame::fit(x, y, room);
        let encodings = config.encodings_of(graph);
        let (buffers, legend) = encodings.evaluate(graph)?;
        let mut colors = match buffers.node_colors {
            Some(colors) => colors,
            None => choice::colors(x, y, config),
        };
        for (color, &opacity) in colors.iter_mut().zip(buffers.node_opacities.iter().flatten()) {
            color[3] = (f32::from(color[3]) * opacity).round() as u8;
        }
        let areas = match buffers.node_sizes {
            Some(areas) => areas,
            None => choice::areas(&degrees, config),
        };
        let looks = Looks {
            colors: buffers.edge_colors,
            widths: buffers.edge_sizes.map(choice::line_widths),
            opacities: buffers.edge_opacities,
        };
        let places: Vec<(f32, f32)> = x.iter().zip(y).map(|(&x, &y)| frame.place(x, y)).collect();
        let radii = choice::radii(&areas, &places, room, unit, graph.n_edges(), config.node_scale);
        let discs: Vec<Disc> = places
            .into_iter()
            .zip(colors)
            .zip(radii)
            .map(|(((x, y), color), radius)| Disc { x, y, radius, color })
            .collect();
        let mut order: Vec<u32> = (0..graph.n_nodes() as u32).collect();
        // Equal nodes stay in the order of their numbers, so that sorting is a function of the data.
        order.par_sort_by(|&u, &v| discs[u as usize].radius.total_cmp(&discs[v as usize].radius));

        let background = config.background.map_or(look.background, |color| color.0);
        let faces = Faces {
            node_icons: buffers.node_icons.as_ref(),
            edge_icons: buffers.edge_icons.as_ref(),
            badges: &buffers.badges,
            ink: look.text,
            paper: look.background,
        };
        let coo = graph.coo();
        let icons = faces.place(&discs, &order, (coo.sources(), coo.targets()));
        let line = choice::line_width(graph.n_edges()) * unit * config.edge_scale;
        let signs =
            Signs { discs: &discs, looks: &looks, line, unit }.all(graph, config.arrows, picture);
        let mut marks = Vec::new();
        let mut taken = Vec::new();
        let size = 22.0 * unit * config.label_scale;
        let pad = (0.03 * width.min(height)).min(40.0 * unit);
        if let Some(title) = config.title.as_deref().map(tidy).filter(|title| !title.is_empty()) {
            let title = Text { line: title, x: 0.0, y: 0.0, size: 1.6 * size }.at(pad, pad);
            taken.push(title.bounds());
            marks.push(Mark::Text(title));
        }
        let style = Style {
            size: 0.8 * size,
            radius: discs.iter().map(|disc| disc.radius).fold(0.0, f32::max),
            line: line * looks.widths.iter().flatten().copied().fold(0.0, f32::max),
            ink: look.quiet_text,
        };
        if config.legend == Legend::Auto
            && let Some(legend) = LegendBox::of(&legend, style)
        {
            let bounds = quiet_corner(picture.grown(-pad), &legend, &discs, &taken);
            taken.push(bounds.grown(0.3 * size));
            marks.extend(legend.at(bounds.left, bounds.top));
        }

        let mut scene = Self {
            graph,
            width: config.width,
            height: config.height,
            look,
            background,
            discs,
            order,
            line,
            looks,
            signs,
            icons,
            labels: vec![],
            marks,
            halo: 0.2,
            edge_opacity: config.edge_opacity,
        };
        // Loops are where no line is, and so are labels: these make way.
        taken.extend(scene.signs.iter().filter(|sign| sign.line.is_some()).map(Sign::bounds));
        scene.place_labels(config, picture.grown(-0.3 * pad), &taken, size, &encodings)?;
        Ok(scene)
    }

    /// Number of nodes whose disc is wholly outside of the picture.
    pub(crate) fn n_hidden(&self) -> usize {
        let picture =
            Rect { left: 0.0, top: 0.0, right: self.width as f32, bottom: self.height as f32 };
        let shown = |disc: &&Disc| picture.grown(disc.radius).contains(disc.x, disc.y);
        self.discs.len() - self.discs.iter().filter(shown).count()
    }

    /// Layers and mean color of edges on every pixel, and the opacity that layers get; no cells if
    /// there is nothing to draw.
    pub(crate) fn edges(&self) -> (Vec<Cell>, Tone) {
        let coo = self.graph.coo();
        if coo.n_edges() == 0 || self.line == 0.0 {
            return (vec![], Tone::new(self.edge_opacity, self.look.edge_top, std::iter::empty()));
        }
        let ends: Vec<End> = self
            .discs
            .par_iter()
            .map(|disc| End::new(disc.x, disc.y, to_oklab(disc.color)))
            .collect();
        let size = [self.width as usize, self.height as usize];
        let (sources, targets) = (coo.sources(), coo.targets());
        let cells = accumulate(&ends, sources, targets, &self.looks, self.line, size, STEP_BUDGET);
        let densities = cells.iter().map(|cell| cell[3]);
        let tone = Tone::new(self.edge_opacity, self.look.edge_top, densities);
        (cells, tone)
    }

    /// The whole picture.
    pub(crate) fn pixels(&self) -> Pixels {
        let (cells, tone) = self.edges();
        let mut rgba = self.raster(&cells, tone, self.background, &self.order);
        if let Some(mut canvas) = PixmapMut::from_bytes(&mut rgba, self.width, self.height) {
            self.paint_text(&mut canvas);
        }
        self.straight(rgba)
    }

    /// Edges and nodes alone on `background`, premultiplied.
    pub(crate) fn raster(
        &self,
        cells: &[Cell],
        tone: Tone,
        background: Rgba8,
        order: &[u32],
    ) -> Vec<u8> {
        let signs = if cells.is_empty() { None } else { self.painted_signs(tone) };
        let layers = Layers {
            background,
            look: self.look,
            edges: cells,
            tone,
            signs: signs.as_deref(),
            discs: &self.discs,
            order,
        };
        compose(&layers, self.width as usize, self.height as usize)
    }

    /// Color and opacity of a sign.
    pub(crate) fn sign_paint(&self, sign: &Sign, tone: Tone) -> (Rgba8, f32) {
        let opacity = tone.opacity(sign.layers);
        (edge_color(to_oklab(sign.color), opacity, &self.look), opacity)
    }

    /// All signs on nothing, premultiplied; `None` if there are none.
    fn painted_signs(&self, tone: Tone) -> Option<Vec<u8>> {
        if self.signs.is_empty() {
            return None;
        }
        let mut rgba = vec![0; 4 * self.width as usize * self.height as usize];
        let mut canvas = PixmapMut::from_bytes(&mut rgba, self.width, self.height)?;
        let identity = Transform::identity();
        for sign in &self.signs {
            let ([red, green, blue, _], opacity) = self.sign_paint(sign, tone);
            let paint = fill([red, green, blue, (255.0 * opacity).round() as u8]);
            match sign.line {
                None => canvas.fill_path(&sign.path, &paint, FillRule::Winding, identity, None),
                Some(width) => {
                    let stroke = Stroke { width, ..Stroke::default() };
                    canvas.stroke_path(&sign.path, &paint, &stroke, identity, None);
                }
            }
        }
        Some(rgba)
    }

    /// Divides colors by their opacity.
    pub(crate) fn straight(&self, mut rgba: Vec<u8>) -> Pixels {
        for pixel in rgba.chunks_exact_mut(4).filter(|pixel| !matches!(pixel[3], 0 | 255)) {
            let alpha = u32::from(pixel[3]);
            for value in &mut pixel[..3] {
                *value = ((u32::from(*value) * 255 + alpha / 2) / alpha).min(255) as u8;
            }
        }
        Pixels { width: self.width, height: self.height, rgba }
    }

    pub(crate) fn letters_without_font(&self) -> String {
        let mut letters = BTreeSet::new();
        for mark in &self.marks {
            match mark {
                Mark::Text(text) | Mark::QuietText(text) => letters.extend(text.unknown()),
                Mark::Icon(icon) => letters.extend(icon.line().iter().flat_map(Text::unknown)),
                Mark::Block(..) | Mark::Dot { .. } => {}
            }
        }
        self.labels.iter().for_each(|label| letters.extend(label.unknown()));
        for icon in &self.icons {
            letters.extend(icon.line().iter().flat_map(Text::unknown));
        }
        letters.into_iter().collect()
    }

    fn paint_icon(canvas: &mut PixmapMut, icon: &Icon) {
        let identity = Transform::identity();
        let mut disc = |radius, color| {
            if let Some(disc) = PathBuilder::from_circle(icon.x, icon.y, radius) {
                canvas.fill_path(&disc, &fill(color), FillRule::Winding, identity, None);
            }
        };
        match (icon.plate, icon.rim) {
            // The line lies half inside the disc and half outside.
            (Some((radius, color)), Some(rim)) => {
                disc(radius * (1.0 + RIM / 2.0), rim);
                disc(radius * (1.0 - RIM / 2.0), color);
            }
            (Some((radius, color)), None) => disc(radius, color),
            (None, _) => {}
        }
        for path in icon.paths() {
            canvas.fill_path(&path, &fill(icon.color), FillRule::EvenOdd, identity, None);
        }
        if let Some(line) = icon.line() {
            paint_stamps(canvas, &line);
        }
    }

    fn paint_text(&self, canvas: &mut PixmapMut) {
        for icon in &self.icons {
            Self::paint_icon(canvas, icon);
        }
        for mark in &self.marks {
            match mark {
                Mark::Block(rect, color) => {
                    let shape =
                        tiny_skia::Rect::from_ltrb(rect.left, rect.top, rect.right, rect.bottom);
                    if let Some(shape) = shape {
                        canvas.fill_rect(shape, &fill(*color), Transform::identity(), None);
                    }
                }
                Mark::Dot { x, y, radius, color } => {
                    if let Some(shape) = PathBuilder::from_circle(*x, *y, *radius) {
                        let paint = fill(*color);
                        canvas.fill_path(
                            &shape,
                            &paint,
                            FillRule::Winding,
                            Transform::identity(),
                            None,
                        );
                    }
                }
                Mark::Icon(icon) => Self::paint_icon(canvas, icon),
                Mark::Text(text) => self.paint_line(canvas, text, self.look.text),
                Mark::QuietText(text) => self.paint_line(canvas, text, self.look.quiet_text),
            }
        }
        for label in &self.labels {
            self.paint_line(canvas, label, self.look.text);
        }
    }

    fn paint_line(&self, canvas: &mut PixmapMut, text: &Text, color: Rgba8) {
        paint_stamps(canvas, text);
        let Some(outline) = text.outline() else { return };
        let rim = Stroke {
            width: self.halo * text.size,
            line_join: LineJoin::Round,
            ..Stroke::default()
        };
        let identity = Transform::identity();
        canvas.stroke_path(&outline, &fill(self.rim_color()), &rim, identity, None);
        canvas.fill_path(&outline, &fill(color), FillRule::Winding, identity, None);
    }

    /// Color of the rim of text: the background, or the theme's if that is transparent.
    pub(crate) fn rim_color(&self) -> Rgba8 {
        let [red, green, blue, alpha] = self.background;
        let [red, green, blue] = if alpha == 0 {
            [0, 1, 2].map(|i| self.look.background[i])
        } else {
            [red, green, blue]
        };
        [red, green, blue, 200]
    }

    /// Number of nodes much larger than the median one.
    fn n_outstanding(&self) -> usize {
        let area = |&u: &u32| self.discs[u as usize].radius.powi(2);
        let median = self.order.get(self.order.len() / 2).map_or(0.0, area);
        self.order
            .iter()
            .rev()
            .take_while(|&u| area(u) >= STANDS_OUT * median && median > 0.0)
            .count()
    }

    fn place_labels(
        &mut self,
        config: &ImageConfig,
        room: Rect,
        taken: &[Rect],
        size: f32,
        encodings: &Encodings,
    ) -> Result<()> {
        let (column, is_name) = choice::name_column(self.graph, config, encodings)?;
        let n = self.graph.n_nodes();
        let unit = self.width as f32 * self.height as f32 / DEFAULT_AREA;
        let limit = match config.labels {
            Labels::All => n,
            Labels::Count(count) => count,
            Labels::Auto if n <= FEW_NODES => FEW_NODES,
            Labels::Auto if is_name => ((AUTO_LABELS * unit.sqrt()) as usize).max(5),
            Labels::Auto => self.n_outstanding().min(NUMBER_LABELS),
            Labels::None => 0,
        };
        if limit == 0 {
            return Ok(());
        }
        let largest = self.order.last().map_or(0.0, |&u| self.discs[u as usize].radius);
        let font_size = |u: usize| {
            let share = if largest > 0.0 { self.discs[u].radius / largest } else { 0.0 };
            size * (0.62 + 0.5 * share)
        };
        let name = |u: usize| {
            let known = !column.is_null(u);
            known.then(|| array_value_to_string(column, u).ok()).flatten().map(|name| tidy(&name))
        };
        // Equally large nodes in the order of their numbers.
        let mut important = self.order.clone();
        important.sort_by(|&u, &v| {
            self.discs[v as usize].radius.total_cmp(&self.discs[u as usize].radius).then(u.cmp(&v))
        });
        self.labels = labels::place(&self.discs, &important, room, taken, limit, name, font_size);
        Ok(())
    }
}

/// The corner of `room` in which a legend covers the least of the nodes.
fn quiet_corner(room: Rect, legend: &LegendBox, discs: &[Disc], taken: &[Rect]) -> Rect {
    let (wide, high) = (legend.width, legend.height);
    let lefts = [room.left, room.right - wide];
    let tops = [room.bottom - high, room.top];
    let corners = tops.into_iter().flat_map(|top| {
        lefts.map(|left| Rect { left, top, right: left + wide, bottom: top + high })
    });
    let covered = |corner: &Rect| -> f32 {
        if taken.iter().any(|taken| taken.overlaps(corner)) {
            return f32::INFINITY;
        }
        let wide = corner.grown(text::line_height(10.0));
        discs.iter().filter(|disc| wide.contains(disc.x, disc.y)).map(|d| d.radius * d.radius).sum()
    };
    let best = corners.min_by(|a, b| covered(a).total_cmp(&covered(b)));
    best.unwrap_or(room)
}

/// Draws the letters that are pictures.
fn paint_stamps(canvas: &mut PixmapMut, text: &Text) {
    for (stamp, [left, top, width]) in text.stamps() {
        let level = stamp.level(width);
        let scale = width / level.width() as f32;
        let place = Transform::from_row(scale, 0.0, 0.0, scale, left, top);
        let paint = PixmapPaint { quality: FilterQuality::Bilinear, ..PixmapPaint::default() };
        canvas.draw_pixmap(0, 0, level.as_ref(), &paint, place, None);
    }
}

fn fill([red, green, blue, alpha]: Rgba8) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color(Color::from_rgba8(red, green, blue, alpha));
    paint
}
