"""Graphs that can be moved, searched and selected in: as a file, in a notebook, on a server."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _native
from ._errors import GraphlumeError, InputError
from ._options import checked
from ._picture import as_text, write_whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._graph import Graph


def scene(graph: Graph, options: dict[str, Any]) -> bytes:
    """What the page shows: the graph where its nodes are, with the colors, sizes and names of a picture."""
    options = {name: as_text(name, value) for name, value in options.items() if value is not None}
    options = checked("picture", options)
    nodes = graph.nodes
    at = None if graph.positions is None else (nodes.column("x"), nodes.column("y"))
    return graph._rust.scene(at, options)


def save_html(graph: Graph, path: str | os.PathLike[str], options: dict[str, Any]) -> Path:
    """Writes a page that needs nothing else."""
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"{path}: a page is written as .html")
    title = str(options.get("title") or path.stem)
    write_whole(path, _native.html(scene(graph, options), title).encode())
    return path


def frame(at: NDArray[np.float32], sequence: int, iteration: int, movement: float, state: int) -> bytes:
    """Positions, shape ``[n, 2]``, as a key frame of the stream that the page reads (docs/stream.md)."""
    low = at.min(axis=0) if len(at) else np.zeros(2, np.float32)
    wide = float((at.max(axis=0) - low).max()) if len(at) else 0.0
    scale = 65535.0 / wide if wide > 0 else 1.0
    places = np.clip(np.rint((at - low) * scale), 0, 65535).astype("<u2")
    head = struct.pack("<BBHIIIfffIfI", 1, 1, 0, sequence, 0, len(at), low[0], low[1], scale, iteration, movement, state)
    return head + places.tobytes()


_RUNNING, _PAUSED, _SETTLED = 0, 1, 2


def _widget_class() -> type:
    try:
        import anywidget
        import traitlets
    except ImportError as error:
        raise ImportError("a widget needs the package anywidget: pip install anywidget") from error
    script, styles = _native.bundle()

    class Widget(anywidget.AnyWidget):
        """A graph in a notebook: drag and zoom it, search it, select in it; its layout may move meanwhile.

        ``selection`` are the rows of the selected nodes, both ways; ``selected`` are their ids.
        """

        _esm = script
        _css = styles
        scene = traitlets.Bytes().tag(sync=True)
        selection = traitlets.List(traitlets.Int()).tag(sync=True)
        params = traitlets.Dict().tag(sync=True)
        height = traitlets.Int(560, min=100, max=10000).tag(sync=True)

        def __init__(self, graph: Graph, options: dict[str, Any], **traits: Any) -> None:
            placed = graph if graph.positions is not None else graph.layout(iterations=0)
            super().__init__(scene=scene(placed, options), **traits)
            self._graph = graph
            self._session = None if graph.positions is not None else graph.layout_session()
            self._mover: threading.Thread | None = None
            self._stop = threading.Event()
            self._sequence = 0
            #: Why the layout ended before it settled, if an error ended it.
            self.error: BaseException | None = None

        @property
        def selected(self) -> list[Any]:
            """Ids of the selected nodes."""
            ids = self._graph.ids
            return [ids[row] for row in self.selection]

        @selected.setter
        def selected(self, ids: Any) -> None:
            self.selection = [self._graph.row_of(id) for id in ids]

        @property
        def graph(self) -> Graph:
            """The graph, where its nodes are now."""
            return self._graph if self._session is None else self._session.graph()

        def play(self, iterations: int = 500) -> None:
            """Lets the layout move, in the background, until it settles, ``iterations`` are made or :meth:`pause`."""
            self.pause()
            if self._session is None:
                self._session = self._graph.layout_session()
            self._stop.clear()
            self._mover = threading.Thread(target=self._move, args=(iterations,), daemon=True)
            self._mover.start()

        def pause(self) -> None:
            """Lets it stand still."""
            self._stop.set()
            if self._mover is not None:
                self._mover.join()
                self._mover = None

        def wait(self, timeout: float | None = None) -> bool:
            """Waits until the layout stands still; whether it does."""
            if self._mover is not None:
                self._mover.join(timeout)
            return self._mover is None or not self._mover.is_alive()

        def _move(self, iterations: int) -> None:
            session = self._session
            assert session is not None
            try:
                made = 0
                while made < iterations and not self._stop.is_set():
                    begun, steps = time.monotonic(), 0
                    while time.monotonic() - begun < 0.05 and made + steps < iterations:
                        session._rust.run(1)
                        steps += 1
                        if session.has_converged:
                            break
                    made += steps
                    done = session.has_converged or made >= iterations
                    self._show(_SETTLED if session.has_converged else _PAUSED if done else _RUNNING)
                    if done:
                        return
                self._show(_PAUSED)
            except Exception as error:  # noqa: BLE001  (nobody waits for a thread: it is told by `error`)
                self.error = error

        def _show(self, state: int) -> None:
            session = self._session
            assert session is not None
            self._sequence += 1
            last = session.last
            movement = float(last.get("mean_displacement") or 0.0)
            content = frame(session.positions, self._sequence, int(last["iteration"]), movement, state)
            self.send({"type": "frame"}, [content])

        def close(self) -> None:
            self.pause()
            super().close()

    return Widget


_class: type | None = None


def widget(graph: Graph, height: int, options: dict[str, Any]) -> Any:
    """A widget, of a class that is made when the first is asked for: it holds the whole viewer."""
    global _class
    if _class is None:
        _class = _widget_class()
    return _class(graph, options, height=height)


class Server:
    """A server of graphs in a process of its own; see :func:`serve`."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self._process = process
        #: Where it is.
        self.url = url

    @property
    def is_running(self) -> bool:
        """Whether it still answers."""
        return self._process.poll() is None

    def stop(self) -> None:
        """Ends it, once what is under way has been answered."""
        if self.is_running:
            self._process.terminate()
            try:
                self._process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _repr_html_(self) -> str:
        return f'<a href="{self.url}" target="_blank">{self.url}</a>'

    def __repr__(self) -> str:
        return f"Server({self.url!r}{'' if self.is_running else ', ended'})"


