//! What a method prints, kept as long as it is of a sane length.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Write};

/// Bytes from the beginning that are kept.
const HEAD: u64 = 32 << 20;

/// Bytes from the end that are kept.
const TAIL: usize = 1 << 20;

/// Copies `from` to `file` until it ends: its first 32 MiB as they come, of what is more only the last
/// MiB, with a line between that says how much is left out. Memory stays below 2 MiB.
pub(super) fn keep(mut from: impl Read, file: &mut File) -> io::Result<()> {
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
        let now = ((HEAD - written) as usize).min(n);
        // A full disk must not keep the method from running on: what comes is read all the same.
        if 0 < now && file.write_all(&buffer[..now]).is_ok() {
            written += now as u64;
        }
        tail.extend(&buffer[now..n]);
        let over = tail.len().saturating_sub(TAIL);
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

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::{HEAD, TAIL, keep};

    #[test]
    fn long_output_keeps_both_ends() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let lines: String = (0..8_000_000_u32).fold(String::new(), |mut text, i| {
            writeln!(text, "{i}").unwrap();
            text
        });
        keep(lines.as_bytes(), file.as_file_mut()).unwrap();
        let text = std::fs::read_to_string(file.path()).unwrap();
        assert!((text.len() as u64) < HEAD + TAIL as u64 + 100);
        assert!(text.starts_with("0\n1\n2\n") && text.ends_with("7999999\n"));
        assert!(text.contains("bytes are left out here]"));
    }

    #[test]
    fn short_output_is_kept_as_it_is() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        keep(&b"one\ntwo\n"[..], file.as_file_mut()).unwrap();
        assert_eq!(std::fs::read_to_string(file.path()).unwrap(), "one\ntwo\n");
    }
}
