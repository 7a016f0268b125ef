"""How much random testing a run does: `HYPOTHESIS_PROFILE` is fast (while one works), daily, or nightly."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

pytest_plugins = ("tests.platform_fixtures", "tests.web_fixtures")

settings.register_profile("daily", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fast", settings.get_profile("daily"), max_examples=20)
settings.register_profile("nightly", settings.get_profile("daily"), max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "daily"))
