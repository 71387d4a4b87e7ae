#!/usr/bin/env python3
"""Communities and features: graphlume against networkit, igraph, scikit-learn and umap-learn.

    python3 benches/community.py --write benches/results/community.md [GRAPH...]

Every program runs in a fresh process with two threads, by turns, on the same simple undirected
graph; only the algorithm is timed. First R-MAT scale 20 with 10 million edges (0.57, 0.19, 0.19,
0.05), then each GRAPH that is given (a file that graphlume reads). Modularity is that of the peer's
own function for the peer, of ours for ours. The peers come from the interpreter in $PEERS, or from
PyPI into a virtual environment under target/.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

from machine import processor

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGES = ["networkit", "numpy", "scikit-learn", "umap-learn"]
ALGORITHMS = {"louvain": "PLM", "leiden": "ParallelLeiden", "label_propagation": "PLP"}

PEER = """
import json, resource, sys, time
def measured(work):
    base, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    work()
    wall, used = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    cpu = used.ru_utime + used.ru_stime - base.ru_utime - base.ru_stime
    return {"wall": wall, "cpu": cpu, "peak_mb": used.ru_maxrss / 1000}
"""

NETWORKIT = PEER + """
import numpy as np, networkit as nk
nk.setNumberOfThreads(2)
pairs = np.fromfile(sys.argv[1], dtype="<u4").reshape(-1, 2)
n, ends = int(pairs[0, 0]), pairs[1:].astype(np.uint64)
graph = nk.GraphFromCoo((ends[:, 0].copy(), ends[:, 1].copy()), n=n, directed=False)
work = getattr(nk.community, sys.argv[2])(graph)
found = measured(work.run)
parts = work.getPartition()
found["modularity"] = nk.community.Modularity().getQuality(parts, graph)
found["n_communities"] = parts.numberOfSubsets()
found["version"] = "networkit " + nk.__version__
print(json.dumps(found))
"""

NEAREST = PEER + """
import numpy as np, sklearn
from sklearn.neighbors import NearestNeighbors
rows = np.fromfile(sys.argv[1], dtype="<f4").reshape(-1, int(sys.argv[2]))
def work():
    nearest = NearestNeighbors(n_neighbors=15, algorithm="brute").fit(rows)
    nearest.kneighbors()[1].astype("<u4").tofile(sys.argv[3])
found = measured(work)
found["version"] = "scikit-learn " + sklearn.__version__
print(json.dumps(found))
"""

UMAP = PEER + """
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

DATA = """
import sys
import numpy as np
from sklearn import datasets
folder = sys.argv[1]
digits = datasets.load_digits().data.astype("<f4")
digits.tofile(folder + "/digits.f32")
datasets.load_iris().data.astype("<f4").tofile(folder + "/iris.f32")
rng = np.random.default_rng(1)
centers = rng.normal(size=(50, 64)) * 2
rows = centers[rng.integers(0, 50, 20000)] + rng.normal(size=(20000, 64))
rows.astype("<f4").tofile(folder + "/blobs.f32")
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
a, b = (np.fromfile(path, dtype="<u4").reshape(-1, 15) for path in sys.argv[1:3])
print(np.mean([len(np.intersect1d(x, y)) / 15 for x, y in zip(a, b)]))
"""


def peers() -> str:
    """Path of a Python that has the peers; installs them if need be."""
    if "PEERS" in os.environ:
        return os.environ["PEERS"]
    folder = ROOT / "target" / "bench-peers"
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    return str(python)


def program() -> str:
    """Path of our side, built for release."""
    build = ["cargo", "build", "--release", "--package", "graphlume-etl", "--no-default-features",
             "--bench", "community", "--message-format=json"]
    output = subprocess.run(build, check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True).stdout
    for line in output.splitlines():
        message = json.loads(line)
        if message.get("executable") and message["target"]["name"] == "community":
            return message["executable"]
    sys.exit("cargo built no bench")


def output(command: list) -> str:
    environment = {**os.environ, "RAYON_NUM_THREADS": "2", "OMP_NUM_THREADS": "2",
                   "OPENBLAS_NUM_THREADS": "2", "NUMBA_NUM_THREADS": "2"}
    command = [str(part) for part in command]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment, check=True)
    return done.stdout.strip().splitlines()[-1]


def by_turns(commands: dict, repeats: int) -> dict:
    """Results of each command, a run of each after another."""
    found = {name: [] for name in commands}
    for _ in range(repeats):
        for name, command in commands.items():
            found[name].append(json.loads(output(command)))
    return found


