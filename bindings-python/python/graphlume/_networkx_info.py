"""What NetworkX asks about the backend when it is imported: names and sentences, and nothing that takes time."""

from __future__ import annotations

from typing import Any

#: For each function of NetworkX that has a twin here: what it takes, or how it differs.
FUNCTIONS = {
    "adamic_adar_index": "Simple undirected graphs without self-loops. Numbers are floats, also where nothing is in common.",
    "ancestors": "",
    "average_clustering": "Undirected graphs, all nodes, without weights.",
    "betweenness_centrality": "All nodes as sources, no endpoints. Weights must be above 0 and exact in 32 bits.",
    "closeness_centrality": "All nodes, `wf_improved`. Distances must be above 0 and exact in 32 bits.",
    "clustering": "Undirected graphs, all nodes, without weights.",
    "connected_components": "",
    "core_number": "Undirected graphs.",
    "degree_centrality": "Only chosen by itself where the graph is converted already.",
    "descendants": "",
    "descendants_at_distance": "",
    "diameter": "Bounds are not asked for, nor are eccentricities given.",
    "eccentricity": "All nodes, no `sp`. Weights must be exact in 32 bits.",
    "edge_betweenness_centrality": "No multigraphs, all nodes as sources. Weights must be above 0 and exact in 32 bits.",
    "eigenvector_centrality": "No `nstart`, weights at least 0.",
    "forceatlas2_layout": "Two dimensions, all positions given or none. Nodes lie as Gephi's physics has them, which NetworkX's "
    "differ from; the same seed gives the same layout.",
    "harmonic_centrality": "All nodes. Distances must be above 0 and exact in 32 bits.",
    "hits": "No `nstart`, normalized, weights at least 0. Where leading singular vectors are several, another of them.",
    "in_degree_centrality": "Only chosen by itself where the graph is converted already.",
    "is_connected": "",
    "is_strongly_connected": "",
    "is_weakly_connected": "",
    "jaccard_coefficient": "Simple undirected graphs without self-loops. Numbers are floats, also where nothing is in common.",
    "k_core": "Undirected graphs, no `core_number` given.",
    "k_corona": "Undirected graphs, no `core_number` given.",
    "k_crust": "Undirected graphs, no `core_number` given.",
    "k_shell": "Undirected graphs, no `core_number` given.",
    "katz_centrality": "One `beta` above 0, no `nstart`, weights at least 0.",
    "leiden_communities": "Undirected graphs, weights at least 0. NetworkX has none of its own.",
    "louvain_communities": "Undirected graphs, no `max_level`, weights at least 0. Other random numbers, so other communities of like modularity.",
    "maximum_spanning_edges": "Kruskal's. Weights must be at least 0 and exact in 32 bits.",
    "maximum_spanning_tree": "Kruskal's. Weights must be at least 0 and exact in 32 bits.",
    "minimum_spanning_edges": "Kruskal's. Weights must be at least 0 and exact in 32 bits.",
    "minimum_spanning_tree": "Kruskal's. Weights must be at least 0 and exact in 32 bits.",
    "multi_source_dijkstra_path_length": "Weights must be at least 0 and exact in 32 bits.",
    "node_connected_component": "",
    "number_connected_components": "",
    "number_strongly_connected_components": "",
    "number_weakly_connected_components": "",
    "out_degree_centrality": "Only chosen by itself where the graph is converted already.",
    "pagerank": "No `nstart`, no `dangling`, `alpha` at least 0 and below 1, weights at least 0.",
    "resource_allocation_index": "Simple undirected graphs without self-loops. Numbers are floats, also where nothing is in common.",
    "single_source_dijkstra_path_length": "Weights must be at least 0 and exact in 32 bits.",
    "single_source_shortest_path_length": "In the order of distance, then of nodes.",
    "single_target_shortest_path_length": "In the order of distance, then of nodes.",
    "transitivity": "Undirected graphs.",
    "triangles": "All nodes.",
    "weakly_connected_components": "",
}


def info() -> dict[str, Any]:
    """The entry point ``networkx.backend_info``."""
    return {
        "backend_name": "graphlume",
        "project": "graphlume",
        "package": "graphlume",
        "url": "https://github.com/graphlume/graphlume",
        "short_summary": "In parallel on the processor, in Rust.",
        "functions": {name: {"additional_docs": about} if about else {} for name, about in FUNCTIONS.items()},
    }


#: Tests of NetworkX that fail here, each with the reason.
EXPECTED_FAILURES = dict.fromkeys(
    (
        "test_louvain.py::test_karate_club_partition",
        "test_louvain.py::test_undirected_selfloops",
        "test_louvain.py::test_none_weight_param",
    ),
    "a seed stands for other random numbers here, and so for other communities",
)
