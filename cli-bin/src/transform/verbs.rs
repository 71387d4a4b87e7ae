//! Verbs on the command line, kept in the order in which they are given.

use std::fmt::Write;

use anyhow::{Context, anyhow, bail};

use super::{free_name, stem};
use crate::ordered::{self, Known, Ordered, Step, more, verb};
use crate::source::{column_type, quoted, write_types};

/// The verbs and their options.
#[derive(Debug, Clone)]
pub(crate) struct Verbs;

impl ordered::Verbs for Verbs {
    const KNOWN: &'static [Known] = &[
        verb("filter", "EXPR", "Keep the rows for which the expression is true"),
        verb("select", "COLUMNS", "Keep these columns, in this order; NAME=EXPR computes one"),
        verb("drop", "COLUMNS", "Drop these columns"),
        verb("rename", "NEW=OLD", "Rename columns"),
        verb("with", "NAME=EXPR", "Add a column, or replace one"),
        verb("group-by", "COLUMNS", "Make one row of all that agree on these columns; see --agg"),
        Known {
            alone: true,
            ..more(
                "agg",
                "NAME=EXPR",
                &["group-by", "agg"],
                "Aggregate of a group, such as `n = count(*)`; behind --group-by, or alone for all rows",
            )
        },
        verb("join", "TABLE", "Join another table; see --on and --how"),
        more(
            "on",
            "COLUMNS",
            &["join", "pivot"],
            "Columns that agree in both tables, or LEFT=RIGHT; behind --join. Behind --pivot: the column whose values become columns",
        ),
        more(
            "how",
            "HOW",
            &["join", "fill"],
            "inner, left, full, semi, anti, cross; behind --join [default: inner]. Behind --fill: mean, min, max, forward, backward",
        ),
        more(
            "suffix",
            "TEXT",
            &["join"],
            "What is put behind names that both tables have; behind --join [default: _right]",
        ),
        more(
            "nulls-equal",
            "",
            &["join"],
            "What is missing agrees with what is missing; behind --join",
        ),
        more(
            "max-rows",
            "N",
            &["join", "sql"],
            "Refuse a join that makes more rows; behind --join and --sql [default: 1000000000]",
        ),
        more("join-format", "FORMAT", &["join"], "Format of the other table; behind --join"),
        more(
            "join-type",
            "COLUMN=TYPE",
            &["join"],
            "Type of a column of the other table, as --type; behind --join, once for each",
        ),
        more(
            "join-null",
            "WORD",
            &["join"],
            "Word of the other table that means that there is no value; behind --join, once for each",
        ),
        verb("sort", "COLUMNS", "Sort by these columns; `-` before one puts the greatest first"),
        verb("top", "N", "Keep the first N in the order of --by"),
        more("by", "COLUMNS", &["top"], "Columns to order by, as in --sort; behind --top"),
        verb(
            "unique",
            "[COLUMNS]",
            "Keep one of the rows that agree on all columns, or on some: --unique=a,b",
        ),
        more(
            "keep",
            "WHICH",
            &["unique"],
            "first, last, any or none of them; behind --unique [default: first]",
        ),
        verb("sample", "N", "Keep N rows at random, or a part of all, such as `1%`"),
        more("seed", "SEED", &["sample"], "What chance begins with; behind --sample [default: 0]"),
        verb("bin", "NAME=COLUMN", "Add a column with the number of the bin that a value is in"),
        verb(
            "histogram",
            "COLUMN",
            "Make one row of each bin, with its bounds and how many values it has",
        ),
        more(
            "bins",
            "N",
            &["bin", "histogram"],
            "Number of bins; behind --bin and --histogram [default: 10]",
        ),
        more(
            "scale",
            "SCALE",
            &["bin", "histogram"],
            "linear, log or quantile; behind --bin and --histogram [default: linear]",
        ),
        more(
            "edges",
            "NUMBERS",
            &["bin", "histogram"],
            "Bounds of all bins, such as `0,1,10`; behind --bin and --histogram",
        ),
        more(
            "lower",
            "NAME",
            &["bin"],
            "Column to add with the lower bound of the bin; behind --bin",
        ),
        more(
            "upper",
            "NAME",
            &["bin"],
            "Column to add with the upper bound of the bin; behind --bin",
        ),
        more(
            "every",
            "DURATION",
            &["bin"],
            "Bins of time instead, such as `1h` or `1d`; behind --bin",
        ),
        verb(
            "fill",
            "COLUMNS",
            "Put something where these columns have no value; see --value and --how",
        ),
        more(
            "value",
            "EXPR",
            &["fill", "pivot", "unpivot"],
            "What is put there; behind --fill. Aggregate of the rows of a cell; behind --pivot. Column of the values; behind --unpivot [default: value]",
        ),
        verb(
            "drop-nulls",
            "[COLUMNS]",
            "Drop rows that have no value in some column, or in one of some: --drop-nulls=a,b",
        ),
        verb(
            "pivot",
            "COLUMNS",
            "Make one row of all that agree on these columns, and a column of each value of --on",
        ),
        verb("unpivot", "COLUMNS", "Make rows of these columns: their names, and their values"),
        more("into", "NAME", &["unpivot"], "Column of the names; behind --unpivot [default: name]"),
        verb("factorize", "NAME=COLUMN", "Add a column with the number of each different value"),
        more(
            "part",
            "PART",
            &["factorize"],
            "codes, or the dictionary of code and value instead; behind --factorize [default: codes]",
        ),
        verb("describe", "", "Make one row of each column: values, nulls, range, mean, quartiles"),
        verb(
            "sql",
            "QUERY",
            "Query the inputs by their names, and `input`, which is what the verbs before left",
        ),
        verb("limit", "N", "Keep the first N rows"),
        more("offset", "N", &["limit"], "Skip so many rows first; behind --limit"),
    ];
}

