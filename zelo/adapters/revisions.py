"""The files of a pack as they were at a revision of its git repository; nothing is checked out."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

from zelo.adapters.packs import open_pack
from zelo.base.errors import InvalidInput, NotFound, PolicyRejected, Unavailable
from zelo.base.messages.message import N_
from zelo.base.source import Report
from zelo.policy.load_pack import is_pack_file, load_pack
from zelo.policy.pack import Pack

_SECONDS_MAX = 60
_FILE_BYTES_MAX = 64 << 20


def open_against(against: str, pack: Path) -> Pack:
    """Return the pack in a folder, or, when there is no such folder, `pack` as it was at that git revision."""
    if Path(against).is_dir():
        return open_pack(against)
    report = Report()
    found = load_pack(files_at(pack, against), report)
    if found is None:
        raise PolicyRejected(report.diagnostics)
    return found


def files_at(pack: Path, revision: str) -> Mapping[str, bytes]:
    """
    Return the files of the pack in a folder by their path inside it, as they were at a revision.

    Raises NotFound when the folder is in no git repository or the repository has no such revision or the revision
    no such folder, InvalidInput for text that is no revision, Unavailable without git.
    """
    if (
        not revision
        or revision.startswith("-")
        or any(character.isspace() or character == "\0" for character in revision)
    ):
        raise InvalidInput(N_("`{revision}` is no revision of git"), revision=revision)
    folder = pack.resolve()
    top = _git(folder, "rev-parse", "--show-toplevel")
    if top is None:
        raise NotFound(
            N_("`{revision}` is no folder, and {pack} is in no git repository whose revision it could be"),
            revision=revision, pack=pack,
        )  # fmt: skip
    root = Path(top.decode().rstrip("\n"))
    commit = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if commit is None:
        raise NotFound(
            N_("there is neither a folder nor a git revision `{revision}`: name a folder, a branch, a tag or a commit"),
            revision=revision,
        )
    inside = folder.relative_to(root).as_posix()
    tree = f"{commit.decode().strip()}:{'' if inside == '.' else inside}"
    archive = _git(root, "archive", "--format=tar", tree)
    files = {} if archive is None else _pack_files(archive)
    if not files:
        raise NotFound(N_("the revision `{revision}` has no pack in {folder}"), revision=revision, folder=inside)
    return files


def _git(folder: Path, *arguments: str) -> bytes | None:
    """Return what git says; None when it says no."""
    program = shutil.which("git")
    if program is None:
        raise Unavailable(N_("git is not installed: name a folder instead of a revision, or install git"))
    done = subprocess.run(
        [program, "-C", str(folder), *arguments], capture_output=True, check=False, timeout=_SECONDS_MAX
    )
    return done.stdout if done.returncode == 0 else None


def _pack_files(archive: bytes) -> dict[str, bytes]:
    """Return the pack files of a tar; links and whatever else is not a plain file are left out."""
    found: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            if member.isfile() and is_pack_file(member.name) and member.size <= _FILE_BYTES_MAX:
                file = tar.extractfile(member)
                if file is not None:
                    found[member.name] = file.read()
    return found
