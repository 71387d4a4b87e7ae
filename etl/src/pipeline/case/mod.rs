//! Cases: investigations as files of steps, with parameters, over tables and graphs.
//!
//! ```toml
//! title = "Neighborhood of an account"
//! notes = "Who uses the devices and addresses that an account used?"
//!
//! [parameters.account]
//! type = "text"
//! description = "The account to begin with"
//!
//! [[step]]
//! name = "logins"
//! verb = "source"
//! from = "logins.csv"
//!
//! [[step]]
//! name = "who with what"
//! verb = "hypergraph"
//! entity_types = ["account", "device", "ip"]
//! direct = true
//!
//! [[step]]
//! name = "around"
//! verb = "expand"
//! seeds = "nodeTitle = $account"
//! hops = 2
//!
//! [view]
//! color_by = "type"
//! ```
//!
//! A case is a [pipeline](super) whose steps may also be graphs, and whose parameters are given when it is
//! run. Values are bound: `$account` becomes a constant in the tree that an expression or a query is read
//! into, or a part of an address that is encoded, and never a piece of text that is read again. A case reads
//! only what [`Places`] allow, and stops at its [`Limits`]. What steps made can be [`Kept`], so that the next
//! run begins where something has changed.

mod bind;
mod graphs;
mod kept;
mod parameters;
mod places;
mod plan;
mod run;
mod steps;
mod templates;

use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value};
use toml::de::DeTable;

use self::bind::Values;
pub use self::kept::Kept;
pub use self::parameters::{CaseParameter, ParameterType};
pub use self::places::{Given, Places};
pub use self::plan::Again;
pub use self::run::{CaseEvent, CaseReport, Limits, Output, StepReport};
pub use self::steps::StepKind;
use self::steps::{Step, Work};
pub use self::templates::{TEMPLATES, Template, template};
use super::error::{PipelineError, PipelineFault};
use super::section::{Section, line_of};
use crate::error::nearest;
use crate::{Error, Result};

/// Bytes that the text of a case may have.
const MAX_BYTES: usize = 1 << 20;

/// A case whose parameters, verbs and options are checked.
///
/// ```
/// use graph_etl::Control;
/// use graph_etl::case::{Case, Limits, Output, Places};
/// use serde_json::json;
///
/// let folder = tempfile::tempdir()?;
/// std::fs::write(folder.path().join("calls.csv"), "from,to\nann,bob\nbob,cy\ncy,dan\n")?;
/// let case = Case::parse(r#"
///     [parameters.who]
///     type = "text"
///     [[step]]
///     verb = "source"
///     from = "calls.csv"
///     [[step]]
///     verb = "graph"
///     source = "from"
///     target = "to"
///     [[step]]
///     verb = "expand"
///     start = "$who"
/// "#)?;
/// let places = Places { folders: vec![folder.path().to_owned()], ..Places::default() };
/// let values = json!({"who": "bob"}).as_object().cloned().unwrap_or_default();
/// let run = case.bind(&values)?;
/// let (report, output) = run.run(&places, &Limits::default(), &Control::NONE, &mut |_| {})?;
/// let Output::Graph(graph) = output else { panic!("the last step makes a graph") };
/// assert_eq!((graph.n_nodes(), graph.n_edges()), (3, 2));
/// assert_eq!(report.steps.len(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    text: String,
    parameters: Vec<CaseParameter>,
    info: CaseInfo,
}

/// What a case says of itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CaseInfo {
    /// What it is called.
    pub title: String,
    /// What it is for and what was found, in Markdown.
    pub notes: String,
    /// What it asks for.
    pub parameters: Vec<CaseParameter>,
    /// Its steps.
    pub steps: Vec<StepInfo>,
    /// The step whose table or graph is the result.
    pub result: String,
    /// Whether that is a graph.
    pub gives: StepKind,
    /// Options of the layout, for whoever lays the graph out.
    pub layout: Map<String, Value>,
    /// What nodes and edges look like, for whoever draws the graph.
    pub view: Map<String, Value>,
}

/// What a case says of a step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepInfo {
    /// Its name.
    pub name: String,
    /// Its line in the file, from 1 on.
    pub line: Option<u32>,
    /// What it does.
    pub verb: String,
    /// What it does, in words.
    pub does: String,
    /// The steps it works on.
    pub from: Vec<String>,
    /// Whether it is run.
    pub enabled: bool,
    /// Whether it makes a table or a graph.
    pub gives: StepKind,
    /// What people say of it, in Markdown.
    pub note: String,
}

/// A case with values for its parameters.
#[derive(Debug)]
pub struct BoundCase {
    steps: Vec<Step>,
    result: usize,
    info: CaseInfo,
}

