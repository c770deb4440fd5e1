"""``/sources/<name>/suggestion``: a mapping module for a source, to copy."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint, Response, render_template, request

from service.console import query
from service.console.error_pages import missing
from service.console.payload_form import headers_of
from service.console.sessions import caller
from service.operate.page import FilterInvalid
from service.operate.parts import Parts
from service.operate.sources import show_source
from service.operate.suggestion import Samples, of_kept, of_payload, of_sender, suggestion
from workers.errors import DestinationError, RequestRefused
from workers.store.rate_limiter import Limiter

PATIENCE: Final = 5.0  # s that a page waits for a slot in the budget


def add(made: Blueprint, parts: Parts) -> None:
    """Add the page of a suggestion to *made*, the blueprint of the sources."""
    views = _Views(parts)
    address = "/sources/<name>/suggestion"
    made.add_url_rule(address, "suggestion", views.show)
    made.add_url_rule(address, "suggest", views.suggest, methods=["POST"])


class _Views:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def show(self, name: str) -> str:
        query.of_request()
        return self._page(name)

    def suggest(self, name: str) -> Response:
        """Ask the site for the fields of a collection, and pair them with what the source sends."""
        form = request.form
        collection = form.get("collection", "")
        given = {key: form.get(key, "") for key in ("body", "topic", "headers")}
        try:
            self._check(name, collection)
            made = suggestion(
                self._parts.configuration,
                name,
                collection,
                self._samples(name),
                limiter=Limiter(self._parts.context.steps),
                patience=PATIENCE,
            )
        except (FilterInvalid, RequestRefused) as error:
            fault = (error.found, error.expected, error.do)
        except DestinationError as error:
            fault = (str(error), "an answer of the site", "try again")
        else:
            page = self._page(name, collection=collection, text=made.text, **given)
            return Response(page, HTTPStatus.OK)
        page = self._page(name, collection=collection, fault=fault, **given)
        return Response(page, HTTPStatus.BAD_REQUEST)

    def _check(self, name: str, collection: str) -> None:
        self._source(name)
        if collection not in self._collections():
            names = ", ".join(self._collections()) or "none"
            raise FilterInvalid(repr(collection), f"a collection ({names})", "choose one")

    def _samples(self, name: str) -> Samples:
        """Return the payload of the form; without one what is kept, else what ships."""
        body, configuration = request.form.get("body", ""), self._parts.configuration
        if body.strip():
            return of_payload(
                configuration,
                name,
                body.encode("utf-8", "surrogatepass"),
                headers=headers_of(request.form.get("headers", "")),
                topic=request.form.get("topic", "").strip() or None,
                told="a payload that was pasted",
            )
        found = of_kept(self._parts.context, configuration, name)
        return found if found.events else of_sender(configuration, name)

    def _collections(self) -> list[str]:
        return sorted(caller().scope.collections)

    def _source(self, name: str) -> dict[str, Any]:
        parts = self._parts
        found = show_source(parts.context, parts.configuration, caller().scope, name)
        if found is None:
            raise missing(
                name, "a source of instep.toml that you may see", "see the list of sources"
            )
        return found

    def _page(self, name: str, **values: Any) -> str:
        return render_template(
            "console/suggestion.html",
            source=self._source(name),
            collections=self._collections(),
            reads=self._parts.configuration.senders[name].headers,
            **values,
        )
