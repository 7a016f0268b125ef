"""
How a test run goes: which modules come first, and how much random testing there is.

`HYPOTHESIS_PROFILE` is fast (while one works), daily, or nightly.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ("tests.platform_fixtures", "tests.web_fixtures")

settings.register_profile("daily", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fast", settings.get_profile("daily"), max_examples=20)
settings.register_profile("nightly", settings.get_profile("daily"), max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "daily"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put modules with slow tests first: beside others, nobody then waits for a long one that was begun last."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
