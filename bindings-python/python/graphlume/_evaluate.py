"""Methods on datasets, what their scores are worth, and leaderboards."""

from __future__ import annotations

import hashlib
import html
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from . import _convert, _native
from ._command import program
from ._errors import InputError
from ._picture import write_whole
from ._table import Table, _given

# What results are called beside scores, labels and rows; ends of edges have names of their own.
_COLUMNS = ("timestamps", "node_ids", "graph_ids")


class Evaluation(Mapping[str, Any]):
    """What scores are worth; see :func:`evaluate`. It is a mapping too, of all that ``evaluation.json`` has under ``metrics``
    and ``metrics["ranking"]``; what is undefined is absent there, and ``undefined`` tells why."""

    def __init__(self, native: _native.Evaluation, folder: Path | None) -> None:
        self._rust = native
        self._folder = folder
        #: All that ``evaluation.json`` holds.
        self.json: dict[str, Any] = native.json()
        metrics = self.json["metrics"]
        self._metrics = {**metrics, **(metrics.get("ranking") or {})}

    @property
    def name(self) -> str:
        """Name of the experiment, or of the file."""
        return self._rust.name

    @property
    def result_type(self) -> str:
        """What was scored, such as ``NODE_ANOMALY_SCORES``."""
        return str(self.json["result_type"])

    @property
    def warnings(self) -> list[str]:
        """What a reader should know before trusting the numbers."""
        return [*self.json["metrics"].get("warnings", []), *self.json.get("errors", [])]

    @property
    def undefined(self) -> dict[str, str]:
        """Metrics that cannot be computed, and why."""
        return {one["metric"]: one["reason"] for one in self.json["metrics"].get("undefined", [])}

    def __getitem__(self, name: str) -> Any:
        return self._metrics[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._metrics)

    def __len__(self) -> int:
        return len(self._metrics)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "json" or name not in self._metrics:
            raise AttributeError(f"an evaluation has no `{name}`" if not name.startswith("_") else name)
        return self._metrics[name]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(name for name in self._metrics if name.isidentifier())]

    def plot(self, kind: str = "roc") -> Plot:
        """A plot that notebooks show: ``roc``, ``precision_recall`` or ``distribution``, of scores by label."""
        return Plot(self._rust, kind)

    def write(self, folder: str | os.PathLike[str] | None = None, *, plots: bool = True, graflag: bool = False) -> list[Path]:
        """Writes ``evaluation.json``, plots and ``report.html``, a page that needs nothing else, to a folder: their names. By
        default it is ``eval`` beside the results. With ``graflag`` the JSON is what GraFlag's evaluator writes."""
        place = self._folder if folder is None else Path(folder)
        if place is None:
            raise InputError("results that no file holds need a folder: write(folder)")
        return [Path(path) for path in self._rust.write(os.fspath(place), plots, graflag)]

    def _rows(self) -> list[tuple[str, str]]:
        """The numbers that people ask for first."""
        found = self._metrics
        rows = [("samples", f"{found['n_samples']:,}"), ("anomalies", f"{found['n_positives']:,}")]
        intervals = found.get("intervals") or {}
        for key, name in (("roc_auc", "area under the ROC"), ("average_precision", "average precision"), ("best_f1", "best F1"), ("ndcg", "NDCG")):
            if found.get(key) is None:
                continue
            bounds = intervals.get(key)
            rows.append((name, f"{found[key]:.4f}" + (f" ({bounds['low']:.4f} to {bounds['high']:.4f})" if bounds else "")))
        rows += [(f"precision at {at['k']}", f"{at['precision']:.4f}, recall {at['recall']:.4f}") for at in found.get("at_k") or []]
        return rows

    def __repr__(self) -> str:
        shown = ", ".join(f"{name} {value}" for name, value in self._rows())
        return f"Evaluation({self.name!r}: {shown})"

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><th style='text-align:left'>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>" for name, value in self._rows())
        notes = [*self.warnings, *(f"{name}: {why}" for name, why in self.undefined.items() if name != "calibration")]
        said = "".join(f"<li>{html.escape(note)}</li>" for note in notes)
        plots = "".join(
            f'<div style="width:20em">{svg.decode()}</div>'
            for kind in ("roc", "precision_recall")
            if (svg := self._rust.plot(kind, True)) is not None
        )
        return (
            f"<b>{html.escape(self.name)}</b> {html.escape(self.result_type)}<table>{rows}</table>"
            f'<div style="display:flex;flex-wrap:wrap;gap:1em">{plots}</div>{f"<ul>{said}</ul>" if said else ""}'
        )


