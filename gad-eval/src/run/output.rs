//! What a method prints, kept as long as it is of a sane length.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Bytes from the beginning that are kept.
const HEAD: u64 = 32 << 20;

/// Bytes from the end that are kept.
const TAIL: usize = 1 << 20;

/// Copies `from` to `file` until it ends: its first 32 MiB as they come, of what is more only the last
/// MiB, with a line between that says how much is left out. Memory stays below 4 MiB.
pub(super) fn keep(from: impl Read, file: &mut File) -> io::Result<()> {
    keep_within(from, file, HEAD, TAIL)
}

/// As [`keep`], with `head` bytes from the beginning and `most` from the end.
fn keep_within(mut from: impl Read, file: &mut File, head: u64, most: usize) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    let (mut written, mut left_out) = (0_u64, 0_u64);
    let mut tail: VecDeque<u8> = VecDeque::new();
    loop {
        let n = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let now = ((head - written) as usize).min(n);
        // A full disk must not keep the method from running on: what comes is read all the same.
        if 0 < now && file.write_all(&buffer[..now]).is_ok() {
            written += now as u64;
        }
        tail.extend(&buffer[now..n]);
        let over = tail.len().saturating_sub(most);
        tail.drain(..over);
        left_out += over as u64;
    }
    if 0 < left_out {
        write!(file, "\n[{left_out} bytes are left out here]\n")?;
    }
    let (first, second) = tail.as_slices();
    file.write_all(first)?;
    file.write_all(second)
}

/// Characters of a last line that are of use in a message.
const LINE: usize = 300;

/// The last line of the file at `path` that is not blank, if there is one, without what moves a cursor.
pub(super) fn last_line(path: &Path) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let end = file.seek(SeekFrom::End(0)).ok()?;
    file.seek(SeekFrom::Start(end.saturating_sub(4096))).ok()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let line = text.lines().rfind(|line| !line.trim().is_empty())?.trim();
    // The end says what went wrong, if anything does.
    let n = line.chars().count();
    let kept = line.chars().skip(n.saturating_sub(LINE)).filter(|c| !c.is_control());
    Some(kept.collect())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::io::{self, Read};

    use super::{HEAD, LINE, TAIL, keep, keep_within, last_line};

    #[test]
    fn long_output_keeps_both_ends() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let lines: String = (0..80_000_u32).fold(String::new(), |mut text, i| {
            writeln!(text, "{i}").unwrap();
            text
        });
        keep_within(lines.as_bytes(), file.as_file_mut(), 1000, 100).unwrap();
        let text = std::fs::read_to_string(file.path()).unwrap();
        let left_out = lines.len() - 1100;
        let expected = format!(
            "{}\n[{left_out} bytes are left out here]\n{}",
            &lines[..1000],
            &lines[lines.len() - 100..]
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn ten_gigabytes_leave_a_file_of_33_megabytes() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let all = 10_u64 << 30;
        let endless = io::repeat(b'x').take(all - 4).chain(&b"end\n"[..]);
        keep(endless, file.as_file_mut()).unwrap();
        let length = file.as_file().metadata().unwrap().len();
        let line = format!("\n[{} bytes are left out here]\n", all - HEAD - TAIL as u64);
        assert_eq!(length, HEAD + TAIL as u64 + line.len() as u64);
        assert!(std::fs::read(file.path()).unwrap().ends_with(b"xend\n"));
    }

    #[test]
    fn the_last_line_is_one_that_says_something() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(last_line(file.path()), None);
        std::fs::write(file.path(), "first\n  \u{1b}last \u{fc}\n \n\n").unwrap();
        assert_eq!(last_line(file.path()).as_deref(), Some("last \u{fc}"));
        std::fs::write(file.path(), format!("{}end", "x".repeat(9999))).unwrap();
        let line = last_line(file.path()).unwrap();
        assert!(line.len() == LINE && line.ends_with("xend"));
    }

    #[test]
    fn short_output_is_kept_as_it_is() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        keep(&b"one\ntwo\n"[..], file.as_file_mut()).unwrap();
        assert_eq!(std::fs::read_to_string(file.path()).unwrap(), "one\ntwo\n");
    }
}
