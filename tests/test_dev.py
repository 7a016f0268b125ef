"""The two commands: they set up only when something changed, run every check, and never hide a failure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import dev


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record the commands instead of running them; all succeed."""
    ran: list[str] = []

    def record(*command: str | Path) -> int:
        ran.append(" ".join(Path(part).name if isinstance(part, Path) else part for part in command))
        return 0

    monkeypatch.setattr(dev, "run", record)
    return ran


@pytest.fixture
def clone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return an empty clone with requirements and an environment that holds a Python."""
    (tmp_path / "requirements").mkdir()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    (tmp_path / "requirements" / "dev.txt").write_text("a==1 --hash=sha256:0\n")
    (tmp_path / "pyproject.toml").write_text(
        "[project]\nname = 'zelo'\n[build-system]\nrequires = []\n[tool.x]\ny = 1\n"
    )
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    monkeypatch.setattr(dev, "BIN", tmp_path / "bin")
    monkeypatch.setattr(dev, "LOCK", tmp_path / "requirements" / "dev.txt")
    monkeypatch.setattr(dev, "STAMP", tmp_path / "installed")
    return tmp_path


def installs(commands: list[str]) -> list[str]:
    """Return the installations among the commands."""
    return [command for command in commands if " install " in command]


def test_a_first_set_up_installs_by_hash_and_then_zelo_alone(commands: list[str], clone: Path) -> None:
    """Nothing is fetched that the lock does not name: not by zelo's own installation, not by its build."""
    dev.setup()
    locked, own = installs(commands)
    assert "--require-hashes" in locked
    assert "--no-deps" in own and "--no-build-isolation" in own


def test_a_second_set_up_installs_nothing(commands: list[str], clone: Path) -> None:
    """What is as it should be is left alone, also when only the tools' settings changed."""
    dev.setup()
    text = (clone / "pyproject.toml").read_text()
    (clone / "pyproject.toml").write_text(text.replace("y = 1", "y = 2"))
    commands.clear()
    dev.setup()
    assert commands == []


def test_another_lock_installs_again(commands: list[str], clone: Path) -> None:
    """A changed version is noticed without anyone thinking of it."""
    dev.setup()
    commands.clear()
    (clone / "requirements" / "dev.txt").write_text("a==2 --hash=sha256:1\n")
    dev.setup()
    assert len(installs(commands)) == 2


def test_a_failed_installation_is_tried_again(monkeypatch: pytest.MonkeyPatch, clone: Path) -> None:
    """A set-up that broke off half way does not count as done."""
    monkeypatch.setattr(dev, "run", lambda *command: 1 if "--require-hashes" in command else 0)
    with pytest.raises(dev.Failed):
        dev.setup()
    assert not dev.STAMP.exists()


def test_bare_debian_is_helped_as_root_and_told_otherwise(monkeypatch: pytest.MonkeyPatch, commands: list[str]) -> None:
    """Where Python has no venv, root gets the package and anyone else gets its name."""
    monkeypatch.setattr(dev, "VENV", Path("nowhere") / ".venv")
    monkeypatch.setattr(dev.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(dev, "may_apt", lambda: True)
    with pytest.raises(dev.Failed, match="python3-venv"):
        dev.make_venv()
    assert any(command.startswith("apt-get install") and command.endswith("-venv") for command in commands)
    commands.clear()
    monkeypatch.setattr(dev, "may_apt", lambda: False)
    with pytest.raises(dev.Failed, match="apt-get install python3-venv"):
        dev.make_venv()
    assert commands == []


def test_the_tests_run_last_and_an_earlier_failure_still_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """All checks run, the summary of the tests closes the output, and one failure anywhere is the exit code."""
    ran: list[str] = []

    def record(*command: str | Path) -> int:
        words = " ".join(str(part) for part in command)
        ran.append(words)
        return int("lint-imports" in words)

    def heard(*command: str | Path) -> tuple[int, str, str]:
        return record(*command), "", ""

    monkeypatch.setattr(dev, "run", record)
    monkeypatch.setattr(dev, "hear", heard)
    assert dev.check(fast=False) == 1
    assert len(ran) == 7 and "pytest" in ran[-1] and "not slow" not in ran[-1]
    ran.clear()
    assert dev.check(fast=True) == 1
    assert len(ran) == 5 and "not slow" in ran[-1]


def test_what_a_look_finds_is_shown_and_complaints_only_of_one_that_failed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every look is named in the same order; one that passed does not show its warnings."""
    monkeypatch.setattr(dev, "hear", lambda tool, *_: (int(tool.name == "mypy"), f"{tool.name} said", " and warned"))
    assert dev.looks(fast=True) == ["types"]
    told = capsys.readouterr().out
    assert told.startswith("==> types\nmypy said and warned\n==> format\nruff said\n") and told.count("warned") == 1


AUDITED = {"name": "a", "version": "1", "vulns": []}
FLAWED = {"name": "b", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}]}
UNKNOWN = {"name": "c", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([AUDITED, UNKNOWN], (True, "looked up 1 of 2 packages")),
        ([AUDITED, FLAWED], (False, "looked up 2 of 2 packages\nb 2: CVE-1, mended in 3")),
        ([UNKNOWN], (True, "could not be looked up: the index has such data on none of 1 packages")),
        (None, (True, "could not be looked up: no route")),
    ],
)
def test_a_known_flaw_fails_and_data_out_of_reach_is_told(
    monkeypatch: pytest.MonkeyPatch, said: list[object] | None, expected: tuple[bool, str]
) -> None:
    """What nobody could look up is not called sound, and does not stop anyone either."""
    out = "" if said is None else json.dumps({"dependencies": said})
    monkeypatch.setattr(dev, "hear", lambda *_, **__: (1, out, "Traceback\nno route\n"))
    assert dev.known_flaws() == expected


def test_when_the_tests_fail_their_code_is_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the test runner reports is passed on as it is."""
    monkeypatch.setattr(dev, "run", lambda *command: 3)
    monkeypatch.setattr(dev, "hear", lambda *command: (0, "", ""))
    assert dev.check(fast=True) == 3


def test_an_unknown_benchmark_names_the_known_ones() -> None:
    """A typing mistake costs one line of reading."""
    with pytest.raises(dev.Failed, match="engine"):
        dev.bench("engin", [])
