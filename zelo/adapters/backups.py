"""Backups of the private database, by the programs that come with it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import psycopg

from zelo.adapters.postgres import program
from zelo.base.errors import Conflict, Unavailable
from zelo.base.messages.message import N_


def dump(url: str, file: Path) -> None:
    """Write everything to a file that only its owner may read; a failure leaves no file."""
    beside = file.with_name(f"{file.name}.partial")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        done = _run(["pg_dump", "--format=custom", "--dbname", url], stdout=out)
        os.fsync(out.fileno())
    if done.returncode:
        beside.unlink()
        raise Unavailable(N_("the backup failed: {reason}"), reason=done.stderr.decode()[-500:])
    os.replace(beside, file)


def load(url: str, file: Path) -> None:
    """Read a backup into an empty database; raise Conflict when it is not empty."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    if row is not None and row[0]:
        raise Conflict(N_("the private database is not empty: name another home with ZELO_HOME"))
    with file.open("rb") as backup:
        options = ["--single-transaction", "--no-owner", "--exit-on-error", "--dbname", url]
        done = _run(["pg_restore", *options], stdin=backup)
    if done.returncode:
        raise Unavailable(N_("the backup cannot be read: {reason}"), reason=done.stderr.decode()[-500:])


def _run(command: list[str], **streams: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # type: ignore[call-overload]
        [str(program(command[0])), *command[1:]], stderr=subprocess.PIPE, check=False, **streams
    )
