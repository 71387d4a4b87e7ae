//! What a case asks of whoever runs it: parameters with types, and values that fit them.

use serde::Serialize;
use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::error::{PipelineError, PipelineFault};
use super::super::section::{Result, Section, line_of};
use crate::error::nearest;
use crate::expr::{Binding, Bindings, Literal};

/// Bytes that a text may have.
const MAX_TEXT: usize = 10_000;
/// Values that a list may have.
const MAX_LIST: usize = 10_000;

/// A parameter of a case.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CaseParameter {
    /// Its name, as in `$name`.
    pub name: String,
    /// What values it has.
    #[serde(rename = "type")]
    pub kind: ParameterType,
    /// What it is, for people.
    pub description: String,
    /// The value where none is given; a parameter without one has to be given.
    pub default: Option<Value>,
    /// The only values there are; none for any.
    pub choices: Vec<Value>,
    /// The least number.
    pub min: Option<f64>,
    /// The greatest number.
    pub max: Option<f64>,
}

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParameterType {
    /// Text.
    Text,
    /// Several texts, for `IN ($names)` and lists.
    Texts,
    /// A whole number of 64 bits.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Flag,
    /// A day, such as 2026-11-21.
    Date,
    /// A point in time, such as 2026-11-21 12:30:00.
    Time,
    /// Where a table is, for the `from` of a step that reads one.
    Source,
}

const TYPES: [(&str, ParameterType); 8] = [
    ("text", ParameterType::Text),
    ("texts", ParameterType::Texts),
    ("integer", ParameterType::Integer),
    ("number", ParameterType::Number),
    ("flag", ParameterType::Flag),
    ("date", ParameterType::Date),
    ("time", ParameterType::Time),
    ("source", ParameterType::Source),
];

impl ParameterType {
    /// Its name in a case.
    pub fn name(self) -> &'static str {
        TYPES.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }

    /// What a value of it looks like, as the end of a sentence.
    fn expected(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Texts => "a list of texts",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Flag => "true or false",
            Self::Date => "a date such as 2026-11-21",
            Self::Time => "a time such as 2026-11-21 12:30:00",
            Self::Source => "the address of a table",
        }
    }
}

/// Reads the parameters of a document.
pub(super) fn read(text: &str, document: &DeTable, head: &Section) -> Result<Vec<CaseParameter>> {
    head.value("parameters")?;
    let Some(value) = document.get("parameters") else { return Ok(Vec::new()) };
    let DeValue::Table(entries) = value.get_ref() else {
        return Err(head.bad("parameters", "should be one or more `[parameters.NAME]`"));
    };
    let mut ordered: Vec<_> = entries.iter().collect();
    ordered.sort_by_key(|(name, _)| name.span().start);
    ordered.into_iter().map(|(name, value)| parameter(text, name, value)).collect()
}

fn parameter(
    text: &str,
    name: &Spanned<std::borrow::Cow<str>>,
    value: &Spanned<DeValue>,
) -> Result<CaseParameter> {
    let (start, name) = (name.span().start, name.get_ref().as_ref());
    let part = format!("parameter `{name}`");
    let at = |fault| PipelineError {
        line: Some(line_of(text, start)),
        part: part.as_str().into(),
        fault,
    };
    if !is_name(name) {
        let reason = "is no name of letters, digits and `_`, with a letter or `_` in front";
        return Err(at(PipelineFault::Value { option: "name", reason: reason.into() }));
    }
    let DeValue::Table(entries) = value.get_ref() else {
        return Err(at(PipelineFault::Missing { option: "type" }));
    };
    let section = Section::new(text, entries, part.as_str(), Some(start));
    let kind = section.choice("type", &TYPES)?;
    let parameter = CaseParameter {
        name: name.to_owned(),
        kind: section.need("type", kind)?,
        description: section.text("description")?.unwrap_or_default(),
        default: section.value("default")?,
        choices: match section.value("choices")? {
            None => Vec::new(),
            Some(Value::Array(choices)) => choices,
            Some(_) => return Err(section.bad("choices", "should be a list")),
        },
        min: section.number("min")?,
        max: section.number("max")?,
    };
    section.finish()?;
    let is_number = matches!(parameter.kind, ParameterType::Integer | ParameterType::Number);
    for (option, bound) in [("min", parameter.min), ("max", parameter.max)] {
        if bound.is_some() && !is_number {
            return Err(section.bad(option, "is of numbers alone"));
        }
    }
    for choice in &parameter.choices {
        parameter.literal(choice).map_err(|reason| section.bad("choices", reason))?;
    }
    if let Some(default) = &parameter.default {
        parameter.check(default).map_err(|reason| section.bad("default", reason))?;
    }
    Ok(parameter)
}

/// Whether a name can stand behind `$`.
pub(super) fn is_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

impl CaseParameter {
    fn check(&self, value: &Value) -> Result<(), String> {
        self.bind(value).map(|_| ())
    }

