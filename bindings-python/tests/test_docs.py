"""Examples in the documentation run, and everything is documented."""

import doctest
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import graphlume as gl

SOURCE = Path(__file__).resolve().parents[1]
PRIVATE = ["base", "devices", "evaluate", "export", "features", "graph", "layout", "leaderboard", "measured", "progress", "runs", "shapes", "table", "verbs"]
MODULES = ["graphlume", *(f"graphlume._{name}" for name in PRIVATE), "graphlume.detect", "graphlume.generate", "graphlume.metrics"]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    found = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    gl.set_progress(False)
    assert found.failed == 0 and found.attempted > 0


def test_the_readme():
    found = doctest.testfile(str(SOURCE / "README.md"), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert found.failed == 0 and found.attempted > 5


def test_what_the_package_has_is_all_there():
    assert set(gl.__all__) <= set(dir(gl))
    for name in gl.__all__:
        assert getattr(gl, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        gl.nothing
    for module in (gl, gl.metrics, gl.detect, gl.generate):
        assert {name for name in dir(module) if not name.startswith("__")} <= set(module.__all__)
    star: dict[str, object] = {}
    exec("from graphlume import *", star)
    assert set(gl.__all__) - {"__version__"} <= set(star)


def test_all_that_is_public_says_what_it_is():
    def public(thing):
        return [getattr(thing, name) for name in getattr(thing, "__all__", dir(thing)) if not name.startswith("_")]

    for thing in [*public(gl), *public(gl.metrics), *public(gl.detect), *public(gl.generate)]:
        if inspect.ismodule(thing) or callable(thing):
            assert inspect.getdoc(thing), thing
        for member in public(thing) if inspect.isclass(thing) and thing.__module__.startswith("graphlume") else []:
            assert inspect.getdoc(member) or not callable(member), (thing, member)


def test_methods_are_what_the_library_says():
    done = subprocess.run([sys.executable, SOURCE / "generate.py", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
