"""Metrics against scikit-learn."""

import functools

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
    # Scores that only samples without a weight have are left out by both.
    gaps = np.where(y_score % 3 < 1, 0.0, weight)
    gaps[:2] = 1
    for given in (None, weight, gaps):
        for ours, theirs in (
            (metrics.roc_curve, functools.partial(sk.roc_curve, drop_intermediate=False)),
            (metrics.precision_recall_curve, sk.precision_recall_curve),
        ):
            for mine, other in zip(ours(y_true, y_score, sample_weight=given), theirs(y_true, y_score, sample_weight=given)):
                np.testing.assert_allclose(mine, other, atol=1e-12)
        probability = (y_score - y_score.min()) / max(np.ptp(y_score), 1e-9)
        assert metrics.brier_score_loss(y_true, probability, sample_weight=given) == near(
            sk.brier_score_loss(y_true, probability, sample_weight=given)
        )


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("labels", [("ham", "spam"), (-1, 1), (1, -1), (7, 3), (2.0, 1.0), (True, False)], ids=str)
def test_either_of_two_labels_may_be_positive(seed, labels):
    y_true, y_score, weight = samples(seed)
    given, positive = np.array(labels)[y_true], labels[1]
    probability = (y_score - y_score.min()) / max(np.ptp(y_score), 1e-9)
    near = lambda value: pytest.approx(value, abs=1e-12)  # noqa: E731
    assert metrics.average_precision_score(given, y_score, pos_label=positive, sample_weight=weight) == near(
        sk.average_precision_score(given, y_score, pos_label=positive, sample_weight=weight)
    )
    assert metrics.brier_score_loss(given, probability, pos_label=positive) == near(
        sk.brier_score_loss(given, probability, pos_label=positive)
    )
    for ours, theirs in (
        (metrics.roc_curve(given, y_score, pos_label=positive), sk.roc_curve(given, y_score, pos_label=positive, drop_intermediate=False)),
        (metrics.precision_recall_curve(given, y_score, pos_label=positive), sk.precision_recall_curve(given, y_score, pos_label=positive)),
    ):
        for mine, other in zip(ours, theirs):
            np.testing.assert_allclose(mine, other, atol=1e-12)
    assert metrics.report(given, y_score, pos_label=positive, k=[3]) == metrics.report(y_true, y_score, k=[3])
    assert metrics.roc_auc_score(given, y_score, pos_label=positive) == near(sk.roc_auc_score(y_true, y_score))
    assert metrics.precision_at_k(given, y_score, 3, pos_label=positive) == metrics.precision_at_k(y_true, y_score, 3)
    assert metrics.calibration(given, probability, pos_label=positive) == metrics.calibration(y_true, probability)


@pytest.mark.parametrize("seed", range(12))
def test_ndcg_of_rows_is_that_of_scikit_learn(seed):
    random = np.random.default_rng(seed)
    rows, n = int(random.integers(1, 9)), int(random.integers(2, 30))
    y_true = (random.random((rows, n)) < random.choice([0.0, 0.1, 0.5, 1.0], (rows, 1))).astype(int)
    y_score, weight = random.integers(0, 6, (rows, n)) / 3, random.random(rows) + 0.1
    for k in (None, 1, 3, 99):
        for options in ({"k": k}, {"k": k, "sample_weight": weight}):
            expected = pytest.approx(sk.ndcg_score(y_true, y_score, **options), abs=1e-12)
            assert metrics.ndcg_score(y_true, y_score, **options) == expected
            assert metrics.ndcg_score(y_true.tolist(), y_score.tolist(), **options) == expected


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


def test_what_is_asked_for_is_not_left_aside():
    labels, scores = [0, 1, 1], [0.1, 0.9, 0.05]
    for call, text in [
        (lambda: metrics.roc_curve(labels, scores, sample_weight=[1, 2]), "sample_weight has 2 entries, but y_score has 3"),
        (lambda: metrics.roc_curve(labels, scores, sample_weight=[0, 1, 1]), "of samples that have a weight are of one class only"),
        (lambda: metrics.precision_recall_curve(labels, scores, sample_weight=[1, -2, 3]), "-2 at 1, but it must be finite and not negative"),
        (lambda: metrics.precision_recall_curve(labels, scores, sample_weight=[0, 0, 0]), "no sample has a weight"),
        (lambda: metrics.brier_score_loss(labels, scores, sample_weight=[1, np.inf, 3]), "finite"),
        (lambda: metrics.brier_score_loss(labels, scores, sample_weight=[0, 0, 0]), "above 0 for a sample"),
        (lambda: metrics.ndcg_score(labels, scores, sample_weight=[1, 2, 3]), "weighs rows"),
        (lambda: metrics.ndcg_score([labels, labels], [scores, scores], sample_weight=[1, 2, 3]), "for each of 2 rows"),
        (lambda: metrics.ndcg_score([labels, labels], [scores, scores], sample_weight=[1, -2]), "not negative"),
        (lambda: metrics.ndcg_score([labels, [1]], [scores, scores]), "rows of several lengths"),
        (lambda: metrics.ndcg_score([labels], [scores, scores]), r"\(1, 3\) and scores \(2, 3\)"),
        (lambda: metrics.ndcg_score([[1], [0]], [[1], [0]]), "n at least 2"),
        (lambda: metrics.ndcg_score([labels, [2, 2, 2]], [scores, scores]), "label 0 is 2"),
        (lambda: metrics.ndcg_score([labels, [1, 1, 1]], [scores, [1, 2, np.nan]]), "NaN"),
        (lambda: metrics.report(labels, scores, sample_weight=[1, 1, 1], device="cuda"), "device is 'cuda', but samples with weights"),
        (lambda: metrics.average_precision_score(["a", "b", "a"], scores, pos_label="c"), "pos_label is 'c', but the labels are 'a' and 'b'"),
        (lambda: metrics.average_precision_score(["a", "b", "c"], scores, pos_label="c"), "3 different labels"),
        (lambda: metrics.average_precision_score(["a", None, "a"], scores, pos_label="a"), "no value at 1"),
        (lambda: metrics.average_precision_score([0.0, np.nan, 1.0], scores, pos_label=1), "no value at 1"),
        (lambda: metrics.average_precision_score(["a", "a", "a"], scores, pos_label="b"), "all 3 labels are negative"),
    ]:
        with pytest.raises(InputError, match=text):
            call()


def test_bounds():
    with pytest.raises(InputError, match="k is 9, but there are 2"):
        metrics.precision_at_k([0, 1], [0, 1], 9)
    with pytest.raises(InputError, match="one class"):
        metrics.roc_curve([1, 1], [0, 1])
    with pytest.raises(InputError, match="n_bins is 1099511627776, but it must be from 1 to 1048576"):
        metrics.calibration([0, 1], [0.1, 0.9], n_bins=2**40)
    with pytest.raises(InputError, match="no probability"):
        metrics.calibration([0, 1], [0, 1.5])
