"""What `docs/deploy.md` tells people to run: units, containers, and a backup that another machine goes on from."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.places import REPOSITORY
from tests.platform_fixtures import Platform
from tests.small_run import stream
from tests.test_worker import decided, expected
from zelo.cli import zelo as commands

UNITS = sorted((REPOSITORY / "deploy").glob("*.service"))
DOCS = (REPOSITORY / "docs" / "deploy.md").read_text(encoding="utf-8")


def knows(words: list[str]) -> bool:
    """Say whether `zelo` has a command, with these options."""
    command = commands.commands.get(words[0])
    if command is None:
        return False
    options = {option for param in command.params for option in param.opts}
    return {word for word in words[1:] if word.startswith("--")} <= options


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    """Every key is one that systemd knows; the program's place is the only thing that is not there yet."""
    assert len(UNITS) == 2
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace("/opt/zelo/bin/zelo", "/usr/bin/env zelo")
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    command = ["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.glob("*.service")))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, [line for line in done.stderr.splitlines() if str(tmp_path) in line]) == (0, [])


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_units_start_commands_that_there_are(unit: Path) -> None:
    """A unit names a command of zelo with options that it has, and the docs name the unit."""
    start = re.search(r"^ExecStart=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)
    assert start is not None
    program, *words = shlex.split(start[1])
    assert program == "/opt/zelo/bin/zelo" and knows(words)
    assert f"deploy/{unit.name}" in DOCS


def test_compose_names_files_commands_and_variables_that_there_are() -> None:
    """The image's recipe, each command, volume, condition and variable."""
    told: dict[str, Any] = yaml.safe_load((REPOSITORY / "compose.yaml").read_text(encoding="utf-8"))
    services = told["services"]
    for name, service in services.items():
        if build := service.get("build"):
            assert (REPOSITORY / build["context"] / build["dockerfile"]).is_file(), name
            assert knows(service.get("command", ["zelo", "serve"])[1:]), name
            unknown = [variable for variable in service["environment"] if f"`{variable}`" not in DOCS]
            assert unknown == [], name
        for volume in service.get("volumes", ()):
            assert volume.split(":")[0] in told["volumes"], name
        for other, wanted in service.get("depends_on", {}).items():
            healthy = wanted["condition"] == "service_healthy"
            assert other in services and ("healthcheck" in services[other] or not healthy), name
    assert {"database", "migrate", "serve", "worker"} <= set(services)


def test_the_recipe_of_the_image_names_files_and_a_command_that_there_are() -> None:
    """Requirements that are installed by hash, and the command that is run unless another is named."""
    text = (REPOSITORY / "Containerfile").read_text(encoding="utf-8")
    for file in re.findall(r"-r (\S+)", text):
        assert (REPOSITORY / file).is_file()
    assert "--require-hashes" in text and re.search(r"^USER zelo$", text, re.MULTILINE)
    start = re.search(r"^CMD (\[.*\])$", text, re.MULTILINE)
    assert start is not None
    program, *words = yaml.safe_load(start[1])
    assert program == "zelo" and knows(words)


@pytest.mark.slow
def test_another_installation_goes_on_from_a_backup(platform: Platform, tmp_path: Path) -> None:
    """Database first, then the lake: what came after the backup is brought again, and all is as if nothing happened."""
    import psycopg
    from django.conf import settings
    from django.db import connections

    from zelo.adapters.backups import dump, load
    from zelo.people.flows import verify
    from zelo.worker import lake
    from zelo.worker.versions import ACTIVE

    events = stream(160)
    platform.activate()
    platform.bring(events[:80])
    platform.work()
    connections.close_all()
    dump(platform.url, tmp_path / "backup")
    platform.bring(events[80:120])
    platform.work()
    shutil.copytree(platform.lake, tmp_path / "copied")
    server, _, name = platform.url.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}_again TEMPLATE template0")
    try:
        load(f"{server}/{name}_again", tmp_path / "backup")
        connections.close_all()
        connections.settings["default"]["NAME"] = f"{name}_again"
        ACTIVE.forget()
        again = Platform(f"{server}/{name}_again", platform.home, tmp_path / "copied")
        settings.LAKE = str(again.lake)
        assert decided(again) == expected(events[:80])
        assert all((again.lake / path).is_file() for path in (*lake.files("events"), *lake.files("decisions")))
        done = again.bring(events[60:])
        assert (done.accepted, done.duplicates) == (80, 20)
        again.work()
        assert decided(again) == expected(events)
        assert verify()[1] == []
        gone = lake.sweep(again.lake, older_s=-60)
        assert gone and again.value("SELECT sum(rows) FROM zelo_lake_file WHERE content = 'decisions'") == 160
    finally:
        connections.close_all()
        connections.settings["default"]["NAME"] = name
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name}_again WITH (FORCE)")
