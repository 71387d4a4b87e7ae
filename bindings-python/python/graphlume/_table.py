"""Tables, and those that are not read yet."""

from __future__ import annotations

import inspect
import os
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from . import _convert, _native
from ._errors import InputError
from ._options import count
from ._verbs import Verbs


class Table(Verbs, _native.Table):
    """A table: columns of one length, each of one type. ``data`` is a dict of columns, or anything that speaks Arrow.

    Whatever reads Arrow takes it without a copy: ``polars.DataFrame(table)``, ``pyarrow.table(table)``,
    ``duckdb.from_arrow(table)``. ``table["name"]`` is a column as an array of NumPy, ``table[["a", "b"]]`` are columns of it,
    ``table[2:5]`` rows.

    In such arrays, missing numbers are NaN; integers that ``float64`` does not hold exactly are objects then, with
    ``None``. Dates and times are ``datetime64``, those of a zone in UTC, durations ``timedelta64``; decimals, bytes, lists
    and structs are objects of Python. ``to_dict()`` has all columns so, ``to_pydict()`` has them as lists of Python's
    objects. Tables can be pickled.

    It never changes: verbs such as :meth:`filter`, :meth:`group_by` and :meth:`join` give other tables, in parallel and
    without copies of what stays. :func:`scan` has the same verbs for files that are larger than memory.

    >>> import graphlume as gl
    >>> table = gl.Table({"name": ["ann", "bob", "eve"], "age": [31, 25, 47]})
    >>> table
    Table(3 rows; name: text, age: int64)
    >>> table.filter("age > 30").sort("-age")["name"].tolist()
    ['eve', 'ann']
    """

    __slots__ = ()

    def __new__(cls, data: Any) -> Table:
        return cls._of(_convert.table(data))

    @classmethod
    def _of(cls, table: Any) -> Table:
        return _native.Table.__new__(cls, table)

    def step(self, verb: str, *others: Any, **options: Any) -> Table:
        tables = [self, *(other if isinstance(other, _native.Table) else Table(other) for other in others)]
        names = ["input", *(f"other-{at}" for at in range(1, len(tables)))]
        asked = {"verb": verb, "name": verb, "from": names} | options
        made, notes = _native.transform(names, tables, {"step": [_given(asked)]})
        _warn(notes)
        return Table._of(made)

    def head(self, n: int = 5) -> Table:
        """The first ``n`` rows. No copy."""
        return Table._of(self.slice(0, count("n", n)))

    def __getitem__(self, name: Any) -> Any:
        if isinstance(name, str):
            return super().__getitem__(name)
        if isinstance(name, list):
            return self.select(*name)
        if isinstance(name, slice):
            try:
                start, end, step = name.indices(len(self))
            except TypeError:
                raise InputError(f"{name!r} is no range of rows: they are counted by integers") from None
            if step != 1:
                raise InputError(f"rows are taken one after another, and not in steps of {step}")
            return Table._of(self.slice(start, max(end - start, 0)))
        raise InputError(f"{name!r} is no name of a column; rows are taken as in table[0:3], columns as in table[['a', 'b']]")

    def __reduce__(self) -> Any:
        return _of_ipc, (self.to_ipc(),)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Writes the table to a file, whole or not at all; its format is that of the suffix: .parquet, .arrow, .csv, .jsonl."""
        _native.write_table(self, os.fspath(path))


def _of_ipc(data: bytes) -> Table:
    """The table that was pickled so."""
    return Table._of(_native.Table.from_ipc(data))


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options without those that are not given."""
    return {name: value for name, value in options.items() if value is not None}


def _warn(notes: Sequence[str]) -> None:
    """Says what steps found that is likely not meant so, of the line that called this package."""
    frame, level = inspect.currentframe(), 1
    while frame is not None and frame.f_globals.get("__package__") == __package__:
        frame, level = frame.f_back, level + 1
    for note in notes:
        warnings.warn(note, stacklevel=level)


def _warn_of(report: Mapping[str, Any]) -> None:
    """As :func:`_warn`, of the report of a run; plans have no warnings."""
    _warn([f"{warning['step']}: {warning['text']}" for warning in report.get("warnings", [])])


