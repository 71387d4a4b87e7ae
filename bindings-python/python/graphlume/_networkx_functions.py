"""The functions of NetworkX that are computed here: same names, same arguments, same results, same exceptions.

What they are, their own documentation says. :data:`QUESTIONS` has, for functions that do not take all that NetworkX's take, why
arguments are left to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from ._errors import GraphlumeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._networkx import NetworkxGraph, Question

QUESTIONS: dict[str, Question] = {}


def left_to_networkx(reason: Question) -> Callable[[Any], Any]:
    """The function is not for arguments of which ``reason`` says why."""

    def mark(function: Any) -> Any:
        QUESTIONS[function.__name__] = reason
        return function

    return mark


def only(**values: Any) -> Question:
    """Arguments must be these."""

    def reason(given: Mapping[str, Any]) -> str | None:
        for name, value in values.items():
            if given[name] is not value and given[name] != value:
                return f"{name} can only be {value!r} here"
        return None

    return reason


def all_of(*reasons: Question) -> Question:
    """The first reason there is."""
    return lambda given: next(filter(None, (reason(given) for reason in reasons)), None)


def weight_by_name(given: Mapping[str, Any]) -> str | None:
    name = given.get("weight", given.get("distance"))
    return None if name is None or isinstance(name, str) else "a weight is the name of an attribute here"


def undirected(given: Mapping[str, Any]) -> str | None:
    return "directed graphs are left to NetworkX" if given["G"].is_directed() else None


def simple_graph(given: Mapping[str, Any]) -> str | None:
    return "multigraphs are left to NetworkX" if given["G"].is_multigraph() else None


def by_node(G: NetworkxGraph, values: NDArray[Any] | list[Any]) -> dict[Any, Any]:
    return dict(zip(G.nodes, values if isinstance(values, list) else values.tolist()))


# Degrees and centralities


def _degree_centrality(G: NetworkxGraph, column: str) -> dict[Any, float]:
    if len(G) <= 1:
        return dict.fromkeys(G.nodes, 1)
    return by_node(G, G.measure("degree")[column] * (1.0 / (len(G) - 1.0)))


def degree_centrality(G: NetworkxGraph) -> dict[Any, float]:
    return _degree_centrality(G, "degree")


def in_degree_centrality(G: NetworkxGraph) -> dict[Any, float]:
    return _degree_centrality(G, "degree_in")


def out_degree_centrality(G: NetworkxGraph) -> dict[Any, float]:
    return _degree_centrality(G, "degree_out")


def _walks(given: Mapping[str, Any]) -> str | None:
    if not 0 <= given["alpha"] < 1:
        return "alpha must be at least 0 and below 1 here"
    start = given["personalization"]
    if start is not None and (not isinstance(start, Mapping) or any(not 0 <= weight < math.inf for weight in start.values())):
        return "personalization must be a dict of finite numbers of at least 0 here"
    return None if given["tol"] > 0 else "tol must be above 0 here"


@left_to_networkx(all_of(weight_by_name, only(nstart=None, dangling=None), _walks))
def pagerank(
    G: NetworkxGraph,
    alpha: float = 0.85,
    personalization: Mapping[Any, float] | None = None,
    max_iter: int = 100,
    tol: float = 1.0e-6,
    nstart: None = None,
    weight: str | None = "weight",
    dangling: None = None,
) -> dict[Any, float]:
    if len(G) == 0:
        return {}
    start = None
    if personalization is not None:
        start = {str(G.row[node]): float(share) for node, share in personalization.items() if node in G and share > 0}
        if not start:
            raise ZeroDivisionError
    found = G.measure(
        "page_rank",
        weight,
        damping=float(alpha),
        personalization=start,
        max_iterations=max(max_iter, 0),
        tolerance=tol * len(G),
        precision="double",
    )
    if not found.summary["converged"]:
        raise nx.PowerIterationFailedConvergence(max_iter)
    return by_node(G, found["page_rank"])


@left_to_networkx(only(nstart=None, normalized=True))
def hits(
    G: NetworkxGraph, max_iter: int = 100, tol: float = 1.0e-8, nstart: None = None, normalized: bool = True
) -> tuple[dict[Any, float], dict[Any, float]]:
    if len(G) == 0:
        return {}, {}
    if max_iter <= 0:
        raise nx.PowerIterationFailedConvergence(max_iter)
    if len(G) == 1 or G.weights("weight").sum() == 0:
        raise NotImplementedError("a graph without edges has no singular vectors")
    # What NetworkX counts are restarts of another method, each of many steps.
    found = G.measure("hits", "weight", tolerance=max(tol, 1e-14) / 100, max_iterations=1000 * max_iter)
    if not found.summary["converged"]:
        raise NotImplementedError("the largest singular values are too near to one another for this method")
    return by_node(G, found["hub"]), by_node(G, found["authority"])


@left_to_networkx(all_of(weight_by_name, only(nstart=None)))
def eigenvector_centrality(
    G: NetworkxGraph, max_iter: int = 100, tol: float = 1.0e-6, nstart: None = None, weight: str | None = None
) -> dict[Any, float]:
    if len(G) == 0:
        raise nx.NetworkXPointlessConcept("cannot compute centrality for the null graph")
    found = G.measure("eigenvector", weight, tolerance=tol * len(G), max_iterations=max(max_iter, 0))
    if not found.summary["converged"]:
        raise nx.PowerIterationFailedConvergence(max_iter)
    return by_node(G, found["eigenvector"])


def _sums(given: Mapping[str, Any]) -> str | None:
    if not (isinstance(given["beta"], (int, float)) and 0 < given["beta"] < math.inf):
        return "beta must be a number above 0 here"
    return None if 0 < given["alpha"] < math.inf and given["tol"] > 0 else "alpha and tol must be above 0 here"


@left_to_networkx(all_of(weight_by_name, only(nstart=None), _sums))
def katz_centrality(
    G: NetworkxGraph,
    alpha: float = 0.1,
    beta: float = 1.0,
    max_iter: int = 1000,
    tol: float = 1.0e-6,
    nstart: None = None,
    normalized: bool = True,
    weight: str | None = None,
) -> dict[Any, float]:
    if len(G) == 0:
        return {}
    options: dict[str, Any] = {"alpha": float(alpha), "beta": float(beta), "max_iterations": max(max_iter, 0), "normalized": bool(normalized)}
    # A share of the sum of scores here, which is at least `beta` a node; NetworkX has `tol` a node.
    for tolerance in (tol * 1e-3, tol / beta):
        try:
            found = G.measure("katz", weight, tolerance=tolerance, **options)
        except GraphlumeError:
            break
        if found.summary["converged"]:
            return by_node(G, found["katz"])
    raise nx.PowerIterationFailedConvergence(max_iter)


# Shortest paths


@left_to_networkx(all_of(weight_by_name, only(k=None, endpoints=False)))
def betweenness_centrality(
    G: NetworkxGraph,
    k: None = None,
    normalized: bool = True,
    weight: str | None = None,
    endpoints: bool = False,
    seed: Any = None,
) -> dict[Any, float]:
    G.lengths(weight, zero=False)
    found = G.measure("betweenness", weight, simple=True, weighted=weight is not None, normalized=bool(normalized))
    return by_node(G, found["betweenness"])


@left_to_networkx(all_of(weight_by_name, simple_graph, only(k=None)))
def edge_betweenness_centrality(
    G: NetworkxGraph, k: None = None, normalized: bool = True, weight: str | None = None, seed: Any = None
) -> dict[tuple[Any, Any], float]:
    G.lengths(weight, zero=False)
    found = G.measure("edge_betweenness", weight, weighted=weight is not None, normalized=bool(normalized))
    ends = zip(G.source.tolist(), G.target.tolist())
    return {(G.nodes[u], G.nodes[v]): share for (u, v), share in zip(ends, found["edge_betweenness"].tolist())}


@left_to_networkx(all_of(weight_by_name, only(u=None, wf_improved=True)))
def closeness_centrality(
    G: NetworkxGraph, u: None = None, distance: str | None = None, wf_improved: bool = True
) -> dict[Any, float]:
    G.lengths(distance, zero=False)
    return by_node(G, G.measure("closeness", distance, weighted=distance is not None)["closeness"])


@left_to_networkx(all_of(weight_by_name, only(nbunch=None, sources=None)))
def harmonic_centrality(
    G: NetworkxGraph, nbunch: None = None, distance: str | None = None, sources: None = None
) -> dict[Any, float]:
    G.lengths(distance, zero=False)
    return by_node(G, G.measure("harmonic", distance, weighted=distance is not None)["harmonic"])


@left_to_networkx(all_of(weight_by_name, only(v=None, sp=None)))
def eccentricity(G: NetworkxGraph, v: None = None, sp: None = None, weight: str | None = None) -> dict[Any, float]:
    _must_be_connected(G)
    G.lengths(weight)
    found = G.measure("eccentricity", weight, weighted=weight is not None, direction="backward")["eccentricity"]
    return by_node(G, found.astype(np.int64) if G.are_integers(weight) else found)


@left_to_networkx(all_of(weight_by_name, only(e=None, usebounds=False)))
def diameter(G: NetworkxGraph, e: None = None, usebounds: bool = False, weight: str | None = None) -> float:
    if G.is_directed() or weight is not None or len(G) == 0:
        farthest: float = max(eccentricity(G, weight=weight).values())
        return farthest
    _must_be_connected(G)
    upper: int = G.measure("diameter").summary["upper"]
    return upper


def _must_be_connected(G: NetworkxGraph) -> None:
    if G.is_directed() and len(G) and not is_strongly_connected(G):
        raise nx.NetworkXError("Found infinite path length because the digraph is not strongly connected")
    if not G.is_directed() and len(G) and not is_connected(G):
        raise nx.NetworkXError("Found infinite path length because the graph is not connected")


def _by_distance(G: NetworkxGraph, distances: list[Any]) -> dict[Any, Any]:
    """Nodes that are reached, nearest first."""
    reached = [at for at, distance in enumerate(distances) if distance is not None]
    reached.sort(key=distances.__getitem__)
    return {G.nodes[at]: distances[at] for at in reached}


def _hops(G: NetworkxGraph, source: Any, direction: str, cutoff: float | None = None) -> list[int | None]:
    farthest = None if cutoff is None or cutoff >= len(G) else max(math.ceil(cutoff), 0)
    return G.measure("bfs", sources=[G.row[source]], direction=direction, max_distance=farthest).list("distance")


def _cutoff(given: Mapping[str, Any]) -> str | None:
    cutoff = given["cutoff"]
    return None if cutoff is None or (isinstance(cutoff, (int, float)) and cutoff == cutoff) else "cutoff must be a number"


@left_to_networkx(_cutoff)
def single_source_shortest_path_length(G: NetworkxGraph, source: Any, cutoff: float | None = None) -> dict[Any, int]:
    if source not in G:
        raise nx.NodeNotFound(f"Source {source} is not in G")
    return _by_distance(G, _hops(G, source, "forward", cutoff))


@left_to_networkx(
    all_of(_cutoff, lambda _: None if hasattr(nx, "leiden_communities") or nx.__version__ >= "3.5" else "NetworkX gives pairs before 3.5")
)
def single_target_shortest_path_length(G: NetworkxGraph, target: Any, cutoff: float | None = None) -> dict[Any, int]:
    if target not in G:
        raise nx.NodeNotFound(f"Target {target} is not in G")
    return _by_distance(G, _hops(G, target, "backward", cutoff))


def _others_reached(G: NetworkxGraph, source: Any, direction: str) -> set[Any]:
    hash(source)
    if source not in G:
        raise nx.NetworkXError(f"The node {source} is not in the digraph." if G.is_directed() else f"The node {source} is not in the graph.")
    hops = _hops(G, source, direction)
    return {node for node, distance in zip(G.nodes, hops) if distance}


def descendants(G: NetworkxGraph, source: Any) -> set[Any]:
    return _others_reached(G, source, "forward")


def ancestors(G: NetworkxGraph, source: Any) -> set[Any]:
    return _others_reached(G, source, "backward")


def descendants_at_distance(G: NetworkxGraph, source: Any, distance: Any) -> set[Any]:
    if source not in G:
        raise nx.NetworkXError(f"The node {source} is not in the graph.")
    return {node for node, found in zip(G.nodes, _hops(G, source, "forward")) if found is not None and found == distance}


@left_to_networkx(all_of(weight_by_name, _cutoff))
def single_source_dijkstra_path_length(
    G: NetworkxGraph, source: Any, cutoff: float | None = None, weight: str | None = "weight"
) -> dict[Any, float]:
    lengths: dict[Any, float] = multi_source_dijkstra_path_length(G, {source}, cutoff=cutoff, weight=weight)
    return lengths


@left_to_networkx(all_of(weight_by_name, _cutoff))
def multi_source_dijkstra_path_length(
    G: NetworkxGraph, sources: Iterable[Any], cutoff: float | None = None, weight: str | None = "weight"
) -> dict[Any, float]:
    if not sources:
        raise ValueError("sources must not be empty")
    starts = []
    for source in sources:
        if source not in G:
            raise nx.NodeNotFound(f"Node {source} not found in graph")
        starts.append(G.row[source])
    G.lengths(weight)
    distances = G.measure("sssp", weight, sources=starts).list("distance")
    if G.are_integers(weight):
        distances = [None if distance is None else int(distance) for distance in distances]
    first = set(starts)
    if cutoff is not None:
        distances = [d if d is not None and (d <= cutoff or at in first) else None for at, d in enumerate(distances)]
    return _by_distance(G, distances)


# Components


def _parts(G: NetworkxGraph, measure: str) -> Iterator[set[Any]]:
    found = G.measure(measure)["component"]
    if len(found) == 0:
        return
    order = np.argsort(found, kind="stable")
    begins = np.flatnonzero(np.diff(found[order])) + 1
    for rows in np.split(order, begins):
        yield {G.nodes[row] for row in rows.tolist()}


def _count(G: NetworkxGraph, measure: str) -> int:
    count: int = G.measure(measure).summary["n_components"]
    return count


def _is_one(G: NetworkxGraph, measure: str) -> bool:
    if len(G) == 0:
        raise nx.NetworkXPointlessConcept("Connectivity is undefined for the null graph.")
    return _count(G, measure) == 1


def connected_components(G: NetworkxGraph) -> Iterator[set[Any]]:
    return _parts(G, "weak_components")


def number_connected_components(G: NetworkxGraph) -> int:
    return _count(G, "weak_components")


def is_connected(G: NetworkxGraph) -> bool:
    return _is_one(G, "weak_components")


def node_connected_component(G: NetworkxGraph, n: Any) -> set[Any]:
    return {node for node, distance in zip(G.nodes, _hops(G, n, "forward")) if distance is not None}


def weakly_connected_components(G: NetworkxGraph) -> Iterator[set[Any]]:
    return _parts(G, "weak_components")


def number_weakly_connected_components(G: NetworkxGraph) -> int:
    return _count(G, "weak_components")


def is_weakly_connected(G: NetworkxGraph) -> bool:
    return _is_one(G, "weak_components")


def number_strongly_connected_components(G: NetworkxGraph) -> int:
    return _count(G, "strong_components")


def is_strongly_connected(G: NetworkxGraph) -> bool:
    return _is_one(G, "strong_components")


# Cores, triangles and trees


@left_to_networkx(undirected)
def core_number(G: NetworkxGraph) -> dict[Any, int]:
    if (G.source == G.target).any():
        raise nx.NetworkXNotImplemented(
            "Input graph has self loops which is not permitted; Consider using G.remove_edges_from(nx.selfloop_edges(G))."
        )
    return by_node(G, G.measure("core_number")["core_number"])


_cores = all_of(undirected, only(core_number=None))


@left_to_networkx(_cores)
def k_core(G: NetworkxGraph, k: Any = None, core_number: None = None) -> Any:
    return nx.k_core(G.origin, k, _core_number(G), backend="networkx")


@left_to_networkx(_cores)
def k_shell(G: NetworkxGraph, k: Any = None, core_number: None = None) -> Any:
    return nx.k_shell(G.origin, k, _core_number(G), backend="networkx")


@left_to_networkx(_cores)
def k_crust(G: NetworkxGraph, k: Any = None, core_number: None = None) -> Any:
    return nx.k_crust(G.origin, k, _core_number(G), backend="networkx")


@left_to_networkx(_cores)
def k_corona(G: NetworkxGraph, k: Any, core_number: None = None) -> Any:
    return nx.k_corona(G.origin, k, _core_number(G), backend="networkx")


_core_number = core_number


@left_to_networkx(all_of(simple_graph, only(nodes=None)))
def triangles(G: NetworkxGraph, nodes: None = None) -> dict[Any, int]:
    return by_node(G, G.measure("triangles")["triangles"])


@left_to_networkx(all_of(undirected, simple_graph, only(nodes=None, weight=None)))
def clustering(G: NetworkxGraph, nodes: None = None, weight: None = None) -> dict[Any, float]:
    return by_node(G, G.measure("clustering")["clustering"])


@left_to_networkx(all_of(undirected, simple_graph, only(nodes=None, weight=None)))
def average_clustering(G: NetworkxGraph, nodes: None = None, weight: None = None, count_zeros: bool = True) -> float:
    values: list[float] = [value for value in clustering(G).values() if count_zeros or value > 0]
    return sum(values) / len(values)


@left_to_networkx(all_of(undirected, simple_graph))
def transitivity(G: NetworkxGraph) -> float:
    return G.measure("clustering").summary["global"] or 0


_trees = all_of(weight_by_name, only(algorithm="kruskal"))


def _spanning(G: NetworkxGraph, weight: str | None, maximum: bool) -> list[int]:
    """Numbers of the edges of a spanning forest, in the order in which Kruskal's algorithm finds them."""
    name = weight or "weight"
    lengths = G.lengths(name)
    assert lengths is not None
    rows = np.flatnonzero(G.measure("spanning_forest", name, maximum=maximum)["in_forest"])
    taken: list[int] = rows[np.argsort(-lengths[rows] if maximum else lengths[rows], kind="stable")].tolist()
    return taken


