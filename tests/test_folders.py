"""Folders that are written to: sources and strangers' files are never deleted, and what is made is private."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.small_run import write_pack, write_stream
from zelo import cli
from zelo.adapters.files import CannotWrite, locked
from zelo.adapters.lake import Lake, Manifest
from zelo.adapters.packs import open_pack
from zelo.adapters.stage import Limits
from zelo.base.errors import Conflict, InvalidInput
from zelo.decide.flows import Outcome, Run, import_source, run_history
from zelo.events.decode import Decoder
from zelo.policy.pack import Pack


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    return open_pack(write_pack(tmp_path / "pack"))


@pytest.fixture
def job(pack: Pack, tmp_path: Path) -> Run:
    return Run(pack=pack, source=write_stream(tmp_path / "in.jsonl", 60), out=tmp_path / "out", now_us=None)


def go(run: Run) -> Outcome:
    return run_history(run, lambda what, done, total: None, lambda: False)


def take_in(pack: Pack, source: Path, out: Path, *, fresh: bool = True) -> Manifest:
    quiet = lambda what, done, total: None  # noqa: E731
    return import_source(pack, source, out, now_us=None, fresh=fresh, limits=Limits(), progress=quiet)


def tree(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_a_source_inside_the_folder_is_never_replaced(job: Run, tmp_path: Path) -> None:
    """What --fresh would delete is not read: refused before anything is touched, also through a link."""
    for name in ("events", "lake", "other"):
        out = tmp_path / f"out-{name}"
        (out / name).mkdir(parents=True)
        write_stream(out / name / "x.jsonl", 5)
        linked = tmp_path / f"links-{name}"
        linked.mkdir()
        (linked / "x.jsonl").symlink_to(out / name / "x.jsonl")
        before = tree(out)
        for source in (out / name, out / name / "x.jsonl", linked):
            with pytest.raises(Conflict, match="lies inside .*--out"):
                take_in(job.pack, source, out)
            with pytest.raises(Conflict, match="lies inside .*--out"):
                go(replace(job, source=source, out=out, fresh=True))
        assert tree(out) == before


def test_a_run_is_not_thrown_away_for_a_run_over_its_own_lake(job: Run) -> None:
    """The lake of a run is read into another folder, never into the one that holds it."""
    go(job)
    before = tree(job.out)
    with pytest.raises(Conflict, match="lies inside"):
        go(replace(job, source=job.out / "lake", fresh=True))
    assert tree(job.out) == before


@pytest.mark.parametrize("name", ["lake", "decisions", "events"])
@pytest.mark.parametrize("mark", [None, "run.json", "manifest.json"])
def test_fresh_throws_away_only_what_is_known_to_be_its_own(job: Run, name: str, mark: str | None) -> None:
    """A folder without a readable mark of zelo is left as it is, whatever its entries are called."""
    (job.out / name).mkdir(parents=True)
    (job.out / name / "thesis.txt").write_text("years of work")
    if mark:
        (job.out / mark).write_text('{"name": "of another program"}')
    before = tree(job.out)
    with pytest.raises(Conflict, match="not from a run|no run.json of zelo"):
        go(replace(job, fresh=True))
    with pytest.raises(Conflict, match="no lake of zelo"):
        take_in(job.pack, job.source, job.out)
    assert tree(job.out) == before


def test_fresh_replaces_an_earlier_run_or_lake(job: Run, tmp_path: Path) -> None:
    """Also one that was interrupted before it was whole."""
    assert go(job).finished and go(replace(job, fresh=True)).resumed_after == 0
    lake = tmp_path / "lake"
    whole = take_in(job.pack, job.source, lake)
    assert take_in(job.pack, job.source, lake) == whole
    shutil.rmtree(lake)
    broken = tmp_path / "broken.jsonl"
    broken.write_text("{}\n")
    broken = broken.rename(tmp_path / "broken.jsonl.gz")
    with pytest.raises(InvalidInput):
        take_in(job.pack, broken, lake)
    with pytest.raises(Conflict, match="not empty"):
        take_in(job.pack, job.source, lake, fresh=False)
    assert take_in(job.pack, job.source, lake) == whole and not (lake / "unfinished.json").exists()


def test_what_is_made_is_private(job: Run, tmp_path: Path) -> None:
    """Decisions and lakes hold personal data: a new folder is its owner's alone; one that was there stays as it is."""
    go(job)
    take_in(job.pack, job.source, tmp_path / "lake")
    assert [(folder.stat().st_mode & 0o777) for folder in (job.out, tmp_path / "lake")] == [0o700, 0o700]
    open_to_all = tmp_path / "open"
    open_to_all.mkdir(mode=0o755)
    open_to_all.chmod(0o755)
    go(replace(job, out=open_to_all))
    assert open_to_all.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("place", ["file", "file/below/it", "/proc/zelo", "x" * 300])
