//! Encodings in JSON: our own concise form, and the way to that of `PyGraphistry`.

use std::path::Path;

use graph_core::words::nearest;
use serde_json::{Map, Value};

use crate::encode::apply::between;
use crate::encode::color::VIRIDIS;
use crate::encode::output::Output;
use crate::encode::{
    Badge, BadgePosition, Bins, Encoding, Encodings, Law, PALETTE, Rgba8, Rule, parse_color, wire,
};
use crate::{Error, Result};

impl Encodings {
    /// Reads encodings from JSON, of one of two forms.
    ///
    /// **Concise.** An object with any of `node_color`, `edge_color`, `edge_source_color`,
    /// `edge_target_color`, `node_size`, `edge_size`, `node_opacity`, `edge_opacity`,
    /// `edge_weight`, `node_icon`, `edge_icon`, each the name of a column or an object of:
    ///
    /// | key         | meaning                                                                |
    /// |-------------|------------------------------------------------------------------------|
    /// | `column`    | the column                                                             |
    /// | `map`       | what each value becomes: `{"a": "red"}`                                |
    /// | `palette`   | what there is to choose from: `["white", "#f00"]`, `"viridis"` or `"categorical"` |
    /// | `range`     | the same for numbers: `[1, 10]`                                        |
    /// | `scale`     | `linear`, `log`, `quantile`, `categorical`, `raw`, or `auto`           |
    /// | `bins`      | a number of bins with bounds found by `scale`, or bounds and what is below them: `[[5, "red"], [null, "blue"]]` |
    /// | `inclusive` | whether a number at a bound is below it                                |
    /// | `other`     | what other and missing values become                                   |
    ///
    /// and `node_title`, `node_label`, `edge_title`, `edge_label`, each the name of a column;
    /// `node_icon_as_text`, `edge_icon_as_text`; and `badges`, an object from positions such as
    /// `TopRight` to objects of `icon`, `as_text`, `color` and `background`. An icon may also be null,
    /// which is none, or a number, which is its text.
    ///
    /// **That of `PyGraphistry`**: `node_encodings` and `edge_encodings`, as in the dataset that it
    /// uploads, each with `bindings` and `complex`. Icons of nodes and bindings without a mapping
    /// are [`Rule::Raw`].
    ///
    /// # Errors
    ///
    /// [`Error::BadEncoding`] with the place in the document, and the nearest name of a key.
    pub fn from_json(text: &str) -> Result<Self> {
        let document: Value = serde_json::from_str(text).map_err(|error| Error::BadEncoding {
            place: "encodings".to_owned(),
            reason: error.to_string(),
        })?;
        let place = Place("encodings".to_owned());
        let fields = place.object(&document)?;
        if fields.contains_key("node_encodings") || fields.contains_key("edge_encodings") {
            return wire::read(fields);
        }
        read(fields)
    }

    /// Reads the encodings in a file, as [`from_json`](Self::from_json) does.
    ///
    /// # Errors
    ///
    /// [`Error::Read`] or [`Error::BadEncoding`].
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path)
            .map_err(|source| Error::Read { path: path.to_owned(), source })?;
        Self::from_json(&text)
    }
}

/// A place in the document, for messages.
#[derive(Debug, Clone)]
pub(super) struct Place(pub(super) String);

impl Place {
    pub(super) fn at(&self, key: impl std::fmt::Display) -> Self {
        match self.0.as_str() {
            "encodings" => Self(key.to_string()),
            here => Self(format!("{here}.{key}")),
        }
    }

    pub(super) fn bad(&self, reason: impl Into<String>) -> Error {
        Error::BadEncoding { place: self.0.clone(), reason: reason.into() }
    }

    pub(super) fn object<'a>(&self, value: &'a Value) -> Result<&'a Map<String, Value>> {
        value.as_object().ok_or_else(|| self.bad(format!("{} is no object", shown(value))))
    }

    pub(super) fn array<'a>(&self, value: &'a Value) -> Result<&'a [Value]> {
        let array = value.as_array().map(Vec::as_slice);
        array.ok_or_else(|| self.bad(format!("{} is no array", shown(value))))
    }

    pub(super) fn text<'a>(&self, value: &'a Value) -> Result<&'a str> {
        value.as_str().ok_or_else(|| self.bad(format!("{} is no text", shown(value))))
    }

    pub(super) fn flag(&self, value: &Value) -> Result<bool> {
        value
            .as_bool()
            .ok_or_else(|| self.bad(format!("{} is neither true nor false", shown(value))))
    }

    /// Refuses a key that is none of `allowed`.
    pub(super) fn known(&self, key: &str, allowed: &[&str]) -> Result<()> {
        if allowed.contains(&key) {
            return Ok(());
        }
        Err(self.bad(match nearest(key, allowed.iter().copied()) {
            Some(name) => format!("there is no `{key}`; did you mean `{name}`?"),
            None => format!("there is no `{key}`; there are `{}`", allowed.join("`, `")),
        }))
    }
}

