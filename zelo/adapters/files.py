"""Files that are whole or absent: written beside their place, then renamed into it."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from zelo.base.errors import Conflict, NotFound, Unavailable
from zelo.base.messages.message import N_

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_IN_THE_WAY = frozenset({errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY})
_NO_FOLDER = frozenset({*_REFUSED, *_IN_THE_WAY, errno.ENOENT, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL})
_FULL_WORDS = (
    "No space left on device",
    "Disk quota exceeded",
    "failed to offload data block",
    "Out of disk space",
    "File too large",
)


class CannotWrite(Unavailable):
    """A file could not be written: the disk is full, or may not be written to."""


def write_whole(path: Path, data: bytes) -> None:
    """Put a file in its place at once; a crash leaves the old one or the new one, never a part."""
    beside = path.with_name(f"{path.name}.partial")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    put_in_place(beside, path)


def put_in_place(beside: Path, path: Path) -> None:
    """Rename a finished file to its name, and make the new name last."""
    os.replace(beside, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Turn the system's refusals to write below `place` into CannotWrite, and those to read elsewhere into NotFound."""
    try:
        yield
    except OSError as error:
        if is_disk_full(error):
            raise CannotWrite(
                N_("the disk is full, nothing more can be written to {place}: free some space and run this again"),
                place=place,
            ) from error
        if error.filename is not None and not Path(os.fsdecode(error.filename)).is_relative_to(place):
            raise NotFound(
                N_("{file} cannot be read: {reason}"), file=os.fsdecode(error.filename), reason=error.strerror
            ) from error
        if error.errno in _REFUSED:
            raise CannotWrite(N_("{place} may not be written to: check its permissions"), place=place) from error
        if error.errno in _IN_THE_WAY:
            told = {"file": error.filename or place, "reason": error.strerror}
            raise CannotWrite(N_("{file} is in the way: {reason}"), **told) from error
        raise


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Make a folder and those around it, unless it is there; raise CannotWrite when there can be none."""
    with writing(folder):
        try:
            folder.mkdir(mode=mode, parents=True, exist_ok=True)
        except OSError as error:
            if error.errno not in _NO_FOLDER:
                raise
            raise CannotWrite(
                N_("{place} cannot be a folder to write to: {reason}"), place=folder, reason=error.strerror
            ) from error


def is_disk_full(error: BaseException) -> bool:
    """Say whether an error of the operating system, Arrow or DuckDB means that the disk is full."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return True
    return any(words in str(error) for words in _FULL_WORDS)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """
    Hold a folder for one process; raise Conflict when another holds it. A crash lets go of it.

    A new folder is its owner's alone: what comes into it may be personal data. At the end the lock is taken away, and
    so is a folder that was made for it and has stayed empty.
    """
    made = not os.path.exists(folder)
    make_folder(folder, 0o700)
    place = folder / ".lock"
    with writing(folder):
        file = _lock(place)
    with file:
        try:
            yield
        finally:
            with suppress(OSError):
                if _is_at(file, place):
                    place.unlink()
                if made:
                    folder.rmdir()


def _lock(place: Path) -> BinaryIO:
    """Return the file of a lock that is held; one that its last holder took away meanwhile is asked for again."""
    while True:
        file = place.open("wb")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise Conflict(
                N_("another run is writing to {place}: wait for it, or name another folder"), place=place.parent
            ) from None
        if _is_at(file, place):
            return file
        file.close()


def _is_at(file: BinaryIO, place: Path) -> bool:
    return place.exists() and os.path.samestat(os.fstat(file.fileno()), place.stat())
