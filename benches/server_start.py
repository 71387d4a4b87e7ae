#!/usr/bin/env python3
"""How long the server takes from its start to its first answer, with an empty folder and with one that holds something.

usage: benches/server_start.py [--program target/release/graphlume-server] [--runs 21] [--datasets 200] [--write FILE.md]

Needs nothing but Python. From the call that starts the program until `/health` is answered; the program is in the
system's cache of files after the first start, which is not counted.
"""

import argparse
import datetime
import os
import statistics
import subprocess
import tempfile

from machine import processor
from server_process import Server, edges, percentile


def starts(program, runs, folder_of):
    """Seconds of each start, after one that is not counted."""
    taken = []
    for run in range(runs + 1):
        with Server(program, folder_of(run)) as server:
            if run > 0:
                taken.append(server.start_secs)
    return taken


def row(name, taken):
    p50, p95 = statistics.median(taken), percentile(taken, 95)
    return f"| {name} | {1000 * p50:.0f} | {1000 * p95:.0f} | {1000 * max(taken):.0f} |"


def version(program):
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="target/release/graphlume-server")
    parser.add_argument("--runs", type=int, default=21)
    parser.add_argument("--datasets", type=int, default=200, help="how many the folder holds that is not empty")
    parser.add_argument("--write", metavar="FILE", help="where to add the table")
    args = parser.parse_args()

    with tempfile.TemporaryDirectory() as scratch:
        empty = starts(args.program, args.runs, lambda run: os.path.join(scratch, f"empty-{run}"))
        full = os.path.join(scratch, "full")
        with Server(args.program, full) as server:
            for at in range(args.datasets):
                status, body = server.request("POST", f"/api/v1/datasets?name={at}.csv", edges(at, 1000))
                assert status == 201, (status, body)
        held = starts(args.program, args.runs, lambda _: full)
    table = "\n".join([
        "| folder | median, ms | p95, ms | slowest, ms |",
        "|---|--:|--:|--:|",
        row("empty: the database is made", empty),
        row(f"{args.datasets} datasets of 1,000 edges", held),
    ])
    print(table)
    if args.write:
        with open(args.write, "a", encoding="utf-8") as file:
            file.write(f"\n## {version(args.program)}, {datetime.date.today()}\n\n{processor()}, {os.cpu_count()} cores, "
                       f"{os.path.getsize(args.program) / 1e6:.0f} MB of program, {args.runs} starts each.\n\n{table}\n")


if __name__ == "__main__":
    main()
