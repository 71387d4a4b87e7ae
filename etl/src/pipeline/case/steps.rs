//! The steps of a case, read and checked.

use std::collections::BTreeMap;
use std::sync::Arc;

use graph_core::Graph;
use serde::{Deserialize, Serialize};
use toml::de::{DeTable, DeValue};

use super::super::error::PipelineFault;
use super::super::read::{Known, Names, column_types, format, known, sections, source, verbs};
use super::super::section::{Result, Section};
use super::super::verb::{Reader, Verb};
use super::bind::{Binder, Values};
use super::graphs::{self, GraphVerb};
use super::places::is_given;
use crate::analytics::measures::MEASURES;
use crate::error::nearest;
use crate::expr::Bindings;
use crate::source::{Source, SourceOptions};
use crate::table::Table;

/// Seconds after which a host is given up that a case asks: whoever stops it waits no longer.
const TIMEOUT_SECS: f64 = 30.0;

/// What a step makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// Rows.
    Table,
    /// Nodes and edges.
    Graph,
}

impl StepKind {
    fn name(self) -> &'static str {
        match self {
            Self::Table => "a table",
            Self::Graph => "a graph",
        }
    }
}

/// What a step made.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "a step has one")]
pub(super) enum Value {
    Table(Table),
    Graph(Arc<Graph>),
}

/// A step that can be run.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) name: String,
    pub(super) line: Option<u32>,
    pub(super) verb: String,
    /// What it does, in words.
    pub(super) does: String,
    pub(super) note: String,
    /// The steps it works on, as the file names them.
    pub(super) named: Vec<String>,
    /// The steps it works on: none that is off.
    pub(super) from: Vec<usize>,
    pub(super) gives: StepKind,
    /// `None` if it is off.
    pub(super) work: Option<Work>,
    /// What it does with what it works on, whatever these are called: its options, with values.
    pub(super) definition: String,
    /// Whether it may make something else a moment later.
    pub(super) is_fleeting: bool,
}

/// What a step does.
#[derive(Debug)]
pub(super) enum Work {
    /// Reads a source.
    Open(Box<Source>),
    /// Asks a host: scheme, authority, and where it is.
    Ask { scheme: &'static str, authority: String, source: Box<Source> },
    /// Takes what the caller has by that address.
    Given(String),
    /// Makes a table of tables.
    Table(Verb),
    /// Works on graphs, or makes one.
    Graph(GraphVerb),
}

/// Reads the steps of a document, with values for the parameters.
pub(super) fn read<'d>(
    text: &'d str,
    document: &mut DeTable<'d>,
    values: &'d Values,
    bindings: &Bindings,
) -> Result<Vec<Step>> {
    bind(text, document, values)?;
    let head = Section::new(text, document, "case", None);
    let sections = sections(text, document, &head, "step", "step")?;
    if sections.is_empty() {
        return Err(head.fault(PipelineFault::Empty("step")));
    }
    let mut names = Names::default();
    let mut steps: Vec<Step> = Vec::with_capacity(sections.len());
    for (i, section) in sections.into_iter().enumerate() {
        let mut section = section.bound_by(bindings);
        // A step sees those before it, so that there are no circles.
        let step = step(&mut section, &mut names, &steps, i)?;
        steps.push(step);
    }
    Ok(steps)
}

/// Puts the values of parameters into the options of all steps.
fn bind<'d>(text: &str, document: &mut DeTable<'d>, values: &'d Values) -> Result<()> {
    for (key, value) in document.iter_mut() {
        if key.get_ref() != "step" {
            continue;
        }
        let DeValue::Array(steps) = value.get_mut() else { continue };
        for (i, step) in steps.iter_mut().enumerate() {
            let DeValue::Table(entries) = step.get_mut() else { continue };
            let name = entries.get("name").and_then(|name| name.get_ref().as_str());
            let part = format!("step `{}`", name.map_or(format!("step-{}", i + 1), str::to_owned));
            Binder { text, part: &part, values }.step(entries, values)?;
        }
    }
    Ok(())
}

