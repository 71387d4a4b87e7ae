//! Methods as processes of this machine.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, TryRecvError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use graph_core::Control;
use serde_json::{Map, Value};

use super::cgroup::ControlGroup;
use super::output::keep;
use super::processes::{MARK, Processes};
use super::venv::{self, Venv};
use super::{Executor, Exit, Job, OUTPUT, Prepared, Task, Usage, gpu};
use crate::file::unique;
use crate::method::RESERVED;
use crate::process::wait_for_end;
use crate::{Error, Result};

/// What the shell does: it waits until it is told to go, and within what limit of data in kilobytes, so that
/// limits hold before anything of the method runs, and becomes the command. A limit that cannot be set is above one
/// that holds already.
const GATE: &str = r#"IFS= read -r limit &&
{ [ "$limit" = none ] || ulimit -d "$limit" 2>/dev/null || :; } &&
exec /bin/sh -c "$1" </dev/null"#;

/// How long output is waited for when all processes have ended.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Runs methods as processes, each with its own virtual environment if it says what it needs.
#[derive(Debug, Clone)]
pub struct LocalExecutor {
    /// The Python that methods call and that virtual environments are made with; `None` for the `python` of the path
    /// where no packages are asked for, and `python3` where they are or where there is no `python`.
    pub python: Option<PathBuf>,
    /// Folder that keeps virtual environments.
    pub cache: PathBuf,
}

impl Default for LocalExecutor {
    /// The Python of the path, and `graphlume` in the user's folder of caches.
    fn default() -> Self {
        let variable =
            |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let cache = variable("GRAPHLUME_CACHE")
            .or_else(|| Some(variable("XDG_CACHE_HOME")?.join("graphlume")))
            .or_else(|| Some(variable("HOME")?.join(".cache").join("graphlume")));
        Self {
            python: None,
            cache: cache.unwrap_or_else(|| std::env::temp_dir().join("graphlume")),
        }
    }
}

