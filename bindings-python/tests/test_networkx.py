"""NetworkX's functions computed here, against NetworkX itself: on random graphs, and by its own tests."""

import inspect
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

import graphlume as gl
from graphlume._networkx import NetworkxGraph, backend
from graphlume._networkx_info import EXPECTED_FAILURES, FUNCTIONS

REGISTERED = nx.utils.backends._registered_algorithms
PAGE = Path(__file__).resolve().parents[2] / "docs" / "python.md"


def original(name):
    """NetworkX's own function, behind all that dispatches."""
    function = REGISTERED[name]
    while not hasattr(function, "orig_func"):
        function = function.__wrapped__
    return function.orig_func


def public(name):
    """What users call: it refuses kinds of graphs before anything is dispatched."""
    return getattr(nx, name, None) or getattr(nx.community, name)


def make(kind, seed):
    """A graph of this kind, with weights that 32 bits hold, loops, isolated nodes, and ids of several types."""
    chance = random.Random(seed)
    graph = kind()
    nodes = [chance.choice((at, f"n{at}", (at, "x"), frozenset([at]))) for at in range(18)]
    graph.add_nodes_from(nodes)
    for _ in range(chance.choice((12, 30, 60))):
        u, v = chance.choices(nodes[:-2], k=2)
        if seed % 3 and u == v:
            continue
        graph.add_edge(u, v, weight=chance.choice((1, 2, 3, 7)), length=chance.choice((0.25, 1.5, 3.0)))
    if seed % 2:
        # Some edges have no weight: it counts 1.
        for *_, data in list(graph.edges(data=True))[::4]:
            del data["weight"]
    graph.graph["about"] = seed
    return graph


GRAPHS = [make(kind, seed) for kind in (nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph) for seed in range(6)]
GRAPHS += [nx.Graph(), nx.DiGraph(), nx.empty_graph(1), nx.empty_graph(4, nx.DiGraph), nx.path_graph(2), nx.complete_graph(5)]
GRAPHS += [nx.karate_club_graph(), nx.DiGraph([(0, 1), (1, 2), (2, 0)]), nx.cycle_graph(7), nx.Graph([(0, 0)])]

