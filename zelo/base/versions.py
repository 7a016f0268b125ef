"""The version of zelo, and of what policies mean."""

from __future__ import annotations

from typing import Final

ZELO: Final = "0.1.0"
LANGUAGE: Final = "1"
"""Version of what policies mean (docs/language.md); stored with every run."""
