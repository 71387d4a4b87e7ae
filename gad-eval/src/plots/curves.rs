//! Curves over thresholds: ROC, precision and recall, calibration.

use plotters::element::DashedPathElement;
use plotters::prelude::*;

use super::{Axes, Canvas, Drawn, FAINT, INK, NORMAL, Plot, SERIES, mesh, tick, titled};
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

/// A corner of a plot that its curves leave free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Legend {
    /// At the top, from the left end on.
    TopLeft,
    /// At the top, in the right half.
    TopRight,
    /// At the bottom, in the right half.
    BottomRight,
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
    /// Where the names of the curves go.
    pub legend: Legend,
}

impl Plot for CurvePlot {
    fn size(&self) -> (u32, u32) {
        (640, 600)
    }

    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<'_, B>) -> Drawn<B> {
        let area = titled(canvas, &self.title, &self.subtitle)?;
        let mut chart = ChartBuilder::on(&area)
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
        // A legend of our own: the library's has a box over the curves.
        let (left, top) = chart.plotting_area().get_base_pixel();
        let (width, height) = chart.plotting_area().dim_in_pixel();
        let step = canvas.px(20.0);
        let lines = self.curves.len() as i32;
        let first = match self.legend {
            Legend::BottomRight => top + height as i32 - lines * step,
            Legend::TopLeft | Legend::TopRight => top + canvas.px(16.0),
        };
        let start = match self.legend {
            Legend::TopLeft => left + canvas.px(16.0),
            Legend::TopRight | Legend::BottomRight => left + (f64::from(width) * 0.38) as i32,
        };
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
            legend: Legend::BottomRight,
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
            legend: if 0.5 < rate { Legend::BottomRight } else { Legend::TopRight },
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
            legend: Legend::TopLeft,
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
