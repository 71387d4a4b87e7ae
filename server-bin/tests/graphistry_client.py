"""Drives a server with the graphistry package from PyPI, unmodified, and checks what becomes of it.

usage: graphistry_client.py HOST:PORT [--auth]

With --auth the server has the administrator `root` with the password in PASSWORD, and tokens that hold for one
minute. Each scenario asserts results, most by asking the server in its own way. The last line is what .ci/test counts.
"""

import json
import sys
import time
import traceback
import urllib.parse
import warnings

import pandas as pd
import pyarrow as pa
import requests

warnings.simplefilter("ignore")

import graphistry  # noqa: E402
from graphistry import e_forward, n  # noqa: E402

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


# Signing in

@scenario
def register_with_a_password():
    register()
    assert graphistry.api_token().count(".") == 2
    me = ask("GET", "/api/v1/me", expect=200).json()["user"]
    assert me["name"] == ("ann" if AUTH else "local"), me


@scenario
def register_with_an_organization():
    register(org_name="acme")
    assert graphistry.org_name() == "acme"
    dataset = described(graphistry.edges(EDGES, "s", "d").plot(render=False))
    assert dataset["organization"] == "acme", dataset
    if AUTH:
        raises(lambda: register(org_name="evil"), "evil")
    register()
    assert graphistry.org_name() == "ann"


@scenario
def register_with_a_token():
    register()
    token = graphistry.api_token()
    graphistry.register(token=token, **WHERE)
    assert size(described(graph().plot(render=False))) == (4, 4)
    if not AUTH:
        graphistry.register(token="tok.en.sig", **WHERE)
    elif graphistry.__version__ >= "0.6":  # older ones ask nobody
        raises(lambda: graphistry.register(token="tok.en.sig", **WHERE))
    register()


@scenario
def register_with_a_key():
    if AUTH:
        made = ask("POST", "/api/v1/keys", {"name": "test"}, expect=201).json()
        key = {"personal_key_id": made["id"], "personal_key_secret": made["secret"]}
        raises(lambda: graphistry.register(**{**key, "personal_key_secret": "guess"}, **WHERE))
    else:
        key = {"personal_key_id": "KID", "personal_key_secret": "KSECRET"}
    graphistry.register(**key, **WHERE)
    assert size(described(graph().plot(render=False))) == (4, 4)
    register()


@scenario
def register_by_way_of_a_browser():
    graphistry.register(org_name="acme", idp_name="okta", is_sso_login=True, sso_timeout=None, **WHERE)
    state = has(graphistry, "sso_state")()
    if AUTH:
        try:
            early = graphistry.sso_get_token()
        except Exception:  # noqa: BLE001 -- older ones return
            early = None
        assert early is None or early.count(".") != 2, early
        page = requests.get(f"{BASE}/sso/{state}", timeout=60)
        assert page.status_code == 200 and "acme" in page.text and "<form" in page.text
        assert page.headers["x-frame-options"] == "DENY"
        wrong = requests.post(f"{BASE}/sso/{state}", data={"name": "ann", "password": "wrong horse"}, timeout=60)
        assert wrong.status_code == 401, wrong.text
        right = requests.post(f"{BASE}/sso/{state}", data={"name": "ann", "password": PASSWORD}, timeout=60)
        assert right.status_code == 200 and "signed in" in right.text, right.text
    token = graphistry.sso_get_token()
    assert token.count(".") == 2
    assert graphistry.org_name() == "acme"
    # It is given away once.
    assert requests.get(f"{BASE}/api/v2/o/sso/oidc/jwt/{state}/", timeout=60).status_code == 404
    assert size(described(graph().plot(render=False))) == (4, 4)
    register()


@scenario
def register_with_a_wrong_password():
    wrong = {"username": "ann", "password": "wrong horse", **WHERE}
    if AUTH:
        raises(lambda: graphistry.register(**wrong))
    else:
        graphistry.register(**wrong)
    register()