class Lazy(Verbs):
    """What will be done with tables that are not read yet; see :func:`scan`."""

    __slots__ = ("_options", "_parents")

    def __init__(self, options: dict[str, Any], parents: tuple[Lazy, ...] = ()) -> None:
        self._options = options
        self._parents = parents

    def step(self, verb: str, *others: Any, **options: Any) -> Lazy:
        for other in others:
            if not isinstance(other, Lazy):
                raise InputError(f"`{verb}` of what is not read yet takes scan(…), not a {type(other).__name__}: or collect() first")
        return Lazy(_given({"verb": verb} | options), (self, *others))

    def _pipeline(
        self, memory_limit: str | int | None = None, spill_folder: str | os.PathLike[str] | None = None
    ) -> dict[str, Any]:
        """Inputs and steps, each once and behind what it works on, with names that messages may have."""
        names: dict[int, str] = {}
        parts: dict[str, list[dict[str, Any]]] = {"input": [], "step": []}

        def visit(part: Lazy) -> str:
            if id(part) not in names:
                above = [visit(parent) for parent in part._parents]
                kind = "step" if part._parents else "input"
                name = f"{part._options.get('verb', 'input')}-{len(names) + 1}"
                names[id(part)] = name
                parts[kind].append({"name": name} | part._options | ({"from": above} if above else {}))
            return names[id(part)]

        visit(self)
        limits = _given({"memory_limit": memory_limit, "spill_folder": spill_folder and os.fspath(spill_folder)})
        return limits | {kind: found for kind, found in parts.items() if found}

    def collect(
        self,
        *,
        device: str = "cpu",
        memory_limit: str | int | None = None,
        spill_folder: str | os.PathLike[str] | None = None,
    ) -> Table:
        """Reads and computes: the table. Sorts, joins and groups for which more memory than ``memory_limit`` is estimated
        go through temporary files in ``spill_folder``, by default the system's; what is still above is refused.

        ``device``: where verbs run that devices have, see :func:`devices`; the others run on the processor, and rows go there
        and back. What :meth:`write` and :func:`pipeline` return says where each ran."""
        made, notes = _native.scan(self._pipeline(memory_limit, spill_folder), device)
        _warn(notes)
        return Table._of(made)

    def write(
        self,
        path: str | os.PathLike[str],
        *,
        format: str | None = None,
        compression: str | None = None,
        delimiter: str | None = None,
        partition_by: str | Sequence[str] | None = None,
        device: str = "cpu",
        memory_limit: str | int | None = None,
        spill_folder: str | os.PathLike[str] | None = None,
    ) -> dict[str, Any]:
        """Reads, computes and writes to a file or an object store, block by block where the verbs allow it: what was
        written, how long it took, and, of a ``device``, where each verb ran, as ``placed``. Device and limits are those
        of :meth:`collect`.

        - ``format``: by default that of the suffix; ``compression``: ``none``, ``snappy``, ``lz4``, ``zstd`` or ``gzip``, as the
          format has them; ``delimiter``: of CSV.
        - ``partition_by``: columns whose values make folders ``column=value`` in the new folder ``path``, with files of the
          rows that have them.
        """
        if partition_by is not None and not isinstance(partition_by, str):
            partition_by = list(partition_by)
        output = {
            "to": os.fspath(path),
            "format": format,
            "compression": compression,
            "delimiter": delimiter,
            "partition_by": partition_by,
        }
        said = self._pipeline(memory_limit, spill_folder) | {"output": [_given(output)]}
        report = _native.pipeline(said, False, device)
        _warn_of(report)
        return report

    def plan(
        self, *, memory_limit: str | int | None = None, spill_folder: str | os.PathLike[str] | None = None
    ) -> str:
        """What would be done, with columns and estimates of rows and memory, and which steps go through files."""
        return _native.plan(self._pipeline(memory_limit, spill_folder))

    def __repr__(self) -> str:
        steps, part = [], self
        while part._parents:
            steps.append(str(part._options["verb"]))
            part = part._parents[0]
        return " → ".join([f"scan({part._options['from']!r})", *reversed(steps)])


