//! One encoding of one column: values in, outputs and their key out.

use std::collections::{HashMap, HashSet};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};

use crate::encode::categorical::Categories;
use crate::encode::color::VIRIDIS;
use crate::encode::column::printed;
use crate::encode::continuous::{bounds, places};
use crate::encode::{
    Bins, Category, Encoding, Key, Law, MISSING, OTHER, PALETTE, Rgba8, Rule, Sizes, Swatch, Tick,
    from_oklab, is_text, numbers, parse_color, sizes, to_oklab,
};
use crate::{Error, Result};

/// An integer column with more different values than this is a measure, not a set of categories.
const MOST_INTEGER_CATEGORIES: usize = 12;

/// Opacity of the smallest value, where opacities are made of arbitrary numbers.
const LEAST_OPACITY: f32 = 0.15;

/// What an encoding is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channel {
    Color,
    Area,
    Width,
    Opacity,
    Weight,
}

/// What values became.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Encoded<T> {
    pub(crate) values: Vec<T>,
    pub(crate) key: Key,
}

/// What values can become: colors, numbers, names of icons.
pub(crate) trait Output: Clone {
    /// The output between `self` and `other`.
    fn mix(&self, other: &Self, part: f32) -> Self;
    fn swatch(&self) -> Swatch;
    /// What a missing value becomes.
    fn missing(channel: Channel) -> Self;
    /// The outputs of a scale that has none of its own.
    fn scale(channel: Channel) -> Vec<Self>;
    /// The outputs of categories that have none of their own, and what those beyond them share.
    fn cycle(channel: Channel) -> (Vec<Self>, Option<Self>);
    /// Values as they are.
    fn raw(name: &str, column: &ArrayRef, channel: Channel) -> Result<Encoded<Self>>;
    /// Whether numbers are taken for what they are unless something else is asked for.
    fn takes_numbers(channel: Channel) -> bool;
}

/// Applies `encoding` to its column.
pub(crate) fn encode<T: Output>(
    encoding: &Encoding<T>,
    column: &ArrayRef,
    channel: Channel,
) -> Result<Encoded<T>> {
    let name = &encoding.column;
    match &encoding.rule {
        Rule::Raw => T::raw(name, column, channel),
        Rule::Map { values, other } => map(name, column, values, other.as_ref(), channel),
        Rule::Cycle(outputs) => cycle(name, column, outputs, None, channel),
        Rule::Ramp { stops, law } => ramp(name, column, stops, *law, channel),
        Rule::Bins(bins) => Ok(in_bins(column, &numbers(name, column)?, bins, channel)),
        Rule::Classes { outputs, law } => {
            let values = numbers(name, column)?;
            let bounds = bounds(&values, *law, outputs.len());
            let mut bins: Vec<_> = bounds
                .into_iter()
                .map(|(class, bound)| (Some(bound), outputs[class].clone()))
                .collect();
            bins.extend(outputs.last().map(|output| (None, output.clone())));
            let bins = Bins { bins, inclusive: false, other: None };
            Ok(in_bins(column, &values, &bins, channel))
        }
        Rule::Auto { outputs, law } => {
            if outputs.is_empty() && *law == Law::Auto && T::takes_numbers(channel) {
                return T::raw(name, column, channel);
            }
            if is_categorical(name, column)? && !(T::takes_numbers(channel) || name == "degree") {
                return match outputs.as_slice() {
                    [] => {
                        let (outputs, rest) = T::cycle(channel);
                        cycle(name, column, &outputs, rest.as_ref(), channel)
                    }
                    outputs => cycle(name, column, outputs, None, channel),
                };
            }
            match outputs.as_slice() {
                [] => ramp(name, column, &T::scale(channel), *law, channel),
                outputs => ramp(name, column, outputs, *law, channel),
            }
        }
    }
}

/// Whether values are names, or integers so few that they may be.
fn is_categorical(name: &str, column: &ArrayRef) -> Result<bool> {
    if is_text(column.data_type()) {
        return Ok(true);
    }
    if !column.data_type().is_integer() {
        return Ok(false);
    }
    let mut different = HashSet::new();
    Ok(numbers(name, column)?.into_iter().filter(|value| !value.is_nan()).all(|value| {
        different.insert(value.to_bits());
        different.len() <= MOST_INTEGER_CATEGORIES
    }))
}

