"""Layouts that move."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import _native
from ._options import checked
from ._options import count as _count

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._graph import Graph


class Session:
    """A layout that is stepped, steered and looked at while it moves. Threads may share it.

    >>> import graphlume as gl
    >>> session = gl.Graph([(0, 1), (1, 2), (2, 0)]).layout_session(seed=7)
    >>> report = session.run(10)
    >>> report["iterations"], session.positions.shape
    (10, (3, 2))
    """

    def __init__(self, graph: Graph, native: _native.Session, options: dict[str, Any]) -> None:
        self._graph = graph
        self._rust = native

    def run(self, iterations: int = 500) -> dict[str, Any]:
        """Makes up to ``iterations`` steps, fewer if the layout settles: how many, why it ended, and the last step.
        Ctrl-C stops it between two steps, and it can go on from there."""
        return self._rust.run(_count("iterations", iterations))

    def step(self, count: int = 1) -> NDArray[np.float32]:
        """Makes ``count`` steps: where nodes are then, shape ``[n, 2]``."""
        self._rust.run(_count("count", count))
        return self.positions

    @property
    def positions(self) -> NDArray[np.float32]:
        """Where nodes are, shape ``[n, 2]``, ``float32`` in layout units: a copy of this moment."""
        return np.stack([np.asarray(axis) for axis in self._rust.positions()], axis=1)

    @property
    def last(self) -> dict[str, Any]:
        """What the last step did: ``iteration``, ``energy``, ``convergence`` and so on."""
        return self._rust.last()

    @property
    def has_converged(self) -> bool:
        """Whether the last steps moved nodes less than ``tolerance``."""
        return self._rust.has_converged

    @property
    def options(self) -> dict[str, Any]:
        """All options."""
        return self._rust.options()

    def set(self, **options: Any) -> None:
        """Changes options; the next step follows them."""
        self._rust.set_options(self.options | checked("layout", options))

    def move(self, id: Any, x: float, y: float) -> None:
        """Puts the node ``id`` at ``x``, ``y``."""
        self._rust.move_node(self._graph.row_of(id), x, y)

    def fix(self, id: Any, fixed: bool = True) -> None:
        """Holds the node ``id`` where it is, or lets it go."""
        self._rust.set_fixed(self._graph.row_of(id), fixed)

    def graph(self, *, pack: bool = False) -> Graph:
        """The graph with the positions of this moment as node columns ``x`` and ``y``; with ``pack`` unconnected
        parts are put side by side there, and the layout stays as it is."""
        x, y = self._rust.packed()[:2] if pack else self._rust.positions()
        table = _native.Table.from_columns({"x": x, "y": y})
        return self._graph._like(self._graph._rust.with_node_columns(table))

    def __repr__(self) -> str:
        return f"Session({self._graph!r}, {self.last['iteration']} steps)"
