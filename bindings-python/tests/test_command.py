"""The command that comes with the package."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

import graphlume as gl

COMMAND = str(Path(sys.executable).parent / "graphlume")


def run(*arguments, **options):
    return subprocess.run([COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=120, **options)


def test_it_is_the_command():
    assert run("--version").stdout == f"graphlume {gl.__version__}\n"
    done = run()
    assert done.returncode == 2 and "Usage: graphlume" in done.stderr
    module = subprocess.run([sys.executable, "-m", "graphlume", "--help"], capture_output=True, text=True, timeout=60)
    assert module.returncode == 0 and module.stdout.startswith("Load a big graph")


def test_it_lays_out_as_the_library_does(tmp_path):
    edges = np.random.default_rng(3).integers(0, 40, (100, 2))
    graph = gl.Graph(edges)
    graph.write(tmp_path / "edges.csv")
    done = run("layout", tmp_path / "edges.csv", "-o", tmp_path / "nodes.csv", "--iterations", 30, "--device", "cpu")
    assert done.returncode == 0, done.stderr
    written = np.genfromtxt(tmp_path / "nodes.csv", delimiter=",", names=True)
    ours = gl.read(tmp_path / "edges.csv").layout(iterations=30, device="cpu").positions
    assert np.array_equal(written["x"].astype(np.float32), ours[:, 0])


def test_it_starts_itself_for_detectors(tmp_path):
    (tmp_path / "s.toml").write_text(
        'datasets = ["bundled:disney"]\nresamples = 0\n[[methods]]\nname = "degree"\n'
    )
    done = run("sweep", tmp_path / "s.toml", "-o", tmp_path / "out", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["states"] == {"completed": 1}
