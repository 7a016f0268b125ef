"""A private PostgreSQL for the tests of a session, and a fresh, migrated database for each test that asks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.places import REPOSITORY
from tests.small_run import PACK_FILES

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


def _watch(server: int, process: int) -> None:
    """Stop the server once the process that runs the tests is gone."""
    script = f"while kill -0 {process} 2>/dev/null; do sleep 1; done; kill -INT {server}"
    subprocess.Popen(["/bin/sh", "-c", script], stdin=subprocess.DEVNULL, start_new_session=True)


@pytest.fixture(scope="session")
def _server() -> Iterator[str]:
    """Yield the URL of a private server that all processes of this test run share."""
    from zelo.adapters.postgres import Server

    inside_xdist = "PYTEST_XDIST_WORKER" in os.environ
    run = os.getppid() if inside_xdist else os.getpid()
    folder = Path(tempfile.gettempdir()) / f"zelo-test-{run}"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    os.environ.update(ZELO_LOG="quiet", DJANGO_SETTINGS_MODULE="zelo.settings", ZELO_HOME=str(folder / "home"))
    server = Server(folder / "pg", durable=False)
    found = server.running()
    url = found or server.start()
    if not found:
        process = server._postmaster(server.place())
        assert process is not None
        _watch(process, run)
    yield url
    from django.db import connections

    connections.close_all()
    if not inside_xdist:
        server.stop()
        shutil.rmtree(server.place(), ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


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
    return url


@pytest.fixture
def platform(_template: str, tmp_path: Path) -> Iterator[Platform]:
    """Yield an installation with an empty database; Django's default connection leads there."""
    yield from _platform(_template, tmp_path)


def _platform(url: str, folder: Path) -> Iterator[Platform]:
    import psycopg
    from django.conf import settings
    from django.db import connections

    from zelo.worker.versions import ACTIVE, opened

    name = f"t_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(f"{url}/postgres", autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(7)")
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    connections.close_all()
    connections.settings["default"]["NAME"] = name
    home, lake = folder / "home", folder / "lake"
    home.mkdir()
    settings.LAKE, settings.HOME = str(lake), home
    os.environ.update(DATABASE_URL=f"{url}/{name}", LAKE=str(lake))
    opened.cache_clear()
    ACTIVE.forget()
    yield Platform(f"{url}/{name}", home, lake)
    connections.close_all()
    with psycopg.connect(f"{url}/postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