NONE, FIRST = {}, "the first node"
CALLS = [
    ("adamic_adar_index", NONE),
    ("adamic_adar_index", {"ebunch": [("nowhere", "n1")]}),
    ("ancestors", {"source": FIRST}),
    ("ancestors", {"source": "nowhere"}),
    ("average_clustering", NONE),
    ("average_clustering", {"count_zeros": False}),
    ("betweenness_centrality", NONE),
    ("betweenness_centrality", {"normalized": False}),
    ("betweenness_centrality", {"weight": "weight"}),
    ("betweenness_centrality", {"weight": "length"}),
    ("closeness_centrality", NONE),
    ("closeness_centrality", {"distance": "weight"}),
    ("clustering", NONE),
    ("connected_components", NONE),
    ("core_number", NONE),
    ("degree_centrality", NONE),
    ("descendants", {"source": FIRST}),
    ("descendants", {"source": [1]}),
    ("descendants_at_distance", {"source": FIRST, "distance": 2}),
    ("descendants_at_distance", {"source": FIRST, "distance": 0}),
    ("diameter", NONE),
    ("diameter", {"weight": "length"}),
    ("eccentricity", NONE),
    ("eccentricity", {"weight": "weight"}),
    ("edge_betweenness_centrality", NONE),
    ("edge_betweenness_centrality", {"weight": "weight", "normalized": False}),
    ("eigenvector_centrality", {"max_iter": 500}),
    ("eigenvector_centrality", {"max_iter": 3}),
    ("eigenvector_centrality", {"weight": "weight", "max_iter": 500}),
    ("harmonic_centrality", NONE),
    ("harmonic_centrality", {"distance": "length"}),
    ("in_degree_centrality", NONE),
    ("is_connected", NONE),
    ("is_strongly_connected", NONE),
    ("is_weakly_connected", NONE),
    ("jaccard_coefficient", NONE),
    ("k_core", NONE),
    ("k_core", {"k": 2}),
    ("k_corona", {"k": 2}),
    ("k_crust", NONE),
    ("k_shell", NONE),
    ("katz_centrality", {"alpha": 0.01}),
    ("katz_centrality", {"alpha": 0.01, "weight": "weight", "normalized": False, "beta": 2}),
    ("katz_centrality", {"alpha": 5.0, "max_iter": 50}),
    ("maximum_spanning_edges", {"data": False}),
    ("maximum_spanning_tree", NONE),
    ("minimum_spanning_edges", NONE),
    ("minimum_spanning_edges", {"weight": "length", "keys": False}),
    ("minimum_spanning_tree", {"weight": "length"}),
    ("multi_source_dijkstra_path_length", {"sources": [FIRST]}),
    ("multi_source_dijkstra_path_length", {"sources": []}),
    ("node_connected_component", {"n": FIRST}),
    ("node_connected_component", {"n": "nowhere"}),
    ("number_connected_components", NONE),
    ("number_strongly_connected_components", NONE),
    ("number_weakly_connected_components", NONE),
    ("out_degree_centrality", NONE),
    ("pagerank", NONE),
    ("pagerank", {"alpha": 0.5, "weight": "length", "tol": 1e-9, "max_iter": 1000}),
    ("pagerank", {"personalization": {FIRST: 1, "nowhere": 5}, "tol": 1e-12, "max_iter": 1000}),
    ("pagerank", {"personalization": {"nowhere": 5}}),
    ("pagerank", {"weight": None, "max_iter": 2}),
    ("resource_allocation_index", NONE),
    ("single_source_dijkstra_path_length", {"source": FIRST}),
    ("single_source_dijkstra_path_length", {"source": FIRST, "cutoff": 2.5, "weight": "length"}),
    ("single_source_dijkstra_path_length", {"source": FIRST, "cutoff": -1, "weight": None}),
    ("single_source_dijkstra_path_length", {"source": "nowhere"}),
    ("single_source_shortest_path_length", {"source": FIRST}),
    ("single_source_shortest_path_length", {"source": FIRST, "cutoff": 1.5}),
    ("single_source_shortest_path_length", {"source": FIRST, "cutoff": -3}),
    ("single_source_shortest_path_length", {"source": "nowhere"}),
    ("single_target_shortest_path_length", {"target": FIRST, "cutoff": 2}),
    ("transitivity", NONE),
    ("triangles", NONE),
    ("weakly_connected_components", NONE),
]
# What is compared by tests of its own.
APART = {"forceatlas2_layout", "hits", "leiden_communities", "louvain_communities"}


def called(function, graph, options, **where):
    """What a call gives, or the exception and what it says."""
    first = next(iter(graph), "nowhere")

    def filled(value):
        if isinstance(value, dict):
            return {first if key is FIRST else key: share for key, share in value.items()}
        if isinstance(value, list):
            return [first if one is FIRST else one for one in value]
        return first if value is FIRST else value

    try:
        found = function(graph, **{name: filled(value) for name, value in options.items()}, **where)
        return list(found) if inspect.isgenerator(found) or hasattr(found, "__next__") else found
    except NotImplementedError:
        raise
    except Exception as error:
        return type(error), str(error)


def same(name, ours, theirs):
    if isinstance(theirs, nx.Graph):
        assert nx.utils.graphs_equal(ours, theirs) and ours.graph == theirs.graph and list(ours) == list(theirs)
        assert type(ours) is type(theirs)
    elif isinstance(theirs, dict):
        if name.endswith("path_length"):
            # Nearest first; NetworkX says nothing of those that are as near.
            assert list(ours.values()) == list(theirs.values())
        elif name != "harmonic_centrality":
            assert list(ours) == list(theirs)
        close = 2e-6 if name in ("pagerank", "eigenvector_centrality", "katz_centrality") else 1e-12
        assert ours == pytest.approx(theirs, rel=close, abs=close)
        assert all(type(value) in (int, float) for value in ours.values())
    elif name in ("adamic_adar_index", "jaccard_coefficient", "resource_allocation_index") and isinstance(theirs, list):
        assert [pair for *pair, _ in ours] == [pair for *pair, _ in theirs]
        assert [score for *_, score in ours] == pytest.approx([score for *_, score in theirs], rel=1e-12)
    elif isinstance(theirs, float):
        assert ours == pytest.approx(theirs, rel=1e-12)
    else:
        assert ours == theirs


