//! Steps on a device: which of them ran there, what they moved, and why others did not.

use std::time::Instant;

use graph_kernels::Device;
use serde::Serialize;

use super::Pipeline;
use super::read::Step;
use crate::device::{self, DeviceTable, Formula, GroupColumn, GroupValue, Outcome, Ran};
use crate::expr::{Aggregate, Expr, Kind};
use crate::table::{JoinKind, JoinOptions, SortKey, Table};
use crate::{Control, Error, Result};

/// Where a step ran, in a pipeline that was given a device.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Placed {
    /// The step.
    pub step: String,
    /// Its verb.
    pub verb: &'static str,
    /// How it ran on the device, copies to it included; absent if it ran on the processor.
    pub ran: Option<Ran>,
    /// Why it ran on the processor.
    pub reason: Option<String>,
}

type Work = Box<dyn Fn(&[&DeviceTable]) -> Result<Outcome<DeviceTable>> + Send + Sync>;

/// What a verb does on a device.
pub(super) struct OnDevice {
    work: Work,
    /// Whether tables are copied to the device for it.
    fetches: bool,
}

impl OnDevice {
    fn new(
        work: impl Fn(&[&DeviceTable]) -> Result<Outcome<DeviceTable>> + Send + Sync + 'static,
    ) -> Self {
        Self { work: Box::new(work), fetches: true }
    }

    /// For tables that are on the device already: what takes less than a copy does.
    fn if_there(self) -> Self {
        Self { fetches: false, ..self }
    }
}

/// The table of an input or a step: where it is.
#[derive(Clone, Default)]
pub(super) struct Part {
    /// As a plan, or rows, of the host.
    pub(super) table: Option<Table>,
    on_device: Option<DeviceTable>,
}

impl Part {
    pub(super) fn of(table: Option<Table>) -> Self {
        Self { table, on_device: None }
    }

    /// The table on the host, where it is copied if it is not there.
    pub(super) fn on_host(&mut self) -> Result<Option<Table>> {
        if let (None, Some(table)) = (&self.table, &self.on_device) {
            self.table = Some(Table::from_batch(table.download()?)?);
        }
        Ok(self.table.clone())
    }

    /// Gives the memory of the device back, and with it a table that the host has not.
    pub(super) fn leave_device(&mut self) {
        self.on_device = None;
    }

    /// Copies the table to the device if it is not there; gives the bytes that went.
    fn upload(&mut self, of: &Pipeline, device: Device, control: &Control) -> Result<u64> {
        if self.on_device.is_some() {
            return Ok(0);
        }
        let Some(table) = &self.table else { return Ok(0) };
        let on_device = DeviceTable::upload(&of.within(table)?.collect(control)?, device)?;
        let bytes = on_device.bytes();
        self.on_device = Some(on_device);
        Ok(bytes)
    }
}

impl Pipeline {
    /// Runs `step` on the device, if there is one that has its verb, and it does not spill; otherwise says why not.
    pub(super) fn place(
        &self,
        step: &Step,
        parts: &mut [Part],
        spills: bool,
        control: &Control,
    ) -> Result<(Option<Part>, Option<Placed>)> {
        let device = match self.device {
            None | Some(Device::Cpu) => return Ok((None, None)),
            Some(device) => device,
        };
        let mut placed =
            Placed { step: step.name.clone(), verb: step.verb.name, ran: None, reason: None };
        if spills {
            placed.reason = Some("its rows go through files".to_owned());
            return Ok((None, Some(placed)));
        }
        let Some(OnDevice { work, fetches }) = &step.verb.on_device else {
            placed.reason = Some("devices do not have it".to_owned());
            return Ok((None, Some(placed)));
        };
        if self.memory_limit.is_some() && step.verb.name == "join" {
            placed.reason = Some("what joins make is counted there, within a limit".to_owned());
            return Ok((None, Some(placed)));
        }
        if !fetches && step.from.iter().any(|&part| parts[part].on_device.is_none()) {
            placed.reason = Some("a copy of its table would take longer".to_owned());
            return Ok((None, Some(placed)));
        }
        let start = Instant::now();
        let mut run = || {
            let mut uploaded = 0;
            for &part in &step.from {
                uploaded += parts[part].upload(self, device, control)?;
            }
            let inputs: Vec<&DeviceTable> =
                step.from.iter().filter_map(|&part| parts[part].on_device.as_ref()).collect();
            let Outcome { result, mut ran } = work(&inputs)?;
            ran.bytes_uploaded += uploaded;
            ran.duration = start.elapsed();
            Ok((result, ran))
        };
        match run() {
            Ok((table, ran)) => {
                placed.ran = Some(ran);
                Ok((Some(Part { table: None, on_device: Some(table) }), Some(placed)))
            }
            Err(error) if is_for_processor(&error) => {
                placed.reason = Some(error.to_string());
                Ok((None, Some(placed)))
            }
            Err(error) => Err(error),
        }
    }
}

/// Whether the processor may do what a device did not: types and expressions that devices do not take, and more rows
/// than they make. What is wrong with a device, or with the rows, is wrong.
fn is_for_processor(error: &Error) -> bool {
    match error {
        Error::WrongType { .. }
        | Error::UnsupportedType { .. }
        | Error::Refused { .. }
        | Error::Expression(_)
        | Error::TooManyRows { .. } => true,
        // What does not fit there may fit on the processor, which has integers without a sign.
        Error::Device(error) => matches!(
            **error,
            graph_kernels::Error::BadExpression { .. } | graph_kernels::Error::OverflowInRow { .. }
        ),
        _ => false,
    }
}

pub(super) fn filter(condition: Expr) -> OnDevice {
    OnDevice::new(move |tables| tables[0].filter_expr(&condition))
}

