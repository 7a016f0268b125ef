"""The demo of the platform: all up and looked at by itself where nobody waits, ended cleanly where someone does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.places import REPOSITORY
from zelo.simulate.making import Order, make_world


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of a demo with a small world in it."""
    folder = tmp_path_factory.mktemp("demo")
    make_world(Order(200, 6, 1, folder / "world", fresh=True), lambda *_: None)
    return folder


def started(out: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start a demo as a process of its own."""
    command = [sys.executable, "-m", "zelo", "live-demo", "--out", str(out), "--days", "2", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x"}
    return subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@pytest.mark.slow
def test_without_a_terminal_the_demo_looks_at_its_console_and_ends(out: Path) -> None:
    """It plays the world into the API, lets a person log in, names everyone, and ends with success."""
    process = started(out)
    said = process.communicate(timeout=500)[0]
    assert process.returncode == 0, said
    assert "pages of the console answered" in said and "marina@example.com" in said and "in 0 a rule" not in said


@pytest.mark.slow
def test_an_interrupted_demo_ends_cleanly(out: Path) -> None:
    """It starts over what another demo left; Ctrl-C ends with success, and nothing that it started is left."""
    process = started(out, "--wait", "--pause", "0.2")
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if "Ctrl-C" in line:
            break
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) > 3, said
    process.send_signal(signal.SIGINT)
    rest = process.communicate(timeout=120)[0]
    assert process.returncode == 0 and "Traceback" not in rest, rest
    _gone, left = psutil.wait_procs(children, timeout=90)
    assert left == []
