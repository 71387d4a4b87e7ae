"""Parts of graphs and other shapes, against networkx; graphs of events, against PyGraphistry's rules."""

import networkx as nx
import numpy as np
import pytest

import graphlume as gl


def pairs(graph):
    """Edges by id, each as often as it is there."""
    ends = zip(*(graph.edges.column(name).to_pylist() for name in graph.edges.columns[:2]))
    return sorted(end if graph.is_directed else tuple(sorted(end)) for end in ends)


def theirs(graph):
    return sorted(edge if graph.is_directed() else tuple(sorted(edge)) for edge in graph.edges())


def test_filters_by_expressions_and_masks():
    graph = gl.Graph(
        {"source": [1, 1, 2, 3], "target": [2, 3, 3, 4], "w": [1.0, 2.0, None, 4.0]},
        {"id": [1, 2, 3, 4, 5], "kind": ["a", "b", "a", None, "a"]},
    )
    assert pairs(graph.filter(edges="w >= 2")) == [(1, 3), (3, 4)]
    assert graph.filter(edges="w >= 2").ids.tolist() == [1, 3, 4]
    assert graph.filter(edges="w >= 2", keep_isolated=True).n_nodes == 5
    assert graph.filter(nodes="kind = 'a'").ids.tolist() == [1, 3, 5]
    assert pairs(graph.filter(nodes="kind = 'a'")) == [(1, 3)]
    assert graph.filter(nodes="kind = 'a'", edges="w > 1").ids.tolist() == [1, 3]
    assert pairs(graph.filter(edges=[True, False, False, True])) == [(1, 2), (3, 4)]
    assert graph.filter(nodes=np.array([1, 0, 1, 0, 0], dtype=bool)).ids.tolist() == [1, 3]
    for call, text in [
        (lambda: graph.filter(nodes="knd = 'a'"), "did you mean `kind`"),
        (lambda: graph.filter(edges="w +"), "w +|expected|end"),
        (lambda: graph.filter(edges="w"), "w|true"),
        (lambda: graph.filter(nodes=[True]), "1"),
        (lambda: graph.filter(nodes=[1, 2, 3, 4, 5]), "truth values, but these are of type Int64"),
    ]:
        with pytest.raises(gl.InputError, match=text):
            call()


def test_parts_are_those_of_networkx(random_graphs):
    for graph in random_graphs:
        ours = gl.Graph(graph)
        some = [3, 1, 99, 7, 12]
        part = ours.subgraph(some)
        assert part.ids.tolist() == some and pairs(part) == theirs(graph.subgraph(some))
        parts = nx.weakly_connected_components(graph) if graph.is_directed() else nx.connected_components(graph)
        assert ours.largest_component().n_nodes == max(map(len, parts))
        for hops, direction in [(1, "forward"), (2, "reverse"), (None, "both"), (0, "both")]:
            walk = {"forward": graph, "reverse": graph.reverse() if graph.is_directed() else graph, "both": graph.to_undirected()}
            expected = set(nx.single_source_shortest_path_length(walk[direction], 3, cutoff=hops))
            assert set(ours.neighborhood([3], hops=hops, direction=direction).ids.tolist()) == expected
        assert pairs(ours.reverse()) == theirs(graph.reverse() if graph.is_directed() else graph)
        assert ours.drop_isolated().n_nodes == sum(1 for _, degree in graph.degree() if degree)


def test_simpler_graphs():
    graph = gl.Graph([(1, 2, 1.0), (1, 2, 4.0), (2, 2, 1.0), (2, 1, 8.0)], directed=True)
    assert pairs(graph.drop_self_loops()) == [(1, 2), (1, 2), (2, 1)]
    assert graph.deduplicate().weights.tolist() == [5.0, 1.0, 8.0]
    assert graph.deduplicate(combine="max").weights.tolist() == [4.0, 1.0, 8.0]
    both = graph.symmetrize()
    matrix = both.to_scipy().toarray()
    assert both.is_directed and np.array_equal(matrix, matrix.T)
    with pytest.raises(gl.InputError, match="median"):
        graph.deduplicate(combine="median")


def test_rows_of_ids():
    graph = gl.Graph([("b", "a"), ("c", "b")])
    assert graph.rows_of(["c", "b", "c"]).tolist() == [2, 0, 2]
    assert graph.rows_of([]).tolist() == [] and graph.rows_of("a").tolist() == [1]
    for wanted in ("z", 3, ["a", None]):
        with pytest.raises(gl.InputError, match="node"):
            graph.rows_of(wanted)
    with pytest.raises(gl.InputError, match="no node 9"):
        gl.Graph([(1, 2)]).subgraph([9])
    with pytest.raises(gl.InputError, match="sideways"):
        gl.Graph([(1, 2)]).neighborhood([1], direction="sideways")


def test_a_graph_of_events():
    events = {"user": ["ann", "bob", None], "ip": ["1", "1", "2"], "n": [5, 6, 7]}
    graph = gl.hypergraph(events, ["user", "ip"])
    # Three events, two users and two addresses; five values that are there.
    assert (graph.n_nodes, graph.n_edges) == (7, 5)
    direct = gl.hypergraph(events, ["user", "ip"], direct=True)
    assert pairs(direct) == [("user::ann", "ip::1"), ("user::bob", "ip::1")]
    same = gl.hypergraph({"a": ["x"], "b": ["x"]}, direct=True, opts={"CATEGORIES": {"both": ["a", "b"]}})
    assert same.ids.tolist() == ["both::x"]
    with pytest.raises(gl.InputError, match="usr"):
        gl.hypergraph(events, ["usr"])
