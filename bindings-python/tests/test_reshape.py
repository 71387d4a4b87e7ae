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
        (lambda: graph.filter(nodes=[1, 2, 3, 4, 5]), "truth values, but these are of type int64"),
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


def test_groups_become_nodes():
    graph = gl.Graph([("a", "b", 1.0), ("b", "c", 2.0), ("a", "c", 4.0), ("c", "d", 8.0)]).with_nodes(team=["x", "x", "y", None])
    groups = graph.contract("team")
    assert groups.nodes.to_pydict() == {"team": ["x", "y", "null"], "n_nodes": [2, 1, 1]}
    assert groups.edges.to_pydict() == {"source": ["x", "y"], "target": ["y", "null"], "n_edges": [2, 1], "weight": [6.0, 8.0]}
    assert graph.contract("team", combine="max").weights.tolist() == [4.0, 8.0]
    assert graph.contract("team", self_loops=True).n_edges == 3
    by_array = graph.contract(np.array([7, 7, 5, 5]))
    assert by_array.ids.tolist() == [7, 5] and by_array.weights.tolist() == [6.0]
    aggregates = {"node_aggregates": {"least": "min(id)"}, "edge_aggregates": {"most": "max(weight)"}}
    more = graph.contract("team", **aggregates)
    assert more.nodes.to_pydict() == groups.nodes.to_pydict() | {"least": ["a", "c", "d"]}
    assert more.edges.to_pydict() == groups.edges.to_pydict() | {"most": [4.0, 8.0]}
    with pytest.raises(gl.InputError, match="idd"):
        graph.contract("team", node_aggregates={"x": "min(idd)"})
    with pytest.raises(gl.InputError, match="n_nodes"):
        graph.contract("team", node_aggregates={"n_nodes": "count(*)"})
    with pytest.raises(gl.InputError):
        graph.contract([1, 2])
    with pytest.raises(gl.InputError, match="combine"):
        graph.contract("team", combine="mean")


def test_samples():
    graph = gl.Graph(nx.barabasi_albert_graph(200, 3, seed=1))
    for draw in (graph.sample_nodes, graph.forest_fire):
        part = draw(40, seed=2)
        assert part.n_nodes == 40 and part.ids.tolist() == draw(40, seed=2).ids.tolist() != draw(40, seed=3).ids.tolist()
        # All edges between them, and in the order of the graph.
        assert part.n_edges == graph.subgraph(part.ids).n_edges and part.ids.tolist() == [id for id in graph.ids.tolist() if id in {*part.ids.tolist()}]
        assert draw(999).n_nodes == 200
    edges = graph.sample_edges(50, seed=2)
    assert edges.n_edges == 50 and edges.n_nodes < 100 and not (edges.degree().values == 0).any()
    # A fire follows edges, and so keeps more of them.
    assert graph.forest_fire(40).n_edges > graph.sample_nodes(40).n_edges
