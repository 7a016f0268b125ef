"""What the commands of the platform share: the environment they run in, and the database they talk to."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

from zelo.adapters.home import home_folder
from zelo.adapters.postgres import Server


def private_server() -> Server:
    """Return the private database of this installation."""
    return Server(home_folder() / "postgres")


def prepare(process: str, *, pool: int = 0, tied: bool = False, statement_ms: int = 20_000) -> None:
    """Make Django ready; without `DATABASE_URL`, start or find the private database first."""
    os.environ["ZELO_PROCESS"] = process
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zelo.settings")
    os.environ["ZELO_DB_POOL"] = str(pool)
    os.environ.setdefault("ZELO_STATEMENT_MS", str(statement_ms))
    if not os.environ.get("DATABASE_URL"):
        home_folder().mkdir(parents=True, exist_ok=True)
        os.environ["DATABASE_URL"] = private_server().start(tied=tied)
    import django

    django.setup()


def now() -> datetime:
    """Read the clock."""
    return datetime.now(UTC)


def me() -> Any:
    """Return who sits at the command line, as the audit trail names them."""
    from zelo.people.flows import Actor

    return Actor("system", f"cli:{os.environ.get('SUDO_USER') or os.environ.get('USER') or os.getuid()}")


def lake() -> str:
    """Return where the lake is: a folder, or an address of a bucket."""
    from django.conf import settings

    return str(settings.LAKE)
