"""Where work can be done."""

from __future__ import annotations

from typing import Any

from . import _native


def devices() -> list[dict[str, Any]]:
    """The devices that can compute, as ``device=`` takes their names, with their memory in bytes. The processor is
    always one.

    >>> import graphlume as gl
    >>> [device["name"] for device in gl.devices()][-1]
    'cpu'
    """
    found, _ = _native.devices()
    return found
