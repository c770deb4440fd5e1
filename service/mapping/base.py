"""
Mapping: the marshmallow schema that a user subclasses, one per kind of change.

``Meta`` takes ``source``, ``topics``, ``collection``, ``key`` or ``item``, ``each``, ``when``,
``version``, ``allow_slug``, ``on_delete``, ``fetch`` and ``object``; what each means stands in
:mod:`service.mapping.meta`.
"""

from __future__ import annotations

from marshmallow import EXCLUDE, Schema


class Mapping(Schema):
    """
    Fields of one collection, each with the JMESPath expression in the payload that fills it.

    ``data_key`` is that expression; without it, the attribute's name. The slug of the CMS field
    is the attribute's name with ``_`` as ``-`` (a leading ``_`` stays), or ``attribute=``.

    Always partial: what the payload does not hold is not touched, so ``required`` has no effect
    and ``load_default`` is refused. An explicit null clears a field that has ``allow_none=True``;
    ``""`` counts as null for all but text.

    Hooks of marshmallow work on what was read, not on the payload: ``pre_load`` sees the values
    by path, ``post_load`` and ``validates_schema`` the loaded ones by attribute.
    """

    def __init__(self) -> None:
        # load_only: marshmallow refuses two fields with one data_key where it could dump them.
        super().__init__(load_only=set(self._declared_fields), partial=True, unknown=EXCLUDE)
