//! From the text of a pipeline to its parts, with every name, verb and option checked.

use std::collections::BTreeMap;
use std::path::Path;

use graph_core::Format;
use toml::de::{DeTable, DeValue};

use super::error::{PipelineError, PipelineFault};
use super::order::order;
use super::section::{Result, Section, line_of};
use super::verb::{Reader, Verb};
use super::{Pipeline, feature_verbs, graph_verbs, part_verbs, reshape_verbs, table_verbs};
use crate::analytics::measures::{MEASURES, Measure};
use crate::error::nearest;
use crate::source::{
    ColumnType, GraphPart, Parameter, Secrets, Source, SourceOptions, table_format,
};
use crate::table::{self, Compression, WriteOptions};

/// A table that comes in.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) name: String,
    pub(super) line: Option<u32>,
    /// Where it comes from; `None` if it is given.
    pub(super) source: Option<Source>,
}

/// A table that is made of others, which are parts counted through inputs and then steps.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) name: String,
    pub(super) line: Option<u32>,
    pub(super) verb: Verb,
    pub(super) from: Vec<usize>,
    /// Whether the rows are computed once and kept.
    pub(super) keep: bool,
}

/// A table that goes out.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) line: Option<u32>,
    pub(super) from: usize,
    /// As it was written.
    pub(super) to: String,
    /// What it is called, if not by its place.
    pub(super) called: Option<String>,
    pub(super) place: String,
    pub(super) format: Option<Format>,
    /// Of tables; their format is not in it.
    pub(super) options: WriteOptions,
}

/// All verbs there are but measures.
pub(super) fn verbs() -> impl Iterator<Item = &'static Reader> {
    let of_graphs = graph_verbs::VERBS.iter().chain(part_verbs::VERBS).chain(feature_verbs::VERBS);
    table_verbs::VERBS.iter().chain(reshape_verbs::VERBS).chain(of_graphs)
}

/// What a verb does.
pub(super) enum Known {
    Verb(fn(&Section) -> Result<Verb>),
    Measure(&'static Measure),
}

pub(super) fn known(verb: &str) -> Option<Known> {
    let found = verbs().find(|(name, _)| *name == verb).map(|&(_, read)| Known::Verb(read));
    let is_called = |measure: &&Measure| measure.names().any(|name| name == verb);
    found.or_else(|| MEASURES.iter().find(is_called).map(Known::Measure))
}

/// Where a pipeline's tables come from.
pub(super) enum Origin<'a> {
    /// Its inputs, whose paths are relative to this folder; its outputs go there too.
    Places(&'a Path),
    /// Tables that are given, of these names. There are neither inputs nor outputs.
    Given(&'a [&'a str]),
}

/// Reads a pipeline.
pub(super) fn pipeline(text: &str, from: &Origin) -> Result<Pipeline> {
    let document = DeTable::parse(text).map_err(|error| PipelineError {
        line: error.span().map(|span| line_of(text, span.start)),
        part: "pipeline".into(),
        fault: PipelineFault::Syntax(error.message().into()),
    })?;
    let head = Section::new(text, document.get_ref(), "pipeline", None);
    let memory_limit = head.bytes("memory_limit")?;
    let read = |key| sections(text, document.get_ref(), &head, key, key);
    let mut steps = read("step")?;
    let mut names = Names::default();
    let mut spill_folder = None;
    let (inputs, outputs, folder) = match *from {
        Origin::Places(folder) => {
            let (inputs, outputs) = (read("input")?, read("output")?);
            spill_folder = head.text("spill_folder")?.map(|spill| folder.join(spill));
            head.finish()?;
            if inputs.is_empty() {
                return Err(head.fault(PipelineFault::Empty("input")));
            }
            let input = |mut section: Section| {
                names.add(&mut section, "input", None)?;
                input(&section, folder)
            };
            (inputs.into_iter().map(input).collect::<Result<Vec<_>>>()?, outputs, folder)
        }
        Origin::Given(given) => {
            head.finish()?;
            if steps.is_empty() {
                return Err(head.fault(PipelineFault::Empty("step")));
            }
            let inputs = given.iter().map(|&name| names.given(name)).collect();
            (inputs, Vec::new(), Path::new(""))
        }
    };
    for (i, section) in steps.iter_mut().enumerate() {
        names.add(section, "step", Some(format!("step-{}", i + 1)))?;
    }
    let first_step = inputs.len();
    let steps = steps
        .iter()
        .enumerate()
        .map(|(i, section)| step(section, &names, first_step + i, first_step))
        .collect::<Result<Vec<_>>>()?;
    let outputs = outputs
        .iter()
        .map(|section| output(section, &names, folder))
        .collect::<Result<Vec<_>>>()?;
    check_places(&outputs)?;

    let needs: Vec<_> = (0..first_step)
        .map(|_| Vec::new())
        .chain(steps.iter().map(|step| step.from.clone()))
        .collect();
    let order = order(&needs).map_err(|circle| {
        let line = steps.get(circle[0] - first_step).and_then(|step| step.line);
        let names = circle.iter().map(|&part| names.names[part].clone()).collect();
        let fault = PipelineFault::Cycle { names };
        PipelineError { line, part: "pipeline".into(), fault }
    })?;
    // Who names no places has the disk of somebody else.
    let may_spill = matches!(from, Origin::Places(_));
    Ok(Pipeline {
        inputs,
        steps,
        outputs,
        order,
        memory_limit,
        may_spill,
        spill_folder,
        device: None,
    })
}