impl Ordered<Verbs> {
    /// Whether so many inputs become one table before the first step, as they do unless that is a query.
    pub(crate) fn put_together(&self, inputs: usize) -> anyhow::Result<bool> {
        Ok(1 < inputs && self.steps()?.first().is_none_or(|step| step.option != "sql"))
    }

    /// Writes the steps of a pipeline over the inputs `inputs`, which may lack columns of one another if `fill`, and more
    /// inputs that are joined, of which `limits` are options too.
    pub(crate) fn write(
        &self,
        text: &mut String,
        inputs: &[String],
        fill: bool,
        limits: &str,
    ) -> anyhow::Result<()> {
        let mut names = inputs.to_vec();
        let mut body = String::new();
        let mut before = inputs[0].clone();
        if self.put_together(inputs.len())? {
            before = free_name("inputs", &names);
            begin(&mut body, &before, "concat", inputs)?;
            if fill {
                body.push_str("fill = true\n");
            }
            names.push(before.clone());
        }
        for step in self.steps()? {
            let option = format!("--{}", step.option);
            let numbered = (2..).map(|n| format!("{option} ({n})"));
            let mut known = std::iter::once(option.clone()).chain(numbered);
            let name = known.find(|name| !names.contains(name)).unwrap_or_default();
            names.push(name.clone());
            let verb = match step.option {
                "group-by" | "agg" => "group",
                "drop-nulls" => "drop_nulls",
                verb => verb,
            };
            let mut options = options(&step)?;
            let mut from = vec![before];
            match step.option {
                "sql" => {
                    // What comes before is a table of its own, unless it is the first input.
                    let mut tables = vec![free_name("input", inputs)];
                    from.extend_from_slice(inputs);
                    tables.extend_from_slice(inputs);
                    options.push(("tables", list(&tables)));
                }
                "join" => {
                    let table = free_name(&stem(step.value), &names);
                    let from = quoted(step.value);
                    write!(text, "\n[[input]]\nname = {}\nfrom = {from}\n", quoted(&table))?;
                    write_joined(text, &step)?;
                    text.push_str(limits);
                    options.push(("with", quoted(&table)));
                    names.push(table);
                }
                _ => {}
            }
            begin(&mut body, &name, verb, &from)?;
            for (option, value) in options {
                writeln!(body, "{option} = {value}")?;
            }
            before = name;
        }
        text.push_str(&body);
        Ok(())
    }
}

