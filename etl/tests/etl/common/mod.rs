//! Expressions that look random, and what they are of a row, written as directly as can be.

#![expect(unreachable_pub, reason = "the modules of this program use it, and nobody else")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray,
};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use graph_etl::expr::{Binary, Expr, Function, Kind, Literal, Unary};
use proptest::prelude::*;

/// A value of one row.
#[derive(Debug, Clone)]
pub enum Value {
    Null,
    Int(i64),
    Float(f64),
    Text(String),
    Bool(bool),
}

pub use Value::{Bool, Float, Int, Null, Text};

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Null, Null) => true,
            (Int(a), Int(b)) => a == b,
            (Float(a), Float(b)) => a == b || a.is_nan() && b.is_nan(),
            (Text(a), Text(b)) => a == b,
            (Bool(a), Bool(b)) => a == b,
            _ => false,
        }
    }
}

#[derive(Debug, Clone)]
pub struct Row {
    pub a: Option<i64>,
    pub b: Option<i64>,
    pub x: Option<f64>,
    pub s: Option<String>,
    pub t: Option<bool>,
}

fn of<T>(value: Option<T>, make: impl Fn(T) -> Value) -> Value {
    value.map_or(Null, make)
}

/// What `expr` is for `row`, written as directly as can be.
pub fn eval(expr: &Expr, row: &Row) -> Value {
    let sub = |expr: &Expr| eval(expr, row);
    match &expr.kind {
        Kind::Column(column) => match column.name.as_str() {
            "a" => of(row.a, Int),
            "b" => of(row.b, Int),
            "x" => of(row.x, Float),
            "s" => of(row.s.clone(), Text),
            "t" => of(row.t, Bool),
            other => panic!("column {other}"),
        },
        Kind::Literal(literal) => match literal {
            Literal::Null => Null,
            Literal::Boolean(value) => Bool(*value),
            Literal::Integer(value) => Int(*value as i64),
            Literal::Float(value) => Float(*value),
            Literal::Text(text) => Text(text.clone()),
            other => panic!("{other:?}"),
        },
        Kind::Unary(Unary::Not, operand) => match sub(operand) {
            Bool(value) => Bool(!value),
            _ => Null,
        },
        Kind::Unary(Unary::Negate, operand) => match sub(operand) {
            Int(value) => Int(-value),
            Float(value) => Float(-value),
            _ => Null,
        },
        Kind::Binary(left, operator, right) => binary(sub(left), *operator, sub(right)),
        Kind::IsNull(operand) => Bool(sub(operand) == Null),
        Kind::In(operand, list) => {
            let operand = sub(operand);
            list.iter().fold(Bool(false), |found, item| {
                binary(found, Binary::Or, binary(operand.clone(), Binary::Equal, sub(item)))
            })
        }
        Kind::Like { operand, pattern, ignore_case } => match sub(operand) {
            Text(text) => {
                let (text, pattern) = match ignore_case {
                    true => (text.to_lowercase(), pattern.to_lowercase()),
                    false => (text, pattern.clone()),
                };
                Bool(like(&text.chars().collect::<Vec<_>>(), &pattern.chars().collect::<Vec<_>>()))
            }
            _ => Null,
        },
        Kind::Case { branches, otherwise } => branches
            .iter()
            .find(|(condition, _)| sub(condition) == Bool(true))
            .map_or_else(|| otherwise.as_deref().map_or(Null, sub), |(_, value)| sub(value)),
        Kind::Call(function, arguments) => call(*function, arguments.iter().map(sub).collect()),
        other => panic!("{other:?}"),
    }
}

fn like(text: &[char], pattern: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['%', rest @ ..] => (0..=text.len()).any(|skipped| like(&text[skipped..], rest)),
        ['_', rest @ ..] => !text.is_empty() && like(&text[1..], rest),
        [one, rest @ ..] => text.first() == Some(one) && like(&text[1..], rest),
    }
}

fn float(value: &Value) -> Option<f64> {
    match value {
        Int(value) => Some(*value as f64),
        Float(value) => Some(*value),
        _ => None,
    }
}

fn order(left: &Value, right: &Value) -> Option<std::cmp::Ordering> {
    match (left, right) {
        (Null, _) | (_, Null) => None,
        (Int(a), Int(b)) => Some(a.cmp(b)),
        (Text(a), Text(b)) => Some(a.cmp(b)),
        (Bool(a), Bool(b)) => Some(a.cmp(b)),
        _ => {
            let (a, b) = (float(left)?, float(right)?);
            Some(a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan())))
        }
    }
}

