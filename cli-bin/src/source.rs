//! The arguments that say how tables are read, for all commands that read them from anywhere.

use std::fmt::Write;

use anyhow::bail;
use graphlume::etl::source::{
    ColumnType, Fault, GraphPart, Parameter, Source, SourceKind, SourceOptions, without_passwords,
};
use graphlume::graph::Format;

use crate::input::formats;
use crate::values;

/// What the user says of the inputs, but for the separator of fields: not all commands have the
/// same name for that.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Input")]
pub(crate) struct SourceArgs {
    /// Format of the inputs [default: found from the suffix, then from the content]
    #[arg(long, value_parser = formats())]
    format: Option<Format>,
    /// Delimited text has no names in its first row
    #[arg(long)]
    no_header: bool,
    /// Rows of text that are looked at to tell the types of columns, 0 for all [default: 1000]
    #[arg(long, value_name = "N")]
    infer_rows: Option<u64>,
    /// Type of a column of CSV or JSON lines, such as `zip=text`: text, boolean, int32, int64, uint64, float32,
    /// float64, date, time or timestamp; once for each
    #[arg(long = "type", value_name = "COLUMN=TYPE", value_parser = column_type)]
    types: Vec<(String, ColumnType)>,
    /// Word of CSV that means that there is no value, such as `NA`; once for each
    #[arg(long, value_name = "WORD", allow_hyphen_values = true)]
    null: Vec<String>,
    /// What lines of CSV begin with that are no rows, such as `#`
    #[arg(long, value_name = "PREFIX", allow_hyphen_values = true)]
    comment: Option<String>,
    /// Have nulls where files of Parquet lack a column of the first one, and where one of several inputs lacks a column of another
    #[arg(long)]
    missing_columns: bool,
    /// Column to add with the file that a row is from
    #[arg(long, value_name = "COLUMN")]
    path_column: Option<String>,
    /// JSON pointer to the records of a JSON document, such as `/data/items`
    #[arg(long, value_name = "POINTER")]
    records: Option<String>,
    /// Take the nodes of graph files, not their edges
    #[arg(long)]
    nodes: bool,
    /// Query to a database
    #[arg(long, value_name = "SQL")]
    query: Option<String>,
    /// Value for a placeholder of --query, once for each
    #[arg(long, value_name = "VALUE", requires = "query")]
    param: Vec<String>,
    /// Header of requests to the web, once for each; what it says is printed nowhere, and redirections are not followed.
    /// All inputs of the web are to be of one host
    #[arg(long, value_name = "NAME: VALUE")]
    header: Vec<String>,
    /// Option of an object store, such as `aws_region=eu-west-1`, once for each, besides those of the environment; what it
    /// says is printed nowhere
    #[arg(long, value_name = "KEY=VALUE")]
    store_option: Vec<String>,
    /// Most bytes from the web, a database or standard input, such as `2 GiB` [default: 4 GiB]
    #[arg(long, value_name = "BYTES", value_parser = values::bytes())]
    max_bytes: Option<u64>,
    /// Seconds after which the web or a database is given up [default: 300]
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<f64>,
}

/// A column and its type.
pub(crate) fn column_type(text: &str) -> Result<(String, ColumnType), String> {
    let (name, of) =
        text.rsplit_once('=').ok_or("should be a column and its type, as in zip=text")?;
    Ok((name.to_owned(), of.parse()?))
}

impl SourceArgs {
    /// The arguments for each input: headers are for those of the web, which must be one host's, options of stores for those in
    /// stores, and of inputs that are `put_together` only those of Parquet may lack columns in themselves. Where there is no such
    /// input all have them, and are refused.
    pub(crate) fn of_each(&self, inputs: &[&str], put_together: bool) -> anyhow::Result<Vec<Self>> {
        let parse = |input: &&str| Source::new(input, SourceOptions::default()).ok();
        let sources: Vec<Option<Source>> = inputs.iter().map(parse).collect();
        let hosts = sources.iter().flatten().filter_map(Source::host);
        let mut hosts: Vec<String> = hosts.map(str::to_ascii_lowercase).collect();
        hosts.sort();
        hosts.dedup();
        if !self.header.is_empty() && 1 < hosts.len() {
            bail!(
                "--header would go to {}, and is for one of them: a pipeline file has headers for each input",
                hosts.join(" and ")
            );
        }
        let kinds: Vec<_> =
            sources.iter().map(|source| source.as_ref().map(Source::kind)).collect();
        let is_meant = |kind: Option<SourceKind>, meant: SourceKind| {
            kind == Some(meant) || !kinds.contains(&Some(meant))
        };
        let one = |(&kind, input): (&Option<SourceKind>, &&str)| {
            let mut one = self.clone();
            if !is_meant(kind, SourceKind::Web) {
                one.header.clear();
            }
            if !is_meant(kind, SourceKind::Objects) {
                one.store_option.clear();
            }
            if put_together {
                let format = self.format.or_else(|| Format::from_suffix(input));
                one.missing_columns &= format == Some(Format::Parquet);
            }
            one
        };
        Ok(kinds.iter().zip(inputs).map(one).collect())
    }

