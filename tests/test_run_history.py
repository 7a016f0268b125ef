"""Runs of history: what is decided is what the engine decides, and no interruption changes it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.small_run import POLICY, stream, write_pack, write_stream
from zelo.adapters import decisions, files
from zelo.adapters.files import CannotWrite, locked
from zelo.adapters.packs import open_pack
from zelo.base.errors import Conflict, InvalidInput
from zelo.decide.flows import Outcome, Run, run_history
from zelo.decide.kept import row_of
from zelo.decide.logic import Engine

ROOT = Path(__file__).resolve().parent.parent
COUNT = 420
COMMAND = (sys.executable, "-c", "from zelo.cli import main; main()")


@pytest.fixture
def job(tmp_path: Path) -> Run:
    """Return a run over a small stream, with a checkpoint after each batch."""
    return Run(
        pack=open_pack(write_pack(tmp_path / "pack")),
        source=write_stream(tmp_path / "events.jsonl", COUNT),
        out=tmp_path / "out",
        now_us=None,
        checkpoint_every=150,
        batch=50,
    )


def go(run: Run) -> Outcome:
    return run_history(run, lambda what, done, total: None, lambda: False)


def rows(out: Path) -> list[dict[str, object]]:
    parts = sorted((out / "decisions").glob("*"))
    assert all(part.name.endswith(".parquet") for part in parts), "nothing half-written is left"
    return [row for part in parts for row in pq.read_table(part).to_pylist()]


def test_a_run_keeps_exactly_what_the_engine_decides(job: Run) -> None:
    """Through files, batches and checkpoints comes the same as from the engine alone."""
    outcome = go(replace(job, stores="all"))
    engine = Engine(job.pack)
    expected = [engine.decide_json(json.dumps(event).encode()) for event in stream(COUNT)]
    found = rows(job.out)
    names = decisions.SCHEMA.names
    assert [tuple(row[name] for name in names[:6]) for row in found] == [row_of(d, "1")[:6] for d in expected]
    assert [(tuple(r["fired"]), tuple(r["undetermined"])) for r in found] == [
        (d.fired, d.undetermined) for d in expected
    ]
    assert [[e["kind"] for e in r["effects"]] for r in found] == [[e.kind for e in d.effects] for d in expected]
    assert [[h["reason"] for h in r["held"]] for r in found] == [[h.reason for h in d.held] for d in expected]
    assert [json.loads(str(r["features"])) for r in found] == [d.features for d in expected]
    summary = outcome.summary
    assert summary.rows_in == COUNT + 2 == summary.events + sum(summary.dead_letters.values())
    assert summary.dead_letters == {"duplicate": 1, "not_json": 1}
    assert summary.stored == COUNT and summary.late == engine.sequencer.late > 0
    assert summary.rules["busy/bulk"].fired == sum("bulk" in d.fired for d in expected) > 40
    assert summary.rules["busy/many"].undetermined == sum("many" in d.undetermined for d in expected) > 0
    assert summary.held["rule_limit"]["open_case"] > 0 and summary.effects["remove_content"] > 0


def test_by_default_only_decisions_in_which_something_happened_are_kept(job: Run) -> None:
    """The summary counts all; the files hold those in which a rule fired or was undetermined."""
    everything = go(replace(job, stores="all", out=job.out.with_name("all")))
    notable = go(job)
    chosen = [row for row in rows(job.out.with_name("all")) if row["fired"] or row["undetermined"]]
    assert rows(job.out) == chosen and 0 < notable.summary.stored == len(chosen) < COUNT
    assert notable.summary.rules == everything.summary.rules and notable.summary.kinds == everything.summary.kinds


# --- interruptions


class Died(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def whole(job: Run, tmp_path: Path) -> tuple[str, list[dict[str, object]]]:
    """Return digest and rows of the run when nothing interrupts it."""
    calm = replace(job, out=tmp_path / "calm")
    return go(calm).summary.decisions_digest, rows(calm.out)


def ended(run: Run) -> tuple[str, list[dict[str, object]]]:
    outcome = go(run)
    assert outcome.finished
    return outcome.summary.decisions_digest, rows(run.out)


def dying(monkeypatch: pytest.MonkeyPatch, at: int, *, after: bool) -> None:
    """Let the process end just before or after the rename with this number."""
    count, real = 0, os.replace

    def replaced(source: object, target: object) -> None:
        nonlocal count
        count += 1
        if count == at and not after:
            raise Died
        real(source, target)  # type: ignore[arg-type]
        if count == at:
            raise Died

    monkeypatch.setattr(files.os, "replace", replaced)


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True])
def test_a_death_at_any_rename_changes_nothing(
    job: Run, whole: tuple[str, list[dict[str, object]]], monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    """Each file is put in place by a rename; whichever is the last, going on gives the same rows."""
    deaths = 0
    for at in range(1, 100):
        run = replace(job, out=job.out.with_name(f"out{at}"))
        with monkeypatch.context() as patch:
            dying(patch, at, after=after)
            try:
                go(run)
            except Died:
                deaths += 1
        assert ended(run) == whole
        if deaths < at:
            break
    assert deaths > 9


def test_dying_again_and_again_changes_nothing(
    job: Run, whole: tuple[str, list[dict[str, object]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that gets only a little further each time arrives, too."""
    for _ in range(100):
        with monkeypatch.context() as patch:
            dying(patch, 6, after=True)
            try:
                go(job)
                break
            except Died:
                continue
    assert ended(job) == whole


