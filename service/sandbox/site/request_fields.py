"""Reads the fields of a request: values as stored, or one refusal for all that are invalid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from service.sandbox.fields.kept_form import is_passed_over, kept, taken
from service.sandbox.fields.sent_value import Sent
from service.sandbox.fields.values import TYPES
from service.sandbox.model.records import LOST, Collection, Edit
from service.sandbox.model.refusals import FieldRefusal, FileUnavailable, Refused, ValueRefused
from service.sandbox.site.site import Site


@dataclass(slots=True)
class RequestReader:
    """
    The fields of one request, read against a collection; with *skip_invalid_files*, a file that
    cannot be imported is left out instead of refused.
    """

    site: Site
    collection: Collection
    api: str
    skip_invalid_files: bool
    _slugs: dict[tuple[str, str], str] = field(default_factory=dict)  # of this request: whose
    _problems: list[FieldRefusal] = field(default_factory=list)
    _files: list[FieldRefusal] = field(default_factory=list)  # reported without their fields

    def read(self, edits: Sequence[Edit]) -> list[dict[str, Any]]:
        """
        Return the values of each edit as stored; raises Refused if some do not fit their fields.
        """
        data = [self._fields(edit) for edit in edits]
        if self._problems:
            raise Refused("fields", fields=self._problems)
        if self._files:
            raise Refused("file", self._files[0].reason.replace("Remote image", "Remote file"))
        return data

    def _fields(self, edit: Edit) -> dict[str, Any]:
        read: dict[str, Any] = {}
        for slug, value in edit.fields.items():
            if is_passed_over(self.site.rules, self.collection.fields.get(slug), value):
                continue
            try:
                read[slug] = self._value(edit, slug, value)
            except FileUnavailable as error:
                if not self.skip_invalid_files:
                    found = self._files if self.site.rules.names_no_files else self._problems
                    found.append(FieldRefusal(slug, error.reason, error.value))
            except ValueRefused as error:
                self._problems.append(FieldRefusal(slug, error.reason, error.value))
        return read

    def _value(self, edit: Edit, slug: str, value: Any) -> Any:
        field = self.collection.fields.get(slug)
        if field is None:
            raise ValueRefused("Field not described in schema")
        if value is LOST:
            return None
        if value is None:
            if field.required:
                raise ValueRefused("Required field cannot be cleared")
            return None
        site, rules = self.site, self.site.rules
        sent = Sent(
            taken(rules, field, value),
            field,
            self.api,
            site.files,
            lambda collection, id: site.has_item(collection, id, edit.locale),
            rules,
        )
        read = kept(rules, field, TYPES[field.type](sent))
        if slug == "slug":
            self._require_own(edit, read)
        return read

    def _require_own(self, edit: Edit, slug: str) -> None:
        variants = self.collection.variants(edit.locale)
        owner = variants.slugs.get(slug, edit.id)
        first = self._slugs.setdefault((edit.locale, slug), edit.id)
        if {owner, first} != {edit.id} or slug in variants.held:
            raise ValueRefused("Unique value is already in database", slug)
