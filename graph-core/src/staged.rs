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
    folder: TempDir,
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
        Ok(Self { place, path, folder })
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
        self.settle()?;
        fs::rename(&self.path, &self.place)
    }

    /// Publishes all of `files`, or none: if one cannot be put in its place, those before it give theirs back to the
    /// files that were there.
    ///
    /// # Errors
    ///
    /// The place that failed, and what the system says of it. A file that was there and cannot be put back stays in the
    /// hidden folder, which the error names.
    pub fn publish_all(files: Vec<Self>) -> Result<(), (PathBuf, io::Error)> {
        Self::publish_all_by(files, &|file, name| fs::hard_link(file, name))
    }

    /// [`publish_all`](Self::publish_all), where `link` gives a file a second name.
    fn publish_all_by(files: Vec<Self>, link: Link) -> Result<(), (PathBuf, io::Error)> {
        // What takes time or is likely to fail comes before anything changes.
        for file in &files {
            file.settle().map_err(|error| (file.place.clone(), error))?;
        }
        let mut published: Vec<(Self, Option<PathBuf>)> = Vec::with_capacity(files.len());
        for file in files {
            match file.take_place(link) {
                Ok(old) => published.push((file, old)),
                Err(error) => {
                    let mut failed = (file.place.clone(), error);
                    let moved = file.folder.path().join(KEPT);
                    if moved.exists() && !file.place.exists() {
                        published.push((file, Some(moved)));
                    }
                    for (file, old) in published.into_iter().rev() {
                        if let Err(error) = file.give_back(old) {
                            failed = error;
                        }
                    }
                    return Err(failed);
                }
            }
        }
        Ok(())
    }

    /// Waits until the disk has the file, and gives it the permissions of the one in its place.
    fn settle(&self) -> io::Result<()> {
        if self.path.is_file() {
            File::options().write(true).open(&self.path)?.sync_all()?;
        }
        match fs::metadata(&self.place) {
            Ok(old) => fs::set_permissions(&self.path, old.permissions()),
            Err(_) => Ok(()),
        }
    }

    /// Puts the file in its place; gives where the one that was there is kept, if one was.
    fn take_place(&self, link: Link) -> io::Result<Option<PathBuf>> {
        let old = self.folder.path().join(KEPT);
        if !self.place.is_file() {
            return fs::rename(&self.path, &self.place).map(|()| None);
        }
        // A second name leaves it in its place until the new one is there; not all disks have that.
        link(&self.place, &old).or_else(|_| fs::rename(&self.place, &old))?;
        fs::rename(&self.path, &self.place)?;
        Ok(Some(old))
    }

    /// Takes the file out of its place again, where `old` goes back to.
    fn give_back(self, old: Option<PathBuf>) -> Result<(), (PathBuf, io::Error)> {
        let Some(old) = old else {
            return fs::rename(&self.place, &self.path)
                .map_err(|error| (self.place.clone(), error));
        };
        fs::rename(&old, &self.place).map_err(|error| {
            // It is the only one there is.
            let kept = self.folder.keep().join(KEPT);
            let problem = format!(
                "the file that was there could not be put back, and is {}: {error}",
                kept.display()
            );
            (self.place.clone(), io::Error::new(error.kind(), problem))
        })
    }
}

/// Gives the first file the second name, too.
type Link<'a> = &'a dyn Fn(&Path, &Path) -> io::Result<()>;

/// What a file that is replaced is called in the hidden folder, until all are in their places.
const KEPT: &str = ".graphlume-kept";

/// The error without the name of the hidden folder, which tells a user nothing.
fn bare(error: &io::Error) -> io::Error {
    let inner = error.get_ref().and_then(|error| error.source());
    let code = inner.and_then(|e| e.downcast_ref::<io::Error>()).and_then(io::Error::raw_os_error);
    code.map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn staged(folder: &Path, name: &str, text: &str) -> Staged {
        let staged = Staged::new(&folder.join(name)).unwrap();
        fs::write(staged.path(), text).unwrap();
        staged
    }

    /// All names in a folder, hidden ones too.
    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// As on a disk whose files have one name each.
    fn no_link(_: &Path, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    #[test]
    fn all_are_published_or_none_with_second_names_and_without() {
        let links: [Link; 2] = [&|file, name| fs::hard_link(file, name), &no_link];
        for link in links {
            let folder = tempfile::tempdir().unwrap();
            let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
            fs::write(folder.path().join("old"), "before").unwrap();
            let make = || ["old", "new", "late"].map(|name| staged(folder.path(), name, "after"));
            let files = make();
            // Something takes the place of the last one meanwhile.
            fs::create_dir_all(folder.path().join("late/inner")).unwrap();
            let (place, _) = Staged::publish_all_by(files.into(), link).unwrap_err();
            assert!(place.ends_with("late"), "{}", place.display());
            assert_eq!(read("old"), "before");
            assert_eq!(names(folder.path()), ["late", "old"]);

            fs::remove_dir_all(folder.path().join("late")).unwrap();
            Staged::publish_all_by(make().into(), link).unwrap();
            assert_eq!(["old", "new", "late"].map(read), ["after"; 3]);
            assert_eq!(names(folder.path()), ["late", "new", "old"]);
        }
    }

    #[test]
    fn a_file_that_was_moved_away_comes_back_if_the_new_one_cannot_follow() {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        for name in ["first", "second"] {
            fs::write(folder.path().join(name), "before").unwrap();
        }
        let files = ["first", "second"].map(|name| staged(folder.path(), name, "after"));
        let lost = files[1].path().to_owned();
        // The new second file goes just before the old one is moved out of its way.
        let link = |file: &Path, _: &Path| {
            if file.ends_with("second") {
                fs::remove_file(&lost)?;
            }
            no_link(file, &lost)
        };
        let (place, error) = Staged::publish_all_by(files.into(), &link).unwrap_err();
        assert!(place.ends_with("second"), "{}", place.display());
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert_eq!(["first", "second"].map(read), ["before"; 2]);
        assert_eq!(names(folder.path()), ["first", "second"]);
    }

    #[test]
    fn what_cannot_be_put_back_is_kept_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("only");
        fs::write(&place, "before").unwrap();
        let file = staged(folder.path(), "only", "after");
        let old = file.take_place(&no_link).unwrap();
        assert_eq!(fs::read_to_string(&place).unwrap(), "after");
        // Something that no file can replace takes the place.
        fs::remove_file(&place).unwrap();
        fs::create_dir_all(place.join("inner")).unwrap();
        let (at, error) = file.give_back(old).unwrap_err();
        assert_eq!(at, place);
        let text = error.to_string();
        let kept = text.split("and is ").nth(1).unwrap().split(": ").next().unwrap();
        assert_eq!(fs::read_to_string(kept).unwrap(), "before", "{text}");
    }
}