/// What a step says of the table that it joins.
fn write_joined(text: &mut String, step: &Step) -> anyhow::Result<()> {
    if let Some(format) = step.find("join-format") {
        writeln!(text, "format = {}", quoted(format))?;
    }
    let types = step.all("join-type");
    let types =
        types.iter().map(|text| column_type(text).map_err(|error| anyhow!("--join-type {error}")));
    write_types(text, "--join-type", &types.collect::<anyhow::Result<Vec<_>>>()?)?;
    let nulls = step.all("join-null");
    if !nulls.is_empty() {
        writeln!(text, "nulls = {}", list(&nulls))?;
    }
    Ok(())
}

fn begin(text: &mut String, name: &str, verb: &str, from: &[String]) -> std::fmt::Result {
    let name = quoted(name);
    write!(text, "\n[[step]]\nname = {name}\nverb = \"{verb}\"\nfrom = {}\n", list(from))
}

/// The options of a step as a pipeline has them, with their values in TOML.
fn options(step: &Step) -> anyhow::Result<Vec<(&'static str, String)>> {
    let value = step.value;
    let columns = || list(&split(value));
    let mut options = match step.option {
        "filter" => vec![("where", quoted(value))],
        "select" | "drop" | "rename" => vec![("columns", columns())],
        "with" => vec![("columns", list(&[value.to_owned()]))],
        "group-by" => vec![("by", columns()), ("aggregate", list(&step.all("agg")))],
        "agg" => vec![("aggregate", list(&step.all("agg")))],
        "join" => {
            let on = step.find("on").map_or_else(Vec::new, split);
            if on.is_empty() && step.find("how") != Some("cross") {
                bail!("--join needs --on COLUMNS, unless it is --how cross");
            }
            if on.is_empty() { Vec::new() } else { vec![("on", list(&on))] }
        }
        "sort" => vec![("by", columns())],
        "top" => {
            let by = step.find("by").context("--top needs --by COLUMNS")?;
            vec![("n", whole("top", value)?), ("by", list(&split(by)))]
        }
        "unique" | "drop-nulls" if value.is_empty() => Vec::new(),
        "unique" => vec![("by", columns())],
        "drop-nulls" | "unpivot" => vec![("columns", columns())],
        "fill" => {
            let rules = [step.find("value"), step.find("how")];
            if rules.iter().flatten().count() != 1 {
                bail!("--fill needs either --value EXPR or --how HOW");
            }
            vec![("columns", columns())]
        }
        "pivot" => {
            let on = step.find("on").context("--pivot needs --on COLUMN")?;
            step.find("value").context("--pivot needs --value EXPR")?;
            vec![("by", columns()), ("on", quoted(on))]
        }
        "sample" => match value.strip_suffix('%') {
            Some(percent) => {
                let percent: f64 = percent
                    .trim()
                    .parse()
                    .with_context(|| format!("--sample should be a number, not `{value}`"))?;
                vec![("fraction", format!("{:?}", percent / 100.0))]
            }
            None => vec![("n", whole("sample", value)?)],
        },
        verb @ ("bin" | "factorize") => {
            let (name, column) = value
                .split_once('=')
                .with_context(|| format!("--{verb} should be NAME=COLUMN, not `{value}`"))?;
            vec![("column", quoted(column.trim())), ("into", quoted(name.trim()))]
        }
        "histogram" => vec![("column", quoted(value))],
        "describe" => Vec::new(),
        "sql" => vec![("query", quoted(value))],
        "limit" => vec![("n", whole("limit", value)?)],
        other => bail!("--{other} is no verb"),
    };
    for &(option, value) in &step.more {
        options.push(match option {
            "how" | "scale" | "every" | "value" | "into" | "suffix" | "lower" | "upper"
            | "part" => (option, quoted(value)),
            "keep" => ("which", quoted(value)),
            "seed" | "bins" | "offset" => (option, whole(option, value)?),
            "max-rows" => ("max_rows", whole(option, value)?),
            "nulls-equal" => ("nulls_equal", "true".to_owned()),
            "edges" => (option, numbers(option, value)?),
            _ => continue,
        });
    }
    Ok(options)
}

