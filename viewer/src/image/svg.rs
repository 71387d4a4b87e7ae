//! SVG: the same scene as vector shapes, or as embedded images where there are too many.

use std::collections::HashMap;
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::Result;
use crate::encode::{Rgba8, to_oklab};
use crate::html::escape;
use crate::image::Pixels;
use crate::image::icons::{Icon, RIM, svg_data};
use crate::image::legend::Mark;
use crate::image::raster::{edge_color, ring_width};
use crate::image::scene::Scene;
use crate::image::text::{FONT_STACK, Text, tidy, width};
use crate::image::tone::Tone;

/// With more edges than this they become one image.
const MOST_LINES: usize = 10_000;

/// With more nodes than this they become one image.
const MOST_CIRCLES: usize = 20_000;

/// The scene as an SVG 1.1 document with some SVG 2 properties that old viewers may ignore.
pub(crate) fn document(scene: &Scene) -> Result<String> {
    let (w, h) = (scene.width, scene.height);
    let mut svg = String::new();
    put(
        &mut svg,
        format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" \
         width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\">\n"
        ),
    );
    if scene.background[3] > 0 {
        let (color, opacity) = css(scene.background);
        put(
            &mut svg,
            format_args!(
                "<rect width=\"{w}\" height=\"{h}\" fill=\"{color}\" fill-opacity=\"{opacity}\"/>\n"
            ),
        );
    }
    edges(&mut svg, scene)?;
    nodes(&mut svg, scene)?;
    icons(&mut svg, scene);
    legend(&mut svg, scene);
    labels(&mut svg, scene);
    svg.push_str("</svg>\n");
    Ok(svg)
}

fn edges(svg: &mut String, scene: &Scene) -> Result<()> {
    let (cells, tone) = scene.edges();
    if cells.is_empty() {
        return Ok(());
    }
    if scene.graph.n_edges() > MOST_LINES {
        let pixels = scene.straight(scene.raster(&cells, tone, [0; 4], &[]));
        return image(svg, "edges", &pixels);
    }
    let opacity = tone.opacity(1.0);
    let color = |color: Rgba8| css(edge_color(to_oklab(color), opacity, &scene.look)).0;
    let mut gradients: HashMap<(String, String, bool), usize> = HashMap::new();
    let mut definitions = String::new();
    let mut lines = String::new();
    let coo = scene.graph.coo();
    for (edge, (&u, &v)) in coo.sources().iter().zip(coo.targets()).enumerate() {
        let [mut a, mut b] = [u, v].map(|u| scene.discs[u as usize]);
        if let Some(own) = scene.looks.colors(edge) {
            [a.color, b.color] = own;
        }
        if u == v || !a.is_placed() || !b.is_placed() {
            continue;
        }
        // Left to right, so that a gradient along the line's box has only two directions.
        if b.x < a.x {
            (a, b) = (b, a);
        }
        let [start, end] = [a.color, b.color].map(color);
        // A level or upright line has an empty box, on which a gradient has no direction.
        let has_box = (b.x - a.x) >= 0.1 && (b.y - a.y).abs() >= 0.1;
        let stroke =
            if start == end || !has_box {
                color(if start == end { a.color } else { mix(a.color, b.color) })
            } else {
                let falls = a.y < b.y;
                let fresh = gradients.len();
                let id = *gradients.entry((start.clone(), end.clone(), falls)).or_insert_with(|| {
                let (from, to) = if falls { (0, 1) } else { (1, 0) };
                put(&mut definitions, format_args!(
                    "<linearGradient id=\"g{fresh}\" y1=\"{from}\" x2=\"1\" y2=\"{to}\">\
                     <stop stop-color=\"{start}\"/><stop offset=\"1\" stop-color=\"{end}\"/>\
                     </linearGradient>\n"
                ));
                fresh
            });
                format!("url(#g{id})")
            };
        put(
            &mut lines,
            format_args!(
                "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"{stroke}\"{}/>\n",
                round(a.x),
                round(a.y),
                round(b.x),
                round(b.y),
                own_stroke(scene, edge, tone)
            ),
        );
    }
    if !definitions.is_empty() {
        put(svg, format_args!("<defs>\n{definitions}</defs>\n"));
    }
    put(
        svg,
        format_args!(
            "<g id=\"edges\" stroke-width=\"{}\" stroke-opacity=\"{}\">\n{lines}</g>\n",
            round(scene.line),
            round3(opacity)
        ),
    );
    signs(svg, scene, tone);
    Ok(())
}

