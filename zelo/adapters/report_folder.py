"""
A folder with a report, whole or absent: made beside its place, and put there when all of it is finished.

    OUT.partial     while it is made; `unfinished.json` in it says that it is zelo's
    OUT.replaced    the earlier report, from when the new one is finished until that stands in its place

Only what a report is known to consist of is ever replaced. Where anything else lies in the folder, nothing is.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from zelo.adapters.files import locked, put_in_place, write_whole, writing
from zelo.adapters.run_folder import keep_apart
from zelo.base.errors import Conflict, InvalidInput
from zelo.base.messages.message import N_

MARK = "unfinished.json"
_UNFINISHED = "zelo report"


@dataclass(frozen=True)
class Form:
    """What a sort of report consists of."""

    proof: str
    """The JSON file that says, under `format`, whose report it is."""
    format: str
    names: frozenset[str]
    """All there may be in its folder; folders hold Parquet files."""


class _Mark(msgspec.Struct):
    format: str


@contextmanager
def report_folder(out: Path, form: Form, *, apart: Iterable[Path] = (), fresh: bool = False) -> Iterator[Path]:
    """
    Give a folder to write a report to that becomes `out` when all went well, and goes away when it did not.

    `apart`: what is read, and so is neither written to nor replaced. `fresh`: replace an earlier report of the form.
    Raises Conflict where something else lies in the way, and InvalidInput for a place that can be no report's.
    """
    place, aside = _beside(out, "partial"), _beside(out, "replaced")
    out = out.resolve()
    for path in apart:
        for written in (out, place, aside):
            keep_apart(path, written)
    _check_partial(place)
    _check(out, form, fresh=fresh)
    with locked(place), writing(place):
        _begin(place)
        try:
            _recover(out, aside, form)
            _check(out, form, fresh=fresh)
            yield place
            for name in (MARK, ".lock"):
                (place / name).unlink()
            _check(out, form, fresh=fresh)  # the making took its time, and somebody may have put something there
            _finish(place, out, aside, form)
        finally:
            shutil.rmtree(place, ignore_errors=True)


def _beside(out: Path, end: str) -> Path:
    whole = out.resolve()
    if not whole.name:
        raise InvalidInput(N_("{out} cannot be the folder of a report: name a new folder in it"), out=out)
    return whole.with_name(f"{whole.name}.{end}")


def _check(out: Path, form: Form, *, fresh: bool) -> None:
    """Raise Conflict unless a report may be put here."""
    if not out.exists():
        return
    if not out.is_dir():
        raise Conflict(N_("{out} is a file: name a new folder"), out=out)
    if next(out.iterdir(), None) is None:
        return
    stranger = _stranger(out, form)
    if stranger is not None:
        raise Conflict(
            N_("{out} holds `{name}`, which is not from an earlier report, so nothing is replaced: name a new folder"),
            out=out,
            name=stranger.relative_to(out),
        )
    if not _says(out / form.proof, form.format):
        raise Conflict(
            N_("{out} has no {proof} of zelo's, so nothing is replaced: name a new folder, or remove it by hand"),
            out=out,
            proof=form.proof,
        )
    if not fresh:
        raise Conflict(N_("{out} holds a report already: name a new folder, or replace it with --fresh"), out=out)
    if _is_in(out):
        raise Conflict(N_("{out} is where you are, and would be replaced: go to another folder first"), out=out)


def _stranger(out: Path, form: Form) -> Path | None:
    """Return something that no report of the form leaves behind; None when there is nothing such."""
    for entry in sorted(out.iterdir()):
        if entry.name not in form.names or entry.is_symlink():
            return entry
        inside = sorted(entry.iterdir()) if entry.is_dir() else []
        for inner in inside:
            if inner.suffix != ".parquet" or inner.is_symlink() or not inner.is_file():
                return inner
    return None


def _says(path: Path, wanted: str) -> bool:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Mark).format == wanted
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return False


def _check_partial(place: Path) -> None:
    """Raise Conflict when the folder beside is somebody's own, however it came by that name."""
    if not place.exists() and not place.is_symlink():
        return
    ours = place.is_dir() and not place.is_symlink()
    if not ours or not (_says(place / MARK, _UNFINISHED) or {entry.name for entry in place.iterdir()} <= {".lock"}):
        raise Conflict(
            N_("{place} is in the way, where the report would be made, and it is not zelo's: name another folder"),
            place=place,
        )


def _begin(place: Path) -> None:
    """Throw away what a killed run left, and mark the folder as zelo's before anything is in it."""
    for entry in place.iterdir():
        if entry.name not in (".lock", MARK):
            remove(entry)
    write_whole(place / MARK, msgspec.json.encode({"format": _UNFINISHED}))


def _recover(out: Path, aside: Path, form: Form) -> None:
    """Finish what a run left that was killed between taking the old report away and putting the new one there."""
    if not aside.exists():
        return
    if _stranger(aside, form) is not None or not _says(aside / form.proof, form.format):
        raise Conflict(N_("{place} is in the way, and it is not zelo's: name another folder"), place=aside)
    if out.exists():
        shutil.rmtree(aside)
    else:
        put_in_place(aside, out)


def _finish(place: Path, out: Path, aside: Path, form: Form) -> None:
    if not out.is_dir():
        put_in_place(place, out)
    elif next(out.iterdir(), None) is not None:
        put_in_place(out, aside)
        try:
            put_in_place(place, out)
        except BaseException:
            put_in_place(aside, out)
            raise
        shutil.rmtree(aside)
    elif _is_in(out):
        for entry in sorted(place.iterdir(), key=lambda entry: entry.name == form.proof):
            put_in_place(entry, out / entry.name)
    else:
        put_in_place(place, out)


def _is_in(out: Path) -> bool:
    """Say whether the person stands in the folder: who does would be left in one that is no more."""
    return Path.cwd().is_relative_to(out)


def keep_only(place: Path, names: Iterable[str]) -> None:
    """Remove what a report is not to hold from the folder in which it is made."""
    kept = {*names, MARK, ".lock"}
    for entry in place.iterdir():
        if entry.name not in kept:
            remove(entry)


def remove(entry: Path) -> None:
    """Remove a file, a link or a whole folder."""
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry)
    else:
        entry.unlink()