@scenario
def verify_and_refresh():
    register()
    token = graphistry.api_token()
    assert graphistry.verify_token() is True
    # A young token stays, so that the client does not switch its organization again.
    assert graphistry.refresh() and graphistry.api_token() == token
    assert graphistry.verify_token("tok.en.sig", True) is not AUTH


@scenario
def switch_to_an_organization():
    register()
    switch = has(graphistry, "switch_org")
    switch("acme")
    assert graphistry.org_name() == "acme"
    if AUTH:
        raises(lambda: switch("evil"), "evil")
    register()


# Uploading

@scenario
def plot_edges_and_nodes():
    url = graph().name("My graph").description("about").plot(render=False)
    page = requests.get(url, timeout=60)
    assert page.status_code == 200 and "text/html" in page.headers["content-type"], page.text[:200]
    assert "x-frame-options" not in page.headers
    dataset = described(url)
    assert size(dataset) == (4, 4) and dataset["is_directed"]
    assert (dataset["name"], dataset["description"]) == ("My graph", "about")
    assert columns(dataset, "nodes") == ["id", "type", "deg", "x", "y"]
    assert columns(dataset, "edges") == ["s", "d", "w", "score", "t", "flag", "cat"]
    kinds = {column["name"]: column for column in dataset["tables"]["edges"]["columns"]}
    assert kinds["t"]["is_time"] and kinds["score"]["is_numeric"] and not kinds["cat"]["is_numeric"]
    assert dataset["has_positions"], "columns x and y are positions"
    assert dataset["warnings"] == []
    assert dataset["mode"] == "private"


@scenario
def plot_edges_alone():
    dataset = described(graphistry.edges(EDGES[["s", "d"]], "s", "d").plot(render=False))
    assert size(dataset) == (4, 4)
    assert (dataset["source_column"], dataset["target_column"]) == ("s", "d")


@scenario
def upload_as_files():
    g = graph().name("My graph").upload()
    assert size(described(g._dataset_id)) == (4, 4)
    listed = ask("GET", "/api/v2/files/", expect=200).json()["results"]
    assert {g._edges_file_id, g._nodes_file_id} <= {file["file_id"] for file in listed} if hasattr(g, "_edges_file_id") else listed


@scenario
def upload_again_without_sending_again():
    before = ask("GET", "/api/v2/files/", expect=200).json()["count"]
    first, again = graph().upload(), graph().upload()
    after = ask("GET", "/api/v2/files/", expect=200).json()["count"]
    assert first._dataset_id != again._dataset_id
    assert after - before <= 2, "tables that are known were sent again"
    assert size(described(again._dataset_id)) == (4, 4)


@scenario
def a_dataset_outlives_its_files():
    g = graphistry.edges(pd.DataFrame({"s": ["p", "q"], "d": ["q", "r"]}), "s", "d").upload()
    listed = ask("GET", "/api/v2/files/?limit=1", expect=200).json()["results"]
    ask("DELETE", f"/api/v2/files/{listed[0]['file_id']}/", expect=200)
    ask("GET", f"/api/v2/files/{listed[0]['file_id']}/", expect=404)
    assert size(described(g._dataset_id)) == (3, 2)
    ask("DELETE", f"/api/v2/datasets/{g._dataset_id}/", expect=200)
    ask("GET", f"/api/v2/datasets/{g._dataset_id}/", expect=404)


@scenario
def privacy_and_links():
    invited = [{"email": "x@y.z", "action": "10"}]
    for mode in ["private", "organization", "public"]:
        url = graph().privacy(mode=mode, invited_users=invited, notify=True, message="hi").plot(render=False)
        dataset = described(url)
        assert dataset["mode"] == mode
        path = f"/api/v1/datasets/{dataset['id']}"
        shares = ask("GET", f"{path}/shares", expect=200).json()
        assert [share["email"] for share in shares] == ["x@y.z"]
        guest = requests.get(BASE + path, timeout=60).status_code
        assert guest == (401 if AUTH and mode != "public" else 200), (mode, guest)
    body = {"obj_pk": dataset["id"], "obj_type": "dataset", "mode": "private", "notify": False,
            "invited_users": [{"email": "b@y.z", "action": "20"}], "mode_action": "10", "message": ""}
    data = ask("POST", "/api/v2/share/link/", body, expect=200).json()["data"]
    link = BASE + data["invited_users"][0]["url"].replace("/graph/graph.html?dataset=", "/api/v1/datasets/").replace("&", "?")
    assert requests.get(link, timeout=60).status_code == 200


