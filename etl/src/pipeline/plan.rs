//! What a pipeline would do, without rows.

use std::fmt::{self, Display, Formatter};

use arrow::datatypes::SchemaRef;
use serde::Serialize;

use super::error::PipelineFault;
use super::estimate::row_bytes;
use super::verb::Holds;
use super::{Pipeline, PipelineError};
use crate::source::Opened;
use crate::table::{Parts, Spill, Table};
use crate::{Control, Error, Result};

/// What a pipeline would do, with the columns of every table, and how much there is of it, about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// Inputs, steps and outputs, each behind what it works on.
    pub parts: Vec<PlannedPart>,
    /// Bytes of memory at most, about: all that its parts hold, as if they did at once, and the
    /// blocks of rows on their way. Steps that spill are done one after another, and count as one.
    /// Absent if the number of rows of a part that holds some is not known.
    pub memory_bytes: Option<u64>,
    /// The limit for that, if there is one.
    pub memory_limit: Option<u64>,
    /// The folder for temporary files of steps that spill, if any does.
    pub spill_folder: Option<String>,
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
    /// Whether its rows go through temporary files, as it would hold more than the limit of memory leaves.
    pub spills: bool,
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
    /// Which inputs and steps spill, and how, if any does.
    pub(super) spills: Vec<bool>,
    pub(super) spill: Option<Spill>,
    pub(super) spilling: Spills,
}

/// Which steps go through temporary files, of those that can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spills {
    /// Those that are estimated to need more memory than there may be.
    Needed,
    /// All: joins may make more rows than is estimated.
    All,
}

impl Prepared {
    /// How a part spills, if it does.
    pub(super) fn spill_of(&self, part: usize) -> Option<&Spill> {
        self.spill.as_ref().filter(|_| self.spills[part])
    }
}

impl Pipeline {
    /// Checks every step against the columns it gets, and outputs against what their places and formats can take, and says
    /// what a run would do. Inputs are probed: rows are read as far as that is needed to know columns.
    ///
    /// # Errors
    ///
    /// [`Error::Pipeline`] with the line and the part of what is wrong.
    pub fn plan(&self, control: &Control) -> Result<Plan> {
        self.check_places()?;
        let probe = |input: usize| Some(self.inputs[input].source.as_ref()?.probe(control));
        let prepared = self.prepare(control, Spills::Needed, probe)?;
        self.check_columns(&prepared)?;
        Ok(prepared.plan)
    }

    /// As [`plan`](Self::plan), and refuses what [`run`](Self::run) would refuse before it works: a pipeline without outputs, and
    /// one that is estimated to need more memory than it may.
    ///
    /// # Errors
    ///
    /// As [`plan`](Self::plan).
    pub fn check(&self, control: &Control) -> Result<Plan> {
        self.check_outputs()?;
        let plan = self.plan(control)?;
        plan.check_memory()?;
        Ok(plan)
    }

    /// Refuses a pipeline that would leave nothing behind.
    pub(super) fn check_outputs(&self) -> Result<()> {
        match self.outputs.is_empty() {
            true => {
                let fault = PipelineFault::Empty("output");
                Err(PipelineError { line: None, part: "pipeline".into(), fault }.into())
            }
            false => Ok(()),
        }
    }

    /// The steps that outputs need, of inputs that `open` opens.
    pub(super) fn prepare(
        &self,
        control: &Control,
        spilling: Spills,
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
        let spill = self.choose_spills(&mut drafts, &used, spilling);
        if let Some(spill) = &spill {
            Self::check_folder(spill)?;
        }
        let plan = self.assemble(&drafts, &used, spill.as_ref());
        let spills = drafts.iter().map(|draft| draft.spills).collect();
        let drafts = drafts.into_iter().map(|draft| draft.table).collect();
        Ok(Prepared { plan, opened, drafts, spills, spill, spilling })
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
        let spilling = step.verb.spilling.as_ref().filter(|spilling| spilling.fits(&tables));
        let least = spilling.map(|_| {
            Spill::least(input_bytes.iter().flatten().fold(0, |a, b| a.saturating_add(*b)))
        });
        let table = (!step.verb.open_columns).then_some(table);
        Ok(Draft { table, rows, memory, least, spills: false })
    }

