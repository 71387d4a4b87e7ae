//! How soon a stream of scores tells of an anomaly.

use serde::Serialize;

use crate::{Error, Result};

/// What counts as one anomaly in a stream, and as early.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectionConfig {
    /// Positives further apart in time than this belong to two episodes, in the unit of the times.
    pub max_gap: f64,
    /// An episode is detected early if that is within this share of its occurrences, in `(0, 1]`.
    pub early_share: f64,
}

impl Default for DetectionConfig {
    fn default() -> Self {
        Self { max_gap: f64::INFINITY, early_share: 0.1 }
    }
}

/// How episodes of anomalies were detected at one threshold.
///
/// An episode is a longest run of positives that follow one another in the stream, with no negative
/// between them and no gap above [`DetectionConfig::max_gap`]. It is detected by its first occurrence
/// that scores at least the threshold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DetectionReport {
    /// Scores from which on an occurrence is called anomalous.
    pub threshold: f64,
    /// Number of episodes.
    pub n_episodes: usize,
    /// Number of episodes of which an occurrence was called anomalous.
    pub n_detected: usize,
    /// Share of episodes that were detected.
    pub detection_rate: f64,
    /// Share of episodes that were detected early.
    pub early_detection_rate: f64,
    /// Mean time from the start of a detected episode to its detection; absent if none was.
    pub mean_delay: Option<f64>,
    /// Median of the same.
    pub median_delay: Option<f64>,
    /// Mean number of occurrences before the detection, of detected episodes.
    pub mean_delay_occurrences: Option<f64>,
    /// Share of negatives that were called anomalous.
    pub false_positive_rate: f64,
}

/// Follows the occurrences of a stream, all columns of shape `[n]` and in the order of time, at
/// `threshold`. O(n).
///
/// ```
/// use gad_eval::metrics::{DetectionConfig, detection};
///
/// let y_true = [false, true, true, true, false];
/// let y_score = [0.1, 0.2, 0.8, 0.9, 0.3];
/// let times = [0.0, 1.0, 4.0, 5.0, 6.0];
/// let report = detection(&y_true, &y_score, &times, 0.5, &DetectionConfig::default())?;
/// assert_eq!((report.n_episodes, report.mean_delay), (1, Some(3.0)));
/// # Ok::<(), gad_eval::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::LengthMismatch`], [`Error::Empty`], [`Error::NotFinite`]; [`Error::OneClass`] without
/// positives or without negatives; [`Error::BadOption`] if times go back.
pub fn detection(
    y_true: &[bool],
    y_score: &[f64],
    times: &[f64],
    threshold: f64,
    config: &DetectionConfig,
) -> Result<DetectionReport> {
    super::ranking::check(y_true, y_score)?;
    let (found, expected) = (times.len(), y_score.len());
    if found != expected {
        return Err(Error::LengthMismatch { name: "times", found, of: "y_score", expected });
    }
    if let Some(index) = times.iter().position(|time| !time.is_finite()) {
        return Err(Error::NotFinite { name: "times", index, value: times[index] });
    }
    if let Some(at) = times.windows(2).position(|pair| pair[1] < pair[0]) {
        return Err(Error::BadOption {
            option: "time",
            value: format!("{} after {} at {}", times[at + 1], times[at], at + 1).into(),
            allowed: "in order",
        });
    }
    if !(0.0 < config.early_share && config.early_share <= 1.0) {
        return Err(Error::BadOption {
            option: "early_share",
            value: config.early_share.to_string().into(),
            allowed: "above 0 and at most 1",
        });
    }
    let n_positives = y_true.iter().filter(|&&label| label).count();
    if n_positives == 0 || n_positives == y_true.len() {
        return Err(Error::OneClass { n_positives, n_samples: y_true.len() });
    }
    let (mut n_episodes, mut early) = (0_usize, 0_usize);
    let (mut delays, mut occurrences) = (Vec::new(), 0);
    let mut at = 0;
    while at < y_true.len() {
        if !y_true[at] {
            at += 1;
            continue;
        }
        let start = at;
        at += 1;
        while at < y_true.len() && y_true[at] && times[at] - times[at - 1] <= config.max_gap {
            at += 1;
        }
        n_episodes += 1;
        if let Some(first) = (start..at).find(|&at| threshold <= y_score[at]) {
            delays.push(times[first] - times[start]);
            occurrences += first - start;
            // At least the first occurrence is early, however short the episode is.
            let limit = ((at - start) as f64 * config.early_share).max(1.0);
            early += usize::from(((first - start) as f64) < limit);
        }
    }
    let negatives = y_true.iter().zip(y_score).filter(|(label, _)| !**label);
    let false_alarms = negatives.filter(|(_, score)| threshold <= **score).count();
    delays.sort_unstable_by(f64::total_cmp);
    let n_detected = delays.len();
    let mean = |sum: f64| (0 < n_detected).then(|| sum / n_detected as f64);
    let middle = |delays: &[f64]| 0.5 * (delays[(n_detected - 1) / 2] + delays[n_detected / 2]);
    Ok(DetectionReport {
        threshold,
        n_episodes,
        n_detected,
        detection_rate: n_detected as f64 / n_episodes as f64,
        early_detection_rate: early as f64 / n_episodes as f64,
        mean_delay: mean(delays.iter().sum()),
        median_delay: (0 < n_detected).then(|| middle(&delays)),
        mean_delay_occurrences: mean(occurrences as f64),
        false_positive_rate: false_alarms as f64 / (y_true.len() - n_positives) as f64,
    })
}
