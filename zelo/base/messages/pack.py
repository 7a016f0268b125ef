"""The words of the pack's diagnostics."""

from __future__ import annotations

from collections.abc import Mapping

from zelo.base.messages.message import Message

MESSAGES: Mapping[str, Message] = {}
"""Diagnostic code to its message."""
