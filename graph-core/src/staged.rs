//! A file that appears whole or not at all.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A file, or a folder, that is written in a hidden folder beside its place, under its own name, and
/// then takes its place: a reader sees the old file or the whole new one.
///
/// Dropped before [`publish`](Self::publish), it is removed, and the old file stays as it was.
///
/// ```
/// use graph_core::Staged;
///
/// let folder = tempfile::tempdir()?;
/// let place = folder.path().join("a.txt");
/// let staged = Staged::new(&place)?;
/// std::fs::write(staged.path(), "all of it")?;
/// assert!(!place.exists());
/// staged.publish()?;
/// assert_eq!(std::fs::read_to_string(place)?, "all of it");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Staged {
    place: PathBuf,
    path: PathBuf,
    /// Removed with what is in it.
    _folder: TempDir,
}

impl Staged {
    /// Makes the hidden folder. A link at `place` keeps pointing to the file that is replaced.
    ///
    /// # Errors
    ///
    /// What the system says of the folder that `place` is in.
    pub fn new(place: &Path) -> io::Result<Self> {
        let place = fs::canonicalize(place).unwrap_or_else(|_| place.to_owned());
        let parent = place.parent().filter(|parent| !parent.as_os_str().is_empty());
        let folder = tempfile::Builder::new()
            .prefix(".graphlume-")
            .tempdir_in(parent.unwrap_or(Path::new(".")))
            .map_err(|error| bare(&error))?;
        let path = folder.path().join(place.file_name().unwrap_or_default());
        Ok(Self { place, path, _folder: folder })
    }

    /// Where to write it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where it will be.
    pub fn place(&self) -> &Path {
        &self.place
    }

    /// Waits until the disk has the file, and puts it in its place, with the permissions of the one
    /// that was there.
    ///
    /// # Errors
    ///
    /// What the system says of it, as where nothing was written.
    pub fn publish(self) -> io::Result<()> {
        if self.path.is_file() {
            File::options().write(true).open(&self.path)?.sync_all()?;
        }
        if let Ok(old) = fs::metadata(&self.place) {
            fs::set_permissions(&self.path, old.permissions())?;
        }
        fs::rename(&self.path, &self.place)
    }
}

/// The error without the name of the hidden folder, which tells a user nothing.
fn bare(error: &io::Error) -> io::Error {
    let inner = error.get_ref().and_then(|error| error.source());
    let code = inner.and_then(|e| e.downcast_ref::<io::Error>()).and_then(io::Error::raw_os_error);
    code.map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}
