"""What measures find."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _native
from ._errors import InputError
from ._table import Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._graph import Graph


class Measured(np.lib.mixins.NDArrayOperatorsMixin):
    """What a measure found: its columns are attributes, ``float64``, integers or truth values of shape ``[n]`` or
    ``[m]``, and so are the numbers of its summary. Integers of which some are missing are ``float64`` with NaN, or objects with
    ``None`` if they are too large for it.

    In arithmetic, comparisons and functions of NumPy it is its first column, :attr:`values`: ``ranks * 2``,
    ``np.log(ranks)``. ``ranks[id]`` is the value of a node, ``ranks[[id, id]]`` those of several, ``ranks[:10]`` the
    first ten. It can be pickled, with its graph. :attr:`weighted` says whether weights of edges were used, which many measures
    do where there are some.

    >>> import graphlume as gl
    >>> ranks = gl.Graph([("a", "b"), ("b", "c"), ("c", "b")], directed=True).page_rank()
    >>> ranks.page_rank.round(3).tolist()
    [0.05, 0.486, 0.464]
    >>> round(ranks["b"], 3)
    0.486
    >>> ranks.top(1)
    {'b': 0.486...}
    >>> ranks
    page_rank(page_rank: [3], iterations=..., change=..., converged=True, weighted=False)
    """

    def __init__(
        self,
        graph: Graph,
        name: str,
        nodes: dict[str, _native.Array],
        edges: dict[str, _native.Array],
        summary: dict[str, Any],
        weighted: bool | None = None,
    ) -> None:
        self._graph = graph
        self._name = name
        self._nodes = nodes
        self._edges = edges
        self._arrays: dict[str, NDArray[Any]] = {}
        #: Numbers of the whole graph, and how the computation went.
        self.summary = summary
        #: Whether weights of edges were used: ``False`` if they were not, or if there are none, so that every edge counted 1;
        #: ``None`` for what knows no weights.
        self.weighted = weighted

    @property
    def columns(self) -> list[str]:
        """Names of the columns: those of nodes, then those of edges."""
        return [*self._nodes, *self._edges]

    @property
    def values(self) -> NDArray[Any]:
        """The first column."""
        if not self.columns:
            raise InputError(f"{self._name} has no columns: its result is `summary`")
        return self._column(self.columns[0])

    @property
    def _first(self) -> _native.Array:
        return next(iter((self._nodes | self._edges).values()))

    def _first_of(self, edges: bool) -> tuple[str, _native.Array]:
        """The first column of edges, or of nodes, and its name."""
        columns = self._edges if edges else self._nodes
        if not columns:
            raise InputError(f"{self._name} has no values of {'edges' if edges else 'nodes'}")
        return next(iter(columns.items()))

    def _column(self, name: str) -> NDArray[Any]:
        if name not in self._arrays:
            self._arrays[name] = (self._nodes | self._edges)[name].to_numpy()
        return self._arrays[name]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "summary":
            raise AttributeError(name)
        if name in self._nodes or name in self._edges:
            return self._column(name)
        if name in self.summary:
            return self.summary[name]
        raise AttributeError(f"{self._name} found no `{name}`, but {', '.join([*self.columns, *self.summary])}")

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.columns, *self.summary]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.values, dtype=dtype, copy=bool(copy)) if copy else np.asarray(self.values, dtype=dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if any(isinstance(out, Measured) for out in options.get("out") or ()):
            return NotImplemented
        arrays = [given.values if isinstance(given, Measured) else given for given in inputs]
        return getattr(ufunc, method)(*arrays, **options)

    # Two are equal value by value, but each is itself.
    __hash__ = object.__hash__

    def mean(self, **options: Any) -> Any:
        """The mean of the first column, without what is missing; options are those of ``np.mean``, as below.

        >>> import graphlume as gl
        >>> gl.Graph([(0, 1), (1, 2)]).degree().mean()
        1.333...
        """
        return self._reduced(np.mean, options)

    def std(self, **options: Any) -> Any:
        """The standard deviation of the first column, without what is missing."""
        return self._reduced(np.std, options)

    def sum(self, **options: Any) -> Any:
        """The sum of the first column, without what is missing."""
        return np.sum(self._present(), **options).item()

    def min(self, **options: Any) -> Any:
        """The least value of the first column."""
        return self._reduced(np.min, options)

    def max(self, **options: Any) -> Any:
        """The largest value of the first column."""
        return self._reduced(np.max, options)

    def _present(self) -> NDArray[Any]:
        """The first column without what is missing."""
        values = self.values
        if values.dtype == object:
            present = [value for value in values if value is not None]
            return np.array(present) if present else np.zeros(0)
        return values[~np.isnan(values)] if values.dtype.kind == "f" else values

    def _reduced(self, which: Any, options: dict[str, Any]) -> Any:
        present = self._present()
        if len(present) == 0:
            raise InputError(f"{self._name} has no values")
        return which(present, **options).item()

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.values.tolist())

    def __getitem__(self, id: Any) -> Any:
        """The value of the node ``id`` in the first column; of a slice those of its rows, of a list those of its ids."""
        if isinstance(id, slice):
            return self.values[id]
        if not self._nodes:
            raise InputError(f"{self._name} has no values of nodes")
        if isinstance(id, (list, np.ndarray)):
            return self.values[self._graph.rows_of(id)]
        value = self.values[self._graph.row_of(id)]
        return value.item() if isinstance(value, np.generic) else value

    def _keys(self, rows: NDArray[Any]) -> list[Any]:
        """What has a value in the first column: ids of nodes, or pairs of ids."""
        if self._nodes:
            return self._graph.ids[rows].tolist()  # type: ignore[no-any-return]
        edges = self._graph.edges
        source, target = (edges[name][rows].tolist() for name in edges.columns[:2])
        return list(zip(source, target))

    def to_dict(self) -> dict[Any, Any]:
        """The first column by id, or by pair of ids if it has a value for each edge; of parallel ones that of the last."""
        return dict(zip(self._keys(np.arange(len(self.values))), self._first.to_pylist()))

    def top(self, k: int = 10) -> dict[Any, Any]:
        """The ``k`` nodes, or edges as pairs of ids, with the largest values, largest first."""
        values = np.nan_to_num(self.values.astype(float), nan=-np.inf)
        best = np.argsort(-values, kind="stable")[: max(k, 0)]
        return dict(zip(self._keys(best), self.values[best].tolist()))

    @property
    def nodes(self) -> Table:
        """Ids of nodes and the columns of nodes."""
        ids = self._graph.nodes.columns[0]
        return Table._of(_native.Table.from_columns({ids: self._graph._rust.ids} | self._nodes))

    @property
    def edges(self) -> Table:
        """Ends of edges and the columns of edges."""
        edges = self._graph.edges
        return Table._of(_native.Table.from_columns({name: edges.column(name) for name in edges.columns[:2]} | self._edges))

    @property
    def _table(self) -> Table:
        return self.nodes if self._nodes or not self._edges else self.edges

    def to_polars(self) -> Any:
        """Ids and all columns of nodes, or ends and all columns of edges if there are none of nodes, as a frame of polars."""
        return self._table.to_polars()

    def to_pandas(self) -> Any:
        """The same as a frame of pandas."""
        return self._table.to_pandas()

    @property
    def graph(self) -> Graph:
        """The graph with the columns of nodes and of edges."""
        graph = self._graph.with_nodes(**self._nodes) if self._nodes else self._graph
        return graph.with_edges(**self._edges) if self._edges else graph

    def __reduce__(self) -> Any:
        tables = (Table._of(_native.Table.from_columns(columns)) for columns in (self._nodes, self._edges))
        return _unpickled, (self._graph, self._name, *tables, self.summary, self.weighted)

    def __repr__(self) -> str:
        found = [f"{name}: [{len(array)}]" for name, array in (self._nodes | self._edges).items()]
        said = [f"{name}={_short(value)}" for name, value in self.summary.items() if not isinstance(value, (dict, list))]
        said += [] if self.weighted is None else [f"weighted={self.weighted}"]
        return f"{self._name}({', '.join(found + said)})"

    def _repr_html_(self) -> str:
        said = ", ".join(f"{name} {_short(value)}" for name, value in self.summary.items())
        if self.weighted is not None:
            said += f"{', ' if said else ''}{'by weight' if self.weighted else 'every edge counts 1'}"
        table = self.nodes if self._nodes else self.edges if self._edges else None
        return f"<b>{html.escape(self._name)}</b> {html.escape(said)}{table._repr_html_() if table is not None else ''}"


def _short(value: Any) -> str:
    """A number of a summary, as long as one reads it."""
    return f"{value:.6g}" if isinstance(value, float) else repr(value)


def _unpickled(graph: Graph, name: str, nodes: Table, edges: Table, summary: dict[str, Any], weighted: bool | None = None) -> Measured:
    """What was pickled so."""
    of_nodes, of_edges = ({column: table.column(column) for column in table.columns} for table in (nodes, edges))
    return Measured(graph, name, of_nodes, of_edges, summary, weighted)
