//! The verbs of tables, as steps.

use super::error::PipelineFault;
use super::placed;
use super::section::{Result, Section};
use super::verb::{Holds, Reader, Rows, Spilling, Verb};
use crate::expr::Expr;
use crate::table::{Keep, SortKey};

/// All verbs of tables.
pub(super) const VERBS: &[Reader] = &[
    ("filter", filter),
    ("select", select),
    ("with", with),
    ("drop", drop_columns),
    ("rename", rename),
    ("sort", sort),
    ("top", top),
    ("unique", unique),
    ("limit", limit),
];

fn filter(section: &Section) -> Result<Verb> {
    let text = section.need_text("where")?;
    let predicate = expression(section, "where", &text)?;
    let on_device = placed::filter(predicate.clone());
    let text = format!("where {text}");
    let verb = Verb::new("filter", text, move |tables, _| tables[0].filter(&predicate));
    Ok(verb.on_device(on_device))
}

fn select(section: &Section) -> Result<Verb> {
    let columns = section.need_texts("columns")?;
    let text = columns.join(", ");
    // A name stays one, whatever it would mean as an expression.
    if columns.iter().all(|column| !column.contains('=')) {
        let on_device = placed::select(columns.clone());
        let verb = Verb::new("select", text, move |tables, _| tables[0].select(&columns));
        return Ok(verb.on_device(on_device));
    }
    let columns = columns
        .iter()
        .map(|column| match column.contains('=') {
            true => named(section, "columns", column),
            false => Ok((column.clone(), Expr::column(column.as_str()))),
        })
        .collect::<Result<Vec<_>>>()?;
    let on_device = placed::select_exprs(columns.clone());
    let verb = Verb::new("select", text, move |tables, _| tables[0].select_exprs(&columns));
    Ok(verb.on_device(on_device))
}

fn with(section: &Section) -> Result<Verb> {
    let texts = section.need_texts("columns")?;
    let columns =
        texts.iter().map(|text| named(section, "columns", text)).collect::<Result<Vec<_>>>()?;
    let text = texts.join(", ");
    let on_device = placed::with(&columns);
    let verb = Verb::new("with", text, move |tables, _| tables[0].with_columns(&columns));
    Ok(verb.on_device(on_device))
}

fn drop_columns(section: &Section) -> Result<Verb> {
    let columns = section.need_texts("columns")?;
    let text = columns.join(", ");
    let on_device = placed::drop_columns(columns.clone());
    let verb = Verb::new("drop", text, move |tables, _| tables[0].drop(&columns));
    Ok(verb.on_device(on_device))
}

fn rename(section: &Section) -> Result<Verb> {
    let texts = section.need_texts("columns")?;
    let pair = |text: &String| match text.split_once('=') {
        Some((new, old)) if !new.trim().is_empty() && !old.trim().is_empty() => {
            Ok((old.trim().to_owned(), new.trim().to_owned()))
        }
        _ => Err(section.bad("columns", format!("has `{text}`, but should be NEW = OLD"))),
    };
    let pairs = texts.iter().map(pair).collect::<Result<Vec<_>>>()?;
    let on_device = placed::rename(pairs.clone());
    let verb = Verb::new("rename", texts.join(", "), move |tables, _| tables[0].rename(&pairs));
    Ok(verb.on_device(on_device))
}

fn sort(section: &Section) -> Result<Verb> {
    let texts = section.need_texts("by")?;
    let keys = sort_keys(section, "by", &texts)?;
    let text = format!("by {}", texts.join(", "));
    let on_device = placed::sort(keys.clone());
    let of_files = keys.clone();
    let spilling = Spilling::new(move |tables, spill, control| {
        tables[0].sort_spilling(&of_files, spill, control)
    });
    let verb = Verb::new("sort", text, move |tables, _| tables[0].sort(&keys));
    Ok(verb.holds(Holds::Inputs).on_device(on_device).spilling(spilling))
}

fn top(section: &Section) -> Result<Verb> {
    let n = section.whole("n")?;
    let n = section.need("n", n)?;
    let texts = section.need_texts("by")?;
    let keys = sort_keys(section, "by", &texts)?;
    let text = format!("{n} by {}", texts.join(", "));
    let count = usize::try_from(n).unwrap_or(usize::MAX);
    let on_device = placed::top(count, keys.clone());
    let verb = Verb::new("top", text, move |tables, _| tables[0].top_k(count, &keys));
    Ok(verb.on_device(on_device).rows(Rows::AtMost(n)).holds(Holds::Output))
}

