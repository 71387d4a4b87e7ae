"""NetworkX's functions, computed here: ``nx.pagerank(G, backend="graphlume")``.

NetworkX loads :data:`backend` when it is first asked for, and calls what has the name of its own function with graphs that
:meth:`Backend.convert_from_nx` has made. Weights here have 32 bits: where a result depends on their last bits, as shortest
paths do, graphs whose weights do not fit are left to NetworkX, and so is all else that would come out otherwise.
"""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, compress
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _native
from ._graph import Graph
from ._networkx_info import FUNCTIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray


class NetworkxGraph:
    """A graph as NetworkX's functions take it without conversion.

    Edges are numbers of nodes, ``int64`` of shape ``[m]``, in the order of NetworkX's ``G.edges``; an undirected one is there
    once, from the node that comes first.
    """

    __networkx_backend__ = "graphlume"

    def __init__(
        self,
        nodes: list[Any],
        source: NDArray[np.int64],
        target: NDArray[np.int64],
        weights: Mapping[str, list[Any] | NDArray[Any]],
        *,
        directed: bool,
        multigraph: bool,
    ) -> None:
        self.nodes = nodes
        self.source, self.target = source, target
        self._weights = weights
        self._directed, self._multigraph = directed, multigraph
        self._row: dict[Any, int] | None = None
        self._made: dict[tuple[str | None, bool], _native.Graph] = {}
        self._checked: dict[str, NDArray[np.float64]] = {}
        self._origin: Callable[[], Any] = lambda: None
        self.graph: dict[Any, Any] = {}

    @classmethod
    def of_networkx(cls, graph: Any, attributes: Mapping[str, Any], *, keep: bool) -> NetworkxGraph:
        """What NetworkX has; ``attributes`` are those of edges that are needed, with what counts where one is missing.
        With ``keep`` the graph itself is needed too, for as long as it lives."""
        nodes, directed, multigraph = list(graph._adj), graph.is_directed(), graph.is_multigraph()
        row = {node: at for at, node in enumerate(nodes)}
        rows = list(graph._adj.values())
        if type(graph._adj) is not dict:
            # A view: what lies in it is found out by walking it, and only then counted.
            rows = [{to: dict(ends) if multigraph else ends for to, ends in near.items()} for near in rows]
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        source = np.repeat(np.arange(len(rows)), lengths)
        target = _rows_of(nodes, row, rows, len(source))
        once: Any = slice(None) if directed else source <= target
        # Between two nodes of a multigraph lies a dict of edges by key.
        between = chain.from_iterable(ends.values() for ends in rows) if multigraph or attributes else ()
        if multigraph:
            pairs = list(between)
            counts = np.fromiter(map(len, pairs), np.int64, len(pairs))
            between = chain.from_iterable(keys.values() for keys in pairs)
            source, target = np.repeat(source, counts), np.repeat(target, counts)
            once = once if directed else np.repeat(once, counts)
        weights = {}
        if attributes:
            data = list(between if directed else compress(between, once.tolist()))
            weights = {name: [of_edge.get(name, default) for of_edge in data] for name, default in attributes.items()}
        found = cls(nodes, source[once], target[once], weights, directed=directed, multigraph=multigraph)
        found._row = row
        found.graph = dict(graph.graph)
        if keep:
            found._origin = weakref.ref(graph)
        return found

    @classmethod
    def of(cls, graph: Graph) -> NetworkxGraph:
        """A graph of this package."""
        source, target = (ends.astype(np.int64) for ends in graph.edge_index)
        if not graph.is_directed:
            source, target = np.minimum(source, target), np.maximum(source, target)
        pairs = source * graph.n_nodes + target
        several = len(np.unique(pairs)) < len(pairs)
        edges = graph.edges
        columns = {name: edges.column(name) for name in edges.columns[2:]}
        weights = {name: column.to_pylist() for name, column in columns.items() if column.dtype.startswith(("int", "uint", "float"))}
        ids, origin = graph.ids.tolist(), graph._origin
        if origin is not None and origin.ids is not None:
            ids = [origin.ids[number] for number in ids]
        several = several or (origin is not None and origin.multigraph)
        return cls(ids, source, target, weights, directed=graph.is_directed, multigraph=several)

    def is_directed(self) -> bool:
        """Whether edges have a direction."""
        return self._directed

    def is_multigraph(self) -> bool:
        """Whether edges may be parallel."""
        return self._multigraph

    def number_of_nodes(self) -> int:
        """Number of nodes."""
        return len(self.nodes)

    def number_of_edges(self) -> int:
        """Number of edges; an undirected one counts once."""
        return len(self.source)

    __len__ = order = number_of_nodes

    def __iter__(self) -> Iterator[Any]:
        return iter(self.nodes)

    def __contains__(self, node: Any) -> bool:
        try:
            return node in self.row
        except TypeError:
            return False

    def __repr__(self) -> str:
        return f"NetworkxGraph({len(self.nodes):,} nodes, {len(self.source):,} edges)"

    @property
    def row(self) -> dict[Any, int]:
        """The number of each node."""
        if self._row is None:
            self._row = {node: at for at, node in enumerate(self.nodes)}
        return self._row

    @property
    def origin(self) -> Any:
        """The graph of NetworkX that this is of, where its attributes are needed too."""
        graph = self._origin()
        if graph is None:
            raise NotImplementedError("this graph holds no attributes: it was not made for a function that needs them")
        return graph

    def _values(self, name: str) -> NDArray[Any]:
        """Weights of edges as they are; 1 where there is none."""
        known, origin = self._weights.get(name), self._origin()
        if known is None and origin is not None:
            known = [data.get(name, 1) for *_, data in origin.edges(data=True)]
        return np.asarray(known) if known is not None else np.ones(len(self.source), dtype=np.int64)

    def weights(self, name: str) -> NDArray[np.float64]:
        """Weights of edges, shape ``[m]``, in 64 bits."""
        if name not in self._checked:
            values = self._values(name)
            if len(values) == 0:
                values = np.zeros(0)
            if values.dtype.kind not in "iufb" or values.ndim != 1:
                raise NotImplementedError(f"`{name}` of edges is not a number everywhere")
            values = values.astype(np.float64)
            if not (np.isfinite(values).all() and (values >= 0).all()):
                raise NotImplementedError(f"`{name}` of an edge is below 0, or not finite")
            if values.size and values.max() > np.finfo(np.float32).max:
                raise NotImplementedError(f"`{name}` of an edge does not fit into 32 bits")
            self._checked[name] = values
        return self._checked[name]

    def lengths(self, name: str | None, *, zero: bool = True) -> NDArray[np.float64] | None:
        """Weights that lengths of paths are compared by, so that none of their bits may be lost."""
        if name is None:
            return None
        values = self.weights(name)
        if (values.astype(np.float32) != values).any():
            raise NotImplementedError(f"`{name}` of an edge has more digits than 32 bits hold")
        if not zero and (values == 0).any():
            raise NotImplementedError(f"`{name}` of an edge is 0")
        return values

    def are_integers(self, name: str | None) -> bool:
        """Whether sums of these weights are integers in NetworkX too."""
        return name is None or self._values(name).dtype.kind in "iub"

    def native(self, name: str | None = None, *, simple: bool = False) -> _native.Graph:
        """The graph with these weights, or with none; with ``simple`` parallel edges are one, the shortest."""
        simple = simple and self._multigraph
        if (name, simple) not in self._made:
            weights = None if name is None else self.weights(name)
            source, target = self.source, self.target
            if simple:
                order = np.lexsort(([] if weights is None else [weights]) + [target, source])
                fresh = np.ones(len(order), dtype=bool)
                fresh[1:] = (np.diff(source[order]) != 0) | (np.diff(target[order]) != 0)
                kept = order[fresh]
                source, target = source[kept], target[kept]
                weights = None if weights is None else weights[kept]
            edges = {"source": _native.Array.from_numpy(source), "target": _native.Array.from_numpy(target)}
            options: dict[str, Any] = {"source": "source", "target": "target", "id": "id"}
            options |= {"directed": self._directed, "order": "node-table"}
            if weights is not None:
                edges["weight"] = _native.Array.from_numpy(weights)
                options["weight"] = "weight"
            table = _native.Table.from_columns
            ids = _native.Array.from_numpy(np.arange(len(self.nodes)))
            self._made[name, simple] = _native.Graph(table(edges), table({"id": ids}), options)
        return self._made[name, simple]

    def measure(self, measure: str, weight: str | None = None, *, simple: bool = False, **options: Any) -> Found:
        """The measure called so, of the graph with these weights."""
        return Found(*self.native(weight, simple=simple).measure(measure, options, "cpu"))

    def similarity(self, measure: str, source: NDArray[np.uint32], target: NDArray[np.uint32]) -> NDArray[np.float64]:
        """How alike nodes are, pair by pair."""
        rows = (_native.Array.from_numpy(np.ascontiguousarray(nodes)) for nodes in (source, target))
        return self.native().similarity({"measure": measure, "weighted": False}, *rows).to_numpy()

    def to_networkx(self) -> Any:
        """As a graph of NetworkX, with the attributes that are known."""
        import networkx as nx

        origin = self._origin()
        if origin is not None:
            return origin
        graph = (nx.MultiDiGraph if self._directed else nx.MultiGraph) if self._multigraph else (nx.DiGraph if self._directed else nx.Graph)
        made = graph()
        made.graph.update(self.graph)
        made.add_nodes_from(self.nodes)
        names = list(self._weights)
        rows = zip(*self._weights.values()) if names else iter(() for _ in self.source)
        ends = zip(self.source.tolist(), self.target.tolist(), rows)
        made.add_edges_from((self.nodes[u], self.nodes[v], dict(zip(names, row))) for u, v, row in ends)
        return made