def test_stopping_keeps_what_was_done(job: Run, whole: tuple[str, list[dict[str, object]]]) -> None:
    """Asked to stop, a run ends at the next good place and goes on from there."""
    answers: Iterator[bool] = iter([False, True, False, False, True])
    first = run_history(job, lambda *_: None, lambda: next(answers))
    assert not first.finished and 0 < first.summary.read < COUNT
    second = run_history(job, lambda *_: None, lambda: next(answers))
    assert not second.finished and second.resumed_after == first.summary.read < second.summary.read < COUNT
    assert ended(job) == whole


def test_a_finished_run_is_only_told_again(job: Run) -> None:
    """Starting it once more decides nothing and gives the same summary."""
    first = go(job)
    again = go(job)
    assert again.summary == first.summary and again.resumed_after == COUNT


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_full_disk_keeps_what_was_done(
    job: Run, whole: tuple[str, list[dict[str, object]]], monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """When a part cannot be written the run says so; with space again it goes on to the same rows."""
    count, real = 0, pq.write_table

    def full(*args: object, **kwargs: object) -> None:
        nonlocal count
        count += 1
        if count == at:
            raise OSError(28, "No space left on device")
        real(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(decisions.pq, "write_table", full)
        with pytest.raises(CannotWrite, match="the disk is full"):
            go(job)
    assert ended(job) == whole


def command(job: Run, *more: str) -> list[str]:
    pack = job.out.with_name("pack")
    return [*COMMAND, "run", str(pack), "--source", str(job.source), "--out", str(job.out), *more]


@pytest.mark.slow
def test_a_real_limit_on_file_sizes_is_told_and_survived(job: Run, whole: tuple[str, list[dict[str, object]]]) -> None:
    """The operating system's own refusal, from whichever library meets it, is one message and exit code 73."""
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (BYTES, BYTES)); {COMMAND[2]}"
    for size in (2_000, 100_000, 300_000):
        arguments = [COMMAND[0], "-c", limited.replace("BYTES", str(size)), *command(job)[3:]]
        done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False, env=quiet())
        assert done.returncode in (0, 73), done.stderr
        assert done.returncode == 0 or ("the disk is full" in done.stderr and "Traceback" not in done.stderr)
        if size == 2_000:
            assert done.returncode == 73
    done = subprocess.run(command(job), cwd=ROOT, capture_output=True, text=True, check=False, env=quiet())
    assert done.returncode == 0, done.stderr
    assert rows(job.out) == whole[1]


def quiet() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C.UTF-8", "ZELO_LANGUAGE": "en"}


@pytest.mark.slow
@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_signals_at_any_moment_change_nothing(job: Run, tmp_path: Path, signum: signal.Signals) -> None:
    """Killed, interrupted or terminated again and again, the command ends with the same rows."""
    big = replace(job, source=write_stream(tmp_path / "big.jsonl", 5_000, seed=3))
    calm = go(replace(big, out=tmp_path / "calm"))
    arguments = command(big, "--checkpoint-every", "500", "--progress")
    stopped, delay = 0, 0.02
    for _ in range(40):
        with subprocess.Popen(
            arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=quiet()
        ) as process:
            assert process.stderr is not None
            if process.stderr.readline():  # it has begun; a run that was finished already tells nothing
                time.sleep(delay)
                process.send_signal(signum)
            _, errors = process.communicate(timeout=300)
        if process.returncode == 0:
            break
        # A process whose work is done and which is just ending dies of the signal itself.
        assert process.returncode in ((-9,) if signum == signal.SIGKILL else (130, -signum)), errors.decode()
        assert b"Traceback" not in errors
        stopped, delay = stopped + 1, delay * 2.5
    assert process.returncode == 0 and stopped > 2
    again = go(big)
    assert again.summary.decisions_digest == calm.summary.decisions_digest
    assert rows(big.out) == rows(tmp_path / "calm")


