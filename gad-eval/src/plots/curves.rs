//! Curves over thresholds: ROC, precision and recall, calibration.

use plotters::element::DashedPathElement;
use plotters::prelude::*;

use super::{Axes, Canvas, Drawn, FAINT, INK, LINE, NORMAL, Plot, SERIES, mesh, tick, titled};
use crate::metrics::{CalibrationReport, Curve};

/// A curve and what it is of.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedCurve {
    /// Name of the method or the experiment.
    pub name: String,
    /// Its metric, as it is shown.
    pub value: String,
    /// Points, from the highest threshold down.
    pub curve: Curve,
}

/// Points in the unit square, joined by lines.
#[derive(Debug, Clone, PartialEq)]
pub struct CurvePlot {
    /// What is written over it.
    pub title: String,
    /// What is written below that.
    pub subtitle: String,
    /// What is across.
    pub x: &'static str,
    /// What is up.
    pub y: &'static str,
    /// Curves with their names.
    pub curves: Vec<(String, Vec<(f64, f64)>)>,
    /// A dashed line that stands for chance.
    pub chance: Vec<(f64, f64)>,
}

impl Plot for CurvePlot {
    fn size(&self) -> (u32, u32) {
        (640, 600 + LINE * self.curves.len() as u32)
    }

    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<'_, B>) -> Drawn<B> {
        let area = titled(canvas, &self.title, &self.subtitle)?;
        // Names stand above: wherever they were among the curves, some curve would go through them.
        let step = canvas.px(f64::from(LINE));
        let (_, area) = area.split_vertically(step * self.curves.len() as i32);
        let mut chart = ChartBuilder::on(&area)
            .margin_top(canvas.px(8.0))
            .x_label_area_size(canvas.px(44.0))
            .y_label_area_size(canvas.px(56.0))
            .build_cartesian_2d(0.0..1.0, 0.0..1.0)?;
        let (x, y) = ((self.x, 6), (self.y, 6));
        mesh(canvas, &mut chart, &Axes { x, y, lines: (true, true), x_text: &tick })?;
        let dash = (canvas.px(5.0).max(1) as u32, canvas.px(4.0).max(1) as u32);
        chart.draw_series(std::iter::once(DashedPathElement::new(
            self.chance.clone(),
            dash.0,
            dash.1,
            canvas.stroke(FAINT, 1.0),
        )))?;
        for (index, (_, points)) in self.curves.iter().enumerate().rev() {
            let style = canvas.stroke(self.color(index), 2.2);
            chart.draw_series(LineSeries::new(points.iter().copied(), style))?;
        }
        let (start, first) = (canvas.px(24.0), canvas.px(77.0));
        for (index, (name, _)) in self.curves.iter().enumerate() {
            let y = first + index as i32 * step;
            let line = vec![(start, y), (start + canvas.px(22.0), y)];
            let style = canvas.stroke(self.color(index), 2.2);
            canvas.draw(&PathElement::new(line, style))?;
            let at = (start + canvas.px(30.0), y - canvas.px(7.0));
            canvas.write(name, &canvas.text(13.0, INK), at)?;
        }
        Ok(())
    }
}

impl CurvePlot {
    fn color(&self, index: usize) -> RGBColor {
        if self.curves.len() == 1 { NORMAL } else { SERIES[index % SERIES.len()] }
    }
}

/// The ROC: how many anomalies are found at the price of how many false alarms.
#[derive(Debug, Clone, PartialEq)]
pub struct RocPlot;

impl RocPlot {
    /// The plot of `curves`.
    pub fn of(title: &str, curves: &[NamedCurve]) -> CurvePlot {
        CurvePlot {
            title: title.to_owned(),
            subtitle: "Receiver operating characteristic".to_owned(),
            x: "False positive rate",
            y: "True positive rate",
            curves: lines(curves, |tp, fp, positives, negatives| (fp / negatives, tp / positives)),
            chance: vec![(0.0, 0.0), (1.0, 1.0)],
        }
    }
}

/// Precision over recall.
#[derive(Debug, Clone, PartialEq)]
pub struct PrecisionRecallPlot;

impl PrecisionRecallPlot {
    /// The plot of `curves`; chance is the share of anomalies of the first.
    pub fn of(title: &str, curves: &[NamedCurve]) -> CurvePlot {
        let rate = curves.first().map_or(0.0, |curve| {
            let (positives, negatives) = totals(&curve.curve);
            positives / (positives + negatives)
        });
        CurvePlot {
            title: title.to_owned(),
            subtitle: "Precision over recall; the dashed line is chance".to_owned(),
            x: "Recall",
            y: "Precision",
            curves: lines(curves, |tp, fp, positives, _| {
                (tp / positives, if 0.0 < tp + fp { tp / (tp + fp) } else { 1.0 })
            }),
            chance: vec![(0.0, rate), (1.0, rate)],
        }
    }
}

/// How often a score that claims a probability is right.
#[derive(Debug, Clone, PartialEq)]
pub struct CalibrationPlot;

impl CalibrationPlot {
    /// The plot of `report`.
    pub fn of(title: &str, report: &CalibrationReport) -> CurvePlot {
        let points = report.bins.iter().map(|bin| (bin.mean_score, bin.positive_rate)).collect();
        let error = report.expected_calibration_error;
        CurvePlot {
            title: title.to_owned(),
            subtitle: format!("Calibration: Brier score {:.4}", report.brier),
            x: "Mean score",
            y: "Share of anomalies",
            curves: vec![(format!("expected error {error:.4}"), points)],
            chance: vec![(0.0, 0.0), (1.0, 1.0)],
        }
    }
}

fn totals(curve: &Curve) -> (f64, f64) {
    let last = |counts: &[f64]| counts.last().copied().unwrap_or(0.0);
    (last(&curve.true_positives), last(&curve.false_positives))
}

/// The points of each curve, with names and values.
fn lines(
    curves: &[NamedCurve],
    point: impl Fn(f64, f64, f64, f64) -> (f64, f64),
) -> Vec<(String, Vec<(f64, f64)>)> {
    curves
        .iter()
        .map(|named| {
            let (positives, negatives) = totals(&named.curve);
            let counts = named.curve.true_positives.iter().zip(&named.curve.false_positives);
            let points = counts.map(|(&tp, &fp)| point(tp, fp, positives, negatives)).collect();
            (format!("{}  {}", named.name, named.value), points)
        })
        .collect()
}
