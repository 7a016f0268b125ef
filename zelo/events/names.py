"""The attribute of a decoded event in which a field's value is kept."""

from __future__ import annotations

import keyword


def attribute(name: str) -> str:
    """Return the field's own name, or `f_` and the name when Python claims it (`from` is kept in `f_from`)."""
    return f"f_{name}" if keyword.iskeyword(name) or name.startswith(("_", "f_")) else name