fn map<T: Output>(
    name: &str,
    column: &ArrayRef,
    mapping: &[(String, T)],
    other: Option<&T>,
    channel: Channel,
) -> Result<Encoded<T>> {
    let categories = Categories::of(name, column)?;
    let place: HashMap<&str, usize> =
        mapping.iter().enumerate().map(|(i, (value, _))| (value.as_str(), i)).collect();
    let other = other.cloned().unwrap_or_else(|| T::missing(channel));
    let of_code: Vec<Option<usize>> =
        categories.names.iter().map(|name| place.get(name.as_str()).copied()).collect();
    let mut entries: Vec<Category> = mapping
        .iter()
        .map(|(name, output)| Category { name: name.clone(), swatch: output.swatch(), count: 0 })
        .collect();
    let (mut n_others, mut rows_of_others) = (0, 0);
    for (&place, &count) in of_code.iter().zip(&categories.counts) {
        match place {
            Some(place) => entries[place].count += count,
            None => {
                n_others += 1;
                rows_of_others += count;
            }
        }
    }
    push_group(&mut entries, format!("other ({n_others})"), &other, rows_of_others);
    push_group(&mut entries, "no value".to_owned(), &other, categories.missing);
    let output = |code: &Option<u32>| match code.and_then(|code| of_code[code as usize]) {
        Some(place) => mapping[place].1.clone(),
        None => other.clone(),
    };
    let values = categories.codes.iter().map(output).collect();
    Ok(Encoded { values, key: Key::Categories { entries } })
}

/// Outputs in turn; from the first again, or `rest` for all beyond the last.
fn cycle<T: Output>(
    name: &str,
    column: &ArrayRef,
    outputs: &[T],
    rest: Option<&T>,
    channel: Channel,
) -> Result<Encoded<T>> {
    let Categories { codes, names, counts, missing } = Categories::of(name, column)?;
    let of_code = |code: usize| match rest {
        Some(rest) => outputs.get(code).unwrap_or(rest),
        None => &outputs[code % outputs.len()],
    };
    // A key longer than this is not read; what turns up again has no color of its own anyway.
    let listed = names.len().min(outputs.len().max(PALETTE.len()));
    let mut entries: Vec<Category> = (0..listed)
        .filter(|&code| rest.is_none() || code < outputs.len())
        .map(|code| Category {
            name: names[code].clone(),
            swatch: of_code(code).swatch(),
            count: counts[code],
        })
        .collect();
    let beyond = entries.len();
    let grouped = rest.cloned().unwrap_or_else(|| T::missing(channel));
    let left = names.len() - beyond;
    push_group(&mut entries, format!("other ({left})"), &grouped, counts[beyond..].iter().sum());
    let none = T::missing(channel);
    push_group(&mut entries, "no value".to_owned(), &none, missing);
    let output = |code: &Option<u32>| match code {
        Some(code) => of_code(*code as usize).clone(),
        None => none.clone(),
    };
    let values = codes.iter().map(output).collect();
    Ok(Encoded { values, key: Key::Categories { entries } })
}

fn ramp<T: Output>(
    name: &str,
    column: &ArrayRef,
    stops: &[T],
    law: Law,
    channel: Channel,
) -> Result<Encoded<T>> {
    let found = places(&numbers(name, column)?, law);
    let none = T::missing(channel);
    let output = |place: &Option<f32>| place.map_or_else(|| none.clone(), |at| between(stops, at));
    let values = found.of.iter().map(output).collect();
    let mut ticks = Vec::new();
    for (place, row) in found.ticks {
        ticks.push(Tick { place, label: printed(column, row)? });
    }
    let missing = (found.missing > 0).then(|| Category {
        name: "no value".to_owned(),
        swatch: none.swatch(),
        count: found.missing,
    });
    let stops = stops.iter().map(Output::swatch).collect();
    Ok(Encoded { values, key: Key::Scale { stops, ticks, missing } })
}

/// The output at `place`, 0 to 1, of outputs at equal distances.
pub(crate) fn between<T: Output>(stops: &[T], place: f32) -> T {
    let last = stops.len() - 1;
    let place = place.clamp(0.0, 1.0) * last as f32;
    let low = (place as usize).min(last.saturating_sub(1));
    let high = (low + 1).min(last);
    stops[low].mix(&stops[high], place - low as f32)
}

