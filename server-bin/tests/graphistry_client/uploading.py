"""Graphs that are sent, once or again, and who may see them."""

import graphistry
import pandas as pd
import requests

from shared import AUTH, BASE, EDGES, PASSWORD, ask, columns, described, graph, scenario, size


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
