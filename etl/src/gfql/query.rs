//! What a query says, once it has been read and checked.

use std::cmp::Ordering;

use super::collapse::Collapse;
use super::rows::RowCall;
use super::temporal::{Moment, TimeOfDay};
use super::umap::UmapCall;
use crate::hypergraph::HypergraphConfig;
use crate::topology::Direction;

/// A query, read from its wire form by [`Gfql::parse`](super::Gfql::parse).
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Query {
    Chain(Vec<Step>),
    /// A chain of which only paths count that meet conditions.
    Paths(Vec<Step>, Vec<PathCondition>),
    Let {
        bindings: Vec<(String, Binding)>,
        output: Option<String>,
    },
}

/// A comparison between columns of two steps, each by its name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PathCondition {
    pub path: String,
    pub comparison: Comparison,
    pub left: (String, String),
    pub right: (String, String),
}

/// What a name in a `Let` stands for, and where in the query it is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Binding {
    pub path: String,
    pub what: Bound,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Bound {
    Query(Query),
    /// Steps on what another name stands for.
    Ref {
        name: String,
        steps: Vec<Step>,
    },
}

/// One step of a chain, and where in the query it is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    pub path: String,
    pub what: StepKind,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum StepKind {
    Node(NodeStep),
    Edge(Box<EdgeStep>),
    Call(Call),
}

#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct NodeStep {
    pub filter: Filter,
    pub name: Option<String>,
}

/// An edge step; fields are those of the wire form.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct EdgeStep {
    pub direction: Direction,
    pub bounds: Bounds,
    pub edge_match: Filter,
    pub source_match: Filter,
    pub target_match: Filter,
    pub label_nodes: Option<String>,
    pub label_edges: Option<String>,
    pub label_seeds: bool,
    pub zero_hop_seed: bool,
    pub name: Option<String>,
}

/// How many hops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Bounds {
    pub hops: Option<u32>,
    pub min: Option<u32>,
    pub max: Option<u32>,
    pub output_min: Option<u32>,
    pub output_max: Option<u32>,
    pub fixed_point: bool,
}

impl Bounds {
    /// The farthest hop; `None` goes on until nothing new is met.
    pub(super) fn farthest(&self) -> Option<u32> {
        if self.fixed_point { None } else { self.max.or(self.hops) }
    }

    /// The nearest hop that counts.
    pub(super) fn nearest(&self) -> u32 {
        self.min.unwrap_or(u32::from(self.farthest() != Some(0)))
    }
}

impl Predicate {
    /// Whether it looks at the value of one row alone.
    pub(super) fn is_of_one_row(&self) -> bool {
        match self {
            Self::Duplicated(_) => false,
            Self::AllOf(parts) => parts.iter().all(Self::is_of_one_row),
            _ => true,
        }
    }
}

/// Conditions on columns, all of which must hold.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Filter {
    pub path: String,
    pub columns: Vec<(String, Predicate)>,
    /// A query string, asked of the rows that meet the other conditions, and its place.
    pub query: Option<(String, Condition)>,
}

impl Filter {
    pub(super) fn is_empty(&self) -> bool {
        self.columns.is_empty() && self.query.is_none()
    }
}

/// What a query string says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Test(String, Predicate),
}

/// A condition on the values of a column.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Predicate {
    /// A plain value, for which the type of the column matters.
    Is(Literal),
    /// A plain list.
    Among(Vec<Literal>),
    Compare(Comparison, Literal),
    Between {
        low: Literal,
        high: Literal,
        inclusive: bool,
    },
    IsIn(Vec<Literal>),
    Null(bool),
    Duplicated(Keep),
    Text(TextTest),
    Class(CharClass),
    Calendar(Calendar),
    AllOf(Vec<Predicate>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Gt,
    Lt,
    Ge,
    Le,
    Eq,
    Ne,
}

impl Comparison {
    /// Whether values in this order compare as asked.
    #[inline]
    pub(super) fn accepts(self, order: Ordering) -> bool {
        match self {
            Self::Gt => order.is_gt(),
            Self::Lt => order.is_lt(),
            Self::Ge => order.is_ge(),
            Self::Le => order.is_le(),
            Self::Eq => order.is_eq(),
            Self::Ne => order.is_ne(),
        }
    }
}

