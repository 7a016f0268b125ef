"""An installation of its own for benchmarks and chaos: a private database, and processes that may be killed."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from benchmarks.small_world import write_small
from zelo.adapters.packs import read_pack_files
from zelo.adapters.postgres import Server

ROOT = Path(__file__).resolve().parent.parent
PACK = ROOT / "packs" / "br_social_commerce"


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Installation:
    """Database, server and workers in a folder."""

    def __init__(self, folder: Path, *, partitions: int = 1, durable: bool = True, **environment: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        self.folder = folder
        self.database = Server(folder / "pg", durable=durable)
        self.url = self.database.start(tied=True)
        self.port = free_port()
        self.processes: dict[str, subprocess.Popen] = {}
        self.environment = {
            **os.environ,
            "DATABASE_URL": self.url,
            "ZELO_HOME": str(folder / "home"),
            "LAKE": str(folder / "lake"),
            "PYTHONPATH": str(ROOT),
            "ZELO_LOG": "quiet",
            **environment,
        }
        self.zelo("migrate", "--partitions", str(partitions))
        self.zelo("pack", "store", str(PACK))
        self.zelo("pack", "activate", "")
        self.key = self.zelo("key", "issue", "bench", *(part for s in ("events", "decide", "read", "admin", "act")
                                                        for part in ("--scope", s))).strip()  # fmt: skip
        self.sql("UPDATE zelo_api_key SET events_per_s = 1000000, calls_per_s = 100000")

    def zelo(self, *arguments: str) -> str:
        """Run a command to its end and return what it printed."""
        command = [sys.executable, "-m", "zelo", *arguments]
        done = subprocess.run(command, env=self.environment, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"zelo {arguments}: {done.stderr[-2000:]}")
        return done.stdout

    def start(self, name: str, *arguments: str, **more: str) -> None:
        """Start a process under a name."""
        log = (self.folder / f"{name}.log").open("ab")
        command = [sys.executable, "-m", "zelo", *arguments]
        self.processes[name] = subprocess.Popen(
            command, env={**self.environment, **more}, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
        )

    def serve(self, *, threads: int = 32) -> None:
        """Start the server."""
        self.start("serve", "serve", "--port", str(self.port), "--threads", str(threads))

    def work(self, name: str = "worker", *arguments: str) -> None:
        """Start a worker."""
        self.start(name, "worker", *arguments)

    def kill(self, name: str, how: signal.Signals = signal.SIGKILL) -> None:
        """Kill a process and all its children, or the database."""
        if name == "database":
            self.database.stop(at_once=True)
            return
        process = self.processes.pop(name, None)
        if process is not None:
            try:
                os.killpg(process.pid, how)
            except ProcessLookupError:
                pass
            process.wait()

    def wait_ready(self, timeout_s: float = 180) -> None:
        """Wait until the server answers."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            try:
                if self.call("GET", "/readyz")[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise RuntimeError("the server does not answer")

    def call(self, method: str, path: str, body: bytes = b"", *, timeout_s: float = 30) -> tuple[int, bytes]:
        """Call the server once."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        try:
            headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except http.client.HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            connection.close()

    def sql(self, text: str, *given: object) -> list[tuple]:
        """Run a statement and return its rows."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(text, given)
            return cursor.fetchall() if cursor.description else []

    def waiting(self) -> int:
        """Return how many accepted events are not decided."""
        row = self.sql("SELECT sum(tail - next + 1) FROM zelo_partition p JOIN zelo_progress g ON g.partition = p.id")
        return int(row[0][0])

    def close(self) -> None:
        """Stop everything."""
        for name in list(self.processes):
            self.kill(name)
        self.database.stop()


@contextmanager
def installation(folder: Path, **given: object) -> Iterator[Installation]:
    """Yield an installation that is stopped at the end."""
    made = Installation(folder, **given)  # type: ignore[arg-type]
    try:
        yield made
    finally:
        made.close()


def events(folder: Path, count: int) -> list[bytes]:
    """Return events of the shipped pack in order of time: the small world, again and again with other ids."""
    path = folder / "small.jsonl"
    if not path.is_file():
        write_small(path)
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    found: list[bytes] = []
    wave = 0
    while len(found) < count:
        shift = timedelta(days=90 * wave)
        for event in lines[: count - len(found)]:
            moment = datetime.fromisoformat(event["occurred_at"]).astimezone(UTC) + shift
            changed = {**event, "id": f"{event['id']}-{wave}", "occurred_at": moment.isoformat().replace("+00:00", "Z")}
            for role in ("buyer", "seller"):
                if role in changed:
                    changed[role] = {**changed[role], "id": f"{changed[role]['id']}-{wave % 3}"}
            found.append(json.dumps(changed, ensure_ascii=False).encode())
        wave += 1
    return found


def pack_files() -> dict[str, bytes]:
    """Return the files of the pack that the installation decides with."""
    return dict(read_pack_files(PACK))