def _spanning_edges(G: NetworkxGraph, weight: str | None, keys: bool, data: bool, maximum: bool) -> Iterator[Any]:
    # At once, so that what cannot be computed here is known before NetworkX has given the work away.
    rows = _spanning(G, weight, maximum)
    if not data:
        return ((G.nodes[G.source[row]], G.nodes[G.target[row]]) for row in rows)
    multi = {"keys": True} if G.is_multigraph() else {}
    edges = list(G.origin.edges(data=True, **multi))
    return ((*(edges[row][:-1] if keys else edges[row][:2]), edges[row][-1]) for row in rows)


def _has_edges(given: Mapping[str, Any]) -> str | None:
    return "edges of multigraphs without data are left to NetworkX" if given["G"].is_multigraph() and not given["data"] else None


@left_to_networkx(all_of(_trees, _has_edges))
def minimum_spanning_edges(
    G: NetworkxGraph,
    algorithm: str = "kruskal",
    weight: str = "weight",
    keys: bool = True,
    data: bool = True,
    ignore_nan: bool = False,
) -> Iterator[Any]:
    return _spanning_edges(G, weight, keys, data, maximum=False)


@left_to_networkx(all_of(_trees, _has_edges))
def maximum_spanning_edges(
    G: NetworkxGraph,
    algorithm: str = "kruskal",
    weight: str = "weight",
    keys: bool = True,
    data: bool = True,
    ignore_nan: bool = False,
) -> Iterator[Any]:
    return _spanning_edges(G, weight, keys, data, maximum=True)


