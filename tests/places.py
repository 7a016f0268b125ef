"""Where things lie: the repository, its packs, and what may be absent: data sets, libraries, programs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

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


def library(name: str) -> Any:
    """Return a module that is not built for every platform, or skip the calling tests, saying which is absent."""
    return pytest.importorskip(name, reason=f"needs {name}, which is not built for this platform")


def extra(name: str, module: str) -> Any:
    """Return a module that an extra of the package installs, or skip the calling tests, saying which is absent."""
    return pytest.importorskip(module, reason=f"needs {module}, which the extra `{name}` installs")


def program(name: str) -> str:
    """Return where a program lies that not every machine has, or skip the calling test, saying which is absent."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"needs the program {name}")
    return found
