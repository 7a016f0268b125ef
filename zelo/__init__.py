"""zelo governs content and creators of an online platform: policies as text, proved on history, enforced on events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zelo.base import versions

if TYPE_CHECKING:
    from zelo.adapters.packs import open_pack
    from zelo.decide.decision import Decision
    from zelo.decide.logic import Engine

__version__ = versions.ZELO
LANGUAGE_VERSION = versions.LANGUAGE
__all__ = ["LANGUAGE_VERSION", "Decision", "Engine", "__version__", "open_pack"]


def __getattr__(name: str) -> object:
    """Load the library's doors when they are first asked for: `from zelo import Engine, open_pack`."""
    if name == "open_pack":
        from zelo.adapters.packs import open_pack

        return open_pack
    if name == "Engine":
        from zelo.decide.logic import Engine

        return Engine
    if name == "Decision":
        from zelo.decide.decision import Decision

        return Decision
    raise AttributeError(f"module `zelo` has no attribute `{name}`")
