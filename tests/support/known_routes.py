"""
The routes of a Flask application, of which a run of the tests makes a thousand.

Werkzeug writes and compiles two functions for each route, which take a millisecond; those of equal
routes are equal, and need the route itself only when they are called.
"""

from werkzeug.routing import Rule

_KNOWN = {}


class KnownRoute(Rule):
    """A route whose functions are compiled once in a process."""

    def _compile_builder(self, append_unknown=True):
        if self.defaults:
            return super()._compile_builder(append_unknown)
        which = (self.rule, tuple(self._trace), append_unknown)
        if which not in _KNOWN:
            _KNOWN[which] = super()._compile_builder(append_unknown)
        return _KNOWN[which]
