//! The scene file: all that a renderer needs of a graph, in dense buffers behind a header in JSON.

mod badges;
mod file;
mod tables;

pub use badges::{MOST_BADGED, SceneBadge};
use graph_core::Graph;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
pub use tables::{SceneColumn, SceneTable, SceneTables, SceneType, SceneValues};

use crate::encode::{EdgeColors, Icons, PALETTE, Rgba8, between};
use crate::image::look::Look;
use crate::image::{choice, text};
use crate::{Arrows, EdgeOpacity, Error, HexColor, ImageConfig, Labels, Result, Theme};

/// Most nodes that have a label in a scene.
pub const MOST_LABELS: usize = 1000;

/// Most bytes of tables in a scene that goes with a page of its own: pages of more are slow to open.
pub const MOST_TABLE_BYTES: usize = 64 << 20;

/// Sides of the page that radii are chosen for, in CSS pixels.
const PAGE: [f32; 2] = [1280.0, 960.0];

/// Radius below which nodes of a page can hardly be hit, in CSS pixels.
const LEAST_RADIUS: f32 = 1.5;

/// What a page shows of a graph: the same colors, sizes and names that a [`Picture`](crate::Picture) has, as
/// buffers that go to a graphics card as they are.
///
/// | buffer       | shape    | meaning                                            |
/// |--------------|----------|----------------------------------------------------|
/// | `edges`      | `[m, 2]` | source and target                                  |
/// | `positions`  | `[n, 2]` | x to the right, y up, layout units                 |
/// | `node_color` | `[n, 4]` | straight sRGB with opacity                         |
/// | `node_size`  | `[n]`    | radius in CSS pixels                               |
/// | `node_icon`  | `[n]`    | place in `icons` and one, or 0 for none            |
/// | `edge_color` | `[m, 4]` | as that of nodes; without, between those of the ends |
/// | `edge_width` | `[m]`    | CSS pixels                                         |
///
/// [`write`](Self::write) makes a file of it and [`read`](Self::read) reads one; `docs/stream.md` says its bytes.
///
/// ```
/// use graph_core::{Coo, Graph};
/// use graph_viewer::{ImageConfig, Scene};
///
/// let path = Graph::from_coo(Coo::new(3, vec![0, 1], vec![1, 2], None)?, false);
/// let (x, y) = ([0.0, 1.0, 2.0], [0.0, 1.0, 0.0]);
/// let scene = Scene::new(&path, Some([&x, &y]), &ImageConfig::default())?;
/// assert_eq!(scene.labels.text, ["1", "0", "2"]);
/// let mut file = Vec::new();
/// scene.write(&mut file)?;
/// assert_eq!(Scene::read(&file)?, scene);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scene {
    /// Number of nodes, `n`.
    pub n_nodes: usize,
    /// Number of edges, `m`.
    pub n_edges: usize,
    /// Whether edges have a direction.
    pub is_directed: bool,
    /// What the scene is called.
    pub title: String,
    /// Source and target of each edge.
    pub edges: Vec<[u32; 2]>,
    /// Where nodes are; not finite if nowhere.
    pub positions: Option<Vec<[f32; 2]>>,
    /// Colors of the nodes.
    pub node_color: Option<Vec<Rgba8>>,
    /// Radii of the nodes.
    pub node_size: Option<Vec<f32>>,
    /// Icons of the nodes.
    pub node_icon: Option<Vec<u16>>,
    /// Colors of the edges.
    pub edge_color: Option<Vec<Rgba8>>,
    /// Widths of the edges.
    pub edge_width: Option<Vec<f32>>,
    /// How the page looks, such as `background` and `point_size`.
    pub settings: Map<String, Value>,
    /// The parts of an [`encode::Legend`](crate::encode::Legend), in JSON.
    pub legend: Vec<Value>,
    /// Names of the most important nodes.
    pub labels: SceneLabels,
    /// Names of icons, from 1 on in `node_icon`.
    pub icons: Vec<String>,
    /// Whether those are texts to be drawn, and not names of pictures.
    pub icons_as_text: bool,
    /// Badges of the largest nodes.
    pub badges: Vec<SceneBadge>,
    /// What nodes and edges are, for pages without a server.
    pub tables: Option<SceneTables>,
}

/// Names of nodes, the most important first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SceneLabels {
    /// The nodes.
    pub index: Vec<u32>,
    /// Their names.
    pub text: Vec<String>,
}

