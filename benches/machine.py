"""What every bench against other programs says of the machine."""

import pathlib
import platform


def processor() -> str:
    """Name of the processor, as the kernel gives it."""
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
