//! Calls of functions and aggregates, with as many arguments as they take.

use super::Parsed;
use crate::expr::functions::{Aggregate, Function};
use crate::expr::{Expr, ExpressionError, Kind, Literal, Place, Problem};

pub(super) fn aggregate_of(
    place: Place,
    aggregate: Aggregate,
    star: bool,
    distinct: bool,
    arguments: Vec<Expr>,
) -> Option<Parsed> {
    let n = arguments.len();
    let mut arguments = arguments.into_iter();
    let (aggregate, argument) = match (aggregate, star, distinct, n) {
        (Aggregate::Count, _, false, 0) => (aggregate, None),
        (_, true, ..) => return None,
        (Aggregate::Count, false, true, 1) => (Aggregate::CountDistinct, arguments.next()),
        (_, _, true, _) => return None,
        (Aggregate::Quantile(_), _, _, 2) => {
            let argument = arguments.next();
            let quantile = match arguments.next().map(|quantile| (quantile.kind, quantile.place)) {
                Some((Kind::Literal(Literal::Float(value)), _)) => value,
                Some((Kind::Literal(Literal::Integer(value)), _)) => value as f64,
                _ => f64::NAN,
            };
            if !(0.0..=1.0).contains(&quantile) {
                let problem = Problem::WrongType {
                    what: "the second argument of quantile".into(),
                    found: quantile.to_string().into(),
                    expected: "a constant from 0 to 1".into(),
                };
                return Some(Err(ExpressionError::new(place, problem)));
            }
            (Aggregate::Quantile(quantile), argument)
        }
        (Aggregate::Quantile(_), ..) => {
            return Some(Err(wrong_count(place, "quantile", n, "2".into())));
        }
        (_, _, _, 1) => (aggregate, arguments.next()),
        _ => return Some(Err(wrong_count(place, aggregate.name(), n, "1".into()))),
    };
    Some(Ok(Expr { kind: Kind::Aggregate(aggregate, argument.map(Box::new)), place }))
}

pub(super) fn wrong_count(
    place: Place,
    function: &'static str,
    found: usize,
    expected: Box<str>,
) -> ExpressionError {
    ExpressionError::new(place, Problem::WrongCount { function, found, expected })
}

pub(super) fn counted(place: Place, function: Function, arguments: Vec<Expr>) -> Parsed {
    match function.signature().wrong_count(arguments.len()) {
        Some(expected) => Err(wrong_count(place, function.name(), arguments.len(), expected)),
        None => Ok(call(place, function, arguments)),
    }
}

pub(super) fn call(place: Place, function: Function, arguments: Vec<Expr>) -> Expr {
    Expr { kind: Kind::Call(function, arguments), place }
}