impl Scene {
    /// The scene of `graph`, with node `u` at `x[u]`, `y[u]` if `positions` are `[x, y]`.
    ///
    /// Colors, sizes and names are those that a picture of the same options has. Without positions, nodes have a
    /// color only if it is data, and are as large as if they were spread evenly. Of the options, width,
    /// height, margin, legend and scale of labels mean nothing here. O(n + m) time for each encoding, and
    /// O(n log n) for names.
    ///
    /// # Errors
    ///
    /// As those of [`Picture::new`](crate::Picture::new).
    pub fn new(
        graph: &Graph,
        positions: Option<[&[f32]; 2]>,
        config: &ImageConfig,
    ) -> Result<Self> {
        config.check()?;
        let n = graph.n_nodes();
        for (column, values) in ["x", "y"].into_iter().zip(positions.into_iter().flatten()) {
            if values.len() != n {
                return Err(Error::LengthMismatch { column, found: values.len(), expected: n });
            }
        }
        let encodings = config.encodings_of(graph);
        let (buffers, legend) = encodings.evaluate(graph)?;
        let degrees = graph.degrees();

        let mut node_color = match (buffers.node_colors, positions) {
            (Some(colors), _) => Some(colors),
            (None, Some([x, y])) => Some(choice::colors(x, y, config)),
            (None, None) => None,
        };
        if let Some(opacities) = &buffers.node_opacities {
            let colors = node_color.get_or_insert_with(|| vec![PALETTE[0]; n]);
            fade(colors, opacities);
        }
        let areas = buffers.node_sizes.unwrap_or_else(|| choice::areas(&degrees, config));
        let node_size = match positions {
            Some([x, y]) => choice::radii_on_page(&areas, x, y, PAGE, graph.n_edges()),
            None => {
                let [x, y] = spread(n);
                choice::radii_on_page(&areas, &x, &y, PAGE, graph.n_edges())
            }
        };
        let node_size: Vec<f32> =
            node_size.into_iter().map(|radius| radius.hypot(LEAST_RADIUS)).collect();

        let ends = (graph.coo().sources(), graph.coo().targets());
        let mut edge_color = match buffers.edge_colors {
            None => None,
            Some(EdgeColors::Whole(colors)) => Some(colors),
            // A line of a page has one color of its own, or those of its ends.
            Some(EdgeColors::Gradient(colors)) => {
                Some(colors.par_iter().map(|ends| between(ends, 0.5)).collect())
            }
        };
        if let Some(opacities) = &buffers.edge_opacities {
            let of = |u: u32| node_color.as_ref().map_or(PALETTE[0], |colors| colors[u as usize]);
            let colors = edge_color.get_or_insert_with(|| {
                let middle = |(&u, &v)| between(&[of(u), of(v)], 0.5);
                ends.0.par_iter().zip(ends.1).map(middle).collect()
            });
            fade(colors, opacities);
        }
        let line = choice::line_on_page(PAGE, graph.n_edges()) * config.edge_scale;
        let edge_width = buffers.edge_sizes.map(|sizes| {
            choice::line_widths(sizes).into_iter().map(|width| width * line).collect()
        });

        let (icons, node_icon, icons_as_text) = match buffers.node_icons {
            Some(Icons { mut table, index, as_text }) => {
                // Entry 0 is none, which the file does not list.
                table.drain(..1.min(table.len()));
                (table, Some(index), as_text)
            }
            None => (Vec::new(), None, false),
        };
        let labels = labels(graph, config, &encodings, &node_size, &degrees)?;
        let badges = match buffers.badges.is_empty() {
            true => Vec::new(),
            false => {
                let largest = largest(&node_size, &degrees, MOST_BADGED);
                buffers.badges.iter().map(|badge| SceneBadge::of(badge, &largest)).collect()
            }
        };
        let legend = legend.parts.iter().map(|part| {
            serde_json::to_value(part).map_err(|error| Error::BadScene {
                place: "legend".to_owned(),
                reason: error.to_string(),
            })
        });
        Ok(Self {
            n_nodes: n,
            n_edges: graph.n_edges(),
            is_directed: graph.is_directed(),
            title: config.title.clone().unwrap_or_default(),
            edges: ends.0.iter().zip(ends.1).map(|(&u, &v)| [u, v]).collect(),
            positions: positions.map(|[x, y]| x.iter().zip(y).map(|(&x, &y)| [x, y]).collect()),
            node_color,
            node_size: Some(node_size),
            node_icon,
            edge_color,
            edge_width,
            settings: settings(config),
            legend: legend.collect::<Result<_>>()?,
            labels,
            icons,
            icons_as_text,
            badges,
            tables: None,
        })
    }

