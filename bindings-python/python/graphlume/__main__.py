"""``python -m graphlume`` is the command ``graphlume``."""

from ._command import main

main()
