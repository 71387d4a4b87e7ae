"""How graphs are laid out and shown: layouts, pictures, pages, widgets."""

from __future__ import annotations

import html
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _convert, _native, _page
from ._base import Base
from ._errors import InputError
from ._generated import Generated
from ._layout import Session
from ._measured import Measured
from ._options import checked, count, flag
from ._picture import Picture, as_text

if TYPE_CHECKING:
    from ._graph import Graph

#: Of the page that notebooks show, in pixels.
_HEIGHT = 480

#: Options that nodes and edges are drawn by: a column, or its values.
_BY = ("color_by", "size_by", "opacity_by", "label_by", "icon_by", "badge_by", "edge_color_by", "edge_size_by", "edge_opacity_by")


#: Columns of nodes, and of edges.
_Columns = tuple[dict[str, Any], dict[str, Any]]


class Shown(Base, Generated):
    """What lays a graph out and shows it."""

    __slots__ = ()

    def _start(self, given: dict[str, Any]) -> dict[str, Any]:
        """What a layout starts from, as columns."""
        start: dict[str, Any] = {}
        for name, values in given.items():
            if values is None or (name == "start" and values is False):
                continue
            if name != "start":
                start[name] = self.nodes.column(values) if isinstance(values, str) else _convert.column(name, values)
                continue
            positions = self.positions if values is True else np.asarray(values)
            if positions is None:
                raise InputError("the nodes have no columns `x` and `y` to start from")
            if positions.shape != (self.n_nodes, 2):
                raise InputError(f"start has the shape {positions.shape}, but ({self.n_nodes}, 2) is needed")
            start["x"] = _convert.column("x", positions[:, 0])
            start["y"] = _convert.column("y", positions[:, 1])
        return start

    def _session(self, options: dict[str, Any], device: str | list[str], start: dict[str, Any]) -> Session:
        devices = [device] if isinstance(device, str) else list(device)
        options = checked("layout", options)
        return Session(self._itself, self._rust.layout(options, devices, self._start(start)), options)

    def _layout(
        self, options: dict[str, Any], iterations: int, device: str | list[str], pack: bool, start: dict[str, Any]
    ) -> Graph:
        iterations, pack = count("iterations", iterations), flag("pack", pack)
        session = self._session(options, device, start)
        session.run(iterations)
        return session.graph(pack=pack)

    def save_html(self, path: str | os.PathLike[str], **options: Any) -> Path:
        """Writes a page on which the graph can be moved, searched and selected in, without a server or a network.

        The options are those of :meth:`plot` that concern nodes, edges, names and colors, and ``title``. Nodes are at
        columns ``x`` and ``y`` if the graph has them, else it is laid out first. About 12 bytes a node and 8 an edge,
        the columns of both tables up to 64 MiB (8 bytes a number), and a third more: who gets the page gets the columns.
        """
        columns, options = self._drawn_by(options)
        return _page.save_html(_with(self._with_positions(), columns), path, options)

    def widget(self, *, height: int = 560, **options: Any) -> Any:
        """The graph as a widget for notebooks, which needs the package anywidget: it is drawn there, selection comes back
        as ``selection`` (rows) and ``selected`` (ids), and ``play()`` lets the layout move.

        Without columns ``x`` and ``y`` nodes begin where a layout begins. The options are those of :meth:`save_html`.
        """
        columns, options = self._drawn_by(options)
        return _page.widget(_with(self._itself, columns), height, options)

    def _drawn_by(self, options: dict[str, Any]) -> tuple[_Columns, dict[str, Any]]:
        """Values that nodes and edges are to be drawn by, as columns, and the options with the names of these columns."""
        columns: _Columns = ({}, {})
        names: dict[str, str] = {}
        for option in _BY:
            values = options.get(option)
            if values is None or isinstance(values, str):
                continue
            of_edges = option.startswith("edge_")
            said: Any
            if isinstance(values, Measured):
                said, values = values._first_of(of_edges)
            else:
                said = getattr(values, "name", None)
            name = said if isinstance(said, str) and said else option.removesuffix("_by")
            taken = self._rust.edges().columns if of_edges else ["x", "y", self._rust.nodes().columns[0]]
            known = columns[of_edges]
            while name in taken or (name in known and known[name] is not values):
                name += "_"
            known[name] = values
            names[option] = name
        return columns, options | names

    def _plot(self, path: Any, options: dict[str, Any]) -> Picture:
        if path is not None and Path(path).suffix.lower() not in (".png", ".svg"):
            raise InputError(f"{path}: a picture is written as .png or .svg")
        columns, options = self._drawn_by(options)
        options = checked("picture", {name: as_text(name, value) for name, value in options.items()})
        if self.positions is None and self._placed is None:
            _with(self._itself, columns)._check_picture(options)
        picture = Picture(_with(self._with_positions(), columns), options)
        if path is not None:
            picture.save(path)
        else:
            # What is wrong with the options is said now, and not when a notebook shows it.
            picture.png()
        return picture

    def _with_positions(self) -> Graph:
        """The graph with columns ``x`` and ``y``: laid out if it has none, once."""
        if self.positions is None and self._placed is None:
            self._placed = self.layout()
        return self._placed or self._itself

    def _check_picture(self, options: dict[str, Any]) -> None:
        """Says what is wrong with the options of a picture before a layout takes its time: all nodes at one place and no
        edges are drawn at once."""
        bare = _native.filter(self._rust, None, _convert.column("edges", np.zeros(self.n_edges, dtype=bool)), True)
        nowhere = _convert.column("x", np.zeros(self.n_nodes, dtype=np.float32))
        bare.picture(nowhere, nowhere, options, True)

    def __repr__(self) -> str:
        kind = "directed" if self.is_directed else "undirected"
        kind += ", weighted" if self._rust.has_weights else ""
        return f"Graph({_count(self.n_nodes, 'node')}, {_count(self.n_edges, 'edge')}, {kind})"

    def _repr_html_(self) -> str:
        said = f"<b>{html.escape(repr(self))}</b>"
        if self._is_quickly_shown():
            return f"{said}{_page.inline(self._itself, _HEIGHT, {})}<details><summary>nodes</summary>{self.nodes._repr_html_()}</details>"
        return said + self.nodes._repr_html_()

    def _is_quickly_shown(self) -> bool:
        """Whether a picture takes no time that nobody asked for."""
        return self.n_nodes > 0 and (self.positions is not None or self.n_edges <= 200_000) and self.n_nodes + self.n_edges <= 1_000_000

    def _repr_png_(self) -> bytes | None:
        if not self._is_quickly_shown():
            return None
        return self.plot(width=960, height=720).png()


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _with(graph: Graph, columns: _Columns) -> Graph:
    """The graph with columns of nodes and of edges, if there are any."""
    graph = graph.with_nodes(**columns[0]) if columns[0] else graph
    return graph.with_edges(**columns[1]) if columns[1] else graph
