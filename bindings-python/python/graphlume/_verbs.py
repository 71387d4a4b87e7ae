"""What can be done with tables: the verbs and the expressions of ``graphlume transform``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from ._errors import InputError
from ._options import did_you_mean

_T = TypeVar("_T", bound="Verbs")

#: What joins keep.
_HOWS = ("inner", "left", "full", "semi", "anti", "cross")


def _texts(option: str, given: str | Sequence[str] | None) -> list[str] | None:
    """Names, of which one may stand alone."""
    if given is None:
        return None
    if isinstance(given, str):
        return [given]
    if isinstance(given, Sequence) and all(isinstance(name, str) for name in given):
        return list(given)
    raise InputError(f"`{option}` is {given!r}, but a name or a list of names is needed")


def _named(given: Mapping[str, Any]) -> list[str]:
    """``NAME = EXPRESSION`` of each."""
    for name, value in given.items():
        if not isinstance(value, (str, int, float)):
            raise InputError(f"`{name}` is {value!r}, but an expression is needed, as text")
        if "=" in name:
            raise InputError(f"a new column cannot be called `{name}`: its name has a `=`")
    # Truth values and numbers are expressions as SQL has them.
    return [f'"{name}" = {value}' for name, value in given.items()]


class Verbs:
    """What can be done with a table.

    Expressions are those of ``graphlume transform``, in the grammar of SQL: ``"price * 2"``, ``"label LIKE 'Big %'"``,
    ``"count(*)"``. Options that are ``None`` have the default of the Rust library. What is wrong is an ``InputError``
    that names the step, the option and what there is.
    """

    __slots__ = ()

    def step(self: _T, verb: str, *others: Any, **options: Any) -> _T:
        """Any verb of pipelines, over this table and ``others``, with its options; measures of graphs are verbs too.

        >>> import graphlume as gl
        >>> edges = gl.Table({"source": ["a", "b"], "target": ["c", "c"]})
        >>> edges.step("degree").sort("id")["degree"].tolist()
        [1, 1, 2]
        """
        raise NotImplementedError

    def filter(self: _T, where: str) -> _T:
        """The rows for which the expression is true.

        >>> import graphlume as gl
        >>> gl.Table({"x": [1, 5, 7]}).filter("x > 2")["x"].tolist()
        [5, 7]
        """
        return self.step("filter", where=where)

    def select(self: _T, *columns: str, **computed: Any) -> _T:
        """The columns of these names, in this order, then those that expressions compute.

        >>> import graphlume as gl
        >>> gl.Table({"x": [1, 2], "y": [3, 4]}).select("y", double="2 * x").columns
        ['y', 'double']
        """
        if odd := [name for name in columns if "=" in name]:
            raise InputError(f"`{odd[0]}` is no name of a column: what is computed is a keyword, as in select(half='x / 2')")
        # Without anything computed a name stays one, whatever it would mean as an expression.
        return self.step("select", columns=[*columns, *_named(computed)])

    def with_columns(self: _T, **computed: Any) -> _T:
        """The table with the columns that expressions compute, in place of those of the same name.

        >>> import graphlume as gl
        >>> gl.Table({"x": [1, 2]}).with_columns(half="x / 2", big="x > 1")["half"].tolist()
        [0.5, 1.0]
        """
        return self.step("with", columns=_named(computed))

    def drop(self: _T, *columns: str) -> _T:
        """The table without these columns."""
        return self.step("drop", columns=list(columns))

    def rename(self: _T, names: Mapping[str, str]) -> _T:
        """The table with other names of columns, the new by the old.

        >>> import graphlume as gl
        >>> gl.Table({"src": [1], "x": [2]}).rename({"src": "source"}).columns
        ['source', 'x']
        """
        return self.step("rename", columns=[f"{new} = {old}" for old, new in names.items()])

    def sort(self: _T, *by: str) -> _T:
        """The rows in the order of columns, rows that agree as they were; with a ``-`` before its name, the greatest first.

        >>> import graphlume as gl
        >>> gl.Table({"x": [2, 1, 3]}).sort("-x")["x"].tolist()
        [3, 2, 1]
        """
        return self.step("sort", by=list(by))

    def top(self: _T, n: int, by: str | Sequence[str]) -> _T:
        """The first ``n`` rows in the order of ``by``, as :meth:`sort` has it, in little memory.

        >>> import graphlume as gl
        >>> gl.Table({"x": [2, 1, 3]}).top(1, by="-x")["x"].tolist()
        [3]
        """
        return self.step("top", n=n, by=_texts("by", by))

    def unique(self: _T, *by: str, keep: str | None = None) -> _T:
        """One of the rows that agree in the columns ``by``, by default in all; ``keep`` is which: ``any`` (the default),
        ``first``, ``last``, or ``none`` if there are several.

        >>> import graphlume as gl
        >>> gl.Table({"x": [1, 1, 2], "y": [3, 4, 5]}).unique("x", keep="last").sort("x")["y"].tolist()
        [4, 5]
        """
        return self.step("unique", by=list(by) or None, which=keep)

    def limit(self: _T, n: int, *, offset: int | None = None) -> _T:
        """``n`` rows, behind the first ``offset``."""
        return self.step("limit", n=n, offset=offset)

    def group_by(self: _T, *by: str, **aggregates: Any) -> _T:
        """A row for each combination of values in the columns ``by``, with what expressions compute of its rows.

        >>> import graphlume as gl
        >>> cited = gl.Table({"source": [1, 2, 3], "target": ["a", "b", "a"]})
        >>> cited.group_by("target", n="count(*)").sort("-n").to_dict()["n"].tolist()
        [2, 1]
        """
        return self.step("group", by=list(by) or None, aggregate=_named(aggregates) or None)

    def aggregate(self: _T, **aggregates: Any) -> _T:
        """One row with what expressions compute of all rows.

        >>> import graphlume as gl
        >>> gl.Table({"x": [1, 2, 6]}).aggregate(mean="mean(x)", n="count(*)")["mean"].tolist()
        [3.0]
        """
        return self.step("group", aggregate=_named(aggregates))

    def join(
        self: _T,
        other: Any,
        on: str | Sequence[str] | Mapping[str, str] | None = None,
        *,
        how: str | None = None,
        suffix: str | None = None,
        nulls_equal: bool | None = None,
        max_rows: int | None = None,
    ) -> _T:
        """The rows of this table with those of ``other`` that agree in the columns ``on``: names that both have, or a dict
        from names here to names there.

        ``how`` is ``inner`` (the default), ``left``, ``full``, ``semi``, ``anti`` or ``cross``. A name that both have gets
        ``suffix`` there, ``_right`` by default. ``nulls_equal``: what is missing agrees with what is missing. More than
        ``max_rows`` rows are refused before they are made.

        >>> import graphlume as gl
        >>> edges = gl.Table({"source": [1, 2], "target": [2, 3]})
        >>> names = gl.Table({"id": [1, 2], "name": ["ann", "bob"]})
        >>> edges.join(names, {"target": "id"}, how="left").sort("source").to_dict()["name"].tolist()
        ['bob', None]
        """
        if how is not None and how not in _HOWS:
            raise InputError(f"`how` is {how!r}, but it must be one of {', '.join(map(repr, _HOWS))}{did_you_mean(str(how), _HOWS)}")
        keys = [f"{here} = {there}" for here, there in on.items()] if isinstance(on, Mapping) else _texts("on", on)
        return self.step("join", other, on=keys, how=how, suffix=suffix, nulls_equal=nulls_equal, max_rows=max_rows)

    def concat(self: _T, *others: Any, fill: bool | None = None) -> _T:
        """The rows of this table, then those of the others. With ``fill`` columns that not all have are filled with nothing."""
        return self.step("concat", *others, fill=fill)

    def sample(self: _T, n: int | None = None, *, fraction: float | None = None, seed: int | None = None) -> _T:
        """``n`` rows, or that part of them, by chance that the seed (by default 0) repeats, in their order.

        >>> import graphlume as gl
        >>> len(gl.Table({"x": range(100)}).sample(7, seed=1))
        7
        """
        return self.step("sample", n=n, fraction=fraction, seed=seed)

    def bin(
        self: _T,
        column: str,
        *,
        into: str | None = None,
        bins: int | None = None,
        scale: str | None = None,
        edges: Sequence[float] | None = None,
        every: str | None = None,
        lower: str | None = None,
        upper: str | None = None,
    ) -> _T:
        """The table with the number of the bin of each value as column ``into``, by default ``COLUMN_bin``.

        There are ``bins`` (10 by default) of the same width on the ``scale`` ``linear`` or ``log``, or of as many rows with
        ``quantile``; or bins between ``edges``. Of times, ``every`` such as ``"1h"`` gives the begin of the interval. ``lower``
        and ``upper`` name columns that get the bounds of each row's bin.

        >>> import graphlume as gl
        >>> gl.Table({"x": [0, 4, 9, 10]}).bin("x", bins=2)["x_bin"].tolist()
        [0, 0, 1, 1]
        """
        cuts = None if edges is None else [float(edge) for edge in edges]
        bounds = {"lower": lower, "upper": upper}
        return self.step("bin", column=column, into=into, bins=bins, scale=scale, edges=cuts, every=every, **bounds)

    def histogram(
        self: _T,
        column: str,
        *,
        bins: int | None = None,
        scale: str | None = None,
        edges: Sequence[float] | None = None,
    ) -> _T:
        """A row for each bin of the column, with its bounds, ``lower`` and ``upper``, and how many values it has, ``count``. The
        last row, without bounds, has what is in no bin, if something is. Bins are those of :meth:`bin`.

        >>> import graphlume as gl
        >>> gl.Table({"x": [0, 4, 9, 10]}).histogram("x", bins=2).to_dict()["count"].tolist()
        [2, 2]
        """
        cuts = None if edges is None else [float(edge) for edge in edges]
        return self.step("histogram", column=column, bins=bins, scale=scale, edges=cuts)

    def describe(self: _T) -> _T:
        """A row for each column: its type, how many values and nulls it has, about how many different ones, the least and the
        greatest, and mean, deviation and quartiles of numbers.

        >>> import graphlume as gl
        >>> gl.Table({"x": [1, 2, None]}).describe().to_dict()["nulls"].tolist()
        [1]
        """
        return self.step("describe")

    def fill(self: _T, *columns: str, value: Any = None, how: str | None = None) -> _T:
        """The table with what is missing in these columns filled: with the expression ``value``, or by ``how``: ``mean``,
        ``min``, ``max``, ``forward`` or ``backward``.

        >>> import graphlume as gl
        >>> gl.Table({"x": [1, None, 3]}).fill("x", value=0)["x"].tolist()
        [1, 0, 3]
        """
        return self.step("fill", columns=list(columns), value=None if value is None else str(value), how=how)

    def drop_nulls(self: _T, *columns: str) -> _T:
        """The rows where nothing is missing in these columns, by default in all."""
        return self.step("drop_nulls", columns=list(columns) or None)

    def pivot(self: _T, by: str | Sequence[str], on: str, value: str) -> _T:
        """A row for each combination of values in the columns ``by``, and a column for each value of the column ``on``, with
        what the expression ``value`` computes of the rows that have both.

        >>> import graphlume as gl
        >>> sold = gl.Table({"day": [1, 1, 2], "what": ["a", "b", "a"], "n": [3, 4, 5]})
        >>> sold.pivot("day", "what", "sum(n)").columns
        ['day', 'a', 'b']
        """
        return self.step("pivot", by=_texts("by", by), on=on, value=value)

    def unpivot(self: _T, *columns: str, into: str | None = None, value: str | None = None) -> _T:
        """A row for each row and each of these columns: its name in the column ``into`` (``name`` by default), its value in
        ``value``.

        >>> import graphlume as gl
        >>> gl.Table({"id": [1], "a": [2], "b": [3]}).unpivot("a", "b").sort("name").to_dict()["value"].tolist()
        [2, 3]
        """
        return self.step("unpivot", columns=list(columns), into=into, value=value)

    def factorize(self: _T, column: str, *, into: str | None = None, part: str | None = None) -> _T:
        """The table with a number for each different value of the column, as column ``into``, by default ``COLUMN_code``; with
        ``part="dictionary"`` the columns ``code`` and ``value`` instead, a row for each of them.

        >>> import graphlume as gl
        >>> gl.Table({"x": ["b", "a", "b"]}).factorize("x", part="dictionary").to_dict()["value"].tolist()
        ['b', 'a']
        """
        return self.step("factorize", column=column, into=into, part=part)

    def nearest_neighbors(
        self: _T,
        *columns: str,
        id: str | None = None,
        k: int | None = None,
        distance: str | None = None,
        approximate: bool | None = None,
        n_links: int | None = None,
        build_width: int | None = None,
        search_width: int | None = None,
        seed: int | None = None,
    ) -> _T:
        """For each row the ``k`` (15 by default) whose numbers in these columns are nearest to its own, the nearest first: a table
        with ``source``, ``target`` and ``distance``, which a graph can be made of. Rows are named by the column ``id``, or else
        counted. Options are those of :meth:`Graph.nearest_neighbors`.

        >>> import graphlume as gl
        >>> people = gl.Table({"name": ["ann", "bob", "eve"], "age": [31, 33, 60]})
        >>> people.nearest_neighbors("age", id="name", k=1).to_pydict()["target"]
        ['bob', 'ann', 'bob']
        """
        hnsw = {"n_links": n_links, "build_width": build_width, "search_width": search_width, "seed": seed}
        return self.step("nearest_neighbors", columns=list(columns), id=id, k=k, distance=distance, approximate=approximate, **hnsw)

    def umap(
        self: _T,
        *columns: str,
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
    ) -> _T:
        """The table with the columns ``x`` and ``y``: where UMAP puts rows by their numbers in these columns, so that like ones lie
        together. Options are those of :meth:`Graph.umap`.

        >>> import graphlume as gl
        >>> gl.Table({"a": range(40)}).umap("a", n_neighbors=5).columns
        ['a', 'x', 'y']
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
        return self.step("umap", columns=list(columns), **options)

    def sql(self: _T, query: str, **others: Any) -> _T:
        """A ``SELECT`` over this table, which is called ``input``, and others by their names.

        >>> import graphlume as gl
        >>> gl.Table({"x": [1, 2, 3]}).sql("SELECT sum(x) AS total FROM input")["total"].tolist()
        [6]
        """
        return self.step("sql", *others.values(), query=query, tables=["input", *others])
