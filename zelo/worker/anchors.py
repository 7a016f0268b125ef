"""Keeps the ends of the audit trail's chains in a file: who holds the database alone cannot write that."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import msgspec
from django.conf import settings

from zelo.adapters.files import write_whole
from zelo.people.flows import Anchor, anchors

_decode = msgspec.json.Decoder(list[Anchor]).decode


def _file() -> Path:
    return Path(settings.HOME) / "audit_heads.json"


def kept_anchors() -> list[Anchor]:
    """Return the ends that were kept last; none where there is no file."""
    try:
        return _decode(_file().read_bytes())
    except FileNotFoundError:
        return []


def keep_anchors() -> None:
    """Keep how each chain ends now, unless a chain is shorter than it was: then the file is the only witness."""
    now = anchors()
    numbers = {one.chain: one.number for one in now}
    if all(numbers.get(one.chain, 0) >= one.number for one in kept_anchors()):
        _file().parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # another process was putting its own in place
            write_whole(_file(), msgspec.json.encode(now))
