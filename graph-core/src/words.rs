//! What is wrong with what was sent or written, in words of whoever did it instead of those of the program.

/// The name among `names` that is most like `name`, if one is like it at all; without case.
///
/// # Examples
///
/// ```
/// let columns = ["source", "target", "Weight"];
/// assert_eq!(graph_core::words::nearest("wieght", columns).as_deref(), Some("Weight"));
/// assert_eq!(graph_core::words::nearest("colour", columns), None);
/// ```
pub fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<Box<str>> {
    let lower = name.to_lowercase();
    names
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&lower, &candidate.to_lowercase()), candidate))
        .filter(|&(likeness, _)| likeness >= 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate.into())
}

/// What stands before the name in a [`hint`].
pub const DID_YOU_MEAN: &str = "; did you mean `";

/// The end of a message about an unknown name.
pub fn hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("{DID_YOU_MEAN}{name}`?"))
}

/// What a message of serde says: the field and the place first, then what should be there.
///
/// Messages that it does not know stay as they are.
///
/// # Examples
///
/// ```
/// let error = serde_json::from_str::<Vec<u32>>("[1, 2.5]").unwrap_err();
/// assert_eq!(
///     graph_core::words::of_serde(&error.to_string()),
///     "it should be a whole number, 0 or more, not `2.5` (line 1, column 7)"
/// );
/// ```
pub fn of_serde(message: &str) -> String {
    let (text, place) = place_of(message);
    let (path, what) = match text.split_once(": ") {
        Some((path, what)) if !path.contains(char::is_whitespace) => (path, what),
        _ => ("", text),
    };
    let what = plain(what);
    match (path, place) {
        ("" | "." | "?", None) => what,
        ("" | "." | "?", Some(place)) => format!("{what} ({place})"),
        (path, None) => format!("`{path}`: {what}"),
        (path, Some(place)) => format!("`{path}` ({place}): {what}"),
    }
}

/// The message without the place at its end.
fn place_of(message: &str) -> (&str, Option<String>) {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if let Some((text, place)) = message.rsplit_once(" at line ")
        && let Some((line, column)) = place.split_once(" column ")
        && is_number(line)
        && is_number(column)
    {
        return (text, Some(format!("line {line}, column {column}")));
    }
    (message, None)
}

fn plain(what: &str) -> String {
    for (start, there) in
        [("unknown field ", "there is no field "), ("unknown variant ", "there is no ")]
    {
        let Some((name, known)) = what.strip_prefix(start).and_then(|rest| rest.split_once(", "))
        else {
            continue;
        };
        let known = known.strip_prefix("expected ").unwrap_or(known);
        let known = known.strip_prefix("one of ").unwrap_or(known).replace(" or ", ", ");
        return match known.contains('`') {
            true => format!("{there}{name}; there are {known}"),
            false => format!("{there}{name}"),
        };
    }
    for start in ["invalid type: ", "invalid value: ", "invalid length "] {
        let Some((found, wanted)) =
            what.strip_prefix(start).and_then(|rest| rest.rsplit_once(", expected "))
        else {
            continue;
        };
        return format!("it should be {}, not {}", wanted_kind(wanted), found_kind(found));
    }
    if let Some(name) = what.strip_prefix("missing field ") {
        return format!("the field {name} is missing");
    }
    match what {
        "invalid digit found in string" | "cannot parse integer from empty string" => {
            "it should be a whole number".to_owned()
        }
        "invalid float literal" | "cannot parse float from empty string" => {
            "it should be a number".to_owned()
        }
        "number too large to fit in target type" | "number too small to fit in target type" => {
            "it is a number out of all range".to_owned()
        }
        "provided string was not `true` or `false`" => "it should be true or false".to_owned(),
        what if what.starts_with("EOF while parsing") => "the text ends too early".to_owned(),
        other => other.to_owned(),
    }
}

fn wanted_kind(kind: &str) -> &str {
    match kind {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a string" | "a borrowed string" | "string or map" => "text",
        "a sequence" => "a list",
        "a map" => "an object",
        kind if kind.starts_with("struct ") => "an object",
        kind if kind.starts_with("internally tagged enum ") => "an object with a `type`",
        kind if kind.starts_with("enum ") => "one of the words that are known here",
        kind => kind,
    }
}

fn found_kind(kind: &str) -> String {
    match kind {
        "map" => "an object".to_owned(),
        "sequence" => "a list".to_owned(),
        "unit value" | "Option value" => "null".to_owned(),
        kind => {
            let shown = ["string ", "integer ", "floating point ", "boolean "];
            shown.iter().find_map(|word| kind.strip_prefix(word)).unwrap_or(kind).to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "it is read and not looked at")]
    struct Asked {
        n: u32,
        names: Vec<String>,
        #[serde(default)]
        share: Option<f64>,
    }

    #[test]
    fn messages_name_the_field_the_place_and_what_should_be_there() {
        let said =
            |text: &str| of_serde(&serde_json::from_str::<Asked>(text).unwrap_err().to_string());
        for (text, expected) in [
            (
                r#"{"n": "x", "names": []}"#,
                "it should be a whole number, 0 or more, not \"x\" (line 1, column 9)",
            ),
            (
                r#"{"n": -1, "names": []}"#,
                "it should be a whole number, 0 or more, not `-1` (line 1, column 8)",
            ),
            (r#"{"n": 1, "names": {}}"#, "it should be a list, not an object (line 1, column 18)"),
            (r#"{"n": 1, "names": [null]}"#, "it should be text, not null (line 1, column 23)"),
            (r#"{"n": 1}"#, "the field `names` is missing (line 1, column 8)"),
            (
                r#"{"m": 1}"#,
                "there is no field `m`; there are `n`, `names`, `share` (line 1, column 4)",
            ),
            ("[1", "the text ends too early (line 1, column 2)"),
        ] {
            let said = said(text);
            assert!(said.starts_with(expected) || said == expected, "{text}: {said}");
        }
        // As axum has them, with a path.
        assert_eq!(
            of_serde("move.nodes[1]: invalid type: string \"x\", expected u32 at line 2 column 7"),
            "`move.nodes[1]` (line 2, column 7): it should be a whole number, 0 or more, not \"x\""
        );
        assert_eq!(
            of_serde("limit: invalid digit found in string"),
            "`limit`: it should be a whole number"
        );
        assert_eq!(
            of_serde("mode: unknown variant `x`, expected `private` or `public`"),
            "`mode`: there is no `x`; there are `private`, `public`"
        );
        assert_eq!(of_serde("anything else"), "anything else");
    }
}