class Plot:
    """A plot that notebooks show."""

    def __init__(self, native: _native.Evaluation, kind: str) -> None:
        self._rust = native
        self._kind = kind
        self._content(True)

    def _content(self, svg: bool) -> bytes:
        content = self._rust.plot(self._kind, svg)
        if content is None:
            raise InputError(f"there is nothing to draw in a plot of `{self._kind}`: labels of both kinds are needed")
        return content

    def png(self) -> bytes:
        """It as a PNG file."""
        return self._content(False)

    def svg(self) -> str:
        """It as an SVG document."""
        return self._content(True).decode()

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes it to a .png or .svg file, whole or not at all."""
        path = Path(path)
        if path.suffix.lower() not in (".png", ".svg"):
            raise InputError(f"{path}: a plot is written as .png or .svg")
        write_whole(path, self.png() if path.suffix.lower() == ".png" else self.svg().encode())
        return path

    def _repr_svg_(self) -> str:
        return self.svg()

    def __repr__(self) -> str:
        return f"Plot({self._kind!r})"


def _flat(name: str, values: Any) -> tuple[Any, list[int] | None]:
    """``values`` one after another, and how many there are in each row if they lie in rows."""
    if isinstance(values, np.ndarray) and values.ndim == 2:
        return values.reshape(-1), [values.shape[1]] * values.shape[0]
    nested = isinstance(values, (list, tuple)) and len(values) > 0 and all(isinstance(row, (list, tuple, np.ndarray)) for row in values)
    if not nested:
        return values, None
    rows = [row.tolist() if isinstance(row, np.ndarray) else list(row) for row in values]
    return [value for row in rows for value in row], [len(row) for row in rows]


def _columns(results: Mapping[str, Any]) -> tuple[dict[str, _native.Array], list[int] | None]:
    """The columns of results that are in memory, and the lengths of rows."""
    known = {"result_type", "scores", "ground_truth", "edges", "metadata", *_COLUMNS}
    if odd := [name for name in results if name not in known]:
        raise InputError(f"results have no `{odd[0]}`, but {', '.join(sorted(known))}")
    for needed in ("result_type", "scores"):
        if results.get(needed) is None:
            raise InputError(f"results need `{needed}`")
    scores, rows = _flat("scores", results["scores"])
    columns = {"scores": _convert.column("scores", scores)}
    if results.get("ground_truth") is not None:
        labels, parts = _flat("ground_truth", results["ground_truth"])
        if parts != rows:
            raise InputError("ground_truth lies in other rows than scores")
        columns["ground_truth"] = _convert.column("ground_truth", labels)
    columns |= {name: _convert.column(name, _flat(name, results[name])[0]) for name in _COLUMNS if results.get(name) is not None}
    if results.get("edges") is not None:
        edges = results["edges"]
        pairs = edges if isinstance(edges, np.ndarray) else list(edges)
        if any(len(pair) != 2 for pair in pairs):
            raise InputError("edges are pairs of ids")
        columns |= {end: _convert.column(end, [pair[at] for pair in pairs]) for at, end in enumerate(("sources", "targets"))}
    return columns, rows


def evaluate(
    results: Any,
    labels: Any = None,
    *,
    top: Sequence[int] | None = None,
    resamples: int | None = None,
    confidence: float | None = None,
    seed: int | None = None,
    sentinels: bool | None = None,
    refuse_missing: bool | None = None,
    max_gap: float | None = None,
    bins: int | None = None,
    device: str | None = None,
    plugins: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None = None,
    custom_metrics: bool | None = None,
    python: str | os.PathLike[str] | None = None,
    name: str | None = None,
) -> Evaluation:
    """What anomaly scores are worth: ranking metrics, confidence intervals, calibration, snapshots, delays, and plots.

    ``results`` is the folder of an experiment or what :func:`run` gave, a file of results (.json, .parquet, .arrow), a dict
    of what ``results.json`` holds, or scores of shape ``[n]`` with ``labels`` of 0 and 1. Higher scores are more anomalous;
    scores that are missing are left out and counted. An option that is ``None`` has the default that the command has:

    - ``top``: lengths of the top of the ranking to look at, beside the number of anomalies.
    - ``resamples`` (1000; 0 for none), ``confidence`` (0.95), ``seed`` (0): of intervals.
    - ``sentinels``: whether −1 and −2 are GraFlag's marks of what is absent; by default they are where GraFlag's runner ran.
    - ``refuse_missing``: refuse scores that are missing. ``max_gap``: time between anomalies of one episode, of streams.
      ``bins`` (15): of the calibration. ``device`` (``cpu``): what sorts.
    - ``plugins``: folders of metrics in Python, which are programs: trust them. ``custom_metrics``: those of the experiment
      too. ``python``: what runs them, by default this interpreter.
    - ``name``: of results that are in memory.

    Raises ``InputError`` for what is wrong with results, and without any labels; a metric that is undefined is no error.

    >>> import graphlume as gl
    >>> found = gl.evaluate([0.1, 0.9, 0.4, 0.8, 0.2], [0, 1, 0, 0, 1], resamples=0)
    >>> round(found.roc_auc, 3), found["n_positives"]
    (0.667, 2)
    >>> gl.evaluate([0.1, 0.9], [1, 1]).undefined["ranking"]
    'all 2 labels are positive'
    """
    folders = [plugins] if isinstance(plugins, (str, os.PathLike)) else plugins
    options = _given(
        {
            "top": None if top is None else [int(k) for k in top],
            "resamples": resamples,
            "confidence": confidence,
            "seed": seed,
            "sentinels": sentinels,
            "refuse_missing": refuse_missing,
            "max_gap": max_gap,
            "bins": bins,
            "device": device,
            "plugins": None if folders is None else [os.fspath(folder) for folder in folders],
            "custom_metrics": custom_metrics,
            "python": sys.executable if python is None else os.fspath(python),
        }
    )
    if isinstance(results, (str, os.PathLike, Experiment)):
        if labels is not None or name is not None:
            raise InputError("labels and the name are those of the file: give neither, or give scores")
        path = os.fspath(results)
        return Evaluation(_native.evaluate_path(path, options), Path(_native.evaluation_folder(path)))
    if plugins is not None or custom_metrics:
        raise InputError("plugins read results from a file: these are in memory")
    if not isinstance(results, Mapping):
        results = {"result_type": "NODE_ANOMALY_SCORES", "scores": results}
    if labels is not None:
        if results.get("ground_truth") is not None:
            raise InputError("the results have `ground_truth`, and `labels` are given too")
        results = {**results, "ground_truth": labels}
    columns, rows = _columns(results)
    metadata = dict(results.get("metadata") or {})
    native = _native.evaluate_columns(name or "scores", str(results["result_type"]), columns, rows, metadata, options)
    return Evaluation(native, None)


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
    dict with what ``results.json`` holds (``result_type``, ``scores``, ``ground_truth`` …). A function that no file
    has, as in a notebook, needs the package cloudpickle. ``dataset`` is a path, the name of one in ``ROOT/datasets``, or
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
    ``methods`` (``name`` or ``folder``, ``parameters``), ``limits``, ``selection``; ``docs/gad.md`` has them all. Records and
    scores go to the folder ``out``, by default ``sweeps/NAME``. Failures are records, and run again with ``retry_failed``
    only. With ``in_process`` detectors run in this process: quicker, but without limits of memory.

    After Ctrl-C another call goes on where this one was.

    >>> import graphlume as gl, tempfile
    >>> done = gl.sweep({"datasets": ["bundled:disney"], "methods": [{"name": "degree"}, {"name": "oddball"}], "resamples": 0},
    ...                 out=tempfile.mkdtemp(), in_process=True)
    >>> done.report["states"]
    {'completed': 2}
    >>> done.leaderboard().to_table().select("method", "dataset").to_dict()["dataset"].tolist()
    ['disney', 'disney']
    """
    options = _given(
        {
            "retry_failed": retry_failed,
            "in_process": in_process,
            "parallel": parallel,
            "place": _place({"executor": executor, "python": python, "docker_host": docker_host, "network": network, "registry": registry, "build": build}),
        }
    )
    said = dict(spec) if isinstance(spec, Mapping) else os.fspath(spec)
    folder, json = _native.sweep(said, None if out is None else os.fspath(out), program(), options)
    return Sweep(Path(folder), json)


