"""Which arguments are taken here, and which are left to NetworkX."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .._networkx import NetworkxGraph, Question

#: Of functions that do not take all that NetworkX's take: why arguments are left to it.
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
