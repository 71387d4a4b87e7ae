//! Calls on rows of tables.

use super::super::error::QueryProblem;
use super::super::query::{Call, Filter, Literal};
use super::super::rows::{Aggregate, AggregateFunction, Asked, ListOf, RowCall, Search, expr};
use super::Place;
use super::json::Json;
use super::predicate::{literal, literals};
use super::regular::{Anchor, compile};
use super::step::filter;
use crate::Result;

/// Calls on rows that are done here.
pub(super) const DONE: [&str; 15] = [
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
];

pub(super) fn call(name: &str, params: &Place) -> Result<Call> {
    let only = |known: &[&str]| params.only("parameter", known);
    let call = match name {
        "rows" => {
            for field in [
                "alias_endpoints",
                "binding_ops",
                "alias_prefilters",
                "attach_prop_aliases",
                "attach_prop_columns",
            ] {
                if let Some(place) = params.get(field)? {
                    return Err(place.unsupported(
                        format!("`{field}`, which makes a row of each path,"),
                        "rows are those of nodes or of edges",
                    ));
                }
            }
            only(&["table", "source"])?;
            RowCall::Rows { edges: of_edges(params)?, source: params.text_at("source")? }
        }
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