class Leaderboard:
    """What methods reach on datasets; see :func:`leaderboard`. Notebooks show its tables."""

    def __init__(self, native: _native.Leaderboard) -> None:
        self._rust = native
        #: All that is known: tracks, rows, cells, comparisons, provenance.
        self.json: dict[str, Any] = native.json()

    @property
    def title(self) -> str:
        """Its title."""
        return str(self.json["title"])

    @property
    def metric(self) -> str:
        """What ranks are by."""
        return str(self.json["metric"])

    def to_table(self) -> Table:
        """A row for each kind of scores, method and dataset: means and deviations over seeds, intervals, runs, failures, seconds and
        memory; ``rank`` is the method's mean rank."""
        rows: dict[str, list[Any]] = {}
        for track in self.json["tracks"]:
            for row in track["rows"]:
                for dataset, cell in zip(track["datasets"], row["cells"]):
                    if cell is None:
                        continue
                    found = {
                        "result_type": track["result_type"],
                        "method": row["method"],
                        "dataset": dataset,
                        "settings": cell["settings"],
                        "rank": row["mean_rank"],
                    }
                    for metric in ("roc_auc", "average_precision"):
                        spread = cell[metric] or {}
                        low, high = spread.get("interval") or (None, None)
                        found |= {metric: spread.get("mean"), f"{metric}_std": spread.get("std"), f"{metric}_low": low, f"{metric}_high": high}
                    found |= {
                        "n_runs": cell["n_runs"],
                        "n_failed": sum(cell["failed"].values()),
                        "wall_secs": cell["wall_secs"],
                        "cpu_secs": cell["cpu_secs"],
                        "peak_memory_mb": cell["peak_memory_mb"],
                    }
                    for name, value in found.items():
                        rows.setdefault(name, []).append(value)
        return Table({name: _column(values) for name, values in rows.items()})

    def to_polars(self) -> Any:
        """:meth:`to_table` as a ``polars.DataFrame``."""
        return self.to_table().to_polars()

    def to_pandas(self) -> Any:
        """:meth:`to_table` as a ``pandas.DataFrame``."""
        return self.to_table().to_pandas()

    def markdown(self) -> str:
        """It as Markdown."""
        return self._rust.text("markdown")

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes it to a .html (one page that needs nothing else), .md or .csv file, or to a folder in all formats."""
        path = Path(path)
        formats = {".html": "html", ".htm": "html", ".md": "markdown", ".csv": "csv"}
        if path.suffix.lower() in formats:
            write_whole(path, self._rust.text(formats[path.suffix.lower()]).encode())
        elif path.suffix:
            raise InputError(f"{path}: a leaderboard is written as .html, .md or .csv, or to a folder")
        else:
            self._rust.write(os.fspath(path))
        return path

    def __repr__(self) -> str:
        parts = [f"{len(track['rows'])} methods × {len(track['datasets'])} datasets of {track['result_type']}" for track in self.json["tracks"]]
        return f"Leaderboard({self.title!r}: {'; '.join(parts)})"

    def __str__(self) -> str:
        return self.markdown()

    def _repr_html_(self) -> str:
        parts = [f"<b>{html.escape(self.title)}</b>"]
        for track in self.json["tracks"]:
            head = "".join(f"<th>{html.escape(name)}</th>" for name in ["method", "mean rank", *track["datasets"]])
            best = [max((_mean(row["cells"][at], self.metric) for row in track["rows"]), default=-np.inf) for at in range(len(track["datasets"]))]
            body = ""
            for row in track["rows"]:
                rank = "" if row["mean_rank"] is None else f"{row['mean_rank']:.2f}"
                cells = "".join(f"<td>{_shown(cell, self.metric, most)}</td>" for cell, most in zip(row["cells"], best))
                body += f"<tr><th style='text-align:left'>{html.escape(row['method'])}</th><td>{rank}</td>{cells}</tr>"
            parts.append(f"<div>{html.escape(track['result_type'])}, {html.escape(self.metric)}</div><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
        return "".join(parts)


def _column(values: list[Any]) -> _native.Array:
    """Values of JSON as a column; one without any is of numbers."""
    there = [value for value in values if value is not None]
    if there and isinstance(there[0], str):
        return _native.Array.from_strings(values)
    if there and all(isinstance(value, int) for value in there):
        return _native.Array.from_integers(values)
    return _native.Array.from_floats([None if value is None else float(value) for value in values])


def _mean(cell: Mapping[str, Any] | None, metric: str) -> float:
    spread = None if cell is None else cell[metric]
    return -np.inf if spread is None else float(spread["mean"])


def _shown(cell: Mapping[str, Any] | None, metric: str, best: float) -> str:
    """A cell of a leaderboard: mean ± deviation, the best of a dataset in bold; why there is none."""
    if cell is None:
        return ""
    spread = cell[metric]
    if spread is None:
        return f'<span title="{html.escape(str(cell["error"] or cell["undefined"] or ""))}">–</span>'
    text = f"{spread['mean']:.4f}" + (f" ± {spread['std']:.4f}" if spread["std"] is not None else "")
    return f"<b>{text}</b>" if spread["mean"] == best else text


def leaderboard(folder: str | os.PathLike[str], *, metric: str | None = None, resamples: int | None = None, title: str | None = None) -> Leaderboard:
    """What methods reach on datasets, of the folder of a sweep or of one with experiments.

    ``metric`` is what ranks are by, ``roc_auc`` or ``average_precision``: by default what parameters were chosen by, or else the
    area. ``resamples``: for the intervals of experiments (500); a sweep has its own.
    """
    options = _given({"metric": metric, "resamples": resamples, "title": title})
    return Leaderboard(_native.leaderboard(os.fspath(folder), options))