@scenario
def privacy_of_others():
    if not AUTH:
        return
    url = graph().plot(render=False)
    other = requests.post(f"{BASE}/api-token-auth/", json={"username": "bob", "password": PASSWORD}, timeout=60)
    token = other.json()["token"]
    found = described(url)["id"]
    ask("GET", f"/api/v2/upload/datasets/{found}", token=token, expect=404)
    ask("POST", f"/api/v2/etl/datasets/{found}/gfql/all", {"gfql_operations": []}, token=token, expect=404)
    ask("POST", f"/api/v2/upload/datasets/{found}/edges/arrow", {}, token=token, expect=404)
    body = {"obj_pk": found, "obj_type": "dataset", "mode": "public"}
    ask("POST", "/api/v2/share/link/", body, token=token, expect=404)
    ask("DELETE", f"/api/v2/datasets/{found}/", token=token, expect=404)


@scenario
def simple_bindings_settings_and_style():
    g = graph().bind(
        point_color="deg", point_size="deg", point_title="id", point_label="type", point_x="x", point_y="y",
        point_weight="deg", point_opacity="deg", point_icon="type", edge_color="w", edge_source_color="w",
        edge_destination_color="w", edge_title="cat", edge_label="cat", edge_weight="w", edge_size="w",
        edge_opacity="score", edge_icon="cat")
    g = g.settings(url_params={"play": 0, "pointSize": 0.5, "bg": "%23ffffff", "info": True, "showArrows": False})
    g = g.addStyle(bg={"color": "red"}, fg={"blendMode": "screen"}, page={"title": "T", "favicon": "http://f"},
                   logo={"url": "http://l", "autoInvert": True})
    if hasattr(g, "scene_settings"):
        g = g.scene_settings(menu=False, info=False, point_size=1.0, edge_opacity=0.5)
        g = g.layout_settings(play=2000, locked_x=True, lin_log=True, gravity=0.4, scaling_ratio=2.0)
    url = g.plot(render=False)
    assert requests.get(url, timeout=60).status_code == 200
    dataset = described(url)
    bindings = dataset["node_encodings"]["bindings"]
    assert bindings["node_color"] == "deg" and bindings["node_x"] == "x"
    assert dataset["edge_encodings"]["bindings"]["edge_weight"] == "w"
    assert dataset["metadata"]["fg"] == {"blendMode": "screen"}
    assert dataset["url_params"] == {
        "bg": "red", "pageTitle": "T", "favicon": "http://f", "logoUrl": "http://l", "logoAutoInvert": True}
    assert dataset["warnings"] == []


