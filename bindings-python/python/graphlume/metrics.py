"""Metrics of anomaly scores, by scikit-learn's names and in its order of arguments.

Labels are 0 and 1, or truth values; ``pos_label`` says which of two others is positive. A higher score means more anomalous,
and nothing is flipped. All ranking metrics come from one parallel sort: :func:`report` gives all of them for the price of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _convert, _native
from ._errors import InputError
from ._options import count

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "average_precision_score",
    "brier_score_loss",
    "calibration",
    "ndcg_score",
    "precision_at_k",
    "precision_recall_curve",
    "report",
    "roc_auc_score",
    "roc_curve",
]


def _labels(y_true: ArrayLike, pos_label: Any) -> _native.Array:
    """Labels as a column; with ``pos_label`` truth values, for two labels of any kind."""
    column = _convert.column("y_true", y_true)
    if pos_label is None:
        return column
    values = column.to_numpy()
    gone = np.array([value is None for value in values.tolist()]) if values.dtype == object else values != values
    if gone.any():
        raise InputError(f"`y_true` has no value at {int(gone.argmax())}")
    known = np.unique(values).tolist()
    if len(known) > 2:
        raise InputError(f"`y_true` has {len(known)} different labels, of which pos_label can choose if they are two")
    if len(known) == 2 and pos_label not in known:
        raise InputError(f"pos_label is {pos_label!r}, but the labels are {known[0]!r} and {known[1]!r}")
    return _convert.column("y_true", values == pos_label if pos_label in known else np.zeros(len(values), dtype=bool))


def _weights(sample_weight: ArrayLike | None) -> Any:
    return None if sample_weight is None else _convert.column("sample_weight", sample_weight)


def report(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    pos_label: Any = None,
    sample_weight: ArrayLike | None = None,
    k: Sequence[int] = (),
    max_fpr: Sequence[float] = (0.01, 0.05, 0.1),
    at_fpr: Sequence[float] = (0.01, 0.05),
    at_tpr: Sequence[float] = (0.95,),
    ndcg: bool = True,
    device: str = "cpu",
) -> dict[str, Any]:
    """All ranking metrics of ``y_score`` for labels ``y_true``, both of shape ``[n]``. O(n log n), 18 bytes a score.

    ``k`` are lengths of the top of the ranking to look at, ``max_fpr`` rates up to which partial areas under the ROC
    are taken, ``at_fpr`` and ``at_tpr`` rates at which the other one is given. Ties count as all their orders. With
    ``sample_weight`` what counts ranks is absent, ``at_k`` and ``ndcg``, and the sort is on the processor.

    >>> from graphlume import metrics
    >>> found = metrics.report([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], k=[2])
    >>> found["roc_auc"], found["at_k"][0]["precision"]
    (0.75, 0.5)

    Raises ``InputError`` for arrays of different lengths, scores that are not finite, labels of one class only.
    """
    if sample_weight is not None and device not in ("cpu", "auto"):
        raise InputError(f"device is {device!r}, but samples with weights are sorted on the processor")
    return _native.ranking(
        _labels(y_true, pos_label),
        _convert.column("y_score", y_score),
        sample_weight=_weights(sample_weight),
        k=[count("k", length) for length in k],
        max_fpr=list(max_fpr),
        at_fpr=list(at_fpr),
        at_tpr=list(at_tpr),
        ndcg=ndcg,
        device=device,
    )


def roc_auc_score(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    pos_label: Any = None,
    sample_weight: ArrayLike | None = None,
    max_fpr: float | None = None,
) -> float:
    """Area under the ROC, ties counting half; with ``max_fpr`` the partial one up to there, standardized so that
    0.5 is chance.

    >>> from graphlume.metrics import roc_auc_score
    >>> roc_auc_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    rates = () if max_fpr is None or max_fpr == 1 else (max_fpr,)
    found = report(y_true, y_score, pos_label=pos_label, sample_weight=sample_weight, max_fpr=rates, at_fpr=(), at_tpr=(), ndcg=False)
    return float(found["partial_roc_auc"][0][1] if rates else found["roc_auc"])


