"""What the scenarios share: the server, a graph, and ways to ask and to check."""

import sys
import urllib.parse

import graphistry
import pandas as pd
import requests

SERVER = sys.argv[1]
AUTH = "--auth" in sys.argv
BASE = f"http://{SERVER}"
PASSWORD = "correct horse"
WHERE = {"api": 3, "protocol": "http", "server": SERVER}
SCENARIOS = []

EDGES = pd.DataFrame({
    "s": ["a", "b", "c", "a"], "d": ["b", "c", "a", "d"], "w": [1, 2, 3, 4], "score": [.1, .2, .3, .4],
    "t": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"]),
    "flag": [True, False, True, False], "cat": pd.Categorical(["x", "y", "x", "y"]),
})
NODES = pd.DataFrame({
    "id": ["a", "b", "c", "d"], "type": ["user", "ip", "ip", "user"], "deg": [2, 2, 2, 1],
    "x": [0., 1., 2., 3.], "y": [0., 1., 0., 1.],
})


class Absent(Exception):
    """The client is of a version without that."""


def scenario(function):
    SCENARIOS.append(function)
    return function


def has(thing, name):
    found = getattr(thing, name, None)
    if found is None and thing is graphistry:
        # Some functions are of the one client that the module keeps.
        found = getattr(graphistry.PyGraphistry, name, None)
    if found is None:
        raise Absent(name)
    return found


def register(**more):
    graphistry.privacy  # the package is there
    return graphistry.register(username="ann", password=PASSWORD, **WHERE, **more)


def ask(method, path, body=None, token=None, expect=None):
    """Asks the server without the client's help, as whoever the client is signed in as."""
    token = token or graphistry.api_token()
    headers = {"Authorization": f"Bearer {token}"}
    answer = requests.request(method, BASE + path, json=body, headers=headers, timeout=60)
    if expect is not None:
        assert answer.status_code == expect, (path, answer.status_code, answer.text[:300])
    return answer


def described(url_or_id):
    """What the server says of the dataset that a plot leads to."""
    found = urllib.parse.parse_qs(urllib.parse.urlparse(url_or_id).query).get("dataset", [url_or_id])[0]
    return ask("GET", f"/api/v1/datasets/{found}", expect=200).json()


def columns(dataset, table):
    return [column["name"] for column in dataset["tables"][table]["columns"]]


def size(dataset):
    return dataset["n_nodes"], dataset["n_edges"]


def graph():
    return graphistry.edges(EDGES, "s", "d").nodes(NODES, "id")


def uploaded():
    """A graph that is on the server; one for all scenarios that only ask."""
    if uploaded.graph is None:
        uploaded.graph = graph().upload()
    return uploaded.graph


uploaded.graph = None


def remote(g):
    """The remote query, by the name that it has in this version."""
    return getattr(g, "gfql_remote", None) or g.chain_remote


def raises(function, *texts):
    try:
        function()
    except Exception as error:  # noqa: BLE001 -- the client raises many kinds
        found = str(error)
        for text in texts:
            assert text in found, (text, found)
        return
    raise AssertionError("nothing was raised")