def test_a_place_that_cannot_be_a_folder_is_told(
    job: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    """An existing file, a path below one, a system folder: one message and exit code 73."""
    (tmp_path / "file").write_text("x")
    out = tmp_path / place
    with pytest.raises(CannotWrite, match="cannot be a folder"):
        go(replace(job, out=out))
    for command in (["schema"], ["demo"], ["run", str(tmp_path / "pack"), "--source", str(job.source)]):
        assert cli.run([*command, "--out", str(out)]) == 73
        assert "Traceback" not in capsys.readouterr().err


def test_a_file_where_a_folder_belongs_is_told(job: Run) -> None:
    """Something of another form inside the run's folder is named."""
    go(job)
    shutil.rmtree(job.out / "decisions")
    (job.out / "decisions").write_text("x")
    with pytest.raises(CannotWrite, match="decisions is in the way"):
        go(job)


def test_decisions_that_are_gone_are_decided_again(job: Run) -> None:
    """A finished run whose files were deleted does not say that they are kept."""
    first = go(replace(job, checkpoint_every=20, batch=20))
    parts = tree(job.out / "decisions")
    assert len(parts) > 1
    for name in (sorted(parts)[0], sorted(parts)[-1]):
        (job.out / "decisions" / name).unlink()
        again = go(replace(job, checkpoint_every=20, batch=20))
        assert again.resumed_after == 0 and tree(job.out / "decisions") == parts
        assert again.summary.decisions_digest == first.summary.decisions_digest


def test_a_lake_with_missing_files_is_no_lake(job: Run, tmp_path: Path) -> None:
    """Fewer events than the manifest says are never taken for all of them."""
    lake = tmp_path / "lake"
    take_in(job.pack, job.source, lake)
    next((lake / "events").rglob("*.parquet")).unlink()
    with pytest.raises(InvalidInput, match="fewer events than its manifest says"):
        go(replace(job, source=lake))


def test_explain_follows_a_run_to_the_lake_it_read(
    job: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run over a lake holds no events itself; `run.json` says where they are."""
    lake = tmp_path / "lake"
    take_in(job.pack, job.source, lake)
    go(replace(job, source=lake))
    ident = next(Lake(lake, Decoder(job.pack.kinds)).read())[0][1].id
    assert cli.run(["explain", str(tmp_path / "pack"), "--run", str(job.out), "--id", ident, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["event_id"] == ident


def test_options_that_leave_nothing_to_do_are_refused(
    job: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No seconds at all, or an end before the beginning."""
    base = ["run", str(tmp_path / "pack"), "--source", str(job.source), "--out", str(job.out)]
    for more in (["--time-limit", "0"], ["--time-limit", "-5"], ["--since", "2026-02-01", "--until", "2026-01-01"]):
        assert cli.run([*base, *more]) == 2
    assert "--since 2026-02-01" in capsys.readouterr().err and not job.out.exists()


def test_a_folder_as_event_is_told(tmp_path: Path, pack: Pack, capsys: pytest.CaptureFixture[str]) -> None:
    """`--event` names a file."""
    assert cli.run(["explain", str(tmp_path / "pack"), "--event", str(tmp_path)]) == 3
    assert "cannot be read: Is a directory" in capsys.readouterr().err


def test_a_lock_goes_with_the_run_that_held_it(tmp_path: Path) -> None:
    """Neither a lock nor an empty folder stays; another run is refused meanwhile, and what is there is kept."""
    with locked(tmp_path / "new"), pytest.raises(Conflict), locked(tmp_path / "new"):
        raise AssertionError
    assert not (tmp_path / "new").exists()
    (tmp_path / "mine").mkdir()
    with locked(tmp_path / "mine"):
        assert (tmp_path / "mine" / ".lock").exists()
    assert list((tmp_path / "mine").iterdir()) == []
