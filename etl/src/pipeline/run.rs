//! Running a pipeline: all outputs are whole before the first one appears.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use graph_core::Staged;
use serde::Serialize;

use super::output::bytes_of;
use super::placed::{Part, Placed};
use super::plan::{Plan, Prepared, Spills};
use super::read::Output;
use super::{Pipeline, PipelineFault};
use crate::table::{Budget, Table};
use crate::{Control, Error, Result};

/// Something that happens in a run.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// All is checked, and work begins; from the start again, if there was such an event before.
    Planned(&'a Plan),
    /// A part begins to compute, read or write rows.
    Begins {
        /// Its name; of an output, where it goes.
        name: &'a str,
        /// What is done.
        does: &'a str,
    },
    /// A step has run, or will when its rows are needed, in a pipeline that was given a device.
    Placed(&'a Placed),
    /// A step found something that is likely not meant so.
    Warned {
        /// The step, or `pipeline` if it is of all.
        name: &'a str,
        /// What it found.
        text: &'a str,
    },
    /// A part has ended.
    Ended {
        /// Its name.
        name: &'a str,
        /// Number of rows.
        rows: u64,
        /// How long it took.
        duration: Duration,
    },
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunReport {
    /// What was written, in the order of the file.
    pub outputs: Vec<Wrote>,
    /// The plan that was followed.
    pub plan: Plan,
    /// Where each step ran, if a device was given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub placed: Vec<Placed>,
    /// What is likely not meant so, in the order of the steps.
    pub warnings: Vec<Warning>,
    /// Wall time.
    #[serde(rename = "duration_secs", serialize_with = "secs")]
    pub duration: Duration,
}

/// What a step found that is likely not meant so, though it has a meaning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The step.
    pub step: String,
    /// What it found.
    pub text: String,
}

/// One output that was written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Wrote {
    /// Where.
    pub to: String,
    /// Number of rows; of a graph format, of edges.
    pub rows: u64,
    /// Bytes of the file, or of all files in the folder; absent for object stores.
    pub bytes: Option<u64>,
}

/// How often a step that spills computes what it works on, at most: to see the size of rows, to count them twice, to look
/// at keys twice, and to deal them out. Each time what joins make is counted.
const SPILL_PASSES: u64 = 6;

/// Whether joins made more than there may be, in a part of the pipeline.
fn is_over_budget(error: &Error) -> bool {
    match error {
        Error::OverBudget { .. } => true,
        Error::Pipeline(error) => {
            matches!(&error.fault, PipelineFault::Failed(error) if is_over_budget(error))
        }
        _ => false,
    }
}

fn secs<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

impl Pipeline {
    /// Runs the steps that outputs need; tells `tell` what happens.
    ///
    /// If joins make more rows than was estimated, and more than the limit of memory allows, all is done once more with all
    /// steps through temporary files that can.
    ///
    /// Outputs are written to temporary files beside their places. When all are whole they are
    /// renamed; if anything fails, or the caller stops before that, there is no new file at all, and files that were
    /// there are as they were. An object of a store appears as soon as it is whole, whatever comes after it.
    ///
    /// # Errors
    ///
    /// - [`Error::Pipeline`] with the line and the part of what went wrong, or that more memory is
    ///   needed than allowed; before any work if it is that an output has no place, or a format that its columns do not fit;
    /// - [`Error::Stopped`] if the caller wants it to stop.
    pub fn run(&self, control: &Control, tell: &mut dyn FnMut(Event)) -> Result<RunReport> {
        let start = Instant::now();
        self.check_outputs()?;
        self.check_places()?;
        let (mut placed, mut warnings) = (Vec::new(), Vec::new());
        let mut tell = |event: Event| {
            match event {
                Event::Planned(_) => {
                    placed.clear();
                    warnings.clear();
                }
                Event::Placed(step) => placed.push(step.clone()),
                Event::Warned { name, text } => {
                    warnings.push(Warning { step: name.to_owned(), text: text.to_owned() });
                }
                _ => {}
            }
            tell(event);
        };
        let prepared = self.opened(control)?;
        self.check_columns(&prepared)?;
        let write = |tables: &[Option<Table>], tell: &mut dyn FnMut(Event)| {
            self.write(tables, control, tell)
        };
        let (outputs, plan) = self.with_tables(prepared, write, control, &mut tell)?;
        let duration = start.elapsed();
        Ok(RunReport { outputs, plan, placed, warnings, duration })
    }