    /// Whether an input that is put together with others may lack columns of theirs.
    pub(crate) fn fills(&self) -> bool {
        self.missing_columns
    }

    /// The options of a source; `delimiter` separates the fields of delimited text.
    pub(crate) fn options(&self, delimiter: Option<char>) -> anyhow::Result<SourceOptions> {
        check_types("--type", &self.types)?;
        let usual = SourceOptions::default();
        let inferred_rows = self.infer_rows.map(usize::try_from).transpose()?;
        Ok(SourceOptions {
            format: self.format,
            delimiter,
            header: self.no_header.then_some(false),
            inferred_rows: inferred_rows.unwrap_or(usual.inferred_rows),
            types: self.types.iter().cloned().collect(),
            nulls: self.null.clone(),
            comment: self.comment.clone(),
            missing_columns: self.missing_columns,
            path_column: self.path_column.clone(),
            part: if self.nodes { GraphPart::Nodes } else { usual.part },
            records: self.records.clone(),
            query: self.query.clone(),
            params: self.params(),
            headers: pairs("--header", &self.header, ':')?.into_iter().collect(),
            store: pairs("--store-option", &self.store_option, '=')?.into_iter().collect(),
            max_bytes: self.max_bytes.unwrap_or(usual.max_bytes),
            timeout_secs: self.timeout.unwrap_or(usual.timeout_secs),
            ..usual
        })
    }

    /// Appends the input `name` of a pipeline, which is read from `from`.
    pub(crate) fn write(
        &self,
        text: &mut String,
        name: &str,
        from: &str,
        delimiter: Option<char>,
    ) -> anyhow::Result<()> {
        if !text.is_empty() {
            text.push('\n');
        }
        writeln!(text, "[[input]]\nname = {}\nfrom = {}", quoted(name), quoted(from))?;
        if let Some(format) = self.format {
            writeln!(text, "format = {}", serde_json::to_string(&format)?)?;
        }
        let texts = [
            ("delimiter", delimiter.map(String::from)),
            ("comment", self.comment.clone()),
            ("path_column", self.path_column.clone()),
            ("records", self.records.clone()),
            ("part", self.nodes.then(|| "nodes".to_owned())),
            ("query", self.query.clone()),
        ];
        for (option, value) in texts {
            if let Some(value) = value {
                writeln!(text, "{option} = {}", quoted(&value))?;
            }
        }
        if self.no_header {
            writeln!(text, "header = false")?;
        }
        if self.missing_columns {
            writeln!(text, "missing_columns = true")?;
        }
        if let Some(n) = self.infer_rows {
            writeln!(text, "inferred_rows = {n}")?;
        }
        write_types(text, "--type", &self.types)?;
        if !self.null.is_empty() {
            writeln!(text, "nulls = {}", serde_json::to_string(&self.null)?)?;
        }
        if !self.param.is_empty() {
            writeln!(text, "params = {}", serde_json::to_string(&self.params())?)?;
        }
        write_pairs(text, "headers", &pairs("--header", &self.header, ':')?)?;
        write_pairs(text, "store", &pairs("--store-option", &self.store_option, '=')?)?;
        text.push_str(&self.limits());
        Ok(())
    }

    /// What no table may go beyond, as options of an input.
    pub(crate) fn limits(&self) -> String {
        let bytes = self.max_bytes.map(|bytes| format!("max_bytes = {bytes}\n"));
        let seconds = self.timeout.map(|seconds| format!("timeout_secs = {seconds:?}\n"));
        [bytes, seconds].into_iter().flatten().collect()
    }

