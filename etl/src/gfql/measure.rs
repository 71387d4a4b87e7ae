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
use super::view::{View, set_column};
use crate::analytics::measures;
use crate::{Control, Error, Result};

/// What an algorithm of another library is here.
struct Algorithm {
    name: &'static str,
    measure: &'static str,
    /// Columns that it gives, each with its name there; without, it has that of the algorithm.
    columns: &'static [(&'static str, Option<&'static str>)],
    /// Whether it takes edges in both directions, whatever the graph is.
    both_ways: bool,
    /// Options that are otherwise there than here, as JSON.
    fixed: &'static str,
    /// Parameters that say how, not what.
    ignored: &'static [&'static str],
    then: Then,
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
        measure,
        columns: column,
        both_ways: false,
        fixed: "{}",
        ignored: &[],
        then: Then::Nothing,
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
    algorithm("edge_betweenness_centrality", "edge_betweenness", &[("edge_betweenness", None)]),
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

/// Measures the part of the graph that `view` has, and sets the columns that come of it.
pub(super) fn run(call: &Compute, path: &str, view: &mut View, run: &Run) -> Result<()> {
    let known = if call.igraph { IGRAPH } else { CUGRAPH };
    let Some(algorithm) = known.iter().find(|known| known.name == call.algorithm) else {
        let names = known.iter().map(|known| known.name);
        let nearest = crate::error::nearest(&call.algorithm, names.clone());
        let reason = match nearest {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are `{}`", names.collect::<Vec<_>>().join("`, `")),
        };
        return Err(failed(call, path, reason));
    };
    let (mut measure, options) = options(algorithm, call, path)?;
    // The kind of connection is a parameter there, and another measure here.
    if algorithm.name == "clusters"
        && call.params.get("mode").and_then(Value::as_str) == Some("weak")
    {
        measure = "weak_components";
    }
    let directed = !algorithm.both_ways && call.directed;
    let (graph, nodes, edges) = view.part(directed)?;
    let measured = measures::measure(measure)
        .and_then(|measure| measure.plan(&graph, &Value::Object(options)))
        .and_then(|plan| plan.run(run.control))
        .map_err(|error| match error {
            Error::Stopped { .. } => error,
            other => failed(call, path, other.to_string()),
        })?;
    let out = call.column.as_deref().unwrap_or(&call.algorithm);
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
            set_column(&mut view.edge_columns, name, column);
        }
    }
    Ok(())
}

fn failed(call: &Compute, path: &str, reason: String) -> Error {
    QueryError::at(path, QueryProblem::Measure { name: call.algorithm.clone(), reason })
}

/// The measure, and its options out of what is fixed and what the call gives.
fn options(
    algorithm: &Algorithm,
    call: &Compute,
    path: &str,
) -> Result<(&'static str, Map<String, Value>)> {
    let fixed: Value = serde_json::from_str(algorithm.fixed).expect("options should be JSON");
    let Value::Object(mut options) = fixed else { unreachable!("options should be an object") };
    for (name, value) in &call.params {
        match (name.as_str(), value) {
            (name, _) if algorithm.ignored.contains(&name) => {}
            ("mode", Value::String(mode)) if algorithm.name == "clusters" => {
                if mode != "weak" && mode != "strong" {
                    return Err(failed(call, path, format!("`{mode}` is neither weak nor strong")));
                }
            }
            ("objective_function", Value::String(of)) if algorithm.name == "community_leiden" => {
                if of != "modularity" {
                    let reason = format!("communities are by modularity, and not by `{of}`");
                    return Err(failed(call, path, reason));
                }
            }
            // The weights of the graph are those of its weight column.
            ("weights", Value::Null) => {}
            ("weights", Value::String(_)) if options.contains_key("weighted") => {
                options.insert("weighted".to_owned(), true.into());
            }
            ("normalized" | "directed" | "mode" | "cutoff" | "vertices", Value::Null) => {}
            ("damping", Value::Number(_)) => {
                options.insert("damping".to_owned(), value.clone());
            }
            ("random_state", _) => {
                options.insert("seed".to_owned(), value.clone());
            }
            ("reset_vertices", _) => {
                options.insert("personalization".to_owned(), value.clone());
            }
            (name, value) => {
                options.insert(name.to_owned(), value.clone());
            }
        }
    }
    Ok((algorithm.measure, options))
}

fn finish(then: Then, values: &ArrayRef, graph: &Graph, control: &Control) -> Result<ArrayRef> {
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
fn spread(values: &ArrayRef, places: &[u32], n: usize) -> Result<ArrayRef> {
    let mut from: Vec<Option<u32>> = vec![None; n];
    for (at, &place) in places.iter().enumerate() {
        from[place as usize] = Some(at as u32);
    }
    let from = UInt32Array::from(from);
    take(values, &from, None).map_err(|error| Error::from(graph_core::Error::from(error)))
}
