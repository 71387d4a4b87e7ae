//! Experiments beside one another, on the same samples.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use graph_core::Control;
use serde::Serialize;

use super::Evaluation;
use super::report::{escaped, page};
use crate::file::replace;
use crate::plots::{NamedCurve, Plot, PrecisionRecallPlot, RocPlot};
use crate::statistics::{Bootstrap, BootstrapReport, DelongReport, delong};
use crate::{Error, Result};

/// Experiments that scored the same samples, and whether they differ from the first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Versus {
    /// Names of the experiments.
    pub names: Vec<String>,
    /// Number of samples.
    pub n_samples: usize,
    /// Number of anomalies.
    pub n_positives: usize,
    /// Intervals and paired differences by resampling.
    pub bootstrap: BootstrapReport,
    /// Areas under the ROC and their covariance by DeLong's formula.
    pub delong: DelongReport,
    /// Probability of each difference from the first in area under the ROC, by DeLong's test; absent where that knows of
    /// no variance.
    pub delong_p: Vec<Option<f64>>,
    /// What a reader should know before trusting the numbers.
    pub notes: Vec<String>,
    #[serde(skip)]
    curves: Vec<[NamedCurve; 2]>,
}

/// A probability in four digits, none of which is rounded to what it is not.
pub fn shown_p(p: Option<f64>) -> String {
    match p {
        None => "–".to_owned(),
        Some(p) if p < 1e-4 => "<0.0001".to_owned(),
        Some(p) => format!("{p:.4}"),
    }
}

impl Versus {
    /// Compares `experiments` with the first of them.
    ///
    /// # Errors
    ///
    /// [`Error::TooFew`] for fewer than two; [`Error::DifferentSamples`] or [`Error::BadOption`] if they
    /// did not score the same samples with the same labels, so that nothing could be paired;
    /// [`Error::OneClass`]; [`Error::Stopped`].
    pub fn of(
        experiments: &[Evaluation],
        bootstrap: &Bootstrap,
        control: &Control,
    ) -> Result<Self> {
        let [first, rest @ ..] = experiments else {
            let test = "a comparison of experiments";
            return Err(Error::TooFew { test, of: "experiments", needed: 2, found: 0 });
        };
        if rest.is_empty() {
            let test = "a comparison of experiments";
            return Err(Error::TooFew { test, of: "experiments", needed: 2, found: 1 });
        }
        for other in rest {
            let (found, expected) = (other.pairs.y_score.len(), first.pairs.y_score.len());
            if found != expected {
                return Err(Error::DifferentSamples {
                    name: other.experiment_name.as_str().into(),
                    found,
                    first: first.experiment_name.as_str().into(),
                    expected,
                });
            }
            if other.pairs.y_true != first.pairs.y_true || other.pairs.kept != first.pairs.kept {
                return Err(Error::BadOption {
                    option: "an experiment",
                    value: other.experiment_name.as_str().into(),
                    allowed: "on the same samples with the same labels as the first",
                });
            }
        }
        let y_true = &first.pairs.y_true;
        let scores: Vec<&[f64]> =
            experiments.iter().map(|experiment| &*experiment.pairs.y_score).collect();
        let delong = delong(y_true, &scores)?;
        let bootstrap = bootstrap.run(y_true, &scores, control)?;
        let curves =
            experiments.iter().zip(&bootstrap.methods).filter_map(|(experiment, found)| {
                let name = &experiment.experiment_name;
                let of = |value: f64| experiment.curve(name, &format!("{value:.4}"));
                Some([of(found.roc_auc.value)?, of(found.average_precision.value)?])
            });
        let separated = experiments.iter().filter_map(|experiment| {
            let how = experiment.metrics.ranking.as_ref()?.separation()?;
            Some(format!(
                "in {}, {how}: its interval has no width, whatever the number of samples, and says nothing",
                experiment.experiment_name
            ))
        });
        Ok(Self {
            notes: separated.collect(),
            names: experiments
                .iter()
                .map(|experiment| experiment.experiment_name.clone())
                .collect(),
            n_samples: y_true.len(),
            n_positives: first.metrics.n_positives,
            delong_p: (1..experiments.len()).map(|other| delong.p_value(0, other)).collect(),
            curves: curves.collect(),
            bootstrap,
            delong,
        })
    }

    /// Writes [`Versus::page`] to `path`, whole or not at all.
    ///
    /// # Errors
    ///
    /// [`Error::File`].
    pub fn write(&self, path: &Path) -> Result<()> {
        replace(path, |file| file.write_all(self.page().as_bytes()))
    }

    /// One page of HTML with the numbers and the curves.
    pub fn page(&self) -> String {
        let title = "Comparison of experiments";
        let mut body = format!(
            "<h1>{title}</h1><p class=\"sub\">{} samples, {} anomalies; intervals and differences from {} paired resamples</p>",
            self.n_samples, self.n_positives, self.bootstrap.n_resamples
        );
        body.push_str(
            "<div class=\"scroll\"><table><tr><th>Experiment</th><th>Area under the ROC</th><th>Interval</th>\
             <th>Difference</th><th>p</th><th>p (DeLong)</th><th>Average precision</th><th>Interval</th>\
             <th>Difference</th><th>p</th></tr>",
        );
        for (index, (name, found)) in self.names.iter().zip(&self.bootstrap.methods).enumerate() {
            let of = |i: crate::statistics::Interval| {
                format!("<td>{:.4}</td><td>{:.4} to {:.4}</td>", i.value, i.low, i.high)
            };
            let none = || "<td>–</td><td>–</td>".to_owned();
            let difference = index.checked_sub(1).map(|other| &self.bootstrap.differences[other]);
            let roc = difference.map_or_else(none, |d| {
                format!("<td>{:+.4}</td><td>{:.4}</td>", d.roc_auc.value, d.roc_auc_p)
            });
            let precision = difference.map_or_else(none, |d| {
                let (value, p) = (d.average_precision.value, d.average_precision_p);
                format!("<td>{value:+.4}</td><td>{p:.4}</td>")
            });
            let delong = index.checked_sub(1).map_or_else(
                || "<td>–</td>".to_owned(),
                |other| format!("<td>{}</td>", escaped(&shown_p(self.delong_p[other]))),
            );
            let _ = write!(
                body,
                "<tr><td>{}</td>{}{roc}{delong}{}{precision}</tr>",
                escaped(name),
                of(found.roc_auc),
                of(found.average_precision)
            );
        }
        body.push_str("</table></div>");
        for note in &self.notes {
            let _ = write!(body, "<p class=\"warning\">{}</p>", escaped(note));
        }
        body.push_str("<div class=\"plots\">");
        let curves = |which: usize| -> Vec<NamedCurve> {
            self.curves.iter().map(|curves| curves[which].clone()).collect()
        };
        let roc = RocPlot::of("", &curves(0)).svg();
        let precision = PrecisionRecallPlot::of("", &curves(1)).svg();
        let _ = write!(body, "<figure>{roc}</figure><figure>{precision}</figure></div>");
        page(title, &body)
    }
}
