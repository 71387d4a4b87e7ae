"""Drives a server with the graphistry package from PyPI, unmodified, and checks what becomes of it.

usage: python graphistry_client HOST:PORT [--auth]

With --auth the server has the administrator `root` with the password in PASSWORD, and tokens that hold for one
minute. Each scenario asserts results, most by asking the server in its own way; what the client prints meanwhile is
shown if it fails. The last line is what .ci/test counts.
"""

import contextlib
import importlib
import json
import os
import sys
import tempfile
import time
import traceback
import warnings

warnings.simplefilter("ignore")

import graphistry  # noqa: E402
import requests  # noqa: E402

from shared import AUTH, BASE, EDGES, PASSWORD, SCENARIOS, WHERE, Absent, ask, register  # noqa: E402

# Their scenarios run in this order.
for theme in ["signing_in", "uploading", "looks", "kinds_of_tables", "querying", "other"]:
    importlib.import_module(theme)


@contextlib.contextmanager
def held_back():
    """What is printed inside is shown only if it ends with an error: refusals that are asked for look like failures.

    The client's logger keeps the stream that it found, so the descriptors are what is turned away.
    """
    with tempfile.TemporaryFile() as kept:
        streams = [(stream, os.dup(stream.fileno())) for stream in (sys.stdout, sys.stderr)]
        for stream, _ in streams:
            stream.flush()
            os.dup2(kept.fileno(), stream.fileno())
        wrong = True
        try:
            yield
            wrong = False
        except Absent:
            wrong = False
            raise
        finally:
            for stream, before in streams:
                stream.flush()
                os.dup2(before, stream.fileno())
                os.close(before)
            if wrong:
                kept.seek(0)
                print(kept.read().decode(errors="replace"), end="", flush=True)


def expired(early):
    """A sign-in that has ended is renewed by the client, who remembers its password."""
    client, since, token = early
    time.sleep(max(0, since + 61 - time.time()))
    answer = requests.post(f"{BASE}/api/v2/auth/token/refresh", json={"token": token}, timeout=60)
    assert answer.status_code == 400 and answer.json()["non_field_errors"] == ["Token has expired."], answer.text
    assert requests.post(f"{BASE}/api-token-verify/", json={"token": token}, timeout=60).status_code == 400
    url = client.edges(EDGES, "s", "d").plot(render=False)
    assert "dataset=" in url and client.api_token() != token


def prepare():
    """Accounts: `ann`, who belongs to `acme`, and `bob`, who does not."""
    root = requests.post(f"{BASE}/api/v1/sign-in", json={"name": "root", "password": PASSWORD}, timeout=60)
    root = root.json()["token"]
    for name in ["ann", "bob"]:
        ask("POST", "/api/v1/users", {"name": name, "password": PASSWORD}, token=root, expect=201)
    for slug in ["acme", "evil"]:
        ask("POST", "/api/v1/organizations", {"slug": slug}, token=root, expect=201)
    ask("PUT", "/api/v1/organizations/acme/members/ann", {}, token=root, expect=204)


def main():
    passed, failed, early = 0, [], None
    if AUTH:
        prepare()
        if hasattr(graphistry, "client"):
            client = graphistry.client()
            client.register(username="ann", password=PASSWORD, **WHERE)
            early = client, time.time(), client.api_token()
    register()
    scenarios = list(SCENARIOS)
    if early:
        def a_sign_in_that_has_ended():
            expired(early)
        scenarios.append(a_sign_in_that_has_ended)
    for one in scenarios:
        try:
            with held_back():
                one()
        except Absent as absent:
            print(f"absent {one.__name__}: graphistry {graphistry.__version__} has no {absent}")
        except Exception as error:  # noqa: BLE001 -- the others are to run
            failed.append(one.__name__)
            print(f"FAILED {one.__name__}: {error!r}"[:2000])
            traceback.print_exc()
            register()
        else:
            passed += 1
            print(f"ok     {one.__name__}")
    accounts = "with accounts" if AUTH else "without accounts"
    print(f"graphistry {graphistry.__version__} {accounts}: {json.dumps(failed)}")
    print(f"{passed} passed, {len(failed)} failed")
    return int(bool(failed))


sys.exit(main())
