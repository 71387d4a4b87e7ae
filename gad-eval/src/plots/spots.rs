//! What a method noted while it ran.

use plotters::prelude::*;

use super::{Canvas, Drawn, FAINT, INK, Plot, RULE, SERIES, tick, titled};
use crate::evaluate::SpotFile;

/// Height of the panel of one column, in units.
const PANEL: u32 = 170;

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
        let format = tick as fn(&f64) -> String;
        for (index, (panel, (name, values))) in
            area.split_evenly((columns.len(), 1)).iter().zip(columns).enumerate()
        {
            let finite = || values.iter().copied().filter(|value| value.is_finite());
            let low = finite().fold(f64::INFINITY, f64::min);
            let high = finite().fold(f64::NEG_INFINITY, f64::max);
            let room = if low < high { 0.08 * (high - low) } else { 0.5_f64.max(0.1 * low.abs()) };
            let last = index + 1 == columns.len();
            let mut chart = ChartBuilder::on(panel)
                .x_label_area_size(canvas.px(if last { 44.0 } else { 24.0 }))
                .y_label_area_size(canvas.px(64.0))
                .build_cartesian_2d(0.0..length, low - room..high + room)?;
            chart
                .configure_mesh()
                .disable_x_mesh()
                .bold_line_style(canvas.stroke(RULE, 1.0))
                .light_line_style(TRANSPARENT)
                .axis_style(canvas.stroke(FAINT, 1.0))
                .set_all_tick_mark_size(canvas.px(6.0))
                .x_labels(8)
                .y_labels(4)
                .x_label_formatter(&format)
                .y_label_formatter(&format)
                .label_style(canvas.text(12.0, FAINT))
                .axis_desc_style(canvas.text(13.0, INK))
                .x_desc(if last { "Seconds" } else { "" })
                .draw()?;
            let color = SERIES[index % SERIES.len()];
            let points = timestamps.iter().zip(values).filter(|(_, value)| value.is_finite());
            let points = points.map(|(&time, &value)| (time - start, value));
            chart.draw_series(LineSeries::new(points, canvas.stroke(color, 2.0)))?;
            let (left, top) = chart.plotting_area().get_base_pixel();
            let at = (left + canvas.px(8.0), top);
            canvas.write(name, &canvas.text(13.0, color), at)?;
        }
        Ok(())
    }
}
