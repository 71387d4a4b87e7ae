#!/usr/bin/env python3
"""Rows and pairs: graphlume against scikit-learn, pynndescent, umap-learn and igraph, in one run.

    python3 benches/features.py --write benches/results/features.md

Every program runs in a fresh process with two threads, by turns, on the same data; only the
algorithm is timed. The libraries come from PyPI into a virtual environment under target/, unless
--python names an interpreter that has them.
"""

import argparse
import os
import pathlib
import subprocess

from machine import CLOCK, ROOT, bench_program, by_turns, environment, least, output, processor

PACKAGES = ["igraph", "numpy", "scikit-learn", "umap-learn"]

NEAREST = CLOCK + """
import numpy as np, sklearn
from sklearn.neighbors import NearestNeighbors
rows = np.fromfile(sys.argv[1], dtype="<f4").reshape(-1, int(sys.argv[2]))
def work():
    nearest = NearestNeighbors(n_neighbors=int(sys.argv[3]), algorithm="brute").fit(rows)
    nearest.kneighbors()[1].astype("<u4").tofile(sys.argv[4])
found = measured(work)
found["version"] = "scikit-learn " + sklearn.__version__
print(json.dumps(found))
"""

DESCENT = CLOCK + """
import warnings
warnings.filterwarnings("ignore")
import numpy as np, pynndescent
rows = np.fromfile(sys.argv[1], dtype="<f4").reshape(-1, int(sys.argv[2]))
k = int(sys.argv[3])
pynndescent.NNDescent(rows[:500], n_neighbors=k + 1, n_jobs=2)  # compiles
def work():
    found = pynndescent.NNDescent(rows, n_neighbors=k + 1, n_jobs=2, random_state=0)
    # The first is the row itself.
    found.neighbor_graph[0][:, 1:].astype("<u4").tofile(sys.argv[4])
found = measured(work)
found["version"] = "pynndescent " + pynndescent.__version__
print(json.dumps(found))
"""

UMAP = CLOCK + """
import warnings
warnings.filterwarnings("ignore")
import numpy as np, umap
rows = np.fromfile(sys.argv[1], dtype="<f4").reshape(-1, int(sys.argv[2]))
umap.UMAP(n_epochs=2).fit(rows[:200])  # compiles
def work():
    umap.UMAP(random_state=0).fit_transform(rows).astype("<f4").tofile(sys.argv[3])
found = measured(work)
found["version"] = "umap-learn " + umap.__version__
print(json.dumps(found))
"""

IGRAPH = CLOCK + """
import numpy as np, igraph
pairs = np.fromfile(sys.argv[1], dtype="<u4").reshape(-1, 2)
graph = igraph.Graph(n=int(pairs[0, 0]), edges=pairs[1:].tolist())
version = "igraph " + igraph.__version__
"""

WALKS = IGRAPH + """
length = int(sys.argv[2])
def work():
    for node in range(graph.vcount()):
        graph.random_walk(node, length - 1, mode="all", stuck="return")
print(json.dumps(measured(work) | {"version": version}))
"""

SIMILARITY = IGRAPH + """
asked = np.fromfile(sys.argv[2], dtype="<u4").reshape(-1, 2).tolist()
def work():
    scores = graph.similarity_jaccard(pairs=asked, loops=False)
    np.array(scores, dtype="<f8").tofile(sys.argv[3])
print(json.dumps(measured(work) | {"version": version}))
"""

DATA = """
import sys
import numpy as np
from sklearn import datasets
folder = sys.argv[1]
datasets.load_digits().data.astype("<f4").tofile(folder + "/digits.f32")
datasets.load_iris().data.astype("<f4").tofile(folder + "/iris.f32")
rng = np.random.default_rng(1)
centers = rng.normal(size=(50, 64)) * 2
rows = centers[rng.integers(0, 50, 20000)] + rng.normal(size=(20000, 64))
rows.astype("<f4").tofile(folder + "/blobs.f32")
# Without groups, and so with hubs: hard for all that search in graphs.
rng.normal(size=(20000, 64)).astype("<f4").tofile(folder + "/noise.f32")
n = 100_000
ends = (n * rng.random((1_000_000, 2)) ** 3).astype("<u4")
ends.sort(axis=1)
ends = np.unique(ends[ends[:, 0] < ends[:, 1]], axis=0)
np.concatenate([[[n, 0]], ends]).astype("<u4").tofile(folder + "/power.pairs")
# Half of them neighbors, half anywhere.
asked = np.concatenate([ends[rng.integers(0, len(ends), 100_000)], rng.integers(0, n, (100_000, 2))])
asked.astype("<u4").tofile(folder + "/asked.pairs")
"""

TRUST = """
import sys
import numpy as np
from sklearn.manifold import trustworthiness
rows = np.fromfile(sys.argv[1], dtype="<f4").reshape(-1, int(sys.argv[2]))
print(trustworthiness(rows, np.fromfile(sys.argv[3], dtype="<f4").reshape(-1, 2), n_neighbors=15))
"""

