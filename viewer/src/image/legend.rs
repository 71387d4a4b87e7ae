//! The legend: marks that say what the colors mean.

use crate::encode::{Category, Key, Legend, LegendPart, Rgba8, Swatch, Tick, between};
use crate::image::frame::Rect;
use crate::image::icons::Icon;
use crate::image::text::{Text, line_height, tidy, width};

/// A shape or a text of the legend, drawn in order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Mark {
    Block(Rect, Rgba8),
    Dot { x: f32, y: f32, radius: f32, color: Rgba8 },
    Icon(Icon),
    Text(Text),
    QuietText(Text),
}

/// A legend laid out with its upper left corner at the origin.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LegendBox {
    marks: Vec<Mark>,
    pub(crate) width: f32,
    pub(crate) height: f32,
}

/// Steps of color in the bar of a scale.
const BAR_STEPS: usize = 96;

/// What a legend must know of the picture, to show things as large as they are in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    /// Font size, in pixels.
    pub(crate) size: f32,
    /// Radius of the largest node.
    pub(crate) radius: f32,
    /// Width of the widest edge.
    pub(crate) line: f32,
    /// Color of what has none.
    pub(crate) ink: Rgba8,
}

/// What a sample in a legend shows.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Sample {
    NodeColor,
    EdgeColor,
    Area,
    Width,
    Opacity,
    Icon,
}

impl Sample {
    fn of(channel: &str) -> Option<Self> {
        Some(match channel {
            "node_color" => Self::NodeColor,
            "edge_color" | "edge_source_color" | "edge_target_color" => Self::EdgeColor,
            "node_size" => Self::Area,
            "edge_size" => Self::Width,
            "node_opacity" | "edge_opacity" => Self::Opacity,
            "node_icon" | "edge_icon" => Self::Icon,
            _ => match badge(channel)? {
                "background" => Self::NodeColor,
                "icon" => Self::Icon,
                _ => return None,
            },
        })
    }

    fn word(channel: &str) -> &'static str {
        match channel {
            "edge_color" => "edges",
            "edge_source_color" => "edges at their source",
            "edge_target_color" => "edges at their target",
            "node_size" => "size",
            "edge_size" => "width",
            "node_opacity" => "opacity",
            "edge_opacity" => "opacity of edges",
            "edge_icon" => "edges",
            _ if badge(channel).is_some() => "badges",
            _ => "",
        }
    }
}

/// What of a badge the channel is: `icon`, `color` or `background`.
fn badge(channel: &str) -> Option<&str> {
    channel.strip_prefix("badge_")?.rsplit_once('_').map(|(_, what)| what)
}

impl LegendBox {
    /// One box for all parts that can be drawn, one under the other; `None` if none can.
    pub(crate) fn of(legend: &Legend, style: Style) -> Option<Self> {
        // The letters of a badge are told by the names beside its colors.
        let is_told = |part: &&LegendPart| {
            badge(&part.channel) == Some("icon")
                && legend.parts.iter().any(|other| {
                    other.column == part.column
                        && other.channel == part.channel.replace("_icon", "_background")
                })
        };
        let parts = legend.parts.iter().filter(|part| !is_told(part));
        let mut boxes = parts.filter_map(|part| Self::part(part, style));
        let first = boxes.next()?;
        Some(boxes.fold(first, |above, below| above.over(below, 1.1 * style.size)))
    }

    /// The box of one part, with names cut to a length that leaves room for the picture.
    fn part(part: &LegendPart, style: Style) -> Option<Self> {
        let sample = Sample::of(&part.channel)?;
        let word = Sample::word(&part.channel);
        let title = match word {
            "" => tidy(&part.column),
            word => format!("{} ({word})", tidy(&part.column)),
        };
        match &part.key {
            Key::Raw => None,
            Key::Categories { entries } | Key::Bins { entries } => {
                // What nothing in the picture is of need not be known.
                let seen: Vec<Category> =
                    entries.iter().filter(|entry| entry.count > 0).cloned().collect();
                (!seen.is_empty()).then(|| Self::entries(&title, &seen, sample, style))
            }
            Key::Scale { stops, ticks, missing } => {
                let colors: Option<Vec<Rgba8>> = stops.iter().map(Swatch::color).collect();
                if let Some(colors) = colors {
                    return Some(Self::scale(&title, &colors, ticks, missing.as_ref(), style));
                }
                let numbers: Vec<f32> = stops.iter().filter_map(Swatch::number).collect();
                let sampled = ticks.iter().map(|tick| Category {
                    name: tick.label.clone(),
                    swatch: Swatch::Number(between(&numbers, tick.place)),
                    count: 0,
                });
                let entries: Vec<_> = sampled.chain(missing.clone()).collect();
                Some(Self::entries(&title, &entries, sample, style))
            }
        }
    }

