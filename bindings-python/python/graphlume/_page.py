"""Graphs that can be moved, searched and selected in: as a file, in a notebook, on a server."""

from __future__ import annotations

import atexit
import html
import json
import os
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from . import _native
from ._errors import GraphlumeError, InputError
from ._options import checked
from ._picture import as_text, write_whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._graph import Graph
    from ._layout import Session


#: Most bytes of columns in a page that is a part of a notebook, which is saved with it.
_INLINE_TABLES = 4 << 20


def scene(graph: Graph, options: dict[str, Any], table_bytes: int | None = None) -> bytes:
    """What the page shows: the graph where its nodes are, with the colors, sizes and names of a picture, and its tables."""
    options = {name: as_text(name, value) for name, value in options.items() if value is not None}
    options = checked("picture", options)
    nodes = graph.nodes
    at = None if graph.positions is None else (nodes.column("x"), nodes.column("y"))
    return graph._rust.scene(at, options, table_bytes)


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
_STATES = ("running", "paused", "settled")

#: Steps of a layout that is to move until it settles: no more than would take for ever.
_UNTIL_SETTLED = 1_000_000


def inline(graph: Graph, height: int, options: dict[str, Any]) -> str:
    """The page as a part of another one, which needs neither a kernel nor a network."""
    placed = graph._with_positions()
    page = _native.html(scene(placed, options, _INLINE_TABLES), str(options.get("title") or "graph"))
    return f'<iframe srcdoc="{html.escape(page)}" style="width:100%;height:{height}px;border:0" title="{html.escape(repr(graph))}"></iframe>'


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
            self._options = options
            self._session = None if graph.positions is not None else graph.layout_session()
            self._mover: threading.Thread | None = None
            self._stop = threading.Event()
            self._sequence = 0
            self._state = _PAUSED
            self._pinned: set[int] = set()
            #: Why the layout ended before it settled, if an error ended it.
            self.error: BaseException | None = None
            self.on_msg(self._hear)

        def _repr_mimebundle_(self, **options: Any) -> Any:
            """For a notebook that is looked at without a kernel, a page in place of the widget."""
            bundle = super()._repr_mimebundle_(**options)
            if bundle is None:
                return None
            data, *rest = bundle if isinstance(bundle, tuple) else (bundle,)
            data = {**data, "text/html": inline(self.graph, self.height, self._options)}
            return (data, *rest) if rest else data

        @property
        def selected(self) -> list[Any]:
            """Ids of the selected nodes."""
            return self._graph.ids[self.selection].tolist() if self.selection else []

        @selected.setter
        def selected(self, ids: Any) -> None:
            self.selection = self._graph.rows_of(ids).tolist()

        @property
        def pinned(self) -> list[Any]:
            """Ids of the nodes that are held where they are."""
            return self._graph.ids[sorted(self._pinned)].tolist() if self._pinned else []

        @property
        def graph(self) -> Graph:
            """The graph, where its nodes are now."""
            return self._graph if self._session is None else self._session.graph()

        @property
        def _moving(self) -> Session:
            """The layout, which begins where nodes are."""
            if self._session is None:
                self._session = self._graph.layout_session(start=True)
            return self._session

        def play(self, iterations: int = 500) -> None:
            """Lets the layout move, in the background, until it settles, ``iterations`` are made or :meth:`pause`."""
            self.pause()
            session = self._moving
            self._stop.clear()
            self._mover = threading.Thread(target=self._move, args=(session, iterations), daemon=True)
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

        def _move(self, session: Session, iterations: int) -> None:
            try:
                made = 0
                self._show(_RUNNING)
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
                self._say({"type": "error", "message": str(error)})

        def _show(self, state: int) -> None:
            """Sends where nodes are."""
            session = self._moving
            self._sequence += 1
            self._state = state
            last = session.last
            movement = float(last.get("mean_displacement") or 0.0)
            content = frame(session.positions, self._sequence, int(last["iteration"]), movement, state)
            self.send({"type": "frame"}, [content])

        def _say(self, message: dict[str, Any]) -> None:
            """Sends a message of the stream: docs/stream.md."""
            self.send({"type": "stream", "text": json.dumps(message)})

        def _hear(self, _: Any, content: Any, __: Any) -> None:
            """What a picture says: that it is there, or a message of the stream."""
            if not isinstance(content, dict):
                return
            if content.get("type") == "open":
                options = {} if self._session is None else self._session.options
                iteration = 0 if self._session is None else int(self._session.last["iteration"])
                self._say(
                    {
                        "type": "hello",
                        "version": 1,
                        "session": self.model_id,
                        "n_nodes": self._graph.n_nodes,
                        "state": _STATES[self._state],
                        "iteration": iteration,
                        "options": options,
                        "pinned": sorted(self._pinned),
                        "may_steer": True,
                    }
                )
                if self._session is not None and self._sequence > 0:
                    self._show(self._state)
            elif content.get("type") == "stream":
                try:
                    self._obey(json.loads(content["text"]))
                except (KeyError, TypeError, ValueError) as error:
                    # Errors of input are values too.
                    self._say({"type": "error", "message": str(error)})

        def _obey(self, message: dict[str, Any]) -> None:
            kind = message.get("type")
            if kind == "play":
                self.play(_UNTIL_SETTLED)
            elif kind == "pause":
                self.pause()
            elif kind == "step":
                self.pause()
                self._moving._rust.run(min(int(message["n"]), _UNTIL_SETTLED))
                self._show(_PAUSED)
            elif kind == "restart":
                self.pause()
                given: dict[str, Any] = {} if message.get("seed") is None else {"seed": int(message["seed"])}
                self._session = self._graph.layout_session(**given)
                self._pinned.clear()
                self._say({"type": "pinned", "nodes": []})
                self.play(_UNTIL_SETTLED)
            elif kind == "options":
                self._moving.set(**message["options"])
                self._say({"type": "options", "options": self._moving.options})
            elif kind in ("pin", "unpin"):
                for row in message["nodes"]:
                    self._moving._rust.set_fixed(int(row), kind == "pin")
                    (self._pinned.add if kind == "pin" else self._pinned.discard)(int(row))
                self._say({"type": "pinned", "nodes": sorted(self._pinned)})
            elif kind == "move":
                for row, x, y in zip(message["nodes"], message["x"], message["y"]):
                    self._moving._rust.move_node(int(row), float(x), float(y))
                if self.wait(0):
                    self._show(self._state)
            elif kind == "key":
                self._show(self._state)

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


