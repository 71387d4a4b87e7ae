//! Expressions over the columns of rows, read into trees.

use super::super::query::{Comparison, Literal};

/// Levels of parentheses, lists and functions in one text.
const MOST_LEVELS: usize = 64;

/// What an expression says.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::gfql) enum Expr {
    /// A column, or a property `.1` of the step `.0`.
    Column(String, Option<String>),
    Value(Literal),
    List(Vec<Expr>),
    Not(Box<Expr>),
    Negative(Box<Expr>),
    IsNull(Box<Expr>, bool),
    Compare(Comparison, Box<Expr>, Box<Expr>),
    Logic(Logic, Box<Expr>, Box<Expr>),
    Arithmetic(Arithmetic, Box<Expr>, Box<Expr>),
    Text(TextOperator, Box<Expr>, Box<Expr>),
    In(Box<Expr>, Vec<Expr>),
    Call(Function, Vec<Expr>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gfql) enum Logic {
    And,
    Or,
    Xor,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gfql) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gfql) enum TextOperator {
    Contains,
    StartsWith,
    EndsWith,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gfql) enum Function {
    Coalesce,
    Abs,
    Lower,
    Upper,
    Size,
    ToText,
    ToInt,
    ToFloat,
}

/// Functions by name, in small letters.
const FUNCTIONS: [(&str, Function); 9] = [
    ("coalesce", Function::Coalesce),
    ("abs", Function::Abs),
    ("tolower", Function::Lower),
    ("toupper", Function::Upper),
    ("size", Function::Size),
    ("length", Function::Size),
    ("tostring", Function::ToText),
    ("tointeger", Function::ToInt),
    ("tofloat", Function::ToFloat),
];

/// Reads an expression; an error says at which character what was expected.
pub(in crate::gfql) fn parse(text: &str) -> Result<Expr, String> {
    let said = |(at, what): Stop| {
        let before = text.get(..at).map_or(0, |before| before.chars().count());
        format!("at character {}: {what}", before + 1)
    };
    let tokens = tokens(text).map_err(said)?;
    let mut parser = Parser { tokens: &tokens, at: 0, end: text.len(), levels: 0 };
    let expr = parser.or().map_err(said)?;
    match parser.peek() {
        Some(_) => Err(said(parser.stop("an operator was expected"))),
        None => Ok(expr),
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
    "<>", "!=", "==", ">=", "<=", "=~", "=", ">", "<", "(", ")", "[", "]", ",", ".", "-", "+", "*",
    "/", "%",
];

/// Words that are operators or values, whatever their letters; a name in backticks is none of them.
const WORDS: [&str; 13] = [
    "and", "or", "xor", "not", "is", "in", "contains", "starts", "ends", "with", "null", "true",
    "false",
];

fn tokens(text: &str) -> Result<Vec<(usize, Token)>, Stop> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(char) = text[at..].chars().next() {
        let rest = &text[at..];
        if char.is_whitespace() {
            at += char.len_utf8();
            continue;
        }
        let end_of = |of: fn(char) -> bool| rest.find(|c| !of(c)).unwrap_or(rest.len());
        let (token, length) = if char.is_alphabetic() || char == '_' {
            let length = end_of(|c| c.is_alphanumeric() || c == '_');
            let word = rest[..length].to_ascii_lowercase();
            let known = WORDS.into_iter().find(|known| *known == word);
            let token = match known {
                Some("null") => Token::Value(Literal::Null),
                Some("true") => Token::Value(Literal::Bool(true)),
                Some("false") => Token::Value(Literal::Bool(false)),
                Some(word) => Token::Sign(word),
                None => Token::Name(rest[..length].to_owned()),
            };
            (token, length)
        } else if char.is_ascii_digit() {
            let whole = end_of(|c| c.is_ascii_digit());
            let fraction = rest[whole..].strip_prefix('.').map_or(0, |digits| {
                let digits = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
                if digits == 0 { 0 } else { digits + 1 }
            });
            let mut length = whole + fraction;
            let exponent = rest[length..].strip_prefix(['e', 'E']).unwrap_or_default();
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            let n_digits = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
            if n_digits > 0 {
                length += 1 + (exponent.len() - digits.len()) + n_digits;
            }
            let number = &rest[..length];
            let value = match number.parse() {
                Ok(int) => Literal::Int(int),
                Err(_) => match number.parse::<f64>() {
                    Ok(float) if float.is_finite() => Literal::Float(float),
                    _ => return Err((at, "this is no number".to_owned())),
                },
            };
            (Token::Value(value), length)
        } else if matches!(char, '"' | '\'' | '`') {
            let (value, length) =
                quoted(rest, char).ok_or_else(|| (at, format!("there is no other {char}")))?;
            let token =
                if char == '`' { Token::Name(value) } else { Token::Value(Literal::Text(value)) };
            (token, length)
        } else if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            (Token::Sign(sign), sign.len())
        } else {
            return Err((at, format!("`{char}` has no meaning")));
        };
        tokens.push((at, token));
        at += length;
    }
    Ok(tokens)
}

