//! `graphlume pipeline`: files of steps, checked, planned and run.

use std::path::PathBuf;
use std::sync::Mutex;

use arrow::array::RecordBatch;
use clap::Subcommand;
use graphlume::device::Device;
use graphlume::etl::pipeline::{Event, Pipeline, PipelineError, Placed, Plan, RunReport};
use graphlume::etl::{Control, Error, Progress};

use crate::interrupt::Deferred;
use crate::outcome::Outcome;
use crate::output::{bytes, count, grouped, print, print_json, secs};
use crate::progress::Messages;
use crate::values;

/// Arguments of `graphlume pipeline`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Do the steps, and write the outputs
    Run(FileArgs),
    /// Say what would be done, with columns, rows and memory
    Plan(FileArgs),
    /// Look for mistakes: in the file, in its names, and in columns that steps ask for
    Check(FileArgs),
}

#[derive(Debug, clap::Args)]
struct FileArgs {
    /// The pipeline, a file in TOML; paths in it are relative to its folder
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Memory that may be estimated, such as `2 GiB`: sorts, joins and groups above it go through temporary files, and
    /// what is still above is refused [default: what the file says]
    #[arg(long, value_name = "BYTES", value_parser = values::bytes())]
    memory_limit: Option<u64>,
    /// Folder for temporary files of steps that would take more memory than the limit [default: what the file says, or the
    /// system's]
    #[arg(long, value_name = "FOLDER")]
    spill_folder: Option<PathBuf>,
    /// Where steps run that devices have, as `graphlume devices` names them; it is said where each ran
    #[arg(long, value_name = "DEVICE", default_value = "cpu", value_parser = Device::parse)]
    device: Device,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, messages: Messages) -> anyhow::Result<Outcome> {
    let (Command::Run(file) | Command::Plan(file) | Command::Check(file)) = &args.command;
    let in_file = |error| anyhow::Error::from(error).context(file.file.display().to_string());
    let mut pipeline = match Pipeline::open(&file.file) {
        Err(error @ Error::File { .. }) => return Err(error.into()),
        pipeline => pipeline.map_err(in_file)?,
    };
    pipeline = pipeline.on_device(file.device);
    if file.memory_limit.is_some() {
        pipeline = pipeline.with_memory_limit(file.memory_limit);
    }
    if file.spill_folder.is_some() {
        pipeline = pipeline.with_spill_folder(file.spill_folder.clone());
    }
    run_opened(&args.command, file, &pipeline, messages)
        .map_err(|error| error.context(file.file.display().to_string()))
}

fn run_opened(
    command: &Command,
    file: &FileArgs,
    pipeline: &Pipeline,
    messages: Messages,
) -> anyhow::Result<Outcome> {
    match command {
        Command::Plan(_) => print_plan(pipeline, file.json, &Watcher::of_file(messages)),
        Command::Check(_) => {
            let Some(plan) = Watcher::of_file(messages).check(pipeline)? else {
                return Ok(messages.interrupted());
            };
            for part in plan.parts.iter().filter(|part| !part.used) {
                messages.say(format!("no output needs `{}`", part.name));
            }
            if let Some(folder) = &plan.spill_folder {
                for part in plan.parts.iter().filter(|part| part.spills) {
                    messages.say(format!("`{}` goes through files in {folder}", part.name));
                }
            }
            messages.say(format!("{}: no mistakes found", file.file.display()));
            Ok(Outcome::Done)
        }
        Command::Run(_) => {
            let Some(report) = Watcher::of_file(messages).run(pipeline)? else {
                return Ok(messages.interrupted());
            };
            match file.json {
                true => print_json(&report)?,
                false => say_written(&report, messages),
            }
            Ok(Outcome::Done)
        }
    }
}

/// Prints the plan of a pipeline to standard output.
pub(crate) fn print_plan(
    pipeline: &Pipeline,
    json: bool,
    watcher: &Watcher,
) -> anyhow::Result<Outcome> {
    let Some(plan) = watcher.plan(pipeline)? else {
        return Ok(watcher.messages.interrupted());
    };
    match json {
        true => print_json(&plan)?,
        false => print(plan.to_string().as_bytes())?,
    }
    Ok(Outcome::Done)
}