def test_every_function_is_compared():
    assert {name for name, _ in CALLS} | APART == set(FUNCTIONS)


@pytest.mark.parametrize(("name", "options"), CALLS, ids=[f"{name}-{at}" for at, (name, _) in enumerate(CALLS)])
@pytest.mark.filterwarnings("ignore:Note. conversions to backend graphs")
def test_networkx_says_the_same(name, options):
    function, compared = public(name), 0
    for graph in GRAPHS:
        theirs = called(function, graph, options)
        try:
            ours = called(function, graph, options, backend="graphlume")
        except NotImplementedError as error:
            # NetworkX itself says of some kinds of graphs that they are not for this function.
            assert isinstance(theirs, tuple) or "not implemented by 'graphlume' backend" in str(error) or "raised NotImpl" in str(error)
            continue
        same(name, ours, theirs)
        compared += not (isinstance(theirs, tuple) and theirs[0] is nx.NetworkXNotImplemented)
    assert compared >= 4


@pytest.mark.filterwarnings("ignore:Note. conversions to backend graphs")
@pytest.mark.parametrize("directed", [False, True])
def test_larger_graphs_too(directed):
    """Large enough for several threads."""
    graph = nx.gnm_random_graph(6000, 15_000, seed=3, directed=directed)
    for at, edge in enumerate(graph.edges):
        graph.edges[edge].update(weight=1 + at * 7 % 11, length=(at * 5 % 64) / 16)
    names = ["pagerank", "single_source_dijkstra_path_length", "single_source_shortest_path_length", "descendants", "degree_centrality"]
    names += ["number_strongly_connected_components"] if directed else ["core_number", "triangles", "clustering", "minimum_spanning_tree"]
    names += ["weakly_connected_components"] if directed else ["connected_components", "maximum_spanning_edges"]
    for name in names:
        given = {"source": FIRST} if list(inspect.signature(original(name)).parameters)[1:2] == ["source"] else {}
        weights = [{}, {"weight": "length"}] if "weight" in inspect.signature(original(name)).parameters and name != "clustering" else [{}]
        for options in weights:
            same(name, *(called(public(name), graph, given | options, backend=to) for to in ("graphlume", "networkx")))


@pytest.mark.filterwarnings("ignore:Note. conversions to backend graphs")
def test_links_that_may_be_missing():
    graph = nx.gnp_random_graph(200, 0.05, seed=4)
    chance = random.Random(1)
    pairs = [(chance.randrange(200), chance.randrange(200)) for _ in range(500)] + [(7, 7)]
    compared = 0
    for predict in (nx.jaccard_coefficient, nx.adamic_adar_index, nx.resource_allocation_index):
        for ebunch in (None, pairs):
            theirs, ours = list(predict(graph, ebunch)), list(predict(graph, ebunch, backend="graphlume"))
            assert [one[:2] for one in ours] == [one[:2] for one in theirs]
            assert [one[2] for one in ours] == pytest.approx([one[2] for one in theirs], rel=1e-12, abs=1e-15)
            compared += sum(one[2] > 0 for one in ours)
        assert list(predict(graph, iter(pairs), backend="graphlume")) == ours
        with pytest.raises(nx.NodeNotFound, match="Node 200 not in G"):
            predict(graph, [(0, 200)], backend="graphlume")
    assert compared > 1000
    # The end of a path has a neighbor of one edge in common with itself.
    for to in ("graphlume", "networkx"):
        with pytest.raises(ZeroDivisionError):
            list(nx.adamic_adar_index(nx.path_graph(2), [(0, 0)], backend=to))


