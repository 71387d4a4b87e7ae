//! What Python writes for numbers that are none, as JSON has it.

use std::cell::Cell;
use std::io::{self, Read};

/// Bytes that are read at once.
const PIECE: usize = 1 << 16;

/// What `json.dump` writes by default for a float that is no finite number, without the sign.
const WORDS: [&[u8]; 2] = [b"NaN", b"Infinity"];

/// The longest of these.
const LONGEST: usize = 8;

/// Bytes of JSON in which `NaN`, `Infinity` and `-Infinity` outside of strings are `null`. All else stays as it is, and
/// memory is that of a buffer.
pub(super) struct Finite<'a, R> {
    inner: R,
    /// Whether there was such a word, which makes lines longer than they are in the file.
    found: &'a Cell<bool>,
    /// What was read and not passed on yet.
    raw: Vec<u8>,
    /// What is to be passed on, and how much of it has been.
    out: Vec<u8>,
    taken: usize,
    in_string: bool,
    escaped: bool,
    is_over: bool,
}

impl<'a, R: Read> Finite<'a, R> {
    pub(super) fn new(inner: R, found: &'a Cell<bool>) -> Self {
        Self {
            inner,
            found,
            raw: Vec::with_capacity(PIECE + LONGEST + 1),
            out: Vec::with_capacity(PIECE + PIECE / 2),
            taken: 0,
            in_string: false,
            escaped: false,
            is_over: false,
        }
    }

    /// Reads a piece and puts all of it but what may be the beginning of a word into `out`.
    fn fill(&mut self) -> io::Result<()> {
        let old = self.raw.len();
        self.raw.resize(old + PIECE, 0);
        let read = loop {
            match self.inner.read(&mut self.raw[old..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.raw.truncate(old + *read.as_ref().unwrap_or(&0));
        self.is_over = read? == 0;
        self.taken = 0;
        self.out.clear();
        let done = self.translate();
        self.raw.drain(..done);
        Ok(())
    }

    /// Passes on what can be understood, and returns how much of `raw` that is.
    fn translate(&mut self) -> usize {
        let raw = &self.raw;
        let end = if self.is_over { raw.len() } else { raw.len().saturating_sub(LONGEST) };
        let mut at = 0;
        while at < end {
            // Escapes may hide quotes; outside of strings only quotes and the words matter.
            let rest = &raw[at..end];
            let special = match self.in_string {
                true if self.escaped => Some(0),
                true => memchr::memchr2(b'"', b'\\', rest),
                false => memchr::memchr3(b'"', b'N', b'I', rest),
            };
            let length = special.unwrap_or(rest.len());
            self.out.extend_from_slice(&rest[..length]);
            at += length;
            let Some(&byte) = raw.get(at).filter(|_| special.is_some()) else { continue };
            if self.in_string {
                self.in_string = self.escaped || byte != b'"';
                self.escaped = !self.escaped && byte == b'\\';
            } else if byte == b'"' {
                self.in_string = true;
            } else if let Some(word) = WORDS.iter().find(|word| raw[at..].starts_with(word)) {
                if byte == b'I' && self.out.last() == Some(&b'-') {
                    self.out.pop();
                }
                self.found.set(true);
                self.out.extend_from_slice(b"null");
                at += word.len();
                continue;
            }
            self.out.push(byte);
            at += 1;
        }
        // A sign may belong to a word that has not been read yet.
        if !self.is_over && !self.in_string && at == end && self.out.last() == Some(&b'-') {
            self.out.pop();
            at -= 1;
        }
        at
    }
}

impl<R: Read> Read for Finite<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.out.len() {
            if self.is_over {
                return Ok(0);
            }
            self.fill()?;
        }
        let n = into.len().min(self.out.len() - self.taken);
        into[..n].copy_from_slice(&self.out[self.taken..self.taken + n]);
        self.taken += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out a few bytes at a time.
    struct Drops<'a>(&'a [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let n = self.1.min(self.0.len()).min(into.len());
            into[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    #[test]
    fn words_outside_of_strings_are_null_wherever_pieces_end() {
        let cases = [
            ("[NaN,-Infinity,Infinity,-1]", "[null,null,null,-1]"),
            (
                r#"{"NaN": "-Infinity \" NaN", "a\\": NaN}"#,
                r#"{"NaN": "-Infinity \" NaN", "a\\": null}"#,
            ),
            ("-Infinity", "null"),
            ("[-", "[-"),
            ("[Nan, Inf]", "[Nan, Inf]"),
            ("", ""),
        ];
        for (text, expected) in cases {
            for piece in 1..=text.len().max(1) {
                let (mut read, found) = (String::new(), Cell::new(false));
                let mut reader = Finite::new(Drops(text.as_bytes(), piece), &found);
                reader.read_to_string(&mut read).unwrap();
                assert_eq!(read, expected, "{piece} bytes at a time");
                assert_eq!(found.get(), read != text);
            }
        }
    }

    #[test]
    fn long_texts_pass_through_a_small_buffer() {
        let text = format!("[{}1]", "NaN,-0.5,\"a\\\"NaN\",-Infinity,".repeat(20_000));
        let (mut read, found) = (String::new(), Cell::new(false));
        let mut reader = Finite::new(text.as_bytes(), &found);
        reader.read_to_string(&mut read).unwrap();
        let expected = format!("[{}1]", "null,-0.5,\"a\\\"NaN\",null,".repeat(20_000));
        assert!(read == expected);
        assert!(reader.raw.capacity() + reader.out.capacity() < 8 * PIECE);
    }
}
