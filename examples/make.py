#!/usr/bin/env python3
"""Makes notebooks of the examples, which are Python files with cells between lines of `# %%`.

    python examples/make.py [--run] [--out FOLDER] [--images] [EXAMPLE...]

Without `--run` the notebooks have no outputs; they go beside the sources, where Jupyter, VS Code and others open them. With it
each is run with the Python that runs this, which needs nbclient and ipykernel, and holds what its cells show; `--images` also writes
pictures that they show to files of their own. The last line counts them, and the exit code is 1 if one failed.
"""

import argparse
import base64
import json
import re
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


def cells(text):
    """The cells of a source: markdown if their first line says so, else code."""
    for part in re.split(r"^# %%", text, flags=re.MULTILINE)[1:]:
        head, _, body = part.partition("\n")
        body = body.strip("\n")
        kind = "markdown" if "[markdown]" in head else "code"
        if kind == "markdown":
            body = "\n".join(re.sub(r"^# ?", "", line) for line in body.split("\n"))
        yield kind, body


def notebook(source):
    """The notebook of a source, in Jupyter's format 4.5."""
    made = []
    for at, (kind, body) in enumerate(cells(source.read_text())):
        cell = {"cell_type": kind, "id": f"{source.stem[:40]}-{at}", "metadata": {}, "source": body.splitlines(keepends=True)}
        made.append(cell | ({"execution_count": None, "outputs": []} if kind == "code" else {}))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": made, "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 5}


def run(made):
    """The notebook with what its cells show."""
    import nbformat
    from nbclient import NotebookClient

    node = nbformat.reads(json.dumps(made), as_version=4)
    NotebookClient(node, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(HERE)}}).execute()
    return json.loads(nbformat.writes(node))


def pictures(made):
    """The PNGs that cells show."""
    shown = (output.get("data", {}).get("image/png") for cell in made["cells"] for output in cell.get("outputs", []))
    return [base64.b64decode(png) for png in shown if png]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("examples", nargs="*")
    parser.add_argument("--run", action="store_true")
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--images", action="store_true")
    options = parser.parse_args()
    known = sorted(path for path in HERE.glob("*.py") if path.name != "make.py")
    sources = [path for path in known if not options.examples or path.stem in options.examples]
    options.out.mkdir(parents=True, exist_ok=True)
    failed = 0
    for source in sources:
        began, made = time.perf_counter(), notebook(source)
        if options.run:
            try:
                made = run(made)
                shown = pictures(made)
                if not shown:
                    raise ValueError("it shows no picture")
            except Exception as error:  # whatever a notebook may raise
                failed += 1
                print(f"{source.stem}: failed: {error}")
                continue
            for at, png in enumerate(shown if options.images else [], 1):
                (options.out / f"{source.stem}-{at}.png").write_bytes(png)
            print(f"{source.stem}: {len(shown)} pictures, {time.perf_counter() - began:.0f} s", flush=True)
        (options.out / f"{source.stem}.ipynb").write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n")
    print(f"{len(sources) - failed} notebooks, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
