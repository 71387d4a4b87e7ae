//! Virtual environments of Python, one for each list of packages.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use graph_core::Control;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::environment::hex;
use crate::{Error, Result};

/// Name of the file that lists what is installed, with versions.
const PACKAGES: &str = "packages.txt";

/// The variable that says within which program, of those that stand for an interpreter, a process runs.
const WITHIN: &str = "GRAPHLUME_PYTHON_WITHIN";

/// A virtual environment.
pub(super) struct Venv {
    /// Its folder.
    pub(super) folder: PathBuf,
    /// Its interpreter and packages.
    pub(super) facts: Map<String, Value>,
}

/// Whether `PATH` has a program of this name.
pub(super) fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// What `python` says it is, where it lies, and of which one it is an environment.
pub(super) fn interpreter(python: impl AsRef<std::ffi::OsStr>) -> Option<Map<String, Value>> {
    const PROGRAM: &str = "import platform, sys; print(f'Python {platform.python_version()}', sys.executable, sys.base_prefix, sep='\\n')";
    let output = Command::new(python).args(["-c", PROGRAM]).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut lines = text.lines().filter(|_| output.status.success());
    let version = lines.next()?.to_owned();
    let rest = ["python_executable", "python_base"].into_iter().zip(lines);
    let facts = rest.map(|(key, line)| (key.to_owned(), line.into()));
    Some(std::iter::once(("interpreter".to_owned(), version.into())).chain(facts).collect())
}

/// A folder in `cache` in which `python` and `python3` are `python`, with the packages that it has; and what it says it
/// is. It is called by its own path: through a link, an interpreter of a virtual environment would not find that.
///
/// Where `python` is a program that calls an interpreter, that is what `python` and `python3` are within: so one that
/// looks for it in the path finds it, and not itself without end.
///
/// # Errors
///
/// [`Error::Preparation`] if it cannot be run or there is no such folder.
pub(super) fn alone(python: &Path, cache: &Path) -> Result<Venv> {
    let text = python.to_string_lossy();
    let facts =
        interpreter(python).ok_or_else(|| Error::preparation(&*text, "it cannot be run"))?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = match python.components().count() {
        1 => std::env::split_paths(&path).map(|folder| folder.join(python)).find(|p| p.is_file()),
        _ => std::path::absolute(python).ok(),
    };
    let found = found.unwrap_or_else(|| python.to_owned());
    let key = hex(&Sha256::digest(found.as_os_str().as_encoded_bytes())[..12]);
    let folder = cache.join("pythons").join(&key);
    let programs = folder.join("bin");
    let make = || {
        fs::create_dir_all(&programs)?;
        let quoted = |path: &str| path.replace('\'', r"'\''");
        let asked = quoted(&found.to_string_lossy());
        let within = facts.get("python_executable").and_then(Value::as_str);
        let within = within.filter(|real| Path::new(real) != found && Path::new(real).is_file());
        let within = within.map(|real| {
            let real = quoted(real);
            format!("[ \"${WITHIN}\" = {key} ] && exec '{real}' \"$@\"\nexport {WITHIN}={key}\n")
        });
        let within = within.unwrap_or_default();
        let script = format!("#!/bin/sh\n{within}exec '{asked}' \"$@\"\n");
        for name in ["python", "python3"] {
            let path = programs.join(name);
            // Another run may call what is there at this moment.
            if fs::read_to_string(&path).is_ok_and(|known| known == script) {
                continue;
            }
            let staged = programs.join(crate::file::unique());
            fs::write(&staged, &script)?;
            fs::set_permissions(&staged, fs::Permissions::from_mode(0o755))?;
            fs::rename(&staged, &path)?;
        }
        Ok::<_, std::io::Error>(())
    };
    make().map_err(|error| {
        let what = format!("the folder of interpreters, {}", programs.display());
        Error::preparation(what, format!("{error}; GRAPHLUME_CACHE can name another place"))
    })?;
    Ok(Venv { folder, facts })
}

