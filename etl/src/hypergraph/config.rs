//! What may be asked of a hypergraph, and the checks before work begins.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use arrow::datatypes::Schema;

use crate::error::nearest;
use crate::{Error, Result};

/// How rows of events become a graph; [`Default`] is that of `PyGraphistry`'s `hypergraph()`.
///
/// With feature `serde` this reads the keyword arguments of `PyGraphistry` as JSON, with `opts`
/// under its own names:
///
/// ```
/// # #[cfg(feature = "serde")] {
/// use graph_etl::hypergraph::HypergraphConfig;
///
/// let text = r#"{"direct": true, "opts": {"CATEGORIES": {"ip": ["from", "to"]}}}"#;
/// let config: HypergraphConfig = serde_json::from_str(text)?;
/// assert_eq!(config.opts.categories["ip"], ["from", "to"]);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct HypergraphConfig {
    /// Columns whose values become entities; `None` is every column. Either way without those of
    /// [`HypergraphOpts::skip`] and without the column of event ids.
    #[cfg_attr(feature = "clap", arg(long = "entities", value_name = "COLUMNS"))]
    #[cfg_attr(feature = "clap", arg(value_delimiter = ','))]
    #[cfg_attr(
        feature = "clap",
        arg(help = "Columns whose values become nodes, separated by \
        commas [default: all]")
    )]
    pub entity_types: Option<Vec<String>>,
    /// Names of columns, and how columns belong together.
    #[cfg_attr(feature = "clap", command(flatten))]
    pub opts: HypergraphOpts,
    /// Whether a missing value makes neither an entity nor an edge; else all missing values of a
    /// column are one entity named [`HypergraphOpts::null_val`].
    #[cfg_attr(feature = "clap", arg(long = "keep-missing", action = clap::ArgAction::SetFalse))]
    #[cfg_attr(feature = "clap", arg(help = "Make a node of the missing values of each column"))]
    pub drop_na: bool,
    /// Whether edges are left without the columns of their event.
    #[cfg_attr(feature = "clap", arg(long = "no-attributes"))]
    #[cfg_attr(feature = "clap", arg(help = "Leave edges without the columns of their event"))]
    pub drop_edge_attrs: bool,
    /// Whether edges join the entities of an event with one another, and not with a node for the
    /// event.
    #[cfg_attr(feature = "clap", arg(long))]
    pub direct: bool,
}

impl Default for HypergraphConfig {
    fn default() -> Self {
        Self {
            entity_types: None,
            opts: HypergraphOpts::default(),
            drop_na: true,
            drop_edge_attrs: false,
            direct: false,
        }
    }
}

impl HypergraphConfig {
    /// The defaults that GFQL documents for `call('hypergraph')`: direct edges without the columns
    /// of their events.
    pub fn for_gfql() -> Self {
        Self { direct: true, drop_edge_attrs: true, ..Self::default() }
    }
}

