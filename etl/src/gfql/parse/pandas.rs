//! Query strings of pandas: comparisons of columns with values, and what `and`, `or` and `not`
//! make of them.

use super::super::error::QueryProblem;
use super::super::query::{Comparison, Condition, Literal, Predicate};
use super::Place;
use crate::Result;

/// Levels of parentheses and `not` in one string.
const MOST_LEVELS: usize = 64;

/// Reads `column > 3 and (kind == "bank" or not seen.isna())`, and the like.
///
/// Names stand for columns, in backticks if they are no identifiers; `&`, `|` and `~` are `and`,
/// `or` and `not`, and bind as they do. Comparisons may be chained, and be with lists by `in`,
/// `not in`, `==` and `!=`. What else pandas knows, such as arithmetic, is an error that says so.
pub(super) fn condition(place: &Place) -> Result<Condition> {
    let text = place.text()?;
    let fail = |(at, what): Stop| {
        let before = text.get(..at).map_or(0, |before| before.chars().count());
        let value = format!("`{text}`, at character {}: {what}", before + 1);
        place.error(QueryProblem::BadValue {
            value,
            allowed: "a condition of comparisons between columns and values",
        })
    };
    let tokens = tokens(text).map_err(fail)?;
    let mut parser = Parser { tokens: &tokens, at: 0, end: text.len(), levels: 0 };
    let condition = parser.any().map_err(fail)?;
    match parser.peek() {
        Some(_) => Err(fail(parser.stop("an operator was expected"))),
        None => Ok(condition),
    }
}

/// Byte of the text, and what is wrong there.
type Stop = (usize, String);

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Name(String),
    Value(Literal),
    Sign(&'static str),
}

const SIGNS: [&str; 20] = [
    "==", "!=", ">=", "<=", ">", "<", "(", ")", "[", "]", ",", "&", "|", "~", ".", "-", "+", "*",
    "/", "@",
];

fn tokens(text: &str) -> Result<Vec<(usize, Token)>, Stop> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(char) = text[at..].chars().next() {
        let rest = &text[at..];
        let length = if char.is_whitespace() {
            at += char.len_utf8();
            continue;
        } else if char.is_alphabetic() || char == '_' {
            let length =
                rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            tokens.push((at, word(&rest[..length])));
            length
        } else if char.is_ascii_digit() {
            let length = number_length(rest);
            let token = number(&rest[..length]).ok_or((at, "this is no number".to_owned()))?;
            tokens.push((at, token));
            length
        } else if let Some(quote) = ['"', '\'', '`'].into_iter().find(|&quote| quote == char) {
            let (value, length) =
                quoted(rest, quote).ok_or_else(|| (at, format!("there is no other {quote}")))?;
            tokens.push((
                at,
                match quote {
                    '`' => Token::Name(value),
                    _ => Token::Value(Literal::Text(value)),
                },
            ));
            length
        } else if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            tokens.push((at, Token::Sign(sign)));
            sign.len()
        } else {
            return Err((at, format!("`{char}` has no meaning")));
        };
        at += length;
    }
    Ok(tokens)
}

fn word(word: &str) -> Token {
    match word {
        "and" => Token::Sign("&"),
        "or" => Token::Sign("|"),
        "not" => Token::Sign("~"),
        "in" => Token::Sign("in"),
        "True" | "true" => Token::Value(Literal::Bool(true)),
        "False" | "false" => Token::Value(Literal::Bool(false)),
        "None" => Token::Value(Literal::Null),
        name => Token::Name(name.to_owned()),
    }
}

fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let exponent = at > 0 && matches!(bytes[at - 1], b'e' | b'E');
        let part = bytes[at].is_ascii_alphanumeric() || bytes[at] == b'.' || bytes[at] == b'_';
        if !(part || exponent && matches!(bytes[at], b'+' | b'-')) {
            break;
        }
        at += 1;
    }
    at
}

fn number(text: &str) -> Option<Token> {
    let literal = match text.parse::<i64>() {
        Ok(value) => Literal::Int(value),
        Err(_) => Literal::Float(text.parse().ok().filter(|value: &f64| value.is_finite())?),
    };
    Some(Token::Value(literal))
}

/// The text between quotes, and how many bytes it takes with them.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, char)) = chars.next() {
        match char {
            _ if char == quote => return Some((value, at + 1)),
            '\\' if quote != '`' => match chars.next()?.1 {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                escaped => value.push(escaped),
            },
            _ => value.push(char),
        }
    }
    None
}

