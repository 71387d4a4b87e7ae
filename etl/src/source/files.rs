//! Files: which ones a path means, what they are written in, and how they become a table.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use arrow::datatypes::DataType;
use graph_core::{Format, ReadOptions};
use regex::Regex;

use super::error::Fault;
use super::json::{self, Document};
use super::options::{GraphPart, SourceOptions};
use super::watch::Halt;
use crate::table::{self, ScanOptions, Table};
use crate::{Control, Error};

/// A table of files, and about how many rows it has.
pub(super) struct Opened {
    pub(super) table: Table,
    pub(super) rows: Option<u64>,
    /// Whether the rows are in memory; otherwise they are read when they are needed.
    pub(super) in_memory: bool,
}

/// The table of a file, of the files of a folder and the folders in it, or of those that match a
/// pattern.
pub(super) fn open(path: &str, options: &SourceOptions, control: &Control) -> Result<Opened, Halt> {
    let files = list(path)?;
    let format = match options.format {
        Some(format) => format,
        None => common_format(&files, options.comment.as_deref())?,
    };
    let Some(tabular) = table_format(format) else {
        let [file] = &files[..] else {
            let advice = format!("{format} is read from one file, not from {}", files.len()).into();
            return Err(Fault::Missing { what: "one file", advice }.into());
        };
        return whole(file, format, options, control);
    };
    if let Some((option, _)) =
        [("records", options.records.is_some()), ("part", options.part != GraphPart::default())]
            .iter()
            .find(|(_, given)| *given)
    {
        return Err(Fault::NotForThis { option: (*option).into(), kind: format.name() }.into());
    }
    let files = with_content(files);
    let scan = scan_options(tabular, options, files.first().map(PathBuf::as_path))?;
    let scan = ScanOptions { partitions: Some(has_partitions(path, &files)), ..scan };
    // The files that were listed, and may have been checked, and no others that the engine would find.
    let exact: Vec<String> = files.iter().map(|file| escaped(&file.to_string_lossy())).collect();
    let table = Table::scan_all(&exact, &scan).map_err(|error| match error {
        // The source is called as its one file is.
        Error::BrokenFile(broken) if broken.path.as_deref() == Some(Path::new(path)) => {
            fault(Error::BrokenFile(Box::new(table::BrokenFile { path: None, ..*broken })))
        }
        error => fault(error),
    })?;
    let rows = estimate(&files, tabular, &table, control)?;
    Ok(Opened { table, rows, in_memory: false })
}

/// The files with something in them, or the first if there are none.
fn with_content(mut files: Vec<PathBuf>) -> Vec<PathBuf> {
    let has_content = |file: &PathBuf| fs::metadata(file).is_ok_and(|about| about.len() > 0);
    match files.iter().any(has_content) {
        true => files.retain(has_content),
        false => files.truncate(1),
    }
    files
}

/// Whether some of the files are in folders `key=value` of the folder `path`.
fn has_partitions(path: &str, files: &[PathBuf]) -> bool {
    let path = Path::new(path);
    let is_in_one = |file: &PathBuf| {
        let below = file.strip_prefix(path).ok().and_then(Path::parent);
        below.is_some_and(|below| below.to_string_lossy().contains('='))
    };
    path.is_dir() && files.iter().any(is_in_one)
}

/// The pattern that a path alone matches.
fn escaped(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for c in path.chars() {
        match c {
            '*' | '?' | '[' => text.extend(['[', c, ']']),
            c => text.push(c),
        }
    }
    text
}

/// Refuses options of a store where hosts must be public: what is asked for may be anywhere.
pub(super) fn check_store(options: &SourceOptions) -> Result<(), Fault> {
    // A place that is no URL ends the client in a panic.
    let is_place = |text: &str| {
        let place = text.parse::<ureq::http::Uri>();
        place.is_ok_and(|place| place.scheme().is_some() && place.host().is_some())
    };
    let wrong = |(name, text): &(&str, &str)| name.contains("endpoint") && !is_place(text);
    if let Some((name, _)) = options.store.pairs().find(wrong) {
        let reason = format!("has `{name}`, which should be a URL, such as https://store.example");
        return Err(Fault::BadAddress { part: "`store`", reason: reason.into() });
    }
    if options.allow_private || options.store.is_empty() {
        return Ok(());
    }
    let reason = "may lead to a private host, which `allow_private` does not allow".into();
    Err(Fault::BadAddress { part: "`store`", reason })
}

