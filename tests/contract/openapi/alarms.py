"""
Where the proxy complains although the answer is right: the description differs from the real API.

Each is named on its own, as narrowly as it can be; whatever else the proxy says is a failure.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class Alarm:
    """
    Args:
        text: Why it is false.
        location: Pattern of where the proxy sees it, as ``response.body.details.0``.
        code: What it is called by the proxy.
        operations: The calls in which it may occur; none named: in every one.
    """

    text: str
    location: str
    code: str
    operations: tuple[str, ...] = ()

    def fits(self, operation, location, code):
        return (
            (not self.operations or operation in self.operations)
            and fnmatchcase(location, self.location)
            and code == self.code
        )


FALSE_ALARMS = (
    Alarm(
        "`lastPublished` is null until an item is published; described as a string",
        "response.body*.lastPublished",
        "type",
    ),
    Alarm(
        "`helpText` is null where there is none, as recorded; described as a string",
        "response.body*.helpText",
        "type",
    ),
    Alarm(
        "a batch is answered with a list; the keys of one item are demanded beside it",
        "response.body",
        "required",
        ("update-items", "update-items-live"),
    ),
    Alarm(
        "ids to publish fit both of the two schemas, as neither demands a key",
        "request.body",
        "oneOf",
        ("publish-item",),
    ),
)
OF_ERRORS = (  # seen in errors alone, where recorded answers differ from the description
    Alarm(
        "`externalReference` is null, in the description's own examples too; described as a string",
        "response.body.externalReference",
        "type",
    ),
    Alarm(
        "`details` hold an object for each field; the first is described as a string",
        "response.body.details.0",
        "type",
    ),
    Alarm(
        "two whole answers stand where the schemas of this 403 belong: any body fits both",
        "response.body",
        "oneOf",
        ("update-site", "delete-site"),
    ),
)