/// A value for a message: short.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// What an encoding's outputs are written as.
pub(super) trait Written: Output {
    fn read(place: &Place, value: &Value) -> Result<Self>;
    /// Outputs by name.
    fn palette(place: &Place, name: &str) -> Result<Vec<Self>>;
}

impl Written for Rgba8 {
    fn read(place: &Place, value: &Value) -> Result<Self> {
        parse_color(place.text(value)?).map_err(|error| place.bad(error.to_string()))
    }

    fn palette(place: &Place, name: &str) -> Result<Vec<Self>> {
        named_palette(name).ok_or_else(|| {
            place.bad(format!("there is no palette `{name}`; there are `viridis`, `categorical`"))
        })
    }
}

/// Colors by name.
pub(crate) fn named_palette(name: &str) -> Option<Vec<Rgba8>> {
    match name {
        "viridis" => Some(VIRIDIS.map(|[red, green, blue]| [red, green, blue, 255]).to_vec()),
        "categorical" => Some(PALETTE.to_vec()),
        _ => None,
    }
}

impl Written for f32 {
    fn read(place: &Place, value: &Value) -> Result<Self> {
        let number = value.as_f64().map(|value| value as Self);
        let number = number.filter(|number| number.is_finite() && *number >= 0.0);
        number.ok_or_else(|| place.bad(format!("{} is no number from 0 on", shown(value))))
    }

    fn palette(place: &Place, name: &str) -> Result<Vec<Self>> {
        Err(place.bad(format!("`{name}` is a name, but these are numbers")))
    }
}

impl Written for String {
    /// Icons, which are all that is text: nothing is none, and a number may be shown as text.
    fn read(place: &Place, value: &Value) -> Result<Self> {
        match value {
            Value::Null => Ok(Self::new()),
            Value::Number(number) => Ok(number.to_string()),
            value => place.text(value).map(str::to_owned),
        }
    }

    fn palette(place: &Place, _: &str) -> Result<Vec<Self>> {
        Err(place.bad("icons have no palettes by name"))
    }
}

const CHANNELS: [&str; 18] = [
    "node_color",
    "edge_color",
    "edge_source_color",
    "edge_target_color",
    "node_size",
    "edge_size",
    "node_opacity",
    "edge_opacity",
    "edge_weight",
    "node_icon",
    "edge_icon",
    "node_icon_as_text",
    "edge_icon_as_text",
    "badges",
    "node_title",
    "node_label",
    "edge_title",
    "edge_label",
];

fn read(fields: &Map<String, Value>) -> Result<Encodings> {
    let top = Place("encodings".to_owned());
    let mut made = Encodings::default();
    for (key, value) in fields {
        top.known(key, &CHANNELS)?;
        let place = top.at(key);
        let text = |value| Ok::<_, Error>(Some(place.text(value)?.to_owned()));
        match key.as_str() {
            "node_color" => made.node_color = Some(encoding(&place, value)?),
            "edge_color" => made.edge_color = Some(encoding(&place, value)?),
            "edge_source_color" => made.edge_source_color = Some(encoding(&place, value)?),
            "edge_target_color" => made.edge_target_color = Some(encoding(&place, value)?),
            "node_size" => made.node_size = Some(encoding(&place, value)?),
            "edge_size" => made.edge_size = Some(encoding(&place, value)?),
            "node_opacity" => made.node_opacity = Some(encoding(&place, value)?),
            "edge_opacity" => made.edge_opacity = Some(encoding(&place, value)?),
            "edge_weight" => made.edge_weight = Some(encoding(&place, value)?),
            "node_icon" => made.node_icon = Some(encoding(&place, value)?),
            "edge_icon" => made.edge_icon = Some(encoding(&place, value)?),
            "node_icon_as_text" => made.node_icon_as_text = place.flag(value)?,
            "edge_icon_as_text" => made.edge_icon_as_text = place.flag(value)?,
            "node_title" => made.node_title = text(value)?,
            "node_label" => made.node_label = text(value)?,
            "edge_title" => made.edge_title = text(value)?,
            "edge_label" => made.edge_label = text(value)?,
            _ => {
                for (position, badge) in place.object(value)? {
                    let place = place.at(position);
                    made.badges
                        .insert(self::position(&place, position)?, self::badge(&place, badge)?);
                }
            }
        }
    }
    Ok(made)
}

/// The position with this name.
pub(super) fn position(place: &Place, name: &str) -> Result<BadgePosition> {
    let found = BadgePosition::ALL.iter().find(|(_, other)| *other == name);
    found.map(|&(position, _)| position).ok_or_else(|| {
        let names: Vec<&str> = BadgePosition::ALL.iter().map(|(_, name)| *name).collect();
        place.bad(format!("badges sit at `{}`", names.join("`, `")))
    })
}

