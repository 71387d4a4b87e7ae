"""What benches against other programs share: the machine, the other programs, and ours."""

import json
import pathlib
import platform
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


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


def bench_program(name: str) -> str:
    """Builds a bench of graphlume-etl and returns its path."""
    command = ["cargo", "bench", "-p", "graphlume-etl", "--no-default-features", "--bench", name,
               "--no-run", "--message-format=json"]
    built = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    messages = [json.loads(line) for line in built.stdout.splitlines() if line.startswith("{")]
    return next(message["executable"] for message in messages
                if message.get("target", {}).get("name") == name and message.get("executable"))
