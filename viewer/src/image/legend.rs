//! The legend: marks that say what the colors mean.

use crate::encode::{Category, Rgba8, viridis};
use crate::image::frame::Rect;
use crate::image::text::{Text, line_height, width};

/// A shape or a text of the legend, drawn in order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Mark {
    Block(Rect, Rgba8),
    Dot { x: f32, y: f32, radius: f32, color: Rgba8 },
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

impl LegendBox {
    /// One line per category: dot, name, count.
    pub(crate) fn categories(title: &str, entries: &[Category], size: f32) -> Self {
        let mut legend = Self::titled(title, size);
        let line = 1.55 * size;
        let indent = 1.3 * size;
        let counts: Vec<String> = entries.iter().map(|entry| grouped(entry.count)).collect();
        let widest = |texts: &mut dyn Iterator<Item = f32>| texts.fold(0.0, f32::max);
        let names = widest(&mut entries.iter().map(|entry| width(&entry.name, size)));
        let numbers = widest(&mut counts.iter().map(|count| width(count, size)));
        let right = indent + names + size + numbers;
        for (entry, count) in entries.iter().zip(counts) {
            let middle = legend.height + line / 2.0;
            let top = middle - line_height(size) / 2.0;
            let dot =
                Mark::Dot { x: 0.4 * size, y: middle, radius: 0.4 * size, color: entry.color };
            let left = right - width(&count, size);
            legend.marks.push(dot);
            legend.marks.push(Mark::Text(text(entry.name.clone(), size).at(indent, top)));
            legend.marks.push(Mark::QuietText(text(count, size).at(left, top)));
            legend.height += line;
        }
        legend.width = legend.width.max(right);
        legend
    }

    /// A bar of colors with values beside it, the highest on top.
    pub(crate) fn scale(
        title: &str,
        ticks: &[(f32, String)],
        missing: Option<(Rgba8, usize)>,
        size: f32,
    ) -> Self {
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
                let color = viridis((step as f32 + 0.5) / BAR_STEPS as f32);
                legend.marks.push(Mark::Block(rect, color));
            }
            legend.height += tall + 0.5 * size;
        }
        for (place, label) in ticks {
            let middle = top + tall * (1.0 - place);
            let left = thick + 0.5 * size;
            legend.width = legend.width.max(left + width(label, size));
            let at = text(label.clone(), size).at(left, middle - line_height(size) / 2.0);
            legend.marks.push(Mark::QuietText(at));
        }
        if let Some((color, count)) = missing {
            let label = format!("no value  {}", grouped(count));
            let (indent, middle) = (1.3 * size, legend.height + 0.8 * size);
            legend.width = legend.width.max(indent + width(&label, size));
            legend.marks.push(Mark::Dot { x: 0.4 * size, y: middle, radius: 0.4 * size, color });
            let at = text(label, size).at(indent, middle - line_height(size) / 2.0);
            legend.marks.push(Mark::QuietText(at));
            legend.height += 1.6 * size;
        }
        legend
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
#[expect(clippy::float_cmp, reason = "these values are exact")]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_by_thousands() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn every_mark_is_in_the_box() {
        let entry = |name: &str| Category { name: name.into(), color: [9; 4], count: 12 };
        let ticks = [(0.0, "1".to_owned()), (1.0, "2.5".to_owned())];
        for legend in [
            LegendBox::categories("kind", &[entry("a"), entry("a longer one")], 20.0),
            LegendBox::scale("a quite long title", &ticks, Some(([9; 4], 3)), 20.0),
            LegendBox::scale("empty", &[], None, 20.0),
        ] {
            let all = Rect { left: 0.0, top: 0.0, right: legend.width, bottom: legend.height };
            for mark in legend.clone().at(0.0, 0.0) {
                let bounds = match mark {
                    Mark::Block(rect, _) => rect,
                    Mark::Dot { x, y, radius, .. } => {
                        Rect { left: x, top: y, right: x, bottom: y }.grown(radius)
                    }
                    Mark::Text(text) | Mark::QuietText(text) => text.bounds(),
                };
                assert_eq!(all.grown(0.5).shared(&bounds), bounds.width() * bounds.height());
            }
        }
    }
}
