"""Makes metrics.json: what scikit-learn says of small and awkward orders."""

import json
import math
from pathlib import Path

import numpy as np
import sklearn
from sklearn import metrics

assert sklearn.__version__ == "1.9.1", sklearn.__version__
assert np.__version__ == "2.4.6", np.__version__


def cases():
    rng = np.random.default_rng(20261121)
    yield "perfect", [0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]
    yield "inverted", [1, 1, 0, 0], [0.1, 0.2, 0.8, 0.9]
    yield "mixed", [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]
    yield "constant", [0, 1, 0, 1, 0], [0.5] * 5
    yield "ties", [0, 1, 1, 0, 1, 0, 0, 1], [0.2, 0.2, 0.5, 0.5, 0.9, 0.1, 0.9, 0.5]
    yield "both zeros", [1, 0, 1, 0], [-3.5, -0.0, 0.0, 7.25]
    yield "one positive on top", [0] * 9 + [1], list(range(10))
    yield "one positive at the bottom", [1] + [0] * 9, list(range(10))
    yield "subnormal", [0, 1, 0, 1], [5e-324, 1e-323, 0.0, 2e-323]
    yield "huge", [0, 1, 0, 1], [1e308, 1.7e308, -1e308, 1e300]
    yield "tied in single precision", [0, 1, 0, 1], [1.0, 1.000000001, 0.5, 2.0]
    for n, decimals, rate in [(300, None, 0.05), (300, 1, 0.05), (400, 2, 0.3), (50, 0, 0.5)]:
        y = (rng.random(n) < rate).astype(int)
        s = rng.normal(size=n) + y
        s = s if decimals is None else np.round(s, decimals)
        yield f"random {n}, {decimals} decimals", y.tolist(), s.tolist()


def expected_hits(y, s, k):
    """Hits in the top k, over all orders of a tie at its border."""
    border = np.sort(s)[::-1][k - 1]
    above, at = s > border, s == border
    return float(y[above].sum() + y[at].mean() * (k - above.sum()))


def described(y, s):
    y, s = np.asarray(y), np.asarray(s, dtype=float)
    fpr, tpr, _ = metrics.roc_curve(y, s, drop_intermediate=False)
    precision, recall, thresholds = metrics.precision_recall_curve(y, s)
    with np.errstate(invalid="ignore"):
        f1 = np.nan_to_num(2 * precision * recall / (precision + recall))[:-1]
    best = int(np.argmax(f1))
    out = {
        "n_distinct": len(np.unique(s)),
        "roc_auc": metrics.roc_auc_score(y, s),
        "average_precision": metrics.average_precision_score(y, s),
        "pr_auc_trapezoid": metrics.auc(recall, precision),
        "best_f1": float(f1[best]),
        "best_f1_threshold": float(thresholds[best]),
        "ndcg": float(metrics.ndcg_score([y], [s])),
        "partial_roc_auc": [[r, metrics.roc_auc_score(y, s, max_fpr=r)] for r in (0.01, 0.05, 0.1, 1.0)],
        "tpr_at_fpr": [[r, float(tpr[fpr <= r].max())] for r in (0.0, 0.01, 0.05)],
        "fpr_at_tpr": [[r, float(fpr[tpr >= r].min())] for r in (0.5, 0.95)],
        "at_k": [],
    }
    for k in sorted({1, 2, 5, int(y.sum()), len(y)}):
        if k <= len(y):
            hits = expected_hits(y, s, k)
            p, r = hits / k, hits / y.sum()
            f = 2 * p * r / (p + r) if hits else 0.0
            ndcg = float(metrics.ndcg_score([y], [s], k=k))
            out["at_k"].append([k, hits, p, float(r), float(f), ndcg])
    return out


def weighted(y, s, w):
    return {
        "weights": w.tolist(),
        "roc_auc": metrics.roc_auc_score(y, s, sample_weight=w),
        "average_precision": metrics.average_precision_score(y, s, sample_weight=w),
    }


def calibrated():
    rng = np.random.default_rng(7)
    s = rng.random(200)
    y = (rng.random(200) < s).astype(int)
    bins = np.minimum((s * 10).astype(int), 9)
    error = sum((bins == b).sum() * abs(s[bins == b].mean() - y[bins == b].mean()) for b in np.unique(bins))
    return {
        "y_true": y.tolist(),
        "y_score": s.tolist(),
        "n_bins": 10,
        "brier": metrics.brier_score_loss(y, s),
        "expected_calibration_error": float(error / len(s)),
    }


def main():
    rng = np.random.default_rng(3)
    made = []
    for name, y, s in cases():
        case = {"name": name, "y_true": y, "y_score": s, **described(y, s)}
        case["weighted"] = weighted(y, s, rng.random(len(y)) + 0.01)
        made.append(case)
    out = {"cases": made, "calibration": calibrated()}
    text = json.dumps(out, allow_nan=False)
    assert math.isfinite(made[0]["roc_auc"])
    Path(__file__).with_suffix(".json").write_text(text + "\n")


main()
