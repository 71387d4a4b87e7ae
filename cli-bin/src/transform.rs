//! `graphlume transform`: tables through verbs, in the order of the command line.

mod preview;
mod verbs;

use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use graphlume::device::Device;
use graphlume::etl::Error;
use graphlume::etl::pipeline::{Pipeline, PipelineFault};
use graphlume::etl::source::without_passwords;
use graphlume::graph::Format;

use crate::ordered::Ordered;
use crate::outcome::Outcome;
use crate::output::{is_standard, print, print_json};
use crate::pipeline::{self, Watcher};
use crate::progress::Messages;
use crate::source::{self, SourceArgs, quoted};
use crate::values;
pub(crate) use verbs::Verbs;

/// Arguments of `graphlume transform`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Tables: files, folders, patterns, `s3://…`, `sqlite:FILE?table=T`,
    /// `postgres://USER@HOST/DB?table=T`, `https://…` or `-`; several are put one after another.
    /// NAME=TABLE gives a name for --sql
    #[arg(required = true, value_name = "[NAME=]TABLE")]
    inputs: Vec<String>,
    /// File or object to write, `-` for standard output; the suffix says the format
    /// [default: the first rows are printed]
    #[arg(short, long, value_name = "FILE")]
    out: Option<String>,
    #[command(flatten)]
    verbs: Ordered<Verbs>,
    /// Field separator of delimited text [default: found from the first rows]
    #[arg(long, value_name = "CHAR", alias = "separator", help_heading = "Input")]
    delimiter: Option<char>,
    #[command(flatten)]
    source: SourceArgs,
    #[command(flatten)]
    run: RunArgs,
}

