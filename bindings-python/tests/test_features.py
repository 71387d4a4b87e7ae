"""From numbers of nodes to graphs and back, against scikit-learn, networkx and the graphs themselves."""

import networkx as nx
import numpy as np
import polars as pl
import pytest
from sklearn.neighbors import NearestNeighbors

import graphlume as gl


def two_groups(n=60, d=3):
    """Numbers of nodes in two groups far apart, on a ring that joins both."""
    random = np.random.default_rng(4)
    numbers = random.normal(size=(n, d)) + 50.0 * (np.arange(n) % 2)[:, None]
    return gl.Graph([(f"n{at}", f"n{(at + 1) % n}") for at in range(n)]), numbers


def rows(graph):
    """Ends of edges as pairs of rows."""
    return list(zip(*graph.edge_index.tolist()))


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("approximate", [False, True])
def test_nearest_neighbors_are_those_of_scikit_learn(metric, approximate):
    graph, _ = two_groups()
    numbers = np.random.default_rng(7).normal(size=(60, 3)).astype(np.float32)
    near = graph.nearest_neighbors(numbers, k=4, distance=metric, approximate=approximate)
    expected = NearestNeighbors(n_neighbors=4, metric=metric).fit(numbers).kneighbors()
    assert near.is_directed and near.weights is None and near.ids.tolist() == graph.ids.tolist()
    source, target = near.edge_index.reshape(2, -1, 4)
    assert (source == np.arange(60)[:, None]).all()
    # A hierarchy of small worlds may miss a few.
    assert (target == expected[1]).mean() >= (0.95 if approximate else 1.0)
    found = near.edges["distance"].reshape(-1, 4)
    assert np.abs(found - expected[0])[target == expected[1]].max() < 1e-5


def test_features_are_columns_lists_or_an_array():
    graph, numbers = two_groups()
    expected = graph.nearest_neighbors(numbers, k=3)
    columns = {name: numbers[:, at] for at, name in enumerate("abx")}
    named = graph.with_nodes(word=["w"] * 60, **columns)
    lists = graph.with_nodes(vector=pl.Series(numbers.tolist()))
    for found in (
        named.nearest_neighbors(["a", "b", "x"], k=3),
        lists.nearest_neighbors("vector", k=3),
        graph.nearest_neighbors(pl.DataFrame(columns), k=3),
        gl.Graph(graph.edges, named.nodes).nearest_neighbors(["a", "b", "x"], k=3),
    ):
        assert rows(found) == rows(expected)
    # Where nodes lie is no feature of theirs unless it is said.
    assert rows(named.nearest_neighbors(k=3)) == rows(graph.nearest_neighbors(numbers[:, :2], k=3))
    assert named.nearest_neighbors(k=3).nodes["word"][0] == "w"
    for call, text in [
        (lambda: graph.umap(), "nodes have no columns of numbers"),
        (lambda: named.umap("c"), "`c`"),
        (lambda: named.umap("word"), "`word` is of type .*, but features are numbers"),
        (lambda: graph.umap(numbers[:5]), r"shape \(5, 3\), but \(60, d\) is needed"),
        (lambda: graph.umap(numbers[:, 0]), r"shape \(60,\)"),
        (lambda: graph.umap([["a"]] * 60), "names of columns, or numbers of shape"),
        (lambda: graph.umap(np.where(numbers > 50, np.nan, numbers)), "no finite number in row"),
        (lambda: graph.umap(numbers, n_neighbors=1), "n_neighbors is 1, but it must be at least 2"),
        (lambda: graph.umap(numbers, distance="manhattan"), "`manhattan`; there are `euclidean`"),
        (lambda: graph.nearest_neighbors(numbers, k=0), "k is 0"),
        (lambda: graph.nearest_neighbors(numbers, seed=1), "`seed` is for what is approximate"),
    ]:
        with pytest.raises(gl.InputError, match=text):
            call()


