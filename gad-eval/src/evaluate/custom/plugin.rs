//! Plugins of Python, each in a process of its own that is ended when its time is up.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use graph_core::Control;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::{Evaluation, results_path};
use crate::process::has_ended;
use crate::results::Results;
use crate::{Error, Result};

/// Runs the metrics of one plugin.
const PROGRAM: &str = include_str!("plugin.py");

/// Bytes that a plugin may answer with.
const ANSWER: u64 = 16 << 20;

/// Bytes of what it prints that are looked at.
const PRINTED: u64 = 64 << 10;

/// Which plugins to run, and what each may take. They are programs: who runs them trusts them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginConfig {
    /// Folders of plugins. Files of them that begin with `_` are none.
    pub folders: Vec<PathBuf>,
    /// Whether those in `custom_metrics` beside the results are run too.
    pub of_experiment: bool,
    /// The interpreter. With numpy, plugins get arrays, without it lists.
    pub python: PathBuf,
    /// Time for each plugin.
    pub timeout: Duration,
    /// Memory for each plugin, in bytes.
    pub memory: u64,
}

impl Default for PluginConfig {
    /// No plugins; `python3`, a minute and 4 GiB.
    fn default() -> Self {
        Self {
            folders: Vec::new(),
            of_experiment: false,
            python: "python3".into(),
            timeout: Duration::from_mins(1),
            memory: 4 << 30,
        }
    }
}

/// What became of a metric, as the program tells it.
#[derive(Deserialize)]
struct Answer {
    function: Option<String>,
    #[serde(default)]
    values: Map<String, Value>,
    #[serde(default)]
    problems: Vec<String>,
    error: Option<String>,
}

impl Evaluation {
    /// Adds what plugins find in the results at `path`, which they see as they are in the file, with
    /// GraFlag's marks. What goes wrong in a plugin is listed in [`Evaluation::errors`] and harms no other.
    ///
    /// # Errors
    ///
    /// [`Error::File`] for a folder of `config` that cannot be read, [`Error::Stopped`].
    pub fn add_plugins(
        &mut self,
        path: &Path,
        config: &PluginConfig,
        control: &Control<'_>,
    ) -> Result<()> {
        let results = results_path(path)?;
        let mut plugins = Vec::new();
        for folder in &config.folders {
            plugins.extend(files(folder)?);
        }
        let own = results.parent().unwrap_or(Path::new(".")).join("custom_metrics");
        if config.of_experiment && own.is_dir() {
            plugins.extend(files(&own)?);
        }
        if plugins.is_empty() {
            return Ok(());
        }
        let scratch = Scratch::of(&results)?;
        let n = plugins.len() as u64;
        for (done, plugin) in plugins.iter().enumerate() {
            control.step("plugins", done as u64, Some(n))?;
            let name = plugin.file_name().unwrap_or_default().to_string_lossy();
            match run(plugin, scratch.json(), config, control) {
                Ok(answers) => answers.into_iter().for_each(|answer| self.hear(&name, answer)),
                Err(stopped @ Error::Stopped(_)) => return Err(stopped),
                Err(error) => self.errors.push(format!("{name}: {error}")),
            }
        }
        Ok(())
    }

    fn hear(&mut self, plugin: &str, answer: Answer) {
        let of = match &answer.function {
            Some(function) => format!("{plugin}: {function}"),
            None => plugin.to_owned(),
        };
        let problems = answer.problems.iter().chain(&answer.error);
        self.errors.extend(problems.map(|problem| format!("{of}: {problem}")));
        self.take(&of, answer.values);
    }
}

/// The plugins in a folder, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).map_err(|error| Error::file(folder, error))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "py"))
        .filter(|path| !path.file_name().is_some_and(|n| n.to_string_lossy().starts_with('_')))
        .collect();
    files.sort();
    Ok(files)
}

/// The results as JSON, in a file that is removed afterwards unless they were so before.
struct Scratch {
    json: PathBuf,
    is_ours: bool,
}

impl Scratch {
    fn of(results: &Path) -> Result<Self> {
        if results.extension().is_some_and(|extension| extension == "json") {
            return Ok(Self { json: results.to_owned(), is_ours: false });
        }
        let name = format!("graphlume-{}-{}.json", std::process::id(), crate::file::unique());
        let scratch = Self { json: std::env::temp_dir().join(name), is_ours: true };
        Results::read(results)?.write(&scratch.json)?;
        Ok(scratch)
    }

