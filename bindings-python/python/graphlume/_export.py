"""Graphs as files, and as what other libraries have."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ._base import Base
from ._table import Table

if TYPE_CHECKING:
    from ._networkx import NetworkxGraph


class Exports(Base):
    """What gives a graph away."""

    __slots__ = ()

    def write(self, path: str | os.PathLike[str], *, nodes: str | os.PathLike[str] | None = None) -> None:
        """Writes the graph to a file, whole or not at all; the format is that of the suffix: .csv, .parquet, .arrow,
        .json, .gexf, .graphml, .gml or .mtx.

        Some formats hold edges alone, as .csv and .parquet do: the table of nodes, with positions and all that
        is known of them, is written to the file ``nodes`` then. In a .mtx nodes are numbers from 1, in the order of that table, and
        edges have nothing but weights. A warning says what is left out.
        """
        name = os.fspath(path)
        if lost := self._left_out(name, nodes is not None):
            warnings.warn(f"{name} holds edges alone, {lost}", stacklevel=2)
        self._rust.write(name, None if nodes is None else os.fspath(nodes))

    def _left_out(self, path: str, has_nodes: bool) -> str:
        """What a file of this name has no place for, in words; nothing if it has for all."""
        kind = path.lower().removesuffix(".gz").removesuffix(".zst")
        if kind.endswith((".gexf", ".graphml", ".gml", ".json")):
            return ""
        is_matrix, lost = kind.endswith(".mtx"), []
        if not has_nodes:
            if is_matrix and not np.array_equal(self.ids, np.arange(1, self.n_nodes + 1)):
                lost.append("with numbers from 1 for ids")
            if names := self.nodes.columns[1:]:
                lost.append(f"without {_listed(names)} of nodes")
            has_edge = np.zeros(self.n_nodes, dtype=bool)
            has_edge[self.edge_index] = True
            if not is_matrix and (alone := int((~has_edge).sum())):
                lost.append(f"without {alone} {'nodes that have' if alone > 1 else 'node that has'} no edge")
        said = f"{' and '.join(lost)}: write(path, nodes=…) keeps them" if lost else ""
        if is_matrix and (names := self._beside_weights()):
            said += f"{'; and ' if said else ''}without {_listed(names)} of edges"
        return said

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

        return NetworkxGraph.of(self._itself)

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


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _rows(table: Table, first: int, left_out: tuple[str, ...] = ()) -> Iterator[dict[str, Any]]:
    """The rows of a table from the column ``first`` on, without what is missing."""
    names = [name for name in table.columns[first:] if name not in left_out]
    if not names:
        return ({} for _ in range(len(table)))
    columns = [table.column(name).to_pylist() for name in names]
    return ({name: value for name, value in zip(names, row) if value is not None} for row in zip(*columns))
