"""The bodies of the control API, as marshmallow schemas: unknown keys are errors."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from service.sandbox.faults.faults import STEPS
from service.sandbox.model.clock import FARTHEST, LONGEST
from service.sandbox.model.rules import Rules
from service.sandbox.model.schema import TYPES
from service.sandbox.webhooks.registrations import RAISED

_text = fields.String
_TOKEN = validate.Regexp(r"[\x21-\x7e]+\Z", error="Must be printable ASCII without spaces.")
_LINE = validate.Regexp(r"[\x20-\x7e]*\Z", error="Must be printable ASCII, as a header is.")


def _wait() -> fields.Float:
    return fields.Float(validate=validate.Range(min=0, max=LONGEST))


def _number_or_objects(items: Any) -> None:
    objects = isinstance(items, list) and all(isinstance(one, dict) for one in items)
    number = isinstance(items, int) and not isinstance(items, bool) and items >= 0
    if not objects and not number:
        raise ValidationError("Must be a number, or a list of objects of field data.")


class MatchOrder(Schema):
    """The calls that a fault affects."""

    method = _text()
    path = _text()
    item = _text()
    more_than = fields.Integer()
    fewer_than = fields.Integer()
    field = _text()


class FaultOrder(Schema):
    """A fault: for one call, unless it has ``times`` or ``seconds``; ``times: null``: for ever."""

    kind = _text(required=True, data_key="fault", validate=validate.OneOf(tuple(STEPS)))
    times = fields.Integer(allow_none=True, validate=validate.Range(min=1))
    seconds = _wait()
    match = fields.Nested(MatchOrder)
    delay = _wait()
    slug = _text()
    status = fields.Integer(validate=validate.Range(min=200, max=599))
    message = _text()
    code = _text()
    details = fields.List(fields.Raw())  # objects, texts and lists were observed
    retry_after = fields.Integer(validate=validate.Range(min=0))
    location = _text(validate=_LINE)
    body = _text()

    @validates_schema
    def check(self, data: dict[str, Any], **_: Any) -> None:
        if data["kind"] == "drop-field" and "slug" not in data:
            raise ValidationError("drop-field needs the slug of the field", "slug")


class TokenOrder(Schema):
    """Revoke a token, make it valid again, or add one; by default the main token."""

    valid = fields.Boolean(required=True)
    token = _text(validate=_TOKEN)
    scopes = fields.List(_text(), allow_none=True)


class BudgetOrder(Schema):
    """Change the window of a token; by default of the main one."""

    token = _text()
    used = fields.Integer(validate=validate.Range(min=0))
    second_consumer_per_minute = fields.Float(validate=validate.Range(min=0))
    second_consumer_percent = fields.Float(validate=validate.Range(min=0, max=100))
    limit = fields.Integer(validate=validate.Range(min=0))
    window_seconds = fields.Float(validate=validate.Range(min=0, min_inclusive=False))
    reset = fields.Boolean()


class FieldOrder(Schema):
    """A field, in the form of v2's Get Collection."""

    slug = _text(required=True)
    type = _text(required=True, validate=validate.OneOf(tuple(TYPES)))
    name = _text(data_key="displayName")
    required = fields.Boolean(data_key="isRequired")
    validations = fields.Dict()
    options = fields.List(_text())  # labels; the ids are derived from them


class CollectionOrder(Schema):
    """A collection with *items*: a number of samples, or the field data of each."""

    id = _text(validate=validate.Regexp(r"[0-9a-f]{24}\Z"))
    name = _text(load_default="Things")
    slug = _text(load_default="things")
    schema = fields.List(fields.Nested(FieldOrder), data_key="fields", load_default=list)
    items = fields.Raw(load_default=0, validate=_number_or_objects)
    live = fields.Boolean(load_default=True)


class SchemaOrder(Schema):
    """A change of a schema; ``blocked``: the reason for which writes get 409, or null."""

    collection = _text()
    add = fields.List(fields.Nested(FieldOrder), load_default=list)
    remove = fields.List(_text(), load_default=list)
    blocked = _text(allow_none=True)
    changed = fields.Boolean()  # live writes are refused until the site is published


class ItemOrder(Schema):
    """What an editor does to an item by hand; ``fields`` and flags go to the staged copy."""

    collection = _text()
    item = _text(required=True)
    values = fields.Dict(data_key="fields", load_default=dict)
    archived = fields.Boolean(load_default=None)
    draft = fields.Boolean(load_default=None)
    publish = fields.Boolean(load_default=False)
    unpublish = fields.Boolean(load_default=False)
    delete = fields.Boolean(load_default=False)


class ClockOrder(Schema):
    """The offset of the stand-in's clock from the true time."""

    # seconds ahead; below 0, behind
    offset = fields.Float(required=True, validate=validate.Range(min=-FARTHEST, max=FARTHEST))


class WebhookOrder(Schema):
    """A webhook, by default for all triggers."""

    url = fields.Url(required=True, schemes={"http", "https"}, require_tld=False)
    secret = _text()
    triggers = fields.List(_text(validate=validate.OneOf(RAISED)), validate=validate.Length(min=1))
    retry_seconds = _wait()


class RulesOrder(Schema):
    """Changes of the site's rules; missing keys stay as they are."""

    item_limit = fields.Integer(allow_none=True, validate=validate.Range(min=0))
    filter_lag = fields.Float(validate=validate.Range(min=0, max=LONGEST))
    filters = fields.String(validate=validate.OneOf(("answered", "refused", "ignored")))

    class Meta:
        # All others are on or off.
        include: ClassVar = {
            one.name: fields.Boolean() for one in dataclasses.fields(Rules) if one.type == "bool"
        }
