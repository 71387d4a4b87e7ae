//! Images of methods, built once for what is in them.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::time::{Duration, Instant};

use bollard::models::{BuildInfo, ImageInspect};
use bollard::query_parameters::BuildImageOptionsBuilder;
use bytes::Bytes;
use futures_util::stream;
use graph_core::Control;
use serde_json::{Map, Value};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Sender, channel};

use super::super::Task;
use super::context::Context;
use super::dockerfile::Dockerfile;
use super::engine::Engine;
use crate::{Error, Result};

/// Label with the hash of what an image was built of.
const LABEL: &str = "graphlume.content";

/// Label that says whether the image's own command is that of its Dockerfile.
const HAS_COMMAND: &str = "graphlume.has-command";

/// Variables of a method that its Dockerfile takes as arguments, as GraFlag has it, beside `SOURCE_CODE`.
const ARGUMENTS: [&str; 1] = ["SOURCE_REF"];

/// Bytes of the context that are on their way at once: this many times 64 KiB.
const IN_FLIGHT: usize = 16;

/// Methods that share an image do not build it side by side.
static BUILDING: Mutex<()> = Mutex::new(());

/// An image that is there.
pub(super) struct Image {
    /// Name and version, such as `taddy:latest`.
    pub(super) name: String,
    /// What identifies its content at the engine.
    pub(super) id: String,
    /// What to run in it; none if it has a command of its own.
    pub(super) command: Option<String>,
    /// Whether GraFlag's runner is what its command runs.
    pub(super) has_runner: bool,
    /// What is to be known of it later.
    pub(super) facts: Map<String, Value>,
}

/// Where the image of a method comes from.
struct Source {
    name: String,
    dockerfile: Option<PathBuf>,
    /// The folder that has the folder of methods in it.
    share: PathBuf,
}

impl Source {
    fn of(task: &Task) -> Result<Self> {
        let method = task.folder.as_ref().ok_or_else(|| {
            let problem = "it is no folder with a Dockerfile, and only that becomes an image";
            Error::preparation(&*task.method, problem)
        })?;
        let folder =
            method.folder.canonicalize().map_err(|error| Error::file(&method.folder, error))?;
        let share = folder.ancestors().nth(2).unwrap_or(&folder).to_owned();
        let shared = method.environment.iter().find(|(key, _)| key == "IMAGE");
        let shared = shared.map(|(_, value)| value.trim().to_lowercase()).filter(|v| !v.is_empty());
        let (owner, dockerfile) = match shared {
            Some(owner) => {
                let file = share.join("images").join(&owner).join("Dockerfile");
                (owner, Some(file).filter(|file| file.is_file()))
            }
            None => (method.name.clone(), Some(folder.join("Dockerfile")).filter(|f| f.is_file())),
        };
        let tag = task.tag.to_lowercase();
        for text in [&owner, &tag] {
            let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
            if !text.starts_with(good) || !text.chars().all(|c| good(c) || "._-".contains(c)) {
                let problem = "this is no name or version of an image: it must be of letters, digits, \
                               dots, dashes and underscores, and begin with one of the first two";
                return Err(Error::preparation(text.as_str(), problem));
            }
        }
        Ok(Self { name: format!("{owner}:{tag}"), dockerfile, share })
    }
}

