//! Running a case: step after step, within limits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use graph_core::Graph;
use serde::{Deserialize, Serialize};

use super::super::error::{PipelineError, PipelineFault};
use super::BoundCase;
use super::places::{Given, Places};
use super::plan::{Again, Plan};
use super::steps::{Step, StepKind, Value, Work};
use crate::source::{Opened, Source, SourceKind};
use crate::table::{Budget, Table};
use crate::{Control, Error, Result};

/// How far a case may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Rows of a table that a step makes; of a graph, its nodes and its edges.
    pub rows: u64,
    /// Bytes of what one step makes, in memory, of what its joins make on the way to that, and of a page that is read.
    pub bytes: u64,
    /// Time for all steps together.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { rows: 100_000_000, bytes: 16 << 30, time: Duration::from_hours(1) }
    }
}

/// What the steps of a case did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CaseReport {
    /// What it is called.
    pub title: String,
    /// The step whose table or graph is the result.
    pub result: String,
    /// The steps that were run, in order.
    pub steps: Vec<StepReport>,
    /// Wall time.
    pub duration_secs: f64,
}

/// What a step did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// Its name.
    pub name: String,
    /// Its verb.
    pub verb: String,
    /// What it does, in words.
    pub does: String,
    /// The steps it worked on.
    pub from: Vec<String>,
    /// Where: `processor`, or where rows came from.
    pub place: String,
    /// Rows that went in, of graphs their edges; absent if nothing did.
    pub rows_in: Option<u64>,
    /// Whether it made a table or a graph.
    pub gives: StepKind,
    /// Rows that came out, of graphs their edges.
    pub rows: u64,
    /// Nodes of a graph that came out.
    pub nodes: Option<u64>,
    /// Names of the columns that came out; of a graph, those of its nodes.
    pub columns: Vec<String>,
    /// What is likely not meant, though it has a meaning.
    pub warnings: Vec<String>,
    /// Whether an earlier run did it, and it was not done again.
    pub kept: bool,
    /// Wall time; 0 if it was kept.
    pub duration_secs: f64,
}

/// What a case makes.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "a run has one")]
pub enum Output {
    /// A table.
    Table(RecordBatch),
    /// A graph.
    Graph(Graph),
}

/// Something that happens in a run.
#[derive(Debug)]
#[non_exhaustive]
pub enum CaseEvent<'a> {
    /// A step begins.
    Begins {
        /// Its name.
        name: &'a str,
        /// What it does.
        does: &'a str,
        /// Its number, from 1 on.
        number: usize,
        /// Number of steps that are run.
        of: usize,
    },
    /// A step has ended.
    Ended {
        /// What it did.
        report: &'a StepReport,
        /// Some of the rows that it made, of a graph those of its nodes.
        head: &'a RecordBatch,
    },
}

/// Rows of each step that are told.
const HEAD: usize = 50;

/// Most rows of a host or a database that are kept.
const SMALL: u64 = 5_000_000;

/// How often it is looked whether a run has to end.
const PAUSE: Duration = Duration::from_millis(20);

impl BoundCase {
    /// Runs the steps that the result needs; tells `tell` what happens, and gives what the last one made.
    ///
    /// # Errors
    ///
    /// - [`Error::Pipeline`] with the line and the step of what went wrong, was not allowed, or was too much;
    /// - [`Error::Stopped`] if the caller wants it to stop.
    pub fn run(
        &self,
        places: &Places,
        limits: &Limits,
        control: &Control,
        tell: &mut dyn FnMut(CaseEvent),
    ) -> Result<(CaseReport, Output)> {
        self.run_again(places, limits, None, control, tell)
    }