def _tree(G: NetworkxGraph, weight: str, maximum: bool) -> Any:
    if G.is_directed():
        raise nx.NetworkXNotImplemented("not implemented for directed type")
    tree = G.origin.__class__()
    tree.graph.update(G.origin.graph)
    tree.add_nodes_from(G.origin.nodes.items())
    tree.add_edges_from(_spanning_edges(G, weight, keys=True, data=True, maximum=maximum))
    return tree


@left_to_networkx(_trees)
def minimum_spanning_tree(G: NetworkxGraph, weight: str = "weight", algorithm: str = "kruskal", ignore_nan: bool = False) -> Any:
    return _tree(G, weight, maximum=False)


@left_to_networkx(_trees)
def maximum_spanning_tree(G: NetworkxGraph, weight: str = "weight", algorithm: str = "kruskal", ignore_nan: bool = False) -> Any:
    return _tree(G, weight, maximum=True)


# Communities


def _communities(
    G: NetworkxGraph, measure: str, weight: str | None, resolution: float, max_level: int | None, seed: Any, **options: Any
) -> list[set[Any]]:
    if max_level is not None and max_level <= 0:
        raise ValueError("max_level argument must be a positive integer or None")
    if len(G.source) == 0:
        return [{node} for node in G.nodes]
    if weight is not None and G.weights(weight).sum() == 0:
        raise NotImplementedError("all weights are 0")
    if max_level is not None:
        options["max_levels"] = int(max_level)
    found = G.measure(measure, weight, resolution=float(resolution), seed=seed.getrandbits(63), **options)["community"]
    order = np.argsort(found, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(found[order])) + 1)
    return [{G.nodes[row] for row in rows.tolist()} for rows in parts]