fn signs(svg: &mut String, scene: &Scene, tone: Tone) {
    if scene.signs.is_empty() {
        return;
    }
    svg.push_str("<g id=\"signs\">\n");
    for sign in &scene.signs {
        let (color, opacity) = scene.sign_paint(sign, tone);
        let (data, color, opacity) = (svg_data(&sign.path), css(color).0, round3(opacity));
        let paint = match sign.line {
            None => format!("fill=\"{color}\" fill-opacity=\"{opacity}\""),
            Some(line) => format!(
                "fill=\"none\" stroke=\"{color}\" stroke-opacity=\"{opacity}\" stroke-width=\"{}\"",
                round(line)
            ),
        };
        put(svg, format_args!("<path d=\"{data}\" {paint}/>\n"));
    }
    svg.push_str("</g>\n");
}

/// Width and opacity of an edge, where they are not those of all.
fn own_stroke(scene: &Scene, edge: usize, tone: Tone) -> String {
    let mut attributes = String::new();
    let width = scene.looks.width(edge);
    if width != 1.0 {
        put(&mut attributes, format_args!(" stroke-width=\"{}\"", round(scene.line * width)));
    }
    let opacity = scene.looks.opacity(edge);
    if opacity < 1.0 {
        let opacity = round3(tone.opacity(opacity));
        put(&mut attributes, format_args!(" stroke-opacity=\"{opacity}\""));
    }
    attributes
}

fn nodes(svg: &mut String, scene: &Scene) -> Result<()> {
    if scene.discs.len() > MOST_CIRCLES {
        let tone = Tone::Layered { log_rest: 0.0 };
        let pixels = scene.straight(scene.raster(&[], tone, [0; 4], &scene.order));
        return image(svg, "nodes", &pixels);
    }
    let (ring, _) = css(scene.rim_color());
    let ids = scene.graph.ids();
    put(svg, format_args!("<g id=\"nodes\" stroke=\"{ring}\" paint-order=\"stroke\">\n"));
    for &u in &scene.order {
        let disc = scene.discs[u as usize];
        if !disc.is_placed() {
            continue;
        }
        let name = arrow::util::display::array_value_to_string(ids, u as usize)?;
        put(
            svg,
            format_args!(
                "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{}\"{} stroke-width=\"{}\"><title>{}</title></circle>\n",
                round(disc.x),
                round(disc.y),
                round(disc.radius),
                css(disc.color).0,
                faint(disc.color),
                round(2.0 * ring_width(disc.radius)),
                escape(&tidy(&name))
            ),
        );
    }
    svg.push_str("</g>\n");
    Ok(())
}

fn icons(svg: &mut String, scene: &Scene) {
    if scene.icons.is_empty() {
        return;
    }
    svg.push_str("<g id=\"icons\" stroke=\"none\" fill-rule=\"evenodd\">\n");
    scene.icons.iter().for_each(|one| icon(svg, one));
    svg.push_str("</g>\n");
}

fn icon(svg: &mut String, icon: &Icon) {
    if let Some((radius, color)) = icon.plate {
        let line = icon.rim.map_or_else(String::new, |rim| {
            format!(" stroke=\"{}\" stroke-width=\"{}\"", css(rim).0, round(RIM * radius))
        });
        let (x, y, radius) = (round(icon.x), round(icon.y), round(radius));
        let (fill, faint) = (css(color).0, faint(color));
        put(
            svg,
            format_args!(
                "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" fill=\"{fill}\"{faint}{line}/>\n"
            ),
        );
    }
    let (fill, faint) = (css(icon.color).0, faint(icon.color));
    // Readers have fonts of theirs for what the bundled one lacks, and emoji have no outlines.
    if let Some(Text { line, x, y, size }) = icon.line().filter(|line| !line.is_plain()) {
        let (x, y, size, line) = (round(x), round(y), round(size), escape(&line));
        return put(
            svg,
            format_args!(
                "<text x=\"{x}\" y=\"{y}\" font-family=\"{FONT_STACK}\" font-size=\"{size}\" fill=\"{fill}\"{faint}>{line}</text>\n"
            ),
        );
    }
    for path in icon.paths() {
        let data = svg_data(&path);
        put(svg, format_args!("<path d=\"{data}\" fill=\"{fill}\"{faint}/>\n"));
    }
}

