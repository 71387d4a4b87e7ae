//! What PyGraphistry says of how a dataset is to be seen, in our words: bindings, encodings, style, settings.

use graphlume::viewer::encode::Encodings;
use serde_json::{Map, Value, json};

use crate::store::Spec;

/// What a setting of the viewer may be.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Flag,
    /// A number between these.
    Number(f64, f64),
    Text,
    /// One of these.
    Choice(&'static [&'static str]),
    /// A list, or its text.
    Json,
}

const RATIO: Kind = Kind::Number(0.0, 1.0);
const POSITIVE: Kind = Kind::Number(0.0, 1e6);
const ANY: Kind = Kind::Number(-1e9, 1e9);

/// The settings that views have in their addresses.
const KNOWN: [(&str, Kind); 51] = [
    ("bg", Kind::Text),
    ("bottom", ANY),
    ("collections", Kind::Json),
    ("collectionsGlobalEdgeColor", Kind::Text),
    ("collectionsGlobalNodeColor", Kind::Text),
    ("dissuadeHubs", Kind::Flag),
    ("edgeCurvature", Kind::Number(-10.0, 10.0)),
    ("edgeInfluence", Kind::Number(0.0, 100.0)),
    ("edgeOpacity", RATIO),
    ("favicon", Kind::Text),
    ("gravity", Kind::Number(0.0, 1000.0)),
    ("info", Kind::Flag),
    ("labelBackground", Kind::Text),
    ("labelColor", Kind::Text),
    ("labelOpacity", RATIO),
    ("left", ANY),
    ("linLog", Kind::Flag),
    ("lockedR", Kind::Flag),
    ("lockedX", Kind::Flag),
    ("lockedY", Kind::Flag),
    ("logoAutoInvert", Kind::Flag),
    ("logoMaxHeight", POSITIVE),
    ("logoMaxWidth", POSITIVE),
    ("logoPosition", Kind::Text),
    ("logoUrl", Kind::Text),
    ("menu", Kind::Flag),
    ("neighborhoodHighlight", Kind::Choice(&["incoming", "outgoing", "both", "none", "node"])),
    ("neighborhoodHighlightHops", Kind::Number(0.0, 100.0)),
    ("pageTitle", Kind::Text),
    ("play", Kind::Number(0.0, 86_400_000.0)),
    ("pointOpacity", RATIO),
    ("pointSize", Kind::Number(0.0, 100.0)),
    ("pointStrokeWidth", Kind::Number(0.0, 100.0)),
    ("pointsOfInterestMax", Kind::Number(0.0, 10_000.0)),
    ("precisionVsSpeed", Kind::Number(-100.0, 100.0)),
    ("right", ANY),
    ("scalingRatio", Kind::Number(0.0, 1e6)),
    ("shortenLabels", Kind::Flag),
    ("showActions", Kind::Flag),
    ("showArrows", Kind::Flag),
    ("showCollections", Kind::Flag),
    ("showHistograms", Kind::Flag),
    ("showInspector", Kind::Flag),
    ("showLabelOnHover", Kind::Flag),
    ("showLabelPropertiesOnHover", Kind::Flag),
    ("showLabels", Kind::Flag),
    ("showPointsOfInterest", Kind::Flag),
    ("showPointsOfInterestLabel", Kind::Flag),
    ("splashAfter", Kind::Text),
    ("strongGravity", Kind::Flag),
    ("top", ANY),
];

/// A setting as its type has it. Clients write Python's `True`, JSON's `true`, `1.0` and `"1"` for the same; what has
/// no meaning is `None`.
fn setting(name: &str, value: &Value) -> Option<Value> {
    let (_, kind) = KNOWN.iter().find(|(known, _)| *known == name)?;
    let text = value.as_str().map(str::trim);
    match *kind {
        Kind::Flag => match (value, text.map(str::to_ascii_lowercase).as_deref()) {
            (Value::Bool(flag), _) => Some(json!(flag)),
            (Value::Number(number), _) => Some(json!(number.as_f64() != Some(0.0))),
            (_, Some("true" | "1" | "1.0" | "yes" | "on")) => Some(json!(true)),
            (_, Some("false" | "0" | "0.0" | "no" | "off")) => Some(json!(false)),
            _ => None,
        },
        Kind::Number(low, high) => {
            let number = match value {
                // Python counts with flags.
                Value::Bool(flag) => Some(f64::from(u8::from(*flag))),
                value => value.as_f64().or_else(|| text?.parse().ok()),
            };
            let number = number.filter(|number| number.is_finite())?.clamp(low, high);
            match number.fract() == 0.0 {
                true => Some(json!(number as i64)),
                false => Some(json!(number)),
            }
        }
        Kind::Text => match value {
            Value::String(text) => Some(json!(text)),
            Value::Number(_) | Value::Bool(_) => Some(json!(value.to_string())),
            _ => None,
        },
        Kind::Choice(choices) => {
            choices.iter().find(|choice| text == Some(choice)).map(|choice| json!(choice))
        }
        Kind::Json => match value {
            Value::String(text) => serde_json::from_str(text).ok().filter(Value::is_array),
            Value::Array(_) => Some(value.clone()),
            Value::Object(_) => Some(json!([value])),
            _ => None,
        },
    }
}