/// The image of the method, which is built if the one that is there is of other content, or if `build` says so.
///
/// # Errors
///
/// [`Error::Preparation`] with what the build said last; [`Error::Stopped`].
pub(super) fn ensure(
    engine: &Engine,
    task: &Task,
    build: bool,
    control: &Control<'_>,
) -> Result<Image> {
    let source = Source::of(task)?;
    if let Some(id) = task.image.as_ref().filter(|_| !build) {
        let Some(image) = engine.find(engine.docker.inspect_image(id))? else {
            let problem = "the engine does not have the image of the earlier run any more; --build makes one of \
                           the Dockerfile that is there now";
            return Err(Error::preparation(id.as_str(), problem));
        };
        let facts = Map::from_iter([("image_built".to_owned(), false.into())]);
        let has_command = label(&image, HAS_COMMAND).map(|text| text == "true");
        return found(engine, task, source.name, image, has_command, facts);
    }
    let mut facts = Map::new();
    let mut has_command = None;
    let building = alone(&BUILDING, control)?;
    let mut image = engine.find(engine.docker.inspect_image(&source.name))?;
    if let Some(path) = &source.dockerfile {
        let text = fs::read_to_string(path).map_err(|error| Error::file(path, error))?;
        let parsed = Dockerfile::parse(&text);
        let context = Context::of(path, &parsed, &source.share)?;
        let arguments = arguments(task, &source.share);
        let hash = context.hash(&arguments, control)?;
        let same = image.as_ref().and_then(content).is_some_and(|content| content == hash);
        if build || !same {
            let has_command = parsed.has_command.to_string();
            let labels = HashMap::from([(LABEL, hash.as_str()), (HAS_COMMAND, &has_command)]);
            build_image(engine, task, &source.name, context, &arguments, &labels, control)?;
            image = engine.find(engine.docker.inspect_image(&source.name))?;
        }
        facts.insert("image_built".to_owned(), (build || !same).into());
        facts.insert("image_content_sha256".to_owned(), hash.into());
        has_command = Some(parsed.has_command);
    }
    drop(building);
    let Some(image) = image else {
        let problem = "there is no Dockerfile to build it from, and the engine does not have it";
        return Err(Error::preparation(&*source.name, problem));
    };
    found(engine, task, source.name, image, has_command, facts)
}

