"""Measures against networkx, and how they are read."""

import networkx as nx
import numpy as np
import pytest

import graphlume as gl

SAME = {
    "page_rank": lambda graph: nx.pagerank(graph, weight=None, tol=1e-12, max_iter=1000),
    "core_number": nx.core_number,
    "clustering": lambda graph: nx.clustering(graph.to_undirected()),
    "betweenness": nx.betweenness_centrality,
}


@pytest.mark.parametrize("name", SAME)
def test_networkx_says_the_same(name, random_graphs):
    for graph in random_graphs:
        if name == "clustering" and graph.is_directed():
            continue
        options = {"tolerance": 1e-12, "max_iterations": 1000} if name == "page_rank" else {}
        bare = nx.create_empty_copy(graph)
        bare.add_edges_from(graph.edges)
        found = gl.Graph(bare).measure(name, **options).to_dict()
        expected = SAME[name](bare)
        assert found == pytest.approx(expected, abs=1e-8), name


def test_components(random_graphs):
    for graph in random_graphs:
        found = gl.Graph(graph).weak_components()
        parts = list(nx.connected_components(graph.to_undirected()))
        assert len(set(found.values.tolist())) == len(parts)
        for part in parts:
            assert len({found[node] for node in part}) == 1


def test_a_method_is_a_measure_with_its_options(karate):
    graph = gl.Graph(karate)
    a = graph.page_rank(damping=0.5)
    assert np.array_equal(a.values, graph.measure("pagerank", damping=0.5).values)
    assert not np.array_equal(a.values, graph.pagerank().values)
    assert a.page_rank is a.values and a.values.shape == (34,)
    assert np.asarray(a).sum() == pytest.approx(1)
    assert a[33] == a.to_dict()[33] and list(a.top(2)) == [33, 0]
    assert a.nodes.columns == ["id", "page_rank"]
    assert "page_rank" in a.graph.nodes
    assert "iterations" in a.summary and a.iterations == a.summary["iterations"]
    assert "page_rank: [34]" in repr(a) and "<table>" in a._repr_html_()
    assert "page_rank" in dir(a)
    with pytest.raises(AttributeError, match="found no `nothing`, but page_rank"):
        a.nothing


def test_measures_of_edges_and_of_the_whole(karate):
    graph = gl.Graph(karate)
    between = graph.edge_betweenness()
    expected = {tuple(sorted(edge)): value for edge, value in nx.edge_betweenness_centrality(karate).items()}
    found = {tuple(sorted(edge)): value for edge, value in between.to_dict().items()}
    assert found == pytest.approx(expected)
    assert tuple(sorted(next(iter(between.top(1))))) == max(expected, key=expected.get)
    assert len(between.edges) == 78 and len(list(between)) == len(between) == 78
    with pytest.raises(gl.InputError, match="no values of nodes"):
        between[0]
    bounds = graph.measure("diameter")
    assert bounds.columns == [] and bounds.summary["upper"] == nx.diameter(karate)


def test_communities_are_good(karate):
    found = gl.Graph(karate).louvain(seed=1)
    parts = [set(np.flatnonzero(found.values == part).tolist()) for part in set(found.values.tolist())]
    assert nx.community.modularity(karate, parts) > 0.4
    assert np.array_equal(found.values, gl.Graph(karate).louvain(seed=1).values)


def test_what_is_asked_wrongly_is_named(karate):
    graph = gl.Graph(karate)
    with pytest.raises(gl.InputError, match="page_rank"):
        graph.measure("page_rnk")
    with pytest.raises(ValueError, match="did you mean `damping`"):
        graph.measure("page_rank", dampin=0.5)
    with pytest.raises(TypeError, match="unexpected keyword"):
        graph.page_rank(dampin=0.5)
    with pytest.raises(gl.InputError, match="damping"):
        graph.page_rank(damping=1.5)
    with pytest.raises(gl.DeviceUnavailable, match="cuda:7"):
        graph.page_rank(device="cuda:7")
    with pytest.raises(gl.InputError, match="names no device"):
        graph.page_rank(device="toaster")
    with pytest.raises(TypeError, match="`damping` cannot be of type object"):
        graph.page_rank(damping=object())
    endless = []
    endless.append(endless)
    with pytest.raises(gl.InputError, match="more than 32 deep"):
        graph.bfs(sources=endless)
    with pytest.raises(gl.InputError, match="does not fit into 64 bits"):
        graph.louvain(seed=2**70)


def test_options_may_be_what_python_has(karate):
    graph = gl.Graph(karate)
    plain = graph.bfs(sources=[0, 1]).values.tolist()
    for sources in (np.array([0, 1]), range(2), (0, 1), {0, 1}, np.uint8([0, 1])):
        assert graph.bfs(sources=sources).values.tolist() == plain
    bare = nx.Graph(karate.edges())
    personal = gl.Graph(bare).page_rank(personalization={0: 1.0}, tolerance=1e-10).to_dict()
    assert personal == pytest.approx(nx.pagerank(bare, personalization={0: 1}, tol=1e-10), abs=1e-5)


