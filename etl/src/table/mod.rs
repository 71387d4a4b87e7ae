//! Tables: lazy frames with Arrow record batches at the border.
//!
//! A [`Table`] is a plan: of batches, of files, or of verbs over other tables. Its schema is known, and
//! each verb is checked against it, before any row is read; work begins with [`Table::collect`],
//! [`Table::for_each_batch`] or [`Table::write`]. The engine streams, so that plans which do not need
//! all rows at once (everything but sorts, and what the documentation of a verb says) work on files
//! larger than the memory. Plans of sorts, joins and groups over batches, which are in memory anyway,
//! are computed all at once where that is faster; not joins that may have many rows, if these are only
//! counted or grouped, or if the caller may want to stop on the way.
//!
//! Rows keep their order in every verb that does not say otherwise.

mod bin;
mod broken;
mod budget;
mod concat;
mod contract;
mod describe;
mod engine_words;
mod group_by;
mod join;
mod joins;
mod missing;
mod names;
mod reshape;
mod rows;
mod run;
mod sample;
mod scan;
mod spill;
mod sql;
mod sql_again;
mod sql_groups;
mod sql_joins;
mod sql_order;
mod sql_parts;
mod sql_plan;
mod sql_sums;
mod sql_text;
mod sql_words;
mod store;
mod truth;
mod write;

pub use bin::{Binned, Bins, Histogram};
pub use broken::{BrokenFile, FileProblem};
pub use budget::Budget;
pub use concat::{TableDifference, UnlikeTables};
pub use contract::ContractAggregates;
pub use describe::Summary;
pub(crate) use engine_words::in_our_words;
pub use join::{JoinKind, JoinOptions};
pub use missing::Fill;
pub use reshape::Factorized;
pub use rows::{Keep, SortKey};
pub use scan::{Format, ScanOptions};
pub(crate) use spill::Parts;
pub use spill::Spill;
pub use sql::{SqlOptions, sql};
pub use truth::{rows_where, truth};
pub use write::{Compression, WriteOptions, Written};

use std::collections::HashMap;
use std::sync::{Arc, Once};

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema as ArrowSchema, SchemaRef};
use polars::error::set_warning_function;
use polars::prelude::{DataFrame, DslPlan, Engine, IntoLazy, LazyFrame, Schema};
use tempfile::TempDir;

use self::broken::TextFiles;
use self::sql_plan::forget_conversion;
use crate::error::nearest;
use crate::{Error, Result, frame};

/// Columns of equal length, each with a name and a type: a plan to compute them.
///
/// Cheap to clone; clones share the plan and what it reads.
#[derive(Clone)]
pub struct Table {
    lazy: LazyFrame,
    step: Arc<Step>,
    polars_schema: Arc<Schema>,
    schema: SchemaRef,
    fit: Fit,
    /// Whether all that is read is in memory already.
    is_held: bool,
    /// Whether it has joins that may make much more rows than there are.
    grows: bool,
    /// How many steps it has, where one that is used twice counts twice, as the engine plans it twice.
    parts: u64,
    /// What its joins may make.
    budgets: Vec<Budget>,
}

/// Most steps of a table that is made of others.
const MOST_PARTS: u64 = 20_000;

/// How a plan over tables that are in memory is done best; the greatest of its verbs decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    /// It makes no difference.
    Either,
    /// In pieces: values are computed by all threads, and stay near the processor.
    Pieces,
    /// Whole: each thread has a part of all keys, and none waits for another.
    Whole,
    /// In pieces, of which only the best rows are kept.
    BestPieces,
}

/// How a table comes about, so that it can be built again over sources that are watched.
enum Step {
    /// Files or batches; temporary files are there as long as something reads them.
    Source(LazyFrame, Option<Arc<TempDir>>),
    /// Files of text, which may turn out to be broken.
    Text(LazyFrame, TextFiles),
    /// A verb over tables.
    Verb(Vec<Arc<Step>>, Verb),
}

type Verb = Box<dyn Fn(Vec<LazyFrame>) -> LazyFrame + Send + Sync>;

/// Keeps what the engine has to say of how it is used from the standard error of whoever uses tables: it is for us to mend,
/// and what it says of data comes as errors.
fn keep_engine_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| set_warning_function(|_, _| {}));
}

impl Table {
    /// The rows of `batch`, which are shared, not copied.
    ///
    /// # Errors
    ///
    /// [`Error::UnsupportedType`] for columns of types that tables cannot hold.
    pub fn from_batch(batch: RecordBatch) -> Result<Self> {
        let schema = batch.schema();
        Self::from_batches(&schema, &[batch])
    }

