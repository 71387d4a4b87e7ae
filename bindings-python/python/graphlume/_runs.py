"""Runs of methods on datasets, alone and in sweeps."""

from __future__ import annotations

import difflib
import hashlib
import html
import importlib.util
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from . import _native
from ._command import program
from ._errors import InputError
from ._evaluate import Evaluation, evaluate
from ._leaderboard import Leaderboard, leaderboard
from ._picture import write_whole
from ._table import _given


class Experiment:
    """What became of a run, in a folder of its own; see :func:`run`."""

    def __init__(self, json: dict[str, Any]) -> None:
        #: All that is known of it.
        self.json = json
        #: Its folder, with ``status.json``, ``results.json``, ``method_output.txt`` and more.
        self.folder = Path(json["folder"])

    def __fspath__(self) -> str:
        return str(self.folder)

    @property
    def name(self) -> str:
        """Its name, that of the folder."""
        return str(self.json["name"])

    @property
    def state(self) -> str:
        """``completed``, ``failed``, ``timeout``, ``oom``, ``stopped`` or ``unknown``."""
        return str(self.json["status"]["status"])

    @property
    def is_completed(self) -> bool:
        """Whether the method ended well, and left results that can be read."""
        return self.state == "completed"

    @property
    def error(self) -> str | None:
        """What went wrong."""
        found = self.json["status"].get("error")
        return None if found is None else str(found)

    @property
    def seconds(self) -> float | None:
        """How long the method took."""
        took = self.json["status"].get("exec_time_ms")
        return None if took is None else float(took) / 1e3

    @property
    def resources(self) -> dict[str, Any]:
        """What it took: ``cpu_secs``, ``peak_memory_mb``, ``peak_gpu_mb``, where that is known."""
        return dict(self.json["status"].get("resources") or {})

    @property
    def output(self) -> str:
        """What the method printed."""
        path = self.folder / "method_output.txt"
        return path.read_text(errors="replace") if path.exists() else ""

    def evaluate(self, **options: Any) -> Evaluation:
        """What its scores are worth; see :func:`evaluate`."""
        return evaluate(self, **options)

    def _facts(self) -> list[tuple[str, str]]:
        facts = [("state", self.state)]
        if self.error:
            facts.append(("error", self.error))
        if self.seconds is not None:
            facts.append(("seconds", f"{self.seconds:.3f}"))
        facts += [(name, f"{value:.1f}") for name, value in self.resources.items() if isinstance(value, (int, float))]
        return facts

    def __repr__(self) -> str:
        return f"Experiment({self.name!r}: {', '.join(f'{name} {value}' for name, value in self._facts())})"

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><th style='text-align:left'>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>" for name, value in self._facts())
        return f"<b>{html.escape(self.name)}</b><table>{rows}</table>"


def _place(options: Mapping[str, Any]) -> dict[str, Any]:
    """Where methods run: the options of that, as Rust has them."""
    return _given({name: os.fspath(value) if isinstance(value, os.PathLike) else value for name, value in options.items()})


def _not_while_reading() -> None:
    """Refuses to run methods while this process reads a script for a method that is in it."""
    if script := os.environ.get("GRAPHLUME_READS_METHOD"):
        raise InputError(
            f"{script} is read for a method in it, and runs methods while it is read, which would go on without end: put what runs "
            'them below `if __name__ == "__main__":`'
        )


def _function(method: Callable[..., Any], experiments: Path) -> str:
    """A function as ``FILE.py:NAME``: where it is defined, or else a file that holds it pickled.

    A run is a process of its own, which must find the function again, and so must whoever repeats the run later.
    """
    name = getattr(method, "__name__", "")
    module = sys.modules.get(getattr(method, "__module__", None) or "")
    file = getattr(module, "__file__", None)
    spec = getattr(module, "__spec__", None)
    in_package = spec is not None and bool(spec.parent)
    found_there = file is not None and file.endswith(".py") and getattr(module, name, None) is method
    if found_there and not in_package and Path(str(file)).is_file():
        return f"{Path(str(file)).resolve()}:{name}"
    if importlib.util.find_spec("cloudpickle") is None:
        raise InputError(
            f"the method {name or method!r} is in no file that a process of its own could read: put it into one, or install cloudpickle"
        )
    import cloudpickle

    called = name if name.isidentifier() else "method"
    content = cloudpickle.dumps(method)
    text = "\n".join(
        [
            f'"""The function {called}, as it was when it ran."""',
            "import pickle",
            "",
            f"{called} = pickle.loads({content!r})",
            "",
        ]
    )
    folder = experiments / "functions"
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"{called}_{hashlib.sha256(text.encode()).hexdigest()[:12]}.py"
    if not place.exists():
        write_whole(place, text.encode())
    return f"{place.resolve()}:{called}"