    /// One line per entry: sample, name, count where there is one.
    fn entries(title: &str, entries: &[Category], sample: Sample, style: Style) -> Self {
        let size = style.size;
        let mut legend = Self::titled(title, size);
        let radius = |entry: &Category| match sample {
            Sample::Area => style.radius * entry.swatch.number().unwrap_or(1.0).max(0.0).sqrt(),
            _ => 0.4 * size,
        };
        let indent = match sample {
            Sample::Area => 2.0 * entries.iter().map(radius).fold(0.4 * size, f32::max),
            Sample::Width | Sample::EdgeColor => 1.6 * size,
            Sample::NodeColor | Sample::Opacity => 0.8 * size,
            Sample::Icon => 1.2 * size,
        };
        let column = indent + 0.5 * size;
        let counts: Vec<String> = entries
            .iter()
            .map(|entry| if entry.count > 0 { grouped(entry.count) } else { String::new() })
            .collect();
        let widest = |texts: &mut dyn Iterator<Item = f32>| texts.fold(0.0, f32::max);
        let names = widest(&mut entries.iter().map(|entry| width(&tidy(&entry.name), size)));
        let numbers = widest(&mut counts.iter().map(|count| width(count, size)));
        let gap = if numbers > 0.0 { size } else { 0.0 };
        let right = column + names + gap + numbers;
        for (entry, count) in entries.iter().zip(counts) {
            let radius = radius(entry);
            let line = (1.55 * size).max(2.0 * radius + 0.3 * size);
            let middle = legend.height + line / 2.0;
            let top = middle - line_height(size) / 2.0;
            let color = entry.swatch.color().unwrap_or(style.ink);
            let stroke = |thick: f32, color| {
                let half = (thick / 2.0).max(0.5);
                let (top, bottom) = (middle - half, middle + half);
                Mark::Block(Rect { left: 0.0, top, right: indent, bottom }, color)
            };
            legend.marks.extend(match sample {
                Sample::EdgeColor => Some(stroke(0.22 * size, color)),
                Sample::Width => {
                    Some(stroke(style.line * entry.swatch.number().unwrap_or(1.0), color))
                }
                Sample::Opacity => {
                    let [red, green, blue, _] = style.ink;
                    let alpha = (255.0 * entry.swatch.number().unwrap_or(1.0)).round() as u8;
                    let color = [red, green, blue, alpha];
                    Some(Mark::Dot { x: indent / 2.0, y: middle, radius, color })
                }
                Sample::Icon => {
                    let at = (indent / 2.0, middle);
                    let name = entry.swatch.icon().unwrap_or_default();
                    Icon::new(name, false, at, 0.55 * size, style.ink).map(Mark::Icon)
                }
                Sample::NodeColor | Sample::Area => {
                    Some(Mark::Dot { x: indent / 2.0, y: middle, radius, color })
                }
            });
            legend.marks.push(Mark::Text(text(tidy(&entry.name), size).at(column, top)));
            if !count.is_empty() {
                let left = right - width(&count, size);
                legend.marks.push(Mark::QuietText(text(count, size).at(left, top)));
            }
            legend.height += line;
        }
        legend.width = legend.width.max(right);
        legend
    }

    /// A bar of colors with values beside it, the highest on top.
    fn scale(
        title: &str,
        stops: &[Rgba8],
        ticks: &[Tick],
        missing: Option<&Category>,
        style: Style,
    ) -> Self {
        let size = style.size;
        let mut legend = Self::titled(title, size);
        let (thick, tall) = (0.9 * size, 9.0 * size);
        legend.height += 0.4 * size;
        let top = legend.height;
        if !ticks.is_empty() {
            for step in 0..BAR_STEPS {
                let place = |step: usize| top + tall * (1.0 - step as f32 / BAR_STEPS as f32);
                // Each step reaches under the next, so that no seam shows between them.
                let under = if step == 0 { 0.0 } else { 1.0 };
                let rect = Rect {
                    left: 0.0,
                    top: place(step + 1),
                    right: thick,
                    bottom: place(step) + under,
                };
                let color = between(stops, (step as f32 + 0.5) / BAR_STEPS as f32);
                legend.marks.push(Mark::Block(rect, color));
            }
            legend.height += tall + 0.5 * size;
        }
        for tick in ticks {
            let middle = top + tall * (1.0 - tick.place);
            let left = thick + 0.5 * size;
            let label = tidy(&tick.label);
            legend.width = legend.width.max(left + width(&label, size));
            let at = text(label, size).at(left, middle - line_height(size) / 2.0);
            legend.marks.push(Mark::QuietText(at));
        }
        if let Some(missing) = missing {
            let label = format!("{}  {}", missing.name, grouped(missing.count));
            let color = missing.swatch.color().unwrap_or(style.ink);
            let (indent, middle) = (1.3 * size, legend.height + 0.8 * size);
            legend.width = legend.width.max(indent + width(&label, size));
            legend.marks.push(Mark::Dot { x: 0.4 * size, y: middle, radius: 0.4 * size, color });
            let at = text(label, size).at(indent, middle - line_height(size) / 2.0);
            legend.marks.push(Mark::QuietText(at));
            legend.height += 1.6 * size;
        }
        legend
    }