fn binary(left: Value, operator: Binary, right: Value) -> Value {
    let compared = |right_orders: fn(std::cmp::Ordering) -> bool| {
        of(order(&left, &right), |order| Bool(right_orders(order)))
    };
    match operator {
        Binary::And => match (&left, &right) {
            (Bool(false), _) | (_, Bool(false)) => Bool(false),
            (Bool(true), Bool(true)) => Bool(true),
            _ => Null,
        },
        Binary::Or => match (&left, &right) {
            (Bool(true), _) | (_, Bool(true)) => Bool(true),
            (Bool(false), Bool(false)) => Bool(false),
            _ => Null,
        },
        Binary::Equal => compared(std::cmp::Ordering::is_eq),
        Binary::NotEqual => compared(std::cmp::Ordering::is_ne),
        Binary::Less => compared(std::cmp::Ordering::is_lt),
        Binary::LessEqual => compared(std::cmp::Ordering::is_le),
        Binary::Greater => compared(std::cmp::Ordering::is_gt),
        Binary::GreaterEqual => compared(std::cmp::Ordering::is_ge),
        Binary::Same => match (&left, &right) {
            (Null, Null) => Bool(true),
            (Null, _) | (_, Null) => Bool(false),
            _ => compared(std::cmp::Ordering::is_eq),
        },
        Binary::Concat => match (left, right) {
            (Text(a), Text(b)) => Text(a + &b),
            _ => Null,
        },
        Binary::Divide => match (float(&left), float(&right)) {
            (Some(a), Some(b)) if b != 0.0 => Float(a / b),
            _ => Null,
        },
        Binary::Remainder => match (left, right) {
            (Int(_), Int(0)) => Null,
            (Int(a), Int(b)) => Int(a % b),
            _ => Null,
        },
        Binary::Add | Binary::Subtract | Binary::Multiply => match (&left, &right) {
            (Int(a), Int(b)) => Int(match operator {
                Binary::Add => a + b,
                Binary::Subtract => a - b,
                _ => a * b,
            }),
            _ => match (float(&left), float(&right)) {
                (Some(a), Some(b)) => Float(match operator {
                    Binary::Add => a + b,
                    Binary::Subtract => a - b,
                    _ => a * b,
                }),
                _ => Null,
            },
        },
    }
}

fn call(function: Function, arguments: Vec<Value>) -> Value {
    let text = |index: usize| match &arguments[index] {
        Text(text) => Some(text.clone()),
        _ => None,
    };
    let both = |of: fn(&str, &str) -> bool| match (text(0), text(1)) {
        (Some(a), Some(b)) => Bool(of(&a, &b)),
        _ => Null,
    };
    match function {
        Function::Upper => of(text(0), |text| Text(text.to_uppercase())),
        Function::Lower => of(text(0), |text| Text(text.to_lowercase())),
        Function::Reverse => of(text(0), |text| Text(text.chars().rev().collect())),
        Function::Length => of(text(0), |text| Int(text.chars().count() as i64)),
        Function::Contains => both(|a, b| a.contains(b)),
        Function::StartsWith => both(|a, b| a.starts_with(b)),
        Function::EndsWith => both(|a, b| a.ends_with(b)),
        Function::Substring => match (text(0), &arguments[1], &arguments[2]) {
            (Some(text), Int(from), Int(n)) => {
                let all: Vec<char> = text.chars().collect();
                let begin = match *from {
                    0 => 0,
                    1.. => from - 1,
                    _ => all.len() as i64 + from,
                };
                let end = begin.saturating_add((*n).max(0));
                let inside = |at: i64| at.clamp(0, all.len() as i64) as usize;
                Text(all[inside(begin)..inside(end).max(inside(begin))].iter().collect())
            }
            _ => Null,
        },
        Function::Concat => Text((0..arguments.len()).filter_map(text).collect()),
        Function::Abs => match &arguments[0] {
            Int(value) => Int(value.abs()),
            Float(value) => Float(value.abs()),
            _ => Null,
        },
        Function::Coalesce => arguments.into_iter().find(|value| *value != Null).unwrap_or(Null),
        Function::NullIf => match binary(arguments[0].clone(), Binary::Equal, arguments[1].clone())
        {
            Bool(true) => Null,
            _ => arguments[0].clone(),
        },
        Function::If => arguments[if arguments[0] == Bool(true) { 1 } else { 2 }].clone(),
        Function::Least | Function::Greatest => {
            let wanted = if function == Function::Least {
                std::cmp::Ordering::Less
            } else {
                std::cmp::Ordering::Greater
            };
            arguments.into_iter().fold(Null, |best, value| match order(&value, &best) {
                Some(order) if order == wanted => value,
                None if best == Null => value,
                _ => best,
            })
        }
        other => panic!("{other:?}"),
    }
}

