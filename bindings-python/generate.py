#!/usr/bin/env python3
"""Writes ``python/graphlume/_generated.py``: methods with the options, defaults and documentation that the Rust
library has.

    python bindings-python/generate.py [--check]

Needs the extension module, installed. With ``--check`` nothing is written, and the exit code is 1 if the file
is not what would be written.
"""

from __future__ import annotations

import keyword
import re
import sys
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from graphlume import _native

PLACE = Path(__file__).parent / "python" / "graphlume" / "_generated.py"

HEAD = '''"""Methods of graphs, made by ``bindings-python/generate.py`` of what the Rust library says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._graph import Graph
    from ._layout import Session
    from ._measured import Measured
    from ._picture import Picture


class Generated:
    """What a graph can do that is a name and options."""

    __slots__ = ()

    def measure(self, name: str, *, device: str = "cpu", **options: Any) -> Measured:
        raise NotImplementedError

    def _layout(
        self, options: dict[str, Any], iterations: int, device: str | list[str], pack: bool, start: dict[str, Any]
    ) -> Graph:
        raise NotImplementedError

    def _session(self, options: dict[str, Any], device: str | list[str], start: dict[str, Any]) -> Session:
        raise NotImplementedError

    def _plot(self, path: Any, options: dict[str, Any]) -> Picture:
        raise NotImplementedError
'''

# Names that other libraries have for something that the measure of that alias gives beside its first column, or for
# which it must be asked in another way.
OTHER = {
    "authority_score", "bridges", "degree_centrality", "k_core", "personalized_pagerank", "transitivity",
}

START = {
    "start": ("Any", "positions to start from: columns `x` and `y` of the nodes if true, or an array of shape `[n, 2]`; by default random"),
    "fixed": ("Any", "nodes that must stay where they start: an array of shape `[n]`, or the name of a node column"),
    "mass": ("Any", "masses above 0, shape `[n]`, or the name of a column; by default degree + 1"),
    "radius": ("Any", "radii in layout units for `adjust_sizes`, shape `[n]`, or the name of a column; by default 1"),
    "mobility": ("Any", "factors on each node's way per step, at least 0, shape `[n]`, or the name of a column"),
}


def kind_of(default: Any) -> str:
    """The type of an option, as far as its default tells."""
    match default:
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "float"
        case str():
            return "str"
        case None:
            return "Any"
        case list():
            return "list[Any]"
        case _:
            return "Any"


def wrapped(text: str, indent: str, width: int = 112) -> list[str]:
    """``text`` in lines."""
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent + "    ", break_long_words=False)


def sentence(text: str) -> str:
    """``text`` with a full stop, and options as Python has them."""
    text = re.sub(r"--([a-z-]+)", lambda found: "``" + found[1].replace("-", "_") + "``", " ".join(text.split()))
    return text if text.endswith(".") else text + "."


def plain(default: Any) -> str:
    """A default as source; numbers of 32 bits as short as they are in Rust."""
    if isinstance(default, float) and float(np.float32(default)) == default:
        default = float(str(np.float32(default)))
    return repr(default).replace("'", '"') if isinstance(default, str) else repr(default)


def method(name: str, options: list[dict[str, Any]], result: str, doc: list[str], call: str, before: str = "") -> list[str]:
    """The lines of a method whose options are keywords."""
    lines = ["", f"    def {name}("]
    lines += [f"        {part}," for part in ("self", *([before] if before else []), "*")]
    lines += [f"        {o['name']}: {o['type']} = {plain(o['default'])}," for o in options]
    lines += [f"    ) -> {result}:", f'        """{doc[0]}']
    lines += [f"        {line}".rstrip() for line in doc[1:]]
    return [*lines, '        """', f"        return {call}"]


def given(options: Iterable[str]) -> str:
    """The options as a dict of their values, as source."""
    return "\n".join(["{", *(f'            "{name}": {name},' for name in options), "        }"])


