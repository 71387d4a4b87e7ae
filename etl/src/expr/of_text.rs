//! Conditions and integers of one text, for whoever has each distinct text once.

use std::cmp::Ordering;
use std::collections::HashMap;

use arrow::datatypes::DataType;
use regex::Regex;

use super::{Binary, Expr, Function, Kind, Literal, Unary};
use crate::{Error, Result};

/// An expression that reads one column, of texts, and is a condition or an integer.
#[derive(Debug)]
pub(crate) struct OfText<'a> {
    expression: &'a Expr,
    patterns: HashMap<String, Regex>,
    is_condition: bool,
}

/// What an expression is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Word {
    Null,
    Boolean(bool),
    Integer(i64),
    Text(String),
}

/// What sort of values an expression has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Null,
    Boolean,
    Integer,
    Text,
}

impl Word {
    pub(crate) fn boolean(self) -> Option<bool> {
        match self {
            Self::Boolean(value) => Some(value),
            _ => None,
        }
    }

    pub(crate) fn integer(self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(value),
            _ => None,
        }
    }

    fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// The type of the values of `expression`, which was checked, if they are found of each text of
/// `column` on its own.
pub(crate) fn is_of_text(expression: &Expr, column: &str) -> Option<DataType> {
    match sort(expression, column)? {
        Sort::Boolean => Some(DataType::Boolean),
        Sort::Integer => Some(DataType::Int64),
        Sort::Null | Sort::Text => None,
    }
}

/// The sort of an expression's values; `None` if something in it is not of one text.
fn sort(expression: &Expr, column: &str) -> Option<Sort> {
    let all = |of: &[Expr]| of.iter().map(|of| sort(of, column)).collect::<Option<Vec<_>>>();
    let first = |of: Vec<Sort>| of.iter().copied().find(|&s| s != Sort::Null).or(Some(Sort::Null));
    match &expression.kind {
        Kind::Column(named) => (named.name == column).then_some(Sort::Text),
        Kind::Literal(literal) => match literal {
            Literal::Null => Some(Sort::Null),
            Literal::Boolean(_) => Some(Sort::Boolean),
            Literal::Integer(value) => i64::try_from(*value).is_ok().then_some(Sort::Integer),
            Literal::Text(_) => Some(Sort::Text),
            _ => None,
        },
        Kind::Unary(Unary::Not, of) => sort(of, column).map(|_| Sort::Boolean),
        Kind::Binary(a, operator, b) => {
            sort(a, column)?;
            sort(b, column)?;
            match operator {
                Binary::Concat => Some(Sort::Text),
                _ if is_condition(*operator) => Some(Sort::Boolean),
                _ => None,
            }
        }
        Kind::IsNull(of) => sort(of, column).map(|_| Sort::Boolean),
        Kind::In(of, list) => {
            sort(of, column)?;
            all(list).map(|_| Sort::Boolean)
        }
        Kind::Like { operand, .. } | Kind::Matches { operand, .. } => {
            sort(operand, column).map(|_| Sort::Boolean)
        }
        Kind::Case { branches, otherwise } => {
            let mut values = Vec::new();
            for (condition, value) in branches {
                sort(condition, column)?;
                values.push(sort(value, column)?);
            }
            if let Some(of) = otherwise {
                values.push(sort(of, column)?);
            }
            first(values)
        }
        // From one form of text to another.
        Kind::Cast { operand, to, .. } if super::check::is_text(to) => {
            sort(operand, column).filter(|&found| found == Sort::Text)
        }
        Kind::Call(function, arguments) => {
            let sorts = all(arguments)?;
            match function {
                Function::Lower
                | Function::Upper
                | Function::Substring
                | Function::Left
                | Function::Right
                | Function::Trim
                | Function::TrimStart
                | Function::TrimEnd
                | Function::Concat
                | Function::Reverse => Some(Sort::Text),
                Function::Length => Some(Sort::Integer),
                Function::Contains | Function::StartsWith | Function::EndsWith => {
                    Some(Sort::Boolean)
                }
                Function::Coalesce | Function::NullIf => first(sorts),
                Function::If => first(sorts[1..].to_vec()),
                _ => None,
            }
        }
        Kind::Field(..) | Kind::Unary(..) | Kind::Cast { .. } | Kind::Aggregate(..) => None,
    }
}

fn is_condition(operator: Binary) -> bool {
    !matches!(
        operator,
        Binary::Add
            | Binary::Subtract
            | Binary::Multiply
            | Binary::Divide
            | Binary::Remainder
            | Binary::Concat
    )
}