def test_arguments_are_those_of_networkx():
    for name in FUNCTIONS:
        theirs, ours = (inspect.signature(function).parameters for function in (original(name), getattr(backend, name)))
        assert list(ours) == list(theirs), name
        assert [p.default for p in ours.values()] == [p.default for p in theirs.values()], name
        assert [p.kind for p in ours.values()] == [p.kind for p in theirs.values()], name


def test_hubs_and_authorities():
    compared = 0
    for seed in range(12):
        graph = nx.gnp_random_graph(30, 0.2, seed=seed, directed=seed % 2 == 0)
        for u, v in graph.edges:
            graph.edges[u, v]["weight"] = 1 + (u * v) % 3
        theirs, ours = nx.hits(graph), nx.hits(graph, backend="graphlume")
        for one, other in zip(ours, theirs):
            assert list(one) == list(other) and one == pytest.approx(other, abs=1e-7)
            compared += 1
    assert compared == 24
    with pytest.raises(nx.PowerIterationFailedConvergence):
        nx.hits(graph, max_iter=0, backend="graphlume")
    assert nx.hits(nx.Graph(), backend="graphlume") == ({}, {})


@pytest.mark.parametrize("weight", ["weight", None])
@pytest.mark.filterwarnings("ignore:Note. conversions to backend graphs")
def test_communities_are_as_good(weight):
    graphs = [make(kind, seed) for kind in (nx.Graph, nx.MultiGraph) for seed in range(4)] + [nx.karate_club_graph()]
    for graph in graphs:
        quality = lambda parts: nx.community.modularity(graph, parts, weight=weight)  # noqa: E731
        theirs = max(quality(nx.community.louvain_communities(graph, weight=weight, seed=seed)) for seed in range(4))
        for find in (nx.community.louvain_communities, nx.community.leiden_communities):
            found = [find(graph, weight=weight, seed=seed, backend="graphlume") for seed in range(4)]
            assert all(nx.community.is_partition(graph, parts) for parts in found)
            assert max(map(quality, found)) > theirs - 0.02
            assert found[1] == find(graph, weight=weight, seed=1, backend="graphlume")
    with pytest.raises(ValueError, match="max_level argument"):
        nx.community.leiden_communities(graph, max_level=0, backend="graphlume")
    assert nx.community.louvain_communities(nx.empty_graph(3), backend="graphlume") == [{0}, {1}, {2}]


@pytest.mark.filterwarnings("ignore:Note. conversions to backend graphs")
def test_a_layout_of_networkx():
    graph = nx.planted_partition_graph(4, 12, 0.8, 0.02, seed=1)
    found = nx.forceatlas2_layout(graph, seed=5, max_iter=200, backend="graphlume")
    again = nx.forceatlas2_layout(graph, seed=5, max_iter=200, backend="graphlume")
    assert list(found) == list(graph) and all(np.array_equal(found[node], again[node]) for node in graph)
    where = np.stack(list(found.values()))
    assert where.dtype == np.float64 and where.shape == (48, 2) and np.isfinite(where).all()
    near = np.mean([np.linalg.norm(found[u] - found[v]) for u, v in graph.edges])
    assert near < 0.6 * np.linalg.norm(where[:, None] - where[None], axis=2).mean()
    start = {node: np.array([node, 1.0]) for node in graph}
    held = nx.forceatlas2_layout(graph, pos=start, max_iter=0, backend="graphlume")
    assert all(np.array_equal(held[node], start[node]) for node in graph)
    sizes = nx.forceatlas2_layout(graph, node_size={0: 9.0}, node_mass={1: 5}, seed=5, max_iter=3, linlog=True, backend="graphlume")
    assert len(sizes) == 48 and nx.forceatlas2_layout(nx.Graph(), backend="graphlume") == {}
    with pytest.raises(NotImplementedError):
        nx.forceatlas2_layout(graph, dim=3, backend="graphlume")