/// The virtual environment with these packages, which is made if it is not in `cache` yet; with none, one
/// that sees the packages of the system.
///
/// # Errors
///
/// [`Error::Preparation`] if it cannot be made, in which case nothing is kept; [`Error::Stopped`].
pub(super) fn ensure(
    python: &Path,
    requirements: Option<&Path>,
    cache: &Path,
    log: &Path,
    control: &Control<'_>,
) -> Result<Venv> {
    let found = interpreter(python).and_then(|facts| Some(facts.get("interpreter")?.to_string()));
    let version =
        found.ok_or_else(|| Error::preparation(&*python.to_string_lossy(), "it cannot be run"))?;
    let text = match requirements {
        Some(path) => fs::read(path).map_err(|error| Error::file(path, error))?,
        None => Vec::new(),
    };
    let mut hasher = Sha256::new();
    for part in [python.to_string_lossy().as_bytes(), version.as_bytes(), &text] {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let key = hex(&hasher.finalize()[..12]);
    let venvs = cache.join("venvs");
    let unusable = |error: &dyn std::fmt::Display| {
        let what = format!("the folder of virtual environments, {}", venvs.display());
        Error::preparation(what, format!("{error}; GRAPHLUME_CACHE can name another place"))
    };
    fs::create_dir_all(&venvs).map_err(|error| unusable(&error))?;
    let folder = venvs.join(&key);
    let complete = folder.join("complete");

    // Two runs that need the same do not make it twice.
    let lock = File::create(venvs.join(format!("{key}.lock"))).map_err(|error| unusable(&error))?;
    let waiting = || say(log, "== waiting for another run that makes the same");
    wait_for(|| lock.try_lock(), waiting, control)?.map_err(|error| unusable(&error))?;
    if !complete.is_file() {
        let made = make(python, requirements, &folder, log, control);
        if made.is_err() {
            let _ = fs::remove_dir_all(&folder);
        }
        made?;
        fs::write(&complete, "").map_err(|error| Error::file(&complete, error))?;
    }
    drop(lock);
    let mut facts = interpreter(folder.join("bin/python")).unwrap_or_default();
    if let Ok(packages) = fs::read_to_string(folder.join(PACKAGES)) {
        let packages: Vec<Value> = packages.lines().map(Value::from).collect();
        facts.insert("packages".to_owned(), packages.into());
    }
    Ok(Venv { folder, facts })
}

/// Locks by `try_lock`, and waits while others have the lock; says so by `waiting`. The inner error is that of the
/// system, which may know no locks in that place.
///
/// # Errors
///
/// [`Error::Stopped`]; as `waiting`.
fn wait_for(
    mut try_lock: impl FnMut() -> Result<(), TryLockError>,
    waiting: impl FnOnce() -> Result<()>,
    control: &Control<'_>,
) -> Result<std::io::Result<()>> {
    let begin = Instant::now();
    let mut waiting = Some(waiting);
    loop {
        match try_lock() {
            Ok(()) => return Ok(Ok(())),
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Interrupted => {}
            Err(TryLockError::Error(error)) => return Ok(Err(error)),
            Err(TryLockError::WouldBlock) => {}
        }
        if let Some(waiting) = waiting.take() {
            waiting()?;
        }
        control.step("waiting for another build", begin.elapsed().as_millis() as u64, None)?;
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Adds a line to `log`.
fn say(log: &Path, line: &str) -> Result<()> {
    let open = || File::options().create(true).append(true).open(log);
    open().and_then(|mut file| writeln!(file, "{line}")).map_err(|error| Error::file(log, error))
}

fn make(
    python: &Path,
    requirements: Option<&Path>,
    folder: &Path,
    log: &Path,
    control: &Control<'_>,
) -> Result<()> {
    let mut venv = Command::new(python);
    venv.args(["-m", "venv", "--clear"]);
    if requirements.is_none() {
        venv.args(["--without-pip", "--system-site-packages"]);
    }
    logged("making a virtual environment", venv.arg(folder), log, control)?;
    if let Some(requirements) = requirements {
        let mut pip = Command::new(folder.join("bin/python"));
        pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "-r"]);
        // Paths in the list are relative to where it is.
        pip.arg(requirements).current_dir(requirements.parent().unwrap_or(Path::new(".")));
        logged("installing the packages of the method", &mut pip, log, control)?;
        let mut freeze = Command::new(folder.join("bin/python"));
        freeze.args(["-m", "pip", "freeze", "--disable-pip-version-check"]).stdin(Stdio::null());
        let found = freeze.output();
        let found = found.map_err(|error| Error::preparation("pip freeze", error.to_string()))?;
        let path = folder.join(PACKAGES);
        fs::write(&path, &found.stdout).map_err(|error| Error::file(&path, error))?;
    }
    Ok(())
}

/// Runs `command` with its output at the end of `log`.
///
/// # Errors
///
/// [`Error::Preparation`] unless it exits with 0; [`Error::Stopped`], after it was ended.
pub(super) fn logged(
    what: &str,
    command: &mut Command,
    log: &Path,
    control: &Control<'_>,
) -> Result<()> {
    let open = || File::options().create(true).append(true).open(log);
    let mut file = open().map_err(|error| Error::file(log, error))?;
    let mut run = || -> std::io::Result<Result<ExitStatus>> {
        writeln!(file, "== {command:?}")?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file.try_clone()?);
        let mut child = std::os::unix::process::CommandExt::process_group(command, 0).spawn()?;
        let begin = Instant::now();
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(Ok(status));
            }
            if let Err(stopped) = control.step("building", begin.elapsed().as_millis() as u64, None)
            {
                let _ = killpg(Pid::from_raw(child.id() as i32), Signal::SIGKILL);
                child.wait()?;
                return Ok(Err(stopped.into()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    let status = run().map_err(|error| Error::preparation(what, error.to_string()))??;
    match status.success() {
        true => Ok(()),
        false => {
            let problem = format!("{status}; what it printed is in {}", log.display());
            Err(Error::preparation(what, problem))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

    use super::*;

    #[test]
    fn who_waits_for_a_lock_says_so_and_can_be_stopped() {
        let said = AtomicU32::new(0);
        let waiting = || {
            said.fetch_add(1, Ordering::Relaxed);
            Ok(())
        };
        let mut tries = 0;
        let third = || {
            tries += 1;
            if tries < 3 { Err(TryLockError::WouldBlock) } else { Ok(()) }
        };
        wait_for(third, waiting, &Control::NONE).unwrap().unwrap();
        assert_eq!((tries, said.load(Ordering::Relaxed)), (3, 1));
        // Where there are no locks, waiting would never end.
        let none = || Err(TryLockError::Error(ErrorKind::Unsupported.into()));
        assert!(wait_for(none, waiting, &Control::NONE).unwrap().is_err());
        assert_eq!(said.load(Ordering::Relaxed), 1);
        let stop = AtomicBool::new(true);
        let control = Control::default().stopped_by(&stop);
        let stopped = wait_for(|| Err(TryLockError::WouldBlock), waiting, &control);
        assert!(matches!(stopped, Err(Error::Stopped(_))));
    }
}
