"""Where things lie: the repository, its packs, what a test run shares, and what may be absent: data, programs."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
"""The repository's root."""
SHARED = REPOSITORY.parent / "shared"
"""Data sets too large for the repository; a clone without them skips the tests that read them."""


def run_process() -> int:
    """Return the process that this test run began with: ours, or the one that started us beside others."""
    return os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()


@cache
def run_folder() -> Path:
    """Return a folder that all processes of this test run share; it goes when the run is over, however it ends."""
    folder = Path(tempfile.gettempdir()) / f"zelo-test-{run_process()}"
    try:
        folder.mkdir()
    except FileExistsError:
        return folder
    folder.chmod(0o755)
    when_over(f"rm -rf '{folder}'")
    return folder


def when_over(script: str) -> None:
    """Run a shell script once the process that this test run began with is gone."""
    waits = f"while kill -0 {run_process()} 2>/dev/null; do sleep 1; done; {script}"
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.Popen(["/bin/sh", "-c", waits], cwd="/", start_new_session=True, **quiet)  # type: ignore[call-overload]


def once(name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder that whichever process of this test run comes first has made; the others wait for it."""
    place = run_folder() / name
    with (run_folder() / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not place.exists():
            new = run_folder() / f"{name}.{os.getpid()}"
            make(new)
            new.rename(place)
    return place


def shared(relative: str) -> Path:
    """Return a place under `../shared`, or skip the calling test, saying what is absent."""
    path = SHARED / relative
    if not path.exists():
        pytest.skip(f"needs ../shared/{relative}, which is not beside this clone")
    return path


def library(name: str) -> Any:
    """Return a module that is not built for every platform, or skip the calling tests, saying which is absent."""
    return pytest.importorskip(name, reason=f"needs {name}, which is not built for this platform")


def extra(name: str, module: str) -> Any:
    """Return a module that an extra of the package installs, or skip the calling tests, saying which is absent."""
    return pytest.importorskip(module, reason=f"needs {module}, which the extra `{name}` installs")


def program(name: str) -> str:
    """Return where a program lies that not every machine has, or skip the calling test, saying which is absent."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"needs the program {name}")
    return found
