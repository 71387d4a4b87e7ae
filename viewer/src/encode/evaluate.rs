//! Encodings of a graph: columns in, dense buffers and a legend out.

use std::cell::{OnceCell, RefCell};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Float32Array, RecordBatch, UInt32Array};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use graph_core::Graph;
use graph_core::words::nearest;

use crate::encode::apply;
use crate::encode::legend::{Legend, LegendPart};
use crate::encode::output::{Channel, Encoded};
use crate::encode::{BadgePosition, Encoding, Encodings, Rgba8};
use crate::{Error, Result};

/// What a renderer reads, each `None` where nothing was asked for.
///
/// | buffer           | shape           | meaning                                              |
/// |------------------|-----------------|------------------------------------------------------|
/// | `node_colors`    | `[n, 4]`        | straight sRGB with opacity, RGBA8                    |
/// | `edge_colors`    | `[m, 4]` or `[m, 2, 4]` | the same; at the source and at the target    |
/// | `node_sizes`     | `[n]`           | relative area, the largest 1                         |
/// | `edge_sizes`     | `[m]`           | relative width, the largest 1                        |
/// | `node_opacities` | `[n]`           | 0 to 1                                               |
/// | `edge_opacities` | `[m]`           | 0 to 1, a factor                                     |
/// | `edge_weights`   | `[m]`           | finite and not negative                              |
/// | `node_icons`     | `[n]`           | index into its table, 0 for none                     |
/// | `edge_icons`     | `[m]`           | the same                                             |
/// | `badges`         |                 | up to nine, each with icons and colors, shapes `[n]` |
/// | titles, labels   | `[n]` or `[m]`  | `Utf8View`; null where there is none                 |
#[derive(Debug, Clone, Default)]
pub struct Buffers {
    /// Colors of the nodes.
    pub node_colors: Option<Vec<Rgba8>>,
    /// Colors of the edges.
    pub edge_colors: Option<EdgeColors>,
    /// Areas of the nodes.
    pub node_sizes: Option<Vec<f32>>,
    /// Widths of the edges.
    pub edge_sizes: Option<Vec<f32>>,
    /// Opacities of the nodes.
    pub node_opacities: Option<Vec<f32>>,
    /// Opacities of the edges.
    pub edge_opacities: Option<Vec<f32>>,
    /// Weights of the edges.
    pub edge_weights: Option<Vec<f32>>,
    /// Icons of the nodes.
    pub node_icons: Option<Icons>,
    /// Icons of the edges.
    pub edge_icons: Option<Icons>,
    /// Badges of the nodes.
    pub badges: Vec<BadgeBuffers>,
    /// Short texts of the nodes.
    pub node_titles: Option<ArrayRef>,
    /// Longer texts of the nodes.
    pub node_labels: Option<ArrayRef>,
    /// Short texts of the edges.
    pub edge_titles: Option<ArrayRef>,
    /// Longer texts of the edges.
    pub edge_labels: Option<ArrayRef>,
}

/// Colors of edges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EdgeColors {
    /// One each.
    Whole(Vec<Rgba8>),
    /// From the one at the source to the one at the target.
    Gradient(Vec<[Rgba8; 2]>),
}

/// Icons by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Icons {
    /// Names; entry 0 is empty and stands for none.
    pub table: Vec<String>,
    /// Entry of each node or edge.
    pub index: Vec<u16>,
    /// Whether names are texts to be drawn, and not names of pictures.
    pub as_text: bool,
}

/// One badge of all nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadgeBuffers {
    /// Where it sits.
    pub position: BadgePosition,
    /// What is in it.
    pub icons: Option<Icons>,
    /// Colors of the icons.
    pub colors: Option<Vec<Rgba8>>,
    /// Colors behind them.
    pub backgrounds: Option<Vec<Rgba8>>,
}

/// Nodes or edges.
#[derive(Clone, Copy, PartialEq)]
enum Of {
    Nodes,
    Edges,
}

