//! Calls on rows of tables.

use super::super::Limits;
use super::super::error::QueryProblem;
use super::super::query::{Call, Filter, Literal};
use super::super::query::{Step, StepKind};
use super::super::rows::{
    Aggregate, AggregateFunction, Apply, Asked, Attributes, EndOf, How, ListOf, Pattern, RowCall,
    Search, expr,
};
use super::json::Json;
use super::predicate::{literal, literals};
use super::regular::{Anchor, compile};
use super::step::{self, filter};
use super::{Place, too_much};
use crate::Result;

/// Calls on rows that are done here.
pub(super) const DONE: [&str; 18] = [
    "rows",
    "select",
    "return_",
    "with_",
    "where_rows",
    "order_by",
    "skip",
    "limit",
    "distinct",
    "unwind",
    "group_by",
    "count_table",
    "drop_cols",
    "fill_empty_row",
    "search_any",
    "semi_apply_mark",
    "anti_semi_apply",
    "join_apply",
];

pub(super) fn call(name: &str, params: &Place, limits: &Limits) -> Result<Call> {
    let only = |known: &[&str]| params.only("parameter", known);
    let call = match name {
        "rows" => rows(params, limits)?,
        "count_table" => {
            only(&["table", "source", "alias"])?;
            RowCall::Count {
                edges: of_edges(params)?,
                source: params.text_at("source")?,
                name: params.text_or("alias", "count(*)")?,
            }
        }
        "select" | "return_" => {
            only(&["items"])?;
            RowCall::Select { items: items(&params.need("items")?)?, extend: false }
        }
        "with_" => {
            only(&["items", "extend"])?;
            let extend = params.bool_or("extend", false)?;
            RowCall::Select { items: items(&params.need("items")?)?, extend }
        }
        "where_rows" => {
            only(&["filter_dict", "expr"])?;
            let filter: Filter = filter(params, "filter_dict", "")?;
            RowCall::Where {
                filter,
                condition: params.get("expr")?.map(|expr| asked(&expr)).transpose()?,
            }
        }
        "order_by" => {
            only(&["keys"])?;
            let keys = params.need("keys")?.list()?;
            RowCall::OrderBy(keys.iter().map(order_key).collect::<Result<_>>()?)
        }
        "skip" | "limit" => {
            only(&["value"])?;
            let count = count(&params.need("value")?)?;
            if name == "skip" { RowCall::Skip(count) } else { RowCall::Limit(count) }
        }
        "distinct" => {
            only(&["subset"])?;
            RowCall::Distinct(params.get("subset")?.map(|subset| texts(&subset)).transpose()?)
        }
        "unwind" => {
            only(&["expr", "as_"])?;
            let list = params.need("expr")?;
            let list = match list.value {
                Json::List(_) => ListOf::Values(literals(&list)?),
                _ => ListOf::Rows(asked(&list)?),
            };
            RowCall::Unwind { list, name: params.text_or("as_", "value")? }
        }
        "group_by" => {
            only(&["keys", "aggregations", "key_prefixes"])?;
            let prefixes = params.get("key_prefixes")?.map(|list| texts(&list)).transpose()?;
            let aggregates = params.need("aggregations")?.list()?;
            RowCall::GroupBy {
                keys: texts(&params.need("keys")?)?,
                prefixes: prefixes.unwrap_or_default(),
                aggregates: aggregates.iter().map(aggregate).collect::<Result<_>>()?,
            }
        }
        "drop_cols" => {
            only(&["cols"])?;
            RowCall::DropColumns(texts(&params.need("cols")?)?)
        }
        "search_any" => {
            only(&["alias", "term", "out_col", "case_sensitive", "regex", "columns"])?;
            RowCall::Search(Box::new(search(params)?))
        }
        "semi_apply_mark" | "anti_semi_apply" | "join_apply" => {
            RowCall::Apply(Box::new(apply(name, params, limits)?))
        }
        _ => {
            only(&["row"])?;
            let row = params.need("row")?.fields()?;
            let cell = |(name, value): (&str, Place)| Ok((name.to_owned(), literal(&value)?));
            RowCall::FillEmpty(
                row.into_iter().map(cell).collect::<Result<Vec<(String, Literal)>>>()?,
            )
        }
    };
    Ok(Call::Rows(call))
}