def _levels(given: Mapping[str, Any]) -> str | None:
    return None if given["max_level"] is None else "max_level must be None: levels are others here"


_modules = all_of(weight_by_name, undirected, lambda given: None if given["resolution"] >= 0 else "resolution must be at least 0 here")


@left_to_networkx(all_of(_modules, _levels))
def louvain_communities(
    G: NetworkxGraph,
    weight: str | None = "weight",
    resolution: float = 1,
    threshold: float = 0.0000001,
    max_level: int | None = None,
    seed: Any = None,
) -> list[set[Any]]:
    return _communities(G, "louvain", weight, resolution, max_level, seed, tolerance=max(float(threshold), 0.0))


@left_to_networkx(_modules)
def leiden_communities(
    G: NetworkxGraph,
    weight: str | None = "weight",
    resolution: float = 1,
    max_level: int | None = None,
    seed: Any = None,
) -> list[set[Any]]:
    return _communities(G, "leiden", weight, resolution, max_level, seed)


# Layout


def _plane(given: Mapping[str, Any]) -> str | None:
    pos, sizes = given["pos"], given["node_size"]
    if pos is not None and (len(pos) != len(given["G"]) or any(np.shape(place) != (2,) for place in pos.values())):
        return "pos must have two numbers for each node here"
    if given["node_mass"] and min(given["node_mass"].values()) <= 0:
        return "node_mass must be above 0 here"
    return "node_size must be at least 0 here" if sizes and min(sizes.values()) < 0 else None


