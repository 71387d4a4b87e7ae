"""What graphs and columns are made of: anything that holds edges becomes tables, without a copy where types
allow."""

from __future__ import annotations

import datetime
import os
import warnings
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any

import numpy as np

from ._errors import InputError
from ._native import Array, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: What kinds of arrays hold.
_KINDS = {"b": "truth values", "i": "integers", "u": "integers", "f": "numbers"}


def column(name: str, values: Any) -> Array:
    """``values`` as a column.

    Arrays of numbers and Arrow's arrays are not copied; texts and lists are. A list or an array of objects
    must be of one kind, where ``None`` means that a value is missing, as does what NumPy and pandas call no time. Dates and times become timestamps, those of a zone in
    UTC; durations of Python and NumPy become seconds.
    """
    if isinstance(values, Array):
        return values
    if isinstance(values, (str, bytes)):
        raise InputError(f"column `{name}` is {values!r}, but one value a row is needed: [{values!r}] * n has the same in each")
    if isinstance(values, (Mapping, Set)):
        raise InputError(f"column `{name}` is a {type(values).__name__}, which has no order of rows")
    if isinstance(values, np.ma.MaskedArray) and values.dtype.kind in "mM":
        values = np.where(np.ma.getmaskarray(values), np.array("NaT", values.dtype), values.data)
    elif isinstance(values, np.ma.MaskedArray):
        values = [None if gone else value for value, gone in zip(values.data.tolist(), np.ma.getmaskarray(values))]
    if hasattr(values, "__arrow_c_array__"):
        return Array.from_arrow(values)
    if hasattr(values, "combine_chunks"):
        return column(name, values.combine_chunks())
    if hasattr(values, "to_frame") and hasattr(values, "__arrow_c_stream__"):
        try:
            return Table(values.to_frame("column")).column("column")
        except (ImportError, TypeError, ValueError):
            # pandas needs pyarrow for it, which says of objects of several kinds less than we do.
            pass
    if hasattr(values, "to_numpy"):
        values = values.to_numpy()
    return _of_array(name, _array(name, values))


def _array(name: str, values: Any) -> NDArray[Any]:
    if isinstance(values, np.ndarray):
        array = values
    else:
        if not isinstance(values, (list, tuple, range)) and not hasattr(values, "__array__"):
            if not isinstance(values, Iterable):
                raise InputError(f"column `{name}` is a {type(values).__name__}, but one value a row is needed")
            values = list(values)
        if isinstance(values, (list, tuple)) and any(value is None or isinstance(value, str) for value in values):
            array = np.empty(len(values), dtype=object)
            array[:] = values
        else:
            try:
                array = np.asarray(values)
            except ValueError as error:
                raise InputError(f"column `{name}` has values of several lengths") from error
    if array.ndim != 1:
        raise InputError(f"column `{name}` has the shape {array.shape}, but a column has one dimension")
    return array


def _of_array(name: str, array: NDArray[Any]) -> Array:
    kind = array.dtype.kind
    if kind == "M":
        if np.datetime_data(array.dtype)[0] not in ("s", "ms", "us", "ns"):
            array = array.astype("datetime64[s]")
    elif kind == "m":
        seconds = array / np.timedelta64(1, "s")
        return Array.from_floats([None if gone else second for second, gone in zip(seconds.tolist(), np.isnat(array))])
    elif kind == "U":
        return Array.from_strings(array.tolist())
    elif kind == "S":
        return Array.from_strings([text.decode() for text in array.tolist()])
    elif kind == "O":
        return _of_objects(name, array)
    elif kind not in _KINDS:
        raise InputError(f"column `{name}` is of type {array.dtype}, which is no number, text, time or truth value")
    # Rust reads values where they lie: one after another, aligned, in the order of this machine.
    native = array.dtype.newbyteorder("=")
    return Array.from_numpy(np.require(array, dtype=native, requirements=["C", "A"]))


def _is_missing(value: Any) -> bool:
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return bool(np.isnat(value))
    return value is None or (isinstance(value, float) and value != value) or type(value).__name__ in ("NaTType", "NAType")


