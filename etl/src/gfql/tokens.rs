//! Tokens of texts that stand in queries: what expressions over rows and query strings of pandas
//! are made of.

use super::query::Literal;

/// Levels of parentheses, lists, functions and `not` in one text.
const MOST_LEVELS: usize = 64;

/// Byte of the text, and what is wrong there.
pub(super) type Stop = (usize, String);

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Name(String),
    Value(Literal),
    /// An operator, which may be a word.
    Sign(&'static str),
}

/// What a language has of its own.
pub(super) struct Language {
    /// Operators that are no words, before those that they begin with.
    pub(super) signs: &'static [&'static str],
    /// What a word stands for that is no name; one in backticks always is.
    pub(super) word: fn(&str) -> Option<Token>,
}

/// Number, from 1, of the character at byte `at`.
pub(super) fn character(text: &str, at: usize) -> usize {
    text.get(..at).map_or(0, |before| before.chars().count()) + 1
}

/// The tokens of `text`, each with its byte.
pub(super) fn tokens(text: &str, language: &Language) -> Result<Vec<(usize, Token)>, Stop> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(char) = text[at..].chars().next() {
        let rest = &text[at..];
        if char.is_whitespace() {
            at += char.len_utf8();
            continue;
        }
        let (token, length) = if char.is_alphabetic() || char == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            let word = &rest[..end];
            ((language.word)(word).unwrap_or_else(|| Token::Name(word.to_owned())), end)
        } else if char.is_ascii_digit() {
            let length = number_length(rest);
            let value = number(&rest[..length]).ok_or((at, "this is no number".to_owned()))?;
            (Token::Value(value), length)
        } else if matches!(char, '"' | '\'' | '`') {
            let (value, length) =
                quoted(rest, char).ok_or_else(|| (at, format!("there is no other {char}")))?;
            match char {
                '`' => (Token::Name(value), length),
                _ => (Token::Value(Literal::Text(value)), length),
            }
        } else if let Some(sign) = language.signs.iter().find(|sign| rest.starts_with(**sign)) {
            (Token::Sign(sign), sign.len())
        } else {
            return Err((at, format!("`{char}` has no meaning")));
        };
        tokens.push((at, token));
        at += length;
    }
    Ok(tokens)
}

/// Bytes of the number that `text` begins with: digits, a fraction, an exponent.
fn number_length(text: &str) -> usize {
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let mut length = digits(text);
    if let Some(fraction) = text[length..].strip_prefix('.') {
        length += 1 + digits(fraction);
    }
    if let Some(exponent) = text[length..].strip_prefix(['e', 'E']) {
        let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let n_digits = digits(unsigned);
        if n_digits > 0 {
            length += 1 + (exponent.len() - unsigned.len()) + n_digits;
        }
    }
    length
}

fn number(text: &str) -> Option<Literal> {
    match text.parse() {
        Ok(value) => Some(Literal::Int(value)),
        Err(_) => text.parse().ok().filter(|value: &f64| value.is_finite()).map(Literal::Float),
    }
}

/// The text between quotes, and how many bytes it takes with them. `\` takes the next character as
/// it is, but not between backticks.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, char)) = chars.next() {
        match char {
            _ if char == quote => return Some((value, at + 1)),
            '\\' if quote != '`' => value.push(match chars.next()?.1 {
                'n' => '\n',
                't' => '\t',
                other => other,
            }),
            _ => value.push(char),
        }
    }
    None
}

/// Where a parser is in its tokens.
pub(super) struct Cursor<'t> {
    tokens: &'t [(usize, Token)],
    at: usize,
    /// Bytes of the text.
    end: usize,
    levels: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &str, tokens: &'t [(usize, Token)]) -> Self {
        Self { tokens, at: 0, end: text.len(), levels: 0 }
    }

    pub(super) fn peek(&self) -> Option<&'t Token> {
        self.peek_at(0)
    }

    /// The token `ahead` of the next one.
    pub(super) fn peek_at(&self, ahead: usize) -> Option<&'t Token> {
        self.tokens.get(self.at + ahead).map(|(_, token)| token)
    }

    pub(super) fn advance(&mut self, n_tokens: usize) {
        self.at += n_tokens;
    }

    /// The error that `what` is wrong at the next token.
    pub(super) fn stop(&self, what: impl Into<String>) -> Stop {
        (self.tokens.get(self.at).map_or(self.end, |&(at, _)| at), what.into())
    }

    pub(super) fn take(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(found)) if *found == sign);
        self.at += usize::from(found);
        found
    }

    pub(super) fn need(&mut self, sign: &str) -> Result<(), Stop> {
        match self.take(sign) {
            true => Ok(()),
            false => Err(self.stop(format!("`{sign}` was expected"))),
        }
    }

    /// Goes one level down; [`rise`](Self::rise) comes back.
    pub(super) fn sink(&mut self) -> Result<(), Stop> {
        if self.levels == MOST_LEVELS {
            return Err(self.stop(format!("more than {MOST_LEVELS} levels")));
        }
        self.levels += 1;
        Ok(())
    }

    pub(super) fn rise(&mut self) {
        self.levels -= 1;
    }

    /// Nothing may follow.
    pub(super) fn finish(&self) -> Result<(), Stop> {
        match self.peek() {
            Some(_) => Err(self.stop("an operator was expected")),
            None => Ok(()),
        }
    }
}