/// Waits until nobody else in this process has `lock`.
///
/// # Errors
///
/// [`Error::Stopped`].
pub(super) fn alone<'a>(lock: &'a Mutex<()>, control: &Control<'_>) -> Result<MutexGuard<'a, ()>> {
    let begin = Instant::now();
    loop {
        match lock.try_lock() {
            Ok(guard) => return Ok(guard),
            Err(TryLockError::Poisoned(poisoned)) => return Ok(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => {
                let spent = begin.elapsed().as_millis() as u64;
                control.step("waiting for another build", spent, None)?;
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    }
}

/// An image that the engine has; `has_command` is whether its Dockerfile gives it a command, if that is known.
fn found(
    engine: &Engine,
    task: &Task,
    name: String,
    image: ImageInspect,
    has_command: Option<bool>,
    mut facts: Map<String, Value>,
) -> Result<Image> {
    let id = image.id.clone().unwrap_or_default();
    facts.insert("image".to_owned(), name.clone().into());
    facts.insert("image_id".to_owned(), id.clone().into());
    facts.insert("engine".to_owned(), engine.address.clone().into());
    let config = image.config.unwrap_or_default();
    let own: Vec<String> =
        [config.entrypoint, config.cmd].into_iter().flatten().flatten().collect();
    // Every image of Python has a command, which is that of no method.
    let command = match has_command.unwrap_or(!own.is_empty()) {
        true => None,
        false => task.command.clone(),
    };
    if command.is_none() && own.is_empty() {
        let problem = "neither its image nor its .env has a command";
        return Err(Error::preparation(&*task.method, problem));
    }
    let has_runner = command.is_none() && own.iter().any(|word| word.contains("graflag_runner"));
    Ok(Image { name, id, command, has_runner, facts })
}

/// The hash of what an image was built of.
fn content(image: &ImageInspect) -> Option<String> {
    label(image, LABEL)
}

fn label(image: &ImageInspect, name: &str) -> Option<String> {
    image.config.as_ref()?.labels.as_ref()?.get(name).cloned()
}

/// What the Dockerfile is told.
fn arguments(task: &Task, share: &Path) -> Vec<(String, String)> {
    let mut arguments = Vec::new();
    if let Some(method) = &task.folder {
        if !method.source_code.is_empty() {
            arguments.push(("SOURCE_CODE".to_owned(), method.source_code.clone()));
        }
        let known = |(key, value): &&(String, String)| {
            ARGUMENTS.contains(&key.as_str()) && !value.is_empty()
        };
        arguments.extend(method.environment.iter().filter(known).cloned());
    }
    let libraries = if share.join("libs").is_dir() { "local" } else { "pypi" };
    arguments.push(("GRAFLAG_LIBS".to_owned(), libraries.to_owned()));
    arguments
}

fn build_image(
    engine: &Engine,
    task: &Task,
    name: &str,
    context: Context,
    arguments: &[(String, String)],
    labels: &HashMap<&str, &str>,
    control: &Control<'_>,
) -> Result<()> {
    let path = task.experiment.join("build.log");
    let mut log = File::create(&path).map_err(|error| Error::file(&path, error))?;
    let mut say =
        |text: &str| log.write_all(text.as_bytes()).map_err(|error| Error::file(&path, error));
    say(&format!("== building {name} in {}\n", context.root().display()))?;
    for (key, value) in arguments {
        say(&format!("{key}={value}\n"))?;
    }
    let pairs: HashMap<String, String> = arguments.iter().cloned().collect();
    let options = BuildImageOptionsBuilder::default()
        .dockerfile(&context.dockerfile)
        .t(name)
        .buildargs(&pairs)
        .labels(labels)
        // Most fetch their packages; there is no other network in a build where an engine has no bridge.
        .networkmode("host")
        .rm(true)
        .forcerm(true)
        .build();

    let (sender, receiver) = channel(IN_FLIGHT);
    let root = context.root().to_owned();
    let over = Arc::new(AtomicBool::new(false));
    let mut out = Chunks { sender, chunk: Vec::with_capacity(CHUNK), over: over.clone() };
    let writer = std::thread::spawn(move || {
        if let Err(error) = context.write(&mut out) {
            // The engine must not take the half for the whole.
            let _ = out.hand_over(Err(error));
        }
    });
    let chunks = stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|chunk| (chunk, receiver))
    });
    let items = engine.docker.build_image(options, None, Some(bollard::body_try_stream(chunks)));
    let built = engine.each(items, control, |info: BuildInfo| {
        let text = info.stream.or_else(|| info.status.map(|status| format!("{status}\n")));
        text.map_or(Ok(()), |text| say(&text))
    });
    over.store(true, Ordering::Relaxed);
    if writer.join().is_err() {
        return Err(Error::file(&root, io::Error::other("it cannot be read")));
    }
    match built {
        Ok(()) => Ok(()),
        Err(Error::Preparation { problem, .. }) => {
            say(&format!("\n== {problem}\n"))?;
            let problem = format!("{problem}; what was printed is in {}", path.display());
            Err(Error::preparation(format!("building {name}"), problem))
        }
        Err(other) => Err(other),
    }
}

/// Bytes of a piece of the context.
const CHUNK: usize = 64 << 10;

/// What is written goes to the engine.
struct Chunks {
    sender: Sender<io::Result<Bytes>>,
    chunk: Vec<u8>,
    /// Whether the engine wants no more.
    over: Arc<AtomicBool>,
}

impl Chunks {
    fn send(&mut self) -> io::Result<()> {
        let chunk = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK));
        self.hand_over(Ok(chunk.into()))
    }

    fn hand_over(&self, mut chunk: io::Result<Bytes>) -> io::Result<()> {
        loop {
            match self.sender.try_send(chunk) {
                Ok(()) => return Ok(()),
                // Nobody may ever take it: the request is driven only while somebody waits for its answer.
                Err(TrySendError::Full(back)) if !self.over.load(Ordering::Relaxed) => {
                    chunk = back;
                    std::thread::sleep(Duration::from_millis(1));
                }
                Err(_) => return Err(io::ErrorKind::BrokenPipe.into()),
            }
        }
    }
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = bytes.len().min(CHUNK - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..n]);
        if self.chunk.len() == CHUNK {
            self.send()?;
        }
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.chunk.is_empty() { Ok(()) } else { self.send() }
    }
}