def _instant(value: datetime.date) -> Any:
    """A date or a time as NumPy has it; times of a zone are those of UTC."""
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        value = value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
    return np.datetime64(value, "us")


def _of_objects(name: str, array: NDArray[Any]) -> Array:
    """A column of objects, which must all be of one kind."""
    kinds: dict[str, int] = {}
    missing = [_is_missing(value) for value in array]
    for row, value in enumerate(array):
        if missing[row]:
            continue
        if isinstance(value, str):
            kind = "text"
        elif isinstance(value, (bool, np.bool_)):
            kind = "truth value"
        elif isinstance(value, (int, float, np.integer, np.floating)):
            kind = "number"
        elif isinstance(value, (datetime.date, np.datetime64)):
            kind = "time"
        elif isinstance(value, (datetime.timedelta, np.timedelta64)):
            kind = "duration"
        else:
            kind = type(value).__name__
        kinds.setdefault(kind, row)
    if len(kinds) > 1:
        (first, _), (other, row) = list(kinds.items())[:2]
        raise InputError(f"column `{name}` begins with a {first}, but has a {other} in row {row}: it must be of one kind")
    match next(iter(kinds), None):
        case None:
            return Array.nulls(len(array))
        case "text":
            return Array.from_strings([None if gone else value for value, gone in zip(array, missing)])
        case "number" if all(gone or isinstance(value, (int, np.integer)) for value, gone in zip(array, missing)):
            try:
                return Array.from_integers([None if gone else int(value) for value, gone in zip(array, missing)])
            except OverflowError:
                if any(missing):
                    raise InputError(f"column `{name}` has integers beyond 64 bits with a sign") from None
                try:
                    return _of_array(name, array.astype(np.uint64))
                except OverflowError:
                    raise InputError(f"column `{name}` has integers that do not fit into 64 bits") from None
        case "number":
            return Array.from_floats([None if gone else float(value) for value, gone in zip(array, missing)])
        case "truth value":
            return Array.from_booleans([None if gone else bool(value) for value, gone in zip(array, missing)])
        case "time":
            times = [np.datetime64("NaT") if gone else _instant(value) for value, gone in zip(array, missing)]
            return _of_array(name, np.array(times, dtype="datetime64[us]"))
        case "duration":
            seconds = [None if gone else np.timedelta64(value) / np.timedelta64(1, "s") for value, gone in zip(array, missing)]
            return Array.from_floats([None if second is None else float(second) for second in seconds])
        case kind:
            raise InputError(f"column `{name}` has a {kind} in row {kinds[kind]}, which is no number, text, time or truth value")


def collected(data: Any) -> Any:
    """``data``, computed if it is a frame of polars that is lazy; asking that for its columns would make polars warn."""
    return data.collect() if type(data).__name__ == "LazyFrame" and hasattr(data, "collect_schema") else data


def table(data: Any) -> Any:
    """``data`` as something that speaks Arrow's C stream interface: it itself if it does, else a table of its
    columns, which a mapping has by name, and a pandas frame too. Lazy frames are computed."""
    data = collected(data)
    if isinstance(data, Mapping):
        return Table.from_columns({str(name): column(str(name), values) for name, values in data.items()})
    if hasattr(data, "columns") and hasattr(data, "dtypes") and not isinstance(data, Table):
        if hasattr(data, "__arrow_c_stream__") and not _is_pandas(data):
            return data
        if not hasattr(data, "__getitem__"):
            raise InputError(f"a {type(data).__name__} is no table")
        names = [str(name) for name in data.columns]
        if len(set(names)) < len(names):
            twice = next(name for at, name in enumerate(names) if name in names[:at])
            raise InputError(f"the frame has two columns called `{twice}`")
        return Table.from_columns({str(name): column(str(name), data[name]) for name in data.columns})
    if hasattr(data, "__arrow_c_stream__"):
        return data
    if isinstance(data, (str, os.PathLike)):
        raise InputError(f"a {type(data).__name__} is no table: gl.read_table(…) reads a file")
    raise InputError(f"a {type(data).__name__} is no table: use a frame, an Arrow table or a dict of columns")


def _is_pandas(data: Any) -> bool:
    return type(data).__module__.split(".")[0] == "pandas"


