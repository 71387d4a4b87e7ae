"""Options, checked before they go to Rust, so that messages name them."""

from __future__ import annotations

import difflib
import functools
import operator
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from . import _native
from ._errors import InputError


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a message on a name that does not exist: the one that is most like it."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean `{near[0]}`?" if near else ""


@functools.cache
def _known(kind: str) -> dict[str, dict[str, Any]]:
    """The options of ``layout`` or ``picture`` by name, each with its default and its choices."""
    return {option["name"]: option for option in _native.describe()[kind]}


def count(name: str, value: Any, least: int = 0) -> int:
    """``value`` as an integer that is not below ``least``."""
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, (bool, np.bool_)):
        raise InputError(f"`{name}` is {value!r}, but an integer is needed")
    if number < least:
        raise InputError(f"`{name}` is {number}, but it must be at least {least}")
    return number


def flag(name: str, value: Any) -> bool:
    """``value`` as a truth value."""
    if not isinstance(value, (bool, np.bool_)):
        raise InputError(f"`{name}` is {value!r}, but it must be True or False")
    return bool(value)


def checked(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Options of ``layout`` or ``picture``, of which each exists and is of the type of its default; ``None`` means the default.
    What numbers may be beyond that, Rust says."""
    known = _known(kind)
    options = {}
    for name, value in given.items():
        if name not in known:
            raise InputError(f"there is no option `{name}`{did_you_mean(name, known)}")
        if value is None:
            continue
        default, choices = known[name]["default"], known[name]["choices"]
        if isinstance(default, bool):
            value = flag(name, value)
        elif isinstance(default, int):
            value = count(name, value)
        elif isinstance(default, float):
            if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
                raise InputError(f"`{name}` is {value!r}, but a number is needed")
            if not np.isfinite(value):
                raise InputError(f"`{name}` is {value!r}, but it must be finite")
        elif not isinstance(value, str):
            raise InputError(f"`{name}` is {value!r}, but a text is needed")
        elif choices and value not in choices:
            near = did_you_mean(value, choices)
            raise InputError(f"`{name}` is {value!r}, but it must be one of {', '.join(map(repr, choices))}{near}")
        options[name] = value
    return options


def check_kinds(given: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
    """Says which option is no number or no truth value where its default is one; all else Rust says."""
    for name, value in given.items():
        default = defaults.get(name)
        if value is None or default is None:
            continue
        if isinstance(default, bool):
            flag(name, value)
        elif isinstance(default, (int, float)) and isinstance(value, (str, bytes, bool, np.bool_, list, tuple, dict)):
            raise InputError(f"`{name}` is {value!r}, but a number is needed")
