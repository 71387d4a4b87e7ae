//! How the scores of anomalies lie among those of the rest.

use plotters::prelude::*;

use super::{ANOMALY, Axes, Canvas, Drawn, INK, LINE, NORMAL, Plot, mesh, tick, titled};

/// Bars of each label.
const BINS: usize = 50;

/// Histograms of the scores of each label, each summing to one.
#[derive(Debug, Clone, PartialEq)]
pub struct DistributionPlot {
    title: String,
    /// Ends of the bins, of scores or of their decimal logarithms.
    range: (f64, f64),
    logarithmic: bool,
    /// What a score is divided by.
    unit: f64,
    /// Shares of each label in each bin: normal, anomalous.
    shares: [Vec<f64>; 2],
    counts: [usize; 2],
    /// Scores beyond the ends, which are counted in the outermost bins.
    beyond: usize,
}

impl DistributionPlot {
    /// The plot of finite `y_score` with labels `y_true`, both of shape `[n]`.
    ///
    /// Scores that are all positive and spread over more than three powers of ten are shown by their
    /// logarithms; of others, the outermost thousandth at either end goes to the last bin.
    pub fn of(title: &str, y_true: &[bool], y_score: &[f64]) -> Self {
        let at = |share: f64| nth(y_score, (share * (y_score.len() - 1) as f64).round() as usize);
        let (low, high) = (at(0.001), at(0.999));
        let positive = y_score.iter().copied().filter(|&score| 0.0 < score).reduce(f64::min);
        let logarithmic = y_score.iter().all(|&score| 0.0 <= score)
            && positive.is_some_and(|least| least.max(low) * 1e3 < high);
        // Zeros have no logarithm: they go where the smallest do.
        let least = positive.unwrap_or(1.0).max(low).max(high * 1e-12);
        // Beyond the numbers that ticks can be found for, a power of ten is taken out.
        let largest = low.abs().max(high.abs());
        let unit = match (1e-12..1e12).contains(&largest) || largest == 0.0 || logarithmic {
            true => 1.0,
            false => 10_f64.powf(largest.log10().floor()),
        };
        let map = |score: f64| if logarithmic { score.max(least).log10() } else { score / unit };
        let (low, high) = (map(low), map(high));
        let (low, high) = if low < high { (low, high) } else { (low - 0.5, low + 0.5) };
        let mut shares = [vec![0.0; BINS], vec![0.0; BINS]];
        let mut counts = [0; 2];
        let mut beyond = 0;
        for (&label, &score) in y_true.iter().zip(y_score) {
            let place = (map(score) - low) / (high - low) * BINS as f64;
            beyond += usize::from(!(0.0..=BINS as f64).contains(&place));
            let bin = (place.max(0.0) as usize).min(BINS - 1);
            shares[usize::from(label)][bin] += 1.0;
            counts[usize::from(label)] += 1;
        }
        for (shares, &count) in shares.iter_mut().zip(&counts) {
            for share in shares {
                *share /= (count as f64).max(1.0);
            }
        }
        Self {
            title: title.to_owned(),
            range: (low, high),
            logarithmic,
            unit,
            shares,
            counts,
            beyond,
        }
    }
}

/// The score that `rank` others are below, of finite ones, without a copy: four walks that settle 16 bits each.
fn nth(scores: &[f64], rank: usize) -> f64 {
    let key = |score: f64| {
        let bits = (score + 0.0).to_bits();
        bits ^ (((bits as i64 >> 63) as u64) | 1 << 63)
    };
    let (mut settled, mut left) = (0_u64, rank);
    for shift in [48, 32, 16, 0] {
        let mut counts = vec![0_usize; 1 << 16];
        for key in scores.iter().map(|&score| key(score)) {
            if shift == 48 || key >> (shift + 16) == settled {
                counts[(key >> shift) as usize & 0xffff] += 1;
            }
        }
        let mut digit = 0;
        while digit < 0xffff && counts[digit] <= left {
            left -= counts[digit];
            digit += 1;
        }
        settled = settled << 16 | digit as u64;
    }
    let bits = settled ^ (((!settled as i64 >> 63) as u64) | 1 << 63);
    f64::from_bits(bits)
}

impl Plot for DistributionPlot {
    fn size(&self) -> (u32, u32) {
        (720, 540 + LINE)
    }

    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<'_, B>) -> Drawn<B> {
        let beyond = match self.beyond {
            0 => String::new(),
            n => format!("; the outermost bars hold {n} beyond them"),
        };
        let area = titled(canvas, &self.title, &format!("Distribution of scores{beyond}"))?;
        // Names stand above: wherever they were among the bars, some bars would be behind them.
        let (_, area) = area.split_vertically(canvas.px(f64::from(LINE)));
        let highest = self.shares.iter().flatten().copied().fold(0.0, f64::max);
        let (low, high) = self.range;
        let mut chart = ChartBuilder::on(&area)
            .margin_top(canvas.px(8.0))
            .x_label_area_size(canvas.px(44.0))
            .y_label_area_size(canvas.px(60.0))
            .build_cartesian_2d(low..high, 0.0..highest * 1.08)?;
        let (logarithmic, unit) = (self.logarithmic, self.unit);
        let across = move |value: &f64| match logarithmic {
            true => tick(&10_f64.powf(*value)),
            false => tick(&(value * unit)),
        };
        let x = (if logarithmic { "Score, logarithmic" } else { "Score" }, 8);
        let y = ("Share of the label", 6);
        mesh(canvas, &mut chart, &Axes { x, y, lines: (false, true), x_text: &across })?;
        let width = (high - low) / BINS as f64;
        for (shares, color) in self.shares.iter().zip([NORMAL, ANOMALY]) {
            chart.draw_series(shares.iter().enumerate().filter(|(_, share)| 0.0 < **share).map(
                |(bin, &share)| {
                    let left = low + bin as f64 * width;
                    Rectangle::new([(left, 0.0), (left + width, share)], color.mix(0.45).filled())
                },
            ))?;
        }
        let (side, top) = (canvas.px(12.0), canvas.px(71.0));
        let legend = ["normal", "anomalous"].into_iter().zip(self.counts).zip([NORMAL, ANOMALY]);
        for (place, ((name, count), color)) in legend.enumerate() {
            let x = canvas.px(24.0 + 170.0 * place as f64);
            let square = [(x, top), (x + side, top + side)];
            canvas.draw(&Rectangle::new(square, color.mix(0.45).filled()))?;
            let at = (x + canvas.px(20.0), top - canvas.px(1.0));
            canvas.write(&format!("{name}  {count}"), &canvas.text(13.0, INK), at)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::nth;

    #[test]
    fn ranks_are_those_of_a_sort() {
        let scores: Vec<f64> = (0..999_i32)
            .map(|i| match i % 5 {
                0 => 0.0,
                1 => -f64::from(i).exp2(),
                2 => f64::from(-i).exp2(),
                _ => f64::from(i * 7919 % 101) - 50.5,
            })
            .collect();
        let mut sorted = scores.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        for (rank, expected) in sorted.into_iter().enumerate() {
            assert_eq!(nth(&scores, rank), expected, "{rank}");
        }
    }
}
