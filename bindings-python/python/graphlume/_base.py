"""What every graph has: ids, tables and arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import _convert, _native
from ._errors import InputError
from ._table import Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._graph import Graph


class Base:
    """A graph as Rust holds it, and views of what is in it."""

    __slots__ = ("_ids", "_origin", "_placed", "_rust", "query_report", "read_report")

    _rust: _native.Graph
    #: Ids of nodes, once they were asked for.
    _ids: NDArray[Any] | None
    _origin: _convert.Origin | None
    #: The graph with positions, once a picture has needed them.
    _placed: Graph | None
    #: What the query that found the graph says of it: ``name``, ``description``, and ``encodings``, as PyGraphistry uploads
    #: them and ``graphlume layout --encodings`` reads them; ``None`` if :meth:`Graph.gfql` did not make it.
    query_report: dict[str, Any] | None
    #: What was found out about the file that the graph is from; ``None`` if it is from none.
    read_report: dict[str, Any] | None

    def _like(self, native: _native.Graph) -> Graph:
        """A graph of nodes and edges that this one has."""
        raise NotImplementedError

    def _new(self, native: _native.Graph) -> Graph:
        """A graph of other nodes than this one's."""
        raise NotImplementedError

    @property
    def _itself(self) -> Graph:
        """This graph: what the class is made of does not know that it is part of it, but every instance is one."""
        return self  # type: ignore[return-value]

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

    def _beside_weights(self) -> list[str]:
        """Attributes of edges but weights."""
        weights, edges = self.weights, self.edges
        names = edges.columns[2:]
        if weights is None:
            return names
        for name in names:
            values = edges[name]
            if values.dtype.kind in "iuf" and np.array_equal(values.astype(np.float32), weights, equal_nan=True):
                return [other for other in names if other != name]
        return names

    def _check_weights(self, weighted: Any) -> None:
        if weighted is True and not self._rust.has_weights:
            raise InputError("`weighted` is True, but the edges have no weights: Graph(…, weight='COLUMN') says which column has them")

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
