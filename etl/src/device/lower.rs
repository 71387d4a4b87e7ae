//! Expressions of the language that tables on the processor have, for devices.

use arrow::datatypes::DataType;
use graph_kernels::{Arithmetic, Comparison};

use super::formula::{Formula, TextTest};
use super::table::DeviceTable;
use crate::expr::{Binary, Expr, Function, Kind, Literal, Unary};
use crate::{Error, Result};

impl DeviceTable {
    /// The same as `expression` over this table's columns, with the same meaning: what a device
    /// would compute in another way is refused.
    ///
    /// Devices have columns, constants but of time, arithmetic but `%`, comparisons, logic, `IN`,
    /// `CASE`, `abs`, `coalesce`, `contains`, `starts_with` and `ends_with`; strings are compared
    /// with constants alone.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] for the part of the expression that devices do not have,
    /// [`Error::Unknown`] if a column is not there, and [`Error::WrongType`] for columns of `f32`,
    /// which the language computes in `f32` and devices in `f64`.
    pub fn formula(&self, expression: &Expr) -> Result<Formula> {
        let part = |of: &Expr| self.formula(of).map(Box::new);
        let refuse = |why| Err(Error::Refused { what: expression.to_string().into(), why });
        Ok(match &expression.kind {
            Kind::Column(column) if column.element.is_none() => {
                let found = self.column(&column.name)?;
                if matches!(found.data_type, DataType::Float32 | DataType::Float16) {
                    return Err(
                        found.wrong("of 64 bits if it is a float, in expressions on devices")
                    );
                }
                Formula::column(&column.name)
            }
            Kind::Literal(literal) => match literal {
                Literal::Boolean(value) => Formula::Boolean(*value),
                Literal::Float(value) => Formula::Float(*value),
                Literal::Text(text) => Formula::Text(text.clone()),
                Literal::Integer(value) => match i64::try_from(*value) {
                    Ok(value) => Formula::Integer(value),
                    Err(_) => return refuse("integers of devices are below 2^63"),
                },
                _ => return refuse("devices have no such constants"),
            },
            Kind::Unary(Unary::Not, of) => Formula::Not(part(of)?),
            Kind::Unary(Unary::Negate, of) => Formula::Negate(part(of)?),
            Kind::IsNull(of) => Formula::IsNull(part(of)?),
            Kind::Binary(a, operator, b) => match how(*operator) {
                Some(How::Compare(how)) => Formula::Compare(how, part(a)?, part(b)?),
                Some(How::Compute(what)) => Formula::Compute(what, part(a)?, part(b)?),
                Some(How::And) => Formula::And(part(a)?, part(b)?),
                Some(How::Or) => Formula::Or(part(a)?, part(b)?),
                None => return refuse("devices have no such operator"),
            },
            Kind::In(of, list) => {
                let of = self.formula(of)?;
                let list = list.iter().map(|value| self.formula(value));
                of.is_in(list.collect::<Result<Vec<_>>>()?)
            }
            Kind::Case { branches, otherwise: Some(otherwise) } => {
                let mut all = self.formula(otherwise)?;
                for (condition, value) in branches.iter().rev() {
                    all = Formula::Choose(part(condition)?, part(value)?, all.into());
                }
                all
            }
            Kind::Call(Function::Abs, of) if of.len() == 1 => Formula::Abs(part(&of[0])?),
            Kind::Call(Function::Coalesce, values) if !values.is_empty() => {
                let mut all = self.formula(&values[values.len() - 1])?;
                for value in values[..values.len() - 1].iter().rev() {
                    all = Formula::Coalesce(part(value)?, all.into());
                }
                all
            }
            Kind::Call(function, values) => {
                let test = match function {
                    Function::Contains => TextTest::Contains,
                    Function::StartsWith => TextTest::StartsWith,
                    Function::EndsWith => TextTest::EndsWith,
                    _ => return refuse("devices have no such function"),
                };
                match &values[..] {
                    [of, Expr { kind: Kind::Literal(Literal::Text(text)), .. }] => {
                        Formula::Test(test, part(of)?, text.clone())
                    }
                    _ => return refuse("devices look for a constant text alone"),
                }
            }
            _ => return refuse("devices have no such expression"),
        })
    }
}

