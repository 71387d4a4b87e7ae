//! Expressions of the language that tables on the processor have, for devices.

use arrow::datatypes::{DataType, Field, Schema};
use graph_kernels::{Arithmetic, Comparison, Rounding, ValueType};

use super::calendar;
use super::column::{DeviceColumn, is_text};
use super::formula::Formula;
use super::table::{DeviceTable, Outcome, timed};
use crate::expr::{Binary, Expr, Function, Kind, Literal, OfText, Unary, Word, is_of_text};
use crate::{Error, Result};

/// Most values of a list that a column is looked for in.
const LONGEST_LIST: usize = 1024;

/// What an expression is on a device, and its type in the language.
#[derive(Debug, Clone)]
pub(super) struct Lowered {
    pub(super) formula: Formula,
    pub(super) data_type: DataType,
    is_constant: bool,
}

impl DeviceTable {
    /// The names and types of its columns.
    pub fn schema(&self) -> Schema {
        let field =
            |column: &DeviceColumn| Field::new(&*column.name, column.data_type.clone(), true);
        Schema::new(self.columns.iter().map(field).collect::<Vec<_>>())
    }

    /// The same as `expression` over this table's columns, with the same meaning: what a device
    /// would compute in another way is refused.
    ///
    /// | devices have | but not |
    /// |---|---|
    /// | numbers: `+ - * / %`, `div`, `abs`, `sign`, `round`, `floor`, `ceil`, `is_nan`, `is_finite` | roots, powers, logarithms and angles; digits of `round` |
    /// | comparison, logic, `IN` of up to 1024 values, `CASE`, `if`, `coalesce`, `nullif`, `least`, `greatest` | the same of texts of two columns |
    /// | conditions and `length` of one column of texts, by any of `LIKE`, `~`, `\|\|`, `lower`, `upper`, `substr`, `left`, `right`, `trim`, `reverse`, `concat` | texts as results |
    /// | dates and timestamps in UTC or without a zone: comparison, intervals without months, `year` to `second`, `epoch`, `date`, `date_trunc` | clocks of other zones |
    /// | `CAST` between numbers that cannot fail, of booleans to numbers, and of dates to timestamps | other `CAST`s |
    ///
    /// Integers without a sign from 2⁶³ on are an error when they are met. Quotients are exact, where
    /// the processor's may be off by a bit if the divisor is a constant.
    ///
    /// # Errors
    ///
    /// [`Error::Expression`] if it cannot be computed over these columns, with the place; and
    /// [`Error::Refused`] with the part of it that devices do not have.
    pub fn formula(&self, expression: &Expr) -> Result<Formula> {
        Ok(self.lowered(expression)?.formula)
    }

    fn lowered(&self, expression: &Expr) -> Result<Lowered> {
        let resolved = expression.resolve(&self.schema())?;
        Lowering { table: self }.expr(&resolved.expr)
    }

    /// The rows for which `condition` is true, in their order, as [`filter`](Self::filter).
    ///
    /// # Errors
    ///
    /// Those of [`formula`](Self::formula) and [`filter`](Self::filter).
    pub fn filter_expr(&self, condition: &Expr) -> Result<Outcome<Self>> {
        condition.resolve_condition(&self.schema())?;
        self.filter(&self.formula(condition)?)
    }

    /// The table with the values of `expression` as column `name`, as
    /// [`with_column`](Self::with_column). Dates and times keep their types; numbers are of 64 bits.
    ///
    /// # Errors
    ///
    /// Those of [`formula`](Self::formula) and [`with_column`](Self::with_column).
    pub fn with_expr(&self, name: &str, expression: &Expr) -> Result<Outcome<Self>> {
        timed(self.device, || self.with(self.of_expr(name, expression)?))
    }

