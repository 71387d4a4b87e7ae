//! Files that appear whole or not at all.

use std::fs::File;
use std::io;
use std::path::Path;

use graph_core::Staged;

use crate::{Error, Result};

/// Writes a new file and puts it in the place of `path`.
pub(crate) fn replace(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<()> {
    let save = || -> io::Result<()> {
        let staged = Staged::new(path)?;
        write(&mut File::create(staged.path())?)?;
        staged.publish()
    };
    save().map_err(|error| Error::file(path, error))
}
