//! Encodings as `PyGraphistry` uploads them: `node_encodings` and `edge_encodings` of a dataset.

use serde_json::{Map, Value};

use crate::Result;
use crate::encode::json::{Place, Written, bins, outputs, position};
use crate::encode::{Badge, Bins, Encoding, Encodings, Law, Rgba8, Rule};

/// Bindings that say which columns are ids and positions, not what is seen.
const NOT_SEEN: [&str; 8] = [
    "node",
    "source",
    "destination",
    "node_x",
    "node_y",
    "node_longitude",
    "node_latitude",
    "edge",
];

pub(super) fn read(dataset: &Map<String, Value>) -> Result<Encodings> {
    let mut made = Encodings::default();
    for (part, kind) in [("node_encodings", "node"), ("edge_encodings", "edge")] {
        let Some(value) = dataset.get(part) else { continue };
        let place = Place(part.to_owned());
        let fields = place.object(value)?;
        if let Some(bindings) = fields.get("bindings") {
            let place = place.at("bindings");
            for (name, value) in place.object(bindings)? {
                if !value.is_null() {
                    binding(&mut made, &place.at(name), name, value)?;
                }
            }
        }
        let Some(complex) = fields.get("complex") else { continue };
        let place = place.at("complex");
        let complex = place.object(complex)?;
        // What is current replaces what is the default of the same name.
        for level in ["default", "current"] {
            let Some(value) = complex.get(level).filter(|value| !value.is_null()) else { continue };
            let place = place.at(level);
            for (name, value) in place.object(value)? {
                complex_encoding(&mut made, &place.at(name), kind, name, value)?;
            }
        }
    }
    Ok(made)
}

fn binding(made: &mut Encodings, place: &Place, name: &str, value: &Value) -> Result<()> {
    if NOT_SEEN.contains(&name) {
        return Ok(());
    }
    let column = place.text(value)?.to_owned();
    let numbers = || Some(Encoding { column: column.clone(), rule: Rule::Raw });
    let colors = || Some(Encoding { column: column.clone(), rule: Rule::Raw });
    let icons = || Some(Encoding { column: column.clone(), rule: Rule::Raw });
    match name {
        "node_color" => made.node_color = colors(),
        "edge_color" => made.edge_color = colors(),
        "edge_source_color" => made.edge_source_color = colors(),
        "edge_destination_color" => made.edge_target_color = colors(),
        "node_size" => made.node_size = numbers(),
        "edge_size" => made.edge_size = numbers(),
        "node_opacity" => made.node_opacity = numbers(),
        "edge_opacity" => made.edge_opacity = numbers(),
        "edge_weight" => made.edge_weight = numbers(),
        "node_icon" => made.node_icon = icons(),
        "edge_icon" => made.edge_icon = icons(),
        "node_title" => made.node_title = Some(column),
        "node_label" => made.node_label = Some(column),
        "edge_title" => made.edge_title = Some(column),
        "edge_label" => made.edge_label = Some(column),
        _ => made.ignored.push(name.to_owned()),
    }
    Ok(())
}

/// One of `complex`, such as `pointColorEncoding`.
fn complex_encoding(
    made: &mut Encodings,
    place: &Place,
    kind: &str,
    name: &str,
    value: &Value,
) -> Result<()> {
    if value.is_null() {
        return Ok(());
    }
    let what = name
        .strip_suffix("Encoding")
        .and_then(|name| name.strip_prefix(if kind == "node" { "point" } else { "edge" }));
    let Some(what) = what else {
        let graph = if kind == "node" { "point" } else { "edge" };
        return Err(place.bad(format!("a name of {kind}s is `{graph}…Encoding`")));
    };
    let as_text = match place.object(value)?.get("asText") {
        Some(flag) => place.at("asText").flag(flag)?,
        None => false,
    };
    match (kind, what) {
        ("node", "Color") => made.node_color = Some(encoding(place, value, None)?),
        ("edge", "Color") => made.edge_color = Some(encoding(place, value, None)?),
        ("node", "Size") => made.node_size = Some(encoding(place, value, None)?),
        ("edge", "Size") => made.edge_size = Some(encoding(place, value, None)?),
        ("node", "Opacity") => made.node_opacity = Some(encoding(place, value, None)?),
        ("edge", "Opacity") => made.edge_opacity = Some(encoding(place, value, None)?),
        ("edge", "Weight") => made.edge_weight = Some(encoding(place, value, None)?),
        ("node", "Icon") => {
            made.node_icon = Some(encoding(place, value, None)?);
            made.node_icon_as_text = as_text;
        }
        ("edge", "Icon") => {
            made.edge_icon = Some(encoding(place, value, None)?);
            made.edge_icon_as_text = as_text;
        }
        ("node", what) if what.starts_with("Badge") => {
            let position = position(place, what.trim_start_matches("Badge"))?;
            made.badges.insert(position, badge(place, value, as_text)?);
        }
        _ => made.ignored.push(name.to_owned()),
    }
    Ok(())
}