    /// The table with the values of `columns`, named expressions which do not see one another, as
    /// [`with_expr`](Self::with_expr).
    ///
    /// # Errors
    ///
    /// Those of [`with_expr`](Self::with_expr), and [`Error::DuplicateColumn`] if two have one name.
    pub fn with_exprs(&self, columns: &[(String, Expr)]) -> Result<Outcome<Self>> {
        for (at, (name, _)) in columns.iter().enumerate() {
            if columns[..at].iter().any(|(other, _)| other == name) {
                return Err(Error::DuplicateColumn { column: name.as_str().into() });
            }
        }
        timed(self.device, || {
            columns.iter().try_fold(self.clone(), |table, (name, expression)| {
                table.with(self.of_expr(name, expression)?)
            })
        })
    }

    /// The values of `columns`, named expressions, alone, as [`with_expr`](Self::with_expr). Columns under other names are not
    /// copied.
    ///
    /// # Errors
    ///
    /// Those of [`with_expr`](Self::with_expr), and [`Error::DuplicateColumn`] if two have one name.
    pub fn select_exprs(&self, columns: &[(String, Expr)]) -> Result<Outcome<Self>> {
        timed(self.device, || {
            let columns = columns.iter().map(|(name, expression)| match &expression.kind {
                Kind::Column(column) => Ok(DeviceColumn {
                    name: name.as_str().into(),
                    ..self.column(&column.name)?.clone()
                }),
                _ => self.of_expr(name, expression),
            });
            Self::new(self.device, self.n_rows, columns.collect::<Result<_>>()?)
        })
    }

    /// The values of an expression as a column.
    fn of_expr(&self, name: &str, expression: &Expr) -> Result<DeviceColumn> {
        let lowered = self.lowered(expression)?;
        let data_type = lowered.data_type.clone();
        let formula = match value_type(&data_type) {
            Some(of) => lowered.typed(of),
            None => return Err(refused(expression, "devices make no such columns")),
        };
        let mut column = self.computed(name, &formula)?;
        column.retype(&data_type)?;
        Ok(column)
    }
}

/// What values of a type are on a device; `None` for those that it does not compute with.
fn value_type(data_type: &DataType) -> Option<ValueType> {
    Some(match data_type {
        DataType::Null | DataType::Boolean => ValueType::Boolean,
        DataType::Float16 | DataType::Float32 | DataType::Float64 => ValueType::Float,
        DataType::Date32
        | DataType::Date64
        | DataType::Time32(_)
        | DataType::Time64(_)
        | DataType::Timestamp(..)
        | DataType::Duration(_) => ValueType::Integer,
        other if other.is_integer() => ValueType::Integer,
        _ => return None,
    })
}

pub(super) fn refused(expression: &Expr, why: &'static str) -> Error {
    Error::Refused { what: expression.to_string().into(), why }
}

impl Lowered {
    pub(super) fn new(formula: Formula, data_type: DataType) -> Self {
        Self { formula, data_type, is_constant: false }
    }

    fn constant(formula: Formula, data_type: DataType) -> Self {
        Self { formula, data_type, is_constant: true }
    }

    fn is_null(&self) -> bool {
        self.data_type == DataType::Null
    }

    /// With a null of that type in place of one of none.
    fn typed(self, of: ValueType) -> Formula {
        if self.is_null() { Formula::Absent(of) } else { self.formula }
    }
}

fn boxed(formula: Formula) -> Box<Formula> {
    Box::new(formula)
}

fn choose(condition: Formula, yes: Formula, no: Formula) -> Formula {
    Formula::Choose(boxed(condition), boxed(yes), boxed(no))
}

fn is_null(of: Formula) -> Formula {
    Formula::IsNull(boxed(of))
}

struct Lowering<'a> {
    table: &'a DeviceTable,
}

