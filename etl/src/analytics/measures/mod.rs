//! Every measure by its name: one table for the command line, pipelines, queries and bindings.
//!
//! ```
//! use graph_core::{Coo, Graph};
//! use graph_etl::Control;
//! use graph_etl::analytics::measures::measure;
//! use serde_json::json;
//!
//! let graph = Graph::from_coo(Coo::new(3, vec![0, 1], vec![1, 2], None)?, false);
//! let options = json!({"normalized": false});
//! let plan = measure("betweenness").unwrap().plan(&graph, &options).unwrap();
//! let measured = plan.run(&Control::NONE).unwrap();
//! assert_eq!(measured.nodes[0].0, "betweenness");
//! assert_eq!(measured.nodes[0].1.len(), 3);
//! # Ok::<(), graph_core::Error>(())
//! ```

mod about;
mod communities;
mod ids;
mod on_device;
mod options;
mod over_nodes;
mod over_paths;
mod table;
mod weights;
mod whole;

use arrow::array::ArrayRef;
use graph_core::{Coo, Graph};
use serde_json::{Map, Value};

use self::options::Options;
use crate::error::nearest;
use crate::{Control, Error, Result};

pub use self::on_device::DevicePlan;
pub use self::table::MEASURES;

/// What a column of a result belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Over {
    /// One value a node.
    Nodes,
    /// One value an edge, in the order of the edge list.
    Edges,
}

/// A column that a measure gives.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it has a value for.
    pub over: Over,
    /// What it says.
    pub about: &'static str,
}

/// Work that is ready to be done: names and options have been checked.
type Work<'g> = Box<dyn FnOnce(&Control) -> Result<Measured> + Send + 'g>;

/// A measure that has a name.
#[derive(Clone, Copy)]
pub struct Measure {
    /// Its name.
    pub name: &'static str,
    /// What it is called in other libraries.
    pub aliases: &'static [&'static str],
    /// What it says, in a sentence.
    pub about: &'static str,
    /// What it gives; none if it gives a summary only.
    pub columns: &'static [Column],
    /// Names that its options have in other libraries, each with the name here.
    renamed: &'static [(&'static str, &'static str)],
    defaults: fn() -> Map<String, Value>,
    plan: for<'g> fn(&'g Graph, Options) -> Result<Work<'g>>,
}

/// What a measure found.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// Columns of nodes, each of length n. A value that does not exist is null.
    pub nodes: Vec<(String, ArrayRef)>,
    /// Columns of edges, each of length m.
    pub edges: Vec<(String, ArrayRef)>,
    /// Numbers of the whole graph, and how the computation went.
    pub summary: Map<String, Value>,
}

/// A measure of one graph with its options, checked and not yet run.
pub struct Plan<'g> {
    measure: &'static Measure,
    work: Work<'g>,
}

/// The measure called `name`, here or in other libraries; letters may be large, and words joined
/// by `-`, spaces or nothing.
///
/// # Errors
///
/// [`Error::Unknown`], with the name that is most like it.
pub fn measure(name: &str) -> Result<&'static Measure> {
    let plain = |name: &str| -> String {
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
    };
    let asked = plain(name);
    let is_called = |known: &&str| plain(known) == asked;
    let found = MEASURES.iter().find(|measure| measure.names().any(|known| is_called(&known)));
    found.ok_or_else(|| Error::Unknown {
        kind: "measure",
        name: name.into(),
        nearest: nearest(name, MEASURES.iter().flat_map(Measure::names)),
    })
}

