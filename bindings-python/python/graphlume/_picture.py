"""Pictures of graphs."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._errors import InputError

if TYPE_CHECKING:
    from ._graph import Graph


def as_text(name: str, value: Any) -> Any:
    """An option of a picture that the command line has as text: a list of colors or bounds, a number of bins."""
    if name not in ("bins", "background", "edge_opacity", "labels", "palette") or isinstance(value, (str, type(None))):
        return value
    if isinstance(value, (int, float)):
        return str(value)
    return ",".join(str(item) for item in value)


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file, whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


class Picture:
    """A picture of a graph, which notebooks show."""

    def __init__(self, graph: Graph, options: Mapping[str, Any]) -> None:
        #: The graph, with positions.
        self.graph = graph
        self._options = dict(options)
        self._png: bytes | None = None

    def _draw(self, svg: bool) -> bytes:
        nodes = self.graph.nodes
        content, letters = self.graph._rust.picture(nodes.column("x"), nodes.column("y"), self._options, svg)
        if letters:
            warnings.warn(f"no font has {letters}: boxes stand for them; GRAPHLUME_FONTS names fonts", stacklevel=3)
        return content

    def png(self) -> bytes:
        """The picture as a PNG file."""
        if self._png is None:
            self._png = self._draw(svg=False)
        return self._png

    def svg(self) -> str:
        """The picture as an SVG document."""
        return self._draw(svg=True).decode()

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the picture to a .png or .svg file, whole or not at all."""
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix not in (".png", ".svg"):
            raise InputError(f"{path}: a picture is written as .png or .svg")
        content = self.png() if suffix == ".png" else self.svg().encode()
        write_whole(path, content)
        return path

    def _repr_png_(self) -> bytes:
        return self.png()

    def __repr__(self) -> str:
        return f"Picture({self.graph!r})"