/// New columns, which do not see one another.
pub(super) fn with(columns: &[(String, Expr)]) -> OnDevice {
    let columns = columns.to_vec();
    OnDevice::new(move |tables| tables[0].with_exprs(&columns))
}

/// Columns by their names.
pub(super) fn select(names: Vec<String>) -> OnDevice {
    at_once(move |table| table.select(&texts(&names)))
}

/// Columns by names or as expressions, each with the name that it is to have.
pub(super) fn select_exprs(columns: Vec<(String, Expr)>) -> OnDevice {
    OnDevice::new(move |tables| tables[0].select_exprs(&columns))
}

pub(super) fn drop_columns(names: Vec<String>) -> OnDevice {
    at_once(move |table| table.drop_columns(&texts(&names)))
}

/// Other names for columns, as `(old, new)`.
pub(super) fn rename(pairs: Vec<(String, String)>) -> OnDevice {
    at_once(move |table| {
        let pairs = pairs.iter().map(|(old, new)| (old.as_str(), new.as_str()));
        table.rename(&pairs.collect::<Vec<_>>())
    })
}

pub(super) fn slice(skip: usize, count: usize) -> OnDevice {
    OnDevice::new(move |tables| tables[0].slice(skip, count)).if_there()
}

pub(super) fn drop_nulls(names: Vec<String>) -> OnDevice {
    OnDevice::new(move |tables| tables[0].drop_nulls(&texts(&names)))
}

/// What shares columns with the table it is of, and takes no time.
fn at_once(what: impl Fn(&DeviceTable) -> Result<DeviceTable> + Send + Sync + 'static) -> OnDevice {
    OnDevice::new(move |tables| device::timed(tables[0].device(), || what(tables[0]))).if_there()
}

fn texts(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

fn keys(keys: &[SortKey]) -> Vec<device::SortKey<'_>> {
    keys.iter()
        .map(|key| match key.descending {
            true => device::SortKey::descending(&key.column),
            false => device::SortKey::ascending(&key.column),
        })
        .collect()
}

pub(super) fn sort(by: Vec<SortKey>) -> OnDevice {
    OnDevice::new(move |tables| tables[0].sort(&keys(&by)))
}

pub(super) fn top(count: usize, by: Vec<SortKey>) -> OnDevice {
    OnDevice::new(move |tables| tables[0].top_k(count, &keys(&by)))
}

/// The first row of each that is distinct.
pub(super) fn unique(by: Vec<String>) -> OnDevice {
    OnDevice::new(move |tables| tables[0].unique(&texts(&by)))
}

/// Groups with aggregates of single columns that devices have.
pub(super) fn group(by: &[String], aggregates: &[(String, Expr)]) -> Option<OnDevice> {
    let first = by.first()?;
    let column = |(name, expr): &(String, Expr)| {
        let Kind::Aggregate(aggregate, operand) = &expr.kind else { return None };
        let Some(operand) = operand else {
            let rows = GroupColumn::new(first, GroupValue::Rows);
            return (*aggregate == Aggregate::Count).then(|| rows.named(name));
        };
        let Kind::Column(column) = &operand.kind else { return None };
        let value = match aggregate {
            Aggregate::Count => GroupValue::Count,
            Aggregate::Sum => GroupValue::Sum,
            Aggregate::Mean => GroupValue::Mean,
            Aggregate::Min => GroupValue::Min,
            Aggregate::Max => GroupValue::Max,
            Aggregate::First => GroupValue::First,
            _ => return None,
        };
        Some(GroupColumn::new(&column.name, value).named(name))
    };
    let columns: Vec<GroupColumn> = aggregates.iter().map(column).collect::<Option<_>>()?;
    let by = by.to_vec();
    Some(OnDevice::new(move |tables| {
        for column in columns.iter().filter(|column| column.value == GroupValue::Max) {
            if tables[0].has_floats(&column.column)? {
                let what = format!("the greatest of the floats in `{}`", column.column).into();
                let why = "what is no number is left out, and a device takes it for the greatest";
                return Err(Error::Refused { what, why });
            }
        }
        let mut found = tables[0].group_by(&texts(&by), &columns)?;
        // Counts have 64 bits in tables.
        let is_count =
            |column: &&GroupColumn| matches!(column.value, GroupValue::Count | GroupValue::Rows);
        for GroupColumn { name, .. } in columns.iter().filter(is_count) {
            let wide = found.result.with_column(name, &Formula::column(name))?;
            found.result = wide.result;
            found.ran.bytes_on_device += wide.ran.bytes_on_device;
        }
        Ok(found)
    }))
}

pub(super) fn join(options: &JoinOptions) -> Option<OnDevice> {
    let kind = match options.kind {
        JoinKind::Inner => device::JoinKind::Inner,
        JoinKind::Left => device::JoinKind::Left,
        JoinKind::Semi => device::JoinKind::Semi,
        JoinKind::Anti => device::JoinKind::Anti,
        JoinKind::Full | JoinKind::Cross => return None,
    };
    if options.nulls_equal {
        return None;
    }
    let options = options.clone();
    Some(OnDevice::new(move |tables| {
        let on: Vec<(&str, &str)> = options
            .left_on
            .iter()
            .map(String::as_str)
            .zip(options.right_on.iter().map(String::as_str))
            .collect();
        let usual = device::Join::new(kind, &on);
        let limit = options.limit.and_then(|limit| usize::try_from(limit).ok());
        let limit = limit.map_or(usual.limit, |limit| limit.min(usual.limit));
        tables[0].join(tables[1], &device::Join { suffix: &options.suffix, limit, ..usual })
    }))
}
