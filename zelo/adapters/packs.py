"""Reads the files of a pack from a folder, and opens a pack by its path."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from zelo.adapters.mapping_text import check_mappings
from zelo.base.errors import InvalidInput, NotFound, PolicyRejected
from zelo.base.messages.message import N_
from zelo.base.source import Report
from zelo.policy.load_lists import LIST_CHARACTERS_MAX
from zelo.policy.load_pack import is_pack_file, load_pack, looks_like_pack_file
from zelo.policy.pack import Pack

FILES_MAX = 5_000
"""Most files a pack may have."""
_DEPTH_MAX = 4


def read_pack_files(path: Path | str) -> Mapping[str, bytes]:
    """
    Return the files of a pack by their path inside it.

    Files that look as if they were meant to be read are there too (without content), so that the check can warn of
    them. Hidden files are left out. Raises NotFound when there is no such folder or it cannot be read, InvalidInput
    for a link that leads out of the folder and for more files than a pack may have.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise NotFound(N_("there is no folder `{path}`"), path=str(folder))
    root = folder.resolve()
    files: dict[str, bytes] = {}
    for entry in _walk(root, root, 0):
        name = entry.relative_to(root).as_posix()
        if is_pack_file(name):
            files[name] = _content(entry, name)
        elif looks_like_pack_file(name):
            files[name] = b""
        if len(files) > FILES_MAX:
            raise InvalidInput(
                N_("the folder `{path}` has more than {most} pack files"), path=str(folder), most=FILES_MAX
            )
    return files


def open_pack(path: Path | str) -> Pack:
    """
    Return the checked pack in a folder.

    Raises PolicyRejected with every diagnostic when anything is wrong, and what `read_pack_files` raises.
    """
    report = Report()
    pack = checked_pack(read_pack_files(path), report)
    if pack is None:
        raise PolicyRejected(report.diagnostics)
    return pack


def checked_pack(files: Mapping[str, bytes], report: Report) -> Pack | None:
    """Check the files of a pack, its SQL among them; None when anything is wrong, which is in the report."""
    pack = load_pack(files, report)
    check_mappings(files, report)
    return None if report.has_errors else pack


def _walk(folder: Path, root: Path, depth: int) -> Iterator[Path]:
    """Yield the regular files of a folder in the order of their names; only those that lie inside the root."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise NotFound(
            N_("`{path}` cannot be read: {reason}"), path=str(folder), reason=error.strerror or ""
        ) from error
    for entry in entries:
        if entry.name.startswith("."):
            continue
        path = Path(entry.path)
        if entry.is_symlink() and not path.resolve().is_relative_to(root):
            name = path.relative_to(root).as_posix()
            raise InvalidInput(N_("`{path}` is a link that leads out of the pack"), path=name)
        if entry.is_dir() and not entry.is_symlink() and depth < _DEPTH_MAX:
            yield from _walk(path, root, depth + 1)
        elif entry.is_file():
            yield path


def _content(path: Path, name: str) -> bytes:
    """Return the bytes of a file; of one that is larger than any pack file may be, enough to be refused."""
    try:
        with path.open("rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise InvalidInput(N_("`{path}` is not a file"), path=name)
            return file.read(4 * LIST_CHARACTERS_MAX + 1)
    except OSError as error:
        raise NotFound(N_("`{path}` cannot be read: {reason}"), path=name, reason=error.strerror or "") from error
