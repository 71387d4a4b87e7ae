//! Scores over time: which of many columns stand out when.

use arrow::array::Array;
use plotters::prelude::*;

use super::{ANOMALY, Axes, Canvas, Drawn, Plot, mesh, tick, titled};
use crate::results::{Level, Results};

/// Most cells in each direction; what is more shares a cell.
const CELLS: (usize, usize) = (320, 160);

/// Most anomalies that are marked.
const MARKS: usize = 400;

/// Temporal scores as colors: time across, columns up, a cell showing the share of all scores that are
/// lower than the highest in it.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatPlot {
    title: String,
    n_rows: usize,
    n_columns: usize,
    /// What is scored in a snapshot.
    what: &'static str,
    /// Shape `[across, up]`; absent where there is no score.
    cells: Vec<Vec<Option<f64>>>,
    /// Cells with anomalies.
    marks: Vec<(usize, usize)>,
}

impl HeatPlot {
    /// The plot of temporal `results`; absent if scores are not in rows.
    pub fn of(title: &str, results: &Results) -> Option<Self> {
        let rows = results.rows.as_ref()?;
        let n_rows = rows.len() - 1;
        let lengths = rows.windows(2).map(|ends| (ends[1] - ends[0]) as usize);
        let n_columns = lengths.max().filter(|&most| 0 < most)?;
        let mut sorted: Vec<f64> =
            results.scores.iter().flatten().filter(|s| s.is_finite()).collect();
        if sorted.is_empty() {
            return None;
        }
        sorted.sort_unstable_by(f64::total_cmp);
        let n_sorted = sorted.len() as f64;
        let (across, up) = (n_rows.min(CELLS.0), n_columns.min(CELLS.1));
        let mut cells = vec![vec![None; up]; across];
        let mut marks = Vec::new();
        for (row, ends) in rows.windows(2).enumerate() {
            for (column, place) in (ends[0] as usize..ends[1] as usize).enumerate() {
                let cell = (row * across / n_rows, column * up / n_columns);
                let truth = results.ground_truth.as_ref();
                if truth.is_some_and(|truth| truth.is_valid(place) && truth.value(place)) {
                    marks.push(cell);
                }
                let score = results.scores.value(place);
                if results.scores.is_valid(place) && score.is_finite() {
                    let share = sorted.partition_point(|&other| other < score) as f64 / n_sorted;
                    let cell: &mut Option<f64> = &mut cells[cell.0][cell.1];
                    *cell = Some(cell.map_or(share, |before| before.max(share)));
                }
            }
        }
        marks.sort_unstable();
        marks.dedup();
        let what = match results.result_type.level {
            Level::Node => "Node, by its place in the snapshot",
            Level::Edge => "Edge, by its place in the snapshot",
            Level::Graph => "Graph, by its place in the snapshot",
        };
        Some(Self { title: title.to_owned(), n_rows, n_columns, what, cells, marks })
    }
}

impl Plot for HeatPlot {
    fn colors_are_values(&self) -> bool {
        true
    }

    fn size(&self) -> (u32, u32) {
        (900, 480)
    }

    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<'_, B>) -> Drawn<B> {
        let marked = match self.marks.len() {
            0 => String::new(),
            n if n <= MARKS => "; anomalies are ringed".to_owned(),
            n => format!("; {n} cells hold anomalies, too many to ring"),
        };
        let subtitle = format!("Share of scores that are lower, yellow being the highest{marked}");
        let area = titled(canvas, &self.title, &subtitle)?;
        let (n_rows, n_columns) = (self.n_rows as f64, self.n_columns as f64);
        let mut chart = ChartBuilder::on(&area)
            .x_label_area_size(canvas.px(44.0))
            .y_label_area_size(canvas.px(64.0))
            .build_cartesian_2d(0.0..n_rows, 0.0..n_columns)?;
        let (x, y) = (("Snapshot, by its place in the file", 10), (self.what, 6));
        mesh(canvas, &mut chart, &Axes { x, y, lines: (false, false), x_text: &tick })?;
        let width = n_rows / self.cells.len() as f64;
        let height = n_columns / self.cells[0].len() as f64;
        let corner = |across: usize, up: usize| (across as f64 * width, up as f64 * height);
        for (across, column) in self.cells.iter().enumerate() {
            for (up, share) in column.iter().enumerate() {
                let Some(share) = share else { continue };
                let ends = [corner(across, up), corner(across + 1, up + 1)];
                let color = viridis(*share);
                chart.draw_series(std::iter::once(Rectangle::new(ends, color.filled())))?;
            }
        }
        if self.marks.len() <= MARKS {
            let radius = canvas.px(4.0);
            let style = canvas.stroke(ANOMALY, 1.6);
            chart.draw_series(self.marks.iter().map(|&(across, up)| {
                let (x, y) = corner(across, up);
                Circle::new((x + 0.5 * width, y + 0.5 * height), radius, style)
            }))?;
        }
        Ok(())
    }
}

/// The color of a share between 0 and 1: straight lines between five colors of viridis.
fn viridis(share: f64) -> RGBColor {
    const STOPS: [[f64; 3]; 5] = [
        [68.0, 1.0, 84.0],
        [59.0, 82.0, 139.0],
        [33.0, 145.0, 140.0],
        [94.0, 201.0, 98.0],
        [253.0, 231.0, 37.0],
    ];
    let at = share.clamp(0.0, 1.0) * (STOPS.len() - 1) as f64;
    let below = (at as usize).min(STOPS.len() - 2);
    let mix = |channel: usize| {
        let (low, high) = (STOPS[below][channel], STOPS[below + 1][channel]);
        (low + (at - below as f64) * (high - low)).round() as u8
    };
    RGBColor(mix(0), mix(1), mix(2))
}
