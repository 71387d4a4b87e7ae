//! Expressions over columns, all of a row at once.

use rayon::prelude::*;

use crate::buffer::check_len;
use crate::cpu::evaluate::{HostColumn, Overflow, Value};
use crate::launch::{Arg, Family, Kernel, family};
use crate::program::{Program, SLOTS, Slot};
use crate::{Buffer, Column, Device, Error, Expression, NONE, Numbers, Result, ValueType, cpu};

static EVALUATE: Family = family!("evaluate", ["evaluate"]);
static KERNEL: Kernel = Kernel { family: &EVALUATE, name: "evaluate", group: 256 };

/// The values of an expression.
#[derive(Debug)]
pub struct Evaluated {
    /// What they are.
    pub value_type: ValueType,
    /// Their bits: of a float those of `f64`, 1 for true; 0 where there is none, shape `[n]`.
    pub bits: Buffer<u64>,
    /// 0 where there is none, shape `[n]`.
    pub valid: Buffer<u32>,
}

/// Computes an expression of each of `n` rows.
///
/// Floats are of 64 bits, computed as IEEE 754 says, in integers where a device has no such unit:
/// every device gives the same bits, but for the sign of what is not a number. O(n) for each part of
/// the expression, in one launch that reads each column once; the host waits for one number.
///
/// # Errors
///
/// [`Error::BadExpression`] if types do not fit, a column is not there, or there are more than 16
/// arrays or 12 values at a time; [`Error::OverflowInRow`] for the first row in which an integer
/// does not fit; [`Error::LengthMismatch`], [`Error::WrongDevice`], [`Error::OutOfMemory`], or
/// [`Error::Driver`].
pub fn evaluate(
    device: Device,
    expression: &Expression,
    columns: &[Column<'_>],
    n: usize,
) -> Result<Evaluated> {
    let program = check(expression, columns, n)?;
    let (mut bits, mut valid) = (Buffer::uninit(device, n)?, Buffer::uninit(device, n)?);
    let value_type = program.result;
    if let (Some(bits), Some(valid)) = (bits.as_mut_slice(), valid.as_mut_slice()) {
        let rows = bits.par_iter_mut().zip(valid);
        on_host(expression, columns, value_type, rows, |(bits, valid), value| {
            *bits = value.map_or(0, Value::bits);
            *valid = u32::from(value.is_some());
        })?;
    } else {
        launch(&program, columns, Some(&mut bits), &mut valid)?;
    }
    Ok(Evaluated { value_type, bits, valid })
}

/// Flags of the rows for which a condition is true: 0 where it is false or neither.
///
/// In all else as [`evaluate`].
///
/// ```
/// use graph_kernels::{
///     Buffer, Column, Comparison, Device, Expression, Meaning, Numbers, evaluate_flags,
/// };
///
/// let ages = Buffer::upload(Device::Cpu, &[31_u32, 17, 54])?;
/// let column = Column { numbers: Numbers::Narrow(&ages, Meaning::Unsigned), valid: None };
/// let (age, limit) = (Expression::Column(0).into(), Expression::Integer(18).into());
/// let is_adult = Expression::Compare(Comparison::GreaterOrEqual, age, limit);
/// let flags = evaluate_flags(Device::Cpu, &is_adult, &[column], 3)?;
/// assert_eq!(flags.download()?, [1, 0, 1]);
/// # Ok::<(), graph_kernels::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`evaluate`], and [`Error::BadExpression`] if it is no condition.
pub fn evaluate_flags(
    device: Device,
    condition: &Expression,
    columns: &[Column<'_>],
    n: usize,
) -> Result<Buffer<u32>> {
    let program = check(condition, columns, n)?;
    if program.result != ValueType::Boolean {
        let reason = format!("a condition is a boolean, but it is of type {:?}", program.result);
        return Err(Error::BadExpression { reason: reason.into() });
    }
    let mut flags = Buffer::uninit(device, n)?;
    if let Some(flags) = flags.as_mut_slice() {
        on_host(condition, columns, program.result, flags.par_iter_mut(), |flag, value| {
            *flag = u32::from(value.is_some_and(|value| value.bits() == 1));
        })?;
    } else {
        launch(&program, columns, None, &mut flags)?;
    }
    Ok(flags)
}

fn check(expression: &Expression, columns: &[Column<'_>], n: usize) -> Result<Program> {
    for column in columns {
        check_len("a column", column.len(), n)?;
        check_len("valid", column.valid.map_or(n, Buffer::len), n)?;
    }
    Program::new(expression, columns)
}

/// Computes all rows with the threads of the processor.
fn on_host<R: Send>(
    expression: &Expression,
    columns: &[Column<'_>],
    value_type: ValueType,
    rows: impl IndexedParallelIterator<Item = R>,
    put: impl Fn(R, Option<Value>) + Sync,
) -> Result<()> {
    let types: Vec<ValueType> = columns.iter().map(Column::value_type).collect();
    let columns: Vec<HostColumn<'_>> =
        columns.iter().map(HostColumn::new).collect::<Result<_>>()?;
    let columns = (&columns[..], &types[..]);
    let failed = rows
        .enumerate()
        .filter_map(|(row, place)| match cpu::evaluate::evaluate(expression, columns, row) {
            Ok(value) => {
                put(place, value.map(|value| value.into_type(value_type)));
                None
            }
            Err(Overflow) => Some(row),
        })
        .min();
    failed.map_or(Ok(()), |row| Err(Error::OverflowInRow { row }))
}

fn launch(
    program: &Program,
    columns: &[Column<'_>],
    bits: Option<&mut Buffer<u64>>,
    flags: &mut Buffer<u32>,
) -> Result<()> {
    let device = flags.device();
    let n = flags.len_u32("rows")?;
    if n == 0 {
        return Ok(());
    }
    let words = Buffer::upload(device, &program.words)?;
    // At least one entry, as for all arrays that may be empty.
    let tables = Buffer::upload(device, &[&program.tables[..], &[0]].concat())?;
    let mut failed = Buffer::upload(device, &[NONE])?;
    let mut args: Vec<Arg<'_>> = vec![(&words).into(), (&tables).into()];
    let array = |slot: &Slot| match *slot {
        Slot::Numbers(at) => match columns[at].numbers {
            Numbers::Flags(numbers) | Numbers::Narrow(numbers, _) => Arg::from(numbers),
            Numbers::Wide(numbers, _) => Arg::from(numbers),
        },
        Slot::Mask(at) => columns[at].valid.map_or(Arg::from(&words), Arg::from),
    };
    args.extend(program.slots.iter().map(array));
    args.resize(2 + SLOTS, (&words).into());
    let used = |at: &usize| program.slots.contains(&Slot::Numbers(*at));
    let read: u64 = (0..columns.len()).filter(used).map(|at| columns[at].width()).sum();
    let (is_wide, write) = (u32::from(bits.is_some()), if bits.is_some() { 12 } else { 4 });
    args.push(bits.map_or_else(|| Arg::from(&*flags), |bits| Arg::from(&*bits)));
    let length = program.words.len() as u32;
    let last: [Arg<'_>; 5] =
        [(&*flags).into(), (&mut failed).into(), n.into(), length.into(), is_wide.into()];
    args.extend(last);
    let groups = KERNEL.groups_for(n as usize);
    device.launch(&KERNEL, groups, (read + write) * u64::from(n), &args)?;
    match failed.download()?[0] {
        NONE => Ok(()),
        row => Err(Error::OverflowInRow { row: row as usize }),
    }
}
