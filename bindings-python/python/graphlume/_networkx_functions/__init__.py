"""The functions of NetworkX that are computed here: same names, same arguments, same results, same exceptions.

What they are, their own documentation says.
"""

from __future__ import annotations

from typing import Any

from . import centrality, communities, components, paths
from .arguments import QUESTIONS

__all__ = ["QUESTIONS", "function"]


def function(name: str) -> Any:
    """The function of that name."""
    return next(getattr(module, name) for module in (centrality, communities, components, paths) if hasattr(module, name))
