#!/usr/bin/env python3
"""Writes features.json: similarities by networkx 3.6.1, neighbors and components by scikit-learn
1.9.1, and the curves of UMAP by scipy 1.17.1, as umap-learn fits them.

    python3 etl/tests/golden/features.py
"""

import json
import pathlib
import random

import networkx as nx
import numpy as np
import sklearn
import scipy
from scipy.optimize import curve_fit
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

assert nx.__version__ == "3.6.1", nx.__version__
assert sklearn.__version__ == "1.9.1", sklearn.__version__
assert scipy.__version__ == "1.17.1", scipy.__version__

random.seed(6)
graph = nx.gnm_random_graph(25, 80, seed=3)
pairs = [(u, v) for u in range(25) for v in range(25) if u != v][::7]
measures = {
    "jaccard": nx.jaccard_coefficient,
    "adamic_adar": nx.adamic_adar_index,
    "resource_allocation": nx.resource_allocation_index,
    "preferential_attachment": nx.preferential_attachment,
}
# Numbers of single precision; no two distances are equal.
rows = np.random.default_rng(5).normal(size=(40, 6)) * [1, 2, 3, 4, 5, 6]
rows = rows.astype(np.float32).astype(np.float64)
nearest = {}
for metric in ["euclidean", "cosine"]:
    found = NearestNeighbors(n_neighbors=5, algorithm="brute", metric=metric).fit(rows).kneighbors()
    nearest[metric] = {"distances": found[0].tolist(), "neighbors": found[1].tolist()}
pca = PCA(3, svd_solver="full").fit(rows)


def curve(min_distance, spread):
    """a and b of 1 / (1 + a d^2b)."""
    x = np.linspace(0, 3 * spread, 300)
    y = np.where(x < min_distance, 1.0, np.exp(-(x - min_distance) / spread))
    return curve_fit(lambda x, a, b: 1 / (1 + a * x ** (2 * b)), x, y)[0]


out = {
    "sources": [u for u, _ in graph.edges],
    "targets": [v for _, v in graph.edges],
    "pair_sources": [u for u, _ in pairs],
    "pair_targets": [v for _, v in pairs],
    "scores": {name: [s for *_, s in f(graph, pairs)] for name, f in measures.items()},
    "n_columns": rows.shape[1],
    "values": rows.flatten().tolist(),
    "nearest": nearest,
    "variances": pca.explained_variance_.tolist(),
    "components": pca.components_.tolist(),
    "curves": [
        [d, s, *map(float, curve(d, s))] for d, s in [(0.1, 1.0), (0.0, 1.0), (0.5, 2.0)]
    ],
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text("{\n" + ",\n".join(f'"{k}": {json.dumps(v)}' for k, v in out.items()) + "\n}\n")
