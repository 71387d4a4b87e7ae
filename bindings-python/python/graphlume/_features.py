"""Between numbers of nodes and graphs: projections, nearest neighbors, walks, similarity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import _convert, _native
from ._base import Base
from ._errors import InputError
from ._options import flag
from ._table import Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._graph import Graph


class Features(Base):
    """What is found out from numbers of nodes, and from what is around them.

    Options that are ``None`` have the default of the Rust library.
    """

    __slots__ = ()

    def umap(
        self,
        features: Any = None,
        *,
        n_neighbors: int | None = None,
        distance: str | None = None,
        approximate: bool | None = None,
        min_distance: float | None = None,
        spread: float | None = None,
        n_epochs: int | None = None,
        learning_rate: float | None = None,
        negative_samples: int | None = None,
        start: str | None = None,
        seed: int | None = None,
    ) -> Graph:
        """The graph with nodes where UMAP puts them by their numbers, so that those of like numbers lie together: node columns
        ``x`` and ``y``, ``float32``. Edges do not matter; to walk, count or draw by likeness there is
        :meth:`nearest_neighbors`.

        ``features`` are a column of nodes or several, of numbers or of lists of as many numbers each, or an array of shape
        ``[n, d]``; by default all columns of numbers but ``x`` and ``y``. They are taken as they are: scale what is not alike.
        O(n² d) for the neighbors, less with ``approximate``, then O(``n_epochs`` · n · ``n_neighbors``). The same seed gives the
        same positions.
        McInnes, Healy, Melville 2018.

        - ``n_neighbors``: 15 by default, at least 2: more shows the whole, less the details.
        - ``distance``: ``euclidean`` (the default) or ``cosine``.
        - ``approximate``: whether an index finds nearly all neighbors instead of comparing all pairs; by default from 50,000 nodes on.
        - ``min_distance``: how near points may come, by default 0.1; ``spread``: scale of all, by default 1.
        - ``n_epochs``: by default 500 up to 10,000 nodes and 200 above; ``learning_rate``: by default 1.
        - ``negative_samples``: random points that push for each edge that pulls, by default 5.
        - ``start``: ``spectral`` (the default), ``principal`` or ``random``; ``seed``: 0 by default.

        >>> import graphlume as gl
        >>> g = gl.Graph([(at, at + 1) for at in range(39)])
        >>> placed = g.umap([[at // 20, at % 5] for at in range(40)], n_neighbors=5)
        >>> placed.positions.shape
        (40, 2)

        Raises ``InputError`` if there are no such columns, or a number is missing or not finite.
        """
        options = {
            "n_neighbors": n_neighbors,
            "distance": distance,
            "approximate": approximate,
            "min_distance": min_distance,
            "spread": spread,
            "n_epochs": n_epochs,
            "learning_rate": learning_rate,
            "negative_samples": negative_samples,
            "start": start,
            "seed": seed,
        }
        numbers = self._features(features)
        found = Table._of(_native.Table.from_columns(numbers)).step("umap", columns=list(numbers), **options)
        axes = {axis: found.column(axis) for axis in ("x", "y")}
        return self._like(self._rust.with_node_columns(_native.Table.from_columns(axes)))

    def nearest_neighbors(
        self,
        features: Any = None,
        *,
        k: int | None = None,
        distance: str | None = None,
        approximate: bool = False,
        n_links: int | None = None,
        build_width: int | None = None,
        search_width: int | None = None,
        seed: int | None = None,
    ) -> Graph:
        """The same nodes with other edges: a directed one from each node to each of the ``k`` whose numbers are nearest to its
        own, the nearest first, with the edge column ``distance``.

        ``features`` are those of :meth:`umap`. All pairs are compared, in O(n² d); with ``approximate`` nearly all neighbors are
        found in about O(n log n · d), by a hierarchy of small worlds.

        - ``k``: 15 by default; if there are fewer other nodes, all of them.
        - ``distance``: ``euclidean`` (the default), ``cosine`` or ``inner-product``, of which the largest is nearest.
        - ``n_links``, ``build_width``, ``search_width``, ``seed``: of what is approximate, by default 16, 100, 64 and 0;
          more of the first three finds more of the neighbors, and takes longer.

        >>> import graphlume as gl
        >>> g = gl.Graph([("ann", "bob"), ("bob", "eve")]).with_nodes(age=[31, 33, 60])
        >>> g.nearest_neighbors("age", k=1).edges.to_pydict()
        {'source': ['ann', 'bob', 'eve'], 'target': ['bob', 'ann', 'bob'], 'distance': [2.0, 2.0, 27.0]}
        """
        given = {"n_links": n_links, "build_width": build_width, "search_width": search_width, "seed": seed}
        if not flag("approximate", approximate) and (extra := [name for name, value in given.items() if value is not None]):
            raise InputError(f"`{extra[0]}` is for what is approximate: approximate=True")
        numbers = self._features(features)
        nodes = self._rust.nodes()
        id = _free("id", numbers)
        table = Table._of(_native.Table.from_columns({id: self._rust.ids} | numbers))
        found = table.step(
            "nearest_neighbors", columns=list(numbers), id=id, k=k, distance=distance, approximate=approximate, **given
        )
        options = {"id": nodes.columns[0], "unweighted": True, "directed": True, "order": "node-table"}
        return self._like(_native.Graph(found, nodes, {"source": "source", "target": "target"} | options))

    def random_walks(
        self,
        *,
        length: int | None = None,
        walks_per_node: int | None = None,
        return_parameter: float | None = None,
        in_out_parameter: float | None = None,
        weighted: bool = True,
        seed: int | None = None,
    ) -> NDArray[np.int32]:
        """Random walks along edges, from each node some, as DeepWalk and node2vec take them: rows of nodes, shape
        ``[n · walks_per_node, length]``, ``int32``; those of the first node come first. −1 stands behind the end of a walk that
        came to a node without a way on. ``g.ids[walks]`` has their ids, where no walk ends early.

        - ``length``: nodes of a walk, its start included, by default 80; ``walks_per_node``: by default 10.
        - ``return_parameter``: p of node2vec, by default 1: less makes walks turn back more often.
        - ``in_out_parameter``: q of node2vec, by default 1: less makes them go away, more makes them stay around.
        - ``weighted``: whether a walk prefers edges by their weight, if the graph has weights.
        - ``seed``: 0 by default; the same seed gives the same walks.

        About 30 bytes a step while they are made, and 4 in the result. Grover, Leskovec 2016.

        >>> import graphlume as gl
        >>> ring = gl.Graph([(0, 1), (1, 2), (2, 0)], directed=True)
        >>> ring.random_walks(length=4, walks_per_node=1).tolist()
        [[0, 1, 2, 0], [1, 2, 0, 1], [2, 0, 1, 2]]
        """
        source, target, weights = self._rust.ends()
        ends = {"source": source, "target": target}
        if flag("weighted", weighted) and weights is not None:
            ends["weight"] = weights
        rows = _convert.column("id", np.arange(self.n_nodes, dtype=np.uint32))
        edges, nodes = (Table._of(_native.Table.from_columns(columns)) for columns in (ends, {"id": rows}))
        found = edges.step(
            "random_walks",
            nodes,
            directed=self.is_directed,
            length=length,
            walks_per_node=walks_per_node,
            return_parameter=return_parameter,
            in_out_parameter=in_out_parameter,
            seed=seed,
        )
        walk, step, node = (found[name] for name in ("walk", "step", "node"))
        if len(walk) == 0:
            return np.zeros((0, 80 if length is None else length), dtype=np.int32)
        # Nodes have another order there, which the starts of walks tell.
        starts = node[step == 0]
        each = len(starts) // self.n_nodes
        place = starts.astype(np.int64) * each + np.arange(len(starts)) % each
        walks = np.full((len(starts), 80 if length is None else length), -1, dtype=np.int32)
        walks[place[walk], step] = node
        return walks

    def similarity(self, pairs: Any, *, measure: str = "jaccard", weighted: bool = False) -> NDArray[np.float64]:
        """How alike nodes are by the neighbors that they have in common, for pairs of ids: shape ``[k]``. For the nodes that are
        most like each there is :meth:`most_similar`.

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
        self._check_weights(options["weighted"])
        return self._rust.similarity(options, *rows).to_numpy()

    def most_similar(
        self,
        *,
        k: int | None = None,
        measure: str | None = None,
        max_degree: int | None = None,
        skip_neighbors: bool | None = None,
        weighted: bool = False,
    ) -> Table:
        """For each node the ``k`` nodes that are most like it, among those with a common neighbor: a table with ids ``source`` and
        ``target`` and their ``similarity``, of each source the most similar first.

        O(Σ d²) over the degrees, in parallel. Directions of edges do not matter, and their weights only if ``weighted``.

        - ``k``: 10 by default; there may be fewer.
        - ``measure``: one of :meth:`similarity`, by default ``jaccard``.
        - ``max_degree``: common neighbors of a higher degree do not count, which is faster where there are hubs; scores are
          lower bounds then.
        - ``skip_neighbors``: leaves out nodes that are neighbors already: what is left are edges that may be missing.
        - ``weighted``: neighbors count by the weights of their edges, as in :meth:`similarity`.

        >>> import graphlume as gl
        >>> g = gl.Graph([("a", "x"), ("a", "y"), ("b", "x"), ("b", "y"), ("c", "y")])
        >>> g.most_similar(k=1).filter("source = 'c'").to_pydict()
        {'source': ['c'], 'target': ['a'], 'similarity': [0.5]}
        """
        edges = self._rust.edges()
        ends = {name: edges.column(column) for name, column in zip(("source", "target"), edges.columns)}
        options = {"k": k, "measure": measure, "max_degree": max_degree, "skip_neighbors": skip_neighbors}
        if flag("weighted", weighted):
            self._check_weights(True)
            _, _, weights = self._rust.ends()
            if weights is not None:
                ends["weight"] = weights
                options["weighted"] = True
        tables = (Table._of(_native.Table.from_columns(columns)) for columns in (ends, {"id": self._rust.ids}))
        return next(tables).step("most_similar", *tables, **options)

    def _features(self, given: Any) -> dict[str, _native.Array]:
        """Numbers of nodes by the names of columns, none of which is ``x`` or ``y``."""
        if given is None or isinstance(given, str) or (isinstance(given, list) and given and all(isinstance(name, str) for name in given)):
            return self._columns(given)
        try:
            matrix = np.asarray(given, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise InputError(f"features are a {type(given).__name__}, but names of columns, or numbers of shape ({self.n_nodes}, d), are needed") from error
        if matrix.ndim != 2 or matrix.shape[0] != self.n_nodes or matrix.shape[1] == 0:
            raise InputError(f"features have the shape {matrix.shape}, but ({self.n_nodes}, d) is needed")
        return {f"feature {at}": _convert.column("features", matrix[:, at]) for at in range(matrix.shape[1])}

    def _columns(self, names: str | list[str] | None) -> dict[str, _native.Array]:
        nodes = Table._of(self._rust.nodes())
        kinds = dict(nodes.dtypes)
        if names is None:
            names = [name for name in nodes.columns[1:] if name not in ("x", "y") and _is_number(kinds[name])]
            if not names:
                raise InputError("nodes have no columns of numbers: with_nodes(…) adds some, or give an array of shape (n, d)")
        numbers: dict[str, _native.Array] = {}
        for name in [names] if isinstance(names, str) else names:
            if name in nodes and not _is_number(kinds[name]):
                matrix = numbers_of(nodes, name)
                numbers |= {f"{name}[{at}]": _convert.column(name, matrix[:, at]) for at in range(matrix.shape[1])}
            else:
                numbers[name if name not in ("x", "y") else _free(f"{name}_", nodes.columns)] = nodes.column(name)
        return numbers


def _is_number(kind: str) -> bool:
    return kind.startswith(("int", "uint", "float", "decimal")) or kind == "boolean"


def _free(name: str, taken: Any) -> str:
    """A name like this one that is not taken."""
    while name in taken:
        name += "_"
    return name


def numbers_of(nodes: Table, name: str) -> NDArray[np.float64]:
    """A column of numbers, or of lists of as many numbers, as an array of shape ``[n, d]``."""
    column = nodes.column(name)
    values = column.to_numpy()
    if values.dtype.kind in "biuf":
        return values.astype(np.float64).reshape(-1, 1)
    rows = values.tolist()
    gone = next((row for row, value in enumerate(rows) if value is None), None)
    if gone is not None:
        raise InputError(f"column `{name}` has no value in row {gone}, but features have no gaps")
    try:
        matrix = np.array(rows, dtype=np.float64) if all(isinstance(row, list) for row in rows) else np.zeros(0)
    except (TypeError, ValueError):
        raise InputError(f"column `{name}` has lists of different lengths, or of other things than numbers") from None
    if matrix.ndim != 2:
        raise InputError(f"column `{name}` is of type {column.dtype}, but features are numbers, or lists of as many numbers each")
    return matrix