@scenario
def complex_encodings():
    g = (graph()
         .encode_point_color("type", categorical_mapping={"user": "red", "ip": "#0000FF"}, default_mapping="gray")
         .encode_point_size("deg", categorical_mapping={1: 10, 2: 20}, default_mapping=5)
         .encode_point_icon("type", categorical_mapping={"user": "laptop", "ip": "server"},
                            default_mapping="question", shape="circle", as_text=False)
         .encode_point_badge("type", "TopRight", categorical_mapping={"user": "flag-icon-us"}, default_mapping="",
                             bg={"color": "red"})
         .encode_edge_color("score", ["blue", "yellow", "red"], as_continuous=True)
         .encode_edge_icon("score", continuous_binning=[[0.2, "info"], [0.3, "warning"], [None, "times"]],
                           as_text=False)
         .encode_edge_badge("w", "Bottom", continuous_binning=[[2, "a"], [None, "b"]], default_mapping="z"))
    dataset = described(g.plot(render=False))
    assert dataset["warnings"] == [], dataset["warnings"]
    nodes = dataset["node_encodings"]["complex"]["default"]
    assert set(nodes) == {
        "pointColorEncoding", "pointSizeEncoding", "pointIconEncoding", "pointBadgeTopRightEncoding"}
    edges = dataset["edge_encodings"]["complex"]["default"]
    assert set(edges) == {"edgeColorEncoding", "edgeIconEncoding", "edgeBadgeBottomEncoding"}
    # The viewer gets the colors that were asked for.
    scene = ask("GET", f"/api/v1/datasets/{dataset['id']}/scene", expect=200).content
    length = int.from_bytes(scene[8:12], "little")
    header = json.loads(scene[12:12 + length])
    place = header["buffers"]["node_color"]
    colors = scene[place["offset"]:place["offset"] + place["length"]]
    assert [colors[at:at + 3].hex() for at in range(0, 16, 4)] == ["ff0000", "0000ff", "0000ff", "ff0000"], colors.hex()


@scenario
def palettes_and_axes():
    rows = [{"r": 14, "external": True, "label": "outermost"}, {"r": 10, "space": True}]
    # One at a time: with old clients an axis takes the place of all encodings.
    for g in [graph().encode_point_color("type", ["#f00", "#0f0"], as_categorical=True), graph().encode_axis(rows)]:
        dataset = described(g.plot(render=False))
        assert dataset["warnings"] == [], dataset["warnings"]
        encodings = dataset["node_encodings"]["complex"]["default"]
        if "pointColorEncoding" in encodings:
            assert encodings["pointColorEncoding"]["colors"] == ["#f00", "#0f0"]
        else:
            assert len(encodings["pointAxisEncoding"]["rows"]) == 2
        # What is seen of it: no axis yet, but a picture.
        scene = ask("GET", f"/api/v1/datasets/{dataset['id']}/scene")
        assert scene.status_code == 200 and scene.content[:4] == b"GLSC", scene.text[:300]


@scenario
def collections():
    collection_set = has(graphistry, "collection_set")
    wanted = [collection_set(expr=[n({"type": "user"})], name="users", node_color="#f00")]
    url = graph().collections(collections=wanted, show_collections=True).plot(render=False)
    assert "collections=" in url and requests.get(url, timeout=60).status_code == 200


@scenario
def arrow_tables():
    table = pa.table({"s": [1, 2], "d": [2, 3]})
    dataset = described(graphistry.edges(table, "s", "d").plot(render=False))
    assert size(dataset) == (3, 2)


@scenario
def polars_frames():
    try:
        import polars as pl
    except ImportError as error:
        raise Absent("polars") from error
    frame = pl.DataFrame({"s": ["a", "b"], "d": ["b", "c"], "n": [[1, 2], None], "c": pl.Series(["x", "y"]).cast(pl.Categorical)})
    try:
        url = graphistry.edges(frame, "s", "d").plot(render=False)
    except Exception as error:  # noqa: BLE001
        if graphistry.__version__ < "0.6":
            raise Absent("polars frames") from error
        raise
    assert size(described(url)) == (3, 2)


@scenario
def igraph_whose_tables_come_the_wrong_way_round():
    try:
        import igraph
    except ImportError as error:
        raise Absent("igraph") from error
    g = igraph.Graph(edges=[(0, 1), (1, 2), (0, 2)], directed=True)
    g.vs["name"] = ["u", "v", "w"]
    g.es["kind"] = ["p", "q", "p"]
    dataset = described(graphistry.bind(source="source", destination="target", node="name").plot(g, render=False))
    assert size(dataset) == (3, 3)
    assert "kind" in columns(dataset, "edges")


@scenario
def networkx_graphs():
    try:
        import networkx
    except ImportError as error:
        raise Absent("networkx") from error
    g = networkx.karate_club_graph()
    dataset = described(graphistry.bind(source="src", destination="dst", node="node").plot(g, render=False))
    assert size(dataset) == (34, 78)