# Names that Rust takes for those of ids, without case and separators.
_ID_NAMES = ("id", "nodeid", "node", "name", "key", "label")


def nodes_table(data: Any, id: str | None) -> Any:
    """A table of nodes, whose ids are the index if it is a frame of pandas that has an index of its own and no column of ids."""
    if _is_pandas(data) and hasattr(data, "index") and hasattr(data, "columns"):
        index, columns = data.index, [str(name) for name in data.columns]
        plain = ["".join(letter for letter in name.lower() if letter not in "_- :.") for name in columns]
        numbered = type(index).__name__ == "RangeIndex" and index.name is None
        name = "id" if index.name is None else str(index.name)
        has_ids = id in columns if id is not None else any(known in plain for known in _ID_NAMES)
        if not has_ids and not numbered and index.nlevels == 1 and name not in columns and id in (None, name):
            of_columns = {str(column_name): column(str(column_name), data[column_name]) for column_name in data.columns}
            return Table.from_columns({name: column(name, index.to_series())} | of_columns)
    return table(data)


class Origin:
    """What a graph of networkx had that no column holds: ids of other kinds than integers and texts, and keys of parallel
    edges. Rows may go, so that both are found by numbers that stay."""

    def __init__(self, multigraph: bool) -> None:
        self.multigraph = multigraph
        #: Ids, if the column of ids has their numbers, and ``label`` what they look like.
        self.ids: list[Any] | None = None
        #: The column with keys, if they are not just counted.
        self.key: str | None = None
        #: Keys, if the column has their numbers.
        self.keys: list[Any] | None = None


class Parts:
    """Tables of edges and nodes, and what is known of them."""

    def __init__(self, edges: Any, nodes: Any = None, *, directed: bool | None = None, origin: Origin | None = None) -> None:
        self.edges = edges
        self.nodes = nodes
        self.directed = directed
        self.origin = origin


def parts(data: Any, directed: bool | None = None) -> Parts:
    """The edges, and the nodes if there are some, of anything that holds a graph. With ``directed`` what has no direction
    has its edges both ways."""
    data = collected(data)
    homes = {kind.__module__.split(".")[0] for kind in type(data).__mro__}
    if "networkx" in homes or (hasattr(data, "is_multigraph") and hasattr(data, "adj")):
        return _of_networkx(data.to_directed() if directed and not data.is_directed() else data)
    if "scipy" in homes and hasattr(data, "tocoo"):
        return _of_scipy(data, directed)
    if "igraph" in homes:
        if directed and not data.is_directed():
            data = data.copy()
            data.to_directed()
        return _of_igraph(data)
    if "rustworkx" in homes:
        is_directed = any(kind.__name__ == "PyDiGraph" for kind in type(data).__mro__)
        return _of_rustworkx(data.to_directed() if directed and not is_directed else data)
    if hasattr(data, "edge_index") and hasattr(data, "num_nodes"):
        return _of_edge_index(data, directed)
    if isinstance(data, np.ndarray):
        return _of_matrix(data)
    if isinstance(data, (Mapping, Table)) or hasattr(data, "__arrow_c_stream__") or hasattr(data, "columns"):
        return Parts(table(data))
    if isinstance(data, Iterable) and not isinstance(data, (str, bytes)):
        return _of_pairs(data)
    if isinstance(data, (str, os.PathLike)):
        raise InputError(f"a {type(data).__name__} holds no edges: gl.read(…) reads a file")
    raise InputError(
        f"a {type(data).__name__} holds no edges: use a frame, an Arrow table, an array of shape (m, 2), pairs, "
        "scipy.sparse, networkx, igraph, rustworkx or PyTorch Geometric"
    )


def _of_matrix(data: NDArray[Any]) -> Parts:
    if data.ndim != 2 or data.shape[1] not in (2, 3):
        hint = "; an adjacency matrix is read as scipy.sparse.coo_array(matrix)" if data.ndim == 2 else ""
        raise InputError(f"edges have the shape {data.shape}, but (m, 2) or (m, 3) with weights is needed{hint}")
    if data.shape[1] == 3 and data.dtype.kind == "f":
        ends = data[:, :2]
        if not np.array_equal(ends, np.floor(ends)):
            raise InputError("edges of shape (m, 3) of numbers with fractions: their ends must be integers")
        columns = [ends[:, 0].astype(np.int64), ends[:, 1].astype(np.int64), data[:, 2]]
    else:
        columns = [data[:, at] for at in range(data.shape[1])]
    return Parts(table(dict(zip(("source", "target", "weight"), columns))))