    /// The rows of `batches`, one after another, which are shared, not copied.
    ///
    /// # Errors
    ///
    /// - [`Error::UnsupportedType`] for columns of types that tables cannot hold;
    /// - [`Error::Engine`] for batches of another schema, and for two columns of one name.
    pub fn from_batches(schema: &ArrowSchema, batches: &[RecordBatch]) -> Result<Self> {
        Self::from_frame(frame::from_batches(schema, batches)?)
    }

    pub(crate) fn from_frame(frame: DataFrame) -> Result<Self> {
        Self::from_lazy(frame.lazy())
    }

    /// A source of its own.
    pub(crate) fn from_lazy(mut lazy: LazyFrame) -> Result<Self> {
        forget_conversion(&mut lazy.logical_plan);
        let is_held = matches!(lazy.logical_plan, DslPlan::DataFrameScan { .. });
        let step = Arc::new(Step::Source(lazy.clone(), None));
        Ok(Self { is_held, ..Self::checked(lazy, step)? })
    }

    /// A source of files in `folder`, which it keeps.
    fn from_files(lazy: LazyFrame, folder: Arc<TempDir>) -> Result<Self> {
        let step = Arc::new(Step::Source(lazy.clone(), Some(folder)));
        Self::checked(lazy, step)
    }

    /// Whether all rows are in temporary files, so that they are computed no more.
    pub(crate) fn is_in_files(&self) -> bool {
        matches!(*self.step, Step::Source(_, Some(_)))
    }

    /// A source of files of text.
    fn from_text(lazy: LazyFrame, files: TextFiles) -> Result<Self> {
        let step = Arc::new(Step::Text(lazy.clone(), files));
        Self::checked(lazy, step)
    }

    /// `error`, or what is wrong with a file that is read here if that is why, or that a budget is spent.
    fn explained(&self, error: Error) -> Error {
        if let Error::Engine { .. } = error
            && let Some(spent) = self.budgets.iter().find(|budget| budget.is_spent())
        {
            return Error::OverBudget { limit: spent.bytes() };
        }
        let mut files = Vec::new();
        self.step.text_files(&mut files);
        broken::explained(error, &files)
    }

    fn checked(mut lazy: LazyFrame, step: Arc<Step>) -> Result<Self> {
        keep_engine_quiet();
        let polars_schema =
            lazy.collect_schema().map_err(|error| Error::engine("planning", &error))?;
        let schema = frame::arrow_schema(&polars_schema)?;
        Ok(Self {
            lazy,
            step,
            polars_schema,
            schema,
            fit: Fit::Either,
            is_held: false,
            grows: false,
            parts: 1,
            budgets: Vec::new(),
        })
    }

    /// The table that `verb` makes of this one.
    pub(crate) fn then(
        &self,
        verb: impl Fn(LazyFrame) -> LazyFrame + Send + Sync + 'static,
    ) -> Result<Self> {
        let lazy = verb(self.lazy.clone());
        let all = move |mut inputs: Vec<LazyFrame>| {
            verb(inputs.pop().expect("a verb over one table should be given one"))
        };
        let step = Step::Verb(vec![Arc::clone(&self.step)], Box::new(all));
        let Self { fit, is_held, grows, parts, .. } = *self;
        let budgets = self.budgets.clone();
        let table = Self::checked(lazy, Arc::new(step))?;
        Ok(Self { fit, is_held, grows, parts: parts.saturating_add(1), budgets, ..table })
    }

    /// The table that `verb` makes of `tables`, in that order.
    pub(crate) fn of(
        tables: &[&Self],
        verb: impl Fn(Vec<LazyFrame>) -> LazyFrame + Send + Sync + 'static,
    ) -> Result<Self> {
        let parts = tables.iter().fold(1, |sum: u64, table| sum.saturating_add(table.parts));
        if parts > MOST_PARTS {
            let reason = format!(
                "the table has {parts} steps, counting those of one that is used twice twice, and there can be \
                 {MOST_PARTS}; compute one that is used often first"
            );
            return Err(Error::engine("planning", &reason));
        }
        let lazy = verb(tables.iter().map(|table| table.lazy.clone()).collect());
        let inputs = tables.iter().map(|table| Arc::clone(&table.step)).collect();
        let table = Self::checked(lazy, Arc::new(Step::Verb(inputs, Box::new(verb))))?;
        let fit = tables.iter().map(|table| table.fit).max().unwrap_or(Fit::Either);
        let is_held = tables.iter().all(|table| table.is_held);
        let grows = tables.iter().any(|table| table.grows);
        let budgets = tables.iter().flat_map(|table| &table.budgets).cloned().collect();
        Ok(Self { fit, is_held, grows, parts, budgets, ..table })
    }

