"""Leaderboards: what methods reach on datasets."""

from __future__ import annotations

import html
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from . import _native
from ._errors import InputError
from ._picture import write_whole
from ._table import Table, _given


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

    >>> import graphlume as gl, tempfile
    >>> done = gl.sweep({"datasets": ["bundled:disney"], "methods": [{"name": "degree"}], "resamples": 0}, out=tempfile.mkdtemp(), in_process=True)
    >>> gl.leaderboard(done.folder, title="Mine")
    Leaderboard('Mine': 1 methods × 1 datasets of NODE_ANOMALY_SCORES)
    """
    options = _given({"metric": metric, "resamples": resamples, "title": title})
    return Leaderboard(_native.leaderboard(os.fspath(folder), options))
