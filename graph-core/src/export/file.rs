//! An output that appears whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use flate2::write::GzEncoder;

use super::Compression;
use crate::{Control, Error, Result, Staged};

/// Runs `write` against the file `path`, `-` for standard output, and returns the bytes written.
///
/// The file is [`Staged`]: if anything fails the old one stays as it was. Devices and pipes are written
/// directly. Reports `"bytes written"`, of what reaches the file, and fails when it should stop.
pub(super) fn create(
    path: &Path,
    compression: Compression,
    control: &Control<'_>,
    write: impl FnOnce(&mut (dyn Write + Send)) -> Result<()>,
) -> Result<u64> {
    if path == Path::new("-") {
        return compress(io::stdout(), compression, control, write).map(|(_, bytes)| bytes);
    }
    create_file(path, compression, control, write).map_err(|error| error.in_file(path))
}

fn create_file(
    path: &Path,
    compression: Compression,
    control: &Control<'_>,
    write: impl FnOnce(&mut (dyn Write + Send)) -> Result<()>,
) -> Result<u64> {
    if fs::metadata(path).is_ok_and(|old| !old.is_file()) {
        let device = File::options().write(true).open(path)?;
        return compress(device, compression, control, write).map(|(_, bytes)| bytes);
    }
    let staged = Staged::new(path)?;
    let (_, bytes) = compress(File::create(staged.path())?, compression, control, write)?;
    step(control, bytes)?;
    staged.publish()?;
    Ok(bytes)
}

/// Runs `write` through a buffer and the compressor into `sink`.
pub(super) fn compress<W: Write + Send>(
    sink: W,
    compression: Compression,
    control: &Control<'_>,
    write: impl FnOnce(&mut (dyn Write + Send)) -> Result<()>,
) -> Result<(W, u64)> {
    let mut counted = BufWriter::with_capacity(1 << 18, Counted { sink, bytes: 0, control });
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
    let Counted { sink, bytes, .. } =
        counted.into_inner().map_err(|error| Error::Io(error.into_error()))?;
    Ok((sink, bytes))
}

/// Counts what passes into `sink`, while nobody wants it to stop.
struct Counted<'a, W> {
    sink: W,
    bytes: u64,
    control: &'a Control<'a>,
}

fn step(control: &Control<'_>, bytes: u64) -> io::Result<()> {
    control.step("bytes written", bytes, None).map_err(io::Error::other)
}

impl<W: Write> Write for Counted<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.sink.write(bytes)?;
        self.bytes += written as u64;
        step(self.control, self.bytes)?;
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
        create(path, Compression::None, &Control::NONE, |out| Ok(out.write_all(text.as_bytes())?))
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old.txt");
        put(&path, "old").unwrap();
        let error = create(&path, Compression::Zstd, &Control::NONE, |out| {
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
    fn a_stop_leaves_the_old_file_and_no_other() {
        use std::sync::atomic::{AtomicBool, Ordering};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old.txt");
        put(&path, "old").unwrap();
        for after in [0, 5] {
            let stop = AtomicBool::new(false);
            let control = Control::default().stopped_by(&stop);
            let mut n_blocks = 0;
            let error = create(&path, Compression::None, &control, |out| {
                for _ in 0..10 {
                    stop.store(n_blocks == after, Ordering::Relaxed);
                    out.write_all(&vec![b'x'; 1 << 20])?;
                    n_blocks += 1;
                }
                Ok(())
            });
            assert!(error.unwrap_err().to_string().contains("stopped"));
            assert_eq!(n_blocks, after);
            assert_eq!(names(folder.path()), ["old.txt"]);
        }
        let stop = AtomicBool::new(true);
        let control = Control::default().stopped_by(&stop);
        assert!(create(&path, Compression::None, &control, |_| Ok(())).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
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
