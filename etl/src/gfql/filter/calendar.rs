//! Conditions on dates: first and last days of months, quarters and years.

use arrow::array::ArrayRef;
use chrono::{Datelike, NaiveDate};

use super::super::query::Calendar;
use super::super::set::Set;
use super::super::temporal::DAY;
use super::compare::local_moments;
use super::{Asked, present};
use crate::Result;

/// The rows whose day, in the zone of the column, passes; nulls do not.
pub(super) fn test(column: &ArrayRef, test: Calendar, rows: &Set, at: Asked) -> Result<Set> {
    let Some(moments) = local_moments(column) else {
        return Err(at.wrong_type(column, "a day of the calendar"));
    };
    Ok(present(column, rows)?.filter(|row| {
        i32::try_from(moments[row as usize].div_euclid(DAY))
            .ok()
            .and_then(NaiveDate::from_epoch_days)
            .is_some_and(|day| passes(day, test))
    }))
}

fn passes(day: NaiveDate, test: Calendar) -> bool {
    let first = day.day() == 1;
    let last = day.succ_opt().is_none_or(|next| next.day() == 1);
    match test {
        Calendar::MonthStart => first,
        Calendar::MonthEnd => last,
        Calendar::QuarterStart => first && day.month() % 3 == 1,
        Calendar::QuarterEnd => last && day.month().is_multiple_of(3),
        Calendar::YearStart => first && day.month() == 1,
        Calendar::YearEnd => last && day.month() == 12,
        Calendar::LeapYear => day.leap_year(),
    }
}