@left_to_networkx(all_of(weight_by_name, only(dim=2, store_pos_as=None), _plane))
def forceatlas2_layout(
    G: NetworkxGraph,
    pos: Mapping[Any, Any] | None = None,
    *,
    max_iter: int = 100,
    jitter_tolerance: float = 1.0,
    scaling_ratio: float = 2.0,
    gravity: float = 1.0,
    distributed_action: bool = False,
    strong_gravity: bool = False,
    node_mass: Mapping[Any, float] | None = None,
    node_size: Mapping[Any, float] | None = None,
    weight: str | None = None,
    linlog: bool = False,
    seed: Any = None,
    dim: int = 2,
    store_pos_as: None = None,
) -> dict[Any, NDArray[np.float64]]:
    from ._graph import Graph

    if len(G) == 0:
        return {}
    start = seed.rand(len(G), 2) if pos is None else np.array([pos[node] for node in G.nodes], dtype=np.float64)
    given: dict[str, Any] = {}
    if node_mass:
        degrees = G.measure("degree")["degree"].tolist()
        given["mass"] = np.array([node_mass.get(node, degree + 1) for node, degree in zip(G.nodes, degrees)], dtype=np.float64)
    if node_size is not None:
        given["radius"] = np.array([node_size.get(node, 1) for node in G.nodes], dtype=np.float64)
    session = Graph._of(G.native(weight)).layout_session(
        scaling=scaling_ratio,
        gravity=gravity,
        strong_gravity=strong_gravity,
        lin_log=linlog,
        dissuade_hubs=distributed_action,
        adjust_sizes=node_size is not None,
        jitter_tolerance=jitter_tolerance,
        device="cpu",
        start=start,
        **given,
    )
    session.run(max_iter)
    return dict(zip(G.nodes, session.positions.astype(np.float64)))