fn legend(svg: &mut String, scene: &Scene) {
    if scene.marks.is_empty() {
        return;
    }
    text_group(svg, scene, "legend");
    for mark in &scene.marks {
        match mark {
            Mark::Block(rect, color) => put(
                svg,
                format_args!(
                    "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"{} stroke=\"none\"/>\n",
                    round(rect.left),
                    round(rect.top),
                    round(rect.width()),
                    round(rect.height()),
                    css(*color).0,
                    faint(*color)
                ),
            ),
            Mark::Dot { x, y, radius, color } => put(
                svg,
                format_args!(
                    "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{}\"{} stroke=\"none\"/>\n",
                    round(*x),
                    round(*y),
                    round(*radius),
                    css(*color).0,
                    faint(*color)
                ),
            ),
            Mark::Icon(one) => {
                svg.push_str("<g stroke=\"none\" fill-rule=\"evenodd\">\n");
                icon(svg, one);
                svg.push_str("</g>\n");
            }
            Mark::Text(text) => line(svg, scene, text, scene.look.text),
            Mark::QuietText(text) => line(svg, scene, text, scene.look.quiet_text),
        }
    }
    svg.push_str("</g>\n");
}

fn labels(svg: &mut String, scene: &Scene) {
    if scene.labels.is_empty() {
        return;
    }
    text_group(svg, scene, "labels");
    for label in &scene.labels {
        line(svg, scene, label, scene.look.text);
    }
    svg.push_str("</g>\n");
}

fn text_group(svg: &mut String, scene: &Scene, id: &str) {
    let (rim, opacity) = css(scene.rim_color());
    put(
        svg,
        format_args!(
            "<g id=\"{id}\" font-family=\"{FONT_STACK}\" font-weight=\"500\" stroke=\"{rim}\" \
         stroke-opacity=\"{opacity}\" stroke-linejoin=\"round\" paint-order=\"stroke\">\n"
        ),
    );
}

/// A line of text, as long as in the bundled font whatever font the reader has.
fn line(svg: &mut String, scene: &Scene, text: &Text, color: Rgba8) {
    put(
        svg,
        format_args!(
            "<text x=\"{}\" y=\"{}\" font-size=\"{}\" textLength=\"{}\" \
         lengthAdjust=\"spacingAndGlyphs\" fill=\"{}\" stroke-width=\"{}\">{}</text>\n",
            round(text.x),
            round(text.y),
            round(text.size),
            round(width(&text.line, text.size)),
            css(color).0,
            round(scene.halo * text.size),
            escape(&text.line)
        ),
    );
}

/// The pixels as an image that fills the picture.
fn image(svg: &mut String, id: &str, pixels: &Pixels) -> Result<()> {
    let data = STANDARD.encode(pixels.png_bytes()?);
    put(
        svg,
        format_args!(
            "<image id=\"{id}\" width=\"{}\" height=\"{}\" xlink:href=\"data:image/png;base64,{data}\"/>\n",
            pixels.width, pixels.height
        ),
    );
    Ok(())
}

fn put(svg: &mut String, text: std::fmt::Arguments) {
    svg.write_fmt(text).expect("a string should take any text");
}

/// `#rrggbb` and the opacity.
fn css([red, green, blue, alpha]: Rgba8) -> (String, f32) {
    (format!("#{red:02x}{green:02x}{blue:02x}"), round3(f32::from(alpha) / 255.0))
}

/// The attribute for a color that is not opaque.
fn faint(color: Rgba8) -> String {
    if color[3] == 255 { String::new() } else { format!(" fill-opacity=\"{}\"", css(color).1) }
}

fn mix(a: Rgba8, b: Rgba8) -> Rgba8 {
    let (a, b) = (to_oklab(a), to_oklab(b));
    crate::encode::from_oklab([0, 1, 2].map(|i| f32::midpoint(a[i], b[i])))
}

/// To a hundredth of a pixel: finer than any screen, shorter than the shortest exact text.
fn round(value: f32) -> f32 {
    (value * 100.0).round() / 100.0
}

fn round3(value: f32) -> f32 {
    (value * 1000.0).round() / 1000.0
}