/// Rows of a table, of paths, or of edges with their ends.
fn rows(params: &Place, limits: &Limits) -> Result<RowCall> {
    params.only(
        "parameter",
        &[
            "table",
            "source",
            "alias_endpoints",
            "binding_ops",
            "alias_prefilters",
            "attach_prop_aliases",
            "attach_prop_columns",
        ],
    )?;
    if let Some(place) = params.get("alias_prefilters")? {
        return Err(place.unsupported(
            "`alias_prefilters`, which the client's planner writes,",
            "ask `search_any` or `where_rows` of the rows",
        ));
    }
    let columns = params.get("attach_prop_columns")?;
    let attributes = Attributes {
        of: params.get("attach_prop_aliases")?.map(|steps| texts(&steps)).transpose()?,
        only: columns.map(|columns| lists(&columns)).transpose()?,
    };
    if let Some(place) = params.get("binding_ops")? {
        return Ok(RowCall::Paths(Box::new(pattern(&place, attributes, limits)?)));
    }
    if let Some(place) = params.get("alias_endpoints")? {
        let end = |(name, end): (&str, Place)| {
            let of = match end.text()? {
                "src" => EndOf::Source,
                "dst" => EndOf::Target,
                "edge" => EndOf::Edge,
                other => return Err(end.unknown("end", other, ["src", "dst", "edge"])),
            };
            Ok((name.to_owned(), of))
        };
        let ends = place.fields()?.into_iter().map(end).collect::<Result<_>>()?;
        return Ok(RowCall::Ends(ends));
    }
    Ok(RowCall::Rows { edges: of_edges(params)?, source: params.text_at("source")?, attributes })
}

/// Node and edge steps that are looked for as paths.
fn pattern(place: &Place, attributes: Attributes, limits: &Limits) -> Result<Pattern> {
    let steps = place.list()?;
    too_much(&place.path, "steps", steps.len(), limits.steps)?;
    let step = |place: &Place| {
        let kind = place.need("type")?;
        let what = match kind.text()? {
            "Node" => StepKind::Node(step::node(place)?),
            "Edge" => StepKind::Edge(Box::new(step::edge(place, limits)?)),
            name => return Err(kind.unknown("type of step", name, ["Node", "Edge"])),
        };
        Ok(Step { path: place.path.clone(), what })
    };
    let steps = steps.iter().map(step).collect::<Result<_>>()?;
    Pattern::new(steps, attributes, &place.path)
}

fn apply(name: &str, params: &Place, limits: &Limits) -> Result<Apply> {
    let known: &[&str] = match name {
        "join_apply" => &["binding_ops", "join_aliases", "how"],
        "semi_apply_mark" => {
            &["binding_ops", "join_aliases", "out_col", "neq", "requested_property_columns"]
        }
        _ => &["binding_ops", "join_aliases", "neq", "requested_property_columns"],
    };
    params.only("parameter", known)?;
    let how = match name {
        "join_apply" => {
            let how = params.get("how")?;
            let keep = match &how {
                None => false,
                Some(how) => match how.text()? {
                    "inner" => false,
                    "left" => true,
                    other => return Err(how.unknown("kind of join", other, ["inner", "left"])),
                },
            };
            How::Join { keep }
        }
        _ => {
            let differ = params.get("neq")?.map(|place| {
                <[String; 2]>::try_from(texts(&place)?)
                    .map_err(|_| place.wrong("the names of two steps"))
            });
            let mark = match name {
                "semi_apply_mark" => Some(params.need("out_col")?.text()?.to_owned()),
                _ => None,
            };
            let wanted = params.get("requested_property_columns")?;
            How::Test {
                mark,
                differ: differ.transpose()?,
                wanted: wanted.map(|wanted| lists(&wanted)).transpose()?.unwrap_or_default(),
            }
        }
    };
    let place = params.need("join_aliases")?;
    let on = texts(&place)?;
    if on.is_empty() {
        return Err(place.wrong("the name of at least one step"));
    }
    let pattern = pattern(&params.need("binding_ops")?, Attributes::default(), limits)?;
    Ok(Apply { pattern, on, how })
}

/// Lists of texts by name.
fn lists(place: &Place) -> Result<Vec<(String, Vec<String>)>> {
    let list = |(name, list): (&str, Place)| Ok((name.to_owned(), texts(&list)?));
    place.fields()?.into_iter().map(list).collect()
}

fn search(params: &Place) -> Result<Search> {
    let name = |field| {
        let place = params.need(field)?;
        match place.text()? {
            "" => Err(place.wrong("a name")),
            name => Ok(name.to_owned()),
        }
    };
    let place = params.need("term")?;
    let term = place.text()?;
    let pattern = match params.bool_or("regex", false)? {
        true => term.to_owned(),
        false => regex::escape(term),
    };
    let case = params.bool_or("case_sensitive", false)?;
    let pattern = compile(&pattern, case, 0, Anchor::Anywhere).map_err(|reason| {
        place.error(QueryProblem::BadValue {
            value: format!("`{term}` ({reason})"),
            allowed: "a regular expression without look-around and back-references",
        })
    })?;
    let is_of_number = |char: char| char.is_ascii_digit() || matches!(char, '.' | '-');
    let columns = params.get("columns")?;
    let columns = columns.map(|place| match texts(&place)? {
        names if names.is_empty() => Err(place.wrong("at least one column")),
        names => Ok(names),
    });
    Ok(Search {
        alias: name("alias")?,
        name: name("out_col")?,
        pattern,
        numeric: !term.is_empty() && term.chars().all(is_of_number),
        columns: columns.transpose()?,
    })
}

