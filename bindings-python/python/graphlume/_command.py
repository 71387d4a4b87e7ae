"""The command ``graphlume``: the same as the program of this name, from the same code."""

from __future__ import annotations

import shutil
import sys
import sysconfig
from pathlib import Path

from . import _native


def program() -> str:
    """The program that is this command, for processes that do a part of its work."""
    schemes = (sysconfig.get_default_scheme(), sysconfig.get_preferred_scheme("user"))
    for scheme in schemes:
        for name in ("graphlume", "graphlume.exe"):
            own = Path(sysconfig.get_path("scripts", scheme)) / name
            if own.exists():
                return str(own)
    return shutil.which("graphlume") or str(Path(sys.argv[0]).resolve())


def main() -> None:
    """Runs the command with the arguments of this process, and exits with its code."""
    sys.stdout.flush()
    sys.exit(_native.main(program(), sys.argv[1:]))