/// What an operator is on a device.
enum How {
    Compare(Comparison),
    Compute(Arithmetic),
    And,
    Or,
}

fn how(operator: Binary) -> Option<How> {
    Some(match operator {
        Binary::And => How::And,
        Binary::Or => How::Or,
        Binary::Equal => How::Compare(Comparison::Equal),
        Binary::NotEqual => How::Compare(Comparison::NotEqual),
        Binary::Less => How::Compare(Comparison::Less),
        Binary::LessEqual => How::Compare(Comparison::LessOrEqual),
        Binary::Greater => How::Compare(Comparison::Greater),
        Binary::GreaterEqual => How::Compare(Comparison::GreaterOrEqual),
        Binary::Add => How::Compute(Arithmetic::Add),
        Binary::Subtract => How::Compute(Arithmetic::Subtract),
        Binary::Multiply => How::Compute(Arithmetic::Multiply),
        Binary::Divide => How::Compute(Arithmetic::Divide),
        Binary::Same | Binary::Remainder | Binary::Concat => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Float32Array, Float64Array, Int64Array, RecordBatch, StringArray};
    use graph_kernels::Device;

    use super::*;

    fn table(device: Device) -> DeviceTable {
        let columns: Vec<(&str, arrow::array::ArrayRef)> = vec![
            ("whole", Arc::new(Int64Array::from(vec![Some(3), None, Some(-7), Some(0)]))),
            ("float", Arc::new(Float64Array::from(vec![0.5, 1.5, f64::NAN, -2.0]))),
            ("text", Arc::new(StringArray::from(vec![Some("ab"), Some("b"), None, Some("cab")]))),
            ("single", Arc::new(Float32Array::from(vec![0.1; 4]))),
        ];
        DeviceTable::upload(&RecordBatch::try_from_iter(columns).unwrap(), device).unwrap()
    }

    /// What the language says of these rows, by its documentation.
    #[test]
    fn expressions_mean_on_devices_what_they_mean_elsewhere() {
        for device in Device::all().unwrap() {
            let table = table(device);
            for (text, rows) in [
                ("whole > 0", vec![0]),
                ("NOT whole > 0", vec![2, 3]),
                ("whole IS NULL OR float > 100", vec![1, 2]),
                ("whole / whole = 1", vec![0, 2]),
                ("float + whole BETWEEN -2 AND 3.5", vec![0, 3]),
                ("text IN ('b', 'cab')", vec![1, 3]),
                ("text >= 'b' AND contains(text, 'b')", vec![1, 3]),
                ("starts_with(text, 'a') OR ends_with(text, 'ab')", vec![0, 3]),
                ("CASE WHEN whole < 0 THEN abs(whole) ELSE coalesce(whole, 9) END > 6", vec![1, 2]),
                ("-float = 2", vec![3]),
            ] {
                let formula = table.formula(&text.parse().unwrap()).unwrap();
                let found = table.filter(&formula).unwrap().result;
                let expected = graph_kernels::Indices::upload(device, &rows, 4).unwrap();
                let expected = table.gather(&expected).unwrap().result;
                let (found, expected) =
                    (found.select(&["whole", "text"]), expected.select(&["whole", "text"]));
                let (found, expected) =
                    (found.unwrap().download().unwrap(), expected.unwrap().download().unwrap());
                assert_eq!(found, expected, "{text} on {device}");
            }
        }
    }

    #[test]
    fn what_devices_do_not_have_is_refused_by_name() {
        let table = table(Device::Cpu);
        let error = |text: &str| table.formula(&text.parse().unwrap()).unwrap_err().to_string();
        assert!(error("whole % 2 = 1").contains("whole % 2"), "{}", error("whole % 2 = 1"));
        assert!(error("upper(text) = 'AB'").contains("no such function"));
        assert!(error("text LIKE 'a%'").contains("no such expression"));
        assert!(error("single > 0.1").starts_with("column `single` is Float32"));
        assert!(error("hole > 1").contains("did you mean `whole`"));
    }
}