#: Servers that have not been stopped: nobody else may hold them, and they end with this process.
_servers: set[Server] = set()


@atexit.register
def _stop_servers() -> None:
    for server in list(_servers):
        server.stop()


def _drain(said: IO[str]) -> None:
    with said:
        for _ in said:
            pass


class Server:
    """A server of graphs in a process of its own; see :func:`serve`."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self._process = process
        # What it says later is read, so that it need not wait for anyone, and thrown away.
        self._listener = threading.Thread(target=_drain, args=(process.stderr,), daemon=True)
        self._listener.start()
        #: Where it is.
        self.url = url
        _servers.add(self)

    @property
    def is_running(self) -> bool:
        """Whether it still answers."""
        return self._process.poll() is None

    def stop(self) -> None:
        """Ends it, once what is under way has been answered."""
        _servers.discard(self)
        if self.is_running:
            self._process.terminate()
            try:
                self._process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._listener.join()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _repr_html_(self) -> str:
        return f'<a href="{self.url}" target="_blank">{self.url}</a>'

    def __repr__(self) -> str:
        return f"Server({self.url!r}{'' if self.is_running else ', ended'})"


# Options of the command that take no value, with those that say the opposite, if there are such.
_SWITCHES = {"directed": "--undirected", "undirected": "--directed", "drop_null": "", "no_comments": "", "no_weight": ""}


def serve(*files: str | os.PathLike[str], port: int = 0, data: str | os.PathLike[str] | None = None, **options: Any) -> Server:
    """Starts a server of graphs on this machine, and returns once it answers.

    ``files`` are graphs to begin with, and options say how they are read, such as ``nodes="accounts.csv"``,
    ``source="payer"`` and ``null=["NA", "-"]``. ``port`` 0 takes a free one. ``data`` is the folder for everything that is kept,
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
        if value is None:
            continue
        if name in _SWITCHES:
            flag = flag if value else _SWITCHES[name]
            command += [flag] if flag else []
        elif isinstance(value, bool):
            command.append(f"{flag}={str(value).lower()}")
        else:
            values = value if isinstance(value, (list, tuple)) else [value]
            command += [f"{flag}={item}" for item in values]
    command += ["--end-with-input", "--", *(str(os.fspath(file)) for file in files)]
    # It holds the other end of its input for as long as this process lives.
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None and process.stdin is not None
    said = []
    try:
        for line in process.stderr:
            said.append(line)
            _, found, url = line.partition("graphlume is at ")
            if found:
                return Server(process, url.strip())
    except BaseException:
        # Ctrl-C while it starts, most likely.
        process.kill()
        process.communicate()
        raise
    process.stdin.close()
    process.stderr.close()
    process.wait()
    raise GraphlumeError("".join(said).strip().removeprefix("error: ") or "the server ended before it answered")
