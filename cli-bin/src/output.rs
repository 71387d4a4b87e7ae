//! Numbers and data on their way out.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::ensure;
use graphlume::WriteOptions;
use graphlume::graph::{Format, WriteReport};
use serde::Serialize;

use crate::progress::Messages;

/// Writes bytes to standard output.
pub(crate) fn print(bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()?;
    Ok(())
}

/// Writes a value as indented JSON to standard output.
pub(crate) fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    print(&text)
}

/// A whole number with a thin mark between groups of three digits.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun: `1 node`, `34 nodes`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number as u64), if number == 1 { "" } else { "s" })
}

/// Bytes in the unit that leaves one to three digits before the point.
pub(crate) fn bytes(number: u64) -> String {
    let mut value = number as f64;
    for unit in ["bytes", "KiB", "MiB", "GiB"] {
        if value < 1024.0 {
            return if unit == "bytes" {
                format!("{number} bytes")
            } else {
                format!("{value:.1} {unit}")
            };
        }
        value /= 1024.0;
    }
    format!("{value:.1} TiB")
}

/// Seconds to three digits or so.
pub(crate) fn secs(duration: std::time::Duration) -> String {
    match duration.as_secs_f64() {
        s if s < 0.1 => format!("{:.1} ms", s * 1e3),
        s if s < 10.0 => format!("{s:.2} s"),
        s => format!("{s:.1} s"),
    }
}

/// Whether `path` stands for a standard stream.
pub(crate) fn is_standard(path: &Path) -> bool {
    path == Path::new("-")
}

/// How a table or a graph is written to `path`: as its suffix says, and to standard output as CSV.
pub(crate) fn write_options(path: &Path) -> WriteOptions {
    WriteOptions { format: is_standard(path).then_some(Format::Csv), ..WriteOptions::default() }
}

/// What was written, and how long that took.
pub(crate) fn wrote(path: &Path, report: &WriteReport) -> String {
    let shown =
        if is_standard(path) { "to standard output".into() } else { path.to_string_lossy() };
    format!("wrote {shown}, {} in {}", bytes(report.bytes), secs(report.duration))
}

/// Where a command says what it found: on standard output, or beside it where data go there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Summary {
    is_taken: bool,
    messages: Messages,
}

/// Refuses files that could not be written once the work is done: of which two are one, or that are in no folder.
pub(crate) fn check_files<'a>(files: impl IntoIterator<Item = &'a Path>) -> anyhow::Result<()> {
    let mut seen: Vec<(PathBuf, &OsStr)> = Vec::new();
    for path in files.into_iter().filter(|path| !is_standard(path)) {
        let shown = path.display();
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        ensure!(folder.is_dir(), "{shown}: there is no such folder");
        ensure!(!path.is_dir(), "{shown} is a folder");
        // What is no file, such as a pipe or the null device, can take it all.
        if path.exists() && !path.is_file() {
            continue;
        }
        let file = (folder.canonicalize()?, path.file_name().unwrap_or_default());
        ensure!(!seen.contains(&file), "{shown} is named for two outputs");
        seen.push(file);
    }
    Ok(())
}

impl Summary {
    /// Beside `outputs`, of which one at most can have standard output, and that not with `json`; the others are to be
    /// files that can be written.
    pub(crate) fn beside(
        outputs: &[(&str, Option<&Path>)],
        json: bool,
        messages: Messages,
    ) -> anyhow::Result<Self> {
        let standard = outputs.iter().filter(|(_, path)| path.is_some_and(is_standard)).count();
        ensure!(standard + usize::from(json) <= 1, {
            let names: Vec<&str> = outputs.iter().map(|(name, _)| *name).collect();
            format!("only one of {} and --json can have standard output", names.join(", "))
        });
        check_files(outputs.iter().filter_map(|(_, path)| *path))?;
        Ok(Self { is_taken: standard == 1, messages })
    }

    pub(crate) fn print(self, text: &str) -> anyhow::Result<()> {
        if self.is_taken {
            self.messages.say(text.trim_end());
            return Ok(());
        }
        print(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(1_783_351), "1,783,351");
        assert_eq!(count(1, "node"), "1 node");
        assert_eq!(count(1000, "edge"), "1,000 edges");
        assert_eq!(bytes(999), "999 bytes");
        assert_eq!(bytes(5_337_658), "5.1 MiB");
        assert_eq!(secs(Duration::from_millis(12)), "12.0 ms");
        assert_eq!(secs(Duration::from_millis(1234)), "1.23 s");
    }
}