fn badge(place: &Place, value: &Value, as_text: bool) -> Result<Badge> {
    let fields = place.object(value)?;
    let color = |place: &Place, of: &Value| part_color(place, of, value);
    let background = match fields.get("bg") {
        Some(bg) => {
            let place = place.at("bg");
            let of = place.object(bg)?.get("color");
            of.map(|of| color(&place.at("color"), of)).transpose()?.flatten()
        }
        None => None,
    };
    let own = fields.get("color").map(|of| color(&place.at("color"), of)).transpose()?.flatten();
    Ok(Badge { icon: Some(encoding(place, value, None)?), as_text, color: own, background })
}

/// The color of a part of a badge: one for all nodes, or by a column, which may be that of the
/// badge.
fn part_color(place: &Place, of: &Value, badge: &Value) -> Result<Option<Encoding<Rgba8>>> {
    match of {
        Value::Null => Ok(None),
        Value::String(_) => {
            let column = place.text(badge.get("attribute").unwrap_or(&Value::Null))?.to_owned();
            let rule = Rule::Map { values: vec![], other: Some(Rgba8::read(place, of)?) };
            Ok(Some(Encoding { column, rule }))
        }
        of => encoding(place, of, Some(badge)).map(Some),
    }
}

/// Attribute, variation, and colors or a mapping; what is not there is as in `parent`.
fn encoding<T: Written>(
    place: &Place,
    value: &Value,
    parent: Option<&Value>,
) -> Result<Encoding<T>> {
    let fields = place.object(value)?;
    let field = |key: &str| fields.get(key).or_else(|| parent?.get(key)).filter(|v| !v.is_null());
    let Some(column) = field("attribute") else {
        return Err(place.bad("`attribute` is missing"));
    };
    let column = place.at("attribute").text(column)?.to_owned();
    let is_continuous = match field("variation") {
        None => false,
        Some(variation) => {
            let place = place.at("variation");
            let variation = place.text(variation)?;
            place.known(variation, &["categorical", "continuous"])?;
            variation == "continuous"
        }
    };
    let rule = if let Some(colors) = fields.get("colors").filter(|colors| !colors.is_null()) {
        let outputs = outputs(&place.at("colors"), colors)?;
        match is_continuous {
            true => Rule::Ramp { stops: outputs, law: Law::Linear },
            false => Rule::Cycle(outputs),
        }
    } else if let Some(mapping) = fields.get("mapping").filter(|mapping| !mapping.is_null()) {
        let place = place.at("mapping");
        let fields = place.object(mapping)?;
        let other = |place: &Place, of: &Map<String, Value>| {
            let other = of.get("other").filter(|other| !other.is_null());
            other.map(|other| T::read(&place.at("other"), other)).transpose()
        };
        if let Some(categorical) = fields.get("categorical") {
            let place = place.at("categorical");
            let of = place.object(categorical)?;
            let fixed = place.at("fixed");
            let values = match of.get("fixed") {
                None => vec![],
                Some(values) => {
                    let read = |(key, value): (&String, &Value)| {
                        Ok((key.clone(), T::read(&fixed.at(key), value)?))
                    };
                    fixed.object(values)?.iter().map(read).collect::<Result<_>>()?
                }
            };
            Rule::Map { values, other: other(&place, of)? }
        } else if let Some(continuous) = fields.get("continuous") {
            let place = place.at("continuous");
            let of = place.object(continuous)?;
            let Some(list) = of.get("bins") else { return Err(place.bad("`bins` is missing")) };
            let inclusive = match of.get("comparator") {
                None => false,
                Some(comparator) => {
                    let place = place.at("comparator");
                    let comparator = place.text(comparator)?;
                    place.known(comparator, &["<", "<="])?;
                    comparator == "<="
                }
            };
            let bins = bins(&place.at("bins"), list)?;
            Rule::Bins(Bins { bins, inclusive, other: other(&place, of)? })
        } else {
            return Err(place.bad("there is neither `categorical` nor `continuous`"));
        }
    } else {
        Rule::Raw
    };
    Ok(Encoding { column, rule })
}
