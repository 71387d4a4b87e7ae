"""Bindings, encodings, settings and styles."""

import json

import graphistry
import requests
from graphistry import n

from shared import ask, described, graph, has, scenario


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
