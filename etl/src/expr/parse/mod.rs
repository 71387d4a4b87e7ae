//! From text to an expression: SQL's grammar by `sqlparser`, then what this language has of it.

mod calls;
mod derived;
mod tokens;
mod words;

use sqlparser::ast::{self, BinaryOperator, CeilFloorKind, DateTimeField, UnaryOperator, Value};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, Tokenizer};

use self::calls::{aggregate_of, call, counted};
pub(super) use self::derived::DERIVED;
#[cfg(feature = "tables")]
pub(crate) use self::derived::at_one_time;
use self::derived::{day_of_week, derived, filtered, position};
use self::tokens::{Language, PREFIXED, element, is_light, join_prefixes};
pub(crate) use self::tokens::{MAX_NESTED, too_nested};
pub(crate) use self::words::check_regex;
use self::words::{binary_operator, cast_type, extracted, number, with_backslashes};
use super::functions::{self, Aggregate, Function};
use super::{
    Binary, Binding, Bindings, Column, Expr, ExpressionError, Interval, Kind, Literal, Place,
    Problem, Unary, time,
};
use crate::error::nearest;

/// How deep an expression may nest; a chain of operators nests once for each.
const MAX_DEPTH: usize = 500;
/// How many tokens an expression may have, lists of constants not counted.
const MAX_TOKENS: usize = 5_000;

type Parsed<T = Expr> = Result<T, ExpressionError>;

impl std::str::FromStr for Expr {
    type Err = ExpressionError;

    /// Reads an expression.
    ///
    /// # Errors
    ///
    /// [`ExpressionError`] with the place of what cannot be read, or is not of the language.
    fn from_str(text: &str) -> Parsed {
        Source::new(text, None).read(text)
    }
}

impl Expr {
    /// Reads an expression whose placeholders, such as `$name`, stand for the values of `bindings`.
    ///
    /// # Errors
    ///
    /// As [`parse`](str::parse), and [`Problem::UnknownParameter`] for a placeholder without a value.
    pub fn parse_bound(text: &str, bindings: &Bindings) -> Result<Self, ExpressionError> {
        Source::new(text, Some(bindings)).read(text)
    }
}

/// The text that is read, for the places in it.
struct Source<'a> {
    /// Number of characters before each line.
    lines: Vec<u32>,
    /// What placeholders stand for; `None` if there may be none.
    bindings: Option<&'a Bindings>,
}

impl<'a> Source<'a> {
    fn new(text: &str, bindings: Option<&'a Bindings>) -> Self {
        let mut lines = vec![0];
        for (index, character) in text.chars().enumerate() {
            if character == '\n' {
                lines.push(index as u32 + 1);
            }
        }
        Self { lines, bindings }
    }

    fn read(&self, text: &str) -> Parsed {
        let tokens = Tokenizer::new(&Language, text).tokenize_with_location().map_err(|error| {
            self.error(error.location, Problem::Syntax(error.message.to_lowercase().into()))
        })?;
        if let Some(location) = too_nested(&tokens) {
            let what = "levels of CASE, CAST and the like";
            return Err(self.error(location, Problem::TooLong { what, limit: MAX_NESTED }));
        }
        let tokens = join_prefixes(tokens);
        let weight = tokens.iter().filter(|token| !is_light(&token.token)).count();
        if weight > MAX_TOKENS {
            let problem = Problem::TooLong { what: "words", limit: MAX_TOKENS };
            return Err(ExpressionError::new(Place::UNKNOWN, problem));
        }
        let mut parser = Parser::new(&Language).with_tokens_with_locations(tokens);
        let read = parser.parse_expr().map_err(|error| self.syntax(&error))?;
        let rest = parser.peek_token();
        if rest.token != Token::EOF {
            let problem = Problem::Syntax(
                format!("an operator or the end was expected, not `{rest}`").into(),
            );
            return Err(self.error(rest.span.start, problem));
        }
        self.expr(read, MAX_DEPTH)
    }

    fn place(&self, location: Location) -> Place {
        let line = usize::try_from(location.line).unwrap_or(0);
        match line.checked_sub(1).and_then(|line| self.lines.get(line)) {
            Some(before) => Place::at(before + location.column as u32),
            None => Place::UNKNOWN,
        }
    }

