//! The calls `compute_cugraph` and `compute_igraph`: our measures by the names and with the
//! parameters that these libraries have.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, UInt32Array};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Float64Type};
use graph_core::Graph;
use serde_json::{Map, Value};

use super::error::{QueryError, QueryProblem};
use super::query::Compute;
use super::run::Run;
use super::set::Set;
use super::view::View;
use crate::analytics::core_numbers;
use crate::analytics::measures::{self, Measure};
use crate::error::nearest;
use crate::features::{Similarity, similarity};
use crate::topology::{Merge, Undirected};
use crate::{Control, Error};

/// What an algorithm of another library is here.
struct Algorithm {
    name: &'static str,
    does: Does,
    /// Columns that it gives, each with its name there; without, it has that of the call.
    columns: &'static [(&'static str, Option<&'static str>)],
    /// The name of its column if the call gives none and it is not that of the algorithm.
    usual: Option<&'static str>,
    /// Whether it takes edges in both directions, whatever the graph is.
    both_ways: bool,
    /// Options that are otherwise there than here, as JSON.
    fixed: &'static str,
    /// Parameters that say how, not what.
    ignored: &'static [&'static str],
    then: Then,
}

/// What is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    /// The measure of that name.
    Measure(&'static str),
    /// How alike the two ends of each edge are, and whether weights count if the call does not say.
    Pairs(Similarity, bool),
    /// The edges of a core.
    Core,
}

/// What is done with what was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Nothing,
    /// Scaled so that the largest is 1.
    LargestIsOne,
    /// Truth as 0 or 1.
    Number,
    /// Divided by n - 1.
    PerOther,
    /// Closeness within the component alone.
    WithinComponent,
    /// Only the edges that are marked stay.
    KeepEdges,
}

const fn algorithm(
    name: &'static str,
    measure: &'static str,
    column: &'static [(&'static str, Option<&'static str>)],
) -> Algorithm {
    Algorithm {
        name,
        does: Does::Measure(measure),
        columns: column,
        usual: None,
        both_ways: false,
        fixed: "{}",
        ignored: &[],
        then: Then::Nothing,
    }
}

/// A similarity of pairs, whose column has the name `usual`.
const fn pairs(
    name: &'static str,
    similarity: Similarity,
    weighted: bool,
    usual: &'static str,
) -> Algorithm {
    Algorithm {
        does: Does::Pairs(similarity, weighted),
        usual: Some(usual),
        both_ways: true,
        ignored: &["do_expensive_check"],
        ..algorithm(name, "", &[])
    }
}

const COMMUNITY: &[(&str, Option<&str>)] = &[("community", None)];
const COMPONENT: &[(&str, Option<&str>)] = &[("component", None)];
const DISTANCE: &[(&str, Option<&str>)] =
    &[("distance", None), ("predecessor", Some("predecessor"))];

/// What cuGraph calls them.
const CUGRAPH: &[Algorithm] = &[
    algorithm("betweenness_centrality", "betweenness", &[("betweenness", None)]),
    algorithm("katz_centrality", "katz", &[("katz", None)]),
    Algorithm { both_ways: true, ..algorithm("leiden", "leiden", COMMUNITY) },
    Algorithm { both_ways: true, ..algorithm("louvain", "louvain", COMMUNITY) },
    algorithm("connected_components", "weak_components", COMPONENT),
    algorithm("strongly_connected_components", "strong_components", COMPONENT),
    Algorithm {
        both_ways: true,
        ..algorithm("core_number", "core_number", &[("core_number", None)])
    },
    algorithm("hits", "hits", &[("hub", None), ("authority", Some("authorities"))]),
    algorithm("pagerank", "page_rank", &[("page_rank", None)]),
    algorithm("bfs", "bfs", DISTANCE),
    algorithm("bfs_edges", "bfs", DISTANCE),
    algorithm("sssp", "sssp", DISTANCE),
    algorithm("shortest_path", "sssp", DISTANCE),
    algorithm("shortest_path_length", "sssp", &[("distance", None)]),
    Algorithm {
        usual: Some("betweenness_centrality"),
        ..algorithm(
            "edge_betweenness_centrality",
            "edge_betweenness",
            &[("edge_betweenness", None)],
        )
    },
    pairs("jaccard", Similarity::Jaccard, false, "jaccard_coeff"),
    pairs("jaccard_w", Similarity::Jaccard, true, "jaccard_coeff"),
    pairs("overlap", Similarity::Overlap, false, "overlap_coeff"),
    pairs("overlap_coefficient", Similarity::Overlap, false, "overlap_coefficient"),
    pairs("overlap_w", Similarity::Overlap, true, "overlap_coeff"),
    pairs("sorensen", Similarity::Sorensen, false, "sorensen_coeff"),
    pairs("sorensen_coefficient", Similarity::Sorensen, false, "sorensen_coeff"),
    pairs("sorensen_w", Similarity::Sorensen, true, "sorensen_coeff"),
    Algorithm { does: Does::Core, both_ways: true, ..algorithm("k_core", "", &[]) },
    Algorithm {
        both_ways: true,
        then: Then::KeepEdges,
        ..algorithm("minimum_spanning_tree", "spanning_forest", &[("in_forest", None)])
    },
];

