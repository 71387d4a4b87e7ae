//! Calls of the safelist.

use super::super::Limits;
use super::super::collapse::Collapse;
#[cfg(feature = "serde")]
use super::super::error::QueryProblem;
#[cfg(feature = "serde")]
use super::super::measure;
use super::super::query::{Call, Compute, HopCall, Literal};
use super::super::umap::UmapCall;
use super::json::Json;
use super::predicate::literals;
use super::rows::{self, texts};
use super::step::{filter, hop};
use super::{Place, encode};
use crate::Result;
use crate::features::{Distance, Umap};
use crate::hypergraph::HypergraphConfig;

/// Calls that are done here, but for the `encode_` ones.
const DONE: [&str; 18] = [
    "get_degrees",
    "get_indegrees",
    "get_outdegrees",
    "filter_nodes_by_dict",
    "filter_edges_by_dict",
    "materialize_nodes",
    "hop",
    "keep_nodes",
    "drop_nodes",
    "prune_self_edges",
    "get_topological_levels",
    "collapse",
    "umap",
    "name",
    "description",
    "compute_cugraph",
    "compute_igraph",
    "hypergraph",
];

/// Calls that the language has, but that are not done here, and why.
const NOT_DONE: [(&str, &str); 17] = [
    ("layout_cugraph", LAYOUT),
    ("layout_igraph", LAYOUT),
    ("layout_graphviz", LAYOUT),
    ("fa2_layout", LAYOUT),
    ("ring_continuous_layout", LAYOUT),
    ("ring_categorical_layout", LAYOUT),
    ("time_ring_layout", LAYOUT),
    ("circle_layout", LAYOUT),
    ("tree_layout", LAYOUT),
    ("mercator_layout", LAYOUT),
    ("modularity_weighted_layout", LAYOUT),
    ("group_in_a_box_layout", LAYOUT),
    ("create_index", INDEX),
    ("drop_index", INDEX),
    ("search_nodes", "filter nodes by a predicate such as Contains"),
    ("search_edges", "filter edges by a predicate such as Contains"),
    ("dbscan", "it needs features"),
];

const LAYOUT: &str = "a query changes no positions; lay the answer out";
const INDEX: &str = "there are no indexes to manage; every query builds what it needs";

pub(super) fn call(place: &Place, limits: &Limits) -> Result<Call> {
    place.only("field of a call", &["type", "function", "params"])?;
    let function = place.need("function")?;
    let name = function.text()?;
    let none = Json::Object(Vec::new());
    let params = match place.get("params")? {
        Some(params) => params,
        None => place.at("params", &none),
    };
    if let Some(encoding) = encode::call(name, &params) {
        return encoding;
    }
    let only = |known: &[&str]| params.only("parameter", known);
    match name {
        "get_degrees" => {
            only(&["col", "degree_in", "degree_out", "engine"])?;
            Ok(Call::Degrees {
                all: Some(params.text_or("col", "degree")?),
                into: Some(params.text_or("degree_in", "degree_in")?),
                out: Some(params.text_or("degree_out", "degree_out")?),
            })
        }
        "get_indegrees" => {
            only(&["col"])?;
            Ok(Call::Degrees {
                all: None,
                into: Some(params.text_or("col", "degree_in")?),
                out: None,
            })
        }
        "get_outdegrees" => {
            only(&["col"])?;
            Ok(Call::Degrees {
                all: None,
                into: None,
                out: Some(params.text_or("col", "degree_out")?),
            })
        }
        "filter_nodes_by_dict" | "filter_edges_by_dict" => {
            only(&["filter_dict", "engine"])?;
            params.need("filter_dict")?;
            let filter = filter(&params, "filter_dict", "query")?;
            Ok(match name {
                "filter_nodes_by_dict" => Call::FilterNodes(filter),
                _ => Call::FilterEdges(filter),
            })
        }
        "materialize_nodes" => {
            only(&["engine", "reuse"])?;
            Ok(Call::MaterializeNodes { reuse: params.bool_or("reuse", true)? })
        }
        "hop" => hop_call(&params, limits),
        "keep_nodes" => {
            only(&["nodes"])?;
            Ok(Call::KeepNodes(wanted(&params.need("nodes")?)?))
        }
        "drop_nodes" => {
            only(&["nodes"])?;
            let nodes = params.need("nodes")?;
            match nodes.value {
                Json::List(_) => Ok(Call::DropNodes(literals(&nodes)?)),
                _ => Err(nodes.wrong("a list of ids")),
            }
        }
        "prune_self_edges" => only(&[]).map(|()| Call::PruneSelfEdges),
        "get_topological_levels" => {
            only(&["level_col", "allow_cycles", "warn_cycles", "remove_self_loops"])?;
            Ok(Call::Levels {
                column: params.text_or("level_col", "level")?,
                allow_cycles: params.bool_or("allow_cycles", true)?,
                remove_self_loops: params.bool_or("remove_self_loops", true)?,
            })
        }
        "collapse" => {
            only(&["node", "attribute", "column", "self_edges", "unwrap", "verbose"])?;
            let text = |field| Ok::<_, crate::Error>(params.need(field)?.text()?.to_owned());
            Ok(Call::Collapse(Collapse {
                node: text("node")?,
                attribute: text("attribute")?,
                column: text("column")?,
                self_edges: params.bool_or("self_edges", false)?,
                unwrap: params.bool_or("unwrap", false)?,
            }))
        }
        "name" => Ok(Call::Name(params.need("name")?.text()?.to_owned())),
        "description" => Ok(Call::Description(params.need("description")?.text()?.to_owned())),
        "umap" => umap(&params),
        "compute_cugraph" | "compute_igraph" => compute(&params, name == "compute_igraph"),
        "hypergraph" => hypergraph(&params),
        _ if rows::DONE.contains(&name) => rows::call(name, &params, limits),
        _ => match NOT_DONE.into_iter().find(|(known, _)| *known == name) {
            Some((_, reason)) => Err(function.unsupported(format!("the call `{name}`"), reason)),
            None => {
                let known = DONE.iter().chain(&rows::DONE).copied().chain(encode::names());
                Err(function.unknown("call", name, known.chain(NOT_DONE.map(|(name, _)| name))))
            }
        },
    }
}

