#!/usr/bin/env python3
"""Writes features.json: similarities by networkx 3.6.1, neighbors and components by scikit-learn
1.9.1, curves by umap-learn 0.5.12.

    python3 etl/tests/golden/features.py
"""

import json
import pathlib
import random
import warnings

warnings.filterwarnings("ignore")
import networkx as nx
import numpy as np
import sklearn
import umap
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors
from umap.umap_ import find_ab_params

assert nx.__version__ == "3.6.1", nx.__version__
assert sklearn.__version__ == "1.9.1", sklearn.__version__
assert umap.__version__ == "0.5.12", umap.__version__

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
        [d, s, *map(float, find_ab_params(s, d))] for d, s in [(0.1, 1.0), (0.0, 1.0), (0.5, 2.0)]
    ],
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text("{\n" + ",\n".join(f'"{k}": {json.dumps(v)}' for k, v in out.items()) + "\n}\n")
