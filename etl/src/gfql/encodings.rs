//! What queries say of their picture, in the form in which `PyGraphistry` uploads it with a dataset.

use serde_json::{Map, Value, json};

use super::Encoding;

/// Encodings of nodes and of edges, with those that `calls` set in their place.
pub(super) fn over(
    mut made: [Map<String, Value>; 2],
    calls: &[Encoding],
) -> [Map<String, Value>; 2] {
    for call in calls {
        // Such as `encode_point_color`.
        let Some((kind, what)) =
            call.function.strip_prefix("encode_").and_then(|rest| rest.split_once('_'))
        else {
            continue;
        };
        let (at, graph) = if kind == "edge" { (1, "edge") } else { (0, "point") };
        let param = |name: &str| call.params.get(name).filter(|value| !value.is_null());
        let Some(column) = param("column").and_then(Value::as_str) else { continue };
        let object = |map: &mut Map<String, Value>, name: &str| {
            let place = map.entry(name.to_owned()).or_insert_with(|| json!({}));
            if !place.is_object() {
                *place = json!({});
            }
        };
        let simple = format!("{}_{what}", if at == 1 { "edge" } else { "node" });
        // Badges are at one of several places, and have no binding.
        let place = match what {
            "badge" => param("position").and_then(Value::as_str).unwrap_or("TopRight"),
            _ => "",
        };
        let Some(encoding) = complex(graph, what, place, column, &param) else {
            object(&mut made[at], "bindings");
            made[at]["bindings"][simple] = json!(column);
            continue;
        };
        let name = encoding_name(graph, what, place);
        object(&mut made[at], "complex");
        let complex = &mut made[at]["complex"];
        let flag = |name: &str| param(name).and_then(Value::as_bool);
        for (level, is_meant) in [
            ("default", flag("for_default").unwrap_or(true)),
            ("current", flag("for_current").unwrap_or(false)),
        ] {
            if !is_meant {
                continue;
            }
            if !complex[level].is_object() {
                complex[level] = json!({});
            }
            complex[level][&name] = encoding.clone();
        }
    }
    made
}

/// Such as `pointColorEncoding`.
fn encoding_name(graph: &str, what: &str, place: &str) -> String {
    let mut letters = what.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    let what: String = first.into_iter().chain(letters).collect();
    format!("{graph}{what}{place}Encoding")
}

/// An encoding with a mapping or a palette, or of a badge, in the form in which the client uploads it; `None` if it is
/// none of these.
fn complex<'p>(
    graph: &str,
    what: &str,
    place: &str,
    column: &str,
    param: &impl Fn(&str) -> Option<&'p Value>,
) -> Option<Value> {
    let flag = |name: &str| param(name).and_then(Value::as_bool);
    let other = param("default_mapping");
    let mut made = Map::from_iter([
        ("graphType".to_owned(), json!(graph)),
        ("encodingType".to_owned(), json!(format!("{what}{place}"))),
        ("attribute".to_owned(), json!(column)),
    ]);
    let with_other = |mut mapping: Map<String, Value>| {
        if let Some(other) = other {
            mapping.insert("other".to_owned(), other.clone());
        }
        mapping
    };
    let variation = if let Some(fixed) = param("categorical_mapping") {
        let mapping = with_other(Map::from_iter([("fixed".to_owned(), fixed.clone())]));
        made.insert("mapping".to_owned(), json!({"categorical": mapping}));
        "categorical"
    } else if let Some(bins) = param("continuous_binning") {
        let mut mapping = with_other(Map::from_iter([("bins".to_owned(), bins.clone())]));
        if let Some(comparator) = param("comparator") {
            mapping.insert("comparator".to_owned(), comparator.clone());
        }
        made.insert("mapping".to_owned(), json!({"continuous": mapping}));
        "continuous"
    } else if let Some(palette) = param("palette") {
        made.insert("colors".to_owned(), palette.clone());
        let of_kind = flag("as_categorical").or(flag("as_continuous").map(|is| !is));
        if of_kind == Some(true) { "categorical" } else { "continuous" }
    } else if what == "badge" {
        "categorical"
    } else {
        return None;
    };
    made.insert("variation".to_owned(), json!(variation));
    for (theirs, ours) in [
        ("as_text", "asText"),
        ("shape", "shape"),
        ("border", "border"),
        ("style", "style"),
        ("blend_mode", "blendMode"),
        ("bg", "bg"),
        ("fg", "fg"),
        ("color", "color"),
        ("dimensions", "dimensions"),
    ] {
        if let Some(value) = param(theirs) {
            made.insert(ours.to_owned(), value.clone());
        }
    }
    Some(Value::Object(made))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_of_a_query_are_in_the_form_of_uploads() {
        let call = |function: &str, params| Encoding { function: function.to_owned(), params };
        let calls = [
            call(
                "encode_point_color",
                json!({"column": "kind", "categorical_mapping": {"a": "red"}, "default_mapping": "gray"}),
            ),
            call(
                "encode_edge_color",
                json!({"column": "w", "palette": ["blue", "red"], "as_continuous": true}),
            ),
            call("encode_point_size", json!({"column": "deg"})),
        ];
        let [nodes, edges] = over(Default::default(), &calls);
        assert_eq!(nodes["bindings"], json!({"node_size": "deg"}));
        assert_eq!(
            nodes["complex"]["default"]["pointColorEncoding"],
            json!({"graphType": "point", "encodingType": "color", "attribute": "kind", "variation": "categorical",
                "mapping": {"categorical": {"fixed": {"a": "red"}, "other": "gray"}}})
        );
        assert_eq!(
            edges["complex"]["default"]["edgeColorEncoding"]["colors"],
            json!(["blue", "red"])
        );
        let calls = [
            call("encode_point_badge", json!({"column": "kind"})),
            call(
                "encode_edge_icon",
                json!({"column": "w", "continuous_binning": [[2, "a"], [null, "b"]], "comparator": "<=",
                    "for_default": false, "for_current": true}),
            ),
            call(
                "encode_edge_color",
                json!({"column": "w", "palette": ["red"], "as_continuous": false}),
            ),
        ];
        let [badges, icons] = over(Default::default(), &calls);
        assert_eq!(
            badges["complex"]["default"]["pointBadgeTopRightEncoding"],
            json!({"graphType": "point", "encodingType": "badgeTopRight", "attribute": "kind", "variation": "categorical"})
        );
        assert_eq!(
            icons["complex"]["current"]["edgeIconEncoding"]["mapping"],
            json!({"continuous": {"bins": [[2, "a"], [null, "b"]], "comparator": "<="}})
        );
        let of_edges = icons["complex"]["default"].as_object().unwrap();
        assert!(of_edges.keys().eq(["edgeColorEncoding"]));
        assert_eq!(of_edges["edgeColorEncoding"]["variation"], "categorical");
        // What was there stays, unless a call replaces it.
        let calls = [call("encode_point_size", json!({"column": "rank"}))];
        let [again, _] = over([nodes.clone(), edges], &calls);
        assert_eq!(again["bindings"], json!({"node_size": "rank"}));
        assert_eq!(again["complex"], nodes["complex"]);
    }
}
