"""What keys may do and how they look, and how entries of the audit trail are chained."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from zelo.base.messages.message import N_

SCOPES: Mapping[str, str] = MappingProxyType(
    {
        "events": N_("bring events"),
        "decide": N_("bring an event and wait for its decision"),
        "read": N_("read decisions, effects, messages and receipts"),
        "act": N_("undo effects and set labels"),
        "admin": N_("store and activate packs, manage endpoints and keys"),
    }
)
"""What an API key may be allowed to do."""
KEY_PREFIX = "zelo"
GENESIS = bytes(32)
_canonical = msgspec.json.Encoder(order="sorted", enc_hook=str).encode


def written_key(prefix: str, secret: str) -> str:
    """Return an API key as its owner keeps it."""
    return f"{KEY_PREFIX}_{prefix}_{secret}"


def digest_of(key: str) -> str:
    """Return what is kept of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def pseudonym_of(key: bytes, ident: str) -> str:
    """Return what stands in the place of an id: the same for the same id; without the key there is no way back."""
    return "anon-" + hmac.new(key, f"zelo.pseudonym {ident}".encode(), hashlib.sha256).hexdigest()[:24]


def chained(key: bytes, before: bytes, fields: Mapping[str, object]) -> bytes:
    """Return the hash of an entry: of the entry before it and its own fields, keyed so that only zelo can make it."""
    return hmac.new(key, before + _canonical(fields), hashlib.sha256).digest()
