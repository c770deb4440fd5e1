"""Flask, which looks once for the route of each path that senders call all the time."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from flask import Flask, Request
from werkzeug.routing import MapAdapter
from werkzeug.wsgi import get_host


class _Found(MapAdapter):
    """What one path has matched."""

    def __init__(self, adapter: MapAdapter) -> None:
        self.__dict__ = adapter.__dict__.copy()
        self._rule, self._values = adapter.match(return_rule=True)

    def match(self, *_: object, **__: object) -> Any:
        return self._rule, dict(self._values)


class App(Flask):
    """
    Args:
        paths: Those of which it remembers the route for a POST: to look for it takes a tenth of
            what a delivery takes in all.
    """

    def __init__(self, name: str, paths: Collection[str]) -> None:
        super().__init__(name, static_folder=None)
        self._paths = frozenset(paths)
        self._found: dict[str, _Found] = {}

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return *func*, without the look whether it is a coroutine: none is."""
        return func

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        path = request.environ["PATH_INFO"] if request and request.method == "POST" else ""
        if request and path in self._found:
            request.host = get_host(request.environ)  # refuses what is no host, as Flask does
            return self._found[path]
        adapter = super().create_url_adapter(request)
        if adapter and path in self._paths:
            self._found[path] = _Found(adapter)
        return adapter
