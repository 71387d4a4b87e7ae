//! Steps on a device: which of them ran there, what they moved, and why others did not.

use std::time::Instant;

use graph_kernels::Device;
use serde::Serialize;

use super::Pipeline;
use super::read::Step;
use crate::device::{self, DeviceTable, GroupColumn, GroupValue, Outcome, Ran};
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

/// What a verb does on a device.
pub(super) type OnDevice =
    Box<dyn Fn(&[&DeviceTable]) -> Result<Outcome<DeviceTable>> + Send + Sync>;

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
        let Some(work) = &step.verb.on_device else {
            placed.reason = Some("devices do not have it".to_owned());
            return Ok((None, Some(placed)));
        };
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
        Error::Device(error) => matches!(**error, graph_kernels::Error::BadExpression { .. }),
        _ => false,
    }
}

pub(super) fn filter(condition: Expr) -> OnDevice {
    Box::new(move |tables| tables[0].filter_expr(&condition))
}

/// One new column; several do not see one another, and are made on the processor.
pub(super) fn with(columns: &[(String, Expr)]) -> Option<OnDevice> {
    let [(name, expr)] = columns else { return None };
    let (name, expr) = (name.clone(), expr.clone());
    Some(Box::new(move |tables| tables[0].with_expr(&name, &expr)))
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
    Box::new(move |tables| tables[0].sort(&keys(&by)))
}

pub(super) fn top(count: usize, by: Vec<SortKey>) -> OnDevice {
    Box::new(move |tables| tables[0].top_k(count, &keys(&by)))
}

/// The first row of each that is distinct.
pub(super) fn unique(by: Vec<String>) -> OnDevice {
    Box::new(move |tables| tables[0].unique(&by.iter().map(String::as_str).collect::<Vec<_>>()))
}

/// Groups with aggregates of single columns that devices have.
pub(super) fn group(by: &[String], aggregates: &[(String, Expr)]) -> Option<OnDevice> {
    let column = |(name, expr): &(String, Expr)| {
        let Kind::Aggregate(aggregate, Some(operand)) = &expr.kind else { return None };
        let Kind::Column(column) = &operand.kind else { return None };
        let value = match aggregate {
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
    if by.is_empty() {
        return None;
    }
    let by = by.to_vec();
    Some(Box::new(move |tables| {
        for column in columns.iter().filter(|column| column.value == GroupValue::Max) {
            if tables[0].has_floats(&column.column)? {
                let what = format!("the greatest of the floats in `{}`", column.column).into();
                let why = "what is no number is left out, and a device takes it for the greatest";
                return Err(Error::Refused { what, why });
            }
        }
        let by: Vec<&str> = by.iter().map(String::as_str).collect();
        tables[0].group_by(&by, &columns)
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
    Some(Box::new(move |tables| {
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