    /// As [`run`](Self::run), but for steps that an earlier run did and that have not changed since: what they made
    /// is taken from `again`, if it is there. What is made is kept there. Steps that nothing needs any more, as all
    /// that works on them was kept, are told of only if it is known what they did.
    ///
    /// # Errors
    ///
    /// Those of [`run`](Self::run); [`Error::Pipeline`] if there is no step of the name to begin with.
    pub fn run_again(
        &self,
        places: &Places,
        limits: &Limits,
        again: Option<Again>,
        control: &Control,
        tell: &mut dyn FnMut(CaseEvent),
    ) -> Result<(CaseReport, Output)> {
        let halt = AtomicBool::new(control.is_stopped());
        let late = AtomicBool::new(false);
        let (done, is_done) = channel::<()>();
        std::thread::scope(|scope| {
            let (halt, late) = (&halt, &late);
            let deadline = Instant::now().checked_add(limits.time);
            scope.spawn(move || {
                while is_done.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                    let is_late = deadline.is_some_and(|deadline| deadline <= Instant::now());
                    late.fetch_or(is_late, Ordering::Relaxed);
                    if is_late || control.is_stopped() {
                        halt.store(true, Ordering::Relaxed);
                    }
                }
            });
            let watched = |progress: graph_core::Progress| {
                // Whether to stop is what `halt` says.
                let _ = control.step(progress.stage, progress.done, progress.total);
            };
            let inner = Control::default().reporting(&watched).stopped_by(halt);
            let ran = self.run_steps(places, limits, again, &inner, tell);
            drop(done);
            match ran {
                Err(Error::Stopped { .. })
                    if late.load(Ordering::Relaxed) && !control.is_stopped() =>
                {
                    let limit = limits.time.as_secs();
                    let fault = PipelineFault::Limit { what: "seconds", found: limit, limit };
                    Err(PipelineError { line: None, part: "case".into(), fault }.into())
                }
                ran => ran,
            }
        })
    }

    /// The value of the step of the result, computed.
    fn output(
        &self,
        mut values: Vec<Option<Value>>,
        limits: &Limits,
        control: &Control,
    ) -> Result<Output> {
        match values.swap_remove(self.result) {
            Some(Value::Graph(graph)) => Ok(Output::Graph(Arc::unwrap_or_clone(graph))),
            Some(Value::Table(table)) => match collect(&table, limits, control) {
                Ok(rows) => Ok(Output::Table(rows)),
                Err(fault) => Err(self.steps[self.result].error(fault)),
            },
            None => unreachable!("the step of the result should have been run"),
        }
    }

    /// Lets go of values before step `at` that neither the result is nor a used step behind it works on.
    fn forget(&self, values: &mut [Option<Value>], at: usize, used: &[bool]) {
        for (before, value) in values[..at].iter_mut().enumerate() {
            let is_wanted = before == self.result
                || (at + 1..self.steps.len())
                    .any(|later| used[later] && self.steps[later].from.contains(&before));
            if !is_wanted {
                *value = None;
            }
        }
    }

    fn run_steps(
        &self,
        places: &Places,
        limits: &Limits,
        again: Option<Again>,
        control: &Control,
        tell: &mut dyn FnMut(CaseEvent),
    ) -> Result<(CaseReport, Output)> {
        let start = Instant::now();
        let used = self.used();
        // What may not be read is known before any work.
        let mut sources: Vec<Option<Source>> = Vec::with_capacity(self.steps.len());
        for (step, &used) in self.steps.iter().zip(&used) {
            let source = if used { allowed(step, places, limits) } else { Ok(None) };
            sources.push(source.map_err(|fault| step.error(fault))?);
        }
        let plans = self.plan(&used, &sources, places, limits, again)?;
        let n_told = plans.iter().filter(|plan| !matches!(plan, Plan::Skip)).count();
        let mut values: Vec<Option<Value>> = vec![None; self.steps.len()];
        let mut counts: Vec<u64> = vec![0; self.steps.len()];
        // Pages that were read are files as long as rows of them may be.
        let mut opened: Vec<Opened> = Vec::new();
        let mut reports: Vec<StepReport> = Vec::new();
        for (at, (step, plan)) in self.steps.iter().zip(plans).enumerate() {
            if matches!(plan, Plan::Skip) {
                continue;
            }
            let begin = Instant::now();
            let number = reports.len() + 1;
            tell(CaseEvent::Begins { name: &step.name, does: &step.verb, number, of: n_told });
            control.step("steps", reports.len() as u64, Some(n_told as u64))?;
            let names = || step.from.iter().map(|&at| self.steps[at].name.clone()).collect();
            let (key, identity) = match plan {
                Plan::Do { key, identity } => (key, identity),
                Plan::Take { entry, value } => {
                    let report = StepReport {
                        name: step.name.clone(),
                        from: names(),
                        kept: true,
                        duration_secs: 0.0,
                        ..entry.head.report.clone()
                    };
                    tell(CaseEvent::Ended { report: &report, head: &entry.rows });
                    counts[at] = report.rows;
                    reports.push(report);
                    values[at] = value.map(|value| *value);
                    continue;
                }
                Plan::Skip => continue,
            };
            let from: Vec<Value> = step.from.iter().filter_map(|&at| values[at].clone()).collect();
            let mut warnings = Vec::new();
            let (value, rows) = match (&step.work, &sources[at]) {
                (Some(Work::Open(_) | Work::Ask { .. }), Some(source)) => {
                    read(source, control).map_err(PipelineFault::from).map(|(found, rows)| {
                        let value = Value::Table(found.table.clone());
                        opened.push(found);
                        (value, rows)
                    })
                }
                (Some(Work::Given(address)), _) => given(places, address),
                (Some(work), _) => applied(work, &from, limits, &mut warnings, control),
                (None, _) => unreachable!("a step that is off should not be used"),
            }
            .map_err(|fault| step.error(fault))?;
            let head = head(&value, control).map_err(|error| step.error(error.into()))?;
            let rows_in = step.from.iter().map(|&at| counts[at]).sum();
            let mut report = StepReport {
                name: step.name.clone(),
                verb: step.verb.clone(),
                does: step.does.clone(),
                from: names(),
                place: place(step),
                rows_in: (!step.from.is_empty()).then_some(rows_in),
                gives: step.gives,
                rows,
                nodes: match &value {
                    Value::Graph(graph) => Some(graph.n_nodes() as u64),
                    Value::Table(_) => None,
                },
                columns: head.schema().fields().iter().map(|field| field.name().clone()).collect(),
                warnings,
                kept: false,
                duration_secs: begin.elapsed().as_secs_f64(),
            };
            if let Some(again) = again {
                let value = wants_keeping(step, &report, &value, limits).then_some(&value);
                match again.kept.keep(&key, &identity, &report, &head, value, control) {
                    // The work is done: a full disk does not undo it.
                    Err(Error::File { path, error }) => {
                        let path = path.display();
                        report.warnings.push(format!("it is not kept in {path}: {error}"));
                    }
                    kept => kept.map_err(|error| step.error(error.into()))?,
                }
            }
            tell(CaseEvent::Ended { report: &report, head: &head });
            reports.push(report);
            counts[at] = rows;
            values[at] = Some(value);
            self.forget(&mut values, at, &used);
        }
        let output = self.output(values, limits, control)?;
        let report = CaseReport {
            title: self.info.title.clone(),
            result: self.steps[self.result].name.clone(),
            steps: reports,
            duration_secs: start.elapsed().as_secs_f64(),
        };
        Ok((report, output))
    }

    /// Which steps the result needs.
    fn used(&self) -> Vec<bool> {
        let mut used = vec![false; self.steps.len()];
        used[self.result] = true;
        for at in (0..self.steps.len()).rev() {
            if used[at] {
                self.steps[at].from.iter().for_each(|&from| used[from] = true);
            }
        }
        used
    }
}