/// The table of objects in a store.
pub(super) fn open_objects(
    url: &str,
    options: &SourceOptions,
    control: &Control,
) -> Result<Opened, Halt> {
    check_store(options)?;
    let format = options.format.or_else(|| Format::from_suffix(url.trim_end_matches('/')));
    let format = match format.map(table_format) {
        Some(Some(format)) => format,
        Some(None) => {
            let kind = "object stores, which have Parquet, CSV, Arrow and JSON lines";
            return Err(Fault::NotForThis { option: "format".into(), kind }.into());
        }
        None => return Err(Fault::UnknownFormat { name: url.into() }.into()),
    };
    let scan = scan_options(format, options, None)?;
    let table = Table::scan(url, &scan).map_err(fault)?;
    let rows = match format {
        table::Format::Parquet => Some(count(&table, control)?),
        _ => None,
    };
    Ok(Opened { table, rows, in_memory: false })
}

/// What a table says of a file, as a fault of the source.
pub(super) fn fault(error: Error) -> Halt {
    match error {
        Error::Stopped { .. } => Halt::Error(error),
        Error::File { error, .. } => Fault::Io(error).into(),
        error => Fault::Table(Box::new(error)).into(),
    }
}

/// Formats that are read row by row.
pub(crate) fn table_format(format: Format) -> Option<table::Format> {
    match format {
        Format::Csv => Some(table::Format::Csv),
        Format::JsonLines => Some(table::Format::JsonLines),
        Format::Parquet => Some(table::Format::Parquet),
        Format::Arrow => Some(table::Format::Ipc),
        _ => None,
    }
}

fn scan_options(
    format: table::Format,
    options: &SourceOptions,
    first: Option<&Path>,
) -> Result<ScanOptions, Fault> {
    let is_csv = format == table::Format::Csv;
    let is_text = is_csv || format == table::Format::JsonLines;
    for (option, given, may_be) in [
        ("delimiter", options.delimiter.is_some(), is_csv),
        ("header", options.header.is_some(), is_csv),
        ("nulls", !options.nulls.is_empty(), is_csv),
        ("comment", options.comment.is_some(), is_csv),
        ("missing_columns", options.missing_columns, format == table::Format::Parquet),
        ("types", !options.types.is_empty(), is_text),
    ] {
        if given && !may_be {
            return Err(Fault::NotForThis { option: option.into(), kind: "this format" });
        }
    }
    let separator = match options.delimiter {
        Some(delimiter) => {
            Some(u8::try_from(delimiter).ok().filter(u8::is_ascii).ok_or_else(|| {
                let reason = format!("`{delimiter}` should be one ASCII character").into();
                Fault::BadAddress { part: "`delimiter`", reason }
            })?)
        }
        None => {
            let head = first.filter(|_| is_csv).map(head).transpose()?;
            head.and_then(|head| separator(&head, options.comment.as_deref()))
        }
    };
    Ok(ScanOptions {
        format: Some(format),
        separator,
        header: options.header.unwrap_or(true),
        inferred_rows: (options.inferred_rows != 0).then_some(options.inferred_rows),
        types: types(options),
        nulls: options.nulls.clone(),
        path_column: options.path_column.clone(),
        comment: options.comment.clone(),
        missing_columns: options.missing_columns,
        store: options.store.clone(),
        ..ScanOptions::default()
    })
}

/// The types that the caller gives columns.
fn types(options: &SourceOptions) -> Vec<(String, DataType)> {
    options.types.iter().map(|(name, of)| (name.clone(), of.data_type())).collect()
}

/// A format that is read as a whole: JSON documents and graphs.
fn whole(
    file: &Path,
    format: Format,
    options: &SourceOptions,
    control: &Control,
) -> Result<Opened, Halt> {
    for (option, given) in [
        ("delimiter", options.delimiter.is_some()),
        ("header", options.header.is_some()),
        ("path_column", options.path_column.is_some()),
        ("nulls", !options.nulls.is_empty()),
        ("comment", options.comment.is_some()),
        ("missing_columns", options.missing_columns),
        ("types", !options.types.is_empty() && format != Format::NodeLink),
        ("records", options.records.is_some() && format != Format::NodeLink),
    ] {
        if given {
            return Err(Fault::NotForThis { option: option.into(), kind: format.name() }.into());
        }
    }
    if format == Format::NodeLink
        && let Document::Records(lines) = json::open(file, options.records.as_deref())?
    {
        return records(lines.path(), options, control);
    }
    let read = ReadOptions { format: Some(format), ..ReadOptions::default() };
    let (graph, _) = graph_core::read(file, &read).map_err(|error| match error {
        // The source names the file already.
        graph_core::Error::InFile { source, .. } => Fault::Graph(source),
        error => Fault::Graph(Box::new(error)),
    })?;
    let batch = match options.part {
        GraphPart::Edges => graph.edge_table().map_err(|error| Fault::Graph(Box::new(error)))?,
        GraphPart::Nodes => graph.nodes().clone(),
    };
    let rows = Some(batch.num_rows() as u64);
    Ok(Opened { table: Table::from_batch(batch).map_err(fault)?, rows, in_memory: true })
}

