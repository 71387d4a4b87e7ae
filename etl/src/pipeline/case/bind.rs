//! Values in the place of `$name` where an option of a step is one.
//!
//! What is an expression or SQL keeps its placeholders: they become constants in the tree that it is read
//! into. Elsewhere a text that is a placeholder as a whole becomes the value, of its own type. Texts that
//! anybody may choose stand only where a text can be nothing but data; numbers, flags, times and texts that
//! the case itself lists may stand anywhere.

use std::borrow::Cow;
use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::error::{PipelineError, PipelineFault};
use super::super::section::{Result, line_of};
use super::parameters::{CaseParameter, ParameterType, is_name};
use crate::error::nearest;
use crate::expr::{Binding, Bindings, Expr, Literal};

/// Options that say what a step is and what it works on, and the words of people.
const PLAIN: [&str; 6] = ["name", "verb", "note", "with", "in", "seeds_from"];

/// Whether an option is read as an expression, or as SQL.
fn is_expression(verb: &str, option: &str) -> bool {
    matches!(
        (verb, option),
        ("filter" | "keep_nodes", "where" | "nodes" | "edges")
            | ("expand", "nodes" | "edges" | "seeds")
            | ("with", "columns")
            | ("group", "aggregate")
            | ("pivot" | "fill", "value")
            | ("sql", "query")
    )
}

/// Values of parameters as they stand in TOML.
pub(super) struct Values<'p> {
    values: BTreeMap<&'p str, Value<'p>>,
}

struct Value<'p> {
    parameter: &'p CaseParameter,
    is_list: bool,
    items: Vec<Item>,
}

enum Item {
    /// Text, or what TOML has as text.
    Text(String),
    /// A number or a flag, as TOML writes it.
    Written(String),
}

impl<'p> Values<'p> {
    pub(super) fn new(parameters: &'p [CaseParameter], bindings: &Bindings) -> Self {
        let values = parameters.iter().filter_map(|parameter| {
            let (is_list, literals) = match bindings.get(&parameter.name)? {
                Binding::One(literal) => (false, std::slice::from_ref(literal)),
                Binding::Many(literals) => (true, literals.as_slice()),
            };
            let items = literals.iter().map(item).collect();
            Some((parameter.name.as_str(), Value { parameter, is_list, items }))
        });
        Self { values: values.collect() }
    }
}

fn item(literal: &Literal) -> Item {
    match literal {
        Literal::Boolean(flag) => Item::Written(flag.to_string()),
        Literal::Integer(number) => Item::Written(number.to_string()),
        Literal::Float(number) => Item::Written(format!("{number:?}")),
        Literal::Text(text) => Item::Text(text.clone()),
        // `DATE '2026-11-21'`, of which the text is wanted.
        other => {
            let text = Expr::literal(other.clone()).to_string();
            Item::Text(text.split('\'').nth(1).unwrap_or_default().to_owned())
        }
    }
}

/// One step whose options are bound.
pub(super) struct Binder<'v, 'p> {
    pub(super) text: &'v str,
    pub(super) part: &'v str,
    pub(super) values: &'v Values<'p>,
}

