"""The dead-letter file: every row that could not be taken in, with its place and the reason."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from zelo.events.reasons import REASONS


class DeadLetter(msgspec.Struct, kw_only=True, frozen=True):
    """One row that was not taken in."""

    code: str
    """Reason, as in `zelo.events.reasons`."""
    message: str
    """The reason in English; doors translate by code and params."""
    params: Mapping[str, object]
    file: str
    """Table, mapping or file the row comes from, as a path inside the source or the pack."""
    row: int
    """Line of the file, or number of the row in what the mapping gives, from 1."""
    personal_data: bool = True
    """The row is kept as it came and may hold personal data: treat the file like the source."""
    raw: str
    """The row: the line itself, or the table's row as JSON."""


class DeadLetters:
    """Writes dead letters as JSON Lines and counts them by reason."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._encode = msgspec.json.Encoder(enc_hook=str).encode
        self.counts: Counter[str] = Counter()
        self.first: dict[str, DeadLetter] = {}
        """The first of each reason, for the summary."""

    def add(self, code: str, params: Mapping[str, object], *, file: str, row: int, raw: str) -> None:
        """Write one dead letter."""
        shown = {name: value for name, value in params.items() if name != "code"}
        message = REASONS[code].format(**shown)
        letter = DeadLetter(code=code, message=message, params=shown, file=file, row=row, raw=raw)
        self._file.write(self._encode(letter) + b"\n")
        self.counts[code] += 1
        self.first.setdefault(code, letter)


@contextmanager
def dead_letters(path: Path) -> Iterator[DeadLetters]:
    """Open a new dead-letter file, readable by its owner only, and keep it when all went well."""
    beside = path.with_name(f"{path.name}.partial")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        yield DeadLetters(file)
    os.replace(beside, path)


def first_letters(path: Path) -> Mapping[str, DeadLetter]:
    """Return the first dead letter of each reason in a file; empty when there is no file."""
    found: dict[str, DeadLetter] = {}
    if path.is_file():
        decode = msgspec.json.Decoder(DeadLetter).decode
        with path.open("rb") as file:
            for line in file:
                letter = decode(line)
                found.setdefault(letter.code, letter)
    return found