def average_precision_score(
    y_true: ArrayLike, y_score: ArrayLike, *, pos_label: Any = None, sample_weight: ArrayLike | None = None
) -> float:
    """Average precision, Σ (Rᵢ − Rᵢ₋₁) Pᵢ over different scores.

    >>> from graphlume.metrics import average_precision_score
    >>> round(average_precision_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 4)
    0.8333
    >>> average_precision_score(["ham", "spam"], [0.2, 0.9], pos_label="spam")
    1.0
    """
    found = report(y_true, y_score, pos_label=pos_label, sample_weight=sample_weight, max_fpr=(), at_fpr=(), at_tpr=(), ndcg=False)
    return float(found["average_precision"])


def ndcg_score(y_true: ArrayLike, y_score: ArrayLike, *, k: int | None = None, sample_weight: ArrayLike | None = None) -> float:
    """Normalized discounted cumulative gain of the whole ranking, or of its top ``k``; ties are averaged.

    Of labels and scores of shape ``[rows, n]`` it is the mean over rows, as scikit-learn has it: 0 for a row without a positive
    label, and rows count by ``sample_weight``, shape ``[rows]``. Labels are 0 or 1 there, too.

    >>> from graphlume.metrics import ndcg_score
    >>> ndcg_score([0, 1], [0.2, 0.9])
    1.0
    >>> ndcg_score([[0, 1], [0, 0]], [[0.2, 0.9], [0.5, 0.1]])
    0.5
    """
    try:
        labels, scores = np.asarray(y_true), np.asarray(y_score)
    except ValueError:
        raise InputError("labels and scores of shape [rows, n] have rows of several lengths") from None
    if labels.ndim != 2 or scores.ndim != 2:
        if sample_weight is not None:
            raise InputError("sample_weight of ndcg_score weighs rows, and so needs labels and scores of shape [rows, n]")
        return _ndcg(y_true, y_score, k)
    if labels.shape != scores.shape or labels.shape[0] == 0 or labels.shape[1] < 2:
        raise InputError(f"labels have the shape {labels.shape} and scores {scores.shape}, but both need [rows, n], n at least 2")
    # In a row of one label alone, all orders are alike; it is looked at all the same, for what cannot be measured.
    found = [_ndcg(row, score, k) if 0 < (row == 1).sum() < len(row) else _ndcg_of_one(row, score) for row, score in zip(labels, scores)]
    if sample_weight is None:
        return float(np.mean(found))
    weights = np.asarray(sample_weight, dtype=float)
    if weights.shape != (len(found),) or not (np.isfinite(weights) & (weights >= 0)).all() or weights.sum() == 0:
        raise InputError(f"sample_weight needs a number for each of {len(found)} rows, finite, not negative, and not all 0")
    return float(np.average(found, weights=weights))


def _ndcg(y_true: ArrayLike, y_score: ArrayLike, k: int | None) -> float:
    found = report(y_true, y_score, k=() if k is None else (k,), max_fpr=(), at_fpr=(), at_tpr=())
    if k is None or not found["at_k"]:
        return float(found["ndcg"])
    return float(found["at_k"][0]["ndcg"])


def _ndcg_of_one(labels: NDArray[Any], scores: NDArray[Any]) -> float:
    """Of labels that are all alike: 1 if they are positive, else 0."""
    # One of each kind more, so that all else that could be wrong is told.
    report(np.append(labels, [0, 1]), np.append(scores, [0, 0]), max_fpr=(), at_fpr=(), at_tpr=(), ndcg=False)
    return float(labels[0] == 1)


def precision_at_k(y_true: ArrayLike, y_score: ArrayLike, k: int, *, pos_label: Any = None) -> float:
    """Share of positives among the ``k`` highest scores; where a tie crosses the border, what is expected.

    >>> from graphlume.metrics import precision_at_k
    >>> precision_at_k([0, 1, 1, 0], [0.1, 0.9, 0.5, 0.5], 2)
    0.75
    """
    found = report(y_true, y_score, pos_label=pos_label, k=(k,), max_fpr=(), at_fpr=(), at_tpr=(), ndcg=False)
    if not found["at_k"]:
        raise InputError(f"k is {k}, but there are {len(np.asarray(y_true))} samples")
    return float(found["at_k"][0]["precision"])