SAME = """
import sys
import numpy as np
k = int(sys.argv[1])
a, b = (np.fromfile(path, dtype="<u4").reshape(-1, k) for path in sys.argv[2:4])
print(np.mean([len(np.intersect1d(x, y)) / k for x, y in zip(a, b)]))
"""

FAR = """
import sys
import numpy as np
a, b = (np.fromfile(path, dtype="<f8") for path in sys.argv[1:3])
print(np.abs(a - b).max())
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--python", help="an interpreter that has " + ", ".join(PACKAGES))
    parser.add_argument("--program", help="our side, if it is built already")
    parser.add_argument("--only", nargs="*", default=["nearest", "approximate", "umap", "pairs"])
    parser.add_argument("--write", type=pathlib.Path, help="write the table to this file")
    options = parser.parse_args()

    python = options.python or environment("features", PACKAGES)
    own = options.program or bench_program("features")
    load = os.getloadavg()[0]
    folder = ROOT / "target" / "bench-data"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "asked.pairs").exists():
        subprocess.run([python, "-c", DATA, str(folder)], check=True)
    versions = set()
    lines = [
        "| what | of | quality | wall s | CPU s | library | its quality | wall s | CPU s | × wall | × CPU |",
        "|---|---|--:|--:|--:|---|--:|--:|--:|--:|--:|",
    ]

    def row(what: str, of: str, ours: list, theirs: list, qualities) -> None:
        """Measures both sides; `qualities` gives theirs and ours."""
        found = by_turns({"peer": theirs, "own": ours}, options.repeats)
        peer, mine = found["peer"], found["own"]
        versions.add(peer[0]["version"])
        quality = qualities()
        cells = [what, of, quality[1], f"{least(mine, 'wall'):.3f}", f"{least(mine, 'cpu'):.3f}",
                 peer[0]["version"].split()[0], quality[0], f"{least(peer, 'wall'):.3f}",
                 f"{least(peer, 'cpu'):.3f}", f"{least(peer, 'wall') / least(mine, 'wall'):.1f}",
                 f"{least(peer, 'cpu') / least(mine, 'cpu'):.1f}"]
        lines.append("| " + " | ".join(cells) + " |")
        print(lines[-1], flush=True)

    data = {"iris": 4, "digits": 64, "blobs": 64, "noise": 64}
    for name in ["digits", "blobs", "noise"] if "nearest" in options.only else []:
        rows, d = folder / f"{name}.f32", data[name]
        outs = [folder / f"{name}.nearest.{side}" for side in ("peer", "own")]
        row("exact neighbors, k = 15", name, [own, "nearest", rows, d, 15, outs[1]],
            [python, "-c", NEAREST, rows, d, 15, outs[0]],
            lambda: ["1", f"{float(output([python, '-c', SAME, 15, *outs])):.4f} the same"])
    for name in ["blobs", "noise"] if "approximate" in options.only else []:
        rows, d, exact = folder / f"{name}.f32", data[name], folder / f"{name}.exact"
        output([own, "nearest", rows, d, 10, exact])
        for width in [16, 64, 256]:
            outs = [folder / f"{name}.approximate.{side}" for side in ("peer", "own")]
            recall = lambda out: f"recall {float(output([python, '-c', SAME, 10, exact, out])):.4f}"
            row(f"`Hnsw`, k = 10, width {width}", name, [own, "hnsw", rows, d, 10, width, outs[1]],
                [python, "-c", DESCENT, rows, d, 10, outs[0]], lambda: [recall(out) for out in outs])
    for name in ["iris", "digits"] if "umap" in options.only else []:
        rows, d = folder / f"{name}.f32", data[name]
        outs = [folder / f"{name}.umap.{side}" for side in ("peer", "own")]
        trust = lambda out: f"trust {float(output([python, '-c', TRUST, rows, d, out])):.4f}"
        row("UMAP", name, [own, "umap", rows, d, outs[1]], [python, "-c", UMAP, rows, d, outs[0]],
            lambda: [trust(out) for out in outs])
    if "pairs" in options.only:
        graph, asked = folder / "power.pairs", folder / "asked.pairs"
        row("walks of 20 nodes, one from each", "power law", [own, "walks", graph, 20],
            [python, "-c", WALKS, graph, 20], lambda: ["", ""])
        outs = [folder / f"similarity.{side}" for side in ("peer", "own")]
        row("Jaccard of 200,000 pairs", "power law", [own, "similarity", graph, asked, outs[1]],
            [python, "-c", SIMILARITY, graph, asked, outs[0]],
            lambda: ["", f"{float(output([python, '-c', FAR, *outs])):.0e} apart"])

    head = [
        "# Rows and pairs against other libraries",
        "",
        f"{processor()}, 2 threads, {', '.join(sorted(versions))}; load average {load:.1f} at the start. "
        f"Least time of {options.repeats} runs, by turns, the algorithm alone.",
        "",
        "`digits` is 1,797 rows of 64 columns, `iris` 150 of 4, `blobs` and `noise` 20,000 of 64, in 50 groups and "
        "without any; the graph has 100,000 nodes and a million edges, fewer after merging.",
        "",
    ]
    if options.write:
        options.write.write_text("\n".join(head + lines) + "\n")


main()
