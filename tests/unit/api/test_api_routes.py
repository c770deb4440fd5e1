"""Applications of one process share the schemas of their routes, and describe them when asked."""

import pytest
from flask import Flask
from marshmallow import fields

from service.api import registration, routes
from service.api.schemas import ApiSchema, page_of

MADE = []


class Answer(ApiSchema):
    number = fields.Integer(required=True)

    def __init__(self, **options):
        MADE.append(type(self))
        super().__init__(**options)


class Query(Answer):
    pass


@pytest.fixture
def described():
    """Makes an application with one route; returns it with its API."""

    def make():
        app = Flask("api")
        app.config.update(API_TITLE="A", API_VERSION="1", OPENAPI_VERSION="3.1.0")
        api = registration._Api(app)
        made = routes.Routes("noun", "A noun")
        made.get("/noun", lambda query: query, Answer, query=Query)
        api.register_blueprint(made.blueprint)
        return app, api

    return make


def test_a_schema_is_made_once_in_a_process(described):
    described()
    MADE.clear()
    app, _ = described()
    answer = app.test_client().get("/api/noun?number=7")
    assert (answer.json, MADE) == ({"number": 7}, [])


def test_the_schema_of_a_page_is_one():
    assert page_of(Answer) is page_of(Answer)


def test_nothing_is_copied_before_a_description_is_asked_for(described, monkeypatch):
    copied = []
    monkeypatch.setattr("flask_smorest.blueprint.deepcopy", lambda it: copied.append(it) or it)
    app, api = described()
    assert copied == []
    with app.app_context():
        assert "/api/noun" in api._openapi_json().json["paths"]
    assert copied
