"""Reading schedules never breaks: whatever a file says, there is a schedule or a diagnostic at a place in it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.health_vectors import SCHEDULES
from zelo.base.messages import MESSAGES
from zelo.base.source import Report, Source
from zelo.health.logic import next_steps, standing
from zelo.policy.schedules.read import read_schedule

FILES = tuple(sorted(SCHEDULES.glob("*.yaml")))
ODD = (
    "",
    "[]",
    "{}",
    "null",
    "-1",
    "1e400",
    "0",
    "0d",
    "-3d",
    "9999y",
    "x y",
    "[[1]]",
    "{a: {b: c}}",
    "2026-13-01",
    "~",
)
TRIES = 60


def broken(text: str, chance: random.Random) -> str:
    """Return a text with a few of its pieces lost, doubled, swapped or replaced by odd ones."""
    lines = text.split("\n")
    for _ in range(chance.randint(1, 3)):
        number = chance.randrange(len(lines))
        line = lines[number]
        match chance.randrange(5):
            case 0:
                lines[number] = ""
            case 1:
                lines.insert(number, line)
            case 2:
                other = chance.randrange(len(lines))
                lines[number], lines[other] = lines[other], line
            case 3 if ": " in line:
                at = chance.choice([i for i in range(len(line) - 1) if line[i : i + 2] == ": "])
                lines[number] = f"{line[: at + 2]}{chance.choice(ODD)}" + (
                    line[line.rfind("}") :] if "}" in line else ""
                )
            case _ if len(line) > 4:
                at = chance.randrange(len(line))
                lines[number] = line[:at] + line[at + 1 :]
    return "\n".join(lines)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_broken_schedule_is_told_and_never_breaks_the_reader(path: Path) -> None:
    """Each broken text gives a usable schedule or errors with a known code and a place inside the file."""
    text = path.read_text(encoding="utf-8")
    told = 0
    for number in range(TRIES):
        report = Report()
        source = Source("schedules/broken.yaml", broken(text, random.Random(f"{path.stem}{number}")))
        schedule = read_schedule(source, report)
        assert schedule is not None or any(d.is_error for d in report.diagnostics)
        for diagnostic in report.diagnostics:
            told += 1
            assert diagnostic.code in MESSAGES
            assert 1 <= diagnostic.span.line <= source.text.count("\n") + 1
        if schedule is not None:
            assert standing([], schedule, 0).as_of == 0
            assert next_steps([], schedule, 1_800_000_000_000_000)
    assert told > TRIES // 4
