//! Room on the disk that is kept for making room: a database writes even to forget.

use std::fs::File;
use std::io::{Error, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// What removing a few rows writes at most, generously: a page or two for each table and index that names them.
const BYTES: u64 = 1 << 20;

/// A file of nothing beside the database, which is given up when the disk is full.
#[derive(Debug)]
pub(super) struct Reserve {
    path: PathBuf,
}

impl Reserve {
    pub(super) fn beside(folder: &Path) -> Self {
        Self { path: folder.join("reserve") }
    }

    /// Takes the room, unless it is taken.
    ///
    /// # Errors
    ///
    /// If there is none, which changes nothing.
    pub(super) fn take(&self) -> std::io::Result<()> {
        if self.path.metadata().is_ok_and(|found| found.len() == BYTES) {
            return Ok(());
        }
        // Written out, since a length alone takes no room.
        let zeros = vec![0; usize::try_from(BYTES).map_err(Error::other)?];
        let written = File::create(&self.path).and_then(|mut file| {
            file.write_all(&zeros)?;
            file.sync_all()
        });
        written.inspect_err(|_| drop(self.give()))
    }

    /// Gives the room back; whether there was any.
    pub(super) fn give(&self) -> std::io::Result<bool> {
        match std::fs::remove_file(&self.path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_taken_once_and_given_once() {
        let folder = tempfile::tempdir().unwrap();
        let reserve = Reserve::beside(folder.path());
        assert!(!reserve.give().unwrap());
        for _ in 0..2 {
            reserve.take().unwrap();
            assert_eq!(reserve.path.metadata().unwrap().len(), BYTES);
        }
        // A part of it, as a kill may leave it.
        std::fs::write(&reserve.path, [0]).unwrap();
        reserve.take().unwrap();
        assert_eq!(reserve.path.metadata().unwrap().len(), BYTES);
        assert!(reserve.give().unwrap() && !reserve.path.exists());
    }
}
