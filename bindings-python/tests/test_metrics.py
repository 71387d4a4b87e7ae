"""Metrics against scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics as sk

from graphlume import InputError, metrics


def samples(seed):
    random = np.random.default_rng(seed)
    n = int(random.integers(5, 400))
    y_true = (random.random(n) < random.uniform(0.1, 0.9)).astype(int)
    y_true[:2] = [0, 1]
    # Few different scores make many ties.
    y_score = random.integers(0, int(random.integers(2, 60)), n) / 7
    return y_true, y_score, random.random(n) + 0.1


@pytest.mark.parametrize("seed", range(25))
def test_scikit_learn_says_the_same(seed):
    y_true, y_score, weight = samples(seed)
    near = lambda value: pytest.approx(value, abs=1e-12)  # noqa: E731
    assert metrics.roc_auc_score(y_true, y_score) == near(sk.roc_auc_score(y_true, y_score))
    assert metrics.average_precision_score(y_true, y_score) == near(sk.average_precision_score(y_true, y_score))
    assert metrics.roc_auc_score(y_true, y_score, sample_weight=weight) == near(
        sk.roc_auc_score(y_true, y_score, sample_weight=weight)
    )
    assert metrics.average_precision_score(y_true, y_score, sample_weight=weight) == near(
        sk.average_precision_score(y_true, y_score, sample_weight=weight)
    )
    assert metrics.roc_auc_score(y_true, y_score, max_fpr=0.3) == near(sk.roc_auc_score(y_true, y_score, max_fpr=0.3))
    assert metrics.ndcg_score(y_true, y_score) == near(sk.ndcg_score([y_true], [y_score]))
    assert metrics.ndcg_score(y_true, y_score, k=4) == near(sk.ndcg_score([y_true], [y_score], k=4))
    for ours, theirs in (
        (metrics.roc_curve(y_true, y_score), sk.roc_curve(y_true, y_score, drop_intermediate=False)),
        (metrics.precision_recall_curve(y_true, y_score), sk.precision_recall_curve(y_true, y_score)),
    ):
        for mine, other in zip(ours, theirs):
            np.testing.assert_allclose(mine, other, atol=1e-12)
    probability = (y_score - y_score.min()) / max(np.ptp(y_score), 1e-9)
    assert metrics.brier_score_loss(y_true, probability) == near(sk.brier_score_loss(y_true, probability))


def test_anything_that_is_an_array():
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    labels, scores = [False, True, True], [0.1, 0.9, 0.05]
    for make in (list, tuple, np.array, pl.Series, pd.Series, pa.array, lambda v: pa.chunked_array([v])):
        assert metrics.roc_auc_score(make(labels), make(scores)) == 0.5
    assert metrics.roc_auc_score(np.array(labels)[::1], np.float32([0, 1, 2])) == 1.0


@pytest.mark.parametrize(
    ("y_true", "y_score", "text"),
    [
        ([0, 1], [0.5], "1 entries|2 entries"),
        ([0, 2], [0.5, 0.1], "label 1 is 2"),
        ([0, 1], [0.5, np.nan], "NaN"),
        ([0, 1], [0.5, None], "NaN|no value at 1"),
        ([1, 1], [0.5, 0.1], "all 2 labels are positive"),
        ([], [], "empty"),
        (["a", "b"], [0.5, 0.1], "`y_true` is of type"),
        ([[0, 1]], [[0.5, 0.1]], "one dimension"),
    ],
)
def test_what_cannot_be_measured(y_true, y_score, text):
    with pytest.raises(InputError, match=text):
        metrics.report(y_true, y_score)


def test_bounds():
    with pytest.raises(InputError, match="k is 9, but there are 2"):
        metrics.precision_at_k([0, 1], [0, 1], 9)
    with pytest.raises(InputError, match="one class"):
        metrics.roc_curve([1, 1], [0, 1])
    with pytest.raises(InputError, match="n_bins is 1099511627776, but it must be from 1 to 1048576"):
        metrics.calibration([0, 1], [0.1, 0.9], n_bins=2**40)
    with pytest.raises(InputError, match="no probability"):
        metrics.calibration([0, 1], [0, 1.5])