impl Step {
    fn error(&self, fault: PipelineFault) -> Error {
        match fault {
            PipelineFault::Failed(error) if matches!(*error, Error::Stopped { .. }) => *error,
            fault => {
                let part = format!("step `{}`", self.name).into();
                PipelineError { line: self.line, part, fault }.into()
            }
        }
    }
}

/// Whether what a step made is kept with what it did: not files, which are read again, nor what is the caller's, nor
/// what hosts and databases gave if it is not known to be small.
fn wants_keeping(step: &Step, report: &StepReport, value: &Value, limits: &Limits) -> bool {
    match (&step.work, value) {
        (Some(Work::Given(_)), _) => false,
        (Some(Work::Open(source)), _) if source.kind() == SourceKind::Files => false,
        (Some(Work::Open(_) | Work::Ask { .. }), Value::Table(_)) => {
            report.rows <= limits.rows.min(SMALL)
        }
        _ => true,
    }
}

/// The source of a step that has one, if it may be read, and no more of it than is allowed.
fn allowed(step: &Step, places: &Places, limits: &Limits) -> Result<Option<Source>, PipelineFault> {
    let within = |source: &Source| source.clone().within(limits.bytes, limits.time);
    match &step.work {
        Some(Work::Open(source)) => Ok(Some(within(&places.allow(source)?))),
        Some(Work::Ask { scheme, authority, source }) => {
            if !places.allows_host(scheme, authority) {
                let reason = match places.hosts.as_slice() {
                    [] => "no host is allowed".to_owned(),
                    hosts => format!("the hosts that are allowed are {}", hosts.join(", ")),
                };
                let place = authority.as_str().into();
                return Err(PipelineFault::Forbidden { place, reason: reason.into() });
            }
            Ok(Some(within(source).with_private(places.private_hosts)))
        }
        _ => Ok(None),
    }
}