def run(
    method: str | os.PathLike[str] | Callable[..., Any],
    dataset: str | os.PathLike[str],
    *,
    seed: int | None = None,
    timeout: float | str | None = None,
    memory: int | str | None = None,
    gpu: bool = True,
    root: str | os.PathLike[str] = ".",
    any_dataset: bool = False,
    interval: float | str | None = None,
    tag: str | None = None,
    executor: str | None = None,
    python: str | os.PathLike[str] | None = None,
    docker_host: str | None = None,
    network: str | None = None,
    registry: str | None = None,
    build: bool | None = None,
    parameters: Mapping[str, Any] | None = None,
    **more_parameters: Any,
) -> Experiment:
    """Runs a method on a dataset in processes of its own, within a budget, to its end, whatever that is: the experiment says
    whether the method did well.

    ``method`` is a detector (``gl.detect.methods()``), the folder of a method, the name of one in ``ROOT/methods``,
    ``"FILE.py:FUNCTION"``, or a function: ``f(data, **parameters)``, where ``data`` is the path of the dataset; it returns a
    dict with what ``results.json`` holds (``result_type``, ``scores``, ``ground_truth`` …). The file of a function is read
    once more for each run: in a script, what calls ``run`` stands below ``if __name__ == "__main__":``. A function that
    no file has, as in a notebook, needs the package cloudpickle. ``dataset`` is a path, the name of one in ``ROOT/datasets``, or
    ``bundled:NAME``. The experiment is a folder in ``ROOT/experiments``.

    - Keywords that are none of these, and ``parameters``: the method's own.
    - ``seed``: of the method. ``gpu``: whether it may use GPUs. ``any_dataset``: also what it does not say it can read.
    - ``timeout``: seconds, or a text such as ``"5 min"``; ``memory``: bytes, or ``"2 GiB"``. What takes more is ended.
    - ``interval``: how often resources are looked at, by default each second. ``tag``: version of the method's image.
    - ``executor``: ``local`` (the default), ``docker`` or ``swarm``, with ``docker_host``, ``network``, ``registry`` and
      ``build``. ``python``: what methods call as ``python``; by default that of the path, and this interpreter for functions.

    Ctrl-C ends the method with all its processes.

    >>> import graphlume as gl, tempfile
    >>> done = gl.run("midas-f", "bundled:bursts", seed=1, root=tempfile.mkdtemp())
    >>> done.state
    'completed'
    >>> done.evaluate(resamples=0).roc_auc > 0.5
    True
    """
    _not_while_reading()
    home = Path(root)
    if callable(method):
        method = _function(method, home / "experiments")
        python = sys.executable if python is None else python
    elif os.fspath(method).rpartition(":")[0].endswith(".py"):
        python = sys.executable if python is None else python
    options = _given(
        {
            "parameters": {**(parameters or {}), **more_parameters} or None,
            "seed": seed,
            "gpu": gpu,
            "timeout": timeout,
            "memory": memory,
            "tag": tag,
            "any_dataset": any_dataset,
            "interval": interval,
            "root": os.fspath(home),
            "place": _place({"executor": executor, "python": python, "docker_host": docker_host, "network": network, "registry": registry, "build": build}),
        }
    )
    return Experiment(_native.run(os.fspath(method), os.fspath(dataset), program(), options))


def _named(method: Any, folder: Path) -> Any:
    """An entry of a sweep with its function, if it is one of Python, by a name."""
    if isinstance(method, Mapping) and callable(method.get("function")):
        return {**method, "function": _function(method["function"], folder)}
    return method


