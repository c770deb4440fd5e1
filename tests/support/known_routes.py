"""
The routes of a Flask application, of which a run of the tests makes a thousand.

Werkzeug takes each route apart and writes and compiles two functions for it, which takes a
millisecond; those of equal routes are equal, and need the route itself only when they are called.
"""

from werkzeug.routing import Rule

_KNOWN = {}
_MADE = ("_parts", "_trace", "_converters", "arguments", "_build", "_build_unknown")


class KnownRoute(Rule):
    """A route that is compiled once in a process."""

    def compile(self):
        if self.defaults:
            super().compile()
            return
        converters = frozenset(self.map.converters.items())
        place = (self.rule, self.subdomain, self.host, self.map.host_matching)
        which = (*place, self.is_leaf, self.strict_slashes, self.merge_slashes, converters)
        if which not in _KNOWN:
            super().compile()
            _KNOWN[which] = {name: getattr(self, name) for name in _MADE}
            return
        for name, made in _KNOWN[which].items():
            # A function is that of the first such route: it is bound to this one.
            bound = name in ("_build", "_build_unknown")
            setattr(self, name, made.__func__.__get__(self, None) if bound else made)
