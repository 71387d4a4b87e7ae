"""Graphs, what is asked of them, and where they come from."""

from __future__ import annotations

import functools
import json
import os
import warnings
from collections.abc import Mapping, Sequence
from types import FunctionType
from typing import Any

from . import _convert, _native
from ._errors import InputError
from ._export import Exports
from ._features import Features
from ._measured import Measured
from ._options import check_kinds
from ._shapes import Shapes
from ._shown import Shown


class Graph(Shapes, Features, Shown, Exports):
    """A graph: edges, nodes, and attributes of both. It never changes; what changes it gives another one.

    ``edges`` is anything that holds edges: a frame of polars, pandas, pyarrow or DuckDB, or whatever else speaks
    Arrow's PyCapsule interface; a dict of columns; a list of pairs or triples with weights; an array of shape
    ``(m, 2)``; a ``scipy.sparse`` matrix; a graph of networkx, igraph or rustworkx; a ``Data`` of PyTorch
    Geometric. ``nodes`` is a table of nodes, joined by id; of a pandas frame without such a column the index has the ids.

    Columns of ends are found by name (``source``/``target``, ``src``/``dst``, ``from``/``to``, …), or else the first
    two; ``weight`` if there is a numeric one of that name (a warning says if it is not numeric), none if ``weight=None``.
    Ids may be integers or texts, or floats that are whole, which become integers. Attributes are not
    copied where they come through Arrow or as arrays of numbers: do not change such arrays while the graph lives.
    Nodes have the order of the table of nodes, or that which they have in a matrix or another library's graph; those that
    only edges name come behind, in the order of their first edge.
    Ids are looked at once; memory beyond them is 8 bytes an edge (12 with weights), and as much again for
    each direction once an algorithm walks it.

    >>> import graphlume as gl
    >>> g = gl.Graph([("ann", "bob"), ("bob", "eve"), ("eve", "ann"), ("eve", "kim")])
    >>> g
    Graph(4 nodes, 4 edges, undirected)
    >>> g.ids.tolist()
    ['ann', 'bob', 'eve', 'kim']

    Raises ``InputError``, which is a ``ValueError``, where a column is missing or of another type, an id is
    missing or a weight is negative.
    """

    __slots__ = ()

    def __init__(
        self,
        edges: Any,
        nodes: Any = None,
        *,
        source: str | None = None,
        target: str | None = None,
        weight: str | None = "auto",
        id: str | None = None,
        directed: bool | None = None,
        drop_null: bool = False,
    ) -> None:
        if isinstance(edges, Graph):
            raise InputError("this is a Graph already; it never changes, and so needs no copy")
        parts = _convert.parts(edges, directed)
        if nodes is not None and parts.nodes is not None:
            raise InputError(f"a {type(edges).__name__} has nodes of its own, so that it takes no table of them")
        nodes = _convert.nodes_table(nodes, id) if nodes is not None else parts.nodes
        options = {
            "source": source,
            "target": target,
            **_weights(weight),
            "id": id,
            "directed": parts.directed if directed is None else directed,
            "drop_null": drop_null,
            # Arrays of features, labels and the like lie beside the nodes as they were given.
            "order": "node-table" if nodes is not None else "first-appearance",
        }
        self._set(_native.Graph(parts.edges, nodes, options), origin=parts.origin)
        _warn_of_weights(self._rust, weight)

    def _set(
        self, native: _native.Graph, report: dict[str, Any] | None = None, origin: _convert.Origin | None = None
    ) -> None:
        self._rust = native
        self._ids = None
        self._origin = origin
        self._placed = None
        self.query_report = None
        self.read_report = report

    @classmethod
    def _of(
        cls, native: _native.Graph, report: dict[str, Any] | None = None, origin: _convert.Origin | None = None
    ) -> Graph:
        graph = cls.__new__(cls)
        graph._set(native, report, origin)
        return graph

    def _like(self, native: _native.Graph) -> Graph:
        return Graph._of(native, self.read_report, self._origin)

    def _new(self, native: _native.Graph) -> Graph:
        return Graph._of(native, self.read_report)

    def with_nodes(self, **columns: Any) -> Graph:
        """The same graph with more columns of nodes, each of shape ``[n]`` or a dict by id; those of the same name are
        replaced.

        >>> import graphlume as gl
        >>> g = gl.Graph([(0, 1), (1, 2)])
        >>> g.with_nodes(score=[0.5, 1.0, 0.25]).nodes["score"].tolist()
        [0.5, 1.0, 0.25]
        """
        known = self._rust.ids.to_pylist() if any(isinstance(values, Mapping) for values in columns.values()) else []
        table = _native.Table.from_columns(
            {
                name: _convert.column(name, [values.get(id) for id in known] if isinstance(values, Mapping) else values)
                for name, values in columns.items()
            }
        )
        return self._like(self._rust.with_node_columns(table))

    def with_edges(self, **columns: Any) -> Graph:
        """The same graph with more columns of edges, each of shape ``[m]``; those of the same name are replaced. Edges and their
        weights stay what they are. Tables are copied once.

        >>> import graphlume as gl
        >>> g = gl.Graph([("ann", "bob"), ("bob", "eve")])
        >>> g.with_edges(since=[2019, 2021]).filter(edges="since > 2020").ids.tolist()
        ['bob', 'eve']
        """
        edges = self._rust.edges()
        *names, beside = *edges.columns[:2], self._beside_weights()
        for name in columns:
            if name in names:
                raise InputError(f"`{name}` has the ends of edges, which stay what they are")
            if name in edges.columns[2:] and name not in beside:
                raise InputError(f"`{name}` has the weights of edges, which stay what they are: Graph(…, weight=…) takes others")
        attributes = {name: edges.column(name) for name in edges.columns[2:]}
        attributes |= {name: _convert.column(name, values) for name, values in columns.items()}
        if odd := [name for name, column in attributes.items() if len(column) != self.n_edges]:
            raise InputError(f"column `{odd[0]}` has {len(attributes[odd[0]])} entries, but there are {self.n_edges} edges")
        source, target, weights = self._rust.ends()
        ends = {"source": source, "target": target} | ({} if weights is None else {"weight": weights})
        tables = (self._rust.nodes(), _native.Table.from_columns(attributes), _native.Table.from_columns(ends))
        if not columns:
            return self
        return self._like(_native.Graph.from_bytes([table.to_ipc() for table in tables], (names[0], names[1]), self.is_directed))

    def measure(self, name: str, *, device: str = "cpu", **options: Any) -> Measured:
        """The measure ``name``, which may also be called as a method: ``g.measure("page_rank", damping=0.9)`` is
        ``g.page_rank(damping=0.9)``.

        >>> import graphlume as gl
        >>> star = gl.Graph([(0, 1), (0, 2), (0, 3)])
        >>> star.measure("degree").degree.tolist()
        [3, 1, 1, 1]
        """
        measure, defaults = _known(name)
        check_kinds(options, defaults)
        weighted = options.get("weighted", options.get("weight"))
        # Some measures take weights where there are some, without being told to.
        if defaults.get("weighted") is False:
            self._check_weights(weighted)
        nodes, edges, summary = self._rust.measure(name, options, device)
        if weighted is None:
            weighted = defaults.get("weighted")
        if measure in _BY_WEIGHT:
            weighted = options.get("merge") != "unit"
        used = None if weighted is None else bool(weighted) and self._rust.has_weights
        used = used if options.get("weight_column") is None else True
        return Measured(self, name, dict(nodes), dict(edges), summary, used)

    def gfql(self, query: Any, *, strict: bool = False) -> Graph:
        """The part of the graph that a query in GFQL finds: a list of steps, a ``Let``, or their JSON as text, as
        PyGraphistry has them. ``strict`` refuses conditions on columns that do not exist, which otherwise are
        taken for empty with a warning. What the query says of its answer, by calls such as ``name`` and ``encode_point_color``,
        is in ``query_report`` of the graph.

        >>> import graphlume as gl
        >>> g = gl.Graph([("ann", "bob"), ("bob", "eve"), ("kim", "lee")])
        >>> g.gfql([{"type": "Node", "filter_dict": {"id": "ann"}},
        ...         {"type": "Edge", "direction": "undirected", "hops": 2}, {"type": "Node"}])
        Graph(3 nodes, 2 edges, undirected)
        """
        if not isinstance(query, str):
            if hasattr(query, "to_json"):
                query = query.to_json()
            elif isinstance(query, list):
                query = [step.to_json() if hasattr(step, "to_json") else step for step in query]
            query = json.dumps(query, default=lambda value: value.item() if hasattr(value, "item") else str(value))
        found, notes, said = self._rust.query(query, strict)
        for note in notes:
            warnings.warn(note, stacklevel=2)
        graph = Graph._of(found, origin=self._origin)
        graph.query_report = said
        return graph

    def __copy__(self) -> Graph:
        return self

    def __deepcopy__(self, memo: Any) -> Graph:
        return self

    def __reduce__(self) -> Any:
        parts, names = self._rust.to_bytes()
        return _of_bytes, (parts, names, self.is_directed, self.read_report, self._origin, self.query_report)


