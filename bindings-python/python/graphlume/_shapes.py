"""Graphs of other shapes: parts, neighborhoods, simpler ones, samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import _convert, _native
from ._base import Base
from ._options import count, flag

if TYPE_CHECKING:
    from ._graph import Graph


class Shapes(Base):
    """What makes another graph of a graph."""

    __slots__ = ()

    def filter(self, *, nodes: Any = None, edges: Any = None, keep_isolated: bool = False) -> Graph:
        """The nodes and edges that conditions are true of, and edges between such nodes alone.

        A condition is an expression over columns, in the grammar of SQL, or an array of truth values of shape ``[n]``
        or ``[m]``. Of a condition on edges nodes without an edge go too, unless ``keep_isolated``.

        >>> import graphlume as gl
        >>> g = gl.Graph({"source": ["a", "b", "c"], "target": ["b", "c", "d"], "w": [1, 5, 9]})
        >>> g.filter(edges="w > 2").ids.tolist()
        ['b', 'c', 'd']
        >>> g.filter(nodes="id <> 'b'")
        Graph(3 nodes, 1 edge, undirected)
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
        Graph(2 nodes, 1 edge, undirected)
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

    def contract(
        self,
        by: Any,
        *,
        combine: str = "sum",
        self_loops: bool = False,
        node_aggregates: Mapping[str, str] | None = None,
        edge_aggregates: Mapping[str, str] | None = None,
    ) -> Graph:
        """The graph of groups: nodes that agree in the column ``by``, or in an array of shape ``[n]``, become one node, whose id
        is the value that they agree in, and whose column ``n_nodes`` counts them.

        Edges between two groups become one, whose column ``n_edges`` counts them; its weight is the ``sum``, ``max``, ``min`` or
        the ``first`` of theirs, where edges without weights count 1. Edges within a group become self-loops with ``self_loops``,
        and else nothing. Nodes without a value, or whose value is not a number, are a group, too, whose id is ``"null"`` (``"null 2"`` if that is a value); the other
        ids are text then.

        ``node_aggregates`` and ``edge_aggregates`` are more columns of groups and of the edges between them: expressions by name,
        such as ``{"budget": "sum(budget)"}``, of the columns of the nodes and edges that become one.

        >>> import graphlume as gl
        >>> g = gl.Graph([("ann", "bob"), ("bob", "eve"), ("ann", "eve")]).with_nodes(team=["red", "red", "blue"])
        >>> g.contract("team", node_aggregates={"first": "min(id)"}).nodes.to_pydict()
        {'team': ['red', 'blue'], 'n_nodes': [2, 1], 'first': ['ann', 'eve']}
        >>> g.contract("team").edges.to_pydict()
        {'source': ['red'], 'target': ['blue'], 'n_edges': [2], 'weight': [2.0]}
        >>> g.contract(g.connected_components().values)
        Graph(1 node, 0 edges, undirected)
        """
        given = {"node_aggregates": node_aggregates, "edge_aggregates": edge_aggregates}
        aggregates = {name: list((columns or {}).items()) for name, columns in given.items()}
        options = {"verb": "contract", "combine": combine, "self_loops": flag("self_loops", self_loops)} | aggregates
        if isinstance(by, str):
            return self._new(_native.reshape(self._rust, options | {"column": by}))
        name = "group"
        graph = self._rust.with_node_columns(_native.Table.from_columns({name: _convert.column(name, by)}))
        return self._new(_native.reshape(graph, options | {"column": name}))

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