/// The settings among `given` that mean something.
pub(super) fn url_params(given: &Map<String, Value>) -> Map<String, Value> {
    let pairs = given.iter();
    pairs.filter_map(|(name, value)| Some((name.clone(), setting(name, value)?))).collect()
}

/// The settings that a style amounts to: `addStyle` of PyGraphistry, which comes in the metadata of a dataset.
fn of_style(metadata: &Map<String, Value>) -> Map<String, Value> {
    let places = [
        ("bg", "/bg/color"),
        ("pageTitle", "/page/title"),
        ("favicon", "/page/favicon"),
        ("logoUrl", "/logo/url"),
        ("logoPosition", "/logo/position"),
        ("logoAutoInvert", "/logo/autoInvert"),
        ("logoMaxWidth", "/logo/dimensions/maxWidth"),
        ("logoMaxHeight", "/logo/dimensions/maxHeight"),
    ];
    let metadata = Value::Object(metadata.clone());
    let found = places.into_iter();
    found
        .filter_map(|(name, place)| {
            Some((name.to_owned(), setting(name, metadata.pointer(place)?)?))
        })
        .collect()
}

/// How a dataset of this client is read and seen: its edges have a direction, and what of its encodings means nothing
/// is left out with a warning, since the client has warned and sent it all the same.
pub(super) fn spec(
    node_encodings: &Map<String, Value>,
    edge_encodings: &Map<String, Value>,
    metadata: Map<String, Value>,
) -> Spec {
    let mut warnings = Vec::new();
    let node_encodings = checked("node_encodings", node_encodings, &mut warnings);
    let edge_encodings = checked("edge_encodings", edge_encodings, &mut warnings);
    Spec {
        source: binding(&edge_encodings, "source"),
        target: binding(&edge_encodings, "destination"),
        // What a layout weighs edges by is an encoding, not what paths count.
        weight: None,
        unweighted: false,
        id: binding(&node_encodings, "node"),
        is_directed: true,
        url_params: of_style(&metadata),
        node_encodings,
        edge_encodings,
        metadata,
        warnings,
    }
}

/// A column that something is bound to.
pub(super) fn binding(encodings: &Map<String, Value>, name: &str) -> Option<String> {
    encodings
        .get("bindings")?
        .get(name)?
        .as_str()
        .filter(|column| !column.is_empty())
        .map(str::to_owned)
}

/// What of the encodings means something.
fn checked(
    part: &str,
    given: &Map<String, Value>,
    warnings: &mut Vec<String>,
) -> Map<String, Value> {
    let mut refuse =
        |place: String, reason: &str| warnings.push(format!("{place} was left out: {reason}"));
    let mut bindings = Map::new();
    match given.get("bindings") {
        Some(Value::Object(given)) => {
            for (name, column) in given {
                match column {
                    Value::String(_) => {
                        bindings.insert(name.clone(), column.clone());
                    }
                    Value::Null => {}
                    _ => {
                        refuse(format!("{part}.bindings.{name}"), "it is not the name of a column");
                    }
                }
            }
        }
        None | Some(Value::Null) => {}
        Some(_) => refuse(format!("{part}.bindings"), "it is no object"),
    }
    let mut complex = Map::new();
    for level in ["default", "current"] {
        let entries = match given.get("complex").and_then(|complex| complex.get(level)) {
            Some(Value::Object(entries)) => entries,
            None | Some(Value::Null) => continue,
            Some(_) => {
                refuse(format!("{part}.complex.{level}"), "it is no object");
                continue;
            }
        };
        let mut kept = Map::new();
        for (name, encoding) in entries {
            let mut alone = Map::new();
            alone.insert(name.clone(), encoding.clone());
            // Axes and maps are drawn by the page, if at all, and are no concern of the encodings.
            let alone = json!({part: {"complex": {level: alone}}});
            match Encodings::from_json(&alone.to_string()) {
                Ok(_) => {
                    kept.insert(name.clone(), encoding.clone());
                }
                Err(error) => refuse(format!("{part}.complex.{level}.{name}"), &error.to_string()),
            }
        }
        if !kept.is_empty() {
            complex.insert(level.to_owned(), Value::Object(kept));
        }
    }
    let mut made = Map::new();
    made.insert("bindings".to_owned(), Value::Object(bindings));
    if !complex.is_empty() {
        made.insert("complex".to_owned(), Value::Object(complex));
    }
    made
}