@pytest.mark.filterwarnings("ignore:Note. conversions to backend graphs")
def test_what_is_left_to_networkx_comes_from_it():
    graph = nx.path_graph(4)
    nx.set_edge_attributes(graph, 0.1, "weight")
    minus = nx.Graph([(0, 1, {"weight": -1.0}), (1, 2, {"weight": 2.0})])
    calls = [
        (lambda **to: nx.single_source_dijkstra_path_length(graph, 0, **to), "more digits"),
        (lambda **to: nx.pagerank(graph, dangling={0: 1}, **to), "dangling"),
        (lambda **to: nx.closeness_centrality(graph, wf_improved=False, **to), "wf_improved"),
        (lambda **to: nx.core_number(nx.DiGraph([(0, 1)]), **to), "directed"),
        (lambda **to: nx.betweenness_centrality(graph, weight=lambda u, v, data: 1, **to), "name of an attribute"),
        (lambda **to: list(nx.minimum_spanning_edges(minus, **to)), "below 0"),
        (lambda **to: nx.clustering(graph, 1, **to), "nodes"),
    ]
    for call, _ in calls:
        with pytest.raises(NotImplementedError, match="graphlume"):
            call(backend="graphlume")
        with nx.config(backend_priority=["graphlume"]):
            assert call() == call(backend="networkx")
    assert backend.can_run("closeness_centrality", (graph,), {"wf_improved": False}) == "wf_improved can only be True here"
    assert backend.can_run("closeness_centrality", (graph,), {}) is True
    fresh = nx.path_graph(3)
    assert backend.should_run("pagerank", (fresh,), {}) is True
    assert "takes longer" in backend.should_run("degree_centrality", (fresh,), {})
    nx.pagerank(fresh, backend="graphlume")
    assert backend.should_run("degree_centrality", (fresh,), {}) is True


def test_graphs_are_converted_once_and_come_back():
    graph = make(nx.MultiDiGraph, 1)
    graph.__networkx_cache__.clear()
    nx.pagerank(graph, backend="graphlume")
    kept = list(graph.__networkx_cache__["backends"]["graphlume"].values())
    assert len(kept) == 1 and isinstance(kept[0], NetworkxGraph)
    nx.config.warnings_to_ignore.add("cache")
    nx.pagerank(graph, backend="graphlume")
    assert list(graph.__networkx_cache__["backends"]["graphlume"].values()) == kept
    for one in GRAPHS:
        converted = backend.convert_from_nx(one, edge_attrs={"weight": 1})
        assert (len(converted), converted.number_of_edges()) == (len(one), one.number_of_edges())
        assert (converted.is_directed(), converted.is_multigraph()) == (one.is_directed(), one.is_multigraph())
        back = backend.convert_to_nx(converted)
        assert type(back) is type(one) and list(back) == list(one)
        ends = [(u, v) for u, v, *_ in one.edges]
        assert [(u, v) for u, v, *_ in back.edges] == ends and back.graph == one.graph
        assert [d["weight"] for *_, d in back.edges(data=True)] == [d.get("weight", 1) for *_, d in one.edges(data=True)]


def test_ids_of_any_integers():
    path = nx.path_graph(4)
    for names in ([3, 1, 0, 2], [9, -5, 7, 2**40], [2**70, 0, 1, 2], [True, 5, 6, 7], [0.5, 1, 2, 3]):
        graph = nx.relabel_nodes(path, dict(enumerate(names)))
        assert nx.core_number(graph, backend="graphlume") == nx.core_number(graph)
        found = nx.single_source_shortest_path_length(graph, names[3], backend="graphlume")
        assert found == {names[at]: 3 - at for at in range(4)}
        back = backend.convert_to_nx(backend.convert_from_nx(graph))
        assert list(back) == list(graph) and list(back.edges) == list(graph.edges)