    /// The same scene with the tables of `graph`, which it was made of: a page of its own, which has no server to ask,
    /// filters, searches and tells by them. Columns beyond `most_bytes`, such as [`MOST_TABLE_BYTES`], are left out, and
    /// named in [`SceneTables::left_out`].
    ///
    /// # Errors
    ///
    /// As those of [`SceneTables::of`].
    pub fn with_tables(mut self, graph: &Graph, most_bytes: usize) -> Result<Self> {
        self.tables = Some(SceneTables::of(graph, most_bytes)?);
        Ok(self)
    }
}

/// Makes colors as opaque as factors say.
fn fade(colors: &mut [Rgba8], opacities: &[f32]) {
    for (color, &opacity) in colors.iter_mut().zip(opacities) {
        color[3] = (f32::from(color[3]) * opacity).round() as u8;
    }
}

/// Places for `n` nodes that have none, evenly over a disc.
fn spread(n: usize) -> [Vec<f32>; 2] {
    // The golden angle, in radians.
    let turn = std::f64::consts::PI * (3.0 - 5.0_f64.sqrt());
    let place = |u: usize| {
        let (radius, angle) = ((u as f64 + 0.5).sqrt(), u as f64 * turn);
        [(radius * angle.cos()) as f32, (radius * angle.sin()) as f32]
    };
    [0, 1].map(|axis| (0..n).map(|u| place(u)[axis]).collect())
}

/// What the options say that is no buffer.
fn settings(config: &ImageConfig) -> Map<String, Value> {
    let mut settings = Map::new();
    let look = Look::of(config.theme);
    let background = config.background.map_or(look.background, |color| color.0);
    let theme = match config.theme {
        Theme::Dark => "dark",
        Theme::Light => "light",
    };
    settings.insert("theme".to_owned(), theme.into());
    if background[3] > 0 {
        let [red, green, blue, _] = background;
        let opaque = HexColor([red, green, blue, 255]).to_string();
        settings.insert("background".to_owned(), opaque.into());
    }
    if config.node_scale != 1.0 {
        settings.insert("point_size".to_owned(), f64::from(config.node_scale).into());
    }
    if let EdgeOpacity::Fixed(opacity) = config.edge_opacity {
        settings.insert("edge_opacity".to_owned(), f64::from(opacity).into());
    }
    if config.labels == Labels::None {
        settings.insert("show_labels".to_owned(), false.into());
    }
    if config.arrows != Arrows::Auto {
        settings.insert("show_arrows".to_owned(), (config.arrows == Arrows::All).into());
    }
    settings
}

/// The largest nodes; of equal ones, those with more edges.
fn largest(sizes: &[f32], degrees: &[u32], limit: usize) -> Vec<u32> {
    let before = |&u: &u32, &v: &u32| {
        let (a, b) = (u as usize, v as usize);
        sizes[b].total_cmp(&sizes[a]).then(degrees[b].cmp(&degrees[a])).then(u.cmp(&v))
    };
    let mut order: Vec<u32> = (0..sizes.len() as u32).collect();
    if limit < order.len() {
        order.select_nth_unstable_by(limit, before);
        order.truncate(limit);
    }
    order.sort_unstable_by(before);
    order
}