def _of_pairs(data: Iterable[Any]) -> Parts:
    rows: list[Sequence[Any]] = []
    for row, edge in enumerate(data):
        if isinstance(edge, np.ndarray) and edge.ndim == 1:
            edge = edge.tolist()
        if isinstance(edge, (str, bytes)) or not isinstance(edge, Sequence) or len(edge) not in (2, 3):
            raise InputError(f"edge {row} is {edge!r}, but a pair, or a triple with a weight, is needed")
        rows.append(edge)
    widths = {len(edge) for edge in rows}
    if len(widths) > 1:
        row = next(row for row, edge in enumerate(rows) if len(edge) != len(rows[0]))
        raise InputError(f"edge {row} has {len(rows[row])} entries, but the first has {len(rows[0])}")
    names = ("source", "target", "weight")[: next(iter(widths), 2)]
    columns: dict[str, Any] = {name: [edge[at] for edge in rows] for at, name in enumerate(names)}
    if not rows:
        columns = {name: np.zeros(0, dtype=np.int64) for name in names}
    return Parts(table(columns))


def _ids(nodes: list[Any]) -> tuple[Any, dict[str, Any]]:
    """Ids of nodes that may be anything, and the column that says what they were if they had to be numbered."""
    if all(isinstance(node, (int, np.integer)) and not isinstance(node, bool) for node in nodes):
        return np.array(nodes, dtype=np.int64), {}
    if all(isinstance(node, str) for node in nodes):
        return nodes, {}
    return np.arange(len(nodes)), {"label": [str(node) for node in nodes]}


def _named(ids: Any, rows: NDArray[np.int64]) -> Any:
    """The ids in these rows."""
    return ids[rows] if isinstance(ids, np.ndarray) else [ids[row] for row in rows]


def _attributes(kind: str, taken: Iterable[str], rows: Sequence[Mapping[Any, Any]]) -> dict[str, Array]:
    """Columns of the attributes that rows have; what no column can hold is left out with a warning."""
    names: dict[str, None] = {}
    for row in rows:
        names.update((name, None) for name in row)
    columns = {}
    for name in names:
        short = str(name) if str(name) not in taken else f"{name}_"
        try:
            columns[short] = column(short, [row.get(name) for row in rows])
        except InputError as error:
            warnings.warn(f"the attribute `{name}` of {kind} is left out: {error}", stacklevel=4)
    return columns


def _of_networkx(graph: Any) -> Parts:
    nodes = list(graph.nodes)
    row = {node: at for at, node in enumerate(nodes)}
    ids, labels = _ids(nodes)
    ends = list(graph.edges(data=True))
    at = [np.fromiter((row[edge[end]] for edge in ends), np.int64, len(ends)) for end in (0, 1)]
    sources, targets = (_named(ids, side) for side in at)
    node_rows = [graph.nodes[node] for node in nodes]
    edges: dict[str, Any] = {"source": sources, "target": targets}
    origin = Origin(graph.is_multigraph())
    if labels:
        origin.ids = nodes
        warnings.warn(
            "ids of nodes are neither all integers nor all texts: nodes are numbered in their order, and the column `label` says what "
            "they were, which to_networkx() gives back",
            stacklevel=4,
        )
    if origin.multigraph:
        keys = [key for *_, key in graph.edges(keys=True)]
        counted: dict[tuple[int, int], int] = {}
        expected = [counted.update({pair: counted.get(pair, -1) + 1}) or counted[pair] for pair in zip(*(side.tolist() for side in at))]
        if keys != expected:
            origin.key = "key"
            plain, others = _ids(keys)
            origin.keys = keys if others else None
            edges["key"] = plain
    rows = [edge[2] for edge in ends]
    if any("weight" in row for row in rows) and not all("weight" in row for row in rows):
        # As networkx takes it.
        rows = [{"weight": 1} | row for row in rows]
    edges |= _attributes("edges", tuple(edges), rows)
    table_of = {"id": ids} | labels | _attributes("nodes", ("id", *labels), node_rows)
    return Parts(table(edges), table(table_of), directed=graph.is_directed(), origin=origin)


