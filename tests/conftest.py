"""How much random testing a run does: little while one works, much when asked by `HYPOTHESIS_PROFILE=nightly`."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile("daily", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("nightly", settings.get_profile("daily"), max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "daily"))