fn boxed(expr: Expr) -> Box<Expr> {
    Box::new(expr)
}

pub fn integer() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        Just(Expr::column("a")),
        Just(Expr::column("b")),
        // Quotients by constants that are no powers of two may differ in the last bit.
        prop::sample::select(vec![-2i64, -1, 0, 1, 2, 4]).prop_map(Expr::literal),
    ];
    leaf.prop_recursive(3, 10, 2, |inner| {
        let pair = (inner.clone(), inner.clone());
        let operator = prop_oneof![
            Just(Binary::Add),
            Just(Binary::Subtract),
            Just(Binary::Multiply),
            Just(Binary::Remainder),
        ];
        prop_oneof![
            (pair.clone(), operator).prop_map(|((l, r), operator)| l.binary(operator, r)),
            inner.clone().prop_map(|of| Expr::new(Kind::Unary(
                Unary::Negate,
                boxed(Expr::call(Function::Abs, vec![of]))
            ))),
            pair.clone().prop_map(|(l, r)| Expr::call(Function::Coalesce, vec![l, r])),
            pair.clone().prop_map(|(l, r)| Expr::call(Function::NullIf, vec![l, r])),
            pair.clone().prop_map(|(l, r)| Expr::call(Function::Least, vec![l, r])),
            pair.prop_map(|(l, r)| Expr::call(Function::Greatest, vec![l, r])),
            text(1).prop_map(|of| Expr::call(Function::Length, vec![of])),
        ]
    })
}

/// No constant but powers of two, of whatever form: polars multiplies by the inverse of constants.
fn divisor() -> impl Strategy<Value = Expr> {
    prop_oneof![
        Just(Expr::column("b")),
        Just(Expr::column("x")),
        prop::sample::select(vec![-1.0f64, 0.25, 2.0]).prop_map(Expr::literal),
    ]
}

pub fn fraction() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        Just(Expr::column("x")),
        (integer(), divisor()).prop_map(|(l, r)| l.binary(Binary::Divide, r)),
        prop::sample::select(vec![-1.0f64, 0.25, 0.5, 2.0]).prop_map(Expr::literal),
    ];
    leaf.prop_recursive(2, 6, 2, |inner| {
        let pair = (inner.clone(), prop_oneof![inner.clone(), integer()]);
        let operator =
            prop_oneof![Just(Binary::Add), Just(Binary::Subtract), Just(Binary::Multiply),];
        prop_oneof![
            (pair, operator).prop_map(|((l, r), operator)| l.binary(operator, r)),
            (inner, divisor()).prop_map(|(l, r)| l.binary(Binary::Divide, r)),
        ]
    })
}

pub fn text(depth: u32) -> BoxedStrategy<Expr> {
    let leaf = prop_oneof![Just(Expr::column("s")), "[abÄ']{0,3}".prop_map(Expr::literal),];
    leaf.prop_recursive(depth, 6, 2, |inner| {
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            inner.clone().prop_map(|of| Expr::call(Function::Upper, vec![of])),
            inner.clone().prop_map(|of| Expr::call(Function::Reverse, vec![of])),
            (inner, -4i64..5, -1i64..4).prop_map(|(of, from, n)| {
                Expr::call(Function::Substring, vec![of, Expr::literal(from), Expr::literal(n)])
            }),
            pair.clone().prop_map(|(l, r)| l.binary(Binary::Concat, r)),
            pair.clone().prop_map(|(l, r)| Expr::call(Function::Concat, vec![l, r])),
            pair.prop_map(|(l, r)| Expr::call(Function::Coalesce, vec![l, r])),
        ]
    })
    .boxed()
}

