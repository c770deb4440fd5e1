"""The wait before the next attempt."""

from __future__ import annotations


def backoff(attempt: int, *, base: float, cap: float, spread: float) -> float:
    """
    Return the wait before the next attempt, in seconds, between 0 and *cap*.

    Args:
        attempt: Failed attempts so far, counted from 1.
        base: Ceiling of the first wait, in seconds; doubles with every attempt.
        cap: Longest wait, in seconds.
        spread: Random number in [0, 1); an argument, so a test needs no patch.

    Raises:
        ValueError: *attempt* is below 1.

    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ ("full jitter")
    """
    if attempt < 1:
        raise ValueError(f"attempt {attempt} is below 1")
    # 2.0 ** 1024 is no float any more.
    return min(cap, base * 2.0 ** min(attempt - 1, 64)) * spread
