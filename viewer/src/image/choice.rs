//! What is chosen for a graph whatever it is drawn on: default colors and sizes, and the column with names.

use std::collections::HashSet;

use arrow::array::{Array, ArrayRef};
use arrow::util::display::array_value_to_string;
use graph_core::Graph;

use crate::encode::{self, Encodings, Rgba8, Sizes, from_oklab, to_oklab};
use crate::image::frame::{Frame, Rect};
use crate::{ImageConfig, Result, Theme};

/// Share of the room that the discs of all nodes cover together, at most.
const NODE_SHARE: f32 = 0.035;

/// Share of the occupied tiles that they cover together, at most.
const NODE_SHARE_OF_TILES: f32 = 0.24;

/// Tiles along the shorter side of the room, to measure how much of it is occupied.
const TILES: f32 = 40.0;

/// Largest radius as a share of the shorter side.
const LARGEST_RADIUS: f32 = 0.028;

/// Smallest area of the median node, in pixels, if edges are few: else nodes would be too faint to
/// be seen with nothing else there. In pictures beyond the default size it grows with them.
const LEAST_AREA: f32 = 1.5;

/// Most of the occupied tiles that nodes may cover together for the sake of that.
const LEAST_AREA_SHARE: f32 = 0.35;

/// Width of the widest edge, where widths are data, as a factor on that of edges that are all alike.
const WIDEST: f64 = 5.0;

/// Columns of strings that name nodes, the likeliest first.
const NAME_COLUMNS: [&str; 3] = ["label", "name", "title"];

/// Pixels of the default picture, at which the unit of all lengths is 1.
pub(crate) const DEFAULT_AREA: f32 = 1920.0 * 1440.0;

/// Width of an edge in a picture of default size: bold if there are few.
pub(crate) fn line_width(n_edges: usize) -> f32 {
    (3.0 - 0.5 * (n_edges.max(1) as f32).log10()).clamp(0.9, 2.4)
}

/// Whether most values are different, as names are and classes are not. Reads the first thousand.
fn tells_apart(column: &ArrayRef) -> bool {
    let values: Vec<String> = (0..column.len().min(1000))
        .filter(|&u| column.is_valid(u))
        .filter_map(|u| array_value_to_string(column, u).ok())
        .collect();
    let distinct: HashSet<&String> = values.iter().collect();
    2 * distinct.len() > values.len()
}

/// The column with the names of nodes, and whether it holds names rather than numbers.
pub(crate) fn name_column<'a>(
    graph: &'a Graph,
    config: &ImageConfig,
    encodings: &Encodings,
) -> Result<(&'a ArrayRef, bool)> {
    if let Some(name) = encodings.node_title.as_ref().or(encodings.node_label.as_ref()) {
        return Ok((graph.node_column(name)?, true));
    }
    let named = NAME_COLUMNS
        .iter()
        .filter(|&&name| config.color_by.as_deref() != Some(name))
        .filter_map(|name| graph.nodes().column_by_name(name))
        .find(|column| encode::is_text(column.data_type()) && tells_apart(column));
    Ok(match named {
        Some(column) => (column, true),
        None => (graph.ids(), encode::is_text(graph.ids().data_type())),
    })
}

/// Colors of nodes that carry no data.
pub(crate) fn colors(x: &[f32], y: &[f32], config: &ImageConfig) -> Vec<Rgba8> {
    if config.color_by.as_deref() == Some("none") {
        return vec![encode::PALETTE[0]; x.len()];
    }
    let darken = |color| {
        let [l, a, b] = to_oklab(color);
        from_oklab([0.86 * l, a, b])
    };
    let colors = encode::by_position(x, y);
    if config.theme == Theme::Light { colors.into_iter().map(darken).collect() } else { colors }
}

/// Areas of nodes by degree, or all alike.
pub(crate) fn areas(degrees: &[u32], config: &ImageConfig) -> Vec<f32> {
    if config.size_by.as_deref() == Some("none") {
        return vec![1.0; degrees.len()];
    }
    let values: Vec<f64> = degrees.iter().map(|&degree| f64::from(degree)).collect();
    encode::sizes(&values, Sizes::Count)
}

/// Factors on the width of a line: together as wide as if all were alike, but none too wide.
pub(crate) fn line_widths(sizes: Vec<f32>) -> Vec<f32> {
    let mean = sizes.iter().map(|&size| f64::from(size)).sum::<f64>() / sizes.len().max(1) as f64;
    let factor = if mean > 0.0 { (1.0 / mean).min(WIDEST) as f32 } else { 1.0 };
    sizes.into_iter().map(|size| size * factor).collect()
}