/// `opts` of `PyGraphistry`'s `hypergraph()`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields, rename_all = "UPPERCASE"))]
#[cfg_attr(feature = "clap", derive(clap::Args), command(next_help_heading = "Names of columns"))]
pub struct HypergraphOpts {
    /// Node column with the text of a value.
    #[cfg_attr(
        feature = "clap",
        arg(long = "title-name", value_name = "NAME", default_value = "nodeTitle")
    )]
    #[cfg_attr(feature = "clap", arg(help = "Column of nodes with the text of a value"))]
    pub title: String,
    /// Text between the category and the value in the id of an entity.
    #[cfg_attr(
        feature = "clap",
        arg(long = "delimiter", value_name = "NAME", default_value = "::")
    )]
    #[cfg_attr(
        feature = "clap",
        arg(help = "Text between the category and the value in the id of a node")
    )]
    pub delim: String,
    /// Node column with the id.
    #[cfg_attr(feature = "serde", serde(rename = "NODEID"))]
    #[cfg_attr(
        feature = "clap",
        arg(long = "id-name", value_name = "NAME", default_value = "nodeID")
    )]
    #[cfg_attr(feature = "clap", arg(help = "Column of nodes with the id"))]
    pub node_id: String,
    /// Edge column with the entity, unless edges are direct.
    #[cfg_attr(feature = "serde", serde(rename = "ATTRIBID"))]
    #[cfg_attr(
        feature = "clap",
        arg(long = "entity-name", value_name = "NAME", default_value = "attribID")
    )]
    #[cfg_attr(feature = "clap", arg(help = "Column of edges with the entity, without --direct"))]
    pub attrib_id: String,
    /// Column with the id of an event. If the events have it, its values are what ids are made of,
    /// else they are made of row numbers.
    #[cfg_attr(feature = "serde", serde(rename = "EVENTID"))]
    #[cfg_attr(
        feature = "clap",
        arg(long = "event-name", value_name = "NAME", default_value = "EventID")
    )]
    #[cfg_attr(
        feature = "clap",
        arg(help = "Column with the id of an event; made of row numbers if the table has none")
    )]
    pub event_id: String,
    /// Category of the nodes of events.
    #[cfg_attr(feature = "serde", serde(rename = "EVENTTYPE"))]
    #[cfg_attr(
        feature = "clap",
        arg(long = "event-category", value_name = "NAME", default_value = "event")
    )]
    #[cfg_attr(feature = "clap", arg(help = "Category of the nodes of events"))]
    pub event_type: String,
    /// Edge column with the first entity, if edges are direct.
    #[cfg_attr(
        feature = "clap",
        arg(long = "source-name", value_name = "NAME", default_value = "src")
    )]
    #[cfg_attr(
        feature = "clap",
        arg(help = "Column of edges with the first entity, with --direct")
    )]
    pub source: String,
    /// Edge column with the second entity, if edges are direct.
    #[cfg_attr(
        feature = "clap",
        arg(long = "target-name", value_name = "NAME", default_value = "dst")
    )]
    #[cfg_attr(
        feature = "clap",
        arg(help = "Column of edges with the second entity, with --direct")
    )]
    pub destination: String,
    /// Node column with the category, and edge column with the columns if there are categories.
    #[cfg_attr(
        feature = "clap",
        arg(long = "category-name", value_name = "NAME", default_value = "category")
    )]
    #[cfg_attr(feature = "clap", arg(help = "Column with the category"))]
    pub category: String,
    /// Node column with the column that the entity is from.
    #[cfg_attr(feature = "serde", serde(rename = "NODETYPE"))]
    #[cfg_attr(
        feature = "clap",
        arg(long = "type-name", value_name = "NAME", default_value = "type")
    )]
    #[cfg_attr(feature = "clap", arg(help = "Column of nodes with the column that they are from"))]
    pub node_type: String,
    /// Edge column with the columns or categories that the edge joins.
    #[cfg_attr(feature = "serde", serde(rename = "EDGETYPE"))]
    #[cfg_attr(
        feature = "clap",
        arg(long = "edge-type-name", value_name = "NAME", default_value = "edgeType")
    )]
    #[cfg_attr(feature = "clap", arg(help = "Column of edges with the columns that they join"))]
    pub edge_type: String,
    /// Text of a missing value.
    #[cfg_attr(feature = "serde", serde(rename = "NULLVAL"))]
    #[cfg_attr(
        feature = "clap",
        arg(long = "missing-name", value_name = "NAME", default_value = "null")
    )]
    #[cfg_attr(feature = "clap", arg(help = "Text of a missing value"))]
    pub null_val: String,
    /// Columns that do not become entities.
    #[cfg_attr(feature = "clap", arg(long, value_name = "COLUMNS", value_delimiter = ','))]
    #[cfg_attr(feature = "clap", arg(help = "Columns that become no nodes, separated by commas"))]
    pub skip: Vec<String>,
    /// Category and its columns: equal texts in them are one entity.
    #[cfg_attr(feature = "clap", arg(skip))]
    pub categories: BTreeMap<String, Vec<String>>,
    /// First and second columns of the direct edges; `None` is every pair, the earlier first.
    #[cfg_attr(feature = "clap", arg(skip))]
    pub edges: Option<BTreeMap<String, Vec<String>>>,
}

impl Default for HypergraphOpts {
    fn default() -> Self {
        Self {
            title: "nodeTitle".into(),
            delim: "::".into(),
            node_id: "nodeID".into(),
            attrib_id: "attribID".into(),
            event_id: "EventID".into(),
            event_type: "event".into(),
            source: "src".into(),
            destination: "dst".into(),
            category: "category".into(),
            node_type: "type".into(),
            edge_type: "edgeType".into(),
            null_val: "null".into(),
            skip: vec![],
            categories: BTreeMap::new(),
            edges: None,
        }
    }
}

/// Something that is likely not what was meant, but has a meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HypergraphWarning {
    /// Direct edges were asked for, but there is no pair of columns to join, as there is one
    /// column only or the pairs given are none.
    NoPairs {
        /// The columns that become entities.
        entity_types: Vec<String>,
    },
    /// A column of the events has a name that generated columns need, and is left out of a table.
    Replaced {
        /// The column.
        column: String,
        /// `"nodes"` or `"edges"`.
        table: &'static str,
    },
    /// An option names a column that the events do not have, which changes nothing.
    NoSuchColumn {
        /// `"SKIP"` or `"CATEGORIES"`.
        option: &'static str,
        /// The column.
        column: String,
        /// The column that is there and most like it, if one is.
        nearest: Option<String>,
    },
}

impl fmt::Display for HypergraphWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPairs { entity_types } => write!(
                f,
                "direct edges of the entity columns `{}` join no pair of columns, so there are \
                 none",
                entity_types.join("`, `")
            ),
            Self::Replaced { column, table } => write!(
                f,
                "the events' column `{column}` is not in the table of {table}, which has a \
                 generated column of that name"
            ),
            Self::NoSuchColumn { option, column, nearest } => {
                write!(f, "{option} names the column `{column}`, which the events do not have")?;
                match nearest {
                    Some(name) => write!(f, "; did you mean `{name}`?"),
                    None => Ok(()),
                }
            }
        }
    }
}

