"""A path that is remembered is answered as one that is looked for."""

import io

import pytest
from flask import Flask, jsonify, request

from service.web.flask_app import App

PATH = "/webhooks/shop"


def routed(app):
    def receive(source, token=None):
        found = {"rule": str(request.url_rule), "host": request.host, "root": request.root_path}
        request.view_args["source"] = "changed"  # of this request alone
        return jsonify(found | {"source": source, "token": token})

    for rule in ("/webhooks/<source>", "/webhooks/<source>/<path:token>"):
        app.add_url_rule(rule, view_func=receive, methods=["POST"])
    app.add_url_rule(PATH, "asked", lambda: "asked", methods=["GET"])
    return app.test_client()


@pytest.fixture
def app():
    return App("test", [PATH])


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("POST", PATH, {}),
        ("POST", PATH, {"headers": {"Host": "shop.example.com:8443"}}),
        ("POST", PATH, {"headers": {"Host": "a b"}}),
        ("POST", PATH, {"base_url": "http://localhost/below"}),
        ("POST", PATH, {"query_string": {"a": "1"}}),
        ("POST", f"{PATH}/secret", {}),
        ("POST", f"{PATH}/", {}),
        ("POST", "/webhooks/other", {}),
        ("POST", f"/{PATH}", {}),
        ("GET", PATH, {}),
        ("PUT", PATH, {}),
    ],
)
def test_it_answers_as_flask_does(app, method, path, options):
    flask, ours = routed(Flask("test")), routed(app)
    wanted = flask.open(path, method=method, **options)
    for _ in range(3):
        ours.post(PATH)
        found = ours.open(path, method=method, **options)
        assert (found.status_code, found.data) == (wanted.status_code, wanted.data)


def test_only_the_paths_that_it_is_given_are_remembered(app):
    client = routed(app)
    for path in (PATH, "/webhooks/other", f"{PATH}/secret", "/none"):
        client.post(path)
    assert list(app._found) == [PATH]


def test_a_path_without_a_route_is_not_remembered_as_found():
    client = App("test", [PATH]).test_client()
    assert [client.post(PATH).status_code for _ in range(2)] == [404, 404]


def test_the_files_of_a_form_are_closed(app):
    files = []

    def take():
        files.append(request.files["one"])
        return ""

    app.add_url_rule("/form", view_func=take, methods=["POST"])
    app.test_client().post("/form", data={"one": (io.BytesIO(b"x"), "one.txt")})
    assert files[0].stream.closed