    /// A value as a constant, or what is wrong with it. Texts are read as what they have to be, since command
    /// lines and addresses have nothing but texts.
    fn bind(&self, value: &Value) -> Result<Binding, String> {
        let literals = match self.kind {
            ParameterType::Texts => {
                let values = match value {
                    Value::Array(values) => values.clone(),
                    Value::String(text) if text.is_empty() => Vec::new(),
                    // A choice may have commas in it.
                    Value::String(_) if self.choices.contains(value) => vec![value.clone()],
                    Value::String(text) => text.split(',').map(|part| part.trim().into()).collect(),
                    other => vec![other.clone()],
                };
                if MAX_LIST < values.len() {
                    return Err(format!("has {} values, but at most {MAX_LIST}", values.len()));
                }
                values.iter().map(|value| self.literal(value)).collect::<Result<Vec<_>, _>>()?
            }
            _ => vec![self.literal(value)?],
        };
        for literal in &literals {
            let is_choice = |choice: &Value| self.literal(choice).as_ref() == Ok(literal);
            if !self.choices.is_empty() && !self.choices.iter().any(is_choice) {
                let choices: Vec<_> = self.choices.iter().map(shown).collect();
                return Err(format!("is {}, not one of {}", shown(value), choices.join(", ")));
            }
        }
        Ok(match (self.kind, <[Literal; 1]>::try_from(literals)) {
            (ParameterType::Texts, Ok([one])) => Binding::Many(vec![one]),
            (_, Ok([one])) => Binding::One(one),
            (_, Err(many)) => Binding::Many(many),
        })
    }

    fn literal(&self, value: &Value) -> Result<Literal, String> {
        let expected = || format!("is {}, not {}", shown(value), self.kind.expected());
        let text = value.as_str();
        let literal = match self.kind {
            ParameterType::Text | ParameterType::Texts | ParameterType::Source => {
                let text = match value {
                    Value::String(text) => text.clone(),
                    Value::Number(_) | Value::Bool(_) if self.kind != ParameterType::Source => {
                        value.to_string()
                    }
                    _ => return Err(expected()),
                };
                if MAX_TEXT < text.len() {
                    return Err(format!("has {} bytes, but at most {MAX_TEXT}", text.len()));
                }
                Literal::Text(text)
            }
            ParameterType::Integer => {
                let number = match text {
                    Some(text) => text.trim().parse().ok(),
                    None => value.as_i64(),
                };
                Literal::Integer(number.ok_or_else(expected)?.into())
            }
            ParameterType::Number => {
                let number = match text {
                    Some(text) => text.trim().parse().ok(),
                    None => value.as_f64(),
                };
                Literal::Float(
                    number.filter(|number: &f64| number.is_finite()).ok_or_else(expected)?,
                )
            }
            ParameterType::Flag => {
                let flag = match text.map(str::trim) {
                    Some("true" | "1" | "yes" | "on") => Some(true),
                    Some("false" | "0" | "no" | "off") => Some(false),
                    Some(_) => None,
                    None => value.as_bool(),
                };
                Literal::Boolean(flag.ok_or_else(expected)?)
            }
            ParameterType::Date => {
                Literal::date(text.ok_or_else(expected)?).ok_or_else(expected)?
            }
            ParameterType::Time => {
                Literal::timestamp(text.ok_or_else(expected)?).ok_or_else(expected)?
            }
        };
        let number = match literal {
            Literal::Integer(number) => number as f64,
            Literal::Float(number) => number,
            _ => return Ok(literal),
        };
        match (self.min, self.max) {
            (Some(min), _) if number < min => {
                Err(format!("is {number}, but at least {min} is needed"))
            }
            (_, Some(max)) if max < number => {
                Err(format!("is {number}, but at most {max} is allowed"))
            }
            _ => Ok(literal),
        }
    }

    /// A value to check a case with where none is given.
    fn sample(&self) -> Value {
        if let Some(value) = self.default.as_ref().or(self.choices.first()) {
            return value.clone();
        }
        match self.kind {
            ParameterType::Text => "text".into(),
            ParameterType::Texts => vec!["text"].into(),
            ParameterType::Integer | ParameterType::Number => {
                let number = self.min.unwrap_or(1.0_f64.min(self.max.unwrap_or(1.0)));
                match self.kind {
                    ParameterType::Integer => (number.ceil() as i64).into(),
                    _ => number.into(),
                }
            }
            ParameterType::Flag => false.into(),
            ParameterType::Date | ParameterType::Time => "2026-01-01".into(),
            ParameterType::Source => "table.csv".into(),
        }
    }
}

/// A value for messages, shortened.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => format!("`{text}`"),
        other => other.to_string(),
    };
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Values for all parameters: those given, else what is the default.
pub(super) fn bind(parameters: &[CaseParameter], given: &Map<String, Value>) -> Result<Bindings> {
    let fault = |name: &str, fault| PipelineError {
        line: None,
        part: format!("parameter `{name}`").into(),
        fault,
    };
    for name in given.keys() {
        if parameters.iter().all(|parameter| parameter.name != *name) {
            let nearest = nearest(name, parameters.iter().map(|known| known.name.as_str()));
            let unknown =
                PipelineFault::Unknown { kind: "parameter", name: name.as_str().into(), nearest };
            return Err(PipelineError { line: None, part: "case".into(), fault: unknown });
        }
    }
    let mut bindings = Bindings::default();
    for parameter in parameters {
        let value = given.get(&parameter.name).filter(|value| !value.is_null());
        let value = value.or(parameter.default.as_ref());
        let name = parameter.name.as_str();
        let value = value.ok_or_else(|| fault(name, PipelineFault::NoValue))?;
        let binding = parameter.bind(value).map_err(|reason| {
            fault(name, PipelineFault::Value { option: "value", reason: reason.into() })
        })?;
        bindings.set(name, binding);
    }
    Ok(bindings)
}

/// Values that every parameter can have, to check a case with.
pub(super) fn samples(parameters: &[CaseParameter]) -> Map<String, Value> {
    parameters.iter().map(|one| (one.name.clone(), one.sample())).collect()
}