def test_views_are_converted_too():
    graph = make(nx.MultiGraph, 4)
    ends = list(graph.edges)[::3]
    for view in (graph.edge_subgraph(ends), graph.subgraph(list(graph)[:9]), nx.restricted_view(graph, list(graph)[:2], [])):
        assert nx.pagerank(view, backend="graphlume") == pytest.approx(nx.pagerank(view), abs=1e-9)
    turned = nx.reverse_view(make(nx.DiGraph, 2))
    assert nx.pagerank(turned, backend="graphlume") == pytest.approx(nx.pagerank(turned), abs=1e-9)


def test_a_graph_of_ours_goes_to_networkx_without_conversion():
    pairs = np.random.default_rng(4).integers(0, 40, (120, 2))
    for directed in (False, True):
        graph = gl.Graph({"source": pairs[:, 0], "target": pairs[:, 1], "weight": np.arange(120.0)}, directed=directed)
        ours, theirs = graph.as_networkx(), graph.to_networkx()
        assert nx.pagerank(ours) == pytest.approx(nx.pagerank(theirs), abs=1e-9)
        assert nx.betweenness_centrality(ours, weight=None) == pytest.approx(nx.betweenness_centrality(theirs))
        components = nx.weakly_connected_components if directed else nx.connected_components
        assert list(components(ours)) == list(components(theirs))
        with pytest.raises(NotImplementedError):
            nx.square_clustering(ours)
        with nx.config(fallback_to_nx=True):
            assert nx.square_clustering(ours) == nx.square_clustering(nx.Graph(theirs) if not directed else nx.DiGraph(theirs))


def test_ids_of_any_kind_come_along():
    grid = nx.grid_2d_graph(4, 3)
    with pytest.warns(UserWarning, match="nodes are numbered"):
        graph = gl.Graph(grid)
    assert nx.core_number(graph.as_networkx()) == nx.core_number(grid)
    several = nx.MultiGraph([("a", "b"), ("b", "c")])
    assert gl.Graph(several).as_networkx().is_multigraph() and not graph.as_networkx().is_multigraph()


def test_networkx_is_not_slowed_down_by_it():
    code = (
        "import sys, networkx as nx\n"
        "assert 'graphlume' in nx.utils.backends.backend_info\n"
        "print(sorted(m for m in sys.modules if m.startswith('graphlume') or m == 'numpy'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "['graphlume', 'graphlume._networkx_info']\n", done.stderr


def test_the_page_has_a_line_for_each_function():
    found = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|$", PAGE.read_text(), re.MULTILINE))
    assert found == {name: about or "All." for name, about in FUNCTIONS.items()}


# Modules of NetworkX's tests that call functions of ours the most.
THEIR_TESTS = [
    "networkx.algorithms.centrality.tests",
    "networkx.algorithms.link_analysis.tests",
    "networkx.algorithms.components.tests",
    "networkx.algorithms.community.tests",
    "networkx.algorithms.shortest_paths.tests",
    "networkx.algorithms.traversal.tests",
    "networkx.algorithms.tree.tests.test_mst",
    "networkx.algorithms.tests.test_core",
    "networkx.algorithms.tests.test_cluster",
    "networkx.algorithms.tests.test_dag",
    "networkx.algorithms.tests.test_distance_measures",
    "networkx.drawing.tests.test_layout",
]


def test_networkx_own_tests_pass(tmp_path):
    environment = os.environ | {"NETWORKX_TEST_BACKEND": "graphlume", "NETWORKX_FALLBACK_TO_NX": "True"}
    # Of layouts one is ours; the others take minutes.
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "forceatlas or not test_layout", "--pyargs", *THEIR_TESTS]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment, cwd=tmp_path)
    last = done.stdout.splitlines()[-1]
    print(f"NetworkX {nx.__version__}, its own tests: {last}")
    counts = {word: int(n) for n, word in re.findall(r"(\d+) (passed|failed|error|xfailed|xpassed|skipped)", last)}
    assert done.returncode == 0 and counts["passed"] > 700, done.stdout[-3000:]
    assert counts["xfailed"] == len(EXPECTED_FAILURES)