/// The style among the metadata of a dataset.
pub(super) fn style(metadata: &Map<String, Value>) -> Map<String, Value> {
    let parts = ["bg", "fg", "page", "logo"].into_iter();
    parts.filter_map(|part| Some((part.to_owned(), metadata.get(part)?.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(object) => object,
            other => panic!("{other} is no object"),
        }
    }

    #[test]
    fn settings_are_read_as_python_and_addresses_write_them() {
        let given = object(json!({
            "play": "0", "info": "False", "showArrows": true, "pointSize": "1.50", "bg": "#ffffff",
            "edgeOpacity": 7, "gravity": "nan", "neighborhoodHighlight": "sideways", "strongGravity": "True",
            "collections": "[{\"type\": \"set\"}]", "unknown": 1, "left": -3, "menu": "maybe",
        }));
        let expected = json!({
            "play": 0, "info": false, "showArrows": true, "pointSize": 1.5, "bg": "#ffffff", "edgeOpacity": 1,
            "strongGravity": true, "collections": [{"type": "set"}], "left": -3,
        });
        assert_eq!(Value::Object(url_params(&given)), expected);
    }

    #[test]
    fn names_of_settings_are_all_different() {
        let names: std::collections::BTreeSet<_> = KNOWN.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), KNOWN.len());
    }

    #[test]
    fn a_style_is_settings() {
        let metadata = object(json!({
            "agent": "pygraphistry", "bg": {"color": "red"}, "page": {"title": "T", "favicon": "http://f"},
            "logo": {"url": "http://l", "autoInvert": true, "dimensions": {"maxWidth": 9}},
        }));
        let spec = spec(&Map::new(), &Map::new(), metadata);
        assert_eq!(
            Value::Object(spec.url_params),
            json!({"bg": "red", "pageTitle": "T", "favicon": "http://f", "logoUrl": "http://l",
                "logoAutoInvert": true, "logoMaxWidth": 9})
        );
        assert!(style(&spec.metadata).keys().eq(["bg", "page", "logo"]));
    }

    #[test]
    fn bindings_tell_the_columns_and_bad_encodings_are_left_out() {
        let color = |mapping| {
            json!({"graphType": "point", "encodingType": "color", "attribute": "k", "variation": "categorical",
                "mapping": {"categorical": {"fixed": mapping}}})
        };
        let nodes = object(json!({
            "bindings": {"node": "id", "node_title": "id", "node_size": 7},
            "complex": {
                "default": {"pointColorEncoding": color(json!({"a": "red"})), "edgeColorEncoding": {}},
                "current": {"pointColorEncoding": color(json!({"a": "no color"}))},
            },
        }));
        let edges = object(json!({"bindings": {"source": "s", "destination": "d"}}));
        let spec = spec(&nodes, &edges, Map::new());
        assert_eq!(
            [&spec.source, &spec.target, &spec.id].map(Option::as_deref),
            [Some("s"), Some("d"), Some("id")]
        );
        assert!(spec.is_directed);
        assert_eq!(spec.warnings.len(), 3, "{:?}", spec.warnings);
        let kept = &spec.node_encodings["complex"];
        assert_eq!(kept.as_object().unwrap().keys().collect::<Vec<_>>(), ["default"]);
        assert_eq!(
            kept["default"].as_object().unwrap().keys().collect::<Vec<_>>(),
            ["pointColorEncoding"]
        );
        assert!(spec.node_encodings["bindings"].get("node_size").is_none());
    }
}
