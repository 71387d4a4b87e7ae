"""Makes detectors.json: what scikit-learn says of points in and out of clusters."""

import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import LocalOutlierFactor

assert sklearn.__version__ == "1.9.1", sklearn.__version__
assert np.__version__ == "2.4.6", np.__version__

random = np.random.default_rng(7)
points = np.concatenate([
    random.normal(0, 1, (40, 3)),
    random.normal([6, 0, 0], 0.2, (30, 3)),
    random.uniform(-8, 8, (8, 3)),
    # Points that coincide, and a constant column beside them.
    np.full((4, 3), 1.5),
])
points = np.round(np.hstack([points, np.full((len(points), 1), 2.0)]), 6)

lof = {k: (-LocalOutlierFactor(n_neighbors=k).fit(points).negative_outlier_factor_).tolist()
       for k in (5, 20, 500)}
# Forests of another generator agree in the limit of many trees.
forest = IsolationForest(n_estimators=4000, max_samples=64, random_state=0).fit(points)
golden = {"points": points.tolist(), "lof": lof, "forest": (-forest.score_samples(points)).tolist()}
Path(__file__).with_suffix(".json").write_text(json.dumps(golden) + "\n")
