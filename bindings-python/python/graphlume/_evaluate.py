"""What anomaly scores are worth."""

from __future__ import annotations

import html
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from . import _convert, _native
from ._errors import InputError
from ._picture import write_whole
from ._table import _given

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
            f'<div style="flex:1 1 20em;max-width:32em">{_as_wide_as_there_is_room(svg.decode())}</div>'
            for kind in ("roc", "precision_recall")
            if (svg := self._rust.plot(kind, True)) is not None
        )
        return (
            f"<b>{html.escape(self.name)}</b> {html.escape(self.result_type)}<table>{rows}</table>"
            f'<div style="display:flex;flex-wrap:wrap;gap:1em">{plots}</div>{f"<ul>{said}</ul>" if said else ""}'
        )


def _as_wide_as_there_is_room(svg: str) -> str:
    """A drawing of a width of its own, which would lie over what is beside it, as wide as what it is in."""
    return re.sub(r'<svg width="\d+" height="\d+"', '<svg style="width:100%;height:auto"', svg, count=1)


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
    # What `run` gave is a path too.
    if isinstance(results, (str, os.PathLike)):
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
