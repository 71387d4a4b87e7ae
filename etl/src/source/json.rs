//! JSON documents: where the records are in them.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;

use serde_json::Value;
use tempfile::NamedTempFile;

use super::error::Fault;

/// What a JSON document holds.
#[derive(Debug)]
pub(super) enum Document {
    /// A list of records, now as JSON lines in a file of their own.
    Records(NamedTempFile),
    /// Nodes and links.
    Graph,
}

/// Finds the records in the document at `path`: the list that `pointer` (RFC 6901) leads to, else
/// the document if that is a list. Needs memory for the whole document.
pub(super) fn open(path: &Path, pointer: Option<&str>) -> Result<Document, Fault> {
    let document: Value =
        serde_json::from_reader(BufReader::new(File::open(path)?)).map_err(Fault::Json)?;
    if pointer.is_none() && is_graph(&document) {
        return Ok(Document::Graph);
    }
    let records = records(&document, pointer.unwrap_or(""))?;
    let file = NamedTempFile::with_suffix(".jsonl")?;
    let mut out = BufWriter::new(&file);
    for record in records {
        serde_json::to_writer(&mut out, record).map_err(Fault::Json)?;
        out.write_all(b"\n")?;
    }
    out.flush()?;
    drop(out);
    Ok(Document::Records(file))
}

fn is_graph(document: &Value) -> bool {
    ["links", "edges"].iter().any(|key| document.get(key).is_some_and(Value::is_array))
}

fn records<'a>(document: &'a Value, pointer: &str) -> Result<&'a [Value], Fault> {
    let no_records = |found: String| Fault::NoRecords {
        path: if pointer.is_empty() { "the document" } else { pointer }.into(),
        found: found.into(),
    };
    if !pointer.is_empty() && !pointer.starts_with('/') {
        return Err(Fault::BadAddress {
            part: "`records`",
            reason: "should begin with `/`".into(),
        });
    }
    let Some(found) = document.pointer(pointer) else {
        // As far as it goes, to say what is there.
        let mut known = pointer;
        let value = loop {
            known = known.rsplit_once('/').map_or("", |(before, _)| before);
            if let Some(value) = document.pointer(known) {
                break value;
            }
        };
        let place = if known.is_empty() { "the document" } else { known };
        return Err(no_records(format!("nothing: {place} is {}", describe(value))));
    };
    match found {
        Value::Array(records) => {
            match records.iter().enumerate().find(|(_, record)| !record.is_object()) {
                Some((i, value)) => {
                    Err(no_records(format!("a list whose entry {i} is {}", describe(value))))
                }
                None => Ok(records),
            }
        }
        value => Err(no_records(describe(value))),
    }
}

fn describe(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "a flag".to_owned(),
        Value::Number(_) => "a number".to_owned(),
        Value::String(_) => "text".to_owned(),
        Value::Array(entries) => format!("a list of {} entries", entries.len()),
        Value::Object(fields) => {
            let keys: Vec<_> = fields.keys().take(8).map(String::as_str).collect();
            format!("an object of `{}`", keys.join("`, `"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn lines(text: &str, pointer: Option<&str>) -> Result<String, String> {
        let file = NamedTempFile::new().unwrap();
        fs::write(&file, text).unwrap();
        match open(file.path(), pointer).map_err(|fault| fault.to_string())? {
            Document::Records(file) => Ok(fs::read_to_string(&file).unwrap()),
            Document::Graph => Ok("graph".to_owned()),
        }
    }

    #[test]
    fn records_are_found() {
        let text = r#"{"data": {"items": [{"a": 1}, {"a": 2, "b": []}]}, "n": 2}"#;
        let expected = "{\"a\":1}\n{\"a\":2,\"b\":[]}\n";
        assert_eq!(lines(text, Some("/data/items")).unwrap(), expected);
        assert_eq!(lines(r#"[{"a":1}]"#, None).unwrap(), "{\"a\":1}\n");
        assert_eq!(lines(r#"{"nodes": [], "links": []}"#, None).unwrap(), "graph");
        assert_eq!(lines(r#"{"links": [{"a":1}]}"#, Some("/links")).unwrap(), "{\"a\":1}\n");
        assert_eq!(lines("[]", None).unwrap(), "");
    }

    #[test]
    fn what_is_there_instead_is_said() {
        let text = r#"{"data": {"items": [{"a": 1}, 7]}, "n": 2}"#;
        for (pointer, message) in [
            (None, "`the document` leads to an object of `data`, `n`, not to a list of records"),
            (Some("/n"), "`/n` leads to a number, not to a list of records"),
            (
                Some("/data/item"),
                "`/data/item` leads to nothing: /data is an object of `items`, not to a list of records",
            ),
            (
                Some("/data/items"),
                "`/data/items` leads to a list whose entry 1 is a number, not to a list of records",
            ),
            (Some("data"), "`records` should begin with `/`"),
        ] {
            assert_eq!(lines(text, pointer).unwrap_err(), message);
        }
        assert!(lines("{", None).unwrap_err().starts_with("not JSON: "));
    }
}