def scan(
    source: str | os.PathLike[str],
    *,
    format: str | None = None,
    delimiter: str | None = None,
    header: bool | None = None,
    inferred_rows: int | None = None,
    types: Mapping[str, str] | None = None,
    nulls: Sequence[str] | None = None,
    comment: str | None = None,
    missing_columns: bool | None = None,
    path_column: str | None = None,
    part: str | None = None,
    records: str | None = None,
    table: str | None = None,
    query: str | None = None,
    params: Sequence[Any] | None = None,
    max_bytes: int | str | None = None,
    max_memory: int | str | None = None,
    timeout_secs: float | None = None,
    max_redirects: int | None = None,
    headers: Mapping[str, str] | None = None,
    store: Mapping[str, str] | None = None,
    allow_private: bool | None = None,
) -> Lazy:
    """A table that is read when it is needed: a file, a folder, a pattern, ``s3://…``, ``gs://…``, ``az://…``,
    ``sqlite:app.db``, ``postgres://…`` or ``https://…``. It has the verbs of :class:`Table`; ``collect()`` computes, and
    ``write()`` does so into a file. Only columns and rows that are asked for are read, where the format allows it.

    - ``format``: of files, by default found out; ``delimiter``, ``header``: of delimited text; ``inferred_rows``: rows that
      tell the types of text. ``types``: types of columns of text over that, such as ``{"phone": "text"}``, of ``text``,
      ``boolean``, ``int32``, ``int64``, ``uint64``, ``float32``, ``float64``, ``date``, ``time``, ``timestamp``; ``nulls``: words of CSV that
      mean that there is no value, such as ``["NA"]``; ``comment``: what lines of CSV begin with that are no rows, such as ``#``.
    - ``missing_columns``: files of Parquet that lack a column of the first one have nulls there.
    - ``path_column``: a column to add with the file of each row. ``part``: ``edges`` or ``nodes`` of a graph file.
      ``records``: where in a JSON document they are, such as ``/data/items``.
    - ``table``, or ``query`` with ``params``: of databases.
    - ``max_bytes``, ``max_memory``, ``timeout_secs``, ``max_redirects``, ``allow_private``: what the web and databases may give.
    - ``headers``: of requests to the web, which are not redirected then; ``store``: options of an object store over the
      environment's, such as ``{"aws_region": "eu-west-1"}``. What they say is in no message.

    >>> import graphlume as gl, tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "sold.csv"
    >>> _ = file.write_text("what,n\\ntea,3\\nrum,1\\ntea,2\\n")
    >>> sold = gl.scan(file).group_by("what", n="sum(n)").sort("-n")
    >>> sold.collect()["n"].tolist()
    [5, 1]
    """
    options = {
        "from": os.fspath(source),
        "format": format,
        "delimiter": delimiter,
        "header": header,
        "inferred_rows": inferred_rows,
        "types": None if types is None else dict(types),
        "nulls": None if nulls is None else list(nulls),
        "comment": comment,
        "missing_columns": missing_columns,
        "path_column": path_column,
        "part": part,
        "records": records,
        "table": table,
        "query": query,
        "params": None if params is None else list(params),
        "max_bytes": max_bytes,
        "max_memory": max_memory,
        "timeout_secs": timeout_secs,
        "max_redirects": max_redirects,
        "headers": None if headers is None else dict(headers),
        "store": None if store is None else dict(store),
        "allow_private": allow_private,
    }
    return Lazy(_given(options))


def read_table(source: str | os.PathLike[str], **options: Any) -> Table:
    """A table from wherever :func:`scan` reads, with its options.

    >>> import graphlume as gl, tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "sold.csv"
    >>> _ = file.write_text("what,n\\ntea,3\\n")
    >>> gl.read_table(file)
    Table(1 rows; what: text, n: int64)
    """
    return scan(source, **options).collect()


def sql(query: str, **tables: Any) -> Table:
    """A ``SELECT`` over tables by their names.

    >>> import graphlume as gl
    >>> gl.sql("SELECT a.x + b.y AS z FROM a JOIN b ON a.id = b.id", a={"id": [1], "x": [2]}, b={"id": [1], "y": [3]})["z"].tolist()
    [5]
    """
    if not tables:
        raise InputError("there is no table: give each by its name, as in sql(query, edges=…)")
    first, *others = (Table(table) for table in tables.values())
    return first.step("sql", *others, query=query, tables=list(tables))


def pipeline(
    steps: str | os.PathLike[str] | Mapping[str, Any], *, dry_run: bool = False, device: str = "cpu"
) -> dict[str, Any]:
    """Runs a file of steps in TOML, or a dict that says the same: what was written, the plan that was followed, and how long
    it took. With ``dry_run`` all is checked, nothing is written, and the plan comes back. Outputs appear when all of
    them are whole. Paths are relative to the folder of the file.

    ``device``: where verbs run that devices have, see :func:`devices`; ``placed`` of the report says for each verb where it
    ran, what was copied, and why it was the processor.

    >>> import graphlume as gl, tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "sold.csv").write_text("what,n\\ntea,3\\nrum,1\\n")
    >>> _ = (folder / "steps.toml").write_text('''
    ... [[input]]
    ... name = "sold"
    ... from = "sold.csv"
    ... [[step]]
    ... verb = "filter"
    ... where = "n > 2"
    ... [[output]]
    ... to = "much.csv"
    ... ''')
    >>> gl.pipeline(folder / "steps.toml")["outputs"][0]["rows"]
    1
    """
    said = dict(steps) if isinstance(steps, Mapping) else os.fspath(steps)
    report = _native.pipeline(said, dry_run, device)
    _warn_of(report)
    return report
