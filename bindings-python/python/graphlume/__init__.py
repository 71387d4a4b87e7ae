"""Load a big graph, lay it out, see it, and find what is wrong in it.

>>> import graphlume as gl
>>> g = gl.Graph([("ann", "bob"), ("bob", "eve"), ("eve", "ann"), ("eve", "kim")])
>>> g.page_rank().top(1)
{'eve': ...}
>>> placed = g.layout(iterations=50)
>>> placed.positions.shape
(4, 2)
"""

from . import detect, metrics
from ._devices import devices
from ._errors import (
    DeviceMemoryError,
    DeviceUnavailable,
    FileError,
    GraphlumeError,
    InputError,
    MissingFileError,
)
from ._graph import Graph, hypergraph, read
from ._layout import Session
from ._measured import Measured
from ._native import Table, __version__
from ._picture import Picture
from ._progress import set_progress

__all__ = [
    "DeviceMemoryError",
    "DeviceUnavailable",
    "FileError",
    "Graph",
    "GraphlumeError",
    "InputError",
    "Measured",
    "MissingFileError",
    "Picture",
    "Session",
    "Table",
    "__version__",
    "detect",
    "devices",
    "hypergraph",
    "metrics",
    "read",
    "set_progress",
]
