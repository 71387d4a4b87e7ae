# %% [markdown]
# # A benchmark of detectors
#
# Which nodes of a graph are not like the others? Every detector of nodes that needs no more than a graph and features, on two graphs whose
# anomalies are known: books and films that are often bought together (`gad-eval/data` says where they are from).

# %%
from pathlib import Path

import numpy as np
import polars as pl

import graphlume as gl

DATA = Path("../gad-eval/data")


def load(name):
    g = gl.read(DATA / name / "edges.arrow", nodes=DATA / name / "nodes.arrow", directed=False)
    nodes = g.nodes.to_polars()
    return g, nodes["features"].to_numpy().astype(float), nodes["label"].to_numpy().astype(bool)


known = gl.detect.methods().to_polars()
known.filter(pl.col("result_type") == "NODE_ANOMALY_SCORES").select("name", "about")

# %% [markdown]
# Features count in units of their own, so that each is brought to a mean of 0 and a variance of 1 first. What is chance differs from graph to
# graph for the average precision, and is one half for the AUROC.

# %%
rows, scores = [], {}
for name in ("books", "disney"):
    g, features, anomalous = load(name)
    features = (features - features.mean(axis=0)) / np.maximum(features.std(axis=0), 1e-9)
    for method, needs_times, kind in known.select("name", "needs_times", "result_type").iter_rows():
        if needs_times or kind != "NODE_ANOMALY_SCORES":
            continue
        detector = gl.detect.Detector(method).fit(g, features=features)
        scores[name, method] = detector.scores_
        found = gl.metrics.report(anomalous, detector.scores_)
        rows.append({"graph": name, "method": method, "auroc": found["roc_auc"], "ap": found["average_precision"], "chance": anomalous.mean()})
results = pl.DataFrame(rows)
results.pivot(on="graph", index="method", values="auroc").with_columns(mean=pl.mean_horizontal("books", "disney")).sort("mean", descending=True)

# %% [markdown]
# How sure is that? With so few anomalies, not very: each AUROC again for 200 resamples of the nodes.

# %%
random = np.random.default_rng(0)


def interval(labels, values, resamples=200):
    found = []
    for _ in range(resamples):
        rows = random.integers(0, len(labels), len(labels))
        if 0 < labels[rows].sum() < len(rows):
            found.append(gl.metrics.roc_auc_score(labels[rows], values[rows]))
    return np.quantile(found, [0.025, 0.975]).round(2).tolist()


g, features, anomalous = load("disney")
{method: interval(anomalous, values) for (name, method), values in scores.items() if name == "disney"}

# %% [markdown]
# The films, colored by what the best detector says of them; the known anomalies are large.

# %%
best = results.filter(pl.col("graph") == "disney").sort("auroc", descending=True)["method"][0]
ranks = (np.argsort(np.argsort(scores["disney", best])) / len(anomalous)).round(2)
g = g.with_nodes(suspicion=ranks, known=np.where(anomalous, 3.0, 1.0))
g.layout(seed=1).plot(width=1200, height=900, color_by="suspicion", palette="viridis", size_by="known", labels="none", title=f"Disney films, {best}")
