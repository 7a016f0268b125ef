"""One private PostgreSQL for a test run, and a fresh, migrated database for each test that asks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.places import REPOSITORY, run_folder, when_over
from tests.small_run import PACK_FILES
from zelo.base.source import Report
from zelo.policy.pack import Pack

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
"""The doors' clock in tests."""
TEMPLATE = "zelo_template"


@dataclass
class Platform:
    """An installation of a test's own."""

    url: str
    home: Path
    lake: Path

    def environment(self, **more: str) -> dict[str, str]:
        """Return the environment for a process of this installation."""
        return {
            **os.environ,
            "DATABASE_URL": self.url,
            "ZELO_HOME": str(self.home),
            "LAKE": str(self.lake),
            "PYTHONPATH": str(REPOSITORY),
            **more,
        }

    def start(self, *arguments: str, **more: str) -> subprocess.Popen[bytes]:
        """Start a `zelo` command as a process of its own."""
        command = [sys.executable, "-m", "zelo", *arguments]
        log = (self.home / f"{arguments[0]}.log").open("ab")
        return subprocess.Popen(command, env=self.environment(**more), stdout=log, stderr=log, cwd=REPOSITORY)

    def rows(self, sql: str, *given: object) -> list[tuple[Any, ...]]:
        """Return what a query finds; nothing for a statement that finds nothing."""
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(sql, given)
            return list(cursor.fetchall()) if cursor.description else []

    def value(self, sql: str, *given: object) -> Any:
        """Return the one value that a query finds."""
        return self.rows(sql, *given)[0][0]

    def activate(self, files: Mapping[str, bytes] = PACK_FILES) -> int:
        """Store a pack and put it to work; return the version's id."""
        from zelo.people.flows import SYSTEM
        from zelo.worker.versions import ACTIVE, activate, store

        version = store(files, actor=SYSTEM, now=NOW)
        activate(version.pk, actor=SYSTEM, now=NOW, ident=uuid.uuid4())
        ACTIVE.forget()
        return int(version.pk)

    def bring(self, events: list[dict[str, object]], source: str = "test") -> Any:
        """Accept events as the API does."""
        from django.conf import settings

        from zelo.events.values import instant_us
        from zelo.intake.flows import accept, sift
        from zelo.worker.versions import ACTIVE

        known = ACTIVE.get()
        assert known is not None
        raws = [json.dumps(event, ensure_ascii=False).encode() for event in events]
        good, bad = sift(
            raws, known[2], partitions=known[3], now_us=instant_us(NOW), clock_skew_us=known[1].clock_skew_us,
            bytes_max=settings.EVENT_BYTES_MAX,
        )  # fmt: skip
        return accept(good, bad, source=source, receipt=uuid.uuid4(), now=NOW)

    def work(self, **given: Any) -> Any:
        """Have a worker decide everything and write the lake, in this process."""
        from zelo.worker.loop import Worker

        worker = Worker(self.lake, once=True, sends=False, clock=lambda: NOW, **given)
        worker.run()
        return worker

    def key(self, *scopes: str, **given: Any) -> str:
        """Issue an API key."""
        from zelo.people.flows import SYSTEM, issue_key

        names = scopes or ("events", "decide", "read", "act", "admin")
        prefix, secret = uuid.uuid4().hex[:8], uuid.uuid4().hex
        return issue_key("test", scopes=names, prefix=prefix, secret=secret, actor=SYSTEM, now=NOW, **given).key


def wait_until(holds: Callable[[], bool], seconds: float = 120) -> None:
    """Wait until something holds; long enough for a machine that is busy with other things."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail(f"it did not come about in {seconds} s")
        time.sleep(0.05)


@pytest.fixture(scope="session")
def _server() -> Iterator[str]:
    """Yield the URL of a private server that all processes of this test run share."""
    from zelo.adapters.postgres import Server

    home = run_folder() / "home"
    os.environ.update(ZELO_LOG="quiet", DJANGO_SETTINGS_MODULE="zelo.settings", ZELO_HOME=str(home))
    # A machine that is busy with other tests is no fault.
    os.environ.update(ZELO_STATEMENT_MS="120000", ZELO_DECIDE_TIMEOUT_S="25")
    server = Server(run_folder() / "pg", durable=False)
    found = server.running()
    url = found or server.start()
    if not found:
        process = server._postmaster(server.place())
        when_over(f"kill -INT {process}; sleep 2; rm -rf '{server.place()}'")
    yield url
    from django.db import connections

    connections.close_all()


@pytest.fixture(scope="session")
def _template(_server: str) -> str:
    """Return the URL of the server, on which a migrated database to copy from has been made."""
    import psycopg

    url = _server.rsplit("/", 1)[0]
    with psycopg.connect(f"{url}/postgres", autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(7)")
        made = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone()
        if made is None:
            connection.execute(f"CREATE DATABASE {TEMPLATE}_new TEMPLATE template0")
        os.environ["DATABASE_URL"] = f"{url}/{TEMPLATE}_new"
        import django

        django.setup()
        if made is None:
            from django.db import connections

            from zelo.cli.serving import apply_migrations

            apply_migrations(1)
            connections.close_all()
            connection.execute(f"ALTER DATABASE {TEMPLATE}_new RENAME TO {TEMPLATE}")
    _check_packs_once()
    return url


def _check_packs_once() -> None:
    """Keep the packs that were loaded without fault: most tests put one of three to work."""
    from zelo.policy.load_pack import load_pack, version_of
    from zelo.web.reads import packs
    from zelo.worker import versions

    known: dict[str, Pack] = {}

    def load(files: Mapping[str, bytes], report: Report) -> Pack | None:
        version = version_of(files)
        if version not in known:
            pack = load_pack(files, report)
            if pack is None:
                return None
            known[version] = pack
        return known[version]

    versions.load_pack = packs.load_pack = load


@pytest.fixture
def platform(_template: str, tmp_path: Path) -> Iterator[Platform]:
    """Yield an installation with an empty database; Django's default connection leads there."""
    yield from _platform(_template, tmp_path)


def _platform(url: str, folder: Path, template: str = TEMPLATE) -> Iterator[Platform]:
    name = f"t_{uuid.uuid4().hex[:12]}"
    yield new_platform(url, folder, name, template)
    from django.db import connections

    connections.close_all()
    _on_server(url, f"DROP DATABASE {name} WITH (FORCE)")


def new_platform(url: str, folder: Path, name: str, template: str) -> Platform:
    """Make an installation from a database to copy; Django's default connection leads there."""
    from django.conf import settings
    from django.db import connections

    from zelo.worker.versions import ACTIVE, opened

    connections.close_all()
    _on_server(url, f"CREATE DATABASE {name} TEMPLATE {template}")
    connections.settings["default"]["NAME"] = name
    home, lake = folder / "home", folder / "lake"
    home.mkdir(parents=True)
    settings.LAKE, settings.HOME = str(lake), home
    os.environ.update(DATABASE_URL=f"{url}/{name}", LAKE=str(lake))
    opened.cache_clear()
    ACTIVE.forget()
    return Platform(f"{url}/{name}", home, lake)


def _on_server(url: str, sql: str) -> None:
    """Carry out what concerns whole databases, one process at a time."""
    import psycopg

    with psycopg.connect(f"{url}/postgres", autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(7)")
        connection.execute(sql)