    fn error(&self, location: Location, problem: Problem) -> ExpressionError {
        ExpressionError::new(self.place(location), problem)
    }

    /// The parser writes the place into the message.
    fn syntax(&self, error: &ParserError) -> ExpressionError {
        let message = match error {
            ParserError::TokenizerError(message) | ParserError::ParserError(message) => {
                message.as_str()
            }
            ParserError::RecursionLimitExceeded => {
                let problem = Problem::TooLong { what: "levels", limit: MAX_DEPTH };
                return ExpressionError::new(Place::UNKNOWN, problem);
            }
        };
        let (words, location) = message.rsplit_once(" at Line: ").unwrap_or((message, ""));
        let mut numbers = location.split(", Column: ").map(str::parse);
        let place = match (numbers.next(), numbers.next()) {
            (Some(Ok(line)), Some(Ok(column))) => self.place(Location::new(line, column)),
            _ => Place::UNKNOWN,
        };
        let words = words.strip_prefix("Expected: ").map_or_else(
            || words.to_owned(),
            |rest| format!("expected {}", rest.replacen(", found: ", ", found ", 1)),
        );
        ExpressionError::new(place, Problem::Syntax(words.into()))
    }

    #[expect(clippy::too_many_lines, reason = "an arm for each form")]
    fn expr(&self, read: ast::Expr, depth: usize) -> Parsed {
        let Some(depth) = depth.checked_sub(1) else {
            let problem = Problem::TooLong { what: "levels", limit: MAX_DEPTH };
            return Err(ExpressionError::new(Place::UNKNOWN, problem));
        };
        let boxed = |read: Box<ast::Expr>| self.expr(*read, depth).map(Box::new);
        Ok(match read {
            ast::Expr::Identifier(name) => self.column(vec![name]),
            ast::Expr::CompoundIdentifier(names) => self.column(names),
            ast::Expr::Nested(inner) => self.expr(*inner, depth)?,
            ast::Expr::Value(value) => self.constant(value)?,
            ast::Expr::TypedString(typed) => self.typed(typed)?,
            ast::Expr::Interval(interval) => self.interval(interval, depth)?,
            ast::Expr::IsNull(operand) => self.expr(*operand, depth)?.is_null(),
            ast::Expr::IsNotNull(operand) => self.expr(*operand, depth)?.is_null().not(),
            ast::Expr::IsTrue(operand) => self.is(*operand, true, depth)?,
            ast::Expr::IsNotTrue(operand) => self.is(*operand, true, depth)?.not(),
            ast::Expr::IsFalse(operand) => self.is(*operand, false, depth)?,
            ast::Expr::IsNotFalse(operand) => self.is(*operand, false, depth)?.not(),
            ast::Expr::IsUnknown(operand) => self.expr(*operand, depth)?.is_null(),
            ast::Expr::IsNotUnknown(operand) => self.expr(*operand, depth)?.is_null().not(),
            ast::Expr::IsNotDistinctFrom(left, right) => {
                self.expr(*left, depth)?.binary(Binary::Same, self.expr(*right, depth)?)
            }
            ast::Expr::IsDistinctFrom(left, right) => {
                self.expr(*left, depth)?.binary(Binary::Same, self.expr(*right, depth)?).not()
            }
            ast::Expr::InList { expr, list, negated } => {
                let mut items = Vec::with_capacity(list.len());
                for item in list {
                    match self.listed(&item) {
                        Some(values) => items.extend(values),
                        None => items.push(self.expr(item, depth)?),
                    }
                }
                negate_if(negated, self.expr(*expr, depth)?.is_in(items))
            }
            ast::Expr::Between { expr, negated, low, high } => {
                let operand = self.expr(*expr, depth)?;
                let above = operand.clone().binary(Binary::GreaterEqual, self.expr(*low, depth)?);
                let below = operand.binary(Binary::LessEqual, self.expr(*high, depth)?);
                negate_if(negated, above.and(below))
            }
            ast::Expr::Like { negated, any: false, expr, pattern, escape_char } => {
                negate_if(negated, self.like(*expr, *pattern, escape_char, false, depth)?)
            }
            ast::Expr::ILike { negated, any: false, expr, pattern, escape_char } => {
                negate_if(negated, self.like(*expr, *pattern, escape_char, true, depth)?)
            }
            ast::Expr::RLike { negated, expr, pattern, .. } => {
                negate_if(negated, self.matches(*expr, *pattern, "", depth)?)
            }
            ast::Expr::UnaryOp { op, expr } => self.unary(op, *expr, depth)?,
            ast::Expr::BinaryOp { left, op, right } => self.binary(*left, &op, *right, depth)?,
            ast::Expr::Cast { kind, expr, data_type, format: None, array: false } => {
                let operand = self.expr(*expr, depth)?;
                let to = cast_type(&data_type).ok_or_else(|| {
                    let problem = Problem::Unsupported(format!("the type {data_type}").into());
                    ExpressionError::new(operand.place, problem)
                })?;
                let or_null = matches!(kind, ast::CastKind::TryCast | ast::CastKind::SafeCast);
                let place = operand.place;
                Expr { kind: Kind::Cast { operand: Box::new(operand), to, or_null }, place }
            }
            ast::Expr::Extract {
                field: DateTimeField::Dow | DateTimeField::DayOfWeek,
                expr,
                ..
            } => {
                let operand = self.expr(*expr, depth)?;
                day_of_week(operand.place, operand)
            }
            ast::Expr::Position { expr, r#in } => {
                let part = self.expr(*expr, depth)?;
                let text = self.expr(*r#in, depth)?;
                position(text.place, text, part)?
            }
            ast::Expr::Extract { field, expr, .. } => {
                let operand = self.expr(*expr, depth)?;
                let function = extracted(&field).ok_or_else(|| {
                    let problem = Problem::Unsupported(format!("EXTRACT({field} …)").into());
                    ExpressionError::new(operand.place, problem)
                })?;
                call(operand.place, function, vec![operand])
            }
            ast::Expr::Ceil {
                expr,
                field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime),
            } => self.simple(Function::Ceil, [Some(*expr)], depth)?,
            ast::Expr::Floor {
                expr,
                field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime),
            } => self.simple(Function::Floor, [Some(*expr)], depth)?,
            ast::Expr::Substring { expr, substring_from, substring_for, .. } => {
                let parts =
                    [Some(*expr), substring_from.map(|from| *from), substring_for.map(|n| *n)];
                self.simple(Function::Substring, parts, depth)?
            }
            ast::Expr::Trim { expr, trim_where, trim_what, trim_characters } => {
                let function = match trim_where {
                    None | Some(ast::TrimWhereField::Both) => Function::Trim,
                    Some(ast::TrimWhereField::Leading) => Function::TrimStart,
                    Some(ast::TrimWhereField::Trailing) => Function::TrimEnd,
                };
                let characters = trim_characters.and_then(|list| list.into_iter().next());
                let what = trim_what.map(|what| *what).or(characters);
                self.simple(function, [Some(*expr), what], depth)?
            }
            ast::Expr::Case { case_token, operand, conditions, else_result, .. } => {
                let operand = operand.map(|operand| self.expr(*operand, depth)).transpose()?;
                let mut branches = Vec::with_capacity(conditions.len());
                for ast::CaseWhen { condition, result } in conditions {
                    let condition = self.expr(condition, depth)?;
                    let condition = match &operand {
                        Some(operand) => operand.clone().equals(condition),
                        None => condition,
                    };
                    branches.push((condition, self.expr(result, depth)?));
                }
                let otherwise = else_result.map(boxed).transpose()?;
                let place = self.place(case_token.0.span.start);
                Expr { kind: Kind::Case { branches, otherwise }, place }
            }
            ast::Expr::Function(function) => self.function(function, depth)?,
            other => {
                let location = sqlparser::ast::Spanned::span(&other).start;
                let problem = Problem::Unsupported(format!("`{other}`").into());
                return Err(self.error(location, problem));
            }
        })
    }

    fn column(&self, names: Vec<ast::Ident>) -> Expr {
        let location = names.first().map_or(Location::empty(), |name| name.span.start);
        let element = match names.first() {
            Some(first) if first.quote_style == Some(PREFIXED) => {
                first.value.split_once(':').and_then(|(prefix, _)| element(prefix))
            }
            _ => None,
        };
        let name = names.into_iter().map(|name| name.value).collect::<Vec<_>>().join(".");
        let name = match name.split_once(':') {
            Some((_, rest)) if element.is_some() => rest.to_owned(),
            _ => name,
        };
        Expr { kind: Kind::Column(Column { element, name }), place: self.place(location) }
    }

    fn constant(&self, value: ast::ValueWithSpan) -> Parsed {
        let place = self.place(value.span.start);
        let literal = match value.value {
            Value::Number(text, _) => number(&text).ok_or_else(|| {
                let expected = "a number of 64 bits";
                ExpressionError::new(place, Problem::BadConstant { text: text.into(), expected })
            })?,
            Value::SingleQuotedString(text) => Literal::Text(text),
            Value::Boolean(value) => Literal::Boolean(value),
            Value::Null => Literal::Null,
            Value::Placeholder(name) if self.bindings.is_some() => self.bound(&name, place)?,
            other => {
                return Err(ExpressionError::new(
                    place,
                    Problem::Unsupported(format!("`{other}`").into()),
                ));
            }
        };
        Ok(Expr { kind: Kind::Literal(literal), place })
    }

    /// What a placeholder stands for.
    fn bound(&self, name: &str, place: Place) -> Parsed<Literal> {
        let name = name.trim_start_matches('$');
        let names = || self.bindings.into_iter().flat_map(Bindings::names);
        let problem = match self.bindings.and_then(|bindings| bindings.get(name)) {
            Some(Binding::One(literal)) => return Ok(literal.clone()),
            Some(Binding::Many(_)) => {
                Problem::Unsupported(format!("the list `${name}` outside of IN (…)").into())
            }
            None => {
                Problem::UnknownParameter { nearest: nearest(name, names()), name: name.into() }
            }
        };
        Err(ExpressionError::new(place, problem))
    }

    /// The constants that an item of a list stands for, if it is a placeholder of several.
    fn listed(&self, item: &ast::Expr) -> Option<Vec<Expr>> {
        let ast::Expr::Value(ast::ValueWithSpan { value: Value::Placeholder(name), span }) = item
        else {
            return None;
        };
        let place = self.place(span.start);
        match self.bindings?.get(name.trim_start_matches('$'))? {
            Binding::Many(values) => {
                let expr = |value: &Literal| Expr { kind: Kind::Literal(value.clone()), place };
                Some(values.iter().map(expr).collect())
            }
            Binding::One(_) => None,
        }
    }

    fn typed(&self, typed: ast::TypedString) -> Parsed {
        let place = self.place(typed.value.span.start);
        let Value::SingleQuotedString(text) = typed.value.value else {
            let problem = Problem::Unsupported(format!("`{}`", typed.value).into());
            return Err(ExpressionError::new(place, problem));
        };
        let (literal, expected) = match typed.data_type {
            ast::DataType::Date => {
                (time::date(&text).map(Literal::Date), "a date such as 2026-11-21")
            }
            ast::DataType::Time(..) => {
                (time::time(&text).map(Literal::Time), "a time such as 12:30:00")
            }
            ast::DataType::Timestamp(..) | ast::DataType::Datetime(_) => (
                time::timestamp(&text).map(|(micros, utc)| Literal::Timestamp { micros, utc }),
                "a timestamp such as 2026-11-21 12:30:00",
            ),
            other => {
                let problem = Problem::Unsupported(format!("a constant of type {other}").into());
                return Err(ExpressionError::new(place, problem));
            }
        };
        let literal = literal.ok_or_else(|| {
            ExpressionError::new(place, Problem::BadConstant { text: text.into(), expected })
        })?;
        Ok(Expr { kind: Kind::Literal(literal), place })
    }

    fn interval(&self, interval: ast::Interval, depth: usize) -> Parsed {
        let Expr { kind, place } = self.expr(*interval.value, depth)?;
        let text = match kind {
            Kind::Literal(Literal::Text(text)) => text,
            Kind::Literal(Literal::Integer(number)) => number.to_string(),
            Kind::Literal(Literal::Float(number)) => number.to_string(),
            _ => {
                let problem = Problem::Unsupported("an INTERVAL that is not a constant".into());
                return Err(ExpressionError::new(place, problem));
            }
        };
        let text = match interval.leading_field {
            Some(unit) => format!("{text} {unit}"),
            None => text,
        };
        let interval = Interval::read(&text).ok_or_else(|| {
            let expected = "a length of time such as '1 month 2 days 3 hours'";
            ExpressionError::new(place, Problem::BadConstant { text: text.into(), expected })
        })?;
        Ok(Expr { kind: Kind::Literal(Literal::Interval(interval)), place })
    }

    fn is(&self, operand: ast::Expr, value: bool, depth: usize) -> Parsed {
        let operand = self.expr(operand, depth)?;
        Ok(operand.binary(Binary::Same, Expr::literal(value)))
    }

    fn simple<const N: usize>(
        &self,
        function: Function,
        arguments: [Option<ast::Expr>; N],
        depth: usize,
    ) -> Parsed {
        let arguments = arguments
            .into_iter()
            .flatten()
            .map(|argument| self.expr(argument, depth))
            .collect::<Parsed<Vec<_>>>()?;
        let place = arguments.first().map_or(Place::UNKNOWN, |first| first.place);
        counted(place, function, arguments)
    }

    fn like(
        &self,
        operand: ast::Expr,
        pattern: ast::Expr,
        escape: Option<ast::ValueWithSpan>,
        ignore_case: bool,
        depth: usize,
    ) -> Parsed {
        let operand = Box::new(self.expr(operand, depth)?);
        let (pattern, at) = self.text(pattern, "a pattern", depth)?;
        let escape = match escape.map(|escape| escape.value) {
            None => '\\',
            Some(Value::SingleQuotedString(text)) if text.chars().count() == 1 => {
                text.chars().next().unwrap_or('\\')
            }
            Some(other) => {
                let expected = "one character to escape others with";
                let problem = Problem::BadConstant { text: other.to_string().into(), expected };
                return Err(ExpressionError::new(at, problem));
            }
        };
        let place = operand.place;
        let pattern = with_backslashes(&pattern, escape);
        Ok(Expr { kind: Kind::Like { operand, pattern, ignore_case }, place })
    }

    fn matches(&self, operand: ast::Expr, pattern: ast::Expr, flags: &str, depth: usize) -> Parsed {
        let operand = Box::new(self.expr(operand, depth)?);
        let (pattern, at) = self.text(pattern, "a regular expression", depth)?;
        let pattern = format!("{flags}{pattern}");
        check_regex(&pattern, at)?;
        let place = operand.place;
        Ok(Expr { kind: Kind::Matches { operand, pattern }, place })
    }

    /// The constant text that `read` must be.
    fn text(&self, read: ast::Expr, what: &'static str, depth: usize) -> Parsed<(String, Place)> {
        let shown = read.to_string();
        match self.expr(read, depth)? {
            Expr { kind: Kind::Literal(Literal::Text(text)), place } => Ok((text, place)),
            Expr { place, .. } => Err(ExpressionError::new(
                place,
                Problem::WrongType {
                    what: what.into(),
                    found: format!("`{shown}`").into(),
                    expected: "a text in single quotes".into(),
                },
            )),
        }
    }

    fn unary(&self, operator: UnaryOperator, operand: ast::Expr, depth: usize) -> Parsed {
        let is_number = matches!(
            &operand,
            ast::Expr::Value(ast::ValueWithSpan { value: Value::Number(..), .. })
        );
        let operand = self.expr(operand, depth)?;
        Ok(match (operator, operand.kind) {
            (UnaryOperator::Not, kind) => Expr { kind, place: operand.place }.not(),
            (UnaryOperator::Plus, kind) => Expr { kind, place: operand.place },
            (UnaryOperator::Minus, Kind::Literal(Literal::Integer(value))) if is_number => {
                Expr { kind: Kind::Literal(Literal::Integer(-value)), place: operand.place }
            }
            (UnaryOperator::Minus, Kind::Literal(Literal::Float(value))) if is_number => {
                Expr { kind: Kind::Literal(Literal::Float(-value)), place: operand.place }
            }
            (UnaryOperator::Minus, kind) => {
                let place = operand.place;
                Expr { kind: Kind::Unary(Unary::Negate, Box::new(Expr { kind, place })), place }
            }
            (other, _) => {
                let problem = Problem::Unsupported(format!("the operator {other}").into());
                return Err(ExpressionError::new(operand.place, problem));
            }
        })
    }

    fn binary(
        &self,
        left: ast::Expr,
        operator: &BinaryOperator,
        right: ast::Expr,
        depth: usize,
    ) -> Parsed {
        let (flags, negated) = match operator {
            BinaryOperator::PGRegexMatch | BinaryOperator::Regexp => ("", false),
            BinaryOperator::PGRegexIMatch => ("(?i)", false),
            BinaryOperator::PGRegexNotMatch => ("", true),
            BinaryOperator::PGRegexNotIMatch => ("(?i)", true),
            _ => {
                let left = self.expr(left, depth)?;
                let operator = binary_operator(operator).ok_or_else(|| {
                    let problem = Problem::Unsupported(format!("the operator {operator}").into());
                    ExpressionError::new(left.place, problem)
                })?;
                return Ok(left.binary(operator, self.expr(right, depth)?));
            }
        };
        Ok(negate_if(negated, self.matches(left, right, flags, depth)?))
    }

    fn function(&self, function: ast::Function, depth: usize) -> Parsed {
        let shown = function.to_string();
        let name = match function.name.0.as_slice() {
            [ast::ObjectNamePart::Identifier(name)] => name.clone(),
            _ => {
                let problem = Problem::Unsupported(format!("`{}`", function.name).into());
                return Err(ExpressionError::new(Place::UNKNOWN, problem));
            }
        };
        let place = self.place(name.span.start);
        let unsupported =
            || ExpressionError::new(place, Problem::Unsupported(format!("`{shown}`").into()));
        let list = match function.args {
            // Words that SQL knows as functions without parentheses are columns here: `user`.
            ast::FunctionArguments::None => return Ok(self.column(vec![name])),
            ast::FunctionArguments::Subquery(_) => return Err(unsupported()),
            ast::FunctionArguments::List(list) => list,
        };
        if function.over.is_some()
            || function.null_treatment.is_some()
            || !function.within_group.is_empty()
            || !list.clauses.is_empty()
        {
            return Err(unsupported());
        }
        let filter = function.filter.map(|filter| self.expr(*filter, depth)).transpose()?;
        let distinct = matches!(list.duplicate_treatment, Some(ast::DuplicateTreatment::Distinct));
        let mut star = false;
        let mut arguments = Vec::with_capacity(list.args.len());
        for argument in list.args {
            match argument {
                ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(argument)) => {
                    arguments.push(argument);
                }
                ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Wildcard) => star = true,
                _ => return Err(unsupported()),
            }
        }
        if matches!(
            name.value.to_ascii_lowercase().as_str(),
            "regexp_like" | "regexp_matches" | "matches"
        ) && arguments.len() == 2
            && let (Some(pattern), Some(operand)) = (arguments.pop(), arguments.pop())
        {
            return self.matches(operand, pattern, "", depth);
        }
        let arguments = arguments
            .into_iter()
            .map(|argument| self.expr(argument, depth))
            .collect::<Parsed<Vec<_>>>()?;
        if let Some(aggregate) = Aggregate::named(&name.value) {
            let aggregate = aggregate_of(place, aggregate, star, distinct, arguments)
                .unwrap_or_else(|| Err(unsupported()))?;
            return match (aggregate.kind, filter) {
                (kind, None) => Ok(Expr { kind, place: aggregate.place }),
                (Kind::Aggregate(aggregate, argument), Some(condition)) => {
                    filtered(aggregate, argument, condition, place).ok_or_else(unsupported)
                }
                _ => Err(unsupported()),
            };
        }
        if star || distinct || filter.is_some() {
            return Err(unsupported());
        }
        if DERIVED.iter().any(|(known, _)| known.eq_ignore_ascii_case(&name.value)) {
            return derived(&name.value, place, arguments);
        }
        match Function::named(&name.value) {
            Some(function) => counted(place, function, arguments),
            None => {
                let nearest = nearest(&name.value, functions::names());
                let problem = Problem::UnknownFunction { name: name.value.into(), nearest };
                Err(ExpressionError::new(place, problem))
            }
        }
    }
}

fn negate_if(negated: bool, expr: Expr) -> Expr {
    if negated { expr.not() } else { expr }
}