/// The parts of one kind, as they are in the file.
pub(super) fn sections<'a>(
    text: &'a str,
    document: &'a DeTable<'a>,
    head: &Section,
    key: &'static str,
    kind: &'static str,
) -> Result<Vec<Section<'a>>> {
    // Asked for, so that it counts as known.
    head.value(key)?;
    let Some(value) = document.get(key) else { return Ok(Vec::new()) };
    let DeValue::Array(values) = value.get_ref() else {
        return Err(head.bad(key, format!("should be one or more `[[{kind}]]`")));
    };
    values
        .iter()
        .enumerate()
        .map(|(i, value)| match value.get_ref() {
            DeValue::Table(entries) => {
                // A part without entries begins nowhere.
                let start = entries.keys().map(|key| key.span().start).min();
                let start = start.unwrap_or(value.span().start);
                Ok(Section::new(text, entries, format!("{kind} {}", i + 1), Some(start)))
            }
            _ => Err(head.bad(key, format!("should be one or more `[[{kind}]]`"))),
        })
        .collect()
}

/// Names of inputs and steps, in this order.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) names: Vec<String>,
    parts: Vec<String>,
}

impl Names {
    /// Takes the name of a part, which no other may have.
    pub(super) fn add(
        &mut self,
        section: &mut Section,
        kind: &str,
        usual: Option<String>,
    ) -> Result<()> {
        let name = match (section.text("name")?, usual) {
            (Some(name), _) if name.is_empty() => return Err(section.bad("name", "is empty")),
            (Some(name), _) | (None, Some(name)) => name,
            (None, None) => return Err(section.fault(PipelineFault::Missing { option: "name" })),
        };
        let part = format!("{kind} `{name}`");
        section.rename(part.clone());
        if let Some(other) = self.names.iter().position(|other| *other == name) {
            let other = self.parts[other].as_str().into();
            return Err(section.fault_at("name", PipelineFault::NameTwice { other }));
        }
        self.names.push(name);
        self.parts.push(part);
        Ok(())
    }

    /// Takes the name of a table that is given.
    fn given(&mut self, name: &str) -> Input {
        self.names.push(name.to_owned());
        self.parts.push(format!("input `{name}`"));
        Input { name: name.to_owned(), line: None, source: None }
    }

    pub(super) fn find(
        &self,
        section: &Section,
        option: &'static str,
        name: &str,
    ) -> Result<usize> {
        self.names.iter().position(|known| known == name).ok_or_else(|| {
            let nearest = nearest(name, self.names.iter().map(String::as_str));
            let fault =
                PipelineFault::Unknown { kind: "input or step", name: name.into(), nearest };
            section.fault_at(option, fault)
        })
    }
}

fn input(section: &Section, folder: &Path) -> Result<Input> {
    let source = source(section)?;
    let name = section.text("name")?.unwrap_or_default();
    Ok(Input { name, line: section.line(), source: Some(source.relative_to(folder)) })
}

