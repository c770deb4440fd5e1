"""One value against one field, without a server."""

import pytest

from service.sandbox.fields.files import Files
from service.sandbox.fields.sent_value import Sent
from service.sandbox.fields.values import TYPES
from service.sandbox.model.refusals import FieldRefusal, ValueRefused
from service.sandbox.model.schema import Field

ITEM, UNKNOWN = "65f100000000000000000001", "0" * 24
PICTURE = "https://shop.example.com/oak.png"


def read(kind, value, api="v2", files=None, **rules):
    """What a field of this type and these validations reads back."""
    field = kind if isinstance(kind, Field) else Field("a-field", kind, validations=rules)
    files = files or Files("65e000000000000000000002")
    return TYPES[field.type](Sent(value, field, api, files, lambda _, id: id == ITEM))


def refusal(kind, value, api="v2", **rules):
    """Why it is refused, in the words of v2."""
    with pytest.raises(ValueRefused) as caught:
        read(kind, value, api, **rules)
    return f"{caught.value.reason}: {FieldRefusal('', '', caught.value.value).quoted}"


def rules(**validations):
    return validations
