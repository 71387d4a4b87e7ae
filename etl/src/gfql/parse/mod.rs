//! The wire form of queries, read and checked.

mod call;
mod encode;
mod json;
mod pandas;
mod predicate;
mod regular;
mod rows;
mod step;

use self::json::Json;
use super::Limits;
use super::error::{QueryError, QueryProblem};
use super::query::{Binding, Bound, Call, Comparison, PathCondition, Query, Step, StepKind};
use super::rows::{Pattern, RowCall};
use crate::{Error, Result};

/// Reads a query out of `text`.
pub(super) fn parse(text: &str, limits: &Limits) -> Result<Query> {
    too_much("$", "bytes", text.len(), limits.bytes)?;
    let value: Json = serde_json::from_str(text).map_err(|error| {
        QueryError::at("$", QueryProblem::NotJson { reason: error.to_string() })
    })?;
    too_much("$", "levels of nesting", depth(&value), limits.depth)?;
    let mut reader = Reader { limits, n_steps: 0 };
    reader.query(&Place { value: &value, path: "$".to_owned() })
}

/// Levels of nesting.
fn depth(value: &Json) -> usize {
    // The reader of JSON does not nest deeply either, so that this may recurse.
    1 + match value {
        Json::List(items) => items.iter().map(depth).max().unwrap_or(0),
        Json::Object(fields) => fields.iter().map(|(_, value)| depth(value)).max().unwrap_or(0),
        _ => 0,
    }
}

fn too_much(path: &str, what: &'static str, found: usize, most: usize) -> Result<()> {
    if found <= most {
        return Ok(());
    }
    let (found, most) = (found as u64, most as u64);
    Err(QueryError::at(path, QueryProblem::TooMuch { what, found, most }))
}

/// A value, and where in the query it is.
#[derive(Debug, Clone)]
struct Place<'a> {
    value: &'a Json,
    path: String,
}

impl<'a> Place<'a> {
    fn error(&self, problem: QueryProblem) -> Error {
        QueryError::at(&self.path, problem)
    }

    fn wrong(&self, expected: &'static str) -> Error {
        self.error(QueryProblem::WrongType { expected, found: self.found() })
    }

    /// The value in a few words.
    fn found(&self) -> String {
        match self.value {
            Json::Null => "null".to_owned(),
            Json::Bool(value) => value.to_string(),
            Json::Number(value) => value.to_string(),
            Json::Text(text) => format!("`{}`", text.chars().take(40).collect::<String>()),
            Json::List(items) => format!("a list of {}", items.len()),
            Json::Object(_) => "an object".to_owned(),
        }
    }

    fn unsupported(&self, what: impl Into<String>, reason: &'static str) -> Error {
        self.error(QueryProblem::Unsupported { what: what.into(), reason })
    }

    fn unknown<'n>(
        &self,
        kind: &'static str,
        name: &str,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Error {
        let nearest = crate::error::nearest(name, names).map(String::from);
        self.error(QueryProblem::Unknown { kind, name: name.to_owned(), nearest })
    }

    /// The fields of an object with their places, in the order of the text.
    fn fields(&self) -> Result<Vec<(&'a str, Place<'a>)>> {
        match self.value {
            Json::Object(fields) => {
                Ok(fields.iter().map(|(name, value)| (&**name, self.at(name, value))).collect())
            }
            _ => Err(self.wrong("an object")),
        }
    }

    fn list(&self) -> Result<Vec<Place<'a>>> {
        let Json::List(items) = self.value else { return Err(self.wrong("a list")) };
        let items = items.iter().enumerate();
        Ok(items.map(|(at, value)| Place { value, path: format!("{}[{at}]", self.path) }).collect())
    }

    fn at(&self, name: &str, value: &'a Json) -> Place<'a> {
        let simple = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let path = match simple {
            true => format!("{}.{name}", self.path),
            false => format!("{}[{name:?}]", self.path),
        };
        Place { value, path }
    }

    /// A field that is there and not null.
    fn get(&self, name: &str) -> Result<Option<Place<'a>>> {
        let Json::Object(_) = self.value else { return Err(self.wrong("an object")) };
        let value = self.value.field(name).filter(|value| **value != Json::Null);
        Ok(value.map(|value| self.at(name, value)))
    }

    fn need(&self, field: &'static str) -> Result<Place<'a>> {
        self.get(field)?.ok_or_else(|| self.error(QueryProblem::MissingField { field }))
    }

    fn text(&self) -> Result<&'a str> {
        match self.value {
            Json::Text(text) => Ok(text),
            _ => Err(self.wrong("a text")),
        }
    }

    fn bool(&self) -> Result<bool> {
        match self.value {
            Json::Bool(value) => Ok(*value),
            _ => Err(self.wrong("true or false")),
        }
    }

    fn count(&self) -> Result<u32> {
        let count = match self.value {
            Json::Number(number) => number.as_u64().and_then(|count| u32::try_from(count).ok()),
            _ => None,
        };
        count.ok_or_else(|| self.wrong("a number from 0 to 4294967295"))
    }

    fn text_or(&self, field: &str, otherwise: &str) -> Result<String> {
        let text = self.get(field)?.map(|place| place.text()).transpose()?;
        Ok(text.unwrap_or(otherwise).to_owned())
    }

    fn bool_or(&self, field: &str, otherwise: bool) -> Result<bool> {
        Ok(self.get(field)?.map(|place| place.bool()).transpose()?.unwrap_or(otherwise))
    }

    fn count_at(&self, field: &str) -> Result<Option<u32>> {
        self.get(field)?.map(|place| place.count()).transpose()
    }

    fn text_at(&self, field: &str) -> Result<Option<String>> {
        self.get(field)?.map(|place| place.text().map(str::to_owned)).transpose()
    }

    /// Refuses fields that are not among `known`.
    fn only(&self, kind: &'static str, known: &[&str]) -> Result<()> {
        match self.fields()?.into_iter().find(|(name, _)| !known.contains(name)) {
            Some((name, _)) => Err(self.unknown(kind, name, known.iter().copied())),
            None => Ok(()),
        }
    }
}

