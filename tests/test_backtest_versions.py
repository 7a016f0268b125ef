"""Laws of comparing versions: a folder or a git revision, nothing checked out, nothing run that a name smuggles in."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.backtest_worlds import FILES, STRICTER, loaded, write_pack
from tests.places import program
from zelo.adapters.revisions import files_at
from zelo.backtest.changes import changed_rules, diffs
from zelo.base.errors import InvalidInput, NotFound, PolicyRejected
from zelo.cli.backtesting import other_version


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a pack inside a repository with two revisions: `first`, and one more on top."""
    git = program("git")
    pack = write_pack(tmp_path / "repo" / "packs" / "busy", dict(STRICTER))
    (pack / "README.md").write_text("not of the pack")
    (pack / "lists" / "link.csv").symlink_to("/etc/passwd")

    def run(*arguments: str) -> None:
        named = ("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false")
        subprocess.run([git, "-C", str(tmp_path / "repo"), *named, *arguments], check=True, capture_output=True)

    run("init", "-q")
    run("add", "-A")
    run("commit", "-q", "-m", "first")
    run("tag", "first")
    write_pack(pack, dict(FILES))
    run("commit", "-q", "-a", "-m", "second")
    return pack


def test_a_revision_gives_the_files_of_that_time(repository: Path) -> None:
    """Only pack files, as they were; links are left out, and the work tree stays as it is."""
    assert files_at(repository, "first") == {name: STRICTER[name] for name in files_at(repository, "first")}
    assert set(files_at(repository, "first")) == set(STRICTER)
    assert files_at(repository, "HEAD")["policies/busy.yaml"] == FILES["policies/busy.yaml"]
    assert (repository / "policies" / "busy.yaml").read_bytes() == FILES["policies/busy.yaml"]


@pytest.mark.parametrize("name", ["--output=x", "-h", "a b", "", "x\0y", "first\n--help"])
def test_what_is_no_name_of_a_revision_never_reaches_git(repository: Path, name: str) -> None:
    """An option is no revision."""
    with pytest.raises(InvalidInput):
        files_at(repository, name)
    assert not (repository / "x").exists()


@pytest.mark.parametrize("name", ["nowhere", "HEAD~9", "first;touch${IFS}x", "$(touch x)", ":(glob)**"])
def test_an_unknown_revision_is_not_found(repository: Path, name: str) -> None:
    """Whatever is in its name, nothing of it is run."""
    with pytest.raises((NotFound, InvalidInput)):
        files_at(repository, name)
    assert not list(repository.rglob("x"))


def test_a_folder_outside_a_repository_has_no_revisions(tmp_path: Path) -> None:
    """And the message says what may be named."""
    with pytest.raises(NotFound, match="git repository"):
        files_at(write_pack(tmp_path / "pack", dict(FILES)), "main")


def test_a_revision_without_the_pack_is_not_found(repository: Path) -> None:
    """A folder that was made later was not there then."""
    later = write_pack(repository.parent / "later", dict(FILES))
    with pytest.raises(NotFound, match="has no pack"):
        files_at(later, "first")


def test_another_version_is_a_folder_or_a_revision(repository: Path, tmp_path: Path) -> None:
    """Both are loaded and checked; a broken one is rejected with its diagnostics."""
    folder = write_pack(tmp_path / "other", dict(STRICTER))
    assert other_version(repository, str(folder)) == other_version(repository, "first")
    assert other_version(repository, None) == (None, {})
    broken = write_pack(tmp_path / "broken", {**FILES, "policies/busy.yaml": b"policy: busy\n"})
    with pytest.raises(PolicyRejected):
        other_version(repository, str(broken))


def test_a_rule_is_changed_when_its_meaning_is() -> None:
    """A constant or a limit changes it; a comment, a title or its place do not."""
    new = loaded(dict(FILES))
    assert changed_rules(new, loaded(dict(STRICTER))) == {"bulk"}
    moved = b"# a comment\n" + FILES["policies/busy.yaml"].replace(b"title: {en: Busy,", b"title: {en: Buzzy,")
    assert changed_rules(new, loaded({**FILES, "policies/busy.yaml": moved})) == frozenset()


def test_the_text_diff_shows_what_changed_and_no_more() -> None:
    """Policies first; each line marked."""
    found = diffs(STRICTER, FILES, loaded(dict(FILES)), ())
    assert [diff.path for diff in found] == ["policies/busy.yaml"]
    lines = found[0].lines
    assert ("-", "constants: {most: 4, pieces: 50, cheap: 8.0}") in lines
    assert ("+", "constants: {most: 2, pieces: 50, cheap: 8.0}") in lines
    assert {mark for mark, _ in lines} == {"@", "-", "+", " "}