# Messages of Python on wrong arguments, and help, are of Graph, not of the parts that it is made of.
for _part in Graph.__mro__[1:-1]:
    for _name, _member in vars(_part).items():
        if isinstance(_member, FunctionType) and _member.__name__ == _name:
            _member.__qualname__ = f"Graph.{_name}"


def _of_bytes(
    parts: list[bytes],
    names: tuple[str, str],
    directed: bool,
    report: dict[str, Any] | None,
    origin: _convert.Origin | None,
    said: dict[str, Any] | None = None,
) -> Graph:
    """The graph that was pickled so."""
    graph = Graph._of(_native.Graph.from_bytes(parts, names, directed), report, origin)
    graph.query_report = said
    return graph


def _weights(weight: str | None) -> dict[str, Any]:
    """The column of weights as Rust is told: a name, ``auto``, or that there is none."""
    if weight is None:
        return {"unweighted": True}
    return {"weight": None if weight == "auto" else weight}


def _warn_of_weights(graph: _native.Graph, weight: str | None) -> None:
    """Says that a column of weights is not read as such."""
    if weight != "auto" or graph.has_weights:
        return
    for name, kind in graph.edge_attributes():
        if name.lower() == "weight":
            warnings.warn(
                f"column `{name}` is of type {kind}, which is no number, and is not used: all weights are 1; weight=None says that they are",
                stacklevel=3,
            )