/// What `from` leads to, with all options of sources; there may be no others.
pub(super) fn source(section: &Section) -> Result<Source> {
    let from = section.need_text("from")?;
    let usual = SourceOptions::default();
    let params = section.value("params")?.map(serde_json::from_value::<Vec<Parameter>>);
    let options = SourceOptions {
        format: format(section)?,
        delimiter: match section
            .text("delimiter")?
            .as_deref()
            .map(|text| text.chars().collect::<Vec<_>>())
        {
            None => None,
            Some(chars) => match chars[..] {
                [delimiter] => Some(delimiter),
                _ => return Err(section.bad("delimiter", "should be one character")),
            },
        },
        header: section.flag("header")?,
        inferred_rows: section.whole("inferred_rows")?.map_or(usual.inferred_rows, |n| n as usize),
        types: column_types(section)?,
        nulls: section.texts("nulls")?.unwrap_or_default(),
        comment: section.text("comment")?,
        missing_columns: section.flag("missing_columns")?.unwrap_or(usual.missing_columns),
        path_column: section.text("path_column")?,
        part: section
            .choice("part", &[("edges", GraphPart::Edges), ("nodes", GraphPart::Nodes)])?
            .unwrap_or_default(),
        records: section.text("records")?,
        table: section.text("table")?,
        query: section.text("query")?,
        params: match params.transpose() {
            Ok(params) => params.unwrap_or_default(),
            Err(_) => {
                return Err(section.bad("params", "should be a list of texts, numbers and flags"));
            }
        },
        max_bytes: section.bytes("max_bytes")?.unwrap_or(usual.max_bytes),
        max_memory: section.bytes("max_memory")?.unwrap_or(usual.max_memory),
        timeout_secs: section.number("timeout_secs")?.unwrap_or(usual.timeout_secs),
        max_redirects: section
            .whole("max_redirects")?
            .map_or(usual.max_redirects, |n| u32::try_from(n).unwrap_or(u32::MAX)),
        headers: secrets(section, "headers")?,
        store: secrets(section, "store")?,
        allow_private: section.flag("allow_private")?.unwrap_or(usual.allow_private),
    };
    section.finish()?;
    Source::new(&from, options).map_err(|error| section.fault_at("from", error))
}

/// Texts by names, which are in no message.
fn secrets(section: &Section, option: &'static str) -> Result<Secrets> {
    let bad = || section.bad(option, "should be a table of names and texts");
    let Some(given) = section.value(option)? else { return Ok(Secrets::default()) };
    let given = given.as_object().ok_or_else(bad)?;
    let one = |(name, text): (&String, &serde_json::Value)| {
        Ok((name.clone(), text.as_str().ok_or_else(bad)?.to_owned()))
    };
    given.iter().map(one).collect()
}

/// The types that columns are given.
pub(super) fn column_types(section: &Section) -> Result<BTreeMap<String, ColumnType>> {
    let Some(given) = section.value("types")? else { return Ok(BTreeMap::new()) };
    let Some(given) = given.as_object() else {
        return Err(section.bad("types", "should be a table of columns and their types"));
    };
    let one = |(name, of): (&String, &serde_json::Value)| {
        let of = of.as_str().map_or_else(|| of.to_string(), str::to_owned);
        let of =
            of.parse().map_err(|error| section.bad("types", format!("of `{name}`: {error}")))?;
        Ok((name.clone(), of))
    };
    given.iter().map(one).collect()
}

pub(super) fn format(section: &Section) -> Result<Option<Format>> {
    section.choice(
        "format",
        &[
            ("csv", Format::Csv),
            ("jsonl", Format::JsonLines),
            ("json", Format::NodeLink),
            ("parquet", Format::Parquet),
            ("arrow", Format::Arrow),
            ("mtx", Format::MatrixMarket),
            ("metis", Format::Metis),
            ("graphml", Format::GraphMl),
            ("gexf", Format::Gexf),
            ("gml", Format::Gml),
        ],
    )
}

