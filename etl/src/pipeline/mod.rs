//! Pipelines: a file of steps, planned, estimated and run.
//!
//! ```toml
//! memory_limit = "2 GiB"
//!
//! [[input]]
//! name = "deps"
//! from = "deps.parquet"            # whatever a source can be
//!
//! [[step]]
//! name = "direct"
//! verb = "filter"                  # works on the part before it, or on what `from` names
//! where = "kind = 'Depends'"
//!
//! [[step]]
//! name = "users"
//! verb = "group"
//! by = "target"
//! aggregate = ["n = count(*)"]
//!
//! [[output]]
//! to = "users.csv"                 # of the last step, or of what `from` names
//! ```
//!
//! Parts name one another in any order, as long as they do not go in a circle. All of them are read,
//! and checked against the columns that they get, before any row is computed. Paths are relative to
//! the folder of the file.

pub mod case;
mod error;
mod estimate;
mod feature_verbs;
mod graph_verbs;
mod order;
mod output;
mod part_verbs;
mod placed;
mod plan;
mod read;
mod reshape_verbs;
mod run;
mod section;
mod steps;
mod table_verbs;
mod verb;

use std::path::{Path, PathBuf};

pub use self::error::{PipelineError, PipelineFault};
pub use self::placed::Placed;
pub use self::plan::{PartKind, Plan, PlannedColumn, PlannedPart};
use self::read::{Input, Origin, Output, Step};
pub use self::run::{Event, RunReport, Warning, Wrote};
pub use self::steps::Steps;
use graph_kernels::Device;

use crate::expr::at_one_time;
use crate::source::{Source, without_secrets};
use crate::table::{Budget, Table};
use crate::{Error, Result};

/// Inputs, steps and outputs whose names, verbs and options are checked.
///
/// ```
/// use std::path::Path;
/// use graph_etl::Control;
/// use graph_etl::pipeline::Pipeline;
///
/// let folder = tempfile::tempdir()?;
/// std::fs::write(folder.path().join("edges.csv"), "source,target,weight\na,b,1\nb,c,5\n")?;
/// let text = r#"
///     [[input]]
///     name = "edges"
///     from = "edges.csv"
///     [[step]]
///     verb = "filter"
///     where = "weight > 2"
///     [[output]]
///     to = "heavy.csv"
/// "#;
/// let pipeline = Pipeline::parse(text, folder.path())?;
/// pipeline.run(&Control::NONE, &mut |_| {})?;
/// let heavy = std::fs::read_to_string(folder.path().join("heavy.csv"))?;
/// assert_eq!(heavy, "source,target,weight\nb,c,5\n");
///
/// let error = Pipeline::parse(&text.replace("filter", "flter"), folder.path()).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "line 6: step `step-1`: there is no verb `flter`; did you mean `filter`?"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Pipeline {
    inputs: Vec<Input>,
    steps: Vec<Step>,
    outputs: Vec<Output>,
    /// Inputs and steps, counted in this order, so that each comes behind what it works on.
    order: Vec<usize>,
    memory_limit: Option<u64>,
    /// Whether steps may go through temporary files to stay within the limit.
    may_spill: bool,
    /// The folder for such files; the system's, if `None`.
    spill_folder: Option<PathBuf>,
    /// Where steps run that devices have; the processor, if `None`.
    device: Option<Device>,
}

impl Pipeline {
    /// Reads a pipeline in TOML whose paths are relative to `folder`; nothing is opened. `now()` in its
    /// expressions is the time of this call.
    ///
    /// # Errors
    ///
    /// [`Error::Pipeline`] with the line and the part of what is wrong.
    pub fn parse(text: &str, folder: &Path) -> Result<Self> {
        Ok(at_one_time(|| read::pipeline(text, &Origin::Places(folder)))?)
    }