fn unique(section: &Section) -> Result<Verb> {
    let by = section.texts("by")?.unwrap_or_default();
    let keep = section.choice(
        "which",
        &[("first", Keep::First), ("last", Keep::Last), ("any", Keep::Any), ("none", Keep::None)],
    )?;
    let keep = keep.unwrap_or_default();
    let text =
        if by.is_empty() { "all columns".to_owned() } else { format!("by {}", by.join(", ")) };
    let on_device = match keep {
        Keep::First | Keep::Any => Some(placed::unique(by.clone())),
        Keep::Last | Keep::None => None,
    };
    let verb = Verb::new("unique", text, move |tables, _| tables[0].unique(&by, keep));
    Ok(verb.holds(Holds::Inputs).on_device(on_device))
}

fn limit(section: &Section) -> Result<Verb> {
    let n = section.whole("n")?;
    let n = section.need("n", n)?;
    let offset = section.whole("offset")?.unwrap_or(0);
    let [count, skip] = [n, offset].map(|n| usize::try_from(n).unwrap_or(usize::MAX));
    let text = if offset == 0 { n.to_string() } else { format!("{n} from {offset}") };
    let verb = Verb::new("limit", text, move |tables, _| tables[0].slice(skip, count));
    Ok(verb.rows(Rows::AtMost(n)).on_device(placed::slice(skip, count)))
}

/// An expression; what cannot be read of it is a fault of the option.
pub(super) fn expression(section: &Section, option: &'static str, text: &str) -> Result<Expr> {
    let read = match section.bindings() {
        Some(bindings) => Expr::parse_bound(text, bindings),
        None => text.parse(),
    };
    read.map_err(|error| {
        let error = crate::Error::from(error);
        section.fault_at(option, PipelineFault::from(error))
    })
}

/// `NAME = EXPRESSION`.
pub(super) fn named(section: &Section, option: &'static str, text: &str) -> Result<(String, Expr)> {
    match split_named(text) {
        Some((name, value)) => Ok((name.to_owned(), expression(section, option, value)?)),
        None => Err(section.bad(option, format!("has `{text}`, but should be NAME = EXPRESSION"))),
    }
}

/// Name and expression of `NAME = EXPRESSION`; not of comparisons.
pub(super) fn split_named(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once('=')?;
    let name = name.trim();
    let is_comparison = name.is_empty() || name.ends_with(['<', '>', '!', '~']);
    (!is_comparison).then_some((name.trim_matches('"'), value.trim()))
}

/// Columns to sort by; `-` in front, or `desc` behind, puts the greatest first.
pub(super) fn sort_keys(
    section: &Section,
    option: &'static str,
    texts: &[String],
) -> Result<Vec<SortKey>> {
    let keys = texts.iter().map(|text| {
        sort_key(text)
            .ok_or_else(|| section.bad(option, format!("has `{text}`, which is no column")))
    });
    keys.collect()
}

/// One column to sort by; see [`sort_keys`].
pub(super) fn sort_key(text: &str) -> Option<SortKey> {
    let text = text.trim();
    let (column, descending) = match (text.strip_prefix('-'), text.rsplit_once(' ')) {
        (Some(column), _) => (column, true),
        (None, Some((column, "desc"))) => (column.trim_end(), true),
        (None, Some((column, "asc"))) => (column.trim_end(), false),
        _ => (text, false),
    };
    (!column.is_empty()).then(|| SortKey { column: column.to_owned(), descending })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_from_expressions() {
        assert_eq!(split_named("half = x / 2"), Some(("half", "x / 2")));
        assert_eq!(split_named("a=b=c"), Some(("a", "b=c")));
        assert_eq!(split_named("\"a b\" = 1"), Some(("a b", "1")));
        assert_eq!(split_named("x <= 3"), None);
        assert_eq!(split_named("x != 3"), None);
        assert_eq!(split_named("x"), None);
        assert_eq!(split_named("= x"), None);
    }

    #[test]
    fn keys_have_a_direction() {
        assert_eq!(sort_key("a"), Some(SortKey::ascending("a")));
        assert_eq!(sort_key("-a b"), Some(SortKey::descending("a b")));
        assert_eq!(sort_key("a b desc"), Some(SortKey::descending("a b")));
        assert_eq!(sort_key("a asc"), Some(SortKey::ascending("a")));
        assert_eq!(sort_key("-"), None);
    }
}