fn badge(place: &Place, value: &Value) -> Result<Badge> {
    let mut badge = Badge::default();
    for (key, value) in place.object(value)? {
        place.known(key, &["icon", "as_text", "color", "background"])?;
        let place = place.at(key);
        match key.as_str() {
            "icon" => badge.icon = Some(encoding(&place, value)?),
            "as_text" => badge.as_text = place.flag(value)?,
            "color" => badge.color = Some(encoding(&place, value)?),
            _ => badge.background = Some(encoding(&place, value)?),
        }
    }
    Ok(badge)
}

fn encoding<T: Written>(place: &Place, value: &Value) -> Result<Encoding<T>> {
    if let Some(column) = value.as_str() {
        return Ok(Encoding::auto(column));
    }
    let fields = place.object(value)?;
    let allowed = ["column", "map", "palette", "range", "scale", "bins", "inclusive", "other"];
    for key in fields.keys() {
        place.known(key, &allowed)?;
    }
    let field = |key: &str| fields.get(key).map(|value| (place.at(key), value));
    let Some((at, column)) = field("column") else {
        return Err(place.bad("`column` is missing"));
    };
    let column = at.text(column)?.to_owned();
    let other = field("other").map(|(at, value)| T::read(&at, value)).transpose()?;
    let scale = field("scale").map(|(at, value)| at.text(value)).transpose()?.unwrap_or("auto");
    let law = match scale {
        "auto" | "categorical" | "raw" => Law::Auto,
        "linear" => Law::Linear,
        "log" => Law::Log,
        "quantile" => Law::Quantile,
        other => {
            let scales = ["auto", "categorical", "raw", "linear", "log", "quantile"];
            place.at("scale").known(other, &scales)?;
            Law::Auto
        }
    };
    let outputs = match field("palette").or_else(|| field("range")) {
        None => vec![],
        Some((at, Value::String(name))) => T::palette(&at, name)?,
        Some((at, value)) => outputs(&at, value)?,
    };
    let rule = if let Some((at, value)) = field("map") {
        let read =
            |(key, value): (&String, &Value)| Ok((key.clone(), T::read(&at.at(key), value)?));
        Rule::Map { values: at.object(value)?.iter().map(read).collect::<Result<_>>()?, other }
    } else if let Some((at, value)) = field("bins") {
        match value.as_u64() {
            Some(count @ 1..=256) => {
                Rule::Classes { outputs: spread(&outputs, count as usize), law }
            }
            Some(count) => return Err(at.bad(format!("{count} bins are not from 1 to 256"))),
            None => {
                let inclusive = field("inclusive").map(|(at, value)| at.flag(value)).transpose()?;
                let inclusive = inclusive.unwrap_or(false);
                Rule::Bins(Bins { bins: bins(&at, value)?, inclusive, other })
            }
        }
    } else {
        match (scale, outputs.is_empty()) {
            ("raw", _) => Rule::Raw,
            ("categorical", true) => Rule::Cycle(T::cycle(crate::encode::output::Channel::Color).0),
            ("categorical", false) => Rule::Cycle(outputs),
            _ => Rule::Auto { outputs, law },
        }
    };
    Ok(Encoding { column, rule })
}

/// An array of outputs, one or more.
pub(super) fn outputs<T: Written>(place: &Place, value: &Value) -> Result<Vec<T>> {
    let list = place.array(value)?;
    if list.is_empty() {
        return Err(place.bad("there is nothing to choose from"));
    }
    list.iter().enumerate().map(|(i, value)| T::read(&place.at(i), value)).collect()
}

/// An array of pairs: a bound or null, and what is below it.
pub(super) fn bins<T: Written>(place: &Place, value: &Value) -> Result<Vec<(Option<f64>, T)>> {
    let pair = |(i, value): (usize, &Value)| {
        let place = place.at(i);
        let [bound, output] = place.array(value)? else {
            return Err(place.bad("a bin is a bound or null, and what is below it"));
        };
        let number = bound.as_f64();
        if number.is_none() && !bound.is_null() {
            return Err(place.bad(format!("{} is neither a number nor null", shown(bound))));
        }
        Ok((number, T::read(&place, output)?))
    };
    let bins = place.array(value)?.iter().enumerate().map(pair).collect::<Result<Vec<_>>>()?;
    let bounds: Vec<f64> = bins.iter().map(|(bound, _)| bound.unwrap_or(f64::INFINITY)).collect();
    if let Some(at) = bounds.windows(2).position(|pair| pair[0] >= pair[1]) {
        return Err(place.bad(format!("the bound of bin {} is not above that of bin {at}", at + 1)));
    }
    Ok(bins)
}

/// As many outputs as asked for, at equal distances along `outputs`, or along those that a scale
/// has by default.
pub(crate) fn spread<T: Output>(outputs: &[T], count: usize) -> Vec<T> {
    let default = T::scale(crate::encode::output::Channel::Width);
    let stops = if outputs.is_empty() { &default } else { outputs };
    if stops.len() == count {
        return stops.to_vec();
    }
    let place = |i: usize| if count > 1 { i as f32 / (count - 1) as f32 } else { 0.5 };
    (0..count).map(|i| between(stops, place(i))).collect()
}
