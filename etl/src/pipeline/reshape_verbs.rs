//! The verbs that group, join and reshape tables, as steps.

use super::placed;
use super::section::{Result, Section};
use super::table_verbs::{expression, named, split_named};
use super::verb::{Holds, Reader, Rows, Spilling, Takes, Verb};
use crate::expr::Expr;
use crate::table::{self, Bins, Fill, JoinKind, JoinOptions, SqlOptions, Table};

/// All verbs that group, join and reshape.
pub(super) const VERBS: &[Reader] = &[
    ("group", group),
    ("join", join),
    ("concat", concat),
    ("sample", sample),
    ("bin", bin),
    ("histogram", histogram),
    ("describe", |_| {
        let verb =
            Verb::new("describe", "all columns", |tables, control| tables[0].description(control));
        Ok(verb.rows(Rows::Unknown).holds(Holds::Inputs))
    }),
    ("fill", fill),
    ("drop_nulls", drop_nulls),
    ("pivot", pivot),
    ("unpivot", unpivot),
    ("factorize", factorize),
    ("sql", sql),
];

fn group(section: &Section) -> Result<Verb> {
    let by = section.texts("by")?.unwrap_or_default();
    let texts = section.texts("aggregate")?.unwrap_or_default();
    let aggregates =
        texts.iter().map(|text| named(section, "aggregate", text)).collect::<Result<Vec<_>>>()?;
    let rows = if by.is_empty() { Rows::AtMost(1) } else { Rows::AtMostInput };
    let text = match by.is_empty() {
        true => texts.join(", "),
        false => format!("by {}: {}", by.join(", "), texts.join(", ")),
    };
    let on_device = placed::group(&by, &aggregates);
    // Without keys there is one row, whose values are all there is to hold.
    let spilling = (!by.is_empty()).then(|| {
        let (by, aggregates) = (by.clone(), aggregates.clone());
        Spilling::new(move |tables, spill, control| {
            tables[0].group_by_spilling(&by, &aggregates, spill, control)
        })
    });
    let verb = Verb::new("group", text, move |tables, _| tables[0].group_by(&by, &aggregates));
    Ok(verb.rows(rows).holds(Holds::Output).on_device(on_device).spilling(spilling))
}

fn join(section: &Section) -> Result<Verb> {
    let kind = section.choice(
        "how",
        &[
            ("inner", JoinKind::Inner),
            ("left", JoinKind::Left),
            ("full", JoinKind::Full),
            ("semi", JoinKind::Semi),
            ("anti", JoinKind::Anti),
            ("cross", JoinKind::Cross),
        ],
    )?;
    let kind = kind.unwrap_or_default();
    let on = match kind {
        JoinKind::Cross => Vec::new(),
        _ => section.need_texts("on")?,
    };
    let (left_on, right_on) = on
        .iter()
        .map(|text| match split_named(text) {
            Some((left, right)) => (left.to_owned(), right.trim_matches('"').to_owned()),
            None => (text.clone(), text.clone()),
        })
        .unzip();
    let usual = JoinOptions::default();
    let options = JoinOptions {
        kind,
        left_on,
        right_on,
        suffix: section.text("suffix")?.unwrap_or(usual.suffix),
        nulls_equal: section.flag("nulls_equal")?.unwrap_or(usual.nulls_equal),
        limit: section.whole("max_rows")?.or(usual.limit),
    };
    let text = match kind {
        JoinKind::Cross => "cross".to_owned(),
        kind => format!("{} on {}", format!("{kind:?}").to_lowercase(), on.join(", ")),
    };
    let rows = match kind {
        JoinKind::Semi | JoinKind::Anti => Rows::AtMostInput,
        JoinKind::Cross => Rows::Product,
        JoinKind::Full => Rows::Sum,
        JoinKind::Inner | JoinKind::Left => Rows::Larger,
    };
    let on_device = placed::join(&options);
    let [of_files, asked] = [options.clone(), options.clone()];
    let spilling = Spilling::new(move |tables, spill, control| {
        tables[0].join_spilling(&tables[1], &of_files, spill, control)
    })
    .only_if(move |tables| tables[0].check_join_in_parts(&tables[1], &asked).is_ok());
    let verb = Verb::new("join", text, move |tables, control| {
        tables[0].join(&tables[1], &options, control)
    });
    let verb = verb.takes(Takes::Two).rows(rows).holds(Holds::Second);
    Ok(verb.on_device(on_device).spilling(spilling))
}

