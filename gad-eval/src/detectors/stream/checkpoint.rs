//! The state of a detector as bytes, and back.
//!
//! | bytes | meaning |
//! |---|---|
//! | 8 | `GLSTREAM` |
//! | 4 | version of the format, 1 |
//! | 4 + a | the name of the detector |
//! | 4 + b | its options, as JSON |
//! | … | its arrays: 8 bytes for the length, then the numbers, each little endian |
//! | 8 | a checksum of all before |

use crate::{Error, Result};

const MAGIC: &[u8; 8] = b"GLSTREAM";
const VERSION: u32 = 1;

/// A number with a fixed form in bytes.
pub(super) trait Plain: Copy + Sized {
    const SIZE: usize;
    fn put(self, bytes: &mut Vec<u8>);
    fn get(bytes: &[u8]) -> Self;
}

macro_rules! plain {
    ($($kind:ty),*) => {$(
        impl Plain for $kind {
            const SIZE: usize = size_of::<$kind>();
            fn put(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }
            fn get(bytes: &[u8]) -> Self {
                let mut word = [0; size_of::<$kind>()];
                word.copy_from_slice(bytes);
                <$kind>::from_le_bytes(word)
            }
        }
    )*};
}

plain!(u8, u32, u64, f32, f64);

/// 64-bit FNV-1a over words, which any changed byte changes.
fn checksum(bytes: &[u8]) -> u64 {
    let mut chunks = bytes.chunks_exact(8);
    let mut sum = 0xcbf2_9ce4_8422_2325_u64 ^ bytes.len() as u64;
    let mut mix = |word: u64| sum = (sum ^ word).wrapping_mul(0x100_0000_01b3).rotate_left(23);
    for chunk in &mut chunks {
        mix(u64::get(chunk));
    }
    chunks.remainder().iter().for_each(|&byte| mix(byte.into()));
    sum
}

/// Writes a checkpoint.
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub(super) fn new(name: &str, options: &str) -> Self {
        let mut bytes = MAGIC.to_vec();
        VERSION.put(&mut bytes);
        for text in [name, options] {
            (text.len() as u32).put(&mut bytes);
            bytes.extend_from_slice(text.as_bytes());
        }
        Self(bytes)
    }

    pub(super) fn array<T: Plain>(&mut self, values: &[T]) {
        (values.len() as u64).put(&mut self.0);
        self.0.reserve(values.len() * T::SIZE);
        for &value in values {
            value.put(&mut self.0);
        }
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        checksum(&self.0).put(&mut self.0);
        self.0
    }
}

/// Reads a checkpoint, of which nothing is taken for granted.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    pub(super) name: &'a str,
    pub(super) options: &'a str,
}

/// The checkpoint cannot be used, and why.
pub(super) fn refuse(problem: impl Into<Box<str>>) -> Error {
    Error::BadCheckpoint { problem: problem.into() }
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self> {
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| refuse("it is no checkpoint"))?;
        let (rest, sum) = rest.split_last_chunk::<8>().ok_or_else(|| refuse("it ends too soon"))?;
        let mut reader = Self { rest, name: "", options: "" };
        let version: u32 = reader.number()?;
        if version != VERSION {
            return Err(refuse(format!("its version is {version}, but {VERSION} is known")));
        }
        if checksum(&bytes[..bytes.len() - 8]) != u64::from_le_bytes(*sum) {
            return Err(refuse("it is damaged: its checksum does not fit"));
        }
        reader.name = reader.text()?;
        reader.options = reader.text()?;
        Ok(reader)
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        let (taken, rest) =
            self.rest.split_at_checked(n).ok_or_else(|| refuse("it ends too soon"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn number<T: Plain>(&mut self) -> Result<T> {
        Ok(T::get(self.take(T::SIZE)?))
    }

    fn text(&mut self) -> Result<&'a str> {
        let length: u32 = self.number()?;
        std::str::from_utf8(self.take(length as usize)?).map_err(|_| refuse("a name is no UTF-8"))
    }

    /// The next array, which must have `length` numbers that `allowed` holds of.
    pub(super) fn array<T: Plain>(
        &mut self,
        name: &str,
        length: usize,
        allowed: impl Fn(T) -> bool,
    ) -> Result<Vec<T>> {
        let found: u64 = self.number()?;
        if found != length as u64 {
            return Err(refuse(format!("{name} has {found} numbers, but should have {length}")));
        }
        let bytes = length.checked_mul(T::SIZE).ok_or_else(|| refuse("it ends too soon"))?;
        let values: Vec<T> = self.take(bytes)?.chunks_exact(T::SIZE).map(T::get).collect();
        match values.iter().position(|&value| !allowed(value)) {
            Some(place) => Err(refuse(format!("{name} has an impossible number at {place}"))),
            None => Ok(values),
        }
    }

    pub(super) fn finish(self) -> Result<()> {
        match self.rest.len() {
            0 => Ok(()),
            more => Err(refuse(format!("{more} bytes follow its end"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let mut writer = Writer::new("name", "{}");
        writer.array(&[1.5_f64, 2.5]);
        writer.array(&[7_u32]);
        writer.finish()
    }

    #[test]
    fn reads_what_was_written() {
        let bytes = sample();
        let mut reader = Reader::new(&bytes).unwrap();
        assert_eq!((reader.name, reader.options), ("name", "{}"));
        assert_eq!(reader.array("a", 2, |value: f64| value > 1.0).unwrap(), [1.5, 2.5]);
        assert_eq!(reader.array("b", 1, |_: u32| true).unwrap(), [7]);
        reader.finish().unwrap();
    }

    #[test]
    fn refuses_lengths_and_numbers_that_cannot_be() {
        let bytes = sample();
        let mut reader = Reader::new(&bytes).unwrap();
        let message = reader.array("a", 3, |_: f64| true).unwrap_err().to_string();
        assert!(message.contains("a has 2 numbers, but should have 3"), "{message}");
        let mut reader = Reader::new(&bytes).unwrap();
        let message = reader.array("a", 2, |value: f64| value < 2.0).unwrap_err().to_string();
        assert!(message.contains("a has an impossible number at 1"), "{message}");
        assert!(Reader::new(&bytes).unwrap().finish().is_err());
    }

    #[test]
    fn any_changed_or_missing_byte_is_noticed() {
        let bytes = sample();
        for place in 0..bytes.len() {
            for bit in 0..8 {
                let mut wrong = bytes.clone();
                wrong[place] ^= 1 << bit;
                assert!(Reader::new(&wrong).is_err(), "byte {place}, bit {bit}");
            }
            assert!(Reader::new(&bytes[..place]).is_err(), "{place}");
        }
    }
}