/// A checked request: what to do with the columns of the events.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) opts: &'a HypergraphOpts,
    /// Entity columns, by place in the events, in the order of the request.
    pub(super) entities: Vec<usize>,
    /// Category of each entity column.
    pub(super) categories: Vec<&'a str>,
    /// Pairs of entity columns to join, by place in `entities`, in order of their edges; `None` if
    /// edges are not direct.
    pub(super) pairs: Option<Vec<[usize; 2]>>,
    /// The events' own column of event ids.
    pub(super) event_id: Option<usize>,
    pub(super) warnings: Vec<HypergraphWarning>,
}

impl<'a> Plan<'a> {
    /// Checks every name of `config` against the columns there are.
    pub(super) fn new(config: &'a HypergraphConfig, schema: &'a Schema) -> Result<Self> {
        let opts = &config.opts;
        let columns: Vec<&str> =
            schema.fields().iter().map(|field| field.name().as_str()).collect();
        let mut place: HashMap<&str, usize> = HashMap::new();
        for (i, &column) in columns.iter().enumerate() {
            if place.insert(column, i).is_some() {
                return Err(Error::Repeated { place: "the table of events", name: column.into() });
            }
        }
        let generated = if config.direct {
            [&opts.source, &opts.destination]
        } else {
            [&opts.attrib_id, &opts.event_id]
        };
        distinct_names(
            "the generated columns of nodes",
            [&opts.title, &opts.event_id, &opts.node_type, &opts.category, &opts.node_id],
        )?;
        distinct_names(
            "the generated columns of edges",
            generated
                .into_iter()
                .chain([&opts.edge_type])
                .chain(config.direct.then_some(&opts.event_id))
                .chain((!opts.categories.is_empty()).then_some(&opts.category)),
        )?;

        let is_entity =
            |name: &&str| *name != opts.event_id && !opts.skip.iter().any(|s| s == name);
        let names: Vec<&str> = match &config.entity_types {
            Some(names) => {
                distinct_names("entity_types", names)?;
                names.iter().map(String::as_str).filter(is_entity).collect()
            }
            None => columns.iter().copied().filter(is_entity).collect(),
        };
        let find = |name: &str| {
            place.get(name).copied().ok_or_else(|| Error::Unknown {
                kind: "column",
                name: name.into(),
                nearest: nearest(name, columns.iter().copied()),
            })
        };
        let entities = names.iter().map(|name| find(name)).collect::<Result<Vec<_>>>()?;
        if entities.is_empty() {
            return Err(Error::NoEntities { n_columns: columns.len() });
        }

        let mut warnings = Vec::new();
        let missing = |option, column: &String| HypergraphWarning::NoSuchColumn {
            option,
            column: column.clone(),
            nearest: nearest(column, columns.iter().copied()).map(Into::into),
        };
        warnings.extend(
            opts.skip
                .iter()
                .filter(|name| !place.contains_key(name.as_str()))
                .map(|name| missing("SKIP", name)),
        );
        let mut category_of: HashMap<&str, &str> = HashMap::new();
        for (category, members) in &opts.categories {
            for column in members {
                if let Some(other) = category_of.insert(column, category)
                    && other != category
                {
                    let categories = Box::new([other.into(), category.as_str().into()]);
                    return Err(Error::Overlap { column: column.as_str().into(), categories });
                }
                if !place.contains_key(column.as_str()) {
                    warnings.push(missing("CATEGORIES", column));
                }
            }
        }
        let categories =
            names.iter().map(|name| category_of.get(name).copied().unwrap_or(name)).collect();

        let pairs = config.direct.then(|| pairs(&names, opts.edges.as_ref())).transpose()?;
        if pairs.as_ref().is_some_and(Vec::is_empty) {
            let entity_types = names.iter().map(ToString::to_string).collect();
            warnings.push(HypergraphWarning::NoPairs { entity_types });
        }
        let event_id = place.get(opts.event_id.as_str()).copied();
        Ok(Self { opts, entities, categories, pairs, event_id, warnings })
    }
}

/// Pairs of entity columns in order of their names: those of `edges`, or every pair.
fn pairs(names: &[&str], edges: Option<&BTreeMap<String, Vec<String>>>) -> Result<Vec<[usize; 2]>> {
    let find = |name: &str| {
        names.iter().position(|&entity| entity == name).ok_or_else(|| Error::NotAnEntity {
            column: name.into(),
            place: "EDGES",
            nearest: nearest(name, names.iter().copied()),
        })
    };
    let mut pairs = Vec::new();
    match edges {
        Some(edges) => {
            for (first, seconds) in edges {
                for second in seconds {
                    pairs.push([find(first)?, find(second)?]);
                }
                find(first)?;
            }
        }
        None => {
            for i in 0..names.len() {
                pairs.extend((i + 1..names.len()).map(|j| [i, j]));
            }
        }
    }
    pairs.sort_by_key(|&[first, second]| (names[first], names[second]));
    Ok(pairs)
}

/// Refuses a name that is given twice.
fn distinct_names<'a>(
    place: &'static str,
    names: impl IntoIterator<Item = &'a String>,
) -> Result<()> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(Error::Repeated { place, name: name.as_str().into() });
        }
    }
    Ok(())
}
