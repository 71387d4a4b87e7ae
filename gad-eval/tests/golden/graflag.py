"""Makes graflag.json: results of every type, and what GraFlag's own evaluator says of them."""

import json
import logging
from importlib.metadata import version
from pathlib import Path

import numpy as np
from graflag_evaluator.metrics import MetricCalculator

assert version("graflag-evaluator") == "1.1.0", version("graflag-evaluator")
assert np.__version__ == "2.4.6", np.__version__
logging.disable(logging.CRITICAL)


def scored(rng, n, decimals=None):
    truth = (rng.random(n) < 0.2).astype(int)
    scores = rng.normal(size=n) + truth
    scores = scores if decimals is None else np.round(scores, decimals)
    return scores.tolist(), truth.tolist()


def cases():
    rng = np.random.default_rng(5)
    for level in ("NODE", "EDGE", "GRAPH"):
        scores, truth = scored(rng, 120, None if level == "NODE" else 1)
        more = {}
        if level == "EDGE":
            more["edges"] = rng.integers(0, 20, (120, 2)).tolist()
        yield f"{level}_ANOMALY_SCORES", scores, truth, more
        stamps = np.sort(rng.integers(0, 50, 120)).tolist()
        yield f"{level}_STREAM_ANOMALY_SCORES", scores, truth, {**more, "timestamps": stamps}
        yield (
            f"TEMPORAL_{level}_ANOMALY_SCORES",
            np.reshape(scores, (6, 20)).tolist(),
            np.reshape(truth, (6, 20)).tolist(),
            {"timestamps": [3, 4, 6, 7, 9, 12]},
        )
    # Marks of what is absent, missing values, rows of several lengths.
    yield "NODE_ANOMALY_SCORES", [0.5, -1, -2, None, 0.5, 0.25, -1.0, 3], [1, 1, 0, 0, 0, 1, 0, 0], {}
    yield (
        "TEMPORAL_NODE_ANOMALY_SCORES",
        [[0.5, -2], [0.1, 0.2, None], [0.7]],
        [[1, 0], [0, 0, 1], [1]],
        {"timestamps": [0.5, 1.5, 4.25]},
    )
    yield "NODE_ANOMALY_SCORES", [0.1, 0.2, 0.3], [0, 0, 0], {}
    yield "NODE_ANOMALY_SCORES", [0.1, 0.2, 0.3], [1, 1, 1], {}
    yield "NODE_ANOMALY_SCORES", [-1, -2, None], [1, 0, 1], {}
    yield "NODE_ANOMALY_SCORES", [0.0, 0.0, 0.0, 0.0], [1, 0, 0, 1], {}


def arrays(values):
    """As the evaluator makes arrays of what it reads."""
    try:
        return np.array(values)
    except ValueError:
        return np.array(values, dtype=object)


def main():
    made = []
    for kind, scores, truth, more in cases():
        metrics = MetricCalculator.calculate_metrics(kind, arrays(scores), arrays(truth), **more)
        results = {"result_type": kind, "scores": scores, "ground_truth": truth, **more}
        made.append({"results": results, "metrics": metrics})
    Path(__file__).with_suffix(".json").write_text(json.dumps(made, allow_nan=False) + "\n")


main()
