//! An output that appears whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use flate2::write::GzEncoder;

use super::Compression;
use crate::{Error, Result, Staged};

/// Runs `write` against the file `path`, `-` for standard output, and returns the bytes written.
///
/// The file is [`Staged`]: if anything fails the old one stays as it was. Devices and pipes are written
/// directly.
pub(super) fn create(
    path: &Path,
    compression: Compression,
    write: impl FnOnce(&mut (dyn Write + Send)) -> Result<()>,
) -> Result<u64> {
    if path == Path::new("-") {
        return compress(io::stdout(), compression, write).map(|(_, bytes)| bytes);
    }
    create_file(path, compression, write).map_err(|error| error.in_file(path))
}

fn create_file(
    path: &Path,
    compression: Compression,
    write: impl FnOnce(&mut (dyn Write + Send)) -> Result<()>,
) -> Result<u64> {
    if fs::metadata(path).is_ok_and(|old| !old.is_file()) {
        let device = File::options().write(true).open(path)?;
        return compress(device, compression, write).map(|(_, bytes)| bytes);
    }
    let staged = Staged::new(path)?;
    let (_, bytes) = compress(File::create(staged.path())?, compression, write)?;
    staged.publish()?;
    Ok(bytes)
}

/// Runs `write` through a buffer and the compressor into `sink`.
pub(super) fn compress<W: Write + Send>(
    sink: W,
    compression: Compression,
    write: impl FnOnce(&mut (dyn Write + Send)) -> Result<()>,
) -> Result<(W, u64)> {
    let mut counted = BufWriter::with_capacity(1 << 18, Counted { sink, bytes: 0 });
    match compression {
        Compression::Gzip => {
            let mut encoder = GzEncoder::new(counted, flate2::Compression::default());
            write(&mut encoder)?;
            counted = encoder.finish()?;
        }
        Compression::Zstd => {
            let mut encoder = zstd::Encoder::new(counted, zstd::DEFAULT_COMPRESSION_LEVEL)?;
            encoder.include_checksum(true)?;
            write(&mut encoder)?;
            counted = encoder.finish()?;
        }
        // Snappy and LZ4 live inside the formats that have them.
        Compression::None | Compression::Snappy | Compression::Lz4 => write(&mut counted)?,
    }
    counted.flush()?;
    let Counted { sink, bytes } =
        counted.into_inner().map_err(|error| Error::Io(error.into_error()))?;
    Ok((sink, bytes))
}

/// Counts what passes into `sink`.
struct Counted<W> {
    sink: W,
    bytes: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.sink.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn put(path: &Path, text: &str) -> Result<u64> {
        create(path, Compression::None, |out| Ok(out.write_all(text.as_bytes())?))
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old.txt");
        put(&path, "old").unwrap();
        let error = create(&path, Compression::Zstd, |out| {
            out.write_all(&vec![b'x'; 1 << 20])?;
            Err(Error::Io(io::Error::other("disk on fire")))
        });
        assert!(error.unwrap_err().to_string().ends_with("old.txt: disk on fire"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(folder.path()), ["old.txt"]);
    }

    #[test]
    fn a_new_file_replaces_the_old_one_and_counts_its_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        assert_eq!(put(&path, "first, and longer").unwrap(), 17);
        assert_eq!(put(&path, "second").unwrap(), 6);
        assert_eq!(fs::read_to_string(&path).unwrap(), "second");
        assert_eq!(names(folder.path()), ["a.txt"]);
    }

    #[test]
    fn a_missing_folder_is_named() {
        let error = put(Path::new("no/such/folder/a.txt"), "").unwrap_err().to_string();
        assert!(error.contains("no/such/folder/a.txt: "), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn permissions_are_those_of_any_new_file_or_of_the_file_replaced() {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let folder = tempfile::tempdir().unwrap();
        let (ours, plain) = (folder.path().join("ours"), folder.path().join("plain"));
        put(&ours, "").unwrap();
        fs::write(&plain, "").unwrap();
        assert_eq!(mode(&ours), mode(&plain));
        fs::set_permissions(&ours, fs::Permissions::from_mode(0o640)).unwrap();
        put(&ours, "again").unwrap();
        assert_eq!(mode(&ours), 0o640);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_keeps_pointing_to_the_file_that_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        put(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        put(&link, "new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
    }
}
