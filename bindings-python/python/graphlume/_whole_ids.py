"""Ids that a column of floats holds, as pandas makes of integers where one of them is missing."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from . import _convert, _native
from ._errors import InputError
from ._table import Table

#: Floats hold integers up to here, and not all beyond.
_MOST = 2.0**53


def graph_of(edges: Any, nodes: Any, options: dict[str, Any]) -> _native.Graph:
    """The graph of these tables. Columns of ids, which Rust finds, may be floats that are whole."""
    while True:
        try:
            return _native.Graph(edges, nodes, options)
        except InputError as error:
            found = re.match(r"column `(.*)` has type Float\d+, but node ids", str(error))
            if found is None:
                raise
            name = found[1]
            drop_null = bool(options["drop_null"])
            given = (edges, nodes)
            edges, nodes = (_with_whole(table, name, drop_null) for table in given)
            if edges is given[0] and nodes is given[1]:
                raise


def _with_whole(table: Any, name: str, drop_null: bool) -> Any:
    """The table with the column ``name``, if it is one of floats, as integers; the same one if there is none."""
    if not hasattr(table, "__len__"):
        # A stream of batches, which was read already and would be empty now; or no table.
        return table
    known = table if isinstance(table, _native.Table) else Table(table)
    if name not in known or not dict(known.dtypes)[name].startswith("Float"):
        return table
    columns = {other: known.column(other) for other in known.columns}
    return _native.Table.from_columns(columns | {name: _whole(name, columns[name], drop_null)})


def _whole(name: str, column: _native.Array, drop_null: bool) -> _native.Array:
    values = column.to_numpy().astype(np.float64)
    gone = np.isnan(values)
    if gone.any() and not drop_null:
        row = int(gone.argmax())
        raise InputError(f"row {row} has no value in id column `{name}`: drop such rows, as drop_null=True does, or fill them")
    odd = ~gone & ~((values == np.floor(values)) & (np.abs(values) <= _MOST))
    if odd.any():
        row = int(odd.argmax())
        raise InputError(f"id column `{name}` has {values[row]} in row {row}, but ids are integers or texts")
    whole = np.where(gone, 0, values).astype(np.int64)
    return _convert.column(name, np.ma.array(whole, mask=gone) if gone.any() else whole)
