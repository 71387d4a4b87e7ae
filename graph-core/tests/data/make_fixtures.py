"""Fixtures of the graph file formats, made and checked with NetworkX.

    python make_fixtures.py write     writes networkx.* in this folder
    python make_fixtures.py check     reads written.*, which our own writers made

The Rust tests read networkx.* and compare written.* byte for byte with what is written now, so
both directions are checked without Python at test time.
"""

import json
import math
import re
import sys
from pathlib import Path

import networkx
import numpy
import scipy
import scipy.io
import scipy.sparse

assert networkx.__version__ == "3.6.1", networkx.__version__
assert scipy.__version__.split(".")[0] == "1", scipy.__version__

HERE = Path(__file__).parent

NODES = {
    "a": {"rank": 1, "score": 0.5, "flag": True, "name": "plain"},
    'b <&>"\'': {"rank": -2, "score": -1e300, "flag": False, "name": "<tag> & \"quotes\""},
    "ü😀": {"rank": 3, "score": 0.1, "flag": True, "name": "line\nbreak\ttab"},
    "hermit": {"rank": 4, "score": 2.0, "flag": False, "name": "größer"},
}
EDGES = [
    ("a", 'b <&>"\'', {"weight": 1.5, "kind": "x"}),
    ('b <&>"\'', "ü😀", {"weight": 2.25, "kind": "y & z"}),
    ("ü😀", "a", {"weight": 3.0, "kind": ""}),
    ("a", "a", {"weight": 0.125, "kind": "loop"}),
]


def graph(kind=networkx.DiGraph):
    made = kind()
    for node, data in NODES.items():
        made.add_node(node, **data)
    for source, target, data in EDGES:
        made.add_edge(source, target, **data)
    return made


def write():
    networkx.write_graphml_xml(graph(), HERE / "networkx.graphml", infer_numeric_types=False)
    networkx.write_gml(
        networkx.convert_node_labels_to_integers(graph(), label_attribute="key"),
        HERE / "networkx.gml",
        stringizer=lambda value: str(int(value)) if isinstance(value, bool) else str(value),
    )
    looks = graph(networkx.Graph)
    for at, node in enumerate(looks):
        looks.nodes[node]["viz"] = {
            "color": {"r": 10 * at, "g": 255, "b": 0, "a": 1.0},
            "position": {"x": float(at), "y": -0.5 * at, "z": 0.0},
            "size": 1.0 + at,
        }
    networkx.write_gexf(looks, HERE / "networkx.gexf", version="1.2draft")
    text = (HERE / "networkx.gexf").read_text(encoding="utf-8")
    dated = re.compile(' lastmodifieddate="[^"]*"')
    (HERE / "networkx.gexf").write_text(dated.sub("", text), encoding="utf-8")
    with open(HERE / "networkx.json", "w", encoding="utf-8") as file:
        json.dump(networkx.node_link_data(graph(networkx.MultiDiGraph), edges="links"), file)
    adjacency = networkx.to_scipy_sparse_array(graph(), weight="weight", format="coo")
    scipy.io.mmwrite(HERE / "networkx.mtx", adjacency, field="real", symmetry="general")
    symmetric = networkx.to_scipy_sparse_array(graph(networkx.Graph), weight=None, format="coo")
    # scipy writes what it is given: of a symmetric matrix that must be one triangle, each entry
    # once.
    symmetric = scipy.sparse.tril(symmetric.tocsr()).tocoo()
    scipy.io.mmwrite(HERE / "symmetric.mtx", symmetric, field="pattern", symmetry="symmetric")


def same(found, expected):
    if isinstance(expected, float):
        return math.isclose(float(found), expected, rel_tol=1e-15)
    if isinstance(expected, bool):
        return bool(int(found)) == expected
    return found == expected


def compare(found, name, directed, attributes=("rank", "score", "flag", "name")):
    assert found.is_directed() == directed, name
    assert set(found) == set(NODES), (name, list(found))
    for node, data in NODES.items():
        for key in attributes:
            assert same(found.nodes[node][key], data[key]), (name, node, key, found.nodes[node])
    assert found.number_of_edges() == len(EDGES), name
    for source, target, data in EDGES:
        held = found.get_edge_data(source, target)
        held = held[0] if found.is_multigraph() else held
        assert same(held["weight"], data["weight"]) and held["kind"] == data["kind"], (name, held)


def check():
    compare(networkx.read_graphml(HERE / "written.graphml"), "GraphML", True)
    gexf = networkx.read_gexf(HERE / "written.gexf")
    compare(gexf, "GEXF", True)
    viz = gexf.nodes["ü😀"]["viz"]
    assert (viz["position"]["x"], viz["position"]["y"], viz["size"]) == (2.0, -1.0, 3.0), viz
    assert [int(viz["color"][c]) for c in "rgb"] == [20, 255, 0], viz
    compare(networkx.read_gml(HERE / "written.gml"), "GML", True)
    with open(HERE / "written.json", encoding="utf-8") as file:
        compare(networkx.node_link_graph(json.load(file), edges="links"), "JSON", True)
    matrix = scipy.io.mmread(HERE / "written.mtx").toarray()
    index = {node: at for at, node in enumerate(NODES)}
    expected = numpy.zeros((4, 4))
    for source, target, data in EDGES:
        expected[index[source], index[target]] = data["weight"]
    assert (matrix == expected).all(), matrix
    print("NetworkX reads all of written.* as expected")


if __name__ == "__main__":
    {"write": write, "check": check}[sys.argv[1]]()
