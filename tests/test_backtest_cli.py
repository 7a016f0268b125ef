"""The commands `zelo backtest` and `zelo sweep`: what they say, leave behind, and exit with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.backtest_worlds import FILES, STRICTER, lake, write_pack
from zelo import cli
from zelo.cli.backtesting import told

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no setting of the machine choose the language."""
    monkeypatch.setenv("ZELO_LANGUAGE", "en")


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lake(tmp_path_factory.mktemp("history"), count=400)


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return write_pack(tmp_path / "pack", dict(FILES))


def zelo(capsys: Capture, *arguments: object) -> tuple[int, str, str]:
    code = cli.run([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_backtest_says_its_sentence_and_leaves_a_report(
    history: Path, pack: Path, tmp_path: Path, capsys: Capture
) -> None:
    """In the reader's language, with a row for each rule."""
    other = write_pack(tmp_path / "other", dict(STRICTER))
    asked = (
        "backtest",
        pack,
        "--source",
        history,
        "--against",
        other,
        "--outcome",
        "panned_within_2_days",
        "--by",
        "kind",
    )
    code, out, _ = zelo(capsys, *asked, "--out", tmp_path / "report")
    assert code == 0 and out.startswith(f"Against {other}, the rules act on ") and "cheap_in_bulk" in out
    assert json.loads((tmp_path / "report" / "report.json").read_bytes())["by"] == ["kind"]
    code, out, _ = zelo(capsys, *asked, "--out", tmp_path / "report", "--fresh", "--language", "pt-BR")
    assert code == 0 and out.startswith(f"Em relação a {other}, as regras agem em mais ")
    assert '<html lang="pt-BR"' in (tmp_path / "report" / "report.html").read_text()


def test_a_sweep_marks_the_present_value(history: Path, pack: Path, tmp_path: Path, capsys: Capture) -> None:
    """As text, and with --out as a page, JSON and SVG."""
    asked = ("sweep", pack, "--rule", "bulk", "--constant", "most", "--source", history)
    code, out, _ = zelo(capsys, *asked, "--outcome", "panned_within_2_days")
    assert code == 0 and "> 2" in out and out.startswith("With most at 2, bulk has ")
    assert zelo(capsys, *asked, "--out", tmp_path / "curve")[0] == 0
    assert {path.name for path in (tmp_path / "curve").iterdir()} == {"sweep.html", "sweep.json", "hits.svg"}


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--outcome", "nothing"), 3, "there are: `panned_within_2_days`"),
        (("--by", "seller.email"), 2, "choose from `kind`, `sponsored`"),
        (("--by", "price,nothing"), 2, "`nothing`"),
        (("--against", "--upload-pack=x"), 2, "no revision"),
        (("--since", "2026-02-01", "--until", "2026-01-01"), 2, "--since must lie before"),
        (("--since", "yesterday"), 2, "2026-01-31"),
        (("--outcome", "confirmed"), 3, "labels"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_way_out(
    history: Path, pack: Path, tmp_path: Path, capsys: Capture, options: tuple[str, ...], code: int, said: str
) -> None:
    """One message, the exit code of its kind, nothing left behind."""
    found, out, err = zelo(capsys, "backtest", pack, "--source", history, "--out", tmp_path / "report", *options)
    assert found == code and said in err and not out
    assert not (tmp_path / "report").exists() and not (tmp_path / "report.partial").exists()


def test_another_pack_is_no_other_version(history: Path, pack: Path, tmp_path: Path, capsys: Capture) -> None:
    """Two packs that have only the folder's place in common are not compared."""
    renamed = {**FILES, "pack.yaml": FILES["pack.yaml"].replace(b"pack: base", b"pack: other")}
    other = write_pack(tmp_path / "other", renamed)
    code, _, err = zelo(
        capsys, "backtest", pack, "--source", history, "--out", tmp_path / "report", "--against", other
    )  # fmt: skip
    assert code == 2 and "another pack" in err


@pytest.mark.parametrize("engine", ["online", "duckdb"])
def test_a_broken_lake_is_told_once_and_leaves_nothing(
    history: Path, pack: Path, tmp_path: Path, capsys: Capture, engine: str
) -> None:
    """A half-written file is named; no half report stays."""
    broken = tmp_path / "lake"
    shutil.copytree(history, broken)
    path = next(iter(sorted(broken.glob("events/kind=listing.created/*/*.parquet"))))
    path.write_bytes(path.read_bytes()[:-40])
    asked = ("backtest", pack, "--source", broken, "--out", tmp_path / "report", "--engine", engine)
    code, _, err = zelo(capsys, *asked)
    assert code == 2 and "is not a whole Parquet file" in err and len(err.strip().splitlines()) == 1
    assert not (tmp_path / "report").exists() and not (tmp_path / "report.partial").exists()


def test_an_unknown_source_is_not_found(pack: Path, tmp_path: Path, capsys: Capture) -> None:
    """As with every command."""
    code, _, err = zelo(capsys, "sweep", pack, "--rule", "bulk", "--constant", "most", "--source", tmp_path / "no")
    assert code == 3 and "no source" in err


def test_what_is_kept_beside_a_lake_can_be_told_and_thrown_away(
    history: Path, pack: Path, tmp_path: Path, capsys: Capture
) -> None:
    """The next report is the same with it and without it."""
    lake = tmp_path / "lake"
    shutil.copytree(history, lake)
    assert "nothing is kept" in zelo(capsys, "cache", lake)[1]
    asked = ("backtest", pack, "--source", lake, "--outcome", "panned_within_2_days")
    reports = []
    for name in ("cold", "warm", "anew"):
        assert zelo(capsys, *asked, "--out", tmp_path / name)[0] == 0
        reports.append((tmp_path / name / "report.json").read_bytes())
        if name == "warm":
            assert " MB in " in zelo(capsys, "cache", lake)[1]
            assert zelo(capsys, "cache", lake, "--clear")[0] == 0 and not lake.with_name("lake.cache").exists()
    assert reports[0] == reports[1] == reports[2]
    assert zelo(capsys, "cache", tmp_path)[0] == 3


def test_fresh_never_deletes_the_source_or_the_pack(history: Path, pack: Path, tmp_path: Path, capsys: Capture) -> None:
    """A folder that holds a report.json, and the lake, is somebody's folder: refused, and nothing is deleted."""
    held = tmp_path / "lk"
    shutil.copytree(history, held / "w")
    (held / "report.json").write_text("{}")
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    asked = ("--rule", "bulk", "--constant", "most")
    for command in (("backtest", pack), ("sweep", pack, *asked)):
        for source, out in ((held / "w", held), (history, held), (history, pack.parent), (history, pack / "out")):
            code, _, err = zelo(capsys, *command, "--source", source, "--out", out, "--fresh")
            assert code == 5 and ("lies inside" in err or "nothing is replaced" in err), err
    assert sorted(str(path) for path in tmp_path.rglob("*")) == before


def test_an_unfinished_world_is_called_one(pack: Path, tmp_path: Path, capsys: Capture) -> None:
    """And the way out is the command that makes it."""
    (tmp_path / "world" / "events.partial").mkdir(parents=True)
    code, _, err = zelo(capsys, "backtest", pack, "--source", tmp_path / "world", "--out", tmp_path / "report")
    assert code == 3 and "unfinished world or import" in err


def test_spark_tells_its_steps_without_a_terminal() -> None:
    """Its steps take long, and silence looks like a hang; who wants silence says so."""
    assert told("spark", shown=None) is True and told("spark", shown=False) is False
    assert told("duckdb", shown=None) is None
