//! The table of all measures.

use serde_json::{Map, Value};

use super::options::{and, defaults, none};
use super::{Column, Measure, Over, communities, over_nodes, over_paths, whole};
use crate::analytics::{
    Betweenness, Closeness, Clustering, Diameter, Eigenvector, Hits, Katz, Levels, PageRank,
    SpanningForest,
};
use crate::community::{LabelPropagation, Leiden, Louvain};

const fn nodes(name: &'static str, about: &'static str) -> Column {
    Column { name, over: Over::Nodes, about }
}

const fn edges(name: &'static str, about: &'static str) -> Column {
    Column { name, over: Over::Edges, about }
}

/// Options of [`Betweenness`] without the one that says what it is of.
fn of_edges() -> Map<String, Value> {
    let mut options = defaults::<Betweenness>();
    options.remove("edges");
    options
}

fn of_degree() -> Map<String, Value> {
    and(none(), "weight_column", Value::Null)
}

fn of_forest() -> Map<String, Value> {
    and(defaults::<SpanningForest>(), "weight_column", Value::Null)
}

fn of_bfs() -> Map<String, Value> {
    let options = and(and(none(), "sources", Value::Null), "direction", "forward");
    and(options, "max_distance", Value::Null)
}

fn of_sssp() -> Map<String, Value> {
    let options = and(and(none(), "sources", Value::Null), "direction", "forward");
    and(options, "delta", Value::Null)
}

fn of_page_rank() -> Map<String, Value> {
    and(defaults::<PageRank>(), "personalization", Value::Null)
}

fn of_attribute() -> Map<String, Value> {
    and(none(), "attribute", Value::Null)
}

fn of_louvain() -> Map<String, Value> {
    and(defaults::<Louvain>(), "merge", "sum")
}

fn of_leiden() -> Map<String, Value> {
    and(defaults::<Leiden>(), "merge", "sum")
}

fn of_label_propagation() -> Map<String, Value> {
    and(defaults::<LabelPropagation>(), "merge", "sum")
}

const ITERATED: &[(&str, &str)] = &[
    ("max_iter", "max_iterations"),
    ("niter", "max_iterations"),
    ("tol", "tolerance"),
    ("weight", "weighted"),
];

const SEARCHED: &[(&str, &str)] = &[
    ("start", "sources"),
    ("source", "sources"),
    ("depth_limit", "max_distance"),
    ("cutoff", "max_distance"),
];

const SAMPLED: &[(&str, &str)] =
    &[("k", "samples"), ("random_state", "seed"), ("weight", "weighted")];

const RANKED: &[(&str, &str)] = &[
    ("alpha", "damping"),
    ("max_iter", "max_iterations"),
    ("niter", "max_iterations"),
    ("tol", "tolerance"),
    ("weight", "weighted"),
    ("reset", "personalization"),
];

const DISTANCE: Column = nodes("distance", "length of the shortest path; null if there is none");
const PREDECESSOR: Column =
    nodes("predecessor", "id of the node before on a shortest path; null if there is none");
const COMMUNITY: Column = nodes("community", "number of the community; 0 is the largest");

