#!/usr/bin/env python3
"""Communities: graphlume against networkit.

    python3 benches/community.py --write benches/results/community.md [GRAPH...]

Every program runs in a fresh process with two threads, by turns, on the same simple undirected
graph; only the algorithm is timed. First R-MAT scale 20 with 10 million edges (0.57, 0.19, 0.19,
0.05), then each GRAPH that is given (a file that graphlume reads). Modularity is that of the peer's
own function for the peer, of ours for ours. The peers come from PyPI into a virtual environment
under target/, unless --python names an interpreter that has them.
"""

import argparse
import os
import pathlib
import statistics
import subprocess

from machine import CLOCK, ROOT, bench_program, by_turns, environment, least, processor

PACKAGES = ["networkit", "numpy"]
ALGORITHMS = {"louvain": "PLM", "leiden": "ParallelLeiden", "label_propagation": "PLP"}

NETWORKIT = CLOCK + """
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("graphs", nargs="*", type=pathlib.Path)
    parser.add_argument("--scale", type=int, default=20)
    parser.add_argument("--edges", type=int, default=10_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=ALGORITHMS, default=list(ALGORITHMS))
    parser.add_argument("--skip-rmat", action="store_true", help="measure the given graphs only")
    parser.add_argument("--python", help="an interpreter that has " + ", ".join(PACKAGES))
    parser.add_argument("--program", help="our side, if it is built already")
    parser.add_argument("--write", type=pathlib.Path, help="write the tables to this file")
    options = parser.parse_args()

    python = options.python or environment("community", PACKAGES)
    own = options.program or bench_program("community")
    load = os.getloadavg()[0]
    folder = ROOT / "target" / "bench-data"
    folder.mkdir(parents=True, exist_ok=True)
    rmat = folder / f"rmat-{options.scale}-{options.edges}.pairs"
    if not options.skip_rmat and not rmat.exists():
        generate = [own, "generate", str(options.scale), str(options.edges), str(rmat)]
        subprocess.run(generate, check=True)
    graphs = [] if options.skip_rmat else [(f"R-MAT {options.scale}, {options.edges:,} edges", rmat)]
    for path in options.graphs:
        pairs = folder / f"{path.stem}.pairs"
        subprocess.run([own, "convert", str(path), str(pairs)], check=True)
        graphs.append((path.stem, pairs))

    versions = set()
    lines = [
        "| graph | algorithm | peer wall s | own wall s | ratio | peer CPU s | own CPU s "
        "| peer Q | own Q | peer MB | own MB |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name, pairs in graphs:
        for algorithm in options.only:
            peer = ALGORITHMS[algorithm]
            found = by_turns(
                {"peer": [python, "-c", NETWORKIT, pairs, peer], "own": [own, "run", pairs, algorithm]},
                options.repeats,
            )
            a, b = found["peer"], found["own"]
            versions.add(a[0]["version"])
            quality = [statistics.median(run["modularity"] for run in runs) for runs in (a, b)]
            cells = [
                name, f"{algorithm} ({peer})",
                f"{least(a, 'wall'):.3f}", f"{least(b, 'wall'):.3f}",
                f"{least(a, 'wall') / least(b, 'wall'):.1f}",
                f"{least(a, 'cpu'):.3f}", f"{least(b, 'cpu'):.3f}",
                f"{quality[0]:.4f}", f"{quality[1]:.4f}",
                f"{least(a, 'peak_mb'):.0f}", f"{least(b, 'peak_mb'):.0f}",
            ]
            lines.append("| " + " | ".join(cells) + " |")
            print(lines[-1], flush=True)

    head = [
        "# Communities against networkit",
        "",
        f"{processor()}, 2 threads, {', '.join(sorted(versions))}; load average {load:.1f} at the start. "
        f"Least time of {options.repeats} runs, by turns, the algorithm alone; median modularity Q. "
        "Ratios are of wall times.",
        "",
    ]
    if options.write:
        options.write.parent.mkdir(parents=True, exist_ok=True)
        options.write.write_text("\n".join(head + lines) + "\n")


main()
