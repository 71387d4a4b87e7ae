//! What a pipeline would do, without rows.

use std::fmt::{self, Display, Formatter};

use arrow::datatypes::SchemaRef;
use serde::Serialize;

use super::error::PipelineFault;
use super::estimate::row_bytes;
use super::verb::Holds;
use super::{Pipeline, PipelineError};
use crate::source::Opened;
use crate::table::Table;
use crate::{Control, Result};

/// What a pipeline would do, with the columns of every table, and how much there is of it, about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// Inputs, steps and outputs, each behind what it works on.
    pub parts: Vec<PlannedPart>,
    /// Bytes of memory at most, about: all that its parts hold, as if they did at once, and the
    /// blocks of rows on their way. Absent if the number of rows of a part that holds some is not
    /// known.
    pub memory_bytes: Option<u64>,
    /// The limit for that, if there is one.
    pub memory_limit: Option<u64>,
}

/// One part of a plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlannedPart {
    /// Input, step or output.
    pub kind: PartKind,
    /// Its name; of an output, where it goes.
    pub name: String,
    /// What is done, in words.
    pub does: String,
    /// The parts it works on.
    pub from: Vec<String>,
    /// Its columns; absent if they depend on values.
    pub columns: Option<Vec<PlannedColumn>>,
    /// Number of rows, about; for most verbs a bound.
    pub rows: Option<u64>,
    /// Bytes of memory that it holds, about.
    pub memory_bytes: Option<u64>,
    /// Whether any output needs it; otherwise it is not run.
    pub used: bool,
}

/// A column of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedColumn {
    /// Its name.
    pub name: String,
    /// Its Arrow type.
    pub r#type: String,
}

/// What a part of a plan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartKind {
    /// It reads.
    Input,
    /// It computes.
    Step,
    /// It writes.
    Output,
}

/// A plan, and the inputs it was made of; those that were not opened are absent.
pub(super) struct Prepared {
    pub(super) plan: Plan,
    pub(super) opened: Vec<Option<Opened>>,
    /// The tables of inputs and steps without rows; absent if their columns depend on values.
    pub(super) drafts: Vec<Option<Table>>,
}

impl Pipeline {
    /// Checks every step against the columns it gets, and outputs against what their places and formats can take, and says
    /// what a run would do. Inputs are probed: rows are read as far as that is needed to know columns.
    ///
    /// # Errors
    ///
    /// [`Error::Pipeline`](crate::Error::Pipeline) with the line and the part of what is wrong.
    pub fn plan(&self, control: &Control) -> Result<Plan> {
        self.check_places()?;
        let prepared = self
            .prepare(control, |input| Some(self.inputs[input].source.as_ref()?.probe(control)))?;
        self.check_columns(&prepared)?;
        Ok(prepared.plan)
    }

    /// The steps that outputs need, of inputs that `open` opens.
    pub(super) fn prepare(
        &self,
        control: &Control,
        open: impl Fn(usize) -> Option<Result<Opened>>,
    ) -> Result<Prepared> {
        let used = self.used();
        let n_inputs = self.inputs.len();
        let mut opened = Vec::with_capacity(n_inputs);
        for part in 0..n_inputs {
            let input = open(part).transpose().map_err(|error| self.fault(part, error))?;
            opened.push(input);
        }
        let mut drafts: Vec<Draft> = Vec::new();
        drafts.resize_with(n_inputs + self.steps.len(), Draft::default);
        for &part in &self.order {
            drafts[part] = match part.checked_sub(n_inputs) {
                None => opened[part].as_ref().map_or_else(|| Ok(Draft::default()), Draft::of_input),
                Some(step) => self.draft_step(step, &drafts, control),
            }
            .map_err(|error| self.fault(part, error))?;
        }
        let plan = self.assemble(&drafts, &used);
        let drafts = drafts.into_iter().map(|draft| draft.table).collect();
        Ok(Prepared { plan, opened, drafts })
    }