/// Parameters that say how the client's libraries do it are taken, and change nothing.
fn compute(params: &Place, igraph: bool) -> Result<Call> {
    let how = if igraph { ["use_vids", "directed"] } else { ["kind", "G"] };
    params.only("parameter", &["alg", "out_col", "params", "directed", how[0], how[1]])?;
    let inner = match params.get("params")? {
        None => serde_json::Map::new(),
        Some(place) => match place.value.to_value() {
            serde_json::Value::Object(fields) => fields,
            _ => return Err(place.wrong("an object")),
        },
    };
    let call = Compute {
        igraph,
        algorithm: params.need("alg")?.text()?.to_owned(),
        column: params.text_at("out_col")?,
        directed: params.bool_or("directed", true)?,
        params: inner,
    };
    #[cfg(feature = "serde")]
    measure::check(&call).map_err(|wrong| of_algorithm(params, &call, wrong))?;
    Ok(Call::Compute(call))
}

/// What is wrong with an algorithm or its parameters, with the place that says it.
#[cfg(feature = "serde")]
fn of_algorithm(params: &Place, call: &Compute, wrong: measure::Wrong) -> crate::Error {
    let field = |name| params.get(name).ok().flatten();
    let place = match wrong.at {
        measure::At::Algorithm => field("alg"),
        measure::At::Column => field("out_col"),
        measure::At::Parameters => field("params"),
        measure::At::Parameter(name) => {
            field("params").map(|inner| inner.get(&name).ok().flatten().unwrap_or(inner))
        }
    };
    let problem = QueryProblem::Measure { name: call.algorithm.clone(), reason: wrong.reason };
    place.as_ref().unwrap_or(params).error(problem)
}

/// Defaults are those of the client, which are not those of [`Umap`]. What says how and not what is taken, and changes
/// nothing.
fn umap(params: &Place) -> Result<Call> {
    const TAKEN: [&str; 8] = [
        "X",
        "scale",
        "n_neighbors",
        "min_dist",
        "spread",
        "negative_sample_rate",
        "metric",
        "suffix",
    ];
    const EDGES: &str = "encode_weight";
    const IGNORED: [&str; 6] =
        ["engine", "feature_engine", "inplace", "memoize", "play", "encode_position"];
    /// What can only be this.
    const FIXED: [(&str, &str); 9] = [
        ("y", "null"),
        ("kind", "\"nodes\""),
        ("local_connectivity", "1"),
        ("repulsion_strength", "1"),
        ("n_components", "2"),
        ("dbscan", "false"),
        ("umap_kwargs", "{}"),
        ("umap_fit_kwargs", "{}"),
        ("umap_transform_kwargs", "{}"),
    ];
    let known: Vec<&str> = TAKEN
        .into_iter()
        .chain([EDGES])
        .chain(IGNORED)
        .chain(FIXED.map(|(name, _)| name))
        .collect();
    params.only("parameter", &known)?;
    for (name, only) in FIXED {
        if let Some(place) = params.get(name)? {
            let given = place.value.to_value();
            let same = match given.as_f64() {
                Some(number) => only.parse().is_ok_and(|only: f64| only == number),
                None => only.parse().is_ok_and(|only: serde_json::Value| only == given),
            };
            if !same {
                let reason = "nodes come to the plane by columns of numbers, with defaults";
                return Err(place.unsupported(format!("`{name}` other than {only}"), reason));
            }
        }
    }
    let number = |name: &str, otherwise: f64| match params.get(name)? {
        None => Ok(otherwise),
        Some(place) => place.value.to_value().as_f64().ok_or_else(|| place.wrong("a number")),
    };
    let distance = match params.get("metric")? {
        None => Distance::Euclidean,
        Some(place) => match place.text()? {
            "euclidean" => Distance::Euclidean,
            "cosine" => Distance::Cosine,
            name => return Err(place.unknown("metric", name, ["euclidean", "cosine"])),
        },
    };
    let columns = params.get("X")?.map(|place| match place.value {
        Json::Text(name) => Ok(vec![name.clone()]),
        _ => texts(&place),
    });
    let options = Umap {
        n_neighbors: params.count_at("n_neighbors")?.unwrap_or(12),
        distance,
        min_distance: number("min_dist", 0.1)?,
        spread: number("spread", 0.5)?,
        negative_samples: params.count_at("negative_sample_rate")?.unwrap_or(5),
        ..Umap::default()
    };
    Ok(Call::Umap(Box::new(UmapCall {
        columns: columns.transpose()?,
        options,
        scale: number("scale", 1.0)?,
        suffix: params.text_or("suffix", "")?,
        edges: params.bool_or(EDGES, true)?,
    })))
}

