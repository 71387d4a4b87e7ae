//! Files that appear whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use graph_core::Staged;

use crate::{Error, Result};

/// Writes `bytes` to standard output if `path` is `-`; else to `path`, by way of a hidden folder.
/// Devices and pipes are written directly.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> Result<()> {
    let written = if path == Path::new("-") {
        let mut output = io::stdout().lock();
        output.write_all(bytes).and_then(|()| output.flush())
    } else {
        replace(path, bytes)
    };
    written.map_err(|source| Error::Write { path: path.to_owned(), source })
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|old| !old.is_file()) {
        return File::options().write(true).open(path)?.write_all(bytes);
    }
    let staged = Staged::new(path)?;
    fs::write(staged.path(), bytes)?;
    staged.publish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        create(&path, b"old").unwrap();
        create(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_error_names_the_file_that_was_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("no/such/folder.png");
        let message = create(&path, b"").unwrap_err().to_string();
        let start = format!("cannot write `{}`: ", path.display());
        assert!(message.starts_with(&start), "{message}");
        assert!(!message.contains(".graphlume-"), "{message}");
        let message = create(folder.path(), b"").unwrap_err().to_string();
        assert!(message.contains(&folder.path().display().to_string()), "{message}");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_and_the_permissions_of_the_old_file_stay() {
        use std::os::unix::fs::{PermissionsExt, symlink};

        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("a.png"), folder.path().join("b.png"));
        fs::write(&path, b"old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&path, &link).unwrap();
        create(&link, b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    }
}