# Links that may be missing


def _without_loops(given: Mapping[str, Any]) -> str | None:
    graph = given["G"]
    if graph.is_directed() or graph.is_multigraph():
        # NetworkX says in its own words that it takes none either.
        return "directed graphs and multigraphs are left to NetworkX"
    return None


def _predicted(G: NetworkxGraph, measure: str, pairs: Iterable[tuple[Any, Any]] | None) -> Iterator[tuple[Any, Any, float]]:
    """What NetworkX's predictions give: pairs with their scores, by default of all nodes that no edge joins."""
    if np.any(G.source == G.target):
        raise NotImplementedError("graphs with self-loops are left to NetworkX, which counts them twice")
    if pairs is None:
        return _scored(G, measure, _apart(G))
    known = list(pairs)
    for pair in known:
        for node in pair:
            if node not in G:
                raise nx.NodeNotFound(f"Node {node} not in G.")
    return _scored(G, measure, iter(known))


def _apart(G: NetworkxGraph) -> Iterator[tuple[Any, Any]]:
    """All pairs without an edge, in the order in which NetworkX's sets have them."""
    near: list[set[Any]] = [set() for _ in G.nodes]
    for u, v in zip(G.source.tolist(), G.target.tolist()):
        near[u].add(G.nodes[v])
        near[v].add(G.nodes[u])
    left = set(G.nodes)
    while left:
        u = left.pop()
        for v in left - near[G.row[u]]:
            yield u, v