class Found:
    """Columns that a measure gives, and what it says of the whole."""

    def __init__(
        self, nodes: list[tuple[str, _native.Array]], edges: list[tuple[str, _native.Array]], summary: dict[str, Any]
    ) -> None:
        self._columns = dict(nodes) | dict(edges)
        self.summary = summary

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._columns[name].to_numpy()

    def list(self, name: str) -> list[Any]:
        """A column as a list, with ``None`` where there is no value."""
        return self._columns[name].to_pylist()


def _rows_of(nodes: list[Any], row: Mapping[Any, int], rows: list[Any], count: int) -> NDArray[np.int64]:
    """The numbers of all neighbors, in the order in which ``rows`` have them."""
    if all(type(node) is int for node in nodes):
        # NumPy finds integers several times faster than a dict.
        try:
            known = np.fromiter(nodes, np.int64, len(nodes))
            found = np.fromiter(chain.from_iterable(rows), np.int64, count)
        except OverflowError:
            pass
        else:
            if np.array_equal(known, np.arange(len(known))):
                return found
            order = np.argsort(known)
            return order[np.searchsorted(known, found, sorter=order)]
    return np.fromiter(map(row.__getitem__, chain.from_iterable(rows)), np.int64, count)


#: A question about arguments: why they cannot be taken, or nothing.
Question = Callable[[Mapping[str, Any]], "str | None"]


