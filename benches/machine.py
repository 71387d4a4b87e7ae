"""What benches against other programs share: the machine, the other programs, and ours."""

import json
import os
import pathlib
import platform
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# The head of a script that measures another program: what `work` takes, without its start.
CLOCK = """
import json, resource, sys, time
def measured(work):
    base, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    work()
    wall, used = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    cpu = used.ru_utime + used.ru_stime - base.ru_utime - base.ru_stime
    return {"wall": wall, "cpu": cpu, "peak_mb": used.ru_maxrss / 1000}
"""


def processor() -> str:
    """Name of the processor, as the kernel gives it."""
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def environment(name: str, packages: list[str]) -> pathlib.Path:
    """A Python that has the packages, in a virtual environment under target/."""
    home = ROOT / "target" / f"bench-{name}"
    python = home / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *packages], check=True)
    return python


def bench_program(name: str, package: str = "graphlume-etl") -> str:
    """Builds a bench of the package and returns its path."""
    command = ["cargo", "bench", "-p", package, "--no-default-features", "--features", "allocator",
               "--bench", name, "--no-run", "--message-format=json"]
    built = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    messages = [json.loads(line) for line in built.stdout.splitlines() if line.startswith("{")]
    return next(message["executable"] for message in messages
                if message.get("target", {}).get("name") == name and message.get("executable"))


def output(command: list) -> str:
    """The last line that a command prints, with two threads for whatever it computes with."""
    threads = {**os.environ, "RAYON_NUM_THREADS": "2", "OMP_NUM_THREADS": "2",
               "OPENBLAS_NUM_THREADS": "2", "NUMBA_NUM_THREADS": "2"}
    command = [str(part) for part in command]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=threads, check=True)
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
