//! Steps over tables that are given: nothing is read from anywhere, and nothing is written.

use arrow::array::RecordBatch;

use super::plan::Spills;
use super::read::{self, Origin};
use super::{Event, Pipeline, PipelineError, PipelineFault};
use crate::expr::at_one_time;
use crate::source::Opened;
use crate::table::Table;
use crate::{Control, Error, Result};

/// The steps of a pipeline without inputs and outputs: for a caller whose users may name neither files nor
/// addresses. They work on tables that are given, by name.
///
/// ```
/// use std::sync::Arc;
/// use arrow::array::{ArrayRef, Int64Array, RecordBatch};
/// use graph_etl::Control;
/// use graph_etl::pipeline::Steps;
///
/// let weights: ArrayRef = Arc::new(Int64Array::from(vec![1, 5, 7]));
/// let edges = RecordBatch::try_from_iter([("weight", weights)])?;
/// let steps = Steps::parse("[[step]]\nverb = 'filter'\nwhere = 'weight > 2'", &["edges"])?;
/// assert_eq!(steps.run(&[edges], &Control::NONE)?.num_rows(), 2);
///
/// let error = Steps::parse("[[input]]\nname = 'a'\nfrom = '/etc/passwd'", &["edges"]).unwrap_err();
/// assert_eq!(error.to_string(), "line 1: pipeline: there is no option `input`");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Steps {
    pipeline: Pipeline,
}

impl Steps {
    /// Reads steps in TOML over tables of the names `given`, of which there is one at least. With more than
    /// one, the first step says what it works on.
    ///
    /// # Errors
    ///
    /// [`Error::Pipeline`] with the line and the part of what is wrong.
    pub fn parse(text: &str, given: &[&str]) -> Result<Self> {
        Ok(Self { pipeline: at_one_time(|| read::pipeline(text, &Origin::Given(given)))? })
    }

    /// These steps with at most so many bytes of memory, as estimated, and made by joins of each step whose rows are kept;
    /// `None` for any.
    pub fn with_memory_limit(self, memory_limit: Option<u64>) -> Self {
        Self { pipeline: self.pipeline.with_memory_limit(memory_limit) }
    }

    /// What the last step makes of `tables`, which are in the order of the names.
    ///
    /// # Errors
    ///
    /// - [`Error::LengthMismatch`] if there are not as many tables as names;
    /// - [`Error::Pipeline`] with the part of what went wrong, or that more memory is needed than allowed;
    /// - [`Error::Stopped`] if the caller wants it to stop.
    pub fn run(&self, tables: &[RecordBatch], control: &Control) -> Result<RecordBatch> {
        self.run_telling(tables, control, &mut |_| {})
    }

    /// As [`run`](Self::run); tells `tell` what happens, such as [`Event::Warned`].
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn run_telling(
        &self,
        tables: &[RecordBatch],
        control: &Control,
        tell: &mut dyn FnMut(Event),
    ) -> Result<RecordBatch> {
        let pipeline = &self.pipeline;
        let expected = pipeline.inputs.len();
        if tables.len() != expected {
            return Err(Error::LengthMismatch { name: "tables", found: tables.len(), expected });
        }
        let used = pipeline.used();
        let open = |input: usize| {
            let batch = &tables[input];
            let open = || {
                let table = Table::from_batch(batch.clone())?;
                Ok(Opened::given(table, batch.num_rows() as u64))
            };
            used[input].then(open)
        };
        let prepared = pipeline.prepare(control, Spills::Needed, open)?;
        prepared.plan.check_memory()?;
        let tables = pipeline.compute(&prepared, &used, control, tell)?;
        let last = pipeline.last();
        let Some(table) = &tables[last] else {
            let fault = PipelineFault::Empty("step");
            return Err(PipelineError { line: None, part: "pipeline".into(), fault }.into());
        };
        let rows = pipeline.within(table).and_then(|table| table.collect(control));
        rows.map_err(|error| pipeline.fault(last, error))
    }
}