def serve(*files: str | os.PathLike[str], port: int = 0, data: str | os.PathLike[str] | None = None, **options: Any) -> Server:
    """Starts a server of graphs on this machine, and returns once it answers.

    ``files`` are graphs to begin with. ``port`` 0 takes a free one. ``data`` is the folder for everything that is kept,
    by default that of the command ``graphlume serve``, whose options go by their names with ``_`` for ``-``, such as
    ``workers=2`` or ``auth=True``. It ends with :meth:`Server.stop`, at the end of a ``with``, and with this process.

    Raises :class:`GraphlumeError` with what the server says if it does not start.

    >>> import graphlume as gl, tempfile, urllib.request
    >>> with gl.serve(data=tempfile.mkdtemp(), device="cpu") as server:
    ...     urllib.request.urlopen(server.url + "/health").status
    200
    """
    command = [sys.executable, "-m", "graphlume", "serve", "--bind", f"127.0.0.1:{port}"]
    if data is not None:
        command += ["--data", os.fspath(data)]
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            command.append(f"{flag}={str(value).lower()}")
        elif isinstance(value, (list, tuple)):
            command += [flag, ",".join(str(item) for item in value)]
        else:
            command += [flag, str(value)]
    command += ["--end-with-input", "--", *(str(os.fspath(file)) for file in files)]
    # It holds the other end of its input for as long as this process lives.
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        _, found, url = line.partition("graphlume is at ")
        if found:
            threading.Thread(target=process.stderr.read, daemon=True).start()
            return Server(process, url.strip())
    process.wait()
    raise GraphlumeError("".join(said).strip().removeprefix("error: ") or "the server ended before it answered")
