"""Graphs, tables and what measures find go to other processes and come back."""

import copy
import datetime
import pickle

import networkx as nx
import numpy as np
import polars as pl
import pytest

import graphlume as gl


def again(value):
    return pickle.loads(pickle.dumps(value))


def test_tables():
    table = gl.Table(pl.DataFrame({"a": [1, None], "b": ["x", "y"], "d": [datetime.date(2024, 1, 1), None], "n": [None, None], "l": [[1], []]}))
    assert again(table).to_pydict() == table.to_pydict() and again(table).dtypes == table.dtypes
    assert isinstance(again(table), gl.Table)
    none = gl.Table({"a": []})
    assert again(none).columns == ["a"] and len(again(none)) == 0
    assert again(table[1:]).to_pydict() == table[1:].to_pydict()
    kinds = gl.Table(pl.DataFrame({"k": pl.Series(["a", "b", "a"], dtype=pl.Categorical)}))
    assert again(kinds).to_pydict() == {"k": ["a", "b", "a"]}


@pytest.mark.parametrize("directed", [False, True])
def test_graphs(directed):
    edges = {"from": ["b", "a", "b"], "to": ["a", "c", "b"], "strength": [0.1, 2.0, 3.0], "kind": ["x", None, "y"]}
    graph = gl.Graph(edges, {"id": ["z", "a", "b", "c"], "age": [1, 2, None, 4]}, weight="strength", directed=directed)
    other = again(graph)
    assert repr(other) == repr(graph) and other.ids.tolist() == graph.ids.tolist()
    assert other.edges.to_pydict() == graph.edges.to_pydict() and other.nodes.to_pydict() == graph.nodes.to_pydict()
    assert np.array_equal(other.weights, graph.weights) and np.array_equal(other.edge_index, graph.edge_index)
    assert np.array_equal(other.page_rank(weighted=True), graph.page_rank(weighted=True))


def test_graphs_without_attributes_or_edges():
    plain = again(gl.Graph([(1, 2), (2, 3)]))
    assert plain.weights is None and plain.edges.to_pydict() == {"source": [1, 2], "target": [2, 3]}
    empty = again(gl.Graph([], nodes={"id": [5, 6]}))
    assert (empty.n_nodes, empty.n_edges) == (2, 0)
    graph = gl.Graph([(1, 2)])
    assert copy.deepcopy(graph) is graph and copy.copy(graph) is graph


def test_what_came_from_networkx_goes_back():
    source = nx.MultiGraph([((0, 1), (1, 1)), ((0, 1), (1, 1))])
    with pytest.warns(UserWarning, match="numbered"):
        graph = gl.Graph(source)
    assert nx.utils.graphs_equal(again(graph).to_networkx(), graph.to_networkx())


def test_measures():
    graph = gl.Graph([("a", "b"), ("b", "c")])
    ranks = again(graph.page_rank())
    assert ranks.to_dict() == graph.page_rank().to_dict() and ranks.summary == graph.page_rank().summary and ranks.weighted is graph.page_rank().weighted
    assert again(graph.edge_betweenness()).to_dict() == graph.edge_betweenness().to_dict()
    assert repr(again(graph.triangles())) == repr(graph.triangles())


def test_streams():
    midas = gl.detect.StreamDetector("midas", rows=3)
    midas.push([1, 1], [2, 3], [1, 2])
    other = again(midas)
    assert repr(other) == repr(midas) == "StreamDetector('midas', rows=3; 2 edges)"
    assert np.array_equal(other.push([1], [2], [3]), midas.push([1], [2], [3]))


def test_detectors():
    graph = gl.Graph([(0, leaf) for leaf in range(1, 9)])
    detector = gl.detect.Detector("degree").fit(graph)
    assert np.array_equal(again(detector).predict(graph), detector.predict(graph))
