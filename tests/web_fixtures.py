"""A console with a small world in it and one person for each role: what the tests of the web share."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks.small_world import small_world
from tests.places import REPOSITORY, once
from tests.platform_fixtures import NOW, TEMPLATE, Platform, _platform, new_platform
from zelo.adapters.packs import read_pack_files

PASSWORD = "correct-horse-battery"
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}{% now %}"
"""Text that must come out as text, wherever an event or a person brings it."""
SECRET = "moro na rua das Flores"
"""Personal data in a review."""
FILLED = "console_template"
"""The database with the small world in it, from which that of each module is copied."""


@dataclass
class Console:
    """A console, and what a test may name in it."""

    platform: Platform
    decision: int
    """A decision in which a rule fired, by an account named like an attack."""
    account: str
    letter: int
    request: int
    """An export of that account's data."""
    people: dict[str, Any] = field(default_factory=dict)

    def client(self, role: str = "") -> Any:
        """Return a browser of Django's, logged in as the person of a role."""
        from django.test import Client

        client = Client(headers={"accept-language": "en"})
        if role:
            client.force_login(self.people[role], backend="django.contrib.auth.backends.ModelBackend")
        return client

    def value(self, sql: str, *given: object) -> Any:
        """Return the one value that a query finds."""
        return self.platform.value(sql, *given)


def world() -> list[dict[str, object]]:
    """Return the last weeks of a small world, moved to end now, and an attack in every free field."""
    events = [json.loads(json.dumps(event)) for event in small_world(1)][-1500:]
    shift = NOW - datetime.fromisoformat(str(events[-1]["occurred_at"])) - timedelta(hours=1)
    shown = [_moved(event, shift) for event in events]
    attack = {
        "kind": "listing.created", "id": f"evil-{EVIL}", "occurred_at": "2026-03-01T11:30:00Z",
        "seller": {"id": EVIL, "created_at": "2026-02-28T00:00:00Z"},
        "listing": {"id": "evil-listing", "title": f"Bolsa réplica {EVIL}", "price": 10.0, "category": EVIL},
    }  # fmt: skip
    review = {
        "kind": "review.posted", "id": f"evil-review-{EVIL}", "occurred_at": "2026-03-01T11:31:00Z",
        "buyer": {"id": EVIL}, "seller": {"id": "S05"}, "listing": {"id": "L051"}, "order": {"id": "evil-order"},
        "review": {"id": "evil-review", "score": 1, "message": f"Produto falsificado, {SECRET} {EVIL}"},
    }  # fmt: skip
    return [*shown, attack, review]


def _moved(value: Any, shift: timedelta) -> Any:
    """Return an event with all its times moved."""
    if isinstance(value, dict):
        return {key: _moved(part, shift) for key, part in value.items()}
    if isinstance(value, str) and len(value) == 20 and value[10] == "T" and value.endswith("Z"):
        return (datetime.fromisoformat(value) + shift).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value


@pytest.fixture(scope="module")
def console(_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """Yield a console with a world in it."""
    from zelo.web.reads import packs

    made = once("console", lambda folder: _fill(new_platform(_template, folder, FILLED, TEMPLATE)))
    folder = tmp_path_factory.mktemp("console")
    shutil.copytree(made / "lake", folder / "lake")
    for cached in (packs.pack_of, packs.engine_of, packs.markets_of):
        cached.cache_clear()
    for platform in _platform(_template, folder, FILLED):
        yield _console(platform)


def _fill(platform: Platform) -> None:
    """Put the world and the people into an installation, and let go of its database, to be copied."""
    from django.db import connections

    from zelo.people.flows import SYSTEM
    from zelo.worker.personal.requests import ask, hold

    platform.activate(read_pack_files(Path(REPOSITORY / "packs" / "br_social_commerce")))
    platform.bring(world(), source=f"file:{EVIL}")
    platform.bring([{"kind": "order.placed", "id": EVIL, "occurred_at": EVIL}])
    ask("export", "account", EVIL, reason=EVIL, actor=SYSTEM, now=NOW)
    hold("account", EVIL, reason=EVIL, actor=SYSTEM, now=NOW)
    platform.work()
    make_people()
    connections.close_all()


def make_people() -> None:
    """Make a person for each role, and some more."""
    from zelo.cli.serving import keep_person
    from zelo.web.permissions import ROLES

    for role in ROLES:
        keep_person(f"{role}@example.com", name=role.title(), roles=(role,), markets=(), password=PASSWORD)
    keep_person("elsewhere@example.com", name="Else", roles=tuple(ROLES), markets=("AR",), password=PASSWORD)
    keep_person("spare@example.com", name="Spare", roles=("auditor",), markets=(), password=PASSWORD)


def people_by_name() -> dict[str, Any]:
    """Return the people that `make_people` made."""
    from zelo.people.tables import Person
    from zelo.web.permissions import ROLES

    return {name: Person.objects.get(email=f"{name}@example.com") for name in (*ROLES, "elsewhere", "spare")}


def _console(platform: Platform) -> Console:
    decision = platform.value("SELECT id FROM zelo_decision WHERE event_id LIKE 'evil-review-%%'")
    letter = platform.value("SELECT max(id) FROM zelo_dead_letter")
    request = platform.value("SELECT max(id) FROM zelo_personal_request")
    return Console(platform, decision, EVIL, letter, request, people_by_name())
