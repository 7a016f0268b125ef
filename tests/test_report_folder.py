"""Folders of reports: what is not known to be zelo's is never replaced, and a report is whole or absent."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from zelo.adapters import report_folder as folders
from zelo.adapters.lake import claim_lake, claim_world
from zelo.adapters.report_folder import Form, report_folder
from zelo.base.errors import Conflict, InvalidInput
from zelo.simulate.writing import PARTS

FORM = Form("report.json", "zelo test", frozenset({"report.json", "report.html", "decisions"}))


def make(out: Path, text: str = "new", *, fresh: bool = True, apart: tuple[Path, ...] = ()) -> None:
    with report_folder(out, FORM, apart=apart, fresh=fresh) as place:
        (place / "report.json").write_text('{"format": "zelo test"}')
        (place / "report.html").write_text(text)
        (place / "decisions").mkdir()
        (place / "decisions" / "part-0.parquet").write_text(text)


def tree(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def whole(folder: Path, text: str) -> dict[str, str]:
    names = ("report.html", "decisions/part-0.parquet")
    return {f"{folder}/report.json": '{"format": "zelo test"}', **{f"{folder}/{name}": text for name in names}}


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("thesis.txt", "thesis.txt"),
        ("w/manifest.json", "w"),
        ("decisions/mine.txt", "decisions/mine.txt"),
        ("decisions/deeper/x.parquet", "decisions/deeper"),
        (".lock", ".lock"),
    ],
)
def test_one_file_of_somebody_else_keeps_the_whole_folder(tmp_path: Path, name: str, named: str) -> None:
    """Even beside a report of zelo's, which alone would be replaced; the file is named."""
    out = tmp_path / "out"
    make(out, "old")
    (out / name).parent.mkdir(parents=True, exist_ok=True)
    (out / name).write_text("years of work")
    before = tree(tmp_path)
    with pytest.raises(Conflict, match=f"holds `{named}`"):
        make(out)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("content", ["{}", "", '{"format": "other"}', '{"name": "of another program"}', "\0", "[1]"])
def test_a_file_of_the_same_name_is_no_proof(tmp_path: Path, content: str) -> None:
    """Somebody's own report.json is not replaced, with --fresh or without."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.json").write_text(content)
    before = tree(tmp_path)
    for fresh in (True, False):
        with pytest.raises(Conflict, match=r"no report\.json of zelo"):
            make(tmp_path / "out", fresh=fresh)
    assert tree(tmp_path) == before


def test_what_is_read_is_neither_in_the_folder_nor_around_it(tmp_path: Path) -> None:
    """Nor in the two folders beside it that come and go."""
    out = tmp_path / "out"
    make(out, "old")
    for inside in (out / "lake", tmp_path / "out.partial", tmp_path / "out.replaced" / "pack"):
        inside.mkdir(parents=True, exist_ok=True)
        with pytest.raises(Conflict, match="lies inside"):
            make(out, apart=(tmp_path / "elsewhere", inside))
        inside.rmdir()
        with suppress(FileNotFoundError):
            (tmp_path / "out.replaced").rmdir()
    for around in (tmp_path, out):
        with pytest.raises(Conflict, match="lies inside"):
            make(out, apart=(around,))
    with pytest.raises(Conflict, match="lies inside"):
        make(out / "deeper", apart=(out,))
    assert tree(tmp_path) == whole(Path("out"), "old")


@pytest.mark.parametrize("beside", ["out.partial", "out.replaced"])
def test_a_folder_of_somebody_beside_it_is_left_alone(tmp_path: Path, beside: str) -> None:
    """It may have the name by chance."""
    (tmp_path / beside).mkdir()
    (tmp_path / beside / "mine.txt").write_text("x")
    with pytest.raises(Conflict, match="in the way"):
        make(tmp_path / "out")
    assert tree(tmp_path) == {f"{beside}/mine.txt": "x"}


def test_a_report_is_there_in_every_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever step fails or is killed, the old report or the new one can be had; the next run tidies up."""
    out, real = tmp_path / "out", folders.put_in_place
    make(out, "old")
    assert tree(tmp_path) == whole(Path("out"), "old")

    for failing in (0, 1):
        calls = iter(range(9))

        def step(beside: Path, path: Path, calls: Iterator[int] = calls, failing: int = failing) -> None:
            if next(calls) == failing:
                raise KeyboardInterrupt
            real(beside, path)

        monkeypatch.setattr(folders, "put_in_place", step)
        with pytest.raises(KeyboardInterrupt):
            make(out, "new")
        assert tree(tmp_path) == whole(Path("out"), "old")
    monkeypatch.setattr(folders, "put_in_place", real)
    out.rename(tmp_path / "out.replaced")  # as a run leaves it that is killed between the two
    with pytest.raises(Conflict, match="report already"):
        make(out, fresh=False)
    assert tree(tmp_path) == whole(Path("out"), "old")
    make(tmp_path / "out.replaced", "old")
    make(out, "newer")
    assert tree(tmp_path) == whole(Path("out"), "newer")