/// Names of the largest nodes.
fn labels(
    graph: &Graph,
    config: &ImageConfig,
    encodings: &crate::encode::Encodings,
    sizes: &[f32],
    degrees: &[u32],
) -> Result<SceneLabels> {
    let limit = match config.labels {
        Labels::None => 0,
        Labels::Auto | Labels::All => MOST_LABELS,
        Labels::Count(count) => count.min(MOST_LABELS),
    };
    let limit = limit.min(sizes.len());
    if limit == 0 {
        return Ok(SceneLabels::default());
    }
    let name = choice::names(graph, config, encodings)?;
    let mut labels = SceneLabels::default();
    for u in largest(sizes, degrees, limit) {
        if let Some(text) = name(u as usize).map(|name| text::tidy(&name)).filter(|t| !t.is_empty())
        {
            labels.index.push(u);
            labels.text.push(text);
        }
    }
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Float32Array, StringArray};
    use graph_core::Coo;

    use super::*;
    use crate::Picture;
    use crate::encode::Encodings;

    fn star() -> Graph {
        let kinds: ArrayRef = Arc::new(StringArray::from(vec!["hub", "leaf", "leaf", "leaf"]));
        let risk: ArrayRef = Arc::new(Float32Array::from(vec![0.1, 0.9, 0.2, 0.3]));
        Graph::from_coo(Coo::new(4, vec![0, 0, 0], vec![1, 2, 3], None).unwrap(), true)
            .with_node_columns([("kind".to_owned(), kinds), ("risk".to_owned(), risk)])
            .unwrap()
    }

    const X: [f32; 4] = [0.0, 1.0, -1.0, 0.0];
    const Y: [f32; 4] = [0.0, 0.0, 0.0, 1.0];

    #[test]
    fn colors_are_those_of_a_picture() {
        for color_by in [None, Some("kind"), Some("none"), Some("degree")] {
            let config = ImageConfig {
                color_by: color_by.map(str::to_owned),
                labels: Labels::None,
                ..ImageConfig::default()
            };
            let scene = Scene::new(&star(), Some([&X, &Y]), &config).unwrap();
            let graph = star();
            let picture = Picture::new(&graph, &X, &Y, &config).unwrap();
            assert_eq!(scene.node_color.unwrap(), picture.node_colors(), "{color_by:?}");
            assert_eq!(scene.settings["show_labels"], false);
            assert_eq!(scene.settings.get("show_arrows"), None);
        }
    }

    #[test]
    fn arrows_that_are_asked_for_are_told_to_the_page() {
        for (arrows, shown) in [(Arrows::All, true), (Arrows::None, false)] {
            let config = ImageConfig { arrows, ..ImageConfig::default() };
            assert_eq!(Scene::new(&star(), None, &config).unwrap().settings["show_arrows"], shown);
        }
    }

    #[test]
    fn hubs_are_larger_and_named_first() {
        for positions in [None, Some([&X[..], &Y[..]])] {
            let scene = Scene::new(&star(), positions, &ImageConfig::default()).unwrap();
            let sizes = scene.node_size.unwrap();
            assert!(sizes[0] > sizes[1] && sizes[1] == sizes[2], "{sizes:?}");
            assert!(sizes.iter().all(|size| (LEAST_RADIUS..30.0).contains(size)), "{sizes:?}");
            assert_eq!(scene.labels.index, [0, 1, 2, 3]);
            assert_eq!(scene.node_color.is_some(), positions.is_some());
        }
    }

    #[test]
    fn opacities_are_in_the_colors() {
        let raw = r#"{"node_opacity": {"column": "risk", "scale": "raw"}}"#;
        let raw = Some(Encodings::from_json(raw).unwrap());
        let scaled = ImageConfig { opacity_by: Some("risk".to_owned()), ..ImageConfig::default() };
        for (config, expected) in [
            (ImageConfig { encodings: raw, ..ImageConfig::default() }, [26, 230, 51, 77]),
            (scaled, [38, 255, 65, 92]),
        ] {
            for positions in [None, Some([&X[..], &Y[..]])] {
                let scene = Scene::new(&star(), positions, &config).unwrap();
                let colors = scene.node_color.unwrap();
                let alpha: Vec<u8> = colors.iter().map(|color| color[3]).collect();
                assert_eq!(alpha, expected);
            }
        }
    }

    #[test]
    fn a_column_that_is_not_there_is_an_error() {
        let config = ImageConfig { color_by: Some("knd".to_owned()), ..ImageConfig::default() };
        let error = Scene::new(&star(), None, &config).unwrap_err();
        assert!(error.to_string().contains("did you mean `kind`"), "{error}");
        let short = Scene::new(&star(), Some([&X[..2], &Y]), &ImageConfig::default());
        assert!(matches!(short, Err(Error::LengthMismatch { column: "x", found: 2, .. })));
    }

    #[test]
    fn an_empty_graph_has_a_scene() {
        let graph = Graph::from_coo(Coo::new(0, vec![], vec![], None).unwrap(), false);
        let scene = Scene::new(&graph, None, &ImageConfig::default()).unwrap();
        let mut file = Vec::new();
        scene.write(&mut file).unwrap();
        assert_eq!(Scene::read(&file).unwrap(), scene);
    }
}
