"""Degrees and centralities."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import networkx as nx

from .._errors import GraphlumeError
from .arguments import all_of, by_node, left_to_networkx, only, weight_by_name

if TYPE_CHECKING:
    from .._networkx import NetworkxGraph


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