fn hypergraph(params: &Place) -> Result<Call> {
    params.only(
        "parameter",
        &[
            "entity_types",
            "opts",
            "drop_na",
            "drop_edge_attrs",
            "verbose",
            "direct",
            "engine",
            "npartitions",
            "chunksize",
            "from_edges",
            "return_as",
        ],
    )?;
    if let Some(place) = params.get("return_as")?
        && place.text()? != "graph"
    {
        return Err(place.unsupported("a table alone", "the answer is the graph; it has both"));
    }
    let mut config = HypergraphConfig::for_gfql();
    config.entity_types = params.get("entity_types")?.map(|place| texts(&place)).transpose()?;
    config.drop_na = params.bool_or("drop_na", config.drop_na)?;
    config.drop_edge_attrs = params.bool_or("drop_edge_attrs", config.drop_edge_attrs)?;
    config.direct = params.bool_or("direct", config.direct)?;
    if let Some(place) = params.get("opts")? {
        let opts = &mut config.opts;
        for (name, value) in place.fields()? {
            let groups = || -> Result<std::collections::BTreeMap<String, Vec<String>>> {
                let groups = value.fields()?.into_iter();
                groups.map(|(name, columns)| Ok((name.to_owned(), texts(&columns)?))).collect()
            };
            let text = match name {
                "SKIP" => {
                    opts.skip = texts(&value)?;
                    continue;
                }
                "CATEGORIES" => {
                    opts.categories = groups()?;
                    continue;
                }
                "EDGES" => {
                    opts.edges = Some(groups()?);
                    continue;
                }
                "TITLE" => &mut opts.title,
                "DELIM" => &mut opts.delim,
                "NODEID" => &mut opts.node_id,
                "ATTRIBID" => &mut opts.attrib_id,
                "EVENTID" => &mut opts.event_id,
                "EVENTTYPE" => &mut opts.event_type,
                "SOURCE" => &mut opts.source,
                "DESTINATION" => &mut opts.destination,
                "CATEGORY" => &mut opts.category,
                "NODETYPE" => &mut opts.node_type,
                "EDGETYPE" => &mut opts.edge_type,
                "NULLVAL" => &mut opts.null_val,
                _ => {
                    return Err(place.unknown(
                        "option",
                        name,
                        ["SKIP", "CATEGORIES", "EDGES", "TITLE", "DELIM", "NODEID", "EVENTID"],
                    ));
                }
            };
            value.text()?.clone_into(text);
        }
    }
    let from_edges = params.bool_or("from_edges", false)?;
    Ok(Call::Hypergraph { config: Box::new(config), from_edges })
}

fn hop_call(params: &Place, limits: &Limits) -> Result<Call> {
    params.only(
        "parameter",
        &[
            "nodes",
            "hops",
            "to_fixed_point",
            "direction",
            "source_node_match",
            "edge_match",
            "destination_node_match",
            "source_node_query",
            "edge_query",
            "destination_node_query",
            "return_as_wave_front",
            "target_wave_front",
            "engine",
            "min_hops",
            "max_hops",
            "output_min_hops",
            "output_max_hops",
            "label_node_hops",
            "label_edge_hops",
            "label_seeds",
        ],
    )?;
    for table in ["nodes", "target_wave_front"] {
        if let Some(table) = params.get(table)? {
            return Err(table.unsupported("a table as a parameter", "select the seeds in a step"));
        }
    }
    let forward = Json::Text("forward".to_owned());
    let direction = match params.get("direction")? {
        Some(direction) => direction,
        None => params.at("direction", &forward),
    };
    let mut edge = hop(params, &direction, limits)?;
    // Unlike in an edge step, no number at all is one hop.
    if params.value.field("hops").is_none() {
        edge.bounds.hops = Some(1);
    }
    let wavefront = params.bool_or("return_as_wave_front", false)?;
    Ok(Call::Hop(Box::new(HopCall { edge, wavefront })))
}

/// Ids, or values for each of some columns.
fn wanted(place: &Place) -> Result<Vec<(Option<String>, Vec<Literal>)>> {
    match place.value {
        Json::List(_) => Ok(vec![(None, literals(place)?)]),
        _ => place
            .fields()?
            .into_iter()
            .map(|(column, values)| Ok((Some(column.to_owned()), literals(&values)?)))
            .collect(),
    }
}