impl Measure {
    /// Its name, and what it is called in other libraries.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        [self.name].into_iter().chain(self.aliases.iter().copied())
    }

    /// Its options, each with its default; null means none, or that there is no default.
    pub fn options(&self) -> Map<String, Value> {
        (self.defaults)()
    }

    /// What the option `name` means, if it is one of [`options`](Self::options).
    pub fn about_option(&self, name: &str) -> Option<&'static str> {
        about::about(self.name, name)
    }

    /// What the option `name` is called here; it may be its name in other libraries.
    pub(crate) fn own_option<'n>(&self, name: &'n str) -> &'n str {
        options::own_name(name, &self.options(), self.renamed)
    }

    /// Checks what can be known of `options`, an object or null, before there is a graph: that
    /// they exist, what kind of value they have, and that it is in its range.
    ///
    /// What only the graph tells is left to [`plan`](Self::plan) and [`Plan::run`]: nodes and
    /// columns that options name, and weights.
    ///
    /// # Errors
    ///
    /// - those of [`plan`](Self::plan), but for nodes and columns that do not exist;
    /// - [`Error::BadOption`] if an option is out of its range.
    pub fn check(&'static self, options: &Value) -> Result<()> {
        let graph = Graph::from_coo(Coo::default(), true);
        let plan = match self.plan(&graph, options) {
            Err(Error::Unknown { kind: "node", .. }) => {
                self.plan(&graph, &naming_no_nodes(options))
            }
            plan => plan,
        };
        // Measures look at the ranges of their options first, and then find nothing to do.
        match plan.and_then(|plan| plan.run(&Control::NONE)) {
            Err(Error::Unknown { kind: "node" | "column", .. }) => Ok(()),
            Err(
                error @ (Error::Unknown { .. }
                | Error::OptionValue { .. }
                | Error::BadOption { .. }),
            ) => Err(error),
            // What does not fit a graph without nodes may fit another one.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Checks `options`, an object or null, against `graph`, and gets ready to run.
    ///
    /// Options that name nodes take external ids. Names that options have in other libraries are
    /// understood too, such as `alpha`, `max_iter` and `tol`.
    ///
    /// # Errors
    ///
    /// - [`Error::Unknown`] if there is no such option, node or column;
    /// - [`Error::OptionValue`] if an option has a value of the wrong kind, or is missing;
    /// - [`Error::BadOption`] if a weight of a node that an option names is not above 0.
    pub fn plan<'g>(&'static self, graph: &'g Graph, options: &Value) -> Result<Plan<'g>> {
        let options = Options::new(options, &self.options(), self.renamed)?;
        Ok(Plan { measure: self, work: (self.plan)(graph, options)? })
    }
}

/// Options of measures without the nodes that they name, for a graph that has none.
pub(crate) fn naming_no_nodes(options: &Value) -> Value {
    let mut options = options.clone();
    if let Value::Object(options) = &mut options {
        for (name, value) in options.iter_mut() {
            match name.as_str() {
                "sources" | "source" | "start" => *value = Value::Array(Vec::new()),
                "personalization" | "reset" => *value = Value::Null,
                _ => {}
            }
        }
    }
    options
}

impl std::fmt::Debug for Measure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Measure")
            .field("name", &self.name)
            .field("aliases", &self.aliases)
            .field("about", &self.about)
            .field("columns", &self.columns)
            .field("options", &self.options())
            .finish_non_exhaustive()
    }
}

impl Plan<'_> {
    /// Measures.
    ///
    /// # Errors
    ///
    /// - [`Error::BadOption`] if an option is out of its range, before work begins;
    /// - [`Error::Diverged`], [`Error::Cycle`] and [`Error::Overflow`] of measures that say so;
    /// - [`Error::Stopped`].
    pub fn run(self, control: &Control) -> Result<Measured> {
        (self.work)(control)
    }

    /// The measure.
    pub fn measure(&self) -> &'static Measure {
        self.measure
    }
}

impl std::fmt::Debug for Plan<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plan").field("measure", &self.measure.name).finish_non_exhaustive()
    }
}

/// Runs the measure called `name` on `graph`: [`measure`], [`Measure::plan`] and [`Plan::run`].
///
/// # Errors
///
/// Those of the three.
pub fn run(graph: &Graph, name: &str, options: &Value, control: &Control) -> Result<Measured> {
    measure(name)?.plan(graph, options)?.run(control)
}

impl Measured {
    fn node(mut self, name: &str, values: ArrayRef) -> Self {
        self.nodes.push((name.to_owned(), values));
        self
    }

    fn edge(mut self, name: &str, values: ArrayRef) -> Self {
        self.edges.push((name.to_owned(), values));
        self
    }

    fn with(mut self, name: &str, value: impl serde::Serialize) -> Self {
        let value = serde_json::to_value(value).expect("a number should be a value of JSON");
        self.summary.insert(name.to_owned(), value);
        self
    }
}
