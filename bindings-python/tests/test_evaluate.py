"""Evaluations, runs, sweeps and leaderboards."""

import importlib.util
import json
import re
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import graphlume as gl

METHOD = '''
import os, sys, time

def degree(data, power: float = 1.0, seed: int = 0):
    print("reading", data.name)
    import graphlume as gl
    edges = gl.read_table(next(data.glob("edges.*")))
    graph = gl.Graph(edges)
    labels = gl.read_table(next(data.glob("nodes.*")))
    truth = dict(zip(labels["node_id"].tolist(), labels["label"].tolist()))
    scores = graph.degree().values.astype(float) ** power
    ids = graph.ids.tolist()
    return {"result_type": "NODE_ANOMALY_SCORES", "scores": scores, "ground_truth": [truth[id] for id in ids], "node_ids": ids}

def sleeps(data):
    time.sleep(60)

def fails(data):
    raise ValueError("no such luck")
'''


@pytest.fixture
def method(tmp_path):
    path = tmp_path / "method.py"
    path.write_text(METHOD)
    return path


@pytest.fixture
def scored():
    random = np.random.default_rng(0)
    labels = random.random(400) < 0.1
    return random.random(400) + 0.5 * labels, labels


def test_scores_are_worth_what_scikit_learn_says(scored):
    metrics = pytest.importorskip("sklearn.metrics")
    scores, labels = scored
    found = gl.evaluate(scores, labels, top=[10], name="mine")
    assert found.roc_auc == pytest.approx(metrics.roc_auc_score(labels, scores), rel=1e-12)
    assert found["average_precision"] == pytest.approx(metrics.average_precision_score(labels, scores), rel=1e-12)
    bounds = found.intervals["roc_auc"]
    assert bounds["low"] < found.roc_auc < bounds["high"]
    assert {at["k"] for at in found.at_k} == {10, int(labels.sum())}
    assert gl.evaluate(scores, labels, resamples=0).intervals is None
    assert (found.name, found.result_type, found.n_samples) == ("mine", "NODE_ANOMALY_SCORES", 400)
    assert "area under the ROC" in repr(found) and "calibration" in found.undefined
    assert "roc_auc" in dir(found) and "roc_auc" in found and len(found) == len(list(found))
    with pytest.raises(AttributeError, match="no `nothing`"):
        found.nothing


def test_an_evaluation_shows_and_writes_itself(scored, tmp_path):
    found = gl.evaluate(*scored, name="<mine>")
    page = found._repr_html_()
    # Plots beside one another have no width of their own, which would let one lie over the other.
    assert page.count("<svg") == 2 and not re.search("<svg[^>]* width=", page)
    assert "&lt;mine&gt;" in page and page.count("<svg") == 2 and "<mine>" not in page.replace("<svg", "")[:200]
    assert found.plot().png().startswith(b"\x89PNG") and "<svg" in found.plot("distribution").svg()
    assert found.plot("precision_recall").save(tmp_path / "pr.svg").exists()
    names = {path.name for path in found.write(tmp_path / "eval")}
    assert {"evaluation.json", "report.html", "roc_curve.png"} <= names
    assert json.loads((tmp_path / "eval" / "evaluation.json").read_text())["metrics"]["auc_roc"] == found.auc_roc
    with pytest.raises(gl.InputError, match="need a folder"):
        found.write()
    with pytest.raises(gl.InputError, match="`kind` is 'rok'"):
        found.plot("rok")
    with pytest.raises(gl.InputError, match="nothing to draw"):
        gl.evaluate([1.0, 2.0], [0, 0]).plot()


