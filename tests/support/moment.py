"""A moment of a history on a real store, to which a test comes back as often as it wants."""

import copy

import redis


class Moment:
    """
    Args:
        story: What is played.
        bench: The `Bench` in it.
    """

    def __init__(self, story, bench):
        path = bench.client.connection_pool.connection_kwargs["path"]
        self._raw = redis.Redis(unix_socket_path=path)  # what is dumped is no text
        keys = self._raw.keys()
        with self._raw.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.dump(key)
                pipe.pttl(key)
            held = pipe.execute()
        self._held = list(zip(keys, held[::2], held[1::2], strict=True))
        self._now = bench.now_ms()
        self._story = copy.deepcopy(story)

    def again(self, bench_of):
        """Return a copy of the story as it was; its store and its clock are put back."""
        with self._raw.pipeline(transaction=False) as pipe:
            pipe.flushall()
            for key, value, ms in self._held:
                pipe.restore(key, max(0, ms), value)
            pipe.execute()
        story = copy.deepcopy(self._story)
        bench = bench_of(story)
        bench.steps.clock_offset_ms += self._now - bench.now_ms()
        return story
