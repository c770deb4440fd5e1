"""What the nouns share: errors, pages, and the parameters of lists."""

from __future__ import annotations

from functools import cache
from typing import Any, Final, Self

from marshmallow import Schema, ValidationError, fields, validate

from service.operate.page import Page

LIMIT: Final = 50
MOST: Final = 200


class Text(fields.String):
    """A text that the store can hold: JSON may escape half a character, which is none."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValidationError("Not Unicode: half of a surrogate pair.") from None
        return text


class WholeNumber(fields.Integer):
    """A whole number in JSON, where 5.0 is one, "5" and true are none."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if type(value) not in (int, float) or value != value // 1:
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class Flag(fields.Boolean):
    """True or false in JSON; 0 and "false" are neither."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


def page_cursor(form: str) -> Text:
    """Return the parameter ``cursor`` of a list whose cursors have this *form*, a pattern."""
    return Text(
        load_default=None,
        validate=validate.Regexp(form),
        metadata={"description": "`next` of the page before."},
    )


def held() -> fields.Dict:
    """Return the field of an estimate that says what a run would be held for."""
    return fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={"description": "Collections of which so much changes that the run is held: why."},
    )


class ApiSchema(Schema):
    """What a body or a query of the API holds."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # A schema does not change. flask-smorest copies those of a route for each that it has, and
        # once more at its end: two thirds of the time in which the API was made.
        return self


class ErrorWords(ApiSchema):
    found = fields.String(required=True)
    expected = fields.String(required=True)
    do = fields.String(required=True)


class ErrorAnswer(ApiSchema):
    error = fields.Nested(ErrorWords, required=True)


class ListQuery(ApiSchema):
    limit = fields.Integer(
        load_default=LIMIT,
        validate=validate.Range(1, MOST),
        metadata={"description": "Entries of one page."},
    )
    cursor = Text(
        load_default=None,
        validate=validate.Length(1, 500),
        metadata={"description": "`next` of the page before."},
    )


@cache
def page_of(item: type[Schema]) -> type[Schema]:
    """Return the schema of ``{items, next}``; next is null on the last page."""
    made: type[Schema] = ApiSchema.from_dict(
        {
            "items": fields.List(fields.Nested(item), required=True),
            "next": fields.String(required=True, allow_none=True),
        },
        name=f"{item.__name__}Page",
    )
    return made


def as_answer(page: Page) -> dict[str, Any]:
    """Return *page* as lists answer it."""
    return {"items": page.items, "next": page.next}


class DryRun(ApiSchema):
    dry_run = Flag(
        load_default=False,
        metadata={"description": "Answer what would be done, and change nothing."},
    )