/// Which of equal values are not duplicates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    First,
    Last,
    None,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct TextTest {
    pub kind: TextKind,
    /// What a null counts as.
    pub na: bool,
}

#[derive(Debug, Clone)]
pub(super) enum TextKind {
    /// Somewhere, literally.
    Contains(String),
    StartsWith {
        any: Vec<String>,
        case: bool,
    },
    EndsWith {
        any: Vec<String>,
        case: bool,
    },
    /// A regular expression, anchored as the predicate asks.
    Regex(regex::Regex),
}

impl PartialEq for TextKind {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Contains(a), Self::Contains(b)) => a == b,
            (Self::StartsWith { any: a, case: c }, Self::StartsWith { any: b, case: d })
            | (Self::EndsWith { any: a, case: c }, Self::EndsWith { any: b, case: d }) => {
                (a, c) == (b, d)
            }
            (Self::Regex(a), Self::Regex(b)) => a.as_str() == b.as_str(),
            _ => false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CharClass {
    Numeric,
    Alpha,
    Digit,
    Lower,
    Upper,
    Space,
    Alnum,
    Decimal,
    Title,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Calendar {
    MonthStart,
    MonthEnd,
    QuarterStart,
    QuarterEnd,
    YearStart,
    YearEnd,
    LeapYear,
}

/// A value in a query.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Moment(Moment),
    /// Days since 1970-01-01.
    Date(i32),
    Time(TimeOfDay),
}

/// A function of the safelist, with its parameters checked.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Call {
    Degrees {
        all: Option<String>,
        into: Option<String>,
        out: Option<String>,
    },
    FilterNodes(Filter),
    FilterEdges(Filter),
    MaterializeNodes {
        reuse: bool,
    },
    Hop(Box<HopCall>),
    /// Values wanted in columns; without a name, in the id column.
    KeepNodes(Vec<(Option<String>, Vec<Literal>)>),
    /// Ids.
    DropNodes(Vec<Literal>),
    PruneSelfEdges,
    Collapse(Collapse),
    Umap(Box<UmapCall>),
    Levels {
        column: String,
        allow_cycles: bool,
        remove_self_loops: bool,
    },
    Name(String),
    Description(String),
    /// Rows of a table, and what is done with them.
    Rows(RowCall),
    Compute(Compute),
    /// A graph of the entities that nodes, or else edges, name.
    Hypergraph {
        config: Box<HypergraphConfig>,
        from_edges: bool,
    },
    /// A setting of the picture, kept as it is.
    Encode {
        function: String,
        params: serde_json::Value,
    },
}

/// Parameters of the calls `compute_cugraph` and `compute_igraph`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Compute {
    pub igraph: bool,
    pub algorithm: String,
    pub column: Option<String>,
    pub directed: bool,
    pub params: serde_json::Map<String, serde_json::Value>,
}

/// Parameters of the call `hop`.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct HopCall {
    pub edge: EdgeStep,
    pub wavefront: bool,
}

/// Label of hops that nobody asked for, but that ranges of hops need; left out of results.
pub(super) const OWN_LABEL: &str = "__gfql_hop__";

impl EdgeStep {
    /// The columns that hops of nodes and of edges are kept in on the way, if they are.
    pub(super) fn labels(&self) -> (Option<&str>, Option<&str>) {
        let own = self.has_output_range() || self.bounds.min.is_some_and(|min| min > 0);
        let own = own.then_some(OWN_LABEL);
        (self.label_nodes.as_deref().or(own), self.label_edges.as_deref().or(own))
    }

    pub(super) fn has_output_range(&self) -> bool {
        self.bounds.output_min.is_some() || self.bounds.output_max.is_some()
    }

    /// Whether this is one hop that nobody counts, so that going back is a look at the edges found.
    pub(super) fn is_single(&self) -> bool {
        let Bounds { hops, min, max, fixed_point, .. } = self.bounds;
        let low = min.or(hops).unwrap_or(1);
        let high = max.or(hops).unwrap_or(low);
        (low, high) == (1, 1)
            && !fixed_point
            && self.label_nodes.is_none()
            && self.label_edges.is_none()
            && !self.label_seeds
            && !self.has_output_range()
    }
}
