//! One encoding of one column: values in, outputs and their key out.

use std::collections::{HashMap, HashSet};

use arrow::array::ArrayRef;

use crate::encode::categorical::Categories;
use crate::encode::column::{printed, printed_bounds};
use crate::encode::continuous::{bounds, places};
use crate::encode::output::{Channel, Encoded, Output};
use crate::encode::{
    Bins, Category, Encoding, Key, Law, PALETTE, Rule, Swatch, Tick, is_text, numbers,
};
use crate::{Error, Result};

/// An integer column with more different values than this is a measure, not a set of categories.
const MOST_INTEGER_CATEGORIES: usize = 12;

/// Columns whose integers are names of groups, however many groups there are: what communities and components are called
/// here, by the measures that find them here and in other libraries, and by Gephi.
const GROUPS: [&str; 16] = [
    "cluster",
    "community",
    "community_label_propagation",
    "community_leiden",
    "community_multilevel",
    "component",
    "connected_components",
    "label_propagation",
    "leiden",
    "louvain",
    "modularity_class",
    "multilevel",
    "strong_components",
    "strongly_connected_components",
    "weak_components",
    "weakly_connected_components",
];

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
            // A share that is small, such as a rank, is no wish not to be seen: opacities are scaled.
            let scaled = channel == Channel::Opacity || *law != Law::Auto;
            if outputs.is_empty() && !scaled && T::takes_numbers(channel) {
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

/// Whether values are names, or integers that are names of groups, or so few that they may be.
fn is_categorical(name: &str, column: &ArrayRef) -> Result<bool> {
    if is_text(column.data_type()) {
        return Ok(true);
    }
    if !column.data_type().is_integer() {
        return Ok(false);
    }
    if GROUPS.iter().any(|group| group.eq_ignore_ascii_case(name)) {
        return Ok(true);
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

pub(super) fn ramp<T: Output>(
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
    let [below, from] = if bins.inclusive { ["≤ ", "> "] } else { ["< ", "≥ "] };
    let bounds: Vec<f64> = bins.bins.iter().filter_map(|&(bound, _)| bound).collect();
    let mut texts = printed_bounds(column.data_type(), &bounds, bins.inclusive).into_iter();
    let mut entries = Vec::new();
    let mut lower: Option<String> = None;
    for (&(bound, ref output), &count) in bins.bins.iter().zip(&counts) {
        let upper = bound.and_then(|_| texts.next());
        let name = match (&lower, &upper) {
            (None, None) => "all".to_owned(),
            (None, Some(upper)) => format!("{below}{upper}"),
            (Some(lower), None) => format!("{from}{lower}"),
            (Some(lower), Some(upper)) => format!("{lower} – {upper}"),
        };
        entries.push(Category { name, swatch: output.swatch(), count });
        lower = upper.or(lower);
    }
    push_group(&mut entries, "in no bin".to_owned(), &other, outside);
    push_group(&mut entries, "no value".to_owned(), &other, missing);
    Encoded { values, key: Key::Bins { entries } }
}

pub(super) fn push_group<T: Output>(
    entries: &mut Vec<Category>,
    name: String,
    output: &T,
    count: usize,
) {
    if count > 0 {
        entries.push(Category { name, swatch: output.swatch(), count });
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