/// All measures, those of nodes first.
pub const MEASURES: &[Measure] = &[
    Measure {
        name: "degree",
        aliases: &["degrees", "get_degrees", "degree_centrality"],
        about: "how many edges each node has, and how much weight if there are weights",
        columns: &[
            nodes("degree", "edge ends at the node; a self-loop counts twice"),
            nodes("degree_in", "edges that end at the node"),
            nodes("degree_out", "edges that start at the node"),
            nodes("weighted_degree", "sum of weights, only if there are weights"),
            nodes("weighted_degree_in", "sum of weights, only if there are weights"),
            nodes("weighted_degree_out", "sum of weights, only if there are weights"),
        ],
        renamed: &[],
        defaults: of_degree,
        plan: over_nodes::degree,
    },
    Measure {
        name: "weak_components",
        aliases: &["connected_components", "weakly_connected_components", "components", "clusters"],
        about: "nodes that paths join when directions are forgotten",
        columns: &[nodes("component", "number of the component, by its first node")],
        renamed: &[],
        defaults: none,
        plan: over_nodes::weak,
    },
    Measure {
        name: "strong_components",
        aliases: &["strongly_connected_components"],
        about: "nodes that paths join in both directions",
        columns: &[nodes("component", "number of the component, by its first node")],
        renamed: &[],
        defaults: none,
        plan: over_nodes::strong,
    },
    Measure {
        name: "page_rank",
        aliases: &["pagerank", "personalized_pagerank"],
        about: "where a random walk along edges is found that sometimes starts anew",
        columns: &[nodes("page_rank", "probability, together 1")],
        renamed: RANKED,
        defaults: of_page_rank,
        plan: over_nodes::page_rank,
    },
    Measure {
        name: "hits",
        aliases: &["hub_score", "authority_score"],
        about: "hubs, which name good authorities, and authorities, which good hubs name",
        columns: &[
            nodes("hub", "hub score, together 1"),
            nodes("authority", "authority score, together 1"),
        ],
        renamed: ITERATED,
        defaults: defaults::<Hits>,
        plan: over_nodes::hits,
    },
    Measure {
        name: "eigenvector",
        aliases: &["eigenvector_centrality"],
        about: "how much a node is pointed at by nodes that are",
        columns: &[nodes("eigenvector", "entry of the leading eigenvector, of length 1")],
        renamed: ITERATED,
        defaults: defaults::<Eigenvector>,
        plan: over_nodes::eigenvector,
    },
    Measure {
        name: "katz",
        aliases: &["katz_centrality"],
        about: "how many walks end at a node, long ones counting less",
        columns: &[nodes("katz", "Katz centrality")],
        renamed: ITERATED,
        defaults: defaults::<Katz>,
        plan: over_nodes::katz,
    },
    Measure {
        name: "betweenness",
        aliases: &["betweenness_centrality"],
        about: "how many shortest paths lead through a node",
        columns: &[
            nodes("betweenness", "share of shortest paths through the node"),
            edges("edge_betweenness", "share of shortest paths through the edge, if asked for"),
        ],
        renamed: SAMPLED,
        defaults: defaults::<Betweenness>,
        plan: over_paths::betweenness,
    },
    Measure {
        name: "edge_betweenness",
        aliases: &["edge_betweenness_centrality"],
        about: "how many shortest paths lead through an edge",
        columns: &[edges("edge_betweenness", "share of shortest paths through the edge")],
        renamed: SAMPLED,
        defaults: of_edges,
        plan: over_paths::edge_betweenness,
    },
    Measure {
        name: "closeness",
        aliases: &["closeness_centrality"],
        about: "how near a node is to those that lead to it",
        columns: &[nodes("closeness", "closeness, after Wasserman and Faust")],
        renamed: SAMPLED,
        defaults: defaults::<Closeness>,
        plan: over_paths::closeness,
    },
    Measure {
        name: "harmonic",
        aliases: &["harmonic_centrality", "harmonic_closeness"],
        about: "sum of one over the distances of the nodes that lead to a node",
        columns: &[nodes("harmonic", "harmonic closeness, not divided by n - 1")],
        renamed: SAMPLED,
        defaults: defaults::<Closeness>,
        plan: over_paths::harmonic,
    },
    Measure {
        name: "eccentricity",
        aliases: &[],
        about: "the largest distance of all nodes that lead to a node",
        columns: &[nodes("eccentricity", "length of the longest of the shortest paths to it")],
        renamed: SAMPLED,
        defaults: defaults::<Closeness>,
        plan: over_paths::eccentricity,
    },
    Measure {
        name: "core_number",
        aliases: &["coreness", "k_core", "core_numbers"],
        about: "the largest k so that the node is where all have k neighbors, in any direction",
        columns: &[nodes("core_number", "core number")],
        renamed: &[],
        defaults: none,
        plan: over_nodes::core_number,
    },
    Measure {
        name: "triangles",
        aliases: &["triangle_count"],
        about: "triples of nodes that are all neighbors, in any direction",
        columns: &[nodes("triangles", "number of triangles that the node is a corner of")],
        renamed: &[],
        defaults: none,
        plan: over_nodes::triangle_count,
    },
    Measure {
        name: "clustering",
        aliases: &["clustering_coefficient", "transitivity", "transitivity_local_undirected"],
        about: "the share of pairs of a node's neighbors that are neighbors, in any direction",
        columns: &[
            nodes("clustering", "clustering coefficient, from 0 to 1"),
            nodes("triangles", "number of triangles that the node is a corner of"),
        ],
        renamed: &[("weight", "weighted")],
        defaults: defaults::<Clustering>,
        plan: over_nodes::clustering,
    },
    Measure {
        name: "levels",
        aliases: &["topological_levels", "get_topological_levels"],
        about: "how many steps after the first nodes each node comes",
        columns: &[nodes("level", "level, from 0 on")],
        renamed: &[],
        defaults: defaults::<Levels>,
        plan: over_nodes::levels,
    },
    Measure {
        name: "cut_points",
        aliases: &["articulation_points", "bridges"],
        about: "nodes and edges without which the graph falls apart",
        columns: &[
            nodes("is_articulation", "whether taking the node away leaves more components"),
            edges("is_bridge", "whether taking the edge away leaves more components"),
        ],
        renamed: &[],
        defaults: none,
        plan: over_nodes::cuts,
    },
    Measure {
        name: "bfs",
        aliases: &["breadth_first_search", "bfs_edges"],
        about: "hops from some nodes",
        columns: &[DISTANCE, PREDECESSOR],
        renamed: SEARCHED,
        defaults: of_bfs,
        plan: over_paths::bfs,
    },
    Measure {
        name: "sssp",
        aliases: &["shortest_path", "shortest_paths", "shortest_path_length", "dijkstra"],
        about: "shortest paths by weight from some nodes",
        columns: &[DISTANCE, PREDECESSOR],
        renamed: SEARCHED,
        defaults: of_sssp,
        plan: over_paths::sssp,
    },
    Measure {
        name: "spanning_forest",
        aliases: &["minimum_spanning_tree", "spanning_tree", "minimum_spanning_forest"],
        about: "the cheapest edges that keep together what is together",
        columns: &[edges("in_forest", "whether the edge is one of them")],
        renamed: &[],
        defaults: of_forest,
        plan: over_paths::spanning_forest,
    },
    Measure {
        name: "louvain",
        aliases: &["community_multilevel", "multilevel"],
        about: "communities of high modularity, after Louvain",
        columns: &[COMMUNITY],
        renamed: &[("random_state", "seed"), ("threshold", "tolerance")],
        defaults: of_louvain,
        plan: communities::louvain,
    },
    Measure {
        name: "leiden",
        aliases: &["community_leiden"],
        about: "communities of high modularity that hold together, after Leiden",
        columns: &[COMMUNITY],
        renamed: &[("random_state", "seed"), ("max_iter", "max_iterations")],
        defaults: of_leiden,
        plan: communities::leiden,
    },
    Measure {
        name: "label_propagation",
        aliases: &["community_label_propagation"],
        about: "communities whose nodes agree with most of their neighbors",
        columns: &[COMMUNITY],
        renamed: &[("random_state", "seed")],
        defaults: of_label_propagation,
        plan: communities::label_propagation,
    },
    Measure {
        name: "degree_assortativity",
        aliases: &["degree_assortativity_coefficient", "assortativity_degree"],
        about: "whether edges join nodes of like degree",
        columns: &[],
        renamed: &[],
        defaults: none,
        plan: whole::by_degree,
    },
    Measure {
        name: "numeric_assortativity",
        aliases: &["numeric_assortativity_coefficient", "assortativity"],
        about: "whether edges join nodes of which a number is alike",
        columns: &[],
        renamed: &[],
        defaults: of_attribute,
        plan: whole::by_number,
    },
    Measure {
        name: "categorical_assortativity",
        aliases: &["attribute_assortativity_coefficient", "assortativity_nominal"],
        about: "whether edges join nodes of one category",
        columns: &[],
        renamed: &[],
        defaults: of_attribute,
        plan: whole::by_category,
    },
    Measure {
        name: "diameter",
        aliases: &[],
        about: "the longest of all shortest paths, directions forgotten, or bounds of it",
        columns: &[],
        renamed: &[],
        defaults: defaults::<Diameter>,
        plan: whole::diameter,
    },
    Measure {
        name: "density",
        aliases: &[],
        about: "the share of possible edges that are there",
        columns: &[],
        renamed: &[],
        defaults: none,
        plan: whole::of_density,
    },
    Measure {
        name: "reciprocity",
        aliases: &["overall_reciprocity"],
        about: "the share of edges whose reverse is there too",
        columns: &[],
        renamed: &[],
        defaults: none,
        plan: whole::of_reciprocity,
    },
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Arc;

    use arrow::array::{Array, ArrayRef, AsArray, Float64Array, StringArray};
    use arrow::datatypes::{Float64Type, UInt32Type};
    use arrow::record_batch::RecordBatch;
    use graph_core::{Coo, Graph};
    use serde_json::json;

    use super::super::{measure, run};
    use super::*;
    use crate::{Control, Error};

    /// Two triangles that share `c`, and `f` apart; ids are strings.
    fn graph() -> Graph {
        let ids: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "c", "d", "e", "f"]));
        let ages: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
        let nodes = RecordBatch::try_from_iter([("id", ids), ("age", ages)]).unwrap();
        let coo = Coo::new(
            6,
            vec![0, 1, 2, 2, 3, 4],
            vec![1, 2, 0, 3, 4, 2],
            Some(vec![1.0, 2.0, 3.0, 1.0, 1.0, 1.0]),
        )
        .unwrap();
        let edges = Graph::from_coo(coo.clone(), true).edges().clone();
        Graph::from_parts(nodes, edges, coo, true).unwrap()
    }

    fn needed(measure: &Measure) -> Value {
        match measure.name {
            "bfs" | "sssp" => json!({"sources": "a"}),
            "numeric_assortativity" => json!({"attribute": "age"}),
            "categorical_assortativity" => json!({"attribute": "id"}),
            // The largest eigenvalue is above 10 with these weights.
            "katz" => json!({"alpha": 0.05}),
            _ => Value::Null,
        }
    }

    #[test]
    fn no_name_means_two_measures() {
        let mut names = HashSet::new();
        for known in MEASURES {
            for name in known.names() {
                assert!(names.insert(name), "{name} is there twice");
                assert_eq!(measure(name).unwrap().name, known.name);
            }
        }
    }

    #[test]
    fn every_measure_gives_the_columns_it_says() {
        let graph = graph();
        for measure in MEASURES {
            let found = run(&graph, measure.name, &needed(measure), &Control::NONE).unwrap();
            let given = found.nodes.iter().map(|column| (column, 6));
            for ((name, values), length) in given.chain(found.edges.iter().map(|c| (c, 6))) {
                assert!(measure.columns.iter().any(|c| c.name == name), "{name} is not said");
                assert_eq!(values.len(), length, "{name}");
            }
            for column in measure.columns.iter().filter(|column| column.name != "edge_betweenness")
            {
                let over = match column.over {
                    Over::Nodes => &found.nodes,
                    Over::Edges => &found.edges,
                };
                assert!(over.iter().any(|(name, _)| name == column.name), "{}", column.name);
            }
            assert!(!found.summary.is_empty() || !measure.columns.is_empty());
        }
    }

    #[test]
    fn no_nodes_have_columns_too() {
        let nodes = graph().nodes().slice(0, 0);
        let coo = Coo::new(0, vec![], vec![], None).unwrap();
        let edges = Graph::from_coo(coo.clone(), true).edges().clone();
        let graph = Graph::from_parts(nodes, edges, coo, true).unwrap();
        for measure in MEASURES {
            let options = match measure.name {
                "bfs" | "sssp" => json!({"sources": []}),
                _ => needed(measure),
            };
            let found = run(&graph, measure.name, &options, &Control::NONE).unwrap();
            assert!(found.nodes.iter().chain(&found.edges).all(|(_, values)| values.is_empty()));
            let over_nodes = measure.columns.iter().any(|column| column.over == Over::Nodes);
            assert_eq!(over_nodes, !found.nodes.is_empty(), "{}", measure.name);
        }
    }

    /// All defaults, given by name, give the same as no options.
    #[test]
    fn defaults_can_be_given() {
        let graph = graph();
        for measure in MEASURES {
            let needed = needed(measure);
            let mut given = measure.options();
            given.extend(needed.as_object().cloned().unwrap_or_default());
            let plain = run(&graph, measure.name, &needed, &Control::NONE).unwrap();
            let named = run(&graph, measure.name, &given.into(), &Control::NONE).unwrap();
            assert_eq!((plain.nodes, plain.edges), (named.nodes, named.edges), "{}", measure.name);
            assert_eq!(plain.summary, named.summary);
        }
    }

    #[test]
    fn names_and_options_of_other_libraries_are_understood() {
        let graph = graph();
        let options = json!({"alpha": 0.5, "max_iter": 3, "personalization": {"f": 2.0}});
        let found = run(&graph, "PageRank", &options, &Control::NONE).unwrap();
        assert_eq!(found.nodes[0].1.as_primitive::<Float64Type>().value(5), 1.0);
        let found = run(&graph, "bfs", &json!({"start": ["d"]}), &Control::NONE).unwrap();
        let distances: Vec<_> = found.nodes[0].1.as_primitive::<UInt32Type>().iter().collect();
        assert_eq!(distances, [Some(3), Some(4), Some(2), Some(0), Some(1), None]);
        let before: Vec<_> = found.nodes[1].1.as_string::<i32>().iter().collect();
        assert_eq!(before, [Some("c"), Some("a"), Some("e"), None, Some("d"), None]);
    }

    /// Nodes in a cycle, whose edges have a column that no weights can be made of.
    fn signed(values: Vec<Option<f64>>) -> Graph {
        let n = values.len();
        let ends = (0..n as u32).map(|u| (u, (u + 1) % n as u32)).unzip();
        let coo = Coo::new(n, ends.0, ends.1, None).unwrap();
        let nodes = Graph::from_coo(coo.clone(), false).nodes().clone();
        let delta: ArrayRef = Arc::new(Float64Array::from(values));
        let kind: ArrayRef = Arc::new(StringArray::from(vec!["x"; n]));
        let edges = RecordBatch::try_from_iter([("delta", delta), ("kind", kind)]).unwrap();
        Graph::from_parts(nodes, edges, coo, false).unwrap()
    }

    #[test]
    fn a_column_may_have_the_weights_and_these_be_negative() {
        let graph = signed(vec![Some(-2.0), Some(0.5), Some(-0.25)]);
        let run = |name: &str, options| run(&graph, name, &options, &Control::NONE);
        let options = json!({"weight_column": "delta"});
        let found = run("degree", options.clone()).unwrap();
        let (_, sums) = found.nodes.iter().find(|(name, _)| name == "weighted_degree").unwrap();
        assert_eq!(sums.as_primitive::<Float64Type>().values()[..], [-2.25, -1.5, 0.25]);
        let found = run("spanning_forest", options.clone()).unwrap();
        let taken: Vec<_> = found.edges[0].1.as_boolean().iter().flatten().collect();
        assert_eq!((taken, &found.summary["weight"]), (vec![true, false, true], &json!(-2.25)));
        let found = run("spanning_forest", json!({"weight_column": "delta", "maximum": true}));
        assert_eq!(found.unwrap().summary["weight"], 0.25);

        let refused =
            |column: &str| run("degree", json!({"weight_column": column})).unwrap_err().to_string();
        assert_eq!(refused("dleta"), "there is no column `dleta`; did you mean `delta`?");
        assert_eq!(
            refused("kind"),
            "option `weight_column`: column `kind` is of text, not of numbers"
        );
        for value in [None, Some(f64::INFINITY)] {
            let graph = signed(vec![Some(1.0), value]);
            let error = measure("degree").unwrap().plan(&graph, &options).unwrap_err();
            let said = "column `delta` has no finite number in row 1, counted from 0";
            assert_eq!(error.to_string(), format!("option `weight_column`: {said}"));
        }
        let graph = signed(vec![Some(1e308); 3]);
        for name in ["degree", "spanning_forest"] {
            let plan = measure(name).unwrap().plan(&graph, &options).unwrap();
            let error = plan.run(&Control::NONE).unwrap_err();
            assert!(matches!(error, Error::Overflow { .. }), "{name}: {error}");
        }
        for name in ["degree", "spanning_forest"] {
            assert!(measure(name).unwrap().check(&options).is_ok(), "{name}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_before_work_begins() {
        let graph = graph();
        let problem = |name: &str, options: Value| {
            let plan = measure(name).and_then(|measure| measure.plan(&graph, &options));
            plan.unwrap_err().to_string()
        };
        assert_eq!(
            problem("page_rnk", Value::Null),
            "there is no measure `page_rnk`; did you mean `page_rank`?"
        );
        assert_eq!(
            problem("page_rank", json!({"dampin": 0.5})),
            "there is no option `dampin`; did you mean `damping`?"
        );
        assert_eq!(
            problem("page_rank", json!({"damping": "much", "tolerance": 1e-3})),
            "option `damping`: it should be a number, not \"much\""
        );
        assert_eq!(problem("bfs", json!({"sources": ["a", "z"]})), "there is no node `z`");
        assert_eq!(
            problem("bfs", Value::Null),
            "option `sources`: is needed: ids of the nodes to start from"
        );
        assert_eq!(
            problem("numeric_assortativity", json!({"attribute": "ages"})),
            "there is no column `ages`; did you mean `age`?"
        );
        assert_eq!(
            problem("numeric_assortativity", json!({"attribute": "id"})),
            "option `attribute`: is a column of text, not of numbers"
        );
        assert_eq!(problem("degree", json!([1])), "option `options`: [1] is not an object");
        assert_eq!(
            problem("page_rank", json!({"tol": 1e-3, "tolerance": 1e-3})),
            "option `tolerance`: is given twice, by two names"
        );
        let check = |options: Value| measure("bfs").unwrap().check(&options);
        assert!(check(json!({"sources": ["z"]})).is_ok());
        assert!(check(json!({"sources": ["z"], "direction": "up"})).is_err());
        assert!(check(json!({"source": "z", "max_distance": -1})).is_err());
        let check = |name: &str, options: Value| {
            measure(name).unwrap().check(&options).map_err(|error| error.to_string())
        };
        for (name, options, option) in [
            ("page_rank", json!({"damping": 2}), "damping"),
            ("page_rank", json!({"personalization": ["z"], "tolerance": 0}), "tolerance"),
            ("page_rank", json!({"personalization": {"z": -1}}), "personalization"),
            ("sssp", json!({"sources": ["z"], "delta": 0}), "delta"),
            ("betweenness", json!({"samples": 0}), "samples"),
            ("closeness", json!({"samples": 0}), "samples"),
            ("katz", json!({"alpha": -1}), "alpha"),
            ("hits", json!({"tol": 0}), "tolerance"),
            ("louvain", json!({"resolution": -1}), "resolution"),
            ("leiden", json!({"randomness": -1}), "randomness"),
            ("label_propagation", json!({"tolerance": -1}), "tolerance"),
        ] {
            let error = check(name, options).unwrap_err();
            assert!(error.contains(option) && error.contains("must be"), "{name}: {error}");
        }
        assert_eq!(check("numeric_assortativity", json!({"attribute": "age"})), Ok(()));
        for measure in MEASURES {
            assert_eq!(check(measure.name, needed(measure)), Ok(()), "{}", measure.name);
        }
        let late = run(&graph, "page_rank", &json!({"damping": 2}), &Control::NONE).unwrap_err();
        assert!(matches!(late, Error::BadOption { option: "damping", .. }), "{late}");
    }
}