@scenario
def hypergraphs():
    events = pd.DataFrame({"user": ["u1", "u2", "u1"], "ip": ["i1", "i1", "i2"], "amt": [1., 2., 3.]})
    made = graphistry.hypergraph(events, entity_types=["user", "ip"], verbose=False)["graph"]
    dataset = described(made.plot(render=False))
    assert size(dataset) == (7, 6)
    assert dataset["node_id_column"] == "nodeID"


@scenario
def all_kinds_of_columns():
    table = pa.table({
        "s": pa.array(["a", "b", "c"], pa.large_string()),
        "d": pa.array(["b", "c", None], pa.large_string()),
        "dictionary": pa.array(["x", None, "x"]).dictionary_encode(),
        "zoned": pa.array([0, None, 10**15], pa.timestamp("us", "UTC")),
        "nanos": pa.array([0, 1, None], pa.timestamp("ns")),
        "day": pa.array([1, 2, None], pa.date32()),
        "decimal": pa.array([None, 1, 2], pa.decimal128(10, 2)),
        "span": pa.array([1, None, 3], pa.duration("us")),
        "list": pa.array([[1, 2], None, []], pa.list_(pa.int64())),
        "nothing": pa.nulls(3),
        "large": pa.array([2**64 - 1, 0, None], pa.uint64()),
        "flag": pa.array([True, None, False]),
        "text": pa.array(["ü\"\n", "", None]),
    })
    g = graphistry.edges(table, "s", "d").upload()
    dataset = described(g._dataset_id)
    assert size(dataset) == (3, 2), size(dataset)
    assert any("left out" in warning for warning in dataset["warnings"]), dataset["warnings"]
    everything = [n(), e_forward(), n()]
    g = graphistry.edges(table.to_pandas(), "s", "d").bind(dataset_id=g._dataset_id)
    found = remote(g)(everything)._edges
    assert list(found.columns) == table.column_names, list(found.columns)
    assert len(found) == 2 and found["zoned"].iloc[0] == pd.Timestamp(0, tz="UTC")
    assert list(found["list"].iloc[0]) == [1, 2] and found["list"].iloc[1] is None
    assert found["large"].iloc[0] == 2**64 - 1 and found["text"].iloc[0] == "ü\"\n"
    assert found["dictionary"].iloc[0] == "x" and found["span"].iloc[0] == pd.Timedelta(microseconds=1)
    for form in ["csv", "json"]:
        found = remote(g)(everything, format=form)._edges
        assert len(found) == 2 and found["s"].tolist() == ["a", "b"], form
        assert found["text"].iloc[0] == "ü\"\n", (form, found["text"].iloc[0])
    assert found["zoned"].iloc[0] == 0 and found["day"].iloc[0] == 86_400_000


@scenario
def degenerate_graphs():
    empty = graphistry.edges(pd.DataFrame({"s": pd.Series([], dtype=str), "d": pd.Series([], dtype=str)}), "s", "d")
    assert size(described(empty.plot(render=False)))[1] == 0
    lonely = empty.nodes(NODES, "id")
    assert size(described(lonely.plot(render=False))) == (4, 0)
    loop = graphistry.edges(pd.DataFrame({"s": [1, 1], "d": [1, 1], "weight": [-1.0, None]}), "s", "d")
    assert size(described(loop.plot(render=False))) == (1, 2)
    mixed = graphistry.edges(pd.DataFrame({"s": [1, 2], "d": [2, 9]}), "s", "d").nodes(pd.DataFrame({"n": [2, 5, 1]}), "n")
    assert size(described(mixed.plot(render=False))) == (4, 2)