fn step(section: &mut Section, names: &mut Names, before: &[Step], i: usize) -> Result<Step> {
    let name = section.text("name")?.unwrap_or_else(|| format!("step-{}", i + 1));
    section.rename(format!("step `{name}`"));
    let verb = section.need_text("verb")?;
    let is_on = section.flag("enabled")?.unwrap_or(true);
    let note = section.text("note")?.unwrap_or_default();
    let is_first = matches!(verb.as_str(), "source" | "http");
    let is_of_graphs = graphs::VERBS.iter().any(|(name, _)| *name == verb);
    if !is_first && !is_of_graphs && known(&verb).is_none() {
        return Err(unknown(section, &verb));
    }
    let mut named = Vec::new();
    if is_first {
        names.add(section, "step", Some(name.clone()))?;
    } else {
        for option in ["from", "with", "in", "seeds_from"] {
            for other in section.texts(option)?.unwrap_or_default() {
                names.find(section, option, &other)?;
                named.push(other);
            }
            if option == "from" && named.is_empty() {
                match before.last() {
                    Some(step) => named.push(step.name.clone()),
                    None => {
                        return Err(section.bad(
                            "verb",
                            format!("is `{verb}`, but the first step reads something"),
                        ));
                    }
                }
            }
        }
        names.add(section, "step", Some(name.clone()))?;
    }
    let find = |name: &String| before.iter().position(|step| step.name == *name);
    let mut from = Vec::with_capacity(named.len());
    for at in named.iter().filter_map(find) {
        // What is off passes on what it would work on.
        let mut at = at;
        while before[at].work.is_none() {
            let Some(&passed) = before[at].from.first() else {
                let reason = format!("is off, and passes nothing on to `{name}`");
                let reason = format!("step `{}` {reason}", before[at].name);
                return Err(section.bad("from", reason));
            };
            at = passed;
        }
        from.push(at);
    }
    let kinds: Vec<StepKind> = from.iter().map(|&at| before[at].gives).collect();
    let (does, gives, work) = work(section, &verb, &kinds)?;
    let (gives, work) = match is_on {
        true => (gives, Some(work)),
        false => (kinds.first().copied().unwrap_or(gives), None),
    };
    let line = section.line();
    let definition = definition(section, is_first);
    let words = definition.to_ascii_lowercase();
    // More texts than those that ask what time it is: they are done once more than they need to be.
    let is_fleeting = ["now", "today", "current_"].iter().any(|word| words.contains(word));
    Ok(Step { name, line, verb, does, note, named, from, gives, work, definition, is_fleeting })
}

/// The options of a step, with the values of parameters that its expressions may name.
fn definition(section: &Section, is_first: bool) -> String {
    // In an order of their own: what is taken out must not move the others.
    let mut options: BTreeMap<_, _> = section.all().into_iter().collect();
    for words in ["name", "note", "enabled"] {
        options.remove(words);
    }
    for inputs in ["from", "with", "in", "seeds_from"].into_iter().filter(|_| !is_first) {
        // How many there are; which they are, is known by what made them.
        if let Some(named) = options.get_mut(inputs) {
            *named = named.as_array().map_or(1, Vec::len).into();
        }
    }
    let text = serde_json::Value::Object(options.into_iter().collect()).to_string();
    let named = section
        .bindings()
        .into_iter()
        .flat_map(|bindings| bindings.names().filter_map(|name| Some((name, bindings.get(name)?))));
    let named = named.filter(|(name, _)| text.contains(&format!("${name}")));
    let values: Vec<_> = named.map(|(name, value)| format!("\n{name} = {value:?}")).collect();
    text.clone() + &values.concat()
}

/// What a step does, in words; what it makes; and how.
fn work(section: &Section, verb: &str, kinds: &[StepKind]) -> Result<(String, StepKind, Work)> {
    let table = |verb: Verb| (verb.text.clone(), StepKind::Table, Work::Table(verb));
    let graph = |verb: GraphVerb| (verb.text.clone(), verb.gives, Work::Graph(verb));
    let all_are = |kind| kinds.iter().all(|&found| found == kind);
    let wrong = |expected| {
        let found: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
        let found = format!("it gets {}", found.join(" and ")).into();
        section.fault(PipelineFault::Kind { verb: verb.into(), expected, found })
    };
    match verb {
        "source" => {
            let from = section.need_text("from")?;
            if let Some(is_graph) = is_given(&from) {
                section.finish()?;
                let gives = if is_graph { StepKind::Graph } else { StepKind::Table };
                return Ok((from.clone(), gives, Work::Given(from)));
            }
            let source = source(section)?;
            Ok((source.to_string(), StepKind::Table, Work::Open(Box::new(source))))
        }
        "http" => http(section),
        _ => {
            let of_graphs = graphs::VERBS.iter().find(|(name, _)| *name == verb);
            let measure = match known(verb) {
                Some(Known::Measure(measure)) => Some(measure),
                _ => None,
            };
            let is_of_tables = known(verb).is_some();
            let made = match (of_graphs, measure) {
                // Verbs of both kinds do what suits what they get.
                (Some((_, read)), _) if all_are(StepKind::Graph) || !is_of_tables => {
                    graph(read(section, kinds)?)
                }
                (_, Some(measure)) if all_are(StepKind::Graph) => {
                    graph(graphs::measured(section, measure)?)
                }
                _ => {
                    let read: fn(&Section) -> Result<Verb> = match known(verb) {
                        Some(Known::Verb(read)) => read,
                        Some(Known::Measure(_)) => return Err(wrong("a graph")),
                        None => return Err(unknown(section, verb)),
                    };
                    if let Some((_, read)) = graphs::MAKERS.iter().find(|(name, _)| *name == verb) {
                        graph(read(section, kinds)?)
                    } else if all_are(StepKind::Table) {
                        let verb = read(section)?;
                        if !verb.takes.fits(kinds.len()) {
                            let (verb, expected) = (verb.name, verb.takes.name());
                            let found = kinds.len();
                            let fault = PipelineFault::Tables { verb, expected, found };
                            return Err(section.fault_at("from", fault));
                        }
                        table(verb)
                    } else {
                        return Err(wrong(
                            "tables (the verbs `nodes` and `edges` make them of a graph)",
                        ));
                    }
                }
            };
            section.finish()?;
            Ok(made)
        }
    }
}