const UNWEIGHTED: &str = r#"{"weighted": false}"#;

/// What igraph calls them. Weights count if `weights` names a column.
const IGRAPH: &[Algorithm] = &[
    Algorithm {
        then: Then::Number,
        ..algorithm("articulation_points", "cut_points", &[("is_articulation", None)])
    },
    Algorithm {
        fixed: UNWEIGHTED,
        ignored: &["scale", "arpack_options"],
        then: Then::LargestIsOne,
        ..algorithm("authority_score", "hits", &[("authority", None)])
    },
    Algorithm {
        fixed: UNWEIGHTED,
        ignored: &["scale", "arpack_options"],
        then: Then::LargestIsOne,
        ..algorithm("hub_score", "hits", &[("hub", None)])
    },
    Algorithm {
        fixed: r#"{"weighted": false, "normalized": false}"#,
        ..algorithm("betweenness", "betweenness", &[("betweenness", None)])
    },
    Algorithm {
        both_ways: true,
        fixed: UNWEIGHTED,
        then: Then::WithinComponent,
        ..algorithm("closeness", "closeness", &[("closeness", None)])
    },
    Algorithm {
        both_ways: true,
        fixed: UNWEIGHTED,
        then: Then::PerOther,
        ..algorithm("harmonic_centrality", "harmonic", &[("harmonic", None)])
    },
    Algorithm {
        // Along edges, away from the node.
        fixed: r#"{"weighted": false, "direction": "backward"}"#,
        ..algorithm("eccentricity", "eccentricity", &[("eccentricity", None)])
    },
    algorithm("clusters", "strong_components", COMPONENT),
    Algorithm {
        both_ways: true,
        ..algorithm("community_label_propagation", "label_propagation", COMMUNITY)
    },
    Algorithm {
        both_ways: true,
        fixed: r#"{"merge": "unit"}"#,
        ..algorithm("community_leiden", "leiden", COMMUNITY)
    },
    Algorithm {
        both_ways: true,
        fixed: r#"{"merge": "unit"}"#,
        ignored: &["return_levels"],
        ..algorithm("community_multilevel", "louvain", COMMUNITY)
    },
    Algorithm { both_ways: true, ..algorithm("coreness", "core_number", &[("core_number", None)]) },
    Algorithm {
        fixed: UNWEIGHTED,
        ignored: &["scale", "return_eigenvalue", "arpack_options"],
        then: Then::LargestIsOne,
        ..algorithm("eigenvector_centrality", "eigenvector", &[("eigenvector", None)])
    },
    Algorithm {
        fixed: r#"{"weighted": false, "tolerance": 1e-12, "max_iterations": 1000}"#,
        ignored: &["implementation", "arpack_options", "eps"],
        ..algorithm("pagerank", "page_rank", &[("page_rank", None)])
    },
    Algorithm {
        fixed: r#"{"weighted": false, "tolerance": 1e-12, "max_iterations": 1000}"#,
        ignored: &["implementation", "arpack_options", "eps"],
        ..algorithm("personalized_pagerank", "page_rank", &[("page_rank", None)])
    },
    Algorithm {
        both_ways: true,
        then: Then::KeepEdges,
        ..algorithm("spanning_tree", "spanning_forest", &[("in_forest", None)])
    },
];

/// Why `k_core` of igraph is not done.
const CORES_OF_IGRAPH: &str = "the client writes the text of one whole graph beside each node; \
                               `coreness` has the numbers, and `k_core` of `compute_cugraph` the \
                               subgraph";

/// What is wrong with a call, and with which part of it.
#[derive(Debug)]
pub(super) struct Wrong {
    pub at: At,
    pub reason: String,
}

/// A part of a call.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum At {
    /// The name of the algorithm.
    Algorithm,
    /// The name of the column.
    Column,
    /// All of its parameters: one that is missing.
    Parameters,
    /// One of its parameters.
    Parameter(String),
}