impl Case {
    /// Reads a case in TOML; nothing is opened.
    ///
    /// # Errors
    ///
    /// [`Error::Pipeline`] with the line and the part of what is wrong.
    pub fn parse(text: &str) -> Result<Self> {
        if MAX_BYTES < text.len() {
            let (found, limit) = (text.len() as u64, MAX_BYTES as u64);
            let fault = PipelineFault::Limit { what: "bytes", found, limit };
            return Err(PipelineError { line: None, part: "case".into(), fault }.into());
        }
        let document = document(text)?;
        let head = Section::new(text, document.get_ref(), "case", None);
        let parameters = parameters::read(text, document.get_ref(), &head)?;
        drop(document);
        // What a step is does not depend on values, but for sources: any that fit show what is wrong.
        let info = bound(text, &parameters, &parameters::samples(&parameters))?.info;
        Ok(Self { text: text.to_owned(), parameters, info })
    }

    /// Reads the case in the file `path`.
    ///
    /// # Errors
    ///
    /// [`Error::File`] if the file cannot be read; those of [`parse`](Self::parse).
    pub fn open(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| Error::file(path, error))?;
        Self::parse(&text)
    }

    /// The text it was read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it says of itself.
    pub fn info(&self) -> &CaseInfo {
        &self.info
    }

    /// The case with these values, by the names of its parameters. Text is read as what a parameter is, since
    /// command lines and links have nothing else.
    ///
    /// # Errors
    ///
    /// [`Error::Pipeline`] for a value that is missing, that no parameter asks for, or that does not fit.
    pub fn bind(&self, values: &Map<String, Value>) -> Result<BoundCase> {
        Ok(bound(&self.text, &self.parameters, values)?)
    }
}

impl BoundCase {
    /// What the case says of itself, with the values.
    pub fn info(&self) -> &CaseInfo {
        &self.info
    }

    /// What the steps read that are run: the addresses that are the caller's to know, as `dataset:…`.
    pub fn given(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter_map(|step| match &step.work {
            Some(Work::Given(address)) => Some(address.as_str()),
            _ => None,
        })
    }
}

fn document(text: &str) -> Result<toml::Spanned<DeTable<'_>>, PipelineError> {
    DeTable::parse(text).map_err(|error| PipelineError {
        line: error.span().map(|span| line_of(text, span.start)),
        part: "case".into(),
        fault: PipelineFault::Syntax(error.message().into()),
    })
}

/// What a case says besides its parameters and steps.
struct Head {
    title: String,
    notes: String,
    result: Option<String>,
    layout: Map<String, Value>,
    view: Map<String, Value>,
}

fn head(text: &str, document: &DeTable) -> Result<Head, PipelineError> {
    let head = Section::new(text, document, "case", None);
    for known in ["step", "parameters"] {
        head.value(known)?;
    }
    let table = |option| match head.value(option)? {
        None => Ok(Map::new()),
        Some(Value::Object(entries)) => Ok(entries),
        Some(_) => Err(head.bad(option, "should be a table")),
    };
    let read = Head {
        title: head.text("title")?.unwrap_or_default(),
        notes: head.text("notes")?.unwrap_or_default(),
        result: head.text("result")?,
        layout: table("layout")?,
        view: table("view")?,
    };
    head.finish()?;
    Ok(read)
}

/// The case with values that fit its parameters.
fn bound(
    text: &str,
    parameters: &[CaseParameter],
    given: &Map<String, Value>,
) -> Result<BoundCase, PipelineError> {
    let bindings = parameters::bind(parameters, given)?;
    let values = Values::new(parameters, &bindings);
    let mut document = document(text)?;
    let Head { title, notes, result, layout, view } = head(text, document.get_ref())?;
    let steps = steps::read(text, document.get_mut(), &values, &bindings)?;
    let head = Section::new(text, document.get_ref(), "case", None);
    let result = match result {
        Some(name) => {
            let at = steps.iter().position(|step| step.name == name);
            at.ok_or_else(|| {
                let nearest = nearest(&name, steps.iter().map(|step| step.name.as_str()));
                let name = name.into();
                head.fault_at("result", PipelineFault::Unknown { kind: "step", name, nearest })
            })?
        }
        None => steps.len() - 1,
    };
    // What is off passes on what it would work on.
    let mut at = result;
    while steps[at].work.is_none() {
        at = match steps[at].from.first() {
            Some(&from) => from,
            None => return Err(head.fault(PipelineFault::Empty("step"))),
        };
    }
    let infos = steps.iter().map(|step| StepInfo {
        name: step.name.clone(),
        line: step.line,
        verb: step.verb.clone(),
        does: step.does.clone(),
        from: step.named.clone(),
        enabled: step.work.is_some(),
        gives: step.gives,
        note: step.note.clone(),
    });
    let info = CaseInfo {
        title,
        notes,
        parameters: parameters.to_vec(),
        steps: infos.collect(),
        result: steps[at].name.clone(),
        gives: steps[at].gives,
        layout,
        view,
    };
    Ok(BoundCase { steps, result: at, info })
}