/// One line for each output.
pub(crate) fn say_written(report: &RunReport, messages: Messages) {
    for wrote in &report.outputs {
        let size = wrote.bytes.map_or_else(String::new, |n| format!(", {}", bytes(n)));
        messages.say(format!("wrote {}, {}{size}", wrote.to, count(wrote.rows as usize, "row")));
    }
    messages.say(format!("done in {}", secs(report.duration)));
}

/// One line on a step that a device was given for.
fn where_it_ran(placed: &Placed) -> String {
    match (&placed.ran, &placed.reason) {
        (Some(ran), _) => format!(
            "{}: on {} in {}, {} up, {} down",
            placed.step,
            ran.device,
            secs(ran.duration),
            bytes(ran.bytes_uploaded),
            bytes(ran.bytes_downloaded)
        ),
        (None, Some(reason)) => format!("{}: on the processor: {reason}", placed.step),
        (None, None) => format!("{}: on the processor", placed.step),
    }
}

/// The error without the line, for a pipeline that no file has.
pub(crate) fn without_line(error: Error) -> Error {
    match error {
        Error::Pipeline(error) => PipelineError { line: None, ..*error }.into(),
        error => error,
    }
}

/// Shows how far a pipeline is, and ends it when the user interrupts.
pub(crate) struct Watcher {
    messages: Messages,
    /// Whether the pipeline is from a file, so that lines mean something.
    in_file: bool,
}

impl Watcher {
    /// For a pipeline from a file.
    pub(crate) fn of_file(messages: Messages) -> Self {
        Self { messages, in_file: true }
    }

    /// For a pipeline that stands for a command line.
    pub(crate) fn of_command(messages: Messages) -> Self {
        Self { messages, in_file: false }
    }

    fn plan(&self, pipeline: &Pipeline) -> anyhow::Result<Option<Plan>> {
        self.watch("looking at inputs", |control, _| pipeline.plan(control))
    }

    fn check(&self, pipeline: &Pipeline) -> anyhow::Result<Option<Plan>> {
        self.watch("looking at inputs", |control, _| pipeline.check(control))
    }

    pub(crate) fn run(&self, pipeline: &Pipeline) -> anyhow::Result<Option<RunReport>> {
        self.watch("looking at inputs", |control, tell| pipeline.run(control, tell))
    }

    pub(crate) fn head(
        &self,
        pipeline: &Pipeline,
        n: usize,
    ) -> anyhow::Result<Option<RecordBatch>> {
        self.watch("looking at inputs", |control, tell| pipeline.head(n, control, tell))
    }

    /// Does `work`; `None` if it was interrupted.
    fn watch<T>(
        &self,
        first: &str,
        work: impl FnOnce(&Control, &mut dyn FnMut(Event)) -> Result<T, Error>,
    ) -> anyhow::Result<Option<T>> {
        let spinner = self.messages.spinner(first);
        let current = Mutex::new(first.to_owned());
        let report = |progress: Progress| {
            let done = grouped(progress.done);
            if let Ok(current) = current.lock() {
                spinner.say(format!("{current}: {done} {}", progress.stage));
            }
        };
        let deferred = Deferred::begin();
        let control = Control::default().reporting(&report).stopped_by(deferred.flag());
        let mut doing = String::new();
        let mut tell = |event: Event| match event {
            Event::Begins { name, does } => {
                does.clone_into(&mut doing);
                if let Ok(mut current) = current.lock() {
                    *current = format!("{does} {name}");
                    spinner.say(current.clone());
                }
            }
            Event::Placed(placed) => spinner.above(|| self.messages.say(where_it_ran(placed))),
            Event::Warned { name, text } => {
                spinner.above(|| self.messages.say(format!("warning: {name}: {text}")));
            }
            // What was written is said when all of it is in its place.
            Event::Ended { name, rows, duration } if doing != "write" => spinner.above(|| {
                let (rows, time) = (count(rows as usize, "row"), secs(duration));
                self.messages.say(format!("{name}: {rows} in {time}"));
            }),
            _ => {}
        };
        let result = work(&control, &mut tell);
        drop(spinner);
        match result {
            Ok(value) => Ok(Some(value)),
            Err(Error::Stopped { .. }) => Ok(None),
            Err(error) if self.in_file => Err(error.into()),
            Err(error) => Err(without_line(error).into()),
        }
    }
}
