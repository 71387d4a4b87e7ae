//! The files that an image is built of, as a stream of tar.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use graph_core::{Control, Stopped};
use sha2::{Digest, Sha256};

use super::super::environment::hex;
use super::dockerfile::Dockerfile;
use crate::method::matches;
use crate::{Error, Result};

/// A folder with a Dockerfile in it.
pub(super) struct Context {
    root: PathBuf,
    /// Path of the Dockerfile in the folder.
    pub(super) dockerfile: String,
    ignored: Ignored,
}

impl Context {
    /// The context of `path`: its own folder, or `share` if it copies what only that has, as the
    /// Dockerfiles of GraFlag do, whose context is the folder above `methods`.
    pub(super) fn of(path: &Path, parsed: &Dockerfile, share: &Path) -> Result<Self> {
        let own = path.parent().unwrap_or(Path::new("."));
        let first = |source: &str| {
            let source = source.trim_start_matches("./").trim_start_matches('/');
            source.split('/').next().unwrap_or_default().to_owned()
        };
        let in_share = |source: &String| {
            let name = first(source);
            // A pattern does not name a file.
            let pattern = name.contains(['*', '?', '[']);
            !pattern && !own.join(&name).exists() && share.join(&name).exists()
        };
        let whole = path.starts_with(share) && parsed.sources.iter().any(in_share);
        let root = if whole { share } else { own };
        let inside = path.strip_prefix(root).unwrap_or(path);
        let file = root.join(".dockerignore");
        let ignored = match fs::read_to_string(&file) {
            Ok(text) => Ignored::parse(&text),
            // Gigabytes that no image needs.
            Err(error) if error.kind() == io::ErrorKind::NotFound && whole => {
                Ignored::parse("datasets\nexperiments\n.git\n")
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ignored::default(),
            Err(error) => return Err(Error::file(&file, error)),
        };
        let dockerfile = inside.to_string_lossy().into_owned();
        Ok(Self { root: root.to_owned(), dockerfile, ignored })
    }

    /// The folder.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Writes all of it, in the order of names and without times, so that the same files are the same
    /// bytes. O(bytes).
    pub(super) fn write(&self, out: impl Write) -> io::Result<()> {
        let mut archive = tar::Builder::new(out);
        archive.mode(tar::HeaderMode::Deterministic);
        archive.follow_symlinks(false);
        self.append(Path::new(""), &mut archive)?;
        archive.into_inner()?.flush()
    }

    fn append(&self, folder: &Path, archive: &mut tar::Builder<impl Write>) -> io::Result<()> {
        let mut entries = fs::read_dir(self.root.join(folder))?
            .map(|entry| Ok(entry?.file_name()))
            .collect::<io::Result<Vec<_>>>()?;
        entries.sort();
        for name in entries {
            let inside = folder.join(&name);
            let path = self.root.join(&inside);
            let kind = fs::symlink_metadata(&path)?.file_type();
            let text = inside.to_string_lossy();
            // The Dockerfile is needed whatever is ignored.
            let ignored = self.ignored.has(&text) && text != self.dockerfile;
            let leads = Path::new(&self.dockerfile).starts_with(&inside);
            if kind.is_dir() {
                if !ignored {
                    archive.append_path_with_name(&path, &inside)?;
                }
                if !ignored || leads || self.ignored.has_exceptions {
                    self.append(&inside, archive)?;
                }
            } else if !ignored && (kind.is_file() || kind.is_symlink()) {
                archive.append_path_with_name(&path, &inside)?;
            }
        }
        Ok(())
    }

    /// SHA-256 of it and of what else the image depends on. Progress is in milliseconds.
    pub(super) fn hash(
        &self,
        arguments: &[(String, String)],
        control: &Control<'_>,
    ) -> Result<String> {
        let mut hasher = Hasher { hash: Sha256::new(), control, begin: Instant::now() };
        let parts = arguments.iter().flat_map(|(key, value)| [key, value]);
        for part in std::iter::once(&self.dockerfile).chain(parts) {
            // Lengths keep one from running into the next.
            hasher.hash.update((part.len() as u64).to_le_bytes());
            hasher.hash.update(part);
        }
        let written = self.write(&mut hasher);
        // A write that was stopped is no fault of a file.
        hasher.step()?;
        written.map_err(|error| Error::file(&self.root, error))?;
        Ok(hex(&hasher.hash.finalize()))
    }
}

/// What is written goes into a hash, until that is stopped.
struct Hasher<'a> {
    hash: Sha256,
    control: &'a Control<'a>,
    begin: Instant,
}

impl Hasher<'_> {
    fn step(&self) -> Result<(), Stopped> {
        self.control.step("hashing", self.begin.elapsed().as_millis() as u64, None)
    }
}

impl Write for Hasher<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.step().map_err(io::Error::other)?;
        self.hash.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a `.dockerignore` says.
#[derive(Debug, Default)]
struct Ignored {
    /// Components of a pattern, and whether it takes back what others say.
    patterns: Vec<(Vec<String>, bool)>,
    has_exceptions: bool,
}

