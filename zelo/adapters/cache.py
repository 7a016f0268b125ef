"""
A cache of columns and results, by what they were computed from: an entry is never wrong, only there or not.

    CACHE/states-0a1b....parquet    named after a hash of everything the content hangs on
    CACHE/states-0a1b....json       what is in it, where an entry says so

Entries are whole or absent. What was used least recently goes first when there is more than fits.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import numpy
import pyarrow

from zelo.adapters.files import put_in_place, write_whole, writing

CACHE_VERSION = 1
MOST_BYTES = 20 * 1024**3


def key_of(*parts: object) -> str:
    """Return the name for what hangs on exactly these parts."""
    made = hashlib.sha256()
    for part in (CACHE_VERSION, *parts):
        text = str(part).encode("utf-8", "surrogatepass")
        made.update(len(text).to_bytes(8) + text)
    return made.hexdigest()[:32]


@lru_cache(maxsize=1)
def code_key() -> str:
    """Return what tells this code, and the engine it runs on, from any other."""
    root = Path(__file__).parent.parent
    made = hashlib.sha256(
        f"duckdb {duckdb.__version__} pyarrow {pyarrow.__version__} numpy {numpy.__version__}".encode()
    )
    for path in sorted(root.rglob("*.py")):
        made.update(f"{path.relative_to(root)}\n".encode() + path.read_bytes())
    return made.hexdigest()[:32]


@dataclass
class Cache:
    """A folder of entries; several runs may use it at once."""

    folder: Path
    most_bytes: int = MOST_BYTES
    used: set[Path] = field(default_factory=set)
    """Entries of this run, which is never in its own way."""
    computed: list[str] = field(default_factory=list)
    """What was not there, in order."""

    def __post_init__(self) -> None:
        """Make the folder."""
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)

    def path(self, stage: str, key: str) -> Path:
        """Return where an entry is, or would be."""
        return self.folder / f"{stage}-{key}.parquet"

    def has(self, stage: str, key: str) -> bool:
        """Say whether an entry is there; it then stays until the end of this run."""
        path = self.path(stage, key)
        if not path.is_file():
            return False
        self._use(path)
        return True

    def put(self, stage: str, key: str, write: Callable[[Path], None], told: object = None) -> Path:
        """Make an entry of what `write` writes to a path; `told` is kept beside it."""
        path = self.path(stage, key)
        beside = path.with_name(f"{path.name}.{os.getpid()}.partial")
        try:
            with writing(self.folder):
                write(beside)
                if told is not None:
                    write_whole(path.with_suffix(".json"), msgspec.json.encode(told))
                put_in_place(beside, path)
        finally:
            beside.unlink(missing_ok=True)
        self._use(path)
        return path

    def take(self, stage: str, key: str, made: Path) -> Path:
        """Make an entry of a finished file, which goes away where it was."""
        path = self.path(stage, key)
        with writing(self.folder):
            beside = path.with_name(f"{path.name}.{os.getpid()}.partial")
            shutil.move(made, beside)
            put_in_place(beside, path)
        self._use(path)
        return path

    def told(self, stage: str) -> Iterator[tuple[Path, Any]]:
        """Yield the entries of a stage that say what is in them, with what they say."""
        for path in sorted(self.folder.glob(f"{stage}-*.json")):
            if path.with_suffix(".parquet").is_file():
                with suppress(OSError, msgspec.DecodeError):
                    yield path.with_suffix(".parquet"), msgspec.json.decode(path.read_bytes())

    def use(self, path: Path) -> None:
        """Keep an entry until the end of this run."""
        self._use(path)

    def size(self) -> int:
        """Return the bytes of all entries."""
        return sum(_size(path) for path in self.folder.glob("*") if path.is_file())

    def trim(self) -> int:
        """Remove what was used least recently until the rest fits; return how many entries went."""
        entries = [path for path in self.folder.glob("*.parquet") if path not in self.used]
        total, gone = self.size(), 0
        for path in sorted(entries, key=_when):
            if total <= self.most_bytes:
                break
            for part in (path.with_suffix(".json"), path):
                total -= _size(part)
                part.unlink(missing_ok=True)
            gone += 1
        return gone

    def clear(self) -> int:
        """Remove all entries; return how many there were."""
        entries = list(self.folder.glob("*.parquet"))
        for path in [*self.folder.glob("*.json"), *entries, *self.folder.glob("*.partial")]:
            path.unlink(missing_ok=True)
        return len(entries)

    def _use(self, path: Path) -> None:
        self.used.add(path)
        with suppress(OSError):
            os.utime(path)


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0


def _when(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_mtime_ns
    return 0