    /// Has those steps spill that hold most, and no more of them than it takes to stay within the limit of memory, unless
    /// all are to: each with what all others leave of it, one after another.
    fn choose_spills(
        &self,
        drafts: &mut [Draft],
        used: &[bool],
        spilling: Spills,
    ) -> Option<Spill> {
        let limit = self.memory_limit.filter(|_| self.may_spill)?;
        let held = |drafts: &[Draft]| {
            let parts = drafts.iter().zip(used).filter(|(draft, used)| **used && !draft.spills);
            parts
                .filter_map(|(draft, _)| draft.memory)
                .fold(on_the_way(drafts, used), u64::saturating_add)
        };
        let mut least = 0;
        if spilling == Spills::All {
            for (draft, _) in drafts.iter_mut().zip(used).filter(|(_, used)| **used) {
                draft.spills = draft.least.is_some();
                least = least.max(draft.least.unwrap_or(0));
            }
        }
        while limit < held(drafts).saturating_add(least) {
            let all =
                drafts.iter_mut().zip(used).filter(|(draft, used)| **used && draft.may_spill());
            let Some((most, _)) = all.max_by_key(|(draft, _)| draft.memory) else { break };
            most.spills = true;
            least = least.max(most.least.unwrap_or(0));
        }
        let memory = limit.saturating_sub(held(drafts)).max(least);
        let mut any = false;
        for draft in drafts.iter_mut().filter(|draft| draft.spills) {
            (draft.memory, any) = (Some(memory), true);
        }
        any.then(|| Spill { memory, folder: self.spill_folder.clone() })
    }

    /// Refuses a folder in which no file can be made.
    fn check_folder(spill: &Spill) -> Result<()> {
        let refused = |error| match error {
            Error::File { path, error } => {
                let reason = format!("is `{}`, where no file can be made: {error}", path.display());
                let fault = PipelineFault::Value { option: "spill_folder", reason: reason.into() };
                PipelineError { line: None, part: "pipeline".into(), fault }.into()
            }
            error => error,
        };
        Parts::new(spill.folder.as_deref()).map(drop).map_err(refused)
    }

    fn assemble(&self, drafts: &[Draft], used: &[bool], spill: Option<&Spill>) -> Plan {
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
                spills: draft.spills,
                used: used[part],
            });
        }
        for output in &self.outputs {
            let draft = &drafts[output.from];
            parts.push(PlannedPart {
                kind: PartKind::Output,
                name: output.shown(),
                does: "write".to_owned(),
                from: vec![self.name(output.from).to_owned()],
                columns: draft.columns(),
                rows: draft.rows,
                memory_bytes: Some(0),
                spills: false,
                used: true,
            });
        }
        let held = parts.iter().filter(|part| part.used && !part.spills);
        let held = held.map(|part| part.memory_bytes).sum::<Option<u64>>();
        let at_once =
            on_the_way(drafts, used).saturating_add(spill.map_or(0, |spill| spill.memory));
        let folder = |spill: &Spill| {
            let folder = spill.folder.clone().unwrap_or_else(std::env::temp_dir);
            folder.display().to_string()
        };
        Plan {
            parts,
            memory_bytes: held.map(|held| held.saturating_add(at_once)),
            memory_limit: self.memory_limit,
            spill_folder: spill.map(folder),
        }
    }
}

/// Bytes of the blocks of rows that all threads have on their way.
fn on_the_way(drafts: &[Draft], used: &[bool]) -> u64 {
    let tables = drafts.iter().zip(used).filter(|(_, used)| **used);
    let tables = tables.filter_map(|(draft, _)| draft.table.as_ref());
    let widest = tables.map(|table| row_bytes(table.schema())).max().unwrap_or(0);
    BLOCK_ROWS * widest * rayon::current_num_threads() as u64
}

/// Rows of a thread that are on their way through the steps, about.
const BLOCK_ROWS: u64 = 200_000;

/// What is known of a part before it has run; its table has the columns, and no rows.
#[derive(Default)]
struct Draft {
    table: Option<Table>,
    rows: Option<u64>,
    memory: Option<u64>,
    /// The memory that it takes at least if it spills; absent if it cannot.
    least: Option<u64>,
    spills: bool,
}

impl Draft {
    fn of_input(opened: &Opened) -> Result<Self> {
        let bytes = |rows: u64| rows.saturating_mul(row_bytes(opened.table.schema()));
        let memory = if opened.is_in_memory() { opened.rows.map(bytes) } else { Some(0) };
        let table = Some(opened.table.limit(0)?);
        Ok(Self { table, rows: opened.rows, memory, ..Self::default() })
    }

    fn bytes(&self) -> Option<u64> {
        Some(self.rows?.saturating_mul(row_bytes(self.table.as_ref()?.schema())))
    }

    /// Whether it does not spill yet, and would take less memory then.
    fn may_spill(&self) -> bool {
        let gains = self.least.zip(self.memory).is_some_and(|(least, held)| least < held);
        gains && !self.spills
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
            if part.spills {
                f.write_str(", through files")?;
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
            if self.memory_bytes.is_some_and(|bytes| bytes > limit) {
                f.write_str(": it would be refused")?;
            }
        }
        if let Some(folder) = &self.spill_folder {
            write!(f, "\nfiles of steps in {folder}")?;
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