impl Binder<'_, '_> {
    /// Puts values in the place of placeholders in the options of a step.
    pub(super) fn step<'d>(&self, entries: &mut DeTable<'d>, values: &'d Values) -> Result<()> {
        let verb = entries.get("verb").and_then(|verb| verb.get_ref().as_str()).map(str::to_owned);
        let verb = verb.unwrap_or_default();
        for (key, value) in entries.iter_mut() {
            let key = key.get_ref().as_ref();
            let is_steps = key == "from" && !matches!(verb.as_str(), "source" | "http");
            if PLAIN.contains(&key) || is_expression(&verb, key) || is_steps {
                continue;
            }
            let place = match (verb.as_str(), key) {
                ("source", "from") => Place::Source,
                ("source", "params") | ("http", "query" | "path") | ("expand", "start") => {
                    Place::Data
                }
                ("gfql", "query") => {
                    self.refuse_hidden(value)?;
                    Place::Query
                }
                ("select", "columns") => Place::Columns,
                _ => Place::Closed,
            };
            self.value(key, value, place, values)?;
        }
        Ok(())
    }

    fn value<'d>(
        &self,
        option: &str,
        value: &mut Spanned<DeValue<'d>>,
        place: Place,
        values: &'d Values,
    ) -> Result<()> {
        let span = value.span();
        let fault = |fault| PipelineError {
            line: Some(line_of(self.text, span.start)),
            part: self.part.into(),
            fault,
        };
        match value.get_mut() {
            // `NAME = EXPRESSION`.
            DeValue::String(text) if place == Place::Columns && text.contains('=') => {}
            DeValue::String(text) => {
                if let Some(rest) = text.strip_prefix("$$") {
                    *value.get_mut() = DeValue::String(Cow::Owned(format!("${rest}")));
                    return Ok(());
                }
                let Some(name) = text.strip_prefix('$').filter(|name| is_name(name)) else {
                    return Ok(());
                };
                let Some(bound) = values.values.get(name) else {
                    let nearest = nearest(name, values.values.keys().copied());
                    let name = name.into();
                    return Err(fault(PipelineFault::Unknown { kind: "parameter", name, nearest }));
                };
                bound.may_stand(place).map_err(|reason| {
                    let name = bound.parameter.name.as_str();
                    let reason = format!("cannot stand in `{option}`: {reason}").into();
                    fault(PipelineFault::Parameter { name: name.into(), reason })
                })?;
                *value.get_mut() = match (&bound.items[..], bound.is_list) {
                    ([item], false) => item.to_toml(),
                    (items, _) => {
                        let mut array = toml::de::DeArray::new();
                        for item in items {
                            array.push(Spanned::new(span.clone(), item.to_toml()));
                        }
                        DeValue::Array(array)
                    }
                };
            }
            DeValue::Array(items) => {
                let mut flat = toml::de::DeArray::new();
                for mut item in std::mem::replace(items, toml::de::DeArray::new()) {
                    let was_text = item.get_ref().is_str();
                    self.value(option, &mut item, place, values)?;
                    match item.get_mut() {
                        // A list that stands in a list is part of it.
                        DeValue::Array(inner) if was_text => {
                            for item in std::mem::replace(inner, toml::de::DeArray::new()) {
                                flat.push(item);
                            }
                        }
                        _ => flat.push(item),
                    }
                }
                *items = flat;
            }
            DeValue::Table(entries) => {
                for (key, value) in entries.iter_mut() {
                    self.value(option, value, place.inside(key.get_ref()), values)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Refuses a query in text that names a parameter, which nobody would see there.
    fn refuse_hidden(&self, value: &Spanned<DeValue>) -> Result<()> {
        let Some(text) = value.get_ref().as_str() else { return Ok(()) };
        match self.values.values.keys().find(|name| text.contains(&format!("\"${name}\""))) {
            None => Ok(()),
            Some(name) => Err(PipelineError {
                line: Some(line_of(self.text, value.span().start)),
                part: self.part.into(),
                fault: PipelineFault::Parameter {
                    name: (*name).into(),
                    reason: "cannot stand in text; write the query as a list of tables".into(),
                },
            }),
        }
    }
}

/// Where in a step a value would stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// What is read from there.
    Source,
    /// Data, whatever it holds.
    Data,
    /// A graph query, some of which is data.
    Query,
    /// Names of columns, and expressions with names.
    Columns,
    /// Anything else.
    Closed,
}

impl Place {
    fn inside(self, key: &str) -> Self {
        const DATA: [&str; 4] =
            ["filter_dict", "edge_match", "source_node_match", "destination_node_match"];
        match self {
            Self::Query if DATA.contains(&key) => Self::Data,
            other => other,
        }
    }
}

impl Value<'_> {
    fn may_stand(&self, place: Place) -> Result<(), &'static str> {
        let is_listed = !self.parameter.choices.is_empty();
        match (self.parameter.kind, place) {
            (ParameterType::Source, Place::Source) => Ok(()),
            (ParameterType::Source, _) => Err("a source stands in the `from` of a step `source`"),
            (_, Place::Source) => Err("the parameter should be of type `source`"),
            (ParameterType::Text | ParameterType::Texts, place)
                if place != Place::Data && !is_listed =>
            {
                Err("any text could be given there; use it in an expression, or list its `choices`")
            }
            _ => Ok(()),
        }
    }
}

impl Item {
    fn to_toml(&self) -> DeValue<'_> {
        match self {
            Self::Text(text) => DeValue::String(Cow::Borrowed(text)),
            // What we write of a number or a flag is TOML.
            Self::Written(text) => DeValue::parse(text)
                .map_or_else(|_| DeValue::String(Cow::Borrowed(text)), Spanned::into_inner),
        }
    }
}