    /// Which inputs and steps outputs need.
    pub(super) fn used(&self) -> Vec<bool> {
        let n_inputs = self.inputs.len();
        let mut used = vec![false; n_inputs + self.steps.len()];
        for output in &self.outputs {
            used[output.from] = true;
        }
        if self.outputs.is_empty() {
            used[self.last()] = true;
        }
        for &part in self.order.iter().rev() {
            if let Some(step) = part.checked_sub(n_inputs)
                && used[part]
            {
                for &from in &self.steps[step].from {
                    used[from] = true;
                }
            }
        }
        used
    }

    /// Applies a step to tables without rows: all that can be wrong with columns shows here.
    fn draft_step(&self, step: usize, drafts: &[Draft], control: &Control) -> Result<Draft> {
        let step = &self.steps[step];
        let from: Vec<_> = step.from.iter().map(|&part| &drafts[part]).collect();
        let rows =
            step.verb.rows.estimate(&from.iter().map(|draft| draft.rows).collect::<Vec<_>>());
        let tables: Option<Vec<_>> = from.iter().map(|draft| draft.table.clone()).collect();
        let Some(tables) = tables else { return Ok(Draft { rows, ..Draft::default() }) };
        // What there is to say of columns is said again, of rows too, when the step runs.
        let table = (step.verb.apply)(&tables, control, &mut Vec::new())?;
        let input_bytes: Vec<_> = from.iter().map(|draft| draft.bytes()).collect();
        let output_bytes = rows.map(|rows| rows.saturating_mul(row_bytes(table.schema())));
        let sum = |bytes: &[Option<u64>]| {
            bytes.iter().try_fold(0_u64, |sum, bytes| Some(sum.saturating_add((*bytes)?)))
        };
        let mut memory = match step.verb.holds {
            Holds::Nothing => Some(0),
            Holds::Output => output_bytes,
            Holds::Inputs => sum(&input_bytes),
            Holds::Second => from.get(1).map_or(Some(0), |draft| draft.bytes()),
            // A graph has its edges in both directions, and ids in a table beside them.
            Holds::Everything => sum(&input_bytes).map(|bytes| bytes.saturating_mul(2)),
        };
        if step.keep {
            memory = memory.zip(output_bytes).map(|(a, b)| a.saturating_add(b));
        }
        let table = (!step.verb.open_columns).then_some(table);
        Ok(Draft { table, rows, memory })
    }

    fn assemble(&self, drafts: &[Draft], used: &[bool]) -> Plan {
        let n_inputs = self.inputs.len();
        let mut parts = Vec::new();
        for &part in &self.order {
            let draft = &drafts[part];
            let (kind, does, from) = match part.checked_sub(n_inputs) {
                None => {
                    let source = self.inputs[part].source.as_ref();
                    let does = source.map_or_else(|| "given".to_owned(), ToString::to_string);
                    (PartKind::Input, does, Vec::new())
                }
                Some(step) => {
                    let step = &self.steps[step];
                    let kept = if step.keep && !step.verb.holds.is_eager() { ", kept" } else { "" };
                    let does = format!("{} {}{kept}", step.verb.name, step.verb.text);
                    (PartKind::Step, does.trim_end().to_owned(), step.from.clone())
                }
            };
            parts.push(PlannedPart {
                kind,
                name: self.name(part).to_owned(),
                does,
                from: from.iter().map(|&part| self.name(part).to_owned()).collect(),
                columns: draft.columns(),
                rows: draft.rows,
                memory_bytes: draft.memory,
                used: used[part],
            });
        }
        for output in &self.outputs {
            let draft = &drafts[output.from];
            parts.push(PlannedPart {
                kind: PartKind::Output,
                name: output.to.clone(),
                does: "write".to_owned(),
                from: vec![self.name(output.from).to_owned()],
                columns: draft.columns(),
                rows: draft.rows,
                memory_bytes: Some(0),
                used: true,
            });
        }
        let held = parts.iter().filter(|part| part.used).map(|part| part.memory_bytes);
        let held = held.sum::<Option<u64>>();
        let widest = drafts.iter().filter_map(|draft| draft.table.as_ref());
        let widest = widest.map(|table| row_bytes(table.schema())).max().unwrap_or(0);
        let on_the_way = BLOCK_ROWS * widest * rayon::current_num_threads() as u64;
        Plan {
            parts,
            memory_bytes: held.map(|held| held.saturating_add(on_the_way)),
            memory_limit: self.memory_limit,
        }
    }
}

