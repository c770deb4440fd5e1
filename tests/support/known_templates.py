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
        bucket.code = self._known.get(_place(bucket))

    def dump_bytecode(self, bucket):
        self._known[_place(bucket)] = bucket.code


def _place(bucket):
    # What an environment finalizes is part of the code: one without it could not run that.
    return bucket.key, bucket.checksum, bucket.environment.finalize
