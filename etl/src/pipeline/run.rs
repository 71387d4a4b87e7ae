//! Running a pipeline: all outputs are whole before the first one appears.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use graph_core::ingest::names_ends;
use graph_core::{Format, Graph, ReadOptions, Staged};
use serde::Serialize;

use super::placed::{Part, Placed};
use super::plan::{Plan, Prepared};
use super::read::Output;
use super::{Pipeline, PipelineError, PipelineFault};
use crate::source::{Opened, table_format};
use crate::table::{self, Budget, Table, WriteOptions};
use crate::{Control, Error, Result};

/// Something that happens in a run.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// All is checked, and work begins.
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
        /// The step.
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
    /// Bytes of the file; absent for object stores.
    pub bytes: Option<u64>,
}

fn secs<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

impl Pipeline {
    /// Runs the steps that outputs need; tells `tell` what happens.
    ///
    /// Outputs are written to temporary files beside their places. When all are whole they are
    /// renamed; if anything fails or the caller stops before that, there is no new file at all.
    ///
    /// # Errors
    ///
    /// - [`Error::Pipeline`] with the line and the part of what went wrong, or that more memory is
    ///   needed than allowed;
    /// - [`Error::Stopped`] if the caller wants it to stop.
    pub fn run(&self, control: &Control, tell: &mut dyn FnMut(Event)) -> Result<RunReport> {
        let start = Instant::now();
        if self.outputs.is_empty() {
            let fault = PipelineFault::Empty("output");
            return Err(PipelineError { line: None, part: "pipeline".into(), fault }.into());
        }
        for output in &self.outputs {
            Self::check_output(output)?;
        }
        let (mut placed, mut warnings) = (Vec::new(), Vec::new());
        let mut tell = |event: Event| {
            match event {
                Event::Placed(step) => placed.push(step.clone()),
                Event::Warned { name, text } => {
                    warnings.push(Warning { step: name.to_owned(), text: text.to_owned() });
                }
                _ => {}
            }
            tell(event);
        };
        let (prepared, tables) = self.tables(control, &mut tell)?;
        let outputs = self.write(&tables, control, &mut tell)?;
        let duration = start.elapsed();
        Ok(RunReport { outputs, plan: prepared.plan, placed, warnings, duration })
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
        rows: impl FnOnce(&Table) -> Result<RecordBatch>,
        control: &Control,
        tell: &mut dyn FnMut(Event),
    ) -> Result<RecordBatch> {
        // Inputs are files as long as what was prepared lives.
        let (_prepared, tables) = self.tables(control, tell)?;
        let last = self.last();
        let found = match &tables[last] {
            Some(table) => self.within(table).and_then(|table| rows(&table)),
            None => Ok(RecordBatch::new_empty(Arc::new(Schema::empty()))),
        };
        found.map_err(|error| self.fault(last, error))
    }

    /// Opens the inputs, checks everything, and gives the tables of all parts that are used.
    fn tables(
        &self,
        control: &Control,
        tell: &mut dyn FnMut(Event),
    ) -> Result<(Prepared, Vec<Option<Table>>)> {
        let used = self.used();
        let open = |input: usize| {
            let source = self.inputs[input].source.as_ref();
            source.filter(|_| used[input]).map(|source| source.open(control))
        };
        let prepared = self.prepare(control, open)?;
        prepared.plan.check_memory()?;
        tell(Event::Planned(&prepared.plan));
        let tables = self.compute(&prepared.opened, &used, control, tell)?;
        Ok((prepared, tables))
    }