/// A source that is opened, and how many rows it has: what a text says of itself is a guess.
fn read(source: &Source, control: &Control) -> Result<(Opened, u64)> {
    let found = source.open(control)?;
    let rows = match found.rows.filter(|_| found.is_in_memory()) {
        Some(rows) => rows,
        None => found.table.count(control)?,
    };
    Ok((found, rows))
}

fn table(value: &Value) -> Option<Table> {
    match value {
        Value::Table(table) => Some(table.clone()),
        Value::Graph(_) => None,
    }
}

fn given(places: &Places, address: &str) -> Result<(Value, u64), PipelineFault> {
    match places.given.get(address) {
        Some(Given::Table(rows)) => {
            Ok((Value::Table(Table::from_batch(rows.clone())?), rows.num_rows() as u64))
        }
        Some(Given::Graph(graph)) => {
            Ok((Value::Graph(Arc::new(graph.clone())), graph.n_edges() as u64))
        }
        None => Err(PipelineFault::Forbidden {
            place: address.into(),
            reason: "there is no such thing here".into(),
        }),
    }
}

/// The rows of a table, computed once and kept, with their number.
fn collected(
    table: &Table,
    limits: &Limits,
    control: &Control,
) -> Result<(Value, u64), PipelineFault> {
    let rows = collect(table, limits, control)?;
    let n_rows = rows.num_rows() as u64;
    Ok((Value::Table(Table::from_batch(rows)?), n_rows))
}

/// The rows of a table, if there are not too many.
fn collect(
    table: &Table,
    limits: &Limits,
    control: &Control,
) -> Result<RecordBatch, PipelineFault> {
    // One more than is allowed shows that there are too many, without computing all.
    let most = usize::try_from(limits.rows).unwrap_or(usize::MAX).saturating_add(1);
    // Joins may make much more than comes out.
    let rows = table.limit(most)?.within(&Budget::new(limits.bytes))?.collect(control)?;
    check("rows", rows.num_rows() as u64, limits.rows)?;
    check("bytes", rows.get_array_memory_size() as u64, limits.bytes)?;
    Ok(rows)
}

/// A value with its number of rows or edges, if that is not too much.
fn checked(
    value: Value,
    limits: &Limits,
    control: &Control,
) -> Result<(Value, u64), PipelineFault> {
    match value {
        Value::Table(table) => collected(&table, limits, control),
        Value::Graph(graph) => {
            check("nodes", graph.n_nodes() as u64, limits.rows)?;
            check("edges", graph.n_edges() as u64, limits.rows)?;
            let tables = [graph.nodes(), graph.edges()];
            let bytes: usize = tables.map(RecordBatch::get_array_memory_size).iter().sum();
            check("bytes", bytes as u64, limits.bytes)?;
            let n_edges = graph.n_edges() as u64;
            Ok((Value::Graph(graph), n_edges))
        }
    }
}

fn check(what: &'static str, found: u64, limit: u64) -> Result<(), PipelineFault> {
    match found <= limit {
        true => Ok(()),
        false => Err(PipelineFault::Limit { what, found, limit }),
    }
}

/// The first rows of a table, or of the nodes of a graph.
fn head(value: &Value, control: &Control) -> Result<RecordBatch> {
    match value {
        Value::Table(table) => table.limit(HEAD)?.collect(control),
        Value::Graph(graph) => Ok(graph.nodes().slice(0, graph.n_nodes().min(HEAD))),
    }
}

/// What a verb makes of the values `from`, and its number of rows.
fn applied(
    work: &Work,
    from: &[Value],
    limits: &Limits,
    warnings: &mut Vec<String>,
    control: &Control,
) -> Result<(Value, u64), PipelineFault> {
    match work {
        Work::Table(verb) => {
            let tables: Vec<Table> = from.iter().filter_map(table).collect();
            let table = (verb.apply)(&tables, control, warnings)?;
            collected(&table, limits, control)
        }
        Work::Graph(verb) => checked((verb.apply)(from, control, warnings)?, limits, control),
        Work::Open(_) | Work::Ask { .. } | Work::Given(_) => {
            unreachable!("a source should have been read")
        }
    }
}

/// Where a step is computed, or what it reads, as the case names it: where the folders are is nobody's business.
fn place(step: &Step) -> String {
    match &step.work {
        Some(Work::Open(source) | Work::Ask { source, .. }) => source.to_string(),
        Some(Work::Given(address)) => address.clone(),
        _ => "processor".to_owned(),
    }
}