def test_what_came_in_while_a_report_was_made_stays(tmp_path: Path) -> None:
    """The folder is looked at again before it is replaced."""
    out = tmp_path / "out"
    make(out, "old")
    with pytest.raises(Conflict, match=r"holds `note\.txt`"), report_folder(out, FORM, fresh=True):
        (out / "note.txt").write_text("of today")
    assert tree(tmp_path) == {**whole(Path("out"), "old"), "out/note.txt": "of today"}


def test_the_folder_one_is_in_can_be_filled_but_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--out .` in an empty folder leaves the report where one is; `/` has a message."""
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")
    inode = os.stat(tmp_path / "out").st_ino
    make(Path(), "new")
    assert tree(tmp_path) == whole(Path("out"), "new") and os.stat(tmp_path / "out").st_ino == inode
    with pytest.raises(Conflict, match="where you are"):
        make(Path(), "newer")
    with pytest.raises(InvalidInput, match="cannot be the folder"):
        make(Path("/"))
    (tmp_path / "file").write_text("x")
    with pytest.raises(Conflict, match="is a file"):
        make(tmp_path / "file")


# --- lakes and worlds


@pytest.mark.parametrize("name", ["events", "cases", "truth", "ledger.partial"])
def test_a_world_is_not_written_over_folders_that_only_share_a_name(tmp_path: Path, name: str) -> None:
    """`cases/` of a lawyer are not those of a world, with --fresh or without."""
    (tmp_path / name).mkdir()
    (tmp_path / name / "mine.txt").write_text("x")
    for fresh in (True, False):
        with pytest.raises(Conflict, match="no world of zelo"):
            claim_world(tmp_path, PARTS, fresh=fresh)


def test_a_lake_is_no_world_and_a_world_no_lake(tmp_path: Path) -> None:
    """Each is replaced by its own kind alone; an unfinished world is simply made again."""
    manifest = (
        '{"pack": "p", "pack_version": "", "source": "%s", "rows": 0, "events": 0, "dead_letters": {}, "kinds": {},'
        ' "late": 0, "last_order_key": 0}'
    )
    (tmp_path / "manifest.json").write_text(manifest % "in.jsonl")
    claim_lake(tmp_path, fresh=True)
    with pytest.raises(Conflict, match="no world of zelo"):
        claim_world(tmp_path, PARTS, fresh=True)
    (tmp_path / "manifest.json").write_text(manifest % "world br_social_commerce: 5 accounts")
    claim_world(tmp_path, PARTS, fresh=True)
    with pytest.raises(Conflict, match="no lake of zelo"):
        claim_lake(tmp_path, fresh=True)
    (tmp_path / "manifest.json").unlink()
    (tmp_path / "unfinished.json").write_text('{"format": "zelo world"}')
    (tmp_path / "events.partial").mkdir()
    claim_world(tmp_path, PARTS, fresh=False)
    with pytest.raises(Conflict, match="no lake of zelo"):
        claim_lake(tmp_path, fresh=True)
