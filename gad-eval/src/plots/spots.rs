//! What a method noted while it ran.

use plotters::prelude::*;

use super::{Axes, Canvas, Drawn, LINE, Plot, SERIES, mesh, tick, titled};
use crate::evaluate::SpotFile;

/// Height of the panel of one column, in units.
const PANEL: u32 = 180;

/// The columns of a spot file over time, a panel each.
#[derive(Debug, Clone, PartialEq)]
pub struct SpotPlot {
    title: String,
    file: SpotFile,
}

impl SpotPlot {
    /// The plot of `file`; absent if it holds no numbers.
    pub fn of(title: &str, file: &SpotFile) -> Option<Self> {
        let mut file = file.clone();
        file.columns.retain(|(_, values)| values.iter().any(|value| value.is_finite()));
        (!file.columns.is_empty()).then(|| Self { title: title.to_owned(), file })
    }
}

impl Plot for SpotPlot {
    fn size(&self) -> (u32, u32) {
        (720, 110 + PANEL * self.file.columns.len() as u32)
    }

    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<'_, B>) -> Drawn<B> {
        let SpotFile { name, timestamps, columns } = &self.file;
        let subtitle = format!("{name}, {} entries", timestamps.len());
        let area = titled(canvas, &self.title, &subtitle)?;
        let start = timestamps.iter().copied().fold(f64::INFINITY, f64::min);
        let end = timestamps.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let length = if start < end { end - start } else { 1.0 };
        for (index, (panel, (name, values))) in
            area.split_evenly((columns.len(), 1)).iter().zip(columns).enumerate()
        {
            let finite = || values.iter().copied().filter(|value| value.is_finite());
            let low = finite().fold(f64::INFINITY, f64::min);
            let high = finite().fold(f64::NEG_INFINITY, f64::max);
            let room = if low < high { 0.08 * (high - low) } else { 0.5_f64.max(0.1 * low.abs()) };
            let last = index + 1 == columns.len();
            let mut chart = ChartBuilder::on(panel)
                .margin_top(canvas.px(f64::from(LINE)))
                .x_label_area_size(canvas.px(if last { 44.0 } else { 24.0 }))
                .y_label_area_size(canvas.px(64.0))
                .build_cartesian_2d(0.0..length, low - room..high + room)?;
            let x = if last { "Seconds" } else { "" };
            let axes = Axes { x: (x, 8), y: ("", 4), lines: (false, true), x_text: &tick };
            mesh(canvas, &mut chart, &axes)?;
            let color = SERIES[index % SERIES.len()];
            let points = timestamps.iter().zip(values).filter(|(_, value)| value.is_finite());
            let points = points.map(|(&time, &value)| (time - start, value));
            chart.draw_series(LineSeries::new(points, canvas.stroke(color, 2.0)))?;
            let (left, top) = chart.plotting_area().get_base_pixel();
            let at = (left, top - canvas.px(f64::from(LINE) - 2.0));
            canvas.write(name, &canvas.text(13.0, color), at)?;
        }
        Ok(())
    }
}