impl Wrong {
    /// The parameter `name`, since `reason`.
    fn parameter(name: &str, reason: impl Into<String>) -> Self {
        Self { at: At::Parameter(name.to_owned()), reason: reason.into() }
    }
}

/// A call that has been checked, as far as there is no graph.
enum Ready {
    /// A measure with its options.
    Measure(&'static Measure, Value),
    /// How alike the ends of edges are, by their weights or not.
    Pairs(Similarity, bool),
    /// The edges of the core of that number, or of the innermost one.
    Core(Option<u32>),
}

/// Checks what can be known before there is a graph: names, and kinds and ranges of values.
pub(super) fn check(call: &Compute) -> Result<(), Wrong> {
    ready(call).map(drop)
}

fn ready(call: &Compute) -> Result<(&'static Algorithm, Ready), Wrong> {
    let algorithm = known(call)?;
    // At the client what gives a graph takes no name of a column, or passes over it.
    let gives_graph = algorithm.does == Does::Core || algorithm.then == Then::KeepEdges;
    if gives_graph && !call.igraph && call.column.is_some() {
        let reason = "it gives a part of the graph and no column, so that `out_col` says nothing";
        return Err(Wrong { at: At::Column, reason: reason.to_owned() });
    }
    let ready = match algorithm.does {
        Does::Measure(name) => {
            let (measure, options) = measured(algorithm, name, call)?;
            Ready::Measure(measure, options)
        }
        Does::Pairs(similarity, weighted) => {
            Ready::Pairs(similarity, weights_count(algorithm, weighted, call)?)
        }
        Does::Core => Ready::Core(core(call)?),
    };
    Ok((algorithm, ready))
}

/// The algorithm that a call names.
fn known(call: &Compute) -> Result<&'static Algorithm, Wrong> {
    let known = if call.igraph { IGRAPH } else { CUGRAPH };
    if let Some(algorithm) = known.iter().find(|known| known.name == call.algorithm) {
        return Ok(algorithm);
    }
    let names = known.iter().map(|known| known.name);
    let reason = match nearest(&call.algorithm, names.clone()) {
        _ if call.igraph && call.algorithm == "k_core" => CORES_OF_IGRAPH.to_owned(),
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are `{}`", names.collect::<Vec<_>>().join("`, `")),
    };
    Err(Wrong { at: At::Algorithm, reason })
}

/// The measure called `name`, or what a parameter makes of it, and its options out of what is
/// fixed and what the call gives.
fn measured(
    algorithm: &Algorithm,
    name: &'static str,
    call: &Compute,
) -> Result<(&'static Measure, Value), Wrong> {
    // The kind of connection is a parameter there, and another measure here.
    let is_weak = algorithm.name == "clusters"
        && call.params.get("mode").and_then(Value::as_str) == Some("weak");
    let name = if is_weak { "weak_components" } else { name };
    let measure = measures::measure(name).expect("a measure of an algorithm should be there");
    let options = Value::Object(options(algorithm, call)?);
    measure.check(&options).map_err(|error| {
        let option = match &error {
            Error::Unknown { kind: "option", name, .. } => Some(&**name),
            Error::OptionValue { option, .. } => Some(&**option),
            Error::BadOption { option, .. } => Some(*option),
            _ => None,
        };
        let mut given = call.params.keys();
        let given = given.find(|name| Some(measure.own_option(own_name(name))) == option);
        let at = given.map_or(At::Parameters, |name| At::Parameter(name.clone()));
        Wrong { at, reason: error.to_string() }
    })?;
    Ok((measure, options))
}

/// What a parameter of both libraries is called by our measures.
fn own_name(parameter: &str) -> &str {
    match parameter {
        "random_state" => "seed",
        "reset_vertices" => "personalization",
        name => name,
    }
}

fn options(algorithm: &Algorithm, call: &Compute) -> Result<Map<String, Value>, Wrong> {
    let fixed: Value = serde_json::from_str(algorithm.fixed).expect("options should be JSON");
    let Value::Object(mut options) = fixed else { unreachable!("options should be an object") };
    for (name, value) in &call.params {
        match (name.as_str(), value) {
            (name, _) if algorithm.ignored.contains(&name) => {}
            ("mode", Value::String(mode)) if algorithm.name == "clusters" => {
                if mode != "weak" && mode != "strong" {
                    return Err(Wrong::parameter(
                        name,
                        format!("`{mode}` is neither weak nor strong"),
                    ));
                }
            }
            ("objective_function", Value::String(of)) if algorithm.name == "community_leiden" => {
                if of != "modularity" {
                    let reason = format!("communities are by modularity, and not by `{of}`");
                    return Err(Wrong::parameter(name, reason));
                }
            }
            // The weights of the graph are those of its weight column.
            ("weights", Value::Null) => {}
            ("weights", Value::String(_)) if options.contains_key("weighted") => {
                options.insert("weighted".to_owned(), true.into());
            }
            ("normalized" | "directed" | "mode" | "cutoff" | "vertices", Value::Null) => {}
            (name, value) => {
                options.insert(own_name(name).to_owned(), value.clone());
            }
        }
    }
    Ok(options)
}

