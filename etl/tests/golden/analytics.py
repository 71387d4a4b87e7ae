#!/usr/bin/env python3
"""Writes analytics.json: what networkx measures on real graphs, and on one with directions and weights.

    python3 -m pip install networkx==3.6.1 numpy==2.4.6 scipy==1.17.1
    python3 etl/tests/golden/analytics.py

Nodes are those of every n-th number where a graph is large. Options are ours: the test gives them
to the measure of that name.
"""

import json
import pathlib
import random

import networkx as nx
import numpy as np
import scipy

assert (nx.__version__, np.__version__, scipy.__version__) == ("3.6.1", "2.4.6", "1.17.1")

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parent.parent.parent / "tests" / "data" / "graphs"
TIGHT = {"tolerance": 1e-12, "max_iterations": 100_000}


def real(name):
    """An undirected graph of the repository, whose nodes are numbered from 0."""
    lines = (DATA / f"{name}.csv").read_text().split()[1:]
    edges = [tuple(map(int, line.split(","))) for line in lines]
    graph = nx.Graph()
    graph.add_nodes_from(range(1 + max(max(edge) for edge in edges)))
    graph.add_edges_from(edges)
    return graph, [[u, v, 1] for u, v in edges]


def made():
    """40 nodes, 150 directed edges with weights, two of them self-loops; some nodes lead nowhere."""
    draw = random.Random(7)
    graph = nx.DiGraph()
    graph.add_nodes_from(range(40))
    while graph.number_of_edges() < 148:
        u, v = draw.randrange(36), draw.randrange(40)
        if u != v:
            graph.add_edge(u, v, weight=draw.randrange(1, 16) / 4)
    for u in (3, 11):
        graph.add_edge(u, u, weight=1.5)
    return graph, [[u, v, data["weight"]] for u, v, data in graph.edges(data=True)]


def measured(graph, weighted, spectral):
    """Names of measures, their options, a column of the result, and networkx's values."""
    weight = "weight" if weighted else None
    tight = dict(max_iter=10_000, tol=1e-14)
    w = {"weighted": weighted}
    start = {1: 2.0, 4: 1.0}
    yield "page_rank", TIGHT | w, "page_rank", nx.pagerank(graph, weight=weight, **tight)
    yield (
        "page_rank",
        TIGHT | w | {"damping": 0.6, "personalization": {str(u): x for u, x in start.items()}},
        "page_rank",
        nx.pagerank(graph, alpha=0.6, personalization=start, weight=weight, **tight),
    )
    if spectral:
        # Weights are always used by networkx here.
        hubs, authorities = nx.hits(graph, max_iter=10_000, tol=1e-14)
        yield "hits", TIGHT, "hub", hubs
        yield "hits", TIGHT, "authority", authorities
        yield (
            "eigenvector", TIGHT | w, "eigenvector",
            nx.eigenvector_centrality(graph, weight=weight, **tight),
        )
    yield (
        "katz", TIGHT | w | {"alpha": 0.01}, "katz",
        nx.katz_centrality(graph, alpha=0.01, weight=weight, **tight),
    )
    yield "betweenness", w, "betweenness", nx.betweenness_centrality(graph, weight=weight)
    yield (
        "betweenness", w | {"normalized": False}, "betweenness",
        nx.betweenness_centrality(graph, weight=weight, normalized=False),
    )
    yield "closeness", w, "closeness", nx.closeness_centrality(graph, distance=weight)
    yield "harmonic", w, "harmonic", nx.harmonic_centrality(graph, distance=weight)
    degrees = dict(graph.degree())
    yield "degree", {}, "degree", degrees
    plain = nx.Graph(graph)
    plain.remove_edges_from(list(nx.selfloop_edges(plain)))
    yield "core_number", {}, "core_number", nx.core_number(plain)
    yield "triangles", {}, "triangles", nx.triangles(plain)
    yield "clustering", {}, "clustering", nx.clustering(plain)
    cuts = set(nx.articulation_points(plain))
    yield "cut_points", {}, "is_articulation", {u: float(u in cuts) for u in plain}
    if weighted:
        lengths = nx.single_source_dijkstra_path_length(graph, 0)
        yield "sssp", {"sources": 0}, "distance", {u: lengths.get(u) for u in graph}
    lengths = nx.single_source_shortest_path_length(graph, 0)
    yield "bfs", {"sources": 0}, "distance", {u: lengths.get(u) for u in graph}


def summaries(graph):
    """Names of measures, and networkx's numbers of the whole graph."""
    plain = nx.Graph(graph)
    plain.remove_edges_from(list(nx.selfloop_edges(plain)))
    yield "clustering", "average", nx.average_clustering(plain)
    yield "clustering", "global", nx.transitivity(plain)
    yield "density", "density", nx.density(graph)
    yield "degree_assortativity", "assortativity", nx.degree_assortativity_coefficient(graph)
    largest = plain.subgraph(max(nx.connected_components(plain), key=len))
    yield "diameter", "lower", nx.diameter(largest)
    yield "diameter", "upper", nx.diameter(largest)
    yield "cut_points", "n_bridges", sum(1 for _ in nx.bridges(plain))
    yield "weak_components", "n_components", nx.number_connected_components(plain)
    if graph.is_directed():
        yield (
            "strong_components", "n_components",
            nx.number_strongly_connected_components(graph),
        )
        loopless = nx.DiGraph(graph)
        loopless.remove_edges_from(list(nx.selfloop_edges(loopless)))
        yield "reciprocity", "reciprocity", nx.overall_reciprocity(loopless)
    else:
        forest = nx.minimum_spanning_edges(graph, data=True)
        yield "spanning_forest", "weight", sum(data.get("weight", 1) for *_, data in forest)


def main():
    out = {"versions": {"networkx": nx.__version__}, "graphs": []}
    for name, step in [("made", 1), ("karate", 1), ("dolphins", 4), ("netscience", 60), ("polblogs", 60)]:
        graph, edges = made() if name == "made" else real(name)
        nodes = list(range(0, len(graph), step))
        entry = {"name": name, "directed": graph.is_directed(), "nodes": nodes}
        if name == "made":
            entry["edges"] = edges
        entry["columns"] = [
            [measure, options, column, [values[u] for u in nodes]]
            for measure, options, column, values in measured(
                # The leading eigenvalues of netscience's components are close together.
                graph, name == "made", name != "netscience"
            )
        ]
        entry["summaries"] = [list(row) for row in summaries(graph)]
        out["graphs"].append(entry)
    text = json.dumps(out).replace('], ["', '],\n["').replace('{"name"', '\n{"name"')
    (HERE / "analytics.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