fn unknown(section: &Section, verb: &str) -> super::super::PipelineError {
    let names = verbs().map(|(name, _): &Reader| *name);
    let names = names.chain(graphs::VERBS.iter().map(|(name, _)| *name));
    let names = names.chain(MEASURES.iter().flat_map(|measure| measure.names()));
    let nearest = nearest(verb, names.chain(["source", "http"]));
    let fault = PipelineFault::Unknown { kind: "verb", name: verb.into(), nearest };
    section.fault_at("verb", fault)
}

/// A question to a host, whose path and query are encoded one by one.
fn http(section: &Section) -> Result<(String, StepKind, Work)> {
    let url = section.need_text("url")?;
    let is = |scheme: &str| {
        let (head, rest) = url.split_at_checked(scheme.len())?;
        head.eq_ignore_ascii_case(scheme).then_some(rest)
    };
    let (scheme, rest) = match (is("https://"), is("http://")) {
        (Some(rest), _) => ("https", rest),
        (_, Some(rest)) => ("http", rest),
        _ => return Err(section.bad("url", "should begin with `https://` or `http://`")),
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let is_authority = |c: char| c.is_ascii_alphanumeric() || ".-:[]_".contains(c);
    if authority.is_empty() || !authority.chars().all(is_authority) {
        return Err(
            section.bad("url", "has no plain host; names and passwords have no place in it")
        );
    }
    if path.contains(['?', '#']) {
        return Err(section.bad("url", "ends before `?`; the rest belongs into `query`"));
    }
    let mut address = format!("{scheme}://{authority}{}", path.trim_end_matches('/'));
    if path == "/" {
        address.push('/');
    }
    for segment in section.texts("path")?.unwrap_or_default() {
        if matches!(segment.as_str(), "" | "." | "..") {
            return Err(section.bad("path", format!("has `{segment}`, which is no name")));
        }
        if !address.ends_with('/') {
            address.push('/');
        }
        address.push_str(&encoded(&segment));
    }
    let query = section.value("query")?.unwrap_or_default();
    let mut mark = '?';
    let pairs = match &query {
        serde_json::Value::Null => None,
        serde_json::Value::Object(pairs) => Some(pairs),
        _ => return Err(section.bad("query", "should be a table of names and values")),
    };
    for (name, value) in pairs.into_iter().flatten() {
        let values = match value {
            serde_json::Value::Array(values) => values.as_slice(),
            one => std::slice::from_ref(one),
        };
        for value in values {
            let text = match value {
                serde_json::Value::String(text) => text.clone(),
                serde_json::Value::Number(_) | serde_json::Value::Bool(_) => value.to_string(),
                _ => return Err(section.bad("query", format!("`{name}` is no plain value"))),
            };
            address.extend([mark.to_string(), encoded(name), "=".to_owned(), encoded(&text)]);
            mark = '&';
        }
    }
    let usual = SourceOptions::default();
    let options = SourceOptions {
        format: format(section)?,
        records: section.text("records")?,
        inferred_rows: section.whole("inferred_rows")?.map_or(usual.inferred_rows, |n| n as usize),
        types: column_types(section)?,
        nulls: section.texts("nulls")?.unwrap_or_default(),
        max_bytes: section.bytes("max_bytes")?.unwrap_or(usual.max_bytes),
        timeout_secs: section.number("timeout_secs")?.unwrap_or(TIMEOUT_SECS),
        // Another host may be one that is not allowed.
        max_redirects: 0,
        ..usual
    };
    section.finish()?;
    let source = Source::new(&address, options).map_err(|error| section.fault_at("url", error))?;
    let does = source.to_string();
    let source = Box::new(source);
    Ok((does, StepKind::Table, Work::Ask { scheme, authority: authority.to_owned(), source }))
}

/// A text in a URL: all but letters, digits and `-._~` as the bytes of its UTF-8.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for &byte in text.as_bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(byte.into());
            }
            _ => out.extend(["%".to_owned(), format!("{byte:02X}")]),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_in_addresses_are_encoded() {
        assert_eq!(encoded("a-b.c_d~9"), "a-b.c_d~9");
        assert_eq!(encoded("a/../b?c=d&e#f%"), "a%2F..%2Fb%3Fc%3Dd%26e%23f%25");
        assert_eq!(encoded("ä\r\n"), "%C3%A4%0D%0A");
    }
}
