//! What options of measures mean, in a sentence each.

/// Options that mean something of their own in some measures; these come first.
const OF_ONE: &[(&str, &[&str], &str)] = &[
    (
        "tolerance",
        &["page_rank"],
        "stop when the ranks of all nodes together change by less, above 0; ranks add up to 1",
    ),
    (
        "tolerance",
        &["hits"],
        "stop when the hub scores of all nodes together change by less, above 0; they add up to 1",
    ),
    (
        "tolerance",
        &["eigenvector"],
        "stop when the entries of the vector together change by less, above 0",
    ),
    (
        "tolerance",
        &["katz"],
        "stop when all values together change by less than this share of their sum, above 0",
    ),
    (
        "tolerance",
        &["louvain", "leiden"],
        "a level ends after a round that has raised modularity by less, all after an iteration that has",
    ),
    (
        "tolerance",
        &["label_propagation"],
        "end after a round in which no more than this share of the nodes has changed",
    ),
    (
        "max_iterations",
        &["louvain", "leiden"],
        "how often it starts again at the nodes with the communities it has found, at most",
    ),
    (
        "weighted",
        &["betweenness", "edge_betweenness"],
        "whether weights are lengths, if the graph has weights; they must be above 0 then",
    ),
    (
        "weighted",
        &["closeness", "harmonic", "eccentricity"],
        "whether weights are lengths, if the graph has weights",
    ),
    (
        "weighted",
        &["clustering"],
        "whether triangles count by their weights, if the graph has weights",
    ),
    (
        "weighted",
        &["page_rank"],
        "whether a walk prefers edges by their weight, if the graph has weights",
    ),
    ("normalized", &["katz"], "whether to scale the result to length 1"),
    (
        "direction",
        &["closeness", "harmonic", "eccentricity"],
        "which way paths follow edges on their way to a node: forward, backward or both",
    ),
];

const OF_ALL: &[(&str, &str)] = &[
    ("alpha", "what an edge more in a walk costs, above 0"),
    ("attribute", "the node column to compare; it must be given"),
    ("beta", "what every node has of its own, above 0"),
    ("cycles", "what to do about cycles: break them, or refuse them"),
    ("damping", "chance to follow an edge rather than to start anew, at least 0 and below 1"),
    ("delta", "width of a bucket of lengths, above 0; null for one that fits the weights"),
    ("direction", "which way edges are followed: forward, backward or both"),
    ("edges", "whether to measure edges too"),
    ("max_distance", "go no farther than so many hops; null for as far as there are nodes"),
    ("max_iterations", "stop after so many iterations"),
    ("max_levels", "how often the graph is contracted in an iteration, at most"),
    ("max_rounds", "rounds over the nodes, at most"),
    ("max_searches", "end with bounds after so many searches; null for no end"),
    ("maximum", "whether to take the largest weights"),
    ("merge", "weight of two edges in opposite directions: sum, max, min, or unit for 1"),
    ("normalized", "whether to divide by the number of pairs"),
    ("personalization", "where walks start: ids with weights above 0; null for all nodes alike"),
    ("precision", "numbers that ranks are gathered in: auto, single or double"),
    ("randomness", "how readily a node joins a part that is not the best; 0 always takes the best"),
    ("resolution", "above 1 there are more and smaller communities, below 1 fewer and larger ones"),
    ("samples", "number of random nodes that paths start from; null for all, which is exact"),
    ("seed", "what chance begins with"),
    ("sources", "ids of the nodes to start from; they must be given"),
    (
        "weight_column",
        "the edge column that has the weights, which may be below 0; null for those of the graph",
    ),
    ("weighted", "whether edges count by their weight, if the graph has weights"),
];

/// What the option `option` of the measure `measure` means.
pub(super) fn about(measure: &str, option: &str) -> Option<&'static str> {
    let of_one = OF_ONE.iter().find(|(name, of, _)| *name == option && of.contains(&measure));
    of_one
        .map(|(.., about)| *about)
        .or_else(|| OF_ALL.iter().find(|(name, _)| *name == option).map(|(_, about)| *about))
}

#[cfg(test)]
mod tests {
    use super::super::MEASURES;
    use super::*;

    #[test]
    fn every_option_is_explained_and_no_other() {
        let mut used = Vec::new();
        for measure in MEASURES {
            for (option, _) in measure.options() {
                let about = about(measure.name, &option);
                used.push(about.unwrap_or_else(|| panic!("{} of {}", option, measure.name)));
            }
        }
        let texts = OF_ONE.iter().map(|(.., text)| text).chain(OF_ALL.iter().map(|(_, text)| text));
        for text in texts {
            assert!(used.contains(text), "nothing is explained by `{text}`");
        }
        for (_, measures, _) in OF_ONE {
            let known = |name: &&str| MEASURES.iter().any(|measure| measure.name == *name);
            assert!(measures.iter().all(known), "{measures:?}");
        }
    }
}