def test_results_of_every_shape(tmp_path):
    rows = {"result_type": "TEMPORAL_NODE_ANOMALY_SCORES", "scores": [[0.1, 0.9], [0.2, 0.8, 0.3]], "ground_truth": [[0, 1], [0, 1, None]]}
    found = gl.evaluate(rows)
    assert found.n_samples == 4 and len(found.snapshots["parts"]) == 2 and found.snapshots["mean_roc_auc"] == 1.0
    matrix = gl.evaluate({"result_type": "TEMPORAL_NODE_ANOMALY_SCORES", "scores": np.eye(3), "ground_truth": np.eye(3, dtype=int)})
    assert matrix.n_samples == 9 and matrix.roc_auc == 1.0
    stream = {
        "result_type": "EDGE_STREAM_ANOMALY_SCORES",
        "scores": [0.1, 0.2, 0.9, 0.8, None],
        "ground_truth": [0, 0, 1, 1, 0],
        "timestamps": [1, 2, 3, 4, 5],
        "edges": [("a", "b")] * 5,
        "metadata": {"method": "mine"},
    }
    found = gl.evaluate(stream)
    assert found.detection["n_detected"] == found.detection["n_episodes"] == 1
    assert found.json["metadata"]["method"] == "mine" and any("left out" in text for text in found.warnings)
    # The same from a file.
    path = tmp_path / "results.json"
    path.write_text(json.dumps(stream))
    again = gl.evaluate(path)
    assert again.detection == found.detection and again.roc_auc == found.roc_auc
    assert (tmp_path / "eval" / "report.html") in again.write()


BAD = [
    (lambda: gl.evaluate([1.0, 2.0]), "ground_truth"),
    (lambda: gl.evaluate([1.0, 2.0], [0, 2]), "is 2 at 1, but a label is 0 or 1"),
    (lambda: gl.evaluate([1.0, 2.0], [0]), "ground_truth"),
    (lambda: gl.evaluate(["a", "b"], [0, 1]), "scores|Utf8|cast"),
    (lambda: gl.evaluate({"scores": [1]}), "results need `result_type`"),
    (lambda: gl.evaluate({"result_type": "NODE_SCORES", "scores": [1.0]}, [1]), "NODE_SCORES"),
    (lambda: gl.evaluate({"result_type": "NODE_ANOMALY_SCORES", "scores": [[1.0]]}, [[1]]), "row"),
    (lambda: gl.evaluate({"result_type": "TEMPORAL_NODE_ANOMALY_SCORES", "scores": [[1.0], [2.0]]}, [0, 1]), "other rows"),
    (lambda: gl.evaluate({"result_type": "NODE_ANOMALY_SCORES", "scores": [1.0], "score": 1}), "have no `score`"),
    (lambda: gl.evaluate([1.0, 2.0], [0, 1], confidence="high"), "`confidence` is \"high\", but it must be"),
    (lambda: gl.evaluate([1.0, 2.0], [0, 1], device="gpu"), "gpu"),
    (lambda: gl.evaluate([1.0, float("nan")], [0, 1], refuse_missing=True), "1"),
    (lambda: gl.evaluate("results.json", [0, 1]), "those of the file"),
    (lambda: gl.evaluate([1.0, 2.0], [0, 1], plugins="x"), "in memory"),
    (lambda: gl.run("midaz", "bundled:bursts"), "did you mean `midas`"),
    (lambda: gl.run("midas", "bundled:burst"), "did you mean `bursts`"),
    (lambda: gl.run("midas", "bundled:bursts", rowz=3), "rowz"),
    (lambda: gl.run("midas", "bundled:bursts", timeout="soon"), "`timeout` is \"soon\", but it must be seconds above 0"),
    (lambda: gl.run("midas", "bundled:bursts", memory=0), "`memory` is 0"),
    (lambda: gl.run("midas", "bundled:bursts", executor="slurm"), "`place`.*slurm|local"),
    (lambda: gl.sweep({"datasets": ["bundled:disney"], "methods": [{"name": "degre"}]}), "did you mean `degree`"),
    (lambda: gl.sweep({"datasets": [], "methods": []}), "datasets"),
    (lambda: gl.sweep({"dataset": []}), "did you mean `datasets`"),
]