/// The records of a document, in memory: the file with them goes away.
fn records(lines: &Path, options: &SourceOptions, control: &Control) -> Result<Opened, Halt> {
    if fs::metadata(lines)?.len() == 0 {
        let batch = super::rows::batch(&super::rows::schema([]), Vec::new(), 0)?;
        let table = Table::from_batch(batch).map_err(fault)?;
        return Ok(Opened { table, rows: Some(0), in_memory: true });
    }
    let scan = ScanOptions {
        format: Some(table::Format::JsonLines),
        inferred_rows: (options.inferred_rows != 0).then_some(options.inferred_rows),
        types: types(options),
        ..ScanOptions::default()
    };
    let path = lines.to_str().ok_or(Fault::NoFiles)?;
    let table = Table::scan(path, &scan).map_err(fault)?;
    let batches = table.collect_batches(control).map_err(fault)?;
    let rows = batches.iter().map(|batch| batch.num_rows() as u64).sum();
    let table = Table::from_batches(table.schema(), &batches).map_err(fault)?;
    Ok(Opened { table, rows: Some(rows), in_memory: true })
}

/// The files that a path, a folder or a pattern means, in the order of their names; hidden ones and
/// those that begin with `_` are left out of folders.
pub(super) fn list(path: &str) -> Result<Vec<PathBuf>, Fault> {
    let plain = Path::new(path);
    let mut files = Vec::new();
    if plain.is_dir() {
        walk(plain, &mut files)?;
    } else if path.contains(['*', '?', '[']) && !plain.exists() {
        let mut parts = Vec::new();
        let mut base = PathBuf::new();
        for part in plain.components() {
            let part = part.as_os_str().to_str().unwrap_or_default();
            match parts.is_empty() && !part.contains(['*', '?', '[']) {
                true => base.push(part),
                false => parts.push(part),
            }
        }
        let here = Path::new(".");
        match base.as_os_str().is_empty() {
            true => {
                expand(here, &parts, &mut files)?;
                files = files
                    .iter()
                    .map(|file| file.strip_prefix(here).unwrap_or(file).to_owned())
                    .collect();
            }
            false => expand(&base, &parts, &mut files)?,
        }
    } else {
        fs::metadata(plain)?;
        files.push(plain.to_owned());
    }
    files.sort();
    match files.is_empty() {
        true => Err(Fault::NoFiles),
        false => Ok(files),
    }
}

/// As [`list`]; `None` if there are none.
pub(crate) fn files_at(path: &str) -> Option<Vec<PathBuf>> {
    list(path).ok()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Fault> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path
            .file_name()
            .and_then(|name| name.to_str())
            .is_none_or(|name| name.starts_with(['.', '_']));
        match path.is_dir() {
            _ if hidden => {}
            true => walk(&path, files)?,
            false => files.push(path),
        }
    }
    Ok(())
}

/// Adds the files under `base` whose further path matches `parts`.
fn expand(base: &Path, parts: &[&str], files: &mut Vec<PathBuf>) -> Result<(), Fault> {
    let Some((&part, rest)) = parts.split_first() else { return Ok(()) };
    if part == "**" {
        expand(base, rest, files)?;
    }
    let pattern = pattern(part)?;
    let Ok(entries) = fs::read_dir(base) else { return Ok(()) };
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with('.') && !part.starts_with('.') {
            continue;
        }
        match path.is_dir() {
            true if part == "**" => expand(&path, parts, files)?,
            true if pattern.is_match(name) => expand(&path, rest, files)?,
            false if rest.is_empty() && pattern.is_match(name) => files.push(path),
            _ => {}
        }
    }
    Ok(())
}

