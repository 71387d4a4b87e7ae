"""Detectors, over graphs and over streams."""

import datetime

import numpy as np
import polars as pl
import pytest

import graphlume as gl
from graphlume import detect


def stream(m=3000, seed=0, ties=True):
    random = np.random.default_rng(seed)
    sources, targets = random.integers(0, 60, (2, m))
    times = np.arange(m) // 15 if ties else np.arange(m)
    # Somebody writes to everybody at once.
    sources[2000:2200] = 7
    return sources, targets, times


def test_all_methods_are_listed_and_run():
    known = detect.methods()
    sources, targets, times = stream(400)
    graph = gl.Graph({"source": sources, "target": targets, "t": times}, directed=True)
    features = np.random.default_rng(1).normal(size=(graph.n_nodes, 4))
    lengths = {graph.n_nodes, graph.n_edges}
    for name, needs_features, needs_times in zip(known["name"], known["needs_features"], known["needs_times"]):
        detector = detect.Detector(name, time="t" if needs_times else None)
        detector.fit(graph, features=features if needs_features else None)
        assert np.isfinite(detector.scores_).all(), name
        assert len(detector.scores_) in lengths or detector.windows_ is not None, name


def test_a_hub_stands_out_and_scores_have_the_order_of_edges():
    star = gl.Graph([(0, leaf) for leaf in range(1, 30)] + [(1, 2)])
    assert detect.Detector("degree").fit(star).scores_.argmax() == 0
    assert detect.Detector("degree").fit_predict(star, contamination=0.05).tolist().count(-1) == 1
    sources, targets, times = stream(ties=False)
    mixed = np.random.default_rng(2).permutation(len(times))
    scores = [
        detect.Detector("midas", time="t").fit(gl.Graph({"source": s, "target": t, "t": w}, {"id": np.arange(60)})).scores_
        for s, t, w in ((sources, targets, times), (sources[mixed], targets[mixed], times[mixed]))
    ]
    assert np.array_equal(scores[0][mixed], scores[1])


def test_parameters_as_scikit_learn_has_them():
    detector = detect.Detector("isolation-forest", features=["a"], trees=20)
    assert detector.get_params() == {
        "method": "isolation-forest", "time": None, "features": ["a"], "contamination": 0.1, "trees": 20
    }
    again = detect.Detector(**detector.get_params())
    assert again.set_params(trees=30).parameters == {"trees": 30}
    graph = gl.Graph([(at, at + 1) for at in range(50)]).with_nodes(a=np.r_[np.zeros(50), 9.0])
    assert again.fit(graph).scores_.argmax() == 50
    assert "trees=30" in repr(again)


def test_unknown_parameters_change_nothing():
    detector = detect.Detector("lof", k=5)
    for given, text in [
        ({"kk": 3}, "lof has no parameter `kk`; did you mean `k`"),
        ({"k": 9, "contamintion": 0.2}, "did you mean `contamination`"),
        ({"method": "loff"}, "there is no detector `loff`; did you mean `lof`"),
        ({"method": "midas", "k": 3}, "midas has no parameter `k`"),
    ]:
        with pytest.raises(ValueError, match=text):
            detector.set_params(**given)
        assert detector.get_params()["k"] == 5 and detector.method == "lof"
    assert detector.set_params(method="midas", rows=3, time="t").parameters["rows"] == 3


def test_never_more_than_the_share_is_anomalous():
    ring = gl.Graph([(at, (at + 1) % 10) for at in range(10)])
    assert detect.Detector("degree").fit_predict(ring).tolist() == [1] * 10
    # Two hubs alike, then two lesser ones.
    pairs = [(hub, f"{hub}{leaf}") for hub, leaves in (("a", 9), ("b", 9), ("c", 4), ("d", 4)) for leaf in range(leaves)]
    graph = gl.Graph(pairs)
    n = graph.n_nodes
    for share, expected in [(1 / n, ""), (2 / n, "ab"), (3 / n, "ab"), (4 / n, "abcd"), (9 / n, "abcd")]:
        detector = detect.Detector("degree", contamination=share)
        found = detector.fit_predict(graph)
        assert sorted(graph.ids[found == -1]) == list(expected), share
        assert ((detector.scores_ > detector.threshold_) == (found == -1)).all()
    for share in (1.5, 0, "auto", None, True):
        with pytest.raises(gl.InputError, match=f"contamination is {share!r}, but it must be a number above 0 and below 1"):
            detect.Detector("degree", contamination=share).fit_predict(graph)


