"""Notebooks as people have them: in JupyterLab, in a browser, and as pages that were exported."""

import io
import subprocess
import sys
import time

import numpy as np
import pytest
from conftest import notebook

# Nodes far from each other, and one edge, in a corner: what is under the mouse in the middle is a node.
WIDGET = """
import graphlume as gl
import numpy as np
g = gl.Graph({"source": [0], "target": [1]}, nodes={"id": range(36)}).with_nodes(x=100.0 * (np.arange(36) % 6), y=100.0 * (np.arange(36) // 6))
w = g.widget(height=460, node_scale=3.0)
w
"""


def colors(picture):
    """How many pixels of each color a picture in PNG has."""
    image = pytest.importorskip("PIL.Image").open(io.BytesIO(picture)).convert("RGB")
    return np.unique(np.asarray(image).reshape(-1, 3), axis=0, return_counts=True)[1]


def is_drawn(picture):
    """Whether it is more than a background and some words: hundreds of pixels are of many other colors."""
    counts = colors(picture)
    return len(counts) > 50 and counts.sum() - counts.max() > 2000


def wait_for(page, question, what):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if question():
            return
        page.wait_for_timeout(200)
    page.screenshot(path="what-was-seen.png")
    pytest.fail(f"{what} within a minute")


def node_under_the_mouse(page, canvas):
    """A place of the page where there is a node: the mouse is a hand there, and stays one."""
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()

    def is_hand_at(where, wait):
        page.mouse.move(*where)
        page.wait_for_timeout(wait)
        return canvas.evaluate("canvas => getComputedStyle(canvas).cursor") == "pointer"

    # Every so many pixels, in the middle: on the left and right may be panels.
    for y in np.arange(0.3, 0.8, 0.02):
        row = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x in np.arange(0.45, 0.75, 0.01)]
        for at, where in enumerate(row):
            if not is_hand_at(where, 15):
                continue
            # The page looks after each frame at most, and less often where that takes long: the node may lie some
            # steps back. Half a second is twice as long as it ever waits.
            for back in reversed(row[: at + 1]):
                if is_hand_at(back, 500) and is_hand_at(back, 500):
                    return back
    pytest.fail("there is no node under the mouse anywhere")


def test_a_graph_is_seen_dragged_and_selected_in_jupyterlab(open_notebook):
    notebook = open_notebook("widget.ipynb", WIDGET)
    page, ask = notebook.page, notebook.ask
    canvas = page.locator(".jp-OutputArea canvas").first
    failed = page.locator("[data-mime-type='application/vnd.jupyter.error']")
    canvas.or_(failed).first.wait_for()
    assert failed.count() == 0, failed.first.inner_text()
    canvas.scroll_into_view_if_needed()
    wait_for(page, lambda: is_drawn(canvas.screenshot()), "the canvas shows no graph")
    assert ask("print(w.selected, w.pinned)") == "[] []"

    x, y = node_under_the_mouse(page, canvas)
    page.mouse.click(x, y)
    wait_for(page, lambda: ask("print(len(w.selected))") == "1", "a click selects no node")
    chosen = int(ask("print(w.selected[0])"))
    assert chosen in range(36)

    # A panel has opened, and the picture made room for it.
    page.wait_for_timeout(1000)
    x, y = node_under_the_mouse(page, canvas)
    page.mouse.down()
    for step in range(1, 11):
        page.mouse.move(x + 4 * step, y + 3 * step)
        page.wait_for_timeout(20)
    page.mouse.up()
    moved = "moved = np.abs(w.graph.positions - g.positions).max(1)\nprint((moved > 1).sum(), int(moved.argmax()))"
    wait_for(page, lambda: ask(moved).startswith("1 "), "a drag moves no node of the kernel's layout")
    # It is let go when the button is.
    wait_for(page, lambda: ask("print(w.pinned)") == "[]", "a node stays pinned")

    # And what the kernel does is seen.
    still = canvas.screenshot()
    assert ask("w.play(200)\nprint(w.wait(60), w.error)") == "True None"
    wait_for(page, lambda: canvas.screenshot() != still, "the picture stands still while the layout moves")
    assert ask("w.selected = [3, 4]\nprint(w.selected)") == "[3, 4]"


def test_a_graph_at_the_end_of_a_cell_is_seen_without_kernel_and_network(tmp_path, browser):
    (tmp_path / "g.ipynb").write_text(notebook("import graphlume as gl\ngl.Graph([(u, (u + k) % 40) for u in range(40) for k in (1, 7)])"))
    done = subprocess.run(
        [sys.executable, "-m", "jupyter", "nbconvert", "--to", "html", "--execute", "g.ipynb"], cwd=tmp_path, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    context = browser.new_context(offline=True)
    try:
        page = context.new_page()
        page.goto((tmp_path / "g.html").as_uri())
        canvas = page.frame_locator("iframe[srcdoc]").locator("canvas").first
        canvas.wait_for()
        wait_for(page, lambda: is_drawn(canvas.screenshot()), "the exported page shows no graph")
    finally:
        context.close()
