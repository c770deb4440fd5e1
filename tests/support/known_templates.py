"""
The templates of Flask applications, of which a run of the tests makes a thousand.

Each application compiles the templates that it shows, which takes longer than all else of a page.
"""

import jinja2


class KnownTemplates(jinja2.BytecodeCache):
    """Holds what a process has compiled, by the text of each template."""

    def __init__(self):
        self._known = {}

    def load_bytecode(self, bucket):
        bucket.code = self._known.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket):
        self._known[bucket.key, bucket.checksum] = bucket.code
