"""The rest."""

import graphistry
import requests

from shared import BASE, ask, scenario


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
