"""Signing in, by all the ways that the client knows."""

import graphistry
import requests

from shared import AUTH, BASE, EDGES, PASSWORD, WHERE, ask, described, graph, has, raises, register, scenario, size


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
