//! Files that appear whole or not at all.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::{Error, Result};

/// Writes a temporary file beside `path` and renames it.
pub(crate) fn replace(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let save = || -> io::Result<()> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".graphlume-").suffix(".part");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // The process's mask takes its bits away, as it does for any new file.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let mut file = builder.tempfile_in(folder)?;
        write(file.as_file_mut())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    save().map_err(|error| Error::file(path, error))
}