    /// The tables of all parts that are used; those that are kept are computed now.
    pub(super) fn compute(
        &self,
        opened: &[Option<Opened>],
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
                parts[part] = Part::of(opened[part].as_ref().map(|opened| opened.table.clone()));
                continue;
            };
            let step = &self.steps[step];
            let fault = |error| self.fault(part, error);
            let (made, placed) = self.place(step, &mut parts, control).map_err(fault)?;
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
            if step.verb.holds.is_eager() {
                from = from.iter().map(|table| self.within(table)).collect::<Result<_>>()?;
            }
            let mut words = Vec::new();
            let mut compute = || {
                if !step.keep {
                    return (step.verb.apply)(&from, control, &mut words);
                }
                let start = Instant::now();
                tell(Event::Begins { name: &step.name, does: step.verb.name });
                let table = (step.verb.apply)(&from, control, &mut words)?;
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

    /// Refuses what cannot be written, before any work.
    fn check_output(output: &Output) -> Result<()> {
        let place = Path::new(&output.place);
        if is_object(&output.place) {
            return Ok(());
        }
        let folder = folder_of(place);
        if !folder.is_dir() {
            let error = std::io::Error::from(std::io::ErrorKind::NotFound);
            return Err(output.fault(Error::file(folder, error)));
        }
        Ok(())
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
            tell(Event::Begins { name: &output.to, does: "write" });
            let table = match self.memory_limit {
                // What is written as it comes may be of any size.
                Some(limit) if output.is_table() => table.holding_within(&Budget::new(limit)),
                _ => self.within(table),
            };
            let table = &table.map_err(|error| output.fault(error))?;
            let mut write = || {
                if is_object(&output.place) {
                    let options = WriteOptions { format: output.tabular(), ..Default::default() };
                    let written = table.write(&output.place, &options, control)?;
                    return Ok(Wrote { to: output.to.clone(), rows: written.n_rows, bytes: None });
                }
                let place = Path::new(&output.place);
                let failed = |error| Error::file(place, error);
                let file = Staged::new(place).map_err(failed)?;
                let rows = output.write(table, file.path(), control)?;
                let bytes = fs::metadata(file.path()).map_err(failed)?;
                staged.push(file);
                Ok(Wrote { to: output.to.clone(), rows, bytes: Some(bytes.len()) })
            };
            let wrote = write().map_err(|error| output.fault(error))?;
            tell(Event::Ended { name: &output.to, rows: wrote.rows, duration: start.elapsed() });
            outputs.push(wrote);
        }
        control.step("outputs", outputs.len() as u64, Some(outputs.len() as u64))?;
        for file in staged {
            let place = file.place().to_owned();
            file.publish().map_err(|error| Error::file(&place, error))?;
        }
        Ok(outputs)
    }
}

impl Output {
    fn fault(&self, error: Error) -> Error {
        if let Error::Stopped { .. } = error {
            return error;
        }
        let part = format!("output `{}`", self.to).into();
        PipelineError { line: self.line, part, fault: error.into() }.into()
    }

    fn format(&self) -> Option<Format> {
        self.format.or_else(|| Format::from_suffix(&self.to))
    }

    /// The format of tables, if it is one.
    fn tabular(&self) -> Option<table::Format> {
        self.format().and_then(table_format)
    }

    /// Whether rows go to it as they come; others are made of all edges.
    fn is_table(&self) -> bool {
        is_object(&self.place) || self.tabular().is_some()
    }

    /// Writes the rows to a file; gives their number.
    fn write(&self, table: &Table, path: &Path, control: &Control) -> Result<u64> {
        let format = self.tabular();
        if format.is_some() {
            let path = path.to_str().ok_or_else(|| {
                Error::file(path, std::io::Error::from(std::io::ErrorKind::InvalidFilename))
            })?;
            let options = WriteOptions { format, ..Default::default() };
            return Ok(table.write(path, &options, control)?.n_rows);
        }
        // A format of graphs is for tables that say which columns are ends; of other tables JSON has the rows.
        let names: Vec<&str> = table.column_names().collect();
        if !names_ends(&names) {
            return match self.format() {
                format @ Some(Format::NodeLink) => {
                    let rows = table.collect(control)?;
                    let options = graph_core::WriteOptions { format, ..Default::default() };
                    graph_core::write_table_with(&rows, path, &options, control)?;
                    Ok(rows.num_rows() as u64)
                }
                _ => Err(Error::NoEnds { columns: names.join("`, `").into() }),
            };
        }
        let batches = table.collect_batches(control)?;
        let graph = Graph::from_batches(batches, None, &ReadOptions::default())?;
        let options = graph_core::WriteOptions { format: self.format(), ..Default::default() };
        graph_core::write(&graph, path, &options)?;
        Ok(graph.n_edges() as u64)
    }
}

fn is_object(place: &str) -> bool {
    place.contains("://")
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
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