/// The regular expression of one part of a path pattern.
fn pattern(part: &str) -> Result<Regex, Fault> {
    let mut text = String::from("^");
    let mut chars = part.chars();
    while let Some(c) = chars.next() {
        match c {
            '*' => text.push_str(".*"),
            '?' => text.push('.'),
            '[' => {
                let inside: String = chars.by_ref().take_while(|&c| c != ']').collect();
                let (not, inside) = match inside.strip_prefix('!') {
                    Some(inside) => ("^", inside),
                    None => ("", inside.as_str()),
                };
                let inside = inside.replace('\\', r"\\").replace('[', r"\[").replace('^', r"\^");
                text.extend(["[", not, &inside, "]"]);
            }
            c => text.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    text.push('$');
    Regex::new(&text).map_err(|_| Fault::BadAddress {
        part: "the pattern",
        reason: format!("has a part `{part}` that is none").into(),
    })
}

/// The format of all files, by their suffixes, else by the content of the only one.
fn common_format(files: &[PathBuf], comment: Option<&str>) -> Result<Format, Fault> {
    let known = files.iter().filter_map(|file| Some((file, Format::from_suffix(file)?)));
    let known: Vec<_> = known.collect();
    let Some(&(first, format)) = known.first() else {
        let first = &files[0];
        return match by_content(&head(first)?, comment) {
            Some(format) if files.len() == 1 => Ok(format),
            _ => Err(Fault::UnknownFormat { name: first.display().to_string().into() }),
        };
    };
    match known.iter().find(|(_, other)| *other != format) {
        Some((other, _)) => Err(Fault::MixedFormats {
            first: first.display().to_string().into(),
            second: other.display().to_string().into(),
        }),
        None => Ok(format),
    }
}

/// The format that the first bytes tell, behind lines that begin with `comment`.
fn by_content(head: &[u8], comment: Option<&str>) -> Option<Format> {
    let comment = comment.filter(|comment| !comment.is_empty());
    let mut start = head.trim_ascii_start();
    while comment.is_some_and(|comment| start.starts_with(comment.as_bytes())) {
        let end = start.iter().position(|&byte| byte == b'\n').unwrap_or(start.len());
        start = start[end..].trim_ascii_start();
    }
    match start.first() {
        _ if head.starts_with(b"PAR1") => Some(Format::Parquet),
        _ if head.starts_with(b"ARROW1") => Some(Format::Arrow),
        Some(b'[') => Some(Format::NodeLink),
        Some(b'{') => {
            let line = start.split(|&byte| byte == b'\n').next().unwrap_or(start);
            let whole = serde_json::from_slice::<serde_json::Value>(line).is_ok();
            // One object in one line is taken for lines of which there is one.
            Some(if whole { Format::JsonLines } else { Format::NodeLink })
        }
        Some(_) if separator(head, comment).is_some() => Some(Format::Csv),
        _ => None,
    }
}

const HEAD: u64 = 1 << 16;

fn head(file: &Path) -> Result<Vec<u8>, Fault> {
    let mut head = Vec::new();
    File::open(file)?.take(HEAD).read_to_end(&mut head)?;
    Ok(head)
}

/// The separator that the first line has most of, if each further whole line has one too; lines that begin with `comment`
/// do not count. Compressed text tells none.
fn separator(head: &[u8], comment: Option<&str>) -> Option<u8> {
    let text = std::str::from_utf8(head).or_else(|error| match error.error_len() {
        // The head may end within a character.
        None => std::str::from_utf8(&head[..error.valid_up_to()]),
        Some(_) => Err(error),
    });
    let text = text.ok().filter(|text| !text.contains('\0'))?;
    let is_comment = |line: &str| comment.is_some_and(|comment| line.starts_with(comment));
    let lines = text.lines().filter(|line| !is_comment(line)).take(20);
    let mut lines: Vec<_> = lines.filter(|line| !line.trim().is_empty()).collect();
    if 1 < lines.len() && head.len() as u64 == HEAD {
        lines.pop();
    }
    let first = lines.first()?;
    // Commas win ties, as they are what the suffix stands for.
    [b',', b'\t', b';', b'|']
        .into_iter()
        .filter(|&separator| lines.iter().all(|line| line.contains(char::from(separator))))
        .rev()
        .max_by_key(|&separator| first.bytes().filter(|&byte| byte == separator).count())
}

/// About how many rows files have: exactly for Parquet, by the length of the first lines for text.
fn estimate(
    files: &[PathBuf],
    format: table::Format,
    table: &Table,
    control: &Control,
) -> Result<Option<u64>, Halt> {
    match format {
        table::Format::Parquet => Ok(Some(count(table, control)?)),
        // The footers would have to be read one by one.
        table::Format::Ipc => Ok(None),
        table::Format::Csv | table::Format::JsonLines => {
            let head = head(&files[0])?;
            if std::str::from_utf8(&head).is_err_and(|error| error.error_len().is_some()) {
                return Ok(None);
            }
            let n_lines = memchr::memchr_iter(b'\n', &head).count().max(1) as u64;
            let width = (head.len() as u64).div_ceil(n_lines).max(1);
            let mut bytes = 0;
            for file in files {
                bytes += fs::metadata(file)?.len();
            }
            Ok(Some(bytes / width))
        }
    }
}

/// The number of rows, which Parquet has in its footers.
fn count(table: &Table, control: &Control) -> Result<u64, Halt> {
    table.count(control).map_err(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn listed(folder: &Path, pattern: &str) -> Result<Vec<String>, Fault> {
        let files = list(folder.join(pattern).to_str().unwrap())?;
        let short = |path: &PathBuf| path.strip_prefix(folder).unwrap().display().to_string();
        Ok(files.iter().map(short).collect())
    }

    #[test]
    fn patterns_and_folders_mean_files() {
        let folder = folder(&[
            ("b.csv", ""),
            ("a.csv", ""),
            ("a1.tsv", ""),
            (".hidden.csv", ""),
            ("x=1/p.parquet", ""),
            ("x=2/y/q.parquet", ""),
            ("x=2/_temporary/r.parquet", ""),
        ]);
        let listed = |pattern| listed(folder.path(), pattern);
        assert_eq!(listed("*.csv").unwrap(), ["a.csv", "b.csv"]);
        assert_eq!(listed("[a]*.?sv").unwrap(), ["a.csv", "a1.tsv"]);
        assert_eq!(listed("[!a].csv").unwrap(), ["b.csv"]);
        assert_eq!(listed("x=*/*.parquet").unwrap(), ["x=1/p.parquet"]);
        assert_eq!(
            listed("**/*.parquet").unwrap(),
            ["x=1/p.parquet", "x=2/_temporary/r.parquet", "x=2/y/q.parquet"]
        );
        assert_eq!(listed("x=2").unwrap(), ["x=2/y/q.parquet"]);
        assert_eq!(listed("a.csv").unwrap(), ["a.csv"]);
        assert!(matches!(listed("*.txt"), Err(Fault::NoFiles)));
        assert!(matches!(listed("none.csv"), Err(Fault::Io(_))));
    }

    #[test]
    fn formats_come_from_suffixes_then_from_contents() {
        let files = |files: &[(&str, &str)]| {
            let folder = folder(files);
            common_format(&list(folder.path().to_str().unwrap()).unwrap(), Some("#"))
        };
        assert_eq!(files(&[("a.csv.gz", ""), ("README", "")]).unwrap(), Format::Csv);
        assert_eq!(files(&[("data", "a,b\n1,2\n")]).unwrap(), Format::Csv);
        assert_eq!(files(&[("data", "{\"a\":1}\n{\"a\":2}\n")]).unwrap(), Format::JsonLines);
        assert_eq!(files(&[("data", "{\n\"a\":1}")]).unwrap(), Format::NodeLink);
        assert_eq!(files(&[("data", "# made\na;b\n1;2\n")]).unwrap(), Format::Csv);
        assert_eq!(by_content(b"[made]\n a,b\n1,2\n", Some("[")), Some(Format::Csv));
        assert_eq!(by_content(b"# made\na;b\n1;2\n", None), None);
        assert_eq!(by_content(b"# made", Some("#")), None);
        let error = files(&[("a.csv", ""), ("b.parquet", "")]).unwrap_err();
        assert!(matches!(error, Fault::MixedFormats { .. }), "{error}");
        assert!(matches!(files(&[("data", "word")]), Err(Fault::UnknownFormat { .. })));
    }

    #[test]
    fn separators_are_in_every_line() {
        let separator = |head: &[u8]| separator(head, Some("#"));
        assert_eq!(separator(b"a,b;c\n1,2;3\n"), Some(b','));
        assert_eq!(separator(b"# of, words\na;b\n1;2\n"), Some(b';'));
        assert_eq!(separator(b"a;b;c,d\n1;2;3,4\n5;6;7\n"), Some(b';'));
        assert_eq!(separator(b"a\tb\n1\t2"), Some(b'\t'));
        assert_eq!(separator(b"a\n1\n"), None);
        assert_eq!(separator(b"\x1f\x8b\x00,"), None);
        assert_eq!(separator("ä,b\n".as_bytes().get(..4).unwrap()), Some(b','));
    }
}
