"""Reads a pack as it was at a revision of the git repository it lies in."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from zelo.adapters.packs import open_pack
from zelo.base.errors import NotFound, PolicyRejected, Unavailable
from zelo.base.messages.message import N_
from zelo.base.source import Report
from zelo.policy.load_pack import is_pack_file, load_pack
from zelo.policy.pack import Pack


def open_against(against: str, pack: Path) -> Pack:
    """Return the pack in a folder, or, when there is no such folder, `pack` as it was at that git revision."""
    if Path(against).is_dir():
        return open_pack(against)
    report = Report()
    found = load_pack(_files_at(against, pack), report)
    if found is None:
        raise PolicyRejected(report.diagnostics)
    return found


def _files_at(revision: str, pack: Path) -> Mapping[str, bytes]:
    """Return the files of a pack at a revision."""
    if not pack.is_dir():
        raise NotFound(N_("there is no folder `{path}`"), path=pack)
    commit = _git(pack, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if commit is None:
        text = N_("`{name}` is neither the folder of a pack nor a revision of the git repository that {pack} lies in")
        raise NotFound(text, name=revision, pack=pack)
    name = commit.decode().strip()
    listed = _git(pack, "ls-tree", "-r", "-z", "--name-only", name, ".") or b""
    paths = [path.decode() for path in listed.split(b"\0") if path]
    files = {path: _git(pack, "show", f"{name}:./{path}") or b"" for path in paths if is_pack_file(path)}
    if not files:
        raise NotFound(N_("there was no pack in {pack} at the revision `{name}`"), pack=pack, name=revision)
    return files


def _git(folder: Path, *arguments: str) -> bytes | None:
    """Return what git says; None when it refuses."""
    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, check=False)
    except OSError as error:
        raise Unavailable(N_("git cannot be run: install it, or name a folder")) from error
    return done.stdout if done.returncode == 0 else None
