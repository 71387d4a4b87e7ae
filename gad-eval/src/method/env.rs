//! Files of `KEY=value` lines.

use std::fs;
use std::path::Path;

use crate::{Error, Result};

/// The pairs in the file at `path`, in their order.
///
/// Blank lines and lines that begin with `#` are left out, `export` before a key is allowed, a value in
/// quotes is taken as it stands, and without quotes a `#` after white space begins a comment.
///
/// # Errors
///
/// [`Error::File`]; [`Error::BadFile`] with the line, for one that is no pair, whose key is no name or is there before,
/// whose quote does not end, or whose value goes on behind its quotes, which every reader of such files takes differently.
pub(crate) fn read_env(path: &Path) -> Result<Vec<(String, String)>> {
    let text = fs::read_to_string(path).map_err(|error| Error::file(path, error))?;
    let mut pairs: Vec<(String, String)> = Vec::new();
    let mut lines: Vec<usize> = Vec::new();
    // Some editors begin a file with a mark of its encoding.
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let bad = |problem: &str| Error::bad_file(path, format!("line {}: {problem}", index + 1));
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = match line.strip_prefix("export") {
            Some(rest) if rest.starts_with([' ', '\t']) => rest.trim_start(),
            _ => line,
        };
        let (key, value) = line.split_once('=').ok_or_else(|| bad("there is no `=`"))?;
        let key = key.trim();
        let named = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && key.chars().next().is_some_and(|c| !c.is_ascii_digit());
        if !named {
            return Err(bad(&format!("`{key}` is no name of a variable")));
        }
        let value = unquoted(value.trim()).map_err(|problem| bad(&problem))?;
        if let Some(place) = pairs.iter().position(|(known, _)| known == key) {
            return Err(bad(&format!("`{key}` is in line {} already", lines[place])));
        }
        pairs.push((key.to_owned(), value.to_owned()));
        lines.push(index + 1);
    }
    Ok(pairs)
}

/// The value without quotes and comment, or what is wrong with its quotes.
fn unquoted(value: &str) -> Result<&str, String> {
    let quote = value.chars().next().filter(|first| matches!(first, '"' | '\''));
    if let Some(quote) = quote {
        let inner = &value[1..];
        let end = inner.find(quote).ok_or("a quote does not end")?;
        let rest = inner[end + 1..].trim();
        return match rest.is_empty() || rest.starts_with('#') {
            true => Ok(&inner[..end]),
            false => Err(format!("`{rest}` stands behind the quotes of a value")),
        };
    }
    if value.starts_with('#') {
        return Ok("");
    }
    let comment = value.char_indices().zip(value.chars().skip(1));
    let end = comment
        .filter(|((_, before), next)| before.is_whitespace() && *next == '#')
        .map(|((at, _), _)| at)
        .next();
    Ok(value[..end.unwrap_or(value.len())].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(String, String)>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        fs::write(&path, text).unwrap();
        read_env(&path)
    }

    #[test]
    fn lines_are_read_as_people_write_them() {
        let text = "\u{feff}# about\n\nexport A=1\nB = two words  # why\nC=\"x # y\" # z\nD='q'\nE=\nF=http://a/#b\nG=#c\n";
        let found = read(text).unwrap();
        let expected = [
            ("A", "1"),
            ("B", "two words"),
            ("C", "x # y"),
            ("D", "q"),
            ("E", ""),
            ("F", "http://a/#b"),
            ("G", ""),
        ];
        assert_eq!(found, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }

    #[test]
    fn bad_lines_are_named() {
        for (text, expected) in [
            ("A=1\nnothing\n", "line 2: there is no `=`"),
            ("=1\n", "line 1: `` is no name"),
            ("a b=1\n", "line 1: `a b` is no name"),
            ("1a=1\n", "line 1: `1a` is no name"),
            ("A=\"x\n", "line 1: a quote does not end"),
            (
                "A=1\nC=\"python a.py\" --x 1\n",
                "line 2: `--x 1` stands behind the quotes of a value",
            ),
            ("C='a'\"b\"\n", "line 1: `\"b\"` stands behind the quotes of a value"),
            ("A=1\n\nB=2\nexport A=3\n", "line 4: `A` is in line 1 already"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
