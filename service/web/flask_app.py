"""Flask, which looks once for the route of each path that senders call all the time."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Any

from flask import Flask, Request
from werkzeug.routing import MapAdapter
from werkzeug.sansio.utils import get_host


class _Found(MapAdapter):
    """What one path has matched."""

    def __init__(self, adapter: MapAdapter) -> None:
        self.__dict__ = adapter.__dict__.copy()
        self._rule, self._values = adapter.match(return_rule=True)

    def match(self, *_: object, **__: object) -> Any:
        return self._rule, dict(self._values)


# Senders name the same few hosts again and again.
_host = lru_cache(maxsize=16)(get_host)


class _Request(Request):
    def close(self) -> None:
        """Close the files of a form, without a look for them where no form was read."""
        if "files" in vars(self):
            super().close()


class App(Flask):
    """
    Args:
        paths: Those of which it remembers the route for a POST: to look for it takes a tenth of
            what a delivery takes in all.
    """

    request_class = _Request

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
            # Refuses what is no host, as Flask does.
            request.host = _host(request.scheme, request.environ.get("HTTP_HOST"), request.server)
            return self._found[path]
        adapter = super().create_url_adapter(request)
        if adapter and path in self._paths:
            self._found[path] = _Found(adapter)
        return adapter
