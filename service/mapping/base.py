"""
Mapping: the marshmallow schema that a user subclasses, one per kind of change.

:mod:`service.mapping.meta` describes the options of ``Meta``.
"""

from __future__ import annotations

from collections.abc import Sequence

from marshmallow import EXCLUDE, Schema


class Mapping(Schema):
    """
    Fields of one collection, each filled by a JMESPath expression on the payload.

    ``data_key`` is that expression; without it, the attribute's name. The slug of the CMS field
    is the attribute's name with ``_`` as ``-`` (a leading ``_`` stays), or ``attribute=``.

    Always partial: fields that the payload lacks are not touched, so ``required`` has no effect
    and ``load_default`` is refused. An explicit null clears a field that has ``allow_none=True``;
    ``""`` counts as null except for text.

    Hooks of marshmallow get the values found, not the payload: ``pre_load`` by path, ``post_load``
    and ``validates_schema`` by attribute.
    """

    def __init__(self, exclude: Sequence[str] = ()) -> None:
        # load_only: without it marshmallow refuses two fields with one data_key.
        own = set(self._declared_fields)
        super().__init__(exclude=exclude, load_only=own, partial=True, unknown=EXCLUDE)