/// How it is done.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Run")]
struct RunArgs {
    /// Format to write [default: found from the suffix; CSV to standard output]
    #[arg(long, value_parser = formats(), requires = "out")]
    to: Option<String>,
    /// Compression of what is written, as far as the format has it [default: zstd for Parquet and Arrow, of text what
    /// the suffix says]
    #[arg(long, value_parser = ["none", "snappy", "lz4", "zstd", "gzip"], requires = "out")]
    compression: Option<String>,
    /// Field separator of CSV that is written [default: a comma, a tab in .tsv]
    #[arg(long, value_name = "CHAR", requires = "out")]
    output_delimiter: Option<char>,
    /// Columns whose values make folders `column=value` in the new folder --out, with files of the rows that have them
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', requires = "out")]
    partition_by: Vec<String>,
    /// Print what would be done, with columns, rows and memory, and do nothing
    #[arg(long, conflicts_with = "as_pipeline")]
    plan: bool,
    /// Print a pipeline file that does the same
    #[arg(long)]
    as_pipeline: bool,
    /// Memory that may be estimated, such as `2 GiB`: sorts, joins and groups above it go through temporary files, and
    /// what is still above is refused
    #[arg(long, value_name = "BYTES", value_parser = values::bytes())]
    memory_limit: Option<u64>,
    /// Folder for temporary files of verbs that would take more memory than the limit [default: the system's]
    #[arg(long, value_name = "FOLDER", requires = "memory_limit")]
    spill_folder: Option<PathBuf>,
    /// Where verbs run that devices have, as `graphlume devices` names them; it is said where each ran
    #[arg(long, value_name = "DEVICE", default_value = "cpu", value_parser = Device::parse)]
    device: Device,
    /// Rows that are printed where there is no --out
    #[arg(long, value_name = "N", default_value_t = 20)]
    rows: usize,
    /// Print JSON: the rows, the plan, or a report of what was written
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Verbs are done in the order they are given, each on what the one before left.

Examples:
  Rows and columns of a file:
    graphlume transform karate.csv --filter 'source < 5' --select source,target
  The most cited weblogs:
    graphlume transform polblogs.csv --group-by target --agg 'n = count(*)' --sort=-n --limit 10
  Names for numbers, then a file:
    graphlume transform games.csv --join teams.csv --on 'source = id' -o named.parquet
  SQL over several files:
    graphlume transform e=edges.csv v=nodes.csv \\
      --sql 'SELECT v.label, count(*) AS n FROM e JOIN v ON e.source = v.id GROUP BY v.label'
  From a database, larger than life:
    graphlume transform 'sqlite:app.db?table=events' --with 'day = date(at)' -o events.parquet

Expressions are those of SQL: arithmetic, comparisons, AND, OR, NOT, LIKE, IN, BETWEEN, IS NULL, CASE,
and functions of numbers, text and time. Text is in 'single quotes', odd names in \"double\" ones.";

/// Names of formats that are read and written.
fn formats() -> impl TypedValueParser<Value = String> {
    PossibleValuesParser::new([
        "csv", "jsonl", "json", "parquet", "arrow", "mtx", "metis", "graphml", "gexf", "gml",
    ])
}

pub(crate) fn run(args: &Args, messages: Messages) -> anyhow::Result<Outcome> {
    try_run(args, messages).map_err(|error| match error.downcast::<Error>() {
        Ok(error) => args.by_flag(error).into(),
        Err(error) => error,
    })
}

fn try_run(args: &Args, messages: Messages) -> anyhow::Result<Outcome> {
    let standard = args.out.as_deref().is_some_and(|out| is_standard(Path::new(out)));
    if standard && !args.run.partition_by.is_empty() {
        bail!("--partition-by makes a folder, which standard output is not");
    }
    // What goes to standard output is a file first, which is written while rows are computed.
    let folder = standard.then(tempfile::tempdir).transpose()?;
    let out = match (&folder, &args.out) {
        (Some(folder), _) => Some(text_of(&folder.path().join("out"))?),
        (None, out) => out.clone(),
    };
    if let Some(out) = out.as_deref().filter(|out| !standard && Format::from_suffix(out).is_none())
        && args.run.to.is_none()
    {
        bail!(
            "the ending of `{out}` tells no format: end it in .parquet, .csv, .arrow, .jsonl, .json or another one, or say it with --to"
        );
    }
    let text = args.pipeline(&args.source, out.as_deref(), standard)?;
    // Before anything is printed: a header that is wrong may have its value where its name should be.
    let pipeline = Pipeline::parse(&text, Path::new("")).map_err(pipeline::without_line)?;
    if args.run.as_pipeline {
        let head = args.run.head()?;
        let shown = args.source.without_secrets();
        let source = shown.as_ref().unwrap_or(&args.source);
        let text = args.pipeline(source, args.out.as_deref(), standard)?;
        let hidden = source::hide_passwords(&text);
        print(format!("{head}{hidden}").as_bytes())?;
        if shown.is_some() || hidden != text {
            messages.say(
                "passwords, what is asked of the web, and what --header and --store-option say are not printed; they belong where *** is",
            );
        }
        return Ok(Outcome::Done);
    }
    let pipeline = match (&folder, &out) {
        (Some(_), Some(out)) => pipeline.with_output_called(out, "standard output"),
        _ => pipeline,
    };
    let pipeline = pipeline
        .with_memory_limit(args.run.memory_limit)
        .with_spill_folder(args.run.spill_folder.clone())
        .on_device(args.run.device);
    if args.run.plan {
        return pipeline::print_plan(&pipeline, args.run.json, &Watcher::of_command(messages));
    }
    if args.out.is_none() {
        return preview::run(&pipeline, args.run.rows, args.run.json, messages);
    }
    let json = args.run.json && !standard;
    let watcher = Watcher::of_command(messages);
    let Some(report) = watcher.run(&pipeline)? else { return Ok(messages.interrupted()) };
    if let (Some(_), Some(out)) = (&folder, out) {
        let mut file = std::fs::File::open(out)?;
        io::copy(&mut file, &mut io::stdout().lock())?;
    }
    if json {
        print_json(&report)?;
    } else {
        pipeline::say_written(&report, messages);
    }
    Ok(Outcome::Done)
}

fn text_of(path: &Path) -> anyhow::Result<String> {
    match path.to_str() {
        Some(text) => Ok(text.to_owned()),
        None => bail!("{} is not UTF-8", path.display()),
    }
}

impl Args {
    /// The pipeline that does the same, as text.
    fn pipeline(
        &self,
        source: &SourceArgs,
        out: Option<&str>,
        standard: bool,
    ) -> anyhow::Result<String> {
        let mut text = String::new();
        let names = self.names();
        let places: Vec<&str> = self.inputs.iter().map(|input| split_name(input).1).collect();
        let sources = source.of_each(&places, self.verbs.put_together(places.len())?)?;
        for ((name, place), source) in names.iter().zip(places).zip(sources) {
            source.write(&mut text, name, place, self.delimiter)?;
        }
        self.verbs.write(&mut text, &names, self.source.fills(), &self.source.limits())?;
        if let Some(out) = out {
            writeln!(text, "\n[[output]]\nto = {}", quoted(out))?;
            let usual = standard.then_some("csv");
            if let Some(format) = self.run.to.as_deref().or(usual) {
                writeln!(text, "format = {}", quoted(format))?;
            }
            self.run.write(&mut text)?;
        }
        Ok(text)
    }