impl Encodings {
    /// The buffers that these encodings make of `graph`, and what they mean.
    ///
    /// O(n + m) time and space for each encoding, and O(n log n) where numbers are ranked. The
    /// result depends on values alone, not on how nodes are numbered, but for categories that are
    /// equally frequent: these are in order of first appearance.
    ///
    /// ```
    /// use graph_core::{Coo, Graph};
    /// use graph_viewer::encode::Encodings;
    ///
    /// let star = Graph::from_coo(Coo::new(3, vec![0, 0], vec![1, 2], None)?, false);
    /// let encodings = Encodings::from_json(r#"{
    ///     "node_size": "degree",
    ///     "node_color": {"column": "id", "map": {"0": "red"}, "other": "gray"}
    /// }"#)?;
    /// let (buffers, legend) = encodings.evaluate(&star)?;
    /// assert_eq!(buffers.node_sizes.unwrap(), [1.0, 2.0 / 3.0, 2.0 / 3.0]);
    /// assert_eq!(buffers.node_colors.unwrap()[0], [255, 0, 0, 255]);
    /// assert_eq!(legend.parts.len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`Error::UnknownColumn`] with the nearest name;
    /// - [`Error::ColumnType`] if a column's type cannot be shown so;
    /// - [`Error::BadValue`] if a value cannot, with its row;
    /// - [`Error::TooManyIcons`] if an icon column has more than 65,535 names.
    #[expect(clippy::too_many_lines, reason = "a part for each buffer")]
    pub fn evaluate(&self, graph: &Graph) -> Result<(Buffers, Legend)> {
        let run = Run { graph, ends: OnceCell::new() };
        let parts = RefCell::new(Vec::new());
        let note = |channel: &str, column: &str, key| {
            let (channel, column) = (channel.to_owned(), column.to_owned());
            parts.borrow_mut().push(LegendPart { channel, column, key });
        };
        macro_rules! values {
            ($encode:ident, $encoding:expr, $of:expr, $name:expr, $channel:expr) => {
                match &$encoding {
                    None => None,
                    Some(encoding) => {
                        let column = run.column($of, &encoding.column)?;
                        let Encoded { values, key } = apply::$encode(encoding, &column, $channel)?;
                        note($name, &encoding.column, key);
                        Some(values)
                    }
                }
            };
        }
        let mut buffers = Buffers {
            node_colors: values!(encode, self.node_color, Of::Nodes, "node_color", Channel::Color),
            node_sizes: values!(
                encode_numbers,
                self.node_size,
                Of::Nodes,
                "node_size",
                Channel::Area
            ),
            node_opacities: values!(
                encode_numbers,
                self.node_opacity,
                Of::Nodes,
                "node_opacity",
                Channel::Opacity
            ),
            edge_sizes: values!(
                encode_numbers,
                self.edge_size,
                Of::Edges,
                "edge_size",
                Channel::Width
            ),
            edge_opacities: values!(
                encode_numbers,
                self.edge_opacity,
                Of::Edges,
                "edge_opacity",
                Channel::Opacity
            ),
            edge_weights: values!(
                encode_numbers,
                self.edge_weight,
                Of::Edges,
                "edge_weight",
                Channel::Weight
            ),
            ..Buffers::default()
        };
        buffers.edge_colors = match &self.edge_color {
            Some(_) => values!(encode, self.edge_color, Of::Edges, "edge_color", Channel::Color)
                .map(EdgeColors::Whole),
            None => {
                let sources = values!(
                    encode,
                    self.edge_source_color,
                    Of::Edges,
                    "edge_source_color",
                    Channel::Color
                );
                let targets = values!(
                    encode,
                    self.edge_target_color,
                    Of::Edges,
                    "edge_target_color",
                    Channel::Color
                );
                match (sources, targets) {
                    (None, None) => None,
                    (Some(colors), None) | (None, Some(colors)) => Some(EdgeColors::Whole(colors)),
                    (Some(sources), Some(targets)) => Some(EdgeColors::Gradient(
                        sources.into_iter().zip(targets).map(|(a, b)| [a, b]).collect(),
                    )),
                }
            }
        };
        let icons = |encoding: &Option<Encoding<String>>, of, name: &str, as_text| {
            let Some(encoding) = encoding else { return Ok(None) };
            let column = run.column(of, &encoding.column)?;
            let (table, index, key) = apply::icons(encoding, &column)?;
            note(name, &encoding.column, key);
            Ok::<_, Error>(Some(Icons { table, index, as_text }))
        };
        buffers.node_icons =
            icons(&self.node_icon, Of::Nodes, "node_icon", self.node_icon_as_text)?;
        buffers.edge_icons =
            icons(&self.edge_icon, Of::Edges, "edge_icon", self.edge_icon_as_text)?;
        for (&position, badge) in &self.badges {
            let name = |part: &str| format!("badge_{}_{part}", snake(position));
            let of_badge = icons(&badge.icon, Of::Nodes, &name("icon"), badge.as_text)?;
            buffers.badges.push(BadgeBuffers {
                position,
                icons: of_badge,
                colors: None,
                backgrounds: None,
            });
        }
        for (buffers, badge) in buffers.badges.iter_mut().zip(self.badges.values()) {
            let name = |part: &str| format!("badge_{}_{part}", snake(buffers.position));
            buffers.colors =
                values!(encode, badge.color, Of::Nodes, &name("color"), Channel::Color);
            buffers.backgrounds =
                values!(encode, badge.background, Of::Nodes, &name("background"), Channel::Color);
        }
        for (column, of, place) in [
            (&self.node_title, Of::Nodes, &mut buffers.node_titles),
            (&self.node_label, Of::Nodes, &mut buffers.node_labels),
            (&self.edge_title, Of::Edges, &mut buffers.edge_titles),
            (&self.edge_label, Of::Edges, &mut buffers.edge_labels),
        ] {
            if let Some(name) = column {
                *place = Some(run.text(of, name)?);
            }
        }
        Ok((buffers, Legend { parts: parts.into_inner() }))
    }