fn of_edges(params: &Place) -> Result<bool> {
    let Some(table) = params.get("table")? else { return Ok(false) };
    match table.text()? {
        "nodes" => Ok(false),
        "edges" => Ok(true),
        other => Err(table.unknown("table", other, ["nodes", "edges"])),
    }
}

pub(super) fn texts(place: &Place) -> Result<Vec<String>> {
    place.list()?.iter().map(|text| text.text().map(str::to_owned)).collect()
}

fn asked(place: &Place) -> Result<Asked> {
    let text = place.text()?.to_owned();
    match expr::parse(&text) {
        Ok(expr) => Ok(Asked { text, expr }),
        Err(reason) => Err(place.error(QueryProblem::Expression { text, reason })),
    }
}

/// The name of a column, which may be any text, or an expression.
fn column_or_expr(place: &Place) -> Result<Asked> {
    let text = place.text()?.to_owned();
    match expr::parse(&text) {
        Ok(expr) => Ok(Asked { text, expr }),
        // If there is no such column, the error names it.
        Err(_) => Ok(Asked { expr: expr::Expr::Column(text.clone(), None), text }),
    }
}

/// `"column"`, or a name and an expression or value.
fn items(place: &Place) -> Result<Vec<(String, Asked)>> {
    let item = |item: &Place| {
        if let Json::Text(name) = item.value {
            return Ok((name.clone(), column_or_expr(item)?));
        }
        let [name, value] = &item.list()?[..] else { return Err(item.wrong("a name and a value")) };
        let name = name.text()?;
        if name.is_empty() {
            return Err(item.error(QueryProblem::BadValue {
                value: "an empty text".to_owned(),
                allowed: "the name of a column",
            }));
        }
        let asked = match value.value {
            Json::Text(_) => column_or_expr(value)?,
            _ => Asked {
                text: value.value.to_value().to_string(),
                expr: expr::Expr::Value(literal(value)?),
            },
        };
        Ok((name.to_owned(), asked))
    };
    place.list()?.iter().map(item).collect()
}

/// An expression, and `asc` or `desc`.
fn order_key(place: &Place) -> Result<(Asked, bool)> {
    let [expr, direction] = &place.list()?[..] else {
        return Err(place.wrong("an expression and a direction"));
    };
    let descending = direction.text()?.eq_ignore_ascii_case("desc");
    Ok((column_or_expr(expr)?, descending))
}

/// A name, a function, and what of.
fn aggregate(place: &Place) -> Result<Aggregate> {
    let parts = place.list()?;
    let (name, function, of) = match &parts[..] {
        [name, function] => (name, function, None),
        [name, function, of] if *of.value == Json::Null => (name, function, None),
        [name, function, of] => (name, function, Some(of)),
        _ => return Err(place.wrong("a name, a function and an expression")),
    };
    let asked = function.text()?.to_ascii_lowercase();
    let names = AggregateFunction::ALL;
    let Some(&(_, known)) = names.iter().find(|(known, _)| *known == asked) else {
        return Err(function.unknown("function of groups", &asked, names.map(|(name, _)| name)));
    };
    let of = match of {
        Some(of) if matches!(of.value, Json::Text(text) if text == "*") => None,
        of => of.map(column_or_expr).transpose()?,
    };
    if of.is_none() && known != AggregateFunction::Count {
        return Err(place.wrong("an expression behind the function"));
    }
    Ok(Aggregate { name: name.text()?.to_owned(), function: known, of })
}

/// A number of rows, which may be written as a text.
fn count(place: &Place) -> Result<usize> {
    match place.value {
        Json::Text(text) => text.trim().parse().map_err(|_| place.wrong("a number of rows")),
        Json::Number(number) => {
            let float = number.as_f64().filter(|value| value.fract() == 0.0 && *value >= 0.0);
            let count = number.as_u64().or(float.map(|value| value as u64));
            count.map(|count| count as usize).ok_or_else(|| place.wrong("a number of rows"))
        }
        _ => Err(place.wrong("a number of rows")),
    }
}