def _curve(
    y_true: ArrayLike, y_score: ArrayLike, pos_label: Any, sample_weight: ArrayLike | None, max_points: int | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    most = None if max_points is None else count("max_points", max_points)
    arrays = _native.curve(_labels(y_true, pos_label), _convert.column("y_score", y_score), _weights(sample_weight), most)
    thresholds, positives, negatives = (np.asarray(array) for array in arrays)
    return thresholds, positives, negatives


def roc_curve(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    pos_label: Any = None,
    sample_weight: ArrayLike | None = None,
    max_points: int | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """False positive rates, true positive rates and thresholds, from the highest threshold, which is infinite, down:
    a point for each different score, as scikit-learn with ``drop_intermediate=False``, or about ``max_points`` of them spread evenly
    over the samples, or over their weight. A score that only samples without a weight have is none.

    >>> from graphlume.metrics import roc_curve
    >>> fpr, tpr, thresholds = roc_curve([0, 1], [0.2, 0.9])
    >>> fpr.tolist(), tpr.tolist(), thresholds.tolist()
    ([0.0, 0.0, 1.0], [0.0, 1.0, 1.0], [inf, 0.9, 0.2])
    """
    thresholds, positives, negatives = _curve(y_true, y_score, pos_label, sample_weight, max_points)
    if positives[-1] == 0 or negatives[-1] == 0:
        of = "the labels" if sample_weight is None else "the labels of samples that have a weight"
        raise InputError(f"{of} are of one class only, so that a rate is undefined")
    return negatives / negatives[-1], positives / positives[-1], thresholds


def precision_recall_curve(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    pos_label: Any = None,
    sample_weight: ArrayLike | None = None,
    max_points: int | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Precisions, recalls and thresholds in scikit-learn's order: from the lowest threshold up, and at the end a point
    of precision 1 and recall 0 without a threshold.

    >>> from graphlume.metrics import precision_recall_curve
    >>> precision, recall, thresholds = precision_recall_curve([0, 1], [0.2, 0.9])
    >>> precision.tolist(), recall.tolist(), thresholds.tolist()
    ([0.5, 1.0, 1.0], [1.0, 1.0, 0.0], [0.2, 0.9])
    """
    thresholds, positives, negatives = (array[:0:-1] for array in _curve(y_true, y_score, pos_label, sample_weight, max_points))
    if len(positives) == 0:
        raise InputError("no sample has a weight, so that a precision is undefined")
    if positives[0] == 0:
        raise InputError("no label is positive, so that recall is undefined")
    precision = np.append(positives / (positives + negatives), 1.0)
    return precision, np.append(positives / positives[0], 0.0), thresholds.copy()


def calibration(y_true: ArrayLike, y_prob: ArrayLike, *, pos_label: Any = None, n_bins: int = 15) -> dict[str, Any]:
    """How far probabilities ``y_prob`` are what they say, in ``n_bins`` equally wide bins: Brier's score, the expected
    calibration error, and the bins.

    >>> from graphlume.metrics import calibration
    >>> calibration([0, 1], [0.25, 0.75])["brier"]
    0.0625
    """
    return _native.calibration(_labels(y_true, pos_label), _convert.column("y_prob", y_prob), count("n_bins", n_bins))


def brier_score_loss(y_true: ArrayLike, y_prob: ArrayLike, *, sample_weight: ArrayLike | None = None, pos_label: Any = None) -> float:
    """Mean of (probability − label)², weighted by ``sample_weight``.

    >>> from graphlume.metrics import brier_score_loss
    >>> brier_score_loss([0, 1], [0.25, 0.75])
    0.0625
    """
    return _native.brier(_labels(y_true, pos_label), _convert.column("y_prob", y_prob), _weights(sample_weight))


def __dir__() -> list[str]:
    return __all__
