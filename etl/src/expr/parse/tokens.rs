//! The words of the language: those of SQL, and names with a prefix.

use std::any::TypeId;

use sqlparser::dialect::{Dialect, PostgreSqlDialect, Precedence};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Word};

use crate::expr::Element;

/// Marks identifiers whose prefix says node or edge; no text can quote with it.
pub(super) const PREFIXED: char = ':';

/// PostgreSQL's expressions, but for operators of one's own: `x=-1` is a comparison.
#[derive(Debug)]
pub(super) struct Language;

impl Dialect for Language {
    fn dialect(&self) -> TypeId {
        TypeId::of::<PostgreSqlDialect>()
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        matches!(ch, '"' | '`')
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        PostgreSqlDialect {}.is_identifier_start(ch)
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        PostgreSqlDialect {}.is_identifier_part(ch)
    }

    fn prec_value(&self, precedence: Precedence) -> u8 {
        PostgreSqlDialect {}.prec_value(precedence)
    }

    fn is_reserved_for_identifier(&self, keyword: Keyword) -> bool {
        PostgreSqlDialect {}.is_reserved_for_identifier(keyword)
    }

    fn supports_numeric_literal_underscores(&self) -> bool {
        true
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        true
    }

    fn supports_comma_separated_trim(&self) -> bool {
        true
    }
}

/// Whether a token can be there in any number, as in long lists of constants.
pub(super) fn is_light(token: &Token) -> bool {
    matches!(
        token,
        Token::Comma | Token::Whitespace(_) | Token::Number(..) | Token::SingleQuotedString(_)
    )
}

/// How deep what [`is_tried_twice`] may nest.
pub(crate) const MAX_NESTED: usize = 12;

/// Whether what follows the word is read once more, in another way, if it cannot be read: so each level
/// doubles the time that a mistake inside takes.
fn is_tried_twice(word: &Word) -> bool {
    matches!(
        word.keyword,
        Keyword::ARRAY
            | Keyword::CAST
            | Keyword::CEIL
            | Keyword::CONVERT
            | Keyword::EXISTS
            | Keyword::EXTRACT
            | Keyword::FLOOR
            | Keyword::NOT
            | Keyword::OVERLAY
            | Keyword::POSITION
            | Keyword::SAFE_CAST
            | Keyword::SUBSTR
            | Keyword::SUBSTRING
            | Keyword::TRIM
            | Keyword::TRY_CAST
            | Keyword::TRY_CONVERT
    )
}

/// Where `CASE`, `CAST` and the like nest deeper than [`MAX_NESTED`].
pub(crate) fn too_nested(tokens: &[TokenWithSpan]) -> Option<Location> {
    let (mut brackets, mut n_cases, mut depth) = (Vec::new(), 0_usize, 0_usize);
    let mut is_behind = false;
    for TokenWithSpan { token, span } in tokens {
        match token {
            Token::Whitespace(_) => continue,
            Token::LParen => {
                brackets.push(is_behind);
                depth += usize::from(is_behind);
            }
            Token::RParen => depth -= usize::from(brackets.pop().unwrap_or(false)),
            Token::Word(word) if word.keyword == Keyword::CASE => {
                n_cases += 1;
                depth += 1;
            }
            Token::Word(word) if word.keyword == Keyword::END && 0 < n_cases => {
                n_cases -= 1;
                depth -= 1;
            }
            _ => {}
        }
        if depth > MAX_NESTED {
            return Some(span.start);
        }
        is_behind = matches!(token, Token::Word(word) if is_tried_twice(word));
    }
    None
}

/// Makes one identifier of `point:degree`, and of any two words with nothing but a colon between.
pub(super) fn join_prefixes(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut joined: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    for token in tokens {
        let colon = matches!(joined.last(), Some(TokenWithSpan { token: Token::Colon, .. }));
        if let Token::Word(name) = &token.token
            && colon
            && let Some(Token::Word(prefix)) = joined.iter().nth_back(1).map(|token| &token.token)
            && prefix.quote_style.is_none()
        {
            let known = element(&prefix.value).is_some();
            let quote_style = match (known, name.quote_style) {
                (true, _) => Some(PREFIXED),
                (false, None) => Some('"'),
                // A quoted name after any other word is a mistake that the parser will name.
                (false, Some(_)) => {
                    joined.push(token);
                    continue;
                }
            };
            let value = format!("{}:{}", prefix.value, name.value);
            let word = Word { value, quote_style, keyword: Keyword::NoKeyword };
            joined.pop();
            if let Some(last) = joined.last_mut() {
                last.token = Token::Word(word);
                last.span.end = token.span.end;
            }
            continue;
        }
        joined.push(token);
    }
    joined
}

pub(super) fn element(prefix: &str) -> Option<Element> {
    match prefix.to_ascii_lowercase().as_str() {
        "point" | "node" => Some(Element::Node),
        "edge" => Some(Element::Edge),
        _ => None,
    }
}