/// A whole number in TOML.
fn whole(option: &str, value: &str) -> anyhow::Result<String> {
    let number: u64 = value
        .replace('_', "")
        .parse()
        .with_context(|| format!("--{option} should be a whole number, not `{value}`"))?;
    Ok(number.to_string())
}

/// A list of numbers in TOML.
fn numbers(option: &str, value: &str) -> anyhow::Result<String> {
    let number = |part: &str| -> anyhow::Result<String> {
        let number = part.trim().parse::<f64>().ok().filter(|number| number.is_finite());
        let number =
            number.with_context(|| format!("--{option} should be numbers, not `{value}`"))?;
        Ok(format!("{number:?}"))
    };
    Ok(format!(
        "[{}]",
        value.split(',').map(number).collect::<anyhow::Result<Vec<_>>>()?.join(", ")
    ))
}

/// A list of texts in TOML.
fn list(texts: &[String]) -> String {
    let texts: Vec<_> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", texts.join(", "))
}

/// The parts between commas that are neither in quotes nor in brackets.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0_usize;
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quote = Some(c),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            (None, _) => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts.into_iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use clap::FromArgMatches;

    use super::*;

    fn steps(args: &[&str]) -> anyhow::Result<String> {
        let command = clap::Command::new("x").no_binary_name(true);
        let command = <Ordered<Verbs> as clap::Args>::augment_args(command);
        let matches = command.try_get_matches_from(args)?;
        let mut text = String::new();
        Ordered::<Verbs>::from_arg_matches(&matches)?.write(
            &mut text,
            &["t".to_owned()],
            false,
            "timeout_secs = 3.0\n",
        )?;
        Ok(text)
    }

    fn verbs(args: &[&str]) -> Vec<String> {
        let text = steps(args).unwrap();
        let lines = text.lines().filter_map(|line| line.strip_prefix("verb = "));
        lines.map(|verb| verb.trim_matches('"').to_owned()).collect()
    }

    #[test]
    fn verbs_keep_their_order() {
        let args = ["--limit", "3", "--filter", "a", "--unique", "--filter=b", "--sort", "-x"];
        assert_eq!(verbs(&args), ["limit", "filter", "unique", "filter", "sort"]);
        let text = steps(&args).unwrap();
        assert!(
            text.contains(
                "name = \"--filter (2)\"\nverb = \"filter\"\nfrom = [\"--unique\"]\nwhere = \"b\""
            ),
            "{text}"
        );
        assert!(text.contains("by = [\"-x\"]"), "{text}");
    }

    #[test]
    fn options_belong_to_the_verb_before() {
        let text = steps(&["--group-by", "a,b", "--agg", "n=count(*)", "--agg", "s=sum(x)"]);
        let text = text.unwrap();
        assert!(
            text.contains("by = [\"a\", \"b\"]\naggregate = [\"n=count(*)\", \"s=sum(x)\"]"),
            "{text}"
        );
        assert_eq!(verbs(&["--agg", "n=count(*)", "--agg", "m=max(x)"]), ["group"]);
        let error = steps(&["--on", "a"]).unwrap_err().to_string();
        assert_eq!(error, "--on should come behind --join or --pivot");
        let error = steps(&["--join", "f.csv", "--limit", "1", "--on", "a"]).unwrap_err();
        assert_eq!(error.to_string(), "--on should come behind --join or --pivot");
        let error = steps(&["--limit", "x"]).unwrap_err().to_string();
        assert_eq!(error, "--limit should be a whole number, not `x`");
    }

    #[test]
    fn missing_values_and_pivots_say_what_they_need() {
        let text =
            |args: &[&str]| steps(args).unwrap().lines().skip(5).collect::<Vec<_>>().join("\n");
        assert_eq!(
            text(&["--fill", "a,b", "--value", "x + 1"]),
            "columns = [\"a\", \"b\"]\nvalue = \"x + 1\""
        );
        assert_eq!(text(&["--fill=a", "--how", "mean"]), "columns = [\"a\"]\nhow = \"mean\"");
        assert_eq!(text(&["--drop-nulls"]), "");
        assert_eq!(text(&["--drop-nulls=a"]), "columns = [\"a\"]");
        assert_eq!(
            text(&["--pivot", "day", "--on", "kind", "--value", "count(*)"]),
            "by = [\"day\"]\non = \"kind\"\nvalue = \"count(*)\""
        );
        assert_eq!(
            text(&["--unpivot", "a,b", "--into", "what", "--value", "n"]),
            "columns = [\"a\", \"b\"]\ninto = \"what\"\nvalue = \"n\""
        );
        assert_eq!(text(&["--factorize", "c=s"]), "column = \"s\"\ninto = \"c\"");
        assert_eq!(text(&["--describe"]), "");
        assert_eq!(
            text(&["--histogram", "x", "--edges", "0, 1.5,1e3"]),
            "column = \"x\"\nedges = [0.0, 1.5, 1000.0]"
        );
        assert_eq!(
            text(&["--bin", "b=x", "--bins", "4", "--lower", "low"]),
            "column = \"x\"\ninto = \"b\"\nbins = 4\nlower = \"low\""
        );
        for (args, problem) in [
            (&["--fill", "a"][..], "--fill needs either --value EXPR or --how HOW"),
            (&["--fill", "a", "--how", "min", "--value", "1"], "--fill needs either"),
            (&["--pivot", "a", "--value", "count(*)"], "--pivot needs --on COLUMN"),
            (&["--pivot", "a", "--on", "b"], "--pivot needs --value EXPR"),
            (&["--factorize", "s"], "--factorize should be NAME=COLUMN, not `s`"),
            (&["--histogram", "x", "--edges", "0,one"], "--edges should be numbers, not `0,one`"),
            (&["--value", "1"], "--value should come behind --fill or --pivot or --unpivot"),
        ] {
            let error = steps(args).unwrap_err().to_string();
            assert!(error.starts_with(problem), "{error}");
        }
    }

    #[test]
    fn joined_tables_have_options_of_their_own_and_the_limits_of_all() {
        let args = [
            ["--join", "b.csv"],
            ["--on", "zip"],
            ["--join-type", "zip=text"],
            ["--join-null", "NA"],
            ["--suffix", "_b"],
            ["--max-rows", "1_000"],
        ];
        let args: Vec<&str> =
            args.as_flattened().iter().copied().chain(["--nulls-equal"]).collect();
        let text = steps(&args).unwrap();
        let input = "[[input]]\nname = \"b\"\nfrom = \"b.csv\"\n\
            types = { \"zip\" = \"text\" }\nnulls = [\"NA\"]\ntimeout_secs = 3.0\n";
        assert!(text.contains(input), "{text}");
        for option in ["suffix = \"_b\"", "max_rows = 1000", "nulls_equal = true"] {
            assert!(text.contains(option), "{text}");
        }
        let args = ["--join", "b.csv", "--on", "zip", "--join-type", "zip"];
        let error = steps(&args).unwrap_err().to_string();
        assert_eq!(error, "--join-type should be a column and its type, as in zip=text");
    }

    #[test]
    fn lists_are_split_outside_of_quotes_and_brackets() {
        assert_eq!(split("a, b"), ["a", "b"]);
        assert_eq!(split("x=f(a,b),\"c,d\",'(',e"), ["x=f(a,b)", "\"c,d\"", "'('", "e"]);
        assert_eq!(split(""), [""; 0]);
    }
}
