//! What values can become: colors, numbers and names of icons, and what each does by default.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};

use crate::encode::apply::{push_group, ramp};
use crate::encode::categorical::Categories;
use crate::encode::color::{PAIRED, VIRIDIS};
use crate::encode::column::printed;
use crate::encode::continuous::places;
use crate::encode::{
    Category, Key, Law, MISSING, OTHER, PALETTE, Rgba8, Sizes, Swatch, Tick, from_oklab, is_text,
    numbers, parse_color, sizes, to_oklab,
};
use crate::{Error, Result};

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

    fn raw(name: &str, column: &ArrayRef, _: Channel) -> Result<Encoded<Self>> {
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
                found: graph_core::type_name(kind),
                expected: "colors are texts of CSS, integers 0xRRGGBBAA of 64 bits, or smaller \
                           ones for entries of the palette",
            });
        }
        let is_rgba = matches!(kind, DataType::Int64 | DataType::UInt64);
        let wide = cast(column, &DataType::Int64)?;
        let color = |value: i64| {
            if !is_rgba {
                return PAIRED[value.rem_euclid(PAIRED.len() as i64) as usize];
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
                // Numbers that cannot be opacities become such, from faint to full.
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
