"""
Whose folder it is: a run or an import takes an empty one, goes on in its own, and leaves those of others alone.

What `--fresh` throws away is only what a file in the folder says is zelo's.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec

from zelo.adapters.files import write_whole
from zelo.base.errors import Conflict
from zelo.base.messages.message import N_

RUN = "run.json"
_NAMES = (RUN, "checkpoint", "summary.json", "dead_letters.jsonl", "decisions", "lake")
_PARTIAL = (".lock", "run.json.partial", "checkpoint.partial", "summary.json.partial", "dead_letters.jsonl.partial")
_COMPARED = ("pack_version", "language_version", "source", "fingerprint", "since_us", "until_us", "limit", "stores")


class Identity(msgspec.Struct, kw_only=True, frozen=True):
    """What must be the same for a run to continue another; kept in `run.json`."""

    pack_version: str
    language_version: str
    source: str
    """Absolute path."""
    fingerprint: str
    since_us: int | None
    until_us: int | None
    limit: int | None
    stores: str
    now_us: int | None
    """Not compared: a run keeps the clock it began with."""


class _Mark(msgspec.Struct):
    """What shows that a `run.json` is zelo's, of whichever version."""

    pack_version: str
    fingerprint: str


def keep_apart(source: Path, out: Path) -> None:
    """Raise Conflict when what is written would become part of what is read, or replace it."""
    read, written = source.resolve(), out.resolve()
    if written.is_relative_to(read):
        raise Conflict(N_("{out} lies inside {source}, which is read: name a folder elsewhere"), out=out, source=source)
    linked = [path.resolve() for path in source.iterdir() if path.is_symlink()] if source.is_dir() else []
    if any(path.is_relative_to(written) for path in (read, *linked)):
        raise Conflict(
            N_("{source} lies inside {out}, where files are written and replaced: name another folder with --out"),
            source=source,
            out=out,
        )


def claim(out: Path, mine: Identity, *, fresh: bool) -> int | None:
    """Make `out` this run's, or see that it is; return the clock the run began with."""
    path = out / RUN
    strangers = [entry.name for entry in out.iterdir() if entry.name not in (*_NAMES, *_PARTIAL)]
    if strangers:
        raise Conflict(N_("{out} holds files that are not from a run: name a new folder"), out=out)
    if fresh:
        _clear(out)
    if path.is_file():
        _compare(out, identity_in(out), mine)
        return identity_in(out).now_us
    if any(entry.name not in _PARTIAL for entry in out.iterdir()):
        raise Conflict(N_("{out} holds files that are not from a run: name a new folder"), out=out)
    write_whole(path, msgspec.json.format(msgspec.json.encode(mine), indent=2))
    return mine.now_us


def identity_in(out: Path) -> Identity:
    """Return what `run.json` says; raise Conflict when it cannot be read."""
    path = out / RUN
    try:
        return msgspec.json.decode(path.read_bytes(), type=Identity)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Conflict(N_("{path} cannot be read: name a new folder, or remove that one by hand"), path=path) from None


def _clear(out: Path) -> None:
    """Remove what an earlier run left; raise Conflict, removing nothing, where no `run.json` says that it is one's."""
    if not any((out / name).exists() for name in _NAMES):
        return
    try:
        msgspec.json.decode((out / RUN).read_bytes(), type=_Mark)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        raise Conflict(
            N_("{out} has no run.json of zelo, so nothing is thrown away: name a new folder, or remove it by hand"),
            out=out,
        ) from None
    for name in (*_NAMES[1:], RUN):
        place = out / name
        if place.is_symlink() or not place.is_dir():
            place.unlink(missing_ok=True)
        else:
            shutil.rmtree(place)


def _compare(out: Path, earlier: Identity, mine: Identity) -> None:
    for name in _COMPARED:
        if getattr(earlier, name) != getattr(mine, name):
            raise Conflict(
                N_("{out} holds a run with another `{what}`: name a new folder, or throw it away with --fresh"),
                out=out,
                what=name.removesuffix("_us"),
            )