    /// The first `n` rows of the last step, or of the only input if there is no step; outputs are
    /// not written.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn head(
        &self,
        n: usize,
        control: &Control,
        tell: &mut dyn FnMut(Event),
    ) -> Result<RecordBatch> {
        self.last_rows(|table| table.limit(n)?.collect(control), control, tell)
    }

    /// All rows of the last step, or of the only input if there is no step; outputs are not written.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn collect(&self, control: &Control, tell: &mut dyn FnMut(Event)) -> Result<RecordBatch> {
        self.last_rows(|table| table.collect(control), control, tell)
    }

    fn last_rows(
        &self,
        rows: impl Fn(&Table) -> Result<RecordBatch>,
        control: &Control,
        tell: &mut dyn FnMut(Event),
    ) -> Result<RecordBatch> {
        // Inputs are files as long as what was prepared lives.
        let prepared = self.opened(control)?;
        let last = self.last();
        let rows = |tables: &[Option<Table>], _: &mut dyn FnMut(Event)| {
            let found = match &tables[last] {
                Some(table) => self.within(table).and_then(|table| rows(&table)),
                None => Ok(RecordBatch::new_empty(Arc::new(Schema::empty()))),
            };
            found.map_err(|error| self.fault(last, error))
        };
        Ok(self.with_tables(prepared, rows, control, tell)?.0)
    }

    /// What `work` makes of the tables, and the plan that was followed: a second one, with all steps through temporary files
    /// that can, if joins make more than the memory of the first one holds.
    fn with_tables<T>(
        &self,
        prepared: Prepared,
        work: impl Fn(&[Option<Table>], &mut dyn FnMut(Event)) -> Result<T>,
        control: &Control,
        tell: &mut dyn FnMut(Event),
    ) -> Result<(T, Plan)> {
        let mut made = |prepared: &Prepared| {
            let tables = self.tables(prepared, control, tell)?;
            work(&tables, tell)
        };
        let error = match made(&prepared) {
            Ok(found) => return Ok((found, prepared.plan)),
            Err(error) => error,
        };
        if !self.may_spill || !is_over_budget(&error) {
            return Err(error);
        }
        let open = |input: usize| prepared.opened[input].clone().map(Ok);
        let again = self.prepare(control, Spills::All, open)?;
        // As the first time, it would fail as it did.
        if again.spills == prepared.spills || again.plan.check_memory().is_err() {
            return Err(error);
        }
        Ok((made(&again)?, again.plan))
    }

    /// Opens the inputs, and checks all steps and the memory.
    fn opened(&self, control: &Control) -> Result<Prepared> {
        let used = self.used();
        let open = |input: usize| {
            let source = self.inputs[input].source.as_ref();
            source.filter(|_| used[input]).map(|source| source.open(control))
        };
        let prepared = self.prepare(control, Spills::Needed, open)?;
        prepared.plan.check_memory()?;
        Ok(prepared)
    }

    /// The tables of all parts that are used.
    fn tables(
        &self,
        prepared: &Prepared,
        control: &Control,
        tell: &mut dyn FnMut(Event),
    ) -> Result<Vec<Option<Table>>> {
        tell(Event::Planned(&prepared.plan));
        if prepared.spilling == Spills::All {
            let text =
                "joins made more rows than was estimated: once more, through temporary files";
            tell(Event::Warned { name: "pipeline", text });
        }
        self.compute(prepared, &self.used(), control, tell)
    }

    /// Refuses places where no file can be made.
    pub(super) fn check_places(&self) -> Result<()> {
        self.outputs.iter().try_for_each(Output::check_place)
    }

    /// Refuses outputs of which columns are known that their formats do not have.
    pub(super) fn check_columns(&self, prepared: &Prepared) -> Result<()> {
        self.outputs.iter().try_for_each(|output| match &prepared.drafts[output.from] {
            Some(table) => output.check_columns(table),
            None => Ok(()),
        })
    }

    /// The tables of all parts that are used; those that are kept are computed now.
    pub(super) fn compute(
        &self,
        prepared: &Prepared,
        used: &[bool],
        control: &Control,
        tell: &mut dyn FnMut(Event),
    ) -> Result<Vec<Option<Table>>> {
        let mut parts = vec![Part::default(); used.len()];
        let order: Vec<usize> = self.order.iter().copied().filter(|&part| used[part]).collect();
        for (at, &part) in order.iter().enumerate() {
            for before in self.done(&order, at) {
                parts[before].leave_device();
            }
            let Some(step) = part.checked_sub(self.inputs.len()) else {
                parts[part] =
                    Part::of(prepared.opened[part].as_ref().map(|opened| opened.table.clone()));
                continue;
            };
            let step = &self.steps[step];
            let fault = |error| self.fault(part, error);
            let spill = prepared.spill_of(part).zip(step.verb.spilling.as_ref());
            let (made, placed) =
                self.place(step, &mut parts, spill.is_some(), control).map_err(fault)?;
            if let Some(placed) = placed {
                tell(Event::Placed(&placed));
            }
            if let Some(made) = made {
                parts[part] = made;
                continue;
            }
            let mut from = Vec::with_capacity(step.from.len());
            for &p in &step.from {
                from.extend(parts[p].on_host().map_err(fault)?);
            }
            if spill.is_some() {
                from =
                    from.iter().map(|table| self.flowing_within(table)).collect::<Result<_>>()?;
            } else if step.verb.holds.is_eager() {
                from = from.iter().map(|table| self.within(table)).collect::<Result<_>>()?;
            }
            let mut words = Vec::new();
            let mut compute = || {
                if !step.keep && spill.is_none() {
                    return (step.verb.apply)(&from, control, &mut words);
                }
                let start = Instant::now();
                tell(Event::Begins { name: &step.name, does: step.verb.name });
                let table = match spill {
                    Some((spill, spilling)) => {
                        let table = spilling.apply(&from, spill, control)?;
                        // Few rows are not dealt into parts, and a join makes many of them.
                        match prepared.spilling {
                            Spills::All if !table.is_in_files() => table.to_file(spill, control)?,
                            _ => table,
                        }
                    }
                    None => (step.verb.apply)(&from, control, &mut words)?,
                };
                if table.is_in_files() {
                    let (rows, duration) = (table.count(control)?, start.elapsed());
                    tell(Event::Ended { name: &step.name, rows, duration });
                    return Ok(table);
                }
                let batches = self.within(&table)?.collect_batches(control)?;
                let table = Table::from_batches(table.schema(), &batches)?;
                let rows = batches.iter().map(|batch| batch.num_rows() as u64).sum();
                tell(Event::Ended { name: &step.name, rows, duration: start.elapsed() });
                Ok(table)
            };
            parts[part] = Part::of(Some(compute().map_err(fault)?));
            for text in &words {
                tell(Event::Warned { name: &step.name, text });
            }
        }
        let on_host = |(part, mut made): (usize, Part)| match self.is_wanted(part) {
            true => made.on_host().map_err(|error| self.fault(part, error)),
            false => Ok(made.table),
        };
        parts.into_iter().enumerate().map(on_host).collect()
    }

    /// As [`within`](Self::within), of a table whose rows a step that spills takes as they come, again and again.
    fn flowing_within(&self, table: &Table) -> Result<Table> {
        match self.memory_limit {
            Some(limit) => table.holding_within(&Budget::new(limit.saturating_mul(SPILL_PASSES))),
            None => Ok(table.clone()),
        }
    }

    /// Whether a part is a result.
    fn is_wanted(&self, part: usize) -> bool {
        part == self.last() || self.outputs.iter().any(|output| output.from == part)
    }

    /// The parts before place `at` of `order` that no step from there on reads, and that are no result.
    fn done(&self, order: &[usize], at: usize) -> Vec<usize> {
        let (before, later) = order.split_at(at);
        let reads = |&later: &usize| {
            later.checked_sub(self.inputs.len()).map_or(&[][..], |step| &self.steps[step].from[..])
        };
        let is_read = |part: &usize| later.iter().any(|later| reads(later).contains(part));
        before.iter().copied().filter(|part| !is_read(part) && !self.is_wanted(*part)).collect()
    }

    fn write(
        &self,
        tables: &[Option<Table>],
        control: &Control,
        tell: &mut dyn FnMut(Event),
    ) -> Result<Vec<Wrote>> {
        let mut staged = Vec::new();
        let mut outputs = Vec::new();
        for output in &self.outputs {
            let Some(table) = &tables[output.from] else { continue };
            let start = Instant::now();
            tell(Event::Begins { name: &output.shown(), does: "write" });
            let table = match self.memory_limit {
                // What is written as it comes may be of any size.
                Some(limit) if output.is_table() => table.holding_within(&Budget::new(limit)),
                _ => self.within(table),
            };
            let table = &table.map_err(|error| output.fault(self.masked(error)))?;
            let mut write = || {
                if output.is_object() {
                    let written = table.write(&output.place, &output.options(), control)?;
                    return Ok(Wrote { to: output.shown(), rows: written.n_rows, bytes: None });
                }
                let place = Path::new(&output.place);
                let failed = |error| Error::file(place, error);
                let file = Staged::new(place).map_err(failed)?;
                let rows = output.write(table, file.path(), control)?;
                let bytes = Some(bytes_of(file.path()).map_err(failed)?);
                staged.push(file);
                Ok(Wrote { to: output.shown(), rows, bytes })
            };
            let wrote = write().map_err(|error| output.fault(self.masked(error)))?;
            tell(Event::Ended {
                name: &output.shown(),
                rows: wrote.rows,
                duration: start.elapsed(),
            });
            outputs.push(wrote);
        }
        control.step("outputs", outputs.len() as u64, Some(outputs.len() as u64))?;
        Staged::publish_all(staged).map_err(|(place, error)| Error::file(&place, error))?;
        Ok(outputs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_done_when_no_step_to_come_reads_them() {
        let text = "[[input]]\nname = 'a'\nfrom = 'a.csv'\n[[step]]\nname = 's'\nverb = 'sort'\nby = 'x'\n\
                    [[step]]\nname = 't'\nverb = 'limit'\nn = 9\n[[step]]\nname = 'u'\nverb = 'concat'\n\
                    from = ['s', 't']\n[[step]]\nname = 'v'\nverb = 'limit'\nn = 1\n\
                    [[output]]\nfrom = 't'\nto = 't.csv'\n[[output]]\nfrom = 'v'\nto = 'v.csv'";
        let pipeline = Pipeline::parse(text, Path::new(".")).unwrap();
        let done = |at| pipeline.done(&[0, 1, 2, 3, 4], at);
        assert_eq!([done(0), done(1), done(2), done(3)], [vec![], vec![], vec![0], vec![0]]);
        // `t` is a result.
        assert_eq!([done(4), done(5)], [vec![0, 1], vec![0, 1, 3]]);
    }
}