def test_what_is_measured_is_like_an_array():
    graph = gl.Graph([("ann", "bob"), ("bob", "eve"), ("eve", "kim")])
    degree = graph.degree()
    assert degree[1:3].tolist() == [2, 2] and degree[["kim", "bob"]].tolist() == [1, 2] and degree["bob"] == 2
    assert (degree * 2).tolist() == [2, 4, 4, 2] and (1 / degree).tolist() == [1, 0.5, 0.5, 1]
    assert (degree + degree).tolist() == [2, 4, 4, 2] and (degree > 1).tolist() == [False, True, True, False]
    assert np.sqrt(degree).shape == (4,) and np.add.reduce(degree) == 6 and np.mean(degree) == 1.5
    out = np.zeros(4)
    assert np.multiply(degree, 3, out=out) is out and out.tolist() == [3, 6, 6, 3]
    assert (degree.mean(), degree.sum(), degree.min(), degree.max(), degree.std()) == (1.5, 6, 1, 2, 0.5)
    assert (degree == degree).all() and not (degree != degree).any()
    assert {degree: 1}[degree] == 1
    with pytest.raises(gl.InputError, match="no node 'zoe'"):
        degree[["zoe"]]


def test_what_is_missing_does_not_count():
    found = gl.Graph([(0, 1), (2, 3)]).bfs([0])
    assert np.isnan(found.values[2])
    assert (found.mean(), found.max(), found.sum()) == (0.5, 1, 1)
    ids = gl.Graph([(2**60 + 1, 2**60 + 3)]).bfs([2**60 + 1]).nodes["predecessor"]
    assert ids.tolist() == [None, 2**60 + 1]


def test_weights_of_any_sign_come_from_a_column():
    graph = gl.Graph({"source": ["a", "b", "c"], "target": ["b", "c", "a"], "change": [-2.0, 0.5, -0.25]})
    degrees = graph.degree(weight_column="change")
    assert degrees.weighted_degree.tolist() == [-2.25, -1.5, 0.25] and degrees.weighted is True
    forest = graph.spanning_forest(weight_column="change")
    assert forest.values.tolist() == [True, False, True] and forest.summary["weight"] == -2.25
    with pytest.raises(gl.InputError, match="change"):
        graph.degree(weight_column="chnge")


def test_what_is_measured_is_a_frame():
    graph = gl.Graph([("ann", "bob"), ("bob", "eve")])
    assert graph.degree().to_polars().to_dict(as_series=False)["degree"] == [1, 2, 1]
    assert graph.degree().to_pandas()["id"].tolist() == ["ann", "bob", "eve"]
    assert graph.edge_betweenness().to_polars().columns[:2] == ["source", "target"]


def test_names_of_numbers_hide_nothing():
    """Methods of what is measured have no name that a column or a number of a measure has."""
    graph = gl.Graph([(0, 1, 1.0), (1, 2, 1.0), (2, 0, 1.0), (2, 3, 1.0)])
    described = gl._graph._native.describe()["measures"]
    for measure in described:
        names = {column["name"] for column in measure["columns"]}
        assert not names & {"mean", "std", "sum", "min", "max", "values", "to_polars", "to_pandas"}, measure["name"]
    for name in ("degree", "core_number", "diameter", "clustering", "louvain", "triangles", "assortativity", "eccentricity"):
        if any(measure["name"] == name for measure in described):
            assert not graph.measure(name).summary.keys() & {"mean", "std", "sum", "min", "max"}, name


def measures_of(graph):
    """Every measure with its defaults, and with weights where there is an option for them."""
    for measure in gl._graph._native.describe()["measures"]:
        given = {"sources": [0]} if "sources" in measure["options"] else {}
        given |= {"attribute": "number"} if "attribute" in measure["options"] else {}
        # With more per edge, walks over heavy ones would grow without end.
        given |= {"alpha": 1e-6} if "alpha" in measure["options"] else {}
        for more in ({}, {"weighted": True}, {"weighted": False}) if "weighted" in measure["options"] else ({},):
            yield measure["name"], more, (lambda graph, name=measure["name"], options=given | more: graph.measure(name, **options))


def test_what_is_measured_says_whether_weights_were_used():
    """Those that say so are those whose values change with the weights."""
    random = np.random.default_rng(3)
    ends = random.integers(0, 40, (150, 2))
    number = {"number": range(40)}
    light, heavy = (
        gl.Graph({"source": ends[:, 0], "target": ends[:, 1], "weight": weight}, {"id": range(40)}).with_nodes(**number)
        for weight in (random.integers(1, 4, 150), random.integers(1, 100, 150) ** 2)
    )
    bare = gl.Graph(ends, {"id": range(40)}).with_nodes(**number)
    told = set()
    for name, options, call in measures_of(light):
        found, other = call(light), call(heavy)
        values = [[one.values] if one.columns else list(one.summary.values()) for one in (found, other)]
        differs = not all(np.array_equal(a, b, equal_nan=isinstance(a, np.ndarray)) for a, b in zip(*values))
        assert (found.weighted is True) == differs, (name, options)
        assert found.weighted is None or f"weighted={found.weighted}" in repr(found)
        told.add((name, found.weighted))
        if options.get("weighted") is not True:
            without = call(bare)
            assert without.weighted is (None if found.weighted is None else False), name
            assert ("every edge counts 1" in without._repr_html_()) == (without.weighted is False)
    assert {("page_rank", True), ("page_rank", False), ("betweenness", True), ("louvain", True), ("degree", None)} <= told
    assert light.louvain(merge="unit").weighted is False and light.pagerank().weighted is True
    assert light.measure("pagerank", weight=False).weighted is False
