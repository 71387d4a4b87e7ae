"""Communities, layout, and links that may be missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from .arguments import all_of, left_to_networkx, only, undirected, weight_by_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .._networkx import NetworkxGraph


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
    from .._graph import Graph

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