impl Lowering<'_> {
    fn exprs(&self, all: &[Expr]) -> Result<Vec<Lowered>> {
        all.iter().map(|one| self.expr(one)).collect()
    }

    fn expr(&self, expr: &Expr) -> Result<Lowered> {
        if let [column] = expr.columns()[..]
            && is_text(&self.table.column(&column.name)?.data_type)
            && let Some(data_type) = is_of_text(expr, &column.name)
        {
            let formula = Formula::OfText(column.name.clone(), expr.clone());
            return Ok(Lowered::new(formula, data_type));
        }
        if let Some(found) = constant_of_text(expr)? {
            return Ok(found);
        }
        let boolean = |formula| Ok(Lowered::new(formula, DataType::Boolean));
        let condition = |of: &Expr| Ok::<_, Error>(self.expr(of)?.typed(ValueType::Boolean));
        match &expr.kind {
            Kind::Column(named) => {
                let data_type = self.table.column(&named.name)?.data_type.clone();
                if value_type(&data_type).is_none() {
                    return Err(refused(
                        expr,
                        "devices do no more with texts than to compare them with constants",
                    ));
                }
                Ok(Lowered::new(Formula::column(&named.name), data_type))
            }
            Kind::Literal(literal) => constant(expr, literal),
            Kind::Unary(Unary::Not, of) => boolean(Formula::Not(boxed(condition(of)?))),
            Kind::Unary(Unary::Negate, of) => {
                let Lowered { formula, data_type, .. } = self.expr(of)?;
                let negative = match data_type {
                    DataType::Null => Formula::Absent(ValueType::Integer),
                    _ => Formula::Negate(boxed(formula)),
                };
                let data_type = if data_type.is_null() { DataType::Int64 } else { data_type };
                Ok(Lowered::new(negative, data_type))
            }
            Kind::Binary(a, operator @ (Binary::And | Binary::Or), b) => {
                let (a, b) = (condition(a)?, condition(b)?);
                boolean(if *operator == Binary::And { a.and(b) } else { a.or(b) })
            }
            Kind::Binary(a, operator, b) => match comparison(*operator) {
                Some(_) => {
                    let (left, right) = (self.expr(a)?, self.expr(b)?);
                    boolean(compared(expr, left, *operator, right)?)
                }
                None => self.arithmetic(expr, a, *operator, b),
            },
            Kind::IsNull(of) => {
                let of = self.expr(of)?;
                boolean(match of.is_null() {
                    true => Formula::Boolean(true),
                    false => is_null(of.formula),
                })
            }
            Kind::In(of, list) => {
                if list.len() > LONGEST_LIST {
                    return Err(refused(of, "lists of devices have at most 1024 values"));
                }
                let of = self.expr(of)?;
                let mut found: Option<Formula> = None;
                for item in self.exprs(list)? {
                    let equal = compared(expr, of.clone(), Binary::Equal, item)?;
                    found = Some(match found {
                        Some(found) => found.or(equal),
                        None => equal,
                    });
                }
                boolean(found.unwrap_or(Formula::Boolean(false)))
            }
            Kind::Case { branches, otherwise } => {
                let mut values =
                    self.exprs(&branches.iter().map(|(_, v)| v.clone()).collect::<Vec<_>>())?;
                let otherwise = match otherwise {
                    Some(otherwise) => self.expr(otherwise)?,
                    None => Lowered::constant(Formula::Absent(ValueType::Boolean), DataType::Null),
                };
                values.push(otherwise);
                let (mut values, data_type) = unified(expr, values)?;
                let mut all = values.pop().unwrap_or(Formula::Boolean(false));
                for ((when, _), value) in branches.iter().zip(values).rev() {
                    all = choose(condition(when)?, value, all);
                }
                Ok(Lowered::new(all, data_type))
            }
            Kind::Cast { operand, to, .. } => cast(expr, self.expr(operand)?, to),
            Kind::Call(function, arguments) => self.call(expr, *function, arguments),
            _ => Err(refused(expr, "devices have no such expression")),
        }
    }

    fn arithmetic(&self, expr: &Expr, a: &Expr, operator: Binary, b: &Expr) -> Result<Lowered> {
        let (left, right) = (self.expr(a)?, self.expr(b)?);
        if calendar::is_time(&left.data_type) || calendar::is_time(&right.data_type) {
            return calendar::arithmetic(expr, left, operator, right);
        }
        let is_single = is_single(&left, &right);
        let data_type = match (&left.data_type, &right.data_type) {
            _ if is_single => DataType::Float32,
            (a, b) if a.is_floating() || b.is_floating() => DataType::Float64,
            _ if operator == Binary::Divide => DataType::Float64,
            _ => DataType::Int64,
        };
        let of = if data_type == DataType::Int64 { ValueType::Integer } else { ValueType::Float };
        let (a, b) = (of_precision(left, is_single, of), of_precision(right, is_single, of));
        let formula = match operator {
            Binary::Add => a.compute(Arithmetic::Add, b),
            Binary::Subtract => a.compute(Arithmetic::Subtract, b),
            Binary::Multiply => a.compute(Arithmetic::Multiply, b),
            Binary::Divide => a.compute(Arithmetic::Divide, b),
            Binary::Remainder if of == ValueType::Integer => a.compute(Arithmetic::Remainder, b),
            Binary::Remainder => {
                // As on the processor, whose remainder is made of these four.
                let rounded = |x: Formula| match is_single {
                    true => Formula::Round(Rounding::Single, boxed(x)),
                    false => x,
                };
                let quotient = rounded(a.clone().compute(Arithmetic::Divide, b.clone()));
                let whole = Formula::Round(Rounding::TowardsZero, boxed(quotient));
                a.compute(Arithmetic::Subtract, rounded(whole.compute(Arithmetic::Multiply, b)))
            }
            _ => return Err(refused(expr, "devices have no such operator")),
        };
        let formula = match is_single {
            true => Formula::Round(Rounding::Single, boxed(formula)),
            false => formula,
        };
        Ok(Lowered::new(formula, data_type))
    }

    fn call(&self, expr: &Expr, function: Function, arguments: &[Expr]) -> Result<Lowered> {
        if let (Function::DateTrunc, [unit, of]) = (function, arguments) {
            let unit = match &unit.kind {
                Kind::Literal(Literal::Text(unit)) => unit.as_str(),
                _ => "",
            };
            return calendar::truncated(expr, unit, self.expr(of)?);
        }
        let mut lowered = self.exprs(arguments)?;
        let float = |of: Lowered| of_precision(of, false, ValueType::Float);
        match function {
            Function::IntegerDivide => {
                let mut both = lowered.into_iter().map(|of| of.typed(ValueType::Integer));
                let (Some(a), Some(b)) = (both.next(), both.next()) else {
                    return Err(refused(expr, "it divides two numbers"));
                };
                Ok(Lowered::new(a.compute(Arithmetic::Quotient, b), DataType::Int64))
            }
            Function::Coalesce => {
                let (values, data_type) = unified(expr, lowered)?;
                let all = values
                    .into_iter()
                    .rev()
                    .reduce(|all, value| Formula::Coalesce(boxed(value), boxed(all)));
                Ok(Lowered::new(all.unwrap_or(Formula::Absent(ValueType::Boolean)), data_type))
            }
            Function::If => {
                let condition = lowered.remove(0).typed(ValueType::Boolean);
                let (mut values, data_type) = unified(expr, lowered)?;
                let (Some(no), Some(yes)) = (values.pop(), values.pop()) else {
                    return Err(refused(expr, "it chooses between two values"));
                };
                Ok(Lowered::new(choose(condition, yes, no), data_type))
            }
            Function::NullIf => {
                let of = |at: usize| lowered[at].clone();
                let (first, equal) = (of(0), compared(expr, of(0), Binary::Equal, of(1))?);
                let Some(value) = value_type(&first.data_type) else {
                    return Err(refused(expr, "devices make no such values"));
                };
                let chosen = choose(equal, Formula::Absent(value), first.clone().typed(value));
                Ok(Lowered::new(chosen, first.data_type))
            }
            Function::Least | Function::Greatest => {
                if lowered.len() > 4 {
                    return Err(refused(expr, "devices compare at most four values so"));
                }
                let how = match function {
                    Function::Least => Binary::Less,
                    _ => Binary::Greater,
                };
                let (values, data_type) = unified(expr, lowered)?;
                let mut values = values.into_iter();
                let mut best = values.next().unwrap_or(Formula::Absent(ValueType::Boolean));
                for other in values {
                    let of = |formula: &Formula| Lowered::new(formula.clone(), data_type.clone());
                    let is_better = compared(expr, of(&other), how, of(&best))?;
                    best = choose(is_null(best.clone()).or(is_better), other, best);
                }
                Ok(Lowered::new(best, data_type))
            }
            Function::Abs | Function::Sign | Function::Round | Function::Floor | Function::Ceil => {
                if arguments.len() > 1 && function == Function::Round {
                    return Err(refused(expr, "devices round to whole numbers"));
                }
                let Lowered { formula, data_type, .. } = lowered.remove(0);
                let formula = match function {
                    _ if data_type.is_null() => Formula::Absent(ValueType::Integer),
                    Function::Abs => Formula::Abs(boxed(formula)),
                    Function::Sign => sign(formula, &data_type),
                    _ if data_type.is_integer() => formula,
                    Function::Round => Formula::Round(Rounding::HalfAway, boxed(formula)),
                    Function::Floor => Formula::Round(Rounding::Down, boxed(formula)),
                    _ => Formula::Round(Rounding::Up, boxed(formula)),
                };
                let data_type = if data_type.is_null() { DataType::Int64 } else { data_type };
                Ok(Lowered::new(formula, data_type))
            }
            Function::IsNan => {
                let is = float(lowered.remove(0)).equals(Formula::Float(f64::NAN));
                Ok(Lowered::new(is, DataType::Boolean))
            }
            Function::IsFinite => {
                // What is not a number is greater than all others.
                let size = Formula::Abs(boxed(float(lowered.remove(0))));
                Ok(Lowered::new(size.less(Formula::Float(f64::INFINITY)), DataType::Boolean))
            }
            _ if arguments.len() == 1 => calendar::part(expr, function, lowered.remove(0)),
            _ => Err(refused(expr, "devices have no such function")),
        }
    }
}