def measures(described: dict[str, Any]) -> list[str]:
    """A method for each measure, and its names in other libraries."""
    lines, taken = [], {"filter", "nodes", "edges", *OTHER}
    for measure in described["measures"]:
        taken.add(measure["name"])
    for measure in described["measures"]:
        options = [{"name": key, "type": kind_of(value), "default": value} for key, value in measure["options"].items()]
        options.append({"name": "device", "type": "str", "default": "cpu"})
        doc = [sentence(measure["about"]), ""]
        for column in measure["columns"]:
            size = "n" if column["over"] == "nodes" else "m"
            doc += wrapped(f"``{column['name']}``, shape ``[{size}]``: {sentence(column['about'])}", "")
        if not measure["columns"]:
            doc.append("The result is a summary only.")
        if "weighted" in measure["options"]:
            doc += ["", "``weighted`` of the result says whether weights were used; without them every edge counts 1."]
        explained = [f"- ``{name}``: {sentence(text)}" for name, text in measure["about_options"].items()]
        doc += ["", *(line for text in explained for line in wrapped(text, ""))] if explained else []
        values = "".join(f", {o['name']}={o['name']}" for o in options)
        needed = [name for name, text in measure["about_options"].items() if "must be given" in text]
        before = ", ".join(f"{name}: Any" for name in needed)
        options = [o for o in options if o["name"] not in needed]
        lines += method(measure["name"], options, "Measured", doc, f'self.measure("{measure["name"]}"{values})', before)
        for alias in measure["aliases"]:
            if alias.isidentifier() and not keyword.iskeyword(alias) and alias not in taken:
                taken.add(alias)
                lines += ["", f"    {alias} = {measure['name']}"]
    return lines


def options_of(described: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Options of a struct."""
    return [{"name": o["name"], "type": kind_of(o["default"]), "default": o["default"], "about": o["about"], "choices": o["choices"]} for o in described]


def about(options: list[dict[str, Any]]) -> list[str]:
    """What options mean, in lines."""
    lines = []
    for o in options:
        one_of = f" One of {', '.join(repr(choice) for choice in o['choices'])}." if o["choices"] and o["type"] == "str" else ""
        lines += wrapped(f"- ``{o['name']}``: {sentence(o['about'])}{one_of}", "")
    return lines


def layouts(described: dict[str, Any]) -> list[str]:
    """Layouts, at once and step by step."""
    options = options_of(described["layout"])
    start = [{"name": name, "type": kind, "default": None, "about": text, "choices": []} for name, (kind, text) in START.items()]
    device = {"name": "device", "type": "str | list[str]", "default": "auto", "choices": [],
              "about": "where to compute: `auto`, `cpu`, `cuda`, `cuda:0`, `opencl`, …; several share the graph"}
    iterations = {"name": "iterations", "type": "int", "default": 500, "choices": [], "about": "most steps to make; fewer if the layout settles"}
    pack = {"name": "pack", "type": "bool", "default": True, "choices": [], "about": "put unconnected parts side by side"}
    options_given, begin = given(o["name"] for o in options), given(START)
    every = [iterations, *options, pack, device, *start]
    lines = method("layout", every, "Graph", [
        "Lays the graph out with ForceAtlas2: the same graph with node columns ``x`` and ``y``, ``float32`` in layout units.", "",
        "The same graph, options and device give the same positions, on any number of threads. O(n log n + m) a step.", "",
        *about(every)], f"self._layout({options_given}, iterations, device, pack, {begin})")
    every = [*options, device, *start]
    lines += method("layout_session", every, "Session", [
        "A layout that is stepped, steered and looked at while it moves.", "", *about(every)],
        f"self._session({options_given}, device, {begin})")
    return lines


def plots(described: dict[str, Any]) -> list[str]:
    """Pictures."""
    options = options_of(described["picture"])
    values = given(o["name"] for o in options)
    return method("plot", options, "Picture", [
        "A picture of the graph, which notebooks show; written to ``path`` if that is given, a .png or .svg.", "",
        "Nodes are at columns ``x`` and ``y`` if the graph has them, else it is laid out first.", "",
        "What nodes and edges are drawn by is a column of theirs or its values: what a measure found, an array of shape ``[n]`` or",
        "``[m]``, or of nodes a dict by id.", "", *about(options)],
        f"self._plot(path, {values})", before="path: Any = None")


def main() -> int:
    """Writes or checks the file."""
    described = _native.describe()
    lines = HEAD.rstrip().split("\n") + layouts(described) + plots(described) + measures(described)
    text = "\n".join(lines) + "\n"
    if "--check" in sys.argv[1:]:
        same = PLACE.exists() and PLACE.read_text() == text
        if not same:
            print(f"{PLACE} is not what the library says: run {Path(__file__).name}", file=sys.stderr)
        return int(not same)
    PLACE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