def test_other_graphs_leave_what_was_fitted():
    ring = gl.Graph([(at, (at + 1) % 9) for at in range(9)])
    hub = gl.Graph([(at, (at + 1) % 9) for at in range(9)] + [(0, 3), (0, 5)])
    detector = detect.Detector("degree").fit(ring)
    scores, threshold = detector.scores_.copy(), detector.threshold_
    assert detector.score_samples(hub).argmax() == 0
    assert detector.predict(hub).tolist() == [-1, 1, 1, -1, 1, -1, 1, 1, 1]
    assert np.array_equal(detector.decision_function(hub) < 0, detector.predict(hub) == -1)
    assert np.array_equal(detector.scores_, scores) and detector.threshold_ == threshold
    assert detector.predict().tolist() == [1] * 9
    # A detector that saw nothing may score, but not judge.
    assert np.array_equal(detect.Detector("degree").score_samples(hub), detector.score_samples(hub))
    for call in (detect.Detector().predict, detect.Detector().decision_function):
        with pytest.raises(gl.InputError, match="call fit first"):
            call(hub)


def test_days_are_times():
    days = [datetime.date(2024, 1, day) for day in (1, 1, 2, 3)]
    edges = {"source": [1, 1, 1, 2], "target": [2, 2, 3, 3]}
    numbers = [(day - datetime.date(1970, 1, 1)).days for day in days]
    frame = pl.DataFrame(edges | {"day": days})
    assert frame["day"].dtype == pl.Date
    of_days = detect.Detector("midas", time="day").fit(gl.Graph(frame)).scores_
    assert np.array_equal(of_days, detect.Detector("midas", time="day").fit(gl.Graph(edges | {"day": numbers})).scores_)
    for missing, text in [(days[:3] + [None], "missing in row 3"), (numbers[:3] + [None], "missing in row 3"), (list("abcd"), "of type text")]:
        with pytest.raises(gl.InputError, match=f"column `day` is .*{text}"):
            detect.Detector("midas", time="day").fit(gl.Graph(edges | {"day": missing}))


def test_lists_are_features():
    graph = gl.Graph([(at, at + 1) for at in range(29)])
    matrix = np.random.default_rng(3).normal(size=(30, 3))
    nodes = pl.DataFrame({"id": range(30), "features": matrix[:, 1:].tolist(), "one": matrix[:, 0], "name": ["x"] * 30})
    with_lists = gl.Graph([(at, at + 1) for at in range(29)], nodes)
    expected = detect.Detector("lof", k=5).fit(graph, features=matrix).scores_
    assert np.array_equal(detect.Detector("lof", k=5, features=["one", "features"]).fit(with_lists).scores_, expected)
    ragged = graph.with_nodes(f=pl.Series([[1.0]] * 29 + [[1.0, 2.0]]), gap=pl.Series([[1.0]] * 29 + [None]), n=[1.0] * 29 + [None])
    for given, name, text in [
        (with_lists, "name", "`name` is of type .*, but features are numbers, or lists"),
        (ragged, "f", "`f` has lists of different lengths"),
        (ragged, "gap", "`gap` has no value in row 29"),
        (ragged, "none", "there is no column `none`"),
    ]:
        with pytest.raises(gl.InputError, match=text):
            detect.Detector("lof", k=5, features=name).fit(given)


