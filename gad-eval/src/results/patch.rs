//! Changing what a file of results says of itself, and nothing else in it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;

use serde_json::{Map, Value};

use super::Results;
use crate::file::replace;
use crate::{Error, Result};

/// Changes the metadata of the results at `path`. Of JSON all else stays as it is to the byte, and
/// no more of it than a buffer is in memory.
///
/// # Errors
///
/// As [`Results::read`] and [`Results::write`].
pub fn update_metadata(path: &Path, change: impl FnOnce(&mut Map<String, Value>)) -> Result<()> {
    if path.extension().is_none_or(|suffix| suffix != "json") {
        let mut results = Results::read(path)?;
        change(&mut results.metadata);
        return results.write(path);
    }
    let open = || File::open(path).map_err(|error| Error::file(path, error));
    let mut file = open()?;
    let place = find(BufReader::new(&file)).map_err(|error| Error::file(path, error))?;
    let place = place.ok_or_else(|| Error::bad_file(path, "there is no object"))?;
    let mut text = String::new();
    let range = place.value.clone();
    let read = |text: &mut String| {
        file.seek(SeekFrom::Start(range.start))?;
        file.take(range.end - range.start).read_to_string(text)
    };
    read(&mut text).map_err(|error| Error::file(path, error))?;
    let mut metadata = match text.trim() {
        "" | "null" => Map::new(),
        text => match super::json::lenient(text) {
            Ok(Value::Object(metadata)) => metadata,
            Ok(_) => return Err(Error::bad_file(path, "metadata is no object")),
            Err(error) => return Err(Error::bad_file(path, format!("metadata: {error}"))),
        },
    };
    change(&mut metadata);
    let metadata = serde_json::to_string_pretty(&metadata)
        .map_err(|error| Error::bad_file(path, error.to_string()))?;
    let mut old = BufReader::new(open()?);
    replace(path, |new| {
        io::copy(&mut Read::by_ref(&mut old).take(place.value.start), new)?;
        match place.there {
            true => write!(new, " {metadata}")?,
            false => {
                let comma = if place.empty { "" } else { "," };
                write!(new, "\n\"metadata\": {metadata}{comma}")?;
            }
        }
        old.seek(SeekFrom::Start(place.value.end))?;
        io::copy(&mut old, new).map(drop)
    })
}

/// Where metadata are in the text of an object, or belong.
struct Place {
    /// Bytes of the value; none at the start of the object if there is none.
    value: Range<u64>,
    /// Whether there is one.
    there: bool,
    /// Whether the object has no member.
    empty: bool,
}

/// Looks for the value of `metadata` in an object. The text is well-formed JSON.
fn find(mut text: impl BufRead) -> io::Result<Option<Place>> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    // What was last read at the level of members: a name, or part of one.
    let (mut name, mut named) = (Vec::new(), false);
    let (mut start, mut empty, mut begin) = (None, true, None);
    let mut at = 0_u64;
    loop {
        let buffer = text.fill_buf()?;
        if buffer.is_empty() {
            let place = |start| Place { value: start..start, there: false, empty };
            return Ok(start.map(place));
        }
        for &byte in buffer {
            let end_of_value = depth == 1 && !in_string && matches!(byte, b',' | b'}');
            if let Some(begin) = begin.filter(|_| end_of_value) {
                return Ok(Some(Place { value: begin..at, there: true, empty: false }));
            }
            at += 1;
            empty &= depth != 1 || byte.is_ascii_whitespace() || byte == b'}';
            if in_string {
                let ends = byte == b'"' && !escaped;
                escaped = byte == b'\\' && !escaped;
                in_string = !ends;
                if depth == 1 && !ends && !named && name.len() < 16 {
                    name.push(byte);
                }
                continue;
            }
            match byte {
                b'"' => {
                    in_string = true;
                    if depth == 1 && !named {
                        name.clear();
                    }
                }
                b'{' | b'[' => {
                    depth += 1;
                    if depth == 1 && byte == b'{' {
                        start = Some(at);
                    }
                }
                b'}' | b']' => depth = depth.saturating_sub(1),
                b':' if depth == 1 => {
                    named = true;
                    if name == b"metadata" {
                        begin = Some(at);
                    }
                }
                b',' if depth == 1 => named = false,
                _ => {}
            }
        }
        let n = buffer.len();
        text.consume(n);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patched(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.json");
        std::fs::write(&path, text).unwrap();
        update_metadata(&path, |metadata| {
            metadata.insert("a".into(), 1.into());
        })
        .unwrap();
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn all_else_stays_as_it_is() {
        let text = "{\"x\": \"{\\\"metadata\\\": 1}\", \"y\": [1.50, {\"metadata\": 2}],\n \
                    \"metadata\": {\"b\": \"},\"} , \"scores\": [1e-7]}";
        let found = patched(text);
        let (before, after) = found.split_once(" {\n  ").unwrap();
        assert_eq!(before, &text[..text.find("{\"b\"").unwrap() - 1]);
        assert!(after.ends_with(", \"scores\": [1e-7]}"), "{after}");
        let value: Value = serde_json::from_str(&found).unwrap();
        assert_eq!(value["metadata"], json!({"a": 1, "b": "},"}));
    }

    #[test]
    fn metadata_are_made_where_there_are_none() {
        for (text, expected) in [
            ("{}", json!({"metadata": {"a": 1}})),
            (" { \"s\": \"metadata\" } ", json!({"metadata": {"a": 1}, "s": "metadata"})),
            ("{\"metadata\":null}", json!({"metadata": {"a": 1}})),
            ("{\"metadata\":{\"loss\": NaN}}", json!({"metadata": {"loss": null, "a": 1}})),
            ("{\"s\": 1, \"metadata\": {}\n}", json!({"metadata": {"a": 1}, "s": 1})),
        ] {
            assert_eq!(serde_json::from_str::<Value>(&patched(text)).unwrap(), expected, "{text}");
        }
    }
}
