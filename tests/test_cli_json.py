"""`--format json`: what came of it and what went wrong, as JSON on the output."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.small_run import write_pack, write_stream
from zelo import cli

Capture = pytest.CaptureFixture[str]


def told(capsys: Capture, *arguments: object) -> tuple[int, Any]:
    code = cli.run([str(argument) for argument in (*arguments, "--format", "json")])
    said = capsys.readouterr()
    assert said.err == ""
    return code, json.loads(said.out.splitlines()[-1])


def test_a_run_and_an_import_are_told_in_json(tmp_path: Path, capsys: Capture) -> None:
    """The last line is the summary, or the manifest."""
    pack, source = write_pack(tmp_path / "pack"), write_stream(tmp_path / "in.jsonl", 60)
    code, summary = told(capsys, "run", pack, "--source", source, "--out", tmp_path / "out")
    assert code == 0 and summary == json.loads((tmp_path / "out" / "summary.json").read_text())
    code, manifest = told(capsys, "import-events", pack, "--source", source, "--out", tmp_path / "lake")
    assert code == 0 and manifest == json.loads((tmp_path / "lake" / "manifest.json").read_text())


def test_errors_are_told_in_json(tmp_path: Path, capsys: Capture) -> None:
    """Kind, words and exit code, for every command that can speak JSON; also when the command line is wrong."""
    pack, source, nowhere = write_pack(tmp_path / "pack"), write_stream(tmp_path / "in.jsonl", 5), tmp_path / "nowhere"
    wrong = write_pack(tmp_path / "wrong", policies__busy=b"policy: [")
    out = ("--out", tmp_path / "out")
    for arguments, kind, code in (
        (("check", nowhere), "NotFound", 3),
        (("test", nowhere), "NotFound", 3),
        (("test", wrong), "PolicyRejected", 1),
        (("explain", pack, "--event", nowhere), "NotFound", 3),
        (("explain", pack), "UsageError", 2),
        (("run", pack, "--source", nowhere, *out), "NotFound", 3),
        (("run", pack, "--source", source, *out, "--limit", "x"), "UsageError", 2),
        (("import-events", pack, "--source", source, "--out", tmp_path), "Conflict", 5),
    ):
        found, answer = told(capsys, *arguments)
        assert (found, answer["error"]["kind"], answer["error"]["exit_code"]) == (code, kind, code), arguments
        assert answer["error"]["message"]
        assert ("diagnostics" in answer["error"]) == (kind == "PolicyRejected")


def test_being_stopped_is_told_in_json(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """As any other end."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.zelo, "main", interrupted)
    code, answer = told(capsys, "run")
    assert code == 130 and answer["error"]["kind"] == "Stopped"


def test_check_tells_sql_that_is_none(tmp_path: Path, capsys: Capture) -> None:
    """A mapping that can never run is a mistake of the pack, at its place."""
    pack = write_pack(tmp_path / "pack")
    (pack / "sources").mkdir()
    for sql, code in (("SELEC 1", "Z445"), ("SELECT 1;\nDROP TABLE x", "Z446"), ("-- nothing", "Z446"), ("", "Z446")):
        (pack / "sources" / "x.sql").write_text(sql)
        assert cli.run(["check", str(pack), "--format", "json"]) == 1
        diagnostics = json.loads(capsys.readouterr().out)["diagnostics"]
        [found] = [diagnostic for diagnostic in diagnostics if diagnostic["severity"] == "error"]
        assert (found["path"], found["code"], found["line"]) == ("sources/x.sql", code, 1 + sql.count("\n"))
    (pack / "sources" / "x.sql").write_text("SELECT 1; -- fine")
    assert cli.run(["check", str(pack), "--format", "json"]) == 0