/// Rows of a thread that are on their way through the steps, about.
const BLOCK_ROWS: u64 = 200_000;

/// What is known of a part before it has run; its table has the columns, and no rows.
#[derive(Default)]
struct Draft {
    table: Option<Table>,
    rows: Option<u64>,
    memory: Option<u64>,
}

impl Draft {
    fn of_input(opened: &Opened) -> Result<Self> {
        let bytes = |rows: u64| rows.saturating_mul(row_bytes(opened.table.schema()));
        let memory = if opened.is_in_memory() { opened.rows.map(bytes) } else { Some(0) };
        Ok(Self { table: Some(opened.table.limit(0)?), rows: opened.rows, memory })
    }

    fn bytes(&self) -> Option<u64> {
        Some(self.rows?.saturating_mul(row_bytes(self.table.as_ref()?.schema())))
    }

    fn columns(&self) -> Option<Vec<PlannedColumn>> {
        let schema: &SchemaRef = self.table.as_ref()?.schema();
        let column = |field: &arrow::datatypes::FieldRef| PlannedColumn {
            name: field.name().clone(),
            r#type: graph_core::type_name(field.data_type()),
        };
        Some(schema.fields().iter().map(column).collect())
    }
}

impl Plan {
    /// Refuses a plan whose memory is above the limit. One whose memory is not known passes.
    pub(super) fn check_memory(&self) -> Result<()> {
        match (self.memory_bytes, self.memory_limit) {
            (Some(estimated), Some(limit)) if limit < estimated => Err(PipelineError {
                line: None,
                part: "pipeline".into(),
                fault: PipelineFault::Memory { estimated, limit },
            }
            .into()),
            _ => Ok(()),
        }
    }
}

/// One line for each part: what it is, what it does, how many rows and bytes; below, its columns.
impl Display for Plan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            let kind = match part.kind {
                PartKind::Input => "input",
                PartKind::Step => "step",
                PartKind::Output => "output",
            };
            write!(f, "{kind:<6} {}", part.name)?;
            match part.kind {
                PartKind::Input => write!(f, " = {}", part.does)?,
                PartKind::Step => write!(f, " = {} of {}", part.does, part.from.join(", "))?,
                PartKind::Output => write!(f, " = {}", part.from.join(", "))?,
            }
            write!(f, "\n         ")?;
            match part.rows {
                Some(rows) => write!(f, "about {} rows", grouped(rows))?,
                None => f.write_str("? rows")?,
            }
            match part.memory_bytes {
                Some(0) => {}
                Some(bytes) => write!(f, ", {} in memory", in_words(bytes))?,
                None => f.write_str(", ? in memory")?,
            }
            if !part.used {
                f.write_str("; no output needs it")?;
            }
            if part.kind != PartKind::Output {
                match &part.columns {
                    Some(columns) => {
                        let columns: Vec<_> =
                            columns.iter().map(|c| format!("{} {}", c.name, c.r#type)).collect();
                        write!(f, "\n         {}", columns.join(", "))?;
                    }
                    None => f.write_str("\n         columns that depend on values")?,
                }
            }
            f.write_str("\n")?;
        }
        match self.memory_bytes {
            Some(bytes) => write!(f, "memory about {} at most", in_words(bytes))?,
            None => f.write_str("memory not known, as the rows of some part are not")?,
        }
        if let Some(limit) = self.memory_limit {
            write!(f, ", limit {}", in_words(limit))?;
        }
        f.write_str("\n")
    }
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if 0 < i && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn in_words(bytes: u64) -> String {
    let mut value = bytes as f64;
    let mut units = ["bytes", "KiB", "MiB", "GiB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    for next in units {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    if unit == "bytes" { format!("{bytes} bytes") } else { format!("{value:.1} {unit}") }
}