impl<'a> OfText<'a> {
    /// `expression`, which was checked, of the texts of `column`.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if it is none, or reads something else.
    pub(crate) fn new(expression: &'a Expr, column: &str) -> Result<Self> {
        let refuse = || Error::Refused {
            what: expression.to_string().into(),
            why: "it is no condition or integer of one column of texts",
        };
        let found = sort(expression, column).ok_or_else(refuse)?;
        if !matches!(found, Sort::Boolean | Sort::Integer) {
            return Err(refuse());
        }
        let (mut patterns, mut wrong) = (HashMap::new(), false);
        expression.walk(&mut |part| {
            let pattern = match &part.kind {
                Kind::Like { pattern, ignore_case, .. } => like_regex(pattern, *ignore_case),
                Kind::Matches { pattern, .. } => pattern.clone(),
                _ => return,
            };
            match Regex::new(&pattern) {
                Ok(regex) => drop(patterns.insert(pattern, regex)),
                Err(_) => wrong = true,
            }
        });
        match wrong {
            true => Err(refuse()),
            false => Ok(Self { expression, patterns, is_condition: found == Sort::Boolean }),
        }
    }

    /// Whether it is a condition; else it is an integer.
    pub(crate) fn is_condition(&self) -> bool {
        self.is_condition
    }

    /// What it is of a text, or of none. O(length of the text) for each part.
    pub(crate) fn value(&self, text: Option<&str>) -> Word {
        self.eval(self.expression, text)
    }

    fn eval(&self, expression: &Expr, row: Option<&str>) -> Word {
        let part = |of: &Expr| self.eval(of, row);
        let matched = |operand: &Expr, pattern: &str| match part(operand) {
            Word::Text(text) => {
                let regex = self.patterns.get(pattern);
                Word::Boolean(regex.is_some_and(|regex| regex.is_match(&text)))
            }
            _ => Word::Null,
        };
        match &expression.kind {
            Kind::Column(_) => row.map_or(Word::Null, |text| Word::Text(text.to_owned())),
            Kind::Literal(literal) => match literal {
                Literal::Boolean(value) => Word::Boolean(*value),
                Literal::Integer(value) => i64::try_from(*value).map_or(Word::Null, Word::Integer),
                Literal::Text(text) => Word::Text(text.clone()),
                _ => Word::Null,
            },
            Kind::Unary(_, of) => part(of).boolean().map_or(Word::Null, |of| Word::Boolean(!of)),
            Kind::Binary(a, operator, b) => binary(part(a), *operator, part(b)),
            Kind::IsNull(of) => Word::Boolean(part(of) == Word::Null),
            Kind::In(of, list) => {
                let of = part(of);
                let is = |item: &Expr| binary(of.clone(), Binary::Equal, part(item));
                list.iter()
                    .fold(Word::Boolean(false), |all, item| binary(all, Binary::Or, is(item)))
            }
            Kind::Like { operand, pattern, ignore_case } => {
                matched(operand, &like_regex(pattern, *ignore_case))
            }
            Kind::Matches { operand, pattern } => matched(operand, pattern),
            Kind::Case { branches, otherwise } => branches
                .iter()
                .find(|(condition, _)| part(condition) == Word::Boolean(true))
                .map(|(_, value)| value)
                .or(otherwise.as_deref())
                .map_or(Word::Null, part),
            Kind::Cast { operand, .. } => part(operand),
            Kind::Call(function, arguments) => {
                call(*function, arguments.iter().map(part).collect())
            }
            Kind::Field(..) | Kind::Aggregate(..) => Word::Null,
        }
    }
}

fn binary(a: Word, operator: Binary, b: Word) -> Word {
    let order = |a: &Word, b: &Word| match (a, b) {
        (Word::Boolean(a), Word::Boolean(b)) => Some(a.cmp(b)),
        (Word::Integer(a), Word::Integer(b)) => Some(a.cmp(b)),
        (Word::Text(a), Word::Text(b)) => Some(a.cmp(b)),
        _ => None,
    };
    let compared = |is: fn(Ordering) -> bool| {
        order(&a, &b).map_or(Word::Null, |order| Word::Boolean(is(order)))
    };
    match operator {
        Binary::And | Binary::Or => {
            // One that decides does so whatever the other is.
            let decides = operator == Binary::Or;
            match (a.boolean(), b.boolean()) {
                (Some(a), _) if a == decides => Word::Boolean(decides),
                (_, Some(b)) if b == decides => Word::Boolean(decides),
                (Some(_), Some(_)) => Word::Boolean(!decides),
                _ => Word::Null,
            }
        }
        Binary::Equal => compared(Ordering::is_eq),
        Binary::NotEqual => compared(Ordering::is_ne),
        Binary::Less => compared(Ordering::is_lt),
        Binary::LessEqual => compared(Ordering::is_le),
        Binary::Greater => compared(Ordering::is_gt),
        Binary::GreaterEqual => compared(Ordering::is_ge),
        Binary::Same => Word::Boolean(a == b),
        Binary::Concat => match (a, b) {
            (Word::Text(a), Word::Text(b)) => Word::Text(a + &b),
            _ => Word::Null,
        },
        Binary::Add | Binary::Subtract | Binary::Multiply | Binary::Divide | Binary::Remainder => {
            Word::Null
        }
    }
}

