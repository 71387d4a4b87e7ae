"""Makes quality.csv and the positions beside it, which tests/quality.rs checks the measures against.

usage: quality.py GRAPHS, where GRAPHS is the folder that holds karate.csv and the others.

Each component is drawn by two eigenvectors of its Laplacian and some noise, bad enough to make
crossings, and components lie in rows. The measures are computed densely, from their definitions,
with numpy and scipy; trustworthiness also by scikit-learn itself. scikit-learn leaves the order of
equally distant nodes to numpy's unstable sort, whose result differs between processors, so what
can be compared is its mean over many random orders of the nodes; column error is the standard
error of that mean, and 0 elsewhere.
"""
import csv
import pathlib
import sys

import numpy as np
import scipy
import sklearn
from scipy.sparse import csgraph
from scipy.spatial.distance import cdist
from sklearn.manifold import trustworthiness

assert sklearn.__version__ == "1.9.1", sklearn.__version__
assert scipy.__version__ == "1.17.1", scipy.__version__

GRAPHS = ["karate", "dolphins", "lesmis", "football", "polbooks", "netscience"]
K = 5


def read_edges(path):
    with open(path) as file:
        rows = csv.reader(file)
        assert next(rows) == ["source", "target"]
        return np.array([[int(u), int(v)] for u, v in rows])


def lay_out(adjacency, rng):
    n_components, labels = csgraph.connected_components(adjacency)
    side = int(np.ceil(np.sqrt(n_components)))
    at = np.zeros((len(adjacency), 2))
    for label in range(n_components):
        nodes = np.flatnonzero(labels == label)
        block = adjacency[np.ix_(nodes, nodes)]
        laplacian = np.diag(block.sum(1) + np.linspace(0.01, 0.02, len(nodes))) - block
        _, vectors = np.linalg.eigh(laplacian)
        drawn = vectors[:, 1:3] if len(nodes) > 2 else vectors
        drawn = drawn / np.abs(drawn).max() + rng.normal(scale=0.05, size=drawn.shape)
        at[nodes] = 3 * np.array(divmod(label, side))
        at[nodes, : drawn.shape[1]] += drawn
    return np.round(100 * at, 3)


def trust_over_ties(adjacency, at):
    n = len(at)
    hidden = np.rint(cdist(adjacency, adjacency, "sqeuclidean"))
    np.fill_diagonal(hidden, np.inf)
    shown = cdist(at, at)
    np.fill_diagonal(shown, np.inf)
    total = 0
    for row, near in zip(hidden, np.argsort(shown, axis=1)[:, :K]):
        for node in near:
            first, last = (row < row[node]).sum() + 1, (row <= row[node]).sum()
            total += np.maximum(np.arange(first, last + 1) - K, 0).mean()
    return 1 - total * 2 / (n * K * (2 * n - 3 * K - 1))


def trust_of_scikit_learn(adjacency, at, rng):
    values = []
    for _ in range(200 if len(at) < 500 else 20):
        order = rng.permutation(len(at))
        values.append(trustworthiness(adjacency[np.ix_(order, order)], at[order], n_neighbors=K))
    return np.mean(values), np.std(values, ddof=1) / np.sqrt(len(values))


def stress(adjacency, at):
    upper = np.triu_indices(len(at), 1)
    hops = csgraph.shortest_path(adjacency, unweighted=True)[upper]
    drawn = cdist(at, at)[upper][np.isfinite(hops)]
    hops = hops[np.isfinite(hops)]
    scale = (drawn / hops).sum() / (drawn**2 / hops**2).sum()
    return ((scale * drawn - hops) ** 2 / hops**2).mean()


def neighborhood(adjacency, at):
    shown = cdist(at, at)
    np.fill_diagonal(shown, np.inf)
    overlaps = []
    for row, distances in zip(adjacency, shown):
        linked = set(np.flatnonzero(row))
        if linked:
            near = set(np.argsort(distances)[: len(linked)])
            overlaps.append(len(near & linked) / len(near | linked))
    return np.mean(overlaps)


def crossings(edges, at):
    def side(u, v, w):
        a, b = v - u, w - u
        return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]

    p, q = at[edges[:, 0]][:, None], at[edges[:, 1]][:, None]
    r, s = at[edges[:, 0]][None], at[edges[:, 1]][None]
    shared = (edges[:, None, :, None] == edges[None, :, None, :]).any(axis=(2, 3))
    cross = (side(p, q, r) * side(p, q, s) < 0) & (side(r, s, p) * side(r, s, q) < 0) & ~shared
    return cross.mean()


def main():
    graphs, here = pathlib.Path(sys.argv[1]), pathlib.Path(__file__).parent
    with open(here / "quality.csv", "w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["graph", "measure", "value", "error"])
        for name in GRAPHS:
            rng = np.random.default_rng(0)
            edges = read_edges(graphs / f"{name}.csv")
            n = edges.max() + 1
            adjacency = np.zeros((n, n))
            adjacency[edges[:, 0], edges[:, 1]] = adjacency[edges[:, 1], edges[:, 0]] = 1
            at = lay_out(adjacency, rng)
            np.savetxt(here / f"{name}-positions.csv", at, "%.3f", ",", header="x,y", comments="")
            at = at.astype(np.float32).astype(float)
            lengths = np.linalg.norm(at[edges[:, 0]] - at[edges[:, 1]], axis=1)
            values = {
                "trustworthiness": (trust_over_ties(adjacency, at), 0),
                "scikit-learn trustworthiness": trust_of_scikit_learn(adjacency, at, rng),
                "stress": (stress(adjacency, at), 0),
                "neighborhood preservation": (neighborhood(adjacency, at), 0),
                "edge length variation": (lengths.std() / lengths.mean(), 0),
                "crossing fraction": (crossings(edges, at), 0),
            }
            for measure, (value, error) in values.items():
                table.writerow([name, measure, repr(float(value)), repr(float(error))])


if __name__ == "__main__":
    main()
