//! Values of columns as JSON.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    UInt64Type,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::SecondsFormat;
use serde_json::{Number, Value};

use crate::error::{ApiError, ApiResult};

/// Longest text of a value, in characters.
const LONGEST: usize = 10_000;

/// The values of a column: numbers and truth values as they are, moments as text in ISO 8601, all else as text.
/// Numbers that are none become null.
pub(crate) fn cells(column: &ArrayRef) -> ApiResult<Vec<Value>> {
    let to = |kind: &DataType| cast(column, kind).map_err(ApiError::internal);
    let kind = match column.data_type() {
        DataType::Dictionary(_, values) => values.as_ref(),
        kind => kind,
    };
    Ok(match kind {
        DataType::Null => vec![Value::Null; column.len()],
        DataType::Boolean => to(kind)?
            .as_boolean()
            .iter()
            .map(|value| value.map_or(Value::Null, Value::Bool))
            .collect(),
        kind if kind.is_unsigned_integer() => {
            let values = to(&DataType::UInt64)?;
            values.as_primitive::<UInt64Type>().iter().map(Value::from).collect()
        }
        kind if kind.is_integer() => {
            let values = to(&DataType::Int64)?;
            values.as_primitive::<Int64Type>().iter().map(Value::from).collect()
        }
        // As few digits as tell it from others of its kind.
        DataType::Float16 | DataType::Float32 => {
            let values = to(&DataType::Float32)?;
            let values = values.as_primitive::<arrow::datatypes::Float32Type>();
            let shortest =
                |value: f32| value.to_string().parse::<f64>().ok().and_then(Number::from_f64);
            values
                .iter()
                .map(|value| value.and_then(shortest).map_or(Value::Null, Value::Number))
                .collect()
        }
        DataType::Float64 | DataType::Decimal128(..) | DataType::Decimal256(..) => {
            let values = to(&DataType::Float64)?;
            let number = |value: Option<f64>| {
                value.and_then(Number::from_f64).map_or(Value::Null, Value::Number)
            };
            values.as_primitive::<Float64Type>().iter().map(number).collect()
        }
        DataType::Timestamp(_, zone) => {
            let values = to(&DataType::Timestamp(TimeUnit::Microsecond, zone.clone()))?;
            let values = values.as_primitive::<TimestampMicrosecondType>();
            let moment = |row: usize| {
                let moment = values.is_valid(row).then(|| values.value_as_datetime(row))??;
                let text = moment.and_utc().to_rfc3339_opts(SecondsFormat::AutoSi, true);
                // Without a zone it is nobody's noon in particular.
                Some(if zone.is_some() { text } else { text.trim_end_matches('Z').to_owned() })
            };
            (0..values.len()).map(|row| moment(row).map_or(Value::Null, Value::String)).collect()
        }
        _ => {
            let options = FormatOptions::default();
            let formatter =
                ArrayFormatter::try_new(column.as_ref(), &options).map_err(ApiError::internal)?;
            let text = |row| match column.is_null(row) {
                true => Ok(Value::Null),
                false => {
                    formatter.value(row).try_to_string().map(|text| Value::String(shortened(text)))
                }
            };
            (0..column.len()).map(text).collect::<Result<_, _>>().map_err(ApiError::internal)?
        }
    })
}

fn shortened(text: String) -> String {
    match text.char_indices().nth(LONGEST) {
        None => text,
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// What a column holds, to be counted.
pub(crate) enum Counted {
    /// Numbers, whole if the flag says so; what is missing or not finite is not a number.
    Numbers(Vec<f64>, bool),
    /// Moments in milliseconds since 1970; what is missing is not a number.
    Times(Vec<f64>),
    /// Texts and truth values.
    Categories(ArrayRef),
}

/// The column as what can be counted.
pub(crate) fn counted(name: &str, column: &ArrayRef) -> ApiResult<Counted> {
    let to = |column: &ArrayRef, kind: &DataType| cast(column, kind).map_err(ApiError::invalid);
    let kind = match column.data_type() {
        DataType::Dictionary(_, values) => values.as_ref(),
        kind => kind,
    };
    let nan = |value: Option<f64>| value.filter(|value| value.is_finite()).unwrap_or(f64::NAN);
    match kind {
        kind if kind.is_numeric() => {
            let values = to(column, &DataType::Float64)?;
            let values = values.as_primitive::<Float64Type>().iter().map(nan).collect();
            Ok(Counted::Numbers(values, kind.is_integer()))
        }
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => {
            let values = to(column, &DataType::Timestamp(TimeUnit::Millisecond, None))?;
            let values = values.as_primitive::<TimestampMillisecondType>();
            let millis = |value: Option<i64>| value.map_or(f64::NAN, |value| value as f64);
            Ok(Counted::Times(values.iter().map(millis).collect()))
        }
        DataType::Boolean
        | DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Time32(_)
        | DataType::Time64(_)
        | DataType::Duration(_) => Ok(Counted::Categories(to(column, &DataType::Utf8View)?)),
        other => Err(ApiError::Invalid(format!(
            "column `{name}` is of type {other}, which cannot be counted"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        Decimal128Array, Float32Array, Float64Array, StringArray, TimestampSecondArray, UInt64Array,
    };
    use serde_json::json;

    use super::*;

    fn of(column: impl Array + 'static) -> Value {
        Value::Array(cells(&(Arc::new(column) as ArrayRef)).unwrap())
    }

    #[test]
    fn values_are_what_they_are() {
        assert_eq!(of(UInt64Array::from(vec![Some(u64::MAX), None])), json!([u64::MAX, null]));
        assert_eq!(of(Float32Array::from(vec![0.1, f32::NAN])), json!([0.1, null]));
        assert_eq!(of(Float64Array::from(vec![f64::INFINITY, 0.25])), json!([null, 0.25]));
        assert_eq!(of(StringArray::from(vec![Some("a"), None])), json!(["a", null]));
        let decimals = Decimal128Array::from(vec![125]).with_precision_and_scale(5, 2).unwrap();
        assert_eq!(of(decimals), json!([1.25]));
        let moments = vec![Some(0), None];
        assert_eq!(
            of(TimestampSecondArray::from(moments.clone())),
            json!(["1970-01-01T00:00:00", null])
        );
        let zoned = TimestampSecondArray::from(moments).with_timezone("UTC");
        assert_eq!(of(zoned), json!(["1970-01-01T00:00:00Z", null]));
    }
}
