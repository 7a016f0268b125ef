"""
The exceptions zelo raises on purpose.

    ZeloError
      PolicyRejected   the pack's text cannot be accepted; carries every Diagnostic
      InvalidInput     an event, file or request does not fit its schema
      NotFound         the thing asked for does not exist, or may not be seen
      NotAllowed       this actor may not do this
      Conflict         the thing exists but its state forbids this
      Unavailable      something outside zelo did not answer; trying again may help
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zelo.base.source import Diagnostic


class ZeloError(Exception):
    """An outcome zelo foresaw; a bug is never one of these."""

    def __init__(self, message: str, **params: object) -> None:
        """Keep an untranslated message with `{name}` placeholders and their values."""
        super().__init__(message.format(**params) if params else message)
        self.message = message
        self.params = params


class PolicyRejected(ZeloError):
    """The pack's text cannot be accepted."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__("pack rejected with {count} error(s)", count=sum(found.is_error for found in diagnostics))
        self.diagnostics = diagnostics


class InvalidInput(ZeloError):
    """An event, file or request does not fit its schema."""


class NotFound(ZeloError):
    """The thing asked for does not exist, or may not be seen."""


class NotAllowed(ZeloError):
    """This actor may not do this."""


class Conflict(ZeloError):
    """The thing exists but its state forbids this."""


class Unavailable(ZeloError):
    """Something outside zelo did not answer; trying again may help."""