impl Executor for LocalExecutor {
    fn name(&self) -> &'static str {
        "local"
    }

    fn settings(&self) -> Map<String, Value> {
        // A path is to lead to the same interpreter from wherever it is read again.
        let whole = |python: &PathBuf| match python.components().count() {
            1 => python.clone(),
            _ => std::path::absolute(python).unwrap_or_else(|_| python.clone()),
        };
        let path = self.python.as_ref().map(whole);
        path.map(|path| ("python".to_owned(), path.to_string_lossy().into())).into_iter().collect()
    }

    fn handle(&self) -> String {
        unique()
    }

    fn prepare(&self, task: &Task, control: &Control<'_>) -> Result<Prepared> {
        let log = task.experiment.join("build.log");
        let requirements = task.requirements.as_deref();
        // GraFlag's runner has the same file of samples.
        let own_monitor = task.command.as_ref().is_some_and(|text| text.contains("graflag_runner"));
        // Debian has no `python`, which every method of Python calls.
        let is_there = || venv::on_path("python") || !venv::on_path("python3");
        // What the path has is enough, unless another one is asked for or packages are.
        let as_it_is = requirements.is_none() && self.python.is_none() && is_there();
        if !task.python || as_it_is {
            let facts = task.python.then(|| venv::interpreter("python")).flatten();
            let facts = facts.unwrap_or_default();
            return Ok(Prepared { facts, own_monitor, ..Prepared::default() });
        }
        let Venv { folder, facts } = match (&self.python, requirements) {
            (Some(python), None) => venv::alone(python, &self.cache)?,
            (python, requirements) => {
                let python = python.as_deref().unwrap_or(Path::new("python3"));
                venv::ensure(python, requirements, &self.cache, &log, control)?
            }
        };
        let programs = folder.join("bin");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path =
            std::env::join_paths(std::iter::once(programs).chain(std::env::split_paths(&path)))
                .map_err(|error| Error::preparation("PATH", error.to_string()))?;
        let text = |path: &std::ffi::OsStr| path.to_string_lossy().into_owned();
        let mut environment = vec![("PATH".to_owned(), text(&path))];
        if folder.join("pyvenv.cfg").is_file() {
            environment.push(("VIRTUAL_ENV".to_owned(), text(folder.as_os_str())));
        }
        Ok(Prepared { environment, facts, own_monitor, ..Prepared::default() })
    }

    fn start(&self, task: &Task, prepared: &Prepared, handle: &str) -> Result<Box<dyn Job>> {
        let text = task.command.as_deref().ok_or_else(|| {
            Error::preparation(
                &*task.method,
                "its .env has no COMMAND, and only an image has one of its own",
            )
        })?;
        let path = task.experiment.join(OUTPUT);
        let output = File::options().create(true).append(true).open(&path);
        let mut output = output.map_err(|error| Error::file(&path, error))?;
        let failed = |error: io::Error| {
            Error::preparation(&*task.method, format!("it cannot be started: {error}"))
        };
        let (reader, writer) = io::pipe().map_err(failed)?;

        let mut command = Command::new("/bin/sh");
        command.args(["-c", GATE, "sh", text]).stdin(Stdio::piped());
        command.stdout(writer.try_clone().map_err(failed)?).stderr(writer);
        let folder = task.folder.as_ref().map_or(&task.experiment, |method| &method.folder);
        command.current_dir(folder);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            // A name with an underscore would be taken for a parameter.
            if text.starts_with('_') || RESERVED.contains(&&*text) {
                command.env_remove(&name);
            }
        }
        command.env("PYTHONUNBUFFERED", "1");
        if !task.gpu {
            command.env("CUDA_VISIBLE_DEVICES", "").env("HIP_VISIBLE_DEVICES", "");
        } else if let Some(index) = task.gpu_index {
            for name in ["CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"] {
                command.env(name, visible(std::env::var(name).ok().as_deref(), index));
            }
            // Without it CUDA numbers them by speed, and not as the driver does.
            command.env("CUDA_DEVICE_ORDER", "PCI_BUS_ID");
        }
        let with_slash = |path: &PathBuf| match path.is_dir() {
            true => format!("{}/", path.display()),
            false => path.display().to_string(),
        };
        command.envs(task.environment.iter().map(|(key, value)| (key, value)));
        command.envs(prepared.environment.iter().map(|(key, value)| (key, value)));
        command.env("DATA", with_slash(&task.data)).env("EXP", with_slash(&task.experiment));
        command.env(MARK, handle);
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(failed)?;
        // It holds the ends of the pipe that the method writes to.
        drop(command);

        let pid = child.id();
        let group = ControlGroup::new(handle, task.memory);
        let group = group.filter(|group| group.add(pid).is_ok());
        let limited = group.as_ref().is_some_and(|group| group.memory_bytes().is_some());
        // The runner looks often and counts well; this only holds what grows between two looks. It counts
        // what a process asks for, which may be much more than it uses.
        let most = task.memory.filter(|_| !limited);
        let most = most.map(|memory| memory.saturating_mul(2).saturating_add(1 << 30) >> 10);
        let limit = most.map_or_else(|| "none".to_owned(), |kilobytes| kilobytes.to_string());
        let processes = Processes::new(handle, pid, group);
        let (done, reader) = {
            let (send, done) = mpsc::channel();
            let read = move || {
                // What could not be written is missing in the file, which a full disk explains.
                let _ = keep(reader, &mut output);
                let _ = send.send(());
            };
            (done, std::thread::spawn(read))
        };
        let gate = child.stdin.take();
        let (tell, end) = mpsc::channel();
        // It alone waits, so that the moment of the end is known; it is over when the process is.
        std::thread::spawn(move || {
            let ended = wait_for_end(pid);
            let _ = tell.send(ended.map(|()| Instant::now()));
        });
        let mut job = LocalJob {
            child,
            processes,
            exit: None,
            begin: Instant::now(),
            end,
            reader: Some((done, reader)),
            ended: false,
        };
        if let Some(mut gate) = gate {
            // A failure shows as the end of the shell.
            let _ = writeln!(gate, "{limit}");
        }
        job.processes.all();
        Ok(Box::new(job))
    }

    fn remains(&self, handle: &str) -> Result<usize> {
        Ok(Processes::marked(handle).left())
    }

    fn end_remains(&self, handle: &str) -> Result<()> {
        ended(Processes::marked(handle).end(Duration::from_secs(5)))
    }
}

