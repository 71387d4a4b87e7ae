//! Expressions over the columns of rows, read into trees.

use super::super::query::{Comparison, Literal};
use super::super::tokens::{Cursor, Language, Stop, Token, character, tokens};

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
    let read = |text| {
        let tokens = tokens(text, &LANGUAGE)?;
        let mut parser = Parser(Cursor::new(text, &tokens));
        let expr = parser.or()?;
        parser.0.finish().map(|()| expr)
    };
    read(text).map_err(|(at, what): Stop| format!("at character {}: {what}", character(text, at)))
}

const LANGUAGE: Language = Language {
    signs: &[
        "<>", "!=", "==", ">=", "<=", "=~", "=", ">", "<", "(", ")", "[", "]", ",", ".", "-", "+",
        "*", "/", "%",
    ],
    word,
};

/// Words that are operators or values, whatever their letters; a name in backticks is none of them.
const WORDS: [&str; 13] = [
    "and", "or", "xor", "not", "is", "in", "contains", "starts", "ends", "with", "null", "true",
    "false",
];

fn word(word: &str) -> Option<Token> {
    let small = word.to_ascii_lowercase();
    Some(match WORDS.into_iter().find(|known| *known == small)? {
        "null" => Token::Value(Literal::Null),
        "true" => Token::Value(Literal::Bool(true)),
        "false" => Token::Value(Literal::Bool(false)),
        word => Token::Sign(word),
    })
}

struct Parser<'t>(Cursor<'t>);

impl Parser<'_> {
    /// What `inner` reads, one level down.
    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, Stop>) -> Result<T, Stop> {
        self.0.sink()?;
        let read = inner(self);
        self.0.rise();
        read
    }

    fn or(&mut self) -> Result<Expr, Stop> {
        self.deeper(|parser| {
            let mut left = parser.and()?;
            loop {
                let logic = match parser.0.peek() {
                    Some(Token::Sign("or")) => Logic::Or,
                    Some(Token::Sign("xor")) => Logic::Xor,
                    _ => return Ok(left),
                };
                parser.0.advance(1);
                let right = parser.and()?;
                left = Expr::Logic(logic, Box::new(left), Box::new(right));
            }
        })
    }

    fn and(&mut self) -> Result<Expr, Stop> {
        let mut left = self.not()?;
        while self.0.take("and") {
            left = Expr::Logic(Logic::And, Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Expr, Stop> {
        match self.0.take("not") {
            true => self.deeper(|parser| Ok(Expr::Not(Box::new(parser.not()?)))),
            false => self.comparison(),
        }
    }

    fn comparison(&mut self) -> Result<Expr, Stop> {
        let left = self.sum()?;
        let two = |left, right, make: fn(Box<Expr>, Box<Expr>) -> Expr| {
            make(Box::new(left), Box::new(right))
        };
        let comparison = match self.0.peek() {
            Some(Token::Sign("=" | "==")) => Comparison::Eq,
            Some(Token::Sign("<>" | "!=")) => Comparison::Ne,
            Some(Token::Sign("<")) => Comparison::Lt,
            Some(Token::Sign("<=")) => Comparison::Le,
            Some(Token::Sign(">")) => Comparison::Gt,
            Some(Token::Sign(">=")) => Comparison::Ge,
            Some(Token::Sign("is")) => {
                self.0.advance(1);
                let null = !self.0.take("not");
                return match self.0.peek() {
                    Some(Token::Value(Literal::Null)) => {
                        self.0.advance(1);
                        Ok(Expr::IsNull(Box::new(left), null))
                    }
                    _ => Err(self.0.stop("`null` was expected")),
                };
            }
            Some(Token::Sign("in")) => {
                self.0.advance(1);
                self.0.need("[")?;
                return Ok(Expr::In(Box::new(left), self.list("]")?));
            }
            Some(Token::Sign("contains")) => {
                self.0.advance(1);
                let right = self.sum()?;
                return Ok(two(left, right, |a, b| Expr::Text(TextOperator::Contains, a, b)));
            }
            Some(Token::Sign(sign @ ("starts" | "ends"))) => {
                let starts = *sign == "starts";
                self.0.advance(1);
                self.0.need("with")?;
                let right = self.sum()?;
                let operator =
                    if starts { TextOperator::StartsWith } else { TextOperator::EndsWith };
                return Ok(Expr::Text(operator, Box::new(left), Box::new(right)));
            }
            _ => return Ok(left),
        };
        self.0.advance(1);
        let right = self.sum()?;
        Ok(Expr::Compare(comparison, Box::new(left), Box::new(right)))
    }

    fn sum(&mut self) -> Result<Expr, Stop> {
        let mut left = self.product()?;
        loop {
            let operator = match self.0.peek() {
                Some(Token::Sign("+")) => Arithmetic::Add,
                Some(Token::Sign("-")) => Arithmetic::Subtract,
                _ => return Ok(left),
            };
            self.0.advance(1);
            left = Expr::Arithmetic(operator, Box::new(left), Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Result<Expr, Stop> {
        let mut left = self.factor()?;
        loop {
            let operator = match self.0.peek() {
                Some(Token::Sign("*")) => Arithmetic::Multiply,
                Some(Token::Sign("/")) => Arithmetic::Divide,
                Some(Token::Sign("%")) => Arithmetic::Remainder,
                _ => return Ok(left),
            };
            self.0.advance(1);
            left = Expr::Arithmetic(operator, Box::new(left), Box::new(self.factor()?));
        }
    }

    fn factor(&mut self) -> Result<Expr, Stop> {
        if self.0.take("-") {
            return self.deeper(|parser| Ok(Expr::Negative(Box::new(parser.factor()?))));
        }
        if self.0.take("(") {
            let inner = self.or()?;
            self.0.need(")")?;
            return Ok(inner);
        }
        if self.0.take("[") {
            return Ok(Expr::List(self.list("]")?));
        }
        match self.0.peek().cloned() {
            Some(Token::Value(value)) => {
                self.0.advance(1);
                Ok(Expr::Value(value))
            }
            Some(Token::Name(name)) => {
                let unknown = self.0.stop(unknown_function(&name));
                self.0.advance(1);
                if self.0.take("(") {
                    let known =
                        FUNCTIONS.into_iter().find(|(known, _)| name.eq_ignore_ascii_case(known));
                    let Some((_, function)) = known else { return Err(unknown) };
                    return Ok(Expr::Call(function, self.list(")")?));
                }
                if !self.0.take(".") {
                    return Ok(Expr::Column(name, None));
                }
                match self.0.peek().cloned() {
                    Some(Token::Name(property)) => {
                        self.0.advance(1);
                        Ok(Expr::Column(name, Some(property)))
                    }
                    _ => Err(self.0.stop("the name of a property was expected")),
                }
            }
            _ => Err(self.0.stop("a column, a value, `(` or `[` was expected")),
        }
    }

    /// Expressions up to `end`.
    fn list(&mut self, end: &'static str) -> Result<Vec<Expr>, Stop> {
        let mut items = Vec::new();
        if self.0.take(end) {
            return Ok(items);
        }
        loop {
            items.push(self.or()?);
            if self.0.take(end) {
                return Ok(items);
            }
            self.0.need(",")?;
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