impl Ignored {
    fn parse(text: &str) -> Self {
        let mut found = Self::default();
        for line in text.lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (pattern, exception) = match line.strip_prefix('!') {
                Some(pattern) => (pattern.trim(), true),
                None => (line, false),
            };
            let parts = pattern.split('/').filter(|part| !part.is_empty() && *part != ".");
            let parts: Vec<String> = parts.map(str::to_owned).collect();
            found.has_exceptions |= exception;
            if !parts.is_empty() {
                found.patterns.push((parts, exception));
            }
        }
        found
    }

    /// Whether `path` is left out: the last pattern that fits it, or a folder that it is in, decides.
    fn has(&self, path: &str) -> bool {
        let path: Vec<&str> = path.split('/').collect();
        let fits = |pattern: &[String]| (1..=path.len()).any(|n| fits(pattern, &path[..n]));
        let last = self.patterns.iter().rev().find(|(pattern, _)| fits(pattern));
        last.is_some_and(|(_, exception)| !exception)
    }
}

/// Whether each component is of the form that the pattern has for it; `**` stands for any number of them.
fn fits(pattern: &[String], path: &[&str]) -> bool {
    match pattern.split_first() {
        None => path.is_empty(),
        Some((first, rest)) if first == "**" => (0..=path.len()).any(|n| fits(rest, &path[n..])),
        Some((first, rest)) => match path.split_first() {
            Some((name, after)) => matches(first, name) && fits(rest, after),
            None => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(context: &Context) -> Vec<String> {
        let mut bytes = Vec::new();
        context.write(&mut bytes).unwrap();
        let mut archive = tar::Archive::new(&bytes[..]);
        let entries = archive.entries().unwrap();
        entries.map(|entry| entry.unwrap().path().unwrap().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn patterns_leave_files_out() {
        let ignored =
            Ignored::parse("# all\n/datasets\n**/*.pyc\nlibs/*/tests\n*.log\n!keep.log\n");
        for (path, expected) in [
            ("datasets", true),
            ("datasets/a/b", true),
            ("a/datasets", false),
            ("a.pyc", true),
            ("a/b/c.pyc", true),
            ("libs/x/tests/y", true),
            ("libs/x/y/tests", false),
            ("x.log", true),
            ("a/x.log", false),
            ("keep.log", false),
        ] {
            assert_eq!(ignored.has(path), expected, "{path}");
        }
    }

    #[test]
    fn the_share_is_the_context_of_what_copies_from_it() {
        let share = tempfile::tempdir().unwrap();
        let path = |name: &str| share.path().join(name);
        for folder in ["methods/m/src", "libs/runner", "datasets/big"] {
            fs::create_dir_all(path(folder)).unwrap();
        }
        for name in
            ["methods/m/Dockerfile", "methods/m/src/a.py", "libs/runner/b.py", "datasets/big/x"]
        {
            fs::write(path(name), name).unwrap();
        }
        let file = path("methods/m/Dockerfile");
        let context =
            |text: &str| Context::of(&file, &Dockerfile::parse(text), share.path()).unwrap();
        let own = context("FROM x\nCOPY src /src\nCOPY *.txt /\n");
        assert_eq!((own.root(), own.dockerfile.as_str()), (file.parent().unwrap(), "Dockerfile"));
        assert_eq!(names(&own), ["Dockerfile", "src", "src/a.py"]);
        let whole = context("FROM x\nCOPY libs/runner /libs\n");
        assert_eq!(whole.root(), share.path());
        assert_eq!(whole.dockerfile, "methods/m/Dockerfile");
        assert!(!names(&whole).iter().any(|name| name.starts_with("datasets")));

        // Its own list is minded, but for the Dockerfile.
        fs::write(path(".dockerignore"), "*\n!libs\n").unwrap();
        let listed = context("FROM x\nCOPY libs/runner /libs\n");
        assert_eq!(
            names(&listed),
            ["libs", "libs/runner", "libs/runner/b.py", "methods/m/Dockerfile"]
        );
    }

    #[test]
    fn the_hash_is_that_of_the_files() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("Dockerfile", "FROM scratch");
        write("a", "1");
        let hash = |arguments: &[(&str, &str)]| {
            let pairs = arguments.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
            let path = folder.path().join("Dockerfile");
            let context = Context::of(&path, &Dockerfile::default(), folder.path()).unwrap();
            context.hash(&pairs.collect::<Vec<_>>(), &Control::NONE).unwrap()
        };
        let first = hash(&[]);
        write("a", "1");
        assert_eq!(hash(&[]), first, "a new time is no new content");
        assert_ne!(hash(&[("SOURCE_REF", "x")]), first);
        write("a", "2");
        assert_ne!(hash(&[]), first);
        let stop = std::sync::atomic::AtomicBool::new(true);
        let path = folder.path().join("Dockerfile");
        let context = Context::of(&path, &Dockerfile::default(), folder.path()).unwrap();
        let stopped = context.hash(&[], &Control::default().stopped_by(&stop));
        assert!(matches!(stopped, Err(Error::Stopped(_))));
    }
}