# --- whose folder it is


def test_another_run_is_never_mixed_in(job: Run, tmp_path: Path) -> None:
    """Another pack, source or choice in the same folder is refused, and told how to go on."""
    go(job)
    changed = open_pack(write_pack(tmp_path / "pack2", policies__busy=POLICY.replace(b"> 50", b"> 51")))
    for other, what in (
        (replace(job, pack=changed), "pack_version"),
        (replace(job, source=write_stream(tmp_path / "other.jsonl", 10)), "source"),
        (replace(job, stores="all"), "stores"),
        (replace(job, limit=7), "limit"),
        (replace(job, since_us=0), "since"),
    ):
        with pytest.raises(Conflict, match=f"another `{what}`.*--fresh"):
            go(other)
    assert go(replace(job, pack=changed, fresh=True)).finished


def test_a_damaged_run_is_told_as_one(job: Run) -> None:
    """What cannot be read is no reason to guess; --fresh starts over where it can tell that the run is zelo's."""
    run_history(job, lambda *_: None, lambda: True)
    (job.out / "checkpoint").write_bytes(b"\xff\x00")
    with pytest.raises(Conflict, match="checkpoint cannot be read.*--fresh"):
        go(job)
    assert go(replace(job, fresh=True)).finished
    (job.out / "run.json").write_bytes(b"\xff\x00")
    for fresh in (False, True):
        with pytest.raises(Conflict, match="by hand"):
            go(replace(job, fresh=fresh))


def test_a_source_that_changed_under_a_run_is_refused(job: Run) -> None:
    """Half of the old events and half of the new would be no result at all."""
    run_history(job, lambda *_: None, lambda: True)
    write_stream(job.source, COUNT + 1)
    with pytest.raises(Conflict, match="another `fingerprint`"):
        go(job)


def test_foreign_files_are_left_alone(job: Run) -> None:
    """A folder with something else in it is not taken over, not even with --fresh."""
    job.out.mkdir()
    (job.out / "thesis.txt").write_text("years of work")
    for fresh in (False, True):
        with pytest.raises(Conflict, match="not from a run"):
            go(replace(job, fresh=fresh))
    assert (job.out / "thesis.txt").read_text() == "years of work"


def test_a_run_never_writes_into_its_source(job: Run, tmp_path: Path) -> None:
    """What is written would be read as part of the source the next time."""
    for out in (tmp_path, tmp_path / "deeper" / "out"):
        with pytest.raises(Conflict, match="lies inside .*which is read"):
            go(replace(job, source=tmp_path, out=out))


def test_two_runs_never_write_to_one_folder(job: Run) -> None:
    """The second is told to wait."""
    with locked(job.out), pytest.raises(Conflict, match="another run is writing"):
        go(job)


# --- parts of history


def test_since_keeps_later_decisions_and_still_counts_what_was_before(job: Run) -> None:
    """Windows and labels are filled by the events before, so that the first kept decision is no cold start."""
    everything = go(replace(job, stores="all", out=job.out.with_name("all")))
    kept = rows(job.out.with_name("all"))
    middle = kept[len(kept) // 2]["effective_at"]
    since_us = round(middle.timestamp() * 1e6)
    part = go(replace(job, stores="all", since_us=since_us))
    later = [row for row in kept if row["effective_at"] >= middle]
    assert rows(job.out) == later and part.summary.warm_up == COUNT - len(later) > 0
    before = replace(job, stores="all", until_us=since_us, out=job.out.with_name("before"))
    assert go(before).summary.read == COUNT - len(later) and rows(before.out) == kept[: COUNT - len(later)]
    first = replace(job, stores="all", limit=77, out=job.out.with_name("first"))
    assert go(first).summary.decided == 77 and rows(first.out) == kept[:77]
    assert everything.summary.decided == COUNT


def test_a_run_over_a_lake_copies_no_events(job: Run, tmp_path: Path) -> None:
    """A lake is read where it is, and gives the same decisions as the source it was made from."""
    first = go(job)
    again = go(replace(job, source=job.out / "lake", out=tmp_path / "again"))
    assert again.summary.decisions_digest == first.summary.decisions_digest
    assert not (tmp_path / "again" / "lake").exists()


def test_a_broken_source_leaves_nothing_that_looks_like_a_run(job: Run, tmp_path: Path) -> None:
    """An empty folder as source is one clear error, and the folder can be used again."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInput, match="holds no events"):
        go(replace(job, source=tmp_path / "empty"))
    assert go(replace(job, fresh=True)).finished
