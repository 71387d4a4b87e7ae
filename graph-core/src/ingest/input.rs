//! Bytes of an input: a file, standard input or memory, decompressed on the way.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::{Buf, Bytes};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use crate::{Error, Result};

/// Bytes looked at to tell formats apart.
const HEAD: usize = 64 << 10;

/// Something that can be read from the start as often as needed.
#[derive(Debug, Clone)]
pub(crate) struct Input {
    /// What errors and suffixes go by; `-` for standard input.
    pub path: PathBuf,
    storage: Storage,
    pub compression: Option<Compression>,
    /// First bytes, after decompression.
    pub head: Vec<u8>,
    /// Size before decompression.
    pub bytes: u64,
    /// Most bytes after decompression.
    pub max_bytes: u64,
}

#[derive(Debug, Clone)]
enum Storage {
    File(Arc<File>),
    Memory(Bytes),
}

/// How an input is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    Gzip,
    Zstd,
}

impl Compression {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// By the magic number, which both formats must begin with.
    fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            _ => None,
        }
    }
}

impl Input {
    /// Opens the file at `path`, or takes in standard input if that is `-`.
    pub(crate) fn open(path: &Path, max_bytes: u64) -> Result<Self> {
        if path == Path::new("-") {
            return Self::from_reader(io::stdin().lock(), path, max_bytes);
        }
        let file = File::open(path)?;
        let kind = file.metadata()?;
        if kind.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
        }
        if !kind.is_file() {
            // A pipe or a device has no length and cannot be read twice.
            return Self::from_reader(file, path, max_bytes);
        }
        Self::new(path.to_owned(), Storage::File(Arc::new(file)), kind.len(), max_bytes)
    }

    /// Takes in everything that `reader` gives.
    pub(crate) fn from_reader(reader: impl Read, path: &Path, max_bytes: u64) -> Result<Self> {
        let mut bytes = Vec::new();
        reader.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
        Self::from_bytes(bytes.into(), path, max_bytes)
    }

    /// Wraps bytes in memory; `path` serves messages and the suffix only.
    pub(crate) fn from_bytes(bytes: Bytes, path: &Path, max_bytes: u64) -> Result<Self> {
        let len = bytes.len() as u64;
        if len > max_bytes {
            return Err(Error::TooManyBytes { max_bytes });
        }
        Self::new(path.to_owned(), Storage::Memory(bytes), len, max_bytes)
    }

    fn new(path: PathBuf, storage: Storage, bytes: u64, max_bytes: u64) -> Result<Self> {
        let mut input = Self { path, storage, compression: None, head: vec![], bytes, max_bytes };
        input.compression = Compression::of(&input.read_head()?);
        input.head = input.read_head()?;
        Ok(input)
    }

    fn read_head(&self) -> Result<Vec<u8>> {
        let mut head = Vec::new();
        let read = self.stream()?.take(HEAD as u64).read_to_end(&mut head);
        read.map_err(|error| self.explain(error))?;
        Ok(head)
    }

    /// All bytes from the start, decompressed, at most `max_bytes` of them.
    ///
    /// Errors of the reader are to go through [`explain`](Self::explain).
    pub(crate) fn stream(&self) -> Result<Box<dyn Read + Send>> {
        let raw: Box<dyn Read + Send> = match &self.storage {
            Storage::File(file) => Box::new(At { file: Arc::clone(file), at: 0 }),
            Storage::Memory(bytes) => Box::new(Cursor::new(bytes.clone())),
        };
        Ok(match self.compression {
            None => raw,
            Some(Compression::Gzip) => Box::new(Limited {
                inner: flate2::bufread::MultiGzDecoder::new(BufReader::with_capacity(1 << 16, raw)),
                left: self.max_bytes,
            }),
            Some(Compression::Zstd) => Box::new(Limited {
                inner: zstd::stream::read::Decoder::new(raw)?,
                left: self.max_bytes,
            }),
        })
    }

    /// The typed error behind an error of the stream.
    pub(crate) fn explain(&self, source: io::Error) -> Error {
        if source.get_ref().is_some_and(|inner| inner.is::<OverLimit>()) {
            return Error::TooManyBytes { max_bytes: self.max_bytes };
        }
        match self.compression {
            Some(compression) => Error::Compressed { compression: compression.name(), source },
            None => Error::Io(source),
        }
    }

    /// Everything in memory, decompressed.
    pub(crate) fn read_all(&self) -> Result<Bytes> {
        if let (Storage::Memory(bytes), None) = (&self.storage, self.compression) {
            return Ok(bytes.clone());
        }
        if self.bytes > self.max_bytes {
            return Err(Error::TooManyBytes { max_bytes: self.max_bytes });
        }
        let mut all = Vec::new();
        self.stream()?.read_to_end(&mut all).map_err(|error| self.explain(error))?;
        Ok(all.into())
    }

    /// A form that can be read at any place: the file itself unless it is compressed.
    pub(crate) fn random_access(&self) -> Result<RandomAccess> {
        match (&self.storage, self.compression) {
            (Storage::File(file), None) => {
                Ok(RandomAccess::File { file: Arc::clone(file), len: self.bytes })
            }
            _ => Ok(RandomAccess::Memory(self.read_all()?)),
        }
    }

    /// Whether there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.head.is_empty()
    }
}

/// Bytes that several threads read at places of their choice.
///
/// A shared file handle has one position, so threads must not seek: reads name their place.
#[derive(Debug, Clone)]
pub(crate) enum RandomAccess {
    File { file: Arc<File>, len: u64 },
    Memory(Bytes),
}

impl RandomAccess {
    /// The bytes at `start..start + len`.
    pub(crate) fn read(&self, start: u64, len: usize) -> io::Result<Bytes> {
        let end = start.checked_add(len as u64).filter(|&end| end <= self.len());
        if end.is_none() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match self {
            Self::File { file, .. } => {
                let mut bytes = vec![0; len];
                At { file: Arc::clone(file), at: start }.read_exact(&mut bytes)?;
                Ok(bytes.into())
            }
            Self::Memory(bytes) => Ok(bytes.slice(start as usize..start as usize + len)),
        }
    }
}

impl Length for RandomAccess {
    fn len(&self) -> u64 {
        match self {
            Self::File { len, .. } => *len,
            Self::Memory(bytes) => bytes.len() as u64,
        }
    }
}

impl ChunkReader for RandomAccess {
    type T = Box<dyn Read + Send>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        match self {
            Self::File { file, .. } => {
                Ok(Box::new(BufReader::new(At { file: Arc::clone(file), at: start })))
            }
            Self::Memory(bytes) => {
                let start = usize::try_from(start).unwrap_or(usize::MAX).min(bytes.len());
                Ok(Box::new(bytes.slice(start..).reader()))
            }
        }
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        self.read(start, length).map_err(|error| ParquetError::External(Box::new(error)))
    }
}

/// A file read from a place of its own, whatever others do with the handle.
struct At {
    file: Arc<File>,
    at: u64,
}

impl Read for At {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        #[cfg(unix)]
        let read = std::os::unix::fs::FileExt::read_at(&*self.file, buffer, self.at)?;
        #[cfg(windows)]
        let read = std::os::windows::fs::FileExt::seek_read(&*self.file, buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// Decompressed data that may not exceed a limit.
struct Limited<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)? as u64;
        if read > self.left {
            return Err(io::Error::other(OverLimit));
        }
        self.left -= read;
        Ok(read as usize)
    }
}

/// Marks the error of [`Limited`].
#[derive(Debug, thiserror::Error)]
#[error("the data is larger than the limit")]
struct OverLimit;
