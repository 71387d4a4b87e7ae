//! Query strings of pandas: comparisons of columns with values, and what `and`, `or` and `not`
//! make of them.

use super::super::error::QueryProblem;
use super::super::query::{Comparison, Condition, Literal, Predicate};
use super::super::tokens::{Cursor, Language, Stop, Token, character, tokens};
use super::Place;
use crate::Result;

/// Reads `column > 3 and (kind == "bank" or not seen.isna())`, and the like.
///
/// Names stand for columns, in backticks if they are no identifiers; `&`, `|` and `~` are `and`,
/// `or` and `not`, and bind as they do. Comparisons may be chained, and be with lists by `in`,
/// `not in`, `==` and `!=`. What else pandas knows, such as arithmetic, is an error that says so.
pub(super) fn condition(place: &Place) -> Result<Condition> {
    let text = place.text()?;
    let read = |text| {
        let tokens = tokens(text, &LANGUAGE)?;
        let mut parser = Parser(Cursor::new(text, &tokens));
        let condition = parser.any()?;
        parser.0.finish().map(|()| condition)
    };
    read(text).map_err(|(at, what): Stop| {
        let value = format!("`{text}` ({what}, at character {})", character(text, at));
        place.error(QueryProblem::BadValue {
            value,
            allowed: "a condition of comparisons between columns and values",
        })
    })
}

const LANGUAGE: Language = Language {
    signs: &[
        "==", "!=", ">=", "<=", ">", "<", "(", ")", "[", "]", ",", "&", "|", "~", ".", "-", "+",
        "*", "/", "@",
    ],
    word,
};

fn word(word: &str) -> Option<Token> {
    Some(match word {
        "and" => Token::Sign("&"),
        "or" => Token::Sign("|"),
        "not" => Token::Sign("~"),
        "in" => Token::Sign("in"),
        "True" | "true" => Token::Value(Literal::Bool(true)),
        "False" | "false" => Token::Value(Literal::Bool(false)),
        "None" => Token::Value(Literal::Null),
        _ => return None,
    })
}

/// One side of a comparison.
enum Side {
    Column(String),
    Value(Literal),
    List(Vec<Literal>),
}

struct Parser<'t>(Cursor<'t>);

