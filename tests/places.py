"""Where things lie: the repository, its packs, and the data sets that may stand beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
"""The repository's root."""
SHARED = REPOSITORY.parent / "shared"
"""Data sets too large for the repository; a clone without them skips the tests that read them."""


def shared(relative: str) -> Path:
    """Return a place under `../shared`, or skip the calling test, saying what is absent."""
    path = SHARED / relative
    if not path.exists():
        pytest.skip(f"needs ../shared/{relative}, which is not beside this clone")
    return path
