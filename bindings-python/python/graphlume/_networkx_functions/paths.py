"""Shortest paths, and centralities by them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from .arguments import all_of, by_node, left_to_networkx, only, simple_graph, weight_by_name
from .components import is_connected, is_strongly_connected

if TYPE_CHECKING:
    from .._networkx import NetworkxGraph


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


def node_connected_component(G: NetworkxGraph, n: Any) -> set[Any]:
    return {node for node, distance in zip(G.nodes, _hops(G, n, "forward")) if distance is not None}


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