/// Reads a query and counts what is limited.
struct Reader<'l> {
    limits: &'l Limits,
    n_steps: usize,
}

const TYPES: [&str; 7] = ["Chain", "Let", "Node", "Edge", "Ref", "Call", "RemoteGraph"];

impl Reader<'_> {
    /// A chain, a list of steps, one step, a `Let`, or the body of a request with one of these.
    fn query(&mut self, place: &Place) -> Result<Query> {
        if let Json::List(_) = place.value {
            return Ok(Query::Chain(self.chain(place)?));
        }
        // The body of a request: the query proper is more than the operations where both are.
        if let Some(query) = place.get("gfql_query")? {
            let mut query = self.query(&query)?;
            if let (Query::Let { output, .. }, Some(wanted)) =
                (&mut query, place.text_at("gfql_output")?)
            {
                *output = Some(wanted);
            }
            return checked(place, query);
        }
        if let Some(operations) = place.get("gfql_operations")? {
            return Ok(Query::Chain(self.chain(&operations)?));
        }
        let kind = place.get("type")?.map(|kind| kind.text()).transpose()?;
        match kind {
            None | Some("Chain" | "gfql_chain") => {
                let steps = match place.get("gfql")? {
                    Some(steps) => steps,
                    None => place.need("chain")?,
                };
                let conditions = place.get("where")?.map(|place| path_conditions(&place));
                match conditions.transpose()? {
                    Some(conditions) if !conditions.is_empty() => {
                        Ok(Query::Paths(self.steps(&steps)?, conditions))
                    }
                    _ => Ok(Query::Chain(self.chain(&steps)?)),
                }
            }
            Some("Let" | "QueryDAG") => {
                let query = self.bindings(place)?;
                checked(place, query)
            }
            Some("Ref") => Err(place.unsupported(
                "`Ref` outside of a `Let`",
                "there are no names that it could refer to",
            )),
            Some(_) => Ok(Query::Chain(vec![self.step(place)?])),
        }
    }

    /// The steps of a chain without conditions between them: `rows` right behind steps with names
    /// has a row for each path.
    fn chain(&mut self, place: &Place) -> Result<Vec<Step>> {
        let mut steps = self.steps(place)?;
        let is_call = |step: &Step| matches!(step.what, StepKind::Call(_));
        let start = steps.iter().position(|step| !is_call(step)).unwrap_or(steps.len());
        let pattern = &steps[start..];
        let pattern = &pattern[..pattern.iter().position(is_call).unwrap_or(pattern.len())];
        let is_named = pattern.iter().any(|step| match &step.what {
            StepKind::Node(node) => node.name.is_some(),
            StepKind::Edge(edge) => edge.name.is_some(),
            StepKind::Call(_) => false,
        });
        let end = start + pattern.len();
        if let (true, Some(call)) = (is_named, steps.get(end))
            && let StepKind::Call(Call::Rows(RowCall::Rows {
                edges: false,
                source: None,
                attributes,
            })) = &call.what
        {
            let pattern = Pattern::new(pattern.to_vec(), attributes.clone(), &call.path)?;
            steps[end].what = StepKind::Call(Call::Rows(RowCall::Paths(Box::new(pattern))));
        }
        Ok(steps)
    }

    fn steps(&mut self, place: &Place) -> Result<Vec<Step>> {
        let steps: Vec<Step> =
            place.list()?.iter().map(|step| self.step(step)).collect::<Result<_>>()?;
        check_order(place, &steps)?;
        Ok(steps)
    }

    fn step(&mut self, place: &Place) -> Result<Step> {
        self.n_steps += 1;
        too_much(&place.path, "steps", self.n_steps, self.limits.steps)?;
        let kind = place.need("type")?;
        let what = match kind.text()? {
            "Node" => StepKind::Node(step::node(place)?),
            "Edge" => StepKind::Edge(Box::new(step::edge(place, self.limits)?)),
            "Call" => StepKind::Call(call::call(place, self.limits)?),
            "RemoteGraph" => return Err(remote(place)),
            name @ ("Let" | "Ref" | "Chain" | "QueryDAG") => {
                return Err(place.unsupported(
                    format!("`{name}` as a step of a chain"),
                    "give it a name in a `Let`, and refer to that",
                ));
            }
            name @ ("CreateIndex" | "DropIndex" | "ShowIndexes") => {
                return Err(place.unsupported(
                    format!("`{name}`"),
                    "there are no indexes to manage; every query builds what it needs",
                ));
            }
            name => return Err(kind.unknown("type of step", name, TYPES)),
        };
        Ok(Step { path: place.path.clone(), what })
    }

    fn bindings(&mut self, place: &Place) -> Result<Query> {
        let bindings = place
            .need("bindings")?
            .fields()?
            .into_iter()
            .map(|(name, value)| {
                let what = self.bound(&value)?;
                Ok((name.to_owned(), Binding { path: value.path, what }))
            })
            .collect::<Result<_>>()?;
        Ok(Query::Let { bindings, output: place.text_at("output")? })
    }

    fn bound(&mut self, place: &Place) -> Result<Bound> {
        let kind = match place.value {
            Json::Object(_) => place.get("type")?.map(|kind| kind.text()).transpose()?,
            _ => None,
        };
        match kind {
            Some("Ref") => {
                let name = place.need("ref")?.text()?.to_owned();
                let steps = self.chain(&place.need("chain")?)?;
                Ok(Bound::Ref { name, steps })
            }
            Some("RemoteGraph") => Err(remote(place)),
            _ => Ok(Bound::Query(self.query(place)?)),
        }
    }
}