/// The step that is part `part`; without `from` it works on the part before it.
fn step(section: &Section, names: &Names, part: usize, first_step: usize) -> Result<Step> {
    let name = names.names[part].clone();
    let verb = section.need_text("verb")?;
    let Some(known) = known(&verb) else {
        let names = verbs().map(|(name, _)| *name);
        let nearest = nearest(&verb, names.chain(MEASURES.iter().flat_map(Measure::names)));
        let fault = PipelineFault::Unknown { kind: "verb", name: verb.into(), nearest };
        return Err(section.fault_at("verb", fault));
    };
    let from = match section.texts("from")? {
        Some(from) => {
            from.iter().map(|name| names.find(section, "from", name)).collect::<Result<Vec<_>>>()?
        }
        // The first step knows what it works on if there is one input only.
        None if part == first_step && first_step != 1 => {
            return Err(section.fault(PipelineFault::Missing { option: "from" }));
        }
        None => vec![part - 1],
    };
    let more = section.texts("with")?.unwrap_or_default();
    let more = more.iter().map(|name| names.find(section, "with", name));
    let from: Vec<_> = from.into_iter().map(Ok).chain(more).collect::<Result<_>>()?;
    section.text("name")?;
    let keep = section.flag("keep")?.unwrap_or(false);
    let verb = match known {
        Known::Verb(read) => read(section)?,
        Known::Measure(measure) => graph_verbs::measured(section, measure)?,
    };
    section.finish()?;
    if !verb.takes.fits(from.len()) {
        let (verb, expected, found) = (verb.name, verb.takes.name(), from.len());
        return Err(section.fault_at("from", PipelineFault::Tables { verb, expected, found }));
    }
    let keep = keep || verb.holds.is_eager();
    Ok(Step { name, line: section.line(), verb, from, keep })
}

/// An output; without `from` it gets the last step.
fn output(section: &Section, names: &Names, folder: &Path) -> Result<Output> {
    let from = match section.text("from")? {
        Some(name) => names.find(section, "from", &name)?,
        None => names.names.len() - 1,
    };
    let to = section.need_text("to")?;
    let format = format(section)?;
    let options = write_options(section, &to, format.or_else(|| Format::from_suffix(&to)))?;
    section.finish()?;
    let place = match to.contains("://") {
        true => to.clone(),
        false => folder.join(&to).to_string_lossy().into_owned(),
    };
    if format.or_else(|| Format::from_suffix(&to)).is_none() {
        let reason = "does not tell the format; add `format`";
        return Err(section.bad("to", reason));
    }
    Ok(Output { line: section.line(), from, to, called: None, place, format, options })
}

/// How a table is written to `to`; refuses what the format does not have.
fn write_options(section: &Section, to: &str, format: Option<Format>) -> Result<WriteOptions> {
    let compression = section.choice(
        "compression",
        &[
            ("none", Compression::None),
            ("snappy", Compression::Snappy),
            ("lz4", Compression::Lz4),
            ("zstd", Compression::Zstd),
            ("gzip", Compression::Gzip),
        ],
    )?;
    let delimiter = section.text("delimiter")?;
    let partition_by = section.texts("partition_by")?;
    let separator = match delimiter.as_deref().map(str::as_bytes) {
        None => None,
        Some(&[separator]) if separator.is_ascii() && !b"\"\r\n".contains(&separator) => {
            Some(separator)
        }
        Some(_) => {
            let reason = "should be one ASCII character, and no quote or line break";
            return Err(section.bad("delimiter", reason));
        }
    };
    let given = [
        ("compression", compression.is_some()),
        ("delimiter", separator.is_some()),
        ("partition_by", partition_by.is_some()),
    ];
    let options = WriteOptions {
        compression: compression.unwrap_or_default(),
        separator,
        partition_by: partition_by.unwrap_or_default(),
        ..WriteOptions::default()
    };
    // Without a format it is refused anyway.
    let Some(format) = format else { return Ok(options) };
    let Some(tabular) = table_format(format) else {
        let name = format.name();
        return match given.iter().find(|(_, is_given)| *is_given) {
            Some((option, _)) => {
                let reason =
                    format!("is for CSV, JSON lines, Parquet and Arrow: {name} does not have it");
                Err(section.bad(option, reason))
            }
            None => Ok(options),
        };
    };
    if separator.is_some() && tabular != table::Format::Csv {
        return Err(section.bad("delimiter", format!("is for CSV: {} has none", format.name())));
    }
    options.check(to, tabular).map_err(|error| section.fault_at("compression", error))?;
    Ok(options)
}

/// Refuses two outputs to one place.
fn check_places(outputs: &[Output]) -> Result<()> {
    for (i, output) in outputs.iter().enumerate() {
        if outputs[..i].iter().any(|other| other.place == output.place) {
            let other = format!("another output to `{}`", output.shown()).into();
            let part = format!("output `{}`", output.shown()).into();
            return Err(PipelineError {
                line: output.line,
                part,
                fault: PipelineFault::NameTwice { other },
            });
        }
    }
    Ok(())
}