/// Whether weights count for a similarity of pairs.
fn weights_count(algorithm: &Algorithm, usual: bool, call: &Compute) -> Result<bool, Wrong> {
    let mut weighted = usual;
    for (name, value) in &call.params {
        match (name.as_str(), value) {
            (name, _) if algorithm.ignored.contains(&name) => {}
            ("use_weight", Value::Bool(value)) => weighted = *value,
            ("use_weight", _) => return Err(Wrong::parameter(name, "it should be true or false")),
            ("vertex_pair" | "ebunch", Value::Null) => {}
            ("vertex_pair" | "ebunch", _) => {
                let reason = "the pairs are the ends of the edges, and no table";
                return Err(Wrong::parameter(name, reason));
            }
            // The client leaves it out, since the weights are those of the graph.
            ("weights", _) if usual => {}
            (name, _) => return Err(no_parameter(name, &["use_weight"])),
        }
    }
    Ok(weighted)
}

/// The number of the core that a call asks for.
fn core(call: &Compute) -> Result<Option<u32>, Wrong> {
    let mut k = None;
    for (name, value) in &call.params {
        match (name.as_str(), value) {
            ("k" | "core_number", Value::Null) => {}
            ("k", value) => {
                k = value.as_u64().and_then(|k| u32::try_from(k).ok());
                if k.is_none() {
                    return Err(Wrong::parameter(name, "it should be a whole number from 0 on"));
                }
            }
            // Edges that have no direction are of all three.
            ("degree_type", Value::String(of))
                if ["incoming", "outgoing", "bidirectional"].contains(&of.as_str()) => {}
            ("degree_type", _) => {
                let reason = "it should be incoming, outgoing or bidirectional";
                return Err(Wrong::parameter(name, reason));
            }
            ("core_number", _) => {
                return Err(Wrong::parameter(name, "core numbers are computed, and not taken"));
            }
            (name, _) => return Err(no_parameter(name, &["k", "degree_type"])),
        }
    }
    Ok(k)
}