#: Measures that go by weight where there are weights, and have no option for it.
_BY_WEIGHT = ("sssp", "spanning_forest", "louvain", "leiden", "label_propagation")


@functools.cache
def _known(measure: str) -> tuple[str, dict[str, Any]]:
    """The name of a measure by any of its names, and its options with their defaults; of what is no measure nothing."""
    found = ((one["name"], one["options"]) for one in _native.describe()["measures"] if measure in (one["name"], *one["aliases"]))
    return next(found, (measure, {}))


def read(
    path: str | os.PathLike[str],
    *,
    nodes: str | os.PathLike[str] | None = None,
    format: str | None = None,
    source: str | None = None,
    target: str | None = None,
    weight: str | None = "auto",
    id: str | None = None,
    directed: bool | None = None,
    drop_null: bool = False,
    delimiter: str | None = None,
    header: bool | None = None,
    nulls: Sequence[str] = (),
) -> Graph:
    """Reads a graph from a file: CSV and other delimited text, Parquet, Arrow, JSON, MatrixMarket, METIS, GraphML,
    GEXF or GML, compressed or not. What is not said is found out, and told in ``read_report``; with ``weight=None`` no column
    has weights. ``nulls`` are words of delimited text that mean that there is no value, such as ``["NA"]``.

    >>> import graphlume as gl, tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "friends.csv"
    >>> _ = file.write_text("from,to,since\\nann,bob,2019\\nbob,eve,2021\\n")
    >>> g = gl.read(file)
    >>> g, g.read_report["format"]
    (Graph(3 nodes, 2 edges, undirected), 'csv')

    Raises ``MissingFileError`` (a ``FileNotFoundError``) and ``FileError`` (an ``OSError``) for files, ``InputError``
    for what is in them, with its place.
    """
    options = {
        "nodes": None if nodes is None else os.fspath(nodes),
        "format": format,
        "source": source,
        "target": target,
        **_weights(weight),
        "id": id,
        "directed": directed,
        "drop_null": drop_null,
        "delimiter": delimiter,
        "header": header,
        "nulls": list(nulls),
    }
    graph = Graph._of(*_native.read(os.fspath(path), options))
    _warn_of_weights(graph._rust, weight)
    return graph


def hypergraph(
    events: Any,
    entities: list[str] | None = None,
    *,
    direct: bool = False,
    drop_na: bool = True,
    drop_edge_attrs: bool = False,
    opts: dict[str, Any] | None = None,
) -> Graph:
    """The graph of the things that the rows of a table name: each value of the columns ``entities`` (by default of all) is a
    node; each row is a node too, joined with its values, or with ``direct`` joins its values with one another.

    The meaning of options, and the names of columns, are those of PyGraphistry's ``hypergraph``; ``opts`` are its options,
    such as ``{"CATEGORIES": {"ip": ["from", "to"]}}``.

    >>> import graphlume as gl
    >>> g = gl.hypergraph({"user": ["ann", "bob"], "ip": ["10.0.0.1", "10.0.0.1"]}, direct=True)
    >>> g.ids.tolist()
    ['user::ann', 'user::bob', 'ip::10.0.0.1']
    """
    options = {
        "entity_types": entities,
        "direct": direct,
        "drop_na": drop_na,
        "drop_edge_attrs": drop_edge_attrs,
    }
    graph, notes = _native.hypergraph(_convert.table(events), options, opts or {})
    for note in notes:
        warnings.warn(note, stacklevel=2)
    return Graph._of(graph)