def test_umap_puts_like_nodes_together():
    graph, numbers = two_groups()
    placed = graph.umap(numbers, n_neighbors=8, seed=3)
    assert rows(placed) == rows(graph) and placed.positions.dtype == np.float32
    centers = [placed.positions[at::2].mean(axis=0) for at in (0, 1)]
    widths = [placed.positions[at::2].std(axis=0).max() for at in (0, 1)]
    assert np.linalg.norm(centers[0] - centers[1]) > 2 * max(widths)
    assert np.array_equal(placed.positions, graph.umap(numbers, n_neighbors=8, seed=3).positions)
    assert not np.array_equal(placed.positions, graph.umap(numbers, n_neighbors=8, seed=4).positions)
    assert placed.plot(width=64, height=64).png().startswith(b"\x89PNG")
    # The verb of tables is the same.
    table = gl.Table({"a": numbers[:, 0], "b": numbers[:, 1], "c": numbers[:, 2]}).umap("a", "b", "c", n_neighbors=8, seed=3)
    assert np.array_equal(np.stack([table["x"], table["y"]], axis=1), placed.positions)


@pytest.mark.parametrize("options", [{}, {"return_parameter": 0.25, "in_out_parameter": 4.0}], ids=["plain", "node2vec"])
def test_walks_follow_edges(random_graphs, options):
    for theirs in random_graphs:
        graph = gl.Graph(theirs)
        walks = graph.random_walks(length=7, walks_per_node=3, seed=5, **options)
        assert walks.shape == (3 * graph.n_nodes, 7) and walks.dtype == np.int32
        assert np.array_equal(walks[:, 0], np.repeat(np.arange(graph.n_nodes), 3))
        for walk in walks.tolist():
            end = walk.index(-1) if -1 in walk else 7
            assert all(node == -1 for node in walk[end:])
            ids = graph.ids[walk[:end]].tolist()
            assert all(theirs.has_edge(u, v) for u, v in zip(ids, ids[1:]))
            assert end == 7 or theirs.degree(ids[-1]) == 0 or (theirs.is_directed() and theirs.out_degree(ids[-1]) == 0)
        assert np.array_equal(walks, graph.random_walks(length=7, walks_per_node=3, seed=5, **options))


def test_walks_prefer_heavy_edges():
    graph = gl.Graph([("a", "b", 1.0), ("a", "c", 9.0)])
    for weighted, share in ((True, 0.9), (False, 0.5)):
        walks = graph.random_walks(length=2, walks_per_node=4000, weighted=weighted)
        assert abs((walks[:4000, 1] == graph.row_of("c")).mean() - share) < 0.04
    default = gl.Graph([(0, 1)]).random_walks()
    assert default.shape == (20, 80) and (default >= 0).all()
    assert gl.Graph([], {"id": [1, 2]}).random_walks(length=3, walks_per_node=1).tolist() == [[0, -1, -1], [1, -1, -1]]
    assert gl.Graph([]).random_walks(length=3).shape == (0, 3)
    with pytest.raises(gl.InputError, match="return_parameter is -1"):
        graph.random_walks(return_parameter=-1.0)


def test_most_similar_nodes_are_those_of_all_pairs(random_graphs):
    for theirs in random_graphs[::2]:
        graph = gl.Graph(theirs)
        simple = nx.Graph(theirs)
        simple.remove_edges_from(list(nx.selfloop_edges(simple)))
        found = graph.most_similar(k=3, measure="jaccard", skip_neighbors=True)
        expected: dict = {}
        for u, v, score in nx.jaccard_coefficient(simple):
            for one, other in ((u, v), (v, u)) if score else ():
                expected.setdefault(one, []).append(score)
        got: dict = {}
        for source, target, score in zip(*found.to_pydict().values()):
            assert not simple.has_edge(source, target)
            assert score == pytest.approx(next(nx.jaccard_coefficient(simple, [(source, target)]))[2])
            got.setdefault(source, []).append(score)
        assert got == {node: pytest.approx(sorted(scores, reverse=True)[:3]) for node, scores in expected.items()}
    assert gl.Graph([("a", "x"), ("b", "x")]).most_similar().columns == ["source", "target", "similarity"]
    weighted = gl.Graph([("a", "x", 3.0), ("b", "x", 1.0), ("b", "y", 1.0)])
    row = weighted.most_similar(k=1, weighted=True).filter("source = 'a'").to_pydict()
    assert row == {"source": ["a"], "target": ["b"], "similarity": [0.25]}
    assert weighted.similarity([("a", "b")], weighted=True).tolist() == [0.25]
    with pytest.raises(gl.InputError, match="have no weights"):
        gl.Graph([(1, 2)]).most_similar(weighted=True)
    with pytest.raises(gl.InputError, match="k is 0"):
        gl.Graph([(1, 2)]).most_similar(k=0)