fn concat(section: &Section) -> Result<Verb> {
    let fill = section.flag("fill")?.unwrap_or(false);
    let text = if fill { "filled with nulls" } else { "" };
    let verb = Verb::new("concat", text, move |tables, _| {
        Table::concat(&tables.iter().collect::<Vec<_>>(), fill)
    });
    Ok(verb.takes(Takes::Some).rows(Rows::Sum))
}

fn sample(section: &Section) -> Result<Verb> {
    let (n, fraction) = (section.whole("n")?, section.number("fraction")?);
    let seed = section.whole("seed")?.unwrap_or(0);
    match (n, fraction) {
        (Some(n), None) => {
            let count = usize::try_from(n).unwrap_or(usize::MAX);
            let text = format!("{n} rows, seed {seed}");
            let verb = Verb::new("sample", text, move |tables, _| tables[0].sample(count, seed));
            Ok(verb.rows(Rows::AtMost(n)).holds(Holds::Inputs))
        }
        (None, Some(fraction)) => {
            let text = format!("{}% of the rows, seed {seed}", 100.0 * fraction);
            let verb = Verb::new("sample", text, move |tables, _| {
                tables[0].sample_fraction(fraction, seed)
            });
            Ok(verb.rows(Rows::Fraction(fraction)))
        }
        (Some(_), Some(_)) => Err(section.bad("fraction", "is given, and `n` too")),
        (None, None) => section.need("n", None),
    }
}

/// How numbers are cut into bins.
#[derive(Debug, Clone, Copy)]
enum Scale {
    Linear,
    Log,
    Quantile,
}

fn bin(section: &Section) -> Result<Verb> {
    let column = section.need_text("column")?;
    let into = section.text("into")?.unwrap_or_else(|| format!("{column}_bin"));
    let every = section.text("every")?;
    let (lower, upper) = (section.text("lower")?, section.text("upper")?);
    let (bins, shape, is_given) = cuts(section)?;
    if let Some(every) = every {
        if is_given || lower.is_some() || upper.is_some() {
            let reason = "is for times, without `bins`, `scale`, `edges`, `lower` and `upper`";
            return Err(section.bad("every", reason));
        }
        let text = format!("{column} every {every} as {into}");
        return Ok(Verb::new("bin", text, move |tables, _| {
            tables[0].bin_time(&column, &every, &into)
        }));
    }
    let text = format!("{column} {shape} as {into}");
    Ok(Verb::new("bin", text, move |tables, control| {
        let binned = tables[0].bin(&column, &bins, &into, control)?;
        binned.with_bounds(lower.as_deref(), upper.as_deref())
    }))
}

fn histogram(section: &Section) -> Result<Verb> {
    let column = section.need_text("column")?;
    let (bins, shape, _) = cuts(section)?;
    let n = match &bins {
        Bins::Linear(n) | Bins::Log(n) | Bins::Quantile(n) => *n,
        Bins::Edges(edges) => edges.len().saturating_sub(1),
    };
    let text = format!("of {column} {shape}");
    let verb = Verb::new("histogram", text, move |tables, control| {
        tables[0].histogram_table(&column, &bins, control)
    });
    // One more has what is in no bin, and that can be all of few rows.
    Ok(verb.rows(Rows::AtMost((n as u64).saturating_add(1))).holds(Holds::Output))
}

/// How a column is cut into bins, that in words, and whether an option says so.
fn cuts(section: &Section) -> Result<(Bins, String, bool)> {
    let edges = section.numbers("edges")?;
    let n = section.whole("bins")?;
    let scale = section.choice(
        "scale",
        &[("linear", Scale::Linear), ("log", Scale::Log), ("quantile", Scale::Quantile)],
    )?;
    let is_given = edges.is_some() || n.is_some() || scale.is_some();
    let count = usize::try_from(n.unwrap_or(10)).unwrap_or(usize::MAX);
    let (bins, shape) = match (edges, scale.unwrap_or(Scale::Linear)) {
        (Some(_), _) if n.is_some() || scale.is_some() => {
            return Err(
                section.bad("edges", "say all; `bins` and `scale` have no place beside them")
            );
        }
        (Some(edges), _) => (Bins::Edges(edges), "at the edges given".to_owned()),
        (None, Scale::Linear) => (Bins::Linear(count), format!("into {count}, linear")),
        (None, Scale::Log) => (Bins::Log(count), format!("into {count}, log")),
        (None, Scale::Quantile) => (Bins::Quantile(count), format!("into {count}, quantile")),
    };
    Ok((bins, shape, is_given))
}