impl Parser<'_> {
    fn any(&mut self) -> Result<Condition, Stop> {
        let mut parts = vec![self.all()?];
        while self.0.take("|") {
            parts.push(self.all()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::Any(parts) })
    }

    fn all(&mut self) -> Result<Condition, Stop> {
        let mut parts = vec![self.one()?];
        while self.0.take("&") {
            parts.push(self.one()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::All(parts) })
    }

    fn one(&mut self) -> Result<Condition, Stop> {
        self.0.sink()?;
        let condition = if self.0.take("~") {
            Condition::Not(Box::new(self.one()?))
        } else if self.0.take("(") {
            let inner = self.any()?;
            self.0.need(")")?;
            inner
        } else {
            self.comparison()?
        };
        self.0.rise();
        Ok(condition)
    }

    /// `a < column <= b`, `column in […]`, `column.isna()`, or a column of truth values.
    fn comparison(&mut self) -> Result<Condition, Stop> {
        let mut left = self.side()?;
        let mut parts = Vec::new();
        while let Some(sign) = self.operator() {
            let right = self.side()?;
            parts.push(self.compare(&left, sign, &right)?);
            left = right;
        }
        match (parts.len(), left) {
            (0, Side::Column(name)) if self.0.take(".") => self.method(name),
            (0, Side::Column(name)) => {
                Ok(Condition::Test(name, Predicate::Compare(Comparison::Eq, Literal::Bool(true))))
            }
            (0, _) => Err(self.0.stop("a comparison was expected")),
            (1, _) => Ok(parts.remove(0)),
            _ => Ok(Condition::All(parts)),
        }
    }

    fn operator(&mut self) -> Option<&'static str> {
        let (next, second) = (self.0.peek(), self.0.peek_at(1));
        if matches!((next, second), (Some(Token::Sign("~")), Some(Token::Sign("in")))) {
            self.0.advance(2);
            return Some("!=");
        }
        let sign = match self.0.peek() {
            Some(Token::Sign("in")) => "==",
            Some(Token::Sign(sign @ ("==" | "!=" | ">=" | "<=" | ">" | "<"))) => sign,
            _ => return None,
        };
        self.0.advance(1);
        Some(sign)
    }

    fn side(&mut self) -> Result<Side, Stop> {
        let negative = self.0.take("-");
        match self.0.peek() {
            Some(Token::Name(name)) if !negative => {
                let name = name.clone();
                self.0.advance(1);
                Ok(Side::Column(name))
            }
            Some(Token::Value(value)) => {
                let value = match (negative, value) {
                    (false, value) => value.clone(),
                    (true, Literal::Int(value)) => Literal::Int(-value),
                    (true, Literal::Float(value)) => Literal::Float(-value),
                    (true, _) => return Err(self.0.stop("a number was expected")),
                };
                self.0.advance(1);
                Ok(Side::Value(value))
            }
            Some(Token::Sign(open @ ("[" | "("))) if !negative => {
                let close = if *open == "[" { "]" } else { ")" };
                self.0.advance(1);
                self.list(close)
            }
            _ => Err(self.0.stop("a column or a value was expected")),
        }
    }

    fn list(&mut self, close: &str) -> Result<Side, Stop> {
        let mut list = Vec::new();
        while !self.0.take(close) {
            if let Some(Token::Sign("[" | "(")) = self.0.peek() {
                return Err(self.0.stop("lists are of values"));
            }
            match self.side()? {
                Side::Value(value) => list.push(value),
                _ => return Err(self.0.stop("lists are of values")),
            }
            if !self.0.take(",")
                && !matches!(self.0.peek(), Some(Token::Sign(sign)) if *sign == close)
            {
                return Err(self.0.stop("`,` was expected"));
            }
        }
        Ok(Side::List(list))
    }

    fn compare(&self, left: &Side, sign: &str, right: &Side) -> Result<Condition, Stop> {
        let turned = match sign {
            ">" => "<",
            "<" => ">",
            ">=" => "<=",
            "<=" => ">=",
            sign => sign,
        };
        let (name, sign, value) = match (left, right) {
            (Side::Column(name), Side::Value(value)) => (name, sign, value),
            (Side::Value(value), Side::Column(name)) => (name, turned, value),
            (Side::Column(name), Side::List(list)) if matches!(sign, "==" | "!=") => {
                let test = Condition::Test(name.clone(), Predicate::IsIn(list.clone()));
                return Ok(if sign == "==" { test } else { Condition::Not(Box::new(test)) });
            }
            _ => return Err(self.0.stop("a column and a value were expected before this")),
        };
        let test = |comparison| {
            Condition::Test(name.clone(), Predicate::Compare(comparison, value.clone()))
        };
        Ok(match sign {
            ">" => test(Comparison::Gt),
            "<" => test(Comparison::Lt),
            ">=" => test(Comparison::Ge),
            "<=" => test(Comparison::Le),
            "==" => test(Comparison::Eq),
            // To pandas, a null is unlike everything.
            _ => Condition::Not(Box::new(test(Comparison::Eq))),
        })
    }

    fn method(&mut self, column: String) -> Result<Condition, Stop> {
        let null = match self.0.peek() {
            Some(Token::Name(name)) if name == "isna" || name == "isnull" => true,
            Some(Token::Name(name)) if name == "notna" || name == "notnull" => false,
            _ => {
                return Err(self
                    .0
                    .stop("`isna()`, `notna()`, `isnull()` or `notnull()` was expected"));
            }
        };
        self.0.advance(1);
        match self.0.take("(") && self.0.take(")") {
            true => Ok(Condition::Test(column, Predicate::Null(null))),
            false => Err(self.0.stop("`()` was expected")),
        }
    }
}