@scenario
def what_cannot_be_read_is_told():
    token = graphistry.api_token()
    made = ask("POST", "/api/v2/upload/datasets/", {"node_encodings": {"bindings": {}}, "edge_encodings": {
        "bindings": {"source": "s", "destination": "d"}}, "name": "broken"}, expect=200).json()["data"]["dataset_id"]
    headers = {"Authorization": f"Bearer {token}"}
    send = lambda path, body: requests.post(BASE + path, data=body, headers=headers, timeout=60)  # noqa: E731
    bad = send(f"/api/v2/upload/datasets/{made}/edges/arrow", b"ARROW1 no")
    assert bad.status_code == 400 and bad.json()["success"] is False and bad.json()["error"], bad.text
    orc = send(f"/api/v2/upload/datasets/{made}/edges/orc", b"ORC")
    assert orc.status_code == 400 and "Parquet" in orc.json()["error"], orc.text
    ask("GET", f"/api/v1/datasets/{made}", expect=409)
    for form, body in [("csv", b"s,d\na,b\n"), ("json", b'[{"s": "a", "d": "b"}]'), ("json", b'{"s": "a", "d": "b"}\n')]:
        good = send(f"/api/v2/upload/datasets/{made}/edges/{form}", body)
        assert good.status_code == 200 and good.json()["success"] is True, good.text
        assert size(described(made)) == (2, 1), form
    file = ask("POST", "/api/v2/files/", {"file_type": "arrow", "name": "f"}, expect=200).json()["file_id"]
    bad = send(f"/api/v2/upload/files/{file}?erase=true", b"no arrow").json()
    assert bad["is_valid"] is False and bad["is_uploaded"] is False and bad["errors"], bad
    ask("POST", "/api/v2/upload/datasets/", {"edge_files": [file]}, expect=409)
    ask("POST", "/api/v2/upload/datasets/", {"edge_files": ["nothing"]}, expect=404)


@scenario
def a_body_that_is_too_large():
    table = pa.table({"s": list(range(400_000)), "d": list(range(400_000))})
    raises(lambda: graphistry.edges(table, "s", "d").plot(render=False), "413")


@scenario
def address_of_a_proxy():
    register(client_protocol_hostname="https://viz.example.com")
    url = graphistry.edges(EDGES, "s", "d").plot(render=False)
    assert url.startswith("https://viz.example.com/graph/graph.html?dataset="), url
    assert size(described(url)) == (4, 4)
    register(client_protocol_hostname=BASE)


@scenario
def a_dataset_from_its_id():
    fetch = has(graphistry, "from_dataset_id")
    g = graph().encode_point_color("type", categorical_mapping={"user": "red"}, default_mapping="gray").name("Named").upload()
    found = fetch(g._dataset_id)
    assert found._dataset_id == g._dataset_id and g._dataset_id in found._url
    assert (found._node, found._source, found._destination, found._name) == ("id", "s", "d", "Named")
    assert found._complex_encodings["node_encodings"]["default"]["pointColorEncoding"]["attribute"] == "type"
    raises(lambda: fetch("0" * 32), "404")


# Queries

def same(found, expected):
    """That two graphs are the same, whatever the order of their rows."""
    def rows(frame, columns):
        if frame is None:
            return []
        return sorted(frame[columns].astype(str).itertuples(index=False, name=None))

    assert rows(found._nodes, ["id"]) == rows(expected._nodes, ["id"]), (found._nodes, expected._nodes)
    assert rows(found._edges, ["s", "d", "w"]) == rows(expected._edges, ["s", "d", "w"]), (found._edges, expected._edges)


@scenario
def queries_like_the_clients_own():
    from graphistry import e_reverse, e_undirected, gt, is_in
    for query in [
        [n()],
        [n({"type": "user"})],
        [n({"type": "user"}), e_forward(hops=2), n()],
        [n({"id": "d"}), e_reverse(to_fixed_point=True), n()],
        [n({"type": "ip"}), e_undirected(), n({"type": "user"})],
        [n({"deg": is_in([1])}), e_undirected({"score": gt(0.3)}), n()],
        [n(query="deg > 1 and type == 'ip'"), e_forward(edge_query="w >= 2"), n()],
        [n({"type": "nobody"})],
    ]:
        local = graph()
        same(remote(uploaded())(query), (getattr(local, "gfql", None) or local.chain)(query))