    /// The same table, whose last verb is done best so.
    fn best(mut self, fit: Fit) -> Self {
        self.fit = self.fit.max(fit);
        self
    }

    /// The same table, whose last verb makes little of all rows: what joins make of them then flows past.
    fn of_many(self) -> Self {
        if self.grows { self.best(Fit::BestPieces) } else { self.best(Fit::Whole) }
    }

    /// What computes the rows: what streams, and can be `watched`, or all at once what is in memory anyway.
    fn engine(&self, watched: bool) -> Engine {
        match self.fit {
            Fit::Either | Fit::Whole if self.is_held && !(watched && self.grows) => {
                Engine::InMemory
            }
            _ => Engine::Streaming,
        }
    }

    /// The rows, if this is a source that is in memory.
    fn held(&self) -> Option<DataFrame> {
        self.step.held()
    }

    /// The plan as polars has it.
    pub(crate) fn lazy(&self) -> LazyFrame {
        self.lazy.clone()
    }

    /// The names and types of the columns as polars has them.
    pub(crate) fn polars_schema(&self) -> &Arc<Schema> {
        &self.polars_schema
    }

    /// The plan with `watch` around each source; a source that is used twice is watched once.
    fn watched(&self, watch: &dyn Fn(LazyFrame) -> LazyFrame) -> LazyFrame {
        self.step.build(watch, &mut HashMap::new())
    }

    /// The names and types of the columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The names of the columns, in order.
    pub fn column_names(&self) -> impl Iterator<Item = &str> {
        self.schema.fields().iter().map(|field| field.name().as_str())
    }

    /// What the engine would do to compute the rows, after it has put the steps in the best order.
    ///
    /// For people: the text may change with any version.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`] if there is no way to do it.
    pub fn plan(&self) -> Result<String> {
        self.lazy
            .clone()
            .with_streaming(true)
            .explain(true)
            .map_err(|error| Error::engine("planning", &error))
    }

    /// Refuses `name` if there is no such column.
    pub(crate) fn check_column(&self, name: &str) -> Result<()> {
        match self.polars_schema.contains(name) {
            true => Ok(()),
            false => Err(Error::Unknown {
                kind: "column",
                name: name.into(),
                nearest: nearest(name, self.column_names()),
            }),
        }
    }

    /// What the type of a column is called.
    pub(crate) fn type_of(&self, name: &str) -> Box<str> {
        let field = self.schema().field_with_name(name);
        field.map(|field| graph_core::type_name(field.data_type())).unwrap_or_default().into()
    }
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").field("schema", &self.schema).finish_non_exhaustive()
    }
}

impl Step {
    /// The rows, if this is a source that is in memory.
    fn held(&self) -> Option<DataFrame> {
        match self {
            Self::Source(lazy, None) => match &lazy.logical_plan {
                DslPlan::DataFrameScan { df, .. } => Some(DataFrame::clone(df)),
                _ => None,
            },
            _ => None,
        }
    }

    /// The sources that are in memory.
    fn held_frames(&self, frames: &mut Vec<DataFrame>) {
        match self {
            Self::Source(..) => frames.extend(self.held()),
            Self::Text(..) => {}
            Self::Verb(inputs, _) => inputs.iter().for_each(|input| input.held_frames(frames)),
        }
    }

    fn text_files<'a>(&'a self, files: &mut Vec<&'a TextFiles>) {
        match self {
            Self::Source(..) => {}
            Self::Text(_, text) => files.push(text),
            Self::Verb(inputs, _) => inputs.iter().for_each(|input| input.text_files(files)),
        }
    }

    fn build(
        self: &Arc<Self>,
        watch: &dyn Fn(LazyFrame) -> LazyFrame,
        built: &mut HashMap<*const Self, LazyFrame>,
    ) -> LazyFrame {
        if let Some(lazy) = built.get(&Arc::as_ptr(self)) {
            return lazy.clone();
        }
        let lazy = match self.as_ref() {
            Self::Source(lazy, _) | Self::Text(lazy, _) => watch(lazy.clone()),
            Self::Verb(inputs, verb) => {
                verb(inputs.iter().map(|input| input.build(watch, built)).collect())
            }
        };
        built.insert(Arc::as_ptr(self), lazy.clone());
        lazy
    }
}
