#!/usr/bin/env python3
"""Writes community.json: modularity, coverage and conductance as networkx 3.6.1 computes them.

    python3 etl/tests/golden/community.py
"""

import json
import pathlib
import random

import networkx as nx

assert nx.__version__ == "3.6.1", nx.__version__

random.seed(4)
cases = []
for n, m in [(5, 6), (12, 30), (34, 78), (40, 300)]:
    for weighted in [False, True]:
        edges = {}
        while len(edges) < m:
            u, v = random.randrange(n), random.randrange(n)
            # Quarters are exact in binary.
            edges[min(u, v), max(u, v)] = random.randrange(1, 20) / 4 if weighted else 1.0
        graph = nx.Graph()
        graph.add_nodes_from(range(n))
        graph.add_weighted_edges_from((u, v, w) for (u, v), w in edges.items())
        labels = [random.randrange(4) for _ in range(n)]
        parts = [{u for u in range(n) if labels[u] == label} for label in sorted(set(labels))]
        inside = sum(w for (u, v), w in edges.items() if labels[u] == labels[v])
        cases.append(
            {
                "n": n,
                "sources": [u for u, _ in edges],
                "targets": [v for _, v in edges],
                "weights": list(edges.values()),
                "labels": labels,
                "modularity": nx.community.modularity(graph, parts),
                "modularity_2": nx.community.modularity(graph, parts, resolution=2.0),
                "coverage": inside / sum(edges.values()),
                "conductance": [nx.conductance(graph, part, weight="weight") for part in parts],
            }
        )
out = pathlib.Path(__file__).with_suffix(".json")
out.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