@scenario
def query_for_all():
    found = remote(uploaded())([n({"type": "user"}), e_forward(hops=1), n(name="end")])
    assert sorted(found._nodes["id"]) == ["a", "b", "d"], found._nodes
    assert sorted(found._edges["d"]) == ["b", "d"]
    assert found._nodes["end"].sum() == 2
    assert found._edges["t"].iloc[0] == pd.Timestamp("2024-01-01")


@scenario
def query_for_tables():
    ask_for = remote(uploaded())
    for form in ["parquet", "csv", "json"]:
        nodes = ask_for([n({"deg": 2})], output_type="nodes", format=form)._nodes
        assert sorted(nodes["id"]) == ["a", "b", "c"], form
        edges = ask_for([n(), e_forward({"w": 3}), n()], output_type="edges", format=form)._edges
        assert edges["w"].tolist() == [3] and edges["s"].tolist() == ["c"], form
        both = ask_for([n(), e_forward(), n()], format=form)
        assert (len(both._nodes), len(both._edges)) == (4, 4), form
        none = ask_for([n({"id": "nobody"})], format=form)
        assert (len(none._nodes), len(none._edges)) == (0, 0), form
    times = ask_for([n(), e_forward(), n()], format="json")._edges["t"].tolist()
    assert times[0] == 1_704_067_200_000, times


@scenario
def query_for_columns():
    found = remote(uploaded())([n(), e_forward(), n()], node_col_subset=["id", "deg"], edge_col_subset=["s", "d"])
    assert list(found._nodes.columns) == ["id", "deg"] and list(found._edges.columns) == ["s", "d"]
    raises(lambda: remote(uploaded())([n()], node_col_subset=["id", "nothing"]))


@scenario
def query_for_the_shape():
    g = uploaded()
    shape = getattr(g, "gfql_remote_shape", None) or g.chain_remote_shape
    expected = [{"kind": "nodes", "rows": 4, "cols": 5}, {"kind": "edges", "rows": 0, "cols": 7}]
    for form in ["json", "csv", "parquet"]:
        assert shape([n()], format=form).to_dict("records") == expected, form


@scenario
def query_with_predicates():
    from graphistry import gt, is_in
    found = remote(uploaded())([n({"type": is_in(["ip"])}), e_forward({"score": gt(0.25)}), n()])
    assert found._edges["w"].tolist() == [3]


@scenario
def query_of_what_is_not_uploaded():
    g = graph()
    if not hasattr(g, "gfql_remote"):
        raise Absent("gfql_remote")
    assert len(g.gfql_remote([n({"type": "user"})])._nodes) == 2


@scenario
def query_that_is_kept():
    g = uploaded()
    if not hasattr(g, "gfql_remote"):
        raise Absent("gfql_remote")
    for form in ["json", "parquet"]:
        kept = g.privacy(mode="public").gfql_remote([n({"type": "user"}), e_forward(), n()], format=form, persist=True)
        assert kept._dataset_id and kept._dataset_id != g._dataset_id and kept._dataset_id in kept._url, form
        dataset = described(kept._dataset_id)
        assert size(dataset) == (3, 2) and dataset["mode"] == "public", dataset
        assert (dataset["node_id_column"], dataset["source_column"]) == ("id", "s")
        assert len(kept.gfql_remote([n()])._nodes) == 3


@scenario
def query_in_cypher():
    g = uploaded()
    if not hasattr(g, "gfql_remote") or graphistry.__version__ < "0.5":
        raise Absent("Cypher")
    rows = g.gfql_remote("MATCH (a {type: 'user'})-[e]->(b) RETURN a.id AS source, b.id AS target, e.w AS w ORDER BY w")
    assert rows._nodes.to_dict("records") == [
        {"source": "a", "target": "b", "w": 1}, {"source": "a", "target": "d", "w": 4}], rows._nodes
    assert len(g.gfql_remote("MATCH (a {type: 'user'})-[e]->(b) RETURN a, b LIMIT 1")._nodes) == 1
    if hasattr(g, "gfql_remote"):
        raises(lambda: g.gfql_remote("MATCH (a) RETURN a.deg AS deg", persist=True), "no graph")