def _of_scipy(matrix: Any, wanted: bool | None) -> Parts:
    if matrix.shape[0] != matrix.shape[1]:
        raise InputError(f"an adjacency matrix has the shape {matrix.shape}, but it must be square")
    matrix = matrix.tocoo(copy=True)
    matrix.sum_duplicates()
    directed = bool(wanted) or (abs(matrix - matrix.T) > 0).nnz > 0
    source, target, weight = matrix.row, matrix.col, matrix.data
    if not directed:
        upper = source <= target
        source, target, weight = source[upper], target[upper], weight[upper]
    edges = {"source": source.astype(np.int64), "target": target.astype(np.int64), "weight": weight.astype(float)}
    return Parts(table(edges), table({"id": np.arange(matrix.shape[0])}), directed=directed)


def _of_igraph(graph: Any) -> Parts:
    n, attributes = graph.vcount(), graph.vs.attributes()
    named = "name" in attributes and len(set(graph.vs["name"])) == n
    ids, labels = _ids(graph.vs["name"] if named else list(range(n)))
    ends = np.array(graph.get_edgelist(), dtype=np.int64).reshape(-1, 2)
    edges: dict[str, Any] = {"source": _named(ids, ends[:, 0]), "target": _named(ids, ends[:, 1])}
    edges |= _attributes("edges", edges, [edge.attributes() for edge in graph.es])
    vertices = [{name: value for name, value in vertex.attributes().items() if name != "name" or not named} for vertex in graph.vs]
    nodes = {"id": ids} | labels | _attributes("nodes", ("id", *labels), vertices)
    return Parts(table(edges), table(nodes), directed=graph.is_directed())


def _of_rustworkx(graph: Any) -> Parts:
    indices = list(graph.node_indices())
    triples = graph.weighted_edge_list()
    ends = np.array([triple[:2] for triple in triples], dtype=np.int64).reshape(-1, 2)
    edges: dict[str, Any] = {"source": ends[:, 0], "target": ends[:, 1]}
    payload = [triple[2] for triple in triples]
    if payload and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in payload):
        edges["weight"] = np.array(payload, dtype=float)
    elif payload and all(isinstance(value, Mapping) for value in payload):
        edges |= _attributes("edges", edges, payload)
    values = [graph[index] for index in indices]
    nodes: dict[str, Any] = {"id": np.array(indices, dtype=np.int64)}
    if values and all(isinstance(value, Mapping) for value in values):
        nodes |= _attributes("nodes", nodes, values)
    elif any(value is not None for value in values):
        nodes["label"] = [None if value is None else str(value) for value in values]
    return Parts(table(edges), table(nodes), directed=any(kind.__name__ == "PyDiGraph" for kind in type(graph).__mro__))


def _of_edge_index(data: Any, wanted: bool | None) -> Parts:
    """A ``Data`` of PyTorch Geometric."""
    index = np.asarray(data.edge_index)
    if index.ndim != 2 or index.shape[0] != 2:
        raise InputError(f"edge_index has the shape {index.shape}, but it must be (2, m)")
    directed = bool(wanted) or not (hasattr(data, "is_undirected") and data.is_undirected())
    keep = slice(None) if directed else index[0] <= index[1]
    edges: dict[str, Any] = {"source": index[0][keep], "target": index[1][keep]}
    attribute = getattr(data, "edge_attr", None)
    if attribute is not None:
        values = np.asarray(attribute)
        if values.ndim == 2 and values.shape[1] == 1:
            values = values[:, 0]
        if values.ndim == 1:
            edges["weight"] = values[keep]
    nodes: dict[str, Any] = {"id": np.arange(int(data.num_nodes))}
    labels = getattr(data, "y", None)
    if labels is not None and np.asarray(labels).shape == nodes["id"].shape:
        nodes["y"] = np.asarray(labels)
    return Parts(table(edges), table(nodes), directed=directed)
