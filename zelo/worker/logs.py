"""Structured logs: one JSON object a line on the error output, with the ids that tie lines together."""

from __future__ import annotations

import logging
import os
import sys
from datetime import UTC, datetime

import msgspec

_encode = msgspec.json.Encoder(enc_hook=str).encode
_QUIET = os.environ.get("ZELO_LOG", "") == "quiet"


def log(event: str, **fields: object) -> None:
    """Write a line: when, which process, what happened, and its fields. Never a value of personal data."""
    if _QUIET:
        return
    line = {"at": datetime.now(UTC).isoformat(), "process": os.environ.get("ZELO_PROCESS", "zelo"), "event": event}
    sys.stderr.buffer.write(_encode({**line, **fields}) + b"\n")
    sys.stderr.buffer.flush()


class _Library(logging.Handler):
    """Writes what a library says as one of our lines."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        log("library", name=record.name, level=record.levelname.lower(), detail=record.getMessage()[:500])


def hear_libraries() -> None:
    """Have what adapters let their libraries say (loggers under `zelo.`) written as our lines; once is enough."""
    heard = logging.getLogger("zelo")
    if not heard.handlers:
        heard.addHandler(_Library())
        heard.propagate = False


hear_libraries()