@scenario
def query_with_let():
    let, ref = has(graphistry, "let"), has(graphistry, "ref")
    if not hasattr(graph(), "gfql_remote"):
        raise Absent("gfql_remote")
    query = let({"p": [n({"type": "ip"}), e_forward(), n()], "q": ref("p", [n({"id": "c"})])})
    same(uploaded().gfql_remote(query), graph().gfql(query))
    whole = uploaded().gfql_remote(let({"p": n({"type": "ip"}), "all": n()}), output="p")
    assert sorted(whole._nodes["id"]) == ["b", "c"]


@scenario
def query_that_says_how_it_is_seen():
    call = has(graphistry, "call")
    if not hasattr(graph(), "gfql_remote"):
        raise Absent("gfql_remote")
    query = [n(), e_forward(), n(), call("encode_point_color", {
        "column": "type", "categorical_mapping": {"user": "red"}, "default_mapping": "gray"})]
    found = uploaded().gfql_remote(query)
    encoding = found._complex_encodings["node_encodings"]["default"]["pointColorEncoding"]
    assert encoding["mapping"]["categorical"]["fixed"] == {"user": "red"}, encoding
    degrees = uploaded().gfql_remote([call("get_degrees", {"col": "degree"})])
    assert dict(zip(degrees._nodes["id"], degrees._nodes["degree"])) == {"a": 3, "b": 2, "c": 2, "d": 1}


@scenario
def queries_that_mean_nothing():
    path = f"/api/v2/etl/datasets/{uploaded()._dataset_id}/gfql/all"
    for body in [
        {"gfql_operations": [{"type": "Knot"}]},
        {"gfql_operations": [{"type": "Node", "filter_dict": {"nothing": 1}}], "strictness": "strict"},
        {"gfql_operations": [{"type": "Node", "filter_dict": {"id": {"type": "GT"}}}]},
        {"gfql_operations": [{"type": "Call", "function": "system", "params": {}}]},
        {"gfql_operations": [], "format": "xlsx"},
        {},
    ]:
        answer = ask("POST", path, body)
        assert answer.status_code == 400 and isinstance(answer.json()["error"], str), (body, answer.text)
        assert answer.headers["content-type"].startswith("application/json")
    raises(lambda: remote(uploaded())({"type": "Chain", "chain": [{"type": "Knot"}]}, validate=False), "400")
    ask("POST", path.replace("/all", "/some"), {"gfql_operations": []}, expect=404)


@scenario
def python_is_refused():
    g = uploaded()
    run = has(g, "python_remote_json")
    raises(lambda: run("def task(g):\n  return {'n': len(g._edges)}"), "403")
    answer = ask("POST", f"/api/v2/datasets/{g._dataset_id}/python", {"execute": "1", "engine": "pandas"})
    assert answer.status_code == 403 and "runs no Python" in answer.json()["error"]


# The rest

@scenario
def health():
    for path in ["/healthcheck/", "/ht/", "/healthz", "/streamgl-viz/health", "/pivot/health"]:
        answer = requests.get(BASE + path, timeout=60)
        assert answer.status_code == 200 and answer.json()["success"] is True, path


@scenario
def addresses_with_and_without_a_slash():
    token = graphistry.api_token()
    for path, body in [
        ("/api-token-verify", {"token": token}), ("/api/v2/auth/token/refresh", {"token": token}),
        ("/api/v2/upload/datasets", {"name": "n"}), ("/api/v2/files", {"file_type": "csv"}),
    ]:
        for form in [path, path + "/"]:
            assert ask("POST", form, body).status_code == 200, form
    for path in ["/api/v2/datasets", "/api/v2/files"]:
        for form in [path, path + "/"]:
            assert ask("GET", form + "?limit=1", expect=200).json()["count"] >= 1


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