fn ended(left: usize) -> Result<()> {
    match left {
        0 => Ok(()),
        left => Err(Error::preparation(
            "the method",
            format!("{left} of its processes cannot be ended"),
        )),
    }
}

/// Processes of a method.
struct LocalJob {
    child: Child,
    processes: Processes,
    exit: Option<Exit>,
    /// When its first process was let go.
    begin: Instant,
    /// When that has ended, as soon as it has.
    end: Receiver<io::Result<Instant>>,
    /// What copies its output, and tells when that is over.
    reader: Option<(Receiver<()>, JoinHandle<()>)>,
    ended: bool,
}

impl Job for LocalJob {
    fn ended(&mut self) -> Result<Option<Exit>> {
        if self.exit.is_none() {
            let failed = |error: io::Error| Error::preparation("the method", error.to_string());
            let end = match self.end.try_recv() {
                Err(TryRecvError::Empty) => return Ok(None),
                // It has told already, of an end that was not taken in then.
                Err(TryRecvError::Disconnected) => None,
                Ok(end) => Some(end.map_err(failed)?),
            };
            self.processes.first_has_ended();
            let status = self.child.wait().map_err(failed)?;
            self.exit = Some(Exit {
                code: status.code(),
                signal: std::os::unix::process::ExitStatusExt::signal(&status),
                out_of_memory: self.processes.out_of_memory(),
                took: end.map(|end| end.saturating_duration_since(self.begin)),
            });
        }
        Ok(self.exit)
    }

    fn usage(&mut self) -> Option<Usage> {
        let usage = self.processes.usage();
        let pids: Vec<i32> = self.processes.known().collect();
        Some(Usage { gpu_bytes: gpu::memory(&pids), ..usage })
    }

    fn end(&mut self, grace: Duration) -> Result<()> {
        self.ended = true;
        let left = self.processes.end(grace);
        // It has ended, or cannot be made to, in which case nobody is to wait for it.
        if left == 0 {
            self.processes.first_has_ended();
            let _ = self.child.wait();
            if let Some((done, reader)) = self.reader.take() {
                // A process that nothing told apart from others may hold the pipe for ever.
                if done.recv_timeout(LAST_WORDS) != Err(RecvTimeoutError::Timeout) {
                    let _ = reader.join();
                }
            }
        }
        ended(left)
    }
}

impl Drop for LocalJob {
    fn drop(&mut self) {
        if !self.ended {
            let _ = self.end(Duration::ZERO);
        }
    }
}

/// What a process is told of GPUs so that it sees the one at `index` of those that we see ourselves, which
/// `own` says; all, if it says nothing.
fn visible(own: Option<&str>, index: u32) -> String {
    let listed: Vec<&str> = own
        .into_iter()
        .flat_map(|own| own.split(','))
        .map(str::trim)
        .filter(|id| !id.is_empty())
        .collect();
    listed.get(index as usize).map_or_else(|| index.to_string(), |id| (*id).to_owned())
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn a_gpu_is_one_of_those_that_we_see() {
        assert_eq!(visible(None, 2), "2");
        assert_eq!(visible(Some("4, GPU-5"), 1), "GPU-5");
        assert_eq!(visible(Some(""), 1), "1");
    }
}
