"""Graphs, and what is found out about them."""

from __future__ import annotations

import functools
import html
import json
import os
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _convert, _native, _page
from ._errors import InputError
from ._generated import Generated
from ._layout import Session
from ._measured import Measured
from ._options import check_kinds, checked, count, flag
from ._picture import Picture, as_text
from ._table import Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._networkx import NetworkxGraph

#: Of the page that notebooks show, in pixels.
_HEIGHT = 480


class Graph(Generated):
    """A graph: edges, nodes, and attributes of both. It never changes; what changes it gives another one.

    ``edges`` is anything that holds edges: a frame of polars, pandas, pyarrow or DuckDB, or whatever else speaks
    Arrow's PyCapsule interface; a dict of columns; a list of pairs or triples with weights; an array of shape
    ``(m, 2)``; a ``scipy.sparse`` matrix; a graph of networkx, igraph or rustworkx; a ``Data`` of PyTorch
    Geometric. ``nodes`` is a table of nodes, joined by id; of a pandas frame without such a column the index has the ids.

    Columns of ends are found by name (``source``/``target``, ``src``/``dst``, ``from``/``to``, …), or else the first
    two; ``weight`` if there is a numeric one of that name (a warning says if it is not numeric), none if ``weight=None``. Ids may be integers or texts. Attributes are not
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

    __slots__ = ("_ids", "_origin", "_placed", "_rust", "read_report")

    #: What was found out about the file that the graph is from; ``None`` if it is from none.
    read_report: dict[str, Any] | None

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
        self._ids: NDArray[Any] | None = None
        self._origin = origin
        # The graph with positions, once a picture has needed them.
        self._placed: Graph | None = None
        self.read_report = report

    @classmethod
    def _of(
        cls, native: _native.Graph, report: dict[str, Any] | None = None, origin: _convert.Origin | None = None
    ) -> Graph:
        graph = cls.__new__(cls)
        graph._set(native, report, origin)
        return graph

    @property
    def n_nodes(self) -> int:
        """Number of nodes, ``n``."""
        return self._rust.n_nodes

    @property
    def n_edges(self) -> int:
        """Number of edges, ``m``; an undirected one counts once."""
        return self._rust.n_edges

    @property
    def is_directed(self) -> bool:
        """Whether edges have a direction."""
        return self._rust.is_directed

    @property
    def ids(self) -> NDArray[Any]:
        """Ids of nodes, shape ``[n]``: integers or texts, in the order of all that has a value a node."""
        if self._ids is None:
            self._ids = self._rust.ids.to_numpy()
        return self._ids

    @property
    def nodes(self) -> Table:
        """The table of nodes: ids, then attributes. No copy."""
        return Table._of(self._rust.nodes())

    @property
    def edges(self) -> Table:
        """The table of edges: the ids at their ends, then attributes."""
        return Table._of(self._rust.edges())

    @property
    def edge_index(self) -> NDArray[np.uint32]:
        """The ends of edges as rows of nodes, shape ``[2, m]``, ``uint32``."""
        source, target, _ = self._rust.ends()
        return np.stack([np.asarray(source), np.asarray(target)])

    @property
    def weights(self) -> NDArray[np.float32] | None:
        """Weights of edges, shape ``[m]``, ``float32``; ``None`` if they have none."""
        weights = self._rust.ends()[2]
        return None if weights is None else np.asarray(weights)

    @property
    def positions(self) -> NDArray[np.float32] | None:
        """Where nodes are, shape ``[n, 2]``, in layout units; ``None`` before a layout."""
        nodes = self.nodes
        if "x" not in nodes or "y" not in nodes:
            return None
        return np.stack([nodes["x"], nodes["y"]], axis=1).astype(np.float32, copy=False)

    def row_of(self, id: Any) -> int:
        """The row of the node ``id`` in ``ids``. O(n).

        >>> import graphlume as gl
        >>> gl.Graph([("ann", "bob")]).row_of("bob")
        1
        """
        rows = np.flatnonzero(self.ids == id)
        if len(rows) == 0:
            raise InputError(f"there is no node {id!r}")
        return int(rows[0])

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

    def measure(self, name: str, *, device: str = "cpu", **options: Any) -> Measured:
        """The measure ``name``, which may also be called as a method: ``g.measure("page_rank", damping=0.9)`` is
        ``g.page_rank(damping=0.9)``.

        >>> import graphlume as gl
        >>> star = gl.Graph([(0, 1), (0, 2), (0, 3)])
        >>> star.measure("degree").degree.tolist()
        [3, 1, 1, 1]
        """
        defaults = _defaults(name)
        check_kinds(options, defaults)
        # Some measures take weights where there are some, without being told to.
        if defaults.get("weighted") is False:
            _check_weights(self._rust, options.get("weighted"))
        nodes, edges, summary = self._rust.measure(name, options, device)
        return Measured(self, name, dict(nodes), dict(edges), summary)

    def _like(self, native: _native.Graph) -> Graph:
        return Graph._of(native, self.read_report, self._origin)

    def rows_of(self, ids: Any) -> NDArray[np.uint32]:
        """The rows of the nodes ``ids`` in ``ids``, shape ``[k]``. O(n log n).

        >>> import graphlume as gl
        >>> gl.Graph([("ann", "bob"), ("bob", "eve")]).rows_of(["eve", "ann"]).tolist()
        [2, 0]
        """
        known = self.ids
        wanted = np.asarray(ids, dtype=known.dtype if known.dtype == object else None).reshape(-1)
        if len(known) == 0 or len(wanted) == 0:
            if len(wanted):
                raise InputError(f"there is no node {wanted[0]!r}")
            return np.zeros(0, dtype=np.uint32)
        order = np.argsort(known, kind="stable")
        try:
            rows = order[np.minimum(np.searchsorted(known, wanted, sorter=order), len(known) - 1)]
            found = known[rows] == wanted
        except TypeError:
            raise InputError(f"ids of nodes are {type(known[0]).__name__}, and cannot be {wanted.tolist()!r}") from None
        if not np.all(found):
            raise InputError(f"there is no node {wanted[~found].tolist()[0]!r}")
        return rows.astype(np.uint32)

    def filter(self, *, nodes: Any = None, edges: Any = None, keep_isolated: bool = False) -> Graph:
        """The nodes and edges that conditions are true of, and edges between such nodes alone.

        A condition is an expression over columns, in the grammar of SQL, or an array of truth values of shape ``[n]``
        or ``[m]``. Of a condition on edges nodes without an edge go too, unless ``keep_isolated``.

        >>> import graphlume as gl
        >>> g = gl.Graph({"source": ["a", "b", "c"], "target": ["b", "c", "d"], "w": [1, 5, 9]})
        >>> g.filter(edges="w > 2").ids.tolist()
        ['b', 'c', 'd']
        >>> g.filter(nodes="id <> 'b'")
        Graph(3 nodes, 1 edges, undirected)
        """
        keep = [
            value if value is None or isinstance(value, str) else _convert.column(name, value)
            for name, value in (("nodes", nodes), ("edges", edges))
        ]
        return self._like(_native.filter(self._rust, keep[0], keep[1], keep_isolated))

    def subgraph(self, ids: Any) -> Graph:
        """The nodes ``ids``, in this order, and all edges between them.

        >>> import graphlume as gl
        >>> gl.Graph([(1, 2), (2, 3), (3, 4)]).subgraph([3, 2])
        Graph(2 nodes, 1 edges, undirected)
        """
        return self._like(_native.part(self._rust, _convert.column("rows", self.rows_of(ids))))

    def neighborhood(self, ids: Any, *, hops: int | None = 1, direction: str = "both") -> Graph:
        """What can be reached from the nodes ``ids`` in at most ``hops`` hops, or in any number if that is ``None``;
        ``direction`` is ``forward``, ``reverse`` or ``both``, and matters if edges have one.

        >>> import graphlume as gl
        >>> gl.Graph([(1, 2), (2, 3), (3, 4)]).neighborhood([1], hops=2).ids.tolist()
        [1, 2, 3]
        """
        rows = _convert.column("rows", self.rows_of(ids))
        hops = None if hops is None else count("hops", hops)
        return self._like(_native.neighborhood(self._rust, rows, hops, {"direction": direction}))

    def similarity(self, pairs: Any, *, measure: str = "jaccard", weighted: bool = False) -> NDArray[np.float64]:
        """How alike nodes are by the neighbors that they have in common, for pairs of ids: shape ``[k]``.

        ``measure`` is ``common-neighbors``, ``jaccard``, ``overlap``, ``sorensen``, ``cosine``, ``adamic-adar``,
        ``resource-allocation`` or ``preferential-attachment``; the direction of edges does not matter, and their weights
        only if ``weighted``.

        >>> import graphlume as gl
        >>> g = gl.Graph([("a", "x"), ("a", "y"), ("b", "x"), ("b", "y"), ("c", "y")])
        >>> g.similarity([("a", "b"), ("a", "c")]).tolist()
        [1.0, 0.5]
        """
        ends = list(zip(*pairs)) or [(), ()]
        if len(ends) != 2:
            raise InputError(f"pairs have 2 ids each, but these have {len(ends)}")
        rows = [_convert.column("pairs", self.rows_of(list(side))) for side in ends]
        options = {"measure": measure, "weighted": flag("weighted", weighted)}
        _check_weights(self._rust, options["weighted"])
        return self._rust.similarity(options, *rows).to_numpy()

    def largest_component(self) -> Graph:
        """The largest part that hangs together, whatever the direction of edges."""
        return self._like(_native.reshape(self._rust, {"verb": "largest_component"}))

    def reverse(self) -> Graph:
        """The graph with edges the other way round."""
        return self._like(_native.reshape(self._rust, {"verb": "reverse"}))

    def drop_self_loops(self) -> Graph:
        """The graph without edges from a node to itself."""
        return self._like(_native.reshape(self._rust, {"verb": "drop_self_loops"}))

    def drop_isolated(self) -> Graph:
        """The graph without nodes that have no edge."""
        return self._like(_native.reshape(self._rust, {"verb": "drop_isolated"}))

    def deduplicate(self, *, combine: str = "sum") -> Graph:
        """One edge for all between the same nodes. Its weight is the ``sum``, ``max``, ``min`` or the ``first`` of theirs, where
        edges without weights count 1; other attributes are those of the first."""
        return self._like(_native.reshape(self._rust, {"verb": "deduplicate", "combine": combine}))

    def symmetrize(self, *, combine: str = "sum") -> Graph:
        """A directed graph that has each edge both ways once, with weights as in ``deduplicate``."""
        return self._like(_native.reshape(self._rust, {"verb": "symmetrize", "combine": combine}))

    def contract(self, by: Any, *, combine: str = "sum", self_loops: bool = False) -> Graph:
        """The graph of groups: nodes that agree in the column ``by``, or in an array of shape ``[n]``, become one node, whose id
        is the value that they agree in, and whose column ``n_nodes`` counts them.

        Edges between two groups become one, whose column ``n_edges`` counts them; its weight is the ``sum``, ``max``, ``min`` or
        the ``first`` of theirs, where edges without weights count 1. Edges within a group become self-loops with ``self_loops``,
        and else nothing. Nodes without a value are a group, too.

        >>> import graphlume as gl
        >>> g = gl.Graph([("ann", "bob"), ("bob", "eve"), ("ann", "eve")]).with_nodes(team=["red", "red", "blue"])
        >>> g.contract("team").edges.to_pydict()
        {'source': ['red'], 'target': ['blue'], 'n_edges': [2], 'weight': [2.0]}
        >>> g.contract(g.connected_components().values)
        Graph(1 nodes, 0 edges, undirected)
        """
        options = {"verb": "contract", "combine": combine, "self_loops": flag("self_loops", self_loops)}
        if isinstance(by, str):
            return self._new(_native.reshape(self._rust, options | {"column": by}))
        name = "group"
        graph = self._rust.with_node_columns(_native.Table.from_columns({name: _convert.column(name, by)}))
        return self._new(_native.reshape(graph, options | {"column": name}))

    def _new(self, native: _native.Graph) -> Graph:
        """A graph of other nodes than this one's."""
        return Graph._of(native, self.read_report)

    def sample_nodes(self, n: int, *, seed: int = 0) -> Graph:
        """``n`` nodes by chance that the seed repeats, in their order, and all edges between them; all if there are fewer.

        >>> import graphlume as gl
        >>> gl.Graph([(at, at + 1) for at in range(99)]).sample_nodes(10).n_nodes
        10
        """
        return self._like(_native.reshape(self._rust, {"verb": "sample_nodes", "count": count("n", n), "seed": count("seed", seed)}))

    def sample_edges(self, n: int, *, seed: int = 0) -> Graph:
        """``n`` edges by chance that the seed repeats, in their order, and the nodes that they name; all if there are fewer."""
        return self._like(_native.reshape(self._rust, {"verb": "sample_edges", "count": count("n", n), "seed": count("seed", seed)}))

    def forest_fire(self, n: int, *, forward: float = 0.7, backward: float = 0.2, seed: int = 0) -> Graph:
        """``n`` nodes that a fire reaches, and all edges between them: it is lit by chance, and jumps from each node to one more
        neighbor with the probability ``forward``, against the direction of edges with ``backward``. Degrees and clustering
        survive better than in :meth:`sample_nodes`. Leskovec, Faloutsos 2006.

        >>> import graphlume as gl
        >>> gl.Graph([(at, at + 1) for at in range(99)]).forest_fire(10).n_nodes
        10
        """
        burning = {"forward": forward, "backward": backward}
        return self._like(_native.reshape(self._rust, {"verb": "forest_fire", "count": count("n", n), "seed": count("seed", seed)} | burning))

    def gfql(self, query: Any, *, strict: bool = False) -> Graph:
        """The part of the graph that a query in GFQL finds: a list of steps, a ``Let``, or their JSON as text, as
        PyGraphistry has them. ``strict`` refuses conditions on columns that do not exist, which otherwise are
        taken for empty with a warning.

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
        found, notes = self._rust.query(query, strict)
        for note in notes:
            warnings.warn(note, stacklevel=2)
        return Graph._of(found, origin=self._origin)

    def _start(self, given: dict[str, Any]) -> dict[str, Any]:
        """What a layout starts from, as columns."""
        start: dict[str, Any] = {}
        for name, values in given.items():
            if values is None or (name == "start" and values is False):
                continue
            if name != "start":
                start[name] = self.nodes.column(values) if isinstance(values, str) else _convert.column(name, values)
                continue
            positions = self.positions if values is True else np.asarray(values)
            if positions is None:
                raise InputError("the nodes have no columns `x` and `y` to start from")
            if positions.shape != (self.n_nodes, 2):
                raise InputError(f"start has the shape {positions.shape}, but ({self.n_nodes}, 2) is needed")
            start["x"] = _convert.column("x", positions[:, 0])
            start["y"] = _convert.column("y", positions[:, 1])
        return start

    def _session(self, options: dict[str, Any], device: str | list[str], start: dict[str, Any]) -> Session:
        devices = [device] if isinstance(device, str) else list(device)
        options = checked("layout", options)
        return Session(self, self._rust.layout(options, devices, self._start(start)), options)

    def _layout(
        self, options: dict[str, Any], iterations: int, device: str | list[str], pack: bool, start: dict[str, Any]
    ) -> Graph:
        iterations, pack = count("iterations", iterations), flag("pack", pack)
        session = self._session(options, device, start)
        session.run(iterations)
        return session.graph(pack=pack)

    def save_html(self, path: str | os.PathLike[str], **options: Any) -> Path:
        """Writes a page on which the graph can be moved, searched and selected in, without a server or a network.

        The options are those of :meth:`plot` that concern nodes, edges, names and colors, and ``title``. Nodes are at
        columns ``x`` and ``y`` if the graph has them, else it is laid out first. About 12 bytes a node and 8 an edge,
        and a third more.
        """
        return _page.save_html(self._with_positions(), path, options)

    def widget(self, *, height: int = 560, **options: Any) -> Any:
        """The graph as a widget for notebooks, which needs the package anywidget: it is drawn there, selection comes back
        as ``selection`` (rows) and ``selected`` (ids), and ``play()`` lets the layout move.

        Without columns ``x`` and ``y`` nodes begin where a layout begins. The options are those of :meth:`save_html`.
        """
        return _page.widget(self, height, options)

    def _plot(self, path: Any, options: dict[str, Any]) -> Picture:
        if path is not None and Path(path).suffix.lower() not in (".png", ".svg"):
            raise InputError(f"{path}: a picture is written as .png or .svg")
        options = checked("picture", {name: as_text(name, value) for name, value in options.items()})
        if self.positions is None and self._placed is None:
            self._check_picture(options)
        picture = Picture(self._with_positions(), options)
        if path is not None:
            picture.save(path)
        else:
            # What is wrong with the options is said now, and not when a notebook shows it.
            picture.png()
        return picture

    def _with_positions(self) -> Graph:
        """The graph with columns ``x`` and ``y``: laid out if it has none, once."""
        if self.positions is None and self._placed is None:
            self._placed = self.layout()
        return self._placed or self

    def _check_picture(self, options: dict[str, Any]) -> None:
        """Says what is wrong with the options of a picture before a layout takes its time: all nodes at one place and no
        edges are drawn at once."""
        bare = _native.filter(self._rust, None, _convert.column("edges", np.zeros(self.n_edges, dtype=bool)), True)
        nowhere = _convert.column("x", np.zeros(self.n_nodes, dtype=np.float32))
        bare.picture(nowhere, nowhere, options, True)

    def write(self, path: str | os.PathLike[str], *, nodes: str | os.PathLike[str] | None = None) -> None:
        """Writes the graph to a file, whole or not at all; the format is that of the suffix: .csv, .parquet, .arrow,
        .json, .gexf, .graphml, .gml or .mtx.

        Some formats hold edges alone, as .csv and .parquet do: the table of nodes, with positions and all that
        is known of them, is written to the file ``nodes`` then; without one a warning says what is left out.
        """
        if nodes is not None:
            self._rust.write(os.fspath(path), os.fspath(nodes))
            return
        left_out = self.nodes.columns[1:]
        if left_out and not _holds_nodes(os.fspath(path)):
            names = ", ".join(f"`{name}`" for name in left_out)
            warnings.warn(f"{path} holds edges alone, without {names} of nodes: write(path, nodes=…) keeps them", stacklevel=2)
        self._rust.write(os.fspath(path))

    def to_networkx(self) -> Any:
        """The graph as one of networkx, with all attributes. Each node and edge becomes Python objects. What came from
        networkx has its ids and keys again, whatever they are."""
        import networkx as nx

        edges, nodes, origin = self.edges, self.nodes, self._origin
        source, target = edges.columns[:2]
        ids, sources, targets = nodes.column(nodes.columns[0]).to_pylist(), edges.column(source).to_pylist(), edges.column(target).to_pylist()
        left_out: tuple[str, ...] = ()
        if origin is not None and origin.ids is not None:
            ids, sources, targets = ([origin.ids[number] for number in numbers] for numbers in (ids, sources, targets))
            left_out = ("label",)
        ends = list(zip(sources, targets))
        several = origin is not None and origin.multigraph
        several = several or len({*ends} if self.is_directed else {frozenset(end) for end in ends}) < len(ends)
        kinds = {(False, False): nx.Graph, (True, False): nx.DiGraph, (False, True): nx.MultiGraph, (True, True): nx.MultiDiGraph}
        graph = kinds[self.is_directed, several]()
        graph.add_nodes_from(zip(ids, _rows(nodes, 1, left_out)))
        if origin is not None and origin.key in edges.columns[2:]:
            keys = edges.column(origin.key).to_pylist()
            keys = keys if origin.keys is None else [origin.keys[number] for number in keys]
            graph.add_edges_from((u, v, key, row) for (u, v), key, row in zip(ends, keys, _rows(edges, 2, (origin.key,))))
        else:
            graph.add_edges_from((u, v, row) for (u, v), row in zip(ends, _rows(edges, 2)))
        return graph

    def as_networkx(self) -> NetworkxGraph:
        """The graph as NetworkX's functions take it without conversion: those that are computed here, that is
        (``docs/python.md`` lists them). For others, and to change it, there is ``to_networkx()``.

        >>> import graphlume as gl, networkx as nx
        >>> g = gl.Graph([("ann", "bob"), ("bob", "eve"), ("kim", "kim")])
        >>> nx.number_connected_components(g.as_networkx())
        2
        """
        from ._networkx import NetworkxGraph

        return NetworkxGraph.of(self)

    def to_scipy(self) -> Any:
        """The adjacency matrix, ``scipy.sparse.csr_array`` of shape ``(n, n)``; of an undirected graph symmetric.
        Weights of parallel edges are summed; edges without weights count 1."""
        from scipy.sparse import coo_array

        source, target = self.edge_index
        weights = self.weights
        values = np.ones(self.n_edges, dtype=np.float32) if weights is None else weights
        if not self.is_directed:
            other = source != target
            source, target = np.concatenate([source, target[other]]), np.concatenate([target, source[other]])
            values = np.concatenate([values, values[other]])
        return coo_array((values, (source, target)), shape=(self.n_nodes, self.n_nodes)).tocsr()

    def to_igraph(self) -> Any:
        """The graph as one of igraph, with all attributes; ids are the attribute ``name``, and a column of that name is
        ``name_``."""
        import igraph

        graph = igraph.Graph(n=self.n_nodes, edges=self.edge_index.T.tolist(), directed=self.is_directed)
        nodes, edges = self.nodes, self.edges
        for name in nodes.columns[1:]:
            graph.vs["name_" if name == "name" else name] = nodes.column(name).to_pylist()
        graph.vs["name"] = nodes.column(nodes.columns[0]).to_pylist()
        for name in edges.columns[2:]:
            graph.es[name] = edges.column(name).to_pylist()
        return graph

    def to_polars(self) -> tuple[Any, Any]:
        """Edges and nodes as frames of polars, without a copy."""
        return self.edges.to_polars(), self.nodes.to_polars()

    def to_pandas(self) -> tuple[Any, Any]:
        """Edges and nodes as frames of pandas."""
        return self.edges.to_pandas(), self.nodes.to_pandas()

    def __repr__(self) -> str:
        kind = "directed" if self.is_directed else "undirected"
        return f"Graph({self.n_nodes:,} nodes, {self.n_edges:,} edges, {kind})"

    def _repr_html_(self) -> str:
        said = f"<b>{html.escape(repr(self))}</b>"
        if self._is_quickly_shown():
            return f"{said}{_page.inline(self, _HEIGHT, {})}<details><summary>nodes</summary>{self.nodes._repr_html_()}</details>"
        return said + self.nodes._repr_html_()

    def _is_quickly_shown(self) -> bool:
        """Whether a picture takes no time that nobody asked for."""
        return self.n_nodes > 0 and (self.positions is not None or self.n_edges <= 200_000) and self.n_nodes + self.n_edges <= 1_000_000

    def _repr_png_(self) -> bytes | None:
        if not self._is_quickly_shown():
            return None
        return self.plot(width=960, height=720).png()

    def __copy__(self) -> Graph:
        return self

    def __deepcopy__(self, memo: Any) -> Graph:
        return self

    def __reduce__(self) -> Any:
        parts, names = self._rust.to_bytes()
        return _of_bytes, (parts, names, self.is_directed, self.read_report, self._origin)


def _of_bytes(
    parts: list[bytes], names: tuple[str, str], directed: bool, report: dict[str, Any] | None, origin: _convert.Origin | None
) -> Graph:
    """The graph that was pickled so."""
    return Graph._of(_native.Graph.from_bytes(parts, names, directed), report, origin)


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


def _check_weights(graph: _native.Graph, weighted: Any) -> None:
    if weighted is True and not graph.has_weights:
        raise InputError("`weighted` is True, but the edges have no weights: Graph(…, weight='COLUMN') says which column has them")


@functools.cache
def _defaults(measure: str) -> dict[str, Any]:
    """The options of a measure with their defaults, by any of its names; nothing if there is no such measure."""
    found = (one["options"] for one in _native.describe()["measures"] if measure in (one["name"], *one["aliases"]))
    return next(found, {})


def _holds_nodes(path: str) -> bool:
    """Whether a file of this name has a place for nodes and their attributes."""
    name = path.lower().removesuffix(".gz").removesuffix(".zst")
    return name.endswith((".gexf", ".graphml", ".gml", ".json"))


def _rows(table: Table, first: int, left_out: tuple[str, ...] = ()) -> Iterator[dict[str, Any]]:
    """The rows of a table from the column ``first`` on, without what is missing."""
    names = [name for name in table.columns[first:] if name not in left_out]
    if not names:
        return ({} for _ in range(len(table)))
    columns = [table.column(name).to_pylist() for name in names]
    return ({name: value for name, value in zip(names, row) if value is not None} for row in zip(*columns))


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
) -> Graph:
    """Reads a graph from a file: CSV and other delimited text, Parquet, Arrow, JSON, MatrixMarket, METIS, GraphML,
    GEXF or GML, compressed or not. What is not said is found out, and told in ``read_report``; with ``weight=None`` no column
    has weights.

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
