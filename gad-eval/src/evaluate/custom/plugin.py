"""Runs the metrics of one plugin of GraFlag's form. usage: plugin.py PLUGIN RESULTS MEMORY

Each metric's outcome is a line of JSON on what was the standard output; what plugins print goes to the
standard error.
"""

import importlib.util
import json
import math
import os
import resource
import sys
import types


def main():
    plugin, results, memory = sys.argv[1], sys.argv[2], int(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(**line):
        out.write(json.dumps(line, allow_nan=False) + "\n")
        out.flush()

    metrics = {}

    def register(result_type, function):
        known = metrics.setdefault(result_type, [])
        if all(function.__name__ != other.__name__ for other in known):
            known.append(function)

    offer(register)
    try:
        sys.path.insert(0, os.path.dirname(plugin))
        name = "plugin_" + os.path.splitext(os.path.basename(plugin))[0]
        spec = importlib.util.spec_from_file_location(name, plugin)
        module = importlib.util.module_from_spec(spec)
        # Classes and pickles look their module up.
        sys.modules[name] = module
        spec.loader.exec_module(module)
    except BaseException as error:
        return say(function=None, error=described(error))
    with open(results, encoding="utf-8") as file:
        data = json.load(file)
    functions = metrics.get(data.get("result_type"), [])
    if not functions:
        return
    beside = data.get("scores_file")
    if data.get("scores") is None and beside:
        with open(os.path.join(os.path.dirname(results), beside), encoding="utf-8") as file:
            data["scores"] = json.load(file)
    if data.get("scores") is None:
        return say(function=None, error="the file of results has no scores in it")
    scores, ground_truth = array(data["scores"]), array(data.get("ground_truth") or [])
    more = {key: data.get(key) for key in ("timestamps", "edges", "node_ids", "graph_ids")}
    for function in functions:
        try:
            found = function(scores, ground_truth, **more)
            if not isinstance(found, dict):
                raise TypeError(f"it returned {type(found).__name__}, not a dict")
            problems = []
            values = {str(key): plain(value, str(key), problems) for key, value in found.items()}
            say(function=function.__name__, values=values, problems=problems)
        except BaseException as error:
            say(function=function.__name__, error=described(error))


def offer(register):
    """Makes what plugins import there, of GraFlag's evaluator if it is installed."""
    calculator = None
    if importlib.util.find_spec("graflag_evaluator") is not None:
        try:
            from graflag_evaluator.metrics import MetricCalculator as calculator
        except Exception:
            pass
    if calculator is None:
        calculator = type("MetricCalculator", (), {})
        package = types.ModuleType("graflag_evaluator")
        package.__path__ = []
        module = types.ModuleType("graflag_evaluator.metrics")
        package.metrics = module
        package.MetricCalculator = module.MetricCalculator = calculator
        sys.modules["graflag_evaluator"], sys.modules["graflag_evaluator.metrics"] = package, module
    calculator.register_metric = staticmethod(register)


def array(values):
    """An array where there is numpy; one of objects if rows differ in length."""
    try:
        import numpy
    except ImportError:
        return values
    try:
        return numpy.array(values)
    except ValueError:
        return numpy.array(values, dtype=object)


def plain(value, key, problems):
    """What JSON can say of a value."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float) and not math.isfinite(value):
        problems.append(f"`{key}` is {value}, which is no finite number")
        return None
    if isinstance(value, (str, bytes)):
        problems.append(f"`{key}` is {value!r:.80}, which is text and no number")
        return None
    if isinstance(value, dict):
        return {str(k): plain(v, f"{key}.{k}", problems) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v, f"{key}[{i}]", problems) for i, v in enumerate(value)]
    return value


def described(error):
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


main()