def least(runs: list, key: str) -> float:
    return min(run[key] for run in runs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("graphs", nargs="*", type=pathlib.Path)
    parser.add_argument("--scale", type=int, default=20)
    parser.add_argument("--edges", type=int, default=10_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--skip-rows", action="store_true", help="leave nearest neighbors and UMAP out")
    parser.add_argument("--write", type=pathlib.Path, help="write the tables to this file")
    options = parser.parse_args()

    python, own = peers(), program()
    folder = ROOT / "target" / "bench-data"
    folder.mkdir(parents=True, exist_ok=True)
    rmat = folder / f"rmat-{options.scale}-{options.edges}.pairs"
    if not rmat.exists():
        generate = [own, "generate", str(options.scale), str(options.edges), str(rmat)]
        subprocess.run(generate, check=True)
    graphs = [(f"R-MAT {options.scale}, {options.edges:,} edges", rmat)]
    for path in options.graphs:
        pairs = folder / f"{path.stem}.pairs"
        subprocess.run([own, "convert", str(path), str(pairs)], check=True)
        graphs.append((path.stem, pairs))

    versions = set()
    lines = [
        "| graph | algorithm | peer CPU s | own CPU s | ratio | peer wall s | own wall s "
        "| peer Q | own Q | peer MB | own MB |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name, pairs in graphs:
        for algorithm, peer in ALGORITHMS.items():
            found = by_turns(
                {"peer": [python, "-c", NETWORKIT, pairs, peer], "own": [own, "run", pairs, algorithm]},
                options.repeats,
            )
            a, b = found["peer"], found["own"]
            versions.add(a[0]["version"])
            quality = [statistics.median(run["modularity"] for run in runs) for runs in (a, b)]
            cells = [
                name, f"{algorithm} ({peer})",
                f"{least(a, 'cpu'):.2f}", f"{least(b, 'cpu'):.2f}",
                f"{least(a, 'cpu') / max(least(b, 'cpu'), 0.01):.1f}",
                f"{least(a, 'wall'):.2f}", f"{least(b, 'wall'):.2f}",
                f"{quality[0]:.4f}", f"{quality[1]:.4f}",
                f"{least(a, 'peak_mb'):.0f}", f"{least(b, 'peak_mb'):.0f}",
            ]
            lines.append("| " + " | ".join(cells) + " |")
            print(lines[-1], flush=True)

    if not options.skip_rows:
        subprocess.run([python, "-c", DATA, str(folder)], check=True)
        lines += [
            "",
            "| rows | algorithm | peer CPU s | own CPU s | ratio | peer wall s | own wall s "
            "| peer quality | own quality |",
            "|---|---|--:|--:|--:|--:|--:|--:|--:|",
        ]
        data = [("iris", 4), ("digits", 64), ("blobs", 64)]
        for name, d in data:
            rows = folder / f"{name}.f32"
            for algorithm, peer in [("nearest", NEAREST), ("umap", UMAP)]:
                if (name, algorithm) == ("blobs", "umap"):
                    continue
                outs = [folder / f"{name}.{algorithm}.{side}" for side in ("peer", "own")]
                found = by_turns(
                    {"peer": [python, "-c", peer, rows, d, outs[0]],
                     "own": [own, "rows", rows, d, algorithm, outs[1]]},
                    options.repeats,
                )
                a, b = found["peer"], found["own"]
                versions.add(a[0]["version"])
                if algorithm == "nearest":
                    same = float(output([python, "-c", SAME, *outs]))
                    quality = ["1", f"{same:.4f} of the peer's"]
                else:
                    trust = [float(output([python, "-c", TRUST, rows, d, path])) for path in outs]
                    quality = [f"trust {value:.4f}" for value in trust]
                cells = [
                    f"{name}", algorithm, f"{least(a, 'cpu'):.2f}", f"{least(b, 'cpu'):.2f}",
                    f"{least(a, 'cpu') / max(least(b, 'cpu'), 0.01):.1f}",
                    f"{least(a, 'wall'):.2f}", f"{least(b, 'wall'):.2f}", *quality,
                ]
                lines.append("| " + " | ".join(cells) + " |")
                print(lines[-1], flush=True)

    head = [
        "# Communities and features against other libraries",
        "",
        f"{processor()}, 2 threads, {', '.join(sorted(versions))}; load average {os.getloadavg()[0]:.1f}. "
        f"Least time of {options.repeats} runs, by turns, the algorithm alone; median modularity Q. "
        "CPU seconds of ours have a resolution of 0.01. On a loaded machine compare CPU seconds.",
        "",
    ]
    if options.write:
        options.write.parent.mkdir(parents=True, exist_ok=True)
        options.write.write_text("\n".join(head + lines) + "\n")


main()