fn fill(section: &Section) -> Result<Verb> {
    let columns = section.need_texts("columns")?;
    let value = section.text("value")?;
    let how = section
        .choice("how", &[("mean", 0), ("min", 1), ("max", 2), ("forward", 3), ("backward", 4)])?;
    let (rule, shown) = match (value, how) {
        (Some(value), None) => (Fill::With(expression(section, "value", &value)?), value),
        (None, Some(how)) => {
            let rules = [Fill::Mean, Fill::Min, Fill::Max, Fill::Forward, Fill::Backward];
            let names = [
                "its mean",
                "its least value",
                "its greatest value",
                "the value before",
                "the value after",
            ];
            (rules[how].clone(), names[how].to_owned())
        }
        (Some(_), Some(_)) => return Err(section.bad("how", "is given, and `value` too")),
        (None, None) => return section.need("value", None),
    };
    let text = format!("{} with {shown}", columns.join(", "));
    Ok(Verb::new("fill", text, move |tables, _| {
        columns.iter().try_fold(tables[0].clone(), |table, column| table.fill(column, &rule))
    }))
}

fn drop_nulls(section: &Section) -> Result<Verb> {
    let columns = section.texts("columns")?.unwrap_or_default();
    let text = if columns.is_empty() { "of any column".to_owned() } else { columns.join(", ") };
    let on_device = placed::drop_nulls(columns.clone());
    let verb = Verb::new("drop_nulls", text, move |tables, _| tables[0].drop_nulls(&columns));
    Ok(verb.on_device(on_device))
}

fn pivot(section: &Section) -> Result<Verb> {
    let by = section.need_texts("by")?;
    let on = section.need_text("on")?;
    let value = section.need_text("value")?;
    let aggregate: Expr = expression(section, "value", &value)?;
    let text = format!("{value} by {} on {on}", by.join(", "));
    let verb = Verb::new("pivot", text, move |tables, control| {
        tables[0].pivot(&by, &on, &aggregate, control)
    });
    Ok(verb.holds(Holds::Output).with_open_columns())
}

fn unpivot(section: &Section) -> Result<Verb> {
    let columns = section.need_texts("columns")?;
    let into = section.text("into")?.unwrap_or_else(|| "name".to_owned());
    let value = section.text("value")?.unwrap_or_else(|| "value".to_owned());
    let text = format!("{} to {into} and {value}", columns.join(", "));
    let rows = Rows::Times(columns.len() as u64);
    let verb =
        Verb::new("unpivot", text, move |tables, _| tables[0].unpivot(&columns, &into, &value));
    Ok(verb.rows(rows))
}

fn factorize(section: &Section) -> Result<Verb> {
    let column = section.need_text("column")?;
    let into = section.text("into")?.unwrap_or_else(|| format!("{column}_code"));
    let parts = [("codes", false), ("dictionary", true)];
    let is_dictionary = section.choice("part", &parts)?.unwrap_or_default();
    let text = match is_dictionary {
        true => format!("dictionary of {column}"),
        false => format!("{column} as {into}"),
    };
    let verb = Verb::new("factorize", text, move |tables, control| {
        let found = tables[0].factorize(&column, &into, control)?;
        Ok(if is_dictionary { found.dictionary } else { found.table })
    });
    Ok(verb.holds(Holds::Inputs))
}

fn sql(section: &Section) -> Result<Verb> {
    let query = section.need_text("query")?;
    // Tables are called as the parts they are from, unless other names are given.
    let names = match section.texts("tables")? {
        Some(names) => names,
        None => section.texts("from")?.unwrap_or_else(|| vec!["input".to_owned()]),
    };
    let text = query.split_whitespace().collect::<Vec<_>>().join(" ");
    let usual = SqlOptions::default();
    let options = SqlOptions {
        limit: section.whole("max_rows")?.or(usual.limit),
        bindings: section.bindings().cloned(),
        ..usual
    };
    let verb = Verb::new("sql", text, move |tables, control| {
        if names.len() != tables.len() {
            return Err(crate::Error::LengthMismatch {
                name: "tables",
                found: names.len(),
                expected: tables.len(),
            });
        }
        let tables: Vec<_> = names.iter().map(String::as_str).zip(tables.iter().cloned()).collect();
        table::sql(&query, &tables, &options, control)
    });
    Ok(verb.takes(Takes::Some).rows(Rows::Unknown).holds(Holds::Inputs))
}
