//! Files that appear whole or not at all.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use graph_core::Staged;
use serde::Serialize;

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

/// Writes `value` as JSON with a line for each member, in the place of `path`.
pub(crate) fn replace_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Error::bad_file(path, error.to_string()))?;
    replace(path, |file| writeln!(file, "{text}"))
}

/// A text that no other file or job has, and that cannot be guessed by mistake.
pub(crate) fn unique() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let nanoseconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{nanoseconds:x}-{:x}-{count}", std::process::id())
}
