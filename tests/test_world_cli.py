"""`zelo simulate`: a world by one command, told in both languages, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.worlds import PACK
from zelo import cli

pytestmark = pytest.mark.slow

Capture = pytest.CaptureFixture[str]


def zelo(capsys: Capture, *arguments: str | Path) -> tuple[int, str, str]:
    """Run one command line; return its exit code, output and errors."""
    code = cli.run([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_a_world_by_one_command(tmp_path: Path, capsys: Capture) -> None:
    """It makes a lake that the shipped pack runs over, and says where the truth is."""
    size = ("--accounts", "150", "--days", "3", "--seed", "2")
    code, out, err = zelo(capsys, "simulate", *size, "--out", tmp_path / "w", "--progress")
    assert code == 0 and "events: " in out and str(tmp_path / "w" / "truth") in out and "making days" in err
    code, out, _ = zelo(capsys, "run", PACK, "--source", tmp_path / "w", "--out", tmp_path / "run")
    assert code == 0 and "events decided" in out
    parts = f"'{tmp_path}/run/decisions/*.parquet'"
    found = duckdb.sql(f"SELECT event_id FROM {parts} ORDER BY len(fired) DESC, order_key LIMIT 1").fetchall()
    code, out, _ = zelo(capsys, "explain", PACK, "--run", tmp_path / "run", "--id", found[0][0])
    assert code == 0 and "FIRED" in out, "a run over a lake finds its events there"


def test_a_pack_in_the_loop_by_one_command(tmp_path: Path, capsys: Capture) -> None:
    """With --pack the events are decided as they come, and it says how many."""
    size = ("--accounts", "120", "--days", "2", "--seed", "2", "--pack", PACK)
    code, out, _ = zelo(capsys, "simulate", *size, "--out", tmp_path / "w")
    assert code == 0 and "decided as they came" in out


def test_mistakes_are_told_clearly(tmp_path: Path, capsys: Capture) -> None:
    """A wrong day, a folder in use and an unknown world are one message each, in the reader's language."""
    code, _, err = zelo(capsys, "simulate", "--first-day", "2025-02-30", "--out", tmp_path / "w")
    assert code and "`2025-02-30` is no day" in err
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    code, _, err = zelo(capsys, "simulate", "--out", tmp_path / "full", "--language", "pt-BR")
    assert code and "não são de um mundo" in err
    assert zelo(capsys, "simulate", "--world", "mars", "--out", tmp_path / "w")[0]
    assert not (tmp_path / "w" / "manifest.json").exists()
