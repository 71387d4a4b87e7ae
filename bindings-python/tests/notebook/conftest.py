"""A JupyterLab of our own, and a browser without a graphics card."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

CHROMIUM = os.environ.get("GRAPHLUME_CHROMIUM") or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
TOKEN = "of-this-test"


def notebook(*cells):
    """A notebook of these cells of code."""
    code = [{"cell_type": "code", "id": f"cell-{at}", "metadata": {}, "source": cell, "outputs": [], "execution_count": None} for at, cell in enumerate(cells)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return json.dumps({"cells": code, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture(scope="session")
def browser():
    api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with api.sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """JupyterLab with folders of its own: where they are, and its address."""
    pytest.importorskip("jupyterlab")
    home = tmp_path_factory.mktemp("lab")
    (home / "work").mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    options = [f"--ServerApp.port={port}", f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={home / 'work'}", "--ServerApp.ip=127.0.0.1",
               "--ServerApp.open_browser=False", "--ServerApp.allow_root=True", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--LabApp.news_url=None"]
    # Nothing of the user's settings, kernels and workspaces.
    own = {name: str(home / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")}
    with (home / "log").open("w") as log:
        process = subprocess.Popen([sys.executable, "-m", "jupyterlab", *options], env={**os.environ, **own}, stdout=log, stderr=log)
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{url}/api?token={TOKEN}", timeout=5).close()
                break
            except OSError:
                if process.poll() is not None:
                    pytest.fail((home / "log").read_text())
                time.sleep(0.1)
        else:
            pytest.fail("JupyterLab did not answer within a minute")
        yield home, url
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(60_000)
    yield page
    context.close()


class Opened:
    """A notebook in JupyterLab: its page, and its kernel, which more can be asked of."""

    def __init__(self, page, kernel):
        self.page = page
        self._kernel = kernel

    def ask(self, code):
        """Runs code in the kernel that the notebook has; what it prints."""
        said = []

        def hear(message):
            content = message["content"]
            said.append(content.get("text") or "\n".join(content.get("traceback", [])))

        self._kernel.execute_interactive(code, timeout=90, output_hook=hear)
        return "".join(said).strip()


@pytest.fixture
def open_notebook(lab, page):
    """Opens a notebook of these cells in JupyterLab, and runs all of them."""
    from jupyter_client import BlockingKernelClient

    home, url = lab
    kernels = []

    def open(name, *cells):
        (home / "work" / name).write_text(notebook(*cells))
        before = set((home / "jupyter_runtime_dir").glob("kernel-*.json"))
        page.goto(f"{url}/lab/workspaces/{Path(name).stem}/tree/{name}?token={TOKEN}&reset")
        # The kernel is there once it is idle.
        page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").wait_for()
        for _ in range(300):
            if fresh := set((home / "jupyter_runtime_dir").glob("kernel-*.json")) - before:
                break
            page.wait_for_timeout(100)
        else:
            pytest.fail(f"no kernel began: {(home / 'log').read_text()[-2000:]}")
        (connection,) = fresh
        kernel = BlockingKernelClient(connection_file=str(connection))
        kernel.load_connection_file()
        kernel.start_channels()
        kernels.append(kernel)
        # What a kernel says before the channel of its outputs is connected is lost, and with it the end of a cell that
        # is waited for: this asks again until something is heard there.
        kernel.wait_for_ready(timeout=90)
        opened = Opened(page, kernel)
        assert opened.ask("print('there')") == "there"
        page.locator(".jp-Cell").first.click()
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        return opened

    yield open
    for kernel in kernels:
        kernel.stop_channels()