/// The text between two quotes, where `\` takes the next character as it is, and its bytes.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, char)) = chars.next() {
        match char {
            '\\' => value.push(match chars.next()?.1 {
                'n' => '\n',
                't' => '\t',
                other => other,
            }),
            char if char == quote => return Some((value, at + quote.len_utf8())),
            char => value.push(char),
        }
    }
    None
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

    fn stop(&self, what: impl Into<String>) -> Stop {
        (self.tokens.get(self.at).map_or(self.end, |(at, _)| *at), what.into())
    }

    fn take(&mut self, sign: &'static str) -> bool {
        let found = self.peek() == Some(&Token::Sign(sign));
        self.at += usize::from(found);
        found
    }

    fn need(&mut self, sign: &'static str) -> Result<(), Stop> {
        match self.take(sign) {
            true => Ok(()),
            false => Err(self.stop(format!("`{sign}` was expected"))),
        }
    }

    /// What `inner` reads, one level down.
    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, Stop>) -> Result<T, Stop> {
        if self.levels == MOST_LEVELS {
            return Err(self.stop(format!("more than {MOST_LEVELS} levels")));
        }
        self.levels += 1;
        let read = inner(self);
        self.levels -= 1;
        read
    }

    fn or(&mut self) -> Result<Expr, Stop> {
        self.deeper(|parser| {
            let mut left = parser.and()?;
            loop {
                let logic = match parser.peek() {
                    Some(Token::Sign("or")) => Logic::Or,
                    Some(Token::Sign("xor")) => Logic::Xor,
                    _ => return Ok(left),
                };
                parser.at += 1;
                let right = parser.and()?;
                left = Expr::Logic(logic, Box::new(left), Box::new(right));
            }
        })
    }

    fn and(&mut self) -> Result<Expr, Stop> {
        let mut left = self.not()?;
        while self.take("and") {
            left = Expr::Logic(Logic::And, Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Expr, Stop> {
        match self.take("not") {
            true => self.deeper(|parser| Ok(Expr::Not(Box::new(parser.not()?)))),
            false => self.comparison(),
        }
    }

    fn comparison(&mut self) -> Result<Expr, Stop> {
        let left = self.sum()?;
        let two = |left, right, make: fn(Box<Expr>, Box<Expr>) -> Expr| {
            make(Box::new(left), Box::new(right))
        };
        let comparison = match self.peek() {
            Some(Token::Sign("=" | "==")) => Comparison::Eq,
            Some(Token::Sign("<>" | "!=")) => Comparison::Ne,
            Some(Token::Sign("<")) => Comparison::Lt,
            Some(Token::Sign("<=")) => Comparison::Le,
            Some(Token::Sign(">")) => Comparison::Gt,
            Some(Token::Sign(">=")) => Comparison::Ge,
            Some(Token::Sign("is")) => {
                self.at += 1;
                let null = !self.take("not");
                return match self.peek() {
                    Some(Token::Value(Literal::Null)) => {
                        self.at += 1;
                        Ok(Expr::IsNull(Box::new(left), null))
                    }
                    _ => Err(self.stop("`null` was expected")),
                };
            }
            Some(Token::Sign("in")) => {
                self.at += 1;
                self.need("[")?;
                return Ok(Expr::In(Box::new(left), self.list("]")?));
            }
            Some(Token::Sign("contains")) => {
                self.at += 1;
                let right = self.sum()?;
                return Ok(two(left, right, |a, b| Expr::Text(TextOperator::Contains, a, b)));
            }
            Some(Token::Sign(sign @ ("starts" | "ends"))) => {
                let starts = *sign == "starts";
                self.at += 1;
                self.need("with")?;
                let right = self.sum()?;
                let operator =
                    if starts { TextOperator::StartsWith } else { TextOperator::EndsWith };
                return Ok(Expr::Text(operator, Box::new(left), Box::new(right)));
            }
            _ => return Ok(left),
        };
        self.at += 1;
        let right = self.sum()?;
        Ok(Expr::Compare(comparison, Box::new(left), Box::new(right)))
    }

    fn sum(&mut self) -> Result<Expr, Stop> {
        let mut left = self.product()?;
        loop {
            let operator = match self.peek() {
                Some(Token::Sign("+")) => Arithmetic::Add,
                Some(Token::Sign("-")) => Arithmetic::Subtract,
                _ => return Ok(left),
            };
            self.at += 1;
            left = Expr::Arithmetic(operator, Box::new(left), Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Result<Expr, Stop> {
        let mut left = self.factor()?;
        loop {
            let operator = match self.peek() {
                Some(Token::Sign("*")) => Arithmetic::Multiply,
                Some(Token::Sign("/")) => Arithmetic::Divide,
                Some(Token::Sign("%")) => Arithmetic::Remainder,
                _ => return Ok(left),
            };
            self.at += 1;
            left = Expr::Arithmetic(operator, Box::new(left), Box::new(self.factor()?));
        }
    }

    fn factor(&mut self) -> Result<Expr, Stop> {
        if self.take("-") {
            return self.deeper(|parser| Ok(Expr::Negative(Box::new(parser.factor()?))));
        }
        if self.take("(") {
            let inner = self.or()?;
            self.need(")")?;
            return Ok(inner);
        }
        if self.take("[") {
            return Ok(Expr::List(self.list("]")?));
        }
        match self.peek().cloned() {
            Some(Token::Value(value)) => {
                self.at += 1;
                Ok(Expr::Value(value))
            }
            Some(Token::Name(name)) => {
                let here = self.at;
                self.at += 1;
                if self.take("(") {
                    let known =
                        FUNCTIONS.into_iter().find(|(known, _)| name.eq_ignore_ascii_case(known));
                    let Some((_, function)) = known else {
                        self.at = here;
                        return Err(self.stop(unknown_function(&name)));
                    };
                    return Ok(Expr::Call(function, self.list(")")?));
                }
                if !self.take(".") {
                    return Ok(Expr::Column(name, None));
                }
                match self.peek().cloned() {
                    Some(Token::Name(property)) => {
                        self.at += 1;
                        Ok(Expr::Column(name, Some(property)))
                    }
                    _ => Err(self.stop("the name of a property was expected")),
                }
            }
            _ => Err(self.stop("a column, a value, `(` or `[` was expected")),
        }
    }

    /// Expressions up to `end`.
    fn list(&mut self, end: &'static str) -> Result<Vec<Expr>, Stop> {
        let mut items = Vec::new();
        if self.take(end) {
            return Ok(items);
        }
        loop {
            items.push(self.or()?);
            if self.take(end) {
                return Ok(items);
            }
            self.need(",")?;
        }
    }
}

fn unknown_function(name: &str) -> String {
    let names = FUNCTIONS.map(|(name, _)| name);
    match crate::error::nearest(&name.to_ascii_lowercase(), names) {
        Some(near) => format!("there is no function `{name}`; did you mean `{near}`?"),
        None => format!("there is no function `{name}`; there are `{}`", names.join("`, `")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_bind_as_usual() {
        for (text, same) in [
            ("a + b * c", "a + (b * c)"),
            ("a - b - c", "(a - b) - c"),
            ("not a = 1 and b or c", "((not (a = 1)) and b) or c"),
            ("-a.x < 2", "(-(a.x)) < 2"),
            ("x IS NOT NULL", "x is not null"),
            (
                "kind starts with 'p' AND size % 2 == 0",
                "(kind STARTS WITH \"p\") and ((size % 2) = 0)",
            ),
            ("toLower(`odd name`) in ['a', 'b']", "tolower(`odd name`) IN [\"a\",\"b\"]"),
        ] {
            assert_eq!(parse(text), parse(same), "{text}");
            assert!(parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, said) in [
            ("a +", "at character 4: a column, a value, `(` or `[` was expected"),
            ("a b", "at character 3: an operator was expected"),
            ("é = 'x", "at character 5: there is no other '"),
            ("sise(a)", "at character 1: there is no function `sise`; did you mean `size`?"),
            ("a = $b", "at character 5: `$` has no meaning"),
            ("a is 3", "at character 6: `null` was expected"),
            ("1e999", "at character 1: this is no number"),
        ] {
            assert_eq!(parse(text).unwrap_err(), said, "{text}");
        }
        assert!(parse(&"(".repeat(5000)).unwrap_err().contains("levels"));
        assert!(parse(&"-".repeat(5000)).unwrap_err().contains("levels"));
    }
}
