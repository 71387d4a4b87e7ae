//! Mean ranks of methods on a line, and which of them do not differ.

use plotters::prelude::*;

use super::{Canvas, Drawn, FAINT, INK, NORMAL, Plot, titled};
use crate::statistics::ComparisonReport;

/// Height of a line of text, in units.
const LINE: f64 = 24.0;

/// The critical-difference diagram of Demšar 2006: the best method is at the left, bars join methods
/// that do not differ.
#[derive(Debug, Clone, PartialEq)]
pub struct CriticalDifferencePlot {
    title: String,
    subtitle: String,
    /// Names and mean ranks, best first.
    methods: Vec<(String, f64)>,
    /// First and last method of each bar, as places in `methods`.
    bars: Vec<(usize, usize)>,
    critical_difference: f64,
}

impl CriticalDifferencePlot {
    /// The diagram of `report` on methods of these names, shape `[k]`.
    ///
    /// # Panics
    ///
    /// If there are fewer names than methods.
    pub fn of(title: &str, methods: &[String], report: &ComparisonReport) -> Self {
        let mut order: Vec<usize> = (0..report.mean_ranks.len()).collect();
        order.sort_by(|&a, &b| {
            report.mean_ranks[a].total_cmp(&report.mean_ranks[b]).then(a.cmp(&b))
        });
        let place = |method: usize| order.iter().position(|&other| other == method).unwrap_or(0);
        let bars = report.nemenyi_groups.iter().map(|group| {
            let places = group.iter().map(|&method| place(method));
            places.fold((usize::MAX, 0), |(low, high), place| (low.min(place), high.max(place)))
        });
        Self {
            title: title.to_owned(),
            subtitle: format!(
                "Mean ranks over {} datasets, 1 being the best; bars join methods that do not differ at {} (Friedman p = {})",
                report.n_datasets,
                report.alpha,
                probability(report.friedman_p),
            ),
            bars: bars.collect(),
            methods: order.iter().map(|&m| (methods[m].clone(), report.mean_ranks[m])).collect(),
            critical_difference: report.critical_difference,
        }
    }
}

/// A probability in three digits.
fn probability(p: f64) -> String {
    if p < 0.001 { format!("{p:.0e}") } else { format!("{p:.3}") }
}

impl Plot for CriticalDifferencePlot {
    fn size(&self) -> (u32, u32) {
        let lines = self.methods.len().div_ceil(2) as f64 * LINE + self.bars.len() as f64 * 10.0;
        (900, 190 + lines as u32)
    }

    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<'_, B>) -> Drawn<B> {
        titled(canvas, &self.title, &self.subtitle)?;
        let k = self.methods.len();
        let (left, right, axis) = (230.0, 670.0, 130.0);
        let x = |rank: f64| left + (rank - 1.0) / (k as f64 - 1.0) * (right - left);
        let line = |from: (f64, f64), to: (f64, f64), color: RGBColor, width: f64| {
            let points =
                vec![(canvas.px(from.0), canvas.px(from.1)), (canvas.px(to.0), canvas.px(to.1))];
            canvas.draw(&PathElement::new(points, canvas.stroke(color, width)))
        };
        // The critical difference as a length, over the axis.
        let length =
            (self.critical_difference / (k as f64 - 1.0) * (right - left)).min(right - left);
        line((left, 92.0), (left + length, 92.0), INK, 1.6)?;
        for end in [left, left + length] {
            line((end, 88.0), (end, 96.0), INK, 1.6)?;
        }
        let text = format!("critical difference {:.2}", self.critical_difference);
        let at = (canvas.px(left + length + 10.0), canvas.px(85.0));
        canvas.write(&text, &canvas.text(12.0, FAINT), at)?;
        line((left, axis), (right, axis), INK, 1.4)?;
        for rank in 1..=k {
            let at = x(rank as f64);
            line((at, axis - 6.0), (at, axis), INK, 1.4)?;
            let label = rank.to_string();
            let half = 3.5 * label.len() as f64;
            let place = (canvas.px(at - half), canvas.px(axis - 22.0));
            canvas.write(&label, &canvas.text(12.0, FAINT), place)?;
        }
        let first = axis + 18.0 + 10.0 * self.bars.len() as f64;
        let half = k.div_ceil(2);
        for (place, (name, rank)) in self.methods.iter().enumerate() {
            let on_left = place < half;
            let row = if on_left { place } else { k - 1 - place };
            let y = first + LINE * row as f64;
            let end = if on_left { left - 24.0 } else { right + 24.0 };
            line((x(*rank), axis), (x(*rank), y), FAINT, 1.0)?;
            line((x(*rank), y), (end, y), FAINT, 1.0)?;
            let text = format!("{name}  {rank:.2}");
            let style = canvas.text(13.0, INK);
            let width = canvas.area.estimate_text_size(&text, &style)?.0 as i32;
            let start = match on_left {
                true => canvas.px(end - 6.0) - width,
                false => canvas.px(end + 6.0),
            };
            canvas.write(&text, &style, (start, canvas.px(y - 7.0)))?;
        }
        for (index, &(from, to)) in self.bars.iter().enumerate() {
            let y = axis + 10.0 + 10.0 * index as f64;
            let ends = (x(self.methods[from].1) - 5.0, x(self.methods[to].1) + 5.0);
            line((ends.0, y), (ends.1, y), NORMAL, 4.5)?;
        }
        Ok(())
    }
}