    /// This box with `below` under it.
    fn over(mut self, below: Self, gap: f32) -> Self {
        let top = self.height + gap;
        self.width = self.width.max(below.width);
        self.height = top + below.height;
        self.marks.extend(below.at(0.0, top));
        self
    }

    /// The marks with the upper left corner at `left`, `top`.
    pub(crate) fn at(self, left: f32, top: f32) -> Vec<Mark> {
        let moved = |mut text: Text| {
            text.x += left;
            text.y += top;
            text
        };
        self.marks
            .into_iter()
            .map(|mark| match mark {
                Mark::Block(r, color) => Mark::Block(
                    Rect {
                        left: r.left + left,
                        top: r.top + top,
                        right: r.right + left,
                        bottom: r.bottom + top,
                    },
                    color,
                ),
                Mark::Dot { x, y, radius, color } => {
                    Mark::Dot { x: x + left, y: y + top, radius, color }
                }
                Mark::Icon(icon) => Mark::Icon(icon.moved(left, top)),
                Mark::Text(text) => Mark::Text(moved(text)),
                Mark::QuietText(text) => Mark::QuietText(moved(text)),
            })
            .collect()
    }

    fn titled(title: &str, size: f32) -> Self {
        let big = 1.1 * size;
        let line = text(title.to_owned(), big).at(0.0, 0.0);
        let width = width(title, big);
        Self { marks: vec![Mark::Text(line)], width, height: line_height(big) + 0.5 * size }
    }
}

fn text(line: String, size: f32) -> Text {
    Text { line, x: 0.0, y: 0.0, size }
}

/// A count with its thousands set apart: `1,234,567`.
pub(crate) fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_by_thousands() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn every_mark_is_in_the_box() {
        let entry = |name: &str, swatch| Category { name: name.into(), swatch, count: 12 };
        let color = Swatch::Color([9; 4]);
        let categories =
            vec![entry("a", color.clone()), entry("a quite longer one", color.clone())];
        let ticks = [(0.0, "1"), (1.0, "2.5")];
        let ticks = ticks.map(|(place, label)| Tick { place, label: label.to_owned() }).to_vec();
        let missing = Some(entry("no value", color.clone()));
        let numbers = vec![Swatch::Number(0.1), Swatch::Number(1.0)];
        let part = |channel: &str, key| LegendPart {
            channel: channel.to_owned(),
            column: "a quite long title".to_owned(),
            key,
        };
        let scale = |stops, ticks, missing| Key::Scale { stops, ticks, missing };
        let parts = vec![
            part("node_color", Key::Categories { entries: categories.clone() }),
            part("edge_color", Key::Bins { entries: categories }),
            part("edge_color", scale(vec![color.clone(); 2], ticks.clone(), missing.clone())),
            part("node_color", scale(vec![color], vec![], None)),
            part("node_size", scale(numbers.clone(), ticks.clone(), missing.clone())),
            part("edge_size", scale(numbers.clone(), ticks.clone(), None)),
            part("edge_opacity", scale(numbers, ticks, missing)),
        ];
        let style = Style { size: 20.0, radius: 33.0, line: 5.0, ink: [1, 2, 3, 255] };
        let legend = LegendBox::of(&Legend { parts }, style).unwrap();
        let all = Rect { left: 0.0, top: 0.0, right: legend.width, bottom: legend.height };
        for mark in legend.clone().at(0.0, 0.0) {
            let bounds = match mark {
                Mark::Block(rect, _) => rect,
                Mark::Dot { x, y, radius, .. } => {
                    Rect { left: x, top: y, right: x, bottom: y }.grown(radius)
                }
                Mark::Icon(icon) => {
                    let Icon { x, y, half, .. } = icon;
                    Rect { left: x, top: y, right: x, bottom: y }.grown(half)
                }
                Mark::Text(text) | Mark::QuietText(text) => text.bounds(),
            };
            let inside = all.grown(0.5).shared(&bounds);
            let area = bounds.width() * bounds.height();
            assert!((inside - area).abs() <= 1e-3 * area, "{bounds:?} in {all:?}");
        }
    }

    #[test]
    fn what_has_no_key_has_no_legend() {
        let part = |channel: &str, key| LegendPart {
            channel: channel.to_owned(),
            column: "c".to_owned(),
            key,
        };
        let icons = Key::Categories { entries: vec![] };
        let legend = Legend { parts: vec![part("node_color", Key::Raw), part("node_icon", icons)] };
        let style = Style { size: 20.0, radius: 1.0, line: 1.0, ink: [0; 4] };
        assert_eq!(LegendBox::of(&legend, style), None);
    }
}
