"""What a message is: a text and a hint with named placeholders, marked for translation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Message:
    """The English words of one diagnostic code; both are keys of the translations."""

    text: str
    """Lower case, no full stop, the author's words in backticks: "unknown name `{name}`"."""
    hint: str | None = None
    """What to do about it; shown only when every placeholder in it has a value."""


def N_(text: str) -> str:  # the name that message extraction looks for
    """Mark a text for translation and return it unchanged; the doors translate it."""
    return text