/// Conditions such as `{"eq": {"left": "a.x", "right": "b.y"}}`.
fn path_conditions(place: &Place) -> Result<Vec<PathCondition>> {
    const COMPARISONS: [(&str, Comparison); 6] = [
        ("eq", Comparison::Eq),
        ("neq", Comparison::Ne),
        ("gt", Comparison::Gt),
        ("lt", Comparison::Lt),
        ("ge", Comparison::Ge),
        ("le", Comparison::Le),
    ];
    let condition = |place: &Place| {
        let fields = place.fields()?;
        let [(name, sides)] = &fields[..] else { return Err(place.wrong("one comparison")) };
        let known = COMPARISONS.iter().find(|(known, _)| known == name);
        let Some(&(_, comparison)) = known else {
            return Err(place.unknown("comparison", name, COMPARISONS.map(|(name, _)| name)));
        };
        let side = |field| {
            let side = sides.need(field)?;
            match side.text()?.split_once('.') {
                Some((step, column)) if !step.is_empty() && !column.is_empty() => {
                    Ok((step.to_owned(), column.to_owned()))
                }
                _ => Err(side.wrong("the name of a step, `.` and a column")),
            }
        };
        let (left, right) = (side("left")?, side("right")?);
        Ok(PathCondition { path: place.path.clone(), comparison, left, right })
    };
    place.list()?.iter().map(condition).collect()
}

/// Refuses an output that no binding has the name of.
fn checked(place: &Place, query: Query) -> Result<Query> {
    if let Query::Let { bindings, output: Some(output) } = &query
        && bindings.iter().all(|(name, _)| name != output)
    {
        let names = bindings.iter().map(|(name, _)| name.as_str());
        return Err(place.unknown("binding", output, names));
    }
    Ok(query)
}

fn remote(place: &Place) -> Error {
    place.unsupported("`RemoteGraph`", "a query may not fetch graphs; load it and query that")
}

/// Calls come before or behind all node and edge steps, not between; names are distinct.
fn check_order(place: &Place, steps: &[Step]) -> Result<()> {
    let is_call = |step: &Step| matches!(step.what, StepKind::Call(_));
    let first = steps.iter().position(|step| !is_call(step));
    let last = steps.iter().rposition(|step| !is_call(step));
    if let (Some(first), Some(last)) = (first, last)
        && let Some(between) = steps[first..last].iter().find(|step| is_call(step))
    {
        return Err(QueryError::at(
            &between.path,
            QueryProblem::Unsupported {
                what: "a call between node and edge steps".to_owned(),
                reason: "calls stand before or behind all of them; use a `Let` for more",
            },
        ));
    }
    for edges in [false, true] {
        let mut names: Vec<&str> = steps
            .iter()
            .filter_map(|step| match &step.what {
                StepKind::Node(node) if !edges => node.name.as_deref(),
                StepKind::Edge(edge) if edges => edge.name.as_deref(),
                _ => None,
            })
            .collect();
        names.sort_unstable();
        if let Some([twice, _]) = names.array_windows().find(|[one, other]| one == other) {
            let value = format!("`{twice}`, the name of two steps,");
            return Err(place.error(QueryProblem::BadValue { value, allowed: "distinct" }));
        }
    }
    Ok(())
}