/// A condition or an integer that is made of constant texts.
fn constant_of_text(expr: &Expr) -> Result<Option<Lowered>> {
    let mut has_text = false;
    expr.walk(&mut |part| {
        has_text |= matches!(part.kind, Kind::Literal(Literal::Text(_)));
    });
    if !has_text || !expr.columns().is_empty() {
        return Ok(None);
    }
    let Some(data_type) = is_of_text(expr, "") else {
        return Ok(None);
    };
    let formula = match OfText::new(expr, "")?.value(None) {
        Word::Boolean(value) => Formula::Boolean(value),
        Word::Integer(value) => Formula::Integer(value),
        _ if data_type == DataType::Boolean => Formula::Absent(ValueType::Boolean),
        _ => Formula::Absent(ValueType::Integer),
    };
    Ok(Some(Lowered::new(formula, data_type)))
}

/// -1, 0 or 1; of what is not a number, itself.
fn sign(of: Formula, data_type: &DataType) -> Formula {
    if data_type.is_integer() {
        let integer = Formula::Integer;
        let of_some = choose(
            of.clone().greater(integer(0)),
            integer(1),
            choose(of.clone().less(integer(0)), integer(-1), integer(0)),
        );
        return choose(is_null(of), Formula::Absent(ValueType::Integer), of_some);
    }
    let float = Formula::Float;
    let of_number = choose(
        of.clone().greater(float(0.0)),
        float(1.0),
        choose(of.clone().less(float(0.0)), float(-1.0), of.clone()),
    );
    choose(of.clone().equals(float(f64::NAN)), of, of_number)
}