class Backend:
    """The entry point ``networkx.backends``: conversions, and questions that NetworkX asks before a call."""

    def __init__(self) -> None:
        from ._networkx_functions import QUESTIONS, function

        self._questions: dict[str, Question] = QUESTIONS
        self._signatures: dict[str, inspect.Signature] = {}
        for name in FUNCTIONS:
            call = function(name)
            setattr(self, name, call)
            self._signatures[name] = inspect.signature(call)

    def convert_from_nx(
        self,
        graph: Any,
        *,
        edge_attrs: Mapping[str, Any] | None = None,
        preserve_edge_attrs: bool = False,
        preserve_node_attrs: bool = False,
        **_: Any,
    ) -> NetworkxGraph:
        """A graph of NetworkX as functions here take it: O(n + m), of which the most goes into walking its dicts."""
        if isinstance(graph, Graph):
            return NetworkxGraph.of(graph)
        return NetworkxGraph.of_networkx(graph, edge_attrs or {}, keep=preserve_edge_attrs or preserve_node_attrs)

    def convert_to_nx(self, result: Any, **_: Any) -> Any:
        """Results are NetworkX's already, but for graphs."""
        return result.to_networkx() if isinstance(result, NetworkxGraph) else result

    def can_run(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool | str:
        """Whether the function called ``name`` gives here what NetworkX gives, or why it does not."""
        try:
            bound = self._signatures[name].bind(*args, **kwargs)
        except TypeError as error:
            return str(error)
        bound.apply_defaults()
        question = self._questions.get(name)
        return (question(bound.arguments) if question else None) or True

    def should_run(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool | str:
        """Whether it is worth it: counting what NetworkX has counted already is not."""
        graph = args[0] if args else kwargs.get("G")
        if name.endswith("degree_centrality") and not isinstance(graph, NetworkxGraph):
            cached = (getattr(graph, "__networkx_cache__", None) or {}).get("backends", {}).get("graphlume")
            if not cached:
                return "to convert the graph takes longer than this"
        return True

    def on_start_tests(self, items: list[Any]) -> None:
        """Marks tests of NetworkX that ask for more than its documentation says."""
        import pytest

        from ._networkx_info import EXPECTED_FAILURES

        for item in items:
            reason = EXPECTED_FAILURES.get(f"{item.path.name}::{item.nodeid.partition('::')[2]}")
            if reason:
                item.add_marker(pytest.mark.xfail(reason=reason, strict=True))


backend = Backend()