fn no_parameter(name: &str, known: &[&'static str]) -> Wrong {
    let nearest = nearest(name, known.iter().copied());
    let error = Error::Unknown { kind: "option", name: name.into(), nearest };
    Wrong::parameter(name, error.to_string())
}

/// Measures the part of the graph that `view` has, and sets the columns that come of it.
pub(super) fn run(call: &Compute, path: &str, view: &mut View, run: &Run) -> crate::Result<()> {
    let (algorithm, ready) = ready(call).map_err(|wrong| failed(call, path, wrong.reason))?;
    let directed = !algorithm.both_ways && call.directed;
    let (graph, nodes, edges) = view.part(directed)?;
    let out = call.column.as_deref().or(algorithm.usual).unwrap_or(&call.algorithm);
    let (measure, options) = match ready {
        Ready::Measure(measure, options) => (measure, options),
        Ready::Pairs(_, true) if graph.coo().weights().is_none() => {
            return Err(failed(call, path, "the edges have no weights".to_owned()));
        }
        Ready::Pairs(similarity, weighted) => {
            let values = alike(&graph, similarity, weighted, run.control)?;
            let column = spread(&values, &edges, view.edges.len())?;
            return super::call::set_edge_column(view, path, out, column);
        }
        Ready::Core(k) => {
            let found = core_numbers(&Undirected::new(&graph, Merge::Unit), run.control)?;
            let is_in = found.members(k.unwrap_or(found.largest));
            let ends = graph.coo().sources().iter().zip(graph.coo().targets());
            let kept = edges.iter().zip(ends);
            let kept = kept.filter(|&(_, (&u, &v))| is_in[u as usize] && is_in[v as usize]);
            view.edges = Set::of_members(view.edges.len(), kept.map(|(&e, _)| e));
            return Ok(());
        }
    };
    let measured = measure.plan(&graph, &options).and_then(|plan| plan.run(run.control));
    let measured = measured.map_err(|error| match error {
        Error::Stopped { .. } => error,
        other => failed(call, path, other.to_string()),
    })?;
    for &(ours, theirs) in algorithm.columns {
        let name = theirs.unwrap_or(out);
        if let Some((_, values)) = measured.nodes.iter().find(|(name, _)| name == ours) {
            let values = finish(algorithm.then, values, &graph, run.control)?;
            let column = spread(&values, &nodes, view.nodes.len())?;
            super::call::set_node_column(view, path, name, column)?;
        } else if let Some((_, values)) = measured.edges.iter().find(|(name, _)| name == ours) {
            if algorithm.then == Then::KeepEdges {
                let flags = values.as_boolean();
                let kept = edges.iter().zip(flags).filter(|(_, kept)| *kept == Some(true));
                view.edges = Set::of_members(view.edges.len(), kept.map(|(&e, _)| e));
                continue;
            }
            let column = spread(values, &edges, view.edges.len())?;
            super::call::set_edge_column(view, path, name, column)?;
        }
    }
    Ok(())
}

fn failed(call: &Compute, path: &str, reason: String) -> Error {
    QueryError::at(path, QueryProblem::Measure { name: call.algorithm.clone(), reason })
}

/// How alike the ends of each edge are, null without a common neighbor: cuGraph has scores of the
/// pairs that are two hops apart, and the client joins these to the edges.
fn alike(
    graph: &Graph,
    measure: Similarity,
    weighted: bool,
    control: &Control,
) -> crate::Result<ArrayRef> {
    let (sources, targets) = (graph.coo().sources(), graph.coo().targets());
    let plain = Undirected::new(graph, Merge::Unit);
    let of_plain = |measure| similarity(&plain, measure, sources, targets, control);
    let common = of_plain(Similarity::CommonNeighbors)?;
    let scores = match weighted {
        true => {
            let graph = Undirected::new(graph, Merge::Sum);
            similarity(&graph, measure, sources, targets, control)?
        }
        false => of_plain(measure)?,
    };
    let ends = sources.iter().zip(targets);
    let scores = scores.into_iter().zip(common).zip(ends);
    let scores = scores.map(|((score, common), (u, v))| (common > 0.0 && u != v).then_some(score));
    Ok(Arc::new(scores.collect::<Float64Array>()))
}

fn finish(
    then: Then,
    values: &ArrayRef,
    graph: &Graph,
    control: &Control,
) -> crate::Result<ArrayRef> {
    let wrap = |error| Error::from(graph_core::Error::from(error));
    let floats = || values.as_primitive_opt::<Float64Type>();
    let scaled = |by: &dyn Fn(usize) -> Option<f64>| -> ArrayRef {
        let found = floats().map(|floats| {
            let values = floats.iter().enumerate();
            let values = values.map(|(u, value)| Some(value? * by(u)?));
            Arc::new(values.collect::<Float64Array>()) as ArrayRef
        });
        found.unwrap_or_else(|| Arc::clone(values))
    };
    Ok(match then {
        Then::LargestIsOne => {
            let largest = floats().into_iter().flatten().flatten().fold(0.0, f64::max);
            scaled(&|_| Some(if largest > 0.0 { 1.0 / largest } else { 1.0 }))
        }
        Then::PerOther => {
            let others = graph.n_nodes().saturating_sub(1);
            scaled(&|_| (others > 0).then(|| 1.0 / others as f64))
        }
        Then::WithinComponent => {
            let components = crate::analytics::weak_components(graph, control)?;
            let others = graph.n_nodes().saturating_sub(1) as f64;
            scaled(&|u| {
                let here = components.sizes[components.component[u] as usize] as usize - 1;
                (here > 0).then(|| others / here as f64)
            })
        }
        Then::Number => cast(values, &DataType::Int64).map_err(wrap)?,
        Then::Nothing | Then::KeepEdges if values.data_type().is_integer() => {
            cast(values, &DataType::Int64).map_err(wrap)?
        }
        Then::Nothing | Then::KeepEdges => Arc::clone(values),
    })
}

/// A column of `n` rows that has `values` at `places`, and is null elsewhere.
fn spread(values: &ArrayRef, places: &[u32], n: usize) -> crate::Result<ArrayRef> {
    let mut from: Vec<Option<u32>> = vec![None; n];
    for (at, &place) in places.iter().enumerate() {
        from[place as usize] = Some(at as u32);
    }
    let from = UInt32Array::from(from);
    take(values, &from, None).map_err(|error| Error::from(graph_core::Error::from(error)))
}