    /// The same, with `***` in the place of what is printed nowhere; `None` if there is nothing of the kind.
    pub(crate) fn without_secrets(&self) -> Option<Self> {
        let hidden = |given: &[String], mark: char| {
            let name = |text: &String| text.split(mark).next().unwrap_or_default().to_owned();
            given.iter().map(|text| format!("{}{mark}***", name(text))).collect()
        };
        let has_some = !self.header.is_empty() || !self.store_option.is_empty();
        has_some.then(|| Self {
            header: hidden(&self.header, ':'),
            store_option: hidden(&self.store_option, '='),
            ..self.clone()
        })
    }

    fn params(&self) -> Vec<Parameter> {
        self.param.iter().map(|text| Parameter::Text(text.clone())).collect()
    }
}

/// Appends the types of columns that `option` gave, as an option of an input.
pub(crate) fn write_types(
    text: &mut String,
    option: &str,
    types: &[(String, ColumnType)],
) -> anyhow::Result<()> {
    check_types(option, types)?;
    if !types.is_empty() {
        let types = types.iter();
        let types = types.map(|(name, of)| format!("{} = {}", quoted(name), quoted(of.name())));
        writeln!(text, "types = {{ {} }}", types.collect::<Vec<_>>().join(", "))?;
    }
    Ok(())
}

/// Names and texts that `option` gave, with `mark` between them. What it gave is in no message.
fn pairs(option: &str, given: &[String], mark: char) -> anyhow::Result<Vec<(String, String)>> {
    let mut pairs: Vec<(String, String)> = Vec::with_capacity(given.len());
    for (at, text) in given.iter().enumerate() {
        let Some((name, text)) = text.split_once(mark) else {
            bail!("{option} should have a name and a value, and `{mark}` between them");
        };
        let name = name.trim();
        // It may have part of the value in it.
        if !is_token(name) {
            bail!("{option} {}: what is before `{mark}` is no name", at + 1);
        }
        if pairs.iter().any(|(before, _)| before.eq_ignore_ascii_case(name)) {
            bail!("{option} is given twice for `{name}`");
        }
        pairs.push((name.to_owned(), text.trim().to_owned()));
    }
    Ok(pairs)
}

/// Whether a text is a token, as names of headers are (RFC 9110, section 5.6.2).
fn is_token(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    !text.is_empty() && text.chars().all(is_part)
}

/// Appends names and texts as the table `option` of an input.
fn write_pairs(text: &mut String, option: &str, pairs: &[(String, String)]) -> std::fmt::Result {
    if pairs.is_empty() {
        return Ok(());
    }
    let pairs = pairs.iter().map(|(name, text)| format!("{} = {}", quoted(name), quoted(text)));
    writeln!(text, "{option} = {{ {} }}", pairs.collect::<Vec<_>>().join(", "))
}

fn check_types(option: &str, types: &[(String, ColumnType)]) -> anyhow::Result<()> {
    for (at, (name, _)) in types.iter().enumerate() {
        if types[..at].iter().any(|(before, _)| before == name) {
            bail!("{option} is given twice for column `{name}`");
        }
    }
    Ok(())
}

/// Calls the option that a fault is about as it is called here: with `prefix`, and what separates fields by `delimiter`.
pub(crate) fn by_flag(fault: &mut Fault, prefix: &str, delimiter: &str) {
    let Fault::NotForThis { option, .. } = fault else { return };
    let flag = match &**option {
        "delimiter" => delimiter,
        "nulls" => "null",
        "header" => "no-header",
        "types" => "type",
        "part" => "nodes",
        "params" => "param",
        "path_column" => "path-column",
        "missing_columns" => "missing-columns",
        "headers" => "header",
        "store" => "store-option",
        name @ ("comment" | "format" | "records" | "query") => name,
        // It is of the address.
        _ => return,
    };
    *option = format!("--{prefix}{flag}").into();
}

/// The pipeline with `***` in the place of what nobody should see of the addresses of its inputs and outputs.
pub(crate) fn hide_passwords(pipeline: &str) -> String {
    let hidden = |line: &str| {
        // Where steps are from is a list.
        let (option, address) = line.split_once(" = ")?;
        let address: String = serde_json::from_str(address).ok()?;
        let is_place = ["from", "to"].contains(&option);
        is_place.then(|| format!("{option} = {}\n", quoted(&without_passwords(&address))))
    };
    let lines = pipeline.split_inclusive('\n');
    lines.map(|line| hidden(line).unwrap_or_else(|| line.to_owned())).collect()
}

/// Text as TOML has it; its escapes include those of JSON.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}