pub fn truth() -> impl Strategy<Value = Expr> {
    let operator = prop_oneof![
        Just(Binary::Equal),
        Just(Binary::NotEqual),
        Just(Binary::Less),
        Just(Binary::LessEqual),
        Just(Binary::Greater),
        Just(Binary::GreaterEqual),
        Just(Binary::Same),
    ];
    let pair = prop_oneof![
        (integer(), integer()),
        (fraction(), fraction()),
        (integer(), fraction()),
        (text(2), text(2)),
    ];
    let leaf = prop_oneof![
        Just(Expr::column("t")),
        Just(Expr::literal(true)),
        (pair, operator).prop_map(|((l, r), operator)| l.binary(operator, r)),
        integer().prop_map(Expr::is_null),
        (
            integer(),
            prop::collection::vec(
                prop_oneof![(-3i64..4).prop_map(Expr::literal), Just(Expr::literal(Literal::Null))],
                1..6
            )
        )
            .prop_map(|(operand, list)| operand.is_in(list)),
        (text(1), prop::collection::vec(text(0), 1..3))
            .prop_map(|(operand, list)| operand.is_in(list)),
        (text(1), "[abÄ%_]{0,4}", any::<bool>()).prop_map(|(operand, pattern, ignore_case)| {
            Expr::new(Kind::Like { operand: boxed(operand), pattern, ignore_case })
        }),
        (text(1), text(0)).prop_map(|(l, r)| Expr::call(Function::Contains, vec![l, r])),
        (text(1), text(0)).prop_map(|(l, r)| Expr::call(Function::StartsWith, vec![l, r])),
        (text(1), text(0)).prop_map(|(l, r)| Expr::call(Function::EndsWith, vec![l, r])),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(l, r)| l.and(r)),
            (inner.clone(), inner.clone()).prop_map(|(l, r)| l.or(r)),
            inner.prop_map(Expr::not),
        ]
    })
}

pub fn any_expr() -> impl Strategy<Value = Expr> {
    prop_oneof![
        integer().boxed(),
        fraction().boxed(),
        text(3),
        truth().boxed(),
        (truth(), integer(), truth(), integer(), prop::option::of(integer()))
            .prop_map(|(c, v, d, w, otherwise)| {
                let branches = vec![(c, v), (d, w)];
                Expr::new(Kind::Case { branches, otherwise: otherwise.map(boxed) })
            })
            .boxed(),
        (truth(), text(1), text(1))
            .prop_map(|(c, a, b)| Expr::call(Function::If, vec![c, a, b]))
            .boxed(),
    ]
}

pub fn row() -> impl Strategy<Value = Row> {
    let float = prop_oneof![4 => (-8i32..9).prop_map(|n| f64::from(n) / 4.0), 1 => Just(f64::NAN)];
    (
        prop::option::of(-4i64..5),
        prop::option::of(-4i64..5),
        prop::option::of(float),
        prop::option::of("[abÄ']{0,3}"),
        prop::option::of(any::<bool>()),
    )
        .prop_map(|(a, b, x, s, t)| Row { a, b, x, s, t })
}

/// The rows as a table with columns `a`, `b`, `x`, `s` and `t`.
pub fn batch(rows: &[Row]) -> RecordBatch {
    let columns: [(&str, ArrayRef); 5] = [
        ("a", Arc::new(rows.iter().map(|row| row.a).collect::<Int64Array>())),
        ("b", Arc::new(rows.iter().map(|row| row.b).collect::<Int64Array>())),
        ("x", Arc::new(rows.iter().map(|row| row.x).collect::<Float64Array>())),
        ("s", Arc::new(rows.iter().map(|row| row.s.as_deref()).collect::<StringArray>())),
        ("t", Arc::new(rows.iter().map(|row| row.t).collect::<BooleanArray>())),
    ];
    let columns = columns.into_iter().map(|(name, array)| (name, array, true));
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

pub fn values(array: &dyn Array) -> Vec<Value> {
    let valid = |index: usize| array.is_valid(index);
    (0..array.len())
        .map(|index| match array.data_type() {
            _ if !valid(index) => Null,
            DataType::Int64 => Int(array.as_primitive::<Int64Type>().value(index)),
            DataType::Float64 => Float(array.as_primitive::<Float64Type>().value(index)),
            DataType::Utf8 => Text(array.as_string::<i32>().value(index).to_owned()),
            DataType::Utf8View => Text(array.as_string_view().value(index).to_owned()),
            DataType::Boolean => Bool(array.as_boolean().value(index)),
            other => panic!("{other}"),
        })
        .collect()
}