fn in_bins<T: Output>(
    column: &ArrayRef,
    numbers: &[f64],
    bins: &Bins<T>,
    channel: Channel,
) -> Encoded<T> {
    let other = bins.other.clone().unwrap_or_else(|| T::missing(channel));
    let is_in = |value: f64, bound: Option<f64>| match bound {
        None => true,
        Some(bound) if bins.inclusive => value <= bound,
        Some(bound) => value < bound,
    };
    let mut counts = vec![0; bins.bins.len()];
    let (mut missing, mut outside) = (0, 0);
    let mut values = Vec::with_capacity(numbers.len());
    for &value in numbers {
        let place = match value.is_nan() {
            true => None,
            false => bins.bins.iter().position(|&(bound, _)| is_in(value, bound)),
        };
        match place {
            Some(place) => counts[place] += 1,
            None if value.is_nan() => missing += 1,
            None => outside += 1,
        }
        values.push(place.map_or(&other, |place| &bins.bins[place].1).clone());
    }
    let is_integer = column.data_type().is_integer();
    let [below, from] = if bins.inclusive { ["≤ ", "> "] } else { ["< ", "≥ "] };
    let mut entries = Vec::new();
    let mut lower: Option<f64> = None;
    for (&(bound, ref output), &count) in bins.bins.iter().zip(&counts) {
        let text = |value| short(value, is_integer);
        let name = match (lower, bound) {
            (None, None) => "all".to_owned(),
            (None, Some(bound)) => format!("{below}{}", text(bound)),
            (Some(lower), None) => format!("{from}{}", text(lower)),
            (Some(lower), Some(bound)) => format!("{} – {}", text(lower), text(bound)),
        };
        entries.push(Category { name, swatch: output.swatch(), count });
        lower = bound.or(lower);
    }
    push_group(&mut entries, "in no bin".to_owned(), &other, outside);
    push_group(&mut entries, "no value".to_owned(), &other, missing);
    Encoded { values, key: Key::Bins { entries } }
}

