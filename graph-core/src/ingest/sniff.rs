//! Which format an input has: by suffix, else by content.

use std::path::Path;

use crate::ingest::input::Input;
use crate::{Error, Format, Result};

/// For the message that none of these was recognized.
pub(crate) const KNOWN_FORMATS: &str = "delimited text, JSON lines, node-link JSON, Parquet, Arrow, MatrixMarket, METIS, GraphML, \
     GEXF and GML";

/// The format of `input`: what its suffix says, else what it begins with.
///
/// # Errors
///
/// [`Error::EmptyFile`] and [`Error::UnknownFormat`].
pub(crate) fn format_of(input: &Input) -> Result<Format> {
    if input.is_empty() {
        return Err(Error::EmptyFile);
    }
    // A magic number is never wrong; a suffix may be.
    if let Some(format) = by_magic(&input.head) {
        return Ok(format);
    }
    match by_suffix(&input.path) {
        // Both kinds of JSON go by this name.
        Some(Format::NodeLink) => Ok(json_kind(&input.head)),
        Some(format) => Ok(format),
        None => by_content(&input.head).ok_or(Error::UnknownFormat),
    }
}

/// The format that a file name tells, compression suffixes aside.
pub(crate) fn by_suffix(path: &Path) -> Option<Format> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    let name = [".gz", ".gzip", ".zst", ".zstd"]
        .iter()
        .find_map(|suffix| name.strip_suffix(suffix))
        .unwrap_or(&name);
    let (_, suffix) = name.rsplit_once('.')?;
    Some(match suffix {
        "csv" | "tsv" | "tab" | "txt" | "edges" | "edgelist" | "el" | "wel" => Format::Csv,
        "jsonl" | "ndjson" => Format::JsonLines,
        "json" => Format::NodeLink,
        "parquet" | "pq" => Format::Parquet,
        "arrow" | "arrows" | "feather" | "ipc" => Format::Arrow,
        "mtx" | "mm" => Format::MatrixMarket,
        "graph" | "metis" => Format::Metis,
        "graphml" => Format::GraphMl,
        "gexf" => Format::Gexf,
        "gml" => Format::Gml,
        _ => return None,
    })
}

fn by_magic(head: &[u8]) -> Option<Format> {
    if head.starts_with(b"PAR1") {
        Some(Format::Parquet)
    } else if head.starts_with(b"ARROW1") || head.starts_with(&[0xff; 4]) {
        Some(Format::Arrow)
    } else if head.starts_with(b"%%MatrixMarket") {
        Some(Format::MatrixMarket)
    } else {
        None
    }
}

fn by_content(head: &[u8]) -> Option<Format> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    // The head may end within a character.
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    if text.contains('\0') {
        return None;
    }
    let start = text.trim_start();
    if start.starts_with('<') {
        return if start.contains("<graphml") {
            Some(Format::GraphMl)
        } else if start.contains("<gexf") {
            Some(Format::Gexf)
        } else {
            None
        };
    }
    if start.starts_with(['{', '[']) {
        return Some(json_kind(head));
    }
    let lines = || start.lines().map(str::trim).filter(|line| !line.is_empty());
    let gml = |line: &str| {
        let mut words = line.split_whitespace();
        words.next() == Some("graph") && words.next().is_none_or(|word| word.starts_with('['))
    };
    let mut gml_lines = lines().filter(|line| {
        !(line.starts_with('#')
            || ["creator", "version"].iter().any(|key| line.to_lowercase().starts_with(key)))
    });
    if gml_lines.next().is_some_and(gml) {
        return Some(Format::Gml);
    }
    let row = lines().find(|line| !line.starts_with(['#', '%']))?;
    row.contains([',', '\t', ';', '|', ' ']).then_some(Format::Csv)
}

/// JSON lines begin with a whole object in the first line; node-link JSON is one object.
fn json_kind(head: &[u8]) -> Format {
    let head = head.trim_ascii_start();
    let line = head.split(|&byte| byte == b'\n').next().unwrap_or(head);
    let object = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(line);
    match object {
        Ok(object) if !["links", "edges", "nodes"].iter().any(|key| object.contains_key(*key)) => {
            Format::JsonLines
        }
        _ => Format::NodeLink,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_tell_the_format_through_compression() {
        let cases = [
            ("a.csv", Some(Format::Csv)),
            ("a.TSV.gz", Some(Format::Csv)),
            ("dir.x/a.edges.zst", Some(Format::Csv)),
            ("a.b.parquet", Some(Format::Parquet)),
            ("a.feather", Some(Format::Arrow)),
            ("a.mtx.gz", Some(Format::MatrixMarket)),
            ("a.graphml", Some(Format::GraphMl)),
            ("a.doc", None),
            ("csv", None),
            ("-", None),
        ];
        for (name, format) in cases {
            assert_eq!(by_suffix(Path::new(name)), format, "{name}");
        }
    }

    #[test]
    fn contents_tell_the_format() {
        let cases: [(&[u8], Option<Format>); 12] = [
            (b"1 2\n2 3\n", Some(Format::Csv)),
            (b"# comment\n1\t2\n", Some(Format::Csv)),
            (b"\xef\xbb\xbfa,b\n", Some(Format::Csv)),
            (b"<?xml version='1.0'?>\n<graphml>", Some(Format::GraphMl)),
            (b"<gexf xmlns=''>", Some(Format::Gexf)),
            (b"<html>", None),
            (b"{\"source\": 1, \"target\": 2}\n{}", Some(Format::JsonLines)),
            (b"{\"nodes\": [], \"links\": []}", Some(Format::NodeLink)),
            (b"{\n  \"links\": []\n}", Some(Format::NodeLink)),
            (b"Creator \"me\"\ngraph\n[\n", Some(Format::Gml)),
            (b"\x00\x01\x02 ,", None),
            (b"word\n", None),
        ];
        for (head, format) in cases {
            assert_eq!(by_content(head), format, "{}", String::from_utf8_lossy(head));
        }
    }
}
