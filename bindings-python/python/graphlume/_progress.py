"""Progress of long calls: a bar, if tqdm is installed."""

from __future__ import annotations

from typing import Any

_shown = True


def set_progress(shown: bool) -> None:
    """Whether calls that take longer than half a second show a bar. They do by default, if ``tqdm`` is
    installed: in a notebook as a widget, else on standard error.

    >>> import graphlume as gl
    >>> gl.set_progress(False)
    """
    global _shown
    _shown = bool(shown)


class _Bar:
    """A bar of tqdm, or none."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._stage: str | None = None
        self._bar: Any = None
        self._tqdm: Any = None
        if _shown:
            try:
                from tqdm.auto import tqdm
            except ImportError:
                pass
            else:
                self._tqdm = tqdm

    def update(self, stage: str, done: int, total: int | None) -> None:
        """Says how far the work is; another stage begins another bar."""
        if self._tqdm is None:
            return
        if self._bar is None or stage != self._stage:
            self.close()
            self._stage = stage
            self._bar = self._tqdm(desc=self._label, total=total, unit=f" {stage}", leave=False)
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Takes the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def bar(label: str) -> _Bar:
    """A bar for the call ``label``."""
    return _Bar(label)