    /// Looks for the columns that these encodings name.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownColumn`] for the first that `graph` does not have.
    pub fn check(&self, graph: &Graph) -> Result<()> {
        let run = Run { graph, ends: OnceCell::new() };
        let colors = [
            (Of::Nodes, &self.node_color),
            (Of::Edges, &self.edge_color),
            (Of::Edges, &self.edge_source_color),
            (Of::Edges, &self.edge_target_color),
        ];
        let numbers = [
            (Of::Nodes, &self.node_size),
            (Of::Nodes, &self.node_opacity),
            (Of::Edges, &self.edge_size),
            (Of::Edges, &self.edge_opacity),
            (Of::Edges, &self.edge_weight),
        ];
        let texts = [
            (Of::Nodes, &self.node_title),
            (Of::Nodes, &self.node_label),
            (Of::Edges, &self.edge_title),
            (Of::Edges, &self.edge_label),
        ];
        let column = |encoding: &Encoding<Rgba8>| encoding.column.clone();
        let colors = colors.into_iter().filter_map(|(of, e)| e.as_ref().map(|e| (of, column(e))));
        let numbers =
            numbers.into_iter().filter_map(|(of, e)| e.as_ref().map(|e| (of, e.column.clone())));
        let texts = texts.into_iter().filter_map(|(of, name)| name.clone().map(|name| (of, name)));
        let icons = [(Of::Nodes, &self.node_icon), (Of::Edges, &self.edge_icon)];
        let icons =
            icons.into_iter().filter_map(|(of, e)| e.as_ref().map(|e| (of, e.column.clone())));
        let badges = self.badges.values().flat_map(|badge| {
            let colors = [&badge.color, &badge.background].into_iter().flatten().map(column);
            let icon = badge.icon.as_ref().map(|icon| icon.column.clone());
            colors.chain(icon).map(|name| (Of::Nodes, name)).collect::<Vec<_>>()
        });
        for (of, name) in colors.chain(numbers).chain(texts).chain(icons).chain(badges) {
            run.column(of, &name)?;
        }
        Ok(())
    }
}

/// A graph whose columns are looked up.
struct Run<'a> {
    graph: &'a Graph,
    /// Columns with the ends of the edges, made on first use.
    ends: OnceCell<RecordBatch>,
}

impl Run<'_> {
    fn column(&self, of: Of, name: &str) -> Result<ArrayRef> {
        let graph = self.graph;
        let table = if of == Of::Nodes { graph.nodes() } else { graph.edges() };
        if let Some(column) = table.column_by_name(name) {
            return Ok(Arc::clone(column));
        }
        if of == Of::Nodes && name == "degree" {
            return Ok(Arc::new(UInt32Array::from(graph.degrees())));
        }
        if of == Of::Edges && name == "weight" && graph.coo().weights().is_some() {
            let weights = graph.coo().weights().unwrap_or_default().to_vec();
            return Ok(Arc::new(Float32Array::from(weights)));
        }
        if of == Of::Edges && graph.end_names().contains(&name) {
            if self.ends.get().is_none() {
                let _ = self.ends.set(graph.edge_table()?);
            }
            let column = self.ends.get().and_then(|table| table.column_by_name(name));
            return Ok(Arc::clone(column.expect("the table of edges should have their ends")));
        }
        let mut available: Vec<String> =
            table.schema().fields().iter().map(|field| field.name().clone()).collect();
        if of == Of::Nodes {
            if !available.iter().any(|column| column == "degree") {
                available.push("degree".to_owned());
            }
        } else {
            available.splice(0..0, graph.end_names().map(str::to_owned));
        }
        Err(Error::UnknownColumn {
            of: if of == Of::Nodes { "nodes" } else { "edges" },
            column: name.to_owned(),
            nearest: nearest(name, available.iter().map(String::as_str)),
            available,
        })
    }

    fn text(&self, of: Of, name: &str) -> Result<ArrayRef> {
        let column = self.column(of, name)?;
        let kind = column.data_type();
        if kind.is_nested() && !matches!(kind, DataType::Dictionary(_, _)) {
            return Err(Error::ColumnType {
                column: name.to_owned(),
                found: graph_core::type_name(kind),
                expected: "a plain value was needed",
            });
        }
        Ok(cast(&column, &DataType::Utf8View)?)
    }
}

fn snake(position: BadgePosition) -> String {
    let name = BadgePosition::ALL.iter().find(|(other, _)| *other == position);
    let mut text = String::new();
    for c in name.map_or("", |(_, name)| name).chars() {
        if c.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(c.to_ascii_lowercase());
    }
    text
}