def _scored(G: NetworkxGraph, measure: str, pairs: Iterator[tuple[Any, Any]]) -> Iterator[tuple[Any, Any, float]]:
    # Many at a time: the graph is made ready for each call.
    while block := list(islice(pairs, 1 << 20)):
        rows = np.array([(G.row[u], G.row[v]) for u, v in block], dtype=np.uint32)
        if measure == "adamic-adar":
            _check_logarithms(G, rows)
        yield from ((u, v, score) for (u, v), score in zip(block, G.similarity(measure, rows[:, 0], rows[:, 1]).tolist()))


def _check_logarithms(G: NetworkxGraph, rows: NDArray[np.uint32]) -> None:
    """A node beside itself has neighbors of one edge in common with itself, whose share is not defined."""
    same = rows[rows[:, 0] == rows[:, 1], 0]
    if len(same) == 0:
        return
    degree = np.bincount(G.source, minlength=len(G)) + np.bincount(G.target, minlength=len(G))
    for begin, end in ((G.source, G.target), (G.target, G.source)):
        if np.any(degree[end[np.isin(begin, same)]] == 1):
            raise ZeroDivisionError("float division by zero")


@left_to_networkx(_without_loops)
def jaccard_coefficient(G: NetworkxGraph, ebunch: Iterable[tuple[Any, Any]] | None = None) -> Iterator[tuple[Any, Any, float]]:
    return _predicted(G, "jaccard", ebunch)


@left_to_networkx(_without_loops)
def adamic_adar_index(G: NetworkxGraph, ebunch: Iterable[tuple[Any, Any]] | None = None) -> Iterator[tuple[Any, Any, float]]:
    return _predicted(G, "adamic-adar", ebunch)


@left_to_networkx(_without_loops)
def resource_allocation_index(G: NetworkxGraph, ebunch: Iterable[tuple[Any, Any]] | None = None) -> Iterator[tuple[Any, Any, float]]:
    return _predicted(G, "resource-allocation", ebunch)