    fn json(&self) -> &Path {
        &self.json
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.is_ours {
            // What cannot be removed is a temporary file all the same.
            let _ = std::fs::remove_file(&self.json);
        }
    }
}

fn run(
    plugin: &Path,
    results: &Path,
    config: &PluginConfig,
    control: &Control<'_>,
) -> Result<Vec<Answer>> {
    let failed = |problem: String| Error::preparation("running it", problem);
    let mut command = Command::new(&config.python);
    command.args(["-c", PROGRAM]).arg(plugin).arg(results).arg(config.memory.to_string());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let child = command.spawn().map_err(|error| {
        failed(format!("{} cannot be started: {error}", config.python.display()))
    })?;
    let mut process = Process { child, is_over: false };
    let answer = process.child.stdout.take().map(|pipe| read(pipe, ANSWER));
    let printed = process.child.stderr.take().map(|pipe| read(pipe, PRINTED));
    let begin = Instant::now();
    let problem = loop {
        match has_ended(&process.child) {
            Ok(true) => break None,
            Ok(false) if config.timeout <= begin.elapsed() => {
                break Some(Error::TimedOut { what: "it", secs: config.timeout.as_secs_f64() });
            }
            Ok(false) => {}
            Err(error) => break Some(failed(error.to_string())),
        }
        if let Err(stopped) = control.step("plugins", 0, None) {
            return Err(stopped.into());
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    // What it began would hold the pipes open.
    let status = process.end();
    let [answer, printed] = [answer, printed].map(|reader| {
        // One that has left its group may hold them still.
        let bytes = reader.and_then(|reader| reader.recv_timeout(Duration::from_secs(1)).ok());
        String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
    });
    let (mut answers, garbled) = parse(&answer);
    let problem = match (problem, status) {
        (Some(error), _) => Some(error.to_string()),
        (None, Err(error)) => Some(failed(error.to_string()).to_string()),
        (None, Ok(status)) if !status.success() => {
            let last = printed.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
            Some(format!("it ended with {status}: {last}"))
        }
        // One that was ended has not finished its line.
        (None, Ok(_)) => {
            garbled.map(|error| failed(format!("its answer is garbled: {error}")).to_string())
        }
    };
    // What it has found until then stands.
    if let Some(problem) = problem {
        let error = Some(problem);
        answers.push(Answer { function: None, values: Map::new(), problems: Vec::new(), error });
    }
    Ok(answers)
}

/// The answers until one cannot be understood, and why not.
fn parse(text: &str) -> (Vec<Answer>, Option<serde_json::Error>) {
    let mut answers = Vec::new();
    for line in text.lines() {
        match serde_json::from_str(line) {
            Ok(answer) => answers.push(answer),
            Err(error) => return (answers, Some(error)),
        }
    }
    (answers, None)
}

/// Reads a pipe to its end, of which the first `most` bytes are kept.
fn read(mut pipe: impl Read + Send + 'static, most: u64) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // A pipe that cannot be read has ended.
        let _ = pipe.by_ref().take(most).read_to_end(&mut bytes);
        let _ = io::copy(&mut pipe, &mut io::sink());
        let _ = sender.send(bytes);
    });
    receiver
}

/// A process and those of its group, which do not outlive it.
struct Process {
    child: Child,
    /// Whether it was waited for, after which its group may be another one's.
    is_over: bool,
}

impl Process {
    /// Ends all of them, if they have not ended, and says how the first one did.
    fn end(&mut self) -> io::Result<ExitStatus> {
        if !self.is_over {
            // There may be none left but the one that has not been waited for.
            let _ = killpg(Pid::from_raw(self.child.id() as i32), Signal::SIGKILL);
        }
        self.is_over = true;
        self.child.wait()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_before_one_that_was_cut_off_stand() {
        let line = r#"{"function": "a", "values": {"x": 1}, "problems": [], "error": null}"#;
        let (answers, garbled) = parse(&format!("{line}\n{line}\n{}", &line[..30]));
        assert_eq!(answers.len(), 2);
        assert!(garbled.is_some());
        assert_eq!(answers[0].values["x"], 1);
        assert!(parse(line).1.is_none());
    }

    #[test]
    fn a_group_is_not_touched_after_its_end() {
        let mut command = Command::new("true");
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut process = Process { child: command.spawn().unwrap(), is_over: false };
        assert!(process.end().is_ok() && process.is_over);
        assert!(process.end().is_ok(), "how it ended is known still");
    }
}