fn constant(expr: &Expr, literal: &Literal) -> Result<Lowered> {
    let data_type = literal.data_type();
    let formula = match literal {
        Literal::Null => Formula::Absent(ValueType::Boolean),
        Literal::Boolean(value) => Formula::Boolean(*value),
        Literal::Float(value) => Formula::Float(*value),
        Literal::Integer(value) => match i64::try_from(*value) {
            Ok(value) => Formula::Integer(value),
            Err(_) => return Err(refused(expr, "integers of devices are below 2^63")),
        },
        Literal::Date(days) => Formula::Integer((*days).into()),
        Literal::Time(nanos) => Formula::Integer(*nanos),
        Literal::Timestamp { micros, .. } => Formula::Integer(*micros),
        Literal::Interval(interval) => {
            if interval.months != 0 {
                return Err(refused(expr, "devices add no months"));
            }
            let days = i64::from(interval.days).checked_mul(86_400_000_000);
            match days.and_then(|days| days.checked_add(interval.micros)) {
                Some(micros) => Formula::Integer(micros),
                None => return Err(refused(expr, "it does not fit in 64 bits")),
            }
        }
        Literal::Text(_) => {
            return Err(refused(expr, "devices compare texts with those of one column alone"));
        }
    };
    Ok(Lowered::constant(formula, data_type))
}

