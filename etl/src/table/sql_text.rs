//! SQL from a tree to text that reads as that tree, and values in the place of placeholders.

use std::fmt::Display;
use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Query, Value, ValueWithSpan, VisitMut, VisitorMut};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;

use super::sql::read;
use crate::error::nearest;
use crate::expr::{self, Binding, Bindings, ExpressionError, Literal, Place, Problem};
use crate::{Error, Result};

/// The text of a query, which reads as the same query.
///
/// # Errors
///
/// [`Error::Engine`] if none can be written.
pub(super) fn text_of(query: &Query) -> Result<String> {
    let text = written(query);
    match read(&text) {
        Ok(again) if *again == *query => Ok(text),
        _ => Err(Error::Engine {
            doing: "writing SQL",
            reason: "a constant or a name in it has no text that reads as itself".into(),
        }),
    }
}

/// A part of SQL as text. The printer of the tree takes two quotes, and one behind a backslash, for
/// quotes that are escaped already; where each of them stands twice, it leaves them as they are.
pub(super) fn written<T: VisitMut + Clone + Display>(part: &T) -> String {
    let mut part = part.clone();
    let ControlFlow::Continue(()) = VisitMut::visit(&mut part, &mut Doubled);
    part.to_string()
}

/// Writes each quote in a text twice.
struct Doubled;

impl VisitorMut for Doubled {
    type Break = std::convert::Infallible;

    fn post_visit_value(&mut self, value: &mut ValueWithSpan) -> ControlFlow<Self::Break> {
        if let Value::SingleQuotedString(text) = &mut value.value {
            *text = text.replace('\'', "''");
        }
        ControlFlow::Continue(())
    }
}

/// The query that the text is, with constants in the place of its placeholders.
pub(super) fn bind(query: &str, bindings: &Bindings) -> Result<Box<Query>> {
    let mut query = read(query)?;
    match VisitMut::visit(query.as_mut(), &mut Binder { bindings }) {
        ControlFlow::Continue(()) => Ok(query),
        ControlFlow::Break(error) => Err(error),
    }
}

struct Binder<'a> {
    bindings: &'a Bindings,
}

impl Binder<'_> {
    fn find(&self, name: &str) -> Result<&Binding> {
        self.bindings.get(name).ok_or_else(|| {
            let nearest = nearest(name, self.bindings.names());
            problem(Problem::UnknownParameter { name: name.into(), nearest })
        })
    }
}

impl VisitorMut for Binder<'_> {
    type Break = Error;

    /// Lists go where a list is, before what is in it is looked at.
    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
        if let Expr::InList { list, .. } = expr {
            let mut items = Vec::with_capacity(list.len());
            for item in std::mem::take(list) {
                match placeholder(&item).map(|name| self.find(name)) {
                    Some(Ok(Binding::Many(values))) if values.is_empty() => {
                        return ControlFlow::Break(problem(Problem::Unsupported(
                            "an empty list behind IN".into(),
                        )));
                    }
                    Some(Ok(Binding::Many(values))) => {
                        for value in values {
                            match constant(value) {
                                Ok(value) => items.push(value),
                                Err(error) => return ControlFlow::Break(error),
                            }
                        }
                    }
                    Some(Err(error)) => return ControlFlow::Break(error),
                    _ => items.push(item),
                }
            }
            *list = items;
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
        let Some(name) = placeholder(expr) else { return ControlFlow::Continue(()) };
        let value = self.find(name).and_then(|binding| match binding {
            Binding::One(value) => constant(value),
            Binding::Many(_) => {
                let what = format!("the list `${name}` outside of IN (…)").into();
                Err(problem(Problem::Unsupported(what)))
            }
        });
        match value {
            Ok(value) => {
                *expr = value;
                ControlFlow::Continue(())
            }
            Err(error) => ControlFlow::Break(error),
        }
    }
}

fn problem(problem: Problem) -> Error {
    ExpressionError::new(Place::UNKNOWN, problem).into()
}

/// The name of a placeholder, if the expression is one.
fn placeholder(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Value(ValueWithSpan { value: Value::Placeholder(name), .. }) => {
            name.strip_prefix('$')
        }
        _ => None,
    }
}

/// A constant of SQL.
fn constant(literal: &Literal) -> Result<Expr> {
    let value = match literal {
        Literal::Null => Value::Null,
        Literal::Boolean(value) => Value::Boolean(*value),
        Literal::Text(text) => Value::SingleQuotedString(text.clone()),
        // What is left has a text that we make, of digits and marks between them. Times are of no zone for
        // polars, and ours are in UTC if they have one.
        Literal::Timestamp { micros, .. } => {
            return made(&Literal::Timestamp { micros: *micros, utc: false });
        }
        other => return made(other),
    };
    Ok(Expr::Value(value.into()))
}

fn made(literal: &Literal) -> Result<Expr> {
    let text = format!("({})", expr::Expr::literal(literal.clone()));
    Parser::new(&GenericDialect)
        .try_with_sql(&text)
        .and_then(|mut parser| parser.parse_expr())
        .map_err(|error| Error::engine("reading SQL", &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_written_as_they_are_read() {
        for text in
            ["a", "it's", "''", "\\'", "\\' OR 1 = 1 --", "'; DROP TABLE t; --", "$other", "\\\\'"]
        {
            let mut bindings = Bindings::default();
            bindings.set("x", Binding::One(text.into()));
            bindings.set("other", Binding::One("other".into()));
            let bound = bind("SELECT * FROM t WHERE a = $x AND b IN ($x, 'c')", &bindings).unwrap();
            let written = text_of(&bound).unwrap();
            let quoted = text.replace('\'', "''");
            assert_eq!(
                written,
                format!("SELECT * FROM t WHERE a = '{quoted}' AND b IN ('{quoted}', 'c')")
            );
        }
    }

    #[test]
    fn constants_have_their_types() {
        let mut bindings = Bindings::default();
        bindings.set("n", Binding::One(Literal::Integer(-3)));
        bindings.set("f", Binding::One(Literal::Float(0.5)));
        bindings.set("day", Binding::One(Literal::Date(1)));
        bindings.set("at", Binding::One(Literal::Timestamp { micros: 1_000_000, utc: true }));
        bindings.set("all", Binding::One(Literal::Boolean(true)));
        bindings.set("ids", Binding::Many(vec![Literal::Integer(1), "b".into()]));
        let query = "SELECT a - $n, $f FROM t WHERE $all AND d = $day AND i IN ($ids) AND t < $at";
        assert_eq!(
            text_of(&bind(query, &bindings).unwrap()).unwrap(),
            "SELECT a - (-3), (0.5) FROM t WHERE true AND d = (DATE '1970-01-02') AND \
             i IN ((1), 'b') AND t < (TIMESTAMP '1970-01-01 00:00:01')"
        );
        let error = bind("SELECT $idz FROM t", &bindings).unwrap_err();
        assert!(error.to_string().contains("did you mean `ids`"), "{error}");
        assert!(bind("SELECT $ids FROM t", &bindings).is_err(), "a list is no value");
    }
}
