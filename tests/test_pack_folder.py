"""Laws of folders: what is read from disk, what is left alone, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.base_pack import FILES
from zelo.adapters import packs
from zelo.adapters.packs import open_pack, read_pack_files
from zelo.base.errors import InvalidInput, NotFound, PolicyRejected


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write the base pack to a folder."""
    for path, content in FILES.items():
        (tmp_path / "pack" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pack" / path).write_bytes(content)
    return tmp_path / "pack"


def test_a_folder_gives_the_files_of_the_pack(folder: Path) -> None:
    """Hidden files, notes and data beside the pack are not read."""
    for extra in (".git/config.yaml", ".pack.yaml", "README.md", "samples/orders.csv", "policies/notes.txt"):
        (folder / extra).parent.mkdir(exist_ok=True)
        (folder / extra).write_text("a: 1")
    assert dict(read_pack_files(folder)) == dict(FILES)
    assert open_pack(str(folder)).name == "base"


def test_files_that_were_meant_to_be_read_are_told_of(folder: Path) -> None:
    """A wrong ending or folder is a warning, not silence; the file itself is not opened."""
    (folder / "policies" / "spam.yml").write_text("policy: spam")
    (folder / "words.csv").write_text("value\na\n")
    assert read_pack_files(folder).keys() - FILES.keys() == {"policies/spam.yml", "words.csv"}
    assert read_pack_files(folder)["words.csv"] == b""


def test_all_that_is_wrong_is_raised_at_once(folder: Path) -> None:
    """The diagnostics of every file travel with the one exception."""
    (folder / "pack.yaml").write_text("pack: [")
    (folder / "lists" / "replica_words.csv").write_text('"')
    with pytest.raises(PolicyRejected) as rejected:
        open_pack(folder)
    assert {d.span.source.path for d in rejected.value.diagnostics} == {"pack.yaml", "lists/replica_words.csv"}


def test_a_folder_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    """Neither is a file where a folder should be."""
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "nothing", tmp_path / "file"):
        with pytest.raises(NotFound):
            read_pack_files(path)


def test_an_empty_folder_lacks_its_files(tmp_path: Path) -> None:
    """What a pack must have is named."""
    with pytest.raises(PolicyRejected) as rejected:
        open_pack(tmp_path)
    assert [d.params["file"] for d in rejected.value.diagnostics] == ["events.yaml", "pack.yaml"]


def test_a_link_that_leads_out_of_the_pack_is_refused(folder: Path, tmp_path: Path) -> None:
    """A pack cannot make zelo read files elsewhere; links inside it are files like others."""
    (tmp_path / "secret.yaml").write_text("a: 1")
    (folder / "lists" / "again.csv").symlink_to(folder / "lists" / "replica_words.csv")
    assert read_pack_files(folder)["lists/again.csv"] == FILES["lists/replica_words.csv"]
    (folder / "policies" / "secret.yaml").symlink_to(tmp_path / "secret.yaml")
    with pytest.raises(InvalidInput, match=r"policies/secret\.yaml"):
        read_pack_files(folder)


def test_links_that_go_round_end(folder: Path) -> None:
    """A folder that links to itself is not followed."""
    (folder / "lists" / "loop").symlink_to(folder)
    assert dict(read_pack_files(folder)) == dict(FILES)


def test_too_many_files_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong folder, such as a home, is told early."""
    monkeypatch.setattr(packs, "FILES_MAX", 3)
    with pytest.raises(InvalidInput, match="more than 3"):
        read_pack_files(folder)