fn comparison(operator: Binary) -> Option<Comparison> {
    Some(match operator {
        Binary::Equal | Binary::Same => Comparison::Equal,
        Binary::NotEqual => Comparison::NotEqual,
        Binary::Less => Comparison::Less,
        Binary::LessEqual => Comparison::LessOrEqual,
        Binary::Greater => Comparison::Greater,
        Binary::GreaterEqual => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

/// Whether two numbers meet in single precision: constants follow the other side.
fn is_single(a: &Lowered, b: &Lowered) -> bool {
    let single = |of: &Lowered| of.data_type == DataType::Float32;
    match (single(a), single(b)) {
        (true, true) => true,
        (true, false) => b.is_constant || b.is_null(),
        (false, true) => a.is_constant || a.is_null(),
        (false, false) => false,
    }
}

/// A number as one of that type; a constant that meets single precision has it too.
fn of_precision(of: Lowered, is_single: bool, value: ValueType) -> Formula {
    let is_constant = of.is_constant;
    match of.typed(value) {
        Formula::Float(x) if is_single && is_constant => Formula::Float(f64::from(x as f32)),
        Formula::Integer(x) if is_constant && value == ValueType::Float => {
            let x = x as f64;
            Formula::Float(if is_single { f64::from(x as f32) } else { x })
        }
        formula => formula,
    }
}

/// How two values compare.
fn compared(expr: &Expr, a: Lowered, operator: Binary, b: Lowered) -> Result<Formula> {
    let is_same = operator == Binary::Same;
    if a.is_null() || b.is_null() {
        return Ok(match (is_same, a.is_null(), b.is_null()) {
            (false, ..) => Formula::Absent(ValueType::Boolean),
            (true, true, true) => Formula::Boolean(true),
            (true, true, false) => is_null(b.formula),
            (true, ..) => is_null(a.formula),
        });
    }
    let Some(how) = comparison(operator) else {
        return Err(refused(expr, "devices have no such operator"));
    };
    let (a, b) = if calendar::is_time(&a.data_type) && calendar::is_time(&b.data_type) {
        calendar::alike(expr, a, b)?
    } else {
        let is_single = is_single(&a, &b);
        let is_float = a.data_type.is_floating() || b.data_type.is_floating();
        let of = if is_float { ValueType::Float } else { ValueType::Integer };
        (of_precision(a, is_single, of), of_precision(b, is_single, of))
    };
    if !is_same {
        return Ok(a.compare(how, b));
    }
    let equal = a.clone().compare(how, b.clone());
    let or_not = Formula::Coalesce(boxed(equal), boxed(Formula::Boolean(false)));
    Ok(choose(is_null(a), is_null(b), or_not))
}

/// Values of one type, and that type: what the check of the expression has made of them.
fn unified(expr: &Expr, values: Vec<Lowered>) -> Result<(Vec<Formula>, DataType)> {
    let known = |of: &&Lowered| !of.is_null();
    let fixed = values.iter().filter(known).find(|of| !of.is_constant);
    let mut data_type = fixed.or_else(|| values.iter().find(known)).map(|of| of.data_type.clone());
    // Constants have kept their types, and may be wider than what they meet.
    if values.iter().filter(known).any(|of| of.data_type == DataType::Float64)
        && data_type.as_ref().is_some_and(|of| of.is_integer())
    {
        data_type = Some(DataType::Float64);
    }
    let data_type = data_type.unwrap_or(DataType::Null);
    let Some(of) = value_type(&data_type) else {
        return Err(refused(expr, "devices make no such values"));
    };
    let is_single = data_type == DataType::Float32;
    let is_time = calendar::is_time(&data_type);
    let values = values.into_iter().map(|value| {
        if is_time && !value.is_null() && value.data_type != data_type {
            return cast(expr, value, &data_type).map(|value| value.formula);
        }
        Ok(of_precision(value, is_single, of))
    });
    Ok((values.collect::<Result<_>>()?, data_type))
}

/// A value as one of another type.
fn cast(expr: &Expr, of: Lowered, to: &DataType) -> Result<Lowered> {
    let refuse = || Err(refused(expr, "devices have no such conversion"));
    let from = of.data_type.clone();
    let Some(value) = value_type(to) else {
        return refuse();
    };
    if from.is_null() || from == *to {
        return Ok(Lowered::new(of.typed(value), to.clone()));
    }
    if calendar::is_time(&from) || calendar::is_time(to) {
        return calendar::cast(expr, of, to);
    }
    let formula = of.formula;
    let formula = match (&from, to) {
        (DataType::Boolean, _) if to.is_integer() || *to == DataType::Float64 => {
            let (one, zero) = match value {
                ValueType::Float => (Formula::Float(1.0), Formula::Float(0.0)),
                _ => (Formula::Integer(1), Formula::Integer(0)),
            };
            let number = choose(formula.clone(), one, zero);
            choose(is_null(formula), Formula::Absent(value), number)
        }
        (a, b) if a.is_integer() && b.is_integer() && holds(b, a) => formula,
        // Numbers without a sign that do not fit are found when they are read.
        (DataType::UInt64, DataType::Int64) => formula,
        (a, DataType::Float64) if a.is_integer() => Formula::ToFloat(boxed(formula)),
        (DataType::Float16 | DataType::Float32, DataType::Float64) => formula,
        (DataType::Float64, DataType::Float32) => Formula::Round(Rounding::Single, boxed(formula)),
        (a, DataType::Float32) if a.is_integer() && width(a) <= 32 => {
            Formula::Round(Rounding::Single, boxed(Formula::ToFloat(boxed(formula))))
        }
        _ => return refuse(),
    };
    Ok(Lowered::new(formula, to.clone()))
}

fn width(integer: &DataType) -> usize {
    integer.primitive_width().unwrap_or(8) * 8
}

/// Whether an integer type has all numbers of another.
fn holds(wide: &DataType, narrow: &DataType) -> bool {
    match (wide.is_signed_integer(), narrow.is_signed_integer()) {
        (true, true) | (false, false) => width(wide) >= width(narrow),
        (true, false) => width(wide) > width(narrow),
        (false, true) => false,
    }
}