fn call(function: Function, arguments: Vec<Word>) -> Word {
    let is_null = |index: usize| arguments.get(index).is_none_or(|of| *of == Word::Null);
    let integer = |index: usize| arguments.get(index).cloned().and_then(Word::integer);
    match function {
        Function::Coalesce => {
            return arguments.into_iter().find(|of| *of != Word::Null).unwrap_or(Word::Null);
        }
        Function::Concat => {
            return Word::Text(arguments.into_iter().filter_map(Word::text).collect());
        }
        Function::NullIf => {
            let is_same = !is_null(0) && arguments.first() == arguments.get(1);
            let first = arguments.into_iter().next().unwrap_or(Word::Null);
            return if is_same { Word::Null } else { first };
        }
        Function::If => {
            let chosen = if arguments.first() == Some(&Word::Boolean(true)) { 1 } else { 2 };
            return arguments.into_iter().nth(chosen).unwrap_or(Word::Null);
        }
        _ => {}
    }
    let second = arguments.get(1).cloned().and_then(Word::text);
    let (from, length) = (integer(1), integer(2));
    if arguments.contains(&Word::Null) {
        return Word::Null;
    }
    let Some(text) = arguments.into_iter().next().and_then(Word::text) else {
        return Word::Null;
    };
    let is_cut = |c: char| second.as_ref().map_or(c.is_whitespace(), |cut| cut.contains(c));
    Word::Text(match function {
        Function::Lower => text.to_lowercase(),
        Function::Upper => text.to_uppercase(),
        Function::Reverse => text.chars().rev().collect(),
        Function::Trim => text.trim_matches(is_cut).to_owned(),
        Function::TrimStart => text.trim_start_matches(is_cut).to_owned(),
        Function::TrimEnd => text.trim_end_matches(is_cut).to_owned(),
        Function::Substring => {
            let begin = match from.unwrap_or(0) {
                from @ 1.. => from - 1,
                0 => 0,
                from => text.chars().count() as i64 + from,
            };
            let length = length.unwrap_or(i64::MAX).max(0);
            between(&text, begin, begin.saturating_add(length))
        }
        // All but so many of the other end, if negative.
        Function::Left => match from.unwrap_or(0) {
            n @ 0.. => between(&text, 0, n),
            n => between(&text, 0, text.chars().count() as i64 + n),
        },
        Function::Right => match from.unwrap_or(0) {
            n @ 0.. => between(&text, text.chars().count() as i64 - n, i64::MAX),
            n => between(&text, n.saturating_neg(), i64::MAX),
        },
        Function::Length => return Word::Integer(text.chars().count() as i64),
        Function::Contains => return Word::Boolean(second.is_some_and(|of| text.contains(&of))),
        Function::StartsWith => {
            return Word::Boolean(second.is_some_and(|of| text.starts_with(&of)));
        }
        Function::EndsWith => return Word::Boolean(second.is_some_and(|of| text.ends_with(&of))),
        _ => return Word::Null,
    })
}

/// Characters from number `begin`, 0 the first, to before `end`, as far as there are some.
fn between(text: &str, begin: i64, end: i64) -> String {
    let (skipped, end) = (begin.max(0), end.max(0));
    text.chars().skip(skipped as usize).take((end - skipped).max(0) as usize).collect()
}

/// The regular expression that matches what LIKE's `pattern` does.
pub(super) fn like_regex(pattern: &str, ignore_case: bool) -> String {
    let mut regex = String::from(if ignore_case { "(?is)^" } else { "(?s)^" });
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '%' => regex.push_str(".*"),
            '_' => regex.push('.'),
            '\\' => regex.push_str(&regex::escape(&characters.next().unwrap_or('\\').to_string())),
            other => regex.push_str(&regex::escape(&other.to_string())),
        }
    }
    regex.push('$');
    regex
}