@pytest.mark.parametrize(("call", "text"), BAD, ids=range(len(BAD)))
def test_what_is_wrong_is_said(call, text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(gl.InputError, match=text):
        call()
    # Nothing of it is left.
    assert not list(tmp_path.glob("experiments/*")) and not (tmp_path / "sweeps").exists()


def test_files_that_are_not_there(tmp_path):
    for call in (lambda: gl.evaluate(tmp_path / "no.json"), lambda: gl.run("midas", tmp_path / "no"), lambda: gl.sweep(tmp_path / "no.toml")):
        with pytest.raises(gl.MissingFileError):
            call()
    with pytest.raises(gl.GraphlumeError, match="neither sweep.json nor an experiment"):
        gl.leaderboard(tmp_path)


def test_a_function_of_a_file_runs_within_its_budget(method, tmp_path):
    done = gl.run(f"{method}:degree", "bundled:disney", root=tmp_path, seed=4, power=0.5, timeout="2 min", memory="2 GiB")
    assert done.is_completed and done.error is None, (done.error, done.output)
    assert "reading disney" in done.output and done.seconds > 0 and done.folder.parent == (tmp_path / "experiments").resolve()
    assert done.json["status"]["resources"] == done.resources and "completed" in repr(done) and done.name in done._repr_html_()
    found = done.evaluate(resamples=0)
    assert found.roc_auc == gl.evaluate(done.folder, resamples=0).roc_auc and found.name == done.name
    late = gl.run(f"{method}:sleeps", "bundled:disney", root=tmp_path, timeout=0.5)
    assert late.state == "timeout" and "0.5 s" in late.error
    failed = gl.run(f"{method}:fails", "bundled:disney", root=tmp_path)
    assert failed.state == "failed" and "no such luck" in failed.error
    with pytest.raises(gl.GraphlumeError, match="no results"):
        failed.evaluate()


def test_a_function_itself_is_a_method(method, tmp_path):
    spec = importlib.util.spec_from_file_location("of_a_user", method)
    module = importlib.util.module_from_spec(spec)
    sys.modules["of_a_user"] = module
    try:
        spec.loader.exec_module(module)
        done = gl.run(module.degree, "bundled:disney", root=tmp_path)
        assert done.is_completed, done.error
        assert not (tmp_path / "experiments" / "functions").exists()
    finally:
        del sys.modules["of_a_user"]

    shift = 3.0

    def closure(data):
        return {"result_type": "NODE_ANOMALY_SCORES", "scores": [shift, 1.0], "ground_truth": [1, 0]}

    if importlib.util.find_spec("cloudpickle") is None:
        with pytest.raises(gl.InputError, match="closure.*install cloudpickle"):
            gl.run(closure, "bundled:disney", root=tmp_path)
        return
    done = gl.run(closure, "bundled:disney", root=tmp_path)
    assert done.is_completed and json.loads((done.folder / "results.json").read_text())["scores"] == [3.0, 1.0]
    assert len(list((tmp_path / "experiments" / "functions").iterdir())) == 1


def test_ctrl_c_ends_a_run_with_all_its_processes(method, tmp_path):
    timer = threading.Timer(2.0, lambda: signal.raise_signal(signal.SIGINT))
    timer.start()
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        gl.run(f"{method}:sleeps", "bundled:disney", root=tmp_path)
    assert time.monotonic() - begun < 20
    timer.join()
    (folder,) = (tmp_path / "experiments").glob("exp__*")
    assert json.loads((folder / "status.json").read_text())["status"] == "stopped"


def test_sweeps_go_on_and_end_in_a_leaderboard(tmp_path):
    spec = {"name": "small", "datasets": ["bundled:disney", "bundled:books"], "seeds": 2, "resamples": 0,
            "methods": [{"name": "degree"}, {"name": "isolation-forest", "parameters": {"trees": [5, 10]}}]}
    done = gl.sweep(spec, out=tmp_path / "s", in_process=True)
    assert done.report["n_trials"] == done.report["n_ran"] == 10 and done.report["states"] == {"completed": 10}
    again = gl.sweep(spec, out=tmp_path / "s", in_process=True)
    assert again.report["n_ran"] == 0 and again.report["n_known"] == 10 and "10 trials" in repr(again)
    board = again.leaderboard(title="<small>")
    assert board.title == "<small>" and board.metric == "roc_auc" and "# <small>" in str(board)
    table = board.to_table()
    assert len(table) == 6 and set(table["dataset"]) == {"disney", "books"}
    assert table.filter("method = 'degree'")["n_runs"].tolist() == [1, 1]
    assert board.to_polars().height == 6 and len(board.to_pandas()) == 6
    page = board._repr_html_()
    assert "&lt;small&gt;" in page and page.count("<tr>") == 4 and "<b>0." in page and "±" in page
    for name in ("a.html", "a.md", "a.csv", "all"):
        assert board.save(tmp_path / name).exists()
    assert (tmp_path / "all" / "leaderboard.json").exists()
    with pytest.raises(gl.InputError, match=r"\.html, \.md or \.csv"):
        board.save(tmp_path / "a.docx")
    with pytest.raises(gl.InputError, match="`metric`.*roc_auc"):
        again.leaderboard(metric="auc")
    text = tmp_path / "x.toml"
    text.write_text('datasets = ["bundled:disney"]\nresamples = 0\n[[methods]]\nname = "degree"\n')
    assert gl.sweep(text, out=tmp_path / "t").report["states"] == {"completed": 1}


def test_a_script_that_runs_its_own_function_ends(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import graphlume as gl\n\n"
        "def mine(data):\n"
        "    return {'result_type': 'NODE_ANOMALY_SCORES', 'scores': [1.0, 2.0], 'ground_truth': [0, 1]}\n\n"
        f"done = gl.run(mine, 'bundled:disney', root={str(tmp_path)!r}, timeout='1 min')\n"
        "print(done.state, done.output)\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)
    assert done.stdout.startswith("failed") and 'if __name__ == "__main__":' in done.stdout, (done.stdout, done.stderr)
    assert len(list((tmp_path / "experiments").glob("exp__*"))) == 1
    guarded = script.read_text().replace("done = ", "if __name__ == '__main__':\n    done = ").replace("print", "    print")
    script.write_text(guarded)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)
    assert done.stdout.startswith("completed"), (done.stdout, done.stderr)


def test_sweeps_take_functions(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "def by_place(data, step: int = 1, seed: int = 0):\n"
        "    return {'result_type': 'NODE_ANOMALY_SCORES', 'scores': [(i * step + seed) % 7 for i in range(10)],\n"
        "            'ground_truth': [i % 2 for i in range(10)]}\n"
    )
    entry = {"function": f"{file}:by_place", "label": "mine", "parameters": {"step": [1, 3]}}
    spec = {"name": "functions", "datasets": ["bundled:disney"], "seeds": 2, "resamples": 0, "methods": [entry]}
    done = gl.sweep(spec, out=tmp_path / "s")
    assert done.report["n_ran"] == 4 and done.report["states"] == {"completed": 4}
    assert gl.sweep(spec, out=tmp_path / "s").report["n_ran"] == 0
    # What the function does is part of what a trial is.
    file.write_text(file.read_text().replace("% 7", "% 5"))
    assert gl.sweep(spec, out=tmp_path / "s").report["n_ran"] == 4
    table = done.leaderboard().to_table()
    assert sorted(table["settings"]) == ["step=1", "step=3"] and set(table["method"]) == {"mine step=1", "mine step=3"} and table["n_runs"].tolist() == [2, 2]

    def here(data, seed=0):
        return {"result_type": "NODE_ANOMALY_SCORES", "scores": [0.1, 0.9], "ground_truth": [0, 1]}

    done = gl.sweep({**spec, "methods": [{"function": here}]}, out=tmp_path / "t")
    assert done.report["states"] == {"completed": 2}
    for entry, said in [
        ({"function": "mine.txt:f"}, "FILE.py:NAME"),
        ({"function": f"{tmp_path}/none.py:f"}, "none.py"),
        ({"function": f"{file}:by_place", "name": "degree"}, "degree, .*mine.py:by_place"),
        ({}, "none of them"),
    ]:
        with pytest.raises(gl.GraphlumeError, match=said):
            gl.sweep({**spec, "methods": [entry]}, out=tmp_path / "u")
    with pytest.raises(gl.GraphlumeError, match="only detectors can run in this process"):
        gl.sweep({**spec, "methods": [{"function": here}]}, out=tmp_path / "u", in_process=True)