    /// Reads the pipeline in the file `path`; paths in it are relative to the file's folder.
    ///
    /// # Errors
    ///
    /// [`Error::File`] if the file cannot be read; those of [`parse`](Self::parse).
    pub fn open(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| Error::file(path, error))?;
        Self::parse(&text, path.parent().unwrap_or(Path::new("")))
    }

    /// Where tables come from, with their names: for a caller that allows some places only.
    pub fn sources(&self) -> impl Iterator<Item = (&str, &Source)> {
        self.inputs.iter().filter_map(|input| Some((input.name.as_str(), input.source.as_ref()?)))
    }

    /// The files and objects that are written.
    pub fn targets(&self) -> impl Iterator<Item = &str> {
        self.outputs.iter().map(|output| output.place.as_str())
    }

    /// The bytes of memory that the pipeline may be estimated to need, and that joins may make of which rows are held.
    ///
    /// If more is estimated, sorts, joins by keys of one type and groups with keys go through temporary files, those that
    /// hold most first; rows of such joins and groups are in no particular order. What is still above the limit is
    /// refused.
    pub fn memory_limit(&self) -> Option<u64> {
        self.memory_limit
    }

    /// Sets or lifts the limit of memory.
    pub fn with_memory_limit(self, memory_limit: Option<u64>) -> Self {
        Self { memory_limit, ..self }
    }

    /// Sets the folder for temporary files of steps that would take more memory than the limit; `None` is the system's.
    pub fn with_spill_folder(self, spill_folder: Option<PathBuf>) -> Self {
        Self { spill_folder, ..self }
    }

    /// The same pipeline, where messages, plans and reports call the outputs to `place` `name`: for files that stand for
    /// something else.
    pub fn with_output_called(mut self, place: &str, name: &str) -> Self {
        for output in self.outputs.iter_mut().filter(|output| output.to == place) {
            output.called = Some(name.to_owned());
        }
        self
    }

    /// The same pipeline, whose steps run on `device` where it has their verbs: `filter`, `with`, `sort`, `top`, `unique`,
    /// `drop_nulls`, `join`, and `group` with counts, sums, means, least, greatest and first values of columns. What a run
    /// tells says where each step ran, and why not on the device.
    ///
    /// Rows go to a device before the first such step, and come back for the first other one. What takes less than a copy,
    /// `select`, `drop`, `rename` and `limit`, is done where the rows are.
    pub fn on_device(self, device: Device) -> Self {
        Self { device: Some(device), ..self }
    }

    /// The same table, whose joins may make as many bytes as memory is allowed.
    fn within(&self, table: &Table) -> Result<Table> {
        match self.memory_limit {
            Some(limit) => table.within(&Budget::new(limit)),
            None => Ok(table.clone()),
        }
    }

    /// The part that is wanted where nothing is written.
    fn last(&self) -> usize {
        self.inputs.len() + self.steps.len() - 1
    }

    /// The error of a part, where tables that it works on are called by their names.
    fn by_name(&self, part: usize, error: Error) -> Error {
        let step = part.checked_sub(self.inputs.len()).map(|step| &self.steps[step]);
        match (error, step) {
            (Error::Unlike(unlike), Some(step)) => {
                let name = |place: usize| match step.from.get(place) {
                    Some(&from) => self.shown(from),
                    None => format!("table {}", place + 1),
                };
                Error::Unlike(Box::new(unlike.named(name)))
            }
            (error, _) => error,
        }
    }

    /// A part as messages show it, and where it comes from.
    fn shown(&self, part: usize) -> String {
        let name = self.name(part);
        let Some(input) = self.inputs.get(part) else { return format!("step `{name}`") };
        match &input.source {
            Some(source) => format!("input `{name}` ({source})"),
            None => format!("input `{name}`"),
        }
    }

    fn name(&self, part: usize) -> &str {
        match part.checked_sub(self.inputs.len()) {
            None => &self.inputs[part].name,
            Some(step) => &self.steps[step].name,
        }
    }

    /// The error without secrets of the inputs: rows of any may be read wherever it comes from.
    fn masked(&self, error: Error) -> Error {
        without_secrets(self.sources().map(|(_, source)| source), error)
    }

    /// A fault of an input or a step.
    fn fault(&self, part: usize, error: Error) -> Error {
        let (kind, line) = match part.checked_sub(self.inputs.len()) {
            None => ("input", self.inputs[part].line),
            Some(step) => ("step", self.steps[step].line),
        };
        match self.masked(self.by_name(part, error)) {
            error @ Error::Stopped { .. } => error,
            error => {
                let part = format!("{kind} `{}`", self.name(part)).into();
                PipelineError { line, part, fault: error.into() }.into()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_steps_hold_no_secrets_of_inputs() {
        let text = "[[input]]\nname = 'a'\nfrom = 's3://b/a.csv'\nstore = { aws_region = 'hunter2' }\n\
                    [[step]]\nname = 's'\nverb = 'limit'\nn = 1\n";
        let pipeline = Pipeline::parse(text, Path::new("")).unwrap();
        let failed = Error::Engine { doing: "reading", reason: "at hunter2".into() };
        let error = pipeline.fault(1, failed).to_string();
        assert!(error.ends_with("step `s`: reading: at ***"), "{error}");
    }
}