/// A bound in few digits.
fn short(value: f64, is_integer: bool) -> String {
    if value == 0.0 || !value.is_finite() || (is_integer && value.fract() == 0.0) {
        return value.to_string();
    }
    let digits = (3 - value.abs().log10().floor() as i32).clamp(0, 17) as usize;
    let text = format!("{value:.digits$}");
    match value.abs() {
        1e-4..1e15 if text.contains('.') => {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        1e-4..1e15 => text,
        _ => format!("{value:.3e}"),
    }
}

fn push_group<T: Output>(entries: &mut Vec<Category>, name: String, output: &T, count: usize) {
    if count > 0 {
        entries.push(Category { name, swatch: output.swatch(), count });
    }
}

impl Output for Rgba8 {
    fn mix(&self, other: &Self, part: f32) -> Self {
        let (a, b) = (to_oklab(*self), to_oklab(*other));
        let [red, green, blue, _] = from_oklab([0, 1, 2].map(|i| a[i] + part * (b[i] - a[i])));
        let alpha = f32::from(self[3]) + part * (f32::from(other[3]) - f32::from(self[3]));
        [red, green, blue, alpha.round() as u8]
    }

    fn swatch(&self) -> Swatch {
        Swatch::Color(*self)
    }

    fn missing(_: Channel) -> Self {
        MISSING
    }

    fn scale(_: Channel) -> Vec<Self> {
        VIRIDIS.map(|[red, green, blue]| [red, green, blue, 255]).to_vec()
    }

    fn cycle(_: Channel) -> (Vec<Self>, Option<Self>) {
        (PALETTE.to_vec(), Some(OTHER))
    }

    fn raw(name: &str, column: &ArrayRef, channel: Channel) -> Result<Encoded<Self>> {
        let kind = column.data_type();
        if is_text(kind) && *kind != DataType::Boolean {
            let Categories { codes, names, counts, missing } = Categories::of(name, column)?;
            let colors = names.iter().map(|text| parse_color(text)).collect::<Result<Vec<_>>>();
            let colors = colors.map_err(|error| Error::BadValue {
                column: name.to_owned(),
                reason: error.to_string(),
            })?;
            let mut entries: Vec<Category> = Vec::new();
            for ((name, color), count) in names.into_iter().zip(&colors).zip(counts) {
                entries.push(Category { name, swatch: color.swatch(), count });
            }
            entries.truncate(PALETTE.len());
            push_group(&mut entries, "no value".to_owned(), &MISSING, missing);
            let color = |code: &Option<u32>| code.map_or(MISSING, |code| colors[code as usize]);
            let values = codes.iter().map(color).collect();
            return Ok(Encoded { values, key: Key::Categories { entries } });
        }
        if !kind.is_integer() {
            return Err(Error::ColumnType {
                column: name.to_owned(),
                found: kind.to_string(),
                expected: "colors are texts of CSS, integers 0xRRGGBBAA of 64 bits, or smaller \
                           ones for entries of the palette",
            });
        }
        let is_rgba = matches!(kind, DataType::Int64 | DataType::UInt64);
        let wide = cast(column, &DataType::Int64)?;
        let palette = Self::cycle(channel).0;
        let color = |value: i64| {
            if !is_rgba {
                return palette[value.rem_euclid(palette.len() as i64) as usize];
            }
            match (value as u32).to_be_bytes() {
                [red, green, blue, 0] => [red, green, blue, 255],
                color => color,
            }
        };
        let values = wide.as_primitive::<Int64Type>().iter();
        let values = values.map(|value| value.map_or(MISSING, color)).collect();
        Ok(Encoded { values, key: Key::Raw })
    }

    fn takes_numbers(_: Channel) -> bool {
        false
    }
}

impl Output for f32 {
    fn mix(&self, other: &Self, part: f32) -> Self {
        self + part * (other - self)
    }

    fn swatch(&self) -> Swatch {
        Swatch::Number(*self)
    }

    fn missing(channel: Channel) -> Self {
        match channel {
            Channel::Area | Channel::Width => 0.0,
            Channel::Color | Channel::Opacity | Channel::Weight => 1.0,
        }
    }

    fn scale(channel: Channel) -> Vec<Self> {
        match channel {
            Channel::Area => vec![0.02, 1.0],
            Channel::Width => vec![0.1, 1.0],
            Channel::Opacity => vec![LEAST_OPACITY, 1.0],
            Channel::Weight | Channel::Color => vec![0.0, 1.0],
        }
    }

    fn cycle(channel: Channel) -> (Vec<Self>, Option<Self>) {
        (Self::scale(channel), None)
    }

    fn raw(name: &str, column: &ArrayRef, channel: Channel) -> Result<Encoded<Self>> {
        let numbers = numbers(name, column)?;
        match channel {
            Channel::Area | Channel::Width => {
                let law = if name == "degree" { Sizes::Count } else { Sizes::Measure };
                let values = sizes(&numbers, law);
                let found = places(&numbers, Law::Linear);
                let mut ticks = Vec::new();
                for (place, row) in found.ticks {
                    ticks.push(Tick { place, label: printed(column, row)? });
                }
                let least = values.iter().copied().fold(1.0, Self::min);
                let stops = vec![Swatch::Number(least), Swatch::Number(1.0)];
                let missing = (found.missing > 0).then(|| Category {
                    name: "no value".to_owned(),
                    swatch: Swatch::Number(least),
                    count: found.missing,
                });
                Ok(Encoded { values, key: Key::Scale { stops, ticks, missing } })
            }
            Channel::Opacity => {
                // Arbitrary numbers become opacities from faint to full.
                if numbers.iter().any(|value| !value.is_nan() && !(0.0..=1.0).contains(value)) {
                    return ramp(name, column, &Self::scale(channel), Law::Auto, channel);
                }
                let value = |&value: &f64| if value.is_nan() { 1.0 } else { value as Self };
                Ok(Encoded { values: numbers.iter().map(value).collect(), key: Key::Raw })
            }
            Channel::Weight | Channel::Color => {
                if let Some(row) = numbers.iter().position(|&value| {
                    let narrow = value as Self;
                    !(value.is_nan() || narrow.is_finite() && narrow >= 0.0)
                }) {
                    return Err(Error::BadValue {
                        column: name.to_owned(),
                        reason: format!(
                            "the weight in row {row} is {}, but must be finite and not negative",
                            numbers[row]
                        ),
                    });
                }
                let value = |&value: &f64| if value.is_nan() { 1.0 } else { value as Self };
                Ok(Encoded { values: numbers.iter().map(value).collect(), key: Key::Raw })
            }
        }
    }

    fn takes_numbers(_: Channel) -> bool {
        true
    }
}

/// Brings areas, widths and opacities given by a rule into their range; the key with them.
pub(crate) fn encode_numbers(
    encoding: &Encoding<f32>,
    column: &ArrayRef,
    channel: Channel,
) -> Result<Encoded<f32>> {
    let mut encoded = encode(encoding, column, channel)?;
    let factor = match channel {
        Channel::Area | Channel::Width => {
            let largest = encoded.values.iter().copied().fold(0.0, f32::max);
            if largest > 0.0 { 1.0 / largest } else { 1.0 }
        }
        Channel::Opacity | Channel::Weight | Channel::Color => 1.0,
    };
    let bring = |value: f32| match channel {
        Channel::Opacity => value.clamp(0.0, 1.0),
        _ => value * factor,
    };
    // Where nothing was asked for the smallest of the others stands in, so that it can be seen.
    let least =
        encoded.values.iter().copied().filter(|&value| value > 0.0).fold(f32::MAX, f32::min);
    let fill = |value: f32| {
        if factor.is_finite() && value == 0.0 && least < f32::MAX { least } else { value }
    };
    let is_size = matches!(channel, Channel::Area | Channel::Width);
    let bring = |value: f32| bring(if is_size { fill(value) } else { value });
    for value in &mut encoded.values {
        *value = bring(*value);
    }
    let adjust = |swatch: &mut Swatch| {
        if let Swatch::Number(number) = swatch {
            *number = bring(*number);
        }
    };
    match &mut encoded.key {
        Key::Categories { entries } | Key::Bins { entries } => {
            for entry in entries {
                adjust(&mut entry.swatch);
            }
        }
        Key::Scale { stops, missing, .. } => {
            stops.iter_mut().for_each(adjust);
            if let Some(entry) = missing {
                adjust(&mut entry.swatch);
            }
        }
        Key::Raw => {}
    }
    Ok(encoded)
}

impl Output for String {
    fn mix(&self, other: &Self, part: f32) -> Self {
        if part < 0.5 { self.clone() } else { other.clone() }
    }

    fn swatch(&self) -> Swatch {
        Swatch::Icon(self.clone())
    }

    fn missing(_: Channel) -> Self {
        Self::new()
    }

    fn scale(_: Channel) -> Vec<Self> {
        vec![Self::new()]
    }

    fn cycle(_: Channel) -> (Vec<Self>, Option<Self>) {
        (vec![Self::new()], None)
    }

    fn raw(name: &str, column: &ArrayRef, _: Channel) -> Result<Encoded<Self>> {
        let Categories { codes, names, counts, missing } = Categories::of(name, column)?;
        let mut entries: Vec<Category> = names
            .iter()
            .zip(counts)
            .take(PALETTE.len())
            .map(|(name, count)| Category { name: name.clone(), swatch: name.swatch(), count })
            .collect();
        push_group(&mut entries, "no value".to_owned(), &Self::new(), missing);
        let text =
            |code: &Option<u32>| code.map_or_else(Self::new, |code| names[code as usize].clone());
        let values = codes.iter().map(text).collect();
        Ok(Encoded { values, key: Key::Categories { entries } })
    }

    fn takes_numbers(_: Channel) -> bool {
        true
    }
}

/// Icons as a table of names, none first, and entries of it.
pub(crate) fn icons(
    encoding: &Encoding<String>,
    column: &ArrayRef,
) -> Result<(Vec<String>, Vec<u16>, Key)> {
    let Encoded { values, key } = encode(encoding, column, Channel::Color)?;
    let mut table = vec![String::new()];
    let mut entry: HashMap<String, u16> = HashMap::from([(String::new(), 0)]);
    let mut index = Vec::with_capacity(values.len());
    for name in values {
        let at = match entry.get(&name) {
            Some(&at) => at,
            None => {
                let too_many = |_| Error::TooManyIcons { column: encoding.column.clone() };
                let at = u16::try_from(table.len()).map_err(too_many)?;
                table.push(name.clone());
                entry.insert(name, at);
                at
            }
        };
        index.push(at);
    }
    Ok((table, index, key))
}
