"""Server and worker of a demo: started, watched, ended together; and a look at the console as a person takes it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from http.client import HTTPException
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

from zelo.adapters.postgres import tie
from zelo.base.errors import Unavailable
from zelo.base.messages.message import N_

PAGES = ("", "policies/", "explorer/", "accounts/", "sources/")
"""Pages that a risk analyst may see."""
_START_S = 90
_END_S = 30


class Processes:
    """Commands of zelo that end when the block does, and when this process dies; what they say goes into a folder."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C does not break off the ending
        try:
            for process in self._running:
                process.terminate()
            for process in self._running:
                try:
                    process.wait(timeout=_END_S)
                except subprocess.TimeoutExpired:
                    process.kill()
        finally:
            signal.signal(signal.SIGINT, before)

    def start(self, *arguments: str) -> None:
        """Start a command, out of reach of the terminal's Ctrl-C, which is for the demo to hear."""
        with (self._logs / f"{arguments[0]}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "zelo", *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=dict(os.environ), start_new_session=True,
            )  # fmt: skip
        tie(process.pid, signal.SIGTERM)
        self._running.append(process)

    def check(self) -> None:
        """Raise Unavailable when one has ended."""
        if any(process.poll() is not None for process in self._running):
            raise Unavailable(N_("a process of the demo ended: its last words are in {path}"), path=self._logs)

    def wait_ready(self, address: str) -> None:
        """Wait until the server answers; raise Unavailable when it does not."""
        opener = build_opener()
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            self.check()
            try:
                with opener.open(f"{address}/readyz", timeout=5):
                    return
            except (URLError, OSError, HTTPException):
                time.sleep(0.1)
        raise Unavailable(N_("the server did not answer: see {path}"), path=self._logs)


def try_console(address: str, email: str, password: str) -> int:
    """Log in as a person does and open the main pages; return how many answered. Raises Unavailable."""
    jar = CookieJar()
    opener = build_opener(HTTPCookieProcessor(jar))
    entrance = f"{address}/entrance/login/"
    try:
        _read(opener, entrance)
        token = next(cookie.value or "" for cookie in jar if cookie.name == "zelo_csrf")
        form = {"login": email, "password": password, "csrfmiddlewaretoken": token}
        _read(opener, entrance, urlencode(form).encode())
        for page in PAGES:
            landed = _read(opener, f"{address}/{page}")
            if "/entrance/" in landed:
                raise Unavailable(N_("the console does not let its people in"))
    except (URLError, OSError, HTTPException, StopIteration) as error:
        raise Unavailable(N_("the console does not answer: {reason}"), reason=str(error)) from error
    return len(PAGES)


def _read(opener: OpenerDirector, url: str, body: bytes | None = None) -> str:
    """Read a page and return the address at which one ended."""
    headers = {"Referer": url, "Origin": url.split("/entrance")[0]} if body else {}
    with opener.open(Request(url, body, headers), timeout=30) as answer:  # noqa: S310 - our own address
        answer.read()
        return str(answer.geturl())


def free_port(wanted: int) -> int:
    """Return a port of this machine that is free: the wanted one if it is."""
    for port in (wanted, 0):
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(listener.getsockname()[1])
    raise Unavailable(N_("no port is free"))