def test_scikit_learn_takes_it_for_one_of_its_own():
    base = pytest.importorskip("sklearn.base", reason="scikit-learn is not installed")
    from sklearn.exceptions import NotFittedError
    from sklearn.model_selection import ParameterGrid
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import FunctionTransformer
    from sklearn.utils.validation import check_is_fitted

    detector = detect.Detector("isolation-forest", features=["a"], trees=20, contamination=0.01)
    graph = gl.Graph([(at, at + 1) for at in range(99)]).with_nodes(a=np.r_[np.zeros(99), 9.0])
    other = base.clone(detector)
    assert other is not detector and other.get_params() == detector.get_params()
    assert base.is_outlier_detector(detector)
    with pytest.raises(NotFittedError):
        check_is_fitted(other)
    check_is_fitted(other.fit(graph))
    assert not hasattr(base.clone(other), "scores_")

    to_graph = FunctionTransformer(lambda rows: gl.Graph(rows).with_nodes(a=np.r_[np.zeros(99), 9.0]))
    rows = np.array([(at, at + 1) for at in range(99)])
    pipeline = Pipeline([("graph", to_graph), ("detector", detector)])
    assert pipeline.fit_predict(rows).tolist() == [1] * 99 + [-1]
    assert pipeline.score_samples(rows).argmax() == 99
    assert np.array_equal(pipeline.fit(rows)[-1].scores_, detector.fit(graph).scores_)
    assert base.clone(pipeline).get_params()["detector__trees"] == 20
    for choice in ParameterGrid({"detector__trees": [5, 10], "detector__contamination": [0.05]}):
        assert (base.clone(pipeline).set_params(**choice).fit_predict(rows) == -1).sum() <= 5
    with pytest.raises(ValueError, match="did you mean `trees`"):
        pipeline.set_params(detector__treees=3)


# What scikit-learn checks of its own estimators that has nothing to do with tables of samples. Two checks are left out: parameters
# of methods are keywords here, which lie in an attribute of their own, and set_params refuses what no method has.
CHECKS = [
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_parameters_default_constructible",
    "check_valid_tag_types",
]


@pytest.mark.parametrize("name", CHECKS)
def test_scikit_learns_own_checks(name):
    checks = pytest.importorskip("sklearn.utils.estimator_checks", reason="scikit-learn is not installed")
    getattr(checks, name)("Detector", detect.Detector("lof", contamination=0.2))


def test_a_stream_in_parts_is_the_stream_in_one():
    sources, targets, times = stream()
    whole = detect.StreamDetector("midas-f").push(sources, targets, times)
    part = detect.StreamDetector("midas-f")
    scores = [part.push(sources[:1000], targets[:1000], times[:1000])]
    part = detect.StreamDetector.restore(part.checkpoint())
    scores.append(part.push(sources[1000:], targets[1000:], times[1000:]))
    assert np.array_equal(np.concatenate(scores), whole) and part.n_edges == 3000
    windows = detect.StreamDetector("anograph", window=50)
    scored = windows.push(sources, targets, times)
    assert len(scored) == len(windows.windows) and len(windows.finish()) == 1


def test_what_cannot_be_detected():
    graph = gl.Graph([(0, 1), (1, 2)])
    for call, text in [
        (lambda: detect.Detector("midaz").fit(graph), "did you mean `midas`"),
        (lambda: detect.Detector("midas", rowz=2).fit(graph), "did you mean `rows`"),
        (lambda: detect.Detector("midas").fit(graph), "times"),
        (lambda: detect.Detector("feature-norm").fit(graph), "features"),
        (lambda: detect.Detector("lof").fit(graph, features=np.zeros((2, 3))), r"\(2, 3\), but \(3, d\)"),
        (lambda: detect.Detector("midas", time="when").fit(graph), "there is no column `when`"),
        (lambda: detect.Detector().score_samples(), "call fit first"),
        (lambda: detect.StreamDetector("lof"), "all edges at once"),
        (lambda: detect.StreamDetector("midas").push([1, 1], [2, 2], [5, 4]), "is of time 4"),
        (lambda: detect.StreamDetector("midas").push([1], [2, 3], [5]), "targets"),
        (lambda: detect.StreamDetector("midas").push([1.5], [2], [5]), "`sources` is of type float64"),
        (lambda: detect.StreamDetector.restore(b"nonsense"), "checkpoint"),
    ]:
        with pytest.raises(gl.InputError, match=text):
            call()


def test_a_stream_of_names():
    names = detect.StreamDetector("midas")
    sources, targets = ["ann", "ann", "bob"], np.array(["bob", "bob", "eve"])
    first = names.push(sources, targets, [1, 1, 2])
    again = detect.StreamDetector("midas").push(pl.Series(sources), targets, [1, 1, 2])
    assert np.array_equal(first, again) and names.n_edges == 3
    assert repr(names) == "StreamDetector('midas'; 3 edges)"
    assert repr(detect.StreamDetector.restore(names.checkpoint())) == "StreamDetector(restored; 3 edges)"
    with pytest.raises(gl.InputError, match="`targets` has no value at 1"):
        names.push(["a", "b"], ["c", None], [3, 3])
