"""The public systems behave as published: the vectors beside the clone, and stories of our own that ship with zelo."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.health_vectors import SCHEDULES, failures, schedule_named
from tests.places import REPOSITORY, SHARED, shared

OWN = REPOSITORY / "tests" / "vectors" / "public_systems.yaml"
LINES_MAX = 120
SYSTEMS = tuple(sorted(path.stem for path in SCHEDULES.glob("*.yaml")))


def in_full(value: Any) -> Any:
    """Write dates as the instants they mean."""
    if isinstance(value, date):
        return f"{value.isoformat()}T00:00:00Z"
    if isinstance(value, dict):
        return {key: in_full(inner) for key, inner in value.items()}
    return [in_full(inner) for inner in value] if isinstance(value, list) else value


def own_vectors() -> Iterator[dict[str, Any]]:
    """Yield our own stories in the form of vectors."""
    for story in in_full(yaml.safe_load(OWN.read_text(encoding="utf-8"))):
        events = [{"at": at, "type": kind, **fields} for at, kind, fields in story["e"]]
        checks = [{"as_of": at, "expect": expect} for at, expect in story["c"]]
        yield {**story, "params": story.get("params", {}), "events": events, "checks": checks}


def shared_vectors() -> list[dict[str, Any]]:
    """Return the vectors of the account systems that lie beside the clone, if any."""
    path = SHARED / "facts" / "test_vectors.json"
    found = json.loads(path.read_text(encoding="utf-8"))["vectors"] if path.exists() else []
    return [vector for vector in found if vector["system"] in SYSTEMS]


@pytest.mark.parametrize("vector", [pytest.param(vector, id=vector["id"]) for vector in shared_vectors()])
def test_the_vectors_beside_the_clone_hold(vector: dict[str, Any]) -> None:
    """Each expectation of the vector holds at its instant."""
    assert failures(vector) == []


def test_no_vector_of_the_systems_is_left_out() -> None:
    """Every vector of a system that has a schedule is run, and every system has a schedule."""
    facts = json.loads(shared("facts/schedules.json").read_text(encoding="utf-8"))
    assert {system["id"] for system in facts["systems"]} == set(SYSTEMS)
    counts = json.loads(shared("facts/test_vectors.json").read_text(encoding="utf-8"))["counts"]
    assert len(shared_vectors()) == sum(count for system, count in counts.items() if system in SYSTEMS)


@pytest.mark.parametrize("vector", [pytest.param(vector, id=vector["id"]) for vector in own_vectors()])
def test_our_own_stories_hold(vector: dict[str, Any]) -> None:
    """Each expectation of the story holds at its instant."""
    assert failures(vector) == []


def test_our_own_stories_cover_every_system() -> None:
    """No system rests on the vectors beside the clone alone."""
    assert {vector["system"] for vector in own_vectors()} == set(SYSTEMS)


def test_a_wrong_expectation_is_told() -> None:
    """The reading of vectors can fail: a changed number is reported with its place."""
    vector = next(own_vectors())
    vector["checks"][0]["expect"] = {"strikes": 7}
    assert len(failures(vector)) == 1


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_system_is_short_and_each_line_says_what_it_rests_on(name: str) -> None:
    """A schedule fits on two screens, is read without a warning, and marks its lines."""
    text = (SCHEDULES / f"{name}.yaml").read_text(encoding="utf-8")
    assert len(text.splitlines()) < LINES_MAX
    schedule = schedule_named(name)
    rules = schedule.rules[-1]
    marked = [line.basis for track in rules.tracks for line in (*track.prices, *track.bands)]
    marked += [use.basis for track in rules.tracks for rung in track.ladder for use in rung.uses]
    marked += [line.use.basis for line in rules.at_once] + [
        need.basis for gate in rules.gates.values() for need in gate
    ]
    assert marked and None not in marked


def test_no_system_has_code_of_its_own() -> None:
    """No name of a public system stands in the code of zelo."""
    code = "".join(path.read_text(encoding="utf-8") for path in Path(REPOSITORY / "zelo").rglob("*.py"))
    assert [name for name in SYSTEMS if name in code] == []
