"""Components, cores, triangles and trees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from .arguments import all_of, by_node, left_to_networkx, only, simple_graph, undirected, weight_by_name

if TYPE_CHECKING:
    from .._networkx import NetworkxGraph


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
