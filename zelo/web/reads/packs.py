"""Reads packs as they are stored: which version works, what a version says, which a person may see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Protocol

import yaml

from zelo.base.errors import NotFound
from zelo.base.messages.message import N_
from zelo.base.source import Report
from zelo.decide.logic import Engine
from zelo.models import Activation, PackVersion
from zelo.policy.load_pack import load_pack
from zelo.policy.pack import Pack


class Reader(Protocol):
    """A person, as far as what they may see goes."""

    markets: list[str]


@dataclass(frozen=True)
class Version:
    """One stored version of a pack."""

    id: int
    pack: str
    version: str
    number: int
    """From 1, in the order in which the pack's versions were stored."""
    stored_at: datetime
    stored_by: str
    active_since: datetime | None
    """When it was last put to work; None: never."""
    works: bool
    """Whether it is the one that decides now."""

    @property
    def short(self) -> str:
        """Return the beginning of the version, to tell it from others."""
        return self.version[:12]


@lru_cache(maxsize=16)
def pack_of(version_id: int) -> Pack:
    """Return the checked pack of a stored version; raises NotFound."""
    row = PackVersion.objects.filter(pk=version_id).first()
    pack = load_pack({path: text.encode() for path, text in row.files.items()}, Report()) if row else None
    if pack is None:
        raise NotFound(N_("there is no such version of the pack"))
    return pack


@lru_cache(maxsize=4)
def engine_of(version_id: int) -> Engine:
    """Return an engine of a version, for explaining only."""
    return Engine(pack_of(version_id))


@lru_cache(maxsize=256)
def markets_of(version_id: int) -> frozenset[str]:
    """Return the markets of a version."""
    files = PackVersion.objects.values_list("files", flat=True).get(pk=version_id)
    head = yaml.safe_load(files.get("pack.yaml", "")) or {}
    return frozenset(map(str, head.get("markets", ())))


def visible_to(reader: Reader, version_id: int) -> bool:
    """Tell whether a person may see what a version governs: it shares a market with them, or they see all."""
    return not reader.markets or bool(markets_of(version_id) & set(reader.markets))


def visible_ids(reader: Reader) -> list[int] | None:
    """Return the ids of the versions that a person may see; None: all."""
    if not reader.markets:
        return None
    return [ident for ident in PackVersion.objects.values_list("pk", flat=True) if visible_to(reader, ident)]


def versions(reader: Reader, pack: str | None = None) -> list[Version]:
    """Return the versions a person may see, newest first."""
    rows = PackVersion.objects.order_by("pk").values("pk", "pack", "version", "stored_at", "stored_by")
    since: dict[int, datetime] = dict(Activation.objects.order_by("pk").values_list("pack_version_id", "at"))
    works = working_id()
    numbers: dict[str, int] = {}
    found = []
    for row in rows:
        numbers[row["pack"]] = numbers.get(row["pack"], 0) + 1
        if (pack is None or row["pack"] == pack) and visible_to(reader, row["pk"]):
            found.append(
                Version(
                    row["pk"], row["pack"], row["version"], numbers[row["pack"]], row["stored_at"], row["stored_by"],
                    since.get(row["pk"]), row["pk"] == works,
                )
            )  # fmt: skip
    return found[::-1]


def working_id() -> int | None:
    """Return the version that decides now."""
    return Activation.objects.order_by("-pk").values_list("pack_version_id", flat=True).first()


def version(reader: Reader, pack: str, wanted: str = "") -> Version:
    """Return the version of a pack whose name begins so, else the working one, else the newest; raises NotFound."""
    known = versions(reader, pack)
    if wanted:
        known = [one for one in known if one.version.startswith(wanted)]
    if not known:
        raise NotFound(N_("there is no such version of the pack"))
    return next((one for one in known if one.works), known[0])


def working_pack(reader: Reader) -> tuple[Version, Pack] | None:
    """Return the version that decides now, when a person may see it."""
    ident = working_id()
    if ident is None or not visible_to(reader, ident):
        return None
    found = next(one for one in versions(reader) if one.id == ident)
    return found, pack_of(ident)


def files_of(version_id: int) -> dict[str, str]:
    """Return the files of a version."""
    return dict(PackVersion.objects.values_list("files", flat=True).get(pk=version_id))


def titles(kinds: Iterable[str], pack: Pack, language: str) -> dict[str, str]:
    """Return the titles of kinds of event in a language."""
    return {kind: pack.kind_titles[kind][language] for kind in kinds if kind in pack.kind_titles}
