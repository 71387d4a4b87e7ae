"""Makes statistics.json: tests over methods and datasets, as scipy computes them or by definition."""

import itertools
import json
from pathlib import Path

import numpy as np
import scipy
from scipy import stats

assert np.__version__ == "2.4.6", np.__version__
assert scipy.__version__ == "1.17.1", scipy.__version__


def friedman(values):
    statistic, p = stats.friedmanchisquare(*np.asarray(values).T)
    n, k = np.asarray(values).shape
    f = (n - 1) * statistic / (n * (k - 1) - statistic)
    ranks = stats.rankdata(-np.asarray(values), axis=1).mean(axis=0)
    critical = stats.studentized_range.ppf(0.95, k, np.inf) / np.sqrt(2) * np.sqrt(k * (k + 1) / (6 * n))
    apart = []
    for a, b in itertools.combinations(range(k), 2):
        q = abs(ranks[a] - ranks[b]) / np.sqrt(k * (k + 1) / (6 * n)) * np.sqrt(2)
        apart.append(float(stats.studentized_range.sf(q, k, np.inf)))
    return {
        "values": values,
        "mean_ranks": ranks.tolist(),
        "friedman": float(statistic),
        "friedman_p": float(p),
        "iman_davenport": float(f),
        "iman_davenport_p": float(stats.f.sf(f, k - 1, (k - 1) * (n - 1))),
        "critical_difference": float(critical),
        "nemenyi_p": apart,
    }


def signed_ranks(differences):
    """By definition: the share of all signs whose smaller sum of ranks is as small."""
    d = np.asarray([x for x in differences if x != 0])
    ranks = stats.rankdata(abs(d))
    smaller = min(ranks[d > 0].sum(), ranks[d < 0].sum())
    sums = [sum(r for r, s in zip(ranks, signs) if s) for signs in itertools.product((0, 1), repeat=len(d))]
    sums = np.minimum(sums, ranks.sum() - np.asarray(sums))
    return {"differences": differences, "statistic": float(smaller), "p": float((sums <= smaller + 1e-9).mean())}


def delong(y, columns):
    """By definition: every pair of a positive and a negative."""
    y = np.asarray(y, dtype=bool)
    v10, v01 = [], []
    for s in map(np.asarray, columns):
        won = (s[y][:, None] > s[~y][None, :]) + 0.5 * (s[y][:, None] == s[~y][None, :])
        v10.append(won.mean(axis=1))
        v01.append(won.mean(axis=0))
    covariance = np.cov(v10) / y.sum() + np.cov(v01) / (~y).sum()
    areas = [float(v.mean()) for v in v10]
    z = (areas[0] - areas[1]) / np.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    return {
        "y_true": y.astype(int).tolist(),
        "y_scores": [np.asarray(s).tolist() for s in columns],
        "roc_auc": areas,
        "covariance": covariance.tolist(),
        "p": float(2 * stats.norm.sf(abs(z))),
    }


def main():
    rng = np.random.default_rng(11)
    base = rng.random((8, 4)) + np.array([0.0, 0.1, 0.2, 0.6])
    tables = [base.round(3).tolist(), base.round(1).tolist(), (rng.random((12, 6))).round(2).tolist()]
    y = (rng.random(80) < 0.3).astype(int)
    columns = [(rng.normal(size=80) + 1.2 * y).round(1), (rng.normal(size=80) + 0.6 * y).round(1)]
    long = rng.normal(size=70) + 0.2
    approximated = stats.wilcoxon(long, method="approx", correction=False)
    out = {
        "friedman": [friedman(table) for table in tables],
        "signed_ranks": [
            signed_ranks(rng.normal(size=9).round(3).tolist()),
            signed_ranks([1.0, -1.0, 2.0, 2.0, 0.0, 3.0, -2.0, 4.0, 5.0, 5.0]),
            signed_ranks([0.1, 0.2, 0.3, 0.4, 0.5]),
        ],
        "signed_ranks_approximated": {
            "differences": long.tolist(),
            "statistic": float(approximated.statistic),
            "p": float(approximated.pvalue),
        },
        "delong": delong(y, columns),
        "studentized_range": [
            [k, a, float(stats.studentized_range.ppf(1 - a, k, np.inf))] for k in (2, 3, 10, 40) for a in (0.1, 0.05, 0.01)
        ],
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(out, allow_nan=False) + "\n")


main()