/// One side of a comparison.
enum Side {
    Column(String),
    Value(Literal),
    List(Vec<Literal>),
}

struct Parser<'t> {
    tokens: &'t [(usize, Token)],
    at: usize,
    end: usize,
    levels: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(_, token)| token)
    }

    fn stop(&self, what: &str) -> Stop {
        (self.tokens.get(self.at).map_or(self.end, |&(at, _)| at), what.to_owned())
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(found)) if *found == sign);
        self.at += usize::from(found);
        found
    }

    fn any(&mut self) -> Result<Condition, Stop> {
        let mut parts = vec![self.all()?];
        while self.take("|") {
            parts.push(self.all()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::Any(parts) })
    }

    fn all(&mut self) -> Result<Condition, Stop> {
        let mut parts = vec![self.one()?];
        while self.take("&") {
            parts.push(self.one()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::All(parts) })
    }

    fn one(&mut self) -> Result<Condition, Stop> {
        self.levels += 1;
        if self.levels > MOST_LEVELS {
            return Err(self.stop("this is nested too deeply"));
        }
        let condition = if self.take("~") {
            Condition::Not(Box::new(self.one()?))
        } else if self.take("(") {
            let inner = self.any()?;
            if !self.take(")") {
                return Err(self.stop("`)` was expected"));
            }
            inner
        } else {
            self.comparison()?
        };
        self.levels -= 1;
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
            (0, Side::Column(name)) if self.take(".") => self.method(name),
            (0, Side::Column(name)) => {
                Ok(Condition::Test(name, Predicate::Compare(Comparison::Eq, Literal::Bool(true))))
            }
            (0, _) => Err(self.stop("a comparison was expected")),
            (1, _) => Ok(parts.remove(0)),
            _ => Ok(Condition::All(parts)),
        }
    }

    fn operator(&mut self) -> Option<&'static str> {
        if matches!(
            self.tokens.get(self.at..self.at + 2),
            Some([(_, Token::Sign("~")), (_, Token::Sign("in"))])
        ) {
            self.at += 2;
            return Some("!=");
        }
        let sign = match self.peek() {
            Some(Token::Sign("in")) => "==",
            Some(Token::Sign(sign @ ("==" | "!=" | ">=" | "<=" | ">" | "<"))) => sign,
            _ => return None,
        };
        self.at += 1;
        Some(sign)
    }

    fn side(&mut self) -> Result<Side, Stop> {
        let negative = self.take("-");
        match self.peek() {
            Some(Token::Name(name)) if !negative => {
                let name = name.clone();
                self.at += 1;
                Ok(Side::Column(name))
            }
            Some(Token::Value(value)) => {
                let value = match (negative, value) {
                    (false, value) => value.clone(),
                    (true, Literal::Int(value)) => Literal::Int(-value),
                    (true, Literal::Float(value)) => Literal::Float(-value),
                    (true, _) => return Err(self.stop("a number was expected")),
                };
                self.at += 1;
                Ok(Side::Value(value))
            }
            Some(Token::Sign(open @ ("[" | "("))) if !negative => {
                let close = if *open == "[" { "]" } else { ")" };
                self.at += 1;
                self.list(close)
            }
            _ => Err(self.stop("a column or a value was expected")),
        }
    }

    fn list(&mut self, close: &str) -> Result<Side, Stop> {
        let mut list = Vec::new();
        while !self.take(close) {
            if let Some(Token::Sign("[" | "(")) = self.peek() {
                return Err(self.stop("lists are of values"));
            }
            match self.side()? {
                Side::Value(value) => list.push(value),
                _ => return Err(self.stop("lists are of values")),
            }
            if !self.take(",") && !matches!(self.peek(), Some(Token::Sign(sign)) if *sign == close)
            {
                return Err(self.stop("`,` was expected"));
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
            _ => return Err(self.stop("a column and a value were expected before this")),
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
        let null = match self.peek() {
            Some(Token::Name(name)) if name == "isna" || name == "isnull" => true,
            Some(Token::Name(name)) if name == "notna" || name == "notnull" => false,
            _ => {
                return Err(
                    self.stop("`isna()`, `notna()`, `isnull()` or `notnull()` was expected")
                );
            }
        };
        self.at += 1;
        match self.take("(") && self.take(")") {
            true => Ok(Condition::Test(column, Predicate::Null(null))),
            false => Err(self.stop("`()` was expected")),
        }
    }
}
