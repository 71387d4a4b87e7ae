"""Load a big graph, lay it out, see it, and find what is wrong in it.

>>> import graphlume as gl
>>> g = gl.Graph([("ann", "bob"), ("bob", "eve"), ("eve", "ann"), ("eve", "kim")])
>>> g.page_rank().top(1)
{'eve': ...}
>>> placed = g.layout(iterations=50)
>>> placed.positions.shape
(4, 2)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import detect, generate, metrics
    from ._devices import devices
    from ._errors import (
        DeviceMemoryError,
        DeviceUnavailable,
        FileError,
        GraphlumeError,
        InputError,
        MissingFileError,
    )
    from ._evaluate import Evaluation, evaluate
    from ._graph import Graph, hypergraph, read
    from ._layout import Session
    from ._leaderboard import Leaderboard, leaderboard
    from ._measured import Measured
    from ._native import __version__
    from ._page import Server, serve
    from ._picture import Picture
    from ._progress import set_progress
    from ._runs import Experiment, Sweep, run, sweep
    from ._table import Lazy, Table, pipeline, read_table, scan, sql

__all__ = [
    "DeviceMemoryError",
    "DeviceUnavailable",
    "Evaluation",
    "Experiment",
    "FileError",
    "Graph",
    "GraphlumeError",
    "InputError",
    "Lazy",
    "Leaderboard",
    "Measured",
    "MissingFileError",
    "Picture",
    "Server",
    "Session",
    "Sweep",
    "Table",
    "__version__",
    "detect",
    "devices",
    "evaluate",
    "generate",
    "hypergraph",
    "leaderboard",
    "metrics",
    "pipeline",
    "read",
    "read_table",
    "run",
    "scan",
    "serve",
    "set_progress",
    "sql",
    "sweep",
]

# Where names come from. They are looked up when they are first used: NetworkX asks this package about its backend
# whenever it is imported, which must not load all of it.
_HOMES = {
    "_devices": ("devices",),
    "_errors": (
        "DeviceMemoryError",
        "DeviceUnavailable",
        "FileError",
        "GraphlumeError",
        "InputError",
        "MissingFileError",
    ),
    "_evaluate": ("Evaluation", "evaluate"),
    "_graph": ("Graph", "hypergraph", "read"),
    "_layout": ("Session",),
    "_leaderboard": ("Leaderboard", "leaderboard"),
    "_measured": ("Measured",),
    "_native": ("__version__",),
    "_page": ("Server", "serve"),
    "_picture": ("Picture",),
    "_progress": ("set_progress",),
    "_runs": ("Experiment", "Sweep", "run", "sweep"),
    "_table": ("Lazy", "Table", "pipeline", "read_table", "scan", "sql"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in ("detect", "generate", "metrics"):
        return importlib.import_module(f".{name}", __name__)
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOME_OF[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