    /// The names of the inputs.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (name, from) in self.inputs.iter().map(|input| split_name(input)) {
            let name = name.map_or_else(|| stem(from), str::to_owned);
            names.push(free_name(&name, &names));
        }
        names
    }

    /// The error, with options of sources by the names that they have here.
    fn by_flag(&self, error: Error) -> Error {
        let Error::Pipeline(mut error) = error else { return error };
        let is_joined = self.names().iter().all(|name| *error.part != format!("input `{name}`"));
        if let PipelineFault::Failed(failed) = &mut error.fault
            && let Error::Source(failed) = &mut **failed
        {
            source::by_flag(&mut failed.fault, if is_joined { "join-" } else { "" }, "delimiter");
        }
        Error::Pipeline(error)
    }
}

impl RunArgs {
    /// What a pipeline says before its parts.
    fn head(&self) -> anyhow::Result<String> {
        let mut text = String::new();
        if let Some(bytes) = self.memory_limit {
            writeln!(text, "memory_limit = {bytes}")?;
        }
        if let Some(folder) = &self.spill_folder {
            writeln!(text, "spill_folder = {}", quoted(&text_of(folder)?))?;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        Ok(text)
    }

    /// The options of the output.
    fn write(&self, text: &mut String) -> anyhow::Result<()> {
        let delimiter = self.output_delimiter.map(String::from);
        for (option, value) in [("compression", &self.compression), ("delimiter", &delimiter)] {
            if let Some(value) = value {
                writeln!(text, "{option} = {}", quoted(value))?;
            }
        }
        if !self.partition_by.is_empty() {
            writeln!(text, "partition_by = {}", serde_json::to_string(&self.partition_by)?)?;
        }
        Ok(())
    }
}

/// Name and place of `NAME=TABLE`. A file whose name has a `=` is a file.
fn split_name(input: &str) -> (Option<&str>, &str) {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    match input.split_once('=') {
        Some((name, from)) if is_name(name) && !PathBuf::from(input).exists() => (Some(name), from),
        _ => (None, input),
    }
}

/// A name for a table: that of its file or database table, without suffixes.
fn stem(from: &str) -> String {
    // A server without a path is called by its host, and not by a password before that.
    let shown = without_passwords(from);
    let from = shown.as_str();
    let place = match from.split_once("table=") {
        Some((_, table)) if !table.starts_with("***") => table.split('&').next().unwrap_or(table),
        _ => from.split('?').next().unwrap_or(from),
    };
    let last = place.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or(place);
    let stem = last.split('.').find(|part| !part.is_empty()).unwrap_or("");
    let name: String = stem.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    match name.trim_matches('_') {
        "" => "table".to_owned(),
        name if name.starts_with(|c: char| c.is_numeric()) => format!("t{name}"),
        name => name.to_owned(),
    }
}

/// The name, with a number if another table has it.
fn free_name(name: &str, names: &[String]) -> String {
    let numbered = (2..).map(|n| format!("{name}_{n}"));
    std::iter::once(name.to_owned())
        .chain(numbered)
        .find(|name| !names.contains(name))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_have_names() {
        assert_eq!(split_name("e=a.csv"), (Some("e"), "a.csv"));
        assert_eq!(split_name("x/year=2/a.csv"), (None, "x/year=2/a.csv"));
        assert_eq!(split_name("sqlite:a.db?table=t"), (None, "sqlite:a.db?table=t"));
        assert_eq!(stem("a/b-c.csv.gz"), "b_c");
        assert_eq!(stem("s3://bucket/x/2026-*.parquet"), "t2026");
        assert_eq!(stem("sqlite:a.db?table=people"), "people");
        assert_eq!(stem("postgres://ann:hunter2@h.invalid"), "h");
        assert_eq!(stem("https://h.invalid/a.csv?table=hunter2"), "a");
        assert_eq!(stem("-"), "table");
        let names = ["a".to_owned(), "a_2".to_owned()];
        assert_eq!(free_name("a", &names), "a_3");
        assert_eq!(free_name("b", &names), "b");
    }
}