/// Radii in pixels: together the discs cover a fixed share of the room, or of the tiles of it that
/// nodes are in if these are few, however many nodes there are. Where there are few edges the share
/// is larger if the median node could not be seen otherwise.
pub(crate) fn radii(
    areas: &[f32],
    places: &[(f32, f32)],
    room: Rect,
    unit: f32,
    n_edges: usize,
    scale: f32,
) -> Vec<f32> {
    let placed = |u: &usize| room.contains(places[*u].0, places[*u].1);
    let total: f64 = (0..areas.len()).filter(placed).map(|u| f64::from(areas[u])).sum();
    let shorter = room.width().min(room.height());
    let occupied = occupied(places, room, shorter / TILES);
    let share = (NODE_SHARE * room.width() * room.height()).min(NODE_SHARE_OF_TILES * occupied);
    // Whole up to one edge for two nodes, nothing from two edges per node on.
    let n = areas.len() as f32;
    let faint = ((2.0 - n_edges as f32 / n) / 1.5).clamp(0.0, 1.0);
    let least = faint * (LEAST_AREA * unit.max(1.0).powi(2)).min(LEAST_AREA_SHARE * occupied / n);
    let mut sorted = areas.to_vec();
    let middle = sorted.len() / 2;
    let median = match sorted.len() {
        0 => 1.0,
        _ => *sorted.select_nth_unstable_by(middle, f32::total_cmp).1,
    };
    let mut per_area =
        if total > 0.0 { f64::from(share) / std::f64::consts::PI / total } else { 0.0 };
    if median > 0.0 {
        per_area = per_area.max(f64::from(least / median) / std::f64::consts::PI);
    }
    let radius = |area: f32| (f64::from(area) * per_area).sqrt() as f32;
    areas.iter().map(|&area| radius(area).min(LARGEST_RADIUS * shorter) * scale).collect()
}

/// Area of the square tiles of side `side` that hold a node, their neighbors counted by half.
fn occupied(places: &[(f32, f32)], room: Rect, side: f32) -> f32 {
    let columns = (room.width() / side) as usize + 3;
    let rows = (room.height() / side) as usize + 3;
    let mut tiles = vec![0_u8; columns * rows];
    for &(x, y) in places.iter().filter(|(x, y)| room.contains(*x, *y)) {
        let column = ((x - room.left) / side) as usize + 1;
        let row = ((y - room.top) / side) as usize + 1;
        for (row, column, value) in [
            (row, column, 2),
            (row, column - 1, 1),
            (row, column + 1, 1),
            (row - 1, column, 1),
            (row + 1, column, 1),
        ] {
            let tile = &mut tiles[row * columns + column];
            *tile = value.max(*tile);
        }
    }
    let halves: usize = tiles.iter().map(|&tile| usize::from(tile)).sum();
    halves as f32 / 2.0 * side * side
}

/// Radii on a page of `size` CSS pixels that shows the whole layout.
pub(crate) fn radii_on_page(
    areas: &[f32],
    x: &[f32],
    y: &[f32],
    size: [f32; 2],
    n_edges: usize,
) -> Vec<f32> {
    let [width, height] = size;
    let page = Rect { left: 0.0, top: 0.0, right: width, bottom: height };
    let room = page.grown(-ImageConfig::default().margin * width.min(height));
    let frame = Frame::fit(x, y, room);
    let places: Vec<(f32, f32)> = x.iter().zip(y).map(|(&x, &y)| frame.place(x, y)).collect();
    radii(areas, &places, room, unit(size), n_edges, 1.0)
}

/// Width of an edge on a page of `size` CSS pixels.
pub(crate) fn line_on_page(size: [f32; 2], n_edges: usize) -> f32 {
    line_width(n_edges) * unit(size)
}

/// A length of the default picture in one of `size`.
fn unit([width, height]: [f32; 2]) -> f32 {
    (width * height / DEFAULT_AREA).sqrt()
}

/// The names of nodes; `None` where there is none.
pub(crate) fn names<'a>(
    graph: &'a Graph,
    config: &ImageConfig,
    encodings: &Encodings,
) -> Result<impl Fn(usize) -> Option<String> + use<'a>> {
    let (column, _) = name_column(graph, config, encodings)?;
    Ok(move |u: usize| column.is_valid(u).then(|| array_value_to_string(column, u).ok()).flatten())
}
