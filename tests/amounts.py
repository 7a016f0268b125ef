"""How many examples a random test tries: its own number, a fifth of it while one works."""

from __future__ import annotations

from hypothesis import settings


def examples(daily: int) -> int:
    """Return how many examples this run tries of a test that tries so many in a daily run."""
    return daily if settings.default.max_examples >= 100 else max(daily // 5, 2)