class Sweep:
    """What became of a sweep; see :func:`sweep`."""

    def __init__(self, folder: Path, json: dict[str, Any]) -> None:
        #: Folder of its records and scores.
        self.folder = folder
        #: How many trials there are, how many ran now, and how they ended.
        self.report: dict[str, Any] = json["report"]
        #: Methods that do not run over a dataset, and why.
        self.unfit: list[dict[str, str]] = json["unfit"]

    def __fspath__(self) -> str:
        return str(self.folder)

    def leaderboard(self, **options: Any) -> Leaderboard:
        """What the methods reach; see :func:`leaderboard`."""
        return leaderboard(self, **options)

    def __repr__(self) -> str:
        states = ", ".join(f"{n} {state}" for state, n in self.report["states"].items())
        return f"Sweep({str(self.folder)!r}: {self.report['n_trials']} trials, {states or 'none ended'}; {self.report['n_ran']} ran now)"

    def _repr_html_(self) -> str:
        said = "".join(f"<li>{html.escape(one['method'])} over {html.escape(one['dataset'])}: {html.escape(one['reason'])}</li>" for one in self.unfit)
        return f"<b>{html.escape(repr(self))}</b>" + (f"<details><summary>left out</summary><ul>{said}</ul></details>" if said else "")


def sweep(
    spec: str | os.PathLike[str] | Mapping[str, Any],
    *,
    out: str | os.PathLike[str] | None = None,
    retry_failed: bool = False,
    in_process: bool = False,
    parallel: int | None = None,
    executor: str | None = None,
    python: str | os.PathLike[str] | None = None,
    docker_host: str | None = None,
    network: str | None = None,
    registry: str | None = None,
    build: bool | None = None,
) -> Sweep:
    """Runs methods × datasets × parameters × seeds, of which only those that are not known from an earlier call.

    ``spec`` is a file in TOML, or a dict that says the same, with paths relative to the folder: ``datasets``, ``seeds``,
    ``methods`` (``name``, ``folder`` or ``function``, ``parameters``), ``limits``, ``selection``; ``docs/gad.md`` has them all.
    In a dict a ``function`` may be one of Python, as :func:`run` takes them, and a method its name or its function alone; methods are called with this interpreter
    then, unless ``python`` names another. Records and scores go to the folder ``out``, by default ``sweeps/NAME``. Failures
    are records, and run again with ``retry_failed`` only. With ``in_process`` detectors run in this process: quicker, but
    without limits of memory.

    After Ctrl-C another call goes on where this one was.

    >>> import graphlume as gl, tempfile
    >>> done = gl.sweep({"datasets": ["bundled:disney"], "methods": ["degree", {"name": "oddball"}], "resamples": 0},
    ...                 out=tempfile.mkdtemp(), in_process=True)
    >>> done.report["states"]
    {'completed': 2}
    >>> done.leaderboard().to_table().select("method", "dataset").to_dict()["dataset"].tolist()
    ['disney', 'disney']
    """
    _not_while_reading()
    said: dict[str, Any] | str = os.fspath(spec) if not isinstance(spec, Mapping) else dict(spec)
    lacks = [name for name in ("datasets", "methods") if isinstance(said, dict) and name not in said]
    # Of a name that is nearly one of these, more is said below.
    if lacks and not any(difflib.get_close_matches(name, map(str, said)) for name in lacks):
        raise InputError(f"the sweep has no `{lacks[0]}`: a dict of it has `datasets` and `methods`, see docs/gad.md")
    if isinstance(said, dict) and isinstance(said.get("methods"), (list, tuple)):
        # A name alone, or a function, is a method without parameters.
        methods = [{"name": one} if isinstance(one, str) else {"function": one} if callable(one) else one for one in said["methods"]]
        said["methods"] = [_named(method, Path("sweeps" if out is None else out)) for method in methods]
        if any(isinstance(method, Mapping) and "function" in method for method in said["methods"]):
            python = sys.executable if python is None else python
    options = _given(
        {
            "retry_failed": retry_failed,
            "in_process": in_process,
            "parallel": parallel,
            "place": _place({"executor": executor, "python": python, "docker_host": docker_host, "network": network, "registry": registry, "build": build}),
        }
    )
    folder, json = _native.sweep(said, None if out is None else os.fspath(out), program(), options)
    return Sweep(Path(folder), json)
